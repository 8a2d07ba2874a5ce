// SPDX-License-Identifier: GPL-2.0-only
/*
 * AllocateCommonBufferWithBounds without an IOMMU. A buffer must obey both bounds, the
 * cache type, the large page flag and the node, or the call must fail. live_kunit.c has
 * the cases with an IOMMU.
 */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "helpers.h"

#define ANY	U64_MAX		/* in a row, pass NULL */
#define LARGE	DOMAIN_COMMON_BUFFER_LARGE_PAGE

static void *alloc(struct wdmdma_fixture *fixture, u64 first, u64 last, ULONG length, ULONG flags,
		   MEMORY_CACHING_TYPE *cache, NODE_REQUIREMENT node, PHYSICAL_ADDRESS *la)
{
	PHYSICAL_ADDRESS minimum = { .QuadPart = first }, maximum = { .QuadPart = last };

	la->QuadPart = 0x5a5a5a5a;
	return fixture->ops->AllocateCommonBufferWithBounds(fixture->adapter,
							    first == ANY ? NULL : &minimum,
							    last == ANY ? NULL : &maximum, length,
							    flags, cache, node, la);
}

static void free_buffer(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS la, void *va)
{
	fixture->ops->FreeCommonBuffer(fixture->adapter, length, la, va, FALSE);
}

struct bounds_row {
	const char *name;
	u64 first, last;
	ULONG length, flags;
	enum { MUST, MAY, NEVER } success;
};

static const struct bounds_row bounds_rows[] = {
	{ "no bounds", ANY, ANY, SZ_4K, 0, MUST },
	{ "1 byte", ANY, ANY, 1, 0, MUST },
	{ "up to 16 MiB", ANY, 0xffffff, SZ_4K, 0, MUST },
	{ "up to 2 GiB", ANY, 0x7fffffff, SZ_64K, 0, MUST },
	{ "up to 3 GiB", ANY, 0xbfffffff, SZ_64K, 0, MUST },
	{ "from 16 MiB", SZ_16M, ANY, SZ_4K, 0, MUST },
	{ "8 to 16 MiB", SZ_8M, SZ_16M - 1, SZ_4K, 0, MAY },
	{ "16 to 64 MiB", SZ_16M, SZ_64M - 1, SZ_64K, 0, MAY },
	{ "one page", SZ_32M, SZ_32M + SZ_4K - 1, SZ_4K, 0, MAY },
	{ "one page, one byte short", SZ_32M, SZ_32M + SZ_4K - 2, SZ_4K, 0, NEVER },
	{ "window smaller than the length", SZ_32M, SZ_32M + SZ_64K - 1, SZ_64K + 1, 0, NEVER },
	{ "upside down", SZ_32M, SZ_16M, SZ_4K, 0, NEVER },
	{ "above all memory", 1ULL << 50, ANY, SZ_4K, 0, NEVER },
	{ "first page only", 0, SZ_4K - 1, SZ_4K, 0, NEVER },
	{ "length 0", ANY, ANY, 0, 0, NEVER },
	{ "length 0xfffff001", ANY, ANY, 0xfffff001, 0, NEVER },
	{ "HighPart of the maximum not set", ANY, 0xdeadbeef7fffffffULL, SZ_4K, 0, MUST },
	{ "HighPart of the maximum -1", ANY, 0xffffffff00ffffffULL, SZ_4K, 0, MUST },
	{ "maximum of all ones but one", ANY, U64_MAX - 1, SZ_4K, 0, MUST },
	{ "sign bit alone as maximum", ANY, 1ULL << 63, SZ_4K, 0, MUST },
	{ "sign bit alone as minimum", 1ULL << 63, ANY, SZ_4K, 0, NEVER },
	{ "HighPart of the minimum not set", 0xdeadbeef00000000ULL, ANY, SZ_4K, 0, NEVER },
	{ "minimum of all ones but one", U64_MAX - 1, ANY, SZ_4K, 0, NEVER },
	{ "large page of 1 byte", ANY, ANY, 1, LARGE, MUST },
	{ "large page of 2 MiB", ANY, ANY, SZ_2M, LARGE, MUST },
	{ "large pages of 2 MiB + 1", ANY, ANY, SZ_2M + 1, LARGE, MAY },
	{ "large pages in 32 to 64 MiB", SZ_32M, SZ_64M - 1, SZ_2M + 1, LARGE, MAY },
	{ "large page up to 3 GiB", ANY, 0xbfffffff, SZ_2M, LARGE, MUST },
	{ "large page in a window of 1 MiB", SZ_32M, SZ_32M + SZ_1M - 1, SZ_4K, LARGE, NEVER },
	{ "unknown flag 2", ANY, ANY, SZ_4K, 2, NEVER },
	{ "unknown flag among known", ANY, ANY, SZ_4K, 0x80000001, NEVER },
};

KUNIT_ARRAY_PARAM_DESC(bounds, bounds_rows, name);

static void both_bounds_and_granule_are_met(struct kunit *test)
{
	const struct bounds_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	size_t granule = row->flags & LARGE ? SZ_2M : SZ_4K;
	size_t size = ALIGN((u64)row->length, granule);
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(fixture, row->first, row->last, row->length, row->flags, NULL, 0, &la);

	if (!va) {
		u64 first = row->first == ANY ? 0 : row->first;

		if (wdmdma_test_has_memory(first, row->last))
			KUNIT_EXPECT_NE(test, (int)row->success, (int)MUST);
		/* A row that MAY fail must succeed if memory is free there. */
		if (row->success == MAY)
			KUNIT_EXPECT_FALSE(test, wdmdma_test_must_have(first, row->last, size));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		return;
	}
	KUNIT_EXPECT_NE(test, (int)row->success, (int)NEVER);
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)la.QuadPart, granule));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, granule));
	if (row->first != ANY)
		KUNIT_EXPECT_GE(test, (u64)la.QuadPart, row->first);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart, row->last - (size - 1));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, size));
	KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(va));
	KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(va + size - 1));
	memset(va, 0xa5, row->length);
	free_buffer(fixture, row->length, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

struct cache_row {
	const char *name;
	MEMORY_CACHING_TYPE cache;
	bool good, uncached;
};

static const struct cache_row cache_rows[] = {
	{ "MmCached", MmCached, true, false },
	{ "MmNonCached", MmNonCached, true, true },
	{ "MmWriteCombined", MmWriteCombined, false },
	{ "MmHardwareCoherentCached", MmHardwareCoherentCached, false },
	{ "MmNonCachedUnordered", MmNonCachedUnordered, false },
	{ "MmMaximumCacheType", MmMaximumCacheType, false },
	{ "MmNotMapped", MmNotMapped, false },
	{ "no cache type at all", 0x7fffffff, false },
};

KUNIT_ARRAY_PARAM_DESC(cache, cache_rows, name);

static void cache_type_is_obeyed_or_refused(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	MEMORY_CACHING_TYPE cache = row->cache;
	PHYSICAL_ADDRESS la;
	void *va = alloc(fixture, ANY, ANY, SZ_8K, 0, &cache, MM_ANY_NODE_OK, &la);

	if (row->uncached && wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_EXPECT_EQ(test, !!va, row->good);
	if (!va) {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		return;
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va), row->uncached);
	memset(va, 0x5a, SZ_8K);
	free_buffer(fixture, SZ_8K, la, va);
}

static void large_page_can_be_uncached(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	MEMORY_CACHING_TYPE cache = MmNonCached;
	PHYSICAL_ADDRESS la;
	size_t offset;
	void *va = alloc(fixture, ANY, ANY, SZ_2M, LARGE, &cache, 0, &la);

	if (wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)la.QuadPart, SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_2M));
	for (offset = 0; offset < SZ_2M; offset += SZ_4K)
		KUNIT_ASSERT_TRUE(test, wdmdma_test_is_uncached(va + offset));
	memset(va, 0x5a, SZ_2M);
	free_buffer(fixture, SZ_2M, la, va);
}

/* Memory in ZONE_MOVABLE must stay free of memory that cannot be moved away. */
static void memory_that_can_be_unplugged_is_left(struct kunit *test)
{
	static const ULONG lengths[] = { SZ_4K, SZ_64K, SZ_2M };
	struct wdmdma_fixture *fixture = test->priv;
	struct zone *zone;
	PHYSICAL_ADDRESS la;
	bool any = false;
	unsigned int i;
	void *va;
	int node;

	for_each_online_node(node) {
		zone = &NODE_DATA(node)->node_zones[ZONE_MOVABLE];
		if (!populated_zone(zone))
			continue;
		any = true;
		for (i = 0; i < ARRAY_SIZE(lengths); i++) {
			va = alloc(fixture, PFN_PHYS(zone->zone_start_pfn),
				   PFN_PHYS(zone_end_pfn(zone)) - 1, lengths[i], 0, NULL,
				   MM_ANY_NODE_OK, &la);
			KUNIT_EXPECT_NULL(test, va);
			if (va)
				free_buffer(fixture, lengths[i], la, va);
		}
	}
	if (!any)
		kunit_skip(test, "the machine has no memory in ZONE_MOVABLE");
}

static void node_out_of_range_is_refused(struct kunit *test)
{
	static const NODE_REQUIREMENT bad[] = { MAX_NUMNODES, 0x7fffffff, 0xffffffff };
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_NULL(test, alloc(fixture, ANY, ANY, SZ_4K, 0, NULL, bad[i], &la));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
}

/*
 * Without an IOMMU, too, a node is a preference. A guest with free memory on each node
 * must honour it.
 */
static void memory_is_on_the_preferred_node(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	void *va;
	int node;

	if (num_online_nodes() < 2) {
		kunit_skip(test, "the machine has one node");
		return;
	}
	for_each_online_node(node) {
		va = alloc(fixture, ANY, ANY, SZ_64K, 0, NULL, node, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(va)), node);
		free_buffer(fixture, SZ_64K, la, va);
	}
}

static void large_page_is_on_the_preferred_node(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	size_t offset;
	void *va;
	int node;

	wdmdma_test_needs_nodes(test);
	for_each_online_node(node) {
		va = alloc(fixture, ANY, ANY, SZ_2M, LARGE, NULL, node, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)la.QuadPart, SZ_2M));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_2M));
		for (offset = 0; offset < SZ_2M; offset += SZ_4K)
			KUNIT_ASSERT_EQ(test, page_to_nid(virt_to_page(va + offset)), node);
		free_buffer(fixture, SZ_2M, la, va);
	}
}

static void null_outputs_and_adapters_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la = { .QuadPart = 1 };
	void *va;

	va = fixture->ops->AllocateCommonBufferWithBounds(fixture->adapter, NULL, NULL, SZ_4K, 0,
							  NULL, 0, NULL);
	KUNIT_EXPECT_NULL(test, va);
	va = fixture->ops->AllocateCommonBufferWithBounds(NULL, NULL, NULL, SZ_4K, 0, NULL, 0, &la);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	local_bh_disable();
	va = alloc(fixture, ANY, ANY, SZ_4K, 0, NULL, 0, &la);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, va);
}

static void alloc_every_kind(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	MEMORY_CACHING_TYPE cache = MmNonCached;
	PHYSICAL_ADDRESS la;
	void *va;

	va = alloc(fixture, SZ_16M, 0xbfffffff, SZ_8K, 0, NULL, 0, &la);
	if (va)
		free_buffer(fixture, SZ_8K, la, va);
	va = alloc(fixture, ANY, ANY, SZ_2M, LARGE, &cache, 0, &la);
	if (va)
		free_buffer(fixture, SZ_2M, la, va);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	wdmdma_test_sweep(test, alloc_every_kind);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

static struct kunit_case bounds_cases[] = {
	KUNIT_CASE_PARAM(both_bounds_and_granule_are_met, bounds_gen_params),
	KUNIT_CASE_PARAM(cache_type_is_obeyed_or_refused, cache_gen_params),
	KUNIT_CASE(large_page_can_be_uncached),
	KUNIT_CASE(memory_that_can_be_unplugged_is_left),
	KUNIT_CASE(node_out_of_range_is_refused),
	KUNIT_CASE(memory_is_on_the_preferred_node),
	KUNIT_CASE(large_page_is_on_the_preferred_node),
	KUNIT_CASE(null_outputs_and_adapters_are_refused),
	KUNIT_CASE(alloc_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite bounds_suite = {
	.name = "wdmdma_bounds",
	.init = wdmdma_test_fixture_init,
	.test_cases = bounds_cases,
};

kunit_test_suite(bounds_suite);
