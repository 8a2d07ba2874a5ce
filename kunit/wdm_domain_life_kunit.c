// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains whose adapters are put and whose devices are unbound, and threads that join each
 * other's domains (wdm/wdm_domain.c).
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "domains.h"
#include "helpers.h"

#define OK		STATUS_SUCCESS
#define HANDLE_ERROR	STATUS_INVALID_HANDLE
#define STATE		STATUS_INVALID_DEVICE_STATE
#define PENDING		STATUS_DELETE_PENDING

static void put_with_domain_buffers_takes_them_back(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *b = actors->fixture[B];
	PHYSICAL_ADDRESS la;
	unsigned long page;
	PVOID va;

	KUNIT_ASSERT_EQ(test, domain_join(b, actors->home[A]), OK);
	KUNIT_ASSERT_EQ(test, domain_alloc(b, actors->home[A], &la, &va), OK);
	page = wdmdma_test_physical(va) >> PAGE_SHIFT;
	KUNIT_EXPECT_NE(test, page_count(pfn_to_page(page)), 0);
	domain_put(b);
	KUNIT_EXPECT_EQ(test, page_count(pfn_to_page(page)), 0);
	domain_free(actors->fixture[A], la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(actors->fixture[A]->adapter), 0UL);
	KUNIT_EXPECT_EQ(test, domain_join(actors->fixture[C], actors->home[A]), OK);
	KUNIT_EXPECT_EQ(test, domain_leave(actors->fixture[C]), OK);
	/* The domain of A has no other member any more, so A may leave its home. */
	KUNIT_EXPECT_EQ(test, domain_join(actors->fixture[A], actors->home[C]), OK);
}

static void unbound_device_is_refused(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *b = actors->fixture[B];
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_EQ(test, domain_join(b, actors->home[A]), OK);
	kunit_device_unregister(test, b->dev);
	KUNIT_EXPECT_NULL(test, domain_of(b));
	KUNIT_EXPECT_EQ(test, domain_join(b, actors->home[A]), PENDING);
	KUNIT_EXPECT_EQ(test, domain_leave(b), PENDING);
	KUNIT_EXPECT_EQ(test, domain_alloc(b, actors->home[A], &la, &va), PENDING);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, domain_join(actors->fixture[C], actors->home[A]), OK);
}

static void unbound_device_is_not_flushed_for(struct kunit *test)
{
	struct wdmdma_fixture *b = ((struct actors *)test->priv)->fixture[B];
	u8 *bytes = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	mdl = IoAllocateMdl(bytes, SZ_4K, FALSE, FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, b->ops->FlushDmaBuffer(b->adapter, mdl, TRUE), OK);
	kunit_device_unregister(test, b->dev);
	KUNIT_EXPECT_EQ(test, b->ops->FlushDmaBuffer(b->adapter, mdl, TRUE), PENDING);
	IoFreeMdl(mdl);
}

/* Threads. Each thread joins and leaves until it is stopped. */

struct walker {
	struct wdmdma_fixture *fixture;
	HANDLE target;
	unsigned int joined, refused, other;
};

static int walk(void *data)
{
	struct walker *walker = data;

	while (!kthread_should_stop()) {
		NTSTATUS status = domain_join(walker->fixture, walker->target);

		if (status == OK)
			walker->joined++;
		else if (status == STATE || status == HANDLE_ERROR || status == PENDING)
			walker->refused++;
		else
			walker->other++;
		if (status == OK && domain_leave(walker->fixture) != OK)
			walker->other++;
		cond_resched();
	}
	return 0;
}

static struct task_struct *start(struct kunit *test, struct walker *walker)
{
	struct task_struct *task = kthread_run(walk, walker, "wdmdma-walk");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	return task;
}

static void two_that_join_each_other_do_not_deadlock(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct walker walker[2] = {
		{ .fixture = actors->fixture[A], .target = actors->home[B] },
		{ .fixture = actors->fixture[B], .target = actors->home[A] },
	};
	struct task_struct *task[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		task[i] = start(test, &walker[i]);
	msleep(500);
	for (i = 0; i < 2; i++)
		kthread_stop(task[i]);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_GT(test, walker[i].joined, 0U);
		KUNIT_EXPECT_EQ(test, walker[i].other, 0U);
		KUNIT_EXPECT_PTR_EQ(test, domain_of(actors->fixture[i]), actors->home[i]);
	}
}

/* Either the join comes first and the unbind undoes it, or the join must be refused. */
static void join_may_race_with_unbind(struct kunit *test)
{
	unsigned int round, leader;

	for (round = 0; round < 20; round++) {
		struct wdmdma_fixture *a = wdmdma_test_fixture(test);
		struct wdmdma_fixture *b = wdmdma_test_fixture(test);
		struct walker walker = { .fixture = b, .target = domain_of(a) };
		struct task_struct *task = start(test, &walker);

		leader = round & 1;
		usleep_range(500, 5000);
		kunit_device_unregister(test, leader ? a->dev : b->dev);
		kthread_stop(task);
		/* The leave may have come after the unbind. */
		KUNIT_EXPECT_LE(test, walker.other, 1U);
		KUNIT_EXPECT_NULL(test, domain_of(leader ? a : b));
		KUNIT_EXPECT_NOT_NULL(test, domain_of(leader ? b : a));
	}
}

static void share_and_part(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *b = actors->fixture[B];
	PHYSICAL_ADDRESS la;
	NTSTATUS status;
	PVOID va;

	if (domain_join(b, actors->home[A]) != OK)
		return;
	status = domain_alloc(b, actors->home[A], &la, &va);
	KUNIT_EXPECT_EQ(test, !!va, NT_SUCCESS(status));
	if (va)
		domain_free(b, la, va);
	KUNIT_EXPECT_EQ(test, domain_leave(b), OK);
}

static void sharing_fails_cleanly_at_every_point(struct kunit *test)
{
	struct actors *actors = test->priv;

	wdmdma_test_sweep(test, share_and_part);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(actors->fixture[B]->adapter), 0UL);
	KUNIT_EXPECT_PTR_EQ(test, domain_of(actors->fixture[B]), actors->home[B]);
}

static struct kunit_case wdm_domain_life_cases[] = {
	KUNIT_CASE(put_with_domain_buffers_takes_them_back),
	KUNIT_CASE(unbound_device_is_refused),
	KUNIT_CASE(unbound_device_is_not_flushed_for),
	KUNIT_CASE(two_that_join_each_other_do_not_deadlock),
	KUNIT_CASE(join_may_race_with_unbind),
	KUNIT_CASE(sharing_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_domain_life_suite = {
	.name = "wdmdma_wdm_domain_life",
	.init = domain_init,
	.test_cases = wdm_domain_life_cases,
};

kunit_test_suite(wdm_domain_life_suite);
