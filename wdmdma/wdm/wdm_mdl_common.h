/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the files for MDLs share.
 *
 * Drivers build MDLs in memory of their own, so all state of an MDL must be in its documented
 * fields and in the array behind it:
 *
 *   way A  MDL_SOURCE_IS_NONPAGED_POOL
 *   way B  MDL_PAGES_LOCKED. Process is the owner of user pages, which are
 *          pinned, and NULL for kernel memory, which is not
 *   way C  MDL_PAGES_LOCKED and MDL_INTERNAL. Process holds the cache type that
 *          the pages get when they are mapped, plus 1
 *   way D  MDL_PARTIAL. Process is the Process of the source
 *
 * The array has real page frames of 4 KiB.
 */
#ifndef WDMDMA_WDM_MDL_COMMON_H
#define WDMDMA_WDM_MDL_COMMON_H

#include <linux/mm.h>
#include <linux/sched.h>

#include <wdmdma/mdl.h>

#include "core/core.h"
#include "core/dma_channel.h"
#include "lib/page_set.h"
#include "wdm/wdm_common.h"

#if PAGE_SIZE != 4096
#error "An MDL has page frames of 4 KiB: kernels with 16 or 64 KiB pages are not supported."
#endif

/* With one of these flags the pages must stay where they are. */
#define WDM_MDL_RESIDENT	(MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL)

/* The most bytes that one MDL can describe, 4 GiB - PAGE_SIZE. */
#define WDM_MDL_MAX_BYTES	(0x100000000ULL - 0x1000)

static inline unsigned long wdm_mdl_pages(const MDL *mdl)
{
	return PFN_UP((u64)mdl->ByteOffset + mdl->ByteCount);
}

static inline bool wdm_mdl_is_mapped(const MDL *mdl)
{
	return mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL);
}

/* Return true if the pages were allocated for this MDL (way C). */
static inline bool wdm_mdl_owns_pages(const MDL *mdl)
{
	return (mdl->MdlFlags & (MDL_PAGES_LOCKED | (CSHORT)MDL_INTERNAL)) ==
	       (MDL_PAGES_LOCKED | (CSHORT)MDL_INTERNAL);
}

/* The value of Process for pages of way C, which have no process. */
#define WDM_MDL_CACHE_TAG(cache)	((PEPROCESS)(ULONG_PTR)((cache) + 1))
#define WDM_MDL_LAST_CACHE_TAG		WDM_MDL_CACHE_TAG(WDMDMA_CACHE_WRITE_COMBINED)

/* Return true if the MDL, or the MDL that it is a part of, is of way C. */
static inline bool wdm_mdl_has_way_c_pages(const MDL *mdl)
{
	return mdl->Process && mdl->Process <= WDM_MDL_LAST_CACHE_TAG;
}

/* Return true if the MDL has pages of a user. */
static inline bool wdm_mdl_has_user_pages(const MDL *mdl)
{
	return mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL) &&
	       mdl->Process > WDM_MDL_LAST_CACHE_TAG;
}

/* Report a cache type that Windows does not have. Return true if it is one. */
static inline bool wdm_cache_is_unknown(MEMORY_CACHING_TYPE cache_type, const char *call)
{
	if (likely((unsigned int)cache_type < MmMaximumCacheType))
		return false;
	wdmdma_report(call, "CacheType %d is unknown", cache_type);
	return true;
}

/* In a loop over the pages of an MDL, let others run where the level allows that. */
static inline void wdm_mdl_breathe(unsigned long i)
{
	if (!((i + 1) % 1024) && !wdmdma_at_dispatch())
		cond_resched();
}

/* wdm/wdm_mdl_common.c */
PMDL wdm_mdl_alloc_gfp(PVOID virtual_address, u64 length, gfp_t gfp);
PMDL wdm_mdl_alloc(PVOID virtual_address, u64 length);
void wdm_kvfree(void *memory);
void wdm_mdl_warn_if_used(const MDL *mdl, const char *call);

/* wdm/wdm_mdl_map.c */
void *wdm_mdl_map(PMDL mdl, KPROCESSOR_MODE access_mode, bool writable, const char *call);
bool wdm_mdl_unmap(PMDL mdl, const char *call);
bool wdm_mdl_must_stay_mapped(const MDL *mdl);
void wdm_mdl_delete_mapped(PMDL mdl, const char *call);

/* wdm/wdm_mdl_pages.c */
void wdm_mdl_pages_exit(void);

/* wdm/wdm_system_dma.c */
void wdm_stop_channels(const PFN_NUMBER *pfn, unsigned long nr, const char *call);

/*
 * Stop the DMA controllers that use pages which a driver frees, because the pages may soon have a
 * new owner. @call is the driver's call. Few machines have a driver that uses such a controller.
 */
static inline void wdm_stop_controllers(const PFN_NUMBER *pfn, unsigned long nr,
					const char *call)
{
	if (unlikely(wdmdma_dma_channels_exist()))
		wdm_stop_channels(pfn, nr, call);
}

/* wdm/wdm_mdl_watch.c */
void wdm_mdl_tell(PMDL mdl, const char *call);

/* wdm/wdm_reserved.c */
void wdm_reserved_exit(void);

/* wdm/wdm_held_pages.c */
int wdm_held_add(struct xarray *held, struct wdmdma_pages *pages, enum wdmdma_cache cache,
		 gfp_t gfp);
void wdm_held_free(struct wdmdma_pages *pages);
void wdm_held_exit(struct xarray *held, const char *kind);

/* wdm/wdm_noncached.c */
void wdm_noncached_exit(void);

/* wdm/wdm_contiguous.c */
void wdm_memory_exit(void);

/* wdm/wdm_kernel_pfn.c */
bool wdm_kernel_pfn(const void *va, PFN_NUMBER *pfn);

/* wdm/wdm_pool.c */
bool wdm_pool_add_mdl(PMDL mdl);
bool wdm_pool_forget_mdl(const void *mdl);
PMDL wdm_pool_take_mdl(void);
void wdm_pool_exit(void);

#endif /* WDMDMA_WDM_MDL_COMMON_H */
