// SPDX-License-Identifier: GPL-2.0-only
/* System addresses of MDLs (wdm/wdm_mdl_map.c). wdm_mdl_user_kunit.c has user memory. */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "lib/page_set.h"
#include "helpers.h"
#include "level.h"
#include "mdl.h"

/* Allocate pages of way C that are contiguous, or that are certainly not. */
static PMDL pages_get(struct kunit *test, unsigned int nr, bool contiguous)
{
	PHYSICAL_ADDRESS zero = {}, all = { .QuadPart = -1 };
	PPFN_NUMBER pfn;
	PMDL mdl;

	mdl = MmAllocatePagesForMdlEx(zero, all, zero, nr * SZ_4K, MmCached,
				      MM_ALLOCATE_FULLY_REQUIRED |
				      (contiguous ? MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS : 0));
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	pfn = MmGetMdlPfnArray(mdl);
	if (!contiguous && wdmdma_pfns_contiguous(pfn, nr))
		swap(pfn[0], pfn[1]);
	return mdl;
}

static PVOID map(PMDL mdl, ULONG priority)
{
	return MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, priority);
}

#ifdef CONFIG_X86
static bool has_pte_flag(const void *va, pteval_t flag)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)va, &level);

	return pte && pte_flags(*pte) & flag;
}
#endif

static const struct shape_row {
	const char *name;
	unsigned int pages;
	bool contiguous;
	ULONG offset, length;	/* of the mapped part, if not all pages are mapped */
} shape_rows[] = {
	{ "one page", 1, true },
	{ "16 contiguous pages", 16, true },
	{ "16 scattered pages", 16, false },
	{ "a part of contiguous pages", 4, true, 0x123, 0x2000 },
	{ "a part of scattered pages", 4, false, 0xfff, 2 },
	{ "last byte of scattered pages", 4, false, 0x3fff, 1 },
};

KUNIT_ARRAY_PARAM_DESC(shape, shape_rows, name);

static void mapping_shows_the_pages(struct kunit *test)
{
	const struct shape_row *row = test->param_value;
	PMDL all = pages_get(test, row->pages, row->contiguous), mdl = all;
	u8 *va;

	if (row->length) {
		mdl = mdl_alloc(test, (PVOID)(ULONG_PTR)row->offset, row->length);
		IoBuildPartialMdl(all, mdl, (PVOID)(ULONG_PTR)row->offset, row->length);
	}
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoExecute);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, offset_in_page(va), MmGetMdlByteOffset(mdl));
	KUNIT_EXPECT_PTR_EQ(test, mdl->MappedSystemVa, (PVOID)va);
	KUNIT_EXPECT_TRUE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	KUNIT_EXPECT_EQ(test, !!(mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED), mdl != all);
	mdl_expect_shows(test, mdl, va);
	/* Repeated calls must return the same mapping, which must be the only one. */
	KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(mdl, HighPagePriority), (PVOID)va);
	KUNIT_EXPECT_NULL(test, map(mdl, NormalPagePriority));
	KUNIT_EXPECT_PTR_EQ(test, mdl->MappedSystemVa, (PVOID)va);
#ifdef CONFIG_X86
	/* The mapping must not be executable. */
	KUNIT_EXPECT_TRUE(test, has_pte_flag(va, _PAGE_NX));
#endif

	MmUnmapLockedPages(va, mdl);
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA |
						  MDL_PARTIAL_HAS_BEEN_MAPPED));
	MmUnmapLockedPages(va, mdl);	/* a second time */
	va = map(mdl, LowPagePriority);	/* map again */
	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl_expect_shows(test, mdl, va);
	if (mdl != all)
		IoFreeMdl(mdl);		/* removes a partial MDL's own mapping */
	mdl_free_pages(all); /* removes the mapping otherwise */
}

static void mapping_ignores_what_windows_ignores(struct kunit *test)
{
	PMDL mdl = pages_get(test, 3, false);
	u8 *va = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmNonCached, test, TRUE,
					      NormalPagePriority | MdlMappingWithGuardPtes);

	/* CacheType must be ignored, because the pages have a cache type already. */
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_PTR_NE(test, va, (u8 *)test);
	mdl_expect_shows(test, mdl, va);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(va));
	mdl_free_pages(mdl);
}

static const struct no_write_row {
	const char *name;
	bool contiguous;
} no_write_rows[] = {
	{ "contiguous", true },
	{ "scattered", false },
};

KUNIT_ARRAY_PARAM_DESC(no_write, no_write_rows, name);

static void no_write_is_read_only(struct kunit *test)
{
	const struct no_write_row *row = test->param_value;
	PMDL mdl = pages_get(test, 3, row->contiguous);
	u8 *va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoWrite);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, va);
	for (i = 0; i < 3; i++) {
		u8 *linear = pfn_to_kaddr(MmGetMdlPfnArray(mdl)[i]);

		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_writable(va + i * SZ_4K));
		/* Only this mapping may be read-only. */
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_writable(linear));
		*linear = i + 1;
		KUNIT_EXPECT_EQ(test, va[i * SZ_4K], i + 1);
	}
	MmUnmapLockedPages(va, mdl);
	va = map(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl_expect_shows(test, mdl, va);
	mdl_free_pages(mdl);
}

static void mapping_into_user_space_is_refused(struct kunit *test)
{
	PMDL mdl = pages_get(test, 2, true);

	KUNIT_EXPECT_NULL(test, MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE,
							     NormalPagePriority));
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	mdl_free_pages(mdl);
}

static void mapping_of_what_has_no_pages_is_refused(struct kunit *test)
{
	PMDL mdl = mdl_alloc(test, test, 8);

	KUNIT_EXPECT_NULL(test, MmGetSystemAddressForMdlSafe(NULL, NormalPagePriority));
	KUNIT_EXPECT_NULL(test, map(NULL, NormalPagePriority));
	KUNIT_EXPECT_NULL(test, map(mdl, NormalPagePriority));
	KUNIT_EXPECT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	MmUnmapLockedPages(test, mdl);
	MmUnmapLockedPages(test, NULL);
	MmUnmapLockedPages(NULL, mdl);
	/* An MDL of way A has an address, and must not be mapped or unmapped. */
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_NULL(test, map(mdl, NormalPagePriority));
	MmUnmapLockedPages(test, mdl);
	MmPrepareMdlForReuse(mdl);
	KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority),
			    (PVOID)test);
	IoFreeMdl(mdl);
}

static void unmap_of_another_address_is_refused(struct kunit *test)
{
	PMDL mdl = pages_get(test, 3, false);
	u8 *va = map(mdl, NormalPagePriority);

	KUNIT_ASSERT_NOT_NULL(test, va);
	MmUnmapLockedPages(va + SZ_4K, mdl);
	MmUnmapLockedPages(va + 1, mdl);
	MmUnmapLockedPages(NULL, mdl);
	KUNIT_EXPECT_TRUE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	mdl_expect_shows(test, mdl, va);
	mdl_free_pages(mdl);
}

/*
 * The module has no pool of addresses, so at DISPATCH_LEVEL only pages that are contiguous in
 * the linear map can have an address.
 */
static void mapping_at_dispatch(struct kunit *test)
{
	PMDL near = pages_get(test, 4, true), far = pages_get(test, 4, false);
	PVOID near_va, far_va, read_only;

	local_bh_disable();
	near_va = MmGetSystemAddressForMdlSafe(near, NormalPagePriority);
	far_va = MmGetSystemAddressForMdlSafe(far, NormalPagePriority);
	read_only = MmGetSystemAddressForMdlSafe(far, NormalPagePriority | MdlMappingNoWrite);
	local_bh_enable();
	KUNIT_EXPECT_NOT_NULL(test, near_va);
	KUNIT_EXPECT_NULL(test, far_va);
	KUNIT_EXPECT_NULL(test, read_only);
	local_bh_disable();
	MmUnmapLockedPages(near_va, near);
	local_bh_enable();
	KUNIT_EXPECT_FALSE(test, near->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	mdl_free_pages(near);
	mdl_free_pages(far);
}

static bool goes_away(const void *va)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (!vmalloc_to_page(va))
			return true;
		msleep(20);
	}
	return false;
}

enum undo { UNMAP, FREE_PAGES, UNLOCK, FREE_PARTIAL, REUSE_PARTIAL };

static const struct undo_row {
	const char *name;
	enum undo undo;
	bool irqs_off;
} undo_rows[] = {
	{ "MmUnmapLockedPages", UNMAP },
	{ "MmUnmapLockedPages, interrupts off", UNMAP, true },
	{ "MmFreePagesFromMdl", FREE_PAGES },
	{ "MmUnlockPages", UNLOCK },
	{ "MmUnlockPages, interrupts off", UNLOCK, true },
	{ "IoFreeMdl of a partial MDL", FREE_PARTIAL },
	{ "MmPrepareMdlForReuse", REUSE_PARTIAL },
};

KUNIT_ARRAY_PARAM_DESC(undo, undo_rows, name);

static void undo(enum undo how, PMDL mdl, PVOID va)
{
	if (how == UNMAP)
		MmUnmapLockedPages(va, mdl);
	else if (how == FREE_PAGES)
		MmFreePagesFromMdl(mdl);
	else if (how == UNLOCK)
		MmUnlockPages(mdl);
	else if (how == FREE_PARTIAL)
		IoFreeMdl(mdl);
	else
		MmPrepareMdlForReuse(mdl);
}

/* The mapping may be removed a little later, but the MDL must not be mapped any more at once. */
static void mapping_is_removed_at_dispatch(struct kunit *test)
{
	const struct undo_row *row = test->param_value;
	bool partial = row->undo == FREE_PARTIAL || row->undo == REUSE_PARTIAL;
	PMDL pages = pages_get(test, 4, false), mdl = pages;
	void *memory = vmalloc(SZ_4K);
	unsigned long flags;
	PVOID va;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	if (row->undo == UNLOCK) {
		/*
		 * The MDL needs a mapping of its own even for one page, because the
		 * mapping is read-only.
		 */
		mdl = mdl_alloc(test, memory, SZ_4K);
		KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess),
				STATUS_SUCCESS);
	} else if (partial) {
		mdl = mdl_alloc(test, NULL, 2 * SZ_4K);
		IoBuildPartialMdl(pages, mdl, NULL, 2 * SZ_4K);
	}
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoWrite);
	KUNIT_ASSERT_NOT_NULL(test, va);
	if (row->irqs_off) {
		flags = wdmdma_test_raise();
		undo(row->undo, mdl, va);
		wdmdma_test_lower(flags);
	} else {
		local_bh_disable();
		undo(row->undo, mdl, va);
		local_bh_enable();
	}
	if (row->undo != FREE_PARTIAL)
		KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA |
							  MDL_PARTIAL_HAS_BEEN_MAPPED));
	KUNIT_EXPECT_TRUE(test, goes_away(va));
	if (row->undo == REUSE_PARTIAL || row->undo == UNLOCK)
		IoFreeMdl(mdl);
	if (row->undo != FREE_PAGES)
		MmFreePagesFromMdl(pages);
	ExFreePool(pages);
	vfree(memory);
}

/*
 * A partial MDL shares the mapping of its source or has a mapping of its own. It must only
 * remove its own mapping.
 */
static void partial_mdl_removes_only_its_own_mapping(struct kunit *test)
{
	PMDL source = pages_get(test, 4, false), other;
	PMDL part = mdl_alloc(test, (void *)0x10, 2 * SZ_4K);
	u8 *va, *own;

	IoBuildPartialMdl(source, part, (PVOID)0x1010, SZ_4K);
	own = MmGetSystemAddressForMdlSafe(part, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, own);
	KUNIT_EXPECT_FALSE(test, source->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	va = MmGetSystemAddressForMdlSafe(source, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_PTR_NE(test, va + 0x1010, own);
	mdl_expect_shows(test, part, own);
	KUNIT_EXPECT_EQ(test, memcmp(va + 0x1010, own, SZ_4K), 0);

	/*
	 * A target with a mapping of its own is in use. IoBuildPartialMdl must refuse such a
	 * target, because it would lose the mapping.
	 */
	IoBuildPartialMdl(source, part, (PVOID)0x2010, SZ_4K);
	KUNIT_EXPECT_TRUE(test, part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
	KUNIT_EXPECT_PTR_EQ(test, part->MappedSystemVa, (PVOID)own);
	MmPrepareMdlForReuse(part);
	KUNIT_EXPECT_FALSE(test, part->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	if (is_vmalloc_addr(own))
		KUNIT_EXPECT_NULL(test, vmalloc_to_page(own));

	/* The source is mapped now, so the target must share the mapping. */
	IoBuildPartialMdl(source, part, (PVOID)0x2010, SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(part, NormalPagePriority),
			    (PVOID)(va + 0x2010));
	KUNIT_EXPECT_FALSE(test, part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
	MmUnmapLockedPages(va + 0x2010, part);
	MmPrepareMdlForReuse(part);
	mdl_expect_shows(test, part, va + 0x2010);

	/* A partial MDL of a partial MDL. */
	other = mdl_alloc(test, NULL, 2 * SZ_4K);
	IoBuildPartialMdl(part, other, (PVOID)0x2ff0, 0x20);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(other), 0x20U);
	KUNIT_EXPECT_PTR_EQ(test, other->MappedSystemVa, (PVOID)(va + 0x2ff0));
	KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(other)[1], MmGetMdlPfnArray(source)[3]);
	IoFreeMdl(other);
	IoFreeMdl(part);
	mdl_expect_shows(test, source, va);
	mdl_free_pages(source);
}

/* Failures at every point. */

static PMDL sweep_mdl;

static void map_and_unmap(struct kunit *test)
{
	PVOID va = map(sweep_mdl, NormalPagePriority);

	KUNIT_EXPECT_EQ(test, !!va, !!(sweep_mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA));
	if (va)
		MmUnmapLockedPages(va, sweep_mdl);
}

static void mapping_fails_cleanly(struct kunit *test)
{
	sweep_mdl = pages_get(test, 4, false);
	wdmdma_test_sweep(test, map_and_unmap);
	mdl_free_pages(sweep_mdl);
}

static struct kunit_case wdm_mdl_map_cases[] = {
	KUNIT_CASE_PARAM(mapping_shows_the_pages, shape_gen_params),
	KUNIT_CASE(mapping_ignores_what_windows_ignores),
	KUNIT_CASE_PARAM(no_write_is_read_only, no_write_gen_params),
	KUNIT_CASE(mapping_into_user_space_is_refused),
	KUNIT_CASE(mapping_of_what_has_no_pages_is_refused),
	KUNIT_CASE(unmap_of_another_address_is_refused),
	KUNIT_CASE(mapping_at_dispatch),
	KUNIT_CASE_PARAM(mapping_is_removed_at_dispatch, undo_gen_params),
	KUNIT_CASE(partial_mdl_removes_only_its_own_mapping),
	KUNIT_CASE(mapping_fails_cleanly),
	{}
};

static struct kunit_suite wdm_mdl_map_suite = {
	.name = "wdmdma_wdm_mdl_map",
	.test_cases = wdm_mdl_map_cases,
};

kunit_test_suite(wdm_mdl_map_suite);
