// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources, which describe the driver's memory before a transfer. The functions here cut the
 * memory into pieces, and count its pages, pieces and segments. They must not map or allocate
 * anything.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/dma_channel.h"
#include "core/transfer.h"
#include "lib/page_set.h"

/* A run of physically contiguous bytes, which the module has not cut into pieces yet. */
struct source_run {
	phys_addr_t phys;
	size_t len;
};

/*
 * Advance by the longest run of contiguous bytes in the current array, but at most by @most
 * bytes. The source must have bytes left, and @most must not be 0.
 */
static __always_inline struct source_run source_advance(struct wdmdma_source *source, size_t most)
{
	struct source_run run;
	unsigned long pages;

	if (!source->here)
		source->more(source);
	run.phys = PFN_PHYS(*source->pfn) + source->offset;
	run.len = min3(most, source->here, source->left);
	pages = wdmdma_pfns_run(source->pfn, PFN_UP(source->offset + run.len));
	run.len = min(run.len, (pages << PAGE_SHIFT) - source->offset);
	source->offset += run.len;
	source->pfn += source->offset >> PAGE_SHIFT;
	source->offset = offset_in_page(source->offset);
	source->here -= run.len;
	source->left -= run.len;
	return run;
}

/*
 * Return how long a piece that begins at @start may be.
 *
 * A piece that is cut for its length must end at the end of a page, as on Windows. Some devices
 * take lists of pages (NVMe's PRP lists), and can use no other pieces.
 */
static size_t limits_most(const struct wdmdma_limits *limits, phys_addr_t start)
{
	size_t most = limits->most;

	if (most > PAGE_SIZE)
		most -= offset_in_page(start + most);
	/* Compare lengths - 1. Without a boundary the mask is ULONG_MAX, and + 1 would overflow. */
	return min(most - 1, (start | limits->boundary) - start) + 1;
}

/* Return true if each page may become a piece. Then there are no more pieces than pages. */
static bool limits_are_wide(const struct wdmdma_limits *limits)
{
	return limits->most >= PAGE_SIZE && limits->boundary >= PAGE_SIZE - 1;
}

/* Return the length of the next piece, as much contiguous memory as @limits allow. 0 at the end. */
static __always_inline size_t source_next(struct wdmdma_source *source,
					  const struct wdmdma_limits *limits, phys_addr_t *phys)
{
	struct wdmdma_source ahead;
	struct source_run run;
	size_t len, most;

	if (!source->left)
		return 0;
	if (!source->here)
		source->more(source);
	most = limits_most(limits, PFN_PHYS(*source->pfn) + source->offset);
	run = source_advance(source, most);
	*phys = run.phys;
	len = run.len;
	/* The piece may go on in the next array. */
	while (len < most && source->left && !source->here) {
		ahead = *source;
		run = source_advance(&ahead, most - len);
		if (run.phys != *phys + len)
			break;
		len += run.len;
		*source = ahead;
	}
	return len;
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
 * Return true if all pages of the run are memory and do not belong to a device. All pages of a
 * subsection are of the same kind, and *@known is a subsection whose kind is memory.
 */
static __always_inline bool run_is_memory(const struct source_run *run, unsigned long *known)
{
	unsigned long last = PHYS_PFN(run->phys + run->len - 1) / PAGES_PER_SUBSECTION;
	unsigned long at = PHYS_PFN(run->phys) / PAGES_PER_SUBSECTION;

	if (likely(at == *known && at == last))
		return true;
	for (; at <= last; at++) {
		unsigned long pfn = max(at * PAGES_PER_SUBSECTION, PHYS_PFN(run->phys));

		if (!wdmdma_pfn_is_memory(pfn))
			return false;
	}
	*known = last;
	return true;
}

/* Describe a piece by an entry of a table. */
static __always_inline void piece_set(struct scatterlist *sg, bool flat, phys_addr_t phys,
				      size_t len)
{
	struct page *page = pfn_to_page(PHYS_PFN(phys));

	if (!flat) {
		sg_set_page(sg, page, len, offset_in_page(phys));
		return;
	}
	/* The entry of an array is written as a whole, because its memory is not initialized. */
	sg->page_link = (unsigned long)page;
	sg->offset = offset_in_page(phys);
	sg->length = len;
#ifdef CONFIG_NEED_SG_DMA_FLAGS
	sg->dma_flags = 0;
#endif
}

/*
 * Cut the memory into as long pieces as @limits allow, and describe them in @sg. Without @room
 * @sg is the first entry of a table with room for all pieces.
 */
static __always_inline int source_cut(struct wdmdma_source source,
				      const struct wdmdma_limits *limits, struct scatterlist *sg,
				      unsigned int room, struct wdmdma_pieces *pieces)
{
	phys_addr_t first = PHYS_ADDR_MAX, last = 0, start = 0, end = PHYS_ADDR_MAX;
	unsigned long known = ULONG_MAX;
	bool wide = limits_are_wide(limits);
	unsigned int nr = 0;
	size_t len, most = 0;

	while (source.left) {
		struct source_run run = source_advance(&source, SIZE_MAX);

		if (unlikely(!run_is_memory(&run, &known)))
			return -EINVAL;
		first = min(first, run.phys);
		last = max(last, run.phys + run.len - 1);
		/* The last piece may end where the run begins, at the border of two arrays. */
		if (run.phys == end) {
			most = most ?: limits_most(limits, start);
			len = min(run.len, most - (end - start));
			sg->length += len;
			end += len;
			run.phys += len;
			run.len -= len;
		}
		for (; run.len; run.phys += len, run.len -= len) {
			if (room && nr == room)
				return -E2BIG;
			if (nr++)
				sg = room ? sg + 1 : sg_next(sg);
			start = run.phys;
			len = run.len;
			most = 0;
			if (!wide || len > PAGE_SIZE - offset_in_page(start)) {
				most = limits_most(limits, start);
				len = min(len, most);
			}
			piece_set(sg, room, start, len);
			end = start + len;
		}
	}
	if (room)
		sg_mark_end(sg);
	*pieces = (struct wdmdma_pieces){ .nr = nr, .first = first, .last = last };
	return 0;
}

/**
 * wdmdma_source_cut() - cut memory into pieces, and describe them
 * @source: the memory
 * @limits: the limits on a piece. A piece is as long as they allow
 * @sg: an array of @room entries, whose contents do not matter, or the first entry of a table
 * @room: number of entries in the array, or 0 for a table, which must have room for all pieces
 * @pieces: receives the number of pieces, and the addresses that they span
 *
 * Context: any.
 * Return: 0, -EINVAL if a page is no memory or is the memory of a device, or -E2BIG if the array
 * has no room.
 */
int wdmdma_source_cut(const struct wdmdma_source *source, const struct wdmdma_limits *limits,
		      struct scatterlist *sg, unsigned int room, struct wdmdma_pieces *pieces)
{
	return room ? source_cut(*source, limits, sg, room, pieces) :
		      source_cut(*source, limits, sg, 0, pieces);
}

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

	if (source->left <= source->here)
		return PFN_UP(source->offset + source->left);
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
	if (wdmdma_source_pages(&rest) <= segments && limits_are_wide(&limits))
		return len;
	for (len = 0; rest.left && segments; segments--)
		len += source_next(&rest, &limits, &phys);
	return len;
}
