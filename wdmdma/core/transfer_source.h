/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory of a transfer that is about to start, and its pieces. See core/transfer_source.c. */
#ifndef WDMDMA_TRANSFER_SOURCE_H
#define WDMDMA_TRANSFER_SOURCE_H

#include <linux/compiler.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct device;
struct wdmdma_adapter;

/**
 * struct wdmdma_source - the memory of a transfer that is about to start
 * @pfn: current page, in the current array of page frame numbers
 * @offset: offset in the current page
 * @here: bytes left in the current array
 * @left: bytes left in all arrays
 * @mdl: MDL of the current array, for the WDM layer
 * @more: advance to the next array. Called when @here is 0 and @left is not
 *
 * A copy of the structure remembers the position.
 */
struct wdmdma_source {
	const unsigned long *pfn;
	size_t offset;
	size_t here;
	size_t left;
	void *mdl;
	void (*more)(struct wdmdma_source *source);
};

/**
 * struct wdmdma_limits - the limits on a piece
 * @most: largest length
 * @boundary: mask of a boundary that the piece must not cross
 * @dev: device for which the DMA API limits the length too, or NULL. Set to NULL when @most has
 *       that limit
 */
struct wdmdma_limits {
	size_t most;
	unsigned long boundary;
	struct device *dev;
};

/* Most pieces that the record of a transfer has room for, and so few that none need be saved. */
#define WDMDMA_ROOM_MOST	257
#define WDMDMA_ROOM_FEW		16

/**
 * struct wdmdma_pieces - memory that was cut into pieces
 * @nr: number of pieces
 * @len: number of bytes
 * @first: lowest physical address
 * @last: highest physical address
 */
struct wdmdma_pieces {
	unsigned int nr;
	size_t len;
	phys_addr_t first;
	phys_addr_t last;
};

struct wdmdma_limits wdmdma_source_limits(const struct wdmdma_adapter *adapter,
					  const struct wdmdma_source *source);
int wdmdma_source_cut(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
		      struct scatterlist *sg, unsigned int room, struct wdmdma_pieces *pieces);
int wdmdma_source_cut_table(const struct wdmdma_adapter *adapter,
			    const struct wdmdma_source *source, const struct sg_table *table,
			    struct wdmdma_pieces *pieces);
unsigned int wdmdma_source_pieces(struct wdmdma_source source,
				  const struct wdmdma_limits *limits);
u32 wdmdma_source_room_of_many(const struct wdmdma_adapter *adapter,
			       const struct wdmdma_source *source, u32 pages);
unsigned int wdmdma_source_segments(const struct wdmdma_adapter *adapter,
				    const struct wdmdma_source *source);
u32 wdmdma_source_pages_of_arrays(const struct wdmdma_source *source);
size_t wdmdma_source_trim(const struct wdmdma_adapter *adapter, const struct wdmdma_source *source,
			  u32 pages, u32 segments);
size_t wdmdma_source_trim_copied(const struct wdmdma_adapter *adapter,
				 const struct wdmdma_source *source, u32 segments);

/* Return how many pages the memory touches, which is the number of map registers for it. */
static inline u32 wdmdma_source_pages(const struct wdmdma_source *source)
{
	if (likely(source->left <= source->here))
		return PFN_UP(source->offset + source->left);
	return wdmdma_source_pages_of_arrays(source);
}

/*
 * Return for how many pieces the record of a transfer should have room, or 0 if they should be in a
 * table.
 */
static inline u32 wdmdma_source_room(const struct wdmdma_adapter *adapter,
				     const struct wdmdma_source *source)
{
	u32 pages = wdmdma_source_pages(source);

	if (likely(pages <= WDMDMA_ROOM_FEW))
		return pages;
	return wdmdma_source_room_of_many(adapter, source, pages);
}

#endif /* WDMDMA_TRANSFER_SOURCE_H */
