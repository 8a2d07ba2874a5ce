// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatter/gather lists that wait, and lists that are left when the adapter ends
 * (wdm/wdm_sg_calls.c).
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/sizes.h>

#include "backend/backends.h"
#include "core/adapter.h"
#include "lib/window.h"
#include "memory.h"
#include "sgl.h"

#define WAIT	(10 * HZ)
#define SYNC	DMA_SYNCHRONOUS_CALLBACK

static void lists_wait_and_come_in_order(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 4 * SZ_4K);
	struct wdmdma_caught caught[8];
	unsigned int clock = 0, i;

	wdmdma_test_short(test, fixture->adapter);
	for (i = 0; i < ARRAY_SIZE(caught); i++) {
		wdmdma_test_catch_init(&caught[i]);
		caught[i].clock = &clock;
		KUNIT_ASSERT_EQ(test, sgl_get(fixture->adapter, mdl, i, SZ_4K, TRUE, &caught[i]),
				STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, clock, 0U);
	wdmdma_test_plenty();
	for (i = 0; i < ARRAY_SIZE(caught); i++) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught[i].done, WAIT), 0UL);
		KUNIT_EXPECT_EQ(test, caught[i].order, i + 1);
		KUNIT_EXPECT_TRUE(test, caught[i].at_dispatch);
		sgl_put(fixture->adapter, caught[i].list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

static void synchronous_call_does_not_wait(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	struct wdmdma_caught caught;

	wdmdma_test_short(test, f->adapter);
	wdmdma_test_catch_init(&caught);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, 1, SYNC,
						       wdmdma_test_catch_list, &caught, TRUE, NULL,
						       NULL, &list),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, list);
	wdmdma_test_plenty();
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
}

/* Ask for a list under a context, so that the request waits. */
static void wait_under(struct kunit *test, u8 *context, struct wdmdma_caught *caught)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = (void *)1;

	wdmdma_test_catch_init(caught);
	KUNIT_ASSERT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, context),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_4K, 0,
						       wdmdma_test_catch_list, caught, TRUE, NULL,
						       NULL, &list),
			STATUS_SUCCESS);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, caught->calls, 0U);
}

/*
 * A list that waits may be mapped, called and put before the call that started it returns. So the
 * call must store nothing once the list waits. The backend stores what a routine would store.
 */

static PSCATTER_GATHER_LIST stored;

static enum wdmdma_access storing_access(const struct wdmdma_device *device,
					 struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	stored = (void *)0x6b6b;
	/* The lowest address is within reach, so that waiting for memory may help. */
	return phys == window.first ? WDMDMA_ACCESS_DIRECT : WDMDMA_ACCESS_NONE;
}

static struct wdmdma_backend storing_backend;

static void waiting_call_stores_nothing_late(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught;

	wdmdma_test_catch_init(&caught);
	storing_backend = wdmdma_backend_direct;
	storing_backend.access = storing_access;
	wdmdma_test_core_of(f)->device->backend = &storing_backend;
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_ASSERT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_4K, 0,
						       wdmdma_test_catch_list, &caught, TRUE, NULL,
						       NULL, &stored),
			STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, stored, (PSCATTER_GATHER_LIST)0x6b6b);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, NULL, context));
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
}

static void cancelled_list_is_never_called(struct kunit *test)
{
	u8 a[DMA_TRANSFER_CONTEXT_SIZE_V1], b[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught_a, caught_b;
	struct wdmdma_fixture *f = test->priv;

	wdmdma_test_short(test, f->adapter);
	wait_under(test, a, &caught_a);
	wait_under(test, b, &caught_b);
	/* A context must not be used or initialized again while a request waits under it. */
	KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, b),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, NULL, b));
	wdmdma_test_plenty();
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught_a.done, WAIT), 0UL);
	KUNIT_EXPECT_FALSE(test, f->ops->CancelAdapterChannel(f->adapter, NULL, a));
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught_b.calls, 0U);
	sgl_put(f->adapter, caught_a.list, TRUE);
}

/* The end of a list must serve the lists that wait, and a routine may make any call. */

struct reenter {
	struct wdmdma_caught caught;
	PDMA_ADAPTER adapter;
	PMDL mdl;
	unsigned int left;
};

static VOID reenter_routine(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list,
			    PVOID context)
{
	struct reenter *reenter = context;

	sgl_put(reenter->adapter, list, TRUE);
	if (reenter->left--)
		sgl_ops(reenter->adapter)
			->GetScatterGatherList(reenter->adapter, object, reenter->mdl,
					       MmGetMdlVirtualAddress(reenter->mdl), 100,
					       reenter_routine, reenter, TRUE);
	else
		complete(&reenter->caught.done);
}

static void routine_may_put_and_get(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct reenter reenter = {
		.adapter = f->adapter,
		.mdl = wdmdma_test_mdl(test, memory->va, SZ_4K),
		.left = 5,
	};

	wdmdma_test_catch_init(&reenter.caught);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherList(f->adapter, f->pdo, reenter.mdl, memory->va,
						     1, reenter_routine, &reenter, TRUE),
			STATUS_SUCCESS);
	/* The lists that the routine asks for must come after the routine has returned. */
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&reenter.caught.done, WAIT), 0UL);

	/* The routine may also run in the work item. */
	reenter.left = 5;
	wdmdma_test_catch_init(&reenter.caught);
	wdmdma_test_short(test, f->adapter);
	f->ops->GetScatterGatherList(f->adapter, f->pdo, reenter.mdl, memory->va, 1,
				     reenter_routine, &reenter, TRUE);
	wdmdma_test_plenty();
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&reenter.caught.done, WAIT), 0UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/*
 * Driver Verifier's bug check 0xE6, code 0x0A. Lists that are left must be taken back
 * when the adapter is put.
 */
static void put_adapter_takes_back_lists(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught;
	unsigned int i;

	for (i = 0; i < 10; i++)
		sgl_get_now(test, f->adapter, mdl, SZ_4K, TRUE);
	wdmdma_test_short(test, f->adapter);
	wait_under(test, context, &caught);
	f->ops->PutDmaAdapter(f->adapter);
	wdmdma_test_plenty();
	sgl_put(f->adapter, NULL, TRUE);
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	f->adapter = NULL;
}

static void unbind_takes_back_lists(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = sgl_get_now(test, f->adapter, mdl, SZ_4K, FALSE);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught;

	wdmdma_test_short(test, f->adapter);
	wait_under(test, context, &caught);
	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
	wdmdma_test_plenty();
	KUNIT_EXPECT_EQ(test, sgl_get(f->adapter, mdl, 0, 1, TRUE, &caught), STATUS_DELETE_PENDING);
	KUNIT_EXPECT_EQ(test, f->ops->FlushDmaBuffer(f->adapter, mdl, FALSE),
			STATUS_DELETE_PENDING);
	sgl_put(f->adapter, list, FALSE);
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
}

/*
 * An adapter with a list must not change its domain, because addresses of one domain
 * mean nothing in another.
 */
static void adapter_with_lists_stays_in_its_domain(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *leader = wdmdma_test_fixture(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	HANDLE domain = leader->ops->GetDmaDomain(leader->adapter);
	PSCATTER_GATHER_LIST list = sgl_get_now(test, f->adapter, mdl, SZ_4K, TRUE);

	KUNIT_EXPECT_EQ(test, f->ops->JoinDmaDomain(f->adapter, domain),
			STATUS_INVALID_DEVICE_STATE);
	sgl_put(f->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, f->ops->JoinDmaDomain(f->adapter, domain), STATUS_SUCCESS);

	list = sgl_get_now(test, f->adapter, mdl, SZ_4K, TRUE);
	wdmdma_test_expect_list(test, list, memory, 0, SZ_4K);
	KUNIT_EXPECT_EQ(test, f->ops->LeaveDmaDomain(f->adapter), STATUS_INVALID_DEVICE_STATE);
	sgl_put(f->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, f->ops->LeaveDmaDomain(f->adapter), STATUS_SUCCESS);
}

/* Sweeps. Each list must come now or later, unless the call fails. */

/* One page more than the entries of struct scatterlist in a page. */
#define SWEEP_PAGES	129

static void get_and_put(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	static struct wdmdma_memory *memory;
	struct wdmdma_caught caught;
	unsigned int left;
	NTSTATUS status;
	static PMDL mdl;

	left = current->fail_nth;
	current->fail_nth = 0;
	if (left == 1) {
		memory = wdmdma_test_memory(test, SWEEP_PAGES);
		mdl = wdmdma_test_mdl(test, memory->va, SWEEP_PAGES * SZ_4K);
	}
	wdmdma_test_catch_init(&caught);
	current->fail_nth = left;

	status = sgl_get(f->adapter, mdl, 0, SWEEP_PAGES * SZ_4K, TRUE, &caught);
	left = current->fail_nth;
	current->fail_nth = 0;
	if (NT_SUCCESS(status)) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, WAIT), 0UL);
		KUNIT_EXPECT_EQ(test, caught.list->NumberOfElements, (ULONG)SWEEP_PAGES);
		sgl_put(f->adapter, caught.list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, caught.calls, NT_SUCCESS(status) ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
	current->fail_nth = left;
}

static void get_fails_or_waits_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	f->adapter = wdmdma_test_adapter(test, 64, SZ_2M, TRUE);
	wdmdma_test_sweep(test, get_and_put);
	f->adapter = NULL;
	/* Where the kernel copies all memory, such an adapter has too few map registers. */
	if (wdmdma_test_copies_all(f->dev))
		return;
	f->adapter = wdmdma_test_adapter(test, 24, SZ_2M, TRUE);
	wdmdma_test_sweep(test, get_and_put);
	f->adapter = NULL;
}

static struct kunit_case wdm_sg_wait_cases[] = {
	KUNIT_CASE(lists_wait_and_come_in_order),
	KUNIT_CASE(synchronous_call_does_not_wait),
	KUNIT_CASE(waiting_call_stores_nothing_late),
	KUNIT_CASE(cancelled_list_is_never_called),
	KUNIT_CASE(routine_may_put_and_get),
	KUNIT_CASE(put_adapter_takes_back_lists),
	KUNIT_CASE(unbind_takes_back_lists),
	KUNIT_CASE(adapter_with_lists_stays_in_its_domain),
	KUNIT_CASE(get_fails_or_waits_at_every_point),
	{}
};

static struct kunit_suite wdm_sg_wait_suite = {
	.name = "wdmdma_wdm_sg_wait",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_sg_wait_cases,
};

kunit_test_suite(wdm_sg_wait_suite);
