// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Windows half, which does DMA through the functions that a WDM driver calls.
 *
 * EduStart and EduStop are the code for IRP_MN_START_DEVICE and IRP_MN_STOP_DEVICE.
 * EduSelfTest lets the device copy data from one common buffer to another, in two steps
 * through the device's own memory, and checks every byte.
 */
#include <wdm.h>

#include "edu.h"

/* The longest copy, and a page that must not be written. */
#define EDU_LONGEST_COPY	(64 * 1024)
#define EDU_BUFFER_LENGTH	(EDU_LONGEST_COPY + PAGE_SIZE)

/* The limit of limited buffers, which is 3 GiB, inclusive. */
#define EDU_MAXIMUM_ADDRESS	0xBFFFFFFF

/* Return the byte at Index of the pattern of Run. No two pages of a pattern are alike. */
static UCHAR EduPattern(ULONG Run, ULONG Index)
{
	return ((Index + 1) * 0x9E3779B1 + Run * 0x3C6EF35F) >> 24;
}

static VOID EduDescribeBuffer(PEDU_EXTENSION Extension, PEDU_BUFFER Buffer, const char *Routine)
{
	ULONGLONG Logical = Buffer->LogicalAddress.QuadPart;
	ULONGLONG Physical = EduPhysicalAddress(Buffer->VirtualAddress);

	/* The kernel hashes a pointer in its log. The addresses for the device are plain. */
	EduLog(Extension->Hardware, "%s: %u bytes at virtual address %p",
	       Routine, Buffer->Length, Buffer->VirtualAddress);
	EduLog(Extension->Hardware, "  logical address 0x%llx %s physical address 0x%llx",
	       Logical, Logical == Physical ? "is the" : "stands for", Physical);
}

static NTSTATUS EduAllocate(PEDU_EXTENSION Extension, PEDU_BUFFER Buffer)
{
	PDMA_ADAPTER Adapter = Extension->Adapter;

	Buffer->Length = EDU_BUFFER_LENGTH;
	Buffer->CacheEnabled = TRUE;
	Buffer->VirtualAddress =
		Adapter->DmaOperations->AllocateCommonBuffer(Adapter, Buffer->Length,
							     &Buffer->LogicalAddress,
							     Buffer->CacheEnabled);
	if (!Buffer->VirtualAddress)
		return STATUS_INSUFFICIENT_RESOURCES;
	EduDescribeBuffer(Extension, Buffer, "AllocateCommonBuffer");
	return STATUS_SUCCESS;
}

static VOID EduFree(PEDU_EXTENSION Extension, PEDU_BUFFER Buffer)
{
	PDMA_ADAPTER Adapter = Extension->Adapter;

	if (!Buffer->VirtualAddress)
		return;
	Adapter->DmaOperations->FreeCommonBuffer(Adapter, Buffer->Length, Buffer->LogicalAddress,
						 Buffer->VirtualAddress, Buffer->CacheEnabled);
	Buffer->VirtualAddress = NULL;
}

VOID EduFreeBuffers(PEDU_EXTENSION Extension)
{
	EduFree(Extension, &Extension->Source);
	EduFree(Extension, &Extension->Destination);
	EduFree(Extension, &Extension->Shared);
}

NTSTATUS EduStart(PEDU_EXTENSION Extension, PDEVICE_OBJECT PhysicalDeviceObject,
		  PEDU_HARDWARE Hardware)
{
	DEVICE_DESCRIPTION Description;
	ULONG MapRegisters = 0;
	NTSTATUS Status;

	RtlZeroMemory(Extension, sizeof(*Extension));
	Extension->Hardware = Hardware;

	RtlZeroMemory(&Description, sizeof(Description));
	Description.Version = DEVICE_DESCRIPTION_VERSION3;
	Description.Master = TRUE;
	Description.ScatterGather = TRUE;
	Description.InterfaceType = InterfaceTypeUndefined;
	Description.DmaAddressWidth = 32;
	Description.MaximumLength = EDU_LONGEST_COPY;

	Extension->Adapter = IoGetDmaAdapter(PhysicalDeviceObject, &Description, &MapRegisters);
	if (!Extension->Adapter) {
		EduLog(Hardware, "IoGetDmaAdapter: no adapter");
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	EduLog(Hardware, "IoGetDmaAdapter: an adapter for 32-bit addresses, %u map registers",
	       MapRegisters);

	Status = EduAllocate(Extension, &Extension->Source);
	if (NT_SUCCESS(Status))
		Status = EduAllocate(Extension, &Extension->Destination);
	if (!NT_SUCCESS(Status)) {
		EduLog(Hardware, "AllocateCommonBuffer: no buffer");
		EduStop(Extension);
		return Status;
	}

	EduLog(Hardware, "DMA of this device is %s",
	       EduIsTranslated(Hardware) ? "translated by an IOMMU" : "not translated");
	return STATUS_SUCCESS;
}

VOID EduStop(PEDU_EXTENSION Extension)
{
	PDMA_ADAPTER Adapter = Extension->Adapter;

	if (!Adapter)
		return;
	EduFreeBuffers(Extension);
	Adapter->DmaOperations->PutDmaAdapter(Adapter);
	Extension->Adapter = NULL;
	EduLog(Extension->Hardware, "FreeCommonBuffer, PutDmaAdapter: everything given back");
}

/* Do one DMA between the device and Buffer, from Offset on. */
static NTSTATUS EduMove(PEDU_EXTENSION Extension, PEDU_BUFFER Buffer, ULONG Offset, ULONG Length,
			BOOLEAN WriteToDevice)
{
	PHYSICAL_ADDRESS Address = Buffer->LogicalAddress;
	NTSTATUS Status;

	Address.QuadPart += Offset;
	Status = EduTransfer(Extension->Hardware, Address, Length, WriteToDevice);
	if (NT_SUCCESS(Status))
		Extension->BytesMoved += Length;
	return Status;
}

/*
 * Return the number of wrong bytes in Destination. The Length bytes from Offset on must be
 * the pattern of Run, and all other bytes must be untouched.
 */
static ULONG EduCompare(PEDU_BUFFER Destination, ULONG Run, ULONG Offset, ULONG Length)
{
	const UCHAR *Bytes = Destination->VirtualAddress;
	ULONG Wrong = 0;
	ULONG i;

	for (i = 0; i < Destination->Length; i++) {
		UCHAR Expected = EduPattern(Run, i);

		if (i < Offset || i >= Offset + Length)
			Expected = ~Expected;
		if (Bytes[i] != Expected)
			Wrong++;
	}
	return Wrong;
}

/* Copy Length bytes from Source through the device to the same Offset in Destination. */
static NTSTATUS EduCopy(PEDU_EXTENSION Extension, PEDU_BUFFER Destination, ULONG Offset,
			ULONG Length)
{
	PUCHAR SourceBytes = Extension->Source.VirtualAddress;
	PUCHAR DestinationBytes = Destination->VirtualAddress;
	ULONG Run = Extension->Checks;
	ULONG Wrong, Done, Step, i;
	NTSTATUS Status;

	for (i = 0; i < Extension->Source.Length; i++)
		SourceBytes[i] = EduPattern(Run, i);
	/* Make every byte wrong, so that no byte can be right by chance. */
	for (i = 0; i < Destination->Length; i++)
		DestinationBytes[i] = ~EduPattern(Run, i);

	for (Done = 0; Done < Length; Done += Step) {
		Step = Length - Done;
		if (Step > EDU_LONGEST_TRANSFER)
			Step = EDU_LONGEST_TRANSFER;
		Status = EduMove(Extension, &Extension->Source, Offset + Done, Step, TRUE);
		if (NT_SUCCESS(Status))
			Status = EduMove(Extension, Destination, Offset + Done, Step, FALSE);
		if (!NT_SUCCESS(Status)) {
			EduLog(Extension->Hardware, "the device failed: status 0x%08x", Status);
			return Status;
		}
	}

	Wrong = EduCompare(Destination, Run, Offset, Length);
	Extension->Checks++;
	Extension->Mismatches += Wrong;
	EduLog(Extension->Hardware,
	       "copied %5u bytes at offset %4u: memory -> device -> memory, %u wrong",
	       Length, Offset, Wrong);
	return STATUS_SUCCESS;
}

/* Copy to a buffer that has a highest address, a NUMA node and a cache type. */
static NTSTATUS EduCopyLimited(PEDU_EXTENSION Extension, BOOLEAN CacheEnabled, ULONG Offset,
			       ULONG Length)
{
	PDMA_ADAPTER Adapter = Extension->Adapter;
	PHYSICAL_ADDRESS MaximumAddress;
	EDU_BUFFER Buffer;
	ULONGLONG Last;
	NTSTATUS Status;

	MaximumAddress.QuadPart = EDU_MAXIMUM_ADDRESS;
	Buffer.Length = 3 * PAGE_SIZE;
	Buffer.CacheEnabled = CacheEnabled;
	Buffer.VirtualAddress =
		Adapter->DmaOperations->AllocateCommonBufferEx(Adapter, &MaximumAddress,
							       Buffer.Length,
							       &Buffer.LogicalAddress,
							       CacheEnabled, 0);
	if (!Buffer.VirtualAddress && !EduHasMemory(Extension->Hardware, CacheEnabled)) {
		EduLog(Extension->Hardware,
		       "AllocateCommonBufferEx: refused, as this machine has no such memory for the device");
		return STATUS_SUCCESS;
	}
	if (!Buffer.VirtualAddress) {
		EduLog(Extension->Hardware, "AllocateCommonBufferEx: no buffer");
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	EduDescribeBuffer(Extension, &Buffer, CacheEnabled ?
			  "AllocateCommonBufferEx (up to 3 GiB, node 0, cached)" :
			  "AllocateCommonBufferEx (up to 3 GiB, node 0, uncached)");

	Last = Buffer.LogicalAddress.QuadPart + Buffer.Length - 1;
	Extension->Checks++;
	if (Last > EDU_MAXIMUM_ADDRESS) {
		EduLog(Extension->Hardware, "  ends at 0x%llx, which is too high", Last);
		Extension->Mismatches++;
	}

	Status = EduCopy(Extension, &Buffer, Offset, Length);
	EduFree(Extension, &Buffer);
	return Status;
}

/* Move Bytes, whose logical address is Address, to the device and back. */
static NTSTATUS EduBounce(PEDU_EXTENSION Extension, PUCHAR Bytes, PHYSICAL_ADDRESS Address)
{
	ULONG Length = EDU_LONGEST_TRANSFER;
	ULONG Wrong = 0;
	NTSTATUS Status;
	ULONG i;

	for (i = 0; i < Length; i++)
		Bytes[i] = EduPattern(Extension->Checks, i);
	Status = EduTransfer(Extension->Hardware, Address, Length, TRUE);
	if (!NT_SUCCESS(Status))
		return Status;
	RtlZeroMemory(Bytes, Length);
	Status = EduTransfer(Extension->Hardware, Address, Length, FALSE);
	if (!NT_SUCCESS(Status))
		return Status;

	for (i = 0; i < Length; i++)
		if (Bytes[i] != EduPattern(Extension->Checks, i))
			Wrong++;
	Extension->BytesMoved += 2 * Length;
	Extension->Checks++;
	Extension->Mismatches += Wrong;
	EduLog(Extension->Hardware, "  copied %u bytes across two pages of it, %u wrong",
	       Length, Wrong);
	return STATUS_SUCCESS;
}

/*
 * If the driver's memory cannot become a common buffer, a driver must copy its data through a
 * common buffer of the system.
 */
static NTSTATUS EduCopyInstead(PEDU_EXTENSION Extension)
{
	PHYSICAL_ADDRESS Address;
	NTSTATUS Status;
	EDU_BUFFER Buffer;

	Status = EduAllocate(Extension, &Buffer);
	if (!NT_SUCCESS(Status))
		return Status;
	Address = Buffer.LogicalAddress;
	Address.QuadPart += PAGE_SIZE / 2;
	Status = EduBounce(Extension, (PUCHAR)Buffer.VirtualAddress + PAGE_SIZE / 2, Address);
	EduFree(Extension, &Buffer);
	return Status;
}

/* Make a common buffer of the driver's own memory, which Mdl describes. */
static NTSTATUS EduCopyMdl(PEDU_EXTENSION Extension, PMDL Mdl)
{
	PUCHAR Memory = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
	PDMA_ADAPTER Adapter = Extension->Adapter;
	PDMA_OPERATIONS Operations = Adapter->DmaOperations;
	PHYSICAL_ADDRESS Address, Inside;
	NTSTATUS Status = STATUS_NOT_SUPPORTED;

	if (Operations->Size > FIELD_OFFSET(DMA_OPERATIONS, CreateCommonBufferFromMdl))
		Status = Operations->CreateCommonBufferFromMdl(Adapter, Mdl, NULL, 0, &Address);
	if (!NT_SUCCESS(Status)) {
		EduLog(Extension->Hardware,
		       "CreateCommonBufferFromMdl: scattered pages refused, status 0x%08x%s",
		       Status, EduIsTranslated(Extension->Hardware) ? ", but there is an IOMMU" :
		       ": there is no IOMMU to make them one range");
		Extension->Mismatches += EduIsTranslated(Extension->Hardware);
		return EduCopyInstead(Extension);
	}

	EduLog(Extension->Hardware,
	       "CreateCommonBufferFromMdl: %u scattered pages are one range at logical address 0x%llx",
	       EDU_SCATTERED_LENGTH / PAGE_SIZE, Address.QuadPart);
	Inside = Address;
	Inside.QuadPart += PAGE_SIZE / 2;
	Status = EduBounce(Extension, Memory + PAGE_SIZE / 2, Inside);
	Operations->FreeCommonBuffer(Adapter, MmGetMdlByteCount(Mdl), Address, Memory, TRUE);
	return Status;
}

static NTSTATUS EduCopyOwnMemory(PEDU_EXTENSION Extension)
{
	PVOID Memory = EduScatteredMemory(Extension->Hardware);
	NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
	PMDL Mdl;

	if (!Memory)
		return Status;
	Mdl = IoAllocateMdl(Memory, EDU_SCATTERED_LENGTH, FALSE, FALSE, NULL);
	if (Mdl) {
		MmBuildMdlForNonPagedPool(Mdl);
		Status = EduCopyMdl(Extension, Mdl);
		IoFreeMdl(Mdl);
	}
	EduFreeScatteredMemory(Extension->Hardware);
	return Status;
}

/*
 * Each DMA of the emulated device takes 100 ms, so there must be few of them. The test copies
 * one byte, a page less one byte, and 16 pages at an offset from their boundaries. To limited
 * buffers the test copies a page that spans two pages, and a page and one byte. The last copy
 * uses memory of the driver's own.
 */
NTSTATUS EduSelfTest(PEDU_EXTENSION Extension)
{
	static const struct {
		ULONG Offset;
		ULONG Length;
	} Copies[] = {
		{ 0, 1 },
		{ 1, PAGE_SIZE - 1 },
		{ 512, EDU_LONGEST_COPY },
	};
	NTSTATUS Status = STATUS_SUCCESS;
	ULONG i;

	for (i = 0; NT_SUCCESS(Status) && i < RTL_NUMBER_OF(Copies); i++)
		Status = EduCopy(Extension, &Extension->Destination, Copies[i].Offset,
				 Copies[i].Length);
	if (NT_SUCCESS(Status))
		Status = EduCopyLimited(Extension, TRUE, PAGE_SIZE / 2, PAGE_SIZE);
	if (NT_SUCCESS(Status))
		Status = EduCopyLimited(Extension, FALSE, 0, PAGE_SIZE + 1);
	if (NT_SUCCESS(Status))
		Status = EduCopyOwnMemory(Extension);
	if (NT_SUCCESS(Status) && Extension->Mismatches != 0)
		Status = STATUS_UNSUCCESSFUL;
	return Status;
}
