// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA channels: the owner of a system DMA controller's channel, and its transfer. Each kind
 * of controller has a file in backend/ that programs the hardware.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backend/dma_channel_ops.h"
#include "compat.h"
#include "core/dma_channel.h"
#include "lib/refusal.h"

/* Channels that may have a transfer, which must end before its memory is freed. */
LIST_HEAD(wdmdma_dma_channels);
static DEFINE_SPINLOCK(dma_channels_lock);	/* protects the list */

static void dma_channel_free_record(struct wdmdma_dma_channel *dma_channel)
{
	if (dma_channel->block)
		__free_pages(dma_channel->block, dma_channel->block_order);
	kfree(dma_channel);
}

/**
 * wdmdma_dma_channel_get() - take a channel
 * @request: the wanted channel, and how the channel must run
 * @user: the user's name for /proc/dma, which must stay valid until the channel is closed
 * @refusal: receives the reason of a failure
 *
 * Context: may sleep.
 * Return: the channel. Otherwise an ERR_PTR with -EOPNOTSUPP if the kernel has no such
 * controllers, with -EINVAL if there is no such channel or it cannot run like that, with
 * -EBUSY if the channel is in use, or with -ENOMEM, also for lack of copy memory.
 */
struct wdmdma_dma_channel *wdmdma_dma_channel_get(const struct wdmdma_dma_channel_request *request,
						  const char *user,
						  struct wdmdma_refusal *refusal)
{
	struct wdmdma_dma_channel *dma_channel;
	int ret;

	if (!IS_ENABLED(CONFIG_ISA_DMA_API))
		return ERR_PTR(wdmdma_deny(refusal, -EOPNOTSUPP,
					   "the kernel has no ISA DMA (CONFIG_ISA_DMA_API)"));
	dma_channel = kzalloc(sizeof(*dma_channel), WDMDMA_GFP);
	if (!dma_channel)
		return ERR_PTR(wdmdma_deny(refusal, -ENOMEM, "out of memory"));
	dma_channel->ops = &wdmdma_dma_channel_isa;
	dma_channel->channel = request->channel;
	dma_channel->unit = request->unit;
	dma_channel->cyclic = request->cyclic;
	dma_channel->demand = request->demand;
	spin_lock_init(&dma_channel->lock);
	ret = dma_channel->ops->get(dma_channel, request->most, user, refusal);
	if (ret) {
		dma_channel_free_record(dma_channel);
		return ERR_PTR(ret);
	}
	dma_channel->taken = true;
	spin_lock_irq(&dma_channels_lock);
	list_add(&dma_channel->node, &wdmdma_dma_channels);
	spin_unlock_irq(&dma_channels_lock);
	return dma_channel;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_dma_channel_get);

/**
 * wdmdma_dma_channel_start() - program the channel for a transfer, and let it run
 * @dma_channel: the channel
 * @dma: logical address for the controller
 * @len: length in bytes
 * @direction: direction of the transfer
 * @refusal: receives the reason of a failure
 *
 * Context: any.
 * Return: 0 on success. -EINVAL if the channel cannot move these bytes, -EBUSY if it has a
 * transfer, or -ESHUTDOWN after the channel was given back.
 */
int wdmdma_dma_channel_start(struct wdmdma_dma_channel *dma_channel, dma_addr_t dma, size_t len,
			     enum dma_data_direction direction, struct wdmdma_refusal *refusal)
{
	unsigned long flags;
	int ret = 0;

	if (!dma_channel)
		return 0;
	if (!IS_ALIGNED(dma | len, dma_channel->unit))
		return wdmdma_deny(refusal, -EINVAL,
				   "the channel moves units of DmaWidth, and that is no multiple of them");
	spin_lock_irqsave(&dma_channel->lock, flags);
	if (!dma_channel->taken) {
		ret = wdmdma_deny(refusal, -ESHUTDOWN, "the driver is unbound from the device");
	} else if (dma_channel->loaded) {
		ret = wdmdma_deny(refusal, -EBUSY,
				  "the controller's channel has a transfer that is not flushed");
	} else {
		dma_channel->loaded = true;
		dma_channel->dma = dma;
		dma_channel->len = len;
		dma_channel->ops->start(dma_channel, dma, len, direction);
	}
	spin_unlock_irqrestore(&dma_channel->lock, flags);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_dma_channel_start);

/* Return the bytes that are left of the transfer. There must be a transfer. */
static size_t dma_channel_left(const struct wdmdma_dma_channel *dma_channel)
{
	size_t left = dma_channel->ops->residue(dma_channel);

	lockdep_assert_held(&dma_channel->lock);
	if (left)
		return left;
	/* A cyclic transfer never ends. With nothing left it is at its beginning again. */
	if (dma_channel->cyclic)
		return dma_channel->len;
	/* The counter of the longest possible transfer reads the same at both ends. */
	if (dma_channel->len == dma_channel->boundary && !dma_channel->ops->is_done(dma_channel))
		return dma_channel->len;
	return 0;
}

/*
 * Let the channel move nothing more. The residue stays readable, and the transfer must still
 * be ended by wdmdma_dma_channel_stop().
 */
void wdmdma_dma_channel_pause(struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags;

	if (!dma_channel)
		return;
	spin_lock_irqsave(&dma_channel->lock, flags);
	if (dma_channel->loaded)
		dma_channel->ops->stop(dma_channel);
	spin_unlock_irqrestore(&dma_channel->lock, flags);
}

/*
 * Let no channel move anything more whose transfer overlaps memory that is being freed. Return
 * true if there is one. wdmdma_dma_channel_stop() must still end the transfer. @phys is the
 * physical address, which is also the logical one, as no IOMMU translates for the controllers. The
 * caller must be able to take spinlocks, also on PREEMPT_RT.
 */
bool wdmdma_dma_channels_leave(phys_addr_t phys, size_t len)
{
	struct wdmdma_dma_channel *dma_channel;
	unsigned long flags;
	bool used = false;

	spin_lock_irqsave(&dma_channels_lock, flags);
	list_for_each_entry(dma_channel, &wdmdma_dma_channels, node) {
		spin_lock(&dma_channel->lock);
		if (dma_channel->loaded && dma_channel->dma < phys + len &&
		    phys < dma_channel->dma + dma_channel->len) {
			dma_channel->ops->stop(dma_channel);
			used = true;
		}
		spin_unlock(&dma_channel->lock);
	}
	spin_unlock_irqrestore(&dma_channels_lock, flags);
	return used;
}

/* End the transfer, if any. The controller does not use its memory any more. Any context. */
void wdmdma_dma_channel_stop(struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags;

	if (!dma_channel)
		return;
	spin_lock_irqsave(&dma_channel->lock, flags);
	if (dma_channel->loaded) {
		dma_channel->ops->stop(dma_channel);
		dma_channel->left = dma_channel_left(dma_channel);
		dma_channel->loaded = false;
	}
	spin_unlock_irqrestore(&dma_channel->lock, flags);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_dma_channel_stop);

/*
 * Lend the channel's copy memory to one transfer. Return NULL if the memory is too short or
 * is lent already. Any context.
 */
struct page *wdmdma_dma_channel_lend(struct wdmdma_dma_channel *dma_channel, size_t len)
{
	struct page *page = NULL;
	unsigned long flags;

	if (!dma_channel || !dma_channel->block || len > PAGE_SIZE << dma_channel->block_order)
		return NULL;
	spin_lock_irqsave(&dma_channel->lock, flags);
	if (!dma_channel->block_used) {
		dma_channel->block_used = true;
		page = dma_channel->block;
	}
	spin_unlock_irqrestore(&dma_channel->lock, flags);
	return page;
}

/* Take copy memory back for the next transfer. Return false if @page is none. Any context. */
bool wdmdma_dma_channel_take_back(struct wdmdma_dma_channel *dma_channel, const struct page *page)
{
	unsigned long flags;

	if (!dma_channel || dma_channel->block != page)
		return false;
	spin_lock_irqsave(&dma_channel->lock, flags);
	dma_channel->block_used = false;
	spin_unlock_irqrestore(&dma_channel->lock, flags);
	return true;
}

/*
 * Return the bytes that are left of the transfer, or that were left when the last transfer
 * ended. @dma_channel must not be NULL. Any context.
 */
size_t wdmdma_dma_channel_residue(struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags;
	size_t left;

	spin_lock_irqsave(&dma_channel->lock, flags);
	left = dma_channel->loaded ? dma_channel_left(dma_channel) : dma_channel->left;
	spin_unlock_irqrestore(&dma_channel->lock, flags);
	return left;
}

/* Give the channel back to the kernel. The record stays, as calls may use it. Any context. */
void wdmdma_dma_channel_close(struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags;
	bool taken;

	if (!dma_channel)
		return;
	wdmdma_dma_channel_stop(dma_channel);
	spin_lock_irqsave(&dma_channel->lock, flags);
	taken = dma_channel->taken;
	dma_channel->taken = false;
	spin_unlock_irqrestore(&dma_channel->lock, flags);
	if (taken)
		dma_channel->ops->put(dma_channel);
}

/* Close the channel and free the record. No call and no transfer may use the record any more. */
void wdmdma_dma_channel_free(struct wdmdma_dma_channel *dma_channel)
{
	unsigned long flags;

	if (!dma_channel)
		return;
	wdmdma_dma_channel_close(dma_channel);
	spin_lock_irqsave(&dma_channels_lock, flags);
	list_del(&dma_channel->node);
	spin_unlock_irqrestore(&dma_channels_lock, flags);
	dma_channel_free_record(dma_channel);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_dma_channel_free);
