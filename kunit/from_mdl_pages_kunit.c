// SPDX-License-Identifier: GPL-2.0-only
/* wdm/wdm_from_mdl.c. CreateCommonBufferFromMdl with pages of every kind, without an IOMMU. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include <wdmdma/mdl.h>

#include "from_mdl.h"
#include "helpers.h"
#include "mdl.h"

#define GARBAGE		((LONGLONG)0xdeadbeefcafef00d)

/* An MDL may be filled in any way, but the pages must have a system address. */

static void pages_of_every_way_are_taken(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL locked = IoAllocateMdl(block, BLOCK, FALSE, FALSE, NULL);
	PMDL part = IoAllocateMdl(block, BLOCK, FALSE, FALSE, NULL);
	PMDL fresh = from_mdl_pages(test, true, true);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_NOT_NULL(test, locked);
	KUNIT_ASSERT_NOT_NULL(test, part);
	/* Locked pages must be mapped by the driver before the call, which maps nothing itself. */
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(locked, KernelMode, IoWriteAccess),
			STATUS_SUCCESS);
	from_mdl_expect_refused(test, locked, NULL, 0, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_FALSE(test, locked->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(locked, NormalPagePriority));
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, locked, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block));
	from_mdl_release(test, BLOCK, la, locked->MappedSystemVa);
	/* A partial MDL must be accepted, too. */
	IoBuildPartialMdl(locked, part, block + SZ_4K, SZ_8K);
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, part, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, virt_to_phys(block) + SZ_4K);
	from_mdl_release(test, SZ_8K, la, part->MappedSystemVa);
	/* Pages of MmAllocatePagesForMdlEx() must be accepted as long as they are mapped. */
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, fresh, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, PFN_PHYS(MmGetMdlPfnArray(fresh)[0]));
	from_mdl_release(test, BLOCK, la, fresh->MappedSystemVa);
	MmUnmapLockedPages(fresh->MappedSystemVa, fresh);
	from_mdl_expect_refused(test, fresh, NULL, 0, STATUS_INVALID_PARAMETER);

	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	from_mdl_expect_untouched(test, block);
	IoFreeMdl(part);
	MmUnlockPages(locked);
	from_mdl_expect_refused(test, locked, NULL, 0, STATUS_INVALID_PARAMETER);
	IoFreeMdl(locked);
	mdl_free_pages(fresh);
}

static void unfilled_mdls_are_refused(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL mdl = IoAllocateMdl(block, BLOCK, FALSE, FALSE, NULL), freed;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	/* Flags that the driver set itself must not help, and old page frames must not be used. */
	mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	mdl->MdlFlags &= ~MDL_MAPPED_TO_SYSTEM_VA;
	IoFreeMdl(mdl);
	freed = from_mdl_pages(test, true, true);
	MmFreePagesFromMdl(freed);
	from_mdl_expect_refused(test, freed, NULL, 0, STATUS_INVALID_PARAMETER);
	ExFreePool(freed);
}

/* Every page frame must be checked, and no entry behind the last must be read. */
static void scattered_pages_are_refused(struct kunit *test)
{
	PMDL mdl = from_mdl_pages(test, false, true);
	PPFN_NUMBER pfn = MmGetMdlPfnArray(mdl);
	CONFIG config;
	PHYSICAL_ADDRESS la;
	unsigned int i;

	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	/* Each page alone is contiguous and must be accepted. */
	for (i = 0; i < PAGES; i++) {
		config = from_mdl_section(i * SZ_4K, SZ_4K);
		KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, PFN_PHYS(pfn[i]));
		from_mdl_release(test, SZ_4K, la, mdl->MappedSystemVa + i * SZ_4K);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

static void only_the_last_page_elsewhere_is_refused(struct kunit *test)
{
	PMDL mdl = from_mdl_pages(test, true, true), other = from_mdl_pages(test, true, false);
	CONFIG config = from_mdl_section(0, BLOCK - SZ_4K);
	PHYSICAL_ADDRESS la;

	swap(MmGetMdlPfnArray(mdl)[PAGES - 1], MmGetMdlPfnArray(other)[PAGES / 2]);
	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
	from_mdl_release(test, BLOCK - SZ_4K, la, mdl->MappedSystemVa);
	mdl_free_pages(mdl);
	mdl_free_pages(other);
}

/* Memory of a device must not become a common buffer. */
static void device_memory_is_refused(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, SZ_4K);
	void __iomem *registers = ioremap(0xfed00000, SZ_4K);	/* the HPET's on a PC */

	mdl->MdlFlags |= MDL_IO_SPACE;
	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	IoFreeMdl(mdl);
	KUNIT_ASSERT_TRUE(test, registers);
	mdl = mdl_built(test, (u8 __force *)registers, SZ_4K);
	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	IoFreeMdl(mdl);
	iounmap(registers);
}

/* Pages that were locked only for reading must not be given to a device that may write. */
static void read_locked_pages_are_refused(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL mdl = IoAllocateMdl(block, SZ_8K, FALSE, FALSE, NULL);
	CONFIG config = from_mdl_access(CommonBufferHardwareAccessReadWrite);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	from_mdl_expect_refused(test, mdl, NULL, 0, STATUS_INVALID_PARAMETER);
	from_mdl_expect_refused(test, mdl, &config, 1, STATUS_INVALID_PARAMETER);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
}

/* Several buffers on the same memory. */

static void second_buffer_on_the_same_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER other = wdmdma_test_second_adapter(test, 64);
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, BLOCK), twin = mdl_built(test, block, BLOCK);
	PHYSICAL_ADDRESS la, second = { .QuadPart = GARBAGE };

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &second),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, second.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, twin, NULL, 0, &second),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);

	/* Another adapter may have a buffer on the same memory. */
	KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl(other, mdl, NULL, 0, &second),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, second.QuadPart, la.QuadPart);
	from_mdl_release(test, BLOCK, la, block);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(other), 1UL);
	f->ops->FreeCommonBuffer(other, BLOCK, second, block, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(other), 0UL);
	f->ops->PutDmaAdapter(other);

	/* After the free the memory may become a buffer again. */
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, twin, NULL, 0, &la), STATUS_SUCCESS);
	from_mdl_release(test, BLOCK, la, block);
	IoFreeMdl(mdl);
	IoFreeMdl(twin);
	from_mdl_expect_untouched(test, block);
}

/* An MDL may describe a common buffer, but the memory must not become a second common buffer. */
static void common_buffer_is_not_made_one_twice(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la, second;
	PVOID va = f->ops->AllocateCommonBuffer(f->adapter, SZ_8K, &la, TRUE);
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = mdl_built(test, va, SZ_8K);
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &second),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, second.QuadPart, 0LL);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	from_mdl_release(test, SZ_8K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
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

/* The mapping determines the cache type, and a buffer must not change it. */
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
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, PFN_PHYS(MmGetMdlPfnArray(mdl)[0]));
	expect_cache(test, va, row->cache);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x5a, BLOCK));
	from_mdl_release(test, BLOCK, la, va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x5a, BLOCK));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

/* XDP locks for writing, creates, frees and unlocks. The user's data must survive. */
static void user_pages_keep_their_data(struct kunit *test)
{
	unsigned long user = mdl_user_map(test, 2 * SZ_4K, PROT_READ | PROT_WRITE);
	PMDL mdl = IoAllocateMdl((PVOID)user, 2 * SZ_4K, FALSE, FALSE, NULL);
	CONFIG config = from_mdl_section(SZ_4K, SZ_4K);
	PHYSICAL_ADDRESS la;
	u32 got = 0;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, put_user(0x12345678, (u32 __user *)(user + SZ_4K + 100)), 0);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_NE(test, MmAdvanceMdl(mdl, SZ_4K), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, get_user(got, (u32 __user *)(user + SZ_4K + 100)), 0);
	KUNIT_EXPECT_EQ(test, got, 0x12345678U);
	from_mdl_release(test, MmGetMdlByteCount(mdl), la, mdl->MappedSystemVa);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, SZ_4K), STATUS_SUCCESS);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, get_user(got, (u32 __user *)(user + SZ_4K + 100)), 0);
	KUNIT_EXPECT_EQ(test, got, 0x12345678U);
}

static struct kunit_case from_mdl_pages_cases[] = {
	KUNIT_CASE(pages_of_every_way_are_taken),
	KUNIT_CASE(unfilled_mdls_are_refused),
	KUNIT_CASE(scattered_pages_are_refused),
	KUNIT_CASE(only_the_last_page_elsewhere_is_refused),
	KUNIT_CASE(device_memory_is_refused),
	KUNIT_CASE(read_locked_pages_are_refused),
	KUNIT_CASE(second_buffer_on_the_same_memory),
	KUNIT_CASE(common_buffer_is_not_made_one_twice),
	KUNIT_CASE_PARAM(uncached_pages_are_taken, uncached_gen_params),
	KUNIT_CASE(user_pages_keep_their_data),
	{}
};

static struct kunit_suite from_mdl_pages_suite = {
	.name = "wdmdma_from_mdl_pages",
	.init = wdmdma_test_fixture_init,
	.test_cases = from_mdl_pages_cases,
};

kunit_test_suite(from_mdl_pages_suite);
