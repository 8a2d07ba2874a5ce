// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adapters: how an adapter is created, closed and destroyed.
 *
 * The driver's pointer finds the adapter from publish to close. Each call holds a
 * reference while it runs, or is an RCU reader if it starts or ends a transfer, see
 * core/transfers.c. The last put destroys the adapter, or leaves the work to
 * a work item in atomic context. The memory then stays on the device's retired list
 * for a while. A driver that reads the function table through an adapter that it has
 * put must still find a table, so that its call can be refused.
 */
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/device.h"
#include "core/dma_channel.h"
#include "core/domain.h"
#include "core/events.h"
#include "core/lookup.h"
#include "core/recycle.h"
#include "core/transfer.h"
#include "core/vector.h"
#include "core/work.h"
#include "lib/handle.h"
#include "lib/window.h"
#include "objects.h"

static atomic_t adapter_last_id;

static void adapter_drain(struct work_struct *work)
{
	struct wdmdma_adapter *adapter = container_of(work, struct wdmdma_adapter, drain);

	down_read(&adapter->device->sem);
	wdmdma_buffer_free_deferred(adapter);
	up_read(&adapter->device->sem);
}

/* Destroy an adapter after its last put. No call uses the adapter or can find it. */
static void adapter_teardown(struct work_struct *work)
{
	struct wdmdma_adapter *adapter = container_of(work, struct wdmdma_adapter, teardown);
	struct wdmdma_device *device = adapter->device;
	struct wdmdma_leaks leaks = {
		.when = adapter->user == WDMDMA_USER_MINIPORT ?
			"wdmdma_hw_device_extension_destroy" : "PutDmaAdapter",
	};

	/* Calls for transfers find the adapter under the RCU read lock, and take no reference. */
	synchronize_rcu();
	/* wdmdma_buffer_free_all() frees the buffers that the cancelled work would have freed. */
	cancel_work_sync(&adapter->drain);

	down_write(&wdmdma_domain_lock);
	down_write(&device->sem);
	wdmdma_sg_list_free_all(adapter, &leaks);
	wdmdma_vector_free_all(adapter, &leaks);
	wdmdma_buffer_free_all(adapter, &leaks);
	wdmdma_leaks_report(device, &leaks);
	wdmdma_dma_channel_free(adapter->dma_channel);
	adapter->dma_channel = NULL;
	wdmdma_device_retire(adapter);
	if (list_empty(&device->adapters))
		wdmdma_domain_go_home(device);
	up_write(&device->sem);
	up_write(&wdmdma_domain_lock);

	wdmdma_device_put(device);
}

static void adapter_release(struct kref *ref)
{
	struct wdmdma_adapter *adapter = container_of(ref, struct wdmdma_adapter, handle.ref);

	if (wdmdma_at_dispatch())
		queue_work(wdmdma_workqueue, &adapter->teardown);
	else
		adapter_teardown(&adapter->teardown);
}

/*
 * Return true if the device has DMA masks. A device without masks must be refused,
 * because the DMA API would only warn.
 */
static bool adapter_device_has_masks(const struct device *dev)
{
	return dev->dma_mask && *dev->dma_mask && dev->coherent_dma_mask;
}

/* Make the record of an adapter, which is in no list yet. Return NULL when out of memory. */
static struct wdmdma_adapter *adapter_new(struct wdmdma_device *device, struct wdmdma_window reach,
					  size_t size)
{
	struct wdmdma_adapter *adapter;

	adapter = kzalloc(struct_size(adapter, dma_adapter, size), WDMDMA_GFP);
	if (!adapter)
		return NULL;
	adapter->id = atomic_inc_return(&adapter_last_id);
	adapter->device = device;
	adapter->reach = reach;
	if (wdmdma_lookup_init(&adapter->buffers)) {
		kfree(adapter);
		return NULL;
	}
	if (device->backend->physical)
		adapter->buffers.physical = device->dev;
	wdmdma_recycle_init(&adapter->recycler);
	INIT_LIST_HEAD(&adapter->vectors);
	spin_lock_init(&adapter->vectors_lock);
	init_llist_head(&adapter->deferred);
	INIT_WORK(&adapter->drain, adapter_drain);
	INIT_WORK(&adapter->teardown, adapter_teardown);
	wdmdma_transfers_init(adapter);
	return adapter;
}

/**
 * wdmdma_adapter_create() - create an adapter that no driver can find yet
 * @device: the device that the adapter belongs to
 * @reach: logical addresses that the adapter may use, clipped to the device's own reach
 * @size: size in bytes of what the driver sees, which is zeroed
 *
 * Context: may sleep.
 * Return: the adapter, which the caller must publish after it has filled in @dma_adapter.
 * Otherwise an ERR_PTR with -ENOMEM, with -ENXIO if the device has no DMA mask, with
 * -ERANGE if no address of @reach is left, or with -ESHUTDOWN after unbind.
 */
struct wdmdma_adapter *wdmdma_adapter_create(struct wdmdma_device *device,
					     struct wdmdma_window reach, size_t size)
{
	struct wdmdma_adapter *adapter;
	struct wdmdma_window device_reach;

	if (!adapter_device_has_masks(device->dev))
		return ERR_PTR(-ENXIO);
	/* A buffer must not have logical address 0, which many drivers read as "none". */
	device_reach.first = PAGE_SIZE;
	down_read(&device->override);
	device_reach.last = wdmdma_device_reach(device);
	WRITE_ONCE(device->mask, *device->dev->dma_mask);
	up_read(&device->override);
	if (!wdmdma_window_clip(&reach, device_reach))
		return ERR_PTR(-ERANGE);

	adapter = adapter_new(device, reach, size);
	if (!adapter)
		return ERR_PTR(-ENOMEM);
	down_write(&device->sem);
	if (device->dead) {
		up_write(&device->sem);
		wdmdma_lookup_destroy(&adapter->buffers);
		kfree(adapter);
		return ERR_PTR(-ESHUTDOWN);
	}
	kref_get(&device->handle.ref);
	list_add(&adapter->node, &device->adapters);
	wdmdma_recycle_open(adapter);
	up_write(&device->sem);
	return adapter;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_adapter_create);

/* Let the driver find the adapter by the address of its @dma_adapter. */
void wdmdma_adapter_publish(struct wdmdma_adapter *adapter)
{
	wdmdma_handle_publish(&adapter->handle, WDMDMA_HANDLE_ADAPTER, adapter->dma_adapter);
	wdmdma_trace_adapter_get(adapter);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_adapter_publish);

/* Find the live adapter with this address and take a reference, or return NULL. Any context. */
struct wdmdma_adapter *wdmdma_adapter_find(const void *dma_adapter)
{
	struct wdmdma_handle *handle = wdmdma_handle_find(WDMDMA_HANDLE_ADAPTER, dma_adapter);

	return handle ? container_of(handle, struct wdmdma_adapter, handle) : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_adapter_find);

/* Drop a reference. Any context. */
void wdmdma_adapter_put(struct wdmdma_adapter *adapter)
{
	kref_put(&adapter->handle.ref, adapter_release);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_adapter_put);

/*
 * End the driver's use of the adapter. No waiting list is delivered after the close, even
 * if the adapter is torn down later. The caller must still hold a reference. Any context.
 */
void wdmdma_adapter_close(struct wdmdma_adapter *adapter)
{
	if (!wdmdma_handle_retire(&adapter->handle))
		return;
	wdmdma_trace_adapter_put(adapter);
	/*
	 * Do not take transfers.lock, which sleeps on PREEMPT_RT. A call that has already
	 * passed its check of closed counts as earlier than the close.
	 */
	WRITE_ONCE(adapter->transfers.closed, true);
	wdmdma_adapter_put(adapter);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_adapter_close);

/* Free the adapters that were never put. For module exit. */
void wdmdma_adapter_exit(void)
{
	struct wdmdma_adapter *adapter, *next;
	struct wdmdma_device *device;

	/* An adapter whose teardown is queued takes itself off its device's list. */
	flush_workqueue(wdmdma_workqueue);
	while ((device = wdmdma_device_take_left())) {
		list_for_each_entry_safe(adapter, next, &device->adapters, node)
			wdmdma_adapter_close(adapter);
		wdmdma_device_put(device);
	}
}
