// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: memory that a StorPort miniport shares with its adapter.
 *
 * The address that these calls return and limit is the logical one, which the
 * device needs. It is the physical one where nothing translates.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>

#include "core/adapter.h"
#include "core/buffer.h"
#include "lib/page_set.h"
#include "objects.h"
#include "storport/stor.h"
#include "wdm/wdm_common.h"

/* A cache type that a miniport may ask for; an error for the rest. */
static int stor_cache(MEMORY_CACHING_TYPE cache_type, enum wdmdma_cache *cache)
{
	if (cache_type != MmWriteCombined)
		return wdm_cache_override(&cache_type, cache);
	*cache = WDMDMA_CACHE_WRITE_COMBINED;
	return 0;
}

/* What both calls that allocate share. */
static ULONG stor_alloc(PVOID hw_device_extension, struct wdmdma_request *request,
			MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT preferred_node,
			PVOID *buffer_pointer, PHYSICAL_ADDRESS *physical_address)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, request->call);
	struct wdmdma_adapter *adapter;
	const char *fault = NULL;
	dma_addr_t dma;
	int ret = -EINVAL;

	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	if (request->window.first > request->window.last)
		fault = "LowestAcceptableAddress is above HighestAcceptableAddress";
	else if (stor_cache(cache_type, &request->cache))
		fault = "CacheType is none of MmCached, MmNonCached, MmWriteCombined";
	else if (wdm_preferred_node(preferred_node, &request->node))
		fault = "PreferredNode does not exist";
	if (fault) {
		wdm_stor_refuse(request->call, "%s", fault);
		goto put;
	}
	ret = -ENOMEM;
	if (wdm_above_passive(request->call))
		goto put;
	adapter = wdm_adapter_find(stor->dma_adapter, request->call);
	if (!adapter)
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
 * StorPortAllocateDmaMemory() - memory that CPU and adapter share
 * @hw_device_extension: the miniport's device extension
 * @number_of_bytes: bytes; whole pages are allocated
 * @lowest_acceptable_address: lowest address for the device
 * @highest_acceptable_address: highest address for the device that the memory, in
 *	whole pages, may use; inclusive; all ones for no limit
 * @boundary_address_multiple: 0, or a power of two that is not smaller than the
 *	length; the bytes cross no multiple of it
 * @cache_type: MmCached, MmNonCached or MmWriteCombined
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK; other nodes are used
 *	when it has no memory
 * @buffer_pointer: receives the address for the CPU; NULL on failure
 * @physical_address: receives the address for the device; 0 on failure
 *
 * Answers to storport: StorPortAllocateDmaMemory. A common buffer: one range for
 * CPU and device, page aligned for both, zeroed, never at address 0. Limits and
 * boundary are checked on the address that is returned. Free it with
 * StorPortFreeDmaMemory().
 *
 * Differs from Windows: the address is the logical one, so behind an IOMMU the
 * memory need not be physically contiguous; a minimum is met there only by luck.
 * Nothing can be allocated at DISPATCH_LEVEL, since Linux's IOMMU code may sleep.
 * A cache type that the platform cannot give is refused.
 *
 * Context: PASSIVE_LEVEL (may sleep); above it fails.
 * Return: STOR_STATUS_SUCCESS; STOR_STATUS_INVALID_PARAMETER;
 * STOR_STATUS_INSUFFICIENT_RESOURCES, also above PASSIVE_LEVEL, for a boundary that
 * is too small and for a cache type that cannot be had;
 * STOR_STATUS_INVALID_DEVICE_STATE after unbind. The reason is in the log.
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
		wdm_stor_refuse(__func__, "%s is NULL",
				buffer_pointer ? "PhysicalAddress" : "BufferPointer");
		return STOR_STATUS_INVALID_PARAMETER;
	}
	return stor_alloc(hw_device_extension, &request, cache_type, preferred_node,
			  buffer_pointer, physical_address);
}
EXPORT_SYMBOL_GPL(StorPortAllocateDmaMemory);

/**
 * StorPortAllocateContiguousMemorySpecifyCacheNode() - the same without the address
 * @hw_device_extension: the miniport's device extension
 * @number_of_bytes: bytes; whole pages are allocated
 * @lowest_acceptable_address: lowest address for the device
 * @highest_acceptable_address: highest address for the device, inclusive
 * @boundary_address_multiple: 0, or a power of two, not smaller than the length
 * @cache_type: MmCached, MmNonCached or MmWriteCombined
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK
 * @buffer_pointer: receives the address for the CPU; NULL on failure
 *
 * Answers to storport: StorPortAllocateContiguousMemorySpecifyCacheNode. The address
 * for the device comes from StorPortGetPhysicalAddress(). Free the memory with
 * StorPortFreeContiguousMemorySpecifyCache().
 *
 * Differs from Windows: as StorPortAllocateDmaMemory().
 *
 * Context: PASSIVE_LEVEL (may sleep); above it fails.
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
		wdm_stor_refuse(__func__, "BufferPointer is NULL");
		return STOR_STATUS_INVALID_PARAMETER;
	}
	*buffer_pointer = NULL;
	return stor_alloc(hw_device_extension, &request, cache_type, preferred_node,
			  buffer_pointer, NULL);
}
EXPORT_SYMBOL_GPL(StorPortAllocateContiguousMemorySpecifyCacheNode);

/* What both calls that free share. */
static ULONG stor_free(PVOID hw_device_extension, struct wdmdma_free_args *args,
		       MEMORY_CACHING_TYPE cache_type)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, args->call);
	struct wdmdma_adapter *adapter = NULL;
	int ret = -EINVAL;

	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	args->has_cache = true;
	if (stor_cache(cache_type, &args->cache))
		wdm_stor_refuse(args->call,
				"CacheType is none of MmCached, MmNonCached, MmWriteCombined");
	else
		adapter = wdm_adapter_find(stor->dma_adapter, args->call);
	if (adapter) {
		ret = wdmdma_buffer_free_by_args(adapter, args);
		wdmdma_adapter_put(adapter);
	}
	wdm_stor_put(stor);
	return wdm_stor_status(ret);
}

/**
 * StorPortFreeDmaMemory() - free memory of StorPortAllocateDmaMemory()
 * @hw_device_extension: the miniport's device extension
 * @base_address: the address for the CPU that was returned
 * @number_of_bytes: the length that was asked for
 * @cache_type: the cache type that was asked for
 * @physical_address: the address for the device that was returned, or 0
 *
 * Answers to storport: StorPortFreeDmaMemory. Arguments that do not name one live
 * block exactly are reported, and nothing is freed, unless the module was loaded
 * with free_mode=tolerant.
 *
 * Differs from Windows: frees memory of
 * StorPortAllocateContiguousMemorySpecifyCacheNode() as well. Above PASSIVE_LEVEL
 * the memory is freed a little later.
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS; STOR_STATUS_INVALID_PARAMETER when nothing was freed.
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
 * StorPortFreeContiguousMemorySpecifyCache() - the same without the address
 * @hw_device_extension: the miniport's device extension
 * @base_address: the address for the CPU that was returned
 * @number_of_bytes: the length that was asked for
 * @cache_type: the cache type that was asked for
 *
 * Answers to storport: StorPortFreeContiguousMemorySpecifyCache. Frees memory of
 * both calls that allocate. Otherwise as StorPortFreeDmaMemory().
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS; STOR_STATUS_INVALID_PARAMETER when nothing was freed.
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
