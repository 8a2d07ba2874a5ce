// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that drivers rely on without stating them. Each case is a habit of real drivers. A
 * case runs on the edu device where the machine has one, with or without an IOMMU, and
 * otherwise on the fake device. Habits that concern a single call are in the suite of that
 * call. Documentation/api.rst has the whole list.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include <wdmdma/mdl.h>

#include "backend/translation.h"
#include "core/recycle.h"
#include "edu.h"
#include "helpers.h"

static int rules_init(struct kunit *test)
{
	test->priv = wdmdma_test_fixture_on(test, edu_or_fake_device(test), 32);
	return 0;
}

struct buffer {
	void *va;
	PHYSICAL_ADDRESS la;
};

static void *alloc_low(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS *la)
{
	u64 last = wdmdma_test_has_room(fixture->dev, 0, 0xffffff) ? 0xffffff : 0x7fffffff;

	return wdmdma_test_alloc_below(fixture, last, length, la, TRUE);
}

static void *alloc_uncached(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS *la)
{
	return wdmdma_test_alloc_below(fixture, U64_MAX, length, la,
				       !wdmdma_test_can_uncache(fixture->dev));
}

static void *alloc_bounded(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS *la)
{
	return wdmdma_test_alloc_between(fixture, SZ_4K, 0xbfffffff, length, 0, la);
}

/* Large pages exist only for a cache coherent device. */
static void *alloc_large(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS *la)
{
	if (!dev_is_dma_coherent(fixture->dev))
		return wdmdma_test_alloc(fixture, length, la);
	return wdmdma_test_alloc_between(fixture, 0, U64_MAX, length,
					 DOMAIN_COMMON_BUFFER_LARGE_PAGE, la);
}

/* The ways to allocate a common buffer. Each rule is tried on memory of every kind. */
static const struct kind_row {
	const char *name;
	void *(*alloc)(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS *la);
} kind_rows[] = {
	{ "AllocateCommonBuffer", wdmdma_test_alloc },
	{ "AllocateCommonBufferEx below 16 MiB", alloc_low },
	{ "AllocateCommonBufferEx uncached", alloc_uncached },
	{ "AllocateCommonBufferWithBounds", alloc_bounded },
	{ "AllocateCommonBufferWithBounds with large pages", alloc_large },
};

KUNIT_ARRAY_PARAM_DESC(kind, kind_rows, name);

/* Slice allocators use 0 for "none", and they expect whole pages even for a request of 8 bytes. */
static void eight_bytes_are_pages_of_their_own_and_never_at_0(struct kunit *test)
{
	enum { COUNT = 24 };
	const struct kind_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	struct buffer *buffer = kunit_kcalloc(test, COUNT, sizeof(*buffer), GFP_KERNEL);
	unsigned int n, i;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	for (n = 0; n < COUNT; n++) {
		buffer[n].va = row->alloc(fixture, 8, &buffer[n].la);
		KUNIT_ASSERT_NOT_NULL(test, buffer[n].va);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)buffer[n].va, SZ_4K));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)buffer[n].la.QuadPart, SZ_4K));
		KUNIT_EXPECT_NE(test, buffer[n].la.QuadPart, 0LL);
		/* Both addresses are page aligned, so different addresses mean different pages. */
		for (i = 0; i < n; i++) {
			KUNIT_EXPECT_NE(test, buffer[n].la.QuadPart, buffer[i].la.QuadPart);
			KUNIT_EXPECT_PTR_NE(test, buffer[n].va, buffer[i].va);
		}
	}
	while (n--)
		wdmdma_test_free(fixture, 8, buffer[n].la, buffer[n].va);
}

/*
 * Most drivers clear a new buffer. Some clear another buffer by mistake, and rely on memory
 * that arrives zeroed.
 */
static void memory_arrives_zeroed_when_it_is_used_again(struct kunit *test)
{
	const struct kind_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned int n;
	void *va;

	/* Recycled uncached memory is zeroed only if the administrator wants all to be zeroed. */
	if (row->alloc == alloc_uncached) {
		KUNIT_ASSERT_EQ(test, wdmdma_recycle_set_zero("all"), 0);
		fixture = wdmdma_test_fixture_on(test, fixture->dev, 32);
		wdmdma_recycle_set_zero("cached");
	}
	for (n = 0; n < 8; n++) {
		va = row->alloc(fixture, SZ_64K - 100, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, SZ_64K));
		memset(va, 0xff, SZ_64K);
		wdmdma_test_free(fixture, SZ_64K - 100, la, va);
	}
}

/*
 * Some of the memory is never used for DMA. Drivers keep tables there that several CPUs
 * update with locked operations.
 */
static void locked_operations_work_as_on_ordinary_memory(struct kunit *test)
{
	const struct kind_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned long *bits;
	atomic64_t *counter;
	u8 *va;
	u32 *word;

	va = row->alloc(fixture, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	word = (u32 *)(va + SZ_4K - 4);
	counter = (atomic64_t *)(va + SZ_4K);
	bits = (unsigned long *)(va + SZ_8K - 8);

	KUNIT_EXPECT_EQ(test, cmpxchg(word, 0, 5), 0U);
	KUNIT_EXPECT_EQ(test, cmpxchg(word, 0, 6), 5U);
	KUNIT_EXPECT_EQ(test, cmpxchg(word, 5, 7), 5U);
	KUNIT_EXPECT_EQ(test, xchg(word, 0xdeadbeef), 7U);
	KUNIT_EXPECT_EQ(test, *word, 0xdeadbeefU);

	KUNIT_EXPECT_EQ(test, atomic64_add_return(1LL << 40, counter), 1LL << 40);
	KUNIT_EXPECT_EQ(test, atomic64_cmpxchg(counter, 1LL << 40, -1), 1LL << 40);
	KUNIT_EXPECT_TRUE(test, atomic64_inc_and_test(counter));

	KUNIT_EXPECT_FALSE(test, test_and_set_bit(63, bits));
	KUNIT_EXPECT_TRUE(test, test_and_set_bit(63, bits));
	KUNIT_EXPECT_TRUE(test, test_and_clear_bit(63, bits));
	KUNIT_EXPECT_EQ(test, *bits, 0UL);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

/*
 * Completion routines free at DISPATCH_LEVEL, and failure paths free under
 * the driver's own lock.
 */
static void frees_work_at_dispatch_and_under_a_drivers_spin_lock(struct kunit *test)
{
	const struct kind_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	struct buffer buffer[4];
	unsigned long flags;
	spinlock_t lock;	/* the driver's own */
	unsigned int n;

	spin_lock_init(&lock);
	for (n = 0; n < ARRAY_SIZE(buffer); n++) {
		buffer[n].va = row->alloc(fixture, 100, &buffer[n].la);
		KUNIT_ASSERT_NOT_NULL(test, buffer[n].va);
	}
	local_bh_disable();
	wdmdma_test_free(fixture, 100, buffer[0].la, buffer[0].va);
	local_bh_enable();

	spin_lock_bh(&lock);
	wdmdma_test_free(fixture, 100, buffer[1].la, buffer[1].va);
	spin_unlock_bh(&lock);

	spin_lock_irqsave(&lock, flags);
	wdmdma_test_free(fixture, 100, buffer[2].la, buffer[2].va);
	wdmdma_test_free(fixture, 100, buffer[3].la, buffer[3].va);
	spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

static const struct wrap_row {
	const char *name;
	u32 sectors;
	ULONG length;	/* sectors * 512, truncated to 32 bits */
	bool refused;
} wrap_rows[] = {
	{ "8388608 sectors: 0 bytes", 0x800000, 0, true },
	{ "8388607 sectors: all but 512 bytes", 0x7fffff, 0xfffffe00, true },
	{ "-1 sectors", 0xffffffff, 0xfffffe00, true },
	{ "-8 sectors: all but a page", 0xfffffff8, 0xfffff000, true },
	{ "8388609 sectors: 512 bytes", 0x800001, 512 },
};

KUNIT_ARRAY_PARAM_DESC(wrap, wrap_rows, name);

/*
 * The length may come from user space. A call must either refuse the length or return a
 * buffer of exactly that length.
 */
static void length_that_wrapped_is_refused_or_taken_as_it_is(struct kunit *test)
{
	const struct wrap_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	ULONG length = row->sectors * 512;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	KUNIT_ASSERT_EQ(test, length, row->length);
	for (i = 0; i < ARRAY_SIZE(kind_rows); i++) {
		va = kind_rows[i].alloc(fixture, length, &la);
		KUNIT_EXPECT_EQ(test, !va, row->refused);
		KUNIT_EXPECT_EQ(test, !la.QuadPart, row->refused);
		if (va)
			wdmdma_test_free(fixture, length, la, va);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

/* A maximum of -1 must not be compared as a signed number. */
static void minus_one_is_no_limit(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	bool direct = !wdmdma_iommu_translates(fixture->dev);
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	void *va;

	va = wdmdma_test_alloc_below(fixture, -1, SZ_64K, &la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	/* The device must get the address of the memory itself and not of a copy. */
	if (direct)
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)wdmdma_test_physical(va));
	wdmdma_test_free(fixture, SZ_64K, la, va);

	va = wdmdma_test_alloc_between(fixture, 0, -1, SZ_64K, 0, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	if (direct)
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)wdmdma_test_physical(va));
	wdmdma_test_free(fixture, SZ_64K, la, va);

	vector = wdmdma_test_vector(fixture, -1, wdmdma_test_cache(fixture->dev), 0, 4);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);

	va = MmAllocateContiguousMemory(SZ_64K, (PHYSICAL_ADDRESS){ .QuadPart = -1 });
	KUNIT_ASSERT_NOT_NULL(test, va);
	MmFreeContiguousMemory(va);
}

/*
 * A driver tries its own node first, and any other node if that fails. The first call must
 * therefore fail if the node does not exist.
 */
static void node_is_a_preference_and_failure_allows_another_try(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	NODE_REQUIREMENT nodes[] = { 0, MAX_NUMNODES, MM_ANY_NODE_OK };
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;
	int node;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		la.QuadPart = 1;
		va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_64K, &la, TRUE,
							  nodes[i]);
		KUNIT_EXPECT_EQ(test, !va, nodes[i] == MAX_NUMNODES);
		KUNIT_EXPECT_EQ(test, !la.QuadPart, !va);
		if (va)
			wdmdma_test_free(fixture, SZ_64K, la, va);
	}
	/* Include nodes that are possible but not online. */
	for_each_node(node) {
		va = fixture->ops->AllocateCommonBufferWithBounds(fixture->adapter, NULL, NULL,
								  SZ_64K, 0, NULL, node, &la);
		KUNIT_EXPECT_NOT_NULL(test, va);
		if (va)
			wdmdma_test_free(fixture, SZ_64K, la, va);
	}
}

/*
 * A boundary must not be doubled, and must limit the place and not only the length. Memory can only
 * lie across its boundary if the memory is longer than the largest block of the buddy allocator and
 * the boundary is longer still.
 */
static void short_memory_does_not_cross_its_boundary(struct kunit *test)
{
	static const struct { SIZE_T length; u64 boundary; } wanted[] = {
		{ SZ_4K, SZ_64K }, { 9 * SZ_4K, SZ_64K }, { SZ_64K, SZ_64K }, { 5 * SZ_1M, SZ_8M },
	};
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = -1 };
	unsigned int i, n;
	void *va[6];
	u64 first;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		PHYSICAL_ADDRESS boundary = { .QuadPart = wanted[i].boundary };

		for (n = 0; n < ARRAY_SIZE(va); n++) {
			va[n] = MmAllocateContiguousMemorySpecifyCache(wanted[i].length, low, high,
								       boundary, MmCached);
			/* The machine may not have that much contiguous memory. */
			if (!va[n] && wanted[i].length > SZ_4M)
				break;
			KUNIT_ASSERT_NOT_NULL(test, va[n]);
			first = wdmdma_test_physical(va[n]);
			KUNIT_EXPECT_EQ(test, first / wanted[i].boundary,
					(first + wanted[i].length - 1) / wanted[i].boundary);
		}
		while (n--)
			MmFreeContiguousMemory(va[n]);
		/*
		 * Memory that is longer than its boundary must be refused. The boundary
		 * must not be doubled.
		 */
		va[0] = MmAllocateContiguousMemorySpecifyCache(wanted[i].boundary + 1, low, high,
							       boundary, MmCached);
		KUNIT_EXPECT_NULL(test, va[0]);
	}
}

static struct kunit_case rules_cases[] = {
	KUNIT_CASE_PARAM(eight_bytes_are_pages_of_their_own_and_never_at_0, kind_gen_params),
	KUNIT_CASE_PARAM(memory_arrives_zeroed_when_it_is_used_again, kind_gen_params),
	KUNIT_CASE_PARAM(locked_operations_work_as_on_ordinary_memory, kind_gen_params),
	KUNIT_CASE_PARAM(frees_work_at_dispatch_and_under_a_drivers_spin_lock, kind_gen_params),
	KUNIT_CASE_PARAM(length_that_wrapped_is_refused_or_taken_as_it_is, wrap_gen_params),
	KUNIT_CASE(minus_one_is_no_limit),
	KUNIT_CASE(node_is_a_preference_and_failure_allows_another_try),
	KUNIT_CASE(short_memory_does_not_cross_its_boundary),
	{}
};

static struct kunit_suite rules_suite = {
	.name = "wdmdma_rules",
	.init = rules_init,
	.test_cases = rules_cases,
};

kunit_test_suite(rules_suite);
