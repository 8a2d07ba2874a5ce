// SPDX-License-Identifier: GPL-2.0-only
/* Look-ups of buffers by either address, with QEMU's edu device. */
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "helpers.h"
#include "live.h"
#include "mdl.h"

/* Compare the buffer's info with the page tables of the CPU and the IOMMU. */
static void expect_info(struct kunit *test, void *va, PHYSICAL_ADDRESS la, size_t length,
			size_t size, MEMORY_CACHING_TYPE cache, size_t page_size)
{
	struct wdmdma_fixture *fixture = test->priv;
	phys_addr_t physical = wdmdma_test_physical(va);
	struct wdmdma_buffer_info info;
	bool contiguous = true;
	size_t offset;

	for (offset = SZ_4K; offset < size; offset += SZ_4K)
		contiguous &= wdmdma_test_physical(va + offset) == physical + offset;
	KUNIT_ASSERT_EQ(test, wdmdma_buffer_info_get(fixture->adapter, va + length / 2, &info), 0);
	KUNIT_EXPECT_PTR_EQ(test, info.va, va);
	KUNIT_EXPECT_EQ(test, info.la, (dma_addr_t)la.QuadPart);
	KUNIT_EXPECT_EQ(test, info.length, length);
	KUNIT_EXPECT_EQ(test, info.size, size);
	KUNIT_EXPECT_EQ(test, info.cache, cache);
	KUNIT_EXPECT_EQ(test, info.page_size, page_size);
	KUNIT_EXPECT_EQ(test, info.contiguous, contiguous);
	if (num_online_nodes() == 1)
		KUNIT_EXPECT_EQ(test, info.node, first_online_node);
}

static void info_are_those_of_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	bool can_uncache = wdmdma_test_can_uncache(fixture->dev);
	PHYSICAL_ADDRESS la, la2, la3;
	void *va = live_buffer_alloc(test, 5000, &la), *va2, *va3;

	va2 = wdmdma_test_alloc_below(fixture, U64_MAX, SZ_64K, &la2, !can_uncache);
	KUNIT_ASSERT_NOT_NULL(test, va2);
	va3 = wdmdma_test_alloc_between(fixture, 0, U64_MAX, SZ_1M,
					DOMAIN_COMMON_BUFFER_LARGE_PAGE, &la3);
	/* The memory of a device that is not coherent may happen to be aligned to large pages. */
	if (dev_is_dma_coherent(fixture->dev))
		KUNIT_ASSERT_NOT_NULL(test, va3);
	KUNIT_EXPECT_EQ(test, wdmdma_adapter_is_translated(fixture->adapter),
			wdmdma_iommu_translates(fixture->dev));
	expect_info(test, va, la, 5000, SZ_8K, wdmdma_test_cache(fixture->dev), PAGE_SIZE);
	expect_info(test, va2, la2, SZ_64K, SZ_64K, can_uncache ? MmNonCached : MmCached,
		    PAGE_SIZE);
	if (va3)
		expect_info(test, va3, la3, SZ_1M, SZ_2M, wdmdma_test_cache(fixture->dev), SZ_2M);
	wdmdma_test_free(fixture, 5000, la, va);
	wdmdma_test_free(fixture, SZ_64K, la2, va2);
	if (va3)
		wdmdma_test_free(fixture, SZ_1M, la3, va3);
}

/*
 * The translation must also work for scattered pages, and for CPU addresses outside of
 * the linear map.
 */
static void addresses_are_translated_both_ways(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[LIVE_PAGES];
	u8 *va = live_scattered_memory(test, page), *va2;
	PMDL mdl = mdl_built(test, va, LIVE_PAGES * SZ_4K);
	PHYSICAL_ADDRESS la, la2;
	dma_addr_t dma;
	size_t left;

	va2 = live_buffer_alloc(test, SZ_1M, &la2);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(fixture->adapter, va2 + 12345, &dma, &left),
			0);
	KUNIT_EXPECT_EQ(test, dma, (dma_addr_t)la2.QuadPart + 12345);
	KUNIT_EXPECT_EQ(test, left, (size_t)SZ_1M - 12345);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_logical_to_virt(fixture->adapter, dma, NULL),
			    (void *)va2 + 12345);
	wdmdma_test_free(fixture, SZ_1M, la2, va2);
	KUNIT_EXPECT_NULL(test, wdmdma_logical_to_virt(fixture->adapter, dma, NULL));

	if (NT_SUCCESS(live_create_from_mdl(fixture, mdl, NULL, &la))) {
		KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(fixture->adapter, va + SZ_64K + 5,
							     &dma, NULL), 0);
		KUNIT_EXPECT_EQ(test, dma, (dma_addr_t)la.QuadPart + SZ_64K + 5);
		KUNIT_EXPECT_PTR_EQ(test, wdmdma_logical_to_virt(fixture->adapter, dma, NULL),
				    (void *)va + SZ_64K + 5);
		expect_info(test, va, la, LIVE_PAGES * SZ_4K, LIVE_PAGES * SZ_4K, MmCached,
			    PAGE_SIZE);
		wdmdma_test_free(fixture, LIVE_PAGES * SZ_4K, la, va);
	}
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
}

static struct kunit_case live_lookup_cases[] = {
	KUNIT_CASE(info_are_those_of_the_memory),
	KUNIT_CASE(addresses_are_translated_both_ways),
	{}
};

static struct kunit_suite live_lookup_suite = {
	.name = "wdmdma_live_lookup",
	.init = live_init,
	.test_cases = live_lookup_cases,
};

kunit_test_suite(live_lookup_suite);
