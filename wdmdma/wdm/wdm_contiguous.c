// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: physically contiguous memory. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/xarray.h>

#include "address.h"
#include "core/core.h"
#include "core/events.h"
#include "core/shortage.h"
#include "lib/freed_memory.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

/* Page sets of contiguous memory that drivers hold, by CPU page number. Used in any context. */
static DEFINE_XARRAY_FLAGS(wdm_contiguous, XA_FLAGS_LOCK_IRQ);

void wdm_memory_exit(void)
{
	wdm_held_exit(&wdm_contiguous, "contiguous");
}

/* Return 0 if such memory can be asked for, or a negative errno. */
static int wdm_contiguous_check(const struct wdmdma_page_limits *limits, u64 bytes,
				enum wdmdma_cache cache, struct wdmdma_refusal *refusal)
{
	if (!bytes || limits->window.first > limits->window.last ||
	    (limits->boundary && (!is_power_of_2(limits->boundary) || limits->boundary < bytes)))
		return wdmdma_deny(refusal, -EINVAL,
				   "the length is 0, limits are upside down, or the boundary cannot be kept");
	if (bytes > PFN_PHYS(totalram_pages()))
		return wdmdma_deny(refusal, -ENOMEM, "the length is more than all memory");
	if (wdmdma_at_dispatch() && cache != WDMDMA_CACHE_PLATFORM)
		return wdmdma_deny(refusal, -EINVAL,
				   "only cached memory can be had at DISPATCH_LEVEL");
	return 0;
}

/* Allocate contiguous memory and map it for the CPU. Return the pages, or an ERR_PTR. */
static struct wdmdma_pages *wdm_contiguous_alloc(struct wdmdma_page_limits *limits, u64 bytes,
						 enum wdmdma_cache cache,
						 struct wdmdma_refusal *refusal)
{
	int ret = wdm_contiguous_check(limits, bytes, cache, refusal);
	struct wdmdma_pages *pages;

	if (ret)
		return ERR_PTR(ret);
	/* Memory of less than a page crosses no smaller boundary, because it begins on a page. */
	if (limits->boundary && limits->boundary < PAGE_SIZE)
		limits->boundary = PAGE_SIZE;
	pages = wdmdma_pages_alloc(limits, PFN_UP(bytes));
	if (!pages)
		return ERR_PTR(wdmdma_deny(refusal, -ENOSPC, "no free contiguous memory there"));
	if (wdm_held_add(&wdm_contiguous, pages, cache, GFP_ATOMIC | __GFP_NOWARN))
		return ERR_PTR(wdmdma_deny(refusal, -ENOMEM, "no memory, or no such mapping"));
	return pages;
}

/* Report a failure. After -ENOSPC the message says how much memory there is. */
static void __cold wdm_contiguous_refused(const char *call, int error,
					  const struct wdmdma_page_limits *limits, u64 bytes,
					  const struct wdmdma_refusal *refusal)
{
	char text[WDMDMA_SHORTAGE_TEXT] = "";

	if (error == -ENOSPC)
		wdmdma_shortage_of_pages(limits->window, limits->node, PFN_UP(bytes), text,
					 sizeof(text));
	wdmdma_report(call, "%llu bytes from %s to %s: %s%s", bytes,
		      WDMDMA_SHOWN(limits->window.first), WDMDMA_SHOWN(limits->window.last),
		      refusal->reason, text);
}

static PVOID wdm_contiguous_call(const char *call, SIZE_T number_of_bytes,
				 PHYSICAL_ADDRESS lowest_address,
				 PHYSICAL_ADDRESS highest_address, PHYSICAL_ADDRESS boundary,
				 MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT preferred_node)
{
	struct wdmdma_page_limits limits = {
		.window = { lowest_address.QuadPart, highest_address.QuadPart },
		.boundary = boundary.QuadPart,
		.node = NUMA_NO_NODE,
		.gfp = wdmdma_at_dispatch() ? GFP_NOWAIT | __GFP_NOWARN | __GFP_ZERO :
					      WDMDMA_PAGES_GFP,
	};
	struct wdmdma_refusal refusal;
	struct wdmdma_pages *pages;
	enum wdmdma_cache cache;

	if (preferred_node != MM_ANY_NODE_OK) {
		if (preferred_node >= nr_node_ids || !node_online(preferred_node)) {
			wdmdma_report(call, "PreferredNode %u does not exist", preferred_node);
			return NULL;
		}
		limits.node = preferred_node;
		limits.gfp |= __GFP_THISNODE;
	}
	if (wdm_cache_type(cache_type, &cache))
		pages = ERR_PTR(wdmdma_deny(&refusal, -EINVAL,
					    "CacheType is unknown, or cannot be had here"));
	else
		pages = wdm_contiguous_alloc(&limits, number_of_bytes, cache, &refusal);
	if (IS_ERR(pages)) {
		wdm_contiguous_refused(call, PTR_ERR(pages), &limits, number_of_bytes, &refusal);
		return NULL;
	}
	wdmdma_trace_memory_alloc(call, pages);
	return pages->va;
}

/**
 * MmAllocateContiguousMemorySpecifyCacheNode() - physically contiguous memory
 * @number_of_bytes: bytes. Whole pages are allocated
 * @lowest_address: lowest physical address
 * @highest_address: highest physical address, inclusive
 * @boundary_address_multiple: 0, or a power of two. The memory must not cross a multiple of
 *	that number
 * @cache_type: MmCached, MmNonCached or MmWriteCombined
 * @preferred_node: NUMA node that the memory must be on, or MM_ANY_NODE_OK
 *
 * Answers to wdm: MmAllocateContiguousMemorySpecifyCacheNode. The memory is page aligned and
 * zeroed. It is for the CPU. A device needs the logical address of a common buffer.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL only cached memory can be had.
 * Return: the address, or NULL with the reason in the log.
 */
PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T number_of_bytes,
						 PHYSICAL_ADDRESS lowest_address,
						 PHYSICAL_ADDRESS highest_address,
						 PHYSICAL_ADDRESS boundary_address_multiple,
						 MEMORY_CACHING_TYPE cache_type,
						 NODE_REQUIREMENT preferred_node)
{
	return wdm_contiguous_call(__func__, number_of_bytes, lowest_address, highest_address,
				   boundary_address_multiple, cache_type, preferred_node);
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousMemorySpecifyCacheNode);

/*
 * Set @cache_type to what a protection of pages asks for. Return false if it is refused. The
 * numbers are Windows', whose names mean something else to Linux.
 */
static bool wdm_contiguous_protection(ULONG protect, MEMORY_CACHING_TYPE *cache_type)
{
	switch (protect) {
	case 0x004:			/* PAGE_READWRITE */
		*cache_type = MmCached;
		return true;
	case 0x204:			/* PAGE_READWRITE | PAGE_NOCACHE */
		*cache_type = MmNonCached;
		return true;
	case 0x404:			/* PAGE_READWRITE | PAGE_WRITECOMBINE */
		*cache_type = MmWriteCombined;
		return true;
	default:
		return false;
	}
}

/**
 * MmAllocateContiguousNodeMemory() - the same with a protection of the pages
 * @number_of_bytes: bytes
 * @lowest_address: lowest physical address
 * @highest_address: highest physical address, inclusive
 * @boundary_address_multiple: 0, or a power of two
 * @protect: PAGE_READWRITE, alone for cached memory, or with PAGE_NOCACHE or PAGE_WRITECOMBINE
 * @preferred_node: NUMA node that the memory must be on, or MM_ANY_NODE_OK
 *
 * Answers to wdm: MmAllocateContiguousNodeMemory. MmFreeContiguousMemory() frees the memory.
 *
 * Differs from Windows: PAGE_EXECUTE_READWRITE is refused, because memory is never executable.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL only cached memory can be had.
 * Return: the address, or NULL with the reason in the log.
 */
PVOID MmAllocateContiguousNodeMemory(SIZE_T number_of_bytes, PHYSICAL_ADDRESS lowest_address,
				     PHYSICAL_ADDRESS highest_address,
				     PHYSICAL_ADDRESS boundary_address_multiple, ULONG protect,
				     NODE_REQUIREMENT preferred_node)
{
	MEMORY_CACHING_TYPE cache_type;

	if (!wdm_contiguous_protection(protect, &cache_type)) {
		wdmdma_report(__func__, "Protect 0x%x is refused", protect);
		return NULL;
	}
	return wdm_contiguous_call(__func__, number_of_bytes, lowest_address, highest_address,
				   boundary_address_multiple, cache_type, preferred_node);
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousNodeMemory);

/**
 * MmAllocateContiguousMemorySpecifyCache() - the same without a node
 * @number_of_bytes: bytes
 * @lowest_address: lowest physical address
 * @highest_address: highest physical address, inclusive
 * @boundary_address_multiple: 0, or a power of two
 * @cache_type: MmCached, MmNonCached or MmWriteCombined
 *
 * Answers to wdm: MmAllocateContiguousMemorySpecifyCache.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL only cached memory can be had.
 * Return: the address, or NULL with the reason in the log.
 */
PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T number_of_bytes,
					     PHYSICAL_ADDRESS lowest_address,
					     PHYSICAL_ADDRESS highest_address,
					     PHYSICAL_ADDRESS boundary_address_multiple,
					     MEMORY_CACHING_TYPE cache_type)
{
	return wdm_contiguous_call(__func__, number_of_bytes, lowest_address, highest_address,
				   boundary_address_multiple, cache_type, MM_ANY_NODE_OK);
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousMemorySpecifyCache);

/**
 * MmAllocateContiguousMemory() - the same, cached, with a highest address only
 * @number_of_bytes: bytes
 * @highest_address: highest physical address, inclusive
 *
 * Answers to wdm: MmAllocateContiguousMemory.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the address, or NULL with the reason in the log.
 */
PVOID MmAllocateContiguousMemory(SIZE_T number_of_bytes, PHYSICAL_ADDRESS highest_address)
{
	PHYSICAL_ADDRESS none = {};

	return wdm_contiguous_call(__func__, number_of_bytes, none, highest_address, none, MmCached,
				   MM_ANY_NODE_OK);
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousMemory);

static void wdm_contiguous_free(PVOID base_address, const char *call)
{
	unsigned long index = (unsigned long)base_address >> PAGE_SHIFT;
	bool at_dispatch = wdmdma_at_dispatch();
	struct wdmdma_pages *pages;
	unsigned long flags;
	const char *reason = NULL;

	xa_lock_irqsave(&wdm_contiguous, flags);
	pages = xa_load(&wdm_contiguous, index);
	if (!pages || pages->va != base_address)
		reason = "is no contiguous memory of MmAllocateContiguousMemory";
	else if (at_dispatch && pages->cache != WDMDMA_CACHE_PLATFORM)
		reason = "is uncached memory, which cannot be freed at DISPATCH_LEVEL";
	else
		__xa_erase(&wdm_contiguous, index);
	xa_unlock_irqrestore(&wdm_contiguous, flags);

	if (reason) {
		wdmdma_report(call, "%p %s", base_address, reason);
		return;
	}
	wdmdma_going(base_address, PFN_PHYS(pages->nr), call);
	wdm_stop_controllers(pages->pfn, pages->nr, call);
	wdmdma_trace_memory_free(call, pages);
	wdm_held_free(pages);
}

/**
 * MmFreeContiguousMemory() - free contiguous memory
 * @base_address: from one of the functions above. Other addresses are reported
 *
 * Answers to wdm: MmFreeContiguousMemory.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL only cached memory can be freed.
 */
void MmFreeContiguousMemory(PVOID base_address)
{
	wdm_contiguous_free(base_address, __func__);
}
EXPORT_SYMBOL_GPL(MmFreeContiguousMemory);

/**
 * MmFreeContiguousMemorySpecifyCache() - the same as MmFreeContiguousMemory()
 * @base_address: from one of the functions above. Other addresses are reported
 * @number_of_bytes: ignored, because the length is known
 * @cache_type: ignored, because the type is known
 *
 * Answers to wdm: MmFreeContiguousMemorySpecifyCache.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL only cached memory can be freed.
 */
void MmFreeContiguousMemorySpecifyCache(PVOID base_address, SIZE_T number_of_bytes,
					MEMORY_CACHING_TYPE cache_type)
{
	wdm_contiguous_free(base_address, __func__);
}
EXPORT_SYMBOL_GPL(MmFreeContiguousMemorySpecifyCache);
