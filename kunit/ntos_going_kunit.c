// SPDX-License-Identifier: GPL-2.0-only
/* Objects and modules that go while wdmdma_ntos.ko has something to do with them. */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/pool.h>
#include <ddk/wdm/thread.h>
#include <ddk/wdm/time.h>
#include <wdmdma/mdl.h>

#include "helpers.h"
#include "log.h"
#include "ntos/going.h"

#define TAG	0x676F676E
#define OF_A_TIMER "the memory has the DPC of a timer"
#define QUEUED	"the memory has a queued DPC"
#define SET	"the memory has a timer that is set"
#define WAITED	"the memory has an object for which a thread waits"

/* Milliseconds until a timer fires. A busy machine must free its memory before that. */
#define FIRST	1000
#define NEVER	100000

static int runs;

static void count_run(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	runs++;
}

static void queue_again(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	runs++;
	KeInsertQueueDpc(dpc, NULL, NULL);
}

static LARGE_INTEGER after_ms(int ms)
{
	return (LARGE_INTEGER) { .QuadPart = -ms * 10000LL };
}

/* Objects that a driver has in memory that it frees. */
struct in_memory {
	KTIMER timer;
	KDPC dpc;
};

static void *put_objects(void *memory)
{
	struct in_memory *objects = memory;

	memset(objects, 0xa5, sizeof(*objects));
	KeInitializeTimer(&objects->timer);
	KeInitializeDpc(&objects->dpc, count_run, NULL);
	KeSetTimer(&objects->timer, after_ms(FIRST), &objects->dpc);
	return objects;
}

static void expect_reported(struct kunit *test, struct kmsg_dump_iter log, const char *call)
{
	KUNIT_EXPECT_EQ_MSG(test, wdmdma_test_log_lines(log, call, SET), 1U, "%s", call);
}

/* Expect that no DPC runs, not even when its timer would have fired. */
static void expect_no_runs(struct kunit *test)
{
	msleep(FIRST + 20);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, runs, 0);
}

/* Expect that the call has reported the timer, and that timer and DPC do nothing any more. */
static void expect_forgotten(struct kunit *test, struct kmsg_dump_iter log, const char *call)
{
	expect_reported(test, log, call);
	expect_no_runs(test);
}

static void the_dpc_of_a_timer_may_be_freed(struct kunit *test)
{
	struct kmsg_dump_iter log;
	KTIMER timer;
	KDPC *dpc = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*dpc), TAG);

	KUNIT_ASSERT_NOT_NULL(test, dpc);
	runs = 0;
	KeInitializeTimer(&timer);
	KeInitializeDpc(dpc, count_run, NULL);
	KeSetTimerEx(&timer, after_ms(FIRST), 5, dpc);
	wdmdma_test_log_begin(&log);
	ExFreePoolWithTag(dpc, TAG);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "ExFreePoolWithTag", OF_A_TIMER), 1U);
	/* The timer goes on without it. */
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&timer, Executive, 0, FALSE, NULL),
			STATUS_SUCCESS);
	msleep(20);
	KeCancelTimer(&timer);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, runs, 0);
}

/*
 * Memory may be freed at the very moment when the timer in it fires. KASAN sees a write to the
 * block after the free. All timers are periodic but each fourth.
 */
static void a_timer_that_fires_may_be_freed(struct kunit *test)
{
	struct kmsg_dump_iter log;
	KTIMER *timer;
	int n;

	for (n = 0; n < 2000; n++) {
		timer = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*timer), TAG);
		KUNIT_ASSERT_NOT_NULL(test, timer);
		KeInitializeTimer(timer);
		KeSetTimerEx(timer, (LARGE_INTEGER) { .QuadPart = -100 }, n % 4 ? 1 : 0, NULL);
		udelay(n % 400);
		ExFreePoolWithTag(timer, TAG);
	}
	/* Most of the reports were left out. Those of the next cases must not be. */
	wdmdma_test_log_wait();
	timer = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*timer), TAG);
	KUNIT_ASSERT_NOT_NULL(test, timer);
	KeInitializeTimer(timer);
	KeSetTimer(timer, after_ms(NEVER), NULL);
	wdmdma_test_log_begin(&log);
	ExFreePoolWithTag(timer, TAG);
	/* The line that says so names the driver's call. */
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "ExFreePoolWithTag",
						    "callbacks suppressed"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, SET, "without a DPC"), 1U);
}

static void every_free_forgets_the_objects(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test);
	struct wdmdma_miniport *other;
	struct kmsg_dump_iter log;
	PVOID memory;
	PMDL mdl;

	runs = 0;
	wdmdma_test_log_begin(&log);
	memory = MmAllocateContiguousMemory(SZ_4K, wdmdma_test_pa(U64_MAX));
	KUNIT_ASSERT_NOT_NULL(test, memory);
	MmFreeContiguousMemory(put_objects(memory));
	expect_reported(test, log, "MmFreeContiguousMemory:");
	memory = MmAllocateContiguousMemory(SZ_4K, wdmdma_test_pa(U64_MAX));
	KUNIT_ASSERT_NOT_NULL(test, memory);
	MmFreeContiguousMemorySpecifyCache(put_objects(memory), SZ_4K, MmCached);
	expect_reported(test, log, "MmFreeContiguousMemorySpecifyCache:");
	memory = MmAllocateNonCachedMemory(SZ_4K);
	if (memory) {
		MmFreeNonCachedMemory(put_objects(memory), SZ_4K);
		expect_reported(test, log, "MmFreeNonCachedMemory:");
	}
	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, 1000, TAG, &memory),
			STOR_STATUS_SUCCESS);
	StorPortFreePool(extension, put_objects(memory));
	expect_reported(test, log, "StorPortFreePool:");
	mdl = MmAllocatePagesForMdl(wdmdma_test_pa(0), wdmdma_test_pa(U64_MAX), wdmdma_test_pa(0),
				    2 * SZ_4K);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	memory = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, 0);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	put_objects(memory);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	expect_reported(test, log, "MmFreePagesFromMdl:");
	other = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	put_objects(other->extension);
	wdmdma_hw_device_extension_destroy(other->extension);
	other->extension = NULL;
	expect_reported(test, log, "wdmdma_hw_device_extension_destroy:");
	expect_no_runs(test);
}

static void a_common_buffer_forgets_its_objects(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 64);
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	PVOID memory;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	runs = 0;
	memory = wdmdma_test_alloc(fixture, SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	put_objects(memory);
	wdmdma_test_log_begin(&log);
	wdmdma_test_free(fixture, SZ_4K, la, memory);
	expect_forgotten(test, log, "FreeCommonBuffer:");
}

static void a_vector_forgets_the_objects_of_its_elements(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 64);
	PDMA_COMMON_BUFFER_VECTOR vector;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	PVOID memory[2];
	int n;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	runs = 0;
	vector = wdmdma_test_vector(fixture, U64_MAX, MmCached, 0, 2);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	for (n = 0; n < 2; n++) {
		fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, n,
							       &memory[n], &la);
		put_objects(memory[n]);
	}
	wdmdma_test_log_begin(&log);
	fixture->ops->FreeCommonBufferFromVector(fixture->adapter, vector, 1);
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
	expect_reported(test, log, "FreeCommonBufferFromVector:");
	expect_forgotten(test, log, "FreeCommonBufferVector:");
}

static void objects_that_are_zeroed_do_no_harm(struct kunit *test)
{
	struct in_memory objects[3];
	struct kmsg_dump_iter log;
	BOOLEAN was_set;
	int n;

	runs = 0;
	local_bh_disable();
	for (n = 0; n < ARRAY_SIZE(objects); n++) {
		KeInitializeTimer(&objects[n].timer);
		KeInitializeDpc(&objects[n].dpc, count_run, NULL);
		KeSetTimer(&objects[n].timer, after_ms(NEVER), NULL);
		KeInsertQueueDpc(&objects[n].dpc, NULL, NULL);
	}
	memset(&objects[1], 0, sizeof(objects[1]));
	KeRemoveQueueDpc(&objects[0].dpc);
	local_bh_enable();
	KeFlushQueuedDpcs();
	/* On PREEMPT_RT a thread may have run the first one before it was removed. */
	KUNIT_EXPECT_GE(test, runs, 2);
	was_set = KeCancelTimer(&objects[0].timer);
	KUNIT_EXPECT_TRUE(test, was_set);
	KUNIT_EXPECT_TRUE(test, KeCancelTimer(&objects[1].timer));
	KUNIT_EXPECT_TRUE(test, KeCancelTimer(&objects[2].timer));
	/* One that is initialized again is taken out, and can be used. */
	wdmdma_test_log_begin(&log);
	memset(&objects[2], 0, sizeof(objects[2]));
	KeInitializeTimer(&objects[2].timer);
	KeSetTimer(&objects[2].timer, after_ms(NEVER), NULL);
	memset(&objects[2], 0, sizeof(objects[2]));
	KeInitializeTimer(&objects[2].timer);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "KeInitializeTimerEx", "the timer is set"),
			1U);
	KUNIT_EXPECT_FALSE(test, KeCancelTimer(&objects[2].timer));
	/* One that is overwritten is not written to. */
	KeSetTimer(&objects[2].timer, after_ms(5), NULL);
	memset(&objects[2], 0, sizeof(objects[2]));
	msleep(30);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(&objects[2], sizeof(objects[2])));
	KUNIT_EXPECT_FALSE(test, KeCancelTimer(&objects[2].timer));
}

static void the_dpc_of_a_timer_may_be_initialized(struct kunit *test)
{
	struct in_memory objects;
	struct kmsg_dump_iter log;

	runs = 0;
	KeInitializeTimer(&objects.timer);
	KeInitializeDpc(&objects.dpc, queue_again, NULL);
	KeSetTimer(&objects.timer, after_ms(FIRST), &objects.dpc);
	wdmdma_test_log_begin(&log);
	KeInitializeDpc(&objects.dpc, count_run, NULL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "KeInitializeDpc",
						    "a timer that is set names the DPC"), 1U);
	KeWaitForSingleObject(&objects.timer, Executive, 0, FALSE, NULL);
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, runs, 1);
}

struct waiting {
	KEVENT *event;
	KEVENT ready;
	NTSTATUS status;
};

static void wait_in_memory(PVOID context)
{
	struct waiting *waiting = context;

	KeSetEvent(&waiting->ready, 0, FALSE);
	waiting->status = KeWaitForSingleObject(waiting->event, Executive, 0, FALSE, NULL);
}

/* Start a thread, and return its object. */
static PVOID start(struct kunit *test, PKSTART_ROUTINE routine, PVOID context)
{
	PVOID object = NULL;
	HANDLE handle;

	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, routine, context),
			STATUS_SUCCESS);
	ObReferenceObjectByHandle(handle, 0, *PsThreadType, 0, &object, NULL);
	ZwClose(handle);
	return object;
}

static void join(PVOID thread)
{
	KeWaitForSingleObject(thread, Executive, 0, FALSE, NULL);
	ObDereferenceObject(thread);
}

static void freeing_an_event_ends_the_waits(struct kunit *test)
{
	struct waiting waiting = { .status = STATUS_TIMEOUT };
	struct kmsg_dump_iter log;
	PVOID thread;

	waiting.event = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(KEVENT), TAG);
	KUNIT_ASSERT_NOT_NULL(test, waiting.event);
	KeInitializeEvent(waiting.event, NotificationEvent, FALSE);
	KeInitializeEvent(&waiting.ready, NotificationEvent, FALSE);
	thread = start(test, wait_in_memory, &waiting);
	KeWaitForSingleObject(&waiting.ready, Executive, 0, FALSE, NULL);
	msleep(200);
	wdmdma_test_log_begin(&log);
	KeInitializeEvent(waiting.event, NotificationEvent, FALSE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "KeInitializeEvent",
						    "a thread waits for the object"), 1U);
	ExFreePoolWithTag(waiting.event, TAG);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "ExFreePoolWithTag", WAITED), 1U);
	join(thread);
	KUNIT_EXPECT_EQ(test, waiting.status, STATUS_INVALID_PARAMETER);
}

/* A mapping of an MDL is memory, too. */
static void an_unmapped_mdl_forgets_the_objects(struct kunit *test)
{
	u8 *memory = kunit_kzalloc(test, SZ_4K, GFP_KERNEL), *mapping;
	struct kmsg_dump_iter log;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	runs = 0;
	mdl = MmAllocatePagesForMdl(wdmdma_test_pa(0), wdmdma_test_pa(U64_MAX), wdmdma_test_pa(0),
				    64 * SZ_4K);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	mapping = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, mapping);
	put_objects(mapping + SZ_4K);
	wdmdma_test_log_begin(&log);
	MmUnmapLockedPages(mapping, mdl);
	expect_forgotten(test, log, "MmUnmapLockedPages:");
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, SET, "count_run"), 1U);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	/* Memory of the kernel stays where it is, so its objects do. */
	mdl = IoAllocateMdl(memory, SZ_4K, FALSE, FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess), STATUS_SUCCESS);
	put_objects(memory);
	wdmdma_test_log_begin(&log);
	mapping = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_EXPECT_PTR_EQ(test, mapping, memory);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, SET, ""), 0U);
	KUNIT_EXPECT_TRUE(test, KeCancelTimer((PKTIMER)memory));
}

static void a_module_leaves_no_timer_and_no_dpc(struct kunit *test)
{
	static struct in_memory left, again;
	struct kmsg_dump_iter log;

	runs = 0;
	KeInitializeTimer(&left.timer);
	KeInitializeDpc(&left.dpc, count_run, NULL);
	KeSetTimerEx(&left.timer, after_ms(1), 1, &left.dpc);
	KeInitializeDpc(&again.dpc, queue_again, NULL);
	KeInsertQueueDpc(&again.dpc, NULL, NULL);
	msleep(20);
	wdmdma_test_log_begin(&log);
	nt_module_going(THIS_MODULE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, THIS_MODULE->name, "1 timers"), 1U);
	KUNIT_EXPECT_GT(test, runs, 1);
	runs = 0;
	msleep(20);
	KUNIT_EXPECT_EQ(test, runs, 0);
	KUNIT_EXPECT_FALSE(test, KeCancelTimer(&left.timer));
	/* Only the module that goes is refused. */
	KUNIT_EXPECT_TRUE(test, KeInsertQueueDpc(&left.dpc, NULL, NULL));
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_EQ(test, runs, 1);
}

static int ended;

static void sleep_in_thread(PVOID context)
{
	msleep(600);
	ended++;
}

static void sleep_in_work(PVOID io_object, PVOID context, PIO_WORKITEM item)
{
	msleep(400);
	ended += item == context;
	IoFreeWorkItem(item);
}

static void a_module_waits_for_threads_and_work_items(struct kunit *test)
{
	PIO_WORKITEM item = IoAllocateWorkItem(wdmdma_test_fixture(test)->pdo);
	struct kmsg_dump_iter log;
	HANDLE handle;

	KUNIT_ASSERT_NOT_NULL(test, item);
	ended = 0;
	IoQueueWorkItemEx(item, sleep_in_work, DelayedWorkQueue, item);
	KUNIT_EXPECT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, sleep_in_thread,
						   NULL), STATUS_SUCCESS);
	ZwClose(handle);
	wdmdma_test_log_begin(&log);
	nt_module_going(THIS_MODULE);
	KUNIT_EXPECT_EQ(test, ended, 2);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, THIS_MODULE->name,
						    "1 work items, 1 threads"), 1U);
}

static void a_module_without_objects_goes_silently(struct kunit *test)
{
	struct kmsg_dump_iter log;

	wdmdma_test_log_begin(&log);
	nt_module_going(THIS_MODULE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, THIS_MODULE->name, "unload"), 0U);
}

static struct kunit_case ntos_going_cases[] = {
	KUNIT_CASE(the_dpc_of_a_timer_may_be_freed),
	KUNIT_CASE(every_free_forgets_the_objects),
	KUNIT_CASE(a_common_buffer_forgets_its_objects),
	KUNIT_CASE(a_vector_forgets_the_objects_of_its_elements),
	KUNIT_CASE(objects_that_are_zeroed_do_no_harm),
	KUNIT_CASE(the_dpc_of_a_timer_may_be_initialized),
	KUNIT_CASE(freeing_an_event_ends_the_waits),
	KUNIT_CASE(an_unmapped_mdl_forgets_the_objects),
	KUNIT_CASE(a_module_leaves_no_timer_and_no_dpc),
	KUNIT_CASE(a_module_waits_for_threads_and_work_items),
	KUNIT_CASE(a_module_without_objects_goes_silently),
	KUNIT_CASE(a_timer_that_fires_may_be_freed),
	{}
};

static struct kunit_suite ntos_going_suite = {
	.name = "wdmdma_ntos_going",
	.init = wdmdma_test_miniport_init,
	.test_cases = ntos_going_cases,
};

kunit_test_suite(ntos_going_suite);
