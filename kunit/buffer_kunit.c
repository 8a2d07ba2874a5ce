// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/buffer.c with a fake backend, which records its arguments and returns what the
 * case wants. The cases test the checks around a backend, not a backend itself.
 */
#include <kunit/device.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "core/buffer.h"
#include "core/device.h"
#include "core/recycle.h"
#include "helpers.h"
#include "lib/page_set.h"
#include "lib/window.h"
#include "objects.h"

static struct fake {
	int ret;		/* value that fake_alloc() returns */
	dma_addr_t dma;		/* logical address of the next buffer */
	unsigned int tries, allocs, frees;
	struct wdmdma_window window;
	size_t size;
} fake;

static int fake_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
		      struct wdmdma_buffer *buffer)
{
	size_t size = wdmdma_buffer_size(buffer);

	fake.tries++;
	fake.window = request->window;
	fake.size = size;
	if (fake.ret) {
		request->refusal.reason = "the test wants it";
		return fake.ret;
	}
	buffer->cpu = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, get_order(size));
	if (!buffer->cpu)
		return -ENOMEM;
	buffer->dma = fake.dma;
	fake.dma += size;
	fake.allocs++;
	return 0;
}

static void fake_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	free_pages((unsigned long)buffer->cpu, get_order(wdmdma_buffer_size(buffer)));
	fake.frees++;
}

static enum wdmdma_recycle_mode fake_recycle_mode(const struct wdmdma_device *device)
{
	return WDMDMA_RECYCLE_MAPPED;
}

static const struct wdmdma_backend fake_backend = {
	.name = "fake",
	.alloc = fake_alloc,
	.free = fake_free,
};

/* The same backend, but freed buffers may be recycled. */
static const struct wdmdma_backend keeping_backend = {
	.name = "fake",
	.alloc = fake_alloc,
	.free = fake_free,
	.recycle_mode = fake_recycle_mode,
};

static void adapter_close(void *data)
{
	wdmdma_adapter_close(data);
}

static void adapter_put(void *data)
{
	wdmdma_adapter_put(data);
}

/* Leave an adapter in test->priv. Its fake device reaches 1 MiB to 4 GiB - 1. */
static int buffer_init(struct kunit *test)
{
	struct wdmdma_window reach = { SZ_1M, U32_MAX };
	struct wdmdma_device *device = wdmdma_device_open(wdmdma_test_device(test));
	struct wdmdma_adapter *adapter;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	device->backend = &fake_backend;
	adapter = wdmdma_adapter_create(device, reach, 16);
	wdmdma_device_put(device);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, adapter);
	wdmdma_adapter_publish(adapter);
	test->priv = wdmdma_adapter_find(adapter->dma_adapter);
	KUNIT_ASSERT_PTR_EQ(test, test->priv, (void *)adapter);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, adapter_put, adapter), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, adapter_close, adapter), 0);

	fake = (struct fake){ .dma = SZ_16M };
	return 0;
}

static struct wdmdma_request request_of(size_t len, u64 first, u64 last)
{
	return (struct wdmdma_request){
		.call = "test",
		.caller = _THIS_IP_,
		.len = len,
		.window = { first, last },
		.node = NUMA_NO_NODE,
	};
}

static int alloc(struct wdmdma_adapter *adapter, size_t len, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_request request = request_of(len, 0, U64_MAX);

	return wdmdma_buffer_alloc(adapter, &request, cpu, dma);
}

static void alloc_asks_for_whole_pages_in_reach(struct kunit *test)
{
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;
	void *cpu;

	KUNIT_ASSERT_EQ(test, alloc(adapter, 1, &cpu, &dma), 0);
	KUNIT_EXPECT_EQ(test, fake.size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, fake.window.first, (u64)SZ_1M);
	KUNIT_EXPECT_EQ(test, fake.window.last, (u64)U32_MAX);
	KUNIT_EXPECT_EQ(test, dma, (dma_addr_t)SZ_16M);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "test", cpu, dma, 1), 0);
	KUNIT_EXPECT_EQ(test, fake.frees, 1U);
}

struct refuse_row {
	const char *name;
	size_t len;
	u64 first, last;
	int ret;
};

/* Requests that must be refused without a call of the backend. */
static const struct refuse_row refuse_rows[] = {
	{ "length 0", 0, 0, U64_MAX, -EINVAL },
	{ "below the reach", SZ_4K, 0, SZ_1M - 1, -EINVAL },
	{ "above the reach", SZ_4K, 1ULL << 32, U64_MAX, -EINVAL },
	{ "upside down", SZ_4K, SZ_16M, SZ_8M, -EINVAL },
	{ "one byte too long", SZ_8K + 1, SZ_1M, SZ_1M + SZ_8K - 1, -EINVAL },
	{ "pages do not fit", SZ_4K, SZ_1M, SZ_1M + SZ_4K - 2, -EINVAL },
	{ "more than all memory", 1ULL << 31, 0, U64_MAX, -ENOMEM },
	{ "longer than the reach", 1ULL << 32, 0, U64_MAX, -EINVAL },
};

static void refuse_row_name(const struct refuse_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refuse, refuse_rows, refuse_row_name);

static void alloc_refuses_what_can_never_be(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	struct wdmdma_request request = request_of(row->len, row->first, row->last);
	dma_addr_t dma = 1;
	void *cpu = test;

	if (row->ret == -ENOMEM && totalram_pages() >= row->len >> PAGE_SHIFT)
		kunit_skip(test, "the guest has more memory than that");
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_alloc(test->priv, &request, &cpu, &dma), row->ret);
	KUNIT_EXPECT_PTR_EQ(test, cpu, (void *)test);
	KUNIT_EXPECT_EQ(test, dma, 1ULL);
	KUNIT_EXPECT_EQ(test, fake.size, 0UL);
}

struct verify_row {
	const char *name;
	dma_addr_t given;
	bool good;
};

static const struct verify_row verify_rows[] = {
	{ "logical address 0", 0, false },
	{ "below the window", SZ_1M - SZ_4K, false },
	{ "first page", SZ_1M, true },
	{ "last two pages", 0x100000000ULL - SZ_8K, true },
	{ "last page inside, next outside", 0x100000000ULL - SZ_4K, false },
	{ "above the window", 0x100000000ULL, false },
	{ "top of the space", U64_MAX - SZ_8K + 1, false },
};

static void verify_row_name(const struct verify_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(verify, verify_rows, verify_row_name);

static void alloc_verifies_the_address_given(struct kunit *test)
{
	const struct verify_row *row = test->param_value;
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;
	void *cpu;

	fake.dma = row->given;
	if (row->good) {
		KUNIT_ASSERT_EQ(test, alloc(adapter, SZ_8K, &cpu, &dma), 0);
		KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "test", cpu, dma, SZ_8K), 0);
	} else {
		KUNIT_EXPECT_EQ(test, alloc(adapter, SZ_8K, &cpu, &dma), -ENOMEM);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(adapter), 0UL);
	}
	KUNIT_EXPECT_EQ(test, fake.allocs, fake.frees);
}

static void alloc_passes_on_the_backends_error(struct kunit *test)
{
	dma_addr_t dma;
	void *cpu;

	fake.ret = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, alloc(test->priv, 1, &cpu, &dma), -EOPNOTSUPP);
	fake.ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, alloc(test->priv, 1, &cpu, &dma), -ENOMEM);
}

/* A free whose arguments do not match must free nothing, and above all no other buffer. */
static void free_wants_all_three_to_match(struct kunit *test)
{
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma, dma2;
	void *cpu, *cpu2;

	KUNIT_ASSERT_EQ(test, alloc(adapter, SZ_8K, &cpu, &dma), 0);
	KUNIT_ASSERT_EQ(test, alloc(adapter, SZ_8K, &cpu2, &dma2), 0);

	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu, dma, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu, dma, 2 * SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu, dma, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu, dma2, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu + SZ_4K, dma + SZ_4K, SZ_4K),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu + 1, dma, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", NULL, dma, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake.frees, 0U);

	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu, dma, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu, dma, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake.frees, 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "t", cpu2, dma2, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, fake.frees, 2U);
}

static void free_in_atomic_context_is_put_off(struct kunit *test)
{
	struct wdmdma_adapter *adapter = test->priv;
	unsigned long flags;
	dma_addr_t dma;
	void *cpu;
	int first, second;
	unsigned int frees;

	KUNIT_ASSERT_EQ(test, alloc(adapter, 1, &cpu, &dma), 0);
	local_irq_save(flags);
	first = wdmdma_buffer_free(adapter, "test", cpu, dma, 1);
	second = wdmdma_buffer_free(adapter, "test", cpu, dma, 1);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, first, 0);
	KUNIT_EXPECT_EQ(test, second, -EINVAL);
	flush_work(&adapter->drain);
	KUNIT_EXPECT_EQ(test, fake.frees, 1U);

	/* The free must be deferred. The work item cannot run while the case holds device->sem. */
	KUNIT_ASSERT_EQ(test, alloc(adapter, 1, &cpu, &dma), 0);
	down_write(&adapter->device->sem);
	local_bh_disable();
	first = wdmdma_buffer_free(adapter, "test", cpu, dma, 1);
	frees = fake.frees;
	local_bh_enable();
	up_write(&adapter->device->sem);
	KUNIT_EXPECT_EQ(test, first, 0);
	KUNIT_EXPECT_EQ(test, frees, 1U);
	flush_work(&adapter->drain);
	KUNIT_EXPECT_EQ(test, fake.frees, 2U);
}

static void free_all_takes_live_and_put_off(struct kunit *test)
{
	struct wdmdma_adapter *adapter = test->priv;
	struct wdmdma_device *device = adapter->device;
	struct wdmdma_leaks leaks = { .when = "test" };
	dma_addr_t dma;
	void *cpu;
	int i;

	for (i = 0; i < 12; i++)
		KUNIT_ASSERT_EQ(test, alloc(adapter, SZ_4K, &cpu, &dma), 0);

	down_write(&device->sem);
	local_bh_disable();
	wdmdma_buffer_free(adapter, "test", cpu, dma, SZ_4K);
	local_bh_enable();
	wdmdma_buffer_free_all(adapter, &leaks);
	up_write(&device->sem);
	KUNIT_EXPECT_EQ(test, leaks.buffers, 11U);
	KUNIT_EXPECT_EQ(test, leaks.bytes, (size_t)11 * SZ_4K);

	KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(adapter), 0UL);
	KUNIT_EXPECT_EQ(test, fake.frees, 12U);
}

/*
 * The recycled buffer may hold what the backend lacks, so it must be freed before the
 * second try.
 */
static void alloc_that_fails_frees_what_is_kept_and_tries_again(struct kunit *test)
{
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;
	void *cpu;

	adapter->device->backend = &keeping_backend;
	down_write(&adapter->device->sem);
	wdmdma_recycle_open(adapter);
	up_write(&adapter->device->sem);
	KUNIT_ASSERT_EQ(test, alloc(adapter, SZ_4K, &cpu, &dma), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_buffer_free(adapter, "test", cpu, dma, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, fake.frees, 0U);

	fake.ret = -ENOMEM;
	fake.tries = 0;
	KUNIT_EXPECT_EQ(test, alloc(adapter, SZ_8K, &cpu, &dma), -ENOMEM);
	KUNIT_EXPECT_EQ(test, fake.frees, 1U);
	KUNIT_EXPECT_EQ(test, fake.tries, 2U);
	/* Nothing is recycled any more, so one try must be enough. */
	KUNIT_EXPECT_EQ(test, alloc(adapter, SZ_8K, &cpu, &dma), -ENOMEM);
	KUNIT_EXPECT_EQ(test, fake.tries, 3U);
	fake.ret = 0;
}

static void alloc_after_unbind_is_refused(struct kunit *test)
{
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;
	void *cpu;

	KUNIT_ASSERT_EQ(test, alloc(adapter, SZ_4K, &cpu, &dma), 0);
	kunit_device_unregister(test, adapter->device->dev);
	KUNIT_EXPECT_EQ(test, fake.frees, 1U);
	KUNIT_EXPECT_EQ(test, alloc(adapter, SZ_4K, &cpu, &dma), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "test", cpu, dma, SZ_4K), -EINVAL);
}

static void alloc_and_free(struct kunit *test)
{
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;
	void *cpu;

	if (alloc(adapter, SZ_4K, &cpu, &dma) == 0)
		wdmdma_buffer_free(adapter, "test", cpu, dma, SZ_4K);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, alloc_and_free);
	KUNIT_EXPECT_EQ(test, fake.allocs, fake.frees);
}

static void alloc_verifies_the_boundary(struct kunit *test)
{
	struct wdmdma_request request = request_of(3 * SZ_4K, 0, U64_MAX);
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;
	void *cpu;

	request.boundary = SZ_16K;
	fake.dma = SZ_16M + SZ_8K;
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_alloc(adapter, &request, &cpu, &dma), -ENOMEM);
	KUNIT_EXPECT_EQ(test, fake.allocs, 1U);
	KUNIT_EXPECT_EQ(test, fake.frees, 1U);
	fake.dma = SZ_16M + SZ_4K;
	KUNIT_ASSERT_EQ(test, wdmdma_buffer_alloc(adapter, &request, &cpu, &dma), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "test", cpu, dma, 3 * SZ_4K), 0);
}

static void alloc_refuses_a_boundary_that_cannot_be_kept(struct kunit *test)
{
	struct wdmdma_request odd = request_of(SZ_4K, 0, U64_MAX);
	struct wdmdma_request small = request_of(SZ_8K, 0, U64_MAX);
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;
	void *cpu;

	odd.boundary = SZ_64K + 1;
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_alloc(adapter, &odd, &cpu, &dma), -EINVAL);
	small.boundary = SZ_4K;
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_alloc(adapter, &small, &cpu, &dma), -ENOMEM);
	KUNIT_EXPECT_EQ(test, fake.allocs, 0U);
}

static void free_by_name_wants_the_cache_type_to_match(struct kunit *test)
{
	struct wdmdma_request request = request_of(SZ_4K, 0, U64_MAX);
	struct wdmdma_free_args args = { .call = "test", .len = SZ_4K, .has_cache = true };
	struct wdmdma_adapter *adapter = test->priv;
	dma_addr_t dma;

	request.cache = WDMDMA_CACHE_CACHED;
	KUNIT_ASSERT_EQ(test, wdmdma_buffer_alloc(adapter, &request, &args.cpu, &dma), 0);
	args.cache = WDMDMA_CACHE_UNCACHED;
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free_by_args(adapter, &args), -EINVAL);
	args.cache = WDMDMA_CACHE_PLATFORM;
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free_by_args(adapter, &args), -EINVAL);
	args.cache = WDMDMA_CACHE_CACHED;
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free_by_args(adapter, &args), 0);
	/* A buffer that was allocated without a cache type must not match a free that names one. */
	request = request_of(SZ_4K, 0, U64_MAX);
	KUNIT_ASSERT_EQ(test, wdmdma_buffer_alloc(adapter, &request, &args.cpu, &dma), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free_by_args(adapter, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_free(adapter, "test", args.cpu, dma, SZ_4K), 0);
}

static struct kunit_case buffer_cases[] = {
	KUNIT_CASE(alloc_verifies_the_boundary),
	KUNIT_CASE(alloc_refuses_a_boundary_that_cannot_be_kept),
	KUNIT_CASE(free_by_name_wants_the_cache_type_to_match),
	KUNIT_CASE(alloc_asks_for_whole_pages_in_reach),
	KUNIT_CASE_PARAM(alloc_refuses_what_can_never_be, refuse_gen_params),
	KUNIT_CASE_PARAM(alloc_verifies_the_address_given, verify_gen_params),
	KUNIT_CASE(alloc_passes_on_the_backends_error),
	KUNIT_CASE(free_wants_all_three_to_match),
	KUNIT_CASE(free_in_atomic_context_is_put_off),
	KUNIT_CASE(free_all_takes_live_and_put_off),
	KUNIT_CASE(alloc_that_fails_frees_what_is_kept_and_tries_again),
	KUNIT_CASE(alloc_after_unbind_is_refused),
	KUNIT_CASE(alloc_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite buffer_suite = {
	.name = "wdmdma_buffer",
	.init = buffer_init,
	.test_cases = buffer_cases,
};

kunit_test_suite(buffer_suite);
