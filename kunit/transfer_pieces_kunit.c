// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of calls under map registers, and what the cut of a transfer into pieces checks
 * (core/map_registers.c, core/transfer_source.c).
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/channel.h"
#include "memory.h"
#include "sgl.h"

#define SYNC	DMA_SYNCHRONOUS_CALLBACK
#define PAGES	8
#define RUN	64U

/* Allocate map registers for a test, without the channel. */
static struct wdmdma_registers *registers_of(struct kunit *test, ULONG count)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_fixture *f = test->priv;
	PVOID base;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateAdapterChannelEx(f->adapter, NULL, context, count, SYNC,
							 NULL, NULL, &base),
			STATUS_SUCCESS);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObjectKeepRegisters);
	return base;
}

/* Map @length bytes from @offset on. Return how many were mapped, which is 0 on failure. */
static ULONG map(struct kunit *test, struct wdmdma_registers *registers, PMDL mdl, ULONG offset,
		 ULONG length)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la = f->ops->MapTransfer(f->adapter, mdl, registers,
						  MmGetMdlVirtualAddress(mdl) + offset, &length,
						  TRUE);

	KUNIT_EXPECT_EQ(test, !la.QuadPart, !length);
	return length;
}

static bool flush(struct kunit *test, struct wdmdma_registers *registers, PMDL mdl, ULONG offset,
		  ULONG length)
{
	struct wdmdma_fixture *f = test->priv;

	return f->ops->FlushAdapterBuffers(f->adapter, mdl, registers,
					   MmGetMdlVirtualAddress(mdl) + offset, length, TRUE);
}

/* Expect that @used registers are mapped, and that the last mapping is remembered. */
static void expect_used(struct kunit *test, const struct wdmdma_registers *registers, u32 used)
{
	KUNIT_EXPECT_EQ(test, registers->used, used);
	KUNIT_EXPECT_PTR_EQ(test, registers->last, rb_last(&registers->mapped));
	KUNIT_EXPECT_LE(test, registers->spare_pages, registers->count);
}

static void free_registers(struct kunit *test, struct wdmdma_registers *registers)
{
	struct wdmdma_fixture *f = test->priv;

	expect_used(test, registers, 0);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&registers->mapped));
	f->ops->FreeMapRegisters(f->adapter, registers, registers->count);
}

/* Whatever the order of the calls, no byte may be mapped twice. */
static void pieces_go_on_go_back_and_do_not_overlap(struct kunit *test)
{
	static const unsigned int order[] = { 4, 5, 1, 7, 0, 6, 3 };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, PAGES * SZ_4K);
	struct wdmdma_registers *registers = registers_of(test, 2 * PAGES);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		KUNIT_ASSERT_EQ(test, map(test, registers, mdl, order[i] * SZ_4K, SZ_4K),
				(ULONG)SZ_4K);
		expect_used(test, registers, i + 1);
		for (j = 0; j <= i; j++) {
			ULONG start = order[j] * SZ_4K;

			KUNIT_EXPECT_EQ(test, map(test, registers, mdl, start, SZ_4K), 0U);
			KUNIT_EXPECT_EQ(test, map(test, registers, mdl, start + 4095, 1), 0U);
			KUNIT_EXPECT_EQ(test, map(test, registers, mdl, start, 1), 0U);
		}
		expect_used(test, registers, i + 1);
	}
	/* Page 2 is free, and pages 1 and 3 are not. */
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 2 * SZ_4K + 10, 100), 100U);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 2 * SZ_4K, 11), 0U);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 2 * SZ_4K, 10), 10U);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 2 * SZ_4K + 109, 1000), 0U);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 2 * SZ_4K + 110, SZ_8K),
			(ULONG)SZ_4K - 110);
	expect_used(test, registers, ARRAY_SIZE(order) + 3);

	/* The end of a part in the middle, and of the last part. */
	KUNIT_EXPECT_FALSE(test, flush(test, registers, mdl, 2 * SZ_4K + 1, 2 * SZ_4K));
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl, 2 * SZ_4K, 2 * SZ_4K));
	expect_used(test, registers, ARRAY_SIZE(order) - 1);
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl, 7 * SZ_4K, SZ_4K));
	expect_used(test, registers, ARRAY_SIZE(order) - 2);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 7 * SZ_4K, SZ_4K), (ULONG)SZ_4K);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 6 * SZ_4K, SZ_4K), 0U);
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl, 0, PAGES * SZ_4K));
	free_registers(test, registers);
}

/* A call may ask for bytes behind its piece that are mapped already. Only the piece counts. */
static void piece_ends_before_what_is_mapped(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 4 * SZ_4K);
	struct wdmdma_registers *registers = registers_of(test, 4);

	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, SZ_4K, SZ_4K), (ULONG)SZ_4K);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 0, 4 * SZ_4K), (ULONG)SZ_4K);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, SZ_8K, SZ_8K), (ULONG)SZ_4K);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 3 * SZ_4K, SZ_4K), (ULONG)SZ_4K);
	KUNIT_EXPECT_EQ(test, map(test, registers, mdl, 3 * SZ_4K, SZ_4K), 0U);
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl, 0, 4 * SZ_4K));
	free_registers(test, registers);
}

/* A flush ends the mappings of one MDL, and leaves those of others. */
static void flush_is_for_one_mdl(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl[] = {
		wdmdma_test_mdl(test, memory->va, 4 * SZ_4K),
		wdmdma_test_mdl(test, memory->va, 4 * SZ_4K),
		wdmdma_test_mdl(test, memory->va, 4 * SZ_4K),
	};
	struct wdmdma_registers *registers = registers_of(test, 3 * 4);
	unsigned int i, j;

	for (i = 0; i < 4; i++)
		for (j = 0; j < ARRAY_SIZE(mdl); j++)
			KUNIT_ASSERT_EQ(test, map(test, registers, mdl[(i + j) % 3], i * SZ_4K,
						  SZ_4K), (ULONG)SZ_4K);
	expect_used(test, registers, 12);
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl[1], 0, 4 * SZ_4K));
	expect_used(test, registers, 8);
	KUNIT_EXPECT_FALSE(test, flush(test, registers, mdl[1], 0, 4 * SZ_4K));
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl[0], 0, SZ_8K));
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl[2], SZ_8K, SZ_8K));
	expect_used(test, registers, 4);
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl[0], 0, U32_MAX));
	KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl[2], 0, U32_MAX));
	free_registers(test, registers);
}

/* Records are used again, by parts of other lengths too. They must not add up. */
static void records_are_used_again(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, PAGES * SZ_4K);
	struct wdmdma_registers *registers = registers_of(test, PAGES);
	u8 list[0x10 + 0x18 * PAGES];
	unsigned int round, i;
	ULONG length;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < PAGES; i++)
			KUNIT_ASSERT_EQ(test, map(test, registers, mdl, i * SZ_4K, SZ_4K),
					(ULONG)SZ_4K);
		KUNIT_EXPECT_EQ(test, registers->spare_pages, 0U);
		KUNIT_EXPECT_TRUE(test, flush(test, registers, mdl, 0, PAGES * SZ_4K));
		KUNIT_EXPECT_EQ(test, registers->spare_pages, (u32)PAGES);
		for (i = 2; i <= PAGES; i += 2) {
			length = i * SZ_4K;
			KUNIT_ASSERT_EQ(test,
					f->ops->MapTransferEx(f->adapter, mdl, registers, 0, 0,
							      &length, TRUE, (void *)list,
							      sizeof(list), NULL, NULL),
					STATUS_SUCCESS);
			KUNIT_EXPECT_EQ(test, length, i * SZ_4K);
			wdmdma_test_expect_list(test, (void *)list, memory, 0, length);
			KUNIT_EXPECT_EQ(test,
					f->ops->FlushAdapterBuffersEx(f->adapter, mdl, registers,
								      0, length, TRUE),
					STATUS_SUCCESS);
			expect_used(test, registers, 0);
		}
	}
	free_registers(test, registers);
}

/* Limits below a page make more pieces than pages. All of them must be mapped. */
static void pieces_below_a_page_are_all_mapped(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdmdma_registers *registers = registers_of(test, 2);
	u8 list[0x10 + 0x18 * 8];
	ULONG length = SZ_8K;

	dma_set_max_seg_size(f->dev, SZ_1K);
	KUNIT_ASSERT_EQ(test,
			f->ops->MapTransferEx(f->adapter, mdl, registers, 0, 0, &length, TRUE,
					      (void *)list, sizeof(list), NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, (ULONG)SZ_8K);
	wdmdma_test_expect_list(test, (void *)list, memory, 0, length);
	f->ops->FlushAdapterBuffersEx(f->adapter, mdl, registers, 0, length, TRUE);
	length = SZ_8K;
	KUNIT_ASSERT_EQ(test,
			f->ops->MapTransferEx(f->adapter, mdl, registers, 0, 0, &length, TRUE,
					      (void *)list, 0x10 + 0x18 * 3, NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, 3U * SZ_1K);
	f->ops->FlushAdapterBuffersEx(f->adapter, mdl, registers, 0, length, TRUE);
	free_registers(test, registers);
}

/* The frame of each page must be checked, wherever the page is, and in a run of pages too. */
static void frames_that_are_no_memory_are_found(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, PAGES * SZ_4K);
	struct wdmdma_registers *registers = registers_of(test, PAGES);
	struct wdmdma_caught caught;
	unsigned int i, j;

	wdmdma_test_catch_init(&caught);
	for (i = 0; i < PAGES; i++) {
		PFN_NUMBER pfn = MmGetMdlPfnArray(mdl)[i];

		MmGetMdlPfnArray(mdl)[i] = ~0UL >> PAGE_SHIFT;
		KUNIT_EXPECT_EQ(test, sgl_get(f->adapter, mdl, 0, PAGES * SZ_4K, TRUE, &caught),
				STATUS_INVALID_PARAMETER);
		/* The pages before it can be mapped piece by piece. */
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_EQ(test, map(test, registers, mdl, j * SZ_4K,
						  (PAGES - j) * SZ_4K), (ULONG)SZ_4K);
		KUNIT_EXPECT_EQ(test, map(test, registers, mdl, i * SZ_4K, (PAGES - i) * SZ_4K),
				0U);
		KUNIT_EXPECT_EQ(test, flush(test, registers, mdl, 0, PAGES * SZ_4K), i > 0);
		MmGetMdlPfnArray(mdl)[i] = pfn;
	}
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	free_registers(test, registers);
}

/* A run of frames that begins in memory and ends behind all memory. */
static void run_that_leaves_memory_is_found(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned long end = PHYS_PFN(__pa(high_memory - 1)) + 1, i;
	PMDL mdl = kunit_kzalloc(test, sizeof(*mdl) + PAGES * sizeof(PFN_NUMBER), GFP_KERNEL);
	struct wdmdma_caught caught;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	for (end = ALIGN(end, PAGES_PER_SUBSECTION); wdmdma_pfn_is_memory(end);)
		end += PAGES_PER_SUBSECTION;
	MmInitializeMdl(mdl, NULL, PAGES * SZ_4K);
	mdl->MdlFlags |= MDL_PAGES_LOCKED | MDL_WRITE_OPERATION;
	for (i = 0; i < PAGES; i++)
		MmGetMdlPfnArray(mdl)[i] = end - PAGES / 2 + i;
	wdmdma_test_catch_init(&caught);
	KUNIT_EXPECT_EQ(test, sgl_get(f->adapter, mdl, 0, PAGES * SZ_4K, TRUE, &caught),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

static void free_block(void *data)
{
	__free_pages(data, get_order(RUN * SZ_4K));
}

/* Return an MDL of pages that follow each other, or of the same pages in another order. */
static PMDL mdl_of_block(struct kunit *test, bool turned)
{
	struct page *block = alloc_pages(GFP_KERNEL, get_order(RUN * SZ_4K));
	PMDL mdl = kunit_kzalloc(test, sizeof(*mdl) + RUN * sizeof(PFN_NUMBER), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_block, block), 0);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmInitializeMdl(mdl, NULL, RUN * SZ_4K);
	mdl->MdlFlags |= MDL_PAGES_LOCKED | MDL_WRITE_OPERATION;
	for (i = 0; i < RUN; i++) {
		bool end = !i || i == RUN - 1;

		MmGetMdlPfnArray(mdl)[i] = page_to_pfn(block) +
					   (turned && !end ? RUN - 1 - i : i);
	}
	return mdl;
}

/*
 * The record of a long transfer has room for few pieces if its memory looks like one run of pages.
 * If it only looks so, or the device takes short pieces only, all pieces must be there as well.
 */
static void what_looks_like_a_run_is_mapped(struct kunit *test)
{
	static const struct { bool turned; unsigned int most, elements; } rows[] = {
		{ false, SZ_1M, 1 },
		{ false, SZ_16K, RUN / 4 },
		{ false, SZ_4K, RUN },
		{ true, SZ_1M, RUN },
		{ true, SZ_16K, RUN },
	};
	PDMA_ADAPTER adapter = wdmdma_test_adapter(test, 64, RUN * SZ_4K, TRUE);
	struct wdmdma_fixture *f = test->priv;
	unsigned int i;
	ULONG j;

	if (wdmdma_test_copies_all(f->dev))
		kunit_skip(test, "the kernel copies all memory");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		PMDL mdl = mdl_of_block(test, rows[i].turned);
		PFN_NUMBER *pfn = MmGetMdlPfnArray(mdl);
		PSCATTER_GATHER_LIST list;
		u64 at = 0;

		dma_set_max_seg_size(f->dev, rows[i].most);
		list = sgl_get_now(test, adapter, mdl, RUN * SZ_4K, TRUE);
		KUNIT_EXPECT_EQ(test, list->NumberOfElements, rows[i].elements);
		for (j = 0; j < list->NumberOfElements; j++) {
			KUNIT_EXPECT_EQ(test, (u64)list->Elements[j].Address.QuadPart,
					PFN_PHYS(pfn[at >> PAGE_SHIFT]));
			at += list->Elements[j].Length;
		}
		KUNIT_EXPECT_EQ(test, at, (u64)RUN * SZ_4K);
		sgl_put(adapter, list, TRUE);
		KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
	}
}

/*
 * A page that two MDLs of a chain share takes two map registers, and makes one piece. Whole pages
 * follow. The room that is left must not make another piece.
 */
static void room_may_be_left(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5000);
	struct wdmdma_registers *registers = registers_of(test, PAGES + 1);
	u8 list[0x10 + 0x18 * (PAGES + 1)];
	ULONG length = PAGES * SZ_4K;
	struct wdmdma_caught caught;

	mdl->Next = wdmdma_test_mdl(test, memory->va + 5000, PAGES * SZ_4K - 5000);
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(f->adapter, mdl, 0, length, TRUE, &caught), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, caught.list->NumberOfElements, (ULONG)PAGES);
	wdmdma_test_expect_list(test, caught.list, memory, 0, length);
	sgl_put(f->adapter, caught.list, TRUE);
	KUNIT_ASSERT_EQ(test,
			f->ops->MapTransferEx(f->adapter, mdl, registers, 0, 0, &length, TRUE,
					      (void *)list, sizeof(list), NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, (ULONG)PAGES * SZ_4K);
	wdmdma_test_expect_list(test, (void *)list, memory, 0, length);
	f->ops->FlushAdapterBuffersEx(f->adapter, mdl, registers, 0, length, TRUE);
	free_registers(test, registers);
}

/* A list that is put twice, or by another address, must leave the other lists alone. */
static void put_twice_leaves_the_others(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	const unsigned int nr = 16;
	struct wdmdma_caught *caught = kunit_kcalloc(test, nr, sizeof(*caught), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, caught);
	for (i = 0; i < nr; i++) {
		wdmdma_test_catch_init(&caught[i]);
		KUNIT_ASSERT_EQ(test, sgl_get(f->adapter, mdl, 0, i % 2 ? SZ_8K : SZ_4K, TRUE,
					      &caught[i]), STATUS_SUCCESS);
	}
	for (i = 0; i < nr; i += 2) {
		sgl_put(f->adapter, (void *)caught[i].list->Elements, TRUE);
		sgl_put(f->adapter, caught[i].list, TRUE);
		sgl_put(f->adapter, caught[i].list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), nr / 2);
	for (i = 1; i < nr; i += 2) {
		wdmdma_test_expect_list(test, caught[i].list, memory, 0, SZ_8K);
		sgl_put(f->adapter, caught[i].list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

static struct kunit_case transfer_pieces_cases[] = {
	KUNIT_CASE(pieces_go_on_go_back_and_do_not_overlap),
	KUNIT_CASE(piece_ends_before_what_is_mapped),
	KUNIT_CASE(flush_is_for_one_mdl),
	KUNIT_CASE(records_are_used_again),
	KUNIT_CASE(pieces_below_a_page_are_all_mapped),
	KUNIT_CASE(frames_that_are_no_memory_are_found),
	KUNIT_CASE(run_that_leaves_memory_is_found),
	KUNIT_CASE(what_looks_like_a_run_is_mapped),
	KUNIT_CASE(room_may_be_left),
	KUNIT_CASE(put_twice_leaves_the_others),
	{}
};

static struct kunit_suite transfer_pieces_suite = {
	.name = "wdmdma_transfer_pieces",
	.init = wdmdma_test_fixture_init,
	.test_cases = transfer_pieces_cases,
};

kunit_test_suite(transfer_pieces_suite);
