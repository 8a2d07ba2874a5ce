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
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
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

/*
 * Return the number of pages, from the first on, that follow each other in physical memory. Four
 * are compared at a time, because the pages of a large buffer may all follow each other.
 */
static inline unsigned long wdmdma_pfns_run(const unsigned long *pfn, unsigned long nr)
{
	unsigned long i = 1, next;

	if (nr <= 1)
		return nr;
	next = pfn[0] + 1;
	if (likely(pfn[1] != next))
		return 1;
	while (i + 4 <= nr && pfn[i] == next && pfn[i + 1] == next + 1 &&
	       pfn[i + 2] == next + 2 && pfn[i + 3] == next + 3) {
		i += 4;
		next += 4;
	}
	while (i < nr && pfn[i] == next) {
		i++;
		next++;
	}
	return i;
}

/*
 * Return true if the page is memory and does not belong to a device. All pages of a subsection
 * are of the same kind.
 */
static inline bool wdmdma_pfn_is_memory(unsigned long pfn)
{
	return pfn_valid(pfn) && !is_zone_device_page(pfn_to_page(pfn));
}

/*
 * Return true if the page lies in a section of memory that was there at boot, and has no page of a
 * device. All pages of such a section are memory.
 */
static inline bool wdmdma_pfn_is_plain(unsigned long pfn)
{
	struct mem_section *section;

	if (PHYS_PFN(PFN_PHYS(pfn)) != pfn || pfn_to_section_nr(pfn) >= NR_MEM_SECTIONS)
		return false;
	section = __pfn_to_section(pfn);
	return early_section(section) && valid_section(section) && online_section(section) &&
	       !online_device_section(section);
}

/**
 * struct wdmdma_known - page frames that were found to be memory earlier in the same call
 * @first: the first of them
 * @nr: their number, or 0
 */
struct wdmdma_known {
	unsigned long first;
	unsigned long nr;
};

bool wdmdma_pfn_know(unsigned long pfn, struct wdmdma_known *known);

/*
 * Return true if all pages from @first to @last are memory and do not belong to a device. Look only
 * at the first page of each section or subsection that is not @known.
 */
static __always_inline bool wdmdma_pfns_are_memory(unsigned long first, unsigned long last,
						   struct wdmdma_known *known)
{
	if (likely(first - known->first < known->nr && last - known->first < known->nr))
		return true;
	for (; first <= last; first = known->first + known->nr)
		if (!wdmdma_pfn_know(first, known))
			return false;
	return true;
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
void wdmdma_pages_release(struct wdmdma_pages *pages);
void wdmdma_pages_free(struct wdmdma_pages *pages);

#endif /* WDMDMA_PAGE_SET_H */
