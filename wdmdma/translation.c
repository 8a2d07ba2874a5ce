// SPDX-License-Identifier: GPL-2.0-only
/* What an IOMMU does for a device, for callers that must not name a backend. */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>

#include "compat.h"
#include "core.h"

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
