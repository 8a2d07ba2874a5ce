// SPDX-License-Identifier: GPL-2.0-only
/*
 * StorPort calls for memory that a miniport shares with its adapter.
 *
 * These calls return and limit the logical address, which the device needs. Without translation
 * it is the physical address.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>

#include "core/adapter.h"
#include "core/buffer.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "objects.h"
#include "storport/stor.h"
#include "wdm/wdm_common.h"

/* Convert a cache type that a miniport may ask for. Return an error for all other types. */
static int stor_cache(MEMORY_CACHING_TYPE cache_type, enum wdmdma_cache *cache)
{
	if (cache_type != MmWriteCombined)
		return wdm_cache_override(&cache_type, cache);
	*cache = WDMDMA_CACHE_WRITE_COMBINED;
	return 0;
}

/* Allocate memory for either of the two calls. */
static ULONG stor_alloc(PVOID hw_device_extension, struct wdmdma_request *request,
			MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT preferred_node,
			PVOID *buffer_pointer, PHYSICAL_ADDRESS *physical_address)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, request->call);
	struct wdmdma_adapter *adapter;
	dma_addr_t dma;
	int ret = 0;

	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	if (request->window.first > request->window.last)
		ret = wdmdma_deny(&request->refusal, -EINVAL,
				  "LowestAcceptableAddress is above HighestAcceptableAddress");
	else if (stor_cache(cache_type, &request->cache))
		ret = wdmdma_deny(&request->refusal, -EINVAL,
				  "CacheType is none of MmCached, MmNonCached, MmWriteCombined");
	else if (wdm_preferred_node(preferred_node, &request->node))
		ret = wdmdma_deny(&request->refusal, -EINVAL, "PreferredNode does not exist");
	if (ret) {
		wdmdma_report(request->call, "%s", request->refusal.reason);
		goto put;
	}
	ret = -ENOMEM;
	adapter = wdm_enter(stor->dma_adapter, request->call, PASSIVE_LEVEL);
	if (IS_ERR(adapter))
		goto put;
	ret = wdmdma_buffer_alloc(adapter, request, buffer_pointer, &dma);
	wdmdma_adapter_put(adapter);
	if (!ret && physical_address)
		physical_address->QuadPart = dma;
put:
	wdm_stor_put(stor);
	return wdm_stor_status(ret);
}

/**
 * StorPortAllocateDmaMemory() - allocate memory that CPU and adapter share
 * @hw_device_extension: the miniport's device extension
 * @number_of_bytes: number of bytes, of which whole pages are allocated
 * @lowest_acceptable_address: lowest address for the device
 * @highest_acceptable_address: highest address for the device, inclusive, that the memory, in
 *	whole pages, may use. All ones for no limit.
 * @boundary_address_multiple: 0, or a power of two that must not be smaller than the length.
 *	The bytes cross no multiple of it.
 * @cache_type: MmCached, MmNonCached or MmWriteCombined
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK. Other nodes are used if the node has
 *	no memory.
 * @buffer_pointer: receives the address for the CPU, or NULL on failure
 * @physical_address: receives the address for the device, or 0 on failure
 *
 * Answers to storport: StorPortAllocateDmaMemory. The memory is a common buffer. It is one
 * range for CPU and device, page aligned for both, zeroed as by AllocateCommonBuffer, and never
 * at address 0. Limits and boundary are checked on the address that is returned. The miniport
 * must free the memory with StorPortFreeDmaMemory().
 *
 * Differs from Windows: the address is the logical address, so behind an IOMMU the memory need
 * not be physically contiguous, and a minimum is met only by luck. Nothing can be allocated at
 * DISPATCH_LEVEL, since Linux's IOMMU code may sleep. A cache type that the platform cannot
 * provide is refused.
 *
 * Context: PASSIVE_LEVEL (may sleep). Fails above PASSIVE_LEVEL.
 * Return: STOR_STATUS_SUCCESS, STOR_STATUS_INVALID_PARAMETER, STOR_STATUS_INVALID_DEVICE_STATE
 * after unbind, or STOR_STATUS_INSUFFICIENT_RESOURCES, also above PASSIVE_LEVEL, for a boundary
 * that is too small, and for a cache type that cannot be had. The reason is in the log.
 */
ULONG StorPortAllocateDmaMemory(PVOID hw_device_extension, SIZE_T number_of_bytes,
				PHYSICAL_ADDRESS lowest_acceptable_address,
				PHYSICAL_ADDRESS highest_acceptable_address,
				PHYSICAL_ADDRESS boundary_address_multiple,
				MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT preferred_node,
				PVOID *buffer_pointer, PPHYSICAL_ADDRESS physical_address)
{
	struct wdmdma_request request = {
		.call = __func__,
		.caller = _RET_IP_,
		.len = number_of_bytes,
		.window = { lowest_acceptable_address.QuadPart,
			    highest_acceptable_address.QuadPart },
		.boundary = boundary_address_multiple.QuadPart,
	};

	wdm_clear_address(physical_address);
	if (buffer_pointer)
		*buffer_pointer = NULL;
	if (!buffer_pointer || !physical_address) {
		wdmdma_report(__func__, "%s is NULL",
			      buffer_pointer ? "PhysicalAddress" : "BufferPointer");
		return STOR_STATUS_INVALID_PARAMETER;
	}
	return stor_alloc(hw_device_extension, &request, cache_type, preferred_node,
			  buffer_pointer, physical_address);
}
EXPORT_SYMBOL_GPL(StorPortAllocateDmaMemory);

/**
 * StorPortAllocateContiguousMemorySpecifyCacheNode() - allocate memory without its logical address
 * @hw_device_extension: the miniport's device extension
 * @number_of_bytes: number of bytes, of which whole pages are allocated
 * @lowest_acceptable_address: lowest address for the device
 * @highest_acceptable_address: highest address for the device, inclusive
 * @boundary_address_multiple: 0, or a power of two that must not be smaller than the length
 * @cache_type: MmCached, MmNonCached or MmWriteCombined
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK
 * @buffer_pointer: receives the address for the CPU, or NULL on failure
 *
 * Answers to storport: StorPortAllocateContiguousMemorySpecifyCacheNode. The memory is that of
 * StorPortAllocateDmaMemory(). The address for the device comes from
 * StorPortGetPhysicalAddress(). The miniport must free the memory with
 * StorPortFreeContiguousMemorySpecifyCache().
 *
 * Differs from Windows: as StorPortAllocateDmaMemory().
 *
 * Context: PASSIVE_LEVEL (may sleep). Fails above PASSIVE_LEVEL.
 * Return: as StorPortAllocateDmaMemory().
 */
ULONG StorPortAllocateContiguousMemorySpecifyCacheNode(PVOID hw_device_extension,
						       SIZE_T number_of_bytes,
						       PHYSICAL_ADDRESS lowest_acceptable_address,
						       PHYSICAL_ADDRESS highest_acceptable_address,
						       PHYSICAL_ADDRESS boundary_address_multiple,
						       MEMORY_CACHING_TYPE cache_type,
						       NODE_REQUIREMENT preferred_node,
						       PVOID *buffer_pointer)
{
	struct wdmdma_request request = {
		.call = __func__,
		.caller = _RET_IP_,
		.len = number_of_bytes,
		.window = { lowest_acceptable_address.QuadPart,
			    highest_acceptable_address.QuadPart },
		.boundary = boundary_address_multiple.QuadPart,
	};

	if (!buffer_pointer) {
		wdmdma_report(__func__, "BufferPointer is NULL");
		return STOR_STATUS_INVALID_PARAMETER;
	}
	*buffer_pointer = NULL;
	return stor_alloc(hw_device_extension, &request, cache_type, preferred_node,
			  buffer_pointer, NULL);
}
EXPORT_SYMBOL_GPL(StorPortAllocateContiguousMemorySpecifyCacheNode);

/* Free memory for either of the two calls. */
static ULONG stor_free(PVOID hw_device_extension, struct wdmdma_free_args *args,
		       MEMORY_CACHING_TYPE cache_type)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, args->call);
	struct wdmdma_adapter *adapter;
	int ret = -EINVAL;

	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	args->has_cache = true;
	if (stor_cache(cache_type, &args->cache)) {
		wdmdma_report(args->call,
			      "CacheType is none of MmCached, MmNonCached, MmWriteCombined");
		goto put;
	}
	adapter = wdm_enter(stor->dma_adapter, args->call, HIGH_LEVEL);
	if (IS_ERR(adapter))
		goto put;
	ret = wdmdma_buffer_free_by_args(adapter, args);
	wdmdma_adapter_put(adapter);
put:
	wdm_stor_put(stor);
	return wdm_stor_status(ret);
}

/**
 * StorPortFreeDmaMemory() - free memory of StorPortAllocateDmaMemory()
 * @hw_device_extension: the miniport's device extension
 * @base_address: address for the CPU that was returned
 * @number_of_bytes: length that was asked for
 * @cache_type: cache type that was asked for
 * @physical_address: address for the device that was returned, or 0
 *
 * Answers to storport: StorPortFreeDmaMemory. If the arguments do not name one live block
 * exactly, the call reports them and frees nothing, unless the module was loaded with
 * free_mode=tolerant.
 *
 * Differs from Windows: frees memory of StorPortAllocateContiguousMemorySpecifyCacheNode() as
 * well. Above PASSIVE_LEVEL the memory is freed a little later.
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS, or STOR_STATUS_INVALID_PARAMETER with nothing freed.
 */
ULONG StorPortFreeDmaMemory(PVOID hw_device_extension, PVOID base_address, SIZE_T number_of_bytes,
			    MEMORY_CACHING_TYPE cache_type, PHYSICAL_ADDRESS physical_address)
{
	struct wdmdma_free_args args = {
		.call = __func__,
		.cpu = base_address,
		.len = number_of_bytes,
		.dma = physical_address.QuadPart,
		.has_dma = physical_address.QuadPart,
	};

	return stor_free(hw_device_extension, &args, cache_type);
}
EXPORT_SYMBOL_GPL(StorPortFreeDmaMemory);

/**
 * StorPortFreeContiguousMemorySpecifyCache() - free memory without its logical address
 * @hw_device_extension: the miniport's device extension
 * @base_address: address for the CPU that was returned
 * @number_of_bytes: length that was asked for
 * @cache_type: cache type that was asked for
 *
 * Answers to storport: StorPortFreeContiguousMemorySpecifyCache. Frees memory of both calls
 * that allocate. Otherwise as StorPortFreeDmaMemory().
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS, or STOR_STATUS_INVALID_PARAMETER with nothing freed.
 */
ULONG StorPortFreeContiguousMemorySpecifyCache(PVOID hw_device_extension, PVOID base_address,
					       SIZE_T number_of_bytes,
					       MEMORY_CACHING_TYPE cache_type)
{
	struct wdmdma_free_args args = {
		.call = __func__,
		.cpu = base_address,
		.len = number_of_bytes,
	};

	return stor_free(hw_device_extension, &args, cache_type);
}
EXPORT_SYMBOL_GPL(StorPortFreeContiguousMemorySpecifyCache);
