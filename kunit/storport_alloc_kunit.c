// SPDX-License-Identifier: GPL-2.0-only
/*
 * The promises of a miniport's allocation calls, which any allocation may keep by chance.
 * Memory must be aligned at any length, and limits must include their last byte. The cases
 * hold many allocations at once, so that chance alone does not pass them.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "helpers.h"

#define HELD	16

static const ULONG ok = STOR_STATUS_SUCCESS;

/*
 * Only a power of two is certain to be aligned. On a debug kernel other lengths may be aligned as
 * well, so look at the length that the slab allocator gave.
 */
static bool is_aligned_by_its_length(const void *memory)
{
	size_t length = ksize(memory);

	return length >= 16 && is_power_of_2(length);
}

static void pool_is_aligned_to_16_at_any_length(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test), memory[4];
	unsigned int i, off;
	ULONG length;

	for (length = 1; length <= SZ_8K + 1; length += length < 300 ? 1 : 61) {
		for (i = 0, off = 0; i < ARRAY_SIZE(memory); i++) {
			KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, length, 0,
								   &memory[i]), ok);
			off += !IS_ALIGNED((unsigned long)memory[i],
					   length < SZ_4K ? 16 : SZ_4K);
			off += length < SZ_4K && !is_aligned_by_its_length(memory[i]);
		}
		KUNIT_EXPECT_EQ_MSG(test, off, 0U, "%u bytes", length);
		for (i = 0; i < ARRAY_SIZE(memory); i++)
			KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, memory[i]), ok);
	}
}

static const struct aligned_row {
	const char *name;
	SIZE_T bytes;
	ULONG alignment;
	unsigned int held;
} aligned_rows[] = {
	{ "4 KiB at 64 KiB", SZ_4K, SZ_64K, HELD },
	{ "12 KiB at 64 KiB", 3 * SZ_4K, SZ_64K, HELD },
	{ "64 KiB at 64 KiB", SZ_64K, SZ_64K, HELD },
	{ "192 KiB at 128 KiB", 3 * SZ_64K, SZ_128K, HELD },
	{ "4 KiB at 2 MiB", SZ_4K, SZ_2M, 4 },
	{ "5 MiB at 1 MiB", 5 * SZ_1M, SZ_1M, 4 },
	{ "4 KiB at 1 byte", SZ_4K, 1, HELD },
};

KUNIT_ARRAY_PARAM_DESC(aligned, aligned_rows, name);

static void host_memory_is_aligned_whatever_its_length(struct kunit *test)
{
	const struct aligned_row *row = test->param_value;
	ACCESS_RANGE ranges[HELD];
	ULONG count = 1, status;
	unsigned int i;

	for (i = 0; i < row->held; i++, count = 1) {
		status = StorPortAllocateHostMemoryBuffer(wdmdma_test_extension(test), row->bytes,
							  row->bytes, 0, row->alignment,
							  wdmdma_test_pa(0),
							  wdmdma_test_pa(U64_MAX),
							  wdmdma_test_pa(0), &ranges[i], &count);
		KUNIT_ASSERT_EQ_MSG(test, status, ok, "the %uth", i);
		KUNIT_EXPECT_EQ(test, count, 1U);
		KUNIT_EXPECT_EQ(test, (SIZE_T)ranges[i].RangeLength, row->bytes);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)ranges[i].RangeStart.QuadPart,
						   row->alignment));
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), (unsigned long)row->held);
	KUNIT_EXPECT_EQ(test,
			StorPortFreeHostMemoryBuffer(wdmdma_test_extension(test), ranges,
						     row->held),
			ok);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

/* An alignment that needs more memory than may be allocated must be refused without a try. */
static void host_memory_of_a_large_alignment_is_bounded(struct kunit *test)
{
	ACCESS_RANGE range = {};
	ULONG count = 1, status;

	if (PFN_PHYS(totalram_pages() / 4) >= SZ_2G)
		kunit_skip(test, "the machine has much memory");
	status = StorPortAllocateHostMemoryBuffer(wdmdma_test_extension(test), SZ_4K, SZ_4K, 0,
						  SZ_2G, wdmdma_test_pa(0), wdmdma_test_pa(U64_MAX),
						  wdmdma_test_pa(0), &range, &count);
	KUNIT_EXPECT_EQ(test, status, STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, count, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static ULONG page_between(struct kunit *test, u64 first, u64 last, PVOID *va, PHYSICAL_ADDRESS *la)
{
	return StorPortAllocateDmaMemory(wdmdma_test_extension(test), SZ_4K, wdmdma_test_pa(first),
					 wdmdma_test_pa(last), wdmdma_test_pa(0), MmCached,
					 MM_ANY_NODE_OK, va, la);
}

/*
 * Free a page and ask for exactly the same page, so that both limits count. Another user may
 * take the page first, but not in every try.
 */
static void limits_include_their_last_byte(struct kunit *test)
{
	unsigned int tries;
	PHYSICAL_ADDRESS la;
	ULONG status = 1;
	u64 page = 0;
	PVOID va;

	for (tries = 0; tries < 50 && status != ok; tries++) {
		KUNIT_ASSERT_EQ(test, page_between(test, SZ_4K, U64_MAX - 1, &va, &la), ok);
		page = la.QuadPart;
		KUNIT_ASSERT_EQ(test,
				StorPortFreeDmaMemory(wdmdma_test_extension(test), va, SZ_4K,
						      MmCached, la),
				ok);
		status = page_between(test, page, page + SZ_4K - 1, &va, &la);
	}
	KUNIT_ASSERT_EQ(test, status, ok);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, page);
	KUNIT_EXPECT_EQ(test,
			StorPortFreeDmaMemory(wdmdma_test_extension(test), va, SZ_4K, MmCached, la),
			ok);
	/* The page must not fit if either limit is one byte tighter. */
	KUNIT_EXPECT_NE(test, page_between(test, page, page + SZ_4K - 2, &va, &la), ok);
	KUNIT_EXPECT_NE(test, page_between(test, page + 1, page + SZ_8K - 2, &va, &la), ok);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void host_memory_limits_include_their_last_byte(struct kunit *test)
{
	ULONG status = 1, count;
	ACCESS_RANGE range;
	unsigned int tries;
	u64 page = 0;

	for (tries = 0; tries < 50 && status != ok; tries++) {
		count = 1;
		KUNIT_ASSERT_EQ(test,
				StorPortAllocateHostMemoryBuffer(wdmdma_test_extension(test), SZ_4K,
								 SZ_4K, 0, 0, wdmdma_test_pa(SZ_4K),
								 wdmdma_test_pa(U64_MAX - 1),
								 wdmdma_test_pa(0), &range, &count),
				ok);
		page = range.RangeStart.QuadPart;
		KUNIT_ASSERT_EQ(test,
				StorPortFreeHostMemoryBuffer(wdmdma_test_extension(test), &range,
							     1),
				ok);
		status = StorPortAllocateHostMemoryBuffer(wdmdma_test_extension(test), SZ_4K, SZ_4K,
							  0, 0, wdmdma_test_pa(page),
							  wdmdma_test_pa(page + SZ_4K - 1),
							  wdmdma_test_pa(0), &range, &count);
	}
	KUNIT_ASSERT_EQ(test, status, ok);
	KUNIT_EXPECT_EQ(test, (u64)range.RangeStart.QuadPart, page);
	KUNIT_EXPECT_EQ(test, StorPortFreeHostMemoryBuffer(wdmdma_test_extension(test), &range, 1),
			ok);
}

static struct kunit_case storport_alloc_cases[] = {
	KUNIT_CASE(pool_is_aligned_to_16_at_any_length),
	KUNIT_CASE_PARAM(host_memory_is_aligned_whatever_its_length, aligned_gen_params),
	KUNIT_CASE(host_memory_of_a_large_alignment_is_bounded),
	KUNIT_CASE(limits_include_their_last_byte),
	KUNIT_CASE(host_memory_limits_include_their_last_byte),
	{}
};

static struct kunit_suite storport_alloc_suite = {
	.name = "wdmdma_storport_alloc",
	.init = wdmdma_test_miniport_init,
	.test_cases = storport_alloc_cases,
};

kunit_test_suite(storport_alloc_suite);
