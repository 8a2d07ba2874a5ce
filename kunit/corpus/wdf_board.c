// SPDX-License-Identifier: GPL-2.0-only
/*
 * A board in the manner of drivers for KMDF. Its interrupt has automatic serialization, and its DPC
 * looks at the board under the interrupt's lock. EvtProgramDma ends the request if the board is not
 * ready.
 */
#include <ntddk.h>
#include <wdf.h>

#include "wdf.h"
#include "wdf_board.h"

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(CORPUS_BOARD, CorpusGetBoard)

EVT_WDF_INTERRUPT_ISR CorpusBoardIsr;
EVT_WDF_INTERRUPT_DPC CorpusBoardDpc;
EVT_WDF_PROGRAM_DMA CorpusBoardProgram;

static VOID CorpusBoardComplete(WDFDMATRANSACTION Transaction, NTSTATUS Status)
{
	WDFREQUEST Request = WdfDmaTransactionGetRequest(Transaction);
	SIZE_T Bytes = WdfDmaTransactionGetBytesTransferred(Transaction);

	WdfDmaTransactionRelease(Transaction);
	WdfRequestCompleteWithInformation(Request, Status, NT_SUCCESS(Status) ? Bytes : 0);
}

BOOLEAN CorpusBoardIsr(WDFINTERRUPT Interrupt, ULONG MessageID)
{
	PCORPUS_BOARD Board = CorpusGetBoard(WdfInterruptGetDevice(Interrupt));

	UNREFERENCED_PARAMETER(MessageID);
	if (Board->Pending == 0)
		return FALSE;
	WdfInterruptQueueDpcForIsr(Interrupt);
	return TRUE;
}

VOID CorpusBoardDpc(WDFINTERRUPT Interrupt, WDFOBJECT Device)
{
	PCORPUS_BOARD Board = CorpusGetBoard(Device);
	NTSTATUS Status;
	LONG Pending;

	WdfInterruptAcquireLock(Interrupt);
	Pending = Board->Pending;
	Board->Pending = 0;
	WdfInterruptReleaseLock(Interrupt);
	if (Pending != 0 && WdfDmaTransactionDmaCompleted(Board->Transaction, &Status))
		CorpusBoardComplete(Board->Transaction, Status);
}

BOOLEAN CorpusBoardProgram(WDFDMATRANSACTION Transaction, WDFDEVICE Device, WDFCONTEXT Context,
			   WDF_DMA_DIRECTION Direction, PSCATTER_GATHER_LIST SgList)
{
	PCORPUS_BOARD Board = CorpusGetBoard(Device);
	NTSTATUS Status;

	UNREFERENCED_PARAMETER(Context);
	UNREFERENCED_PARAMETER(Direction);
	UNREFERENCED_PARAMETER(SgList);
	Board->Programmed++;
	if (!Board->Refuse)
		return TRUE;
	WdfDmaTransactionDmaCompletedFinal(Transaction, 0, &Status);
	CorpusBoardComplete(Transaction, STATUS_INVALID_DEVICE_STATE);
	return FALSE;
}

NTSTATUS CorpusBoardStart(WDFDEVICE Device, PCORPUS_BOARD *Result)
{
	WDF_INTERRUPT_CONFIG InterruptConfig;
	WDF_OBJECT_ATTRIBUTES Attributes;
	WDF_DMA_ENABLER_CONFIG Config;
	PCORPUS_BOARD Board;
	NTSTATUS Status;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&Attributes, CORPUS_BOARD);
	Status = WdfObjectAllocateContext(Device, &Attributes, (PVOID *)&Board);
	if (!NT_SUCCESS(Status))
		return Status;
	*Result = Board;
	WDF_INTERRUPT_CONFIG_INIT(&InterruptConfig, CorpusBoardIsr, CorpusBoardDpc);
	InterruptConfig.AutomaticSerialization = TRUE;
	Status = WdfInterruptCreate(Device, &InterruptConfig, WDF_NO_OBJECT_ATTRIBUTES,
				    &Board->Interrupt);
	if (!NT_SUCCESS(Status))
		return Status;
	WDF_DMA_ENABLER_CONFIG_INIT(&Config, WdfDmaProfileScatterGather64Duplex, 8192);
	Config.WdmDmaVersionOverride = 3;
	Status = WdfDmaEnablerCreate(Device, &Config, WDF_NO_OBJECT_ATTRIBUTES, &Board->Enabler);
	if (!NT_SUCCESS(Status))
		return Status;
	return WdfDmaTransactionCreate(Board->Enabler, WDF_NO_OBJECT_ATTRIBUTES,
				       &Board->Transaction);
}

VOID CorpusBoardRead(PCORPUS_BOARD Board, WDFREQUEST Request)
{
	NTSTATUS Status;

	WdfDmaTransactionSetSingleTransferRequirement(Board->Transaction, TRUE);
	Status = WdfDmaTransactionInitializeUsingRequest(Board->Transaction, Request,
							 CorpusBoardProgram,
							 WdfDmaDirectionReadFromDevice);
	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionExecute(Board->Transaction, WDF_NO_CONTEXT);
	if (NT_SUCCESS(Status))
		return;
	WdfDmaTransactionRelease(Board->Transaction);
	WdfRequestComplete(Request, Status);
}
