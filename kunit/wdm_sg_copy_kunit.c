// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatter/gather lists of memory that the device cannot address, or cannot access in several
 * elements (wdm/wdm_sg_calls.c).
 */
#include <linux/sizes.h>

#include "memory.h"
#include "sgl.h"

#define SYNC	DMA_SYNCHRONOUS_CALLBACK

/* The adapter has 24 address bits and the memory is higher, so the device must read a copy. */
static void memory_out_of_reach_is_copied_to_the_device(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 5);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5 * SZ_4K);
	struct wdmdma_caught caught;
	size_t done = 0;
	ULONG i;

	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(adapter, mdl, 100, 4 * SZ_4K, TRUE, &caught), STATUS_SUCCESS);
	for (i = 0; i < caught.list->NumberOfElements; i++) {
		SCATTER_GATHER_ELEMENT *element = &caught.list->Elements[i];

		if (!wdmdma_test_copies_all(f->dev))
			KUNIT_EXPECT_LE(test, (u64)element->Address.QuadPart + element->Length,
					1ULL << 24);
		KUNIT_EXPECT_EQ(test, memcmp(wdmdma_test_at(element->Address.QuadPart),
					     memory->va + 100 + done, element->Length), 0);
		done += element->Length;
	}
	KUNIT_EXPECT_EQ(test, done, 4UL * SZ_4K);
	sgl_put(adapter, caught.list, TRUE);
}

/*
 * Every page must be copied back, and bytes that the device did not write must stay. Driver
 * Verifier's bug check 0xE6, code 0x0F. No byte outside of the transfer may be written.
 */
static void memory_out_of_reach_is_copied_from_the_device(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 5);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5 * SZ_4K);
	u8 *before = kunit_kmalloc(test, 5 * SZ_4K, GFP_KERNEL);
	struct wdmdma_caught caught;
	size_t done = 0, at;
	ULONG i;

	KUNIT_ASSERT_NOT_NULL(test, before);
	memcpy(before, memory->va, 5 * SZ_4K);
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(adapter, mdl, 100, 4 * SZ_4K, FALSE, &caught),
			STATUS_SUCCESS);
	/* The device writes the first half of each element. */
	for (i = 0; i < caught.list->NumberOfElements; i++) {
		SCATTER_GATHER_ELEMENT *element = &caught.list->Elements[i];

		memset(wdmdma_test_at(element->Address.QuadPart), 0xa0 + i, element->Length / 2);
		memset(before + 100 + done, 0xa0 + i, element->Length / 2);
		done += element->Length;
	}
	sgl_put(adapter, caught.list, FALSE);
	for (at = 0; at < 5 * SZ_4K; at++)
		if (memory->va[at] != before[at])
			break;
	KUNIT_EXPECT_EQ(test, at, 5UL * SZ_4K);
}

static void no_bounce_fails_instead_of_copying(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;

	sgl_ops(adapter)->InitializeDmaTransferContext(adapter, context);
	KUNIT_EXPECT_EQ(test,
			sgl_ops(adapter)->GetScatterGatherListEx(adapter, NULL, context, mdl, 0, 1,
								 SYNC | DMA_FAIL_ON_BOUNCE, NULL,
								 NULL, TRUE, NULL, NULL, &list),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

/* Without ScatterGather all bytes must be in one element. */
static void adapter_without_lists_gets_one_element(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_adapter(test, 64, SZ_64K, FALSE);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 17);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 17 * SZ_4K);
	PSCATTER_GATHER_LIST list;
	u8 *copy;

	list = sgl_get_now(test, adapter, mdl, 17 * SZ_4K, TRUE);
	KUNIT_EXPECT_EQ(test, list->NumberOfElements, 1U);
	KUNIT_EXPECT_EQ(test, list->Elements[0].Length, 17U * SZ_4K);
	copy = wdmdma_test_at(list->Elements[0].Address.QuadPart);
	KUNIT_EXPECT_EQ(test, memcmp(copy, memory->va, 17 * SZ_4K), 0);
	sgl_put(adapter, list, TRUE);

	list = sgl_get_now(test, adapter, mdl, 17 * SZ_4K, FALSE);
	copy = wdmdma_test_at(list->Elements[0].Address.QuadPart);
	memset(copy, 0x77, 17 * SZ_4K);
	KUNIT_EXPECT_NE(test, memory->va[16 * SZ_4K], (u8)0x77);
	sgl_put(adapter, list, FALSE);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va, 0x77, 17 * SZ_4K));

	/* A single page is contiguous, so it must not be copied. */
	list = sgl_get_now(test, adapter, mdl, SZ_4K, TRUE);
	wdmdma_test_expect_list(test, list, memory, 0, SZ_4K);
	sgl_put(adapter, list, TRUE);
}

static struct kunit_case wdm_sg_copy_cases[] = {
	KUNIT_CASE(memory_out_of_reach_is_copied_to_the_device),
	KUNIT_CASE(memory_out_of_reach_is_copied_from_the_device),
	KUNIT_CASE(no_bounce_fails_instead_of_copying),
	KUNIT_CASE(adapter_without_lists_gets_one_element),
	{}
};

static struct kunit_suite wdm_sg_copy_suite = {
	.name = "wdmdma_wdm_sg_copy",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_sg_copy_cases,
};

kunit_test_suite(wdm_sg_copy_suite);
