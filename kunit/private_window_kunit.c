// SPDX-License-Identifier: GPL-2.0-only
/* The private domain. Windows of logical addresses must be honoured to the page. */
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/buffer.h"
#include "lib/window.h"
#include "edu.h"
#include "helpers.h"
#include "objects.h"
#include "private.h"

#define HIGH		BIT_ULL(36)	/* above the windows of QEMU's host bridge */

struct exact_row {
	const char *name;
	u64 first;
	ULONG length;
};

static const struct exact_row exact_rows[] = {
	{ "second page", SZ_4K, SZ_4K },
	{ "64 KiB at 64 KiB", SZ_64K, SZ_64K },
	{ "three pages below 16 MiB", SZ_16M - 3 * SZ_4K, 3 * SZ_4K },
	{ "64 KiB across 32 MiB", SZ_32M - SZ_32K, SZ_64K },
	{ "64 KiB at 64 GiB", HIGH, SZ_64K },
	{ "64 KiB across 128 GiB", 2 * HIGH - SZ_32K, SZ_64K },
	{ "last 64 KiB of 38 bits", (1ULL << 38) - SZ_64K, SZ_64K },
	{ "2 MiB and one page, not aligned", HIGH + SZ_4K, SZ_2M + SZ_4K },
};

KUNIT_ARRAY_PARAM_DESC(exact, exact_rows, name);

static void exact_window_is_honoured_to_the_page(struct kunit *test)
{
	const struct exact_row *row = test->param_value;
	u64 last = row->first + row->length - 1;
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la, none;
	u8 *va;

	/* A window that is one byte shorter at either end must be refused. */
	KUNIT_EXPECT_NULL(test, private_between(fixture, row->first, last - 1, row->length, &none));
	KUNIT_EXPECT_NULL(test, private_between(fixture, row->first + 1, last, row->length, &none));
	KUNIT_EXPECT_EQ(test, none.QuadPart, 0LL);

	va = private_between(fixture, row->first, last, row->length, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, row->first);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, row->length));
	private_expect_same_memory(test, va, la.QuadPart, row->length);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, row->length - 2048, 2048);

	/* The addresses must not be allocated twice, but must be available again after the free. */
	KUNIT_EXPECT_NULL(test, private_between(fixture, row->first, last, row->length, &none));
	wdmdma_test_free(fixture, row->length, la, va);
	KUNIT_EXPECT_EQ(test, private_device_sees(row->first), 0ULL);
	va = private_between(fixture, row->first, last, row->length, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(fixture, row->length, la, va);
	private_expect_no_buffers(test, fixture);
}

static void minimum_of_4_gib_and_above_is_honoured(struct kunit *test)
{
	static const u64 minimums[] = { 1ULL << 32, (1ULL << 32) + SZ_4K, 3 * HIGH };
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la;
	unsigned int i;
	u8 *va;

	for (i = 0; i < ARRAY_SIZE(minimums); i++) {
		va = private_between(fixture, minimums[i], U64_MAX, SZ_64K, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_GE(test, (u64)la.QuadPart, minimums[i]);
		edu_expect_round_trip(test, private_edu, va, la.QuadPart, SZ_4K - 100, SZ_32K,
				      EDU_MOST);
		wdmdma_test_free(fixture, SZ_64K, la, va);
	}
	/* The device has 40 address lines. */
	KUNIT_EXPECT_NULL(test, private_between(fixture, 1ULL << 40, U64_MAX, SZ_4K, &la));
}

static void adapter_reach_is_kept(struct kunit *test)
{
	DEVICE_DESCRIPTION description =
		wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, 24);
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la;
	PDMA_ADAPTER narrow;
	ULONG registers;
	u8 *va;

	narrow = IoGetDmaAdapter(fixture->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, narrow);
	va = fixture->ops->AllocateCommonBuffer(narrow, SZ_64K, &la, FALSE);
	KUNIT_EXPECT_NOT_NULL(test, va);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_64K - 1, 0xffffffULL);
	if (va)
		fixture->ops->FreeCommonBuffer(narrow, SZ_64K, la, va, FALSE);
	fixture->ops->PutDmaAdapter(narrow);
}

static void boundary_is_kept(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(fixture->adapter);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	for (i = 0; i < 8; i++) {
		struct wdmdma_request request = {
			.call = "boundary_is_kept",
			.window = WDMDMA_WINDOW_ALL,
			.node = NUMA_NO_NODE,
			.len = 3 * SZ_4K,
			.boundary = SZ_16K,
		};
		dma_addr_t dma;
		void *va;

		KUNIT_EXPECT_EQ(test, wdmdma_buffer_alloc(adapter, &request, &va, &dma), 0);
		KUNIT_EXPECT_EQ(test, dma / SZ_16K, (dma + 3 * SZ_4K - 1) / SZ_16K);
	}
	/* The buffers are freed with the adapter. */
	wdmdma_adapter_put(adapter);
}

/* A full window must include its last page, unlike in the default domain. */
static void full_window_is_refused_until_a_buffer_is_freed(struct kunit *test)
{
	enum { PAGES = 64 };
	struct wdmdma_fixture *fixture = private_fixture(test);
	u64 first = SZ_16M, last = first + PAGES * SZ_4K - 1;
	PHYSICAL_ADDRESS la[PAGES], again;
	void *va[PAGES], *page;
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		va[i] = private_between(fixture, first, last, SZ_4K, &la[i]);
		KUNIT_ASSERT_NOT_NULL_MSG(test, va[i], "page %u", i);
	}
	KUNIT_EXPECT_NULL(test, private_between(fixture, first, last, SZ_4K, &again));
	wdmdma_test_free(fixture, SZ_4K, la[17], va[17]);
	page = private_between(fixture, first, last, SZ_4K, &again);
	KUNIT_EXPECT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, again.QuadPart, la[17].QuadPart);
	va[17] = page;
	for (i = 0; i < PAGES; i++)
		wdmdma_test_free(fixture, SZ_4K, la[i], va[i]);
	private_expect_no_buffers(test, fixture);
}

static void expect_never_given(struct kunit *test, struct wdmdma_fixture *fixture, u64 start,
			       u64 end)
{
	PHYSICAL_ADDRESS la;

	start &= PAGE_MASK;
	end &= PAGE_MASK;
	KUNIT_EXPECT_NULL_MSG(test, private_between(fixture, start, start + SZ_4K - 1, SZ_4K, &la),
			      "page at %#llx", start);
	KUNIT_EXPECT_NULL_MSG(test, private_between(fixture, end, end + SZ_4K - 1, SZ_4K, &la),
			      "page at %#llx", end);
}

/*
 * Page 0 and the addresses of interrupts and of other devices behind the bridge must
 * never be used.
 */
static void reserved_addresses_are_never_given(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	struct pci_host_bridge *bridge = pci_find_host_bridge(private_edu->pdev->bus);
	struct iommu_group *group = iommu_group_get(private_dev());
	struct iommu_resv_region *region;
	struct resource_entry *window;
	unsigned int regions = 0, windows = 0;
	LIST_HEAD(list);

	expect_never_given(test, fixture, 0, SZ_4K - 1);
	KUNIT_ASSERT_EQ(test, iommu_get_group_resv_regions(group, &list), 0);
	list_for_each_entry(region, &list, list) {
		expect_never_given(test, fixture, region->start,
				   region->start + region->length - 1);
		regions++;
	}
	iommu_put_resv_regions(private_dev(), &list);
	iommu_group_put(group);
	resource_list_for_each_entry(window, &bridge->windows) {
		if (resource_type(window->res) != IORESOURCE_MEM)
			continue;
		expect_never_given(test, fixture, window->res->start, window->res->end);
		windows++;
	}
	KUNIT_EXPECT_GT(test, regions, 0U);
	KUNIT_EXPECT_GT(test, windows, 0U);
}

static struct kunit_case private_window_cases[] = {
	KUNIT_CASE_PARAM(exact_window_is_honoured_to_the_page, exact_gen_params),
	KUNIT_CASE_SLOW(minimum_of_4_gib_and_above_is_honoured),
	KUNIT_CASE(adapter_reach_is_kept),
	KUNIT_CASE(boundary_is_kept),
	KUNIT_CASE(full_window_is_refused_until_a_buffer_is_freed),
	KUNIT_CASE(reserved_addresses_are_never_given),
	{}
};

static struct kunit_suite private_window_suite = {
	.name = "wdmdma_private_window",
	.init = private_init,
	.test_cases = private_window_cases,
};

kunit_test_suite(private_window_suite);
