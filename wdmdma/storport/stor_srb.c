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
#include "core/transfer.h"
#include "storport/stor.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_mdl_common.h"

#define STOR_SENSE_LENGTH	252	/* longest that a SCSI command asks for */

/* State of an SRB's data. */
enum stor_srb_state {
	STOR_SRB_IDLE,
	STOR_SRB_BUSY,		/* one caller maps or unmaps the data */
	STOR_SRB_MAPPED,
};

/**
 * struct stor_srb_block - an SRB of the second form, with what it refers to
 * @srb: the SRB, of either form
 * @address: what @srb.AddressOffset leads to
 * @command: what @srb.SrbExDataOffset leads to
 */
struct stor_srb_block {
	STORAGE_REQUEST_BLOCK srb;
	STOR_ADDR_BTL8 address;
	SRBEX_DATA_SCSI_CDB16 command;
};

/**
 * struct stor_srb - an SRB, and the port driver's record of it
 * @srb: the part that the miniport sees, and may change, in the first form
 * @block: the same in the second form
 * @is_block: the SRB has the second form, whatever the miniport writes to it
 * @areas: SrbExtension, followed by the sense buffer
 * @areas_len: length of @areas
 * @areas_la: logical address of @areas
 * @state: enum stor_srb_state
 * @mdl: MDL of the data, while they are mapped
 * @data: address of the data, as the miniport was told
 * @list: list of the data, or NULL if they are not mapped. The adapter takes back the list when
 *        the driver is unbound.
 * @write_to_device: direction of the transfer
 * @rcu: for the free, because a caller may use a record that it has found in an RCU read
 *       section
 */
struct stor_srb {
	union {
		SCSI_REQUEST_BLOCK srb;
		struct stor_srb_block block;
	};
	bool is_block;
	void *areas;
	ULONG areas_len;
	PHYSICAL_ADDRESS areas_la;
	int state;
	PMDL mdl;
	void *data;
	PSCATTER_GATHER_LIST list;
	BOOLEAN write_to_device;
	struct rcu_head rcu;
};

/*
 * Return the list of an SRB's data, or NULL if there is none, or none any more. The caller must
 * hold rcu_read_lock().
 */
static PSCATTER_GATHER_LIST stor_srb_live_list(struct wdm_stor *stor, struct stor_srb *record)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_peek(stor->dma_adapter);
	PSCATTER_GATHER_LIST list = READ_ONCE(record->list);

	return list && adapter && wdmdma_sg_list_is_live(adapter, list) ? list : NULL;
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
	PSCATTER_GATHER_LIST list;

	if (cmpxchg(&record->state, STOR_SRB_MAPPED, STOR_SRB_BUSY) != STOR_SRB_MAPPED)
		return;
	rcu_read_lock();
	list = stor_srb_live_list(stor, record);
	if (list)
		WdmPutScatterGatherList(stor->dma_adapter, list, record->write_to_device);
	rcu_read_unlock();
	WRITE_ONCE(record->list, NULL);
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
	.stage = WDM_STOR_REQUESTS,
	.end_transfer = stor_end_srb,
	.release = stor_release_srb,
};

/*
 * Return the record of an SRB of this miniport, or NULL with a message. The record is valid
 * within the caller's RCU read section. Any context.
 */
static struct stor_srb *stor_srb_find(struct wdm_stor *stor, PVOID srb, const char *call)
{
	struct stor_srb *record = wdm_stor_memory(stor, &stor_srb_kind, (unsigned long)srb);

	if (!record)
		wdmdma_report(call, "Srb %p is none of this miniport", srb);
	return record;
}

/*
 * Return the record of an SRB of the miniport with this extension, and set @stor to the miniport.
 * Return NULL with a message if there is no such miniport or SRB. Both are valid within the
 * caller's RCU read section. Any context.
 */
static struct stor_srb *stor_srb_peek(PVOID hw_device_extension, PVOID srb,
				      const char *call, struct wdm_stor **stor)
{
	*stor = wdm_stor_peek(hw_device_extension, call);
	return *stor ? stor_srb_find(*stor, srb, call) : NULL;
}

bool wdm_stor_is_srb(struct wdm_stor *stor, PVOID srb)
{
	return wdm_stor_memory(stor, &stor_srb_kind, (unsigned long)srb);
}

/* Find a byte in a list. Return its address, and how far its element goes on from there. */
static bool stor_sg_list_address(const SCATTER_GATHER_LIST *list, size_t offset, dma_addr_t *la,
				 size_t *left)
{
	ULONG i;

	for (i = 0; i < list->NumberOfElements; i++) {
		const SCATTER_GATHER_ELEMENT *element = &list->Elements[i];

		if (offset < element->Length) {
			*la = element->Address.QuadPart + offset;
			*left = element->Length - offset;
			return true;
		}
		offset -= element->Length;
	}
	return false;
}

/*
 * Find the logical address of a byte of an SRB's data, and how far the memory goes on from
 * there.
 */
bool wdm_stor_srb_address(struct wdm_stor *stor, PVOID srb, PVOID va, dma_addr_t *la, size_t *left)
{
	PSCATTER_GATHER_LIST list;
	struct stor_srb *record;
	bool found = false;
	void *data;

	rcu_read_lock();
	record = wdm_stor_memory(stor, &stor_srb_kind, (unsigned long)srb);
	list = record ? stor_srb_live_list(stor, record) : NULL;
	data = record ? READ_ONCE(record->data) : NULL;
	if (list && va >= data)
		found = stor_sg_list_address(list, va - data, la, left);
	rcu_read_unlock();
	return found;
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
	    wdm_stor_keep(stor, &stor_srb_kind, (unsigned long)record, record, 0)) {
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
	if (object)
		stor_release_srb(stor, object);
	else
		wdmdma_report(__func__, "Srb %p is none of this miniport", srb);
	if (object)
		kfree_rcu(object, rcu);
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
		.object = stor->pdo,
		.mdl = mdl,
		.length = MmGetMdlByteCount(mdl),
		.flags = DMA_SYNCHRONOUS_CALLBACK,
		.write = record->write_to_device,
		.settled = true,
		.readers = true,
	};
	PSCATTER_GATHER_LIST list;
	NTSTATUS status = wdm_sg_list_get(stor->dma_adapter, &args, &list);

	/* wdm_sg_list_get() sets the list to NULL on failure. */
	WRITE_ONCE(record->list, list);
	return status;
}

static NTSTATUS stor_srb_map(struct wdm_stor *stor, struct stor_srb *record, PMDL mdl,
			     bool write_to_device, unsigned long caller)
{
	NTSTATUS status;

	if (cmpxchg(&record->state, STOR_SRB_IDLE, STOR_SRB_BUSY) != STOR_SRB_IDLE) {
		wdmdma_report("wdmdma_srb_map", "Srb %p is mapped already", record);
		return STATUS_INVALID_DEVICE_STATE;
	}
	record->write_to_device = write_to_device;
	status = stor_srb_list(stor, record, mdl, caller);
	if (!NT_SUCCESS(status)) {
		/* The next caller must find the record as after stor_srb_unmap(). */
		smp_store_release(&record->state, STOR_SRB_IDLE);
		return status;
	}
	WRITE_ONCE(record->mdl, mdl);
	WRITE_ONCE(record->data, wdm_mdl_is_mapped(mdl) ? mdl->MappedSystemVa :
							  MmGetMdlVirtualAddress(mdl));
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
	record = stor_srb_peek(hw_device_extension, srb, __func__, &stor);
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
	record = stor_srb_peek(hw_device_extension, srb, __func__, &stor);
	if (record)
		stor_srb_unmap(stor, record);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(wdmdma_srb_unmap);

/**
 * StorPortGetScatterGatherList() - get the list of an SRB's data
 * @hw_device_extension: the miniport's device extension
 * @srb: the SRB, of either form
 *
 * Answers to storport: StorPortGetScatterGatherList. The list stays until the SRB is completed.
 * The miniport must not change the list, nor give it back.
 *
 * Context: any.
 * Return: the list. NULL if the SRB has no data, after unbind, and, with a message, if this
 * miniport has no such SRB.
 */
PSTOR_SCATTER_GATHER_LIST StorPortGetScatterGatherList(PVOID hw_device_extension, PVOID srb)
{
	PSCATTER_GATHER_LIST list = NULL;
	struct stor_srb *record;
	struct wdm_stor *stor;

	rcu_read_lock();
	record = stor_srb_peek(hw_device_extension, srb, __func__, &stor);
	if (record)
		list = stor_srb_live_list(stor, record);
	rcu_read_unlock();
	return (PSTOR_SCATTER_GATHER_LIST)list;
}
EXPORT_SYMBOL_GPL(StorPortGetScatterGatherList);

/**
 * StorPortGetDataInBufferScatterGatherList() - get the list of the data that the device writes
 * @hw_device_extension: the miniport's device extension
 * @srb: the SRB, of either form
 * @scatter_gather_list: receives the list, or NULL on failure and for an SRB without such data
 *
 * Answers to storport: StorPortGetDataInBufferScatterGatherList. No SRB has data in both
 * directions. So the list is the one of StorPortGetScatterGatherList() if the device writes the
 * data.
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS or STOR_STATUS_INVALID_PARAMETER.
 */
ULONG StorPortGetDataInBufferScatterGatherList(PVOID hw_device_extension, PVOID srb,
					       PSTOR_SCATTER_GATHER_LIST *scatter_gather_list)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	struct stor_srb *record = NULL;

	if (scatter_gather_list)
		*scatter_gather_list = NULL;
	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	rcu_read_lock();
	if (scatter_gather_list)
		record = stor_srb_find(stor, srb, __func__);
	else
		wdmdma_report(__func__, "SgList is NULL");
	if (record && !record->write_to_device)
		*scatter_gather_list =
			(PSTOR_SCATTER_GATHER_LIST)stor_srb_live_list(stor, record);
	rcu_read_unlock();
	wdm_stor_put(stor);
	return record ? STOR_STATUS_SUCCESS : STOR_STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(StorPortGetDataInBufferScatterGatherList);

/**
 * StorPortGetOriginalMdl() - get the MDL of an SRB's data
 * @hw_device_extension: the miniport's device extension
 * @srb: the SRB, of either form
 * @mdl: receives the MDL, or NULL on failure and for an SRB without data
 *
 * Answers to storport: StorPortGetOriginalMdl.
 *
 * Context: any.
 * Return: STOR_STATUS_SUCCESS or STOR_STATUS_INVALID_PARAMETER.
 */
ULONG StorPortGetOriginalMdl(PVOID hw_device_extension, PVOID srb, PVOID *mdl)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	struct stor_srb *record = NULL;

	if (mdl)
		*mdl = NULL;
	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	rcu_read_lock();
	if (mdl)
		record = stor_srb_find(stor, srb, __func__);
	else
		wdmdma_report(__func__, "Mdl is NULL");
	if (record)
		*mdl = READ_ONCE(record->mdl);
	rcu_read_unlock();
	wdm_stor_put(stor);
	return record ? STOR_STATUS_SUCCESS : STOR_STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(StorPortGetOriginalMdl);
