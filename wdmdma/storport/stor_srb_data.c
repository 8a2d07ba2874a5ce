// SPDX-License-Identifier: GPL-2.0-only
/*
 * StorPort calls that look up the data of an SRB. A miniport may make them in any context, so they
 * take no lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/rcupdate.h>

#include "core/adapter.h"
#include "core/sg_list.h"
#include "core/transfer.h"
#include "storport/stor.h"
#include "storport/stor_srb.h"

/*
 * Return the list of an SRB's data, or NULL if there is none, or none any more. The list may be
 * read until the caller, who must hold rcu_read_lock(), drops it. Takes no lock. Any context.
 */
static PSCATTER_GATHER_LIST stor_srb_live_list(struct wdm_stor *stor, struct stor_srb *record)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_peek(stor->dma_adapter);
	/* The data and the direction must be those of the list. */
	PSCATTER_GATHER_LIST list = smp_load_acquire(&record->list);

	return adapter && wdmdma_sg_lists_stay(&adapter->transfers) ? list : NULL;
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
	record = wdm_stor_srb_record(stor, srb);
	list = record ? stor_srb_live_list(stor, record) : NULL;
	data = record ? READ_ONCE(record->data) : NULL;
	/* If the SRB was mapped anew meanwhile, the data may not be those of the list. */
	smp_rmb();
	if (list && READ_ONCE(record->list) == list && va >= data)
		found = stor_sg_list_address(list, va - data, la, left);
	rcu_read_unlock();
	return found;
}

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
	record = wdm_stor_srb_peek(hw_device_extension, srb, __func__, &stor);
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
	PSCATTER_GATHER_LIST list = NULL;
	struct stor_srb *record = NULL;

	if (scatter_gather_list)
		*scatter_gather_list = NULL;
	if (!stor)
		return STOR_STATUS_INVALID_PARAMETER;
	rcu_read_lock();
	if (scatter_gather_list)
		record = wdm_stor_srb_find(stor, srb, __func__);
	else
		wdmdma_report(__func__, "SgList is NULL");
	if (record)
		list = stor_srb_live_list(stor, record);
	if (list && !READ_ONCE(record->write_to_device))
		*scatter_gather_list = (PSTOR_SCATTER_GATHER_LIST)list;
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
		record = wdm_stor_srb_find(stor, srb, __func__);
	else
		wdmdma_report(__func__, "Mdl is NULL");
	if (record)
		*mdl = READ_ONCE(record->mdl);
	rcu_read_unlock();
	wdm_stor_put(stor);
	return record ? STOR_STATUS_SUCCESS : STOR_STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(StorPortGetOriginalMdl);
