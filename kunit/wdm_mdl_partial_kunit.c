// SPDX-License-Identifier: GPL-2.0-only
/* Partial MDLs, which are way D, and MmAdvanceMdl (wdm/wdm_mdl.c). */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "mdl.h"

#define RESIDENT	(MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL)
#define BLOCK		(6 * SZ_4K)

/* Way D. */

static const struct partial_row {
	const char *name;
	ULONG offset;	/* in the source, which has 4 pages at offset 0x100 of a page */
	ULONG length;
	ULONG expect;	/* bytes described, or 0 if refused */
} partial_rows[] = {
	{ "all of it", 0, 4 * SZ_4K, 4 * SZ_4K },
	{ "length 0: up to the end", 0, 0, 4 * SZ_4K },
	{ "length 0 in the middle", 0x1234, 0, 4 * SZ_4K - 0x1234 },
	{ "first byte", 0, 1, 1 },
	{ "last byte", 4 * SZ_4K - 1, 1, 1 },
	{ "second page on", 0xf00, SZ_4K, SZ_4K },
	{ "across a border", 0xeff, 2, 2 },
	{ "one byte past the end", 0, 4 * SZ_4K + 1, 0 },
	{ "begins at the end", 4 * SZ_4K, 1, 0 },
	{ "begins past the end", 4 * SZ_4K + 1, 1, 0 },
	{ "begins past the end, length 0", 5 * SZ_4K, 0, 0 },
	{ "begins before the start", -1, 10, 0 },
	{ "length wraps", 8, 0xffffffff, 0 },
};

KUNIT_ARRAY_PARAM_DESC(partial, partial_rows, name);

static void expect_part(struct kunit *test, PMDL source, PMDL target, void *start, ULONG expect)
{
	const struct partial_row *row = test->param_value;
	ULONG_PTR va = (ULONG_PTR)MmGetMdlVirtualAddress(source) + (LONG)row->offset;

	IoBuildPartialMdl(source, target, (PVOID)va, row->length);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(target), expect);
	if (!expect)
		return;
	KUNIT_EXPECT_NULL(test, target->Next);
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)MmGetMdlVirtualAddress(target), va);
	KUNIT_EXPECT_TRUE(test, target->MdlFlags & MDL_PARTIAL);
	KUNIT_EXPECT_FALSE(test, target->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
	mdl_expect_pfns(test, target, start + row->offset);
}

static void partial_mdl_describes_the_part(struct kunit *test)
{
	static const CSHORT inherited = MDL_IO_PAGE_READ | MDL_SOURCE_IS_NONPAGED_POOL |
					MDL_MAPPED_TO_SYSTEM_VA | MDL_IO_SPACE;
	const struct partial_row *row = test->param_value;
	void *block = kunit_kmalloc(test, BLOCK, GFP_KERNEL), *va = block + 0x100;
	PMDL source, target;

	KUNIT_ASSERT_NOT_NULL(test, block);
	source = mdl_alloc(test, va, 4 * SZ_4K);
	target = mdl_alloc(test, va, 5 * SZ_4K);

	/* A source of way A. The target must share its address. */
	MmBuildMdlForNonPagedPool(source);
	target->Next = source;
	target->MdlFlags |= MDL_ALLOCATED_FIXED_SIZE;
	expect_part(test, source, target, va, row->expect);
	if (row->expect) {
		KUNIT_EXPECT_PTR_EQ(test, target->MappedSystemVa, va + row->offset);
		KUNIT_EXPECT_EQ(test, target->MdlFlags & inherited, source->MdlFlags & inherited);
		KUNIT_EXPECT_TRUE(test, target->MdlFlags & MDL_ALLOCATED_FIXED_SIZE);
		KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(target, LowPagePriority),
				    va + row->offset);
	}

	/*
	 * A source of way B that is not mapped. The target must have no address, and must
	 * only inherit flags of the source.
	 */
	MmInitializeMdl(source, va, 4 * SZ_4K);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(source, KernelMode, IoReadAccess),
			STATUS_SUCCESS);
	source->MdlFlags |= MDL_IO_PAGE_READ;
	expect_part(test, source, target, va, row->expect);
	if (row->expect)
		KUNIT_EXPECT_EQ(test, target->MdlFlags & (inherited | MDL_PAGES_LOCKED),
				MDL_IO_PAGE_READ);
	source->MdlFlags &= ~MDL_IO_PAGE_READ;

	/* A source of way B that is mapped. The target must share the mapping. */
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(source, NormalPagePriority));
	expect_part(test, source, target, va, row->expect);
	if (row->expect)
		KUNIT_EXPECT_PTR_EQ(test, target->MappedSystemVa,
				    source->MappedSystemVa + row->offset);
	IoFreeMdl(target);
	MmUnlockPages(source);
	IoFreeMdl(source);
}

static void partial_mdl_of_what_is_not_locked_is_refused(struct kunit *test)
{
	PMDL source = mdl_alloc(test, test, 8), target = mdl_alloc(test, test, 8);

	IoBuildPartialMdl(source, target, test, 8);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(target), 0U);
	KUNIT_EXPECT_FALSE(test, target->MdlFlags & RESIDENT);
	IoBuildPartialMdl(NULL, target, test, 8);
	IoBuildPartialMdl(source, NULL, test, 8);
	IoFreeMdl(source);
	IoFreeMdl(target);
}

/* For 8186 to 8191 pages the 16 bits of Size hold less than the size of the header. */
static const struct room_row {
	const char *name;
	unsigned long target, part;	/* in pages */
	bool fits;
} room_rows[] = {
	{ "1 page of 1", 1, 1, true },
	{ "2 pages of 1", 1, 2, false },
	{ "8185 pages of 8185", 8185, 8185, true },
	{ "8186 pages of 8186", 8186, 8186, true },
	{ "9000 pages of 8186", 8186, 9000, false },
	{ "9000 pages of 8191", 8191, 9000, false },
	{ "9000 pages of 8192", 8192, 9000, false },
	{ "9000 pages of 9000", 9000, 9000, true },
};

KUNIT_ARRAY_PARAM_DESC(room, room_rows, name);

static void partial_mdl_has_to_have_room(struct kunit *test)
{
	const struct room_row *row = test->param_value;
	void *va = vmalloc(9000 * SZ_4K);
	PMDL source, target;

	KUNIT_ASSERT_NOT_NULL(test, va);
	source = mdl_alloc(test, va, 9000 * SZ_4K);
	target = mdl_alloc(test, NULL, row->target * SZ_4K);
	MmBuildMdlForNonPagedPool(source);
	IoBuildPartialMdl(source, target, va, row->part * SZ_4K);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(target), row->fits ? row->part * SZ_4K : 0U);
	if (row->fits) {
		/* Use the target again, for less and for as much. */
		IoBuildPartialMdl(source, target, va + SZ_4K, 1);
		KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(target), 1U);
		if (row->target < 8000) {
			IoBuildPartialMdl(source, target, va, row->part * SZ_4K);
			KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(target), row->part * SZ_4K);
		}
	}
	IoFreeMdl(target);
	IoFreeMdl(source);
	vfree(va);
}

/* A target must be refused while its pages are locked, because it would lose the pages. */
static void partial_mdl_does_not_overwrite_what_is_in_use(struct kunit *test)
{
	void *va = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	PMDL source, target;

	KUNIT_ASSERT_NOT_NULL(test, va);
	source = mdl_alloc(test, va, SZ_8K);
	target = mdl_alloc(test, va + SZ_8K, SZ_8K);
	MmBuildMdlForNonPagedPool(source);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(target, KernelMode, IoWriteAccess),
			STATUS_SUCCESS);
	IoBuildPartialMdl(source, target, va, SZ_4K);
	KUNIT_EXPECT_EQ(test, target->MdlFlags & RESIDENT, MDL_PAGES_LOCKED);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(target), (ULONG)SZ_8K);
	mdl_expect_pfns(test, target, va + SZ_8K);
	MmUnlockPages(target);
	IoFreeMdl(target);
	IoFreeMdl(source);
}

/* These calls must be refused for MDLs of way D. */
static void partial_mdl_is_not_locked_or_built(struct kunit *test)
{
	void *va = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	PMDL source, target;

	KUNIT_ASSERT_NOT_NULL(test, va);
	source = mdl_alloc(test, va, SZ_8K);
	target = mdl_alloc(test, va, SZ_8K);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(source, KernelMode, IoReadAccess),
			STATUS_SUCCESS);
	IoBuildPartialMdl(source, target, va + SZ_4K, 0);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(target, KernelMode, IoReadAccess),
			STATUS_INVALID_PARAMETER);
	MmBuildMdlForNonPagedPool(target);
	MmUnlockPages(target);
	KUNIT_EXPECT_EQ(test, target->MdlFlags & RESIDENT, MDL_PARTIAL);
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(target, SZ_4K + 1), STATUS_INVALID_PARAMETER_2);
	IoFreeMdl(target);
	KUNIT_EXPECT_EQ(test, source->MdlFlags & RESIDENT, MDL_PAGES_LOCKED);
	MmUnlockPages(source);
	IoFreeMdl(source);
}

/* MmAdvanceMdl. */

static const struct advance_row {
	const char *name;
	ULONG steps[3];	/* one after the other, for 3 pages at offset 0x100 of a page */
} advance_rows[] = {
	{ "nothing", { 0 } },
	{ "within the page", { 0x10, 0x10 } },
	{ "to the last byte of the page", { 0xeff } },
	{ "to the next page", { 0xf00 } },
	{ "over the border", { 0xf01 } },
	{ "page by page", { SZ_4K, SZ_4K } },
	{ "two pages, then a part", { SZ_8K, 0x800 } },
	{ "all", { 3 * SZ_4K } },
	{ "all in three steps", { 0x1f00, 0x1000, 0x100 } },
	{ "all but a byte", { 3 * SZ_4K - 1 } },
};

KUNIT_ARRAY_PARAM_DESC(advance, advance_rows, name);

enum advance_way { BUILT, LOCKED, LOCKED_AND_MAPPED };

static void advance(struct kunit *test, enum advance_way way)
{
	const struct advance_row *row = test->param_value;
	void *block = vmalloc(BLOCK), *va = block + 0x100;
	ULONG left = 3 * SZ_4K, i;
	u8 *system = NULL;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, block);
	for (i = 0; i < BLOCK; i += 4)
		*(u32 *)(block + i) = i;
	mdl = mdl_alloc(test, va, left);
	if (way == BUILT)
		MmBuildMdlForNonPagedPool(mdl);
	else
		KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess),
				STATUS_SUCCESS);
	if (way != LOCKED)
		system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);

	for (i = 0; i < ARRAY_SIZE(row->steps); i++) {
		KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, row->steps[i]), STATUS_SUCCESS);
		va += row->steps[i];
		left -= row->steps[i];
		KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), left);
		KUNIT_EXPECT_PTR_EQ(test, MmGetMdlVirtualAddress(mdl), va);
		KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(mdl), offset_in_page(va));
		mdl_expect_pfns(test, mdl, va);
		if (way == LOCKED)
			continue;
		system += row->steps[i];
		KUNIT_EXPECT_PTR_EQ(test, (u8 *)mdl->MappedSystemVa, system);
		if (left)
			KUNIT_EXPECT_EQ(test, memcmp(system, va, left), 0);
	}
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, left + 1), STATUS_INVALID_PARAMETER_2);
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, 0xffffffff), STATUS_INVALID_PARAMETER_2);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), left);
	if (way == LOCKED && left) {
		system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
		KUNIT_ASSERT_NOT_NULL(test, system);
		KUNIT_EXPECT_EQ(test, memcmp(system, va, left), 0);
	}
	if (way != BUILT)
		MmUnlockPages(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA, 0);
	IoFreeMdl(mdl);
	vfree(block);
}

static void advance_of_way_a(struct kunit *test)
{
	advance(test, BUILT);
}

static void advance_of_way_b(struct kunit *test)
{
	advance(test, LOCKED);
}

static void advance_of_way_b_mapped(struct kunit *test)
{
	advance(test, LOCKED_AND_MAPPED);
}

static void advance_refuses_null(struct kunit *test)
{
	KUNIT_EXPECT_NE(test, MmAdvanceMdl(NULL, 0), STATUS_SUCCESS);
}

static struct kunit_case wdm_mdl_partial_cases[] = {
	KUNIT_CASE_PARAM(partial_mdl_describes_the_part, partial_gen_params),
	KUNIT_CASE(partial_mdl_of_what_is_not_locked_is_refused),
	KUNIT_CASE_PARAM(partial_mdl_has_to_have_room, room_gen_params),
	KUNIT_CASE(partial_mdl_does_not_overwrite_what_is_in_use),
	KUNIT_CASE(partial_mdl_is_not_locked_or_built),
	KUNIT_CASE_PARAM(advance_of_way_a, advance_gen_params),
	KUNIT_CASE_PARAM(advance_of_way_b, advance_gen_params),
	KUNIT_CASE_PARAM(advance_of_way_b_mapped, advance_gen_params),
	KUNIT_CASE(advance_refuses_null),
	{}
};

static struct kunit_suite wdm_mdl_partial_suite = {
	.name = "wdmdma_wdm_mdl_partial",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_mdl_partial_cases,
};

kunit_test_suite(wdm_mdl_partial_suite);
