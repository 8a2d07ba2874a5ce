// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU backend: the device's default domain translates, and the DMA API
 * allocates addresses in it.
 *
 * The API takes the highest address and the node from the device, not from the
 * call. For a request that differs, both are replaced in the device for the time
 * of one allocation, while no other allocation of the module for this device
 * runs (wdmdma_device.override). A lower mask is correct, if narrower, for
 * anybody else who reads it meanwhile. Two traps of the address allocator below
 * 4 GiB need care:
 *
 *  - a limit below the length, or not much above it, can yield an address above
 *    the limit: what is tight is refused before it is tried;
 *  - one failed search makes it refuse every later request of that length,
 *    whatever its limit, until some address is given back: see iommu_heal().
 */
#include <linux/delay.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "core.h"
#include "own.h"

#define IOMMU_GFP		(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)
#define IOMMU_HEAL_TRIES	8
#define IOMMU_HEAL_PROBE	SZ_256K	/* longer than what the allocator's caches hold */
#define IOMMU_HEAL_DELAY_MS	10	/* how long a lazy domain keeps freed addresses */

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

/* One page is contiguous anyway; said so, it needs no mapping of its own for the CPU. */
static unsigned long iommu_attrs(size_t size)
{
	return DMA_ATTR_NO_WARN | (size <= PAGE_SIZE ? DMA_ATTR_FORCE_CONTIGUOUS : 0);
}

static void *iommu_alloc_coherent(struct device *dev, size_t size, dma_addr_t *dma)
{
	return dma_alloc_attrs(dev, size, dma, IOMMU_GFP, iommu_attrs(size));
}

static void iommu_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t dma)
{
	dma_free_attrs(dev, size, cpu, dma, iommu_attrs(size));
}

/* Pages lent by the DMA API in one piece of addresses, mapped with another cache type. */
static int iommu_alloc_uncached(struct device *dev, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	struct sg_page_iter iter;
	unsigned long n = 0;
	int ret = -ENOMEM;

	request->why = "no memory, or no logical addresses, for an uncached buffer";
	buffer->pages = wdmdma_pages_new(buffer->size >> PAGE_SHIFT, GFP_KERNEL);
	if (!buffer->pages)
		return -ENOMEM;
	buffer->sgt = dma_alloc_noncontiguous(dev, buffer->size, DMA_BIDIRECTIONAL,
					      IOMMU_GFP | __GFP_ZERO, 0);
	if (!buffer->sgt)
		goto delete_pages;

	for_each_sgtable_page(buffer->sgt, &iter, 0)
		buffer->pages->pfn[n++] = page_to_pfn(sg_page_iter_page(&iter));
	ret = wdmdma_pages_map(buffer->pages, request->cache);
	if (ret) {
		request->why = "the cache type of the pages cannot be changed";
		goto free_sgt;
	}
	buffer->cpu = buffer->pages->va;
	buffer->dma = sg_dma_address(buffer->sgt->sgl);
	return 0;

free_sgt:
	dma_free_noncontiguous(dev, buffer->size, buffer->sgt, DMA_BIDIRECTIONAL);
	buffer->sgt = NULL;
delete_pages:
	wdmdma_pages_delete(buffer->pages);
	buffer->pages = NULL;
	return ret;
}

#if WDMDMA_HAS_DMA_IOVA

/* Map the pages of an adopted buffer as one range: addresses for all, then run after run. */
static int iommu_map_adopted(struct device *dev, struct wdmdma_request *request,
			     struct wdmdma_buffer *buffer)
{
	struct wdmdma_adopted *adopted = wdmdma_to_adopted(buffer);
	const unsigned long *pfn = buffer->pages->pfn;
	unsigned long done, run, nr = buffer->pages->nr;

	/* Where the IOMMU's pages are larger than ours, ours cannot follow each other. */
	if (dma_get_merge_boundary(dev) >= PAGE_SIZE) {
		request->why = "the kernel gives this device no single range for several pages";
		return -EOPNOTSUPP;
	}
	request->why = "no memory, or no logical addresses";
	if (!dma_iova_try_alloc(dev, &adopted->iova, 0, buffer->size))
		return -ENOMEM;
	for (done = 0; done < nr; done += run) {
		run = wdmdma_pfns_run(pfn + done, nr - done);
		if (dma_iova_link(dev, &adopted->iova, PFN_PHYS(pfn[done]), done << PAGE_SHIFT,
				  run << PAGE_SHIFT, adopted->direction, DMA_ATTR_SKIP_CPU_SYNC))
			goto destroy;
	}
	if (dma_iova_sync(dev, &adopted->iova, 0, buffer->size))
		goto destroy;
	buffer->dma = adopted->iova.addr;
	return 0;

destroy:
	dma_iova_destroy(dev, &adopted->iova, done << PAGE_SHIFT, adopted->direction,
			 DMA_ATTR_SKIP_CPU_SYNC);
	return -ENOMEM;
}

static void iommu_unmap_adopted(struct device *dev, struct wdmdma_buffer *buffer)
{
	struct wdmdma_adopted *adopted = wdmdma_to_adopted(buffer);

	dma_iova_destroy(dev, &adopted->iova, buffer->size, adopted->direction,
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

/* A list of the pages, whose entries are no longer than the device's segments may be. */
static int iommu_sgt_of_pages(struct device *dev, const struct wdmdma_pages *pages,
			      struct sg_table *sgt)
{
	unsigned long most = max(dma_get_max_seg_size(dev) >> PAGE_SHIFT, 1U);
	unsigned long done, run, nr = pages->nr;
	const unsigned long *pfn = pages->pfn;
	struct scatterlist *sg;
	unsigned int n = 0;

	for (done = 0; done < nr; done += wdmdma_pfns_run(pfn + done, min(nr - done, most)))
		n++;
	if (sg_alloc_table(sgt, n, GFP_KERNEL))
		return -ENOMEM;
	sg = sgt->sgl;
	for (done = 0; done < nr; done += run, sg = sg_next(sg)) {
		run = wdmdma_pfns_run(pfn + done, min(nr - done, most));
		sg_set_page(sg, pfn_to_page(pfn[done]), run << PAGE_SHIFT, 0);
	}
	return 0;
}

/* Map the pages of an adopted buffer as one range. */
static int iommu_map_adopted(struct device *dev, struct wdmdma_request *request,
			     struct wdmdma_buffer *buffer)
{
	enum dma_data_direction direction = wdmdma_to_adopted(buffer)->direction;
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int ret = -ENOMEM;

	request->why = "no memory, or no logical addresses";
	if (!sgt)
		return -ENOMEM;
	if (iommu_sgt_of_pages(dev, buffer->pages, sgt))
		goto free_sgt;
	if (dma_map_sgtable(dev, sgt, direction, DMA_ATTR_SKIP_CPU_SYNC))
		goto free_table;
	if (!iommu_is_one_range(sgt, buffer->size)) {
		request->why = "the kernel gives this device no single range for several pages";
		ret = -EOPNOTSUPP;
		goto unmap;
	}
	buffer->sgt = sgt;
	buffer->dma = sg_dma_address(sgt->sgl);
	return 0;

unmap:
	dma_unmap_sgtable(dev, sgt, direction, DMA_ATTR_SKIP_CPU_SYNC);
free_table:
	sg_free_table(sgt);
free_sgt:
	kfree(sgt);
	return ret;
}

static void iommu_unmap_adopted(struct device *dev, struct wdmdma_buffer *buffer)
{
	dma_unmap_sgtable(dev, buffer->sgt, wdmdma_to_adopted(buffer)->direction,
			  DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(buffer->sgt);
	kfree(buffer->sgt);
}

#endif /* !WDMDMA_HAS_DMA_IOVA */

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
	return wdmdma_own_alloc(device, request, WDMDMA_WINDOW_ALL, buffer);
}

/* One allocation with the device's masks and node as they are. */
static int iommu_alloc_once(struct wdmdma_device *device, struct wdmdma_request *request,
			    struct wdmdma_buffer *buffer)
{
	struct device *dev = device->dev;

	if (buffer->adopted)
		return iommu_map_adopted(dev, request, buffer);
	if (request->granule)
		return iommu_alloc_large(device, request, buffer);
	if (request->own && !wdmdma_own_alloc(device, request, WDMDMA_WINDOW_ALL, buffer))
		return 0;
	if (request->cache != WDMDMA_CACHE_PLATFORM)
		return iommu_alloc_uncached(dev, request, buffer);

	buffer->cpu = iommu_alloc_coherent(dev, buffer->size, &buffer->dma);
	if (buffer->cpu)
		return 0;
	request->why = "no memory, or no logical addresses";
	return -ENOMEM;
}

static void iommu_free_once(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	struct device *dev = device->dev;

	if (buffer->adopted) {
		iommu_unmap_adopted(dev, buffer);
	} else if (buffer->sgt) {
		wdmdma_pages_unmap(buffer->pages);
		dma_free_noncontiguous(dev, buffer->size, buffer->sgt, DMA_BIDIRECTIONAL);
		wdmdma_pages_delete(buffer->pages);
	} else if (buffer->pages) {
		wdmdma_own_free(device, buffer);
	} else {
		iommu_free_coherent(dev, buffer->size, buffer->cpu, buffer->dma);
	}
	/* The record may be placed again. */
	buffer->sgt = NULL;
	if (!buffer->adopted)
		buffer->pages = NULL;
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

/* What the address allocator takes for @size bytes, which it aligns to their size. */
static size_t iommu_cost(size_t size)
{
	return roundup_pow_of_two(size);
}

static atomic_long_t *iommu_low_bytes(struct wdmdma_device *device, u64 last)
{
	return &device->low_bytes[ilog2(last)];
}

/* Is there room for @size more bytes up to @last? Half of it is left for what is reserved. */
static bool iommu_has_room(struct wdmdma_device *device, u64 last, size_t size)
{
	u64 used = iommu_cost(size);
	unsigned int bit;

	for (bit = 0; bit <= ilog2(last); bit++)
		used += atomic_long_read(&device->low_bytes[bit]);
	return used <= last / 2;
}

/* Book a buffer that was placed with a low limit, until it is freed. */
static void iommu_book(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	size_t cost = iommu_cost(buffer->size);

	buffer->low_order = ilog2(cost) + 1;
	atomic_long_add(cost, iommu_low_bytes(device, buffer->dma + buffer->size - 1));
}

static void iommu_unbook(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	if (buffer->low_order)
		atomic_long_sub(1L << (buffer->low_order - 1),
				iommu_low_bytes(device, buffer->dma + buffer->size - 1));
	buffer->low_order = 0;
}

/* One allocation with a limit below the device's mask. Under the override lock for writing. */
static int iommu_alloc_low(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	struct device *dev = device->dev;
	u64 mask = dev->coherent_dma_mask, streaming_mask = *dev->dma_mask;
	int ret;

	if (dev->dma_mask == &dev->coherent_dma_mask) {
		request->why = "the device has one DMA mask for all uses";
		return -EOPNOTSUPP;
	}
	if (!iommu_has_room(device, request->window.last, buffer->size)) {
		request->why = "more than half of the logical addresses there would be in use";
		return -ENOMEM;
	}

	/* Whole pages: the allocator compares page numbers. */
	dev->coherent_dma_mask = ((request->window.last + 1) & PAGE_MASK) - 1;
	*dev->dma_mask = min(streaming_mask, dev->coherent_dma_mask);
	ret = iommu_alloc_once(device, request, buffer);
	dev->coherent_dma_mask = mask;
	*dev->dma_mask = streaming_mask;
	if (ret)
		iommu_heal(dev, buffer->size);
	else
		iommu_book(device, buffer);
	return ret;
}

/* One allocation with the request's limit and node in the place of the device's. */
static int iommu_alloc_override(struct wdmdma_device *device, struct wdmdma_request *request,
				struct wdmdma_buffer *buffer)
{
	struct device *dev = device->dev;
	int node, ret;

	down_write(&device->override);
	node = dev_to_node(dev);
	if (request->node != NUMA_NO_NODE)
		set_dev_node(dev, request->node);
	if (request->window.last < wdmdma_device_reach(device))
		ret = iommu_alloc_low(device, request, buffer);
	else
		ret = iommu_alloc_once(device, request, buffer);
	set_dev_node(dev, node);
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

/* Place a buffer, or an adopted one, in the request's window and on its node. */
static int iommu_place(struct wdmdma_device *device, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer)
{
	int ret = iommu_alloc_plain(device, request, buffer);

	return ret == -EAGAIN ? iommu_alloc_override(device, request, buffer) : ret;
}

static void iommu_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	iommu_unbook(device, buffer);
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
static enum wdmdma_kept_mode iommu_keep_mode(const struct wdmdma_device *device)
{
	if (iommu_get_domain_for_dev(device->dev)->type == IOMMU_DOMAIN_DMA_FQ)
		return WDMDMA_KEPT_MAPPED;
	return dev_is_dma_coherent(device->dev) ? WDMDMA_KEPT_RESTING : WDMDMA_KEPT_NONE;
}

const struct wdmdma_backend wdmdma_backend_iommu = {
	.name = "IOMMU",
	.shares = true,
	.alloc = iommu_place,
	.adopt = iommu_place,
	.free = iommu_free,
	.phys = iommu_phys,
	.keep_mode = iommu_keep_mode,
	.merges = true,
	.maps_with_dma_api = true,
};
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_backend_iommu);
