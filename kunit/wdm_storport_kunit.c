// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device extension of a miniport and the uncached extension (storport/stor_extension.c).
 * The device has no IOMMU. A backend that notes each request and passes it on to the real
 * backend shows which request a call makes.
 */
#include <kunit/device.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/device.h"
#include "helpers.h"
#include "lib/window.h"
#include "mdl.h"
#include "objects.h"
#include "verifier.h"

static ULONG alloc(PVOID extension, PVOID *va, PHYSICAL_ADDRESS *la)
{
	return StorPortAllocateDmaMemory(extension, SZ_8K, wdmdma_test_pa(0),
					 wdmdma_test_pa(U64_MAX), wdmdma_test_pa(0), MmCached,
					 MM_ANY_NODE_OK, va, la);
}

static void create_gives_zeroed_memory_of_that_size(struct kunit *test)
{
	static const size_t sizes[] = { 1, 100, SZ_4K, 100000, SZ_2M + 1 };
	struct device *dev = wdmdma_test_device(test);
	unsigned int i;
	PVOID extension;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		extension = wdmdma_hw_device_extension_create(dev, sizes[i]);
		KUNIT_ASSERT_NOT_NULL(test, extension);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)extension, 16));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(extension, sizes[i]));
		memset(extension, 0xa5, sizes[i]);
		wdmdma_hw_device_extension_destroy(extension);
	}
}

static void create_gives_another_with_each_call(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PVOID other = wdmdma_hw_device_extension_create(miniport->dev, 100);
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, other, miniport->extension);
	KUNIT_ASSERT_EQ(test, alloc(other, &va, &la), STOR_STATUS_SUCCESS);
	/* Memory of one extension must not be freed by the other. */
	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(miniport->extension, va, SZ_8K, MmCached, la),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(other, va, SZ_8K, MmCached, la),
			STOR_STATUS_SUCCESS);
	wdmdma_hw_device_extension_destroy(other);
}

static void create_refuses_what_is_no_device_or_size(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	u64 mask = miniport->dev->coherent_dma_mask;
	PVOID at_dispatch;

	KUNIT_EXPECT_NULL(test, wdmdma_hw_device_extension_create(NULL, 100));
	KUNIT_EXPECT_NULL(test, wdmdma_hw_device_extension_create(miniport->dev, 0));
	KUNIT_EXPECT_NULL(test, wdmdma_hw_device_extension_create(miniport->dev, SIZE_MAX));
	KUNIT_EXPECT_NULL(test, wdmdma_hw_device_extension_create(miniport->dev, 1UL << 40));
	miniport->dev->coherent_dma_mask = 0;
	KUNIT_EXPECT_NULL(test, wdmdma_hw_device_extension_create(miniport->dev, 100));
	miniport->dev->coherent_dma_mask = mask;
	local_bh_disable();
	at_dispatch = wdmdma_hw_device_extension_create(miniport->dev, 100);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, at_dispatch);
}

static void create_and_destroy(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;

	wdmdma_hw_device_extension_destroy(wdmdma_hw_device_extension_create(miniport->dev, 100));
}

static void create_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, create_and_destroy);
}

/* Allocate an object of every kind that a miniport can hold. */
static void take_everything(struct kunit *test, PVOID extension)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	ACCESS_RANGE ranges[2];
	ULONG count = ARRAY_SIZE(ranges);
	PHYSICAL_ADDRESS la;
	PVOID memory, mdl;

	KUNIT_EXPECT_EQ(test, alloc(extension, &memory, &la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_NOT_NULL(test, StorPortGetUncachedExtension(extension, &config, SZ_8K));
	KUNIT_EXPECT_EQ(test, StorPortAllocatePool(extension, 100, 0, &memory),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortAllocateMdl(extension, memory, 100, &mdl),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test,
			StorPortAllocateHostMemoryBuffer(extension, SZ_64K, SZ_64K, 0, 0,
							 wdmdma_test_pa(0), wdmdma_test_pa(U64_MAX),
							 wdmdma_test_pa(0), ranges, &count),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_NOT_NULL(test, wdmdma_srb_create(extension, 100));
}

/*
 * At the end of the run, kmemleak and the DMA API's checks find objects that
 * were not given back.
 */
static void destroy_gives_back_what_was_left(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PDMA_ADAPTER adapter = wdmdma_test_miniport_adapter(miniport);

	take_everything(test, miniport->extension);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 4UL);
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 0UL);
}

static void destroy_works_at_dispatch(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;

	take_everything(test, miniport->extension);
	local_bh_disable();
	wdmdma_hw_device_extension_destroy(miniport->extension);
	local_bh_enable();
	miniport->extension = NULL;
}

static void destroy_ignores_null_and_foreign_and_a_second_call(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PVOID extension = miniport->extension;
	PHYSICAL_ADDRESS la;
	PVOID va;

	wdmdma_hw_device_extension_destroy(NULL);
	wdmdma_hw_device_extension_destroy(&la);
	wdmdma_hw_device_extension_destroy(extension + 16);
	KUNIT_EXPECT_EQ(test, alloc(extension, &va, &la), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(extension, va, SZ_8K, MmCached, la),
			STOR_STATUS_SUCCESS);
	wdmdma_hw_device_extension_destroy(extension);
	wdmdma_hw_device_extension_destroy(extension);
	miniport->extension = NULL;
}

static struct handle_row {
	const char *name;
	enum { IS_NULL, FOREIGN, INSIDE, GONE } kind;
} handle_rows[] = {
	{ "NULL", IS_NULL },
	{ "a pointer of the driver's own", FOREIGN },
	{ "a pointer into the extension", INSIDE },
	{ "destroyed", GONE },
};

KUNIT_ARRAY_PARAM_DESC(handle, handle_rows, name);

static void expect_allocations_refused(struct kunit *test, PVOID extension)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	PHYSICAL_ADDRESS none = {}, last = wdmdma_test_pa(U64_MAX), la = wdmdma_test_pa(1);
	const ULONG invalid = STOR_STATUS_INVALID_PARAMETER;
	PVOID va = test, contiguous = test, mdl = test, pool = test;
	ACCESS_RANGE range;
	ULONG count = 1, status;

	KUNIT_EXPECT_EQ(test, alloc(extension, &va, &la), invalid);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	status = StorPortAllocateContiguousMemorySpecifyCacheNode(extension, SZ_4K, none, last,
								  none, MmCached, 0, &contiguous);
	KUNIT_EXPECT_EQ(test, status, invalid);
	KUNIT_EXPECT_NULL(test, contiguous);
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &config, SZ_4K));
	KUNIT_EXPECT_EQ(test, StorPortAllocatePool(extension, 100, 0, &pool), invalid);
	KUNIT_EXPECT_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, StorPortAllocateMdl(extension, test, 100, &mdl), invalid);
	KUNIT_EXPECT_NULL(test, mdl);
	status = StorPortAllocateHostMemoryBuffer(extension, 0, SZ_4K, 0, 0, none, last, none,
						  &range, &count);
	KUNIT_EXPECT_EQ(test, status, invalid);
	KUNIT_EXPECT_EQ(test, count, 0U);
	KUNIT_EXPECT_NULL(test, wdmdma_srb_create(extension, 100));
}

static VOID never(PVOID *object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list, PVOID context)
{
	struct kunit *test = context;

	KUNIT_FAIL(test, "a routine was called without a list");
}

static void expect_others_refused(struct kunit *test, PVOID extension)
{
	ACCESS_RANGE range = { .RangeStart.QuadPart = SZ_1M, .RangeLength = SZ_4K };
	PSTOR_SCATTER_GATHER_LIST list = (PVOID)test;
	const ULONG invalid = STOR_STATUS_INVALID_PARAMETER;
	PSCSI_REQUEST_BLOCK srb = (PVOID)test;
	PHYSICAL_ADDRESS la = wdmdma_test_pa(SZ_1M);
	PVOID mdl = test;
	ULONG length = 1;

	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(extension, test, 1, MmCached, la), invalid);
	KUNIT_EXPECT_EQ(test, StorPortFreeContiguousMemorySpecifyCache(extension, test, 1,
								       MmCached), invalid);
	KUNIT_EXPECT_EQ(test, StorPortGetPhysicalAddress(extension, NULL, test, &length).QuadPart,
			0LL);
	KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_NULL(test, StorPortGetVirtualAddress(extension, la));
	KUNIT_EXPECT_EQ(test, StorPortFreePool(extension, test), invalid);
	KUNIT_EXPECT_EQ(test, StorPortFreeMdl(extension, test), invalid);
	KUNIT_EXPECT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, test), invalid);
	KUNIT_EXPECT_EQ(test, StorPortFreeHostMemoryBuffer(extension, &range, 1), invalid);
	KUNIT_EXPECT_NULL(test, StorPortGetScatterGatherList(extension, srb));
	KUNIT_EXPECT_EQ(test, StorPortGetDataInBufferScatterGatherList(extension, srb, &list),
			invalid);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, StorPortGetOriginalMdl(extension, srb, &mdl), invalid);
	KUNIT_EXPECT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, StorPortBuildScatterGatherList(extension, test, test, 1, never, test,
							     TRUE, test, 100), invalid);
	KUNIT_EXPECT_EQ(test, StorPortPutScatterGatherList(extension, (PVOID)test, TRUE), invalid);
	KUNIT_EXPECT_EQ(test, wdmdma_srb_map(extension, srb, (PMDL)test, true),
			STATUS_INVALID_PARAMETER);
	wdmdma_srb_unmap(extension, srb);
	wdmdma_srb_destroy(extension, srb);
}

static void every_call_refuses_what_is_no_extension(struct kunit *test)
{
	const struct handle_row *row = test->param_value;
	struct wdmdma_miniport *miniport = test->priv;
	PVOID extension = NULL;

	if (row->kind == FOREIGN)
		extension = &extension;
	if (row->kind == INSIDE)
		extension = miniport->extension + 16;
	if (row->kind == GONE) {
		extension = miniport->extension;
		wdmdma_hw_device_extension_destroy(extension);
		miniport->extension = NULL;
	}
	expect_allocations_refused(test, extension);
	expect_others_refused(test, extension);
}

/*
 * The Linux half has forgotten to destroy the extension. Buffers must go at unbind, and the
 * extension must stay until it is destroyed.
 */
static void unbind_without_destroy_is_survived(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	PVOID extension = wdmdma_hw_device_extension_create(dev, 100), va;
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	ULONG length, count = 1, status;
	unsigned long reports;
	ACCESS_RANGE range;
	PHYSICAL_ADDRESS la;
	u8 *memory;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, extension);
	verifier_on(test, "all");
	take_everything(test, extension);
	memory = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	mdl = mdl_built(test, memory, SZ_4K);
	KUNIT_EXPECT_EQ(test, wdmdma_srb_map(extension, wdmdma_srb_create(extension, 0), mdl, true),
			STATUS_SUCCESS);
	kunit_device_unregister(test, dev);

	memset(extension, 0xa5, 100);
	KUNIT_EXPECT_EQ(test, alloc(extension, &va, &la), STOR_STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &config, SZ_4K));
	KUNIT_EXPECT_EQ(test, StorPortGetPhysicalAddress(extension, NULL, test, &length).QuadPart,
			0LL);
	KUNIT_EXPECT_NULL(test, wdmdma_srb_create(extension, 100));
	status = StorPortAllocateHostMemoryBuffer(extension, 0, SZ_4K, 0, 0, wdmdma_test_pa(0),
						  wdmdma_test_pa(U64_MAX), wdmdma_test_pa(0),
						  &range, &count);
	KUNIT_EXPECT_EQ(test, status, STOR_STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, count, 0U);
	/* The unbind has reported and freed all memory for the device: that is no double free. */
	reports = verifier_sum();
	KUNIT_EXPECT_NE(test, reports, 0UL);
	wdmdma_hw_device_extension_destroy(extension);
	KUNIT_EXPECT_EQ(test, verifier_sum(), reports);
	IoFreeMdl(mdl);
}

/* The last request to the backend. */
static struct noted {
	const struct wdmdma_backend *real;
	struct wdmdma_window window;
	u64 boundary;
	int node;
} noted;

static int noting_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer)
{
	noted.window = request->window;
	noted.boundary = request->boundary;
	noted.node = request->node;
	return noted.real->alloc(device, request, buffer);
}

static void noting_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	noted.real->free(device, buffer);
}

static const struct wdmdma_backend noting_backend = {
	.name = "noting",
	.alloc = noting_alloc,
	.free = noting_free,
};

static void note_requests(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct wdmdma_device *device = wdmdma_device_open(miniport->dev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	noted = (struct noted){ .real = device->backend };
	device->backend = &noting_backend;
	wdmdma_device_put(device);
}

static const struct config_row {
	const char *name;
	PORT_CONFIGURATION_INFORMATION config;
	u64 last, boundary;
} config_rows[] = {
	{ "32 bits", { .Dma32BitAddresses = TRUE }, U32_MAX, 0 },
	{ "nothing said", {}, U32_MAX, 0 },
	{ "64 bits for data", { .Dma64BitAddresses = SCSI_DMA64_MINIPORT_SUPPORTED }, U32_MAX, 0 },
	{ "64 bits", { .Dma64BitAddresses = SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED },
	  U64_MAX, SZ_4G },
	{ "64 bits, and what the system set",
	  { .Dma64BitAddresses = SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED |
				 SCSI_DMA64_SYSTEM_SUPPORTED }, U64_MAX, SZ_4G },
	{ "64 bits, no boundary",
	  { .Dma64BitAddresses = SCSI_DMA64_MINIPORT_FULL64BIT_NO_BOUNDARY_REQ_SUPPORTED },
	  U64_MAX, 0 },
	{ "one segment of 4 GiB",
	  { .Dma64BitAddresses = SCSI_DMA64_MINIPORT_64BIT_ONE_4GB_SUPPORTED }, U32_MAX, 0 },
	{ "40 bits", { .Dma64BitAddresses = SCSI_DMA64_MINIPORT_FULL64BIT_NO_BOUNDARY_REQ_SUPPORTED,
		       .FeatureSupport = STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED,
		       .DmaAddressWidth = 40 }, (1ULL << 40) - 1, 0 },
	{ "31 bits", { .FeatureSupport = STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED,
		       .DmaAddressWidth = 31 }, 0x7fffffff, 0 },
	{ "a width that does not count", { .DmaAddressWidth = 20 }, U32_MAX, 0 },
};

KUNIT_ARRAY_PARAM_DESC(config, config_rows, name);

/* A miniport of 64 bits must not get a limit of 32 bits. */
static void uncached_extension_lies_where_the_adapter_reaches(struct kunit *test)
{
	const struct config_row *row = test->param_value;
	PORT_CONFIGURATION_INFORMATION config = row->config;
	struct wdmdma_miniport *miniport = test->priv;
	ULONG length = 0;
	u64 la;
	void *va;

	config.Length = sizeof(config);
	config.Master = TRUE;
	note_requests(test);
	va = StorPortGetUncachedExtension(miniport->extension, &config, SZ_16K);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, noted.window.last, row->last);
	KUNIT_EXPECT_EQ(test, noted.boundary, row->boundary);
	la = StorPortGetPhysicalAddress(miniport->extension, NULL, va, &length).QuadPart;
	KUNIT_EXPECT_NE(test, la, 0ULL);
	KUNIT_EXPECT_EQ(test, length, (ULONG)SZ_16K);
	KUNIT_EXPECT_LE(test, la + SZ_16K - 1, row->last);
	KUNIT_EXPECT_PTR_EQ(test,
			    StorPortGetVirtualAddress(miniport->extension, wdmdma_test_pa(la)), va);
}

static void uncached_extension_is_a_common_buffer(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_miniport *miniport = test->priv;
	void *va = StorPortGetUncachedExtension(miniport->extension, &config, 30 * SZ_1K);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(va));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, SZ_32K));
	memset(va, 0xa5, 30 * SZ_1K);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(miniport)),
			1UL);
}

static void uncached_extension_prefers_the_node_if_told(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_miniport *miniport = test->priv;
	PVOID other = wdmdma_hw_device_extension_create(miniport->dev, 100);
	int node = dev_to_node(miniport->dev);

	KUNIT_ASSERT_NOT_NULL(test, other);
	note_requests(test);
	set_dev_node(miniport->dev, 0);
	KUNIT_EXPECT_NOT_NULL(test, StorPortGetUncachedExtension(other, &config, SZ_4K));
	KUNIT_EXPECT_EQ(test, noted.node, NUMA_NO_NODE);
	config.FeatureSupport = STOR_ADAPTER_UNCACHED_EXTENSION_NUMA_NODE_PREFERRED;
	KUNIT_EXPECT_NOT_NULL(test, StorPortGetUncachedExtension(miniport->extension, &config,
								 SZ_4K));
	KUNIT_EXPECT_EQ(test, noted.node, 0);
	set_dev_node(miniport->dev, node);
	wdmdma_hw_device_extension_destroy(other);
}

static void later_calls_give_the_same_block(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_miniport *miniport = test->priv;
	PVOID extension = miniport->extension;
	void *va = StorPortGetUncachedExtension(extension, &config, SZ_8K), *at_dispatch;

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_PTR_EQ(test, StorPortGetUncachedExtension(extension, &config, SZ_8K), va);
	KUNIT_EXPECT_PTR_EQ(test, StorPortGetUncachedExtension(extension, &config, 1), va);
	KUNIT_EXPECT_PTR_EQ(test, StorPortGetUncachedExtension(extension, &config, SZ_1M), va);
	KUNIT_EXPECT_PTR_EQ(test, StorPortGetUncachedExtension(extension, NULL, 0), va);
	local_bh_disable();
	at_dispatch = StorPortGetUncachedExtension(extension, &config, SZ_8K);
	local_bh_enable();
	KUNIT_EXPECT_PTR_EQ(test, at_dispatch, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(miniport)),
			1UL);
}

static void uncached_extension_refuses(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION good = { .Length = sizeof(good), .Master = TRUE };
	PORT_CONFIGURATION_INFORMATION subordinate = {}, narrow = good, wide = good, tiny = good;
	struct wdmdma_miniport *miniport = test->priv;
	PVOID extension = miniport->extension, at_dispatch;

	narrow.FeatureSupport = STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED;
	wide.FeatureSupport = STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED;
	wide.DmaAddressWidth = 65;
	tiny.FeatureSupport = STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED;
	tiny.DmaAddressWidth = 12;
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, NULL, SZ_4K));
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &subordinate, SZ_4K));
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &narrow, SZ_4K));
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &wide, SZ_4K));
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &tiny, SZ_4K));
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &good, 0));
	KUNIT_EXPECT_NULL(test, StorPortGetUncachedExtension(extension, &good, 0xfffff001));
	local_bh_disable();
	at_dispatch = StorPortGetUncachedExtension(extension, &good, SZ_4K);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, at_dispatch);
	/* A refused call must not count as the first call. */
	KUNIT_EXPECT_NOT_NULL(test, StorPortGetUncachedExtension(extension, &good, SZ_4K));
}

/* Create an extension each time, because the uncached extension cannot be freed alone. */
static void get_uncached(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_miniport *miniport = test->priv;
	PVOID extension = wdmdma_hw_device_extension_create(miniport->dev, 100);

	if (!extension)
		return;
	StorPortGetUncachedExtension(extension, &config, SZ_8K);
	wdmdma_hw_device_extension_destroy(extension);
}

static void uncached_extension_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, get_uncached);
}

static struct kunit_case wdm_storport_cases[] = {
	KUNIT_CASE(create_gives_zeroed_memory_of_that_size),
	KUNIT_CASE(create_gives_another_with_each_call),
	KUNIT_CASE(create_refuses_what_is_no_device_or_size),
	KUNIT_CASE(create_fails_cleanly_at_every_point),
	KUNIT_CASE(destroy_gives_back_what_was_left),
	KUNIT_CASE(destroy_works_at_dispatch),
	KUNIT_CASE(destroy_ignores_null_and_foreign_and_a_second_call),
	KUNIT_CASE_PARAM(every_call_refuses_what_is_no_extension, handle_gen_params),
	KUNIT_CASE(unbind_without_destroy_is_survived),
	KUNIT_CASE_PARAM(uncached_extension_lies_where_the_adapter_reaches, config_gen_params),
	KUNIT_CASE(uncached_extension_is_a_common_buffer),
	KUNIT_CASE(uncached_extension_prefers_the_node_if_told),
	KUNIT_CASE(later_calls_give_the_same_block),
	KUNIT_CASE(uncached_extension_refuses),
	KUNIT_CASE(uncached_extension_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_storport_suite = {
	.name = "wdmdma_wdm_storport",
	.init = wdmdma_test_miniport_init,
	.test_cases = wdm_storport_cases,
};

kunit_test_suite(wdm_storport_suite);
