// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large pages in the IOMMU's page tables. Tracepoints count the kernel's mappings of a
 * buffer. The size of an entry shows when its first 4 KiB are unmapped, because an entry
 * is unmapped as a whole.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include <trace/events/iommu.h>

#include "backend/translation.h"
#include "core/recycle.h"
#include "edu.h"
#include "helpers.h"
#include "lib/page_set.h"
#include "lib/window.h"

#define LARGE		DOMAIN_COMMON_BUFFER_LARGE_PAGE
#define SMALL_PAGES	512	/* in 2 MiB */

/* Mappings and unmappings of one task. DMA of other tasks is not counted. */
static struct recorder {
	struct task_struct *task;
	unsigned int maps, unmaps;
	size_t mapped, unmapped;
	unsigned long or;	/* all addresses and sizes mapped; the low bits are the alignment */
	size_t largest;
	const void *va;		/* CPU address, unmapped before the device's if @late */
	bool late;
} recorder;

static void on_map(void *data, unsigned long iova, phys_addr_t pa, size_t size)
{
	if (current != recorder.task)
		return;
	recorder.maps++;
	recorder.mapped += size;
	recorder.or |= iova | pa | size;
	recorder.largest = max(recorder.largest, size);
}

static void on_unmap(void *data, unsigned long iova, size_t size, size_t unmapped)
{
	if (current != recorder.task)
		return;
	recorder.unmaps++;
	recorder.unmapped += unmapped;
	recorder.late |= is_vmalloc_addr(recorder.va) && !vmalloc_to_page(recorder.va);
}

static void recorder_stop(void *data)
{
	unregister_trace_unmap(on_unmap, NULL);
	unregister_trace_map(on_map, NULL);
	tracepoint_synchronize_unregister();
}

/*
 * Record until the end of the case. Skip the case and return false if the kernel has no
 * tracepoints.
 */
static bool recorder_start(struct kunit *test)
{
	recorder = (struct recorder){ .task = current };
	if (register_trace_map(on_map, NULL)) {
		kunit_skip(test, "the kernel has no tracepoints");
		return false;
	}
	KUNIT_ASSERT_EQ(test, register_trace_unmap(on_unmap, NULL), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, recorder_stop, NULL), 0);
	return true;
}

static int live_large_init(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);

	if (!edu_is_there(test, EDU_SLOT_32_BITS))
		kunit_skip(test, "the machine has no edu device");
	else if (!wdmdma_iommu_translates(&edu->pdev->dev))
		kunit_skip(test, "needs an IOMMU");
	else if (!dev_is_dma_coherent(&edu->pdev->dev))
		kunit_skip(test, "the device is not cache coherent: it has no large pages");
	else
		test->priv = wdmdma_test_fixture_on(test, &edu->pdev->dev, 32);
	return 0;
}

/* Unmap and remap the IOMMU's entry for this address, and return the size of the entry. */
static size_t entry_size(struct kunit *test, struct wdmdma_fixture *fixture, u64 la)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(fixture->dev);
	phys_addr_t pa = iommu_iova_to_phys(domain, la);
	size_t size = iommu_unmap(domain, la, SZ_4K);

	KUNIT_ASSERT_NE(test, size, (size_t)0);
	KUNIT_ASSERT_EQ(test, iommu_map(domain, la, pa, size,
					IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain, la), pa);
	return size;
}

static const struct large_row {
	const char *name;
	ULONG length;
} large_rows[] = {
	{ "2 MiB", SZ_2M },
	{ "8 MiB, more than the buddy allocator has", SZ_8M },
};

KUNIT_ARRAY_PARAM_DESC(large, large_rows, name);

/* Return true if this much contiguous memory is free. Earlier cases may have left none. */
static bool has_memory(struct kunit *test, ULONG length)
{
	struct wdmdma_page_limits limits = {
		.window = WDMDMA_WINDOW_ALL,
		.node = NUMA_NO_NODE,
		.gfp = WDMDMA_PAGES_GFP,
	};
	struct wdmdma_pages *pages = wdmdma_pages_alloc(&limits, length >> PAGE_SHIFT);

	if (!pages) {
		kunit_skip(test, "the machine has no such memory in one piece now");
		return false;
	}
	wdmdma_pages_free(pages);
	return true;
}

/* Alignment alone is no proof, because the kernel could have mapped aligned memory page by page. */
static void large_pages_are_mapped_in_one_call(struct kunit *test)
{
	const struct large_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	void *va;

	if (!has_memory(test, row->length) || !recorder_start(test))
		return;
	va = wdmdma_test_alloc_between(fixture, 0, U64_MAX, row->length, LARGE, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, recorder.maps, 1U);
	KUNIT_EXPECT_EQ(test, recorder.mapped, (size_t)row->length);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(recorder.or, SZ_2M));
	KUNIT_EXPECT_EQ(test, recorder.unmaps, 0U);

	wdmdma_test_free(fixture, row->length, la, va);
	KUNIT_EXPECT_EQ(test, recorder.maps, 1U);
	KUNIT_EXPECT_EQ(test, recorder.unmaps, 1U);
	KUNIT_EXPECT_EQ(test, recorder.unmapped, (size_t)row->length);
}

static void every_2_mib_are_one_entry(struct kunit *test)
{
	const struct large_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	PHYSICAL_ADDRESS la;
	ULONG offset;
	size_t size;
	u8 *va;

	if (IS_ENABLED(CONFIG_ARM64) || wdmdma_test_iommu_is_virtio(fixture->dev)) {
		kunit_skip(test, "what goes when a part is unmapped does not tell an entry here");
		return;
	}
	if (!has_memory(test, row->length))
		return;
	va = wdmdma_test_alloc_between(fixture, 0, U64_MAX, row->length, LARGE, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	/* AMD's IOMMU has entries of every power of two, so one entry may cover 4 or 8 MiB. */
	for (offset = 0; offset < row->length; offset += size) {
		size = entry_size(test, fixture, la.QuadPart + offset);
		KUNIT_ASSERT_TRUE(test, size >= SZ_2M && IS_ALIGNED(la.QuadPart + offset, size));
	}
	edu_expect_round_trip(test, edu, va, la.QuadPart, 100, row->length - SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, row->length, la, va);
}

/* Allocate 2 MiB of aligned, contiguous memory, and map its pages from the last to the first. */
static void *backward_memory(struct kunit *test, struct page **block)
{
	struct page **page = kunit_kcalloc(test, SMALL_PAGES, sizeof(*page), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	*block = alloc_pages(GFP_KERNEL, get_order(SZ_2M));
	KUNIT_ASSERT_NOT_NULL(test, *block);
	split_page(*block, get_order(SZ_2M));
	for (i = 0; i < SMALL_PAGES; i++)
		page[i] = *block + (SMALL_PAGES - 1 - i);
	return vmap(page, SMALL_PAGES, VM_MAP, PAGE_KERNEL);
}

/* In the reverse order no page follows its neighbour, so each page must be mapped alone. */
static void small_pages_are_mapped_one_by_one(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct page *block;
	void *va = backward_memory(test, &block);
	PMDL mdl = IoAllocateMdl(va, SZ_2M, FALSE, FALSE, NULL);
	PHYSICAL_ADDRESS la;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	if (!recorder_start(test))
		goto free;
	KUNIT_ASSERT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, NULL,
								      0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, recorder.maps, (unsigned int)SMALL_PAGES);
	KUNIT_EXPECT_EQ(test, recorder.mapped, (size_t)SZ_2M);
	KUNIT_EXPECT_EQ(test, recorder.largest, (size_t)SZ_4K);
	KUNIT_EXPECT_EQ(test, entry_size(test, fixture, la.QuadPart), (size_t)SZ_4K);
	wdmdma_test_free(fixture, SZ_2M, la, va);
free:
	IoFreeMdl(mdl);
	vunmap(va);
	for (i = 0; i < SMALL_PAGES; i++)
		__free_page(block + i);
}

/* Every page of the CPU's mapping must be uncached, and the device must reach all of them. */
static void large_page_can_be_uncached(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	struct wdmdma_fixture *fixture = test->priv;
	MEMORY_CACHING_TYPE cache = MmNonCached;
	PHYSICAL_ADDRESS la;
	ULONG offset;
	u8 *va;

	va = fixture->ops->AllocateCommonBufferWithBounds(fixture->adapter, NULL, NULL, SZ_2M,
							  LARGE, &cache, MM_ANY_NODE_OK, &la);
	if (wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)la.QuadPart, SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_2M));
	for (offset = 0; offset < SZ_2M; offset += SZ_4K)
		KUNIT_ASSERT_TRUE(test, wdmdma_test_is_uncached(va + offset));
	edu_expect_round_trip(test, edu, va, la.QuadPart, 100, SZ_2M - SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_2M, la, va);
}

static void large_page_is_on_the_preferred_node(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	unsigned long first, pfn;
	PHYSICAL_ADDRESS la;
	void *va;
	int node;

	wdmdma_test_needs_nodes(test);
	for_each_online_node(node) {
		va = fixture->ops->AllocateCommonBufferWithBounds(fixture->adapter, NULL, NULL,
								  SZ_2M, LARGE, NULL, node, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)la.QuadPart, SZ_2M));
		first = PHYS_PFN(wdmdma_test_physical(va));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(first, SMALL_PAGES));
		for (pfn = first; pfn < first + SMALL_PAGES; pfn++)
			KUNIT_ASSERT_EQ(test, pfn_to_nid(pfn), node);
		wdmdma_test_free(fixture, SZ_2M, la, va);
	}
}

static const struct order_row {
	const char *name;
	ULONG length;
	ULONG flags;
	bool uncached;
	bool scattered;		/* the free removes its CPU mapping */
} order_rows[] = {
	{ "64 KiB", SZ_64K },
	{ "64 KiB, uncached", SZ_64K, 0, true },
	{ "8 MiB, uncached", SZ_8M, 0, true, true },
	{ "large page", SZ_2M, LARGE },
};

KUNIT_ARRAY_PARAM_DESC(order, order_rows, name);

#define BLOCK_ORDER	get_order(SZ_4M)

/*
 * Hold every second of the free blocks of 4 MiB, and put them on @held. Free memory of 8 MiB is
 * then scattered.
 */
static void hold_blocks(struct list_head *held)
{
	struct page *page, *next;

	for (;;) {
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, BLOCK_ORDER);
		if (!page)
			break;
		list_add(&page->lru, held);
	}
	list_for_each_entry_safe(page, next, held, lru)
		if (page_to_pfn(page) >> BLOCK_ORDER & 1) {
			list_del(&page->lru);
			__free_pages(page, BLOCK_ORDER);
		}
}

static void free_blocks(struct list_head *held)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, held, lru)
		__free_pages(page, BLOCK_ORDER);
}

/*
 * The device must lose the buffer first, because the pages may get another user as soon
 * as the CPU's mapping is gone.
 */
static void device_loses_a_buffer_before_the_cpu(struct kunit *test)
{
	const struct order_row *row = test->param_value;
	MEMORY_CACHING_TYPE cache = MmNonCached;
	struct wdmdma_fixture *fixture = test->priv;
	unsigned int limit;
	PHYSICAL_ADDRESS la;
	LIST_HEAD(held);
	void *va;

	if (!recorder_start(test))
		return;
	if (row->scattered)
		hold_blocks(&held);
	va = fixture->ops->AllocateCommonBufferWithBounds(fixture->adapter, NULL, NULL, row->length,
							  row->flags, row->uncached ? &cache : NULL,
							  MM_ANY_NODE_OK, &la);
	free_blocks(&held);
	if (row->uncached && wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_ASSERT_NOT_NULL(test, va);
	if (row->scattered)
		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(va));
	recorder.va = va;
	recorder.unmaps = 0;
	limit = wdmdma_recycle_set_limit(0);
	wdmdma_test_free(fixture, row->length, la, va);
	wdmdma_recycle_set_limit(limit);
	KUNIT_EXPECT_GE(test, recorder.unmaps, 1U);
	KUNIT_EXPECT_FALSE(test, recorder.late);
}

static struct kunit_case live_large_cases[] = {
	KUNIT_CASE_PARAM(large_pages_are_mapped_in_one_call, large_gen_params),
	KUNIT_CASE_PARAM(every_2_mib_are_one_entry, large_gen_params),
	KUNIT_CASE(small_pages_are_mapped_one_by_one),
	KUNIT_CASE(large_page_can_be_uncached),
	KUNIT_CASE(large_page_is_on_the_preferred_node),
	KUNIT_CASE_PARAM(device_loses_a_buffer_before_the_cpu, order_gen_params),
	{}
};

static struct kunit_suite live_large_suite = {
	.name = "wdmdma_live_large",
	.init = live_large_init,
	.test_cases = live_large_cases,
};

kunit_test_suite(live_large_suite);
