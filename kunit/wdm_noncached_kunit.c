// SPDX-License-Identifier: GPL-2.0-only
/* Memory that the CPU does not cache (wdm/wdm_noncached.c), and the form with a protection. */
#include <linux/bottom_half.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"

/* Values of Windows. Linux uses the names for something else. */
#define READONLY	0x002
#define READWRITE	0x004
#define EXECUTE		0x040
#define NOCACHE		0x200
#define WRITECOMBINE	0x400

static void memory_is_uncached_and_zeroed(struct kunit *test)
{
	static const SIZE_T lengths[] = { 1, SZ_4K, SZ_4K + 1, SZ_64K, 5 * SZ_1M };
	unsigned int n;
	SIZE_T at;
	u8 *va;

	for (n = 0; n < ARRAY_SIZE(lengths); n++) {
		va = MmAllocateNonCachedMemory(lengths[n]);
		if (wdmdma_test_refuses_uncached(test, va))
			return;
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(va));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, PAGE_ALIGN(lengths[n])));
		for (at = 0; at < lengths[n]; at += SZ_4K) {
			KUNIT_ASSERT_TRUE(test, wdmdma_test_is_uncached(va + at));
			KUNIT_ASSERT_NE(test, MmGetPhysicalAddress(va + at).QuadPart, 0LL);
		}
		memset(va, 0xa5, PAGE_ALIGN(lengths[n]));
		MmFreeNonCachedMemory(va, lengths[n]);
	}
}

static void lengths_that_cannot_be_are_refused(struct kunit *test)
{
	PVOID late;

	KUNIT_EXPECT_NULL(test, MmAllocateNonCachedMemory(0));
	KUNIT_EXPECT_NULL(test, MmAllocateNonCachedMemory(SIZE_MAX));
	KUNIT_EXPECT_NULL(test, MmAllocateNonCachedMemory(1ULL << 50));
	local_bh_disable();
	late = MmAllocateNonCachedMemory(SZ_4K);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, late);
}

static void wrong_frees_free_nothing(struct kunit *test)
{
	PVOID contiguous = MmAllocateContiguousMemory(SZ_4K, wdmdma_test_pa(U64_MAX));
	u8 *va = MmAllocateNonCachedMemory(2 * SZ_4K);

	KUNIT_ASSERT_NOT_NULL(test, contiguous);
	MmFreeNonCachedMemory(contiguous, SZ_4K);
	MmFreeContiguousMemory(contiguous);
	MmFreeNonCachedMemory(NULL, SZ_4K);
	MmFreeNonCachedMemory(test, SZ_4K);
	if (wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_ASSERT_NOT_NULL(test, va);
	MmFreeNonCachedMemory(va, SZ_4K);
	MmFreeNonCachedMemory(va, 3 * SZ_4K);
	MmFreeNonCachedMemory(va, 0);
	MmFreeNonCachedMemory(va + 1, 2 * SZ_4K);
	MmFreeNonCachedMemory(va + SZ_4K, SZ_4K);
	MmFreeContiguousMemory(va);
	local_bh_disable();
	MmFreeNonCachedMemory(va, 2 * SZ_4K);
	local_bh_enable();
	memset(va, 0xa5, 2 * SZ_4K);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	MmFreeNonCachedMemory(va, 2 * SZ_4K);
	MmFreeNonCachedMemory(va, 2 * SZ_4K);
}

static PVOID allocate(ULONG protect)
{
	return MmAllocateContiguousNodeMemory(SZ_8K, wdmdma_test_pa(0), wdmdma_test_pa(U64_MAX),
					      wdmdma_test_pa(0), protect, MM_ANY_NODE_OK);
}

static void a_protection_names_the_cache_type(struct kunit *test)
{
	static const ULONG protections[] = { READWRITE, READWRITE | NOCACHE,
					     READWRITE | WRITECOMBINE };
	unsigned int n;
	u8 *va;

	for (n = 0; n < ARRAY_SIZE(protections); n++) {
		va = allocate(protections[n]);
		if (n && wdmdma_test_refuses_uncached(test, va))
			return;
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va), n > 0);
		KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(va + SZ_4K).QuadPart,
				MmGetPhysicalAddress(va).QuadPart + SZ_4K);
		MmFreeContiguousMemory(va);
	}
}

static void other_protections_are_refused(struct kunit *test)
{
	static const ULONG protections[] = {
		0, READONLY, NOCACHE, WRITECOMBINE, EXECUTE, EXECUTE | NOCACHE,
		READWRITE | EXECUTE, READWRITE | READONLY, READWRITE | NOCACHE | WRITECOMBINE,
		READWRITE | 0x100, READWRITE | 0x80000000,
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(protections); n++)
		KUNIT_EXPECT_NULL_MSG(test, allocate(protections[n]), "0x%x", protections[n]);
}

static void allocate_and_free(struct kunit *test)
{
	PVOID va = MmAllocateNonCachedMemory(5 * SZ_4K);

	if (va)
		MmFreeNonCachedMemory(va, 5 * SZ_4K);
}

static void every_failure_is_clean(struct kunit *test)
{
	PVOID va = MmAllocateNonCachedMemory(SZ_4K);

	if (wdmdma_test_refuses_uncached(test, va))
		return;
	MmFreeNonCachedMemory(va, SZ_4K);
	wdmdma_test_sweep(test, allocate_and_free);
}

static struct kunit_case wdm_noncached_cases[] = {
	KUNIT_CASE(memory_is_uncached_and_zeroed),
	KUNIT_CASE(lengths_that_cannot_be_are_refused),
	KUNIT_CASE(wrong_frees_free_nothing),
	KUNIT_CASE(a_protection_names_the_cache_type),
	KUNIT_CASE(other_protections_are_refused),
	KUNIT_CASE(every_failure_is_clean),
	{}
};

static struct kunit_suite wdm_noncached_suite = {
	.name = "wdmdma_wdm_noncached",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_noncached_cases,
};

kunit_test_suite(wdm_noncached_suite);
