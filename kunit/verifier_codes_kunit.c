// SPDX-License-Identifier: GPL-2.0-only
/*
 * The codes of Windows' bug checks 0xE6 and 0x1DC (core/verifier.c). For each code there is a
 * function that makes the mistake, or the same calls without it. The mistake must be reported under
 * its code and no other, and the right calls must not be reported at all.
 */
#include <linux/irq_work.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "log.h"
#include "memory.h"
#include "sgl.h"
#include "verifier.h"

static PMDL mdl_of(struct kunit *test, unsigned int pages)
{
	return wdmdma_test_mdl(test, wdmdma_test_memory(test, pages)->va, pages * SZ_4K);
}

static ULONG map(PDMA_ADAPTER adapter, PMDL mdl, PVOID base, ULONG offset, ULONG length)
{
	adapter->DmaOperations->MapTransfer(adapter, mdl, base,
					    MmGetMdlVirtualAddress(mdl) + offset, &length, TRUE);
	return length;
}

static BOOLEAN flush(PDMA_ADAPTER adapter, PMDL mdl, PVOID base, ULONG offset, ULONG length)
{
	return adapter->DmaOperations->FlushAdapterBuffers(adapter, mdl, base,
							   MmGetMdlVirtualAddress(mdl) + offset,
							   length, TRUE);
}

/* Map and flush under two registers. The mistake is in one of the arguments. */
static void map_and_flush(struct kunit *test, ULONG mapped, ULONG flushed, ULONG again)
{
	struct wdmdma_fixture *f = test->priv;
	PMDL mdl = mdl_of(test, 2);
	PVOID base = verifier_registers(test, f->adapter, 3);

	KUNIT_EXPECT_EQ(test, map(f->adapter, mdl, base, 100, mapped), mapped);
	if (again)
		KUNIT_EXPECT_EQ(test, map(f->adapter, mdl, base, again, 10), 0U);
	flush(f->adapter, mdl, base, flushed, 1000);
	if (flushed > 100)
		flush(f->adapter, mdl, base, 100, 1000);
	f->ops->FreeMapRegisters(f->adapter, base, 3);
}

static void registers_too_few(struct kunit *test, bool wrong)
{
	PDMA_ADAPTER adapter = wdmdma_test_adapter(test, 64, SZ_64K, FALSE);
	PVOID base = verifier_registers(test, adapter, 3);
	PMDL mdl = mdl_of(test, 4);
	ULONG length = (wrong ? 4 : 3) * SZ_4K;

	KUNIT_EXPECT_EQ(test, map(adapter, mdl, base, 0, length), wrong ? 0U : length);
	if (!wrong)
		flush(adapter, mdl, base, 0, length);
	adapter->DmaOperations->FreeMapRegisters(adapter, base, 3);
}

static void flush_beyond_the_registers(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PVOID base = verifier_registers(test, f->adapter, 1);
	PMDL mdl = mdl_of(test, 2);

	KUNIT_EXPECT_EQ(test, map(f->adapter, mdl, base, 0, 100), 100U);
	KUNIT_EXPECT_TRUE(test, flush(f->adapter, mdl, base, 0, wrong ? SZ_4K + 1 : SZ_4K));
	f->ops->FreeMapRegisters(f->adapter, base, 1);
}

static void buffer_freed_twice(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va = wdmdma_test_alloc(f, SZ_4K, &la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(f, SZ_4K, la, va);
	if (wrong)
		wdmdma_test_free(f, SZ_4K, la, va);
}

static void buffer_freed_with_another_length(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va = wdmdma_test_alloc(f, SZ_4K, &la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	if (wrong)
		wdmdma_test_free(f, SZ_4K + 1, la, va);
	wdmdma_test_free(f, SZ_4K, la, va);
}

static void get_channel(struct kunit *test, PDMA_ADAPTER adapter)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PVOID base;

	sgl_ops(adapter)->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test,
			sgl_ops(adapter)->AllocateAdapterChannelEx(adapter, NULL, context, 1,
								   DMA_SYNCHRONOUS_CALLBACK, NULL,
								   NULL, &base),
			STATUS_SUCCESS);
}

static void channel_freed_twice(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;

	get_channel(test, f->adapter);
	f->ops->FreeAdapterChannel(f->adapter);
	if (wrong)
		f->ops->FreeAdapterChannel(f->adapter);
}

static void registers_freed_twice(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PVOID base = verifier_registers(test, f->adapter, 2);

	f->ops->FreeMapRegisters(f->adapter, base, 2);
	if (wrong)
		f->ops->FreeMapRegisters(f->adapter, base, 2);
}

static void registers_freed_in_part(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PVOID base = verifier_registers(test, f->adapter, 2);

	if (wrong)
		f->ops->FreeMapRegisters(f->adapter, base, 1);
	f->ops->FreeMapRegisters(f->adapter, base, 2);
}

static void list_put_twice(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PSCATTER_GATHER_LIST list = sgl_get_now(test, f->adapter, mdl_of(test, 1), SZ_4K, TRUE);

	sgl_put(f->adapter, list, TRUE);
	if (wrong)
		sgl_put(f->adapter, list, TRUE);
}

static void put_with_a_buffer(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture f = *(struct wdmdma_fixture *)test->priv;
	PHYSICAL_ADDRESS la;
	void *va;

	f.adapter = wdmdma_test_second_adapter(test, 64);
	va = wdmdma_test_alloc(&f, SZ_4K, &la);
	KUNIT_EXPECT_NOT_NULL(test, va);
	if (!wrong)
		wdmdma_test_free(&f, SZ_4K, la, va);
	f.ops->PutDmaAdapter(f.adapter);
}

static void put_with_the_channel(struct kunit *test, bool wrong)
{
	PDMA_ADAPTER adapter = wdmdma_test_second_adapter(test, 64);

	get_channel(test, adapter);
	if (!wrong)
		sgl_ops(adapter)->FreeAdapterChannel(adapter);
	sgl_ops(adapter)->PutDmaAdapter(adapter);
}

static void put_with_registers(struct kunit *test, bool wrong)
{
	PDMA_ADAPTER adapter = wdmdma_test_second_adapter(test, 64);
	PVOID base = verifier_registers(test, adapter, 1);

	if (!wrong)
		sgl_ops(adapter)->FreeMapRegisters(adapter, base, 1);
	sgl_ops(adapter)->PutDmaAdapter(adapter);
}

static void put_with_a_list(struct kunit *test, bool wrong)
{
	PDMA_ADAPTER adapter = wdmdma_test_second_adapter(test, 64);
	PSCATTER_GATHER_LIST list = sgl_get_now(test, adapter, mdl_of(test, 1), SZ_4K, TRUE);

	if (!wrong)
		sgl_put(adapter, list, TRUE);
	sgl_ops(adapter)->PutDmaAdapter(adapter);
}

static void registers_not_granted(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	ULONG count = wdmdma_test_core_of(f)->map_registers + wrong;
	NTSTATUS status;
	PVOID base;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	status = f->ops->AllocateAdapterChannelEx(f->adapter, NULL, context, count,
						  DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, &base);
	KUNIT_EXPECT_EQ(test, NT_SUCCESS(status), !wrong);
	if (!wrong)
		f->ops->FreeAdapterChannel(f->adapter);
}

static void no_flush_between(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PVOID base = verifier_registers(test, f->adapter, 2);
	PMDL mdl = mdl_of(test, 2);
	u8 list[256] __aligned(8);
	ULONG length = SZ_4K;
	NTSTATUS status;

	f->ops->MapTransferEx(f->adapter, mdl, base, 0, 0, &length, TRUE, (void *)list,
			      sizeof(list), NULL, NULL);
	KUNIT_EXPECT_EQ(test, length, (ULONG)SZ_4K);
	if (!wrong)
		flush(f->adapter, mdl, base, 0, SZ_4K);
	length = SZ_4K;
	status = f->ops->MapTransferEx(f->adapter, mdl, base, SZ_4K, 0, &length, TRUE,
				       (void *)list, sizeof(list), NULL, NULL);
	KUNIT_EXPECT_EQ(test, NT_SUCCESS(status), !wrong);
	flush(f->adapter, mdl, base, 0, SZ_8K);
	f->ops->FreeMapRegisters(f->adapter, base, 2);
}

static void buffer_not_locked(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_caught caught;
	PMDL mdl = mdl_of(test, 1);
	CSHORT flags = mdl->MdlFlags;
	NTSTATUS status;

	wdmdma_test_catch_init(&caught);
	if (wrong)
		mdl->MdlFlags = 0;
	status = sgl_get(f->adapter, mdl, 0, SZ_4K, TRUE, &caught);
	mdl->MdlFlags = flags;
	KUNIT_EXPECT_EQ(test, NT_SUCCESS(status), !wrong);
	if (!wrong)
		sgl_put(f->adapter, caught.list, TRUE);
}

static void registers_freed_while_mapped(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PVOID base = verifier_registers(test, f->adapter, 1);
	PMDL mdl = mdl_of(test, 1);

	KUNIT_EXPECT_EQ(test, map(f->adapter, mdl, base, 0, SZ_4K), (ULONG)SZ_4K);
	if (!wrong)
		flush(f->adapter, mdl, base, 0, SZ_4K);
	f->ops->FreeMapRegisters(f->adapter, base, 1);
}

static void object_put_too_often(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;

	wdmdma_device_object_put(f->pdo);
	if (wrong)
		wdmdma_device_object_put(f->pdo);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_device_object_get(f->dev), f->pdo);
}

struct in_interrupt {
	struct irq_work work;
	struct wdmdma_fixture *f;
};

static void free_nothing(struct irq_work *work)
{
	struct wdmdma_fixture *f = container_of(work, struct in_interrupt, work)->f;

	f->ops->FreeAdapterObject(f->adapter, KeepObject);
}

static void call_in_an_interrupt(struct kunit *test, bool wrong)
{
	struct in_interrupt call = { .f = test->priv };

	call.work = IRQ_WORK_INIT_HARD(free_nothing);
	if (wrong) {
		irq_work_queue(&call.work);
		irq_work_sync(&call.work);
		return;
	}
	local_bh_disable();
	free_nothing(&call.work);
	local_bh_enable();
}

static void allocation_at_dispatch(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va;

	if (wrong)
		local_bh_disable();
	va = wdmdma_test_alloc(f, SZ_4K, &la);
	if (wrong)
		local_bh_enable();
	KUNIT_EXPECT_EQ(test, !va, wrong);
	if (va)
		wdmdma_test_free(f, SZ_4K, la, va);
}

static void flush_under_no_registers(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PMDL mdl = mdl_of(test, 1);

	map_and_flush(test, 1000, 100, 0);
	if (wrong)
		KUNIT_EXPECT_FALSE(test, flush(f->adapter, mdl, f, 0, 100));
}

static void adapter_used_after_its_put(struct kunit *test, bool wrong)
{
	PDMA_ADAPTER adapter = wdmdma_test_second_adapter(test, 64);
	const DMA_OPERATIONS *ops = adapter->DmaOperations;

	if (!wrong)
		ops->GetDmaAlignment(adapter);
	ops->PutDmaAdapter(adapter);
	if (wrong)
		ops->GetDmaAlignment(adapter);
}

static void adapter_is_null(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->GetDmaAlignment(wrong ? NULL : f->adapter);
}

/* Get a list of these bytes of an MDL of two pages. */
static void get_list(struct kunit *test, ULONG length, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_caught caught;
	NTSTATUS status;

	wdmdma_test_catch_init(&caught);
	status = sgl_get(f->adapter, mdl_of(test, 2), 0, length, TRUE, &caught);
	KUNIT_EXPECT_EQ(test, NT_SUCCESS(status), !wrong);
	if (NT_SUCCESS(status))
		sgl_put(f->adapter, caught.list, TRUE);
}

static void bytes_past_the_mdl(struct kunit *test, bool wrong)
{
	get_list(test, SZ_8K + wrong, wrong);
}

static void no_bytes(struct kunit *test, bool wrong)
{
	get_list(test, wrong ? 0 : 1, wrong);
}

static void memory_mapped_twice(struct kunit *test, bool wrong)
{
	map_and_flush(test, 1000, 100, wrong ? 1099 : 0);
}

static void flush_of_nothing(struct kunit *test, bool wrong)
{
	map_and_flush(test, 1000, wrong ? 2000 : 100, 0);
}

static void flush_inside_a_mapping(struct kunit *test, bool wrong)
{
	map_and_flush(test, 1000, wrong ? 101 : 100, 0);
}

static void mdl_without_address(struct kunit *test, bool wrong)
{
	PHYSICAL_ADDRESS low = {}, high = wdmdma_test_pa(U32_MAX), la = {};
	PMDL mdl = MmAllocatePagesForMdl(low, high, low, SZ_4K);
	struct wdmdma_fixture *f = test->priv;
	NTSTATUS status;
	PVOID va = NULL;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	if (!wrong)
		va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	status = f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, NULL, 0, &la);
	KUNIT_EXPECT_EQ(test, NT_SUCCESS(status), !wrong);
	if (NT_SUCCESS(status))
		wdmdma_test_free(f, SZ_4K, la, va);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
}

static void room_too_small(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	u8 room[1024] __aligned(8);
	struct wdmdma_caught caught;
	PMDL mdl = mdl_of(test, 2);
	NTSTATUS status;

	wdmdma_test_catch_init(&caught);
	status = f->ops->BuildScatterGatherList(f->adapter, f->pdo, mdl,
						MmGetMdlVirtualAddress(mdl), SZ_8K,
						wdmdma_test_catch_list, &caught, TRUE, room,
						wrong ? 0x10 : sizeof(room));
	KUNIT_EXPECT_EQ(test, NT_SUCCESS(status), !wrong);
	if (NT_SUCCESS(status))
		sgl_put(f->adapter, caught.list, TRUE);
}

static void unknown_version(struct kunit *test, bool wrong)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(wrong ? 9 : 3, 64);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_EXPECT_EQ(test, !adapter, wrong);
	if (adapter)
		adapter->DmaOperations->PutDmaAdapter(adapter);
}

static PDMA_COMMON_BUFFER_VECTOR vector_of(struct kunit *test, struct wdmdma_fixture *f)
{
	PDMA_COMMON_BUFFER_VECTOR vector =
		wdmdma_test_vector(f, U64_MAX, wdmdma_test_cache(f->dev), 0, 2);

	KUNIT_ASSERT_NOT_NULL(test, vector);
	return vector;
}

static void vector_at_dispatch(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = vector_of(test, f);

	if (wrong) {
		local_bh_disable();
		f->ops->FreeCommonBufferVector(f->adapter, vector);
		local_bh_enable();
	}
	f->ops->FreeCommonBufferVector(f->adapter, vector);
}

static void vector_index(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = vector_of(test, f);
	PHYSICAL_ADDRESS la;
	PVOID va;

	f->ops->GetCommonBufferFromVectorByIndex(f->adapter, vector, wrong ? 2 : 1, &va, &la);
	KUNIT_EXPECT_EQ(test, !va, wrong);
	f->ops->FreeCommonBufferVector(f->adapter, vector);
}

static void vector_element_freed_twice(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = vector_of(test, f);

	f->ops->FreeCommonBufferFromVector(f->adapter, vector, 1);
	if (wrong)
		f->ops->FreeCommonBufferFromVector(f->adapter, vector, 1);
	f->ops->FreeCommonBufferVector(f->adapter, vector);
}

static void put_with_a_vector(struct kunit *test, bool wrong)
{
	struct wdmdma_fixture f = *(struct wdmdma_fixture *)test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;

	f.adapter = wdmdma_test_second_adapter(test, 64);
	vector = vector_of(test, &f);
	if (!wrong)
		f.ops->FreeCommonBufferVector(f.adapter, vector);
	f.ops->PutDmaAdapter(f.adapter);
}

static const struct code_row {
	const char *name;
	u32 bug;
	void (*act)(struct kunit *test, bool wrong);
} code_rows[] = {
	{ "0xE6 0x00", WDMDMA_DMA_CODE(0x00), registers_too_few },
	{ "0xE6 0x00 flush", WDMDMA_DMA_CODE(0x00), flush_beyond_the_registers },
	{ "0xE6 0x03", WDMDMA_DMA_CODE(0x03), buffer_freed_twice },
	{ "0xE6 0x04", WDMDMA_DMA_CODE(0x04), channel_freed_twice },
	{ "0xE6 0x05", WDMDMA_DMA_CODE(0x05), registers_freed_twice },
	{ "0xE6 0x05 in part", WDMDMA_DMA_CODE(0x05), registers_freed_in_part },
	{ "0xE6 0x06", WDMDMA_DMA_CODE(0x06), list_put_twice },
	{ "0xE6 0x07", WDMDMA_DMA_CODE(0x07), put_with_a_buffer },
	{ "0xE6 0x08", WDMDMA_DMA_CODE(0x08), put_with_the_channel },
	{ "0xE6 0x09", WDMDMA_DMA_CODE(0x09), put_with_registers },
	{ "0xE6 0x0A", WDMDMA_DMA_CODE(0x0A), put_with_a_list },
	{ "0xE6 0x0C", WDMDMA_DMA_CODE(0x0C), registers_not_granted },
	{ "0xE6 0x0D", WDMDMA_DMA_CODE(0x0D), no_flush_between },
	{ "0xE6 0x0E", WDMDMA_DMA_CODE(0x0E), buffer_not_locked },
	{ "0xE6 0x10", WDMDMA_DMA_CODE(0x10), registers_freed_while_mapped },
	{ "0xE6 0x11", WDMDMA_DMA_CODE(0x11), object_put_too_often },
	{ "0xE6 0x13", WDMDMA_DMA_CODE(0x13), call_in_an_interrupt },
	{ "0xE6 0x14", WDMDMA_DMA_CODE(0x14), allocation_at_dispatch },
	{ "0xE6 0x16", WDMDMA_DMA_CODE(0x16), flush_under_no_registers },
	{ "0xE6 0x18", WDMDMA_DMA_CODE(0x18), adapter_used_after_its_put },
	{ "0xE6 0x19", WDMDMA_DMA_CODE(0x19), adapter_is_null },
	{ "0xE6 0x1B", WDMDMA_DMA_CODE(0x1B), bytes_past_the_mdl },
	{ "0xE6 0x1D", WDMDMA_DMA_CODE(0x1D), memory_mapped_twice },
	{ "0xE6 0x1F", WDMDMA_DMA_CODE(0x1F), buffer_freed_with_another_length },
	{ "0xE6 0x20", WDMDMA_DMA_CODE(0x20), flush_of_nothing },
	{ "0xE6 0x21", WDMDMA_DMA_CODE(0x21), no_bytes },
	{ "0xE6 0x22", WDMDMA_DMA_CODE(0x22), mdl_without_address },
	{ "0xE6 0x23", WDMDMA_DMA_CODE(0x23), flush_inside_a_mapping },
	{ "0xE6 0x24", WDMDMA_DMA_CODE(0x24), room_too_small },
	{ "0xE6 0x25", WDMDMA_DMA_CODE(0x25), unknown_version },
	{ "0x1DC 1", WDMDMA_VECTOR_CODE(1), vector_at_dispatch },
	{ "0x1DC 3", WDMDMA_VECTOR_CODE(3), vector_index },
	{ "0x1DC 4", WDMDMA_VECTOR_CODE(4), vector_element_freed_twice },
	{ "0x1DC 5", WDMDMA_VECTOR_CODE(5), put_with_a_vector },
};

KUNIT_ARRAY_PARAM_DESC(code, code_rows, name);

static void mistake_is_reported_under_its_code(struct kunit *test)
{
	const struct code_row *row = test->param_value;
	unsigned long count, sum;

	verifier_on(test, "all");
	count = verifier_count(row->bug);
	sum = verifier_sum();
	row->act(test, true);
	KUNIT_EXPECT_EQ(test, verifier_count(row->bug), count + 1);
	KUNIT_EXPECT_EQ(test, verifier_sum(), sum + 1);
}

static void right_calls_are_silent(struct kunit *test)
{
	const struct code_row *row = test->param_value;
	unsigned long sum = verifier_sum();

	verifier_on(test, "all");
	row->act(test, false);
	KUNIT_EXPECT_EQ(test, verifier_sum(), sum);
}

static void mistake_is_not_reported_when_off(struct kunit *test)
{
	const struct code_row *row = test->param_value;
	unsigned long sum = verifier_sum();

	row->act(test, true);
	KUNIT_EXPECT_EQ(test, verifier_sum(), sum);
}

/* The message of a refusal ends with the code, whether the verifier is on or not. */
static void message_names_the_code(struct kunit *test)
{
	struct kmsg_dump_iter log;

	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	list_put_twice(test, true);
	vector_index(test, true);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "PutScatterGatherList: ",
						    "(bug check 0xE6, code 0x06)"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "index out of bounds, index ",
						    "(bug check 0x1DC, code 0x03)"), 1U);
}

static struct kunit_case verifier_codes_cases[] = {
	KUNIT_CASE_PARAM(mistake_is_reported_under_its_code, code_gen_params),
	KUNIT_CASE_PARAM(right_calls_are_silent, code_gen_params),
	KUNIT_CASE_PARAM(mistake_is_not_reported_when_off, code_gen_params),
	KUNIT_CASE(message_names_the_code),
	{}
};

static struct kunit_suite verifier_codes_suite = {
	.name = "wdmdma_verifier_codes",
	.init = wdmdma_test_fixture_init,
	.test_cases = verifier_codes_cases,
};

kunit_test_suite(verifier_codes_suite);
