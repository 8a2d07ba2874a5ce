// SPDX-License-Identifier: GPL-2.0-only
/* DPCs that the device, or another interrupt, must not meet, and locks that interrupts share. */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>

#include <ddk/wdfinterrupt.h>
#include <ddk/wdfsync.h>

#include "log.h"
#include "wdf.h"

static WDFINTERRUPT interrupts[2];
static atomic_t isr_calls, dpc_calls, inside;
static unsigned int most_inside;
static bool raised;

static BOOLEAN count_isr(WDFINTERRUPT self, ULONG message)
{
	atomic_inc(&isr_calls);
	WdfInterruptQueueDpcForIsr(self);
	return TRUE;
}

static VOID count_dpc(WDFINTERRUPT self, WDFOBJECT device)
{
	unsigned int now = atomic_inc_return(&inside);
	unsigned int n;

	if (now > READ_ONCE(most_inside))
		WRITE_ONCE(most_inside, now);
	for (n = 0; n < 12; n++)
		udelay(9);
	atomic_dec(&inside);
	atomic_inc(&dpc_calls);
}

/* Make both interrupts, and enter D0. */
static void make_interrupts(struct kunit *test, WDFSPINLOCK lock, BOOLEAN alone)
{
	struct wdf_fixture *f = test->priv;
	WDF_INTERRUPT_CONFIG config;
	unsigned int i;

	atomic_set(&isr_calls, 0);
	atomic_set(&dpc_calls, 0);
	atomic_set(&inside, 0);
	most_inside = 0;
	raised = false;
	WDF_INTERRUPT_CONFIG_INIT(&config, count_isr, count_dpc);
	config.SpinLock = lock;
	config.AutomaticSerialization = alone;
	for (i = 0; i < ARRAY_SIZE(interrupts); i++)
		KUNIT_ASSERT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &interrupts[i]),
				STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
}

static void wait_for_dpcs(int calls)
{
	unsigned int n;

	for (n = 0; n < 500 && atomic_read(&dpc_calls) < calls; n++)
		msleep(20);
}

/* An interrupt whose DPC cannot run for a while, because its processor is busy. */
static int raise_and_be_busy(void *unused)
{
	local_bh_disable();
	wdmdma_wdf_interrupt(interrupts[0], 0);
	WRITE_ONCE(raised, true);
	mdelay(200);
	local_bh_enable();
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void dpc_ends_before_the_device_leaves_d0(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct kmsg_dump_iter log;
	struct task_struct *task;
	unsigned int n;

	make_interrupts(test, NULL, FALSE);
	task = kthread_run(raise_and_be_busy, NULL, "wdf_busy");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (n = 0; n < 5000 && !READ_ONCE(raised); n++)
		usleep_range(100, 200);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, atomic_read(&dpc_calls), 1);
	kthread_stop(task);
	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_FALSE(test, WdfInterruptQueueDpcForIsr(interrupts[0]));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfInterruptQueueDpcForIsr",
						    "not in D0"), 1U);
	msleep(50);
	KUNIT_EXPECT_EQ(test, atomic_read(&dpc_calls), 1);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, wdmdma_wdf_interrupt(interrupts[0], 0));
	wait_for_dpcs(2);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, atomic_read(&dpc_calls), 2);
}

static int raise_often(void *self)
{
	unsigned int n;

	for (n = 0; n < 300 && !kthread_should_stop(); n++) {
		wdmdma_wdf_interrupt(self, 0);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void serialized_dpcs_exclude_each_other(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct task_struct *task[2];
	unsigned int i;

	make_interrupts(test, NULL, TRUE);
	for (i = 0; i < ARRAY_SIZE(task); i++) {
		task[i] = kthread_create(raise_often, interrupts[i], "wdf_dpc%u", i);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task[i]);
		/* A DPC runs on the processor of its interrupt. */
		kthread_bind(task[i], i ? cpumask_last(cpu_online_mask) :
					 cpumask_first(cpu_online_mask));
	}
	for (i = 0; i < ARRAY_SIZE(task); i++)
		wake_up_process(task[i]);
	for (i = 0; i < 500 && atomic_read(&isr_calls) < 600; i++)
		msleep(20);
	for (i = 0; i < ARRAY_SIZE(task); i++)
		kthread_stop(task[i]);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, atomic_read(&isr_calls), 600);
	KUNIT_EXPECT_GT(test, atomic_read(&dpc_calls), 1);
	KUNIT_EXPECT_EQ(test, most_inside, 1U);
}

/* Return how often the service routine of one interrupt was called under the lock of the other. */
static unsigned int calls_under_the_lock(void)
{
	unsigned int n, changed = 0;
	int before;

	for (n = 0; n < 200; n++) {
		WdfInterruptAcquireLock(interrupts[1]);
		before = atomic_read(&isr_calls);
		udelay(9);
		changed += atomic_read(&isr_calls) != before;
		WdfInterruptReleaseLock(interrupts[1]);
	}
	return changed;
}

static int raise_always(void *self)
{
	while (!kthread_should_stop()) {
		wdmdma_wdf_interrupt(self, 0);
		cond_resched();
	}
	return 0;
}

static void interrupts_share_the_drivers_lock(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct kmsg_dump_iter log;
	struct task_struct *task;
	WDFSPINLOCK lock;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(NULL, &lock), STATUS_SUCCESS);
	make_interrupts(test, lock, FALSE);
	task = kthread_run(raise_always, interrupts[0], "wdf_isr");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (n = 0; n < 500 && !atomic_read(&isr_calls); n++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, calls_under_the_lock(), 0U);
	kthread_stop(task);
	KUNIT_EXPECT_GT(test, atomic_read(&isr_calls), 0);
	/* The spin lock is not taken by itself. */
	wdmdma_test_log_begin(&log);
	WdfSpinLockAcquire(lock);
	KUNIT_EXPECT_FALSE(test, in_softirq());
	WdfSpinLockRelease(lock);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfSpinLock", "that of an interrupt"),
			2U);
	/* Each interrupt releases what it has acquired. */
	WdfInterruptAcquireLock(interrupts[0]);
	WdfInterruptReleaseLock(interrupts[1]);
	WdfInterruptReleaseLock(interrupts[0]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfInterruptReleaseLock",
						    "does not hold the lock"), 1U);
	/* The lock outlives its handle. */
	WdfObjectDelete(lock);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, wdmdma_wdf_interrupt(interrupts[1], 0));
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
}

static void wrong_locks_are_refused(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_INTERRUPT_CONFIG config;
	WDFINTERRUPT interrupt;

	WDF_INTERRUPT_CONFIG_INIT(&config, count_isr, count_dpc);
	config.SpinLock = (WDFSPINLOCK)f->device;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &interrupt),
			STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_NULL(test, interrupt);
	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(NULL, &config.SpinLock), STATUS_SUCCESS);
	config.PassiveHandling = TRUE;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &interrupt),
			STATUS_INVALID_PARAMETER);
	/* A refused interrupt leaves the spin lock as it was. */
	WdfSpinLockAcquire(config.SpinLock);
	KUNIT_EXPECT_TRUE(test, in_softirq());
	WdfSpinLockRelease(config.SpinLock);
	WdfObjectDelete(config.SpinLock);
}

static struct kunit_case wdf_interrupt_cases[] = {
	KUNIT_CASE(dpc_ends_before_the_device_leaves_d0),
	KUNIT_CASE(serialized_dpcs_exclude_each_other),
	KUNIT_CASE(interrupts_share_the_drivers_lock),
	KUNIT_CASE(wrong_locks_are_refused),
	{}
};

static struct kunit_suite wdf_interrupt_suite = {
	.name = "wdmdma_wdf_interrupt",
	.init = wdf_test_init,
	.test_cases = wdf_interrupt_cases,
};

kunit_test_suite(wdf_interrupt_suite);
