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
#include "core/transfer_source.h"
#include "lib/page_set.h"

/*
 * Ask for the longest mapping that the DMA API makes for the device. Only a piece of several pages
 * needs the answer, because a mapping of one page is always possible.
 */
static void limits_settle(struct wdmdma_limits *limits)
{
	if (limits->dev)
		limits->most = min_t(size_t, limits->most, dma_max_mapping_size(limits->dev));
	limits->dev = NULL;
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

static phys_addr_t source_phys(const struct wdmdma_source *source)
{
	return PFN_PHYS(*source->pfn) + source->offset;
}

/* Advance by @len contiguous bytes of the current array. */
static __always_inline void source_advance(struct wdmdma_source *source, size_t len)
{
	source->offset += len;
	source->pfn += source->offset >> PAGE_SHIFT;
	source->offset = offset_in_page(source->offset);
	source->here -= len;
	source->left -= len;
}

/* Advance by contiguous bytes of the current array, at most by @most. Return their number. */
static size_t source_advance_run(struct wdmdma_source *source, size_t most)
{
	size_t len = min3(most, source->here, source->left);
	unsigned long pages = wdmdma_pfns_run(source->pfn, PFN_UP(source->offset + len));

	len = min(len, (pages << PAGE_SHIFT) - source->offset);
	source_advance(source, len);
	return len;
}

/* Advance by a piece that may have several pages, also in several arrays. Return its length. */
static noinline size_t source_next_run(struct wdmdma_source *source, struct wdmdma_limits *limits)
{
	phys_addr_t phys = source_phys(source);
	struct wdmdma_source ahead;
	size_t len, most;

	limits_settle(limits);
	most = limits_most(limits, phys);
	len = source_advance_run(source, most);
	while (len < most && source->left && !source->here) {
		ahead = *source;
		ahead.more(&ahead);
		if (source_phys(&ahead) != phys + len)
			break;
		*source = ahead;
		len += source_advance_run(source, most - len);
	}
	return len;
}

/*
 * Advance by the next piece, which is as long as @limits allow. Return its length, and its address
 * in *@phys. There must be bytes left. @wide is limits_are_wide().
 *
 * Most pages are not followed by the next one in physical memory. Such a page takes a short way.
 */
static __always_inline size_t source_next(struct wdmdma_source *source,
					  struct wdmdma_limits *limits, bool wide,
					  phys_addr_t *phys)
{
	size_t len;

	if (unlikely(!source->here))
		source->more(source);
	*phys = source_phys(source);
	len = PAGE_SIZE - source->offset;
	if (unlikely(!wide))
		return source_next_run(source, limits);
	if (len < source->here && len < source->left) {
		if (source->pfn[1] == source->pfn[0] + 1)
			return source_next_run(source, limits);
		source->pfn++;
		source->offset = 0;
	} else if (source->left <= source->here) {
		len = source->left;
	} else {
		return source_next_run(source, limits);
	}
	source->here -= len;
	source->left -= len;
	return len;
}

static unsigned int source_count(struct wdmdma_source source, struct wdmdma_limits *limits)
{
	bool wide = limits_are_wide(limits);
	unsigned int nr = 0;
	phys_addr_t phys;

	for (; source.left; nr++)
		source_next(&source, limits, wide, &phys);
	return nr;
}

unsigned int wdmdma_source_pieces(struct wdmdma_source source,
				  const struct wdmdma_limits *limits)
{
	struct wdmdma_limits own = *limits;

	return source_count(source, &own);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_source_pieces);

/*
 * Return the limits on the pieces of this memory. An adapter without scatter/gather needs one
 * piece. If its memory is one piece there is no limit, because on Windows such an adapter has
 * none.
 */
static __always_inline struct wdmdma_limits source_limits(const struct wdmdma_adapter *adapter,
							  const struct wdmdma_source *source)
{
	struct device *dev = wdmdma_adapter_dma(adapter)->dev;
	struct wdmdma_limits limits = { .most = SIZE_MAX, .boundary = ULONG_MAX };

	if (unlikely(!adapter->scatter_gather) && source_count(*source, &limits) == 1)
		return limits;
	limits.most = dma_get_max_seg_size(dev);
	limits.boundary = dma_get_seg_boundary(dev);
	limits.dev = dev;
	return limits;
}

struct wdmdma_limits wdmdma_source_limits(const struct wdmdma_adapter *adapter,
					  const struct wdmdma_source *source)
{
	return source_limits(adapter, source);
}

/* Describe a piece in an entry of an array, which is not initialized, or of a table. */
static __always_inline void source_describe(struct scatterlist *sg, bool flat, phys_addr_t phys,
					    size_t len)
{
	if (flat)
		*sg = (struct scatterlist){
			.page_link = (unsigned long)pfn_to_page(PHYS_PFN(phys)),
			.offset = offset_in_page(phys),
			.length = len,
		};
	else
		sg_set_page(sg, pfn_to_page(PHYS_PFN(phys)), len, offset_in_page(phys));
}

/* Note the addresses of pieces. */
static __always_inline void pieces_note(struct wdmdma_pieces *pieces, unsigned int nr,
					phys_addr_t first, phys_addr_t last)
{
	pieces->nr += nr;
	pieces->first = min(pieces->first, first);
	pieces->last = max(pieces->last, last);
}

/*
 * Cut whole pages of the current array, each of which is a piece, into the entries of an array.
 * Return their number, which may be 0. The function ends before a page that the next one follows,
 * before a page that is no memory, and before the last whole page unless nothing comes behind it.
 * source_cut() looks at those. Long transfers of scattered memory spend most of their time here.
 */
static noinline unsigned int source_cut_pages(struct wdmdma_source *source, struct scatterlist *sg,
					      unsigned int room, struct wdmdma_pieces *pieces,
					      struct wdmdma_known *known)
{
	unsigned long most = min(source->here, source->left) >> PAGE_SHIFT;
	unsigned long lowest = ULONG_MAX, highest = 0, next;
	struct wdmdma_known here = *known;
	const unsigned long *pfn = source->pfn, *last = pfn + most - 1, *end;

	/* Without a page behind it, the last whole page is looked at here. */
	end = source->left == most << PAGE_SHIFT ? last + 1 : last;
	end = min(end, pfn + room);
	for (next = *pfn; pfn < end; pfn++, sg++) {
		unsigned long frame = next;

		next = likely(pfn != last) ? pfn[1] : 0;
		if (next == frame + 1)
			break;
		if (unlikely(frame - here.first >= here.nr)) {
			if (!wdmdma_pfn_know(frame, known))
				break;
			here = *known;
		}
		source_describe(sg, true, PFN_PHYS(frame), PAGE_SIZE);
		lowest = min(lowest, frame);
		highest = max(highest, frame);
	}
	most = pfn - source->pfn;
	if (most)
		pieces_note(pieces, most, PFN_PHYS(lowest), PFN_PHYS(highest + 1) - 1);
	source->pfn = pfn;
	source->here -= most << PAGE_SHIFT;
	source->left -= most << PAGE_SHIFT;
	return most;
}

static __always_inline bool source_begins_with_pages(const struct wdmdma_source *source)
{
	return !source->offset && min(source->here, source->left) >= 2 * PAGE_SIZE &&
	       source->pfn[1] != source->pfn[0] + 1;
}

static __always_inline int source_cut(const struct wdmdma_adapter *adapter,
				      const struct wdmdma_source *source, struct scatterlist *sg,
				      unsigned int room, bool flat, struct wdmdma_pieces *pieces)
{
	struct wdmdma_limits limits = source_limits(adapter, source);
	bool wide = limits_are_wide(&limits);
	struct wdmdma_source rest = *source;
	struct wdmdma_known known = {};
	phys_addr_t phys;
	unsigned int nr;
	size_t len;

	*pieces = (struct wdmdma_pieces){ .first = ~(phys_addr_t)0 };
	while (pieces->nr < room && rest.left) {
		if (flat && wide && source_begins_with_pages(&rest)) {
			nr = source_cut_pages(&rest, sg, room - pieces->nr, pieces, &known);
			sg += nr;
			if (nr)
				continue;
		}
		len = source_next(&rest, &limits, wide, &phys);
		if (unlikely(!wdmdma_pfns_are_memory(PHYS_PFN(phys), PHYS_PFN(phys + len - 1),
						     &known)))
			return -EINVAL;
		source_describe(sg, flat, phys, len);
		pieces_note(pieces, 1, phys, phys + len - 1);
		sg = flat ? sg + 1 : sg_next(sg);
	}
	pieces->len = source->left - rest.left;
	if (flat && pieces->nr)
		sg_mark_end(sg - 1);
	return rest.left ? -E2BIG : 0;
}

static noinline int source_cut_flat(const struct wdmdma_adapter *adapter,
				    const struct wdmdma_source *source, struct scatterlist *sg,
				    unsigned int room, struct wdmdma_pieces *pieces)
{
	return source_cut(adapter, source, sg, room, true, pieces);
}

/* Return true if each page may be a piece for the device. */
static __always_inline bool source_limits_are_wide(const struct wdmdma_adapter *adapter)
{
	struct device *dev = wdmdma_adapter_dma(adapter)->dev;

	return dma_get_max_seg_size(dev) >= PAGE_SIZE && dma_get_seg_boundary(dev) >= PAGE_SIZE - 1;
}

/*
 * Return how long a piece of one page is, if that piece is all that wdmdma_source_cut() has to
 * make. Return 0 if there is more to do. Network drivers and NVMe map one page at a time, and a
 * loop of MapTransfer does too.
 */
static __always_inline size_t source_one_page(const struct wdmdma_adapter *adapter,
					      const struct wdmdma_source *source, unsigned int room)
{
	size_t len = PAGE_SIZE - source->offset;

	if (unlikely(!source_limits_are_wide(adapter)))
		return 0;
	if (source->left <= len)
		return source->left <= source->here ? source->left : 0;
	return room == 1 && len < source->here && source->pfn[1] != source->pfn[0] + 1 ? len : 0;
}

/**
 * wdmdma_source_cut() - cut memory into pieces, and describe them
 * @adapter: the adapter, which limits the pieces. A piece is as long as it can be
 * @source: the memory, which has at least one byte
 * @sg: an array of @room entries, whose contents do not matter
 * @room: number of entries, not 0
 * @pieces: receives the number of pieces, their bytes, and the addresses that they span
 *
 * Context: any.
 * Return: 0, -EINVAL if a page is no memory or is the memory of a device, or -E2BIG if the array
 * has room for the first pieces only. These are described then.
 */
int wdmdma_source_cut(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
		      struct scatterlist *sg, unsigned int room, struct wdmdma_pieces *pieces)
{
	size_t len = source_one_page(adapter, source, room);
	phys_addr_t phys;
	unsigned long pfn;

	if (!len)
		return source_cut_flat(adapter, source, sg, room, pieces);
	/* Map the number that is checked, even if a driver changes its MDL meanwhile. */
	pfn = READ_ONCE(*source->pfn);
	if (unlikely(!wdmdma_pfn_is_plain(pfn) && !wdmdma_pfn_is_memory(pfn))) {
		pieces->nr = 0;
		return -EINVAL;
	}
	phys = PFN_PHYS(pfn) + source->offset;
	source_describe(sg, true, phys, len);
	sg_mark_end(sg);
	*pieces = (struct wdmdma_pieces){
		.nr = 1,
		.len = len,
		.first = phys,
		.last = phys + len - 1,
	};
	return len == source->left ? 0 : -E2BIG;
}

/* As wdmdma_source_cut(), into a table. A driver may have changed the MDL since the count. */
int wdmdma_source_cut_table(const struct wdmdma_adapter *adapter,
			    const struct wdmdma_source *source, const struct sg_table *table,
			    struct wdmdma_pieces *pieces)
{
	return source_cut(adapter, source, table->sgl, table->orig_nents, false, pieces);
}

/*
 * As wdmdma_source_room(), for many pages. If the memory looks like one run of pages, the record
 * need not have room for a piece of each. If it is none in spite of that, the pieces do not fit,
 * and the transfer gets a table.
 */
u32 wdmdma_source_room_of_many(const struct wdmdma_adapter *adapter,
			       const struct wdmdma_source *source, u32 pages)
{
	u32 most;

	if (source->left <= source->here &&
	    source->pfn[pages - 1] - source->pfn[0] == pages - 1) {
		most = dma_get_max_seg_size(wdmdma_adapter_dma(adapter)->dev);
		pages = clamp_t(u64, source->left / most + 2, WDMDMA_ROOM_FEW, pages);
	}
	return pages <= WDMDMA_ROOM_MOST ? pages : 0;
}

/* Return the largest number of segments that a transfer of this memory can have. */
unsigned int wdmdma_source_segments(const struct wdmdma_adapter *adapter,
				    const struct wdmdma_source *source)
{
	struct wdmdma_limits limits = source_limits(adapter, source);
	bool wide = limits_are_wide(&limits);
	struct wdmdma_source rest = *source;
	unsigned int nr = 0;
	phys_addr_t phys;
	size_t len;

	if (!adapter->scatter_gather)
		return 1;
	/* If the memory must be copied, each page becomes a segment. */
	while (rest.left) {
		len = source_next(&rest, &limits, wide, &phys);
		nr += PFN_UP(offset_in_page(phys) + len);
	}
	return nr;
}

/* Return how many bytes fit into @segments segments if the memory is copied page by page. */
size_t wdmdma_source_trim_copied(const struct wdmdma_adapter *adapter,
				 const struct wdmdma_source *source, u32 segments)
{
	struct wdmdma_limits limits = source_limits(adapter, source);
	bool wide = limits_are_wide(&limits);
	struct wdmdma_source rest = *source;
	size_t len = 0, part;
	phys_addr_t phys;

	while (segments && rest.left) {
		part = source_next(&rest, &limits, wide, &phys);
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

/* Return how many pages the memory touches if it lies in several arrays. */
u32 wdmdma_source_pages_of_arrays(const struct wdmdma_source *source)
{
	u32 rest = U32_MAX;

	source_first_pages(*source, &rest);
	return U32_MAX - rest;
}

/*
 * Return how many bytes fit into @pages pages and into @segments segments if the memory is not
 * copied. An adapter without scatter/gather has one segment for all bytes. This segment must not
 * be longer than a DMA controller's boundary. Segments that the record of a transfer has room for
 * are not counted, because wdmdma_source_cut() stops there.
 */
size_t wdmdma_source_trim(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
			  u32 pages, u32 segments)
{
	size_t most = wdmdma_dma_channel_boundary(adapter->dma_channel) ?: SIZE_MAX;
	struct wdmdma_source rest = *source;
	struct wdmdma_limits limits;
	phys_addr_t phys;
	size_t len = 0;
	bool wide;

	if (rest.left > rest.here || PFN_UP(rest.offset + rest.left) > pages)
		rest.left = source_first_pages(rest, &pages);
	if (unlikely(!adapter->scatter_gather))
		return min(rest.left, most);
	limits = source_limits(adapter, &rest);
	wide = limits_are_wide(&limits);
	if (wide && (segments <= WDMDMA_ROOM_MOST || wdmdma_source_pages(&rest) <= segments))
		return rest.left;
	for (; rest.left && segments; segments--)
		len += source_next(&rest, &limits, wide, &phys);
	return len;
}
