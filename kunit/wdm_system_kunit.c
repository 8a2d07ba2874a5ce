// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adapters of slave devices, through the table (wdm/wdm_system_dma.c, core/dma_channel.c,
 * backend/dma_channel_isa.c). No device requests data here. A channel is programmed and
 * waits, and the case moves the data. live_system_kunit.c has the cases with real devices.
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#ifdef CONFIG_ISA_DMA_API
#include <asm/dma.h>
#endif

#include "backend/backends.h"
#include "core/adapter.h"
#include "objects.h"
#include "system.h"

#define SYNC		DMA_SYNCHRONOUS_CALLBACK
#define BYTES		3	/* an 8-bit channel without a device */
#define WORDS		7	/* a 16-bit channel without a device */

/* Descriptions. */

/* A kernel without ISA DMA must refuse all channels. */
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

/*
 * A description of an older version ends before the fields of version 3. KASAN reports
 * a read past its end.
 */
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

/* A DMA controller cannot use the addresses of an IOMMU. */
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
	description.ScatterGather = TRUE;	/* ignored, no scatter/gather */
	description.IgnoreCount = TRUE;		/* ignored, nothing counts */
	s = wdmdma_test_slave_like(test, description);
	KUNIT_EXPECT_EQ(test, s->registers, row->registers);
	KUNIT_EXPECT_EQ(test, s->ops->GetDmaAlignment(s->adapter), unit);
	KUNIT_EXPECT_EQ(test, s->ops->GetDmaAdapterInfo(s->adapter, &info), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, info.V1.ReadDmaCounterAvailable, 1U);
	KUNIT_EXPECT_EQ(test, info.V1.ScatterGatherLimit, 1U);
	KUNIT_EXPECT_EQ(test, info.V1.DmaAddressWidth, 24U);
	KUNIT_EXPECT_EQ(test, info.V1.MinimumTransferUnit, unit);
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

/* Slots that no other case calls. */
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
	/* There must be one element, because the channel has one address. */
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

static void no_adapter_has_no_counter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 none[sizeof(DMA_ADAPTER)] = {};

	KUNIT_EXPECT_EQ(test, f->ops->ReadDmaCounter((PDMA_ADAPTER)none), 0U);
	KUNIT_EXPECT_EQ(test, f->ops->ConfigureAdapterChannel((PDMA_ADAPTER)none, 0, NULL),
			STATUS_INVALID_PARAMETER);
}

static struct kunit_case wdm_system_cases[] = {
	KUNIT_CASE(channels_are_those_of_isa),
	KUNIT_CASE_PARAM(description_is_done_or_refused, description_gen_params),
	KUNIT_CASE(old_description_is_not_read_past_its_end),
	KUNIT_CASE(channel_that_is_in_use_is_refused),
	KUNIT_CASE(device_behind_an_iommu_is_refused),
	KUNIT_CASE_PARAM(adapter_tells_what_the_channel_can_do, grant_gen_params),
	KUNIT_CASE(lists_are_for_bus_masters),
	KUNIT_CASE(every_slot_answers),
	KUNIT_CASE(no_adapter_has_no_counter),
	{}
};

static struct kunit_suite wdm_system_suite = {
	.name = "wdmdma_wdm_system",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_system_cases,
};

kunit_test_suite(wdm_system_suite);
