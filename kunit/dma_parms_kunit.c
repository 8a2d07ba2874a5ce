// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of core/dma_parms.c, for the length of segments. kunit/offset_kunit.c tests the alignment
 * mask.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/sizes.h>

#include "helpers.h"
#include "memory.h"

/* The Linux half's limit, and the elements that 1 MiB of contiguous memory then has. */
static const struct limit_row {
	const char *name;
	unsigned int limit;
	ULONG longest;
	ULONG elements;
} limit_rows[] = {
	{ "no limit", 0, SZ_1M, 1 },
	{ "no limit, and longer transfers", 0, SZ_4M, 1 },
	{ "128 KiB", SZ_128K, SZ_1M, 8 },
	{ "512 KiB", SZ_512K, SZ_1M, 2 },
};

KUNIT_ARRAY_PARAM_DESC(limit, limit_rows, name);

static void free_block(void *page)
{
	__free_pages(page, get_order(SZ_1M));
}

static void segments_are_as_long_as_the_linux_half_allows(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct page *page = alloc_pages(GFP_KERNEL, get_order(SZ_1M));
	PSCATTER_GATHER_LIST list;
	PDMA_ADAPTER adapter;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_block, page), 0);
	if (wdmdma_test_copies_all(f->dev))
		kunit_skip(test, "the kernel copies all memory");
	if (row->limit)
		dma_set_max_seg_size(f->dev, row->limit);
	adapter = wdmdma_test_adapter(test, 64, row->longest, TRUE);
	mdl = wdmdma_test_mdl(test, page_address(page), SZ_1M);
	list = wdmdma_test_list(test, adapter, mdl, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, list->NumberOfElements, row->elements);
	KUNIT_EXPECT_EQ(test, list->Elements[0].Length, (ULONG)SZ_1M / row->elements);
	adapter->DmaOperations->PutScatterGatherList(adapter, list, TRUE);
}

/* A limit of an adapter with a shorter transfer must not shorten those of another adapter. */
static void longest_adapter_decides(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	wdmdma_test_adapter(test, 64, SZ_2M, TRUE);
	KUNIT_EXPECT_GE(test, dma_get_max_seg_size(f->dev), (unsigned int)SZ_2M);
	wdmdma_test_adapter(test, 64, SZ_64K, TRUE);
	KUNIT_EXPECT_GE(test, dma_get_max_seg_size(f->dev), (unsigned int)SZ_2M);
}

/* The Linux half may set its limit late, and then it holds. */
static void later_limit_is_not_raised(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	wdmdma_test_adapter(test, 64, SZ_1M, TRUE);
	dma_set_max_seg_size(f->dev, SZ_32K);
	wdmdma_test_adapter(test, 64, SZ_4M, TRUE);
	KUNIT_EXPECT_EQ(test, dma_get_max_seg_size(f->dev), (unsigned int)SZ_32K);
}

static void limit_is_restored_at_unbind(struct kunit *test)
{
	struct device_dma_parameters parms = { };
	struct device *dev = wdmdma_test_device(test);
	struct wdmdma_fixture *f;

	dev->dma_parms = &parms;
	f = wdmdma_test_fixture_on(test, dev, 64);
	test->priv = f;
	wdmdma_test_adapter(test, 64, SZ_1M, TRUE);
	KUNIT_EXPECT_GE(test, parms.max_segment_size, (unsigned int)SZ_1M);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, parms.max_segment_size, 0U);
}

static struct kunit_case dma_parms_cases[] = {
	KUNIT_CASE_PARAM(segments_are_as_long_as_the_linux_half_allows, limit_gen_params),
	KUNIT_CASE(longest_adapter_decides),
	KUNIT_CASE(later_limit_is_not_raised),
	KUNIT_CASE(limit_is_restored_at_unbind),
	{}
};

static struct kunit_suite dma_parms_suite = {
	.name = "wdmdma_dma_parms",
	.init = wdmdma_test_fixture_init,
	.test_cases = dma_parms_cases,
};

kunit_test_suite(dma_parms_suite);
