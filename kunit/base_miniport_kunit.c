// SPDX-License-Identifier: GPL-2.0-only
/*
 * A miniport in the manner of public ones (corpus/miniport.c), with the configuration that the
 * Linux half prepares, and with the calls of StorPort that a Linux half defines.
 */
#include <linux/sizes.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include <wdmdma/linux.h>

#include <ddk/wdm/miniport.h>
#include <ddk/wdm/time.h>

#include "corpus/corpus.h"
#include "helpers.h"

static ACCESS_RANGE ranges[1] = { { .RangeLength = SZ_4K, .RangeInMemory = TRUE } };

/**
 * struct port - what the Linux half knows of its one miniport
 * @data: description of the miniport
 * @registers: registers of the device: the version, and the start
 * @vendor: vendor of the device
 * @mapped: the registers are mapped
 * @errors: number of errors that the miniport has logged
 * @passive: routine for PASSIVE_LEVEL
 * @dpc: routine of the DPC
 * @locks: locks that are held
 * @completed: the request that the miniport has completed
 */
static struct port {
	HW_INITIALIZATION_DATA data;
	ULONG registers[2];
	u16 vendor;
	bool mapped;
	unsigned int errors;
	PHW_PASSIVE_INITIALIZE_ROUTINE passive;
	PHW_DPC_ROUTINE dpc;
	int locks;
	PSCSI_REQUEST_BLOCK completed;
} port;

ULONG StorPortInitialize(PVOID argument1, PVOID argument2, PHW_INITIALIZATION_DATA data,
			 PVOID hw_context)
{
	port.data = *data;
	return 0;
}

ULONG StorPortGetBusData(PVOID device_extension, ULONG bus_data_type, ULONG system_io_bus_number,
			 ULONG slot_number, PVOID buffer, ULONG length)
{
	if (bus_data_type != PCIConfiguration)
		return 0;
	memset(buffer, 0, length);
	memcpy(buffer, &port.vendor, sizeof(port.vendor));
	return length;
}

PVOID StorPortGetDeviceBase(PVOID device_extension, INTERFACE_TYPE bus_type,
			    ULONG system_io_bus_number, STOR_PHYSICAL_ADDRESS io_address,
			    ULONG number_of_bytes, BOOLEAN in_io_space)
{
	port.mapped = number_of_bytes == SZ_4K && !in_io_space;
	return port.mapped ? port.registers : NULL;
}

VOID StorPortFreeDeviceBase(PVOID device_extension, PVOID mapped_address)
{
	port.mapped &= mapped_address != port.registers;
}

VOID StorPortLogError(PVOID device_extension, PSCSI_REQUEST_BLOCK srb, UCHAR path_id,
		      UCHAR target_id, UCHAR lun, ULONG error_code, ULONG unique_id)
{
	port.errors++;
}

BOOLEAN StorPortEnablePassiveInitialization(PVOID device_extension,
					    PHW_PASSIVE_INITIALIZE_ROUTINE routine)
{
	port.passive = routine;
	return TRUE;
}

VOID StorPortInitializeDpc(PVOID device_extension, PSTOR_DPC dpc, PHW_DPC_ROUTINE routine)
{
	KeInitializeSpinLock(&dpc->Lock);
	port.dpc = routine;
}

BOOLEAN StorPortIssueDpc(PVOID device_extension, PSTOR_DPC dpc, PVOID system_argument1,
			 PVOID system_argument2)
{
	port.dpc(dpc, device_extension, system_argument1, system_argument2);
	return TRUE;
}

VOID StorPortAcquireSpinLock(PVOID device_extension, STOR_SPINLOCK spin_lock, PVOID lock_context,
			     PSTOR_LOCK_HANDLE lock_handle)
{
	PSTOR_DPC dpc = lock_context;

	lock_handle->Lock = spin_lock;
	lock_handle->Context.LockQueue.Lock = &dpc->Lock;
	KeAcquireSpinLock(&dpc->Lock, &lock_handle->Context.OldIrql);
	port.locks++;
}

VOID StorPortReleaseSpinLock(PVOID device_extension, PSTOR_LOCK_HANDLE lock_handle)
{
	port.locks--;
	KeReleaseSpinLock(lock_handle->Context.LockQueue.Lock, lock_handle->Context.OldIrql);
}

VOID StorPortNotification(SCSI_NOTIFICATION_TYPE notification_type, PVOID device_extension, ...)
{
	va_list arguments;

	va_start(arguments, device_extension);
	if (notification_type == RequestComplete)
		port.completed = va_arg(arguments, PSCSI_REQUEST_BLOCK);
	va_end(arguments);
}

static void init_port(struct kunit *test)
{
	port = (struct port){ .registers = { 0x10000 }, .vendor = 0x1234 };
	KUNIT_ASSERT_EQ(test, CorpusMiniportEntry(&port, NULL), 0U);
}

static ULONG call_find_adapter(struct kunit *test, PPORT_CONFIGURATION_INFORMATION config,
			       ULONG count)
{
	struct wdmdma_miniport *miniport = test->priv;
	PHW_FIND_ADAPTER find = (PHW_FIND_ADAPTER)port.data.HwFindAdapter;
	BOOLEAN again = FALSE;

	wdmdma_port_configuration_init(config);
	config->NumberOfAccessRanges = count;
	config->AccessRanges = &ranges;
	return find(miniport->extension, NULL, NULL, NULL, config, &again);
}

static void find_adapter_fills_the_configuration(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PORT_CONFIGURATION_INFORMATION config;

	init_port(test);
	KUNIT_ASSERT_EQ(test, call_find_adapter(test, &config, 1), SP_RETURN_FOUND);
	KUNIT_EXPECT_EQ(test, config.MaximumTransferLength, (ULONG)SZ_512K);
	KUNIT_EXPECT_EQ(test, config.NumberOfPhysicalBreaks, 129U);
	KUNIT_EXPECT_EQ(test, config.AlignmentMask, 3U);
	KUNIT_EXPECT_EQ(test, config.MapBuffers, STOR_MAP_NON_READ_WRITE_BUFFERS);
	KUNIT_EXPECT_EQ(test, config.SynchronizationModel, StorSynchronizeFullDuplex);
	KUNIT_EXPECT_TRUE(test, config.HwMSInterruptRoutine(miniport->extension, 0) == FALSE);
	KUNIT_EXPECT_EQ(test, config.Dma64BitAddresses,
			SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED);
}

static void find_adapter_may_find_none(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config;

	init_port(test);
	KUNIT_EXPECT_EQ(test, call_find_adapter(test, &config, 0), SP_RETURN_NOT_FOUND);
	port.vendor = 0x8086;
	KUNIT_EXPECT_EQ(test, call_find_adapter(test, &config, 1), SP_RETURN_NOT_FOUND);
	KUNIT_EXPECT_FALSE(test, port.mapped);
	port.vendor = 0x1234;
	port.registers[0] = 0;
	KUNIT_EXPECT_EQ(test, call_find_adapter(test, &config, 1), SP_RETURN_ERROR);
	KUNIT_EXPECT_EQ(test, port.errors, 1U);
	KUNIT_EXPECT_FALSE(test, port.mapped);
}

static void the_linux_half_defines_calls_of_storport(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PORT_CONFIGURATION_INFORMATION config;
	SCSI_REQUEST_BLOCK srb = {};

	init_port(test);
	KUNIT_ASSERT_EQ(test, call_find_adapter(test, &config, 1), SP_RETURN_FOUND);
	KUNIT_EXPECT_TRUE(test, port.data.HwInitialize(miniport->extension));
	KUNIT_EXPECT_EQ(test, port.registers[1], 1U);
	KUNIT_ASSERT_NOT_NULL(test, port.passive);
	KUNIT_EXPECT_TRUE(test, port.passive(miniport->extension));
	KUNIT_EXPECT_FALSE(test, port.data.HwInterrupt(miniport->extension));
	CorpusStartRequest(miniport->extension, &srb);
	KUNIT_EXPECT_TRUE(test, port.data.HwInterrupt(miniport->extension));
	KUNIT_EXPECT_PTR_EQ(test, port.completed, &srb);
	KUNIT_EXPECT_EQ(test, port.locks, 0);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* A miniport that does not set Master, because StorPort has set it, must get its memory. */
static void a_prepared_configuration_is_good_for_the_uncached_extension(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PORT_CONFIGURATION_INFORMATION config;

	wdmdma_port_configuration_init(&config);
	KUNIT_EXPECT_EQ(test, config.Length, 0xe0U);
	KUNIT_EXPECT_EQ(test, config.Dma64BitAddresses, SCSI_DMA64_SYSTEM_SUPPORTED);
	KUNIT_EXPECT_NOT_NULL(test, StorPortGetUncachedExtension(miniport->extension, &config,
								 SZ_4K));
}

static void requests_have_two_forms(struct kunit *test)
{
	const char *failed = CorpusRequests();

	KUNIT_EXPECT_NULL_MSG(test, failed, "does not hold: %s", failed);
}

static struct kunit_case miniport_cases[] = {
	KUNIT_CASE(find_adapter_fills_the_configuration),
	KUNIT_CASE(find_adapter_may_find_none),
	KUNIT_CASE(the_linux_half_defines_calls_of_storport),
	KUNIT_CASE(a_prepared_configuration_is_good_for_the_uncached_extension),
	KUNIT_CASE(requests_have_two_forms),
	{}
};

static struct kunit_suite miniport_suite = {
	.name = "wdmdma_base_miniport",
	.init = wdmdma_test_miniport_init,
	.test_cases = miniport_cases,
};

kunit_test_suite(miniport_suite);
