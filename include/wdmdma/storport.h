/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * StorPort's memory and DMA routines, for miniports. STOR_STATUS_* stand in wdmdma/status.h.
 *
 *   HwDeviceExtension   the miniport's memory for one adapter, and its handle in every call. The
 *                       Linux half creates it with wdmdma_hw_device_extension_create().
 *   SRB                 a request. The Linux half creates it with wdmdma_srb_create().
 *   physical address    in StorPort's names, the logical address, for the device. Behind an IOMMU
 *                       it is not the physical address of the memory.
 *
 * The routines that return a status are functions here, not wrappers around
 * StorPortExtendedFunction, which does not exist.
 */
#ifndef WDMDMA_STORPORT_H
#define WDMDMA_STORPORT_H

#include <wdmdma/types.h>
#include <wdmdma/status.h>
#include <wdmdma/dma.h>
#include <wdmdma/srb.h>
#include <wdmdma/storage_request.h>

WDMDMA_HEADER_BEGIN

/* The address to write to the controller, which may be relative to the bus. */
typedef PHYSICAL_ADDRESS STOR_PHYSICAL_ADDRESS, *PSTOR_PHYSICAL_ADDRESS;

/* A member that the port driver has not set, or a limit that the miniport does not have. */
#define SP_UNINITIALIZED_VALUE	0xFFFFFFFFU
#define SP_UNTAGGED		0xFF

#define SCSI_MAXIMUM_BUSES_PER_ADAPTER	255
#define SCSI_MAXIMUM_TARGETS_PER_BUS	128
#define SCSI_MAXIMUM_LUNS_PER_TARGET	255
#define SCSI_MAXIMUM_LOGICAL_UNITS	8

/* PORT_CONFIGURATION_INFORMATION.MapBuffers */
#define STOR_MAP_NO_BUFFERS				0
#define STOR_MAP_ALL_BUFFERS				1	/* obsolete, means the next */
#define STOR_MAP_NON_READ_WRITE_BUFFERS			2
#define STOR_MAP_ALL_BUFFERS_INCLUDING_READ_WRITE	3

/* PORT_CONFIGURATION_INFORMATION.Dma64BitAddresses */
#define SCSI_DMA64_MINIPORT_SUPPORTED				1
#define SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED			2
#define SCSI_DMA64_MINIPORT_FULL64BIT_NO_BOUNDARY_REQ_SUPPORTED	3
#define SCSI_DMA64_MINIPORT_64BIT_ONE_4GB_SUPPORTED		4
#define SCSI_DMA64_SYSTEM_SUPPORTED				0x80

/* PORT_CONFIGURATION_INFORMATION.FeatureSupport */
#define STOR_ADAPTER_FEATURE_DEVICE_TELEMETRY			0x00000001
#define STOR_ADAPTER_FEATURE_STOP_UNIT_DURING_POWER_DOWN	0x00000002
#define STOR_ADAPTER_UNCACHED_EXTENSION_NUMA_NODE_PREFERRED	0x00000004
#define STOR_ADAPTER_DMA_V3_PREFERRED				0x00000008
#define STOR_ADAPTER_FEATURE_ABORT_COMMAND			0x00000010
#define STOR_ADAPTER_FEATURE_RICH_TEMPERATURE_THRESHOLD		0x00000020
#define STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED		0x00000040

typedef enum _KINTERRUPT_MODE {
	LevelSensitive = 0,
	Latched = 1,
} KINTERRUPT_MODE;

typedef enum _STOR_SYNCHRONIZATION_MODEL {
	StorSynchronizeHalfDuplex = 0,
	StorSynchronizeFullDuplex = 1,
} STOR_SYNCHRONIZATION_MODEL;

typedef enum _INTERRUPT_SYNCHRONIZATION_MODE {
	InterruptSupportNone = 0,
	InterruptSynchronizeAll = 1,
	InterruptSynchronizePerMessage = 2,
} INTERRUPT_SYNCHRONIZATION_MODE;

typedef BOOLEAN HW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE(PVOID hw_device_extension, ULONG message_id);
typedef HW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE *PHW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE;

typedef struct _MEMORY_REGION {
	PUCHAR VirtualBase;
	PHYSICAL_ADDRESS PhysicalBase;
	ULONG Length;
} MEMORY_REGION, *PMEMORY_REGION;

/**
 * struct _ACCESS_RANGE - a range of memory or I/O ports
 * @RangeStart: its first address
 * @RangeLength: its bytes
 * @RangeInMemory: TRUE for memory, FALSE for I/O ports
 */
struct _ACCESS_RANGE {
	STOR_PHYSICAL_ADDRESS RangeStart;
	ULONG RangeLength;
	BOOLEAN RangeInMemory;
};

typedef struct _ACCESS_RANGE ACCESS_RANGE, *PACCESS_RANGE;

/**
 * struct _PORT_CONFIGURATION_INFORMATION - what the miniport and the port driver tell each other
 *	about the adapter
 * @Length: bytes of this structure
 * @SystemIoBusNumber: the bus
 * @AdapterInterfaceType: kind of the bus
 * @BusInterruptLevel: not used
 * @BusInterruptVector: not used
 * @InterruptMode: how the device interrupts
 * @MaximumTransferLength: most bytes of a request
 * @NumberOfPhysicalBreaks: most pages of a request
 * @DmaChannel: not used
 * @DmaPort: not used
 * @DmaWidth: not used
 * @DmaSpeed: not used
 * @AlignmentMask: alignment of the data of a request, less one
 * @NumberOfAccessRanges: entries in @AccessRanges
 * @AccessRanges: memory and I/O ports of the device
 * @MiniportDumpData: not used, as there are no dumps
 * @NumberOfBuses: number of buses
 * @InitiatorBusId: number of the adapter on each bus
 * @ScatterGather: not used
 * @Master: must be TRUE, as the port driver sets it
 * @CachesData: the device has a write cache
 * @AdapterScansDown: not used
 * @AtdiskPrimaryClaimed: not used
 * @AtdiskSecondaryClaimed: not used
 * @Dma32BitAddresses: not used, because a device that does not drive 64 bits drives 32
 * @DemandMode: not used
 * @MapBuffers: STOR_MAP_*, for which requests DataBuffer is an address
 * @NeedPhysicalAddresses: not used
 * @TaggedQueuing: not used
 * @AutoRequestSense: not used
 * @MultipleRequestPerLu: not used
 * @ReceiveEvent: not used
 * @RealModeInitialized: not used
 * @BufferAccessScsiPortControlled: not used
 * @MaximumNumberOfTargets: targets of each bus
 * @SrbType: SRB_TYPE_*, form of the requests
 * @AddressType: STORAGE_ADDRESS_TYPE_*
 * @SlotNumber: PCI slot
 * @BusInterruptLevel2: not used
 * @BusInterruptVector2: not used
 * @InterruptMode2: not used
 * @DmaChannel2: not used
 * @DmaPort2: not used
 * @DmaWidth2: not used
 * @DmaSpeed2: not used
 * @DeviceExtensionSize: not used, because it is passed to wdmdma_hw_device_extension_create()
 * @SpecificLuExtensionSize: not used
 * @SrbExtensionSize: not used, because it is passed to wdmdma_srb_create()
 * @Dma64BitAddresses: SCSI_DMA64_*, where the uncached extension may lie
 * @ResetTargetSupported: not used
 * @MaximumNumberOfLogicalUnits: logical units of each target
 * @WmiDataProvider: not used
 * @SynchronizationModel: whether requests and interrupts run at the same time
 * @HwMSInterruptRoutine: routine for message-signaled interrupts
 * @InterruptSynchronizationMode: whether messages run at the same time
 * @DumpRegion: not used, as there are no dumps
 * @RequestedDumpBufferSize: not used, as there are no dumps
 * @VirtualDevice: not used
 * @DumpMode: 0, as there are no dumps
 * @DmaAddressWidth: address bits, 1 to 64, if @FeatureSupport says that it counts
 * @ExtendedFlags1: not used
 * @MaxNumberOfIO: most requests at a time
 * @MaxIOsPerLun: most requests of a logical unit at a time
 * @InitialLunQueueDepth: first limit of the requests of a logical unit
 * @BusResetHoldTime: microseconds without requests after a reset
 * @FeatureSupport: STOR_ADAPTER_*
 *
 * StorPortGetUncachedExtension() reads @Master, @Dma64BitAddresses, @FeatureSupport and
 * @DmaAddressWidth. The module reads no other member. The Linux half is the port driver, so it
 * fills the structure with wdmdma_port_configuration_init(), and reads what the miniport has set.
 * A member that is "not used" has nothing to tell the Linux half.
 */
struct _PORT_CONFIGURATION_INFORMATION {
	ULONG Length;
	ULONG SystemIoBusNumber;
	INTERFACE_TYPE AdapterInterfaceType;
	ULONG BusInterruptLevel;
	ULONG BusInterruptVector;
	KINTERRUPT_MODE InterruptMode;
	ULONG MaximumTransferLength;
	ULONG NumberOfPhysicalBreaks;
	ULONG DmaChannel;
	ULONG DmaPort;
	DMA_WIDTH DmaWidth;
	DMA_SPEED DmaSpeed;
	ULONG AlignmentMask;
	ULONG NumberOfAccessRanges;
	ACCESS_RANGE (*AccessRanges)[];
	PVOID MiniportDumpData;
	UCHAR NumberOfBuses;
	CCHAR InitiatorBusId[8];
	BOOLEAN ScatterGather;
	BOOLEAN Master;
	BOOLEAN CachesData;
	BOOLEAN AdapterScansDown;
	BOOLEAN AtdiskPrimaryClaimed;
	BOOLEAN AtdiskSecondaryClaimed;
	BOOLEAN Dma32BitAddresses;
	BOOLEAN DemandMode;
	UCHAR MapBuffers;
	BOOLEAN NeedPhysicalAddresses;
	BOOLEAN TaggedQueuing;
	BOOLEAN AutoRequestSense;
	BOOLEAN MultipleRequestPerLu;
	BOOLEAN ReceiveEvent;
	BOOLEAN RealModeInitialized;
	BOOLEAN BufferAccessScsiPortControlled;
	UCHAR MaximumNumberOfTargets;
	UCHAR SrbType;
	UCHAR AddressType;
	ULONG SlotNumber;
	ULONG BusInterruptLevel2;
	ULONG BusInterruptVector2;
	KINTERRUPT_MODE InterruptMode2;
	ULONG DmaChannel2;
	ULONG DmaPort2;
	DMA_WIDTH DmaWidth2;
	DMA_SPEED DmaSpeed2;
	ULONG DeviceExtensionSize;
	ULONG SpecificLuExtensionSize;
	ULONG SrbExtensionSize;
	UCHAR Dma64BitAddresses;
	BOOLEAN ResetTargetSupported;
	UCHAR MaximumNumberOfLogicalUnits;
	BOOLEAN WmiDataProvider;
	STOR_SYNCHRONIZATION_MODEL SynchronizationModel;
	PHW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE HwMSInterruptRoutine;
	INTERRUPT_SYNCHRONIZATION_MODE InterruptSynchronizationMode;
	MEMORY_REGION DumpRegion;
	ULONG RequestedDumpBufferSize;
	BOOLEAN VirtualDevice;
	UCHAR DumpMode;
	UCHAR DmaAddressWidth;
	ULONG ExtendedFlags1;
	ULONG MaxNumberOfIO;
	ULONG MaxIOsPerLun;
	ULONG InitialLunQueueDepth;
	ULONG BusResetHoldTime;
	ULONG FeatureSupport;
};

typedef struct _PORT_CONFIGURATION_INFORMATION PORT_CONFIGURATION_INFORMATION,
	*PPORT_CONFIGURATION_INFORMATION;

/**
 * struct _STOR_SCATTER_GATHER_ELEMENT - one contiguous piece, as in SCATTER_GATHER_ELEMENT
 * @PhysicalAddress: address of the piece for the device
 * @Length: bytes in the piece
 * @Reserved: for the implementation
 */
struct _STOR_SCATTER_GATHER_ELEMENT {
	STOR_PHYSICAL_ADDRESS PhysicalAddress;
	ULONG Length;
	ULONG_PTR Reserved;
};

typedef struct _STOR_SCATTER_GATHER_ELEMENT STOR_SCATTER_GATHER_ELEMENT,
	*PSTOR_SCATTER_GATHER_ELEMENT;

/**
 * struct _STOR_SCATTER_GATHER_LIST - laid out as SCATTER_GATHER_LIST, so one can be handed through
 * @NumberOfElements: entries in @List
 * @Reserved: for the implementation
 * @List: the pieces in transfer order
 */
struct _STOR_SCATTER_GATHER_LIST {
	ULONG NumberOfElements;
	ULONG_PTR Reserved;
	STOR_SCATTER_GATHER_ELEMENT List[];
};

typedef struct _STOR_SCATTER_GATHER_LIST STOR_SCATTER_GATHER_LIST, *PSTOR_SCATTER_GATHER_LIST;

/* The first two arguments are to be ignored. */
typedef VOID (*PPOST_SCATTER_GATHER_EXECUTE)(PVOID *device_object, PVOID *irp,
					     PSTOR_SCATTER_GATHER_LIST scatter_gather,
					     PVOID context);

/* Memory that CPU and device share. */
ULONG StorPortAllocateDmaMemory(PVOID hw_device_extension, SIZE_T number_of_bytes,
				PHYSICAL_ADDRESS lowest_acceptable_address,
				PHYSICAL_ADDRESS highest_acceptable_address,
				PHYSICAL_ADDRESS boundary_address_multiple,
				MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT preferred_node,
				PVOID *buffer_pointer, PPHYSICAL_ADDRESS physical_address);
ULONG StorPortFreeDmaMemory(PVOID hw_device_extension, PVOID base_address, SIZE_T number_of_bytes,
			    MEMORY_CACHING_TYPE cache_type, PHYSICAL_ADDRESS physical_address);
ULONG StorPortAllocateContiguousMemorySpecifyCacheNode(PVOID hw_device_extension,
						       SIZE_T number_of_bytes,
						       PHYSICAL_ADDRESS lowest_acceptable_address,
						       PHYSICAL_ADDRESS highest_acceptable_address,
						       PHYSICAL_ADDRESS boundary_address_multiple,
						       MEMORY_CACHING_TYPE cache_type,
						       NODE_REQUIREMENT preferred_node,
						       PVOID *buffer_pointer);
ULONG StorPortFreeContiguousMemorySpecifyCache(PVOID hw_device_extension, PVOID base_address,
					       SIZE_T number_of_bytes,
					       MEMORY_CACHING_TYPE cache_type);
PVOID StorPortGetUncachedExtension(PVOID hw_device_extension,
				   PPORT_CONFIGURATION_INFORMATION config_info,
				   ULONG number_of_bytes);

/*
 * Addresses of such memory, and of what belongs to a request. All calls with an SRB take either
 * form.
 */
STOR_PHYSICAL_ADDRESS StorPortGetPhysicalAddress(PVOID hw_device_extension,
						 PVOID srb, PVOID virtual_address, ULONG *length);
PVOID StorPortGetVirtualAddress(PVOID hw_device_extension, STOR_PHYSICAL_ADDRESS physical_address);

/* Scatter/gather lists. */
PSTOR_SCATTER_GATHER_LIST StorPortGetScatterGatherList(PVOID hw_device_extension, PVOID srb);
ULONG StorPortGetDataInBufferScatterGatherList(PVOID hw_device_extension, PVOID srb,
					       PSTOR_SCATTER_GATHER_LIST *scatter_gather_list);
ULONG StorPortGetOriginalMdl(PVOID hw_device_extension, PVOID srb, PVOID *mdl);
ULONG StorPortBuildScatterGatherList(PVOID hw_device_extension, PVOID mdl, PVOID current_va,
				     ULONG length, PPOST_SCATTER_GATHER_EXECUTE execution_routine,
				     PVOID context, BOOLEAN write_to_device,
				     PVOID scatter_gather_buffer,
				     ULONG scatter_gather_buffer_length);
ULONG StorPortPutScatterGatherList(PVOID hw_device_extension,
				   PSTOR_SCATTER_GATHER_LIST scatter_gather_list,
				   BOOLEAN write_to_device);

/* Pool, MDLs, and memory for the device alone. */
ULONG StorPortAllocatePool(PVOID hw_device_extension, ULONG number_of_bytes, ULONG tag,
			   PVOID *buffer_pointer);
ULONG StorPortFreePool(PVOID hw_device_extension, PVOID buffer_pointer);
ULONG StorPortAllocateMdl(PVOID hw_device_extension, PVOID buffer_pointer, ULONG number_of_bytes,
			  PVOID *mdl);
ULONG StorPortFreeMdl(PVOID hw_device_extension, PVOID mdl);
ULONG StorPortBuildMdlForNonPagedPool(PVOID hw_device_extension, PVOID mdl);
ULONG StorPortAllocateHostMemoryBuffer(PVOID hw_device_extension, SIZE_T minimum_bytes,
				       SIZE_T preferred_bytes,
				       ULONGLONG utilization_bytes, ULONG alignment_bytes,
				       PHYSICAL_ADDRESS lowest_acceptable_address,
				       PHYSICAL_ADDRESS highest_acceptable_address,
				       PHYSICAL_ADDRESS boundary_address_multiple,
				       PACCESS_RANGE physical_address_ranges,
				       PULONG physical_address_range_count);
ULONG StorPortFreeHostMemoryBuffer(PVOID hw_device_extension, PACCESS_RANGE physical_address_ranges,
				   ULONG physical_address_range_count);

WDMDMA_HEADER_END

#endif /* WDMDMA_STORPORT_H */
