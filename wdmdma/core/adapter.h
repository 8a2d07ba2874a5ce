/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of an adapter, and its lifetime. See core/adapter.c. */
#ifndef WDMDMA_ADAPTER_H
#define WDMDMA_ADAPTER_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

#include "core/lookup.h"
#include "core/recycle.h"
#include "core/transfer.h"
#include "lib/handle.h"
#include "lib/stack.h"
#include "lib/window.h"
#include "objects.h"

struct wdmdma_dma_channel;

/**
 * struct wdmdma_adapter - an adapter that a driver has opened
 * @handle: known to the driver by the address of @dma_adapter
 * @node: entry in @device->adapters or @device->retired
 * @version: version of the description that the driver gave
 * @id: number of the adapter, for tracepoints and debugfs. Never used again
 * @user: who got the adapter, and must put it
 * @device: the device that the adapter belongs to, with a reference
 * @reach: logical addresses that the adapter may use, never those of page 0
 * @scatter_gather: the device takes lists. Otherwise a transfer must be one range
 * @map_registers: largest number of pages of one transfer
 * @dma_channel: channel of a system DMA controller that moves the bytes. NULL for a bus master
 * @opened_by: the driver's function for which another module of this tree opened the adapter, or 0
 * @recycler: freed buffers for the next allocations
 * @buffers: index of live common buffers, blocks of vectors, and recycled buffers
 * @vectors: live vectors
 * @vectors_lock: protects @vectors, nests inside the device's sem
 * @deferred: buffers freed in atomic context that @drain must still free
 * @drain: work item that frees @deferred
 * @teardown: work item that destroys the adapter after a last put in atomic context
 * @transfers: transfers in progress, which are lists, map registers and the channel
 * @forget: work item that frees the adapter's memory when no look-up can be in it any more
 * @dma_adapter: the adapter as the driver sees it, filled in by the WDM layer
 *
 * The fields are in groups that begin with a cache line each. CPUs may translate addresses,
 * allocate and free common buffers, and transfer at the same time, and each of them would
 * otherwise take the line away from the others. The first line has the reference count, which most
 * calls change. The second line is only read after the adapter was published. A recycled page
 * changes the recycler and its own record. @buffers changes only when a record comes or goes.
 */
struct wdmdma_adapter {
	struct wdmdma_handle handle;
	struct list_head node;
	u32 version;
	u32 id;
	enum wdmdma_user user;

	/* Read by all calls */
	struct wdmdma_device *device ____cacheline_aligned_in_smp;
	struct wdmdma_window reach;
	bool scatter_gather;
	u32 map_registers;
	struct wdmdma_dma_channel *dma_channel;
	unsigned long opened_by;

	/* Changed by each allocation and free of a recycled buffer */
	struct wdmdma_recycler recycler ____cacheline_aligned_in_smp;

	/* Changed by other allocations and frees, and read by each look-up */
	struct wdmdma_lookup buffers ____cacheline_aligned_in_smp;
	struct list_head vectors;
	spinlock_t vectors_lock;	/* protects vectors */
	struct llist_head deferred;
	struct work_struct drain;
	struct work_struct teardown;

	/* Changed by each transfer */
	struct wdmdma_transfers transfers ____cacheline_aligned_in_smp;
	struct rcu_work forget;
	u8 dma_adapter[] __aligned(8);
};

static_assert(offsetof(struct wdmdma_adapter, opened_by) + sizeof(long) -
	      offsetof(struct wdmdma_adapter, device) <= SMP_CACHE_BYTES);

/*
 * Return the device that must do the adapter's DMA. The caller must hold the sem of the
 * adapter's own device, because a join or a leave changes the result. A transfer needs no
 * sem, because it notes the device and keeps the adapter in its domain.
 */
static inline struct wdmdma_device *wdmdma_adapter_dma(const struct wdmdma_adapter *adapter)
{
	return adapter->device->dma;
}

/* Return the driver's address for an allocation, of which @caller is the return address. */
static inline unsigned long wdmdma_adapter_caller(const struct wdmdma_adapter *adapter,
						  unsigned long caller)
{
	return unlikely(adapter->opened_by) ? wdmdma_stack_behind_layer() ?: caller : caller;
}

/*
 * The same for a transfer, whose call must not take the time to look at the stack. For the driver
 * of another module of this tree it is the function for which the adapter was opened.
 */
static inline unsigned long wdmdma_adapter_opener(const struct wdmdma_adapter *adapter,
						  unsigned long caller)
{
	return adapter->opened_by ?: caller;
}

struct wdmdma_adapter *wdmdma_adapter_create(struct wdmdma_device *device,
					     struct wdmdma_window reach, size_t size);
void wdmdma_adapter_publish(struct wdmdma_adapter *adapter);
struct wdmdma_adapter *wdmdma_adapter_find(const void *dma_adapter);
void wdmdma_adapter_put(struct wdmdma_adapter *adapter);
void wdmdma_adapter_close(struct wdmdma_adapter *adapter);
void wdmdma_adapter_exit(void);

/*
 * Find the live adapter with this address, or return NULL. The caller gets no reference, and
 * must hold the RCU read lock for as long as it uses the adapter.
 */
static inline struct wdmdma_adapter *wdmdma_adapter_peek(const void *dma_adapter)
{
	struct wdmdma_handle *handle = wdmdma_handle_peek(WDMDMA_HANDLE_ADAPTER, dma_adapter);

	return handle ? container_of(handle, struct wdmdma_adapter, handle) : NULL;
}

#endif /* WDMDMA_ADAPTER_H */
