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

/*
 * Get an adapter with 32 address bits for a device that does not reach all memory. Return NULL
 * and skip the case if the device reaches all, or if the kernel copies all.
 */
static struct device *device_that_does_not_reach_all(struct kunit *test)
{
	struct edu *edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);

	if (edu && !wdmdma_test_copies_all(&edu->pdev->dev) &&
	    !wdmdma_iommu_translates(&edu->pdev->dev) &&
	    wdmdma_test_has_memory(1ULL << 32, U64_MAX))
		return &edu->pdev->dev;
	kunit_skip(test, "the device reaches all memory, or the kernel copies all");
	return NULL;
}

/* Any page of a transfer may lie beyond the device, and then the kernel copies it. */
static void no_more_is_granted_than_the_kernel_bounces(struct kunit *test)
{
	struct device *dev = device_that_does_not_reach_all(test);
	phys_addr_t start, end;
	PDMA_ADAPTER adapter;
	ULONG registers;

	if (!dev)
		return;
	if (!wdmdma_bounce_pool(dev, &start, &end)) {
		kunit_skip(test, "the kernel has no bounce buffers");
		return;
	}
	registers = registers_for(test, 32, SZ_2G, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, (end - start) / 2 / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, (end - start) / 4 / PAGE_SIZE);
	expect_all_registers_are_good(test, adapter, registers);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* The module copies where the kernel does not, and a transfer may use half of that memory. */
static void no_more_is_granted_than_the_module_copies(struct kunit *test)
{
	struct device *dev = device_that_does_not_reach_all(test);
	phys_addr_t start, end;
	PDMA_ADAPTER adapter;
	ULONG registers;

	if (!dev)
		return;
	if (wdmdma_bounce_pool(dev, &start, &end)) {
		kunit_skip(test, "the kernel has bounce buffers");
		return;
	}
	registers = registers_for(test, 32, SZ_2G, TRUE, &adapter);
	KUNIT_EXPECT_LE(test, registers, SZ_2G / PAGE_SIZE);
	KUNIT_EXPECT_GE(test, registers, SZ_512M / PAGE_SIZE);
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
	registers = registers_for(test, 24, SZ_64M, TRUE, &adapter);
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
