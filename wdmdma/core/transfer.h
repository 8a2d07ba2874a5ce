/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers of the driver's memory, which a device reads or writes once.
 *
 *   piece      physically contiguous bytes, described by one entry of a scatterlist
 *   segment    a logical address and a length, for the device
 *   bounce     to copy through memory of the module, if the device cannot use the
 *              driver's memory
 *   list       a transfer whose segments the driver gets all at once, in a list. The
 *              driver ends the transfer by the address of the list
 *
 * The record of a transfer holds everything that is needed to end it. Memory, direction and
 * length are noted at the start, and the description of the memory must not be read again.
 */
#ifndef WDMDMA_TRANSFER_H
#define WDMDMA_TRANSFER_H

#include <linux/atomic.h>
#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "lib/ptr_table.h"
#include "lib/refusal.h"
#include "objects.h"

struct wdmdma_adapter;
struct wdmdma_device;
struct wdmdma_leaks;
struct wdmdma_registers;
struct wdmdma_sg_list_ops;
struct wdmdma_source;

/* Arguments for the call of the driver's routine, which only the WDM layer interprets. */
struct wdmdma_callback {
	void *routine;
	void *device_object;
	void *list;
	void *context;
};

/**
 * struct wdmdma_transfer - memory that is mapped, or waits to be mapped, for one transfer
 * @adapter: the adapter
 * @device: device to map with, which is the adapter's own or the leader of its domain
 * @call: the Windows call, for messages
 * @caller: where @call was called from, for leak reports
 * @direction: direction of the transfer
 * @room_nr: number of entries in @room
 * @len: length in bytes
 * @no_bounce: fail rather than copy
 * @must_bounce: the module must copy the memory
 * @partial: the first part of the memory will do, as many pieces as @room has room for
 * @unended: started by a synchronous call without a routine, which the driver must end
 *           by FreeAdapterObject
 * @guarded: the copy has guard bands. Valid only if there is a copy
 * @room: array for @room_nr pieces, which comes with the record, or NULL
 * @memory: pieces of the driver's memory, in @room if they fit in there
 * @bounce: pieces of the copy, if there is a copy
 * @mapped: the mapped table, which is @memory or @bounce, or NULL
 * @refusal: reason of a failure
 * @node: in the adapter's queue of waiting lists. This field and those behind it are for lists
 *        only, and a transfer that is no list need not initialize them
 * @named: by the address of the list, in the adapter's table of mapped lists, or of waiting
 *         lists in memory of the driver
 * @by_context: by @context, in the adapter's table of waiting lists
 * @busy: the waiting list is being tried, and if it is cancelled meanwhile, the work item frees it
 * @cancelled: the driver has cancelled the list, which is out of the queue and must not be mapped.
 *             Written with @mapping and @lock of the adapter's transfers held
 * @stuck: the waiting list can never be mapped and is not tried again
 * @since: when the waiting list was first tried in vain, or 0 before
 * @queued: when the list began to wait, in ns. Valid only for a list that waited
 * @round: last round in which the waiting list was tried
 * @context: key by which the driver may cancel the waiting list
 * @ops: operations of the list
 * @callback: arguments for the routine of the list
 */
struct wdmdma_transfer {
	struct wdmdma_adapter *adapter;
	struct wdmdma_device *device;
	const char *call;
	unsigned long caller;
	enum dma_data_direction direction;
	unsigned int room_nr;
	size_t len;
	bool no_bounce;
	bool must_bounce;
	bool partial;
	bool unended;
	bool guarded;
	struct scatterlist *room;
	struct sg_table memory;
	struct sg_table bounce;
	struct sg_table *mapped;
	struct wdmdma_refusal refusal;

	struct list_head node;
	struct wdmdma_ptr_node named;
	struct wdmdma_ptr_node by_context;
	bool busy;
	bool cancelled;
	bool stuck;
	unsigned long since;
	u64 queued;
	unsigned int round;
	const void *context;
	const struct wdmdma_sg_list_ops *ops;
	struct wdmdma_callback callback;
};

/**
 * struct wdmdma_transfers - transfers and channel requests of an adapter
 * @lists: mapped lists that the driver has, by their addresses
 * @waiting_lists: lists that cannot be mapped yet, oldest first
 * @waiting_buffers: waiting lists in memory of the driver, by the address of that memory
 * @waiting_contexts: waiting lists with a context, by the context
 * @waiting: number of lists in @waiting_lists
 * @waited: number of lists that ever waited
 * @most_lists: highest number of mapped lists that the driver had
 * @copied: number of bytes that the module has copied, both ways
 * @granted: number of map registers that the driver has
 * @lists_served: @list_work is serving the queue
 * @list_round: current round of @list_work, incremented when a round ends
 * @list_work: maps the waiting lists
 * @unended_lists: number of synchronous calls that the driver must end by FreeAdapterObject
 * @unended: list of such a call, while there is only one such call and the list is not put
 * @channel: map registers that were granted with the channel, or NULL while it is free
 * @registers: map registers that the driver has
 * @bases: map registers that the driver has, by their bases
 * @contexts: map registers that the driver has or waits for, by their contexts
 * @waiting_channels: requests that wait for the channel, oldest first
 * @channel_work: grants the channel
 * @closed: no list and no channel may start, because the adapter or its driver goes away
 * @held: no list and no channel may start for now, because the device is changing its domain
 * @mapping: held while a list that waited is mapped, or a waiting list is cancelled
 * @lock: protects all members but @copied and the work items
 */
struct wdmdma_transfers {
	spinlock_t mapping; /* keeps the memory of a list in place while the list is mapped */
	spinlock_t lock; /* protects all members but copied and the work items */
	bool closed;
	bool held;
	bool lists_served;
	unsigned int list_round;
	struct list_head waiting_lists;
	unsigned int waiting;
	unsigned long waited;
	unsigned int most_lists;
	unsigned int granted;
	atomic64_t copied;
	unsigned int unended_lists;
	struct wdmdma_transfer *unended;
	struct wdmdma_registers *channel;
	struct list_head registers;
	struct list_head waiting_channels;
	struct wdmdma_ptr_table lists;
	struct wdmdma_ptr_table waiting_buffers;
	struct wdmdma_ptr_table waiting_contexts;
	struct wdmdma_ptr_table bases;
	struct wdmdma_ptr_table contexts;
	struct delayed_work list_work;
	struct work_struct channel_work;
};

/* core/transfer_copy.c */
size_t wdmdma_copy_chunk(const struct wdmdma_transfer *transfer);
unsigned int wdmdma_copy_chunks(const struct wdmdma_transfer *transfer);
int wdmdma_transfer_prepare(struct wdmdma_transfer *transfer, gfp_t gfp);
void wdmdma_copy_bytes(struct wdmdma_transfer *transfer, bool to_bounce);
void wdmdma_copy_free(struct wdmdma_transfer *transfer);

/* core/grant.c */
u32 wdmdma_transfer_most_pages(const struct wdmdma_adapter *adapter);

/* core/transfers.c */
void wdmdma_transfers_init(struct wdmdma_adapter *adapter);
void wdmdma_transfers_fini(struct wdmdma_adapter *adapter);
bool wdmdma_transfers_hold(struct wdmdma_adapter *adapter);
bool wdmdma_transfers_are_idle(struct wdmdma_adapter *adapter);
void wdmdma_transfers_release(struct wdmdma_adapter *adapter);

/* core/transfer.c */
int wdmdma_transfer_init(struct wdmdma_transfer *transfer, const struct wdmdma_source *source);
void wdmdma_transfer_free_tables(struct wdmdma_transfer *transfer);
int wdmdma_transfer_map(struct wdmdma_transfer *transfer);
void wdmdma_transfer_unmap(struct wdmdma_transfer *transfer);
void wdmdma_transfer_abandon(struct wdmdma_transfer *transfer);
bool wdmdma_transfer_is_bounced(const struct wdmdma_transfer *transfer);
phys_addr_t wdmdma_transfer_phys(const struct wdmdma_transfer *transfer, dma_addr_t dma);

/*
 * Make a transfer from memory whose contents do not matter. @room is an array for @room_nr pieces,
 * or NULL. The fields for lists are left as they are. wdmdma_sg_list_make() sets these.
 */
static inline void wdmdma_transfer_make(struct wdmdma_transfer *transfer,
					struct wdmdma_adapter *adapter,
					enum dma_data_direction direction,
					struct scatterlist *room, unsigned int room_nr)
{
	transfer->adapter = adapter;
	transfer->direction = direction;
	transfer->len = 0;
	transfer->no_bounce = false;
	transfer->must_bounce = false;
	transfer->partial = false;
	transfer->unended = false;
	transfer->room = room;
	transfer->room_nr = room_nr;
	transfer->memory = (struct sg_table){};
	transfer->bounce = (struct sg_table){};
	transfer->mapped = NULL;
}

/* Free the resources of a transfer, which must not be mapped. May be called twice. Any context. */
static inline void wdmdma_transfer_fini(struct wdmdma_transfer *transfer)
{
	if (unlikely(transfer->bounce.sgl || transfer->memory.sgl != transfer->room))
		wdmdma_transfer_free_tables(transfer);
}

/* core/sg_list_end.c, for the end of all transfers of an adapter */
void wdmdma_sg_list_close(struct wdmdma_adapter *adapter);
void wdmdma_sg_list_end(struct wdmdma_adapter *adapter, const char *when);
void wdmdma_sg_list_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks);

#endif /* WDMDMA_TRANSFER_H */
