// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/adapter.c. An adapter must be found from its publication until its close, and
 * must be freed after the last put.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>

#include "core/adapter.h"
#include "core/device.h"
#include "helpers.h"
#include "lib/window.h"
#include "objects.h"

static void device_put(void *data)
{
	wdmdma_device_put(data);
}

/* Open the record of a fake device and leave it in test->priv. */
static int adapter_init(struct kunit *test)
{
	struct wdmdma_device *device = wdmdma_device_open(wdmdma_test_device(test));

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, device_put, device), 0);
	test->priv = device;
	return 0;
}

static struct wdmdma_adapter *create(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_create(test->priv, WDMDMA_WINDOW_ALL, 16);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, adapter);
	wdmdma_adapter_publish(adapter);
	return adapter;
}

static void close(struct wdmdma_adapter *adapter)
{
	struct wdmdma_adapter *found = wdmdma_adapter_find(adapter->dma_adapter);

	if (found) {
		wdmdma_adapter_close(found);
		wdmdma_adapter_put(found);
	}
}

static void reach_is_what_adapter_and_device_share(struct kunit *test)
{
	struct wdmdma_device *device = test->priv;
	struct wdmdma_window reach = { 0, 0xffffffffffULL };
	struct wdmdma_adapter *adapter;

	adapter = wdmdma_adapter_create(device, reach, 16);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, adapter);
	wdmdma_adapter_publish(adapter);
	KUNIT_EXPECT_EQ(test, adapter->reach.first, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, adapter->reach.last, 0xffffffffffULL);
	close(adapter);

	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(device->dev, DMA_BIT_MASK(32)), 0);
	adapter = create(test);
	KUNIT_EXPECT_EQ(test, adapter->reach.last, (u64)U32_MAX);
	close(adapter);
}

static void create_needs_a_reach_and_a_mask(struct kunit *test)
{
	struct wdmdma_device *device = test->priv;
	struct wdmdma_window page_0 = { 0, PAGE_SIZE - 1 };
	u64 mask = device->dev->coherent_dma_mask;

	KUNIT_EXPECT_EQ(test, PTR_ERR(wdmdma_adapter_create(device, page_0, 16)), -ERANGE);
	device->dev->coherent_dma_mask = 0;
	KUNIT_EXPECT_EQ(test, PTR_ERR(wdmdma_adapter_create(device, WDMDMA_WINDOW_ALL, 16)),
			-ENXIO);
	device->dev->coherent_dma_mask = mask;
}

static void adapter_is_found_until_it_is_closed(struct kunit *test)
{
	struct wdmdma_adapter *adapter = create(test), *found;

	found = wdmdma_adapter_find(adapter->dma_adapter);
	KUNIT_EXPECT_PTR_EQ(test, found, adapter);
	KUNIT_EXPECT_NULL(test, wdmdma_adapter_find(adapter));
	wdmdma_adapter_close(found);
	KUNIT_EXPECT_NULL(test, wdmdma_adapter_find(adapter->dma_adapter));
	/* A second close must have no effect. */
	wdmdma_adapter_close(found);
	wdmdma_adapter_put(found);
}

static void last_put_in_atomic_context_is_put_off(struct kunit *test)
{
	struct wdmdma_device *device = test->priv;
	struct wdmdma_adapter *adapter = create(test);

	local_bh_disable();
	close(adapter);
	local_bh_enable();
	flush_work(&adapter->teardown);
	KUNIT_EXPECT_TRUE(test, list_empty(&device->adapters));
	KUNIT_EXPECT_EQ(test, device->nr_retired, 1U);
}

static void retired_adapters_stay_readable_but_not_for_ever(struct kunit *test)
{
	struct wdmdma_device *device = test->priv;
	struct wdmdma_adapter *adapter;
	int i;

	for (i = 0; i < 50; i++) {
		adapter = create(test);
		adapter->dma_adapter[0] = 0x5a;
		close(adapter);
		KUNIT_EXPECT_EQ(test, adapter->dma_adapter[0], 0x5a);
		KUNIT_EXPECT_LE(test, device->nr_retired, 8U);
	}
	KUNIT_EXPECT_EQ(test, list_count_nodes(&device->retired), (size_t)device->nr_retired);
}

static void create_after_unbind_is_refused(struct kunit *test)
{
	struct wdmdma_device *device = test->priv;

	kunit_device_unregister(test, device->dev);
	KUNIT_EXPECT_EQ(test, PTR_ERR(wdmdma_adapter_create(device, WDMDMA_WINDOW_ALL, 16)),
			-ESHUTDOWN);
}

static void create_and_close(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_create(test->priv, WDMDMA_WINDOW_ALL, 16);

	if (IS_ERR(adapter)) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(adapter), -ENOMEM);
		return;
	}
	wdmdma_adapter_publish(adapter);
	close(adapter);
}

static void create_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, create_and_close);
}

static struct kunit_case adapter_cases[] = {
	KUNIT_CASE(reach_is_what_adapter_and_device_share),
	KUNIT_CASE(create_needs_a_reach_and_a_mask),
	KUNIT_CASE(adapter_is_found_until_it_is_closed),
	KUNIT_CASE(last_put_in_atomic_context_is_put_off),
	KUNIT_CASE(retired_adapters_stay_readable_but_not_for_ever),
	KUNIT_CASE(create_after_unbind_is_refused),
	KUNIT_CASE(create_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite adapter_suite = {
	.name = "wdmdma_adapter",
	.init = adapter_init,
	.test_cases = adapter_cases,
};

kunit_test_suite(adapter_suite);
