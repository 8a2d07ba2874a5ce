// SPDX-License-Identifier: GPL-2.0-only
/* Wrong handles for every call, and calls at levels that are too high. */
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <ddk/wdfcollection.h>
#include <ddk/wdfinterrupt.h>
#include <ddk/wdfmemory.h>
#include <ddk/wdfsync.h>

#include "log.h"
#include "wdf.h"

#define TO_DEV	WdfDmaDirectionWriteToDevice

static VOID no_reserve(WDFDMATRANSACTION transaction, PVOID context)
{
}

static BOOLEAN no_synchronize(WDFINTERRUPT interrupt, WDFCONTEXT context)
{
	return TRUE;
}

static BOOLEAN no_isr(WDFINTERRUPT interrupt, ULONG message)
{
	return TRUE;
}

static VOID no_completion(PVOID context, NTSTATUS status, ULONG_PTR information)
{
}

/* What the calls are given besides the handle, all of it right. */
static struct device *any_device;
static WDFMEMORY good;
static PMDL mdl;
static void *out;
static u8 bytes[8];
static WDF_DMA_ENABLER_CONFIG enabler_config;
static WDF_DMA_SYSTEM_PROFILE_CONFIG system_config;
static WDF_COMMON_BUFFER_CONFIG buffer_config;
static WDF_INTERRUPT_CONFIG interrupt_config;
static const struct wdmdma_wdf_request_config request_config = {
	.type = WdfRequestTypeRead,
	.complete = no_completion,
};

/* Call a function with a wrong handle, and note whether the handle was refused. */
#define BAD_STATUS(name, ...) \
	static void bad_ ## name(void *h, bool *refused) \
	{ \
		*refused = name(h, ##__VA_ARGS__) == STATUS_INVALID_HANDLE; \
	}
#define BAD_NONE(name, ...) \
	static void bad_ ## name(void *h, bool *refused) \
	{ \
		*refused = !(name)(h, ##__VA_ARGS__); \
	}
#define BAD_COMPLETION(name, ...) \
	static void bad_ ## name(void *h, bool *refused) \
	{ \
		NTSTATUS status = STATUS_SUCCESS; \
		\
		*refused = !(name)(h, ##__VA_ARGS__, &status) && status == STATUS_INVALID_HANDLE; \
	}
/* A lock that is taken would leave another level. */
#define BAD_VOID(name, ...) \
	static void bad_ ## name(void *h, bool *refused) \
	{ \
		name(h, ##__VA_ARGS__); \
		*refused = !in_softirq() && !irqs_disabled(); \
	}

BAD_STATUS(WdfDmaEnablerCreate, &enabler_config, NULL, (WDFDMAENABLER *)&out)
BAD_STATUS(WdfDmaEnablerConfigureSystemProfile, &system_config, TO_DEV)
BAD_STATUS(WdfCommonBufferCreate, 8, NULL, (WDFCOMMONBUFFER *)&out)
BAD_STATUS(WdfCommonBufferCreateWithConfig, 8, &buffer_config, NULL, (WDFCOMMONBUFFER *)&out)
BAD_STATUS(WdfDmaTransactionCreate, NULL, (WDFDMATRANSACTION *)&out)
BAD_STATUS(WdfDmaTransactionInitialize, wdf_test_program, TO_DEV, mdl,
	   MmGetMdlVirtualAddress(mdl), 8)
BAD_STATUS(WdfDmaTransactionInitializeUsingOffset, wdf_test_program, TO_DEV, mdl, 0, 8)
BAD_STATUS(WdfDmaTransactionInitializeUsingRequest, h, wdf_test_program, TO_DEV)
BAD_STATUS(WdfDmaTransactionExecute, NULL)
BAD_STATUS(WdfDmaTransactionRelease)
BAD_STATUS(WdfDmaTransactionAllocateResources, TO_DEV, 1, no_reserve, NULL)
BAD_STATUS(WdfInterruptCreate, &interrupt_config, NULL, (WDFINTERRUPT *)&out)
BAD_STATUS(WdfCollectionAdd, good)
BAD_STATUS(WdfMemoryCopyToBuffer, 0, bytes, 1)
BAD_STATUS(WdfMemoryCopyFromBuffer, 0, bytes, 1)
BAD_STATUS(WdfRequestRetrieveInputWdmMdl, (PMDL *)&out)
BAD_STATUS(WdfRequestRetrieveOutputWdmMdl, (PMDL *)&out)
BAD_STATUS(WdfWaitLockAcquire, NULL)
BAD_STATUS(wdmdma_wdf_device_create, any_device, NULL, (WDFDEVICE *)&out)
BAD_STATUS(wdmdma_wdf_device_power_up)
BAD_STATUS(wdmdma_wdf_device_power_down)
BAD_STATUS(wdmdma_wdf_request_create, &request_config, NULL, (WDFREQUEST *)&out)
BAD_NONE(WdfDmaEnablerGetMaximumLength)
BAD_NONE(WdfDmaEnablerGetMaximumScatterGatherElements)
BAD_NONE(WdfDmaEnablerGetFragmentLength, TO_DEV)
BAD_NONE(WdfDmaEnablerWdmGetDmaAdapter, TO_DEV)
BAD_NONE(WdfCommonBufferGetAlignedVirtualAddress)
BAD_NONE(WdfCommonBufferGetLength)
BAD_NONE(WdfDmaTransactionGetBytesTransferred)
BAD_NONE(WdfDmaTransactionGetCurrentDmaTransferLength)
BAD_NONE(WdfDmaTransactionGetRequest)
BAD_NONE(WdfDmaTransactionGetDevice)
BAD_NONE(WdfDmaTransactionCancel)
BAD_NONE(WdfDmaTransactionWdmGetTransferContext)
BAD_NONE(WdfInterruptQueueDpcForIsr)
BAD_NONE(WdfInterruptSynchronize, no_synchronize, NULL)
BAD_NONE(WdfInterruptGetDevice)
BAD_NONE(wdmdma_wdf_interrupt, 0)
BAD_NONE(WdfCollectionGetCount)
BAD_NONE(WdfCollectionGetItem, 0)
BAD_NONE(WdfCollectionGetFirstItem)
BAD_NONE(WdfCollectionGetLastItem)
BAD_NONE(WdfMemoryGetBuffer, NULL)
BAD_NONE(WdfRequestGetInformation)
BAD_NONE(WdfDeviceGetDriver)
BAD_NONE(WdfDeviceWdmGetDeviceObject)
BAD_NONE(WdfDeviceWdmGetPhysicalDevice)
BAD_NONE(WdfDeviceGetAlignmentRequirement)
BAD_COMPLETION(WdfDmaTransactionDmaCompleted)
BAD_COMPLETION(WdfDmaTransactionDmaCompletedWithLength, 0)
BAD_COMPLETION(WdfDmaTransactionDmaCompletedFinal, 0)
BAD_VOID(WdfDmaEnablerSetMaximumScatterGatherElements, 8)
BAD_VOID(WdfDmaTransactionSetMaximumLength, 8)
BAD_VOID(WdfDmaTransactionSetSingleTransferRequirement, TRUE)
BAD_VOID(WdfDmaTransactionSetImmediateExecution, TRUE)
BAD_VOID(WdfDmaTransactionFreeResources)
BAD_VOID(WdfDmaTransactionSetChannelConfigurationCallback, NULL, NULL)
BAD_VOID(WdfDmaTransactionSetTransferCompleteCallback, NULL, NULL)
BAD_VOID(WdfDmaTransactionSetDeviceAddressOffset, 8)
BAD_VOID(WdfDmaTransactionStopSystemTransfer)
BAD_VOID(WdfInterruptAcquireLock)
BAD_VOID(WdfInterruptReleaseLock)
BAD_VOID(WdfCollectionRemove, good)
BAD_VOID(WdfCollectionRemoveItem, 0)
BAD_VOID(WdfSpinLockAcquire)
BAD_VOID(WdfSpinLockRelease)
BAD_VOID(WdfWaitLockRelease)
BAD_VOID(WdfRequestComplete, STATUS_SUCCESS)
BAD_VOID(WdfRequestCompleteWithInformation, STATUS_SUCCESS, 8)
BAD_VOID(WdfRequestSetInformation, 8)
BAD_VOID(WdfDeviceSetAlignmentRequirement, 8)
BAD_VOID(wdmdma_wdf_driver_delete)
BAD_VOID(wdmdma_wdf_device_delete)
BAD_VOID(WdfObjectDelete)
BAD_VOID(WdfObjectReference)
BAD_VOID(WdfObjectDereference)

static void bad_GetAlignedLogicalAddress(void *h, bool *refused)
{
	*refused = !WdfCommonBufferGetAlignedLogicalAddress(h).QuadPart;
}

static void bad_GetTransferInfo(void *h, bool *refused)
{
	ULONG registers = 8, elements = 8;

	WdfDmaTransactionGetTransferInfo(h, &registers, &elements);
	*refused = !registers && !elements;
}

/* With @any a handle of any type will do. */
#define BAD_ROW(name, any)	{ #name, bad_ ## name, any }

static const struct bad_row {
	const char *name;
	void (*call)(void *handle, bool *refused);
	bool any;
} bad_rows[] = {
	BAD_ROW(WdfDmaEnablerCreate, false),
	BAD_ROW(WdfDmaEnablerConfigureSystemProfile, false),
	BAD_ROW(WdfCommonBufferCreate, false),
	BAD_ROW(WdfCommonBufferCreateWithConfig, false),
	BAD_ROW(WdfDmaTransactionCreate, false),
	BAD_ROW(WdfDmaTransactionInitialize, false),
	BAD_ROW(WdfDmaTransactionInitializeUsingOffset, false),
	BAD_ROW(WdfDmaTransactionInitializeUsingRequest, false),
	BAD_ROW(WdfDmaTransactionExecute, false),
	BAD_ROW(WdfDmaTransactionRelease, false),
	BAD_ROW(WdfDmaTransactionAllocateResources, false),
	BAD_ROW(WdfInterruptCreate, false),
	BAD_ROW(WdfCollectionAdd, false),
	BAD_ROW(WdfMemoryCopyToBuffer, false),
	BAD_ROW(WdfMemoryCopyFromBuffer, false),
	BAD_ROW(WdfRequestRetrieveInputWdmMdl, false),
	BAD_ROW(WdfRequestRetrieveOutputWdmMdl, false),
	BAD_ROW(WdfWaitLockAcquire, false),
	BAD_ROW(wdmdma_wdf_device_create, false),
	BAD_ROW(wdmdma_wdf_device_power_up, false),
	BAD_ROW(wdmdma_wdf_device_power_down, false),
	BAD_ROW(wdmdma_wdf_request_create, false),
	BAD_ROW(WdfDmaEnablerGetMaximumLength, false),
	BAD_ROW(WdfDmaEnablerGetMaximumScatterGatherElements, false),
	BAD_ROW(WdfDmaEnablerGetFragmentLength, false),
	BAD_ROW(WdfDmaEnablerWdmGetDmaAdapter, false),
	BAD_ROW(WdfCommonBufferGetAlignedVirtualAddress, false),
	BAD_ROW(WdfCommonBufferGetLength, false),
	BAD_ROW(WdfDmaTransactionGetBytesTransferred, false),
	BAD_ROW(WdfDmaTransactionGetCurrentDmaTransferLength, false),
	BAD_ROW(WdfDmaTransactionGetRequest, false),
	BAD_ROW(WdfDmaTransactionGetDevice, false),
	BAD_ROW(WdfDmaTransactionCancel, false),
	BAD_ROW(WdfDmaTransactionWdmGetTransferContext, false),
	BAD_ROW(WdfInterruptQueueDpcForIsr, false),
	BAD_ROW(WdfInterruptSynchronize, false),
	BAD_ROW(WdfInterruptGetDevice, false),
	BAD_ROW(wdmdma_wdf_interrupt, false),
	BAD_ROW(WdfCollectionGetCount, false),
	BAD_ROW(WdfCollectionGetItem, false),
	BAD_ROW(WdfCollectionGetFirstItem, false),
	BAD_ROW(WdfCollectionGetLastItem, false),
	BAD_ROW(WdfMemoryGetBuffer, false),
	BAD_ROW(WdfRequestGetInformation, false),
	BAD_ROW(WdfDeviceGetDriver, false),
	BAD_ROW(WdfDeviceWdmGetDeviceObject, false),
	BAD_ROW(WdfDeviceWdmGetPhysicalDevice, false),
	BAD_ROW(WdfDeviceGetAlignmentRequirement, false),
	BAD_ROW(WdfDmaTransactionDmaCompleted, false),
	BAD_ROW(WdfDmaTransactionDmaCompletedWithLength, false),
	BAD_ROW(WdfDmaTransactionDmaCompletedFinal, false),
	BAD_ROW(WdfDmaEnablerSetMaximumScatterGatherElements, false),
	BAD_ROW(WdfDmaTransactionSetMaximumLength, false),
	BAD_ROW(WdfDmaTransactionSetSingleTransferRequirement, false),
	BAD_ROW(WdfDmaTransactionSetImmediateExecution, false),
	BAD_ROW(WdfDmaTransactionFreeResources, false),
	BAD_ROW(WdfDmaTransactionSetChannelConfigurationCallback, false),
	BAD_ROW(WdfDmaTransactionSetTransferCompleteCallback, false),
	BAD_ROW(WdfDmaTransactionSetDeviceAddressOffset, false),
	BAD_ROW(WdfDmaTransactionStopSystemTransfer, false),
	BAD_ROW(WdfInterruptAcquireLock, false),
	BAD_ROW(WdfInterruptReleaseLock, false),
	BAD_ROW(WdfCollectionRemove, false),
	BAD_ROW(WdfCollectionRemoveItem, false),
	BAD_ROW(WdfSpinLockAcquire, false),
	BAD_ROW(WdfSpinLockRelease, false),
	BAD_ROW(WdfWaitLockRelease, false),
	BAD_ROW(WdfRequestComplete, false),
	BAD_ROW(WdfRequestCompleteWithInformation, false),
	BAD_ROW(WdfRequestSetInformation, false),
	BAD_ROW(WdfDeviceSetAlignmentRequirement, false),
	BAD_ROW(wdmdma_wdf_driver_delete, false),
	BAD_ROW(wdmdma_wdf_device_delete, false),
	BAD_ROW(WdfObjectDelete, true),
	BAD_ROW(WdfObjectReference, true),
	BAD_ROW(WdfObjectDereference, true),
	{ "WdfCommonBufferGetAlignedLogicalAddress", bad_GetAlignedLogicalAddress },
	{ "WdfDmaTransactionGetTransferInfo", bad_GetTransferInfo },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_rows, name);

static void prepare(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	PHYSICAL_ADDRESS none = {};

	any_device = f->dev;
	mdl = wdmdma_test_mdl(test, wdmdma_test_memory(test, 1)->va, SZ_4K);
	WDF_DMA_ENABLER_CONFIG_INIT(&enabler_config, WdfDmaProfilePacket64, SZ_4K);
	WDF_DMA_SYSTEM_PROFILE_CONFIG_INIT(&system_config, none, Width8Bits, (void *)bytes);
	WDF_COMMON_BUFFER_CONFIG_INIT(&buffer_config, FILE_BYTE_ALIGNMENT);
	WDF_INTERRUPT_CONFIG_INIT(&interrupt_config, no_isr, NULL);
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(NULL, 0, 0, 8, &good, NULL), STATUS_SUCCESS);
}

static void every_function_refuses_a_wrong_handle(struct kunit *test)
{
	const struct bad_row *row = test->param_value;
	struct wdf_fixture *f = test->priv;
	WDFMEMORY deleted;
	void *wrong[6] = { NULL, bytes, (void *)3, (void *)-1L };
	unsigned int i;
	bool refused;

	prepare(test);
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(NULL, 0, 0, 8, &deleted, NULL), STATUS_SUCCESS);
	WdfObjectDelete(deleted);
	wrong[4] = deleted;
	wrong[5] = strstr(row->name, "WdfMemory") ? (void *)f->device : (void *)good;
	for (i = 0; i < ARRAY_SIZE(wrong) - row->any; i++) {
		row->call(wrong[i], &refused);
		KUNIT_EXPECT_TRUE_MSG(test, refused, "handle %u", i);
	}
	/* What has the right type elsewhere is as it was. */
	KUNIT_EXPECT_NOT_NULL(test, WdfMemoryGetBuffer(good, NULL));
	KUNIT_EXPECT_NOT_NULL(test, WdfDeviceGetDriver(f->device));
	WdfObjectDelete(good);
}

/* What calls in an interrupt have returned. */
static struct {
	WDFDMAENABLER enabler;
	WDFDMATRANSACTION transaction, made;
	WDFREQUEST request;
	WDFSPINLOCK lock;
	bool in_interrupt;
	NTSTATUS create, initialize, execute, release, context;
	BOOLEAN completed;
	size_t bytes;
} irq;

static void call_in_interrupt(struct irq_work *work)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	NTSTATUS status;
	void *context;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	irq.in_interrupt = in_hardirq();
	irq.create = WdfDmaTransactionCreate(irq.enabler, NULL, &irq.made);
	irq.initialize = WdfDmaTransactionInitializeUsingOffset(irq.transaction, wdf_test_program,
								TO_DEV, mdl, 0, 8);
	irq.execute = WdfDmaTransactionExecute(irq.transaction, NULL);
	irq.completed = WdfDmaTransactionDmaCompleted(irq.transaction, &status);
	irq.release = WdfDmaTransactionRelease(irq.transaction);
	irq.bytes = WdfDmaTransactionGetBytesTransferred(irq.transaction);
	irq.context = WdfObjectAllocateContext(irq.transaction, &attributes, &context);
	WdfSpinLockAcquire(irq.lock);
	WdfRequestComplete(irq.request, STATUS_SUCCESS);
	WdfObjectDelete(irq.transaction);
}

static void calls_in_an_interrupt_are_refused(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct irq_work work = IRQ_WORK_INIT_HARD(call_in_interrupt);
	struct kmsg_dump_iter log;

	prepare(test);
	irq.enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_4K, 0);
	irq.transaction = wdf_test_transaction(test, irq.enabler);
	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(NULL, &irq.lock), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_request_create(f->device, &request_config, NULL,
							&irq.request), STATUS_SUCCESS);
	wdmdma_test_log_begin(&log);
	irq_work_queue(&work);
	irq_work_sync(&work);
	KUNIT_ASSERT_TRUE(test, irq.in_interrupt);
	KUNIT_EXPECT_GT(test, wdmdma_test_log_lines(log, "above DISPATCH_LEVEL", ""), 0U);
	KUNIT_EXPECT_EQ(test, irq.create, STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_NULL(test, irq.made);
	KUNIT_EXPECT_EQ(test, irq.initialize, STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, irq.execute, STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, irq.release, STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_FALSE(test, irq.completed);
	KUNIT_EXPECT_EQ(test, irq.bytes, 0UL);
	KUNIT_EXPECT_EQ(test, irq.context, STATUS_INVALID_DEVICE_REQUEST);
	/* All are as they were. */
	KUNIT_EXPECT_EQ(test, wdf_test_state(irq.transaction), 1U);
	WdfSpinLockAcquire(irq.lock);
	KUNIT_EXPECT_TRUE(test, in_softirq());
	WdfSpinLockRelease(irq.lock);
	WdfRequestSetInformation(irq.request, 5);
	KUNIT_EXPECT_EQ(test, WdfRequestGetInformation(irq.request), 5UL);
	WdfRequestComplete(irq.request, STATUS_SUCCESS);
	WdfObjectDelete(irq.lock);
	WdfObjectDelete(good);
}

static void calls_for_passive_level_are_refused(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_4K, 0);
	LONGLONG timeout = WDF_REL_TIMEOUT_IN_MS(20);
	NTSTATUS status[9];
	WDFWAITLOCK lock;
	unsigned int i;

	prepare(test);
	KUNIT_ASSERT_EQ(test, WdfWaitLockCreate(NULL, &lock), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, WdfWaitLockAcquire(lock, NULL), STATUS_SUCCESS);
	local_bh_disable();
	status[0] = WdfDmaEnablerCreate(f->device, &enabler_config, NULL, (WDFDMAENABLER *)&out);
	status[1] = WdfDmaEnablerConfigureSystemProfile(enabler, &system_config, TO_DEV);
	status[2] = WdfCommonBufferCreate(enabler, 8, NULL, (WDFCOMMONBUFFER *)&out);
	status[3] = WdfCommonBufferCreateWithConfig(enabler, 8, &buffer_config, NULL,
						    (WDFCOMMONBUFFER *)&out);
	status[4] = wdmdma_wdf_device_create(f->driver, f->dev, NULL, (WDFDEVICE *)&out);
	status[5] = wdmdma_wdf_device_power_up(f->device);
	status[6] = wdmdma_wdf_device_power_down(f->device);
	status[7] = WdfWaitLockAcquire(lock, &timeout);
	status[8] = wdmdma_wdf_driver_create(THIS_MODULE, NULL, (WDFDRIVER *)&out);
	wdmdma_wdf_device_delete(f->device);
	wdmdma_wdf_driver_delete(f->driver);
	local_bh_enable();
	for (i = 0; i < ARRAY_SIZE(status); i++)
		KUNIT_EXPECT_EQ_MSG(test, status[i], STATUS_INVALID_DEVICE_REQUEST, "call %u", i);
	KUNIT_EXPECT_PTR_EQ(test, WdfDeviceGetDriver(f->device), f->driver);
	WdfWaitLockRelease(lock);
	WdfObjectDelete(lock);
	WdfObjectDelete(good);
}

static struct kunit_case wdf_bad_cases[] = {
	KUNIT_CASE_PARAM(every_function_refuses_a_wrong_handle, bad_gen_params),
	KUNIT_CASE(calls_in_an_interrupt_are_refused),
	KUNIT_CASE(calls_for_passive_level_are_refused),
	{}
};

static struct kunit_suite wdf_bad_suite = {
	.name = "wdmdma_wdf_bad",
	.init = wdf_test_init,
	.test_cases = wdf_bad_cases,
};

kunit_test_suite(wdf_bad_suite);
