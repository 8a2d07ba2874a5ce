// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: addresses that a driver reserves for mappings of MDLs.
 *
 * A module cannot write into the kernel's page tables in a chosen place, nor flush the TLBs at
 * DISPATCH_LEVEL. So a mapping gets another address than the one that is reserved, and the
 * reservation has the rules: one mapping at a time, of the reserved length at most, with the tag.
 * Until it is freed, the reserved range shows the zero page and cannot be written.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "core/core.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

/**
 * struct wdm_reserved - a reserved range
 * @node: link in the list of ranges
 * @va: the range
 * @nr: its length in pages
 * @tag: what all calls must repeat
 * @mdl: the MDL that is mapped, or about to be, or NULL
 * @mapped: what the driver was told, or NULL
 */
struct wdm_reserved {
	struct list_head node;
	void *va;
	unsigned long nr;
	ULONG tag;
	PMDL mdl;
	void *mapped;
};

static DEFINE_SPINLOCK(wdm_reserved_lock);	/* protects the list and the last two members */
static LIST_HEAD(wdm_reserved_ranges);

/* Find the range that starts at @address. Return NULL if there is none. */
static struct wdm_reserved *wdm_reserved_find(const void *address)
{
	struct wdm_reserved *reserved;

	lockdep_assert_held(&wdm_reserved_lock);
	list_for_each_entry(reserved, &wdm_reserved_ranges, node)
		if (reserved->va == address)
			return reserved;
	return NULL;
}

/*
 * Find the range that starts at @address, or that has the mapping of this MDL in the page of
 * @address. Contiguous pages are mapped at their linear address, so the mappings of several MDLs
 * may share a page. Return NULL if there is none.
 */
static struct wdm_reserved *wdm_reserved_find_mapping(const void *address, const MDL *mdl)
{
	const unsigned long page = (unsigned long)address & PAGE_MASK;
	struct wdm_reserved *reserved = wdm_reserved_find(address);

	if (reserved)
		return reserved;
	list_for_each_entry(reserved, &wdm_reserved_ranges, node)
		if (reserved->mapped && reserved->mdl == mdl &&
		    ((unsigned long)reserved->mapped & PAGE_MASK) == page)
			return reserved;
	return NULL;
}

/* Return 0 if a call may use this range, or a negative errno. */
static int wdm_reserved_check(const struct wdm_reserved *reserved, ULONG tag,
			      struct wdmdma_refusal *refusal)
{
	if (!reserved)
		return wdmdma_deny(refusal, -ENOENT, "the address is not reserved");
	if (reserved->tag != tag)
		return wdmdma_deny(refusal, -EINVAL, "the tag is not the one of the reservation");
	return 0;
}

/* Show the zero page in the whole range, so that nothing else gets these addresses. */
static void *wdm_reserved_map(unsigned long nr)
{
	unsigned long *pfn = wdmdma_kvmalloc(array_size(nr, sizeof(*pfn)), WDMDMA_GFP);
	unsigned long i;
	void *va;

	if (!pfn)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++)
		pfn[i] = page_to_pfn(ZERO_PAGE(0));
	va = wdmdma_pfns_map(pfn, nr, WDMDMA_CACHE_PLATFORM, false);
	kvfree(pfn);
	return va;
}

/**
 * MmAllocateMappingAddress() - reserve addresses for mappings of MDLs
 * @number_of_bytes: length, not 0. Whole pages are reserved
 * @pool_tag: what the other calls must repeat
 *
 * Answers to wdm: MmAllocateMappingAddress. The driver must not touch the range.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the start of the range, or NULL with the reason in the log.
 */
PVOID MmAllocateMappingAddress(SIZE_T number_of_bytes, ULONG pool_tag)
{
	struct wdm_reserved *reserved;
	unsigned long flags;

	if (wdm_above_passive(__func__))
		return NULL;
	if (!number_of_bytes || number_of_bytes > PFN_PHYS(totalram_pages())) {
		wdmdma_report(__func__, "NumberOfBytes is 0, or more than all memory");
		return NULL;
	}
	reserved = kzalloc(sizeof(*reserved), WDMDMA_GFP);
	if (!reserved)
		goto refuse;
	reserved->nr = PFN_UP(number_of_bytes);
	reserved->tag = pool_tag;
	reserved->va = wdm_reserved_map(reserved->nr);
	if (IS_ERR(reserved->va))
		goto refuse;
	spin_lock_irqsave(&wdm_reserved_lock, flags);
	list_add(&reserved->node, &wdm_reserved_ranges);
	spin_unlock_irqrestore(&wdm_reserved_lock, flags);
	return reserved->va;

refuse:
	kfree(reserved);
	wdmdma_report(__func__, "no memory for %zu bytes", (size_t)number_of_bytes);
	return NULL;
}
EXPORT_SYMBOL_GPL(MmAllocateMappingAddress);

/* Let the range be this MDL's, if it is free. Return the range, or an ERR_PTR. */
static struct wdm_reserved *wdm_reserved_claim(const void *address, ULONG tag, PMDL mdl,
					       struct wdmdma_refusal *refusal)
{
	struct wdm_reserved *reserved;
	unsigned long flags;
	int ret;

	if (!mdl)
		return ERR_PTR(wdmdma_deny(refusal, -EINVAL, "the MDL is NULL"));
	spin_lock_irqsave(&wdm_reserved_lock, flags);
	reserved = wdm_reserved_find(address);
	ret = wdm_reserved_check(reserved, tag, refusal);
	if (!ret && reserved->mdl)
		ret = wdmdma_deny(refusal, -EBUSY, "the range has a mapping already");
	else if (!ret && wdm_mdl_pages(mdl) > reserved->nr)
		ret = wdmdma_deny(refusal, -EINVAL, "the range is shorter than the MDL");
	if (!ret)
		reserved->mdl = mdl;
	spin_unlock_irqrestore(&wdm_reserved_lock, flags);
	return ret ? ERR_PTR(ret) : reserved;
}

/* Note what became of the range's mapping. */
static void wdm_reserved_set(struct wdm_reserved *reserved, PMDL mdl, void *mapped)
{
	unsigned long flags;

	spin_lock_irqsave(&wdm_reserved_lock, flags);
	reserved->mdl = mdl;
	reserved->mapped = mapped;
	spin_unlock_irqrestore(&wdm_reserved_lock, flags);
}

/**
 * MmMapLockedPagesWithReservedMapping() - map the pages of an MDL for the kernel
 * @mapping_address: from MmAllocateMappingAddress(), with no mapping yet
 * @pool_tag: as given there
 * @mdl: an MDL with locked pages and no mapping yet, not longer than the range
 * @cache_type: ignored, because all pages have a cache type already. An unknown one is refused
 *
 * Answers to wdm: MmMapLockedPagesWithReservedMapping. The result has the MDL's offset in its page,
 * as has MappedSystemVa.
 *
 * Differs from Windows: the result is no address of the range, and may be NULL for lack of memory.
 * At DISPATCH_LEVEL the pages must be physically contiguous and cached. They need no memory then.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the address of the MDL's first byte, or NULL with the reason in the log.
 */
PVOID MmMapLockedPagesWithReservedMapping(PVOID mapping_address, ULONG pool_tag, PMDL mdl,
					  MEMORY_CACHING_TYPE cache_type)
{
	struct wdm_reserved *reserved;
	struct wdmdma_refusal refusal;
	void *mapped;

	if (wdm_above_dispatch(__func__) || wdm_cache_is_unknown(cache_type, __func__))
		return NULL;
	reserved = wdm_reserved_claim(mapping_address, pool_tag, mdl, &refusal);
	if (IS_ERR(reserved)) {
		wdmdma_report(__func__, "%s", refusal.reason);
		return NULL;
	}
	mapped = wdm_mdl_map(mdl, KernelMode, true, __func__);
	wdm_reserved_set(reserved, mapped ? mdl : NULL, mapped);
	return mapped;
}
EXPORT_SYMBOL_GPL(MmMapLockedPagesWithReservedMapping);

/*
 * Begin to end the mapping of a range. Return the range, or an ERR_PTR if there is no mapping. If
 * another call has unmapped the MDL, the range can be used again although the result is an error.
 */
static struct wdm_reserved *wdm_reserved_release(const void *address, ULONG tag, PMDL mdl,
						 struct wdmdma_refusal *refusal)
{
	struct wdm_reserved *reserved;
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&wdm_reserved_lock, flags);
	reserved = wdm_reserved_find_mapping(address, mdl);
	ret = wdm_reserved_check(reserved, tag, refusal);
	if (!ret && (!reserved->mapped || reserved->mdl != mdl)) {
		ret = wdmdma_deny(refusal, -EINVAL, "the range has no mapping of this MDL");
	} else if (!ret && (!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) ||
			    mdl->MappedSystemVa != reserved->mapped)) {
		ret = wdmdma_deny(refusal, -EINVAL, "the MDL was unmapped by another call");
		reserved->mdl = NULL;
		reserved->mapped = NULL;
	}
	if (!ret)
		reserved->mapped = NULL;
	spin_unlock_irqrestore(&wdm_reserved_lock, flags);
	return ret ? ERR_PTR(ret) : reserved;
}

/**
 * MmUnmapReservedMapping() - undo MmMapLockedPagesWithReservedMapping()
 * @base_address: the result of that call, or the start of the range
 * @pool_tag: as given there
 * @mdl: the MDL
 *
 * Answers to wdm: MmUnmapReservedMapping. Afterwards the range has no mapping, even if
 * MmUnmapLockedPages() removed it before, which is reported. Other arguments that do not name a
 * mapping are reported, and nothing is changed.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL the mapping is removed a little later. A mapping
 * that is not cached stays.
 */
void MmUnmapReservedMapping(PVOID base_address, ULONG pool_tag, PMDL mdl)
{
	struct wdm_reserved *reserved;
	struct wdmdma_refusal refusal;
	void *mapped;

	if (wdm_above_dispatch(__func__))
		return;
	reserved = wdm_reserved_release(base_address, pool_tag, mdl, &refusal);
	if (IS_ERR(reserved)) {
		wdmdma_report(__func__, "%s", refusal.reason);
		return;
	}
	wdm_mdl_warn_if_used(mdl, __func__);
	mapped = mdl->MappedSystemVa;
	if (wdm_mdl_unmap(mdl, __func__))
		wdm_reserved_set(reserved, NULL, NULL);
	else
		wdm_reserved_set(reserved, mdl, mapped);
}
EXPORT_SYMBOL_GPL(MmUnmapReservedMapping);

/**
 * MmFreeMappingAddress() - free reserved addresses
 * @base_address: from MmAllocateMappingAddress(). Other addresses, and a range with a mapping, are
 *	reported and stay
 * @pool_tag: as given there
 *
 * Answers to wdm: MmFreeMappingAddress.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 */
void MmFreeMappingAddress(PVOID base_address, ULONG pool_tag)
{
	struct wdm_reserved *reserved;
	struct wdmdma_refusal refusal;
	unsigned long flags;
	int ret;

	if (wdm_above_passive(__func__))
		return;
	spin_lock_irqsave(&wdm_reserved_lock, flags);
	reserved = wdm_reserved_find(base_address);
	ret = wdm_reserved_check(reserved, pool_tag, &refusal);
	if (!ret && reserved->mdl)
		ret = wdmdma_deny(&refusal, -EBUSY, "the range has a mapping");
	if (!ret)
		list_del(&reserved->node);
	spin_unlock_irqrestore(&wdm_reserved_lock, flags);
	if (ret) {
		wdmdma_report(__func__, "%s", refusal.reason);
		return;
	}
	vunmap(reserved->va);
	kfree(reserved);
}
EXPORT_SYMBOL_GPL(MmFreeMappingAddress);

/* No driver is left that could free its ranges. A mapping belongs to its MDL. */
void wdm_reserved_exit(void)
{
	struct wdm_reserved *reserved, *next;
	unsigned long ranges = 0;

	list_for_each_entry_safe(reserved, next, &wdm_reserved_ranges, node) {
		ranges++;
		vunmap(reserved->va);
		kfree(reserved);
	}
	if (ranges)
		pr_warn("%lu ranges of reserved addresses were not freed: freed now\n", ranges);
}
