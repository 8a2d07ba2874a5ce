// SPDX-License-Identifier: GPL-2.0-only
/* AllocateCommonBufferEx with a limit, a node and a cache type (wdm/wdm_common_buffer.c). */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "core/recycle.h"
#include "buffers.h"
#include "helpers.h"

/* MaximumAddress of AllocateCommonBufferEx. */

static const struct maximum_row {
	const char *name;
	s64 maximum;
	ULONG length;
	bool refused;
} maximum_rows[] = {
	{ "all ones", -1, 8192 },	/* no signed number */
	{ "sign bit alone", S64_MIN, 8192 },
	{ "0x7fffffffffffffff", S64_MAX, 8192 },
	{ "0xffffffff", 0xffffffff, 8192 },
	{ "0xbfffffff", 0xbfffffff, 8192 },
	{ "0x7fffffff", 0x7fffffff, 8192 },
	{ "0x80000000", 0x80000000, 8192 },
	{ "0xffffff", 0xffffff, 8192 },
	{ "0x1000000", 0x1000000, 4096 },
	{ "0xffffff, 256 KiB", 0xffffff, SZ_256K },
	{ "0x3ffffff, not a power of two", 0x3ffffff, 5 * SZ_4K + 1 },
	{ "0x2345678, in the middle of a page", 0x2345678, SZ_16K },
	{ "0", 0, 1, true },
	{ "0xfff: page 0 only", 0xfff, 1, true },
	{ "0xfff, a whole page", 0xfff, 4096, true },
	{ "0x1ffe: page 1 without its last byte", 0x1ffe, 1, true },
	{ "Length - 1: from address 0", SZ_64K - 1, SZ_64K, true },
	{ "Length + 4094: one byte too low", SZ_64K + 4094, SZ_64K, true },
	{ "below Length", SZ_1M, SZ_1M + 1, true },
};

KUNIT_ARRAY_PARAM_DESC(maximum, maximum_rows, name);

static void alloc_ex_keeps_maximum(struct kunit *test)
{
	const struct maximum_row *row = test->param_value;
	struct test_buffer b;
	int cached;

	for (cached = 1; cached >= buffer_uncached(test); cached--) {
		b = buffer_alloc_ex(test, &row->maximum, row->length, cached, MM_ANY_NODE_OK);
		if (row->refused) {
			buffer_expect_refused(test, b);
			continue;
		}
		buffer_expect_good_if_any(test, b, row->maximum);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
}

static const struct block_row {
	const char *name;
	ULONG length;
} block_rows[] = {
	{ "1 byte", 1 },
	{ "4096 bytes", SZ_4K },
	{ "64 KiB", SZ_64K },
	{ "4 MiB", SZ_4M },
};

KUNIT_ARRAY_PARAM_DESC(block, block_rows, name);

/*
 * The window of the adapter leaves only one place for the buffer. The last byte of that place
 * must suffice as the maximum, and the byte before must not.
 *
 * The place is at the end of a block that was just freed. The block is whole page blocks
 * long, so that no other allocation nearby keeps the kernel from giving the memory again.
 * Another user may take the block first, so the case tries several blocks.
 */
static void alloc_ex_maximum_is_inclusive(struct kunit *test)
{
	const struct block_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(f->adapter);
	struct test_buffer blocks[8], b = {};
	s64 last, short_of_last;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	for (n = 0; n < ARRAY_SIZE(blocks); n++)
		blocks[n] = buffer_alloc(test, SZ_4M);
	for (n = 0; n < ARRAY_SIZE(blocks) && !b.va; n++) {
		if (!blocks[n].va)
			continue;
		buffer_release(test, blocks[n]);
		last = blocks[n].la.QuadPart + SZ_4M - 1;
		short_of_last = last - 1;
		adapter->reach.first = last + 1 - PAGE_ALIGN(row->length);
		b = buffer_alloc_ex(test, &short_of_last, row->length, TRUE, 0);
		KUNIT_EXPECT_NULL(test, b.va);
		b = buffer_alloc_ex(test, &last, row->length, TRUE, 0);
	}
	wdmdma_adapter_put(adapter);
	buffer_expect_good(test, b, last);
	KUNIT_EXPECT_EQ(test, (u64)b.la.QuadPart, adapter->reach.first);
	buffer_release(test, b);
	for (; n < ARRAY_SIZE(blocks); n++)
		if (blocks[n].va)
			buffer_release(test, blocks[n]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* The maximum must be read before the logical address is cleared. */
static void alloc_ex_outputs_may_alias_maximum(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct test_buffer b = { .la.QuadPart = 0x7fffffff, .length = 300 };

	b.va = f->ops->AllocateCommonBufferEx(f->adapter, &b.la, b.length, &b.la, TRUE, 0);
	buffer_expect_good(test, b, 0x7fffffff);
	buffer_release(test, b);
}

/* PreferredNode of AllocateCommonBufferEx. */

static void alloc_ex_takes_any_possible_node(struct kunit *test)
{
	static const s64 limit = 0x7fffffff;
	unsigned int node;
	struct test_buffer b;

	for_each_node(node) {
		b = buffer_alloc_ex(test, NULL, 5000, TRUE, node);
		buffer_expect_good(test, b, U64_MAX);
		buffer_release(test, b);
		b = buffer_alloc_ex(test, &limit, 5000, TRUE, node);
		buffer_expect_good(test, b, limit);
		buffer_release(test, b);
	}
	b = buffer_alloc_ex(test, &limit, 5000, buffer_uncached(test), MM_ANY_NODE_OK);
	buffer_expect_good(test, b, limit);
	buffer_release(test, b);
}

static void alloc_ex_refuses_impossible_node(struct kunit *test)
{
	const NODE_REQUIREMENT nodes[] = {
		nr_node_ids, nr_node_ids + 1, 1024, 0x7fffffff, 0x80000001, 0xffffffff,
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(nodes); n++) {
		buffer_expect_refused(test, buffer_alloc_ex(test, NULL, 100, TRUE, nodes[n]));
		buffer_expect_refused(test, buffer_alloc_ex(test, NULL, 100, FALSE, nodes[n]));
	}
}

/* Cache types. */

static void alloc_ex_gives_cached_memory_for_cache_enabled(struct kunit *test)
{
	static const s64 limit = 0x7fffffff;
	struct test_buffer b = buffer_alloc_ex(test, &limit, 5000, TRUE, 0);

	buffer_expect_good(test, b, limit);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(b.va));
	buffer_release(test, b);
}

static const struct uncached_row {
	const char *name;
	ULONG length;
} uncached_rows[] = {
	{ "1 byte", 1 },
	{ "4097 bytes", 4097 },
	{ "64 KiB", SZ_64K },
	{ "2 MiB", SZ_2M },
};

KUNIT_ARRAY_PARAM_DESC(uncached, uncached_rows, name);

/*
 * Every mapping of an uncached page must be uncached. A cached alias could write back over
 * data that the device wrote. The page must be cached again when it returns to the kernel.
 */
static void alloc_ex_gives_uncached_memory_without_cache_enabled(struct kunit *test)
{
	const struct uncached_row *row = test->param_value;
	unsigned long n, pages = PAGE_ALIGN(row->length) >> PAGE_SHIFT;
	struct test_buffer b = buffer_alloc_ex(test, NULL, row->length, FALSE, MM_ANY_NODE_OK);
	void **linear = kunit_kcalloc(test, pages, sizeof(*linear), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, linear);
	if (wdmdma_test_refuses_uncached(test, b.va)) {
		buffer_expect_refused(test, b);
		return;
	}
	buffer_expect_good(test, b, U64_MAX);
	for (n = 0; n < pages; n++) {
		linear[n] = pfn_to_kaddr(PHYS_PFN(b.la.QuadPart) + n);
		KUNIT_EXPECT_EQ(test, (u64)MmGetPhysicalAddress(b.va + n * PAGE_SIZE).QuadPart,
				b.la.QuadPart + n * PAGE_SIZE);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(b.va + n * PAGE_SIZE));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(linear[n]));
	}
	buffer_release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	wdmdma_recycle_shrink(ULONG_MAX);
	for (n = 0; n < pages; n++)
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(linear[n]));
}

static struct kunit_case wdm_buffer_ex_cases[] = {
	KUNIT_CASE_PARAM(alloc_ex_keeps_maximum, maximum_gen_params),
	KUNIT_CASE_PARAM(alloc_ex_maximum_is_inclusive, block_gen_params),
	KUNIT_CASE(alloc_ex_outputs_may_alias_maximum),
	KUNIT_CASE(alloc_ex_takes_any_possible_node),
	KUNIT_CASE(alloc_ex_refuses_impossible_node),
	KUNIT_CASE(alloc_ex_gives_cached_memory_for_cache_enabled),
	KUNIT_CASE_PARAM(alloc_ex_gives_uncached_memory_without_cache_enabled,
			 uncached_gen_params),
	{}
};

static struct kunit_suite wdm_buffer_ex_suite = {
	.name = "wdmdma_wdm_buffer_ex",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_buffer_ex_cases,
};

kunit_test_suite(wdm_buffer_ex_suite);
