// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_from_mdl.c. CreateCommonBufferFromMdl for a device without an IOMMU. The
 * memory must be contiguous and within reach already, and its logical address must be
 * the physical address.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "from_mdl.h"
#include "helpers.h"
#include "mdl.h"

#define GARBAGE		((LONGLONG)0xdeadbeefcafef00d)

static CONFIG limits(u64 first, u64 last)
{
	CONFIG config = { .ConfigType = CommonBufferConfigTypeLogicalAddressLimits };

	config.LogicalAddressLimits.MinimumAddress.QuadPart = first;
	config.LogicalAddressLimits.MaximumAddress.QuadPart = last;
	return config;
}

/* Parts of a single MDL. */

static const struct part_row {
	const char *name;
	ULONG start, length;	/* start and length of the MDL within the block */
	bool section;
	ULONGLONG offset;	/* offset of the SubSection */
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
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block + row->start, row->length);
	CONFIG config = from_mdl_section(row->offset, row->bytes);
	u64 expected = virt_to_phys(block) + row->start + (row->section ? row->offset : 0);
	PHYSICAL_ADDRESS la;

	if (row->good) {
		KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, &config, row->section, &la),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, expected);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
		from_mdl_expect_untouched(test, block);
		from_mdl_release(test, row->section ? row->bytes : row->length, la,
				 block + row->start + (row->section ? row->offset : 0));
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	} else {
		from_mdl_expect_refused(test, mdl, &config, row->section, STATUS_INVALID_PARAMETER);
	}
	from_mdl_expect_untouched(test, block);
	IoFreeMdl(mdl);
	from_mdl_expect_untouched(test, block);
}

/*
 * Parts of a chain. The MDLs cover pages 5 and 6 of the block, nothing, pages 1 to 3,
 * and one page's length from the middle of page 4.
 */

static const struct chain_row {
	const char *name;
	bool section;
	ULONGLONG offset;
	ULONG bytes;
	LONG page;		/* first page of the buffer in the block, or -1 if refused */
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
	CONFIG config = from_mdl_section(row->offset, row->bytes);
	u8 *block = from_mdl_block(test);
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
		from_mdl_expect_refused(test, mdl[0], &config, row->section,
					STATUS_INVALID_PARAMETER);
	} else {
		KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl[0], &config, 1, &la),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block) + row->page * SZ_4K);
		from_mdl_release(test, row->bytes, la, block + row->page * SZ_4K);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
	for (i = 0; i < 4; i++)
		IoFreeMdl(mdl[i]);
	from_mdl_expect_untouched(test, block);
}

/*
 * Offset must count bytes of the MDLs' buffers. The address that it leads to must be
 * page aligned.
 */
static void offset_counts_bytes_across_the_chain(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL first = mdl_built(test, block, SZ_8K - 0x800);
	PMDL second = mdl_built(test, block + 4 * SZ_4K + 0x800, SZ_8K);
	PMDL aligned = mdl_built(test, block + 4 * SZ_4K, SZ_8K);
	CONFIG config = from_mdl_section(SZ_8K, SZ_4K);
	PHYSICAL_ADDRESS la;

	first->Next = second;	/* Offset leads 0x800 bytes into it, which is page aligned */
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, first, &config, 1, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block + 5 * SZ_4K));
	from_mdl_release(test, SZ_4K, la, block + 5 * SZ_4K);
	first->Next = aligned;
	from_mdl_expect_refused(test, first, &config, 1, STATUS_INVALID_PARAMETER);
	IoFreeMdl(first);
	IoFreeMdl(second);
	IoFreeMdl(aligned);
}

static void chain_that_is_a_loop_ends(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, SZ_4K), empty = mdl_built(test, block, 0);
	CONFIG config = from_mdl_section(1ULL << 50, SZ_4K);

	mdl->Next = mdl;
	from_mdl_expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	empty->Next = empty;
	config = from_mdl_section(0, SZ_4K);
	from_mdl_expect_refused(test, empty, &config, 1, STATUS_INVALID_PARAMETER);
	IoFreeMdl(mdl);
	IoFreeMdl(empty);
}

/* Configurations of every kind. */

static const struct limit_row {
	const char *name;
	LONGLONG first, last;	/* relative to the first and last byte of the buffer */
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

/* Both limits must be inclusive and unsigned. */
static void limits_have_to_hold_the_memory(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, SZ_8K);
	u64 pa = row->absolute ? 0 : virt_to_phys(block);
	CONFIG config = limits(pa + row->first,
			       row->absolute ? row->last : pa + SZ_8K - 1 + row->last);
	PHYSICAL_ADDRESS la;

	if (row->good) {
		KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block));
		from_mdl_release(test, SZ_8K, la, block);
	} else {
		from_mdl_expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	}
	IoFreeMdl(mdl);
}

static void reach_of_the_adapter_has_to_hold_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER narrow = wdmdma_test_second_adapter(test, 24), wide = f->adapter;
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, SZ_8K);
	CONFIG config = limits(0, -1);

	f->adapter = narrow;
	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	from_mdl_expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	f->adapter = wide;
	f->ops->PutDmaAdapter(narrow);
	from_mdl_expect_untouched(test, block); /* and must not be bounced */
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
	/* The fourth entry is a duplicate, so the call must not read behind the array. */
	{ "huge count", { LIMITS, SECTION, READ_WRITE, LIMITS }, 0xffffffff,
	  STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(config, config_rows, name);

static void configurations_are_checked(struct kunit *test)
{
	const struct config_row *row = test->param_value;
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, SZ_8K);
	CONFIG configs[4];
	PHYSICAL_ADDRESS la;

	memcpy(configs, row->configs, sizeof(configs));
	if (NT_SUCCESS(row->status)) {
		KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, configs, row->count, &la),
				row->status);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block));
		from_mdl_release(test, SZ_8K, la, block);
	} else {
		from_mdl_expect_refused(test, mdl, configs, row->count, row->status);
	}
	KUNIT_EXPECT_EQ(test, memcmp(configs, row->configs, sizeof(configs)), 0);
	IoFreeMdl(mdl);
}

static void null_arguments_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, SZ_4K);
	CONFIG config = from_mdl_access(CommonBufferHardwareAccessReadWrite);
	PHYSICAL_ADDRESS la = { .QuadPart = GARBAGE };

	from_mdl_expect_refused(test, mdl, NULL, 1, STATUS_INVALID_PARAMETER);
	from_mdl_expect_refused(test, mdl, NULL, 0xffffffff, STATUS_INVALID_PARAMETER);
	from_mdl_expect_refused(test, NULL, NULL, 0, STATUS_INVALID_PARAMETER);
	from_mdl_expect_refused(test, NULL, &config, 1, STATUS_INVALID_PARAMETER);
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
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, SZ_4K);
	PHYSICAL_ADDRESS la;
	NTSTATUS status;

	local_bh_disable();
	status = from_mdl_create(test, mdl, NULL, 0, &la);
	local_bh_enable();
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(status));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	IoFreeMdl(mdl);
}

static struct kunit_case from_mdl_cases[] = {
	KUNIT_CASE_PARAM(whole_pages_of_one_mdl, part_gen_params),
	KUNIT_CASE_PARAM(one_mdl_of_a_chain, chain_gen_params),
	KUNIT_CASE(offset_counts_bytes_across_the_chain),
	KUNIT_CASE(chain_that_is_a_loop_ends),
	KUNIT_CASE_PARAM(limits_have_to_hold_the_memory, limit_gen_params),
	KUNIT_CASE(reach_of_the_adapter_has_to_hold_the_memory),
	KUNIT_CASE_PARAM(configurations_are_checked, config_gen_params),
	KUNIT_CASE(null_arguments_are_refused),
	KUNIT_CASE(create_at_dispatch_is_refused),
	{}
};

static struct kunit_suite from_mdl_suite = {
	.name = "wdmdma_from_mdl",
	.init = wdmdma_test_fixture_init,
	.test_cases = from_mdl_cases,
};

kunit_test_suite(from_mdl_suite);
