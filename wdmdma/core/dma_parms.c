// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA parameters of a device (dev->dma_parms), which the module changes from open to unbind.
 *
 * A bounce buffer must have the page offset of the memory that it stands for. On Windows a
 * transfer is mapped page by page, whether it is copied or not. Drivers make lists of pages from
 * it (NVMe's PRPs), so a logical address must have the low 12 bits of the memory's own address.
 * The kernel's bounce buffers (swiotlb) keep as many low bits as the device's minimum alignment
 * mask says, by default none. The kernel reads the mask again when it unmaps, so the mask must
 * not change while memory is mapped through bounce buffers. The module therefore sets the mask
 * before the device has an adapter, and restores the mask when the driver has nothing mapped any
 * more.
 *
 * A segment may be as long as the driver's longest transfer, as on Windows. Linux cuts segments
 * at 64 KiB unless the device's driver has set another limit. For most devices that limit is the
 * default and no property of the device, so the adapters may raise it. A limit that the driver's
 * Linux half has set with dma_set_max_seg_size() stays. Only a limit of 64 KiB on a PCI device
 * looks like the default. A driver that needs this limit has to say so in MaximumLength.
 */
#include <linux/dma-mapping.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "core/dma_parms.h"
#include "objects.h"

/* Windows pages have 4 KiB on every platform. */
#define ALIGN_MASK	(SZ_4K - 1)

/* Raise the device's minimum alignment mask if the mask is lower, or set the first one. */
void wdmdma_dma_parms_open(struct wdmdma_device *device)
{
	struct device *dev = device->dev;

	/* A device without parameters (ISA, PnP) has the defaults. A field of 0 means the same. */
	if (!dev->dma_parms)
		dev->dma_parms = &device->parms.own;
	device->parms.align_mask = dev->dma_parms->min_align_mask;
	device->parms.segment = dev->dma_parms->max_segment_size;
	dev->dma_parms->min_align_mask |= ALIGN_MASK;
}

/* Return true if nobody but the bus has limited the device's segments. */
static bool dma_parms_has_default(const struct device *dev, unsigned int segment)
{
	return !segment || (dev_is_pci(dev) && segment == SZ_64K);
}

/* Let segments have @bytes bytes, unless the driver has set a limit. May sleep. */
void wdmdma_dma_parms_allow(struct wdmdma_device *device, u64 bytes)
{
	struct device_dma_parameters *parms;

	bytes = min_t(u64, bytes, UINT_MAX & PAGE_MASK);
	down_write(&device->sem);
	parms = device->dev->dma_parms;
	/* After unbind they are the next driver's. The Linux half may also have removed them. */
	if (!device->dead && parms &&
	    (dma_parms_has_default(device->dev, parms->max_segment_size) ||
	     parms->max_segment_size == device->parms.raised) &&
	    dma_get_max_seg_size(device->dev) < bytes) {
		parms->max_segment_size = bytes;
		device->parms.raised = bytes;
	}
	up_write(&device->sem);
}

/* Remove or restore the parameters, unless the driver has changed them since. */
void wdmdma_dma_parms_close(struct wdmdma_device *device)
{
	struct device_dma_parameters *parms = device->dev->dma_parms;

	lockdep_assert_held_write(&device->sem);
	if (parms == &device->parms.own)
		device->dev->dma_parms = NULL;
	if (!parms || parms == &device->parms.own)
		return;
	if (parms->min_align_mask == (device->parms.align_mask | ALIGN_MASK))
		parms->min_align_mask = device->parms.align_mask;
	if (device->parms.raised && parms->max_segment_size == device->parms.raised)
		parms->max_segment_size = device->parms.segment;
}
