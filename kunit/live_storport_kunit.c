// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a StorPort miniport with QEMU's edu device, which moves bytes, with an IOMMU
 * or without one. Without the device the cases are skipped.
 */
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "core/free_mode.h"
#include "edu.h"
#include "helpers.h"

static struct edu *edu;

static ULONG alloc(struct kunit *test, SIZE_T bytes, u64 last, u64 boundary,
		   MEMORY_CACHING_TYPE cache, PVOID *va, PHYSICAL_ADDRESS *la)
{
	return StorPortAllocateDmaMemory(wdmdma_test_extension(test), bytes, wdmdma_test_pa(0),
					 wdmdma_test_pa(last), wdmdma_test_pa(boundary), cache, 0,
					 va, la);
}

static ULONG host_alloc(struct kunit *test, SIZE_T minimum, SIZE_T preferred, ULONG alignment,
			ACCESS_RANGE *ranges, ULONG *count)
{
	return StorPortAllocateHostMemoryBuffer(wdmdma_test_extension(test), minimum, preferred, 0,
						alignment, wdmdma_test_pa(0),
						wdmdma_test_pa(U64_MAX), wdmdma_test_pa(0), ranges,
						count);
}

/* Leave a miniport of the edu device, which reaches 4 GiB, in test->priv. */
static int live_storport_init(struct kunit *test)
{
	edu = edu_at(EDU_SLOT_32_BITS);
	if (edu_is_there(test, EDU_SLOT_32_BITS))
		test->priv = wdmdma_test_miniport_on(test, &edu->pdev->dev);
	else
		kunit_skip(test, "the machine has no edu device");
	return 0;
}

static void live_storport_exit(struct kunit *test)
{
	wdmdma_free_mode_set("strict");
}

static const struct memory_row {
	const char *name;
	SIZE_T bytes;
	u64 first, last, boundary;
	MEMORY_CACHING_TYPE cache;
	bool must;	/* whatever memory is in use */
} memory_rows[] = {
	{ "no limit", SZ_64K, 0, U64_MAX, 0, MmCached, true },
	{ "below 2 GiB", SZ_8K, 0, 0x7fffffff, 0, MmCached, true },
	{ "below 16 MiB", SZ_8K, 0, 0xffffff, 0, MmCached, true },
	{ "8 to 16 MiB", SZ_8K, SZ_8M, 0xffffff, 0, MmCached, false },
	{ "uncached", SZ_8K, 0, U64_MAX, 0, MmNonCached, true },
	{ "write combined", SZ_8K, 0, U64_MAX, 0, MmWriteCombined, true },
	{ "write combined below 2 GiB", SZ_8K, 0, 0x7fffffff, 0, MmWriteCombined, true },
	{ "boundary 16 KiB", 3 * SZ_4K, 0, U64_MAX, SZ_16K, MmCached, true },
	{ "boundary 64 KiB below 2 GiB, uncached", SZ_64K, 0, 0x7fffffff, SZ_64K, MmNonCached,
	  true },
	{ "boundary 4 GiB", SZ_1M, 0, U64_MAX, SZ_4G, MmCached, true },
	{ "50 MiB", 50 * SZ_1M, 0, U64_MAX, SZ_64M, MmCached, false },
};

KUNIT_ARRAY_PARAM_DESC(memory, memory_rows, name);

static void device_moves_bytes_of_memory_as_asked_for(struct kunit *test)
{
	const struct memory_row *row = test->param_value;
	u64 size = PAGE_ALIGN((u64)row->bytes);
	PHYSICAL_ADDRESS la;
	ULONG left, status;
	PVOID va;

	status = StorPortAllocateDmaMemory(wdmdma_test_extension(test), row->bytes,
					   wdmdma_test_pa(row->first), wdmdma_test_pa(row->last),
					   wdmdma_test_pa(row->boundary), row->cache,
					   MM_ANY_NODE_OK, &va, &la);
	if (status != STOR_STATUS_SUCCESS) {
		/* Only x86 has all cache types for all devices. */
		KUNIT_EXPECT_FALSE(test, IS_ENABLED(CONFIG_X86) && row->must);
		KUNIT_EXPECT_FALSE(test, row->cache == MmCached &&
				   dev_is_dma_coherent(&edu->pdev->dev) &&
				   wdmdma_test_must_reach(&edu->pdev->dev, row->first, row->last,
							  size));
		KUNIT_EXPECT_NULL(test, va);
		return;
	}
	KUNIT_EXPECT_GE(test, (u64)la.QuadPart, row->first);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart, row->last - (size - 1));
	if (row->boundary)
		KUNIT_EXPECT_EQ(test, la.QuadPart & ~(row->boundary - 1),
				(la.QuadPart + row->bytes - 1) & ~(row->boundary - 1));
	KUNIT_EXPECT_EQ(test,
			StorPortGetPhysicalAddress(wdmdma_test_extension(test), NULL, va + SZ_4K,
						   &left)
				.QuadPart,
			la.QuadPart + SZ_4K);
	KUNIT_EXPECT_EQ(test, left, (ULONG)(row->bytes - SZ_4K));
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, row->bytes - SZ_4K, EDU_MOST);
	KUNIT_EXPECT_EQ(test,
			StorPortFreeDmaMemory(wdmdma_test_extension(test), va, row->bytes,
					      row->cache, la),
			STOR_STATUS_SUCCESS);
}

/*
 * Without the boundary, blocks of three pages would be adjacent, and half of the blocks
 * would cross a multiple of 16 KiB.
 */
static void no_block_of_many_crosses_the_boundary(struct kunit *test)
{
	MEMORY_CACHING_TYPE cache = wdmdma_test_cache(&edu->pdev->dev);
	struct { PVOID va; PHYSICAL_ADDRESS la; } blocks[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		KUNIT_ASSERT_EQ(test, alloc(test, 3 * SZ_4K, U64_MAX, SZ_16K, cache,
					    &blocks[i].va, &blocks[i].la), STOR_STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, (u64)blocks[i].la.QuadPart / SZ_16K,
				((u64)blocks[i].la.QuadPart + 3 * SZ_4K - 1) / SZ_16K);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		KUNIT_EXPECT_EQ(test,
				StorPortFreeDmaMemory(wdmdma_test_extension(test), blocks[i].va,
						      3 * SZ_4K, cache, blocks[i].la),
				STOR_STATUS_SUCCESS);
}

static void device_moves_bytes_of_the_ports_memory(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	u8 *uncached = StorPortGetUncachedExtension(wdmdma_test_extension(test), &config, SZ_64K);
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(wdmdma_test_extension(test), SZ_8K);
	STOR_PHYSICAL_ADDRESS la;
	ULONG left;

	KUNIT_ASSERT_TRUE(test, uncached && srb);
	la = StorPortGetPhysicalAddress(wdmdma_test_extension(test), NULL, uncached, &left);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	edu_expect_round_trip(test, edu, uncached, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
	la = StorPortGetPhysicalAddress(wdmdma_test_extension(test), srb, srb->SrbExtension, &left);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	edu_expect_round_trip(test, edu, srb->SrbExtension, la.QuadPart, 0, SZ_4K, EDU_MOST);
	la = StorPortGetPhysicalAddress(wdmdma_test_extension(test), srb, srb->SenseInfoBuffer,
					&left);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, left, (ULONG)srb->SenseInfoBufferLength);
	edu_expect_round_trip(test, edu, srb->SenseInfoBuffer, la.QuadPart, 0, 126, 126);
	wdmdma_srb_destroy(wdmdma_test_extension(test), srb);
}

static void device_moves_bytes_of_host_memory(struct kunit *test)
{
	ACCESS_RANGE ranges[4];
	ULONG count = ARRAY_SIZE(ranges), i;
	u8 *va;

	KUNIT_ASSERT_EQ(test, host_alloc(test, SZ_1M, 4 * SZ_1M, SZ_64K, ranges, &count),
			STOR_STATUS_SUCCESS);
	for (i = 0; i < count; i++) {
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(ranges[i].RangeStart.QuadPart, SZ_64K));
		/* The miniport gets no CPU address, so the test looks it up. */
		va = StorPortGetVirtualAddress(wdmdma_test_extension(test), ranges[i].RangeStart);
		KUNIT_ASSERT_NOT_NULL(test, va);
		edu_expect_round_trip(test, edu, va, ranges[i].RangeStart.QuadPart, 0, SZ_4K, 1000);
	}
	KUNIT_EXPECT_EQ(test,
			StorPortFreeHostMemoryBuffer(wdmdma_test_extension(test), ranges, count),
			STOR_STATUS_SUCCESS);
}

/*
 * SpcNvme frees a write-combined queue pair in two parts from a DPC. The memory must
 * stay until the last part is freed.
 */
static void tolerant_free_waits_for_the_last_part(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PDMA_ADAPTER adapter = wdmdma_test_miniport_adapter(miniport);
	PVOID extension = miniport->extension, va;
	MEMORY_CACHING_TYPE cache = wdmdma_test_uncached(miniport->dev, MmWriteCombined);
	PHYSICAL_ADDRESS la;
	ULONG status[2];

	KUNIT_ASSERT_EQ(test, alloc(test, SZ_16K + SZ_4K, U64_MAX, 0, cache, &va, &la),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_free_mode_set("tolerant"), 0);
	local_bh_disable();
	status[0] = StorPortFreeContiguousMemorySpecifyCache(extension, va, SZ_16K, MmCached);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status[0], STOR_STATUS_SUCCESS);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_16K, EDU_MOST);
	local_bh_disable();
	status[1] = StorPortFreeContiguousMemorySpecifyCache(extension, va + SZ_16K, SZ_4K,
							     MmCached);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, wdmdma_free_mode_set("strict"), 0);
	KUNIT_EXPECT_EQ(test, status[1], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 0UL);
}

static void alloc_every_kind(struct kunit *test)
{
	static const MEMORY_CACHING_TYPE types[] = { MmCached, MmWriteCombined };
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(wdmdma_test_extension(test), 100);
	ACCESS_RANGE range;
	PHYSICAL_ADDRESS la;
	ULONG count = 1;
	unsigned int i;
	PVOID va;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (alloc(test, SZ_8K, 0x7fffffff, SZ_64K, types[i], &va, &la) ==
		    STOR_STATUS_SUCCESS)
			StorPortFreeDmaMemory(wdmdma_test_extension(test), va, SZ_8K, types[i], la);
	if (host_alloc(test, 0, SZ_64K, 0, &range, &count) == STOR_STATUS_SUCCESS)
		StorPortFreeHostMemoryBuffer(wdmdma_test_extension(test), &range, count);
	wdmdma_srb_destroy(wdmdma_test_extension(test), srb);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep_on(test, &edu->pdev->dev, alloc_every_kind);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(test->priv)),
			0UL);
}

/* An unbind must free the memory of each kind, and later calls must be refused. */
static void unbind_takes_back_what_is_left(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_miniport *miniport = test->priv;
	struct pci_dev *pdev = edu->pdev;
	PVOID extension = miniport->extension, va;
	MEMORY_CACHING_TYPE cache = wdmdma_test_uncached(miniport->dev, MmNonCached);
	ACCESS_RANGE range;
	PHYSICAL_ADDRESS la;
	ULONG count = 1;

	KUNIT_EXPECT_NOT_NULL(test, StorPortGetUncachedExtension(extension, &config, SZ_8K));
	KUNIT_EXPECT_NOT_NULL(test, wdmdma_srb_create(extension, 100));
	KUNIT_EXPECT_EQ(test, alloc(test, SZ_8K, 0x7fffffff, 0, cache, &va, &la),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, host_alloc(test, 0, SZ_64K, 0, &range, &count), STOR_STATUS_SUCCESS);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(miniport)),
			0UL);
	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(extension, va, SZ_8K, cache, la),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, alloc(test, SZ_8K, U64_MAX, 0, wdmdma_test_cache(&pdev->dev), &va,
				    &la),
			STOR_STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
	KUNIT_EXPECT_PTR_EQ(test, edu->pdev, pdev);
}

static struct kunit_case live_storport_cases[] = {
	KUNIT_CASE_PARAM(device_moves_bytes_of_memory_as_asked_for, memory_gen_params),
	KUNIT_CASE(no_block_of_many_crosses_the_boundary),
	KUNIT_CASE_SLOW(device_moves_bytes_of_the_ports_memory),
	KUNIT_CASE_SLOW(device_moves_bytes_of_host_memory),
	KUNIT_CASE_SLOW(tolerant_free_waits_for_the_last_part),
	KUNIT_CASE(alloc_fails_cleanly_at_every_point),
	KUNIT_CASE(unbind_takes_back_what_is_left),
	{}
};

static struct kunit_suite live_storport_suite = {
	.name = "wdmdma_live_storport",
	.init = live_storport_init,
	.exit = live_storport_exit,
	.test_cases = live_storport_cases,
};

kunit_test_suite(live_storport_suite);
