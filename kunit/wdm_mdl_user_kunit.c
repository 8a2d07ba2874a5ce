// SPDX-License-Identifier: GPL-2.0-only
/*
 * MDLs of user memory, which are way B (wdm/wdm_mdl_map.c). The cases see the pages only
 * through a system address.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "level.h"
#include "mdl.h"

#define USER_PAGES	8

/*
 * Return true if the page may be pinned for DMA. The result is exact for single pages,
 * which the cases use.
 */
static bool is_pinned(struct page *page)
{
	return folio_maybe_dma_pinned(page_folio(page));
}

static const struct access_row {
	const char *name;
	bool writable;			/* the user's mapping */
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

/* The process and the system address must see the same data in the same order. */
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
	MmUnlockPages(mdl);	/* removes the mapping, too */
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_PAGES_LOCKED));
	IoFreeMdl(mdl);
}

/* Only the pages must stay. The user may unmap the memory meanwhile. */
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
	mdl_expect_shows(test, mdl, system);
	MmUnlockPages(mdl);
	/* The address belongs to no mapping now, like an address of another process. */
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoReadAccess),
			STATUS_ACCESS_VIOLATION);
	IoFreeMdl(mdl);
}

/* A failure half way must leave no page pinned. */
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

/* A page that was locked twice must stay pinned until the last unlock. */
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

	/* MmUnlockPages must work at DISPATCH_LEVEL. */
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

/* IoFreeMdl of a locked MDL is an error of the driver, but the pages must be unlocked. */
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

/*
 * Pages that the MDL has passed must be unlocked at once. MmUnlockPages must unlock the
 * remaining pages and remove the mapping.
 */
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
				mdl_expect_shows(test, mdl, system);
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

	sweep_va += SZ_8K;	/* pages that are not present yet */
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

static struct kunit_case wdm_mdl_user_cases[] = {
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
	{}
};

static struct kunit_suite wdm_mdl_user_suite = {
	.name = "wdmdma_wdm_mdl_user",
	.test_cases = wdm_mdl_user_cases,
};

kunit_test_suite(wdm_mdl_user_suite);
