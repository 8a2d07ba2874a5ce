// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/dma_parms.c and the copies of core/transfer.c. A logical address must have the low 12
 * bits of the memory's address, even if the memory is copied. The kernel copies with
 * swiotlb=force, and for a 32-bit device, such as QEMU's edu, if the memory lies above 4
 * GiB.
 */
#include <kunit/device.h>
#include <linux/bottom_half.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "core/adapter.h"
#include "edu.h"
#include "memory.h"

#define PAGES	6

/* The call that maps the memory. */
enum by { BY_LIST, BY_BUILD, BY_MAP, BY_MAP_EX, BY_STORPORT, BY_SRB };

/* The adapter, which determines whether the module copies the memory. */
enum whose { PLAIN, COPYING, LISTLESS };

struct offset_row {
	const char *name;
	enum by by;
	enum whose whose;
	size_t offset;
	ULONG length;
};

static const struct offset_row offset_rows[] = {
	{ "a list of a miniport's 0x4000 bytes", BY_LIST, PLAIN, 0x204, 0x4000 },
	{ "a list from the second half of a page", BY_LIST, PLAIN, 0xa04, 0x4000 },
	{ "a list of the last byte of a page", BY_LIST, PLAIN, 0x1fff, 1 },
	{ "a list of whole pages", BY_LIST, PLAIN, 0x1000, 0x3000 },
	{ "a list of one element", BY_LIST, LISTLESS, 0x204, 0x4000 },
	{ "a list in the driver's buffer", BY_BUILD, PLAIN, 0x204, 0x4000 },
	{ "MapTransfer", BY_MAP, PLAIN, 0x204, 0x4000 },
	{ "MapTransfer of one range", BY_MAP, LISTLESS, 0x204, 0x4000 },
	{ "MapTransferEx", BY_MAP_EX, PLAIN, 0x204, 0x4000 },
	{ "StorPortBuildScatterGatherList", BY_STORPORT, PLAIN, 0x204, 0x4000 },
	{ "a SRB", BY_SRB, PLAIN, 0x204, 0x4000 },
};

KUNIT_ARRAY_PARAM_DESC(offset, offset_rows, name);

/* The module copies the memory, whatever the device. */
static const struct offset_row copied_rows[] = {
	{ "a list copied by us", BY_LIST, COPYING, 0x204, 0x4000 },
	{ "a list copied by us to its last byte", BY_LIST, COPYING, 0xfff, 0x1002 },
	{ "a list in the driver's buffer copied by us", BY_BUILD, COPYING, 0xffc, 0x3008 },
	{ "MapTransfer copied by us", BY_MAP, COPYING, 0x204, 0x4000 },
	{ "MapTransferEx copied by us", BY_MAP_EX, COPYING, 0x204, 0x4000 },
};

KUNIT_ARRAY_PARAM_DESC(copied, copied_rows, name);

static PDMA_ADAPTER adapter_of(struct kunit *test, enum whose whose)
{
	struct wdmdma_fixture *fixture = test->priv;

	switch (whose) {
	case COPYING:
		return wdmdma_test_copying_adapter(test);
	case LISTLESS:
		return wdmdma_test_adapter(test, 64, SZ_64K, FALSE);
	default:
		return fixture->adapter;
	}
}

/*
 * Expect that the elements describe the bytes from @offset on, each at the same offset
 * in a page.
 */
static void expect_places(struct kunit *test, const SCATTER_GATHER_LIST *list, size_t offset,
			  size_t length)
{
	ULONG i;

	for (i = 0; i < list->NumberOfElements; i++) {
		KUNIT_EXPECT_EQ(test, (u64)list->Elements[i].Address.QuadPart % SZ_4K,
				offset % SZ_4K);
		offset += list->Elements[i].Length;
		length -= list->Elements[i].Length;
	}
	KUNIT_EXPECT_EQ(test, length, 0UL);
}

static void by_list(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl, bool build)
{
	u8 buffer[0x10 + 0x18 * PAGES] __aligned(8);
	void *va = MmGetMdlVirtualAddress(mdl);
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	ULONG length = MmGetMdlByteCount(mdl);
	struct wdmdma_caught caught;
	NTSTATUS status;

	wdmdma_test_catch_init(&caught);
	if (build)
		status = ops->BuildScatterGatherList(adapter, NULL, mdl, va, length,
						     wdmdma_test_catch_list, &caught, TRUE,
						     buffer, sizeof(buffer));
	else
		status = ops->GetScatterGatherList(adapter, NULL, mdl, va, length,
						   wdmdma_test_catch_list, &caught, TRUE);
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, 10 * HZ), 0UL);
	expect_places(test, caught.list, offset_in_page(va), length);
	ops->PutScatterGatherList(adapter, caught.list, TRUE);
}

static void by_map(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl)
{
	u8 *va = MmGetMdlVirtualAddress(mdl);
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	ULONG length = MmGetMdlByteCount(mdl), done, part;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PHYSICAL_ADDRESS la;
	PVOID base;

	ops->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test, ops->AllocateAdapterChannelEx(adapter, NULL, context, PAGES,
							    DMA_SYNCHRONOUS_CALLBACK, NULL, NULL,
							    &base),
			STATUS_SUCCESS);
	for (done = 0; done < length; done += part) {
		part = length - done;
		la = ops->MapTransfer(adapter, mdl, base, va + done, &part, TRUE);
		KUNIT_ASSERT_NE(test, part, 0U);
		KUNIT_EXPECT_EQ(test, (u64)la.QuadPart % SZ_4K, offset_in_page(va + done));
	}
	KUNIT_EXPECT_TRUE(test, ops->FlushAdapterBuffers(adapter, mdl, base, va, length, TRUE));
	ops->FreeAdapterObject(adapter, DeallocateObject);
}

static void by_map_ex(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl)
{
	size_t offset = offset_in_page(MmGetMdlVirtualAddress(mdl));
	u8 buffer[0x10 + 0x18 * PAGES] __aligned(8);
	PSCATTER_GATHER_LIST list = (void *)buffer;
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	ULONG length = MmGetMdlByteCount(mdl);
	PVOID base;

	ops->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test, ops->AllocateAdapterChannelEx(adapter, NULL, context, PAGES,
							    DMA_SYNCHRONOUS_CALLBACK, NULL, NULL,
							    &base),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, ops->MapTransferEx(adapter, mdl, base, 0, 0, &length, TRUE, list,
						 sizeof(buffer), NULL, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, length, MmGetMdlByteCount(mdl));
	expect_places(test, list, offset, length);
	KUNIT_EXPECT_EQ(test, ops->FlushAdapterBuffersEx(adapter, mdl, base, 0, length, TRUE),
			STATUS_SUCCESS);
	ops->FreeAdapterObject(adapter, DeallocateObject);
}

static VOID catch_stor_list(PVOID *object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list,
			    PVOID context)
{
	wdmdma_test_catch_list(NULL, NULL, (PSCATTER_GATHER_LIST)list, context);
}

static void by_storport(struct kunit *test, PMDL mdl)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_miniport *miniport = wdmdma_test_miniport_on(test, fixture->dev);
	size_t offset = offset_in_page(MmGetMdlVirtualAddress(mdl));
	u8 buffer[0x10 + 0x18 * PAGES] __aligned(8);
	struct wdmdma_caught caught;
	ULONG status;

	wdmdma_test_catch_init(&caught);
	local_bh_disable();
	status = StorPortBuildScatterGatherList(miniport->extension, mdl,
						MmGetMdlVirtualAddress(mdl),
						MmGetMdlByteCount(mdl), catch_stor_list, &caught,
						TRUE, buffer, sizeof(buffer));
	local_bh_enable();
	KUNIT_ASSERT_EQ(test, status, (ULONG)STOR_STATUS_SUCCESS);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, 10 * HZ), 0UL);
	expect_places(test, caught.list, offset, MmGetMdlByteCount(mdl));
	local_bh_disable();
	status = StorPortPutScatterGatherList(miniport->extension,
					      (PSTOR_SCATTER_GATHER_LIST)caught.list, TRUE);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, (ULONG)STOR_STATUS_SUCCESS);
}

static void by_srb(struct kunit *test, PMDL mdl)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct wdmdma_miniport *miniport = wdmdma_test_miniport_on(test, fixture->dev);
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(miniport->extension, 64);

	KUNIT_ASSERT_NOT_NULL(test, srb);
	KUNIT_ASSERT_EQ(test, wdmdma_srb_map(miniport->extension, srb, mdl, TRUE),
			STATUS_SUCCESS);
	expect_places(test, (PSCATTER_GATHER_LIST)
		      StorPortGetScatterGatherList(miniport->extension, srb),
		      offset_in_page(MmGetMdlVirtualAddress(mdl)), MmGetMdlByteCount(mdl));
	wdmdma_srb_unmap(miniport->extension, srb);
}

static void expect_offsets_are_kept(struct kunit *test, const struct offset_row *row)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, PAGES);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + row->offset, row->length);

	switch (row->by) {
	case BY_LIST:
	case BY_BUILD:
		by_list(test, adapter_of(test, row->whose), mdl, row->by == BY_BUILD);
		break;
	case BY_MAP:
		by_map(test, adapter_of(test, row->whose), mdl);
		break;
	case BY_MAP_EX:
		by_map_ex(test, adapter_of(test, row->whose), mdl);
		break;
	case BY_STORPORT:
		by_storport(test, mdl);
		break;
	case BY_SRB:
		by_srb(test, mdl);
		break;
	}
}

static void transfer_keeps_the_place_in_the_page(struct kunit *test)
{
	expect_offsets_are_kept(test, test->param_value);
}

static void copied_transfer_does_too(struct kunit *test)
{
	expect_offsets_are_kept(test, test->param_value);
}

/* The same with a device of 32 address lines. The kernel copies on a machine with more memory. */
static void transfer_of_a_real_device_does_too(struct kunit *test)
{
	edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	expect_offsets_are_kept(test, test->param_value);
}

/* If the memory is a chain, each piece of the copy must keep its own offset. */
static void copies_of_a_chain_keep_each_place(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + 100, 50);
	struct wdmdma_caught caught;

	mdl->Next = wdmdma_test_mdl(test, memory->va + SZ_4K + 3000, 2000);
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test,
			adapter->DmaOperations->GetScatterGatherList(adapter, NULL, mdl,
					MmGetMdlVirtualAddress(mdl), 2050, wdmdma_test_catch_list,
					&caught, TRUE),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, caught.list->NumberOfElements, 3U);
	KUNIT_EXPECT_EQ(test, (u64)caught.list->Elements[0].Address.QuadPart % SZ_4K, 100ULL);
	KUNIT_EXPECT_EQ(test, (u64)caught.list->Elements[1].Address.QuadPart % SZ_4K, 3000ULL);
	KUNIT_EXPECT_EQ(test, (u64)caught.list->Elements[2].Address.QuadPart % SZ_4K, 0ULL);
	KUNIT_EXPECT_EQ(test, memcmp(wdmdma_test_at(caught.list->Elements[1].Address.QuadPart),
				     memory->va + SZ_4K + 3000, SZ_4K - 3000), 0);
	adapter->DmaOperations->PutScatterGatherList(adapter, caught.list, TRUE);
}

static void device_gets_its_mask_back(struct kunit *test)
{
	struct device_dma_parameters parms = { .min_align_mask = SZ_2K - 1 };
	struct device *dev = wdmdma_test_device(test);
	PDEVICE_OBJECT pdo;

	dev->dma_parms = &parms;
	pdo = wdmdma_device_object_get(dev);
	KUNIT_ASSERT_NOT_NULL(test, pdo);
	KUNIT_EXPECT_EQ(test, dma_get_min_align_mask(dev), (unsigned int)SZ_4K - 1);
	wdmdma_device_object_put(pdo);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, parms.min_align_mask, (unsigned int)SZ_2K - 1);
}

static void wider_mask_of_the_glue_stays(struct kunit *test)
{
	struct device_dma_parameters parms = { .min_align_mask = SZ_8K - 1 };
	struct device *dev = wdmdma_test_device(test);
	PDEVICE_OBJECT pdo;

	dev->dma_parms = &parms;
	pdo = wdmdma_device_object_get(dev);
	KUNIT_ASSERT_NOT_NULL(test, pdo);
	KUNIT_EXPECT_EQ(test, dma_get_min_align_mask(dev), (unsigned int)SZ_8K - 1);
	wdmdma_device_object_put(pdo);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, parms.min_align_mask, (unsigned int)SZ_8K - 1);
}

static void device_without_parameters_has_a_mask(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	PDEVICE_OBJECT pdo;

	dev->dma_parms = NULL;
	pdo = wdmdma_device_object_get(dev);
	KUNIT_ASSERT_NOT_NULL(test, pdo);
	KUNIT_EXPECT_EQ(test, dma_get_min_align_mask(dev), (unsigned int)SZ_4K - 1);
	KUNIT_EXPECT_EQ(test, dma_get_max_seg_size(dev), (unsigned int)SZ_64K);
	get_device(dev);
	wdmdma_device_object_put(pdo);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_NULL(test, dev->dma_parms);
	put_device(dev);
}

/*
 * The kernel copies at most 252 KiB in one piece, so a longer copy by the module must
 * lie within the device's 32 address lines. The kernel would have to copy a copy beyond
 * these again, and would fail.
 */
static void long_copy_is_within_reach_itself(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 80);
	PSCATTER_GATHER_LIST list;
	PDMA_ADAPTER adapter;
	PMDL mdl;

	edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	if (wdmdma_test_copies_all(((struct wdmdma_fixture *)test->priv)->dev))
		kunit_skip(test, "the kernel copies everything, and not that much");
	adapter = wdmdma_test_adapter(test, 64, SZ_1M, FALSE);
	mdl = wdmdma_test_mdl(test, memory->va + 0xabd, 0x48000);
	list = wdmdma_test_list(test, adapter, mdl, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, list->NumberOfElements, 1U);
	KUNIT_EXPECT_EQ(test, offset_in_page(list->Elements[0].Address.QuadPart), 0xabdUL);
	KUNIT_EXPECT_LE(test, (u64)list->Elements[0].Address.QuadPart + 0x48000 - 1,
			(u64)U32_MAX);
	adapter->DmaOperations->PutScatterGatherList(adapter, list, TRUE);
}

static struct kunit_case offset_cases[] = {
	KUNIT_CASE_PARAM(transfer_keeps_the_place_in_the_page, offset_gen_params),
	KUNIT_CASE_PARAM(copied_transfer_does_too, copied_gen_params),
	KUNIT_CASE_PARAM(transfer_of_a_real_device_does_too, offset_gen_params),
	KUNIT_CASE(copies_of_a_chain_keep_each_place),
	KUNIT_CASE(long_copy_is_within_reach_itself),
	KUNIT_CASE(device_gets_its_mask_back),
	KUNIT_CASE(wider_mask_of_the_glue_stays),
	KUNIT_CASE(device_without_parameters_has_a_mask),
	{}
};

static struct kunit_suite offset_suite = {
	.name = "wdmdma_offset",
	.init = wdmdma_test_fixture_init,
	.test_cases = offset_cases,
};

kunit_test_suite(offset_suite);
