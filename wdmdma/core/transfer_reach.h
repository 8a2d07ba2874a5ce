/* SPDX-License-Identifier: GPL-2.0-only */
/* Find out whether a device can access the memory of a transfer, directly or by a bounce. */
#ifndef WDMDMA_TRANSFER_REACH_H
#define WDMDMA_TRANSFER_REACH_H

#include <linux/dma-mapping.h>

#include "backend/dma_channel_ops.h"
#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/dma_channel.h"
#include "core/transfer.h"
#include "lib/window.h"
#include "objects.h"

/*
 * Return the logical addresses that a transfer may use. The device's mask for transfers is not
 * the mask for buffers. Use the mask that the device's record has, because a backend may lower
 * the live mask temporarily.
 */
static inline struct wdmdma_window
wdmdma_transfer_reach(const struct wdmdma_transfer *transfer)
{
	struct wdmdma_window reach = transfer->adapter->reach;
	struct device *dev = transfer->device->dev;

	reach.last = min(reach.last, READ_ONCE(transfer->device->mask));
	if (dev->bus_dma_limit)
		reach.last = min(reach.last, dev->bus_dma_limit);
	return reach;
}

/*
 * Return how the device accesses this memory, which is directly, through the kernel's bounce
 * buffers, or not at all. A DMA controller has boundaries, and must not be given bounce
 * buffers of the kernel, see transfer_attrs().
 */
static inline enum wdmdma_access
wdmdma_transfer_access(const struct wdmdma_transfer *transfer, struct wdmdma_window reach,
		       phys_addr_t phys, size_t len)
{
	const struct wdmdma_dma_channel *dma_channel = transfer->adapter->dma_channel;
	const struct wdmdma_device *device = transfer->device;
	enum wdmdma_access access = WDMDMA_ACCESS_DIRECT;

	if (device->backend->access)
		access = device->backend->access(device, reach, phys, len);
	if (unlikely(dma_channel) &&
	    (access == WDMDMA_ACCESS_BOUNCED ||
	     wdmdma_window_crosses(wdmdma_dma_channel_boundary(dma_channel), phys, len) ||
	     !IS_ALIGNED(phys, wdmdma_dma_channel_unit(dma_channel))))
		return WDMDMA_ACCESS_NONE;
	return access;
}

/*
 * Return true if the DMA API gives the device whole pages only. It maps each piece by itself then,
 * and copies a piece that has a part of a page, so that the device does not see the rest.
 */
static inline bool wdmdma_transfer_gives_pages(const struct wdmdma_transfer *transfer)
{
	return !transfer->device->backend->access && wdmdma_is_untrusted(transfer->device->dev);
}

#endif /* WDMDMA_TRANSFER_REACH_H */
