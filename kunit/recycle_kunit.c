// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recycling of buffers (core/recycle.c), through the calls that a driver makes. The cases use
 * a real device where the machine has one, because its IOMMU shows which pages are mapped.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "core/adapter.h"
#include "core/free_mode.h"
#include "core/recycle.h"
#include "edu.h"
#include "helpers.h"
#include "objects.h"
#include "recycle.h"

#define PATTERN 0xa5

static bool rests(struct kunit *test)
{
	return wdmdma_test_core_of(test->priv)->recycler.mode == WDMDMA_RECYCLE_UNMAPPED;
}

static const struct length_row {
	const char *name;
	ULONG length;
	unsigned int kept; /* in pages */
} length_rows[] = {
	{ "1 byte", 1, 1 },
	{ "4096 bytes", SZ_4K, 1 },
	{ "4097 bytes", SZ_4K + 1, 2 },
	{ "three pages are no power of two", 3 * SZ_4K, 0 },
	{ "64 KiB", SZ_64K, 16 },
	{ "2 MiB", SZ_2M, 512 },
	{ "4 MiB is too long", SZ_4M, 0 },
};

KUNIT_ARRAY_PARAM_DESC(length, length_rows, name);

static void freed_buffer_comes_back_zeroed(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	PHYSICAL_ADDRESS la, again;
	void *va;

	if (!recycle_keeps(test))
		return;
	va = recycle_alloc_and_free(test, test->priv, row->length, &la);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), row->kept);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(wdmdma_test_core_of(test->priv)), 0UL);
	if (!row->kept)
		return;
	KUNIT_EXPECT_PTR_EQ(test, recycle_alloc(test, row->length, &again), va);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 0U);
	if (!rests(test))
		KUNIT_EXPECT_EQ(test, again.QuadPart, la.QuadPart);
	recycle_release(test, row->length, again, va);
}

/* A recycled buffer must have the length of its last allocation, whatever its length was before. */
static void length_is_that_of_the_last_allocation(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	dma_addr_t dma;
	size_t left;
	void *va;

	if (!recycle_keeps(test))
		return;
	va = recycle_alloc_and_free(test, test->priv, 100, &la);
	KUNIT_EXPECT_PTR_EQ(test, recycle_alloc(test, 200, &la), va);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, va, &dma, &left), 0);
	KUNIT_EXPECT_EQ(test, left, (size_t)200);
	KUNIT_EXPECT_EQ(test, dma, (dma_addr_t)la.QuadPart);
	recycle_release(test, 100, la, va);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 0U);
	recycle_release(test, 200, la, va);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 1U);
}

static void kept_buffer_is_not_the_drivers(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_buffer_info info;
	PHYSICAL_ADDRESS la, other;
	dma_addr_t dma;
	void *va;

	if (!recycle_keeps(test))
		return;
	va = recycle_alloc_and_free(test, test->priv, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, va, &dma, NULL), -ENXIO);
	KUNIT_EXPECT_NULL(test, wdmdma_logical_to_virt(f->adapter, la.QuadPart, NULL));
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, va, &info), -ENXIO);
	/* A second free of the same buffer must not put the buffer on the free list twice. */
	recycle_release(test, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 1U);
	KUNIT_EXPECT_PTR_EQ(test, recycle_alloc(test, SZ_4K, &la), va);
	KUNIT_EXPECT_PTR_NE(test, recycle_alloc(test, SZ_4K, &other), va);
}

static void tolerant_mode_does_not_free_it_in_parts(struct kunit *test)
{
	unsigned long before;
	PHYSICAL_ADDRESS la;
	void *va;

	if (!recycle_keeps(test))
		return;
	va = recycle_alloc_and_free(test, test->priv, SZ_8K, &la);
	wdmdma_free_mode_set("tolerant");
	before = wdmdma_tolerated_frees();
	recycle_release(test, SZ_4K, la, va);
	wdmdma_free_mode_set("strict");
	KUNIT_EXPECT_EQ(test, wdmdma_tolerated_frees(), before);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 2U);
}

/*
 * An allocation with limits must not get a recycled buffer, and its own buffer
 * must not be recycled.
 */
static void other_demands_are_not_met_from_it(struct kunit *test)
{
	PHYSICAL_ADDRESS la, low;
	void *va, *other;

	if (!recycle_keeps(test))
		return;
	va = recycle_alloc_and_free(test, test->priv, SZ_4K, &la);
	other = wdmdma_test_alloc_between(test->priv, 0, U32_MAX - SZ_4K, SZ_4K, 0, &low);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, other, va);
	recycle_release(test, SZ_4K, low, other);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 1U);
}

/* Return the number of bytes that are booked below a limit that is lower than the device's. */
static long booked(const struct wdmdma_device *device)
{
	unsigned int n;
	long bytes = 0;

	for (n = 0; n < ARRAY_SIZE(device->home->low.bytes); n++)
		bytes += device->home->low.bytes[n];
	return bytes;
}

/*
 * The adapter's buffers are placed below the device's mask. The bytes booked for them must be
 * released when the buffers are freed for good. In a lazy domain the buffers are in a block, which
 * stays for later ones.
 */
static void adapter_narrower_than_its_device_books_nothing_for_ever(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_device *device;
	PHYSICAL_ADDRESS la;
	unsigned int n;
	long block;
	void *va;

	f = wdmdma_test_fixture_on(test, f->dev, 28);
	test->priv = f;
	device = wdmdma_test_core_of(f)->device;
	block = wdmdma_iommu_is_lazy(device) ? WDMDMA_LOW_BLOCK : 0;
	for (n = 0; n < 4; n++) {
		va = wdmdma_test_alloc(f, SZ_8K, &la);
		if (!va) {
			kunit_skip(test, "the machine has no memory there");
			return;
		}
		KUNIT_EXPECT_LT(test, (u64)la.QuadPart, 1ULL << 28);
		/*
		 * Behind an IOMMU the adapter's limit is below the device's, so
		 * the buffer is booked.
		 */
		KUNIT_EXPECT_EQ(test, booked(device),
				wdmdma_iommu_translates(f->dev) ? block ?: (long)SZ_8K : 0L);
		recycle_release(test, SZ_8K, la, va);
	}
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, booked(device), block);
}

static void uncached_memory_stays_uncached(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va, *cached;

	if (!recycle_keeps(test))
		return;
	if (!dev_is_dma_coherent(f->dev)) {
		kunit_skip(test, "the device has no other memory than uncached");
		return;
	}
	va = wdmdma_test_alloc_below(f, U64_MAX, SZ_64K, &la, FALSE);
	if (wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_ASSERT_NOT_NULL(test, va);
	memset(va, PATTERN, SZ_64K);
	wdmdma_test_free(f, SZ_64K, la, va);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 16U);
	cached = recycle_alloc(test, SZ_64K, &la);
	KUNIT_EXPECT_PTR_NE(test, cached, va);
	recycle_release(test, SZ_64K, la, cached);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_test_alloc_below(f, U64_MAX, SZ_64K, &la, FALSE), va);
	if (wdmdma_test_can_uncache(f->dev))
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	wdmdma_test_free(f, SZ_64K, la, va);
}

static const struct zero_row {
	const char *name;
	const char *value; /* of recycle_zero */
	bool cached;
	bool kept;
	bool zeroed;
} zero_rows[] = {
	{ "none, cached memory", "none", true, true, false },
	{ "none, uncached memory", "none", false, true, false },
	{ "cached, cached memory", "cached", true, true, true },
	{ "cached, uncached memory", "cached", false, true, false },
	{ "all, cached memory", "all", true, true, true },
	{ "all, uncached memory", "all", false, false, true },
};

KUNIT_ARRAY_PARAM_DESC(zero, zero_rows, name);

static void *zero_alloc(struct wdmdma_fixture *f, const struct zero_row *row, ULONG length,
			PHYSICAL_ADDRESS *la)
{
	return row->cached ? wdmdma_test_alloc(f, length, la) :
			     wdmdma_test_alloc_below(f, U64_MAX, length, la, FALSE);
}

/* Expect that new memory is zeroed, and that freed memory comes back as the row says. */
static void zero_expect(struct kunit *test, const struct zero_row *row, ULONG length)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va, *again;

	va = zero_alloc(f, row, length, &la);
	if (!row->cached && wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, length));
	memset(va, PATTERN, length);
	wdmdma_test_free(f, length, la, va);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), row->kept ? length >> PAGE_SHIFT : 0U);
	again = zero_alloc(f, row, length, &la);
	KUNIT_ASSERT_NOT_NULL(test, again);
	if (row->kept)
		KUNIT_EXPECT_PTR_EQ(test, again, va);
	if (row->zeroed)
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(again, length));
	else
		KUNIT_EXPECT_NULL(test, memchr_inv(again, PATTERN, length));
	wdmdma_test_free(f, length, la, again);
	wdmdma_recycle_shrink(ULONG_MAX);
}

static void recycled_memory_is_zeroed_as_the_parameter_says(struct kunit *test)
{
	const struct zero_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;

	if (!dev_is_dma_coherent(f->dev)) {
		kunit_skip(test, "the device has no other memory than uncached");
		return;
	}
	KUNIT_ASSERT_EQ(test, wdmdma_recycle_set_zero(row->value), 0);
	test->priv = wdmdma_test_fixture_on(test, f->dev, 32);
	if (!recycle_keeps(test))
		return;
	zero_expect(test, row, SZ_4K);
	zero_expect(test, row, SZ_64K);
}

static void recycle_zero_takes_three_values(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_set_zero("none\n"), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_set_zero("some"), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_set_zero(""), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_set_zero("all"), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_set_zero("cached"), 0);
}

/* A single page is recycled at once at DISPATCH_LEVEL. Only longer buffers wait for a work item. */
static void page_is_kept_at_dispatch_level(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	PHYSICAL_ADDRESS la;
	unsigned int kept_there;
	void *va, *refused;
	bool none_deferred;

	if (!recycle_keeps(test))
		return;
	va = recycle_alloc(test, SZ_4K, &la);
	local_bh_disable();
	recycle_release(test, SZ_4K, la, va);
	none_deferred = llist_empty(&adapter->deferred);
	kept_there = recycle_kept(test);
	/*
	 * AllocateCommonBuffer must still be refused at DISPATCH_LEVEL, although a
	 * recycled page is there.
	 */
	refused = wdmdma_test_alloc(test->priv, SZ_4K, &la);
	local_bh_enable();
	KUNIT_EXPECT_TRUE(test, none_deferred);
	KUNIT_EXPECT_EQ(test, kept_there, 1U);
	KUNIT_EXPECT_NULL(test, refused);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_PTR_EQ(test, recycle_alloc(test, SZ_4K, &la), va);
}

static NTSTATUS join(struct wdmdma_fixture *joiner, struct wdmdma_fixture *leader)
{
	return joiner->ops->JoinDmaDomain(joiner->adapter,
					  leader->ops->GetDmaDomain(leader->adapter));
}

/* A buffer that is mapped in one domain must not be given out in another. */
static void device_keeps_nothing_in_another_domain(struct kunit *test)
{
	struct wdmdma_fixture *leader = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 32);
	struct wdmdma_fixture *joiner = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 32);
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(joiner);
	PHYSICAL_ADDRESS la;
	void *va;

	va = wdmdma_test_alloc(joiner, SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	/* The adapter may not join while it has a live buffer. The refusal must change nothing. */
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_INVALID_DEVICE_STATE);
	wdmdma_test_free(joiner, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 1U);

	KUNIT_ASSERT_EQ(test, join(joiner, leader), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&adapter->buffers.records));
	recycle_alloc_and_free(test, joiner, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);

	KUNIT_ASSERT_EQ(test, joiner->ops->LeaveDmaDomain(joiner->adapter), STATUS_SUCCESS);
	recycle_alloc_and_free(test, joiner, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 1U);
}

static void external_device_keeps_nothing(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	PHYSICAL_ADDRESS la;

	if (!edu_is_there(test, EDU_SLOT_32_BITS)) {
		kunit_skip(test, "the machine has no edu device");
		return;
	}
	edu->pdev->untrusted = true;
	test->priv = wdmdma_test_fixture_on(test, &edu->pdev->dev, 32);
	edu->pdev->untrusted = false;
	recycle_alloc_and_free(test, test->priv, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 0U);
}

static bool is_mapped(struct wdmdma_fixture *f, PHYSICAL_ADDRESS la)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(f->dev), la.QuadPart);
}

static const struct strict_row {
	const char *name;
	ULONG length;
	bool stay_mapped;
} strict_rows[] = {
	{ "a page", SZ_4K, false },
	{ "64 KiB", SZ_64K, false },
	{ "a page, recycle_mapped", SZ_4K, true },
	{ "64 KiB, recycle_mapped", SZ_64K, true },
};

KUNIT_ARRAY_PARAM_DESC(strict, strict_rows, name);

static void strict_iommu_lets_the_device_reach_what_is_live(struct kunit *test)
{
	const struct strict_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct iommu_domain *domain = iommu_get_domain_for_dev(f->dev);
	PHYSICAL_ADDRESS la;
	void *va;

	if (!wdmdma_iommu_translates(f->dev) || domain->type == IOMMU_DOMAIN_DMA_FQ) {
		kunit_skip(test, "needs an IOMMU that is strict");
		return;
	}
	wdmdma_recycle_set_mapped(row->stay_mapped);
	f = wdmdma_test_fixture_on(test, f->dev, 32);
	test->priv = f;
	if (!recycle_keeps(test))
		return;
	KUNIT_EXPECT_EQ(test, rests(test), !row->stay_mapped);
	va = recycle_alloc(test, row->length, &la);
	KUNIT_EXPECT_TRUE(test, is_mapped(f, la));
	recycle_release(test, row->length, la, va);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), row->length >> PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, is_mapped(f, la), row->stay_mapped);
	KUNIT_EXPECT_PTR_EQ(test, recycle_alloc(test, row->length, &la), va);
	KUNIT_EXPECT_TRUE(test, is_mapped(f, la));
	edu_expect_round_trip(test, edu_at(EDU_SLOT_32_BITS), va, la.QuadPart, 0,
			      row->length - SZ_1K, SZ_1K);
	recycle_release(test, row->length, la, va);
}

/*
 * An administrator may make a strict domain lazy while pages are recycled. Here recycle_mapped
 * stands for that. A refused change of the domain must not open the recycler in the new mode, or a
 * page without a logical address would be given out.
 */
static void mode_stays_while_pages_are_recycled(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;

	if (!rests(test)) {
		kunit_skip(test, "needs an IOMMU that is strict");
		return;
	}
	recycle_alloc_and_free(test, f, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 1U);
	wdmdma_recycle_set_mapped(true);
	KUNIT_EXPECT_NE(test, f->ops->LeaveDmaDomain(f->adapter), STATUS_SUCCESS);
	recycle_alloc(test, SZ_4K, &la);
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_TRUE(test, is_mapped(f, la));
}

static void recycled_page_moves_bytes(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	PHYSICAL_ADDRESS la;
	unsigned int n;
	void *va;

	if (!edu_is_there(test, EDU_SLOT_32_BITS)) {
		kunit_skip(test, "the machine has no edu device");
		return;
	}
	for (n = 0; n < 4; n++) {
		va = recycle_alloc(test, SZ_8K, &la);
		edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
		recycle_release(test, SZ_8K, la, va);
	}
}

static struct kunit_case recycle_cases[] = {
	KUNIT_CASE_PARAM(freed_buffer_comes_back_zeroed, length_gen_params),
	KUNIT_CASE(length_is_that_of_the_last_allocation),
	KUNIT_CASE(kept_buffer_is_not_the_drivers),
	KUNIT_CASE(tolerant_mode_does_not_free_it_in_parts),
	KUNIT_CASE(other_demands_are_not_met_from_it),
	KUNIT_CASE(adapter_narrower_than_its_device_books_nothing_for_ever),
	KUNIT_CASE(uncached_memory_stays_uncached),
	KUNIT_CASE_PARAM(recycled_memory_is_zeroed_as_the_parameter_says, zero_gen_params),
	KUNIT_CASE(recycle_zero_takes_three_values),
	KUNIT_CASE(page_is_kept_at_dispatch_level),
	KUNIT_CASE(device_keeps_nothing_in_another_domain),
	KUNIT_CASE(external_device_keeps_nothing),
	KUNIT_CASE_PARAM(strict_iommu_lets_the_device_reach_what_is_live, strict_gen_params),
	KUNIT_CASE(mode_stays_while_pages_are_recycled),
	KUNIT_CASE(recycled_page_moves_bytes),
	{}
};

static struct kunit_suite recycle_suite = {
	.name = "wdmdma_recycle",
	.init = recycle_init,
	.exit = recycle_exit,
	.test_cases = recycle_cases,
};

kunit_test_suite(recycle_suite);
