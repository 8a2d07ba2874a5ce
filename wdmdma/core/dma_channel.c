// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controllers: who has a channel, and what it is doing. How one is programmed is the
 * affair of the file of its kind.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backend/dma_channel_ops.h"
#include "compat.h"
#include "core/dma_channel.h"

static void controller_free_record(struct wdmdma_controller *controller)
{
	if (controller->block)
		__free_pages(controller->block, controller->block_order);
	kfree(controller);
}

/**
 * wdmdma_controller_get() - take a channel
 * @request: which, and how it is to run
 * @user: for whom, as the kernel shows it (/proc/dma); must stay until it is closed
 * @why: set on failure: the reason
 *
 * Context: may sleep.
 * Return: the channel; or an ERR_PTR: -EOPNOTSUPP where the kernel has no such
 * controllers, -EINVAL for a channel that is not there or is not like that, -EBUSY for
 * one that is in use, -ENOMEM, also for the memory to copy through.
 */
struct wdmdma_controller *wdmdma_controller_get(const struct wdmdma_channel_request *request,
						const char *user, const char **why)
{
	struct wdmdma_controller *controller;
	int ret;

	*why = "the kernel has no ISA DMA (CONFIG_ISA_DMA_API)";
	if (!IS_ENABLED(CONFIG_ISA_DMA_API))
		return ERR_PTR(-EOPNOTSUPP);
	*why = "out of memory";
	controller = kzalloc(sizeof(*controller), WDMDMA_GFP);
	if (!controller)
		return ERR_PTR(-ENOMEM);
	controller->ops = &wdmdma_controller_isa;
	controller->channel = request->channel;
	controller->unit = request->unit;
	controller->cyclic = request->cyclic;
	controller->demand = request->demand;
	spin_lock_init(&controller->lock);
	ret = controller->ops->get(controller, request->most, user, why);
	if (ret) {
		controller_free_record(controller);
		return ERR_PTR(ret);
	}
	controller->taken = true;
	return controller;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_controller_get);

/**
 * wdmdma_controller_start() - program the channel for a transfer, and let it run
 * @controller: the channel
 * @dma: where, for the controller
 * @len: bytes
 * @direction: of the bytes
 * @why: set on failure: the reason
 *
 * Context: any.
 * Return: 0; -EINVAL for bytes that it cannot move, -EBUSY while there is a transfer,
 * -ESHUTDOWN when the channel has been given back.
 */
int wdmdma_controller_start(struct wdmdma_controller *controller, dma_addr_t dma, size_t len,
			    enum dma_data_direction direction, const char **why)
{
	unsigned long flags;
	int ret = 0;

	if (!controller)
		return 0;
	if (!IS_ALIGNED(dma | len, controller->unit)) {
		*why = "the channel moves units of DmaWidth, and that is no multiple of them";
		return -EINVAL;
	}
	spin_lock_irqsave(&controller->lock, flags);
	if (!controller->taken) {
		*why = "the driver is unbound from the device";
		ret = -ESHUTDOWN;
	} else if (controller->loaded) {
		*why = "the controller's channel has a transfer that is not flushed";
		ret = -EBUSY;
	} else {
		controller->loaded = true;
		controller->dma = dma;
		controller->len = len;
		controller->ops->start(controller, dma, len, direction);
	}
	spin_unlock_irqrestore(&controller->lock, flags);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_controller_start);

/* While there is a transfer. */
static size_t controller_left(const struct wdmdma_controller *controller)
{
	size_t left = controller->ops->residue(controller);

	lockdep_assert_held(&controller->lock);
	if (left)
		return left;
	/* One that goes round has never moved all: it is at the beginning. */
	if (controller->cyclic)
		return controller->len;
	/* The counter of one that is as long as can be looks the same at both ends. */
	if (controller->len == controller->boundary && !controller->ops->is_done(controller))
		return controller->len;
	return 0;
}

/* Move nothing more. What is left stays readable, and the transfer has still to be stopped. */
void wdmdma_controller_pause(struct wdmdma_controller *controller)
{
	unsigned long flags;

	if (!controller)
		return;
	spin_lock_irqsave(&controller->lock, flags);
	if (controller->loaded)
		controller->ops->stop(controller);
	spin_unlock_irqrestore(&controller->lock, flags);
}

/*
 * Memory goes: move nothing more if the transfer is in it, at least in part. Then, true, the
 * transfer has still to be stopped. Any context.
 */
bool wdmdma_controller_leave(struct wdmdma_controller *controller, dma_addr_t dma, size_t len)
{
	unsigned long flags;
	bool used;

	if (!controller)
		return false;
	spin_lock_irqsave(&controller->lock, flags);
	used = controller->loaded && controller->dma < dma + len &&
	       dma < controller->dma + controller->len;
	if (used)
		controller->ops->stop(controller);
	spin_unlock_irqrestore(&controller->lock, flags);
	return used;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_controller_leave);

/* End the transfer, if there is one: its memory is not the controller's any more. Any context. */
void wdmdma_controller_stop(struct wdmdma_controller *controller)
{
	unsigned long flags;

	if (!controller)
		return;
	spin_lock_irqsave(&controller->lock, flags);
	if (controller->loaded) {
		controller->ops->stop(controller);
		controller->left = controller_left(controller);
		controller->loaded = false;
	}
	spin_unlock_irqrestore(&controller->lock, flags);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_controller_stop);

/*
 * The memory to copy through, for one transfer; NULL if that is too short, or somebody
 * has it. Any context.
 */
struct page *wdmdma_controller_lend(struct wdmdma_controller *controller, size_t len)
{
	struct page *page = NULL;
	unsigned long flags;

	if (!controller || !controller->block || len > PAGE_SIZE << controller->block_order)
		return NULL;
	spin_lock_irqsave(&controller->lock, flags);
	if (!controller->block_used) {
		controller->block_used = true;
		page = controller->block;
	}
	spin_unlock_irqrestore(&controller->lock, flags);
	return page;
}

/* Is this that memory? Then the next transfer may have it. Any context. */
bool wdmdma_controller_take_back(struct wdmdma_controller *controller, const struct page *page)
{
	unsigned long flags;

	if (!controller || controller->block != page)
		return false;
	spin_lock_irqsave(&controller->lock, flags);
	controller->block_used = false;
	spin_unlock_irqrestore(&controller->lock, flags);
	return true;
}

/* Bytes that are left of the transfer, or were when the last one ended. Any context. */
size_t wdmdma_controller_residue(struct wdmdma_controller *controller)
{
	unsigned long flags;
	size_t left;

	spin_lock_irqsave(&controller->lock, flags);
	left = controller->loaded ? controller_left(controller) : controller->left;
	spin_unlock_irqrestore(&controller->lock, flags);
	return left;
}

/* Give the channel back; others may still call. Any context. */
void wdmdma_controller_close(struct wdmdma_controller *controller)
{
	unsigned long flags;
	bool taken;

	if (!controller)
		return;
	wdmdma_controller_stop(controller);
	spin_lock_irqsave(&controller->lock, flags);
	taken = controller->taken;
	controller->taken = false;
	spin_unlock_irqrestore(&controller->lock, flags);
	if (taken)
		controller->ops->put(controller);
}

/* The same, and nobody calls any more, or has memory of it. */
void wdmdma_controller_free(struct wdmdma_controller *controller)
{
	if (!controller)
		return;
	wdmdma_controller_close(controller);
	controller_free_record(controller);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_controller_free);
