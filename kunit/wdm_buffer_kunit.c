// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_common_buffer.c: AllocateCommonBuffer, AllocateCommonBufferEx, FreeCommonBuffer,
 * through the table of a real adapter. The device has no IOMMU; what differs
 * behind one is up to the backend, and tested with a device that moves bytes.
 */
#include <kunit/device.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core/adapter.h"
#include "core/recycle.h"
#include "helpers.h"

#define GARBAGE		((LONGLONG)0xdeadbeefcafef00d)

/* One buffer, as its driver knows it. */
struct common {
	PVOID va;
	PHYSICAL_ADDRESS la;
	ULONG length;
};

static struct common alloc(struct kunit *test, ULONG length)
{
	struct wdmdma_fixture *f = test->priv;
	struct common b = { .la.QuadPart = GARBAGE, .length = length };

	b.va = f->ops->AllocateCommonBuffer(f->adapter, length, &b.la, TRUE);
	return b;
}

static struct common alloc_ex(struct kunit *test, const s64 *maximum, ULONG length, BOOLEAN cached,
			      NODE_REQUIREMENT node)
{
	struct wdmdma_fixture *f = test->priv;
	struct common b = { .la.QuadPart = GARBAGE, .length = length };
	PHYSICAL_ADDRESS limit;

	if (maximum)
		limit.QuadPart = *maximum;
	b.va = f->ops->AllocateCommonBufferEx(f->adapter, maximum ? &limit : NULL, length, &b.la,
					      cached, node);
	if (maximum)
		KUNIT_EXPECT_EQ(test, limit.QuadPart, *maximum);
	return b;
}

/* CacheEnabled for uncached memory, where the device can have any. */
static BOOLEAN uncached(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	return !wdmdma_test_can_uncache(f->dev);
}

static void release(struct kunit *test, struct common b)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->FreeCommonBuffer(f->adapter, b.length, b.la, b.va, TRUE);
}

/* Point the fixture at an adapter of this width. */
static void use_width(struct kunit *test, ULONG width)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	f->adapter = wdmdma_test_second_adapter(test, width);
}

/* What every new buffer is: there, aligned, at most at @last, zeroed, and all of it memory. */
static void expect_good(struct kunit *test, struct common b, u64 last)
{
	u64 size = PAGE_ALIGN((u64)b.length);

	KUNIT_ASSERT_NOT_NULL(test, b.va);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(b.va));
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(b.la.QuadPart));
	KUNIT_EXPECT_NE(test, b.la.QuadPart, 0LL);	/* XDP reads 0 as "none" */
	KUNIT_EXPECT_GE(test, last, size - 1);
	KUNIT_EXPECT_LE(test, (u64)b.la.QuadPart, last - (size - 1));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(b.va, size));
	memset(b.va, 0xa5, b.length);
	KUNIT_EXPECT_NULL(test, memchr_inv(b.va, 0xa5, b.length));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(b.va + b.length, size - b.length));
}

/* The same, and freed; or refused, where the machine has no memory up to there. */
static void expect_good_if_any(struct kunit *test, struct common b, u64 last)
{
	if (wdmdma_test_has_memory(0, last)) {
		expect_good(test, b, last);
		release(test, b);
	} else {
		KUNIT_EXPECT_NULL(test, b.va);
		KUNIT_EXPECT_EQ(test, b.la.QuadPart, 0LL);
	}
}

/* Peer defect 22: a failure says so in both outputs. */
static void expect_refused(struct kunit *test, struct common b)
{
	KUNIT_EXPECT_NULL(test, b.va);
	KUNIT_EXPECT_EQ(test, b.la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* AllocateCommonBuffer. */

static const struct length_row {
	const char *name;
	ULONG length;
} length_rows[] = {
	{ "1 byte", 1 },
	{ "4095 bytes", 4095 },
	{ "4096 bytes", 4096 },
	{ "4097 bytes", 4097 },
	{ "8192 bytes", 8192 },
	{ "64 KiB", SZ_64K },
	{ "2 MiB", SZ_2M },
	{ "4 MiB", SZ_4M },
};

KUNIT_ARRAY_PARAM_DESC(length, length_rows, name);

static void alloc_gives_whole_zeroed_pages(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	struct common b = alloc(test, row->length);

	expect_good(test, b, U64_MAX);
	release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void alloc_ex_without_wishes_gives_whole_zeroed_pages(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	struct common b = alloc_ex(test, NULL, row->length, TRUE, MM_ANY_NODE_OK);

	expect_good(test, b, U64_MAX);
	release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static const struct width_row {
	const char *name;
	ULONG width;
} width_rows[] = {
	{ "24 address bits", 24 },
	{ "28 address bits", 28 },
	{ "32 address bits", 32 },
	{ "64 address bits", 64 },
};

KUNIT_ARRAY_PARAM_DESC(width, width_rows, name);

static void alloc_stays_within_the_reach_of_the_adapter(struct kunit *test)
{
	static const ULONG lengths[] = { 1, 4097, SZ_64K, SZ_256K };
	const struct width_row *row = test->param_value;
	u64 last = DMA_BIT_MASK(row->width);
	struct common b[2 * ARRAY_SIZE(lengths)];
	unsigned int n;

	use_width(test, row->width);
	for (n = 0; n < ARRAY_SIZE(b); n += 2) {
		b[n] = alloc(test, lengths[n / 2]);
		b[n + 1] = alloc_ex(test, NULL, lengths[n / 2], n & 2 ? TRUE : uncached(test),
				    MM_ANY_NODE_OK);
	}
	while (n--)
		expect_good_if_any(test, b[n], last);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void alloc_ex_clips_maximum_to_the_reach_of_the_adapter(struct kunit *test)
{
	static const s64 maxima[] = { -1, S64_MAX, 0xffffffffff, 0xffffffff, 0x10000000 };
	const struct width_row *row = test->param_value;
	struct common b;
	unsigned int n;

	use_width(test, row->width);
	for (n = 0; n < ARRAY_SIZE(maxima); n++) {
		b = alloc_ex(test, &maxima[n], 5000, TRUE, MM_ANY_NODE_OK);
		expect_good_if_any(test, b, min_t(u64, maxima[n], DMA_BIT_MASK(row->width)));
	}
}

static void alloc_refuses_length_above_the_reach_of_the_adapter(struct kunit *test)
{
	use_width(test, 24);
	expect_refused(test, alloc(test, SZ_16M));
	expect_refused(test, alloc(test, SZ_16M - SZ_4K + 1));
	expect_refused(test, alloc_ex(test, NULL, SZ_32M, TRUE, MM_ANY_NODE_OK));
}

/* Two pages of one device never hold parts of two buffers, and no byte is shared. */
static void alloc_never_shares_a_page(struct kunit *test)
{
	struct common b[32];
	unsigned int n, m;

	for (n = 0; n < ARRAY_SIZE(b); n++) {
		b[n] = n & 1 ? alloc(test, 1 + n)
			     : alloc_ex(test, NULL, 1 + n, n & 2 ? TRUE : uncached(test), 0);
		KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		for (m = 0; m < n; m++) {
			KUNIT_EXPECT_NE(test, b[n].la.QuadPart, b[m].la.QuadPart);
			KUNIT_EXPECT_PTR_NE(test, b[n].va, b[m].va);
		}
		memset(b[n].va, 1 + n, PAGE_SIZE);
	}
	for (n = 0; n < ARRAY_SIZE(b); n++)
		KUNIT_EXPECT_NULL(test, memchr_inv(b[n].va, 1 + n, PAGE_SIZE));
	for (n = 0; n < ARRAY_SIZE(b); n++)
		release(test, b[n]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* A freed page that comes back does not show what was in it. */
static void alloc_zeroes_reused_memory(struct kunit *test)
{
	struct common b;
	unsigned int n;

	for (n = 0; n < 50; n++) {
		b = n % 3 ? alloc(test, SZ_8K)
			  : alloc_ex(test, NULL, SZ_8K, n & 1 ? TRUE : uncached(test), 0);
		expect_good(test, b, U64_MAX);
		release(test, b);
	}
}

/* Without an IOMMU the logical address is the physical one, byte for byte. */
static void alloc_la_is_where_the_cpu_writes(struct kunit *test)
{
	struct common b = alloc(test, SZ_64K);
	phys_addr_t pa = b.la.QuadPart;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, b.va);
	for (n = 0; n < SZ_64K; n += PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, page_to_phys(virt_to_page(b.va + n)), pa + n);
	release(test, b);
}

/* Refusals. */

static void at_dispatch(struct kunit *test, void (*call)(struct kunit *test))
{
	local_bh_disable();
	call(test);
	local_bh_enable();
}

static void with_interrupts_off(struct kunit *test, void (*call)(struct kunit *test))
{
	unsigned long flags;

	local_irq_save(flags);
	call(test);
	local_irq_restore(flags);
}

static void at_passive(struct kunit *test, void (*call)(struct kunit *test))
{
	call(test);
}

static const struct bad_row {
	const char *name;
	ULONG length;
	void (*at)(struct kunit *test, void (*call)(struct kunit *test));
	bool ram_matters;
} bad_rows[] = {
	{ "Length 0", 0, at_passive },
	{ "Length 0xfffff001: 4 GiB in pages", 0xfffff001, at_passive, true },
	{ "Length 0xffffffff", 0xffffffff, at_passive, true },
	{ "Length 0x80000000", 0x80000000, at_passive, true },
	{ "at DISPATCH_LEVEL", 4096, at_dispatch },
	{ "interrupts off", 4096, with_interrupts_off },
	{ "Length 0 at DISPATCH_LEVEL", 0, at_dispatch },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_rows, name);

/* Both routines, on the fixture's adapter; kept for the look at PASSIVE_LEVEL. */
static struct common bad_results[3];

static void alloc_bad(struct kunit *test)
{
	const struct bad_row *row = test->param_value;
	static const s64 limit = 0xffffff;

	bad_results[0] = alloc(test, row->length);
	bad_results[1] = alloc_ex(test, NULL, row->length, FALSE, MM_ANY_NODE_OK);
	bad_results[2] = alloc_ex(test, &limit, row->length, TRUE, 0);
}

static void alloc_refuses(struct kunit *test)
{
	const struct bad_row *row = test->param_value;
	unsigned int n;

	if (row->ram_matters && PFN_PHYS(totalram_pages()) >= row->length)
		kunit_skip(test, "the machine has that much memory");
	row->at(test, alloc_bad);
	for (n = 0; n < ARRAY_SIZE(bad_results); n++)
		expect_refused(test, bad_results[n]);
}

static void alloc_refuses_null_logical_address(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS limit = { .QuadPart = -1 };

	KUNIT_EXPECT_NULL(test, f->ops->AllocateCommonBuffer(f->adapter, 100, NULL, TRUE));
	KUNIT_EXPECT_NULL(test, f->ops->AllocateCommonBuffer(NULL, 0, NULL, FALSE));
	KUNIT_EXPECT_NULL(test, f->ops->AllocateCommonBufferEx(f->adapter, &limit, 100, NULL, TRUE,
							       MM_ANY_NODE_OK));
	KUNIT_EXPECT_NULL(test, f->ops->AllocateCommonBufferEx(f->adapter, NULL, 100, NULL, FALSE,
							       0x12345));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void alloc_refuses_what_is_no_live_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	DMA_ADAPTER foreign = *f->adapter;
	PDMA_ADAPTER own = f->adapter, put = wdmdma_test_second_adapter(test, 64);
	PDMA_ADAPTER bad[] = { NULL, &foreign, put, (PDMA_ADAPTER)f->pdo, (PDMA_ADAPTER)-1L };
	unsigned int n;

	f->ops->PutDmaAdapter(put);
	for (n = 0; n < ARRAY_SIZE(bad); n++) {
		f->adapter = bad[n];
		bad_results[0] = alloc(test, 100);
		bad_results[1] = alloc_ex(test, NULL, 100, n & 1, 0);
		f->adapter = own;
		expect_refused(test, bad_results[0]);
		expect_refused(test, bad_results[1]);
	}
}

/* AllocateCommonBufferEx: MaximumAddress. */

static const struct maximum_row {
	const char *name;
	s64 maximum;
	ULONG length;
	bool refused;
} maximum_rows[] = {
	{ "all ones", -1, 8192 },	/* peer defect 6 */
	{ "sign bit alone", S64_MIN, 8192 },
	{ "0x7fffffffffffffff", S64_MAX, 8192 },
	{ "0xffffffff", 0xffffffff, 8192 },
	{ "0xbfffffff", 0xbfffffff, 8192 },
	{ "0x7fffffff", 0x7fffffff, 8192 },
	{ "0x80000000", 0x80000000, 8192 },
	{ "0xffffff", 0xffffff, 8192 },
	{ "0x1000000", 0x1000000, 4096 },
	{ "0xffffff, 256 KiB", 0xffffff, SZ_256K },
	{ "0x3ffffff, not a power of two", 0x3ffffff, 5 * SZ_4K + 1 },
	{ "0x2345678, in the middle of a page", 0x2345678, SZ_16K },
	{ "0", 0, 1, true },
	{ "0xfff: page 0 only", 0xfff, 1, true },
	{ "0xfff, a whole page", 0xfff, 4096, true },
	{ "0x1ffe: page 1 without its last byte", 0x1ffe, 1, true },
	{ "Length - 1: from address 0", SZ_64K - 1, SZ_64K, true },
	{ "Length + 4094: one byte too low", SZ_64K + 4094, SZ_64K, true },
	{ "below Length", SZ_1M, SZ_1M + 1, true },
};

KUNIT_ARRAY_PARAM_DESC(maximum, maximum_rows, name);

static void alloc_ex_keeps_maximum(struct kunit *test)
{
	const struct maximum_row *row = test->param_value;
	struct common b;
	int cached;

	for (cached = 1; cached >= uncached(test); cached--) {
		b = alloc_ex(test, &row->maximum, row->length, cached, MM_ANY_NODE_OK);
		if (row->refused) {
			expect_refused(test, b);
			continue;
		}
		expect_good_if_any(test, b, row->maximum);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
}

static const struct length_row block_rows[] = {
	{ "1 byte", 1 },
	{ "4096 bytes", SZ_4K },
	{ "64 KiB", SZ_64K },
	{ "4 MiB", SZ_4M },
};

KUNIT_ARRAY_PARAM_DESC(block, block_rows, name);

/*
 * Where the adapter reaches one place only, its last byte as the maximum lets it
 * be used, and the byte before does not. The place is at the end of a block that
 * was just freed, whole page blocks long: nothing near it keeps the kernel from
 * giving it again. Somebody else may be faster, so there are a few blocks to try.
 */
static void alloc_ex_maximum_is_inclusive(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(f->adapter);
	struct common blocks[8], b = {};
	s64 last, short_of_last;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	for (n = 0; n < ARRAY_SIZE(blocks); n++)
		blocks[n] = alloc(test, SZ_4M);
	for (n = 0; n < ARRAY_SIZE(blocks) && !b.va; n++) {
		if (!blocks[n].va)
			continue;
		release(test, blocks[n]);
		last = blocks[n].la.QuadPart + SZ_4M - 1;
		short_of_last = last - 1;
		adapter->reach.first = last + 1 - PAGE_ALIGN(row->length);
		b = alloc_ex(test, &short_of_last, row->length, TRUE, 0);
		KUNIT_EXPECT_NULL(test, b.va);
		b = alloc_ex(test, &last, row->length, TRUE, 0);
	}
	wdmdma_adapter_put(adapter);
	expect_good(test, b, last);
	KUNIT_EXPECT_EQ(test, (u64)b.la.QuadPart, adapter->reach.first);
	release(test, b);
	for (; n < ARRAY_SIZE(blocks); n++)
		if (blocks[n].va)
			release(test, blocks[n]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* The maximum is read before the logical address is cleared. */
static void alloc_ex_outputs_may_alias_maximum(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct common b = { .la.QuadPart = 0x7fffffff, .length = 300 };

	b.va = f->ops->AllocateCommonBufferEx(f->adapter, &b.la, b.length, &b.la, TRUE, 0);
	expect_good(test, b, 0x7fffffff);
	release(test, b);
}

/* AllocateCommonBufferEx: PreferredNode. */

static void alloc_ex_takes_any_possible_node(struct kunit *test)
{
	static const s64 limit = 0x7fffffff;
	unsigned int node;
	struct common b;

	for_each_node(node) {
		b = alloc_ex(test, NULL, 5000, TRUE, node);
		expect_good(test, b, U64_MAX);
		release(test, b);
		b = alloc_ex(test, &limit, 5000, TRUE, node);
		expect_good(test, b, limit);
		release(test, b);
	}
	b = alloc_ex(test, &limit, 5000, uncached(test), MM_ANY_NODE_OK);
	expect_good(test, b, limit);
	release(test, b);
}

static void alloc_ex_refuses_impossible_node(struct kunit *test)
{
	const NODE_REQUIREMENT nodes[] = {
		nr_node_ids, nr_node_ids + 1, 1024, 0x7fffffff, 0x80000001, 0xffffffff,
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(nodes); n++) {
		expect_refused(test, alloc_ex(test, NULL, 100, TRUE, nodes[n]));
		expect_refused(test, alloc_ex(test, NULL, 100, FALSE, nodes[n]));
	}
}

/* Cache types. */

#ifdef CONFIG_X86
/* How many pages of RAM the kernel's linear map has uncached. */
static unsigned long uncached_ram(void)
{
	unsigned long pfn, end_pfn, count = 0;
	unsigned int level, node;
	pte_t *pte;

	for_each_online_node(node) {
		end_pfn = node_end_pfn(node);
		for (pfn = node_start_pfn(node); pfn < end_pfn; pfn++) {
			pte = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level);
			if (!pte || level != PG_LEVEL_4K)
				pfn |= PTRS_PER_PTE - 1;	/* cached: a large page */
			else if (pte_flags(*pte) & (_PAGE_PCD | _PAGE_PWT))
				count++;
		}
	}
	return count;
}
#endif

static void alloc_ignores_cache_enabled(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	int cached;
	PVOID va;

	for (cached = 0; cached <= 1; cached++) {
		va = f->ops->AllocateCommonBuffer(f->adapter, 5000, &la, cached);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(va));
		f->ops->FreeCommonBuffer(f->adapter, 5000, la, va, cached);
	}
}

static void alloc_ex_gives_cached_memory_for_cache_enabled(struct kunit *test)
{
	static const s64 limit = 0x7fffffff;
	struct common b = alloc_ex(test, &limit, 5000, TRUE, 0);

	expect_good(test, b, limit);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(b.va));
	release(test, b);
}

/*
 * Every mapping of an uncached page is uncached: a cached alias could write back
 * over what the device wrote. The page goes back to the kernel cached.
 */
static void alloc_ex_gives_uncached_memory_without_cache_enabled(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	unsigned long n, pages = PAGE_ALIGN(row->length) >> PAGE_SHIFT;
	struct common b = alloc_ex(test, NULL, row->length, FALSE, MM_ANY_NODE_OK);
	void **linear = kunit_kcalloc(test, pages, sizeof(*linear), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, linear);
	if (wdmdma_test_refuses_uncached(test, b.va)) {
		expect_refused(test, b);
		return;
	}
	expect_good(test, b, U64_MAX);
	for (n = 0; n < pages; n++) {
		linear[n] = pfn_to_kaddr(PHYS_PFN(b.la.QuadPart) + n);
		KUNIT_EXPECT_EQ(test, (u64)MmGetPhysicalAddress(b.va + n * PAGE_SIZE).QuadPart,
				b.la.QuadPart + n * PAGE_SIZE);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(b.va + n * PAGE_SIZE));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_uncached(linear[n]));
	}
	release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	wdmdma_recycle_shrink(ULONG_MAX);
	for (n = 0; n < pages; n++)
		KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(linear[n]));
}

static const struct length_row uncached_rows[] = {
	{ "1 byte", 1 },
	{ "4097 bytes", 4097 },
	{ "64 KiB", SZ_64K },
	{ "2 MiB", SZ_2M },
};

KUNIT_ARRAY_PARAM_DESC(uncached, uncached_rows, name);

/* FreeCommonBuffer. */

/* Added to what is right, for a buffer of 9000 bytes. */
static const struct wrong_row {
	const char *name;
	s64 va, la, length;
} wrong_rows[] = {
	{ "Length + 1", 0, 0, 1 },
	{ "Length - 1", 0, 0, -1 },
	{ "Length in whole pages", 0, 0, 12288 - 9000 },	/* peer defect 30 */
	{ "Length of the first page", 0, 0, 4096 - 9000 },
	{ "Length 0", 0, 0, -9000 },
	{ "LogicalAddress + 1", 0, 1, 0 },
	{ "LogicalAddress + PAGE_SIZE", 0, SZ_4K, 0 },
	{ "LogicalAddress above 4 GiB", 0, SZ_4G, 0 },
	{ "VirtualAddress + 1", 1, 0, 0 },
	{ "VirtualAddress + PAGE_SIZE", SZ_4K, 0, 0 },		/* peer defect 4 */
	{ "the second page, as a buffer", SZ_4K, SZ_4K, 4096 - 9000 },
	{ "the rest, as a buffer", SZ_4K, SZ_4K, -4096 },
	{ "VirtualAddress - PAGE_SIZE", -(s64)SZ_4K, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrong_rows, name);

/* Peer defects 2, 4 and 24: nothing is freed, neither this buffer nor another. */
static void free_refuses(struct kunit *test)
{
	const struct wrong_row *row = test->param_value;
	struct common b[3], wrong;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(b); n++) {
		b[n] = n == 1 ? alloc_ex(test, NULL, 9000, uncached(test), 0) : alloc(test, 9000);
		KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		memset(b[n].va, 0x30 + n, 9000);
	}
	for (n = 0; n < ARRAY_SIZE(b); n++) {
		wrong = b[n];
		wrong.va += row->va;
		wrong.la.QuadPart += row->la;
		wrong.length += row->length;
		release(test, wrong);
		local_bh_disable();
		release(test, wrong);
		local_bh_enable();
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 3UL);
	for (n = 0; n < ARRAY_SIZE(b); n++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(b[n].va, 0x30 + n, 9000));
		release(test, b[n]);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void free_refuses_memory_that_is_no_buffer(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct common b = alloc(test, 4096), other = alloc(test, 4096), mixed = b;
	void *page = (void *)get_zeroed_page(GFP_KERNEL);
	PVOID foreign[] = { NULL, page, &b, f->adapter, (PVOID)-1L, (PVOID)(1UL << 62), f->dev };
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (n = 0; n < ARRAY_SIZE(foreign); n++) {
		mixed.va = foreign[n];
		release(test, mixed);
		mixed.la.QuadPart = 0;
		mixed.length = 0;
		release(test, mixed);
		mixed = b;
	}
	mixed.va = other.va;	/* the addresses of two buffers do not make a third */
	release(test, mixed);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 2UL);
	release(test, b);
	release(test, other);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	free_page((unsigned long)page);
}

static void free_refuses_buffer_of_another_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER own = f->adapter, sibling = wdmdma_test_second_adapter(test, 64),
		     put = wdmdma_test_second_adapter(test, 64);
	DMA_ADAPTER foreign = *own;
	struct device *dev = wdmdma_test_register(test, "wdmdma-other");
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct common b = alloc(test, 4096);
	PDMA_ADAPTER wrong[] = { sibling, put, NULL, &foreign, NULL };
	PDEVICE_OBJECT pdo;
	ULONG registers;
	unsigned int n;

	pdo = wdmdma_device_object_get(dev);
	wrong[4] = IoGetDmaAdapter(pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, wrong[4]);
	f->ops->PutDmaAdapter(put);

	for (n = 0; n < ARRAY_SIZE(wrong); n++) {
		f->adapter = wrong[n];
		release(test, b);
		f->adapter = own;
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	}
	memset(b.va, 1, 4096);
	release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	f->ops->PutDmaAdapter(sibling);
	f->ops->PutDmaAdapter(wrong[4]);
	wdmdma_device_object_put(pdo);
}

static void free_twice_frees_once(struct kunit *test)
{
	struct common b = alloc(test, 4096), other = alloc(test, 4096);
	struct common second = alloc_ex(test, NULL, 4096, uncached(test), 0);

	KUNIT_ASSERT_NOT_NULL(test, second.va);
	release(test, b);
	release(test, b);
	local_bh_disable();
	release(test, second);
	release(test, second);
	local_bh_enable();
	release(test, second);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	release(test, second);
	release(test, other);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void free_ignores_cache_enabled(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct common b;
	int n;

	for (n = 0; n < 4; n++) {
		b = alloc_ex(test, NULL, 300, n & 1 ? TRUE : uncached(test), MM_ANY_NODE_OK);
		KUNIT_ASSERT_NOT_NULL(test, b.va);
		f->ops->FreeCommonBuffer(f->adapter, 300, b.la, b.va, n & 2);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
}

/* The level at which release() is called. */

static DEFINE_SPINLOCK(level_lock);

struct irq_free {
	struct irq_work work;
	struct kunit *test;
	struct common b;
};

static void irq_free(struct irq_work *work)
{
	struct irq_free *irq = container_of(work, struct irq_free, work);

	release(irq->test, irq->b);
}

static void free_in_hard_irq(struct kunit *test, struct common b)
{
	struct irq_free irq = { .work = IRQ_WORK_INIT_HARD(irq_free), .test = test, .b = b };

	irq_work_queue(&irq.work);
	irq_work_sync(&irq.work);
}

static void free_with_bh_disabled(struct kunit *test, struct common b)
{
	local_bh_disable();
	release(test, b);
	local_bh_enable();
}

static void free_under_spin_lock_bh(struct kunit *test, struct common b)
{
	spin_lock_bh(&level_lock);
	release(test, b);
	spin_unlock_bh(&level_lock);
}

static void free_under_spin_lock_irqsave(struct kunit *test, struct common b)
{
	unsigned long flags;

	spin_lock_irqsave(&level_lock, flags);
	release(test, b);
	spin_unlock_irqrestore(&level_lock, flags);
}

static void free_with_interrupts_off(struct kunit *test, struct common b)
{
	unsigned long flags;

	local_irq_save(flags);
	release(test, b);
	local_irq_restore(flags);
}

static const struct level_row {
	const char *name;
	void (*free)(struct kunit *test, struct common b);
} level_rows[] = {
	{ "at PASSIVE_LEVEL", release },
	{ "bottom halves off", free_with_bh_disabled },
	{ "under spin_lock_bh", free_under_spin_lock_bh },
	{ "under spin_lock_irqsave", free_under_spin_lock_irqsave },
	{ "interrupts off", free_with_interrupts_off },
	{ "in a hard interrupt", free_in_hard_irq },
};

KUNIT_ARRAY_PARAM_DESC(level, level_rows, name);

static void free_works_at_any_level(struct kunit *test)
{
	const struct level_row *row = test->param_value;
	struct common b[9];
	unsigned int n, round;

	for (round = 0; round < 20; round++) {
		for (n = 0; n < ARRAY_SIZE(b); n++) {
			b[n] = n % 3 ? alloc(test, 5000)
				     : alloc_ex(test, NULL, 5000, uncached(test), 0);
			KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		}
		for (n = 0; n < ARRAY_SIZE(b); n++)
			row->free(test, b[n]);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
}

/* Endurance. */

static void alloc_and_free_leave_nothing_behind(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < 1000; n++) {
		struct common b = alloc(test, 1 + n * 37 % SZ_16K);

		KUNIT_ASSERT_NOT_NULL(test, b.va);
		if (n % 4 == 0)
			free_with_bh_disabled(test, b);
		else
			release(test, b);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void free_works_in_any_order(struct kunit *test)
{
	enum { COUNT = 500 };
	struct common *b = kunit_kcalloc(test, COUNT, sizeof(*b), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int n, other;

	KUNIT_ASSERT_NOT_NULL(test, b);
	prandom_seed_state(&rnd, 8);
	for (n = 0; n < COUNT; n++) {
		b[n] = alloc(test, 1 + prandom_u32_state(&rnd) % SZ_8K);
		KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		*(u32 *)b[n].va = n;
		other = prandom_u32_state(&rnd) % (n + 1);
		swap(b[n], b[other]);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), (unsigned long)COUNT);
	for (n = 0; n < COUNT; n++)
		release(test, b[n]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* Failing allocations. */

static void expect_all_or_nothing(struct kunit *test, struct common b)
{
	if (b.va) {
		KUNIT_EXPECT_NE(test, b.la.QuadPart, 0LL);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(b.va, PAGE_ALIGN(b.length)));
		release(test, b);
	} else {
		KUNIT_EXPECT_EQ(test, b.la.QuadPart, 0LL);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void sweep_alloc(struct kunit *test)
{
	expect_all_or_nothing(test, alloc(test, SZ_16K));
}

static void sweep_alloc_ex_limited(struct kunit *test)
{
	static const s64 limit = 0xffffff;

	expect_all_or_nothing(test, alloc_ex(test, &limit, SZ_16K, TRUE, MM_ANY_NODE_OK));
}

static void sweep_alloc_ex_uncached(struct kunit *test)
{
	expect_all_or_nothing(test, alloc_ex(test, NULL, SZ_16K, uncached(test), MM_ANY_NODE_OK));
}

#ifdef CONFIG_X86
/* Is the buffer in large pages of the linear map alone? */
static bool in_large_pages(struct common b)
{
	unsigned int level;
	ULONG at;

	for (at = 0; at < b.length; at += PMD_SIZE)
		if (!lookup_address((unsigned long)b.va + at, &level) || level == PG_LEVEL_4K)
			return false;
	return true;
}

/* Free a block in large pages, for the next allocation of that length to get. */
static void offer_large_pages(struct kunit *test, ULONG length)
{
	struct common b[16], large = {};
	unsigned int n, i;

	for (n = 0; n < ARRAY_SIZE(b) && !large.va; n++) {
		b[n] = alloc(test, length);
		if (!b[n].va)
			break;
		if (in_large_pages(b[n]))
			large = b[n--];
	}
	for (i = 0; i < n; i++)
		release(test, b[i]);
	if (large.va)
		release(test, large);
}

/*
 * The pages lie in several large pages of the linear map, each of which has to be
 * split. When the second cannot be, the first is uncached already: it must not be
 * left so, since anybody may get its pages next.
 */
static void sweep_alloc_ex_long_uncached(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	unsigned int nth = current->fail_nth;
	unsigned long before;

	current->fail_nth = 0;
	offer_large_pages(test, SZ_4M);
	before = uncached_ram();
	current->fail_nth = nth;
	expect_all_or_nothing(test, alloc_ex(test, NULL, SZ_4M, FALSE, MM_ANY_NODE_OK));
	KUNIT_EXPECT_EQ(test, uncached_ram(), before);
#endif
}
#endif

static const struct sweep_row {
	const char *name;
	void (*call)(struct kunit *test);
} sweep_rows[] = {
	{ "AllocateCommonBuffer", sweep_alloc },
	{ "AllocateCommonBufferEx with a limit", sweep_alloc_ex_limited },
	{ "AllocateCommonBufferEx, uncached", sweep_alloc_ex_uncached },
#ifdef CONFIG_X86
	{ "AllocateCommonBufferEx, 4 MiB uncached", sweep_alloc_ex_long_uncached },
#endif
};

KUNIT_ARRAY_PARAM_DESC(sweep, sweep_rows, name);

static void alloc_fails_cleanly_without_memory(struct kunit *test)
{
	const struct sweep_row *row = test->param_value;

	wdmdma_test_sweep(test, row->call);
}

/*
 * Freeing cannot fail for want of memory. What it may ask for (kfree_rcu() does now
 * and then) is not needed.
 */
static void free_succeeds_without_memory(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	const struct level_row *row = test->param_value;
	static const s64 limit = 0x7fffffff;
	struct common b[] = {
		alloc(test, SZ_16K),
		alloc_ex(test, &limit, SZ_16K, TRUE, 0),
		alloc_ex(test, NULL, SZ_16K, uncached(test), 0),
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(b); n++) {
		KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		current->fail_nth = 1;
		row->free(test, b[n]);
		current->fail_nth = 0;
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), ARRAY_SIZE(b) - 1 - n);
	}
#else
	kunit_skip(test, "the kernel has no fault injection");
#endif
}

/* Several threads. */

#define WORKERS		3
#define ROUNDS		300

/* One thread; the test reads the counts after @done, and @rounds at any time. */
struct worker {
	struct wdmdma_fixture *f;
	PDMA_ADAPTER adapter;
	struct common *shared;	/* to be freed by all, or NULL */
	struct completion done;
	unsigned int rounds;
	unsigned int failed;
	unsigned int dirty;
};

/* Allocate, use and free, two buffers at a time; every other free is put off. */
static int worker_churn(void *data)
{
	struct worker *w = data;
	PHYSICAL_ADDRESS la[2];
	PVOID va[2];
	int n;

	for (; w->rounds < ROUNDS; w->rounds++) {
		for (n = 0; n < 2; n++) {
			va[n] = w->f->ops->AllocateCommonBuffer(w->adapter, 6000, &la[n], TRUE);
			if (!va[n])
				w->failed++;
			else if (!wdmdma_test_is_zero(va[n], SZ_8K))
				w->dirty++;
			else
				memset(va[n], 0xff, SZ_8K);
		}
		w->f->ops->FreeCommonBuffer(w->adapter, 6000, la[1], va[1], TRUE);
		local_bh_disable();
		w->f->ops->FreeCommonBuffer(w->adapter, 6000, la[0], va[0], TRUE);
		local_bh_enable();
	}
	kthread_complete_and_exit(&w->done, 0);
}

/* Until the adapter is put; the memory may go at any time, so it is not touched. */
static int worker_until_put(void *data)
{
	struct worker *w = data;
	PHYSICAL_ADDRESS la;
	PVOID va;

	while (w->rounds < 100 * ROUNDS) {
		va = w->f->ops->AllocateCommonBuffer(w->adapter, 100, &la, TRUE);
		if (!va)
			break;
		if (w->rounds % 4)
			w->f->ops->FreeCommonBuffer(w->adapter, 100, la, va, TRUE);
		WRITE_ONCE(w->rounds, w->rounds + 1);
	}
	kthread_complete_and_exit(&w->done, 0);
}

static int worker_free_shared(void *data)
{
	struct worker *w = data;
	int n;

	for (n = 0; n < ROUNDS; n++)
		w->f->ops->FreeCommonBuffer(w->adapter, w->shared[n].length, w->shared[n].la,
					    w->shared[n].va, TRUE);
	kthread_complete_and_exit(&w->done, 0);
}

static struct worker *start_workers(struct kunit *test, int (*function)(void *data),
				    PDMA_ADAPTER adapter, struct common *shared)
{
	struct worker *workers = kunit_kcalloc(test, WORKERS, sizeof(*workers), GFP_KERNEL);
	struct task_struct *task;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, workers);
	for (n = 0; n < WORKERS; n++) {
		workers[n].f = test->priv;
		workers[n].adapter = adapter;
		workers[n].shared = shared;
		init_completion(&workers[n].done);
		task = kthread_run(function, &workers[n], "wdmdma-test/%d", n);
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread");
			complete(&workers[n].done);
		}
	}
	return workers;
}

static void wait_for_workers(struct worker *workers)
{
	int n;

	for (n = 0; n < WORKERS; n++)
		wait_for_completion(&workers[n].done);
}

static void threads_share_an_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct worker *workers = start_workers(test, worker_churn, f->adapter, NULL);
	int n;

	wait_for_workers(workers);
	for (n = 0; n < WORKERS; n++) {
		KUNIT_EXPECT_EQ(test, workers[n].failed, 0U);
		KUNIT_EXPECT_EQ(test, workers[n].dirty, 0U);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void threads_that_free_one_buffer_free_it_once(struct kunit *test)
{
	struct common *shared = kunit_kcalloc(test, ROUNDS, sizeof(*shared), GFP_KERNEL);
	struct wdmdma_fixture *f = test->priv;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, shared);
	for (n = 0; n < ROUNDS; n++) {
		shared[n] = alloc(test, 100);
		KUNIT_ASSERT_NOT_NULL(test, shared[n].va);
	}
	wait_for_workers(start_workers(test, worker_free_shared, f->adapter, shared));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* Calls that run when the adapter is put end first; what they allocated goes with it. */
static void put_races_with_allocations(struct kunit *test)
{
	PDMA_ADAPTER dma_adapter = wdmdma_test_second_adapter(test, 64);
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);
	struct worker *workers = start_workers(test, worker_until_put, dma_adapter, NULL);
	struct wdmdma_fixture *f = test->priv;
	int n, wait;

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	wdmdma_adapter_put(adapter);
	for (n = 0; n < WORKERS; n++)
		for (wait = 0; READ_ONCE(workers[n].rounds) < 20 && wait < 1000; wait++)
			usleep_range(1000, 2000);
	f->ops->PutDmaAdapter(dma_adapter);
	wait_for_workers(workers);

	for (n = 0; n < WORKERS; n++)
		KUNIT_EXPECT_LT(test, workers[n].rounds, 100U * ROUNDS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(adapter), 0UL);
	KUNIT_EXPECT_NULL(test, wdmdma_adapter_find(dma_adapter));
}

static struct kunit_case wdm_buffer_cases[] = {
	KUNIT_CASE_PARAM(alloc_gives_whole_zeroed_pages, length_gen_params),
	KUNIT_CASE_PARAM(alloc_ex_without_wishes_gives_whole_zeroed_pages, length_gen_params),
	KUNIT_CASE_PARAM(alloc_stays_within_the_reach_of_the_adapter, width_gen_params),
	KUNIT_CASE(alloc_refuses_length_above_the_reach_of_the_adapter),
	KUNIT_CASE(alloc_never_shares_a_page),
	KUNIT_CASE(alloc_zeroes_reused_memory),
	KUNIT_CASE(alloc_la_is_where_the_cpu_writes),
	KUNIT_CASE_PARAM(alloc_refuses, bad_gen_params),
	KUNIT_CASE(alloc_refuses_null_logical_address),
	KUNIT_CASE(alloc_refuses_what_is_no_live_adapter),
	KUNIT_CASE_PARAM(alloc_ex_clips_maximum_to_the_reach_of_the_adapter, width_gen_params),
	KUNIT_CASE_PARAM(alloc_ex_keeps_maximum, maximum_gen_params),
	KUNIT_CASE_PARAM(alloc_ex_maximum_is_inclusive, block_gen_params),
	KUNIT_CASE(alloc_ex_outputs_may_alias_maximum),
	KUNIT_CASE(alloc_ex_takes_any_possible_node),
	KUNIT_CASE(alloc_ex_refuses_impossible_node),
	KUNIT_CASE(alloc_ignores_cache_enabled),
	KUNIT_CASE(alloc_ex_gives_cached_memory_for_cache_enabled),
	KUNIT_CASE_PARAM(alloc_ex_gives_uncached_memory_without_cache_enabled,
			 uncached_gen_params),
	KUNIT_CASE_PARAM(free_refuses, wrong_gen_params),
	KUNIT_CASE(free_refuses_memory_that_is_no_buffer),
	KUNIT_CASE(free_refuses_buffer_of_another_adapter),
	KUNIT_CASE(free_twice_frees_once),
	KUNIT_CASE(free_ignores_cache_enabled),
	KUNIT_CASE_PARAM(free_works_at_any_level, level_gen_params),
	KUNIT_CASE(alloc_and_free_leave_nothing_behind),
	KUNIT_CASE(free_works_in_any_order),
	KUNIT_CASE_PARAM(alloc_fails_cleanly_without_memory, sweep_gen_params),
	KUNIT_CASE_PARAM(free_succeeds_without_memory, level_gen_params),
	KUNIT_CASE(threads_share_an_adapter),
	KUNIT_CASE(threads_that_free_one_buffer_free_it_once),
	KUNIT_CASE(put_races_with_allocations),
	{}
};

static struct kunit_suite wdm_buffer_suite = {
	.name = "wdmdma_wdm_buffer",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_buffer_cases,
};

kunit_test_suite(wdm_buffer_suite);
