// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct backend. Nothing translates the device's addresses, so a logical address is a physical
 * address.
 *
 * A request without special wishes is served by dma_alloc_attrs(). A request with its own
 * window, boundary, node or cache type needs backing pages of the module, because the DMA API
 * knows only one mask and one node per device. The module maps such pages for streaming, and
 * must verify the mapping. A bounced address is of no use, because CPU and device share the
 * buffer.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/sched/mm.h>
#include <linux/swiotlb.h>

#include "backend/backends.h"
#include "backend/backing.h"
#include "compat.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"

#define DIRECT_ATTRS	DMA_ATTR_NO_WARN
#define DIRECT_TRIES	8

static bool direct_is_plain(const struct wdmdma_device *device,
			    const struct wdmdma_request *request)
{
	return request->window.first <= PAGE_SIZE &&
	       request->window.last >= wdmdma_device_reach(device) &&
	       (request->node == NUMA_NO_NODE || request->node == dev_to_node(device->dev)) &&
	       request->cache == WDMDMA_CACHE_PLATFORM && !request->granule &&
	       !request->boundary;
}

/* Return 0 if the device's address is the address of the memory itself. */
static int direct_verify(struct wdmdma_device *device, struct wdmdma_request *request,
			 struct wdmdma_buffer *buffer)
{
	if (buffer->dma == phys_to_dma(device->dev, PFN_PHYS(buffer->pages->pfn[0])))
		return 0;
	return wdmdma_deny(&request->refusal, -ENOMEM,
			   "the device reaches that memory only through a bounce buffer");
}

static int direct_alloc_pages(struct wdmdma_device *device, struct wdmdma_request *request,
			      struct wdmdma_buffer *buffer)
{
	int ret;

	if (device->dev->dma_range_map)
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "the device sees memory at an offset");
	ret = wdmdma_backing_alloc(device, request, request->window, buffer);
	if (ret)
		return ret;
	ret = direct_verify(device, request, buffer);
	if (ret)
		wdmdma_backing_free(device, buffer);
	return ret;
}

/*
 * Allocate a buffer for a device that is not cache coherent. The DMA API maps such memory for
 * the CPU, and allocates page tables with flags of its own, see wdmdma_pages_reclaim(). The
 * second attempt first allocates contiguous pages and frees them, so that contiguous memory is
 * free.
 */
static void *direct_try_remapped(struct device *dev, size_t size, dma_addr_t *dma)
{
	struct wdmdma_page_limits limits = {
		.window = WDMDMA_WINDOW_ALL,
		.node = NUMA_NO_NODE,
		.gfp = WDMDMA_PAGES_GFP,
		.easy = true,
	};
	unsigned int flags, tries;
	struct wdmdma_pages *pages;
	void *cpu = NULL;

	for (tries = 0; tries < 2 && !cpu; tries++) {
		if (tries) {
			pages = wdmdma_pages_alloc(&limits, size >> PAGE_SHIFT);
			if (pages)
				wdmdma_pages_free(pages);
		}
		if (!wdmdma_pages_reclaim(wdmdma_pages_tables(size >> PAGE_SHIFT)))
			break;
		flags = memalloc_noreclaim_save();
		cpu = dma_alloc_attrs(dev, size, dma, WDMDMA_GFP | __GFP_NOMEMALLOC, DIRECT_ATTRS);
		memalloc_noreclaim_restore(flags);
	}
	return cpu;
}

static void *direct_try_coherent(struct device *dev, size_t size, dma_addr_t *dma)
{
	if (!dev_is_dma_coherent(dev))
		return direct_try_remapped(dev, size, dma);
	return dma_alloc_attrs(dev, size, dma, WDMDMA_GFP, DIRECT_ATTRS);
}

static void direct_free_coherent(struct wdmdma_device *device, size_t size,
				 struct wdmdma_addresses at)
{
	dma_free_attrs(device->dev, size, at.cpu, at.dma, DIRECT_ATTRS);
}

/*
 * Allocate a buffer in the request's window. The DMA API knows no window, but returns another
 * place each time. Buffers outside of the window are held until one lies inside, or the
 * attempts are used up.
 */
static int direct_alloc_coherent(struct wdmdma_device *device, struct wdmdma_request *request,
				 struct wdmdma_buffer *buffer)
{
	struct wdmdma_addresses place[DIRECT_TRIES];
	size_t size = wdmdma_buffer_size(buffer);
	int ret = -ENOMEM;
	unsigned int n;

	request->refusal.reason =
		"no memory for a device that is not cache coherent, or in its own pool";
	for (n = 0; n < DIRECT_TRIES; n++) {
		place[n].cpu = direct_try_coherent(device->dev, size, &place[n].dma);
		if (!place[n].cpu)
			break;
		if (wdmdma_window_holds(request->window, place[n].dma, size)) {
			buffer->cpu = place[n].cpu;
			buffer->dma = place[n].dma;
			ret = 0;
			break;
		}
		request->refusal.reason = "the memory that could be had lies outside that range";
	}
	while (n--)
		direct_free_coherent(device, size, place[n]);
	return ret;
}

static int direct_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	/*
	 * A device that does not snoop gets uncached memory in any case, and only from the DMA
	 * API. The same call is the only one that finds memory for a device that reaches
	 * nothing but a pool of its own.
	 */
	if (!dev_is_dma_coherent(device->dev) || wdmdma_has_restricted_pool(device->dev))
		return direct_alloc_coherent(device, request, buffer);
	/*
	 * The DMA API allocates no more than 4 MiB on many kernels. A range of pages may be
	 * longer.
	 */
	if (direct_is_plain(device, request) && !direct_alloc_coherent(device, request, buffer))
		return 0;
	return direct_alloc_pages(device, request, buffer);
}

static int direct_import(struct wdmdma_device *device, struct wdmdma_request *request,
			 struct wdmdma_buffer *buffer)
{
	struct wdmdma_pages *pages = buffer->pages;

	if (wdmdma_to_imported(buffer)->direction != DMA_BIDIRECTIONAL)
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "only an IOMMU can limit what the device does with memory");
	if (!wdmdma_pfns_contiguous(pages->pfn, pages->nr))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "without an IOMMU the pages must be physically contiguous");
	if (!wdmdma_window_holds(request->window,
				 phys_to_dma(device->dev, PFN_PHYS(pages->pfn[0])),
				 wdmdma_buffer_size(buffer)))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "without an IOMMU the memory must lie in that range itself");
	if (wdmdma_backing_map_dma(device, request, buffer))
		return -EINVAL;
	if (direct_verify(device, request, buffer)) {
		wdmdma_backing_unmap_dma(device, buffer, buffer->dma);
		return -EINVAL;
	}
	return 0;
}

static void direct_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	if (buffer->imported)
		wdmdma_backing_unmap_dma(device, buffer, buffer->dma);
	else if (buffer->pages)
		wdmdma_backing_free(device, buffer);
	else
		direct_free_coherent(device, wdmdma_buffer_size(buffer),
				     (struct wdmdma_addresses){ buffer->cpu, buffer->dma });
}

/* Return true if the kernel has bounce buffers for this device, and all of them are in @window. */
static bool direct_reaches_pool(struct device *dev, struct wdmdma_window window)
{
	phys_addr_t start, end;

	return wdmdma_bounce_pool(dev, &start, &end) &&
	       wdmdma_window_holds(window, phys_to_dma(dev, start), end - start);
}

/*
 * Return how the device can get at memory. If the memory lies outside of the window, the kernel
 * must copy, and needs bounce buffers for this device. The bounce buffers do not move. If the
 * device's mask is below them, the kernel warns and the mapping fails. The kernel does not know
 * a window below the mask, so the device has no access then. With swiotlb=force the kernel
 * copies all memory.
 */
static enum wdmdma_access direct_access(const struct wdmdma_device *device,
					struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	struct device *dev = device->dev;
	bool all = is_swiotlb_force_bounce(dev);

	if (!all && wdmdma_window_holds(window, phys_to_dma(dev, phys), len))
		return WDMDMA_ACCESS_DIRECT;
	if (!all && window.last < min_not_zero(dma_get_mask(dev), dev->bus_dma_limit))
		return WDMDMA_ACCESS_NONE;
	return direct_reaches_pool(dev, window) ? WDMDMA_ACCESS_BOUNCED : WDMDMA_ACCESS_NONE;
}

static phys_addr_t direct_phys(const struct wdmdma_device *device, dma_addr_t dma)
{
	return dma_to_phys(device->dev, dma);
}

/* Without an IOMMU the device reaches all memory, so unmapping a freed buffer would not help. */
static enum wdmdma_recycle_mode direct_recycle_mode(const struct wdmdma_device *device)
{
	return WDMDMA_RECYCLE_MAPPED;
}

const struct wdmdma_backend wdmdma_backend_direct = {
	.name = "direct",
	.shares = true,
	.physical = true,
	.alloc = direct_alloc,
	.import = direct_import,
	.free = direct_free,
	.access = direct_access,
	.phys = direct_phys,
	.recycle_mode = direct_recycle_mode,
	.maps_with_dma_api = true,
};
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_backend_direct);
