// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a driver for KMDF has for itself. Common buffers are in a collection under a spin
 * lock, and are found by their address. A transaction is made for each packet, with a copy of it in
 * pool and an MDL, and counts its users. The last one deletes it, which may be in EvtProgramDma.
 */
#include <ntddk.h>
#include <wdf.h>

#include "wdf.h"

#define CORPUS_TAG 0x726E6553 /* 'rneS' */

typedef struct _CORPUS_PACKET {
	PCORPUS_SENDER Sender;
	volatile LONG Users;
	PVOID Copy;
	PMDL Mdl;
} CORPUS_PACKET, *PCORPUS_PACKET;

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(CORPUS_PACKET, CorpusGetPacket)

EVT_WDF_PROGRAM_DMA CorpusSenderProgram;
EVT_WDF_OBJECT_CONTEXT_DESTROY CorpusPacketDestroy;

NTSTATUS CorpusBuffersStart(PCORPUS_BUFFERS Buffers)
{
	NTSTATUS Status = WdfSpinLockCreate(WDF_NO_OBJECT_ATTRIBUTES, &Buffers->Lock);

	if (NT_SUCCESS(Status))
		Status = WdfCollectionCreate(WDF_NO_OBJECT_ATTRIBUTES, &Buffers->Collection);
	return Status;
}

PVOID CorpusBuffersAlloc(PCORPUS_BUFFERS Buffers, SIZE_T Length)
{
	WDFCOMMONBUFFER Buffer;
	NTSTATUS Status;

	Status = WdfCommonBufferCreate(Buffers->Enabler, Length, WDF_NO_OBJECT_ATTRIBUTES, &Buffer);
	if (!NT_SUCCESS(Status))
		return NULL;
	WdfSpinLockAcquire(Buffers->Lock);
	Status = WdfCollectionAdd(Buffers->Collection, Buffer);
	WdfSpinLockRelease(Buffers->Lock);
	if (NT_SUCCESS(Status))
		return WdfCommonBufferGetAlignedVirtualAddress(Buffer);
	WdfObjectDelete(Buffer);
	return NULL;
}

/* Return the buffer that has an address, and take it from the collection with Remove. */
static WDFCOMMONBUFFER CorpusBuffersFind(PCORPUS_BUFFERS Buffers, PVOID Va, BOOLEAN Remove,
					 PSIZE_T Offset)
{
	WDFCOMMONBUFFER Buffer, Found = NULL;
	ULONG Index, Count;
	PUCHAR Start;

	WdfSpinLockAcquire(Buffers->Lock);
	Count = WdfCollectionGetCount(Buffers->Collection);
	for (Index = 0; Index < Count && Found == NULL; Index++) {
		Buffer = (WDFCOMMONBUFFER)WdfCollectionGetItem(Buffers->Collection, Index);
		Start = (PUCHAR)WdfCommonBufferGetAlignedVirtualAddress(Buffer);
		if ((PUCHAR)Va < Start || (PUCHAR)Va >= Start + WdfCommonBufferGetLength(Buffer))
			continue;
		*Offset = (PUCHAR)Va - Start;
		Found = Buffer;
	}
	if (Found != NULL && Remove)
		WdfCollectionRemove(Buffers->Collection, Found);
	WdfSpinLockRelease(Buffers->Lock);
	return Found;
}

PHYSICAL_ADDRESS CorpusBuffersAddress(PCORPUS_BUFFERS Buffers, PVOID Va)
{
	PHYSICAL_ADDRESS Address;
	WDFCOMMONBUFFER Buffer;
	SIZE_T Offset = 0;

	Address.QuadPart = 0;
	Buffer = CorpusBuffersFind(Buffers, Va, FALSE, &Offset);
	if (Buffer == NULL)
		return Address;
	Address = WdfCommonBufferGetAlignedLogicalAddress(Buffer);
	Address.QuadPart += Offset;
	return Address;
}

BOOLEAN CorpusBuffersFree(PCORPUS_BUFFERS Buffers, PVOID Va)
{
	SIZE_T Offset = 0;
	WDFCOMMONBUFFER Buffer = CorpusBuffersFind(Buffers, Va, TRUE, &Offset);

	if (Buffer == NULL)
		return FALSE;
	WdfObjectDelete(Buffer);
	return TRUE;
}

VOID CorpusPacketDestroy(WDFOBJECT Object)
{
	PCORPUS_PACKET Packet = CorpusGetPacket(Object);

	if (Packet->Mdl != NULL)
		IoFreeMdl(Packet->Mdl);
	if (Packet->Copy != NULL)
		ExFreePoolWithTag(Packet->Copy, CORPUS_TAG);
	if (Packet->Sender != NULL)
		Packet->Sender->Destroyed++;
}

static VOID CorpusPacketLeave(WDFDMATRANSACTION Transaction)
{
	if (InterlockedDecrement(&CorpusGetPacket(Transaction)->Users) == 0)
		WdfObjectDelete(Transaction);
}

VOID CorpusSenderDone(PCORPUS_SENDER Sender, WDFDMATRANSACTION Transaction)
{
	WdfDmaTransactionDmaCompletedFinal(Transaction, 0, &Sender->Status);
	WdfDmaTransactionRelease(Transaction);
	CorpusPacketLeave(Transaction);
}

BOOLEAN CorpusSenderProgram(WDFDMATRANSACTION Transaction, WDFDEVICE Device, WDFCONTEXT Context,
			    WDF_DMA_DIRECTION Direction, PSCATTER_GATHER_LIST SgList)
{
	PCORPUS_PACKET Packet = CorpusGetPacket(Transaction);
	PCORPUS_SENDER Sender = (PCORPUS_SENDER)Context;

	UNREFERENCED_PARAMETER(Device);
	UNREFERENCED_PARAMETER(Direction);
	InterlockedIncrement(&Packet->Users);
	Sender->Elements = SgList->NumberOfElements;
	Sender->Transaction = Transaction;
	Sender->Programmed++;
	if (Sender->AtOnce)
		CorpusSenderDone(Sender, Transaction);
	CorpusPacketLeave(Transaction);
	return TRUE;
}

static NTSTATUS CorpusPacketCreate(PCORPUS_SENDER Sender, WDFDMATRANSACTION *Transaction)
{
	WDF_OBJECT_ATTRIBUTES Attributes;
	NTSTATUS Status;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&Attributes, CORPUS_PACKET);
	Attributes.EvtDestroyCallback = CorpusPacketDestroy;
	Status = WdfDmaTransactionCreate(Sender->Enabler, &Attributes, Transaction);
	if (!NT_SUCCESS(Status))
		return Status;
	CorpusGetPacket(*Transaction)->Sender = Sender;
	CorpusGetPacket(*Transaction)->Users = 1;
	return Status;
}

NTSTATUS CorpusSenderSend(PCORPUS_SENDER Sender, PVOID Data, ULONG Length)
{
	WDFDMATRANSACTION Transaction;
	PCORPUS_PACKET Packet;
	NTSTATUS Status;

	Status = CorpusPacketCreate(Sender, &Transaction);
	if (!NT_SUCCESS(Status))
		return Status;
	Status = STATUS_INSUFFICIENT_RESOURCES;
	Packet = CorpusGetPacket(Transaction);
	Packet->Copy = ExAllocatePoolUninitialized(NonPagedPool, Length, CORPUS_TAG);
	if (Packet->Copy != NULL)
		Packet->Mdl = IoAllocateMdl(Packet->Copy, Length, FALSE, FALSE, NULL);
	if (Packet->Mdl != NULL) {
		RtlCopyMemory(Packet->Copy, Data, Length);
		MmBuildMdlForNonPagedPool(Packet->Mdl);
		Status = WdfDmaTransactionInitialize(Transaction, CorpusSenderProgram,
						     WdfDmaDirectionWriteToDevice, Packet->Mdl,
						     MmGetMdlVirtualAddress(Packet->Mdl), Length);
	}
	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionExecute(Transaction, Sender);
	if (!NT_SUCCESS(Status))
		CorpusPacketLeave(Transaction);
	return Status;
}

NTSTATUS CorpusSenderSendMdl(PCORPUS_SENDER Sender, PMDL Mdl, ULONG Length)
{
	WDFDMATRANSACTION Transaction;
	NTSTATUS Status;

	Status = CorpusPacketCreate(Sender, &Transaction);
	if (!NT_SUCCESS(Status))
		return Status;
	Status = WdfDmaTransactionInitializeUsingOffset(Transaction, CorpusSenderProgram,
							WdfDmaDirectionWriteToDevice, Mdl, 0,
							Length);
	if (NT_SUCCESS(Status))
		Status = WdfDmaTransactionExecute(Transaction, Sender);
	if (!NT_SUCCESS(Status))
		CorpusPacketLeave(Transaction);
	return Status;
}
