// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common buffer vectors, through the table, without an IOMMU. Where it matters how a
 * vector is cut into blocks, the backend gives no more than so much in one piece.
 */
#include <kunit/device.h>
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "backend/backends.h"
#include "core/adapter.h"
#include "helpers.h"
#include "lib/handle.h"
#include "objects.h"

#define LARGE	DOMAIN_COMMON_BUFFER_LARGE_PAGE

static NTSTATUS alloc_below(struct wdmdma_fixture *fixture, u64 maximum, ULONG flags, ULONG count,
			    ULONGLONG size, PDMA_COMMON_BUFFER_VECTOR *vector)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = maximum };

	return fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, MmCached, 0,
							flags, count, size, vector);
}

static NTSTATUS alloc(struct wdmdma_fixture *fixture, ULONG count, ULONGLONG size,
		      PDMA_COMMON_BUFFER_VECTOR *vector)
{
	return alloc_below(fixture, U64_MAX, 0, count, size, vector);
}

static bool get(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector, ULONG index,
		PVOID *va, PHYSICAL_ADDRESS *la)
{
	*va = (void *)1;
	la->QuadPart = 1;
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, index, va, la);
	return *va;
}

static void vector_free(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector)
{
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

static void element_free(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector, ULONG n)
{
	fixture->ops->FreeCommonBufferFromVector(fixture->adapter, vector, n);
}

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

	KUNIT_ASSERT_EQ(test, alloc(fixture, row->count, row->size, &vector), STATUS_SUCCESS);
	for (i = 0; i < row->count; i++) {
		KUNIT_ASSERT_TRUE(test, get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_4K));
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED(la.QuadPart, SZ_4K));
		KUNIT_ASSERT_NE(test, la.QuadPart, 0LL);
		KUNIT_ASSERT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va));
		/* Zero until it is written: so no two elements overlap. */
		KUNIT_ASSERT_TRUE(test, wdmdma_test_is_zero(va, size));
		memset(va, 0xff, size);
	}
	vector_free(fixture, vector);
	KUNIT_EXPECT_FALSE(test, get(fixture, vector, 0, &va, &la));
}

static void freed_elements_are_dead_and_others_stay(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PVOID va, first_va;
	PHYSICAL_ADDRESS la, first_la;
	ULONG i;

	KUNIT_ASSERT_EQ(test, alloc(fixture, 8, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_ASSERT_TRUE(test, get(fixture, vector, 0, &first_va, &first_la));
	memset(first_va, 0x11, SZ_4K);
	for (i = 1; i < 8; i++) {
		element_free(fixture, vector, i);
		KUNIT_EXPECT_FALSE(test, get(fixture, vector, i, &va, &la));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		element_free(fixture, vector, i);
		KUNIT_EXPECT_TRUE(test, get(fixture, vector, 0, &va, &la));
		KUNIT_EXPECT_PTR_EQ(test, va, first_va);
		KUNIT_EXPECT_EQ(test, la.QuadPart, first_la.QuadPart);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(first_va, 0x11, SZ_4K));
	element_free(fixture, vector, 0);
	/* Empty, but there. */
	KUNIT_EXPECT_FALSE(test, get(fixture, vector, 0, &va, &la));
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

	KUNIT_ASSERT_EQ(test, alloc(fixture, 4, SZ_4K, &vector), STATUS_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_FALSE(test, get(fixture, vector, bad[i], &va, &la));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		element_free(fixture, vector, bad[i]);
	}
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, get(fixture, vector, i, &va, &la));
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
			KUNIT_EXPECT_TRUE(test, get(fixture, vector, i, &va, &la));
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

	KUNIT_EXPECT_FALSE(test, get(fixture, vector, 0, &va, &la));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
}

static void handles_that_are_none_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv, *other = wdmdma_test_fixture(test);
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_EQ(test, alloc(fixture, 2, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, alloc(fixture, 2, SZ_4K, NULL), STATUS_INVALID_PARAMETER);
	expect_no_element(test, fixture, NULL);
	expect_no_element(test, fixture, (void *)fixture);
	expect_no_element(test, other, vector);
	vector_free(other, vector);
	element_free(other, vector, 0);
	vector_free(fixture, NULL);
	vector_free(fixture, (void *)fixture);
	element_free(fixture, NULL, 0);
	element_free(fixture, (void *)fixture, 0);
	KUNIT_EXPECT_TRUE(test, get(fixture, vector, 0, &va, &la));
	KUNIT_EXPECT_TRUE(test, get(fixture, vector, 1, &va, &la));
	/* An output that is NULL is not written, and the other one is. */
	va = NULL;
	la.QuadPart = 0;
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, &va, NULL);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, NULL, &la);
	KUNIT_EXPECT_NOT_NULL(test, va);
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	memset(va, 0xa5, SZ_4K);
	/* An element is not freed as a buffer of its own. */
	fixture->ops->FreeCommonBuffer(fixture->adapter, SZ_4K, la, va, FALSE);
	KUNIT_EXPECT_TRUE(test, get(fixture, vector, 0, &va, &la));
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, SZ_4K));
	vector_free(fixture, vector);
	expect_no_element(test, fixture, vector);
	vector_free(fixture, vector);
	element_free(fixture, vector, 0);
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

	KUNIT_ASSERT_EQ(test, alloc(fixture, 2, SZ_4K, &vector), STATUS_SUCCESS);
	local_irq_save(flags);
	got = get(fixture, vector, 1, &va, &la);
	vector_free(fixture, vector);
	element_free(fixture, vector, 1);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, got);
	local_bh_disable();
	status = alloc(fixture, 2, SZ_4K, &none);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_NULL(test, none);
	KUNIT_EXPECT_TRUE(test, get(fixture, vector, 1, &va, &la));
	vector_free(fixture, vector);
}

static void large_page_vector_is_one_aligned_piece(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS first, la;
	PVOID first_va, va;
	ULONG i;

	KUNIT_ASSERT_EQ(test, alloc_below(fixture, U64_MAX, LARGE, 512, SZ_4K, &vector),
			STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, get(fixture, vector, 0, &first_va, &first));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(first.QuadPart, SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)first_va, SZ_2M));
	for (i = 1; i < 512; i++) {
		KUNIT_ASSERT_TRUE(test, get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_PTR_EQ(test, va, first_va + i * SZ_4K);
		KUNIT_ASSERT_EQ(test, la.QuadPart, first.QuadPart + i * SZ_4K);
	}
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(first_va, SZ_2M));
	vector_free(fixture, vector);
}

/* What is left is reported and taken back, at put and at unbind. */
static void leaked_vectors_are_taken_back(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;

	KUNIT_ASSERT_EQ(test, alloc(fixture, 100, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, alloc(fixture, 3, SZ_64K, &vector), STATUS_SUCCESS);
	element_free(fixture, vector, 1);
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_VECTOR, vector));
}

static struct pieces {
	size_t most;		/* bytes in one piece */
	unsigned int left;	/* so many pieces, and no more */
	int ret;		/* the answer to what is more */
	unsigned int asked, given, freed;
} pieces;

static DEFINE_SPINLOCK(pieces_lock);	/* threads free together */

static int pieces_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	int ret;

	pieces.asked++;
	if (buffer->size > pieces.most || pieces.given - pieces.freed == pieces.left) {
		request->why = "the test wants it";
		return pieces.ret;
	}
	ret = wdmdma_backend_direct.alloc(device, request, buffer);
	if (!ret)
		pieces.given++;
	return ret;
}

static void pieces_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	spin_lock(&pieces_lock);
	pieces.freed++;
	spin_unlock(&pieces_lock);
	wdmdma_backend_direct.free(device, buffer);
}

static const struct wdmdma_backend pieces_backend = {
	.name = "pieces",
	.alloc = pieces_alloc,
	.free = pieces_free,
};

/* From now on the device has memory in pieces of @most bytes only. */
static void use_pieces(struct kunit *test, size_t most, int ret)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(fixture->adapter);

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	pieces = (struct pieces){ .most = most, .left = UINT_MAX, .ret = ret };
	adapter->device->backend = &pieces_backend;
	wdmdma_adapter_put(adapter);
}

static const struct piece_row {
	const char *name;
	ULONG count;
	ULONGLONG size;
	size_t most;
	int ret;
	unsigned int blocks;
} piece_rows[] = {
	{ "1024 elements, 64 KiB", 1024, SZ_4K, SZ_64K, -ENOMEM, 64 },
	{ "1024 elements, single pages", 1024, SZ_4K, SZ_4K, -ENOMEM, 1024 },
	{ "1000 elements, 96 KiB: 16 at a time", 1000, SZ_4K, 96 * SZ_1K, -ENOMEM, 63 },
	{ "7 of 5000 bytes, 16 KiB: the last is alone", 7, 5000, SZ_16K, -ENOMEM, 4 },
	{ "3 of 64 KiB, one byte short of two", 3, SZ_64K, SZ_128K - 1, -ENOMEM, 3 },
	{ "does not fit between the limits", 64, SZ_4K, SZ_32K, -EINVAL, 8 },
};

KUNIT_ARRAY_PARAM_DESC(piece, piece_rows, name);

static void vector_comes_in_smaller_pieces(struct kunit *test)
{
	const struct piece_row *row = test->param_value;
	size_t size = PAGE_ALIGN(row->size);
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG i;

	use_pieces(test, row->most, row->ret);
	KUNIT_ASSERT_EQ(test, alloc(fixture, row->count, row->size, &vector), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, pieces.given - pieces.freed, row->blocks);
	for (i = 0; i < row->count; i++) {
		KUNIT_ASSERT_TRUE(test, get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va));
		/* Zero until it is written: so no two elements overlap. */
		KUNIT_ASSERT_TRUE(test, wdmdma_test_is_zero(va, size));
		memset(va, 0xff, size);
		*(ULONG *)va = i;
	}
	for (i = row->count; i--; ) {
		KUNIT_ASSERT_TRUE(test, get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_EQ(test, *(ULONG *)va, i);
	}
	KUNIT_EXPECT_FALSE(test, get(fixture, vector, row->count, &va, &la));
	vector_free(fixture, vector);
	KUNIT_EXPECT_EQ(test, pieces.given, pieces.freed);
}

static void memory_goes_back_with_the_last_element_of_a_piece(struct kunit *test)
{
	static const struct { ULONG index; unsigned int freed; } steps[] = {
		{ 0, 0 }, { 2, 0 }, { 1, 1 }, { 1, 1 }, { 6, 2 }, { 7, 2 }, { 3, 3 },
	};
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	PVOID va;

	use_pieces(test, SZ_8K, -ENOMEM);
	KUNIT_ASSERT_EQ(test, alloc(fixture, 7, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, pieces.given - pieces.freed, 4U);
	pieces.given = 4;
	pieces.freed = 0;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		element_free(fixture, vector, steps[i].index);
		KUNIT_EXPECT_EQ(test, pieces.freed, steps[i].freed);
	}
	KUNIT_EXPECT_TRUE(test, get(fixture, vector, 4, &va, &la));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, SZ_4K));
	vector_free(fixture, vector);
	KUNIT_EXPECT_EQ(test, pieces.freed, 4U);
}

static void pieces_that_are_too_few_are_given_back(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = (void *)1;

	use_pieces(test, SZ_8K, -ENOMEM);
	pieces.left = 7;
	KUNIT_EXPECT_EQ(test, alloc(fixture, 16, SZ_4K, &vector), STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, vector);
	/* Seven of two elements, then seven of one. */
	KUNIT_EXPECT_EQ(test, pieces.given, 14U);
	KUNIT_EXPECT_EQ(test, pieces.freed, 14U);
}

/* Smaller pieces help against want of room, and against nothing else. */
static void other_failures_are_final(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = (void *)1;

	use_pieces(test, 0, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, alloc(fixture, 16, SZ_4K, &vector), STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_NULL(test, vector);
	KUNIT_EXPECT_EQ(test, pieces.asked, 1U);

	use_pieces(test, SZ_2M, -ENOMEM);
	KUNIT_EXPECT_EQ(test, alloc_below(fixture, U64_MAX, LARGE, 513, SZ_4K, &vector),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, pieces.asked, 1U);
}

static void unbind_takes_back_what_is_left(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR whole, rest, late = (void *)1;
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG i;

	use_pieces(test, SZ_8K, -ENOMEM);
	KUNIT_ASSERT_EQ(test, alloc(fixture, 8, SZ_4K, &whole), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, alloc(fixture, 8, SZ_4K, &rest), STATUS_SUCCESS);
	for (i = 0; i < 3; i++)
		element_free(fixture, rest, i);
	KUNIT_EXPECT_EQ(test, pieces.freed, 1U);

	kunit_device_unregister(test, fixture->dev);
	KUNIT_EXPECT_EQ(test, pieces.given, 8U);
	KUNIT_EXPECT_EQ(test, pieces.freed, 8U);
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_VECTOR, whole));
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_VECTOR, rest));
	KUNIT_EXPECT_FALSE(test, get(fixture, whole, 0, &va, &la));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, alloc(fixture, 8, SZ_4K, &late), STATUS_DELETE_PENDING);
	KUNIT_EXPECT_NULL(test, late);
	element_free(fixture, rest, 7);
	vector_free(fixture, whole);
	KUNIT_EXPECT_EQ(test, pieces.freed, 8U);
}

#define THREADS	2
#define SHARED	256	/* what all of them free, one after the other */

/* Threads that free the same at the same time. */
struct race {
	struct wdmdma_fixture *fixture;
	PDMA_COMMON_BUFFER_VECTOR vector[SHARED];
	void (*free)(struct race *race, ULONG n);
	int threads;
	atomic_t arrived;
	struct completion go, done;
};

/* Wait until all threads are here, awake, so that they go on at the same time. */
static void race_meet(struct race *race, ULONG n)
{
	int all = race->threads * (n + 1);

	atomic_inc(&race->arrived);
	while (atomic_read(&race->arrived) < all) {
		cpu_relax();
		cond_resched();
	}
}

static int race_run(void *data)
{
	struct race *race = data;
	ULONG n;

	wait_for_completion(&race->go);
	for (n = 0; n < SHARED; n++) {
		race_meet(race, n);
		race->free(race, n);
	}
	kthread_complete_and_exit(&race->done, 0);
}

static void race_all(struct kunit *test, struct race *race)
{
	unsigned int n;

	init_completion(&race->go);
	init_completion(&race->done);
	for (n = 0; n < THREADS; n++) {
		if (IS_ERR(kthread_run(race_run, race, "wdmdma-race")))
			KUNIT_FAIL(test, "no thread");
		else
			race->threads++;
	}
	complete_all(&race->go);
	for (n = race->threads; n; n--)
		wait_for_completion(&race->done);
}

static struct race *race_new(struct kunit *test, void (*free)(struct race *race, ULONG n))
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->fixture = test->priv;
	race->free = free;
	return race;
}

static void race_vector(struct race *race, ULONG n)
{
	vector_free(race->fixture, race->vector[n]);
}

/* Who is late frees an element of a vector that is going, or gone. */
static void race_element_and_vector(struct race *race, ULONG n)
{
	element_free(race->fixture, race->vector[n], 1);
	vector_free(race->fixture, race->vector[n]);
}

static void race_element(struct race *race, ULONG n)
{
	element_free(race->fixture, race->vector[0], 2 * n);
}

static const struct race_row {
	const char *name;
	void (*free)(struct race *race, ULONG n);
} race_rows[] = {
	{ "the vector", race_vector },
	{ "an element, then the vector", race_element_and_vector },
};

KUNIT_ARRAY_PARAM_DESC(race, race_rows, name);

static void threads_that_free_one_vector_free_it_once(struct kunit *test)
{
	const struct race_row *row = test->param_value;
	struct race *race = race_new(test, row->free);
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG n;

	use_pieces(test, SZ_4K, -ENOMEM);
	for (n = 0; n < SHARED; n++)
		KUNIT_ASSERT_EQ(test, alloc(race->fixture, 3, SZ_4K, &race->vector[n]),
				STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, pieces.given, 3U * SHARED);
	race_all(test, race);
	KUNIT_EXPECT_EQ(test, pieces.freed, 3U * SHARED);
	for (n = 0; n < SHARED; n++)
		KUNIT_EXPECT_FALSE(test, get(race->fixture, race->vector[n], 0, &va, &la));
}

/* The first of two elements in a piece: freed twice it would take the piece from the second. */
static void threads_that_free_one_element_free_it_once(struct kunit *test)
{
	struct race *race = race_new(test, race_element);
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG n;

	use_pieces(test, SZ_8K, -ENOMEM);
	KUNIT_ASSERT_EQ(test, alloc(race->fixture, 2 * SHARED, SZ_4K, &race->vector[0]),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, pieces.given - pieces.freed, (unsigned int)SHARED);
	pieces.freed = 0;
	race_all(test, race);
	KUNIT_EXPECT_EQ(test, pieces.freed, 0U);
	for (n = 0; n < SHARED; n++) {
		KUNIT_EXPECT_FALSE(test, get(race->fixture, race->vector[0], 2 * n, &va, &la));
		KUNIT_EXPECT_TRUE(test, get(race->fixture, race->vector[0], 2 * n + 1, &va, &la));
		element_free(race->fixture, race->vector[0], 2 * n + 1);
		KUNIT_EXPECT_EQ(test, pieces.freed, n + 1);
	}
	vector_free(race->fixture, race->vector[0]);
	KUNIT_EXPECT_EQ(test, pieces.freed, (unsigned int)SHARED);
}

/* Each element in a piece of its own, so that its memory goes when it is freed. */
static void uncached_elements_are_cached_again_once_freed(struct kunit *test)
{
	enum { COUNT = 6 };
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = -1 }, la[COUNT];
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PVOID va[COUNT];
	NTSTATUS status;
	ULONG i;

	use_pieces(test, SZ_4K, -ENOMEM);
	status = fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, MmNonCached,
							  0, 0, COUNT, SZ_4K, &vector);
	KUNIT_EXPECT_EQ(test, status, wdmdma_test_can_uncache(fixture->dev) ? STATUS_SUCCESS :
								      STATUS_NOT_SUPPORTED);
	if (wdmdma_test_refuses_uncached(test, vector))
		return;
	for (i = 0; i < COUNT; i++) {
		KUNIT_ASSERT_TRUE(test, get(fixture, vector, i, &va[i], &la[i]));
		KUNIT_EXPECT_EQ(test, (u64)la[i].QuadPart, (u64)wdmdma_test_physical(va[i]));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va[i]));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(phys_to_virt(la[i].QuadPart)));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va[i], SZ_4K));
		memset(va[i], 0x10 + i, SZ_4K);
	}
	for (i = 0; i < COUNT - 2; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(va[i], 0x10 + i, SZ_4K));
		element_free(fixture, vector, i);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(phys_to_virt(la[i].QuadPart)));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va[i + 1]));
	}
	for (; i < COUNT; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(va[i], 0x10 + i, SZ_4K));
	vector_free(fixture, vector);
	for (i = 0; i < COUNT; i++)
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(phys_to_virt(la[i].QuadPart)));
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
		KUNIT_EXPECT_TRUE(test, get(fixture, vector, i, &va, &la));
		KUNIT_EXPECT_GE(test, la.QuadPart, low.QuadPart);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va));
	}
	vector_free(fixture, vector);
}

static void alloc_and_free(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	NTSTATUS status = alloc(fixture, 20, SZ_4K, &vector);

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
	KUNIT_CASE(leaked_vectors_are_taken_back),
	KUNIT_CASE_PARAM(vector_comes_in_smaller_pieces, piece_gen_params),
	KUNIT_CASE(memory_goes_back_with_the_last_element_of_a_piece),
	KUNIT_CASE(pieces_that_are_too_few_are_given_back),
	KUNIT_CASE(other_failures_are_final),
	KUNIT_CASE(unbind_takes_back_what_is_left),
	KUNIT_CASE_PARAM(threads_that_free_one_vector_free_it_once, race_gen_params),
	KUNIT_CASE(threads_that_free_one_element_free_it_once),
	KUNIT_CASE(uncached_elements_are_cached_again_once_freed),
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
