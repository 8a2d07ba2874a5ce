// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: scatter/gather lists that a StorPort miniport makes itself. They are those of
 * the DMA adapter, by the calls that any driver makes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/stddef.h>

#include "wdm_storport.h"

/* The same list by two names. */
static_assert(sizeof(STOR_SCATTER_GATHER_LIST) == sizeof(SCATTER_GATHER_LIST));
static_assert(sizeof(STOR_SCATTER_GATHER_ELEMENT) == sizeof(SCATTER_GATHER_ELEMENT));
static_assert(offsetof(STOR_SCATTER_GATHER_LIST, List) == offsetof(SCATTER_GATHER_LIST, Elements));

/*
 * The type of a routine for the adapter, which is not that of a miniport's. That comes in
 * the place of a device object, which miniports are not given: so nothing is left where
 * a list is dropped, and its routine never called.
 */
static void stor_list_is_ready(PDEVICE_OBJECT device_object, PIRP irp, PSCATTER_GATHER_LIST list,
			       PVOID context)
{
	PPOST_SCATTER_GATHER_EXECUTE routine = (PPOST_SCATTER_GATHER_EXECUTE)device_object;

	routine(NULL, NULL, (PSTOR_SCATTER_GATHER_LIST)list, context);
}

static ULONG stor_list_status(NTSTATUS status)
{
	switch (status) {
	case STATUS_SUCCESS:
		return STOR_STATUS_SUCCESS;
	case STATUS_INVALID_PARAMETER:
		return STOR_STATUS_INVALID_PARAMETER;
	case STATUS_BUFFER_TOO_SMALL:
		return STOR_STATUS_BUFFER_TOO_SMALL;
	case STATUS_INSUFFICIENT_RESOURCES:
		return STOR_STATUS_INSUFFICIENT_RESOURCES;
	case STATUS_DELETE_PENDING:
		return STOR_STATUS_INVALID_DEVICE_STATE;
	case STATUS_NOT_SUPPORTED:
		return STOR_STATUS_NOT_IMPLEMENTED;
	default:
		return STOR_STATUS_UNSUCCESSFUL;
	}
}

/* Is a DISPATCH_LEVEL call made below it? Reported. */
static bool stor_below_dispatch(const char *call)
{
	if (wdmdma_at_dispatch())
		return false;
	wdm_stor_refuse(call, "called at PASSIVE_LEVEL, needs DISPATCH_LEVEL");
	return true;
}

/**
 * StorPortBuildScatterGatherList() - make a list in memory of the miniport's
 * @hw_device_extension: the miniport's device extension
 * @mdl: the memory
 * @current_va: where to begin, in terms of MmGetMdlVirtualAddress(@mdl)
 * @length: bytes
 * @execution_routine: called with the list; its first two arguments are NULL
 * @context: passed to @execution_routine
 * @write_to_device: TRUE if the device reads the memory
 * @scatter_gather_buffer: where the list goes
 * @scatter_gather_buffer_length: bytes there
 *
 * Answers to storport: StorPortBuildScatterGatherList, by BuildScatterGatherList.
 * Give the list back with StorPortPutScatterGatherList().
 *
 * Context: DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS: the routine has been called, or will be;
 * STOR_STATUS_INVALID_PARAMETER; STOR_STATUS_INVALID_IRQL;
 * STOR_STATUS_INSUFFICIENT_RESOURCES; STOR_STATUS_BUFFER_TOO_SMALL;
 * STOR_STATUS_INVALID_DEVICE_STATE after unbind.
 */
ULONG StorPortBuildScatterGatherList(PVOID hw_device_extension, PVOID mdl, PVOID current_va,
				     ULONG length, PPOST_SCATTER_GATHER_EXECUTE execution_routine,
				     PVOID context, BOOLEAN write_to_device,
				     PVOID scatter_gather_buffer,
				     ULONG scatter_gather_buffer_length)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	PDMA_ADAPTER dma_adapter;
	ULONG status = STOR_STATUS_INVALID_PARAMETER;
	NTSTATUS nt_status;

	if (!stor)
		return status;
	if (!mdl || !execution_routine || !scatter_gather_buffer) {
		wdm_stor_refuse(__func__, "%s is NULL", !mdl ? "Mdl" : !execution_routine ?
				"ExecutionRoutine" : "ScatterGatherBuffer");
		goto put;
	}
	status = STOR_STATUS_INVALID_IRQL;
	if (stor_below_dispatch(__func__))
		goto put;
	dma_adapter = stor->dma_adapter;
	nt_status = dma_adapter->DmaOperations->BuildScatterGatherList(dma_adapter,
			(PDEVICE_OBJECT)execution_routine, mdl, current_va, length,
			stor_list_is_ready, context, write_to_device, scatter_gather_buffer,
			scatter_gather_buffer_length);
	status = stor_list_status(nt_status);
put:
	wdm_stor_put(stor);
	return status;
}
EXPORT_SYMBOL_GPL(StorPortBuildScatterGatherList);

/**
 * StorPortPutScatterGatherList() - give back a list of StorPortBuildScatterGatherList()
 * @hw_device_extension: the miniport's device extension
 * @scatter_gather_list: the list
 * @write_to_device: as when it was made
 *
 * Answers to storport: StorPortPutScatterGatherList, by PutScatterGatherList. The
 * memory that the list is in stays the miniport's.
 *
 * Context: DISPATCH_LEVEL.
 * Return: STOR_STATUS_SUCCESS; STOR_STATUS_INVALID_PARAMETER; STOR_STATUS_INVALID_IRQL.
 */
ULONG StorPortPutScatterGatherList(PVOID hw_device_extension,
				   PSTOR_SCATTER_GATHER_LIST scatter_gather_list,
				   BOOLEAN write_to_device)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	ULONG status = STOR_STATUS_INVALID_PARAMETER;
	PDMA_ADAPTER dma_adapter;

	if (!stor)
		return status;
	dma_adapter = stor->dma_adapter;
	if (!scatter_gather_list) {
		wdm_stor_refuse(__func__, "ScatterGatherList is NULL");
	} else if (stor_below_dispatch(__func__)) {
		status = STOR_STATUS_INVALID_IRQL;
	} else {
		dma_adapter->DmaOperations->PutScatterGatherList(dma_adapter,
				(PSCATTER_GATHER_LIST)scatter_gather_list, write_to_device);
		status = STOR_STATUS_SUCCESS;
	}
	wdm_stor_put(stor);
	return status;
}
EXPORT_SYMBOL_GPL(StorPortPutScatterGatherList);
