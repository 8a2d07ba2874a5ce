// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Windows half for more than one device, which shows a DMA domain.
 *
 * The second device joins the domain of the first device, its leader. Data that the
 * leader writes must be read by the second device at the same logical address. The
 * third device stays outside. If there is an IOMMU, the third device must not be able
 * to access the memory.
 */
#include <wdm.h>

#include "edu.h"

#define EDU_SHARED_LENGTH	(2 * PAGE_SIZE)
#define EDU_MESSAGE_LENGTH	2048

static VOID EduCheck(PEDU_EXTENSION Extension, ULONG Wrong)
{
	Extension->Checks++;
	Extension->Mismatches += Wrong;
}

/* Return the number of bytes from Offset on that differ from the message. */
static ULONG EduWrongBytes(PEDU_BUFFER Shared, ULONG Offset)
{
	const UCHAR *Bytes = (PUCHAR)Shared->VirtualAddress + Offset;
	ULONG Wrong = 0;
	ULONG i;

	for (i = 0; i < EDU_MESSAGE_LENGTH; i++)
		if (Bytes[i] != (UCHAR)(i * 7 + 1))
			Wrong++;
	return Wrong;
}

/*
 * Do one DMA between a device and the shared memory, which has the same address for all
 * members of the domain.
 */
static NTSTATUS EduMoveShared(PEDU_EXTENSION Extension, PEDU_BUFFER Shared, ULONG Offset,
			      BOOLEAN WriteToDevice)
{
	PHYSICAL_ADDRESS Address = Shared->LogicalAddress;
	NTSTATUS Status;

	Address.QuadPart += Offset;
	Status = EduTransfer(Extension->Hardware, Address, EDU_MESSAGE_LENGTH, WriteToDevice);
	if (NT_SUCCESS(Status))
		Extension->BytesMoved += EDU_MESSAGE_LENGTH;
	return Status;
}

/*
 * Let the leader read the message from the CPU, and write the message to the
 * start of the memory.
 */
static NTSTATUS EduWriteMessage(PEDU_EXTENSION Leader)
{
	PEDU_BUFFER Shared = &Leader->Shared;
	PUCHAR Bytes = Shared->VirtualAddress;
	NTSTATUS Status;
	ULONG i;

	for (i = 0; i < EDU_MESSAGE_LENGTH; i++)
		Bytes[PAGE_SIZE + i] = (UCHAR)(i * 7 + 1);
	Status = EduMoveShared(Leader, Shared, PAGE_SIZE, TRUE);
	RtlZeroMemory(Bytes, EDU_SHARED_LENGTH);
	if (NT_SUCCESS(Status))
		Status = EduMoveShared(Leader, Shared, 0, FALSE);
	return Status;
}

/*
 * Let another device read the message, and write the message to the second page,
 * which the CPU checks.
 */
static NTSTATUS EduReadMessage(PEDU_EXTENSION Extension, PEDU_BUFFER Shared)
{
	NTSTATUS Status = EduMoveShared(Extension, Shared, 0, TRUE);

	RtlZeroMemory((PUCHAR)Shared->VirtualAddress + PAGE_SIZE, PAGE_SIZE);
	if (NT_SUCCESS(Status))
		Status = EduMoveShared(Extension, Shared, PAGE_SIZE, FALSE);
	if (NT_SUCCESS(Status))
		EduCheck(Extension, EduWrongBytes(Shared, PAGE_SIZE));
	return Status;
}

NTSTATUS EduShareDomain(PEDU_EXTENSION Extension, PEDU_EXTENSION Leader)
{
	PDMA_OPERATIONS Operations = Leader->Adapter->DmaOperations;
	PEDU_BUFFER Shared = &Leader->Shared;
	HANDLE Domain = Operations->GetDmaDomain(Leader->Adapter);
	NTSTATUS Status;

	/* Free the buffers of the device, because the join would make their addresses invalid. */
	EduFreeBuffers(Extension);
	Status = Operations->JoinDmaDomain(Extension->Adapter, Domain);
	if (!NT_SUCCESS(Status)) {
		EduLog(Extension->Hardware, "JoinDmaDomain: status 0x%08x", Status);
		return Status;
	}
	Status = Operations->AllocateDomainCommonBuffer(Leader->Adapter, Domain, NULL,
							EDU_SHARED_LENGTH, 0, NULL,
							MM_ANY_NODE_OK, &Shared->LogicalAddress,
							&Shared->VirtualAddress);
	if (!NT_SUCCESS(Status)) {
		EduLog(Extension->Hardware, "AllocateDomainCommonBuffer: status 0x%08x", Status);
		return Status;
	}
	Shared->Length = EDU_SHARED_LENGTH;
	EduLog(Extension->Hardware,
	       "JoinDmaDomain, AllocateDomainCommonBuffer: logical address 0x%llx for two devices",
	       Shared->LogicalAddress.QuadPart);

	Status = EduWriteMessage(Leader);
	if (NT_SUCCESS(Status))
		Status = EduReadMessage(Extension, Shared);
	if (!NT_SUCCESS(Status))
		return Status;
	EduLog(Extension->Hardware, "the first device wrote, this one read: %u bytes, %u wrong",
	       EDU_MESSAGE_LENGTH, Extension->Mismatches);
	return Extension->Mismatches == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

NTSTATUS EduStayOutside(PEDU_EXTENSION Extension, PEDU_EXTENSION Leader)
{
	PEDU_BUFFER Shared = &Leader->Shared;
	NTSTATUS Status;

	if (!EduIsTranslated(Extension->Hardware)) {
		EduLog(Extension->Hardware, "without an IOMMU nothing keeps a device out");
		return EduReadMessage(Extension, Shared);
	}
	EduFreeBuffers(Extension);
	EduExpectFaults(Extension->Hardware, TRUE);
	Status = EduMoveShared(Extension, Shared, 0, FALSE);
	EduExpectFaults(Extension->Hardware, FALSE);
	if (!NT_SUCCESS(Status))
		return Status;
	/* The device reports success, but no byte may have arrived. */
	Extension->BytesMoved = 0;
	EduCheck(Extension, EduWrongBytes(Shared, 0));
	EduLog(Extension->Hardware,
	       "not joined: this device wrote to the same address, and %u bytes changed",
	       EduWrongBytes(Shared, 0));
	return Extension->Mismatches == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
