// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU backend: the device's default domain translates, and the DMA API
 * allocates addresses in it.
 *
 * The API takes the highest address and the node from the device, not from the call. So
 * it is given a stand-in (struct wdmdma_standin), whose masks and node are those of one
 * allocation, while no other one uses it (wdmdma_device.override). The device's own stay as
 * the driver set them: whoever maps memory meanwhile meets nothing of this.
 *
 * The address allocator is everybody's, though, and has two traps below 4 GiB:
 *
 *  - a limit below the length, or not much above it, can yield an address above
 *    the limit: what is tight is refused before it is tried;
 *  - one failed search makes it refuse every later request of that length or more below
 *    4 GiB, whosever it is, until some address is given back. So no search is begun that
 *    may fail: see wdmdma_low_make_room(). Should one fail all the same: see iommu_heal().
 *
 * Where a search found something the next ones of others begin, downwards. So others may be
 * given low addresses too, and of that nothing tells. Many low buffers are best left to a
 * domain of the driver's own.
 */
#include <linux/delay.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "backend/backends.h"
#include "backend/backing.h"
#include "backend/iommu_low.h"
#include "backend/standin.h"
#include "backend/translation.h"
#include "compat.h"
#include "lib/page_set.h"
#include "lib/window.h"
#include "objects.h"

#define IOMMU_HEAL_TRIES	8
#define IOMMU_HEAL_PROBE	SZ_256K	/* longer than what the allocator's caches hold */
#define IOMMU_HEAL_DELAY_MS	10	/* how long a lazy domain keeps freed addresses */

/* Set the stand-in up for one allocation, or for those that want the device's own. */
static void iommu_set_standin(struct wdmdma_device *device, u64 last, int node)
{
	struct wdmdma_standin *standin = &device->standin;
	struct device *dev = device->dev;

	lockdep_assert_held_write(&device->override);
	if (!standin->dev.dma_mask) {
		standin->dev = *dev;
		/* By its bus it would be taken for a part of something larger. */
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

/* Have the stand-in for a buffer, if it can be had with the device's own masks now. */
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

/* One page is contiguous anyway; said so, it needs no mapping of its own for the CPU. */
static unsigned long iommu_attrs(size_t size)
{
	return DMA_ATTR_NO_WARN | (size <= PAGE_SIZE ? DMA_ATTR_FORCE_CONTIGUOUS : 0);
}

/*
 * Several pages are mapped for the CPU, and so is one of a device that does not snoop. For that
 * the DMA API takes memory without asking for our flags: see wdmdma_pages_reclaim(). When
 * there is none for the pages, as many are reclaimed, too.
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

/* How scattered pages are mapped as one range. */
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

/* Addresses for all, then run after run. */
static int iommu_map_one_range(struct device *dev, struct wdmdma_request *request,
			       struct wdmdma_buffer *buffer, struct iommu_mapping *mapping)
{
	const unsigned long *pfn = buffer->pages->pfn;
	unsigned long done, run, nr = buffer->pages->nr;

	/* Where the IOMMU's pages are larger than ours, ours cannot follow each other. */
	if (dma_get_merge_boundary(dev) >= PAGE_SIZE) {
		request->why = "the kernel gives this device no single range for several pages";
		return -EOPNOTSUPP;
	}
	if (!dma_iova_try_alloc(dev, &mapping->iova, 0, buffer->size))
		return -ENOMEM;
	for (done = 0; done < nr; done += run) {
		run = wdmdma_pfns_run(pfn + done, nr - done);
		if (dma_iova_link(dev, &mapping->iova, PFN_PHYS(pfn[done]), done << PAGE_SHIFT,
				  run << PAGE_SHIFT, iommu_direction(buffer),
				  DMA_ATTR_SKIP_CPU_SYNC))
			goto destroy;
	}
	if (dma_iova_sync(dev, &mapping->iova, 0, buffer->size))
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
	dma_iova_destroy(dev, &mapping->iova, buffer->size, iommu_direction(buffer),
			 DMA_ATTR_SKIP_CPU_SYNC);
}

#else /* !WDMDMA_HAS_DMA_IOVA */

/* Is the list one range of logical addresses? How many segments it has does not tell. */
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

/* A list of the pages. The stand-in has no limit on segments but that of the list itself. */
static int iommu_sgt_of_pages(const struct wdmdma_pages *pages, struct sg_table *sgt)
{
	unsigned long most = SZ_1G >> PAGE_SHIFT;
	unsigned long done, run, nr = pages->nr;
	const unsigned long *pfn = pages->pfn;
	struct scatterlist *sg;
	unsigned int n = 0;

	for (done = 0; done < nr; done += wdmdma_pfns_run(pfn + done, min(nr - done, most)))
		n++;
	if (sg_alloc_table(sgt, n, WDMDMA_GFP))
		return -ENOMEM;
	sg = sgt->sgl;
	for (done = 0; done < nr; done += run, sg = sg_next(sg)) {
		run = wdmdma_pfns_run(pfn + done, min(nr - done, most));
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
	if (!iommu_is_one_range(sgt, buffer->size)) {
		request->why = "the kernel gives this device no single range for several pages";
		ret = -EOPNOTSUPP;
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

/* Map the pages of a buffer that has the stand-in, ours or imported, as one range. */
static int iommu_map_pages(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	struct iommu_mapping *mapping = kzalloc(sizeof(*mapping), WDMDMA_GFP);
	int ret;

	request->why = "no memory, or no logical addresses";
	if (!mapping)
		return -ENOMEM;
	ret = iommu_map_one_range(wdmdma_buffer_dev(device, buffer), request, buffer, mapping);
	if (ret)
		kfree(mapping);
	else
		buffer->sgt = &mapping->sgt;
	return ret;
}

static void iommu_unmap_pages(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	struct iommu_mapping *mapping = iommu_mapping_of(buffer);

	iommu_unmap_one_range(wdmdma_buffer_dev(device, buffer), buffer, mapping);
	kfree(mapping);
	buffer->sgt = NULL;
}

static int iommu_map_imported(struct wdmdma_device *device, struct wdmdma_request *request,
			      struct wdmdma_buffer *buffer)
{
	if (iommu_direction(buffer) == DMA_FROM_DEVICE &&
	    !wdmdma_iommu_forbids_reading(device->dev)) {
		request->why = "the IOMMU lets a device read what it may write";
		return -EOPNOTSUPP;
	}
	return iommu_take_standin(device, buffer) ? iommu_map_pages(device, request, buffer) :
						    -EAGAIN;
}

/* Pages of our own, with another cache type, in one piece of addresses. */
static int iommu_alloc_uncached(struct wdmdma_device *device, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	unsigned long nr = buffer->size >> PAGE_SHIFT;
	struct wdmdma_page_limits limits = {
		.window = WDMDMA_WINDOW_ALL,
		.node = request->node == NUMA_NO_NODE ? dev_to_node(device->dev) : request->node,
		.gfp = WDMDMA_PAGES_GFP,
	};
	int ret;

	if (!iommu_take_standin(device, buffer))
		return -EAGAIN;
	request->why = "no memory, or no logical addresses, for an uncached buffer";
	buffer->pages = wdmdma_pages_gather(&limits, nr);
	if (!buffer->pages)
		return -ENOMEM;
	ret = wdmdma_backing_map_cpu(request, buffer);
	if (ret)
		return ret;
	ret = wdmdma_pfns_contiguous(buffer->pages->pfn, nr) ?
		      wdmdma_backing_map_dma(device, request, buffer) :
		      iommu_map_pages(device, request, buffer);
	if (ret)
		wdmdma_backing_free_pages(buffer);
	return ret;
}

/*
 * Large pages for memory and IOMMU alike. The kernel maps with the largest page that
 * divides both addresses; pages in one piece are aligned to their length, and so
 * are the addresses that it gives them.
 */
static int iommu_alloc_large(struct wdmdma_device *device, struct wdmdma_request *request,
			     struct wdmdma_buffer *buffer)
{
	if (!wdmdma_iommu_has_page_size(device->dev, request->granule)) {
		request->why = "the IOMMU has no pages of that size";
		return -EOPNOTSUPP;
	}
	if (!dev_is_dma_coherent(device->dev)) {
		request->why = "no large pages for a device that is not cache coherent";
		return -EOPNOTSUPP;
	}
	return wdmdma_backing_alloc(device, request, WDMDMA_WINDOW_ALL, buffer);
}

/* One allocation with the masks and the node of what the buffer has: device or stand-in. */
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

	buffer->cpu = iommu_alloc_coherent(wdmdma_buffer_dev(device, buffer), buffer->size,
					   &buffer->dma);
	if (buffer->cpu)
		return 0;
	request->why = "no memory, or no logical addresses";
	return -ENOMEM;
}

/* The device first, then the CPU. The record may be placed again. */
static void iommu_free_once(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	if (buffer->sgt) {
		iommu_unmap_pages(device, buffer);
		if (!buffer->imported)
			wdmdma_backing_free_pages(buffer);
	} else if (buffer->pages) {
		wdmdma_backing_free(device, buffer);
	} else {
		iommu_free_coherent(wdmdma_buffer_dev(device, buffer), buffer->size, buffer->cpu,
				    buffer->dma);
	}
	buffer->standin = false;
}

/*
 * After a failed search below a low limit: give an address back, and see whether
 * a search that no cache can answer works without the limit, until it does. A
 * domain that flushes lazily takes some milliseconds.
 */
static void iommu_heal(struct device *dev, size_t size)
{
	unsigned int n;
	dma_addr_t dma;
	void *cpu;

	size = max_t(size_t, size, IOMMU_HEAL_PROBE);

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

/* One allocation with a limit below the device's mask. */
static int iommu_alloc_low(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	int ret = 0;

	lockdep_assert_held_write(&device->override);
	if (wdmdma_low_reuse(device, request, buffer))
		goto book;
	request->why = "more than half of the logical addresses there would be in use";
	if (!wdmdma_low_make_room(device, request->window.last, buffer->size,
				  iommu_free_once))
		return -ENOMEM;
	ret = iommu_alloc_once(device, request, buffer);
	if (ret == -ENOMEM)
		iommu_heal(device->dev, buffer->size);
	if (ret)
		return ret;
book:
	wdmdma_low_book(device, buffer);
	return 0;
}

/* One allocation with the request's limit and node in the place of the device's. */
static int iommu_alloc_override(struct wdmdma_device *device, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	int node = dev_to_node(device->dev), ret;

	down_write(&device->override);
	/* Whole pages: the allocator compares page numbers. */
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
 * One allocation with the device's mask and node as they are, if they will do for
 * the request; -EAGAIN if not. Addresses below 4 GiB are used up first, so that a
 * higher limit is mostly met as it is.
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
	    !wdmdma_window_holds(request->window, buffer->dma, buffer->size)) {
		iommu_free_once(device, buffer);
		ret = -EAGAIN;
	}
	up_read(&device->override);
	return ret;
}

/* Place a buffer, or an imported one, in the request's window and on its node. */
static int iommu_place(struct wdmdma_device *device, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer)
{
	int ret = iommu_alloc_plain(device, request, buffer);

	return ret == -EAGAIN ? iommu_alloc_override(device, request, buffer) : ret;
}

/* Give back what is kept of low addresses. Was there anything? */
static bool iommu_forget(struct wdmdma_device *device)
{
	bool any;

	down_write(&device->override);
	any = wdmdma_low_forget(device, iommu_free_once);
	up_write(&device->override);
	return any;
}

/* The same; what is kept may be what is missing. */
static int iommu_place_for_sure(struct wdmdma_device *device, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	int ret = iommu_place(device, request, buffer);

	if (ret == -ENOMEM && iommu_forget(device))
		ret = iommu_place(device, request, buffer);
	return ret;
}

static void iommu_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	bool kept = false;

	if (buffer->low_order) {
		down_write(&device->override);
		wdmdma_low_unbook(device, buffer);
		kept = wdmdma_low_put_spare(device, buffer);
		if (!kept)
			wdmdma_low_hold_back(device, buffer->dma, buffer->size);
		up_write(&device->override);
	}
	if (!kept)
		iommu_free_once(device, buffer);
}

static phys_addr_t iommu_phys(const struct wdmdma_device *device, dma_addr_t dma)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(device->dev), dma);
}

/*
 * Lazily flushed, a buffer can be reached for a while after it is freed: the kernel was
 * told that this is good enough. If not, it can only be mapped anew where the module
 * itself maps it, for the CPU as for the device.
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
