// SPDX-License-Identifier: GPL-2.0-only
/* Information about the memory of a common buffer (wdm/wdm_translate.c). */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "lookup.h"

#define LARGE	DOMAIN_COMMON_BUFFER_LARGE_PAGE

static struct lookup_buffer alloc_bounded(struct kunit *test, ULONG length, ULONG flags,
					  MEMORY_CACHING_TYPE cache, NODE_REQUIREMENT node)
{
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = { .length = length };

	b.va = f->ops->AllocateCommonBufferWithBounds(f->adapter, NULL, NULL, length, flags, &cache,
						      node, &b.la);
	KUNIT_ASSERT_NOT_NULL(test, b.va);
	return b;
}

static void expect_info(struct kunit *test, const struct lookup_buffer *b,
			struct wdmdma_buffer_info expected)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_buffer_info info = {};

	/* Look up the buffer by an address inside. */
	KUNIT_ASSERT_EQ(test, wdmdma_buffer_info_get(f->adapter, b->va + b->length - 1, &info), 0);
	KUNIT_EXPECT_PTR_EQ(test, info.va, (void *)b->va);
	KUNIT_EXPECT_EQ(test, info.la, (dma_addr_t)b->la.QuadPart);
	KUNIT_EXPECT_EQ(test, info.length, (size_t)b->length);
	KUNIT_EXPECT_EQ(test, info.size, expected.size);
	KUNIT_EXPECT_EQ(test, info.cache, expected.cache);
	KUNIT_EXPECT_EQ(test, info.page_size, expected.page_size);
	KUNIT_EXPECT_TRUE(test, info.contiguous);
	if (num_online_nodes() == 1)
		KUNIT_EXPECT_EQ(test, info.node, first_online_node);
	else if (expected.node != NUMA_NO_NODE)
		KUNIT_EXPECT_EQ(test, info.node, expected.node);
}

#define INFO(s, c, p)                 \
	((struct wdmdma_buffer_info){ \
		.size = (s), .cache = (c), .page_size = (p), .node = NUMA_NO_NODE })

static void info_of_plain_memory(struct kunit *test)
{
	struct lookup_buffer b = lookup_alloc(test, 5000), c = lookup_alloc(test, SZ_64K);

	expect_info(test, &b, INFO(SZ_8K, MmCached, PAGE_SIZE));
	expect_info(test, &c, INFO(SZ_64K, MmCached, PAGE_SIZE));
	lookup_release(test, b);
	lookup_release(test, c);
}

static void info_of_a_large_page(struct kunit *test)
{
	struct lookup_buffer b = alloc_bounded(test, SZ_1M, LARGE, MmCached, MM_ANY_NODE_OK);

	expect_info(test, &b, INFO(SZ_2M, MmCached, SZ_2M));
	lookup_release(test, b);
}

static void skip_without_uncached_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	if (!wdmdma_test_can_uncache(f->dev))
		kunit_skip(test, "the device has no uncached memory here");
}

static void info_of_uncached_memory(struct kunit *test)
{
	struct lookup_buffer b;

	skip_without_uncached_memory(test);
	b = alloc_bounded(test, SZ_8K, 0, MmNonCached, MM_ANY_NODE_OK);
	expect_info(test, &b, INFO(SZ_8K, MmNonCached, PAGE_SIZE));
	lookup_release(test, b);
}

/* The buffer must have the cache type of its memory. */
static void info_of_uncached_memory_of_the_driver(struct kunit *test)
{
	struct lookup_buffer b, c;

	skip_without_uncached_memory(test);
	b = lookup_import(test, SZ_8K, MmNonCached);
	c = lookup_import(test, SZ_8K, MmWriteCombined);
	expect_info(test, &b, INFO(SZ_8K, MmNonCached, PAGE_SIZE));
	expect_info(test, &c, INFO(SZ_8K, MmWriteCombined, PAGE_SIZE));
	lookup_release(test, b);
	lookup_release(test, c);
}

static void info_of_memory_of_the_driver(struct kunit *test)
{
	struct lookup_buffer b = lookup_import(test, SZ_16K, MmCached),
			     c = lookup_import(test, SZ_2M, MmCached);

	expect_info(test, &b, INFO(SZ_16K, MmCached, PAGE_SIZE));
	/*
	 * The memory is as long as a large page, and is a large page only if
	 * aligned to its size.
	 */
	expect_info(test, &c,
		    INFO(SZ_2M, MmCached, IS_ALIGNED(c.la.QuadPart, SZ_2M) ? SZ_2M : PAGE_SIZE));
	lookup_release(test, b);
	lookup_release(test, c);
}

static void info_of_an_element(struct kunit *test)
{
	PDMA_COMMON_BUFFER_VECTOR vector = lookup_vector_alloc(test, 8, 5000, 0);
	PDMA_COMMON_BUFFER_VECTOR large = lookup_vector_alloc(test, 8, SZ_4K, LARGE);
	struct lookup_buffer b = lookup_element(test, vector, 3, 5000),
			     c = lookup_element(test, large, 7, SZ_4K);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_buffer_info info;

	expect_info(test, &b, INFO(SZ_8K, MmCached, PAGE_SIZE));
	/* The page size must be that of the large page which holds the element. */
	expect_info(test, &c, INFO(SZ_4K, MmCached, SZ_2M));
	f->ops->FreeCommonBufferFromVector(f->adapter, vector, 3);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, b.va, &info), -ENXIO);
	lookup_vector_free(test, vector);
	lookup_vector_free(test, large);
}

static void info_tell_the_node(struct kunit *test)
{
	struct wdmdma_buffer_info expected = INFO(SZ_64K, MmCached, PAGE_SIZE);
	struct lookup_buffer b;
	int node;

	if (num_online_nodes() < 2) {
		kunit_skip(test, "the machine has one node");
		return;
	}
	for_each_online_node(node) {
		b = alloc_bounded(test, SZ_64K, 0, MmCached, node);
		expected.node = node;
		expect_info(test, &b, expected);
		lookup_release(test, b);
	}
}

static void info_of_no_buffer_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_buffer_info info;
	struct lookup_buffer b = lookup_alloc(test, 5000);
	int ret;

	memset(&info, 0xff, sizeof(info));
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, b.va + 5000, &info), -ENXIO);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(&info, sizeof(info)));
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, NULL, &info), -ENXIO);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, b.va, NULL), -EINVAL);
	memset(&info, 0xff, sizeof(info));
	local_bh_disable();
	ret = wdmdma_buffer_info_get(f->adapter, b.va, &info);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(&info, sizeof(info)));
	lookup_release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, b.va, &info), -ENXIO);
}

static struct kunit_case wdm_lookup_info_cases[] = {
	KUNIT_CASE(info_of_plain_memory),
	KUNIT_CASE(info_of_a_large_page),
	KUNIT_CASE(info_of_uncached_memory),
	KUNIT_CASE(info_of_uncached_memory_of_the_driver),
	KUNIT_CASE(info_of_memory_of_the_driver),
	KUNIT_CASE(info_of_an_element),
	KUNIT_CASE(info_tell_the_node),
	KUNIT_CASE(info_of_no_buffer_are_refused),
	{}
};

static struct kunit_suite wdm_lookup_info_suite = {
	.name = "wdmdma_wdm_lookup_info",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_lookup_info_cases,
};

kunit_test_suite(wdm_lookup_info_suite);
