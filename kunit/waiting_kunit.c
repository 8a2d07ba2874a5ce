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
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "backend/backends.h"
#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/transfer.h"
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

/* Lists that are too large. */

static ULONG registers_for(struct kunit *test, ULONG width, ULONG maximum, BOOLEAN lists,
			   PDMA_ADAPTER *adapter)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, width);
	struct wdmdma_fixture *f = test->priv;
	ULONG registers;

	description.MaximumLength = maximum;
	description.ScatterGather = lists;
	*adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, *adapter);
	return registers;
}

/*
 * A list of all granted registers must be mapped while no other list exists. A list that
 * needs one more register must be refused.
 */
static void expect_all_registers_are_good(struct kunit *test, PDMA_ADAPTER adapter, ULONG registers)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, registers + 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, (registers + 1) * PAGE_SIZE);
	struct wdmdma_caught caught;
	ULONG length = registers * PAGE_SIZE;

	wdmdma_test_catch_init(&caught);
	KUNIT_EXPECT_EQ(test, ops->GetScatterGatherList(adapter, NULL, mdl, memory->va, length + 1,
							wdmdma_test_catch_list, &caught, TRUE),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_ASSERT_EQ(test, ops->GetScatterGatherList(adapter, NULL, mdl, memory->va, length,
							wdmdma_test_catch_list, &caught, TRUE),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, WAIT), 0UL);
	ops->PutScatterGatherList(adapter, caught.list, TRUE);
}

static IO_ALLOCATION_ACTION keep_registers(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					   PVOID context)
{
	*(PVOID *)context = base;
	return DeallocateObjectKeepRegisters;
}

/*
 * A transfer of all granted registers must be mapped in one piece, which an adapter without
 * ScatterGather demands. A request for one more register must be refused.
 */
static void expect_channel_takes_all_registers(struct kunit *test, PDMA_ADAPTER adapter,
					       ULONG registers)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, registers);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, registers * PAGE_SIZE);
	ULONG length = registers * PAGE_SIZE;
	PVOID base = NULL;
	PHYSICAL_ADDRESS la;

	KUNIT_EXPECT_EQ(test, ops->AllocateAdapterChannel(adapter, NULL, registers + 1,
							  keep_registers, &base),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_ASSERT_EQ(test, ops->AllocateAdapterChannel(adapter, NULL, registers, keep_registers,
							  &base), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, base);
	la = ops->MapTransfer(adapter, mdl, base, memory->va, &length, TRUE);
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, (ULONG)(registers * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, ops->FlushAdapterBuffers(adapter, mdl, base, memory->va, length,
							 TRUE));
	ops->FreeMapRegisters(adapter, base, registers);
}

/*
 * 64 MiB are as much as the kernel's bounce buffers have by default, and more memory
 * than some machines have.
 */
static void no_more_is_granted_than_can_be_copied(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	phys_addr_t start, end;
	PDMA_ADAPTER adapter;
	ULONG registers;

	if (!wdmdma_test_copies_all(f->dev) || !wdmdma_bounce_pool(f->dev, &start, &end))
		kunit_skip(test, "the kernel does not copy all memory");
	registers = registers_for(test, 64, SZ_64M, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, (end - start) / 2 / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, (end - start) / 4 / PAGE_SIZE);
	expect_all_registers_are_good(test, adapter, registers);
	adapter->DmaOperations->PutDmaAdapter(adapter);

	registers = registers_for(test, 64, SZ_64M, FALSE, &adapter);
	KUNIT_EXPECT_EQ(test, registers, dma_max_mapping_size(f->dev) / PAGE_SIZE);
	expect_all_registers_are_good(test, adapter, registers);
	expect_channel_takes_all_registers(test, adapter, registers);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/*
 * Without ScatterGather scattered memory is copied to one range of pages, unless an IOMMU makes
 * it one range of addresses.
 */
static void no_more_is_granted_than_one_range_has(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	if (wdmdma_test_copies_all(f->dev))
		kunit_skip(test, "the kernel copies all memory: see the case before");
	registers = registers_for(test, 64, SZ_64M, FALSE, &adapter);
	KUNIT_EXPECT_EQ(test, registers, 1U << MAX_PAGE_ORDER);
	expect_all_registers_are_good(test, adapter, registers);
	expect_channel_takes_all_registers(test, adapter, registers);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* The adapter addresses 16 MiB, some of which is in use. */
static void no_more_is_granted_than_is_within_reach(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	if (wdmdma_test_copies_all(f->dev))
		kunit_skip(test, "the kernel copies all to where the adapter does not reach");
	wdmdma_test_needs_memory_within(test, 24);
	registers = registers_for(test, 24, SZ_64M, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, SZ_16M / 2 / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, SZ_1M / PAGE_SIZE);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* A device with 28 address bits behind an IOMMU has no logical addresses for 512 MiB. */
static void no_more_is_granted_than_there_are_addresses(struct kunit *test)
{
	struct edu *edu = edu_with_adapter(test, EDU_SLOT_28_BITS, 28);
	PDMA_ADAPTER adapter;
	ULONG registers;

	if (!wdmdma_iommu_translates(&edu->pdev->dev))
		kunit_skip(test, "no IOMMU translates for the device");
	registers = registers_for(test, 28, SZ_512M, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, SZ_256M / 4 / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, SZ_32M / PAGE_SIZE);
	expect_all_registers_are_good(test, adapter, SZ_16M / PAGE_SIZE < registers ?
				      registers : SZ_16M / PAGE_SIZE);
	adapter->DmaOperations->PutDmaAdapter(adapter);
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

static NTSTATUS get(PDMA_ADAPTER adapter, PMDL mdl, struct wdmdma_caught *caught)
{
	return adapter->DmaOperations->GetScatterGatherList(adapter, NULL, mdl,
			MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl),
			wdmdma_test_catch_list, caught, TRUE);
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

/* FreeAdapterObject. */

static PSCATTER_GATHER_LIST get_now(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl)
{
	return wdmdma_test_list(test, adapter, mdl, FALSE);
}

/*
 * As Windows documents it, FreeAdapterObject ends the list without PutScatterGatherList. The
 * data that the device wrote must arrive in memory.
 */
static void free_adapter_object_ends_the_list(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + 10, 100);
	PSCATTER_GATHER_LIST list;
	unsigned int round;

	for (round = 0; round < 303; round++) {
		list = get_now(test, adapter, mdl);
		memset(wdmdma_test_at(list->Elements[0].Address.QuadPart), round, 100);
		adapter->DmaOperations->FreeAdapterObject(adapter, DeallocateObject);
		KUNIT_ASSERT_EQ(test, wdmdma_test_lists(adapter), 0U);
		KUNIT_ASSERT_NULL(test, memchr_inv(memory->va + 10, round & 0xff, 100));
	}
	/* FreeAdapterChannel must do the same. */
	get_now(test, adapter, mdl);
	adapter->DmaOperations->FreeAdapterChannel(adapter);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

/* FreeAdapterObject does not name a list. It must only end a list that can be no other. */
static void free_adapter_object_ends_no_other_list(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 100);
	PMDL other = wdmdma_test_mdl(test, memory->va + 1024, 100);
	PSCATTER_GATHER_LIST first, second;
	struct wdmdma_caught caught;

	/* The list was put, and a routine has got another list since. */
	first = get_now(test, f->adapter, mdl);
	f->ops->PutScatterGatherList(f->adapter, first, FALSE);
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, get(f->adapter, mdl, &caught), STATUS_SUCCESS);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 1U);
	f->ops->PutScatterGatherList(f->adapter, caught.list, TRUE);

	/* The adapter has two lists. */
	first = get_now(test, f->adapter, mdl);
	second = get_now(test, f->adapter, other);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 2U);
	f->ops->PutScatterGatherList(f->adapter, first, FALSE);
	f->ops->PutScatterGatherList(f->adapter, second, FALSE);

	/* The list must stay if the registers stay. */
	first = get_now(test, f->adapter, mdl);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObjectKeepRegisters);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 1U);
	f->ops->PutScatterGatherList(f->adapter, first, FALSE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/*
 * A put of a list and FreeAdapterObject at the same time must end the list once. KASAN shows a
 * look at a list that was just freed.
 */
struct ending {
	PDMA_ADAPTER adapter;
	PMDL mdl;
	atomic_t round, ended;
};

static int free_in_thread(void *data)
{
	struct ending *ending = data;
	int seen = 0;

	while (!kthread_should_stop()) {
		if (atomic_read(&ending->round) == seen) {
			cond_resched();
			continue;
		}
		seen = atomic_read(&ending->round);
		ending->adapter->DmaOperations->FreeAdapterObject(ending->adapter,
								  DeallocateObject);
		atomic_set(&ending->ended, seen);
	}
	return 0;
}

static void put_and_free_adapter_object_end_a_list_once(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct ending ending = {
		.adapter = f->adapter,
		.mdl = wdmdma_test_mdl(test, memory->va, 100),
	};
	struct task_struct *thread = kthread_run(free_in_thread, &ending, "wdmdma_ending");
	PSCATTER_GATHER_LIST list;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < 40; i++) {
		list = get_now(test, f->adapter, ending.mdl);
		atomic_inc(&ending.round);
		if (i & 1)
			cond_resched();
		f->ops->PutScatterGatherList(f->adapter, list, FALSE);
		while (atomic_read(&ending.ended) != i + 1)
			cond_resched();
	}
	kthread_stop(thread);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

static struct kunit_case waiting_cases[] = {
	KUNIT_CASE_PARAM(routine_that_asks_again_is_not_nested, ask_gen_params),
	KUNIT_CASE_PARAM(synchronous_requests_nest_a_few_times, ask_gen_params),
	KUNIT_CASE(no_more_is_granted_than_can_be_copied),
	KUNIT_CASE(no_more_is_granted_than_one_range_has),
	KUNIT_CASE(no_more_is_granted_than_is_within_reach),
	KUNIT_CASE(no_more_is_granted_than_there_are_addresses),
	KUNIT_CASE(list_that_does_not_come_is_reported_once),
	KUNIT_CASE(list_that_does_not_come_lets_others_go),
	KUNIT_CASE(list_of_a_miniport_that_does_not_come_lets_others_go),
	KUNIT_CASE(mask_that_is_lowered_for_a_moment_does_not_count),
	KUNIT_CASE(free_adapter_object_ends_the_list),
	KUNIT_CASE(free_adapter_object_ends_no_other_list),
	KUNIT_CASE(put_and_free_adapter_object_end_a_list_once),
	{}
};

static struct kunit_suite waiting_suite = {
	.name = "wdmdma_waiting",
	.init = wdmdma_test_fixture_init,
	.test_cases = waiting_cases,
};

kunit_test_suite(waiting_suite);
