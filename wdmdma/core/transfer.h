/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers: memory of the driver's that a device reads or writes once.
 *
 *   piece      what one entry of a scatterlist describes: bytes that follow each
 *              other in physical memory
 *   segment    what the device is given: a logical address and a length
 *   bounce     to copy through memory of ours that the device can use, where it
 *              cannot use the driver's
 *   list       a transfer whose segments the driver gets all at once, in a list
 *              by whose address it gives the transfer back
 *
 * Everything that ending a transfer takes is in its record: memory, direction and
 * length are noted when it starts, and what described the memory is not read again.
 */
#ifndef WDMDMA_TRANSFER_H
#define WDMDMA_TRANSFER_H

#include <linux/dma-direction.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "objects.h"

struct wdmdma_adapter;
struct wdmdma_device;
struct wdmdma_registers;

/**
 * struct wdmdma_source - the memory of a transfer that is to start
 * @pfn: the page that we are in, in an array of them
 * @offset: how far in that
 * @here: bytes to come in that array
 * @left: bytes to come in all
 * @mdl: what the array is of: the face's
 * @more: go on to the next array: called where @here is 0 and @left is not
 *
 * To copy one is to remember the place.
 */
struct wdmdma_source {
	const unsigned long *pfn;
	size_t offset;
	size_t here;
	size_t left;
	void *mdl;
	void (*more)(struct wdmdma_source *source);
};

/* What a piece may be: its length, and the boundary that it must not cross. */
struct wdmdma_limits {
	size_t most;
	unsigned long boundary;
};

/* What it takes to tell the driver that its list is there: words of the face. */
struct wdmdma_callback {
	void *routine;
	void *device_object;
	void *list;
	void *context;
};

/* Of the routine around the one that is called, if there is one; and what to do at the end. */
struct wdmdma_routine {
	const void *task;
	unsigned int depth;
	bool enable;
};

struct wdmdma_transfer;

/**
 * struct wdmdma_sg_list_ops - what the face does for a list
 * @prepare: get memory for the list and note its address in @callback.list; may come
 *           again. 0 or -ENOMEM
 * @fill: write the segments into it
 * @call: call the driver's routine, if there is one; the transfer may be gone
 * @release: free the transfer and what is the face's in it. Any context
 */
struct wdmdma_sg_list_ops {
	int (*prepare)(struct wdmdma_transfer *transfer, gfp_t gfp);
	void (*fill)(struct wdmdma_transfer *transfer);
	void (*call)(const struct wdmdma_callback *callback);
	void (*release)(struct wdmdma_transfer *transfer);
};

/**
 * struct wdmdma_transfer - memory that is, or waits to be, mapped for one transfer
 * @adapter: whose
 * @device: that the memory is mapped with: of the adapter, or of the domain it is in
 * @call: the Windows call, for messages
 * @caller: where it was called from, for leak reports
 * @direction: of the bytes
 * @len: bytes
 * @no_bounce: fail rather than copy
 * @must_bounce: to copy is the only way
 * @starting: counted in wdmdma_transfers.starting
 * @unended: of a synchronous call without a routine: the driver calls FreeAdapterObject
 * @memory: the pieces of the driver's memory
 * @bounce: those of ours, while there are any
 * @mapped: which of the two is mapped; NULL while none is
 * @why: set on failure: the reason, for the message
 * @node: in the adapter's queue of waiting lists, or in its map registers
 * @hash: in the adapter's table of lists that the driver has, by the list's address
 * @busy: it waits, and is being tried
 * @stuck: it waits, and can never be mapped: it is not tried any more
 * @since: when it was first tried in vain while it waited; 0 before that
 * @round: the last round of tries that it had
 * @context: by which the driver may cancel it while it waits
 * @ops: for lists
 * @callback: for lists
 */
struct wdmdma_transfer {
	struct wdmdma_adapter *adapter;
	struct wdmdma_device *device;
	const char *call;
	unsigned long caller;
	enum dma_data_direction direction;
	size_t len;
	bool no_bounce;
	bool must_bounce;
	bool starting;
	bool unended;
	struct sg_table memory;
	struct sg_table bounce;
	struct sg_table *mapped;
	const char *why;

	struct list_head node;
	struct hlist_node hash;
	bool busy;
	bool stuck;
	unsigned long since;
	unsigned int round;
	const void *context;
	const struct wdmdma_sg_list_ops *ops;
	struct wdmdma_callback callback;
};

/**
 * struct wdmdma_transfers - what an adapter has under way
 * @lists: lists that the driver has, by their addresses
 * @waiting_lists: those that cannot be mapped yet, oldest first
 * @lists_served: @list_work is at it
 * @list_round: the round of tries that @list_work is in; the next one where it ends
 * @list_work: maps what waits
 * @unended_lists: synchronous calls that the driver has to end by FreeAdapterObject
 * @unended: the list of the one such call, as long as there is no other and it is not put
 * @channel: who has the channel; NULL while it is free
 * @registers: map registers that the driver has
 * @waiting_channels: who waits for the channel, oldest first
 * @channel_work: grants it
 * @closed: no more lists and channels: the adapter or its driver goes
 * @held: none for now: the device changes its domain
 * @starting: transfers that have noted the device to map with, and are in none of the
 *            lists above yet
 * @lock: protects all but the work items
 */
struct wdmdma_transfers {
	DECLARE_HASHTABLE(lists, 6);
	struct list_head waiting_lists;
	bool lists_served;
	unsigned int list_round;
	struct delayed_work list_work;
	unsigned int unended_lists;
	struct wdmdma_transfer *unended;
	struct wdmdma_registers *channel;
	struct list_head registers;
	struct list_head waiting_channels;
	struct work_struct channel_work;
	bool closed;
	bool held;
	unsigned int starting;
	spinlock_t lock; /* protects all but the work items */
};

/* core/transfer_source.c */
struct wdmdma_limits wdmdma_source_limits(const struct wdmdma_adapter *adapter,
					  const struct wdmdma_source *source);
size_t wdmdma_source_next(struct wdmdma_source *source, const struct wdmdma_limits *limits,
			  phys_addr_t *phys);
unsigned int wdmdma_source_pieces(struct wdmdma_source source,
				  const struct wdmdma_limits *limits);
unsigned int wdmdma_source_segments(const struct wdmdma_adapter *adapter,
				    const struct wdmdma_source *source);
u32 wdmdma_source_pages(const struct wdmdma_source *source);
size_t wdmdma_source_trim(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
			  u32 pages, u32 segments);
size_t wdmdma_source_trim_copied(const struct wdmdma_adapter *adapter,
				 const struct wdmdma_source *source, u32 segments);

/* core/transfer_copy.c */
size_t wdmdma_copy_chunk(const struct wdmdma_transfer *transfer);
unsigned int wdmdma_copy_chunks(const struct wdmdma_transfer *transfer);
int wdmdma_transfer_prepare(struct wdmdma_transfer *transfer, gfp_t gfp);
void wdmdma_copy_bytes(struct wdmdma_transfer *transfer, bool to_bounce);
void wdmdma_copy_free(struct wdmdma_transfer *transfer);

/* core/grant.c */
u32 wdmdma_transfer_most_pages(const struct wdmdma_adapter *adapter);

/* core/transfer.c */
bool wdmdma_transfers_hold(struct wdmdma_adapter *adapter);
void wdmdma_transfers_release(struct wdmdma_adapter *adapter);
struct wdmdma_window wdmdma_transfer_reach(const struct wdmdma_transfer *transfer);
enum wdmdma_access wdmdma_transfer_access(const struct wdmdma_transfer *transfer,
					  struct wdmdma_window reach, phys_addr_t phys, size_t len);
int wdmdma_transfer_init(struct wdmdma_transfer *transfer, const struct wdmdma_source *source);
void wdmdma_transfer_fini(struct wdmdma_transfer *transfer);
int wdmdma_transfer_map(struct wdmdma_transfer *transfer);
void wdmdma_transfer_unmap(struct wdmdma_transfer *transfer);
void wdmdma_transfer_abandon(struct wdmdma_transfer *transfer);
void wdmdma_transfer_is_known(struct wdmdma_transfer *transfer);
void wdmdma_transfer_leave(struct wdmdma_transfer *transfer);
bool wdmdma_transfer_is_bounced(const struct wdmdma_transfer *transfer);
unsigned int wdmdma_transfer_most_segments(const struct wdmdma_transfer *transfer);
unsigned int wdmdma_transfer_segments(const struct wdmdma_transfer *transfer);
dma_addr_t wdmdma_transfer_segment(const struct wdmdma_transfer *transfer,
				   struct scatterlist **sg, u32 *len);
phys_addr_t wdmdma_transfer_phys(const struct wdmdma_transfer *transfer, dma_addr_t dma);

/* core/routine.c; how many routines may be in each other, by requests that must not wait */
#define WDMDMA_NESTED_MOST	4

unsigned int wdmdma_routine_depth(void);
struct wdmdma_routine wdmdma_routine_enter(void);
void wdmdma_routine_leave(struct wdmdma_routine outer);

/* core/sg_list_end.c */
void wdmdma_sg_list_close(struct wdmdma_adapter *adapter);
void wdmdma_sg_list_end(struct wdmdma_adapter *adapter, const char *when);
void wdmdma_sg_list_free_all(struct wdmdma_adapter *adapter, const char *when);

/* core/sg_list.c */
void wdmdma_sg_list_free(struct wdmdma_transfer *transfer);
void wdmdma_sg_list_work(struct work_struct *work);
int wdmdma_sg_list_start(struct wdmdma_transfer *transfer, bool may_wait, const void **list);
int wdmdma_sg_list_put(struct wdmdma_adapter *adapter, const char *call, const void *list,
		       enum dma_data_direction direction);
bool wdmdma_sg_list_settle(struct wdmdma_adapter *adapter, bool end);
struct wdmdma_transfer *wdmdma_sg_list_borrow(struct wdmdma_adapter *adapter, const void *list);
void wdmdma_sg_list_return(struct wdmdma_transfer *transfer);
bool wdmdma_sg_list_has_routine(struct wdmdma_adapter *adapter, const void *list,
				const void *routine);
bool wdmdma_sg_list_is_live(struct wdmdma_adapter *adapter, const void *list);
bool wdmdma_sg_list_waits(struct wdmdma_adapter *adapter, const void *context);
bool wdmdma_sg_list_cancel(struct wdmdma_adapter *adapter, const void *context);

#endif /* WDMDMA_TRANSFER_H */
