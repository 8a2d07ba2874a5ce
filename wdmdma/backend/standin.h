/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a device's record and of its home that belong to backend_iommu, with the stand-in
 * and the low addresses.
 */
#ifndef WDMDMA_STANDIN_H
#define WDMDMA_STANDIN_H

#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct wdmdma_pages;

/**
 * struct wdmdma_standin - a struct device for the DMA API, with masks of its own
 * @dev: a copy of the device's struct device, not registered and without a bus. Only the DMA
 *       API may see the copy, and finds the device's IOMMU through it.
 * @mask: @dev.dma_mask points here
 * @parms: DMA parameters without a limit on segments, because the segments make one range
 *
 * The DMA API takes the highest address and the node from the device. The module sets them here
 * instead, so that other users who map memory for the device are not affected.
 */
struct wdmdma_standin {
	struct device dev;
	u64 mask;
	struct device_dma_parameters parms;
};

/*
 * Bytes of a block of low addresses, which is aligned to them. This is longer than any range in
 * the allocator's caches.
 */
#define WDMDMA_LOW_BLOCK	SZ_256K

/**
 * struct wdmdma_low_block - a block of memory with low addresses, for short buffers
 * @node: entry in wdmdma_device.low_blocks
 * @cpu: address for the CPU
 * @dma: logical address
 * @pages: page set, if the block was made of one
 * @used: the pages that buffers have
 */
struct wdmdma_low_block {
	struct list_head node;
	void *cpu;
	dma_addr_t dma;
	struct wdmdma_pages *pages;
	DECLARE_BITMAP(used, WDMDMA_LOW_BLOCK >> PAGE_SHIFT);
};

/**
 * struct wdmdma_low - low addresses that the buffers of an IOMMU group use (backend/iommu_low.c)
 * @search: held from the look for room until the buffer is accounted for
 * @lock: protects the other members and the blocks of the devices. Taken in process context only
 * @bytes: bytes of blocks, and of live buffers outside of them that were placed with a low limit,
 *         indexed by the highest bit of their last address
 * @freed: bytes of buffers whose addresses the IOMMU's driver may still hold back, indexed like
 *         @bytes. They were freed at @freed_at or shortly before.
 * @freed_at: jiffies of the last such free
 */
struct wdmdma_low {
	struct mutex search; /* held while an address is searched */
	spinlock_t lock; /* protects the accounts */
	long bytes[64];
	long freed[64];
	unsigned long freed_at;
};

#endif /* WDMDMA_STANDIN_H */
