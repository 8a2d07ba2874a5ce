// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver that is being unbound, or is gone, can still call, and what is left of
 * it then.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/pci.h>

#include "edu.h"
#include "memory.h"

/* What the calls gave that make a device's record if there is none. */
struct unbind_calls {
	struct device *dev;
	unsigned int calls;
	PDEVICE_OBJECT pdo;
	PVOID extension;
	int private;
};

/* A devres action, as a driver may have them: its probe function has been undone. */
static void unbind_call(void *data)
{
	struct unbind_calls *calls = data;

	calls->calls++;
	calls->pdo = wdmdma_device_object_get(calls->dev);
	calls->extension = wdmdma_hw_device_extension_create(calls->dev, 64);
	calls->private = wdmdma_device_use_private_domain(calls->dev);
	wdmdma_hw_device_extension_destroy(calls->extension);
	wdmdma_device_object_put(calls->pdo);
}

/* An edu device that the module does not know. */
static struct device *edu_dev(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	struct device *dev;

	if (!edu->pdev)
		kunit_skip(test, "the machine has no edu device");
	dev = &edu->pdev->dev;
	device_release_driver(dev);
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
	return dev;
}

static void expect_refused(struct kunit *test, const struct unbind_calls *calls)
{
	KUNIT_EXPECT_EQ(test, calls->calls, 1U);
	KUNIT_EXPECT_NULL(test, calls->pdo);
	KUNIT_EXPECT_NULL(test, calls->extension);
	KUNIT_EXPECT_EQ(test, calls->private, -ESHUTDOWN);
}

/*
 * One action is called before the module's own clean-up, which still takes everything back,
 * and one after it.
 */
static void nothing_is_made_while_the_driver_is_unbound(struct kunit *test)
{
	struct device *dev = edu_dev(test);
	struct unbind_calls early = { .dev = dev }, late = { .dev = dev };
	int before = wdmdma_module_refs();
	PDEVICE_OBJECT pdo;

	KUNIT_ASSERT_EQ(test, devm_add_action(dev, unbind_call, &late), 0);
	pdo = wdmdma_device_object_get(dev);
	KUNIT_ASSERT_NOT_NULL(test, pdo);
	wdmdma_device_object_put(pdo);
	KUNIT_ASSERT_EQ(test, devm_add_action(dev, unbind_call, &early), 0);

	device_release_driver(dev);
	KUNIT_EXPECT_EQ(test, early.calls, 1U);
	KUNIT_EXPECT_PTR_EQ(test, early.pdo, pdo);
	expect_refused(test, &late);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);

	/* Another driver, or the same one again, finds the device as new. */
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
	pdo = wdmdma_device_object_get(dev);
	KUNIT_EXPECT_NOT_NULL(test, pdo);
	wdmdma_device_object_put(pdo);
}

/* The same where the module was never asked for the device before. */
static void nothing_is_made_for_a_device_unknown_till_then(struct kunit *test)
{
	struct device *dev = edu_dev(test);
	struct unbind_calls calls = { .dev = dev };

	KUNIT_ASSERT_EQ(test, devm_add_action(dev, unbind_call, &calls), 0);
	device_release_driver(dev);
	expect_refused(test, &calls);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
}

/* A thread that does not know of the unbind. */
static int unbind_thread(void *data)
{
	struct device *dev = data;

	while (!kthread_should_stop()) {
		PVOID extension = wdmdma_hw_device_extension_create(dev, 64);
		PDEVICE_OBJECT pdo = wdmdma_device_object_get(dev);

		wdmdma_device_object_put(pdo);
		wdmdma_hw_device_extension_destroy(extension);
		cond_resched();
	}
	return 0;
}

static void thread_that_calls_during_the_unbind_leaves_nothing(struct kunit *test)
{
	struct device *dev = edu_dev(test);
	int before = wdmdma_module_refs(), i;
	struct task_struct *thread;

	thread = kthread_run(unbind_thread, dev, "wdmdma_unbind");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < 5; i++) {
		device_release_driver(dev);
		KUNIT_EXPECT_EQ(test, device_attach(dev), 1);
		usleep_range(100, 2000);
	}
	kthread_stop(thread);
	device_release_driver(dev);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
	KUNIT_EXPECT_EQ(test, device_attach(dev), 1);
}

/* The last reference to a record can go in a call that the unbind has overtaken. */
static void last_put_of_a_device_at_dispatch_is_put_off(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	struct wdmdma_device *device = wdmdma_device_open(dev);
	unsigned int waits = 100;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	get_device(dev);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, kref_read(&device->handle.ref), 1U);
	KUNIT_EXPECT_EQ(test, kref_read(&dev->kobj.kref), 2U);

	local_bh_disable();
	wdmdma_device_put(device);
	KUNIT_EXPECT_EQ(test, kref_read(&dev->kobj.kref), 2U);
	local_bh_enable();
	while (kref_read(&dev->kobj.kref) > 1 && waits--)
		msleep(20);
	KUNIT_EXPECT_EQ(test, kref_read(&dev->kobj.kref), 1U);
	put_device(dev);
}

/*
 * The adapter and the extension are there until the module is unloaded, which nothing else
 * would show here than that it can be: kmemleak looks after the unload.
 */
static void what_was_never_put_does_not_keep_the_module(struct kunit *test)
{
	DEVICE_DESCRIPTION description =
		wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, 64);
	struct device *dev = wdmdma_test_device(test);
	int before = wdmdma_module_refs();
	PDMA_ADAPTER adapter;
	PHYSICAL_ADDRESS la;
	ULONG registers;

	adapter = IoGetDmaAdapter(wdmdma_device_object_get(dev), &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_NOT_NULL(test, wdmdma_hw_device_extension_create(dev, 64));
	KUNIT_EXPECT_NOT_NULL(test, adapter->DmaOperations->AllocateCommonBuffer(adapter, SZ_4K,
										 &la, TRUE));
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before + 1);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
	/* What is left is answered. */
	KUNIT_EXPECT_NULL(test, adapter->DmaOperations->AllocateCommonBuffer(adapter, SZ_4K, &la,
									     TRUE));
}

static struct kunit_case unbind_cases[] = {
	KUNIT_CASE(nothing_is_made_while_the_driver_is_unbound),
	KUNIT_CASE(nothing_is_made_for_a_device_unknown_till_then),
	KUNIT_CASE_SLOW(thread_that_calls_during_the_unbind_leaves_nothing),
	KUNIT_CASE(last_put_of_a_device_at_dispatch_is_put_off),
	KUNIT_CASE(what_was_never_put_does_not_keep_the_module),
	{}
};

static struct kunit_suite unbind_suite = {
	.name = "wdmdma_unbind",
	.suite_init = edu_suite_init,
	.suite_exit = edu_suite_exit,
	.test_cases = unbind_cases,
};

kunit_test_suite(unbind_suite);
