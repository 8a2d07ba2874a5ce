// SPDX-License-Identifier: GPL-2.0-only
/* Tables for the arithmetic of windows (lib/window.c). */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "lib/window.h"

#define ALL_ONES	U64_MAX

static void of_width_covers_all_lines(struct kunit *test)
{
	static const struct {
		unsigned int bits;
		u64 last;
	} rows[] = {
		{ 1, 1 }, { 12, 0xfff }, { 24, 0xffffff }, { 28, 0xfffffff },
		{ 32, 0xffffffff }, { 40, 0xffffffffffULL }, { 63, S64_MAX }, { 64, ALL_ONES },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct wdmdma_window window = wdmdma_window_of_width(rows[i].bits);

		KUNIT_EXPECT_EQ(test, window.first, 0ULL);
		KUNIT_EXPECT_EQ_MSG(test, window.last, rows[i].last, "%u bits", rows[i].bits);
	}
}

struct clip_row {
	const char *name;
	struct wdmdma_window a, b, both;
	bool some;
};

static const struct clip_row clip_rows[] = {
	{ "same", { 1, 9 }, { 1, 9 }, { 1, 9 }, true },
	{ "inside", { 0, ALL_ONES }, { 5, 6 }, { 5, 6 }, true },
	{ "overlap low", { 10, 20 }, { 0, 10 }, { 10, 10 }, true },
	{ "overlap high", { 10, 20 }, { 20, 30 }, { 20, 20 }, true },
	{ "apart below", { 10, 20 }, { 0, 9 }, { 10, 20 }, false },
	{ "apart above", { 10, 20 }, { 21, 30 }, { 10, 20 }, false },
	{ "top byte", { 0, ALL_ONES }, { ALL_ONES, ALL_ONES }, { ALL_ONES, ALL_ONES }, true },
	{ "asked for upside down", { 20, 10 }, { 0, ALL_ONES }, { 20, 10 }, false },
};

static void clip_row_name(const struct clip_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(clip, clip_rows, clip_row_name);

static void clip_keeps_what_is_shared(struct kunit *test)
{
	const struct clip_row *row = test->param_value;
	struct wdmdma_window window = row->a;

	KUNIT_EXPECT_EQ(test, wdmdma_window_clip(&window, row->b), row->some);
	KUNIT_EXPECT_EQ(test, window.first, row->both.first);
	KUNIT_EXPECT_EQ(test, window.last, row->both.last);
}

struct holds_row {
	const char *name;
	struct wdmdma_window window;
	u64 start, size;
	bool holds;
};

static const struct holds_row holds_rows[] = {
	{ "whole", { 0x1000, 0x1fff }, 0x1000, 0x1000, true },
	{ "last is inclusive", { 0, 0xffffff }, 0xfff000, 0x1000, true },
	{ "one byte over", { 0, 0xfffffe }, 0xfff000, 0x1000, false },
	{ "one byte below", { 0x1001, 0xffff }, 0x1000, 0x1000, false },
	{ "no bytes", { 0, ALL_ONES }, 0x1000, 0, false },
	{ "one byte window", { 7, 7 }, 7, 1, true },
	{ "top of the space", { 0, ALL_ONES }, ALL_ONES - 0xfff, 0x1000, true },
	{ "wraps", { 0, ALL_ONES }, ALL_ONES - 0xffe, 0x1000, false },
	{ "all but one byte of the space", { 0, ALL_ONES }, 0, ALL_ONES, true },
	{ "larger than the window", { 0x1000, 0x1fff }, 0x1000, 0x1001, false },
	{ "limit that is no power of two", { 0, 0xbfffffff }, 0xbffff000, 0x1000, true },
	{ "first page above that limit", { 0, 0xbfffffff }, 0xc0000000, 0x1000, false },
	/* an all-ones limit must not be compared as a signed number */
	{ "no limit is not -1", { 0, ALL_ONES }, 0x123456789000, 0x1000, true },
	{ "upside down", { 0x2000, 0x1000 }, 0x1000, 1, false },
};

static void holds_row_name(const struct holds_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(holds, holds_rows, holds_row_name);

static void holds_first_to_last_byte(struct kunit *test)
{
	const struct holds_row *row = test->param_value;

	KUNIT_EXPECT_EQ(test, wdmdma_window_holds(row->window, row->start, row->size), row->holds);
}

static void crosses_multiples_of_the_boundary(struct kunit *test)
{
	static const struct {
		u64 boundary, start, size;
		bool crosses;
	} rows[] = {
		{ 0, 0, ALL_ONES, false },
		{ SZ_64K, 0, SZ_64K, false },
		{ SZ_64K, 0, SZ_64K + 1, true },
		{ SZ_64K, SZ_64K - 1, 1, false },
		{ SZ_64K, SZ_64K - 1, 2, true },
		/* 64 KiB taken for 128 KiB, or a look at the length only */
		{ SZ_64K, SZ_64K - SZ_4K, SZ_8K, true },
		{ 1ULL << 32, 0xffffffff, 1, false },
		{ 1ULL << 32, 0xffffffff, 2, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, wdmdma_window_crosses(rows[i].boundary, rows[i].start,
								rows[i].size),
				    rows[i].crosses, "row %u", i);
}

struct candidate_row {
	const char *name;
	struct wdmdma_window window;
	u64 size, align;
	unsigned int count;
	u64 first, last;
};

/* With at most 64 candidates, the number of candidates, the first candidate and the last one. */
static const struct candidate_row candidate_rows[] = {
	{ "exact fit", { 0x1000, 0x1fff }, 0x1000, 0x1000, 1, 0x1000, 0x1000 },
	{ "aligned fit only in the middle", { 0x1001, 0x3ffe }, 0x1000, 0x1000, 1, 0x2000, 0x2000 },
	{ "no aligned place", { 0x1001, 0x2ffe }, 0x1000, 0x1000, 0, 0, 0 },
	{ "too small", { 0x1000, 0x1ffe }, 0x1000, 0x1000, 0, 0, 0 },
	{ "fewer places than tries", { 0, 0x3fff }, 0x1000, 0x1000, 4, 0x3000, 0 },
	{ "as many as tries", { 0, 64 * SZ_4K - 1 }, SZ_4K, SZ_4K, 64, 63 * SZ_4K, 0 },
	{ "more places than tries", { 0, 640 * SZ_4K - 1 }, SZ_4K, SZ_4K, 64, 639 * SZ_4K,
	  (639 - 63 * 9) * SZ_4K },
	{ "2 MiB in 16 to 64 MiB", { SZ_16M, SZ_64M - 1 }, SZ_2M, SZ_2M, 24, SZ_64M - SZ_2M,
	  SZ_16M },
	{ "whole space", { 0, ALL_ONES }, SZ_4K, SZ_4K, 64, ALL_ONES - 0xfff,
	  (ALL_ONES - 0xfff) - 63 * (((ALL_ONES - 0xfff) / SZ_4K) / 64) * SZ_4K },
	{ "first above every aligned place", { ALL_ONES - 5, ALL_ONES }, 1, SZ_4K, 0, 0, 0 },
};

static void candidate_row_name(const struct candidate_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(candidate, candidate_rows, candidate_row_name);

static void candidates_are_aligned_and_inside(struct kunit *test)
{
	const struct candidate_row *row = test->param_value;
	u64 start = 0, first = 0, last = 0;
	unsigned int n;

	for (n = 0; wdmdma_window_candidate(row->window, row->size, row->align, n, 64, &start);
	     n++) {
		KUNIT_EXPECT_TRUE(test, wdmdma_window_holds(row->window, start, row->size));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(start, row->align));
		if (!n)
			first = start;
		else
			KUNIT_EXPECT_LT(test, start, last);
		last = start;
	}
	KUNIT_EXPECT_EQ(test, n, row->count);
	KUNIT_EXPECT_EQ(test, first, row->first);
	KUNIT_EXPECT_EQ(test, last, row->last);
}

static struct kunit_case window_cases[] = {
	KUNIT_CASE(of_width_covers_all_lines),
	KUNIT_CASE_PARAM(clip_keeps_what_is_shared, clip_gen_params),
	KUNIT_CASE_PARAM(holds_first_to_last_byte, holds_gen_params),
	KUNIT_CASE(crosses_multiples_of_the_boundary),
	KUNIT_CASE_PARAM(candidates_are_aligned_and_inside, candidate_gen_params),
	{}
};

static struct kunit_suite window_suite = {
	.name = "wdmdma_window",
	.test_cases = window_cases,
};

kunit_test_suite(window_suite);
