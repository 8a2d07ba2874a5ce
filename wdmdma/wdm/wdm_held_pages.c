// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: page sets that drivers hold, in XArrays by CPU page number, one for each kind. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/xarray.h>

#include "lib/page_set.h"
#include "wdm/wdm_mdl_common.h"

/*
 * Map a page set and record it in @held, which must be of XA_FLAGS_LOCK_IRQ. Return 0 or a
 * negative errno. After an error the page set is freed.
 */
int wdm_held_add(struct xarray *held, struct wdmdma_pages *pages, enum wdmdma_cache cache,
		 gfp_t gfp)
{
	unsigned long flags;
	int ret = wdmdma_pages_map(pages, cache);

	if (ret)
		goto free_pages;
	xa_lock_irqsave(held, flags);
	ret = __xa_insert(held, (unsigned long)pages->va >> PAGE_SHIFT, pages, gfp);
	xa_unlock_irqrestore(held, flags);
	if (!ret)
		return 0;
	wdmdma_pages_unmap(pages);
free_pages:
	wdmdma_pages_free(pages);
	return ret;
}

/*
 * Unmap and free a page set that is in no table any more. Does not sleep if it is cached, because
 * contiguous pages have no page tables of their own.
 */
void wdm_held_free(struct wdmdma_pages *pages)
{
	wdmdma_pages_unmap(pages);
	wdmdma_pages_release(pages);
	wdm_kvfree(pages);
}

/*
 * Free all page sets when the module is unloaded, because no driver is left that could. An
 * insertion that failed may have left inner nodes in the table, which are freed, too.
 */
void wdm_held_exit(struct xarray *held, const char *kind)
{
	unsigned long index, sets = 0, all = 0;
	struct wdmdma_pages *pages;

	xa_for_each(held, index, pages) {
		sets++;
		all += pages->nr;
		wdm_held_free(pages);
	}
	if (sets)
		pr_warn("%lu blocks of %s memory were not freed, %lu pages: freed now\n", sets,
			kind, all);
	xa_destroy(held);
}
