// SPDX-License-Identifier: GPL-2.0-only
/* See helpers.h. */
#include <kunit/device.h>
#include <linux/dma-mapping.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "helpers.h"

/* More failure points than any call has; a sweep that gets here would not end. */
#define SWEEP_LIMIT	2000

/* A fake device with 64-bit masks, unregistered, and so unbound, when the test ends. */
struct device *wdmdma_test_device(struct kunit *test)
{
	static atomic_t devices;
	struct device *dev;
	char name[32];

	snprintf(name, sizeof(name), "wdmdma-%d", atomic_inc_return(&devices));
	dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	return dev;
}

/* A valid description of a bus master. @width counts for version 3 only. */
DEVICE_DESCRIPTION wdmdma_test_description(ULONG version, ULONG width)
{
	DEVICE_DESCRIPTION description = {
		.Version = version,
		.Master = TRUE,
		.ScatterGather = TRUE,
		.Dma64BitAddresses = TRUE,
		.InterfaceType = InterfaceTypeUndefined,
		.MaximumLength = 0x10000,
		.DmaAddressWidth = width,
	};

	return description;
}

static void fixture_put(void *data)
{
	struct wdmdma_fixture *fixture = data;

	if (fixture->adapter)
		fixture->ops->PutDmaAdapter(fixture->adapter);
	wdmdma_device_object_put(fixture->pdo);
}

/* A device object of @dev, and an adapter with @width address bits; put when the test ends. */
struct wdmdma_fixture *wdmdma_test_fixture_on(struct kunit *test, struct device *dev, ULONG width)
{
	DEVICE_DESCRIPTION description =
		wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, width);
	struct wdmdma_fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	ULONG registers;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->dev = dev;
	fixture->pdo = wdmdma_device_object_get(fixture->dev);
	KUNIT_ASSERT_NOT_NULL(test, fixture->pdo);
	fixture->adapter = IoGetDmaAdapter(fixture->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, fixture->adapter);
	fixture->ops = fixture->adapter->DmaOperations;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fixture_put, fixture), 0);
	return fixture;
}

struct wdmdma_fixture *wdmdma_test_fixture(struct kunit *test)
{
	return wdmdma_test_fixture_on(test, wdmdma_test_device(test), 64);
}

/* For kunit_suite.init: test->priv is the fixture. */
int wdmdma_test_fixture_init(struct kunit *test)
{
	test->priv = wdmdma_test_fixture(test);
	return 0;
}

/* How many buffers the adapter has, once those being freed are gone. */
unsigned long wdmdma_test_live_buffers(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);
	struct wdmdma_buffer *buffer;
	unsigned long index, live = 0;

	if (!adapter)
		return 0;
	flush_work(&adapter->drain);
	xa_for_each(&adapter->buffers, index, buffer)
		live++;
	wdmdma_adapter_put(adapter);
	return live;
}

bool wdmdma_test_is_zero(const void *memory, size_t size)
{
	return !memchr_inv(memory, 0, size);
}

/*
 * Make the call with its first allocation failing, then its second, and so on,
 * until it made fewer allocations than that. The call must check that it either
 * failed cleanly or succeeded, and undo a success. How many points there are is
 * the kernel's affair, and some failures are absorbed by a fallback.
 */
void wdmdma_test_sweep(struct kunit *test, void (*call)(struct kunit *test))
{
#ifdef CONFIG_FAULT_INJECTION
	unsigned int nth, left;

	for (nth = 1; nth < SWEEP_LIMIT; nth++) {
		current->fail_nth = nth;
		call(test);
		left = current->fail_nth;
		current->fail_nth = 0;
		if (left) {
			KUNIT_EXPECT_GT_MSG(test, nth, 1, "no failure point was met");
			return;
		}
	}
	KUNIT_FAIL(test, "the sweep does not end");
#else
	kunit_skip(test, "the kernel has no fault injection");
#endif
}
