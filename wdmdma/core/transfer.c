// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers: the driver's memory becomes segments for the device, and back.
 *
 * The DMA API does the work: it translates, or copies through bounce buffers of the
 * kernel's where the device's mask asks for that. What it cannot do is done here,
 * by copying through pages of our own: an adapter that reaches less than the mask
 * of its device, or has a DMA controller and its boundaries; and one that takes no
 * lists (no ScatterGather) and is given pages that cannot be made one range.
 *
 * Nothing here sleeps. wdmdma_transfer_prepare() in core/transfer_copy.c may sleep, and gets
 * all memory that mapping takes. A shortage that may pass is -EAGAIN, and any other failure
 * is for good.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/transfer.h"
#include "lib/window.h"
#include "objects.h"

/*
 * What a DMA controller uses, on machines that are cache coherent, is memory itself and
 * no copy of the kernel's; and it may be a common buffer, which is mapped already.
 */
static unsigned long transfer_attrs(const struct wdmdma_transfer *transfer)
{
	return DMA_ATTR_NO_WARN | (transfer->adapter->dma_channel ? DMA_ATTR_SKIP_CPU_SYNC : 0);
}

static struct device *transfer_dev(const struct wdmdma_transfer *transfer)
{
	return transfer->device->dev;
}

/* Can pieces that do not follow each other become one range: full pages, but for the ends? */
static bool transfer_can_merge(const struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!transfer->device->backend->merges)
		return false;
	for_each_sgtable_sg(&transfer->memory, sg, i) {
		if (i && sg->offset)
			return false;
		if (!sg_is_last(sg) && !PAGE_ALIGNED(sg->offset + sg->length))
			return false;
	}
	return true;
}

/* Is copying the only way to give this memory to the device? */
static bool transfer_must_bounce(const struct wdmdma_transfer *transfer)
{
	const struct wdmdma_adapter *adapter = transfer->adapter;
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	struct scatterlist *sg;
	unsigned int i;

	if (!adapter->scatter_gather && transfer->memory.orig_nents > 1 &&
	    !transfer_can_merge(transfer))
		return true;
	if (!transfer->device->backend->access && !adapter->dma_channel)
		return false;
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

/* Can this memory be copied at all, by us? 0, or what it fails with, now and later. */
static int transfer_check_bounce(struct wdmdma_transfer *transfer)
{
	const struct wdmdma_device *device = transfer->device;
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	phys_addr_t nearest = device->backend->phys(device, reach.first);
	size_t chunk = wdmdma_copy_chunk(transfer);

	transfer->why = "the memory would have to be copied (DMA_FAIL_ON_BOUNCE, AutoInitialize)";
	if (transfer->no_bounce)
		return -ERANGE;
	transfer->why = "there are no contiguous pages of that length to copy the memory to";
	if (get_order(chunk) > MAX_PAGE_ORDER)
		return -EOPNOTSUPP;
	/* Ours may be copied once more, if the kernel is told to copy all. */
	switch (wdmdma_transfer_access(transfer, reach, nearest, PAGE_SIZE)) {
	case WDMDMA_ACCESS_NONE:
		transfer->why = "the kernel copies all memory to where the device does not reach";
		return -EOPNOTSUPP;
	case WDMDMA_ACCESS_BOUNCED:
		transfer->why = "the kernel copies all memory, and not that much in one piece";
		return min(chunk, transfer->len) > dma_max_mapping_size(device->dev) ?
		       -EOPNOTSUPP : 0;
	default:
		return 0;
	}
}

/* Is it certain that the kernel copies some of the memory? */
static bool transfer_is_to_be_copied(const struct wdmdma_transfer *transfer)
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

/*
 * Count a transfer that starts: from here on its device stays in its domain. 0; -EAGAIN
 * while the device changes that; -ESHUTDOWN.
 */
static int transfer_enter(struct wdmdma_transfer *transfer)
{
	struct wdmdma_adapter *adapter = transfer->adapter;
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.closed) {
		transfer->why = "the driver is unbound from the device";
		ret = -ESHUTDOWN;
	} else if (adapter->transfers.held) {
		transfer->why = "the device is just changing its domain";
		ret = -EAGAIN;
	} else {
		adapter->transfers.starting++;
		transfer->starting = true;
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return ret;
}

/* The transfer is in a list of the adapter's, which shows that it is there. */
void wdmdma_transfer_is_known(struct wdmdma_transfer *transfer)
{
	lockdep_assert_held(&transfer->adapter->transfers.lock);
	if (transfer->starting)
		transfer->adapter->transfers.starting--;
	transfer->starting = false;
}

/* It is in such a list, or has failed: it starts no more. Without the lock. */
void wdmdma_transfer_leave(struct wdmdma_transfer *transfer)
{
	unsigned long flags;

	if (!transfer->starting)
		return;
	spin_lock_irqsave(&transfer->adapter->transfers.lock, flags);
	wdmdma_transfer_is_known(transfer);
	spin_unlock_irqrestore(&transfer->adapter->transfers.lock, flags);
}

/* Let no transfer start, nor channel be granted, for a while. False if there are any. */
bool wdmdma_transfers_hold(struct wdmdma_adapter *adapter)
{
	unsigned long flags;
	bool held;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	held = !adapter->transfers.starting && hash_empty(adapter->transfers.lists) &&
	       list_empty(&adapter->transfers.waiting_lists) &&
	       list_empty(&adapter->transfers.registers) &&
	       list_empty(&adapter->transfers.waiting_channels);
	adapter->transfers.held = held;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return held;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfers_hold);

void wdmdma_transfers_release(struct wdmdma_adapter *adapter)
{
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	adapter->transfers.held = false;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	wdmdma_channel_kick(adapter);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfers_release);

/* Note the pieces of the memory, and what has to be done with them. */
static int transfer_describe(struct wdmdma_transfer *transfer, const struct wdmdma_source *source)
{
	struct wdmdma_limits limits = wdmdma_source_limits(transfer->adapter, source);
	struct wdmdma_source rest = *source;
	struct scatterlist *sg;
	unsigned int i;

	transfer->why = "no memory to describe the transfer";
	if (sg_alloc_table(&transfer->memory, wdmdma_source_pieces(rest, &limits),
			   GFP_ATOMIC | __GFP_NOWARN))
		return -ENOMEM;
	for_each_sgtable_sg(&transfer->memory, sg, i) {
		phys_addr_t phys;
		size_t len = wdmdma_source_next(&rest, &limits, &phys);

		sg_set_page(sg, pfn_to_page(PHYS_PFN(phys)), len, offset_in_page(phys));
	}
	transfer->len = source->left;
	transfer->must_bounce = transfer_must_bounce(transfer);
	if (transfer->must_bounce || (transfer->no_bounce && transfer_is_to_be_copied(transfer)))
		return transfer_check_bounce(transfer);
	return 0;
}

/**
 * wdmdma_transfer_init() - note the memory of a transfer
 * @transfer: zeroed, with @adapter, @direction and what the caller wants to have set
 * @source: the memory; not needed afterwards
 *
 * What can be known to fail for good fails here.
 *
 * Context: any.
 * Return: 0; -ENOMEM; -EINVAL without bytes; -EOPNOTSUPP where the DMA API is not
 * what maps for this device, or where neither it nor a copy of ours can; -ERANGE for
 * memory that has to be copied and must not; -EAGAIN while the device changes its
 * domain; -ESHUTDOWN. The reason is in @transfer.
 */
int wdmdma_transfer_init(struct wdmdma_transfer *transfer, const struct wdmdma_source *source)
{
	int ret;

	transfer->why = "the length is 0";
	if (!source->left)
		return -EINVAL;
	ret = transfer_enter(transfer);
	if (ret)
		return ret;
	transfer->device = wdmdma_adapter_dma(transfer->adapter);
	transfer->why = "transfers are not possible in an IOMMU domain of the module's own";
	ret = -EOPNOTSUPP;
	if (transfer->device->backend->maps_with_dma_api)
		ret = transfer_describe(transfer, source);
	if (ret)
		wdmdma_transfer_fini(transfer);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_init);

/* Free what the record holds. Any context; the transfer is not mapped. Harmless twice. */
void wdmdma_transfer_fini(struct wdmdma_transfer *transfer)
{
	wdmdma_transfer_leave(transfer);
	wdmdma_copy_free(transfer);
	sg_free_table(&transfer->memory);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_fini);

/* Memory could not be mapped: -EAGAIN if that is for a shortage that may end. */
static int transfer_map_error(struct wdmdma_transfer *transfer, bool may_end)
{
	phys_addr_t start, end;

	transfer->why = "no logical addresses, or no bounce buffers of the kernel's";
	if (!transfer->device->backend->access || !may_end)
		return may_end ? -EAGAIN : -EOPNOTSUPP;
	/* Where nothing translates it is only these that can be short. */
	if (wdmdma_bounce_pool(transfer_dev(transfer), &start, &end))
		return -EAGAIN;
	transfer->why = "the memory has to be copied, and there are no bounce buffers (swiotlb)";
	return -EOPNOTSUPP;
}

/* One piece is mapped as a page: that knows no longest segment. */
static int transfer_map_one(struct wdmdma_transfer *transfer, struct scatterlist *sg)
{
	struct device *dev = transfer_dev(transfer);
	dma_addr_t dma = dma_map_page_attrs(dev, sg_page(sg), sg->offset, sg->length,
					    transfer->direction, transfer_attrs(transfer));

	if (dma_mapping_error(dev, dma))
		return transfer_map_error(transfer, sg->length <= dma_max_mapping_size(dev));
	sg_dma_address(sg) = dma;
	sg_dma_len(sg) = sg->length;
	return 0;
}

static int transfer_map_table(struct wdmdma_transfer *transfer, struct sg_table *table)
{
	int ret;

	if (table->orig_nents == 1) {
		ret = transfer_map_one(transfer, table->sgl);
	} else {
		ret = dma_map_sgtable(transfer_dev(transfer), table, transfer->direction,
				      transfer_attrs(transfer));
		/* -EIO is what a full pool of bounce buffers gives. */
		if (ret)
			ret = transfer_map_error(transfer, ret != -EINVAL);
	}
	if (!ret)
		transfer->mapped = table;
	return ret;
}

static void transfer_unmap_table(struct wdmdma_transfer *transfer, unsigned long attrs)
{
	struct device *dev = transfer_dev(transfer);
	struct scatterlist *sg = transfer->mapped->sgl;

	attrs |= transfer_attrs(transfer);
	/* The mapping went with a domain that was replaced: see core/device.c. */
	if (!transfer->device->backend->maps_with_dma_api)
		goto unmapped;
	if (transfer->mapped->orig_nents == 1)
		dma_unmap_page_attrs(dev, sg_dma_address(sg), sg->length, transfer->direction,
				     attrs);
	else
		dma_unmap_sgtable(dev, transfer->mapped, transfer->direction, attrs);
unmapped:
	transfer->mapped = NULL;
}

static bool transfer_is_one_range(const struct wdmdma_transfer *transfer)
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

static bool transfer_is_within(const struct wdmdma_transfer *transfer, struct wdmdma_window reach)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(transfer->mapped, sg, i)
		if (!wdmdma_window_holds(reach, sg_dma_address(sg), sg_dma_len(sg)))
			return false;
	return true;
}

/* The memory behind a logical address of the mapped transfer. */
phys_addr_t wdmdma_transfer_phys(const struct wdmdma_transfer *transfer, dma_addr_t dma)
{
	const struct wdmdma_device *device = transfer->device;

	return device->backend->phys(device, dma);
}

/* Do the segments not point to the driver's memory, but to a copy: the kernel's, or ours? */
bool wdmdma_transfer_is_bounced(const struct wdmdma_transfer *transfer)
{
	struct scatterlist *segment = transfer->mapped->sgl, *sg;
	size_t in_segment = 0;
	unsigned int i;

	if (transfer->mapped == &transfer->bounce)
		return true;
	/* Segments are pieces that were merged: each begins where a piece does. */
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

/* Believe nothing that can be verified. */
static int transfer_verify(struct wdmdma_transfer *transfer, struct wdmdma_window reach)
{
	struct scatterlist *first = transfer->mapped->sgl;

	if (transfer->adapter->dma_channel &&
	    wdmdma_transfer_phys(transfer, sg_dma_address(first)) != sg_phys(first)) {
		transfer->why = "the kernel copies all memory to where the DMA controller is not";
		return -EOPNOTSUPP;
	}
	if (!transfer_is_within(transfer, reach)) {
		transfer->why = "the device's DMA mask is wider than what the adapter reaches";
		return -EOPNOTSUPP;
	}
	if (!transfer->adapter->scatter_gather && !transfer_is_one_range(transfer)) {
		transfer->must_bounce = true;
		return transfer_check_bounce(transfer) ?: -EAGAIN;
	}
	if (transfer->no_bounce && wdmdma_transfer_is_bounced(transfer)) {
		transfer->why = "the memory is copied, and DMA_FAIL_ON_BOUNCE is set";
		return -ERANGE;
	}
	return 0;
}

/**
 * wdmdma_transfer_map() - give the memory to the device
 * @transfer: prepared
 *
 * Never sleeps.
 *
 * Return: 0; -EAGAIN when it may work later, after another wdmdma_transfer_prepare();
 * -EOPNOTSUPP or -ERANGE when it cannot. The reason is in @transfer.
 */
int wdmdma_transfer_map(struct wdmdma_transfer *transfer)
{
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	bool bounce = transfer->must_bounce;
	int ret;

	/* For reading too: what the device does not write is to stay as it was. */
	if (bounce)
		wdmdma_copy_bytes(transfer, true);
	ret = transfer_map_table(transfer, bounce ? &transfer->bounce : &transfer->memory);
	if (ret)
		return ret;
	ret = transfer_verify(transfer, reach);
	if (ret)
		transfer_unmap_table(transfer, DMA_ATTR_SKIP_CPU_SYNC);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_map);

/* Take the memory back from the device. Never sleeps. */
void wdmdma_transfer_unmap(struct wdmdma_transfer *transfer)
{
	bool copy = transfer->mapped == &transfer->bounce &&
		    transfer->direction == DMA_FROM_DEVICE;

	transfer_unmap_table(transfer, 0);
	if (copy)
		wdmdma_copy_bytes(transfer, false);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_unmap);

/*
 * The same where the driver forgot the transfer, and may have freed the memory: it is not
 * written any more, by no copy of the device's bytes either.
 */
void wdmdma_transfer_abandon(struct wdmdma_transfer *transfer)
{
	transfer_unmap_table(transfer, DMA_ATTR_SKIP_CPU_SYNC);
}

/* As many segments as mapping can make of it. */
unsigned int wdmdma_transfer_most_segments(const struct wdmdma_transfer *transfer)
{
	if (!transfer->adapter->scatter_gather)
		return 1;
	if (transfer->must_bounce)
		return wdmdma_copy_chunks(transfer);
	return transfer->memory.orig_nents;
}

/* As many as it has, now that it is mapped. */
unsigned int wdmdma_transfer_segments(const struct wdmdma_transfer *transfer)
{
	return transfer->adapter->scatter_gather ? transfer->mapped->nents : 1;
}

/* The first segment (*@sg is NULL), or the one after it. */
dma_addr_t wdmdma_transfer_segment(const struct wdmdma_transfer *transfer,
				   struct scatterlist **sg, u32 *len)
{
	*sg = *sg ? sg_next(*sg) : transfer->mapped->sgl;
	*len = transfer->adapter->scatter_gather ? sg_dma_len(*sg) : transfer->len;
	return sg_dma_address(*sg);
}
