// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers of a device behind an external port and an IOMMU. The kernel lets it see whole pages
 * only, and copies parts of pages, for which many machines have no bounce buffers. The device,
 * which is QEMU's edu, is made an external one for each case.
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "compat.h"
#include "edu.h"
#include "memory.h"

#define PAGES		2
#define OFFSET		0x321
#define MOVED		4000	/* from OFFSET on they lie in two pages */

#define LONG_OFFSET	0x7ff
#define LONG_LENGTH	SZ_1M
#define LONG_REGISTERS	257

static struct edu *edu;

static void trust_again(void *pdev)
{
	((struct pci_dev *)pdev)->untrusted = 0;
}

/* Leave an adapter for an external device behind an IOMMU in test->priv, or skip the case. */
static int live_external_init(struct kunit *test)
{
	if (!edu_is_there(test, EDU_SLOT_32_BITS))
		return 0;
	edu = edu_at(EDU_SLOT_32_BITS);
	if (!wdmdma_iommu_translates(&edu->pdev->dev))
		return 0;
	edu->pdev->untrusted = 1;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, trust_again, edu->pdev), 0);
	test->priv = wdmdma_test_fixture_on(test, &edu->pdev->dev, 32);
	return 0;
}

static struct wdmdma_fixture *fixture_of(struct kunit *test)
{
	if (!test->priv)
		kunit_skip(test, "the machine has no such edu device, or no IOMMU");
	return test->priv;
}

static bool has_bounce_buffers(struct wdmdma_fixture *f)
{
	phys_addr_t start, end;

	return wdmdma_bounce_pool(f->dev, &start, &end);
}

static u8 *page_at(struct wdmdma_fixture *f, PHYSICAL_ADDRESS la)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(f->dev);

	return phys_to_virt(iommu_iova_to_phys(domain, la.QuadPart & PAGE_MASK));
}

/* Expect that the device sees nothing of the two pages but the bytes of the list. */
static void expect_nothing_else_is_seen(struct kunit *test, struct wdmdma_fixture *f,
					const SCATTER_GATHER_LIST *list)
{
	const SCATTER_GATHER_ELEMENT *last = &list->Elements[list->NumberOfElements - 1];
	PHYSICAL_ADDRESS end = { .QuadPart = last->Address.QuadPart + last->Length };

	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(page_at(f, list->Elements[0].Address),
						    OFFSET));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(page_at(f, end) + offset_in_page(end.QuadPart),
						    PAGE_SIZE - offset_in_page(end.QuadPart)));
}

/* Move the bytes of a list from its memory to the device, or back. */
static void move_list(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl, BOOLEAN write)
{
	PSCATTER_GATHER_LIST list = wdmdma_test_list(test, adapter, mdl, write);
	u64 inside = EDU_BUFFER;
	ULONG i;

	for (i = 0; i < list->NumberOfElements; i++) {
		u64 la = list->Elements[i].Address.QuadPart;
		ULONG length = list->Elements[i].Length;

		KUNIT_EXPECT_EQ(test, edu_copy(edu, write ? la : inside, write ? inside : la,
					       length, write ? 0 : EDU_DMA_TO_MEMORY), 0);
		inside += length;
	}
	KUNIT_EXPECT_EQ(test, inside, (u64)EDU_BUFFER + MOVED);
	KUNIT_EXPECT_EQ(test, list->Elements[0].Address.QuadPart & (SZ_4K - 1), (LONGLONG)OFFSET);
	if (!has_bounce_buffers(test->priv))
		expect_nothing_else_is_seen(test, test->priv, list);
	adapter->DmaOperations->PutScatterGatherList(adapter, list, write);
}

static void expect_parts_are_moved(struct kunit *test, PDMA_ADAPTER adapter)
{
	struct wdmdma_memory *from = wdmdma_test_memory(test, PAGES);
	struct wdmdma_memory *to = wdmdma_test_memory(test, PAGES);

	memset(to->va, 0, PAGES * PAGE_SIZE);
	move_list(test, adapter, wdmdma_test_mdl(test, from->va + OFFSET, MOVED), TRUE);
	move_list(test, adapter, wdmdma_test_mdl(test, to->va + OFFSET, MOVED), FALSE);
	KUNIT_EXPECT_EQ(test, memcmp(from->va + OFFSET, to->va + OFFSET, MOVED), 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(to->va, OFFSET));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(to->va + OFFSET + MOVED,
						    PAGES * PAGE_SIZE - OFFSET - MOVED));
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

static void parts_of_pages_are_moved(struct kunit *test)
{
	struct wdmdma_fixture *f = fixture_of(test);

	expect_parts_are_moved(test, f->adapter);
}

static void parts_of_pages_are_moved_as_one_range(struct kunit *test)
{
	fixture_of(test);
	expect_parts_are_moved(test, wdmdma_test_adapter(test, 32, SZ_64K, FALSE));
}

/* Whole pages are not copied, and the device sees the memory itself. */
static void whole_pages_are_not_copied(struct kunit *test)
{
	struct wdmdma_fixture *f = fixture_of(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, PAGES * PAGE_SIZE);
	PSCATTER_GATHER_LIST list = wdmdma_test_list(test, f->adapter, mdl, TRUE);
	ULONG i;

	KUNIT_ASSERT_EQ(test, list->NumberOfElements, (ULONG)PAGES);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_PTR_EQ(test, page_at(f, list->Elements[i].Address),
				    (u8 *)page_address(memory->page[i]));
	f->ops->PutScatterGatherList(f->adapter, list, TRUE);
}

/* A part of a page must be copied, by whomever. */
static void part_of_a_page_is_not_mapped_without_a_copy(struct kunit *test)
{
	struct wdmdma_fixture *f = fixture_of(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + OFFSET, MOVED);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, MOVED,
						       DMA_SYNCHRONOUS_CALLBACK |
						       DMA_FAIL_ON_BOUNCE, NULL, NULL, TRUE, NULL,
						       NULL, &list),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, list);
}

static void free_block(void *page)
{
	__free_pages(page, get_order(LONG_OFFSET + LONG_LENGTH));
}

static ULONG granted(struct kunit *test, BOOLEAN lists)
{
	PDMA_ADAPTER adapter;
	ULONG registers = wdmdma_test_granted(test, 32, SZ_2G, lists, &adapter);

	adapter->DmaOperations->PutDmaAdapter(adapter);
	return registers;
}

/* The kernel's bounce buffers take 256 KiB in one piece. */
static void granted_registers_map_long_parts_as_one_range(struct kunit *test)
{
	struct wdmdma_fixture *f = fixture_of(test);
	ULONG length = LONG_LENGTH;
	PDMA_ADAPTER adapter;
	struct page *page;
	PVOID base;
	u8 *va;
	PMDL mdl;

	if (granted(test, FALSE) < LONG_REGISTERS) {
		kunit_skip(test, "the bounce buffers are too few for that many map registers");
		return;
	}
	page = alloc_pages(GFP_KERNEL, get_order(LONG_OFFSET + LONG_LENGTH));
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_block, page), 0);
	va = page_address(page) + LONG_OFFSET;
	memset(va, 0x5a, LONG_LENGTH);
	adapter = wdmdma_test_adapter(test, 32, LONG_LENGTH, FALSE);
	mdl = wdmdma_test_mdl(test, va, LONG_LENGTH);
	base = wdmdma_test_registers(test, adapter, LONG_REGISTERS);
	KUNIT_EXPECT_NE(test, f->ops->MapTransfer(adapter, mdl, base, va, &length, TRUE).QuadPart,
			0LL);
	KUNIT_EXPECT_EQ(test, length, (ULONG)LONG_LENGTH);
	f->ops->FlushAdapterBuffers(adapter, mdl, base, va, LONG_LENGTH, TRUE);
	f->ops->FreeMapRegisters(adapter, base, LONG_REGISTERS);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* Any page of a transfer may have to be copied, to the bounce buffers or to memory. */
static void no_more_is_granted_than_can_be_copied(struct kunit *test)
{
	struct wdmdma_fixture *f = fixture_of(test);
	u64 most = totalram_pages() / 2;
	phys_addr_t start, end;
	ULONG registers;

	if (wdmdma_bounce_pool(f->dev, &start, &end))
		most = PHYS_PFN(end - start) / 2;
	registers = granted(test, TRUE);
	KUNIT_EXPECT_LE(test, registers, most);
	KUNIT_EXPECT_GE(test, registers, most / 2);
	KUNIT_EXPECT_LE(test, granted(test, FALSE), 1U << MAX_PAGE_ORDER);
}

static struct kunit_case live_external_cases[] = {
	KUNIT_CASE_SLOW(parts_of_pages_are_moved),
	KUNIT_CASE_SLOW(parts_of_pages_are_moved_as_one_range),
	KUNIT_CASE(whole_pages_are_not_copied),
	KUNIT_CASE(part_of_a_page_is_not_mapped_without_a_copy),
	KUNIT_CASE(granted_registers_map_long_parts_as_one_range),
	KUNIT_CASE(no_more_is_granted_than_can_be_copied),
	{}
};

static struct kunit_suite live_external_suite = {
	.name = "wdmdma_live_external",
	.init = live_external_init,
	.test_cases = live_external_cases,
};

kunit_test_suite(live_external_suite);
