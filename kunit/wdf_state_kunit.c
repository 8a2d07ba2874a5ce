// SPDX-License-Identifier: GPL-2.0-only
/*
 * The states of a transaction. Each call is made in each state, and must do what the table says,
 * or be refused and keep the state. The enabler has a packet profile with version 3, for which all
 * calls are there but those of a system profile.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sizes.h>

#include "actor.h"
#include "wdf.h"

#define TO_DEV	WdfDmaDirectionWriteToDevice

#define BUSY	STATUS_INVALID_DEVICE_REQUEST

enum {
	CREATED = 1,
	RESERVED,
	INITIALIZED,
	TRANSFER,
	COMPLETED,
	FAILED,
	RELEASED,
};

static struct wdf_seen seen;
static PMDL mdl;
static unsigned int reserve_calls;

static VOID count_reserve(WDFDMATRANSACTION transaction, PVOID context)
{
	reserve_calls++;
}

static NTSTATUS initialize(WDFDMATRANSACTION t, size_t length)
{
	return WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV, mdl, 0, length);
}

static NTSTATUS reserve(WDFDMATRANSACTION t, ULONG registers)
{
	return WdfDmaTransactionAllocateResources(t, TO_DEV, registers, count_reserve, NULL);
}

/* Make a transaction that is in @state. */
static WDFDMATRANSACTION make(struct kunit *test, WDFDMAENABLER enabler, unsigned int state)
{
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	NTSTATUS status = STATUS_SUCCESS;

	if (state == RESERVED)
		status = reserve(t, 2);
	else if (state != CREATED)
		status = initialize(t, SZ_4K);
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	if (state >= TRANSFER && state <= FAILED)
		KUNIT_ASSERT_EQ(test, WdfDmaTransactionExecute(t, &seen), STATUS_SUCCESS);
	if (state == COMPLETED)
		WdfDmaTransactionDmaCompleted(t, &status);
	else if (state == FAILED)
		WdfDmaTransactionDmaCompletedWithLength(t, SZ_8K, &status);
	else if (state == RELEASED)
		WdfDmaTransactionRelease(t);
	KUNIT_ASSERT_EQ(test, wdf_test_state(t), state);
	return t;
}

/* The calls. Each returns a number that tells what happened. */
static NTSTATUS call_initialize(WDFDMATRANSACTION t)
{
	return initialize(t, SZ_4K);
}

static NTSTATUS call_initialize_short(WDFDMATRANSACTION t)
{
	return initialize(t, SZ_16K);
}

static NTSTATUS call_initialize_wrong(WDFDMATRANSACTION t)
{
	return initialize(t, 0);
}

static NTSTATUS call_execute(WDFDMATRANSACTION t)
{
	return WdfDmaTransactionExecute(t, &seen);
}

static NTSTATUS call_completed(WDFDMATRANSACTION t)
{
	NTSTATUS status = 1;
	BOOLEAN done = WdfDmaTransactionDmaCompleted(t, &status);

	/* FALSE comes with an error, and TRUE with a success here. */
	return done == NT_SUCCESS(status) ? status : 1;
}

static NTSTATUS call_completed_too_long(WDFDMATRANSACTION t)
{
	NTSTATUS status = 1;

	WdfDmaTransactionDmaCompletedWithLength(t, SZ_8K, &status);
	return status;
}

static NTSTATUS call_release(WDFDMATRANSACTION t)
{
	return WdfDmaTransactionRelease(t);
}

static NTSTATUS call_info(WDFDMATRANSACTION t)
{
	ULONG registers = 9, elements = 9;

	WdfDmaTransactionGetTransferInfo(t, &registers, &elements);
	WdfDmaTransactionGetTransferInfo(t, NULL, NULL);
	return registers == 1 && elements == 1 ? STATUS_SUCCESS : registers || elements ? 1 : BUSY;
}

static NTSTATUS call_context(WDFDMATRANSACTION t)
{
	return WdfDmaTransactionWdmGetTransferContext(t) ? STATUS_SUCCESS : BUSY;
}

static NTSTATUS call_allocate(WDFDMATRANSACTION t)
{
	unsigned int before = reserve_calls;
	NTSTATUS status = reserve(t, 2);

	return reserve_calls - before == !status ? status : 1;
}

static NTSTATUS call_allocate_what_it_needs(WDFDMATRANSACTION t)
{
	return reserve(t, 0);
}

static NTSTATUS call_allocate_too_much(WDFDMATRANSACTION t)
{
	return reserve(t, 10000);
}

static NTSTATUS call_free(WDFDMATRANSACTION t)
{
	WdfDmaTransactionFreeResources(t);
	return STATUS_SUCCESS;
}

static NTSTATUS call_cancel(WDFDMATRANSACTION t)
{
	return WdfDmaTransactionCancel(t) ? STATUS_SUCCESS : BUSY;
}

static NTSTATUS call_setters(WDFDMATRANSACTION t)
{
	WdfDmaTransactionSetMaximumLength(t, SZ_4K);
	WdfDmaTransactionSetSingleTransferRequirement(t, FALSE);
	WdfDmaTransactionSetImmediateExecution(t, FALSE);
	WdfDmaTransactionSetDeviceAddressOffset(t, 4);
	WdfDmaTransactionStopSystemTransfer(t);
	return STATUS_SUCCESS;
}

static NTSTATUS call_getters(WDFDMATRANSACTION t)
{
	return WdfDmaTransactionGetRequest(t) || !WdfDmaTransactionGetDevice(t) ||
	       WdfDmaTransactionGetBytesTransferred(t) > SZ_4K ||
	       WdfDmaTransactionGetCurrentDmaTransferLength(t) > SZ_4K;
}

/* Status and state after a call in each state, CREATED to RELEASED. Status 0 is a success. */
static const struct state_row {
	const char *name;
	NTSTATUS (*call)(WDFDMATRANSACTION t);
	NTSTATUS status[7];
	unsigned int state[7];
} state_rows[] = {
	{ "Initialize", call_initialize, { 0, 0, BUSY, BUSY, BUSY, BUSY, 0 },
	  { 3, 3, 3, 4, 5, 6, 3 } },
	{ "Initialize of a short chain", call_initialize_short,
	  { STATUS_BUFFER_TOO_SMALL, STATUS_BUFFER_TOO_SMALL, BUSY, BUSY, BUSY, BUSY,
	    STATUS_BUFFER_TOO_SMALL }, { 7, 7, 3, 4, 5, 6, 7 } },
	{ "Initialize of no byte", call_initialize_wrong,
	  { STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER,
	    STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER,
	    STATUS_INVALID_PARAMETER }, { 1, 2, 3, 4, 5, 6, 7 } },
	{ "Execute", call_execute, { BUSY, BUSY, 0, BUSY, BUSY, BUSY, BUSY },
	  { 1, 2, 4, 4, 5, 6, 7 } },
	{ "DmaCompleted", call_completed, { BUSY, BUSY, BUSY, 0, BUSY, BUSY, BUSY },
	  { 1, 2, 3, 5, 5, 6, 7 } },
	{ "DmaCompletedWithLength, too long", call_completed_too_long,
	  { BUSY, BUSY, BUSY, STATUS_INVALID_PARAMETER, BUSY, BUSY, BUSY },
	  { 1, 2, 3, 6, 5, 6, 7 } },
	{ "Release", call_release, {}, { 7, 7, 7, 7, 7, 7, 7 } },
	{ "GetTransferInfo", call_info, { BUSY, BUSY, 0, BUSY, BUSY, BUSY, BUSY },
	  { 1, 2, 3, 4, 5, 6, 7 } },
	{ "WdmGetTransferContext", call_context, { BUSY, 0, 0, 0, 0, 0, BUSY },
	  { 1, 2, 3, 4, 5, 6, 7 } },
	{ "AllocateResources", call_allocate, { 0, BUSY, 0, BUSY, BUSY, BUSY, 0 },
	  { 2, 2, 2, 4, 5, 6, 2 } },
	{ "AllocateResources, what it needs", call_allocate_what_it_needs,
	  { BUSY, BUSY, 0, BUSY, BUSY, BUSY, BUSY }, { 1, 2, 2, 4, 5, 6, 7 } },
	{ "AllocateResources, too much", call_allocate_too_much,
	  { STATUS_INSUFFICIENT_RESOURCES, BUSY, STATUS_INSUFFICIENT_RESOURCES, BUSY, BUSY, BUSY,
	    STATUS_INSUFFICIENT_RESOURCES }, { 6, 2, 6, 4, 5, 6, 6 } },
	{ "FreeResources", call_free, {}, { 1, 7, 7, 4, 7, 7, 7 } },
	{ "Cancel", call_cancel, { BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY },
	  { 1, 2, 3, 4, 5, 6, 7 } },
	{ "Set...", call_setters, {}, { 1, 2, 3, 4, 5, 6, 7 } },
	{ "Get...", call_getters, {}, { 1, 2, 3, 4, 5, 6, 7 } },
};

KUNIT_ARRAY_PARAM_DESC(state, state_rows, name);

static void every_call_in_every_state(struct kunit *test)
{
	const struct state_row *row = test->param_value;
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 3);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	WDFDMATRANSACTION t;
	unsigned int state;

	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	for (state = CREATED; state <= RELEASED; state++) {
		t = make(test, enabler, state);
		KUNIT_EXPECT_EQ_MSG(test, row->call(t), row->status[state - 1], "state %u", state);
		KUNIT_EXPECT_EQ_MSG(test, wdf_test_state(t), row->state[state - 1], "state %u",
				    state);
		/* Deletion is possible in any state, and nothing is left. */
		WdfObjectDelete(t);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionRelease(t), STATUS_INVALID_HANDLE);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	}
}

static void deleted_transaction_does_nothing(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 3);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	WDFDMATRANSACTION t;
	unsigned int state;

	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	for (state = CREATED; state <= RELEASED; state++) {
		t = make(test, enabler, state);
		WdfObjectReference(t);
		WdfObjectDelete(t);
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), 8U);
		KUNIT_EXPECT_EQ(test, call_initialize(t), BUSY);
		KUNIT_EXPECT_EQ(test, call_execute(t), BUSY);
		KUNIT_EXPECT_EQ(test, call_completed(t), BUSY);
		KUNIT_EXPECT_EQ(test, call_allocate(t), BUSY);
		KUNIT_EXPECT_EQ(test, call_context(t), BUSY);
		call_release(t);
		call_free(t);
		call_setters(t);
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), 8U);
		WdfObjectDereference(t);
	}
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(WdfDmaEnablerWdmGetDmaAdapter(enabler,
											 0)));
}

/* The device is deleted with a transaction in each state, before or after the adapter is gone. */
static void device_goes_with_transactions_in_each_state(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	WDFDMAENABLER lists = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 3);
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	WDFDMATRANSACTION t[8], u;
	unsigned int state;

	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	u = wdf_test_transaction(test, lists);
	KUNIT_ASSERT_EQ(test, wdf_test_start(u, TO_DEV, mdl, 0, SZ_8K, &seen), STATUS_SUCCESS);
	for (state = CREATED; state <= RELEASED; state++)
		t[state] = make(test, enabler, state);
	wdmdma_wdf_device_delete(f->device);
	f->device = NULL;
	for (state = CREATED; state <= RELEASED; state++)
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionRelease(t[state]), STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_NULL(test, wdmdma_adapter_find(adapter));
}

static void unbind_before_the_deletion_is_survived(struct kunit *test)
{
	struct device *dev = wdmdma_test_register(test, "wdmdma-wdf-gone");
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	WDFDMAENABLER enabler;
	WDFDMATRANSACTION t[8], fresh;
	unsigned int state;
	NTSTATUS status;

	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	test->priv = wdf_test_on(test, dev);
	enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 3);
	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	for (state = CREATED; state <= RELEASED; state++)
		t[state] = make(test, enabler, state);
	device_release_driver(dev);
	fresh = wdf_test_transaction(test, enabler);
	KUNIT_EXPECT_NE(test, wdf_test_start(fresh, TO_DEV, mdl, 0, SZ_4K, &seen), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t[TRANSFER], &status));
	KUNIT_EXPECT_NE(test, status, STATUS_SUCCESS);
	for (state = CREATED; state <= RELEASED; state++)
		WdfDmaTransactionRelease(t[state]);
	WdfObjectDelete(enabler);
}

/* A thread on another CPU that completes a transaction, while EvtProgramDma runs. */
static struct {
	WDFDMATRANSACTION transaction;
	bool delete;
	unsigned int calls;
	bool programmed;
	bool completed;
	BOOLEAN result;
	NTSTATUS status;
	struct completion ended;
} elsewhere;

static int complete_elsewhere(void *unused)
{
	if (actor_spin_until(&elsewhere.programmed))
		elsewhere.result = WdfDmaTransactionDmaCompleted(elsewhere.transaction,
								 &elsewhere.status);
	if (elsewhere.delete)
		WdfObjectDelete(elsewhere.transaction);
	/* Pairs with the acquire in actor_spin_until(). */
	smp_store_release(&elsewhere.completed, true);
	complete(&elsewhere.ended);
	return 0;
}

static BOOLEAN wait_for_completion_elsewhere(WDFDMATRANSACTION transaction, WDFDEVICE device,
					     WDFCONTEXT context, WDF_DMA_DIRECTION direction,
					     PSCATTER_GATHER_LIST list)
{
	if (elsewhere.calls++)
		return TRUE;
	/* Pairs with the acquire in actor_spin_until(). */
	smp_store_release(&elsewhere.programmed, true);
	return actor_spin_until(&elsewhere.completed);
}

static const struct elsewhere_row {
	const char *name;
	size_t length;
	bool delete;
} elsewhere_rows[] = {
	{ "the only transfer", SZ_4K, false },
	{ "the first of two transfers", SZ_8K, false },
	{ "the only transfer, and the transaction is deleted", SZ_4K, true },
};

KUNIT_ARRAY_PARAM_DESC(elsewhere, elsewhere_rows, name);

/*
 * A fast device interrupts another CPU before Execute has returned. Execute must succeed, and the
 * next transfer must be programmed once, behind the first.
 */
static void completion_on_another_cpu_before_execute_returns(struct kunit *test)
{
	const struct elsewhere_row *row = test->param_value;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_4K, 3);
	bool two = row->length > SZ_4K;
	struct task_struct *task;
	PDMA_ADAPTER adapter;
	WDFDMATRANSACTION t;
	NTSTATUS status;

	if (num_online_cpus() < 2)
		kunit_skip(test, "the machine has one CPU");
	t = wdf_test_transaction(test, enabler);
	memset(&elsewhere, 0, sizeof(elsewhere));
	init_completion(&elsewhere.ended);
	elsewhere.transaction = t;
	elsewhere.delete = row->delete;
	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	KUNIT_ASSERT_EQ(test,
			WdfDmaTransactionInitializeUsingOffset(t, wait_for_completion_elsewhere,
							       TO_DEV, mdl, 0, row->length),
			STATUS_SUCCESS);
	task = kthread_run(complete_elsewhere, NULL, "wdmdma-elsewhere");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionExecute(t, NULL), STATUS_SUCCESS);
	wait_for_completion(&elsewhere.ended);
	KUNIT_EXPECT_TRUE(test, elsewhere.completed);
	KUNIT_EXPECT_EQ(test, elsewhere.result, !two);
	KUNIT_EXPECT_EQ(test, elsewhere.status,
			two ? STATUS_MORE_PROCESSING_REQUIRED : STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, elsewhere.calls, two ? 2U : 1U);
	if (two)
		KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t, &status));
	if (!row->delete)
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), (unsigned int)COMPLETED);
	adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
}

static BOOLEAN program_nothing(WDFDMATRANSACTION transaction, WDFDEVICE device, WDFCONTEXT context,
			       WDF_DMA_DIRECTION direction, PSCATTER_GATHER_LIST list)
{
	return TRUE;
}

static int release_again_and_again(void *transaction)
{
	while (!kthread_should_stop()) {
		WdfDmaTransactionRelease(transaction);
		WdfDmaTransactionInitializeUsingOffset(transaction, program_nothing, TO_DEV, mdl, 0,
						       SZ_8K);
		cond_resched();
	}
	return 0;
}

static const struct race_row {
	const char *name;
	WDF_DMA_PROFILE profile;
	ULONG version;
} race_rows[] = {
	{ "packets, version 2", WdfDmaProfilePacket64, 2 },
	{ "packets, version 3", WdfDmaProfilePacket64, 3 },
	{ "lists, version 2", WdfDmaProfileScatterGather64, 2 },
	{ "lists, version 3", WdfDmaProfileScatterGather64, 3 },
};

KUNIT_ARRAY_PARAM_DESC(race, race_rows, name);

/*
 * A driver that releases a transaction on one CPU while another one executes it makes a mistake. It
 * must lose nothing by that but the transfer.
 */
static void release_may_race_with_execute(struct kunit *test)
{
	const struct race_row *row = test->param_value;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	WDFDMAENABLER enabler = wdf_test_enabler(test, row->profile, SZ_4K, row->version);
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	unsigned long end = jiffies + HZ;
	struct task_struct *task;
	NTSTATUS status;

	mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	task = kthread_run(release_again_and_again, t, "wdmdma-release");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	while (time_before(jiffies, end)) {
		WdfDmaTransactionExecute(t, NULL);
		WdfDmaTransactionDmaCompleted(t, &status);
		WdfDmaTransactionDmaCompletedFinal(t, 0, &status);
		cond_resched();
	}
	kthread_stop(task);
	WdfDmaTransactionRelease(t);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
	/* The transaction must still work. */
	KUNIT_EXPECT_EQ(test,
			WdfDmaTransactionInitializeUsingOffset(t, program_nothing, TO_DEV, mdl, 0,
							       SZ_4K),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionExecute(t, NULL), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t, &status));
}

static struct kunit_case wdf_state_cases[] = {
	KUNIT_CASE_PARAM(release_may_race_with_execute, race_gen_params),
	KUNIT_CASE_PARAM(completion_on_another_cpu_before_execute_returns, elsewhere_gen_params),
	KUNIT_CASE_PARAM(every_call_in_every_state, state_gen_params),
	KUNIT_CASE(deleted_transaction_does_nothing),
	KUNIT_CASE(device_goes_with_transactions_in_each_state),
	KUNIT_CASE(unbind_before_the_deletion_is_survived),
	{}
};

static struct kunit_suite wdf_state_suite = {
	.name = "wdmdma_wdf_state",
	.init = wdf_test_init,
	.test_cases = wdf_state_cases,
};

kunit_test_suite(wdf_state_suite);
