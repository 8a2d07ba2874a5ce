// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: the driver's memory before a transfer: where it is cut into pieces, and how
 * many pages, pieces and segments it is. Pure counting: nothing is mapped or kept.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "compat.h"
#include "controller.h"
#include "transfer.h"

/* Where in physical memory the next byte is. */
static phys_addr_t source_phys(struct wdmdma_source *source)
{
	if (!source->here)
		source->more(source);
	return PFN_PHYS(*source->pfn) + source->offset;
}

/* Go on by at most @most bytes within one page, after source_phys(). Returns how many. */
static size_t source_step(struct wdmdma_source *source, size_t most)
{
	size_t len = min(min(most, source->left), min(source->here, PAGE_SIZE - source->offset));

	source->offset += len;
	if (source->offset == PAGE_SIZE) {
		source->offset = 0;
		source->pfn++;
	}
	source->here -= len;
	source->left -= len;
	return len;
}

/*
 * The next piece: as much as follows in physical memory and @limits allow. 0 at the end.
 *
 * What is cut for its length is cut at the end of a page, as on Windows: devices that
 * are given pages (NVMe's PRP lists) know no others.
 */
size_t wdmdma_source_next(struct wdmdma_source *source,
			  const struct wdmdma_limits *limits, phys_addr_t *phys)
{
	size_t len = 0, most = limits->most;

	while (source->left && len < most) {
		phys_addr_t start = source_phys(source);

		if (len && (start != *phys + len || !(start & limits->boundary)))
			break;
		if (!len) {
			*phys = start;
			if (most > PAGE_SIZE)
				most -= offset_in_page(start + most);
		}
		len += source_step(source, most - len);
	}
	return len;
}

unsigned int wdmdma_source_pieces(struct wdmdma_source source,
				  const struct wdmdma_limits *limits)
{
	unsigned int nr = 0;
	phys_addr_t phys;

	while (wdmdma_source_next(&source, limits, &phys))
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

	if (!adapter->scatter_gather)
		return 1;
	/* Copied, it would be in single pages. */
	return max_t(unsigned int, wdmdma_source_pieces(*source, &limits),
		     DIV_ROUND_UP(source->left, PAGE_SIZE));
}

/* Pages that the memory touches: map registers, as they are counted. */
u32 wdmdma_source_pages(const struct wdmdma_source *source)
{
	struct wdmdma_source rest = *source;
	u32 pages = 0;

	while (rest.left) {
		source_phys(&rest);
		source_step(&rest, SIZE_MAX);
		pages++;
	}
	return pages;
}

/*
 * How much of the memory fits into so many pages, and into so many segments, if they
 * are of the memory itself. An adapter that takes no lists has one for all, and that
 * is not longer than a DMA controller's boundary.
 */
size_t wdmdma_source_trim(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
			  u32 pages, u32 segments)
{
	size_t most = wdmdma_controller_boundary(adapter->controller) ?: SIZE_MAX, len = 0;
	struct wdmdma_source rest = *source;
	struct wdmdma_limits limits;
	phys_addr_t phys;

	while (rest.left && pages--) {
		source_phys(&rest);
		len += source_step(&rest, SIZE_MAX);
	}
	if (!adapter->scatter_gather)
		return min(len, most);
	rest = *source;
	rest.left = len;
	limits = wdmdma_source_limits(adapter, &rest);
	for (len = 0; rest.left && segments; segments--)
		len += wdmdma_source_next(&rest, &limits, &phys);
	return len;
}
