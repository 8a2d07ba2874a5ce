// SPDX-License-Identifier: GPL-2.0-only
/* Windows source with memory, or with an interrupt, of its own (corpus/wdf_own.c, wdf_board.c). */
#include <linux/delay.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "corpus/wdf.h"
#include "wdf.h"

/* The transaction is deleted by its last user, in EvtProgramDma or when the device is done. */
static void transaction_counts_its_users(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL first = wdmdma_test_mdl(test, memory->va + 10, 3000);
	PMDL second = wdmdma_test_mdl(test, memory->va + SZ_4K, 5000);
	CORPUS_SENDER sender = {};
	unsigned int n;

	sender.Enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	first->Next = second;
	for (n = 1; n <= 100; n++) {
		sender.AtOnce = n % 2;
		KUNIT_ASSERT_EQ(test, CorpusSenderSend(&sender, memory->va, 3000), STATUS_SUCCESS);
		if (!sender.AtOnce)
			CorpusSenderDone(&sender, sender.Transaction);
		KUNIT_EXPECT_EQ(test, sender.Status, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, sender.Destroyed, 2 * n - 1);
		KUNIT_ASSERT_EQ(test, CorpusSenderSendMdl(&sender, first, 8000), STATUS_SUCCESS);
		KUNIT_EXPECT_GE(test, sender.Elements, 2U);
		if (!sender.AtOnce)
			CorpusSenderDone(&sender, sender.Transaction);
		KUNIT_EXPECT_EQ(test, sender.Destroyed, 2 * n);
	}
	KUNIT_EXPECT_EQ(test, sender.Programmed, 200U);
	/* A send that fails leaves nothing. */
	KUNIT_EXPECT_EQ(test, CorpusSenderSendMdl(&sender, first, 8001), STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, sender.Destroyed, 201U);
	first->Next = NULL;
}

static void common_buffers_are_found_by_address(struct kunit *test)
{
	CORPUS_BUFFERS buffers = {};
	PHYSICAL_ADDRESS start;
	u8 *va[3];
	unsigned int i;

	buffers.Enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	KUNIT_ASSERT_EQ(test, CorpusBuffersStart(&buffers), STATUS_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(va); i++) {
		va[i] = CorpusBuffersAlloc(&buffers, SZ_8K);
		KUNIT_ASSERT_NOT_NULL(test, va[i]);
	}
	for (i = 0; i < ARRAY_SIZE(va); i++) {
		start = CorpusBuffersAddress(&buffers, va[i]);
		KUNIT_EXPECT_NE(test, start.QuadPart, 0LL);
		KUNIT_EXPECT_EQ(test, CorpusBuffersAddress(&buffers, va[i] + 5000).QuadPart,
				start.QuadPart + 5000);
	}
	KUNIT_EXPECT_TRUE(test, CorpusBuffersFree(&buffers, va[1]));
	KUNIT_EXPECT_FALSE(test, CorpusBuffersFree(&buffers, va[1]));
	KUNIT_EXPECT_EQ(test, CorpusBuffersAddress(&buffers, va[1]).QuadPart, 0LL);
	KUNIT_EXPECT_NE(test, CorpusBuffersAddress(&buffers, va[2]).QuadPart, 0LL);
	WdfObjectDelete(buffers.Collection);
}

/* What the Linux half was told at the completion. */
static struct {
	unsigned int calls;
	NTSTATUS status;
	ULONG_PTR information;
} told;

static VOID tell(PVOID context, NTSTATUS status, ULONG_PTR information)
{
	told.status = status;
	told.information = information;
	WRITE_ONCE(told.calls, told.calls + 1);
}

static void interrupt_completes_the_transfers(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct wdmdma_wdf_request_config config = {
		.type = WdfRequestTypeRead,
		.mdl = wdmdma_test_mdl(test, wdmdma_test_memory(test, 2)->va, SZ_8K),
		.output_length = SZ_8K,
		.complete = tell,
	};
	PCORPUS_BOARD board = NULL;
	WDFREQUEST request;
	unsigned int n, i;

	memset(&told, 0, sizeof(told));
	KUNIT_ASSERT_EQ(test, CorpusBoardStart(f->device, &board), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	for (n = 1; n <= 20; n++) {
		board->Refuse = n % 5 == 0;
		KUNIT_ASSERT_EQ(test, wdmdma_wdf_request_create(f->device, &config, NULL, &request),
				STATUS_SUCCESS);
		CorpusBoardRead(board, request);
		KUNIT_EXPECT_EQ(test, told.calls, board->Refuse ? n : n - 1);
		board->Pending = !board->Refuse;
		KUNIT_EXPECT_EQ(test, wdmdma_wdf_interrupt(board->Interrupt, 0), !board->Refuse);
		for (i = 0; i < 500 && READ_ONCE(told.calls) < n; i++)
			msleep(20);
		KUNIT_ASSERT_EQ(test, told.calls, n);
		KUNIT_EXPECT_EQ(test, told.status, board->Refuse ? STATUS_INVALID_DEVICE_STATE :
								   STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, told.information, board->Refuse ? 0UL : (ULONG_PTR)SZ_8K);
	}
	KUNIT_EXPECT_EQ(test, board->Programmed, 20U);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
}

static struct kunit_case wdf_source_cases[] = {
	KUNIT_CASE(transaction_counts_its_users),
	KUNIT_CASE(common_buffers_are_found_by_address),
	KUNIT_CASE(interrupt_completes_the_transfers),
	{}
};

static struct kunit_suite wdf_source_suite = {
	.name = "wdmdma_wdf_source",
	.init = wdf_test_init,
	.test_cases = wdf_source_cases,
};

kunit_test_suite(wdf_source_suite);
