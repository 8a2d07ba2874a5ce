// SPDX-License-Identifier: GPL-2.0-only
/* Messages in the log when a device extension ends, or is left at unbind. */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/bottom_half.h>

#include "helpers.h"
#include "log.h"

#define DESTROY	"wdmdma_hw_device_extension_destroy"

/* Return the number of lines that name a call which no glue of a miniport makes. */
static unsigned int foreign_calls(struct kmsg_dump_iter log)
{
	return wdmdma_test_log_lines(log, "device_object_put", "") +
	       wdmdma_test_log_lines(log, "PutDmaAdapter", "");
}

/* The work item that frees the objects may run after the driver's remove function. */
static void destroy_at_dispatch_in_remove_is_no_mistake(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct kmsg_dump_iter log;

	wdmdma_test_log_begin(&log);
	local_bh_disable();
	wdmdma_hw_device_extension_destroy(miniport->extension);
	local_bh_enable();
	miniport->extension = NULL;
	kunit_device_unregister(test, miniport->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "driver unbound", ""), 0U);
	KUNIT_EXPECT_EQ(test, foreign_calls(log), 0U);
}

/* An extension that is left is reported as such, and destroyed later without a word. */
static void extension_that_is_left_is_named(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PVOID other = wdmdma_hw_device_extension_create(miniport->dev, 64);
	struct kmsg_dump_iter log;

	KUNIT_ASSERT_NOT_NULL(test, other);
	wdmdma_test_log_begin(&log);
	kunit_device_unregister(test, miniport->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "driver unbound with 2 device extensions",
						    "must call " DESTROY), 1U);
	wdmdma_hw_device_extension_destroy(other);
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, DESTROY, ""), 1U);
	KUNIT_EXPECT_EQ(test, foreign_calls(log), 0U);
}

/* A leak in the adapter is reported with the call that the glue has made. */
static void memory_that_is_left_is_reported_with_the_call(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	ULONG status;
	PVOID va;

	status = StorPortAllocateDmaMemory(miniport->extension, SZ_4K, wdmdma_test_pa(0),
					   wdmdma_test_pa(U64_MAX), wdmdma_test_pa(0), MmCached,
					   MM_ANY_NODE_OK, &va, &la);
	KUNIT_ASSERT_EQ(test, status, STOR_STATUS_SUCCESS);
	wdmdma_test_log_begin(&log);
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, DESTROY ": not freed: VA", ""), 1U);
	KUNIT_EXPECT_EQ(test, foreign_calls(log), 0U);
}

#define LEFT	12
#define SHOWN	8

/* Allocate a pool block, an MDL of it, a range of host memory and a SRB, and leave them. */
static void take_one_of_each(struct kunit *test, PVOID extension)
{
	ACCESS_RANGE range;
	PVOID memory, mdl;
	ULONG count = 1;

	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, 100, 0, &memory),
			STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(extension, memory, 100, &mdl),
			STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test,
			StorPortAllocateHostMemoryBuffer(extension, SZ_4K, SZ_4K, 0, 0,
							 wdmdma_test_pa(0), wdmdma_test_pa(U64_MAX),
							 wdmdma_test_pa(0), &range, &count),
			STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, wdmdma_srb_create(extension, 100));
}

/* The log has the first objects of each kind, and their number, however many there are. */
static void objects_that_are_left_are_reported_by_kind(struct kunit *test)
{
	static const struct {
		const char *each, *sum;
	} kinds[] = {
		{ "not freed: pool memory", ": 12 pool blocks were left" },
		{ "not freed: an MDL", ": 12 MDLs were left" },
		{ "not freed: host memory", ": 12 ranges of host memory were left" },
		{ "not freed: a SRB", ": 12 SRBs were left" },
	};
	struct wdmdma_miniport *miniport = test->priv;
	struct kmsg_dump_iter log;
	unsigned int i;

	for (i = 0; i < LEFT; i++)
		take_one_of_each(test, miniport->extension);
	wdmdma_test_log_begin(&log);
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, DESTROY, kinds[i].each), SHOWN);
		KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, DESTROY, kinds[i].sum), 1U);
	}
}

static struct kunit_case wdm_storport_life_cases[] = {
	KUNIT_CASE(destroy_at_dispatch_in_remove_is_no_mistake),
	KUNIT_CASE(extension_that_is_left_is_named),
	KUNIT_CASE(memory_that_is_left_is_reported_with_the_call),
	KUNIT_CASE(objects_that_are_left_are_reported_by_kind),
	{}
};

static struct kunit_suite wdm_storport_life_suite = {
	.name = "wdmdma_wdm_storport_life",
	.init = wdmdma_test_miniport_init,
	.test_cases = wdm_storport_life_cases,
};

kunit_test_suite(wdm_storport_life_suite);
