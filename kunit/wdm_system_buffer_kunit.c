// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common buffers of slave devices, and channels that repeat a transfer in such buffers
 * (wdm/wdm_system_dma.c).
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "lib/window.h"
#include "system.h"

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

/* AutoInitialize. */

static struct wdmdma_slave *cyclic_slave(struct kunit *test, ULONG channel)
{
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(2, channel);

	description.AutoInitialize = TRUE;
	description.DemandMode = TRUE;
	return wdmdma_test_slave_like(test, description);
}

/*
 * The transfer must be refused, because memory that needs a copy would be copied once and
 * then played forever.
 */
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
	KUNIT_EXPECT_EQ(test, wdmdma_test_slave_map(s, mdl, base, &length, TRUE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	s->ops->FreeAdapterChannel(s->adapter);
}

/*
 * Transfer all of a common buffer in both directions. The counter of a channel that repeats
 * its transfer is never 0.
 */
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
		la = wdmdma_test_slave_map(s, mdl, base, &length, write);
		KUNIT_EXPECT_EQ(test, la.QuadPart, common.QuadPart);
		KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), length);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, base, length, write));
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
	va = wdmdma_test_isa_memory(test, get_order(SZ_128K));
	good = wdmdma_test_mdl(test, va + SZ_32K, SZ_32K);
	bad = wdmdma_test_mdl(test, va + SZ_32K, SZ_64K);
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(s->ops->CreateCommonBufferFromMdl(s->adapter, bad, NULL,
									      0, &la)));
	KUNIT_ASSERT_EQ(test, s->ops->CreateCommonBufferFromMdl(s->adapter, good, NULL, 0, &la),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va + SZ_32K));
	s->ops->FreeCommonBuffer(s->adapter, SZ_32K, la, va + SZ_32K, TRUE);
}

static struct kunit_case wdm_system_buffer_cases[] = {
	KUNIT_CASE(auto_initialize_does_not_copy),
	KUNIT_CASE_PARAM(auto_initialize_uses_the_common_buffer, channel_gen_params),
	KUNIT_CASE_PARAM(common_buffers_lie_where_the_channel_reaches, buffer_gen_params),
	KUNIT_CASE(vector_elements_lie_where_the_channel_reaches),
	KUNIT_CASE(buffer_from_mdl_must_lie_where_the_channel_reaches),
	{}
};

static struct kunit_suite wdm_system_buffer_suite = {
	.name = "wdmdma_wdm_system_buffer",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_system_buffer_cases,
};

kunit_test_suite(wdm_system_buffer_suite);
