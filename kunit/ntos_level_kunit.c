// SPDX-License-Identifier: GPL-2.0-only
/* What routines of drivers leave behind, and pointers at which there is no object. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/module.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/spinlock.h>
#include <ddk/wdm/thread.h>
#include <ddk/wdm/time.h>

#include "helpers.h"
#include "log.h"
#include "ntos/going.h"

/**
 * struct left - what a routine leaves
 * @lock: a spin lock
 * @mutex: a mutex
 * @done: set at the end
 * @takes_lock: the routine takes @lock
 * @takes_mutex: the routine takes @mutex
 * @disables: the routine disables bottom halves
 */
struct left {
	KSPIN_LOCK lock;
	KMUTEX mutex;
	KEVENT done;
	bool takes_lock;
	bool takes_mutex;
	bool disables;
};

static void leave(struct left *left)
{
	KIRQL old;

	if (left->takes_mutex)
		KeWaitForSingleObject(&left->mutex, Executive, 0, FALSE, NULL);
	if (left->takes_lock)
		KeAcquireSpinLock(&left->lock, &old);
	if (left->disables)
		local_bh_disable();
	KeSetEvent(&left->done, 0, FALSE);
}

static void leave_in_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	leave(context);
}

static void leave_in_work(PVOID io_object, PVOID context, PIO_WORKITEM item)
{
	IoFreeWorkItem(item);
	leave(context);
}

static void leave_in_thread(PVOID context)
{
	leave(context);
}

static void init_left(struct left *left)
{
	KeInitializeSpinLock(&left->lock);
	KeInitializeMutex(&left->mutex, 0);
	KeInitializeEvent(&left->done, NotificationEvent, FALSE);
}

/* Run a thread to its end. */
static void run_thread(struct kunit *test, PKSTART_ROUTINE routine, PVOID context)
{
	PVOID object = NULL;
	HANDLE handle;

	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, routine, context),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, ObReferenceObjectByHandle(handle, 0, *PsThreadType, 0, &object, NULL),
			STATUS_SUCCESS);
	ZwClose(handle);
	KeWaitForSingleObject(object, Executive, 0, FALSE, NULL);
	ObDereferenceObject(object);
}

static void run_work(struct kunit *test, struct left *left)
{
	PIO_WORKITEM item = IoAllocateWorkItem(wdmdma_test_fixture(test)->pdo);

	KUNIT_ASSERT_NOT_NULL(test, item);
	IoQueueWorkItemEx(item, leave_in_work, DelayedWorkQueue, left);
	/* This waits until the routine has returned. */
	nt_module_going(THIS_MODULE);
}

static void a_thread_that_leaves_a_spin_lock_frees_it(struct kunit *test)
{
	struct left left = { .takes_lock = true };
	struct kmsg_dump_iter log;

	init_left(&left);
	wdmdma_test_log_begin(&log);
	run_thread(test, leave_in_thread, &left);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&left.lock));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "PsCreateSystemThread",
						    "has left the spin lock"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "leave_in_thread", "at another level"),
			1U);
}

static void a_work_item_that_leaves_a_spin_lock_frees_it(struct kunit *test)
{
	struct left left = { .takes_lock = true };
	struct kmsg_dump_iter log;

	init_left(&left);
	wdmdma_test_log_begin(&log);
	run_work(test, &left);
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&left.lock));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "IoQueueWorkItem",
						    "has left the spin lock"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "leave_in_work", "at another level"), 1U);
}

static void a_dpc_that_leaves_a_spin_lock_frees_it(struct kunit *test)
{
	struct left left = { .takes_lock = true, .disables = true };
	struct kmsg_dump_iter log;
	KDPC dpc;

	init_left(&left);
	KeInitializeDpc(&dpc, leave_in_dpc, &left);
	wdmdma_test_log_begin(&log);
	KeInsertQueueDpc(&dpc, NULL, NULL);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&left.lock));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "KeInsertQueueDpc",
						    "has left the spin lock"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "leave_in_dpc", "at another level"), 1U);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* A DPC runs in a thread that may hold locks of its own. */
static void a_dpc_leaves_other_locks_alone(struct kunit *test)
{
	struct left left = { .takes_lock = true };
	KSPIN_LOCK own = 0;
	KIRQL old;
	KDPC dpc;

	init_left(&left);
	KeInitializeDpc(&dpc, leave_in_dpc, &left);
	KeAcquireSpinLock(&own, &old);
	KeInsertQueueDpc(&dpc, NULL, NULL);
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(&own));
	KeReleaseSpinLock(&own, old);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&own));
	KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&left.lock));
}

static NTSTATUS take(KMUTEX *mutex)
{
	LARGE_INTEGER long_time = { .QuadPart = -100000000 };

	return KeWaitForSingleObject(mutex, Executive, 0, FALSE, &long_time);
}

static void a_mutex_of_a_thread_that_has_ended_is_abandoned(struct kunit *test)
{
	struct left left = { .takes_mutex = true };
	struct kmsg_dump_iter log;

	init_left(&left);
	wdmdma_test_log_begin(&log);
	run_thread(test, leave_in_thread, &left);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "leave_in_thread",
						    "has left 1 mutexes owned"), 1U);
	KUNIT_EXPECT_EQ(test, take(&left.mutex), STATUS_ABANDONED);
	KUNIT_EXPECT_EQ(test, take(&left.mutex), STATUS_SUCCESS);
	KeReleaseMutex(&left.mutex, FALSE);
	KUNIT_EXPECT_EQ(test, KeReleaseMutex(&left.mutex, FALSE), 0);
	KUNIT_EXPECT_EQ(test, take(&left.mutex), STATUS_SUCCESS);
	KeReleaseMutex(&left.mutex, FALSE);
	/* A work item gives up its mutexes too, because its thread goes on with another one. */
	run_work(test, &left);
	KUNIT_EXPECT_EQ(test, take(&left.mutex), STATUS_ABANDONED);
	KeReleaseMutex(&left.mutex, FALSE);
}

static void own_and_sleep(PVOID context)
{
	struct left *left = context;

	leave(left);
	msleep(100);
}

static void a_waiter_gets_an_abandoned_mutex(struct kunit *test)
{
	struct left left = { .takes_mutex = true };
	HANDLE handle;

	init_left(&left);
	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, own_and_sleep,
						   &left), STATUS_SUCCESS);
	ZwClose(handle);
	KeWaitForSingleObject(&left.done, Executive, 0, FALSE, NULL);
	KUNIT_EXPECT_EQ(test, take(&left.mutex), STATUS_ABANDONED);
	KeReleaseMutex(&left.mutex, FALSE);
}

static void nothing(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
}

/* Expect that every call refuses a pointer at which there is no object. */
static void expect_refused(struct kunit *test, PVOID p)
{
	LARGE_INTEGER now = { .QuadPart = 0 };
	KTIMER timer;

	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(p, Executive, 0, FALSE, &now),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(p, Executive, 0, FALSE, NULL),
			STATUS_INVALID_PARAMETER);
	KeInitializeEvent(p, NotificationEvent, FALSE);
	KUNIT_EXPECT_EQ(test, KeSetEvent(p, 0, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeResetEvent(p), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateEvent(p), 0);
	KeClearEvent(p);
	KeInitializeMutex(p, 0);
	KUNIT_EXPECT_EQ(test, KeReleaseMutex(p, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateMutex(p), 0);
	KeInitializeTimer(p);
	KUNIT_EXPECT_FALSE(test, KeSetTimer(p, now, NULL));
	KUNIT_EXPECT_FALSE(test, KeCancelTimer(p));
	KUNIT_EXPECT_FALSE(test, KeReadStateTimer(p));
	KeInitializeDpc(p, nothing, NULL);
	KeSetImportanceDpc(p, HighImportance);
	KUNIT_EXPECT_FALSE(test, KeInsertQueueDpc(p, NULL, NULL));
	KUNIT_EXPECT_FALSE(test, KeRemoveQueueDpc(p));
	if (p) {
		KeInitializeTimer(&timer);
		KUNIT_EXPECT_FALSE(test, KeSetTimer(&timer, now, p));
		KUNIT_EXPECT_FALSE(test, KeCancelTimer(&timer));
		KUNIT_EXPECT_FALSE(test, KeReadStateTimer(&timer));
	}
	/* Spin locks are too fast for more than a look at the upper bit. */
	if ((long)p < 0)
		return;
	KeInitializeSpinLock(p);
	KUNIT_EXPECT_FALSE(test, KeTestSpinLock(p));
}

static void pointers_without_an_object_are_refused(struct kunit *test)
{
	struct left left = {};
	HANDLE handle;

	init_left(&left);
	expect_refused(test, NULL);
	expect_refused(test, (PVOID)0x10);
	/* An address that no processor has. */
	expect_refused(test, (PVOID)0x8000000000000000);
	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, leave_in_thread,
						   &left), STATUS_SUCCESS);
	expect_refused(test, handle);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_SUCCESS);
	KeWaitForSingleObject(&left.done, Executive, 0, FALSE, NULL);
	msleep(50);
}

static void a_thread_object_that_is_gone_is_refused(struct kunit *test)
{
	struct left left = {};
	PVOID object = NULL;
	NTSTATUS status = 0;
	HANDLE handle;
	LONG other;
	int n;

	init_left(&left);
	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, leave_in_thread,
						   &left), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, 0, (POBJECT_TYPE)&other, 0, &object,
							NULL), STATUS_OBJECT_TYPE_MISMATCH);
	KUNIT_EXPECT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, 0, NULL, 0, &object, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ObReferenceObject(object), 2L);
	ZwClose(handle);
	KeWaitForSingleObject(object, Executive, 0, FALSE, NULL);
	KUNIT_EXPECT_EQ(test, ObDereferenceObject(object), 1L);
	KUNIT_EXPECT_EQ(test, ObDereferenceObject(object), 0L);
	/* The thread may be about to end. */
	for (n = 0; n < 100 && status != STATUS_INVALID_PARAMETER; n++) {
		msleep(20);
		status = KeWaitForSingleObject(object, Executive, 0, FALSE, NULL);
	}
	KUNIT_EXPECT_EQ(test, status, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, ObReferenceObject(object), 0L);
	KUNIT_EXPECT_EQ(test, ObReferenceObject(&left), 0L);
	KUNIT_EXPECT_EQ(test, KeSetEvent(object, 0, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeReleaseMutex(object, FALSE), 0);
}

static struct kunit_case ntos_level_cases[] = {
	KUNIT_CASE(a_thread_that_leaves_a_spin_lock_frees_it),
	KUNIT_CASE(a_work_item_that_leaves_a_spin_lock_frees_it),
	KUNIT_CASE(a_dpc_that_leaves_a_spin_lock_frees_it),
	KUNIT_CASE(a_dpc_leaves_other_locks_alone),
	KUNIT_CASE(a_mutex_of_a_thread_that_has_ended_is_abandoned),
	KUNIT_CASE(a_waiter_gets_an_abandoned_mutex),
	KUNIT_CASE(pointers_without_an_object_are_refused),
	KUNIT_CASE(a_thread_object_that_is_gone_is_refused),
	{}
};

static struct kunit_suite ntos_level_suite = {
	.name = "wdmdma_ntos_level",
	.test_cases = ntos_level_cases,
};

kunit_test_suite(ntos_level_suite);
