// SPDX-License-Identifier: GPL-2.0-only
/*
 * How transfers, map registers and requests end. Two threads may end them at once, the driver
 * may be unbound, a transfer may be impossible, and a routine may make any call.
 *
 * Threads are made to meet inside the backend or a routine, so that the cases are
 * reproducible. KASAN and the kernel's DMA debugging report objects that were ended
 * twice or not at all.
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "backend/backends.h"
#include "core/adapter.h"
#include "core/transfer.h"
#include "core/work.h"
#include "lib/window.h"
#include "actor.h"
#include "memory.h"
#include "objects.h"

#define SYNC	DMA_SYNCHRONOUS_CALLBACK

/* A backend in which a thread stops while it starts or maps a transfer, until the case sets @go. */

static struct {
	struct wdmdma_backend backend;
	bool stop, stopped, go;
} gate;

static enum wdmdma_access gate_access(const struct wdmdma_device *device,
				      struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	if (READ_ONCE(gate.stop)) {
		WRITE_ONCE(gate.stop, false);
		WRITE_ONCE(gate.stopped, true);
		actor_spin_until(&gate.go);
	}
	return wdmdma_backend_direct.access(device, window, phys, len);
}

static void gate_init(PDMA_ADAPTER adapter)
{
	memset(&gate, 0, sizeof(gate));
	gate.backend = wdmdma_backend_direct;
	gate.backend.access = gate_access;
	gate.stop = true;
	wdmdma_test_core(adapter)->device->backend = &gate.backend;
}

/* Map registers must be freed once. */

static int map_under_base(void *data)
{
	struct actor *actor = data;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;
	ULONG length = SZ_4K;

	actor_spin_until(&actor->base_there);
	ops->MapTransfer(actor->adapter, actor->mdl, actor->base,
			 MmGetMdlVirtualAddress(actor->mdl), &length, TRUE);
	kthread_complete_and_exit(&actor->done, 0);
}

/* Give up the registers while another thread maps a transfer under them. */
static IO_ALLOCATION_ACTION give_up(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
	struct actor *actor = context;

	actor_tell(actor, base);
	actor_spin_until(&gate.stopped);
	return actor->action;
}

static const struct give_up_row {
	const char *name;
	IO_ALLOCATION_ACTION action;
} give_up_rows[] = {
	{ "by DeallocateObject", DeallocateObject },
	{ "by FreeMapRegisters, which is refused", DeallocateObjectKeepRegisters },
};

KUNIT_ARRAY_PARAM_DESC(give_up, give_up_rows, name);

static void registers_in_use_end_when_nobody_uses_them(struct kunit *test)
{
	const struct give_up_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct actor actor;

	actor_init(&actor, f, wdmdma_test_mdl(test, memory->va, SZ_4K));
	actor.action = row->action;
	gate_init(f->adapter);
	actor_start(test, &actor, map_under_base);
	KUNIT_EXPECT_EQ(test,
			f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 1, give_up, &actor),
			STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, gate.stopped);
	if (row->action == DeallocateObjectKeepRegisters)
		f->ops->FreeMapRegisters(f->adapter, actor.base, 1);
	KUNIT_EXPECT_EQ(test, wdmdma_test_has_registers(f->adapter),
			row->action != DeallocateObject);
	WRITE_ONCE(gate.go, true);
	actor_wait(test, &actor);
	if (row->action == DeallocateObjectKeepRegisters)
		f->ops->FreeMapRegisters(f->adapter, actor.base, 1);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
}

static IO_ALLOCATION_ACTION free_all(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
	struct actor *actor = context;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;

	if (actor->calls++)
		ops->FreeMapRegisters(actor->adapter, base, 1);
	else
		ops->FreeAdapterChannel(actor->adapter);
	ops->FreeAdapterChannel(actor->adapter);
	ops->FreeMapRegisters(actor->adapter, base, 1);
	return actor->action;
}

/*
 * Driver Verifier's bug check 0xE6, codes 0x04 and 0x05. The registers must be freed once,
 * whatever the routine frees and returns.
 */
static void registers_freed_by_their_routine_end_once(struct kunit *test)
{
	static const IO_ALLOCATION_ACTION actions[] = {
		KeepObject, DeallocateObject, DeallocateObjectKeepRegisters
	};
	struct wdmdma_fixture *f = test->priv;
	struct actor actor;
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		actor_init(&actor, f, NULL);
		actor.action = actions[i];
		for (round = 0; round < 2; round++) {
			f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 1, free_all, &actor);
			KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
			KUNIT_EXPECT_NULL(test, wdmdma_test_core(f->adapter)->transfers.channel);
		}
	}
}

/*
 * CancelMappedTransfer must reach a request that still waits. The registers that the request
 * gets later must map nothing.
 */
static void cancelled_while_it_waits_maps_nothing(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], list[0x28];
	struct actor first, second;
	ULONG length = SZ_4K;
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);

	actor_init(&first, f, mdl);
	actor_init(&second, f, mdl);
	first.action = KeepObject;
	second.action = DeallocateObjectKeepRegisters;
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 1, actor_keep, &first);
	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateAdapterChannelEx(f->adapter, f->pdo, context, 1, 0,
							 actor_keep, &second, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, f->ops->CancelMappedTransfer(f->adapter, context), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, second.calls, 0UL);
	f->ops->FreeAdapterChannel(f->adapter);
	actor_wait(test, &second);
	KUNIT_EXPECT_EQ(test, f->ops->MapTransferEx(f->adapter, mdl, second.base, 0, 0, &length,
						    TRUE, (void *)list, sizeof(list), NULL, NULL),
			STATUS_CANCELLED);
	flush_work(&wdmdma_test_core(f->adapter)->transfers.channel_work);
	f->ops->FreeMapRegisters(f->adapter, second.base, 1);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
}

/* The map register base of a request that waited must be freed like any other. */
static void registers_of_a_request_that_waited_are_freed(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct actor first, second;

	actor_init(&first, f, NULL);
	actor_init(&second, f, NULL);
	first.action = KeepObject;
	second.action = DeallocateObjectKeepRegisters;
	f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 1, actor_keep, &first);
	f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 3, actor_keep, &second);
	f->ops->FreeAdapterChannel(f->adapter);
	actor_wait(test, &second);
	flush_work(&wdmdma_test_core(f->adapter)->transfers.channel_work);
	f->ops->FreeMapRegisters(f->adapter, second.base, 3);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
}

/* Unbind, and PutDmaAdapter(). */

/*
 * The driver may have freed the memory of a transfer that it left behind. The module must not
 * copy the bounce buffer back to that memory.
 */
static void memory_of_what_is_left_is_not_written(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	u8 *before = kunit_kmalloc(test, SZ_8K, GFP_KERNEL);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	PHYSICAL_ADDRESS la;
	struct actor actor;
	ULONG length = SZ_4K;

	KUNIT_ASSERT_NOT_NULL(test, before);
	memcpy(before, memory->va, SZ_8K);
	f->ops->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test,
			f->ops->GetScatterGatherListEx(adapter, f->pdo, context, mdl, 0, SZ_4K,
						       SYNC, NULL, NULL, FALSE, NULL, NULL, &list),
			STATUS_SUCCESS);
	memset(wdmdma_test_at(list->Elements[0].Address.QuadPart), 0x11, SZ_4K);
	actor_init(&actor, f, mdl);
	actor.action = KeepObject;
	f->ops->AllocateAdapterChannel(adapter, f->pdo, 1, actor_keep, &actor);
	la = f->ops->MapTransfer(adapter, mdl, actor.base, memory->va + SZ_4K, &length, FALSE);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	memset(wdmdma_test_at(la.QuadPart), 0x22, SZ_4K);

	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_EQ(test, memcmp(before, memory->va, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	/* After the unbind these calls must find nothing to end. */
	f->ops->PutScatterGatherList(adapter, list, FALSE);
	f->ops->FreeAdapterChannel(adapter);
	length = SZ_4K;
	KUNIT_EXPECT_EQ(test, f->ops->MapTransferEx(adapter, mdl, actor.base, 0, 0, &length, TRUE,
						    (void *)context, sizeof(context), NULL, NULL),
			STATUS_DELETE_PENDING);
	KUNIT_EXPECT_EQ(test, f->ops->FlushAdapterBuffersEx(adapter, mdl, actor.base, SZ_4K,
							    SZ_4K, FALSE),
			STATUS_DELETE_PENDING);
}

static IO_ALLOCATION_ACTION ask_for_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					    PVOID context)
{
	struct actor *actor = context;

	WRITE_ONCE(actor->calls, actor->calls + 1);
	actor->status = actor->adapter->DmaOperations->AllocateAdapterChannel(actor->adapter,
			object, 1, ask_for_channel, actor);
	return DeallocateObject;
}

static VOID ask_for_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct actor *actor = context;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;

	ops->PutScatterGatherList(actor->adapter, list, TRUE);
	WRITE_ONCE(actor->calls, actor->calls + 1);
	actor->status = ops->GetScatterGatherList(actor->adapter, object, actor->mdl,
						  MmGetMdlVirtualAddress(actor->mdl), SZ_4K,
						  ask_for_list, actor, TRUE);
}

/*
 * Routines that make a new request each time must end at unbind, and must not delay the
 * unbind of another driver.
 */
static void routines_that_ask_again_do_not_hold_up_unbind(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *other = wdmdma_test_fixture(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct actor held, channels, lists;
	unsigned long calls;
	unsigned int left;

	actor_init(&held, f, NULL);
	actor_init(&channels, f, NULL);
	actor_init(&lists, f, wdmdma_test_mdl(test, memory->va, SZ_4K));
	held.action = KeepObject;
	f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 1, actor_keep, &held);
	f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 1, ask_for_channel, &channels);
	wdmdma_test_short(test, f->adapter);
	f->ops->GetScatterGatherList(f->adapter, f->pdo, lists.mdl, memory->va, SZ_4K,
				     ask_for_list, &lists, TRUE);
	f->ops->FreeAdapterChannel(f->adapter);
	wdmdma_test_plenty();
	/* Wait until each work item has served more requests than it serves in one run. */
	for (left = 500; left; left--) {
		if (READ_ONCE(channels.calls) > WDMDMA_SERVED_AT_ONCE &&
		    READ_ONCE(lists.calls) > WDMDMA_SERVED_AT_ONCE)
			break;
		msleep(20);
	}
	KUNIT_EXPECT_GT(test, left, 0U);

	kunit_device_unregister(test, other->dev);
	kunit_device_unregister(test, f->dev);
	calls = channels.calls + lists.calls;
	msleep(50);
	KUNIT_EXPECT_EQ(test, channels.calls + lists.calls, calls);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/* Map, wait until the driver is being unbound, and then free the registers and put the adapter. */
static IO_ALLOCATION_ACTION routine_during_unbind(PDEVICE_OBJECT object, PIRP irp, PVOID base,
						  PVOID context)
{
	struct actor *actor = context;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;
	ULONG length = SZ_4K;

	ops->MapTransfer(actor->adapter, actor->mdl, base, MmGetMdlVirtualAddress(actor->mdl),
			 &length, FALSE);
	actor->called = length == SZ_4K;
	actor_tell(actor, base);
	actor_spin_until(&wdmdma_test_core(actor->adapter)->transfers.closed);
	ops->FlushAdapterBuffers(actor->adapter, actor->mdl, base,
				 MmGetMdlVirtualAddress(actor->mdl), SZ_4K, FALSE);
	ops->FreeAdapterChannel(actor->adapter);
	ops->FreeMapRegisters(actor->adapter, base, 1);
	ops->PutDmaAdapter(actor->adapter);
	return actor->action;
}

static int allocate_during_unbind(void *data)
{
	struct actor *actor = data;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;

	ops->AllocateAdapterChannel(actor->adapter, NULL, 1, routine_during_unbind, actor);
	kthread_complete_and_exit(&actor->done, 0);
}

static void routine_may_run_while_the_adapter_goes(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct actor actor;
	unsigned int action;

	for (action = KeepObject; action <= DeallocateObjectKeepRegisters; action++) {
		struct wdmdma_fixture *f = wdmdma_test_fixture(test);

		actor_init(&actor, f, mdl);
		actor.action = action;
		actor_start(test, &actor, allocate_during_unbind);
		KUNIT_ASSERT_TRUE(test, actor_spin_until(&actor.base_there));
		kunit_device_unregister(test, f->dev);
		actor_wait(test, &actor);
		KUNIT_EXPECT_TRUE(test, actor.called);
		f->adapter = NULL;
	}
}

/* Allocate and free the channel until the adapter reports that its driver is unbound. */
static int channels_until_unbind(void *data)
{
	struct actor *actor = data;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PVOID base;

	do {
		ops->InitializeDmaTransferContext(actor->adapter, context);
		actor->status = ops->AllocateAdapterChannelEx(actor->adapter, NULL, context, 1,
							      SYNC, NULL, NULL, &base);
		if (NT_SUCCESS(actor->status))
			ops->FreeAdapterChannel(actor->adapter);
		cond_resched();
	} while (actor->status != STATUS_DELETE_PENDING);
	kthread_complete_and_exit(&actor->done, 0);
}

static int waits_until_unbind(void *data)
{
	struct actor *actor = data;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];

	do {
		ops->InitializeDmaTransferContext(actor->adapter, context);
		actor->action = DeallocateObject;
		actor->status = ops->AllocateAdapterChannelEx(actor->adapter, NULL, context, 1, 0,
							      actor_keep, actor, NULL);
		ops->CancelAdapterChannel(actor->adapter, NULL, context);
		cond_resched();
	} while (actor->status != STATUS_DELETE_PENDING);
	return 0;
}

static int lists_until_unbind(void *data)
{
	struct actor *actor = data;
	const DMA_OPERATIONS *ops = actor->adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	PMDL target;

	do {
		ops->InitializeDmaTransferContext(actor->adapter, context);
		actor->status = ops->GetScatterGatherListEx(actor->adapter, NULL, context,
							    actor->mdl, 0, SZ_4K, SYNC, NULL, NULL,
							    FALSE, NULL, NULL, &list);
		if (NT_SUCCESS(actor->status)) {
			ops->BuildMdlFromScatterGatherList(actor->adapter, list, actor->mdl,
							   &target);
			ops->PutScatterGatherList(actor->adapter, list, FALSE);
		}
		cond_resched();
	} while (actor->status != STATUS_DELETE_PENDING);
	kthread_complete_and_exit(&actor->done, 0);
}

#define UNBIND_ROUNDS	12

/* Threads must be allowed to make any call while their driver is unbound. */
static void all_calls_may_race_with_unbind(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct task_struct *waiter;
	struct actor actor[3];
	unsigned int round;

	for (round = 0; round < UNBIND_ROUNDS; round++) {
		struct wdmdma_fixture *f = wdmdma_test_fixture(test);
		struct wdmdma_adapter *adapter = wdmdma_test_core_of(f);

		actor_init(&actor[0], f, mdl);
		actor_init(&actor[1], f, mdl);
		actor_init(&actor[2], f, mdl);
		actor_start(test, &actor[0], channels_until_unbind);
		actor_start(test, &actor[1], lists_until_unbind);
		waiter = kthread_run(waits_until_unbind, &actor[2], "wdmdma-waiter");
		KUNIT_ASSERT_FALSE(test, IS_ERR(waiter));
		get_task_struct(waiter);
		usleep_range(2000 * round, 2000 * round + 1000);
		kunit_device_unregister(test, f->dev);
		actor_wait(test, &actor[0]);
		actor_wait(test, &actor[1]);
		kthread_stop(waiter);
		put_task_struct(waiter);
		KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
		KUNIT_EXPECT_TRUE(test, list_empty(&adapter->transfers.waiting_channels));
	}
}

/* A domain change while a transfer starts. */

static int start_list(void *data)
{
	struct actor *actor = data;

	actor->adapter->DmaOperations->GetScatterGatherList(actor->adapter, NULL, actor->mdl,
							    MmGetMdlVirtualAddress(actor->mdl),
							    SZ_4K, actor_keep_list, actor, TRUE);
	kthread_complete_and_exit(&actor->done, 0);
}

/* A thread that joins a domain, or leaves with @domain NULL. */
struct mover {
	struct wdmdma_fixture *fixture;
	HANDLE domain;
	NTSTATUS status;
	struct completion done;
};

static NTSTATUS move(struct wdmdma_fixture *f, HANDLE domain)
{
	return domain ? f->ops->JoinDmaDomain(f->adapter, domain) :
			f->ops->LeaveDmaDomain(f->adapter);
}

static int move_device(void *data)
{
	struct mover *mover = data;

	mover->status = move(mover->fixture, mover->domain);
	kthread_complete_and_exit(&mover->done, 0);
}

/*
 * Let a list start, and stop in the middle. A change of the domain must wait for it, must not
 * touch the device meanwhile, and must then fail because there is a list.
 */
static void expect_no_move(struct kunit *test, PMDL mdl, HANDLE domain)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_test_core(f->adapter);
	struct mover mover = { .fixture = f, .domain = domain };
	struct wdmdma_device *dma = adapter->device->dma;
	struct actor actor;

	actor_init(&actor, f, mdl);
	gate_init(f->adapter);
	actor_start(test, &actor, start_list);
	KUNIT_ASSERT_TRUE(test, actor_spin_until(&gate.stopped));
	init_completion(&mover.done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(move_device, &mover, "wdmdma-mover")));
	KUNIT_EXPECT_TRUE(test, actor_spin_until(&adapter->transfers.held));
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&mover.done, HZ / 5), 0UL);
	KUNIT_EXPECT_PTR_EQ(test, READ_ONCE(adapter->device->dma), dma);
	WRITE_ONCE(gate.go, true);
	wait_for_completion(&mover.done);
	KUNIT_EXPECT_EQ(test, mover.status, STATUS_INVALID_DEVICE_STATE);
	actor_wait(test, &actor);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 1U);
	f->ops->PutScatterGatherList(f->adapter, actor.base, TRUE);
	adapter->device->backend = &wdmdma_backend_direct;
}

/* The transfer has noted the device to map with. The adapter must not change its device now. */
static void domain_is_not_changed_while_a_transfer_starts(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *leader = wdmdma_test_fixture(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	HANDLE domain = leader->ops->GetDmaDomain(leader->adapter);

	expect_no_move(test, mdl, domain);
	KUNIT_EXPECT_EQ(test, move(f, domain), STATUS_SUCCESS);
	expect_no_move(test, mdl, NULL);
	KUNIT_EXPECT_EQ(test, move(f, NULL), STATUS_SUCCESS);
}

/*
 * No transfer may start while the domain changes. A request that waits for the channel must
 * be served afterwards.
 */
static void transfers_wait_while_the_domain_is_changed(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_adapter *adapter = wdmdma_test_core(f->adapter);
	struct wdmdma_caught caught;
	struct actor actor;

	actor_init(&actor, f, mdl);
	actor.action = DeallocateObject;
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_TRUE(test, wdmdma_transfers_hold(adapter));
	KUNIT_EXPECT_EQ(test, f->ops->GetScatterGatherList(f->adapter, NULL, mdl, memory->va,
							   SZ_4K, wdmdma_test_catch_list, &caught,
							   TRUE),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test,
			f->ops->AllocateAdapterChannel(f->adapter, NULL, 1, actor_keep, &actor),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, actor.calls, 0UL);
	wdmdma_transfers_release(adapter);
	actor_wait(test, &actor);
	flush_work(&adapter->transfers.channel_work);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
}

static struct kunit_case transfer_life_cases[] = {
	KUNIT_CASE_PARAM(registers_in_use_end_when_nobody_uses_them, give_up_gen_params),
	KUNIT_CASE(registers_freed_by_their_routine_end_once),
	KUNIT_CASE(cancelled_while_it_waits_maps_nothing),
	KUNIT_CASE(registers_of_a_request_that_waited_are_freed),
	KUNIT_CASE(memory_of_what_is_left_is_not_written),
	KUNIT_CASE(routines_that_ask_again_do_not_hold_up_unbind),
	KUNIT_CASE(routine_may_run_while_the_adapter_goes),
	KUNIT_CASE(all_calls_may_race_with_unbind),
	KUNIT_CASE(domain_is_not_changed_while_a_transfer_starts),
	KUNIT_CASE(transfers_wait_while_the_domain_is_changed),
	{}
};

static struct kunit_suite transfer_life_suite = {
	.name = "wdmdma_transfer_life",
	.init = wdmdma_test_fixture_init,
	.test_cases = transfer_life_cases,
};

kunit_test_suite(transfer_life_suite);
