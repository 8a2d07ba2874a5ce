// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer information: what a live buffer really got. The values must come from the pages,
 * the CPU's page tables and the record, and never from the request.
 */
#include <linux/dma-map-ops.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/lookup.h"
#include "lib/page_set.h"
#include "objects.h"

static unsigned long info_pfn(const struct wdmdma_buffer *buffer, unsigned long page)
{
	void *cpu = buffer->cpu + (page << PAGE_SHIFT);

	if (buffer->pages)
		return buffer->pages->pfn[page + buffer->guarded];
	/* A CPU mapping made by the DMA API is a vmalloc() address, whatever the memory is. */
	return is_vmalloc_addr(cpu) ? vmalloc_to_pfn(cpu) : PHYS_PFN(virt_to_phys(cpu));
}

/* Return true if the @nr pages from @first on are physically contiguous. */
static bool info_contiguous(const struct wdmdma_buffer *buffer, unsigned long first,
			    unsigned long nr)
{
	unsigned long i, pfn = info_pfn(buffer, first);

	for (i = 1; i < nr; i++)
		if (info_pfn(buffer, first + i) != pfn + i)
			return false;
	return true;
}

static int info_page_node(const struct wdmdma_buffer *buffer, unsigned long page)
{
	unsigned long pfn = info_pfn(buffer, page);

	return pfn_valid(pfn) ? pfn_to_nid(pfn) : NUMA_NO_NODE;
}

static int info_node(const struct wdmdma_buffer *buffer, unsigned long first, unsigned long nr)
{
	int node = info_page_node(buffer, first);
	unsigned long i;

	for (i = 1; i < nr; i++)
		if (info_page_node(buffer, first + i) != node)
			return NUMA_NO_NODE;
	return node;
}

/*
 * Return the largest page size that memory and IOMMU mapping both have. The IOMMU's page
 * size cannot be read back. But the kernel always takes the largest size that the IOMMU
 * has, and that address, memory and length allow.
 */
static size_t info_page_size(const struct wdmdma_device *device, const struct wdmdma_buffer *buffer)
{
	unsigned long page, step = SZ_2M >> PAGE_SHIFT;

	if (!IS_ALIGNED(buffer->dma | wdmdma_buffer_size(buffer), SZ_2M) ||
	    !wdmdma_iommu_has_page_size(device->dev, SZ_2M))
		return PAGE_SIZE;
	for (page = 0; page < buffer->nr_pages; page += step)
		if (!IS_ALIGNED(info_pfn(buffer, page), step) ||
		    !info_contiguous(buffer, page, step))
			return PAGE_SIZE;
	return SZ_2M;
}

/*
 * Return the buffer's cache type. Look at the first page only, because all pages of a
 * buffer must have the same type in all mappings.
 */
static enum wdmdma_cache info_cache(const struct wdmdma_device *device,
				    const struct wdmdma_buffer *buffer)
{
	enum wdmdma_cache cache = wdmdma_cache_of(buffer->cpu);

	if (cache != WDMDMA_CACHE_PLATFORM)
		return cache;
	return dev_is_dma_coherent(device->dev) ? WDMDMA_CACHE_CACHED : WDMDMA_CACHE_UNCACHED;
}

/**
 * wdmdma_info_get() - tell what the buffer or vector element at an address really got
 * @adapter: the adapter
 * @cpu: a CPU address inside the buffer or element
 * @info: receives the answer
 *
 * The device's sem is held for writing, so that no record and no memory of a buffer goes. But a
 * page can be recycled without the sem, and then loses its logical address in a strict domain.
 *
 * Context: may sleep.
 * Return: 0, or -ENXIO if the adapter has no buffer at @cpu, or the buffer is freed meanwhile.
 */
int wdmdma_info_get(struct wdmdma_adapter *adapter, const void *cpu, struct wdmdma_info *info)
{
	struct wdmdma_device *device = adapter->device;
	struct wdmdma_extent extent = {};
	struct wdmdma_buffer *buffer;
	unsigned long first, nr;
	int ret = -ENXIO;
	dma_addr_t dma;

	down_write(&device->sem);
	rcu_read_lock();
	buffer = wdmdma_lookup_by_cpu(&adapter->buffers, cpu);
	rcu_read_unlock();
	if (buffer)
		extent = wdmdma_lookup_extent(buffer, cpu - buffer->cpu);
	if (!buffer || cpu - buffer->cpu - extent.start >= extent.len)
		goto unlock;

	dma = READ_ONCE(buffer->dma);
	info->cpu = buffer->cpu + extent.start;
	info->dma = dma + extent.start;
	info->len = extent.len;
	info->size = buffer->block ? PAGE_ALIGN(extent.len) : wdmdma_buffer_size(buffer);
	first = extent.start >> PAGE_SHIFT;
	nr = info->size >> PAGE_SHIFT;
	info->node = info_node(buffer, first, nr);
	info->cache = info_cache(device, buffer);
	info->page_size = info_page_size(wdmdma_adapter_dma(adapter), buffer);
	info->contiguous = info_contiguous(buffer, first, nr);
	/* Pairs with the release of wdmdma_record_revive(). */
	if (dma && !smp_load_acquire(&buffer->freeing))
		ret = 0;
unlock:
	up_write(&device->sem);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_info_get);
