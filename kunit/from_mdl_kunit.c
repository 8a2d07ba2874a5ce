// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_common_buffer.c: CreateCommonBufferFromMdl for a device without an IOMMU: memory
 * has to be contiguous and within reach as it is, and its logical address is the
 * physical one.
 */
#include <kunit/device.h>
#include <linux/io.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "lib/page_set.h"
#include "mdl.h"

#define GARBAGE		((LONGLONG)0xdeadbeefcafef00d)
#define PAGES		8
#define BLOCK		(PAGES * SZ_4K)

#define CONFIG		DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION

static CONFIG limits(u64 first, u64 last)
{
	CONFIG config = { .ConfigType = CommonBufferConfigTypeLogicalAddressLimits };

	config.LogicalAddressLimits.MinimumAddress.QuadPart = first;
	config.LogicalAddressLimits.MaximumAddress.QuadPart = last;
	return config;
}

static CONFIG section(ULONGLONG offset, ULONG length)
{
	CONFIG config = { .ConfigType = CommonBufferConfigTypeSubSection };

	config.SubSection.Offset = offset;
	config.SubSection.Length = length;
	return config;
}

static CONFIG access(unsigned int type)
{
	CONFIG config = { .ConfigType = CommonBufferConfigTypeHardwareAccessPermissions };

	config.HardwareAccessType = type;
	return config;
}

static NTSTATUS create(struct kunit *test, PMDL mdl, CONFIG *configs, ULONG count,
		       PHYSICAL_ADDRESS *la)
{
	struct wdmdma_fixture *f = test->priv;

	la->QuadPart = GARBAGE;
	return f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, configs, count, la);
}

static void release(struct kunit *test, ULONG length, PHYSICAL_ADDRESS la, PVOID va)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->FreeCommonBuffer(f->adapter, length, la, va, TRUE);
}

static void expect_refused(struct kunit *test, PMDL mdl, CONFIG *configs, ULONG count,
			   NTSTATUS status)
{
	PHYSICAL_ADDRESS la;

	KUNIT_EXPECT_EQ(test, create(test, mdl, configs, count, &la), status);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void free_block(void *block)
{
	MmFreeContiguousMemory(block);
}

/* PAGES contiguous pages with a pattern in them, above 16 MiB. Freed with the test. */
static u8 *block_get(struct kunit *test)
{
	PHYSICAL_ADDRESS low = { .QuadPart = SZ_16M }, high = { .QuadPart = -1 }, none = {};
	u8 *block = MmAllocateContiguousMemorySpecifyCache(BLOCK, low, high, none, MmCached);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_block, block), 0);
	for (i = 0; i < BLOCK; i++)
		block[i] = i * 7 + i / SZ_4K;
	return block;
}

static void expect_untouched(struct kunit *test, const u8 *block)
{
	unsigned int i;

	for (i = 0; i < BLOCK; i++)
		KUNIT_ASSERT_EQ_MSG(test, block[i], (u8)(i * 7 + i / SZ_4K), "byte %u", i);
}

/* Way C, mapped if wanted; scattered for certain if not contiguous. */
static PMDL pages_get(struct kunit *test, bool contiguous, bool mapped)
{
	PHYSICAL_ADDRESS zero = {}, all = { .QuadPart = -1 };
	PPFN_NUMBER pfn;
	PMDL mdl;

	mdl = MmAllocatePagesForMdlEx(zero, all, zero, BLOCK, MmCached,
				      MM_ALLOCATE_FULLY_REQUIRED |
				      (contiguous ? MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS : 0));
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	pfn = MmGetMdlPfnArray(mdl);
	if (!contiguous && wdmdma_pfns_contiguous(pfn, PAGES))
		swap(pfn[PAGES - 1], pfn[PAGES - 2]);
	if (mapped)
		KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	return mdl;
}

/* Which part of one MDL. */

static const struct part_row {
	const char *name;
	ULONG start, length;	/* the MDL, within the block */
	bool section;
	ULONGLONG offset;	/* SubSection */
	ULONG bytes;
	bool good;
} part_rows[] = {
	{ "whole block", 0, BLOCK, .good = true },
	{ "one page", SZ_4K, SZ_4K, .good = true },
	{ "unaligned start", 0x10, SZ_8K - 0x10 },
	{ "unaligned start, whole pages long", 0x10, SZ_8K },
	{ "length no multiple", 0, SZ_8K - 1 },
	{ "one byte", 0, 1 },
	{ "no bytes", 0, 0 },
	{ "section: all", 0, BLOCK, true, 0, BLOCK, true },
	{ "section: first page", 0, BLOCK, true, 0, SZ_4K, true },
	{ "section: last page", 0, BLOCK, true, BLOCK - SZ_4K, SZ_4K, true },
	{ "section: in the middle", SZ_4K, SZ_16K, true, SZ_4K, SZ_8K, true },
	{ "section fits into a length that does not", 0, SZ_16K - 1, true, SZ_4K, SZ_8K, true },
	{ "section up to a length that does not fit", 0, SZ_16K - 1, true, SZ_8K, SZ_8K },
	{ "section past the end", 0, SZ_16K, true, SZ_16K, SZ_4K },
	{ "section far past the end", 0, SZ_16K, true, 1ULL << 32, SZ_4K },
	{ "section at the end of the space", 0, SZ_16K, true, ~0xfffULL, SZ_4K },
	{ "section over the end", 0, SZ_16K, true, 3 * SZ_4K, SZ_8K },
	{ "section misaligned", 0, SZ_16K, true, 0x10, SZ_4K },
	{ "section length misaligned", 0, SZ_16K, true, 0, SZ_4K + 1 },
	{ "section of no bytes", 0, SZ_16K, true, SZ_4K, 0 },
	{ "section of no bytes at the end", 0, SZ_16K, true, SZ_16K, 0 },
	{ "section as long as can be", 0, SZ_16K, true, SZ_4K, 0xfffff000 },
	{ "section of an unaligned start", 0x800, SZ_16K, true, 0, SZ_4K },
	{ "section offset that would align the start", 0x800, SZ_16K, true, 0x800, SZ_4K },
};

KUNIT_ARRAY_PARAM_DESC(part, part_rows, name);

static void whole_pages_of_one_mdl(struct kunit *test)
{
	const struct part_row *row = test->param_value;
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block + row->start, row->length);
	CONFIG config = section(row->offset, row->bytes);
	u64 expected = virt_to_phys(block) + row->start + (row->section ? row->offset : 0);
	PHYSICAL_ADDRESS la;

	if (row->good) {
		KUNIT_EXPECT_EQ(test, create(test, mdl, &config, row->section, &la),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, expected);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
		expect_untouched(test, block);
		release(test, row->section ? row->bytes : row->length, la,
			block + row->start + (row->section ? row->offset : 0));
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	} else {
		expect_refused(test, mdl, &config, row->section, STATUS_INVALID_PARAMETER);
	}
	expect_untouched(test, block);
	IoFreeMdl(mdl);
	expect_untouched(test, block);
}

/* Which part of a chain: of the block's pages 5-6, nothing, page 7 and a half... */

static const struct chain_row {
	const char *name;
	bool section;
	ULONGLONG offset;
	ULONG bytes;
	LONG page;		/* page of the block that the buffer begins with; -1: refused */
} chain_rows[] = {
	{ "no section", false, 0, 0, -1 },
	{ "all of the first MDL", true, 0, SZ_8K, 5 },
	{ "last page of the first MDL", true, SZ_4K, SZ_4K, 6 },
	{ "first page of the third MDL", true, SZ_8K, SZ_4K, 1 },
	{ "all of the third MDL", true, SZ_8K, 3 * SZ_4K, 1 },
	{ "end of the third MDL", true, SZ_16K, SZ_4K, 3 },
	{ "over the border", true, SZ_4K, SZ_8K, -1 },
	{ "over the next border", true, SZ_16K, SZ_8K, -1 },
	{ "all MDLs", true, 0, 5 * SZ_4K, -1 },
	{ "past the end", true, 6 * SZ_4K, SZ_4K, -1 },
	{ "far past the end", true, 1ULL << 40, SZ_4K, -1 },
	{ "fourth MDL, whose start is not aligned", true, 5 * SZ_4K, SZ_4K, -1 },
	{ "no bytes at a border", true, SZ_8K, 0, -1 },
	{ "misaligned", true, SZ_8K + 0x200, SZ_4K, -1 },
};

KUNIT_ARRAY_PARAM_DESC(chain, chain_rows, name);

static void one_mdl_of_a_chain(struct kunit *test)
{
	const struct chain_row *row = test->param_value;
	CONFIG config = section(row->offset, row->bytes);
	u8 *block = block_get(test);
	PHYSICAL_ADDRESS la;
	PMDL mdl[4];
	int i;

	mdl[0] = mdl_built(test, block + 5 * SZ_4K, SZ_8K);
	mdl[1] = mdl_built(test, block + 7 * SZ_4K, 0);
	mdl[2] = mdl_built(test, block + SZ_4K, 3 * SZ_4K);
	mdl[3] = mdl_built(test, block + 4 * SZ_4K + 0x800, SZ_4K);
	for (i = 0; i < 3; i++)
		mdl[i]->Next = mdl[i + 1];
	if (row->page < 0) {
		expect_refused(test, mdl[0], &config, row->section, STATUS_INVALID_PARAMETER);
	} else {
		KUNIT_EXPECT_EQ(test, create(test, mdl[0], &config, 1, &la), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block) + row->page * SZ_4K);
		release(test, row->bytes, la, block + row->page * SZ_4K);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
	for (i = 0; i < 4; i++)
		IoFreeMdl(mdl[i]);
	expect_untouched(test, block);
}

/* Offset counts bytes of buffers; what has to be aligned is where it leads, too. */
static void offset_counts_bytes_across_the_chain(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL first = mdl_built(test, block, SZ_8K - 0x800);
	PMDL second = mdl_built(test, block + 4 * SZ_4K + 0x800, SZ_8K);
	PMDL aligned = mdl_built(test, block + 4 * SZ_4K, SZ_8K);
	CONFIG config = section(SZ_8K, SZ_4K);
	PHYSICAL_ADDRESS la;

	first->Next = second;	/* 0x800 bytes into it, at offset 0x800 of a page */
	KUNIT_EXPECT_EQ(test, create(test, first, &config, 1, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block + 5 * SZ_4K));
	release(test, SZ_4K, la, block + 5 * SZ_4K);
	first->Next = aligned;
	expect_refused(test, first, &config, 1, STATUS_INVALID_PARAMETER);
	IoFreeMdl(first);
	IoFreeMdl(second);
	IoFreeMdl(aligned);
}

static void chain_that_is_a_loop_ends(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, SZ_4K), empty = mdl_built(test, block, 0);
	CONFIG config = section(1ULL << 50, SZ_4K);

	mdl->Next = mdl;
	expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	empty->Next = empty;
	config = section(0, SZ_4K);
	expect_refused(test, empty, &config, 1, STATUS_INVALID_PARAMETER);
	IoFreeMdl(mdl);
	IoFreeMdl(empty);
}

/* Ways to fill the MDL. */

static void pages_of_every_way_are_taken(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL locked = IoAllocateMdl(block, BLOCK, FALSE, FALSE, NULL);
	PMDL part = IoAllocateMdl(block, BLOCK, FALSE, FALSE, NULL);
	PMDL fresh = pages_get(test, true, true);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_NOT_NULL(test, locked);
	KUNIT_ASSERT_NOT_NULL(test, part);
	/* B: only once it is mapped, which is not done implicitly. */
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(locked, KernelMode, IoWriteAccess),
			STATUS_SUCCESS);
	expect_refused(test, locked, NULL, 0, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_FALSE(test, locked->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(locked, NormalPagePriority));
	KUNIT_EXPECT_EQ(test, create(test, locked, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block));
	release(test, BLOCK, la, locked->MappedSystemVa);
	/* D: nothing speaks against it. */
	IoBuildPartialMdl(locked, part, block + SZ_4K, SZ_8K);
	KUNIT_EXPECT_EQ(test, create(test, part, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block) + SZ_4K);
	release(test, SZ_8K, la, part->MappedSystemVa);
	/* C */
	KUNIT_EXPECT_EQ(test, create(test, fresh, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, PFN_PHYS(MmGetMdlPfnArray(fresh)[0]));
	release(test, BLOCK, la, fresh->MappedSystemVa);
	MmUnmapLockedPages(fresh->MappedSystemVa, fresh);
	expect_refused(test, fresh, NULL, 0, STATUS_INVALID_PARAMETER);

	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	expect_untouched(test, block);
	IoFreeMdl(part);
	MmUnlockPages(locked);
	expect_refused(test, locked, NULL, 0, STATUS_INVALID_PARAMETER);
	IoFreeMdl(locked);
	mdl_free_pages(fresh);
}

static void unfilled_mdls_are_refused(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL mdl = IoAllocateMdl(block, BLOCK, FALSE, FALSE, NULL), freed;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	/* Flags of the driver's do not help; page frames of old are not used. */
	mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	mdl->MdlFlags &= ~MDL_MAPPED_TO_SYSTEM_VA;
	IoFreeMdl(mdl);
	freed = pages_get(test, true, true);
	MmFreePagesFromMdl(freed);
	expect_refused(test, freed, NULL, 0, STATUS_INVALID_PARAMETER);
	ExFreePool(freed);
}

/* Peer defect 12: each page frame counts, and none behind the last is looked at. */
static void scattered_pages_are_refused(struct kunit *test)
{
	PMDL mdl = pages_get(test, false, true);
	PPFN_NUMBER pfn = MmGetMdlPfnArray(mdl);
	CONFIG config;
	PHYSICAL_ADDRESS la;
	unsigned int i;

	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	/* Every single page of it is contiguous. */
	for (i = 0; i < PAGES; i++) {
		config = section(i * SZ_4K, SZ_4K);
		KUNIT_EXPECT_EQ(test, create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, PFN_PHYS(pfn[i]));
		release(test, SZ_4K, la, mdl->MappedSystemVa + i * SZ_4K);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

static void only_the_last_page_elsewhere_is_refused(struct kunit *test)
{
	PMDL mdl = pages_get(test, true, true), other = pages_get(test, true, false);
	CONFIG config = section(0, BLOCK - SZ_4K);
	PHYSICAL_ADDRESS la;

	swap(MmGetMdlPfnArray(mdl)[PAGES - 1], MmGetMdlPfnArray(other)[PAGES / 2]);
	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
	release(test, BLOCK - SZ_4K, la, mdl->MappedSystemVa);
	mdl_free_pages(mdl);
	mdl_free_pages(other);
}

/* Memory of a device has no place in a common buffer. */
static void device_memory_is_refused(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, SZ_4K);
	void __iomem *registers = ioremap(0xfed00000, SZ_4K);	/* of the HPET on a PC */

	mdl->MdlFlags |= MDL_IO_SPACE;
	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	IoFreeMdl(mdl);
	KUNIT_ASSERT_TRUE(test, registers);
	mdl = mdl_built(test, (u8 __force *)registers, SZ_4K);
	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	IoFreeMdl(mdl);
	iounmap(registers);
}

/* Configurations. */

static const struct limit_row {
	const char *name;
	LONGLONG first, last;	/* relative to the buffer's first and last byte */
	bool absolute;
	bool good;
} limit_rows[] = {
	{ "none at all", 0, -1, true, true },
	{ "as a positive number", 0, S64_MAX, true, true },
	{ "exactly the buffer", 0, 0, false, true },
	{ "a page more on each side", -SZ_4K, SZ_4K, false, true },
	{ "first byte outside", 1, 0 },
	{ "last byte outside", 0, -1 },
	{ "first page outside", SZ_4K, SZ_4K },
	{ "last page outside", 0, -SZ_4K },
	{ "far below", 0x1000, 0xffff, true },
	{ "far above", 1LL << 50, -1, true },
	{ "upside down", 2, 1, true },
	{ "upside down, round the buffer", SZ_4K, -SZ_4K },
	{ "0 to 0", 0, 0, true },
};

KUNIT_ARRAY_PARAM_DESC(limit, limit_rows, name);

/* Inclusive at both ends, and unsigned. */
static void limits_have_to_hold_the_memory(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, SZ_8K);
	u64 pa = row->absolute ? 0 : virt_to_phys(block);
	CONFIG config = limits(pa + row->first,
			       row->absolute ? row->last : pa + SZ_8K - 1 + row->last);
	PHYSICAL_ADDRESS la;

	if (row->good) {
		KUNIT_EXPECT_EQ(test, create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block));
		release(test, SZ_8K, la, block);
	} else {
		expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	}
	IoFreeMdl(mdl);
}

static void reach_of_the_adapter_has_to_hold_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER narrow = wdmdma_test_second_adapter(test, 24), wide = f->adapter;
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, SZ_8K);
	CONFIG config = limits(0, -1);

	f->adapter = narrow;
	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	f->adapter = wide;
	f->ops->PutDmaAdapter(narrow);
	expect_untouched(test, block);	/* and not bounced either */
	IoFreeMdl(mdl);
}

static const struct config_row {
	const char *name;
	CONFIG configs[4];
	ULONG count;
	NTSTATUS status;
} config_rows[] = {
#define LIMITS { .ConfigType = CommonBufferConfigTypeLogicalAddressLimits, \
		 .LogicalAddressLimits.MaximumAddress.QuadPart = -1 }
#define SECTION { .ConfigType = CommonBufferConfigTypeSubSection, .SubSection.Length = SZ_8K }
#define ACCESS(type) { .ConfigType = CommonBufferConfigTypeHardwareAccessPermissions, \
		       .HardwareAccessType = (type) }
#define READ_WRITE ACCESS(CommonBufferHardwareAccessReadWrite)
	{ "array but count 0", { { .ConfigType = 77 } }, 0, STATUS_SUCCESS },
	{ "limits", { LIMITS }, 1, STATUS_SUCCESS },
	{ "read-write", { READ_WRITE }, 1, STATUS_SUCCESS },
	{ "one of each", { SECTION, READ_WRITE, LIMITS }, 3, STATUS_SUCCESS },
	{ "one of each, another order", { LIMITS, SECTION, READ_WRITE }, 3, STATUS_SUCCESS },
	{ "read-only", { ACCESS(CommonBufferHardwareAccessReadOnly) }, 1, STATUS_NOT_SUPPORTED },
	{ "write-only", { ACCESS(CommonBufferHardwareAccessWriteOnly) }, 1,
	  STATUS_NOT_SUPPORTED },
	{ "read-only and the rest", { LIMITS, ACCESS(CommonBufferHardwareAccessReadOnly),
	  SECTION }, 3, STATUS_NOT_SUPPORTED },
	{ "access 3", { ACCESS(CommonBufferHardwareAccessMax) }, 1, STATUS_INVALID_PARAMETER },
	{ "access -1", { ACCESS(-1) }, 1, STATUS_INVALID_PARAMETER },
	{ "type 3", { { .ConfigType = CommonBufferConfigTypeMax } }, 1,
	  STATUS_INVALID_PARAMETER },
	{ "type -1", { { .ConfigType = -1 } }, 1, STATUS_INVALID_PARAMETER },
	{ "type 64", { { .ConfigType = 64 } }, 1, STATUS_INVALID_PARAMETER },
	{ "good ones, then type 3", { LIMITS, SECTION, READ_WRITE,
	  { .ConfigType = CommonBufferConfigTypeMax } }, 4, STATUS_INVALID_PARAMETER },
	{ "limits twice", { LIMITS, LIMITS }, 2, STATUS_INVALID_PARAMETER },
	{ "section twice", { SECTION, SECTION }, 2, STATUS_INVALID_PARAMETER },
	{ "access twice", { READ_WRITE, READ_WRITE }, 2, STATUS_INVALID_PARAMETER },
	{ "access twice, one not supported", { ACCESS(CommonBufferHardwareAccessReadOnly),
	  READ_WRITE }, 2, STATUS_INVALID_PARAMETER },
	{ "limits twice, not in a row", { LIMITS, SECTION, LIMITS }, 3,
	  STATUS_INVALID_PARAMETER },
	/* One of four is a duplicate or unknown, so there is nothing to read behind it. */
	{ "huge count", { LIMITS, SECTION, READ_WRITE, LIMITS }, 0xffffffff,
	  STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(config, config_rows, name);

static void configurations_are_checked(struct kunit *test)
{
	const struct config_row *row = test->param_value;
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, SZ_8K);
	CONFIG configs[4];
	PHYSICAL_ADDRESS la;

	memcpy(configs, row->configs, sizeof(configs));
	if (NT_SUCCESS(row->status)) {
		KUNIT_EXPECT_EQ(test, create(test, mdl, configs, row->count, &la), row->status);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block));
		release(test, SZ_8K, la, block);
	} else {
		expect_refused(test, mdl, configs, row->count, row->status);
	}
	KUNIT_EXPECT_EQ(test, memcmp(configs, row->configs, sizeof(configs)), 0);
	IoFreeMdl(mdl);
}

static void null_arguments_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, SZ_4K);
	CONFIG config = access(CommonBufferHardwareAccessReadWrite);
	PHYSICAL_ADDRESS la = { .QuadPart = GARBAGE };

	expect_refused(test, mdl, NULL, 1, STATUS_INVALID_PARAMETER);
	expect_refused(test, mdl, NULL, 0xffffffff, STATUS_INVALID_PARAMETER);
	expect_refused(test, NULL, NULL, 0, STATUS_INVALID_PARAMETER);
	expect_refused(test, NULL, &config, 1, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, NULL, 0, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl(NULL, mdl, NULL, 0, &la),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	la.QuadPart = GARBAGE;
	KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl((PDMA_ADAPTER)test, mdl, NULL, 0,
								&la), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	IoFreeMdl(mdl);
}

static void create_at_dispatch_is_refused(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, SZ_4K);
	PHYSICAL_ADDRESS la;
	NTSTATUS status;

	local_bh_disable();
	status = create(test, mdl, NULL, 0, &la);
	local_bh_enable();
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(status));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	IoFreeMdl(mdl);
}

/* What was locked for reading only must not be given to a device that may write. */
static void read_locked_pages_are_refused(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL mdl = IoAllocateMdl(block, SZ_8K, FALSE, FALSE, NULL);
	CONFIG config = access(CommonBufferHardwareAccessReadWrite);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
}

/* One memory, several buffers. */

static void second_buffer_on_the_same_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER other = wdmdma_test_second_adapter(test, 64);
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, BLOCK), twin = mdl_built(test, block, BLOCK);
	PHYSICAL_ADDRESS la, second = { .QuadPart = GARBAGE };

	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, create(test, mdl, NULL, 0, &second), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, second.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, create(test, twin, NULL, 0, &second), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);

	/* Another adapter has a buffer of its own on it. */
	KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl(other, mdl, NULL, 0, &second),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, second.QuadPart, la.QuadPart);
	release(test, BLOCK, la, block);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(other), 1UL);
	f->ops->FreeCommonBuffer(other, BLOCK, second, block, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(other), 0UL);
	f->ops->PutDmaAdapter(other);

	/* And after the free it is to be had again. */
	KUNIT_EXPECT_EQ(test, create(test, twin, NULL, 0, &la), STATUS_SUCCESS);
	release(test, BLOCK, la, block);
	IoFreeMdl(mdl);
	IoFreeMdl(twin);
	expect_untouched(test, block);
}

/* A common buffer is memory to make an MDL of, but it is one already. */
static void common_buffer_is_not_made_one_twice(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la, second;
	PVOID va = f->ops->AllocateCommonBuffer(f->adapter, SZ_8K, &la, TRUE);
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = mdl_built(test, va, SZ_8K);
	KUNIT_EXPECT_EQ(test, create(test, mdl, NULL, 0, &second), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, second.QuadPart, 0LL);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	release(test, SZ_8K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* FreeCommonBuffer. */

static const struct free_row {
	const char *name;
	LONG va, la, length;	/* off the subsection: pages 2 to 4 of an MDL of 8 pages */
	bool good;
} free_rows[] = {
	{ "address and length of the section", 0, 0, 0, true },
	{ "address of the section, length of the MDL", 0, 0, 5 * SZ_4K, true },
	{ "address of the MDL, length of the section", -2 * SZ_4K, 0, 0, true },
	{ "address and length of the MDL", -2 * SZ_4K, 0, 5 * SZ_4K, true },
	{ "page within the section", SZ_4K, 0, 0 },
	{ "page within the section, its own logical address", SZ_4K, SZ_4K, -SZ_4K },
	{ "not the first byte", 1, 0, 0 },
	{ "page before the section", -SZ_4K, 0, 0 },
	{ "another logical address", 0, SZ_4K, 0 },
	{ "logical address of the MDL", -2 * SZ_4K, -2 * SZ_4K, 0 },
	{ "length too short", 0, 0, -SZ_4K },
	{ "length too short by a byte", 0, 0, -1 },
	{ "length 0", 0, 0, -3 * SZ_4K },
	{ "length too long", 0, 0, SZ_4K },
};

KUNIT_ARRAY_PARAM_DESC(free, free_rows, name);

static void free_has_to_name_the_buffer(struct kunit *test)
{
	const struct free_row *row = test->param_value;
	u8 *block = block_get(test), *va = block + 2 * SZ_4K;
	PMDL mdl = mdl_built(test, block, BLOCK);
	CONFIG config = section(2 * SZ_4K, 3 * SZ_4K);
	PHYSICAL_ADDRESS la, named;

	KUNIT_ASSERT_EQ(test, create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
	named.QuadPart = la.QuadPart + row->la;
	release(test, 3 * SZ_4K + row->length, named, va + row->va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), row->good ? 0UL : 1UL);
	release(test, 3 * SZ_4K, la, va);	/* for the second time if @good */
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	expect_untouched(test, block);
	IoFreeMdl(mdl);
}

/* Two sections of one MDL: the logical address tells which is meant by the MDL's address. */
static void free_tells_sections_apart(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, BLOCK);
	CONFIG one = section(SZ_4K, SZ_4K), two = section(4 * SZ_4K, SZ_8K);
	PHYSICAL_ADDRESS la_one, la_two;

	KUNIT_ASSERT_EQ(test, create(test, mdl, &one, 1, &la_one), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, create(test, mdl, &two, 1, &la_two), STATUS_SUCCESS);
	release(test, BLOCK, la_two, block);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	release(test, SZ_8K, la_two, block + 4 * SZ_4K);	/* gone */
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	release(test, SZ_4K, la_one, block + SZ_4K);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	IoFreeMdl(mdl);
}

static void free_at_dispatch(struct kunit *test)
{
	PMDL mdl = pages_get(test, true, true);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	local_bh_disable();
	release(test, BLOCK, la, mdl->MappedSystemVa);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

/* Memory freed under the buffer: reported, and held where that is possible. */

static void mdl_freed_before_the_buffer(struct kunit *test)
{
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, BLOCK);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	release(test, BLOCK, la, block);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	expect_untouched(test, block);
}

static void pages_freed_before_the_buffer_are_held(struct kunit *test)
{
	PMDL mdl = pages_get(test, true, true);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(mdl)[PAGES - 1]);
	PVOID va = mdl->MappedSystemVa;
	PHYSICAL_ADDRESS la;
	int before = page_count(page);

	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, page_count(page), before + 1);
	memset(page_address(page), 0x5a, SZ_4K);
	mdl_free_pages(mdl);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0x5a, SZ_4K));
	get_page(page);
	release(test, BLOCK, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

static const struct hold_row {
	const char *name;
	bool partial;	/* the buffer is made from a part of the locked MDL */
} hold_rows[] = {
	{ "locked MDL", false },
	{ "part of it", true },
};

KUNIT_ARRAY_PARAM_DESC(hold, hold_rows, name);

static void user_page_unlocked_before_the_buffer_is_held(struct kunit *test)
{
	const struct hold_row *row = test->param_value;
	unsigned long user = mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE);
	PMDL mdl = IoAllocateMdl((PVOID)user, SZ_4K, FALSE, FALSE, NULL);
	PMDL part = IoAllocateMdl((PVOID)user, SZ_4K, FALSE, FALSE, NULL);
	PHYSICAL_ADDRESS la;
	struct page *page;
	PVOID va;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	page = pfn_to_page(MmGetMdlPfnArray(mdl)[0]);
	KUNIT_ASSERT_NOT_NULL(test, part);
	IoBuildPartialMdl(mdl, part, (PVOID)user, SZ_4K);
	KUNIT_ASSERT_EQ(test, create(test, row->partial ? part : mdl, NULL, 0, &la),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, page_to_phys(page));
	KUNIT_EXPECT_EQ(test, put_user(0x5a, (u8 __user *)user), 0);
	IoFreeMdl(part);
	MmUnlockPages(mdl);
	KUNIT_EXPECT_EQ(test, vm_munmap(user, SZ_4K), 0);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_GE(test, page_count(page), 1);
	KUNIT_EXPECT_EQ(test, *(u8 *)page_address(page), 0x5a);
	release(test, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* The address names the buffer, even when it is no longer one. */
static void mapping_removed_before_the_buffer(struct kunit *test)
{
	PMDL mdl = pages_get(test, true, true);
	PVOID va = mdl->MappedSystemVa;
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	MmUnmapLockedPages(va, mdl);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	release(test, BLOCK, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

/* Where the kernel's log ends. */
static struct kmsg_dump_iter log_end(void)
{
	struct kmsg_dump_iter iter;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = iter.next_seq;
	return iter;
}

/* Has the log since then a line of this call about a buffer that lives? */
static bool use_is_reported(struct kmsg_dump_iter *since, const char *call)
{
	static const char text[] = ": a common buffer made from this MDL is live";
	size_t length;
	char line[256];

	while (kmsg_dump_get_line(since, false, line, sizeof(line) - 1, &length)) {
		line[length] = 0;
		if (strstr(line, call) && strstr(line, text))
			return true;
	}
	return false;
}

enum undo { FREE_PAGES, UNMAP, UNLOCK };

static const struct undo_row {
	const char *name;
	enum undo undo;
} undo_rows[] = {
	{ "MmFreePagesFromMdl", FREE_PAGES },
	{ "MmUnmapLockedPages", UNMAP },
	{ "MmUnlockPages", UNLOCK },
};

KUNIT_ARRAY_PARAM_DESC(undo, undo_rows, name);

/* Pages with a system address; a page of a user's if they are to be unlocked. */
static PMDL pages_for(struct kunit *test, enum undo undo)
{
	PMDL mdl;

	if (undo != UNLOCK)
		return pages_get(test, true, true);
	mdl = IoAllocateMdl((PVOID)mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE), SZ_4K, FALSE,
			    FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	return mdl;
}

static void undo_under_a_buffer(struct kunit *test, enum undo undo, PMDL mdl)
{
	if (undo == FREE_PAGES) {
		MmFreePagesFromMdl(mdl);
	} else if (undo == UNMAP) {
		MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
	} else {
		MmUnlockPages(mdl);
		KUNIT_EXPECT_EQ(test, vm_munmap((ULONG_PTR)MmGetMdlVirtualAddress(mdl), SZ_4K), 0);
	}
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	KUNIT_EXPECT_EQ(test, !!(mdl->MdlFlags & MDL_PAGES_LOCKED), undo == UNMAP);
}

/* Reported, and the pages are the buffer's until it goes. */
static void pages_stay_until_the_buffer_goes(struct kunit *test)
{
	const struct undo_row *row = test->param_value;
	PMDL mdl = pages_for(test, row->undo);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(mdl)[0]);
	ULONG length = MmGetMdlByteCount(mdl);
	u8 *va = mdl->MappedSystemVa;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	int count;

	memset(va, 0x5a, length);
	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	log = log_end();
	undo_under_a_buffer(test, row->undo, mdl);
	KUNIT_EXPECT_TRUE(test, use_is_reported(&log, row->name));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(page_folio(page)), row->undo == UNLOCK);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0x5a, SZ_4K));

	get_page(page);		/* to look at it when the buffer is gone */
	count = page_count(page);
	KUNIT_EXPECT_GE(test, count, row->undo == UNMAP ? 3 : 2);
	release(test, length, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	/* A pin counts as many references. */
	KUNIT_EXPECT_EQ(test, page_count(page), row->undo == UNLOCK ? 1 : count - 1);
	KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(page)));
	put_page(page);
	if (row->undo == UNMAP)
		MmFreePagesFromMdl(mdl);
	if (row->undo == UNLOCK)
		IoFreeMdl(mdl);
	else
		ExFreePool(mdl);
}

static const struct uncached_row {
	const char *name;
	MEMORY_CACHING_TYPE cache;
} uncached_rows[] = {
	{ "uncached", MmNonCached },
	{ "write-combined", MmWriteCombined },
};

KUNIT_ARRAY_PARAM_DESC(uncached, uncached_rows, name);

static void expect_cache(struct kunit *test, const void *va, MEMORY_CACHING_TYPE cache)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_buffer_info info;

	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, va, &info), 0);
	KUNIT_EXPECT_EQ(test, info.cache, cache);
}

/* The caching is that of the mapping; a buffer does not change it. */
static void uncached_pages_are_taken(struct kunit *test)
{
	const struct uncached_row *row = test->param_value;
	PHYSICAL_ADDRESS zero = {}, all = { .QuadPart = -1 }, la;
	PMDL mdl = MmAllocatePagesForMdlEx(zero, all, zero, BLOCK, row->cache,
					   MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	u8 *va;

	if (wdmdma_test_refuses_uncached(test, mdl))
		return;
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	memset(va, 0x5a, BLOCK);
	KUNIT_EXPECT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, PFN_PHYS(MmGetMdlPfnArray(mdl)[0]));
	expect_cache(test, va, row->cache);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x5a, BLOCK));
	release(test, BLOCK, la, va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x5a, BLOCK));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

/* XDP's way: lock for writing, create, free, unlock; the user's data stay. */
static void user_pages_keep_their_data(struct kunit *test)
{
	unsigned long user = mdl_user_map(test, 2 * SZ_4K, PROT_READ | PROT_WRITE);
	PMDL mdl = IoAllocateMdl((PVOID)user, 2 * SZ_4K, FALSE, FALSE, NULL);
	CONFIG config = section(SZ_4K, SZ_4K);
	PHYSICAL_ADDRESS la;
	u32 got = 0;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, put_user(0x12345678, (u32 __user *)(user + SZ_4K + 100)), 0);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	KUNIT_ASSERT_EQ(test, create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_NE(test, MmAdvanceMdl(mdl, SZ_4K), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, get_user(got, (u32 __user *)(user + SZ_4K + 100)), 0);
	KUNIT_EXPECT_EQ(test, got, 0x12345678U);
	release(test, MmGetMdlByteCount(mdl), la, mdl->MappedSystemVa);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, SZ_4K), STATUS_SUCCESS);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, get_user(got, (u32 __user *)(user + SZ_4K + 100)), 0);
	KUNIT_EXPECT_EQ(test, got, 0x12345678U);
}

/* Left over. */

static void put_of_the_adapter_leaves_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, BLOCK), pages = pages_get(test, true, true);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(pages)[0]);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, create(test, pages, NULL, 0, &la), STATUS_SUCCESS);
	f->ops->PutDmaAdapter(f->adapter);
	KUNIT_EXPECT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_INVALID_PARAMETER);
	f->adapter = NULL;
	expect_untouched(test, block);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, SZ_4K), STATUS_SUCCESS);	/* not in use */
	IoFreeMdl(mdl);
	mdl_free_pages(pages);
}

static void unbind_leaves_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *block = block_get(test);
	PMDL mdl = mdl_built(test, block, BLOCK), pages = pages_get(test, true, true);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(pages)[0]);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, create(test, pages, NULL, 0, &la), STATUS_SUCCESS);
	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(create(test, mdl, NULL, 0, &la)));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	expect_untouched(test, block);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	IoFreeMdl(mdl);
	mdl_free_pages(pages);
}

/* Failures at every point. */

static PMDL sweep_mdl;

static void create_and_free(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	NTSTATUS status = create(test, sweep_mdl, NULL, 0, &la);

	if (NT_SUCCESS(status)) {
		release(test, BLOCK, la, sweep_mdl->MappedSystemVa);
	} else {
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
}

static void create_fails_cleanly(struct kunit *test)
{
	struct page *page;

	sweep_mdl = pages_get(test, true, true);
	page = pfn_to_page(MmGetMdlPfnArray(sweep_mdl)[0]);
	memset(page_address(page), 0xa5, SZ_4K);
	wdmdma_test_sweep(test, create_and_free);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0xa5, SZ_4K));
	mdl_free_pages(sweep_mdl);
}

static struct kunit_case from_mdl_cases[] = {
	KUNIT_CASE_PARAM(whole_pages_of_one_mdl, part_gen_params),
	KUNIT_CASE_PARAM(one_mdl_of_a_chain, chain_gen_params),
	KUNIT_CASE(offset_counts_bytes_across_the_chain),
	KUNIT_CASE(chain_that_is_a_loop_ends),
	KUNIT_CASE(pages_of_every_way_are_taken),
	KUNIT_CASE(unfilled_mdls_are_refused),
	KUNIT_CASE(scattered_pages_are_refused),
	KUNIT_CASE(only_the_last_page_elsewhere_is_refused),
	KUNIT_CASE(device_memory_is_refused),
	KUNIT_CASE_PARAM(limits_have_to_hold_the_memory, limit_gen_params),
	KUNIT_CASE(reach_of_the_adapter_has_to_hold_the_memory),
	KUNIT_CASE_PARAM(configurations_are_checked, config_gen_params),
	KUNIT_CASE(null_arguments_are_refused),
	KUNIT_CASE(create_at_dispatch_is_refused),
	KUNIT_CASE(read_locked_pages_are_refused),
	KUNIT_CASE(second_buffer_on_the_same_memory),
	KUNIT_CASE(common_buffer_is_not_made_one_twice),
	KUNIT_CASE_PARAM(free_has_to_name_the_buffer, free_gen_params),
	KUNIT_CASE(free_tells_sections_apart),
	KUNIT_CASE(free_at_dispatch),
	/* Before the other cases of its kind: only so many messages come in a few seconds. */
	KUNIT_CASE_PARAM(pages_stay_until_the_buffer_goes, undo_gen_params),
	KUNIT_CASE(mdl_freed_before_the_buffer),
	KUNIT_CASE(pages_freed_before_the_buffer_are_held),
	KUNIT_CASE_PARAM(user_page_unlocked_before_the_buffer_is_held, hold_gen_params),
	KUNIT_CASE(mapping_removed_before_the_buffer),
	KUNIT_CASE_PARAM(uncached_pages_are_taken, uncached_gen_params),
	KUNIT_CASE(user_pages_keep_their_data),
	KUNIT_CASE(put_of_the_adapter_leaves_the_memory),
	KUNIT_CASE(unbind_leaves_the_memory),
	KUNIT_CASE(create_fails_cleanly),
	{}
};

static struct kunit_suite from_mdl_suite = {
	.name = "wdmdma_from_mdl",
	.init = wdmdma_test_fixture_init,
	.test_cases = from_mdl_cases,
};

kunit_test_suite(from_mdl_suite);
