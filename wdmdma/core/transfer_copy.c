// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of a transfer's memory in pages of the module. A transfer is copied if the device
 * cannot use the driver's memory and the kernel cannot copy it.
 *
 * A copy must keep the offset of the bytes in their page, so that the logical address has the
 * low bits of the driver's address. The kernel's bounce buffers do so because of core/dma_parms.c.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/dma_channel.h"
#include "core/events.h"
#include "core/guard.h"
#include "core/transfer.h"
#include "core/transfer_reach.h"
#include "lib/window.h"
#include "objects.h"

/*
 * Return the offset of a copy in its first page, which is the offset of the memory. A copy for
 * a DMA controller must begin with a page, because the boundary leaves no room before the copy.
 */
static size_t copy_offset(const struct wdmdma_transfer *transfer)
{
	return transfer->adapter->dma_channel ? 0 : transfer->memory.sgl->offset;
}

/* Return how much contiguous memory a piece of a copy needs, from the start of its page. */
size_t wdmdma_copy_chunk(const struct wdmdma_transfer *transfer)
{
	if (transfer->adapter->scatter_gather)
		return PAGE_SIZE;
	return copy_offset(transfer) + transfer->len;
}

/* Return the number of pieces of a copy. */
unsigned int wdmdma_copy_chunks(const struct wdmdma_transfer *transfer)
{
	unsigned int nr = 0, i;
	struct scatterlist *sg;

	if (!transfer->adapter->scatter_gather)
		return 1;
	for_each_sgtable_sg(&transfer->memory, sg, i)
		nr += PFN_UP((size_t)sg->offset + sg->length);
	return nr;
}

/* Free the memory of a copy. */
void wdmdma_copy_free(struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg;
	unsigned int i;

	if (unlikely(transfer->guarded))
		wdmdma_guard_check_copy(transfer);
	for_each_sgtable_sg(&transfer->bounce, sg, i)
		if (sg_page(sg) &&
		    !wdmdma_dma_channel_take_back(transfer->adapter->dma_channel, sg_page(sg)))
			__free_pages(sg_page(sg), get_order(sg->offset + sg->length));
	sg_free_table(&transfer->bounce);
}

/*
 * Get zeroed pages for a copy. Prefer the pages reserved for a DMA controller, and after them
 * pages that the device accesses directly. If no zone has such pages, accept pages that the
 * kernel copies once more (swiotlb=force). Its bounce buffers must take the length in one piece.
 */
static struct page *copy_alloc(const struct wdmdma_transfer *transfer, size_t len, gfp_t gfp)
{
	static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };
	struct wdmdma_window reach = wdmdma_transfer_reach(transfer);
	struct page *page = wdmdma_dma_channel_lend(transfer->adapter->dma_channel, len);
	unsigned int order = get_order(len), i;
	struct page *bounced = NULL;
	enum wdmdma_access access;

	if (page)
		return page;
	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		page = alloc_pages(gfp | zones[i] | __GFP_ZERO | __GFP_NOWARN, order);
		if (!page)
			continue;
		access = wdmdma_transfer_access(transfer, reach, page_to_phys(page), len);
		if (access == WDMDMA_ACCESS_DIRECT)
			break;
		if (access == WDMDMA_ACCESS_BOUNCED && !bounced &&
		    len <= dma_max_mapping_size(transfer->device->dev))
			bounced = page;
		else
			__free_pages(page, order);
		page = NULL;
	}
	if (!page)
		return bounced;
	if (bounced)
		__free_pages(bounced, order);
	return page;
}

/* Get memory for the next piece of a copy, whose bytes begin at @offset in its first page. */
static bool copy_add(const struct wdmdma_transfer *transfer, struct scatterlist **sg,
		     size_t offset, size_t len, gfp_t gfp)
{
	struct page *page = copy_alloc(transfer, offset + len, gfp);

	if (!page)
		return false;
	sg_set_page(*sg, page, len, offset);
	*sg = sg_next(*sg);
	return true;
}

/* Get the memory of a copy in pages, each for the bytes of one page of the driver's memory. */
static bool copy_add_pages(const struct wdmdma_transfer *transfer, gfp_t gfp)
{
	struct scatterlist *to = transfer->bounce.sgl, *sg;
	unsigned int i;

	for_each_sgtable_sg(&transfer->memory, sg, i) {
		size_t offset = sg->offset, left = sg->length, len;

		for (; left; left -= len, offset = 0) {
			len = min_t(size_t, left, PAGE_SIZE - offset);
			if (!copy_add(transfer, &to, offset, len, gfp))
				return false;
		}
	}
	return true;
}

/**
 * wdmdma_transfer_prepare() - allocate the memory that mapping needs
 * @transfer: an initialized transfer, which may be prepared already
 * @gfp: GFP_ATOMIC, or WDMDMA_GFP if the caller may sleep
 *
 * Return: 0, or -EAGAIN if there is no memory now.
 */
int wdmdma_transfer_prepare(struct wdmdma_transfer *transfer, gfp_t gfp)
{
	struct scatterlist *sg;
	bool done;

	if (!transfer->must_bounce || transfer->bounce.sgl)
		return 0;
	wdmdma_deny(&transfer->refusal, 0, "no memory within the device's reach to copy to");
	if (sg_alloc_table(&transfer->bounce, wdmdma_copy_chunks(transfer), gfp | __GFP_NOWARN))
		return -EAGAIN;
	transfer->guarded = false;
	sg = transfer->bounce.sgl;
	if (transfer->adapter->scatter_gather)
		done = copy_add_pages(transfer, gfp);
	else
		done = copy_add(transfer, &sg, copy_offset(transfer), transfer->len, gfp);
	if (done) {
		wdmdma_guard_fill_copy(transfer);
		return 0;
	}
	wdmdma_copy_free(transfer);
	return -EAGAIN;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfer_prepare);

/* Copy all bytes from the driver's memory to the copy, or back. */
void wdmdma_copy_bytes(struct wdmdma_transfer *transfer, bool to_bounce)
{
	struct scatterlist *memory = transfer->memory.sgl, *bounce = transfer->bounce.sgl;
	size_t in_memory = 0, in_bounce = 0, left, len;

	wdmdma_trace_bounce(transfer, to_bounce);
	atomic64_add(transfer->len, &transfer->adapter->transfers.copied);
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
