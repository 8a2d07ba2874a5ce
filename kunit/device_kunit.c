// SPDX-License-Identifier: GPL-2.0-only
/* core/device.c. A device must have one record, from the first open to the unbind. */
#include <kunit/device.h>

#include "backend/backends.h"
#include "core/device.h"
#include "helpers.h"
#include "objects.h"

static void open_returns_one_record_a_device(struct kunit *test)
{
	struct device *a = wdmdma_test_device(test), *b = wdmdma_test_device(test);
	struct wdmdma_device *first = wdmdma_device_open(a), *again = wdmdma_device_open(a);
	struct wdmdma_device *other = wdmdma_device_open(b);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_PTR_EQ(test, first, again);
	KUNIT_EXPECT_PTR_NE(test, first, other);
	KUNIT_EXPECT_PTR_EQ(test, first->dev, a);
	KUNIT_EXPECT_PTR_EQ(test, first->backend, &wdmdma_backend_direct);
	wdmdma_device_put(again);
	wdmdma_device_put(first);
	wdmdma_device_put(other);
}

static void record_is_found_until_unbind(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	struct wdmdma_device *device = wdmdma_device_open(dev), *found;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	found = wdmdma_device_find(device);
	KUNIT_EXPECT_PTR_EQ(test, found, device);
	wdmdma_device_put(found);
	KUNIT_EXPECT_NULL(test, wdmdma_device_find(dev));
	KUNIT_EXPECT_NULL(test, wdmdma_device_find(NULL));

	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_NULL(test, wdmdma_device_find(device));
	KUNIT_EXPECT_TRUE(test, device->dead);
	wdmdma_device_put(device);
}

/* The record must pin the module until the driver is unbound. */
static void record_pins_the_module(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	int before = wdmdma_module_refs();
	struct wdmdma_device *device = wdmdma_device_open(dev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before + 1);
	wdmdma_device_put(device);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before + 1);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
}

static void open_and_put(struct kunit *test)
{
	void *group = devres_open_group(test->priv, NULL, GFP_KERNEL);
	struct wdmdma_device *device;

	if (!group)
		return;
	device = wdmdma_device_open(test->priv);
	if (!IS_ERR(device))
		wdmdma_device_put(device);
	/* Release the record, so that the next round must make a new one. */
	devres_release_group(test->priv, group);
}

static void open_fails_cleanly_at_every_point(struct kunit *test)
{
	test->priv = wdmdma_test_device(test);
	wdmdma_test_sweep(test, open_and_put);
}

static struct kunit_case device_cases[] = {
	KUNIT_CASE(open_returns_one_record_a_device),
	KUNIT_CASE(record_is_found_until_unbind),
	KUNIT_CASE(record_pins_the_module),
	KUNIT_CASE(open_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite device_suite = {
	.name = "wdmdma_device",
	.test_cases = device_cases,
};

kunit_test_suite(device_suite);
