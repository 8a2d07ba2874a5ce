// SPDX-License-Identifier: GPL-2.0-only
/* Reserved addresses for mappings of MDLs (wdm/wdm_reserved.c). */
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "lib/page_set.h"
#include "helpers.h"
#include "mdl.h"

#define TAG		0x76736552
#define OTHER_TAG	0x76736553

/* Allocate pages of way C that are contiguous, or that are certainly not. */
static PMDL pages_get(struct kunit *test, unsigned int nr, bool contiguous)
{
	PMDL mdl = mdl_alloc_pages(0, U64_MAX, 0, nr * SZ_4K, MmCached,
				   MM_ALLOCATE_FULLY_REQUIRED |
				   (contiguous ? MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS : 0));
	PPFN_NUMBER pfn;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	pfn = MmGetMdlPfnArray(mdl);
	if (!contiguous && wdmdma_pfns_contiguous(pfn, nr))
		swap(pfn[0], pfn[1]);
	return mdl;
}

static PVOID map(PVOID range, PMDL mdl)
{
	return MmMapLockedPagesWithReservedMapping(range, TAG, mdl, MmCached);
}

static void a_range_has_one_mapping_after_the_other(struct kunit *test)
{
	PVOID range = MmAllocateMappingAddress(4 * SZ_4K - 100, TAG);
	PMDL first = pages_get(test, 4, false), second = pages_get(test, 2, true);
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, range);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(range));
	va = map(range, first);
	KUNIT_EXPECT_NOT_NULL(test, va);
	KUNIT_EXPECT_PTR_EQ(test, first->MappedSystemVa, (PVOID)va);
	KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdl(first), (PVOID)va);
	mdl_expect_shows(test, first, va);
	/* The range is used, and the mapping stays as it is. */
	KUNIT_EXPECT_NULL(test, map(range, second));
	mdl_expect_shows(test, first, va);
	MmUnmapReservedMapping(va, TAG, first);
	KUNIT_EXPECT_FALSE(test, first->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	va = map(range, second);
	KUNIT_EXPECT_NOT_NULL(test, va);
	mdl_expect_shows(test, second, va);
	/* The start of the range names the mapping as well. */
	MmUnmapReservedMapping(range, TAG, second);
	KUNIT_EXPECT_FALSE(test, second->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	MmFreeMappingAddress(range, TAG);
	mdl_free_pages(first);
	mdl_free_pages(second);
}

static void the_offset_in_the_page_stays(struct kunit *test)
{
	PVOID range = MmAllocateMappingAddress(2 * SZ_4K, TAG);
	PMDL all = pages_get(test, 4, false);
	PMDL part = mdl_alloc(test, (PVOID)0x1ff0, 0x20);
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, range);
	IoBuildPartialMdl(all, part, (PVOID)0x1ff0, 0x20);
	va = map(range, part);
	KUNIT_EXPECT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, offset_in_page(va), 0xff0UL);
	mdl_expect_shows(test, part, va);
	/* Any address of the mapping's first page names it. */
	MmUnmapReservedMapping(va - 0xff0, TAG, part);
	KUNIT_EXPECT_FALSE(test, part->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	MmFreeMappingAddress(range, TAG);
	IoFreeMdl(part);
	mdl_free_pages(all);
}

/*
 * Two buffers in one page are mapped at their linear addresses, so their mappings share a page. An
 * unmap must end the mapping of its own MDL, whichever was made first.
 */
static const struct page_row {
	const char *name;
	ULONG second_tag;
	bool first_last;	/* unmap the first mapping last */
} page_rows[] = {
	{ "one driver", TAG, false },
	{ "one driver, the other way round", TAG, true },
	{ "two drivers", OTHER_TAG, false },
	{ "two drivers, the other way round", OTHER_TAG, true },
};

KUNIT_ARRAY_PARAM_DESC(page, page_rows, name);

static void mappings_in_one_page_are_told_apart(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	const ULONG tag[] = { TAG, row->second_tag };
	u8 *buffer = (u8 *)get_zeroed_page(GFP_KERNEL);
	PVOID range[2], va[2];
	PMDL mdl[2];
	unsigned int i, n;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	for (i = 0; i < 2; i++) {
		mdl[i] = mdl_alloc(test, buffer + i * 512, 512);
		KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl[i], KernelMode, IoWriteAccess),
				STATUS_SUCCESS);
		range[i] = MmAllocateMappingAddress(SZ_4K, tag[i]);
		va[i] = MmMapLockedPagesWithReservedMapping(range[i], tag[i], mdl[i], MmCached);
		KUNIT_ASSERT_PTR_EQ(test, va[i], (PVOID)(buffer + i * 512));
	}
	for (i = 0; i < 2; i++) {
		n = row->first_last ? 1 - i : i;
		MmUnmapReservedMapping(va[n], tag[n], mdl[n]);
		KUNIT_EXPECT_FALSE(test, mdl[n]->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
		/* The range is free again. */
		va[n] = MmMapLockedPagesWithReservedMapping(range[n], tag[n], mdl[n], MmCached);
		KUNIT_EXPECT_NOT_NULL(test, va[n]);
		MmUnmapReservedMapping(va[n], tag[n], mdl[n]);
		MmFreeMappingAddress(range[n], tag[n]);
		KUNIT_EXPECT_NULL(test, MmMapLockedPagesWithReservedMapping(range[n], tag[n],
									    mdl[n], MmCached));
		MmUnlockPages(mdl[n]);
		IoFreeMdl(mdl[n]);
	}
	free_page((unsigned long)buffer);
}

static void reservations_that_cannot_be_are_refused(struct kunit *test)
{
	PVOID late;

	KUNIT_EXPECT_NULL(test, MmAllocateMappingAddress(0, TAG));
	KUNIT_EXPECT_NULL(test, MmAllocateMappingAddress(SIZE_MAX, TAG));
	KUNIT_EXPECT_NULL(test, MmAllocateMappingAddress(1ULL << 50, TAG));
	local_bh_disable();
	late = MmAllocateMappingAddress(SZ_4K, TAG);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, late);
}

static void mappings_that_do_not_fit_are_refused(struct kunit *test)
{
	PVOID range = MmAllocateMappingAddress(2 * SZ_4K, TAG);
	PMDL fits = pages_get(test, 2, true), longer = pages_get(test, 3, true);
	PMDL empty = mdl_alloc(test, NULL, SZ_4K);

	KUNIT_ASSERT_NOT_NULL(test, range);
	KUNIT_EXPECT_NULL(test, map(range, longer));
	KUNIT_EXPECT_NULL(test, map(range, NULL));
	KUNIT_EXPECT_NULL(test, map(NULL, fits));
	KUNIT_EXPECT_NULL(test, map(test, fits));
	KUNIT_EXPECT_NULL(test, map(range + SZ_4K, fits));
	KUNIT_EXPECT_NULL(test, MmMapLockedPagesWithReservedMapping(range, OTHER_TAG, fits,
								    MmCached));
	KUNIT_EXPECT_NULL(test, MmMapLockedPagesWithReservedMapping(range, TAG, fits, 77));
	KUNIT_EXPECT_NULL(test, MmMapLockedPagesSpecifyCache(fits, KernelMode, MmNotMapped, NULL,
							     FALSE, 0));
	/* The pages of this one are not locked. */
	KUNIT_EXPECT_NULL(test, map(range, empty));
	KUNIT_EXPECT_FALSE(test, (fits->MdlFlags | longer->MdlFlags | empty->MdlFlags) &
			   MDL_MAPPED_TO_SYSTEM_VA);
	/* A refusal leaves the range free. */
	KUNIT_EXPECT_NOT_NULL(test, map(range, fits));
	MmUnmapReservedMapping(range, TAG, fits);
	MmFreeMappingAddress(range, TAG);
	IoFreeMdl(empty);
	mdl_free_pages(fits);
	mdl_free_pages(longer);
}

static void wrong_unmaps_change_nothing(struct kunit *test)
{
	PVOID range = MmAllocateMappingAddress(2 * SZ_4K, TAG);
	PMDL mdl = pages_get(test, 2, false), other = pages_get(test, 1, true);
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, range);
	MmUnmapReservedMapping(range, TAG, mdl);	/* not mapped yet */
	va = map(range, mdl);
	KUNIT_EXPECT_NOT_NULL(test, va);
	MmUnmapReservedMapping(va, OTHER_TAG, mdl);
	MmUnmapReservedMapping(va, TAG, other);
	MmUnmapReservedMapping(va, TAG, NULL);
	MmUnmapReservedMapping(NULL, TAG, mdl);
	MmUnmapReservedMapping(test, TAG, mdl);
	KUNIT_EXPECT_PTR_EQ(test, mdl->MappedSystemVa, (PVOID)va);
	mdl_expect_shows(test, mdl, va);
	/* The other call unmaps too, and then there is nothing to unmap. */
	MmUnmapLockedPages(va, mdl);
	MmUnmapReservedMapping(range, TAG, mdl);
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	KUNIT_EXPECT_NOT_NULL(test, map(range, other));
	MmUnmapReservedMapping(range, TAG, other);
	MmFreeMappingAddress(range, TAG);
	mdl_free_pages(mdl);
	mdl_free_pages(other);
}

static void wrong_frees_change_nothing(struct kunit *test)
{
	PVOID range = MmAllocateMappingAddress(SZ_4K, TAG);
	PMDL mdl = pages_get(test, 1, true);
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, range);
	MmFreeMappingAddress(range, OTHER_TAG);
	MmFreeMappingAddress(range + 1, TAG);
	MmFreeMappingAddress(NULL, TAG);
	MmFreeMappingAddress(test, TAG);
	local_bh_disable();
	MmFreeMappingAddress(range, TAG);
	local_bh_enable();
	va = map(range, mdl);
	KUNIT_EXPECT_NOT_NULL(test, va);
	MmFreeMappingAddress(range, TAG);	/* in use */
	mdl_expect_shows(test, mdl, va);
	MmUnmapReservedMapping(va, TAG, mdl);
	MmFreeMappingAddress(range, TAG);
	MmFreeMappingAddress(range, TAG);	/* a second time */
	KUNIT_EXPECT_NULL(test, map(range, mdl));
	mdl_free_pages(mdl);
}

/* Contiguous pages need no page tables, and so can be mapped where the caller must not sleep. */
static void contiguous_pages_are_mapped_at_dispatch(struct kunit *test)
{
	PVOID range = MmAllocateMappingAddress(4 * SZ_4K, TAG);
	PMDL contiguous = pages_get(test, 4, true), scattered = pages_get(test, 4, false);
	PVOID va, refused;

	KUNIT_ASSERT_NOT_NULL(test, range);
	local_bh_disable();
	refused = map(range, scattered);
	va = map(range, contiguous);
	MmUnmapReservedMapping(va, TAG, contiguous);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, refused);
	KUNIT_EXPECT_NOT_NULL(test, va);
	KUNIT_EXPECT_FALSE(test, contiguous->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	KUNIT_EXPECT_NOT_NULL(test, map(range, scattered));
	local_bh_disable();
	MmUnmapReservedMapping(range, TAG, scattered);
	local_bh_enable();
	KUNIT_EXPECT_FALSE(test, scattered->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	MmFreeMappingAddress(range, TAG);
	mdl_free_pages(contiguous);
	mdl_free_pages(scattered);
}

static void reserve_and_free(struct kunit *test)
{
	PVOID range = MmAllocateMappingAddress(64 * SZ_4K, TAG);

	if (range)
		MmFreeMappingAddress(range, TAG);
}

static void every_failure_is_clean(struct kunit *test)
{
	wdmdma_test_sweep(test, reserve_and_free);
}

static struct kunit_case wdm_reserved_cases[] = {
	KUNIT_CASE(a_range_has_one_mapping_after_the_other),
	KUNIT_CASE(the_offset_in_the_page_stays),
	KUNIT_CASE_PARAM(mappings_in_one_page_are_told_apart, page_gen_params),
	KUNIT_CASE(reservations_that_cannot_be_are_refused),
	KUNIT_CASE(mappings_that_do_not_fit_are_refused),
	KUNIT_CASE(wrong_unmaps_change_nothing),
	KUNIT_CASE(wrong_frees_change_nothing),
	KUNIT_CASE(contiguous_pages_are_mapped_at_dispatch),
	KUNIT_CASE(every_failure_is_clean),
	{}
};

static struct kunit_suite wdm_reserved_suite = {
	.name = "wdmdma_wdm_reserved",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_reserved_cases,
};

kunit_test_suite(wdm_reserved_suite);
