// SPDX-License-Identifier: GPL-2.0-only
/*
 * How scatter/gather lists end. Two threads may end a list at once, a list may be cancelled,
 * and a list may be impossible to map.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/storport.h>

#include "backend/backends.h"
#include "core/adapter.h"
#include "lib/window.h"
#include "actor.h"
#include "memory.h"
#include "objects.h"

#define WAIT	(10 * HZ)
#define SYNC	DMA_SYNCHRONOUS_CALLBACK

/*
 * A list without a routine does not take the channel. The end of such a list must not free a
 * channel that another request holds.
 */
static void end_of_a_list_leaves_the_channel(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	struct actor actor;

	actor_init(&actor, f, mdl);
	actor.action = KeepObject;
	f->ops->AllocateAdapterChannel(f->adapter, f->pdo, 1, actor_keep, &actor);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_ASSERT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, mdl, 0, SZ_4K,
						       SYNC, NULL, NULL, TRUE, NULL, NULL, &list),
			STATUS_SUCCESS);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	KUNIT_EXPECT_PTR_EQ(test, (void *)wdmdma_test_core(f->adapter)->transfers.channel,
			    actor.base);
	f->ops->PutScatterGatherList(f->adapter, list, TRUE);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
}

/* Lists must end once. */

static int put_list(void *data)
{
	struct actor *actor = data;

	actor_spin_until(&actor->base_there);
	actor->adapter->DmaOperations->PutScatterGatherList(actor->adapter, actor->base, TRUE);
	kthread_complete_and_exit(&actor->done, 0);
}

/* Driver Verifier's bug check 0xE6, code 0x06. Two threads put the same list at once. */
static void list_put_by_two_ends_once(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	struct actor actor;
	unsigned int round;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	for (round = 0; round < 100; round++) {
		actor_init(&actor, f, mdl);
		actor_start(test, &actor, put_list);
		KUNIT_ASSERT_EQ(test,
				f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, mdl, 0,
							       SZ_4K, SYNC, NULL, NULL, TRUE, NULL,
							       NULL, &list),
				STATUS_SUCCESS);
		actor_tell(&actor, list);
		f->ops->PutScatterGatherList(f->adapter, list, TRUE);
		actor_wait(test, &actor);
		KUNIT_ASSERT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
	}
}

/* Either the routine is called or CancelAdapterChannel returns TRUE. Both must not happen. */
static void list_is_called_or_cancelled(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	unsigned int round, cancelled = 0, called = 0;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct actor actor;

	for (round = 0; round < 60; round++) {
		actor_init(&actor, f, mdl);
		wdmdma_test_short(test, f->adapter);
		f->ops->InitializeDmaTransferContext(f->adapter, context);
		KUNIT_ASSERT_EQ(test,
				f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, mdl, 0,
							       SZ_4K, 0, actor_put_and_count,
							       &actor, TRUE, NULL, NULL, NULL),
				STATUS_SUCCESS);
		wdmdma_test_plenty();
		/* The module tries a waiting list every 10 ms. */
		usleep_range(500 * (round % 30), 500 * (round % 30) + 100);
		if (f->ops->CancelAdapterChannel(f->adapter, f->pdo, context)) {
			cancelled++;
			flush_delayed_work(&wdmdma_test_core(f->adapter)->transfers.list_work);
			KUNIT_ASSERT_EQ(test, actor.calls, 0UL);
		} else {
			called++;
			actor_wait(test, &actor);
			KUNIT_ASSERT_EQ(test, actor.calls, 1UL);
		}
	}
	kunit_info(test, "%u called, %u cancelled\n", called, cancelled);
	KUNIT_EXPECT_GT(test, cancelled, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/* A backend that keeps the work item in the first try of a list, before anything is mapped. */
static struct completion held_in, held_out;
static struct wdmdma_backend holding_backend;
static atomic_t held;

static enum wdmdma_access holding_access(const struct wdmdma_device *device,
					 struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	if (current->flags & PF_WQ_WORKER && !atomic_xchg(&held, 1)) {
		complete(&held_in);
		wait_for_completion(&held_out);
	}
	return phys == window.first ? WDMDMA_ACCESS_DIRECT : WDMDMA_ACCESS_NONE;
}

/*
 * A list can be cancelled while it is tried. FALSE would mean that its routine is called soon, but
 * the list may have to wait on.
 */
static void list_is_cancelled_while_it_is_tried(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_transfers *transfers = &wdmdma_test_core(f->adapter)->transfers;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	unsigned long in;
	struct actor actor;

	actor_init(&actor, f, mdl);
	init_completion(&held_in);
	init_completion(&held_out);
	atomic_set(&held, 0);
	holding_backend = wdmdma_backend_direct;
	holding_backend.access = holding_access;
	wdmdma_test_core(f->adapter)->device->backend = &holding_backend;
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, mdl, 0, SZ_4K,
						       0, actor_put_and_count, &actor, TRUE, NULL,
						       NULL, NULL),
			STATUS_SUCCESS);
	in = wait_for_completion_timeout(&held_in, WAIT);
	KUNIT_EXPECT_NE(test, in, 0UL);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	KUNIT_EXPECT_FALSE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	KUNIT_EXPECT_EQ(test, transfers->waiting, 0U);
	wdmdma_test_core(f->adapter)->device->backend = &wdmdma_backend_direct;
	complete(&held_out);
	flush_delayed_work(&transfers->list_work);
	KUNIT_EXPECT_EQ(test, actor.calls, 0UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/*
 * A backend that must copy all memory but one page, and that reports wrong
 * addresses for its mappings.
 */

static phys_addr_t hopeless_page;
static bool hopeless_plenty;

static enum wdmdma_access hopeless_access(const struct wdmdma_device *device,
					  struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	return READ_ONCE(hopeless_plenty) || phys == window.first || phys == hopeless_page ?
		       WDMDMA_ACCESS_DIRECT :
		       WDMDMA_ACCESS_NONE;
}

static phys_addr_t hopeless_phys(const struct wdmdma_device *device, dma_addr_t dma)
{
	return dma >= SZ_8K ? dma + SZ_4K : dma;
}

/*
 * That a list can never be mapped shows only when its turn has come. Such a list must not
 * hold up later lists.
 */
static void list_that_cannot_come_does_not_keep_back_others(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL plain = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PMDL never = wdmdma_test_mdl(test, memory->va + SZ_4K, SZ_4K);
	static struct wdmdma_backend hopeless;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught[3];
	unsigned int i;

	hopeless = wdmdma_backend_direct;
	hopeless.access = hopeless_access;
	hopeless.phys = hopeless_phys;
	hopeless_page = page_to_phys(memory->page[1]);
	WRITE_ONCE(hopeless_plenty, false);
	wdmdma_test_core(f->adapter)->device->backend = &hopeless;
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		wdmdma_test_catch_init(&caught[i]);

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	f->ops->GetScatterGatherList(f->adapter, f->pdo, plain, memory->va, SZ_4K,
				     wdmdma_test_catch_list, &caught[0], TRUE);
	KUNIT_ASSERT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, never, 0,
						       SZ_4K, DMA_FAIL_ON_BOUNCE,
						       wdmdma_test_catch_list, &caught[1], TRUE,
						       NULL, NULL, NULL),
			STATUS_SUCCESS);
	f->ops->GetScatterGatherList(f->adapter, f->pdo, plain, memory->va, SZ_4K,
				     wdmdma_test_catch_list, &caught[2], TRUE);
	WRITE_ONCE(hopeless_plenty, true);
	for (i = 0; i < ARRAY_SIZE(caught); i += 2) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught[i].done, WAIT), 0UL);
		f->ops->PutScatterGatherList(f->adapter, caught[i].list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, caught[1].calls, 0U);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	wdmdma_test_core(f->adapter)->device->backend = &wdmdma_backend_direct;
}

/*
 * Memory for a waiting list must be allocated in NOIO scope, because the I/O that frees
 * memory may be waiting for the list.
 */
static void waiting_list_starts_no_io(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_caught caught;

	wdmdma_test_catch_init(&caught);
	wdmdma_test_short(test, f->adapter);
	f->ops->GetScatterGatherList(f->adapter, f->pdo, mdl, memory->va, SZ_4K,
				     wdmdma_test_catch_list, &caught, TRUE);
	msleep(50);
	wdmdma_test_plenty();
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, WAIT), 0UL);
	KUNIT_EXPECT_GT(test, atomic_read(&wdmdma_test_tries_noio), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&wdmdma_test_tries_io), 0);
	f->ops->PutScatterGatherList(f->adapter, caught.list, TRUE);
}

static VOID catch_stor_list(PVOID *object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list,
			    PVOID context)
{
	wdmdma_test_catch_list((PDEVICE_OBJECT)object, (PIRP)irp, (PSCATTER_GATHER_LIST)list,
			       context);
}

static ULONG build_stor_list(PVOID extension, PMDL mdl, struct wdmdma_caught *caught, u8 *buffer,
			     ULONG size)
{
	ULONG status;

	local_bh_disable();
	status = StorPortBuildScatterGatherList(extension, mdl, MmGetMdlVirtualAddress(mdl),
						MmGetMdlByteCount(mdl), catch_stor_list, caught,
						TRUE, buffer, size);
	local_bh_enable();
	return status;
}

/*
 * The list's routine must get the arguments of the call. If the routine is never called,
 * nothing may be left behind.
 */
static void list_of_a_miniport_leaves_nothing(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_miniport *miniport;
	struct wdmdma_caught caught;
	u8 buffer[0x28] __aligned(8);

	miniport = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test,
			build_stor_list(miniport->extension, mdl, &caught, buffer, sizeof(buffer)),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, caught.calls, 1U);
	KUNIT_EXPECT_NULL(test, (void *)caught.object);
	KUNIT_EXPECT_NULL(test, (void *)caught.irp);
	KUNIT_EXPECT_PTR_EQ(test, (u8 *)caught.list, &buffer[0]);
	local_bh_disable();
	StorPortPutScatterGatherList(miniport->extension, (void *)buffer, TRUE);
	local_bh_enable();

	/* kmemleak finds a list that is left behind. */
	wdmdma_test_short(test, wdmdma_test_miniport_adapter(miniport));
	KUNIT_ASSERT_EQ(test,
			build_stor_list(miniport->extension, mdl, &caught, buffer, sizeof(buffer)),
			STOR_STATUS_SUCCESS);
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;
	KUNIT_EXPECT_EQ(test, caught.calls, 1U);
}

static struct kunit_case transfer_life_list_cases[] = {
	KUNIT_CASE(end_of_a_list_leaves_the_channel),
	KUNIT_CASE(list_put_by_two_ends_once),
	KUNIT_CASE(list_is_called_or_cancelled),
	KUNIT_CASE(list_is_cancelled_while_it_is_tried),
	KUNIT_CASE(list_that_cannot_come_does_not_keep_back_others),
	KUNIT_CASE(waiting_list_starts_no_io),
	KUNIT_CASE(list_of_a_miniport_leaves_nothing),
	{}
};

static struct kunit_suite transfer_life_list_suite = {
	.name = "wdmdma_transfer_life_list",
	.init = wdmdma_test_fixture_init,
	.test_cases = transfer_life_list_cases,
};

kunit_test_suite(transfer_life_list_suite);
