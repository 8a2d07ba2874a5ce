// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of calls in older drivers, which must do the same as the slots of the
 * table (wdm/wdm_legacy.c).
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "core/adapter.h"
#include "core/channel.h"
#include "memory.h"

static IO_ALLOCATION_ACTION keep_all(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
	*(PVOID *)context = base;
	return KeepObject;
}

/*
 * A transfer with the calls in their classic order. The caches must be right without
 * KeFlushIoBuffers, which must change nothing.
 */
static void names_of_transfers_call_their_slots(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	PHYSICAL_ADDRESS la;
	ULONG length = SZ_4K;
	PVOID base = NULL;

	KUNIT_ASSERT_EQ(test, IoAllocateAdapterChannel(adapter, f->pdo, 1,
						       wdmdma_test_keep_registers, &base),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, base);
	la = IoMapTransfer(adapter, mdl, base, memory->va, &length, FALSE);
	KUNIT_ASSERT_EQ(test, length, (ULONG)SZ_4K);
	memset(wdmdma_test_at(la.QuadPart), 0x44, SZ_4K);
	KUNIT_EXPECT_TRUE(test, IoFlushAdapterBuffers(adapter, mdl, base, memory->va, SZ_4K,
						      FALSE));
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va, 0x44, SZ_4K));
	KeFlushIoBuffers(mdl, TRUE, TRUE);
	KeFlushIoBuffers(NULL, FALSE, TRUE);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va, 0x44, SZ_4K));
	IoFreeMapRegisters(adapter, base, 1);

	base = NULL;
	IoAllocateAdapterChannel(f->adapter, f->pdo, 1, keep_all, &base);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_has_registers(f->adapter));
	IoFreeAdapterChannel(f->adapter);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(f->adapter));
	KUNIT_EXPECT_EQ(test, HalReadDmaCounter(f->adapter), 0U);
	KUNIT_EXPECT_EQ(test, HalGetDmaAlignment(f->adapter),
			f->ops->GetDmaAlignment(f->adapter));
}

static void names_of_common_buffers_call_their_slots(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	PVOID va = HalAllocateCommonBuffer(f->adapter, SZ_8K, &la, FALSE);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 1UL);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, (u64)wdmdma_test_physical(va));
	HalFreeCommonBuffer(f->adapter, SZ_8K, la, va, FALSE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
}

static struct kunit_case wdm_legacy_cases[] = {
	KUNIT_CASE(names_of_transfers_call_their_slots),
	KUNIT_CASE(names_of_common_buffers_call_their_slots),
	{}
};

static struct kunit_suite wdm_legacy_suite = {
	.name = "wdmdma_wdm_legacy",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_legacy_cases,
};

kunit_test_suite(wdm_legacy_suite);
