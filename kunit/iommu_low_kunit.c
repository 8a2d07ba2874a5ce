// SPDX-License-Identifier: GPL-2.0-only
/*
 * backend/iommu_low.c. Buffers with low limits behind an IOMMU must not disturb other
 * mappings of the device. Some cases test backend/backend_iommu.c through the calls of a
 * driver.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "core/adapter.h"
#include "edu.h"
#include "helpers.h"

#define LIMIT		(SZ_1M - 1)
#define ROUNDS		100
#define AT_ONCE		8
#define BUFFERS		40

struct streaming {
	struct device *dev;
	struct page *page;
	unsigned long mapped;
	unsigned long failed;
};

static int low_init(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);

	if (!edu_is_there(test, EDU_SLOT_32_BITS) || !wdmdma_iommu_translates(&edu->pdev->dev)) {
		kunit_skip(test, "needs a device behind an IOMMU");
		return 0;
	}
	test->priv = wdmdma_test_fixture_on(test, &edu->pdev->dev, 32);
	return 0;
}

static size_t streamed_length(unsigned int n)
{
	return n & 1 ? 3 * PAGE_SIZE : PAGE_SIZE;
}

/*
 * Map and unmap pages through the DMA API, as the Linux half of a driver does. One page is the
 * shortest range of the allocator's caches, and three pages were seen to fail.
 */
static int map_and_unmap(void *data)
{
	struct streaming *streaming = data;
	dma_addr_t dma[AT_ONCE];
	unsigned int n;

	while (!kthread_should_stop()) {
		for (n = 0; n < AT_ONCE; n++) {
			dma[n] = dma_map_page_attrs(streaming->dev, streaming->page, 0,
						    streamed_length(n), DMA_TO_DEVICE,
						    DMA_ATTR_SKIP_CPU_SYNC);
			if (dma_mapping_error(streaming->dev, dma[n]))
				streaming->failed++;
			else
				streaming->mapped++;
		}
		while (n--)
			if (!dma_mapping_error(streaming->dev, dma[n]))
				dma_unmap_page_attrs(streaming->dev, dma[n], streamed_length(n),
						     DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
		cond_resched();
	}
	return 0;
}

/* Allocate more buffers than fit below the lowest limit, under limits that change. */
static void low_rounds(struct kunit *test)
{
	static const u64 limits[] = { LIMIT, SZ_16M - 1, SZ_256M - 1, 0x123fff };
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la[BUFFERS];
	void *va[BUFFERS];
	unsigned int round, n, got = 0;
	u64 limit;

	for (round = 0; round < ROUNDS; round++) {
		limit = limits[round % ARRAY_SIZE(limits)];
		for (n = 0; n < BUFFERS; n++) {
			va[n] = wdmdma_test_alloc_below(f, limit, n % 4 ? PAGE_SIZE : SZ_16K,
							&la[n], TRUE);
			if (!va[n])
				continue;
			got++;
			KUNIT_EXPECT_LE(test, (u64)la[n].QuadPart, limit);
		}
		while (n--)
			if (va[n])
				wdmdma_test_free(f, n % 4 ? PAGE_SIZE : SZ_16K, la[n], va[n]);
		if (!(round % 64))
			msleep(20);
	}
	KUNIT_EXPECT_GT(test, got, (unsigned int)ROUNDS);
}

static void nobody_else_fails_meanwhile(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct streaming streaming = { .dev = f->dev };
	u64 mask = dma_get_mask(f->dev);
	struct task_struct *thread;

	streaming.page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	KUNIT_ASSERT_NOT_NULL(test, streaming.page);
	thread = kthread_run(map_and_unmap, &streaming, "wdmdma-streaming");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	low_rounds(test);
	kthread_stop(thread);
	__free_pages(streaming.page, 2);
	kunit_info(test, "%lu mapped meanwhile", streaming.mapped);
	KUNIT_EXPECT_GT(test, streaming.mapped, 0UL);
	KUNIT_EXPECT_EQ(test, streaming.failed, 0UL);
	KUNIT_EXPECT_EQ(test, dma_get_mask(f->dev), mask);
}

/* A device whose two masks are one variable must still get low buffers. */
static void one_mask_for_all_uses_will_do(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u64 *mask = f->dev->dma_mask;
	PHYSICAL_ADDRESS la;
	void *va;

	f->dev->dma_mask = &f->dev->coherent_dma_mask;
	va = wdmdma_test_alloc_below(f, SZ_16M - 1, SZ_64K, &la, TRUE);
	KUNIT_EXPECT_NOT_NULL(test, va);
	if (va) {
		KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_64K, (u64)SZ_16M);
		wdmdma_test_free(f, SZ_64K, la, va);
	}
	f->dev->dma_mask = mask;
}

/*
 * The kernel warns if a mapping is longer than the device's segments. The log must have
 * no warning.
 */
static void buffer_is_longer_than_a_segment(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned int most = dma_get_max_seg_size(f->dev);
	PHYSICAL_ADDRESS la;
	void *va;

	dma_set_max_seg_size(f->dev, SZ_64K);
	va = wdmdma_test_alloc_below(f, U64_MAX, SZ_1M, &la, FALSE);
	KUNIT_EXPECT_EQ(test, !!va, wdmdma_test_can_uncache(f->dev));
	if (va) {
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, SZ_1M));
		wdmdma_test_free(f, SZ_1M, la, va);
	}
	dma_set_max_seg_size(f->dev, most);
}

/* A recycled buffer must not count as live and must be zeroed. The adapter frees it at the end. */
static void freed_buffer_comes_again_zeroed(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned int n;
	PHYSICAL_ADDRESS la;
	u8 *va;

	for (n = 0; n < 4; n++) {
		va = wdmdma_test_alloc_below(f, LIMIT, SZ_8K, &la, TRUE);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, SZ_8K));
		memset(va, 0xa5, SZ_8K);
		wdmdma_test_free(f, SZ_8K, la, va);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
	}
}

/* The stand-in is a copy of the struct device, and must share nothing that the original changes. */
static void stand_in_shares_nothing_with_the_device(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_standin *standin = &wdmdma_test_core_of(f)->device->standin;
	PHYSICAL_ADDRESS la;
	void *va;

#ifdef CONFIG_SWIOTLB_DYNAMIC
	bool used = f->dev->dma_uses_io_tlb;

	/* As if a transfer of the device had been copied before. */
	f->dev->dma_uses_io_tlb = true;
#endif
	va = wdmdma_test_alloc_below(f, LIMIT, SZ_8K, &la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_PTR_EQ(test, standin->dev.dma_mask, &standin->mask);
	KUNIT_EXPECT_PTR_EQ(test, standin->dev.dma_parms, &standin->parms);
#ifdef CONFIG_SWIOTLB_DYNAMIC
	KUNIT_EXPECT_FALSE(test, standin->dev.dma_uses_io_tlb);
	KUNIT_EXPECT_TRUE(test, list_empty(&standin->dev.dma_io_tlb_pools));
	f->dev->dma_uses_io_tlb = used;
#endif
	wdmdma_test_free(f, SZ_8K, la, va);
}

static const struct put_row {
	const char *name;
	bool freed;
} put_rows[] = {
	{ "a buffer that was left", false },
	{ "a buffer whose free was deferred", true },
};

KUNIT_ARRAY_PARAM_DESC(put, put_rows, name);

/* A lazy domain keeps freed buffers with low addresses. None may outlive the last adapter. */
static void put_leaves_no_buffer_behind(struct kunit *test)
{
	const struct put_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(f);
	struct wdmdma_device *device = adapter->device;
	struct iommu_domain *domain = iommu_get_domain_for_dev(f->dev);
	PHYSICAL_ADDRESS la;
	unsigned int n;
	void *va;

	va = wdmdma_test_alloc_below(f, LIMIT, SZ_8K, &la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	local_bh_disable();
	if (row->freed)
		wdmdma_test_free(f, SZ_8K, la, va);
	f->ops->PutDmaAdapter(f->adapter);
	local_bh_enable();
	f->adapter = NULL;
	/* The memory of an adapter stays for a while after its put. */
	flush_work(&adapter->teardown);
	for (n = 0; n < ARRAY_SIZE(device->home->low.bytes); n++)
		KUNIT_EXPECT_EQ(test, device->home->low.bytes[n], 0L);
	KUNIT_EXPECT_TRUE(test, list_empty(&device->low_blocks));
	/* A lazy domain unmaps at once too, and holds back only the address. */
	KUNIT_EXPECT_EQ(test, (u64)iommu_iova_to_phys(domain, la.QuadPart), 0ULL);
}

/* Take all addresses below the limit that the module gives. Return the number of buffers. */
static unsigned int take_all(struct wdmdma_fixture *f)
{
	PHYSICAL_ADDRESS la;
	unsigned int n = 0;

	while (n < BUFFERS && wdmdma_test_alloc_below(f, LIMIT, SZ_64K, &la, TRUE))
		n++;
	return n;
}

/*
 * Two functions that the IOMMU cannot tell apart have the same addresses. When one has used the
 * low ones up, the other must be refused without a search, so that mappings still succeed.
 */
static void devices_of_a_group_share_the_addresses(struct kunit *test)
{
	struct edu *twin = edu_at(EDU_SLOT_TWINS), *other = edu_at(EDU_SLOT_TWINS + 1);
	struct wdmdma_fixture *first, *second;
	PHYSICAL_ADDRESS la;
	unsigned int got;
	void *va;

	if (!edu_is_there(test, EDU_SLOT_TWINS) || !edu_is_there(test, EDU_SLOT_TWINS + 1) ||
	    twin->pdev->dev.iommu_group != other->pdev->dev.iommu_group) {
		kunit_skip(test, "the two functions are not one group behind an IOMMU");
		return;
	}
	first = wdmdma_test_fixture_on(test, &twin->pdev->dev, 32);
	second = wdmdma_test_fixture_on(test, &other->pdev->dev, 32);
	got = take_all(first);
	KUNIT_EXPECT_GT(test, got, 0U);
	KUNIT_EXPECT_LE(test, got * SZ_64K, LIMIT / 2 + 1);
	KUNIT_EXPECT_EQ(test, take_all(second), 0U);
	/* The put takes back what was left. */
	first->ops->PutDmaAdapter(first->adapter);
	first->adapter = NULL;
	va = wdmdma_test_alloc_below(second, LIMIT, SZ_64K, &la, TRUE);
	KUNIT_EXPECT_NOT_NULL(test, va);
	if (va)
		wdmdma_test_free(second, SZ_64K, la, va);
}

static struct kunit_case low_cases[] = {
	KUNIT_CASE_SLOW(nobody_else_fails_meanwhile),
	KUNIT_CASE(one_mask_for_all_uses_will_do),
	KUNIT_CASE(buffer_is_longer_than_a_segment),
	KUNIT_CASE(freed_buffer_comes_again_zeroed),
	KUNIT_CASE(stand_in_shares_nothing_with_the_device),
	KUNIT_CASE(devices_of_a_group_share_the_addresses),
	KUNIT_CASE_PARAM(put_leaves_no_buffer_behind, put_gen_params),
	{}
};

static struct kunit_suite low_suite = {
	.name = "wdmdma_iommu_low",
	.init = low_init,
	.test_cases = low_cases,
};

kunit_test_suite(low_suite);
