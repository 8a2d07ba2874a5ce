// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatter/gather lists, through the table, without an IOMMU (wdm/wdm_sg_calls.c). The test
 * plays the device, because the address of an element is the physical address of the memory.
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "level.h"
#include "memory.h"
#include "sgl.h"

#define SYNC	DMA_SYNCHRONOUS_CALLBACK

struct part_row {
	const char *name;
	unsigned int pages;
	size_t offset;
	size_t length;
};

static const struct part_row part_rows[] = {
	{ "one byte", 1, 0, 1 },
	{ "the last byte", 3, 3 * SZ_4K - 1, 1 },
	{ "one page", 1, 0, SZ_4K },
	{ "across a page border", 2, SZ_4K - 1, 2 },
	{ "all of three pages", 3, 0, 3 * SZ_4K },
	{ "from inside a page to inside one", 5, 100, 4 * SZ_4K },
	{ "the 17th page", 17, 16 * SZ_4K, SZ_4K },
	{ "49 pages", 49, 0, 49 * SZ_4K },
	{ "2048 pages", 2048, 5, 2048 * SZ_4K - 10 },
};

KUNIT_ARRAY_PARAM_DESC(part, part_rows, name);

static void list_describes_the_bytes_in_order(struct kunit *test)
{
	const struct part_row *row = test->param_value;
	PDMA_ADAPTER adapter = wdmdma_test_adapter(test, 64, SZ_8M, TRUE);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, row->pages);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, row->pages * SZ_4K);
	struct wdmdma_caught caught;

	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(adapter, mdl, row->offset, row->length, TRUE, &caught),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, caught.calls, 1U);
	KUNIT_EXPECT_EQ(test, caught.list->NumberOfElements,
			PFN_UP(row->offset + row->length) - (row->offset >> PAGE_SHIFT));
	wdmdma_test_expect_list(test, caught.list, memory, row->offset, row->length);
	sgl_put(adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

static void pages_that_follow_each_other_are_one_element(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_caught caught;
	u8 *va = kunit_kzalloc(test, SZ_32K, GFP_KERNEL);
	PMDL mdl = wdmdma_test_mdl(test, va, SZ_32K);

	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(fixture->adapter, mdl, 10, SZ_32K - 20, FALSE, &caught),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, caught.list->NumberOfElements, 1U);
	if (!wdmdma_test_copies_all(fixture->dev))
		KUNIT_EXPECT_EQ(test, (u64)caught.list->Elements[0].Address.QuadPart,
				(u64)virt_to_phys(va + 10));
	KUNIT_EXPECT_EQ(test, caught.list->Elements[0].Length, (ULONG)SZ_32K - 20);
	sgl_put(fixture->adapter, caught.list, FALSE);
}

/* The call is made at PASSIVE_LEVEL, with bottom halves off, and with interrupts off. */
static void routine_runs_once_at_dispatch_level(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdmdma_caught caught;
	unsigned long flags;

	wdmdma_test_catch_init(&caught);
	sgl_get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught);
	KUNIT_EXPECT_EQ(test, caught.calls, 1U);
	KUNIT_EXPECT_PTR_EQ(test, caught.object, (PDEVICE_OBJECT)(&caught));
	KUNIT_EXPECT_NULL(test, caught.irp);
	sgl_put(fixture->adapter, caught.list, TRUE);

	local_bh_disable();
	sgl_get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught);
	sgl_put(fixture->adapter, caught.list, TRUE);
	local_bh_enable();

	flags = wdmdma_test_raise();
	sgl_get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught);
	sgl_put(fixture->adapter, caught.list, TRUE);
	wdmdma_test_lower(flags);
	KUNIT_EXPECT_EQ(test, caught.calls, 3U);
	KUNIT_EXPECT_TRUE(test, caught.at_dispatch);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

/*
 * The virtual address of the MDL belongs to another process and must
 * only serve as an index. Driver Verifier's bug check 0xE6, code 0x22. The MDL must
 * need no system address.
 */
static void current_va_is_an_index_of_any_process(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PVOID va = (PVOID)0x7f0000001100;
	PMDL mdl = kunit_kzalloc(test, MmSizeOfMdl(va, SZ_8K), GFP_KERNEL);
	struct wdmdma_caught caught;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmInitializeMdl(mdl, va, SZ_8K);
	mdl->MdlFlags |= MDL_PAGES_LOCKED | MDL_WRITE_OPERATION;
	for (i = 0; i < 3; i++)
		MmGetMdlPfnArray(mdl)[i] = page_to_pfn(memory->page[i]);

	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test,
			fixture->ops->GetScatterGatherList(fixture->adapter, NULL, mdl, va + 5000,
							   SZ_8K - 5000, wdmdma_test_catch_list,
							   &caught, TRUE),
			STATUS_SUCCESS);
	wdmdma_test_expect_list(test, caught.list, memory, 0x100 + 5000, SZ_8K - 5000);
	sgl_put(fixture->adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test,
			fixture->ops->GetScatterGatherList(fixture->adapter, NULL, mdl, va - 1, 1,
							   wdmdma_test_catch_list, &caught, TRUE),
			STATUS_INVALID_PARAMETER);
}

/*
 * A chain of three MDLs describes one memory, and the middle MDL is empty. The start of the
 * list is given by CurrentVa and by Offset.
 */
static void chains_are_walked(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 6);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5000);
	PMDL empty = wdmdma_test_mdl(test, memory->va, 0);
	PMDL last = wdmdma_test_mdl(test, memory->va + 5000, 6 * SZ_4K - 5000);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	struct wdmdma_caught caught;

	mdl->Next = empty;
	empty->Next = last;
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(fixture->adapter, mdl, 4000, 5 * SZ_4K - 4000, TRUE, &caught),
			STATUS_SUCCESS);
	wdmdma_test_expect_list(test, caught.list, memory, 4000, 5 * SZ_4K - 4000);
	sgl_put(fixture->adapter, caught.list, TRUE);

	fixture->ops->InitializeDmaTransferContext(fixture->adapter, context);
	KUNIT_ASSERT_EQ(test,
			fixture->ops->GetScatterGatherListEx(fixture->adapter, NULL, context, mdl,
							     6000, 6 * SZ_4K - 6000, SYNC, NULL,
							     NULL, TRUE, NULL, NULL, &list),
			STATUS_SUCCESS);
	wdmdma_test_expect_list(test, list, memory, 6000, 6 * SZ_4K - 6000);
	sgl_put(fixture->adapter, list, TRUE);
}

/*
 * A network stack hands down chains whose first MDL is empty, or used up. The index goes on in the
 * next MDL.
 */
static const struct first_row {
	const char *name;
	ULONG first;	/* bytes of the first MDL */
	size_t start;	/* of the list, from the start of the chain */
} first_rows[] = {
	{ "empty first MDL", 0, 0 },
	{ "inside behind an empty MDL", 0, 5000 },
	{ "at the end of the first MDL", 3000, 3000 },
	{ "behind the first MDL", 3000, 8000 },
};

KUNIT_ARRAY_PARAM_DESC(first, first_rows, name);

static void chain_may_begin_behind_its_first_mdl(struct kunit *test)
{
	const struct first_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, row->first);
	ULONG length = 4 * SZ_4K - row->start, size, registers;
	u8 *va = memory->va, buffer[256];
	struct wdmdma_caught caught;

	mdl->Next = wdmdma_test_mdl(test, va + row->first, 4 * SZ_4K - row->first);
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(f->adapter, mdl, row->start, length, TRUE, &caught),
			STATUS_SUCCESS);
	wdmdma_test_expect_list(test, caught.list, memory, row->start, length);
	sgl_put(f->adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test, f->ops->CalculateScatterGatherList(f->adapter, mdl, va + row->start,
								 length, &size, &registers),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, registers, (ULONG)(PFN_UP(4 * SZ_4K) - row->start / SZ_4K));
	KUNIT_ASSERT_EQ(test,
			f->ops->BuildScatterGatherList(f->adapter, NULL, mdl, va + row->start,
						       length, wdmdma_test_catch_list, &caught,
						       TRUE, buffer, sizeof(buffer)),
			STATUS_SUCCESS);
	wdmdma_test_expect_list(test, (void *)buffer, memory, row->start, length);
	sgl_put(f->adapter, (void *)buffer, TRUE);
	KUNIT_EXPECT_EQ(test, sgl_get(f->adapter, mdl, row->start, length + 1, TRUE, &caught),
			STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, sgl_get(f->adapter, mdl, -1, 1, TRUE, &caught),
			STATUS_BUFFER_TOO_SMALL);
}

static const struct loop_row {
	const char *name;
	unsigned int mdls;	/* of a page each, unless they are empty */
	unsigned int back_to;	/* index of the MDL that follows the last */
	bool empty;
	ULONG length;
	bool good;
} loop_rows[] = {
	{ "one, and no more than it", 1, 0, false, SZ_4K, true },
	{ "one, twice", 1, 0, false, SZ_8K, false },
	{ "one, and a byte of it again", 1, 0, false, SZ_4K + 1, false },
	{ "three, and four pages", 3, 0, false, 4 * SZ_4K, false },
	{ "four, of which the last three go round", 4, 1, false, 5 * SZ_4K, false },
	{ "four, of which the last goes round", 4, 3, false, 9 * SZ_4K, false },
	{ "an empty one", 1, 0, true, 1, false },
	{ "three empty ones", 3, 0, true, SZ_4K, false },
};

KUNIT_ARRAY_PARAM_DESC(loop, loop_rows, name);

/*
 * A chain must not give a byte twice. The device would access the byte twice, or the
 * call would never return.
 */
static void chains_that_go_round_are_refused(struct kunit *test)
{
	const struct loop_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught;
	PSCATTER_GATHER_LIST list;
	ULONG size, registers;
	PMDL mdl[4];
	unsigned int i;

	wdmdma_test_catch_init(&caught);
	for (i = 0; i < row->mdls; i++)
		mdl[i] = wdmdma_test_mdl(test, memory->va + i * SZ_4K, row->empty ? 0 : SZ_4K);
	for (i = 0; i < row->mdls; i++)
		mdl[i]->Next = i + 1 < row->mdls ? mdl[i + 1] : mdl[row->back_to];

	KUNIT_EXPECT_EQ(test, f->ops->CalculateScatterGatherList(f->adapter, mdl[0], memory->va,
								 row->length, &size, &registers),
			row->good ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl[0], 0,
						       row->length, SYNC, NULL, NULL, TRUE, NULL,
						       NULL, &list),
			row->good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER);
	if (list)
		sgl_put(f->adapter, list, TRUE);
	for (i = 0; i < row->mdls; i++)
		mdl[i]->Next = NULL;
}

/* The end of the transfer must not read the MDL. */
static void mdl_may_be_freed_before_the_put(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = IoAllocateMdl(memory->va, SZ_8K, FALSE, FALSE, NULL);
	struct wdmdma_caught caught;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	wdmdma_test_catch_init(&caught);
	KUNIT_EXPECT_EQ(test, sgl_get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught),
			STATUS_SUCCESS);
	IoFreeMdl(mdl);
	sgl_put(fixture->adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

static void map_registers_are_counted(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;	/* has 17 registers */
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 18);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 18 * SZ_4K);
	struct wdmdma_caught caught, second;

	wdmdma_test_catch_init(&caught);
	wdmdma_test_catch_init(&second);
	KUNIT_EXPECT_EQ(test, sgl_get(fixture->adapter, mdl, 0, 17 * SZ_4K + 1, TRUE, &caught),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, sgl_get(fixture->adapter, mdl, 1, 17 * SZ_4K, TRUE, &caught),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	/* The limit is for each transfer and not for all transfers together. */
	KUNIT_EXPECT_EQ(test, sgl_get(fixture->adapter, mdl, 0, 17 * SZ_4K, TRUE, &caught),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, sgl_get(fixture->adapter, mdl, SZ_4K, 17 * SZ_4K, TRUE, &second),
			STATUS_SUCCESS);
	sgl_put(fixture->adapter, second.list, TRUE);
	sgl_put(fixture->adapter, caught.list, TRUE);
}

/* The memory of a list comes again. Behind the last element there must be nothing of before. */
static void list_shows_nothing_of_an_older_list(struct kunit *test)
{
	static const SCATTER_GATHER_ELEMENT none;
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 16);
	PMDL scattered = wdmdma_test_mdl(test, memory->va, SZ_64K);
	u8 *va = (u8 *)kunit_kzalloc(test, SZ_64K, GFP_KERNEL);
	PMDL contiguous = wdmdma_test_mdl(test, va, SZ_64K);
	PSCATTER_GATHER_LIST list[8];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = wdmdma_test_list(test, fixture->adapter, scattered, TRUE);
	for (i = 0; i < ARRAY_SIZE(list); i++)
		sgl_put(fixture->adapter, list[i], TRUE);
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		list[i] = wdmdma_test_list(test, fixture->adapter, contiguous, TRUE);
		for (j = list[i]->NumberOfElements; j < 16; j++)
			KUNIT_EXPECT_MEMEQ(test, &list[i]->Elements[j], &none, sizeof(none));
	}
	for (i = 0; i < ARRAY_SIZE(list); i++)
		sgl_put(fixture->adapter, list[i], TRUE);
}

static struct kunit_case wdm_sg_cases[] = {
	KUNIT_CASE_PARAM(list_describes_the_bytes_in_order, part_gen_params),
	KUNIT_CASE(pages_that_follow_each_other_are_one_element),
	KUNIT_CASE(routine_runs_once_at_dispatch_level),
	KUNIT_CASE(current_va_is_an_index_of_any_process),
	KUNIT_CASE(chains_are_walked),
	KUNIT_CASE_PARAM(chain_may_begin_behind_its_first_mdl, first_gen_params),
	KUNIT_CASE_PARAM(chains_that_go_round_are_refused, loop_gen_params),
	KUNIT_CASE(mdl_may_be_freed_before_the_put),
	KUNIT_CASE(map_registers_are_counted),
	KUNIT_CASE(list_shows_nothing_of_an_older_list),
	{}
};

static struct kunit_suite wdm_sg_suite = {
	.name = "wdmdma_wdm_sg",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_sg_cases,
};

kunit_test_suite(wdm_sg_suite);
