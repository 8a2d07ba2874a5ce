// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: MDLs with pages of their own (way C). */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/math.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/core.h"
#include "lib/freed_memory.h"
#include "lib/owner.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

#define WDM_PAGES_FLAGS (MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FROM_LOCAL_NODE_ONLY |		\
			 MM_ALLOCATE_FULLY_REQUIRED | MM_ALLOCATE_NO_WAIT |			\
			 MM_ALLOCATE_PREFER_CONTIGUOUS |					\
			 MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS | MM_ALLOCATE_TRIM_IF_NECESSARY)

/* The most pages that one call may allocate at DISPATCH_LEVEL, where the CPU runs nothing else. */
#define WDM_PAGES_AT_DISPATCH	PHYS_PFN(SZ_64M)
/* The number of windows without a page that a call with SkipBytes searches before it gives up. */
#define WDM_PAGES_WINDOWS	4096
#define WDM_PAGES_WINDOWS_AT_DISPATCH	64

/* The longest run of pages to ask for where single pages would do. */
#define WDM_PAGES_RUN	512UL

/* One call of the family, checked and in pages. */
struct wdm_pages_request {
	const char *call;
	struct wdmdma_page_limits limits;
	u64 skip;		/* bytes that the window moves up when it has no more pages */
	unsigned long chunk;	/* pages that must be contiguous, aligned to their size if > 1 */
	unsigned long total;	/* pages asked for */
	unsigned int windows;	/* windows that may still be searched in vain */
	bool all;		/* fail rather than return fewer */
	bool nowhere;		/* set when no memory is where the call looks */
	enum wdmdma_cache cache;
	struct wdmdma_refusal refusal;
};

static gfp_t wdm_pages_gfp(ULONG flags)
{
	gfp_t gfp = __GFP_NOWARN;

	/* For many pages, so make one round of reclaim at most. Others must not starve. */
	if (flags & MM_ALLOCATE_NO_WAIT || wdmdma_at_dispatch())
		gfp |= GFP_NOWAIT;
	else
		gfp |= GFP_KERNEL | __GFP_NORETRY;
	if (!(flags & MM_DONT_ZERO_ALLOCATION))
		gfp |= __GFP_ZERO;
	if (flags & MM_ALLOCATE_FROM_LOCAL_NODE_ONLY)
		gfp |= __GFP_THISNODE;
	return gfp;
}

/* Cut the window to the whole pages in it. Return false if there is none. */
static bool wdm_pages_cut(struct wdmdma_window *window)
{
	u64 rest = PAGE_SIZE - 1;

	if (window->last < rest || window->first > U64_MAX - rest)
		return false;
	window->first = PAGE_ALIGN(window->first);
	window->last = ALIGN_DOWN(window->last - rest, PAGE_SIZE) + rest;
	return window->first < window->last;
}

/*
 * Check @flags, @skip and @bytes, and fill in the rest of @request from them. Return 0 or
 * -EINVAL.
 */
static int wdm_pages_check(struct wdm_pages_request *request, u64 skip, u64 bytes, ULONG flags)
{
	if (flags & ~WDM_PAGES_FLAGS)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "Flags has a bit that is not supported (large-page cache, hot removal)");
	if (!bytes || bytes > WDM_MDL_MAX_BYTES)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "TotalBytes is 0 or above 4 GiB - 4 KiB");
	if (request->limits.window.first > request->limits.window.last)
		return wdmdma_deny(&request->refusal, -EINVAL, "LowAddress is above HighAddress");
	if (!wdm_pages_cut(&request->limits.window))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "no whole page lies between LowAddress and HighAddress");
	if (!PAGE_ALIGNED(skip))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "SkipBytes is no multiple of the page size");

	request->total = PFN_UP(bytes);
	request->skip = skip;
	request->windows = wdmdma_at_dispatch() ? WDM_PAGES_WINDOWS_AT_DISPATCH :
						  WDM_PAGES_WINDOWS;
	request->chunk = 1;
	if (!(flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS))
		return 0;

	if (skip && (!is_power_of_2(skip) || bytes % skip))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "for chunks SkipBytes must be a power of two, and TotalBytes a multiple");
	request->chunk = skip ? PFN_DOWN(skip) : request->total;
	request->limits.boundary = skip;
	request->skip = 0;
	return 0;
}

/*
 * Return the number of pages to ask for at once. Single pages of a narrow window come from places
 * that must be emptied for them, and each such place has two MiB at the least. Ask for many pages
 * there.
 */
static unsigned long wdm_pages_run(const struct wdm_pages_request *request, unsigned long left)
{
	struct wdmdma_window ram = wdmdma_pages_ram(), window = request->limits.window;

	if (request->chunk > 1 || request->limits.boundary ||
	    (window.first <= ram.first && window.last >= ram.last))
		return request->chunk;
	return min(rounddown_pow_of_two(left), WDM_PAGES_RUN);
}

/* Return the lowest address from @address on that a node has, or U64_MAX if there is none. */
static u64 wdm_pages_memory_from(u64 address)
{
	u64 lowest = U64_MAX;
	int node;

	for_each_online_node(node)
		if (PFN_PHYS(node_end_pfn(node)) > address)
			lowest = min(lowest, max_t(u64, PFN_PHYS(node_start_pfn(node)), address));
	return lowest;
}

/*
 * Return true if there can be memory in the window. If the window is shorter than a section, look
 * only at both ends, because a section is memory or a hole as a whole.
 */
static bool wdm_pages_has_memory(struct wdmdma_window window)
{
	if (!wdmdma_window_clip(&window, wdmdma_pages_ram()))
		return false;
	return window.last - window.first >= PFN_PHYS(PAGES_PER_SECTION) ||
	       pfn_to_online_page(PHYS_PFN(window.first)) ||
	       pfn_to_online_page(PHYS_PFN(window.last));
}

/*
 * Move the window up to the next window. Return false if no window above has memory. Pass all
 * windows below the next memory at once. Treat windows that leave no gap as one window.
 */
static bool wdm_pages_skip(struct wdm_pages_request *request)
{
	struct wdmdma_window *window = &request->limits.window;
	u64 up = request->skip, memory;

	if (!up || window->last > U64_MAX - up)
		return false;
	memory = wdm_pages_memory_from(window->last + 1);
	if (memory == U64_MAX)
		return false;
	if (memory - window->last > up)
		up = DIV_ROUND_UP(memory - window->last, up) * up;
	if (window->last > U64_MAX - up)
		return false;
	if (request->skip - 1 <= window->last - window->first) {
		window->last = U64_MAX - up;
		request->skip = 0;
	}
	window->first += up;
	window->last += up;
	return true;
}

/*
 * Go on with the next window that can have memory, after a window has no more pages, or had none.
 * Return false if there is no such window, or if the search takes too long.
 */
static bool wdm_pages_next(struct wdm_pages_request *request, bool had_none)
{
	if (fatal_signal_pending(current) || (had_none && !request->windows--))
		return false;
	do {
		if (!wdm_pages_skip(request))
			return false;
	} while (!wdm_pages_has_memory(request->limits.window));
	return true;
}

/* Fill the MDL's array, window after window. Return the number of pages that were allocated. */
static unsigned long wdm_pages_fill(struct wdm_pages_request *request, PMDL mdl)
{
	PPFN_NUMBER pfn = MmGetMdlPfnArray(mdl);
	unsigned long got = 0, before = 0, most = ULONG_MAX, nr, i;
	struct page *block;

	if (!wdm_pages_has_memory(request->limits.window) && !wdm_pages_next(request, false)) {
		request->nowhere = true;
		return 0;
	}
	while (request->total - got >= request->chunk && !fatal_signal_pending(current)) {
		nr = min(wdm_pages_run(request, request->total - got), most);
		block = wdmdma_pages_block(&request->limits, nr);
		if (gfpflags_allow_blocking(request->limits.gfp))
			cond_resched();
		if (block) {
			for (i = 0; i < nr; i++)
				pfn[got++] = page_to_pfn(block) + i;
			continue;
		}
		if (nr > request->chunk) {
			most = nr / 2;
			continue;
		}
		if (!wdm_pages_next(request, got == before))
			break;
		before = got;
		most = ULONG_MAX;
	}
	return got;
}

/*
 * Return the most pages that a call may get. It must leave memory for others, and must not take
 * more pages than its level has time for.
 */
static unsigned long wdm_pages_limit(void)
{
	long available = si_mem_available();
	unsigned long limit = available > 0 ? available / 4 * 3 : ULONG_MAX;

	return wdmdma_at_dispatch() ? min(limit, WDM_PAGES_AT_DISPATCH) : limit;
}

static PMDL wdm_pages_alloc(struct wdm_pages_request *request)
{
	bool may_wait = gfpflags_allow_blocking(request->limits.gfp);
	unsigned long limit = wdm_pages_limit(), got;
	PMDL mdl;

	/* A request for all memory is met in part, so that others have memory left. */
	if (request->total > limit) {
		if (request->all || request->chunk > 1)
			goto refuse;
		request->total = limit;
	}
	mdl = wdm_mdl_alloc_gfp(NULL, (u64)request->total << PAGE_SHIFT,
				may_wait ? WDMDMA_GFP : GFP_NOWAIT | __GFP_NOWARN);
	if (!mdl)
		goto refuse;

	got = wdm_pages_fill(request, mdl);
	mdl->ByteCount = got << PAGE_SHIFT;
	mdl->MdlFlags |= MDL_PAGES_LOCKED | MDL_INTERNAL;
	mdl->Process = WDM_MDL_CACHE_TAG(request->cache);
	if (got && (got == request->total || !request->all) && wdm_pool_add_mdl(mdl))
		return mdl;

	MmFreePagesFromMdl(mdl);
	wdm_kvfree(mdl);
refuse:
	if (request->nowhere)
		wdmdma_report(request->call,
			      "no memory lies between LowAddress and HighAddress, or where SkipBytes leads");
	else
		wdmdma_report(request->call, "no %lu free pages there, in chunks of %lu",
			      request->total, request->chunk);
	return NULL;
}

static PMDL wdm_pages_call(const char *call, PHYSICAL_ADDRESS low_address,
			   PHYSICAL_ADDRESS high_address, PHYSICAL_ADDRESS skip_bytes,
			   SIZE_T total_bytes, MEMORY_CACHING_TYPE cache_type, ULONG flags,
			   int node)
{
	struct wdm_pages_request request = {
		.call = call,
		.limits = {
			.window = { low_address.QuadPart, high_address.QuadPart },
			.node = node,
			.gfp = wdm_pages_gfp(flags),
		},
		.all = flags & MM_ALLOCATE_FULLY_REQUIRED,
	};
	int ret = wdm_pages_check(&request, skip_bytes.QuadPart, total_bytes, flags);

	if (!ret && wdm_cache_type(cache_type, &request.cache))
		ret = wdmdma_deny(&request.refusal, -EINVAL,
				  "CacheType is unknown, or cannot be had here");
	if (ret) {
		wdmdma_report(call, "%s", request.refusal.reason);
		return NULL;
	}
	return wdm_pages_alloc(&request);
}

/**
 * MmAllocatePagesForMdlEx() - allocate pages and an MDL for them (way C)
 * @low_address: lowest physical address
 * @high_address: highest physical address, inclusive
 * @skip_bytes: bytes to move both addresses up when there are no more pages. 0, or a
 *	multiple of 4 KiB. With MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS it is the size of a
 *	chunk, a power of two, or 0 for one chunk
 * @total_bytes: bytes, up to 4 GiB - 4 KiB
 * @cache_type: MmCached, MmNonCached or MmWriteCombined. The pages get the type
 *	when they are mapped, and not before
 * @flags: MM_ALLOCATE_* and MM_DONT_ZERO_ALLOCATION
 *
 * Answers to wdm: MmAllocatePagesForMdlEx. The MDL may describe fewer bytes than asked for,
 * unless a flag forbids it. The pages are not mapped. The driver must free the pages with
 * MmFreePagesFromMdl(), then the MDL with ExFreePool().
 *
 * Differs from Windows: MM_ALLOCATE_FAST_LARGE_PAGES and MM_ALLOCATE_AND_HOT_REMOVE are refused.
 * A call gets at most three quarters of the free memory, and at most 64 MiB at DISPATCH_LEVEL. A
 * request for more is cut to that, or refused. The search ends when 4096 windows (64 at
 * DISPATCH_LEVEL) had no page, or when the calling process is killed. Windows without memory do
 * not count. With MM_ALLOCATE_NO_WAIT the MDL must not be larger than the slab allocator allows,
 * which is a few MiB.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the MDL, or NULL with the reason in the log.
 */
PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS low_address, PHYSICAL_ADDRESS high_address,
			     PHYSICAL_ADDRESS skip_bytes, SIZE_T total_bytes,
			     MEMORY_CACHING_TYPE cache_type, ULONG flags)
{
	return wdm_pages_call(__func__, low_address, high_address, skip_bytes, total_bytes,
			      cache_type, flags, numa_mem_id());
}
EXPORT_SYMBOL_GPL(MmAllocatePagesForMdlEx);

/**
 * MmAllocatePagesForMdl() - the older form of MmAllocatePagesForMdlEx()
 * @low_address: lowest physical address
 * @high_address: highest physical address, inclusive
 * @skip_bytes: bytes to move both addresses up when there are no more pages
 * @total_bytes: bytes
 *
 * Answers to wdm: MmAllocatePagesForMdl. The pages are cached and zeroed. There are no flags.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the MDL, or NULL with the reason in the log.
 */
PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS low_address, PHYSICAL_ADDRESS high_address,
			   PHYSICAL_ADDRESS skip_bytes, SIZE_T total_bytes)
{
	return wdm_pages_call(__func__, low_address, high_address, skip_bytes, total_bytes,
			      MmCached, 0, numa_mem_id());
}
EXPORT_SYMBOL_GPL(MmAllocatePagesForMdl);

/**
 * MmAllocateNodePagesForMdlEx() - MmAllocatePagesForMdlEx() with a NUMA node
 * @low_address: lowest physical address
 * @high_address: highest physical address, inclusive
 * @skip_bytes: as for MmAllocatePagesForMdlEx()
 * @total_bytes: bytes
 * @cache_type: as for MmAllocatePagesForMdlEx()
 * @ideal_node: node, 0 to N-1. Other nodes are used, too, unless @flags has
 *	MM_ALLOCATE_FROM_LOCAL_NODE_ONLY
 * @flags: as for MmAllocatePagesForMdlEx()
 *
 * Answers to wdm: MmAllocateNodePagesForMdlEx.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the MDL, or NULL with the reason in the log.
 */
PMDL MmAllocateNodePagesForMdlEx(PHYSICAL_ADDRESS low_address, PHYSICAL_ADDRESS high_address,
				 PHYSICAL_ADDRESS skip_bytes, SIZE_T total_bytes,
				 MEMORY_CACHING_TYPE cache_type, ULONG ideal_node, ULONG flags)
{
	if (ideal_node >= nr_node_ids || !node_online(ideal_node)) {
		wdmdma_report(__func__, "IdealNode %u does not exist", ideal_node);
		return NULL;
	}
	return wdm_pages_call(__func__, low_address, high_address, skip_bytes, total_bytes,
			      cache_type, flags, ideal_node);
}
EXPORT_SYMBOL_GPL(MmAllocateNodePagesForMdlEx);

/**
 * MmFreePagesFromMdl() - free the pages of an MDL of way C
 * @mdl: from one of the functions above
 *
 * Answers to wdm: MmFreePagesFromMdl. Unmaps the pages first. The MDL stays, and must be freed
 * with ExFreePool(). Pages of other origin are reported and left alone.
 *
 * Differs from Windows: at DISPATCH_LEVEL, pages with a mapping that is not cached are reported,
 * and stay allocated.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void MmFreePagesFromMdl(PMDL mdl)
{
	unsigned long i;

	if (!mdl || !wdm_mdl_owns_pages(mdl)) {
		wdmdma_report(__func__, "the MDL %s", mdl ?
			      "has no pages of MmAllocatePagesForMdl" : "is NULL");
		return;
	}
	wdm_mdl_warn_if_used(mdl, __func__);
	if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
		wdmdma_going(mdl->MappedSystemVa, mdl->ByteCount, __func__);
	if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA && !wdm_mdl_unmap(mdl, __func__))
		return;
	wdm_stop_controllers(MmGetMdlPfnArray(mdl), wdm_mdl_pages(mdl), __func__);
	for (i = 0; i < wdm_mdl_pages(mdl); i++) {
		__free_page(pfn_to_page(MmGetMdlPfnArray(mdl)[i]));
		wdm_mdl_breathe(i);
	}
	mdl->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_INTERNAL);
}
EXPORT_SYMBOL_GPL(MmFreePagesFromMdl);

/*
 * Free the MDLs of this file, and their pages, when the module is unloaded, because no driver is
 * left that could. May sleep.
 */
void wdm_mdl_pages_exit(void)
{
	unsigned long mdls = 0, pages = 0;
	PMDL mdl;

	while ((mdl = wdm_pool_take_mdl())) {
		mdls++;
		if (wdm_mdl_owns_pages(mdl)) {
			pages += wdm_mdl_pages(mdl);
			MmFreePagesFromMdl(mdl);
		}
		wdmdma_owner_forget(mdl);
		wdm_kvfree(mdl);
	}
	if (mdls)
		pr_warn("%lu MDLs of MmAllocatePagesForMdl were not freed, %lu pages: freed now\n",
			mdls, pages);
}
EXPORT_SYMBOL_FOR_KUNIT(wdm_mdl_pages_exit);
