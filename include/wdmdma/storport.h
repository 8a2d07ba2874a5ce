/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * StorPort's memory and DMA routines, for miniports. STOR_STATUS_* stand in wdmdma/status.h.
 *
 * Terms
 *   HwDeviceExtension: the miniport's memory for one adapter, and its handle in every call. The
 *     Linux half makes it: wdmdma_hw_device_extension_create().
 *   SRB: a request. The Linux half makes it too: wdmdma_srb_create().
 *   physical address: in all of this the address for the device, a logical one. Behind an IOMMU
 *     that is not the CPU's.
 *
 * The routines that return a status are functions here, not wrappers around
 * StorPortExtendedFunction, which does not exist.
 */
#ifndef WDMDMA_STORPORT_H
#define WDMDMA_STORPORT_H

#include <wdmdma/types.h>
#include <wdmdma/status.h>
#include <wdmdma/dma.h>

/* A physical or a bus-relative address: what the controller must be given. */
typedef PHYSICAL_ADDRESS STOR_PHYSICAL_ADDRESS, *PSTOR_PHYSICAL_ADDRESS;

#define SRB_FUNCTION_EXECUTE_SCSI	0x00

#define SRB_STATUS_PENDING		0x00
#define SRB_STATUS_SUCCESS		0x01
#define SRB_STATUS_ABORTED		0x02
#define SRB_STATUS_ERROR		0x04
#define SRB_STATUS_BUSY			0x05
#define SRB_STATUS_INVALID_REQUEST	0x06

#define SRB_FLAGS_NO_DATA_TRANSFER	0x00000000
#define SRB_FLAGS_DATA_IN		0x00000040
#define SRB_FLAGS_DATA_OUT		0x00000080

/**
 * struct _SCSI_REQUEST_BLOCK - a request to the miniport
 * @Length: bytes of this structure
 * @Function: SRB_FUNCTION_*
 * @SrbStatus: SRB_STATUS_*, set by the miniport
 * @ScsiStatus: status byte of the SCSI command
 * @PathId: bus
 * @TargetId: target
 * @Lun: logical unit
 * @QueueTag: tag of the request
 * @QueueAction: kind of tag
 * @CdbLength: bytes of @Cdb that count
 * @SenseInfoBufferLength: bytes at @SenseInfoBuffer
 * @SrbFlags: SRB_FLAGS_*
 * @DataTransferLength: bytes at @DataBuffer
 * @TimeOutValue: seconds
 * @DataBuffer: the data: an index into the MDL, and an address only if the MDL is mapped
 * @SenseInfoBuffer: receives sense data; the device may write it
 * @NextSrb: the request that is meant, for requests about requests
 * @OriginalRequest: belongs to the port driver
 * @SrbExtension: the miniport's memory for this request; the device may use it
 * @InternalStatus: status for an internal error
 * @QueueSortKey: where in the queue
 * @LinkTimeoutValue: not used
 * @Reserved: not used
 * @Cdb: the SCSI command
 */
struct _SCSI_REQUEST_BLOCK {
	USHORT Length;
	UCHAR Function;
	UCHAR SrbStatus;
	UCHAR ScsiStatus;
	UCHAR PathId;
	UCHAR TargetId;
	UCHAR Lun;
	UCHAR QueueTag;
	UCHAR QueueAction;
	UCHAR CdbLength;
	UCHAR SenseInfoBufferLength;
	ULONG SrbFlags;
	ULONG DataTransferLength;
	ULONG TimeOutValue;
	PVOID DataBuffer;
	PVOID SenseInfoBuffer;
	struct _SCSI_REQUEST_BLOCK *NextSrb;
	PVOID OriginalRequest;
	PVOID SrbExtension;
	union {
		ULONG InternalStatus;
		ULONG QueueSortKey;
		ULONG LinkTimeoutValue;
	};
	ULONG Reserved;
	UCHAR Cdb[16];
};

typedef struct _SCSI_REQUEST_BLOCK SCSI_REQUEST_BLOCK, *PSCSI_REQUEST_BLOCK;

/* PORT_CONFIGURATION_INFORMATION.Dma64BitAddresses */
#define SCSI_DMA64_MINIPORT_SUPPORTED				1
#define SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED			2
#define SCSI_DMA64_MINIPORT_FULL64BIT_NO_BOUNDARY_REQ_SUPPORTED	3
#define SCSI_DMA64_MINIPORT_64BIT_ONE_4GB_SUPPORTED		4
#define SCSI_DMA64_SYSTEM_SUPPORTED				0x80

/* PORT_CONFIGURATION_INFORMATION.FeatureSupport */
#define STOR_ADAPTER_UNCACHED_EXTENSION_NUMA_NODE_PREFERRED	0x00000004
#define STOR_ADAPTER_DMA_V3_PREFERRED				0x00000008
#define STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED		0x00000040

/**
 * struct _PORT_CONFIGURATION_INFORMATION - what the miniport tells about its adapter
 * @Length: bytes of this structure
 * @SystemIoBusNumber: not used
 * @AdapterInterfaceType: not used
 * @MaximumTransferLength: not used
 * @NumberOfPhysicalBreaks: not used
 * @DmaChannel: not used
 * @DmaPort: not used
 * @DmaWidth: not used
 * @DmaSpeed: not used
 * @ScatterGather: not used
 * @Master: must be TRUE
 * @Dma32BitAddresses: not used: what does not drive 64 bits drives 32
 * @AutoRequestSense: not used
 * @SrbExtensionSize: not used: wdmdma_srb_create() is told
 * @Dma64BitAddresses: SCSI_DMA64_*: where the uncached extension may lie
 * @FeatureSupport: STOR_ADAPTER_*
 * @DmaAddressWidth: address bits, 1 to 64, if @FeatureSupport says that it counts
 *
 * Only the members that belong to DMA, and not their Windows layout: nobody computes with it. The
 * miniport sets those that apply; StorPortGetUncachedExtension() reads those that it uses.
 */
struct _PORT_CONFIGURATION_INFORMATION {
	ULONG Length;
	ULONG SystemIoBusNumber;
	INTERFACE_TYPE AdapterInterfaceType;
	ULONG MaximumTransferLength;
	ULONG NumberOfPhysicalBreaks;
	ULONG DmaChannel;
	ULONG DmaPort;
	DMA_WIDTH DmaWidth;
	DMA_SPEED DmaSpeed;
	BOOLEAN ScatterGather;
	BOOLEAN Master;
	BOOLEAN Dma32BitAddresses;
	BOOLEAN AutoRequestSense;
	ULONG SrbExtensionSize;
	UCHAR Dma64BitAddresses;
	ULONG FeatureSupport;
	ULONG DmaAddressWidth;
};

typedef struct _PORT_CONFIGURATION_INFORMATION PORT_CONFIGURATION_INFORMATION,
	*PPORT_CONFIGURATION_INFORMATION;

/**
 * struct _STOR_SCATTER_GATHER_ELEMENT - one contiguous piece; laid out as SCATTER_GATHER_ELEMENT
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

/* Addresses of such memory, and of what belongs to a request. */
STOR_PHYSICAL_ADDRESS StorPortGetPhysicalAddress(PVOID hw_device_extension,
						 PSCSI_REQUEST_BLOCK srb, PVOID virtual_address,
						 ULONG *length);
PVOID StorPortGetVirtualAddress(PVOID hw_device_extension, STOR_PHYSICAL_ADDRESS physical_address);

/* Scatter/gather lists. */
PSTOR_SCATTER_GATHER_LIST StorPortGetScatterGatherList(PVOID hw_device_extension,
						       PSCSI_REQUEST_BLOCK srb);
ULONG StorPortGetDataInBufferScatterGatherList(PVOID hw_device_extension, PSCSI_REQUEST_BLOCK srb,
					       PSTOR_SCATTER_GATHER_LIST *scatter_gather_list);
ULONG StorPortGetOriginalMdl(PVOID hw_device_extension, PSCSI_REQUEST_BLOCK srb, PVOID *mdl);
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

#endif /* WDMDMA_STORPORT_H */
