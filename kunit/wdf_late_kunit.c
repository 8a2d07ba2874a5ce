// SPDX-License-Identifier: GPL-2.0-only
/* Transactions whose map registers come later, from an adapter that answers when a case says so. */
#include <linux/rcupdate.h>
#include <linux/sizes.h>

#include "wdf.h"
#include "wdf/transaction.h"

#define TO_DEV	WdfDmaDirectionWriteToDevice
#define MOST	4

/* What happens to a transaction that waits. */
enum late_end {
	LATE_ANSWER,
	LATE_CANCEL,
	LATE_RELEASE,
	LATE_RELEASE_IN_TIME,
	LATE_DELETE,
	LATE_DELETE_ENABLER,
	LATE_FREE_MDL,
};

static const struct late_row {
	const char *name;
	enum late_end end;
} late_rows[] = {
	{ "answered", LATE_ANSWER },
	{ "cancelled", LATE_CANCEL },
	{ "released", LATE_RELEASE },
	{ "released in time", LATE_RELEASE_IN_TIME },
	{ "deleted", LATE_DELETE },
	{ "deleted with the enabler", LATE_DELETE_ENABLER },
	{ "MDL freed", LATE_FREE_MDL },
};

KUNIT_ARRAY_PARAM_DESC(late, late_rows, name);

/* The requests, and what the adapter was given back. */
static struct {
	PDRIVER_CONTROL routine;
	PVOID context;
} asked[MOST];

static unsigned int asks, maps, frees;
static void *freed;
static bool can_cancel;
static u8 bases[MOST];
static DMA_OPERATIONS table;

static NTSTATUS ask(PDMA_ADAPTER adapter, PDEVICE_OBJECT object, PVOID block, ULONG registers,
		    ULONG flags, PDRIVER_CONTROL routine, PVOID context, PVOID *base)
{
	asked[asks].routine = routine;
	asked[asks++].context = context;
	return STATUS_SUCCESS;
}

static BOOLEAN cancel(PDMA_ADAPTER adapter, PDEVICE_OBJECT object, PVOID block)
{
	return can_cancel;
}

static NTSTATUS map(PDMA_ADAPTER adapter, PMDL mdl, PVOID base, ULONGLONG offset, ULONG device,
		    PULONG length, BOOLEAN write, PSCATTER_GATHER_LIST list, ULONG size,
		    PDMA_COMPLETION_ROUTINE routine, PVOID context)
{
	maps++;
	*(struct wdf_one *)list = (struct wdf_one) {
		.NumberOfElements = 1,
		.Element = { .Length = *length },
	};
	return STATUS_SUCCESS;
}

static NTSTATUS flush(PDMA_ADAPTER adapter, PMDL mdl, PVOID base, ULONGLONG offset, ULONG length,
		      BOOLEAN write)
{
	return STATUS_SUCCESS;
}

static VOID note_free(PDMA_ADAPTER adapter, PVOID base, ULONG registers)
{
	frees++;
	freed = base;
}

/* Answer a request. Return what the driver keeps. */
static IO_ALLOCATION_ACTION answer(unsigned int request)
{
	bool enable = wdf_raise();
	IO_ALLOCATION_ACTION keep;

	keep = asked[request].routine(NULL, NULL, &bases[request], asked[request].context);
	wdf_lower(enable);
	return keep;
}

/* Return an enabler with that adapter. */
static WDFDMAENABLER late_enabler(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_16K, 3);
	struct wdf_object *object = wdf_get_any(enabler, __func__);
	struct wdf_channel *channel = &wdf_enabler_of(object)->channel[0];

	table = *channel->ops;
	table.AllocateAdapterChannelEx = ask;
	table.CancelAdapterChannel = cancel;
	table.MapTransferEx = map;
	table.FlushAdapterBuffersEx = flush;
	table.FreeMapRegisters = note_free;
	channel->ops = &table;
	wdf_put(object);
	asks = 0;
	maps = 0;
	frees = 0;
	can_cancel = false;
	return enabler;
}

static PMDL late_mdl(struct kunit *test)
{
	PMDL mdl = IoAllocateMdl(wdmdma_test_memory(test, 2)->va, SZ_8K, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

/* Do to a transaction that waits what the row says. */
static void late_end(struct kunit *test, enum late_end end, WDFDMAENABLER enabler,
		     WDFDMATRANSACTION t, PMDL *mdl)
{
	can_cancel = end == LATE_CANCEL || end == LATE_RELEASE_IN_TIME;
	if (end == LATE_CANCEL)
		KUNIT_EXPECT_TRUE(test, WdfDmaTransactionCancel(t));
	else if (end == LATE_RELEASE || end == LATE_RELEASE_IN_TIME)
		WdfDmaTransactionRelease(t);
	else if (end == LATE_DELETE)
		WdfObjectDelete(t);
	else if (end == LATE_DELETE_ENABLER)
		WdfObjectDelete(enabler);
	if (end == LATE_DELETE_ENABLER)
		rcu_barrier();
	if (end == LATE_FREE_MDL) {
		IoFreeMdl(*mdl);
		*mdl = NULL;
	}
	can_cancel = false;
}

/* A packet whose registers come later is programmed then, if it is still wanted. */
static void packet_registers_come_later(struct kunit *test)
{
	const struct late_row *row = test->param_value;
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER enabler = late_enabler(test);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	bool cancelled = row->end == LATE_CANCEL || row->end == LATE_RELEASE_IN_TIME;
	bool wanted = row->end == LATE_ANSWER;
	PMDL mdl = late_mdl(test);

	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, asks, 1U);
	KUNIT_EXPECT_EQ(test, seen->calls, 0U);
	late_end(test, row->end, enabler, t, &mdl);
	if (!cancelled)
		KUNIT_EXPECT_EQ(test, answer(0), wanted || row->end == LATE_FREE_MDL ?
				DeallocateObjectKeepRegisters : DeallocateObject);
	KUNIT_EXPECT_EQ(test, seen->calls, wanted ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, maps, wanted ? 1U : 0U);
	if (wanted)
		wdf_test_completes(test, t, STATUS_SUCCESS);
	/* What the driver has kept it gives back. */
	KUNIT_EXPECT_EQ(test, frees, wanted || row->end == LATE_FREE_MDL ? 1U : 0U);
	if (row->end == LATE_CANCEL || row->end == LATE_FREE_MDL)
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
	if (mdl)
		IoFreeMdl(mdl);
}

static unsigned int reserved;

static VOID count_reserved(WDFDMATRANSACTION transaction, PVOID context)
{
	reserved += context == transaction && (in_softirq() || irqs_disabled());
}

/* EvtReserveDma is called when the registers come, if they are still wanted. */
static void reserved_registers_come_later(struct kunit *test)
{
	const struct late_row *row = test->param_value;
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMAENABLER enabler = late_enabler(test);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	bool cancelled = row->end == LATE_CANCEL || row->end == LATE_RELEASE_IN_TIME;
	bool wanted = row->end == LATE_ANSWER || row->end == LATE_FREE_MDL;
	PMDL mdl = late_mdl(test);

	reserved = 0;
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionAllocateResources(t, TO_DEV, 2, count_reserved, t),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, asks, 1U);
	/* It may be initialized, but not executed. */
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen),
			STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 3U);
	late_end(test, row->end, enabler, t, &mdl);
	if (!cancelled)
		KUNIT_EXPECT_EQ(test, answer(0), wanted ? DeallocateObjectKeepRegisters :
							  DeallocateObject);
	KUNIT_EXPECT_EQ(test, reserved, wanted ? 1U : 0U);
	if (wanted) {
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionExecute(t, seen), mdl ? STATUS_SUCCESS :
				STATUS_INVALID_DEVICE_REQUEST);
		if (mdl)
			wdf_test_completes(test, t, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, frees, 0U);
		WdfDmaTransactionFreeResources(t);
		KUNIT_EXPECT_EQ(test, frees, 1U);
	}
	KUNIT_EXPECT_EQ(test, seen->calls, row->end == LATE_ANSWER ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, asks, 1U);
	if (mdl)
		IoFreeMdl(mdl);
}

/* A reservation that is released while it waits has never been there. */
static void release_of_a_waiting_reservation(struct kunit *test)
{
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMATRANSACTION t = wdf_test_transaction(test, late_enabler(test));
	PMDL mdl = late_mdl(test);

	reserved = 0;
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionAllocateResources(t, TO_DEV, 2, count_reserved, t),
			STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionAllocateResources(t, TO_DEV, 2, count_reserved, t),
			STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	/* The next request is one for a transfer, and its registers go with it. */
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, asks, 3U);
	KUNIT_EXPECT_EQ(test, answer(0), DeallocateObject);
	KUNIT_EXPECT_EQ(test, answer(2), DeallocateObjectKeepRegisters);
	KUNIT_EXPECT_EQ(test, answer(1), DeallocateObject);
	KUNIT_EXPECT_EQ(test, reserved, 0U);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	wdf_test_completes(test, t, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, frees, 1U);
	KUNIT_EXPECT_PTR_EQ(test, freed, (void *)&bases[2]);
	IoFreeMdl(mdl);
}

static struct kunit_case wdf_late_cases[] = {
	KUNIT_CASE_PARAM(packet_registers_come_later, late_gen_params),
	KUNIT_CASE_PARAM(reserved_registers_come_later, late_gen_params),
	KUNIT_CASE(release_of_a_waiting_reservation),
	{}
};

static struct kunit_suite wdf_late_suite = {
	.name = "wdmdma_wdf_late",
	.init = wdf_test_init,
	.test_cases = wdf_late_cases,
};

kunit_test_suite(wdf_late_suite);
