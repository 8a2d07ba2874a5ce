// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an MDL (wdm/wdm_mdl.c). wdm_mdl_fill_kunit.c and wdm_mdl_partial_kunit.c have
 * the ways to fill an MDL.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "level.h"
#include "mdl.h"

#define RESIDENT	(MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL)

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
	KUNIT_EXPECT_EQ(test, (USHORT)own.mdl.Size,
			min_t(SIZE_T, MmSizeOfMdl((PVOID)row->base, row->length),
			      WDMDMA_MDL_SIZE_MOST));
	KUNIT_EXPECT_EQ(test, own.mdl.MdlFlags, 0);
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)own.mdl.StartVa, row->base & ~0xfffUL);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(&own.mdl), (ULONG)(row->base & 0xfff));
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(&own.mdl), (ULONG)row->length);
	KUNIT_EXPECT_EQ(test, (ULONG_PTR)MmGetMdlVirtualAddress(&own.mdl), row->base);
	KUNIT_EXPECT_PTR_EQ(test, MmGetMdlPfnArray(&own.mdl), &own.pfn[0]);
	/* These fields must not be touched. */
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
	if (row->pages)	/* KASAN checks that there is room for all pages */
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

/*
 * A free must work at DISPATCH_LEVEL of any kind, and under a spin lock,
 * however large the MDL is.
 */
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
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(second), 2U);	/* KASAN checks */
	IoFreeMdl(second);
	IoFreeMdl(NULL);
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

/* Each allocation of these calls fails once. */

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
	KUNIT_CASE(null_and_empty_mdls_are_refused),
	KUNIT_CASE(allocate_mdl_fails_cleanly),
	{}
};

static struct kunit_suite wdm_mdl_suite = {
	.name = "wdmdma_wdm_mdl",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_mdl_cases,
};

kunit_test_suite(wdm_mdl_suite);
