// SPDX-License-Identifier: GPL-2.0-only
/* DPCs and timers of wdmdma_ntos.ko. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/slab.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/spinlock.h>
#include <ddk/wdm/time.h>

/**
 * struct ran - what a DPC has seen
 * @dpc: the DPC
 * @count: number of runs
 * @argument: first argument of the last run
 * @level: level of the last run
 * @again: number of runs for which the routine queues the DPC itself
 * @order: counter that several share
 * @place: value of the counter at the last run
 */
struct ran {
	KDPC dpc;
	int count;
	PVOID argument;
	KIRQL level;
	int again;
	int *order;
	int place;
};

static void note(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	struct ran *ran = context;

	ran->count++;
	ran->argument = argument1;
	ran->level = KeGetCurrentIrql();
	if (ran->order)
		ran->place = (*ran->order)++;
	if (ran->again-- > 0)
		KeInsertQueueDpc(dpc, argument1, argument2);
}

static void a_dpc_runs_once_per_queueing(struct kunit *test)
{
	struct ran ran = {};
	BOOLEAN first, second;

	KeInitializeDpc(&ran.dpc, note, &ran);
	local_bh_disable();
	first = KeInsertQueueDpc(&ran.dpc, (PVOID)1, NULL);
	second = KeInsertQueueDpc(&ran.dpc, (PVOID)2, NULL);
	local_bh_enable();
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_TRUE(test, first);
	KUNIT_EXPECT_EQ(test, ran.level, DISPATCH_LEVEL);
	/* On PREEMPT_RT a thread may have run it in between. */
	if (!second) {
		KUNIT_EXPECT_EQ(test, ran.count, 1);
		KUNIT_EXPECT_PTR_EQ(test, ran.argument, (PVOID)1);
	}
	KUNIT_EXPECT_TRUE(test, KeInsertQueueDpc(&ran.dpc, (PVOID)3, NULL));
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_PTR_EQ(test, ran.argument, (PVOID)3);
}

static void a_dpc_may_queue_itself(struct kunit *test)
{
	struct ran ran = { .again = 200 };
	int n;

	KeInitializeDpc(&ran.dpc, note, &ran);
	KeInsertQueueDpc(&ran.dpc, NULL, NULL);
	for (n = 0; n < 1000 && READ_ONCE(ran.count) <= 200; n++)
		usleep_range(1000, 2000);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, ran.count, 201);
}

static void a_dpc_is_removed_before_it_runs(struct kunit *test)
{
	BOOLEAN removed, again;
	struct ran ran = {};

	KeInitializeDpc(&ran.dpc, note, &ran);
	KUNIT_EXPECT_FALSE(test, KeRemoveQueueDpc(&ran.dpc));
	local_bh_disable();
	KeInsertQueueDpc(&ran.dpc, NULL, NULL);
	removed = KeRemoveQueueDpc(&ran.dpc);
	again = KeRemoveQueueDpc(&ran.dpc);
	local_bh_enable();
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, ran.count, removed ? 0 : 1);
	KUNIT_EXPECT_FALSE(test, again);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_TRUE(test, removed);
}

static void dpcs_run_in_their_order(struct kunit *test)
{
	struct ran ran[4] = {};
	int n, order = 0;

	for (n = 0; n < ARRAY_SIZE(ran); n++) {
		KeInitializeDpc(&ran[n].dpc, note, &ran[n]);
		ran[n].order = &order;
	}
	KeSetImportanceDpc(&ran[3].dpc, HighImportance);
	/* No bottom half runs before all are queued. */
	local_bh_disable();
	for (n = 0; n < ARRAY_SIZE(ran); n++)
		KeInsertQueueDpc(&ran[n].dpc, NULL, NULL);
	local_bh_enable();
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_LT(test, ran[0].place, ran[1].place);
	KUNIT_EXPECT_LT(test, ran[1].place, ran[2].place);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_EQ(test, ran[3].place, 0);
}

struct interrupt {
	struct irq_work work;
	struct ran ran;
};

static void queue_in_interrupt(struct irq_work *work)
{
	struct interrupt *interrupt = container_of(work, struct interrupt, work);

	KeInsertQueueDpc(&interrupt->ran.dpc, (PVOID)5, NULL);
}

static void an_interrupt_may_queue_a_dpc(struct kunit *test)
{
	struct interrupt interrupt = { .work = IRQ_WORK_INIT_HARD(queue_in_interrupt) };

	KeInitializeDpc(&interrupt.ran.dpc, note, &interrupt.ran);
	irq_work_queue(&interrupt.work);
	irq_work_sync(&interrupt.work);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, interrupt.ran.count, 1);
	KUNIT_EXPECT_PTR_EQ(test, interrupt.ran.argument, (PVOID)5);
}

static void wrong_dpcs_are_refused(struct kunit *test)
{
	KDPC zeroed = {};

	KeInitializeDpc(NULL, note, NULL);
	KeInitializeDpc(&zeroed, NULL, NULL);
	KeSetImportanceDpc(&zeroed, HighImportance);
	KUNIT_EXPECT_FALSE(test, KeInsertQueueDpc(&zeroed, NULL, NULL));
	KUNIT_EXPECT_FALSE(test, KeInsertQueueDpc(NULL, NULL, NULL));
	KUNIT_EXPECT_FALSE(test, KeRemoveQueueDpc(&zeroed));
	local_bh_disable();
	KeFlushQueuedDpcs();
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void a_queued_dpc_may_be_initialized(struct kunit *test)
{
	struct ran first = {}, second = {};
	int runs;

	KeInitializeDpc(&first.dpc, note, &first);
	KeInitializeDpc(&second.dpc, note, &second);
	local_bh_disable();
	KeInsertQueueDpc(&first.dpc, NULL, NULL);
	KeInsertQueueDpc(&second.dpc, NULL, NULL);
	KeInitializeDpc(&first.dpc, note, &first);
	local_bh_enable();
	KeFlushQueuedDpcs();
	runs = first.count;
	/* On PREEMPT_RT a thread may have run the first one in between. */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_EQ(test, runs, 0);
	KUNIT_EXPECT_EQ(test, second.count, 1);
	KUNIT_EXPECT_TRUE(test, KeInsertQueueDpc(&first.dpc, NULL, NULL));
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, first.count, runs + 1);
}

static LARGE_INTEGER after_ms(int ms)
{
	return (LARGE_INTEGER) { .QuadPart = -ms * 10000LL };
}

static void a_timer_signals_and_queues_its_dpc(struct kunit *test)
{
	struct ran ran = {};
	KTIMER timer;
	ktime_t start = ktime_get();

	KeInitializeDpc(&ran.dpc, note, &ran);
	KeInitializeTimer(&timer);
	KUNIT_EXPECT_FALSE(test, KeReadStateTimer(&timer));
	KUNIT_EXPECT_FALSE(test, KeSetTimer(&timer, after_ms(20), &ran.dpc));
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&timer, Executive, 0, FALSE, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_GE(test, ktime_us_delta(ktime_get(), start), 20000LL);
	KUNIT_EXPECT_TRUE(test, KeReadStateTimer(&timer));
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, ran.count, 1);
	KUNIT_EXPECT_FALSE(test, KeCancelTimer(&timer));
	/* A new time clears the signal, and a time that is over is now. */
	KeInitializeTimerEx(&timer, SynchronizationTimer);
	KeSetTimer(&timer, after_ms(10000), NULL);
	KUNIT_EXPECT_TRUE(test, KeSetTimer(&timer, (LARGE_INTEGER) { .QuadPart = 1 }, NULL));
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&timer, Executive, 0, FALSE, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_FALSE(test, KeReadStateTimer(&timer));
}

static void timers_expire_in_the_order_of_their_time(struct kunit *test)
{
	static const int ms[] = { 60, 20, 80, 40 };
	struct ran ran[4] = {};
	KTIMER timers[4];
	int n, order = 0;

	for (n = 0; n < ARRAY_SIZE(ms); n++) {
		KeInitializeDpc(&ran[n].dpc, note, &ran[n]);
		KeInitializeTimer(&timers[n]);
		ran[n].order = &order;
	}
	for (n = 0; n < ARRAY_SIZE(ms); n++)
		KeSetTimer(&timers[n], after_ms(ms[n]), &ran[n].dpc);
	for (n = 0; n < ARRAY_SIZE(ms); n++)
		KeWaitForSingleObject(&timers[n], Executive, 0, FALSE, NULL);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, order, 4);
	for (n = 0; n < ARRAY_SIZE(ms); n++)
		KUNIT_EXPECT_EQ(test, ran[n].count, 1);
}

static void a_periodic_timer_expires_again(struct kunit *test)
{
	struct ran ran = {};
	KTIMER timer;

	KeInitializeDpc(&ran.dpc, note, &ran);
	KeInitializeTimer(&timer);
	KeSetTimerEx(&timer, after_ms(5), 5, &ran.dpc);
	msleep(200);
	KUNIT_EXPECT_TRUE(test, KeCancelTimer(&timer));
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_GT(test, ran.count, 2);
	ran.count = 0;
	msleep(50);
	KUNIT_EXPECT_EQ(test, ran.count, 0);
}

struct freed {
	KTIMER timer;
	struct ran ran;
};

static void memory_is_free_after_cancel_and_flush(struct kunit *test)
{
	struct freed *freed;
	int n;

	for (n = 0; n < 1000; n++) {
		freed = kzalloc(sizeof(*freed), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, freed);
		KeInitializeDpc(&freed->ran.dpc, note, &freed->ran);
		KeInitializeTimer(&freed->timer);
		KeSetTimerEx(&freed->timer, (LARGE_INTEGER) { .QuadPart = -(n % 40) * 100 },
			     n % 2, &freed->ran.dpc);
		if (n % 3 == 0)
			udelay(n % 50);
		KeCancelTimer(&freed->timer);
		KeFlushQueuedDpcs();
		kfree(freed);
	}
	KUNIT_EXPECT_EQ(test, n, 1000);
}

static void wrong_timers_are_refused(struct kunit *test)
{
	KTIMER timer = {};

	KeInitializeTimer(NULL);
	KeInitializeTimerEx(&timer, 5);
	KUNIT_EXPECT_FALSE(test, KeSetTimer(&timer, after_ms(1), NULL));
	KUNIT_EXPECT_FALSE(test, KeSetTimer(NULL, after_ms(1), NULL));
	KUNIT_EXPECT_FALSE(test, KeCancelTimer(&timer));
	KUNIT_EXPECT_FALSE(test, KeReadStateTimer(NULL));
	KeInitializeTimer(&timer);
	KUNIT_EXPECT_FALSE(test, KeSetTimerEx(&timer, after_ms(1), -1, NULL));
	KeSetTimer(&timer, after_ms(100000), NULL);
	/* It is cancelled first. */
	KeInitializeTimer(&timer);
	KUNIT_EXPECT_FALSE(test, KeCancelTimer(&timer));
}

static struct kunit_case ntos_dpc_cases[] = {
	KUNIT_CASE(a_dpc_runs_once_per_queueing),
	KUNIT_CASE(a_dpc_may_queue_itself),
	KUNIT_CASE(a_dpc_is_removed_before_it_runs),
	KUNIT_CASE(dpcs_run_in_their_order),
	KUNIT_CASE(an_interrupt_may_queue_a_dpc),
	KUNIT_CASE(wrong_dpcs_are_refused),
	KUNIT_CASE(a_queued_dpc_may_be_initialized),
	KUNIT_CASE(a_timer_signals_and_queues_its_dpc),
	KUNIT_CASE(timers_expire_in_the_order_of_their_time),
	KUNIT_CASE(a_periodic_timer_expires_again),
	KUNIT_CASE(memory_is_free_after_cancel_and_flush),
	KUNIT_CASE(wrong_timers_are_refused),
	{}
};

static struct kunit_suite ntos_dpc_suite = {
	.name = "wdmdma_ntos_dpc",
	.test_cases = ntos_dpc_cases,
};

kunit_test_suite(ntos_dpc_suite);
