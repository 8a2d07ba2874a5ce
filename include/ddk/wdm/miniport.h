/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a miniport and its Linux half tell each other. The structures that the module reads stand in
 * wdmdma/. The Linux half includes this file and defines the calls at its end, because they need
 * more than memory and DMA. A call that it does not define, and that the miniport makes, is named
 * by modpost.
 */
#ifndef DDK_WDM_MINIPORT_H
#define DDK_WDM_MINIPORT_H

#include <wdmdma/storport.h>
#include "dispatcher.h"
#include "spinlock.h"

WDMDMA_HEADER_BEGIN

/* Results of HwFindAdapter. */
#define SP_RETURN_NOT_FOUND	0
#define SP_RETURN_FOUND		1
#define SP_RETURN_ERROR		2
#define SP_RETURN_BAD_CONFIG	3

/* Codes of an error log. */
#define SP_BUS_PARITY_ERROR		0x0001
#define SP_UNEXPECTED_DISCONNECT	0x0002
#define SP_INVALID_RESELECTION		0x0003
#define SP_BUS_TIME_OUT			0x0004
#define SP_PROTOCOL_ERROR		0x0005
#define SP_INTERNAL_ADAPTER_ERROR	0x0006
#define SP_REQUEST_TIMEOUT		0x0007
#define SP_IRQ_NOT_RESPONDING		0x0008
#define SP_BAD_FW_WARNING		0x0009
#define SP_BAD_FW_ERROR			0x000A
#define SP_LOST_WMI_MINIPORT_REQUEST	0x000B

#define SP_VER_TRACE_SUPPORT		0x0010

/* HW_INITIALIZATION_DATA.FeatureSupport */
#define STOR_FEATURE_VIRTUAL_MINIPORT				0x00000001
#define STOR_FEATURE_ATA_PASS_THROUGH				0x00000002
#define STOR_FEATURE_FULL_PNP_DEVICE_CAPABILITIES		0x00000004
#define STOR_FEATURE_DUMP_POINTERS				0x00000008
#define STOR_FEATURE_DEVICE_NAME_NO_SUFFIX			0x00000010
#define STOR_FEATURE_DUMP_RESUME_CAPABLE			0x00000020
#define STOR_FEATURE_DEVICE_DESCRIPTOR_FROM_ATA_INFO_VPD	0x00000040
#define STOR_FEATURE_EXTRA_IO_INFORMATION			0x00000080
#define STOR_FEATURE_ADAPTER_CONTROL_PRE_FINDADAPTER		0x00000100
#define STOR_FEATURE_ADAPTER_NOT_REQUIRE_IO_PORT		0x00000200
#define STOR_FEATURE_DUMP_16_BYTE_ALIGNMENT			0x00000400
#define STOR_FEATURE_SET_ADAPTER_INTERFACE_TYPE			0x00000800
#define STOR_FEATURE_DUMP_INFO					0x00001000
#define STOR_FEATURE_DMA_ALLOCATION_NO_BOUNDARY			0x00002000
#define STOR_FEATURE_NVME					0x00004000
#define STOR_FEATURE_REPORT_INTERNAL_DATA			0x00008000
#define STOR_FEATURE_EARLY_DUMP					0x00010000

/* PERF_CONFIGURATION_DATA */
#define STOR_PERF_VERSION				0x00000007
#define STOR_PERF_DPC_REDIRECTION			0x00000001
#define STOR_PERF_CONCURRENT_CHANNELS			0x00000002
#define STOR_PERF_INTERRUPT_MESSAGE_RANGES		0x00000004
#define STOR_PERF_ADV_CONFIG_LOCALITY			0x00000008
#define STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO 0x00000010
#define STOR_PERF_DPC_REDIRECTION_CURRENT_CPU		0x00000020
#define STOR_PERF_NO_SGL				0x00000040
#define STOR_PERF_SOFT_NUMA				0x00000080
#define STOR_PERF_HETEROGENEOUS_CPU			0x00000100

#define DUMP_MODE_CRASH		0x01
#define DUMP_MODE_HIBER		0x02
#define DUMP_MODE_MARK_MEMORY	0x03
#define DUMP_MODE_RESUME	0x04

#define FILE_BYTE_ALIGNMENT	0x00000000
#define FILE_WORD_ALIGNMENT	0x00000001
#define FILE_LONG_ALIGNMENT	0x00000003
#define FILE_QUAD_ALIGNMENT	0x00000007
#define FILE_OCTA_ALIGNMENT	0x0000000F
#define FILE_32_BYTE_ALIGNMENT	0x0000001F
#define FILE_64_BYTE_ALIGNMENT	0x0000003F
#define FILE_128_BYTE_ALIGNMENT	0x0000007F
#define FILE_256_BYTE_ALIGNMENT	0x000000FF
#define FILE_512_BYTE_ALIGNMENT	0x000001FF

typedef enum _SCSI_NOTIFICATION_TYPE {
	RequestComplete = 0,
	NextRequest = 1,
	NextLuRequest = 2,
	ResetDetected = 3,
	RequestTimerCall = 6,
	BusChangeDetected = 7,
	WMIEvent = 8,
	WMIReregister = 9,
	LinkUp = 10,
	LinkDown = 11,
	QueryTickCount = 12,
	BufferOverrunDetected = 13,
	TraceNotification = 14,
	GetExtendedFunctionTable = 15,
	EnablePassiveInitialization = 0x1000,
	InitializeDpc = 0x1001,
	IssueDpc = 0x1002,
	AcquireSpinLock = 0x1003,
	ReleaseSpinLock = 0x1004,
	StateChangeDetectedCall = 0x1005,
	IoTargetRequestServiceTime = 0x1006,
	AsyncNotificationDetected = 0x1007,
	RequestDirectComplete = 0x1008,
	InitializeDpcWithContext = 0x1009,
	InitializeThreadedDpc = 0x100A,
	SetTargetProcessorDpc = 0x100B,
	MarkDeviceFailed = 0x100C,
	MarkDeviceFailedEx = 0x100D,
	TerminateSystemThread = 0x100E,
} SCSI_NOTIFICATION_TYPE, *PSCSI_NOTIFICATION_TYPE;

typedef enum _SCSI_ADAPTER_CONTROL_STATUS {
	ScsiAdapterControlSuccess = 0,
	ScsiAdapterControlUnsuccessful = 1,
	ScsiAdapterControlRetryNeeded = 2,
	ScsiAdapterControlBufferTooSmall = 3,
} SCSI_ADAPTER_CONTROL_STATUS, *PSCSI_ADAPTER_CONTROL_STATUS;

typedef enum _SCSI_ADAPTER_CONTROL_TYPE {
	ScsiQuerySupportedControlTypes = 0,
	ScsiStopAdapter = 1,
	ScsiRestartAdapter = 2,
	ScsiSetBootConfig = 3,
	ScsiSetRunningConfig = 4,
	ScsiPowerSettingNotification = 5,
	ScsiAdapterPower = 6,
	ScsiAdapterPoFxPowerRequired = 7,
	ScsiAdapterPoFxPowerActive = 8,
	ScsiAdapterPoFxPowerSetFState = 9,
	ScsiAdapterPoFxPowerControl = 10,
	ScsiAdapterPrepareForBusReScan = 11,
	ScsiAdapterSystemPowerHints = 12,
	ScsiAdapterFilterResourceRequirements = 13,
	ScsiAdapterPoFxMaxOperationalPower = 14,
	ScsiAdapterPoFxSetPerfState = 15,
	ScsiAdapterSurpriseRemoval = 16,
	ScsiAdapterSerialNumber = 17,
	ScsiAdapterCryptoOperation = 18,
	ScsiAdapterQueryFruId = 19,
	ScsiAdapterSetEventLogging = 20,
	ScsiAdapterReportInternalData = 21,
	ScsiAdapterResetBusSynchronous = 22,
	ScsiAdapterPostHwInitialize = 23,
	ScsiAdapterPrepareEarlyDumpData = 24,
	ScsiAdapterRestoreEarlyDumpData = 25,
	ScsiAdapterControlMax = 26,
} SCSI_ADAPTER_CONTROL_TYPE, *PSCSI_ADAPTER_CONTROL_TYPE;

typedef enum _SCSI_UNIT_CONTROL_STATUS {
	ScsiUnitControlSuccess = 0,
	ScsiUnitControlUnsuccessful = 1,
} SCSI_UNIT_CONTROL_STATUS, *PSCSI_UNIT_CONTROL_STATUS;

typedef enum _SCSI_UNIT_CONTROL_TYPE {
	ScsiQuerySupportedUnitControlTypes = 0,
	ScsiUnitUsage = 1,
	ScsiUnitStart = 2,
	ScsiUnitPower = 3,
	ScsiUnitPoFxPowerInfo = 4,
	ScsiUnitPoFxPowerRequired = 5,
	ScsiUnitPoFxPowerActive = 6,
	ScsiUnitPoFxPowerSetFState = 7,
	ScsiUnitPoFxPowerControl = 8,
	ScsiUnitRemove = 9,
	ScsiUnitSurpriseRemoval = 10,
	ScsiUnitRichDescription = 11,
	ScsiUnitQueryBusType = 12,
	ScsiUnitQueryFruId = 13,
	ScsiUnitReportInternalData = 14,
	ScsiUnitControlMax = 15,
} SCSI_UNIT_CONTROL_TYPE, *PSCSI_UNIT_CONTROL_TYPE;

/* The miniport sets an entry to TRUE for each type below MaxControlType that it handles. */
typedef struct _SCSI_SUPPORTED_CONTROL_TYPE_LIST {
	ULONG MaxControlType;
	BOOLEAN SupportedTypeList[];
} SCSI_SUPPORTED_CONTROL_TYPE_LIST, *PSCSI_SUPPORTED_CONTROL_TYPE_LIST;

typedef struct _PERF_CONFIGURATION_DATA {
	ULONG Version;
	ULONG Size;
	ULONG Flags;
	ULONG ConcurrentChannels;
	ULONG FirstRedirectionMessageNumber;
	ULONG LastRedirectionMessageNumber;
	ULONG DeviceNode;
	ULONG Reserved;
	struct _GROUP_AFFINITY *MessageTargets;
} PERF_CONFIGURATION_DATA, *PPERF_CONFIGURATION_DATA;

typedef struct _MESSAGE_INTERRUPT_INFORMATION {
	ULONG MessageId;
	ULONG MessageData;
	STOR_PHYSICAL_ADDRESS MessageAddress;
	ULONG InterruptVector;
	ULONG InterruptLevel;
	KINTERRUPT_MODE InterruptMode;
} MESSAGE_INTERRUPT_INFORMATION, *PMESSAGE_INTERRUPT_INFORMATION;

/* The Linux half may use it as a KDPC and a KSPIN_LOCK. */
typedef struct _STOR_DPC {
	KDPC Dpc;
	ULONG_PTR Lock;
} STOR_DPC, *PSTOR_DPC;

typedef enum _STOR_SPINLOCK {
	DpcLock = 1,
	StartIoLock = 2,
	InterruptLock = 3,
	ThreadedDpcLock = 4,
	DpcLevelLock = 5,
} STOR_SPINLOCK;

/* Lies on the stack of the function that takes the lock. The Linux half may use its Context. */
typedef struct _STOR_LOCK_HANDLE {
	STOR_SPINLOCK Lock;
	struct {
		struct {
			PVOID Next;
			PVOID Lock;
		} LockQueue;
		KIRQL OldIrql;
	} Context;
} STOR_LOCK_HANDLE, *PSTOR_LOCK_HANDLE;

/* Routines of the miniport. */
typedef VOID HW_DPC_ROUTINE(PSTOR_DPC dpc, PVOID device_extension, PVOID system_argument1,
			    PVOID system_argument2);
typedef BOOLEAN HW_INITIALIZE(PVOID device_extension);
typedef BOOLEAN HW_STARTIO(PVOID device_extension, PSCSI_REQUEST_BLOCK srb);
typedef BOOLEAN HW_BUILDIO(PVOID device_extension, PSCSI_REQUEST_BLOCK srb);
typedef BOOLEAN HW_INTERRUPT(PVOID device_extension);
typedef VOID HW_TIMER(PVOID device_extension);
typedef ULONG HW_FIND_ADAPTER(PVOID device_extension, PVOID hw_context, PVOID bus_information,
			      PCHAR argument_string, PPORT_CONFIGURATION_INFORMATION config_info,
			      PBOOLEAN reserved3);
typedef BOOLEAN HW_RESET_BUS(PVOID device_extension, ULONG path_id);
typedef VOID HW_DMA_STARTED(PVOID device_extension);
typedef BOOLEAN HW_ADAPTER_STATE(PVOID device_extension, PVOID context, BOOLEAN save_state);
typedef SCSI_ADAPTER_CONTROL_STATUS HW_ADAPTER_CONTROL(PVOID device_extension,
						       SCSI_ADAPTER_CONTROL_TYPE control_type,
						       PVOID parameters);
typedef SCSI_UNIT_CONTROL_STATUS HW_UNIT_CONTROL(PVOID device_extension,
						 SCSI_UNIT_CONTROL_TYPE control_type,
						 PVOID parameters);
typedef BOOLEAN HW_PASSIVE_INITIALIZE_ROUTINE(PVOID device_extension);
typedef VOID HW_FREE_ADAPTER_RESOURCES(PVOID device_extension);
typedef VOID HW_PROCESS_SERVICE_REQUEST(PVOID device_extension, PVOID irp);
typedef VOID HW_COMPLETE_SERVICE_IRP(PVOID device_extension);
typedef VOID HW_INITIALIZE_TRACING(PVOID arg1, PVOID arg2);
typedef VOID HW_CLEANUP_TRACING(PVOID arg1);
typedef VOID HW_TRACING_ENABLED(PVOID device_extension, BOOLEAN enabled);
typedef HW_DPC_ROUTINE *PHW_DPC_ROUTINE;
typedef HW_INITIALIZE *PHW_INITIALIZE;
typedef HW_STARTIO *PHW_STARTIO;
typedef HW_BUILDIO *PHW_BUILDIO;
typedef HW_INTERRUPT *PHW_INTERRUPT;
typedef HW_TIMER *PHW_TIMER;
typedef HW_FIND_ADAPTER *PHW_FIND_ADAPTER;
typedef HW_RESET_BUS *PHW_RESET_BUS;
typedef HW_DMA_STARTED *PHW_DMA_STARTED;
typedef HW_ADAPTER_STATE *PHW_ADAPTER_STATE;
typedef HW_ADAPTER_CONTROL *PHW_ADAPTER_CONTROL;
typedef HW_UNIT_CONTROL *PHW_UNIT_CONTROL;
typedef HW_PASSIVE_INITIALIZE_ROUTINE *PHW_PASSIVE_INITIALIZE_ROUTINE;
typedef HW_FREE_ADAPTER_RESOURCES *PHW_FREE_ADAPTER_RESOURCES;
typedef HW_PROCESS_SERVICE_REQUEST *PHW_PROCESS_SERVICE_REQUEST;
typedef HW_COMPLETE_SERVICE_IRP *PHW_COMPLETE_SERVICE_IRP;
typedef HW_INITIALIZE_TRACING *PHW_INITIALIZE_TRACING;
typedef HW_CLEANUP_TRACING *PHW_CLEANUP_TRACING;
typedef HW_TRACING_ENABLED *PHW_TRACING_ENABLED;

/*
 * The description of a miniport for the port driver. The Linux half reads it. HwFindAdapter is a
 * PVOID, because virtual miniports have another type of routine there.
 */
typedef struct _HW_INITIALIZATION_DATA {
	ULONG HwInitializationDataSize;
	INTERFACE_TYPE AdapterInterfaceType;
	PHW_INITIALIZE HwInitialize;
	PHW_STARTIO HwStartIo;
	PHW_INTERRUPT HwInterrupt;
	PVOID HwFindAdapter;
	PHW_RESET_BUS HwResetBus;
	PHW_DMA_STARTED HwDmaStarted;
	PHW_ADAPTER_STATE HwAdapterState;
	ULONG DeviceExtensionSize;
	ULONG SpecificLuExtensionSize;
	ULONG SrbExtensionSize;
	ULONG NumberOfAccessRanges;
	PVOID Reserved;
	UCHAR MapBuffers;
	BOOLEAN NeedPhysicalAddresses;
	BOOLEAN TaggedQueuing;
	BOOLEAN AutoRequestSense;
	BOOLEAN MultipleRequestPerLu;
	BOOLEAN ReceiveEvent;
	USHORT VendorIdLength;
	PVOID VendorId;
	union {
		USHORT ReservedUshort;
		USHORT PortVersionFlags;
	};
	USHORT DeviceIdLength;
	PVOID DeviceId;
	PHW_ADAPTER_CONTROL HwAdapterControl;
	PHW_BUILDIO HwBuildIo;
	PHW_FREE_ADAPTER_RESOURCES HwFreeAdapterResources;
	PHW_PROCESS_SERVICE_REQUEST HwProcessServiceRequest;
	PHW_COMPLETE_SERVICE_IRP HwCompleteServiceIrp;
	PHW_INITIALIZE_TRACING HwInitializeTracing;
	PHW_CLEANUP_TRACING HwCleanupTracing;
	PHW_TRACING_ENABLED HwTracingEnabled;
	ULONG FeatureSupport;
	ULONG SrbTypeFlags;
	ULONG AddressTypeFlags;
	ULONG Reserved1;
	PHW_UNIT_CONTROL HwUnitControl;
} HW_INITIALIZATION_DATA, *PHW_INITIALIZATION_DATA;

/* The same for a miniport without hardware. */
typedef struct _VIRTUAL_HW_INITIALIZATION_DATA {
	ULONG HwInitializationDataSize;
	INTERFACE_TYPE AdapterInterfaceType;
	PHW_INITIALIZE HwInitialize;
	PHW_STARTIO HwStartIo;
	PHW_INTERRUPT HwInterrupt;
	PVOID HwFindAdapter;
	PHW_RESET_BUS HwResetBus;
	PHW_DMA_STARTED HwDmaStarted;
	PHW_ADAPTER_STATE HwAdapterState;
	ULONG DeviceExtensionSize;
	ULONG SpecificLuExtensionSize;
	ULONG SrbExtensionSize;
	ULONG NumberOfAccessRanges;
	PVOID Reserved;
	UCHAR MapBuffers;
	BOOLEAN NeedPhysicalAddresses;
	BOOLEAN TaggedQueuing;
	BOOLEAN AutoRequestSense;
	BOOLEAN MultipleRequestPerLu;
	BOOLEAN ReceiveEvent;
	USHORT VendorIdLength;
	PVOID VendorId;
	union {
		USHORT ReservedUshort;
		USHORT PortVersionFlags;
	};
	USHORT DeviceIdLength;
	PVOID DeviceId;
	PHW_ADAPTER_CONTROL HwAdapterControl;
	PHW_BUILDIO HwBuildIo;
	PHW_FREE_ADAPTER_RESOURCES HwFreeAdapterResources;
	PHW_PROCESS_SERVICE_REQUEST HwProcessServiceRequest;
	PHW_COMPLETE_SERVICE_IRP HwCompleteServiceIrp;
	PHW_INITIALIZE_TRACING HwInitializeTracing;
	PHW_CLEANUP_TRACING HwCleanupTracing;
} VIRTUAL_HW_INITIALIZATION_DATA, *PVIRTUAL_HW_INITIALIZATION_DATA;

/* BusDataType of StorPortGetBusData. */
#define PCIConfiguration	4

/*
 * Calls that the Linux half defines. On Windows some are wrappers around StorPortNotification. Here
 * each is a function of its own, and StorPortNotification gets what the miniport itself notifies.
 */
ULONG StorPortInitialize(PVOID argument1, PVOID argument2, PHW_INITIALIZATION_DATA data,
			 PVOID hw_context);
ULONG StorPortGetBusData(PVOID device_extension, ULONG bus_data_type, ULONG system_io_bus_number,
			 ULONG slot_number, PVOID buffer, ULONG length);
PVOID StorPortGetDeviceBase(PVOID device_extension, INTERFACE_TYPE bus_type,
			    ULONG system_io_bus_number, STOR_PHYSICAL_ADDRESS io_address,
			    ULONG number_of_bytes, BOOLEAN in_io_space);
VOID StorPortFreeDeviceBase(PVOID device_extension, PVOID mapped_address);
BOOLEAN StorPortEnablePassiveInitialization(PVOID device_extension,
					    PHW_PASSIVE_INITIALIZE_ROUTINE routine);
VOID StorPortInitializeDpc(PVOID device_extension, PSTOR_DPC dpc, PHW_DPC_ROUTINE routine);
BOOLEAN StorPortIssueDpc(PVOID device_extension, PSTOR_DPC dpc, PVOID system_argument1,
			 PVOID system_argument2);
VOID StorPortAcquireSpinLock(PVOID device_extension, STOR_SPINLOCK spin_lock, PVOID lock_context,
			     PSTOR_LOCK_HANDLE lock_handle);
VOID StorPortReleaseSpinLock(PVOID device_extension, PSTOR_LOCK_HANDLE lock_handle);
VOID StorPortNotification(SCSI_NOTIFICATION_TYPE notification_type, PVOID device_extension, ...);
BOOLEAN StorPortSetDeviceQueueDepth(PVOID device_extension, UCHAR path_id, UCHAR target_id,
				    UCHAR lun, ULONG depth);
VOID StorPortLogError(PVOID device_extension, PSCSI_REQUEST_BLOCK srb, UCHAR path_id,
		      UCHAR target_id, UCHAR lun, ULONG error_code, ULONG unique_id);
VOID StorPortDebugPrint(ULONG debug_print_level, const char *debug_message, ...);

WDMDMA_HEADER_END

#endif /* DDK_WDM_MINIPORT_H */
