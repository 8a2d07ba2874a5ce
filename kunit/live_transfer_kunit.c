// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers with a real (emulated) device. QEMU's edu moves the bytes of scatter/gather
 * lists, with an IOMMU or without one. Without the device the cases are skipped.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "edu.h"
#include "memory.h"

static struct edu *edu;

/* Make the device copy the bytes of one list to those of another, in pieces of at most EDU_MOST. */
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

/* Get a list by the older call, which passes the list to a callback. */
static PSCATTER_GATHER_LIST get_called(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl)
{
	struct wdmdma_caught caught;

	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test,
			adapter->DmaOperations->GetScatterGatherList(adapter, NULL, mdl,
					MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl),
					wdmdma_test_catch_list, &caught, TRUE),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, 10 * HZ), 0UL);
	return caught.list;
}

/* Make the device copy from three pages that are not contiguous to three others. */
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
	read = get_called(test, adapter, source);
	write = wdmdma_test_list(test, adapter, target, FALSE);
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

	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	expect_lists_move_bytes(test, fixture->adapter);
}

/*
 * Each list must have one element. The memory is copied without an IOMMU, and mapped as
 * one range behind an IOMMU.
 */
static void device_without_lists_moves_the_bytes(struct kunit *test)
{
	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	expect_lists_move_bytes(test, wdmdma_test_adapter(test, 32, SZ_64K, FALSE));
}

#define PAGES_OF_LONG_LIST	400	/* too many for the record of a list */
#define DIRTY_BLOCKS		64

/* Leave a pattern in free memory of the size that a long list gets. */
static void dirty_free_memory(size_t size)
{
	struct page *block[DIRTY_BLOCKS];
	unsigned int i;

	for (i = 0; i < DIRTY_BLOCKS; i++) {
		block[i] = alloc_pages(GFP_KERNEL, get_order(size));
		if (block[i])
			memset(page_address(block[i]), 0xa5, size);
	}
	for (i = 0; i < DIRTY_BLOCKS; i++)
		if (block[i])
			__free_pages(block[i], get_order(size));
}

/*
 * An IOMMU makes one element of many pages, for each of which the list has room. The room must
 * be zeroed, because it may show memory of another driver.
 */
static void room_behind_the_last_element_is_zeroed(struct kunit *test)
{
	size_t room = sizeof(SCATTER_GATHER_ELEMENT) * PAGES_OF_LONG_LIST;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES_OF_LONG_LIST);
	struct wdmdma_fixture *fixture;
	PSCATTER_GATHER_LIST list;
	PDMA_ADAPTER adapter;
	PMDL mdl;

	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	if (!wdmdma_iommu_translates(fixture->dev)) {
		kunit_skip(test, "without an IOMMU each page is an element");
		return;
	}
	adapter = wdmdma_test_adapter(test, 32, SZ_4M, TRUE);
	mdl = wdmdma_test_mdl(test, memory->va, PAGES_OF_LONG_LIST * PAGE_SIZE);
	dirty_free_memory(sizeof(*list) + room);
	list = wdmdma_test_list(test, adapter, mdl, TRUE);
	KUNIT_ASSERT_LT(test, list->NumberOfElements, (ULONG)PAGES_OF_LONG_LIST / 2);
	room -= sizeof(SCATTER_GATHER_ELEMENT) * list->NumberOfElements;
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(&list->Elements[list->NumberOfElements], room));
	adapter->DmaOperations->PutScatterGatherList(adapter, list, TRUE);
}

/* Transfers with map registers, of bytes that fit into the device's own memory. */

#define MOVED	4000	/* bytes, in pieces that begin within a page */

/*
 * Move one piece between memory and the device. @done is the piece's offset in the
 * device's memory.
 */
static void move_piece(struct kunit *test, u64 la, ULONG length, ULONG done, BOOLEAN write)
{
	u64 inside = EDU_BUFFER + done;

	KUNIT_ASSERT_EQ(test, edu_copy(edu, write ? la : inside, write ? inside : la, length,
				       write ? 0 : EDU_DMA_TO_MEMORY), 0);
}

/*
 * Move the bytes in the classic order, which is MapTransfer for each piece, one
 * FlushAdapterBuffers and FreeMapRegisters.
 */
static void move_by_map_transfer(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl, BOOLEAN write)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	PVOID base = wdmdma_test_registers(test, adapter, 3);
	u8 *va = MmGetMdlVirtualAddress(mdl);
	ULONG done, length;

	for (done = 0; done < MOVED; done += length) {
		PHYSICAL_ADDRESS la;

		length = MOVED - done;
		la = ops->MapTransfer(adapter, mdl, base, va + done, &length, write);
		KUNIT_ASSERT_NE(test, length, 0U);
		move_piece(test, la.QuadPart, length, done, write);
	}
	KUNIT_EXPECT_TRUE(test, ops->FlushAdapterBuffers(adapter, mdl, base, va, MOVED, write));
	ops->FreeMapRegisters(adapter, base, 3);
}

/* Move one element at a time, with MapTransferEx and FlushAdapterBuffersEx by turns. */
static void move_by_map_transfer_ex(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl,
				    BOOLEAN write)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	PVOID base = wdmdma_test_registers(test, adapter, 3);
	u8 buffer[sizeof(SCATTER_GATHER_LIST) + sizeof(SCATTER_GATHER_ELEMENT)] __aligned(8);
	PSCATTER_GATHER_LIST list = (void *)buffer;
	ULONG done, length, pieces = 0;

	for (done = 0; done < MOVED; done += length) {
		length = MOVED - done;
		KUNIT_ASSERT_EQ(test,
				ops->MapTransferEx(adapter, mdl, base, done, 0, &length, write,
						   list, sizeof(buffer), NULL, NULL),
				STATUS_SUCCESS);
		KUNIT_ASSERT_EQ(test, list->NumberOfElements, 1U);
		KUNIT_ASSERT_EQ(test, list->Elements[0].Length, length);
		move_piece(test, list->Elements[0].Address.QuadPart, length, done, write);
		KUNIT_EXPECT_EQ(test,
				ops->FlushAdapterBuffersEx(adapter, mdl, base, done, length,
							   write),
				STATUS_SUCCESS);
		pieces++;
	}
	KUNIT_EXPECT_GE(test, pieces, 2U);
	ops->FreeMapRegisters(adapter, base, 3);
}

static void device_moves_the_bytes_of_map_transfer(struct kunit *test)
{
	struct wdmdma_memory *from, *to;
	struct wdmdma_fixture *fixture;
	PMDL source, target;
	unsigned int round;

	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	from = wdmdma_test_memory(test, 2);
	to = wdmdma_test_memory(test, 2);
	/*
	 * The page border cuts the source after 1000 bytes and the target after 3000 bytes. In
	 * the second round the target is a chain, whose MDLs meet within a page.
	 */
	source = wdmdma_test_mdl(test, from->va + SZ_4K - 1000, MOVED);
	target = wdmdma_test_mdl(test, to->va + SZ_4K - 3000, MOVED);
	for (round = 0; round < 2; round++) {
		memset(to->va, 0, SZ_8K);
		if (round) {
			target = wdmdma_test_mdl(test, to->va + SZ_4K - 3000, 500);
			target->Next = wdmdma_test_mdl(test, to->va + SZ_4K - 2500, MOVED - 500);
			move_by_map_transfer_ex(test, fixture->adapter, source, TRUE);
			move_by_map_transfer_ex(test, fixture->adapter, target, FALSE);
		} else {
			move_by_map_transfer(test, fixture->adapter, source, TRUE);
			move_by_map_transfer(test, fixture->adapter, target, FALSE);
		}
		KUNIT_EXPECT_EQ(test, memcmp(from->va + SZ_4K - 1000, to->va + SZ_4K - 3000,
					     MOVED), 0);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(to->va, SZ_4K - 3000));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(to->va + SZ_4K + 1000, SZ_4K - 1000));
	}
}

/* Return true if the device does not reach a part of the memory. */
static bool lies_out_of_reach(const struct wdmdma_memory *memory, struct device *dev)
{
	unsigned int i;

	for (i = 0; i < memory->pages; i++)
		if (page_to_phys(memory->page[i]) > dma_get_mask(dev))
			return !wdmdma_iommu_translates(dev);
	return false;
}

/*
 * Transfers must be copied, and DMA_FAIL_ON_BOUNCE must fail, only if the kernel copies
 * all memory (swiotlb=force) or the device does not reach the memory. Common buffers
 * must never be copied.
 */
static void kernel_copies_transfers_and_no_buffers(struct kunit *test)
{
	struct wdmdma_memory *memory;
	struct wdmdma_fixture *f;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	PHYSICAL_ADDRESS la;
	PMDL mdl, target;
	bool copies;
	u64 limit;
	void *va;

	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	f = test->priv;
	memory = wdmdma_test_memory(test, 2);
	copies = wdmdma_test_copies_all(f->dev) || lies_out_of_reach(memory, f->dev);
	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);

	list = wdmdma_test_list(test, f->adapter, mdl, TRUE);
	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list, mdl,
								    &target),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, target != mdl, copies);
	f->ops->PutScatterGatherList(f->adapter, list, TRUE);

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_8K,
						       DMA_SYNCHRONOUS_CALLBACK |
						       DMA_FAIL_ON_BOUNCE, NULL, NULL, TRUE, NULL,
						       NULL, &list),
			copies ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS);
	if (list)
		f->ops->PutScatterGatherList(f->adapter, list, TRUE);

	for (limit = U32_MAX; limit > U32_MAX / 4; limit /= 2) {
		va = limit == U32_MAX ? wdmdma_test_alloc(f, SZ_8K, &la) :
			wdmdma_test_alloc_below(f, limit, SZ_8K, &la, TRUE);
		KUNIT_ASSERT_NOT_NULL(test, va);
		if (!wdmdma_iommu_translates(f->dev))
			KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)wdmdma_test_physical(va));
		edu_expect_round_trip(test, edu, va, la.QuadPart, 100, 5000, 200);
		wdmdma_test_free(f, SZ_8K, la, va);
	}
}

/* Return true if the kernel copies all memory, and the device does not reach the copies. */
static bool kernel_copies_out_of_reach(struct device *dev)
{
	phys_addr_t start, end;

	return wdmdma_test_copies_all(dev) && wdmdma_bounce_pool(dev, &start, &end) &&
	       end - 1 > dma_get_mask(dev);
}

/* The module must refuse transfers without asking the kernel, which would warn. */
static void expect_nothing_is_mapped(struct kunit *test, PDMA_ADAPTER adapter)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PVOID base = wdmdma_test_registers(test, adapter, 1);
	struct wdmdma_caught caught;
	ULONG length = SZ_4K;

	wdmdma_test_catch_init(&caught);
	KUNIT_EXPECT_EQ(test,
			ops->GetScatterGatherList(adapter, NULL, mdl, memory->va, SZ_4K,
						  wdmdma_test_catch_list, &caught, TRUE),
			STATUS_NOT_SUPPORTED);
	ops->MapTransfer(adapter, mdl, base, memory->va, &length, TRUE);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	ops->FreeMapRegisters(adapter, base, 1);
}

/*
 * The module itself must copy memory out of reach of 28 address lines, unless an IOMMU
 * translates. The kernel's bounce buffers may be out of reach as well.
 */
static void narrow_device_moves_the_bytes_of_lists(struct kunit *test)
{
	struct wdmdma_fixture *fixture;

	edu = edu_with_adapter(test, EDU_SLOT_28_BITS, 28);
	fixture = test->priv;
	if (kernel_copies_out_of_reach(fixture->dev))
		expect_nothing_is_mapped(test, fixture->adapter);
	else
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

	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	wdmdma_test_sweep_on(test, fixture->dev, one_list);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

/*
 * The kernel knows only the device's mask, and may choose an address that the adapter
 * does not reach.
 */
static void adapter_narrower_than_its_device_gets_no_list_behind_an_iommu(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list = (void *)1;
	struct wdmdma_fixture *f;

	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 28);
	f = test->priv;
	if (!wdmdma_iommu_translates(f->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_8K,
						       DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, TRUE,
						       NULL, NULL, &list),
			STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/* An unbind must unmap the lists, and the adapter must still answer. */
static void unbind_takes_lists_from_the_device(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K);
	struct wdmdma_fixture *fixture;
	struct pci_dev *pdev;

	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	fixture = test->priv;
	pdev = edu->pdev;
	wdmdma_test_list(test, fixture->adapter, mdl, FALSE);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
}

static struct kunit_case live_transfer_cases[] = {
	KUNIT_CASE_SLOW(device_moves_the_bytes_of_lists),
	KUNIT_CASE_SLOW(device_without_lists_moves_the_bytes),
	KUNIT_CASE_SLOW(narrow_device_moves_the_bytes_of_lists),
	KUNIT_CASE(room_behind_the_last_element_is_zeroed),
	KUNIT_CASE_SLOW(device_moves_the_bytes_of_map_transfer),
	KUNIT_CASE_SLOW(kernel_copies_transfers_and_no_buffers),
	KUNIT_CASE(adapter_narrower_than_its_device_gets_no_list_behind_an_iommu),
	KUNIT_CASE(list_fails_cleanly_at_every_point),
	KUNIT_CASE(unbind_takes_lists_from_the_device),
	{}
};

static struct kunit_suite live_transfer_suite = {
	.name = "wdmdma_live_transfer",
	.test_cases = live_transfer_cases,
};

kunit_test_suite(live_transfer_suite);
