// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/domain.c. The cases check the domain that each device is in, and the properties
 * that two devices of a domain must share. No IOMMU translates for the fake devices.
 * live_domain_kunit.c has the cases with an IOMMU.
 */
#include <kunit/device.h>
#include <linux/dma-direct.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/buffer.h"
#include "core/domain.h"
#include "helpers.h"
#include "lib/handle.h"
#include "lib/window.h"
#include "objects.h"

static struct wdmdma_adapter *find(struct kunit *test, struct wdmdma_fixture *fixture)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(fixture->adapter);

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	/* The adapter lives as long as the fixture. */
	wdmdma_adapter_put(adapter);
	return adapter;
}

/* Make a device and return an adapter for it. */
static struct wdmdma_adapter *adapter_of_width(struct kunit *test, ULONG width)
{
	return find(test, wdmdma_test_fixture_on(test, wdmdma_test_device(test), width));
}

static int join(struct wdmdma_adapter *adapter, struct wdmdma_adapter *other)
{
	return wdmdma_domain_join(adapter, "JoinDmaDomain", wdmdma_domain_of(other));
}

static int leave(struct wdmdma_adapter *adapter)
{
	return wdmdma_domain_leave(adapter, "LeaveDmaDomain");
}

static struct wdmdma_request request_of(const char *call, size_t len)
{
	return (struct wdmdma_request){
		.call = call,
		.len = len,
		.window = WDMDMA_WINDOW_ALL,
		.node = NUMA_NO_NODE,
	};
}

/* Allocate a buffer for the domain that the adapter is in. */
static int alloc(struct wdmdma_adapter *adapter, size_t len, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_request request = request_of("AllocateDomainCommonBuffer", len);

	return wdmdma_domain_alloc(adapter, wdmdma_domain_of(adapter), &request, cpu, dma);
}

/* Allocate a buffer for the adapter alone. */
static int alloc_plain(struct wdmdma_adapter *adapter, size_t len, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_request request = request_of("AllocateCommonBuffer", len);

	return wdmdma_buffer_alloc(adapter, &request, cpu, dma);
}

static int free_buffer(struct wdmdma_adapter *adapter, size_t len, void *cpu, dma_addr_t dma)
{
	return wdmdma_buffer_free(adapter, "FreeCommonBuffer", cpu, dma, len);
}

static void each_device_has_a_home_of_its_own(struct kunit *test)
{
	struct wdmdma_adapter *a = adapter_of_width(test, 64), *b = adapter_of_width(test, 64);

	KUNIT_EXPECT_NOT_NULL(test, wdmdma_domain_of(a));
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(a), wdmdma_domain_of(a));
	KUNIT_EXPECT_PTR_NE(test, wdmdma_domain_of(a), wdmdma_domain_of(b));
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_adapter_dma(a), a->device);
}

static void handle_is_never_used_again(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture(test);
	const void *key = wdmdma_domain_of(find(test, fixture)), *later;
	struct wdmdma_handle *handle;

	kunit_device_unregister(test, fixture->dev);
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	handle = wdmdma_handle_find(WDMDMA_HANDLE_DOMAIN, key);
	KUNIT_EXPECT_NULL(test, handle);
	later = wdmdma_domain_of(adapter_of_width(test, 64));
	KUNIT_EXPECT_PTR_NE(test, later, key);
}

/* Without translation each device must keep doing DMA with its own struct device. */
static void join_without_iommu_is_bookkeeping(struct kunit *test)
{
	struct wdmdma_adapter *a = adapter_of_width(test, 64), *b = adapter_of_width(test, 64);
	const void *home = wdmdma_domain_of(b);

	KUNIT_EXPECT_EQ(test, join(b, a), 0);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(b), wdmdma_domain_of(a));
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_adapter_dma(b), b->device);
	KUNIT_EXPECT_EQ(test, leave(b), 0);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(b), home);
}

static void domain_buffer_is_within_reach_of_all_members(struct kunit *test)
{
	struct wdmdma_adapter *a = adapter_of_width(test, 64), *b = adapter_of_width(test, 28);
	struct wdmdma_adapter *member[] = { a, b };
	dma_addr_t dma;
	unsigned int i;
	void *cpu;

	wdmdma_test_needs_memory_within(test, 28);
	KUNIT_ASSERT_EQ(test, join(b, a), 0);
	for (i = 0; i < ARRAY_SIZE(member); i++) {
		KUNIT_ASSERT_EQ(test, alloc(member[i], SZ_8K, &cpu, &dma), 0);
		KUNIT_EXPECT_LE(test, (u64)dma + SZ_8K - 1, DMA_BIT_MASK(28));
		KUNIT_EXPECT_EQ(test, free_buffer(member[i], SZ_8K, cpu, dma), 0);
	}
	KUNIT_EXPECT_EQ(test, leave(b), 0);
}

static void who_does_not_reach_a_domain_buffer_cannot_join(struct kunit *test)
{
	struct wdmdma_adapter *a = adapter_of_width(test, 64), *b = adapter_of_width(test, 24);
	dma_addr_t dma;
	void *cpu;

	/* Expect an address far above 24 bits, because low memory is allocated only on demand. */
	KUNIT_ASSERT_EQ(test, alloc(a, SZ_8K, &cpu, &dma), 0);
	KUNIT_ASSERT_GT(test, (u64)dma, DMA_BIT_MASK(24));
	KUNIT_EXPECT_EQ(test, join(b, a), -EOPNOTSUPP);
	KUNIT_EXPECT_PTR_NE(test, wdmdma_domain_of(b), wdmdma_domain_of(a));
	KUNIT_EXPECT_EQ(test, free_buffer(a, SZ_8K, cpu, dma), 0);

	/* A buffer that was not allocated for the domain must not prevent a join. */
	KUNIT_ASSERT_EQ(test, alloc_plain(a, SZ_8K, &cpu, &dma), 0);
	KUNIT_ASSERT_GT(test, (u64)dma, DMA_BIT_MASK(24));
	KUNIT_EXPECT_EQ(test, join(b, a), 0);
	KUNIT_EXPECT_EQ(test, leave(b), 0);
	KUNIT_EXPECT_EQ(test, free_buffer(a, SZ_8K, cpu, dma), 0);
}

static const struct wdmdma_backend other_backend = { .name = "other", .shares = true };
static const struct wdmdma_backend lone_backend = { .name = "lone" };
static const struct bus_dma_region offset_map[] = { { .size = SZ_1G }, {} };

static void use_other_backend(struct wdmdma_adapter *adapter)
{
	adapter->device->backend = &other_backend;
}

static void use_lone_backend(struct wdmdma_adapter *adapter)
{
	adapter->device->backend = &lone_backend;
}

static void use_offset(struct wdmdma_adapter *adapter)
{
	adapter->device->dev->dma_range_map = offset_map;
}

static const struct pair_row {
	const char *name;
	void (*change_joiner)(struct wdmdma_adapter *adapter);
	void (*change_leader)(struct wdmdma_adapter *adapter);
	int expected;
} pair_rows[] = {
	{ "alike", NULL, NULL, 0 },
	{ "joiner with another backend", use_other_backend, NULL, -EOPNOTSUPP },
	{ "leader with another backend", NULL, use_other_backend, -EOPNOTSUPP },
	{ "backend that shares nothing", use_lone_backend, use_lone_backend, -EOPNOTSUPP },
	{ "joiner sees memory at an offset", use_offset, NULL, -EOPNOTSUPP },
	{ "leader sees memory at an offset", NULL, use_offset, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(pair, pair_rows, name);

static void devices_must_see_memory_alike(struct kunit *test)
{
	const struct pair_row *row = test->param_value;
	struct wdmdma_adapter *a = adapter_of_width(test, 64), *b = adapter_of_width(test, 64);
	const void *home = wdmdma_domain_of(b);

	if (row->change_joiner)
		row->change_joiner(b);
	if (row->change_leader)
		row->change_leader(a);
	KUNIT_EXPECT_EQ(test, join(b, a), row->expected);
	if (row->expected)
		KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(b), home);
	/* The kernel would free the map with the device, but offset_map is static. */
	a->device->dev->dma_range_map = NULL;
	b->device->dev->dma_range_map = NULL;
}

/* The hardware moves a whole device, so all adapters of the device must move. */
static void all_adapters_of_a_device_are_in_one_domain(struct kunit *test)
{
	struct wdmdma_fixture *first = wdmdma_test_fixture(test);
	struct wdmdma_fixture *second = wdmdma_test_fixture_on(test, first->dev, 32);
	struct wdmdma_adapter *a = adapter_of_width(test, 64);
	struct wdmdma_adapter *b = find(test, first), *b2 = find(test, second);
	dma_addr_t dma;
	void *cpu;

	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(b), wdmdma_domain_of(b2));
	KUNIT_ASSERT_EQ(test, alloc(b2, SZ_4K, &cpu, &dma), 0);
	KUNIT_EXPECT_EQ(test, join(b, a), -EBUSY);
	KUNIT_EXPECT_EQ(test, free_buffer(b2, SZ_4K, cpu, dma), 0);
	KUNIT_EXPECT_EQ(test, join(b, a), 0);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(b2), wdmdma_domain_of(a));

	/* The device must stay in the domain until an adapter leaves or its last adapter is put. */
	first->ops->PutDmaAdapter(first->adapter);
	first->adapter = NULL;
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(b2), wdmdma_domain_of(a));
	KUNIT_EXPECT_EQ(test, leave(b2), 0);
	KUNIT_EXPECT_PTR_NE(test, wdmdma_domain_of(b2), wdmdma_domain_of(a));
}

static void putting_the_last_adapter_leaves(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture(test);
	struct wdmdma_adapter *a = adapter_of_width(test, 64), *b = find(test, fixture);
	const void *home = wdmdma_domain_of(b);
	struct wdmdma_device *device = b->device;

	KUNIT_ASSERT_EQ(test, join(b, a), 0);
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	KUNIT_EXPECT_PTR_EQ(test, device->domain, device->home);
	fixture = wdmdma_test_fixture_on(test, fixture->dev, 64);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(find(test, fixture)), home);
}

static void unbinding_either_leaves_the_other_well(struct kunit *test)
{
	struct wdmdma_fixture *fa, *fb;
	struct wdmdma_adapter *a, *b;
	unsigned int leader;
	dma_addr_t dma;
	void *cpu;

	/*
	 * KUnit's bus binds all devices to the driver of the first device, so the first device
	 * must stay bound.
	 */
	wdmdma_test_device(test);
	for (leader = 0; leader < 2; leader++) {
		fa = wdmdma_test_fixture(test);
		fb = wdmdma_test_fixture(test);
		a = find(test, fa);
		b = find(test, fb);
		KUNIT_ASSERT_EQ(test, join(b, a), 0);
		KUNIT_ASSERT_EQ(test, alloc(a, SZ_8K, &cpu, &dma), 0);
		KUNIT_ASSERT_EQ(test, alloc(b, SZ_8K, &cpu, &dma), 0);

		kunit_device_unregister(test, leader ? fa->dev : fb->dev);
		KUNIT_EXPECT_NULL(test, wdmdma_domain_of(leader ? a : b));
		KUNIT_EXPECT_NOT_NULL(test, wdmdma_domain_of(leader ? b : a));
		KUNIT_EXPECT_EQ(test, leave(leader ? a : b), -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, join(leader ? a : b, leader ? b : a), -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, alloc(leader ? b : a, SZ_8K, &cpu, &dma), 0);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers((leader ? fb : fa)->adapter), 2UL);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers((leader ? fa : fb)->adapter), 0UL);
	}
}

/* Unbind the driver and put its adapter. The last put frees the record of the device. */
static void finish(struct kunit *test, struct wdmdma_fixture *fixture)
{
	kunit_device_unregister(test, fixture->dev);
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
}

static bool is_domain(const void *key)
{
	bool live;

	rcu_read_lock();
	live = wdmdma_handle_peek(WDMDMA_HANDLE_DOMAIN, key);
	rcu_read_unlock();
	return live;
}

/* Without an IOMMU no device link unbinds the joined devices before the leader. */
static void domain_outlives_the_device_whose_home_it_is(struct kunit *test)
{
	struct wdmdma_fixture *leader;
	struct wdmdma_adapter *b, *c;
	const void *key;
	dma_addr_t dma;
	void *cpu;

	/*
	 * KUnit's bus binds all devices to the driver of the first device, so the first device
	 * must stay bound.
	 */
	b = adapter_of_width(test, 64);
	c = adapter_of_width(test, 64);
	leader = wdmdma_test_fixture(test);
	key = wdmdma_domain_of(find(test, leader));
	KUNIT_ASSERT_EQ(test, join(b, find(test, leader)), 0);
	finish(test, leader);

	KUNIT_EXPECT_TRUE(test, is_domain(key));
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(b), key);
	KUNIT_EXPECT_EQ(test, join(c, b), 0);
	KUNIT_ASSERT_EQ(test, alloc(b, SZ_8K, &cpu, &dma), 0);
	KUNIT_EXPECT_EQ(test, free_buffer(b, SZ_8K, cpu, dma), 0);
	KUNIT_EXPECT_EQ(test, leave(b), 0);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_domain_of(c), key);
	KUNIT_EXPECT_EQ(test, leave(c), 0);
	KUNIT_EXPECT_FALSE(test, is_domain(key));
	KUNIT_EXPECT_EQ(test, wdmdma_domain_join(b, "JoinDmaDomain", key), -EBADF);
}

static void unbinding_lets_go_of_the_domain_joined(struct kunit *test)
{
	struct wdmdma_fixture *leader, *guest;
	const void *key, *home;

	wdmdma_test_device(test);
	leader = wdmdma_test_fixture(test);
	guest = wdmdma_test_fixture(test);
	key = wdmdma_domain_of(find(test, leader));
	home = wdmdma_domain_of(find(test, guest));
	KUNIT_ASSERT_EQ(test, join(find(test, guest), find(test, leader)), 0);

	/* The adapter still exists and must hold no other domain than its home. */
	kunit_device_unregister(test, guest->dev);
	finish(test, leader);
	KUNIT_EXPECT_FALSE(test, is_domain(key));
	KUNIT_EXPECT_TRUE(test, is_domain(home));
	guest->ops->PutDmaAdapter(guest->adapter);
	guest->adapter = NULL;
	KUNIT_EXPECT_FALSE(test, is_domain(home));
}

static struct kunit_case domain_cases[] = {
	KUNIT_CASE(each_device_has_a_home_of_its_own),
	KUNIT_CASE(handle_is_never_used_again),
	KUNIT_CASE(join_without_iommu_is_bookkeeping),
	KUNIT_CASE(domain_buffer_is_within_reach_of_all_members),
	KUNIT_CASE(who_does_not_reach_a_domain_buffer_cannot_join),
	KUNIT_CASE_PARAM(devices_must_see_memory_alike, pair_gen_params),
	KUNIT_CASE(all_adapters_of_a_device_are_in_one_domain),
	KUNIT_CASE(putting_the_last_adapter_leaves),
	KUNIT_CASE(unbinding_either_leaves_the_other_well),
	KUNIT_CASE(domain_outlives_the_device_whose_home_it_is),
	KUNIT_CASE(unbinding_lets_go_of_the_domain_joined),
	{}
};

static struct kunit_suite domain_suite = {
	.name = "wdmdma_domain",
	.test_cases = domain_cases,
};

kunit_test_suite(domain_suite);
