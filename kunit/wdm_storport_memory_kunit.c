// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a miniport shares with its adapter (storport/stor_memory.c). The device has no
 * IOMMU. live_storport_kunit.c has the cases with an IOMMU.
 */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "helpers.h"
#include "lib/page_set.h"

#ifdef CONFIG_X86
#include <linux/pgtable.h>
#endif

#define ANY	MM_ANY_NODE_OK
#define ALL	U64_MAX

/* The arguments of a miniport's request. */
struct asked {
	SIZE_T bytes;
	u64 first, last, boundary;
	MEMORY_CACHING_TYPE cache;
	NODE_REQUIREMENT node;
};

static ULONG alloc(struct kunit *test, const struct asked *asked, PVOID *va, PHYSICAL_ADDRESS *la)
{
	struct wdmdma_miniport *miniport = test->priv;

	*va = test;
	la->QuadPart = 0x5a5a5a5a;
	return StorPortAllocateDmaMemory(miniport->extension, asked->bytes,
					 wdmdma_test_pa(asked->first), wdmdma_test_pa(asked->last),
					 wdmdma_test_pa(asked->boundary), asked->cache, asked->node,
					 va, la);
}

static ULONG alloc_contiguous(struct kunit *test, const struct asked *asked, PVOID *va)
{
	struct wdmdma_miniport *miniport = test->priv;

	*va = test;
	return StorPortAllocateContiguousMemorySpecifyCacheNode(miniport->extension, asked->bytes,
								wdmdma_test_pa(asked->first),
								wdmdma_test_pa(asked->last),
								wdmdma_test_pa(asked->boundary),
								asked->cache, asked->node, va);
}

static ULONG release(struct kunit *test, PVOID va, SIZE_T bytes, MEMORY_CACHING_TYPE cache,
		     PHYSICAL_ADDRESS la)
{
	struct wdmdma_miniport *miniport = test->priv;

	return StorPortFreeDmaMemory(miniport->extension, va, bytes, cache, la);
}

static ULONG release_contiguous(struct kunit *test, PVOID va, SIZE_T bytes,
				MEMORY_CACHING_TYPE cache)
{
	struct wdmdma_miniport *miniport = test->priv;

	return StorPortFreeContiguousMemorySpecifyCache(miniport->extension, va, bytes, cache);
}

struct asked_row {
	const char *name;
	struct asked asked;
	enum { MUST, MAY, INVALID, NO_RESOURCES } result;
};

static const struct asked_row asked_rows[] = {
	/* requests of real miniports */
	{ "storahci: 512 bytes below 2 GiB", { 512, 0, 0x7fffffff, 0, MmCached, ANY }, MUST },
	{ "nvmewin: a queue on node 0", { SZ_64K + SZ_4K, 0, ALL, 0, MmCached, 0 }, MUST },
	{ "SpcNvme: a queue pair", { SZ_64K + SZ_16K, 0, ALL, 0, MmWriteCombined, 0 }, MUST },
	{ "NeptuneOS stornvme: 50 MiB", { 50 * SZ_1M, 0, ALL, 0, MmNonCached, ANY }, MAY },
	/* limits */
	{ "1 byte", { 1, 0, ALL, 0, MmCached, ANY }, MUST },
	{ "2 MiB + 1", { SZ_2M + 1, 0, ALL, 0, MmCached, ANY }, MUST },
	{ "below 16 MiB", { SZ_4K, 0, 0xffffff, 0, MmCached, ANY }, MUST },
	{ "8 to 16 MiB", { SZ_4K, SZ_8M, 0xffffff, 0, MmCached, ANY }, MAY },
	{ "64 KiB in 8 to 16 MiB", { SZ_64K, SZ_8M, 0xffffff, 0, MmCached, ANY }, MAY },
	{ "below 2 GiB", { SZ_64K, 0, 0x7fffffff, 0, MmCached, ANY }, MUST },
	{ "from 16 MiB", { SZ_64K, SZ_16M, ALL, 0, MmCached, ANY }, MUST },
	{ "HighPart of the highest not set", { SZ_4K, 0, 0xdeadbeef7fffffff, 0, MmCached, ANY },
	  MUST },
	{ "a page and one byte in a page",
	  { SZ_4K + 1, SZ_8M, SZ_8M + SZ_4K - 1, 0, MmCached, ANY }, INVALID },
	{ "lowest above highest", { SZ_4K, SZ_16M, SZ_8M, 0, MmCached, ANY }, INVALID },
	{ "lowest of all ones", { SZ_4K, ALL, ALL, 0, MmCached, ANY }, INVALID },
	{ "HighPart of the lowest not set", { SZ_4K, 0xdeadbeef00000000ULL, ALL, 0, MmCached, ANY },
	  NO_RESOURCES },
	{ "the first page only", { SZ_4K, 0, SZ_4K - 1, 0, MmCached, ANY }, INVALID },
	/* boundary */
	{ "4 KiB, boundary 4 KiB", { SZ_4K, 0, ALL, SZ_4K, MmCached, ANY }, MUST },
	{ "512 bytes, boundary 512", { 512, 0, ALL, 512, MmCached, ANY }, MUST },
	{ "12 KiB, boundary 16 KiB", { 3 * SZ_4K, 0, ALL, SZ_16K, MmCached, ANY }, MUST },
	{ "64 KiB, boundary 64 KiB", { SZ_64K, 0, ALL, SZ_64K, MmCached, ANY }, MUST },
	{ "3 MiB, boundary 4 MiB", { 3 * SZ_1M, 0, ALL, SZ_4M, MmCached, ANY }, MUST },
	{ "20 MiB, boundary 32 MiB", { 20 * SZ_1M, 0, ALL, SZ_32M, MmCached, ANY }, MAY },
	{ "64 KiB, boundary 4 GiB", { SZ_64K, 0, ALL, SZ_4G, MmCached, ANY }, MUST },
	{ "64 KiB, boundary 2^63", { SZ_64K, 0, ALL, 1ULL << 63, MmCached, ANY }, MUST },
	{ "boundary and limits", { SZ_64K, SZ_16M, 0xbfffffff, SZ_64K, MmCached, ANY }, MUST },
	{ "boundary, uncached", { SZ_64K, 0, ALL, SZ_64K, MmNonCached, ANY }, MUST },
	{ "boundary no power of two", { SZ_4K, 0, ALL, SZ_64K + SZ_4K, MmCached, ANY }, INVALID },
	{ "boundary of all ones", { SZ_4K, 0, ALL, ALL, MmCached, ANY }, INVALID },
	{ "HighPart of the boundary not set",
	  { SZ_4K, 0, ALL, 0xdeadbeef00010000, MmCached, ANY }, INVALID },
	{ "boundary below the length", { SZ_128K, 0, ALL, SZ_64K, MmCached, ANY }, NO_RESOURCES },
	{ "boundary one byte too small", { SZ_64K + 1, 0, ALL, SZ_64K, MmCached, ANY },
	  NO_RESOURCES },
	/* lengths */
	{ "0 bytes", { 0, 0, ALL, 0, MmCached, ANY }, INVALID },
	{ "4 GiB - 4095", { 0xfffff001, 0, ALL, 0, MmCached, ANY }, NO_RESOURCES },
	{ "4 GiB", { SZ_4G, 0, ALL, 0, MmCached, ANY }, NO_RESOURCES },
	{ "4 GiB + 512, which wraps in 32 bits", { SZ_4G + 512, 0, ALL, 0, MmCached, ANY },
	  NO_RESOURCES },
	{ "4 GiB below 2 GiB", { SZ_4G, 0, 0x7fffffff, 0, MmCached, ANY }, INVALID },
	{ "all ones", { SIZE_MAX, 0, ALL, 0, MmCached, ANY }, NO_RESOURCES },
	{ "all ones less a page", { SIZE_MAX - SZ_4K, 0, ALL, 0, MmCached, ANY },
	  NO_RESOURCES },
	/* cache types and nodes */
	{ "MmHardwareCoherentCached", { SZ_4K, 0, ALL, 0, MmHardwareCoherentCached, ANY },
	  INVALID },
	{ "MmNonCachedUnordered", { SZ_4K, 0, ALL, 0, MmNonCachedUnordered, ANY }, INVALID },
	{ "MmUSWCCached", { SZ_4K, 0, ALL, 0, MmUSWCCached, ANY }, INVALID },
	{ "MmMaximumCacheType", { SZ_4K, 0, ALL, 0, MmMaximumCacheType, ANY }, INVALID },
	{ "MmNotMapped", { SZ_4K, 0, ALL, 0, MmNotMapped, ANY }, INVALID },
	{ "node 0", { SZ_4K, 0, ALL, 0, MmCached, 0 }, MUST },
	{ "no such node", { SZ_4K, 0, ALL, 0, MmCached, MAX_NUMNODES }, INVALID },
	{ "node of all ones", { SZ_4K, 0, ALL, 0, MmCached, 0xffffffff }, INVALID },
};

KUNIT_ARRAY_PARAM_DESC(asked, asked_rows, name);

static void expect_as_asked(struct kunit *test, const struct asked *asked, void *va, u64 la)
{
	u64 size = PAGE_ALIGN((u64)asked->bytes);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_NE(test, la, 0ULL);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(va));
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(la));
	KUNIT_EXPECT_GE(test, la, asked->first);
	KUNIT_EXPECT_LE(test, la, asked->last - (size - 1));
	if (asked->boundary)
		KUNIT_EXPECT_EQ(test, la & ~(asked->boundary - 1),
				(la + asked->bytes - 1) & ~(asked->boundary - 1));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, size));
	memset(va, 0xa5, asked->bytes);
}

static ULONG status_of(const struct asked_row *row)
{
	return row->result == INVALID ? STOR_STATUS_INVALID_PARAMETER :
					STOR_STATUS_INSUFFICIENT_RESOURCES;
}

static bool must_fail(const struct asked *asked)
{
	return (asked->cache != MmCached && !IS_ENABLED(CONFIG_X86)) ||
	       !wdmdma_test_has_memory(asked->first, asked->last);
}

/*
 * Return true if a request was refused although its memory exists. A small request in a window
 * that may be in use must succeed if the page allocator finds memory for it right afterwards. For
 * a large request the free pages are looked at, because the page allocator has no such length.
 */
static bool refused_wrongly(const struct asked_row *row)
{
	const struct asked *asked = &row->asked;
	unsigned long nr = PFN_UP(asked->bytes), i;
	struct wdmdma_page_limits limits = {
		.window = { asked->first, asked->last },
		.boundary = asked->boundary,
		.node = NUMA_NO_NODE,
		.gfp = WDMDMA_PAGES_GFP,
	};
	struct page *block;

	if (row->result != MAY || (asked->cache != MmCached && !WDMDMA_CAN_UNCACHE))
		return false;
	if (asked->bytes > SZ_64K)
		return wdmdma_test_has_free(asked->first, asked->last, asked->bytes,
					    asked->boundary ?: PAGE_SIZE << MAX_PAGE_ORDER);
	block = wdmdma_pages_block(&limits, nr);
	for (i = 0; block && i < nr; i++)
		__free_page(block + i);
	return block;
}

/* The boundary must count and must not be doubled. */
static void memory_is_as_asked_for(struct kunit *test)
{
	const struct asked_row *row = test->param_value;
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG status = alloc(test, &row->asked, &va, &la);

	if (status != STOR_STATUS_SUCCESS && refused_wrongly(row)) {
		status = alloc(test, &row->asked, &va, &la);
		KUNIT_EXPECT_EQ(test, status, STOR_STATUS_SUCCESS);
	}
	if (status == STOR_STATUS_SUCCESS) {
		KUNIT_EXPECT_LE(test, (int)row->result, (int)MAY);
		expect_as_asked(test, &row->asked, va, la.QuadPart);
		status = release(test, va, row->asked.bytes, row->asked.cache, la);
		KUNIT_EXPECT_EQ(test, status, STOR_STATUS_SUCCESS);
	} else {
		KUNIT_EXPECT_TRUE(test, row->result != MUST || must_fail(&row->asked));
		KUNIT_EXPECT_EQ(test, status, status_of(row));
		/* A failure must clear both outputs. */
		KUNIT_EXPECT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void contiguous_memory_is_as_asked_for(struct kunit *test)
{
	const struct asked_row *row = test->param_value;
	struct wdmdma_miniport *miniport = test->priv;
	PHYSICAL_ADDRESS la;
	ULONG left;
	PVOID va;
	ULONG status = alloc_contiguous(test, &row->asked, &va);

	if (status != STOR_STATUS_SUCCESS && refused_wrongly(row)) {
		status = alloc_contiguous(test, &row->asked, &va);
		KUNIT_EXPECT_EQ(test, status, STOR_STATUS_SUCCESS);
	}
	if (status == STOR_STATUS_SUCCESS) {
		KUNIT_EXPECT_LE(test, (int)row->result, (int)MAY);
		la = StorPortGetPhysicalAddress(miniport->extension, NULL, va, &left);
		KUNIT_EXPECT_EQ(test, left, (ULONG)row->asked.bytes);
		expect_as_asked(test, &row->asked, va, la.QuadPart);
		status = release_contiguous(test, va, row->asked.bytes, row->asked.cache);
		KUNIT_EXPECT_EQ(test, status, STOR_STATUS_SUCCESS);
	} else {
		KUNIT_EXPECT_TRUE(test, row->result != MUST || must_fail(&row->asked));
		KUNIT_EXPECT_EQ(test, status, status_of(row));
		KUNIT_EXPECT_NULL(test, va);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

/*
 * A single block does not show if the boundary only limits the length, so allocate many.
 */
static void no_block_of_many_crosses_the_boundary(struct kunit *test)
{
	static const struct asked asked = { 3 * SZ_4K, 0, ALL, SZ_16K, MmCached, ANY };
	struct { PVOID va; PHYSICAL_ADDRESS la; } blocks[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		KUNIT_ASSERT_EQ(test, alloc(test, &asked, &blocks[i].va, &blocks[i].la),
				STOR_STATUS_SUCCESS);
		expect_as_asked(test, &asked, blocks[i].va, blocks[i].la.QuadPart);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		KUNIT_EXPECT_EQ(test, release(test, blocks[i].va, asked.bytes, MmCached,
					      blocks[i].la), STOR_STATUS_SUCCESS);
}

static const struct cache_row {
	const char *name;
	MEMORY_CACHING_TYPE cache;
	unsigned long flags;	/* in the page table of x86 */
} cache_rows[] = {
#ifdef CONFIG_X86
	{ "MmCached", MmCached, 0 },
	{ "MmNonCached", MmNonCached, _PAGE_PCD },
	{ "MmWriteCombined", MmWriteCombined, _PAGE_PWT },
#else
	{ "MmCached", MmCached },
	{ "MmNonCached", MmNonCached },
	{ "MmWriteCombined", MmWriteCombined },
#endif
};

KUNIT_ARRAY_PARAM_DESC(cache, cache_rows, name);

static void cache_type_is_that_asked_for(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	struct asked asked = { SZ_8K, 0, ALL, 0, row->cache, ANY };
	PHYSICAL_ADDRESS la;
	PVOID va;
	ULONG status = alloc(test, &asked, &va, &la);

	if (must_fail(&asked)) {
		KUNIT_EXPECT_EQ(test, status, STOR_STATUS_INSUFFICIENT_RESOURCES);
		return;
	}
	KUNIT_ASSERT_EQ(test, status, STOR_STATUS_SUCCESS);
#ifdef CONFIG_X86
	{
		unsigned int level;
		pte_t *pte = lookup_address((unsigned long)va, &level);

		KUNIT_ASSERT_NOT_NULL(test, pte);
		KUNIT_EXPECT_EQ(test, pte_flags(*pte) & (_PAGE_PCD | _PAGE_PWT), row->flags);
	}
#endif
	KUNIT_EXPECT_EQ(test, release(test, va, SZ_8K, row->cache, la), STOR_STATUS_SUCCESS);
}

static void null_outputs_are_refused(struct kunit *test)
{
	static const ULONG invalid = STOR_STATUS_INVALID_PARAMETER;
	struct wdmdma_miniport *miniport = test->priv;
	PVOID extension = miniport->extension, va = test;
	PHYSICAL_ADDRESS none = {}, last = wdmdma_test_pa(ALL), la = wdmdma_test_pa(1);
	ULONG status;

	status = StorPortAllocateDmaMemory(extension, SZ_4K, none, last, none, MmCached, ANY, NULL,
					   &la);
	KUNIT_EXPECT_EQ(test, status, invalid);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	status = StorPortAllocateDmaMemory(extension, SZ_4K, none, last, none, MmCached, ANY, &va,
					   NULL);
	KUNIT_EXPECT_EQ(test, status, invalid);
	KUNIT_EXPECT_NULL(test, va);
	status = StorPortAllocateContiguousMemorySpecifyCacheNode(extension, SZ_4K, none, last,
								  none, MmCached, ANY, NULL);
	KUNIT_EXPECT_EQ(test, status, invalid);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void nothing_is_allocated_at_dispatch(struct kunit *test)
{
	static const struct asked asked = { SZ_4K, 0, ALL, 0, MmCached, ANY };
	PVOID va[2], contiguous;
	PHYSICAL_ADDRESS la[2];
	unsigned long flags;
	ULONG status[3];

	local_bh_disable();
	status[0] = alloc(test, &asked, &va[0], &la[0]);
	status[1] = alloc_contiguous(test, &asked, &contiguous);
	local_bh_enable();
	local_irq_save(flags);
	status[2] = alloc(test, &asked, &va[1], &la[1]);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, status[0], STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, status[1], STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, status[2], STOR_STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, va[0]);
	KUNIT_EXPECT_NULL(test, va[1]);
	KUNIT_EXPECT_NULL(test, contiguous);
	KUNIT_EXPECT_EQ(test, la[0].QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, la[1].QuadPart, 0LL);
}

static void memory_is_on_the_preferred_node(struct kunit *test)
{
	struct asked asked = { SZ_64K, 0, ALL, 0, MmCached, ANY };
	PHYSICAL_ADDRESS la;
	PVOID va;
	int node;

	if (num_online_nodes() < 2) {
		kunit_skip(test, "the machine has one node");
		return;
	}
	for_each_online_node(node) {
		asked.node = node;
		KUNIT_ASSERT_EQ(test, alloc(test, &asked, &va, &la), STOR_STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(va)), node);
		KUNIT_EXPECT_EQ(test, release(test, va, SZ_64K, MmCached, la), STOR_STATUS_SUCCESS);
	}
}

/* The arguments with which a block of 3 pages, MmCached, is freed. */
struct free_row {
	const char *name;
	size_t offset;
	SIZE_T bytes;
	MEMORY_CACHING_TYPE cache;
	s64 la_offset;
	bool contiguous;
};

#define BLOCK	(3 * SZ_4K)

static const struct free_row free_rows[] = {
	{ "inside", 64, BLOCK, MmCached, 64, false },
	{ "the second page", SZ_4K, SZ_4K, MmCached, SZ_4K, false },
	{ "the second page, contiguous", SZ_4K, SZ_4K, MmCached, 0, true },
	{ "the first page", 0, SZ_4K, MmCached, 0, false },
	{ "shorter", 0, BLOCK - 1, MmCached, 0, false },
	{ "longer", 0, BLOCK + 1, MmCached, 0, false },
	{ "longer, contiguous", 0, SZ_1G, MmCached, 0, true },
	{ "0 bytes", 0, 0, MmCached, 0, false },
	{ "all ones", 0, SIZE_MAX, MmCached, 0, false },
	{ "the length with bit 32", 0, SZ_4G + BLOCK, MmCached, 0, false },
	{ "MmNonCached", 0, BLOCK, MmNonCached, 0, false },
	{ "MmWriteCombined, contiguous", 0, BLOCK, MmWriteCombined, 0, true },
	{ "unknown cache type", 0, BLOCK, 77, 0, false },
	{ "another physical address", 0, BLOCK, MmCached, SZ_4K, false },
	{ "HighPart of the physical address", 0, BLOCK, MmCached, 1LL << 40, false },
};

KUNIT_ARRAY_PARAM_DESC(free, free_rows, name);

/*
 * A free that does not match must free neither this block nor another one.
 */
static void free_that_does_not_match_frees_nothing(struct kunit *test)
{
	static const struct asked asked = { BLOCK, 0, ALL, 0, MmCached, ANY };
	const struct free_row *row = test->param_value;
	PHYSICAL_ADDRESS la, other_la;
	PVOID va, other;
	ULONG status;

	KUNIT_ASSERT_EQ(test, alloc(test, &asked, &va, &la), STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, alloc(test, &asked, &other, &other_la), STOR_STATUS_SUCCESS);
	if (row->contiguous)
		status = release_contiguous(test, va + row->offset, row->bytes, row->cache);
	else
		status = release(test, va + row->offset, row->bytes, row->cache,
				 wdmdma_test_pa(la.QuadPart + row->la_offset));
	KUNIT_EXPECT_EQ(test, status, STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 2UL);
	memset(va, 0x5a, BLOCK);
	KUNIT_EXPECT_EQ(test, release(test, va, BLOCK, MmCached, la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, other, BLOCK, MmCached, other_la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

/* A test that is reversed would refuse every valid free. */
static void free_that_matches_frees(struct kunit *test)
{
	static const struct asked asked = { 1000, 0, ALL, 0, MmCached, ANY };
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_EQ(test, alloc(test, &asked, &va, &la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, va, 1000, MmCached, la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
	/* The physical address must be optional. */
	KUNIT_ASSERT_EQ(test, alloc(test, &asked, &va, &la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, va, 1000, MmCached, wdmdma_test_pa(0)),
			STOR_STATUS_SUCCESS);
	/* Memory of either call must be accepted by the free of the other call. */
	KUNIT_ASSERT_EQ(test, alloc(test, &asked, &va, &la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release_contiguous(test, va, 1000, MmCached), STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, alloc_contiguous(test, &asked, &va), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, va, 1000, MmCached, wdmdma_test_pa(0)),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void free_twice_and_of_foreign_memory_is_refused(struct kunit *test)
{
	static const struct asked asked = { SZ_4K, 0, ALL, 0, MmCached, ANY };
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_EQ(test, alloc(test, &asked, &va, &la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, NULL, SZ_4K, MmCached, la),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release(test, &la, SZ_4K, MmCached, la),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release(test, va, SZ_4K, MmCached, la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, va, SZ_4K, MmCached, la),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release_contiguous(test, va, SZ_4K, MmCached),
			STOR_STATUS_INVALID_PARAMETER);
}

/*
 * The uncached extension and the memory of an SRB are common buffers, but these
 * calls must not free them.
 */
static void free_of_the_ports_own_memory_is_refused(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_miniport *miniport = test->priv;
	PVOID uncached = StorPortGetUncachedExtension(miniport->extension, &config, SZ_8K);
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(miniport->extension, SZ_4K - 256);
	static const MEMORY_CACHING_TYPE types[] = { MmCached, MmNonCached, MmWriteCombined };
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, uncached && srb);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		KUNIT_EXPECT_EQ(test, release_contiguous(test, uncached, SZ_8K, types[i]),
				STOR_STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test,
				release(test, srb->SrbExtension, SZ_4K - 256 + 252, types[i],
					wdmdma_test_pa(0)),
				STOR_STATUS_INVALID_PARAMETER);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 2UL);
}

static void free_works_under_a_spin_lock(struct kunit *test)
{
	static const MEMORY_CACHING_TYPE types[] = { MmCached, MmNonCached, MmWriteCombined };
	struct asked asked = { SZ_64K, 0, ALL, 0, MmCached, ANY };
	static DEFINE_SPINLOCK(lock);
	PHYSICAL_ADDRESS la;
	unsigned long flags;
	unsigned int i;
	ULONG status;
	PVOID va;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		asked.cache = types[i];
		if (must_fail(&asked))
			continue;
		KUNIT_ASSERT_EQ(test, alloc(test, &asked, &va, &la), STOR_STATUS_SUCCESS);
		spin_lock_irqsave(&lock, flags);
		status = release(test, va, SZ_64K, types[i], la);
		spin_unlock_irqrestore(&lock, flags);
		KUNIT_EXPECT_EQ(test, status, STOR_STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
	}
}

static void alloc_every_kind(struct kunit *test)
{
	static const struct asked asked[] = {
		{ SZ_4K, 0, ALL, 0, MmCached, ANY },
		{ 3 * SZ_4K, SZ_16M, 0xbfffffff, SZ_16K, MmCached, 0 },
		{ SZ_8K, 0, ALL, 0, MmWriteCombined, ANY },
	};
	PHYSICAL_ADDRESS la;
	unsigned int i;
	PVOID va;

	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		if (alloc(test, &asked[i], &va, &la) == STOR_STATUS_SUCCESS)
			release(test, va, asked[i].bytes, asked[i].cache, la);
		if (alloc_contiguous(test, &asked[i], &va) == STOR_STATUS_SUCCESS)
			release_contiguous(test, va, asked[i].bytes, asked[i].cache);
	}
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, alloc_every_kind);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static struct kunit_case wdm_storport_memory_cases[] = {
	KUNIT_CASE_PARAM(memory_is_as_asked_for, asked_gen_params),
	KUNIT_CASE_PARAM(contiguous_memory_is_as_asked_for, asked_gen_params),
	KUNIT_CASE(no_block_of_many_crosses_the_boundary),
	KUNIT_CASE_PARAM(cache_type_is_that_asked_for, cache_gen_params),
	KUNIT_CASE(null_outputs_are_refused),
	KUNIT_CASE(nothing_is_allocated_at_dispatch),
	KUNIT_CASE(memory_is_on_the_preferred_node),
	KUNIT_CASE_PARAM(free_that_does_not_match_frees_nothing, free_gen_params),
	KUNIT_CASE(free_that_matches_frees),
	KUNIT_CASE(free_twice_and_of_foreign_memory_is_refused),
	KUNIT_CASE(free_of_the_ports_own_memory_is_refused),
	KUNIT_CASE(free_works_under_a_spin_lock),
	KUNIT_CASE(alloc_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_storport_memory_suite = {
	.name = "wdmdma_wdm_storport_memory",
	.init = wdmdma_test_miniport_init,
	.test_cases = wdm_storport_memory_cases,
};

kunit_test_suite(wdm_storport_memory_suite);
