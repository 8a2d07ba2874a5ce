// SPDX-License-Identifier: GPL-2.0-only
/* Page sets. lib/page_set.h explains the terms. */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "lib/page_set.h"
#include "lib/window.h"

/* Number of places in a window that are tried before a contiguous allocation fails. */
#define WDMDMA_PAGES_CANDIDATES	64
/* Number of pages that change their cache type at a time. Their array is on the stack. */
#define WDMDMA_PAGES_BATCH	32

/**
 * wdmdma_pages_reclaim() - make the kernel free memory, without its OOM killer
 * @nr: number of pages
 *
 * Some functions of the kernel allocate with flags of their own, which allow the OOM killer.
 * The module must call them under memalloc_noreclaim_save(), which prevents the OOM killer, but
 * prevents reclaim too. So the memory that they need must be reclaimed before. If others take
 * that memory first, the call uses the kernel's reserves, by some dozen bytes for each page of
 * a buffer. While much more memory than @nr pages is free, the function does nothing.
 *
 * Context: may sleep.
 * Return: true, or false if @nr pages cannot be had.
 */
bool wdmdma_pages_reclaim(unsigned long nr)
{
	struct page *page, *next;
	LIST_HEAD(taken);
	bool had = true;

	if (global_zone_page_state(NR_FREE_PAGES) / 16 > nr + totalram_pages() / 1024)
		return true;
	for (; nr && had; nr--) {
		page = alloc_page(WDMDMA_GFP);
		if (page)
			list_add(&page->lru, &taken);
		else
			had = false;
		cond_resched();
	}
	list_for_each_entry_safe(page, next, &taken, lru)
		__free_page(page);
	return had;
}

/*
 * Look whether a page is memory and does not belong to a device. If it does not, return false.
 * Otherwise set @known to the pages around it of which the same is sure.
 */
bool wdmdma_pfn_know(unsigned long pfn, struct wdmdma_known *known)
{
	unsigned long nr = PAGES_PER_SECTION;

	if (!wdmdma_pfn_is_plain(pfn)) {
		if (!wdmdma_pfn_is_memory(pfn))
			return false;
		nr = PAGES_PER_SUBSECTION;
	}
	known->first = ALIGN_DOWN(pfn, nr);
	known->nr = nr;
	return true;
}

/**
 * wdmdma_kvmalloc() - kvmalloc() without the OOM killer
 * @size: bytes
 * @gfp: WDMDMA_GFP, or flags that do not sleep, with __GFP_ZERO for zeroed memory
 *
 * kvmalloc() of more than a page may need page tables, which the kernel allocates with flags of
 * its own.
 *
 * Context: as @gfp says.
 * Return: memory that must be freed with kvfree(), or NULL.
 */
void *wdmdma_kvmalloc(size_t size, gfp_t gfp)
{
	unsigned long nr = PFN_UP(size);
	unsigned int flags;
	void *memory;

	if (size <= PAGE_SIZE || !gfpflags_allow_blocking(gfp))
		return kmalloc(size, gfp | __GFP_NOWARN);
	memory = kmalloc(size, (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY | __GFP_NOWARN);
	if (memory || nr > totalram_pages() || !wdmdma_pages_reclaim(nr + wdmdma_pages_tables(nr)))
		return memory;
	flags = memalloc_noreclaim_save();
	memory = __vmalloc(size, GFP_KERNEL | __GFP_NOWARN | (gfp & __GFP_ZERO));
	memalloc_noreclaim_restore(flags);
	return memory;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_kvmalloc);

/* Allocate a page set with room for @nr pages, but no pages. Return NULL if memory is short. */
struct wdmdma_pages *wdmdma_pages_new(unsigned long nr, gfp_t gfp)
{
	struct wdmdma_pages *pages;

	pages = wdmdma_kvmalloc(struct_size(pages, pfn, nr), gfp | __GFP_ZERO);
	if (pages)
		pages->nr = nr;
	return pages;
}

/* Free a page set, but not its pages. */
void wdmdma_pages_delete(struct wdmdma_pages *pages)
{
	kvfree(pages);
}

static bool pages_within_limits(const struct wdmdma_page_limits *limits, u64 start, u64 size)
{
	return wdmdma_window_holds(limits->window, start, size) &&
	       !wdmdma_window_crosses(limits->boundary, start, size);
}

/*
 * Allocate a block of @nr pages from the buddy allocator, and split the block into single
 * pages. Return NULL if there is none, or the block is outside of @limits.
 */
static struct page *pages_from_buddy(const struct wdmdma_page_limits *limits, unsigned long nr,
				     gfp_t zone)
{
	unsigned int order = get_order(nr << PAGE_SHIFT);
	struct page *block;
	unsigned long i;

	if (order > MAX_PAGE_ORDER)
		return NULL;
	block = alloc_pages_node(limits->node, limits->gfp | zone, order);
	if (!block)
		return NULL;

	if (!pages_within_limits(limits, page_to_phys(block), (u64)nr << PAGE_SHIFT)) {
		__free_pages(block, order);
		return NULL;
	}
	split_page(block, order);
	for (i = nr; i < 1UL << order; i++)
		__free_page(block + i);
	return block;
}

/*
 * Return where RAM can be. The window begins at the second page, since no buffer may have
 * address 0.
 */
struct wdmdma_window wdmdma_pages_ram(void)
{
	unsigned long end_pfn = 0;
	int node;

	for_each_online_node(node)
		end_pfn = max(end_pfn, node_end_pfn(node));
	return (struct wdmdma_window){ .first = PAGE_SIZE, .last = PFN_PHYS(end_pfn) - 1 };
}

/*
 * Return true if all @nr page frames from @pfn on are RAM that is online, in one zone, and on
 * the right node. Pages of ZONE_MOVABLE must not be used, because they must be movable when the
 * memory is unplugged. Huge pages must not be used either, because they have been set aside for
 * other users.
 */
static bool pages_range_usable(const struct wdmdma_page_limits *limits, unsigned long pfn,
			       unsigned long nr)
{
	bool this_node = limits->gfp & __GFP_THISNODE;
	struct zone *zone = NULL;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_online_page(pfn + i);

		if (!page || PageReserved(page) || PageHuge(page) || is_zone_movable_page(page) ||
		    (zone && page_zone(page) != zone) ||
		    (this_node && page_to_nid(page) != limits->node))
			return false;
		zone = page_zone(page);
	}
	return true;
}

/* Return the end of the block of free pages that @pfn belongs to, or @pfn if the page is in use. */
static unsigned long pages_free_end(unsigned long pfn)
{
	unsigned long head, free;
	unsigned int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		head = ALIGN_DOWN(pfn, 1UL << order);
		if (!pfn_valid(head) || !PageBuddy(pfn_to_page(head)))
			continue;
		/* No lock is held. The page may be taken meanwhile, and the value be anything. */
		free = page_private(pfn_to_page(head));
		if (free >= order && free <= MAX_PAGE_ORDER)
			return head + (1UL << free);
	}
	return pfn;
}

/* Return true if the pages look free now. The result is only a hint. */
static bool pages_look_free(unsigned long pfn, unsigned long nr)
{
	unsigned long from = pfn, end;

	while (from < pfn + nr) {
		end = pages_free_end(from);
		if (end == from)
			return false;
		from = end;
	}
	return true;
}

/*
 * Move away the contents of the pages from @start on, and allocate the pages. Return NULL if
 * the contents cannot be moved.
 */
static struct page *pages_take_range(const struct wdmdma_page_limits *limits, u64 start,
				     unsigned long nr)
{
	unsigned long pfn = start >> PAGE_SHIFT, i;

	if (!pages_range_usable(limits, pfn, nr) ||
	    alloc_contig_range(pfn, pfn + nr, ACR_FLAGS_NONE, WDMDMA_GFP))
		return NULL;
	for (i = 0; i < nr; i++)
		clear_highpage(pfn_to_page(pfn + i));
	return pfn_to_page(pfn);
}

/* Let other tasks run. Return false if the caller is to be killed, and should search no longer. */
static bool pages_may_go_on(void)
{
	cond_resched();
	return !fatal_signal_pending(current);
}

/*
 * Allocate contiguous pages at a place of the window that has to be emptied first. This is
 * slow, and best effort. The first loop tries some places whatever is there. The second loop
 * tries places that look free, wherever they are. A large window has millions of places, so a
 * process that is killed meanwhile gets nothing.
 */
static struct page *pages_from_range(const struct wdmdma_page_limits *limits, unsigned long nr)
{
	u64 size = (u64)nr << PAGE_SHIFT;
	u64 align = roundup_pow_of_two(size);
	struct wdmdma_window window = limits->window;
	struct page *block = NULL;
	unsigned int n, tries = 0;
	u64 start;

	if (limits->easy || !gfpflags_allow_blocking(limits->gfp) ||
	    !wdmdma_window_clip(&window, wdmdma_pages_ram()))
		return NULL;
	/*
	 * A block that is aligned to its size crosses no boundary. If no boundary is given, a
	 * large block fits into more places with less alignment.
	 */
	if (!limits->boundary)
		align = min_t(u64, align, (u64)PAGE_SIZE << MAX_PAGE_ORDER);

	n = 0;
	while (!block && pages_may_go_on() &&
	       wdmdma_window_candidate(window, size, align, n++, WDMDMA_PAGES_CANDIDATES, &start))
		block = pages_take_range(limits, start, nr);
	n = 0;
	while (!block && tries < WDMDMA_PAGES_CANDIDATES && pages_may_go_on() &&
	       wdmdma_window_candidate(window, size, align, n++, UINT_MAX, &start)) {
		if (!pages_look_free(start >> PAGE_SHIFT, nr))
			continue;
		block = pages_take_range(limits, start, nr);
		tries++;
	}
	return block;
}

/**
 * wdmdma_pages_block() - allocate physically contiguous pages
 * @limits: where the pages may lie and how to allocate them
 * @nr: number of pages
 *
 * The function asks the buddy allocator first, with each zone that the window could mean, from
 * the widest to the narrowest. After that, if the caller may sleep, it empties places in the
 * window.
 *
 * Context: may sleep, unless @limits->gfp says otherwise.
 * Return: the first of @nr pages, each with a reference of its own, or NULL.
 */
struct page *wdmdma_pages_block(const struct wdmdma_page_limits *limits, unsigned long nr)
{
	static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };
	struct page *block = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zones) && !block; i++)
		block = pages_from_buddy(limits, nr, zones[i]);
	return block ?: pages_from_range(limits, nr);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_block);

/*
 * Allocate contiguous pages with wdmdma_pages_block(). Return them as a page set that is not
 * mapped yet, or NULL.
 */
struct wdmdma_pages *wdmdma_pages_alloc(const struct wdmdma_page_limits *limits, unsigned long nr)
{
	gfp_t gfp = gfpflags_allow_blocking(limits->gfp) ? WDMDMA_GFP : GFP_NOWAIT;
	struct wdmdma_pages *pages = wdmdma_pages_new(nr, gfp);
	struct page *block;
	unsigned long i;

	if (!pages)
		return NULL;
	block = wdmdma_pages_block(limits, nr);
	if (!block) {
		wdmdma_pages_delete(pages);
		return NULL;
	}
	for (i = 0; i < nr; i++)
		pages->pfn[i] = page_to_pfn(block) + i;
	return pages;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_alloc);

/*
 * Allocate pages in as few contiguous blocks as can be had without effort, for a device whose
 * IOMMU makes one range of them. Return a page set that is not mapped yet, or NULL. May sleep.
 */
struct wdmdma_pages *wdmdma_pages_gather(const struct wdmdma_page_limits *limits, unsigned long nr)
{
	struct wdmdma_pages *pages = wdmdma_pages_new(nr, WDMDMA_GFP);
	unsigned int order = MAX_PAGE_ORDER, i;
	struct wdmdma_page_limits easy = *limits;
	unsigned long done = 0;
	struct page *block;

	if (!pages)
		return NULL;
	easy.gfp = (limits->gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY;
	while (done < nr) {
		order = min_t(unsigned int, order, ilog2(nr - done));
		block = pages_from_buddy(order ? &easy : limits, 1UL << order, 0);
		if (block) {
			for (i = 0; i < 1U << order; i++)
				pages->pfn[done++] = page_to_pfn(block) + i;
		} else if (order) {
			order--;
		} else {
			pages->nr = done;
			wdmdma_pages_free(pages);
			return NULL;
		}
	}
	return pages;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_gather);

bool wdmdma_pfns_contiguous(const unsigned long *pfn, unsigned long nr)
{
	return wdmdma_pfns_run(pfn, nr) == nr;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pfns_contiguous);

/*
 * Leak pages, so that they never get another owner. The references that are taken here stay
 * when the present owner frees the pages.
 */
void wdmdma_pfns_leak(const unsigned long *pfn, unsigned long nr, const char *why)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		get_page(pfn_to_page(pfn[i]));
	pr_warn("wdmdma: %lu pages %s, and are lost\n", nr, why);
}

/*
 * Change the cache type of a few pages in the linear map. The kernel allocates page tables for
 * the linear map with flags of its own.
 */
static int pages_set_batch(struct page **page, unsigned long nr, enum wdmdma_cache cache)
{
	unsigned int flags = memalloc_noreclaim_save();
	int ret;

	if (cache == WDMDMA_CACHE_UNCACHED)
		ret = set_pages_array_uc(page, nr);
	else if (cache == WDMDMA_CACHE_WRITE_COMBINED)
		ret = set_pages_array_wc(page, nr);
	else
		ret = set_pages_array_wb(page, nr);
	memalloc_noreclaim_restore(flags);
	return ret;
}

/*
 * Change how the kernel's linear map caches the pages. Return a negative errno on failure, with
 * the pages as they were. Going back to cached allocates nothing, because the linear map is
 * split by then. If it fails nevertheless, the pages are leaked.
 */
static int pages_set_cache(const unsigned long *pfn, unsigned long nr, enum wdmdma_cache cache)
{
	struct page *batch[WDMDMA_PAGES_BATCH];
	unsigned long done, n, i;
	int ret;

	for (done = 0; done < nr; done += n) {
		n = min_t(unsigned long, nr - done, WDMDMA_PAGES_BATCH);
		for (i = 0; i < n; i++)
			batch[i] = pfn_to_page(pfn[done + i]);
		/* Each page may lie in a large page of the linear map, which must be split. */
		if (cache != WDMDMA_CACHE_PLATFORM && !wdmdma_pages_reclaim(n)) {
			ret = -ENOMEM;
			i = 0;
			goto undo;
		}
		if (!pages_set_batch(batch, n, cache))
			continue;
		/*
		 * A part of the batch may have changed, and other pages may have a type that
		 * somebody else has set. Only the calls for single pages show which pages must
		 * be undone.
		 */
		for (i = 0; i < n; i++) {
			ret = pages_set_batch(batch + i, 1, cache);
			if (ret)
				goto undo;
		}
	}
	return 0;

undo:
	if (cache == WDMDMA_CACHE_PLATFORM)
		wdmdma_pfns_leak(pfn, nr, "cannot be made cached again");
	else
		pages_set_cache(pfn, done + i, WDMDMA_CACHE_PLATFORM);
	return ret;
}

static pgprot_t pages_prot(enum wdmdma_cache cache, bool writable)
{
	pgprot_t prot = writable ? PAGE_KERNEL : PAGE_KERNEL_RO;

	if (cache == WDMDMA_CACHE_UNCACHED)
		return pgprot_noncached(prot);
	if (cache == WDMDMA_CACHE_WRITE_COMBINED)
		return pgprot_writecombine(prot);
	return prot;
}

/* Call vmap(), whose page tables the kernel allocates with flags of its own. */
static void *pages_vmap(struct page **page, unsigned long nr, pgprot_t prot)
{
	unsigned int flags;
	void *va;

	if (!wdmdma_pages_reclaim(wdmdma_pages_tables(nr)))
		return NULL;
	flags = memalloc_noreclaim_save();
	va = vmap(page, nr, VM_MAP, prot);
	memalloc_noreclaim_restore(flags);
	return va;
}

/*
 * Return how the CPU's page tables cache kernel memory. Only on x86 can the result differ from
 * WDMDMA_CACHE_PLATFORM.
 */
enum wdmdma_cache wdmdma_cache_of(const void *va)
{
#ifdef CONFIG_X86
	/* The third bit (PAT) is in another place in large entries, and no type here needs it. */
	unsigned long mask = _PAGE_PCD | _PAGE_PWT;
	unsigned long uncached = pgprot_val(pgprot_noncached(PAGE_KERNEL)) & mask;
	unsigned long combined = pgprot_val(pgprot_writecombine(PAGE_KERNEL)) & mask;
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)va, &level);
	unsigned long bits = pte && pte_present(*pte) ? pte_flags(*pte) & mask : 0;

	if (bits)
		return bits == combined && bits != uncached ? WDMDMA_CACHE_WRITE_COMBINED :
							      WDMDMA_CACHE_UNCACHED;
#endif
	return WDMDMA_CACHE_PLATFORM;
}

/**
 * wdmdma_pfns_map() - map pages for the CPU as one range
 * @pfn: page frame numbers; the pages must be the module's own unless @cache is the platform's
 * @nr: number of pages
 * @cache: the cache type
 * @writable: false for a read-only mapping
 *
 * Context: may sleep. Does not sleep for a writable mapping of contiguous pages with the
 * platform's cache type, because the linear map has that mapping already.
 * Return: the address, or an ERR_PTR with nothing changed.
 */
void *wdmdma_pfns_map(const unsigned long *pfn, unsigned long nr, enum wdmdma_cache cache,
		      bool writable)
{
	struct page **page;
	unsigned long i;
	void *va;
	int ret;

	/*
	 * The linear map maps contiguous pages as one range already, and takes the cache type
	 * that is set for them.
	 */
	if (writable && wdmdma_pfns_contiguous(pfn, nr)) {
		ret = cache == WDMDMA_CACHE_PLATFORM ? 0 : pages_set_cache(pfn, nr, cache);
		return ret ? ERR_PTR(ret) : page_address(pfn_to_page(pfn[0]));
	}

	page = wdmdma_kvmalloc(array_size(nr, sizeof(*page)), WDMDMA_GFP);
	if (!page)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++)
		page[i] = pfn_to_page(pfn[i]);

	ret = cache == WDMDMA_CACHE_PLATFORM ? 0 : pages_set_cache(pfn, nr, cache);
	va = ret ? NULL : pages_vmap(page, nr, pages_prot(cache, writable));
	if (!va && !ret && cache != WDMDMA_CACHE_PLATFORM)
		pages_set_cache(pfn, nr, WDMDMA_CACHE_PLATFORM);
	kvfree(page);
	return va ?: ERR_PTR(ret ?: -ENOMEM);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pfns_map);

/* Undo wdmdma_pfns_map(), in the same context. */
void wdmdma_pfns_unmap(void *va, const unsigned long *pfn, unsigned long nr,
		       enum wdmdma_cache cache)
{
	if (is_vmalloc_addr(va))
		vunmap(va);
	if (cache != WDMDMA_CACHE_PLATFORM)
		pages_set_cache(pfn, nr, WDMDMA_CACHE_PLATFORM);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pfns_unmap);

/* Map a page set for the CPU. Return 0, or a negative errno with nothing changed. May sleep. */
int wdmdma_pages_map(struct wdmdma_pages *pages, enum wdmdma_cache cache)
{
	void *va = wdmdma_pfns_map(pages->pfn, pages->nr, cache, true);

	if (IS_ERR(va))
		return PTR_ERR(va);
	pages->va = va;
	pages->cache = cache;
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_map);

/* Undo wdmdma_pages_map(). */
void wdmdma_pages_unmap(struct wdmdma_pages *pages)
{
	wdmdma_pfns_unmap(pages->va, pages->pfn, pages->nr, pages->cache);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_unmap);

/* Free the pages of a set, but not the set. The caller must have unmapped them. Any context. */
void wdmdma_pages_release(struct wdmdma_pages *pages)
{
	unsigned long i;

	/* However the pages were allocated, each of them has a reference of its own. */
	for (i = 0; i < pages->nr; i++)
		__free_page(pfn_to_page(pages->pfn[i]));
}

/* Free a page set and its pages. The caller must have unmapped them. */
void wdmdma_pages_free(struct wdmdma_pages *pages)
{
	wdmdma_pages_release(pages);
	wdmdma_pages_delete(pages);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_pages_free);
