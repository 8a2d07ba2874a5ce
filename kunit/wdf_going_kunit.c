// SPDX-License-Identifier: GPL-2.0-only
/* Objects of KMDF that a driver has left when its module goes. */
#include <kunit/device.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <ddk/wdfcollection.h>
#include <ddk/wdfmemory.h>
#include <ddk/wdfsync.h>

#include "log.h"
#include "wdf.h"
#include "wdf/going.h"

#define LEFT	"objects were never deleted, or have references"

/* The module of the driver. It has no code. */
static struct module gone = { .name = "gone" };

static unsigned int calls;

static VOID count_callback(WDFOBJECT object)
{
	calls++;
}

static VOID count_completion(PVOID context, NTSTATUS status, ULONG_PTR information)
{
	calls++;
}

static WDF_OBJECT_ATTRIBUTES counting(WDFOBJECT parent)
{
	WDF_OBJECT_ATTRIBUTES attributes;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtCleanupCallback = count_callback;
	attributes.EvtDestroyCallback = count_callback;
	attributes.ParentObject = parent;
	return attributes;
}

/* The objects of a driver, each with a reference. */
static struct {
	WDFDRIVER driver;
	WDFDEVICE device;
	WDFDMAENABLER enabler;
	WDFCOMMONBUFFER buffer;
	WDFDMATRANSACTION transaction;
	WDFREQUEST request;
	WDFSPINLOCK lock;
	WDFMEMORY memory;
} left;

static void make_driver(struct kunit *test)
{
	struct wdmdma_wdf_request_config request = {
		.type = WdfRequestTypeRead,
		.complete = count_completion,
	};
	WDF_OBJECT_ATTRIBUTES attributes = counting(NULL);
	WDF_DMA_ENABLER_CONFIG config;

	calls = 0;
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_driver_create(&gone, &attributes, &left.driver),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_device_create(left.driver, wdmdma_test_device(test),
						       &attributes, &left.device), STATUS_SUCCESS);
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64, SZ_64K);
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerCreate(left.device, &config, NULL, &left.enabler),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, WdfCommonBufferCreate(left.enabler, SZ_4K, &attributes, &left.buffer),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionCreate(left.enabler, &attributes,
						      &left.transaction), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_request_create(left.device, &request, &attributes,
							&left.request), STATUS_SUCCESS);
	attributes = counting(left.device);
	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(&attributes, &left.lock), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(&attributes, NonPagedPoolNx, 0, 8, &left.memory,
					      NULL), STATUS_SUCCESS);
	WdfObjectReference(left.transaction);
	WdfObjectReference(left.transaction);
	WdfObjectReference(left.buffer);
	WdfObjectReference(left.memory);
}

static bool is_object(WDFOBJECT handle)
{
	struct wdf_object *object = wdf_get_any(handle, "is_object");

	if (object)
		wdf_put(object);
	return object;
}

static void objects_that_are_left_are_given_back(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct kmsg_dump_iter log;

	make_driver(test);
	wdmdma_test_log_begin(&log);
	wdf_forget_objects(&gone, gone.name);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "gone: 8 " LEFT, "1 WDFDMATRANSACTION"),
			1U);
	/* The code and the data of the driver are not used any more. */
	KUNIT_EXPECT_EQ(test, calls, 0U);
	KUNIT_EXPECT_FALSE(test, is_object(left.driver));
	KUNIT_EXPECT_FALSE(test, is_object(left.device));
	KUNIT_EXPECT_FALSE(test, is_object(left.transaction));
	KUNIT_EXPECT_FALSE(test, is_object(left.buffer));
	KUNIT_EXPECT_FALSE(test, is_object(left.memory));
	/* Objects of other modules stay. */
	KUNIT_EXPECT_TRUE(test, is_object(f->device));
	wdmdma_test_log_begin(&log);
	wdf_forget_objects(&gone, gone.name);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "gone", LEFT), 0U);
}

/* A driver that deletes its objects may still forget references, and a lock. */
static void references_that_are_left_are_dropped(struct kunit *test)
{
	struct kmsg_dump_iter log;
	unsigned int before;

	make_driver(test);
	WdfSpinLockAcquire(left.lock);
	WdfSpinLockRelease(left.lock);
	wdmdma_wdf_device_delete(left.device);
	wdmdma_wdf_driver_delete(left.driver);
	KUNIT_EXPECT_FALSE(test, is_object(left.driver));
	KUNIT_EXPECT_TRUE(test, is_object(left.transaction));
	before = calls;
	wdmdma_test_log_begin(&log);
	wdf_forget_objects(&gone, gone.name);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "gone: 3 " LEFT, "1 WDFMEMORY"), 1U);
	KUNIT_EXPECT_EQ(test, calls, before);
	KUNIT_EXPECT_FALSE(test, is_object(left.transaction));
	KUNIT_EXPECT_FALSE(test, is_object(left.buffer));
	KUNIT_EXPECT_FALSE(test, is_object(left.memory));
}

/* A WDFDEVICE that is left at unbind is reported as such, and deleted later without a word. */
static void device_that_is_left_at_unbind_is_named(struct kunit *test)
{
	struct kmsg_dump_iter log;
	struct device *dev = wdmdma_test_device(test);
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler;
	WDFDEVICE device;
	WDFDRIVER driver;

	KUNIT_ASSERT_EQ(test, wdmdma_wdf_driver_create(&gone, NULL, &driver), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_device_create(driver, dev, NULL, &device),
			STATUS_SUCCESS);
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64, SZ_64K);
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerCreate(device, &config, NULL, &enabler),
			STATUS_SUCCESS);
	wdmdma_test_log_begin(&log);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "driver unbound with a WDFDEVICE",
						    "must call wdmdma_wdf_device_delete"), 1U);
	wdmdma_wdf_device_delete(device);
	wdmdma_wdf_driver_delete(driver);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "device_object_put", ""), 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "PutDmaAdapter", ""), 0U);
}

static void lock_that_is_left_is_given_back(struct kunit *test)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFWAITLOCK lock;
	WDFDRIVER driver;

	KUNIT_ASSERT_EQ(test, wdmdma_wdf_driver_create(&gone, NULL, &driver), STATUS_SUCCESS);
	attributes = counting(driver);
	KUNIT_ASSERT_EQ(test, WdfWaitLockCreate(&attributes, &lock), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfWaitLockAcquire(lock, NULL), STATUS_SUCCESS);
	wdf_forget_objects(&gone, gone.name);
	KUNIT_EXPECT_FALSE(test, is_object(lock));
	KUNIT_EXPECT_FALSE(test, is_object(driver));
}

static struct kunit_case wdf_going_cases[] = {
	KUNIT_CASE(objects_that_are_left_are_given_back),
	KUNIT_CASE(references_that_are_left_are_dropped),
	KUNIT_CASE(device_that_is_left_at_unbind_is_named),
	KUNIT_CASE(lock_that_is_left_is_given_back),
	{}
};

static struct kunit_suite wdf_going_suite = {
	.name = "wdmdma_wdf_going",
	.init = wdf_test_init,
	.test_cases = wdf_going_cases,
};

kunit_test_suite(wdf_going_suite);
