// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers with a real (emulated) device: QEMU's edu moves the bytes of lists, with
 * an IOMMU or without one. Without the device the cases are skipped.
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "edu.h"
#include "memory.h"

static struct edu *edu;

static void live_on(struct kunit *test, unsigned int slot, ULONG width)
{
	edu = edu_at(slot);
	if (edu->pdev)
		test->priv = wdmdma_test_fixture_on(test, &edu->pdev->dev, width);
	else
		kunit_skip(test, "the machine has no such edu device");
}

/* A list of all of an MDL, now. */
static PSCATTER_GATHER_LIST get(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl, BOOLEAN write)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;

	ops->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test,
			ops->GetScatterGatherListEx(adapter, NULL, context, mdl, 0,
						    MmGetMdlByteCount(mdl),
						    DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, write,
						    NULL, NULL, &list),
			STATUS_SUCCESS);
	return list;
}

/* The device copies the bytes of one list to those of another, as far as it can. */
static void copy_elements(struct kunit *test, PSCATTER_GATHER_LIST from, PSCATTER_GATHER_LIST to)
{
	ULONG i = 0, j = 0, in_i = 0, in_j = 0;

	while (i < from->NumberOfElements) {
		SCATTER_GATHER_ELEMENT *source = &from->Elements[i], *target = &to->Elements[j];
		ULONG len = min3((ULONG)EDU_MOST, source->Length - in_i, target->Length - in_j);

		KUNIT_ASSERT_EQ(test, edu_copy(edu, source->Address.QuadPart + in_i, EDU_BUFFER,
					       len, 0), 0);
		KUNIT_ASSERT_EQ(test, edu_copy(edu, EDU_BUFFER, target->Address.QuadPart + in_j,
					       len, EDU_DMA_TO_MEMORY), 0);
		in_i += len;
		in_j += len;
		if (in_i == source->Length) {
			i++;
			in_i = 0;
		}
		if (in_j == target->Length) {
			j++;
			in_j = 0;
		}
	}
}

/* Three pages that are not contiguous go to three others, by way of the device. */
static void expect_lists_move_bytes(struct kunit *test, PDMA_ADAPTER adapter)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	struct wdmdma_memory *from = wdmdma_test_memory(test, 3);
	struct wdmdma_memory *to = wdmdma_test_memory(test, 3);
	ULONG length = SZ_8K + 100;
	PMDL source = wdmdma_test_mdl(test, from->va + 50, length);
	PMDL target = wdmdma_test_mdl(test, to->va + 1000, length);
	PSCATTER_GATHER_LIST read, write;

	memset(to->va, 0, 3 * SZ_4K);
	read = get(test, adapter, source, TRUE);
	write = get(test, adapter, target, FALSE);
	copy_elements(test, read, write);
	ops->PutScatterGatherList(adapter, read, TRUE);
	ops->PutScatterGatherList(adapter, write, FALSE);
	KUNIT_EXPECT_EQ(test, memcmp(from->va + 50, to->va + 1000, length), 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(to->va, 1000));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(to->va + 1000 + length,
						    3 * SZ_4K - 1000 - length));
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

static void device_moves_the_bytes_of_lists(struct kunit *test)
{
	struct wdmdma_fixture *fixture;

	live_on(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	expect_lists_move_bytes(test, fixture->adapter);
}

/* One element for each list: copied without an IOMMU, mapped as one range with one. */
static void device_without_lists_moves_the_bytes(struct kunit *test)
{
	live_on(test, EDU_SLOT_32_BITS, 32);
	expect_lists_move_bytes(test, wdmdma_test_adapter(test, 32, SZ_64K, FALSE));
}

/* Memory out of reach of its 28 address lines is copied, unless an IOMMU translates. */
static void narrow_device_moves_the_bytes_of_lists(struct kunit *test)
{
	struct wdmdma_fixture *fixture;

	live_on(test, EDU_SLOT_28_BITS, 28);
	fixture = test->priv;
	expect_lists_move_bytes(test, fixture->adapter);
}

static void one_list(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	static struct wdmdma_memory *memory;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	NTSTATUS status;
	static PMDL mdl;

	if (current->fail_nth == 1) {
		current->fail_nth = 0;
		memory = wdmdma_test_memory(test, 16);
		mdl = wdmdma_test_mdl(test, memory->va, SZ_64K);
		current->fail_nth = 1;
	}
	fixture->ops->InitializeDmaTransferContext(fixture->adapter, context);
	status = fixture->ops->GetScatterGatherListEx(fixture->adapter, NULL, context, mdl, 0,
						      SZ_64K, DMA_SYNCHRONOUS_CALLBACK, NULL, NULL,
						      TRUE, NULL, NULL, &list);
	if (NT_SUCCESS(status))
		fixture->ops->PutScatterGatherList(fixture->adapter, list, TRUE);
	else
		KUNIT_EXPECT_NULL(test, list);
}

static void list_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture;

	live_on(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	wdmdma_test_sweep_on(test, fixture->dev, one_list);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

/* Unbound with a list: unmapped, and the adapter answers. */
static void unbind_takes_lists_from_the_device(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K);
	struct wdmdma_fixture *fixture;
	struct pci_dev *pdev;

	live_on(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	pdev = edu->pdev;
	get(test, fixture->adapter, mdl, FALSE);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
}

static struct kunit_case live_transfer_cases[] = {
	KUNIT_CASE_SLOW(device_moves_the_bytes_of_lists),
	KUNIT_CASE_SLOW(device_without_lists_moves_the_bytes),
	KUNIT_CASE_SLOW(narrow_device_moves_the_bytes_of_lists),
	KUNIT_CASE(list_fails_cleanly_at_every_point),
	KUNIT_CASE(unbind_takes_lists_from_the_device),
	{}
};

static struct kunit_suite live_transfer_suite = {
	.name = "wdmdma_live_transfer",
	.suite_init = edu_suite_init,
	.suite_exit = edu_suite_exit,
	.test_cases = live_transfer_cases,
};

kunit_test_suite(live_transfer_suite);
