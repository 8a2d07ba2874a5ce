/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: a fake device with an adapter, and the sweep over all
 * failure points of a call.
 */
#ifndef WDMDMA_KUNIT_HELPERS_H
#define WDMDMA_KUNIT_HELPERS_H

#include <kunit/test.h>

#include <wdmdma/dma.h>
#include <wdmdma/linux.h>

#include "core.h"

/**
 * struct wdmdma_fixture - a fake device and an adapter of it
 * @dev: a KUnit device with a driver, in direct mode, cache coherent
 * @pdo: its device object
 * @adapter: version 3, 64 address bits; NULL after the test has put it
 * @ops: the adapter's table; valid for good
 */
struct wdmdma_fixture {
	struct device *dev;
	PDEVICE_OBJECT pdo;
	PDMA_ADAPTER adapter;
	const DMA_OPERATIONS *ops;
};

struct device *wdmdma_test_device(struct kunit *test);
DEVICE_DESCRIPTION wdmdma_test_description(ULONG version, ULONG width);
struct wdmdma_fixture *wdmdma_test_fixture_on(struct kunit *test, struct device *dev, ULONG width);
struct wdmdma_fixture *wdmdma_test_fixture(struct kunit *test);
int wdmdma_test_fixture_init(struct kunit *test);
unsigned long wdmdma_test_live_buffers(PDMA_ADAPTER adapter);
bool wdmdma_test_is_zero(const void *memory, size_t size);
void wdmdma_test_sweep(struct kunit *test, void (*call)(struct kunit *test));

#endif /* WDMDMA_KUNIT_HELPERS_H */
