// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Windows half of a driver for QEMU's "edu" device. It queues requests in a ring. Each request
 * copies a part of one common buffer to another, by one DMA into the device's memory and one back.
 * The interrupt queues a DPC, and the DPC starts the next DMA. Two threads make the requests, and
 * wait for an event in each.
 *
 * All calls are those of a WDM driver. Nothing of this file knows of Linux.
 */
#include <ntddk.h>

#include "ring.h"

#define RING_TAG		0x676E6952	/* 'gniR' */
#define RING_ENTRIES		4	/* fewer than requests, so that the ring fills up */
#define RING_THREADS		2
#define RING_REQUESTS		4	/* of each thread */
#define RING_PART		PAGE_SIZE
#define RING_BUFFER_LENGTH	(RING_THREADS * RING_REQUESTS * RING_PART)
/* The device has 4096 bytes of memory, but a DMA that uses the last byte ends QEMU 7.2. */
#define RING_LONGEST		(RING_PART - 1)
#define RING_WATCHDOG_MS	5000

/* Registers, and their bits. */
#define RING_ID			0x00
#define RING_ID_VALUE		0x00ED
#define RING_INTERRUPT_STATUS	0x24
#define RING_INTERRUPT_ACK	0x64
#define RING_DMA_SOURCE		0x80
#define RING_DMA_DESTINATION	0x88
#define RING_DMA_COUNT		0x90
#define RING_DMA_COMMAND	0x98
#define RING_DMA_RUN		0x1
#define RING_DMA_TO_MEMORY	0x2
#define RING_DMA_INTERRUPT	0x4

/* The address of the device's own memory for its DMA. */
#define RING_DEVICE_ADDRESS	0x40000

typedef struct _RING_BUFFER {
	PUCHAR VirtualAddress;
	PHYSICAL_ADDRESS LogicalAddress;
} RING_BUFFER, *PRING_BUFFER;

/* A copy of Length bytes at Offset, from the source to the destination. */
typedef struct _RING_REQUEST {
	ULONG Offset;
	ULONG Length;
	BOOLEAN InDevice;		/* the first of the two DMAs has ended */
	NTSTATUS Status;
	KEVENT Done;
} RING_REQUEST, *PRING_REQUEST;

typedef struct _RING_WORKER {
	PRING_EXTENSION Extension;
	PVOID Thread;
	ULONG Index;
	NTSTATUS Status;
	RING_RESULT Result;
} RING_WORKER, *PRING_WORKER;

typedef struct _RING_EXTENSION {
	PRING_HARDWARE Hardware;
	PUCHAR Registers;
	ULONG RegisterLength;
	PDMA_ADAPTER Adapter;
	RING_BUFFER Source;
	RING_BUFFER Destination;
	NPAGED_LOOKASIDE_LIST Requests;
	KDPC Dpc;
	KDPC WatchdogDpc;
	KTIMER Watchdog;
	LONG Interrupts;

	KSPIN_LOCK Lock;		/* protects the rest */
	PRING_REQUEST Ring[RING_ENTRIES];
	ULONG Head;			/* number of requests that have ended */
	ULONG Tail;			/* number of requests that were queued */
	KEVENT Room;			/* the ring is not full */
	ULONGLONG Started;		/* when the last DMA was */
	BOOLEAN Dead;			/* the device has not answered */
	ULONG Dpcs;
	ULONG WrongLevels;		/* DPCs that did not run at DISPATCH_LEVEL */
} RING_EXTENSION;

static KDEFERRED_ROUTINE RingDpc;
static KDEFERRED_ROUTINE RingWatchdog;
static KSTART_ROUTINE RingThread;

static ULONG RingRead(_In_ PRING_EXTENSION Extension, _In_ ULONG Offset)
{
	return READ_REGISTER_ULONG((PULONG)(Extension->Registers + Offset));
}

static VOID RingWrite(_In_ PRING_EXTENSION Extension, _In_ ULONG Offset, _In_ ULONG Value)
{
	WRITE_REGISTER_ULONG((PULONG)(Extension->Registers + Offset), Value);
}

static VOID RingWrite64(_In_ PRING_EXTENSION Extension, _In_ ULONG Offset, _In_ ULONG64 Value)
{
	WRITE_REGISTER_ULONG64((PULONG64)(Extension->Registers + Offset), Value);
}

/* Start the DMA that the first request of the ring needs next. */
_Requires_lock_held_(Extension->Lock)
static VOID RingStartDma(_In_ PRING_EXTENSION Extension)
{
	PRING_REQUEST Request = Extension->Ring[Extension->Head % RING_ENTRIES];
	ULONG Command = RING_DMA_RUN | RING_DMA_INTERRUPT;
	LARGE_INTEGER Due;

	if (Request->InDevice) {
		RingWrite64(Extension, RING_DMA_SOURCE, RING_DEVICE_ADDRESS);
		RingWrite64(Extension, RING_DMA_DESTINATION,
			    Extension->Destination.LogicalAddress.QuadPart + Request->Offset);
		Command |= RING_DMA_TO_MEMORY;
	} else {
		RingWrite64(Extension, RING_DMA_SOURCE,
			    Extension->Source.LogicalAddress.QuadPart + Request->Offset);
		RingWrite64(Extension, RING_DMA_DESTINATION, RING_DEVICE_ADDRESS);
	}
	RingWrite64(Extension, RING_DMA_COUNT, Request->Length);
	Extension->Started = KeQueryInterruptTime();
	Due.QuadPart = -10000LL * RING_WATCHDOG_MS;
	KeSetTimer(&Extension->Watchdog, Due, &Extension->WatchdogDpc);
	RingWrite64(Extension, RING_DMA_COMMAND, Command);
}

/* Take the first request out of the ring. The caller must set its event after the release. */
_Requires_lock_held_(Extension->Lock)
static PRING_REQUEST RingComplete(_In_ PRING_EXTENSION Extension, _In_ NTSTATUS Status)
{
	PRING_REQUEST Request = Extension->Ring[Extension->Head++ % RING_ENTRIES];

	Request->Status = Status;
	KeSetEvent(&Extension->Room, IO_NO_INCREMENT, FALSE);
	return Request;
}

/* The interrupt service routine. */
BOOLEAN RingInterrupt(_In_ PRING_EXTENSION Extension)
{
	ULONG Status = RingRead(Extension, RING_INTERRUPT_STATUS);

	if (!Status)
		return FALSE;
	RingWrite(Extension, RING_INTERRUPT_ACK, Status);
	InterlockedIncrement(&Extension->Interrupts);
	KeInsertQueueDpc(&Extension->Dpc, NULL, NULL);
	return TRUE;
}

/* A DMA has ended. */
static VOID RingDpc(_In_ PKDPC Dpc, _In_opt_ PVOID Context, _In_opt_ PVOID Argument1,
		    _In_opt_ PVOID Argument2)
{
	PRING_EXTENSION Extension = Context;
	PRING_REQUEST Request, Done = NULL;

	UNREFERENCED_PARAMETER(Dpc);
	UNREFERENCED_PARAMETER(Argument1);
	UNREFERENCED_PARAMETER(Argument2);

	KeAcquireSpinLockAtDpcLevel(&Extension->Lock);
	Extension->Dpcs++;
	if (KeGetCurrentIrql() != DISPATCH_LEVEL)
		Extension->WrongLevels++;
	/* An interrupt after the watchdog has nothing to end. */
	if (Extension->Head != Extension->Tail && !Extension->Dead) {
		KeCancelTimer(&Extension->Watchdog);
		Request = Extension->Ring[Extension->Head % RING_ENTRIES];
		if (Request->InDevice)
			Done = RingComplete(Extension, STATUS_SUCCESS);
		else
			Request->InDevice = TRUE;
		if (Extension->Head != Extension->Tail)
			RingStartDma(Extension);
	}
	KeReleaseSpinLockFromDpcLevel(&Extension->Lock);

	/* The request may be freed as soon as its event is set. */
	if (Done)
		KeSetEvent(&Done->Done, IO_NO_INCREMENT, FALSE);
}

/* The device does not answer. Fail all requests. */
static VOID RingWatchdog(_In_ PKDPC Dpc, _In_opt_ PVOID Context, _In_opt_ PVOID Argument1,
			 _In_opt_ PVOID Argument2)
{
	PRING_EXTENSION Extension = Context;
	PRING_REQUEST Request;

	UNREFERENCED_PARAMETER(Dpc);
	UNREFERENCED_PARAMETER(Argument1);
	UNREFERENCED_PARAMETER(Argument2);

	KeAcquireSpinLockAtDpcLevel(&Extension->Lock);
	/* The timer may have been cancelled when this DPC was queued already. */
	if (Extension->Head == Extension->Tail ||
	    KeQueryInterruptTime() - Extension->Started < 10000ULL * RING_WATCHDOG_MS) {
		KeReleaseSpinLockFromDpcLevel(&Extension->Lock);
		return;
	}
	RingDisableDma(Extension->Hardware);
	Extension->Dead = TRUE;
	while (Extension->Head != Extension->Tail) {
		Request = RingComplete(Extension, STATUS_IO_TIMEOUT);
		KeReleaseSpinLockFromDpcLevel(&Extension->Lock);
		KeSetEvent(&Request->Done, IO_NO_INCREMENT, FALSE);
		KeAcquireSpinLockAtDpcLevel(&Extension->Lock);
	}
	KeReleaseSpinLockFromDpcLevel(&Extension->Lock);
	DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ring: the device does not answer\n");
}

/* Queue a request. Wait while the ring is full. */
_IRQL_requires_(PASSIVE_LEVEL)
static NTSTATUS RingSubmit(_In_ PRING_EXTENSION Extension, _In_ PRING_REQUEST Request)
{
	BOOLEAN Queued = FALSE, Dead = FALSE;
	KIRQL Irql;

	PAGED_CODE();
	while (!Queued && !Dead) {
		KeWaitForSingleObject(&Extension->Room, Executive, KernelMode, FALSE, NULL);
		KeAcquireSpinLock(&Extension->Lock, &Irql);
		Dead = Extension->Dead;
		if (!Dead && Extension->Tail - Extension->Head < RING_ENTRIES) {
			Extension->Ring[Extension->Tail++ % RING_ENTRIES] = Request;
			if (Extension->Tail - Extension->Head == 1)
				RingStartDma(Extension);
			Queued = TRUE;
		}
		if (!Dead && Extension->Tail - Extension->Head == RING_ENTRIES)
			KeClearEvent(&Extension->Room);
		KeReleaseSpinLock(&Extension->Lock, Irql);
	}
	return Queued ? STATUS_SUCCESS : STATUS_IO_TIMEOUT;
}

/* Compare what the device has copied, and the byte behind it. */
static VOID RingCheck(_Inout_ PRING_WORKER Worker, _In_ PRING_REQUEST Request)
{
	PUCHAR Source = Worker->Extension->Source.VirtualAddress + Request->Offset;
	PUCHAR Destination = Worker->Extension->Destination.VirtualAddress + Request->Offset;
	ULONG Index;

	for (Index = 0; Index < Request->Length; Index++)
		if (Destination[Index] != Source[Index])
			Worker->Result.Mismatches++;
	if (Destination[Request->Length] != (UCHAR)~Source[Request->Length])
		Worker->Result.Mismatches++;
	Worker->Result.Checks++;
	Worker->Result.BytesMoved += 2ULL * Request->Length;
}

static VOID RingFreeRequests(_In_ PRING_EXTENSION Extension,
			     _Inout_updates_(RING_REQUESTS) PRING_REQUEST *Requests)
{
	ULONG Index;

	for (Index = 0; Index < RING_REQUESTS; Index++)
		if (Requests[Index])
			ExFreeToNPagedLookasideList(&Extension->Requests, Requests[Index]);
}

/* Make the request of a thread with this number. */
static PRING_REQUEST RingNewRequest(_In_ PRING_WORKER Worker, _In_ ULONG Number)
{
	PRING_REQUEST Request;

	Request = ExAllocateFromNPagedLookasideList(&Worker->Extension->Requests);
	if (!Request)
		return NULL;
	RtlZeroMemory(Request, sizeof(*Request));
	Request->Offset = (Worker->Index * RING_REQUESTS + Number) * RING_PART;
	Request->Length = RING_LONGEST - Number * 321;
	KeInitializeEvent(&Request->Done, NotificationEvent, FALSE);
	return Request;
}

static VOID RingThread(_In_ PVOID Context)
{
	PRING_REQUEST Requests[RING_REQUESTS] = { NULL };
	PRING_WORKER Worker = Context;
	NTSTATUS Status = STATUS_SUCCESS;
	ULONG Index, Queued = 0;

	for (Index = 0; Index < RING_REQUESTS && NT_SUCCESS(Status); Index++) {
		Requests[Index] = RingNewRequest(Worker, Index);
		Status = Requests[Index] ? RingSubmit(Worker->Extension, Requests[Index]) :
					   STATUS_INSUFFICIENT_RESOURCES;
		if (NT_SUCCESS(Status))
			Queued++;
	}
	/* A request that is queued belongs to the ring until its event is set. */
	for (Index = 0; Index < Queued; Index++) {
		KeWaitForSingleObject(&Requests[Index]->Done, Executive, KernelMode, FALSE, NULL);
		if (NT_SUCCESS(Requests[Index]->Status))
			RingCheck(Worker, Requests[Index]);
		else
			Status = Requests[Index]->Status;
	}
	RingFreeRequests(Worker->Extension, Requests);
	Worker->Status = Status;
	PsTerminateSystemThread(Status);
}

static NTSTATUS RingStartThread(_Inout_ PRING_WORKER Worker)
{
	NTSTATUS Status;
	HANDLE Handle;

	Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, RingThread,
				      Worker);
	if (!NT_SUCCESS(Status))
		return Status;
	Status = ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, NULL, KernelMode,
					   &Worker->Thread, NULL);
	ZwClose(Handle);
	return Status;
}

/* Each byte differs in source and destination, and no two pages are alike. */
static VOID RingFill(_In_ PRING_EXTENSION Extension)
{
	ULONG Index;

	for (Index = 0; Index < RING_BUFFER_LENGTH; Index++) {
		Extension->Source.VirtualAddress[Index] = (UCHAR)((Index + 1) * 0x9E3779B1 >> 24);
		Extension->Destination.VirtualAddress[Index] =
			(UCHAR)~Extension->Source.VirtualAddress[Index];
	}
}

/* Each DMA has one interrupt and one DPC, at DISPATCH_LEVEL, and the ring is empty. */
static VOID RingCheckCounts(_In_ PRING_EXTENSION Extension, _Inout_ PRING_RESULT Result)
{
	const LONG Dmas = 2 * RING_THREADS * RING_REQUESTS;

	KeFlushQueuedDpcs();
	Result->Checks += 3;
	if (Extension->Interrupts != Dmas || Extension->Dpcs != (ULONG)Dmas)
		Result->Mismatches++;
	if (Extension->WrongLevels)
		Result->Mismatches++;
	if (Extension->Head != Extension->Tail || !KeReadStateEvent(&Extension->Room))
		Result->Mismatches++;
	DbgPrint("ring: %ld interrupts, %u DPCs, %I64u bytes moved, %u wrong\n",
		 Extension->Interrupts, Extension->Dpcs, Result->BytesMoved, Result->Mismatches);
}

NTSTATUS RingSelfTest(_In_ PRING_EXTENSION Extension, _Out_ PRING_RESULT Result)
{
	PRING_WORKER Workers;
	NTSTATUS Status = STATUS_SUCCESS;
	ULONG Index;

	RtlZeroMemory(Result, sizeof(*Result));
	Workers = ExAllocatePool2(POOL_FLAG_NON_PAGED, RING_THREADS * sizeof(*Workers), RING_TAG);
	if (!Workers)
		return STATUS_INSUFFICIENT_RESOURCES;
	RingFill(Extension);
	for (Index = 0; Index < RING_THREADS && NT_SUCCESS(Status); Index++) {
		Workers[Index].Extension = Extension;
		Workers[Index].Index = Index;
		Status = RingStartThread(&Workers[Index]);
	}
	for (Index = 0; Index < RING_THREADS; Index++) {
		if (!Workers[Index].Thread)
			continue;
		KeWaitForSingleObject(Workers[Index].Thread, Executive, KernelMode, FALSE, NULL);
		ObDereferenceObject(Workers[Index].Thread);
		if (!NT_SUCCESS(Workers[Index].Status))
			Status = Workers[Index].Status;
		Result->Checks += Workers[Index].Result.Checks;
		Result->Mismatches += Workers[Index].Result.Mismatches;
		Result->BytesMoved += Workers[Index].Result.BytesMoved;
	}
	ExFreePoolWithTag(Workers, RING_TAG);
	if (NT_SUCCESS(Status))
		RingCheckCounts(Extension, Result);
	return Status;
}

static BOOLEAN RingAllocate(_In_ PRING_EXTENSION Extension, _Out_ PRING_BUFFER Buffer)
{
	PDMA_ADAPTER Adapter = Extension->Adapter;

	Buffer->VirtualAddress =
		Adapter->DmaOperations->AllocateCommonBuffer(Adapter, RING_BUFFER_LENGTH,
							     &Buffer->LogicalAddress, TRUE);
	return !!Buffer->VirtualAddress;
}

static VOID RingFree(_In_ PRING_EXTENSION Extension, _Inout_ PRING_BUFFER Buffer)
{
	PDMA_ADAPTER Adapter = Extension->Adapter;

	if (Buffer->VirtualAddress)
		Adapter->DmaOperations->FreeCommonBuffer(Adapter, RING_BUFFER_LENGTH,
							 Buffer->LogicalAddress,
							 Buffer->VirtualAddress, TRUE);
	Buffer->VirtualAddress = NULL;
}

static BOOLEAN RingStartDevice(_In_ PRING_EXTENSION Extension, _In_ PDEVICE_OBJECT Pdo,
			       _In_ PHYSICAL_ADDRESS Registers)
{
	DEVICE_DESCRIPTION Description;
	ULONG MapRegisters;

	Extension->Registers = MmMapIoSpace(Registers, Extension->RegisterLength, MmNonCached);
	if (!Extension->Registers || (RingRead(Extension, RING_ID) & 0xFFFF) != RING_ID_VALUE)
		return FALSE;

	RtlZeroMemory(&Description, sizeof(Description));
	Description.Version = DEVICE_DESCRIPTION_VERSION;
	Description.Master = TRUE;
	Description.ScatterGather = TRUE;
	Description.Dma32BitAddresses = TRUE;
	Description.InterfaceType = PCIBus;
	Description.MaximumLength = RING_BUFFER_LENGTH;
	Extension->Adapter = IoGetDmaAdapter(Pdo, &Description, &MapRegisters);
	return Extension->Adapter && RingAllocate(Extension, &Extension->Source) &&
	       RingAllocate(Extension, &Extension->Destination);
}

PRING_EXTENSION RingAddDevice(_In_ PDEVICE_OBJECT PhysicalDeviceObject,
			      _In_ PHYSICAL_ADDRESS Registers, _In_ ULONG RegisterLength,
			      _In_ PRING_HARDWARE Hardware)
{
	PRING_EXTENSION Extension;

	Extension = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Extension), RING_TAG);
	if (!Extension)
		return NULL;
	RtlZeroMemory(Extension, sizeof(*Extension));
	Extension->Hardware = Hardware;
	Extension->RegisterLength = RegisterLength;
	KeInitializeSpinLock(&Extension->Lock);
	KeInitializeEvent(&Extension->Room, NotificationEvent, TRUE);
	KeInitializeDpc(&Extension->Dpc, RingDpc, Extension);
	KeInitializeDpc(&Extension->WatchdogDpc, RingWatchdog, Extension);
	KeInitializeTimer(&Extension->Watchdog);
	ExInitializeNPagedLookasideList(&Extension->Requests, NULL, NULL, POOL_NX_ALLOCATION,
					sizeof(RING_REQUEST), RING_TAG, 0);
	if (!RingStartDevice(Extension, PhysicalDeviceObject, Registers)) {
		RingRemoveDevice(Extension);
		return NULL;
	}
	return Extension;
}

/* The interrupt is disconnected, and no request is in the ring. */
VOID RingRemoveDevice(_In_ PRING_EXTENSION Extension)
{
	KeCancelTimer(&Extension->Watchdog);
	KeFlushQueuedDpcs();
	if (Extension->Adapter) {
		RingFree(Extension, &Extension->Source);
		RingFree(Extension, &Extension->Destination);
		Extension->Adapter->DmaOperations->PutDmaAdapter(Extension->Adapter);
	}
	if (Extension->Registers)
		MmUnmapIoSpace(Extension->Registers, Extension->RegisterLength);
	ExDeleteNPagedLookasideList(&Extension->Requests);
	ExFreePoolWithTag(Extension, RING_TAG);
}
