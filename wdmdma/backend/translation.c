// SPDX-License-Identifier: GPL-2.0-only
/* What an IOMMU does for a device, for callers that must not name a backend. */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>

#include "backend/translation.h"
#include "compat.h"
#include "objects.h"

/* Is @dev behind an IOMMU that translates, in a domain that the DMA API manages? */
bool wdmdma_iommu_translates(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && iommu_is_dma_domain(domain);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iommu_translates);

/* Can @dev be given memory in pages of @size? Where no IOMMU translates, in any. */
bool wdmdma_iommu_has_page_size(struct device *dev, size_t size)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return !domain || domain->type == IOMMU_DOMAIN_IDENTITY || domain->pgsize_bitmap & size;
}

/* Is the device's domain one that gives addresses back later than they are freed? */
bool wdmdma_iommu_is_lazy(const struct wdmdma_device *device)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(device->dev);

	return domain && domain->type == IOMMU_DOMAIN_DMA_FQ;
}

/*
 * Does the IOMMU, as its driver uses it, keep a device from reading what it may write? Intel's
 * and Arm's let it read; so does AMD's with page tables as a CPU has them, which know fewer
 * sizes of pages than its own. A driver that is not known is not believed.
 */
bool wdmdma_iommu_forbids_reading(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	const struct device *iommu;

	if (!domain || !dev->iommu || !dev->iommu->iommu_dev || !dev->iommu->iommu_dev->dev)
		return false;
	iommu = dev->iommu->iommu_dev->dev;
	if (iommu->parent && strstarts(dev_name(iommu->parent), "virtio"))
		return true;
	return strstarts(dev_name(iommu), "ivhd") && domain->pgsize_bitmap & SZ_8K;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iommu_forbids_reading);
