// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_mdl_map.c: system addresses of MDLs, and way B for user memory, whose pages
 * only a system address makes visible here.
 */
#include <linux/io.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "level.h"
#include "lib/page_set.h"
#include "mdl.h"

#define USER_PAGES	8

/* Pages of way C, contiguous or certainly not. */
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

/* The address shows these pages in this order: written there, read in the linear map. */
static void expect_shows(struct kunit *test, PMDL mdl, u8 *va)
{
	ULONG i, at, length = MmGetMdlByteCount(mdl);
	u8 *linear;

	for (i = 0; i < length; i += 61) {
		va[i] = i + 7;
		at = MmGetMdlByteOffset(mdl) + i;
		linear = pfn_to_kaddr(MmGetMdlPfnArray(mdl)[at / SZ_4K]);
		KUNIT_ASSERT_EQ_MSG(test, linear[at % SZ_4K], (u8)(i + 7), "byte %u", i);
	}
}

#ifdef CONFIG_X86
static bool has_pte_flag(const void *va, pteval_t flag)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)va, &level);

	return pte && pte_flags(*pte) & flag;
}
#endif

/* Mapping. */

static const struct shape_row {
	const char *name;
	unsigned int pages;
	bool contiguous;
	ULONG offset, length;	/* of the part that is mapped, when not all of it */
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
	expect_shows(test, mdl, va);
	/* Repeated calls return the same mapping, which is the only one. */
	KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(mdl, HighPagePriority), (PVOID)va);
	KUNIT_EXPECT_NULL(test, map(mdl, NormalPagePriority));
	KUNIT_EXPECT_PTR_EQ(test, mdl->MappedSystemVa, (PVOID)va);
#ifdef CONFIG_X86
	/* Peer defect 29: never executable. */
	KUNIT_EXPECT_TRUE(test, has_pte_flag(va, _PAGE_NX));
#endif

	MmUnmapLockedPages(va, mdl);
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA |
						  MDL_PARTIAL_HAS_BEEN_MAPPED));
	MmUnmapLockedPages(va, mdl);	/* twice */
	va = map(mdl, LowPagePriority);	/* and again */
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_shows(test, mdl, va);
	if (mdl != all)
		IoFreeMdl(mdl);		/* removes a partial MDL's own mapping */
	mdl_free_pages(all); /* and this the other one */
}

static void mapping_ignores_what_windows_ignores(struct kunit *test)
{
	PMDL mdl = pages_get(test, 3, false);
	u8 *va = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmNonCached, test, TRUE,
					      NormalPagePriority | MdlMappingWithGuardPtes);

	/* CacheType: the pages have one already. */
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_PTR_NE(test, va, (u8 *)test);
	expect_shows(test, mdl, va);
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
		/* Only there. */
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_writable(linear));
		*linear = i + 1;
		KUNIT_EXPECT_EQ(test, va[i * SZ_4K], i + 1);
	}
	MmUnmapLockedPages(va, mdl);
	va = map(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_shows(test, mdl, va);
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
	/* Way A has an address and is not to be mapped or unmapped. */
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
	expect_shows(test, mdl, va);
	mdl_free_pages(mdl);
}

/* Without a pool of addresses only what the linear map has can be had there. */
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

/* The mapping goes a little later, but for the MDL it is gone. */
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
		/* A mapping of its own even for one page, because it is read-only. */
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

/* A partial MDL shares its source's mapping, or has its own, which is the only one it removes. */
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
	expect_shows(test, part, own);
	KUNIT_EXPECT_EQ(test, memcmp(va + 0x1010, own, SZ_4K), 0);

	/* A target with a mapping of its own is in use: building would lose the mapping. */
	IoBuildPartialMdl(source, part, (PVOID)0x2010, SZ_4K);
	KUNIT_EXPECT_TRUE(test, part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
	KUNIT_EXPECT_PTR_EQ(test, part->MappedSystemVa, (PVOID)own);
	MmPrepareMdlForReuse(part);
	KUNIT_EXPECT_FALSE(test, part->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	if (is_vmalloc_addr(own))
		KUNIT_EXPECT_NULL(test, vmalloc_to_page(own));

	/* Now the source is mapped, and the target shares that. */
	IoBuildPartialMdl(source, part, (PVOID)0x2010, SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(part, NormalPagePriority),
			    (PVOID)(va + 0x2010));
	KUNIT_EXPECT_FALSE(test, part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
	MmUnmapLockedPages(va + 0x2010, part);
	MmPrepareMdlForReuse(part);
	expect_shows(test, part, va + 0x2010);

	/* A part of a part. */
	other = mdl_alloc(test, NULL, 2 * SZ_4K);
	IoBuildPartialMdl(part, other, (PVOID)0x2ff0, 0x20);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(other), 0x20U);
	KUNIT_EXPECT_PTR_EQ(test, other->MappedSystemVa, (PVOID)(va + 0x2ff0));
	KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(other)[1], MmGetMdlPfnArray(source)[3]);
	IoFreeMdl(other);
	IoFreeMdl(part);
	expect_shows(test, source, va);
	mdl_free_pages(source);
}

/* User memory. */

/* Does DMA to the page have to be reckoned with? Good for single pages, as here. */
static bool is_pinned(struct page *page)
{
	return folio_maybe_dma_pinned(page_folio(page));
}

static const struct access_row {
	const char *name;
	bool writable;			/* the mapping */
	KPROCESSOR_MODE mode;
	LOCK_OPERATION operation;
	NTSTATUS status;
} access_rows[] = {
	{ "read of read-write", true, UserMode, IoReadAccess, STATUS_SUCCESS },
	{ "write of read-write", true, UserMode, IoWriteAccess, STATUS_SUCCESS },
	{ "modify of read-write", true, UserMode, IoModifyAccess, STATUS_SUCCESS },
	{ "write of read-write, KernelMode", true, KernelMode, IoWriteAccess, STATUS_SUCCESS },
	{ "read of read-only", false, UserMode, IoReadAccess, STATUS_SUCCESS },
	{ "write of read-only", false, UserMode, IoWriteAccess, STATUS_ACCESS_VIOLATION },
	{ "modify of read-only", false, UserMode, IoModifyAccess, STATUS_ACCESS_VIOLATION },
	{ "write of read-only, KernelMode", false, KernelMode, IoWriteAccess,
	  STATUS_ACCESS_VIOLATION },
};

KUNIT_ARRAY_PARAM_DESC(access, access_rows, name);

static void lock_checks_the_access(struct kunit *test)
{
	const struct access_row *row = test->param_value;
	unsigned long va =
		mdl_user_map(test, 2 * SZ_4K, PROT_READ | (row->writable ? PROT_WRITE : 0));
	PMDL mdl = mdl_alloc(test, (void *)va + 0x123, SZ_4K);
	struct page *page;

	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, row->mode, row->operation), row->status);
	KUNIT_EXPECT_EQ(test, !!(mdl->MdlFlags & MDL_PAGES_LOCKED), NT_SUCCESS(row->status));
	if (NT_SUCCESS(row->status)) {
		KUNIT_EXPECT_EQ(test, !!(mdl->MdlFlags & MDL_WRITE_OPERATION),
				row->operation != IoReadAccess);
		KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
		KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, row->mode, row->operation),
				STATUS_INVALID_PARAMETER);
		page = pfn_to_page(MmGetMdlPfnArray(mdl)[1]);
		KUNIT_EXPECT_TRUE(test, is_pinned(page));
		MmUnlockPages(mdl);
		KUNIT_EXPECT_FALSE(test, is_pinned(page));
		MmUnlockPages(mdl);
	}
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_PAGES_LOCKED);
	IoFreeMdl(mdl);
}

/* The process and the system address see the same bytes, the right way round. */
static void user_and_system_address_share_the_pages(struct kunit *test)
{
	static const char there[] = "across a page border", back[] = "and back to the user";
	unsigned long va = mdl_user_map(test, USER_PAGES * SZ_4K, PROT_READ | PROT_WRITE);
	PMDL mdl = mdl_alloc(test, (void *)va + 0x80, USER_PAGES * SZ_4K - 0x100);
	unsigned long at = 3 * SZ_4K - 8;
	char got[32];
	u8 *system;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, system);
	KUNIT_EXPECT_EQ(test, offset_in_page(system), 0x80UL);
	KUNIT_EXPECT_EQ(test, copy_to_user((void __user *)(va + at), there, sizeof(there)), 0UL);
	KUNIT_EXPECT_STREQ(test, (char *)(system + at - 0x80), there);
	strscpy((char *)(system + at - 0x80), back, sizeof(back));
	KUNIT_EXPECT_EQ(test, copy_from_user(got, (void __user *)(va + at), sizeof(back)), 0UL);
	KUNIT_EXPECT_STREQ(test, got, back);
	MmUnlockPages(mdl);	/* drops the mapping, too */
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_PAGES_LOCKED));
	IoFreeMdl(mdl);
}

/* Only the pages are guaranteed: the user may unmap them meanwhile. */
static void user_may_unmap_locked_pages(struct kunit *test)
{
	unsigned long va = mdl_user_map(test, SZ_8K, PROT_READ | PROT_WRITE);
	PMDL mdl = mdl_alloc(test, (void *)va, SZ_8K);
	u8 *system;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, put_user(0x5a, (u8 __user *)(va + SZ_4K)), 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(va, SZ_8K), 0);
	system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, system);
	KUNIT_EXPECT_EQ(test, system[SZ_4K], 0x5a);
	expect_shows(test, mdl, system);
	MmUnlockPages(mdl);
	/* The address is nobody's now, like that of another process. */
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoReadAccess),
			STATUS_ACCESS_VIOLATION);
	IoFreeMdl(mdl);
}

/* A failure half way leaves no page pinned. */
static void lock_with_a_hole_pins_nothing(struct kunit *test)
{
	unsigned long va = mdl_user_map(test, USER_PAGES * SZ_4K, PROT_READ | PROT_WRITE);
	PMDL all = mdl_alloc(test, (void *)va, USER_PAGES * SZ_4K);
	PMDL first = mdl_alloc(test, (void *)va, 4 * SZ_4K);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(first, UserMode, IoWriteAccess), STATUS_SUCCESS);
	MmUnlockPages(first);
	KUNIT_ASSERT_EQ(test, vm_munmap(va + 4 * SZ_4K, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(all, UserMode, IoWriteAccess),
			STATUS_ACCESS_VIOLATION);
	KUNIT_EXPECT_FALSE(test, all->MdlFlags & (MDL_PAGES_LOCKED | MDL_WRITE_OPERATION));
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(first, UserMode, IoReadAccess), STATUS_SUCCESS);
	MmUnlockPages(first);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_FALSE(test, is_pinned(pfn_to_page(MmGetMdlPfnArray(first)[i])));
	IoFreeMdl(first);
	IoFreeMdl(all);
}

static void lock_of_a_kernel_address_for_a_user_is_refused(struct kunit *test)
{
	PMDL mdl = mdl_alloc(test, test, 8);

	mdl_user_map(test, SZ_4K, PROT_READ);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoReadAccess),
			STATUS_ACCESS_VIOLATION);
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_PAGES_LOCKED);
	IoFreeMdl(mdl);
}

/* The same page locked twice stays until the last unlock. */
static void user_page_stays_until_the_last_unlock(struct kunit *test)
{
	unsigned long va = mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE);
	PMDL one = mdl_alloc(test, (void *)va, 100), two = mdl_alloc(test, (void *)va + 50, 100);
	struct page *page;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(one, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(two, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(one)[0], MmGetMdlPfnArray(two)[0]);
	page = pfn_to_page(MmGetMdlPfnArray(one)[0]);
	MmUnlockPages(one);
	KUNIT_EXPECT_TRUE(test, is_pinned(page));
	MmUnlockPages(two);
	KUNIT_EXPECT_FALSE(test, is_pinned(page));
	IoFreeMdl(one);
	IoFreeMdl(two);
}

static void user_memory_at_dispatch(struct kunit *test)
{
	unsigned long va = mdl_user_map(test, SZ_8K, PROT_READ | PROT_WRITE);
	PMDL mdl = mdl_alloc(test, (void *)va, SZ_8K);
	struct page *page;
	NTSTATUS status;

	local_bh_disable();
	status = MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
	local_bh_enable();
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(status));
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_PAGES_LOCKED);

	/* Unlocking is for DISPATCH_LEVEL. */
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	page = pfn_to_page(MmGetMdlPfnArray(mdl)[1]);
	local_bh_disable();
	MmUnlockPages(mdl);
	local_bh_enable();
	KUNIT_EXPECT_FALSE(test, is_pinned(page));
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA));
	IoFreeMdl(mdl);
}

/* IoFreeMdl of a locked MDL is an error of the driver; the pages are given back. */
static void free_of_a_locked_mdl_unlocks(struct kunit *test)
{
	unsigned long va = mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE);
	PMDL mdl = mdl_alloc(test, (void *)va, SZ_4K);
	struct page *page;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	page = pfn_to_page(MmGetMdlPfnArray(mdl)[0]);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	IoFreeMdl(mdl);
	KUNIT_EXPECT_FALSE(test, is_pinned(page));
}

/* Pages passed are unlocked at once; the rest, and the mapping, by MmUnlockPages. */
static void advance_unlocks_user_pages_passed(struct kunit *test)
{
	unsigned long va = mdl_user_map(test, USER_PAGES * SZ_4K, PROT_READ | PROT_WRITE), at;
	static const ULONG steps[] = { 0xffe, 1, 1, SZ_8K, SZ_4K + 5 };
	PMDL mdl = mdl_alloc(test, (void *)va, USER_PAGES * SZ_4K);
	struct page *pages[USER_PAGES];
	unsigned int i, s, mapped;
	u8 *system = NULL, *first;

	for (mapped = 0; mapped <= 1; mapped++) {
		MmInitializeMdl(mdl, (PVOID)va, USER_PAGES * SZ_4K);
		KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess),
				STATUS_SUCCESS);
		for (i = 0; i < USER_PAGES; i++)
			pages[i] = pfn_to_page(MmGetMdlPfnArray(mdl)[i]);
		if (mapped)
			system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
		first = system;
		for (s = 0, at = 0; s < ARRAY_SIZE(steps); s++) {
			KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, steps[s]), STATUS_SUCCESS);
			at += steps[s];
			system += mapped ? steps[s] : 0;
			for (i = 0; i < USER_PAGES; i++)
				KUNIT_EXPECT_EQ_MSG(test, is_pinned(pages[i]),
						    i >= at / SZ_4K, "page %u at %lu", i, at);
			if (mapped)
				expect_shows(test, mdl, system);
		}
		MmUnlockPages(mdl);
		for (i = 0; i < USER_PAGES; i++)
			KUNIT_EXPECT_FALSE(test, is_pinned(pages[i]));
		if (mapped && is_vmalloc_addr(first))
			KUNIT_EXPECT_NULL(test, vmalloc_to_page(first));
	}
	IoFreeMdl(mdl);
}

/* Failures at every point. */

static unsigned long sweep_va;

static void lock_map_and_unlock(struct kunit *test)
{
	PMDL mdl = IoAllocateMdl((PVOID)sweep_va, SZ_8K, FALSE, FALSE, NULL);
	NTSTATUS status;
	PVOID va;

	sweep_va += SZ_8K;	/* pages that are not there yet */
	if (!mdl)
		return;
	status = MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
	if (NT_SUCCESS(status)) {
		va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoWrite);
		KUNIT_EXPECT_EQ(test, !!va, !!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA));
		MmUnlockPages(mdl);
	} else {
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
	}
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_PAGES_LOCKED));
	IoFreeMdl(mdl);
}

static void user_memory_fails_cleanly(struct kunit *test)
{
	sweep_va = mdl_user_map(test, SZ_16M, PROT_READ | PROT_WRITE);
	wdmdma_test_sweep(test, lock_map_and_unlock);
}

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
	KUNIT_CASE_PARAM(lock_checks_the_access, access_gen_params),
	KUNIT_CASE(user_and_system_address_share_the_pages),
	KUNIT_CASE(user_may_unmap_locked_pages),
	KUNIT_CASE(lock_with_a_hole_pins_nothing),
	KUNIT_CASE(lock_of_a_kernel_address_for_a_user_is_refused),
	KUNIT_CASE(user_page_stays_until_the_last_unlock),
	KUNIT_CASE(user_memory_at_dispatch),
	KUNIT_CASE(free_of_a_locked_mdl_unlocks),
	KUNIT_CASE(advance_unlocks_user_pages_passed),
	KUNIT_CASE(user_memory_fails_cleanly),
	KUNIT_CASE(mapping_fails_cleanly),
	{}
};

static struct kunit_suite wdm_mdl_map_suite = {
	.name = "wdmdma_wdm_mdl_map",
	.test_cases = wdm_mdl_map_cases,
};

kunit_test_suite(wdm_mdl_map_suite);
