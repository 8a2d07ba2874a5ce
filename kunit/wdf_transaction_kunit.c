// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transactions with lists: how they are cut into transfers, and what the completion calls do
 * (wdf/transfer.c, wdf/execute.c). The test plays the device.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "edu.h"
#include "log.h"
#include "mdl.h"
#include "wdf.h"
#include "wdf/transaction.h"

#define FROM_DEV	WdfDmaDirectionReadFromDevice
#define TO_DEV	WdfDmaDirectionWriteToDevice

/* Expect what the other completion calls return. */
static void expect_with_length(struct kunit *test, WDFDMATRANSACTION transaction, size_t length,
			       NTSTATUS expected)
{
	NTSTATUS status = 1;

	KUNIT_EXPECT_EQ(test,
			!!WdfDmaTransactionDmaCompletedWithLength(transaction, length, &status),
			expected != STATUS_MORE_PROCESSING_REQUIRED);
	KUNIT_EXPECT_EQ(test, status, expected);
}

static void expect_final(struct kunit *test, WDFDMATRANSACTION transaction, size_t length,
			 NTSTATUS expected)
{
	NTSTATUS status = 1;

	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(transaction, length, &status));
	KUNIT_EXPECT_EQ(test, status, expected);
}

static void initialize_refuses(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMAENABLER packet = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 2);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	WDFDMATRANSACTION p = wdf_test_transaction(test, packet);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + 100, SZ_4K);
	PMDL more = wdmdma_test_mdl(test, memory->va + SZ_8K, 500);
	u8 *va = MmGetMdlVirtualAddress(mdl);
	PFN_WDF_PROGRAM_DMA fn = wdf_test_program;

	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, va, 0),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, va, 1ULL << 32),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, 2, mdl, va, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, va - 1, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, va + SZ_4K, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, NULL, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test,
			WdfDmaTransactionInitializeUsingOffset(t, fn, FROM_DEV, mdl, SZ_4K, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, fn, FROM_DEV, mdl, -1UL, 2),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, NULL, va, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, NULL, FROM_DEV, mdl, va, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 1U);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, va, SZ_4K + 1),
			STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 7U);
	mdl->Next = more;
	KUNIT_EXPECT_EQ(test,
			WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, va + 1, SZ_4K + 500),
			STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(p, fn, FROM_DEV, mdl, va, SZ_4K + 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdf_test_state(p), 1U);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, fn, FROM_DEV, mdl, va, SZ_4K + 500),
			STATUS_SUCCESS);
	mdl->Next = NULL;
}

static void program_dma_gets_what_it_is_given(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	struct wdf_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_16K);
	WDFDMATRANSACTION t;
	struct wdf_seen *seen;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(version); i++) {
		seen = wdf_test_seen(test, WDF_ACT_NOTHING);
		t = wdf_test_transaction(test, wdf_test_enabler(test, WdfDmaProfileScatterGather64,
								SZ_64K, version[i]));
		KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 100, 9000, seen),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, seen->calls, 1U);
		KUNIT_EXPECT_TRUE(test, seen->at_dispatch);
		KUNIT_EXPECT_PTR_EQ(test, seen->transaction, t);
		KUNIT_EXPECT_PTR_EQ(test, seen->device, f->device);
		KUNIT_EXPECT_PTR_EQ(test, WdfDmaTransactionGetDevice(t), f->device);
		KUNIT_EXPECT_EQ(test, (int)seen->direction, TO_DEV);
		KUNIT_EXPECT_EQ(test, seen->bytes[0], 0UL);
		KUNIT_EXPECT_EQ(test, seen->length[0], 9000UL);
		wdmdma_test_expect_list(test, seen->list, memory, 100, 9000);
		wdf_test_completes(test, t, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 9000UL);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetCurrentDmaTransferLength(t), 0UL);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionRelease(t), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 0UL);
	}
}

static void long_transactions_are_cut(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 8192, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 6);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 6 * SZ_4K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	size_t lengths[] = { 8192, 8192, 3616 };
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 10, 20000, seen), STATUS_SUCCESS);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, seen->calls, i + 1);
		KUNIT_EXPECT_EQ(test, seen->bytes[i], i * 8192UL);
		KUNIT_EXPECT_EQ(test, seen->length[i], lengths[i]);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetCurrentDmaTransferLength(t), lengths[i]);
		wdmdma_test_expect_list(test, seen->list, memory, 10 + i * 8192, lengths[i]);
		wdf_test_completes(test, t, i < 2 ? STATUS_MORE_PROCESSING_REQUIRED :
						    STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 20000UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(WdfDmaEnablerWdmGetDmaAdapter(enabler, 0)), 0U);
}

static void maximum_length_shortens_later_transfers(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 8192, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 6);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 6 * SZ_4K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);

	KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     mdl, 0, 20000),
			STATUS_SUCCESS);
	WdfDmaTransactionSetMaximumLength(t, 1000);
	WdfDmaTransactionSetMaximumLength(t, 0);
	WdfDmaTransactionSetMaximumLength(t, 100000);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionExecute(t, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->length[0], 1000UL);
	WdfDmaTransactionSetMaximumLength(t, 5000);
	wdf_test_completes(test, t, STATUS_MORE_PROCESSING_REQUIRED);
	KUNIT_EXPECT_EQ(test, seen->length[1], 5000UL);
	KUNIT_EXPECT_EQ(test, seen->bytes[1], 1000UL);
	expect_final(test, t, 5000, STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	/* The release resets the limit. */
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, 20000, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->length[2], 8192UL);
	expect_final(test, t, 0, STATUS_SUCCESS);
}

static void chains_are_followed(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 3000, 2);
	WDFDMAENABLER third = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 3000, 3);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 6);
	PMDL a = wdmdma_test_mdl(test, memory->va + 7, 5000);
	PMDL b = wdmdma_test_mdl(test, memory->va + 5007, 0);
	PMDL c = wdmdma_test_mdl(test, memory->va + 5007, 999);
	PMDL d = wdmdma_test_mdl(test, memory->va + 6006, 12000);
	WDFDMATRANSACTION t[2];
	struct wdf_seen *seen;
	size_t at;
	unsigned int i, n;

	a->Next = b;
	b->Next = c;
	c->Next = d;
	t[0] = wdf_test_transaction(test, enabler);
	t[1] = wdf_test_transaction(test, third);
	for (i = 0; i < 2; i++) {
		seen = wdf_test_seen(test, WDF_ACT_NOTHING);
		KUNIT_ASSERT_EQ(test, wdf_test_start(t[i], TO_DEV, a, 50, 17000, seen),
				STATUS_SUCCESS);
		for (n = 0, at = 0; at < 17000 && n < WDF_SEEN_MOST; n++) {
			KUNIT_ASSERT_EQ(test, seen->calls, n + 1);
			KUNIT_EXPECT_EQ(test, seen->bytes[n], at);
			wdmdma_test_expect_list(test, seen->list, memory, 57 + at,
						seen->length[n]);
			at += seen->length[n];
			wdf_test_completes(test, t[i], at < 17000 ?
					   STATUS_MORE_PROCESSING_REQUIRED : STATUS_SUCCESS);
		}
		KUNIT_EXPECT_EQ(test, at, 17000UL);
	}
	a->Next = NULL;
	b->Next = NULL;
	c->Next = NULL;
}

/* A walk over as many bytes as a length can tell would keep the CPU for seconds. */
static void chains_that_go_round_are_refused(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL a = wdmdma_test_mdl(test, memory->va, 10);
	PMDL b = wdmdma_test_mdl(test, memory->va, 0);
	PMDL c = wdmdma_test_mdl(test, memory->va, 1);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	size_t lengths[] = { 1000, U32_MAX };
	PMDL back[] = { a, b, c };
	struct kmsg_dump_iter log;
	unsigned int i, n;

	a->Next = b;
	b->Next = c;
	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	for (i = 0; i < ARRAY_SIZE(back); i++) {
		c->Next = back[i];
		for (n = 0; n < ARRAY_SIZE(lengths); n++)
			KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, a, 0, lengths[n], seen),
					STATUS_INVALID_PARAMETER);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "goes round", ""), 6U);
	KUNIT_EXPECT_EQ(test, seen->calls, 0U);
	/* Only MDLs that have bytes of the transaction count. */
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, a, 0, 10, seen), STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	a->Next = NULL;
	b->Next = NULL;
	c->Next = NULL;
}

static void next_transfer_begins_where_the_device_stopped(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 8192, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 6);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 6 * SZ_4K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);

	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, 20000, seen), STATUS_SUCCESS);
	expect_with_length(test, t, 100, STATUS_MORE_PROCESSING_REQUIRED);
	KUNIT_EXPECT_EQ(test, seen->bytes[1], 100UL);
	wdmdma_test_expect_list(test, seen->list, memory, 100, 8192);
	expect_with_length(test, t, 0, STATUS_MORE_PROCESSING_REQUIRED);
	KUNIT_EXPECT_EQ(test, seen->bytes[2], 100UL);
	wdmdma_test_expect_list(test, seen->list, memory, 100, 8192);
	expect_with_length(test, t, 8193, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 100UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(WdfDmaEnablerWdmGetDmaAdapter(enabler, 0)), 0U);
}

static void final_completion_ends_it(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 8192, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 6);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 6 * SZ_4K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);

	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, 20000, seen), STATUS_SUCCESS);
	wdf_test_completes(test, t, STATUS_MORE_PROCESSING_REQUIRED);
	expect_final(test, t, 77, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 8269UL);
	KUNIT_EXPECT_EQ(test, seen->calls, 2U);
	WdfDmaTransactionRelease(t);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, 20000, seen), STATUS_SUCCESS);
	expect_final(test, t, 8193, STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
}

static void pages_count_against_the_element_limit(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_16K, 0);
	WDFDMATRANSACTION t;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 8);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 8 * SZ_4K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);

	WdfDmaEnablerSetMaximumScatterGatherElements(enabler, 4);
	t = wdf_test_transaction(test, enabler);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 1, SZ_16K, seen),
			STATUS_WDF_TOO_FRAGMENTED);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 7U);
	KUNIT_EXPECT_EQ(test, seen->calls, 0U);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, SZ_32K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_LE(test, seen->elements[0], 4U);
	/* Now the next transfer begins inside a page, and touches five. */
	expect_with_length(test, t, 1, STATUS_WDF_TOO_FRAGMENTED);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
}

/* The memory is copied, so the device's bytes must come back in the completion call. */
static void bytes_of_the_device_are_there_after_the_completion(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler;
	WDFDMATRANSACTION t;
	u8 *device;

	wdmdma_test_needs_memory_within(test, 24);
	memset(memory->va, 0x11, SZ_8K);
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64, SZ_64K);
	config.AddressWidthOverride = wdmdma_test_copies_all(f->dev) ? 64 : 24;
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerCreate(f->device, &config, NULL, &enabler),
			STATUS_SUCCESS);
	t = wdf_test_transaction(test, enabler);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 64, 5000, seen), STATUS_SUCCESS);
	device = wdmdma_test_at(seen->list->Elements[0].Address.QuadPart);
	memset(device, 0x22, 100);
	expect_final(test, t, 100, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, memory->va[63], 0x11);
	KUNIT_EXPECT_EQ(test, memory->va[64], 0x22);
	KUNIT_EXPECT_EQ(test, memory->va[163], 0x22);
	KUNIT_EXPECT_EQ(test, memory->va[164], 0x11);
	KUNIT_EXPECT_EQ(test, memory->va[5063], 0x11);
}

static void completion_in_program_dma_does_not_recurse(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 250);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 1000 * 1024);
	struct wdf_seen *seen;
	WDFDMATRANSACTION t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(version); i++) {
		seen = wdf_test_seen(test, WDF_ACT_COMPLETE);
		t = wdf_test_transaction(test, wdf_test_enabler(test, WdfDmaProfileScatterGather64,
								1024, version[i]));
		KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, 1000 * 1024, seen),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, seen->calls, 1000U);
		KUNIT_EXPECT_EQ(test, seen->deepest, 1U);
		KUNIT_EXPECT_TRUE(test, seen->done);
		KUNIT_EXPECT_EQ(test, seen->status, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, seen->bytes[10], 10240UL);
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), 5U);
	}
}

static void single_completion_in_program_dma(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_FINAL);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);

	KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	KUNIT_EXPECT_TRUE(test, seen->done);
	KUNIT_EXPECT_EQ(test, seen->status, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 0UL);
}

static void program_dma_may_delete_or_release(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_4K, 0);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_DELETE);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);

	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionRelease(t), STATUS_INVALID_HANDLE);
	t = wdf_test_transaction(test, enabler);
	seen = wdf_test_seen(test, WDF_ACT_RELEASE);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 7U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(WdfDmaEnablerWdmGetDmaAdapter(enabler, 0)), 0U);
}

/* The transaction must begin anew each round, with its ticket taken back. */
static void transactions_are_reused(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64Duplex, SZ_64K,
						 3);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	const unsigned int rounds = 10000;
	unsigned int n, bad = 0;
	unsigned long before;
	NTSTATUS status;

	rcu_barrier();
	before = wdf_object_count();
	for (n = 0; n < rounds; n++) {
		bad += wdf_test_start(t, n & 1, mdl, n & 0xfff, 1000, seen) != STATUS_SUCCESS;
		bad += !WdfDmaTransactionDmaCompleted(t, &status) || status;
		bad += WdfDmaTransactionRelease(t) != STATUS_SUCCESS;
		if (n % 1000 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_EQ(test, seen->calls, rounds);
	KUNIT_EXPECT_EQ(test, wdf_object_count(), before);
}

struct runner {
	struct kunit *test;
	WDFDMAENABLER enabler;
	PMDL mdl;
	unsigned int bad;
};

static int run_transactions(void *data)
{
	struct runner *runner = data;
	struct wdf_seen seen = {};
	WDFDMATRANSACTION t;
	NTSTATUS status;
	unsigned int n;

	for (n = 0; n < 100; n++) {
		seen.act = n % 3 ? WDF_ACT_COMPLETE : WDF_ACT_NOTHING;
		if (WdfDmaTransactionCreate(runner->enabler, NULL, &t)) {
			runner->bad++;
			continue;
		}
		runner->bad += wdf_test_start(t, n & 1, runner->mdl, 0, SZ_8K, &seen) != 0;
		while (seen.act == WDF_ACT_NOTHING &&
		       !WdfDmaTransactionDmaCompleted(t, &status))
			;
		WdfObjectDelete(t);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void transactions_run_side_by_side(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64Duplex, SZ_4K,
						 0);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 16);
	struct task_struct *task[8];
	struct runner runner[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(task); i++) {
		runner[i] = (struct runner){
			test, enabler, wdmdma_test_mdl(test, memory->va + i * SZ_8K, SZ_8K), 0,
		};
		task[i] = kthread_run(run_transactions, &runner[i], "wdf_run%u", i);
	}
	msleep(2000);
	for (i = 0; i < ARRAY_SIZE(task); i++) {
		if (IS_ERR(task[i])) {
			KUNIT_FAIL(test, "no thread");
			continue;
		}
		kthread_stop(task[i]);
		KUNIT_EXPECT_EQ(test, runner[i].bad, 0U);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(WdfDmaEnablerWdmGetDmaAdapter(enabler, 0)), 0U);
}

static void execute_some(struct kunit *test)
{
	WDFDMATRANSACTION t = NULL;
	struct wdf_seen seen = {};
	WDFDMAENABLER enabler = *(WDFDMAENABLER *)test->param_value;
	PMDL mdl = ((PMDL *)test->param_value)[1];
	NTSTATUS status;

	status = WdfDmaTransactionCreate(enabler, NULL, &t);
	if (status) {
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_NULL(test, t);
		return;
	}
	status = wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, &seen);
	KUNIT_EXPECT_EQ(test, !status, seen.calls == 1);
	while (!status && !WdfDmaTransactionDmaCompleted(t, &status) &&
	       status == STATUS_MORE_PROCESSING_REQUIRED)
		status = 0;
	WdfObjectDelete(t);
}

static void transaction_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	void *values[2];

	values[0] = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_4K, 3);
	values[1] = wdmdma_test_mdl(test, memory->va, SZ_8K);
	test->param_value = values;
	wdmdma_test_sweep(test, execute_some);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(WdfDmaEnablerWdmGetDmaAdapter(values[0], 0)), 0U);
}

/* QEMU's device reads the memory of one transaction, and writes that of another. */
static void device_moves_the_bytes(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMATRANSACTION t;

	if (!edu_is_there(test, EDU_SLOT_32_BITS))
		kunit_skip(test, "the machine has no edu device");
	KUNIT_EXPECT_TRUE(test, edu->regs);
	test->priv = wdf_test_on(test, &edu->pdev->dev);
	t = wdf_test_transaction(test, wdf_test_enabler(test, WdfDmaProfileScatterGather, 2000, 0));
	memset(memory->va, 0x33, 2000);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, 2000, seen), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, seen->list->Elements[0].Address.QuadPart, EDU_BUFFER,
				       2000, 0), 0);
	wdf_test_completes(test, t, STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, SZ_4K, 2000, seen), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, EDU_BUFFER, seen->list->Elements[0].Address.QuadPart,
				       2000, EDU_DMA_TO_MEMORY), 0);
	wdf_test_completes(test, t, STATUS_SUCCESS);
	KUNIT_EXPECT_MEMEQ(test, memory->va + SZ_4K, memory->va, 2000);
}

static struct kunit_case wdf_transaction_cases[] = {
	KUNIT_CASE(initialize_refuses),
	KUNIT_CASE(program_dma_gets_what_it_is_given),
	KUNIT_CASE(long_transactions_are_cut),
	KUNIT_CASE(maximum_length_shortens_later_transfers),
	KUNIT_CASE(chains_are_followed),
	KUNIT_CASE_SLOW(chains_that_go_round_are_refused),
	KUNIT_CASE(next_transfer_begins_where_the_device_stopped),
	KUNIT_CASE(final_completion_ends_it),
	KUNIT_CASE(pages_count_against_the_element_limit),
	KUNIT_CASE(bytes_of_the_device_are_there_after_the_completion),
	KUNIT_CASE(completion_in_program_dma_does_not_recurse),
	KUNIT_CASE(single_completion_in_program_dma),
	KUNIT_CASE(program_dma_may_delete_or_release),
	KUNIT_CASE(transactions_are_reused),
	KUNIT_CASE(transactions_run_side_by_side),
	KUNIT_CASE(transaction_fails_cleanly_at_every_point),
	KUNIT_CASE(device_moves_the_bytes),
	{}
};

static struct kunit_suite wdf_transaction_suite = {
	.name = "wdmdma_wdf_transaction",
	.init = wdf_test_init,
	.test_cases = wdf_transaction_cases,
};

kunit_test_suite(wdf_transaction_suite);
