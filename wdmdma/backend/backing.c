// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backing pages: pages that the module allocates itself, where the DMA API's own
 * allocation cannot do what was asked for; and their mapping for the device, by the
 * DMA API, where they are physically contiguous. Used by all backends.
 */
#include <linux/cc_platform.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>

#include "backend/backing.h"
#include "backend/translation.h"
#include "compat.h"
#include "lib/page_set.h"
#include "lib/window.h"
#include "objects.h"

/* The device is coherent, and the pages are not in use yet: nothing to synchronise. */
#define OWN_ATTRS	DMA_ATTR_SKIP_CPU_SYNC

/*
 * With swiotlb=force the kernel copies all that is mapped, which is of no use for a buffer;
 * but not what it allocates for a device. Where nothing translates that is no more than
 * memory at its physical address, if the device is coherent; and so is ours. Unless memory
 * is encrypted: then what devices use must not be. A restricted pool forces a copy too, and
 * is all that the device reaches.
 */
static bool backing_needs_no_mapping(const struct wdmdma_device *device)
{
	return is_swiotlb_force_bounce(device->dev) && !wdmdma_has_restricted_pool(device->dev) &&
	       dev_is_dma_coherent(device->dev) &&
	       !wdmdma_iommu_translates(device->dev) && !cc_platform_has(CC_ATTR_MEM_ENCRYPT);
}

/*
 * Map contiguous pages of a buffer, ours or imported, for the device. Any context.
 * @request may be NULL: nobody asks why.
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
					 buffer->size, DMA_BIDIRECTIONAL, OWN_ATTRS);
	if (!dma_mapping_error(dev, buffer->dma))
		return 0;
	buffer->dma = 0;
	if (request)
		request->why = "the device cannot be given the address of that memory";
	return -ENOMEM;
}

/* Unmap the buffer's pages from the device, which has them at @dma. Any context. */
void wdmdma_backing_unmap_dma(struct wdmdma_device *device, struct wdmdma_buffer *buffer,
			      dma_addr_t dma)
{
	if (!backing_needs_no_mapping(device))
		dma_unmap_page_attrs(wdmdma_buffer_dev(device, buffer), dma, buffer->size,
				     DMA_BIDIRECTIONAL, OWN_ATTRS);
}

/* Map the buffer's new pages for the CPU. On failure they are freed. */
int wdmdma_backing_map_cpu(struct wdmdma_request *request, struct wdmdma_buffer *buffer)
{
	int ret = wdmdma_pages_map(buffer->pages, request->cache);

	if (ret) {
		request->why = "the cache type of the pages cannot be changed";
		wdmdma_pages_free(buffer->pages);
		buffer->pages = NULL;
		return ret;
	}
	buffer->cpu = buffer->pages->va;
	return 0;
}

/* Undo that, and free the pages; the device has lost them before. */
void wdmdma_backing_free_pages(struct wdmdma_buffer *buffer)
{
	wdmdma_pages_unmap(buffer->pages);
	wdmdma_pages_free(buffer->pages);
	buffer->pages = NULL;
}

/*
 * Allocate pages in @physical, aligned to their length as far as 4 MiB, and map them for
 * all. For a request that wants memory of its own only if that is easily had (core/core.h),
 * no place is emptied.
 */
int wdmdma_backing_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			 struct wdmdma_window physical, struct wdmdma_buffer *buffer)
{
	struct wdmdma_page_limits limits = {
		.window = physical,
		/* Below a page nothing can be crossed: what is so short begins on a page. */
		.boundary = request->boundary ? max_t(u64, request->boundary, PAGE_SIZE) : 0,
		.node = request->node,
		.gfp = WDMDMA_PAGES_GFP,
		.easy = request->own_backing,
	};
	int ret;

	buffer->pages = wdmdma_pages_alloc(&limits, buffer->size >> PAGE_SHIFT);
	if (!buffer->pages) {
		request->why = "no free physically contiguous memory of that length there";
		return -ENOMEM;
	}
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
