/* SPDX-License-Identifier: GPL-2.0-only */
/* Adapters: their record and its lifetime. See core/adapter.c. */
#ifndef WDMDMA_ADAPTER_H
#define WDMDMA_ADAPTER_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

#include "core/lookup.h"
#include "core/recycle.h"
#include "core/transfer.h"
#include "lib/handle.h"
#include "lib/window.h"
#include "objects.h"

struct wdmdma_dma_channel;

/**
 * struct wdmdma_adapter - one open adapter
 * @handle: known to the driver by the address of @face
 * @device: with a reference
 * @node: in @device->adapters or @device->retired
 * @reach: logical addresses that this adapter may use; never page 0
 * @buffers: live buffers and blocks of vectors, and what is kept
 * @recycler: freed buffers, for the next allocations
 * @vectors: live vectors
 * @vectors_lock: protects @vectors; taken under the device's sem
 * @deferred: buffers freed in atomic context, waiting for @drain
 * @drain: frees those
 * @teardown: destroys the adapter, where the last reference went in atomic context
 * @scatter_gather: the device takes lists; if not, it is given one range for a transfer
 * @map_registers: pages that one transfer may have
 * @dma_channel: the DMA controller's channel that moves the bytes; NULL for a bus master
 * @transfers: what it has under way: lists, map registers, and its channel
 * @forget: frees the adapter's memory, when nobody can be looking anything up in it
 * @face: what the driver sees; belongs to the face
 */
struct wdmdma_adapter {
	struct wdmdma_handle handle;
	struct wdmdma_device *device;
	struct list_head node;
	struct wdmdma_window reach;
	struct wdmdma_lookup buffers;
	struct wdmdma_recycler recycler;
	struct list_head vectors;
	spinlock_t vectors_lock;	/* protects vectors */
	struct llist_head deferred;
	struct work_struct drain;
	struct work_struct teardown;
	bool scatter_gather;
	u32 map_registers;
	struct wdmdma_dma_channel *dma_channel;
	struct wdmdma_transfers transfers;
	struct rcu_work forget;
	u8 face[] __aligned(8);
};

/*
 * The device to do an adapter's DMA with. Under the sem of the adapter's own device; or
 * for a transfer, which notes it, and which keeps the adapter where it is.
 */
static inline struct wdmdma_device *wdmdma_adapter_dma(const struct wdmdma_adapter *adapter)
{
	return adapter->device->dma;
}

struct wdmdma_adapter *wdmdma_adapter_create(struct wdmdma_device *device,
					     struct wdmdma_window reach, size_t face_size);
void wdmdma_adapter_publish(struct wdmdma_adapter *adapter);
struct wdmdma_adapter *wdmdma_adapter_find(const void *face);
void wdmdma_adapter_put(struct wdmdma_adapter *adapter);
void wdmdma_adapter_close(struct wdmdma_adapter *adapter);
void wdmdma_adapter_exit(void);

/* As wdmdma_adapter_find(), without a reference: for the time of the caller's RCU read lock. */
static inline struct wdmdma_adapter *wdmdma_adapter_peek(const void *face)
{
	struct wdmdma_handle *handle = wdmdma_handle_peek(WDMDMA_HANDLE_ADAPTER, face);

	return handle ? container_of(handle, struct wdmdma_adapter, handle) : NULL;
}

#endif /* WDMDMA_ADAPTER_H */
