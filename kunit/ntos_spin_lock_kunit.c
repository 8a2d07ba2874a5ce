// SPDX-License-Identifier: GPL-2.0-only
/* Spin locks of wdmdma_ntos.ko, which must work with and without lockdep. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>

#include <wdmdma/types.h>

#include <ddk/wdm/spinlock.h>

#define TURNS 20000

static void a_zeroed_lock_is_free(struct kunit *test)
{
	KSPIN_LOCK zeroed = 0, initialized = 5;
	KIRQL old;

	KeInitializeSpinLock(&initialized);
	KUNIT_EXPECT_EQ(test, initialized, 0UL);
	KeAcquireSpinLock(&zeroed, &old);
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(&zeroed));
	KeReleaseSpinLock(&zeroed, old);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&zeroed));
	KUNIT_EXPECT_EQ(test, zeroed, 0UL);
}

static void acquire_raises_and_release_lowers(struct kunit *test)
{
	KSPIN_LOCK lock = 0;
	KIRQL old, level;

	KeAcquireSpinLock(&lock, &old);
	level = KeGetCurrentIrql();
	KeReleaseSpinLock(&lock, old);
	KUNIT_EXPECT_EQ(test, old, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);

	local_bh_disable();
	KeAcquireSpinLock(&lock, &old);
	KeReleaseSpinLock(&lock, old);
	level = KeGetCurrentIrql();
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, old, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
}

static void locks_are_released_in_any_order(struct kunit *test)
{
	KSPIN_LOCK first = 0, second = 0;
	KIRQL first_old, second_old, level;

	KeAcquireSpinLock(&first, &first_old);
	KeAcquireSpinLock(&second, &second_old);
	KeReleaseSpinLock(&first, second_old);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&first));
	level = KeGetCurrentIrql();
	KeReleaseSpinLock(&second, first_old);
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&second));
}

static void the_forms_for_dispatch_leave_the_level(struct kunit *test)
{
	KSPIN_LOCK lock = 0;
	KIRQL old;

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	KeAcquireSpinLockAtDpcLevel(&lock);
	KUNIT_EXPECT_FALSE(test, KeTryToAcquireSpinLockAtDpcLevel(&lock));
	KeReleaseSpinLockFromDpcLevel(&lock);
	KUNIT_EXPECT_TRUE(test, KeTryToAcquireSpinLockAtDpcLevel(&lock));
	KeReleaseSpinLockFromDpcLevel(&lock);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeLowerIrql(old);

	KeAcquireSpinLock(&lock, &old);
	KeReleaseSpinLockFromDpcLevel(&lock);
	KeLowerIrql(old);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
}

static void a_handle_keeps_the_lock_and_the_level(struct kunit *test)
{
	KLOCK_QUEUE_HANDLE handle, inner;
	KSPIN_LOCK lock = 0, other = 0;

	KeAcquireInStackQueuedSpinLock(&lock, &handle);
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(&lock));
	KeAcquireInStackQueuedSpinLockAtDpcLevel(&other, &inner);
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(&other));
	KeReleaseInStackQueuedSpinLockFromDpcLevel(&inner);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeReleaseInStackQueuedSpinLock(&handle);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&other));
}

/**
 * struct shared - what several threads and a bottom half change under one lock
 * @lock: the lock
 * @tasklet: bottom half that changes @sum too
 * @sum: number of turns, which is right only if the turns exclude each other
 * @dpcs: number of turns of the bottom half
 */
struct shared {
	KSPIN_LOCK lock;
	struct tasklet_struct tasklet;
	unsigned long sum;
	unsigned long dpcs;
};

static void turn_of_bottom_half(struct tasklet_struct *tasklet)
{
	struct shared *shared = container_of(tasklet, struct shared, tasklet);

	KeAcquireSpinLockAtDpcLevel(&shared->lock);
	shared->sum++;
	shared->dpcs++;
	KeReleaseSpinLockFromDpcLevel(&shared->lock);
}

static int turns_of_thread(void *data)
{
	struct shared *shared = data;
	KIRQL old;
	int n;

	for (n = 0; n < TURNS; n++) {
		KeAcquireSpinLock(&shared->lock, &old);
		shared->sum++;
		KeReleaseSpinLock(&shared->lock, old);
		if (n % 100 == 0)
			tasklet_schedule(&shared->tasklet);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void one_processor_at_a_time_has_the_lock(struct kunit *test)
{
	struct task_struct *threads[4];
	struct shared shared = {};
	int n;

	tasklet_setup(&shared.tasklet, turn_of_bottom_half);
	for (n = 0; n < ARRAY_SIZE(threads); n++)
		threads[n] = kthread_run(turns_of_thread, &shared, "spin/%d", n);
	for (n = 0; n < ARRAY_SIZE(threads); n++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(threads[n]));
		if (!IS_ERR(threads[n]))
			kthread_stop(threads[n]);
	}
	tasklet_kill(&shared.tasklet);
	KUNIT_EXPECT_GT(test, shared.dpcs, 0UL);
	KUNIT_EXPECT_EQ(test, shared.sum, ARRAY_SIZE(threads) * TURNS + shared.dpcs);
}

static void a_second_acquire_by_the_owner_does_not_hang(struct kunit *test)
{
	KSPIN_LOCK lock = 0;
	KIRQL old, inner;
	bool is_free;

	KeAcquireSpinLock(&lock, &old);
	KeAcquireSpinLock(&lock, &inner);
	KeReleaseSpinLock(&lock, inner);
	/* The section of the first acquire goes on. */
	is_free = KeTestSpinLock(&lock);
	KeReleaseSpinLock(&lock, old);
	KUNIT_EXPECT_FALSE(test, is_free);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
}

/* An acquire that raises for itself must not leave the level raised if it gets no lock. */
static void a_second_acquire_below_dispatch_keeps_the_level(struct kunit *test)
{
	KSPIN_LOCK lock = 0;
	KIRQL old, level;

	KeAcquireSpinLock(&lock, &old);
	KeLowerIrql(old);
	KeAcquireSpinLockAtDpcLevel(&lock);
	level = KeGetCurrentIrql();
	KeReleaseSpinLockFromDpcLevel(&lock);
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(&lock));
	KeReleaseSpinLockFromDpcLevel(&lock);
	KUNIT_EXPECT_EQ(test, level, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
}

/**
 * struct handler - an interrupt handler that takes a lock
 * @work: the handler
 * @lock: the lock
 * @dpc_level: the handler uses the forms for DISPATCH_LEVEL
 * @held: somebody had the lock after the acquire
 * @was_free: nobody had it after the release
 * @done: the handler has returned
 */
struct handler {
	struct irq_work work;
	KSPIN_LOCK lock;
	bool dpc_level;
	bool held;
	bool was_free;
	bool done;
};

static void take_in_interrupt(struct irq_work *work)
{
	struct handler *handler = container_of(work, struct handler, work);
	KIRQL old;

	if (handler->dpc_level)
		KeAcquireSpinLockAtDpcLevel(&handler->lock);
	else
		KeAcquireSpinLock(&handler->lock, &old);
	handler->held = !KeTestSpinLock(&handler->lock);
	if (handler->dpc_level)
		KeReleaseSpinLockFromDpcLevel(&handler->lock);
	else
		KeReleaseSpinLock(&handler->lock, old);
	handler->was_free = KeTestSpinLock(&handler->lock);
	WRITE_ONCE(handler->done, true);
}

/* Interrupt this processor, and return when the handler has returned. Does not sleep. */
static void interrupt(struct handler *handler)
{
	int n;

	handler->work = IRQ_WORK_INIT_HARD(take_in_interrupt);
	handler->done = false;
	irq_work_queue(&handler->work);
	for (n = 0; n < 200000 && !READ_ONCE(handler->done); n++)
		udelay(5);
}

static void a_handler_leaves_the_lock_of_what_it_interrupted(struct kunit *test)
{
	struct handler handler = {};
	KIRQL old, level;
	bool free;
	int n;

	for (n = 0; n < 2; n++) {
		handler.dpc_level = n;
		KeAcquireSpinLock(&handler.lock, &old);
		interrupt(&handler);
		free = KeTestSpinLock(&handler.lock);
		level = KeGetCurrentIrql();
		KeReleaseSpinLock(&handler.lock, old);
		irq_work_sync(&handler.work);
		KUNIT_EXPECT_TRUE(test, handler.done);
		KUNIT_EXPECT_FALSE(test, handler.was_free);
		KUNIT_EXPECT_FALSE(test, free);
		KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
		KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&handler.lock));
		KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	}
}

/* The call is reported, and the lock works. */
static void a_handler_may_take_a_free_lock(struct kunit *test)
{
	struct handler handler = {};

	interrupt(&handler);
	irq_work_sync(&handler.work);
	KUNIT_EXPECT_TRUE(test, handler.held);
	KUNIT_EXPECT_TRUE(test, handler.was_free);
}

struct other {
	KSPIN_LOCK lock;
	struct completion done;
	bool free;
};

static int release_of_another(void *data)
{
	struct other *other = data;

	KeReleaseSpinLockFromDpcLevel(&other->lock);
	other->free = KeTestSpinLock(&other->lock);
	complete(&other->done);
	return 0;
}

static void only_the_owner_releases(struct kunit *test)
{
	struct other other = { .free = true };
	struct task_struct *thread;

	init_completion(&other.done);
	KeReleaseSpinLockFromDpcLevel(&other.lock);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&other.lock));
	/* The word of a lock that another thread has. */
	other.lock = ((unsigned long)&init_task & ~0x3FUL) | 0x32;
	thread = kthread_run(release_of_another, &other, "spin/other");
	if (IS_ERR(thread))
		KUNIT_FAIL(test, "no thread");
	else
		wait_for_completion(&other.done);
	KUNIT_EXPECT_FALSE(test, other.free);
}

static void calls_for_dispatch_are_safe_below_it(struct kunit *test)
{
	KLOCK_QUEUE_HANDLE handle;
	KSPIN_LOCK lock = 0;
	KIRQL level;

	KUNIT_EXPECT_FALSE(test, KeTryToAcquireSpinLockAtDpcLevel(&lock));
	KeAcquireSpinLockAtDpcLevel(&lock);
	level = KeGetCurrentIrql();
	KeReleaseSpinLockFromDpcLevel(&lock);
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KeAcquireInStackQueuedSpinLockAtDpcLevel(&lock, &handle);
	KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	/* A release at the wrong level, which has nothing to lower. */
	KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KeAcquireSpinLock(&lock, &level);
	KeReleaseSpinLock(&lock, HIGH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeLowerIrql(level);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
}

/* The driver lowers the level first, and releases the lock afterwards. */
static void a_release_below_dispatch_frees_the_lock(struct kunit *test)
{
	KSPIN_LOCK lock = 0;
	KIRQL old;

	KeAcquireSpinLock(&lock, &old);
	KeLowerIrql(old);
	KeReleaseSpinLockFromDpcLevel(&lock);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
	KeAcquireSpinLock(&lock, &old);
	KeLowerIrql(old);
	KeReleaseSpinLock(&lock, old);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void wrong_pointers_are_refused(struct kunit *test)
{
	KSPIN_LOCK locks[2] = {};
	PKSPIN_LOCK crooked = (PKSPIN_LOCK)((UCHAR *)locks + 4);
	KLOCK_QUEUE_HANDLE handle;
	KIRQL old;

	KeInitializeSpinLock(NULL);
	KeInitializeSpinLock(crooked);
	KeAcquireSpinLock(NULL, &old);
	KeReleaseSpinLock(NULL, old);
	KeAcquireSpinLock(crooked, &old);
	KeReleaseSpinLock(crooked, old);
	KeAcquireSpinLockAtDpcLevel(NULL);
	KeReleaseSpinLockFromDpcLevel(NULL);
	KUNIT_EXPECT_FALSE(test, KeTryToAcquireSpinLockAtDpcLevel(NULL));
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(NULL));
	KeAcquireInStackQueuedSpinLock(NULL, &handle);
	KeReleaseInStackQueuedSpinLock(&handle);
	KeAcquireInStackQueuedSpinLock(&locks[0], NULL);
	KeReleaseInStackQueuedSpinLock(NULL);
	KeAcquireInStackQueuedSpinLockAtDpcLevel(&locks[0], NULL);
	KeReleaseInStackQueuedSpinLockFromDpcLevel(NULL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, locks[0], 0UL);
	KUNIT_EXPECT_EQ(test, locks[1], 0UL);
}

static void a_lock_that_was_overwritten_does_not_hang(struct kunit *test)
{
	KSPIN_LOCK lock = 0x6B6B6B6B6B6B6B6BUL;
	KIRQL old;

	KeAcquireSpinLock(&lock, &old);
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(&lock));
	KeReleaseSpinLock(&lock, old);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static struct kunit_case ntos_spin_lock_cases[] = {
	KUNIT_CASE(a_zeroed_lock_is_free),
	KUNIT_CASE(acquire_raises_and_release_lowers),
	KUNIT_CASE(locks_are_released_in_any_order),
	KUNIT_CASE(the_forms_for_dispatch_leave_the_level),
	KUNIT_CASE(a_handle_keeps_the_lock_and_the_level),
	KUNIT_CASE(one_processor_at_a_time_has_the_lock),
	KUNIT_CASE(a_second_acquire_by_the_owner_does_not_hang),
	KUNIT_CASE(a_second_acquire_below_dispatch_keeps_the_level),
	KUNIT_CASE(a_handler_leaves_the_lock_of_what_it_interrupted),
	KUNIT_CASE(a_handler_may_take_a_free_lock),
	KUNIT_CASE(only_the_owner_releases),
	KUNIT_CASE(calls_for_dispatch_are_safe_below_it),
	KUNIT_CASE(a_release_below_dispatch_frees_the_lock),
	KUNIT_CASE(wrong_pointers_are_refused),
	KUNIT_CASE(a_lock_that_was_overwritten_does_not_hang),
	{}
};

static struct kunit_suite ntos_spin_lock_suite = {
	.name = "wdmdma_ntos_spin_lock",
	.test_cases = ntos_spin_lock_cases,
};

kunit_test_suite(ntos_spin_lock_suite);
