// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole, with a real (emulated) device: QEMU's edu copies bytes to and from
 * our buffers, by their logical addresses, with an IOMMU or without one.
 *
 * Without the device the cases are skipped.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "backend/translation.h"
#include "core/recycle.h"
#include "edu.h"
#include "helpers.h"
#include "mdl.h"

static struct edu *edu;

/* test->priv: an adapter of the edu device with 32 address bits. */
static int live_init(struct kunit *test)
{
	edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	return 0;
}

static void *buffer_alloc(struct kunit *test, ULONG length, PHYSICAL_ADDRESS *la)
{
	struct wdmdma_fixture *fixture = test->priv;
	void *va = wdmdma_test_alloc(fixture, length, la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

static void device_moves_bytes_across_pages(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	u8 *va = buffer_alloc(test, SZ_64K, &la);

	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_32K, 1);
	edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_32K, EDU_MOST);
	edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100, SZ_64K - SZ_4K, EDU_MOST);
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
	edu_expect_round_trip(test, edu, va, la.QuadPart, 10, SZ_4K, EDU_MOST - 10);
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
		edu_expect_round_trip(test, edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
		wdmdma_test_free(fixture, SZ_8K, la, va);
	}
}

/* What each page of a buffer is for the CPU and for the IOMMU, or for the bus without one. */
static void logical_address_is_that_of_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct iommu_domain *domain = iommu_get_domain_for_dev(fixture->dev);
	bool translated = wdmdma_iommu_translates(fixture->dev);
	PHYSICAL_ADDRESS la;
	u8 *va = buffer_alloc(test, SZ_64K, &la);
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
 * A low limit must do no harm: not to itself (an address above it), and not to
 * the device's later allocations of the same length.
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
		va = buffer_alloc(test, SZ_64K, &la);
		wdmdma_test_free(fixture, SZ_64K, la, va);
		va = buffer_alloc(test, SZ_1M, &la);
		wdmdma_test_free(fixture, SZ_1M, la, va);
	}
}

/* Fill the space below a limit until it refuses; then everything else still works. */
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
	high = buffer_alloc(test, SZ_4K, &other);
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
		void *va = buffer_alloc(test, length, &la);

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, PAGE_SIZE));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(la.QuadPart, PAGE_SIZE));
		wdmdma_test_free(fixture, length, la, va);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

/* Is there memory at the address, as the device sees it? Without an IOMMU it is everywhere. */
static bool device_reaches(struct device *dev, PHYSICAL_ADDRESS la)
{
	return !wdmdma_iommu_translates(dev) ||
	       iommu_iova_to_phys(iommu_get_domain_for_dev(dev), la.QuadPart);
}

static void free_at_dispatch_reaches_the_device_later(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la, la2;
	void *va = buffer_alloc(test, SZ_64K, &la), *va2;
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
	/* What may be kept is kept with its addresses, until memory is short. */
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

/* Unbind with buffers of each kind live: taken back; and the adapter answers. */
static void unbind_takes_back_what_is_left(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct pci_dev *pdev = edu->pdev;
	PHYSICAL_ADDRESS la;

	buffer_alloc(test, SZ_4K, &la);
	buffer_alloc(test, SZ_64K, &la);
	KUNIT_EXPECT_NOT_NULL(test, wdmdma_test_alloc_below(fixture, 0x7fffffff, SZ_8K, &la, TRUE));
	KUNIT_EXPECT_EQ(test, !!wdmdma_test_alloc_below(fixture, U64_MAX, SZ_8K, &la, FALSE),
			wdmdma_test_can_uncache(fixture->dev));

	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, edu->pdev);
	la.QuadPart = 1;
	KUNIT_EXPECT_NULL(test, fixture->ops->AllocateCommonBuffer(fixture->adapter, 1, &la, 0));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);

	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
	KUNIT_EXPECT_PTR_EQ(test, edu->pdev, pdev);
}

#define MDL_PAGES	96

/* Pages in a random order, at a system address of their own. */
static void *scattered_memory(struct kunit *test, struct page **page)
{
	unsigned int i, j;

	for (i = 0; i < MDL_PAGES; i++) {
		page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
		j = i * 7 % (i + 1);
		swap(page[i], page[j]);
	}
	return vmap(page, MDL_PAGES, VM_MAP, PAGE_KERNEL);
}

static void scattered_memory_free(void *va, struct page **page)
{
	unsigned int i;

	vunmap(va);
	for (i = 0; i < MDL_PAGES; i++) {
		KUNIT_EXPECT_EQ(kunit_get_current_test(), page_count(page[i]), 1);
		__free_page(page[i]);
	}
}

static NTSTATUS from_mdl(struct wdmdma_fixture *fixture, PMDL mdl,
			 DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION *config, PHYSICAL_ADDRESS *la)
{
	return fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, config, !!config, la);
}

/* A device that does not see the CPU's caches can have no memory of the driver's own. */
static bool may_import(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	if (!dev_is_dma_coherent(fixture->dev)) {
		kunit_skip(test, "the device is not cache coherent");
		return false;
	}
	return true;
}

/* What the call answers to memory that is scattered. */
static NTSTATUS scattered_status(struct device *dev)
{
	if (!dev_is_dma_coherent(dev))
		return STATUS_NOT_SUPPORTED;
	return wdmdma_iommu_translates(dev) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static void scattered_pages_become_one_range(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[MDL_PAGES];
	u8 *va = scattered_memory(test, page);
	PMDL mdl = mdl_built(test, va, MDL_PAGES * SZ_4K);
	PHYSICAL_ADDRESS la;
	NTSTATUS status = from_mdl(fixture, mdl, NULL, &la);

	KUNIT_EXPECT_EQ(test, status, scattered_status(fixture->dev));
	if (NT_SUCCESS(status)) {
		/* Across a page border, and from the first page to the last. */
		edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100,
				      40 * SZ_4K - 2000, EDU_MOST);
		edu_expect_round_trip(test, edu, va, la.QuadPart, 0,
				      MDL_PAGES * SZ_4K - EDU_MOST, EDU_MOST);
		wdmdma_test_free(fixture, MDL_PAGES * SZ_4K, la, va);
	} else {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
}

static void contiguous_pages_become_a_buffer(struct kunit *test)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = 0xbfffffff }, la;
	struct wdmdma_fixture *fixture = test->priv;
	PMDL mdl = MmAllocatePagesForMdlEx(low, high, low, SZ_64K, MmCached,
					   MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	NTSTATUS status;
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	status = from_mdl(fixture, mdl, NULL, &la);
	if (!dev_is_dma_coherent(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	if (!wdmdma_iommu_translates(fixture->dev))
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)wdmdma_test_physical(va));
	edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_64K, la, va);
free:
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
}

static void read_only_is_enforced_by_the_iommu(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessReadOnly,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[MDL_PAGES];
	u8 *va = scattered_memory(test, page);
	PMDL mdl = mdl_built(test, va, SZ_8K);
	PHYSICAL_ADDRESS la;
	NTSTATUS status;

	memset(va, 0xa5, SZ_8K);
	status = from_mdl(fixture, mdl, &config, &la);
	if (!wdmdma_iommu_translates(fixture->dev) || !dev_is_dma_coherent(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	/* QEMU tells of the fault only if it has not read the page before. */
	edu_expect_iommu_faults(true);
	edu_copy(edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY);
	edu_expect_iommu_faults(false);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, SZ_8K));
	KUNIT_EXPECT_EQ(test, edu_copy(edu, la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	wdmdma_test_free(fixture, SZ_8K, la, va);
free:
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
}

static void write_only_lets_the_device_write(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessWriteOnly,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[MDL_PAGES];
	PHYSICAL_ADDRESS la, source_la;
	u8 *source, *va;
	PMDL mdl;

	if (!wdmdma_iommu_translates(fixture->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	if (!may_import(test))
		return;
	if (!wdmdma_test_iommu_forbids_reading(fixture->dev)) {
		kunit_skip(test, "the IOMMU's driver forbids no device to read");
		return;
	}
	source = buffer_alloc(test, SZ_4K, &source_la);
	memset(source, 0x3c, SZ_4K);
	va = scattered_memory(test, page);
	mdl = mdl_built(test, va, SZ_8K);
	KUNIT_ASSERT_EQ(test, from_mdl(fixture, mdl, &config, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, edu_copy(edu, source_la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	KUNIT_EXPECT_EQ(test, edu_copy(edu, EDU_BUFFER, la.QuadPart + 100, EDU_MOST,
				       EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(va + 100, 0x3c, EDU_MOST));
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0, 100));
	wdmdma_test_free(fixture, SZ_8K, la, va);
	wdmdma_test_free(fixture, SZ_4K, source_la, source);
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
}

/* Let the device read a page into its own memory, and write what it has there to another. */
static void expect_device_cannot_read(struct kunit *test, const u8 *va, u64 la, u8 *result,
				      u64 result_la)
{
	memset(result, 0x3c, SZ_4K);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, result_la, EDU_BUFFER, EDU_MOST, 0), 0);
	/* QEMU tells of the fault only if it has not written to the page before. */
	edu_expect_iommu_faults(true);
	edu_copy(edu, la, EDU_BUFFER, EDU_MOST, 0);
	edu_expect_iommu_faults(false);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, EDU_BUFFER, result_la, EDU_MOST, EDU_DMA_TO_MEMORY),
			0);
	KUNIT_EXPECT_NULL(test, memchr(result, *va, EDU_MOST));
}

static void write_only_is_enforced_by_the_iommu(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessWriteOnly,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[MDL_PAGES];
	u8 *va = scattered_memory(test, page), *result;
	PMDL mdl = mdl_built(test, va, SZ_8K);
	PHYSICAL_ADDRESS la, result_la;
	NTSTATUS status;

	memset(va, 0xa5, SZ_8K);
	status = from_mdl(fixture, mdl, &config, &la);
	if (!wdmdma_iommu_translates(fixture->dev) || !dev_is_dma_coherent(fixture->dev) ||
	    !wdmdma_test_iommu_forbids_reading(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	result = buffer_alloc(test, SZ_4K, &result_la);
	expect_device_cannot_read(test, va, la.QuadPart, result, result_la.QuadPart);
	KUNIT_EXPECT_EQ(test, edu_copy(edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY),
			0);
	KUNIT_EXPECT_EQ(test, memcmp(va, result, EDU_MOST), 0);
	wdmdma_test_free(fixture, SZ_8K, la, va);
	wdmdma_test_free(fixture, SZ_4K, result_la, result);
free:
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
}

static const struct locked_row {
	const char *name;
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_ACCESS_TYPE access;
	bool good;
} locked_rows[] = {
	{ "ReadOnly", CommonBufferHardwareAccessReadOnly, true },
	{ "WriteOnly", CommonBufferHardwareAccessWriteOnly },
	{ "ReadWrite", CommonBufferHardwareAccessReadWrite },
};

KUNIT_ARRAY_PARAM_DESC(locked, locked_rows, name);

static NTSTATUS locked_status(const struct locked_row *row, struct device *dev)
{
	if (!row->good)
		return STATUS_INVALID_PARAMETER;
	return wdmdma_iommu_translates(dev) && dev_is_dma_coherent(dev) ? STATUS_SUCCESS :
									  STATUS_NOT_SUPPORTED;
}

/* What was locked for reading only is for a device that cannot write, and no other. */
static void read_locked_pages_are_for_reading(struct kunit *test)
{
	const struct locked_row *row = test->param_value;
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = row->access,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[MDL_PAGES];
	u8 *va = scattered_memory(test, page), *result;
	PMDL mdl = IoAllocateMdl(va, SZ_8K, FALSE, FALSE, NULL);
	PHYSICAL_ADDRESS la = { .QuadPart = 1 }, result_la;
	NTSTATUS status;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	memset(va, 0xa5, SZ_8K);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	status = from_mdl(fixture, mdl, &config, &la);
	KUNIT_EXPECT_EQ(test, status, locked_status(row, fixture->dev));
	if (NT_SUCCESS(status)) {
		result = buffer_alloc(test, SZ_4K, &result_la);
		KUNIT_EXPECT_EQ(test, edu_copy(edu, la.QuadPart + 100, EDU_BUFFER, EDU_MOST, 0), 0);
		KUNIT_EXPECT_EQ(test, edu_copy(edu, EDU_BUFFER, result_la.QuadPart, EDU_MOST,
					       EDU_DMA_TO_MEMORY), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(result, 0xa5, EDU_MOST));
		wdmdma_test_free(fixture, SZ_4K, result_la, result);
		wdmdma_test_free(fixture, SZ_8K, la, mdl->MappedSystemVa);
	} else {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
}

struct limits_row {
	const char *name;
	u64 first, last;
	NTSTATUS translated;	/* a scattered buffer of 64 KiB behind an IOMMU */
};

static const struct limits_row limits_rows[] = {
	{ "up to 2 GiB", 0, 0x7fffffff, STATUS_SUCCESS },
	{ "up to 16 MiB", 0, 0xffffff, STATUS_SUCCESS },
	{ "no limit", 0, U64_MAX, STATUS_SUCCESS },
	{ "length does not fit", 0, 0xffff, STATUS_INVALID_PARAMETER },
	{ "upside down", 0x20000000, 0x10000000, STATUS_INVALID_PARAMETER },
	{ "above the adapter's reach", 1ULL << 32, U64_MAX, STATUS_INVALID_PARAMETER },
};

static void limits_row_name(const struct limits_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(limits, limits_rows, limits_row_name);

static void limits_hold_for_memory_of_the_driver(struct kunit *test)
{
	const struct limits_row *row = test->param_value;
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeLogicalAddressLimits,
		.LogicalAddressLimits.MinimumAddress.QuadPart = row->first,
		.LogicalAddressLimits.MaximumAddress.QuadPart = row->last,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[MDL_PAGES];
	PHYSICAL_ADDRESS la;
	NTSTATUS status;
	PMDL mdl;
	void *va;

	if (!wdmdma_iommu_translates(fixture->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	if (!may_import(test))
		return;
	va = scattered_memory(test, page);
	mdl = mdl_built(test, va, SZ_64K);
	status = from_mdl(fixture, mdl, &config, &la);
	KUNIT_EXPECT_EQ(test, status, row->translated);
	if (NT_SUCCESS(status)) {
		KUNIT_EXPECT_GE(test, (u64)la.QuadPart, row->first);
		KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_64K - 1, row->last);
		wdmdma_test_free(fixture, SZ_64K, la, va);
	}
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
}

/* Pages and contents are the driver's, whatever happens to the adapter. */
static void unbind_leaves_memory_of_the_driver_alone(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct pci_dev *pdev = edu->pdev;
	struct page *page[MDL_PAGES];
	PHYSICAL_ADDRESS la;
	PMDL mdl;
	u8 *va;

	if (!wdmdma_iommu_translates(fixture->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	if (!may_import(test))
		return;
	va = scattered_memory(test, page);
	memset(va, 0x77, SZ_64K);
	mdl = mdl_built(test, va, SZ_64K);
	KUNIT_ASSERT_EQ(test, from_mdl(fixture, mdl, NULL, &la), STATUS_SUCCESS);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x77, SZ_64K));
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
}

static void import_and_free(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	unsigned int left = current->fail_nth;
	struct page *page[MDL_PAGES];
	PHYSICAL_ADDRESS la;
	PMDL mdl;
	void *va;

	/* Only the call itself is to fail. */
	current->fail_nth = 0;
	va = scattered_memory(test, page);
	mdl = mdl_built(test, va, MDL_PAGES * SZ_4K);
	current->fail_nth = left;
	if (NT_SUCCESS(from_mdl(fixture, mdl, NULL, &la)))
		wdmdma_test_free(fixture, MDL_PAGES * SZ_4K, la, va);
	left = current->fail_nth;
	current->fail_nth = 0;
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
	current->fail_nth = left;
}

static void from_mdl_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	if (!may_import(test))
		return;
	wdmdma_test_sweep_on(test, fixture->dev, import_and_free);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

struct window_row {
	const char *name;
	u64 first, last;
	ULONG length;
	bool must;
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
		if (wdmdma_test_has_room(fixture->dev, row->first, row->last))
			KUNIT_EXPECT_FALSE(test, row->must);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		return;
	}
	KUNIT_EXPECT_GE(test, (u64)la.QuadPart, row->first);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + row->length - 1, row->last);
	edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
	wdmdma_test_free(fixture, row->length, la, va);
}

/* Large pages for the memory, its logical addresses and the CPU. */
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
	edu_expect_round_trip(test, edu, va, la.QuadPart, SZ_4K - 100, SZ_1M - SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_1M, la, va);
}

/* What the facts say is compared with the page tables of CPU and IOMMU. */
static void expect_info(struct kunit *test, void *va, PHYSICAL_ADDRESS la, size_t length,
			size_t size, MEMORY_CACHING_TYPE cache, size_t page_size)
{
	struct wdmdma_fixture *fixture = test->priv;
	phys_addr_t physical = wdmdma_test_physical(va);
	struct wdmdma_buffer_info info;
	bool contiguous = true;
	size_t offset;

	for (offset = SZ_4K; offset < size; offset += SZ_4K)
		contiguous &= wdmdma_test_physical(va + offset) == physical + offset;
	KUNIT_ASSERT_EQ(test, wdmdma_buffer_info_get(fixture->adapter, va + length / 2, &info), 0);
	KUNIT_EXPECT_PTR_EQ(test, info.va, va);
	KUNIT_EXPECT_EQ(test, info.la, (dma_addr_t)la.QuadPart);
	KUNIT_EXPECT_EQ(test, info.length, length);
	KUNIT_EXPECT_EQ(test, info.size, size);
	KUNIT_EXPECT_EQ(test, info.cache, cache);
	KUNIT_EXPECT_EQ(test, info.page_size, page_size);
	KUNIT_EXPECT_EQ(test, info.contiguous, contiguous);
	if (num_online_nodes() == 1)
		KUNIT_EXPECT_EQ(test, info.node, first_online_node);
}

static void info_are_those_of_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	bool can_uncache = wdmdma_test_can_uncache(fixture->dev);
	PHYSICAL_ADDRESS la, la2, la3;
	void *va = buffer_alloc(test, 5000, &la), *va2, *va3;

	va2 = wdmdma_test_alloc_below(fixture, U64_MAX, SZ_64K, &la2, !can_uncache);
	KUNIT_ASSERT_NOT_NULL(test, va2);
	va3 = wdmdma_test_alloc_between(fixture, 0, U64_MAX, SZ_1M,
					DOMAIN_COMMON_BUFFER_LARGE_PAGE, &la3);
	KUNIT_ASSERT_EQ(test, !!va3, dev_is_dma_coherent(fixture->dev));
	KUNIT_EXPECT_EQ(test, wdmdma_adapter_is_translated(fixture->adapter),
			wdmdma_iommu_translates(fixture->dev));
	expect_info(test, va, la, 5000, SZ_8K, wdmdma_test_cache(fixture->dev), PAGE_SIZE);
	expect_info(test, va2, la2, SZ_64K, SZ_64K, can_uncache ? MmNonCached : MmCached,
		    PAGE_SIZE);
	if (va3)
		expect_info(test, va3, la3, SZ_1M, SZ_2M, MmCached, SZ_2M);
	wdmdma_test_free(fixture, 5000, la, va);
	wdmdma_test_free(fixture, SZ_64K, la2, va2);
	if (va3)
		wdmdma_test_free(fixture, SZ_1M, la3, va3);
}

/* Also where the CPU's address is no linear one, and the pages are scattered. */
static void addresses_are_translated_both_ways(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[MDL_PAGES];
	u8 *va = scattered_memory(test, page), *va2;
	PMDL mdl = mdl_built(test, va, MDL_PAGES * SZ_4K);
	PHYSICAL_ADDRESS la, la2;
	dma_addr_t dma;
	size_t left;

	va2 = buffer_alloc(test, SZ_1M, &la2);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(fixture->adapter, va2 + 12345, &dma, &left),
			0);
	KUNIT_EXPECT_EQ(test, dma, (dma_addr_t)la2.QuadPart + 12345);
	KUNIT_EXPECT_EQ(test, left, (size_t)SZ_1M - 12345);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_logical_to_virt(fixture->adapter, dma, NULL),
			    (void *)va2 + 12345);
	wdmdma_test_free(fixture, SZ_1M, la2, va2);
	KUNIT_EXPECT_NULL(test, wdmdma_logical_to_virt(fixture->adapter, dma, NULL));

	if (NT_SUCCESS(from_mdl(fixture, mdl, NULL, &la))) {
		KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(fixture->adapter, va + SZ_64K + 5,
							     &dma, NULL), 0);
		KUNIT_EXPECT_EQ(test, dma, (dma_addr_t)la.QuadPart + SZ_64K + 5);
		KUNIT_EXPECT_PTR_EQ(test, wdmdma_logical_to_virt(fixture->adapter, dma, NULL),
				    (void *)va + SZ_64K + 5);
		expect_info(test, va, la, MDL_PAGES * SZ_4K, MDL_PAGES * SZ_4K, MmCached,
			    PAGE_SIZE);
		wdmdma_test_free(fixture, MDL_PAGES * SZ_4K, la, va);
	}
	IoFreeMdl(mdl);
	scattered_memory_free(va, page);
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
	KUNIT_EXPECT_EQ(test, edu_copy(edu, la[0].QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	KUNIT_EXPECT_EQ(test, edu_copy(edu, EDU_BUFFER, la[1].QuadPart, EDU_MOST,
				       EDU_DMA_TO_MEMORY), 0);
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

/* A node is a preference; in a guest with free memory on each it is what one gets. */
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
	/* The device's own node is what it was. */
	KUNIT_EXPECT_EQ(test, dev_to_node(fixture->dev), edu->node);
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
	KUNIT_CASE_SLOW(scattered_pages_become_one_range),
	KUNIT_CASE_SLOW(contiguous_pages_become_a_buffer),
	KUNIT_CASE_SLOW(read_only_is_enforced_by_the_iommu),
	KUNIT_CASE_SLOW(write_only_lets_the_device_write),
	KUNIT_CASE_SLOW(write_only_is_enforced_by_the_iommu),
	KUNIT_CASE_PARAM(read_locked_pages_are_for_reading, locked_gen_params),
	KUNIT_CASE_PARAM(limits_hold_for_memory_of_the_driver, limits_gen_params),
	KUNIT_CASE(unbind_leaves_memory_of_the_driver_alone),
	KUNIT_CASE(from_mdl_fails_cleanly_at_every_point),
	KUNIT_CASE_PARAM(device_moves_bytes_in_the_window, window_gen_params),
	KUNIT_CASE_SLOW(large_page_is_one_for_the_iommu_too),
	KUNIT_CASE(info_are_those_of_the_memory),
	KUNIT_CASE(addresses_are_translated_both_ways),
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
