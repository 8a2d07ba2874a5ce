// SPDX-License-Identifier: GPL-2.0-only
/*
 * AllocateCommonBuffer, and AllocateCommonBufferEx where it does the same, through the table
 * of a real adapter (wdm/wdm_common_buffer.c). The device has no IOMMU. Behind an IOMMU only
 * the backend differs. The live suites test that backend with a device that moves data.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "buffers.h"
#include "core/recycle.h"
#include "helpers.h"

/* Give the fixture an adapter of this width. */
static void use_width(struct kunit *test, ULONG width)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	f->adapter = wdmdma_test_second_adapter(test, width);
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
	struct test_buffer b = buffer_alloc(test, row->length);

	buffer_expect_good(test, b, U64_MAX);
	buffer_release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void alloc_ex_without_wishes_gives_whole_zeroed_pages(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	struct test_buffer b = buffer_alloc_ex(test, NULL, row->length, TRUE, MM_ANY_NODE_OK);

	buffer_expect_good(test, b, U64_MAX);
	buffer_release(test, b);
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
	struct test_buffer b[2 * ARRAY_SIZE(lengths)];
	unsigned int n;

	use_width(test, row->width);
	for (n = 0; n < ARRAY_SIZE(b); n += 2) {
		b[n] = buffer_alloc(test, lengths[n / 2]);
		b[n + 1] = buffer_alloc_ex(test, NULL, lengths[n / 2],
					   n & 2 ? TRUE : buffer_uncached(test), MM_ANY_NODE_OK);
	}
	while (n--)
		buffer_expect_good_if_any(test, b[n], last);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void alloc_ex_clips_maximum_to_the_reach_of_the_adapter(struct kunit *test)
{
	static const s64 maxima[] = { -1, S64_MAX, 0xffffffffff, 0xffffffff, 0x10000000 };
	const struct width_row *row = test->param_value;
	struct test_buffer b;
	unsigned int n;

	use_width(test, row->width);
	for (n = 0; n < ARRAY_SIZE(maxima); n++) {
		b = buffer_alloc_ex(test, &maxima[n], 5000, TRUE, MM_ANY_NODE_OK);
		buffer_expect_good_if_any(test, b, min_t(u64, maxima[n], DMA_BIT_MASK(row->width)));
	}
}

static void alloc_refuses_length_above_the_reach_of_the_adapter(struct kunit *test)
{
	use_width(test, 24);
	buffer_expect_refused(test, buffer_alloc(test, SZ_16M));
	buffer_expect_refused(test, buffer_alloc(test, SZ_16M - SZ_4K + 1));
	buffer_expect_refused(test, buffer_alloc_ex(test, NULL, SZ_32M, TRUE, MM_ANY_NODE_OK));
}

/* No page of the device may hold parts of two buffers. */
static void alloc_never_shares_a_page(struct kunit *test)
{
	struct test_buffer b[32];
	unsigned int n, m;

	for (n = 0; n < ARRAY_SIZE(b); n++) {
		b[n] = n & 1 ? buffer_alloc(test, 1 + n) :
			       buffer_alloc_ex(test, NULL, 1 + n,
					       n & 2 ? TRUE : buffer_uncached(test), 0);
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
		buffer_release(test, b[n]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/*
 * A freed page that is allocated again must not show its former contents, if the administrator
 * wants all memory to be zeroed. The suite wdmdma_recycle has the cases for the default.
 */
static void alloc_zeroes_reused_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct test_buffer b;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, wdmdma_recycle_set_zero("all"), 0);
	test->priv = wdmdma_test_fixture_on(test, f->dev, 32);
	wdmdma_recycle_set_zero("cached");
	for (n = 0; n < 50; n++) {
		b = n % 3 ? buffer_alloc(test, SZ_8K) :
			    buffer_alloc_ex(test, NULL, SZ_8K, n & 1 ? TRUE : buffer_uncached(test),
					    0);
		buffer_expect_good(test, b, U64_MAX);
		buffer_release(test, b);
	}
}

/* Without an IOMMU the logical address must be the physical address, byte for byte. */
static void alloc_la_is_where_the_cpu_writes(struct kunit *test)
{
	struct test_buffer b = buffer_alloc(test, SZ_64K);
	phys_addr_t pa = b.la.QuadPart;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, b.va);
	for (n = 0; n < SZ_64K; n += PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, page_to_phys(virt_to_page(b.va + n)), pa + n);
	buffer_release(test, b);
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

/*
 * The results of both routines on the fixture's adapter. They are stored because the case
 * checks them at PASSIVE_LEVEL.
 */
static struct test_buffer bad_results[3];

static void alloc_bad(struct kunit *test)
{
	const struct bad_row *row = test->param_value;
	static const s64 limit = 0xffffff;

	bad_results[0] = buffer_alloc(test, row->length);
	bad_results[1] = buffer_alloc_ex(test, NULL, row->length, FALSE, MM_ANY_NODE_OK);
	bad_results[2] = buffer_alloc_ex(test, &limit, row->length, TRUE, 0);
}

static void alloc_refuses(struct kunit *test)
{
	const struct bad_row *row = test->param_value;
	unsigned int n;

	if (row->ram_matters && PFN_PHYS(totalram_pages()) >= row->length)
		kunit_skip(test, "the machine has that much memory");
	row->at(test, alloc_bad);
	for (n = 0; n < ARRAY_SIZE(bad_results); n++)
		buffer_expect_refused(test, bad_results[n]);
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
		bad_results[0] = buffer_alloc(test, 100);
		bad_results[1] = buffer_alloc_ex(test, NULL, 100, n & 1, 0);
		f->adapter = own;
		buffer_expect_refused(test, bad_results[0]);
		buffer_expect_refused(test, bad_results[1]);
	}
}

/* Cache types. */

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
	KUNIT_CASE(alloc_ignores_cache_enabled),
	{}
};

static struct kunit_suite wdm_buffer_suite = {
	.name = "wdmdma_wdm_buffer",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_buffer_cases,
};

kunit_test_suite(wdm_buffer_suite);
