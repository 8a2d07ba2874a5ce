/* SPDX-License-Identifier: GPL-2.0-only */
/* The DMA parameters of a device. See core/dma_parms.c. */
#ifndef WDMDMA_DMA_PARMS_H
#define WDMDMA_DMA_PARMS_H

#include <linux/types.h>

struct wdmdma_device;

void wdmdma_dma_parms_open(struct wdmdma_device *device);
void wdmdma_dma_parms_allow(struct wdmdma_device *device, u64 bytes);
void wdmdma_dma_parms_close(struct wdmdma_device *device);

#endif /* WDMDMA_DMA_PARMS_H */
