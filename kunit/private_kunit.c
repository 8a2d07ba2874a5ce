// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private domain, with an edu device of 40 address lines that moves bytes.
 *
 * Each case begins with a device that was just bound, and leaves it bound anew, with
 * no domain of its own. Without an IOMMU only the refusals are tried.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "backend/backend_private.h"
#include "backend/backends.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/device.h"
#include "edu.h"
#include "helpers.h"
#include "lib/window.h"
#include "mdl.h"
#include "objects.h"

#define HIGH		BIT_ULL(36)	/* above the windows of QEMU's host bridge */
#define MEMORY SZ_64K /* what the cases import */
#define MANY		1000
#define THREADS		2
#define THREAD_ROUNDS	300

static struct edu *edu;

static void rebind(void *data)
{
	struct pci_dev *pdev = data;

	device_release_driver(&pdev->dev);
	if (device_attach(&pdev->dev) != 1)
		pr_err("wdmdma: the edu device does not come back\n");
}

static int private_init(struct kunit *test)
{
	edu = edu_at(EDU_SLOT_40_BITS);
	if (!edu->pdev)
		kunit_skip(test, "the machine has no such edu device");
	return kunit_add_action_or_reset(test, rebind, edu->pdev);
}

static struct device *edu_dev(void)
{
	return &edu->pdev->dev;
}

/* Is there an IOMMU, whether the default domain translates or passes through? */
static bool has_iommu(void)
{
	return iommu_get_domain_for_dev(edu_dev());
}

/* Skip the case where there can be no such domain; and see that it is refused, where it is. */
static void needs_private(struct kunit *test)
{
	if (!has_iommu())
		kunit_skip(test, "needs an IOMMU");
	if (dev_is_dma_coherent(edu_dev()))
		return;
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), -EOPNOTSUPP);
	kunit_skip(test, "refused: the device is not cache coherent");
}

/* An adapter of the device in a domain of its own. */
static struct wdmdma_fixture *private_fixture(struct kunit *test)
{
	needs_private(test);
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), 0);
	return wdmdma_test_fixture_on(test, edu_dev(), 64);
}

static bool backend_is(const struct wdmdma_backend *backend)
{
	struct wdmdma_device *device = wdmdma_device_open(edu_dev());
	bool is = !IS_ERR(device) && device->backend == backend;

	if (!IS_ERR(device))
		wdmdma_device_put(device);
	return is;
}

/* A buffer of single pages between these limits. */
static void *between(struct wdmdma_fixture *fixture, u64 first, u64 last, ULONG length,
		     PHYSICAL_ADDRESS *la)
{
	return wdmdma_test_alloc_between(fixture, first, last, length, 0, la);
}

/* A buffer of 1 MiB of large pages between these limits. */
static void *large(struct wdmdma_fixture *fixture, u64 first, u64 last, PHYSICAL_ADDRESS *la)
{
	return wdmdma_test_alloc_between(fixture, first, last, SZ_1M,
					 DOMAIN_COMMON_BUFFER_LARGE_PAGE, la);
}

static u64 device_sees(u64 la)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(edu_dev()), la);
}

/* Does the device see each page of the buffer where the CPU has it? */
static void expect_same_memory(struct kunit *test, void *va, u64 la, size_t size)
{
	size_t offset;

	for (offset = 0; offset < size; offset += SZ_4K)
		KUNIT_EXPECT_EQ(test, device_sees(la + offset),
				(u64)wdmdma_test_physical(va + offset));
}

static void expect_no_buffers(struct kunit *test, struct wdmdma_fixture *fixture)
{
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

/* ---- asking for it ---- */

static void opt_in_without_an_iommu_is_refused(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	PHYSICAL_ADDRESS la;
	struct wdmdma_fixture *fixture;
	void *va;

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(dev), -EOPNOTSUPP);
	if (!has_iommu())
		KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), -EOPNOTSUPP);

	fixture = wdmdma_test_fixture_on(test, dev, 64);
	va = between(fixture, 0, U64_MAX, SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(fixture, SZ_4K, la, va);
}

static void opt_in_after_the_first_adapter_is_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture_on(test, edu_dev(), 64);
	PHYSICAL_ADDRESS la;
	u8 *va;

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), -EBUSY);
	va = between(fixture, 0, U64_MAX, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), -EBUSY);
	KUNIT_EXPECT_FALSE(test, backend_is(&wdmdma_backend_private));
}

static void opt_in_a_second_time_is_refused(struct kunit *test)
{
	needs_private(test);
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), -EBUSY);
	KUNIT_EXPECT_TRUE(test, backend_is(&wdmdma_backend_private));
}

static void opt_in_of_no_device_is_refused(struct kunit *test)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(NULL), -EINVAL);
	local_bh_disable();
	ret = wdmdma_device_use_private_domain(&pdev->dev);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(&pdev->dev), -EINVAL);
}

/* The device is attached to something else, as by another subsystem. */
static void opt_in_in_a_foreign_domain_is_refused(struct kunit *test)
{
	struct iommu_domain *domain;
	PHYSICAL_ADDRESS la;
	struct wdmdma_fixture *fixture;
	u8 *va;

	needs_private(test);
	domain = iommu_paging_domain_alloc(edu_dev());
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	KUNIT_ASSERT_EQ(test, iommu_attach_device(domain, edu_dev()), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), -EBUSY);
	iommu_detach_device(domain, edu_dev());
	iommu_domain_free(domain);

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), 0);
	fixture = wdmdma_test_fixture_on(test, edu_dev(), 64);
	va = between(fixture, 0, U64_MAX, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

/* On arm64 a vector is an address in the domain that the device was in. */
static void opt_in_comes_before_interrupt_vectors(struct kunit *test)
{
	int early = IS_ENABLED(CONFIG_ARM64) ? -EBUSY : 0;

	needs_private(test);
	edu_expect_vector(test, edu);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), early);
	KUNIT_EXPECT_EQ(test, edu_interrupt(edu), 0);
	pci_free_irq_vectors(edu->pdev);

	if (early)
		KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(edu_dev()), 0);
	edu_expect_vector(test, edu);
	pci_free_irq_vectors(edu->pdev);
}

/* Functions of one device without a way to tell them apart are one group. */
static void opt_in_in_a_group_with_others_is_refused(struct kunit *test)
{
	struct pci_dev *pdev = NULL;
	unsigned int tried = 0;

	for_each_pci_dev(pdev) {
		struct device *dev = &pdev->dev;
		struct wdmdma_domain home = { .own = iommu_get_domain_for_dev(dev) };
		struct wdmdma_device *device;
		const char *why = NULL;

		/* The chipset's functions in slot 0x1f. They have no driver, and keep none. */
		if (PCI_SLOT(pdev->devfn) != 0x1f || dev->driver || !home.own)
			continue;
		device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, device);
		device->dev = dev;
		device->home = &home;
		init_rwsem(&device->sem);
		INIT_LIST_HEAD(&device->adapters);
		INIT_LIST_HEAD(&device->retired);
		KUNIT_EXPECT_EQ(test, wdmdma_device_use_private(device, &why), -EOPNOTSUPP);
		KUNIT_EXPECT_NOT_NULL(test, why);
		KUNIT_EXPECT_NULL(test, device->private);
		tried++;
	}
	if (!tried)
		kunit_skip(test, "the machine has no such group");
}

static void enter_and_leave(struct kunit *test)
{
	struct iommu_domain *before = iommu_get_domain_for_dev(edu_dev());
	struct wdmdma_private *private;
	const char *why = NULL;
	unsigned int left;

	private = wdmdma_private_create(edu_dev(), &why);
	/* Only entering is to fail. */
	left = current->fail_nth;
	current->fail_nth = 0;
	if (IS_ERR(private))
		KUNIT_EXPECT_NOT_NULL(test, why);
	else
		wdmdma_private_destroy(private);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(edu_dev()), before);
	current->fail_nth = left;
}

static void opt_in_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture;
	PHYSICAL_ADDRESS la;
	u8 *va;

	if (!has_iommu())
		kunit_skip(test, "needs an IOMMU");
	wdmdma_test_sweep_on(test, edu_dev(), enter_and_leave);
	fixture = wdmdma_test_fixture_on(test, edu_dev(), 64);
	va = between(fixture, 0, U64_MAX, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

/* ---- addresses ---- */

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

	/* One byte less at either end is too little. */
	KUNIT_EXPECT_NULL(test, between(fixture, row->first, last - 1, row->length, &none));
	KUNIT_EXPECT_NULL(test, between(fixture, row->first + 1, last, row->length, &none));
	KUNIT_EXPECT_EQ(test, none.QuadPart, 0LL);

	va = between(fixture, row->first, last, row->length, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, row->first);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, row->length));
	expect_same_memory(test, va, la.QuadPart, row->length);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, row->length - 2048, 2048);

	/* It is taken: not to be had a second time, but again after the free. */
	KUNIT_EXPECT_NULL(test, between(fixture, row->first, last, row->length, &none));
	wdmdma_test_free(fixture, row->length, la, va);
	KUNIT_EXPECT_EQ(test, device_sees(row->first), 0ULL);
	va = between(fixture, row->first, last, row->length, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(fixture, row->length, la, va);
	expect_no_buffers(test, fixture);
}

static void minimum_of_4_gib_and_above_is_honoured(struct kunit *test)
{
	static const u64 minimums[] = { 1ULL << 32, (1ULL << 32) + SZ_4K, 3 * HIGH };
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la;
	unsigned int i;
	u8 *va;

	for (i = 0; i < ARRAY_SIZE(minimums); i++) {
		va = between(fixture, minimums[i], U64_MAX, SZ_64K, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_GE(test, (u64)la.QuadPart, minimums[i]);
		edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
		wdmdma_test_free(fixture, SZ_64K, la, va);
	}
	/* The device drives 40 lines. */
	KUNIT_EXPECT_NULL(test, between(fixture, 1ULL << 40, U64_MAX, SZ_4K, &la));
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
	/* They are freed with the adapter. */
	wdmdma_adapter_put(adapter);
}

/* The last page of the window too, unlike in the default domain. */
static void full_window_is_refused_until_a_buffer_is_freed(struct kunit *test)
{
	enum { PAGES = 64 };
	struct wdmdma_fixture *fixture = private_fixture(test);
	u64 first = SZ_16M, last = first + PAGES * SZ_4K - 1;
	PHYSICAL_ADDRESS la[PAGES], again;
	void *va[PAGES], *page;
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		va[i] = between(fixture, first, last, SZ_4K, &la[i]);
		KUNIT_ASSERT_NOT_NULL_MSG(test, va[i], "page %u", i);
	}
	KUNIT_EXPECT_NULL(test, between(fixture, first, last, SZ_4K, &again));
	wdmdma_test_free(fixture, SZ_4K, la[17], va[17]);
	page = between(fixture, first, last, SZ_4K, &again);
	KUNIT_EXPECT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, again.QuadPart, la[17].QuadPart);
	va[17] = page;
	for (i = 0; i < PAGES; i++)
		wdmdma_test_free(fixture, SZ_4K, la[i], va[i]);
	expect_no_buffers(test, fixture);
}

static void expect_never_given(struct kunit *test, struct wdmdma_fixture *fixture, u64 start,
			       u64 end)
{
	PHYSICAL_ADDRESS la;

	start &= PAGE_MASK;
	end &= PAGE_MASK;
	KUNIT_EXPECT_NULL_MSG(test, between(fixture, start, start + SZ_4K - 1, SZ_4K, &la),
			      "page at %#llx", start);
	KUNIT_EXPECT_NULL_MSG(test, between(fixture, end, end + SZ_4K - 1, SZ_4K, &la),
			      "page at %#llx", end);
}

/* Addresses of interrupts, of other devices behind the bridge, and page 0. */
static void reserved_addresses_are_never_given(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	struct pci_host_bridge *bridge = pci_find_host_bridge(edu->pdev->bus);
	struct iommu_group *group = iommu_group_get(edu_dev());
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
	iommu_put_resv_regions(edu_dev(), &list);
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

/* ---- memory ---- */

static void device_moves_bytes_of_every_kind(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la;
	u8 *va;

	KUNIT_EXPECT_TRUE(test, wdmdma_adapter_is_translated(fixture->adapter));
	va = wdmdma_test_alloc(fixture, SZ_64K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_64K, la, va);

	va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_8K, &la,
						  !wdmdma_test_can_uncache(fixture->dev),
						  MM_ANY_NODE_OK);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 10, SZ_4K, EDU_MOST - 10);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	/* More than the buddy allocator has in one piece. */
	va = between(fixture, 0, U64_MAX, SZ_16M, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_same_memory(test, va, la.QuadPart, SZ_16M);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_16M - SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_16M, la, va);
	expect_no_buffers(test, fixture);
}

static void large_page_is_one_for_cpu_and_device(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la, none;
	u8 *va;

	va = large(fixture, HIGH + SZ_4K, HIGH + SZ_4M - 1, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, HIGH + SZ_2M);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(wdmdma_test_physical(va), SZ_2M));
	expect_same_memory(test, va, la.QuadPart, SZ_2M);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_1M - SZ_4K, EDU_MOST);
	KUNIT_EXPECT_NULL(test, large(fixture, HIGH + SZ_4K, HIGH + SZ_4M - 1, &none));
	wdmdma_test_free(fixture, SZ_1M, la, va);
}

static void memory_is_on_the_preferred_node(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la;
	ULONG offset;
	void *va;
	int node;

	if (num_online_nodes() < 2)
		kunit_skip(test, "the machine has one node");
	for_each_online_node(node) {
		va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_1M, &la, TRUE,
							  node);
		KUNIT_ASSERT_NOT_NULL(test, va);
		for (offset = 0; offset < SZ_1M; offset += SZ_4K)
			KUNIT_EXPECT_EQ(test, node,
					pfn_to_nid(PHYS_PFN(wdmdma_test_physical(va + offset))));
		wdmdma_test_free(fixture, SZ_1M, la, va);
	}
}

/* Memory of the driver's, in pages that lie anywhere. */
static u8 *memory_alloc(struct kunit *test)
{
	u8 *va = vzalloc(MEMORY);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

static void scattered_pages_become_one_range_in_the_window(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeLogicalAddressLimits,
		.LogicalAddressLimits.MinimumAddress.QuadPart = HIGH,
		.LogicalAddressLimits.MaximumAddress.QuadPart = HIGH + MEMORY - 1,
	};
	struct wdmdma_fixture *fixture = private_fixture(test);
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl,
								      &config, 1, &la),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, HIGH);
	expect_same_memory(test, va, la.QuadPart, MEMORY);
	edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100, MEMORY - EDU_MOST, EDU_MOST);
	wdmdma_test_free(fixture, MEMORY, la, va);
	KUNIT_EXPECT_EQ(test, device_sees(HIGH), 0ULL);
	IoFreeMdl(mdl);
	vfree(va);
}

static void read_only_is_enforced_by_the_iommu(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessReadOnly,
	};
	struct wdmdma_fixture *fixture = private_fixture(test);
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);
	PHYSICAL_ADDRESS la;

	memset(va, 0xa5, MEMORY);
	KUNIT_ASSERT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl,
								      &config, 1, &la),
			STATUS_SUCCESS);
	/* QEMU tells of the fault only if it has not read the page before. */
	edu_expect_iommu_faults(true);
	edu_copy(edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY);
	edu_expect_iommu_faults(false);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, MEMORY));
	KUNIT_EXPECT_EQ(test, edu_copy(edu, la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	wdmdma_test_free(fixture, MEMORY, la, va);
	IoFreeMdl(mdl);
	vfree(va);
}

/* What the device has when it writes is not what it tried to read. */
static void write_only_is_enforced_where_the_iommu_can(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessWriteOnly,
	};
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la, other_la;
	u8 *va = memory_alloc(test), *other;
	PMDL mdl = mdl_built(test, va, MEMORY);
	NTSTATUS status;

	memset(va, 0xa5, MEMORY);
	status = fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, &config, 1, &la);
	if (!wdmdma_test_iommu_forbids_reading(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	other = wdmdma_test_alloc(fixture, SZ_4K, &other_la);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_EQ(test, edu_copy(edu, other_la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	edu_expect_iommu_faults(true);
	edu_copy(edu, la.QuadPart, EDU_BUFFER, EDU_MOST, 0);
	edu_expect_iommu_faults(false);
	KUNIT_EXPECT_EQ(test, edu_copy(edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY),
			0);
	KUNIT_EXPECT_NULL(test, memchr(va, 0xa5, EDU_MOST));
	wdmdma_test_free(fixture, SZ_4K, other_la, other);
	wdmdma_test_free(fixture, MEMORY, la, va);
free:
	IoFreeMdl(mdl);
	vfree(va);
}

static PDMA_COMMON_BUFFER_VECTOR vector_alloc(struct wdmdma_fixture *fixture, ULONG flags,
					      ULONG count, ULONG size)
{
	PHYSICAL_ADDRESS low = { .QuadPart = HIGH }, high = { .QuadPart = -1 };
	PDMA_COMMON_BUFFER_VECTOR vector;

	fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, MmCached, 0, flags,
						 count, size, &vector);
	return vector;
}

/* Its memory and its addresses: the device faults there, and others can have them. */
static void vector_element_is_freed_at_once(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PDMA_COMMON_BUFFER_VECTOR vector = vector_alloc(fixture, 0, 64, SZ_8K);
	PHYSICAL_ADDRESS la, neighbour, again;
	PVOID va, other;

	KUNIT_ASSERT_NOT_NULL(test, vector);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 17, &va, &la);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 18, &other,
						       &neighbour);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, 1024);
	fixture->ops->FreeCommonBufferFromVector(fixture->adapter, vector, 17);
	KUNIT_EXPECT_EQ(test, device_sees(la.QuadPart), 0ULL);
	KUNIT_EXPECT_EQ(test, device_sees(neighbour.QuadPart), (u64)wdmdma_test_physical(other));
	edu_expect_iommu_faults(true);
	edu_copy(edu, EDU_BUFFER, la.QuadPart, 512, EDU_DMA_TO_MEMORY);
	edu_expect_iommu_faults(false);
	edu_expect_round_trip(test, edu, other, neighbour.QuadPart, 0, SZ_4K, 1024);

	va = between(fixture, la.QuadPart, la.QuadPart + SZ_8K - 1, SZ_8K, &again);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, again.QuadPart, 0, SZ_4K, 1024);
	wdmdma_test_free(fixture, SZ_8K, again, va);
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
	KUNIT_EXPECT_EQ(test, device_sees(neighbour.QuadPart), 0ULL);
}

static void vector_of_large_pages_is_one_piece(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS first, last;
	PVOID va, end;

	vector = vector_alloc(fixture, DOMAIN_COMMON_BUFFER_LARGE_PAGE, 8, SZ_64K);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, &va, &first);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 7, &end, &last);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(first.QuadPart, SZ_2M));
	KUNIT_EXPECT_EQ(test, last.QuadPart, first.QuadPart + 7LL * SZ_64K);
	KUNIT_EXPECT_PTR_EQ(test, end, va + 7 * SZ_64K);
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

/* ---- what such a device cannot do ---- */

static void device_neither_joins_nor_is_joined(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test), *other;
	struct edu *neighbour = edu_at(EDU_SLOT_32_BITS);
	PHYSICAL_ADDRESS la;
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, neighbour->pdev);
	other = wdmdma_test_fixture_on(test, &neighbour->pdev->dev, 32);
	KUNIT_EXPECT_EQ(test, STATUS_NOT_SUPPORTED,
			fixture->ops->JoinDmaDomain(fixture->adapter,
						    other->ops->GetDmaDomain(other->adapter)));
	KUNIT_EXPECT_EQ(test, STATUS_NOT_SUPPORTED,
			other->ops->JoinDmaDomain(other->adapter,
						  fixture->ops->GetDmaDomain(fixture->adapter)));
	va = wdmdma_test_alloc(fixture, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, 1024);
	wdmdma_test_free(fixture, SZ_8K, la, va);
	va = wdmdma_test_alloc(other, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, neighbour, va, la.QuadPart, 0, SZ_4K, 1024);
	wdmdma_test_free(other, SZ_8K, la, va);
}

static void list_ready(PDEVICE_OBJECT device_object, PIRP irp, PSCATTER_GATHER_LIST list,
		       PVOID context)
{
	struct kunit *test = context;

	KUNIT_FAIL(test, "a list was made");
}

static void transfers_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);

	KUNIT_EXPECT_EQ(test, STATUS_NOT_SUPPORTED,
			fixture->ops->GetScatterGatherList(fixture->adapter, NULL, mdl, va, MEMORY,
							   list_ready, test, TRUE));
	IoFreeMdl(mdl);
	vfree(va);
}

/* ---- many ---- */

static void many_buffers_go_in_random_order(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS *la = kunit_kcalloc(test, MANY, sizeof(*la), GFP_KERNEL), all;
	void **va = kunit_kcalloc(test, MANY, sizeof(*va), GFP_KERNEL);
	ULONG *length = kunit_kcalloc(test, MANY, sizeof(*length), GFP_KERNEL);
	unsigned int i, j, overlaps = 0;
	struct rnd_state random;

	KUNIT_ASSERT_NOT_NULL(test, la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_ASSERT_NOT_NULL(test, length);
	prandom_seed_state(&random, 7);
	for (i = 0; i < MANY; i++) {
		length[i] = SZ_4K << prandom_u32_state(&random) % 4;
		va[i] = between(fixture, SZ_16M, SZ_64M - 1, length[i], &la[i]);
		KUNIT_ASSERT_NOT_NULL_MSG(test, va[i], "buffer %u", i);
		for (j = 0; j < i; j++)
			overlaps += la[i].QuadPart < la[j].QuadPart + length[j] &&
				    la[j].QuadPart < la[i].QuadPart + length[i];
	}
	KUNIT_EXPECT_EQ(test, overlaps, 0U);
	for (i = MANY; i > 0; i--) {
		j = prandom_u32_state(&random) % i;
		expect_same_memory(test, va[j], la[j].QuadPart, length[j]);
		wdmdma_test_free(fixture, length[j], la[j], va[j]);
		KUNIT_EXPECT_EQ(test, device_sees(la[j].QuadPart), 0ULL);
		va[j] = va[i - 1];
		la[j] = la[i - 1];
		length[j] = length[i - 1];
	}
	expect_no_buffers(test, fixture);
	/* No address is lost: the window is one hole again. */
	va[0] = between(fixture, SZ_16M, SZ_64M - 1, SZ_64M - SZ_16M, &all);
	KUNIT_ASSERT_NOT_NULL(test, va[0]);
	wdmdma_test_free(fixture, SZ_64M - SZ_16M, all, va[0]);
}

struct worker {
	struct wdmdma_fixture *fixture;
	unsigned int number;
	unsigned int wrong;
	struct completion done;
};

static bool worker_round(struct worker *worker, ULONG length)
{
	PHYSICAL_ADDRESS la;
	bool right;
	u8 *va;

	va = between(worker->fixture, SZ_1M, SZ_2M - 1, length, &la);
	if (!va)
		return false;
	memset(va, worker->number, length);
	right = device_sees(la.QuadPart) == wdmdma_test_physical(va);
	cond_resched();
	right = right && !memchr_inv(va, worker->number, length);
	wdmdma_test_free(worker->fixture, length, la, va);
	return right;
}

static int worker_run(void *data)
{
	struct worker *worker = data;
	unsigned int i;

	for (i = 0; i < THREAD_ROUNDS; i++)
		worker->wrong += !worker_round(worker, SZ_4K << i % 4);
	complete(&worker->done);
	return 0;
}

static void threads_do_not_disturb_each_other(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	struct worker worker[THREADS] = {};
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		worker[i].fixture = fixture;
		worker[i].number = i + 1;
		init_completion(&worker[i].done);
		KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(worker_run, &worker[i], "wdmdma-%u",
							    i)));
	}
	for (i = 0; i < THREADS; i++) {
		wait_for_completion(&worker[i].done);
		KUNIT_EXPECT_EQ(test, worker[i].wrong, 0U);
	}
	expect_no_buffers(test, fixture);
}

/* ---- the end ---- */

static void default_domain_is_back_after_unbind(struct kunit *test)
{
	struct pci_dev *pdev = edu->pdev;
	struct iommu_domain *before = iommu_get_domain_for_dev(&pdev->dev), *private;
	struct wdmdma_fixture *fixture;
	PHYSICAL_ADDRESS la;
	u8 *va;

	needs_private(test);
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(&pdev->dev), 0);
	private = iommu_get_domain_for_dev(&pdev->dev);
	KUNIT_EXPECT_PTR_NE(test, private, before);
	rebind(pdev);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(&pdev->dev), before);

	fixture = wdmdma_test_fixture_on(test, &pdev->dev, 64);
	KUNIT_EXPECT_FALSE(test, backend_is(&wdmdma_backend_private));
	va = wdmdma_test_alloc(fixture, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

static void unbind_takes_back_what_is_left(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	struct pci_dev *pdev = edu->pdev;
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);
	PHYSICAL_ADDRESS la;

	KUNIT_EXPECT_NOT_NULL(test, between(fixture, HIGH, U64_MAX, SZ_64K, &la));
	KUNIT_EXPECT_NOT_NULL(test, large(fixture, 0, U64_MAX, &la));
	KUNIT_EXPECT_NOT_NULL(test, vector_alloc(fixture, 0, 8, SZ_4K));
	KUNIT_EXPECT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, NULL,
								      0, &la), STATUS_SUCCESS);
	memset(va, 0x77, MEMORY);

	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x77, MEMORY));
	KUNIT_EXPECT_NULL(test, between(fixture, 0, U64_MAX, SZ_4K, &la));
	expect_no_buffers(test, fixture);
	IoFreeMdl(mdl);
	vfree(va);
}

static void alloc_every_kind(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	void *va;

	va = between(fixture, HIGH, U64_MAX, SZ_32K, &la);
	if (va)
		wdmdma_test_free(fixture, SZ_32K, la, va);
	va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_8K, &la, FALSE,
						  MM_ANY_NODE_OK);
	if (va)
		wdmdma_test_free(fixture, SZ_8K, la, va);
	vector = vector_alloc(fixture, 0, 3, SZ_4K);
	if (vector)
		fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS before, after;
	void *va;

	va = wdmdma_test_alloc(fixture, SZ_4K, &before);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(fixture, SZ_4K, before, va);
	test->priv = fixture;
	wdmdma_test_sweep_on(test, fixture->dev, alloc_every_kind);
	expect_no_buffers(test, fixture);
	/* No address was lost on the way: the highest is free. */
	va = wdmdma_test_alloc(fixture, SZ_4K, &after);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, after.QuadPart, before.QuadPart);
	wdmdma_test_free(fixture, SZ_4K, after, va);
}

static struct kunit_case private_cases[] = {
	KUNIT_CASE(opt_in_without_an_iommu_is_refused),
	KUNIT_CASE_SLOW(opt_in_after_the_first_adapter_is_refused),
	KUNIT_CASE(opt_in_a_second_time_is_refused),
	KUNIT_CASE(opt_in_of_no_device_is_refused),
	KUNIT_CASE_SLOW(opt_in_in_a_foreign_domain_is_refused),
	KUNIT_CASE_SLOW(opt_in_comes_before_interrupt_vectors),
	KUNIT_CASE(opt_in_in_a_group_with_others_is_refused),
	KUNIT_CASE_SLOW(opt_in_fails_cleanly_at_every_point),
	KUNIT_CASE_PARAM(exact_window_is_honoured_to_the_page, exact_gen_params),
	KUNIT_CASE_SLOW(minimum_of_4_gib_and_above_is_honoured),
	KUNIT_CASE(adapter_reach_is_kept),
	KUNIT_CASE(boundary_is_kept),
	KUNIT_CASE(full_window_is_refused_until_a_buffer_is_freed),
	KUNIT_CASE(reserved_addresses_are_never_given),
	KUNIT_CASE_SLOW(device_moves_bytes_of_every_kind),
	KUNIT_CASE_SLOW(large_page_is_one_for_cpu_and_device),
	KUNIT_CASE(memory_is_on_the_preferred_node),
	KUNIT_CASE_SLOW(scattered_pages_become_one_range_in_the_window),
	KUNIT_CASE_SLOW(read_only_is_enforced_by_the_iommu),
	KUNIT_CASE_SLOW(write_only_is_enforced_where_the_iommu_can),
	KUNIT_CASE_SLOW(vector_element_is_freed_at_once),
	KUNIT_CASE(vector_of_large_pages_is_one_piece),
	KUNIT_CASE_SLOW(device_neither_joins_nor_is_joined),
	KUNIT_CASE(transfers_are_refused),
	KUNIT_CASE(many_buffers_go_in_random_order),
	KUNIT_CASE_SLOW(threads_do_not_disturb_each_other),
	KUNIT_CASE_SLOW(default_domain_is_back_after_unbind),
	KUNIT_CASE(unbind_takes_back_what_is_left),
	KUNIT_CASE_SLOW(alloc_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite private_suite = {
	.name = "wdmdma_private",
	.init = private_init,
	.test_cases = private_cases,
};

kunit_test_suite(private_suite);
