// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of the kernel routines that cannot be right, and the line in the log that says so. */
#include <linux/err.h>
#include <linux/io.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/pool.h>
#include <ddk/wdm/processor.h>
#include <ddk/wdm/spinlock.h>
#include <ddk/wdm/string_print.h>
#include <ddk/wdm/thread.h>
#include <ddk/wdm/time.h>

#include "helpers.h"
#include "log.h"

/* Pointers at which no object of a driver can be. */
static void *const wild[] = {
	(void *)0x1238, (void *)-8L, (void *)-16L, (void *)0x7fff00001000UL,
	(void *)0x8000000000001000UL,
};

static void run_nothing(PVOID context)
{
}

static void run_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
}

static void pointers_without_memory_are_refused(struct kunit *test)
{
	LARGE_INTEGER now = { };
	KLOCK_QUEUE_HANDLE handle;
	NPAGED_LOOKASIDE_LIST list = { };
	KSPIN_LOCK lock = 0;
	HANDLE thread;
	KEVENT event;
	KDPC dpc = { };
	unsigned int i;
	KIRQL level;

	KeInitializeEvent(&event, NotificationEvent, TRUE);
	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		KeInitializeSpinLock(wild[i]);
		level = KeAcquireSpinLockRaiseToDpc(wild[i]);
		KeReleaseSpinLock(wild[i], level);
		KeAcquireInStackQueuedSpinLock(&lock, wild[i]);
		KUNIT_EXPECT_TRUE(test, KeTestSpinLock(&lock));
		KeReleaseInStackQueuedSpinLock(wild[i]);
		KeAcquireInStackQueuedSpinLock(wild[i], &handle);
		KeReleaseInStackQueuedSpinLock(&handle);
		KeInitializeEvent(wild[i], NotificationEvent, FALSE);
		KeInitializeMutex(wild[i], 0);
		KeInitializeTimer(wild[i]);
		KeInitializeDpc(wild[i], run_dpc, NULL);
		KeInitializeDpc(&dpc, wild[i], NULL);
		KUNIT_EXPECT_EQ(test, dpc.Type, 0);
		ExInitializeNPagedLookasideList(&list, wild[i], NULL, 0, 8, 1, 0);
		ExInitializeNPagedLookasideList(&list, NULL, wild[i], 0, 8, 1, 0);
		KUNIT_EXPECT_NULL(test, ExAllocateFromNPagedLookasideList(&list));
		KUNIT_EXPECT_LT(test, KeGetCurrentProcessorNumberEx(wild[i]), 65536U);
		KUNIT_EXPECT_GT(test, KeQueryActiveProcessorCount(wild[i]), 0U);
		KUNIT_EXPECT_EQ(test, RtlStringCchPrintfA(wild[i], 8, "%d", 1),
				STATUS_INVALID_PARAMETER);
		KeQuerySystemTime(wild[i]);
		KeQueryTickCount(wild[i]);
		KeQueryPerformanceCounter(wild[i]);
		ExInitializeNPagedLookasideList(wild[i], NULL, NULL, 0, 8, 1, 0);
		KUNIT_EXPECT_NULL(test, ExAllocateFromNPagedLookasideList(wild[i]));
		KUNIT_EXPECT_EQ(test, KeDelayExecutionThread(0, FALSE, wild[i]),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(wild[i], Executive, 0, FALSE, &now),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&event, Executive, 0, FALSE, wild[i]),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, PsCreateSystemThread(wild[i], 0, NULL, NULL, NULL,
							   run_nothing, NULL),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, PsCreateSystemThread(&thread, 0, NULL, NULL, NULL, wild[i],
							   NULL), STATUS_INVALID_PARAMETER);
	}
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* The first byte alone does not make an object. */
static void memory_that_is_no_object_is_refused(struct kunit *test)
{
	static const u64 contents[] = {
		0x0041, 0xffff888012345600, 0x0000000200000000, 0x0000000000000202,
		0x0000000700000002, 0x0000000100030002, 0x0000000000000005, 0x0000000000000013,
	};
	LARGE_INTEGER now = { };
	KMUTEX memory = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(contents); i++) {
		memcpy(&memory, &contents[i], sizeof(contents[i]));
		KUNIT_EXPECT_EQ_MSG(test, KeWaitForSingleObject(&memory, Executive, 0, FALSE,
								&now), STATUS_INVALID_PARAMETER,
				    "content %llx", contents[i]);
		KUNIT_EXPECT_EQ(test, KeSetEvent((PKEVENT)&memory, 0, FALSE), 0);
		KUNIT_EXPECT_EQ(test, memcmp(&memory, &contents[i], sizeof(contents[i])), 0);
	}
	memset(&memory, 0, sizeof(memory));
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&memory, Executive, 0, FALSE, &now),
			STATUS_TIMEOUT);
}

static void work_item_needs_a_device_object(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture(test);
	struct kmsg_dump_iter log;
	PIO_WORKITEM item;

	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_NULL(test, IoAllocateWorkItem((PDEVICE_OBJECT)test));
	KUNIT_EXPECT_NULL(test, IoAllocateWorkItem((PDEVICE_OBJECT)0x1234));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "IoAllocateWorkItem",
						    "is no device object"), 2U);
	item = IoAllocateWorkItem(fixture->pdo);
	KUNIT_ASSERT_NOT_NULL(test, item);
	IoQueueWorkItem(item, (PIO_WORKITEM_ROUTINE)0x1234, DelayedWorkQueue, NULL);
	IoFreeWorkItem(item);
	/* The function may not need one. */
	item = IoAllocateWorkItem(NULL);
	KUNIT_ASSERT_NOT_NULL(test, item);
	IoFreeWorkItem(item);
}

static struct kunit_case ntos_refuse_cases[] = {
	KUNIT_CASE(pointers_without_memory_are_refused),
	KUNIT_CASE(memory_that_is_no_object_is_refused),
	KUNIT_CASE(work_item_needs_a_device_object),
	{}
};

static struct kunit_suite ntos_refuse_suite = {
	.name = "wdmdma_ntos_refuse",
	.test_cases = ntos_refuse_cases,
};

kunit_test_suite(ntos_refuse_suite);
