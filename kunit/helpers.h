/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers that the suites share. They make a fake device with an adapter, wrap the calls
 * that most cases make, and sweep over all failure points of a call.
 */
#ifndef WDMDMA_KUNIT_HELPERS_H
#define WDMDMA_KUNIT_HELPERS_H

#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include <wdmdma/dma.h>
#include <wdmdma/linux.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/core.h"

/**
 * struct wdmdma_fixture - a fake device and an adapter for it
 * @dev: a KUnit device with a driver, in direct mode, cache coherent
 * @pdo: device object of @dev
 * @adapter: version 3 with 64 address bits, or NULL after the test has put it
 * @ops: DmaOperations of @adapter, which stays valid after the put
 */
struct wdmdma_fixture {
	struct device *dev;
	PDEVICE_OBJECT pdo;
	PDMA_ADAPTER adapter;
	const DMA_OPERATIONS *ops;
};

/**
 * struct wdmdma_miniport - a device and the device extension of a StorPort miniport
 * @dev: see struct wdmdma_fixture
 * @extension: HwDeviceExtension, or NULL after the test has destroyed it
 */
struct wdmdma_miniport {
	struct device *dev;
	PVOID extension;
};

struct device *wdmdma_test_register(struct kunit *test, const char *name);
struct device *wdmdma_test_device(struct kunit *test);
DEVICE_DESCRIPTION wdmdma_test_description(ULONG version, ULONG width);
struct wdmdma_fixture *wdmdma_test_fixture_on(struct kunit *test, struct device *dev, ULONG width);
struct wdmdma_fixture *wdmdma_test_fixture(struct kunit *test);
int wdmdma_test_fixture_init(struct kunit *test);
void *wdmdma_test_alloc(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS *la);
void *wdmdma_test_alloc_below(struct wdmdma_fixture *fixture, u64 maximum, ULONG length,
			      PHYSICAL_ADDRESS *la, BOOLEAN cached);
void *wdmdma_test_alloc_between(struct wdmdma_fixture *fixture, u64 first, u64 last, ULONG length,
				ULONG flags, PHYSICAL_ADDRESS *la);
void wdmdma_test_free(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS la, void *va);
PDMA_COMMON_BUFFER_VECTOR wdmdma_test_vector(struct wdmdma_fixture *fixture, u64 maximum,
					     MEMORY_CACHING_TYPE cache, int node, ULONG count);
phys_addr_t wdmdma_test_physical(void *va);
struct wdmdma_miniport *wdmdma_test_miniport_on(struct kunit *test, struct device *dev);
int wdmdma_test_miniport_init(struct kunit *test);
PDMA_ADAPTER wdmdma_test_miniport_adapter(const struct wdmdma_miniport *miniport);
PVOID wdmdma_test_extension(struct kunit *test);
PDMA_ADAPTER wdmdma_test_second_adapter(struct kunit *test, ULONG width);
PDMA_ADAPTER wdmdma_test_get_adapter(struct kunit *test, ULONG version, ULONG width);
void wdmdma_test_alloc_some(struct kunit *test, PDMA_ADAPTER adapter, unsigned int n);
void wdmdma_test_expect_no_adapter(struct kunit *test, PDEVICE_OBJECT pdo,
				   PDEVICE_DESCRIPTION description);
unsigned long wdmdma_test_live_of(struct wdmdma_adapter *adapter);
unsigned long wdmdma_test_live_buffers(PDMA_ADAPTER adapter);
unsigned long wdmdma_test_live(struct kunit *test);
unsigned long wdmdma_test_miniport_live(struct kunit *test);
bool wdmdma_test_has_registers(PDMA_ADAPTER adapter);
bool wdmdma_test_has_memory(u64 first, u64 last);
bool wdmdma_test_has_free(u64 first, u64 last, size_t size, size_t align);
bool wdmdma_test_must_have(u64 first, u64 last, size_t size);
bool wdmdma_test_must_reach(struct device *dev, u64 first, u64 last, size_t size);
void wdmdma_test_needs_memory_within(struct kunit *test, ULONG width);
void wdmdma_test_needs_nodes(struct kunit *test);
bool wdmdma_test_has_room(struct device *dev, u64 first, u64 last);
bool wdmdma_test_can_uncache(struct device *dev);
MEMORY_CACHING_TYPE wdmdma_test_cache(struct device *dev);
MEMORY_CACHING_TYPE wdmdma_test_uncached(struct device *dev, MEMORY_CACHING_TYPE wanted);
bool wdmdma_test_refuses_uncached(struct kunit *test, const void *memory);
bool wdmdma_test_is_uncached(const void *va);
bool wdmdma_test_is_writable(const void *va);
bool wdmdma_test_is_zero(const void *memory, size_t size);
void wdmdma_test_sweep(struct kunit *test, void (*call)(struct kunit *test));
bool wdmdma_test_iommu_is_virtio(struct device *dev);
bool wdmdma_test_iommu_forbids_reading(struct device *dev);
void wdmdma_test_sweep_on(struct kunit *test, struct device *dev, void (*call)(struct kunit *test));

/* Return the core's adapter for an adapter that has not been put. */
static inline struct wdmdma_adapter *wdmdma_test_core(PDMA_ADAPTER dma_adapter)
{
	return container_of((void *)dma_adapter, struct wdmdma_adapter, dma_adapter);
}

static inline struct wdmdma_adapter *wdmdma_test_core_of(const struct wdmdma_fixture *fixture)
{
	return wdmdma_test_core(fixture->adapter);
}

static inline PHYSICAL_ADDRESS wdmdma_test_pa(u64 address)
{
	return (PHYSICAL_ADDRESS){ .QuadPart = address };
}

#endif /* WDMDMA_KUNIT_HELPERS_H */
