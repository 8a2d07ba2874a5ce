/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page sets: RAM pages that the module itself allocated, or was lent by the DMA
 * API, with one CPU mapping of the wanted cache type.
 *
 * Only such pages may change their cache type. A page has one cache type at a
 * time for all its mappings: an uncached set changes the kernel's linear map
 * first and gets its own mapping, if it needs one, second, and goes back in the
 * reverse order.
 */
#ifndef WDMDMA_PAGE_SET_H
#define WDMDMA_PAGE_SET_H

#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include "compat.h"
#include "lib/window.h"

/*
 * How the CPU sees memory. PLATFORM: as the platform keeps the device coherent, and
 * without a device cached. CACHED is asked for and told, but never what a page set has.
 */
enum wdmdma_cache {
	WDMDMA_CACHE_PLATFORM,
	WDMDMA_CACHE_UNCACHED,
	WDMDMA_CACHE_WRITE_COMBINED,
	WDMDMA_CACHE_CACHED,
};

/**
 * struct wdmdma_pages - a page set
 * @va: the CPU mapping, NULL before wdmdma_pages_map()
 * @cache: the cache type of that mapping
 * @nr: number of pages
 * @pfn: their page frame numbers, in the order of @va
 */
struct wdmdma_pages {
	void *va;
	enum wdmdma_cache cache;
	unsigned long nr;
	unsigned long pfn[];
};

/* Zeroed; no warning and no OOM killer: the caller reports a failure, with its reason. */
#define WDMDMA_PAGES_GFP	(WDMDMA_GFP | __GFP_ZERO)

/**
 * struct wdmdma_page_limits - where pages may come from
 * @window: physical addresses, first byte to last byte
 * @boundary: a power of two whose multiples the pages may not cross; 0 for none
 * @node: preferred NUMA node, or NUMA_NO_NODE; strict with __GFP_THISNODE in @gfp
 * @gfp: how to allocate: WDMDMA_PAGES_GFP, or what the caller needs instead
 * @easy: only what is free; no place is emptied
 */
struct wdmdma_page_limits {
	struct wdmdma_window window;
	u64 boundary;
	int node;
	gfp_t gfp;
	bool easy;
};

/* How many of the pages, from the first on, follow each other in physical memory? */
static inline unsigned long wdmdma_pfns_run(const unsigned long *pfn, unsigned long nr)
{
	unsigned long i;

	for (i = 1; i < nr; i++)
		if (pfn[i] != pfn[0] + i)
			return i;
	return nr;
}

enum wdmdma_cache wdmdma_cache_of(const void *va);
struct wdmdma_window wdmdma_pages_ram(void);
struct page *wdmdma_pages_block(const struct wdmdma_page_limits *limits, unsigned long nr);

void *wdmdma_pfns_map(const unsigned long *pfn, unsigned long nr, enum wdmdma_cache cache,
		      bool writable);
void wdmdma_pfns_unmap(void *va, const unsigned long *pfn, unsigned long nr,
		       enum wdmdma_cache cache);
bool wdmdma_pfns_contiguous(const unsigned long *pfn, unsigned long nr);
void wdmdma_pfns_leak(const unsigned long *pfn, unsigned long nr, const char *why);

/*
 * Pages for the page tables of @nr pages that follow each other, and for arrays of them: some
 * dozen bytes for each.
 */
static inline unsigned long wdmdma_pages_tables(unsigned long nr)
{
	return nr / 64 + 4;
}

bool wdmdma_pages_reclaim(unsigned long nr);
void *wdmdma_kvmalloc(size_t size, gfp_t gfp);

struct wdmdma_pages *wdmdma_pages_new(unsigned long nr, gfp_t gfp);
void wdmdma_pages_delete(struct wdmdma_pages *pages);
struct wdmdma_pages *wdmdma_pages_alloc(const struct wdmdma_page_limits *limits, unsigned long nr);
struct wdmdma_pages *wdmdma_pages_gather(const struct wdmdma_page_limits *limits, unsigned long nr);
int wdmdma_pages_map(struct wdmdma_pages *pages, enum wdmdma_cache cache);
void wdmdma_pages_unmap(struct wdmdma_pages *pages);
void wdmdma_pages_free(struct wdmdma_pages *pages);

#endif /* WDMDMA_PAGE_SET_H */
