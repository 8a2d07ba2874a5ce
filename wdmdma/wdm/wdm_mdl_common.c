// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: the memory of MDLs, which the files for MDLs share. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "core/core.h"
#include "core/work.h"
#include "lib/owner.h"
#include "lib/page_set.h"
#include "wdm/wdm_mdl_common.h"

/* Report that a common buffer made from this MDL is live. The buffer has its own list of pages. */
void wdm_mdl_warn_if_used(const MDL *mdl, const char *call)
{
	if (wdmdma_owner_is_used(mdl))
		wdmdma_report(call, "a common buffer made from this MDL is live");
}

/**
 * MmSizeOfMdl() - bytes that an MDL needs
 * @base: start of the memory to describe; only its offset in the page counts
 * @length: bytes to describe
 *
 * Answers to wdm: MmSizeOfMdl.
 *
 * Context: any.
 * Return: the size of the header and of one page frame number a page.
 */
SIZE_T MmSizeOfMdl(PVOID base, SIZE_T length)
{
	return sizeof(MDL) + PFN_UP(offset_in_page(base) + length) * sizeof(PFN_NUMBER);
}
EXPORT_SYMBOL_GPL(MmSizeOfMdl);

/* Return an initialized MDL for the range, without page frames, or NULL. */
PMDL wdm_mdl_alloc_gfp(PVOID virtual_address, u64 length, gfp_t gfp)
{
	PMDL mdl = wdmdma_kvmalloc(MmSizeOfMdl(virtual_address, length), gfp | __GFP_ZERO);

	if (mdl)
		MmInitializeMdl(mdl, virtual_address, length);
	return mdl;
}

/* As wdm_mdl_alloc_gfp(), in any context. */
PMDL wdm_mdl_alloc(PVOID virtual_address, u64 length)
{
	gfp_t gfp = wdmdma_at_dispatch() ? GFP_ATOMIC : WDMDMA_GFP;

	return wdm_mdl_alloc_gfp(virtual_address, length, gfp);
}

static LLIST_HEAD(wdm_late_frees);

static void wdm_do_late_frees(struct work_struct *work)
{
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&wdm_late_frees))
		vfree(node);
}

static DECLARE_WORK(wdm_late_free_work, wdm_do_late_frees);

/*
 * Call kvfree(), in any context. The memory of a large MDL, or of a large list of pages, is from
 * vmalloc(), and its free may sleep, so at DISPATCH_LEVEL a work item frees it later.
 */
void wdm_kvfree(void *memory)
{
	if (!is_vmalloc_addr(memory) || !wdmdma_at_dispatch()) {
		kvfree(memory);
		return;
	}
	llist_add(memory, &wdm_late_frees);
	queue_work(wdmdma_workqueue, &wdm_late_free_work);
}
