// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors in several blocks, how their memory is freed, and threads that free the same
 * vectors at the same time (core/vector.c).
 */
#include <kunit/device.h>
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/backends.h"
#include "core/adapter.h"
#include "lib/handle.h"
#include "helpers.h"
#include "objects.h"
#include "vector.h"

#define LARGE	DOMAIN_COMMON_BUFFER_LARGE_PAGE

static struct pieces {
	size_t most;		/* longest block in bytes */
	unsigned int left;	/* most blocks at a time */
	int ret;		/* result of a refused allocation */
	unsigned int asked, given, freed;
} pieces;

static DEFINE_SPINLOCK(pieces_lock);	/* threads free at the same time */

static int pieces_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	int ret;

	pieces.asked++;
	if (wdmdma_buffer_size(buffer) > pieces.most ||
	    pieces.given - pieces.freed == pieces.left) {
		request->refusal.reason = "the test wants it";
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

/* From now on the device's backend allocates blocks of at most @most bytes. */
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
	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, row->count, row->size, &vector),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, pieces.given - pieces.freed, row->blocks);
	for (i = 0; i < row->count; i++) {
		KUNIT_ASSERT_TRUE(test, vector_get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_EQ(test, (u64)la.QuadPart, (u64)virt_to_phys(va));
		/*
		 * An element must be zeroed until the case writes to it, so that no
		 * two elements overlap.
		 */
		KUNIT_ASSERT_TRUE(test, wdmdma_test_is_zero(va, size));
		memset(va, 0xff, size);
		*(ULONG *)va = i;
	}
	for (i = row->count; i--; ) {
		KUNIT_ASSERT_TRUE(test, vector_get(fixture, vector, i, &va, &la));
		KUNIT_ASSERT_EQ(test, *(ULONG *)va, i);
	}
	KUNIT_EXPECT_FALSE(test, vector_get(fixture, vector, row->count, &va, &la));
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
	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 7, SZ_4K, &vector), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, pieces.given - pieces.freed, 4U);
	pieces.given = 4;
	pieces.freed = 0;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		vector_element_free(fixture, vector, steps[i].index);
		KUNIT_EXPECT_EQ(test, pieces.freed, steps[i].freed);
	}
	KUNIT_EXPECT_TRUE(test, vector_get(fixture, vector, 4, &va, &la));
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
	KUNIT_EXPECT_EQ(test, vector_alloc(fixture, 16, SZ_4K, &vector),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, vector);
	/* Seven blocks of two elements, then seven blocks of one element. */
	KUNIT_EXPECT_EQ(test, pieces.given, 14U);
	KUNIT_EXPECT_EQ(test, pieces.freed, 14U);
}

/* Smaller blocks are tried for want of memory only. Any other failure must be final. */
static void other_failures_are_final(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = (void *)1;

	use_pieces(test, 0, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vector_alloc(fixture, 16, SZ_4K, &vector), STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_NULL(test, vector);
	KUNIT_EXPECT_EQ(test, pieces.asked, 1U);

	use_pieces(test, SZ_2M, -ENOMEM);
	KUNIT_EXPECT_EQ(test, vector_alloc_below(fixture, U64_MAX, LARGE, 513, SZ_4K, &vector),
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
	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 8, SZ_4K, &whole), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, vector_alloc(fixture, 8, SZ_4K, &rest), STATUS_SUCCESS);
	for (i = 0; i < 3; i++)
		vector_element_free(fixture, rest, i);
	KUNIT_EXPECT_EQ(test, pieces.freed, 1U);

	kunit_device_unregister(test, fixture->dev);
	KUNIT_EXPECT_EQ(test, pieces.given, 8U);
	KUNIT_EXPECT_EQ(test, pieces.freed, 8U);
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_VECTOR, whole));
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_VECTOR, rest));
	KUNIT_EXPECT_FALSE(test, vector_get(fixture, whole, 0, &va, &la));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, vector_alloc(fixture, 8, SZ_4K, &late), STATUS_DELETE_PENDING);
	KUNIT_EXPECT_NULL(test, late);
	vector_element_free(fixture, rest, 7);
	vector_free(fixture, whole);
	KUNIT_EXPECT_EQ(test, pieces.freed, 8U);
}

#define THREADS	2
#define SHARED	256	/* vectors or elements that all threads free, in order */

/* Threads that free the same object at the same time. */
struct race {
	struct wdmdma_fixture *fixture;
	PDMA_COMMON_BUFFER_VECTOR vector[SHARED];
	void (*free)(struct race *race, ULONG n);
	int threads;
	atomic_t arrived;
	struct completion go, done;
};

/*
 * Wait until all threads have arrived. The threads stay awake, so that they go
 * on at the same time.
 */
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

/* The slower thread frees an element of a vector that is being freed or is gone. */
static void race_element_and_vector(struct race *race, ULONG n)
{
	vector_element_free(race->fixture, race->vector[n], 1);
	vector_free(race->fixture, race->vector[n]);
}

static void race_element(struct race *race, ULONG n)
{
	vector_element_free(race->fixture, race->vector[0], 2 * n);
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
		KUNIT_ASSERT_EQ(test, vector_alloc(race->fixture, 3, SZ_4K, &race->vector[n]),
				STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, pieces.given, 3U * SHARED);
	race_all(test, race);
	KUNIT_EXPECT_EQ(test, pieces.freed, 3U * SHARED);
	for (n = 0; n < SHARED; n++)
		KUNIT_EXPECT_FALSE(test, vector_get(race->fixture, race->vector[n], 0, &va, &la));
}

/*
 * The element is the first of two in its block. A second free of the element must not free
 * the block while the other element is in use.
 */
static void threads_that_free_one_element_free_it_once(struct kunit *test)
{
	struct race *race = race_new(test, race_element);
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG n;

	use_pieces(test, SZ_8K, -ENOMEM);
	KUNIT_ASSERT_EQ(test, vector_alloc(race->fixture, 2 * SHARED, SZ_4K, &race->vector[0]),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, pieces.given - pieces.freed, (unsigned int)SHARED);
	pieces.freed = 0;
	race_all(test, race);
	KUNIT_EXPECT_EQ(test, pieces.freed, 0U);
	for (n = 0; n < SHARED; n++) {
		KUNIT_EXPECT_FALSE(test,
				   vector_get(race->fixture, race->vector[0], 2 * n, &va, &la));
		KUNIT_EXPECT_TRUE(test,
				  vector_get(race->fixture, race->vector[0], 2 * n + 1, &va, &la));
		vector_element_free(race->fixture, race->vector[0], 2 * n + 1);
		KUNIT_EXPECT_EQ(test, pieces.freed, n + 1);
	}
	vector_free(race->fixture, race->vector[0]);
	KUNIT_EXPECT_EQ(test, pieces.freed, (unsigned int)SHARED);
}

/* Each element has a block of its own, so that its memory is freed with the element. */
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
		KUNIT_ASSERT_TRUE(test, vector_get(fixture, vector, i, &va[i], &la[i]));
		KUNIT_EXPECT_EQ(test, (u64)la[i].QuadPart, (u64)wdmdma_test_physical(va[i]));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va[i]));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(phys_to_virt(la[i].QuadPart)));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va[i], SZ_4K));
		memset(va[i], 0x10 + i, SZ_4K);
	}
	for (i = 0; i < COUNT - 2; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(va[i], 0x10 + i, SZ_4K));
		vector_element_free(fixture, vector, i);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(phys_to_virt(la[i].QuadPart)));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va[i + 1]));
	}
	for (; i < COUNT; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(va[i], 0x10 + i, SZ_4K));
	vector_free(fixture, vector);
	for (i = 0; i < COUNT; i++)
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(phys_to_virt(la[i].QuadPart)));
}

static struct kunit_case vector_pieces_cases[] = {
	KUNIT_CASE_PARAM(vector_comes_in_smaller_pieces, piece_gen_params),
	KUNIT_CASE(memory_goes_back_with_the_last_element_of_a_piece),
	KUNIT_CASE(pieces_that_are_too_few_are_given_back),
	KUNIT_CASE(other_failures_are_final),
	KUNIT_CASE(unbind_takes_back_what_is_left),
	KUNIT_CASE_PARAM(threads_that_free_one_vector_free_it_once, race_gen_params),
	KUNIT_CASE(threads_that_free_one_element_free_it_once),
	KUNIT_CASE(uncached_elements_are_cached_again_once_freed),
	{}
};

static struct kunit_suite vector_pieces_suite = {
	.name = "wdmdma_vector_pieces",
	.init = wdmdma_test_fixture_init,
	.test_cases = vector_pieces_cases,
};

kunit_test_suite(vector_pieces_suite);
