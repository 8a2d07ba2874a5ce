// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/recycle.c, by the calls of a driver; on a real device where the machine has one, which
 * shows what is mapped for it.
 */
#include <kunit/device.h>
#include <linux/completion.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "core/adapter.h"
#include "core/free_mode.h"
#include "core/recycle.h"
#include "edu.h"
#include "helpers.h"
#include "objects.h"

#define LIMIT 1024
#define PATTERN 0xa5

static unsigned int kept(struct kunit *test)
{
	return READ_ONCE(wdmdma_test_core_of(test->priv)->recycler.pages);
}

static struct device *device_of(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);

	return edu->pdev ? &edu->pdev->dev : wdmdma_test_device(test);
}

static int recycle_init(struct kunit *test)
{
	wdmdma_recycle_set_limit(LIMIT);
	test->priv = wdmdma_test_fixture_on(test, device_of(test), 32);
	return 0;
}

static void recycle_exit(struct kunit *test)
{
	wdmdma_recycle_set_limit(LIMIT);
	wdmdma_recycle_set_mapped(false);
}

/* Ends the case, skipped, if the device may keep nothing. */
static bool keeps(struct kunit *test)
{
	if (wdmdma_test_core_of(test->priv)->recycler.mode != WDMDMA_RECYCLE_NONE)
		return true;
	kunit_mark_skipped(test, "strict, and not cache coherent: nothing can be kept");
	return false;
}

static bool rests(struct kunit *test)
{
	return wdmdma_test_core_of(test->priv)->recycler.mode == WDMDMA_RECYCLE_UNMAPPED;
}

static void *alloc_on(struct kunit *test, struct wdmdma_fixture *f, ULONG length,
		      PHYSICAL_ADDRESS *la)
{
	void *va = wdmdma_test_alloc(f, length, la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, PAGE_ALIGN(length)));
	memset(va, PATTERN, PAGE_ALIGN(length));
	return va;
}

static void *alloc(struct kunit *test, ULONG length, PHYSICAL_ADDRESS *la)
{
	return alloc_on(test, test->priv, length, la);
}

static void release(struct kunit *test, ULONG length, PHYSICAL_ADDRESS la, void *va)
{
	wdmdma_test_free(test->priv, length, la, va);
}

/* Where the buffer was that is freed now, and kept if it may be. */
static void *alloc_and_free(struct kunit *test, struct wdmdma_fixture *f, ULONG length,
			    PHYSICAL_ADDRESS *la)
{
	void *va = alloc_on(test, f, length, la);

	wdmdma_test_free(f, length, *la, va);
	return va;
}

static const struct length_row {
	const char *name;
	ULONG length;
	unsigned int kept; /* pages */
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

	if (!keeps(test))
		return;
	va = alloc_and_free(test, test->priv, row->length, &la);
	KUNIT_EXPECT_EQ(test, kept(test), row->kept);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(wdmdma_test_core_of(test->priv)), 0UL);
	if (!row->kept)
		return;
	KUNIT_EXPECT_PTR_EQ(test, alloc(test, row->length, &again), va);
	KUNIT_EXPECT_EQ(test, kept(test), 0U);
	if (!rests(test))
		KUNIT_EXPECT_EQ(test, again.QuadPart, la.QuadPart);
	release(test, row->length, again, va);
}

/* Whatever it was freed as, it is the next one's: with that one's length. */
static void length_is_that_of_the_last_allocation(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	dma_addr_t dma;
	size_t left;
	void *va;

	if (!keeps(test))
		return;
	va = alloc_and_free(test, test->priv, 100, &la);
	KUNIT_EXPECT_PTR_EQ(test, alloc(test, 200, &la), va);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, va, &dma, &left), 0);
	KUNIT_EXPECT_EQ(test, left, (size_t)200);
	KUNIT_EXPECT_EQ(test, dma, (dma_addr_t)la.QuadPart);
	release(test, 100, la, va);
	KUNIT_EXPECT_EQ(test, kept(test), 0U);
	release(test, 200, la, va);
	KUNIT_EXPECT_EQ(test, kept(test), 1U);
}

static void kept_buffer_is_not_the_drivers(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_buffer_info info;
	PHYSICAL_ADDRESS la, other;
	dma_addr_t dma;
	void *va;

	if (!keeps(test))
		return;
	va = alloc_and_free(test, test->priv, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, va, &dma, NULL), -ENXIO);
	KUNIT_EXPECT_NULL(test, wdmdma_logical_to_virt(f->adapter, la.QuadPart, NULL));
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, va, &info), -ENXIO);
	/* Freed twice it is still there once. */
	release(test, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, kept(test), 1U);
	KUNIT_EXPECT_PTR_EQ(test, alloc(test, SZ_4K, &la), va);
	KUNIT_EXPECT_PTR_NE(test, alloc(test, SZ_4K, &other), va);
}

static void tolerant_mode_does_not_free_it_in_parts(struct kunit *test)
{
	unsigned long before;
	PHYSICAL_ADDRESS la;
	void *va;

	if (!keeps(test))
		return;
	va = alloc_and_free(test, test->priv, SZ_8K, &la);
	wdmdma_free_mode_set("tolerant");
	before = wdmdma_tolerated_frees();
	release(test, SZ_4K, la, va);
	wdmdma_free_mode_set("strict");
	KUNIT_EXPECT_EQ(test, wdmdma_tolerated_frees(), before);
	KUNIT_EXPECT_EQ(test, kept(test), 2U);
}

static void limit_is_kept(struct kunit *test)
{
	PHYSICAL_ADDRESS la[8];
	unsigned int n;
	void *va[8];

	if (!keeps(test))
		return;
	wdmdma_recycle_set_limit(5);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		va[n] = alloc(test, SZ_4K, &la[n]);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		release(test, SZ_4K, la[n], va[n]);
	KUNIT_EXPECT_EQ(test, kept(test), 5U);
	/* Longer than the limit. */
	alloc_and_free(test, test->priv, SZ_64K, &la[0]);
	KUNIT_EXPECT_EQ(test, kept(test), 5U);

	wdmdma_recycle_set_limit(0);
	alloc_and_free(test, test->priv, SZ_4K, &la[0]);
	KUNIT_EXPECT_EQ(test, kept(test), 4U);
}

/* A driver that goes on to other lengths must not find the room taken for good. */
static void other_lengths_make_room(struct kunit *test)
{
	PHYSICAL_ADDRESS la[8], longer;
	void *va[8], *other;
	unsigned int n;

	if (!keeps(test))
		return;
	wdmdma_recycle_set_limit(17);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		va[n] = alloc(test, SZ_4K, &la[n]);
	other = alloc(test, SZ_64K, &longer);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		release(test, SZ_4K, la[n], va[n]);
	KUNIT_EXPECT_EQ(test, kept(test), 8U);
	release(test, SZ_64K, longer, other);
	KUNIT_EXPECT_EQ(test, kept(test), 17U);
	KUNIT_EXPECT_PTR_EQ(test, alloc(test, SZ_64K, &longer), other);
	KUNIT_EXPECT_EQ(test, kept(test), 1U);
	release(test, SZ_64K, longer, other);
}

static void shrinker_takes_it_back(struct kunit *test)
{
	PHYSICAL_ADDRESS la[9];
	unsigned int n;
	void *va[9];

	if (!keeps(test))
		return;
	wdmdma_recycle_shrink(ULONG_MAX);
	for (n = 0; n < 8; n++)
		va[n] = alloc(test, SZ_4K, &la[n]);
	va[8] = alloc(test, SZ_64K, &la[8]);
	for (n = 0; n < 8; n++)
		release(test, SZ_4K, la[n], va[n]);
	release(test, SZ_64K, la[8], va[8]);
	KUNIT_EXPECT_EQ(test, kept(test), 24U);
	/* The longest first. */
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_shrink(1), 16UL);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_shrink(3), 3UL);
	KUNIT_EXPECT_EQ(test, kept(test), 5U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_shrink(ULONG_MAX), 5UL);
	KUNIT_EXPECT_EQ(test, kept(test), 0U);
	alloc_and_free(test, test->priv, SZ_4K, &la[0]);
}

/* It may be called by an allocation that holds the sem; the adapter is then left alone. */
static void shrinker_waits_for_nobody(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	PHYSICAL_ADDRESS la;

	if (!keeps(test))
		return;
	alloc_and_free(test, test->priv, SZ_4K, &la);
	down_write(&adapter->device->sem);
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 1U);
	up_write(&adapter->device->sem);
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);
}

/* One that was asked for more is neither kept nor given what is. */
static void other_demands_are_not_met_from_it(struct kunit *test)
{
	PHYSICAL_ADDRESS la, low;
	void *va, *other;

	if (!keeps(test))
		return;
	va = alloc_and_free(test, test->priv, SZ_4K, &la);
	other = wdmdma_test_alloc_between(test->priv, 0, U32_MAX - SZ_4K, SZ_4K, 0, &low);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, other, va);
	release(test, SZ_4K, low, other);
	KUNIT_EXPECT_EQ(test, kept(test), 1U);
}

/* Bytes with a limit below the device's. */
static long booked(const struct wdmdma_device *device)
{
	unsigned int n;
	long bytes = 0;

	for (n = 0; n < ARRAY_SIZE(device->low.bytes); n++)
		bytes += device->low.bytes[n];
	return bytes;
}

/* It is placed below the device's mask, which is booked until it is freed for good. */
static void adapter_narrower_than_its_device_books_nothing_for_ever(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_device *device;
	PHYSICAL_ADDRESS la;
	unsigned int n;
	void *va;

	f = wdmdma_test_fixture_on(test, f->dev, 28);
	test->priv = f;
	device = wdmdma_test_core_of(f)->device;
	for (n = 0; n < 4; n++) {
		va = wdmdma_test_alloc(f, SZ_8K, &la);
		if (!va) {
			kunit_skip(test, "the machine has no memory there");
			return;
		}
		KUNIT_EXPECT_LT(test, (u64)la.QuadPart, 1ULL << 28);
		/* Behind an IOMMU this limit is below the device's, so the buffer counts. */
		KUNIT_EXPECT_EQ(test, booked(device),
				wdmdma_iommu_translates(f->dev) ? (long)SZ_8K : 0L);
		release(test, SZ_8K, la, va);
	}
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, booked(device), 0L);
}

/* As an administrator lowers it, who expects memory back at once. */
static void lower_limit_gives_back_at_once(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la[8];
	void *va[ARRAY_SIZE(la)];
	unsigned int n;

	if (!keeps(test))
		return;
	for (n = 0; n < ARRAY_SIZE(la); n++)
		va[n] = alloc(test, SZ_16K, &la[n]);
	for (n = 0; n < ARRAY_SIZE(la); n++)
		wdmdma_test_free(f, SZ_16K, la[n], va[n]);
	KUNIT_EXPECT_EQ(test, kept(test), 32U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_write_limit("16"), 0);
	KUNIT_EXPECT_EQ(test, kept(test), 16U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_write_limit("many"), -EINVAL);
	KUNIT_EXPECT_EQ(test, kept(test), 16U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_write_limit("0"), 0);
	KUNIT_EXPECT_EQ(test, kept(test), 0U);
}

static void uncached_memory_stays_uncached(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va, *cached;

	if (!keeps(test))
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
	KUNIT_EXPECT_EQ(test, kept(test), 16U);
	cached = alloc(test, SZ_64K, &la);
	KUNIT_EXPECT_PTR_NE(test, cached, va);
	release(test, SZ_64K, la, cached);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_test_alloc_below(f, U64_MAX, SZ_64K, &la, FALSE), va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, SZ_64K));
	if (wdmdma_test_can_uncache(f->dev))
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	wdmdma_test_free(f, SZ_64K, la, va);
}

/* Without waiting for a work item, unlike what is longer. */
static void page_is_kept_at_dispatch_level(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	PHYSICAL_ADDRESS la;
	unsigned int kept_there;
	void *va, *refused;
	bool none_deferred;

	if (!keeps(test))
		return;
	va = alloc(test, SZ_4K, &la);
	local_bh_disable();
	release(test, SZ_4K, la, va);
	none_deferred = llist_empty(&adapter->deferred);
	kept_there = kept(test);
	/* But it is not given to those who may not allocate there. */
	refused = wdmdma_test_alloc(test->priv, SZ_4K, &la);
	local_bh_enable();
	KUNIT_EXPECT_TRUE(test, none_deferred);
	KUNIT_EXPECT_EQ(test, kept_there, 1U);
	KUNIT_EXPECT_NULL(test, refused);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_PTR_EQ(test, alloc(test, SZ_4K, &la), va);
}

static void put_and_unbind_give_it_back(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	struct wdmdma_fixture *f[2] = {
		wdmdma_test_fixture_on(test, dev, 32),
		wdmdma_test_fixture_on(test, dev, 32),
	};
	struct wdmdma_adapter *adapter[2] = { wdmdma_test_core_of(f[0]),
					      wdmdma_test_core_of(f[1]) };
	PHYSICAL_ADDRESS la;
	unsigned int n;

	for (n = 0; n < 2; n++) {
		alloc_and_free(test, f[n], SZ_4K, &la);
		KUNIT_EXPECT_EQ(test, adapter[n]->recycler.pages, 1U);
	}
	f[0]->ops->PutDmaAdapter(f[0]->adapter);
	f[0]->adapter = NULL;
	/* Its memory stays for a while. */
	KUNIT_EXPECT_EQ(test, adapter[0]->recycler.pages, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&adapter[0]->buffers.records));
	KUNIT_EXPECT_EQ(test, adapter[1]->recycler.pages, 1U);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, adapter[1]->recycler.pages, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&adapter[1]->buffers.records));
	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc(f[1], SZ_4K, &la));
}

static NTSTATUS join(struct wdmdma_fixture *joiner, struct wdmdma_fixture *leader)
{
	return joiner->ops->JoinDmaDomain(joiner->adapter,
					  leader->ops->GetDmaDomain(leader->adapter));
}

/* What is mapped in one domain must not be given out in another. */
static void device_keeps_nothing_in_another_domain(struct kunit *test)
{
	struct wdmdma_fixture *leader = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 32);
	struct wdmdma_fixture *joiner = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 32);
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(joiner);
	PHYSICAL_ADDRESS la;
	void *va;

	va = wdmdma_test_alloc(joiner, SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	/* Not with a live one; and then all is as before. */
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_INVALID_DEVICE_STATE);
	wdmdma_test_free(joiner, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 1U);

	KUNIT_ASSERT_EQ(test, join(joiner, leader), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&adapter->buffers.records));
	alloc_and_free(test, joiner, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);

	KUNIT_ASSERT_EQ(test, joiner->ops->LeaveDmaDomain(joiner->adapter), STATUS_SUCCESS);
	alloc_and_free(test, joiner, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 1U);
}

static void external_device_keeps_nothing(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	PHYSICAL_ADDRESS la;

	if (!edu->pdev) {
		kunit_skip(test, "the machine has no edu device");
		return;
	}
	edu->pdev->untrusted = true;
	test->priv = wdmdma_test_fixture_on(test, &edu->pdev->dev, 32);
	edu->pdev->untrusted = false;
	alloc_and_free(test, test->priv, SZ_4K, &la);
	KUNIT_EXPECT_EQ(test, kept(test), 0U);
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
	if (!keeps(test))
		return;
	KUNIT_EXPECT_EQ(test, rests(test), !row->stay_mapped);
	va = alloc(test, row->length, &la);
	KUNIT_EXPECT_TRUE(test, is_mapped(f, la));
	release(test, row->length, la, va);
	KUNIT_EXPECT_EQ(test, kept(test), row->length >> PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, is_mapped(f, la), row->stay_mapped);
	KUNIT_EXPECT_PTR_EQ(test, alloc(test, row->length, &la), va);
	KUNIT_EXPECT_TRUE(test, is_mapped(f, la));
	edu_expect_round_trip(test, edu_at(EDU_SLOT_32_BITS), va, la.QuadPart, 0,
			      row->length - SZ_1K, SZ_1K);
	release(test, row->length, la, va);
}

static void recycled_page_moves_bytes(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	PHYSICAL_ADDRESS la;
	unsigned int n;
	void *va;

	if (!edu->pdev) {
		kunit_skip(test, "the machine has no edu device");
		return;
	}
	for (n = 0; n < 4; n++) {
		va = alloc(test, SZ_8K, &la);
		edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
		release(test, SZ_8K, la, va);
	}
}

/* Several threads on one adapter, with the shrinker at work. */

#define THREADS 4
#define ROUNDS 2000
#define HELD 8

struct worker {
	struct wdmdma_fixture *fixture;
	u8 mark;
	unsigned int failed, wrong;
	struct completion done;
};

static int worker_run(void *data)
{
	static const ULONG lengths[] = { 1, SZ_4K, SZ_8K, SZ_64K };
	struct worker *w = data;
	PHYSICAL_ADDRESS la[HELD] = {};
	void *va[HELD] = {};
	unsigned int n, i;

	for (n = 0; n < ROUNDS; n++) {
		ULONG length = lengths[n / HELD % ARRAY_SIZE(lengths)];

		i = n % HELD;
		va[i] = wdmdma_test_alloc(w->fixture, length, &la[i]);
		if (!va[i]) {
			w->failed++;
			continue;
		}
		w->wrong += !wdmdma_test_is_zero(va[i], length);
		memset(va[i], w->mark, length);
		if (i < HELD - 1)
			continue;
		for (i = 0; i < HELD; i++) {
			if (!va[i])
				continue;
			w->wrong += !!memchr_inv(va[i], w->mark, length);
			if (n % 3 == 0)
				local_bh_disable();
			wdmdma_test_free(w->fixture, length, la[i], va[i]);
			if (n % 3 == 0)
				local_bh_enable();
			va[i] = NULL;
		}
		if (n % 7 == 0)
			wdmdma_recycle_shrink(n % 5);
		cond_resched();
	}
	kthread_complete_and_exit(&w->done, 0);
}

static void threads_never_get_the_same_buffer(struct kunit *test)
{
	struct worker *w = kunit_kcalloc(test, THREADS, sizeof(*w), GFP_KERNEL);
	struct wdmdma_fixture *f = test->priv;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, w);
	for (n = 0; n < THREADS; n++) {
		struct task_struct *task;

		w[n].fixture = f;
		w[n].mark = n + 1;
		init_completion(&w[n].done);
		task = kthread_run(worker_run, &w[n], "wdmdma-recycle");
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread");
			complete(&w[n].done);
		}
	}
	for (n = 0; n < THREADS; n++) {
		wait_for_completion(&w[n].done);
		KUNIT_EXPECT_EQ(test, w[n].failed, 0U);
		KUNIT_EXPECT_EQ(test, w[n].wrong, 0U);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
}

static struct kunit_case recycle_cases[] = {
	KUNIT_CASE_PARAM(freed_buffer_comes_back_zeroed, length_gen_params),
	KUNIT_CASE(length_is_that_of_the_last_allocation),
	KUNIT_CASE(kept_buffer_is_not_the_drivers),
	KUNIT_CASE(tolerant_mode_does_not_free_it_in_parts),
	KUNIT_CASE(limit_is_kept),
	KUNIT_CASE(other_lengths_make_room),
	KUNIT_CASE(shrinker_takes_it_back),
	KUNIT_CASE(shrinker_waits_for_nobody),
	KUNIT_CASE(other_demands_are_not_met_from_it),
	KUNIT_CASE(adapter_narrower_than_its_device_books_nothing_for_ever),
	KUNIT_CASE(lower_limit_gives_back_at_once),
	KUNIT_CASE(uncached_memory_stays_uncached),
	KUNIT_CASE(page_is_kept_at_dispatch_level),
	KUNIT_CASE(put_and_unbind_give_it_back),
	KUNIT_CASE(device_keeps_nothing_in_another_domain),
	KUNIT_CASE(external_device_keeps_nothing),
	KUNIT_CASE_PARAM(strict_iommu_lets_the_device_reach_what_is_live, strict_gen_params),
	KUNIT_CASE(recycled_page_moves_bytes),
	KUNIT_CASE(threads_never_get_the_same_buffer),
	{}
};

static struct kunit_suite recycle_suite = {
	.name = "wdmdma_recycle",
	.init = recycle_init,
	.exit = recycle_exit,
	.test_cases = recycle_cases,
};

kunit_test_suite(recycle_suite);
