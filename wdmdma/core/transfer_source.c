// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: the driver's memory before a transfer: where it is cut into pieces, and how
 * many pages, pieces and segments it is. Pure counting: nothing is mapped or kept.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/dma_channel.h"
#include "core/transfer.h"
#include "lib/page_set.h"

/* Where in physical memory the next byte is. */
static phys_addr_t source_phys(struct wdmdma_source *source)
{
	if (!source->here)
		source->more(source);
	return PFN_PHYS(*source->pfn) + source->offset;
}

/*
 * Go on by at most @most bytes, as far as they follow each other in the array that we
 * are in, after source_phys(). Returns how many.
 */
static __always_inline size_t source_step(struct wdmdma_source *source, size_t most)
{
	size_t len = min(most, source->here);
	unsigned long run = wdmdma_pfns_run(source->pfn, PFN_UP(source->offset + len));

	len = min(len, (run << PAGE_SHIFT) - source->offset);
	source->offset += len;
	source->pfn += source->offset >> PAGE_SHIFT;
	source->offset = offset_in_page(source->offset);
	source->here -= len;
	source->left -= len;
	return len;
}

/*
 * As long as a piece that begins at @start may be.
 *
 * What is cut for its length is cut at the end of a page, as on Windows: devices that
 * are given pages (NVMe's PRP lists) know no others.
 */
static size_t source_most(const struct wdmdma_source *source, const struct wdmdma_limits *limits,
			  phys_addr_t start)
{
	size_t most = limits->most;

	if (most > PAGE_SIZE)
		most -= offset_in_page(start + most);
	/* One less each: there may be no boundary at all. */
	most = min(most - 1, (start | limits->boundary) - start) + 1;
	return min(most, source->left);
}

/* The next piece: as much as follows in physical memory and @limits allow. 0 at the end. */
static __always_inline size_t source_next(struct wdmdma_source *source,
					  const struct wdmdma_limits *limits, phys_addr_t *phys)
{
	size_t len = 0, most;

	if (!source->left)
		return 0;
	*phys = source_phys(source);
	most = source_most(source, limits, *phys);
	/* It may go on in the next array. */
	do
		len += source_step(source, most - len);
	while (len < most && !source->here && source_phys(source) == *phys + len);
	return len;
}

size_t wdmdma_source_next(struct wdmdma_source *source, const struct wdmdma_limits *limits,
			  phys_addr_t *phys)
{
	return source_next(source, limits, phys);
}

unsigned int wdmdma_source_pieces(struct wdmdma_source source,
				  const struct wdmdma_limits *limits)
{
	unsigned int nr = 0;
	phys_addr_t phys;

	while (source_next(&source, limits, &phys))
		nr++;
	return nr;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_source_pieces);

/*
 * What the pieces of this memory may be. An adapter that takes no lists wants one
 * piece; its device's limits are those of Windows, and the adapter has none.
 */
struct wdmdma_limits wdmdma_source_limits(const struct wdmdma_adapter *adapter,
					  const struct wdmdma_source *source)
{
	struct device *dev = wdmdma_adapter_dma(adapter)->dev;
	struct wdmdma_limits limits = { .most = SIZE_MAX, .boundary = ULONG_MAX };

	if (!adapter->scatter_gather && wdmdma_source_pieces(*source, &limits) == 1)
		return limits;
	limits.most = min_t(size_t, dma_max_mapping_size(dev), dma_get_max_seg_size(dev));
	limits.boundary = dma_get_seg_boundary(dev);
	return limits;
}

/* As many segments as a transfer of this memory can have. */
unsigned int wdmdma_source_segments(const struct wdmdma_adapter *adapter,
				    const struct wdmdma_source *source)
{
	struct wdmdma_limits limits = wdmdma_source_limits(adapter, source);

	struct wdmdma_source rest = *source;
	unsigned int nr = 0;
	phys_addr_t phys;
	size_t len;

	if (!adapter->scatter_gather)
		return 1;
	/* Copied, it would be in single pages. */
	while ((len = source_next(&rest, &limits, &phys)))
		nr += PFN_UP(offset_in_page(phys) + len);
	return nr;
}

/* How much of the memory comes in so many segments if it is copied, page by page. */
size_t wdmdma_source_trim_copied(const struct wdmdma_adapter *adapter,
				 const struct wdmdma_source *source, u32 segments)
{
	struct wdmdma_limits limits = wdmdma_source_limits(adapter, source);
	struct wdmdma_source rest = *source;
	size_t len = 0, part;
	phys_addr_t phys;

	while (segments && (part = source_next(&rest, &limits, &phys))) {
		part = min_t(size_t, part,
			     ((size_t)segments << PAGE_SHIFT) - offset_in_page(phys));
		segments -= PFN_UP(offset_in_page(phys) + part);
		len += part;
	}
	return len;
}

/* Bytes in the first @pages pages of the memory; *@pages becomes how many it has not. */
static size_t source_first_pages(struct wdmdma_source source, u32 *pages)
{
	size_t len = 0, part;

	while (source.left && *pages) {
		if (!source.here)
			source.more(&source);
		part = ((size_t)*pages << PAGE_SHIFT) - source.offset;
		part = min3(part, source.left, source.here);
		*pages -= PFN_UP(source.offset + part);
		source.here -= part;
		source.left -= part;
		len += part;
	}
	return len;
}

/* Pages that the memory touches: map registers, as they are counted. */
u32 wdmdma_source_pages(const struct wdmdma_source *source)
{
	u32 rest = U32_MAX;

	source_first_pages(*source, &rest);
	return U32_MAX - rest;
}

/*
 * How much of the memory fits into so many pages, and into so many segments, if they
 * are of the memory itself. An adapter that takes no lists has one for all, and that
 * is not longer than a DMA controller's boundary.
 */
size_t wdmdma_source_trim(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
			  u32 pages, u32 segments)
{
	size_t most = wdmdma_dma_channel_boundary(adapter->dma_channel) ?: SIZE_MAX;
	size_t len = source_first_pages(*source, &pages);
	struct wdmdma_source rest = *source;
	struct wdmdma_limits limits;
	phys_addr_t phys;

	if (!adapter->scatter_gather)
		return min(len, most);
	rest.left = len;
	limits = wdmdma_source_limits(adapter, &rest);
	for (len = 0; rest.left && segments; segments--)
		len += source_next(&rest, &limits, &phys);
	return len;
}
