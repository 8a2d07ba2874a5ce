// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: memory that the CPU does not cache, and that need not be contiguous. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/xarray.h>

#include "core/core.h"
#include "core/events.h"
#include "lib/freed_memory.h"
#include "lib/page_set.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

/* Page sets that drivers hold, by CPU page number. */
static DEFINE_XARRAY_FLAGS(wdm_noncached, XA_FLAGS_LOCK_IRQ);

/* Allocate, map and record pages. Return NULL if that fails. */
static struct wdmdma_pages *wdm_noncached_alloc(unsigned long nr, enum wdmdma_cache cache)
{
	const struct wdmdma_page_limits limits = {
		.window = wdmdma_pages_ram(),
		.node = NUMA_NO_NODE,
		.gfp = WDMDMA_PAGES_GFP,
	};
	struct wdmdma_pages *pages = wdmdma_pages_gather(&limits, nr);

	if (!pages || wdm_held_add(&wdm_noncached, pages, cache, WDMDMA_GFP))
		return NULL;
	return pages;
}

/**
 * MmAllocateNonCachedMemory() - memory that the CPU does not cache
 * @number_of_bytes: bytes, not 0. Whole pages are allocated
 *
 * Answers to wdm: MmAllocateNonCachedMemory. The memory is page aligned and zeroed, and its pages
 * lie anywhere. A device needs the logical address of a common buffer.
 *
 * Differs from Windows: outside x86 the call always fails, because a module cannot change how
 * memory is cached there.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address, or NULL with the reason in the log.
 */
PVOID MmAllocateNonCachedMemory(SIZE_T number_of_bytes)
{
	struct wdmdma_pages *pages = NULL;
	enum wdmdma_cache cache;
	const char *reason = NULL;

	if (wdm_above_passive(__func__))
		return NULL;
	if (!number_of_bytes || number_of_bytes > PFN_PHYS(totalram_pages()))
		reason = "the length is 0, or more than all memory";
	else if (wdm_cache_type(MmNonCached, &cache))
		reason = "uncached memory cannot be had here";
	if (!reason)
		pages = wdm_noncached_alloc(PFN_UP(number_of_bytes), cache);
	if (pages) {
		wdmdma_trace_memory_alloc(__func__, pages);
		return pages->va;
	}
	wdmdma_report(__func__, "%zu bytes: %s", (size_t)number_of_bytes, reason ?: "no memory");
	return NULL;
}
EXPORT_SYMBOL_GPL(MmAllocateNonCachedMemory);

/**
 * MmFreeNonCachedMemory() - free memory of MmAllocateNonCachedMemory()
 * @base_address: from that call. Other addresses are reported, and free nothing
 * @number_of_bytes: as given there. Another number of pages is reported, and frees nothing
 *
 * Answers to wdm: MmFreeNonCachedMemory.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 */
void MmFreeNonCachedMemory(PVOID base_address, SIZE_T number_of_bytes)
{
	const unsigned long index = (unsigned long)base_address >> PAGE_SHIFT;
	struct wdmdma_pages *pages;
	const char *reason = NULL;

	if (wdm_above_passive(__func__))
		return;
	xa_lock_irq(&wdm_noncached);
	pages = xa_load(&wdm_noncached, index);
	if (!pages || pages->va != base_address)
		reason = "is no memory of MmAllocateNonCachedMemory";
	else if (!number_of_bytes || PFN_UP(number_of_bytes) != pages->nr)
		reason = "has another length";
	else
		__xa_erase(&wdm_noncached, index);
	xa_unlock_irq(&wdm_noncached);
	if (reason) {
		wdmdma_report(__func__, "%p %s", base_address, reason);
		return;
	}
	wdmdma_going(base_address, number_of_bytes, __func__);
	wdm_stop_controllers(pages->pfn, pages->nr, __func__);
	wdmdma_trace_memory_free(__func__, pages);
	wdm_held_free(pages);
}
EXPORT_SYMBOL_GPL(MmFreeNonCachedMemory);

void wdm_noncached_exit(void)
{
	wdm_held_exit(&wdm_noncached, "uncached");
}
