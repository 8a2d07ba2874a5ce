// SPDX-License-Identifier: GPL-2.0-only
/* See from_mdl.h. */
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "lib/page_set.h"
#include "from_mdl.h"
#include "helpers.h"

#define GARBAGE		((LONGLONG)0xdeadbeefcafef00d)

CONFIG from_mdl_section(ULONGLONG offset, ULONG length)
{
	CONFIG config = { .ConfigType = CommonBufferConfigTypeSubSection };

	config.SubSection.Offset = offset;
	config.SubSection.Length = length;
	return config;
}

CONFIG from_mdl_access(unsigned int type)
{
	CONFIG config = { .ConfigType = CommonBufferConfigTypeHardwareAccessPermissions };

	config.HardwareAccessType = type;
	return config;
}

NTSTATUS from_mdl_create(struct kunit *test, PMDL mdl, CONFIG *configs, ULONG count,
			 PHYSICAL_ADDRESS *la)
{
	struct wdmdma_fixture *f = test->priv;

	la->QuadPart = GARBAGE;
	return f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, configs, count, la);
}

void from_mdl_release(struct kunit *test, ULONG length, PHYSICAL_ADDRESS la, PVOID va)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->FreeCommonBuffer(f->adapter, length, la, va, TRUE);
}

void from_mdl_expect_refused(struct kunit *test, PMDL mdl, CONFIG *configs, ULONG count,
			     NTSTATUS status)
{
	PHYSICAL_ADDRESS la;

	KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, configs, count, &la), status);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void free_block(void *block)
{
	MmFreeContiguousMemory(block);
}

/*
 * Allocate PAGES contiguous pages with a pattern, above 16 MiB. The pages are freed when
 * the test ends.
 */
u8 *from_mdl_block(struct kunit *test)
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

void from_mdl_expect_untouched(struct kunit *test, const u8 *block)
{
	unsigned int i;

	for (i = 0; i < BLOCK; i++)
		KUNIT_ASSERT_EQ_MSG(test, block[i], (u8)(i * 7 + i / SZ_4K), "byte %u", i);
}

/*
 * Allocate pages with MmAllocatePagesForMdlEx(), and map them if @mapped is set. The
 * pages must not be contiguous unless @contiguous is set.
 */
PMDL from_mdl_pages(struct kunit *test, bool contiguous, bool mapped)
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
