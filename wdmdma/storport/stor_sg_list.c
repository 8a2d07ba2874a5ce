// SPDX-License-Identifier: GPL-2.0-only
/*
 * StorPort calls for scatter/gather lists that a miniport makes itself. The lists are those of
 * the DMA adapter, made as those of any driver.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/stddef.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/sg_list.h"
#include "core/transfer.h"
#include "storport/stor.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_sg_list.h"
#include "wdm/wdm_transfer_context.h"

/* Both types must describe the same list. */
static_assert(sizeof(STOR_SCATTER_GATHER_LIST) == sizeof(SCATTER_GATHER_LIST));
static_assert(sizeof(STOR_SCATTER_GATHER_ELEMENT) == sizeof(SCATTER_GATHER_ELEMENT));
static_assert(offsetof(STOR_SCATTER_GATHER_LIST, List) == offsetof(SCATTER_GATHER_LIST, Elements));

static void stor_sg_list_call(const struct wdmdma_callback *callback)
{
	PPOST_SCATTER_GATHER_EXECUTE routine = callback->routine;

	routine(NULL, NULL, callback->list, callback->context);
}

/* Operations of the lists that miniports make. They also tell these lists from those of SRBs. */
static const struct wdmdma_sg_list_ops stor_sg_list_ops = {
	.prepare = wdm_sg_list_prepare,
	.fill = wdm_sg_list_fill_own,
	.call = stor_sg_list_call,
	.release = wdm_sg_list_release,
};

/* Convert an error to a STOR_STATUS. Only lists have a status for these two errors. */
static ULONG stor_sg_list_status(int error)
{
	switch (error) {
	case -ENOBUFS:
		return STOR_STATUS_BUFFER_TOO_SMALL;
	case -EOPNOTSUPP:
		return STOR_STATUS_NOT_IMPLEMENTED;
	default:
		return wdm_stor_status(error);
	}
}

/* Return true, with a message, if a call for DISPATCH_LEVEL is made at another level. */
static bool stor_is_other_level(const char *call)
{
	if (!wdmdma_at_dispatch()) {
		wdmdma_report(call, "called at PASSIVE_LEVEL, needs DISPATCH_LEVEL");
		return true;
	}
	return wdm_above_dispatch(call);
}

/**
 * StorPortBuildScatterGatherList() - make a list in memory of the miniport
 * @hw_device_extension: the miniport's device extension
 * @mdl: the memory
 * @current_va: where the list begins, in terms of MmGetMdlVirtualAddress(@mdl)
 * @length: number of bytes
 * @execution_routine: called with the list, and with NULL as its first two arguments
 * @context: passed to @execution_routine
 * @write_to_device: TRUE if the device reads the memory
 * @scatter_gather_buffer: memory for the list
 * @scatter_gather_buffer_length: length of that memory
 *
 * Answers to storport: StorPortBuildScatterGatherList, by BuildScatterGatherList. The miniport
 * must give back the list with StorPortPutScatterGatherList(). When the device extension is
 * destroyed, the module reports lists that were not given back, and takes them back. Lists that
 * still wait then are dropped, and their routines are not called.
 *
 * Context: DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS if the routine has been called or will be,
 * STOR_STATUS_INVALID_PARAMETER, STOR_STATUS_INVALID_IRQL, STOR_STATUS_INSUFFICIENT_RESOURCES,
 * STOR_STATUS_BUFFER_TOO_SMALL if @length is more than the MDL has or the list does not fit,
 * STOR_STATUS_NOT_IMPLEMENTED if Linux can never map the memory for this device, or
 * STOR_STATUS_INVALID_DEVICE_STATE after unbind. The routine is called only with the first of
 * these.
 */
ULONG StorPortBuildScatterGatherList(PVOID hw_device_extension, PVOID mdl, PVOID current_va,
				     ULONG length, PPOST_SCATTER_GATHER_EXECUTE execution_routine,
				     PVOID context, BOOLEAN write_to_device,
				     PVOID scatter_gather_buffer,
				     ULONG scatter_gather_buffer_length)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	struct wdm_sg_list_args args = {
		.call = __func__,
		.caller = _RET_IP_,
		.mdl = mdl,
		.va = &current_va,
		.length = length,
		.ops = &stor_sg_list_ops,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
		.buffer = scatter_gather_buffer,
		.buffer_length = scatter_gather_buffer_length,
	};
	ULONG status = STOR_STATUS_INVALID_PARAMETER;
	PSCATTER_GATHER_LIST list;

	if (!stor)
		return status;
	if (!mdl || !execution_routine || !scatter_gather_buffer) {
		wdmdma_report(__func__, "%s is NULL", !mdl ? "Mdl" : !execution_routine ?
			      "ExecutionRoutine" : "ScatterGatherBuffer");
	} else if (stor_is_other_level(__func__)) {
		status = STOR_STATUS_INVALID_IRQL;
	} else {
		status = stor_sg_list_status(wdm_sg_list_get(stor->dma_adapter, &args, &list));
	}
	wdm_stor_put(stor);
	return status;
}
EXPORT_SYMBOL_GPL(StorPortBuildScatterGatherList);

/*
 * End the transfer of a list that the miniport has made. The miniport must not end the list of
 * an SRB.
 */
static int stor_sg_list_put(struct wdm_stor *stor, const char *call, const void *list,
			    BOOLEAN write_to_device)
{
	struct wdmdma_adapter *adapter;
	int ret = -EINVAL;

	rcu_read_lock();
	adapter = wdm_peek(stor->dma_adapter, call);
	if (!IS_ERR(adapter)) {
		if (wdmdma_sg_list_has_ops(adapter, list, &stor_sg_list_ops))
			ret = wdmdma_sg_list_put(adapter, call, list,
						 wdm_direction(write_to_device));
		else
			wdmdma_report(call,
				      "%p is no live list of StorPortBuildScatterGatherList",
				      list);
	}
	rcu_read_unlock();
	return ret;
}

/**
 * StorPortPutScatterGatherList() - give back a list of StorPortBuildScatterGatherList()
 * @hw_device_extension: the miniport's device extension
 * @scatter_gather_list: the list
 * @write_to_device: must be as in the call that made the list. A different value is reported
 *	and not used.
 *
 * Answers to storport: StorPortPutScatterGatherList, by PutScatterGatherList. The memory that
 * the list is in still belongs to the miniport.
 *
 * Context: DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS, STOR_STATUS_INVALID_IRQL, or STOR_STATUS_INVALID_PARAMETER, with
 * nothing done, if this miniport has no such list, or the list was given back already, or it
 * waits.
 */
ULONG StorPortPutScatterGatherList(PVOID hw_device_extension,
				   PSTOR_SCATTER_GATHER_LIST scatter_gather_list,
				   BOOLEAN write_to_device)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	ULONG status = STOR_STATUS_INVALID_PARAMETER;

	if (!stor)
		return status;
	if (!scatter_gather_list)
		wdmdma_report(__func__, "ScatterGatherList is NULL");
	else if (stor_is_other_level(__func__))
		status = STOR_STATUS_INVALID_IRQL;
	else
		status = wdm_stor_status(stor_sg_list_put(stor, __func__, scatter_gather_list,
							  write_to_device));
	wdm_stor_put(stor);
	return status;
}
EXPORT_SYMBOL_GPL(StorPortPutScatterGatherList);
