/* SPDX-License-Identifier: GPL-2.0-only */
/* What backend_iommu has in a device's record: a stand-in for it, and its low addresses. */
#ifndef WDMDMA_STANDIN_H
#define WDMDMA_STANDIN_H

#include <linux/device.h>
#include <linux/types.h>

struct wdmdma_pages;

/**
 * struct wdmdma_standin - what looks like a device to the DMA API, with masks of its own
 * @dev: a copy of the device's, not registered, and of no bus; only the DMA API sees it, which
 *       by it finds the device's IOMMU
 * @mask: @dev.dma_mask points here
 * @parms: no limit on segments: what they make is one range
 *
 * The DMA API takes the highest address and the node from the device. They are set here, so
 * that nobody else who maps memory for the device meets them.
 */
struct wdmdma_standin {
	struct device dev;
	u64 mask;
	struct device_dma_parameters parms;
};

/* A freed buffer with a low address, as backend/iommu_low.c keeps it; unused if @cpu is NULL. */
struct wdmdma_low_spare {
	void *cpu;
	dma_addr_t dma;
	size_t size;
	struct wdmdma_pages *pages;
};

#define WDMDMA_LOW_SPARES 32

/**
 * struct wdmdma_low - what a device's buffers have of low addresses (backend/iommu_low.c)
 * @bytes: of live buffers that were placed with a low limit, by the highest bit of their last
 *         address
 * @freed: of those freed since @freed_at, or not long before, whose addresses the IOMMU's
 *         driver may still hold back; in the same way
 * @freed_at: jiffies
 * @kept: freed buffers that are kept with their addresses
 *
 * Written under wdmdma_device.override, held for writing.
 */
struct wdmdma_low {
	long bytes[64];
	long freed[64];
	unsigned long freed_at;
	struct wdmdma_low_spare spares[WDMDMA_LOW_SPARES];
};

#endif /* WDMDMA_STANDIN_H */
