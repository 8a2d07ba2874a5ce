/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: the right to map memory, and the map registers that come with it.
 *
 * An adapter has one channel. When a request gets the channel, the driver's routine is
 * called. The routine decides whether the driver keeps channel and map registers, the map
 * registers alone, or nothing.
 */
#ifndef WDMDMA_CHANNEL_H
#define WDMDMA_CHANNEL_H

#include <linux/list.h>
#include <linux/workqueue.h>

#include "core/adapter.h"
#include "core/map_registers.h"
#include "core/work.h"

struct wdmdma_leaks;

/* Queue the work item that grants the channel to the next request, if a request waits. */
static inline void wdmdma_channel_kick(struct wdmdma_adapter *adapter)
{
	if (!list_empty_careful(&adapter->transfers.waiting_channels))
		queue_work(wdmdma_workqueue, &adapter->transfers.channel_work);
}

void wdmdma_channel_work(struct work_struct *work);
void wdmdma_channel_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks);
int wdmdma_channel_start(struct wdmdma_registers *registers, bool may_wait, void **base);
bool wdmdma_channel_waits(struct wdmdma_adapter *adapter, const void *context);
bool wdmdma_channel_cancel(struct wdmdma_adapter *adapter, const void *context);
bool wdmdma_channel_is_bare(struct wdmdma_adapter *adapter);
int wdmdma_channel_free(struct wdmdma_adapter *adapter, enum wdmdma_keep keep, const char *call);

#endif /* WDMDMA_CHANNEL_H */
