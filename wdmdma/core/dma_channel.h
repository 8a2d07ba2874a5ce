/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Controllers: one channel of a system DMA controller, which moves the bytes for a
 * device that cannot do so itself.
 *
 * A channel belongs to one adapter, and does one transfer at a time: programmed when
 * memory is mapped, stopped before it is unmapped. All functions take NULL, for the
 * adapter of a bus master, which has no controller.
 */
#ifndef WDMDMA_DMA_CHANNEL_H
#define WDMDMA_DMA_CHANNEL_H

#include <linux/dma-direction.h>
#include <linux/types.h>

#include "backend/dma_channel_ops.h"

struct page;

/**
 * struct wdmdma_dma_channel_request - the channel that a driver wants
 * @channel: its number
 * @unit: bytes that the device moves at a time
 * @most: bytes that it moves in one transfer, at most
 * @cyclic: at the end of a transfer, begin again
 * @demand: move as long as the device asks, and not one unit each time
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
						  const char *user, const char **why);
int wdmdma_dma_channel_start(struct wdmdma_dma_channel *dma_channel, dma_addr_t dma, size_t len,
			     enum dma_data_direction direction, const char **why);
void wdmdma_dma_channel_pause(struct wdmdma_dma_channel *dma_channel);
void wdmdma_dma_channel_stop(struct wdmdma_dma_channel *dma_channel);
bool wdmdma_dma_channel_leave(struct wdmdma_dma_channel *dma_channel, dma_addr_t dma, size_t len);
struct page *wdmdma_dma_channel_lend(struct wdmdma_dma_channel *dma_channel, size_t len);
bool wdmdma_dma_channel_take_back(struct wdmdma_dma_channel *dma_channel, const struct page *page);
size_t wdmdma_dma_channel_residue(struct wdmdma_dma_channel *dma_channel);
void wdmdma_dma_channel_close(struct wdmdma_dma_channel *dma_channel);
void wdmdma_dma_channel_free(struct wdmdma_dma_channel *dma_channel);

/* The power of two whose multiples memory for the controller may not cross; 0: there is none. */
static inline u32 wdmdma_dma_channel_boundary(const struct wdmdma_dma_channel *dma_channel)
{
	return dma_channel ? dma_channel->boundary : 0;
}

/* What its addresses and lengths must be multiples of. */
static inline u32 wdmdma_dma_channel_unit(const struct wdmdma_dma_channel *dma_channel)
{
	return dma_channel ? dma_channel->unit : 1;
}

/* Does it go round and round? Then memory cannot be copied for it. */
static inline bool wdmdma_dma_channel_is_cyclic(const struct wdmdma_dma_channel *dma_channel)
{
	return dma_channel && dma_channel->cyclic;
}

#endif /* WDMDMA_DMA_CHANNEL_H */
