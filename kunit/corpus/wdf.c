// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA in the two ways in which drivers for KMDF do it. One reuses a transaction for each request,
 * whose transfers a DPC completes. The other makes a transaction for each request, and deletes it
 * when the device is done.
 */
#include <ntddk.h>
#include <wdf.h>

#include "wdf.h"

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(CORPUS_CONTEXT, CorpusGetContext)

typedef struct _CORPUS_ONCE {
	PCORPUS_DEVICE Hardware;
	WDFREQUEST Request;
} CORPUS_ONCE, *PCORPUS_ONCE;

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(CORPUS_ONCE, CorpusGetOnce)

EVT_WDF_PROGRAM_DMA CorpusProgramDma;
EVT_WDF_PROGRAM_DMA CorpusProgramOnce;

PCORPUS_CONTEXT CorpusContextOf(WDFOBJECT Object)
{
	return CorpusGetContext(Object);
}

NTSTATUS CorpusStart(WDFDEVICE Device, PCORPUS_DEVICE Hardware, WDFDMAENABLER *Enabler)
{
	WDF_DMA_ENABLER_CONFIG Config;
	NTSTATUS Status;

	WdfDeviceSetAlignmentRequirement(Device, FILE_OCTA_ALIGNMENT);
	WDF_DMA_ENABLER_CONFIG_INIT(&Config, WdfDmaProfileScatterGather64Duplex, 8192);
	Config.WdmDmaVersionOverride = 3;
	Status = WdfDmaEnablerCreate(Device, &Config, WDF_NO_OBJECT_ATTRIBUTES, Enabler);
	if (!NT_SUCCESS(Status))
		return Status;
	WdfDmaEnablerSetMaximumScatterGatherElements(*Enabler, 8);
	return WdfDmaTransactionCreate(*Enabler, WDF_NO_OBJECT_ATTRIBUTES, &Hardware->Transaction);
}

BOOLEAN CorpusProgramDma(WDFDMATRANSACTION Transaction, WDFDEVICE Device, WDFCONTEXT Context,
			 WDF_DMA_DIRECTION Direction, PSCATTER_GATHER_LIST SgList)
{
	PCORPUS_DEVICE Hardware = (PCORPUS_DEVICE)Context;

	UNREFERENCED_PARAMETER(Device);
	UNREFERENCED_PARAMETER(Direction);
	Hardware->LastOffset = (ULONG)WdfDmaTransactionGetBytesTransferred(Transaction);
	Hardware->Address = SgList->Elements[0].Address;
	Hardware->Length = (ULONG)WdfDmaTransactionGetCurrentDmaTransferLength(Transaction);
	Hardware->Programmed++;
	return TRUE;
}

NTSTATUS CorpusRead(PCORPUS_DEVICE Hardware, WDFREQUEST Request)
{
	NTSTATUS Status;

	Status = WdfDmaTransactionInitializeUsingRequest(Hardware->Transaction, Request,
							 CorpusProgramDma,
							 WdfDmaDirectionReadFromDevice);
	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionExecute(Hardware->Transaction, Hardware);
	if (!NT_SUCCESS(Status)) {
		WdfDmaTransactionRelease(Hardware->Transaction);
		WdfRequestComplete(Request, Status);
	}
	return Status;
}

VOID CorpusDpc(PCORPUS_DEVICE Hardware, SIZE_T Residual)
{
	WDFDMATRANSACTION Transaction = Hardware->Transaction;
	SIZE_T Length = WdfDmaTransactionGetCurrentDmaTransferLength(Transaction) - Residual;
	WDFREQUEST Request;
	NTSTATUS Status;
	SIZE_T Bytes;

	if (!WdfDmaTransactionDmaCompletedWithLength(Transaction, Length, &Status))
		return;
	Request = WdfDmaTransactionGetRequest(Transaction);
	Bytes = WdfDmaTransactionGetBytesTransferred(Transaction);
	WdfDmaTransactionRelease(Transaction);
	WdfRequestCompleteWithInformation(Request, Status, NT_SUCCESS(Status) ? Bytes : 0);
}

BOOLEAN CorpusProgramOnce(WDFDMATRANSACTION Transaction, WDFDEVICE Device, WDFCONTEXT Context,
			  WDF_DMA_DIRECTION Direction, PSCATTER_GATHER_LIST SgList)
{
	PCORPUS_ONCE Once = CorpusGetOnce(Transaction);

	UNREFERENCED_PARAMETER(Device);
	UNREFERENCED_PARAMETER(Context);
	UNREFERENCED_PARAMETER(Direction);
	Once->Hardware->Address = SgList->Elements[0].Address;
	Once->Hardware->Length = SgList->Elements[0].Length;
	Once->Hardware->Transaction = Transaction;
	Once->Hardware->Request = WdfDmaTransactionGetRequest(Transaction);
	Once->Hardware->Programmed++;
	return TRUE;
}

NTSTATUS CorpusSendOnce(WDFDMAENABLER Enabler, PCORPUS_DEVICE Hardware, WDFREQUEST Request)
{
	WDF_OBJECT_ATTRIBUTES Attributes;
	WDFDMATRANSACTION Transaction;
	NTSTATUS Status;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&Attributes, CORPUS_ONCE);
	Status = WdfDmaTransactionCreate(Enabler, &Attributes, &Transaction);
	if (!NT_SUCCESS(Status))
		return Status;
	CorpusGetOnce(Transaction)->Hardware = Hardware;
	CorpusGetOnce(Transaction)->Request = Request;
	Status = WdfDmaTransactionInitializeUsingRequest(Transaction, Request, CorpusProgramOnce,
							 WdfDmaDirectionWriteToDevice);
	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionExecute(Transaction, NULL);
	if (!NT_SUCCESS(Status))
		WdfObjectDelete(Transaction);
	return Status;
}

VOID CorpusSentOnce(WDFDMATRANSACTION Transaction, ULONG Length)
{
	WDFREQUEST Request = CorpusGetOnce(Transaction)->Request;
	NTSTATUS Status;

	WdfDmaTransactionDmaCompletedFinal(Transaction, Length, &Status);
	WdfObjectDelete(Transaction);
	WdfRequestCompleteWithInformation(Request, Status, Length);
}
