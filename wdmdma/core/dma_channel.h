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
 * struct wdmdma_channel_request - the channel that a driver wants
 * @channel: its number
 * @unit: bytes that the device moves at a time
 * @most: bytes that it moves in one transfer, at most
 * @cyclic: at the end of a transfer, begin again
 * @demand: move as long as the device asks, and not one unit each time
 */
struct wdmdma_channel_request {
	u32 channel;
	u32 unit;
	size_t most;
	bool cyclic;
	bool demand;
};

/* core/dma_channel.c */
struct wdmdma_controller *wdmdma_controller_get(const struct wdmdma_channel_request *request,
						const char *user, const char **why);
int wdmdma_controller_start(struct wdmdma_controller *controller, dma_addr_t dma, size_t len,
			    enum dma_data_direction direction, const char **why);
void wdmdma_controller_pause(struct wdmdma_controller *controller);
void wdmdma_controller_stop(struct wdmdma_controller *controller);
bool wdmdma_controller_leave(struct wdmdma_controller *controller, dma_addr_t dma, size_t len);
struct page *wdmdma_controller_lend(struct wdmdma_controller *controller, size_t len);
bool wdmdma_controller_take_back(struct wdmdma_controller *controller, const struct page *page);
size_t wdmdma_controller_residue(struct wdmdma_controller *controller);
void wdmdma_controller_close(struct wdmdma_controller *controller);
void wdmdma_controller_free(struct wdmdma_controller *controller);

/* The power of two whose multiples memory for the controller may not cross; 0: there is none. */
static inline u32 wdmdma_controller_boundary(const struct wdmdma_controller *controller)
{
	return controller ? controller->boundary : 0;
}

/* What its addresses and lengths must be multiples of. */
static inline u32 wdmdma_controller_unit(const struct wdmdma_controller *controller)
{
	return controller ? controller->unit : 1;
}

/* Does it go round and round? Then memory cannot be copied for it. */
static inline bool wdmdma_controller_is_cyclic(const struct wdmdma_controller *controller)
{
	return controller && controller->cyclic;
}

#endif /* WDMDMA_DMA_CHANNEL_H */
