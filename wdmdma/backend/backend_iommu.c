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
#include <linux/slab.h>

#include "backend/backends.h"
#include "backend/backing.h"
#include "backend/iommu_low.h"
#include "backend/standin.h"
#include "backend/translation.h"
#include "compat.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"

#define IOMMU_HEAL_TRIES	8
#define IOMMU_HEAL_PROBE	SZ_256K	/* longer than any range in the allocator's caches */
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
static int iommu_map_pages(struct wdmdma_device *device, struct wdmdma_request *request,
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
	    !wdmdma_iommu_forbids_reading(device->dev))
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "the IOMMU lets a device read what it may write");
	return iommu_take_standin(device, buffer) ? iommu_map_pages(device, request, buffer) :
						    -EAGAIN;
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
		      iommu_map_pages(device, request, buffer);
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
		iommu_unmap_pages(device, buffer);
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

/* Allocate once, with a limit below the device's mask. */
static int iommu_alloc_low(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	int ret = 0;

	lockdep_assert_held_write(&device->override);
	if (wdmdma_low_reuse(device, request, buffer))
		goto book;
	request->refusal.reason = "more than half of the logical addresses there would be in use";
	if (!wdmdma_low_make_room(device, request->window.last, wdmdma_buffer_size(buffer),
				  iommu_free_once))
		return -ENOMEM;
	ret = iommu_alloc_once(device, request, buffer);
	if (ret == -ENOMEM)
		iommu_heal(device->dev, wdmdma_buffer_size(buffer));
	if (ret)
		return ret;
book:
	wdmdma_low_book(device, buffer);
	return 0;
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

/* Free the spare buffers with low addresses. Return true if there were any. */
static bool iommu_forget(struct wdmdma_device *device)
{
	return wdmdma_low_forget(device, iommu_free_once);
}

/*
 * Place a buffer. If memory or addresses are missing, free the spare buffers, which may hold
 * them, and try again.
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
