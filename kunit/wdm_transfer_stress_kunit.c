// SPDX-License-Identifier: GPL-2.0-only
/* Threads that do transfers of all kinds on one adapter (wdm/wdm_transfer.c). */
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "memory.h"

#define SYNC		DMA_SYNCHRONOUS_CALLBACK

/* Each thread has memory of its own. All threads share the adapter. */

#define THREADS		8
#define PAGES		16

static unsigned int stress_seconds = 2;
module_param(stress_seconds, uint, 0444);
MODULE_PARM_DESC(stress_seconds, "guest time of the stress of transfers (2)");

struct stress {
	PDMA_ADAPTER adapter;
	struct wdmdma_memory *memory;
	PMDL mdl;
	struct task_struct *task;
	struct completion done;
	unsigned long rounds, failures;
};

static VOID stress_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct stress *stress = context;

	stress->adapter->DmaOperations->PutScatterGatherList(stress->adapter, list, TRUE);
	complete(&stress->done);
}

static IO_ALLOCATION_ACTION stress_control(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					   PVOID context)
{
	struct stress *stress = context;
	const DMA_OPERATIONS *ops = stress->adapter->DmaOperations;
	u8 list[0x10 + PAGES * 0x18];
	ULONG length = PAGES * SZ_4K;

	if (NT_SUCCESS(ops->MapTransferEx(stress->adapter, stress->mdl, base, 0, 0, &length, TRUE,
					  (void *)list, sizeof(list), NULL, NULL)))
		ops->FlushAdapterBuffersEx(stress->adapter, stress->mdl, base, 0, length, TRUE);
	complete(&stress->done);
	return DeallocateObject;
}

static NTSTATUS stress_once(struct stress *stress)
{
	PDMA_ADAPTER adapter = stress->adapter;
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	ULONG offset = get_random_u32() % (PAGES * SZ_4K);
	ULONG length = 1 + get_random_u32() % (PAGES * SZ_4K - offset);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	NTSTATUS status;

	reinit_completion(&stress->done);
	switch (get_random_u32() % 4) {
	case 0:
		return ops->GetScatterGatherList(adapter, NULL, stress->mdl,
						 stress->memory->va + offset, length, stress_list,
						 stress, TRUE);
	case 1:
		return ops->AllocateAdapterChannel(adapter, NULL, PAGES, stress_control, stress);
	case 2:
		ops->InitializeDmaTransferContext(adapter, context);
		status = ops->GetScatterGatherListEx(adapter, NULL, context, stress->mdl, offset,
						     length, SYNC, stress_list, stress, TRUE, NULL,
						     NULL, NULL);
		return status;
	default:
		ops->InitializeDmaTransferContext(adapter, context);
		status = ops->GetScatterGatherListEx(adapter, NULL, context, stress->mdl, offset,
						     length, SYNC, NULL, NULL, FALSE, NULL, NULL,
						     &list);
		if (NT_SUCCESS(status)) {
			ops->FreeAdapterObject(adapter, DeallocateObjectKeepRegisters);
			ops->PutScatterGatherList(adapter, list, FALSE);
			complete(&stress->done);
		}
		return status;
	}
}

static int stress_thread(void *data)
{
	struct stress *stress = data;

	while (!kthread_should_stop()) {
		NTSTATUS status = stress_once(stress);

		if (!NT_SUCCESS(status) ||
		    !wait_for_completion_timeout(&stress->done, 20 * HZ))
			stress->failures++;
		stress->rounds++;
		cond_resched();
	}
	return 0;
}

/*
 * Run the threads for half of the time, because the case has two adapters. The memory does
 * not change under a transfer.
 */
static void stress_on(struct kunit *test, PDMA_ADAPTER adapter, bool may_fail)
{
	struct stress *stress = kunit_kcalloc(test, THREADS, sizeof(*stress), GFP_KERNEL);
	unsigned long rounds = 0, failures = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, stress);
	for (i = 0; i < THREADS; i++) {
		stress[i].adapter = adapter;
		stress[i].memory = wdmdma_test_memory(test, PAGES);
		stress[i].mdl = wdmdma_test_mdl(test, stress[i].memory->va, PAGES * SZ_4K);
		init_completion(&stress[i].done);
	}
	for (i = 0; i < THREADS; i++)
		stress[i].task = kthread_run(stress_thread, &stress[i], "wdmdma-stress-%u", i);
	schedule_timeout_uninterruptible(stress_seconds * HZ / 2);
	for (i = 0; i < THREADS; i++) {
		if (!IS_ERR(stress[i].task))
			kthread_stop(stress[i].task);
		rounds += stress[i].rounds;
		failures += stress[i].failures;
	}
	kunit_info(test, "%lu transfers, %lu failed\n", rounds, failures);
	KUNIT_EXPECT_GT(test, rounds, (unsigned long)THREADS);
	if (!may_fail)
		KUNIT_EXPECT_EQ(test, failures, 0UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

static void eight_threads_share_an_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	stress_on(test, f->adapter, false);
	/* A synchronous call may fail if atomic memory for the copies is short. */
	stress_on(test, wdmdma_test_copying_adapter(test), true);
}

static struct kunit_case wdm_transfer_stress_cases[] = {
	KUNIT_CASE_SLOW(eight_threads_share_an_adapter),
	{}
};

static struct kunit_suite wdm_transfer_stress_suite = {
	.name = "wdmdma_wdm_transfer_stress",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_transfer_stress_cases,
};

kunit_test_suite(wdm_transfer_stress_suite);
