// SPDX-License-Identifier: GPL-2.0-only
/* Pool and lookaside lists of wdmdma_ntos.ko. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <wdmdma/mdl.h>

#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/pool.h>

#define TAG		0x31676154
#define OTHER_TAG	0x32676154

static void blocks_are_aligned_and_cross_no_page(struct kunit *test)
{
	size_t size;

	for (size = 1; size < 5 * PAGE_SIZE; size += size < 200 ? 7 : 501) {
		void *block = ExAllocatePoolWithTag(NonPagedPoolNx, size, TAG);
		const unsigned long first = (unsigned long)block;

		KUNIT_ASSERT_NOT_NULL(test, block);
		memset(block, 0x5A, size);
		KUNIT_EXPECT_EQ_MSG(test, first % (size < PAGE_SIZE ? 16 : PAGE_SIZE), 0UL,
				    "%zu bytes", size);
		if (size <= PAGE_SIZE)
			KUNIT_EXPECT_EQ(test, first / PAGE_SIZE, (first + size - 1) / PAGE_SIZE);
		ExFreePoolWithTag(block, TAG);
	}
}

static void cache_aligned_blocks_begin_a_cache_line(struct kunit *test)
{
	void *old = ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, 24, TAG);
	void *new = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED, 24, TAG);

	KUNIT_EXPECT_NOT_NULL(test, old);
	KUNIT_EXPECT_NOT_NULL(test, new);
	KUNIT_EXPECT_EQ(test, ((unsigned long)old | (unsigned long)new) % 64, 0UL);
	ExFreePoolWithTag(old, TAG);
	ExFreePoolWithTag(new, 0);
}

static void new_pool_is_zeroed(struct kunit *test)
{
	static const size_t sizes[] = { 100, PAGE_SIZE, 3 * PAGE_SIZE, SZ_8M };
	void *block;
	int n;

	for (n = 0; n < ARRAY_SIZE(sizes); n++) {
		block = ExAllocatePoolWithTag(PagedPool, sizes[n], TAG);
		KUNIT_ASSERT_NOT_NULL(test, block);
		memset(block, 0xFF, sizes[n]);
		ExFreePoolWithTag(block, TAG);
		block = ExAllocatePool2(POOL_FLAG_PAGED, sizes[n], TAG);
		KUNIT_ASSERT_NOT_NULL(test, block);
		KUNIT_EXPECT_NULL(test, memchr_inv(block, 0, sizes[n]));
		ExFreePool(block);
		block = ExAllocatePoolZero(NonPagedPool, sizes[n], TAG);
		KUNIT_ASSERT_NOT_NULL(test, block);
		KUNIT_EXPECT_NULL(test, memchr_inv(block, 0, sizes[n]));
		ExFreePool(block);
	}
}

static void wrong_flags_sizes_and_tags_are_refused(struct kunit *test)
{
	void *block;

	KUNIT_EXPECT_NULL(test, ExAllocatePool2(0, 16, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_NON_PAGED, 16, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_RESERVED1, 16, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_PAGED | 0x8000, 16, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_PAGED, 0, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_PAGED, 16, 0));
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_PAGED, ~0UL, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePoolWithTag(NonPagedPool, ~0UL - 4096, TAG));
	/* An optional flag that is unknown does not count, and length 0 once gave a block. */
	block = ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_SPECIAL_POOL | BIT_ULL(50), 16, TAG);
	KUNIT_EXPECT_NOT_NULL(test, block);
	ExFreePool(block);
	block = ExAllocatePoolWithTag(NonPagedPool, 0, TAG);
	KUNIT_EXPECT_NOT_NULL(test, block);
	ExFreePool(block);
}

static void unknown_types_are_refused(struct kunit *test)
{
	static const int wrong[] = { 2, 3, 6, 7, 0x40, 0x800, 0x1000000, -1 };
	static const int right[] = { 0, 1, 4, 5, 0x20, 0x21, 0x200, 0x204, 0x611, 0x108 };
	void *block;
	int n;

	for (n = 0; n < ARRAY_SIZE(wrong); n++)
		KUNIT_EXPECT_NULL(test, ExAllocatePoolWithTag(wrong[n], 16, TAG));
	for (n = 0; n < ARRAY_SIZE(right); n++) {
		block = ExAllocatePoolWithTag(right[n], 16, TAG);
		KUNIT_EXPECT_NOT_NULL_MSG(test, block, "type 0x%x", right[n]);
		ExFreePool(block);
	}
}

static void a_wrong_tag_frees_nothing(struct kunit *test)
{
	char *block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
	void *other;

	KUNIT_ASSERT_NOT_NULL(test, block);
	strscpy(block, "still there", 64);
	ExFreePoolWithTag(block, OTHER_TAG);
	other = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
	KUNIT_EXPECT_PTR_NE(test, (void *)block, other);
	KUNIT_EXPECT_STREQ(test, block, "still there");
	ExFreePoolWithTag(other, TAG);
	ExFreePoolWithTag(block, TAG);
}

static void a_second_free_is_reported(struct kunit *test)
{
	void *small = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
	void *large = ExAllocatePool2(POOL_FLAG_NON_PAGED, 3 * PAGE_SIZE, TAG);
	void *again;

	ExFreePoolWithTag(small, TAG);
	ExFreePoolWithTag(small, TAG);
	ExFreePool(small);
	ExFreePool(large);
	ExFreePool(large);
	ExFreePoolWithTag(large, 0);
	again = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
	KUNIT_EXPECT_NOT_NULL(test, again);
	ExFreePool(again);
}

static void foreign_pointers_are_not_freed(struct kunit *test)
{
	char *block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
	char stack[16] = "stack";

	ExFreePoolWithTag(NULL, TAG);
	ExFreePoolWithTag(stack, 0);
	ExFreePoolWithTag(block + 16, TAG);
	ExFreePoolWithTag((void *)8, TAG);
	KUNIT_EXPECT_STREQ(test, stack, "stack");
	ExFreePoolWithTag(block, TAG);
}

/* Memory of a freed block may become an MDL, which the same call frees. */
static void one_call_frees_blocks_and_mdls(struct kunit *test)
{
	const PHYSICAL_ADDRESS zero = {}, most = { .QuadPart = -1 };
	void *block;
	PMDL mdl;
	int n;

	for (n = 0; n < 50; n++) {
		block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
		ExFreePool(block);
		mdl = MmAllocatePagesForMdl(zero, most, zero, PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, mdl);
		MmFreePagesFromMdl(mdl);
		ExFreePool(mdl);
	}
	KUNIT_EXPECT_EQ(test, n, 50);
}

static void pool_works_at_dispatch(struct kunit *test)
{
	void *small, *large, *huge, *mapped = ExAllocatePool2(POOL_FLAG_PAGED, SZ_8M, TAG);

	local_bh_disable();
	small = ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TAG);
	large = ExAllocatePool2(POOL_FLAG_NON_PAGED, 2 * PAGE_SIZE, TAG);
	huge = ExAllocatePool2(POOL_FLAG_NON_PAGED, SZ_1G, TAG);
	ExFreePoolWithTag(small, TAG);
	ExFreePoolWithTag(large, TAG);
	ExFreePoolWithTag(mapped, TAG);
	local_bh_enable();
	KUNIT_EXPECT_NOT_NULL(test, small);
	KUNIT_EXPECT_NOT_NULL(test, large);
	KUNIT_EXPECT_NOT_NULL(test, mapped);
	KUNIT_EXPECT_NULL(test, huge);
}

struct with_objects {
	KTIMER timer;
	KDPC dpc;
};

static void never(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	(*(int *)context)++;
}

static void freeing_a_timer_or_a_dpc_cancels_it(struct kunit *test)
{
	const LARGE_INTEGER soon = { .QuadPart = -100000 };
	struct with_objects *objects;
	bool queued;
	int runs = 0;

	objects = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*objects), TAG);
	KUNIT_ASSERT_NOT_NULL(test, objects);
	KeInitializeTimer(&objects->timer);
	KeInitializeDpc(&objects->dpc, never, &runs);
	local_bh_disable();
	KeSetTimer(&objects->timer, soon, NULL);
	queued = KeInsertQueueDpc(&objects->dpc, NULL, NULL);
	ExFreePoolWithTag(objects, TAG);
	local_bh_enable();
	KeFlushQueuedDpcs();
	KUNIT_EXPECT_TRUE(test, queued);
	/* On PREEMPT_RT a thread may have run the DPC before. */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_EQ(test, runs, 0);
}

static int allocations;

static PVOID counting_allocate(POOL_TYPE type, SIZE_T size, ULONG tag)
{
	allocations++;
	return ExAllocatePoolWithTag(type, size, tag);
}

static void counting_free(PVOID entry)
{
	allocations--;
	ExFreePool(entry);
}

static void lookaside_lists_give_entries(struct kunit *test)
{
	NPAGED_LOOKASIDE_LIST list;
	PAGED_LOOKASIDE_LIST paged;
	void *entries[20];
	int n;

	ExInitializeNPagedLookasideList(&list, counting_allocate, counting_free, 0, 40, TAG, 0);
	ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 1, TAG, 0);
	for (n = 0; n < ARRAY_SIZE(entries); n++) {
		entries[n] = ExAllocateFromNPagedLookasideList(&list);
		KUNIT_ASSERT_NOT_NULL(test, entries[n]);
		memset(entries[n], n, 40);
	}
	KUNIT_EXPECT_EQ(test, allocations, 20);
	for (n = 0; n < ARRAY_SIZE(entries); n++)
		ExFreeToNPagedLookasideList(&list, entries[n]);
	KUNIT_EXPECT_EQ(test, allocations, 0);
	entries[0] = ExAllocateFromPagedLookasideList(&paged);
	KUNIT_EXPECT_NOT_NULL(test, entries[0]);
	ExFreeToPagedLookasideList(&paged, entries[0]);
	ExDeletePagedLookasideList(&paged);
	ExDeleteNPagedLookasideList(&list);
}

static void lookaside_lists_that_are_none_are_refused(struct kunit *test)
{
	NPAGED_LOOKASIDE_LIST list = {};

	KUNIT_EXPECT_NULL(test, ExAllocateFromNPagedLookasideList(NULL));
	KUNIT_EXPECT_NULL(test, ExAllocateFromNPagedLookasideList(&list));
	ExFreeToNPagedLookasideList(&list, NULL);
	ExDeleteNPagedLookasideList(NULL);
	ExInitializeNPagedLookasideList(NULL, NULL, NULL, 0, 8, TAG, 0);
	ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 8, TAG, 0);
	ExDeleteNPagedLookasideList(&list);
	KUNIT_EXPECT_NULL(test, ExAllocateFromNPagedLookasideList(&list));
}

static struct kunit_case ntos_pool_cases[] = {
	KUNIT_CASE(blocks_are_aligned_and_cross_no_page),
	KUNIT_CASE(cache_aligned_blocks_begin_a_cache_line),
	KUNIT_CASE(new_pool_is_zeroed),
	KUNIT_CASE(wrong_flags_sizes_and_tags_are_refused),
	KUNIT_CASE(unknown_types_are_refused),
	KUNIT_CASE(a_wrong_tag_frees_nothing),
	KUNIT_CASE(a_second_free_is_reported),
	KUNIT_CASE(foreign_pointers_are_not_freed),
	KUNIT_CASE(one_call_frees_blocks_and_mdls),
	KUNIT_CASE(pool_works_at_dispatch),
	KUNIT_CASE(freeing_a_timer_or_a_dpc_cancels_it),
	KUNIT_CASE(lookaside_lists_give_entries),
	KUNIT_CASE(lookaside_lists_that_are_none_are_refused),
	{}
};

static struct kunit_suite ntos_pool_suite = {
	.name = "wdmdma_ntos_pool",
	.test_cases = ntos_pool_cases,
};

kunit_test_suite(ntos_pool_suite);
