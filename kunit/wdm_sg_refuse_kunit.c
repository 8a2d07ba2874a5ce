// SPDX-License-Identifier: GPL-2.0-only
/* Calls for scatter/gather lists that must be refused (wdm/wdm_sg_calls.c). */
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "mdl.h"
#include "memory.h"
#include "sgl.h"

struct irq_get {
	struct irq_work work;
	PDMA_ADAPTER adapter;
	PMDL mdl;
	struct wdmdma_caught caught;
	PSCATTER_GATHER_LIST live;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	NTSTATUS status, others;
	bool refused;
};

static void get_in_interrupt(struct irq_work *work)
{
	struct irq_get *irq = container_of(work, struct irq_get, work);

	const DMA_OPERATIONS *ops = sgl_ops(irq->adapter);
	PMDL target;

	irq->status = sgl_get(irq->adapter, irq->mdl, 0, 1, TRUE, &irq->caught);
	sgl_put(irq->adapter, irq->live, TRUE);
	irq->others = ops->InitializeDmaTransferContext(irq->adapter, irq->context);
	irq->refused = !ops->CancelAdapterChannel(irq->adapter, NULL, irq->context) &&
		       ops->CancelMappedTransfer(irq->adapter, irq->context) == irq->others &&
		       ops->FlushAdapterBuffersEx(irq->adapter, irq->mdl, irq->live, 0, 1,
						  TRUE) == irq->others &&
		       ops->BuildMdlFromScatterGatherList(irq->adapter, irq->live, irq->mdl,
							  &target) == irq->others;
}

/* Driver Verifier's bug check 0xE6, codes 0x13 and 0x14. */
static void calls_in_an_interrupt_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct irq_get irq = {
		.work = IRQ_WORK_INIT_HARD(get_in_interrupt),
		.adapter = fixture->adapter,
		.mdl = wdmdma_test_mdl(test, memory->va, SZ_4K),
	};

	wdmdma_test_catch_init(&irq.caught);
	irq.live = sgl_get_now(test, fixture->adapter, irq.mdl, 1, TRUE);
	irq_work_queue(&irq.work);
	irq_work_sync(&irq.work);
	KUNIT_EXPECT_EQ(test, irq.status, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, irq.others, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_TRUE(test, irq.refused);
	KUNIT_EXPECT_EQ(test, irq.caught.calls, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 1U);
	sgl_put(fixture->adapter, irq.live, TRUE);
}

enum refuse_how { PLAIN, NO_MDL, NOT_LOCKED, IO_SPACE, READ_ONLY, NO_PAGE, NO_ROUTINE };

static const struct refuse_row {
	const char *name;
	enum refuse_how how;
	long offset;
	ULONG length;
	NTSTATUS status, status_ex;
} refuse_rows[] = {
	{ "no MDL", NO_MDL, 0, 1, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER },
	{ "0xE6 code 0x0E: not locked", NOT_LOCKED, 0, 1, STATUS_INVALID_PARAMETER,
	  STATUS_INVALID_PARAMETER },
	{ "device memory", IO_SPACE, 0, 1, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER },
	{ "a page frame that is none", NO_PAGE, 0, 1, STATUS_INVALID_PARAMETER,
	  STATUS_INVALID_PARAMETER },
	{ "locked for reading, written by the device", READ_ONLY, 0, 1, STATUS_INVALID_PARAMETER,
	  STATUS_INVALID_PARAMETER },
	{ "no routine", NO_ROUTINE, 0, 1, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER },
	{ "0xE6 code 0x21: length 0", PLAIN, 0, 0, STATUS_INVALID_PARAMETER,
	  STATUS_INVALID_PARAMETER },
	{ "0xE6 code 0x1B: before the MDL", PLAIN, -1, 1, STATUS_INVALID_PARAMETER,
	  STATUS_INVALID_PARAMETER },
	{ "0xE6 code 0x1B: past the MDL", PLAIN, SZ_8K, 1, STATUS_INVALID_PARAMETER,
	  STATUS_INVALID_PARAMETER },
	{ "0xE6 code 0x1B: too long", PLAIN, 1, SZ_8K, STATUS_BUFFER_TOO_SMALL,
	  STATUS_INVALID_PARAMETER },
	{ "longer than any", PLAIN, 1, U32_MAX, STATUS_BUFFER_TOO_SMALL,
	  STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_rows, name);

static void spoil(PMDL mdl, enum refuse_how how)
{
	if (how == NOT_LOCKED)
		mdl->MdlFlags &= ~MDL_SOURCE_IS_NONPAGED_POOL;
	else if (how == IO_SPACE)
		mdl->MdlFlags |= MDL_IO_SPACE;
	else if (how == READ_ONLY)
		mdl->MdlFlags = MDL_PAGES_LOCKED;
	else if (how == NO_PAGE)
		MmGetMdlPfnArray(mdl)[0] = ~0UL >> PAGE_SHIFT;
}

static void get_and_build_refuse(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K), used = mdl;
	PDRIVER_LIST_CONTROL routine = wdmdma_test_catch_list;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], buffer[256];
	CSHORT flags = mdl->MdlFlags;
	PSCATTER_GATHER_LIST list = (void *)1;
	struct wdmdma_caught caught;
	PVOID va = memory->va + row->offset;

	wdmdma_test_catch_init(&caught);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	if (row->how == NO_MDL)
		used = NULL;
	if (row->how == NO_ROUTINE)
		routine = NULL;
	spoil(mdl, row->how);

	KUNIT_EXPECT_EQ(test, f->ops->GetScatterGatherList(f->adapter, f->pdo, used, va,
							   row->length, routine, &caught, FALSE),
			row->status);
	KUNIT_EXPECT_EQ(test, f->ops->BuildScatterGatherList(f->adapter, f->pdo, used, va,
							     row->length, routine, &caught, FALSE,
							     buffer, sizeof(buffer)),
			row->status);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, used,
						       row->offset, row->length, 0, routine,
						       &caught, FALSE, NULL, NULL, &list),
			row->status_ex);
	KUNIT_EXPECT_NULL(test, list);
	list = (void *)1;
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherListEx(f->adapter, f->pdo, context, used,
							 row->offset, row->length, 0, routine,
							 &caught, FALSE, buffer, sizeof(buffer),
							 NULL, NULL, &list),
			row->status_ex);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
	mdl->MdlFlags = flags;
}

/* A device may write to a part of an MDL if it may write to the whole. */
static const struct part_row {
	const char *name;
	bool locked, pages;	/* way B, way C. Otherwise way A */
	LOCK_OPERATION operation;
	bool good;
} part_rows[] = {
	{ "nonpaged pool", false, false, 0, true },
	{ "locked for writing", true, false, IoWriteAccess, true },
	{ "locked for modifying", true, false, IoModifyAccess, true },
	{ "locked for reading", true, false, IoReadAccess, false },
	{ "pages of its own", false, true, 0, true },
};

KUNIT_ARRAY_PARAM_DESC(part, part_rows, name);

static void part_is_refused_as_the_whole(struct kunit *test)
{
	const struct part_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	u8 *va = kunit_kzalloc(test, SZ_8K, GFP_KERNEL);
	PMDL mdl = row->pages ? mdl_alloc_pages(0, U64_MAX, 0, SZ_8K, MmCached, 0) :
				mdl_alloc(test, va, SZ_8K);
	PMDL part = mdl_alloc(test, NULL, SZ_8K);
	NTSTATUS status = row->good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
	struct wdmdma_caught caught;
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	if (row->locked)
		KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, row->operation),
				STATUS_SUCCESS);
	else if (!row->pages)
		MmBuildMdlForNonPagedPool(mdl);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	IoBuildPartialMdl(mdl, part, MmGetMdlVirtualAddress(mdl), 0);

	wdmdma_test_catch_init(&caught);
	KUNIT_EXPECT_EQ(test, sgl_get(f->adapter, mdl, 0, SZ_4K, FALSE, &caught), status);
	if (caught.list)
		sgl_put(f->adapter, caught.list, FALSE);
	wdmdma_test_catch_init(&caught);
	KUNIT_EXPECT_EQ(test, sgl_get(f->adapter, part, 0, SZ_4K, FALSE, &caught), status);
	if (caught.list)
		sgl_put(f->adapter, caught.list, FALSE);
	if (!row->good)
		KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl(f->adapter, part, NULL, 0,
									&la), status);
	IoFreeMdl(part);
	if (row->locked)
		MmUnlockPages(mdl);
	if (row->pages)
		mdl_free_pages(mdl);
	else
		IoFreeMdl(mdl);
}

/*
 * Driver Verifier's bug check 0xE6, codes 0x18 and 0x19. An adapter that was put and
 * NULL must be refused.
 */
static void adapters_that_are_none_are_refused(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K), target = mdl;
	PDMA_ADAPTER none[] = { NULL, (PDMA_ADAPTER)f, NULL };
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught;
	ULONG registers, length;
	PHYSICAL_ADDRESS la;
	unsigned int i;

	none[2] = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, none[2]);
	f->ops->PutDmaAdapter(none[2]);
	/* Put the adapter again, which is code 0x11. */
	f->ops->PutDmaAdapter(none[2]);
	wdmdma_test_catch_init(&caught);
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		KUNIT_EXPECT_EQ(test,
				f->ops->GetScatterGatherList(none[i], NULL, mdl, memory->va, 1,
							     wdmdma_test_catch_list, &caught, TRUE),
				STATUS_INVALID_PARAMETER);
		f->ops->PutScatterGatherList(none[i], caught.list, TRUE);
		KUNIT_EXPECT_EQ(test, f->ops->BuildMdlFromScatterGatherList(none[i], caught.list,
									    mdl, &target),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_NULL(test, target);
		KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(none[i], context),
				STATUS_INVALID_PARAMETER);
		length = 1;
		la = f->ops->MapTransfer(none[i], mdl, f, memory->va, &length, TRUE);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		KUNIT_EXPECT_EQ(test, length, 0U);
		KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(none[i], mdl, f, memory->va, 1,
								     TRUE));
		f->ops->FreeMapRegisters(none[i], f, 1);
		f->ops->FreeAdapterChannel(none[i]);
	}
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
}

/* Driver Verifier's bug check 0xE6, code 0x06. */
static void put_refuses_what_is_no_list_of_the_adapter(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_ADAPTER other = wdmdma_test_adapter(test, 64, SZ_64K, TRUE);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = sgl_get_now(test, fixture->adapter, mdl, SZ_4K, TRUE);

	sgl_put(other, list, TRUE);
	sgl_put(fixture->adapter, NULL, TRUE);
	sgl_put(fixture->adapter, list + 1, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 1U);
	sgl_put(fixture->adapter, list, TRUE);
	sgl_put(fixture->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

/* The kernel's DMA debugging would report the use of a wrong direction. */
static void put_with_a_wrong_direction_ends_the_right_one(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = sgl_get_now(test, fixture->adapter, mdl, SZ_4K, FALSE);

	sgl_put(fixture->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

static struct kunit_case wdm_sg_refuse_cases[] = {
	KUNIT_CASE(calls_in_an_interrupt_are_refused),
	KUNIT_CASE_PARAM(get_and_build_refuse, refuse_gen_params),
	KUNIT_CASE_PARAM(part_is_refused_as_the_whole, part_gen_params),
	KUNIT_CASE(adapters_that_are_none_are_refused),
	KUNIT_CASE(put_refuses_what_is_no_list_of_the_adapter),
	KUNIT_CASE(put_with_a_wrong_direction_ends_the_right_one),
	{}
};

static struct kunit_suite wdm_sg_refuse_suite = {
	.name = "wdmdma_wdm_sg_refuse",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_sg_refuse_cases,
};

kunit_test_suite(wdm_sg_refuse_suite);
