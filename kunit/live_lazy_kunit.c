// SPDX-License-Identifier: GPL-2.0-only
/*
 * MapTransfer for a device with few logical addresses. A lazily flushed domain gives addresses back
 * later than the mappings, and MapTransfer does not wait for that.
 */
#include <linux/delay.h>
#include <linux/sizes.h>

#include "core/device.h"
#include "edu.h"
#include "log.h"
#include "memory.h"

#define LISTS	8	/* more than there are addresses for */
#define TRIES	100	/* of 20 ms. The kernel flushes every 10 ms */

static struct edu *edu;

static void widen_mask(void *dev)
{
	dma_set_mask(dev, DMA_BIT_MASK(32));
}

/* Leave an adapter for a device of 16 MiB in test->priv. */
static struct wdmdma_fixture *narrow_fixture(struct kunit *test)
{
	if (!edu_is_there(test, EDU_SLOT_32_BITS))
		kunit_skip(test, "the machine has no such edu device");
	edu = edu_at(EDU_SLOT_32_BITS);
	if (!wdmdma_iommu_translates(&edu->pdev->dev))
		kunit_skip(test, "no IOMMU translates for the device");
	KUNIT_ASSERT_EQ(test, dma_set_mask(&edu->pdev->dev, DMA_BIT_MASK(24)), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, widen_mask, &edu->pdev->dev), 0);
	test->priv = wdmdma_test_fixture_on(test, &edu->pdev->dev, 24);
	return test->priv;
}

static NTSTATUS get_now(PDMA_ADAPTER adapter, PMDL mdl, struct wdmdma_caught *caught)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];

	wdmdma_test_catch_init(caught);
	adapter->DmaOperations->InitializeDmaTransferContext(adapter, context);
	return adapter->DmaOperations->GetScatterGatherListEx(adapter, NULL, context, mdl, 0,
							      MmGetMdlByteCount(mdl),
							      DMA_SYNCHRONOUS_CALLBACK,
							      wdmdma_test_catch_list, caught, TRUE,
							      NULL, NULL, NULL);
}

/* Use up the addresses with lists, and put the lists. The log must tell what is short. */
static void use_up_addresses(struct kunit *test, struct wdmdma_fixture *f, PDMA_ADAPTER adapter,
			     PMDL mdl)
{
	bool lazy = wdmdma_iommu_is_lazy(wdmdma_test_core_of(f)->device);
	struct wdmdma_caught list[LISTS];
	struct kmsg_dump_iter log;
	unsigned int n = 0;

	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	while (n < LISTS && NT_SUCCESS(get_now(adapter, mdl, &list[n])))
		n++;
	KUNIT_EXPECT_GE(test, n, 1U);
	KUNIT_EXPECT_LT(test, n, (unsigned int)LISTS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "logical addresses are used up",
						    lazy ? ", or not flushed yet" : ""), 1U);
	while (n--)
		adapter->DmaOperations->PutScatterGatherList(adapter, list[n].list, TRUE);
}

/* All granted registers can be mapped, but in a lazy domain only after the flush. */
static void addresses_are_there_again_after_the_flush(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 24);
	struct wdmdma_fixture *f = narrow_fixture(test);
	PVOID base = NULL;
	struct wdmdma_memory *memory;
	ULONG registers, length = 0;
	PDMA_ADAPTER adapter;
	unsigned int tries;
	PMDL mdl;

	description.MaximumLength = SZ_64M;
	description.ScatterGather = FALSE;
	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	memory = wdmdma_test_memory(test, registers);
	mdl = wdmdma_test_mdl(test, memory->va, registers * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, f->ops->AllocateAdapterChannel(adapter, NULL, registers,
							     wdmdma_test_keep_registers, &base),
			STATUS_SUCCESS);
	use_up_addresses(test, f, adapter, mdl);
	for (tries = 0; tries < TRIES && !length; tries++) {
		length = registers * PAGE_SIZE;
		f->ops->MapTransfer(adapter, mdl, base, memory->va, &length, TRUE);
		if (!length)
			msleep(20);
	}
	KUNIT_EXPECT_EQ(test, length, (ULONG)(registers * PAGE_SIZE));
	if (!wdmdma_iommu_is_lazy(wdmdma_test_core_of(f)->device))
		KUNIT_EXPECT_EQ(test, tries, 1U);
	if (length)
		f->ops->FlushAdapterBuffers(adapter, mdl, base, memory->va, length, TRUE);
	f->ops->FreeMapRegisters(adapter, base, registers);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

static struct kunit_case live_lazy_cases[] = {
	KUNIT_CASE_SLOW(addresses_are_there_again_after_the_flush),
	{}
};

static struct kunit_suite live_lazy_suite = {
	.name = "wdmdma_live_lazy",
	.test_cases = live_lazy_cases,
};

kunit_test_suite(live_lazy_suite);
