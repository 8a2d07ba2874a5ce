// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses of a miniport's memory, and SRBs without data (storport/stor_address.c,
 * storport/stor_srb.c).
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/recycle.h"
#include "helpers.h"
#include "log.h"

static u8 *alloc(struct kunit *test, SIZE_T bytes, PHYSICAL_ADDRESS *la)
{
	PVOID va = NULL;

	KUNIT_ASSERT_EQ(test,
			StorPortAllocateDmaMemory(wdmdma_test_extension(test), bytes,
						  wdmdma_test_pa(0), wdmdma_test_pa(U64_MAX),
						  wdmdma_test_pa(0), MmCached, MM_ANY_NODE_OK, &va,
						  la),
			STOR_STATUS_SUCCESS);
	return va;
}

static u64 to_device(struct kunit *test, PSCSI_REQUEST_BLOCK srb, PVOID va, ULONG *length)
{
	*length = 0x5a5a5a5a;
	return StorPortGetPhysicalAddress(wdmdma_test_extension(test), srb, va, length).QuadPart;
}

static PVOID to_cpu(struct kunit *test, u64 la)
{
	return StorPortGetVirtualAddress(wdmdma_test_extension(test), wdmdma_test_pa(la));
}

static void every_byte_has_its_address_and_the_true_rest(struct kunit *test)
{
	static const size_t offsets[] = { 0, 1, SZ_4K - 1, SZ_4K, SZ_64K + 7, SZ_64K + 899 };
	const SIZE_T bytes = SZ_64K + 900;
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, bytes, &la);
	unsigned int i;
	ULONG left;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		KUNIT_EXPECT_EQ(test, to_device(test, NULL, va + offsets[i], &left),
				(u64)la.QuadPart + offsets[i]);
		KUNIT_EXPECT_EQ(test, left, (ULONG)(bytes - offsets[i]));
		KUNIT_EXPECT_PTR_EQ(test, to_cpu(test, la.QuadPart + offsets[i]), va + offsets[i]);
	}
}

static void address_of_no_memory_is_0(struct kunit *test)
{
	struct wdmdma_miniport *other = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, SZ_4K, &la);
	ULONG left;

	KUNIT_EXPECT_EQ(test, to_device(test, NULL, NULL, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, left, 0U);
	KUNIT_EXPECT_EQ(test, to_device(test, NULL, &left, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, to_device(test, NULL, va + SZ_4K, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, left, 0U);
	KUNIT_EXPECT_EQ(test,
			StorPortGetPhysicalAddress(wdmdma_test_extension(test), NULL, va,
						   NULL).QuadPart,
			0LL);
	/* Memory of another miniport must not be found. */
	left = 1;
	KUNIT_EXPECT_EQ(test, StorPortGetPhysicalAddress(other->extension, NULL, va,
							 &left).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, left, 0U);
	KUNIT_EXPECT_NULL(test, to_cpu(test, 0));
	KUNIT_EXPECT_NULL(test, to_cpu(test, U64_MAX));
	KUNIT_EXPECT_NULL(test, to_cpu(test, la.QuadPart + SZ_4K));
	KUNIT_EXPECT_NULL(test, StorPortGetVirtualAddress(other->extension, la));
	/* Freed memory must not be found. */
	KUNIT_EXPECT_EQ(test,
			StorPortFreeDmaMemory(wdmdma_test_extension(test), va, SZ_4K, MmCached, la),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, to_device(test, NULL, va, &left), 0ULL);
	KUNIT_EXPECT_NULL(test, to_cpu(test, la.QuadPart));
}

/* Expect one line with @text that shows the pointer @va as every message shows pointers. */
static void expect_hashed(struct kunit *test, struct kmsg_dump_iter log, const char *text,
			  const void *va)
{
	char hashed[32];

	snprintf(hashed, sizeof(hashed), "%p", va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, text, hashed), 1U);
}

/* A pointer in place of a physical address must not be shown. */
static void address_of_the_kernel_is_not_shown(struct kunit *test)
{
	PVOID extension = wdmdma_test_extension(test);
	ACCESS_RANGE range = { .RangeLength = SZ_4K };
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, SZ_4K, &la);

	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_NULL(test, to_cpu(test, (uintptr_t)va));
	expect_hashed(test, log, "StorPortGetVirtualAddress: PhysicalAddress", va);
	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(extension, va, SZ_4K, MmCached,
						    wdmdma_test_pa((uintptr_t)test)),
			STOR_STATUS_INVALID_PARAMETER);
	expect_hashed(test, log, "StorPortFreeDmaMemory: VA", test);
	range.RangeStart = wdmdma_test_pa((uintptr_t)va);
	KUNIT_EXPECT_EQ(test, StorPortFreeHostMemoryBuffer(extension, &range, 1),
			STOR_STATUS_UNSUCCESSFUL);
	expect_hashed(test, log, "StorPortFreeHostMemoryBuffer: range 0", va);
	/* Other wrong addresses are shown as they are. */
	KUNIT_EXPECT_NULL(test, to_cpu(test, 0x123456789ULL));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "PhysicalAddress 0x123456789 is", ""), 1U);
}

static void addresses_are_told_at_any_level(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, SZ_8K, &la), *back;
	unsigned long flags;
	ULONG left;
	u64 found;

	local_irq_save(flags);
	found = to_device(test, NULL, va + SZ_4K, &left);
	back = to_cpu(test, found);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, found, (u64)la.QuadPart + SZ_4K);
	KUNIT_EXPECT_EQ(test, left, (ULONG)SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, back, va + SZ_4K);
}

static void srb_has_memory_that_the_device_can_use(struct kunit *test)
{
	static const size_t sizes[] = { 0, 1, 100, SZ_4K, SZ_64K + 1 };
	PSCSI_REQUEST_BLOCK srb;
	unsigned int i;
	ULONG left;
	u64 la;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		srb = wdmdma_srb_create(wdmdma_test_extension(test), sizes[i]);
		KUNIT_ASSERT_NOT_NULL(test, srb);
		KUNIT_EXPECT_EQ(test, srb->Length, (USHORT)sizeof(*srb));
		KUNIT_EXPECT_EQ(test, srb->SenseInfoBufferLength, 252);
		KUNIT_EXPECT_NULL(test, srb->DataBuffer);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(srb->SenseInfoBuffer, 252));
		la = to_device(test, srb, srb->SenseInfoBuffer + 5, &left);
		KUNIT_EXPECT_NE(test, la, 0ULL);
		KUNIT_EXPECT_EQ(test, left, 247U);
		KUNIT_EXPECT_EQ(test, !!srb->SrbExtension, !!sizes[i]);
		if (sizes[i]) {
			KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(srb->SrbExtension, sizes[i]));
			memset(srb->SrbExtension, 0xa5, sizes[i]);
			la = to_device(test, srb, srb->SrbExtension + sizes[i] - 1, &left);
			KUNIT_EXPECT_NE(test, la, 0ULL);
			KUNIT_EXPECT_PTR_EQ(test, to_cpu(test, la),
					    srb->SrbExtension + sizes[i] - 1);
		}
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(srb->SenseInfoBuffer, 252));
		wdmdma_srb_destroy(wdmdma_test_extension(test), srb);
	}
}

/* A miniport relies on zeroes, even if the administrator has recycled buffers not zeroed. */
static void srb_memory_is_zeroed_in_any_case(struct kunit *test)
{
	struct wdmdma_miniport *miniport;
	PSCSI_REQUEST_BLOCK srb;
	unsigned int n;

	wdmdma_recycle_set_zero("none");
	miniport = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	wdmdma_recycle_set_zero("cached");
	for (n = 0; n < 2; n++) {
		srb = wdmdma_srb_create(miniport->extension, 100);
		KUNIT_ASSERT_NOT_NULL(test, srb);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(srb->SrbExtension, 100));
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(srb->SenseInfoBuffer, 252));
		memset(srb->SrbExtension, 0xa5, 100);
		memset(srb->SenseInfoBuffer, 0xa5, 252);
		wdmdma_srb_destroy(miniport->extension, srb);
	}
}

static void srb_calls_refuse(struct kunit *test)
{
	struct wdmdma_miniport *other = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(wdmdma_test_extension(test), 100), at_dispatch;
	PSTOR_SCATTER_GATHER_LIST list = (PVOID)test;
	SCSI_REQUEST_BLOCK own = {};
	PVOID mdl = test;
	PMDL some = IoAllocateMdl(test, 100, FALSE, FALSE, NULL);
	ULONG left;

	KUNIT_ASSERT_TRUE(test, srb && some);
	KUNIT_EXPECT_NULL(test, wdmdma_srb_create(NULL, 100));
	KUNIT_EXPECT_NULL(test, wdmdma_srb_create(wdmdma_test_extension(test), SZ_1M + 1));
	KUNIT_EXPECT_NULL(test, wdmdma_srb_create(wdmdma_test_extension(test), SIZE_MAX));
	local_bh_disable();
	at_dispatch = wdmdma_srb_create(wdmdma_test_extension(test), 100);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, at_dispatch);

	/* SRBs of another miniport, and pointers that are no SRB, must be refused. */
	KUNIT_EXPECT_NULL(test, StorPortGetScatterGatherList(wdmdma_test_extension(test), NULL));
	KUNIT_EXPECT_NULL(test, StorPortGetScatterGatherList(wdmdma_test_extension(test), &own));
	KUNIT_EXPECT_NULL(test, StorPortGetScatterGatherList(other->extension, srb));
	KUNIT_EXPECT_EQ(test, to_device(test, &own, srb->SrbExtension, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, left, 0U);
	KUNIT_EXPECT_EQ(test,
			StorPortGetDataInBufferScatterGatherList(wdmdma_test_extension(test), &own,
								 &list),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test,
			StorPortGetDataInBufferScatterGatherList(wdmdma_test_extension(test), srb,
								 NULL),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, StorPortGetOriginalMdl(wdmdma_test_extension(test), &own, &mdl),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, StorPortGetOriginalMdl(wdmdma_test_extension(test), srb, NULL),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_srb_map(wdmdma_test_extension(test), &own, some, true),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_srb_map(wdmdma_test_extension(test), srb, NULL, true),
			STATUS_INVALID_PARAMETER);
	some->Next = some;
	KUNIT_EXPECT_EQ(test, wdmdma_srb_map(wdmdma_test_extension(test), srb, some, true),
			STATUS_INVALID_PARAMETER);
	some->Next = NULL;
	wdmdma_srb_unmap(wdmdma_test_extension(test), &own);
	wdmdma_srb_unmap(wdmdma_test_extension(test), srb);
	wdmdma_srb_destroy(wdmdma_test_extension(test), &own);
	wdmdma_srb_destroy(wdmdma_test_extension(test), NULL);
	wdmdma_srb_destroy(other->extension, srb);

	wdmdma_srb_destroy(wdmdma_test_extension(test), srb);
	wdmdma_srb_destroy(wdmdma_test_extension(test), srb);
	IoFreeMdl(some);
}

static void srb_without_data_has_no_list(struct kunit *test)
{
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(wdmdma_test_extension(test), 0);
	PSTOR_SCATTER_GATHER_LIST list = (PVOID)test;
	PVOID mdl = test;

	KUNIT_ASSERT_NOT_NULL(test, srb);
	KUNIT_EXPECT_NULL(test, StorPortGetScatterGatherList(wdmdma_test_extension(test), srb));
	KUNIT_EXPECT_EQ(test,
			StorPortGetDataInBufferScatterGatherList(wdmdma_test_extension(test), srb,
								 &list),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, StorPortGetOriginalMdl(wdmdma_test_extension(test), srb, &mdl),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_NULL(test, mdl);
}

static void create_and_destroy(struct kunit *test)
{
	wdmdma_srb_destroy(wdmdma_test_extension(test),
			   wdmdma_srb_create(wdmdma_test_extension(test), 100));
}

static void srb_create_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, create_and_destroy);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(test->priv)),
			0UL);
}

static struct kunit_case wdm_storport_address_cases[] = {
	KUNIT_CASE(every_byte_has_its_address_and_the_true_rest),
	KUNIT_CASE(address_of_no_memory_is_0),
	KUNIT_CASE(address_of_the_kernel_is_not_shown),
	KUNIT_CASE(addresses_are_told_at_any_level),
	KUNIT_CASE(srb_has_memory_that_the_device_can_use),
	KUNIT_CASE(srb_memory_is_zeroed_in_any_case),
	KUNIT_CASE(srb_calls_refuse),
	KUNIT_CASE(srb_without_data_has_no_list),
	KUNIT_CASE(srb_create_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_storport_address_suite = {
	.name = "wdmdma_wdm_storport_address",
	.init = wdmdma_test_miniport_init,
	.test_cases = wdm_storport_address_cases,
};

kunit_test_suite(wdm_storport_address_suite);
