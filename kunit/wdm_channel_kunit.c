// SPDX-License-Identifier: GPL-2.0-only
/*
 * The channel and its map registers, through the table, without an IOMMU (wdm/wdm_channel.c).
 * wdm_transfer_kunit.c has the transfers under map registers.
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/channel.h"
#include "memory.h"

#define WAIT	(10 * HZ)
#define SYNC	DMA_SYNCHRONOUS_CALLBACK

/* The arguments of a driver's routine and its result. */
struct control {
	IO_ALLOCATION_ACTION action;
	unsigned int calls;
	unsigned int *clock;
	unsigned int order;
	bool at_dispatch;
	PVOID base;
	PIRP irp;
	PDEVICE_OBJECT object;
	struct completion done;
};

static void control_init(struct control *control, IO_ALLOCATION_ACTION action)
{
	memset(control, 0, sizeof(*control));
	control->action = action;
	control->at_dispatch = true;
	init_completion(&control->done);
}

static IO_ALLOCATION_ACTION control_routine(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					    PVOID context)
{
	struct control *control = context;
	IO_ALLOCATION_ACTION action = control->action;

	control->calls++;
	control->at_dispatch &= in_softirq() || irqs_disabled();
	if (control->clock)
		control->order = ++*control->clock;
	control->base = base;
	control->irp = irp;
	control->object = object;
	/* The caller's stack may be gone from here on. */
	complete(&control->done);
	return action;
}

static NTSTATUS allocate(struct wdmdma_fixture *f, ULONG registers, struct control *control)
{
	return f->ops->AllocateAdapterChannel(f->adapter, f->pdo, registers, control_routine,
					      control);
}

/* Return true if the channel is free. */
static bool is_free(struct wdmdma_fixture *f)
{
	struct control control;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];

	control_init(&control, DeallocateObject);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	return NT_SUCCESS(f->ops->AllocateAdapterChannelEx(f->adapter, f->pdo, context, 1, SYNC,
							   control_routine, &control, NULL));
}

/* Return the number of allocations of map registers that the driver holds. */
static unsigned int live_registers(struct wdmdma_fixture *f)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(f->adapter);
	struct list_head *node;
	unsigned int nr = 0;

	list_for_each(node, &adapter->transfers.registers)
		nr++;
	wdmdma_adapter_put(adapter);
	return nr;
}

static void flush_channel_work(struct wdmdma_fixture *f)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(f->adapter);

	flush_work(&adapter->transfers.channel_work);
	wdmdma_adapter_put(adapter);
}

static const struct action_row {
	const char *name;
	IO_ALLOCATION_ACTION action;
	bool free;		/* the channel must be free afterwards */
	unsigned int registers;	/* left with the driver afterwards */
} action_rows[] = {
	{ "KeepObject", KeepObject, false, 1 },
	{ "DeallocateObject", DeallocateObject, true, 0 },
	{ "DeallocateObjectKeepRegisters", DeallocateObjectKeepRegisters, true, 1 },
	{ "an unknown action keeps all", 77, false, 1 },
};

KUNIT_ARRAY_PARAM_DESC(action, action_rows, name);

static void routine_decides_what_is_kept(struct kunit *test)
{
	const struct action_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct control control;

	control_init(&control, row->action);
	KUNIT_ASSERT_EQ(test, allocate(f, 5, &control), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, control.calls, 1U);
	KUNIT_EXPECT_TRUE(test, control.at_dispatch);
	KUNIT_EXPECT_NOT_NULL(test, control.base);
	KUNIT_EXPECT_NULL(test, control.irp);
	KUNIT_EXPECT_PTR_EQ(test, control.object, f->pdo);
	KUNIT_EXPECT_EQ(test, live_registers(f), row->registers);
	KUNIT_EXPECT_EQ(test, is_free(f), row->free);
	if (!row->free)
		f->ops->FreeAdapterChannel(f->adapter);
	else if (row->registers)
		f->ops->FreeMapRegisters(f->adapter, control.base, 5);
	KUNIT_EXPECT_TRUE(test, is_free(f));
	KUNIT_EXPECT_EQ(test, live_registers(f), 0U);
}

/* Driver Verifier's bug check 0xE6, codes 0x0C and 0x15. */
static void more_registers_than_granted_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;	/* has 17 registers */
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct control control;
	PVOID base = f;

	control_init(&control, DeallocateObject);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test, allocate(f, 18, &control), STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test,
			f->ops->AllocateAdapterChannelEx(f->adapter, f->pdo, context, 18, SYNC,
							 NULL, NULL, &base),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, base);
	KUNIT_EXPECT_EQ(test, control.calls, 0U);
	KUNIT_EXPECT_EQ(test, allocate(f, 17, &control), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, control.calls, 1U);
}

/*
 * Driver Verifier's bug check 0xE6, code 0x0B. An adapter has one channel, and other requests
 * must wait for the channel in order.
 */
static void requests_wait_for_the_channel_in_order(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct control first, next[6];
	unsigned int clock = 0, i;

	control_init(&first, KeepObject);
	KUNIT_ASSERT_EQ(test, allocate(f, 1, &first), STATUS_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(next); i++) {
		control_init(&next[i], DeallocateObject);
		next[i].clock = &clock;
		KUNIT_ASSERT_EQ(test, allocate(f, 1, &next[i]), STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, clock, 0U);
	KUNIT_EXPECT_FALSE(test, is_free(f));
	f->ops->FreeAdapterChannel(f->adapter);
	for (i = 0; i < ARRAY_SIZE(next); i++) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&next[i].done, WAIT), 0UL);
		KUNIT_EXPECT_EQ(test, next[i].order, i + 1);
		KUNIT_EXPECT_TRUE(test, next[i].at_dispatch);
	}
}

static const struct ex_row {
	const char *name;
	ULONG flags;
	bool routine, base, context;
	NTSTATUS status;
} ex_rows[] = {
	{ "waiting, routine", 0, true, false, true, STATUS_SUCCESS },
	{ "waiting, no routine", 0, false, false, true, STATUS_INVALID_PARAMETER },
	{ "waiting, routine and base", 0, true, true, true, STATUS_INVALID_PARAMETER },
	{ "synchronous, routine", SYNC, true, false, true, STATUS_SUCCESS },
	{ "synchronous, routine and base", SYNC, true, true, true, STATUS_SUCCESS },
	{ "synchronous, base alone", SYNC, false, true, true, STATUS_SUCCESS },
	{ "synchronous, neither", SYNC, false, false, true, STATUS_INVALID_PARAMETER },
	{ "an unknown flag", SYNC | 8, true, false, true, STATUS_INVALID_PARAMETER },
	{ "no context", SYNC, true, false, false, STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(ex, ex_rows, name);

static void ex_takes_routine_or_base(struct kunit *test)
{
	const struct ex_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	bool good = NT_SUCCESS(row->status);
	struct control control;
	PVOID base = f;

	control_init(&control, KeepObject);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->AllocateAdapterChannelEx(f->adapter, f->pdo,
							 row->context ? context : NULL, 2,
							 row->flags,
							 row->routine ? control_routine : NULL,
							 &control, row->base ? &base : NULL),
			row->status);
	KUNIT_EXPECT_EQ(test, control.calls, good && row->routine ? 1U : 0U);
	if (row->base && !good)
		KUNIT_EXPECT_NULL(test, base);
	if (row->base && good && row->routine)
		KUNIT_EXPECT_PTR_EQ(test, base, control.base);
	KUNIT_EXPECT_EQ(test, live_registers(f), good ? 1U : 0U);
	if (good)
		f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	KUNIT_EXPECT_EQ(test, live_registers(f), 0U);
	KUNIT_EXPECT_TRUE(test, is_free(f));
}

static void free_adapter_object_does_what_its_action_says(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PVOID base;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateAdapterChannelEx(f->adapter, f->pdo, context, 2, SYNC, NULL,
							 NULL, &base),
			STATUS_SUCCESS);
	f->ops->FreeAdapterObject(f->adapter, KeepObject);
	f->ops->FreeAdapterObject(f->adapter, 99);
	KUNIT_EXPECT_FALSE(test, is_free(f));
	f->ops->FreeAdapterObject(f->adapter, DeallocateObjectKeepRegisters);
	KUNIT_EXPECT_TRUE(test, is_free(f));
	KUNIT_EXPECT_EQ(test, live_registers(f), 1U);
	f->ops->FreeMapRegisters(f->adapter, base, 2);
	KUNIT_EXPECT_EQ(test, live_registers(f), 0U);
}

/*
 * FreeAdapterObject must not end a list of a synchronous call.
 * PutScatterGatherList ends such a list.
 */
static void free_adapter_object_leaves_lists(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_ASSERT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, mdl, 0, SZ_4K,
						       SYNC, NULL, NULL, TRUE, NULL, NULL, &list),
			STATUS_SUCCESS);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObjectKeepRegisters);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 1U);
	f->ops->PutScatterGatherList(f->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/* Driver Verifier's bug check 0xE6, codes 0x04 and 0x05. */
static void frees_that_match_nothing_change_nothing(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER other = wdmdma_test_adapter(test, 64, SZ_64K, TRUE);
	struct control control;

	f->ops->FreeAdapterChannel(f->adapter);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	f->ops->FreeMapRegisters(f->adapter, f, 1);
	f->ops->FreeMapRegisters(f->adapter, NULL, 1);
	f->ops->FreeMapRegisters(NULL, f, 1);
	f->ops->FreeAdapterChannel(NULL);

	control_init(&control, DeallocateObjectKeepRegisters);
	KUNIT_ASSERT_EQ(test, allocate(f, 3, &control), STATUS_SUCCESS);
	f->ops->FreeAdapterChannel(f->adapter);
	f->ops->FreeMapRegisters(f->adapter, control.base, 2);
	f->ops->FreeMapRegisters(f->adapter, control.base, 4);
	f->ops->FreeMapRegisters(f->adapter, control.base + 8, 3);
	f->ops->FreeMapRegisters(other, control.base, 3);
	KUNIT_EXPECT_EQ(test, live_registers(f), 1U);
	f->ops->FreeMapRegisters(f->adapter, control.base, 3);
	f->ops->FreeMapRegisters(f->adapter, control.base, 3);
	KUNIT_EXPECT_EQ(test, live_registers(f), 0U);
	KUNIT_EXPECT_TRUE(test, is_free(f));
}

static void cancelled_request_is_never_called(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct control first, second;

	control_init(&first, KeepObject);
	control_init(&second, DeallocateObject);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_ASSERT_EQ(test, allocate(f, 1, &first), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateAdapterChannelEx(f->adapter, f->pdo, context, 1, 0,
							 control_routine, &second, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, context),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	KUNIT_EXPECT_FALSE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	f->ops->FreeAdapterChannel(f->adapter);
	msleep(50);
	KUNIT_EXPECT_EQ(test, second.calls, 0U);
	KUNIT_EXPECT_TRUE(test, is_free(f));
}

/* A routine may free the registers that it was just given, and may ask for more. */

struct reenter {
	struct wdmdma_fixture *fixture;
	struct completion done;
	unsigned int left;
	bool registers;
};

static IO_ALLOCATION_ACTION reenter_routine(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					    PVOID context)
{
	struct reenter *reenter = context;
	struct wdmdma_fixture *f = reenter->fixture;
	bool registers = reenter->registers;

	if (reenter->left--)
		f->ops->AllocateAdapterChannel(f->adapter, object, 2, reenter_routine, reenter);
	else
		complete(&reenter->done);
	if (registers)
		f->ops->FreeMapRegisters(f->adapter, base, 2);
	else
		f->ops->FreeAdapterChannel(f->adapter);
	return DeallocateObjectKeepRegisters;
}

static void routine_may_free_and_allocate(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct reenter reenter = { .fixture = f, .left = 4 };
	unsigned int round;

	for (round = 0; round < 2; round++) {
		init_completion(&reenter.done);
		reenter.left = 4;
		reenter.registers = round;
		KUNIT_ASSERT_EQ(test,
				f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 2,
							       reenter_routine, &reenter),
				STATUS_SUCCESS);
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&reenter.done, WAIT), 0UL);
		/* Wait until the last routine has returned. */
		flush_channel_work(f);
		KUNIT_EXPECT_EQ(test, live_registers(f), 0U);
		KUNIT_EXPECT_TRUE(test, is_free(f));
	}
}

/* Driver Verifier's bug check 0xE6, codes 0x08 and 0x09. */
static void put_adapter_takes_back_channel_and_registers(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct control kept, held, waiting;

	control_init(&kept, DeallocateObjectKeepRegisters);
	control_init(&held, KeepObject);
	control_init(&waiting, DeallocateObject);
	KUNIT_ASSERT_EQ(test, allocate(f, 1, &kept), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, allocate(f, 1, &held), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, allocate(f, 1, &waiting), STATUS_SUCCESS);
	f->ops->PutDmaAdapter(f->adapter);
	f->ops->FreeAdapterChannel(f->adapter);
	f->ops->FreeMapRegisters(f->adapter, kept.base, 1);
	f->adapter = NULL;
	msleep(50);
	KUNIT_EXPECT_EQ(test, waiting.calls, 0U);
}

static void unbind_takes_back_channel_and_registers(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct control held, waiting;

	control_init(&held, KeepObject);
	control_init(&waiting, DeallocateObject);
	KUNIT_ASSERT_EQ(test, allocate(f, 1, &held), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, allocate(f, 1, &waiting), STATUS_SUCCESS);
	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_EQ(test, live_registers(f), 0U);
	KUNIT_EXPECT_EQ(test, waiting.calls, 0U);
	KUNIT_EXPECT_EQ(test, allocate(f, 1, &waiting), STATUS_DELETE_PENDING);
	f->ops->FreeAdapterChannel(f->adapter);
	f->ops->FreeMapRegisters(f->adapter, held.base, 1);
}

static void allocate_and_free(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct control control;
	NTSTATUS status;

	control_init(&control, DeallocateObjectKeepRegisters);
	status = allocate(f, 4, &control);
	if (NT_SUCCESS(status))
		f->ops->FreeMapRegisters(f->adapter, control.base, 4);
	else
		KUNIT_EXPECT_EQ(test, control.calls, 0U);
}

static void allocate_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, allocate_and_free);
	KUNIT_EXPECT_EQ(test, live_registers(test->priv), 0U);
}

static struct kunit_case wdm_channel_cases[] = {
	KUNIT_CASE_PARAM(routine_decides_what_is_kept, action_gen_params),
	KUNIT_CASE(more_registers_than_granted_are_refused),
	KUNIT_CASE(requests_wait_for_the_channel_in_order),
	KUNIT_CASE_PARAM(ex_takes_routine_or_base, ex_gen_params),
	KUNIT_CASE(free_adapter_object_does_what_its_action_says),
	KUNIT_CASE(free_adapter_object_leaves_lists),
	KUNIT_CASE(frees_that_match_nothing_change_nothing),
	KUNIT_CASE(cancelled_request_is_never_called),
	KUNIT_CASE(routine_may_free_and_allocate),
	KUNIT_CASE(put_adapter_takes_back_channel_and_registers),
	KUNIT_CASE(unbind_takes_back_channel_and_registers),
	KUNIT_CASE(allocate_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_channel_suite = {
	.name = "wdmdma_wdm_channel",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_channel_cases,
};

kunit_test_suite(wdm_channel_suite);
