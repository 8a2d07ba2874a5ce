// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU backend. The device's default domain translates, and the DMA API allocates addresses in
 * this domain.
 *
 * The DMA API takes the highest address and the node from the device, not from the call. So the
 * backend passes a stand-in (struct wdmdma_standin) with the masks and the node of one
 * allocation. wdmdma_device.override must be held for writing meanwhile, so that no other
 * allocation uses the stand-in. The device's own masks stay as the driver has set them, and
 * other users who map memory for the device are not affected.
 *
 * All users of the domain share the address allocator, however. The allocator has two traps
 * below 4 GiB.
 *
 *  - With a limit below the length, or not much above the length, it can return an address
 *    above the limit. A tight limit must be refused before the allocation.
 *  - One failed search makes it refuse every later request of that length or more below 4 GiB,
 *    by any user, until some address is freed. So the backend must not begin a search that may
 *    fail, see wdmdma_low_make_room(). If a search fails nevertheless, iommu_heal() undoes the
 *    effect.
 *
 * After a search has found an address, the searches of other users begin there and go down. So
 * they may get low addresses too, and nothing reports this. A driver that needs many low
 * buffers should use a private domain.
 */
#include <linux/delay.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include "backend/backends.h"
#include "backend/backing.h"
#include "backend/iommu_low.h"
#include "backend/iommu_range.h"
#include "backend/standin.h"
#include "backend/translation.h"
#include "compat.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"

#define IOMMU_HEAL_TRIES	8
#define IOMMU_HEAL_DELAY_MS	10	/* time for which a lazy domain keeps freed addresses */

/*
 * Set up the stand-in for one allocation. With U64_MAX as @last the stand-in has the device's
 * own masks.
 */
static void iommu_set_standin(struct wdmdma_device *device, u64 last, int node)
{
	struct wdmdma_standin *standin = &device->standin;
	struct device *dev = device->dev;

	lockdep_assert_held_write(&device->override);
	if (!standin->dev.dma_mask) {
		standin->dev = *dev;
		/* Buffers consist of whole pages, which never bounce. */
		wdmdma_disown_bounce_pools(&standin->dev);
		/* With a bus the stand-in would be taken for a part of a larger device. */
		standin->dev.bus = NULL;
		standin->dev.dma_mask = &standin->mask;
		standin->dev.dma_parms = &standin->parms;
		standin->parms.max_segment_size = UINT_MAX;
		standin->parms.segment_boundary_mask = ULONG_MAX;
	}
	standin->dev.coherent_dma_mask = min(dev->coherent_dma_mask, last);
	standin->mask = min(dma_get_mask(dev), last);
	set_dev_node(&standin->dev, node);
}

/*
 * Use the stand-in for a buffer, if its masks are those of the device now. Return true if the
 * buffer has the stand-in.
 */
static bool iommu_take_standin(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	const struct wdmdma_standin *standin = &device->standin;

	lockdep_assert_held(&device->override);
	if (!buffer->standin && standin->dev.dma_mask &&
	    standin->mask == dma_get_mask(device->dev) &&
	    standin->dev.coherent_dma_mask == device->dev->coherent_dma_mask)
		buffer->standin = true;
	return buffer->standin;
}

/*
 * One page is always contiguous. With DMA_ATTR_FORCE_CONTIGUOUS it needs no CPU mapping of its
 * own.
 */
static unsigned long iommu_attrs(size_t size)
{
	return DMA_ATTR_NO_WARN | (size <= PAGE_SIZE ? DMA_ATTR_FORCE_CONTIGUOUS : 0);
}

/*
 * Allocate a buffer with the DMA API. The DMA API makes a CPU mapping for several pages, and
 * for one page of a device that does not snoop. For this mapping it allocates memory with flags
 * of its own, see wdmdma_pages_reclaim(). If there is no memory for the pages themselves, the
 * second attempt reclaims as many pages, too.
 */
static void *iommu_alloc_coherent(struct device *dev, size_t size, dma_addr_t *dma)
{
	unsigned long nr = size >> PAGE_SHIFT;
	unsigned int flags, tries;
	void *cpu = NULL;

	if (size <= PAGE_SIZE && dev_is_dma_coherent(dev))
		return dma_alloc_attrs(dev, size, dma, WDMDMA_GFP, iommu_attrs(size));
	for (tries = 0; tries < 2 && !cpu; tries++) {
		if (!wdmdma_pages_reclaim(wdmdma_pages_tables(nr) + (tries ? nr : 0)))
			break;
		flags = memalloc_noreclaim_save();
		cpu = dma_alloc_attrs(dev, size, dma, WDMDMA_GFP | __GFP_NOMEMALLOC,
				      iommu_attrs(size));
		memalloc_noreclaim_restore(flags);
	}
	return cpu;
}

static void iommu_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t dma)
{
	dma_free_attrs(dev, size, cpu, dma, iommu_attrs(size));
}

static int iommu_map_imported(struct wdmdma_device *device, struct wdmdma_request *request,
			      struct wdmdma_buffer *buffer)
{
	if (wdmdma_to_imported(buffer)->direction == DMA_FROM_DEVICE &&
	    !wdmdma_iommu_forbids_reading(device->dev))
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "the IOMMU lets a device read what it may write");
	if (!iommu_take_standin(device, buffer))
		return -EAGAIN;
	return wdmdma_iommu_map_range(device, request, buffer);
}

/* Allocate backing pages with the cache type of the request, and map them as one range. */
static int iommu_alloc_uncached(struct wdmdma_device *device, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	unsigned long nr = buffer->nr_pages;
	struct wdmdma_page_limits limits = {
		.window = WDMDMA_WINDOW_ALL,
		.node = request->node == NUMA_NO_NODE ? dev_to_node(device->dev) : request->node,
		.gfp = WDMDMA_PAGES_GFP,
	};
	int ret;

	if (!iommu_take_standin(device, buffer))
		return -EAGAIN;
	request->refusal.reason = "no memory, or no logical addresses, for an uncached buffer";
	buffer->pages = wdmdma_pages_gather(&limits, nr);
	if (!buffer->pages)
		return -ENOMEM;
	ret = wdmdma_backing_map_cpu(request, buffer);
	if (ret)
		return ret;
	ret = wdmdma_pfns_contiguous(buffer->pages->pfn, nr) ?
		      wdmdma_backing_map_dma(device, request, buffer) :
		      wdmdma_iommu_map_range(device, request, buffer);
	if (ret)
		wdmdma_backing_free_pages(buffer);
	return ret;
}

/*
 * Allocate a buffer that consists of large pages for the CPU and for the IOMMU. The kernel maps
 * with the largest IOMMU page that divides both addresses. Contiguous backing pages are aligned
 * to their length, and so are the addresses that the kernel gives them.
 */
static int iommu_alloc_large(struct wdmdma_device *device, struct wdmdma_request *request,
			     struct wdmdma_buffer *buffer)
{
	if (!wdmdma_iommu_has_page_size(device->dev, request->granule))
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "the IOMMU has no pages of that size");
	if (!dev_is_dma_coherent(device->dev))
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "no large pages for a device that is not cache coherent");
	return wdmdma_backing_alloc(device, request, WDMDMA_WINDOW_ALL, buffer);
}

/*
 * Allocate once, with the masks and the node of the device, or of the stand-in if the buffer
 * has it.
 */
static int iommu_alloc_once(struct wdmdma_device *device, struct wdmdma_request *request,
			    struct wdmdma_buffer *buffer)
{
	lockdep_assert_held(&device->override);

	if (buffer->imported)
		return iommu_map_imported(device, request, buffer);
	if (request->granule)
		return iommu_alloc_large(device, request, buffer);
	if (request->own_backing &&
	    !wdmdma_backing_alloc(device, request, WDMDMA_WINDOW_ALL, buffer))
		return 0;
	if (request->cache != WDMDMA_CACHE_PLATFORM)
		return iommu_alloc_uncached(device, request, buffer);

	buffer->cpu = iommu_alloc_coherent(wdmdma_buffer_dev(device, buffer),
					   wdmdma_buffer_size(buffer), &buffer->dma);
	if (buffer->cpu)
		return 0;
	return wdmdma_deny(&request->refusal, -ENOMEM, "no memory, or no logical addresses");
}

/*
 * Unmap a buffer from the device, then from the CPU, and free the memory. The record may be
 * used again.
 */
static void iommu_free_once(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	if (buffer->sgt) {
		wdmdma_iommu_unmap_range(device, buffer);
		if (!buffer->imported)
			wdmdma_backing_free_pages(buffer);
	} else if (buffer->pages) {
		wdmdma_backing_free(device, buffer);
	} else {
		iommu_free_coherent(wdmdma_buffer_dev(device, buffer), wdmdma_buffer_size(buffer),
				    buffer->cpu, buffer->dma);
	}
	buffer->standin = false;
}

/*
 * Make the address allocator search again after a failed search below a low limit. Free an
 * address, and test with a longer search without the limit, which no cache of the allocator can
 * answer. Repeat this until the test succeeds, because a domain that flushes lazily takes some
 * milliseconds.
 */
static void iommu_heal(struct device *dev, size_t size)
{
	unsigned int n;
	dma_addr_t dma;
	void *cpu;

	size = max_t(size_t, size, WDMDMA_LOW_BLOCK);

	for (n = 0; n < IOMMU_HEAL_TRIES; n++) {
		cpu = iommu_alloc_coherent(dev, PAGE_SIZE, &dma);
		if (cpu)
			iommu_free_coherent(dev, PAGE_SIZE, cpu, dma);
		cpu = iommu_alloc_coherent(dev, size, &dma);
		if (cpu) {
			iommu_free_coherent(dev, size, cpu, dma);
			return;
		}
		msleep(IOMMU_HEAL_DELAY_MS);
	}
}

/*
 * Allocate once, with a limit below the device's mask, and begin no search that could fail. The
 * caller must account for the result.
 */
static int iommu_search_low(struct wdmdma_device *device, struct wdmdma_request *request,
			    struct wdmdma_buffer *buffer)
{
	size_t size = wdmdma_buffer_size(buffer);
	int ret;

	request->refusal.reason = "more than half of the logical addresses there would be in use";
	if (!wdmdma_low_make_room(device, request->window.last, size, iommu_free_once))
		return -ENOMEM;
	ret = iommu_alloc_once(device, request, buffer);
	if (ret == -ENOMEM)
		iommu_heal(device->dev, size);
	return ret;
}

/* Allocate a block of low addresses, and place the buffer in it. It has room for later buffers. */
static int iommu_add_block(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	struct wdmdma_request whole = {
		.call = request->call,
		.len = WDMDMA_LOW_BLOCK,
		.window = request->window,
		.node = NUMA_NO_NODE,
		.cache = request->cache,
	};
	struct wdmdma_buffer memory = {
		.len = WDMDMA_LOW_BLOCK,
		.nr_pages = WDMDMA_LOW_BLOCK >> PAGE_SHIFT,
		.standin = true,
	};
	int ret = iommu_search_low(device, &whole, &memory);

	request->refusal = whole.refusal;
	if (ret)
		return ret;
	ret = wdmdma_low_add_block(device, &memory, request, buffer);
	if (ret == -ENOMEM) {
		iommu_free_once(device, &memory);
		return wdmdma_deny(&request->refusal, ret, "no memory");
	}
	if (!ret)
		return 0;
	/* The kernel accepts no lower bound, so the block may lie too low. */
	wdmdma_low_forget(device, iommu_free_once);
	return wdmdma_deny(&request->refusal, -ENOMEM, "no logical addresses are free there");
}

/* Allocate once, with a limit below the device's mask. */
static int iommu_alloc_low(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	struct wdmdma_low *low = &device->home->low;
	int ret = 0;

	mutex_lock(&low->search);
	if (wdmdma_low_wants_block(device, request, buffer)) {
		if (!wdmdma_low_take(device, request, buffer))
			ret = iommu_add_block(device, request, buffer);
	} else {
		ret = iommu_search_low(device, request, buffer);
		if (!ret)
			wdmdma_low_book(device, buffer);
	}
	mutex_unlock(&low->search);
	return ret;
}

/* Allocate once, with the limit and the node of the request instead of the device's. */
static int iommu_alloc_override(struct wdmdma_device *device, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	int node = dev_to_node(device->dev), ret;

	down_write(&device->override);
	/* The limit must end with a page, because the allocator compares page numbers. */
	iommu_set_standin(device, ((request->window.last + 1) & PAGE_MASK) - 1,
			  request->node == NUMA_NO_NODE ? node : request->node);
	buffer->standin = true;
	if (request->window.last < wdmdma_device_reach(device))
		ret = iommu_alloc_low(device, request, buffer);
	else
		ret = iommu_alloc_once(device, request, buffer);
	if (ret)
		buffer->standin = false;
	iommu_set_standin(device, U64_MAX, node);
	up_write(&device->override);
	return ret;
}

/*
 * Allocate once, with the device's own mask and node. Return -EAGAIN if they do not suit the
 * request. The allocator uses up the addresses below 4 GiB first, so the address usually meets
 * a higher limit anyway.
 */
static int iommu_alloc_plain(struct wdmdma_device *device, struct wdmdma_request *request,
			     struct wdmdma_buffer *buffer)
{
	struct device *dev = device->dev;
	int ret = -EAGAIN;
	u64 reach;

	buffer->standin = false;
	down_read(&device->override);
	reach = wdmdma_device_reach(device);
	if ((request->node == NUMA_NO_NODE || request->node == dev_to_node(dev)) &&
	    request->window.last >= min_t(u64, reach, U32_MAX))
		ret = iommu_alloc_once(device, request, buffer);
	if (!ret && request->window.last < reach &&
	    !wdmdma_window_holds(request->window, buffer->dma, wdmdma_buffer_size(buffer))) {
		iommu_free_once(device, buffer);
		ret = -EAGAIN;
	}
	up_read(&device->override);
	return ret;
}

/* Allocate a buffer, or map an imported one, in the request's window and on the request's node. */
static int iommu_place(struct wdmdma_device *device, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer)
{
	int ret = iommu_alloc_plain(device, request, buffer);

	return ret == -EAGAIN ? iommu_alloc_override(device, request, buffer) : ret;
}

/* Free the empty blocks of low addresses. Return true if there were any. */
static bool iommu_forget(struct wdmdma_device *device)
{
	return wdmdma_low_forget(device, iommu_free_once);
}

/*
 * Place a buffer. If memory or addresses are missing, free the empty blocks, which may hold them,
 * and try again.
 */
static int iommu_place_for_sure(struct wdmdma_device *device, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	int ret = iommu_place(device, request, buffer);

	if (ret == -ENOMEM && iommu_forget(device))
		ret = iommu_place(device, request, buffer);
	return ret;
}

/* Free a buffer. Must not take override, because the shrinker comes here too. */
static void iommu_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	if (buffer->low_order && wdmdma_low_release(device, buffer))
		return;
	iommu_free_once(device, buffer);
}

static phys_addr_t iommu_phys(const struct wdmdma_device *device, dma_addr_t dma)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(device->dev), dma);
}

/*
 * In a lazily flushed domain, a device can reach a buffer for a while after the free. The
 * administrator has chosen so, and a freed buffer may stay mapped. In a strict domain a freed
 * buffer must be unmapped from the device. It can be mapped again only if the module itself has
 * made the mappings, for the CPU as for the device.
 */
static enum wdmdma_recycle_mode iommu_recycle_mode(const struct wdmdma_device *device)
{
	if (wdmdma_iommu_is_lazy(device))
		return WDMDMA_RECYCLE_MAPPED;
	return dev_is_dma_coherent(device->dev) ? WDMDMA_RECYCLE_UNMAPPED : WDMDMA_RECYCLE_NONE;
}

const struct wdmdma_backend wdmdma_backend_iommu = {
	.name = "IOMMU",
	.shares = true,
	.alloc = iommu_place_for_sure,
	.import = iommu_place_for_sure,
	.free = iommu_free,
	.forget = iommu_forget,
	.phys = iommu_phys,
	.recycle_mode = iommu_recycle_mode,
	.merges = true,
	.maps_with_dma_api = true,
};
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_backend_iommu);
