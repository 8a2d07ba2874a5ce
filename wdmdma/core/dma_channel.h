/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA channels: one channel of a system DMA controller, which moves the bytes for a
 * device that cannot do so itself.
 *
 * A channel belongs to one adapter, and does one transfer at a time. The channel is
 * programmed after memory is mapped, and must be stopped before the memory is unmapped.
 * The adapter of a bus master has no channel, so NULL may be passed to all functions but
 * wdmdma_dma_channel_residue().
 */
#ifndef WDMDMA_DMA_CHANNEL_H
#define WDMDMA_DMA_CHANNEL_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/types.h>

#include "backend/dma_channel_ops.h"

struct page;
struct wdmdma_refusal;

/**
 * struct wdmdma_dma_channel_request - the channel that a driver wants
 * @channel: number of the channel
 * @unit: bytes that the device moves at a time
 * @most: largest number of bytes that the device moves in one transfer
 * @cyclic: begin again at the end of a transfer
 * @demand: move bytes as long as the device asks, and not one unit each time
 */
struct wdmdma_dma_channel_request {
	u32 channel;
	u32 unit;
	size_t most;
	bool cyclic;
	bool demand;
};

/* core/dma_channel.c */
struct wdmdma_dma_channel *wdmdma_dma_channel_get(const struct wdmdma_dma_channel_request *request,
						  const char *user,
						  struct wdmdma_refusal *refusal);
int wdmdma_dma_channel_start(struct wdmdma_dma_channel *dma_channel, dma_addr_t dma, size_t len,
			     enum dma_data_direction direction, struct wdmdma_refusal *refusal);
void wdmdma_dma_channel_pause(struct wdmdma_dma_channel *dma_channel);
void wdmdma_dma_channel_stop(struct wdmdma_dma_channel *dma_channel);
bool wdmdma_dma_channels_leave(phys_addr_t phys, size_t len);
struct page *wdmdma_dma_channel_lend(struct wdmdma_dma_channel *dma_channel, size_t len);
bool wdmdma_dma_channel_take_back(struct wdmdma_dma_channel *dma_channel, const struct page *page);
size_t wdmdma_dma_channel_residue(struct wdmdma_dma_channel *dma_channel);
void wdmdma_dma_channel_close(struct wdmdma_dma_channel *dma_channel);
void wdmdma_dma_channel_free(struct wdmdma_dma_channel *dma_channel);

extern struct list_head wdmdma_dma_channels;

/* Return true if some adapter has a channel. */
static inline bool wdmdma_dma_channels_exist(void)
{
	return !list_empty(&wdmdma_dma_channels);
}

/*
 * Return the power of two whose multiples the controller's memory must not cross, or 0 if
 * there is none.
 */
static inline u32 wdmdma_dma_channel_boundary(const struct wdmdma_dma_channel *dma_channel)
{
	return dma_channel ? dma_channel->boundary : 0;
}

/* Return the unit that all addresses and lengths must be multiples of. */
static inline u32 wdmdma_dma_channel_unit(const struct wdmdma_dma_channel *dma_channel)
{
	return dma_channel ? dma_channel->unit : 1;
}

/* Return true if a transfer begins again at its end. Its memory must not be copied then. */
static inline bool wdmdma_dma_channel_is_cyclic(const struct wdmdma_dma_channel *dma_channel)
{
	return dma_channel && dma_channel->cyclic;
}

#endif /* WDMDMA_DMA_CHANNEL_H */
