// SPDX-License-Identifier: GPL-2.0-only
/* Threads, work items and debug output of wdmdma_ntos.ko. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/string.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/spinlock.h>
#include <ddk/wdm/thread.h>

#include "helpers.h"
#include "log.h"
#include "ntos/format.h"
#include "ntos/going.h"
#include "ntos/thread.h"

struct worker {
	KEVENT stop;
	bool terminate;
	int ended;
	NTSTATUS status;
};

static void run_until_stopped(PVOID context)
{
	struct worker *worker = context;

	worker->status = KeWaitForSingleObject(&worker->stop, Executive, 0, FALSE, NULL);
	WRITE_ONCE(worker->ended, worker->ended + 1);
	if (worker->terminate)
		PsTerminateSystemThread(STATUS_SUCCESS);
}

/* The usual way in which a driver stops its thread. */
static void run_and_stop(struct kunit *test, struct worker *worker)
{
	PVOID object = NULL;
	HANDLE handle;

	KeInitializeEvent(&worker->stop, NotificationEvent, FALSE);
	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL,
						   run_until_stopped, worker), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType,
							0, &object, NULL), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_INVALID_HANDLE);
	KeSetEvent(&worker->stop, 0, FALSE);
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(object, Executive, 0, FALSE, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, READ_ONCE(worker->ended), 1);
	KUNIT_EXPECT_EQ(test, worker->status, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ObDereferenceObject(object), 0L);
	KUNIT_EXPECT_EQ(test, ObDereferenceObject(object), 0L);
}

static void a_thread_can_be_waited_for(struct kunit *test)
{
	struct worker returns = {}, terminates = { .terminate = true };

	run_and_stop(test, &returns);
	run_and_stop(test, &terminates);
}

static void wrong_threads_and_handles_are_refused(struct kunit *test)
{
	HANDLE handle = NULL;
	PVOID object = &handle;
	NTSTATUS status;

	KUNIT_EXPECT_EQ(test, PsTerminateSystemThread(0), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, PsCreateSystemThread(NULL, 0, NULL, NULL, NULL, run_until_stopped,
						   NULL), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	local_bh_disable();
	status = PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, run_until_stopped, NULL);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, ZwClose(NULL), STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, ZwClose(&handle), STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(NULL, 0, NULL, 0, &object, NULL),
			STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(NULL, 0, NULL, 0, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, ObDereferenceObject(NULL), 0L);
	KUNIT_EXPECT_EQ(test, ObDereferenceObject(&handle), 0L);
}

static void run_nothing(PVOID context)
{
}

/* A driver that closes no handle can make no thread in the end, and that is said. */
static void handles_that_are_not_closed_end_with_the_module(struct kunit *test)
{
	struct kmsg_dump_iter log;
	HANDLE handle, last = NULL;
	unsigned int threads = 0;
	NTSTATUS status;
	PVOID object;

	KUNIT_EXPECT_EQ(test, nt_thread_most, 2048U);
	nt_thread_most = 40;
	wdmdma_test_log_begin(&log);
	for (;;) {
		status = PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, run_nothing, NULL);
		if (!NT_SUCCESS(status) || ++threads > 100)
			break;
		last = handle;
	}
	KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, threads, 40U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "PsCreateSystemThread", "40 threads"),
			1U);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(last, 0, NULL, 0, &object, NULL),
			STATUS_SUCCESS);
	wdmdma_test_log_begin(&log);
	nt_module_going(THIS_MODULE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "40 threads have ended",
						    "an open handle or a reference"), 1U);
	KUNIT_EXPECT_EQ(test, ZwClose(last), STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, ObDereferenceObject(object), 0L);
	KUNIT_EXPECT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, run_nothing, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_SUCCESS);
	nt_thread_most = 2048;
}

struct job {
	PIO_WORKITEM item;
	struct completion done;
	PDEVICE_OBJECT device_object;
	KIRQL level;
	int again;
};

static void work(PDEVICE_OBJECT device_object, PVOID context)
{
	struct job *job = context;

	job->device_object = device_object;
	job->level = KeGetCurrentIrql();
	if (job->again-- > 0) {
		IoQueueWorkItem(job->item, work, DelayedWorkQueue, job);
		return;
	}
	/* Frees its own item. */
	IoFreeWorkItem(job->item);
	complete(&job->done);
}

static void a_work_item_runs_at_passive(struct kunit *test)
{
	struct job job = { .again = 2, .level = HIGH_LEVEL };
	PDEVICE_OBJECT pdo = wdmdma_test_fixture(test)->pdo;

	init_completion(&job.done);
	job.item = IoAllocateWorkItem(pdo);
	KUNIT_ASSERT_NOT_NULL(test, job.item);
	local_bh_disable();
	IoQueueWorkItem(job.item, work, DelayedWorkQueue, &job);
	local_bh_enable();
	wait_for_completion(&job.done);
	KUNIT_EXPECT_EQ(test, job.level, PASSIVE_LEVEL);
	KUNIT_EXPECT_PTR_EQ(test, job.device_object, pdo);
	KUNIT_EXPECT_EQ(test, job.again, -1);
}

static void wrong_work_items_are_refused(struct kunit *test)
{
	PIO_WORKITEM item;
	int other;

	local_bh_disable();
	item = IoAllocateWorkItem(NULL);
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(test, item);
	IoQueueWorkItem(NULL, work, DelayedWorkQueue, NULL);
	IoQueueWorkItem((PIO_WORKITEM)&other, work, DelayedWorkQueue, NULL);
	IoQueueWorkItem(item, NULL, DelayedWorkQueue, NULL);
	IoQueueWorkItemEx(item, NULL, DelayedWorkQueue, NULL);
	IoFreeWorkItem(NULL);
	IoFreeWorkItem(item);
	IoFreeWorkItem(item);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* An item does not run twice at once, so it stays queued until its function returns. */
static void queue_and_free(PDEVICE_OBJECT device_object, PVOID context)
{
	struct job *job = context;

	IoQueueWorkItem(job->item, work, DelayedWorkQueue, job);
	IoFreeWorkItem(job->item);
}

static void an_item_that_is_queued_is_not_freed(struct kunit *test)
{
	struct job job = { };
	PDEVICE_OBJECT pdo = wdmdma_test_fixture(test)->pdo;
	struct kmsg_dump_iter log;

	init_completion(&job.done);
	job.item = IoAllocateWorkItem(pdo);
	KUNIT_ASSERT_NOT_NULL(test, job.item);
	wdmdma_test_log_begin(&log);
	IoQueueWorkItem(job.item, queue_and_free, DelayedWorkQueue, &job);
	wait_for_completion(&job.done);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "IoFreeWorkItem",
						    "the work item is queued"), 1U);
}

static char *room(struct kunit *test)
{
	char *text = kunit_kzalloc(test, NT_PRINT_MOST, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	return text;
}

#define text_of(test, ...) nt_debug_format(room(test), __VA_ARGS__)

static void formats_mean_what_they_mean_on_windows(struct kunit *test)
{
	static const u16 wide[] = { 'w', 'i', 0x20AC, 'e', 0 };
	const struct { USHORT length, most; const void *buffer; }
		counted = { 6, 8, wide }, narrow = { 3, 3, "abcdef" };

	KUNIT_EXPECT_STREQ(test, text_of(test, "%ld %lu %lx", -1, -1, -1),
			   "-1 4294967295 ffffffff");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%I64x %I64d", 0x123456789ABCDEF0ULL, -2LL),
			   "123456789abcdef0 -2");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%lld %llX", -3LL, -3LL),
			   "-3 FFFFFFFFFFFFFFFD");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%wZ", &counted),
			   "wi?");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%Z|%5Z|%-5Z", &narrow, &narrow, &narrow),
			   "abc|  abc|abc  ");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%ws %S %hs", wide, wide, "narrow"),
			   "wi?e wi?e narrow");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%s %wZ %S", NULL, NULL, NULL),
			   "(null) (null) (null)");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%.2s|%5.4x|%-#5x|%d%%", "narrow", 255, 31, 7),
			   "na| 00ff|0x1f |7%");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%3c %hu %hhu", 'x', 0x5FFFF, 0x5FF),
			   "  x 65535 255");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%*d %I32d", 3, 5, -5),
			   "  5 -5");
}

/* A pointer is hashed, and the letters behind it are text. */
static void pointers_have_no_extensions(struct kunit *test)
{
	const char *text = text_of(test, "%pS", (void *)0x1234);

	KUNIT_EXPECT_EQ(test, strlen(text), 17UL);
	KUNIT_EXPECT_EQ(test, text[16], 'S');
}

static ULONG print_list(const char *format, ...)
{
	va_list arguments;
	ULONG status;

	va_start(arguments, format);
	status = vDbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_INFO_LEVEL, format, arguments);
	va_end(arguments);
	return status;
}

static void long_and_broken_formats_do_no_harm(struct kunit *test)
{
	KUNIT_EXPECT_LT(test, strlen(text_of(test, "%9999d%9999s%600x", 1, "x", 2)),
			(size_t)NT_PRINT_MOST);
	KUNIT_EXPECT_STREQ(test, text_of(test, "%"), "");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%!"), "!");
	KUNIT_EXPECT_STREQ(test, text_of(test, "%-+ #0-+ #012."), "");
	KUNIT_EXPECT_EQ(test, DbgPrint("%s\n", "a line"), 0U);
	KUNIT_EXPECT_EQ(test, DbgPrint(NULL), 0U);
	KUNIT_EXPECT_EQ(test, print_list("%d %s %I64x\n", 1, "two", 3ULL), 0U);
	DbgBreakPoint();
	KUNIT_EXPECT_EQ(test, DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%d\n%d\n", 1, 2),
			0U);
}

static struct kunit_case ntos_thread_cases[] = {
	KUNIT_CASE(a_thread_can_be_waited_for),
	KUNIT_CASE(wrong_threads_and_handles_are_refused),
	KUNIT_CASE(handles_that_are_not_closed_end_with_the_module),
	KUNIT_CASE(a_work_item_runs_at_passive),
	KUNIT_CASE(wrong_work_items_are_refused),
	KUNIT_CASE(an_item_that_is_queued_is_not_freed),
	KUNIT_CASE(formats_mean_what_they_mean_on_windows),
	KUNIT_CASE(pointers_have_no_extensions),
	KUNIT_CASE(long_and_broken_formats_do_no_harm),
	{}
};

static struct kunit_suite ntos_thread_suite = {
	.name = "wdmdma_ntos_thread",
	.test_cases = ntos_thread_cases,
};

kunit_test_suite(ntos_thread_suite);
