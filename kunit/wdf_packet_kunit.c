// SPDX-License-Identifier: GPL-2.0-only
/* Transactions without lists, single transfers, and calls that need another enabler. */
#include <linux/sizes.h>
#include <linux/string.h>

#include "wdf.h"

#define FROM_DEV	WdfDmaDirectionReadFromDevice
#define TO_DEV	WdfDmaDirectionWriteToDevice

static void packet_is_one_element(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K);
	PDMA_ADAPTER adapter;
	WDFDMAENABLER enabler;
	struct wdf_seen *seen;
	WDFDMATRANSACTION t;
	unsigned int i;
	NTSTATUS status;

	for (i = 0; i < ARRAY_SIZE(version); i++) {
		seen = wdf_test_seen(test, WDF_ACT_NOTHING);
		enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_8K, version[i]);
		adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
		t = wdf_test_transaction(test, enabler);
		KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 100, 10000, seen),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, seen->elements[0], 1U);
		KUNIT_EXPECT_TRUE(test, seen->at_dispatch);
		KUNIT_EXPECT_EQ(test, seen->length[0], (size_t)SZ_8K);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_has_registers(adapter));
		KUNIT_EXPECT_FALSE(test, WdfDmaTransactionDmaCompleted(t, &status));
		KUNIT_EXPECT_EQ(test, status, STATUS_MORE_PROCESSING_REQUIRED);
		KUNIT_EXPECT_EQ(test, seen->bytes[1], (size_t)SZ_8K);
		KUNIT_EXPECT_EQ(test, seen->length[1], 10000UL - SZ_8K);
		KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t, &status));
		KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 10000UL);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	}
}

static void partial_completion_flushes_what_was_mapped(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K);
	WDFDMAENABLER enabler;
	PDMA_ADAPTER adapter;
	struct wdf_seen *seen;
	WDFDMATRANSACTION t;
	unsigned int i;
	NTSTATUS status;

	for (i = 0; i < ARRAY_SIZE(version); i++) {
		memset(memory->va, 0x11, 3 * SZ_4K);
		seen = wdf_test_seen(test, WDF_ACT_NOTHING);
		enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_8K, version[i]);
		t = wdf_test_transaction(test, enabler);
		KUNIT_ASSERT_EQ(test, wdf_test_start(t, FROM_DEV, mdl, 0, SZ_8K, seen),
				STATUS_SUCCESS);
		KUNIT_EXPECT_FALSE(test, WdfDmaTransactionDmaCompletedWithLength(t, 100, &status));
		KUNIT_EXPECT_EQ(test, seen->bytes[1], 100UL);
		KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(t, 0, &status));
		KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 100UL);
		KUNIT_EXPECT_EQ(test, memory->va[5000], 0x11);
		adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	}
}

static void packet_completes_in_program_dma(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 50);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 50 * SZ_4K);
	struct wdf_seen *seen;
	WDFDMATRANSACTION t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(version); i++) {
		seen = wdf_test_seen(test, WDF_ACT_COMPLETE);
		t = wdf_test_transaction(test, wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_4K,
								version[i]));
		KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, 50 * SZ_4K, seen),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, seen->calls, 50U);
		KUNIT_EXPECT_EQ(test, seen->deepest, 1U);
		KUNIT_EXPECT_EQ(test, seen->status, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), 5U);
	}
}

/* With version 2 a device has one packet transaction at a time, over all of its enablers. */
static void second_packet_of_a_device_is_busy(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER first = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_8K, 2);
	WDFDMAENABLER second = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_8K, 2);
	WDFDMATRANSACTION a = wdf_test_transaction(test, first);
	WDFDMATRANSACTION b = wdf_test_transaction(test, first);
	WDFDMATRANSACTION c = wdf_test_transaction(test, second);
	NTSTATUS status;

	KUNIT_ASSERT_EQ(test, wdf_test_start(a, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdf_test_start(b, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_WDF_BUSY);
	KUNIT_EXPECT_EQ(test, wdf_test_start(c, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_WDF_BUSY);
	KUNIT_EXPECT_EQ(test, wdf_test_state(c), 6U);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	WdfDmaTransactionDmaCompleted(a, &status);
	WdfDmaTransactionRelease(c);
	KUNIT_EXPECT_EQ(test, wdf_test_start(c, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	WdfObjectDelete(c);
	WdfDmaTransactionRelease(b);
	KUNIT_EXPECT_EQ(test, wdf_test_start(b, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	WdfDmaTransactionRelease(b);
}

static void packets_of_version_3_run_side_by_side(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_8K, 3);
	WDFDMATRANSACTION a = wdf_test_transaction(test, enabler);
	WDFDMATRANSACTION b = wdf_test_transaction(test, enabler);
	NTSTATUS status;

	KUNIT_ASSERT_EQ(test, wdf_test_start(a, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdf_test_start(b, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->calls, 2U);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(b, &status));
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(a, &status));
}

static unsigned int reserved;

static VOID count_reserved(WDFDMATRANSACTION transaction, PVOID context)
{
	reserved += context == transaction && (in_softirq() || irqs_disabled());
}

static void reserved_registers_stay(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_16K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_16K, 3);
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	NTSTATUS status;

	reserved = 0;
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionAllocateResources(t, TO_DEV, 2, count_reserved, t),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, reserved, 1U);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 100, 10000, seen), STATUS_SUCCESS);
	/* Two registers reach to the end of the second page. */
	KUNIT_EXPECT_EQ(test, seen->length[0], (size_t)SZ_8K - 100);
	KUNIT_EXPECT_FALSE(test, WdfDmaTransactionDmaCompleted(t, &status));
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t, &status));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_has_registers(adapter));
	WdfDmaTransactionRelease(t);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_has_registers(adapter));
	WdfDmaTransactionFreeResources(t);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 7U);
}

static void single_transfer_is_required(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_16K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_8K, 3);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	ULONG registers = 0, elements = 0;
	NTSTATUS status;

	WdfDmaTransactionSetSingleTransferRequirement(t, TRUE);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K + 1, seen),
			STATUS_WDF_TOO_MANY_TRANSFERS);
	/* The failure has released the transaction, and set the requirement back. */
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     mdl, 0, SZ_8K + 1),
			STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	WdfDmaTransactionSetSingleTransferRequirement(t, TRUE);
	WdfDmaEnablerSetMaximumScatterGatherElements(enabler, 1);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen),
			STATUS_WDF_TOO_FRAGMENTED);
	WdfDmaEnablerSetMaximumScatterGatherElements(enabler, 8);
	WdfDmaTransactionSetSingleTransferRequirement(t, TRUE);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     mdl, 0, SZ_8K),
			STATUS_SUCCESS);
	WdfDmaTransactionGetTransferInfo(t, &registers, &elements);
	KUNIT_EXPECT_EQ(test, registers, 2U);
	KUNIT_EXPECT_EQ(test, elements, 2U);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionExecute(t, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedWithLength(t, 5, &status));
	KUNIT_EXPECT_EQ(test, status, STATUS_WDF_TOO_MANY_TRANSFERS);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
	WdfDmaTransactionRelease(t);
	/* The release has set the requirement back. */
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_FALSE(test, WdfDmaTransactionDmaCompletedWithLength(t, 5, &status));
	WdfDmaTransactionRelease(t);
	WdfDmaTransactionSetSingleTransferRequirement(t, TRUE);
	KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(t, 0, &status));
	KUNIT_EXPECT_EQ(test, status, STATUS_WDF_TOO_MANY_TRANSFERS);
}

/* More pages than map registers: nothing is as long as the enabler's longest transfer here. */
static void single_transfer_needs_registers(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 8);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_8K, 3);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	PMDL mdl[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mdl); i++) {
		mdl[i] = wdmdma_test_mdl(test, memory->va + i * SZ_4K, 16);
		if (i)
			mdl[i - 1]->Next = mdl[i];
	}
	WdfDmaTransactionSetSingleTransferRequirement(t, TRUE);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl[0], 0, 128, seen),
			STATUS_WDF_NOT_ENOUGH_MAP_REGISTERS);
	WdfDmaTransactionRelease(t);
	/* Without the requirement the chain is cut at the end of an MDL. */
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl[0], 0, 128, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->length[0], 48UL);
	WdfDmaTransactionRelease(t);
	for (i = 0; i < ARRAY_SIZE(mdl); i++)
		mdl[i]->Next = NULL;
}

static unsigned int destroyed;

static VOID count_destroy(WDFOBJECT object)
{
	destroyed++;
}

static VOID no_completion(PVOID context, NTSTATUS status, ULONG_PTR information)
{
}

/* A reserved transaction is initialized again, and must keep one request at a time. */
static void reserved_transaction_keeps_one_request(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_16K, 3);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_wdf_request_config config = {
		.type = WdfRequestTypeWrite,
		.input_length = SZ_4K,
		.mdl = wdmdma_test_mdl(test, memory->va, SZ_4K),
		.complete = no_completion,
	};
	struct wdf_fixture *f = test->priv;
	WDF_OBJECT_ATTRIBUTES attributes;
	unsigned int fails;
	WDFREQUEST request;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtDestroyCallback = count_destroy;
	for (fails = 0; fails < 2; fails++) {
		destroyed = 0;
		KUNIT_ASSERT_EQ(test, wdmdma_wdf_request_create(f->device, &config, &attributes,
								&request), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request,
									      wdf_test_program,
									      TO_DEV),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionAllocateResources(t, TO_DEV, 0,
									 count_reserved, t),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program,
									     TO_DEV, config.mdl, 0,
									     SZ_4K << fails),
				fails ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS);
		KUNIT_EXPECT_NULL(test, WdfDmaTransactionGetRequest(t));
		WdfRequestComplete(request, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, destroyed, 1U);
		WdfDmaTransactionFreeResources(t);
	}
}

static VOID never_reserved(WDFDMATRANSACTION transaction, PVOID context)
{
	reserved += 100;
}

static void calls_for_other_enablers_do_nothing(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER old = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_4K, 2);
	WDFDMAENABLER lists = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_4K, 3);
	WDFDMATRANSACTION t = wdf_test_transaction(test, old);
	WDFDMATRANSACTION u = wdf_test_transaction(test, lists);

	reserved = 0;
	WdfDmaTransactionSetSingleTransferRequirement(t, TRUE);
	WdfDmaTransactionSetImmediateExecution(t, TRUE);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionAllocateResources(t, TO_DEV, 1, never_reserved, t),
			STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionAllocateResources(u, TO_DEV, 1, never_reserved, u),
			STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_EQ(test, reserved, 0U);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_FALSE(test, WdfDmaTransactionCancel(t));
	KUNIT_EXPECT_NULL(test, WdfDmaTransactionWdmGetTransferContext(t));
	WdfDmaTransactionStopSystemTransfer(t);
	WdfDmaTransactionSetChannelConfigurationCallback(u, NULL, NULL);
	WdfDmaTransactionSetTransferCompleteCallback(u, NULL, NULL);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 4U);
	WdfDmaTransactionRelease(t);
}

/* A driver that uses the list later must not find the old addresses in it. */
static void list_of_a_packet_ends_with_the_callback(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdf_seen *seen;
	WDFDMATRANSACTION t;
	unsigned int i;
	NTSTATUS status;

	for (i = 0; i < ARRAY_SIZE(version); i++) {
		seen = wdf_test_seen(test, WDF_ACT_NOTHING);
		t = wdf_test_transaction(test, wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_4K,
								version[i]));
		KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_4K, seen),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, seen->elements[0], 1U);
		KUNIT_EXPECT_EQ(test, seen->list->NumberOfElements, 0x6b6b6b6bU);
		KUNIT_EXPECT_EQ(test, (u64)seen->list->Elements[0].Address.QuadPart,
				0x6b6b6b6b6b6b6b6bULL);
		KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t, &status));
	}
}

static struct kunit_case wdf_packet_cases[] = {
	KUNIT_CASE(packet_is_one_element),
	KUNIT_CASE(partial_completion_flushes_what_was_mapped),
	KUNIT_CASE(list_of_a_packet_ends_with_the_callback),
	KUNIT_CASE(packet_completes_in_program_dma),
	KUNIT_CASE(second_packet_of_a_device_is_busy),
	KUNIT_CASE(packets_of_version_3_run_side_by_side),
	KUNIT_CASE(reserved_registers_stay),
	KUNIT_CASE(reserved_transaction_keeps_one_request),
	KUNIT_CASE(single_transfer_is_required),
	KUNIT_CASE(single_transfer_needs_registers),
	KUNIT_CASE(calls_for_other_enablers_do_nothing),
	{}
};

static struct kunit_suite wdf_packet_suite = {
	.name = "wdmdma_wdf_packet",
	.init = wdf_test_init,
	.test_cases = wdf_packet_cases,
};

kunit_test_suite(wdf_packet_suite);
