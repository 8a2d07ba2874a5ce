// SPDX-License-Identifier: GPL-2.0-only
/* Common buffers of enablers (wdf/common_buffer.c). */
#include <linux/delay.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "debug/debugfs.h"
#include "edu.h"
#include "wdf.h"

/* Make a buffer with the alignment of the enabler, or of a configuration. */
static WDFCOMMONBUFFER make_buffer(struct kunit *test, WDFDMAENABLER enabler, size_t length,
				   const ULONG *mask)
{
	WDF_COMMON_BUFFER_CONFIG config;
	WDFCOMMONBUFFER buffer;
	NTSTATUS status;

	if (mask) {
		WDF_COMMON_BUFFER_CONFIG_INIT(&config, *mask);
		status = WdfCommonBufferCreateWithConfig(enabler, length, &config, NULL, &buffer);
	} else {
		status = WdfCommonBufferCreate(enabler, length, NULL, &buffer);
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	return buffer;
}

static u64 la_of(WDFCOMMONBUFFER buffer)
{
	return WdfCommonBufferGetAlignedLogicalAddress(buffer).QuadPart;
}

static void addresses_are_aligned_as_asked(struct kunit *test)
{
	static const ULONG masks[] = { 0, 15, 128, 0xfff, 0x1fff, 0xffff };
	struct wdf_fixture *f = test->priv;
	WDFCOMMONBUFFER buffer;
	WDFDMAENABLER enabler;
	unsigned int i;
	void *va;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		WdfDeviceSetAlignmentRequirement(f->device, masks[i]);
		KUNIT_EXPECT_EQ(test, WdfDeviceGetAlignmentRequirement(f->device), masks[i]);
		/* A packet profile has the same alignment as others. */
		enabler = wdf_test_enabler(test, i & 1 ? WdfDmaProfilePacket64 :
						 WdfDmaProfileScatterGather64, SZ_64K, 0);
		/* A later change does not reach an enabler. */
		WdfDeviceSetAlignmentRequirement(f->device, 0);
		buffer = make_buffer(test, enabler, 5000, NULL);
		va = WdfCommonBufferGetAlignedVirtualAddress(buffer);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, la_of(buffer) & masks[i], 0ULL);
		KUNIT_EXPECT_EQ(test, la_of(buffer) & 0xfff, 0ULL);
		KUNIT_EXPECT_EQ(test, WdfCommonBufferGetLength(buffer), 5000UL);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, 5000));
		/* Virtual and logical address are moved by the same distance. */
		KUNIT_EXPECT_EQ(test, wdmdma_test_physical(va), la_of(buffer));
		memset(va, 0xa5, 5000);
		WdfObjectDelete(buffer);
	}
}

static void configured_alignment_replaces_the_enablers(struct kunit *test)
{
	static const ULONG big = 0xffff, small = 15;
	struct wdf_fixture *f = test->priv;
	WDFDMAENABLER enabler;
	PDMA_ADAPTER adapter;

	enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	KUNIT_EXPECT_EQ(test, la_of(make_buffer(test, enabler, SZ_4K, &big)) & big, 0ULL);
	WdfDeviceSetAlignmentRequirement(f->device, 0xffffff);
	enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	/* 16 MiB are not allocated for a smaller alignment. */
	make_buffer(test, enabler, SZ_4K, &small);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 1UL);
}

static void wrong_lengths_are_refused(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDF_COMMON_BUFFER_CONFIG config;
	WDFCOMMONBUFFER buffer = (void *)1;

	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreate(enabler, 0, NULL, &buffer),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, buffer);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreate(enabler, 1ULL << 32, NULL, &buffer),
			STATUS_INSUFFICIENT_RESOURCES);
	WDF_COMMON_BUFFER_CONFIG_INIT(&config, 0xffff);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreateWithConfig(enabler, U32_MAX, &config, NULL,
							      &buffer),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreateWithConfig(enabler, SIZE_MAX, &config, NULL,
							      &buffer), STATUS_INTEGER_OVERFLOW);
	config.Size = 4;
	buffer = (void *)1;
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreateWithConfig(enabler, 8, &config, NULL, &buffer),
			STATUS_INFO_LENGTH_MISMATCH);
	KUNIT_EXPECT_PTR_EQ(test, buffer, (WDFCOMMONBUFFER)1);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreateWithConfig(enabler, 8, NULL, NULL, &buffer),
			STATUS_INVALID_PARAMETER);
}

static void memory_goes_with_the_deletion(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	WDFCOMMONBUFFER first = make_buffer(test, enabler, SZ_4K, NULL);
	WDFCOMMONBUFFER second = make_buffer(test, enabler, SZ_4K, NULL);
	unsigned int n;

	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 2UL);
	WdfObjectReference(first);
	WdfObjectDelete(first);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 1UL);
	/* A reference keeps the handle and not the memory. */
	KUNIT_EXPECT_EQ(test, WdfCommonBufferGetLength(first), (size_t)SZ_4K);
	KUNIT_EXPECT_NULL(test, WdfCommonBufferGetAlignedVirtualAddress(first));
	KUNIT_EXPECT_EQ(test, la_of(first), 0ULL);
	WdfObjectDereference(first);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferGetLength(first), 0UL);
	/* At DISPATCH_LEVEL the call is reported, and the memory is freed a little later. */
	local_bh_disable();
	WdfObjectDelete(second);
	local_bh_enable();
	for (n = 0; n < 500 && wdmdma_test_live_buffers(adapter); n++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 0UL);
	/* The work item may not have told the enabler yet, which then ends there, too. */
	msleep(100);
	make_buffer(test, enabler, SZ_4K, NULL);
	WdfObjectDelete(enabler);
	KUNIT_EXPECT_NULL(test, wdmdma_adapter_find(adapter));
}

/* QEMU's device copies from one half of a buffer to the other. */
static void device_and_cpu_see_each_others_bytes(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	WDFCOMMONBUFFER buffer;
	WDFDMAENABLER enabler;
	u8 *va;

	if (!edu_is_there(test, EDU_SLOT_32_BITS))
		kunit_skip(test, "the machine has no edu device");
	KUNIT_EXPECT_TRUE(test, edu->regs);
	test->priv = wdf_test_on(test, &edu->pdev->dev);
	enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather, SZ_64K, 0);
	buffer = make_buffer(test, enabler, SZ_8K, NULL);
	va = WdfCommonBufferGetAlignedVirtualAddress(buffer);
	memset(va, 0x5a, 2000);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, la_of(buffer), EDU_BUFFER, 2000, 0), 0);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, EDU_BUFFER, la_of(buffer) + SZ_4K, 2000,
				       EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_MEMEQ(test, va + SZ_4K, va, 2000);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va + SZ_4K + 2000, SZ_4K - 2000));
}

/* The file must name functions of this module, and none of wdmdma_wdf, which calls for it. */
static void expect_caller(struct kunit *test, const char *name)
{
	struct seq_file m = { .buf = kunit_kzalloc(test, SZ_64K, GFP_KERNEL), .size = SZ_64K };

	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	mutex_init(&m.lock);
	KUNIT_ASSERT_EQ(test, wdmdma_debugfs_show(name, &m), 0);
	KUNIT_ASSERT_LT(test, m.count, m.size);
	m.buf[m.count] = '\0';
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(m.buf, "[wdmdma_kunit]"), "%s", m.buf);
	KUNIT_EXPECT_NULL_MSG(test, strstr(m.buf, "[wdmdma_wdf]"), "%s", m.buf);
}

static void files_name_the_drivers_function(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION transaction = wdf_test_transaction(test, enabler);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);

	make_buffer(test, enabler, 9000, NULL);
	expect_caller(test, "buffers");
	/* The next one is a recycled buffer. */
	WdfObjectDelete(make_buffer(test, enabler, 100, NULL));
	make_buffer(test, enabler, 100, NULL);
	expect_caller(test, "buffers");
	KUNIT_ASSERT_EQ(test, wdf_test_start(transaction, WdfDmaDirectionReadFromDevice, mdl, 0,
					     SZ_4K, seen), STATUS_SUCCESS);
	expect_caller(test, "transfers");
	wdf_test_completes(test, transaction, STATUS_SUCCESS);
}

static struct kunit_case wdf_buffer_cases[] = {
	KUNIT_CASE(addresses_are_aligned_as_asked),
	KUNIT_CASE(configured_alignment_replaces_the_enablers),
	KUNIT_CASE(wrong_lengths_are_refused),
	KUNIT_CASE(memory_goes_with_the_deletion),
	KUNIT_CASE(files_name_the_drivers_function),
	KUNIT_CASE(device_and_cpu_see_each_others_bytes),
	{}
};

static struct kunit_suite wdf_buffer_suite = {
	.name = "wdmdma_wdf_buffer",
	.init = wdf_test_init,
	.test_cases = wdf_buffer_cases,
};

kunit_test_suite(wdf_buffer_suite);
