// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for a cache coherent device, and for one that is not, with a real (emulated)
 * device that moves bytes. QEMU has no caches, so the cases cannot show that caches are
 * written back. They show that the memory is the right one.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "edu.h"
#include "memory.h"

static struct edu *edu;

/* Leave an adapter with 32 address bits for the edu device in test->priv. */
static int live_coherent_init(struct kunit *test)
{
	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	return 0;
}

/*
 * Without coherence the alignment must be a cache line, because CPU data in the line of
 * the device's data would be lost.
 */
static void alignment_is_a_cache_line_where_the_device_sees_no_cache(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	ULONG alignment = f->ops->GetDmaAlignment(f->adapter);

	if (dev_is_dma_coherent(f->dev))
		KUNIT_EXPECT_EQ(test, alignment, 1U);
	else
		KUNIT_EXPECT_EQ(test, alignment, (ULONG)dma_get_cache_alignment());
}

static const struct cache_row {
	const char *name;
	MEMORY_CACHING_TYPE cache;
} cache_rows[] = {
	{ "MmCached", MmCached },
	{ "MmNonCached", MmNonCached },
	{ "MmWriteCombined", MmWriteCombined },
};

KUNIT_ARRAY_PARAM_DESC(cache, cache_rows, name);

/* Return true if there is memory of this type for the device. */
static bool has_cache_type(struct device *dev, MEMORY_CACHING_TYPE cache)
{
	return cache == MmCached ? dev_is_dma_coherent(dev) : wdmdma_test_can_uncache(dev);
}

static void expect_buffer(struct kunit *test, struct wdmdma_fixture *f, MEMORY_CACHING_TYPE cache,
			  NTSTATUS status)
{
	MEMORY_CACHING_TYPE asked = cache;
	struct wdmdma_buffer_info info;
	PHYSICAL_ADDRESS la;
	u8 *va;

	va = f->ops->AllocateCommonBufferWithBounds(f->adapter, NULL, NULL, SZ_8K, 0, &asked,
						    MM_ANY_NODE_OK, &la);
	KUNIT_EXPECT_EQ(test, !va, !NT_SUCCESS(status));
	if (!va) {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		return;
	}
	KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, va, &info), 0);
	KUNIT_EXPECT_EQ(test, (int)info.cache, (int)cache);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(f, SZ_8K, la, va);
}

static void expect_vector(struct kunit *test, struct wdmdma_fixture *f, MEMORY_CACHING_TYPE cache,
			  NTSTATUS status)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = U64_MAX };
	PDMA_COMMON_BUFFER_VECTOR vector = (void *)1;

	KUNIT_EXPECT_EQ(test,
			f->ops->AllocateCommonBufferVector(f->adapter, low, high, cache, 0, 0, 4,
							   SZ_4K, &vector),
			status);
	KUNIT_EXPECT_EQ(test, !vector, !NT_SUCCESS(status));
	if (vector)
		f->ops->FreeCommonBufferVector(f->adapter, vector);
}

static void cache_type_is_the_one_asked_for_or_refused(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	NTSTATUS status = has_cache_type(f->dev, row->cache) ? STATUS_SUCCESS :
							       STATUS_NOT_SUPPORTED;

	if (row->cache == MmWriteCombined)
		status = STATUS_INVALID_PARAMETER;
	expect_buffer(test, f, row->cache, status);
	expect_vector(test, f, row->cache, status);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
}

static void miniports_cache_type_is_obeyed_or_refused(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = U64_MAX }, la;
	struct wdmdma_miniport *miniport = wdmdma_test_miniport_on(test, &edu->pdev->dev);
	bool has = has_cache_type(miniport->dev, row->cache);
	PVOID va = (void *)1;

	KUNIT_EXPECT_EQ(test,
			StorPortAllocateDmaMemory(miniport->extension, SZ_8K, low, high, low,
						  row->cache, MM_ANY_NODE_OK, &va, &la),
			has ? STOR_STATUS_SUCCESS : STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_ASSERT_EQ(test, !va, !has);
	if (!has) {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		return;
	}
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	KUNIT_EXPECT_EQ(test,
			StorPortFreeDmaMemory(miniport->extension, va, SZ_8K, row->cache, la),
			STOR_STATUS_SUCCESS);
}

/*
 * The memory must be cached if the device is coherent, and uncached otherwise. Single
 * pages and longer buffers come from different allocators.
 */
static void no_cache_type_gives_what_the_device_needs(struct kunit *test)
{
	static const ULONG lengths[] = { SZ_4K, SZ_64K };
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_buffer_info info;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	for (i = 0; i < 2 * ARRAY_SIZE(lengths); i++) {
		ULONG length = lengths[i / 2];

		va = i & 1 ? wdmdma_test_alloc_between(f, 0, U64_MAX, length, 0, &la) :
			     wdmdma_test_alloc(f, length, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(f->adapter, va, &info), 0);
		KUNIT_EXPECT_EQ(test, (int)info.cache, (int)wdmdma_test_cache(f->dev));
		KUNIT_EXPECT_EQ(test, info.size, (size_t)length);
		KUNIT_EXPECT_TRUE(test, node_online(info.node));
		if (!wdmdma_iommu_translates(f->dev))
			KUNIT_EXPECT_TRUE(test, info.contiguous);
		wdmdma_test_free(f, length, la, va);
	}
}

/*
 * Older drivers flush, map, start the device, unmap and flush. The bytes must arrive in
 * both directions.
 */
static void memory_that_is_flushed_is_the_same_for_both(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL source = wdmdma_test_mdl(test, memory->va + 64, SZ_2K);
	PMDL target = wdmdma_test_mdl(test, memory->va + SZ_4K, SZ_2K);
	PMDL mdls[] = { source, target };
	unsigned int i;

	memset(memory->va, 0xa5, SZ_8K);
	for (i = 0; i < SZ_2K; i++)
		memory->va[64 + i] = (u8)(i * 7 + 3);
	for (i = 0; i < ARRAY_SIZE(mdls); i++) {
		BOOLEAN write = mdls[i] == source;
		PSCATTER_GATHER_LIST list = NULL;
		u64 la;

		KUNIT_EXPECT_EQ(test, f->ops->FlushDmaBuffer(f->adapter, mdls[i], FALSE),
				STATUS_SUCCESS);
		list = wdmdma_test_list(test, f->adapter, mdls[i], write);
		la = list->Elements[0].Address.QuadPart;
		KUNIT_ASSERT_EQ(test, edu_copy(edu, write ? la : EDU_BUFFER,
					       write ? EDU_BUFFER : la, SZ_2K,
					       write ? 0 : EDU_DMA_TO_MEMORY), 0);
		f->ops->PutScatterGatherList(f->adapter, list, write);
		KUNIT_EXPECT_EQ(test, f->ops->FlushDmaBuffer(f->adapter, mdls[i], TRUE),
				STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, memcmp(memory->va + 64, memory->va + SZ_4K, SZ_2K), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va, 0xa5, 64));
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va + SZ_4K + SZ_2K, 0xa5, SZ_2K));
}

static struct kunit_case live_coherent_cases[] = {
	KUNIT_CASE(alignment_is_a_cache_line_where_the_device_sees_no_cache),
	KUNIT_CASE_PARAM(cache_type_is_the_one_asked_for_or_refused, cache_gen_params),
	KUNIT_CASE_PARAM(miniports_cache_type_is_obeyed_or_refused, cache_gen_params),
	KUNIT_CASE(no_cache_type_gives_what_the_device_needs),
	KUNIT_CASE(memory_that_is_flushed_is_the_same_for_both),
	{}
};

static struct kunit_suite live_coherent_suite = {
	.name = "wdmdma_live_coherent",
	.init = live_coherent_init,
	.test_cases = live_coherent_cases,
};

kunit_test_suite(live_coherent_suite);
