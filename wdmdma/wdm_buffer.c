// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: common buffers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/nodemask.h>

#include "wdm_private.h"

/*
 * The node that a PreferredNode means. It is a preference, so one without
 * memory, or the only one there is, means none; one that cannot exist is an error.
 */
static int wdm_preferred_node(NODE_REQUIREMENT preferred_node, int *node)
{
	*node = NUMA_NO_NODE;
	if (preferred_node == MM_ANY_NODE_OK)
		return 0;
	if (preferred_node >= nr_node_ids || !node_possible(preferred_node))
		return -EINVAL;
	if (num_online_nodes() > 1 && node_online(preferred_node))
		*node = preferred_node;
	return 0;
}

/* What all allocations that return a pointer share. */
static PVOID wdm_alloc(PDMA_ADAPTER dma_adapter, struct wdmdma_request *request,
		       PPHYSICAL_ADDRESS logical_address)
{
	struct wdmdma_adapter *adapter;
	dma_addr_t dma = 0;
	void *cpu = NULL;

	if (!logical_address) {
		pr_warn_ratelimited("%s: LogicalAddress is NULL\n", request->call);
		return NULL;
	}
	logical_address->QuadPart = 0;
	if (wdm_above_passive(request->call))
		return NULL;
	adapter = wdm_adapter_find(dma_adapter, request->call);
	if (!adapter)
		return NULL;

	if (wdmdma_buffer_alloc(adapter, request, &cpu, &dma) == 0)
		logical_address->QuadPart = dma;
	wdmdma_adapter_put(adapter);
	return cpu;
}

/**
 * WdmAllocateCommonBuffer() - AllocateCommonBuffer: memory shared with the device
 * @dma_adapter: from IoGetDmaAdapter()
 * @length: bytes; whole pages are allocated, at least one
 * @logical_address: receives the address for the device; 0 on failure
 * @cache_enabled: ignored, as on Windows
 *
 * Answers to wdm: PALLOCATE_COMMON_BUFFER. The buffer is one range of addresses
 * for CPU and device, page aligned for both, zeroed, cached where the device is
 * cache coherent (always on x86) and uncached where it is not. Its logical
 * address is never 0 and lies within the adapter's reach. No other buffer
 * shares its last page. Free it with FreeCommonBuffer.
 *
 * Differs from Windows: none known. Windows leaves the contents undefined.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address for the CPU; NULL, with the reason in the log.
 */
PVOID WdmAllocateCommonBuffer(PDMA_ADAPTER dma_adapter, ULONG length,
			      PPHYSICAL_ADDRESS logical_address, BOOLEAN cache_enabled)
{
	struct wdmdma_request request = {
		.call = "AllocateCommonBuffer",
		.caller = _RET_IP_,
		.len = length,
		.window = WDMDMA_WINDOW_ALL,
		.node = NUMA_NO_NODE,
		.cache = WDMDMA_CACHE_PLATFORM,
	};

	return wdm_alloc(dma_adapter, &request, logical_address);
}

/**
 * WdmAllocateCommonBufferEx() - AllocateCommonBufferEx: with limit, cache and node
 * @dma_adapter: from IoGetDmaAdapter()
 * @maximum_address: optional: the highest logical address that the buffer, in
 *	whole pages, may use; inclusive; all ones, or NULL, for no limit
 * @length: bytes; whole pages are allocated, at least one
 * @logical_address: receives the address for the device; 0 on failure
 * @cache_enabled: FALSE for uncached memory; TRUE for what the platform gives
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK; other nodes are used
 *	when it has no memory
 *
 * Answers to wdm: PALLOCATE_COMMON_BUFFER_EX. The limit is checked on the result.
 * Free the buffer with FreeCommonBuffer.
 *
 * Differs from Windows: a limit below the device's own reach is met as far as
 * Linux can: without an IOMMU from memory that is or can be made free there, and
 * with one only as long as half of the addresses below the limit stay free.
 * Uncached memory for a cache-coherent device exists only on x86; with TRUE a
 * device that is not coherent gets uncached memory, as on Windows.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address for the CPU; NULL, with the reason in the log.
 */
PVOID WdmAllocateCommonBufferEx(PDMA_ADAPTER dma_adapter, PPHYSICAL_ADDRESS maximum_address,
				ULONG length, PPHYSICAL_ADDRESS logical_address,
				BOOLEAN cache_enabled, NODE_REQUIREMENT preferred_node)
{
	struct wdmdma_request request = {
		.call = "AllocateCommonBufferEx",
		.caller = _RET_IP_,
		.len = length,
		.window = WDMDMA_WINDOW_ALL,
		.cache = cache_enabled ? WDMDMA_CACHE_PLATFORM : WDMDMA_CACHE_UNCACHED,
	};

	if (maximum_address)
		request.window.last = maximum_address->QuadPart;
	if (wdm_preferred_node(preferred_node, &request.node)) {
		pr_warn_ratelimited("%s: PreferredNode %u does not exist\n", request.call,
				    preferred_node);
		wdm_clear_address(logical_address);
		return NULL;
	}
	return wdm_alloc(dma_adapter, &request, logical_address);
}

/**
 * WdmFreeCommonBuffer() - FreeCommonBuffer: free a common buffer of any kind
 * @dma_adapter: the adapter it was allocated with
 * @length: the length that was asked for
 * @logical_address: the logical address that was returned
 * @virtual_address: the virtual address that was returned
 * @cache_enabled: ignored
 *
 * Answers to wdm: PFREE_COMMON_BUFFER. Arguments that do not name one live buffer
 * exactly are reported, and nothing is freed: not for another length, not for a
 * part of a buffer, not twice.
 *
 * Differs from Windows: may be called at any level. Above PASSIVE_LEVEL the
 * buffer is freed a little later, and before the adapter is gone.
 *
 * Context: any.
 */
void WdmFreeCommonBuffer(PDMA_ADAPTER dma_adapter, ULONG length, PHYSICAL_ADDRESS logical_address,
			 PVOID virtual_address, BOOLEAN cache_enabled)
{
	static const char call[] = "FreeCommonBuffer";
	struct wdmdma_adapter *adapter = wdm_adapter_find(dma_adapter, call);

	if (!adapter)
		return;
	wdmdma_buffer_free(adapter, call, virtual_address, logical_address.QuadPart, length);
	wdmdma_adapter_put(adapter);
}
