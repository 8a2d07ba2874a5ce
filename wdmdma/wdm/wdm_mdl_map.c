// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: system addresses of MDLs.
 *
 * Contiguous cached pages have an address already, in the linear map. Other pages get a mapping
 * of their own. In atomic context such a mapping cannot be removed, so a work item removes it a
 * little later. If the mapping is not cached, the MDL must last till then, because it tells which
 * pages must be cached again.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core/core.h"
#include "core/work.h"
#include "lib/freed_memory.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "wdm/wdm_mdl_common.h"

struct wdm_late_unmap {
	struct llist_node node;
	void *va;
};

static LLIST_HEAD(wdm_late_unmaps);

static void wdm_do_late_unmaps(struct work_struct *work)
{
	struct wdm_late_unmap *late, *next;

	llist_for_each_entry_safe(late, next, llist_del_all(&wdm_late_unmaps), node) {
		vunmap(late->va);
		kfree(late);
	}
}

static DECLARE_WORK(wdm_late_unmap_work, wdm_do_late_unmaps);

/* Unmap at DISPATCH_LEVEL. Return false, and report, if the mapping must stay. */
static bool wdm_unmap_late(void *va, enum wdmdma_cache cache, const char *call)
{
	struct wdm_late_unmap *late = NULL;

	/* The cache type of the pages cannot be reset later, when they may have another owner. */
	if (cache == WDMDMA_CACHE_PLATFORM)
		late = kmalloc(sizeof(*late), GFP_ATOMIC);
	if (!late) {
		wdmdma_report(call, "the mapping cannot be removed at DISPATCH_LEVEL");
		return false;
	}
	late->va = va;
	llist_add(&late->node, &wdm_late_unmaps);
	queue_work(wdmdma_workqueue, &wdm_late_unmap_work);
	return true;
}

/* Return the cache type that the pages have while they are mapped. */
static enum wdmdma_cache wdm_mdl_cache(const MDL *mdl)
{
	return wdm_mdl_has_way_c_pages(mdl) ? (ULONG_PTR)mdl->Process - 1 : WDMDMA_CACHE_PLATFORM;
}

/*
 * Say that the addresses of an MDL go. Memory of the kernel, or of the source of a partial MDL,
 * keeps its linear address.
 */
static void wdm_mdl_going(const MDL *mdl, const char *call)
{
	if (is_vmalloc_addr(mdl->MappedSystemVa) ||
	    (mdl->MdlFlags & MDL_PAGES_LOCKED && mdl->Process))
		wdmdma_going(mdl->MappedSystemVa, mdl->ByteCount, call);
}

/*
 * Remove the system mapping of an MDL that has a mapping of its own. Return false if the mapping
 * must stay because the cache type of its pages cannot be changed now.
 */
bool wdm_mdl_unmap(PMDL mdl, const char *call)
{
	enum wdmdma_cache cache = wdm_mdl_cache(mdl);
	unsigned long nr = wdm_mdl_pages(mdl);
	PPFN_NUMBER pfn = MmGetMdlPfnArray(mdl);
	void *va = mdl->MappedSystemVa - mdl->ByteOffset;

	if (mdl->MdlFlags & MDL_FREE_EXTRA_PTES)
		va -= pfn[nr] << PAGE_SHIFT;
	wdm_mdl_going(mdl, call);
	if (!wdmdma_at_dispatch() || (!is_vmalloc_addr(va) && cache == WDMDMA_CACHE_PLATFORM))
		wdmdma_pfns_unmap(va, pfn, nr, cache);
	else if (!wdm_unmap_late(va, cache, call) && cache != WDMDMA_CACHE_PLATFORM)
		return false;
	mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED |
			   MDL_FREE_EXTRA_PTES);
	mdl->MappedSystemVa = NULL;
	return true;
}

/* MDLs that are freed with a mapping. The link is in place of Next. */
static LLIST_HEAD(wdm_late_mdls);

static void wdm_do_late_mdls(struct work_struct *work)
{
	struct llist_node *node, *next;
	unsigned long i;
	PMDL mdl;

	llist_for_each_safe(node, next, llist_del_all(&wdm_late_mdls)) {
		mdl = (PMDL)node;
		wdmdma_pfns_unmap(mdl->MappedSystemVa - mdl->ByteOffset, MmGetMdlPfnArray(mdl),
				  wdm_mdl_pages(mdl), wdm_mdl_cache(mdl));
		for (i = 0; i < wdm_mdl_pages(mdl); i++)
			put_page(pfn_to_page(MmGetMdlPfnArray(mdl)[i]));
		wdm_kvfree(mdl);
	}
}

static DECLARE_WORK(wdm_late_mdl_work, wdm_do_late_mdls);

/* Return true if the MDL has a mapping of its own that cannot be removed at this level. */
bool wdm_mdl_must_stay_mapped(const MDL *mdl)
{
	return wdmdma_at_dispatch() && mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA &&
	       (wdm_mdl_owns_pages(mdl) || mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) &&
	       wdm_mdl_cache(mdl) != WDMDMA_CACHE_PLATFORM;
}

/*
 * Free an MDL of wdm_mdl_must_stay_mapped() later, with its mapping, and with its pages if they are
 * its own. The pages of a partial MDL are held till then, because they must be cached again before
 * they get another owner.
 */
void wdm_mdl_delete_mapped(PMDL mdl, const char *call)
{
	unsigned long i;

	wdm_mdl_going(mdl, call);
	if (!wdm_mdl_owns_pages(mdl))
		for (i = 0; i < wdm_mdl_pages(mdl); i++)
			get_page(pfn_to_page(MmGetMdlPfnArray(mdl)[i]));
	llist_add((struct llist_node *)mdl, &wdm_late_mdls);
	queue_work(wdmdma_workqueue, &wdm_late_mdl_work);
}

/* Return 0 if this MDL can be mapped, or -EINVAL. */
static int wdm_map_check(const MDL *mdl, KPROCESSOR_MODE access_mode,
			 struct wdmdma_refusal *refusal)
{
	if (!mdl)
		return wdmdma_deny(refusal, -EINVAL, "the MDL is NULL");
	if (access_mode != KernelMode)
		return wdmdma_deny(refusal, -EINVAL,
				   "mappings into user space are not supported: use the driver's mmap function");
	if (!(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL)))
		return wdmdma_deny(refusal, -EINVAL, "the pages are not locked");
	if (wdm_mdl_is_mapped(mdl))
		return wdmdma_deny(refusal, -EINVAL, "the MDL has a system address already");
	if (!mdl->ByteCount)
		return wdmdma_deny(refusal, -EINVAL, "the MDL is empty");
	return 0;
}

/* Map the pages of an MDL for the kernel. Return the address, or NULL with a message. */
void *wdm_mdl_map(PMDL mdl, KPROCESSOR_MODE access_mode, bool writable, const char *call)
{
	struct wdmdma_refusal refusal;
	enum wdmdma_cache cache;
	PPFN_NUMBER pfn;
	void *va;

	if (wdm_map_check(mdl, access_mode, &refusal)) {
		wdmdma_report(call, "%s", refusal.reason);
		return NULL;
	}
	pfn = MmGetMdlPfnArray(mdl);
	cache = wdm_mdl_cache(mdl);
	if (wdmdma_at_dispatch() && (cache != WDMDMA_CACHE_PLATFORM || !writable ||
				     !wdmdma_pfns_contiguous(pfn, wdm_mdl_pages(mdl)))) {
		wdmdma_report(call, "these pages cannot be mapped at DISPATCH_LEVEL");
		return NULL;
	}
	/* A page has one mapping that is not cached, so one that was freed must be gone. */
	if (cache != WDMDMA_CACHE_PLATFORM)
		flush_work(&wdm_late_mdl_work);
	va = wdmdma_pfns_map(pfn, wdm_mdl_pages(mdl), cache, writable);
	if (IS_ERR(va)) {
		wdmdma_report(call, "%lu pages cannot be mapped: error %ld",
			      wdm_mdl_pages(mdl), PTR_ERR(va));
		return NULL;
	}
	mdl->MappedSystemVa = va + mdl->ByteOffset;
	mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
	if (mdl->MdlFlags & MDL_PARTIAL)
		mdl->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
	return mdl->MappedSystemVa;
}

/**
 * MmMapLockedPagesSpecifyCache() - map the pages of an MDL for the kernel
 * @mdl: an MDL with locked pages and no mapping yet
 * @access_mode: must be KernelMode
 * @cache_type: ignored, because all pages have a cache type already. An unknown one is refused
 * @requested_address: ignored, as on Windows
 * @bug_check_on_failure: ignored, because a failure is always returned
 * @priority: may have MdlMappingNoWrite. Mappings are never executable
 *
 * Answers to wdm: MmMapLockedPagesSpecifyCache. The result has the MDL's offset in its page.
 *
 * Differs from Windows: there are no mappings into user space. At DISPATCH_LEVEL the pages must
 * be physically contiguous, cached, and mapped writable.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the address, or NULL with the reason in the log.
 */
PVOID MmMapLockedPagesSpecifyCache(PMDL mdl, KPROCESSOR_MODE access_mode,
				   MEMORY_CACHING_TYPE cache_type, PVOID requested_address,
				   ULONG bug_check_on_failure, ULONG priority)
{
	if (wdm_cache_is_unknown(cache_type, __func__))
		return NULL;
	return wdm_mdl_map(mdl, access_mode, !(priority & MdlMappingNoWrite), __func__);
}
EXPORT_SYMBOL_GPL(MmMapLockedPagesSpecifyCache);

/**
 * MmUnmapLockedPages() - undo MmMapLockedPagesSpecifyCache()
 * @base_address: the result of that call
 * @mdl: the MDL
 *
 * Answers to wdm: MmUnmapLockedPages. Arguments that do not name a mapping are reported, and
 * nothing is changed. This also holds for an MDL of way A, and for a mapping that a partial MDL
 * shares with its source.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL the mapping is removed a little later. A mapping
 * that is not cached stays.
 */
void MmUnmapLockedPages(PVOID base_address, PMDL mdl)
{
	if (!mdl || !(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) ||
	    mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL || base_address != mdl->MappedSystemVa ||
	    (mdl->MdlFlags & (MDL_PARTIAL | MDL_PARTIAL_HAS_BEEN_MAPPED)) == MDL_PARTIAL) {
		wdmdma_report(__func__, "%p is no mapping of this MDL's own", base_address);
		return;
	}
	wdm_mdl_warn_if_used(mdl, __func__);
	wdm_mdl_unmap(mdl, __func__);
}
EXPORT_SYMBOL_GPL(MmUnmapLockedPages);

/**
 * MmGetSystemAddressForMdlSafe() - the kernel's address of an MDL's memory
 * @mdl: an MDL with resident pages
 * @priority: as for MmMapLockedPagesSpecifyCache()
 *
 * Answers to wdm: MmGetSystemAddressForMdlSafe. Maps the pages if they are not mapped. Later
 * calls return the same address. Two threads must not call it at once for one MDL.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the address, or NULL with the reason in the log.
 */
PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority)
{
	if (mdl && wdm_mdl_is_mapped(mdl))
		return mdl->MappedSystemVa;
	return MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, priority);
}
EXPORT_SYMBOL_GPL(MmGetSystemAddressForMdlSafe);
