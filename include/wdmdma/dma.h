/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DMA adapter of the Windows Driver Model, with its description, its table of operations, and
 * every structure that those name.
 *
 *   logical address   address that the device puts on the bus. It is the physical address only if
 *                     no IOMMU translates for the device.
 *   map register      translation or bounce buffer for one page. It may exist only as a number.
 *   bus master        device that does DMA itself. The DMA of a subordinate device is done by a DMA
 *                     controller.
 *   packet DMA        transfers with map registers or scatter/gather lists. A common buffer needs
 *                     neither.
 *
 * All members keep the documented order and the 64-bit Windows layout, which wdmdma/wdm/wdm_abi.c
 * asserts. A level in a comment (PASSIVE_LEVEL, DISPATCH_LEVEL) is the one that Windows asks for.
 */
#ifndef WDMDMA_DMA_H
#define WDMDMA_DMA_H

#include <wdmdma/types.h>
#include <wdmdma/status.h>
#include <wdmdma/mdl.h>

WDMDMA_HEADER_BEGIN

/* The version selects the table of operations, the first by 0 and 1, the second by 2, and so on. */
#define DEVICE_DESCRIPTION_VERSION	0
#define DEVICE_DESCRIPTION_VERSION1	1
#define DEVICE_DESCRIPTION_VERSION2	2
#define DEVICE_DESCRIPTION_VERSION3	3

/*
 * Before Windows 8 the structure ended after DmaPort. A driver written against that header passes
 * this many bytes and no more, so nothing past them may be read below version 3.
 */
#define WDMDMA_DEVICE_DESCRIPTION_OLD_SIZE 0x28

typedef enum _INTERFACE_TYPE {
	InterfaceTypeUndefined = -1,	/* ask the device object */
	Internal = 0,
	Isa = 1,
	Eisa = 2,
	MicroChannel = 3,
	TurboChannel = 4,
	PCIBus = 5,
	VMEBus = 6,
	NuBus = 7,
	PCMCIABus = 8,
	CBus = 9,
	MPIBus = 10,
	MPSABus = 11,
	ProcessorInternal = 12,
	InternalPowerBus = 13,
	PNPISABus = 14,
	PNPBus = 15,
	Vmcs = 16,
	ACPIBus = 17,
	MaximumInterfaceType = 18,
} INTERFACE_TYPE, *PINTERFACE_TYPE;

/* Width of one transfer of a subordinate device. */
typedef enum _DMA_WIDTH {
	Width8Bits = 0,
	Width16Bits = 1,
	Width32Bits = 2,
	Width64Bits = 3,
	WidthNoWrap = 4,
	MaximumDmaWidth = 5,
} DMA_WIDTH, *PDMA_WIDTH;

/* Timing of a subordinate device. */
typedef enum _DMA_SPEED {
	Compatible = 0,
	TypeA = 1,
	TypeB = 2,
	TypeC = 3,
	TypeF = 4,
	MaximumDmaSpeed = 5,
} DMA_SPEED, *PDMA_SPEED;

/**
 * struct _DEVICE_DESCRIPTION - what a driver tells IoGetDmaAdapter() about its device
 * @Version: DEVICE_DESCRIPTION_VERSION* (0 to 3)
 * @Master: TRUE for a bus master
 * @ScatterGather: the device takes scatter/gather lists. Ignored for subordinate devices
 * @DemandMode: use the demand mode of the DMA controller (subordinate only)
 * @AutoInitialize: use the auto-initialize mode of the DMA controller (subordinate only)
 * @Dma32BitAddresses: the device drives 32 address bits (below version 3)
 * @IgnoreCount: the transfer counter of the controller is unreliable (from version 1)
 * @Reserved1: must be FALSE
 * @Dma64BitAddresses: the device drives 64 address bits (below version 3)
 * @BusNumber: not used
 * @DmaChannel: channel number (subordinate only)
 * @InterfaceType: bus the device sits on
 * @DmaWidth: width of one transfer (subordinate only)
 * @DmaSpeed: timing (subordinate only, below version 3)
 * @MaximumLength: most bytes the device moves in one DMA operation
 * @DmaPort: obsolete
 * @DmaAddressWidth: address bits the device drives, 1 to 64 (version 3, bus master)
 * @DmaControllerInstance: not used
 * @DmaRequestLine: request line of the controller (version 3, subordinate)
 * @DeviceAddress: address of the device's data register (version 3, subordinate)
 *
 * The driver clears the whole structure and then sets what applies. Members from @DmaAddressWidth
 * on exist for version 3 only, see WDMDMA_DEVICE_DESCRIPTION_OLD_SIZE.
 */
struct _DEVICE_DESCRIPTION {
	ULONG Version;
	BOOLEAN Master;
	BOOLEAN ScatterGather;
	BOOLEAN DemandMode;
	BOOLEAN AutoInitialize;
	BOOLEAN Dma32BitAddresses;
	BOOLEAN IgnoreCount;
	BOOLEAN Reserved1;
	BOOLEAN Dma64BitAddresses;
	ULONG BusNumber;
	ULONG DmaChannel;
	INTERFACE_TYPE InterfaceType;
	DMA_WIDTH DmaWidth;
	DMA_SPEED DmaSpeed;
	ULONG MaximumLength;
	ULONG DmaPort;
	ULONG DmaAddressWidth;
	ULONG DmaControllerInstance;
	ULONG DmaRequestLine;
	PHYSICAL_ADDRESS DeviceAddress;
};

typedef struct _DEVICE_DESCRIPTION DEVICE_DESCRIPTION, *PDEVICE_DESCRIPTION;

struct _DMA_OPERATIONS;

/* The only value of DMA_ADAPTER.Version, which does not depend on the version of the table. */
#define HAL_DMA_ADAPTER_VERSION_1 1

/**
 * struct _DMA_ADAPTER - what IoGetDmaAdapter() returns
 * @Version: HAL_DMA_ADAPTER_VERSION_1, whatever the version of the table
 * @Size: bytes of this structure
 * @DmaOperations: the operations. The module's tables are read-only, but the type is not const,
 *	because `PDMA_OPERATIONS ops = adapter->DmaOperations` of Windows drivers must compile
 *	without a warning, and filter drivers set the pointer to a table of their own.
 */
struct _DMA_ADAPTER {
	USHORT Version;
	USHORT Size;
	struct _DMA_OPERATIONS *DmaOperations;
};

/* The name by which older drivers know an adapter. */
typedef struct _DMA_ADAPTER *PADAPTER_OBJECT;

/* A logical address has the type of a physical one. */
typedef PHYSICAL_ADDRESS DMA_LOGICAL_ADDRESS, *PDMA_LOGICAL_ADDRESS;

/**
 * struct _SCATTER_GATHER_ELEMENT - one contiguous piece of a transfer
 * @Address: logical address of the piece
 * @Length: bytes in the piece
 * @Reserved: for the implementation
 */
struct _SCATTER_GATHER_ELEMENT {
	PHYSICAL_ADDRESS Address;
	ULONG Length;
	ULONG_PTR Reserved;
};

typedef struct _SCATTER_GATHER_ELEMENT SCATTER_GATHER_ELEMENT, *PSCATTER_GATHER_ELEMENT;

/**
 * struct _SCATTER_GATHER_LIST - the pieces of a transfer
 * @NumberOfElements: entries in @Elements
 * @Reserved: for the implementation
 * @Elements: the pieces in transfer order
 *
 * A driver that supplies the memory must ask for the size (CalculateScatterGatherList or
 * GetDmaTransferInfo), because Windows keeps data of its own behind @Elements.
 */
struct _SCATTER_GATHER_LIST {
	ULONG NumberOfElements;
	ULONG_PTR Reserved;
	SCATTER_GATHER_ELEMENT Elements[];
};

typedef struct _SCATTER_GATHER_LIST SCATTER_GATHER_LIST, *PSCATTER_GATHER_LIST;

#define DMA_ADAPTER_INFO_VERSION1		1
#define DMA_ADAPTER_INFO_VERSION_CRASHDUMP	0xFFFFFFFFU

#define ADAPTER_INFO_SYNCHRONOUS_CALLBACK	0x0001
#define ADAPTER_INFO_API_BYPASS			0x0002

/**
 * struct _DMA_ADAPTER_INFO_V1 - abilities of an adapter
 * @ReadDmaCounterAvailable: TRUE if ReadDmaCounter works
 * @ScatterGatherLimit: most elements in one transfer
 * @DmaAddressWidth: bits in an address that the device drives
 * @Flags: ADAPTER_INFO_*
 * @MinimumTransferUnit: the length of each element must be a multiple of this
 */
struct _DMA_ADAPTER_INFO_V1 {
	ULONG ReadDmaCounterAvailable;
	ULONG ScatterGatherLimit;
	ULONG DmaAddressWidth;
	ULONG Flags;
	ULONG MinimumTransferUnit;
};

typedef struct _DMA_ADAPTER_INFO_V1 DMA_ADAPTER_INFO_V1, *PDMA_ADAPTER_INFO_V1;

/**
 * struct _DMA_ADAPTER_INFO - argument of GetDmaAdapterInfo
 * @Version: DMA_ADAPTER_INFO_VERSION1, set by the caller
 * @V1: the answer
 *
 * @V1 lies at offset 4, as in all kernels and in the headers before Windows 11 22H2. The crash-dump
 * variant of newer headers is left out, because it is not documented.
 */
struct _DMA_ADAPTER_INFO {
	ULONG Version;
	union {
		DMA_ADAPTER_INFO_V1 V1;
	};
};

typedef struct _DMA_ADAPTER_INFO DMA_ADAPTER_INFO, *PDMA_ADAPTER_INFO;

#define DMA_TRANSFER_INFO_VERSION1	1
#define DMA_TRANSFER_INFO_VERSION2	2

/**
 * struct _DMA_TRANSFER_INFO_V1 - what one transfer needs
 * @MapRegisterCount: map registers for the whole transfer
 * @ScatterGatherElementCount: elements of its list
 * @ScatterGatherListSize: bytes of its list, with the private data of the implementation
 */
struct _DMA_TRANSFER_INFO_V1 {
	ULONG MapRegisterCount;
	ULONG ScatterGatherElementCount;
	ULONG ScatterGatherListSize;
};

typedef struct _DMA_TRANSFER_INFO_V1 DMA_TRANSFER_INFO_V1, *PDMA_TRANSFER_INFO_V1;

/**
 * struct _DMA_TRANSFER_INFO_V2 - DMA_TRANSFER_INFO_V1 and one member more
 * @MapRegisterCount: map registers for the whole transfer
 * @ScatterGatherElementCount: elements of its list
 * @ScatterGatherListSize: bytes of its list, with the private data of the implementation
 * @LogicalPageCount: pages that the logical addresses span
 */
struct _DMA_TRANSFER_INFO_V2 {
	ULONG MapRegisterCount;
	ULONG ScatterGatherElementCount;
	ULONG ScatterGatherListSize;
	ULONG LogicalPageCount;
};

typedef struct _DMA_TRANSFER_INFO_V2 DMA_TRANSFER_INFO_V2, *PDMA_TRANSFER_INFO_V2;

/**
 * struct _DMA_TRANSFER_INFO - argument of GetDmaTransferInfo
 * @Version: DMA_TRANSFER_INFO_VERSION1 or 2, set by the caller
 * @V1: the answer to version 1
 * @V2: the answer to version 2
 */
struct _DMA_TRANSFER_INFO {
	ULONG Version;
	union {
		DMA_TRANSFER_INFO_V1 V1;
		DMA_TRANSFER_INFO_V2 V2;
	};
};

typedef struct _DMA_TRANSFER_INFO DMA_TRANSFER_INFO, *PDMA_TRANSFER_INFO;

/* The opaque block that InitializeDmaTransferContext fills. It belongs to the caller. */
#define DMA_TRANSFER_CONTEXT_VERSION1	1
#define DMA_TRANSFER_CONTEXT_SIZE_V1	128

/* Flags of AllocateAdapterChannelEx, GetScatterGatherListEx and BuildScatterGatherListEx. */
#define DMA_SYNCHRONOUS_CALLBACK	0x01
#define DMA_ZERO_BUFFERS		0x02
#define DMA_FAIL_ON_BOUNCE		0x04

/* The flag of AllocateDomainCommonBuffer and AllocateCommonBufferWithBounds, for 2 MiB pages. */
#define DOMAIN_COMMON_BUFFER_LARGE_PAGE	0x0001

typedef enum _DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_TYPE {
	CommonBufferConfigTypeLogicalAddressLimits = 0,
	CommonBufferConfigTypeSubSection = 1,
	CommonBufferConfigTypeHardwareAccessPermissions = 2,
	CommonBufferConfigTypeMax = 3,		/* a count, not a type */
} DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_TYPE, *PDMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_TYPE;

/* Access that the device may have. Only an IOMMU can limit it to one direction. */
typedef enum _DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_ACCESS_TYPE {
	CommonBufferHardwareAccessReadOnly = 0,
	CommonBufferHardwareAccessWriteOnly = 1,
	CommonBufferHardwareAccessReadWrite = 2,
	CommonBufferHardwareAccessMax = 3,	/* a count, not a type */
} DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_ACCESS_TYPE,
	*PDMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_ACCESS_TYPE;

/**
 * struct _DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION - one wish for CreateCommonBufferFromMdl
 * @ConfigType: which member of the union counts
 * @LogicalAddressLimits: lowest and highest logical address the buffer may use, both inclusive
 * @LogicalAddressLimits.MinimumAddress: lowest address of the first byte
 * @LogicalAddressLimits.MaximumAddress: highest address of the last byte
 * @SubSection: the part of the MDL to use, in whole pages
 * @SubSection.Offset: its first byte, counted from the start of the MDL chain
 * @SubSection.Length: its bytes
 * @HardwareAccessType: what the device may do
 * @Reserved: not used
 */
struct _DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION {
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_TYPE ConfigType;
	union {
		struct {
			PHYSICAL_ADDRESS MinimumAddress;
			PHYSICAL_ADDRESS MaximumAddress;
		} LogicalAddressLimits;
		struct {
			ULONGLONG Offset;
			ULONG Length;
		} SubSection;
		DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION_ACCESS_TYPE HardwareAccessType;
		ULONGLONG Reserved[4];
	};
};

typedef struct _DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION,
	*PDMA_COMMON_BUFFER_EXTENDED_CONFIGURATION;

/* An opaque handle for many common buffers made by one call. */
typedef struct _DMA_COMMON_BUFFER_VECTOR DMA_COMMON_BUFFER_VECTOR, *PDMA_COMMON_BUFFER_VECTOR;

/* The part that the driver keeps, as returned by DRIVER_CONTROL and passed to FreeAdapterObject. */
typedef enum _IO_ALLOCATION_ACTION {
	KeepObject = 1,				/* channel and map registers */
	DeallocateObject = 2,			/* nothing */
	DeallocateObjectKeepRegisters = 3,	/* the map registers */
} IO_ALLOCATION_ACTION, *PIO_ALLOCATION_ACTION;

typedef enum _DMA_COMPLETION_STATUS {
	DmaComplete = 0,
	DmaAborted = 1,		/* never used */
	DmaError = 2,
	DmaCancelled = 3,
} DMA_COMPLETION_STATUS, *PDMA_COMPLETION_STATUS;

/*
 * Routines of the driver that the module calls, all at DISPATCH_LEVEL.
 */

/* The channel and its map registers are ready. Must not wait for the transfer. */
typedef IO_ALLOCATION_ACTION DRIVER_CONTROL(PDEVICE_OBJECT device_object, PIRP irp,
					    PVOID map_register_base, PVOID context);
typedef DRIVER_CONTROL *PDRIVER_CONTROL;

/* The scatter/gather list is ready. */
typedef VOID DRIVER_LIST_CONTROL(PDEVICE_OBJECT device_object, PIRP irp,
				 PSCATTER_GATHER_LIST scatter_gather, PVOID context);
typedef DRIVER_LIST_CONTROL *PDRIVER_LIST_CONTROL;

/* A DMA controller is done. Never called for a bus master. */
typedef VOID DMA_COMPLETION_ROUTINE(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
				    PVOID completion_context, DMA_COMPLETION_STATUS status);
typedef DMA_COMPLETION_ROUTINE *PDMA_COMPLETION_ROUTINE;

/*
 * The operations of table version 1.
 */

/* Releases the adapter. Everything made with it must be gone. Up to DISPATCH_LEVEL. */
typedef VOID (*PPUT_DMA_ADAPTER)(PDMA_ADAPTER adapter);

/*
 * Allocates memory that CPU and device share, or returns NULL. Windows ignores cache_enabled,
 * because platform and device decide. PASSIVE_LEVEL.
 */
typedef PVOID (*PALLOCATE_COMMON_BUFFER)(PDMA_ADAPTER adapter, ULONG length,
					 PPHYSICAL_ADDRESS logical_address, BOOLEAN cache_enabled);

/* Frees a buffer, named by the length and the addresses of its allocation. PASSIVE_LEVEL. */
typedef VOID (*PFREE_COMMON_BUFFER)(PDMA_ADAPTER adapter, ULONG length,
				    PHYSICAL_ADDRESS logical_address, PVOID virtual_address,
				    BOOLEAN cache_enabled);

/* Calls execution_routine once channel and map registers are free, now or later. DISPATCH_LEVEL. */
typedef NTSTATUS (*PALLOCATE_ADAPTER_CHANNEL)(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					      ULONG number_of_map_registers,
					      PDRIVER_CONTROL execution_routine, PVOID context);

/* Ends a MapTransfer, whose start is current_va. Up to DISPATCH_LEVEL. */
typedef BOOLEAN (*PFLUSH_ADAPTER_BUFFERS)(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
					  PVOID current_va, ULONG length, BOOLEAN write_to_device);

/* Frees a channel and the map registers that came with it. DISPATCH_LEVEL. */
typedef VOID (*PFREE_ADAPTER_CHANNEL)(PDMA_ADAPTER adapter);

/* Frees map registers kept by DeallocateObjectKeepRegisters. DISPATCH_LEVEL. */
typedef VOID (*PFREE_MAP_REGISTERS)(PDMA_ADAPTER adapter, PVOID map_register_base,
				    ULONG number_of_map_registers);

/* Maps one contiguous piece of a locked buffer, and sets *length. Up to DISPATCH_LEVEL. */
typedef PHYSICAL_ADDRESS (*PMAP_TRANSFER)(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
					  PVOID current_va, PULONG length,
					  BOOLEAN write_to_device);

/* Returns the alignment in bytes (not a mask), which is 1 if there is none. PASSIVE_LEVEL. */
typedef ULONG (*PGET_DMA_ALIGNMENT)(PDMA_ADAPTER adapter);

/* Returns the bytes that a DMA controller has left to move. Up to DISPATCH_LEVEL. */
typedef ULONG (*PREAD_DMA_COUNTER)(PDMA_ADAPTER adapter);

/* Maps an MDL chain and passes the list to execution_routine. DISPATCH_LEVEL. */
typedef NTSTATUS (*PGET_SCATTER_GATHER_LIST)(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					     PMDL mdl, PVOID current_va, ULONG length,
					     PDRIVER_LIST_CONTROL execution_routine, PVOID context,
					     BOOLEAN write_to_device);

/* Ends the transfer of a list and frees what the module allocated for it. DISPATCH_LEVEL. */
typedef VOID (*PPUT_SCATTER_GATHER_LIST)(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST scatter_gather,
					 BOOLEAN write_to_device);

/*
 * The operations that table version 2 adds.
 */

/* Returns the size of a list, for the worst case if there is no MDL. Any level. */
typedef NTSTATUS (*PCALCULATE_SCATTER_GATHER_LIST_SIZE)(PDMA_ADAPTER adapter, PMDL mdl,
							PVOID current_va, ULONG length,
							PULONG scatter_gather_list_size,
							PULONG number_of_map_registers);

/* GetScatterGatherList with the list in memory of the caller. DISPATCH_LEVEL. */
typedef NTSTATUS (*PBUILD_SCATTER_GATHER_LIST)(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					       PMDL mdl, PVOID current_va, ULONG length,
					       PDRIVER_LIST_CONTROL execution_routine,
					       PVOID context, BOOLEAN write_to_device,
					       PVOID scatter_gather_buffer,
					       ULONG scatter_gather_length);

/* An MDL of the memory that a list really points at. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PBUILD_MDL_FROM_SCATTER_GATHER_LIST)(PDMA_ADAPTER adapter,
							PSCATTER_GATHER_LIST scatter_gather,
							PMDL original_mdl, PMDL *target_mdl);

/*
 * The operations that table version 3 adds.
 */

/* Fills in adapter_info->V1. The caller must set Version. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PGET_DMA_ADAPTER_INFO)(PDMA_ADAPTER adapter, PDMA_ADAPTER_INFO adapter_info);

/* Returns the needs of a transfer. The caller must set Version. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PGET_DMA_TRANSFER_INFO)(PDMA_ADAPTER adapter, PMDL mdl, ULONGLONG offset,
					   ULONG length, BOOLEAN write_only,
					   PDMA_TRANSFER_INFO transfer_info);

/* Initializes DMA_TRANSFER_CONTEXT_SIZE_V1 bytes. There is no undo. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PINITIALIZE_DMA_TRANSFER_CONTEXT)(PDMA_ADAPTER adapter,
						     PVOID dma_transfer_context);

/*
 * Does the same as AllocateCommonBuffer, with a highest logical address (inclusive, or NULL for
 * none) and a NUMA node. Windows obeys cache_enabled here. PASSIVE_LEVEL.
 */
typedef PVOID (*PALLOCATE_COMMON_BUFFER_EX)(PDMA_ADAPTER adapter, PPHYSICAL_ADDRESS maximum_address,
					    ULONG length, PPHYSICAL_ADDRESS logical_address,
					    BOOLEAN cache_enabled, NODE_REQUIREMENT preferred_node);

/* AllocateAdapterChannel that can be cancelled, or can answer at once. DISPATCH_LEVEL. */
typedef NTSTATUS (*PALLOCATE_ADAPTER_CHANNEL_EX)(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
						 PVOID dma_transfer_context,
						 ULONG number_of_map_registers, ULONG flags,
						 PDRIVER_CONTROL execution_routine,
						 PVOID execution_context, PVOID *map_register_base);

/* Calls a function of the DMA controller. Not for bus masters. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PCONFIGURE_ADAPTER_CHANNEL)(PDMA_ADAPTER adapter, ULONG function_number,
					       PVOID context);

/* Returns TRUE if the request with this context will not run. Up to DISPATCH_LEVEL. */
typedef BOOLEAN (*PCANCEL_ADAPTER_CHANNEL)(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					   PVOID dma_transfer_context);

/* Maps a part of an MDL chain into a list, and sets *length. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PMAP_TRANSFER_EX)(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
				     ULONGLONG offset, ULONG device_offset, PULONG length,
				     BOOLEAN write_to_device,
				     PSCATTER_GATHER_LIST scatter_gather_buffer,
				     ULONG scatter_gather_buffer_length,
				     PDMA_COMPLETION_ROUTINE dma_completion_routine,
				     PVOID completion_context);

/* AllocateAdapterChannelEx and MapTransferEx in one. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PGET_SCATTER_GATHER_LIST_EX)(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
						PVOID dma_transfer_context, PMDL mdl,
						ULONGLONG offset, ULONG length, ULONG flags,
						PDRIVER_LIST_CONTROL execution_routine,
						PVOID context, BOOLEAN write_to_device,
						PDMA_COMPLETION_ROUTINE dma_completion_routine,
						PVOID completion_context,
						PSCATTER_GATHER_LIST *scatter_gather_list);

/*
 * The same with the list in memory of the caller. The last argument is a PSCATTER_GATHER_LIST *
 * that the documents type as PVOID. DISPATCH_LEVEL.
 */
typedef NTSTATUS (*PBUILD_SCATTER_GATHER_LIST_EX)(PDMA_ADAPTER adapter,
						  PDEVICE_OBJECT device_object,
						  PVOID dma_transfer_context, PMDL mdl,
						  ULONGLONG offset, ULONG length, ULONG flags,
						  PDRIVER_LIST_CONTROL execution_routine,
						  PVOID context, BOOLEAN write_to_device,
						  PVOID scatter_gather_buffer,
						  ULONG scatter_gather_length,
						  PDMA_COMPLETION_ROUTINE dma_completion_routine,
						  PVOID completion_context,
						  PVOID scatter_gather_list);

/* Ends a MapTransferEx, with the same arguments. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PFLUSH_ADAPTER_BUFFERS_EX)(PDMA_ADAPTER adapter, PMDL mdl,
					      PVOID map_register_base, ULONGLONG offset,
					      ULONG length, BOOLEAN write_to_device);

/* Frees what a synchronous request without a routine left allocated. Up to DISPATCH_LEVEL. */
typedef VOID (*PFREE_ADAPTER_OBJECT)(PDMA_ADAPTER adapter, IO_ALLOCATION_ACTION allocation_action);

/* No further transfer runs under this context. Up to DISPATCH_LEVEL. */
typedef NTSTATUS (*PCANCEL_MAPPED_TRANSFER)(PDMA_ADAPTER adapter, PVOID dma_transfer_context);

/*
 * Allocates a common buffer for every adapter of a domain. Without maximum_address there is no
 * limit, and without cache_type the platform decides. PASSIVE_LEVEL.
 */
typedef NTSTATUS (*PALLOCATE_DOMAIN_COMMON_BUFFER)(PDMA_ADAPTER adapter, HANDLE domain_handle,
						   PPHYSICAL_ADDRESS maximum_address, ULONG length,
						   ULONG flags, MEMORY_CACHING_TYPE *cache_type,
						   NODE_REQUIREMENT preferred_node,
						   PPHYSICAL_ADDRESS logical_address,
						   PVOID *virtual_address);

/* Makes CPU caches and memory agree for one MDL. Does nothing for a coherent device. */
typedef NTSTATUS (*PFLUSH_DMA_BUFFER)(PDMA_ADAPTER adapter, PMDL mdl, BOOLEAN read_operation);

/* Joins the domain of another adapter. PASSIVE_LEVEL. */
typedef NTSTATUS (*PJOIN_DMA_DOMAIN)(PDMA_ADAPTER adapter, HANDLE domain_handle);

/* Leaves it again. PASSIVE_LEVEL. */
typedef NTSTATUS (*PLEAVE_DMA_DOMAIN)(PDMA_ADAPTER adapter);

/* The domain that the adapter is in. PASSIVE_LEVEL. */
typedef HANDLE (*PGET_DMA_DOMAIN)(PDMA_ADAPTER adapter);

/* AllocateCommonBufferEx with a lowest address, a cache type and flags. PASSIVE_LEVEL. */
typedef PVOID (*PALLOCATE_COMMON_BUFFER_WITH_BOUNDS)(PDMA_ADAPTER adapter,
						     PPHYSICAL_ADDRESS minimum_address,
						     PPHYSICAL_ADDRESS maximum_address,
						     ULONG length, ULONG flags,
						     MEMORY_CACHING_TYPE *cache_type,
						     NODE_REQUIREMENT preferred_node,
						     PPHYSICAL_ADDRESS logical_address);

/* Allocates many common buffers of one size at once, all or none. */
typedef NTSTATUS (*PALLOCATE_COMMON_BUFFER_VECTOR)(PDMA_ADAPTER adapter,
						   PHYSICAL_ADDRESS low_address,
						   PHYSICAL_ADDRESS high_address,
						   MEMORY_CACHING_TYPE cache_type,
						   NODE_REQUIREMENT ideal_node, ULONG flags,
						   ULONG number_of_elements,
						   ULONGLONG size_of_elements,
						   PDMA_COMMON_BUFFER_VECTOR *vector_out);

/* Returns both addresses of one buffer of a vector. */
typedef VOID (*PGET_COMMON_BUFFER_FROM_VECTOR_BY_INDEX)(PDMA_ADAPTER adapter,
							PDMA_COMMON_BUFFER_VECTOR vector,
							ULONG index, PVOID *virtual_address_out,
							PPHYSICAL_ADDRESS logical_address_out);

/* Frees one buffer of a vector. The vector stays. */
typedef VOID (*PFREE_COMMON_BUFFER_FROM_VECTOR)(PDMA_ADAPTER adapter,
						PDMA_COMMON_BUFFER_VECTOR vector, ULONG index);

/* Frees a vector with the buffers that are left in it. */
typedef VOID (*PFREE_COMMON_BUFFER_VECTOR)(PDMA_ADAPTER adapter, PDMA_COMMON_BUFFER_VECTOR vector);

/* Makes memory of the driver a common buffer, until FreeCommonBuffer. PASSIVE_LEVEL. */
typedef NTSTATUS (*PCREATE_COMMON_BUFFER_FROM_MDL)(PDMA_ADAPTER adapter, PMDL mdl,
						   PDMA_COMMON_BUFFER_EXTENDED_CONFIGURATION
						   extended_configs,
						   ULONG extended_configs_count,
						   PPHYSICAL_ADDRESS logical_address);

/**
 * struct _DMA_OPERATIONS - the table of operations of an adapter
 * @Size: bytes of the table that was granted. A driver must not use members beyond them
 * @PutDmaAdapter: slot 1, release the adapter. Table version 1 begins here
 * @AllocateCommonBuffer: slot 2, memory that CPU and device share
 * @FreeCommonBuffer: slot 3, free a common buffer of any kind
 * @AllocateAdapterChannel: slot 4, wait for channel and map registers
 * @FlushAdapterBuffers: slot 5, end a MapTransfer
 * @FreeAdapterChannel: slot 6, free the channel
 * @FreeMapRegisters: slot 7, free map registers that were kept
 * @MapTransfer: slot 8, map one contiguous piece
 * @GetDmaAlignment: slot 9, alignment in bytes
 * @ReadDmaCounter: slot 10, bytes left, DMA controllers only
 * @GetScatterGatherList: slot 11, map a buffer into a list
 * @PutScatterGatherList: slot 12, end the transfer of a list
 * @CalculateScatterGatherList: slot 13, size of a list. Table version 2 begins here
 * @BuildScatterGatherList: slot 14, slot 11 in memory of the caller
 * @BuildMdlFromScatterGatherList: slot 15, MDL of the memory of a list
 * @GetDmaAdapterInfo: slot 16, abilities of the adapter. Table version 3 begins here
 * @GetDmaTransferInfo: slot 17, needs of a transfer
 * @InitializeDmaTransferContext: slot 18, prepare a context
 * @AllocateCommonBufferEx: slot 19, slot 2 with a highest address, cache choice and node
 * @AllocateAdapterChannelEx: slot 20, slot 4 with a context
 * @ConfigureAdapterChannel: slot 21, DMA controllers only
 * @CancelAdapterChannel: slot 22, cancel a request by its context
 * @MapTransferEx: slot 23, map a part of an MDL chain into a list
 * @GetScatterGatherListEx: slot 24, slots 20 and 23 in one
 * @BuildScatterGatherListEx: slot 25, slot 24 in memory of the caller
 * @FlushAdapterBuffersEx: slot 26, end a MapTransferEx
 * @FreeAdapterObject: slot 27, free the allocation of a synchronous request
 * @CancelMappedTransfer: slot 28, no further transfer under a context
 * @AllocateDomainCommonBuffer: slot 29, common buffer for a whole domain
 * @FlushDmaBuffer: slot 30, make caches and memory agree for an MDL
 * @JoinDmaDomain: slot 31, enter the domain of another adapter
 * @LeaveDmaDomain: slot 32, leave it
 * @GetDmaDomain: slot 33, handle of the adapter's domain
 * @AllocateCommonBufferWithBounds: slot 34, slot 19 with a lowest address, cache type and flags
 * @AllocateCommonBufferVector: slot 35, many buffers at once
 * @GetCommonBufferFromVectorByIndex: slot 36, addresses of one of them
 * @FreeCommonBufferFromVector: slot 37, free one of them
 * @FreeCommonBufferVector: slot 38, free them all
 * @CreateCommonBufferFromMdl: slot 39, common buffer on memory of the driver
 */
struct _DMA_OPERATIONS {
	ULONG Size;
	PPUT_DMA_ADAPTER PutDmaAdapter;
	PALLOCATE_COMMON_BUFFER AllocateCommonBuffer;
	PFREE_COMMON_BUFFER FreeCommonBuffer;
	PALLOCATE_ADAPTER_CHANNEL AllocateAdapterChannel;
	PFLUSH_ADAPTER_BUFFERS FlushAdapterBuffers;
	PFREE_ADAPTER_CHANNEL FreeAdapterChannel;
	PFREE_MAP_REGISTERS FreeMapRegisters;
	PMAP_TRANSFER MapTransfer;
	PGET_DMA_ALIGNMENT GetDmaAlignment;
	PREAD_DMA_COUNTER ReadDmaCounter;
	PGET_SCATTER_GATHER_LIST GetScatterGatherList;
	PPUT_SCATTER_GATHER_LIST PutScatterGatherList;
	PCALCULATE_SCATTER_GATHER_LIST_SIZE CalculateScatterGatherList;
	PBUILD_SCATTER_GATHER_LIST BuildScatterGatherList;
	PBUILD_MDL_FROM_SCATTER_GATHER_LIST BuildMdlFromScatterGatherList;
	PGET_DMA_ADAPTER_INFO GetDmaAdapterInfo;
	PGET_DMA_TRANSFER_INFO GetDmaTransferInfo;
	PINITIALIZE_DMA_TRANSFER_CONTEXT InitializeDmaTransferContext;
	PALLOCATE_COMMON_BUFFER_EX AllocateCommonBufferEx;
	PALLOCATE_ADAPTER_CHANNEL_EX AllocateAdapterChannelEx;
	PCONFIGURE_ADAPTER_CHANNEL ConfigureAdapterChannel;
	PCANCEL_ADAPTER_CHANNEL CancelAdapterChannel;
	PMAP_TRANSFER_EX MapTransferEx;
	PGET_SCATTER_GATHER_LIST_EX GetScatterGatherListEx;
	PBUILD_SCATTER_GATHER_LIST_EX BuildScatterGatherListEx;
	PFLUSH_ADAPTER_BUFFERS_EX FlushAdapterBuffersEx;
	PFREE_ADAPTER_OBJECT FreeAdapterObject;
	PCANCEL_MAPPED_TRANSFER CancelMappedTransfer;
	PALLOCATE_DOMAIN_COMMON_BUFFER AllocateDomainCommonBuffer;
	PFLUSH_DMA_BUFFER FlushDmaBuffer;
	PJOIN_DMA_DOMAIN JoinDmaDomain;
	PLEAVE_DMA_DOMAIN LeaveDmaDomain;
	PGET_DMA_DOMAIN GetDmaDomain;
	PALLOCATE_COMMON_BUFFER_WITH_BOUNDS AllocateCommonBufferWithBounds;
	PALLOCATE_COMMON_BUFFER_VECTOR AllocateCommonBufferVector;
	PGET_COMMON_BUFFER_FROM_VECTOR_BY_INDEX GetCommonBufferFromVectorByIndex;
	PFREE_COMMON_BUFFER_FROM_VECTOR FreeCommonBufferFromVector;
	PFREE_COMMON_BUFFER_VECTOR FreeCommonBufferVector;
	PCREATE_COMMON_BUFFER_FROM_MDL CreateCommonBufferFromMdl;
};

typedef struct _DMA_OPERATIONS DMA_OPERATIONS, *PDMA_OPERATIONS;

/*
 * NULL if the description is not valid or the device cannot do DMA. number_of_map_registers
 * receives how many the driver may use in one transfer. PASSIVE_LEVEL.
 */
PDMA_ADAPTER IoGetDmaAdapter(PDEVICE_OBJECT physical_device_object,
			     PDEVICE_DESCRIPTION device_description,
			     PULONG number_of_map_registers);

/*
 * The names by which older drivers call slots. The members of the table are described above.
 * HalGetAdapter is missing, because it names no device.
 */
PVOID HalAllocateCommonBuffer(PDMA_ADAPTER adapter, ULONG length, PPHYSICAL_ADDRESS logical_address,
			      BOOLEAN cache_enabled);
VOID HalFreeCommonBuffer(PDMA_ADAPTER adapter, ULONG length, PHYSICAL_ADDRESS logical_address,
			 PVOID virtual_address, BOOLEAN cache_enabled);
NTSTATUS IoAllocateAdapterChannel(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
				  ULONG number_of_map_registers, PDRIVER_CONTROL execution_routine,
				  PVOID context);
BOOLEAN IoFlushAdapterBuffers(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
			      PVOID current_va, ULONG length, BOOLEAN write_to_device);
VOID IoFreeAdapterChannel(PDMA_ADAPTER adapter);
VOID IoFreeMapRegisters(PDMA_ADAPTER adapter, PVOID map_register_base,
			ULONG number_of_map_registers);
PHYSICAL_ADDRESS IoMapTransfer(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
			       PVOID current_va, PULONG length, BOOLEAN write_to_device);
ULONG HalGetDmaAlignment(PDMA_ADAPTER adapter);
ULONG HalReadDmaCounter(PDMA_ADAPTER adapter);

WDMDMA_HEADER_END

#endif /* WDMDMA_DMA_H */
