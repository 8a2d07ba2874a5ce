// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer records: check a request, place its memory, index the record, and undo both.
 *
 * The record must hold all that a free needs, so that a free allocates nothing and cannot
 * fail.
 */
#include <linux/dma-map-ops.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backend/backing.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/buffer_record.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/events.h"
#include "core/guard.h"
#include "core/history.h"
#include "core/lookup.h"
#include "lib/freed_memory.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "lib/pins.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"

/*
 * Resolve the requested cache type for this device. On success request->cache is
 * WDMDMA_CACHE_PLATFORM, or a type that the backend must set.
 */
static int record_check_cache(const struct wdmdma_device *device, struct wdmdma_request *request)
{
	bool coherent = dev_is_dma_coherent(device->dev);

	if (request->cache == WDMDMA_CACHE_CACHED && !coherent)
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "a device that is not cache coherent has no cached memory");
	/* A device that does not snoop gets uncached memory in any case. */
	if (request->cache == WDMDMA_CACHE_CACHED || !coherent)
		request->cache = WDMDMA_CACHE_PLATFORM;
	if (request->cache != WDMDMA_CACHE_PLATFORM && !WDMDMA_CAN_UNCACHE)
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "a cache coherent device has no uncached memory here");
	return 0;
}

/*
 * Clip the request to the addresses that the adapter reaches. Return an errno, with the
 * reason in @request, if the request cannot be met.
 */
int wdmdma_record_check(const struct wdmdma_adapter *adapter, struct wdmdma_request *request)
{
	u64 boundary = wdmdma_dma_channel_boundary(adapter->dma_channel);
	u64 size = wdmdma_request_size(request);

	if (!request->len)
		return wdmdma_deny(&request->refusal, -EINVAL, "the length is 0");
	if (size < request->len)
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "the length, in whole pages, wraps round");
	if (request->boundary && !is_power_of_2(request->boundary))
		return wdmdma_deny(&request->refusal, -EINVAL, "the boundary is no power of two");
	if (request->boundary && request->boundary < request->len)
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "the boundary is smaller than the length");
	if (boundary && boundary < request->len)
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "the length is more than the DMA controller's channel moves");
	request->boundary = min_not_zero(request->boundary, boundary);
	if (!wdmdma_window_clip(&request->window, adapter->reach))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "the adapter reaches no address in that range");
	if (!wdmdma_window_fits(request->window, size))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "the length, in whole pages, does not fit into that range");
	if (size >> PAGE_SHIFT > totalram_pages())
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "the length is more than all memory");
	return record_check_cache(adapter->device, request);
}

static void record_unplace(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	struct wdmdma_device *device = wdmdma_adapter_dma(adapter);
	struct wdmdma_buffer outer;

	lockdep_assert_held(&adapter->device->sem);
	might_sleep();
	if (buffer->guarded) {
		/* A look-up may still read the record, so the bands are added to a copy. */
		outer = wdmdma_guard_with_bands(buffer);
		buffer = &outer;
	}
	device->backend->free(device, buffer);
}

/* Get the memory of a buffer from the backend, with guard bands if the verifier wants them. */
static int record_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	struct wdmdma_device *device = wdmdma_adapter_dma(adapter);

	if (wdmdma_guard_wants(adapter->device, request) &&
	    !wdmdma_guard_alloc(device, request, buffer))
		return 0;
	buffer->len = request->len;
	buffer->nr_pages = wdmdma_request_size(request) >> PAGE_SHIFT;
	return device->backend->alloc(device, request, buffer);
}

/* Get memory from the backend, and trust nothing in the result that can be verified. */
static int record_place(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	struct wdmdma_device *device = wdmdma_adapter_dma(adapter);
	int ret;

	lockdep_assert_held(&adapter->device->sem);
	if (adapter->device->dead)
		return wdmdma_deny(&request->refusal, -ESHUTDOWN,
				   wdmdma_dead_reason(adapter->device));
	buffer->len = request->len;
	buffer->nr_pages = wdmdma_request_size(request) >> PAGE_SHIFT;
	buffer->shared = request->shared;
	ret = buffer->imported ? device->backend->import(device, request, buffer) :
				 record_alloc(adapter, request, buffer);
	if (ret)
		return ret;
	if (!wdmdma_window_holds(request->window, buffer->dma, wdmdma_buffer_size(buffer)))
		request->refusal.reason = "the memory that could be had lies outside that range";
	else if (wdmdma_window_crosses(request->boundary, buffer->dma, buffer->len))
		request->refusal.reason = "the memory that could be had crosses the boundary";
	else if (!IS_ALIGNED(buffer->dma | (unsigned long)buffer->cpu,
			     request->granule ?: PAGE_SIZE))
		request->refusal.reason =
			"the memory that could be had is not aligned to large pages";
	else
		return 0;
	record_unplace(adapter, buffer);
	return -ENOMEM;
}

/* Place a record's memory, and index the record. */
int wdmdma_record_enter(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	int ret;

	lockdep_assert_held(&adapter->device->sem);
	ret = record_place(adapter, request, buffer);
	if (ret)
		return ret;
	buffer->since = jiffies;
	/* Before the insertion, because no driver can free the buffer then. */
	wdmdma_trace_alloc(adapter, buffer);
	wdmdma_history_alloc(adapter, buffer);
	ret = wdmdma_lookup_insert(&adapter->buffers, buffer);
	if (!ret)
		return 0;
	wdmdma_trace_free(adapter, buffer);
	wdmdma_history_free(adapter, buffer);
	record_unplace(adapter, buffer);
	if (ret == -EBUSY)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "there is a common buffer on this memory already");
	return wdmdma_deny(&request->refusal, ret, "out of memory");
}

/*
 * Allocate a block of vector elements. The vector keeps the record, and must give it to
 * wdmdma_block_free(). A failure is not logged. Its reason is in @request.
 */
int wdmdma_block_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer)
{
	int ret = wdmdma_record_check(adapter, request);

	lockdep_assert_held(&adapter->device->sem);
	if (ret)
		return ret;
	buffer->block = true;
	return wdmdma_record_enter(adapter, request, buffer);
}

void wdmdma_record_stop_channels(struct wdmdma_adapter *adapter,
				 const struct wdmdma_buffer *buffer, const char *call)
{
	if (adapter->device->backend->physical &&
	    wdmdma_dma_channels_leave(buffer->dma, wdmdma_buffer_size(buffer)))
		wdmdma_refuse(adapter->device, call,
			      "VA %p is mapped for the DMA controller: its channel is stopped",
			      buffer->cpu);
}

void wdmdma_block_free(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	lockdep_assert_held(&adapter->device->sem);

	wdmdma_going(buffer->cpu, buffer->len, "FreeCommonBufferVector");
	wdmdma_trace_free(adapter, buffer);
	wdmdma_guard_check(adapter, buffer, "FreeCommonBufferVector");
	wdmdma_history_free(adapter, buffer);
	wdmdma_record_stop_controllers(adapter, buffer, "FreeCommonBufferVector");
	wdmdma_lookup_erase(&adapter->buffers, buffer);
	record_unplace(adapter, buffer);
}

/*
 * Claim a buffer for its free. Only the first caller gets true, and must free the buffer. The
 * claim is made with the recycler's lock held, which a free of a recyclable page takes anyway, so
 * that it costs no atomic operation of its own. @call is the call that frees.
 */
bool wdmdma_record_claim(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer,
			 const char *call)
{
	unsigned long flags;
	bool claimed;

	raw_spin_lock_irqsave(&adapter->recycler.lock, flags);
	/* Pairs with the release of wdmdma_record_revive(). */
	claimed = !smp_load_acquire(&buffer->freeing);
	WRITE_ONCE(buffer->freeing, true);
	raw_spin_unlock_irqrestore(&adapter->recycler.lock, flags);
	if (claimed) {
		wdmdma_trace_free(adapter, buffer);
		wdmdma_guard_check(adapter, buffer, call);
		wdmdma_history_free(adapter, buffer);
	}
	return claimed;
}

/*
 * Set up a record for the driver that gets the buffer. The release store to ->freeing
 * makes the buffer live, and must stay last. It needs no lock, because the caller has the claim.
 */
void wdmdma_record_revive(struct wdmdma_buffer *buffer, size_t len, enum wdmdma_cache cache,
			  unsigned long caller)
{
	buffer->len = len;
	buffer->cache = cache;
	buffer->caller = caller;
	buffer->since = jiffies;
	if (buffer->nr_pages > 1) {
		buffer->freed_first = 0;
		buffer->freed_end = 0;
	}
	/* Pairs with the acquire of the claim, which must see the fields above. */
	smp_store_release(&buffer->freeing, false);
}

/* Release the driver's memory. The memory must not be mapped for a device any more. */
void wdmdma_imported_release(struct wdmdma_imported *imported)
{
	struct wdmdma_pages *pages = imported->buffer.pages;
	unsigned long i;

	wdmdma_owner_remove(&imported->owner);
	if (imported->pinned)
		wdmdma_pins_unuse(pages->pfn, pages->nr, imported->direction != DMA_TO_DEVICE);
	for (i = 0; imported->held && i < pages->nr; i++)
		put_page(pfn_to_page(pages->pfn[i]));
	wdmdma_pages_delete(pages);
}

/*
 * Free a buffer for good that no driver has any more. The buffer may be mapped for the
 * device, or be unmapped by core/recycle.c.
 */
void wdmdma_record_free(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	bool mapped = buffer->dma;

	lockdep_assert_held(&adapter->device->sem);
	might_sleep();

	if (!buffer->imported)
		wdmdma_going(buffer->cpu, buffer->len, "FreeCommonBuffer");
	wdmdma_lookup_erase(&adapter->buffers, buffer);
	if (mapped)
		record_unplace(adapter, buffer);
	else
		wdmdma_backing_free_pages(buffer);
	if (buffer->imported)
		wdmdma_imported_release(wdmdma_to_imported(buffer));
	kfree_rcu(buffer, rcu);
}
