// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: the calls for scatter/gather lists.
 *
 * Four calls start a list. They differ in how they name the memory, in who provides the memory
 * for the list, and in whether the driver can cancel the call or asks for no waiting.
 * PutScatterGatherList ends the lists of all four. A list does not take the adapter's channel.
 * wdm/wdm_sg_list.c has the list itself, and GetScatterGatherList, the call that is made most.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/sg_list.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_sg_list.h"
#include "wdm/wdm_transfer_context.h"

/**
 * WdmBuildScatterGatherList() - BuildScatterGatherList: into memory of the driver
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: as for GetScatterGatherList
 * @mdl: as for GetScatterGatherList
 * @current_va: as for GetScatterGatherList
 * @length: as for GetScatterGatherList
 * @execution_routine: as for GetScatterGatherList
 * @context: as for GetScatterGatherList
 * @write_to_device: as for GetScatterGatherList
 * @scatter_gather_buffer: memory of the driver for the list. The driver must not use it until
 *	PutScatterGatherList
 * @scatter_gather_length: bytes of the buffer, as CalculateScatterGatherList says
 *
 * Answers to wdm: PBUILD_SCATTER_GATHER_LIST. The list lies completely in the buffer, and nothing
 * else is stored there.
 *
 * Differs from Windows: the call needs a little memory besides the buffer, and fails without.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as GetScatterGatherList. STATUS_BUFFER_TOO_SMALL also for the buffer.
 */
NTSTATUS WdmBuildScatterGatherList(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object, PMDL mdl,
				   PVOID current_va, ULONG length,
				   PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				   BOOLEAN write_to_device, PVOID scatter_gather_buffer,
				   ULONG scatter_gather_length)
{
	struct wdm_sg_list_args args = {
		.call = "BuildScatterGatherList",
		.caller = _RET_IP_,
		.device_object = device_object,
		.mdl = mdl,
		.va = &current_va,
		.length = length,
		.ops = &wdm_sg_list_ops,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
		.buffer = scatter_gather_buffer,
		.buffer_length = scatter_gather_length,
	};
	PSCATTER_GATHER_LIST list;

	if (!execution_routine || !scatter_gather_buffer) {
		wdmdma_report(args.call, "%s is NULL", execution_routine ?
			      "ScatterGatherBuffer" : "ExecutionRoutine");
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_status(wdm_sg_list_get(dma_adapter, &args, &list));
}

/* Check the arguments that only the Ex calls have. Return 0, or a negative errno after a report. */
static int wdm_sg_list_ex_check(const struct wdm_sg_list_args *args, const void *list_out)
{
	const char *reason;

	if (!args->transfer_context)
		reason = "DmaTransferContext is NULL";
	else if (!args->routine && !(args->flags & DMA_SYNCHRONOUS_CALLBACK))
		reason = "ExecutionRoutine is NULL without DMA_SYNCHRONOUS_CALLBACK";
	else if (!args->routine && !list_out)
		reason = "ExecutionRoutine and ScatterGatherList are NULL";
	else
		return 0;
	wdmdma_report(args->call, "%s", reason);
	return -EINVAL;
}

/**
 * WdmGetScatterGatherListEx() - GetScatterGatherListEx: with a context and flags
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @dma_transfer_context: must be initialized. CancelAdapterChannel accepts the context while
 *	the list waits
 * @mdl: resident pages, alone or chained. Not needed after the call
 * @offset: start of the transfer, in bytes from the first byte of @mdl, along the chain
 * @length: bytes
 * @flags: DMA_SYNCHRONOUS_CALLBACK fails instead of waiting. DMA_FAIL_ON_BOUNCE fails instead
 *	of copying. DMA_ZERO_BUFFERS changes nothing, because the device never sees stale data
 * @execution_routine: as for GetScatterGatherList. May be NULL in a synchronous call
 * @context: passed on to the routine
 * @write_to_device: TRUE if the device reads the memory
 * @dma_completion_routine: not used, because it is for DMA controllers
 * @completion_context: not used
 * @scatter_gather_list: receives the list, before the routine is called, or NULL on
 *	failure and if the list waits. Optional if there is a routine
 *
 * Answers to wdm: PGET_SCATTER_GATHER_LIST_EX.
 *
 * Differs from Windows: the page says that list and map registers are freed when the routine
 * returns. Drivers call PutScatterGatherList nevertheless, and must do so here.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as GetScatterGatherList, with these exceptions:
 *
 * * STATUS_INVALID_PARAMETER if the chain has fewer bytes
 * * STATUS_INSUFFICIENT_RESOURCES also if a synchronous call would have to wait, or if memory
 *   would have to be copied and must not
 * * STATUS_CANCELLED if the context is cancelled
 */
NTSTATUS WdmGetScatterGatherListEx(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				   PVOID dma_transfer_context, PMDL mdl, ULONGLONG offset,
				   ULONG length, ULONG flags,
				   PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				   BOOLEAN write_to_device,
				   PDMA_COMPLETION_ROUTINE dma_completion_routine,
				   PVOID completion_context,
				   PSCATTER_GATHER_LIST *scatter_gather_list)
{
	struct wdm_sg_list_args args = {
		.call = "GetScatterGatherListEx",
		.caller = _RET_IP_,
		.device_object = device_object,
		.transfer_context = dma_transfer_context,
		.mdl = mdl,
		.offset = offset,
		.length = length,
		.flags = flags,
		.ops = &wdm_sg_list_ops,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
	};
	PSCATTER_GATHER_LIST list;

	if (scatter_gather_list)
		*scatter_gather_list = NULL;
	if (wdm_sg_list_ex_check(&args, scatter_gather_list))
		return STATUS_INVALID_PARAMETER;
	return wdm_status(wdm_sg_list_get(dma_adapter, &args, scatter_gather_list ?: &list));
}

/**
 * WdmBuildScatterGatherListEx() - BuildScatterGatherListEx: into memory of the driver
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: as for GetScatterGatherListEx
 * @dma_transfer_context: as for GetScatterGatherListEx
 * @mdl: as for GetScatterGatherListEx
 * @offset: as for GetScatterGatherListEx
 * @length: as for GetScatterGatherListEx
 * @flags: as for GetScatterGatherListEx
 * @execution_routine: as for GetScatterGatherListEx
 * @context: as for GetScatterGatherListEx
 * @write_to_device: as for GetScatterGatherListEx
 * @scatter_gather_buffer: as for BuildScatterGatherList
 * @scatter_gather_length: bytes of the buffer, as GetDmaTransferInfo says
 * @dma_completion_routine: not used, because it is for DMA controllers
 * @completion_context: not used
 * @scatter_gather_list: a pointer to a PSCATTER_GATHER_LIST, which receives
 *	@scatter_gather_buffer, before the routine is called, or NULL on failure
 *
 * Answers to wdm: PBUILD_SCATTER_GATHER_LIST_EX. See GetScatterGatherListEx.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as GetScatterGatherListEx, and STATUS_BUFFER_TOO_SMALL for the buffer.
 */
NTSTATUS WdmBuildScatterGatherListEx(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				     PVOID dma_transfer_context, PMDL mdl, ULONGLONG offset,
				     ULONG length, ULONG flags,
				     PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				     BOOLEAN write_to_device, PVOID scatter_gather_buffer,
				     ULONG scatter_gather_length,
				     PDMA_COMPLETION_ROUTINE dma_completion_routine,
				     PVOID completion_context, PVOID scatter_gather_list)
{
	struct wdm_sg_list_args args = {
		.call = "BuildScatterGatherListEx",
		.caller = _RET_IP_,
		.device_object = device_object,
		.transfer_context = dma_transfer_context,
		.mdl = mdl,
		.offset = offset,
		.length = length,
		.flags = flags,
		.ops = &wdm_sg_list_ops,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
		.buffer = scatter_gather_buffer,
		.buffer_length = scatter_gather_length,
	};
	PSCATTER_GATHER_LIST *result = scatter_gather_list, list;
	int ret;

	if (result)
		*result = NULL;
	if (wdm_sg_list_ex_check(&args, scatter_gather_list))
		return STATUS_INVALID_PARAMETER;
	if (!scatter_gather_buffer) {
		wdmdma_report(args.call, "ScatterGatherBuffer is NULL");
		return STATUS_INVALID_PARAMETER;
	}
	/* The routine may free the memory of @result, and is not called if the call fails. */
	if (result)
		*result = scatter_gather_buffer;
	ret = wdm_sg_list_get(dma_adapter, &args, &list);
	if (ret && result)
		*result = NULL;
	return wdm_status(ret);
}

/**
 * WdmPutScatterGatherList() - PutScatterGatherList: end the transfer of a list
 * @dma_adapter: the adapter of the list
 * @scatter_gather: the list. Afterwards its memory is freed, or belongs to the driver again
 * @write_to_device: the direction that the list was started with
 *
 * Answers to wdm: PPUT_SCATTER_GATHER_LIST. The device must be done with the memory. The driver
 * must not look at data from the device before this call. If the pointer is no live list of the
 * adapter, the call is reported and changes nothing. A wrong direction is reported and not used.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdmPutScatterGatherList(PDMA_ADAPTER dma_adapter, PSCATTER_GATHER_LIST scatter_gather,
			     BOOLEAN write_to_device)
{
	static const char call[] = "PutScatterGatherList";
	struct wdmdma_adapter *adapter;

	rcu_read_lock();
	adapter = wdm_peek(dma_adapter, call);
	if (!IS_ERR(adapter))
		wdmdma_sg_list_put(adapter, call, scatter_gather, wdm_direction(write_to_device));
	rcu_read_unlock();
}

/**
 * WdmBuildMdlFromScatterGatherList() - BuildMdlFromScatterGatherList
 * @dma_adapter: the adapter of the list
 * @scatter_gather: a live list
 * @original_mdl: the MDL that the list was made from
 * @target_mdl: receives an MDL of the memory that the device uses, or NULL on failure
 *
 * Answers to wdm: PBUILD_MDL_FROM_SCATTER_GATHER_LIST. The result is @original_mdl, unless the
 * memory is copied. If the memory is copied, the result is a chain with an MDL for each element,
 * which is not mapped. PutScatterGatherList frees the chain.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_NONE_MAPPED in a second call for the list
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_INVALID_PARAMETER
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 */
NTSTATUS WdmBuildMdlFromScatterGatherList(PDMA_ADAPTER dma_adapter,
					  PSCATTER_GATHER_LIST scatter_gather, PMDL original_mdl,
					  PMDL *target_mdl)
{
	static const char call[] = "BuildMdlFromScatterGatherList";
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct wdmdma_adapter *adapter;

	if (target_mdl)
		*target_mdl = NULL;
	adapter = wdm_enter(dma_adapter, call, DISPATCH_LEVEL);
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	if (original_mdl && target_mdl)
		status = wdm_sg_list_mdl(adapter, call, scatter_gather, original_mdl, target_mdl);
	else
		wdmdma_refuse(adapter->device, call, "OriginalMdl or TargetMdl is NULL");
	wdmdma_adapter_put(adapter);
	return status;
}
