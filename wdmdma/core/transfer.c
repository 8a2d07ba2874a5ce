// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers, which map the driver's memory as segments for the device and take it back.
 *
 * The DMA API translates, or copies through the kernel's bounce buffers where the device's mask
 * demands a copy. The module copies through its own pages in cases that the DMA API does not
 * handle. An adapter may reach less than the mask of its device, or have a DMA controller with
 * boundaries. An adapter without ScatterGather may get pages that cannot become one range.
 *
 * Functions in this file must not sleep. wdmdma_transfer_prepare() in core/transfer_copy.c may
 * sleep, and allocates all memory that mapping needs. A function returns -EAGAIN for a shortage
 * that may pass. Any other error is permanent.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/events.h"
#include "core/fault.h"
#include "core/transfer.h"
#include "core/transfer_reach.h"
#include "core/transfer_source.h"
#include "core/verifier.h"
#include "lib/window.h"
#include "objects.h"

/*
 * A DMA controller accesses memory itself and never a bounce buffer of the kernel, on cache
 * coherent machines only. The memory may also be a common buffer, which is mapped already. Skip
 * CPU syncs in both cases.
 */
static unsigned long transfer_attrs(const struct wdmdma_transfer *transfer)
{
	return DMA_ATTR_NO_WARN | (transfer->adapter->dma_channel ? DMA_ATTR_SKIP_CPU_SYNC : 0);
}

static struct device *transfer_dev(const struct wdmdma_transfer *transfer)
{
	return transfer->device->dev;
}

/*
 * Return true if pieces that are not contiguous can become one range. They must be whole pages,
 * except for the start of the first piece and the end of the last piece.
 */
static bool transfer_can_merge(const struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!transfer->device->backend->merges || wdmdma_transfer_gives_pages(transfer))
		return false;
	for_each_sgtable_sg(&transfer->memory, sg, i) {
		if (i && sg->offset)
			return false;
		if (!sg_is_last(sg) && !PAGE_ALIGNED(sg->offset + sg->length))
			return false;
	}
	return true;
}

/*
 * Return true if the device accesses all the memory between the first and the last piece
 * directly. Most devices do so, and one question is cheaper than one for each piece. With a
 * range map, the logical addresses between the two need not follow each other.
 */
static bool transfer_is_all_direct(const struct wdmdma_transfer *transfer,
				   const struct wdmdma_pieces *pieces)
{
	return !transfer_dev(transfer)->dma_range_map &&
	       wdmdma_transfer_access(transfer, wdmdma_transfer_reach(transfer), pieces->first,
				      pieces->last - pieces->first + 1) == WDMDMA_ACCESS_DIRECT;
}

/*
 * Return true if the kernel would copy some of the memory for a device that gets whole pages only,
 * and has no bounce buffers for that, or none that are long enough.
 */
static bool transfer_lacks_bounce_buffers(const struct wdmdma_transfer *transfer)
{
	struct device *dev = transfer_dev(transfer);
	struct scatterlist *sg;
	phys_addr_t start, end;
	size_t most = 0;
	unsigned int i;

	if (likely(!wdmdma_transfer_gives_pages(transfer)))
		return false;
	if (wdmdma_bounce_pool(dev, &start, &end))
		most = dma_max_mapping_size(dev);
	for_each_sgtable_sg(&transfer->memory, sg, i)
		if (sg->length > most && !PAGE_ALIGNED(sg->offset | sg->length))
			return true;
	return false;
}

/* Return true if the module must copy this memory for the device. */
static noinline bool transfer_must_bounce(const struct wdmdma_transfer *transfer)
{
	const struct wdmdma_adapter *adapter = transfer->adapter;
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	struct scatterlist *sg;
	unsigned int i;

	if (wdmdma_verifier_checks(adapter->device, WDMDMA_STRESS_BOUNCE) &&
	    !adapter->dma_channel && !transfer->no_bounce)
		return true;
	if (!adapter->scatter_gather && transfer->memory.orig_nents > 1 &&
	    !transfer_can_merge(transfer))
		return true;
	if (!transfer->device->backend->access && !adapter->dma_channel)
		return transfer_lacks_bounce_buffers(transfer);
	for_each_sgtable_sg(&transfer->memory, sg, i)
		switch (wdmdma_transfer_access(transfer, reach, sg_phys(sg), sg->length)) {
		case WDMDMA_ACCESS_NONE:
			return true;
		case WDMDMA_ACCESS_BOUNCED:
			if (sg->length > dma_max_mapping_size(transfer_dev(transfer)))
				return true;
			break;
		case WDMDMA_ACCESS_DIRECT:
			break;
		}
	return false;
}

/* Return 0 if the module can copy this memory at all, or an error that is permanent. */
static noinline int transfer_check_bounce(struct wdmdma_transfer *transfer)
{
	const struct wdmdma_device *device = transfer->device;
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	phys_addr_t nearest = device->backend->phys(device, reach.first);
	size_t chunk = wdmdma_copy_chunk(transfer);

	if (transfer->no_bounce)
		return wdmdma_deny(&transfer->refusal, -ERANGE,
				   "the memory would have to be copied (DMA_FAIL_ON_BOUNCE, AutoInitialize)");
	if (get_order(chunk) > MAX_PAGE_ORDER)
		return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
				   "there are no contiguous pages of that length to copy the memory to");
	/* The kernel may bounce the module's copy once more, if it is told to bounce all memory. */
	switch (wdmdma_transfer_access(transfer, reach, nearest, PAGE_SIZE)) {
	case WDMDMA_ACCESS_NONE:
		return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
				   "the kernel copies all memory to where the device does not reach");
	case WDMDMA_ACCESS_BOUNCED:
		if (min(chunk, transfer->len) <= dma_max_mapping_size(device->dev))
			return 0;
		return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
				   "the kernel copies all memory, and not that much in one piece");
	default:
		return 0;
	}
}

/* Return true if the kernel will certainly copy some of the memory. */
static noinline bool transfer_is_to_be_copied(const struct wdmdma_transfer *transfer)
{
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&transfer->memory, sg, i)
		if (wdmdma_transfer_access(transfer, reach, sg_phys(sg), sg->length) !=
		    WDMDMA_ACCESS_DIRECT)
			return true;
	return false;
}

static int __cold transfer_no_memory(struct wdmdma_transfer *transfer, int error)
{
	return wdmdma_deny(&transfer->refusal, error, "the MDL describes device memory");
}

/* Record the pieces of the memory in a table, which is longer than the room of the record. */
static noinline int transfer_cut_table(struct wdmdma_transfer *transfer,
				       const struct wdmdma_source *source,
				       struct wdmdma_pieces *pieces)
{
	struct wdmdma_limits limits = wdmdma_source_limits(transfer->adapter, source);
	int ret;

	if (sg_alloc_table(&transfer->memory, wdmdma_source_pieces(*source, &limits),
			   GFP_ATOMIC | __GFP_NOWARN))
		return wdmdma_deny(&transfer->refusal, -ENOMEM,
				   "no memory to describe the transfer");
	ret = wdmdma_source_cut_table(transfer->adapter, source, &transfer->memory, pieces);
	if (!ret && pieces->nr != transfer->memory.orig_nents)
		ret = -E2BIG;
	if (ret == -E2BIG)
		return wdmdma_deny(&transfer->refusal, -EINVAL,
				   "the MDL has changed during the call");
	return ret ? transfer_no_memory(transfer, ret) : 0;
}

/* Record the pieces of the memory, in the room of the record or in a table. */
static int transfer_cut(struct wdmdma_transfer *transfer, const struct wdmdma_source *source,
			struct wdmdma_pieces *pieces)
{
	int ret;

	if (unlikely(!transfer->room))
		return transfer_cut_table(transfer, source, pieces);
	transfer->memory.sgl = transfer->room;
	ret = wdmdma_source_cut(transfer->adapter, source, transfer->room, transfer->room_nr,
				pieces);
	transfer->memory.orig_nents = pieces->nr;
	if (likely(!ret))
		return 0;
	if (ret != -E2BIG)
		return transfer_no_memory(transfer, ret);
	return transfer->partial ? 0 : transfer_cut_table(transfer, source, pieces);
}

/* Return true if the device can use all memory as it is. Most devices can, and this is quick. */
static __always_inline bool transfer_needs_no_copy(const struct wdmdma_transfer *transfer,
						   const struct wdmdma_pieces *pieces)
{
	const struct wdmdma_adapter *adapter = transfer->adapter;

	if (!adapter->scatter_gather || adapter->dma_channel ||
	    wdmdma_verifier_checks(adapter->device, WDMDMA_STRESS_BOUNCE))
		return false;
	return transfer->device->backend->access ? transfer_is_all_direct(transfer, pieces) :
	       !wdmdma_transfer_gives_pages(transfer);
}

/* Record the pieces of the memory, and decide whether they must be copied. */
static int transfer_describe(struct wdmdma_transfer *transfer, const struct wdmdma_source *source)
{
	struct wdmdma_pieces pieces;
	int ret = transfer_cut(transfer, source, &pieces);

	if (unlikely(ret))
		return ret;
	transfer->len = pieces.len;
	transfer->must_bounce = false;
	if (likely(transfer_needs_no_copy(transfer, &pieces)))
		return 0;
	transfer->must_bounce = transfer_must_bounce(transfer);
	if (transfer->must_bounce || (transfer->no_bounce && transfer_is_to_be_copied(transfer)))
		return transfer_check_bounce(transfer);
	return 0;
}

/**
 * wdmdma_transfer_init() - initialize a transfer
 * @transfer: from wdmdma_transfer_make(), with the caller's options. Receives @len, which is less
 *            than that of @source only with @partial
 * @source: the memory, which is not needed afterwards
 *
 * A transfer that can never be mapped must fail here, as far as the module can tell. The caller's
 * RCU read section must go on until the transfer is in a table or list of the adapter.
 *
 * Context: any.
 * Return: 0, -ENOMEM, -EINVAL if the length is 0 or the memory is no memory, -EOPNOTSUPP if the
 * DMA API does not map for this device or neither the DMA API nor the module can map or copy the
 * memory, -ERANGE if the memory must be copied but may not be, -EAGAIN while the device is
 * changing its domain, or -ESHUTDOWN after unbind. The reason is in @transfer.
 */
int wdmdma_transfer_init(struct wdmdma_transfer *transfer, const struct wdmdma_source *source)
{
	struct wdmdma_adapter *adapter = transfer->adapter;
	int ret;

	if (unlikely(!source->left))
		return wdmdma_deny(&transfer->refusal, -EINVAL, "the length is 0");
	if (unlikely(READ_ONCE(adapter->transfers.closed)))
		return wdmdma_deny(&transfer->refusal, -ESHUTDOWN,
				   "the driver is unbound from the device");
	if (unlikely(READ_ONCE(adapter->transfers.held)))
		return wdmdma_deny(&transfer->refusal, -EAGAIN,
				   "the device is just changing its domain");
	if (wdmdma_fault(adapter->device, WDMDMA_FAIL_TRANSFER))
		return wdmdma_deny(&transfer->refusal, -ENOMEM,
				   "the verifier makes this call fail");
	transfer->device = wdmdma_adapter_dma(adapter);
	if (unlikely(!transfer->device->backend->maps_with_dma_api))
		return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
				   "transfers are not possible in an IOMMU domain of the module's own");
	ret = transfer_describe(transfer, source);
	if (unlikely(ret))
		wdmdma_transfer_fini(transfer);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_init);

/* Free the copy of a transfer, and its table of pieces if they are not in the record. */
void wdmdma_transfer_free_tables(struct wdmdma_transfer *transfer)
{
	if (transfer->bounce.sgl)
		wdmdma_copy_free(transfer);
	if (transfer->memory.sgl != transfer->room)
		sg_free_table(&transfer->memory);
	transfer->memory.sgl = transfer->room;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_free_tables);

/* Return the error for a shortage of bounce buffers of the kernel. */
static int __cold transfer_no_bounce_buffers(struct wdmdma_transfer *transfer, const char *reason)
{
	wdmdma_deny(&transfer->refusal, -EAGAIN, reason);
	transfer->refusal.bounce = true;
	return -EAGAIN;
}

/* Return the error for a shortage behind an IOMMU. The DMA API does not tell what is short. */
static int __cold transfer_no_addresses(struct wdmdma_transfer *transfer)
{
	if (wdmdma_transfer_gives_pages(transfer) && !transfer->must_bounce)
		return transfer_no_bounce_buffers(transfer,
						  "the IOMMU's logical addresses or the kernel's bounce buffers (swiotlb) are used up");
	return wdmdma_deny(&transfer->refusal, -EAGAIN, wdmdma_iommu_is_lazy(transfer->device) ?
			   "the IOMMU's logical addresses are used up, or not flushed yet" :
			   "the IOMMU's logical addresses are used up");
}

/* Return the error for memory that could not be mapped, -EAGAIN for a shortage that may end. */
static noinline int transfer_map_error(struct wdmdma_transfer *transfer, bool may_end)
{
	phys_addr_t start, end;

	if (!may_end)
		return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
				   "a piece is longer than the kernel maps or copies at a time");
	if (!transfer->device->backend->access)
		return transfer_no_addresses(transfer);
	/* Without translation only bounce buffers can be short. */
	if (wdmdma_bounce_pool(transfer_dev(transfer), &start, &end))
		return transfer_no_bounce_buffers(transfer,
						  "the kernel's bounce buffers (swiotlb) are used up");
	return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
			   "the memory has to be copied, and there are no bounce buffers (swiotlb)");
}

/* Map one piece as a page, because a mapping of a page has no limit on the segment length. */
static int transfer_map_one(struct wdmdma_transfer *transfer, struct sg_table *table)
{
	struct scatterlist *sg = table->sgl;
	struct device *dev = transfer_dev(transfer);
	dma_addr_t dma = dma_map_page_attrs(dev, sg_page(sg), sg->offset, sg->length,
					    transfer->direction, transfer_attrs(transfer));

	/* Behind an IOMMU nothing is too long, see transfer_lacks_bounce_buffers(). */
	if (dma_mapping_error(dev, dma))
		return transfer_map_error(transfer, !transfer->device->backend->access ||
					  sg->length <= dma_max_mapping_size(dev));
	sg_dma_address(sg) = dma;
	sg_dma_len(sg) = sg->length;
	table->nents = 1;
	return 0;
}

/*
 * Return true if whole pages are mapped for the pieces of @table. The pages of a copy have no other
 * data, so the device may see all of them, and the kernel need not copy the copy.
 */
static bool transfer_maps_pages(const struct wdmdma_transfer *transfer,
				const struct sg_table *table)
{
	return unlikely(table == &transfer->bounce) && wdmdma_transfer_gives_pages(transfer);
}

/* Return the bytes of the pages that a piece lies in. */
static size_t transfer_pages_of(const struct scatterlist *sg)
{
	return PAGE_ALIGN((size_t)sg->offset + sg->length);
}

static void transfer_unmap_pages(struct wdmdma_transfer *transfer, struct sg_table *table,
				 unsigned long attrs)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(table, sg, i)
		dma_unmap_page_attrs(transfer_dev(transfer), sg_dma_address(sg) - sg->offset,
				     transfer_pages_of(sg), transfer->direction, attrs);
}

static int transfer_map_pages(struct wdmdma_transfer *transfer, struct sg_table *table)
{
	unsigned long attrs = transfer_attrs(transfer);
	struct device *dev = transfer_dev(transfer);
	struct scatterlist *sg;
	unsigned int i;
	dma_addr_t dma;

	table->nents = 0;
	for_each_sgtable_sg(table, sg, i) {
		dma = dma_map_page_attrs(dev, sg_page(sg), 0, transfer_pages_of(sg),
					 transfer->direction, attrs);
		if (dma_mapping_error(dev, dma)) {
			transfer_unmap_pages(transfer, table, attrs | DMA_ATTR_SKIP_CPU_SYNC);
			return transfer_map_error(transfer, true);
		}
		sg_dma_address(sg) = dma + sg->offset;
		sg_dma_len(sg) = sg->length;
		table->nents++;
	}
	return 0;
}

static int transfer_map_table(struct wdmdma_transfer *transfer, struct sg_table *table)
{
	int ret;

	if (transfer_maps_pages(transfer, table)) {
		ret = transfer_map_pages(transfer, table);
	} else if (table->orig_nents == 1) {
		ret = transfer_map_one(transfer, table);
	} else {
		ret = dma_map_sgtable(transfer_dev(transfer), table, transfer->direction,
				      transfer_attrs(transfer));
		/* dma_map_sgtable() returns -EIO for a full pool of bounce buffers. */
		if (ret)
			ret = transfer_map_error(transfer, ret != -EINVAL);
	}
	if (!ret)
		transfer->mapped = table;
	return ret;
}

static __always_inline void transfer_unmap_table(struct wdmdma_transfer *transfer,
						 unsigned long attrs)
{
	struct device *dev = transfer_dev(transfer);
	struct scatterlist *sg = transfer->mapped->sgl;

	attrs |= transfer_attrs(transfer);
	/* The mapping was lost with a domain that was replaced, see core/device.c. */
	if (!transfer->device->backend->maps_with_dma_api)
		goto unmapped;
	if (transfer_maps_pages(transfer, transfer->mapped))
		transfer_unmap_pages(transfer, transfer->mapped, attrs);
	else if (transfer->mapped->orig_nents == 1)
		dma_unmap_page_attrs(dev, sg_dma_address(sg), sg->length, transfer->direction,
				     attrs);
	else
		dma_unmap_sgtable(dev, transfer->mapped, transfer->direction, attrs);
unmapped:
	transfer->mapped = NULL;
}

static noinline bool transfer_is_one_range(const struct wdmdma_transfer *transfer)
{
	dma_addr_t next = sg_dma_address(transfer->mapped->sgl);
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(transfer->mapped, sg, i) {
		if (sg_dma_address(sg) != next)
			return false;
		next += sg_dma_len(sg);
	}
	return true;
}

/*
 * Return true if all segments lie in @reach, from their first byte to their last. No segment is
 * empty.
 */
static __always_inline bool transfer_segments_are_within(const struct wdmdma_transfer *transfer,
							 struct wdmdma_window reach, bool flat)
{
	struct scatterlist *sg = transfer->mapped->sgl;
	unsigned int left;

	for (left = transfer->mapped->nents; left; left--, sg = flat ? sg + 1 : sg_next(sg)) {
		u64 first = sg_dma_address(sg), last = first + sg_dma_len(sg) - 1;

		if (unlikely(first < reach.first || last > reach.last || last < first))
			return false;
	}
	return true;
}

static __always_inline bool transfer_is_within(const struct wdmdma_transfer *transfer,
					       struct wdmdma_window reach)
{
	return likely(transfer->mapped->sgl == transfer->room) ?
	       transfer_segments_are_within(transfer, reach, true) :
	       transfer_segments_are_within(transfer, reach, false);
}

/* Return the physical address behind a logical address of the mapped transfer. */
phys_addr_t wdmdma_transfer_phys(const struct wdmdma_transfer *transfer, dma_addr_t dma)
{
	const struct wdmdma_device *device = transfer->device;

	return device->backend->phys(device, dma);
}

/* Return true if the segments point to a copy by the kernel or the module, not to the memory. */
bool wdmdma_transfer_is_bounced(const struct wdmdma_transfer *transfer)
{
	struct scatterlist *segment = transfer->mapped->sgl, *sg;
	size_t in_segment = 0;
	unsigned int i;

	if (transfer->mapped == &transfer->bounce)
		return true;
	/* Segments are merged pieces, so each segment begins with a piece. */
	for_each_sgtable_sg(&transfer->memory, sg, i) {
		if (in_segment == sg_dma_len(segment)) {
			segment = sg_next(segment);
			in_segment = 0;
		}
		if (wdmdma_transfer_phys(transfer, sg_dma_address(segment) + in_segment) !=
		    sg_phys(sg))
			return true;
		in_segment += sg->length;
	}
	return false;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_is_bounced);

/* Verify all properties of the mapping that can be verified, instead of relying on the DMA API. */
static int transfer_verify(struct wdmdma_transfer *transfer, struct wdmdma_window reach)
{
	struct scatterlist *first = transfer->mapped->sgl;

	if (unlikely(transfer->adapter->dma_channel) &&
	    wdmdma_transfer_phys(transfer, sg_dma_address(first)) != sg_phys(first))
		return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
				   "the kernel copies all memory to where the DMA controller is not");
	if (unlikely(!transfer_is_within(transfer, reach)))
		return wdmdma_deny(&transfer->refusal, -EOPNOTSUPP,
				   "the device's DMA mask is wider than what the adapter reaches");
	if (unlikely(!transfer->adapter->scatter_gather) && !transfer_is_one_range(transfer)) {
		transfer->must_bounce = true;
		return transfer_check_bounce(transfer) ?: -EAGAIN;
	}
	if (unlikely(transfer->no_bounce) && wdmdma_transfer_is_bounced(transfer))
		return wdmdma_deny(&transfer->refusal, -ERANGE,
				   "the memory is copied, and DMA_FAIL_ON_BOUNCE is set");
	return 0;
}

static noinline void __cold transfer_trace_map(const struct wdmdma_transfer *transfer)
{
	wdmdma_traced_map(transfer, wdmdma_transfer_is_bounced(transfer));
}

/**
 * wdmdma_transfer_map() - map the memory for the device
 * @transfer: a prepared transfer
 *
 * Never sleeps.
 *
 * Return: 0, -EAGAIN if mapping may succeed later, after another wdmdma_transfer_prepare(), or
 * -EOPNOTSUPP or -ERANGE if mapping can never succeed. The reason is in @transfer.
 */
int wdmdma_transfer_map(struct wdmdma_transfer *transfer)
{
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	bool bounce = transfer->must_bounce;
	int ret;

	/* Copy for a read too, because bytes that the device does not write must not change. */
	if (bounce)
		wdmdma_copy_bytes(transfer, true);
	ret = transfer_map_table(transfer, bounce ? &transfer->bounce : &transfer->memory);
	if (ret)
		return ret;
	ret = transfer_verify(transfer, reach);
	if (ret)
		transfer_unmap_table(transfer, DMA_ATTR_SKIP_CPU_SYNC);
	else if (wdmdma_map_is_traced())
		transfer_trace_map(transfer);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_map);

/* Unmap the memory, and copy back what the device wrote to a copy. Never sleeps. */
void wdmdma_transfer_unmap(struct wdmdma_transfer *transfer)
{
	bool copy = transfer->mapped == &transfer->bounce &&
		    transfer->direction == DMA_FROM_DEVICE;

	wdmdma_trace_unmap(transfer);
	transfer_unmap_table(transfer, 0);
	if (copy)
		wdmdma_copy_bytes(transfer, false);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_unmap);

/*
 * Unmap the memory of a transfer that the driver forgot. The driver may have freed the memory,
 * so it must not be written, not even by copying back what the device wrote.
 */
void wdmdma_transfer_abandon(struct wdmdma_transfer *transfer)
{
	wdmdma_trace_unmap(transfer);
	transfer_unmap_table(transfer, DMA_ATTR_SKIP_CPU_SYNC);
}
