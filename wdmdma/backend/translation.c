// SPDX-License-Identifier: GPL-2.0-only
/* Tells what an IOMMU does for a device, for callers that must not name a backend. */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

#include "backend/translation.h"
#include "compat.h"
#include "objects.h"

/* Return true if an IOMMU translates for @dev, in a domain that the DMA API manages. */
bool wdmdma_iommu_translates(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && iommu_is_dma_domain(domain);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iommu_translates);

/*
 * Return true if the DMA API maps as the IOMMU translates. The kernel chooses the way of the DMA
 * API when it adds the device, by the domain that the device's group is in at that moment. In a
 * group whose only other device had a private domain it chooses a way without an IOMMU, and keeps
 * it when the group goes back to its default domain. Only the way of the IOMMU merges segments.
 */
bool wdmdma_iommu_is_mapped_for(struct device *dev)
{
	return !wdmdma_iommu_translates(dev) || dma_get_merge_boundary(dev);
}

/*
 * Return true if memory for @dev can be mapped with pages of @size. Without translation any
 * size will do.
 */
bool wdmdma_iommu_has_page_size(struct device *dev, size_t size)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return !domain || domain->type == IOMMU_DOMAIN_IDENTITY || domain->pgsize_bitmap & size;
}

/* Return true if the device's domain frees addresses later than the buffers. */
bool wdmdma_iommu_is_lazy(const struct wdmdma_device *device)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(device->dev);

	return domain && domain->type == IOMMU_DOMAIN_DMA_FQ;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iommu_is_lazy);

/*
 * Return true if the IOMMU, as its driver uses it, can forbid a device to read memory that it
 * may write. Intel's and Arm's IOMMUs cannot. AMD's cannot if its page tables have the format
 * of the CPU, which knows fewer page sizes than AMD's own format. For an unknown driver the
 * answer must be false.
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
