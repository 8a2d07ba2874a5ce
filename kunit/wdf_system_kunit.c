// SPDX-License-Identifier: GPL-2.0-only
/* Transactions of a system profile, with QEMU's floppy disk controller on ISA's channel 2. */
#include <linux/delay.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "fdc.h"
#include "log.h"
#include "system.h"
#include "wdf.h"

#define FROM_DEV	WdfDmaDirectionReadFromDevice
#define TRACK		3
/* A transfer of a channel of 8 bits must not cross a boundary of 64 KiB. */
#define LONGEST		SZ_16K

/* What the callbacks of a system profile have seen. */
static struct {
	unsigned int configured;
	size_t length;
	bool refuse;
	unsigned int stopped;
	DMA_COMPLETION_STATUS status;
} told;

static BOOLEAN configure(WDFDMATRANSACTION transaction, WDFDEVICE device, PVOID context, PMDL mdl,
			 SIZE_T offset, SIZE_T length)
{
	NTSTATUS status;

	told.configured++;
	told.length = length;
	if (!told.refuse)
		return TRUE;
	WdfDmaTransactionDmaCompletedFinal(transaction, 0, &status);
	return FALSE;
}

static VOID stopped(WDFDMATRANSACTION transaction, WDFDEVICE device, WDFCONTEXT context,
		    WDF_DMA_DIRECTION direction, DMA_COMPLETION_STATUS status)
{
	told.stopped++;
	told.status = status;
}

static void fdc_end(void *unused)
{
	fdc_stop();
}

/* Return an enabler for the floppy disk controller. */
static WDFDMAENABLER system_enabler(struct kunit *test)
{
	/* A CM_PARTIAL_RESOURCE_DESCRIPTOR, which has the channel and the request line. */
	u32 resource[5] = { [1] = FDC_CHANNEL, [2] = FDC_CHANNEL };
	WDF_DMA_SYSTEM_PROFILE_CONFIG config;
	PHYSICAL_ADDRESS none = {};
	WDFDMAENABLER enabler;

	wdmdma_test_needs_isa(test);
	if (fdc_start())
		kunit_skip(test, "the machine has no floppy disk controller");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fdc_end, NULL), 0);
	memset(&told, 0, sizeof(told));
	enabler = wdf_test_enabler(test, WdfDmaProfileSystem, LONGEST, 0);
	WDF_DMA_SYSTEM_PROFILE_CONFIG_INIT(&config, none, Width8Bits, (void *)resource);
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerConfigureSystemProfile(enabler, &config, FROM_DEV),
			STATUS_SUCCESS);
	KUNIT_EXPECT_NOT_NULL(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, FROM_DEV));
	return enabler;
}

static WDFDMATRANSACTION system_transaction_of(struct kunit *test, WDFDMAENABLER enabler)
{
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);

	WdfDmaTransactionSetChannelConfigurationCallback(t, configure, NULL);
	WdfDmaTransactionSetTransferCompleteCallback(t, stopped, NULL);
	return t;
}

static WDFDMATRANSACTION system_transaction(struct kunit *test)
{
	return system_transaction_of(test, system_enabler(test));
}

static void device_writes_a_track(struct kunit *test)
{
	WDFDMATRANSACTION t = system_transaction(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + 100, FDC_TRACK);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	NTSTATUS status;

	memset(memory->va, 0, 3 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, FDC_TRACK, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.configured, 1U);
	KUNIT_EXPECT_EQ(test, told.length, (size_t)FDC_TRACK);
	KUNIT_ASSERT_EQ(test, seen->calls, 1U);
	KUNIT_EXPECT_EQ(test, seen->elements[0], 1U);
	KUNIT_EXPECT_EQ(test, fdc_move(TRACK, FDC_SECTORS, false), 0);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t, &status));
	KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.stopped, 0U);
	fdc_expect_sectors(test, memory->va + 100, TRACK * FDC_SECTORS, FDC_SECTORS);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(memory->va, 100));
	/* The channel must be free again. */
	WdfDmaTransactionRelease(t);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, FDC_TRACK, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(t, 0, &status));
}

static void stopped_transfer_is_told_and_completed(struct kunit *test)
{
	WDFDMATRANSACTION t = system_transaction(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, FDC_TRACK);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	NTSTATUS status;

	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, FDC_TRACK, seen), STATUS_SUCCESS);
	WdfDmaTransactionStopSystemTransfer(t);
	KUNIT_EXPECT_EQ(test, told.stopped, 1U);
	KUNIT_EXPECT_EQ(test, told.status, DmaCancelled);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(t, 0, &status));
	WdfDmaTransactionRelease(t);
	/* The driver may refuse a transfer in the callback. Then EvtProgramDma is not called. */
	told.refuse = true;
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, FDC_TRACK, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	KUNIT_EXPECT_EQ(test, told.configured, 2U);
}

/* A stop before there is a transfer must be reported, and do nothing. */
static void stop_without_a_transfer_does_nothing(struct kunit *test)
{
	WDFDMATRANSACTION t = system_transaction(test);
	WDFDMATRANSACTION u = wdf_test_transaction(test, wdf_test_enabler(test,
									  WdfDmaProfilePacket64,
									  SZ_4K, 3));

	WdfDmaTransactionStopSystemTransfer(t);
	WdfDmaTransactionStopSystemTransfer(u);
	KUNIT_EXPECT_EQ(test, told.stopped, 0U);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 1U);
}

static void completion_after_a_stop_is_cancelled(struct kunit *test)
{
	WDFDMATRANSACTION t = system_transaction(test);
	PMDL mdl = wdmdma_test_mdl(test, wdmdma_test_memory(test, 1)->va, SZ_1K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);

	KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, FROM_DEV,
								     mdl, 0, SZ_1K),
			STATUS_SUCCESS);
	WdfDmaTransactionSetMaximumLength(t, SZ_512);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionExecute(t, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->length[0], (size_t)SZ_512);
	WdfDmaTransactionStopSystemTransfer(t);
	/* There are bytes left, for which no transfer is mapped any more. */
	wdf_test_completes(test, t, STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
}

/* A second transaction of the channel waits, and has no transfer that could be stopped. */
static void channel_comes_later(struct kunit *test)
{
	WDFDMAENABLER enabler = system_enabler(test);
	WDFDMATRANSACTION first = system_transaction_of(test, enabler);
	WDFDMATRANSACTION second = system_transaction_of(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_512);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	struct wdf_seen *later = wdf_test_seen(test, WDF_ACT_FINAL);
	struct kmsg_dump_iter log;
	NTSTATUS status;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, wdf_test_start(first, FROM_DEV, mdl, 0, SZ_512, seen),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, wdf_test_start(second, FROM_DEV, mdl, 0, SZ_512, later),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, later->calls, 0U);
	wdmdma_test_log_begin(&log);
	WdfDmaTransactionStopSystemTransfer(second);
	KUNIT_EXPECT_EQ(test, told.stopped, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfDmaTransactionStopSystemTransfer",
						    "given no transfer"), 1U);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionCancel(second));
	WdfDmaTransactionRelease(second);
	KUNIT_ASSERT_EQ(test, wdf_test_start(second, FROM_DEV, mdl, 0, SZ_512, later),
			STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(first, 0, &status));
	for (n = 0; n < 500 && !READ_ONCE(later->done); n++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, later->calls, 1U);
	KUNIT_EXPECT_TRUE(test, later->at_dispatch);
	KUNIT_EXPECT_EQ(test, later->status, STATUS_SUCCESS);
	/* It has ended in EvtProgramDma, and the channel is free again. */
	WdfDmaTransactionRelease(first);
	KUNIT_EXPECT_EQ(test, wdf_test_start(first, FROM_DEV, mdl, 0, SZ_512, seen),
			STATUS_SUCCESS);
	for (n = 0; n < 500 && READ_ONCE(seen->calls) < 2; n++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, seen->calls, 2U);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(first, 0, &status));
}

static struct kunit_case wdf_system_cases[] = {
	KUNIT_CASE(device_writes_a_track),
	KUNIT_CASE(stopped_transfer_is_told_and_completed),
	KUNIT_CASE(stop_without_a_transfer_does_nothing),
	KUNIT_CASE(completion_after_a_stop_is_cancelled),
	KUNIT_CASE(channel_comes_later),
	{}
};

static struct kunit_suite wdf_system_suite = {
	.name = "wdmdma_wdf_system",
	.init = wdf_test_init,
	.test_cases = wdf_system_cases,
};

kunit_test_suite(wdf_system_suite);
