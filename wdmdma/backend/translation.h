/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells what an IOMMU does for a device. See backend/translation.c. */
#ifndef WDMDMA_TRANSLATION_H
#define WDMDMA_TRANSLATION_H

#include <linux/pci.h>
#include <linux/types.h>

struct wdmdma_device;

bool wdmdma_iommu_translates(struct device *dev);
bool wdmdma_iommu_is_mapped_for(struct device *dev);
bool wdmdma_iommu_forbids_reading(struct device *dev);
bool wdmdma_iommu_is_lazy(const struct wdmdma_device *device);
bool wdmdma_iommu_has_page_size(struct device *dev, size_t size);

/*
 * Return true if the device is behind an external port. The kernel lets an IOMMU show such a device
 * nothing but whole pages of the memory that it maps, and copies parts of pages.
 */
static inline bool wdmdma_is_untrusted(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->untrusted;
}

#endif /* WDMDMA_TRANSLATION_H */
