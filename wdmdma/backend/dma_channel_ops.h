/* SPDX-License-Identifier: GPL-2.0-only */
/* One kind of DMA controller, and a channel of it. */
#ifndef WDMDMA_DMA_CHANNEL_OPS_H
#define WDMDMA_DMA_CHANNEL_OPS_H

#include <linux/dma-direction.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct page;
struct wdmdma_dma_channel;

/**
 * struct wdmdma_dma_channel_ops - one kind of controller
 * @get: take @channel, which is to move @unit bytes at a time: fill in @boundary, and,
 *       unless it is cyclic, @block for @most bytes or what it can take; 0, or a
 *       negative errno and the reason in @why
 * @start: program the channel and let it run
 * @stop: stop it; the residue stays
 * @residue: bytes that are left, of the current round if it is cyclic; 0 may also stand for
 *           as many as fit into the counter
 * @is_done: has the transfer come to its end since it was started? Asked where @residue does
 *           not tell; not of a cyclic one
 * @put: give the channel back
 *
 * All but @get, which may sleep, and @put are called under the record's lock.
 */
struct wdmdma_dma_channel_ops {
	int (*get)(struct wdmdma_dma_channel *dma_channel, size_t most, const char *user,
		   const char **why);
	void (*start)(const struct wdmdma_dma_channel *dma_channel, dma_addr_t dma, size_t len,
		      enum dma_data_direction direction);
	void (*stop)(const struct wdmdma_dma_channel *dma_channel);
	size_t (*residue)(const struct wdmdma_dma_channel *dma_channel);
	bool (*is_done)(const struct wdmdma_dma_channel *dma_channel);
	void (*put)(const struct wdmdma_dma_channel *dma_channel);
};

/**
 * struct wdmdma_dma_channel - a channel that an adapter has
 * @ops: what kind
 * @channel: as in struct wdmdma_dma_channel_request, as are the next three
 * @unit: see there
 * @cyclic: see there
 * @demand: see there
 * @boundary: a power of two whose multiples no transfer may cross; so the longest, too
 * @block: memory to copy through, where the channel reaches: a transfer that needs it
 *         must not fail for want of it, since that is scarce; NULL if nothing is copied
 * @block_order: its length
 * @lock: protects the rest, and the hardware
 * @block_used: @block is lent to a transfer
 * @taken: until the channel is given back
 * @loaded: there is a transfer, running or stopped
 * @dma: where it is, for the controller
 * @len: its bytes
 * @left: residue of the last one, when there is none
 */
struct wdmdma_dma_channel {
	const struct wdmdma_dma_channel_ops *ops;
	u32 channel;
	u32 unit;
	bool cyclic;
	bool demand;
	u32 boundary;
	struct page *block;
	unsigned int block_order;
	spinlock_t lock;	/* protects the rest, and the hardware */
	bool block_used;
	bool taken;
	bool loaded;
	dma_addr_t dma;
	size_t len;
	size_t left;
};

/* backend/dma_channel_isa.c; there is none where the kernel has no ISA DMA */
extern const struct wdmdma_dma_channel_ops wdmdma_dma_channel_isa;

#endif /* WDMDMA_DMA_CHANNEL_OPS_H */
