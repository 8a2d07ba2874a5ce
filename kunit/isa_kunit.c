// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/dma_channel.c and backend/dma_channel_isa.c. The counter must be right for the
 * longest transfers of a channel, and memory that is freed under a channel must stop the
 * channel. A Sound Blaster moves the bytes if the machine has one.
 */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "backend/dma_channel_ops.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/dma_channel.h"
#include "log.h"
#include "sb16.h"
#include "system.h"

static void sb16_end(void *unused)
{
	sb16_stop();
}

static void needs_sb16(struct kunit *test)
{
	wdmdma_test_needs_isa(test);
	if (sb16_start())
		kunit_skip(test, "the machine has no Sound Blaster");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sb16_end, NULL), 0);
}

/* The memory that a cyclic transfer goes round in, and the call that frees it. */
enum memory {
	A_BUFFER,
	A_BUFFER_AT_DISPATCH,
	A_VECTOR,
	CONTIGUOUS_MEMORY,
	CONTIGUOUS_MEMORY_AT_DISPATCH,
	PAGES_OF_AN_MDL,
	ANOTHER_ADAPTERS_BUFFER,
	ANOTHER_ADAPTERS_LEFT_BUFFER,
};

static const struct freed_row {
	const char *name, *call;
	enum memory memory;
} freed_rows[] = {
	{ "a buffer", "FreeCommonBuffer", A_BUFFER },
	{ "a buffer, in an interrupt", "FreeCommonBuffer", A_BUFFER_AT_DISPATCH },
	{ "a vector", "FreeCommonBufferVector", A_VECTOR },
	{ "contiguous memory", "MmFreeContiguousMemory", CONTIGUOUS_MEMORY },
	{ "contiguous memory, at DISPATCH_LEVEL", "MmFreeContiguousMemory",
	  CONTIGUOUS_MEMORY_AT_DISPATCH },
	{ "pages of an MDL", "MmFreePagesFromMdl", PAGES_OF_AN_MDL },
	{ "a buffer of another adapter", "FreeCommonBuffer", ANOTHER_ADAPTERS_BUFFER },
	{ "a buffer that is left", "PutDmaAdapter", ANOTHER_ADAPTERS_LEFT_BUFFER },
};

KUNIT_ARRAY_PARAM_DESC(freed, freed_rows, name);

/* Memory that is mapped for a channel. */
struct played {
	struct wdmdma_slave *s;
	enum memory memory;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PDMA_ADAPTER owner;
	PHYSICAL_ADDRESS la;
	ULONG length;
	PVOID va, base;
	PMDL mdl, pages;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
};

/* Memory of no adapter, which the channel reaches. */
static void alloc_pages_or_block(struct played *p)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = SZ_16M - 1 }, boundary = {
		.QuadPart = SZ_64K,
	}, chunk = { .QuadPart = p->length };

	if (p->memory != PAGES_OF_AN_MDL) {
		p->va = MmAllocateContiguousMemorySpecifyCache(p->length, low, high, boundary,
							       MmCached);
		p->la.QuadPart = p->va ? virt_to_phys(p->va) : 0;
		return;
	}
	p->pages = MmAllocatePagesForMdlEx(low, high, chunk, p->length, MmCached,
					   MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	if (!p->pages)
		return;
	p->va = MmGetSystemAddressForMdlSafe(p->pages, NormalPagePriority);
	p->la.QuadPart = PFN_PHYS(MmGetMdlPfnArray(p->pages)[0]);
}

static void alloc(struct kunit *test, struct played *p)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = SZ_16M - 1 };

	p->owner = p->memory < ANOTHER_ADAPTERS_BUFFER ? p->s->adapter :
							 wdmdma_test_second_adapter(test, 24);
	switch (p->memory) {
	case CONTIGUOUS_MEMORY:
	case CONTIGUOUS_MEMORY_AT_DISPATCH:
	case PAGES_OF_AN_MDL:
		alloc_pages_or_block(p);
		break;
	case A_VECTOR:
		KUNIT_ASSERT_EQ(test,
				p->s->ops->AllocateCommonBufferVector(p->owner, low, high,
								      MmNonCached, 0, 0, 1,
								      p->length, &p->vector),
				STATUS_SUCCESS);
		p->s->ops->GetCommonBufferFromVectorByIndex(p->owner, p->vector, 0, &p->va, &p->la);
		break;
	default:
		p->va = p->owner->DmaOperations->AllocateCommonBuffer(p->owner, p->length, &p->la,
								      FALSE);
		break;
	}
}

/* Free the memory, while it may be mapped. */
static void release(struct played *p)
{
	const DMA_OPERATIONS *ops = p->owner->DmaOperations;

	switch (p->memory) {
	case A_VECTOR:
		ops->FreeCommonBufferVector(p->owner, p->vector);
		break;
	case ANOTHER_ADAPTERS_LEFT_BUFFER:
		ops->PutDmaAdapter(p->owner);
		break;
	case CONTIGUOUS_MEMORY:
		MmFreeContiguousMemory(p->va);
		break;
	case CONTIGUOUS_MEMORY_AT_DISPATCH:
		local_bh_disable();
		MmFreeContiguousMemory(p->va);
		local_bh_enable();
		break;
	case PAGES_OF_AN_MDL:
		MmFreePagesFromMdl(p->pages);
		ExFreePool(p->pages);
		break;
	case A_BUFFER_AT_DISPATCH:
		local_irq_disable();
		ops->FreeCommonBuffer(p->owner, p->length, p->la, p->va, FALSE);
		local_irq_enable();
		flush_work(&wdmdma_test_core(p->owner)->drain);
		break;
	default:
		ops->FreeCommonBuffer(p->owner, p->length, p->la, p->va, FALSE);
		break;
	}
}

static struct played *played_in(struct kunit *test, ULONG channel, ULONG length, bool cyclic,
				enum memory memory)
{
	DEVICE_DESCRIPTION description =
		wdmdma_test_slave_description(memory == A_VECTOR ? 3 : 2, channel);
	struct played *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_NOT_NULL(test, p);
	description.AutoInitialize = cyclic;
	description.MaximumLength = length;
	p->s = wdmdma_test_slave_like(test, description);
	p->length = length;
	p->memory = memory;
	alloc(test, p);
	KUNIT_ASSERT_NOT_NULL(test, p->va);
	memset(p->va, 0x80, length);
	p->mdl = wdmdma_test_mdl(test, p->va, length);
	p->base = wdmdma_test_slave_base(test, p->s, p->context);
	la = p->s->ops->MapTransfer(p->s->adapter, p->mdl, p->base, p->va, &length, TRUE);
	KUNIT_ASSERT_EQ(test, la.QuadPart, p->la.QuadPart);
	KUNIT_ASSERT_EQ(test, length, p->length);
	return p;
}

static struct played *played_of(struct kunit *test, ULONG channel, ULONG length, bool cyclic)
{
	return played_in(test, channel, length, cyclic, A_BUFFER);
}

static ULONG left_of(struct played *p)
{
	return p->s->ops->ReadDmaCounter(p->s->adapter);
}

static void flush(struct kunit *test, struct played *p)
{
	KUNIT_EXPECT_TRUE(test, p->s->ops->FlushAdapterBuffers(p->s->adapter, p->mdl, p->base,
							       p->va, p->length, TRUE));
	p->s->ops->FreeAdapterChannel(p->s->adapter);
}

static const struct full_row {
	const char *name;
	ULONG channel, length;
} full_rows[] = {
	{ "bytes", SB16_CHANNEL_BYTES, SZ_64K },
	{ "words", SB16_CHANNEL_WORDS, SZ_128K },
};

KUNIT_ARRAY_PARAM_DESC(full, full_rows, name);

/*
 * The counter of the longest transfer has the same value before the first byte and after
 * the last. A transfer that has not begun must count as left in full, even after the
 * flush.
 */
static void longest_transfer_that_has_not_begun_is_left(struct kunit *test)
{
	const struct full_row *row = test->param_value;
	struct played *p;

	wdmdma_test_needs_isa(test);
	p = played_of(test, row->channel, row->length, false);
	KUNIT_EXPECT_EQ(test, left_of(p), row->length);
	flush(test, p);
	KUNIT_EXPECT_EQ(test, left_of(p), row->length);
	release(p);
}

static bool is_done(const struct wdmdma_dma_channel *dma_channel)
{
	return true;
}

/*
 * No device of QEMU ends such a transfer, so the case puts the controller's answer in place. See
 * wdmdma_live_system for the answer of the controller itself.
 */
static void longest_transfer_that_is_done_is_not_left(struct kunit *test)
{
	const struct full_row *row = test->param_value;
	const struct wdmdma_dma_channel_ops *real;
	struct wdmdma_dma_channel_ops done;
	struct wdmdma_dma_channel *channel;
	struct played *p;

	wdmdma_test_needs_isa(test);
	p = played_of(test, row->channel, row->length, false);
	channel = wdmdma_test_core(p->s->adapter)->dma_channel;
	real = channel->ops;
	done = *real;
	done.is_done = is_done;
	channel->ops = &done;
	KUNIT_EXPECT_EQ(test, left_of(p), 0U);
	flush(test, p);
	channel->ops = real;
	KUNIT_EXPECT_EQ(test, left_of(p), 0U);
	release(p);
}

/*
 * The channel must stop, because the freed memory may get another user, and the stop must be
 * reported. Freeing another buffer must do neither.
 */
static void channel_stops_when_its_memory_is_freed(struct kunit *test)
{
	const struct freed_row *row = test->param_value;
	static const char stopped[] = "is mapped for the DMA controller: its channel is stopped";
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	struct played *p;
	ULONG left;
	PVOID va;

	needs_sb16(test);
	p = played_in(test, SB16_CHANNEL_BYTES, SZ_8K, true, row->memory);
	KUNIT_EXPECT_EQ(test, sb16_play(false, SZ_8K), 0);
	va = p->s->ops->AllocateCommonBuffer(p->s->adapter, SZ_8K, &la, FALSE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_log_begin(&log);
	p->s->ops->FreeCommonBuffer(p->s->adapter, SZ_8K, la, va, FALSE);
	left = left_of(p);
	msleep(60);
	KUNIT_EXPECT_NE(test, left_of(p), left);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "", stopped), 0U);
	release(p);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, row->call, stopped), 1U);
	left = left_of(p);
	msleep(60);
	KUNIT_EXPECT_EQ(test, left_of(p), left);
	/* The driver must still flush the transfer. */
	flush(test, p);
	if (row->memory == ANOTHER_ADAPTERS_BUFFER)
		p->owner->DmaOperations->PutDmaAdapter(p->owner);
}

/* The caller reports the refusal with the code in it, so every refusal must set the code. */
static void channel_in_use_is_no_mistake_with_a_code(struct kunit *test)
{
	const struct wdmdma_dma_channel_request request = {
		.channel = 1,
		.unit = 1,
		.most = SZ_4K,
	};
	struct wdmdma_refusal refusal = { .bug = 0xdead };
	struct wdmdma_dma_channel *dma_channel;

	wdmdma_test_needs_isa(test);
	wdmdma_test_slave(test, request.channel);
	dma_channel = wdmdma_dma_channel_get(&request, "wdmdma-kunit", &refusal);
	KUNIT_ASSERT_TRUE(test, IS_ERR(dma_channel));
	KUNIT_EXPECT_EQ(test, PTR_ERR(dma_channel), -EBUSY);
	KUNIT_EXPECT_EQ(test, refusal.bug, 0U);
}

static struct kunit_case isa_cases[] = {
	KUNIT_CASE_PARAM(longest_transfer_that_has_not_begun_is_left, full_gen_params),
	KUNIT_CASE_PARAM(longest_transfer_that_is_done_is_not_left, full_gen_params),
	KUNIT_CASE_PARAM(channel_stops_when_its_memory_is_freed, freed_gen_params),
	KUNIT_CASE(channel_in_use_is_no_mistake_with_a_code),
	{}
};

static struct kunit_suite isa_suite = {
	.name = "wdmdma_isa",
	.init = wdmdma_test_fixture_init,
	.test_cases = isa_cases,
};

kunit_test_suite(isa_suite);
