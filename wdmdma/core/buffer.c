// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: the one way in and the one way out for common buffers of every kind.
 *
 * Every Windows call comes to wdmdma_buffer_alloc(), which checks the request, asks the
 * device's backend, verifies what came back and keeps the record. A recycled buffer
 * (core/recycle.c) has been through this before. wdmdma_buffer_import() does the same for
 * memory that the driver owns. Whoever sets the buffer's freeing bit first frees it: the
 * driver's call, or the clean-up when the adapter or the driver goes. Freeing cannot fail.
 */
#include <linux/dma-map-ops.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/buffer_record.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/free_mode.h"
#include "core/lookup.h"
#include "core/recycle.h"
#include "core/work.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "lib/pins.h"
#include "lib/window.h"
#include "objects.h"

/* Page by page: the architecture knows best how. */
static void buffer_clear(const struct wdmdma_buffer *buffer)
{
	size_t done;

	for (done = 0; done < buffer->size; done += PAGE_SIZE)
		clear_page(buffer->cpu + done);
}

/* A kept buffer, if there is one for the request. */
static bool buffer_reuse(struct wdmdma_adapter *adapter, const struct wdmdma_request *request,
			 enum wdmdma_cache cache, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_buffer *buffer;

	down_read(&adapter->device->sem);
	buffer = wdmdma_recycle_take(adapter, request);
	if (buffer) {
		buffer_clear(buffer);
		*cpu = buffer->cpu;
		*dma = buffer->dma;
		wdmdma_record_revive(buffer, request->len, cache, request->caller);
	}
	up_read(&adapter->device->sem);
	return buffer != NULL;
}

/* Enter a record of its own. Fills in the outputs, as the record may go at once. */
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
			   struct wdmdma_window asked)
{
	if (request->quiet)
		return;
	wdmdma_refuse(adapter->device, request->call,
		      "%zu bytes, addresses %#llx to %#llx of %#llx to %#llx (%s): %s",
		      request->len, asked.first, asked.last, adapter->reach.first,
		      adapter->reach.last, adapter->device->backend->name, request->why);
}

/**
 * wdmdma_buffer_alloc() - allocate a common buffer
 * @adapter: the adapter
 * @request: what was asked for; @window is narrowed to the adapter's reach
 * @cpu: receives the address for the CPU: page aligned, zeroed memory
 * @dma: receives the logical address: page aligned, within the window
 *
 * The addresses, not the record, are returned: it may go at any time, when the
 * driver is unbound.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for a request that can never be met, -ENOMEM, -EOPNOTSUPP
 * for what this platform cannot do, -ESHUTDOWN after unbind. A failure has been
 * reported, if @request does not say otherwise; the outputs are unchanged then.
 */
int wdmdma_buffer_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			void **cpu, dma_addr_t *dma)
{
	struct wdmdma_window asked = request->window;
	enum wdmdma_cache cache = request->cache;
	struct wdmdma_buffer *buffer;
	bool recyclable;
	int ret;

	request->why = "out of memory";
	ret = wdmdma_record_check(adapter, request);
	if (ret)
		goto refuse;
	recyclable = wdmdma_recycle_allows(adapter, request);
	if (recyclable && buffer_reuse(adapter, request, cache, cpu, dma))
		return 0;

	buffer = kzalloc(sizeof(*buffer), WDMDMA_GFP);
	if (!buffer) {
		ret = -ENOMEM;
		goto refuse;
	}
	/* As the driver knows it, and not what it came to mean for the device. */
	buffer->cache = cache;
	buffer->recyclable = recyclable;
	request->own_backing = recyclable &&
			       READ_ONCE(adapter->recycler.mode) == WDMDMA_RECYCLE_UNMAPPED;
	ret = buffer_start(adapter, request, buffer, cpu, dma);
	if (!ret)
		return 0;
	kfree_rcu(buffer, rcu);
refuse:
	buffer_refused(adapter, request, asked);
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
	if (!pages || (import->pinned && wdmdma_pins_use(import->pfn, nr))) {
		wdmdma_pages_delete(pages);
		kfree(imported);
		return NULL;
	}
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
	wdmdma_handle_publish(&imported->owner, import->owner_type, import->owner);
	return imported;
}

/**
 * wdmdma_buffer_import() - make memory of the driver's own a common buffer
 * @adapter: the adapter
 * @request: what was asked for: whole pages; cache type and node do not count
 * @import: the memory
 * @dma: receives the logical address
 *
 * The memory is never touched.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for memory that can never be used, or is in use, as a common
 * buffer of this adapter; -EOPNOTSUPP, -ENOMEM, -ESHUTDOWN as for
 * wdmdma_buffer_alloc(). A failure has been reported.
 */
int wdmdma_buffer_import(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			 const struct wdmdma_import *import, dma_addr_t *dma)
{
	struct wdmdma_window asked = request->window;
	struct wdmdma_imported *imported;
	void *cpu;
	int ret;

	request->why = "out of memory";
	ret = wdmdma_record_check(adapter, request);
	if (ret)
		goto refuse;
	if (!dev_is_dma_coherent(adapter->device->dev)) {
		request->why = "the device is not cache coherent with memory of the driver's own";
		ret = -EOPNOTSUPP;
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
	wdmdma_record_disown(imported);
	kfree_rcu(&imported->buffer, rcu);
refuse:
	buffer_refused(adapter, request, asked);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_import);

/* Free a buffer that the caller claimed. */
static void buffer_release(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	lockdep_assert_held(&adapter->device->sem);
	if (!wdmdma_recycle_put(adapter, buffer))
		wdmdma_record_discard(adapter, buffer);
}

/* A buffer on a part of the driver's memory may also be named by the address of the whole. */
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

/* The logical address tells parts of one memory apart. Under the RCU read lock. */
static struct wdmdma_buffer *buffer_find(struct wdmdma_adapter *adapter,
					 const struct wdmdma_free_args *args)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_by_dma(&adapter->buffers, args->dma);

	if (!buffer || !buffer_has_address(buffer, args->cpu))
		buffer = wdmdma_lookup_by_cpu(&adapter->buffers, args->cpu);
	return buffer && !atomic_read(&buffer->freeing) ? buffer : NULL;
}

/* Why this is not the buffer that was named; NULL if it is. */
static const char *buffer_mismatch(struct wdmdma_buffer *buffer,
				   const struct wdmdma_free_args *args)
{
	if (buffer && buffer->block)
		return "an element of a vector: FreeCommonBufferFromVector frees it";
	if (!buffer || !buffer_has_address(buffer, args->cpu))
		return "the virtual address is not that of a live common buffer of this adapter";
	if (args->has_dma && buffer->dma != args->dma)
		return "the logical address is not the one returned with the virtual address";
	if (!buffer_has_length(buffer, args->len))
		return "the length is not the one allocated";
	if (args->has_cache && buffer->cache == WDMDMA_CACHE_PLATFORM)
		return "the buffer is not from the call that this one frees for";
	if (args->has_cache && buffer->cache != args->cache)
		return "the cache type is not the one allocated";
	return NULL;
}

/* A DMA controller does not go on in what is freed: it may be somebody else's soon. */
static void buffer_stop_controller(struct wdmdma_adapter *adapter, const char *call,
				   const struct wdmdma_buffer *buffer)
{
	if (wdmdma_dma_channel_leave(adapter->dma_channel, buffer->dma, buffer->size))
		wdmdma_refuse(adapter->device, call,
			      "VA %p is mapped for the DMA controller: its channel is stopped",
			      buffer->cpu);
}

/*
 * The buffer that was named, now claimed for freeing; or NULL and the reason; or
 * NULL and no reason: a part was named, and that was noted.
 */
static struct wdmdma_buffer *buffer_claim(struct wdmdma_adapter *adapter,
					  const struct wdmdma_free_args *args, const char **why)
{
	struct wdmdma_buffer *buffer;
	bool whole = true;

	rcu_read_lock();
	buffer = buffer_find(adapter, args);
	*why = buffer_mismatch(buffer, args);
	if (*why && buffer && wdmdma_free_mode_is_tolerant())
		*why = wdmdma_free_mode_tolerate(buffer, args, &whole);
	if (!*why && whole && atomic_xchg(&buffer->freeing, 1))
		*why = "the buffer is being freed already";
	rcu_read_unlock();
	if (*why || !whole)
		return NULL;
	if (unlikely(adapter->dma_channel))
		buffer_stop_controller(adapter, args->call, buffer);
	return buffer;
}

/**
 * wdmdma_buffer_free_by_args() - free a common buffer
 * @adapter: the adapter it was allocated from
 * @args: what the driver says of it
 *
 * Arguments that do not name exactly one live buffer are reported and free
 * nothing. In tolerant mode they may name it less exactly, see core/free_mode.c.
 *
 * Context: any. In atomic context the buffer is freed a little later, from a
 * work item.
 * Return: 0, or -EINVAL when nothing was freed.
 */
int wdmdma_buffer_free_by_args(struct wdmdma_adapter *adapter, const struct wdmdma_free_args *args)
{
	struct wdmdma_device *device = adapter->device;
	struct wdmdma_buffer *buffer;
	const char *why;

	if (wdmdma_at_dispatch()) {
		rcu_read_lock();
		buffer = buffer_claim(adapter, args, &why);
		if (buffer) {
			llist_add(&buffer->deferred, &adapter->deferred);
			queue_work(wdmdma_workqueue, &adapter->drain);
		}
		rcu_read_unlock();
	} else {
		down_read(&device->sem);
		buffer = buffer_claim(adapter, args, &why);
		if (buffer)
			buffer_release(adapter, buffer);
		up_read(&device->sem);
	}
	if (!why)
		return 0;

	wdmdma_refuse(device, args->call, "VA %p, LA %#llx, %zu bytes: %s; nothing is freed",
		      args->cpu, (u64)args->dma, args->len, why);
	return -EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_free_by_args);

/* The same for calls that say where the buffer is for the device, and not how it is cached. */
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

/* Free what was put off in atomic context. */
void wdmdma_buffer_free_deferred(struct wdmdma_adapter *adapter)
{
	struct wdmdma_buffer *buffer, *next;

	lockdep_assert_held(&adapter->device->sem);
	llist_for_each_entry_safe(buffer, next, llist_del_all(&adapter->deferred), deferred)
		buffer_release(adapter, buffer);
}

/* No buffer outlives its adapter, not even unused: the backend's last ones go with each. */
static void buffer_forget_kept(struct wdmdma_device *device)
{
	if (device->backend->forget)
		device->backend->forget(device);
}

/*
 * Free every buffer of an adapter that goes away, and report those that its
 * driver did not free. Under the device's sem for writing, so that nobody is in
 * the middle of an allocation or a free, except for a free in atomic context.
 */
void wdmdma_buffer_free_all(struct wdmdma_adapter *adapter, const char *when)
{
	struct device *dev = adapter->device->dev;
	struct wdmdma_buffer *buffer, *next;
	unsigned int left = 0;
	size_t bytes = 0;

	lockdep_assert_held_write(&adapter->device->sem);

	wdmdma_recycle_close(adapter);
	buffer_forget_kept(adapter->device);
	buffer_forget_kept(wdmdma_adapter_dma(adapter));
	list_for_each_entry_safe(buffer, next, &adapter->buffers.records, node) {
		if (atomic_xchg(&buffer->freeing, 1))
			continue;
		if (left++ < WDMDMA_LEAKS_SHOWN)
			dev_warn(dev, "%s: not freed: VA %p, LA %#llx, %zu bytes, allocated at %pS\n",
				 when, buffer->cpu, (u64)buffer->dma, buffer->len,
				 (void *)buffer->caller);
		bytes += buffer->size;
		wdmdma_record_discard(adapter, buffer);
	}
	if (left)
		dev_warn(dev, "%s: %u common buffers were left, %zu bytes: freed now\n",
			 when, left, bytes);

	/* What is still there was claimed in atomic context and is about to be put off. */
	if (!list_empty(&adapter->buffers.records))
		synchronize_rcu();
	wdmdma_buffer_free_deferred(adapter);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_free_all);
