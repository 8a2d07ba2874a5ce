// SPDX-License-Identifier: GPL-2.0-only
/* A driver that has memory of its own for a list, and types of its own for the list. */
#include <ntddk.h>

#include "corpus.h"

/* The headers leave this type open, so a driver may complete it with what it needs. */
struct _DEVICE_OBJECT {
	PVOID DeviceExtension;
	ULONG Characteristics;
};

/* A list of the driver's own, with room for what the adapter keeps behind the elements. */
typedef struct _OWN_LIST {
	ULONG Count;
	ULONG_PTR Private;
	struct {
		PHYSICAL_ADDRESS Address;
		ULONG Bytes;
		ULONG_PTR Private;
	} Piece[64];
} OWN_LIST, *POWN_LIST;

C_ASSERT(FIELD_OFFSET(OWN_LIST, Piece) == FIELD_OFFSET(SCATTER_GATHER_LIST, Elements));
C_ASSERT(RTL_FIELD_SIZE(OWN_LIST, Piece[0]) == sizeof(SCATTER_GATHER_ELEMENT));

static OWN_LIST OwnList;
static ULONG OwnListBytes;
static DEVICE_OBJECT OwnDevice = { .DeviceExtension = &OwnList };
static DRIVER_LIST_CONTROL OwnListReady;

_Use_decl_annotations_
static VOID OwnListReady(PDEVICE_OBJECT DeviceObject, PIRP Irp, PSCATTER_GATHER_LIST List,
			 PVOID Context)
{
	POWN_LIST own = (POWN_LIST)List;
	ULONG n;

	UNREFERENCED_PARAMETER(Irp);
	if (Context != &OwnList || DeviceObject->DeviceExtension != own)
		return;
	for (n = 0; n < own->Count; n++)
		OwnListBytes += own->Piece[n].Bytes;
}

const char *CorpusOwnList(PDMA_ADAPTER adapter, PVOID memory, ULONG length)
{
	PMDL mdl = IoAllocateMdl(memory, length, FALSE, FALSE, NULL);
	ULONG size, registers;
	NTSTATUS status;
	BOOLEAN mapped;

	CORPUS_EXPECT(mdl);
	OwnListBytes = 0;
	MmBuildMdlForNonPagedPool(mdl);
	mapped = MmGetSystemAddressForMdl(mdl) == memory &&
		 MmGetMdlBaseVa(mdl) == PAGE_ALIGN(memory);
	status = adapter->DmaOperations->CalculateScatterGatherList(adapter, mdl, memory, length,
								    &size, &registers);
	if (NT_SUCCESS(status) && size <= sizeof(OwnList))
		status = adapter->DmaOperations->BuildScatterGatherList(adapter, &OwnDevice, mdl,
									memory, length,
									OwnListReady,
									&OwnList, TRUE,
									&OwnList,
									sizeof(OwnList));
	if (NT_SUCCESS(status) && OwnListBytes)
		adapter->DmaOperations->PutScatterGatherList(adapter,
							     (PSCATTER_GATHER_LIST)&OwnList,
							     TRUE);
	IoFreeMdl(mdl);
	CORPUS_EXPECT(mapped);
	CORPUS_EXPECT(NT_SUCCESS(status) && size <= sizeof(OwnList));
	CORPUS_EXPECT(OwnListBytes == length);
	return NULL;
}
