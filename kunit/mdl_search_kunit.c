// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search for pages of MmAllocatePagesForMdlEx and MmAllocateContiguousMemory. Limits
 * must include their last byte, and the search must end whatever a driver asks for.
 */
#include <linux/bottom_half.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "mdl.h"

#define ALL	U64_MAX
/*
 * Long enough for an emulated machine with a debug kernel. A search that does not end
 * takes minutes. The kernel looks at every byte of a page that it has poisoned.
 */
#define SOON	((page_poisoning_enabled_static() ? 90 : 5) * HZ)

static PMDL pages_between(u64 low, u64 high, u64 skip, SIZE_T bytes, ULONG flags)
{
	return MmAllocatePagesForMdlEx(wdmdma_test_pa(low), wdmdma_test_pa(high),
				       wdmdma_test_pa(skip), bytes, MmCached, flags);
}

static void expect_none(struct kunit *test, PMDL mdl)
{
	KUNIT_EXPECT_NULL(test, mdl);
	if (mdl)
		mdl_free_pages(mdl);
}

/*
 * Free a page and allocate exactly its range, so that both limits count. Another user
 * may take the page first, but not in every try.
 */
static void limits_include_their_last_byte(struct kunit *test)
{
	unsigned int tries;
	PMDL mdl = NULL;
	u64 page = 0;

	for (tries = 0; tries < 50 && !mdl; tries++) {
		mdl = pages_between(SZ_4K, ALL, 0, SZ_4K, 0);
		KUNIT_ASSERT_NOT_NULL(test, mdl);
		page = PFN_PHYS(MmGetMdlPfnArray(mdl)[0]);
		mdl_free_pages(mdl);
		mdl = pages_between(page, page + SZ_4K - 1, 0, SZ_4K, MM_ALLOCATE_FULLY_REQUIRED);
	}
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, (u64)PFN_PHYS(MmGetMdlPfnArray(mdl)[0]), page);
	mdl_free_pages(mdl);
	expect_none(test, pages_between(page, page + SZ_4K - 2, 0, SZ_4K, 0));
	expect_none(test, pages_between(page + 1, page + SZ_8K - 2, 0, SZ_4K, 0));
}

static void contiguous_limits_include_their_last_byte(struct kunit *test)
{
	unsigned int tries;
	PVOID va = NULL;
	u64 page = 0;

	for (tries = 0; tries < 50 && !va; tries++) {
		va = MmAllocateContiguousMemory(SZ_4K, wdmdma_test_pa(ALL));
		KUNIT_ASSERT_NOT_NULL(test, va);
		page = MmGetPhysicalAddress(va).QuadPart;
		MmFreeContiguousMemory(va);
		va = MmAllocateContiguousMemorySpecifyCache(SZ_4K, wdmdma_test_pa(page),
							    wdmdma_test_pa(page + SZ_4K - 1),
							    wdmdma_test_pa(0), MmCached);
	}
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, (u64)MmGetPhysicalAddress(va).QuadPart, page);
	MmFreeContiguousMemory(va);
	KUNIT_EXPECT_NULL(test,
			  MmAllocateContiguousMemorySpecifyCache(SZ_4K, wdmdma_test_pa(page),
								 wdmdma_test_pa(page + SZ_4K - 2),
								 wdmdma_test_pa(0), MmCached));
}

static const struct vain_row {
	const char *name;
	u64 low, size, skip;
} vain_rows[] = {
	/* No window of these rows has a whole page, however often the window moves. */
	{ "less than a page", SZ_64M, 0xfff, SZ_4K },
	{ "two halves", SZ_64M + 0x800, SZ_4K, SZ_4K },
	{ "two halves, far apart", SZ_64M + 0x800, SZ_4K, SZ_2M },
	/* No window of these rows has memory, because all lie above it. */
	{ "above all memory", 1ULL << 50, SZ_4K, SZ_4K },
	{ "above all memory, with gaps", 1ULL << 50, SZ_4K, SZ_8K },
};

KUNIT_ARRAY_PARAM_DESC(vain, vain_rows, name);

static void window_without_pages_is_refused_at_once(struct kunit *test)
{
	const struct vain_row *row = test->param_value;
	unsigned long since = jiffies;
	PMDL at_dispatch;

	expect_none(test, pages_between(row->low, row->low + row->size - 1, row->skip, SZ_1M, 0));
	local_bh_disable();
	at_dispatch = pages_between(row->low, row->low + row->size - 1, row->skip, SZ_1M, 0);
	local_bh_enable();
	expect_none(test, at_dispatch);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, since + SOON));
}

static const struct end_row {
	const char *name;
	u64 skip;
	bool at_dispatch;
} end_rows[] = {
	{ "no gaps", SZ_4K },
	{ "no gaps, at DISPATCH_LEVEL", SZ_4K, true },
	{ "gaps of a page, at DISPATCH_LEVEL", SZ_8K, true },
	{ "gaps of 64 KiB, at DISPATCH_LEVEL", SZ_64K, true },
};

KUNIT_ARRAY_PARAM_DESC(end, end_rows, name);

/* Search all memory for one page per window. Most of these pages are in use or not there. */
static void search_ends_soon(struct kunit *test)
{
	const struct end_row *row = test->param_value;
	unsigned long since = jiffies, i, nr;
	PMDL mdl;

	if (row->at_dispatch)
		local_bh_disable();
	mdl = pages_between(0, SZ_4K - 1, row->skip, SZ_16M, MM_DONT_ZERO_ALLOCATION);
	if (row->at_dispatch)
		local_bh_enable();
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, since + SOON));
	if (!mdl)
		return;
	nr = MmGetMdlByteCount(mdl) / SZ_4K;
	KUNIT_EXPECT_LE(test, nr, (unsigned long)SZ_16M / SZ_4K);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, PFN_PHYS(MmGetMdlPfnArray(mdl)[i]) % row->skip, 0ULL);
	mdl_free_pages(mdl);
}

/*
 * Adjacent windows must be searched as one window, so that the search finds as many
 * pages as one without skipping.
 */
static void windows_without_gaps_find_all_pages(struct kunit *test)
{
	PMDL mdl = pages_between(0, SZ_4K - 1, SZ_4K, SZ_4M, MM_ALLOCATE_FULLY_REQUIRED);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), (ULONG)SZ_4M);
	mdl_free_pages(mdl);
}

/* A call at DISPATCH_LEVEL keeps other tasks off the CPU, so its work must be limited. */
static void call_at_dispatch_is_cut(struct kunit *test)
{
	PMDL some, all;

	local_bh_disable();
	some = pages_between(0, ALL, 0, SZ_128M, MM_DONT_ZERO_ALLOCATION);
	all = pages_between(0, ALL, 0, SZ_128M,
			    MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FULLY_REQUIRED);
	local_bh_enable();
	expect_none(test, all);
	if (!some)
		return;
	KUNIT_EXPECT_LE(test, MmGetMdlByteCount(some), (ULONG)SZ_64M);
	mdl_free_pages(some);
}

/* Let this thread look like a process that is killed. */
static void be_killed(void)
{
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
}

static void live_again(void)
{
	flush_signals(current);
	disallow_signal(SIGKILL);
}

static void killed_process_gets_no_more_pages(struct kunit *test)
{
	unsigned long since = jiffies;
	PMDL mdl;

	be_killed();
	mdl = pages_between(0, SZ_4K - 1, SZ_8K, SZ_1G, MM_DONT_ZERO_ALLOCATION);
	live_again();
	expect_none(test, mdl);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, since + SOON));
	mdl = pages_between(0, ALL, 0, SZ_4K, 0);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	mdl_free_pages(mdl);
}

/* Memory that is longer than any block of the page allocator has to be searched for. */
static void killed_process_gets_no_contiguous_memory(struct kunit *test)
{
	void *memory;

	if (!wdmdma_test_must_have(0, ALL, SZ_8M)) {
		kunit_skip(test, "all such places are in use");
		return;
	}
	be_killed();
	memory = MmAllocateContiguousMemory(SZ_8M, wdmdma_test_pa(ALL));
	live_again();
	KUNIT_EXPECT_NULL(test, memory);
	memory = MmAllocateContiguousMemory(SZ_8M, wdmdma_test_pa(ALL));
	KUNIT_ASSERT_NOT_NULL(test, memory);
	MmFreeContiguousMemory(memory);
}

static struct kunit_case mdl_search_cases[] = {
	KUNIT_CASE(limits_include_their_last_byte),
	KUNIT_CASE(contiguous_limits_include_their_last_byte),
	KUNIT_CASE_PARAM(window_without_pages_is_refused_at_once, vain_gen_params),
	KUNIT_CASE_PARAM(search_ends_soon, end_gen_params),
	KUNIT_CASE(windows_without_gaps_find_all_pages),
	KUNIT_CASE(call_at_dispatch_is_cut),
	KUNIT_CASE(killed_process_gets_no_more_pages),
	KUNIT_CASE(killed_process_gets_no_contiguous_memory),
	{}
};

static struct kunit_suite mdl_search_suite = {
	.name = "wdmdma_mdl_search",
	.test_cases = mdl_search_cases,
};

kunit_test_suite(mdl_search_suite);
