// SPDX-License-Identifier: GPL-2.0-only
/* Pool, MDLs and host memory of a miniport (storport/stor_pool.c). */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "helpers.h"
#include "log.h"

static void pool_gives_zeroed_memory(struct kunit *test)
{
	static const ULONG sizes[] = { 1, 100, SZ_4K, SZ_4K + 1, SZ_1M, SZ_16M };
	PVOID extension = wdmdma_test_extension(test), memory;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, sizes[i], 0x20534554,
							   &memory), STOR_STATUS_SUCCESS);
		KUNIT_ASSERT_NOT_NULL(test, memory);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(memory, sizes[i]));
		if (sizes[i] >= SZ_4K)
			KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(memory));
		memset(memory, 0xa5, sizes[i]);
		KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, memory), STOR_STATUS_SUCCESS);
	}
}

static void pool_works_at_dispatch(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test), small, large;
	ULONG status[3];

	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, SZ_16M, 0, &large),
			STOR_STATUS_SUCCESS);
	local_bh_disable();
	status[0] = StorPortAllocatePool(extension, 1000, 0, &small);
	status[1] = StorPortFreePool(extension, small);
	status[2] = StorPortFreePool(extension, large);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status[0], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, status[1], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, status[2], STOR_STATUS_SUCCESS);
}

static void pool_refuses(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test), memory = test, mdl;
	u8 own[16];

	KUNIT_EXPECT_EQ(test, StorPortAllocatePool(extension, 100, 0, NULL),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, StorPortAllocatePool(extension, 0, 0, &memory),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, memory);
	if (totalram_pages() < SZ_4G >> PAGE_SHIFT) {
		memory = test;
		KUNIT_EXPECT_EQ(test, StorPortAllocatePool(extension, 0xfffff000, 0, &memory),
				STOR_STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_NULL(test, memory);
	}

	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, own), STOR_STATUS_INVALID_PARAMETER);
	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, 100, 0, &memory),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, memory + 8),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(extension, memory, 100, &mdl),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, mdl), STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, mdl), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, memory), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, memory), STOR_STATUS_INVALID_PARAMETER);
}

static void mdl_describes_pool(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test), memory, mdl;
	ULONG status[3];

	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, SZ_8K, 0, &memory),
			STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(extension, memory + 100, SZ_4K, &mdl),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, mdl), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), (ULONG)SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, MmGetMdlVirtualAddress(mdl), memory + 100);
	KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(mdl)[0], page_to_pfn(virt_to_page(memory)));
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, mdl), STOR_STATUS_SUCCESS);
	local_bh_disable();
	status[0] = StorPortAllocateMdl(extension, memory, SZ_8K, &mdl);
	status[1] = StorPortBuildMdlForNonPagedPool(extension, mdl);
	status[2] = StorPortFreeMdl(extension, mdl);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status[0], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, status[1], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, status[2], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, memory), STOR_STATUS_SUCCESS);
}

static void mdl_is_filled_in_once(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test), memory, mdl;

	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, SZ_4K, 0, &memory),
			STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(extension, memory, SZ_4K, &mdl),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, mdl), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, mdl),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, mdl), STOR_STATUS_SUCCESS);
}

static void mdl_calls_refuse(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test), mdl = test, user = (PVOID)0x1000;
	PMDL own = IoAllocateMdl(test, 100, FALSE, FALSE, NULL);
	const ULONG invalid = STOR_STATUS_INVALID_PARAMETER;

	KUNIT_ASSERT_NOT_NULL(test, own);
	KUNIT_EXPECT_EQ(test, StorPortAllocateMdl(extension, test, 100, NULL), invalid);
	KUNIT_EXPECT_EQ(test, StorPortAllocateMdl(extension, NULL, 100, &mdl), invalid);
	KUNIT_EXPECT_NULL(test, mdl);
	mdl = test;
	KUNIT_EXPECT_EQ(test, StorPortAllocateMdl(extension, test, U32_MAX, &mdl),
			STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, NULL), invalid);
	KUNIT_EXPECT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, own), invalid);
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, NULL), invalid);
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, own), invalid);
	/* The address does not belong to the kernel. */
	KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(extension, user, 100, &mdl), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, mdl), invalid);
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, mdl), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, mdl), invalid);
	IoFreeMdl(own);
}

static void take_pool_and_mdl(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test), memory, mdl;

	if (StorPortAllocatePool(extension, SZ_8K, 0, &memory) != STOR_STATUS_SUCCESS)
		return;
	if (StorPortAllocateMdl(extension, memory, SZ_8K, &mdl) == STOR_STATUS_SUCCESS)
		StorPortFreeMdl(extension, mdl);
	StorPortFreePool(extension, memory);
}

static void pool_and_mdl_fail_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, take_pool_and_mdl);
}

/* The arguments of a request, and the number of ranges that the miniport has room for. */
struct host {
	SIZE_T minimum, preferred;
	ULONG alignment;
	u64 first, last, boundary;
	ULONG room;
};

static ULONG host_alloc(struct kunit *test, const struct host *host, ACCESS_RANGE *ranges,
			ULONG *count)
{
	*count = host->room;
	return StorPortAllocateHostMemoryBuffer(wdmdma_test_extension(test), host->minimum,
						host->preferred, 0, host->alignment,
						wdmdma_test_pa(host->first),
						wdmdma_test_pa(host->last),
						wdmdma_test_pa(host->boundary),
						host->room ? ranges : NULL, count);
}

#define ALL	U64_MAX
#define ROOM	8

static const struct host_row {
	const char *name;
	struct host host;
	enum { MUST, MAY, INVALID, NO_RESOURCES } result;
} host_rows[] = {
	{ "a page", { SZ_4K, SZ_4K, 0, 0, ALL, 0, ROOM }, MUST },
	{ "1 MiB in one range", { SZ_1M, SZ_1M, 0, 0, ALL, 0, 1 }, MUST },
	{ "any amount", { 0, SZ_2M, 0, 0, ALL, 0, ROOM }, MUST },
	{ "50 MiB", { SZ_1M, 50 * SZ_1M, 0, 0, ALL, 0, ROOM }, MUST },
	{ "any part of 1 TiB, in the first 64 MiB", { 0, 1ULL << 40, 0, 0, SZ_64M - 1, 0, 2 },
	  MAY },
	{ "aligned to 64 KiB", { SZ_64K, SZ_1M, SZ_64K, 0, ALL, 0, ROOM }, MUST },
	{ "below 2 GiB", { SZ_64K, SZ_64K, 0, 0, 0x7fffffff, 0, ROOM }, MUST },
	{ "8 to 16 MiB", { SZ_64K, SZ_64K, 0, SZ_8M, 0xffffff, 0, ROOM }, MAY },
	{ "a minimum that is not there", { 1ULL << 40, 1ULL << 40, 0, 0, ALL, 0, ROOM },
	  NO_RESOURCES },
	{ "minimum above preferred", { SZ_2M, SZ_1M, 0, 0, ALL, 0, ROOM }, INVALID },
	{ "0 bytes", { 0, 0, 0, 0, ALL, 0, ROOM }, INVALID },
	{ "preferred no whole pages", { 0, SZ_4K + 1, 0, 0, ALL, 0, ROOM }, INVALID },
	{ "minimum no whole pages", { 1, SZ_4K, 0, 0, ALL, 0, ROOM }, INVALID },
	{ "no room", { 0, SZ_4K, 0, 0, ALL, 0, 0 }, INVALID },
	{ "a boundary", { 0, SZ_4K, 0, 0, ALL, SZ_4K, ROOM }, INVALID },
	{ "alignment no power of two", { 0, SZ_4K, SZ_4K + 1, 0, ALL, 0, ROOM }, INVALID },
	{ "lowest above highest", { 0, SZ_4K, 0, SZ_16M, SZ_8M, 0, ROOM }, INVALID },
};

KUNIT_ARRAY_PARAM_DESC(host, host_rows, name);

static void host_memory_is_as_asked_for(struct kunit *test)
{
	const struct host_row *row = test->param_value;
	ACCESS_RANGE ranges[ROOM];
	ULONG count, i, status = host_alloc(test, &row->host, ranges, &count);
	u64 total = 0;

	if (status != STOR_STATUS_SUCCESS) {
		KUNIT_EXPECT_NE(test, (int)row->result, (int)MUST);
		/* A request that MAY be refused may only be refused if the memory is in use. */
		if (row->result == MAY)
			KUNIT_EXPECT_FALSE(test, wdmdma_test_has_free(row->host.first,
								      row->host.last,
								      row->host.minimum ?: SZ_4K,
								      SZ_4K));
		KUNIT_EXPECT_EQ(test, status, row->result == INVALID ?
				STOR_STATUS_INVALID_PARAMETER : STOR_STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_EQ(test, count, 0U);
		KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
		return;
	}
	KUNIT_EXPECT_LE(test, (int)row->result, (int)MAY);
	KUNIT_EXPECT_TRUE(test, count && count <= row->host.room);
	for (i = 0; i < count; i++) {
		u64 start = ranges[i].RangeStart.QuadPart;

		KUNIT_EXPECT_TRUE(test, ranges[i].RangeInMemory);
		KUNIT_EXPECT_NE(test, ranges[i].RangeLength, 0U);
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(ranges[i].RangeLength));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(start, row->host.alignment ?: SZ_4K));
		KUNIT_EXPECT_GE(test, start, row->host.first);
		KUNIT_EXPECT_LE(test, start, row->host.last - (ranges[i].RangeLength - 1));
		total += ranges[i].RangeLength;
	}
	KUNIT_EXPECT_GE(test, total, (u64)row->host.minimum);
	KUNIT_EXPECT_LE(test, total, (u64)row->host.preferred);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), (unsigned long)count);
	KUNIT_EXPECT_EQ(test,
			StorPortFreeHostMemoryBuffer(wdmdma_test_extension(test), ranges, count),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void host_memory_is_freed_once(struct kunit *test)
{
	static const struct host host = { SZ_64K, SZ_64K, 0, 0, ALL, 0, 1 };
	PVOID extension = wdmdma_test_extension(test);
	ACCESS_RANGE ranges[2];
	ULONG count, status;

	KUNIT_ASSERT_EQ(test, host_alloc(test, &host, ranges, &count), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreeHostMemoryBuffer(extension, NULL, 1),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, StorPortFreeHostMemoryBuffer(extension, ranges, 0),
			STOR_STATUS_INVALID_PARAMETER);
	/* A range that is not known must not prevent the free of the others. */
	ranges[1] = ranges[0];
	ranges[0].RangeStart.QuadPart += SZ_4K;
	KUNIT_EXPECT_EQ(test, StorPortFreeHostMemoryBuffer(extension, ranges, 2),
			STOR_STATUS_UNSUCCESSFUL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, StorPortFreeHostMemoryBuffer(extension, &ranges[1], 1),
			STOR_STATUS_UNSUCCESSFUL);

	KUNIT_ASSERT_EQ(test, host_alloc(test, &host, ranges, &count), STOR_STATUS_SUCCESS);
	local_bh_disable();
	status = StorPortFreeHostMemoryBuffer(extension, ranges, count);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

/* The window has room for a part of the minimum only. The part must be given back. */
static void host_memory_that_is_too_little_leaves_no_ranges(struct kunit *test)
{
	static const struct host host = { SZ_4M, SZ_4M, 0, SZ_16M, SZ_16M + SZ_2M - 1, 0, 4 };
	ACCESS_RANGE ranges[4] = {};
	ULONG count;

	KUNIT_EXPECT_EQ(test, host_alloc(test, &host, ranges, &count),
			STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, count, 0U);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(ranges, sizeof(ranges)));
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

/*
 * The window is shorter than the minimum, so the one range that the array has room for is too short
 * wherever it lies. The miniport must be told that the array is short, and not memory.
 */
static void a_full_array_is_named_as_the_reason(struct kunit *test)
{
	static const struct host host = { SZ_64M, SZ_64M, 0, 0, SZ_32M - 1, 0, 1 };
	bool free = wdmdma_test_has_free(SZ_4K, SZ_32M - 1, SZ_4K, SZ_4K);
	struct kmsg_dump_iter log;
	ACCESS_RANGE range = {};
	ULONG count;

	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_EQ(test, host_alloc(test, &host, &range, &count),
			STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "StorPortAllocateHostMemoryBuffer",
						    "the array has no room for more ranges"),
			free ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void host_memory_is_not_allocated_at_dispatch(struct kunit *test)
{
	static const struct host host = { SZ_64K, SZ_64K, 0, 0, ALL, 0, 1 };
	PHYSICAL_ADDRESS none = {}, last = wdmdma_test_pa(ALL);
	ACCESS_RANGE range;
	ULONG count, status;

	local_bh_disable();
	status = host_alloc(test, &host, &range, &count);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, count, 0U);
	status = StorPortAllocateHostMemoryBuffer(wdmdma_test_extension(test), 0, SZ_4K, 0, 0, none,
						  last, none, &range, NULL);
	KUNIT_EXPECT_EQ(test, status, STOR_STATUS_INVALID_PARAMETER);
}

static void take_host_memory(struct kunit *test)
{
	static const struct host host = { SZ_64K, SZ_256K, 0, 0, ALL, 0, 4 };
	ACCESS_RANGE ranges[4];
	ULONG count;

	if (host_alloc(test, &host, ranges, &count) == STOR_STATUS_SUCCESS)
		StorPortFreeHostMemoryBuffer(wdmdma_test_extension(test), ranges, count);
}

static void host_memory_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, take_host_memory);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static struct kunit_case wdm_storport_pool_cases[] = {
	KUNIT_CASE(pool_gives_zeroed_memory),
	KUNIT_CASE(pool_works_at_dispatch),
	KUNIT_CASE(pool_refuses),
	KUNIT_CASE(mdl_describes_pool),
	KUNIT_CASE(mdl_is_filled_in_once),
	KUNIT_CASE(mdl_calls_refuse),
	KUNIT_CASE(pool_and_mdl_fail_cleanly_at_every_point),
	KUNIT_CASE_PARAM(host_memory_is_as_asked_for, host_gen_params),
	KUNIT_CASE(host_memory_is_freed_once),
	KUNIT_CASE(host_memory_that_is_too_little_leaves_no_ranges),
	KUNIT_CASE(a_full_array_is_named_as_the_reason),
	KUNIT_CASE(host_memory_is_not_allocated_at_dispatch),
	KUNIT_CASE(host_memory_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_storport_pool_suite = {
	.name = "wdmdma_wdm_storport_pool",
	.init = wdmdma_test_miniport_init,
	.test_cases = wdm_storport_pool_cases,
};

kunit_test_suite(wdm_storport_pool_suite);
