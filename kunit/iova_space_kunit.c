// SPDX-License-Identifier: GPL-2.0-only
/* lib/iova_space.c. The allocator must obey the bounds and must never return reserved addresses. */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "helpers.h"
#include "lib/iova_space.h"
#include "lib/window.h"

#define MODEL_PAGES 256
#define MODEL_TAKEN 64
#define MODEL_STEPS 20000

static void space_destroy(void *space)
{
	wdmdma_iova_space_destroy(space);
}

/* Leave an allocator whose first address is above page 0 in test->priv. */
static int iova_space_init(struct kunit *test)
{
	struct wdmdma_iova_space *space = kunit_kzalloc(test, sizeof(*space), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, space);
	KUNIT_ASSERT_EQ(test, wdmdma_iova_space_init(space, SZ_4K), 0);
	test->priv = space;
	return kunit_add_action_or_reset(test, space_destroy, space);
}

static struct wdmdma_iova_range *take(struct kunit *test, u64 first, u64 last, u64 size, u64 align)
{
	struct wdmdma_window window = { first, last };

	return wdmdma_iova_space_alloc(test->priv, window, size, align);
}

static void reserve(struct kunit *test, u64 first, u64 last)
{
	struct wdmdma_window window = { first, last };

	KUNIT_ASSERT_EQ(test, wdmdma_iova_space_reserve(test->priv, window), 0);
}

struct place_row {
	const char *name;
	u64 first, last, size, align;
	u64 start; /* 0 if refused */
};

/* The range 0x9000 to 0xafff is allocated. */
static const struct place_row place_rows[] = {
	{ "top of all addresses", 0, U64_MAX, SZ_4K, SZ_4K, U64_MAX - SZ_4K + 1 },
	{ "one page, exactly", 0x5000, 0x5fff, SZ_4K, SZ_4K, 0x5000 },
	{ "one byte too few", 0x5000, 0x5ffe, SZ_4K, SZ_4K, 0 },
	{ "one byte too few at the other end", 0x5001, 0x5fff, SZ_4K, SZ_4K, 0 },
	{ "page 0", 0, 0xfff, SZ_4K, SZ_4K, 0 },
	{ "page 1", 0, 0x1fff, SZ_4K, SZ_4K, 0x1000 },
	{ "last page, exactly", U64_MAX - SZ_4K + 1, U64_MAX, SZ_4K, SZ_4K, U64_MAX - SZ_4K + 1 },
	{ "above what is taken", 0, 0xcfff, SZ_8K, SZ_4K, 0xb000 },
	{ "below what is taken", 0, 0xbfff, SZ_8K, SZ_4K, 0x7000 },
	{ "right above, exactly", 0xb000, 0xbfff, SZ_4K, SZ_4K, 0xb000 },
	{ "right below, exactly", 0x8000, 0x8fff, SZ_4K, SZ_4K, 0x8000 },
	{ "inside what is taken", 0x9000, 0xafff, SZ_4K, SZ_4K, 0 },
	{ "bounds inside what is taken and above", 0xa000, 0xbfff, SZ_4K, SZ_4K, 0xb000 },
	{ "bounds inside what is taken and below", 0x8000, 0x9fff, SZ_4K, SZ_4K, 0x8000 },
	{ "room, but not aligned", 0x8000, 0x17fff, SZ_8K, SZ_64K, 0x10000 },
	{ "no aligned place", 0xb000, 0xffff, SZ_4K, SZ_64K, 0 },
	{ "length of all", 0, U64_MAX, U64_MAX, SZ_4K, 0 },
	{ "upside down", 0x8fff, 0x8000, SZ_4K, SZ_4K, 0 },
};

KUNIT_ARRAY_PARAM_DESC(place, place_rows, name);

static void alloc_gives_the_highest_place_in_the_window(struct kunit *test)
{
	const struct place_row *row = test->param_value;
	struct wdmdma_iova_range *taken = take(test, 0x9000, 0xafff, SZ_8K, SZ_4K), *range;

	KUNIT_ASSERT_NOT_NULL(test, taken);
	range = take(test, row->first, row->last, row->size, row->align);
	if (row->start) {
		KUNIT_ASSERT_NOT_NULL(test, range);
		KUNIT_EXPECT_EQ(test, range->taken.first, row->start);
		KUNIT_EXPECT_EQ(test, range->taken.last, row->start + (row->size - 1));
		wdmdma_iova_space_free(test->priv, range);
	} else {
		KUNIT_EXPECT_NULL(test, range);
	}
	wdmdma_iova_space_free(test->priv, taken);
}

struct reserve_row {
	const char *name;
	struct wdmdma_window reserved[3];
	u64 below, above; /* the free pages next to the reserved ranges */
};

static const struct reserve_row reserve_rows[] = {
	{ "one", { { 0x5000, 0x5fff } }, 0x4000, 0x6000 },
	{ "next to each other", { { 0x5000, 0x5fff }, { 0x6000, 0x6fff } }, 0x4000, 0x7000 },
	{ "the same twice", { { 0x5000, 0x5fff }, { 0x5000, 0x5fff } }, 0x4000, 0x6000 },
	{ "overlap", { { 0x5000, 0x6fff }, { 0x6000, 0x8fff } }, 0x4000, 0x9000 },
	{ "inside", { { 0x5000, 0x8fff }, { 0x6000, 0x6fff } }, 0x4000, 0x9000 },
	{ "around", { { 0x6000, 0x6fff }, { 0x5000, 0x8fff } }, 0x4000, 0x9000 },
	{ "one over two",
	  { { 0x5000, 0x5fff }, { 0x8000, 0x8fff }, { 0x5000, 0x8000 } },
	  0x4000,
	  0x9000 },
	{ "page 0 too", { { 0, 0x2fff } }, 0, 0x3000 },
	{ "page 0 alone", { { 0, 0xfff } }, 0, 0x1000 },
	{ "up to the end", { { 0x5000, U64_MAX } }, 0x4000, 0 },
};

KUNIT_ARRAY_PARAM_DESC(reserve, reserve_rows, name);

static void reserved_addresses_are_never_given(struct kunit *test)
{
	const struct reserve_row *row = test->param_value;
	struct wdmdma_iova_range *range;
	unsigned int i;
	u64 last = 0;

	for (i = 0; i < ARRAY_SIZE(row->reserved) && row->reserved[i].last; i++) {
		reserve(test, row->reserved[i].first, row->reserved[i].last);
		last = max(last, row->reserved[i].last);
	}
	if (row->below) {
		range = take(test, 0, last, SZ_4K, SZ_4K);
		KUNIT_ASSERT_NOT_NULL(test, range);
		KUNIT_EXPECT_EQ(test, range->taken.first, row->below);
		wdmdma_iova_space_free(test->priv, range);
	} else {
		KUNIT_EXPECT_NULL(test, take(test, 0, last, SZ_4K, SZ_4K));
	}
	if (row->above) {
		range = take(test, 0, row->above + SZ_4K - 1, SZ_4K, SZ_4K);
		KUNIT_ASSERT_NOT_NULL(test, range);
		KUNIT_EXPECT_EQ(test, range->taken.first, row->above);
		wdmdma_iova_space_free(test->priv, range);
	}
}

/* Search all pages from the top down. Return the first page with room for @size pages, or 0. */
static unsigned int model_take(const unsigned long *model, unsigned int first, unsigned int last,
			       unsigned int size, unsigned int align)
{
	unsigned int start;

	for (start = last + 1 - size; size <= last + 1 - first && start >= first; start--)
		if (start % align == 0 && find_next_bit(model, start + size, start) == start + size)
			return start;
	return 0;
}

/* Every random allocation must return the same address as a plain search of all pages. */
static void every_place_is_that_of_a_plain_walk(struct kunit *test)
{
	struct wdmdma_iova_range *taken[MODEL_TAKEN] = {}, *range;
	DECLARE_BITMAP(model, MODEL_PAGES) = {};
	unsigned int step, slot, first, last, size, align, start, found = 0;
	struct rnd_state random;

	prandom_seed_state(&random, 42);
	__set_bit(0, model);
	for (step = 0; step < MODEL_STEPS; step++) {
		slot = prandom_u32_state(&random) % MODEL_TAKEN;
		if (taken[slot]) {
			bitmap_clear(model, taken[slot]->taken.first >> PAGE_SHIFT,
				     (taken[slot]->taken.last + 1 - taken[slot]->taken.first) >>
					     PAGE_SHIFT);
			wdmdma_iova_space_free(test->priv, taken[slot]);
			taken[slot] = NULL;
			continue;
		}
		first = 1 + prandom_u32_state(&random) % (MODEL_PAGES - 1);
		last = first + prandom_u32_state(&random) % (MODEL_PAGES - first);
		size = 1 + prandom_u32_state(&random) % 12;
		align = 1 << prandom_u32_state(&random) % 4;
		start = model_take(model, first, last, size, align);
		range = take(test, (u64)first << PAGE_SHIFT, ((u64)(last + 1) << PAGE_SHIFT) - 1,
			     (u64)size << PAGE_SHIFT, (u64)align << PAGE_SHIFT);
		KUNIT_ASSERT_EQ_MSG(test, range ? range->taken.first >> PAGE_SHIFT : 0, (u64)start,
				    "step %u", step);
		if (range)
			bitmap_set(model, start, size);
		taken[slot] = range;
		found += !!range;
	}
	KUNIT_EXPECT_GT(test, found, MODEL_STEPS / 10);
	for (slot = 0; slot < MODEL_TAKEN; slot++)
		if (taken[slot])
			wdmdma_iova_space_free(test->priv, taken[slot]);
}

static void full_window_is_refused_until_a_range_is_given_back(struct kunit *test)
{
	struct wdmdma_iova_range *range[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(range); i++) {
		range[i] = take(test, SZ_64K, SZ_128K - 1, SZ_4K, SZ_4K);
		KUNIT_ASSERT_NOT_NULL(test, range[i]);
		KUNIT_EXPECT_EQ(test, range[i]->taken.first, (u64)SZ_128K - (i + 1) * SZ_4K);
	}
	KUNIT_EXPECT_NULL(test, take(test, SZ_64K, SZ_128K - 1, SZ_4K, SZ_4K));
	wdmdma_iova_space_free(test->priv, range[7]);
	range[7] = take(test, SZ_64K, SZ_128K - 1, SZ_4K, SZ_4K);
	KUNIT_ASSERT_NOT_NULL(test, range[7]);
	KUNIT_EXPECT_EQ(test, range[7]->taken.first, (u64)SZ_128K - 8 * SZ_4K);
	/* The space frees the other ranges when it is destroyed. */
}

static void init_reserve_and_take(struct kunit *test)
{
	struct wdmdma_window window = { SZ_64K, SZ_128K - 1 };
	struct wdmdma_iova_space space;

	if (!wdmdma_iova_space_init(&space, SZ_4K) && !wdmdma_iova_space_reserve(&space, window))
		wdmdma_iova_space_alloc(&space, WDMDMA_WINDOW_ALL, SZ_4K, SZ_4K);
	wdmdma_iova_space_destroy(&space);
}

static void every_call_fails_cleanly(struct kunit *test)
{
	wdmdma_test_sweep(test, init_reserve_and_take);
}

static struct kunit_case iova_space_cases[] = {
	KUNIT_CASE_PARAM(alloc_gives_the_highest_place_in_the_window, place_gen_params),
	KUNIT_CASE_PARAM(reserved_addresses_are_never_given, reserve_gen_params),
	KUNIT_CASE(every_place_is_that_of_a_plain_walk),
	KUNIT_CASE(full_window_is_refused_until_a_range_is_given_back),
	KUNIT_CASE(every_call_fails_cleanly),
	{}
};

static struct kunit_suite iova_space_suite = {
	.name = "wdmdma_iova_space",
	.init = iova_space_init,
	.test_cases = iova_space_cases,
};

kunit_test_suite(iova_space_suite);
