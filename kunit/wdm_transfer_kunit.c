// SPDX-License-Identifier: GPL-2.0-only
/*
 * MapTransfer(Ex) and FlushAdapterBuffers(Ex), through the table, without an IOMMU
 * (wdm/wdm_transfer.c).
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "core/channel.h"
#include "memory.h"

#define SYNC		DMA_SYNCHRONOUS_CALLBACK

/* Allocate map registers for a test, without the channel. */
static PVOID registers_of(struct kunit *test, PDMA_ADAPTER adapter, ULONG count, ULONG flags)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PVOID base;

	ops->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test,
			ops->AllocateAdapterChannelEx(adapter, NULL, context, count, SYNC | flags,
						      NULL, NULL, &base),
			STATUS_SUCCESS);
	ops->FreeAdapterObject(adapter, DeallocateObjectKeepRegisters);
	return base;
}

/* Expect that no transfer and no register is in use, and free the registers. */
static void expect_unmapped(struct kunit *test, PDMA_ADAPTER adapter, PVOID base, ULONG count)
{
	struct wdmdma_registers *registers = base;

	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&registers->mapped));
	KUNIT_EXPECT_EQ(test, registers->used, 0U);
	adapter->DmaOperations->FreeMapRegisters(adapter, base, count);
}

/* The classic order calls MapTransfer for each piece and one flush for all pieces. */
static void map_transfer_maps_piece_by_piece(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 4 * SZ_4K);
	PVOID base = registers_of(test, f->adapter, 4, 0);
	size_t done = 100, end = 4 * SZ_4K - 10;
	unsigned int pieces = 0;

	while (done < end) {
		ULONG length = end - done;
		PHYSICAL_ADDRESS la = f->ops->MapTransfer(f->adapter, mdl, base, memory->va + done,
							  &length, TRUE);

		if (!wdmdma_test_copies_all(f->dev))
			KUNIT_ASSERT_EQ(test, (u64)la.QuadPart,
					page_to_phys(memory->page[done >> PAGE_SHIFT]) +
					offset_in_page(done));
		KUNIT_ASSERT_EQ(test, memcmp(wdmdma_test_at(la.QuadPart), memory->va + done,
					     length), 0);
		KUNIT_ASSERT_EQ(test, length, min(end - done, SZ_4K - offset_in_page(done)));
		done += length;
		pieces++;
	}
	KUNIT_EXPECT_EQ(test, pieces, 4U);
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							    memory->va + 100, end - 100, TRUE));
	expect_unmapped(test, f->adapter, base, 4);
}

/* The index goes on behind the first MDL of a chain, which may be empty. */
static void map_transfer_goes_along_a_chain(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 0);
	PVOID base = registers_of(test, f->adapter, 4, 0);
	size_t done = 0, end = 3 * SZ_4K;
	PHYSICAL_ADDRESS la;
	ULONG length;

	mdl->Next = wdmdma_test_mdl(test, memory->va, 5000);
	mdl->Next->Next = wdmdma_test_mdl(test, memory->va + 5000, end - 5000);
	while (done < end) {
		length = end - done;
		la = f->ops->MapTransfer(f->adapter, mdl, base, memory->va + done, &length, TRUE);
		KUNIT_ASSERT_NE(test, length, 0U);
		KUNIT_ASSERT_EQ(test, memcmp(wdmdma_test_at(la.QuadPart), memory->va + done,
					     length), 0);
		done += length;
	}
	KUNIT_EXPECT_EQ(test, done, end);
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base, memory->va, end,
							    TRUE));
	length = 1;
	la = f->ops->MapTransfer(f->adapter, mdl, base, memory->va + end, &length, TRUE);
	KUNIT_EXPECT_EQ(test, length, 0U);
	expect_unmapped(test, f->adapter, base, 4);
}

/*
 * No page frame number follows that of an MDL's last page, and none may be
 * read. KASAN checks the MDL.
 */
static void map_transfer_ends_with_the_mdl(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *va = kunit_kzalloc(test, SZ_8K, GFP_KERNEL);
	PMDL mdl = wdmdma_test_mdl(test, va, SZ_8K);
	PVOID base = registers_of(test, f->adapter, 2, 0);
	ULONG length = SZ_8K;
	PHYSICAL_ADDRESS la;

	la = f->ops->MapTransfer(f->adapter, mdl, base, va, &length, FALSE);
	if (!wdmdma_test_copies_all(f->dev))
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va));
	KUNIT_EXPECT_EQ(test, length, (ULONG)SZ_8K);
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base, va, SZ_8K,
							    FALSE));
	expect_unmapped(test, f->adapter, base, 2);
}

/* Without ScatterGather all bytes must be one piece, and Length must not change. */
static void map_transfer_without_lists_maps_all(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_adapter(test, 64, SZ_64K, FALSE);
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 4 * SZ_4K);
	PVOID base = registers_of(test, adapter, 4, 0);
	ULONG length = 4 * SZ_4K;
	PHYSICAL_ADDRESS la;

	la = ops->MapTransfer(adapter, mdl, base, memory->va, &length, FALSE);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, 4U * SZ_4K);
	memset(wdmdma_test_at(la.QuadPart), 0x3c, length);
	KUNIT_EXPECT_TRUE(test, ops->FlushAdapterBuffers(adapter, mdl, base, memory->va, length,
							 FALSE));
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va, 0x3c, 4 * SZ_4K));
	expect_unmapped(test, adapter, base, 4);

	/*
	 * Driver Verifier's bug check 0xE6, code 0x00. Three registers are too few for four
	 * pages, so nothing may be mapped.
	 */
	base = registers_of(test, adapter, 3, 0);
	la = ops->MapTransfer(adapter, mdl, base, memory->va, &length, FALSE);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, 0U);
	expect_unmapped(test, adapter, base, 3);
}

static const struct part_row {
	const char *name;
	ULONG registers;
	ULONG elements;		/* room in the list */
	ULONG offset, length;	/* asked for */
	ULONG mapped;
} part_rows[] = {
	{ "all of it", 8, 8, 0, 8 * SZ_4K, 8 * SZ_4K },
	{ "one byte", 8, 8, 5000, 1, 1 },
	{ "as many as the list has room for", 8, 3, 0, 8 * SZ_4K, 3 * SZ_4K },
	{ "the same from inside a page", 8, 3, 1000, 20000, 3 * SZ_4K - 1000 },
	{ "as many as there are registers", 2, 8, 0, 8 * SZ_4K, 2 * SZ_4K },
	{ "one element", 8, 1, 100, 8 * SZ_4K - 100, SZ_4K - 100 },
};

KUNIT_ARRAY_PARAM_DESC(part, part_rows, name);

static void map_transfer_ex_maps_what_fits(struct kunit *test)
{
	const struct part_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 8);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 5000);
	PVOID base = registers_of(test, f->adapter, row->registers, 0);
	ULONG size = 0x10 + 0x18 * row->elements, length = row->length;
	PSCATTER_GATHER_LIST list = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);
	/*
	 * A chain of two MDLs. The page that both describe takes two registers,
	 * so allocate one more.
	 */
	mdl->Next = wdmdma_test_mdl(test, memory->va + 5000, 8 * SZ_4K - 5000);
	f->ops->FreeMapRegisters(f->adapter, base, row->registers);
	base = registers_of(test, f->adapter, row->registers + 1, 0);
	KUNIT_ASSERT_EQ(test,
			f->ops->MapTransferEx(f->adapter, mdl, base, row->offset, 0, &length, TRUE,
					      list, size, NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, row->mapped);
	wdmdma_test_expect_list(test, list, memory, row->offset, length);
	KUNIT_EXPECT_EQ(test, f->ops->FlushAdapterBuffersEx(f->adapter, mdl, base, row->offset,
							    length, TRUE),
			STATUS_SUCCESS);
	expect_unmapped(test, f->adapter, base, row->registers + 1);
}

/* Driver Verifier's bug check 0xE6, code 0x0D. Each mapping must be flushed before the next one. */
static void map_transfer_ex_wants_a_flush_between(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 4 * SZ_4K);
	PVOID base = registers_of(test, f->adapter, 4, 0);
	ULONG length = SZ_4K;
	u8 list[256];

	KUNIT_ASSERT_EQ(test, f->ops->MapTransferEx(f->adapter, mdl, base, 0, 0, &length, TRUE,
						    (void *)list, sizeof(list), NULL, NULL),
			STATUS_SUCCESS);
	length = SZ_4K;
	KUNIT_EXPECT_EQ(test, f->ops->MapTransferEx(f->adapter, mdl, base, SZ_4K, 0, &length, TRUE,
						    (void *)list, sizeof(list), NULL, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_EQ(test, f->ops->FlushAdapterBuffersEx(f->adapter, mdl, base, 0, SZ_4K, TRUE),
			STATUS_SUCCESS);
	length = SZ_4K;
	KUNIT_EXPECT_EQ(test, f->ops->MapTransferEx(f->adapter, mdl, base, SZ_4K, 0, &length, TRUE,
						    (void *)list, sizeof(list), NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, f->ops->FlushAdapterBuffersEx(f->adapter, mdl, base, SZ_4K, SZ_4K,
							    TRUE),
			STATUS_SUCCESS);
	expect_unmapped(test, f->adapter, base, 4);
}

/* Bad arguments. */

enum refuse_how {
	PLAIN, NO_MDL, NO_BASE, FOREIGN_BASE, NO_LENGTH, NOT_LOCKED, SMALL_LIST, NO_LIST
};

static const struct refuse_row {
	const char *name;
	enum refuse_how how;
	ULONG offset, length;
	bool ex;	/* for MapTransferEx only */
} refuse_rows[] = {
	{ "no MDL", NO_MDL, 0, 1 },
	{ "no registers", NO_BASE, 0, 1 },
	{ "registers that are none", FOREIGN_BASE, 0, 1 },
	{ "no length", NO_LENGTH, 0, 1 },
	{ "0xE6 code 0x21: length 0", PLAIN, 0, 0 },
	{ "0xE6 code 0x1B: past the MDL", PLAIN, SZ_8K, 1 },
	{ "0xE6 code 0x1B: too long", PLAIN, 1, SZ_8K },
	{ "0xE6 code 0x0E: not locked", NOT_LOCKED, 0, 1 },
	{ "0xE6 code 0x24: no room for an element", SMALL_LIST, 0, 1, true },
	{ "no list", NO_LIST, 0, 1, true },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_rows, name);

static void map_transfer_refuses(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PVOID base = registers_of(test, f->adapter, 2, 0), used = base;
	ULONG length = row->length, size = row->how == SMALL_LIST ? 0x27 : 0x28;
	PULONG length_out = row->how == NO_LENGTH ? NULL : &length;
	PHYSICAL_ADDRESS la;
	u8 list[0x28];

	if (row->how == NO_BASE || row->how == FOREIGN_BASE)
		used = row->how == NO_BASE ? NULL : (PVOID)f;
	if (row->how == NOT_LOCKED)
		mdl->MdlFlags &= ~MDL_SOURCE_IS_NONPAGED_POOL;
	if (!row->ex) {
		la = f->ops->MapTransfer(f->adapter, row->how == NO_MDL ? NULL : mdl, used,
					 memory->va + row->offset, length_out, TRUE);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		if (length_out)
			KUNIT_EXPECT_EQ(test, length, 0U);
	}
	length = row->length;
	KUNIT_EXPECT_EQ(test,
			f->ops->MapTransferEx(f->adapter, row->how == NO_MDL ? NULL : mdl, used,
					      row->offset, 0, length_out, TRUE,
					      row->how == NO_LIST ? NULL : (void *)list, size,
					      NULL, NULL),
			STATUS_INVALID_PARAMETER);
	if (length_out)
		KUNIT_EXPECT_EQ(test, length, 0U);
	mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
	expect_unmapped(test, f->adapter, base, 2);
}

/* Driver Verifier's bug check 0xE6, code 0x1D. */
static void memory_is_not_mapped_twice(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PVOID base = registers_of(test, f->adapter, 4, 0);
	ULONG length = 1000;

	f->ops->MapTransfer(f->adapter, mdl, base, memory->va, &length, TRUE);
	KUNIT_ASSERT_EQ(test, length, 1000U);
	f->ops->MapTransfer(f->adapter, mdl, base, memory->va + 999, &length, TRUE);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base, memory->va,
							    1000, TRUE));
	expect_unmapped(test, f->adapter, base, 4);
}

/* Driver Verifier's bug check 0xE6, codes 0x16, 0x20 and 0x23. */
static void flush_refuses_what_is_not_what_is_mapped(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PMDL other = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PVOID base = registers_of(test, f->adapter, 2, 0);
	ULONG length = 1000;

	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base, memory->va,
							     1000, TRUE));
	f->ops->MapTransfer(f->adapter, mdl, base, memory->va + 100, &length, TRUE);
	KUNIT_ASSERT_EQ(test, length, 1000U);
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							     memory->va + 101, 1000, TRUE));
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							     memory->va + 99, 0, TRUE));
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							     memory->va + 99, 1, TRUE));
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							     memory->va + 1100, 1000, TRUE));
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, other, base,
							     memory->va + 100, 1000, TRUE));
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, NULL, base,
							     memory->va + 100, 1000, TRUE));
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, NULL,
							     memory->va + 100, 1000, TRUE));
	KUNIT_EXPECT_FALSE(test, f->ops->FlushAdapterBuffers(NULL, mdl, base, memory->va + 100,
							     1000, TRUE));
	KUNIT_EXPECT_EQ(test, f->ops->FlushAdapterBuffersEx(f->adapter, mdl, base, 0, 50, TRUE),
			STATUS_INVALID_PARAMETER);
	/* A wrong direction must be reported, and the right direction must be used. */
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							    memory->va + 100, 1000, FALSE));
	/*
	 * Driver Verifier's bug check 0xE6, code 0x00. A flush of more than is mapped must
	 * flush all that is mapped.
	 */
	f->ops->MapTransfer(f->adapter, mdl, base, memory->va + 100, &length, TRUE);
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base, memory->va,
							    SZ_64K, TRUE));
	expect_unmapped(test, f->adapter, base, 2);
}

/*
 * Drivers flush the bytes that the device has moved. The whole mapping must end, and bytes that no
 * device has written must keep their values.
 */
static void flush_of_fewer_bytes_ends_the_mapping(struct kunit *test)
{
	static const ULONG moved[] = { 0, 1, 999, 4999 };
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PVOID base = registers_of(test, f->adapter, 2, 0);
	struct wdmdma_registers *registers = base;
	u8 list[256] __aligned(8);
	unsigned int i;
	ULONG length;

	memset(memory->va, 0x11, SZ_8K);
	for (i = 0; i < ARRAY_SIZE(moved); i++) {
		length = 5000;
		KUNIT_ASSERT_EQ(test,
				f->ops->MapTransferEx(f->adapter, mdl, base, 100, 0, &length, FALSE,
						      (void *)list, sizeof(list), NULL, NULL),
				STATUS_SUCCESS);
		KUNIT_ASSERT_EQ(test, length, 5000U);
		KUNIT_EXPECT_EQ(test,
				f->ops->FlushAdapterBuffersEx(f->adapter, mdl, base, 100, moved[i],
							      FALSE),
				STATUS_SUCCESS);
		KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&registers->mapped));
		KUNIT_EXPECT_PTR_EQ(test, memchr_inv(memory->va, 0x11, SZ_8K), NULL);
		KUNIT_EXPECT_FALSE(test,
				   f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							       memory->va + 100, moved[i], FALSE));
	}
	expect_unmapped(test, f->adapter, base, 2);
}

/* A piece of which the driver names no byte must stay mapped, and the driver is told at the end. */
static void flush_leaves_pieces_behind_its_bytes(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PVOID base = registers_of(test, f->adapter, 2, 0);
	ULONG length = 100;

	f->ops->MapTransfer(f->adapter, mdl, base, memory->va, &length, FALSE);
	KUNIT_ASSERT_EQ(test, length, 100U);
	f->ops->MapTransfer(f->adapter, mdl, base, memory->va + 100, &length, FALSE);
	KUNIT_ASSERT_EQ(test, length, 100U);
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base, memory->va, 50,
							    FALSE));
	KUNIT_EXPECT_EQ(test, ((struct wdmdma_registers *)base)->used, 1U);
	KUNIT_EXPECT_TRUE(test, f->ops->FlushAdapterBuffers(f->adapter, mdl, base,
							    memory->va + 100, 50, FALSE));
	expect_unmapped(test, f->adapter, base, 2);
}

/* Driver Verifier's bug check 0xE6, code 0x10. The transfer must be unmapped all the same. */
static void registers_freed_while_mapped_are_unmapped(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PVOID base = registers_of(test, f->adapter, 2, 0);
	ULONG length = SZ_4K;

	f->ops->MapTransfer(f->adapter, mdl, base, memory->va, &length, FALSE);
	KUNIT_EXPECT_EQ(test, length, (ULONG)SZ_4K);
	f->ops->FreeMapRegisters(f->adapter, base, 2);
	length = SZ_4K;
	f->ops->MapTransfer(f->adapter, mdl, base, memory->va, &length, FALSE);
	KUNIT_EXPECT_EQ(test, length, 0U);
}

static void cancelled_registers_map_nothing(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], list[0x28];
	ULONG length = SZ_4K;
	PVOID base;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	f->ops->AllocateAdapterChannelEx(f->adapter, NULL, context, 1, SYNC, NULL, NULL, &base);
	KUNIT_EXPECT_EQ(test, f->ops->CancelMappedTransfer(f->adapter, context), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, f->ops->MapTransferEx(f->adapter, mdl, base, 0, 0, &length, TRUE,
						    (void *)list, sizeof(list), NULL, NULL),
			STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, length, 0U);
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
}

static void no_bounce_holds_for_the_registers(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K);
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	ULONG length = 3 * SZ_4K, done = 0, i;
	PSCATTER_GATHER_LIST list;
	u8 buffer[0x10 + 2 * 0x18];
	PVOID base;

	base = registers_of(test, adapter, 3, DMA_FAIL_ON_BOUNCE);
	KUNIT_EXPECT_EQ(test, ops->MapTransferEx(adapter, mdl, base, 0, 0, &length, TRUE,
						 (void *)buffer, sizeof(buffer), NULL, NULL),
			STATUS_INSUFFICIENT_RESOURCES);
	expect_unmapped(test, adapter, base, 3);

	/*
	 * A copy has one element for each page. There must be no more elements than
	 * the list has room for.
	 */
	base = registers_of(test, adapter, 3, 0);
	length = 3 * SZ_4K - 1;
	list = (void *)buffer;
	KUNIT_ASSERT_EQ(test, ops->MapTransferEx(adapter, mdl, base, 1, 0, &length, TRUE, list,
						 sizeof(buffer), NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, list->NumberOfElements, 2U);
	for (i = 0; i < list->NumberOfElements; i++) {
		KUNIT_EXPECT_EQ(test, memcmp(wdmdma_test_at(list->Elements[i].Address.QuadPart),
					     memory->va + 1 + done, list->Elements[i].Length), 0);
		done += list->Elements[i].Length;
	}
	KUNIT_EXPECT_EQ(test, done, length);
	KUNIT_EXPECT_EQ(test, ops->FlushAdapterBuffersEx(adapter, mdl, base, 1, length, TRUE),
			STATUS_SUCCESS);
	expect_unmapped(test, adapter, base, 3);
}

/* These calls have no queue, so they must fail if there is no memory now. */
static void map_without_memory_to_copy_to_fails_at_once(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PVOID base = registers_of(test, f->adapter, 1, 0);
	ULONG length = SZ_4K;
	PHYSICAL_ADDRESS la;
	u8 list[0x28];

	wdmdma_test_short(test, f->adapter);
	KUNIT_EXPECT_EQ(test, f->ops->MapTransferEx(f->adapter, mdl, base, 0, 0, &length, TRUE,
						    (void *)list, sizeof(list), NULL, NULL),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, length, 0U);
	length = SZ_4K;
	la = f->ops->MapTransfer(f->adapter, mdl, base, memory->va, &length, TRUE);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	wdmdma_test_plenty();
	length = SZ_4K;
	KUNIT_EXPECT_EQ(test, f->ops->MapTransferEx(f->adapter, mdl, base, 0, 0, &length, TRUE,
						    (void *)list, sizeof(list), NULL, NULL),
			STATUS_SUCCESS);
	f->ops->FlushAdapterBuffersEx(f->adapter, mdl, base, 0, length, TRUE);
	expect_unmapped(test, f->adapter, base, 1);
}

/* The adapter belongs to a bus master, so calls for DMA controllers must be refused. */
static void calls_for_dma_controllers_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->ops->ReadDmaCounter(f->adapter), 0U);
	KUNIT_EXPECT_EQ(test, f->ops->ReadDmaCounter(NULL), 0U);
	KUNIT_EXPECT_EQ(test, f->ops->ConfigureAdapterChannel(f->adapter, 1, NULL),
			STATUS_NOT_IMPLEMENTED);
	KUNIT_EXPECT_EQ(test, f->ops->ConfigureAdapterChannel(NULL, 1, NULL),
			STATUS_INVALID_PARAMETER);
}

/* The map must fail cleanly or must be undone by the flush. */
static void map_and_flush(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	static struct wdmdma_memory *memory;
	static PVOID base;
	static PMDL mdl;
	ULONG length = 4 * SZ_4K;
	u8 list[0x10 + 4 * 0x18];
	NTSTATUS status;

	if (current->fail_nth == 1) {
		current->fail_nth = 0;
		memory = wdmdma_test_memory(test, 4);
		mdl = wdmdma_test_mdl(test, memory->va, 4 * SZ_4K);
		base = registers_of(test, f->adapter, 4, 0);
		current->fail_nth = 1;
	}
	status = f->ops->MapTransferEx(f->adapter, mdl, base, 0, 0, &length, TRUE, (void *)list,
				       sizeof(list), NULL, NULL);
	if (NT_SUCCESS(status))
		f->ops->FlushAdapterBuffersEx(f->adapter, mdl, base, 0, length, TRUE);
	else
		KUNIT_EXPECT_EQ(test, length, 0U);
}

static void map_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, map_and_flush);
}

static struct kunit_case wdm_transfer_cases[] = {
	KUNIT_CASE(map_transfer_maps_piece_by_piece),
	KUNIT_CASE(map_transfer_goes_along_a_chain),
	KUNIT_CASE(map_transfer_ends_with_the_mdl),
	KUNIT_CASE(map_transfer_without_lists_maps_all),
	KUNIT_CASE_PARAM(map_transfer_ex_maps_what_fits, part_gen_params),
	KUNIT_CASE(map_transfer_ex_wants_a_flush_between),
	KUNIT_CASE_PARAM(map_transfer_refuses, refuse_gen_params),
	KUNIT_CASE(memory_is_not_mapped_twice),
	KUNIT_CASE(flush_refuses_what_is_not_what_is_mapped),
	KUNIT_CASE(flush_of_fewer_bytes_ends_the_mapping),
	KUNIT_CASE(flush_leaves_pieces_behind_its_bytes),
	KUNIT_CASE(registers_freed_while_mapped_are_unmapped),
	KUNIT_CASE(cancelled_registers_map_nothing),
	KUNIT_CASE(no_bounce_holds_for_the_registers),
	KUNIT_CASE(map_without_memory_to_copy_to_fails_at_once),
	KUNIT_CASE(calls_for_dma_controllers_are_refused),
	KUNIT_CASE(map_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_transfer_suite = {
	.name = "wdmdma_wdm_transfer",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_transfer_cases,
};

kunit_test_suite(wdm_transfer_suite);
