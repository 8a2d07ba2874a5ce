// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_mdl.c: the life of an MDL, and ways A, B and D to fill it. Every page frame
 * number is compared with what the kernel itself says about the address.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "level.h"
#include "mdl.h"

#define RESIDENT	(MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL)
#define BLOCK		(6 * SZ_4K)

static PFN_NUMBER pfn_of(const void *va)
{
	return is_vmalloc_addr(va) ? vmalloc_to_pfn(va) : page_to_pfn(virt_to_page(va));
}

/* The MDL's page frames are those behind this address of the kernel, page by page. */
static void expect_pfns(struct kunit *test, PMDL mdl, const void *va)
{
	unsigned long i, nr = PFN_UP(offset_in_page(va) + MmGetMdlByteCount(mdl));

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ_MSG(test, MmGetMdlPfnArray(mdl)[i],
				    pfn_of(PTR_ALIGN_DOWN(va, SZ_4K) + i * SZ_4K), "page %lu", i);
}

/* Sizes and headers. */

static const struct size_row {
	const char *name;
	ULONG_PTR base;
	SIZE_T length;
	unsigned long pages;
} size_rows[] = {
	{ "nothing", 0, 0, 0 },
	{ "nothing, in the middle of a page", 0x10, 0, 1 },
	{ "1 byte", 0, 1, 1 },
	{ "last byte of a page", 0xfff, 1, 1 },
	{ "2 bytes across a border", 0xfff, 2, 2 },
	{ "a page", 0x10000, 4096, 1 },
	{ "a page and a byte", 0x10000, 4097, 2 },
	{ "a page, not aligned", 0x10001, 4096, 2 },
	{ "16 pages", 0x7000, 0x10000, 16 },
	{ "kernel address", 0xffff888000000ff0, 0x20, 2 },
	{ "Size above 16 bits", 0x800, 10000 * 4096UL, 10001 },
	{ "4 GiB - 4 KiB", 0, 0xfffff000, 0xfffff },
	{ "4 GiB - 1 on the last byte of a page", 0xfff, 0xffffffff, 0x100001 },
};

KUNIT_ARRAY_PARAM_DESC(size, size_rows, name);

static void size_of_mdl_counts_pages_touched(struct kunit *test)
{
	const struct size_row *row = test->param_value;

	KUNIT_EXPECT_EQ(test, MmSizeOfMdl((PVOID)row->base, row->length), 0x30 + 8 * row->pages);
}

static void mdl_accessors_read_the_documented_fields(struct kunit *test)
{
	struct {
		MDL mdl;
		PFN_NUMBER pfns[2];
	} list = {
		.mdl.StartVa = (PVOID)0x7000,
		.mdl.ByteOffset = 0x123,
		.mdl.ByteCount = 0x1800,
		.pfns = { 0xabcde, 0x12345 },
	};

	KUNIT_EXPECT_PTR_EQ(test, MmGetMdlVirtualAddress(&list.mdl), (PVOID)0x7123);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(&list.mdl), 0x1800U);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(&list.mdl), 0x123U);
	KUNIT_EXPECT_PTR_EQ(test, MmGetMdlPfnArray(&list.mdl), &list.pfns[0]);
}

static void initialize_mdl_fills_the_header_only(struct kunit *test)
{
	const struct size_row *row = test->param_value;
	struct {
		MDL mdl;
		PFN_NUMBER pfn[1];
	} own;

	memset(&own, 0xa5, sizeof(own));
	MmInitializeMdl(&own.mdl, (PVOID)row->base, row->length);
	KUNIT_EXPECT_NULL(test, own.mdl.Next);
	KUNIT_EXPECT_EQ(test, own.mdl.Size, (CSHORT)MmSizeOfMdl((PVOID)row->base, row->length));
	KUNIT_EXPECT_EQ(test, own.mdl.MdlFlags, 0);
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)own.mdl.StartVa, row->base & ~0xfffUL);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(&own.mdl), (ULONG)(row->base & 0xfff));
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(&own.mdl), (ULONG)row->length);
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)MmGetMdlVirtualAddress(&own.mdl), row->base);
	KUNIT_EXPECT_PTR_EQ(test, MmGetMdlPfnArray(&own.mdl), &own.pfn[0]);
	/* Not touched. */
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)own.mdl.Process, 0xa5a5a5a5a5a5a5a5UL);
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)own.mdl.MappedSystemVa, 0xa5a5a5a5a5a5a5a5UL);
	KUNIT_EXPECT_EQ(test, own.pfn[0], 0xa5a5a5a5a5a5a5a5UL);
}

static void allocate_mdl_initializes_the_header(struct kunit *test)
{
	const struct size_row *row = test->param_value;
	PMDL mdl;

	if (row->length > 0xfffff000) {	/* above the limit */
		KUNIT_EXPECT_NULL(test, IoAllocateMdl((PVOID)row->base, row->length, FALSE, FALSE,
						      NULL));
		return;
	}
	mdl = mdl_alloc(test, (PVOID)row->base, row->length);
	KUNIT_EXPECT_NULL(test, mdl->Next);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (RESIDENT | MDL_MAPPED_TO_SYSTEM_VA), 0);
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)MmGetMdlVirtualAddress(mdl), row->base);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(mdl), (ULONG)(row->base & 0xfff));
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), (ULONG)row->length);
	if (row->pages)	/* there is room for that many: KASAN looks */
		MmGetMdlPfnArray(mdl)[row->pages - 1] = 1;
	IoFreeMdl(mdl);
}

static const struct allocate_row {
	const char *name;
	ULONG_PTR va;
	ULONG length;
	BOOLEAN secondary, quota, irp, good;
} allocate_rows[] = {
	{ "NULL address, 4 GiB - 4 KiB", 0, 0xfffff000, .good = TRUE },
	{ "ChargeQuota is ignored", 0, 1, .quota = TRUE, .good = TRUE },
	{ "one byte too long", 0, 0xfffff001 },
	{ "4 GiB - 1", 0, 0xffffffff },
	{ "wraps round", ~0xfffUL, 4097 },
	{ "wraps round by far", ~0UL, 0x10000 },
	{ "SecondaryBuffer without Irp", 0x1000, 4096, .secondary = TRUE },
	{ "Irp", 0x1000, 4096, .irp = TRUE },
	{ "Irp and SecondaryBuffer", 0x1000, 4096, .secondary = TRUE, .irp = TRUE },
};

KUNIT_ARRAY_PARAM_DESC(allocate, allocate_rows, name);

static void allocate_mdl_checks_its_arguments(struct kunit *test)
{
	const struct allocate_row *row = test->param_value;
	PIRP irp = row->irp ? (PIRP)test : NULL;
	PMDL mdl = IoAllocateMdl((PVOID)row->va, row->length, row->secondary, row->quota, irp);

	KUNIT_EXPECT_EQ(test, !!mdl, row->good);
	IoFreeMdl(mdl);
}

static void allocate_mdl_at_dispatch(struct kunit *test)
{
	PMDL mdl;

	local_bh_disable();
	mdl = IoAllocateMdl((PVOID)0x10, 100, FALSE, FALSE, NULL);
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), 100U);
	local_bh_disable();
	IoFreeMdl(mdl);
	local_bh_enable();
}

/* However large it is: freeing is for DISPATCH_LEVEL of any kind, a spin lock too. */
static void free_mdl_at_dispatch_when_it_is_large(struct kunit *test)
{
	unsigned long flags;
	PMDL mdl;

	mdl = mdl_alloc(test, NULL, 0xfffff000);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(mdl));
	local_bh_disable();
	IoFreeMdl(mdl);
	local_bh_enable();

	mdl = mdl_alloc(test, NULL, 0xfffff000);
	wdmdma_test_preempt_disable();
	IoFreeMdl(mdl);
	wdmdma_test_preempt_enable();

	mdl = mdl_alloc(test, NULL, 0xfffff000);
	flags = wdmdma_test_raise();
	IoFreeMdl(mdl);
	wdmdma_test_lower(flags);
}

static void free_mdl_frees_one_of_a_chain(struct kunit *test)
{
	PMDL first = mdl_alloc(test, (PVOID)0x1000, 1), second = mdl_alloc(test, (PVOID)0x2000, 2);

	first->Next = second;
	IoFreeMdl(first);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(second), 2U);	/* KASAN looks */
	IoFreeMdl(second);
	IoFreeMdl(NULL);
}

/* Way A, and way B for addresses of the kernel. */

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

/* A BLOCK of memory of any kind. @la is for memory_put(). */
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

/* Peer defect 23: a page frame number, not an address, and one in every element. */
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
		expect_pfns(test, mdl, va + spans[i].offset);
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
			expect_pfns(test, mdl, va + spans[i].offset);
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
	expect_pfns(test, mdl, va);
	local_bh_disable();
	MmUnlockPages(mdl);
	MmBuildMdlForNonPagedPool(mdl);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, MDL_SOURCE_IS_NONPAGED_POOL);
	IoFreeMdl(mdl);
}

/* The same page through several MDLs, of two ways. */
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
	expect_pfns(test, two, va + SZ_4K);
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

/* This thread has no user memory, like that of a process that is gone. */
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

/* A range that begins in memory and leaves it is refused as a whole. */
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

/* An MDL of the driver's own making may describe anything at all. */
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
	expect_pfns(test, mdl, va + 8);

	MmInitializeMdl(mdl, va, SZ_4K);	/* new: now it may be filled again */
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

static void null_and_empty_mdls_are_refused(struct kunit *test)
{
	PMDL mdl;

	MmBuildMdlForNonPagedPool(NULL);
	MmUnlockPages(NULL);
	MmPrepareMdlForReuse(NULL);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(NULL, KernelMode, IoReadAccess),
			STATUS_INVALID_PARAMETER);
	mdl = mdl_alloc(test, test, 0);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess),
			STATUS_INVALID_PARAMETER);
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

/* An initialized MDL in memory that has room for it and no more, and was used before. */
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
		expect_pfns(test, mdl, start);
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
		expect_pfns(test, part, middle);
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
	expect_pfns(test, mdl, va + 0xfff);
	MmUnlockPages(mdl);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & RESIDENT, 0);
}

/* Way D. */

static const struct partial_row {
	const char *name;
	ULONG offset;	/* from the start of the source: 4 pages from offset 0x100 of a page on */
	ULONG length;
	ULONG expect;	/* bytes described; 0 if refused */
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
	expect_pfns(test, target, start + row->offset);
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

	/* Way A: shares the address. */
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

	/* Way B, not mapped: has no address. Flags of the source are inherited, no others. */
	MmInitializeMdl(source, va, 4 * SZ_4K);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(source, KernelMode, IoReadAccess),
			STATUS_SUCCESS);
	source->MdlFlags |= MDL_IO_PAGE_READ;
	expect_part(test, source, target, va, row->expect);
	if (row->expect)
		KUNIT_EXPECT_EQ(test, target->MdlFlags & (inherited | MDL_PAGES_LOCKED),
				MDL_IO_PAGE_READ);
	source->MdlFlags &= ~MDL_IO_PAGE_READ;

	/* Way B, mapped: shares the mapping. */
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

/* 8186 to 8191 pages are those where Size, in its 16 bits, is less than the header. */
static const struct room_row {
	const char *name;
	unsigned long target, part;	/* pages */
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
		/* Used again, for less and for as much. */
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

/* A target whose pages are still locked would forget them. */
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
	expect_pfns(test, target, va + SZ_8K);
	MmUnlockPages(target);
	IoFreeMdl(target);
	IoFreeMdl(source);
}

/* Forbidden on MDLs of way D. */
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
	ULONG steps[3];	/* one after the other, from offset 0x100 of a page on, 3 pages long */
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
		expect_pfns(test, mdl, va);
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

/* Every allocation of the family fails once. */

static void allocate_and_free(struct kunit *test)
{
	IoFreeMdl(IoAllocateMdl(NULL, 0xfffff000, FALSE, FALSE, NULL));
	IoFreeMdl(IoAllocateMdl((PVOID)0x10, 100, FALSE, FALSE, NULL));
}

static void allocate_mdl_fails_cleanly(struct kunit *test)
{
	wdmdma_test_sweep(test, allocate_and_free);
}

static struct kunit_case wdm_mdl_cases[] = {
	KUNIT_CASE_PARAM(size_of_mdl_counts_pages_touched, size_gen_params),
	KUNIT_CASE(mdl_accessors_read_the_documented_fields),
	KUNIT_CASE_PARAM(initialize_mdl_fills_the_header_only, size_gen_params),
	KUNIT_CASE_PARAM(allocate_mdl_initializes_the_header, size_gen_params),
	KUNIT_CASE_PARAM(allocate_mdl_checks_its_arguments, allocate_gen_params),
	KUNIT_CASE(allocate_mdl_at_dispatch),
	KUNIT_CASE(free_mdl_at_dispatch_when_it_is_large),
	KUNIT_CASE(free_mdl_frees_one_of_a_chain),
	KUNIT_CASE_PARAM(build_fills_in_real_page_frames, kind_gen_params),
	KUNIT_CASE_PARAM(lock_of_kernel_memory, kind_gen_params),
	KUNIT_CASE(lock_of_kernel_memory_at_dispatch),
	KUNIT_CASE(pages_may_have_several_mdls),
	KUNIT_CASE_PARAM(build_refuses_what_is_not_the_kernels, foreign_gen_params),
	KUNIT_CASE_PARAM(lock_refuses_what_is_not_there, foreign_gen_params),
	KUNIT_CASE(ranges_that_leave_their_memory_are_refused),
	KUNIT_CASE(ranges_that_wrap_are_refused),
	KUNIT_CASE(filling_twice_is_refused),
	KUNIT_CASE(null_and_empty_mdls_are_refused),
	KUNIT_CASE(build_takes_static_memory_of_a_module),
	KUNIT_CASE(mdl_may_lie_in_memory_of_the_drivers_own),
	KUNIT_CASE(mdl_of_the_drivers_own_can_be_locked),
	KUNIT_CASE_PARAM(partial_mdl_describes_the_part, partial_gen_params),
	KUNIT_CASE(partial_mdl_of_what_is_not_locked_is_refused),
	KUNIT_CASE_PARAM(partial_mdl_has_to_have_room, room_gen_params),
	KUNIT_CASE(partial_mdl_does_not_overwrite_what_is_in_use),
	KUNIT_CASE(partial_mdl_is_not_locked_or_built),
	KUNIT_CASE_PARAM(advance_of_way_a, advance_gen_params),
	KUNIT_CASE_PARAM(advance_of_way_b, advance_gen_params),
	KUNIT_CASE_PARAM(advance_of_way_b_mapped, advance_gen_params),
	KUNIT_CASE(advance_refuses_null),
	KUNIT_CASE(allocate_mdl_fails_cleanly),
	{}
};

static struct kunit_suite wdm_mdl_suite = {
	.name = "wdmdma_wdm_mdl",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_mdl_cases,
};

kunit_test_suite(wdm_mdl_suite);
