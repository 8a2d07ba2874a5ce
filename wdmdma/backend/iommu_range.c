// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scattered pages as one range of logical addresses, in the device's default domain. Newer kernels
 * have calls for that. Older kernels map a scatterlist as one range, though they do not promise to.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "backend/backing.h"
#include "backend/iommu_range.h"
#include "compat.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "objects.h"

/* Mapping of scattered pages as one range. */
struct iommu_mapping {
	struct sg_table sgt;
	struct dma_iova_state iova;
};

static struct iommu_mapping *iommu_mapping_of(const struct wdmdma_buffer *buffer)
{
	return container_of(buffer->sgt, struct iommu_mapping, sgt);
}

static enum dma_data_direction iommu_direction(struct wdmdma_buffer *buffer)
{
	return buffer->imported ? wdmdma_to_imported(buffer)->direction : DMA_BIDIRECTIONAL;
}

#if WDMDMA_HAS_DMA_IOVA

/* Allocate addresses for all pages, then map each run of contiguous pages. */
static int iommu_map_one_range(struct device *dev, struct wdmdma_request *request,
			       struct wdmdma_buffer *buffer, struct iommu_mapping *mapping)
{
	const unsigned long *pfn = buffer->pages->pfn;
	unsigned long done, run, nr = buffer->pages->nr;

	/*
	 * Where the IOMMU's pages are larger than the kernel's, single pages cannot follow each
	 * other.
	 */
	if (dma_get_merge_boundary(dev) >= PAGE_SIZE)
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "the kernel gives this device no single range for several pages");
	if (!dma_iova_try_alloc(dev, &mapping->iova, 0, wdmdma_buffer_size(buffer)))
		return -ENOMEM;
	for (done = 0; done < nr; done += run) {
		run = wdmdma_pfns_run(pfn + done, nr - done);
		if (dma_iova_link(dev, &mapping->iova, PFN_PHYS(pfn[done]), done << PAGE_SHIFT,
				  run << PAGE_SHIFT, iommu_direction(buffer),
				  DMA_ATTR_SKIP_CPU_SYNC))
			goto destroy;
	}
	if (dma_iova_sync(dev, &mapping->iova, 0, wdmdma_buffer_size(buffer)))
		goto destroy;
	buffer->dma = mapping->iova.addr;
	return 0;

destroy:
	dma_iova_destroy(dev, &mapping->iova, done << PAGE_SHIFT, iommu_direction(buffer),
			 DMA_ATTR_SKIP_CPU_SYNC);
	return -ENOMEM;
}

static void iommu_unmap_one_range(struct device *dev, struct wdmdma_buffer *buffer,
				  struct iommu_mapping *mapping)
{
	dma_iova_destroy(dev, &mapping->iova, wdmdma_buffer_size(buffer), iommu_direction(buffer),
			 DMA_ATTR_SKIP_CPU_SYNC);
}

#else /* !WDMDMA_HAS_DMA_IOVA */

/*
 * Return true if the list is one range of logical addresses. The number of segments does not
 * tell.
 */
static bool iommu_is_one_range(struct sg_table *sgt, size_t size)
{
	dma_addr_t next = sg_dma_address(sgt->sgl);
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (sg_dma_address(sg) != next)
			return false;
		next += sg_dma_len(sg);
	}
	return next - sg_dma_address(sgt->sgl) == size;
}

/* Most pages of a segment, whose length is 32 bits wide. */
#define IOMMU_RUN_MOST		(SZ_1G >> PAGE_SHIFT)

/* Return the number of segments that the pages become. */
static unsigned int iommu_count_runs(const struct wdmdma_pages *pages)
{
	const unsigned long *pfn = pages->pfn;
	unsigned long i, first = 0;
	unsigned int n = 1;

	for (i = 1; i < pages->nr; i++)
		if (pfn[i] != pfn[i - 1] + 1 || i - first == IOMMU_RUN_MOST) {
			first = i;
			n++;
		}
	return n;
}

/*
 * Make a scatterlist of the pages. Only the list itself limits the segments, because the
 * stand-in has no limit.
 */
static int iommu_sgt_of_pages(const struct wdmdma_pages *pages, struct sg_table *sgt)
{
	unsigned long done, run, nr = pages->nr;
	const unsigned long *pfn = pages->pfn;
	struct scatterlist *sg;

	if (sg_alloc_table(sgt, iommu_count_runs(pages), WDMDMA_GFP))
		return -ENOMEM;
	sg = sgt->sgl;
	for (done = 0; done < nr; done += run, sg = sg_next(sg)) {
		run = wdmdma_pfns_run(pfn + done, min_t(unsigned long, nr - done, IOMMU_RUN_MOST));
		sg_set_page(sg, pfn_to_page(pfn[done]), run << PAGE_SHIFT, 0);
	}
	return 0;
}

static int iommu_map_one_range(struct device *dev, struct wdmdma_request *request,
			       struct wdmdma_buffer *buffer, struct iommu_mapping *mapping)
{
	struct sg_table *sgt = &mapping->sgt;
	int ret = -ENOMEM;

	if (iommu_sgt_of_pages(buffer->pages, sgt))
		return -ENOMEM;
	if (dma_map_sgtable(dev, sgt, iommu_direction(buffer), DMA_ATTR_SKIP_CPU_SYNC))
		goto free_table;
	if (!iommu_is_one_range(sgt, wdmdma_buffer_size(buffer))) {
		ret = wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				  "the kernel gives this device no single range for several pages");
		goto unmap;
	}
	buffer->dma = sg_dma_address(sgt->sgl);
	return 0;

unmap:
	dma_unmap_sgtable(dev, sgt, iommu_direction(buffer), DMA_ATTR_SKIP_CPU_SYNC);
free_table:
	sg_free_table(sgt);
	return ret;
}

static void iommu_unmap_one_range(struct device *dev, struct wdmdma_buffer *buffer,
				  struct iommu_mapping *mapping)
{
	dma_unmap_sgtable(dev, &mapping->sgt, iommu_direction(buffer), DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(&mapping->sgt);
}

#endif /* !WDMDMA_HAS_DMA_IOVA */

/*
 * Map the pages of a buffer as one range. The pages may be imported. The buffer must have the
 * stand-in.
 */
int wdmdma_iommu_map_range(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	struct iommu_mapping *mapping = kzalloc(sizeof(*mapping), WDMDMA_GFP);
	int ret;

	request->refusal.reason = "no memory, or no logical addresses";
	if (!mapping)
		return -ENOMEM;
	ret = iommu_map_one_range(wdmdma_buffer_dev(device, buffer), request, buffer, mapping);
	if (ret)
		kfree(mapping);
	else
		buffer->sgt = &mapping->sgt;
	return ret;
}

/* Undo this, and free no page. */
void wdmdma_iommu_unmap_range(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	struct iommu_mapping *mapping = iommu_mapping_of(buffer);

	iommu_unmap_one_range(wdmdma_buffer_dev(device, buffer), buffer, mapping);
	kfree(mapping);
	buffer->sgt = NULL;
}
