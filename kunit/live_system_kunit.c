// SPDX-License-Identifier: GPL-2.0-only
/*
 * System DMA with real (emulated) devices. A floppy disk controller reads and writes
 * tracks, and a Sound Blaster plays a common buffer in a loop. Cases without their
 * device are skipped.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/dma_channel_ops.h"
#include "core/adapter.h"
#include "fdc.h"
#include "sb16.h"
#include "system.h"

#define TRACK_READ	3	/* no case may write this track */
#define TRACK_WRITTEN	9
#define ROUNDS		4

static void fdc_end(void *unused)
{
	fdc_stop();
}

/* Reset the floppy disk controller and return an adapter for it. */
static struct wdmdma_slave *fdc_slave(struct kunit *test)
{
	wdmdma_test_needs_isa(test);
	if (fdc_start())
		kunit_skip(test, "the machine has no floppy disk controller");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fdc_end, NULL), 0);
	return wdmdma_test_slave(test, FDC_CHANNEL);
}

/* Arguments and results of the driver's callback, which maps the transfer. */
struct classic {
	struct wdmdma_slave *slave;
	PMDL mdl;
	BOOLEAN write;
	PVOID base;
	ULONG length;
	PHYSICAL_ADDRESS la;
};

static IO_ALLOCATION_ACTION classic_routine(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					    PVOID context)
{
	struct classic *c = context;

	c->base = base;
	c->la = c->slave->ops->MapTransfer(c->slave->adapter, c->mdl, base,
					   MmGetMdlVirtualAddress(c->mdl), &c->length, c->write);
	return KeepObject;
}

/*
 * Move a track in the classic order, which is AllocateAdapterChannel, MapTransfer, the
 * device, FlushAdapterBuffers and FreeAdapterChannel.
 */
static void classic_track(struct kunit *test, struct wdmdma_slave *s, PMDL mdl, unsigned int track,
			  BOOLEAN write)
{
	struct classic c = {
		.slave = s, .mdl = mdl, .write = write, .length = MmGetMdlByteCount(mdl),
	};
	struct wdmdma_fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test,
			s->ops->AllocateAdapterChannel(s->adapter, f->pdo, s->registers,
						       classic_routine, &c),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NE(test, c.la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, c.length, MmGetMdlByteCount(mdl));
	KUNIT_EXPECT_EQ(test, fdc_move(track, FDC_SECTORS, write), 0);
	KUNIT_EXPECT_TRUE(test, s->ops->FlushAdapterBuffers(s->adapter, mdl, c.base,
							    MmGetMdlVirtualAddress(mdl), c.length,
							    write));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	s->ops->FreeAdapterChannel(s->adapter);
}

static void track_is_read_in_the_classic_order(struct kunit *test)
{
	struct wdmdma_slave *s = fdc_slave(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + 100, FDC_TRACK);

	memset(memory->va, 0, 3 * PAGE_SIZE);
	classic_track(test, s, mdl, TRACK_READ, FALSE);
	fdc_expect_sectors(test, memory->va + 100, TRACK_READ * FDC_SECTORS, FDC_SECTORS);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(memory->va, 100));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(memory->va + 100 + FDC_TRACK,
						    3 * PAGE_SIZE - 100 - FDC_TRACK));
}

/*
 * After the last byte of the longest transfer the counter is as before the first byte, and the
 * controller's end-of-count bit tells. No device of QEMU moves that many bytes. So the case makes
 * a track the longest transfer, after the channel has been started.
 */
static void end_of_count_tells_that_a_transfer_is_done(struct kunit *test)
{
	struct wdmdma_slave *s = fdc_slave(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, FDC_TRACK);
	struct wdmdma_dma_channel *channel = wdmdma_test_core(s->adapter)->dma_channel;
	u32 boundary = channel->boundary;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PVOID base = wdmdma_test_slave_base(test, s, context);
	ULONG length = FDC_TRACK;

	KUNIT_ASSERT_NE(test, wdmdma_test_slave_map(s, mdl, base, &length, FALSE).QuadPart, 0LL);
	channel->boundary = FDC_TRACK;
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), (ULONG)FDC_TRACK);
	KUNIT_EXPECT_EQ(test, fdc_move(TRACK_READ, FDC_SECTORS, FALSE), 0);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	/* The read clears the controller's bit, which the module must remember. */
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(s, mdl, base, length, FALSE));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	channel->boundary = boundary;
	s->ops->FreeAdapterObject(s->adapter, DeallocateObject);
}

static void track_is_written_in_the_classic_order(struct kunit *test)
{
	struct wdmdma_slave *s = fdc_slave(test);
	struct wdmdma_memory *from = wdmdma_test_memory(test, 3);
	struct wdmdma_memory *to = wdmdma_test_memory(test, 3);

	memset(to->va, 0, 3 * PAGE_SIZE);
	classic_track(test, s, wdmdma_test_mdl(test, from->va + 7, FDC_TRACK), TRACK_WRITTEN, TRUE);
	classic_track(test, s, wdmdma_test_mdl(test, to->va, FDC_TRACK), TRACK_WRITTEN, FALSE);
	KUNIT_EXPECT_EQ(test, memcmp(from->va + 7, to->va, FDC_TRACK), 0);
}

/*
 * Move a track by the calls of version 3 along a chain of MDLs, with a list, which is
 * optional here, or without one.
 */
static void track_ex(struct kunit *test, struct wdmdma_slave *s, PMDL mdl, BOOLEAN write, bool list)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1], buffer[0x28] __aligned(8);
	PVOID base = wdmdma_test_slave_base(test, s, context);
	ULONG length = FDC_TRACK;

	KUNIT_ASSERT_EQ(test,
			s->ops->MapTransferEx(s->adapter, mdl, base, 0, 0, &length, write,
					      list ? (PSCATTER_GATHER_LIST)buffer : NULL,
					      list ? sizeof(buffer) : 0, NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, (ULONG)FDC_TRACK);
	KUNIT_EXPECT_EQ(test, fdc_move(TRACK_WRITTEN, FDC_SECTORS, write), 0);
	KUNIT_EXPECT_EQ(test,
			s->ops->FlushAdapterBuffersEx(s->adapter, mdl, base, 0, length, write),
			STATUS_SUCCESS);
	s->ops->FreeAdapterObject(s->adapter, DeallocateObject);
}

static void track_is_moved_by_map_transfer_ex(struct kunit *test)
{
	struct wdmdma_slave *s = fdc_slave(test);
	struct wdmdma_memory *from = wdmdma_test_memory(test, 3);
	struct wdmdma_memory *to = wdmdma_test_memory(test, 3);
	PMDL source = wdmdma_test_mdl(test, from->va + 99, 5000);
	PMDL target = wdmdma_test_mdl(test, to->va, FDC_TRACK);

	source->Next = wdmdma_test_mdl(test, from->va + 99 + 5000, FDC_TRACK - 5000);
	memset(to->va, 0, 3 * PAGE_SIZE);
	track_ex(test, s, source, TRUE, true);
	track_ex(test, s, target, FALSE, false);
	KUNIT_EXPECT_EQ(test, memcmp(from->va + 99, to->va, FDC_TRACK), 0);
}

/* Memory below 16 MiB that crosses no boundary must be used directly. */
static void track_is_read_into_a_common_buffer(struct kunit *test)
{
	struct wdmdma_slave *s = fdc_slave(test);
	PHYSICAL_ADDRESS la;
	PVOID va = s->ops->AllocateCommonBuffer(s->adapter, 3 * PAGE_SIZE, &la, FALSE);

	KUNIT_ASSERT_NOT_NULL(test, va);
	classic_track(test, s, wdmdma_test_mdl(test, va, FDC_TRACK), TRACK_READ, FALSE);
	fdc_expect_sectors(test, va, TRACK_READ * FDC_SECTORS, FDC_SECTORS);
	s->ops->FreeCommonBuffer(s->adapter, 3 * PAGE_SIZE, la, va, FALSE);
}

/* If the device reads less than was mapped, the counter must return the number of bytes left. */
static void counter_says_what_the_device_left(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_slave *s = fdc_slave(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 4 * PAGE_SIZE);
	PVOID base = wdmdma_test_slave_base(test, s, context);
	ULONG length = 4 * PAGE_SIZE, left = length - FDC_TRACK;

	memset(memory->va, 0x5a, length);
	s->ops->MapTransfer(s->adapter, mdl, base, memory->va, &length, FALSE);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), length);
	KUNIT_EXPECT_EQ(test, fdc_move(TRACK_READ, FDC_SECTORS, false), 0);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), left);
	KUNIT_EXPECT_TRUE(test, s->ops->FlushAdapterBuffers(s->adapter, mdl, base, memory->va,
							    length, FALSE));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), left);
	fdc_expect_sectors(test, memory->va, TRACK_READ * FDC_SECTORS, FDC_SECTORS);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va + FDC_TRACK, 0x5a, left));
	s->ops->FreeAdapterChannel(s->adapter);
}

/* Expect that a stopped channel leaves the device waiting and the memory unchanged. */
static void expect_no_bytes(struct kunit *test, const u8 *memory)
{
	KUNIT_EXPECT_EQ(test, fdc_move(TRACK_READ, FDC_SECTORS, false), -ETIMEDOUT);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory, 0x5a, 3 * PAGE_SIZE));
}

static void cancel_stops_the_channel(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_slave *s = fdc_slave(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, FDC_TRACK);
	PVOID base = wdmdma_test_slave_base(test, s, context);
	ULONG length = FDC_TRACK;

	memset(memory->va, 0x5a, 3 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test,
			s->ops->MapTransferEx(s->adapter, mdl, base, 0, 0, &length, FALSE, NULL, 0,
					      NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, s->ops->CancelMappedTransfer(s->adapter, context), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), length);
	expect_no_bytes(test, memory->va);
	KUNIT_EXPECT_EQ(test,
			s->ops->FlushAdapterBuffersEx(s->adapter, mdl, base, 0, length, FALSE),
			STATUS_SUCCESS);
	expect_no_bytes(test, memory->va);
	KUNIT_EXPECT_EQ(test,
			s->ops->MapTransferEx(s->adapter, mdl, base, 0, 0, &length, FALSE, NULL, 0,
					      NULL, NULL),
			STATUS_CANCELLED);
	s->ops->FreeAdapterChannel(s->adapter);
}

static void flush_stops_the_channel(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_slave *s = fdc_slave(test);
	PHYSICAL_ADDRESS la;
	PVOID va = s->ops->AllocateCommonBuffer(s->adapter, 3 * PAGE_SIZE, &la, FALSE), base;
	ULONG length = 3 * PAGE_SIZE;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, va);
	memset(va, 0x5a, length);
	mdl = wdmdma_test_mdl(test, va, length);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_ASSERT_EQ(test,
			s->ops->MapTransfer(s->adapter, mdl, base, va, &length, FALSE).QuadPart,
			la.QuadPart);
	KUNIT_EXPECT_TRUE(test, s->ops->FlushAdapterBuffers(s->adapter, mdl, base, va, length,
							    FALSE));
	expect_no_bytes(test, va);
	s->ops->FreeAdapterChannel(s->adapter);
	s->ops->FreeCommonBuffer(s->adapter, 3 * PAGE_SIZE, la, va, FALSE);
}

static void sb16_end(void *unused)
{
	sb16_stop();
}

/* Play a common buffer until the counter has wrapped a few times. */
static void expect_rounds(struct kunit *test, bool words)
{
	ULONG channel = words ? SB16_CHANNEL_WORDS : SB16_CHANNEL_BYTES;
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(2, channel);
	ULONG length = words ? SZ_8K : SZ_4K, left, before, rounds = 0, bad = 0;
	unsigned long end = jiffies + 30 * HZ;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_slave *s;
	PHYSICAL_ADDRESS la;
	PVOID va, base;
	PMDL mdl;

	description.AutoInitialize = TRUE;
	s = wdmdma_test_slave_like(test, description);
	va = s->ops->AllocateCommonBuffer(s->adapter, length, &la, FALSE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	mdl = wdmdma_test_mdl(test, va, length);
	base = wdmdma_test_slave_base(test, s, context);
	KUNIT_ASSERT_EQ(test,
			s->ops->MapTransfer(s->adapter, mdl, base, va, &length, TRUE).QuadPart,
			la.QuadPart);
	before = length;
	KUNIT_EXPECT_EQ(test, sb16_play(words, length / (words ? 2 : 1)), 0);
	while (rounds < ROUNDS && time_before(jiffies, end)) {
		left = s->ops->ReadDmaCounter(s->adapter);
		bad += !left || left > length || (words && left % 2);
		rounds += left > before;
		before = left;
		usleep_range(2000, 4000);
	}
	KUNIT_EXPECT_EQ(test, rounds, (ULONG)ROUNDS);
	KUNIT_EXPECT_EQ(test, bad, 0U);

	/* The counter of a stopped channel must not change. */
	KUNIT_EXPECT_TRUE(test, s->ops->FlushAdapterBuffers(s->adapter, mdl, base, va, length,
							    TRUE));
	left = s->ops->ReadDmaCounter(s->adapter);
	msleep(100);
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), left);
	s->ops->FreeAdapterChannel(s->adapter);
	s->ops->FreeCommonBuffer(s->adapter, length, la, va, FALSE);
}

static const struct rounds_row {
	const char *name;
	bool words;
} rounds_rows[] = {
	{ "bytes", false },
	{ "words", true },
};

KUNIT_ARRAY_PARAM_DESC(rounds, rounds_rows, name);

static void auto_initialize_goes_round(struct kunit *test)
{
	const struct rounds_row *row = test->param_value;

	wdmdma_test_needs_isa(test);
	if (sb16_start())
		kunit_skip(test, "the machine has no Sound Blaster");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sb16_end, NULL), 0);
	expect_rounds(test, row->words);
}

static struct kunit_case live_system_cases[] = {
	KUNIT_CASE(track_is_read_in_the_classic_order),
	KUNIT_CASE(end_of_count_tells_that_a_transfer_is_done),
	KUNIT_CASE(track_is_written_in_the_classic_order),
	KUNIT_CASE(track_is_moved_by_map_transfer_ex),
	KUNIT_CASE(track_is_read_into_a_common_buffer),
	KUNIT_CASE(counter_says_what_the_device_left),
	KUNIT_CASE_SLOW(cancel_stops_the_channel),
	KUNIT_CASE_SLOW(flush_stops_the_channel),
	KUNIT_CASE_PARAM(auto_initialize_goes_round, rounds_gen_params),
	{}
};

static struct kunit_suite live_system_suite = {
	.name = "wdmdma_live_system",
	.init = wdmdma_test_fixture_init,
	.test_cases = live_system_cases,
};

kunit_test_suite(live_system_suite);
