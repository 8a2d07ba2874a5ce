// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guard bands of the verifier around common buffers, and around the copies of transfers.
 *
 * A guarded buffer has one page more on each side. The backend allocates these pages together with
 * the buffer, so the device can reach them at logical addresses that follow those of the buffer. A
 * device that runs past its buffer therefore writes into a band, and no IOMMU stops it. The bands
 * are inside the window of the request, so no address exceeds what the driver allowed. The rest of
 * the last page is a band, too.
 *
 * The record describes the buffer without the bands. Only the call of the backend that allocates
 * and the one that frees see all pages. A buffer of large pages has no bands, because they would
 * spoil its alignment. If the bands do not fit, the buffer has none.
 *
 * The copy of a transfer is in pages of the module. The parts of these pages before and behind the
 * bytes of the transfer are bands.
 */
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/string.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/guard.h"
#include "core/history.h"
#include "core/transfer.h"
#include "lib/bug_check.h"
#include "objects.h"

/* The byte that Windows fills its bands with. */
#define GUARD_BYTE	0x0F

static size_t guard_slack(const struct wdmdma_buffer *buffer)
{
	return wdmdma_buffer_size(buffer) - buffer->len;
}

/* Fill the bands of a buffer. */
static void guard_fill(const struct wdmdma_buffer *buffer)
{
	memset(buffer->cpu - PAGE_SIZE, GUARD_BYTE, PAGE_SIZE);
	memset(buffer->cpu + buffer->len, GUARD_BYTE, guard_slack(buffer) + PAGE_SIZE);
}

/*
 * Allocate a buffer with bands by the backend. Return 0, or an error without a reason. The caller
 * may then allocate the buffer without bands. May sleep.
 */
int wdmdma_guard_alloc(struct wdmdma_device *device, const struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer)
{
	struct wdmdma_request outer = *request;
	u64 size = wdmdma_request_size(request) + 2 * PAGE_SIZE;
	int ret;

	if (size > SIZE_MAX || (request->boundary && request->boundary < size) ||
	    !wdmdma_window_fits(request->window, size))
		return -ENOSPC;
	outer.len = size;
	outer.quiet = true;
	buffer->len = outer.len;
	buffer->nr_pages = size >> PAGE_SHIFT;
	ret = device->backend->alloc(device, &outer, buffer);
	if (ret)
		return ret;
	buffer->cpu += PAGE_SIZE;
	buffer->dma += PAGE_SIZE;
	buffer->len = request->len;
	buffer->nr_pages -= 2;
	buffer->guarded = true;
	guard_fill(buffer);
	return 0;
}

/* Return the buffer as the backend allocated it. */
struct wdmdma_buffer wdmdma_guard_with_bands(const struct wdmdma_buffer *buffer)
{
	struct wdmdma_buffer outer = *buffer;

	outer.cpu -= PAGE_SIZE;
	outer.dma -= PAGE_SIZE;
	outer.nr_pages += 2;
	outer.len = wdmdma_buffer_size(&outer);
	return outer;
}

/* Report bytes that were written, and fill the bands again so that they are reported once. */
void wdmdma_guard_check_bands(const struct wdmdma_adapter *adapter,
			      const struct wdmdma_buffer *buffer, const char *call)
{
	const void *before = memchr_inv(buffer->cpu - PAGE_SIZE, GUARD_BYTE, PAGE_SIZE);
	const void *behind = memchr_inv(buffer->cpu + buffer->len, GUARD_BYTE,
					guard_slack(buffer) + PAGE_SIZE);
	const void *broken = before ?: behind;

	if (!broken)
		return;
	wdmdma_history_show(adapter, buffer->cpu);
	wdmdma_refuse_bug(adapter->device, call, WDMDMA_DMA_CODE(0x0F),
			  "VA %p, %zu bytes, allocated at %s: memory outside was written, at offset %td",
			  buffer->cpu, buffer->len, WDMDMA_FUNCTION(READ_ONCE(buffer->caller)),
			  broken - buffer->cpu);
	guard_fill(buffer);
}

/* Return the length of the band behind a piece of a copy, up to the end of its pages. */
static size_t guard_behind_piece(const struct scatterlist *sg)
{
	size_t end = (size_t)sg->offset + sg->length;

	return (PAGE_SIZE << get_order(end)) - end;
}

/* The pages that are lent by a DMA controller have other uses, so a copy there has no bands. */
void wdmdma_guard_fill_bands_of_copy(struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg;
	unsigned int i;

	if (transfer->adapter->dma_channel ||
	    !wdmdma_verifier_checks(transfer->adapter->device, WDMDMA_CHECK_GUARD))
		return;
	for_each_sgtable_sg(&transfer->bounce, sg, i) {
		memset(page_address(sg_page(sg)), GUARD_BYTE, sg->offset);
		memset(sg_virt(sg) + sg->length, GUARD_BYTE, guard_behind_piece(sg));
	}
	transfer->guarded = true;
}

/* Report bytes around the copy that were written. The device must be done with the copy. */
void wdmdma_guard_check_copy(struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&transfer->bounce, sg, i) {
		if (!memchr_inv(page_address(sg_page(sg)), GUARD_BYTE, sg->offset) &&
		    !memchr_inv(sg_virt(sg) + sg->length, GUARD_BYTE, guard_behind_piece(sg)))
			continue;
		wdmdma_refuse_bug(transfer->adapter->device, transfer->call, WDMDMA_DMA_CODE(0x0F),
				  "%zu bytes, started at %s: memory outside of the copy was written",
				  transfer->len, WDMDMA_FUNCTION(transfer->caller));
		break;
	}
}
