// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physically contiguous memory (wdm/wdm_contiguous.c) and physical addresses
 * (wdm/wdm_kernel_pfn.c). Limits, boundary, cache type and contiguity must all count, and the
 * memory must start on a page.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "level.h"

#define ALL	U64_MAX

static void *allocate(SIZE_T bytes, u64 low, u64 high, u64 boundary, MEMORY_CACHING_TYPE cache)
{
	return MmAllocateContiguousMemorySpecifyCache(bytes, wdmdma_test_pa(low),
						      wdmdma_test_pa(high),
						      wdmdma_test_pa(boundary), cache);
}

/* Return the physical address of the byte according to the kernel. */
static u64 address_of(const void *va)
{
	if (is_vmalloc_addr(va))
		return PFN_PHYS(vmalloc_to_pfn(va)) + offset_in_page(va);
	return virt_to_phys((void *)va);
}

/*
 * Expect writable memory that is page aligned, contiguous, within the limits, and on one
 * side of each boundary.
 */
static void expect_good(struct kunit *test, void *va, SIZE_T bytes, u64 low, u64 high,
			u64 boundary)
{
	u64 first = address_of(va), last = first + bytes - 1;
	SIZE_T at;

	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(va));
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(first));
	KUNIT_EXPECT_GE(test, first, low);
	KUNIT_EXPECT_LE(test, last, high);
	if (boundary)
		KUNIT_EXPECT_EQ(test, first / boundary, last / boundary);
	for (at = 0; at < bytes; at += SZ_4K)
		KUNIT_ASSERT_EQ(test, address_of(va + at), first + at);
	KUNIT_EXPECT_EQ(test, address_of(va + bytes - 1), last);
	memset(va, 0xa5, bytes);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, bytes));
}

static const struct good_row {
	const char *name;
	SIZE_T bytes;
	u64 low, high, boundary;
	bool one;	/* one at a time, because a narrow window may be in use */
} good_rows[] = {
	{ "one byte", 1, 0, ALL, 0 },
	{ "a page", SZ_4K, 0, ALL, 0 },
	{ "a page and a byte", SZ_4K + 1, 0, ALL, 0 },
	{ "1 MiB", SZ_1M, 0, ALL, 0 },
	{ "5 MiB, above the buddy allocator's largest", 5 * SZ_1M, 0, ALL, 0 },
	{ "no limit, as a positive number", SZ_4K, 0, S64_MAX, 0 },
	{ "8 to 16 MiB", SZ_8K, 0x800000, 0xffffff, 0, true },
	{ "64 KiB in 8 to 16 MiB", SZ_64K, 0x800000, 0xffffff, 0, true },
	{ "below 16 MiB", SZ_8K, 0, 0xffffff, 0 },
	{ "below 2 GiB", SZ_64K, 0, 0x7fffffff, 0 },
	{ "below 3 GiB", SZ_64K, 0, 0xbfffffff, 0 },
	{ "below 4 GiB", SZ_64K, 0, 0xffffffff, 0 },
	{ "256 to 768 MiB", SZ_8K, SZ_256M, 3UL * SZ_256M - 1, 0 },
	{ "limit within the last page", 100, SZ_256M, SZ_512M + 0x800, 0 },
	{ "a page within 64 KiB", SZ_4K, 0, ALL, SZ_64K },
	{ "20 KiB within 64 KiB", 5 * SZ_4K, 0, ALL, SZ_64K },
	{ "36 KiB within 64 KiB", 9 * SZ_4K, 0, ALL, SZ_64K },
	{ "60 KiB within 64 KiB", 15 * SZ_4K, 0, ALL, SZ_64K },
	{ "64 KiB within 64 KiB", SZ_64K, 0, ALL, SZ_64K },
	{ "64 KiB within 64 KiB below 16 MiB", SZ_64K, 0, 0xffffff, SZ_64K },
	{ "60 KiB within 64 KiB of 256 to 768 MiB", 15 * SZ_4K, SZ_256M, 3UL * SZ_256M - 1,
	  SZ_64K },
	{ "a page within a page", SZ_4K, 0, ALL, SZ_4K },
	{ "100 bytes within 512", 100, 0, ALL, 512 },
	{ "8 KiB within 4 GiB", SZ_8K, 0, ALL, 1ULL << 32 },
	{ "boundary of half the space", SZ_8K, 0, ALL, 1ULL << 63 },
};

KUNIT_ARRAY_PARAM_DESC(good, good_rows, name);

static void memory_is_as_asked_for(struct kunit *test)
{
	const struct good_row *row = test->param_value;
	bool exists = wdmdma_test_has_memory(row->low, row->high);
	/* All memory above an address may be in use, or a part of every large block. */
	bool some = row->low || row->bytes > SZ_4M;
	unsigned int n, held = 0;
	void *va[8];

	/* Allocate several, so that chance alone does not pass the case. */
	for (n = 0; n < ARRAY_SIZE(va); n++) {
		va[n] = allocate(row->bytes, row->low, row->high, row->boundary, MmCached);
		if (!va[n] && (some || !exists)) {
			KUNIT_EXPECT_FALSE(test, wdmdma_test_must_have(row->low, row->high,
								       PAGE_ALIGN(row->bytes)));
			break;
		}
		KUNIT_ASSERT_NOT_NULL(test, va[n]);
		expect_good(test, va[n], row->bytes, row->low, row->high, row->boundary);
		KUNIT_EXPECT_EQ(test, (u64)MmGetPhysicalAddress(va[n]).QuadPart,
				address_of(va[n]));
		if (row->one)
			MmFreeContiguousMemory(va[n]);
		else
			held++;
	}
	while (held)
		MmFreeContiguousMemory(va[--held]);
	if (!n && exists)
		kunit_skip(test, "that memory is in use");
}

static void short_form_keeps_to_its_limit(struct kunit *test)
{
	static const u64 limits[] = { 0xffffff, 0x7fffffff, 0xbfffffff, 0xffffffff, ALL };
	unsigned int i;
	void *va;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		va = MmAllocateContiguousMemory(3 * SZ_4K, wdmdma_test_pa(limits[i]));
		if (!wdmdma_test_has_memory(0, limits[i])) {
			KUNIT_EXPECT_NULL(test, va);
			continue;
		}
		KUNIT_ASSERT_NOT_NULL(test, va);
		expect_good(test, va, 3 * SZ_4K, 0, limits[i], 0);
		MmFreeContiguousMemory(va);
	}
}

static const struct refuse_row {
	const char *name;
	SIZE_T bytes;
	u64 low, high, boundary;
	MEMORY_CACHING_TYPE cache;
} refuse_rows[] = {
	{ "no bytes", 0, 0, ALL, 0, MmCached },
	{ "1 TiB", 1ULL << 40, 0, ALL, 0, MmCached },
	{ "half the space", 1ULL << 63, 0, ALL, 0, MmCached },
	{ "all but a page", ~0xfffUL, 0, ALL, 0, MmCached },
	{ "all but a page and a byte more", ~0xfffUL + 1, 0, ALL, 0, MmCached },
	{ "-1 bytes", ~0UL, 0, ALL, 0, MmCached },
	{ "limits upside down", SZ_4K, SZ_64M, SZ_64M - 1, 0, MmCached },
	{ "window below a page", SZ_4K, SZ_64M, SZ_64M + 0xffe, 0, MmCached },
	{ "window one byte too short", SZ_8K, SZ_64M, SZ_64M + SZ_8K - 2, 0, MmCached },
	{ "above all memory", SZ_4K, 1ULL << 50, ALL, 0, MmCached },
	{ "high limit 0", SZ_4K, 0, 0, 0, MmCached },
	{ "boundary below the length", SZ_8K, 0, ALL, SZ_4K, MmCached },
	{ "boundary a byte below the length", SZ_64K + 1, 0, ALL, SZ_64K, MmCached },
	{ "boundary of 512 for 513 bytes", 513, 0, ALL, 512, MmCached },
	{ "boundary no power of two", SZ_4K, 0, ALL, 3 * SZ_4K, MmCached },
	{ "boundary -1", SZ_4K, 0, ALL, ALL, MmCached },
	{ "boundary 3", 1, 0, ALL, 3, MmCached },
	{ "cache type -1", SZ_4K, 0, ALL, 0, MmNotMapped },
	{ "cache type 3", SZ_4K, 0, ALL, 0, MmHardwareCoherentCached },
	{ "cache type 4, of another machine", SZ_4K, 0, ALL, 0, MmNonCachedUnordered },
	{ "cache type 5", SZ_4K, 0, ALL, 0, MmUSWCCached },
	{ "cache type 6", SZ_4K, 0, ALL, 0, MmMaximumCacheType },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_rows, name);

static void what_cannot_be_is_refused(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	void *va = allocate(row->bytes, row->low, row->high, row->boundary, row->cache);

	KUNIT_EXPECT_NULL(test, va);
	if (va)
		MmFreeContiguousMemory(va);
}

static const struct node_row {
	const char *name;
	NODE_REQUIREMENT node;
	bool good;
} node_rows[] = {
	{ "any node", MM_ANY_NODE_OK, true },
	{ "node 0", 0, true },
	{ "no such node", 1023 },
	{ "node -1", 0xffffffff },
	{ "any node and a number", MM_ANY_NODE_OK | 1023 },
};

KUNIT_ARRAY_PARAM_DESC(node, node_rows, name);

/* The node is no preference here. The call must return NULL if that node has no memory. */
static void node_is_strict(struct kunit *test)
{
	const struct node_row *row = test->param_value;
	void *va = MmAllocateContiguousMemorySpecifyCacheNode(SZ_8K, wdmdma_test_pa(0),
							      wdmdma_test_pa(ALL),
							      wdmdma_test_pa(0), MmCached,
							      row->node);

	KUNIT_ASSERT_EQ(test, !!va, row->good);
	if (!va)
		return;
	expect_good(test, va, SZ_8K, 0, ALL, 0);
	if (row->node != MM_ANY_NODE_OK)
		KUNIT_EXPECT_EQ(test, page_to_nid(pfn_to_page(PHYS_PFN(address_of(va)))),
				(int)row->node);
	MmFreeContiguousMemory(va);
}

static void *allocate_of(int node, u64 low, u64 high)
{
	return MmAllocateContiguousMemorySpecifyCacheNode(SZ_64K, wdmdma_test_pa(low),
							  wdmdma_test_pa(high), wdmdma_test_pa(0),
							  MmCached, node);
}

static void memory_is_on_the_node_asked_for(struct kunit *test)
{
	int node;
	void *va;
	u64 at;

	wdmdma_test_needs_nodes(test);
	for_each_node_state(node, N_MEMORY) {
		va = allocate_of(node, 0, ALL);
		KUNIT_ASSERT_NOT_NULL(test, va);
		expect_good(test, va, SZ_64K, 0, ALL, 0);
		for (at = 0; at < SZ_64K; at += SZ_4K)
			KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(va + at)), node);
		MmFreeContiguousMemory(va);
	}
}

/* The limits leave only memory of the other node. */
static void memory_of_another_node_is_not_taken(struct kunit *test)
{
	int node, other;
	u64 low, high;
	void *va;

	wdmdma_test_needs_nodes(test);
	for_each_node_state(other, N_MEMORY) {
		low = PFN_PHYS(node_start_pfn(other));
		high = PFN_PHYS(node_end_pfn(other)) - 1;
		for_each_node_state(node, N_MEMORY) {
			va = allocate_of(node, low, high);
			KUNIT_EXPECT_EQ(test, !!va, node == other);
			if (va)
				MmFreeContiguousMemory(va);
		}
	}
}

static const struct zero_row {
	const char *name;
	SIZE_T bytes;
	u64 low, high;
	MEMORY_CACHING_TYPE cache;
	bool at_dispatch;
} zero_rows[] = {
	{ "a page", SZ_4K, 0, ALL, MmCached },
	{ "one byte: the rest of its page too", 1, 0, ALL, MmCached },
	{ "5 pages", 5 * SZ_4K, 0, ALL, MmCached },
	{ "1 MiB", SZ_1M, 0, ALL, MmCached },
	{ "below 16 MiB", SZ_8K, 0, 0xffffff, MmCached },
	{ "256 to 768 MiB", SZ_8K, SZ_256M, 3UL * SZ_256M - 1, MmCached },
	{ "uncached", 3 * SZ_4K, 0, ALL, MmNonCached },
	{ "write-combined", 3 * SZ_4K, 0, ALL, MmWriteCombined },
	{ "at DISPATCH_LEVEL", SZ_8K, 0, ALL, MmCached, true },
};

KUNIT_ARRAY_PARAM_DESC(zero, zero_rows, name);

static u8 *allocate_row(const struct zero_row *row)
{
	u8 *va;

	if (!row->at_dispatch)
		return allocate(row->bytes, row->low, row->high, 0, row->cache);
	local_bh_disable();
	va = allocate(row->bytes, row->low, row->high, 0, row->cache);
	local_bh_enable();
	return va;
}

/* Memory must be zeroed even if the pages were dirty a moment ago. */
static void memory_is_zeroed(struct kunit *test)
{
	const struct zero_row *row = test->param_value;
	unsigned int n;
	u8 *va;

	for (n = 0; n < 10; n++) {
		va = allocate_row(row);
		if (row->cache != MmCached && wdmdma_test_refuses_uncached(test, va))
			return;
		if (!wdmdma_test_has_memory(row->low, row->high)) {
			KUNIT_EXPECT_NULL(test, va);
			return;
		}
		if (!va && row->low)
			kunit_skip(test, "that memory is in use");
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, PAGE_ALIGN(row->bytes)));
		memset(va, 0xa5, PAGE_ALIGN(row->bytes));
		MmFreeContiguousMemory(va);
	}
}

static const struct cache_row {
	const char *name;
	MEMORY_CACHING_TYPE cache;
} cache_rows[] = {
	{ "cached", MmCached },
	{ "uncached", MmNonCached },
	{ "write-combined", MmWriteCombined },
};

KUNIT_ARRAY_PARAM_DESC(cache, cache_rows, name);

static void cache_type_is_that_asked_for(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	u8 *va = allocate(3 * SZ_4K, 0, 0x7fffffff, SZ_64K, row->cache), *linear;
	bool uncached = row->cache != MmCached;
	unsigned int i;
	u64 address;

	if (uncached && wdmdma_test_refuses_uncached(test, va))
		return;
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_good(test, va, 3 * SZ_4K, 0, 0x7fffffff, SZ_64K);
	address = address_of(va);
	for (i = 0; i < 3; i++) {
		linear = phys_to_virt(address + i * SZ_4K);
		KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va + i * SZ_4K), uncached);
		KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(linear), uncached);
	}
	MmFreeContiguousMemorySpecifyCache(va, 3 * SZ_4K, row->cache);
	for (i = 0; i < 3; i++) {
		linear = phys_to_virt(address + i * SZ_4K);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(linear));
	}
}

/*
 * No cache type can change at DISPATCH_LEVEL. Allocation and free must be refused, and
 * nothing may be half done.
 */
static void uncached_memory_at_dispatch(struct kunit *test)
{
	u8 *va = allocate(SZ_4K, 0, ALL, 0, MmNonCached), *late;

	if (wdmdma_test_refuses_uncached(test, va))
		return;
	local_bh_disable();
	late = allocate(SZ_4K, 0, ALL, 0, MmNonCached);
	MmFreeContiguousMemory(va);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, late);
	va[100] = 1;
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(va));
	MmFreeContiguousMemory(va);
}

static void cached_memory_at_dispatch(struct kunit *test)
{
	u64 low = wdmdma_test_has_memory(0, 0xffffff) ? 0xffffff : 0x7fffffff;
	void *first, *second, *third;
	unsigned long flags;

	local_bh_disable();
	first = allocate(SZ_8K, 0, ALL, 0, MmCached);
	second = allocate(SZ_8K, 0, low, SZ_64K, MmCached);
	local_bh_enable();
	flags = wdmdma_test_raise();
	third = MmAllocateContiguousMemory(100, wdmdma_test_pa(0x7fffffff));
	wdmdma_test_lower(flags);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_ASSERT_NOT_NULL(test, third);
	expect_good(test, first, SZ_8K, 0, ALL, 0);
	expect_good(test, second, SZ_8K, 0, low, SZ_64K);
	expect_good(test, third, 100, 0, 0x7fffffff, 0);
	local_bh_disable();
	MmFreeContiguousMemory(first);
	MmFreeContiguousMemorySpecifyCache(second, SZ_8K, MmCached);
	local_bh_enable();
	flags = wdmdma_test_raise();
	MmFreeContiguousMemory(third);
	wdmdma_test_lower(flags);
}

/* The length at the free must be ignored. A driver cannot free a part of the memory. */
#ifdef CONFIG_FAULT_INJECTION
/* The list of the pages is from vmalloc() if the slab allocator has no room for it. */
static void memory_with_a_long_list_is_freed_at_dispatch(struct kunit *test)
{
	struct page *page;
	unsigned int left;
	void *va;

	current->fail_nth = 1;
	va = allocate(600 * SZ_4K, 0, U64_MAX, 0, MmCached);
	left = current->fail_nth;
	current->fail_nth = 0;
	KUNIT_EXPECT_EQ(test, left, 0U);
	KUNIT_ASSERT_NOT_NULL(test, va);
	page = virt_to_page(va);
	get_page(page);
	local_bh_disable();
	MmFreeContiguousMemory(va);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}
#endif

static void free_takes_the_address_only(struct kunit *test)
{
	void *other = kunit_kmalloc(test, SZ_4K, GFP_KERNEL);
	u8 *va = allocate(4 * SZ_4K, 0, ALL, 0, MmCached);
	u64 address;

	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_ASSERT_NOT_NULL(test, va);
	address = address_of(va);
	MmFreeContiguousMemory(va + 1);
	MmFreeContiguousMemory(va + SZ_4K);
	MmFreeContiguousMemorySpecifyCache(va + SZ_4K, SZ_4K, MmCached);
	MmFreeContiguousMemory(va - SZ_4K);
	MmFreeContiguousMemory(NULL);
	MmFreeContiguousMemory(other);
	MmFreeContiguousMemory((void *)0x400000);
	MmFreeContiguousMemory((void *)~0xfffUL);
	expect_good(test, va, 4 * SZ_4K, 0, ALL, 0);
	KUNIT_EXPECT_EQ(test, page_count(pfn_to_page(PHYS_PFN(address) + 3)), 1);
	MmFreeContiguousMemorySpecifyCache(va, SZ_4K, MmWriteCombined);
	MmFreeContiguousMemory(va);	/* a second time */
}

/* MmGetPhysicalAddress. */

static void physical_address_of_all_kinds_of_memory(struct kunit *test)
{
	static const unsigned int offsets[] = { 0, 1, 0xfff, 0x1000, 0x2345, 0x3fff };
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la, la_uncached;
	u8 *kinds[] = {
		kmalloc(SZ_16K, GFP_KERNEL),
		vmalloc(SZ_16K),
		f->ops->AllocateCommonBuffer(f->adapter, SZ_16K, &la, TRUE),
		f->ops->AllocateCommonBufferEx(f->adapter, NULL, SZ_16K, &la_uncached,
					       !wdmdma_test_can_uncache(f->dev), MM_ANY_NODE_OK),
		allocate(SZ_16K, 0, ALL, 0, MmCached),
	};
	unsigned int k, i;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		KUNIT_ASSERT_NOT_NULL(test, kinds[k]);
		for (i = 0; i < ARRAY_SIZE(offsets); i++)
			KUNIT_EXPECT_EQ_MSG(test, address_of(kinds[k] + offsets[i]),
					    (u64)MmGetPhysicalAddress(kinds[k] +
								      offsets[i]).QuadPart,
					    "kind %u offset %#x", k, offsets[i]);
	}
	/*
	 * The device has no IOMMU, so the physical address of a common buffer must be
	 * its logical address.
	 */
	KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(kinds[2] + 5).QuadPart, la.QuadPart + 5);
	KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(kinds[3] + 5).QuadPart,
			la_uncached.QuadPart + 5);
	kfree(kinds[0]);
	vfree(kinds[1]);
	f->ops->FreeCommonBuffer(f->adapter, SZ_16K, la, kinds[2], TRUE);
	f->ops->FreeCommonBuffer(f->adapter, SZ_16K, la_uncached, kinds[3], FALSE);
	MmFreeContiguousMemory(kinds[4]);
}

static const struct foreign_row {
	const char *name;
	ULONG_PTR va;
	bool vmalloc;		/* its end is not a constant on all architectures */
} foreign_rows[] = {
	{ "NULL", 0 },
	{ "user address", 0x400123 },
	{ "not canonical", 0x8000000000000000 },
	{ "unmapped vmalloc address", .vmalloc = true },
	{ "last byte", ~0UL },
};

KUNIT_ARRAY_PARAM_DESC(foreign, foreign_rows, name);

static void physical_address_of_nothing_is_0(struct kunit *test)
{
	const struct foreign_row *row = test->param_value;
	ULONG_PTR va = row->vmalloc ? VMALLOC_END - SZ_1M + 1 : row->va;

	KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress((PVOID)va).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress((PVOID)__va(1ULL << 42)).QuadPart, 0LL);
}

static void allocate_and_free(struct kunit *test)
{
	MEMORY_CACHING_TYPE cache;
	void *va;

	for (cache = MmNonCached; cache <= MmWriteCombined; cache++) {
		va = allocate(3 * SZ_4K, 0, 0x7fffffff, SZ_64K, cache);
		if (va)
			MmFreeContiguousMemory(va);
	}
}

static void every_failure_is_clean(struct kunit *test)
{
	wdmdma_test_sweep(test, allocate_and_free);
}

/* Memory in ZONE_MOVABLE must not be used, because the zone could not be unplugged any more. */
static void memory_that_can_be_unplugged_is_left(struct kunit *test)
{
	struct zone *zone;
	bool any = false;
	u64 low, high;
	void *va;
	int node;

	for_each_online_node(node) {
		zone = &NODE_DATA(node)->node_zones[ZONE_MOVABLE];
		if (!populated_zone(zone))
			continue;
		any = true;
		low = PFN_PHYS(zone->zone_start_pfn);
		high = PFN_PHYS(zone_end_pfn(zone)) - 1;
		va = allocate(SZ_64K, low, high, 0, MmCached);
		KUNIT_EXPECT_NULL(test, va);
		if (va)
			MmFreeContiguousMemory(va);
	}
	if (!any)
		kunit_skip(test, "the machine has no memory in ZONE_MOVABLE");
}

static struct kunit_case wdm_memory_cases[] = {
	KUNIT_CASE_PARAM(memory_is_as_asked_for, good_gen_params),
	KUNIT_CASE(short_form_keeps_to_its_limit),
	KUNIT_CASE_PARAM(what_cannot_be_is_refused, refuse_gen_params),
	KUNIT_CASE_PARAM(node_is_strict, node_gen_params),
	KUNIT_CASE(memory_is_on_the_node_asked_for),
	KUNIT_CASE(memory_of_another_node_is_not_taken),
	KUNIT_CASE_PARAM(memory_is_zeroed, zero_gen_params),
	KUNIT_CASE_PARAM(cache_type_is_that_asked_for, cache_gen_params),
	KUNIT_CASE(uncached_memory_at_dispatch),
	KUNIT_CASE(cached_memory_at_dispatch),
#ifdef CONFIG_FAULT_INJECTION
	KUNIT_CASE(memory_with_a_long_list_is_freed_at_dispatch),
#endif
	KUNIT_CASE(free_takes_the_address_only),
	KUNIT_CASE(physical_address_of_all_kinds_of_memory),
	KUNIT_CASE_PARAM(physical_address_of_nothing_is_0, foreign_gen_params),
	KUNIT_CASE(memory_that_can_be_unplugged_is_left),
	KUNIT_CASE(every_failure_is_clean),
	{}
};

static struct kunit_suite wdm_memory_suite = {
	.name = "wdmdma_wdm_memory",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_memory_cases,
};

kunit_test_suite(wdm_memory_suite);
