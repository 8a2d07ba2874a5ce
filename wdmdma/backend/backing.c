// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backing pages are pages that the module allocates itself, where the DMA API's own allocation
 * cannot meet the request. If they are physically contiguous, the DMA API maps them for the
 * device. All backends use this file.
 */
#include <linux/cc_platform.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>

#include "backend/backing.h"
#include "backend/translation.h"
#include "compat.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"

/* The CPU has nothing to synchronize. The device is coherent, and the pages are not in use yet. */
#define BACKING_ATTRS	DMA_ATTR_SKIP_CPU_SYNC

/*
 * Return true if the device must use the pages at their physical address, without a mapping.
 * With swiotlb=force every streaming mapping is bounced, which a shared buffer cannot use. The
 * kernel does not bounce its own coherent allocations. For a coherent, untranslated device
 * these are memory at its physical address, and so are backing pages. Memory encryption is an
 * exception, because memory for devices must be decrypted. A restricted pool is another,
 * because it forces a copy and is all that the device can reach.
 */
static bool backing_needs_no_mapping(const struct wdmdma_device *device)
{
	return is_swiotlb_force_bounce(device->dev) && !wdmdma_has_restricted_pool(device->dev) &&
	       dev_is_dma_coherent(device->dev) &&
	       !wdmdma_iommu_translates(device->dev) && !cc_platform_has(CC_ATTR_MEM_ENCRYPT);
}

/*
 * Map contiguous pages of a buffer for the device. The pages may be imported. @request may be
 * NULL if the caller does not need the reason of a failure. Any context.
 */
int wdmdma_backing_map_dma(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	struct device *dev = wdmdma_buffer_dev(device, buffer);

	if (backing_needs_no_mapping(device)) {
		buffer->dma = phys_to_dma(device->dev, PFN_PHYS(buffer->pages->pfn[0]));
		return 0;
	}
	buffer->dma = dma_map_page_attrs(dev, pfn_to_page(buffer->pages->pfn[0]), 0,
					 wdmdma_buffer_size(buffer), DMA_BIDIRECTIONAL,
					 BACKING_ATTRS);
	if (!dma_mapping_error(dev, buffer->dma))
		return 0;
	buffer->dma = 0;
	if (request)
		request->refusal.reason = "the device cannot be given the address of that memory";
	return -ENOMEM;
}

/* Unmap the buffer's pages from the device, where they are mapped at @dma. Any context. */
void wdmdma_backing_unmap_dma(struct wdmdma_device *device, struct wdmdma_buffer *buffer,
			      dma_addr_t dma)
{
	if (!backing_needs_no_mapping(device))
		dma_unmap_page_attrs(wdmdma_buffer_dev(device, buffer), dma,
				     wdmdma_buffer_size(buffer), DMA_BIDIRECTIONAL, BACKING_ATTRS);
}

/* Map the new pages of a buffer for the CPU. On failure, free the pages. */
int wdmdma_backing_map_cpu(struct wdmdma_request *request, struct wdmdma_buffer *buffer)
{
	int ret = wdmdma_pages_map(buffer->pages, request->cache);

	if (ret) {
		request->refusal.reason = "the cache type of the pages cannot be changed";
		wdmdma_pages_free(buffer->pages);
		buffer->pages = NULL;
		return ret;
	}
	buffer->cpu = buffer->pages->va;
	return 0;
}

/*
 * Unmap the pages from the CPU and free them. The caller must have unmapped them from the
 * device.
 */
void wdmdma_backing_free_pages(struct wdmdma_buffer *buffer)
{
	wdmdma_pages_unmap(buffer->pages);
	wdmdma_pages_free(buffer->pages);
	buffer->pages = NULL;
}

/*
 * Allocate contiguous pages in @physical, and map them for the CPU and the device. The pages
 * are aligned to their length, up to 4 MiB. If the request merely prefers backing pages
 * (request->own_backing), do not compact or reclaim memory for it.
 */
int wdmdma_backing_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			 struct wdmdma_window physical, struct wdmdma_buffer *buffer)
{
	struct wdmdma_page_limits limits = {
		.window = physical,
		/*
		 * A boundary below a page cannot be crossed, because such a short buffer begins
		 * on a page.
		 */
		.boundary = request->boundary ? max_t(u64, request->boundary, PAGE_SIZE) : 0,
		.node = request->node,
		.gfp = WDMDMA_PAGES_GFP,
		.easy = request->own_backing,
	};
	int ret;

	buffer->pages = wdmdma_pages_alloc(&limits, buffer->nr_pages);
	if (!buffer->pages)
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "no free physically contiguous memory of that length there");
	ret = wdmdma_backing_map_cpu(request, buffer);
	if (ret)
		return ret;
	ret = wdmdma_backing_map_dma(device, request, buffer);
	if (ret)
		wdmdma_backing_free_pages(buffer);
	return ret;
}

void wdmdma_backing_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	wdmdma_backing_unmap_dma(device, buffer, buffer->dma);
	wdmdma_backing_free_pages(buffer);
}
