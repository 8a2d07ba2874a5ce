// SPDX-License-Identifier: GPL-2.0-only
/* Slab caches for the records of transfers (lib/record_cache.c). */
#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "lib/record_cache.h"

/*
 * The allocator puts a pointer behind each record. With it, the largest record must not be
 * longer than 16 KiB, because the allocator would take 32 KiB for it.
 */
static void largest_record_leaves_room_for_a_pointer(struct kunit *test)
{
	size_t most = SZ_16K - sizeof(void *);
	void *record = wdmdma_record_alloc(most, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, record);
	memset(record, 0xa5, most);
	kfree(record);
	record = wdmdma_record_alloc(most + 1, GFP_KERNEL);
	KUNIT_EXPECT_NULL(test, record);
	kfree(record);
}

/* The caller may write as many bytes as it asked for, whatever cache they come from. */
static void record_of_any_size_has_that_many_bytes(struct kunit *test)
{
	static const size_t sizes[] = {
		1, SZ_512 - 8, SZ_512, SZ_1K, SZ_1K + SZ_512 - 8, SZ_2K, SZ_4K - 8, SZ_4K, SZ_8K,
	};
	unsigned int i;
	void *record;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		record = wdmdma_record_alloc(sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, record);
		memset(record, 0xa5, sizes[i]);
		KUNIT_EXPECT_GE(test, ksize(record), sizes[i]);
		kfree(record);
	}
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(largest_record_leaves_room_for_a_pointer),
	KUNIT_CASE(record_of_any_size_has_that_many_bytes),
	{}
};

static struct kunit_suite record_suite = {
	.name = "wdmdma_record_cache",
	.test_cases = record_cases,
};

kunit_test_suite(record_suite);
