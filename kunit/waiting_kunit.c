// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that a routine makes, and lists that wait for resources which do not come
 * (core/sg_list.c, core/channel.c, core/routine.c).
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "backend/backends.h"
#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/routine.h"
#include "core/transfer.h"
#include "core/transfer_source.h"
#include "core/work.h"
#include "edu.h"
#include "level.h"
#include "lib/window.h"
#include "log.h"
#include "memory.h"
#include "objects.h"

#define SYNC		DMA_SYNCHRONOUS_CALLBACK
#define WAIT		(20 * HZ)
#define ROUNDS		(2 * WDMDMA_SERVED_AT_ONCE + 6)	/* more than two runs serve */
#define MANY		(WDMDMA_SERVED_AT_ONCE + 6)	/* more than one run serves */
#define TOO_DEEP	8	/* stop here, because the case has failed */

/* Requests in routines. */

/* The requests that the routines make, and the number of calls so far. */
struct asking {
	PDMA_ADAPTER adapter[2];
	PMDL mdl;
	bool channels, lists, build, synchronous;
	unsigned int calls, deepest, refused;
	NTSTATUS status;
	u8 buffer[2][0x40] __aligned(8);
	struct completion done;
};

static VOID ask_in_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context);

static IO_ALLOCATION_ACTION ask_in_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					   PVOID context);

/*
 * Make a request to each adapter in turn. Ask for a list and for the channel in turn
 * if the case uses both.
 */
static NTSTATUS ask(struct asking *asking)
{
	PDMA_ADAPTER adapter = asking->adapter[asking->calls % 2];
	bool list = asking->lists && (!asking->channels || asking->calls / 2 % 2);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	PVOID va = MmGetMdlVirtualAddress(asking->mdl);

	if (asking->synchronous) {
		ops->InitializeDmaTransferContext(adapter, context);
		return list ? ops->GetScatterGatherListEx(adapter, NULL, context, asking->mdl, 0,
							  100, SYNC, ask_in_list, asking, TRUE,
							  NULL, NULL, NULL) :
			      ops->AllocateAdapterChannelEx(adapter, NULL, context, 1, SYNC,
							    ask_in_channel, asking, NULL);
	}
	if (!list)
		return ops->AllocateAdapterChannel(adapter, NULL, 1, ask_in_channel, asking);
	if (asking->build)
		return ops->BuildScatterGatherList(adapter, NULL, asking->mdl, va, 100, ask_in_list,
						   asking, TRUE, asking->buffer[asking->calls % 2],
						   sizeof(asking->buffer[0]));
	return ops->GetScatterGatherList(adapter, NULL, asking->mdl, va, 100, ask_in_list, asking,
					 TRUE);
}

static void ask_again(struct asking *asking)
{
	NTSTATUS status;

	asking->calls++;
	/* Routines of two adapters may run at the same time without being nested. */
	asking->deepest = max(asking->deepest, wdmdma_routine_depth());
	if (asking->calls == ROUNDS || asking->deepest >= TOO_DEEP) {
		complete(&asking->done);
		return;
	}
	status = ask(asking);
	if (NT_SUCCESS(status))
		return;
	asking->status = status;
	asking->refused++;
	complete(&asking->done);
}

static VOID ask_in_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct asking *asking = context;
	PDMA_ADAPTER adapter = asking->adapter[asking->calls % 2];

	adapter->DmaOperations->PutScatterGatherList(adapter, list, TRUE);
	ask_again(asking);
}

static IO_ALLOCATION_ACTION ask_in_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					   PVOID context)
{
	struct asking *asking = context;
	PDMA_ADAPTER adapter = asking->adapter[asking->calls % 2];

	/* Free the channel for the next request. */
	adapter->DmaOperations->FreeAdapterChannel(adapter);
	ask_again(asking);
	return KeepObject;
}

static struct asking *asking_of(struct kunit *test)
{
	struct asking *asking = kunit_kzalloc(test, sizeof(*asking), GFP_KERNEL);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct wdmdma_fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, asking);
	asking->adapter[0] = f->adapter;
	asking->adapter[1] = f->adapter;
	asking->mdl = wdmdma_test_mdl(test, memory->va, PAGE_SIZE);
	init_completion(&asking->done);
	return asking;
}

static void flush_works(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);

	flush_delayed_work(&adapter->transfers.list_work);
	flush_work(&adapter->transfers.channel_work);
	wdmdma_adapter_put(adapter);
}

static const struct ask_row {
	const char *name;
	bool channels, lists, build, two;
} ask_rows[] = {
	{ "lists", false, true },
	{ "lists in the driver's buffers", false, true, true },
	{ "lists of two adapters in turn", false, true, false, true },
	{ "the channel", true },
	{ "the channels of two adapters in turn", true, false, false, true },
	{ "a list and the channel in turn", true, true },
	{ "the same of two adapters", true, true, false, true },
};

KUNIT_ARRAY_PARAM_DESC(ask, ask_rows, name);

/*
 * The first request is made at PASSIVE_LEVEL, with bottom halves off, and as in an interrupt
 * handler. In each case the later requests must not nest.
 */
static void routine_that_asks_again_is_not_nested(struct kunit *test)
{
	const struct ask_row *row = test->param_value;
	struct asking *asking = asking_of(test);
	unsigned long flags = 0;
	unsigned int level;
	NTSTATUS status;

	asking->channels = row->channels;
	asking->lists = row->lists;
	asking->build = row->build;
	if (row->two)
		asking->adapter[1] = wdmdma_test_adapter(test, 64, SZ_64K, TRUE);
	for (level = 0; level < 3; level++) {
		asking->calls = 0;
		reinit_completion(&asking->done);
		if (level == 1)
			local_bh_disable();
		if (level == 2)
			flags = wdmdma_test_raise();
		status = ask(asking);
		if (level == 2)
			wdmdma_test_lower(flags);
		if (level == 1)
			local_bh_enable();
		KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&asking->done, WAIT), 0UL);
		KUNIT_ASSERT_EQ(test, asking->status, STATUS_SUCCESS);
		KUNIT_ASSERT_EQ(test, asking->deepest, 1U);
		KUNIT_EXPECT_EQ(test, asking->calls, (unsigned int)ROUNDS);
	}
	/* Wait until the last routine has returned. */
	flush_works(asking->adapter[0]);
	flush_works(asking->adapter[1]);
	KUNIT_EXPECT_EQ(test, wdmdma_routine_depth(), 0U);
}

/*
 * A synchronous request must not wait, so the routine that makes it runs nested. At some
 * depth the request must be refused.
 */
static void synchronous_requests_nest_a_few_times(struct kunit *test)
{
	const struct ask_row *row = test->param_value;
	struct asking *asking = asking_of(test);

	asking->channels = row->channels;
	asking->lists = row->lists;
	asking->synchronous = true;
	if (row->two)
		asking->adapter[1] = wdmdma_test_adapter(test, 64, SZ_64K, TRUE);
	KUNIT_ASSERT_EQ(test, ask(asking), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, asking->refused, 1U);
	KUNIT_EXPECT_EQ(test, asking->status, STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, asking->deepest, (unsigned int)WDMDMA_NESTED_MOST);
	KUNIT_EXPECT_EQ(test, wdmdma_routine_depth(), 0U);
}

/* Lists that do not come. */

/*
 * The device cannot access @never. Until @enough is set, the device can only access @always
 * and has no memory for a copy of @never.
 */
static struct wdmdma_memory *never;
static struct wdmdma_memory *always;
static atomic_t enough;
static struct wdmdma_backend choosy_backend;

static bool holds(const struct wdmdma_memory *memory, phys_addr_t phys)
{
	unsigned int i;

	for (i = 0; i < memory->pages; i++)
		if (page_to_phys(memory->page[i]) == (phys & PAGE_MASK))
			return true;
	return false;
}

static enum wdmdma_access choosy_access(const struct wdmdma_device *device,
					struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	if (holds(never, phys))
		return WDMDMA_ACCESS_NONE;
	/*
	 * The lowest address counts as accessible, so that the module expects to
	 * find memory for a copy.
	 */
	return atomic_read(&enough) || holds(always, phys) || phys == window.first ?
		       WDMDMA_ACCESS_DIRECT :
		       WDMDMA_ACCESS_NONE;
}

/*
 * Put the list at once, because the DMA API's checks allow few mappings of the
 * same memory at a time.
 */
static VOID put_at_once(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	PDMA_ADAPTER adapter = (PDMA_ADAPTER)object;

	adapter->DmaOperations->PutScatterGatherList(adapter, list, TRUE);
	wdmdma_test_catch_list(object, irp, list, context);
}

static NTSTATUS get_and_put(PDMA_ADAPTER adapter, PMDL mdl, struct wdmdma_caught *caught)
{
	return adapter->DmaOperations->GetScatterGatherList(adapter, (PDEVICE_OBJECT)adapter, mdl,
			MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl), put_at_once, caught,
			TRUE);
}

static void choosy(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(f->adapter);

	never = wdmdma_test_memory(test, 2);
	always = wdmdma_test_memory(test, 2);
	atomic_set(&enough, 0);
	choosy_backend = wdmdma_backend_direct;
	choosy_backend.access = choosy_access;
	adapter->device->backend = &choosy_backend;
	wdmdma_adapter_put(adapter);
}

/* The module tries such a list every few milliseconds, and must report only the first time. */
static void list_that_does_not_come_is_reported_once(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_caught caught;
	struct kmsg_dump_iter log;
	PMDL bad;

	choosy(test);
	bad = wdmdma_test_mdl(test, never->va, SZ_8K);
	wdmdma_test_catch_init(&caught);
	wdmdma_test_log_begin(&log);
	KUNIT_ASSERT_EQ(test, get_and_put(f->adapter, bad, &caught), STATUS_SUCCESS);
	msleep(300);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "GetScatterGatherList", "8192 bytes wait"),
			1U);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	atomic_set(&enough, 1);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, WAIT), 0UL);
}

static VOID miniport_caught(PVOID *object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list,
			    PVOID context)
{
	wdmdma_test_catch_list(NULL, NULL, (PSCATTER_GATHER_LIST)list, context);
}

/* The memory for the list of a miniport, and what its routine was called with. */
struct miniport_list {
	PMDL mdl;
	struct wdmdma_caught caught;
	u8 buffer[0x40] __aligned(8);
};

static ULONG miniport_build(PVOID extension, struct miniport_list *list,
			    struct wdmdma_memory *memory)
{
	ULONG status;

	wdmdma_test_catch_init(&list->caught);
	local_bh_disable();
	status = StorPortBuildScatterGatherList(extension, list->mdl, memory->va, SZ_8K,
						miniport_caught, &list->caught, TRUE, list->buffer,
						sizeof(list->buffer));
	local_bh_enable();
	return status;
}

static ULONG miniport_put(PVOID extension, struct miniport_list *list)
{
	ULONG status;

	local_bh_disable();
	status = StorPortPutScatterGatherList(extension, (void *)list->caught.list, TRUE);
	local_bh_enable();
	return status;
}

static void list_of_a_miniport_that_does_not_come_lets_others_go(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PVOID extension = wdmdma_test_miniport_on(test, f->dev)->extension;
	struct miniport_list *bad = kunit_kcalloc(test, 2, sizeof(*bad), GFP_KERNEL);
	struct miniport_list *good = bad + 1;

	KUNIT_ASSERT_NOT_NULL(test, bad);
	choosy(test);
	bad->mdl = wdmdma_test_mdl(test, never->va, SZ_8K);
	good->mdl = wdmdma_test_mdl(test, always->va, SZ_8K);
	KUNIT_ASSERT_EQ(test, miniport_build(extension, bad, never), STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, miniport_build(extension, good, always), STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&good->caught.done, WAIT), 0UL);
	KUNIT_EXPECT_EQ(test, bad->caught.calls, 0U);
	KUNIT_EXPECT_EQ(test, miniport_put(extension, good), STOR_STATUS_SUCCESS);
	atomic_set(&enough, 1);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&bad->caught.done, WAIT), 0UL);
	KUNIT_EXPECT_EQ(test, miniport_put(extension, bad), STOR_STATUS_SUCCESS);
}

/* Later lists first wait for their turn, and must then overtake the lists that cannot be mapped. */
static void list_that_does_not_come_lets_others_go(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_caught *first, *second;
	unsigned int i, clock = 0;
	PMDL bad, good;

	first = kunit_kcalloc(test, MANY, sizeof(*first), GFP_KERNEL);
	second = kunit_kcalloc(test, MANY, sizeof(*second), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	choosy(test);
	bad = wdmdma_test_mdl(test, never->va, SZ_8K);
	good = wdmdma_test_mdl(test, always->va, SZ_8K);
	for (i = 0; i < MANY; i++) {
		wdmdma_test_catch_init(&first[i]);
		KUNIT_ASSERT_EQ(test, get_and_put(f->adapter, bad, &first[i]), STATUS_SUCCESS);
	}
	for (i = 0; i < MANY; i++) {
		wdmdma_test_catch_init(&second[i]);
		second[i].clock = &clock;
		KUNIT_ASSERT_EQ(test, get_and_put(f->adapter, good, &second[i]), STATUS_SUCCESS);
		KUNIT_ASSERT_EQ(test, second[i].calls, 0U);
	}
	for (i = 0; i < MANY; i++) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&second[i].done, WAIT), 0UL);
		KUNIT_EXPECT_EQ(test, second[i].order, i + 1);
	}
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, first[i].calls, 0U);

	/* The lists that were overtaken must still be served. */
	atomic_set(&enough, 1);
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&first[i].done, WAIT), 0UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/*
 * backend_iommu lowers the device's mask during an allocation at low addresses. A transfer
 * must not use the lowered mask.
 */

static u64 seen_last;

static enum wdmdma_access seeing_access(const struct wdmdma_device *device,
					struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	seen_last = window.last;
	return WDMDMA_ACCESS_DIRECT;
}

static void mask_that_is_lowered_for_a_moment_does_not_count(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(f->adapter);
	struct wdmdma_transfer transfer = { .adapter = adapter, .direction = DMA_TO_DEVICE };
	unsigned long pfn = page_to_pfn(memory->page[0]);
	struct wdmdma_source source = { .pfn = &pfn, .here = PAGE_SIZE, .left = PAGE_SIZE };
	u64 mask = *f->dev->dma_mask;

	choosy_backend = wdmdma_backend_direct;
	choosy_backend.access = seeing_access;
	adapter->device->backend = &choosy_backend;
	*f->dev->dma_mask = SZ_1M - 1;
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_init(&transfer, &source), 0);
	*f->dev->dma_mask = mask;
	KUNIT_EXPECT_EQ(test, seen_last, mask);
	wdmdma_transfer_fini(&transfer);
	wdmdma_adapter_put(adapter);
}

/*
 * On PREEMPT_RT a task may enter a routine while another task of the CPU is in one. Each must find
 * its own depth.
 */
static void routine_leaves_the_state_of_another_task(struct kunit *test)
{
	const struct wdmdma_routine other = { .task = &init_task, .depth = 3 };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_routine none, left;
	struct wdmdma_caught caught;
	NTSTATUS status;

	wdmdma_test_catch_init(&caught);
	local_bh_disable();
	none = wdmdma_routine_swap(other);
	status = get_and_put(f->adapter, mdl, &caught);
	left = wdmdma_routine_swap(none);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
	/* This task was in no routine, so its list need not wait. */
	KUNIT_EXPECT_EQ(test, caught.calls, 1U);
	KUNIT_EXPECT_PTR_EQ(test, left.task, other.task);
	KUNIT_EXPECT_EQ(test, left.depth, other.depth);
}

static struct kunit_case waiting_cases[] = {
	KUNIT_CASE_PARAM(routine_that_asks_again_is_not_nested, ask_gen_params),
	KUNIT_CASE_PARAM(synchronous_requests_nest_a_few_times, ask_gen_params),
	KUNIT_CASE(list_that_does_not_come_is_reported_once),
	KUNIT_CASE(list_that_does_not_come_lets_others_go),
	KUNIT_CASE(list_of_a_miniport_that_does_not_come_lets_others_go),
	KUNIT_CASE(mask_that_is_lowered_for_a_moment_does_not_count),
	KUNIT_CASE(routine_leaves_the_state_of_another_task),
	{}
};

static struct kunit_suite waiting_suite = {
	.name = "wdmdma_waiting",
	.init = wdmdma_test_fixture_init,
	.test_cases = waiting_cases,
};

kunit_test_suite(waiting_suite);
