// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache types of MDLs with pages of their own, and how these pages are freed
 * (wdm/wdm_mdl_pages.c).
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "level.h"
#include "mdl.h"

#define ALL	U64_MAX

/* The MDL is so large that it does not come from the slab allocator. */
static void large_mdl_is_freed_at_dispatch(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, SZ_32M, MmCached, MM_DONT_ZERO_ALLOCATION);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	wdmdma_test_preempt_disable();
	mdl_free_pages(mdl);
	wdmdma_test_preempt_enable();
}

/* Cache types. */

static const struct cache_row {
	const char *name;
	MEMORY_CACHING_TYPE cache;
	bool chunk;
	bool unmap;	/* before the free */
} cache_rows[] = {
	{ "cached", MmCached, false, true },
	{ "uncached", MmNonCached, false, true },
	{ "uncached, one block", MmNonCached, true, true },
	{ "write-combined", MmWriteCombined, false, true },
	{ "uncached, freed while mapped", MmNonCached, false, false },
	{ "write-combined block, freed while mapped", MmWriteCombined, true, false },
};

KUNIT_ARRAY_PARAM_DESC(cache, cache_rows, name);

/*
 * Pages must get their cache type when they are mapped, in the linear map, too, and must lose
 * it when they are unmapped.
 */
static void cache_type_is_applied_when_mapped(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	bool uncached = row->cache != MmCached;
	PMDL mdl =
		mdl_alloc_pages(0, ALL, 0, 4 * SZ_4K, row->cache,
				MM_ALLOCATE_FULLY_REQUIRED |
					(row->chunk ? MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS : 0));
	PFN_NUMBER pfn[4];
	unsigned int i;
	u8 *va;

	if (uncached && wdmdma_test_refuses_uncached(test, mdl))
		return;
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	memcpy(pfn, MmGetMdlPfnArray(mdl), sizeof(pfn));
	KUNIT_EXPECT_FALSE(test, mdl_any_uncached(mdl, 4));
	va = MmMapLockedPagesSpecifyCache(mdl, KernelMode, row->cache, NULL, FALSE,
					  NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va + i * SZ_4K), uncached);
		KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(pfn_to_kaddr(pfn[i])), uncached);
	}
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, 4 * SZ_4K));
	memset(va, 0x5a, 4 * SZ_4K);
	if (row->unmap) {
		MmUnmapLockedPages(va, mdl);
		KUNIT_EXPECT_FALSE(test, mdl_any_uncached(mdl, 4));
		KUNIT_EXPECT_EQ(test, *(u8 *)pfn_to_kaddr(pfn[3]), 0x5a);
	}
	mdl_free_pages(mdl);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(pfn_to_kaddr(pfn[i])));
}

/* The cache type given at the mapping must be ignored, because the pages have a type already. */
static void get_system_address_keeps_the_cache_type(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, SZ_8K, MmNonCached, MM_ALLOCATE_FULLY_REQUIRED);
	PMDL part = IoAllocateMdl(NULL, SZ_4K, FALSE, FALSE, NULL);
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, part);
	if (wdmdma_test_refuses_uncached(test, mdl)) {
		IoFreeMdl(part);
		return;
	}
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);	/* asks for MmCached */
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	MmUnmapLockedPages(va, mdl);

	/* A part that is mapped by itself must be no exception. */
	IoBuildPartialMdl(mdl, part, (PVOID)SZ_4K, SZ_4K);
	va = MmGetSystemAddressForMdlSafe(part, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(pfn_to_kaddr(MmGetMdlPfnArray(part)[0])));
	IoFreeMdl(part);
	KUNIT_EXPECT_FALSE(test, mdl_any_uncached(mdl, 2));
	mdl_free_pages(mdl);
}

/*
 * Two mappings of a page would both own its cache type. The second mapping must be refused or
 * must share the first.
 */
static void part_and_whole_of_uncached_pages(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 4 * SZ_4K, MmNonCached, MM_ALLOCATE_FULLY_REQUIRED);
	PMDL part = IoAllocateMdl(NULL, SZ_4K, FALSE, FALSE, NULL);
	u8 *va, *whole;

	KUNIT_ASSERT_NOT_NULL(test, part);
	if (wdmdma_test_refuses_uncached(test, mdl)) {
		IoFreeMdl(part);
		return;
	}
	IoBuildPartialMdl(mdl, part, (PVOID)(2UL * SZ_4K), SZ_4K);
	va = MmGetSystemAddressForMdlSafe(part, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	whole = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	if (whole) {
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(whole + 2 * SZ_4K));
		MmUnmapLockedPages(whole, mdl);
	}
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(pfn_to_kaddr(MmGetMdlPfnArray(part)[0])));
	*va = 0x5a;
	MmPrepareMdlForReuse(part);
	KUNIT_EXPECT_FALSE(test, mdl_any_uncached(mdl, 4));
	KUNIT_EXPECT_EQ(test, *(u8 *)pfn_to_kaddr(MmGetMdlPfnArray(mdl)[2]), 0x5a);
	IoFreeMdl(part);
	mdl_free_pages(mdl);
}

/* A mapping that is both read-only and uncached must be read-only or must be refused. */
static void no_write_of_uncached_pages(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, SZ_8K, MmNonCached, MM_ALLOCATE_FULLY_REQUIRED);
	PVOID va;

	if (wdmdma_test_refuses_uncached(test, mdl))
		return;
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoWrite);
	if (va) {
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_writable(va));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
		KUNIT_EXPECT_TRUE(test, mdl_any_uncached(mdl, 1));
	}
	mdl_free_pages(mdl);
}

/*
 * The cache type of a page cannot change at DISPATCH_LEVEL. The call must be refused and must
 * leave nothing half done.
 */
static void expect_refusal_at_dispatch(struct kunit *test, ULONG flags)
{
	PMDL mdl =
		mdl_alloc_pages(0, ALL, 0, SZ_8K, MmNonCached, MM_ALLOCATE_FULLY_REQUIRED | flags);
	PVOID va;

	if (wdmdma_test_refuses_uncached(test, mdl))
		return;
	local_bh_disable();
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_FALSE(test, mdl_any_uncached(mdl, 2));

	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	local_bh_disable();
	MmUnmapLockedPages(va, mdl);
	MmFreePagesFromMdl(mdl);
	local_bh_enable();
	/* The unmap and the free were refused, so pages and mapping must still be there. */
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA),
			MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA);
	memset(va, 0x5a, SZ_8K);
	mdl_free_pages(mdl);
}

/*
 * Contiguous pages have their address in the linear map, other pages have a
 * mapping of their own.
 */
static void uncached_pages_at_dispatch(struct kunit *test)
{
	expect_refusal_at_dispatch(test, 0);
	expect_refusal_at_dispatch(test, MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
}

/*
 * IoFreeMdl is allowed at DISPATCH_LEVEL, and then nobody can unmap the pages any more. They must
 * be cached again before they get another owner, and before they are mapped again.
 */
static const struct late_row {
	const char *name;
	ULONG bytes;		/* of the part, or 0 for an MDL with pages of its own */
	bool map_again;
} late_rows[] = {
	{ "part of one page", SZ_4K },
	{ "scattered part", 2 * SZ_4K },
	{ "part that is mapped again", 2 * SZ_4K, true },
	{ "the MDL of the pages", 0 },
};

KUNIT_ARRAY_PARAM_DESC(late, late_rows, name);

static void uncached_pages_of_an_mdl_freed_at_dispatch(struct kunit *test)
{
	const struct late_row *row = test->param_value;
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 4 * SZ_4K, MmNonCached, MM_ALLOCATE_FULLY_REQUIRED);
	PMDL part = IoAllocateMdl(NULL, 4 * SZ_4K, FALSE, FALSE, NULL);
	unsigned int i, tries;
	PFN_NUMBER pfn[4];

	KUNIT_ASSERT_NOT_NULL(test, part);
	if (wdmdma_test_refuses_uncached(test, mdl)) {
		IoFreeMdl(part);
		return;
	}
	if (MmGetMdlPfnArray(mdl)[1] == MmGetMdlPfnArray(mdl)[0] + 1)
		swap(MmGetMdlPfnArray(mdl)[0], MmGetMdlPfnArray(mdl)[1]);
	memcpy(pfn, MmGetMdlPfnArray(mdl), sizeof(pfn));
	for (i = 0; i < 4; i++)
		get_page(pfn_to_page(pfn[i]));
	IoBuildPartialMdl(mdl, part, NULL, row->bytes);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(row->bytes ? part : mdl,
								 NormalPagePriority));
	KUNIT_ASSERT_TRUE(test, wdmdma_test_is_uncached(pfn_to_kaddr(pfn[0])));
	local_bh_disable();
	IoFreeMdl(row->bytes ? part : mdl);
	local_bh_enable();
	if (row->map_again)
		KUNIT_EXPECT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	if (row->bytes)
		mdl_free_pages(mdl);
	else
		IoFreeMdl(part);
	for (i = 0; i < 4; i++) {
		for (tries = 0; page_count(pfn_to_page(pfn[i])) > 1 && tries < 1000; tries++)
			msleep(20);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(pfn_to_kaddr(pfn[i])));
		KUNIT_EXPECT_EQ(test, page_count(pfn_to_page(pfn[i])), 1);
		put_page(pfn_to_page(pfn[i]));
	}
}

/*
 * A balloon driver allocates many uncached pages that it never maps. The pages must cost no
 * more than their memory.
 */
static void balloon_pages_stay_cached(struct kunit *test)
{
	PMDL mdl[4];
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(mdl); n++) {
		mdl[n] = mdl_alloc_pages(0, ALL, 0, 512 * SZ_4K, MmNonCached,
					 MM_DONT_ZERO_ALLOCATION);
		if (wdmdma_test_refuses_uncached(test, mdl[n]))
			return;
		KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl[n]), (ULONG)SZ_2M);
		mdl_expect_new(test, mdl[n]);
		KUNIT_EXPECT_FALSE(test, mdl_any_uncached(mdl[n], 512));
	}
	while (n--)
		mdl_free_pages(mdl[n]);
}

/* Freeing. */

static void freeing_without_unmapping_first_is_accepted(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 4 * SZ_4K, MmCached, 0);
	PVOID va;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoWrite);
	KUNIT_ASSERT_NOT_NULL(test, va);
	MmFreePagesFromMdl(mdl);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(va));
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA), 0);
	MmFreePagesFromMdl(mdl);	/* a second free is reported */
	KUNIT_EXPECT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	ExFreePool(mdl);
	ExFreePool(NULL);
}

/* Pages of another origin must not be freed. */
static void freeing_pages_of_other_mdls_is_refused(struct kunit *test)
{
	void *va = kunit_kmalloc(test, SZ_8K, GFP_KERNEL);
	PMDL mdl = IoAllocateMdl(va, SZ_8K, FALSE, FALSE, NULL);
	struct page *page = virt_to_page(va);
	PMDL source, part;
	int count = page_count(page);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmFreePagesFromMdl(NULL);
	MmFreePagesFromMdl(mdl);
	MmBuildMdlForNonPagedPool(mdl);
	MmFreePagesFromMdl(mdl);
	KUNIT_EXPECT_TRUE(test, mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL);
	MmInitializeMdl(mdl, va, SZ_8K);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess),
			STATUS_SUCCESS);
	MmFreePagesFromMdl(mdl);
	KUNIT_EXPECT_TRUE(test, mdl->MdlFlags & MDL_PAGES_LOCKED);
	KUNIT_EXPECT_EQ(test, page_count(page), count);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);

	source = mdl_alloc_pages(0, ALL, 0, SZ_8K, MmCached, MM_ALLOCATE_FULLY_REQUIRED);
	part = IoAllocateMdl(NULL, SZ_8K, FALSE, FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, source);
	KUNIT_ASSERT_NOT_NULL(test, part);
	IoBuildPartialMdl(source, part, NULL, 0);
	MmFreePagesFromMdl(part);
	mdl_expect_new(test, source);
	IoFreeMdl(part);
	mdl_free_pages(source);
}

/*
 * Other calls must refuse such an MDL. MmUnlockPages would lose all pages and
 * MmAdvanceMdl some of them.
 */
static void other_ways_of_undoing_are_refused(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 2 * SZ_4K, MmCached, MM_ALLOCATE_FULLY_REQUIRED);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmUnlockPages(mdl);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_NE(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess), STATUS_SUCCESS);
	KUNIT_EXPECT_NE(test, MmAdvanceMdl(mdl, SZ_4K), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), 2U * SZ_4K);
	mdl_expect_new(test, mdl);
	mdl_free_pages(mdl);
}

/*
 * ExFreePool must leave the pages, which then have no owner. The case must remember
 * the pages to free them.
 */
static void free_pool_does_not_free_the_pages(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 2 * SZ_4K, MmCached, MM_ALLOCATE_FULLY_REQUIRED);
	PFN_NUMBER pfn[2];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	memcpy(pfn, MmGetMdlPfnArray(mdl), sizeof(pfn));
	ExFreePool(mdl);
	for (i = 0; i < ARRAY_SIZE(pfn); i++) {
		KUNIT_EXPECT_EQ(test, page_count(pfn_to_page(pfn[i])), 1);
		__free_page(pfn_to_page(pfn[i]));
	}
}

/* IoFreeMdl is the wrong call, but it must be tolerated and must free the pages. */
static void free_mdl_frees_the_pages_too(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, 2 * SZ_4K, MmCached, MM_ALLOCATE_FULLY_REQUIRED);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	page = pfn_to_page(MmGetMdlPfnArray(mdl)[0]);
	get_page(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

/* Memory that is no MDL with pages, and one that is freed already, must be left alone. */
static void free_pool_of_other_memory_frees_nothing(struct kunit *test)
{
	PMDL mdl = mdl_alloc_pages(0, ALL, 0, SZ_4K, MmCached, MM_ALLOCATE_FULLY_REQUIRED);
	void *memory = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
	PMDL other = IoAllocateMdl(memory, SZ_4K, FALSE, FALSE, NULL);
	char stack[64] = "stack";

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_NOT_NULL(test, other);
	ExFreePool(stack);
	KUNIT_EXPECT_STREQ(test, stack, "stack");
	ExFreePool(memory);
	ExFreePool(memory + 64);
	ExFreePool((u8 *)mdl + 8);
	ExFreePool(other);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(other), (ULONG)SZ_4K);
	IoFreeMdl(other);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	ExFreePool(mdl);	/* a second free is reported */
}

static struct kunit_case wdm_mdl_pages_cache_cases[] = {
	KUNIT_CASE(large_mdl_is_freed_at_dispatch),
	KUNIT_CASE_PARAM(cache_type_is_applied_when_mapped, cache_gen_params),
	KUNIT_CASE(get_system_address_keeps_the_cache_type),
	KUNIT_CASE(part_and_whole_of_uncached_pages),
	KUNIT_CASE(no_write_of_uncached_pages),
	KUNIT_CASE(uncached_pages_at_dispatch),
	KUNIT_CASE_PARAM(uncached_pages_of_an_mdl_freed_at_dispatch, late_gen_params),
	KUNIT_CASE(balloon_pages_stay_cached),
	KUNIT_CASE(freeing_without_unmapping_first_is_accepted),
	KUNIT_CASE(freeing_pages_of_other_mdls_is_refused),
	KUNIT_CASE(other_ways_of_undoing_are_refused),
	KUNIT_CASE(free_pool_does_not_free_the_pages),
	KUNIT_CASE(free_mdl_frees_the_pages_too),
	KUNIT_CASE(free_pool_of_other_memory_frees_nothing),
	{}
};

static struct kunit_suite wdm_mdl_pages_cache_suite = {
	.name = "wdmdma_wdm_mdl_pages_cache",
	.test_cases = wdm_mdl_pages_cache_cases,
};

kunit_test_suite(wdm_mdl_pages_cache_suite);
