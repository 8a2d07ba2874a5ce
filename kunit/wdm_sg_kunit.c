// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_sg_calls.c: scatter/gather lists, through the table, without an IOMMU. The device is
 * played by the test: an element's address is that of the memory.
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "level.h"
#include "memory.h"

#define WAIT	(10 * HZ)
#define SYNC	DMA_SYNCHRONOUS_CALLBACK

static const DMA_OPERATIONS *ops_of(PDMA_ADAPTER adapter)
{
	return adapter->DmaOperations;
}

static NTSTATUS get(PDMA_ADAPTER adapter, PMDL mdl, size_t offset, ULONG length, BOOLEAN write,
		    struct wdmdma_caught *caught)
{
	PVOID va = mdl ? MmGetMdlVirtualAddress(mdl) + offset : NULL;

	return ops_of(adapter)->GetScatterGatherList(adapter, (PDEVICE_OBJECT)caught, mdl, va,
						     length, wdmdma_test_catch_list, caught, write);
}

static void put(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, BOOLEAN write)
{
	ops_of(adapter)->PutScatterGatherList(adapter, list, write);
}

/* A synchronous call without a routine, from the start of the chain. */
static PSCATTER_GATHER_LIST get_now(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl,
				    ULONG length, BOOLEAN write)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;

	KUNIT_ASSERT_EQ(test, ops_of(adapter)->InitializeDmaTransferContext(adapter, context),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test,
			ops_of(adapter)->GetScatterGatherListEx(adapter, NULL, context, mdl, 0,
								length, SYNC, NULL, NULL, write,
								NULL, NULL, &list),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, list);
	return list;
}

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
	{ "the 17th page, peer defect 7", 17, 16 * SZ_4K, SZ_4K },
	{ "49 pages, peer defect 7", 49, 0, 49 * SZ_4K },
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
	KUNIT_ASSERT_EQ(test, get(adapter, mdl, row->offset, row->length, TRUE, &caught),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, caught.calls, 1U);
	KUNIT_EXPECT_EQ(test, caught.list->NumberOfElements,
			PFN_UP(row->offset + row->length) - (row->offset >> PAGE_SHIFT));
	wdmdma_test_expect_list(test, caught.list, memory, row->offset, row->length);
	put(adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

static void pages_that_follow_each_other_are_one_element(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_caught caught;
	u8 *va = kunit_kzalloc(test, SZ_32K, GFP_KERNEL);
	PMDL mdl = wdmdma_test_mdl(test, va, SZ_32K);

	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, get(fixture->adapter, mdl, 10, SZ_32K - 20, FALSE, &caught),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, caught.list->NumberOfElements, 1U);
	if (!wdmdma_test_copies_all(fixture->dev))
		KUNIT_EXPECT_EQ(test, (u64)caught.list->Elements[0].Address.QuadPart,
				(u64)virt_to_phys(va + 10));
	KUNIT_EXPECT_EQ(test, caught.list->Elements[0].Length, (ULONG)SZ_32K - 20);
	put(fixture->adapter, caught.list, FALSE);
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
	get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught);
	KUNIT_EXPECT_EQ(test, caught.calls, 1U);
	KUNIT_EXPECT_PTR_EQ(test, caught.object, (PDEVICE_OBJECT)(&caught));
	KUNIT_EXPECT_NULL(test, caught.irp);
	put(fixture->adapter, caught.list, TRUE);

	local_bh_disable();
	get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught);
	put(fixture->adapter, caught.list, TRUE);
	local_bh_enable();

	flags = wdmdma_test_raise();
	get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught);
	put(fixture->adapter, caught.list, TRUE);
	wdmdma_test_lower(flags);
	KUNIT_EXPECT_EQ(test, caught.calls, 3U);
	KUNIT_EXPECT_TRUE(test, caught.at_dispatch);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

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

	const DMA_OPERATIONS *ops = ops_of(irq->adapter);
	PMDL target;

	irq->status = get(irq->adapter, irq->mdl, 0, 1, TRUE, &irq->caught);
	put(irq->adapter, irq->live, TRUE);
	irq->others = ops->InitializeDmaTransferContext(irq->adapter, irq->context);
	irq->refused = !ops->CancelAdapterChannel(irq->adapter, NULL, irq->context) &&
		       ops->CancelMappedTransfer(irq->adapter, irq->context) == irq->others &&
		       ops->FlushAdapterBuffersEx(irq->adapter, irq->mdl, irq->live, 0, 1,
						  TRUE) == irq->others &&
		       ops->BuildMdlFromScatterGatherList(irq->adapter, irq->live, irq->mdl,
							  &target) == irq->others;
}

/* 0xE6 codes 0x13 and 0x14. */
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
	irq.live = get_now(test, fixture->adapter, irq.mdl, 1, TRUE);
	irq_work_queue(&irq.work);
	irq_work_sync(&irq.work);
	KUNIT_EXPECT_EQ(test, irq.status, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, irq.others, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_TRUE(test, irq.refused);
	KUNIT_EXPECT_EQ(test, irq.caught.calls, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 1U);
	put(fixture->adapter, irq.live, TRUE);
}

/*
 * Peer defect 28. The MDL describes an address that means nothing here. 0xE6 code 0x22: it
 * needs no system address.
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
	put(fixture->adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test,
			fixture->ops->GetScatterGatherList(fixture->adapter, NULL, mdl, va - 1, 1,
							   wdmdma_test_catch_list, &caught, TRUE),
			STATUS_INVALID_PARAMETER);
}

/* A chain of three over one memory, the middle one empty; by CurrentVa, and by Offset. */
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
	KUNIT_ASSERT_EQ(test, get(fixture->adapter, mdl, 4000, 5 * SZ_4K - 4000, TRUE, &caught),
			STATUS_SUCCESS);
	wdmdma_test_expect_list(test, caught.list, memory, 4000, 5 * SZ_4K - 4000);
	put(fixture->adapter, caught.list, TRUE);

	fixture->ops->InitializeDmaTransferContext(fixture->adapter, context);
	KUNIT_ASSERT_EQ(test,
			fixture->ops->GetScatterGatherListEx(fixture->adapter, NULL, context, mdl,
							     6000, 6 * SZ_4K - 6000, SYNC, NULL,
							     NULL, TRUE, NULL, NULL, &list),
			STATUS_SUCCESS);
	wdmdma_test_expect_list(test, list, memory, 6000, 6 * SZ_4K - 6000);
	put(fixture->adapter, list, TRUE);
}

static const struct loop_row {
	const char *name;
	unsigned int mdls;	/* of a page each, unless they are empty */
	unsigned int back_to;	/* that the last of them goes on with */
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

/* No byte is there twice: the device would get it twice, or the call would not return. */
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
			row->good ? STATUS_SUCCESS : row->empty ? STATUS_INVALID_PARAMETER :
								  STATUS_BUFFER_TOO_SMALL);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl[0], 0,
						       row->length, SYNC, NULL, NULL, TRUE, NULL,
						       NULL, &list),
			row->good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER);
	if (list)
		put(f->adapter, list, TRUE);
	for (i = 0; i < row->mdls; i++)
		mdl[i]->Next = NULL;
}

/* Peer defect 17. */
static void mdl_may_be_freed_before_the_put(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = IoAllocateMdl(memory->va, SZ_8K, FALSE, FALSE, NULL);
	struct wdmdma_caught caught;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	wdmdma_test_catch_init(&caught);
	KUNIT_EXPECT_EQ(test, get(fixture->adapter, mdl, 0, SZ_8K, TRUE, &caught), STATUS_SUCCESS);
	IoFreeMdl(mdl);
	put(fixture->adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

static void map_registers_are_counted(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;	/* 17 of them */
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 18);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 18 * SZ_4K);
	struct wdmdma_caught caught, second;

	wdmdma_test_catch_init(&caught);
	wdmdma_test_catch_init(&second);
	KUNIT_EXPECT_EQ(test, get(fixture->adapter, mdl, 0, 17 * SZ_4K + 1, TRUE, &caught),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, get(fixture->adapter, mdl, 1, 17 * SZ_4K, TRUE, &caught),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	/* For each transfer, not for all together. */
	KUNIT_EXPECT_EQ(test, get(fixture->adapter, mdl, 0, 17 * SZ_4K, TRUE, &caught),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, get(fixture->adapter, mdl, SZ_4K, 17 * SZ_4K, TRUE, &second),
			STATUS_SUCCESS);
	put(fixture->adapter, second.list, TRUE);
	put(fixture->adapter, caught.list, TRUE);
}

/* Bad arguments. */

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

/* 0xE6 codes 0x18 and 0x19: one that was put, and NULL. */
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
	/* Once more: code 0x11. */
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

/* 0xE6 code 0x06. */
static void put_refuses_what_is_no_list_of_the_adapter(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_ADAPTER other = wdmdma_test_adapter(test, 64, SZ_64K, TRUE);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = get_now(test, fixture->adapter, mdl, SZ_4K, TRUE);

	put(other, list, TRUE);
	put(fixture->adapter, NULL, TRUE);
	put(fixture->adapter, list + 1, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 1U);
	put(fixture->adapter, list, TRUE);
	put(fixture->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

/* The DMA debugging of the kernel would tell if it were used. */
static void put_with_a_wrong_direction_ends_the_right_one(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = get_now(test, fixture->adapter, mdl, SZ_4K, FALSE);

	put(fixture->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

/* Lists in the driver's memory; peer defect 8. */

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
	/* KASAN guards what follows. */
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
	/* One list at a time. */
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherList(f->adapter, NULL, mdl, memory->va, 1,
						       wdmdma_test_catch_list, &caught, FALSE,
						       buffer, size),
			STATUS_INVALID_PARAMETER);
	put(f->adapter, caught.list, FALSE);
	KUNIT_EXPECT_EQ(test, caught.calls, 1U);
	/* The buffer is the driver's: it may be used again. */
	KUNIT_EXPECT_EQ(test,
			f->ops->BuildScatterGatherList(f->adapter, NULL, mdl, memory->va, 1,
						       wdmdma_test_catch_list, &caught, FALSE,
						       buffer, size),
			STATUS_SUCCESS);
	put(f->adapter, caught.list, FALSE);
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
		put(f->adapter, list, TRUE);
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
		put(f->adapter, (void *)buffer, TRUE);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
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
	put(f->adapter, list, TRUE);
}

/* Copying. */

/* An adapter with 24 address bits, and memory elsewhere: what the device reads is a copy. */
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
	KUNIT_ASSERT_EQ(test, get(adapter, mdl, 100, 4 * SZ_4K, TRUE, &caught), STATUS_SUCCESS);
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
	put(adapter, caught.list, TRUE);
}

/*
 * Peer defect 9: every page comes back, and what the device did not write stays; 0xE6 code
 * 0x0F: nothing outside of the transfer is written.
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
	KUNIT_ASSERT_EQ(test, get(adapter, mdl, 100, 4 * SZ_4K, FALSE, &caught), STATUS_SUCCESS);
	/* The device writes the first half of each element. */
	for (i = 0; i < caught.list->NumberOfElements; i++) {
		SCATTER_GATHER_ELEMENT *element = &caught.list->Elements[i];

		memset(wdmdma_test_at(element->Address.QuadPart), 0xa0 + i, element->Length / 2);
		memset(before + 100 + done, 0xa0 + i, element->Length / 2);
		done += element->Length;
	}
	put(adapter, caught.list, FALSE);
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

	ops_of(adapter)->InitializeDmaTransferContext(adapter, context);
	KUNIT_EXPECT_EQ(test,
			ops_of(adapter)->GetScatterGatherListEx(adapter, NULL, context, mdl, 0, 1,
								SYNC | DMA_FAIL_ON_BOUNCE, NULL,
								NULL, TRUE, NULL, NULL, &list),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

/* Without ScatterGather all bytes are one element. */
static void adapter_without_lists_gets_one_element(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_adapter(test, 64, SZ_64K, FALSE);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 17);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 17 * SZ_4K);
	PSCATTER_GATHER_LIST list;
	u8 *copy;

	list = get_now(test, adapter, mdl, 17 * SZ_4K, TRUE);
	KUNIT_EXPECT_EQ(test, list->NumberOfElements, 1U);
	KUNIT_EXPECT_EQ(test, list->Elements[0].Length, 17U * SZ_4K);
	copy = wdmdma_test_at(list->Elements[0].Address.QuadPart);
	KUNIT_EXPECT_EQ(test, memcmp(copy, memory->va, 17 * SZ_4K), 0);
	put(adapter, list, TRUE);

	list = get_now(test, adapter, mdl, 17 * SZ_4K, FALSE);
	copy = wdmdma_test_at(list->Elements[0].Address.QuadPart);
	memset(copy, 0x77, 17 * SZ_4K);
	KUNIT_EXPECT_NE(test, memory->va[16 * SZ_4K], (u8)0x77);
	put(adapter, list, FALSE);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va, 0x77, 17 * SZ_4K));

	/* One page is one piece anyway. */
	list = get_now(test, adapter, mdl, SZ_4K, TRUE);
	wdmdma_test_expect_list(test, list, memory, 0, SZ_4K);
	put(adapter, list, TRUE);
}

/* MDLs from lists. */

static void mdl_from_a_list_is_the_original(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K), target = NULL;
	PSCATTER_GATHER_LIST list = get_now(test, f->adapter, mdl, SZ_8K, TRUE);

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
	put(f->adapter, list, TRUE);
}

static void mdl_from_a_copied_list_describes_the_copy(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K), target = NULL;
	PSCATTER_GATHER_LIST list = get_now(test, adapter, mdl, 3 * SZ_4K - 5, TRUE);
	size_t done = 0;

	KUNIT_EXPECT_EQ(test, ops_of(adapter)->BuildMdlFromScatterGatherList(adapter, list, mdl,
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
	put(adapter, list, TRUE);
}

/* Waiting. */

static void lists_wait_and_come_in_order(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 4 * SZ_4K);
	struct wdmdma_caught caught[8];
	unsigned int clock = 0, i;

	wdmdma_test_short(test, fixture->adapter);
	for (i = 0; i < ARRAY_SIZE(caught); i++) {
		wdmdma_test_catch_init(&caught[i]);
		caught[i].clock = &clock;
		KUNIT_ASSERT_EQ(test, get(fixture->adapter, mdl, i, SZ_4K, TRUE, &caught[i]),
				STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, clock, 0U);
	wdmdma_test_plenty();
	for (i = 0; i < ARRAY_SIZE(caught); i++) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught[i].done, WAIT), 0UL);
		KUNIT_EXPECT_EQ(test, caught[i].order, i + 1);
		KUNIT_EXPECT_TRUE(test, caught[i].at_dispatch);
		put(fixture->adapter, caught[i].list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(fixture->adapter), 0U);
}

static void synchronous_call_does_not_wait(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;
	struct wdmdma_caught caught;

	wdmdma_test_short(test, f->adapter);
	wdmdma_test_catch_init(&caught);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, 1, SYNC,
						       wdmdma_test_catch_list, &caught, TRUE, NULL,
						       NULL, &list),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, list);
	wdmdma_test_plenty();
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
}

/* A list that waits, under a context. */
static void wait_under(struct kunit *test, u8 *context, struct wdmdma_caught *caught)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = (void *)1;

	wdmdma_test_catch_init(caught);
	KUNIT_ASSERT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, context),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test,
			f->ops->GetScatterGatherListEx(f->adapter, NULL, context, mdl, 0, SZ_4K, 0,
						       wdmdma_test_catch_list, caught, TRUE, NULL,
						       NULL, &list),
			STATUS_SUCCESS);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, caught->calls, 0U);
}

static void cancelled_list_is_never_called(struct kunit *test)
{
	u8 a[DMA_TRANSFER_CONTEXT_SIZE_V1], b[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught_a, caught_b;
	struct wdmdma_fixture *f = test->priv;

	wdmdma_test_short(test, f->adapter);
	wait_under(test, a, &caught_a);
	wait_under(test, b, &caught_b);
	/* A context that waits is not to be used or initialized again. */
	KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, b),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, NULL, b));
	wdmdma_test_plenty();
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught_a.done, WAIT), 0UL);
	KUNIT_EXPECT_FALSE(test, f->ops->CancelAdapterChannel(f->adapter, NULL, a));
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught_b.calls, 0U);
	put(f->adapter, caught_a.list, TRUE);
}

/* What is put wakes what waits; and a routine may call what it likes. */

struct reenter {
	struct wdmdma_caught caught;
	PDMA_ADAPTER adapter;
	PMDL mdl;
	unsigned int left;
};

static VOID reenter_routine(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list,
			    PVOID context)
{
	struct reenter *reenter = context;

	put(reenter->adapter, list, TRUE);
	if (reenter->left--)
		ops_of(reenter->adapter)->GetScatterGatherList(reenter->adapter, object,
							       reenter->mdl,
							       MmGetMdlVirtualAddress(reenter->mdl),
							       100, reenter_routine, reenter, TRUE);
	else
		complete(&reenter->caught.done);
}

static void routine_may_put_and_get(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct reenter reenter = {
		.adapter = f->adapter,
		.mdl = wdmdma_test_mdl(test, memory->va, SZ_4K),
		.left = 5,
	};

	wdmdma_test_catch_init(&reenter.caught);
	KUNIT_EXPECT_EQ(test,
			f->ops->GetScatterGatherList(f->adapter, f->pdo, reenter.mdl, memory->va,
						     1, reenter_routine, &reenter, TRUE),
			STATUS_SUCCESS);
	/* Those made in the routine come after it has returned. */
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&reenter.caught.done, WAIT), 0UL);

	/* And from the work item. */
	reenter.left = 5;
	wdmdma_test_catch_init(&reenter.caught);
	wdmdma_test_short(test, f->adapter);
	f->ops->GetScatterGatherList(f->adapter, f->pdo, reenter.mdl, memory->va, 1,
				     reenter_routine, &reenter, TRUE);
	wdmdma_test_plenty();
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&reenter.caught.done, WAIT), 0UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
}

/* 0xE6 code 0x0A: lists that are left when the adapter is put are taken back. */
static void put_adapter_takes_back_lists(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught;
	unsigned int i;

	for (i = 0; i < 10; i++)
		get_now(test, f->adapter, mdl, SZ_4K, TRUE);
	wdmdma_test_short(test, f->adapter);
	wait_under(test, context, &caught);
	f->ops->PutDmaAdapter(f->adapter);
	wdmdma_test_plenty();
	put(f->adapter, NULL, TRUE);
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	f->adapter = NULL;
}

static void unbind_takes_back_lists(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list = get_now(test, f->adapter, mdl, SZ_4K, FALSE);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_caught caught;

	wdmdma_test_short(test, f->adapter);
	wait_under(test, context, &caught);
	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
	wdmdma_test_plenty();
	KUNIT_EXPECT_EQ(test, get(f->adapter, mdl, 0, 1, TRUE, &caught), STATUS_DELETE_PENDING);
	KUNIT_EXPECT_EQ(test, f->ops->FlushDmaBuffer(f->adapter, mdl, FALSE),
			STATUS_DELETE_PENDING);
	put(f->adapter, list, FALSE);
	msleep(50);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
}

/* Addresses of one domain mean nothing in another. */
static void adapter_with_lists_stays_in_its_domain(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *leader = wdmdma_test_fixture(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	HANDLE domain = leader->ops->GetDmaDomain(leader->adapter);
	PSCATTER_GATHER_LIST list = get_now(test, f->adapter, mdl, SZ_4K, TRUE);

	KUNIT_EXPECT_EQ(test, f->ops->JoinDmaDomain(f->adapter, domain),
			STATUS_INVALID_DEVICE_STATE);
	put(f->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, f->ops->JoinDmaDomain(f->adapter, domain), STATUS_SUCCESS);

	list = get_now(test, f->adapter, mdl, SZ_4K, TRUE);
	wdmdma_test_expect_list(test, list, memory, 0, SZ_4K);
	KUNIT_EXPECT_EQ(test, f->ops->LeaveDmaDomain(f->adapter), STATUS_INVALID_DEVICE_STATE);
	put(f->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, f->ops->LeaveDmaDomain(f->adapter), STATUS_SUCCESS);
}

/* Sweeps. What cannot be had now is had later: each list comes, or the call fails. */

/* One more than fill a page of struct scatterlist. */
#define SWEEP_PAGES	129

static void get_and_put(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	static struct wdmdma_memory *memory;
	struct wdmdma_caught caught;
	unsigned int left;
	NTSTATUS status;
	static PMDL mdl;

	left = current->fail_nth;
	current->fail_nth = 0;
	if (left == 1) {
		memory = wdmdma_test_memory(test, SWEEP_PAGES);
		mdl = wdmdma_test_mdl(test, memory->va, SWEEP_PAGES * SZ_4K);
	}
	wdmdma_test_catch_init(&caught);
	current->fail_nth = left;

	status = get(f->adapter, mdl, 0, SWEEP_PAGES * SZ_4K, TRUE, &caught);
	left = current->fail_nth;
	current->fail_nth = 0;
	if (NT_SUCCESS(status)) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, WAIT), 0UL);
		KUNIT_EXPECT_EQ(test, caught.list->NumberOfElements, (ULONG)SWEEP_PAGES);
		put(f->adapter, caught.list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, caught.calls, NT_SUCCESS(status) ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(f->adapter), 0U);
	current->fail_nth = left;
}

static void get_fails_or_waits_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	f->adapter = wdmdma_test_adapter(test, 64, SZ_2M, TRUE);
	wdmdma_test_sweep(test, get_and_put);
	f->adapter = wdmdma_test_adapter(test, 24, SZ_2M, TRUE);
	wdmdma_test_sweep(test, get_and_put);
	f->adapter = NULL;
}

static struct kunit_case wdm_sg_cases[] = {
	KUNIT_CASE_PARAM(list_describes_the_bytes_in_order, part_gen_params),
	KUNIT_CASE(pages_that_follow_each_other_are_one_element),
	KUNIT_CASE(routine_runs_once_at_dispatch_level),
	KUNIT_CASE(calls_in_an_interrupt_are_refused),
	KUNIT_CASE(current_va_is_an_index_of_any_process),
	KUNIT_CASE(chains_are_walked),
	KUNIT_CASE_PARAM(chains_that_go_round_are_refused, loop_gen_params),
	KUNIT_CASE(mdl_may_be_freed_before_the_put),
	KUNIT_CASE(map_registers_are_counted),
	KUNIT_CASE_PARAM(get_and_build_refuse, refuse_gen_params),
	KUNIT_CASE(adapters_that_are_none_are_refused),
	KUNIT_CASE(put_refuses_what_is_no_list_of_the_adapter),
	KUNIT_CASE(put_with_a_wrong_direction_ends_the_right_one),
	KUNIT_CASE(build_uses_the_buffer_and_nothing_else),
	KUNIT_CASE_PARAM(ex_calls_take_routine_or_list, ex_gen_params),
	KUNIT_CASE(build_ex_refuses_a_small_buffer),
	KUNIT_CASE(memory_out_of_reach_is_copied_to_the_device),
	KUNIT_CASE(memory_out_of_reach_is_copied_from_the_device),
	KUNIT_CASE(no_bounce_fails_instead_of_copying),
	KUNIT_CASE(adapter_without_lists_gets_one_element),
	KUNIT_CASE(mdl_from_a_list_is_the_original),
	KUNIT_CASE(mdl_from_a_copied_list_describes_the_copy),
	KUNIT_CASE(lists_wait_and_come_in_order),
	KUNIT_CASE(synchronous_call_does_not_wait),
	KUNIT_CASE(cancelled_list_is_never_called),
	KUNIT_CASE(routine_may_put_and_get),
	KUNIT_CASE(put_adapter_takes_back_lists),
	KUNIT_CASE(unbind_takes_back_lists),
	KUNIT_CASE(adapter_with_lists_stays_in_its_domain),
	KUNIT_CASE(get_fails_or_waits_at_every_point),
	{}
};

static struct kunit_suite wdm_sg_suite = {
	.name = "wdmdma_wdm_sg",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_sg_cases,
};

kunit_test_suite(wdm_sg_suite);
