// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: allocation, import and free of common buffers of every kind.
 *
 * Every Windows call that allocates a common buffer must come to wdmdma_buffer_alloc().
 * That function checks the request, asks the device's backend, verifies the result and
 * keeps the record. A recycled buffer (core/recycle.c) has passed these checks before.
 * wdmdma_buffer_import() does the same for memory that the driver owns.
 *
 * The driver's free may race with the clean-up when the adapter or the driver goes. The
 * first of the two to claim the buffer frees the buffer. Freeing cannot fail.
 */
#include <linux/dma-map-ops.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "address.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/buffer_record.h"
#include "core/core.h"
#include "core/events.h"
#include "core/fault.h"
#include "core/free_mode.h"
#include "core/history.h"
#include "core/lookup.h"
#include "core/recycle.h"
#include "core/shortage.h"
#include "core/verifier.h"
#include "core/work.h"
#include "lib/bug_check.h"
#include "lib/freed_memory.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "lib/pins.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"

/*
 * Zero a cached buffer page by page, because each architecture has its best way to clear a page.
 * Can take long, so interrupts must be on.
 */
static void buffer_clear(const struct wdmdma_buffer *buffer)
{
	size_t done, size = wdmdma_buffer_size(buffer);

	might_sleep();
	WARN_ON_ONCE(buffer->pages && buffer->pages->cache != WDMDMA_CACHE_PLATFORM);
	for (done = 0; done < size; done += PAGE_SIZE)
		clear_page(buffer->cpu + done);
}

/* Give out a recycled buffer. Return false if there is none for the request. */
static bool buffer_reuse(struct wdmdma_adapter *adapter, const struct wdmdma_request *request,
			 enum wdmdma_cache cache, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_buffer *buffer;

	down_read(&adapter->device->sem);
	buffer = wdmdma_recycle_take(adapter, request);
	if (buffer) {
		if (wdmdma_recycle_zeroes(&adapter->recycler, request->cache))
			buffer_clear(buffer);
		*cpu = buffer->cpu;
		*dma = buffer->dma;
		/* A driver may free the buffer from here on, if it only guesses the address. */
		rcu_read_lock();
		wdmdma_record_revive(buffer, request->len, cache, request->caller);
		wdmdma_trace_recycle_hit(adapter, buffer);
		rcu_read_unlock();
	}
	up_read(&adapter->device->sem);
	return !!buffer;
}

/*
 * Place and index a new record. Fill in the outputs under the sem, because the record may
 * be freed as soon as the sem is released.
 */
static int buffer_start(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer, void **cpu, dma_addr_t *dma)
{
	int ret;

	buffer->caller = request->caller;
	down_read(&adapter->device->sem);
	ret = wdmdma_record_enter(adapter, request, buffer);
	/* Recycled buffers may hold the memory or addresses that are missing. */
	if (ret == -ENOMEM && wdmdma_recycle_drain(adapter, ULONG_MAX))
		ret = wdmdma_record_enter(adapter, request, buffer);
	if (!ret) {
		*cpu = buffer->cpu;
		*dma = buffer->dma;
	}
	up_read(&adapter->device->sem);
	return ret;
}

static void buffer_refused(struct wdmdma_adapter *adapter, const struct wdmdma_request *request,
			   struct wdmdma_window asked, bool shortage)
{
	char text[WDMDMA_SHORTAGE_TEXT] = "";

	if (request->quiet)
		return;
	if (shortage)
		wdmdma_shortage_explain(adapter, request, text, sizeof(text));
	wdmdma_refuse_for(adapter->device, request->call, request->refusal.reason,
			  "%zu bytes, addresses %s to %s of %#llx to %#llx (%s): %s%s",
			  request->len, WDMDMA_SHOWN(asked.first), WDMDMA_SHOWN(asked.last),
			  adapter->reach.first, adapter->reach.last, adapter->device->backend->name,
			  request->refusal.reason, text);
}

/**
 * wdmdma_buffer_alloc() - allocate a common buffer
 * @adapter: the adapter
 * @request: the request, whose @window is clipped to the adapter's reach
 * @cpu: receives the page-aligned CPU address. New memory is zeroed, and recycled memory if
 *       wdmdma_recycle_zeroes()
 * @dma: receives the page-aligned logical address, which is within the window
 *
 * The caller gets the addresses and not the record, because an unbind may free the
 * record at any time.
 *
 * Context: may sleep.
 * Return: 0 on success. -EINVAL for a request that can never be met, -ENOMEM, -EOPNOTSUPP
 * for a request that this platform cannot meet, or -ESHUTDOWN after unbind. A failure
 * leaves the outputs unchanged, and has been logged unless @request is quiet.
 */
int wdmdma_buffer_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			void **cpu, dma_addr_t *dma)
{
	struct wdmdma_window asked = request->window;
	enum wdmdma_cache cache = request->cache;
	struct wdmdma_buffer *buffer;
	bool recyclable, shortage = false;
	int ret;

	request->refusal.reason = "out of memory";
	request->caller = wdmdma_adapter_caller(adapter, request->caller);
	ret = wdmdma_record_check(adapter, request);
	if (ret)
		goto refuse;
	if (wdmdma_fault(adapter->device, WDMDMA_FAIL_BUFFER)) {
		ret = wdmdma_deny(&request->refusal, -ENOMEM, "the verifier makes this call fail");
		goto refuse;
	}
	recyclable = wdmdma_recycle_allows(adapter, request);
	if (recyclable) {
		if (buffer_reuse(adapter, request, cache, cpu, dma))
			return 0;
		wdmdma_trace_recycle_miss(adapter, request);
	}
	buffer = kzalloc(sizeof(*buffer), WDMDMA_GFP);
	if (!buffer) {
		ret = -ENOMEM;
		goto refuse;
	}
	/* Note the type that the driver asked for, not the resolved one. The free repeats it. */
	buffer->cache = cache;
	buffer->recyclable = recyclable;
	request->own_backing = recyclable &&
			       READ_ONCE(adapter->recycler.mode) == WDMDMA_RECYCLE_UNMAPPED;
	ret = buffer_start(adapter, request, buffer, cpu, dma);
	if (!ret)
		return 0;
	kfree_rcu(buffer, rcu);
	shortage = ret == -ENOMEM;
refuse:
	buffer_refused(adapter, request, asked, shortage);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_alloc);

static struct wdmdma_imported *buffer_new_imported(const struct wdmdma_request *request,
						   const struct wdmdma_import *import)
{
	unsigned long i, nr = request->len >> PAGE_SHIFT;
	struct wdmdma_imported *imported = kzalloc(sizeof(*imported), WDMDMA_GFP);
	struct wdmdma_pages *pages;

	if (!imported)
		return NULL;
	pages = wdmdma_pages_new(nr, WDMDMA_GFP);
	if (!pages)
		goto free;
	if (wdmdma_owner_add(&imported->owner, import->owner))
		goto delete_pages;
	if (import->pinned && wdmdma_pins_use(import->pfn, nr))
		goto remove_owner;
	for (i = 0; i < nr; i++) {
		pages->pfn[i] = import->pfn[i];
		if (import->hold)
			get_page(pfn_to_page(pages->pfn[i]));
	}

	imported->buffer.imported = true;
	imported->buffer.cpu = import->cpu;
	imported->buffer.pages = pages;
	imported->owner_cpu = import->owner_cpu;
	imported->owner_len = import->owner_len;
	imported->direction = import->direction;
	imported->held = import->hold;
	imported->pinned = import->pinned;
	return imported;

remove_owner:
	wdmdma_owner_remove(&imported->owner);
delete_pages:
	wdmdma_pages_delete(pages);
free:
	/* A look-up may have found the owner. */
	kfree_rcu(&imported->buffer, rcu);
	return NULL;
}

/**
 * wdmdma_buffer_import() - make memory of the driver's own a common buffer
 * @adapter: the adapter
 * @request: the request, which must be for whole pages. Cache type and node are ignored
 * @import: the memory
 * @dma: receives the logical address
 *
 * The memory is never read or written here.
 *
 * Context: may sleep.
 * Return: 0 on success. -EINVAL for memory that can never be a common buffer of this
 * adapter, or already is in use as one. -EOPNOTSUPP, -ENOMEM or -ESHUTDOWN as for
 * wdmdma_buffer_alloc(). A failure has been logged.
 */
int wdmdma_buffer_import(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			 const struct wdmdma_import *import, dma_addr_t *dma)
{
	struct wdmdma_window asked = request->window;
	struct wdmdma_imported *imported;
	void *cpu;
	int ret;

	request->refusal.reason = "out of memory";
	ret = wdmdma_record_check(adapter, request);
	if (ret)
		goto refuse;
	if (!dev_is_dma_coherent(adapter->device->dev)) {
		ret = wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				  "the device is not cache coherent with memory of the driver's own");
		goto refuse;
	}

	imported = buffer_new_imported(request, import);
	if (!imported) {
		ret = -ENOMEM;
		goto refuse;
	}
	ret = buffer_start(adapter, request, &imported->buffer, &cpu, dma);
	if (!ret)
		return 0;
	wdmdma_imported_release(imported);
	kfree_rcu(&imported->buffer, rcu);
refuse:
	buffer_refused(adapter, request, asked, false);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_import);

/* Recycle or free a buffer that the caller claimed for the driver's call. */
static void buffer_release(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer,
			   const char *call)
{
	lockdep_assert_held(&adapter->device->sem);
	wdmdma_record_stop_controllers(adapter, buffer, call);
	if (!wdmdma_recycle_put(adapter, buffer))
		wdmdma_record_free(adapter, buffer);
}

/*
 * Return true if @cpu names the buffer. For a buffer on a part of the driver's memory, the
 * driver may also pass the address and the length of all the memory.
 */
static bool buffer_has_address(struct wdmdma_buffer *buffer, void *cpu)
{
	return buffer->cpu == cpu ||
	       (buffer->imported && wdmdma_to_imported(buffer)->owner_cpu == cpu);
}

static bool buffer_has_length(struct wdmdma_buffer *buffer, size_t len)
{
	return buffer->len == len ||
	       (buffer->imported && wdmdma_to_imported(buffer)->owner_len == len);
}

/*
 * Find the live buffer that @args may name. Try the logical address first, because only
 * the logical address tells apart buffers on parts of the same memory. The caller must
 * hold rcu_read_lock().
 */
static struct wdmdma_buffer *buffer_find(struct wdmdma_adapter *adapter,
					 const struct wdmdma_free_args *args)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_by_dma(&adapter->buffers, args->dma);

	if (!buffer || !buffer_has_address(buffer, args->cpu))
		buffer = wdmdma_lookup_by_cpu(&adapter->buffers, args->cpu);
	return buffer && !READ_ONCE(buffer->freeing) ? buffer : NULL;
}

/* Return 0 if @args name this buffer, or -EINVAL. */
static int buffer_check_args(struct wdmdma_buffer *buffer, const struct wdmdma_free_args *args,
			     struct wdmdma_refusal *refusal)
{
	if (buffer && buffer->block)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "an element of a vector: FreeCommonBufferFromVector frees it");
	if (!buffer || !buffer_has_address(buffer, args->cpu))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x03),
				       "the virtual address is not that of a live common buffer of this adapter");
	if (args->has_dma && buffer->dma != args->dma)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "the logical address is not the one returned with the virtual address");
	if (!buffer_has_length(buffer, args->len))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "the length is not the one allocated");
	if (args->has_cache && buffer->cache == WDMDMA_CACHE_PLATFORM)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "the buffer is not from the call that this one frees for");
	if (args->has_cache && buffer->cache != args->cache)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "the cache type is not the one allocated");
	return 0;
}

/*
 * Claim the named buffer for freeing. Return 0 or -EINVAL. @claimed receives the buffer, or NULL on
 * failure, and NULL also if the driver named a part of the buffer, which was noted.
 */
static int buffer_claim(struct wdmdma_adapter *adapter, const struct wdmdma_free_args *args,
			struct wdmdma_buffer **claimed, struct wdmdma_refusal *refusal)
{
	struct wdmdma_buffer *buffer;
	bool whole = true;
	int ret;

	*claimed = NULL;
	rcu_read_lock();
	buffer = buffer_find(adapter, args);
	ret = buffer_check_args(buffer, args, refusal);
	if (ret && buffer && wdmdma_free_mode_is_tolerant())
		ret = wdmdma_free_mode_tolerate(buffer, args, &whole, refusal);
	if (!ret && whole && !wdmdma_record_claim(adapter, buffer, args->call))
		ret = wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x03),
				      "the buffer is being freed already");
	rcu_read_unlock();
	if (ret || !whole)
		return ret;
	if (!buffer->imported)
		wdmdma_going(buffer->cpu, buffer->len, args->call);
	*claimed = buffer;
	return 0;
}

/**
 * wdmdma_buffer_free_by_args() - free a common buffer
 * @adapter: the adapter that the buffer was allocated from
 * @args: what the driver says about the buffer
 *
 * Arguments that do not name exactly one live buffer are logged and free nothing. In
 * tolerant mode the arguments may be less exact, see core/free_mode.c.
 *
 * Context: any. In atomic context a work item frees the buffer a little later.
 * Return: 0, or -EINVAL if the free was refused.
 */
int wdmdma_buffer_free_by_args(struct wdmdma_adapter *adapter, const struct wdmdma_free_args *args)
{
	struct wdmdma_device *device = adapter->device;
	struct wdmdma_refusal refusal;
	struct wdmdma_buffer *buffer;
	int ret;

	if (wdmdma_at_dispatch()) {
		rcu_read_lock();
		ret = buffer_claim(adapter, args, &buffer, &refusal);
		if (buffer) {
			llist_add(&buffer->deferred, &adapter->deferred);
			queue_work(wdmdma_workqueue, &adapter->drain);
		}
		rcu_read_unlock();
	} else {
		down_read(&device->sem);
		ret = buffer_claim(adapter, args, &buffer, &refusal);
		if (buffer)
			buffer_release(adapter, buffer, args->call);
		up_read(&device->sem);
	}
	if (!ret)
		return 0;
	wdmdma_history_show(adapter, args->cpu);
	wdmdma_refuse_bug_for(device, args->call, refusal.bug, refusal.reason,
			      "VA %p, LA %s, %zu bytes: %s; nothing is freed", args->cpu,
			      WDMDMA_SHOWN(args->dma), args->len, refusal.reason);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_free_by_args);

/* Free a common buffer for a call that passes a logical address, but no cache type. */
int wdmdma_buffer_free(struct wdmdma_adapter *adapter, const char *call, void *cpu,
		       dma_addr_t dma, size_t len)
{
	struct wdmdma_free_args args = {
		.call = call,
		.cpu = cpu,
		.len = len,
		.dma = dma,
		.has_dma = true,
	};

	return wdmdma_buffer_free_by_args(adapter, &args);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_free);

/* Free the buffers whose free was deferred in atomic context. */
void wdmdma_buffer_free_deferred(struct wdmdma_adapter *adapter)
{
	struct wdmdma_buffer *buffer, *next;

	lockdep_assert_held(&adapter->device->sem);
	llist_for_each_entry_safe(buffer, next, llist_del_all(&adapter->deferred), deferred)
		buffer_release(adapter, buffer, "FreeCommonBuffer");
}

/*
 * Release the freed buffers that the backend still holds. A buffer must not outlive its
 * adapter, not even unused, so each adapter that goes empties the backend, once it has freed its
 * own buffers.
 */
static void buffer_forget_kept(struct wdmdma_device *device)
{
	if (device->backend->forget)
		device->backend->forget(device);
}

/*
 * Free every buffer of an adapter that goes away, and report and count the buffers that its driver
 * did not free. The caller must hold the device's sem for writing, so that no allocation
 * and no free is in progress, except a free in atomic context.
 */
void wdmdma_buffer_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks)
{
	struct device *dev = adapter->device->dev;
	struct wdmdma_buffer *buffer, *next;
	const char *when = leaks->when;

	lockdep_assert_held_write(&adapter->device->sem);

	wdmdma_recycle_close(adapter);
	list_for_each_entry_safe(buffer, next, &adapter->buffers.records, node) {
		if (!wdmdma_record_claim(adapter, buffer, when))
			continue;
		wdmdma_history_show(adapter, buffer->cpu);
		if (wdmdma_leak_is_shown(&leaks->buffers))
			dev_warn(dev, "%s: not freed: VA %p, LA %#llx, %zu bytes, allocated at %s\n",
				 when, buffer->cpu, (u64)buffer->dma, buffer->len,
				 WDMDMA_FUNCTION(buffer->caller));
		wdmdma_verifier_report(adapter->device, when, WDMDMA_DMA_CODE(0x07));
		leaks->bytes += wdmdma_buffer_size(buffer);
		wdmdma_record_stop_controllers(adapter, buffer, when);
		wdmdma_record_free(adapter, buffer);
	}

	/* The records that remain were claimed in atomic context. Wait until all are deferred. */
	if (!list_empty(&adapter->buffers.records))
		synchronize_rcu();
	wdmdma_buffer_free_deferred(adapter);
	buffer_forget_kept(adapter->device);
	buffer_forget_kept(wdmdma_adapter_dma(adapter));
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_free_all);
