// SPDX-License-Identifier: GPL-2.0-only
/* Messages for requests that find no memory (core/shortage.c). */
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "compat.h"
#include "core/shortage.h"
#include "helpers.h"
#include "log.h"
#include "objects.h"

/* So much contiguous memory is nowhere below 16 MiB, because firmware has some of it. */
#define TOO_LONG	(SZ_16M - SZ_256K)

static void refusal_names_the_limit_and_what_is_left(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	void *va;

	wdmdma_test_log_begin(&log);
	va = wdmdma_test_alloc_below(f, SZ_16M - 1, TOO_LONG, &la, TRUE);
	KUNIT_ASSERT_NULL(test, va);
	KUNIT_EXPECT_EQ(test,
			wdmdma_test_log_lines(log, "the call sets the highest address; ",
					      " pages of memory around there are free"), 1U);
}

/* A request that can never be met has another reason than a shortage. */
static void other_refusals_have_no_numbers(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;

	wdmdma_test_log_begin(&log);
	KUNIT_ASSERT_NULL(test, wdmdma_test_alloc(f, 0, &la));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "the length is 0", ""), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "sets the highest address", ""), 0U);
}

/* Return the text for a request of the fixture's adapter. */
static const char *explain(struct kunit *test, PDMA_ADAPTER adapter, u64 last)
{
	struct wdmdma_request request = {
		.len = SZ_8K,
		.window = { 0, last },
		.node = NUMA_NO_NODE,
	};
	char *text = kunit_kzalloc(test, WDMDMA_SHORTAGE_TEXT, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	wdmdma_shortage_explain(wdmdma_test_core(adapter), &request, text, WDMDMA_SHORTAGE_TEXT);
	return text;
}

static void limit_is_named(struct kunit *test)
{
	PDMA_ADAPTER narrow = wdmdma_test_second_adapter(test, 24);
	struct wdmdma_fixture *f = test->priv;

	KUNIT_EXPECT_NOT_NULL(test, strstr(explain(test, f->adapter, SZ_1M), "the call sets"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(explain(test, narrow, U64_MAX),
					   "the DEVICE_DESCRIPTION sets"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(explain(test, f->adapter, U64_MAX),
					   "the DMA mask sets"));
}

static void numbers_are_plausible(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned long free, pages, cma, movable, longest;
	const char *text = explain(test, f->adapter, U64_MAX), *numbers = strrchr(text, ';');
	u64 needed;
	int found;

	KUNIT_ASSERT_NOT_NULL(test, numbers);
	found = sscanf(numbers, "; %lu of %lu pages", &free, &pages);
	KUNIT_ASSERT_EQ_MSG(test, found, 2, "%s", text);
	numbers = strstr(numbers, "free, ");
	KUNIT_ASSERT_NOT_NULL(test, numbers);
	found = sscanf(numbers,
		       "free, %lu of them for CMA, %lu in ZONE_MOVABLE (left alone), at most %lu in one block, %llu",
		       &cma, &movable, &longest, &needed);
	KUNIT_ASSERT_EQ_MSG(test, found, 4, "%s", text);
	KUNIT_EXPECT_GT(test, pages, 0UL);
	KUNIT_EXPECT_LE(test, free, pages);
	KUNIT_EXPECT_LE(test, cma, free);
	KUNIT_EXPECT_LE(test, movable, free);
	KUNIT_EXPECT_LE(test, longest, free - movable);
	KUNIT_EXPECT_EQ(test, needed, (u64)2);
}

static void contiguous_memory_is_counted(struct kunit *test)
{
	PHYSICAL_ADDRESS highest = { .QuadPart = SZ_16M - 1 };
	struct kmsg_dump_iter log;

	wdmdma_test_log_begin(&log);
	KUNIT_ASSERT_NULL(test, MmAllocateContiguousMemory(TOO_LONG, highest));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "MmAllocateContiguousMemory: ",
						    "no free contiguous memory there; "), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "around there are free, ", "4032 needed"),
			1U);
}

static struct zone *zone_of_movable(void)
{
	struct zone *zone;
	int node;

	for_each_online_node(node) {
		zone = &NODE_DATA(node)->node_zones[ZONE_MOVABLE];
		if (populated_zone(zone))
			return zone;
	}
	return NULL;
}

/* Free memory that no driver gets must not look like memory for the request. */
static void memory_that_must_stay_movable_is_named(struct kunit *test)
{
	struct zone *zone = zone_of_movable();
	PHYSICAL_ADDRESS first, last, boundary = {};
	struct kmsg_dump_iter log;

	if (!zone)
		kunit_skip(test, "the machine has no ZONE_MOVABLE");
	first.QuadPart = PFN_PHYS(zone->zone_start_pfn);
	last.QuadPart = PFN_PHYS(zone_end_pfn(zone)) - 1;
	wdmdma_test_log_begin(&log);
	KUNIT_ASSERT_NULL(test, MmAllocateContiguousMemorySpecifyCache(SZ_4K, first, last, boundary,
								       MmCached));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "no free contiguous memory there; ",
						    " in ZONE_MOVABLE (left alone), "), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "no free contiguous memory there; ",
						    ", 0 in ZONE_MOVABLE"), 0U);
}

static void bounce_buffers_are_counted(struct kunit *test)
{
	struct wdmdma_refusal refusal = { .reason = "used up", .bounce = true };
	struct wdmdma_refusal other = { .reason = "another reason" };
	struct wdmdma_fixture *f = test->priv;
	char text[WDMDMA_BOUNCE_TEXT];
	phys_addr_t start, end;
	u64 used, size;
	int found;

	if (!wdmdma_bounce_pool(f->dev, &start, &end))
		kunit_skip(test, "the kernel has no bounce buffers");
	wdmdma_shortage_of_bounce(f->dev, &refusal, text, sizeof(text));
	found = sscanf(text, "; %llu of %llu KiB are in use", &used, &size);
	KUNIT_ASSERT_EQ_MSG(test, found, 2, "%s", text);
	KUNIT_EXPECT_EQ(test, size, (u64)(end - start) / SZ_1K);
	KUNIT_EXPECT_LE(test, used, size);
	wdmdma_shortage_of_bounce(f->dev, &other, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "");
}

static struct kunit_case shortage_cases[] = {
	KUNIT_CASE(refusal_names_the_limit_and_what_is_left),
	KUNIT_CASE(other_refusals_have_no_numbers),
	KUNIT_CASE(limit_is_named),
	KUNIT_CASE(numbers_are_plausible),
	KUNIT_CASE(contiguous_memory_is_counted),
	KUNIT_CASE(memory_that_must_stay_movable_is_named),
	KUNIT_CASE(bounce_buffers_are_counted),
	{}
};

static struct kunit_suite shortage_suite = {
	.name = "wdmdma_shortage",
	.init = wdmdma_test_fixture_init,
	.test_cases = shortage_cases,
};

kunit_test_suites(&shortage_suite);
