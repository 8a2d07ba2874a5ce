/* SPDX-License-Identifier: GPL-2.0-only */
/* Scatter/gather lists. See core/sg_list.c. */
#ifndef WDMDMA_SG_LIST_H
#define WDMDMA_SG_LIST_H

#include <linux/compiler.h>
#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/types.h>

#include "core/transfer.h"

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

/* core/sg_list_end.c */
bool wdmdma_sg_list_settle(struct wdmdma_adapter *adapter, bool end);
bool wdmdma_sg_list_waits(struct wdmdma_adapter *adapter, const void *context);
bool wdmdma_sg_list_cancel(struct wdmdma_adapter *adapter, const void *context);

#endif /* WDMDMA_SG_LIST_H */
