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
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "lib/ptr_table.h"
#include "lib/refusal.h"
#include "objects.h"

struct wdmdma_adapter;
struct wdmdma_leaks;
struct wdmdma_device;
struct wdmdma_registers;

/**
 * struct wdmdma_source - the memory of a transfer that is about to start
 * @pfn: current page, in the current array of page frame numbers
 * @offset: offset in the current page
 * @here: bytes left in the current array
 * @left: bytes left in all arrays
 * @mdl: MDL of the current array, for the WDM layer
 * @more: advance to the next array. Called when @here is 0 and @left is not
 *
 * A copy of the structure remembers the position.
 */
struct wdmdma_source {
	const unsigned long *pfn;
	size_t offset;
	size_t here;
	size_t left;
	void *mdl;
	void (*more)(struct wdmdma_source *source);
};

/**
 * struct wdmdma_limits - the limits on a piece
 * @most: largest length
 * @boundary: mask of a boundary that the piece must not cross
 * @dev: device for which the DMA API limits the length too, or NULL. Set to NULL when @most has
 *       that limit
 */
struct wdmdma_limits {
	size_t most;
	unsigned long boundary;
	struct device *dev;
};

/* Most pieces that the record of a transfer has room for, and so few that none need be saved. */
#define WDMDMA_ROOM_MOST	257
#define WDMDMA_ROOM_FEW		16

/**
 * struct wdmdma_pieces - memory that was cut into pieces
 * @nr: number of pieces
 * @len: number of bytes
 * @first: lowest physical address
 * @last: highest physical address
 */
struct wdmdma_pieces {
	unsigned int nr;
	size_t len;
	phys_addr_t first;
	phys_addr_t last;
};

/* Arguments for the call of the driver's routine, which only the WDM layer interprets. */
struct wdmdma_callback {
	void *routine;
	void *device_object;
	void *list;
	void *context;
};

struct wdmdma_transfer;

/**
 * struct wdmdma_sg_list_ops - operations of the WDM layer on a list
 * @prepare: allocate memory for the list and set @callback.list to its address. May be
 *           called again. Return 0 or -ENOMEM
 * @fill: write the segments into the list
 * @call: call @callback.routine, which must not be NULL. The transfer may be gone already
 * @release: free the transfer, and the memory that the WDM layer has for it. Any context
 */
struct wdmdma_sg_list_ops {
	int (*prepare)(struct wdmdma_transfer *transfer, gfp_t gfp);
	void (*fill)(struct wdmdma_transfer *transfer);
	void (*call)(const struct wdmdma_callback *callback);
	void (*release)(struct wdmdma_transfer *transfer);
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

/* core/transfer_source.c */
struct wdmdma_limits wdmdma_source_limits(const struct wdmdma_adapter *adapter,
					  const struct wdmdma_source *source);
int wdmdma_source_cut(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
		      struct scatterlist *sg, unsigned int room, struct wdmdma_pieces *pieces);
int wdmdma_source_cut_table(const struct wdmdma_adapter *adapter,
			    const struct wdmdma_source *source, const struct sg_table *table,
			    struct wdmdma_pieces *pieces);
unsigned int wdmdma_source_pieces(struct wdmdma_source source,
				  const struct wdmdma_limits *limits);
u32 wdmdma_source_room_of_many(const struct wdmdma_adapter *adapter,
			       const struct wdmdma_source *source, u32 pages);
unsigned int wdmdma_source_segments(const struct wdmdma_adapter *adapter,
				    const struct wdmdma_source *source);
u32 wdmdma_source_pages_of_arrays(const struct wdmdma_source *source);
size_t wdmdma_source_trim(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
			  u32 pages, u32 segments);
size_t wdmdma_source_trim_copied(const struct wdmdma_adapter *adapter,
				 const struct wdmdma_source *source, u32 segments);

/* Return how many pages the memory touches, which is the number of map registers for it. */
static inline u32 wdmdma_source_pages(const struct wdmdma_source *source)
{
	if (likely(source->left <= source->here))
		return PFN_UP(source->offset + source->left);
	return wdmdma_source_pages_of_arrays(source);
}

/*
 * Return for how many pieces the record of a transfer should have room, or 0 if they should be in a
 * table.
 */
static inline u32 wdmdma_source_room(const struct wdmdma_adapter *adapter,
				     const struct wdmdma_source *source)
{
	u32 pages = wdmdma_source_pages(source);

	if (likely(pages <= WDMDMA_ROOM_FEW))
		return pages;
	return wdmdma_source_room_of_many(adapter, source, pages);
}

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
 * or NULL. The fields for lists are left as they are.
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

/* Make a list from a transfer. The caller must set @callback, but for the list. */
static inline void wdmdma_sg_list_make(struct wdmdma_transfer *transfer,
				       const struct wdmdma_sg_list_ops *ops, const void *context)
{
	INIT_LIST_HEAD(&transfer->node);
	INIT_HLIST_NODE(&transfer->named.node);
	INIT_HLIST_NODE(&transfer->by_context.node);
	transfer->busy = false;
	transfer->cancelled = false;
	transfer->stuck = false;
	transfer->since = 0;
	transfer->round = 0;
	transfer->context = context;
	transfer->ops = ops;
	transfer->callback.list = NULL;
}

/* Free the resources of a transfer, which must not be mapped. May be called twice. Any context. */
static inline void wdmdma_transfer_fini(struct wdmdma_transfer *transfer)
{
	if (unlikely(transfer->bounce.sgl || transfer->memory.sgl != transfer->room))
		wdmdma_transfer_free_tables(transfer);
}

/* core/routine.c, and the limit on nested routines of requests that must not wait */
#define WDMDMA_NESTED_MOST	4

unsigned int wdmdma_routine_depth(void);

/* core/sg_list_end.c */
void wdmdma_sg_list_close(struct wdmdma_adapter *adapter);
void wdmdma_sg_list_end(struct wdmdma_adapter *adapter, const char *when);
void wdmdma_sg_list_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks);
bool wdmdma_sg_list_settle(struct wdmdma_adapter *adapter, bool end);
bool wdmdma_sg_list_waits(struct wdmdma_adapter *adapter, const void *context);
bool wdmdma_sg_list_cancel(struct wdmdma_adapter *adapter, const void *context);

/*
 * Return true if the mapped lists of an adapter stay mapped until the caller's RCU read section
 * ends, unless the driver ends them itself. Whoever else ends a list first closes the adapter, and
 * then waits for RCU readers. Takes no lock. Any context.
 */
static inline bool wdmdma_sg_lists_stay(const struct wdmdma_transfers *transfers)
{
	return !READ_ONCE(transfers->closed);
}

/* core/sg_list.c */
void wdmdma_sg_list_dequeue(struct wdmdma_transfer *transfer);
void wdmdma_sg_list_free(struct wdmdma_transfer *transfer);
void wdmdma_sg_list_finish(struct wdmdma_transfer *transfer);
void wdmdma_sg_list_work(struct work_struct *work);
int wdmdma_sg_list_start(struct wdmdma_transfer *transfer, bool may_wait,
			 struct wdmdma_callback *callback);
int wdmdma_sg_list_put(struct wdmdma_adapter *adapter, const char *call, const void *list,
		       enum dma_data_direction direction);
struct wdmdma_transfer *wdmdma_sg_list_borrow(struct wdmdma_adapter *adapter, const void *list);
void wdmdma_sg_list_return(struct wdmdma_transfer *transfer);
bool wdmdma_sg_list_has_ops(struct wdmdma_adapter *adapter, const void *list,
			    const struct wdmdma_sg_list_ops *ops);
bool wdmdma_sg_list_is_live(struct wdmdma_adapter *adapter, const void *list);

#endif /* WDMDMA_TRANSFER_H */
