// SPDX-License-Identifier: GPL-2.0-only
/* FreeAdapterObject and FreeAdapterChannel, where a driver has a list (core/channel.c). */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <wdmdma/mdl.h>

#include "memory.h"
#include "objects.h"

static NTSTATUS get(PDMA_ADAPTER adapter, PMDL mdl, struct wdmdma_caught *caught)
{
	return adapter->DmaOperations->GetScatterGatherList(adapter, NULL, mdl,
			MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl),
			wdmdma_test_catch_list, caught, TRUE);
}

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

static struct kunit_case wdm_free_object_cases[] = {
	KUNIT_CASE(free_adapter_object_ends_the_list),
	KUNIT_CASE(free_adapter_object_ends_no_other_list),
	KUNIT_CASE(put_and_free_adapter_object_end_a_list_once),
	{}
};

static struct kunit_suite wdm_free_object_suite = {
	.name = "wdmdma_wdm_free_object",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_free_object_cases,
};

kunit_test_suite(wdm_free_object_suite);
