// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole module with a real (emulated) device. QEMU's edu copies bytes to and from
 * our buffers by their logical addresses, with an IOMMU or without one.
 *
 * Without the device the cases are skipped.
 */
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "core/recycle.h"
#include "edu.h"
#include "helpers.h"
#include "live.h"

static void device_moves_bytes_across_pages(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	u8 *va = live_buffer_alloc(test, SZ_64K, &la);

	edu_expect_round_trip(test, live_edu, va, la.QuadPart, 0, SZ_32K, 1);
	edu_expect_round_trip(test, live_edu, va, la.QuadPart, 0, SZ_32K, EDU_MOST);
	edu_expect_round_trip(test, live_edu, va, la.QuadPart, SZ_4K - 100, SZ_64K - SZ_4K,
			      EDU_MOST);
	wdmdma_test_free(test->priv, SZ_64K, la, va);
}

static void device_moves_bytes_of_uncached_memory(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	struct wdmdma_fixture *fixture = test->priv;
	u8 *va = wdmdma_test_alloc_below(fixture, U64_MAX, SZ_8K, &la, FALSE);

	if (!wdmdma_test_can_uncache(fixture->dev)) {
		KUNIT_EXPECT_NULL(test, va);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, live_edu, va, la.QuadPart, 10, SZ_4K, EDU_MOST - 10);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

static void device_moves_bytes_below_every_limit(struct kunit *test)
{
	static const u64 limits[] = { 0xbfffffff, 0x7fffffff, 0xffffff };
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	u8 *va;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		va = wdmdma_test_alloc_below(fixture, limits[i], SZ_8K, &la, TRUE);
		if (!wdmdma_test_has_room(fixture->dev, 0, limits[i])) {
			KUNIT_EXPECT_NULL(test, va);
			continue;
		}
		KUNIT_ASSERT_NOT_NULL_MSG(test, va, "limit %#llx", limits[i]);
		KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_8K - 1, limits[i]);
		edu_expect_round_trip(test, live_edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
		wdmdma_test_free(fixture, SZ_8K, la, va);
	}
}

/*
 * The logical address of each page must lead to the memory that the CPU sees, through
 * the IOMMU or directly.
 */
static void logical_address_is_that_of_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct iommu_domain *domain = iommu_get_domain_for_dev(fixture->dev);
	bool translated = wdmdma_iommu_translates(fixture->dev);
	PHYSICAL_ADDRESS la;
	u8 *va = live_buffer_alloc(test, SZ_64K, &la);
	u32 offset;

	kunit_info(test, "the device is %stranslated by an IOMMU\n", translated ? "" : "not ");
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	for (offset = 0; offset < SZ_64K; offset += SZ_4K) {
		u64 address = la.QuadPart + offset;

		if (translated)
			address = iommu_iova_to_phys(domain, address);
		KUNIT_EXPECT_EQ(test, address, (u64)wdmdma_test_physical(va + offset));
	}
	wdmdma_test_free(fixture, SZ_64K, la, va);
	if (translated)
		KUNIT_EXPECT_EQ_MSG(test, wdmdma_test_live_buffers(fixture->adapter), 0UL,
				    "the buffer is still there");
}

/*
 * A buffer must not end above its low limit, and the limit must not affect later
 * allocations of the same length.
 */
static void low_limit_poisons_nothing(struct kunit *test)
{
	static const u64 limits[] = { 0xfff, 0x7fff, 0xffff, 0x1ffff, 0x3ffff };
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned int i, n;
	u8 *va;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		for (n = 0; n < 8; n++) {
			va = wdmdma_test_alloc_below(fixture, limits[i], SZ_64K, &la, TRUE);
			if (!va)
				continue;
			KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_64K - 1, limits[i]);
			wdmdma_test_free(fixture, SZ_64K, la, va);
		}
		va = live_buffer_alloc(test, SZ_64K, &la);
		wdmdma_test_free(fixture, SZ_64K, la, va);
		va = live_buffer_alloc(test, SZ_1M, &la);
		wdmdma_test_free(fixture, SZ_1M, la, va);
	}
}

/* A full range below a limit must refuse further buffers, and must not affect other allocations. */
static void full_low_space_is_refused_and_forgotten(struct kunit *test)
{
	enum { MOST = 512 };
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS *la = kunit_kcalloc(test, MOST, sizeof(*la), GFP_KERNEL), other;
	void **va = kunit_kcalloc(test, MOST, sizeof(*va), GFP_KERNEL), *high;
	unsigned int n, i;

	KUNIT_ASSERT_NOT_NULL(test, la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	for (n = 0; n < MOST; n++) {
		va[n] = wdmdma_test_alloc_below(fixture, 0xfffff, SZ_4K, &la[n], TRUE);
		if (!va[n])
			break;
		KUNIT_EXPECT_LE(test, (u64)la[n].QuadPart + SZ_4K - 1, 0xfffffULL);
	}
	KUNIT_EXPECT_LT(test, n, (unsigned int)MOST);
	high = live_buffer_alloc(test, SZ_4K, &other);
	wdmdma_test_free(fixture, SZ_4K, other, high);
	for (i = 0; i < n; i++)
		wdmdma_test_free(fixture, SZ_4K, la[i], va[i]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

static void alloc_free_loop_uses_nothing_up(struct kunit *test)
{
	static const ULONG lengths[] = { 1, SZ_4K, SZ_4K + 1, SZ_64K, SZ_1M };
	struct wdmdma_fixture *fixture = test->priv;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		ULONG length = lengths[i % ARRAY_SIZE(lengths)];
		PHYSICAL_ADDRESS la;
		void *va = live_buffer_alloc(test, length, &la);

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, PAGE_SIZE));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(la.QuadPart, PAGE_SIZE));
		wdmdma_test_free(fixture, length, la, va);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

/* Return true if the device sees memory at this address. Without an IOMMU it sees all memory. */
static bool device_reaches(struct device *dev, PHYSICAL_ADDRESS la)
{
	return !wdmdma_iommu_translates(dev) ||
	       iommu_iova_to_phys(iommu_get_domain_for_dev(dev), la.QuadPart);
}

static void free_at_dispatch_reaches_the_device_later(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la, la2;
	void *va = live_buffer_alloc(test, SZ_64K, &la), *va2;
	unsigned long flags;

	va2 = wdmdma_test_alloc_below(fixture, U64_MAX, SZ_8K, &la2,
				      !wdmdma_test_can_uncache(fixture->dev));
	KUNIT_ASSERT_NOT_NULL(test, va2);
	KUNIT_EXPECT_TRUE(test, device_reaches(fixture->dev, la));
	KUNIT_EXPECT_TRUE(test, device_reaches(fixture->dev, la2));
	local_irq_save(flags);
	wdmdma_test_free(fixture, SZ_64K, la, va);
	wdmdma_test_free(fixture, SZ_8K, la2, va2);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
	/* A recycled buffer may stay mapped until memory is short. */
	wdmdma_recycle_shrink(ULONG_MAX);
	if (wdmdma_iommu_translates(fixture->dev)) {
		KUNIT_EXPECT_FALSE(test, device_reaches(fixture->dev, la));
		KUNIT_EXPECT_FALSE(test, device_reaches(fixture->dev, la2));
	}
}

static void alloc_every_kind(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	void *va;

	va = wdmdma_test_alloc(fixture, SZ_8K, &la);
	if (va)
		wdmdma_test_free(fixture, SZ_8K, la, va);
	va = wdmdma_test_alloc_below(fixture, 0x7fffffff, SZ_8K, &la, TRUE);
	if (va)
		wdmdma_test_free(fixture, SZ_8K, la, va);
	va = wdmdma_test_alloc_below(fixture, U64_MAX, SZ_8K, &la, FALSE);
	if (va)
		wdmdma_test_free(fixture, SZ_8K, la, va);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	wdmdma_test_sweep_on(test, fixture->dev, alloc_every_kind);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

/* An unbind must free the buffers of each kind, and later calls of the adapter must be refused. */
static void unbind_takes_back_what_is_left(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct pci_dev *pdev = live_edu->pdev;
	PHYSICAL_ADDRESS la;

	live_buffer_alloc(test, SZ_4K, &la);
	live_buffer_alloc(test, SZ_64K, &la);
	KUNIT_EXPECT_NOT_NULL(test, wdmdma_test_alloc_below(fixture, 0x7fffffff, SZ_8K, &la, TRUE));
	KUNIT_EXPECT_EQ(test, !!wdmdma_test_alloc_below(fixture, U64_MAX, SZ_8K, &la, FALSE),
			wdmdma_test_can_uncache(fixture->dev));

	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, live_edu->pdev);
	la.QuadPart = 1;
	KUNIT_EXPECT_NULL(test, fixture->ops->AllocateCommonBuffer(fixture->adapter, 1, &la, 0));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);

	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
	KUNIT_EXPECT_PTR_EQ(test, live_edu->pdev, pdev);
}

struct window_row {
	const char *name;
	u64 first, last;
	ULONG length;
	bool must;	/* whatever memory is in use */
};

static const struct window_row window_rows[] = {
	{ "up to 28 bits", 0, 0xfffffff, SZ_64K, true },
	{ "up to 3 GiB", 0, 0xbfffffff, SZ_64K, true },
	{ "up to 16 MiB", 0, 0xffffff, SZ_64K, true },
	{ "from 1 GiB up to 2 GiB", SZ_1G, SZ_2G - 1, SZ_64K, false },
	{ "8 to 16 MiB", SZ_8M, SZ_16M - 1, SZ_64K, false },
	{ "from 4 GiB", 1ULL << 32, U64_MAX, SZ_4K, false },
};

KUNIT_ARRAY_PARAM_DESC(window, window_rows, name);

static void device_moves_bytes_in_the_window(struct kunit *test)
{
	const struct window_row *row = test->param_value;
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	u8 *va = wdmdma_test_alloc_between(fixture, row->first, row->last, row->length, 0, &la);

	if (!va) {
		KUNIT_EXPECT_FALSE(test, row->must &&
				   wdmdma_test_has_room(fixture->dev, row->first, row->last));
		KUNIT_EXPECT_FALSE(test, wdmdma_test_must_reach(fixture->dev, row->first,
								row->last, row->length));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		return;
	}
	KUNIT_EXPECT_GE(test, (u64)la.QuadPart, row->first);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + row->length - 1,
			min(row->last, fixture->dev->coherent_dma_mask));
	edu_expect_round_trip(test, live_edu, va, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
	wdmdma_test_free(fixture, row->length, la, va);
}

/* The memory, the logical address and the CPU address must all be aligned to the large page. */
static void large_page_is_one_for_the_iommu_too(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct iommu_domain *domain = iommu_get_domain_for_dev(fixture->dev);
	PHYSICAL_ADDRESS la;
	u8 *va = wdmdma_test_alloc_between(fixture, 0, U64_MAX, SZ_1M,
					   DOMAIN_COMMON_BUFFER_LARGE_PAGE, &la);

	if (!dev_is_dma_coherent(fixture->dev)) {
		KUNIT_EXPECT_NULL(test, va);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)la.QuadPart, SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(wdmdma_test_physical(va), SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_2M));
	if (wdmdma_iommu_translates(fixture->dev)) {
		KUNIT_EXPECT_TRUE(test, domain->pgsize_bitmap & SZ_2M);
		KUNIT_EXPECT_EQ(test, (u64)iommu_iova_to_phys(domain, la.QuadPart + SZ_1M),
				(u64)wdmdma_test_physical(va + SZ_1M));
	}
	edu_expect_round_trip(test, live_edu, va, la.QuadPart, SZ_4K - 100, SZ_1M - SZ_4K,
			      EDU_MOST);
	wdmdma_test_free(fixture, SZ_1M, la, va);
}

static void device_moves_bytes_of_vector_elements(struct kunit *test)
{
	PHYSICAL_ADDRESS la[2];
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PVOID va[2];

	vector = wdmdma_test_vector(fixture, 0x7fffffff, wdmdma_test_cache(fixture->dev), 0, 1024);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, &va[0], &la[0]);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 1023, &va[1],
						       &la[1]);
	KUNIT_ASSERT_NOT_NULL(test, va[0]);
	KUNIT_ASSERT_NOT_NULL(test, va[1]);
	KUNIT_EXPECT_LE(test, (u64)la[1].QuadPart + SZ_4K - 1, 0x7fffffffULL);
	memset(va[0], 0x42, SZ_4K);
	KUNIT_EXPECT_EQ(test, edu_copy(live_edu, la[0].QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	KUNIT_EXPECT_EQ(test,
			edu_copy(live_edu, EDU_BUFFER, la[1].QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY),
			0);
	KUNIT_EXPECT_EQ(test, memcmp(va[0], va[1], EDU_MOST), 0);
	fixture->ops->FreeCommonBufferFromVector(fixture->adapter, vector, 0);
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

static void expect_pages_on_node(struct kunit *test, void *va, size_t size, int node)
{
	size_t offset;

	for (offset = 0; offset < size; offset += SZ_4K)
		KUNIT_EXPECT_EQ(test, pfn_to_nid(PHYS_PFN(wdmdma_test_physical(va + offset))),
				node);
}

/* A node is a preference. A guest with free memory on each node must honour it. */
static void memory_is_on_the_preferred_node(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	PVOID va;
	int node;

	if (num_online_nodes() < 2) {
		kunit_skip(test, "the machine has one node");
		return;
	}
	for_each_online_node(node) {
		va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_1M, &la, TRUE,
							  node);
		KUNIT_ASSERT_NOT_NULL(test, va);
		expect_pages_on_node(test, va, SZ_1M, node);
		wdmdma_test_free(fixture, SZ_1M, la, va);

		va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_8K, &la, FALSE,
							  node);
		KUNIT_ASSERT_NOT_NULL(test, va);
		expect_pages_on_node(test, va, SZ_8K, node);
		wdmdma_test_free(fixture, SZ_8K, la, va);

		vector = wdmdma_test_vector(fixture, U64_MAX, MmCached, node, 16);
		KUNIT_ASSERT_NOT_NULL(test, vector);
		fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 15, &va,
							       &la);
		expect_pages_on_node(test, va, SZ_4K, node);
		fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
	}
	/* The allocations must not change the device's own node. */
	KUNIT_EXPECT_EQ(test, dev_to_node(fixture->dev), live_edu->node);
}

static void vector_and_large_page_cycle(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	void *va;

	vector = wdmdma_test_vector(fixture, U64_MAX, MmNonCached, 0, 8);
	if (vector)
		fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
	va = wdmdma_test_alloc_between(fixture, 0, 0xbfffffff, SZ_2M,
				       DOMAIN_COMMON_BUFFER_LARGE_PAGE, &la);
	if (va)
		wdmdma_test_free(fixture, SZ_2M, la, va);
}

static void vector_and_large_page_fail_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	wdmdma_test_sweep_on(test, fixture->dev, vector_and_large_page_cycle);
}

static struct kunit_case live_cases[] = {
	KUNIT_CASE_SLOW(device_moves_bytes_across_pages),
	KUNIT_CASE_SLOW(device_moves_bytes_of_uncached_memory),
	KUNIT_CASE_SLOW(device_moves_bytes_below_every_limit),
	KUNIT_CASE(logical_address_is_that_of_the_memory),
	KUNIT_CASE(low_limit_poisons_nothing),
	KUNIT_CASE(full_low_space_is_refused_and_forgotten),
	KUNIT_CASE(alloc_free_loop_uses_nothing_up),
	KUNIT_CASE(free_at_dispatch_reaches_the_device_later),
	KUNIT_CASE(alloc_fails_cleanly_at_every_point),
	KUNIT_CASE(unbind_takes_back_what_is_left),
	KUNIT_CASE_PARAM(device_moves_bytes_in_the_window, window_gen_params),
	KUNIT_CASE_SLOW(large_page_is_one_for_the_iommu_too),
	KUNIT_CASE_SLOW(device_moves_bytes_of_vector_elements),
	KUNIT_CASE(memory_is_on_the_preferred_node),
	KUNIT_CASE(vector_and_large_page_fail_cleanly_at_every_point),
	{}
};

static struct kunit_suite live_suite = {
	.name = "wdmdma_live",
	.init = live_init,
	.test_cases = live_cases,
};

kunit_test_suite(live_suite);
