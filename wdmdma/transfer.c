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
 * A copy keeps the place of the bytes in their page: what the device is given has the low
 * bits of the driver's address. The kernel's copies do so by align.c.
 *
 * Nothing here sleeps, apart from wdmdma_transfer_prepare() with GFP_KERNEL, which
 * gets all memory that mapping takes. Shortness of what may come back is -EAGAIN;
 * any other failure is for good.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "compat.h"
#include "controller.h"
#include "transfer.h"

/*
 * What a DMA controller uses, on machines that are cache coherent, is memory itself and
 * no copy of the kernel's; and it may be a common buffer, which is mapped already.
 */
static unsigned long transfer_attrs(const struct wdmdma_transfer *transfer)
{
	return DMA_ATTR_NO_WARN | (transfer->adapter->controller ? DMA_ATTR_SKIP_CPU_SYNC : 0);
}

static struct device *transfer_dev(const struct wdmdma_transfer *transfer)
{
	return transfer->device->dev;
}

/* Logical addresses for transfers: the device's mask for them is not that for buffers. */
static struct wdmdma_window transfer_reach(const struct wdmdma_transfer *transfer)
{
	struct wdmdma_window reach = transfer->adapter->reach;
	struct device *dev = transfer_dev(transfer);

	/* A backend may lower the live mask for a moment: that is not to count. */
	reach.last = min(reach.last, READ_ONCE(transfer->device->mask));
	if (dev->bus_dma_limit)
		reach.last = min(reach.last, dev->bus_dma_limit);
	return reach;
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

/*
 * Can the device be given this memory, as it is or copied by the kernel? A DMA controller
 * has boundaries, and uses no copy of the kernel's: see transfer_attrs().
 */
static enum wdmdma_reach transfer_reaches(const struct wdmdma_transfer *transfer,
					  struct wdmdma_window reach, phys_addr_t phys, size_t len)
{
	const struct wdmdma_controller *controller = transfer->adapter->controller;
	const struct wdmdma_device *device = transfer->device;
	enum wdmdma_reach how = WDMDMA_REACHES;

	if (device->backend->reaches)
		how = device->backend->reaches(device, reach, phys, len);
	if (controller &&
	    (how == WDMDMA_REACHES_COPY ||
	     wdmdma_window_crosses(wdmdma_controller_boundary(controller), phys, len) ||
	     !IS_ALIGNED(phys, wdmdma_controller_unit(controller))))
		return WDMDMA_OUT_OF_REACH;
	return how;
}

/* Is copying the only way to give this memory to the device? */
static bool transfer_must_bounce(const struct wdmdma_transfer *transfer)
{
	const struct wdmdma_adapter *adapter = transfer->adapter;
	struct wdmdma_window reach = transfer_reach(transfer);
	struct scatterlist *sg;
	unsigned int i;

	if (!adapter->scatter_gather && transfer->memory.orig_nents > 1 &&
	    !transfer_can_merge(transfer))
		return true;
	if (!transfer->device->backend->reaches && !adapter->controller)
		return false;
	for_each_sgtable_sg(&transfer->memory, sg, i)
		switch (transfer_reaches(transfer, reach, sg_phys(sg), sg->length)) {
		case WDMDMA_OUT_OF_REACH:
			return true;
		case WDMDMA_REACHES_COPY:
			if (sg->length > dma_max_mapping_size(transfer_dev(transfer)))
				return true;
			break;
		case WDMDMA_REACHES:
			break;
		}
	return false;
}

/*
 * Where in its first page a copy of ours begins: where the memory does. A DMA controller's
 * copy begins with a page, since its boundaries leave no room before it.
 */
static size_t transfer_copy_offset(const struct wdmdma_transfer *transfer,
				   const struct scatterlist *sg)
{
	return transfer->adapter->controller ? 0 : sg->offset;
}

/* As much contiguous memory as a copy of ours takes at a time, from the start of its page. */
static size_t transfer_chunk(const struct wdmdma_transfer *transfer)
{
	if (transfer->adapter->scatter_gather)
		return PAGE_SIZE;
	return transfer_copy_offset(transfer, transfer->memory.sgl) + transfer->len;
}

/* In how many pieces it comes. */
static unsigned int transfer_chunks(const struct wdmdma_transfer *transfer)
{
	unsigned int nr = 0, i;
	struct scatterlist *sg;

	if (!transfer->adapter->scatter_gather)
		return 1;
	for_each_sgtable_sg(&transfer->memory, sg, i)
		nr += PFN_UP(sg->offset + sg->length);
	return nr;
}

/* Can this memory be copied at all, by us? 0, or what it fails with, now and later. */
static int transfer_check_bounce(struct wdmdma_transfer *transfer)
{
	const struct wdmdma_device *device = transfer->device;
	struct wdmdma_window reach = transfer_reach(transfer);
	phys_addr_t nearest = device->backend->phys(device, reach.first);
	size_t chunk = transfer_chunk(transfer);

	transfer->why = "the memory would have to be copied (DMA_FAIL_ON_BOUNCE, AutoInitialize)";
	if (transfer->no_bounce)
		return -ERANGE;
	transfer->why = "there are no contiguous pages of that length to copy the memory to";
	if (get_order(chunk) > MAX_PAGE_ORDER)
		return -EOPNOTSUPP;
	/* Ours may be copied once more, if the kernel is told to copy all. */
	switch (transfer_reaches(transfer, reach, nearest, PAGE_SIZE)) {
	case WDMDMA_OUT_OF_REACH:
		transfer->why = "the kernel copies all memory to where the device does not reach";
		return -EOPNOTSUPP;
	case WDMDMA_REACHES_COPY:
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
	struct wdmdma_window reach = transfer_reach(transfer);
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&transfer->memory, sg, i)
		if (transfer_reaches(transfer, reach, sg_phys(sg), sg->length) != WDMDMA_REACHES)
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

	spin_lock_irqsave(&adapter->transfers_lock, flags);
	if (adapter->transfers_closed) {
		transfer->why = "the driver is unbound from the device";
		ret = -ESHUTDOWN;
	} else if (adapter->transfers_held) {
		transfer->why = "the device is just changing its domain";
		ret = -EAGAIN;
	} else {
		adapter->starting++;
		transfer->starting = true;
	}
	spin_unlock_irqrestore(&adapter->transfers_lock, flags);
	return ret;
}

/* The transfer is in a list of the adapter's, which shows that it is there. */
void wdmdma_transfer_is_known(struct wdmdma_transfer *transfer)
{
	lockdep_assert_held(&transfer->adapter->transfers_lock);
	if (transfer->starting)
		transfer->adapter->starting--;
	transfer->starting = false;
}

/* It is in such a list, or has failed: it starts no more. Without the lock. */
void wdmdma_transfer_leave(struct wdmdma_transfer *transfer)
{
	unsigned long flags;

	if (!transfer->starting)
		return;
	spin_lock_irqsave(&transfer->adapter->transfers_lock, flags);
	wdmdma_transfer_is_known(transfer);
	spin_unlock_irqrestore(&transfer->adapter->transfers_lock, flags);
}

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

static void transfer_free_bounce(struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!transfer->bounce.sgl)
		return;
	for_each_sgtable_sg(&transfer->bounce, sg, i)
		if (sg_page(sg) && !wdmdma_controller_take_back(transfer->adapter->controller,
								sg_page(sg)))
			__free_pages(sg_page(sg), get_order(sg->offset + sg->length));
	sg_free_table(&transfer->bounce);
}

/* Free what the record holds. Any context; the transfer is not mapped. Harmless twice. */
void wdmdma_transfer_fini(struct wdmdma_transfer *transfer)
{
	wdmdma_transfer_leave(transfer);
	transfer_free_bounce(transfer);
	sg_free_table(&transfer->memory);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_fini);

/*
 * Pages within reach, in which nothing is that the device must not see, once the memory
 * is copied there: those kept for a DMA controller, or zeroed ones, from anywhere, or
 * from the zones that a narrow device has.
 */
static struct page *transfer_alloc_bounce(const struct wdmdma_transfer *transfer, size_t len,
					  gfp_t gfp)
{
	static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };
	struct wdmdma_window reach = transfer_reach(transfer);
	unsigned int order = get_order(len), i;
	struct page *page = wdmdma_controller_lend(transfer->adapter->controller, len);

	if (page)
		return page;
	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		page = alloc_pages(gfp | zones[i] | __GFP_ZERO | __GFP_NOWARN, order);
		if (!page)
			continue;
		if (transfer_reaches(transfer, reach, page_to_phys(page), len) !=
		    WDMDMA_OUT_OF_REACH)
			return page;
		__free_pages(page, order);
	}
	return NULL;
}

/* Get the memory of a copy's next piece, for bytes from @offset on in its first page. */
static bool transfer_add_bounce(const struct wdmdma_transfer *transfer, struct scatterlist **sg,
				size_t offset, size_t len, gfp_t gfp)
{
	struct page *page = transfer_alloc_bounce(transfer, offset + len, gfp);

	if (!page)
		return false;
	sg_set_page(*sg, page, len, offset);
	*sg = sg_next(*sg);
	return true;
}

/* Get the memory of a copy in pages: each is for the bytes of one page of the driver's. */
static bool transfer_add_pages(const struct wdmdma_transfer *transfer, gfp_t gfp)
{
	struct scatterlist *to = transfer->bounce.sgl, *sg;
	unsigned int i;

	for_each_sgtable_sg(&transfer->memory, sg, i) {
		size_t offset = sg->offset, left = sg->length, len;

		for (; left; left -= len, offset = 0) {
			len = min_t(size_t, left, PAGE_SIZE - offset);
			if (!transfer_add_bounce(transfer, &to, offset, len, gfp))
				return false;
		}
	}
	return true;
}

/**
 * wdmdma_transfer_prepare() - get the memory that mapping takes
 * @transfer: initialized; prepared or not
 * @gfp: GFP_ATOMIC, or GFP_KERNEL to sleep for it
 *
 * Return: 0; -EAGAIN when there is no memory now.
 */
int wdmdma_transfer_prepare(struct wdmdma_transfer *transfer, gfp_t gfp)
{
	struct scatterlist *sg;
	bool done;

	if (!transfer->must_bounce || transfer->bounce.sgl)
		return 0;
	transfer->why = "no memory within the device's reach to copy to";
	if (sg_alloc_table(&transfer->bounce, transfer_chunks(transfer), gfp | __GFP_NOWARN))
		return -EAGAIN;
	sg = transfer->bounce.sgl;
	if (transfer->adapter->scatter_gather)
		done = transfer_add_pages(transfer, gfp);
	else
		done = transfer_add_bounce(transfer, &sg,
					   transfer_copy_offset(transfer, transfer->memory.sgl),
					   transfer->len, gfp);
	if (done)
		return 0;
	transfer_free_bounce(transfer);
	return -EAGAIN;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_prepare);

/* Copy all bytes between the driver's memory and ours. */
static void transfer_copy(struct wdmdma_transfer *transfer, bool to_bounce)
{
	struct scatterlist *memory = transfer->memory.sgl, *bounce = transfer->bounce.sgl;
	size_t in_memory = 0, in_bounce = 0, left, len;

	for (left = transfer->len; left; left -= len) {
		void *theirs = sg_virt(memory) + in_memory, *ours = sg_virt(bounce) + in_bounce;

		len = min(memory->length - in_memory, bounce->length - in_bounce);
		memcpy(to_bounce ? ours : theirs, to_bounce ? theirs : ours, len);
		in_memory += len;
		in_bounce += len;
		if (in_memory == memory->length) {
			memory = sg_next(memory);
			in_memory = 0;
		}
		if (in_bounce == bounce->length) {
			bounce = sg_next(bounce);
			in_bounce = 0;
		}
	}
}

/* Memory could not be mapped: -EAGAIN if that is for a shortage that may end. */
static int transfer_map_error(struct wdmdma_transfer *transfer, bool may_end)
{
	phys_addr_t start, end;

	transfer->why = "no logical addresses, or no bounce buffers of the kernel's";
	if (!transfer->device->backend->reaches || !may_end)
		return may_end ? -EAGAIN : -EOPNOTSUPP;
	/* Where nothing translates it is only these that can be short. */
	if (wdmdma_bounce_pool(transfer_dev(transfer), &start, &end))
		return -EAGAIN;
	transfer->why = "the memory has to be copied, and the kernel has no bounce buffers (swiotlb)";
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
	if (transfer->mapped->orig_nents == 1)
		dma_unmap_page_attrs(dev, sg_dma_address(sg), sg->length, transfer->direction,
				     attrs);
	else
		dma_unmap_sgtable(dev, transfer->mapped, transfer->direction, attrs);
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

	if (transfer->adapter->controller &&
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
	struct wdmdma_window reach = transfer_reach(transfer);
	bool bounce = transfer->must_bounce;
	int ret;

	/* For reading too: what the device does not write is to stay as it was. */
	if (bounce)
		transfer_copy(transfer, true);
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
		transfer_copy(transfer, false);
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

/* Pages of memory below an address. */
static u64 transfer_pages_below(phys_addr_t last)
{
	unsigned long end = PHYS_PFN(last) + 1;
	u64 pages = 0;
	int node, i;

	for_each_online_node(node)
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(node)->node_zones[i];

			if (zone->zone_start_pfn < end)
				pages += min(zone_managed_pages(zone), end - zone->zone_start_pfn);
		}
	return pages;
}

/* Pages of one transfer of which the kernel copies all, or some. */
static u64 transfer_pages_of_pool(const struct wdmdma_adapter *adapter, struct device *dev)
{
	phys_addr_t start, end;

	if (!wdmdma_bounce_pool(dev, &start, &end))
		return U32_MAX;
	/* It copies what we copied to, too. */
	if (!adapter->scatter_gather && is_swiotlb_force_bounce(dev))
		return dma_max_mapping_size(dev) >> PAGE_SHIFT;
	/* A piece may fill just more than half of a slot set. */
	return PHYS_PFN(end - start) / 2;
}

/**
 * wdmdma_transfer_most_pages() - what a transfer can have at most
 * @adapter: the adapter
 *
 * With more it would wait for ever for what there is not: logical addresses, bounce buffers
 * of the kernel's, or memory within reach to copy to. No more than half of these, and of
 * addresses, which are given out aligned to the length, a quarter, are for one transfer.
 *
 * Context: any.
 * Return: pages
 */
u32 wdmdma_transfer_most_pages(const struct wdmdma_adapter *adapter)
{
	const struct wdmdma_transfer transfer = {
		.adapter = (struct wdmdma_adapter *)adapter,
		.device = wdmdma_adapter_dma(adapter),
	};
	const struct wdmdma_backend *backend = transfer.device->backend;
	struct wdmdma_window reach = transfer_reach(&transfer);
	struct device *dev = transfer_dev(&transfer);
	u64 most = U32_MAX;
	phys_addr_t top;

	if (!backend->reaches) {
		most = (reach.last - reach.first) >> (PAGE_SHIFT + 2);
	} else if (!adapter->controller) {
		top = backend->phys(transfer.device, dma_get_required_mask(dev) & PAGE_MASK);
		switch (backend->reaches(transfer.device, reach, top, PAGE_SIZE)) {
		case WDMDMA_OUT_OF_REACH:
			most = transfer_pages_below(backend->phys(transfer.device, reach.last)) / 2;
			break;
		case WDMDMA_REACHES_COPY:
			most = transfer_pages_of_pool(adapter, dev);
			break;
		case WDMDMA_REACHES:
			break;
		}
	}
	/* Two are enough for bytes across the border of two pages. */
	return clamp_t(u64, most, 2, U32_MAX);
}

/* As many segments as mapping can make of it. */
unsigned int wdmdma_transfer_most_segments(const struct wdmdma_transfer *transfer)
{
	if (!transfer->adapter->scatter_gather)
		return 1;
	if (transfer->must_bounce)
		return transfer_chunks(transfer);
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
