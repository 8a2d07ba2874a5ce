// SPDX-License-Identifier: GPL-2.0-only
/* Events, mutexes and waits of wdmdma_ntos.ko. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/time.h>

static NTSTATUS wait_for(void *object, s64 timeout)
{
	LARGE_INTEGER time = { .QuadPart = timeout };

	return KeWaitForSingleObject(object, Executive, 0, FALSE, &time);
}

static void events_keep_their_state(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KUNIT_EXPECT_EQ(test, KeReadStateEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, KeSetEvent(&event, 0, FALSE), 0);
	KUNIT_EXPECT_NE(test, KeSetEvent(&event, 0, FALSE), 0);
	KUNIT_EXPECT_NE(test, KeReadStateEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, wait_for(&event, 0), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wait_for(&event, 0), STATUS_SUCCESS);
	KUNIT_EXPECT_NE(test, KeResetEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, KeResetEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, wait_for(&event, 0), STATUS_TIMEOUT);
	KeInitializeEvent(&event, SynchronizationEvent, TRUE);
	KUNIT_EXPECT_EQ(test, wait_for(&event, 0), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wait_for(&event, 0), STATUS_TIMEOUT);
	KeSetEvent(&event, 0, FALSE);
	KeClearEvent(&event);
	KUNIT_EXPECT_EQ(test, KeReadStateEvent(&event), 0);
}

static void timeouts_are_not_shorter_than_asked(struct kunit *test)
{
	LARGE_INTEGER now;
	KEVENT event;
	ktime_t start;

	KeInitializeEvent(&event, SynchronizationEvent, FALSE);
	start = ktime_get();
	KUNIT_EXPECT_EQ(test, wait_for(&event, -10000), STATUS_TIMEOUT);
	KUNIT_EXPECT_GE(test, ktime_us_delta(ktime_get(), start), 1000LL);
	KUNIT_EXPECT_EQ(test, wait_for(&event, 1), STATUS_TIMEOUT);
	start = ktime_get();
	KeQuerySystemTime(&now);
	KUNIT_EXPECT_EQ(test, wait_for(&event, now.QuadPart + 100000), STATUS_TIMEOUT);
	KUNIT_EXPECT_GE(test, ktime_us_delta(ktime_get(), start), 9900LL);
	KeSetEvent(&event, 0, FALSE);
	KUNIT_EXPECT_EQ(test, wait_for(&event, S64_MIN), STATUS_SUCCESS);
	KeSetEvent(&event, 0, FALSE);
	KUNIT_EXPECT_EQ(test, wait_for(&event, S64_MAX), STATUS_SUCCESS);
}

struct waiters {
	KEVENT event;
	KMUTEX mutex;
	atomic_t woken;
	struct completion done;
	bool forever;
	int inside;
	int most;
};

static int wait_in_thread(void *data)
{
	struct waiters *waiters = data;

	if (waiters->forever)
		KeWaitForSingleObject(&waiters->event, Executive, 0, FALSE, NULL);
	else
		wait_for(&waiters->event, -100000000LL);
	atomic_inc(&waiters->woken);
	complete(&waiters->done);
	return 0;
}

static void expect_woken(struct kunit *test, EVENT_TYPE type, int first_set)
{
	struct waiters waiters = {};
	int n;

	KeInitializeEvent(&waiters.event, type, FALSE);
	init_completion(&waiters.done);
	for (n = 0; n < 3; n++) {
		waiters.forever = n == 1;
		KUNIT_EXPECT_FALSE(test, IS_ERR(kthread_run(wait_in_thread, &waiters, "wait")));
		msleep(50);
	}
	KeSetEvent(&waiters.event, 0, FALSE);
	msleep(100);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiters.woken), first_set);
	for (n = first_set; n < 3; n++) {
		wait_for_completion(&waiters.done);
		KeSetEvent(&waiters.event, 0, FALSE);
	}
	while (first_set--)
		wait_for_completion(&waiters.done);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiters.woken), 3);
}

static void a_notification_event_wakes_all(struct kunit *test)
{
	expect_woken(test, NotificationEvent, 3);
}

static void a_synchronization_event_wakes_one(struct kunit *test)
{
	expect_woken(test, SynchronizationEvent, 1);
}

static int set_the_event(void *data)
{
	KEVENT **event = data;

	while (!kthread_should_stop()) {
		KEVENT *given = xchg(event, NULL);

		if (given)
			KeSetEvent(given, 0, FALSE);
		cond_resched();
	}
	return 0;
}

static noinline NTSTATUS wait_with_event_on_stack(KEVENT **given)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	/* Pairs with the exchange of the thread that sets the event. */
	smp_store_release(given, &event);
	return KeWaitForSingleObject(&event, Executive, 0, FALSE, NULL);
}

static noinline void overwrite_stack(void)
{
	char stack[256];

	memset(stack, 0xFF, sizeof(stack));
	barrier_data(stack);
}

static void an_event_may_lie_on_the_waiters_stack(struct kunit *test)
{
	struct task_struct *thread;
	KEVENT *given = NULL;
	int n, succeeded = 0;

	thread = kthread_run(set_the_event, &given, "set");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	for (n = 0; n < 1000; n++) {
		succeeded += wait_with_event_on_stack(&given) == STATUS_SUCCESS;
		overwrite_stack();
	}
	kthread_stop(thread);
	KUNIT_EXPECT_EQ(test, succeeded, n);
}

static void waits_above_passive_are_refused(struct kunit *test)
{
	LARGE_INTEGER interval = { .QuadPart = -10 };
	NTSTATUS forever, some_time, tested, slept;
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	local_bh_disable();
	forever = KeWaitForSingleObject(&event, Executive, 0, FALSE, NULL);
	some_time = wait_for(&event, -10000);
	slept = KeDelayExecutionThread(0, FALSE, &interval);
	KeSetEvent(&event, 0, FALSE);
	tested = wait_for(&event, 0);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, forever, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, some_time, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, slept, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, tested, STATUS_SUCCESS);
}

static void a_mutex_is_recursive(struct kunit *test)
{
	KMUTEX mutex;

	KeInitializeMutex(&mutex, 0);
	KUNIT_EXPECT_EQ(test, KeReadStateMutex(&mutex), 1);
	KUNIT_EXPECT_EQ(test, wait_for(&mutex, -10000), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wait_for(&mutex, 0), STATUS_SUCCESS);
	KUNIT_EXPECT_NE(test, KeReleaseMutex(&mutex, FALSE), 0);
	KUNIT_EXPECT_NE(test, KeReadStateMutex(&mutex), 1);
	KUNIT_EXPECT_EQ(test, KeReleaseMutex(&mutex, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateMutex(&mutex), 1);
	/* One release too many. */
	KeReleaseMutex(&mutex, FALSE);
	KUNIT_EXPECT_EQ(test, KeReadStateMutex(&mutex), 1);
}

static int take_the_mutex(void *data)
{
	struct waiters *waiters = data;
	int n;

	KeReleaseMutex(&waiters->mutex, FALSE);
	for (n = 0; n < 100; n++) {
		KeWaitForSingleObject(&waiters->mutex, Executive, 0, FALSE, NULL);
		waiters->most = max(waiters->most, ++waiters->inside);
		if (n % 10 == 0)
			usleep_range(10, 20);
		waiters->inside--;
		KeReleaseMutex(&waiters->mutex, FALSE);
	}
	complete(&waiters->done);
	return 0;
}

static void one_thread_at_a_time_has_a_mutex(struct kunit *test)
{
	struct waiters waiters = {};
	int n;

	KeInitializeMutex(&waiters.mutex, 0);
	init_completion(&waiters.done);
	KUNIT_EXPECT_EQ(test, wait_for(&waiters.mutex, 0), STATUS_SUCCESS);
	for (n = 0; n < 3; n++)
		KUNIT_EXPECT_FALSE(test, IS_ERR(kthread_run(take_the_mutex, &waiters, "mutex")));
	msleep(50);
	KUNIT_EXPECT_EQ(test, waiters.most, 0);
	KeReleaseMutex(&waiters.mutex, FALSE);
	for (n = 0; n < 3; n++)
		wait_for_completion(&waiters.done);
	KUNIT_EXPECT_EQ(test, waiters.most, 1);
	KUNIT_EXPECT_EQ(test, KeReadStateMutex(&waiters.mutex), 1);
}

static void wrong_objects_are_refused(struct kunit *test)
{
	KEVENT event = { .Header.Type = 200 };
	KMUTEX mutex = {};

	KeInitializeEvent(NULL, NotificationEvent, FALSE);
	KeInitializeEvent(&event, 7, FALSE);
	KeInitializeMutex(NULL, 0);
	KUNIT_EXPECT_EQ(test, KeSetEvent(NULL, 0, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeSetEvent(&event, 0, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeResetEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateEvent(&event), 0);
	KeClearEvent(&event);
	KUNIT_EXPECT_EQ(test, KeReleaseMutex(&mutex, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeReleaseMutex(NULL, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateMutex(NULL), 0);
	KUNIT_EXPECT_EQ(test, wait_for(&event, 0), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wait_for(NULL, 0), STATUS_INVALID_PARAMETER);
}

static struct kunit_case ntos_wait_cases[] = {
	KUNIT_CASE(events_keep_their_state),
	KUNIT_CASE(timeouts_are_not_shorter_than_asked),
	KUNIT_CASE(a_notification_event_wakes_all),
	KUNIT_CASE(a_synchronization_event_wakes_one),
	KUNIT_CASE(an_event_may_lie_on_the_waiters_stack),
	KUNIT_CASE(waits_above_passive_are_refused),
	KUNIT_CASE(a_mutex_is_recursive),
	KUNIT_CASE(one_thread_at_a_time_has_a_mutex),
	KUNIT_CASE(wrong_objects_are_refused),
	{}
};

static struct kunit_suite ntos_wait_suite = {
	.name = "wdmdma_ntos_wait",
	.test_cases = ntos_wait_cases,
};

kunit_test_suite(ntos_wait_suite);
