// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways A and B to fill an MDL (wdm/wdm_mdl.c). The cases compare every page frame number with
 * the kernel's own for the address.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "level.h"
#include "mdl.h"

#define RESIDENT	(MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL)
#define BLOCK		(6 * SZ_4K)

/* Way A, and way B for kernel addresses. */

enum kind { KMALLOC, VMALLOC, CONTIGUOUS, CONTIGUOUS_UNCACHED, COMMON, COMMON_UNCACHED };

static const struct kind_row {
	const char *name;
	enum kind kind;
} kind_rows[] = {
	{ "kmalloc", KMALLOC },
	{ "vmalloc", VMALLOC },
	{ "contiguous, cached", CONTIGUOUS },
	{ "contiguous, uncached", CONTIGUOUS_UNCACHED },
	{ "common buffer, cached", COMMON },
	{ "common buffer, uncached", COMMON_UNCACHED },
};

KUNIT_ARRAY_PARAM_DESC(kind, kind_rows, name);

/* Allocate a BLOCK of memory of the given kind. memory_put() needs @la. */
static void *memory_get(struct kunit *test, enum kind kind, PHYSICAL_ADDRESS *la)
{
	PHYSICAL_ADDRESS zero = {}, all = { .QuadPart = -1 };
	struct wdmdma_fixture *f = test->priv;
	void *va;

	if (kind == KMALLOC)
		va = kmalloc(BLOCK, GFP_KERNEL);
	else if (kind == VMALLOC)
		va = vmalloc(BLOCK);
	else if (kind == CONTIGUOUS || kind == CONTIGUOUS_UNCACHED)
		va = MmAllocateContiguousMemorySpecifyCache(BLOCK, zero, all, zero,
							    kind == CONTIGUOUS ? MmCached :
									 MmNonCached);
	else
		va = f->ops->AllocateCommonBufferEx(f->adapter, NULL, BLOCK, la, kind == COMMON,
						    MM_ANY_NODE_OK);
	if (!va && (kind == CONTIGUOUS_UNCACHED || kind == COMMON_UNCACHED) &&
	    !wdmdma_test_can_uncache(f->dev))
		kunit_skip(test, "there is no such memory here");
	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

static void memory_put(struct kunit *test, enum kind kind, void *va, PHYSICAL_ADDRESS la)
{
	struct wdmdma_fixture *f = test->priv;

	if (kind == KMALLOC)
		kfree(va);
	else if (kind == VMALLOC)
		vfree(va);
	else if (kind == CONTIGUOUS || kind == CONTIGUOUS_UNCACHED)
		MmFreeContiguousMemory(va);
	else
		f->ops->FreeCommonBuffer(f->adapter, BLOCK, la, va, FALSE);
}

static const struct span {
	ULONG offset, length;
} spans[] = {
	{ 0, BLOCK }, { 0, 1 }, { 1, 10 }, { 0xfff, 1 }, { 0xfff, 2 }, { 100, SZ_4K },
	{ SZ_4K, SZ_4K }, { SZ_4K + 8, 2 * SZ_4K }, { 3 * SZ_4K - 1, SZ_8K + 2 },
	{ BLOCK - 1, 1 },
};

/* Every element must have a page frame number and not an address. */
static void build_fills_in_real_page_frames(struct kunit *test)
{
	const struct kind_row *row = test->param_value;
	PHYSICAL_ADDRESS la;
	void *va = memory_get(test, row->kind, &la);
	unsigned int i;
	PMDL mdl;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		mdl = mdl_alloc(test, va + spans[i].offset, spans[i].length);
		mdl->Process = (PEPROCESS)test;
		MmBuildMdlForNonPagedPool(mdl);
		KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (RESIDENT | MDL_MAPPED_TO_SYSTEM_VA),
				MDL_SOURCE_IS_NONPAGED_POOL);
		KUNIT_EXPECT_PTR_EQ(test, mdl->MappedSystemVa, va + spans[i].offset);
		KUNIT_EXPECT_NULL(test, mdl->Process);
		mdl_expect_pfns(test, mdl, va + spans[i].offset);
		KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority),
				    va + spans[i].offset);
		IoFreeMdl(mdl);
	}
	memory_put(test, row->kind, va, la);
}

static void lock_of_kernel_memory(struct kunit *test)
{
	static const LOCK_OPERATION operations[] = { IoReadAccess, IoWriteAccess, IoModifyAccess };
	const struct kind_row *row = test->param_value;
	PHYSICAL_ADDRESS la;
	void *va = memory_get(test, row->kind, &la);
	unsigned int i, o;
	PMDL mdl;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		mdl = mdl_alloc(test, va + spans[i].offset, spans[i].length);
		for (o = 0; o < ARRAY_SIZE(operations); o++) {
			KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, operations[o]),
					STATUS_SUCCESS);
			KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (RESIDENT | MDL_MAPPED_TO_SYSTEM_VA |
							       MDL_WRITE_OPERATION),
					MDL_PAGES_LOCKED | (operations[o] == IoReadAccess ? 0 :
							    MDL_WRITE_OPERATION));
			mdl_expect_pfns(test, mdl, va + spans[i].offset);
			MmUnlockPages(mdl);
			KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, 0);
		}
		IoFreeMdl(mdl);
	}
	memory_put(test, row->kind, va, la);
}

static void lock_of_kernel_memory_at_dispatch(struct kunit *test)
{
	void *va = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	NTSTATUS status;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = mdl_alloc(test, va, BLOCK);
	local_bh_disable();
	status = MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
	mdl_expect_pfns(test, mdl, va);
	local_bh_disable();
	MmUnlockPages(mdl);
	MmBuildMdlForNonPagedPool(mdl);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, MDL_SOURCE_IS_NONPAGED_POOL);
	IoFreeMdl(mdl);
}

/* The same page may be in several MDLs of both ways. */
static void pages_may_have_several_mdls(struct kunit *test)
{
	void *va = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	PMDL one, two, built;

	KUNIT_ASSERT_NOT_NULL(test, va);
	one = mdl_alloc(test, va, BLOCK);
	two = mdl_alloc(test, va + SZ_4K, SZ_4K);
	built = mdl_alloc(test, va, BLOCK);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(one, KernelMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(two, KernelMode, IoReadAccess), STATUS_SUCCESS);
	MmBuildMdlForNonPagedPool(built);
	MmUnlockPages(one);
	mdl_expect_pfns(test, two, va + SZ_4K);
	KUNIT_EXPECT_EQ(test, built->MdlFlags & RESIDENT, MDL_SOURCE_IS_NONPAGED_POOL);
	MmUnlockPages(two);
	IoFreeMdl(one);
	IoFreeMdl(two);
	IoFreeMdl(built);
}

static const struct foreign_row {
	const char *name;
	ULONG_PTR va;
	bool user;
} foreign_rows[] = {
	{ "NULL", 0, true },
	{ "user address", 0x400000, true },
	{ "last user page", 0x7fffffffe000, true },
	{ "user range into nowhere", 0x7fffffffeff0, true },
	{ "not canonical", 0x8000000000000000 },
	{ "unmapped vmalloc address", 1 },
	{ "linear address above all memory", 2 },
	{ "last page but one of all", ~0x1fffUL },
};

KUNIT_ARRAY_PARAM_DESC(foreign, foreign_rows, name);

static ULONG_PTR foreign_address(const struct foreign_row *row)
{
	if (row->va == 1)
		return VMALLOC_END - SZ_1M + 1;
	if (row->va == 2)
		return (ULONG_PTR)__va(1ULL << 42);
	return row->va;
}

static void build_refuses_what_is_not_the_kernels(struct kunit *test)
{
	PMDL mdl = mdl_alloc(test, (PVOID)foreign_address(test->param_value), 100);

	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (RESIDENT | MDL_MAPPED_TO_SYSTEM_VA), 0);
	KUNIT_EXPECT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	IoFreeMdl(mdl);
}

/* This thread has no user memory, like a thread whose process has exited. */
static void lock_refuses_what_is_not_there(struct kunit *test)
{
	PMDL mdl = mdl_alloc(test, (PVOID)foreign_address(test->param_value), 100);
	KPROCESSOR_MODE mode;

	for (mode = KernelMode; mode <= UserMode; mode++) {
		KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, mode, IoReadAccess),
				STATUS_ACCESS_VIOLATION);
		KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, 0);
	}
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
}

/* A range that starts in valid memory and leaves it must be refused as a whole. */
static void ranges_that_leave_their_memory_are_refused(struct kunit *test)
{
	void *va = vmalloc(SZ_8K);
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = mdl_alloc(test, va + 100, SZ_8K); /* a guard page follows */
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, 0);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess),
			STATUS_ACCESS_VIOLATION);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, 0);
	IoFreeMdl(mdl);
	vfree(va);
}

/* An MDL in the driver's memory may describe any range. */
static void ranges_that_wrap_are_refused(struct kunit *test)
{
	const ULONG_PTR starts[] = { ~0UL - 10, ~0xfffUL, TASK_SIZE_MAX - 100 };
	struct {
		MDL mdl;
		PFN_NUMBER pfn[4];
	} own = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		MmInitializeMdl(&own.mdl, (PVOID)starts[i], SZ_8K);
		MmBuildMdlForNonPagedPool(&own.mdl);
		KUNIT_EXPECT_EQ(test, own.mdl.MdlFlags & RESIDENT, 0);
		KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(&own.mdl, UserMode, IoReadAccess),
				STATUS_ACCESS_VIOLATION);
		KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(&own.mdl, KernelMode, IoReadAccess),
				STATUS_ACCESS_VIOLATION);
		KUNIT_EXPECT_EQ(test, own.mdl.MdlFlags & RESIDENT, 0);
	}
}

static void filling_twice_is_refused(struct kunit *test)
{
	void *va = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = mdl_alloc(test, va + 8, BLOCK - 8);
	MmBuildMdlForNonPagedPool(mdl);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess),
			STATUS_INVALID_PARAMETER);
	MmUnlockPages(mdl);	/* forbidden for way A */
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, MDL_SOURCE_IS_NONPAGED_POOL);
	KUNIT_EXPECT_PTR_EQ(test, mdl->MappedSystemVa, va + 8);
	mdl_expect_pfns(test, mdl, va + 8);

	MmInitializeMdl(mdl, va, SZ_4K);	/* the MDL is new and may be filled again */
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess),
			STATUS_INVALID_PARAMETER);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (RESIDENT | MDL_WRITE_OPERATION),
			MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
	MmUnlockPages(mdl);
	MmUnlockPages(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, 0);
	IoFreeMdl(mdl);
}

/* Static memory of a driver is nonpaged on Windows, too. */
static void build_takes_static_memory_of_a_module(struct kunit *test)
{
	static u8 memory[2 * SZ_4K];
	PMDL mdl = mdl_alloc(test, memory, sizeof(memory));

	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, MDL_SOURCE_IS_NONPAGED_POOL);
	KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(mdl)[0], vmalloc_to_pfn(memory));
	KUNIT_EXPECT_EQ(test, (u64)MmGetPhysicalAddress(&memory[5]).QuadPart,
			PFN_PHYS(vmalloc_to_pfn(&memory[5])) + offset_in_page(&memory[5]));
	IoFreeMdl(mdl);
}

/* Return an initialized MDL in memory that was used before and that has exactly the room for it. */
static PMDL own_mdl(struct kunit *test, void *va, ULONG length)
{
	SIZE_T size = MmSizeOfMdl(va, length);
	PMDL mdl = kunit_kmalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	memset(mdl, 0xa5, size);
	MmInitializeMdl(mdl, va, length);
	return mdl;
}

static void mdl_may_lie_in_memory_of_the_drivers_own(struct kunit *test)
{
	void *va = kunit_kmalloc(test, BLOCK, GFP_KERNEL), *start, *middle;
	PMDL mdl, part;
	unsigned int i;
	ULONG left;

	KUNIT_ASSERT_NOT_NULL(test, va);
	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		start = va + spans[i].offset;
		mdl = own_mdl(test, start, spans[i].length);
		MmBuildMdlForNonPagedPool(mdl);
		KUNIT_EXPECT_EQ(test, mdl->MdlFlags, MDL_SOURCE_IS_NONPAGED_POOL);
		KUNIT_EXPECT_NULL(test, mdl->Process);
		mdl_expect_pfns(test, mdl, start);
		KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority),
				    start);

		left = spans[i].length - spans[i].length / 2;
		middle = start + spans[i].length / 2;
		part = own_mdl(test, middle, left);
		IoBuildPartialMdl(mdl, part, middle, 0);
		KUNIT_EXPECT_EQ(test, part->MdlFlags & RESIDENT,
				MDL_PARTIAL | MDL_SOURCE_IS_NONPAGED_POOL);
		KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(part), left);
		KUNIT_EXPECT_PTR_EQ(test, MmGetMdlVirtualAddress(part), middle);
		mdl_expect_pfns(test, part, middle);
		KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(part, NormalPagePriority),
				    middle);
	}
}

static void mdl_of_the_drivers_own_can_be_locked(struct kunit *test)
{
	void *va = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = own_mdl(test, va + 0xfff, SZ_8K);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags, MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
	KUNIT_EXPECT_NULL(test, mdl->Process);
	mdl_expect_pfns(test, mdl, va + 0xfff);
	MmUnlockPages(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, 0);
}

static struct kunit_case wdm_mdl_fill_cases[] = {
	KUNIT_CASE_PARAM(build_fills_in_real_page_frames, kind_gen_params),
	KUNIT_CASE_PARAM(lock_of_kernel_memory, kind_gen_params),
	KUNIT_CASE(lock_of_kernel_memory_at_dispatch),
	KUNIT_CASE(pages_may_have_several_mdls),
	KUNIT_CASE_PARAM(build_refuses_what_is_not_the_kernels, foreign_gen_params),
	KUNIT_CASE_PARAM(lock_refuses_what_is_not_there, foreign_gen_params),
	KUNIT_CASE(ranges_that_leave_their_memory_are_refused),
	KUNIT_CASE(ranges_that_wrap_are_refused),
	KUNIT_CASE(filling_twice_is_refused),
	KUNIT_CASE(build_takes_static_memory_of_a_module),
	KUNIT_CASE(mdl_may_lie_in_memory_of_the_drivers_own),
	KUNIT_CASE(mdl_of_the_drivers_own_can_be_locked),
	{}
};

static struct kunit_suite wdm_mdl_fill_suite = {
	.name = "wdmdma_wdm_mdl_fill",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_mdl_fill_cases,
};

kunit_test_suite(wdm_mdl_fill_suite);
