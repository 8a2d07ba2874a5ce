// SPDX-License-Identifier: GPL-2.0-only
/*
 * StorPort calls for the requests of a miniport.
 *
 * On Windows the port driver makes the SRBs, and maps their data before the miniport sees them.
 * Here the Linux half of the driver must do so, with the wdmdma_srb_ calls. The SrbExtension
 * and the sense buffer, which the device may use too, are one common buffer for each SRB. So an
 * SRB should be made once and used for many requests. An SRB has one of two forms, which all calls
 * take.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/sg_list.h"
#include "core/transfer.h"
#include "storport/stor.h"
#include "storport/stor_srb.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_mdl_common.h"
#include "wdm/wdm_sg_list.h"

#define STOR_SENSE_LENGTH	252	/* longest that a SCSI command asks for */

/* End the list of an SRB, unless the unbind has taken it back. */
static void stor_srb_put_list(struct wdm_stor *stor, struct stor_srb *record)
{
	PSCATTER_GATHER_LIST list = record->list;
	struct wdmdma_adapter *adapter;

	/* Nobody may find a list that ends. The locks of the end make that visible before. */
	WRITE_ONCE(record->list, NULL);
	rcu_read_lock();
	adapter = wdmdma_adapter_peek(stor->dma_adapter);
	if (adapter && wdmdma_sg_list_is_live(adapter, list))
		WdmPutScatterGatherList(stor->dma_adapter, list, record->write_to_device);
	rcu_read_unlock();
}

/* Tell the miniport of the data, or that there are none. */
static void stor_srb_set_data(struct stor_srb *record, void *data, ULONG length, ULONG direction)
{
	const ULONG directions = SRB_FLAGS_DATA_IN | SRB_FLAGS_DATA_OUT;
	STORAGE_REQUEST_BLOCK *block = &record->block.srb;
	SCSI_REQUEST_BLOCK *srb = &record->srb;

	if (record->is_block) {
		block->SrbFlags = (block->SrbFlags & ~directions) | direction;
		block->DataBuffer = data;
		block->DataTransferLength = length;
	} else {
		srb->SrbFlags = (srb->SrbFlags & ~directions) | direction;
		srb->DataBuffer = data;
		srb->DataTransferLength = length;
	}
}

/*
 * Unmap an SRB's data. Of several callers, exactly one unmaps. A list that was left when the driver
 * was unbound was reported and put then.
 */
static void stor_srb_unmap(struct wdm_stor *stor, struct stor_srb *record)
{
	if (cmpxchg(&record->state, STOR_SRB_MAPPED, STOR_SRB_BUSY) != STOR_SRB_MAPPED)
		return;
	stor_srb_put_list(stor, record);
	WRITE_ONCE(record->mdl, NULL);
	stor_srb_set_data(record, NULL, 0, 0);
	/*
	 * The next caller that maps data, after its cmpxchg(), must find the record as it is
	 * now.
	 */
	smp_store_release(&record->state, STOR_SRB_IDLE);
}

static void stor_srb_delete(struct wdm_stor *stor, struct stor_srb *record)
{
	if (!record)
		return;
	if (record->areas) {
		stor_srb_unmap(stor, record);
		wdm_stor_free_buffer(stor, "wdmdma_srb_destroy", record->areas,
				     record->areas_la.QuadPart, record->areas_len);
	}
	kfree_rcu(record, rcu);
}

static void stor_release_srb(struct wdm_stor *stor, struct wdm_stor_object *object)
{
	stor_srb_delete(stor, object->memory);
}

static void stor_end_srb(struct wdm_stor *stor, struct wdm_stor_object *object)
{
	stor_srb_unmap(stor, object->memory);
}

static const struct wdm_stor_kind stor_srb_kind = {
	.name = "a SRB",
	.names = "SRBs",
	.stage = WDM_STOR_REQUESTS,
	.end_transfer = stor_end_srb,
	.release = stor_release_srb,
};

/*
 * Return the record of an SRB of this miniport, or NULL. The record is valid within the caller's
 * RCU read section. Takes no lock. Any context.
 */
struct stor_srb *wdm_stor_srb_record(struct wdm_stor *stor, PVOID srb)
{
	return wdm_stor_memory(stor, &stor_srb_kind, (unsigned long)srb);
}

/* The same, with a message if there is none. */
struct stor_srb *wdm_stor_srb_find(struct wdm_stor *stor, PVOID srb, const char *call)
{
	struct stor_srb *record = wdm_stor_srb_record(stor, srb);

	if (!record)
		wdmdma_report(call, "Srb %p is none of this miniport", srb);
	return record;
}

/*
 * Return the record of an SRB of the miniport with this extension, and set @stor to the miniport.
 * Return NULL with a message if there is no such miniport or SRB. Both are valid within the
 * caller's RCU read section. Any context.
 */
struct stor_srb *wdm_stor_srb_peek(PVOID hw_device_extension, PVOID srb, const char *call,
				   struct wdm_stor **stor)
{
	*stor = wdm_stor_peek(hw_device_extension, call);
	return *stor ? wdm_stor_srb_find(*stor, srb, call) : NULL;
}

/* Fill in the fields of the first form that do not change. */
static void stor_srb_fill(SCSI_REQUEST_BLOCK *srb, void *extension, void *sense)
{
	srb->Length = sizeof(*srb);
	srb->Function = SRB_FUNCTION_EXECUTE_SCSI;
	srb->SrbExtension = extension;
	srb->SenseInfoBuffer = sense;
	srb->SenseInfoBufferLength = STOR_SENSE_LENGTH;
}

/* Fill in the fields of the second form that do not change. */
static void stor_srb_fill_block(struct stor_srb_block *block, void *extension, void *sense)
{
	block->srb.Length = offsetof(STORAGE_REQUEST_BLOCK, Signature);
	block->srb.Function = SRB_FUNCTION_STORAGE_REQUEST_BLOCK;
	block->srb.Signature = SRB_SIGNATURE;
	block->srb.Version = STORAGE_REQUEST_BLOCK_VERSION_1;
	block->srb.SrbLength = sizeof(*block);
	block->srb.SrbFunction = SRB_FUNCTION_EXECUTE_SCSI;
	block->srb.RequestAttribute = SRB_SIMPLE_TAG_REQUEST;
	block->srb.AddressOffset = offsetof(struct stor_srb_block, address);
	block->srb.NumSrbExData = 1;
	block->srb.SrbExDataOffset[0] = offsetof(struct stor_srb_block, command);
	block->srb.MiniportContext = extension;
	block->address.Type = STOR_ADDRESS_TYPE_BTL8;
	block->address.AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH;
	block->command.Type = SrbExDataTypeScsiCdb16;
	block->command.Length = SRBEX_DATA_SCSI_CDB16_LENGTH;
	block->command.SenseInfoBuffer = sense;
	block->command.SenseInfoBufferLength = STOR_SENSE_LENGTH;
}

/* Allocate the memory of a new SRB, and fill in the fields that do not change. */
static int stor_srb_init(struct wdm_stor *stor, struct stor_srb *record, ULONG srb_extension_size)
{
	PDMA_ADAPTER dma_adapter = stor->dma_adapter;
	ULONG sense = ALIGN(srb_extension_size, 16);
	void *extension;

	record->areas_len = sense + STOR_SENSE_LENGTH;
	record->areas = dma_adapter->DmaOperations->AllocateCommonBuffer(dma_adapter,
									 record->areas_len,
									 &record->areas_la, FALSE);
	if (!record->areas)
		return -ENOMEM;
	/* A miniport must find zeroes, whatever the common buffer has from its last user. */
	memset(record->areas, 0, record->areas_len);
	extension = srb_extension_size ? record->areas : NULL;
	if (record->is_block)
		stor_srb_fill_block(&record->block, extension, record->areas + sense);
	else
		stor_srb_fill(&record->srb, extension, record->areas + sense);
	return 0;
}

/* Make an SRB of one of the two forms. Return its record, or NULL with a message. */
static struct stor_srb *stor_srb_create(PVOID hw_device_extension, size_t srb_extension_size,
					bool is_block, const char *call)
{
	struct stor_srb *record = NULL;
	struct wdm_stor *stor;

	if (wdm_above_passive(call))
		return NULL;
	stor = wdm_stor_find(hw_device_extension, call);
	if (!stor)
		return NULL;
	if (srb_extension_size > SZ_1M) {
		wdmdma_report(call, "srb_extension_size is above 1 MiB");
		goto put;
	}
	record = kzalloc(sizeof(*record), WDMDMA_GFP);
	if (record)
		record->is_block = is_block;
	if (!record || stor_srb_init(stor, record, srb_extension_size) ||
	    wdm_stor_add(stor, &stor_srb_kind, (unsigned long)record, record, 0)) {
		wdmdma_report(call, "no memory for a SRB, or the driver is unbound");
		stor_srb_delete(stor, record);
		record = NULL;
	}
put:
	wdm_stor_put(stor);
	return record;
}

/**
 * wdmdma_srb_create() - make an SRB for a miniport
 * @hw_device_extension: the miniport's device extension
 * @srb_extension_size: number of bytes that the miniport wants for each SRB, from 0 to 1 MiB
 *
 * On Windows the port driver does this. SrbExtension and the sense buffer are zeroed, and the
 * device can use them. The glue must set Cdb, TargetId and all other fields that the miniport
 * looks at. It may use an SRB again for the next request.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the SRB, or NULL with the reason in the log.
 */
PSCSI_REQUEST_BLOCK wdmdma_srb_create(PVOID hw_device_extension, size_t srb_extension_size)
{
	struct stor_srb *record = stor_srb_create(hw_device_extension, srb_extension_size, false,
						  __func__);

	return record ? &record->srb : NULL;
}
EXPORT_SYMBOL_GPL(wdmdma_srb_create);

/**
 * wdmdma_srb_create_ex() - make an SRB of the second form for a miniport
 * @hw_device_extension: the miniport's device extension
 * @srb_extension_size: number of bytes that the miniport wants for each SRB, from 0 to 1 MiB
 *
 * As wdmdma_srb_create(), for a miniport whose PORT_CONFIGURATION_INFORMATION.SrbType is
 * SRB_TYPE_STORAGE_REQUEST_BLOCK. MiniportContext is the extension. AddressOffset leads to a
 * STOR_ADDR_BTL8, and the one entry of SrbExDataOffset to a SRBEX_DATA_SCSI_CDB16 with the sense
 * buffer. The glue must fill in both. All other calls take this form as well.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the SRB, or NULL with the reason in the log.
 */
PSTORAGE_REQUEST_BLOCK wdmdma_srb_create_ex(PVOID hw_device_extension, size_t srb_extension_size)
{
	struct stor_srb *record = stor_srb_create(hw_device_extension, srb_extension_size, true,
						  __func__);

	return record ? &record->block.srb : NULL;
}
EXPORT_SYMBOL_GPL(wdmdma_srb_create_ex);

/**
 * wdmdma_srb_destroy() - free an SRB
 * @hw_device_extension: the miniport's device extension
 * @srb: from wdmdma_srb_create() or wdmdma_srb_create_ex(), or NULL, which is ignored. The
 *	miniport must not have it.
 *
 * Data that are still mapped are unmapped. In a hard interrupt the call does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void wdmdma_srb_destroy(PVOID hw_device_extension, PVOID srb)
{
	struct wdm_stor_object *object;
	struct wdm_stor *stor;

	if (!srb || wdm_above_dispatch(__func__))
		return;
	stor = wdm_stor_find(hw_device_extension, __func__);
	if (!stor)
		return;
	object = wdm_stor_take(stor, &stor_srb_kind, (unsigned long)srb);
	if (object) {
		stor_release_srb(stor, object);
		kfree_rcu(object, rcu);
	} else {
		wdmdma_report(__func__, "Srb %p is none of this miniport", srb);
	}
	wdm_stor_put(stor);
}
EXPORT_SYMBOL_GPL(wdmdma_srb_destroy);

/*
 * Ask the adapter for the list of all bytes of the MDL. The adapter must make the list at once,
 * or not at all.
 */
static NTSTATUS stor_srb_list(struct wdm_stor *stor, struct stor_srb *record, PMDL mdl,
			      unsigned long caller)
{
	struct wdm_sg_list_args args = {
		.call = "wdmdma_srb_map",
		.caller = caller,
		.device_object = stor->pdo,
		.mdl = mdl,
		.length = MmGetMdlByteCount(mdl),
		.flags = DMA_SYNCHRONOUS_CALLBACK,
		.ops = &wdm_sg_list_ops,
		.write = record->write_to_device,
		.settled = true,
		.readers = true,
	};
	PSCATTER_GATHER_LIST list;
	int ret = wdm_sg_list_get(stor->dma_adapter, &args, &list);

	/* Readers must find the other values. wdm_sg_list_get() returns NULL on failure. */
	smp_store_release(&record->list, list);
	return wdm_status(ret);
}

static NTSTATUS stor_srb_map(struct wdm_stor *stor, struct stor_srb *record, PMDL mdl,
			     bool write_to_device, unsigned long caller)
{
	NTSTATUS status;

	if (cmpxchg(&record->state, STOR_SRB_IDLE, STOR_SRB_BUSY) != STOR_SRB_IDLE) {
		wdmdma_report("wdmdma_srb_map", "Srb %p is mapped already", record);
		return STATUS_INVALID_DEVICE_STATE;
	}
	WRITE_ONCE(record->write_to_device, write_to_device);
	WRITE_ONCE(record->data, wdm_mdl_is_mapped(mdl) ? mdl->MappedSystemVa :
							  MmGetMdlVirtualAddress(mdl));
	status = stor_srb_list(stor, record, mdl, caller);
	if (!NT_SUCCESS(status)) {
		/* The next caller must find the record as after stor_srb_unmap(). */
		smp_store_release(&record->state, STOR_SRB_IDLE);
		return status;
	}
	WRITE_ONCE(record->mdl, mdl);
	stor_srb_set_data(record, record->data, MmGetMdlByteCount(mdl),
			  write_to_device ? SRB_FLAGS_DATA_OUT : SRB_FLAGS_DATA_IN);
	/* The caller that unmaps the data, after its cmpxchg(), must find all of these values. */
	smp_store_release(&record->state, STOR_SRB_MAPPED);
	return status;
}

/**
 * wdmdma_srb_map() - give an SRB its data, before the miniport gets the SRB
 * @hw_device_extension: the miniport's device extension
 * @srb: from wdmdma_srb_create() or wdmdma_srb_create_ex()
 * @mdl: one MDL, not a chain, that describes the data and must stay resident until
 *	wdmdma_srb_unmap()
 * @write_to_device: true if the device reads the data, false if it writes them
 *
 * The call sets DataBuffer, DataTransferLength, and SRB_FLAGS_DATA_OUT or SRB_FLAGS_DATA_IN.
 * DataBuffer is the system address if the MDL has one, and otherwise the MDL's virtual address,
 * which is an index only. The list of StorPortGetScatterGatherList() exists from now on.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER, STATUS_INVALID_DEVICE_STATE if the SRB is
 * mapped already, or a status of GetScatterGatherListEx.
 */
NTSTATUS wdmdma_srb_map(PVOID hw_device_extension, PVOID srb, PMDL mdl, bool write_to_device)
{
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct stor_srb *record;
	struct wdm_stor *stor;

	rcu_read_lock();
	record = wdm_stor_srb_peek(hw_device_extension, srb, __func__, &stor);
	if (record && mdl && !mdl->Next)
		status = stor_srb_map(stor, record, mdl, write_to_device, _RET_IP_);
	else if (record)
		wdmdma_report(__func__, "Mdl is %s", mdl ? "a chain" : "NULL");
	rcu_read_unlock();
	return status;
}
EXPORT_SYMBOL_GPL(wdmdma_srb_map);

/**
 * wdmdma_srb_unmap() - take back an SRB's data, when the miniport has completed the SRB
 * @hw_device_extension: the miniport's device extension
 * @srb: from wdmdma_srb_create() or wdmdma_srb_create_ex(). Nothing happens if it is not mapped.
 *
 * The list is gone. The data may be touched, and the MDL undone. In a hard interrupt the call
 * does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void wdmdma_srb_unmap(PVOID hw_device_extension, PVOID srb)
{
	struct stor_srb *record;
	struct wdm_stor *stor;

	if (wdm_above_dispatch(__func__))
		return;
	rcu_read_lock();
	record = wdm_stor_srb_peek(hw_device_extension, srb, __func__, &stor);
	if (record)
		stor_srb_unmap(stor, record);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(wdmdma_srb_unmap);
