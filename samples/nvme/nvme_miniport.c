// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Windows half, a StorPort miniport for NVMe with the DMA calls that such miniports make.
 *
 *   queues                   StorPortAllocateDmaMemory, near the controller if possible
 *   Identify                 the uncached extension
 *   addresses of data        StorPortGetScatterGatherList, for a request whose data the port
 *                            driver has already mapped with GetScatterGatherListEx
 *   PRP list of addresses    in the SRB extension, with StorPortGetPhysicalAddress
 *
 * There is one I/O queue pair. Requests are SCSI commands in CDBs of 16 bytes.
 */
#include <storport.h>

#include "nvme.h"

#define NVME_CAP		0x00
#define NVME_CC			0x14
#define NVME_CSTS		0x1c
#define NVME_AQA		0x24
#define NVME_ASQ		0x28
#define NVME_ACQ		0x30
#define NVME_DOORBELLS		0x1000

/* Pages of 4 KiB, entries of 64 and 16 bytes. */
#define NVME_CC_ENABLE		((6 << 16) | (4 << 20) | 1)
#define NVME_CSTS_READY		1

#define NVME_ADMIN_DELETE_SQ	0x00
#define NVME_ADMIN_CREATE_SQ	0x01
#define NVME_ADMIN_DELETE_CQ	0x04
#define NVME_ADMIN_CREATE_CQ	0x05
#define NVME_ADMIN_IDENTIFY	0x06
#define NVME_FLUSH		0x00
#define NVME_WRITE		0x01
#define NVME_READ		0x02

#define NVME_NAMESPACE		1
#define NVME_CONTIGUOUS		1	/* the queue's memory is contiguous */

#define NVME_POLL_US		100
#define NVME_TIMEOUT_US		(10 * 1000 * 1000)

/* The commands of a queue fill a page. */
#define NVME_ENTRIES		64

typedef struct _NVME_COMMAND {
	ULONG OpcodeAndId;
	ULONG Namespace;
	ULONGLONG Reserved;
	ULONGLONG Metadata;
	ULONGLONG Prp1;
	ULONGLONG Prp2;
	ULONG Dword10[6];
} NVME_COMMAND, *PNVME_COMMAND;

typedef struct _NVME_COMPLETION {
	ULONG Result;
	ULONG Reserved;
	USHORT SubmissionHead;
	USHORT SubmissionId;
	USHORT CommandId;
	USHORT Status;			/* bit 0 is the phase */
} NVME_COMPLETION, *PNVME_COMPLETION;

_Static_assert(sizeof(NVME_COMMAND) * NVME_ENTRIES == PAGE_SIZE, "a page of commands");
_Static_assert(sizeof(NVME_COMPLETION) == 16, "a completion");

/* A page that the controller reads or writes. */
typedef struct _NVME_PAGE {
	PVOID VirtualAddress;
	PHYSICAL_ADDRESS Address;
} NVME_PAGE, *PNVME_PAGE;

typedef struct _NVME_QUEUE {
	USHORT Id;
	USHORT Tail;			/* of the submission queue */
	USHORT Head;			/* of the completion queue */
	USHORT Phase;			/* of a new completion */
	NVME_PAGE Submission;
	NVME_PAGE Completion;
	PSCSI_REQUEST_BLOCK Srb[NVME_ENTRIES];	/* by command id */
} NVME_QUEUE, *PNVME_QUEUE;

typedef struct _NVME_EXTENSION {
	PNVME_HARDWARE Hardware;
	ULONG DoorbellStride;
	PVOID Identify;
	NVME_QUEUE Admin;
	NVME_QUEUE Io;
	ULONG BlockShift;
} NVME_EXTENSION, *PNVME_EXTENSION;

/* The list must lie in one page, so it is aligned to its size. */
#define NVME_PRPS	64

typedef struct _NVME_SRB_EXTENSION {
	ULONGLONG Prp[2 * NVME_PRPS];
} NVME_SRB_EXTENSION, *PNVME_SRB_EXTENSION;

_Static_assert(NVME_LONGEST_TRANSFER / PAGE_SIZE < NVME_PRPS, "room for the longest transfer");

static BOOLEAN NvmeAllocatePage(PNVME_EXTENSION Extension, PNVME_PAGE Page)
{
	PHYSICAL_ADDRESS Lowest, Highest, Boundary;
	ULONG Status;

	Lowest.QuadPart = 0;
	Highest.QuadPart = -1;
	Boundary.QuadPart = 0;
	Status = StorPortAllocateDmaMemory(Extension, PAGE_SIZE, Lowest, Highest, Boundary,
					   MmCached, NvmeNode(Extension->Hardware),
					   &Page->VirtualAddress, &Page->Address);
	if (Status != STOR_STATUS_SUCCESS)
		Status = StorPortAllocateDmaMemory(Extension, PAGE_SIZE, Lowest, Highest, Boundary,
						   MmCached, MM_ANY_NODE_OK,
						   &Page->VirtualAddress, &Page->Address);
	return Status == STOR_STATUS_SUCCESS;
}

static VOID NvmeFreePage(PNVME_EXTENSION Extension, PNVME_PAGE Page)
{
	if (Page->VirtualAddress)
		StorPortFreeDmaMemory(Extension, Page->VirtualAddress, PAGE_SIZE, MmCached,
				      Page->Address);
	Page->VirtualAddress = NULL;
}

static BOOLEAN NvmeAllocateQueue(PNVME_EXTENSION Extension, PNVME_QUEUE Queue, USHORT Id)
{
	Queue->Id = Id;
	Queue->Phase = 1;
	if (!NvmeAllocatePage(Extension, &Queue->Submission) ||
	    !NvmeAllocatePage(Extension, &Queue->Completion))
		return FALSE;
	NvmeLog(Extension->Hardware, "StorPortAllocateDmaMemory: queue %u at 0x%llx and 0x%llx",
		Id, Queue->Submission.Address.QuadPart, Queue->Completion.Address.QuadPart);
	return TRUE;
}

static VOID NvmeFreeQueue(PNVME_EXTENSION Extension, PNVME_QUEUE Queue)
{
	NvmeFreePage(Extension, &Queue->Submission);
	NvmeFreePage(Extension, &Queue->Completion);
}

static VOID NvmeRingDoorbell(PNVME_EXTENSION Extension, ULONG Index, USHORT Value)
{
	NvmeWriteRegister(Extension->Hardware, NVME_DOORBELLS + Index * Extension->DoorbellStride,
			  Value);
}

/* Hand a command to the controller. The controller completes the command by Id. */
static VOID NvmeSubmit(PNVME_EXTENSION Extension, PNVME_QUEUE Queue, PNVME_COMMAND Command,
		       USHORT Id)
{
	PNVME_COMMAND Entries = Queue->Submission.VirtualAddress;

	Command->OpcodeAndId |= (ULONG)Id << 16;
	Entries[Queue->Tail] = *Command;
	Queue->Tail = (Queue->Tail + 1) % NVME_ENTRIES;
	NvmeRingDoorbell(Extension, 2 * Queue->Id, Queue->Tail);
}

/* Take the next completion. Return FALSE if there is none. */
static BOOLEAN NvmeTakeCompletion(PNVME_EXTENSION Extension, PNVME_QUEUE Queue,
				  PNVME_COMPLETION Completion)
{
	const NVME_COMPLETION *Entries = Queue->Completion.VirtualAddress;

	/* The controller writes the phase of an entry after the other fields. */
	if ((NvmeReadStatus(&Entries[Queue->Head].Status) & 1) != Queue->Phase)
		return FALSE;
	*Completion = Entries[Queue->Head];
	Queue->Head = (Queue->Head + 1) % NVME_ENTRIES;
	if (Queue->Head == 0)
		Queue->Phase ^= 1;
	NvmeRingDoorbell(Extension, 2 * Queue->Id + 1, Queue->Head);
	return TRUE;
}

static BOOLEAN NvmeAdminCommand(PNVME_EXTENSION Extension, PNVME_COMMAND Command)
{
	ULONG Opcode = Command->OpcodeAndId, Waited;
	NVME_COMPLETION Completion;

	NvmeSubmit(Extension, &Extension->Admin, Command, 0);
	for (Waited = 0; Waited < NVME_TIMEOUT_US; Waited += NVME_POLL_US) {
		if (NvmeTakeCompletion(Extension, &Extension->Admin, &Completion)) {
			if (Completion.Status >> 1 == 0)
				return TRUE;
			NvmeLog(Extension->Hardware, "admin command 0x%02x: status 0x%x", Opcode,
				Completion.Status >> 1);
			return FALSE;
		}
		NvmeWait(NVME_POLL_US);
	}
	NvmeLog(Extension->Hardware, "admin command 0x%02x: no answer", Opcode);
	return FALSE;
}

/* Turn the controller on or off, and wait until its state has changed. */
static BOOLEAN NvmeEnable(PNVME_EXTENSION Extension, BOOLEAN Enable)
{
	ULONG Ready = Enable ? NVME_CSTS_READY : 0, Waited;

	NvmeWriteRegister(Extension->Hardware, NVME_CC, Enable ? NVME_CC_ENABLE : 0);
	for (Waited = 0; Waited < NVME_TIMEOUT_US; Waited += NVME_POLL_US) {
		if ((NvmeReadRegister(Extension->Hardware, NVME_CSTS) & NVME_CSTS_READY) == Ready)
			return TRUE;
		NvmeWait(NVME_POLL_US);
	}
	NvmeLog(Extension->Hardware, "the controller does not get %s", Enable ? "ready" : "idle");
	return FALSE;
}

static BOOLEAN NvmeStartAdmin(PNVME_EXTENSION Extension)
{
	if (!NvmeEnable(Extension, FALSE))
		return FALSE;
	if (!NvmeAllocateQueue(Extension, &Extension->Admin, 0))
		return FALSE;
	NvmeWriteRegister(Extension->Hardware, NVME_AQA,
			  (NVME_ENTRIES - 1) | (NVME_ENTRIES - 1) << 16);
	NvmeWriteRegister64(Extension->Hardware, NVME_ASQ,
			    Extension->Admin.Submission.Address.QuadPart);
	NvmeWriteRegister64(Extension->Hardware, NVME_ACQ,
			    Extension->Admin.Completion.Address.QuadPart);
	return NvmeEnable(Extension, TRUE);
}

/* Let the controller write a page about itself (Cns 1) or about a namespace (Cns 0). */
static BOOLEAN NvmeIdentify(PNVME_EXTENSION Extension, ULONG Cns)
{
	NVME_COMMAND Command;
	PHYSICAL_ADDRESS Address;
	ULONG Length;

	Address = StorPortGetPhysicalAddress(Extension, NULL, Extension->Identify, &Length);
	if (Address.QuadPart == 0 || Length < PAGE_SIZE)
		return FALSE;
	RtlZeroMemory(&Command, sizeof(Command));
	Command.OpcodeAndId = NVME_ADMIN_IDENTIFY;
	Command.Namespace = Cns ? 0 : NVME_NAMESPACE;
	Command.Prp1 = Address.QuadPart;
	Command.Dword10[0] = Cns;
	return NvmeAdminCommand(Extension, &Command);
}

static BOOLEAN NvmeReadIdentity(PNVME_EXTENSION Extension, PNVME_IDENTITY Identity)
{
	const UCHAR *Page = Extension->Identify;
	ULONG Format;

	if (!NvmeIdentify(Extension, 1))
		return FALSE;
	RtlCopyMemory(Identity->Model, Page + 24, sizeof(Identity->Model) - 1);
	if (!NvmeIdentify(Extension, 0))
		return FALSE;
	RtlCopyMemory(&Identity->Blocks, Page, sizeof(Identity->Blocks));
	RtlCopyMemory(&Format, Page + 128 + 4 * (Page[26] & 15), sizeof(Format));
	Extension->BlockShift = Format >> 16 & 0xff;
	if (Extension->BlockShift < 9 || Extension->BlockShift > 12)
		return FALSE;
	Identity->BlockSize = 1 << Extension->BlockShift;
	return TRUE;
}

/* Create the completion queue first, because the submission queue names it. */
static BOOLEAN NvmeCreateIoQueue(PNVME_EXTENSION Extension)
{
	PNVME_QUEUE Queue = &Extension->Io;
	NVME_COMMAND Command;

	if (!NvmeAllocateQueue(Extension, Queue, 1))
		return FALSE;
	RtlZeroMemory(&Command, sizeof(Command));
	Command.OpcodeAndId = NVME_ADMIN_CREATE_CQ;
	Command.Prp1 = Queue->Completion.Address.QuadPart;
	Command.Dword10[0] = Queue->Id | (NVME_ENTRIES - 1) << 16;
	Command.Dword10[1] = NVME_CONTIGUOUS;
	if (!NvmeAdminCommand(Extension, &Command))
		return FALSE;
	RtlZeroMemory(&Command, sizeof(Command));
	Command.OpcodeAndId = NVME_ADMIN_CREATE_SQ;
	Command.Prp1 = Queue->Submission.Address.QuadPart;
	Command.Dword10[0] = Queue->Id | (NVME_ENTRIES - 1) << 16;
	Command.Dword10[1] = NVME_CONTIGUOUS | Queue->Id << 16;
	return NvmeAdminCommand(Extension, &Command);
}

static BOOLEAN NvmeFindAdapter(PVOID HwDeviceExtension, PNVME_HARDWARE Hardware,
			       PPORT_CONFIGURATION_INFORMATION ConfigInfo)
{
	PNVME_EXTENSION Extension = HwDeviceExtension;

	Extension->Hardware = Hardware;
	Extension->DoorbellStride =
		4 << (NvmeReadRegister64(Hardware, NVME_CAP) >> 32 & 15);

	ConfigInfo->Master = TRUE;
	ConfigInfo->ScatterGather = TRUE;
	ConfigInfo->MaximumTransferLength = NVME_LONGEST_TRANSFER;
	ConfigInfo->Dma64BitAddresses = SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED;
	ConfigInfo->SrbExtensionSize = sizeof(NVME_SRB_EXTENSION);
	Extension->Identify = StorPortGetUncachedExtension(Extension, ConfigInfo, PAGE_SIZE);
	return Extension->Identify ? TRUE : FALSE;
}

static BOOLEAN NvmeInitialize(PVOID HwDeviceExtension, PNVME_IDENTITY Identity)
{
	PNVME_EXTENSION Extension = HwDeviceExtension;

	return NvmeStartAdmin(Extension) && NvmeReadIdentity(Extension, Identity) &&
	       NvmeCreateIoQueue(Extension);
}

/* Turn off the controller, so that it uses no memory any more. */
static VOID NvmeFreeAdapterResources(PVOID HwDeviceExtension)
{
	PNVME_EXTENSION Extension = HwDeviceExtension;

	if (!Extension->Hardware)
		return;
	NvmeEnable(Extension, FALSE);
	NvmeFreeQueue(Extension, &Extension->Io);
	NvmeFreeQueue(Extension, &Extension->Admin);
	NvmeLog(Extension->Hardware, "StorPortFreeDmaMemory: the queues are given back");
}

static PULONGLONG NvmePrpList(PSCSI_REQUEST_BLOCK Srb)
{
	ULONG_PTR Size = NVME_PRPS * sizeof(ULONGLONG);

	return (PULONGLONG)(((ULONG_PTR)Srb->SrbExtension + Size - 1) & ~(Size - 1));
}

/*
 * Pass the addresses of the data to the controller, one for each page. Only the first address
 * may be inside a page. The command has room for two addresses. More addresses go to a list,
 * whose address is in the command.
 */
static BOOLEAN NvmeSetData(PNVME_EXTENSION Extension, PSCSI_REQUEST_BLOCK Srb,
			   PNVME_COMMAND Command)
{
	PSTOR_SCATTER_GATHER_LIST List = StorPortGetScatterGatherList(Extension, Srb);
	PULONGLONG Prp = NvmePrpList(Srb);
	PHYSICAL_ADDRESS Address;
	ULONG Pages = 0, Length, i;

	if (!List)
		return FALSE;
	for (i = 0; i < List->NumberOfElements; i++) {
		ULONGLONG Next = List->List[i].PhysicalAddress.QuadPart;
		ULONGLONG End = Next + List->List[i].Length;

		for (; Next < End; Next = (Next | (PAGE_SIZE - 1)) + 1) {
			if (Pages > NVME_PRPS || (Pages != 0 && BYTE_OFFSET(Next) != 0))
				return FALSE;
			if (Pages == 0)
				Command->Prp1 = Next;
			else
				Prp[Pages - 1] = Next;
			Pages++;
		}
	}
	if (Pages < 2)
		return Pages == 1;
	if (Pages == 2) {
		Command->Prp2 = Prp[0];
		return TRUE;
	}
	Address = StorPortGetPhysicalAddress(Extension, Srb, Prp, &Length);
	Command->Prp2 = Address.QuadPart;
	return Address.QuadPart != 0 && Length >= (Pages - 1) * sizeof(*Prp);
}

static ULONGLONG NvmeBigEndian(const UCHAR *Bytes, ULONG Length)
{
	ULONGLONG Number = 0;
	ULONG i;

	for (i = 0; i < Length; i++)
		Number = Number << 8 | Bytes[i];
	return Number;
}

/*
 * Build a read or a write of the blocks that the CDB names. Their number must match
 * the length of the data.
 */
static BOOLEAN NvmeBuildTransfer(PNVME_EXTENSION Extension, PSCSI_REQUEST_BLOCK Srb,
				 PNVME_COMMAND Command)
{
	ULONGLONG Block = NvmeBigEndian(&Srb->Cdb[2], 8);
	ULONGLONG Blocks = NvmeBigEndian(&Srb->Cdb[10], 4);

	if (Blocks == 0 || Blocks << Extension->BlockShift != Srb->DataTransferLength ||
	    Srb->DataTransferLength > NVME_LONGEST_TRANSFER)
		return FALSE;
	Command->OpcodeAndId = Srb->Cdb[0] == SCSIOP_READ16 ? NVME_READ : NVME_WRITE;
	Command->Dword10[0] = (ULONG)Block;
	Command->Dword10[1] = (ULONG)(Block >> 32);
	Command->Dword10[2] = (ULONG)Blocks - 1;
	return NvmeSetData(Extension, Srb, Command);
}

static UCHAR NvmeBuildCommand(PNVME_EXTENSION Extension, PSCSI_REQUEST_BLOCK Srb,
			      PNVME_COMMAND Command)
{
	RtlZeroMemory(Command, sizeof(*Command));
	Command->Namespace = NVME_NAMESPACE;
	switch (Srb->Cdb[0]) {
	case SCSIOP_READ16:
	case SCSIOP_WRITE16:
		if (!NvmeBuildTransfer(Extension, Srb, Command))
			return SRB_STATUS_INVALID_REQUEST;
		return SRB_STATUS_PENDING;
	case SCSIOP_SYNCHRONIZE_CACHE16:
		Command->OpcodeAndId = NVME_FLUSH;
		return SRB_STATUS_PENDING;
	default:
		return SRB_STATUS_INVALID_REQUEST;
	}
}

static BOOLEAN NvmeStartIo(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb)
{
	PNVME_EXTENSION Extension = HwDeviceExtension;
	PNVME_QUEUE Queue = &Extension->Io;
	NVME_COMMAND Command;
	USHORT Id;

	/* One entry must stay free, because a full queue would look empty. */
	for (Id = 0; Id < NVME_ENTRIES - 1 && Queue->Srb[Id]; Id++)
		;
	Srb->SrbStatus = Id < NVME_ENTRIES - 1 ? NvmeBuildCommand(Extension, Srb, &Command) :
						 SRB_STATUS_BUSY;
	if (Srb->SrbStatus != SRB_STATUS_PENDING) {
		NvmeRequestComplete(Extension->Hardware, Srb);
		return TRUE;
	}
	Queue->Srb[Id] = Srb;
	NvmeSubmit(Extension, Queue, &Command, Id);
	return TRUE;
}

static BOOLEAN NvmeInterrupt(PVOID HwDeviceExtension)
{
	PNVME_EXTENSION Extension = HwDeviceExtension;
	PNVME_QUEUE Queue = &Extension->Io;
	NVME_COMPLETION Completion;
	PSCSI_REQUEST_BLOCK Srb;
	BOOLEAN Ours = FALSE;

	while (NvmeTakeCompletion(Extension, Queue, &Completion)) {
		Ours = TRUE;
		if (Completion.CommandId >= NVME_ENTRIES || !Queue->Srb[Completion.CommandId])
			continue;
		Srb = Queue->Srb[Completion.CommandId];
		Queue->Srb[Completion.CommandId] = NULL;
		Srb->SrbStatus = Completion.Status >> 1 == 0 ? SRB_STATUS_SUCCESS :
							       SRB_STATUS_ERROR;
		NvmeRequestComplete(Extension->Hardware, Srb);
	}
	return Ours;
}

const NVME_MINIPORT NvmeMiniport = {
	.DeviceExtensionSize = sizeof(NVME_EXTENSION),
	.SrbExtensionSize = sizeof(NVME_SRB_EXTENSION),
	.HwFindAdapter = NvmeFindAdapter,
	.HwInitialize = NvmeInitialize,
	.HwFreeAdapterResources = NvmeFreeAdapterResources,
	.HwStartIo = NvmeStartIo,
	.HwInterrupt = NvmeInterrupt,
};
