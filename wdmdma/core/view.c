// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the module's objects while drivers use them, for debugfs.
 *
 * A reader must not keep a driver from anything. It takes no reference to an adapter, because the
 * last reference tears an adapter down, and PutDmaAdapter must do that before it returns. It holds
 * the device's sem at no time. The memory of an adapter stays for a read section of lib/reader.h
 * instead. The reader also holds a reference to the device, which an adapter has for longer than a
 * driver can find the adapter.
 *
 * The index of buffers is walked as a look-up does it, in short RCU read sections. Transfers are in
 * tables that only a spinlock protects, so what is shown of them is copied, one bucket at a time.
 * Objects that come or go meanwhile may be missing, or be shown twice.
 */
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/xarray.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/device.h"
#include "core/domain.h"
#include "core/lookup.h"
#include "core/transfer.h"
#include "core/view.h"
#include "lib/handle.h"
#include "lib/ptr_table.h"
#include "lib/reader.h"
#include "objects.h"

#define VIEW_AT_ONCE	64	/* buffers in one RCU read section */

/* Return the number of live handles of a type. */
static unsigned int view_count(enum wdmdma_handle_type type)
{
	struct wdmdma_handle *handle;
	unsigned int bucket, nr = 0;

	rcu_read_lock();
	hash_for_each_rcu(wdmdma_handles, bucket, handle, node)
		nr += handle->type == type;
	rcu_read_unlock();
	return nr;
}

static int view_compare(const void *a, const void *b)
{
	const struct wdmdma_adapter *first = *(struct wdmdma_adapter * const *)a;
	const struct wdmdma_adapter *second = *(struct wdmdma_adapter * const *)b;

	return first->id < second->id ? -1 : 1;
}

/* Return the live adapters, which the caller must give to wdmdma_view_close(), or NULL. */
struct wdmdma_view *wdmdma_view_open(void)
{
	unsigned int bucket, most = view_count(WDMDMA_HANDLE_ADAPTER) + 16;
	struct wdmdma_adapter *adapter;
	struct wdmdma_handle *handle;
	struct wdmdma_view *view;

	view = kvzalloc(struct_size(view, adapter, most), WDMDMA_GFP);
	if (!view)
		return NULL;
	view->section = wdmdma_reader_enter();
	rcu_read_lock();
	hash_for_each_rcu(wdmdma_handles, bucket, handle, node) {
		if (handle->type != WDMDMA_HANDLE_ADAPTER || view->nr == most)
			continue;
		adapter = container_of(handle, struct wdmdma_adapter, handle);
		/* The teardown waits for RCU readers before it drops the adapter's reference. */
		kref_get(&adapter->device->handle.ref);
		view->adapter[view->nr++] = adapter;
	}
	rcu_read_unlock();
	sort(view->adapter, view->nr, sizeof(*view->adapter), view_compare, NULL);
	return view;
}

void wdmdma_view_close(struct wdmdma_view *view)
{
	unsigned int i;

	for (i = 0; i < view->nr; i++)
		wdmdma_device_put(view->adapter[i]->device);
	wdmdma_reader_leave(view->section);
	kvfree(view);
}

/* Return true if a walk through the objects of an adapter should end. */
static bool view_is_over(const struct wdmdma_adapter *adapter)
{
	return hlist_unhashed_lockless(&adapter->handle.node) || fatal_signal_pending(current);
}

static void view_pages(struct wdmdma_adapter *adapter,
		       void (*show)(const struct wdmdma_buffer *buffer, void *arg), void *arg)
{
	struct wdmdma_buffer *buffer;
	struct rhashtable_iter iter;
	unsigned int nr = 0;

	rhashtable_walk_enter(&adapter->buffers.page_by_cpu, &iter);
	rhashtable_walk_start(&iter);
	while ((buffer = rhashtable_walk_next(&iter))) {
		/* The table has grown or shrunk, and the walk goes on in the new one. */
		if (IS_ERR(buffer))
			continue;
		show(buffer, arg);
		if (++nr % VIEW_AT_ONCE)
			continue;
		rhashtable_walk_stop(&iter);
		cond_resched();
		rhashtable_walk_start(&iter);
		if (view_is_over(adapter))
			break;
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

static void view_ranges(struct wdmdma_adapter *adapter,
			void (*show)(const struct wdmdma_buffer *buffer, void *arg), void *arg)
{
	struct wdmdma_buffer *buffer;
	unsigned long index = 0;
	unsigned int nr = 0;

	rcu_read_lock();
	for (buffer = xa_find(&adapter->buffers.by_cpu, &index, ULONG_MAX, XA_PRESENT); buffer;
	     buffer = xa_find_after(&adapter->buffers.by_cpu, &index, ULONG_MAX, XA_PRESENT)) {
		show(buffer, arg);
		/* A range has several entries if its length is no power of 64. */
		index = max(index, wdmdma_lookup_last_page(buffer));
		if (++nr % VIEW_AT_ONCE)
			continue;
		rcu_read_unlock();
		cond_resched();
		rcu_read_lock();
		if (view_is_over(adapter))
			break;
	}
	rcu_read_unlock();
}

/*
 * Show the records of an adapter's buffers, live and recycled. @show is called in an RCU read
 * section. It must not follow buffer->pages, which are freed without RCU. Return 0 or -EINTR.
 */
int wdmdma_view_buffers(struct wdmdma_adapter *adapter,
			void (*show)(const struct wdmdma_buffer *buffer, void *arg), void *arg)
{
	view_pages(adapter, show, arg);
	view_ranges(adapter, show, arg);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static struct wdmdma_viewed_transfer view_of_list(const struct wdmdma_transfer *transfer,
						  const char *what)
{
	return (struct wdmdma_viewed_transfer){
		.what = what,
		.call = transfer->call,
		.caller = transfer->caller,
		.amount = transfer->len,
		.queued = transfer->mapped ? 0 : transfer->queued,
		.copied = transfer->must_bounce,
	};
}

static struct wdmdma_viewed_transfer view_of_registers(const struct wdmdma_registers *registers,
						       bool waits)
{
	return (struct wdmdma_viewed_transfer){
		.what = waits ? "waiting-channel" : "registers",
		.call = registers->call,
		.caller = registers->caller,
		.amount = registers->count,
		.used = READ_ONCE(registers->used),
		.queued = waits ? registers->queued : 0,
	};
}

/* Copy the lists in one bucket of the table. Return their number. */
static unsigned int view_copy_bucket(struct wdmdma_transfers *transfers, unsigned int bucket,
				     struct wdmdma_viewed_transfer *copy)
{
	struct wdmdma_ptr_node *named;
	unsigned int nr = 0;

	lockdep_assert_held(&transfers->lock);
	hlist_for_each_entry(named, wdmdma_ptr_bucket(&transfers->lists, bucket), node) {
		copy[nr++] = view_of_list(container_of(named, struct wdmdma_transfer, named),
					  "list");
		if (nr == WDMDMA_VIEW_OLDEST)
			break;
	}
	return nr;
}

/* Copy the oldest of the requests that wait, or of the map registers. Return their number. */
static unsigned int view_copy_oldest(struct wdmdma_transfers *transfers, unsigned int round,
				     struct wdmdma_viewed_transfer *copy)
{
	struct list_head *head = round ? round == 1 ? &transfers->registers :
						      &transfers->waiting_channels : NULL;
	struct wdmdma_registers *registers;
	struct wdmdma_transfer *transfer;
	unsigned int nr = 0;

	lockdep_assert_held(&transfers->lock);
	if (!head) {
		list_for_each_entry(transfer, &transfers->waiting_lists, node) {
			copy[nr++] = view_of_list(transfer, "waiting-list");
			if (nr == WDMDMA_VIEW_OLDEST)
				break;
		}
		return nr;
	}
	list_for_each_entry(registers, head, node) {
		copy[nr++] = view_of_registers(registers, round == 2);
		if (nr == WDMDMA_VIEW_OLDEST)
			break;
	}
	return nr;
}

/*
 * Show an adapter's lists, and the oldest of its waiting requests and its map registers. @show is
 * called without a lock. Return 0, -EINTR or -ENOMEM.
 */
int wdmdma_view_transfers(struct wdmdma_adapter *adapter,
			  void (*show)(const struct wdmdma_viewed_transfer *transfer, void *arg),
			  void *arg)
{
	struct wdmdma_transfers *transfers = &adapter->transfers;
	struct wdmdma_viewed_transfer *copy;
	unsigned int step = 0, nr, i;
	bool over = false;

	copy = kcalloc(WDMDMA_VIEW_OLDEST, sizeof(*copy), WDMDMA_GFP);
	if (!copy)
		return -ENOMEM;
	/* The first three steps are for the queues and the map registers, the others for lists. */
	for (; !over && !view_is_over(adapter); step++) {
		spin_lock_irq(&transfers->lock);
		over = step >= 3 && step - 3 >= transfers->lists.buckets;
		nr = over ? 0 : step < 3 ? view_copy_oldest(transfers, step, copy) :
					   view_copy_bucket(transfers, step - 3, copy);
		spin_unlock_irq(&transfers->lock);
		for (i = 0; i < nr; i++)
			show(&copy[i], arg);
		cond_resched();
	}
	kfree(copy);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * Return the live handle of a type whose key comes next after *@after, with a reference, or NULL at
 * the end. *@after becomes its key. A walk by keys needs no memory, so it cannot fail, and it meets
 * all handles that stay while it lasts.
 */
static struct wdmdma_handle *view_next(enum wdmdma_handle_type type, unsigned long *after)
{
	struct wdmdma_handle *handle, *next;
	unsigned int bucket;
	bool is_live;

	do {
		next = NULL;
		rcu_read_lock();
		hash_for_each_rcu(wdmdma_handles, bucket, handle, node)
			if (handle->type == type && (unsigned long)handle->key > *after &&
			    (!next || handle->key < next->key))
				next = handle;
		if (next)
			*after = (unsigned long)next->key;
		is_live = next && kref_get_unless_zero(&next->ref);
		rcu_read_unlock();
	} while (next && !is_live);
	return next;
}

/* Show the devices whose driver is bound. */
void wdmdma_view_devices(void (*show)(struct wdmdma_device *device, void *arg), void *arg)
{
	struct wdmdma_handle *handle;
	struct wdmdma_device *device;
	unsigned long after = 0;

	while ((handle = view_next(WDMDMA_HANDLE_DEVICE, &after))) {
		device = container_of(handle, struct wdmdma_device, handle);
		show(device, arg);
		wdmdma_device_put(device);
	}
}

/* Show the devices of each domain. */
void wdmdma_view_members(void (*show)(const struct wdmdma_domain *domain,
				      struct wdmdma_device *device, void *arg), void *arg)
{
	struct wdmdma_handle *handle;
	struct wdmdma_domain *domain;
	struct wdmdma_device *device;
	unsigned long after = 0;

	while ((handle = view_next(WDMDMA_HANDLE_DOMAIN, &after))) {
		domain = container_of(handle, struct wdmdma_domain, handle);
		down_read(&wdmdma_domain_lock);
		list_for_each_entry(device, &domain->devices, member)
			show(domain, device, arg);
		up_read(&wdmdma_domain_lock);
		wdmdma_domain_put(domain);
	}
}
