// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_system_dma.c, core/dma_channel.c, backend/dma_channel_isa.c: adapters of slave
 * devices, through the table. No device asks for the bytes here: a channel is programmed
 * and waits, and the case is what moves them. Devices that do are in live_system_kunit.c.
 */
#include <kunit/device.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#ifdef CONFIG_ISA_DMA_API
#include <asm/dma.h>
#endif

#include "backend/backends.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/dma_channel.h"
#include "lib/window.h"
#include "objects.h"
#include "system.h"

#define SYNC		DMA_SYNCHRONOUS_CALLBACK
#define BYTES		3	/* a channel of 8 bits that nothing is connected to */
#define WORDS		7	/* and one of 16 */
#define BOUNDARY(channel)	((channel) < 4 ? SZ_64K : SZ_128K)
#define ISA_LAST	(SZ_16M - 1)

static PHYSICAL_ADDRESS map(struct wdmdma_slave *s, PMDL mdl, PVOID base, ULONG *length,
			    BOOLEAN write)
{
	return s->ops->MapTransfer(s->adapter, mdl, base, MmGetMdlVirtualAddress(mdl), length,
				   write);
}

static BOOLEAN flush(struct wdmdma_slave *s, PMDL mdl, PVOID base, ULONG length, BOOLEAN write)
{
	return s->ops->FlushAdapterBuffers(s->adapter, mdl, base, MmGetMdlVirtualAddress(mdl),
					   length, write);
}

/* Memory that starts, and is aligned, where a case wants it; below 16 MiB. */
static u8 *isa_memory(struct kunit *test, unsigned int order)
{
	u8 *va = (u8 *)kunit_kmalloc(test, PAGE_SIZE << order, GFP_KERNEL | GFP_DMA);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

/* Descriptions. */

/* Where the kernel has no ISA DMA there are none. */
static void channels_are_those_of_isa(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	ULONG channel, registers;
	PDMA_ADAPTER adapter;

	for (channel = 0; channel < 10; channel++) {
		DEVICE_DESCRIPTION description = wdmdma_test_slave_description(2, channel);
		bool good = IS_ENABLED(CONFIG_ISA_DMA_API) && channel < 8 && channel != 4;

		registers = 77;
		adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
		KUNIT_EXPECT_EQ_MSG(test, !!adapter, good, "channel %u", channel);
		KUNIT_EXPECT_EQ(test, registers, good ? 17U : 0U);
		if (adapter)
			adapter->DmaOperations->PutDmaAdapter(adapter);
	}
}

static const struct description_row {
	const char *name;
	ULONG version, channel, width, speed, line;
	s64 address;
	bool good;
} description_rows[] = {
	{ "version 0, bytes", 0, BYTES, Width8Bits, Compatible, 0, 0, true },
	{ "version 1, words", 1, WORDS, Width16Bits, Compatible, 0, 0, true },
	{ "version 2 has no request line and no address", 2, BYTES, Width8Bits, Compatible, 99, 99,
	  true },
	{ "version 3 has no speed", 3, BYTES, Width8Bits, TypeF, BYTES, 0, true },
	{ "bytes on a channel of words", 2, WORDS, Width8Bits, Compatible, 0, 0, false },
	{ "words on a channel of bytes", 2, BYTES, Width16Bits, Compatible, 0, 0, false },
	{ "Width32Bits", 2, WORDS, Width32Bits, Compatible, 0, 0, false },
	{ "WidthNoWrap", 2, BYTES, WidthNoWrap, Compatible, 0, 0, false },
	{ "a width that is none", 2, BYTES, 0x12345678, Compatible, 0, 0, false },
	{ "TypeA", 2, BYTES, Width8Bits, TypeA, 0, 0, false },
	{ "TypeF", 0, BYTES, Width8Bits, TypeF, 0, 0, false },
	{ "a speed that is none", 1, BYTES, Width8Bits, 0xffffffff, 0, 0, false },
	{ "the line of another channel", 3, BYTES, Width8Bits, Compatible, BYTES + 1, 0, false },
	{ "a register in memory", 3, BYTES, Width8Bits, Compatible, BYTES, 0xfed00000, false },
	{ "channel 0xffffffff", 2, 0xffffffff, Width16Bits, Compatible, 0, 0, false },
	{ "channel 4", 2, 4, Width16Bits, Compatible, 0, 0, false },
};

KUNIT_ARRAY_PARAM_DESC(description, description_rows, name);

static void description_is_done_or_refused(struct kunit *test)
{
	const struct description_row *row = test->param_value;
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(row->version, row->channel);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers = 77;

	wdmdma_test_needs_isa(test);
	description.DmaWidth = row->width;
	description.DmaSpeed = row->speed;
	description.DmaRequestLine = row->line;
	description.DeviceAddress.QuadPart = row->address;
	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_EXPECT_EQ(test, !!adapter, row->good);
	KUNIT_EXPECT_EQ(test, registers, row->good ? 17U : 0U);
	if (adapter)
		adapter->DmaOperations->PutDmaAdapter(adapter);
	if (row->channel < 8 && row->channel != 4)
		KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(row->channel));
}

/* A description of an older version ends before the fields of version 3. KASAN guards that. */
static void old_description_is_not_read_past_its_end(struct kunit *test)
{
	DEVICE_DESCRIPTION whole = wdmdma_test_slave_description(2, BYTES);
	struct wdmdma_fixture *f = test->priv;
	PDEVICE_DESCRIPTION description;
	PDMA_ADAPTER adapter;
	ULONG registers;

	wdmdma_test_needs_isa(test);
	description = kunit_kmalloc(test, 0x28, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, description);
	memcpy(description, &whole, 0x28);
	adapter = IoGetDmaAdapter(f->pdo, description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

static void channel_that_is_in_use_is_refused(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, BYTES);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_slave *first;
	ULONG registers;

	wdmdma_test_needs_isa(test);
#ifdef CONFIG_ISA_DMA_API
	KUNIT_ASSERT_EQ(test, request_dma(BYTES, "somebody else"), 0);
	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(f->pdo, &description, &registers));
	KUNIT_EXPECT_EQ(test, registers, 0U);
	free_dma(BYTES);
#endif
	first = wdmdma_test_slave(test, BYTES);
	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(f->pdo, &description, &registers));
	KUNIT_EXPECT_FALSE(test, wdmdma_test_channel_is_free(BYTES));
	first->ops->PutDmaAdapter(first->adapter);
	first->adapter = NULL;
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
}

/* An IOMMU's addresses would mean nothing to the controller. */
static void device_behind_an_iommu_is_refused(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, BYTES);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_device *device = wdmdma_test_core(f->adapter)->device;
	ULONG registers;

	wdmdma_test_needs_isa(test);
	device->backend = &wdmdma_backend_iommu;
	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(f->pdo, &description, &registers));
	device->backend = &wdmdma_backend_direct;
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
}

static const struct grant_row {
	const char *name;
	ULONG channel, maximum, registers;
} grant_rows[] = {
	{ "bytes, no MaximumLength", BYTES, 0, 17 },
	{ "bytes, one byte", BYTES, 1, 2 },
	{ "bytes, 64 KiB", BYTES, SZ_64K, 17 },
	{ "bytes, 1 MiB", BYTES, SZ_1M, 17 },
	{ "words, 128 KiB", WORDS, SZ_128K, 33 },
	{ "words, all ones", WORDS, 0xffffffff, 33 },
};

KUNIT_ARRAY_PARAM_DESC(grant, grant_rows, name);

static void adapter_tells_what_the_channel_can_do(struct kunit *test)
{
	const struct grant_row *row = test->param_value;
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, row->channel);
	DMA_ADAPTER_INFO info = { .Version = DMA_ADAPTER_INFO_VERSION1 };
	ULONG unit = row->channel == WORDS ? 2 : 1;
	struct wdmdma_slave *s;

	wdmdma_test_needs_isa(test);
	description.MaximumLength = row->maximum;
	description.ScatterGather = TRUE;	/* ignored: the controller has none */
	description.IgnoreCount = TRUE;		/* nothing here counts */
	s = wdmdma_test_slave_like(test, description);
	KUNIT_EXPECT_EQ(test, s->registers, row->registers);
	KUNIT_EXPECT_EQ(test, s->ops->GetDmaAlignment(s->adapter), unit);
	KUNIT_EXPECT_EQ(test, s->ops->GetDmaAdapterInfo(s->adapter, &info), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, info.V1.ReadDmaCounterAvailable, 1U);
	KUNIT_EXPECT_EQ(test, info.V1.ScatterGatherLimit, 1U);
	KUNIT_EXPECT_EQ(test, info.V1.DmaAddressWidth, 24U);
	KUNIT_EXPECT_EQ(test, info.V1.MinimumTransferUnit, unit);
}

/* Transfers. */

static const struct channel_row {
	const char *name;
	ULONG channel;
} channel_rows[] = {
	{ "bytes", BYTES },
	{ "words", WORDS },
};

KUNIT_ARRAY_PARAM_DESC(channel, channel_rows, name);

/* All that a channel moves, scattered, both ways; the case is the device. */
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

	la = map(s, mdl, base, &length, TRUE);
	KUNIT_EXPECT_EQ(test, length, boundary);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_LE(test, la.QuadPart + boundary - 1, (s64)ISA_LAST);
	KUNIT_EXPECT_FALSE(test, wdmdma_window_crosses(boundary, la.QuadPart, boundary));
	/* No transfer fails for want of memory there. */
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart,
			(u64)page_to_phys(wdmdma_test_core(s->adapter)->dma_channel->block));
	KUNIT_EXPECT_EQ(test, memcmp(wdmdma_test_at(la.QuadPart), memory->va + 100, boundary), 0);
	KUNIT_EXPECT_TRUE(test, flush(s, mdl, base, boundary, TRUE));

	la = map(s, mdl, base, &length, FALSE);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	memset(wdmdma_test_at(la.QuadPart), 0x3c, boundary);
	KUNIT_EXPECT_TRUE(test, flush(s, mdl, base, boundary, FALSE));
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va + 100, 0x3c, boundary));
	s->ops->FreeAdapterChannel(s->adapter);
}

/* A controller reads none of the kernel's copies (swiotlb=force), so there is no transfer then. */
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
	mdl = wdmdma_test_mdl(test, isa_memory(test, 0), PAGE_SIZE);
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

/* Pages are promised, by map registers, and not bytes: then there is other memory to copy to. */
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
	la = map(s, mdl, base, &length, TRUE);
	KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_LE(test, la.QuadPart + length - 1, (s64)ISA_LAST);
	KUNIT_EXPECT_FALSE(test, wdmdma_window_crosses(SZ_64K, la.QuadPart, length));
	KUNIT_EXPECT_EQ(test, memcmp(wdmdma_test_at(la.QuadPart), memory->va, length), 0);
	KUNIT_EXPECT_TRUE(test, flush(s, mdl, base, length, TRUE));
	s->ops->FreeAdapterChannel(s->adapter);
}

static const struct place_row {
	const char *name;
	ULONG channel;
	size_t offset, length;	/* in 256 KiB that begin at a multiple of that */
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
	va = isa_memory(test, get_order(SZ_256K));
	mdl = wdmdma_test_mdl(test, va + row->offset, row->length);
	base = wdmdma_test_slave_base(test, s, context);
	la = map(s, mdl, base, &length, TRUE);
	KUNIT_EXPECT_EQ(test, length, (ULONG)row->length);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart != virt_to_phys(va + row->offset), row->copied);
	KUNIT_EXPECT_TRUE(test, flush(s, mdl, base, row->length, TRUE));
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

/* No device asks, so all is left; and so it stays when the channel is stopped. */
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
	mdl = wdmdma_test_mdl(test, isa_memory(test, get_order(SZ_128K)), SZ_128K);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	map(s, mdl, base, &length, FALSE);
	KUNIT_EXPECT_EQ(test, length, row->length);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), row->length);
	KUNIT_EXPECT_TRUE(test, flush(s, mdl, base, length, FALSE));
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
	KUNIT_EXPECT_EQ(test, map(s, mdl, base, &length, TRUE).QuadPart, 0LL);
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

/* A channel does one thing at a time, whatever registers it is asked for with. */
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
	KUNIT_ASSERT_NE(test, map(s, mdl, first, &length, TRUE).QuadPart, 0LL);

	length = 100;
	KUNIT_EXPECT_EQ(test, map(s, more, first, &length, TRUE).QuadPart, 0LL);
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

	KUNIT_EXPECT_TRUE(test, flush(s, mdl, first, PAGE_SIZE, TRUE));
	length = 100;
	KUNIT_EXPECT_NE(test, map(s, more, second, &length, TRUE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 100U);
	KUNIT_EXPECT_TRUE(test, flush(s, more, second, 100, TRUE));
	s->ops->FreeMapRegisters(s->adapter, first, s->registers);
	s->ops->FreeAdapterChannel(s->adapter);
}

/* What is freed while it is mapped is flushed; the channel is free for another transfer. */
static void registers_freed_while_mapped_stop_the_channel(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	ULONG length = PAGE_SIZE;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	memory = wdmdma_test_memory(test, 1);
	mdl = wdmdma_test_mdl(test, memory->va, PAGE_SIZE);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_ASSERT_NE(test, map(s, mdl, base, &length, FALSE).QuadPart, 0LL);
	s->ops->FreeAdapterChannel(s->adapter);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_core(s->adapter)->dma_channel->loaded);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_EXPECT_NE(test, map(s, mdl, base, &length, FALSE).QuadPart, 0LL);
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

/* AutoInitialize. */

static struct wdmdma_slave *cyclic_slave(struct kunit *test, ULONG channel)
{
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(2, channel);

	description.AutoInitialize = TRUE;
	description.DemandMode = TRUE;
	return wdmdma_test_slave_like(test, description);
}

/* Memory that is copied would be copied once, and played for ever. */
static void auto_initialize_does_not_copy(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	ULONG length = SZ_8K;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	s = cyclic_slave(test, BYTES);
	memory = wdmdma_test_memory(test, 2);
	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_EXPECT_EQ(test, map(s, mdl, base, &length, TRUE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	s->ops->FreeAdapterChannel(s->adapter);
}

/* All of a common buffer, both ways; the counter of one that goes round is never 0. */
static void auto_initialize_uses_the_common_buffer(struct kunit *test)
{
	const struct channel_row *row = test->param_value;
	u32 boundary = BOUNDARY(row->channel);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PHYSICAL_ADDRESS common, la;
	ULONG length = boundary;
	struct wdmdma_slave *s;
	PVOID base, va;
	BOOLEAN write;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	s = cyclic_slave(test, row->channel);
	length = min_t(ULONG, boundary, (s->registers - 1) * PAGE_SIZE);
	va = s->ops->AllocateCommonBuffer(s->adapter, length, &common, FALSE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = wdmdma_test_mdl(test, va, length);
	base = wdmdma_test_slave_base(test, s, context);
	for (write = FALSE; write <= TRUE; write++) {
		la = map(s, mdl, base, &length, write);
		KUNIT_EXPECT_EQ(test, la.QuadPart, common.QuadPart);
		KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), length);
		KUNIT_EXPECT_TRUE(test, flush(s, mdl, base, length, write));
	}
	s->ops->FreeAdapterChannel(s->adapter);
	s->ops->FreeCommonBuffer(s->adapter, length, common, va, FALSE);
}

/* Common buffers. */

static const struct buffer_row {
	const char *name;
	ULONG channel, length;
	bool good;
} buffer_rows[] = {
	{ "a page", BYTES, PAGE_SIZE, true },
	{ "20 KiB", BYTES, 5 * SZ_4K, true },
	{ "64 KiB", BYTES, SZ_64K, true },
	{ "64 KiB and a byte", BYTES, SZ_64K + 1, false },
	{ "128 KiB for words", WORDS, SZ_128K, true },
	{ "more for words", WORDS, SZ_128K + 1, false },
};

KUNIT_ARRAY_PARAM_DESC(buffer, buffer_rows, name);

static void common_buffers_lie_where_the_channel_reaches(struct kunit *test)
{
	const struct buffer_row *row = test->param_value;
	PHYSICAL_ADDRESS la[8] = {}, high = { .QuadPart = -1 };
	struct wdmdma_slave *s;
	PVOID va[8];
	unsigned int i;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, row->channel);
	for (i = 0; i < ARRAY_SIZE(va); i++)
		va[i] = i % 2 ? s->ops->AllocateCommonBuffer(s->adapter, row->length, &la[i], TRUE)
			      : s->ops->AllocateCommonBufferEx(s->adapter, &high, row->length,
							       &la[i], TRUE, MM_ANY_NODE_OK);
	for (i = 0; i < ARRAY_SIZE(va); i++) {
		KUNIT_EXPECT_EQ(test, !!va[i], row->good);
		if (!va[i]) {
			KUNIT_EXPECT_EQ(test, la[i].QuadPart, 0LL);
			continue;
		}
		KUNIT_EXPECT_LE(test, la[i].QuadPart + row->length - 1, (s64)ISA_LAST);
		KUNIT_EXPECT_FALSE(test, wdmdma_window_crosses(BOUNDARY(row->channel),
							       la[i].QuadPart, row->length));
		s->ops->FreeCommonBuffer(s->adapter, row->length, la[i], va[i], TRUE);
	}
}

static void vector_elements_lie_where_the_channel_reaches(struct kunit *test)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = -1 }, la;
	const ULONG count = 20, size = 3 * SZ_4K;
	PDMA_COMMON_BUFFER_VECTOR vector;
	struct wdmdma_slave *s;
	PVOID va;
	ULONG i;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	KUNIT_ASSERT_EQ(test,
			s->ops->AllocateCommonBufferVector(s->adapter, low, high, MmCached, 0, 0,
							   count, size, &vector),
			STATUS_SUCCESS);
	for (i = 0; i < count; i++) {
		s->ops->GetCommonBufferFromVectorByIndex(s->adapter, vector, i, &va, &la);
		KUNIT_EXPECT_LE(test, la.QuadPart + size - 1, (s64)ISA_LAST);
		KUNIT_EXPECT_FALSE(test, wdmdma_window_crosses(SZ_64K, la.QuadPart, size));
	}
	s->ops->FreeCommonBufferVector(s->adapter, vector);
}

static void buffer_from_mdl_must_lie_where_the_channel_reaches(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	struct wdmdma_slave *s;
	PMDL good, bad;
	u8 *va;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	va = isa_memory(test, get_order(SZ_128K));
	good = wdmdma_test_mdl(test, va + SZ_32K, SZ_32K);
	bad = wdmdma_test_mdl(test, va + SZ_32K, SZ_64K);
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(s->ops->CreateCommonBufferFromMdl(s->adapter, bad, NULL,
									      0, &la)));
	KUNIT_ASSERT_EQ(test, s->ops->CreateCommonBufferFromMdl(s->adapter, good, NULL, 0, &la),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va + SZ_32K));
	s->ops->FreeCommonBuffer(s->adapter, SZ_32K, la, va + SZ_32K, TRUE);
}

/* The rest of the table. */

static void lists_are_for_bus_masters(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], buffer[0x100];
	struct wdmdma_memory *memory;
	struct wdmdma_caught caught;
	PSCATTER_GATHER_LIST list;
	struct wdmdma_slave *s;
	PMDL mdl;
	PVOID va;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	memory = wdmdma_test_memory(test, 1);
	mdl = wdmdma_test_mdl(test, memory->va, PAGE_SIZE);
	va = MmGetMdlVirtualAddress(mdl);
	wdmdma_test_catch_init(&caught);
	s->ops->InitializeDmaTransferContext(s->adapter, context);
	KUNIT_EXPECT_EQ(test,
			s->ops->GetScatterGatherList(s->adapter, NULL, mdl, va, 100,
						     wdmdma_test_catch_list, &caught, TRUE),
			STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test,
			s->ops->BuildScatterGatherList(s->adapter, NULL, mdl, va, 100,
						       wdmdma_test_catch_list, &caught, TRUE,
						       buffer, sizeof(buffer)),
			STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test,
			s->ops->GetScatterGatherListEx(s->adapter, NULL, context, mdl, 0, 100,
						       SYNC, NULL, NULL, TRUE, NULL, NULL, &list),
			STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test,
			s->ops->BuildScatterGatherListEx(s->adapter, NULL, context, mdl, 0, 100,
							 SYNC, NULL, NULL, TRUE, buffer,
							 sizeof(buffer), NULL, NULL, &list),
			STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test, caught.calls, 0U);
	s->ops->PutScatterGatherList(s->adapter, (PSCATTER_GATHER_LIST)buffer, TRUE);
}

/* Those that no other case has. */
static void every_slot_answers(struct kunit *test)
{
	DMA_TRANSFER_INFO info = { .Version = DMA_TRANSFER_INFO_VERSION1 };
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory;
	ULONG size, registers;
	struct wdmdma_slave *s;
	HANDLE domain;
	PMDL mdl, target;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, WORDS);
	memory = wdmdma_test_memory(test, 3);
	mdl = wdmdma_test_mdl(test, memory->va, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->ops->ConfigureAdapterChannel(s->adapter, 0, NULL),
			STATUS_NOT_IMPLEMENTED);
	KUNIT_EXPECT_EQ(test, s->ops->ConfigureAdapterChannel(s->adapter, 0xffffffff, mdl),
			STATUS_NOT_IMPLEMENTED);
	/* One element: the channel has one address. */
	KUNIT_EXPECT_EQ(test,
			s->ops->CalculateScatterGatherList(s->adapter, mdl, memory->va,
							   3 * PAGE_SIZE, &size, &registers),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, size, 0x28U);
	KUNIT_EXPECT_EQ(test, registers, 3U);
	KUNIT_EXPECT_EQ(test,
			s->ops->GetDmaTransferInfo(s->adapter, mdl, 0, 3 * PAGE_SIZE, FALSE,
						   &info),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, info.V1.ScatterGatherElementCount, 1U);
	KUNIT_EXPECT_EQ(test, info.V1.MapRegisterCount, 3U);
	KUNIT_EXPECT_EQ(test,
			s->ops->BuildMdlFromScatterGatherList(s->adapter,
							      (PSCATTER_GATHER_LIST)memory->va,
							      mdl, &target),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, s->ops->FlushDmaBuffer(s->adapter, mdl, TRUE), STATUS_SUCCESS);
	domain = s->ops->GetDmaDomain(s->adapter);
	KUNIT_EXPECT_PTR_EQ(test, domain, f->ops->GetDmaDomain(f->adapter));
	KUNIT_EXPECT_EQ(test, s->ops->LeaveDmaDomain(s->adapter), STATUS_INVALID_DEVICE_STATE);
	s->ops->FreeAdapterChannel(s->adapter);
	s->ops->FreeAdapterObject(s->adapter, DeallocateObject);
}

/* The end. */

static void put_adapter_stops_the_channel(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	ULONG length = PAGE_SIZE;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	memory = wdmdma_test_memory(test, 1);
	mdl = wdmdma_test_mdl(test, memory->va, PAGE_SIZE);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_ASSERT_NE(test, map(s, mdl, base, &length, FALSE).QuadPart, 0LL);
	s->ops->PutDmaAdapter(s->adapter);
	/* The device wrote nothing: what was in the memory is there again. */
	KUNIT_EXPECT_EQ(test, memory->va[20], 20 * 7);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	s->adapter = NULL;
}

/* With a transfer in flight; afterwards the adapter answers, and lets others' channel alone. */
static void unbind_gives_the_channel_back(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory;
	ULONG length = PAGE_SIZE;
	struct wdmdma_slave *s;
	PVOID base;
	PMDL mdl;

	wdmdma_test_needs_isa(test);
	s = wdmdma_test_slave(test, BYTES);
	memory = wdmdma_test_memory(test, 1);
	mdl = wdmdma_test_mdl(test, memory->va, PAGE_SIZE);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_ASSERT_NE(test, map(s, mdl, base, &length, FALSE).QuadPart, 0LL);
	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
	KUNIT_EXPECT_TRUE(test, list_empty(&wdmdma_test_core(s->adapter)->transfers.registers));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), (ULONG)PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, flush(s, mdl, base, PAGE_SIZE, FALSE));
	KUNIT_EXPECT_EQ(test, map(s, mdl, base, &length, FALSE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_EQ(test,
			s->ops->AllocateAdapterChannelEx(s->adapter, NULL, context, 1, SYNC, NULL,
							 NULL, &base),
			STATUS_DELETE_PENDING);
	KUNIT_EXPECT_NULL(test, base);
}

static void no_adapter_has_no_counter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 none[sizeof(DMA_ADAPTER)] = {};

	KUNIT_EXPECT_EQ(test, f->ops->ReadDmaCounter((PDMA_ADAPTER)none), 0U);
	KUNIT_EXPECT_EQ(test, f->ops->ConfigureAdapterChannel((PDMA_ADAPTER)none, 0, NULL),
			STATUS_INVALID_PARAMETER);
}

/* Many threads. */

#define THREADS		4

/* One of many users of the channel. */
struct turns {
	struct wdmdma_slave *slave;
	struct wdmdma_memory *memory;
	PMDL mdl;
	u8 mark;
	struct task_struct *task;
	struct completion done;
	unsigned long rounds, failures;
};

/* Read, as a device that gives the user's mark would. */
static IO_ALLOCATION_ACTION user_has_the_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base,
						 PVOID context)
{
	struct turns *user = context;
	ULONG length = MmGetMdlByteCount(user->mdl);
	PHYSICAL_ADDRESS la = map(user->slave, user->mdl, base, &length, FALSE);

	if (la.QuadPart) {
		memset(wdmdma_test_at(la.QuadPart), user->mark, length);
		user->failures += user->slave->ops->ReadDmaCounter(user->slave->adapter) != length;
		user->failures += !flush(user->slave, user->mdl, base, length, FALSE);
		user->failures += !!memchr_inv(user->memory->va, user->mark, length);
	} else {
		user->failures++;
	}
	complete(&user->done);
	return DeallocateObject;
}

static int user_thread(void *data)
{
	struct turns *user = data;
	PDMA_ADAPTER adapter = user->slave->adapter;

	while (!kthread_should_stop()) {
		user->mark++;
		if (!NT_SUCCESS(user->slave->ops->AllocateAdapterChannel(adapter, NULL, 2,
									 user_has_the_channel,
									 user)) ||
		    !wait_for_completion_timeout(&user->done, 20 * HZ))
			user->failures++;
		user->slave->ops->ReadDmaCounter(adapter);
		user->rounds++;
		cond_resched();
	}
	return 0;
}

/* Each gets its bytes, through the one channel and the one memory to copy through. */
static void threads_take_turns(struct kunit *test)
{
	struct turns *user = kunit_kcalloc(test, THREADS, sizeof(*user), GFP_KERNEL);
	struct wdmdma_slave *s;
	unsigned int i;

	wdmdma_test_needs_isa(test);
	KUNIT_ASSERT_NOT_NULL(test, user);
	s = wdmdma_test_slave(test, BYTES);
	for (i = 0; i < THREADS; i++) {
		user[i].slave = s;
		user[i].memory = wdmdma_test_memory(test, 2);
		user[i].mdl = wdmdma_test_mdl(test, user[i].memory->va, SZ_8K);
		user[i].mark = i * 64;
		init_completion(&user[i].done);
	}
	for (i = 0; i < THREADS; i++)
		user[i].task = kthread_run(user_thread, &user[i], "wdmdma-user-%u", i);
	schedule_timeout_uninterruptible(2 * HZ);
	for (i = 0; i < THREADS; i++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(user[i].task));
		if (!IS_ERR(user[i].task))
			kthread_stop(user[i].task);
		KUNIT_EXPECT_EQ(test, user[i].failures, 0UL);
		KUNIT_EXPECT_GT(test, user[i].rounds, 1UL);
	}
	KUNIT_EXPECT_FALSE(test, wdmdma_test_core(s->adapter)->dma_channel->loaded);
}

/* When memory is short. */

static void get_and_put(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, BYTES);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	if (adapter)
		adapter->DmaOperations->PutDmaAdapter(adapter);
	else
		KUNIT_EXPECT_EQ(test, registers, 0U);
}

static void get_adapter_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_needs_isa(test);
	wdmdma_test_sweep(test, get_and_put);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
}

/* What the sweep's call uses. */
static struct wdmdma_slave *sweep_slave;
static PVOID sweep_base;
static PMDL sweep_mdl;

static void map_and_flush(struct kunit *test)
{
	ULONG length = SZ_8K;

	if (map(sweep_slave, sweep_mdl, sweep_base, &length, FALSE).QuadPart)
		KUNIT_EXPECT_TRUE(test, flush(sweep_slave, sweep_mdl, sweep_base, SZ_8K, FALSE));
	else
		KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_core(sweep_slave->adapter)->dma_channel->loaded);
}

static void map_fails_cleanly_at_every_point(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;

	wdmdma_test_needs_isa(test);
	memory = wdmdma_test_memory(test, 2);
	sweep_slave = wdmdma_test_slave(test, BYTES);
	sweep_mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	sweep_base = wdmdma_test_slave_base(test, sweep_slave, context);
	wdmdma_test_sweep(test, map_and_flush);
	sweep_slave->ops->FreeAdapterChannel(sweep_slave->adapter);
}

static struct kunit_case wdm_system_cases[] = {
	KUNIT_CASE(channels_are_those_of_isa),
	KUNIT_CASE_PARAM(description_is_done_or_refused, description_gen_params),
	KUNIT_CASE(old_description_is_not_read_past_its_end),
	KUNIT_CASE(channel_that_is_in_use_is_refused),
	KUNIT_CASE(device_behind_an_iommu_is_refused),
	KUNIT_CASE_PARAM(adapter_tells_what_the_channel_can_do, grant_gen_params),
	KUNIT_CASE_PARAM(memory_is_copied_to_where_the_channel_reaches, channel_gen_params),
	KUNIT_CASE(kernel_that_copies_all_memory_gets_no_transfer),
	KUNIT_CASE(transfer_may_be_longer_than_maximum_length),
	KUNIT_CASE_PARAM(memory_is_copied_only_where_it_must_be, place_gen_params),
	KUNIT_CASE_PARAM(counter_says_how_many_bytes_are_left, count_gen_params),
	KUNIT_CASE_PARAM(transfer_longer_than_the_channel_is_cut_or_refused, channel_gen_params),
	KUNIT_CASE_PARAM(map_transfer_ex_takes_a_list_or_none, ex_gen_params),
	KUNIT_CASE(channel_has_one_transfer_at_a_time),
	KUNIT_CASE(registers_freed_while_mapped_stop_the_channel),
	KUNIT_CASE(no_bounce_fails_instead_of_copying),
	KUNIT_CASE(auto_initialize_does_not_copy),
	KUNIT_CASE_PARAM(auto_initialize_uses_the_common_buffer, channel_gen_params),
	KUNIT_CASE_PARAM(common_buffers_lie_where_the_channel_reaches, buffer_gen_params),
	KUNIT_CASE(vector_elements_lie_where_the_channel_reaches),
	KUNIT_CASE(buffer_from_mdl_must_lie_where_the_channel_reaches),
	KUNIT_CASE(lists_are_for_bus_masters),
	KUNIT_CASE(every_slot_answers),
	KUNIT_CASE(put_adapter_stops_the_channel),
	KUNIT_CASE(unbind_gives_the_channel_back),
	KUNIT_CASE(no_adapter_has_no_counter),
	KUNIT_CASE_SLOW(threads_take_turns),
	KUNIT_CASE(get_adapter_fails_cleanly_at_every_point),
	KUNIT_CASE(map_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_system_suite = {
	.name = "wdmdma_wdm_system",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_system_cases,
};

kunit_test_suite(wdm_system_suite);
