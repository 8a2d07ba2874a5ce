// SPDX-License-Identifier: GPL-2.0-only
/*
 * MDLs with pages of their own, which is way C (wdm/wdm_mdl_pages.c). No constraint may be
 * ignored, so each constraint has a case that fails if it is.
 */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/topology.h>

#include <wdmdma/mdl.h>

#include "compat.h"
#include "helpers.h"
#include "level.h"
#include "log.h"
#include "mdl.h"
#include "wdm/wdm_mdl_common.h"

#define ALL	U64_MAX
/* Where pages can be. */
#define UNCACHED	(WDMDMA_CAN_UNCACHE ? MmNonCached : MmCached)

static u64 address_of(PMDL mdl, unsigned long i)
{
	return PFN_PHYS(MmGetMdlPfnArray(mdl)[i]);
}

static bool page_is_zero(PMDL mdl, unsigned long i)
{
	return wdmdma_test_is_zero(pfn_to_kaddr(MmGetMdlPfnArray(mdl)[i]), SZ_4K);
}

static const struct window_row {
	const char *name;
	u64 low, high;
	unsigned long pages;
	ULONG flags;
	bool some;	/* fewer pages suffice, because a narrow window may be in use */
} window_rows[] = {
	{ "anywhere", 0, ALL, 40 },
	{ "anywhere, as a positive number", 0, S64_MAX, 3 },
	{ "one page", 0, ALL, 1 },
	{ "below 16 MiB", 0, 0xffffff, 16 },
	{ "8 to 16 MiB", 0x800000, 0xffffff, 16, .some = true },
	{ "below 2 GiB", 0, 0x7fffffff, 16 },
	{ "below 3 GiB, no power of two", 0, 0xbfffffff, 16 },
	{ "below 4 GiB", 0, 0xffffffff, 16 },
	{ "256 to 768 MiB", SZ_256M, 3UL * SZ_256M - 1, 16 },
	{ "64 to 128 MiB", SZ_64M, SZ_128M - 1, 16, .some = true },
	{ "64 MiB in the middle", SZ_512M, SZ_512M + SZ_64M - 1, 100, .some = true },
	{ "ends within a page", SZ_256M, 3UL * SZ_256M - 2, 4 },
	{ "prefer contiguous", 0, ALL, 16, MM_ALLOCATE_PREFER_CONTIGUOUS },
	{ "trim if necessary", 0, ALL, 16, MM_ALLOCATE_TRIM_IF_NECESSARY },
	{ "local node only", 0, ALL, 16, MM_ALLOCATE_FROM_LOCAL_NODE_ONLY },
	{ "no wait", 0, ALL, 16, MM_ALLOCATE_NO_WAIT },
	{ "do not zero", 0, ALL, 16, MM_DONT_ZERO_ALLOCATION },
};

KUNIT_ARRAY_PARAM_DESC(window, window_rows, name);

static void pages_lie_within_the_limits(struct kunit *test)
{
	const struct window_row *row = test->param_value;
	PMDL mdl = mdl_alloc_pages(row->low, row->high, 0, row->pages * SZ_4K, MmCached,
				   row->flags | (row->some ? 0 : MM_ALLOCATE_FULLY_REQUIRED));
	unsigned long i, nr;

	if (!wdmdma_test_has_memory(row->low, row->high)) {
		KUNIT_EXPECT_NULL(test, mdl);
		return;
	}
	if (!mdl && row->some) {
		KUNIT_EXPECT_FALSE(test, wdmdma_test_must_have(row->low, row->high, SZ_4K));
		kunit_skip(test, "that memory is in use");
	}
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	nr = MmGetMdlByteCount(mdl) / SZ_4K;
	KUNIT_EXPECT_GE(test, nr, row->some ? 1UL : row->pages);
	KUNIT_EXPECT_LE(test, nr, row->pages);
	kunit_info(test, "%lu of %lu pages\n", nr, row->pages);
	mdl_expect_new(test, mdl);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_GE(test, address_of(mdl, i), row->low);
		KUNIT_EXPECT_LE(test, address_of(mdl, i) + SZ_4K - 1, row->high);
		if (!(row->flags & MM_DONT_ZERO_ALLOCATION))
			KUNIT_EXPECT_TRUE(test, page_is_zero(mdl, i));
	}
	mdl_free_pages(mdl);
}

static void old_form_gives_zeroed_pages(struct kunit *test)
{
	PMDL mdl = MmAllocatePagesForMdl(wdmdma_test_pa(0), wdmdma_test_pa(0xffffffff),
					 wdmdma_test_pa(0), 5 * SZ_4K - 1);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), 5UL * SZ_4K);
	mdl_expect_new(test, mdl);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_TRUE(test, page_is_zero(mdl, i));
	mdl_free_pages(mdl);
}

/* Pages must be zeroed even if they were dirty a moment ago. */
static void pages_are_zeroed_again(struct kunit *test)
{
	u64 low = wdmdma_test_has_memory(0, 0xffffff) ? 0xffffff : ALL;
	unsigned int n, i;
	PMDL mdl;

	for (n = 0; n < 20; n++) {
		mdl = mdl_alloc_pages(0, n & 1 ? low : ALL, 0, 4 * SZ_4K, MmCached,
				      MM_ALLOCATE_FULLY_REQUIRED);
		KUNIT_ASSERT_NOT_NULL(test, mdl);
		for (i = 0; i < 4; i++) {
			KUNIT_EXPECT_TRUE(test, page_is_zero(mdl, i));
			memset(pfn_to_kaddr(MmGetMdlPfnArray(mdl)[i]), 0xa5, SZ_4K);
		}
		mdl_free_pages(mdl);
	}
}

static const struct refuse_row {
	const char *name;
	u64 low, high, skip;
	SIZE_T bytes;
	MEMORY_CACHING_TYPE cache;
	ULONG flags;
} refuse_rows[] = {
	{ "no bytes", 0, ALL, 0, 0, MmCached },
	{ "one byte above 4 GiB - 4 KiB", 0, ALL, 0, 0xfffff001, MmCached },
	{ "4 GiB", 0, ALL, 0, 0x100000000, MmCached },
	{ "absurd length", 0, ALL, 0, ~0UL, MmCached },
	{ "absurd length in pages", 0, ALL, 0, ~0xfffUL, MmCached },
	{ "limits upside down", SZ_64M, SZ_64M - 1, 0, SZ_4K, MmCached },
	{ "low limit -1", ALL, ALL, 0, SZ_4K, MmCached },
	{ "above all memory", 1ULL << 50, ALL, 0, SZ_4K, MmCached },
	{ "less than a page", SZ_64M, SZ_64M + 0xffe, 0, SZ_4K, MmCached },
	{ "no whole page", SZ_64M + 1, SZ_64M + 0x1ffe, 0, SZ_4K, MmCached },
	{ "skip not in pages", 0, ALL, 0x800, SZ_4K, MmCached },
	{ "skip negative and not in pages", 0, ALL, ALL, SZ_4K, MmCached },
	{ "large-page cache", 0, ALL, SZ_2M, SZ_2M, MmCached,
	  MM_ALLOCATE_FAST_LARGE_PAGES | MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
	{ "hot removal", 0, ALL, 0, SZ_4K, MmCached, MM_ALLOCATE_AND_HOT_REMOVE },
	{ "unknown flag", 0, ALL, 0, SZ_4K, MmCached, 0x200 },
	{ "all flags", 0, ALL, 0, SZ_4K, MmCached, 0xffffffff },
	{ "cache type -1", 0, ALL, 0, SZ_4K, MmNotMapped },
	{ "cache type 3", 0, ALL, 0, SZ_4K, MmHardwareCoherentCached },
	{ "cache type 4, of another machine", 0, ALL, 0, SZ_4K, MmNonCachedUnordered },
	{ "cache type 6", 0, ALL, 0, SZ_4K, MmMaximumCacheType },
	{ "cache type 1000", 0, ALL, 0, SZ_4K, (MEMORY_CACHING_TYPE)1000 },
	{ "chunk no power of two", 0, ALL, 3 * SZ_4K, 6 * SZ_4K, MmCached,
	  MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
	{ "chunk below a page", 0, ALL, 0x800, SZ_4K, MmCached,
	  MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
	{ "length no multiple of the chunk", 0, ALL, SZ_8K, 3 * SZ_4K, MmCached,
	  MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
	{ "length below the chunk", 0, ALL, SZ_8K, SZ_4K, MmCached,
	  MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
	{ "chunk of half the space", 0, ALL, 1ULL << 63, SZ_4K, MmCached,
	  MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
	{ "chunk crosses the limits", SZ_64M + SZ_4K, SZ_64M + 3 * SZ_4K - 1, SZ_8K, SZ_8K,
	  MmCached, MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
	{ "more than the window has, all required", SZ_64M, SZ_64M + SZ_8K - 1, 0, 3 * SZ_4K,
	  MmCached, MM_ALLOCATE_FULLY_REQUIRED },
	{ "more than all memory, contiguous", 0, ALL, 0, 0xfffff000, MmCached,
	  MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_rows, name);

static void what_cannot_be_is_refused(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	PMDL mdl =
		mdl_alloc_pages(row->low, row->high, row->skip, row->bytes, row->cache, row->flags);

	KUNIT_EXPECT_NULL(test, mdl);
	if (mdl)
		mdl_free_pages(mdl);
}

/* A window of few pages must give the pages that it has, and more pages if it may move up. */
static const struct empty_row {
	const char *name;
	u64 low, high, skip;
} empty_rows[] = {
	{ "above all memory", 1ULL << 50, ALL, 0 },
	{ "skip leads nowhere", 1ULL << 50, (1ULL << 50) + SZ_1M - 1, SZ_1M },
};

KUNIT_ARRAY_PARAM_DESC(empty, empty_rows, name);

/* Memory that is not there must not be called used up. */
static void window_without_memory_is_named(struct kunit *test)
{
	const struct empty_row *row = test->param_value;
	struct kmsg_dump_iter log;

	wdmdma_test_log_begin(&log);
	KUNIT_ASSERT_NULL(test, mdl_alloc_pages(row->low, row->high, row->skip, SZ_64K, MmCached,
						0));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "no memory lies between ", "SkipBytes"),
			1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "free pages there", ""), 0U);
}

static void window_moves_up_by_skip_bytes(struct kunit *test)
{
	const u64 low = SZ_64M, skip = SZ_1M;
	unsigned long i, nr;
	PMDL mdl;

	/* The window itself cannot give as many pages. It may even be in use and give none. */
	mdl = mdl_alloc_pages(low, low + SZ_8K - 1, 0, 16 * SZ_4K, MmCached, 0);
	if (mdl) {
		KUNIT_EXPECT_LE(test, MmGetMdlByteCount(mdl), (ULONG)SZ_8K);
		mdl_free_pages(mdl);
	}
	mdl = mdl_alloc_pages(low, low + SZ_8K - 1, skip, 16 * SZ_4K, MmCached, 0);
	if (!mdl) {
		kunit_skip(test, "the memory there is in use");
		return;
	}
	nr = MmGetMdlByteCount(mdl) / SZ_4K;
	mdl_expect_new(test, mdl);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_GE(test, address_of(mdl, i), low);
		KUNIT_EXPECT_LT(test, (address_of(mdl, i) - low) % skip, (u64)SZ_8K);
	}
	mdl_free_pages(mdl);
	if (nr <= 2)
		kunit_skip(test, "the memory above is in use");
}

static const struct chunk_row {
	const char *name;
	u64 low, high, chunk;
	SIZE_T bytes;
} chunk_rows[] = {
	{ "one block", 0, ALL, 0, 5 * SZ_4K },
	{ "one block of one page", 0, ALL, 0, 1 },
	{ "one block of 2 MiB", 0, ALL, 0, SZ_2M },
	{ "one block of 6 MiB", 0, ALL, 0, 6 * SZ_1M },
	{ "one block below 16 MiB", 0, 0xffffff, 0, SZ_64K },
	{ "pages", 0, ALL, SZ_4K, 4 * SZ_4K },
	{ "pairs", 0, ALL, SZ_8K, 8 * SZ_8K },
	{ "64 KiB", 0, ALL, SZ_64K, 4 * SZ_64K },
	{ "64 KiB in 256 to 768 MiB", SZ_256M, 3UL * SZ_256M - 1, SZ_64K, 2 * SZ_64K },
	{ "2 MiB", 0, ALL, SZ_2M, 2 * SZ_2M },
};

KUNIT_ARRAY_PARAM_DESC(chunk, chunk_rows, name);

static void chunks_are_contiguous_and_aligned(struct kunit *test)
{
	const struct chunk_row *row = test->param_value;
	PMDL mdl =
		mdl_alloc_pages(row->low, row->high, row->chunk, row->bytes, MmCached,
				MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS | MM_ALLOCATE_FULLY_REQUIRED);
	unsigned long i, nr, chunk = row->chunk ?: PAGE_ALIGN(row->bytes);

	if (!wdmdma_test_has_memory(row->low, row->high)) {
		KUNIT_EXPECT_NULL(test, mdl);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	nr = MmGetMdlByteCount(mdl) / SZ_4K;
	KUNIT_EXPECT_EQ(test, nr, PFN_UP(row->bytes));
	mdl_expect_new(test, mdl);
	for (i = 0; i < nr; i++) {
		if (i * SZ_4K % chunk)
			KUNIT_EXPECT_EQ(test, address_of(mdl, i), address_of(mdl, i - 1) + SZ_4K);
		else if (row->chunk)
			KUNIT_EXPECT_EQ(test, address_of(mdl, i) % chunk, 0ULL);
		KUNIT_EXPECT_GE(test, address_of(mdl, i), row->low);
		KUNIT_EXPECT_LE(test, address_of(mdl, i) + SZ_4K - 1, row->high);
		KUNIT_EXPECT_TRUE(test, page_is_zero(mdl, i));
	}
	mdl_free_pages(mdl);
}

/* The MDL may be shorter than asked for, but must consist of whole blocks. */
static void chunks_may_be_fewer(struct kunit *test)
{
	PMDL mdl = NULL;
	u64 low;

	/* Much memory may be in use, so look for a window that has a free block. */
	for (low = SZ_16M; !mdl && low < SZ_2G; low += SZ_8M)
		mdl = mdl_alloc_pages(low, low + 3 * SZ_64K - 1, SZ_64K, 16 * SZ_64K, MmCached,
				      MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	if (!mdl)
		kunit_skip(test, "all such places are in use");
	low = address_of(mdl, 0) & ~(u64)(SZ_2M - 1);
	KUNIT_EXPECT_LE(test, MmGetMdlByteCount(mdl), 3U * SZ_64K);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl) % SZ_64K, 0UL);
	mdl_expect_new(test, mdl);
	mdl_free_pages(mdl);
	KUNIT_EXPECT_NULL(test,
			  mdl_alloc_pages(low, low + 3 * SZ_64K - 1, SZ_64K, 16 * SZ_64K, MmCached,
					  MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS |
						  MM_ALLOCATE_FULLY_REQUIRED));
}

static const struct node_row {
	const char *name;
	ULONG node, flags;
	bool good;
} node_rows[] = {
	{ "node 0", 0, 0, true },
	{ "node 0 only", 0, MM_ALLOCATE_FROM_LOCAL_NODE_ONLY, true },
	{ "no such node", 1023, 0 },
	{ "any node is no node here", MM_ANY_NODE_OK, 0 },
	{ "node -1", 0xffffffff, 0 },
};

KUNIT_ARRAY_PARAM_DESC(node, node_rows, name);

static void node_has_to_exist(struct kunit *test)
{
	const struct node_row *row = test->param_value;
	PMDL mdl = MmAllocateNodePagesForMdlEx(wdmdma_test_pa(0), wdmdma_test_pa(ALL),
					       wdmdma_test_pa(0), SZ_8K, MmCached, row->node,
					       row->flags | MM_ALLOCATE_FULLY_REQUIRED);

	KUNIT_ASSERT_EQ(test, !!mdl, row->good);
	if (!mdl)
		return;
	mdl_expect_new(test, mdl);
	if (row->flags)
		KUNIT_EXPECT_EQ(test, page_to_nid(pfn_to_page(MmGetMdlPfnArray(mdl)[1])),
				(int)row->node);
	mdl_free_pages(mdl);
}

static void expect_node(struct kunit *test, PMDL mdl, int node)
{
	unsigned long i;

	for (i = 0; i < MmGetMdlByteCount(mdl) / SZ_4K; i++)
		KUNIT_EXPECT_EQ(test, page_to_nid(pfn_to_page(MmGetMdlPfnArray(mdl)[i])), node);
}

static PMDL allocate_of(int ideal, u64 low, u64 high, ULONG flags)
{
	return MmAllocateNodePagesForMdlEx(wdmdma_test_pa(low), wdmdma_test_pa(high),
					   wdmdma_test_pa(0), 16 * SZ_4K, MmCached, ideal,
					   flags | MM_ALLOCATE_FULLY_REQUIRED);
}

static void pages_are_of_the_ideal_node(struct kunit *test)
{
	static const ULONG flags[] = { 0, MM_ALLOCATE_FROM_LOCAL_NODE_ONLY };
	unsigned int i;
	PMDL mdl;
	int node;

	wdmdma_test_needs_nodes(test);
	for_each_node_state(node, N_MEMORY) {
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			mdl = allocate_of(node, 0, ALL, flags[i]);
			KUNIT_ASSERT_NOT_NULL(test, mdl);
			mdl_expect_new(test, mdl);
			expect_node(test, mdl, node);
			mdl_free_pages(mdl);
		}
	}
}

/*
 * The limits leave only memory of the other node. Such memory must be used
 * unless a flag forbids it.
 */
static void other_nodes_are_used_unless_forbidden(struct kunit *test)
{
	int node, other;
	u64 low, high;
	PMDL mdl;

	wdmdma_test_needs_nodes(test);
	for_each_node_state(other, N_MEMORY) {
		low = PFN_PHYS(node_start_pfn(other));
		high = PFN_PHYS(node_end_pfn(other)) - 1;
		for_each_node_state(node, N_MEMORY) {
			mdl = allocate_of(node, low, high, 0);
			KUNIT_ASSERT_NOT_NULL(test, mdl);
			expect_node(test, mdl, other);
			mdl_free_pages(mdl);
			mdl = allocate_of(node, low, high, MM_ALLOCATE_FROM_LOCAL_NODE_ONLY);
			KUNIT_EXPECT_EQ(test, !!mdl, node == other);
			if (mdl)
				mdl_free_pages(mdl);
		}
	}
}

/* Without an IdealNode the node must be that of the calling processor. */
static void local_node_is_that_of_the_caller(struct kunit *test)
{
	const ULONG flags = MM_ALLOCATE_FROM_LOCAL_NODE_ONLY | MM_ALLOCATE_FULLY_REQUIRED;
	int node;
	PMDL mdl;

	wdmdma_test_needs_nodes(test);
	for_each_node_state(node, N_MEMORY) {
		if (cpumask_empty(cpumask_of_node(node)))
			continue;
		KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of_node(node)), 0);
		mdl = mdl_alloc_pages(0, ALL, 0, 16 * SZ_4K, MmCached, flags);
		KUNIT_ASSERT_NOT_NULL(test, mdl);
		expect_node(test, mdl, node);
		mdl_free_pages(mdl);
	}
	KUNIT_EXPECT_EQ(test, set_cpus_allowed_ptr(current, cpu_possible_mask), 0);
}

static void pages_can_be_had_at_dispatch(struct kunit *test)
{
	u64 low = wdmdma_test_has_memory(0, 0xffffff) ? 0xffffff : ALL;
	PMDL plain, no_wait, block;

	local_bh_disable();
	plain = mdl_alloc_pages(0, ALL, 0, 4 * SZ_4K, MmCached, 0);
	no_wait = mdl_alloc_pages(0, low, 0, SZ_4K, UNCACHED, MM_ALLOCATE_NO_WAIT);
	block = mdl_alloc_pages(0, ALL, SZ_8K, 2 * SZ_8K, MmCached,
				MM_ALLOCATE_NO_WAIT | MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS |
					MM_ALLOCATE_FULLY_REQUIRED);
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(test, plain);
	KUNIT_ASSERT_NOT_NULL(test, no_wait);
	KUNIT_ASSERT_NOT_NULL(test, block);
	mdl_expect_new(test, plain);
	mdl_expect_new(test, no_wait);
	mdl_expect_new(test, block);
	KUNIT_EXPECT_TRUE(test, page_is_zero(plain, 0));
	local_bh_disable();
	mdl_free_pages(plain);
	mdl_free_pages(no_wait);
	mdl_free_pages(block);
	local_bh_enable();
}

/*
 * A request for 2 GiB may be met in part. The machine must survive the request, and must
 * get back all memory.
 */
static void request_for_2_gib_is_survived(struct kunit *test)
{
	unsigned long before = si_mem_available();
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 0x80000000, MmCached,
				   MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_NO_WAIT);

	if (mdl) {
		KUNIT_EXPECT_LE(test, MmGetMdlByteCount(mdl), 0x80000000U);
		KUNIT_EXPECT_LT(test, MmGetMdlByteCount(mdl) / SZ_4K, before);
		mdl_free_pages(mdl);
	}
	KUNIT_EXPECT_GT(test, (unsigned long)si_mem_available(), before / 10 * 8);
	if (before < 0x80000000 / SZ_4K)
		KUNIT_EXPECT_NULL(test, mdl_alloc_pages(0, ALL, 0, 0x80000000, MmCached,
							MM_ALLOCATE_FULLY_REQUIRED));
}

static void allocate_map_and_free(struct kunit *test)
{
	/* These are more pages than change their cache type in one batch. */
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 40 * SZ_4K, UNCACHED, 0);

	if (!mdl)
		return;
	KUNIT_EXPECT_NE(test, MmGetMdlByteCount(mdl), 0U);
	if (!MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority)) {
		KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
		KUNIT_EXPECT_FALSE(test, mdl_any_uncached(mdl, MmGetMdlByteCount(mdl) / SZ_4K));
	}
	mdl_free_pages(mdl);

	mdl = mdl_alloc_pages(0, ALL, SZ_8K, 2 * SZ_8K, MmCached,
			      MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS | MM_ALLOCATE_FULLY_REQUIRED);
	if (!mdl)
		return;
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), 2U * SZ_8K);
	mdl_free_pages(mdl);
}

static void every_failure_is_clean(struct kunit *test)
{
	wdmdma_test_sweep(test, allocate_map_and_free);
}

/* The unload of the module comes after all cases, so call what it calls. */
static void what_is_left_is_freed_at_the_unload(struct kunit *test)
{
	PHYSICAL_ADDRESS none = wdmdma_test_pa(0), all = wdmdma_test_pa(ALL);
	struct kmsg_dump_iter log;
	PMDL mdl[3];
	unsigned int i;

	/* Cases before may have left some. */
	wdm_mdl_pages_exit();
	for (i = 0; i < ARRAY_SIZE(mdl); i++) {
		mdl[i] = MmAllocatePagesForMdlEx(none, all, none, 3 * SZ_4K, MmCached,
						 MM_ALLOCATE_FULLY_REQUIRED);
		KUNIT_ASSERT_NOT_NULL(test, mdl[i]);
	}
	MmFreePagesFromMdl(mdl[0]);
	KUNIT_EXPECT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl[1], NormalPagePriority));
	wdmdma_test_log_begin(&log);
	wdm_mdl_pages_exit();
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "3 MDLs of MmAllocatePagesForMdl",
						    "were not freed, 6 pages"), 1U);
	wdmdma_test_log_begin(&log);
	wdm_mdl_pages_exit();
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "were not freed", ""), 0U);
}

static struct kunit_case wdm_mdl_pages_cases[] = {
	KUNIT_CASE_PARAM(pages_lie_within_the_limits, window_gen_params),
	KUNIT_CASE(old_form_gives_zeroed_pages),
	KUNIT_CASE(pages_are_zeroed_again),
	KUNIT_CASE_PARAM(what_cannot_be_is_refused, refuse_gen_params),
	KUNIT_CASE_PARAM(window_without_memory_is_named, empty_gen_params),
	KUNIT_CASE(window_moves_up_by_skip_bytes),
	KUNIT_CASE_PARAM(chunks_are_contiguous_and_aligned, chunk_gen_params),
	KUNIT_CASE(chunks_may_be_fewer),
	KUNIT_CASE_PARAM(node_has_to_exist, node_gen_params),
	KUNIT_CASE(pages_are_of_the_ideal_node),
	KUNIT_CASE(other_nodes_are_used_unless_forbidden),
	KUNIT_CASE(local_node_is_that_of_the_caller),
	KUNIT_CASE(pages_can_be_had_at_dispatch),
	KUNIT_CASE_SLOW(request_for_2_gib_is_survived),
	KUNIT_CASE(every_failure_is_clean),
	KUNIT_CASE(what_is_left_is_freed_at_the_unload),
	{}
};

static struct kunit_suite wdm_mdl_pages_suite = {
	.name = "wdmdma_wdm_mdl_pages",
	.test_cases = wdm_mdl_pages_cases,
};

kunit_test_suite(wdm_mdl_pages_suite);
