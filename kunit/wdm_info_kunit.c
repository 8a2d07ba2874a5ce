// SPDX-License-Identifier: GPL-2.0-only
/* GetDmaAdapterInfo, GetDmaTransferInfo and CalculateScatterGatherList (wdm/wdm_info.c). */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "core/adapter.h"
#include "memory.h"

#define LIST(elements)	(0x10U + 0x18U * (elements))

static NTSTATUS calculate(PDMA_ADAPTER adapter, PMDL mdl, PVOID va, ULONG length, PULONG size,
			  PULONG registers)
{
	return adapter->DmaOperations->CalculateScatterGatherList(adapter, mdl, va, length, size,
								  registers);
}

static const struct worst_row {
	const char *name;
	ULONG_PTR va;
	ULONG length;
	ULONG registers;
	NTSTATUS status;
} worst_rows[] = {
	{ "one byte", 0, 1, 1 },
	{ "a page", 0, SZ_4K, 1 },
	{ "two bytes across a border", SZ_4K - 1, 2, 2 },
	{ "all registers", 0, 17 * SZ_4K, 17 },
	{ "one byte in each of the ends", SZ_4K - 1, 15 * SZ_4K + 2, 17 },
	{ "worst place for a packet", SZ_4K - 1, 1514, 2 },
	{ "one byte too much", 0, 17 * SZ_4K + 1, 0, STATUS_INSUFFICIENT_RESOURCES },
	{ "one register too much", 1, 17 * SZ_4K, 0, STATUS_INSUFFICIENT_RESOURCES },
	{ "the longest", 0, U32_MAX, 0, STATUS_INSUFFICIENT_RESOURCES },
	{ "nothing", 0, 0, 0, STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(worst, worst_rows, name);

/* There must be exactly as many registers as pages, because drivers check this number. */
static void calculate_without_mdl_gives_the_worst_case(struct kunit *test)
{
	const struct worst_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	ULONG size = 1, registers = 1;

	KUNIT_EXPECT_EQ(test, calculate(f->adapter, NULL, (PVOID)row->va, row->length, &size,
					&registers),
			row->status);
	KUNIT_EXPECT_EQ(test, registers, row->registers);
	KUNIT_EXPECT_EQ(test, size, row->registers ? LIST(row->registers) : 0U);
	/* The number of registers must be optional. */
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, NULL, (PVOID)row->va, row->length, &size, NULL),
			row->status);
}

static void calculate_with_mdl_looks_at_its_pages(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 8);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5000);
	ULONG size, registers;

	/* An empty MDL has no pages. */
	mdl->Next = wdmdma_test_mdl(test, memory->va + 5000, 0);
	mdl->Next->Next = wdmdma_test_mdl(test, memory->va + 5000, 8 * SZ_4K - 5000);
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, mdl, memory->va, 8 * SZ_4K, &size, &registers),
			STATUS_SUCCESS);
	/* Both MDLs describe the shared page, so it takes two registers but only one element. */
	KUNIT_EXPECT_EQ(test, registers, 9U);
	KUNIT_EXPECT_EQ(test, size, LIST(8));
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, mdl, memory->va + 4999, 1, &size, &registers),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, registers, 1U);
	KUNIT_EXPECT_EQ(test, size, LIST(1));
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, mdl, memory->va, 8 * SZ_4K + 1, &size,
					&registers),
			STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, size, 0U);
	KUNIT_EXPECT_EQ(test, registers, 0U);
	/* The index goes on behind the first MDL, up to the end of the chain. */
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, mdl, memory->va + 5000, 1, &size, &registers),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, registers, 1U);
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, mdl, memory->va + 8 * SZ_4K, 1, &size,
					&registers),
			STATUS_BUFFER_TOO_SMALL);
	mdl->Next = NULL;
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, mdl, memory->va + 5000, 1, &size, &registers),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, calculate(f->adapter, mdl, memory->va, 1, NULL, &registers),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test,
			f->ops->CalculateScatterGatherList((PDMA_ADAPTER)f, mdl, memory->va, 1,
							   &size, &registers),
			STATUS_INVALID_PARAMETER);
}

static void calculate_works_at_any_level(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned long flags;
	NTSTATUS status;
	ULONG size;

	local_irq_save(flags);
	status = calculate(f->adapter, NULL, NULL, 1, &size, NULL);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
}

static const struct info_row {
	const char *name;
	ULONG width;
	ULONG maximum;
	BOOLEAN lists;
	ULONG limit;
} info_rows[] = {
	{ "64 bits, lists", 64, SZ_64K, TRUE, 17 },
	{ "32 bits, lists", 32, SZ_1M, TRUE, 257 },
	{ "24 bits, no lists", 24, SZ_64K, FALSE, 1 },
};

KUNIT_ARRAY_PARAM_DESC(info, info_rows, name);

/* For 64 bits the limit and the number of map registers must be more than 1. */
static void adapter_info_tells_width_and_limit(struct kunit *test)
{
	const struct info_row *row = test->param_value;
	PDMA_ADAPTER adapter = wdmdma_test_adapter(test, row->width, row->maximum, row->lists);
	DMA_ADAPTER_INFO info;

	memset(&info, 0xff, sizeof(info));
	info.Version = DMA_ADAPTER_INFO_VERSION1;
	KUNIT_ASSERT_EQ(test, adapter->DmaOperations->GetDmaAdapterInfo(adapter, &info),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, info.V1.ReadDmaCounterAvailable, 0U);
	KUNIT_EXPECT_EQ(test, info.V1.ScatterGatherLimit, row->limit);
	KUNIT_EXPECT_EQ(test, info.V1.DmaAddressWidth, row->width);
	KUNIT_EXPECT_EQ(test, info.V1.Flags, 0U);
	KUNIT_EXPECT_EQ(test, info.V1.MinimumTransferUnit, 1U);
}

static void infos_refuse_unknown_versions(struct kunit *test)
{
	static const ULONG versions[] = { 0, 3, DMA_ADAPTER_INFO_VERSION_CRASHDUMP };
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		DMA_TRANSFER_INFO transfer = { .Version = versions[i] };
		DMA_ADAPTER_INFO info = { .Version = versions[i] };

		KUNIT_EXPECT_EQ(test, f->ops->GetDmaAdapterInfo(f->adapter, &info),
				STATUS_NOT_SUPPORTED);
		KUNIT_EXPECT_EQ(test, f->ops->GetDmaTransferInfo(f->adapter, mdl, 0, 1, TRUE,
								 &transfer),
				STATUS_NOT_SUPPORTED);
	}
	KUNIT_EXPECT_EQ(test, f->ops->GetDmaAdapterInfo(f->adapter, NULL),
			STATUS_INVALID_PARAMETER);
}

static void transfer_info_counts_pages_and_elements(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 40);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5000);
	DMA_TRANSFER_INFO info;

	mdl->Next = wdmdma_test_mdl(test, memory->va + 5000, 40 * SZ_4K - 5000);
	memset(&info, 0xff, sizeof(info));
	info.Version = DMA_TRANSFER_INFO_VERSION1;
	/*
	 * The length is more than one transfer can have, so the driver must
	 * do several transfers.
	 */
	KUNIT_ASSERT_EQ(test, f->ops->GetDmaTransferInfo(f->adapter, mdl, 0, 40 * SZ_4K, TRUE,
							 &info),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, info.V1.MapRegisterCount, 41U);
	KUNIT_EXPECT_EQ(test, info.V1.ScatterGatherElementCount, 40U);
	KUNIT_EXPECT_EQ(test, info.V1.ScatterGatherListSize, LIST(40));
	KUNIT_EXPECT_EQ(test, info.V2.LogicalPageCount, U32_MAX);

	info.Version = DMA_TRANSFER_INFO_VERSION2;
	KUNIT_ASSERT_EQ(test, f->ops->GetDmaTransferInfo(f->adapter, mdl, 6000, 4 * SZ_4K, FALSE,
							 &info),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, info.V2.MapRegisterCount, 5U);
	KUNIT_EXPECT_EQ(test, info.V2.ScatterGatherElementCount, 5U);
	KUNIT_EXPECT_EQ(test, info.V2.ScatterGatherListSize, LIST(5));
	KUNIT_EXPECT_EQ(test, info.V2.LogicalPageCount, 5U);
}

static void transfer_info_refuses_what_the_chain_has_not(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	DMA_TRANSFER_INFO info = { .Version = DMA_TRANSFER_INFO_VERSION1 };
	static const struct { ULONGLONG offset; ULONG length; } rows[] = {
		{ 0, 0 }, { 0, SZ_4K + 1 }, { SZ_4K, 1 }, { U64_MAX, 1 }, { U64_MAX, 2 },
		{ 1, U32_MAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ(test,
				f->ops->GetDmaTransferInfo(f->adapter, mdl, rows[i].offset,
							   rows[i].length, TRUE, &info),
				STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->GetDmaTransferInfo(f->adapter, NULL, 0, 1, TRUE, &info),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->GetDmaTransferInfo(f->adapter, mdl, 0, 1, TRUE, NULL),
			STATUS_INVALID_PARAMETER);
	/* A chain that is a loop must not be followed forever. */
	mdl->Next = mdl;
	KUNIT_EXPECT_EQ(test, f->ops->GetDmaTransferInfo(f->adapter, mdl, U64_MAX / 2, 1, TRUE,
							 &info),
			STATUS_INVALID_PARAMETER);
	mdl->Next = NULL;
}

static struct kunit_case wdm_info_cases[] = {
	KUNIT_CASE_PARAM(calculate_without_mdl_gives_the_worst_case, worst_gen_params),
	KUNIT_CASE(calculate_with_mdl_looks_at_its_pages),
	KUNIT_CASE(calculate_works_at_any_level),
	KUNIT_CASE_PARAM(adapter_info_tells_width_and_limit, info_gen_params),
	KUNIT_CASE(infos_refuse_unknown_versions),
	KUNIT_CASE(transfer_info_counts_pages_and_elements),
	KUNIT_CASE(transfer_info_refuses_what_the_chain_has_not),
	{}
};

static struct kunit_suite wdm_info_suite = {
	.name = "wdmdma_wdm_info",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_info_cases,
};

kunit_test_suite(wdm_info_suite);
