// SPDX-License-Identifier: GPL-2.0-only
/*
 * A put of an adapter, or the unbind, must report the objects that the driver left behind. The
 * module must log each of the first eight, and their total number. No IOMMU is needed.
 */
#include <kunit/device.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "log.h"
#include "memory.h"

#define LEFT	12
#define SHOWN	8

/* Put the adapter, and expect the messages about the objects that it had. */
static void put_and_expect(struct kunit *test, struct wdmdma_fixture *fixture, const char *each,
			   const char *sum)
{
	struct kmsg_dump_iter log;

	wdmdma_test_log_begin(&log);
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "PutDmaAdapter", each), SHOWN);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "PutDmaAdapter", sum), 1U);
}

static void leaks_of_buffers_end(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	int i;

	for (i = 0; i < LEFT; i++)
		KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(fixture, SZ_4K, &la));
	put_and_expect(test, fixture, "not freed: VA", ": 12 common buffers were left");
}

static void leaks_of_vectors_end(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	int i;

	for (i = 0; i < LEFT; i++)
		KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_vector(fixture, U64_MAX,
							       wdmdma_test_cache(fixture->dev), 0,
							       2));
	put_and_expect(test, fixture, "vector leaked (bug check 0x1DC, code 5)",
		       ": 12 vectors were left");
}

static void leaks_of_lists_end(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	int i;

	for (i = 0; i < LEFT; i++)
		KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_list(test, fixture->adapter, mdl, TRUE));
	put_and_expect(test, fixture, "not put: list:", ": 12 lists were left");
}

static IO_ALLOCATION_ACTION keep_all(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
	return KeepObject;
}

/* One request has the channel, and the other requests wait for the channel. */
static void leaks_of_channels_end(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	NTSTATUS status;
	int i;

	for (i = 0; i < LEFT; i++) {
		status = fixture->ops->AllocateAdapterChannel(fixture->adapter, fixture->pdo, 1,
							      keep_all, NULL);
		KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	}
	put_and_expect(test, fixture, ": 1 map registers, AllocateAdapterChannel at",
		       ": 12 channel requests were left");
}

/* At unbind the adapters count together, however many a driver has left. */
static void leaks_of_many_adapters_end(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct kmsg_dump_iter log;
	PDMA_ADAPTER adapter;
	PHYSICAL_ADDRESS la;
	int i;

	for (i = 0; i < LEFT; i++) {
		adapter = wdmdma_test_second_adapter(test, 64);
		KUNIT_ASSERT_NOT_NULL(test, fixture->ops->AllocateCommonBuffer(adapter, SZ_4K, &la,
									       TRUE));
	}
	wdmdma_test_log_begin(&log);
	kunit_device_unregister(test, fixture->dev);
	fixture->adapter = NULL;
	fixture->pdo = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "driver unbound", "not freed: VA"), SHOWN);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "driver unbound: 12 common buffers", ""),
			1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "common buffers were left", ""), 1U);
}

/* The address of a function whose module is gone must not be shown. */
static void gone_function_is_not_shown(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_buffer *buffer;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	char raw[20];

	KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(fixture, SZ_4K, &la));
	buffer = list_first_entry(&wdmdma_test_core_of(fixture)->buffers.records,
				  struct wdmdma_buffer, node);
	buffer->caller = (unsigned long)test;
	snprintf(raw, sizeof(raw), "%lx", buffer->caller);
	wdmdma_test_log_begin(&log);
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	KUNIT_EXPECT_EQ(test,
			wdmdma_test_log_lines(log, "not freed: VA", "(a module that is gone)"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, raw, ""), 0U);
}

static struct kunit_case leaks_cases[] = {
	KUNIT_CASE(leaks_of_buffers_end),
	KUNIT_CASE(leaks_of_vectors_end),
	KUNIT_CASE(leaks_of_lists_end),
	KUNIT_CASE(leaks_of_channels_end),
	KUNIT_CASE(leaks_of_many_adapters_end),
	KUNIT_CASE(gone_function_is_not_shown),
	{}
};

static struct kunit_suite leaks_suite = {
	.name = "wdmdma_leaks",
	.init = wdmdma_test_fixture_init,
	.test_cases = leaks_cases,
};

kunit_test_suite(leaks_suite);
