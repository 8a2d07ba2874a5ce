// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: the one way in and the one way out for common buffers of every kind.
 *
 * Whatever the Windows call, wdmdma_buffer_alloc() checks the request, asks the
 * device's backend, verifies what came back and keeps the record; so no entry
 * point can forget one of these. wdmdma_buffer_adopt() does the same for memory
 * that the driver owns. A buffer is freed by whoever sets its freeing
 * bit first: the driver's call, or the clean-up when the adapter or the driver
 * goes. Freeing allocates nothing and cannot fail.
 */
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "core.h"

#define WDMDMA_FREEING		0	/* bit of wdmdma_buffer.freeing */
#define WDMDMA_LEAKS_SHOWN	8	/* buffers listed one by one when left over */

static unsigned long buffer_index(const void *cpu)
{
	return (unsigned long)cpu >> PAGE_SHIFT;
}

/* What the cache type means for this device: afterwards it is the platform's, or one to set. */
static int buffer_check_cache(const struct wdmdma_device *device, struct wdmdma_request *request)
{
	bool coherent = dev_is_dma_coherent(device->dev);

	if (request->cache == WDMDMA_CACHE_CACHED && !coherent) {
		request->why = "a device that is not cache coherent has no cached memory";
		return -EOPNOTSUPP;
	}
	/* A device that does not snoop gets uncached memory in any case. */
	if (request->cache == WDMDMA_CACHE_CACHED || !coherent)
		request->cache = WDMDMA_CACHE_PLATFORM;
	if (request->cache != WDMDMA_CACHE_PLATFORM && !WDMDMA_CAN_UNCACHE) {
		request->why = "a cache coherent device has no uncached memory here";
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Narrow the request to what the adapter can reach; refuse what cannot be met. */
static int buffer_check(const struct wdmdma_adapter *adapter, struct wdmdma_request *request)
{
	u64 size = wdmdma_request_size(request);

	if (!size) {
		request->why = "the length is 0";
		return -EINVAL;
	}
	if (!wdmdma_window_clip(&request->window, adapter->reach)) {
		request->why = "the adapter reaches no address in that range";
		return -EINVAL;
	}
	if (!wdmdma_window_fits(request->window, size)) {
		request->why = "the length, in whole pages, does not fit into that range";
		return -EINVAL;
	}
	if (size >> PAGE_SHIFT > totalram_pages()) {
		request->why = "the length is more than all memory";
		return -ENOMEM;
	}
	return buffer_check_cache(adapter->device, request);
}

/* Ask the backend, and believe nothing that can be verified. */
static int buffer_place(struct wdmdma_device *device, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	int ret;

	if (device->dead) {
		request->why = "the driver is unbound from the device";
		return -ESHUTDOWN;
	}
	buffer->len = request->len;
	buffer->size = wdmdma_request_size(request);
	ret = buffer->adopted ? device->backend->adopt(device, request, buffer) :
				device->backend->alloc(device, request, buffer);
	if (ret)
		return ret;
	if (!wdmdma_window_holds(request->window, buffer->dma, buffer->size))
		request->why = "the memory that could be had lies outside that range";
	else if (!IS_ALIGNED(buffer->dma | (unsigned long)buffer->cpu,
			     request->granule ?: PAGE_SIZE))
		request->why = "the memory that could be had is not aligned to large pages";
	else
		return 0;
	device->backend->free(device, buffer);
	return -ENOMEM;
}

/*
 * A block that is not in the adapter's table, for elements that are not freed one by
 * one. Both under the device's sem; a failure is not reported, its reason is in
 * @request.
 */
int wdmdma_block_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer)
{
	int ret = buffer_check(adapter, request);

	if (ret)
		return ret;
	return buffer_place(adapter->device, request, buffer);
}

void wdmdma_block_free(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	adapter->device->backend->free(adapter->device, buffer);
}

/* Place a new record and enter it in the adapter's table. Fills in the outputs. */
static int buffer_enter(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_device *device = adapter->device;
	int ret;

	buffer->caller = request->caller;

	down_read(&device->sem);
	ret = buffer_place(device, request, buffer);
	if (ret)
		goto unlock;
	ret = xa_insert(&adapter->buffers, buffer_index(buffer->cpu), buffer, GFP_KERNEL);
	if (ret)
		goto free_memory;
	*cpu = buffer->cpu;
	*dma = buffer->dma;
	up_read(&device->sem);
	return 0;

free_memory:
	device->backend->free(device, buffer);
	if (ret == -EBUSY) {
		request->why = "there is a common buffer on this memory already";
		ret = -EINVAL;
	}
unlock:
	up_read(&device->sem);
	return ret;
}

static void buffer_refused(struct wdmdma_adapter *adapter, const struct wdmdma_request *request,
			   struct wdmdma_window asked)
{
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
 * reported, and the outputs are unchanged.
 */
int wdmdma_buffer_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			void **cpu, dma_addr_t *dma)
{
	struct wdmdma_window asked = request->window;
	struct wdmdma_buffer *buffer;
	int ret;

	request->why = "out of memory";
	ret = buffer_check(adapter, request);
	if (ret)
		goto refuse;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer) {
		ret = -ENOMEM;
		goto refuse;
	}
	ret = buffer_enter(adapter, request, buffer, cpu, dma);
	if (!ret)
		return 0;
	kfree(buffer);
refuse:
	buffer_refused(adapter, request, asked);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_alloc);

/* Let go of the driver's memory: no device can reach it any more. */
static void buffer_disown(struct wdmdma_adopted *adopted)
{
	struct wdmdma_pages *pages = adopted->buffer.pages;
	unsigned long i;

	wdmdma_handle_retire(&adopted->owner);
	for (i = 0; adopted->held && i < pages->nr; i++)
		put_page(pfn_to_page(pages->pfn[i]));
	wdmdma_pages_delete(pages);
}

static struct wdmdma_adopted *buffer_new_adopted(const struct wdmdma_request *request,
						 const struct wdmdma_adoption *adoption)
{
	unsigned long i, nr = request->len >> PAGE_SHIFT;
	struct wdmdma_adopted *adopted = kzalloc(sizeof(*adopted), GFP_KERNEL);
	struct wdmdma_pages *pages;

	if (!adopted)
		return NULL;
	pages = wdmdma_pages_new(nr, GFP_KERNEL);
	if (!pages) {
		kfree(adopted);
		return NULL;
	}
	for (i = 0; i < nr; i++) {
		pages->pfn[i] = adoption->pfn[i];
		if (adoption->hold)
			get_page(pfn_to_page(pages->pfn[i]));
	}

	adopted->buffer.adopted = true;
	adopted->buffer.cpu = adoption->cpu;
	adopted->buffer.pages = pages;
	adopted->owner_cpu = adoption->owner_cpu;
	adopted->owner_len = adoption->owner_len;
	adopted->direction = adoption->direction;
	adopted->held = adoption->hold;
	wdmdma_handle_publish(&adopted->owner, adoption->owner_type, adoption->owner);
	return adopted;
}

/**
 * wdmdma_buffer_adopt() - make memory of the driver's own a common buffer
 * @adapter: the adapter
 * @request: what was asked for: whole pages; cache type and node do not count
 * @adoption: the memory
 * @dma: receives the logical address
 *
 * The memory is never touched.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for memory that can never be used, or is in use, as a common
 * buffer of this adapter; -EOPNOTSUPP, -ENOMEM, -ESHUTDOWN as for
 * wdmdma_buffer_alloc(). A failure has been reported.
 */
int wdmdma_buffer_adopt(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			const struct wdmdma_adoption *adoption, dma_addr_t *dma)
{
	struct wdmdma_window asked = request->window;
	struct wdmdma_adopted *adopted;
	void *cpu;
	int ret;

	request->why = "out of memory";
	ret = buffer_check(adapter, request);
	if (ret)
		goto refuse;
	if (!dev_is_dma_coherent(adapter->device->dev)) {
		request->why = "the device is not cache coherent with memory of the driver's own";
		ret = -EOPNOTSUPP;
		goto refuse;
	}

	adopted = buffer_new_adopted(request, adoption);
	if (!adopted) {
		ret = -ENOMEM;
		goto refuse;
	}
	ret = buffer_enter(adapter, request, &adopted->buffer, &cpu, dma);
	if (!ret)
		return 0;
	buffer_disown(adopted);
	kfree_rcu(&adopted->buffer, rcu);
refuse:
	buffer_refused(adapter, request, asked);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_adopt);

/* Free a buffer that the caller claimed. Under the device's sem, for reading at least. */
static void buffer_release(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	lockdep_assert_held(&adapter->device->sem);

	xa_erase(&adapter->buffers, buffer_index(buffer->cpu));
	adapter->device->backend->free(adapter->device, buffer);
	if (buffer->adopted)
		buffer_disown(wdmdma_to_adopted(buffer));
	kfree_rcu(buffer, rcu);
}

/*
 * The buffer at this address. A buffer on a part of the driver's memory may also
 * be named by the address of the whole; the logical address then tells which.
 */
static struct wdmdma_buffer *buffer_find(struct wdmdma_adapter *adapter, void *cpu, dma_addr_t dma)
{
	struct wdmdma_buffer *exact = xa_load(&adapter->buffers, buffer_index(cpu)), *buffer;
	unsigned long index;

	if (exact && exact->cpu == cpu && exact->dma == dma)
		return exact;
	xa_for_each(&adapter->buffers, index, buffer)
		if (buffer->adopted && buffer->dma == dma &&
		    wdmdma_to_adopted(buffer)->owner_cpu == cpu)
			return buffer;
	return exact && exact->cpu == cpu ? exact : NULL;
}

static bool buffer_has_length(struct wdmdma_buffer *buffer, size_t len)
{
	return buffer->len == len ||
	       (buffer->adopted && wdmdma_to_adopted(buffer)->owner_len == len);
}

/*
 * The buffer that these arguments name, now claimed for freeing; or NULL and
 * the reason. The caller holds the RCU read lock or the device's sem.
 */
static struct wdmdma_buffer *buffer_claim(struct wdmdma_adapter *adapter, void *cpu,
					  dma_addr_t dma, size_t len, const char **why)
{
	struct wdmdma_buffer *buffer = buffer_find(adapter, cpu, dma);

	if (!buffer)
		*why = "the virtual address is not that of a live common buffer of this adapter";
	else if (buffer->dma != dma)
		*why = "the logical address is not the one returned with the virtual address";
	else if (!buffer_has_length(buffer, len))
		*why = "the length is not the one allocated";
	else if (test_and_set_bit(WDMDMA_FREEING, &buffer->freeing))
		*why = "the buffer is being freed already";
	else
		return buffer;
	return NULL;
}

/**
 * wdmdma_buffer_free() - free a common buffer
 * @adapter: the adapter it was allocated from
 * @call: the Windows call, for messages
 * @cpu: its virtual address
 * @dma: its logical address
 * @len: its length as asked for
 *
 * Arguments that do not name exactly one live buffer are reported and free
 * nothing.
 *
 * Context: any. In atomic context the buffer is freed a little later, from a
 * work item.
 * Return: 0, or -EINVAL when nothing was freed.
 */
int wdmdma_buffer_free(struct wdmdma_adapter *adapter, const char *call, void *cpu,
		       dma_addr_t dma, size_t len)
{
	struct wdmdma_device *device = adapter->device;
	struct wdmdma_buffer *buffer;
	const char *why;

	if (wdmdma_at_dispatch()) {
		rcu_read_lock();
		buffer = buffer_claim(adapter, cpu, dma, len, &why);
		if (buffer) {
			llist_add(&buffer->deferred, &adapter->deferred);
			queue_work(wdmdma_workqueue, &adapter->drain);
		}
		rcu_read_unlock();
	} else {
		down_read(&device->sem);
		buffer = buffer_claim(adapter, cpu, dma, len, &why);
		if (buffer)
			buffer_release(adapter, buffer);
		up_read(&device->sem);
	}
	if (buffer)
		return 0;

	wdmdma_refuse(device, call, "VA %p, LA %#llx, %zu bytes: %s; nothing is freed",
		      cpu, (u64)dma, len, why);
	return -EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_free);

/* Free what was put off in atomic context. Under the device's sem. */
void wdmdma_buffer_free_deferred(struct wdmdma_adapter *adapter)
{
	struct wdmdma_buffer *buffer, *next;

	llist_for_each_entry_safe(buffer, next, llist_del_all(&adapter->deferred), deferred)
		buffer_release(adapter, buffer);
}

/*
 * Free every buffer of an adapter that goes away, and report those that its
 * driver did not free. Under the device's sem for writing, so that nobody is in
 * the middle of an allocation or a free, except for a free in atomic context.
 */
void wdmdma_buffer_free_all(struct wdmdma_adapter *adapter, const char *when)
{
	struct device *dev = adapter->device->dev;
	struct wdmdma_buffer *buffer;
	unsigned long index;
	unsigned int left = 0;
	size_t bytes = 0;

	lockdep_assert_held_write(&adapter->device->sem);

	xa_for_each(&adapter->buffers, index, buffer) {
		if (test_and_set_bit(WDMDMA_FREEING, &buffer->freeing))
			continue;
		if (left++ < WDMDMA_LEAKS_SHOWN)
			dev_warn(dev, "%s: not freed: VA %p, LA %#llx, %zu bytes, allocated at %pS\n",
				 when, buffer->cpu, (u64)buffer->dma, buffer->len,
				 (void *)buffer->caller);
		bytes += buffer->size;
		buffer_release(adapter, buffer);
	}
	if (left)
		dev_warn(dev, "%s: %u common buffers were left, %zu bytes: freed now\n",
			 when, left, bytes);

	/* What is still there was claimed in atomic context and is about to be put off. */
	if (!xa_empty(&adapter->buffers))
		synchronize_rcu();
	wdmdma_buffer_free_deferred(adapter);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_buffer_free_all);
