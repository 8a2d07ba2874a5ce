// SPDX-License-Identifier: GPL-2.0-only
/* The number of map registers that IoGetDmaAdapter grants. All must be usable at once. */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "compat.h"
#include "edu.h"
#include "memory.h"
#include "objects.h"

#define WAIT		(20 * HZ)

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
							  wdmdma_test_keep_registers, &base),
			STATUS_INSUFFICIENT_RESOURCES);
	base = wdmdma_test_registers(test, adapter, registers);
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
	registers = wdmdma_test_granted(test, 64, SZ_64M, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, (end - start) / 2 / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, (end - start) / 4 / PAGE_SIZE);
	expect_all_registers_are_good(test, adapter, registers);
	adapter->DmaOperations->PutDmaAdapter(adapter);

	registers = wdmdma_test_granted(test, 64, SZ_64M, FALSE, &adapter);
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
	registers = wdmdma_test_granted(test, 64, SZ_64M, FALSE, &adapter);
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
	registers = wdmdma_test_granted(test, 24, SZ_64M, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, SZ_16M / 2 / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, SZ_1M / PAGE_SIZE);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/*
 * Get an adapter with 32 address bits for a device that does not reach all memory, and return the
 * pages of the kernel's bounce buffers. Skip the case if the device reaches all, if the kernel
 * copies all, or if there are such buffers and the case wants none, or the other way round.
 */
static u64 bounce_pages_beyond_the_device(struct kunit *test, bool bounces)
{
	struct edu *edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	phys_addr_t start = 0, end = 0;
	struct device *dev = &edu->pdev->dev;

	if (wdmdma_test_copies_all(dev) || wdmdma_iommu_translates(dev) ||
	    !wdmdma_test_has_memory(1ULL << 32, U64_MAX))
		kunit_skip(test, "the device reaches all memory, or the kernel copies all");
	else if (wdmdma_bounce_pool(dev, &start, &end) != bounces)
		kunit_skip(test, "the kernel has %sbounce buffers", bounces ? "no " : "");
	return PHYS_PFN(end - start);
}

/* Expect a number of map registers for that adapter, and return the adapter. */
static PDMA_ADAPTER adapter_with_registers(struct kunit *test, u64 least, u64 most,
					   ULONG *registers)
{
	PDMA_ADAPTER adapter;

	*registers = wdmdma_test_granted(test, 32, SZ_2G, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, *registers, most);
	KUNIT_EXPECT_GE(test, *registers, least);
	return adapter;
}

/* Any page of a transfer may lie beyond the device, and then the kernel copies it. */
static void no_more_is_granted_than_the_kernel_bounces(struct kunit *test)
{
	u64 pages = bounce_pages_beyond_the_device(test, true);
	PDMA_ADAPTER adapter;
	ULONG registers;

	adapter = adapter_with_registers(test, pages / 4, pages / 2, &registers);
	expect_all_registers_are_good(test, adapter, registers);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* The module copies where the kernel does not, and a transfer may use half of that memory. */
static void no_more_is_granted_than_the_module_copies(struct kunit *test)
{
	PDMA_ADAPTER adapter;
	ULONG registers;

	bounce_pages_beyond_the_device(test, false);
	adapter = adapter_with_registers(test, SZ_512M / PAGE_SIZE, SZ_2G / PAGE_SIZE, &registers);
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
	registers = wdmdma_test_granted(test, 28, SZ_512M, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, SZ_256M / 4 / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, SZ_32M / PAGE_SIZE);
	expect_all_registers_are_good(test, adapter, SZ_16M / PAGE_SIZE < registers ?
				      registers : SZ_16M / PAGE_SIZE);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* Nothing can be mapped for an adapter that reaches less than where the kernel puts all memory. */
static void two_are_granted_where_nothing_can_be_mapped(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	if (!wdmdma_test_copies_all(f->dev)) {
		edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
		f = test->priv;
		if (!wdmdma_iommu_translates(f->dev))
			kunit_skip(test, "no IOMMU translates, and the kernel does not copy all");
	}
	registers = wdmdma_test_granted(test, 24, SZ_64M, TRUE, &adapter);
	KUNIT_EXPECT_EQ(test, registers, 2U);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

static struct kunit_case wdm_registers_cases[] = {
	KUNIT_CASE(no_more_is_granted_than_can_be_copied),
	KUNIT_CASE(no_more_is_granted_than_one_range_has),
	KUNIT_CASE(no_more_is_granted_than_is_within_reach),
	KUNIT_CASE(no_more_is_granted_than_there_are_addresses),
	KUNIT_CASE(no_more_is_granted_than_the_kernel_bounces),
	KUNIT_CASE(no_more_is_granted_than_the_module_copies),
	KUNIT_CASE(two_are_granted_where_nothing_can_be_mapped),
	{}
};

static struct kunit_suite wdm_registers_suite = {
	.name = "wdmdma_wdm_registers",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_registers_cases,
};

kunit_test_suite(wdm_registers_suite);
