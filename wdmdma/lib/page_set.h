/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page set is a set of RAM pages with one CPU mapping of the wanted cache type. The module
 * has allocated the pages itself, or the DMA API has lent them.
 *
 * Only such pages may change their cache type. All mappings of a page must have the same cache
 * type at any time. So an uncached set must change the kernel's linear map first, and get its
 * own mapping, if it needs one, second. On the way back the order is reversed.
 */
#ifndef WDMDMA_PAGE_SET_H
#define WDMDMA_PAGE_SET_H

#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include "compat.h"
#include "lib/window.h"

/*
 * How the CPU caches memory. PLATFORM means as the platform keeps the device coherent, and
 * cached without a device. CACHED can be asked for and reported, but no page set has it.
 */
enum wdmdma_cache {
	WDMDMA_CACHE_PLATFORM,
	WDMDMA_CACHE_UNCACHED,
	WDMDMA_CACHE_WRITE_COMBINED,
	WDMDMA_CACHE_CACHED,
};

/**
 * struct wdmdma_pages - a page set
 * @va: CPU mapping, or NULL before wdmdma_pages_map()
 * @cache: the cache type of that mapping
 * @nr: number of pages
 * @pfn: page frame numbers, in the order of @va
 */
struct wdmdma_pages {
	void *va;
	enum wdmdma_cache cache;
	unsigned long nr;
	unsigned long pfn[];
};

/*
 * Allocate zeroed pages, without a warning and without the OOM killer. The caller must report a
 * failure, with its reason.
 */
#define WDMDMA_PAGES_GFP	(WDMDMA_GFP | __GFP_ZERO)

/**
 * struct wdmdma_page_limits - where pages may come from
 * @window: physical addresses that are allowed, from the first byte to the last
 * @boundary: a power of two whose multiples the pages must not cross, or 0
 * @node: preferred NUMA node, or NUMA_NO_NODE; strict with __GFP_THISNODE in @gfp
 * @gfp: how to allocate, normally WDMDMA_PAGES_GFP
 * @easy: use only pages that are free, and empty no place
 */
struct wdmdma_page_limits {
	struct wdmdma_window window;
	u64 boundary;
	int node;
	gfp_t gfp;
	bool easy;
};

/* Return the number of pages, from the first on, that follow each other in physical memory. */
static inline unsigned long wdmdma_pfns_run(const unsigned long *pfn, unsigned long nr)
{
	unsigned long i;

	for (i = 1; i < nr; i++)
		if (pfn[i] != pfn[0] + i)
			return i;
	return nr;
}

/*
 * Return true if the page is memory and does not belong to a device. All pages of a subsection
 * are of the same kind.
 */
static inline bool wdmdma_pfn_is_memory(unsigned long pfn)
{
	return pfn_valid(pfn) && !is_zone_device_page(pfn_to_page(pfn));
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
 * Return the number of pages for the page tables of @nr pages in one range, and for arrays of
 * such pages. Each page costs some dozen bytes.
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
