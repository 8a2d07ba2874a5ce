/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells what an IOMMU does for a device. See backend/translation.c. */
#ifndef WDMDMA_TRANSLATION_H
#define WDMDMA_TRANSLATION_H

#include <linux/types.h>

struct device;
struct wdmdma_device;

bool wdmdma_iommu_translates(struct device *dev);
bool wdmdma_iommu_forbids_reading(struct device *dev);
bool wdmdma_iommu_is_lazy(const struct wdmdma_device *device);
bool wdmdma_iommu_has_page_size(struct device *dev, size_t size);

#endif /* WDMDMA_TRANSLATION_H */
