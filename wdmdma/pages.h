/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page sets: RAM pages that the module itself allocated, or was lent by the DMA
 * API, with one CPU mapping of the wanted cache type.
 *
 * Only such pages may change their cache type. A page has one cache type at a
 * time for all its mappings: an uncached set changes the kernel's linear map
 * first and gets its own mapping second, and goes back in the reverse order.
 */
#ifndef WDMDMA_PAGES_H
#define WDMDMA_PAGES_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include "window.h"

/* How the CPU sees a buffer. PLATFORM: as the platform keeps this device coherent. */
enum wdmdma_cache {
	WDMDMA_CACHE_PLATFORM,
	WDMDMA_CACHE_UNCACHED,
	WDMDMA_CACHE_WRITE_COMBINED,
};

/**
 * struct wdmdma_pages - a page set
 * @va: the CPU mapping, NULL before wdmdma_pages_map()
 * @cache: the cache type of that mapping
 * @nr: number of pages
 * @page: the pages, in the order of @va
 */
struct wdmdma_pages {
	void *va;
	enum wdmdma_cache cache;
	unsigned long nr;
	struct page *page[];
};

struct wdmdma_pages *wdmdma_pages_new(unsigned long nr);
void wdmdma_pages_delete(struct wdmdma_pages *pages);
struct wdmdma_pages *wdmdma_pages_alloc(struct wdmdma_window physical, unsigned long nr, int node);
int wdmdma_pages_map(struct wdmdma_pages *pages, enum wdmdma_cache cache);
bool wdmdma_pages_unmap(struct wdmdma_pages *pages);
void wdmdma_pages_free(struct wdmdma_pages *pages);

#endif /* WDMDMA_PAGES_H */
