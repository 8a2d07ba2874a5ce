// SPDX-License-Identifier: GPL-2.0-only
/*
 * StorPort calls for the other memory of a miniport, which is pool, MDLs, and host memory for
 * the device alone.
 *
 * All of these objects are in wdm_stor.objects. So a free must look up its argument before it
 * touches the memory, and objects that are left at the end are found.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "address.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/core.h"
#include "lib/freed_memory.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "objects.h"
#include "storport/stor.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

/* Longest range of host memory, whose length has 32 bits. */
#define STOR_RANGE_MAX	((u64)U32_MAX & PAGE_MASK)

#define STOR_POOL_ALIGNMENT	16

static void stor_release_pool(struct wdm_stor *stor, struct wdm_stor_object *object)
{
	wdmdma_going(object->memory, object->len, "StorPortFreePool");
	wdm_kvfree(object->memory);
}

static const struct wdm_stor_kind stor_pool = {
	.name = "pool memory",
	.names = "pool blocks",
	.stage = WDM_STOR_POOL,
	.release = stor_release_pool,
};

static void stor_release_mdl(struct wdm_stor *stor, struct wdm_stor_object *object)
{
	IoFreeMdl(object->memory);
}

static const struct wdm_stor_kind stor_mdl = {
	.name = "an MDL",
	.names = "MDLs",
	.stage = WDM_STOR_MDLS,
	.release = stor_release_mdl,
};

/*
 * Hand out memory of @len bytes that was allocated for the miniport, and record it. On failure,
 * free the memory. Return a status.
 */
static ULONG stor_hand_out(PVOID hw_device_extension, const char *call,
			   const struct wdm_stor_kind *kind, void *memory, size_t len,
			   PVOID *result)
{
	struct wdm_stor_object unkept = { .memory = memory };
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, call);
	ULONG status = STOR_STATUS_INVALID_PARAMETER;

	if (stor)
		status = wdm_stor_status(memory ? wdm_stor_add(stor, kind, (unsigned long)memory,
							       memory, len) : -ENOMEM);
	if (status == STOR_STATUS_SUCCESS)
		*result = memory;
	else if (memory)
		kind->release(stor, &unkept);
	if (status == STOR_STATUS_INSUFFICIENT_RESOURCES)
		wdmdma_report(call, "out of memory");
	if (stor)
		wdm_stor_put(stor);
	return status;
}

/* Free the object that the miniport holds under this pointer. Return a status. */
static ULONG stor_free_object(PVOID hw_device_extension, const char *call,
			      const struct wdm_stor_kind *kind, PVOID pointer)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, call);
	ULONG status = STOR_STATUS_INVALID_PARAMETER;
	struct wdm_stor_object *object;

	if (!stor)
		return status;
	object = wdm_stor_take(stor, kind, (unsigned long)pointer);
	if (object) {
		kind->release(stor, object);
		kfree_rcu(object, rcu);
		status = STOR_STATUS_SUCCESS;
	} else {
		wdmdma_report(call, "%p is not %s of this miniport", pointer, kind->name);
	}
	wdm_stor_put(stor);
	return status;
}

/*
 * Return the number of bytes to allocate for pool. Pool of Windows is aligned to 16 bytes,
 * whatever its length. The slab allocator aligns a power of two to its length, and other
 * lengths to less.
 */
static size_t stor_pool_bytes(ULONG number_of_bytes)
{
	return number_of_bytes < PAGE_SIZE ?
	       roundup_pow_of_two(max_t(size_t, number_of_bytes, STOR_POOL_ALIGNMENT)) :
	       number_of_bytes;
}

/**
 * StorPortAllocatePool() - allocate memory for the CPU
 * @hw_device_extension: the miniport's device extension
 * @number_of_bytes: number of bytes
 * @tag: ignored
 * @buffer_pointer: receives the memory, or NULL on failure
 *
 * Answers to storport: StorPortAllocatePool. The memory is zeroed, and aligned to 16 bytes, or
 * to pages if it is a page or longer. The device must not use it. The miniport must free it
 * with StorPortFreePool().
 *
 * Context: <= DISPATCH_LEVEL. Above PASSIVE_LEVEL only as much as the slab allocator has in one
 * piece.
 * Return: STOR_STATUS_SUCCESS, STOR_STATUS_INVALID_PARAMETER or
 * STOR_STATUS_INSUFFICIENT_RESOURCES.
 */
ULONG StorPortAllocatePool(PVOID hw_device_extension, ULONG number_of_bytes, ULONG tag,
			   PVOID *buffer_pointer)
{
	gfp_t gfp = wdm_stor_gfp() | __GFP_ZERO;
	size_t bytes = stor_pool_bytes(number_of_bytes);
	void *memory;

	if (buffer_pointer)
		*buffer_pointer = NULL;
	if (!buffer_pointer || !number_of_bytes) {
		wdmdma_report(__func__, "%s", buffer_pointer ? "NumberOfBytes is 0" :
			      "BufferPointer is NULL");
		return STOR_STATUS_INVALID_PARAMETER;
	}
	memory = wdmdma_kvmalloc(bytes, gfp);
	return stor_hand_out(hw_device_extension, __func__, &stor_pool, memory, bytes,
			     buffer_pointer);
}
EXPORT_SYMBOL_GPL(StorPortAllocatePool);

/**
 * StorPortFreePool() - free memory of StorPortAllocatePool()
 * @hw_device_extension: the miniport's device extension
 * @buffer_pointer: the memory
 *
 * Answers to storport: StorPortFreePool.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS, or STOR_STATUS_INVALID_PARAMETER with nothing freed.
 */
ULONG StorPortFreePool(PVOID hw_device_extension, PVOID buffer_pointer)
{
	return stor_free_object(hw_device_extension, __func__, &stor_pool, buffer_pointer);
}
EXPORT_SYMBOL_GPL(StorPortFreePool);

/**
 * StorPortAllocateMdl() - allocate an MDL
 * @hw_device_extension: the miniport's device extension
 * @buffer_pointer: memory that the MDL will describe
 * @number_of_bytes: number of bytes there
 * @mdl: receives the MDL, or NULL on failure
 *
 * Answers to storport: StorPortAllocateMdl, and does the same as IoAllocateMdl(). The miniport
 * must fill in the MDL with StorPortBuildMdlForNonPagedPool().
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS, STOR_STATUS_INVALID_PARAMETER or
 * STOR_STATUS_INSUFFICIENT_RESOURCES.
 */
ULONG StorPortAllocateMdl(PVOID hw_device_extension, PVOID buffer_pointer, ULONG number_of_bytes,
			  PVOID *mdl)
{
	if (mdl)
		*mdl = NULL;
	if (!mdl || !buffer_pointer) {
		wdmdma_report(__func__, "%s is NULL", mdl ? "BufferPointer" : "Mdl");
		return STOR_STATUS_INVALID_PARAMETER;
	}
	return stor_hand_out(hw_device_extension, __func__, &stor_mdl,
			     IoAllocateMdl(buffer_pointer, number_of_bytes, FALSE, FALSE, NULL),
			     0, mdl);
}
EXPORT_SYMBOL_GPL(StorPortAllocateMdl);

/**
 * StorPortFreeMdl() - free an MDL of StorPortAllocateMdl()
 * @hw_device_extension: the miniport's device extension
 * @mdl: the MDL
 *
 * Answers to storport: StorPortFreeMdl, and does the same as IoFreeMdl().
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS, or STOR_STATUS_INVALID_PARAMETER with nothing freed.
 */
ULONG StorPortFreeMdl(PVOID hw_device_extension, PVOID mdl)
{
	return stor_free_object(hw_device_extension, __func__, &stor_mdl, mdl);
}
EXPORT_SYMBOL_GPL(StorPortFreeMdl);

/**
 * StorPortBuildMdlForNonPagedPool() - fill in the pages that an MDL describes
 * @hw_device_extension: the miniport's device extension
 * @mdl: from StorPortAllocateMdl(), for memory of the kernel
 *
 * Answers to storport: StorPortBuildMdlForNonPagedPool, and does the same as
 * MmBuildMdlForNonPagedPool().
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS, or STOR_STATUS_INVALID_PARAMETER if the miniport has no such
 * MDL, or the MDL is filled in already, or it describes no memory of the kernel.
 */
ULONG StorPortBuildMdlForNonPagedPool(PVOID hw_device_extension, PVOID mdl)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	PMDL own = mdl;
	bool built = false;

	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	if (!wdm_stor_memory(stor, &stor_mdl, (unsigned long)mdl)) {
		wdmdma_report(__func__, "%p is no MDL of this miniport", mdl);
	} else if (own->MdlFlags & WDM_MDL_RESIDENT) {
		wdmdma_report(__func__, "the MDL is filled in already");
	} else {
		MmBuildMdlForNonPagedPool(own);
		built = own->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL;
	}
	wdm_stor_put(stor);
	return built ? STOR_STATUS_SUCCESS : STOR_STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(StorPortBuildMdlForNonPagedPool);

/**
 * struct stor_host_memory - request for host memory, and the ranges allocated for it
 * @minimum: fewer bytes are of no use
 * @preferred: more bytes are not needed
 * @alignment: each range must begin at a multiple of this, which is at least a page
 * @room: bytes that may still be allocated for it
 * @ranges: array of the ranges
 * @most: length of @ranges
 * @count: number of ranges that are filled in
 * @total: number of bytes in the ranges
 */
struct stor_host_memory {
	u64 minimum;
	u64 preferred;
	u64 alignment;
	u64 room;
	ACCESS_RANGE *ranges;
	ULONG most;
	ULONG count;
	u64 total;
};

static void stor_release_range(struct wdm_stor *stor, struct wdm_stor_object *object)
{
	wdm_stor_free_buffer(stor, "StorPortFreeHostMemoryBuffer", object->memory, object->key,
			     object->len);
}

/* Host memory is known by its address for the device, because the CPU gets no address. */
static const struct wdm_stor_kind stor_range = {
	.name = "host memory",
	.names = "ranges of host memory",
	.stage = WDM_STOR_DEVICE_MEMORY,
	.release = stor_release_range,
};

/* Free one range. Return false if the miniport has no such range. Any context. */
static bool stor_free_range(struct wdm_stor *stor, const ACCESS_RANGE *range)
{
	struct wdm_stor_object *object = wdm_stor_take(stor, &stor_range,
						       range->RangeStart.QuadPart);

	if (!object)
		return false;
	stor_release_range(stor, object);
	kfree_rcu(object, rcu);
	return true;
}

/*
 * Allocate memory for one range of at least @len bytes, which must be a multiple of @alignment.
 * A block that is as long as its boundary begins at a multiple of the boundary. So a block as
 * long as the alignment gets its length as boundary. A longer block is first allocated without
 * a boundary. If the result is not aligned, the length is rounded up to a power of two, which
 * is then the boundary too.
 */
static int stor_alloc_aligned(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			      u64 len, u64 alignment, void **cpu, dma_addr_t *dma)
{
	int ret;

	request->len = len;
	request->boundary = len == alignment && len > PAGE_SIZE ? len : 0;
	ret = wdmdma_buffer_alloc(adapter, request, cpu, dma);
	if (ret || IS_ALIGNED(*dma, alignment))
		return ret;
	wdmdma_buffer_free(adapter, request->call, *cpu, *dma, request->len);
	request->len = roundup_pow_of_two(len);
	request->boundary = request->len;
	return wdmdma_buffer_alloc(adapter, request, cpu, dma);
}

/* Allocate one more range of @len bytes, or a few more. Only as many bytes count as are wanted. */
static int stor_alloc_range(struct wdm_stor *stor, struct wdmdma_adapter *adapter,
			    struct wdmdma_request *request, struct stor_host_memory *host, u64 len)
{
	ACCESS_RANGE *range = &host->ranges[host->count];
	dma_addr_t dma;
	void *cpu;
	int ret;

	if (len > host->room)
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "with the alignment that is more than a quarter of all memory");
	ret = stor_alloc_aligned(adapter, request, len, host->alignment, &cpu, &dma);
	if (ret)
		return ret;
	ret = wdm_stor_add(stor, &stor_range, dma, cpu, request->len);
	if (ret) {
		wdmdma_buffer_free(adapter, request->call, cpu, dma, request->len);
		return wdmdma_deny(&request->refusal, ret, "out of memory");
	}
	host->room -= min_t(u64, host->room, request->len);
	range->RangeStart.QuadPart = dma;
	range->RangeLength = min(len, host->preferred - host->total);
	range->RangeInMemory = TRUE;
	host->total += range->RangeLength;
	host->count++;
	return 0;
}

/*
 * Allocate the ranges of @host, as few as possible. Try all that is left in one block. If that
 * fails, try blocks of half the length, and so on down to the alignment. Return an error, with the
 * reason in @request, if the ranges do not reach the minimum. They are still allocated then.
 */
static int stor_alloc_ranges(struct wdm_stor *stor, struct wdmdma_adapter *adapter,
			     struct wdmdma_request *request, struct stor_host_memory *host)
{
	u64 most = ALIGN_DOWN(STOR_RANGE_MAX, host->alignment), piece = most, len;
	int ret;

	while (host->count < host->most && host->total < host->preferred) {
		len = min(piece, ALIGN(host->preferred - host->total, host->alignment));
		ret = stor_alloc_range(stor, adapter, request, host, len);
		if (ret == -ESHUTDOWN)
			return ret;
		if (!ret)
			continue;
		if (len <= host->alignment || fatal_signal_pending(current))
			break;
		piece = ALIGN_DOWN(len / 2, host->alignment) ?: host->alignment;
	}
	if (host->count && host->total >= host->minimum)
		return 0;
	if (host->count == host->most)
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "the array has no room for more ranges");
	return -ENOMEM;
}

/* Free all ranges, and clear their entries. */
static void stor_free_ranges(struct wdm_stor *stor, struct stor_host_memory *host)
{
	while (host->count) {
		ACCESS_RANGE *range = &host->ranges[--host->count];

		stor_free_range(stor, range);
		memset(range, 0, sizeof(*range));
	}
}

/*
 * Allocate @host as @request says. Return an error, with nothing left allocated, if the ranges
 * do not reach the minimum.
 */
static int stor_host_memory_alloc(struct wdm_stor *stor, struct wdmdma_request *request,
				  struct stor_host_memory *host)
{
	struct wdmdma_adapter *adapter = wdm_enter(stor->dma_adapter, request->call, HIGH_LEVEL);
	int ret;

	if (IS_ERR(adapter))
		return -ENOMEM;
	/* Leave memory for others, because a device takes all that it can get. */
	host->room = PFN_PHYS(totalram_pages() / 4);
	host->preferred = min(host->preferred, host->room);
	host->alignment = max_t(u64, host->alignment, PAGE_SIZE);
	if (host->minimum > host->preferred)
		ret = wdmdma_deny(&request->refusal, -ENOMEM,
				  "that is more than a quarter of all memory");
	else
		ret = stor_alloc_ranges(stor, adapter, request, host);
	if (ret) {
		wdmdma_refuse_for(adapter->device, request->call, request->refusal.reason,
				  "%llu of %llu bytes, in %u of %u ranges, addresses %s to %s: %s",
				  host->total, host->minimum, host->count, host->most,
				  WDMDMA_SHOWN(request->window.first),
				  WDMDMA_SHOWN(request->window.last), request->refusal.reason);
		stor_free_ranges(stor, host);
	}
	wdmdma_adapter_put(adapter);
	return ret;
}

/* Return 0 if @host and @request make sense, or -EINVAL. */
static int stor_check_host_memory(const struct stor_host_memory *host,
				  struct wdmdma_request *request, u64 boundary)
{
	if (!host->ranges || !host->most)
		return wdmdma_deny(&request->refusal, -EINVAL, "there is no array for the ranges");
	if (!host->preferred || host->minimum > host->preferred)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "PreferredBytes is 0, or less than MinimumBytes");
	if (!PAGE_ALIGNED(host->minimum) || !PAGE_ALIGNED(host->preferred))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "MinimumBytes or PreferredBytes are not whole pages");
	if (host->alignment && !is_power_of_2(host->alignment))
		return wdmdma_deny(&request->refusal, -EINVAL, "AlignmentBytes is no power of two");
	if (request->window.first > request->window.last)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "LowestAcceptableAddress is above HighestAcceptableAddress");
	if (boundary)
		return wdmdma_deny(&request->refusal, -EINVAL, "BoundaryAddressMultiple is not 0");
	return 0;
}

/**
 * StorPortAllocateHostMemoryBuffer() - allocate memory for the device alone
 * @hw_device_extension: the miniport's device extension
 * @minimum_bytes: bytes, in whole pages, below which the memory is of no use, or 0 for any
 *	amount
 * @preferred_bytes: bytes, in whole pages, that the device can use at most
 * @utilization_bytes: what the device has in use, which is ignored
 * @alignment_bytes: a power of two at whose multiples each range must begin, or 0
 * @lowest_acceptable_address: lowest address for the device
 * @highest_acceptable_address: highest address for the device, inclusive
 * @boundary_address_multiple: must be 0
 * @physical_address_ranges: receives the ranges, or none on failure
 * @physical_address_range_count: length of that array. Receives the number of ranges, or 0 on
 *	failure.
 *
 * Answers to storport: StorPortAllocateHostMemoryBuffer. The call returns as few ranges as
 * possible, each contiguous for the device. The miniport must free them with
 * StorPortFreeHostMemoryBuffer().
 *
 * Differs from Windows: nothing can be allocated at DISPATCH_LEVEL, and never more than a
 * quarter of all memory. For an alignment above a page, a short range takes more memory than
 * its length, and all of this memory counts for that quarter.
 *
 * Context: PASSIVE_LEVEL (may sleep). Fails above PASSIVE_LEVEL.
 * Return: STOR_STATUS_SUCCESS, STOR_STATUS_INVALID_PARAMETER, STOR_STATUS_INVALID_DEVICE_STATE
 * after unbind, or STOR_STATUS_INSUFFICIENT_RESOURCES above PASSIVE_LEVEL and if the memory
 * would be less than the minimum, or nothing.
 */
ULONG StorPortAllocateHostMemoryBuffer(PVOID hw_device_extension, SIZE_T minimum_bytes,
				       SIZE_T preferred_bytes, ULONGLONG utilization_bytes,
				       ULONG alignment_bytes,
				       PHYSICAL_ADDRESS lowest_acceptable_address,
				       PHYSICAL_ADDRESS highest_acceptable_address,
				       PHYSICAL_ADDRESS boundary_address_multiple,
				       PACCESS_RANGE physical_address_ranges,
				       PULONG physical_address_range_count)
{
	struct wdmdma_request request = {
		.call = __func__,
		.caller = _RET_IP_,
		.window = { lowest_acceptable_address.QuadPart,
			    highest_acceptable_address.QuadPart },
		.node = NUMA_NO_NODE,
		.quiet = true,
	};
	struct stor_host_memory host = {
		.minimum = minimum_bytes,
		.preferred = preferred_bytes,
		.alignment = alignment_bytes,
		.ranges = physical_address_ranges,
		.most = physical_address_range_count ? *physical_address_range_count : 0,
	};
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	int ret = stor_check_host_memory(&host, &request, boundary_address_multiple.QuadPart);

	if (physical_address_range_count)
		*physical_address_range_count = 0;
	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	if (ret)
		wdmdma_report(__func__, "%s", request.refusal.reason);
	else if (wdm_above_passive(__func__))
		ret = -ENOMEM;
	else
		ret = stor_host_memory_alloc(stor, &request, &host);
	if (!ret)
		*physical_address_range_count = host.count;
	wdm_stor_put(stor);
	return wdm_stor_status(ret);
}
EXPORT_SYMBOL_GPL(StorPortAllocateHostMemoryBuffer);

/**
 * StorPortFreeHostMemoryBuffer() - free memory of StorPortAllocateHostMemoryBuffer()
 * @hw_device_extension: the miniport's device extension
 * @physical_address_ranges: ranges that were returned, each of which must be freed only once
 * @physical_address_range_count: number of ranges
 *
 * Answers to storport: StorPortFreeHostMemoryBuffer. Ranges are known by their start. The call
 * reports an unknown range, and frees the others nevertheless.
 *
 * Context: any. Above PASSIVE_LEVEL the memory is freed a little later.
 * Return: STOR_STATUS_SUCCESS, STOR_STATUS_UNSUCCESSFUL if a range was not known, or
 * STOR_STATUS_INVALID_PARAMETER without an extension or ranges.
 */
ULONG StorPortFreeHostMemoryBuffer(PVOID hw_device_extension, PACCESS_RANGE physical_address_ranges,
				   ULONG physical_address_range_count)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	ULONG status = STOR_STATUS_SUCCESS;
	ULONG i;

	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	if (!physical_address_ranges || !physical_address_range_count) {
		wdmdma_report(__func__, "there are no ranges");
		status = STOR_STATUS_INVALID_PARAMETER;
		physical_address_range_count = 0;
	}
	for (i = 0; i < physical_address_range_count; i++) {
		if (stor_free_range(stor, &physical_address_ranges[i]))
			continue;
		wdmdma_report(__func__, "range %u at %s is not allocated", i,
			      WDMDMA_SHOWN(physical_address_ranges[i].RangeStart.QuadPart));
		status = STOR_STATUS_UNSUCCESSFUL;
	}
	wdm_stor_put(stor);
	return status;
}
EXPORT_SYMBOL_GPL(StorPortFreeHostMemoryBuffer);
