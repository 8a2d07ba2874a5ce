// SPDX-License-Identifier: GPL-2.0-only
/*
 * A miniport whose HwFindAdapter sets what public miniports set, and that makes the calls which the
 * Linux half defines.
 */
#include <storport.h>

#include "corpus.h"

#define RING_TRANSFER_LENGTH	(512 * 1024)

typedef struct _RING_SRB_EXTENSION {
	STOR_PHYSICAL_ADDRESS Table;
	STOR_SCATTER_GATHER_ELEMENT Element[16];
} RING_SRB_EXTENSION, *PRING_SRB_EXTENSION;

typedef struct _RING_EXTENSION {
	PVOID Uncached;
	ULONG UncachedLength;
	STOR_PHYSICAL_ADDRESS UncachedAddress;
	ULONG Slot;
	PULONG Registers;
	STOR_DPC Dpc;
	PSCSI_REQUEST_BLOCK Active;
	ULONG Completed;
} RING_EXTENSION, *PRING_EXTENSION;

#define RING_VENDOR		0x1234
#define RING_REGISTER_VERSION	0
#define RING_REGISTER_START	1
#define RING_VERSION		0x00010000

HW_INITIALIZE RingInitialize;
HW_STARTIO RingStartIo;
HW_BUILDIO RingBuildIo;
HW_INTERRUPT RingInterrupt;
HW_FIND_ADAPTER RingFindAdapter;
HW_RESET_BUS RingResetBus;
HW_ADAPTER_CONTROL RingAdapterControl;
HW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE RingMessage;
HW_PASSIVE_INITIALIZE_ROUTINE RingPassiveInitialize;
HW_DPC_ROUTINE RingDpc;

VOID RingDpc(_In_ PSTOR_DPC Dpc, _In_ PVOID DeviceExtension, _In_ PVOID SystemArgument1,
	     _In_ PVOID SystemArgument2)
{
	PRING_EXTENSION Extension = (PRING_EXTENSION)DeviceExtension;
	STOR_LOCK_HANDLE Handle = { 0 };
	PSCSI_REQUEST_BLOCK Srb;

	UNREFERENCED_PARAMETER(SystemArgument1);
	UNREFERENCED_PARAMETER(SystemArgument2);
	StorPortAcquireSpinLock(DeviceExtension, DpcLock, Dpc, &Handle);
	Srb = Extension->Active;
	Extension->Active = NULL;
	Extension->Completed++;
	StorPortReleaseSpinLock(DeviceExtension, &Handle);
	if (Srb)
		StorPortNotification(RequestComplete, DeviceExtension, Srb);
}

BOOLEAN RingPassiveInitialize(_In_ PVOID DeviceExtension)
{
	PRING_EXTENSION Extension = (PRING_EXTENSION)DeviceExtension;

	StorPortInitializeDpc(DeviceExtension, &Extension->Dpc, RingDpc);
	return TRUE;
}

BOOLEAN RingInitialize(_In_ PVOID DeviceExtension)
{
	PRING_EXTENSION Extension = (PRING_EXTENSION)DeviceExtension;

	StorPortWriteRegisterUlong(DeviceExtension, &Extension->Registers[RING_REGISTER_START], 1);
	StorPortStallExecution(1);
	return StorPortEnablePassiveInitialization(DeviceExtension, RingPassiveInitialize);
}

/* Both forms of a request, told apart by the function. */
static PVOID RingData(PSCSI_REQUEST_BLOCK Srb, PULONG Length)
{
	if (Srb->Function == SRB_FUNCTION_STORAGE_REQUEST_BLOCK) {
		PSTORAGE_REQUEST_BLOCK Block = (PSTORAGE_REQUEST_BLOCK)Srb;

		*Length = Block->DataTransferLength;
		return Block->DataBuffer;
	}
	*Length = Srb->DataTransferLength;
	return Srb->DataBuffer;
}

BOOLEAN RingBuildIo(_In_ PVOID DeviceExtension, _In_ PSCSI_REQUEST_BLOCK Srb)
{
	ULONG Length;

	UNREFERENCED_PARAMETER(DeviceExtension);
	return RingData(Srb, &Length) && Length;
}

BOOLEAN RingStartIo(_In_ PVOID DeviceExtension, _In_ PSCSI_REQUEST_BLOCK Srb)
{
	PRING_SRB_EXTENSION Extension = (PRING_SRB_EXTENSION)Srb->SrbExtension;
	PSTOR_SCATTER_GATHER_LIST List = StorPortGetScatterGatherList(DeviceExtension, Srb);
	ULONG Length, n;

	if (!List || List->NumberOfElements > ARRAYSIZE(Extension->Element)) {
		Srb->SrbStatus = SRB_STATUS_INVALID_REQUEST;
		return FALSE;
	}
	for (n = 0; n < List->NumberOfElements; n++)
		Extension->Element[n] = List->List[n];
	Extension->Table = StorPortGetPhysicalAddress(DeviceExtension, Srb, Extension->Element,
						      &Length);
	Srb->SrbStatus = SRB_STATUS_SUCCESS;
	Srb->ScsiStatus = SCSISTAT_GOOD;
	return TRUE;
}

BOOLEAN RingInterrupt(_In_ PVOID DeviceExtension)
{
	PRING_EXTENSION Extension = (PRING_EXTENSION)DeviceExtension;

	if (!Extension->Active)
		return FALSE;
	return StorPortIssueDpc(DeviceExtension, &Extension->Dpc, NULL, NULL);
}

BOOLEAN RingMessage(_In_ PVOID DeviceExtension, _In_ ULONG MessageId)
{
	UNREFERENCED_PARAMETER(MessageId);
	return RingInterrupt(DeviceExtension);
}

BOOLEAN RingResetBus(_In_ PVOID DeviceExtension, _In_ ULONG PathId)
{
	UNREFERENCED_PARAMETER(DeviceExtension);
	return PathId == 0;
}

SCSI_ADAPTER_CONTROL_STATUS RingAdapterControl(_In_ PVOID DeviceExtension,
					       _In_ SCSI_ADAPTER_CONTROL_TYPE ControlType,
					       _In_ PVOID Parameters)
{
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST List;

	UNREFERENCED_PARAMETER(DeviceExtension);
	switch (ControlType) {
	case ScsiQuerySupportedControlTypes:
		List = (PSCSI_SUPPORTED_CONTROL_TYPE_LIST)Parameters;
		if (List->MaxControlType > ScsiStopAdapter)
			List->SupportedTypeList[ScsiStopAdapter] = TRUE;
		return ScsiAdapterControlSuccess;
	case ScsiStopAdapter:
		return ScsiAdapterControlSuccess;
	default:
		return ScsiAdapterControlUnsuccessful;
	}
}

/* Map the registers of the device, if it is the right one. */
static ULONG RingMap(PRING_EXTENSION Extension, PPORT_CONFIGURATION_INFORMATION ConfigInfo,
		     PACCESS_RANGE Range)
{
	UCHAR Configuration[64];

	if (StorPortGetBusData(Extension, PCIConfiguration, ConfigInfo->SystemIoBusNumber,
			       ConfigInfo->SlotNumber, Configuration,
			       sizeof(Configuration)) != sizeof(Configuration))
		return SP_RETURN_ERROR;
	if (*(UNALIGNED USHORT *)Configuration != RING_VENDOR)
		return SP_RETURN_NOT_FOUND;
	Extension->Registers = (PULONG)StorPortGetDeviceBase(Extension,
							     ConfigInfo->AdapterInterfaceType,
							     ConfigInfo->SystemIoBusNumber,
							     Range->RangeStart, Range->RangeLength,
							     (BOOLEAN)!Range->RangeInMemory);
	if (!Extension->Registers)
		return SP_RETURN_ERROR;
	if (StorPortReadRegisterUlong(Extension, &Extension->Registers[RING_REGISTER_VERSION]) ==
	    RING_VERSION)
		return SP_RETURN_FOUND;
	StorPortLogError(Extension, NULL, 0, 0, 0, SP_INTERNAL_ADAPTER_ERROR, __LINE__);
	StorPortFreeDeviceBase(Extension, Extension->Registers);
	return SP_RETURN_ERROR;
}

ULONG RingFindAdapter(_In_ PVOID DeviceExtension, _In_ PVOID HwContext, _In_ PVOID BusInformation,
		      _In_z_ PCHAR ArgumentString,
		      _Inout_ PPORT_CONFIGURATION_INFORMATION ConfigInfo, _In_ PBOOLEAN Reserved3)
{
	PRING_EXTENSION Extension = (PRING_EXTENSION)DeviceExtension;
	PACCESS_RANGE Range;
	ULONG Result;

	UNREFERENCED_PARAMETER(HwContext);
	UNREFERENCED_PARAMETER(BusInformation);
	UNREFERENCED_PARAMETER(ArgumentString);
	UNREFERENCED_PARAMETER(Reserved3);

	if (ConfigInfo->Length < sizeof(PORT_CONFIGURATION_INFORMATION))
		return SP_RETURN_BAD_CONFIG;
	if (!ConfigInfo->NumberOfAccessRanges)
		return SP_RETURN_NOT_FOUND;
	Range = &(*ConfigInfo->AccessRanges)[0];
	if (!Range->RangeInMemory || !Range->RangeLength)
		return SP_RETURN_ERROR;
	Result = RingMap(Extension, ConfigInfo, Range);
	if (Result != SP_RETURN_FOUND)
		return Result;

	ConfigInfo->MaximumTransferLength = RING_TRANSFER_LENGTH;
	ConfigInfo->NumberOfPhysicalBreaks = RING_TRANSFER_LENGTH / PAGE_SIZE + 1;
	ConfigInfo->AlignmentMask = FILE_LONG_ALIGNMENT;
	ConfigInfo->NumberOfBuses = 1;
	ConfigInfo->InitiatorBusId[0] = 1;
	ConfigInfo->ScatterGather = TRUE;
	ConfigInfo->Master = TRUE;
	ConfigInfo->CachesData = FALSE;
	ConfigInfo->Dma32BitAddresses = TRUE;
	ConfigInfo->MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	ConfigInfo->NeedPhysicalAddresses = TRUE;
	ConfigInfo->TaggedQueuing = TRUE;
	ConfigInfo->AutoRequestSense = TRUE;
	ConfigInfo->MultipleRequestPerLu = TRUE;
	ConfigInfo->MaximumNumberOfTargets = 1;
	ConfigInfo->MaximumNumberOfLogicalUnits = 8;
	ConfigInfo->DmaWidth = Width32Bits;
	ConfigInfo->ResetTargetSupported = TRUE;
	ConfigInfo->WmiDataProvider = FALSE;
	ConfigInfo->SynchronizationModel = StorSynchronizeFullDuplex;
	ConfigInfo->HwMSInterruptRoutine = RingMessage;
	ConfigInfo->InterruptSynchronizationMode = InterruptSynchronizePerMessage;
	ConfigInfo->MaxNumberOfIO = 254;
	ConfigInfo->MaxIOsPerLun = 64;
	ConfigInfo->InitialLunQueueDepth = 64;
	ConfigInfo->SrbExtensionSize = sizeof(RING_SRB_EXTENSION);
	if (ConfigInfo->Dma64BitAddresses & SCSI_DMA64_SYSTEM_SUPPORTED)
		ConfigInfo->Dma64BitAddresses = SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED;
	if (ConfigInfo->DumpMode != 0)
		ConfigInfo->MaximumTransferLength = 4 * PAGE_SIZE;

	Extension->Slot = ConfigInfo->SlotNumber;
	Extension->Uncached = StorPortGetUncachedExtension(DeviceExtension, ConfigInfo,
							   2 * PAGE_SIZE);
	if (Extension->Uncached == NULL)
		return SP_RETURN_ERROR;
	Extension->UncachedAddress = StorPortGetPhysicalAddress(DeviceExtension, NULL,
								Extension->Uncached,
								&Extension->UncachedLength);
	if (Extension->UncachedAddress.QuadPart == 0 ||
	    Extension->UncachedLength != 2 * PAGE_SIZE)
		return SP_RETURN_ERROR;
	return SP_RETURN_FOUND;
}

/* What DriverEntry hands to StorPortInitialize. */
static VOID RingDescribe(PHW_INITIALIZATION_DATA Data)
{
	RtlZeroMemory(Data, sizeof(*Data));
	Data->HwInitializationDataSize = sizeof(HW_INITIALIZATION_DATA);
	Data->AdapterInterfaceType = PCIBus;
	Data->HwInitialize = RingInitialize;
	Data->HwStartIo = RingStartIo;
	Data->HwBuildIo = RingBuildIo;
	Data->HwInterrupt = RingInterrupt;
	Data->HwFindAdapter = RingFindAdapter;
	Data->HwResetBus = RingResetBus;
	Data->HwAdapterControl = RingAdapterControl;
	Data->DeviceExtensionSize = sizeof(RING_EXTENSION);
	Data->SrbExtensionSize = sizeof(RING_SRB_EXTENSION);
	Data->NumberOfAccessRanges = 1;
	Data->MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	Data->NeedPhysicalAddresses = TRUE;
	Data->TaggedQueuing = TRUE;
	Data->AutoRequestSense = TRUE;
	Data->MultipleRequestPerLu = TRUE;
	Data->FeatureSupport = STOR_FEATURE_FULL_PNP_DEVICE_CAPABILITIES;
	Data->SrbTypeFlags = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK | SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK;
	Data->AddressTypeFlags = ADDRESS_TYPE_FLAG_BTL8;
}

ULONG CorpusMiniportEntry(PVOID driver_object, PVOID registry_path)
{
	HW_INITIALIZATION_DATA Data;

	RingDescribe(&Data);
	return StorPortInitialize(driver_object, registry_path, &Data, NULL);
}

VOID CorpusStartRequest(PVOID device_extension, PSCSI_REQUEST_BLOCK srb)
{
	((PRING_EXTENSION)device_extension)->Active = srb;
}

const char *CorpusRequests(void)
{
	STORAGE_REQUEST_BLOCK block = { .Function = SRB_FUNCTION_STORAGE_REQUEST_BLOCK };
	SCSI_REQUEST_BLOCK srb = { .Function = SRB_FUNCTION_EXECUTE_SCSI };
	struct {
		SCSI_SUPPORTED_CONTROL_TYPE_LIST List;
		BOOLEAN Types[ScsiAdapterControlMax];
	} types = { .List.MaxControlType = ScsiAdapterControlMax };
	ULONG length;

	block.DataBuffer = &block;
	block.DataTransferLength = 512;
	srb.DataBuffer = &srb;
	srb.DataTransferLength = 1024;
	CORPUS_EXPECT(RingData((PSCSI_REQUEST_BLOCK)&block, &length) == &block && length == 512);
	CORPUS_EXPECT(RingData(&srb, &length) == &srb && length == 1024);
	CORPUS_EXPECT(RingAdapterControl(NULL, ScsiQuerySupportedControlTypes, &types.List) ==
		      ScsiAdapterControlSuccess);
	CORPUS_EXPECT(types.List.SupportedTypeList[ScsiStopAdapter] == TRUE);
	return NULL;
}
