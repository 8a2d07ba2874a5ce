// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address limits with a real (emulated) device, with an IOMMU or without one. A buffer
 * must obey the highest and lowest address that a driver passes and the device's own
 * address lines, and a low limit must not disturb other users. bounds_kunit.c has the
 * cases that need no device.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "core/vector.h"
#include "edu.h"
#include "helpers.h"

#define LAST_OF_32	0xffffffffULL
#define LAST_OF_28	0xfffffffULL
/*
 * Longer than any address that the kernel's IOVA caches hold, so that each request is a
 * search. Also a multiple of the page block size, because the kernel can empty page
 * blocks whatever lies next to them.
 */
#define PLACE		SZ_4M
#define TRIES		8

static int live_bounds_init(struct kunit *test)
{
	edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	return 0;
}

static void expect_between(struct kunit *test, PHYSICAL_ADDRESS la, u64 first, u64 last,
			   size_t size)
{
	u64 start = la.QuadPart;

	KUNIT_EXPECT_NE(test, start, 0ULL);
	KUNIT_EXPECT_GE(test, start, first);
	KUNIT_EXPECT_LE(test, start, last);
	KUNIT_EXPECT_LE(test, start + size - 1, last);
}

static const struct limit_row {
	const char *name;
	u64 maximum;
} limit_rows[] = {
	{ "0xBFFFFFFF", 0xbfffffff },
	{ "0x7FFFFFFF", 0x7fffffff },
	{ "0x2FFFFFFF", 0x2fffffff },
	{ "0xFFFFFF", 0xffffff },
	{ "-1", U64_MAX },
	{ "HighPart -1, LowPart 0xFFFFFF", 0xffffffff00ffffff },
	{ "HighPart 0xDEADBEEF, LowPart 0x7FFFFFFF", 0xdeadbeef7fffffff },
	{ "HighPart 0x80000000, LowPart 0", 1ULL << 63 },
};

KUNIT_ARRAY_PARAM_DESC(limit, limit_rows, name);

/* Expect refusals, because without an IOMMU there may be no memory that low. */
static void expect_no_buffers_below(struct kunit *test, u64 maximum)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la = { .QuadPart = 1 };

	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc_below(fixture, maximum, SZ_8K, &la, TRUE));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	la.QuadPart = 1;
	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc_between(fixture, 0, maximum, SZ_8K, 0, &la));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_NULL(test, wdmdma_test_vector(fixture, maximum,
						   wdmdma_test_cache(fixture->dev), 0, 16));
}

/*
 * Limits must be unsigned whatever HighPart is, and the device's 32 address lines must
 * limit a buffer as well.
 */
static void every_call_keeps_the_limit(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	u64 last = min_t(u64, row->maximum, LAST_OF_32);
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	ULONG i;
	PVOID va;

	if (!wdmdma_test_has_room(fixture->dev, 0, last)) {
		expect_no_buffers_below(test, row->maximum);
		return;
	}
	va = wdmdma_test_alloc_below(fixture, row->maximum, SZ_8K, &la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_between(test, la, SZ_4K, last, SZ_8K);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	va = wdmdma_test_alloc_between(fixture, 0, row->maximum, SZ_8K, 0, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_between(test, la, SZ_4K, last, SZ_8K);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	vector = wdmdma_test_vector(fixture, row->maximum, wdmdma_test_cache(fixture->dev), 0, 16);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	for (i = 0; i < 16; i++) {
		fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, i, &va,
							       &la);
		expect_between(test, la, SZ_4K, last, SZ_4K);
	}
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

static const struct limit_row minimum_rows[] = {
	{ "-1", U64_MAX },
	{ "HighPart -1, LowPart 0", 0xffffffff00000000 },
	{ "HighPart 0xDEADBEEF, LowPart 0x1000", 0xdeadbeef00001000 },
	{ "HighPart 0x80000000, LowPart 0", 1ULL << 63 },
	{ "HighPart 1, LowPart 0: the first beyond the device", 1ULL << 32 },
};

KUNIT_ARRAY_PARAM_DESC(minimum, minimum_rows, name);

static void minimum_beyond_the_device_is_refused(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	PHYSICAL_ADDRESS low = { .QuadPart = row->maximum }, high = { .QuadPart = U64_MAX }, la;
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = (void *)1;

	la.QuadPart = 1;
	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc_between(fixture, row->maximum, U64_MAX, SZ_4K, 0,
							  &la));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high,
								       MmCached, 0, 0, 2, SZ_4K,
								       &vector),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, vector);
}

/*
 * Return the highest of a few addresses that are free, or will be soon, because a lazy
 * IOMMU keeps freed addresses for 10 ms. A single address would not do. The IOMMU's
 * allocator continues downward from its last address, so that one may be among the
 * lowest.
 */
static u64 high_place(struct kunit *test, struct wdmdma_fixture *fixture, u64 maximum)
{
	PHYSICAL_ADDRESS la[4];
	void *va[4];
	u64 high = 0;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(va); n++) {
		va[n] = wdmdma_test_alloc_below(fixture, maximum, PLACE, &la[n], TRUE);
		if (!va[n])
			break;
		high = max_t(u64, high, la[n].QuadPart);
	}
	while (n--)
		wdmdma_test_free(fixture, PLACE, la[n], va[n]);
	msleep(20);
	KUNIT_ASSERT_NE(test, high, 0ULL);
	return high;
}

/*
 * Expect a buffer in a window of exactly its length, from its first page to its last.
 * Another user may take the free range first, so there are a few tries. Behind an IOMMU
 * the kernel chooses the address and knows no minimum, so that it may never choose this
 * address again.
 */
static void expect_one_place_is_met(struct kunit *test, struct wdmdma_fixture *fixture,
				    const struct edu *edu, u64 maximum)
{
	PHYSICAL_ADDRESS la;
	void *va = NULL;
	unsigned int n;
	u64 first;

	for (n = 0; n < TRIES && !va; n++) {
		first = high_place(test, fixture, maximum);
		va = wdmdma_test_alloc_between(fixture, first, first + PLACE - 2, PLACE, 0, &la);
		KUNIT_EXPECT_NULL(test, va);
		va = wdmdma_test_alloc_between(fixture, first + 1, first + PLACE - 1, PLACE, 0,
					       &la);
		KUNIT_EXPECT_NULL(test, va);
		va = wdmdma_test_alloc_between(fixture, first, first + PLACE - 1, PLACE, 0, &la);
	}
	if (!va && wdmdma_adapter_is_translated(fixture->adapter)) {
		kunit_mark_skipped(test, "the kernel chose other places, %u times", TRIES);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, first);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, PLACE - EDU_MOST, EDU_MOST);
	wdmdma_test_free(fixture, PLACE, la, va);
}

static void window_of_one_place_is_met(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;

	if (wdmdma_test_has_room(fixture->dev, 0, min_t(u64, row->maximum, LAST_OF_32)))
		expect_one_place_is_met(test, fixture, edu_at(EDU_SLOT_32_BITS), row->maximum);
	else
		expect_no_buffers_below(test, row->maximum);
}

/*
 * Expect that limits are obeyed which no DMA mask can express. The mask above such a
 * limit would allow a higher address.
 */
static void limit_that_is_no_mask_is_kept(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	u64 above = high_place(test, fixture, U64_MAX), limit;
	PHYSICAL_ADDRESS la;
	void *va;

	limit = above + PLACE - 2;
	KUNIT_EXPECT_NE(test, limit & (limit + 1), 0ULL);
	va = wdmdma_test_alloc_below(fixture, limit, PLACE, &la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_between(test, la, SZ_4K, limit, PLACE);
	wdmdma_test_free(fixture, PLACE, la, va);

	if (above <= 0xbfffffff) {
		kunit_info(test, "nothing above 0xbfffffff to be had by mistake\n");
		return;
	}
	va = wdmdma_test_alloc_below(fixture, 0xbfffffff, PLACE, &la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_between(test, la, SZ_4K, 0xbfffffff, PLACE);
	wdmdma_test_free(fixture, PLACE, la, va);
}

static const struct width_row {
	const char *name;
	ULONG width;
	u64 last;
} width_rows[] = {
	{ "24 bits", 24, 0xffffff },
	{ "28 bits", 28, LAST_OF_28 },
	{ "30 bits", 30, 0x3fffffff },
	{ "31 bits", 31, 0x7fffffff },
	{ "32 bits", 32, LAST_OF_32 },
	{ "33 bits, more than the device has", 33, LAST_OF_32 },
	{ "64 bits, more than the device has", 64, LAST_OF_32 },
};

KUNIT_ARRAY_PARAM_DESC(width, width_rows, name);

static void width_of_the_adapter_is_a_limit(struct kunit *test)
{
	const struct width_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	void *va;

	fixture = wdmdma_test_fixture_on(test, fixture->dev, row->width);
	va = wdmdma_test_alloc(fixture, SZ_8K, &la);
	if (!wdmdma_test_has_room(fixture->dev, 0, row->last)) {
		KUNIT_EXPECT_NULL(test, va);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_between(test, la, SZ_4K, row->last, SZ_8K);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	va = wdmdma_test_alloc_below(fixture, U64_MAX, SZ_8K, &la,
				     !wdmdma_test_can_uncache(fixture->dev));
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_between(test, la, SZ_4K, row->last, SZ_8K);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc_between(fixture, row->last + 1, U64_MAX, SZ_4K,
							  0, &la));
}

/* Get an adapter for the device with 28 address lines, with a description that promises 32. */
static struct wdmdma_fixture *fixture_of_28_bits(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_28_BITS);

	if (edu_is_there(test, EDU_SLOT_28_BITS)) {
		KUNIT_EXPECT_EQ(test, dma_get_mask(&edu->pdev->dev), LAST_OF_28);
		return wdmdma_test_fixture_on(test, &edu->pdev->dev, 32);
	}
	kunit_skip(test, "the machine has no edu device with 28 address lines");
	return NULL;
}

/*
 * The device silently cuts longer addresses, so only the copied bytes prove that an
 * address is right.
 */
static void device_of_28_bits_moves_bytes(struct kunit *test)
{
	static const ULONG lengths[] = { SZ_8K, SZ_64K, SZ_1M };
	struct wdmdma_fixture *fixture = fixture_of_28_bits(test);
	PHYSICAL_ADDRESS la[8];
	unsigned int i, n;
	void *va[8];

	if (!fixture)
		return;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (n = 0; n < ARRAY_SIZE(va); n++) {
			va[n] = wdmdma_test_alloc(fixture, lengths[i], &la[n]);
			KUNIT_ASSERT_NOT_NULL(test, va[n]);
			expect_between(test, la[n], SZ_4K, LAST_OF_28, lengths[i]);
		}
		edu_expect_round_trip(test, edu_at(EDU_SLOT_28_BITS), va[0], la[0].QuadPart, 0,
				      lengths[i] - SZ_4K, EDU_MOST);
		while (n--)
			wdmdma_test_free(fixture, lengths[i], la[n], va[n]);
	}
}

static void device_of_28_bits_moves_bytes_in_a_window(struct kunit *test)
{
	struct wdmdma_fixture *fixture = fixture_of_28_bits(test);

	if (fixture)
		expect_one_place_is_met(test, fixture, edu_at(EDU_SLOT_28_BITS), U64_MAX);
}

static const struct edge_row {
	const char *name;
	u64 first, last;
	ULONG length;
	bool never;	/* otherwise the result depends on the memory in use */
} edge_rows[] = {
	{ "the last page", LAST_OF_28 - SZ_4K + 1, LAST_OF_28, SZ_4K },
	{ "the last page and all above", LAST_OF_28 - SZ_4K + 1, U64_MAX, SZ_4K },
	{ "the last page without its first byte", LAST_OF_28 - SZ_4K + 2, U64_MAX, SZ_4K, true },
	{ "the first page", SZ_4K, SZ_8K - 1, SZ_4K },
	{ "page 0", 0, SZ_4K - 1, SZ_4K, true },
	{ "the page above the last", LAST_OF_28 + 1, LAST_OF_28 + SZ_4K, SZ_4K, true },
	{ "all above the last", LAST_OF_28 + 1, U64_MAX, SZ_4K, true },
	{ "half below, half above", LAST_OF_28 - SZ_4K + 1, LAST_OF_28 + SZ_4K, SZ_8K, true },
};

KUNIT_ARRAY_PARAM_DESC(edge, edge_rows, name);

static void device_of_28_bits_is_given_its_edges_or_nothing(struct kunit *test)
{
	const struct edge_row *row = test->param_value;
	struct wdmdma_fixture *fixture = fixture_of_28_bits(test);
	PHYSICAL_ADDRESS la;
	void *va;

	if (!fixture)
		return;
	va = wdmdma_test_alloc_between(fixture, row->first, row->last, row->length, 0, &la);
	if (!va) {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		KUNIT_EXPECT_FALSE(test, !row->never &&
				   wdmdma_test_must_reach(fixture->dev, row->first, row->last,
							  row->length));
		return;
	}
	KUNIT_EXPECT_FALSE(test, row->never);
	expect_between(test, la, row->first, min(row->last, LAST_OF_28), row->length);
	memset(va, 0, row->length);
	*(u8 *)va = 0x5a;
	KUNIT_EXPECT_EQ(test, edu_copy(edu_at(EDU_SLOT_28_BITS), la.QuadPart, EDU_BUFFER, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, edu_copy(edu_at(EDU_SLOT_28_BITS), EDU_BUFFER,
				       la.QuadPart + row->length - 1, 1, EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_EQ(test, ((u8 *)va)[row->length - 1], 0x5a);
	wdmdma_test_free(fixture, row->length, la, va);
}

static struct plain {
	struct wdmdma_fixture *fixture;
	struct completion done;
	unsigned int good, failed;
	bool stop;
} plain;

static int plain_thread(void *data)
{
	static const ULONG lengths[] = { SZ_4K, SZ_64K, SZ_256K, SZ_1M };
	PHYSICAL_ADDRESS la;
	unsigned int n;
	void *va;

	for (n = 0; !READ_ONCE(plain.stop); n++) {
		va = wdmdma_test_alloc(plain.fixture, lengths[n % ARRAY_SIZE(lengths)], &la);
		if (va) {
			plain.good++;
			wdmdma_test_free(plain.fixture, lengths[n % ARRAY_SIZE(lengths)], la, va);
		} else {
			plain.failed++;
		}
		cond_resched();
	}
	kthread_complete_and_exit(&plain.done, 0);
	return 0;
}

/* Allocations of one thread must succeed while another thread fails again and again. */
static void low_limits_do_not_disturb_other_threads(struct kunit *test)
{
	static const u64 limits[] = { 0xffff, 0x1ffff, 0x3ffff, 0x7ffff, 0xffffff };
	struct wdmdma_fixture *fixture = test->priv;
	unsigned int n, refused = 0;
	PHYSICAL_ADDRESS la;
	void *va;

	plain = (struct plain){ .fixture = fixture };
	init_completion(&plain.done);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(plain_thread, NULL, "wdmdma-plain"));
	for (n = 0; n < 100; n++) {
		va = wdmdma_test_alloc_below(fixture, limits[n % ARRAY_SIZE(limits)], SZ_64K, &la,
					     n & 1);
		if (va)
			wdmdma_test_free(fixture, SZ_64K, la, va);
		else
			refused++;
	}
	WRITE_ONCE(plain.stop, true);
	wait_for_completion(&plain.done);
	KUNIT_EXPECT_EQ(test, plain.failed, 0U);
	KUNIT_EXPECT_GT(test, plain.good, 0U);
	KUNIT_EXPECT_GT(test, refused, 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

static void expect_element(struct kunit *test, PDMA_COMMON_BUFFER_VECTOR vector, ULONG index,
			   u64 last)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	PVOID va;

	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, index, &va, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_between(test, la, SZ_4K, last, SZ_4K);
	KUNIT_ASSERT_TRUE(test, wdmdma_test_is_zero(va, SZ_4K));
	memset(va, (u8)index | 1, SZ_4K);
}

/*
 * The module uses at most half of the addresses below a low limit, and only small blocks
 * come close to that much.
 */
static void vector_that_does_not_fit_in_one_piece(struct kunit *test)
{
	enum { COUNT = 900 };
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	ULONG i, odd = 201;
	PVOID va;

	if (!wdmdma_iommu_translates(fixture->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	vector = wdmdma_test_vector(fixture, 0x7fffff, wdmdma_test_cache(fixture->dev), 0, COUNT);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	KUNIT_EXPECT_GT(test, ((struct wdmdma_vector *)vector)->blocks, 1U);
	for (i = 0; i < COUNT; i++)
		expect_element(test, vector, i, 0x7fffff);
	for (i = 0; i < COUNT; i += COUNT - 1) {
		fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, i, &va,
							       &la);
		edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_2K, SZ_2K);
	}
	for (i = 0; i < COUNT; i += 2)
		fixture->ops->FreeCommonBufferFromVector(fixture->adapter, vector, i);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, odd - 1, &va, &la);
	KUNIT_EXPECT_NULL(test, va);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, odd, &va, &la);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, (u8)odd, SZ_4K));
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

static struct kunit_case live_bounds_cases[] = {
	KUNIT_CASE_PARAM(every_call_keeps_the_limit, limit_gen_params),
	KUNIT_CASE_PARAM(minimum_beyond_the_device_is_refused, minimum_gen_params),
	KUNIT_CASE_PARAM(window_of_one_place_is_met, limit_gen_params),
	KUNIT_CASE(limit_that_is_no_mask_is_kept),
	KUNIT_CASE_PARAM(width_of_the_adapter_is_a_limit, width_gen_params),
	KUNIT_CASE_SLOW(device_of_28_bits_moves_bytes),
	KUNIT_CASE_SLOW(device_of_28_bits_moves_bytes_in_a_window),
	KUNIT_CASE_PARAM(device_of_28_bits_is_given_its_edges_or_nothing, edge_gen_params),
	KUNIT_CASE(low_limits_do_not_disturb_other_threads),
	KUNIT_CASE_SLOW(vector_that_does_not_fit_in_one_piece),
	{}
};

static struct kunit_suite live_bounds_suite = {
	.name = "wdmdma_live_bounds",
	.init = live_bounds_init,
	.test_cases = live_bounds_cases,
};

kunit_test_suite(live_bounds_suite);
