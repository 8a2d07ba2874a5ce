// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: common buffers. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/nodemask.h>

#include "core/adapter.h"
#include "core/buffer.h"
#include "core/core.h"
#include "core/recycle.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"
#include "wdm/wdm_common.h"

/* Allocate a buffer for one of the calls that return a pointer. */
static PVOID wdm_alloc(PDMA_ADAPTER dma_adapter, struct wdmdma_request *request,
		       PPHYSICAL_ADDRESS logical_address)
{
	struct wdmdma_adapter *adapter;
	dma_addr_t dma = 0;
	void *cpu = NULL;

	if (!logical_address) {
		wdmdma_report(request->call, "LogicalAddress is NULL");
		return NULL;
	}
	logical_address->QuadPart = 0;
	adapter = wdm_enter(dma_adapter, request->call, PASSIVE_LEVEL);
	if (IS_ERR(adapter))
		return NULL;

	if (wdmdma_buffer_alloc(adapter, request, &cpu, &dma) == 0)
		logical_address->QuadPart = dma;
	wdmdma_adapter_put(adapter);
	return cpu;
}

/*
 * Take a recycled buffer of one page, without a reference to the adapter. Return NULL if there is
 * none. The caller then falls back to wdm_alloc(), which also reports wrong arguments.
 */
static PVOID wdm_take_page(PDMA_ADAPTER dma_adapter, ULONG length, unsigned long caller,
			   PPHYSICAL_ADDRESS logical_address)
{
	struct wdmdma_adapter *adapter;
	dma_addr_t dma = 0;
	void *cpu = NULL;

	if (!logical_address || wdmdma_at_dispatch())
		return NULL;
	wdmdma_peek_lock();
	adapter = wdmdma_adapter_peek(dma_adapter);
	if (adapter)
		cpu = wdmdma_recycle_take_page(adapter, length, caller, &dma);
	wdmdma_peek_unlock();
	logical_address->QuadPart = dma;
	return cpu;
}

/**
 * WdmAllocateCommonBuffer() - AllocateCommonBuffer: memory shared with the device
 * @dma_adapter: from IoGetDmaAdapter()
 * @length: bytes. Whole pages are allocated, at least one
 * @logical_address: receives the address for the device, or 0 on failure
 * @cache_enabled: ignored, as on Windows
 *
 * Answers to wdm: PALLOCATE_COMMON_BUFFER. The buffer is one range of addresses for CPU and
 * device, page aligned for both, and zeroed. The memory is cached where the device is cache
 * coherent (always on x86) and uncached elsewhere. The logical address is never 0 and lies within
 * the adapter's reach. No other buffer shares the last page. The driver must free the buffer with
 * FreeCommonBuffer.
 *
 * Differs from Windows: no difference is known. Windows leaves the contents undefined, and so does
 * the module parameter recycle_zero=none.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address for the CPU, or NULL with the reason in the log.
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

	return wdm_take_page(dma_adapter, length, _RET_IP_, logical_address) ?:
	       wdm_alloc(dma_adapter, &request, logical_address);
}

/**
 * WdmAllocateCommonBufferEx() - AllocateCommonBufferEx: with limit, cache and node
 * @dma_adapter: from IoGetDmaAdapter()
 * @maximum_address: optional, the highest logical address that the buffer, in
 *	whole pages, may use, inclusive. All ones or NULL mean no limit
 * @length: bytes. Whole pages are allocated, at least one
 * @logical_address: receives the address for the device, or 0 on failure
 * @cache_enabled: FALSE for uncached memory, TRUE for the platform's choice
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK. Other nodes are used
 *	when this node has no memory
 *
 * Answers to wdm: PALLOCATE_COMMON_BUFFER_EX. The limit is checked on the result. The memory is
 * zeroed, except uncached memory that the driver has freed to this adapter before (module parameter
 * recycle_zero). The driver must free the buffer with FreeCommonBuffer.
 *
 * Differs from Windows: a limit below the device's own reach is met as far as Linux can. Without
 * an IOMMU the buffer comes from memory that is free or can be made free below the limit. With an
 * IOMMU the call fails once less than half of the addresses below the limit is free. Uncached
 * memory for a cache-coherent device exists only on x86. With TRUE a device that is not coherent
 * gets uncached memory, as on Windows.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address for the CPU, or NULL with the reason in the log.
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
		wdmdma_report(request.call, "PreferredNode %u does not exist", preferred_node);
		wdm_clear_address(logical_address);
		return NULL;
	}
	return wdm_alloc(dma_adapter, &request, logical_address);
}

/**
 * WdmAllocateCommonBufferWithBounds() - AllocateCommonBufferWithBounds
 * @dma_adapter: from IoGetDmaAdapter()
 * @minimum_address: optional, the lowest logical address that the buffer may use.
 *	NULL means no limit
 * @maximum_address: optional, the highest logical address that the buffer, in whole
 *	pages, may use, inclusive. NULL means no limit
 * @length: bytes. Whole pages are allocated, or whole 2 MiB with large pages
 * @flags: 0, or DOMAIN_COMMON_BUFFER_LARGE_PAGE. With that flag memory and IOMMU use 2 MiB
 *	pages, or the call fails
 * @cache_type: optional, MmCached or MmNonCached, obeyed whatever the platform.
 *	NULL means the platform's choice
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK. Other nodes are used
 *	when this node has no memory
 * @logical_address: receives the address for the device, or 0 on failure
 *
 * Answers to wdm: PALLOCATE_COMMON_BUFFER_WITH_BOUNDS. All limits are checked on the result. The
 * driver must free the buffer with FreeCommonBuffer.
 *
 * Differs from Windows: the kernel places buffers as high as it may behind an IOMMU, and for a
 * device that is not cache coherent. A minimum is then met only if the place happens to lie above
 * the minimum, which is rare for a minimum of 4 GiB or more. Large pages are physically
 * contiguous as a whole. MmCached is refused for a device that is not cache coherent. MmNonCached
 * is refused for a device that is coherent, except on x86.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address for the CPU, or NULL with the reason in the log.
 */
PVOID WdmAllocateCommonBufferWithBounds(PDMA_ADAPTER dma_adapter,
					PPHYSICAL_ADDRESS minimum_address,
					PPHYSICAL_ADDRESS maximum_address, ULONG length,
					ULONG flags, MEMORY_CACHING_TYPE *cache_type,
					NODE_REQUIREMENT preferred_node,
					PPHYSICAL_ADDRESS logical_address)
{
	struct wdmdma_request request = {
		.call = "AllocateCommonBufferWithBounds",
		.caller = _RET_IP_,
		.len = length,
	};

	if (wdm_read_bounds(&request, minimum_address, maximum_address, flags, cache_type,
			    preferred_node)) {
		wdmdma_report(request.call, "%s", request.refusal.reason);
		wdm_clear_address(logical_address);
		return NULL;
	}
	return wdm_alloc(dma_adapter, &request, logical_address);
}

/**
 * WdmFreeCommonBuffer() - FreeCommonBuffer: free a common buffer of any kind
 * @dma_adapter: the adapter that the buffer was allocated with
 * @length: the length that was asked for
 * @logical_address: the logical address that was returned
 * @virtual_address: the virtual address that was returned
 * @cache_enabled: ignored
 *
 * Answers to wdm: PFREE_COMMON_BUFFER. The arguments must name one live buffer exactly. Another
 * length, a part of a buffer or a second free is reported, and nothing is freed.
 *
 * Differs from Windows: the call may be made at any level. Above PASSIVE_LEVEL the buffer is
 * freed a little later, and before the adapter is gone.
 *
 * Context: any.
 */
void WdmFreeCommonBuffer(PDMA_ADAPTER dma_adapter, ULONG length, PHYSICAL_ADDRESS logical_address,
			 PVOID virtual_address, BOOLEAN cache_enabled)
{
	static const char call[] = "FreeCommonBuffer";
	struct wdmdma_adapter *adapter;
	bool kept;

	wdmdma_peek_lock();
	adapter = wdmdma_adapter_peek(dma_adapter);
	kept = adapter &&
	       wdmdma_recycle_put_page(adapter, virtual_address, logical_address.QuadPart, length);
	wdmdma_peek_unlock();
	if (kept)
		return;
	adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);
	if (IS_ERR(adapter))
		return;
	wdmdma_buffer_free(adapter, call, virtual_address, logical_address.QuadPart, length);
	wdmdma_adapter_put(adapter);
}
