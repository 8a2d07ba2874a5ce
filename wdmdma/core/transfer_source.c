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

	if (most >= PAGE_SIZE)
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

/* The state of cutting: the piece that is being made, and the addresses of all pieces. */
struct source_cut {
	const struct wdmdma_limits *limits;
	struct scatterlist *sg;
	unsigned int room;
	unsigned int nr;
	phys_addr_t start;
	phys_addr_t end;
	phys_addr_t cap;		/* farthest end of the piece, or 0 if not known yet */
	unsigned long known;		/* a subsection that is memory */
	unsigned long lowest;
	unsigned long highest;
};

/*
 * Return true if these pages are memory and do not belong to a device. All pages of a subsection
 * are of the same kind.
 */
static bool cut_checks_memory(struct source_cut *cut, unsigned long pfn, unsigned long last)
{
	for (; pfn <= last; pfn = ALIGN(pfn + 1, PAGES_PER_SUBSECTION))
		if (!wdmdma_pfn_is_memory(pfn))
			return false;
	cut->known = last / PAGES_PER_SUBSECTION;
	return true;
}

/* Note that the device uses these pages. Return false if they are no memory. */
static __always_inline bool cut_note(struct source_cut *cut, unsigned long pfn, unsigned long last)
{
	cut->lowest = min(cut->lowest, pfn);
	cut->highest = max(cut->highest, last);
	return likely(pfn / PAGES_PER_SUBSECTION == cut->known &&
		      last / PAGES_PER_SUBSECTION == cut->known) ||
	       cut_checks_memory(cut, pfn, last);
}

/* Begin a piece. Return false if there is no room. */
static __always_inline bool cut_begin(struct source_cut *cut, unsigned long pfn, size_t offset,
				      size_t len)
{
	if (cut->room) {
		if (unlikely(cut->nr == cut->room))
			return false;
		cut->sg += cut->nr ? 1 : 0;
		/* The entry is written as a whole, because the array is not initialized. */
		*cut->sg = (struct scatterlist){
			.page_link = (unsigned long)pfn_to_page(pfn),
			.offset = offset,
			.length = len,
		};
	} else {
		if (cut->nr)
			cut->sg = sg_next(cut->sg);
		/* The driver may change the MDL between the count and the cut. */
		if (unlikely(!cut->sg))
			return false;
		sg_set_page(cut->sg, pfn_to_page(pfn), len, offset);
	}
	cut->nr++;
	cut->start = PFN_PHYS(pfn) + offset;
	cut->end = cut->start + len;
	cut->cap = 0;
	return true;
}

/* Add contiguous bytes, to the last piece as far as possible. Return false if there is no room. */
static bool cut_add(struct source_cut *cut, phys_addr_t phys, size_t left)
{
	size_t len = 0;

	if (phys == cut->end && cut->nr) {
		if (!cut->cap)
			cut->cap = cut->start + limits_most(cut->limits, cut->start);
		len = min_t(size_t, left, cut->cap - cut->end);
		cut->sg->length += len;
		cut->end += len;
	}
	for (phys += len, left -= len; left; phys += len, left -= len) {
		len = min(left, limits_most(cut->limits, phys));
		if (!cut_begin(cut, PHYS_PFN(phys), offset_in_page(phys), len))
			return false;
	}
	return true;
}

/*
 * Cut the memory into as long pieces as the limits allow. Most pages do not follow the page
 * before, and most limits allow a page to be a piece. Such a page takes the short way.
 */
static __always_inline int source_cut(struct wdmdma_source source, struct source_cut *cut)
{
	bool wide = limits_are_wide(cut->limits);

	while (source.left) {
		struct source_run run;
		unsigned long pfn;

		if (unlikely(!source.here))
			source.more(&source);
		pfn = *source.pfn;
		run.len = min3(PAGE_SIZE - source.offset, source.here, source.left);
		if (wide && (PFN_PHYS(pfn) + source.offset != cut->end || !cut->nr)) {
			if (!cut_note(cut, pfn, pfn))
				return -EINVAL;
			if (!cut_begin(cut, pfn, source.offset, run.len))
				return -E2BIG;
			source.offset += run.len;
			source.pfn += source.offset >> PAGE_SHIFT;
			source.offset = offset_in_page(source.offset);
			source.here -= run.len;
			source.left -= run.len;
			continue;
		}
		run = source_advance(&source, SIZE_MAX);
		if (!cut_note(cut, pfn, PHYS_PFN(run.phys + run.len - 1)))
			return -EINVAL;
		if (!cut_add(cut, run.phys, run.len))
			return -E2BIG;
	}
	if (cut->room)
		sg_mark_end(cut->sg);
	return 0;
}

/**
 * wdmdma_source_cut() - cut memory into pieces, and describe them
 * @source: the memory
 * @limits: the limits on a piece. A piece is as long as they allow
 * @sg: an array of @room entries, whose contents do not matter, or the first entry of a table
 * @room: number of entries in the array, or 0 for a table, which must have room for all pieces
 * @pieces: receives the number of pieces, and the addresses of the pages that they span
 *
 * Context: any.
 * Return: 0, -EINVAL if a page is no memory or is the memory of a device, or -E2BIG if the array
 * has no room.
 */
int wdmdma_source_cut(const struct wdmdma_source *source, const struct wdmdma_limits *limits,
		      struct scatterlist *sg, unsigned int room, struct wdmdma_pieces *pieces)
{
	struct source_cut cut = {
		.limits = limits,
		.sg = sg,
		.room = room,
		.known = ULONG_MAX,
		.lowest = ULONG_MAX,
	};
	int ret = source_cut(*source, &cut);

	pieces->nr = cut.nr;
	pieces->first = PFN_PHYS(cut.lowest);
	pieces->last = PFN_PHYS(cut.highest + 1) - 1;
	return ret;
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
