// SPDX-License-Identifier: GPL-2.0-only
/* The limit on recycled buffers, and how their memory is given back (core/recycle.c). */
#include <kunit/device.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/recycle.h"
#include "helpers.h"
#include "recycle.h"

static void limit_is_kept(struct kunit *test)
{
	PHYSICAL_ADDRESS la[8];
	unsigned int n;
	void *va[8];

	if (!recycle_keeps(test))
		return;
	wdmdma_recycle_set_limit(5);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		va[n] = recycle_alloc(test, SZ_4K, &la[n]);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		recycle_release(test, SZ_4K, la[n], va[n]);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 5U);
	/* This buffer is longer than the limit, so it is not recycled. */
	recycle_alloc_and_free(test, test->priv, SZ_64K, &la[0]);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 5U);

	wdmdma_recycle_set_limit(0);
	recycle_alloc_and_free(test, test->priv, SZ_4K, &la[0]);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 4U);
}

/* Recycled buffers of one length must make room when the driver goes on to other lengths. */
static void other_lengths_make_room(struct kunit *test)
{
	PHYSICAL_ADDRESS la[8], longer;
	void *va[8], *other;
	unsigned int n;

	if (!recycle_keeps(test))
		return;
	wdmdma_recycle_set_limit(17);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		va[n] = recycle_alloc(test, SZ_4K, &la[n]);
	other = recycle_alloc(test, SZ_64K, &longer);
	for (n = 0; n < ARRAY_SIZE(va); n++)
		recycle_release(test, SZ_4K, la[n], va[n]);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 8U);
	recycle_release(test, SZ_64K, longer, other);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 17U);
	KUNIT_EXPECT_PTR_EQ(test, recycle_alloc(test, SZ_64K, &longer), other);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 1U);
	recycle_release(test, SZ_64K, longer, other);
}

static void shrinker_takes_it_back(struct kunit *test)
{
	PHYSICAL_ADDRESS la[9];
	unsigned int n;
	void *va[9];

	if (!recycle_keeps(test))
		return;
	wdmdma_recycle_shrink(ULONG_MAX);
	for (n = 0; n < 8; n++)
		va[n] = recycle_alloc(test, SZ_4K, &la[n]);
	va[8] = recycle_alloc(test, SZ_64K, &la[8]);
	for (n = 0; n < 8; n++)
		recycle_release(test, SZ_4K, la[n], va[n]);
	recycle_release(test, SZ_64K, la[8], va[8]);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 24U);
	/* The shrinker frees the longest buffers first. */
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_shrink(1), 16UL);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_shrink(3), 3UL);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 5U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_shrink(ULONG_MAX), 5UL);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 0U);
	recycle_alloc_and_free(test, test->priv, SZ_4K, &la[0]);
}

/*
 * An allocation that holds device->sem may run the shrinker. The shrinker must skip such an
 * adapter and not wait for the lock.
 */
static void shrinker_waits_for_nobody(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	PHYSICAL_ADDRESS la;

	if (!recycle_keeps(test))
		return;
	recycle_alloc_and_free(test, test->priv, SZ_4K, &la);
	down_write(&adapter->device->sem);
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 1U);
	up_write(&adapter->device->sem);
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);
}

/*
 * An allocation that places a buffer below a low limit holds override, and may run the shrinker.
 * Buffers with low addresses must be freed then too. The second turn is for lockdep, which knows
 * the locks that are held around an allocation.
 */
static void shrinker_frees_low_buffers_during_a_placement(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter;
	PHYSICAL_ADDRESS la;
	void *va;

	wdmdma_recycle_set_mapped(true);
	f = wdmdma_test_fixture_on(test, f->dev, 28);
	test->priv = f;
	adapter = wdmdma_test_core_of(f);
	va = wdmdma_test_alloc(f, SZ_8K, &la);
	if (!va) {
		kunit_skip(test, "the machine has no memory there");
		return;
	}
	if (!recycle_keeps(test))
		return;
	wdmdma_test_free(f, SZ_8K, la, va);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 2U);
	down_write(&adapter->device->override);
	wdmdma_recycle_shrink(ULONG_MAX);
	up_write(&adapter->device->override);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);

	va = wdmdma_test_alloc(f, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(f, SZ_8K, la, va);
	fs_reclaim_acquire(GFP_KERNEL);
	wdmdma_recycle_shrink(ULONG_MAX);
	fs_reclaim_release(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);
}

/* The shrinker counts the pages of all adapters, and no page of an adapter that is gone. */
static void shrinker_counts_all_adapters(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_fixture *other = wdmdma_test_fixture_on(test, f->dev, 32);
	PHYSICAL_ADDRESS la;

	if (!recycle_keeps(test))
		return;
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_count(), SHRINK_EMPTY);
	recycle_alloc_and_free(test, f, SZ_4K, &la);
	recycle_alloc_and_free(test, other, SZ_16K, &la);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_count(), 5UL);
	other->ops->PutDmaAdapter(other->adapter);
	other->adapter = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_count(), 1UL);
	wdmdma_recycle_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_count(), SHRINK_EMPTY);
}

/* An administrator who lowers the limit expects the memory back at once. */
static void lower_limit_gives_back_at_once(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la[8];
	void *va[ARRAY_SIZE(la)];
	unsigned int n;

	if (!recycle_keeps(test))
		return;
	for (n = 0; n < ARRAY_SIZE(la); n++)
		va[n] = recycle_alloc(test, SZ_16K, &la[n]);
	for (n = 0; n < ARRAY_SIZE(la); n++)
		wdmdma_test_free(f, SZ_16K, la[n], va[n]);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 32U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_write_limit("16"), 0);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 16U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_write_limit("many"), -EINVAL);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 16U);
	KUNIT_EXPECT_EQ(test, wdmdma_recycle_write_limit("0"), 0);
	KUNIT_EXPECT_EQ(test, recycle_kept(test), 0U);
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
		recycle_alloc_and_free(test, f[n], SZ_4K, &la);
		KUNIT_EXPECT_EQ(test, adapter[n]->recycler.pages, 1U);
	}
	f[0]->ops->PutDmaAdapter(f[0]->adapter);
	f[0]->adapter = NULL;
	/* The adapter's record remains for a while after PutDmaAdapter(). */
	KUNIT_EXPECT_EQ(test, adapter[0]->recycler.pages, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&adapter[0]->buffers.records));
	KUNIT_EXPECT_EQ(test, adapter[1]->recycler.pages, 1U);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, adapter[1]->recycler.pages, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&adapter[1]->buffers.records));
	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc(f[1], SZ_4K, &la));
}

/* Several threads use one adapter while the shrinker runs. */

#define THREADS 4
#define ROUNDS 2000
#define HELD 8
#define CLOSES 100

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

struct taker {
	struct wdmdma_fixture *fixture;
	unsigned int failed;
};

static int taker_run(void *data)
{
	struct taker *t = data;
	PHYSICAL_ADDRESS la;
	void *va;

	while (!kthread_should_stop()) {
		va = wdmdma_test_alloc(t->fixture, SZ_4K, &la);
		if (va)
			wdmdma_test_free(t->fixture, SZ_4K, la, va);
		else
			t->failed++;
		cond_resched();
	}
	return 0;
}

/* Return the number of records that belong neither to the driver nor to the recycler. */
static unsigned int in_transit(struct wdmdma_adapter *adapter)
{
	struct wdmdma_buffer *buffer;
	unsigned int nr = 0;

	list_for_each_entry(buffer, &adapter->buffers.records, node)
		nr += READ_ONCE(buffer->freeing);
	return nr;
}

/*
 * A thread takes a page and zeroes, maps or unmaps it outside of the recycler's lock. Closing the
 * recycler must wait until the page is live or recycled.
 */
static void close_waits_for_pages_on_their_way(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	struct taker t = { .fixture = test->priv };
	unsigned int n, wrong = 0;
	struct task_struct *task;

	if (!recycle_keeps(test))
		return;
	task = kthread_run(taker_run, &t, "wdmdma-taker");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (n = 0; n < CLOSES; n++) {
		usleep_range(100, 200);
		down_write(&adapter->device->sem);
		wdmdma_recycle_close(adapter);
		wrong += in_transit(adapter) || adapter->recycler.pages;
		wdmdma_recycle_open(adapter);
		up_write(&adapter->device->sem);
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	KUNIT_EXPECT_EQ(test, t.failed, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(t.fixture->adapter), 0UL);
}

static struct kunit_case recycle_limit_cases[] = {
	KUNIT_CASE(limit_is_kept),
	KUNIT_CASE(other_lengths_make_room),
	KUNIT_CASE(shrinker_takes_it_back),
	KUNIT_CASE(shrinker_waits_for_nobody),
	KUNIT_CASE(shrinker_frees_low_buffers_during_a_placement),
	KUNIT_CASE(shrinker_counts_all_adapters),
	KUNIT_CASE(lower_limit_gives_back_at_once),
	KUNIT_CASE(put_and_unbind_give_it_back),
	KUNIT_CASE(threads_never_get_the_same_buffer),
	KUNIT_CASE(close_waits_for_pages_on_their_way),
	{}
};

static struct kunit_suite recycle_limit_suite = {
	.name = "wdmdma_recycle_limit",
	.init = recycle_init,
	.exit = recycle_exit,
	.test_cases = recycle_limit_cases,
};

kunit_test_suite(recycle_limit_suite);
