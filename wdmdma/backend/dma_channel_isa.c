// SPDX-License-Identifier: GPL-2.0-only
/*
 * ISA DMA with the two 8237 controllers of a PC, through the kernel's interface to them.
 *
 * Channels 0 to 3 move bytes, and channels 5 to 7 move words of two bytes. Channel 4 connects
 * the two controllers. The controllers drive 24 address lines, but do not count the upper ones.
 * A transfer must not reach the end of its 64 KiB, or 128 KiB for words, because it would go on
 * at their beginning.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <asm/dma.h>

#include "backend/dma_channel_ops.h"
#include "compat.h"
#include "lib/refusal.h"

#define ISA_CASCADE		4

/* Bits of the mode register. The kernel's own names are sums of these bits. */
#define ISA_MODE_TO_MEMORY	0x04
#define ISA_MODE_FROM_MEMORY	0x08
#define ISA_MODE_SINGLE		0x40	/* 0 means demand mode */

/*
 * Bit N is set if channel N has come to the end of its count. The status registers of the
 * controllers report this, but reading a register clears its bits for four channels. So the
 * bits read must be kept here. Protected by dma_spin_lock.
 */
static u8 isa_ended;

/* Read the status register of the channel's controller into isa_ended. */
static void isa_read_status(u32 channel)
{
	lockdep_assert_held(&dma_spin_lock);
	if (channel < ISA_CASCADE)
		isa_ended |= dma_inb(DMA1_STAT_REG) & 0x0f;
	else
		isa_ended |= (dma_inb(DMA2_STAT_REG) & 0x0f) << ISA_CASCADE;
}

static u32 isa_unit(u32 channel)
{
	return channel < ISA_CASCADE ? 1 : 2;
}

/* Allocate the block of a channel. A block is aligned to its length, so it crosses no boundary. */
static int isa_get_block(struct wdmdma_dma_channel *dma_channel, size_t most)
{
	unsigned int order = get_order(min_t(size_t, most, dma_channel->boundary));
	struct page *page = alloc_pages(WDMDMA_GFP | GFP_DMA, order);

	/* A kernel without ZONE_DMA may return any memory. */
	if (page && page_to_pfn(page) >= MAX_DMA_PFN) {
		__free_pages(page, order);
		page = NULL;
	}
	dma_channel->block = page;
	dma_channel->block_order = order;
	return page ? 0 : -ENOMEM;
}

static int isa_get(struct wdmdma_dma_channel *dma_channel, size_t most, const char *user,
		   struct wdmdma_refusal *refusal)
{
	u32 channel = dma_channel->channel;

	if (channel >= MAX_DMA_CHANNELS)
		return wdmdma_deny(refusal, -EINVAL,
				   "there is no such DMA channel: ISA has 0 to 7");
	if (channel == ISA_CASCADE)
		return wdmdma_deny(refusal, -EINVAL, "DMA channel 4 connects the two controllers");
	if (dma_channel->unit != isa_unit(channel))
		return wdmdma_deny(refusal, -EINVAL,
				   "DMA channels 0 to 3 have Width8Bits, and 5 to 7 Width16Bits");
	dma_channel->boundary = SZ_64K * dma_channel->unit;
	if (!dma_channel->cyclic && isa_get_block(dma_channel, most))
		return wdmdma_deny(refusal, -ENOMEM,
				   "no contiguous memory below 16 MiB to copy transfers through");
	if (request_dma(channel, user))
		return wdmdma_deny(refusal, -EBUSY, "the DMA channel is in use (see /proc/dma)");
	return 0;
}

static void isa_start(const struct wdmdma_dma_channel *dma_channel, dma_addr_t dma, size_t len,
		      enum dma_data_direction direction)
{
	char mode = direction == DMA_TO_DEVICE ? ISA_MODE_FROM_MEMORY : ISA_MODE_TO_MEMORY;
	unsigned long flags = claim_dma_lock();
	u32 channel = dma_channel->channel;

	lockdep_assert_held(&dma_channel->lock);
	if (dma_channel->cyclic)
		mode |= DMA_AUTOINIT;
	if (!dma_channel->demand)
		mode |= ISA_MODE_SINGLE;
	disable_dma(channel);
	isa_read_status(channel);
	isa_ended &= ~BIT(channel);
	clear_dma_ff(channel);
	set_dma_mode(channel, mode);
	set_dma_addr(channel, dma);
	set_dma_count(channel, len);
	enable_dma(channel);
	release_dma_lock(flags);
}

static void isa_stop(const struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags = claim_dma_lock();

	lockdep_assert_held(&dma_channel->lock);
	disable_dma(dma_channel->channel);
	release_dma_lock(flags);
}

/*
 * Return the bytes that are left. The counter is read in two halves, and a running channel may
 * borrow from the upper half between the two reads. The result is then too low. Of two results
 * in a row, the larger one is right.
 */
static size_t isa_residue(const struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags = claim_dma_lock();
	int first, second;

	lockdep_assert_held(&dma_channel->lock);
	clear_dma_ff(dma_channel->channel);
	first = get_dma_residue(dma_channel->channel);
	second = get_dma_residue(dma_channel->channel);
	release_dma_lock(flags);
	return max(first, second);
}

/*
 * Return true if the transfer has come to its end. No driver in the kernel reads the status
 * while channels run, so only isa_read_status() clears the bits.
 */
static bool isa_is_done(const struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags = claim_dma_lock();
	bool done;

	lockdep_assert_held(&dma_channel->lock);
	isa_read_status(dma_channel->channel);
	done = isa_ended & BIT(dma_channel->channel);
	release_dma_lock(flags);
	return done;
}

static void isa_put(const struct wdmdma_dma_channel *dma_channel)
{
	free_dma(dma_channel->channel);
}

const struct wdmdma_dma_channel_ops wdmdma_dma_channel_isa = {
	.get = isa_get,
	.start = isa_start,
	.stop = isa_stop,
	.residue = isa_residue,
	.is_done = isa_is_done,
	.put = isa_put,
};
