// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of KMDF's calls that cannot be right, and the line in the log that says so. */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <ddk/wdfcollection.h>
#include <ddk/wdfinterrupt.h>
#include <ddk/wdfmemory.h>
#include <ddk/wdfsync.h>

#include "log.h"
#include "wdf.h"

#define TO_DEV	WdfDmaDirectionWriteToDevice

/* Pointers at which no structure of a driver can be. */
static void *const wild[] = {
	(void *)0x1234, (void *)-8L, (void *)-EINVAL, (void *)0x7fff00001000UL,
	(void *)0x8000000000001000UL,
};

static BOOLEAN no_isr(WDFINTERRUPT interrupt, ULONG message_id)
{
	return FALSE;
}

static void pointers_without_memory_are_refused(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdf_fixture *f = test->priv;
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFSPINLOCK lock;
	WDFOBJECT object;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
		attributes.ContextTypeInfo = wild[i];
		KUNIT_EXPECT_EQ(test, WdfSpinLockCreate(&attributes, &lock),
				STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
		KUNIT_EXPECT_EQ(test, WdfSpinLockCreate(wild[i], &lock), STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, WdfSpinLockCreate(NULL, wild[i]), STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, WdfObjectAllocateContext(f->device, wild[i], NULL),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, wild[i], NULL,
							  (WDFDMAENABLER *)&object),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, wild[i], NULL,
							 (WDFINTERRUPT *)&object),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, wdf_test_program, TO_DEV,
								  wild[i], wild[i], 16),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_FALSE(test, WdfDmaTransactionDmaCompleted(t, wild[i]));
		WdfDmaTransactionGetTransferInfo(t, wild[i], wild[i]);
		KUNIT_EXPECT_EQ(test, wdmdma_wdf_request_create(f->device, wild[i], NULL,
								(WDFREQUEST *)&object),
				STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, WdfMemoryCreatePreallocated(NULL, wild[i], 8,
								  (WDFMEMORY *)&object),
				STATUS_INVALID_PARAMETER);
	}
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 1U);
}

/* Give each function of a configuration in turn a value that is no address. */
static void functions_without_memory_are_refused(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_INTERRUPT_CONFIG interrupt;
	WDF_DMA_ENABLER_CONFIG config;
	WDFSPINLOCK lock;
	WDFOBJECT object;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(wild) * 6; i++) {
		void *function = wild[i / 6];

		n = i % 6;
		WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfilePacket, SZ_4K);
		(&config.EvtDmaEnablerFill)[n] = function;
		KUNIT_EXPECT_EQ_MSG(test, WdfDmaEnablerCreate(f->device, &config, NULL,
							      (WDFDMAENABLER *)&object),
				    STATUS_INVALID_PARAMETER, "member %u", n);
		WDF_INTERRUPT_CONFIG_INIT(&interrupt, n ? no_isr : function,
					  n == 1 ? function : NULL);
		if (n == 2)
			interrupt.EvtInterruptEnable = function;
		if (n > 2)
			interrupt.EvtInterruptDisable = function;
		KUNIT_EXPECT_EQ_MSG(test, WdfInterruptCreate(f->device, &interrupt, NULL,
							     (WDFINTERRUPT *)&object),
				    STATUS_INVALID_PARAMETER, "member %u", n);
		WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
		if (n % 2)
			attributes.EvtCleanupCallback = function;
		else
			attributes.EvtDestroyCallback = function;
		KUNIT_EXPECT_EQ(test, WdfSpinLockCreate(&attributes, &lock),
				STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
	}
}

static void memory_that_cannot_be_is_refused(struct kunit *test)
{
	struct kmsg_dump_iter log;
	WDFMEMORY memory;
	u8 bytes[8];

	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_EQ(test, WdfMemoryCreate(NULL, 99, 0, 8, &memory, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, memory);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfMemoryCreate:", "PoolType 0x63"), 1U);
	KUNIT_EXPECT_EQ(test, WdfMemoryCreatePreallocated(NULL, bytes, SIZE_MAX, &memory),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, memory);
	KUNIT_EXPECT_EQ(test, WdfMemoryCreatePreallocated(NULL, bytes, 0, &memory),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfMemoryCreatePreallocated",
						    "BufferSize is"), 2U);
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(NULL, PagedPoolCacheAligned, 0, 8, &memory, NULL),
			STATUS_SUCCESS);
	WdfObjectDelete(memory);
}

/* Windows does not check an alignment, so the buffer is made. */
static void alignment_that_is_no_mask_is_reported(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDF_COMMON_BUFFER_CONFIG config;
	struct kmsg_dump_iter log;
	WDFCOMMONBUFFER buffer;
	u64 la;

	wdmdma_test_log_begin(&log);
	WDF_COMMON_BUFFER_CONFIG_INIT(&config, 0x10000);
	KUNIT_ASSERT_EQ(test, WdfCommonBufferCreateWithConfig(enabler, SZ_4K, &config, NULL,
							      &buffer), STATUS_SUCCESS);
	la = WdfCommonBufferGetAlignedLogicalAddress(buffer).QuadPart;
	KUNIT_EXPECT_EQ(test, la & 0x10000, 0ULL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "AlignmentRequirement 0x10000",
						    "is no boundary less one"), 1U);
	WdfObjectDelete(buffer);
	wdmdma_test_log_begin(&log);
	WDF_COMMON_BUFFER_CONFIG_INIT(&config, 128);
	KUNIT_ASSERT_EQ(test, WdfCommonBufferCreateWithConfig(enabler, SZ_4K, &config, NULL,
							      &buffer), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "AlignmentRequirement", ""), 0U);
	WdfObjectDelete(buffer);
}

/* Every structure with a member Size, with a wrong one. */
static void wrong_sizes_are_reported(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDF_DMA_SYSTEM_PROFILE_CONFIG system = { .Size = 3 };
	WDF_OBJECT_ATTRIBUTES attributes = { .Size = 5 };
	WDF_COMMON_BUFFER_CONFIG buffer = { .Size = 7 };
	struct wdf_fixture *f = test->priv;
	WDF_INTERRUPT_CONFIG interrupt;
	WDF_DMA_ENABLER_CONFIG config;
	struct kmsg_dump_iter log;
	WDFOBJECT object;

	wdmdma_test_log_begin(&log);
	WDF_INTERRUPT_CONFIG_INIT(&interrupt, no_isr, NULL);
	interrupt.Size = 9;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &interrupt, NULL,
						 (WDFINTERRUPT *)&object),
			STATUS_INFO_LENGTH_MISMATCH);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfInterruptCreate", "has Size 9"), 1U);
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfilePacket, SZ_4K);
	config.Size = 11;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, NULL,
						  (WDFDMAENABLER *)&object),
			STATUS_INFO_LENGTH_MISMATCH);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfDmaEnablerCreate", "has Size 11"), 1U);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreateWithConfig(enabler, SZ_4K, &buffer, NULL,
							      (WDFCOMMONBUFFER *)&object),
			STATUS_INFO_LENGTH_MISMATCH);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfCommonBufferCreateWithConfig",
						    "has Size 7"), 1U);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerConfigureSystemProfile(enabler, &system, 0),
			STATUS_INFO_LENGTH_MISMATCH);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfDmaEnablerConfigureSystemProfile",
						    "has Size 3"), 1U);
	KUNIT_EXPECT_EQ(test, WdfCollectionCreate(&attributes, (WDFCOLLECTION *)&object),
			STATUS_INFO_LENGTH_MISMATCH);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfCollectionCreate", "has Size 5"), 1U);
}

static void device_has_one_object_and_one_power_up(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct kmsg_dump_iter log;
	WDF_INTERRUPT_CONFIG config;
	WDFINTERRUPT interrupt;
	WDFDEVICE second;

	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_create(f->driver, f->dev, NULL, &second),
			STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_NULL(test, second);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_wdf_device_create",
						    "has a device object already"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device),
			STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_INVALID_DEVICE_STATE);
	/* Nothing would enable an interrupt that is made now. */
	WDF_INTERRUPT_CONFIG_INIT(&config, no_isr, NULL);
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &interrupt),
			STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_NULL(test, interrupt);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_wdf_device_power_up",
						    "the device is in D0 already"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device),
			STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_wdf_device_power_down",
						    "the device is not in D0"), 2U);
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &interrupt),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
	/* After the deletion the device may have another object. */
	wdmdma_wdf_device_delete(f->device);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_create(f->driver, f->dev, NULL, &f->device),
			STATUS_SUCCESS);
}

static void mdl_without_its_page_frames_is_refused(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_1M, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL first = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + SZ_4K, 2 * SZ_4K);
	struct kmsg_dump_iter log;

	wdmdma_test_log_begin(&log);
	mdl->ByteCount = SZ_64K;
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     mdl, 0, SZ_64K),
			STATUS_INVALID_PARAMETER);
	first->Next = mdl;
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     first, 0, SZ_32K),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfDmaTransactionInitializeUsingOffset",
						    "more bytes than its Size"), 2U);
	mdl->ByteCount = 2 * SZ_4K;
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     first, 0, 3 * SZ_4K),
			STATUS_SUCCESS);
	WdfDmaTransactionRelease(t);
	first->Next = (PMDL)0x1234;
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     first, 0, SZ_8K),
			STATUS_INVALID_PARAMETER);
	first->Next = NULL;
}

/* An MDL that is as long as an MDL can be does not say in Size how long that is. */
static void long_mdl_may_be_cut(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_1M, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	PMDL source = wdmdma_test_mdl(test, memory->va, SZ_16K);
	PMDL target = IoAllocateMdl(memory->va, SZ_64M + SZ_4K, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, target);
	IoBuildPartialMdl(source, target, memory->va, SZ_16K);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     target, 0, SZ_16K),
			STATUS_SUCCESS);
	WdfObjectDelete(t);
	IoFreeMdl(target);
}

static PMDL make_mdl(struct kunit *test, struct wdmdma_memory *memory)
{
	PMDL mdl = IoAllocateMdl(memory->va, SZ_4K, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

static void mdl_that_is_freed_too_early_is_not_used(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_COMPLETE);
	struct kmsg_dump_iter log;
	PMDL mdl, last;
	int chained;

	for (chained = 0; chained < 2; chained++) {
		mdl = make_mdl(test, memory);
		last = mdl;
		if (chained) {
			last = make_mdl(test, memory);
			mdl->Next = last;
		}
		KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program,
									     TO_DEV, mdl, 0,
									     SZ_4K << chained),
				STATUS_SUCCESS);
		wdmdma_test_log_begin(&log);
		IoFreeMdl(last);
		KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "IoFreeMdl",
							    "uses the MDL"), 1U);
		/* Another MDL may have its place by now. */
		last = make_mdl(test, memory);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionExecute(t, seen),
				STATUS_INVALID_DEVICE_REQUEST);
		KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "WdfDmaTransactionExecute",
							    "was freed"), 1U);
		KUNIT_EXPECT_EQ(test, seen->calls, 0U);
		KUNIT_EXPECT_EQ(test, wdf_test_state(t), 3U);
		WdfDmaTransactionRelease(t);
		/* A transaction that has ended uses no MDL. */
		KUNIT_EXPECT_EQ(test, wdf_test_start(t, TO_DEV, last, 0, SZ_4K, seen),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, seen->calls, 1U);
		wdmdma_test_log_begin(&log);
		IoFreeMdl(last);
		if (chained)
			IoFreeMdl(mdl);
		KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "IoFreeMdl", ""), 0U);
		WdfDmaTransactionRelease(t);
		seen->calls = 0;
	}
}

static VOID no_reserve(WDFDMATRANSACTION transaction, PVOID context)
{
}

/* No call may walk the chain of an MDL that was freed. */
static void mdl_that_is_freed_too_early_is_not_walked(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 3);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	ULONG registers = 9, elements = 9;
	PMDL mdl = make_mdl(test, memory);

	KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program, TO_DEV,
								     mdl, 0, SZ_4K),
			STATUS_SUCCESS);
	IoFreeMdl(mdl);
	WdfDmaTransactionGetTransferInfo(t, &registers, &elements);
	KUNIT_EXPECT_EQ(test, registers, 0U);
	KUNIT_EXPECT_EQ(test, elements, 0U);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionAllocateResources(t, TO_DEV, 0, no_reserve, NULL),
			STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 3U);
	WdfDmaTransactionRelease(t);
}

/* A packet of version 2 is ended without its MDL. */
static void packet_ends_without_its_mdl(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfilePacket64, SZ_64K, 2);
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = make_mdl(test, memory);

	KUNIT_ASSERT_EQ(test, wdf_test_start(t, TO_DEV, mdl, 0, SZ_4K, seen), STATUS_SUCCESS);
	IoFreeMdl(mdl);
	wdf_test_completes(test, t, STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_has_registers(adapter));
	WdfDmaTransactionRelease(t);
}

/* Nothing is called while the device is deleted, so the Linux half must have done it before. */
static void deletion_in_d0_is_reported(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	unsigned int in_d0;
	struct kmsg_dump_iter log;

	for (in_d0 = 0; in_d0 < 2; in_d0++) {
		KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
		if (!in_d0)
			wdmdma_wdf_device_power_down(f->device);
		wdmdma_test_log_begin(&log);
		wdmdma_wdf_device_delete(f->device);
		KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_wdf_device_delete",
							    "no callback that leaves it"), in_d0);
		KUNIT_ASSERT_EQ(test, wdmdma_wdf_device_create(f->driver, f->dev, NULL,
							       &f->device), STATUS_SUCCESS);
	}
}

static struct kunit_case wdf_refuse_cases[] = {
	KUNIT_CASE(pointers_without_memory_are_refused),
	KUNIT_CASE(functions_without_memory_are_refused),
	KUNIT_CASE(memory_that_cannot_be_is_refused),
	KUNIT_CASE(alignment_that_is_no_mask_is_reported),
	KUNIT_CASE(wrong_sizes_are_reported),
	KUNIT_CASE(device_has_one_object_and_one_power_up),
	KUNIT_CASE(deletion_in_d0_is_reported),
	KUNIT_CASE(mdl_without_its_page_frames_is_refused),
	KUNIT_CASE(long_mdl_may_be_cut),
	KUNIT_CASE(mdl_that_is_freed_too_early_is_not_used),
	KUNIT_CASE(mdl_that_is_freed_too_early_is_not_walked),
	KUNIT_CASE(packet_ends_without_its_mdl),
	{}
};

static struct kunit_suite wdf_refuse_suite = {
	.name = "wdmdma_wdf_refuse",
	.init = wdf_test_init,
	.test_cases = wdf_refuse_cases,
};

kunit_test_suite(wdf_refuse_suite);
