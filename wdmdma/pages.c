// SPDX-License-Identifier: GPL-2.0-only
/* Page sets. The vocabulary is in pages.h. */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "pages.h"

/* How many places of a window are tried before a contiguous range is given up. */
#define WDMDMA_PAGES_CANDIDATES	64

/* No warning and no OOM killer: the caller reports the failure, with its reason. */
#define WDMDMA_PAGES_GFP	(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/* An empty set with room for @nr pages. */
struct wdmdma_pages *wdmdma_pages_new(unsigned long nr)
{
	struct wdmdma_pages *pages;

	pages = kvzalloc(struct_size(pages, page, nr), GFP_KERNEL | __GFP_NOWARN);
	if (pages)
		pages->nr = nr;
	return pages;
}

/* Forget a set, but not its pages. */
void wdmdma_pages_delete(struct wdmdma_pages *pages)
{
	kvfree(pages);
}

/* A block of @nr pages from the buddy allocator, split into single pages. */
static struct page *pages_from_buddy(struct wdmdma_window physical, unsigned long nr, int node,
				     gfp_t zone)
{
	unsigned int order = get_order(nr << PAGE_SHIFT);
	struct page *block;
	unsigned long i;

	if (order > MAX_PAGE_ORDER)
		return NULL;
	block = alloc_pages_node(node, WDMDMA_PAGES_GFP | __GFP_ZERO | zone, order);
	if (!block)
		return NULL;

	if (!wdmdma_window_holds(physical, page_to_phys(block), (u64)nr << PAGE_SHIFT)) {
		__free_pages(block, order);
		return NULL;
	}
	split_page(block, order);
	for (i = nr; i < 1UL << order; i++)
		__free_page(block + i);
	return block;
}

/* Where RAM can be: from the second page on, since no buffer may have address 0. */
static struct wdmdma_window pages_ram(void)
{
	unsigned long end_pfn = 0;
	int node;

	for_each_online_node(node)
		end_pfn = max(end_pfn, node_end_pfn(node));
	return (struct wdmdma_window){ .first = PAGE_SIZE, .last = PFN_PHYS(end_pfn) - 1 };
}

/* Are all @nr page frames from @pfn on RAM that is online, and of one zone? */
static bool pages_range_usable(unsigned long pfn, unsigned long nr)
{
	struct zone *zone = NULL;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_online_page(pfn + i);

		if (!page || PageReserved(page) || (zone && page_zone(page) != zone))
			return false;
		zone = page_zone(page);
	}
	return true;
}

/* A range at a place of the window that had to be emptied first: slow, and best effort. */
static struct page *pages_from_range(struct wdmdma_window physical, unsigned long nr)
{
	u64 size = (u64)nr << PAGE_SHIFT;
	u64 align = max_t(u64, PAGE_SIZE, min_t(u64, roundup_pow_of_two(size),
						(u64)PAGE_SIZE << MAX_PAGE_ORDER));
	unsigned long i, pfn;
	unsigned int n;
	u64 start;

	if (!wdmdma_window_clip(&physical, pages_ram()))
		return NULL;

	for (n = 0; wdmdma_window_candidate(physical, size, align, n, WDMDMA_PAGES_CANDIDATES,
					    &start); n++) {
		cond_resched();
		pfn = start >> PAGE_SHIFT;
		if (!pages_range_usable(pfn, nr))
			continue;
		if (alloc_contig_range(pfn, pfn + nr, ACR_FLAGS_NONE, GFP_KERNEL | __GFP_NOWARN))
			continue;
		for (i = 0; i < nr; i++)
			clear_highpage(pfn_to_page(pfn + i));
		return pfn_to_page(pfn);
	}
	return NULL;
}

/**
 * wdmdma_pages_alloc() - allocate zeroed, physically contiguous pages
 * @physical: where the pages must lie, first byte to last byte
 * @nr: number of pages
 * @node: preferred NUMA node, or NUMA_NO_NODE; other nodes are tried too
 *
 * The buddy allocator is asked first, with the zones that the window could mean
 * from the widest to the narrowest; then places in the window are emptied.
 *
 * Context: may sleep.
 * Return: the page set, not mapped yet; NULL when there is no such memory.
 */
struct wdmdma_pages *wdmdma_pages_alloc(struct wdmdma_window physical, unsigned long nr, int node)
{
	static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };
	struct wdmdma_pages *pages;
	struct page *block = NULL;
	unsigned long i;

	pages = wdmdma_pages_new(nr);
	if (!pages)
		return NULL;

	for (i = 0; i < ARRAY_SIZE(zones) && !block; i++)
		block = pages_from_buddy(physical, nr, node, zones[i]);
	if (!block)
		block = pages_from_range(physical, nr);
	if (!block) {
		wdmdma_pages_delete(pages);
		return NULL;
	}

	for (i = 0; i < nr; i++)
		pages->page[i] = block + i;
	return pages;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_alloc);

/**
 * wdmdma_pages_map() - give a page set its CPU mapping
 * @pages: zeroed pages, contiguous if @cache is the platform's
 * @cache: the cache type
 *
 * Context: may sleep.
 * Return: 0, or a negative errno and nothing changed.
 */
int wdmdma_pages_map(struct wdmdma_pages *pages, enum wdmdma_cache cache)
{
	pgprot_t prot;
	int ret;

	if (cache == WDMDMA_CACHE_PLATFORM) {
		pages->va = page_address(pages->page[0]);
		pages->cache = cache;
		return 0;
	}

	if (cache == WDMDMA_CACHE_UNCACHED) {
		ret = set_pages_array_uc(pages->page, pages->nr);
		prot = pgprot_noncached(PAGE_KERNEL);
	} else {
		ret = set_pages_array_wc(pages->page, pages->nr);
		prot = pgprot_writecombine(PAGE_KERNEL);
	}
	if (ret)
		return ret;

	pages->cache = cache;
	pages->va = vmap(pages->page, pages->nr, VM_MAP, prot);
	if (!pages->va) {
		wdmdma_pages_unmap(pages);
		return -ENOMEM;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_map);

/*
 * Undo wdmdma_pages_map(). False when the pages could not be made cached again:
 * then nobody else may ever get them, and the caller must not free them.
 */
bool wdmdma_pages_unmap(struct wdmdma_pages *pages)
{
	bool cached = true;

	if (pages->cache != WDMDMA_CACHE_PLATFORM) {
		vunmap(pages->va);
		cached = set_pages_array_wb(pages->page, pages->nr) == 0;
	}
	pages->va = NULL;
	return cached;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_unmap);

/* Give back the pages of wdmdma_pages_alloc(), unmapped before. */
void wdmdma_pages_free(struct wdmdma_pages *pages)
{
	unsigned long i;

	/* Whichever way they came, each page is a page of its own by now. */
	for (i = 0; i < pages->nr; i++)
		__free_page(pages->page[i]);
	wdmdma_pages_delete(pages);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_free);
