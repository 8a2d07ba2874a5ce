// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call of KMDF that allocates memory, with each of its allocations failing in turn. A call
 * that fails must say so, leave NULL, and keep nothing.
 */
#include <linux/sizes.h>

#include <ddk/wdfcollection.h>
#include <ddk/wdfinterrupt.h>
#include <ddk/wdfmemory.h>
#include <ddk/wdfrequest.h>
#include <ddk/wdfsync.h>

#include "wdf.h"

#define TO_DEV	WdfDmaDirectionWriteToDevice

/* What the calls of a row need, made before the first allocation fails. */
static struct {
	WDFDEVICE device;
	struct device *other;
	WDFDMAENABLER lists;
	WDFDMAENABLER packets;
	PMDL mdl;
	u8 *buffer;
	unsigned int reserved;
} given;

static NTSTATUS make_collection(WDFOBJECT *object)
{
	NTSTATUS status = WdfCollectionCreate(NULL, (WDFCOLLECTION *)object);

	if (!NT_SUCCESS(status))
		return status;
	status = WdfCollectionAdd(*object, given.device);
	if (NT_SUCCESS(status))
		return status;
	WdfObjectDelete(*object);
	*object = NULL;
	return status;
}

static NTSTATUS make_spin_lock(WDFOBJECT *object)
{
	return WdfSpinLockCreate(NULL, (WDFSPINLOCK *)object);
}

static NTSTATUS make_wait_lock(WDFOBJECT *object)
{
	return WdfWaitLockCreate(NULL, (WDFWAITLOCK *)object);
}

static NTSTATUS make_memory(WDFOBJECT *object)
{
	return WdfMemoryCreate(NULL, NonPagedPoolNx, 0, 100, (WDFMEMORY *)object, NULL);
}

static NTSTATUS make_memory_of_the_driver(WDFOBJECT *object)
{
	return WdfMemoryCreatePreallocated(NULL, given.buffer, 100, (WDFMEMORY *)object);
}

static BOOLEAN no_isr(WDFINTERRUPT interrupt, ULONG message_id)
{
	return FALSE;
}

static NTSTATUS make_interrupt(WDFOBJECT *object)
{
	WDF_INTERRUPT_CONFIG config;

	WDF_INTERRUPT_CONFIG_INIT(&config, no_isr, NULL);
	return WdfInterruptCreate(given.device, &config, NULL, (WDFINTERRUPT *)object);
}

static NTSTATUS make_device(WDFOBJECT *object)
{
	NTSTATUS status = wdmdma_wdf_device_create(WdfGetDriver(), given.other, NULL,
						   (WDFDEVICE *)object);

	/* Only the Linux half may delete a device object. */
	if (!NT_SUCCESS(status))
		return status;
	wdmdma_wdf_device_delete(*object);
	return WdfSpinLockCreate(NULL, (WDFSPINLOCK *)object);
}

static NTSTATUS make_enabler(WDFOBJECT *object)
{
	WDF_DMA_ENABLER_CONFIG config;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGatherDuplex, SZ_64K);
	return WdfDmaEnablerCreate(given.device, &config, NULL, (WDFDMAENABLER *)object);
}

static NTSTATUS make_common_buffer(WDFOBJECT *object)
{
	WDF_COMMON_BUFFER_CONFIG config;

	WDF_COMMON_BUFFER_CONFIG_INIT(&config, SZ_16K - 1);
	return WdfCommonBufferCreateWithConfig(given.lists, SZ_8K, &config, NULL,
					       (WDFCOMMONBUFFER *)object);
}

static VOID reserved(WDFDMATRANSACTION transaction, PVOID context)
{
	given.reserved++;
}

/* Delete a transaction that failed, so that the row leaves nothing. */
static NTSTATUS delete_failed(WDFOBJECT *object, NTSTATUS status)
{
	if (NT_SUCCESS(status))
		return status;
	WdfObjectDelete(*object);
	*object = NULL;
	return status;
}

static NTSTATUS make_resources(WDFOBJECT *object)
{
	unsigned int before = given.reserved;
	NTSTATUS status;

	status = WdfDmaTransactionCreate(given.packets, NULL, (WDFDMATRANSACTION *)object);
	if (!NT_SUCCESS(status))
		return status;
	status = WdfDmaTransactionAllocateResources(*object, TO_DEV, 2, reserved, NULL);
	/* The routine must be called if the call succeeds, and only then. */
	if (NT_SUCCESS(status) != (given.reserved == before + 1))
		status = STATUS_UNSUCCESSFUL;
	if (NT_SUCCESS(status))
		WdfDmaTransactionFreeResources(*object);
	return delete_failed(object, status);
}

static NTSTATUS run(WDFDMAENABLER enabler, WDFOBJECT *object)
{
	struct wdf_seen seen = { .act = WDF_ACT_COMPLETE };
	NTSTATUS status;

	status = WdfDmaTransactionCreate(enabler, NULL, (WDFDMATRANSACTION *)object);
	if (!NT_SUCCESS(status))
		return status;
	status = wdf_test_start(*object, TO_DEV, given.mdl, 0, SZ_4K, &seen);
	/* EvtProgramDma must be called if the call succeeds, and only then. */
	if (seen.calls != NT_SUCCESS(status))
		status = STATUS_UNSUCCESSFUL;
	return delete_failed(object, status);
}

static NTSTATUS make_packet(WDFOBJECT *object)
{
	return run(given.packets, object);
}

static NTSTATUS make_list(WDFOBJECT *object)
{
	return run(given.lists, object);
}

static VOID ignore(PVOID context, NTSTATUS status, ULONG_PTR information)
{
}

/* The memory of the request gets an MDL in the call that first needs one. */
static NTSTATUS make_request(WDFOBJECT *object)
{
	struct wdmdma_wdf_request_config config = {
		.type = WdfRequestTypeWrite,
		.input_length = SZ_4K,
		.buffer = given.buffer,
		.complete = ignore,
	};
	WDFDMATRANSACTION transaction = NULL;
	WDFREQUEST request;
	NTSTATUS status;

	*object = NULL;
	status = wdmdma_wdf_request_create(given.device, &config, NULL, &request);
	if (!NT_SUCCESS(status))
		return request ? STATUS_UNSUCCESSFUL : status;
	status = WdfDmaTransactionCreate(given.lists, NULL, &transaction);
	if (NT_SUCCESS(status))
		status = WdfDmaTransactionInitializeUsingRequest(transaction, request,
								 wdf_test_program, TO_DEV);
	if (transaction)
		WdfObjectDelete(transaction);
	WdfRequestComplete(request, status);
	return NT_SUCCESS(status) ? WdfSpinLockCreate(NULL, (WDFSPINLOCK *)object) : status;
}

static const struct fail_row {
	const char *name;
	NTSTATUS (*make)(WDFOBJECT *object);
	NTSTATUS also;	/* documented for a failure, beside STATUS_INSUFFICIENT_RESOURCES */
} fail_rows[] = {
	{ "collection and its item", make_collection },
	{ "spin lock", make_spin_lock },
	{ "wait lock", make_wait_lock },
	{ "memory", make_memory },
	{ "memory of the driver", make_memory_of_the_driver },
	{ "interrupt", make_interrupt },
	{ "device", make_device },
	{ "enabler with two adapters", make_enabler, STATUS_UNSUCCESSFUL },
	{ "common buffer", make_common_buffer },
	{ "map registers", make_resources },
	{ "packet", make_packet },
	{ "list", make_list },
	{ "request and its transaction", make_request },
};

KUNIT_ARRAY_PARAM_DESC(fail, fail_rows, name);

static void make_one(struct kunit *test)
{
	const struct fail_row *row = test->param_value;
	WDFOBJECT object = (void *)0x10;
	NTSTATUS status = row->make(&object);

	if (!NT_SUCCESS(status)) {
		if (status != row->also)
			KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_NULL(test, object);
		return;
	}
	KUNIT_EXPECT_NOT_NULL(test, object);
	WdfObjectDelete(object);
}

static void call_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct wdf_fixture *f = test->priv;
	PDMA_ADAPTER adapter;

	given.device = f->device;
	given.other = wdmdma_test_device(test);
	given.lists = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 3);
	given.packets = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 3);
	given.mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	given.buffer = memory->va;
	wdmdma_test_sweep(test, make_one);
	/* After the last failure everything must work. */
	make_one(test);
	adapter = WdfDmaEnablerWdmGetDmaAdapter(given.packets, 0);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	adapter = WdfDmaEnablerWdmGetDmaAdapter(given.lists, 0);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 0U);
}

static struct kunit_case wdf_fail_cases[] = {
	KUNIT_CASE_PARAM(call_fails_cleanly_at_every_point, fail_gen_params),
	{}
};

static struct kunit_suite wdf_fail_suite = {
	.name = "wdmdma_wdf_fail",
	.init = wdf_test_init,
	.test_cases = wdf_fail_cases,
};

kunit_test_suite(wdf_fail_suite);
