// SPDX-License-Identifier: GPL-2.0-only
/* lib/page_set.c. The cases check the place, the contents and the mapping of the pages. */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include "helpers.h"
#include "lib/page_set.h"
#include "lib/window.h"

static struct wdmdma_pages *alloc(struct wdmdma_window window, u64 boundary, unsigned long nr)
{
	struct wdmdma_page_limits limits = {
		.window = window,
		.boundary = boundary,
		.node = NUMA_NO_NODE,
		.gfp = WDMDMA_PAGES_GFP,
	};

	return wdmdma_pages_alloc(&limits, nr);
}

struct pages_row {
	const char *name;
	struct wdmdma_window window;
	size_t size;
	bool must;	/* must succeed, because a test guest has plenty of this memory */
	u64 boundary;
};

static const struct pages_row pages_rows[] = {
	{ "page anywhere", { 0, U64_MAX }, SZ_4K, true },
	{ "64 KiB anywhere", { 0, U64_MAX }, SZ_64K, true },
	{ "three pages", { 0, U64_MAX }, 3 * SZ_4K, true },
	{ "page below 16 MiB", { 0, 0xffffff }, SZ_4K, true },
	{ "64 KiB below 2 GiB", { 0, 0x7fffffff }, SZ_64K, true },
	{ "64 KiB below 3 GiB", { 0, 0xbfffffff }, SZ_64K, true },
	{ "64 KiB in 16 to 512 MiB", { SZ_16M, SZ_512M - 1 }, SZ_64K, false },
	{ "2 MiB in 64 to 512 MiB", { SZ_64M, SZ_512M - 1 }, SZ_2M, false },
	{ "16 MiB, more than the buddy allocator has", { 0, U64_MAX }, SZ_16M, false },
	{ "page in the first page only", { 0, SZ_4K - 1 }, SZ_4K, false },
	{ "page above all memory", { 1ULL << 50, U64_MAX }, SZ_4K, false },
	{ "page with an unaligned last byte", { 0, 0x7ffffff0 }, SZ_4K, true },
	{ "three pages within 16 KiB", { 0, U64_MAX }, 3 * SZ_4K, true, SZ_16K },
	{ "64 KiB within 64 KiB, 16 to 64 MiB", { SZ_16M, SZ_64M - 1 }, SZ_64K, false, SZ_64K },
	{ "5 MiB within 8 MiB", { 0, U64_MAX }, 5 * SZ_1M, false, SZ_8M },
};

static void pages_row_name(const struct pages_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pages, pages_rows, pages_row_name);

static void alloc_keeps_to_the_window(struct kunit *test)
{
	const struct pages_row *row = test->param_value;
	unsigned long i, nr = row->size >> PAGE_SHIFT;
	struct wdmdma_pages *pages = alloc(row->window, row->boundary, nr);

	if (!pages) {
		if (wdmdma_test_has_memory(row->window.first, row->window.last))
			KUNIT_EXPECT_FALSE(test, row->must);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_must_have(row->window.first, row->window.last,
							       row->size));
		return;
	}
	KUNIT_EXPECT_EQ(test, pages->nr, nr);
	KUNIT_EXPECT_TRUE(test, wdmdma_window_holds(row->window, PFN_PHYS(pages->pfn[0]),
						    row->size));
	KUNIT_EXPECT_FALSE(test, wdmdma_window_crosses(row->boundary, PFN_PHYS(pages->pfn[0]),
						       row->size));
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, pages->pfn[i], pages->pfn[0] + i);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(pfn_to_kaddr(pages->pfn[i]),
							    PAGE_SIZE));
	}
	wdmdma_pages_free(pages);
}

static struct wdmdma_pages *gather(unsigned long nr)
{
	struct wdmdma_page_limits limits = {
		.window = WDMDMA_WINDOW_ALL,
		.node = NUMA_NO_NODE,
		.gfp = WDMDMA_PAGES_GFP,
	};

	return wdmdma_pages_gather(&limits, nr);
}

/* The number of pages must be larger than one block and must not be a power of two. */
static void gathered_pages_are_zeroed_and_different(struct kunit *test)
{
	unsigned long nr = 2 * MAX_ORDER_NR_PAGES + 7, i;
	struct wdmdma_pages *pages = gather(nr);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_EQ(test, pages->nr, nr);
	for (i = 0; i < nr; i++) {
		unsigned long *page = pfn_to_kaddr(pages->pfn[i]);

		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(page, PAGE_SIZE));
		*page = i;
	}
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, *(unsigned long *)pfn_to_kaddr(pages->pfn[i]), i);
	wdmdma_pages_free(pages);
}

struct map_row {
	const char *name;
	enum wdmdma_cache cache;
};

static const struct map_row map_rows[] = {
	{ "platform", WDMDMA_CACHE_PLATFORM },
	{ "uncached", WDMDMA_CACHE_UNCACHED },
	{ "write-combined", WDMDMA_CACHE_WRITE_COMBINED },
};

static void map_row_name(const struct map_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(map, map_rows, map_row_name);

static void map_gives_working_memory_and_undoes(struct kunit *test)
{
	const struct map_row *row = test->param_value;
	struct wdmdma_pages *pages = alloc(WDMDMA_WINDOW_ALL, 0, 4);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	ret = wdmdma_pages_map(pages, row->cache);
	if (ret && !IS_ENABLED(CONFIG_X86)) {
		KUNIT_EXPECT_EQ(test, ret, -EOPNOTSUPP);
		wdmdma_pages_free(pages);
		return;
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(pages->va, 4 * PAGE_SIZE));
	memset(pages->va, 0xa5, 4 * PAGE_SIZE);
	wdmdma_pages_unmap(pages);
	KUNIT_EXPECT_EQ(test, *(u8 *)pfn_to_kaddr(pages->pfn[3]), 0xa5);
	wdmdma_pages_free(pages);
}

static void map_and_unmap(struct kunit *test)
{
	struct wdmdma_pages *pages = alloc(WDMDMA_WINDOW_ALL, 0, 2);

	if (!pages)
		return;
	if (wdmdma_pages_map(pages, WDMDMA_CACHE_UNCACHED) == 0)
		wdmdma_pages_unmap(pages);
	wdmdma_pages_free(pages);
}

static void gather_and_free(struct kunit *test)
{
	struct wdmdma_pages *pages = gather(11);

	if (pages)
		wdmdma_pages_free(pages);
}

/*
 * Each page must lose the reference that the set has. A page that keeps the reference is lost,
 * and no checker of a usual machine sees that.
 */
static void expect_every_page_freed(struct kunit *test, struct wdmdma_pages *pages)
{
	unsigned long *pfn, nr, i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	nr = pages->nr;
	pfn = kunit_kmalloc_array(test, nr, sizeof(*pfn), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfn);
	for (i = 0; i < nr; i++) {
		pfn[i] = pages->pfn[i];
		get_page(pfn_to_page(pfn[i]));
	}
	wdmdma_pages_free(pages);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, page_count(pfn_to_page(pfn[i])), 1);
		put_page(pfn_to_page(pfn[i]));
	}
}

static void every_page_of_a_set_is_freed(struct kunit *test)
{
	struct wdmdma_window all = { 0, U64_MAX };

	expect_every_page_freed(test, alloc(all, 0, 1));
	expect_every_page_freed(test, alloc(all, 0, 3));
	expect_every_page_freed(test, alloc(all, 0, 16));
	expect_every_page_freed(test, gather(11));
}

/* Calls that must not start the OOM killer change flags of the task, and must restore them. */
static void flags_of_the_task_are_restored(struct kunit *test)
{
	const unsigned int mask = PF_MEMALLOC | PF_MEMALLOC_NOIO | PF_MEMALLOC_NOFS;
	const unsigned int flags = current->flags & mask;
	void *memory = wdmdma_kvmalloc(SZ_8M, WDMDMA_GFP);

	/* The slab allocator has no block of that length. */
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(memory));
	kvfree(memory);
	KUNIT_EXPECT_EQ(test, current->flags & mask, flags);
	map_and_unmap(test);
	KUNIT_EXPECT_EQ(test, current->flags & mask, flags);
	current->flags = (current->flags & ~mask) | flags;
}

static void fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, map_and_unmap);
	wdmdma_test_sweep(test, gather_and_free);
}

static struct kunit_case pages_cases[] = {
	KUNIT_CASE_PARAM(alloc_keeps_to_the_window, pages_gen_params),
	KUNIT_CASE(gathered_pages_are_zeroed_and_different),
	KUNIT_CASE_PARAM(map_gives_working_memory_and_undoes, map_gen_params),
	KUNIT_CASE(every_page_of_a_set_is_freed),
	KUNIT_CASE(flags_of_the_task_are_restored),
	KUNIT_CASE(fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite pages_suite = {
	.name = "wdmdma_pages",
	.test_cases = pages_cases,
};

kunit_test_suite(pages_suite);
