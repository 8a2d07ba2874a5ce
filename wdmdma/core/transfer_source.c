// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources, which describe the driver's memory before a transfer. The functions here cut the
 * memory into pieces, and count its pages, pieces and segments. They only count, and must not
 * map or allocate anything.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/dma_channel.h"
#include "core/transfer.h"
#include "lib/page_set.h"

/* Return the physical address of the next byte. */
static phys_addr_t source_phys(struct wdmdma_source *source)
{
	if (!source->here)
		source->more(source);
	return PFN_PHYS(*source->pfn) + source->offset;
}

/*
 * Advance by at most @most bytes, as far as the memory is contiguous in the current array. The
 * caller must have called source_phys() before. Return the number of bytes.
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
 * Return how long a piece that begins at @start may be.
 *
 * A piece that is cut for its length must end at the end of a page, as on Windows. Some devices
 * take lists of pages (NVMe's PRP lists), and can use no other pieces.
 */
static size_t source_most(const struct wdmdma_source *source, const struct wdmdma_limits *limits,
			  phys_addr_t start)
{
	size_t most = limits->most;

	if (most > PAGE_SIZE)
		most -= offset_in_page(start + most);
	/* Compare lengths - 1. Without a boundary the mask is ULONG_MAX, and + 1 would overflow. */
	most = min(most - 1, (start | limits->boundary) - start) + 1;
	return min(most, source->left);
}

/* Return the length of the next piece, as much contiguous memory as @limits allow. 0 at the end. */
static __always_inline size_t source_next(struct wdmdma_source *source,
					  const struct wdmdma_limits *limits, phys_addr_t *phys)
{
	size_t len = 0, most;

	if (!source->left)
		return 0;
	*phys = source_phys(source);
	most = source_most(source, limits, *phys);
	/* The piece may go on in the next array. */
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
 * Return the limits on the pieces of this memory. An adapter without scatter/gather needs one
 * piece. If its memory is one piece there is no limit, because on Windows such an adapter has
 * none.
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

/* Return the largest number of segments that a transfer of this memory can have. */
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
	/* If the memory must be copied, each page becomes a segment. */
	while ((len = source_next(&rest, &limits, &phys)))
		nr += PFN_UP(offset_in_page(phys) + len);
	return nr;
}

/* Return how many bytes fit into @segments segments if the memory is copied page by page. */
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

/* Return how many bytes the first *@pages pages have. Subtract the pages found from *@pages. */
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

/* Return how many pages the memory touches, which is the number of map registers for it. */
u32 wdmdma_source_pages(const struct wdmdma_source *source)
{
	u32 rest = U32_MAX;

	source_first_pages(*source, &rest);
	return U32_MAX - rest;
}

/*
 * Return how many bytes fit into @pages pages and into @segments segments if the memory is not
 * copied. An adapter without scatter/gather has one segment for all bytes. This segment must not
 * be longer than a DMA controller's boundary.
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
