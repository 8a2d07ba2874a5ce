/* SPDX-License-Identifier: GPL-2.0-only */
/* Alignment: see align.c. */
#ifndef WDMDMA_ALIGN_H
#define WDMDMA_ALIGN_H

#include <linux/device.h>

struct wdmdma_device;

/**
 * struct wdmdma_align - what there was before a device was opened
 * @mask: its minimum alignment mask
 * @parms: DMA parameters for one that has none
 */
struct wdmdma_align {
	unsigned int mask;
	struct device_dma_parameters parms;
};

void wdmdma_align_raise(struct wdmdma_device *device);
void wdmdma_align_restore(struct wdmdma_device *device);

#endif /* WDMDMA_ALIGN_H */
