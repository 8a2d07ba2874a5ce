// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: requests of a StorPort miniport.
 *
 * Windows' port driver makes the SRBs, and maps their data before the miniport sees
 * them. Here the Linux half of the driver does, with the wdmdma_srb_ calls. What the
 * device may use besides the data, the SrbExtension and the sense buffer, is one
 * common buffer for each SRB. So an SRB is made once and used for many requests.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "wdm_mdl.h"
#include "wdm_storport.h"

#define STOR_SENSE_LENGTH	252	/* the most that a SCSI command asks for */

/**
 * struct stor_srb - a SRB, and what the port driver knows of it
 * @srb: what the miniport sees
 * @areas: SrbExtension, and behind it the sense buffer
 * @areas_len: their length
 * @areas_la: their logical address
 * @mdl: the data, while they are mapped
 * @list: their list; NULL if they are not mapped
 * @write_to_device: the direction
 * @context: of the transfer
 */
struct stor_srb {
	SCSI_REQUEST_BLOCK srb;
	void *areas;
	ULONG areas_len;
	PHYSICAL_ADDRESS areas_la;
	PMDL mdl;
	PSCATTER_GATHER_LIST list;
	BOOLEAN write_to_device;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1] __aligned(8);
};

static void stor_srb_unmap(struct wdm_stor *stor, struct stor_srb *record)
{
	PDMA_ADAPTER dma_adapter = stor->dma_adapter;

	if (!record->list)
		return;
	local_bh_disable();
	dma_adapter->DmaOperations->PutScatterGatherList(dma_adapter, record->list,
							 record->write_to_device);
	local_bh_enable();
	record->list = NULL;
	record->mdl = NULL;
	record->srb.SrbFlags &= ~(SRB_FLAGS_DATA_IN | SRB_FLAGS_DATA_OUT);
	record->srb.DataBuffer = NULL;
	record->srb.DataTransferLength = 0;
}

static void stor_srb_delete(struct wdm_stor *stor, struct stor_srb *record)
{
	PDMA_ADAPTER dma_adapter = stor->dma_adapter;

	if (record && record->areas) {
		stor_srb_unmap(stor, record);
		dma_adapter->DmaOperations->FreeCommonBuffer(dma_adapter, record->areas_len,
							     record->areas_la, record->areas,
							     FALSE);
	}
	kfree(record);
}

static void stor_release_srb(struct wdm_stor *stor, struct wdm_stor_object *object)
{
	stor_srb_delete(stor, object->memory);
}

static const struct wdm_stor_kind stor_srb_kind = {
	.name = "a SRB",
	.release = stor_release_srb,
};

/* The record of a SRB of this miniport; NULL, reported, if it is none. Any context. */
static struct stor_srb *stor_srb_find(struct wdm_stor *stor, PSCSI_REQUEST_BLOCK srb,
				      const char *call)
{
	struct stor_srb *record = wdm_stor_memory(stor, &stor_srb_kind, (unsigned long)srb);

	if (!record)
		wdm_stor_refuse(call, "Srb %p is none of this miniport", srb);
	return record;
}

bool wdm_stor_is_srb(struct wdm_stor *stor, PSCSI_REQUEST_BLOCK srb)
{
	return wdm_stor_memory(stor, &stor_srb_kind, (unsigned long)srb);
}

/* The logical address of a byte of a SRB's data, and how far it goes on from there. */
bool wdm_stor_srb_address(struct wdm_stor *stor, PSCSI_REQUEST_BLOCK srb, PVOID va, dma_addr_t *la,
			  size_t *left)
{
	struct stor_srb *record = wdm_stor_memory(stor, &stor_srb_kind, (unsigned long)srb);
	size_t offset;
	ULONG i;

	if (!record || !record->list || va < srb->DataBuffer)
		return false;
	offset = va - srb->DataBuffer;
	for (i = 0; i < record->list->NumberOfElements; i++) {
		const SCATTER_GATHER_ELEMENT *element = &record->list->Elements[i];

		if (offset < element->Length) {
			*la = element->Address.QuadPart + offset;
			*left = element->Length - offset;
			return true;
		}
		offset -= element->Length;
	}
	return false;
}

/* Get the memory of a new SRB, and fill in what does not change. */
static int stor_srb_init(struct wdm_stor *stor, struct stor_srb *record, ULONG srb_extension_size)
{
	PDMA_ADAPTER dma_adapter = stor->dma_adapter;
	ULONG sense = ALIGN(srb_extension_size, 16);

	record->areas_len = sense + STOR_SENSE_LENGTH;
	record->areas = dma_adapter->DmaOperations->AllocateCommonBuffer(dma_adapter,
									 record->areas_len,
									 &record->areas_la, FALSE);
	if (!record->areas)
		return -ENOMEM;
	record->srb.Length = sizeof(record->srb);
	record->srb.Function = SRB_FUNCTION_EXECUTE_SCSI;
	record->srb.SrbExtension = srb_extension_size ? record->areas : NULL;
	record->srb.SenseInfoBuffer = record->areas + sense;
	record->srb.SenseInfoBufferLength = STOR_SENSE_LENGTH;
	return 0;
}

/**
 * wdmdma_srb_create() - make a SRB for a miniport
 * @hw_device_extension: the miniport's device extension
 * @srb_extension_size: bytes that the miniport wants for each SRB, up to 1 MiB; may
 *	be 0
 *
 * What the port driver does on Windows. SrbExtension and the sense buffer are
 * zeroed, and the device can use them. The glue sets Cdb, TargetId and what else the
 * miniport looks at, and may use a SRB again for the next request.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the SRB; NULL, with the reason in the log.
 */
PSCSI_REQUEST_BLOCK wdmdma_srb_create(PVOID hw_device_extension, size_t srb_extension_size)
{
	struct stor_srb *record = NULL;
	struct wdm_stor *stor;

	if (wdm_above_passive(__func__))
		return NULL;
	stor = wdm_stor_find(hw_device_extension, __func__);
	if (!stor)
		return NULL;
	if (srb_extension_size > SZ_1M) {
		wdm_stor_refuse(__func__, "srb_extension_size is above 1 MiB");
		goto put;
	}
	record = kzalloc(sizeof(*record), GFP_KERNEL | __GFP_NOWARN);
	if (!record || stor_srb_init(stor, record, srb_extension_size) ||
	    wdm_stor_keep(stor, &stor_srb_kind, (unsigned long)record, record, 0)) {
		wdm_stor_refuse(__func__, "no memory for a SRB");
		stor_srb_delete(stor, record);
		record = NULL;
	}
put:
	wdm_stor_put(stor);
	return record ? &record->srb : NULL;
}
EXPORT_SYMBOL_GPL(wdmdma_srb_create);

/**
 * wdmdma_srb_destroy() - end a SRB
 * @hw_device_extension: the miniport's device extension
 * @srb: from wdmdma_srb_create(); NULL is ignored. Not in the miniport's hands
 *
 * Data that are still mapped are unmapped.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void wdmdma_srb_destroy(PVOID hw_device_extension, PSCSI_REQUEST_BLOCK srb)
{
	struct wdm_stor_object *object;
	struct wdm_stor *stor;

	if (!srb)
		return;
	stor = wdm_stor_find(hw_device_extension, __func__);
	if (!stor)
		return;
	object = wdm_stor_take(stor, &stor_srb_kind, (unsigned long)srb);
	if (object)
		stor_release_srb(stor, object);
	else
		wdm_stor_refuse(__func__, "Srb %p is none of this miniport", srb);
	kfree(object);
	wdm_stor_put(stor);
}
EXPORT_SYMBOL_GPL(wdmdma_srb_destroy);

/* Ask the adapter for the list of all the MDL's bytes: at once, or not at all. */
static NTSTATUS stor_srb_list(struct wdm_stor *stor, struct stor_srb *record, PMDL mdl)
{
	PDMA_ADAPTER dma_adapter = stor->dma_adapter;
	PDMA_OPERATIONS ops = dma_adapter->DmaOperations;
	NTSTATUS status = ops->InitializeDmaTransferContext(dma_adapter, record->context);

	if (!NT_SUCCESS(status))
		return status;
	status = ops->GetScatterGatherListEx(dma_adapter, stor->pdo, record->context, mdl, 0,
					     MmGetMdlByteCount(mdl), DMA_SYNCHRONOUS_CALLBACK, NULL,
					     NULL, record->write_to_device, NULL, NULL,
					     &record->list);
	if (NT_SUCCESS(status))
		ops->FreeAdapterObject(dma_adapter, DeallocateObjectKeepRegisters);
	else
		record->list = NULL;
	return status;
}

/**
 * wdmdma_srb_map() - give a SRB its data, before the miniport gets it
 * @hw_device_extension: the miniport's device extension
 * @srb: from wdmdma_srb_create()
 * @mdl: one MDL, not a chain, that describes the data; resident until
 *	wdmdma_srb_unmap()
 * @write_to_device: true if the device reads them, false if it writes them
 *
 * Sets DataBuffer (the system address if the MDL has one, otherwise its virtual
 * address, which is an index only), DataTransferLength, and SRB_FLAGS_DATA_OUT or
 * SRB_FLAGS_DATA_IN. The list of StorPortGetScatterGatherList() exists from now on.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER; STATUS_INVALID_DEVICE_STATE if
 * the SRB is mapped already; otherwise what GetScatterGatherListEx returns.
 */
NTSTATUS wdmdma_srb_map(PVOID hw_device_extension, PSCSI_REQUEST_BLOCK srb, PMDL mdl,
			bool write_to_device)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct stor_srb *record;

	if (!stor)
		return status;
	record = stor_srb_find(stor, srb, __func__);
	if (!record)
		goto put;
	if (!mdl || mdl->Next) {
		wdm_stor_refuse(__func__, "Mdl is %s", mdl ? "a chain" : "NULL");
		goto put;
	}
	if (record->list) {
		wdm_stor_refuse(__func__, "Srb %p is mapped already", srb);
		status = STATUS_INVALID_DEVICE_STATE;
		goto put;
	}
	record->write_to_device = write_to_device;
	local_bh_disable();
	status = stor_srb_list(stor, record, mdl);
	local_bh_enable();
	if (!NT_SUCCESS(status))
		goto put;
	record->mdl = mdl;
	srb->DataBuffer = wdm_mdl_is_mapped(mdl) ? mdl->MappedSystemVa :
						   MmGetMdlVirtualAddress(mdl);
	srb->DataTransferLength = MmGetMdlByteCount(mdl);
	srb->SrbFlags |= write_to_device ? SRB_FLAGS_DATA_OUT : SRB_FLAGS_DATA_IN;
put:
	wdm_stor_put(stor);
	return status;
}
EXPORT_SYMBOL_GPL(wdmdma_srb_map);

/**
 * wdmdma_srb_unmap() - take a SRB's data back, when the miniport has completed it
 * @hw_device_extension: the miniport's device extension
 * @srb: from wdmdma_srb_create(); nothing happens if it is not mapped
 *
 * The list is gone; the data may be touched, and the MDL undone.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void wdmdma_srb_unmap(PVOID hw_device_extension, PSCSI_REQUEST_BLOCK srb)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	struct stor_srb *record;

	if (!stor)
		return;
	record = stor_srb_find(stor, srb, __func__);
	if (record)
		stor_srb_unmap(stor, record);
	wdm_stor_put(stor);
}
EXPORT_SYMBOL_GPL(wdmdma_srb_unmap);

/**
 * StorPortGetScatterGatherList() - the list of a SRB's data
 * @hw_device_extension: the miniport's device extension
 * @srb: the SRB
 *
 * Answers to storport: StorPortGetScatterGatherList. The list stays until the SRB is
 * completed; it is not to be changed, nor given back.
 *
 * Context: any.
 * Return: the list; NULL if the SRB has no data, and, with a message, if it is none of
 * this miniport.
 */
PSTOR_SCATTER_GATHER_LIST StorPortGetScatterGatherList(PVOID hw_device_extension,
						       PSCSI_REQUEST_BLOCK srb)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	PSCATTER_GATHER_LIST list = NULL;
	struct stor_srb *record;

	if (!stor)
		return NULL;
	record = stor_srb_find(stor, srb, __func__);
	if (record)
		list = record->list;
	wdm_stor_put(stor);
	return (PSTOR_SCATTER_GATHER_LIST)list;
}
EXPORT_SYMBOL_GPL(StorPortGetScatterGatherList);

/**
 * StorPortGetDataInBufferScatterGatherList() - the list of what the device writes
 * @hw_device_extension: the miniport's device extension
 * @srb: the SRB
 * @scatter_gather_list: receives the list; NULL on failure, and for a SRB without
 *	such data
 *
 * Answers to storport: StorPortGetDataInBufferScatterGatherList. No SRB of
 * wdmdma_srb_create() has data in both directions: the list is the one of
 * StorPortGetScatterGatherList() if the device writes it.
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS; STOR_STATUS_INVALID_PARAMETER.
 */
ULONG StorPortGetDataInBufferScatterGatherList(PVOID hw_device_extension, PSCSI_REQUEST_BLOCK srb,
					       PSTOR_SCATTER_GATHER_LIST *scatter_gather_list)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	struct stor_srb *record = NULL;

	if (scatter_gather_list)
		*scatter_gather_list = NULL;
	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	if (scatter_gather_list)
		record = stor_srb_find(stor, srb, __func__);
	else
		wdm_stor_refuse(__func__, "SgList is NULL");
	if (record && !record->write_to_device)
		*scatter_gather_list = (PSTOR_SCATTER_GATHER_LIST)record->list;
	wdm_stor_put(stor);
	return record ? STOR_STATUS_SUCCESS : STOR_STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(StorPortGetDataInBufferScatterGatherList);

/**
 * StorPortGetOriginalMdl() - the MDL of a SRB's data
 * @hw_device_extension: the miniport's device extension
 * @srb: the SRB
 * @mdl: receives the MDL; NULL on failure, and for a SRB without data
 *
 * Answers to storport: StorPortGetOriginalMdl.
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS; STOR_STATUS_INVALID_PARAMETER.
 */
ULONG StorPortGetOriginalMdl(PVOID hw_device_extension, PSCSI_REQUEST_BLOCK srb, PVOID *mdl)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	struct stor_srb *record = NULL;

	if (mdl)
		*mdl = NULL;
	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	if (mdl)
		record = stor_srb_find(stor, srb, __func__);
	else
		wdm_stor_refuse(__func__, "Mdl is NULL");
	if (record)
		*mdl = record->mdl;
	wdm_stor_put(stor);
	return record ? STOR_STATUS_SUCCESS : STOR_STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(StorPortGetOriginalMdl);
