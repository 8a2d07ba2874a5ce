// SPDX-License-Identifier: GPL-2.0-only
/* Buffers of CreateCommonBufferFromMdl with QEMU's edu device, with an IOMMU or without one. */
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "edu.h"
#include "helpers.h"
#include "live.h"
#include "mdl.h"

/*
 * Return true if the device can use the driver's own memory. Skip the case if the device
 * is not cache coherent.
 */
static bool may_import(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	if (!dev_is_dma_coherent(fixture->dev)) {
		kunit_skip(test, "the device is not cache coherent");
		return false;
	}
	return true;
}

/* Return the status that the call must have for scattered memory. */
static NTSTATUS scattered_status(struct device *dev)
{
	if (!dev_is_dma_coherent(dev))
		return STATUS_NOT_SUPPORTED;
	return wdmdma_iommu_translates(dev) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static void scattered_pages_become_one_range(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[LIVE_PAGES];
	u8 *va = live_scattered_memory(test, page);
	PMDL mdl = mdl_built(test, va, LIVE_PAGES * SZ_4K);
	PHYSICAL_ADDRESS la;
	NTSTATUS status = live_create_from_mdl(fixture, mdl, NULL, &la);

	KUNIT_EXPECT_EQ(test, status, scattered_status(fixture->dev));
	if (NT_SUCCESS(status)) {
		/* Across a page border, and from the first page to the last. */
		edu_expect_round_trip(test, live_edu, va, la.QuadPart, SZ_4K - 100,
				      40 * SZ_4K - 2000, EDU_MOST);
		edu_expect_round_trip(test, live_edu, va, la.QuadPart, 0,
				      LIVE_PAGES * SZ_4K - EDU_MOST, EDU_MOST);
		wdmdma_test_free(fixture, LIVE_PAGES * SZ_4K, la, va);
	} else {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
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
	status = live_create_from_mdl(fixture, mdl, NULL, &la);
	if (!dev_is_dma_coherent(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	if (!wdmdma_iommu_translates(fixture->dev))
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)wdmdma_test_physical(va));
	edu_expect_round_trip(test, live_edu, va, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
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
	struct page *page[LIVE_PAGES];
	u8 *va = live_scattered_memory(test, page);
	PMDL mdl = mdl_built(test, va, SZ_8K);
	PHYSICAL_ADDRESS la;
	NTSTATUS status;

	memset(va, 0xa5, SZ_8K);
	status = live_create_from_mdl(fixture, mdl, &config, &la);
	if (!wdmdma_iommu_translates(fixture->dev) || !dev_is_dma_coherent(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	/* QEMU reports the fault only if the device has not read the page before. */
	edu_expect_iommu_faults(true);
	edu_copy(live_edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY);
	edu_expect_iommu_faults(false);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, SZ_8K));
	KUNIT_EXPECT_EQ(test, edu_copy(live_edu, la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	wdmdma_test_free(fixture, SZ_8K, la, va);
free:
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
}

static void write_only_lets_the_device_write(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessWriteOnly,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[LIVE_PAGES];
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
	source = live_buffer_alloc(test, SZ_4K, &source_la);
	memset(source, 0x3c, SZ_4K);
	va = live_scattered_memory(test, page);
	mdl = mdl_built(test, va, SZ_8K);
	KUNIT_ASSERT_EQ(test, live_create_from_mdl(fixture, mdl, &config, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, edu_copy(live_edu, source_la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	KUNIT_EXPECT_EQ(test,
			edu_copy(live_edu, EDU_BUFFER, la.QuadPart + 100, EDU_MOST,
				 EDU_DMA_TO_MEMORY),
			0);
	KUNIT_EXPECT_NULL(test, memchr_inv(va + 100, 0x3c, EDU_MOST));
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0, 100));
	wdmdma_test_free(fixture, SZ_8K, la, va);
	wdmdma_test_free(fixture, SZ_4K, source_la, source);
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
}

/*
 * Make the device read a page into its own memory and write that memory to another page.
 * The bytes must not arrive.
 */
static void expect_device_cannot_read(struct kunit *test, const u8 *va, u64 la, u8 *result,
				      u64 result_la)
{
	memset(result, 0x3c, SZ_4K);
	KUNIT_ASSERT_EQ(test, edu_copy(live_edu, result_la, EDU_BUFFER, EDU_MOST, 0), 0);
	/* QEMU reports the fault only if the device has not written to the page before. */
	edu_expect_iommu_faults(true);
	edu_copy(live_edu, la, EDU_BUFFER, EDU_MOST, 0);
	edu_expect_iommu_faults(false);
	KUNIT_ASSERT_EQ(test,
			edu_copy(live_edu, EDU_BUFFER, result_la, EDU_MOST, EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_NULL(test, memchr(result, *va, EDU_MOST));
}

static void write_only_is_enforced_by_the_iommu(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessWriteOnly,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[LIVE_PAGES];
	u8 *va = live_scattered_memory(test, page), *result;
	PMDL mdl = mdl_built(test, va, SZ_8K);
	PHYSICAL_ADDRESS la, result_la;
	NTSTATUS status;

	memset(va, 0xa5, SZ_8K);
	status = live_create_from_mdl(fixture, mdl, &config, &la);
	if (!wdmdma_iommu_translates(fixture->dev) || !dev_is_dma_coherent(fixture->dev) ||
	    !wdmdma_test_iommu_forbids_reading(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	result = live_buffer_alloc(test, SZ_4K, &result_la);
	expect_device_cannot_read(test, va, la.QuadPart, result, result_la.QuadPart);
	KUNIT_EXPECT_EQ(test,
			edu_copy(live_edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY),
			0);
	KUNIT_EXPECT_EQ(test, memcmp(va, result, EDU_MOST), 0);
	wdmdma_test_free(fixture, SZ_8K, la, va);
	wdmdma_test_free(fixture, SZ_4K, result_la, result);
free:
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
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

/* Pages that were locked only for reading must be refused unless the device cannot write them. */
static void read_locked_pages_are_for_reading(struct kunit *test)
{
	const struct locked_row *row = test->param_value;
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = row->access,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct page *page[LIVE_PAGES];
	u8 *va = live_scattered_memory(test, page), *result;
	PMDL mdl = IoAllocateMdl(va, SZ_8K, FALSE, FALSE, NULL);
	PHYSICAL_ADDRESS la = { .QuadPart = 1 }, result_la;
	NTSTATUS status;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	memset(va, 0xa5, SZ_8K);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, KernelMode, IoReadAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	status = live_create_from_mdl(fixture, mdl, &config, &la);
	KUNIT_EXPECT_EQ(test, status, locked_status(row, fixture->dev));
	if (NT_SUCCESS(status)) {
		result = live_buffer_alloc(test, SZ_4K, &result_la);
		KUNIT_EXPECT_EQ(test,
				edu_copy(live_edu, la.QuadPart + 100, EDU_BUFFER, EDU_MOST, 0), 0);
		KUNIT_EXPECT_EQ(test,
				edu_copy(live_edu, EDU_BUFFER, result_la.QuadPart, EDU_MOST,
					 EDU_DMA_TO_MEMORY),
				0);
		KUNIT_EXPECT_NULL(test, memchr_inv(result, 0xa5, EDU_MOST));
		wdmdma_test_free(fixture, SZ_4K, result_la, result);
		wdmdma_test_free(fixture, SZ_8K, la, mdl->MappedSystemVa);
	} else {
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
	MmUnlockPages(mdl);
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
}

struct limits_row {
	const char *name;
	u64 first, last;
	NTSTATUS translated;	/* scattered buffer of 64 KiB behind an IOMMU */
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
	struct page *page[LIVE_PAGES];
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
	va = live_scattered_memory(test, page);
	mdl = mdl_built(test, va, SZ_64K);
	status = live_create_from_mdl(fixture, mdl, &config, &la);
	KUNIT_EXPECT_EQ(test, status, row->translated);
	if (NT_SUCCESS(status)) {
		KUNIT_EXPECT_GE(test, (u64)la.QuadPart, row->first);
		KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_64K - 1, row->last);
		wdmdma_test_free(fixture, SZ_64K, la, va);
	}
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
}

/* An unbind must leave the pages and their contents to the driver. */
static void unbind_leaves_memory_of_the_driver_alone(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct pci_dev *pdev = live_edu->pdev;
	struct page *page[LIVE_PAGES];
	PHYSICAL_ADDRESS la;
	PMDL mdl;
	u8 *va;

	if (!wdmdma_iommu_translates(fixture->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	if (!may_import(test))
		return;
	va = live_scattered_memory(test, page);
	memset(va, 0x77, SZ_64K);
	mdl = mdl_built(test, va, SZ_64K);
	KUNIT_ASSERT_EQ(test, live_create_from_mdl(fixture, mdl, NULL, &la), STATUS_SUCCESS);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x77, SZ_64K));
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
}

static void import_and_free(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	unsigned int left = current->fail_nth;
	struct page *page[LIVE_PAGES];
	PHYSICAL_ADDRESS la;
	PMDL mdl;
	void *va;

	/* Only the call itself may fail. */
	current->fail_nth = 0;
	va = live_scattered_memory(test, page);
	mdl = mdl_built(test, va, LIVE_PAGES * SZ_4K);
	current->fail_nth = left;
	if (NT_SUCCESS(live_create_from_mdl(fixture, mdl, NULL, &la)))
		wdmdma_test_free(fixture, LIVE_PAGES * SZ_4K, la, va);
	left = current->fail_nth;
	current->fail_nth = 0;
	IoFreeMdl(mdl);
	live_scattered_memory_free(va, page);
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

static struct kunit_case live_from_mdl_cases[] = {
	KUNIT_CASE_SLOW(scattered_pages_become_one_range),
	KUNIT_CASE_SLOW(contiguous_pages_become_a_buffer),
	KUNIT_CASE_SLOW(read_only_is_enforced_by_the_iommu),
	KUNIT_CASE_SLOW(write_only_lets_the_device_write),
	KUNIT_CASE_SLOW(write_only_is_enforced_by_the_iommu),
	KUNIT_CASE_PARAM(read_locked_pages_are_for_reading, locked_gen_params),
	KUNIT_CASE_PARAM(limits_hold_for_memory_of_the_driver, limits_gen_params),
	KUNIT_CASE(unbind_leaves_memory_of_the_driver_alone),
	KUNIT_CASE(from_mdl_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite live_from_mdl_suite = {
	.name = "wdmdma_live_from_mdl",
	.init = live_init,
	.test_cases = live_from_mdl_cases,
};

kunit_test_suite(live_from_mdl_suite);
