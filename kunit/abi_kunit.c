// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins the Windows ABI of the public headers in the running kernel: the tests of wdmdma/wdm_abi.c.
 *
 * Every expected number is typed from the Windows documentation, none is computed from another, so
 * that a mistake in a header cannot hide in its own test. A row is named after what it pins.
 */
#include <kunit/test.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <wdmdma/dma.h>
#include <wdmdma/mdl.h>
#include <wdmdma/status.h>
#include <wdmdma/storport.h>
#include <wdmdma/types.h>

struct abi_row {
	const char *name;
	s64 actual;
	s64 expected;
};

#define WIDTH(type, bytes) \
	{ .name = "sizeof(" #type ")", .actual = sizeof(type), .expected = (bytes) }
#define ALIGNMENT(type, bytes) \
	{ .name = "alignof(" #type ")", .actual = __alignof__(type), .expected = (bytes) }
#define SIGNED(type, yes) \
	{ .name = #type " is signed", .actual = (type)(-1) < (type)1, .expected = (yes) }
#define OFFSET(type, member, bytes) \
	{ .name = #type "." #member, .actual = offsetof(type, member), .expected = (bytes) }
#define TABLE_SIZE(version, last_member, bytes) \
	{ \
		.name = "Size of table " version, \
		.actual = offsetofend(DMA_OPERATIONS, last_member), \
		.expected = (bytes), \
	}
#define VALUE(constant, number) \
	{ .name = #constant, .actual = (constant), .expected = (number) }
/* Compares bits, as the documents print them: NTSTATUS is signed, STOR_STATUS is not. */
#define STATUS(constant, bits) \
	{ .name = #constant, .actual = (ULONG)(constant), .expected = (bits) }
#define SUCCEEDS(constant, yes) \
	{ .name = "NT_SUCCESS(" #constant ")", .actual = NT_SUCCESS(constant), .expected = (yes) }

static void abi_row_name(const struct abi_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

static void expect_documented(struct kunit *test)
{
	const struct abi_row *row = test->param_value;

	KUNIT_EXPECT_EQ_MSG(test, row->actual, row->expected, "%s", row->name);
}

/* LLP64: long has 32 bits, a pointer 64. */
static const struct abi_row scalar_rows[] = {
	WIDTH(BOOLEAN, 1),
	WIDTH(UCHAR, 1),
	WIDTH(CHAR, 1),
	WIDTH(CCHAR, 1),
	WIDTH(USHORT, 2),
	WIDTH(CSHORT, 2),
	WIDTH(SHORT, 2),
	WIDTH(WCHAR, 2),
	WIDTH(ULONG, 4),
	WIDTH(LONG, 4),
	WIDTH(UINT32, 4),
	WIDTH(ULONGLONG, 8),
	WIDTH(ULONG64, 8),
	WIDTH(LONGLONG, 8),
	WIDTH(ULONG_PTR, 8),
	WIDTH(SIZE_T, 8),
	WIDTH(NTSTATUS, 4),
	WIDTH(KIRQL, 1),
	WIDTH(KPROCESSOR_MODE, 1),
	WIDTH(PFN_NUMBER, 8),
	WIDTH(NODE_REQUIREMENT, 4),
	WIDTH(PVOID, 8),
	WIDTH(HANDLE, 8),
	WIDTH(PDEVICE_OBJECT, 8),
	WIDTH(PIRP, 8),
	WIDTH(PEPROCESS, 8),
	WIDTH(MEMORY_CACHING_TYPE, 4),
	WIDTH(INTERFACE_TYPE, 4),
	WIDTH(DMA_WIDTH, 4),
	WIDTH(DMA_SPEED, 4),
	WIDTH(IO_ALLOCATION_ACTION, 4),
	WIDTH(DMA_COMPLETION_STATUS, 4),
	WIDTH(LOCK_OPERATION, 4),
	WIDTH(MM_PAGE_PRIORITY, 4),
	WIDTH(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_TYPE, 4),
	WIDTH(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_ACCESS_TYPE, 4),
	SIGNED(BOOLEAN, 0),
	SIGNED(UCHAR, 0),
	SIGNED(CHAR, 1),
	SIGNED(CCHAR, 1),
	SIGNED(USHORT, 0),
	SIGNED(CSHORT, 1),
	SIGNED(SHORT, 1),
	SIGNED(WCHAR, 0),
	SIGNED(ULONG, 0),
	SIGNED(LONG, 1),
	SIGNED(UINT32, 0),
	SIGNED(ULONGLONG, 0),
	SIGNED(ULONG64, 0),
	SIGNED(LONGLONG, 1),
	SIGNED(ULONG_PTR, 0),
	SIGNED(SIZE_T, 0),
	SIGNED(NTSTATUS, 1),
	SIGNED(KIRQL, 0),
	SIGNED(KPROCESSOR_MODE, 1),
	SIGNED(PFN_NUMBER, 0),
	SIGNED(NODE_REQUIREMENT, 0),
	VALUE(TRUE, 1),
	VALUE(FALSE, 0),
};

KUNIT_ARRAY_PARAM(scalar, scalar_rows, abi_row_name);

static void scalars_have_windows_widths(struct kunit *test)
{
	expect_documented(test);
}

static const struct abi_row structure_rows[] = {
	WIDTH(PHYSICAL_ADDRESS, 0x08),
	ALIGNMENT(PHYSICAL_ADDRESS, 8),
	OFFSET(PHYSICAL_ADDRESS, LowPart, 0x00),
	OFFSET(PHYSICAL_ADDRESS, HighPart, 0x04),
	OFFSET(PHYSICAL_ADDRESS, u.LowPart, 0x00),
	OFFSET(PHYSICAL_ADDRESS, u.HighPart, 0x04),
	OFFSET(PHYSICAL_ADDRESS, QuadPart, 0x00),
	WIDTH(DEVICE_DESCRIPTION, 0x40),
	ALIGNMENT(DEVICE_DESCRIPTION, 8),
	OFFSET(DEVICE_DESCRIPTION, Version, 0x00),
	OFFSET(DEVICE_DESCRIPTION, Master, 0x04),
	OFFSET(DEVICE_DESCRIPTION, ScatterGather, 0x05),
	OFFSET(DEVICE_DESCRIPTION, DemandMode, 0x06),
	OFFSET(DEVICE_DESCRIPTION, AutoInitialize, 0x07),
	OFFSET(DEVICE_DESCRIPTION, Dma32BitAddresses, 0x08),
	OFFSET(DEVICE_DESCRIPTION, IgnoreCount, 0x09),
	OFFSET(DEVICE_DESCRIPTION, Reserved1, 0x0a),
	OFFSET(DEVICE_DESCRIPTION, Dma64BitAddresses, 0x0b),
	OFFSET(DEVICE_DESCRIPTION, BusNumber, 0x0c),
	OFFSET(DEVICE_DESCRIPTION, DmaChannel, 0x10),
	OFFSET(DEVICE_DESCRIPTION, InterfaceType, 0x14),
	OFFSET(DEVICE_DESCRIPTION, DmaWidth, 0x18),
	OFFSET(DEVICE_DESCRIPTION, DmaSpeed, 0x1c),
	OFFSET(DEVICE_DESCRIPTION, MaximumLength, 0x20),
	OFFSET(DEVICE_DESCRIPTION, DmaPort, 0x24),
	OFFSET(DEVICE_DESCRIPTION, DmaAddressWidth, 0x28),
	OFFSET(DEVICE_DESCRIPTION, DmaControllerInstance, 0x2c),
	OFFSET(DEVICE_DESCRIPTION, DmaRequestLine, 0x30),
	OFFSET(DEVICE_DESCRIPTION, DeviceAddress, 0x38),
	{ .name = "sizeof(DEVICE_DESCRIPTION) before Windows 8",
	  .actual = offsetofend(DEVICE_DESCRIPTION, DmaPort), .expected = 0x28 },
	VALUE(WDMDMA_DEVICE_DESCRIPTION_OLD_SIZE, 0x28),
	WIDTH(DMA_ADAPTER, 0x10),
	ALIGNMENT(DMA_ADAPTER, 8),
	OFFSET(DMA_ADAPTER, Version, 0x00),
	OFFSET(DMA_ADAPTER, Size, 0x02),
	OFFSET(DMA_ADAPTER, DmaOperations, 0x08),
	WIDTH(SCATTER_GATHER_ELEMENT, 0x18),
	ALIGNMENT(SCATTER_GATHER_ELEMENT, 8),
	OFFSET(SCATTER_GATHER_ELEMENT, Address, 0x00),
	OFFSET(SCATTER_GATHER_ELEMENT, Length, 0x08),
	OFFSET(SCATTER_GATHER_ELEMENT, Reserved, 0x10),
	WIDTH(SCATTER_GATHER_LIST, 0x10),
	ALIGNMENT(SCATTER_GATHER_LIST, 8),
	OFFSET(SCATTER_GATHER_LIST, NumberOfElements, 0x00),
	OFFSET(SCATTER_GATHER_LIST, Reserved, 0x08),
	OFFSET(SCATTER_GATHER_LIST, Elements, 0x10),
	WIDTH(MDL, 0x30),
	ALIGNMENT(MDL, 8),
	OFFSET(MDL, Next, 0x00),
	OFFSET(MDL, Size, 0x08),
	OFFSET(MDL, MdlFlags, 0x0a),
	OFFSET(MDL, Process, 0x10),
	OFFSET(MDL, MappedSystemVa, 0x18),
	OFFSET(MDL, StartVa, 0x20),
	OFFSET(MDL, ByteCount, 0x28),
	OFFSET(MDL, ByteOffset, 0x2c),
	WIDTH(DMA_ADAPTER_INFO_V1, 0x14),
	ALIGNMENT(DMA_ADAPTER_INFO_V1, 4),
	OFFSET(DMA_ADAPTER_INFO_V1, ReadDmaCounterAvailable, 0x00),
	OFFSET(DMA_ADAPTER_INFO_V1, ScatterGatherLimit, 0x04),
	OFFSET(DMA_ADAPTER_INFO_V1, DmaAddressWidth, 0x08),
	OFFSET(DMA_ADAPTER_INFO_V1, Flags, 0x0c),
	OFFSET(DMA_ADAPTER_INFO_V1, MinimumTransferUnit, 0x10),
	WIDTH(DMA_ADAPTER_INFO, 0x18),
	ALIGNMENT(DMA_ADAPTER_INFO, 4),
	OFFSET(DMA_ADAPTER_INFO, Version, 0x00),
	OFFSET(DMA_ADAPTER_INFO, V1, 0x04),
	WIDTH(DMA_TRANSFER_INFO_V1, 0x0c),
	ALIGNMENT(DMA_TRANSFER_INFO_V1, 4),
	OFFSET(DMA_TRANSFER_INFO_V1, MapRegisterCount, 0x00),
	OFFSET(DMA_TRANSFER_INFO_V1, ScatterGatherElementCount, 0x04),
	OFFSET(DMA_TRANSFER_INFO_V1, ScatterGatherListSize, 0x08),
	WIDTH(DMA_TRANSFER_INFO_V2, 0x10),
	ALIGNMENT(DMA_TRANSFER_INFO_V2, 4),
	OFFSET(DMA_TRANSFER_INFO_V2, MapRegisterCount, 0x00),
	OFFSET(DMA_TRANSFER_INFO_V2, ScatterGatherElementCount, 0x04),
	OFFSET(DMA_TRANSFER_INFO_V2, ScatterGatherListSize, 0x08),
	OFFSET(DMA_TRANSFER_INFO_V2, LogicalPageCount, 0x0c),
	WIDTH(DMA_TRANSFER_INFO, 0x14),
	ALIGNMENT(DMA_TRANSFER_INFO, 4),
	OFFSET(DMA_TRANSFER_INFO, Version, 0x00),
	OFFSET(DMA_TRANSFER_INFO, V1, 0x04),
	OFFSET(DMA_TRANSFER_INFO, V2, 0x04),
	WIDTH(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, 0x28),
	ALIGNMENT(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, 8),
	OFFSET(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, ConfigType, 0x00),
	OFFSET(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, LogicalAddressLimits.MinimumAddress, 0x08),
	OFFSET(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, LogicalAddressLimits.MaximumAddress, 0x10),
	OFFSET(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, SubSection.Offset, 0x08),
	OFFSET(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, SubSection.Length, 0x10),
	OFFSET(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, HardwareAccessType, 0x08),
	OFFSET(DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION, Reserved, 0x08),
	WIDTH(STOR_SCATTER_GATHER_ELEMENT, 0x18),
	ALIGNMENT(STOR_SCATTER_GATHER_ELEMENT, 8),
	OFFSET(STOR_SCATTER_GATHER_ELEMENT, PhysicalAddress, 0x00),
	OFFSET(STOR_SCATTER_GATHER_ELEMENT, Length, 0x08),
	OFFSET(STOR_SCATTER_GATHER_ELEMENT, Reserved, 0x10),
	WIDTH(STOR_SCATTER_GATHER_LIST, 0x10),
	ALIGNMENT(STOR_SCATTER_GATHER_LIST, 8),
	OFFSET(STOR_SCATTER_GATHER_LIST, NumberOfElements, 0x00),
	OFFSET(STOR_SCATTER_GATHER_LIST, Reserved, 0x08),
	OFFSET(STOR_SCATTER_GATHER_LIST, List, 0x10),
	WIDTH(ACCESS_RANGE, 0x10),
	ALIGNMENT(ACCESS_RANGE, 8),
	OFFSET(ACCESS_RANGE, RangeStart, 0x00),
	OFFSET(ACCESS_RANGE, RangeLength, 0x08),
	OFFSET(ACCESS_RANGE, RangeInMemory, 0x0c),
};

KUNIT_ARRAY_PARAM(structure, structure_rows, abi_row_name);

static void structures_have_windows_layout(struct kunit *test)
{
	expect_documented(test);
}

/* 39 slots, and where each version of the table ends. */
static const struct abi_row operation_rows[] = {
	WIDTH(DMA_OPERATIONS, 0x140),
	ALIGNMENT(DMA_OPERATIONS, 8),
	OFFSET(DMA_OPERATIONS, Size, 0x00),
	OFFSET(DMA_OPERATIONS, PutDmaAdapter, 0x08),
	OFFSET(DMA_OPERATIONS, AllocateCommonBuffer, 0x10),
	OFFSET(DMA_OPERATIONS, FreeCommonBuffer, 0x18),
	OFFSET(DMA_OPERATIONS, AllocateAdapterChannel, 0x20),
	OFFSET(DMA_OPERATIONS, FlushAdapterBuffers, 0x28),
	OFFSET(DMA_OPERATIONS, FreeAdapterChannel, 0x30),
	OFFSET(DMA_OPERATIONS, FreeMapRegisters, 0x38),
	OFFSET(DMA_OPERATIONS, MapTransfer, 0x40),
	OFFSET(DMA_OPERATIONS, GetDmaAlignment, 0x48),
	OFFSET(DMA_OPERATIONS, ReadDmaCounter, 0x50),
	OFFSET(DMA_OPERATIONS, GetScatterGatherList, 0x58),
	OFFSET(DMA_OPERATIONS, PutScatterGatherList, 0x60),
	OFFSET(DMA_OPERATIONS, CalculateScatterGatherList, 0x68),
	OFFSET(DMA_OPERATIONS, BuildScatterGatherList, 0x70),
	OFFSET(DMA_OPERATIONS, BuildMdlFromScatterGatherList, 0x78),
	OFFSET(DMA_OPERATIONS, GetDmaAdapterInfo, 0x80),
	OFFSET(DMA_OPERATIONS, GetDmaTransferInfo, 0x88),
	OFFSET(DMA_OPERATIONS, InitializeDmaTransferContext, 0x90),
	OFFSET(DMA_OPERATIONS, AllocateCommonBufferEx, 0x98),
	OFFSET(DMA_OPERATIONS, AllocateAdapterChannelEx, 0xa0),
	OFFSET(DMA_OPERATIONS, ConfigureAdapterChannel, 0xa8),
	OFFSET(DMA_OPERATIONS, CancelAdapterChannel, 0xb0),
	OFFSET(DMA_OPERATIONS, MapTransferEx, 0xb8),
	OFFSET(DMA_OPERATIONS, GetScatterGatherListEx, 0xc0),
	OFFSET(DMA_OPERATIONS, BuildScatterGatherListEx, 0xc8),
	OFFSET(DMA_OPERATIONS, FlushAdapterBuffersEx, 0xd0),
	OFFSET(DMA_OPERATIONS, FreeAdapterObject, 0xd8),
	OFFSET(DMA_OPERATIONS, CancelMappedTransfer, 0xe0),
	OFFSET(DMA_OPERATIONS, AllocateDomainCommonBuffer, 0xe8),
	OFFSET(DMA_OPERATIONS, FlushDmaBuffer, 0xf0),
	OFFSET(DMA_OPERATIONS, JoinDmaDomain, 0xf8),
	OFFSET(DMA_OPERATIONS, LeaveDmaDomain, 0x100),
	OFFSET(DMA_OPERATIONS, GetDmaDomain, 0x108),
	OFFSET(DMA_OPERATIONS, AllocateCommonBufferWithBounds, 0x110),
	OFFSET(DMA_OPERATIONS, AllocateCommonBufferVector, 0x118),
	OFFSET(DMA_OPERATIONS, GetCommonBufferFromVectorByIndex, 0x120),
	OFFSET(DMA_OPERATIONS, FreeCommonBufferFromVector, 0x128),
	OFFSET(DMA_OPERATIONS, FreeCommonBufferVector, 0x130),
	OFFSET(DMA_OPERATIONS, CreateCommonBufferFromMdl, 0x138),
	TABLE_SIZE("version 1", PutScatterGatherList, 0x68),
	TABLE_SIZE("version 2", BuildMdlFromScatterGatherList, 0x80),
	TABLE_SIZE("version 3, Windows 8", CancelMappedTransfer, 0xe8),
	TABLE_SIZE("version 3, Windows 10", GetDmaDomain, 0x110),
	TABLE_SIZE("version 3, Windows 10 1803", AllocateCommonBufferWithBounds, 0x118),
	TABLE_SIZE("version 3 with vectors", FreeCommonBufferVector, 0x138),
	TABLE_SIZE("version 3, Server 2022", CreateCommonBufferFromMdl, 0x140),
};

KUNIT_ARRAY_PARAM(operation, operation_rows, abi_row_name);

static void operations_stand_in_documented_order(struct kunit *test)
{
	expect_documented(test);
}

static const struct abi_row constant_rows[] = {
	VALUE(MmNonCached, 0),
	VALUE(MmCached, 1),
	VALUE(MmWriteCombined, 2),
	VALUE(MmFrameBufferCached, 2),
	VALUE(MmHardwareCoherentCached, 3),
	VALUE(MmNonCachedUnordered, 4),
	VALUE(MmUSWCCached, 5),
	VALUE(MmMaximumCacheType, 6),
	VALUE(MmNotMapped, -1),
	VALUE(MM_ANY_NODE_OK, 0x80000000),
	VALUE(PASSIVE_LEVEL, 0),
	VALUE(LOW_LEVEL, 0),
	VALUE(APC_LEVEL, 1),
	VALUE(DISPATCH_LEVEL, 2),
	VALUE(CLOCK_LEVEL, 0x0d),
	VALUE(IPI_LEVEL, 0x0e),
	VALUE(POWER_LEVEL, 0x0e),
	VALUE(PROFILE_LEVEL, 0x0f),
	VALUE(HIGH_LEVEL, 0x0f),
	VALUE(DEVICE_DESCRIPTION_VERSION, 0),
	VALUE(DEVICE_DESCRIPTION_VERSION1, 1),
	VALUE(DEVICE_DESCRIPTION_VERSION2, 2),
	VALUE(DEVICE_DESCRIPTION_VERSION3, 3),
	VALUE(HAL_DMA_ADAPTER_VERSION_1, 1),
	VALUE(InterfaceTypeUndefined, -1),
	VALUE(Internal, 0),
	VALUE(Isa, 1),
	VALUE(Eisa, 2),
	VALUE(MicroChannel, 3),
	VALUE(TurboChannel, 4),
	VALUE(PCIBus, 5),
	VALUE(VMEBus, 6),
	VALUE(NuBus, 7),
	VALUE(PCMCIABus, 8),
	VALUE(CBus, 9),
	VALUE(MPIBus, 0x0a),
	VALUE(MPSABus, 0x0b),
	VALUE(ProcessorInternal, 0x0c),
	VALUE(InternalPowerBus, 0x0d),
	VALUE(PNPISABus, 0x0e),
	VALUE(PNPBus, 0x0f),
	VALUE(Vmcs, 0x10),
	VALUE(ACPIBus, 0x11),
	VALUE(MaximumInterfaceType, 0x12),
	VALUE(Width8Bits, 0),
	VALUE(Width16Bits, 1),
	VALUE(Width32Bits, 2),
	VALUE(Width64Bits, 3),
	VALUE(WidthNoWrap, 4),
	VALUE(MaximumDmaWidth, 5),
	VALUE(Compatible, 0),
	VALUE(TypeA, 1),
	VALUE(TypeB, 2),
	VALUE(TypeC, 3),
	VALUE(TypeF, 4),
	VALUE(MaximumDmaSpeed, 5),
	VALUE(DMA_ADAPTER_INFO_VERSION1, 1),
	VALUE(DMA_ADAPTER_INFO_VERSION_CRASHDUMP, 0xffffffff),
	VALUE(ADAPTER_INFO_SYNCHRONOUS_CALLBACK, 1),
	VALUE(ADAPTER_INFO_API_BYPASS, 2),
	VALUE(DMA_TRANSFER_INFO_VERSION1, 1),
	VALUE(DMA_TRANSFER_INFO_VERSION2, 2),
	VALUE(DMA_TRANSFER_CONTEXT_VERSION1, 1),
	VALUE(DMA_TRANSFER_CONTEXT_SIZE_V1, 0x80),
	VALUE(DMA_SYNCHRONOUS_CALLBACK, 1),
	VALUE(DMA_ZERO_BUFFERS, 2),
	VALUE(DMA_FAIL_ON_BOUNCE, 4),
	VALUE(DOMAIN_COMMON_BUFFER_LARGE_PAGE, 1),
	VALUE(KeepObject, 1),
	VALUE(DeallocateObject, 2),
	VALUE(DeallocateObjectKeepRegisters, 3),
	VALUE(DmaComplete, 0),
	VALUE(DmaAborted, 1),
	VALUE(DmaError, 2),
	VALUE(DmaCancelled, 3),
	VALUE(CommonBufferConfigTypeLogicalAddressLimits, 0),
	VALUE(CommonBufferConfigTypeSubSection, 1),
	VALUE(CommonBufferConfigTypeHardwareAccessPermissions, 2),
	VALUE(CommonBufferConfigTypeMax, 3),
	VALUE(CommonBufferHardwareAccessReadOnly, 0),
	VALUE(CommonBufferHardwareAccessWriteOnly, 1),
	VALUE(CommonBufferHardwareAccessReadWrite, 2),
	VALUE(CommonBufferHardwareAccessMax, 3),
	VALUE(MDL_MAPPED_TO_SYSTEM_VA, 1),
	VALUE(MDL_PAGES_LOCKED, 2),
	VALUE(MDL_SOURCE_IS_NONPAGED_POOL, 4),
	VALUE(MDL_ALLOCATED_FIXED_SIZE, 8),
	VALUE(MDL_PARTIAL, 0x10),
	VALUE(MDL_PARTIAL_HAS_BEEN_MAPPED, 0x20),
	VALUE(MDL_IO_PAGE_READ, 0x40),
	VALUE(MDL_WRITE_OPERATION, 0x80),
	VALUE(MDL_LOCKED_PAGE_TABLES, 0x100),
	VALUE(MDL_PARENT_MAPPED_SYSTEM_VA, 0x100),
	VALUE(MDL_FREE_EXTRA_PTES, 0x200),
	VALUE(MDL_DESCRIBES_AWE, 0x400),
	VALUE(MDL_IO_SPACE, 0x800),
	VALUE(MDL_NETWORK_HEADER, 0x1000),
	VALUE(MDL_MAPPING_CAN_FAIL, 0x2000),
	VALUE(MDL_PAGE_CONTENTS_INVARIANT, 0x4000),
	VALUE(MDL_ALLOCATED_MUST_SUCCEED, 0x4000),
	VALUE(MDL_INTERNAL, 0x8000),
	VALUE(MdlMappingNoWrite, 0x80000000),
	VALUE(MdlMappingNoExecute, 0x40000000),
	VALUE(MdlMappingWithGuardPtes, 0x20000000),
	VALUE(IoReadAccess, 0),
	VALUE(IoWriteAccess, 1),
	VALUE(IoModifyAccess, 2),
	VALUE(LowPagePriority, 0),
	VALUE(NormalPagePriority, 0x10),
	VALUE(HighPagePriority, 0x20),
	VALUE(KernelMode, 0),
	VALUE(UserMode, 1),
};

KUNIT_ARRAY_PARAM(constant, constant_rows, abi_row_name);

static void constants_have_documented_values(struct kunit *test)
{
	expect_documented(test);
}

static const struct abi_row status_rows[] = {
	STATUS(STATUS_SUCCESS, 0x00000000),
	STATUS(STATUS_PENDING, 0x00000103),
	STATUS(STATUS_UNSUCCESSFUL, 0xc0000001),
	STATUS(STATUS_NOT_IMPLEMENTED, 0xc0000002),
	STATUS(STATUS_ACCESS_VIOLATION, 0xc0000005),
	STATUS(STATUS_INVALID_HANDLE, 0xc0000008),
	STATUS(STATUS_INVALID_PARAMETER, 0xc000000d),
	STATUS(STATUS_INVALID_DEVICE_REQUEST, 0xc0000010),
	STATUS(STATUS_NO_MEMORY, 0xc0000017),
	STATUS(STATUS_NOT_MAPPED_VIEW, 0xc0000019),
	STATUS(STATUS_ACCESS_DENIED, 0xc0000022),
	STATUS(STATUS_BUFFER_TOO_SMALL, 0xc0000023),
	STATUS(STATUS_INVALID_PARAMETER_MIX, 0xc0000030),
	STATUS(STATUS_INVALID_PAGE_PROTECTION, 0xc0000045),
	STATUS(STATUS_DELETE_PENDING, 0xc0000056),
	STATUS(STATUS_NONE_MAPPED, 0xc0000073),
	STATUS(STATUS_INTEGER_OVERFLOW, 0xc0000095),
	STATUS(STATUS_INSUFFICIENT_RESOURCES, 0xc000009a),
	STATUS(STATUS_WORKING_SET_QUOTA, 0xc00000a1),
	STATUS(STATUS_DEVICE_NOT_READY, 0xc00000a3),
	STATUS(STATUS_NOT_SUPPORTED, 0xc00000bb),
	STATUS(STATUS_INVALID_PARAMETER_1, 0xc00000ef),
	STATUS(STATUS_INVALID_PARAMETER_2, 0xc00000f0),
	STATUS(STATUS_INVALID_PARAMETER_3, 0xc00000f1),
	STATUS(STATUS_INVALID_PARAMETER_4, 0xc00000f2),
	STATUS(STATUS_CANCELLED, 0xc0000120),
	STATUS(STATUS_INVALID_DEVICE_STATE, 0xc0000184),
	STATUS(STATUS_NOT_FOUND, 0xc0000225),
	STATUS(STATUS_RESOURCE_IN_USE, 0xc0000708),
	STATUS(STOR_STATUS_SUCCESS, 0x00000000),
	STATUS(STOR_STATUS_UNSUCCESSFUL, 0xc1000001),
	STATUS(STOR_STATUS_NOT_IMPLEMENTED, 0xc1000002),
	STATUS(STOR_STATUS_INSUFFICIENT_RESOURCES, 0xc1000003),
	STATUS(STOR_STATUS_BUFFER_TOO_SMALL, 0xc1000004),
	STATUS(STOR_STATUS_ACCESS_DENIED, 0xc1000005),
	STATUS(STOR_STATUS_INVALID_PARAMETER, 0xc1000006),
	STATUS(STOR_STATUS_INVALID_DEVICE_REQUEST, 0xc1000007),
	STATUS(STOR_STATUS_INVALID_IRQL, 0xc1000008),
	STATUS(STOR_STATUS_INVALID_DEVICE_STATE, 0xc1000009),
	STATUS(STOR_STATUS_INVALID_BUFFER_SIZE, 0xc100000a),
	STATUS(STOR_STATUS_UNSUPPORTED_VERSION, 0xc100000b),
	STATUS(STOR_STATUS_BUSY, 0xc100000c),
	STATUS(STOR_STATUS_THROTTLED_REQUEST, 0xc100000d),
	STATUS(STOR_STATUS_TIMEOUT, 0xc100000e),
	STATUS(STOR_STATUS_INVALID_DATA, 0xc100000f),
	SUCCEEDS(STATUS_SUCCESS, 1),
	SUCCEEDS(STATUS_PENDING, 1),
	SUCCEEDS(STATUS_UNSUCCESSFUL, 0),
	SUCCEEDS(STATUS_NOT_SUPPORTED, 0),
};

KUNIT_ARRAY_PARAM(status, status_rows, abi_row_name);

static void status_codes_have_documented_values(struct kunit *test)
{
	expect_documented(test);
}

/* The halves overlay the whole, and "no limit" is -1 when read as the signed number it is. */
static void physical_address_halves_overlay_quad_part(struct kunit *test)
{
	PHYSICAL_ADDRESS address;

	address.QuadPart = 0x1122334455667788;
	KUNIT_EXPECT_EQ(test, address.LowPart, 0x55667788U);
	KUNIT_EXPECT_EQ(test, address.HighPart, 0x11223344);
	KUNIT_EXPECT_EQ(test, address.u.LowPart, 0x55667788U);
	KUNIT_EXPECT_EQ(test, address.u.HighPart, 0x11223344);

	address.LowPart = 0xffffffff;
	address.HighPart = -1;
	KUNIT_EXPECT_EQ(test, address.QuadPart, -1LL);
	KUNIT_EXPECT_EQ(test, (ULONGLONG)address.QuadPart, 0xffffffffffffffffULL);
}

static void mdl_accessors_read_the_documented_fields(struct kunit *test)
{
	struct {
		MDL mdl;
		PFN_NUMBER pfns[2];
	} list = {
		.mdl.StartVa = (PVOID)0x7000,
		.mdl.ByteOffset = 0x123,
		.mdl.ByteCount = 0x1800,
		.pfns = { 0xabcde, 0x12345 },
	};

	KUNIT_EXPECT_PTR_EQ(test, MmGetMdlVirtualAddress(&list.mdl), (PVOID)0x7123);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(&list.mdl), 0x1800U);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(&list.mdl), 0x123U);
	KUNIT_EXPECT_PTR_EQ(test, MmGetMdlPfnArray(&list.mdl), &list.pfns[0]);
}

static struct kunit_case abi_cases[] = {
	KUNIT_CASE_PARAM(scalars_have_windows_widths, scalar_gen_params),
	KUNIT_CASE_PARAM(structures_have_windows_layout, structure_gen_params),
	KUNIT_CASE_PARAM(operations_stand_in_documented_order, operation_gen_params),
	KUNIT_CASE_PARAM(constants_have_documented_values, constant_gen_params),
	KUNIT_CASE_PARAM(status_codes_have_documented_values, status_gen_params),
	KUNIT_CASE(physical_address_halves_overlay_quad_part),
	KUNIT_CASE(mdl_accessors_read_the_documented_fields),
	{}
};

static struct kunit_suite abi_suite = {
	.name = "wdmdma_abi",
	.test_cases = abi_cases,
};

kunit_test_suite(abi_suite);
