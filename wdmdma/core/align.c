// SPDX-License-Identifier: GPL-2.0-only
/*
 * Alignment: a bounce buffer must have the page offset of the memory that it stands for.
 *
 * On Windows a transfer is mapped page by page, whether it is copied or not. Drivers make
 * lists of pages from it (NVMe's PRPs), so a logical address must have the low 12 bits of
 * the memory's own address. The kernel's bounce buffers (swiotlb) keep as many low bits as
 * the device's minimum alignment mask says, by default none. So the module sets the mask
 * of each device from open to unbind.
 *
 * The kernel reads the mask again when it unmaps, so the mask must not change while memory
 * is mapped through bounce buffers. The module therefore sets the mask before the device
 * has an adapter, and restores the mask when the driver has nothing mapped any more.
 */
#include <linux/dma-mapping.h>
#include <linux/sizes.h>

#include "core/align.h"
#include "objects.h"

/* Windows pages have 4 KiB on every platform. */
#define ALIGN_MASK	(SZ_4K - 1)

/* Raise the device's minimum alignment mask if the mask is lower, or set the first one. */
void wdmdma_align_raise(struct wdmdma_device *device)
{
	struct device *dev = device->dev;

	/* A device without parameters (ISA, PnP) has the defaults. A field of 0 means the same. */
	if (!dev->dma_parms)
		dev->dma_parms = &device->align.parms;
	device->align.mask = dev->dma_parms->min_align_mask;
	dev->dma_parms->min_align_mask |= ALIGN_MASK;
}

/* Remove the parameters set above, or restore the old mask unless the mask has changed since. */
void wdmdma_align_restore(struct wdmdma_device *device)
{
	struct device *dev = device->dev;

	if (dev->dma_parms == &device->align.parms)
		dev->dma_parms = NULL;
	else if (dma_get_min_align_mask(dev) == (device->align.mask | ALIGN_MASK))
		dev->dma_parms->min_align_mask = device->align.mask;
}
