// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common buffer vectors, through the table of operations, without an IOMMU.
 * vector_pieces_kunit.c has the cases in which the backend limits the length of a block.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "lib/handle.h"
#include "helpers.h"
#include "vector.h"

#define LARGE	DOMAIN_COMMON_BUFFER_LARGE_PAGE

struct vector_row {
	const char *name;
	ULONG count;
	ULONGLONG size;
};

static const struct vector_row vector_rows[] = {
	{ "one of 1 byte", 1, 1 },
	{ "three of 5000 bytes", 3, 5000 },
	{ "1024 of 4 KiB", 1024, SZ_4K },
	{ "two of 2 MiB", 2, SZ_2M },
	{ "16 MiB in all, more than one block can be", 4096, SZ_4K },
	{ "64 of 64 KiB", 64, SZ_64K },
};

KUNIT_ARRAY_PARAM_DESC(vector, vector_rows, name);

static void elements_are_common_buffers_of_their_own(struct kunit *test)
{
	const struct vector_row *row = test->param_value;
	size_t size = PAGE_ALIGN(row->size);
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG i;

	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, row->count, row->size, &vector),
			STATUS_SUCCESS);
	for (i = 0; i < row->count; i++) {
		KUNIT_ASSERT_TRUE(test, vector_get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_4K));
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED(la.QuadPart, SZ_4K));
		KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
		KUNIT_ASSERT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va));
		/*
		 * An element must be zeroed until the case writes to it, so that no
		 * two elements overlap.
		 */
		KUNIT_ASSERT_TRUE(test, wdmdma_test_is_zero(va, size));
		memset(va, 0xff, size);
	}
	vector_free(fixture, vector);
	KUNIT_EXPECT_FALSE(test, vector_get(fixture, vector, 0, &va, &la));
}

static void freed_elements_are_dead_and_others_stay(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PVOID va, first_va;
	PHYSICAL_ADDRESS la, first_la;
	ULONG i;

	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 8, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_ASSERT_TRUE(test, vector_get(fixture, vector, 0, &first_va, &first_la));
	memset(first_va, 0x11, SZ_4K);
	for (i = 1; i < 8; i++) {
		vector_element_free(fixture, vector, i);
		KUNIT_EXPECT_FALSE(test, vector_get(fixture, vector, i, &va, &la));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		vector_element_free(fixture, vector, i);
		KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, 0, &va, &la));
		KUNIT_EXPECT_PTR_EQ(test, va, first_va);
		KUNIT_EXPECT_EQ(test, la.QuadPart, first_la.QuadPart);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(first_va, 0x11, SZ_4K));
	vector_element_free(fixture, vector, 0);
	/* The vector has no elements left, but must still exist. */
	KUNIT_EXPECT_FALSE(test, vector_get(fixture, vector, 0, &va, &la));
	vector_free(fixture, vector);
}

static void index_out_of_bounds_is_refused(struct kunit *test)
{
	static const ULONG bad[] = { 4, 5, 0x7fffffff, 0xffffffff };
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	PVOID va;

	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 4, SZ_4K, &vector), STATUS_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_FALSE(test, vector_get(fixture, vector, bad[i], &va, &la));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		vector_element_free(fixture, vector, bad[i]);
	}
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, i, &va, &la));
	vector_free(fixture, vector);
}

struct refuse_row {
	const char *name;
	u64 low, high;
	MEMORY_CACHING_TYPE cache;
	NODE_REQUIREMENT node;
	ULONG flags, count;
	ULONGLONG size;
	NTSTATUS status;
};

#define INVALID	STATUS_INVALID_PARAMETER

static const struct refuse_row refuse_rows[] = {
	{ "no elements", 0, U64_MAX, MmCached, 0, 0, 0, SZ_4K, INVALID },
	{ "size 0", 0, U64_MAX, MmCached, 0, 0, 4, 0, INVALID },
	{ "size of 4 GiB", 0, U64_MAX, MmCached, 0, 0, 1, 1ULL << 32, INVALID },
	{ "upside down", SZ_64M, SZ_16M, MmCached, 0, 0, 4, SZ_4K, INVALID },
	{ "HighPart of the low address not set", 0xdeadbeef00000000, U64_MAX, MmCached, 0, 0, 4,
	  SZ_4K, STATUS_INSUFFICIENT_RESOURCES },
	{ "low address -1", U64_MAX, U64_MAX, MmCached, 0, 0, 4, SZ_4K, INVALID },
	{ "window of one byte less than an element", SZ_64M, SZ_64M + SZ_4K - 2, MmCached, 0, 0, 1,
	  SZ_4K, INVALID },
	{ "MmWriteCombined", 0, U64_MAX, MmWriteCombined, 0, 0, 4, SZ_4K, INVALID },
	{ "MmNonCachedUnordered", 0, U64_MAX, MmNonCachedUnordered, 0, 0, 4, SZ_4K, INVALID },
	{ "bad cache type", 0, U64_MAX, MmNotMapped, 0, 0, 4, SZ_4K, INVALID },
	{ "any node is no node here", 0, U64_MAX, MmCached, MM_ANY_NODE_OK, 0, 4, SZ_4K, INVALID },
	{ "node out of range", 0, U64_MAX, MmCached, MAX_NUMNODES, 0, 4, SZ_4K, INVALID },
	{ "node -1", 0, U64_MAX, MmCached, 0xffffffff, 0, 4, SZ_4K, INVALID },
	{ "unknown flag", 0, U64_MAX, MmCached, 0, 4, 4, SZ_4K, INVALID },
	{ "element above the window", 0, SZ_4K, MmCached, 0, 0, 4, SZ_8K, INVALID },
	{ "more than all memory", 0, U64_MAX, MmCached, 0, 0, 0xffffffff, SZ_4K,
	  STATUS_INSUFFICIENT_RESOURCES },
	{ "product of 1 TiB, 0 in 32 bits", 0, U64_MAX, MmCached, 0, 0, SZ_16M, SZ_64K,
	  STATUS_INSUFFICIENT_RESOURCES },
	{ "product above 64 bits", 0, U64_MAX, MmCached, 0, 0, 0xffffffff, 0xffffffff,
	  STATUS_INSUFFICIENT_RESOURCES },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_rows, name);

static void alloc_refuses_what_cannot_be(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	PHYSICAL_ADDRESS low = { .QuadPart = row->low }, high = { .QuadPart = row->high };
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = (void *)1;
	NTSTATUS status;

	status = fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, row->cache,
							  row->node, row->flags, row->count,
							  row->size, &vector);
	KUNIT_EXPECT_EQ(test, status, row->status);
	KUNIT_EXPECT_NULL(test, vector);
}

static void elements_keep_both_limits(struct kunit *test)
{
	static const struct { u64 low, high; } windows[] = {
		{ 0, 0xffffff }, { SZ_16M, U64_MAX }, { SZ_16M, 0x2fffffff },
	};
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS low, high, la;
	unsigned int w, i;
	NTSTATUS status;
	PVOID va;

	for (w = 0; w < ARRAY_SIZE(windows); w++) {
		low.QuadPart = windows[w].low;
		high.QuadPart = windows[w].high;
		status = fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high,
								  MmCached, 0, 0, 16, SZ_4K,
								  &vector);
		if (!wdmdma_test_has_memory(windows[w].low, windows[w].high)) {
			KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
			continue;
		}
		KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
		for (i = 0; i < 16; i++) {
			KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, i, &va, &la));
			KUNIT_EXPECT_GE(test, (u64)la.QuadPart, windows[w].low);
			KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_4K - 1, windows[w].high);
		}
		vector_free(fixture, vector);
	}
}

static void expect_no_element(struct kunit *test, struct wdmdma_fixture *fixture,
			      PDMA_COMMON_BUFFER_VECTOR vector)
{
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_EXPECT_FALSE(test, vector_get(fixture, vector, 0, &va, &la));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
}

static void handles_that_are_none_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv, *other = wdmdma_test_fixture(test);
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 2, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, vector_alloc(fixture, 2, SZ_4K, NULL), STATUS_INVALID_PARAMETER);
	expect_no_element(test, fixture, NULL);
	expect_no_element(test, fixture, (void *)fixture);
	expect_no_element(test, other, vector);
	vector_free(other, vector);
	vector_element_free(other, vector, 0);
	vector_free(fixture, NULL);
	vector_free(fixture, (void *)fixture);
	vector_element_free(fixture, NULL, 0);
	vector_element_free(fixture, (void *)fixture, 0);
	KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, 0, &va, &la));
	KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, 1, &va, &la));
	/* An output pointer that is NULL must not prevent the other output. */
	va = NULL;
	la.QuadPart = 0;
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, &va, NULL);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, NULL, &la);
	KUNIT_EXPECT_NOT_NULL(test, va);
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	memset(va, 0xa5, SZ_4K);
	/* FreeCommonBuffer must not free an element as a buffer of its own. */
	fixture->ops->FreeCommonBuffer(fixture->adapter, SZ_4K, la, va, FALSE);
	KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, 0, &va, &la));
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, SZ_4K));
	vector_free(fixture, vector);
	expect_no_element(test, fixture, vector);
	vector_free(fixture, vector);
	vector_element_free(fixture, vector, 0);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, NULL, NULL);
}

static void get_works_at_any_level_and_free_does_not(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector, none = (void *)1;
	unsigned long flags;
	PHYSICAL_ADDRESS la;
	NTSTATUS status;
	bool got;
	PVOID va;

	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 2, SZ_4K, &vector), STATUS_SUCCESS);
	local_irq_save(flags);
	got = vector_get(fixture, vector, 1, &va, &la);
	vector_free(fixture, vector);
	vector_element_free(fixture, vector, 1);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, got);
	local_bh_disable();
	status = vector_alloc(fixture, 2, SZ_4K, &none);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_NULL(test, none);
	KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, 1, &va, &la));
	vector_free(fixture, vector);
}

static void large_page_vector_is_one_aligned_piece(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS first, la;
	PVOID first_va, va;
	ULONG i;

	KUNIT_ASSERT_EQ(test, vector_alloc_below(fixture, U64_MAX, LARGE, 512, SZ_4K, &vector),
			STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, 0, &first_va, &first));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(first.QuadPart, SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)first_va, SZ_2M));
	for (i = 1; i < 512; i++) {
		KUNIT_ASSERT_TRUE(test, vector_get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_PTR_EQ(test, va, first_va + i * SZ_4K);
		KUNIT_ASSERT_EQ(test, la.QuadPart, first.QuadPart + i * SZ_4K);
	}
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(first_va, SZ_2M));
	vector_free(fixture, vector);
}

/*
 * A vector that is shorter than a large page must have one for itself. One vector may begin there
 * by luck, so allocate several.
 */
static void large_page_vectors_begin_on_a_large_page(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector[4];
	PHYSICAL_ADDRESS la;
	unsigned int i;
	PVOID va;

	for (i = 0; i < ARRAY_SIZE(vector); i++) {
		KUNIT_ASSERT_EQ(test, vector_alloc_below(fixture, U64_MAX, LARGE, 100, SZ_4K,
							 &vector[i]), STATUS_SUCCESS);
		KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector[i], 0, &va, &la));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(la.QuadPart, SZ_2M));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_2M));
	}
	for (i = 0; i < ARRAY_SIZE(vector); i++)
		vector_free(fixture, vector[i]);
}

/* PutDmaAdapter must report the vectors that are left and take them back. */
static void leaked_vectors_are_taken_back(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;

	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 100, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 3, SZ_64K, &vector), STATUS_SUCCESS);
	vector_element_free(fixture, vector, 1);
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_VECTOR, vector));
}

static void elements_above_4_gib(struct kunit *test)
{
	PHYSICAL_ADDRESS low = { .QuadPart = 1LL << 32 }, high = { .QuadPart = -1 }, la;
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	unsigned long end_pfn = 0;
	NTSTATUS status;
	unsigned int i;
	PVOID va;
	int node;

	for_each_online_node(node)
		end_pfn = max(end_pfn, node_end_pfn(node));
	status = fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, MmCached, 0,
							  0, 64, SZ_64K, &vector);
	if (PFN_PHYS(end_pfn) <= low.QuadPart) {
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_NULL(test, vector);
		kunit_skip(test, "the machine has no memory there");
		return;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	for (i = 0; i < 64; i++) {
		KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, i, &va, &la));
		KUNIT_EXPECT_GE(test, la.QuadPart, low.QuadPart);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va));
	}
	vector_free(fixture, vector);
}

static void alloc_and_free(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	NTSTATUS status = vector_alloc(fixture, 20, SZ_4K, &vector);

	if (NT_SUCCESS(status))
		vector_free(fixture, vector);
	else
		KUNIT_EXPECT_NULL(test, vector);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, alloc_and_free);
}

static struct kunit_case vector_cases[] = {
	KUNIT_CASE_PARAM(elements_are_common_buffers_of_their_own, vector_gen_params),
	KUNIT_CASE(freed_elements_are_dead_and_others_stay),
	KUNIT_CASE(index_out_of_bounds_is_refused),
	KUNIT_CASE_PARAM(alloc_refuses_what_cannot_be, refuse_gen_params),
	KUNIT_CASE(elements_keep_both_limits),
	KUNIT_CASE(handles_that_are_none_are_refused),
	KUNIT_CASE(get_works_at_any_level_and_free_does_not),
	KUNIT_CASE(large_page_vector_is_one_aligned_piece),
	KUNIT_CASE(large_page_vectors_begin_on_a_large_page),
	KUNIT_CASE(leaked_vectors_are_taken_back),
	KUNIT_CASE(elements_above_4_gib),
	KUNIT_CASE(alloc_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite vector_suite = {
	.name = "wdmdma_vector",
	.init = wdmdma_test_fixture_init,
	.test_cases = vector_cases,
};

kunit_test_suite(vector_suite);
