/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of one kind of DMA controller, and the record of a channel. */
#ifndef WDMDMA_DMA_CHANNEL_OPS_H
#define WDMDMA_DMA_CHANNEL_OPS_H

#include <linux/dma-direction.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct page;
struct wdmdma_dma_channel;
struct wdmdma_refusal;

/**
 * struct wdmdma_dma_channel_ops - one kind of controller
 * @get: take @channel, which must move @unit bytes at a time. Fill in @boundary. Unless the
 *       channel is cyclic, also allocate @block, for @most bytes or for as many as the channel
 *       can move. Return 0, or a negative errno with the reason in @refusal.
 * @start: program the channel and start the transfer
 * @stop: stop the transfer, and preserve the residue
 * @residue: return the number of bytes that are left, which for a cyclic channel are those of
 *           the current round. 0 may also stand for as many bytes as fit into the counter.
 * @is_done: return true if the transfer has come to its end since the start. Called where
 *           @residue is ambiguous, and never for a cyclic channel.
 * @put: give the channel back
 *
 * @get may sleep. All other operations but @put are called with wdmdma_dma_channel.lock held.
 */
struct wdmdma_dma_channel_ops {
	int (*get)(struct wdmdma_dma_channel *dma_channel, size_t most, const char *user,
		   struct wdmdma_refusal *refusal);
	void (*start)(const struct wdmdma_dma_channel *dma_channel, dma_addr_t dma, size_t len,
		      enum dma_data_direction direction);
	void (*stop)(const struct wdmdma_dma_channel *dma_channel);
	size_t (*residue)(const struct wdmdma_dma_channel *dma_channel);
	bool (*is_done)(const struct wdmdma_dma_channel *dma_channel);
	void (*put)(const struct wdmdma_dma_channel *dma_channel);
};

/**
 * struct wdmdma_dma_channel - a channel that belongs to an adapter
 * @ops: operations of the controller
 * @node: entry in the list of all channels
 * @channel: as in struct wdmdma_dma_channel_request
 * @unit: as in struct wdmdma_dma_channel_request
 * @cyclic: as in struct wdmdma_dma_channel_request
 * @demand: as in struct wdmdma_dma_channel_request
 * @boundary: a power of two whose multiples a transfer must not cross, and so the greatest
 *            length
 * @block: memory that the channel can reach, for copying, or NULL if the channel never copies.
 *         The memory is reserved, because it is scarce and a transfer must not fail for lack of
 *         it.
 * @block_order: order of @block
 * @lock: protects the fields below and the hardware
 * @block_used: true while a transfer uses @block
 * @taken: true until the channel is given back
 * @loaded: true while there is a transfer, running or stopped
 * @dma: address of the transfer, for the controller
 * @len: bytes of the transfer
 * @left: residue of the last transfer, while there is none
 */
struct wdmdma_dma_channel {
	const struct wdmdma_dma_channel_ops *ops;
	struct list_head node;
	u32 channel;
	u32 unit;
	bool cyclic;
	bool demand;
	u32 boundary;
	struct page *block;
	unsigned int block_order;
	spinlock_t lock;	/* protects the fields below and the hardware */
	bool block_used;
	bool taken;
	bool loaded;
	dma_addr_t dma;
	size_t len;
	size_t left;
};

/* In backend/dma_channel_isa.c. Undefined if the kernel has no ISA DMA. */
extern const struct wdmdma_dma_channel_ops wdmdma_dma_channel_isa;

#endif /* WDMDMA_DMA_CHANNEL_OPS_H */
