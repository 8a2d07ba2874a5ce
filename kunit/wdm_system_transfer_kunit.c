// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers for which a channel of an ISA DMA controller is programmed (wdm/wdm_system_dma.c,
 * core/dma_channel.c, backend/dma_channel_isa.c). No device is connected to the channels.
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/dma_channel.h"
#include "lib/window.h"
#include "system.h"

#define SYNC		DMA_SYNCHRONOUS_CALLBACK
#define BYTES		3	/* an 8-bit channel without a device */
#define WORDS		7	/* a 16-bit channel without a device */
#define BOUNDARY(channel)	((channel) < 4 ? SZ_64K : SZ_128K)
#define ISA_LAST	(SZ_16M - 1)

static const struct channel_row {
	const char *name;
	ULONG channel;
} channel_rows[] = {
	{ "bytes", BYTES },
	{ "words", WORDS },
};

KUNIT_ARRAY_PARAM_DESC(channel, channel_rows, name);

/*
 * Transfer as much as a channel can move, from and to scattered memory. The
 * case acts as the device.
 */
static void memory_is_copied_to_where_the_channel_reaches(struct kunit *test)
{
	const struct channel_row *row = test->param_value;
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, row->channel);
	u32 boundary = BOUNDARY(row->channel);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	struct wdmdma_slave *s;
	ULONG length = boundary;
	PHYSICAL_ADDRESS la;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	description.MaximumLength = boundary;
	s = wdmdma_test_slave_like(test, description);
	memory = wdmdma_test_memory(test, (boundary >> PAGE_SHIFT) + 1);
	mdl = wdmdma_test_mdl(test, memory->va + 100, boundary);
	base = wdmdma_test_slave_base(test, s, context);

	la = wdmdma_test_slave_map(s, mdl, base, &length, TRUE);
	KUNIT_EXPECT_EQ(test, length, boundary);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_LE(test, la.QuadPart + boundary - 1, (s64)ISA_LAST);
	KUNIT_EXPECT_FALSE(test, wdmdma_window_crosses(boundary, la.QuadPart, boundary));
	/*
	 * The copy must be in the channel's own block, so that no transfer fails for
	 * want of memory there.
	 */
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart,
			(u64)page_to_phys(wdmdma_test_core(s->adapter)->dma_channel->block));
	KUNIT_EXPECT_EQ(test, memcmp(wdmdma_test_at(la.QuadPart), memory->va + 100, boundary), 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, base, boundary, TRUE));

	la = wdmdma_test_slave_map(s, mdl, base, &length, FALSE);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	memset(wdmdma_test_at(la.QuadPart), 0x3c, boundary);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, base, boundary, FALSE));
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va + 100, 0x3c, boundary));
	s->ops->FreeAdapterChannel(s->adapter);
}

/*
 * With swiotlb=force a controller would not see the kernel's copies, so the
 * transfer must be refused.
 */
static void kernel_that_copies_all_memory_gets_no_transfer(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_fixture *f = test->priv;
	bool copies = wdmdma_test_copies_all(f->dev);
	ULONG length = PAGE_SIZE;
	struct wdmdma_slave *s;
	NTSTATUS status;
	PVOID base;
	PMDL mdl;

	if (!IS_ENABLED(CONFIG_ISA_DMA_API)) {
		kunit_skip(test, "the kernel has no ISA DMA");
		return;
	}
	s = wdmdma_test_slave(test, BYTES);
	mdl = wdmdma_test_mdl(test, wdmdma_test_isa_memory(test, 0), PAGE_SIZE);
	base = wdmdma_test_slave_base(test, s, context);
	status = s->ops->MapTransferEx(s->adapter, mdl, base, 0, 0, &length, TRUE, NULL, 0, NULL,
				       NULL);
	KUNIT_EXPECT_EQ(test, status, copies ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, copies ? 0U : (ULONG)PAGE_SIZE);
	if (NT_SUCCESS(status))
		status = s->ops->FlushAdapterBuffersEx(s->adapter, mdl, base, 0, length, TRUE);
	s->ops->FreeAdapterChannel(s->adapter);
	KUNIT_EXPECT_EQ(test, NT_SUCCESS(status), !copies);
}

/*
 * Map registers promise pages and not bytes. A transfer that is longer than the channel's
 * block must be copied to other memory.
 */
static void transfer_may_be_longer_than_maximum_length(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, BYTES);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	ULONG length = 2 * PAGE_SIZE;
	struct wdmdma_slave *s;
	PHYSICAL_ADDRESS la;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	description.MaximumLength = 100;
	s = wdmdma_test_slave_like(test, description);
	memory = wdmdma_test_memory(test, 2);
	mdl = wdmdma_test_mdl(test, memory->va, 2 * PAGE_SIZE);
	base = wdmdma_test_slave_base(test, s, context);
	la = wdmdma_test_slave_map(s, mdl, base, &length, TRUE);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_LE(test, la.QuadPart + length - 1, (s64)ISA_LAST);
	KUNIT_EXPECT_FALSE(test, wdmdma_window_crosses(SZ_64K, la.QuadPart, length));
	KUNIT_EXPECT_EQ(test, memcmp(wdmdma_test_at(la.QuadPart), memory->va, length), 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, base, length, TRUE));
	s->ops->FreeAdapterChannel(s->adapter);
}

static const struct place_row {
	const char *name;
	ULONG channel;
	size_t offset, length;	/* in 256 KiB that are aligned to their size */
	bool copied;
} place_rows[] = {
	{ "bytes up to 64 KiB", BYTES, SZ_64K - 3, 3, false },
	{ "bytes across 64 KiB", BYTES, SZ_64K - 3, 4, true },
	{ "bytes at an odd address", BYTES, 77, 1000, false },
	{ "bytes across 128 KiB", BYTES, SZ_128K - 4, 8, true },
	{ "words across 64 KiB", WORDS, SZ_64K - 4, 8, false },
	{ "words across 128 KiB", WORDS, SZ_128K - 4, 8, true },
	{ "words at an odd address", WORDS, 77, 1000, true },
};

KUNIT_ARRAY_PARAM_DESC(place, place_rows, name);

static void memory_is_copied_only_where_it_must_be(struct kunit *test)
{
	const struct place_row *row = test->param_value;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	ULONG length = row->length;
	struct wdmdma_slave *s;
	PHYSICAL_ADDRESS la;
	PVOID base;
	PMDL mdl;
	u8 *va;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, row->channel);
	va = wdmdma_test_isa_memory(test, get_order(SZ_256K));
	mdl = wdmdma_test_mdl(test, va + row->offset, row->length);
	base = wdmdma_test_slave_base(test, s, context);
	la = wdmdma_test_slave_map(s, mdl, base, &length, TRUE);
	KUNIT_EXPECT_EQ(test, length, (ULONG)row->length);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart != virt_to_phys(va + row->offset), row->copied);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, base, row->length, TRUE));
	s->ops->FreeAdapterChannel(s->adapter);
}

static const struct count_row {
	const char *name;
	ULONG channel, length;
} count_rows[] = {
	{ "1 byte", BYTES, 1 },
	{ "513 bytes", BYTES, 513 },
	{ "64 KiB less one byte", BYTES, SZ_64K - 1 },
	{ "1 word", WORDS, 2 },
	{ "64 KiB of words", WORDS, SZ_64K },
	{ "128 KiB less one word", WORDS, SZ_128K - 2 },
};

KUNIT_ARRAY_PARAM_DESC(count, count_rows, name);

/*
 * No device requests data, so all bytes must be left. The counter must stay when
 * the channel is stopped.
 */
static void counter_says_how_many_bytes_are_left(struct kunit *test)
{
	const struct count_row *row = test->param_value;
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, row->channel);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	ULONG length = row->length;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	description.MaximumLength = SZ_128K;
	s = wdmdma_test_slave_like(test, description);
	mdl = wdmdma_test_mdl(test, wdmdma_test_isa_memory(test, get_order(SZ_128K)), SZ_128K);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	wdmdma_test_slave_map(s, mdl, base, &length, FALSE);
	KUNIT_EXPECT_EQ(test, length, row->length);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), row->length);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, base, length, FALSE));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), row->length);
	s->ops->FreeAdapterChannel(s->adapter);
}

static void transfer_longer_than_the_channel_is_cut_or_refused(struct kunit *test)
{
	const struct channel_row *row = test->param_value;
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, row->channel);
	u32 boundary = BOUNDARY(row->channel);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	ULONG length = boundary + PAGE_SIZE;
	struct wdmdma_memory *memory;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	description.MaximumLength = SZ_1M;
	s = wdmdma_test_slave_like(test, description);
	memory = wdmdma_test_memory(test, length >> PAGE_SHIFT);
	mdl = wdmdma_test_mdl(test, memory->va, length);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_EXPECT_EQ(test, wdmdma_test_slave_map(s, mdl, base, &length, TRUE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, 0U);

	length = boundary + PAGE_SIZE;
	KUNIT_ASSERT_EQ(test,
			s->ops->MapTransferEx(s->adapter, mdl, base, 0, 0, &length, TRUE, NULL, 0,
					      NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, boundary);
	KUNIT_ASSERT_EQ(test,
			s->ops->FlushAdapterBuffersEx(s->adapter, mdl, base, 0, length, TRUE),
			STATUS_SUCCESS);
	length = PAGE_SIZE;
	KUNIT_ASSERT_EQ(test,
			s->ops->MapTransferEx(s->adapter, mdl, base, boundary, 0, &length, TRUE,
					      NULL, 0, NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, (ULONG)PAGE_SIZE);
	KUNIT_EXPECT_EQ(test,
			s->ops->FlushAdapterBuffersEx(s->adapter, mdl, base, boundary, length,
						      TRUE),
			STATUS_SUCCESS);
	s->ops->FreeAdapterChannel(s->adapter);
}

static const struct ex_row {
	const char *name;
	ULONG channel, length, size, device_offset;
	bool list, routine;
	NTSTATUS status;
} ex_rows[] = {
	{ "no list", BYTES, 100, 0, 0, false, false, STATUS_SUCCESS },
	{ "a list", BYTES, 100, 0x28, 0, true, false, STATUS_SUCCESS },
	{ "a list without room", BYTES, 100, 0x27, 0, true, false, STATUS_INVALID_PARAMETER },
	{ "no list, but a length", BYTES, 100, 0x28, 0, false, false, STATUS_INVALID_PARAMETER },
	{ "an offset in the device", BYTES, 100, 0, 4, false, false, STATUS_NOT_SUPPORTED },
	{ "a completion routine", BYTES, 100, 0, 0, false, true, STATUS_NOT_SUPPORTED },
	{ "no bytes", BYTES, 0, 0, 0, false, false, STATUS_INVALID_PARAMETER },
	{ "more bytes than there are", BYTES, 5000, 0, 0, false, false, STATUS_INVALID_PARAMETER },
	{ "half a word", WORDS, 101, 0, 0, false, false, STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(ex, ex_rows, name);

static VOID no_completion(PDMA_ADAPTER adapter, PDEVICE_OBJECT object, PVOID context,
			  DMA_COMPLETION_STATUS status)
{
}

static void map_transfer_ex_takes_a_list_or_none(struct kunit *test)
{
	const struct ex_row *row = test->param_value;
	u8 buffer[0x28] __aligned(8) = {}, context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list = (PSCATTER_GATHER_LIST)buffer;
	struct wdmdma_memory *memory;
	ULONG length = row->length;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, row->channel);
	memory = wdmdma_test_memory(test, 1);
	mdl = wdmdma_test_mdl(test, memory->va, PAGE_SIZE);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_EXPECT_EQ(test,
			s->ops->MapTransferEx(s->adapter, mdl, base, 0, row->device_offset,
					      &length, FALSE, row->list ? list : NULL, row->size,
					      row->routine ? no_completion : NULL, NULL),
			row->status);
	if (NT_SUCCESS(row->status)) {
		KUNIT_EXPECT_EQ(test, length, row->length);
		KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), length);
		if (row->list) {
			KUNIT_EXPECT_EQ(test, list->NumberOfElements, 1U);
			KUNIT_EXPECT_EQ(test, list->Elements[0].Length, length);
		}
		KUNIT_EXPECT_EQ(test,
				s->ops->FlushAdapterBuffersEx(s->adapter, mdl, base, 0, length,
							      FALSE),
				STATUS_SUCCESS);
	} else {
		KUNIT_EXPECT_EQ(test, length, 0U);
		KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	}
	s->ops->FreeAdapterChannel(s->adapter);
}

/* A channel must have one transfer at a time, whatever map registers are used. */
static void channel_has_one_transfer_at_a_time(struct kunit *test)
{
	u8 one[DMA_TRANSFER_CONTEXT_SIZE_V1], other[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	ULONG length = PAGE_SIZE;
	struct wdmdma_slave *s;
	PVOID first, second;
	PMDL mdl, more;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	memory = wdmdma_test_memory(test, 2);
	mdl = wdmdma_test_mdl(test, memory->va, PAGE_SIZE);
	more = wdmdma_test_mdl(test, memory->va + PAGE_SIZE, 100);
	first = wdmdma_test_slave_base(test, s, one);
	s->ops->FreeAdapterObject(s->adapter, DeallocateObjectKeepRegisters);
	second = wdmdma_test_slave_base(test, s, other);
	KUNIT_ASSERT_NE(test, wdmdma_test_slave_map(s, mdl, first, &length, TRUE).QuadPart, 0LL);

	length = 100;
	KUNIT_EXPECT_EQ(test, wdmdma_test_slave_map(s, more, first, &length, TRUE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, 0U);
	length = 100;
	KUNIT_EXPECT_EQ(test,
			s->ops->MapTransferEx(s->adapter, more, first, 0, 0, &length, TRUE, NULL,
					      0, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	length = 100;
	KUNIT_EXPECT_EQ(test,
			s->ops->MapTransferEx(s->adapter, more, second, 0, 0, &length, TRUE, NULL,
					      0, NULL, NULL),
			STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), (ULONG)PAGE_SIZE);

	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, first, PAGE_SIZE, TRUE));
	length = 100;
	KUNIT_EXPECT_NE(test, wdmdma_test_slave_map(s, more, second, &length, TRUE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 100U);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, more, second, 100, TRUE));
	s->ops->FreeMapRegisters(s->adapter, first, s->registers);
	s->ops->FreeAdapterChannel(s->adapter);
}

static void no_bounce_fails_instead_of_copying(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	ULONG length = SZ_8K;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	memory = wdmdma_test_memory(test, 2);
	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	s->ops->InitializeDmaTransferContext(s->adapter, context);
	KUNIT_ASSERT_EQ(test,
			s->ops->AllocateAdapterChannelEx(s->adapter, NULL, context, 2,
							 SYNC | DMA_FAIL_ON_BOUNCE, NULL, NULL,
							 &base),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test,
			s->ops->MapTransferEx(s->adapter, mdl, base, 0, 0, &length, TRUE, NULL, 0,
					      NULL, NULL),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, length, 0U);
	s->ops->FreeAdapterChannel(s->adapter);
}

static struct kunit_case wdm_system_transfer_cases[] = {
	KUNIT_CASE_PARAM(memory_is_copied_to_where_the_channel_reaches, channel_gen_params),
	KUNIT_CASE(kernel_that_copies_all_memory_gets_no_transfer),
	KUNIT_CASE(transfer_may_be_longer_than_maximum_length),
	KUNIT_CASE_PARAM(memory_is_copied_only_where_it_must_be, place_gen_params),
	KUNIT_CASE_PARAM(counter_says_how_many_bytes_are_left, count_gen_params),
	KUNIT_CASE_PARAM(transfer_longer_than_the_channel_is_cut_or_refused, channel_gen_params),
	KUNIT_CASE_PARAM(map_transfer_ex_takes_a_list_or_none, ex_gen_params),
	KUNIT_CASE(channel_has_one_transfer_at_a_time),
	KUNIT_CASE(no_bounce_fails_instead_of_copying),
	{}
};

static struct kunit_suite wdm_system_transfer_suite = {
	.name = "wdmdma_wdm_system_transfer",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_system_transfer_cases,
};

kunit_test_suite(wdm_system_transfer_suite);
