// SPDX-License-Identifier: GPL-2.0-only
/* Lists of wdmdma_ntos.ko, which a driver may share with its interrupt handlers. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>

#include <ddk/wdm/spinlock.h>

#include "log.h"

#define TURNS	20000
#define ENTRIES	8

/**
 * struct shared - a list, and a handler that takes its first entry and inserts it at the tail
 * @work: the handler
 * @head: the list
 * @stack: the same as a singly linked list
 * @lock: the lock of both
 * @entries: the entries of the list
 * @singles: those of the other one
 * @first: what the handler has taken
 * @done: the handler has returned
 */
struct shared {
	struct irq_work work;
	LIST_ENTRY head;
	SINGLE_LIST_ENTRY stack;
	KSPIN_LOCK lock;
	LIST_ENTRY entries[ENTRIES];
	SINGLE_LIST_ENTRY singles[ENTRIES];
	PLIST_ENTRY first;
	bool done;
};

static void turn(struct shared *shared)
{
	PSINGLE_LIST_ENTRY single = ExInterlockedPopEntryList(&shared->stack, &shared->lock);
	PLIST_ENTRY first = ExInterlockedRemoveHeadList(&shared->head, &shared->lock);

	if (first)
		ExInterlockedInsertTailList(&shared->head, first, &shared->lock);
	if (single)
		ExInterlockedPushEntryList(&shared->stack, single, &shared->lock);
}

static void turn_in_interrupt(struct irq_work *work)
{
	struct shared *shared = container_of(work, struct shared, work);

	shared->first = shared->head.Flink;
	turn(shared);
	WRITE_ONCE(shared->done, true);
}

static void init_shared(struct shared *shared)
{
	int n;

	shared->work = IRQ_WORK_INIT_HARD(turn_in_interrupt);
	shared->head.Flink = &shared->head;
	shared->head.Blink = &shared->head;
	for (n = 0; n < ENTRIES; n++) {
		ExInterlockedInsertTailList(&shared->head, &shared->entries[n], &shared->lock);
		ExInterlockedPushEntryList(&shared->stack, &shared->singles[n], &shared->lock);
	}
}

/* Interrupt this processor, and return when the handler has returned. Does not sleep. */
static void interrupt(struct shared *shared)
{
	int n;

	shared->done = false;
	irq_work_queue(&shared->work);
	for (n = 0; n < 200000 && !READ_ONCE(shared->done); n++)
		udelay(5);
}

/* Each entry must be there once, in both directions. */
static void expect_whole(struct kunit *test, struct shared *shared)
{
	PSINGLE_LIST_ENTRY single;
	PLIST_ENTRY entry;
	int n;

	for (n = 0, entry = shared->head.Flink; entry != &shared->head; entry = entry->Flink, n++) {
		KUNIT_ASSERT_LT(test, n, ENTRIES);
		KUNIT_ASSERT_PTR_EQ(test, entry->Flink->Blink, entry);
	}
	KUNIT_EXPECT_EQ(test, n, ENTRIES);
	for (n = 0, single = shared->stack.Next; single; single = single->Next, n++)
		KUNIT_ASSERT_LT(test, n, ENTRIES);
	KUNIT_EXPECT_EQ(test, n, ENTRIES);
}

static void a_handler_may_change_a_list(struct kunit *test)
{
	struct kmsg_dump_iter log;
	struct shared shared = {};

	init_shared(&shared);
	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	interrupt(&shared);
	irq_work_sync(&shared.work);
	KUNIT_EXPECT_TRUE(test, shared.done);
	KUNIT_EXPECT_PTR_EQ(test, shared.first, &shared.entries[0]);
	KUNIT_EXPECT_PTR_EQ(test, shared.head.Blink, &shared.entries[0]);
	expect_whole(test, &shared);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_ntos", "DISPATCH_LEVEL"), 0U);
}

static int turns_of_thread(void *data)
{
	struct shared *shared = data;
	int n;

	for (n = 0; n < TURNS; n++) {
		irq_work_queue(&shared->work);
		turn(shared);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void threads_and_handlers_lose_no_entry(struct kunit *test)
{
	struct task_struct *threads[3];
	struct shared shared = {};
	int n;

	init_shared(&shared);
	for (n = 0; n < ARRAY_SIZE(threads); n++)
		threads[n] = kthread_run(turns_of_thread, &shared, "list/%d", n);
	for (n = 0; n < ARRAY_SIZE(threads); n++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(threads[n]));
		if (!IS_ERR(threads[n]))
			kthread_stop(threads[n]);
	}
	irq_work_sync(&shared.work);
	expect_whole(test, &shared);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&shared.lock));
}

static void a_list_whose_lock_is_held_does_not_change(struct kunit *test)
{
	struct shared shared = {};
	PLIST_ENTRY taken;
	LIST_ENTRY other;
	KIRQL old;

	init_shared(&shared);
	KeAcquireSpinLock(&shared.lock, &old);
	interrupt(&shared);
	taken = ExInterlockedRemoveHeadList(&shared.head, &shared.lock);
	ExInterlockedInsertHeadList(&shared.head, &other, &shared.lock);
	KeReleaseSpinLock(&shared.lock, old);
	irq_work_sync(&shared.work);
	KUNIT_EXPECT_NULL(test, taken);
	KUNIT_EXPECT_PTR_EQ(test, shared.head.Flink, &shared.entries[0]);
	expect_whole(test, &shared);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&shared.lock));
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void wrong_lists_are_refused(struct kunit *test)
{
	PLIST_ENTRY nowhere = (PLIST_ENTRY)0xFFFF800000001000UL;
	struct shared shared = {};
	LIST_ENTRY entry;

	init_shared(&shared);
	KUNIT_EXPECT_NULL(test, ExInterlockedInsertHeadList(NULL, &entry, &shared.lock));
	KUNIT_EXPECT_NULL(test, ExInterlockedInsertHeadList(&shared.head, NULL, &shared.lock));
	KUNIT_EXPECT_NULL(test, ExInterlockedInsertTailList(&shared.head, nowhere, &shared.lock));
	KUNIT_EXPECT_NULL(test, ExInterlockedInsertTailList(&shared.head, &entry, NULL));
	KUNIT_EXPECT_NULL(test, ExInterlockedRemoveHeadList(NULL, &shared.lock));
	KUNIT_EXPECT_NULL(test, ExInterlockedPushEntryList(&shared.stack, NULL, &shared.lock));
	KUNIT_EXPECT_NULL(test, ExInterlockedPopEntryList(&shared.stack, NULL));
	expect_whole(test, &shared);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&shared.lock));
}

static struct kunit_case ntos_list_cases[] = {
	KUNIT_CASE(a_handler_may_change_a_list),
	KUNIT_CASE(threads_and_handlers_lose_no_entry),
	KUNIT_CASE(a_list_whose_lock_is_held_does_not_change),
	KUNIT_CASE(wrong_lists_are_refused),
	{}
};

static struct kunit_suite ntos_list_suite = {
	.name = "wdmdma_ntos_list",
	.test_cases = ntos_list_cases,
};

kunit_test_suite(ntos_list_suite);
