// SPDX-License-Identifier: GPL-2.0-only
/* Transactions whose list is not there yet (wdf/execute.c, wdf/transaction.c). */
#include <linux/delay.h>
#include <linux/sizes.h>

#include "mdl.h"
#include "wdf.h"
#include "wdf/transaction.h"

#define TO_DEV	WdfDmaDirectionWriteToDevice

static WDFDMAENABLER enabler_of(struct kunit *test, ULONG version)
{
	return wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, version);
}

/* Return an MDL of two pages. */
static PMDL mdl_of(struct kunit *test)
{
	return wdmdma_test_mdl(test, wdmdma_test_memory(test, 2)->va, SZ_8K);
}

/* Wait until EvtProgramDma was called, but not for ever. */
static void wait_for_call(const struct wdf_seen *seen)
{
	unsigned int n;

	for (n = 0; n < 500 && !READ_ONCE(seen->calls); n++)
		msleep(20);
}

/* A transaction whose list is not there yet is not programmed, and is called when it is. */
static void waiting_transaction_is_called_later(struct kunit *test)
{
	WDFDMAENABLER enabler = enabler_of(test, 3);
	PMDL mdl = mdl_of(test);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);

	wdmdma_test_short(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->calls, 0U);
	wdmdma_test_plenty();
	wait_for_call(seen);
	KUNIT_EXPECT_EQ(test, seen->calls, 1U);
	KUNIT_EXPECT_TRUE(test, seen->at_dispatch);
	wdf_test_completes(test, t, STATUS_SUCCESS);
}

static void waiting_transaction_can_be_cancelled(struct kunit *test)
{
	WDFDMAENABLER enabler = enabler_of(test, 3);
	PMDL mdl = mdl_of(test);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	NTSTATUS status;

	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	/* Too late. */
	KUNIT_EXPECT_FALSE(test, WdfDmaTransactionCancel(t));
	wdf_test_completes(test, t, STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	wdmdma_test_short(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionCancel(t));
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
	/* A driver that completes it nevertheless goes on. */
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompletedFinal(t, 0, &status));
	KUNIT_EXPECT_EQ(test, status, STATUS_CANCELLED);
	WdfDmaTransactionRelease(t);
	wdmdma_test_plenty();
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->calls, 2U);
	wdf_test_completes(test, t, STATUS_SUCCESS);
}

static void immediate_execution_fails_instead_of_waiting(struct kunit *test)
{
	WDFDMAENABLER enabler = enabler_of(test, 3);
	PMDL mdl = mdl_of(test);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);

	wdmdma_test_short(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
	WdfDmaTransactionSetImmediateExecution(t, TRUE);
	KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, seen->calls, 0U);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 6U);
	WdfDmaTransactionRelease(t);
	wdmdma_test_plenty();
}

/* What was released while it waited is never called, also with a version that cannot cancel. */
static void release_of_a_waiting_transaction(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	PMDL mdl = mdl_of(test);
	WDFDMAENABLER enabler;
	struct wdf_seen *seen, *next;
	WDFDMATRANSACTION t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(version); i++) {
		seen = wdf_test_seen(test, WDF_ACT_NOTHING);
		next = wdf_test_seen(test, WDF_ACT_COMPLETE);
		enabler = enabler_of(test, version[i]);
		t = wdf_test_transaction(test, enabler);
		wdmdma_test_short(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
		KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen),
				STATUS_SUCCESS);
		WdfDmaTransactionRelease(t);
		KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_4K, next),
				STATUS_SUCCESS);
		wdmdma_test_plenty();
		wait_for_call(next);
		msleep(50);
		KUNIT_EXPECT_EQ(test, next->calls, 1U);
		KUNIT_EXPECT_EQ(test, next->length[0], (size_t)SZ_4K);
		KUNIT_EXPECT_EQ(test, seen->calls, 0U);
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), 5U);
	}
}

/* An adapter that answers when the case says so. */
static struct {
	PDRIVER_LIST_CONTROL routine;
	PVOID context;
} asked[2];

static unsigned int asks, puts;
static const void *put_list;
static bool answers_first;
static struct wdf_one lists[2];

static void answer(unsigned int request)
{
	bool enable = wdf_raise();

	asked[request].routine(NULL, NULL, (PSCATTER_GATHER_LIST)&lists[request],
			       asked[request].context);
	wdf_lower(enable);
}

static NTSTATUS ask(PDMA_ADAPTER adapter, PDEVICE_OBJECT object, PMDL list_mdl, PVOID va,
		    ULONG length, PDRIVER_LIST_CONTROL routine, PVOID context, BOOLEAN write)
{
	asked[asks].routine = routine;
	asked[asks].context = context;
	if (asks++ && answers_first)
		answer(0);
	return STATUS_SUCCESS;
}

static VOID note_put(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, BOOLEAN write)
{
	puts++;
	put_list = list;
}

/* A list that comes late belongs to the transfer that was released, in whatever order they come. */
static void answers_come_in_any_order(struct kunit *test)
{
	WDFDMAENABLER enabler = enabler_of(test, 2);
	struct wdf_object *object = wdf_get_any(enabler, __func__);
	struct wdf_channel *channel = &wdf_enabler_of(object)->channel[0];
	PDMA_OPERATIONS real = channel->ops;
	PMDL mdl = mdl_of(test);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdf_seen *old, *next;
	DMA_OPERATIONS table = *real;
	unsigned int within;

	wdf_put(object);
	table.GetScatterGatherList = ask;
	table.PutScatterGatherList = note_put;
	channel->ops = &table;
	for (within = 0; within < 2; within++) {
		asks = 0;
		puts = 0;
		answers_first = within;
		old = wdf_test_seen(test, WDF_ACT_NOTHING);
		next = wdf_test_seen(test, WDF_ACT_NOTHING);
		KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, old),
				STATUS_SUCCESS);
		WdfDmaTransactionRelease(t);
		KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_4K, next),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, asks, 2U);
		answer(1);
		KUNIT_EXPECT_EQ(test, next->calls, 1U);
		KUNIT_EXPECT_PTR_EQ(test, (void *)next->list, (void *)&lists[1]);
		KUNIT_EXPECT_EQ(test, next->length[0], (size_t)SZ_4K);
		if (!within)
			answer(0);
		KUNIT_EXPECT_EQ(test, puts, 1U);
		KUNIT_EXPECT_PTR_EQ(test, put_list, (const void *)&lists[0]);
		KUNIT_EXPECT_EQ(test, old->calls, 0U);
		wdf_test_completes(test, t, STATUS_SUCCESS);
		WdfDmaTransactionRelease(t);
	}
	channel->ops = real;
}

static unsigned int destroyed;

static VOID count_destroy(WDFOBJECT object)
{
	destroyed++;
}

/* The adapter drops the requests that wait, and the transactions must not wait for them. */
static void enabler_goes_with_a_waiting_transaction(struct kunit *test)
{
	ULONG version[] = { 2, 3 };
	PMDL mdl = mdl_of(test);
	WDF_OBJECT_ATTRIBUTES attributes;
	unsigned long before;
	WDFDMATRANSACTION t;
	WDFDMAENABLER enabler;
	struct wdf_seen *seen;
	unsigned int i;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtDestroyCallback = count_destroy;
	for (i = 0; i < ARRAY_SIZE(version); i++) {
		seen = wdf_test_seen(test, WDF_ACT_NOTHING);
		destroyed = 0;
		rcu_barrier();
		before = wdf_object_count();
		enabler = enabler_of(test, version[i]);
		KUNIT_ASSERT_EQ(test, WdfDmaTransactionCreate(enabler, &attributes, &t),
				STATUS_SUCCESS);
		wdmdma_test_short(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
		KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_8K, seen),
				STATUS_SUCCESS);
		WdfObjectDelete(enabler);
		wdmdma_test_plenty();
		KUNIT_EXPECT_EQ(test, destroyed, 1U);
		rcu_barrier();
		KUNIT_EXPECT_EQ(test, wdf_object_count(), before);
		KUNIT_EXPECT_EQ(test, seen->calls, 0U);
	}
}

static struct kunit_case wdf_waiting_cases[] = {
	KUNIT_CASE(answers_come_in_any_order),
	KUNIT_CASE(enabler_goes_with_a_waiting_transaction),
	KUNIT_CASE(waiting_transaction_is_called_later),
	KUNIT_CASE(waiting_transaction_can_be_cancelled),
	KUNIT_CASE(immediate_execution_fails_instead_of_waiting),
	KUNIT_CASE(release_of_a_waiting_transaction),
	{}
};

static struct kunit_suite wdf_waiting_suite = {
	.name = "wdmdma_wdf_waiting",
	.init = wdf_test_init,
	.test_cases = wdf_waiting_cases,
};

kunit_test_suite(wdf_waiting_suite);
