// SPDX-License-Identifier: GPL-2.0-only
/*
 * Alignment: what the kernel copies for a device keeps its place in the page.
 *
 * On Windows a transfer is mapped page by page, copied or not, and drivers make lists of
 * pages from it (NVMe's PRPs): a logical address has the low 12 bits of the memory's own.
 * The kernel's bounce buffers (swiotlb) keep as many as the device's minimum alignment mask
 * says, by default none. So each device gets that mask, from open to unbind.
 *
 * The kernel looks at the mask again when it unmaps: it does not change while something is
 * mapped through bounce buffers. That is why it is set before there is an adapter, and put
 * back when the driver has nothing mapped any more.
 */
#include <linux/dma-mapping.h>
#include <linux/sizes.h>

#include "core/align.h"
#include "objects.h"

/* Windows pages have 4 KiB on every platform. */
#define ALIGN_MASK	(SZ_4K - 1)

/* Raise the device's minimum alignment mask, if it is lower. May be the first to have one. */
void wdmdma_align_raise(struct wdmdma_device *device)
{
	struct device *dev = device->dev;

	/* Without parameters (ISA, PnP) the defaults hold: so they do where a field is 0. */
	if (!dev->dma_parms)
		dev->dma_parms = &device->align.parms;
	device->align.mask = dev->dma_parms->min_align_mask;
	dev->dma_parms->min_align_mask |= ALIGN_MASK;
}

/* Put back what was there, unless somebody has set another one since. */
void wdmdma_align_restore(struct wdmdma_device *device)
{
	struct device *dev = device->dev;

	if (dev->dma_parms == &device->align.parms)
		dev->dma_parms = NULL;
	else if (dma_get_min_align_mask(dev) == (device->align.mask | ALIGN_MASK))
		dev->dma_parms->min_align_mask = device->align.mask;
}
