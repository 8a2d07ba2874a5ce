// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatter/gather lists in the driver's memory, the Ex calls, and MDLs from lists
 * (wdm/wdm_sg_calls.c).
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "memory.h"
#include "sgl.h"

#define SYNC	DMA_SYNCHRONOUS_CALLBACK

/* Lists in the driver's memory. No part of a list may lie elsewhere. */

static void build_uses_the_buffer_and_nothing_else(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 5);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5 * SZ_4K);
	struct wdmdma_caught caught;
	ULONG size, registers;
	u8 *buffer;

	KUNIT_ASSERT_EQ(test, f->ops->CalculateScatterGatherList(f->adapter, mdl, memory->va,
								 5 * SZ_4K, &size, &registers),
			STATUS_SUCCESS);
	KUNIT_EXPECT_GE(test, size, 0x10U + 5 * 0x18);
	/* KASAN reports a write beyond the buffer. */
	buffer = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buffer);
	wdmdma_test_catch_init(&caught);

	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherList(f->adapter, NULL, mdl, memory->va,
						       5 * SZ_4K, wdmdma_test_catch_list, &caught,
						       FALSE, buffer, size - 1),
			STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	KUNIT_ASSERT_EQ(test,
			f->ops->BuildScatterGatherList(f->adapter, NULL, mdl, memory->va,
						       5 * SZ_4K, wdmdma_test_catch_list, &caught,
						       FALSE, buffer, size),
			STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, caught.list, (PSCATTER_GATHER_LIST)buffer);
	wdmdma_test_expect_list(test, caught.list, memory, 0, 5 * SZ_4K);
	/* A buffer may hold one list at a time. */
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherList(f->adapter, NULL, mdl, memory->va, 1,
						       wdmdma_test_catch_list, &caught, FALSE,
						       buffer, size),
			STATUS_INVALID_PARAMETER);
	sgl_put(f->adapter, caught.list, FALSE);
	KUNIT_EXPECT_EQ(test, caught.calls, 1U);
	/* The buffer belongs to the driver, which may use it again. */
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherList(f->adapter, NULL, mdl, memory->va, 1,
						       wdmdma_test_catch_list, &caught, FALSE,
						       buffer, size),
			STATUS_SUCCESS);
	sgl_put(f->adapter, caught.list, FALSE);
}

/* The Ex calls. */

static const struct ex_row {
	const char *name;
	ULONG flags;
	bool routine, out;
	NTSTATUS status;
} ex_rows[] = {
	{ "waiting, routine", 0, true, false, STATUS_SUCCESS },
	{ "waiting, routine and list", 0, true, true, STATUS_SUCCESS },
	{ "waiting, list alone", 0, false, true, STATUS_INVALID_PARAMETER },
	{ "synchronous, routine", SYNC, true, false, STATUS_SUCCESS },
	{ "synchronous, routine and list", SYNC, true, true, STATUS_SUCCESS },
	{ "synchronous, list alone", SYNC, false, true, STATUS_SUCCESS },
	{ "synchronous, neither", SYNC, false, false, STATUS_INVALID_PARAMETER },
	{ "zeroed bounce buffers", SYNC | DMA_ZERO_BUFFERS, true, true, STATUS_SUCCESS },
	{ "no bounce buffers", SYNC | DMA_FAIL_ON_BOUNCE, true, true, STATUS_SUCCESS },
	{ "an unknown flag", SYNC | 8, true, true, STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(ex, ex_rows, name);

static void ex_calls_take_routine_or_list(struct kunit *test)
{
	const struct ex_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PDRIVER_LIST_CONTROL routine = row->routine ? wdmdma_test_catch_list : NULL;
	PSCATTER_GATHER_LIST list = (void *)1, *out = row->out ? &list : NULL;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], buffer[256];
	bool bounces = row->flags & DMA_FAIL_ON_BOUNCE && wdmdma_test_copies_all(f->dev);
	NTSTATUS status = bounces ? STATUS_INSUFFICIENT_RESOURCES : row->status;
	bool good = NT_SUCCESS(status);
	struct wdmdma_caught caught;

	wdmdma_test_catch_init(&caught);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 1, SZ_4K,
						       row->flags, routine, &caught, TRUE, NULL,
						       NULL, out),
			status);
	KUNIT_EXPECT_EQ(test, caught.calls, good && row->routine ? 1U : 0U);
	if (row->out && !good)
		KUNIT_EXPECT_NULL(test, list);
	if (good) {
		list = row->out ? list : caught.list;
		wdmdma_test_expect_list(test, list, memory, 1, SZ_4K);
		sgl_put(f->adapter, list, TRUE);
	}

	list = (void *)1;
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherListEx(f->adapter, NULL, context, mdl, 1, SZ_4K,
							 row->flags, routine, &caught, TRUE,
							 buffer, sizeof(buffer), NULL, NULL, out),
			status);
	if (row->out)
		KUNIT_EXPECT_PTR_EQ(test, (void *)list, good ? (void *)buffer : NULL);
	if (good) {
		wdmdma_test_expect_list(test, (void *)buffer, memory, 1, SZ_4K);
		sgl_put(f->adapter, (void *)buffer, TRUE);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/* A routine may free the memory that receives the list, so nothing may be stored there later. */

#define FREED	((PSCATTER_GATHER_LIST)0x6b6b)

struct out {
	PSCATTER_GATHER_LIST list;	/* receives the list */
	PSCATTER_GATHER_LIST seen;	/* what it was when the routine ran */
	PSCATTER_GATHER_LIST given;	/* the routine's argument */
};

static VOID free_out(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct out *out = context;

	out->given = list;
	out->seen = out->list;
	out->list = FREED;
}

static const struct out_row {
	const char *name;
	ULONG flags;
	bool build;
} out_rows[] = {
	{ "get", 0, false },
	{ "get, synchronous", SYNC, false },
	{ "build", 0, true },
	{ "build, synchronous", SYNC, true },
};

KUNIT_ARRAY_PARAM_DESC(out, out_rows, name);

static void list_is_stored_before_the_routine_runs(struct kunit *test)
{
	const struct out_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], buffer[256];
	struct out out = {};
	NTSTATUS status;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	if (row->build)
		status = f->ops->BuildScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_4K,
							  row->flags, free_out, &out, TRUE, buffer,
							  sizeof(buffer), NULL, NULL, &out.list);
	else
		status = f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_4K,
							row->flags, free_out, &out, TRUE, NULL,
							NULL, &out.list);
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, out.given);
	KUNIT_EXPECT_PTR_EQ(test, out.seen, out.given);
	KUNIT_EXPECT_PTR_EQ(test, out.list, FREED);
	sgl_put(f->adapter, out.given, TRUE);
}

static void build_ex_refuses_a_small_buffer(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], buffer[0x40];
	DMA_TRANSFER_INFO info = { .Version = DMA_TRANSFER_INFO_VERSION1 };
	PSCATTER_GATHER_LIST list;

	f->ops->GetDmaTransferInfo(f->adapter, mdl, 0, SZ_8K, TRUE, &info);
	KUNIT_EXPECT_EQ(test, info.V1.ScatterGatherListSize, (ULONG)sizeof(buffer));
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_8K,
							 SYNC, NULL, NULL, TRUE, buffer,
							 sizeof(buffer) - 1, NULL, NULL, &list),
			STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_8K,
							 SYNC, NULL, NULL, TRUE, NULL, 0x40, NULL,
							 NULL, &list),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_8K,
							 SYNC, NULL, NULL, TRUE, buffer,
							 sizeof(buffer), NULL, NULL, &list),
			STATUS_SUCCESS);
	sgl_put(f->adapter, list, TRUE);
}

/* MDLs from lists. */

static void mdl_from_a_list_is_the_original(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K), target = NULL;
	PSCATTER_GATHER_LIST list = sgl_get_now(test, f->adapter, mdl, SZ_8K, TRUE);

	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list, NULL,
								    &target),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list, mdl, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list + 1, mdl,
								    &target),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list, mdl,
								    &target),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, target != mdl, wdmdma_test_copies_all(f->dev));
	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list, mdl,
								    &target),
			STATUS_NONE_MAPPED);
	KUNIT_EXPECT_NULL(test, target);
	sgl_put(f->adapter, list, TRUE);
}

static void mdl_from_a_copied_list_describes_the_copy(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K), target = NULL;
	PSCATTER_GATHER_LIST list = sgl_get_now(test, adapter, mdl, 3 * SZ_4K - 5, TRUE);
	size_t done = 0;

	KUNIT_EXPECT_EQ(test,
			sgl_ops(adapter)->BuildMdlFromScatterGatherList(adapter, list, mdl,
									&target),
			STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_NE(test, target, mdl);
	for (; target; target = target->Next) {
		void *va = MmGetSystemAddressForMdlSafe(target, NormalPagePriority);

		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, memcmp(va, memory->va + done, target->ByteCount), 0);
		done += target->ByteCount;
	}
	KUNIT_EXPECT_EQ(test, done, 3UL * SZ_4K - 5);
	sgl_put(adapter, list, TRUE);
}

/*
 * A read-only mapping of an MDL has page tables of its own, whose removal may sleep. The put is a
 * reader of RCU, and must leave the removal for later.
 */
static void mdl_from_a_copied_list_may_be_mapped_at_the_put(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K), target = NULL;
	PSCATTER_GATHER_LIST list = sgl_get_now(test, adapter, mdl, SZ_4K, TRUE);
	void *va;

	KUNIT_ASSERT_EQ(test,
			sgl_ops(adapter)->BuildMdlFromScatterGatherList(adapter, list, mdl,
									&target),
			STATUS_SUCCESS);
	KUNIT_ASSERT_PTR_NE(test, target, mdl);
	va = MmMapLockedPagesSpecifyCache(target, KernelMode, MmCached, NULL, FALSE,
					  NormalPagePriority | MdlMappingNoWrite);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(va));
	KUNIT_EXPECT_EQ(test, memcmp(va, memory->va, SZ_4K), 0);
	sgl_put(adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

/*
 * A change of the domain relies on the table of lists, so no list may be out of the table then.
 */
static void no_mdl_is_made_while_the_domain_changes(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(f);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K), target = mdl;
	PSCATTER_GATHER_LIST list = sgl_get_now(test, f->adapter, mdl, SZ_4K, TRUE);

	KUNIT_EXPECT_FALSE(test, wdmdma_transfers_hold(adapter));
	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list, mdl,
								    &target),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, target);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 1U);
	wdmdma_transfers_release(adapter);
	/* The refused call must not count as the one call that a list has. */
	KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(f->adapter, list, mdl,
								    &target),
			STATUS_SUCCESS);
	sgl_put(f->adapter, list, TRUE);
}

static struct kunit_case wdm_sg_build_cases[] = {
	KUNIT_CASE(build_uses_the_buffer_and_nothing_else),
	KUNIT_CASE_PARAM(ex_calls_take_routine_or_list, ex_gen_params),
	KUNIT_CASE_PARAM(list_is_stored_before_the_routine_runs, out_gen_params),
	KUNIT_CASE(build_ex_refuses_a_small_buffer),
	KUNIT_CASE(mdl_from_a_list_is_the_original),
	KUNIT_CASE(mdl_from_a_copied_list_describes_the_copy),
	KUNIT_CASE(mdl_from_a_copied_list_may_be_mapped_at_the_put),
	KUNIT_CASE(no_mdl_is_made_while_the_domain_changes),
	{}
};

static struct kunit_suite wdm_sg_build_suite = {
	.name = "wdmdma_wdm_sg_build",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_sg_build_cases,
};

kunit_test_suite(wdm_sg_build_suite);
