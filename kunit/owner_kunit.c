// SPDX-License-Identifier: GPL-2.0-only
/* Objects whose memory is in use (lib/owner.c). */
#include <kunit/test.h>
#include <linux/irq_work.h>

#include "lib/owner.h"

/* Owners of two objects, whose addresses are only compared. */
struct owners {
	struct wdmdma_owner first, second, other;
	u8 key[2];
};

static int owner_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct owners), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	return 0;
}

/* KUnit frees the owners at once, so no reader of the table may be left. */
static void owner_exit(struct kunit *test)
{
	synchronize_rcu();
}

static void object_is_used_until_its_last_owner_goes(struct kunit *test)
{
	struct owners *o = test->priv;

	KUNIT_EXPECT_FALSE(test, wdmdma_owner_is_used(&o->key[0]));
	KUNIT_ASSERT_EQ(test, wdmdma_owner_add(&o->first, &o->key[0]), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_owner_add(&o->second, &o->key[0]), 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_owner_is_used(&o->key[0]));
	KUNIT_EXPECT_FALSE(test, wdmdma_owner_is_used(&o->key[1]));
	wdmdma_owner_remove(&o->first);
	KUNIT_EXPECT_TRUE(test, wdmdma_owner_is_used(&o->key[0]));
	wdmdma_owner_remove(&o->second);
	KUNIT_EXPECT_FALSE(test, wdmdma_owner_is_used(&o->key[0]));
}

/* The address of an object that is gone may be the address of another object. */
static void owners_of_an_object_that_is_gone_do_not_count(struct kunit *test)
{
	struct owners *o = test->priv;

	KUNIT_ASSERT_EQ(test, wdmdma_owner_add(&o->first, &o->key[0]), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_owner_add(&o->other, &o->key[1]), 0);
	wdmdma_owner_forget(&o->key[0]);
	KUNIT_EXPECT_FALSE(test, wdmdma_owner_is_used(&o->key[0]));
	KUNIT_EXPECT_TRUE(test, wdmdma_owner_is_used(&o->key[1]));
	KUNIT_ASSERT_EQ(test, wdmdma_owner_add(&o->second, &o->key[0]), 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_owner_is_used(&o->key[0]));
	wdmdma_owner_remove(&o->first);
	KUNIT_EXPECT_TRUE(test, wdmdma_owner_is_used(&o->key[0]));
	wdmdma_owner_remove(&o->second);
	KUNIT_EXPECT_FALSE(test, wdmdma_owner_is_used(&o->key[0]));
	wdmdma_owner_remove(&o->other);
}

struct irq_forget {
	struct irq_work work;
	struct owners *owners;
	bool before, after;
};

static void forget_in_interrupt(struct irq_work *work)
{
	struct irq_forget *irq = container_of(work, struct irq_forget, work);

	irq->before = wdmdma_owner_is_used(&irq->owners->key[0]);
	wdmdma_owner_forget(&irq->owners->key[0]);
	irq->after = wdmdma_owner_is_used(&irq->owners->key[0]);
}

static void object_may_go_in_an_interrupt(struct kunit *test)
{
	struct owners *o = test->priv;
	struct irq_forget irq = {
		.work = IRQ_WORK_INIT_HARD(forget_in_interrupt),
		.owners = o,
	};

	KUNIT_ASSERT_EQ(test, wdmdma_owner_add(&o->first, &o->key[0]), 0);
	irq_work_queue(&irq.work);
	irq_work_sync(&irq.work);
	KUNIT_EXPECT_TRUE(test, irq.before);
	KUNIT_EXPECT_FALSE(test, irq.after);
	wdmdma_owner_remove(&o->first);
}

static struct kunit_case owner_cases[] = {
	KUNIT_CASE(object_is_used_until_its_last_owner_goes),
	KUNIT_CASE(owners_of_an_object_that_is_gone_do_not_count),
	KUNIT_CASE(object_may_go_in_an_interrupt),
	{}
};

static struct kunit_suite owner_suite = {
	.name = "wdmdma_owner",
	.init = owner_init,
	.exit = owner_exit,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);
