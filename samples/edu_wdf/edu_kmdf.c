// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Windows half. Two common buffers are copied through the device at the start, and then reads
 * and writes are done by one transaction for each direction. The device copies one contiguous piece
 * at a time, and interrupts. The DPC gives it the next element of the list, and completes the
 * transfer after the last one.
 */
#include <ntddk.h>
#include <wdf.h>

#include "edu_wdf.h"

typedef struct _EDU_CONTEXT {
	PEDU_HARDWARE Hardware;
	WDFDMAENABLER Enabler;
	WDFCOMMONBUFFER Source;
	WDFCOMMONBUFFER Destination;
	WDFDMATRANSACTION ReadTransaction;
	WDFDMATRANSACTION WriteTransaction;
	WDFINTERRUPT Interrupt;

	/* The transfer under way, which the interrupt's lock protects. */
	WDFDMATRANSACTION Current;
	WDF_DMA_DIRECTION Direction;
	PSCATTER_GATHER_LIST List;
	ULONG Element;
	ULONG DeviceOffset;
	BOOLEAN Done;
} EDU_CONTEXT, *PEDU_CONTEXT;

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(EDU_CONTEXT, EduGetContext)

EVT_WDF_PROGRAM_DMA EduEvtProgramDma;
EVT_WDF_INTERRUPT_ISR EduEvtInterruptIsr;
EVT_WDF_INTERRUPT_DPC EduEvtInterruptDpc;

static VOID EduStartCopy(PEDU_HARDWARE Hardware, PHYSICAL_ADDRESS Address, ULONG DeviceOffset,
			 ULONG Length, BOOLEAN WriteToDevice, ULONG Flags)
{
	ULONGLONG Memory = (ULONGLONG)Address.QuadPart;
	ULONGLONG Device = EDU_DEVICE_ADDRESS + DeviceOffset;

	EduWriteRegister(Hardware, EDU_DMA_SOURCE, WriteToDevice ? Memory : Device);
	EduWriteRegister(Hardware, EDU_DMA_DESTINATION, WriteToDevice ? Device : Memory);
	EduWriteRegister(Hardware, EDU_DMA_COUNT, Length);
	EduWriteRegister(Hardware, EDU_DMA_COMMAND,
			 EDU_DMA_RUN | Flags | (WriteToDevice ? 0 : EDU_DMA_TO_MEMORY));
}

/* Give the device the next element. The interrupt's lock is held. */
static VOID EduStartElement(PEDU_CONTEXT Context)
{
	PSCATTER_GATHER_ELEMENT Element = &Context->List->Elements[Context->Element];

	EduStartCopy(Context->Hardware, Element->Address, Context->DeviceOffset, Element->Length,
		     Context->Direction == WdfDmaDirectionWriteToDevice, EDU_DMA_INTERRUPT);
	Context->DeviceOffset += Element->Length;
	Context->Element++;
}

BOOLEAN EduEvtProgramDma(WDFDMATRANSACTION Transaction, WDFDEVICE Device, WDFCONTEXT WdfContext,
			 WDF_DMA_DIRECTION Direction, PSCATTER_GATHER_LIST SgList)
{
	PEDU_CONTEXT Context = EduGetContext(Device);

	UNREFERENCED_PARAMETER(WdfContext);
	WdfInterruptAcquireLock(Context->Interrupt);
	Context->Current = Transaction;
	Context->Direction = Direction;
	Context->List = SgList;
	Context->Element = 0;
	Context->DeviceOffset = (ULONG)WdfDmaTransactionGetBytesTransferred(Transaction);
	EduStartElement(Context);
	WdfInterruptReleaseLock(Context->Interrupt);
	return TRUE;
}

BOOLEAN EduEvtInterruptIsr(WDFINTERRUPT Interrupt, ULONG MessageID)
{
	PEDU_CONTEXT Context = EduGetContext(WdfInterruptGetDevice(Interrupt));
	ULONGLONG Status = EduReadRegister(Context->Hardware, EDU_INTERRUPT_STATUS);

	UNREFERENCED_PARAMETER(MessageID);
	if (!(Status & EDU_INTERRUPT_OF_DMA))
		return FALSE;
	EduWriteRegister(Context->Hardware, EDU_INTERRUPT_ACKNOWLEDGE, EDU_INTERRUPT_OF_DMA);
	Context->Done = TRUE;
	WdfInterruptQueueDpcForIsr(Interrupt);
	return TRUE;
}

/* Take the transfer if the device is done with it. */
static WDFDMATRANSACTION EduTakeTransfer(PEDU_CONTEXT Context)
{
	WDFDMATRANSACTION Transaction = NULL;

	WdfInterruptAcquireLock(Context->Interrupt);
	if (Context->Done && Context->Current) {
		Context->Done = FALSE;
		if (Context->Element < Context->List->NumberOfElements) {
			EduStartElement(Context);
		} else {
			Transaction = Context->Current;
			Context->Current = NULL;
		}
	}
	WdfInterruptReleaseLock(Context->Interrupt);
	return Transaction;
}

VOID EduEvtInterruptDpc(WDFINTERRUPT Interrupt, WDFOBJECT AssociatedObject)
{
	WDFDMATRANSACTION Transaction = EduTakeTransfer(EduGetContext(AssociatedObject));
	WDFREQUEST Request;
	NTSTATUS Status;
	SIZE_T Bytes;

	UNREFERENCED_PARAMETER(Interrupt);
	if (!Transaction || !WdfDmaTransactionDmaCompleted(Transaction, &Status))
		return;
	Request = WdfDmaTransactionGetRequest(Transaction);
	Bytes = WdfDmaTransactionGetBytesTransferred(Transaction);
	WdfDmaTransactionRelease(Transaction);
	WdfRequestCompleteWithInformation(Request, Status, NT_SUCCESS(Status) ? Bytes : 0);
}

static VOID EduBegin(WDFDMATRANSACTION Transaction, WDFREQUEST Request, WDF_DMA_DIRECTION Direction)
{
	NTSTATUS Status = WdfDmaTransactionInitializeUsingRequest(Transaction, Request,
								  EduEvtProgramDma, Direction);

	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionExecute(Transaction, WDF_NO_CONTEXT);
	if (NT_SUCCESS(Status))
		return;
	WdfDmaTransactionRelease(Transaction);
	WdfRequestComplete(Request, Status);
}

VOID EduEvtIoRead(WDFDEVICE Device, WDFREQUEST Request)
{
	EduBegin(EduGetContext(Device)->ReadTransaction, Request, WdfDmaDirectionReadFromDevice);
}

VOID EduEvtIoWrite(WDFDEVICE Device, WDFREQUEST Request)
{
	EduBegin(EduGetContext(Device)->WriteTransaction, Request, WdfDmaDirectionWriteToDevice);
}

static NTSTATUS EduCreateDma(WDFDEVICE Device, PEDU_CONTEXT Context)
{
	WDF_DMA_ENABLER_CONFIG Config;
	NTSTATUS Status;

	WdfDeviceSetAlignmentRequirement(Device, FILE_64_BYTE_ALIGNMENT);
	WDF_DMA_ENABLER_CONFIG_INIT(&Config, WdfDmaProfileScatterGather, EDU_LONGEST_TRANSFER);
	Status = WdfDmaEnablerCreate(Device, &Config, WDF_NO_OBJECT_ATTRIBUTES, &Context->Enabler);
	if (!NT_SUCCESS(Status))
		return Status;
	Status = WdfCommonBufferCreate(Context->Enabler, EDU_COMMON_LENGTH,
				       WDF_NO_OBJECT_ATTRIBUTES, &Context->Source);
	if (NT_SUCCESS(Status))
		Status = WdfCommonBufferCreate(Context->Enabler, EDU_COMMON_LENGTH,
					       WDF_NO_OBJECT_ATTRIBUTES, &Context->Destination);
	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionCreate(Context->Enabler, WDF_NO_OBJECT_ATTRIBUTES,
						 &Context->ReadTransaction);
	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionCreate(Context->Enabler, WDF_NO_OBJECT_ATTRIBUTES,
						 &Context->WriteTransaction);
	return Status;
}

/* What a driver does in EvtDriverDeviceAdd and EvtDevicePrepareHardware. */
NTSTATUS EduPrepareHardware(WDFDEVICE Device, PEDU_HARDWARE Hardware, WDFINTERRUPT *Interrupt)
{
	WDF_INTERRUPT_CONFIG InterruptConfig;
	WDF_OBJECT_ATTRIBUTES Attributes;
	PEDU_CONTEXT Context;
	NTSTATUS Status;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&Attributes, EDU_CONTEXT);
	Status = WdfObjectAllocateContext(Device, &Attributes, (PVOID *)&Context);
	if (!NT_SUCCESS(Status))
		return Status;
	Context->Hardware = Hardware;
	WDF_INTERRUPT_CONFIG_INIT(&InterruptConfig, EduEvtInterruptIsr, EduEvtInterruptDpc);
	Status = WdfInterruptCreate(Device, &InterruptConfig, WDF_NO_OBJECT_ATTRIBUTES,
				    &Context->Interrupt);
	*Interrupt = Context->Interrupt;
	if (NT_SUCCESS(Status))
		Status = EduCreateDma(Device, Context);
	EduLog(Hardware, "WdfDmaEnablerCreate, WdfCommonBufferCreate: status 0x%08x", Status);
	return Status;
}

static NTSTATUS EduCopyNow(PEDU_CONTEXT Context, WDFCOMMONBUFFER Buffer, BOOLEAN WriteToDevice)
{
	ULONG Tries;

	EduStartCopy(Context->Hardware, WdfCommonBufferGetAlignedLogicalAddress(Buffer),
		     EDU_REQUEST_MEMORY, EDU_COMMON_LENGTH, WriteToDevice, 0);
	for (Tries = 0; Tries < 500; Tries++) {
		if (!(EduReadRegister(Context->Hardware, EDU_DMA_COMMAND) & EDU_DMA_RUN))
			return STATUS_SUCCESS;
		EduPause();
	}
	return STATUS_IO_TIMEOUT;
}

/* Copy from one common buffer to the other, through the device. */
NTSTATUS EduSelfTest(WDFDEVICE Device)
{
	PEDU_CONTEXT Context = EduGetContext(Device);
	PUCHAR Source = (PUCHAR)WdfCommonBufferGetAlignedVirtualAddress(Context->Source);
	PUCHAR Destination = (PUCHAR)WdfCommonBufferGetAlignedVirtualAddress(Context->Destination);
	NTSTATUS Status;
	ULONG n;

	for (n = 0; n < EDU_COMMON_LENGTH; n++)
		Source[n] = (UCHAR)(n * 7 + 3);
	Status = EduCopyNow(Context, Context->Source, TRUE);
	if (NT_SUCCESS(Status))
		Status = EduCopyNow(Context, Context->Destination, FALSE);
	if (NT_SUCCESS(Status) && !RtlEqualMemory(Source, Destination, EDU_COMMON_LENGTH))
		Status = STATUS_DATA_ERROR;
	return Status;
}
