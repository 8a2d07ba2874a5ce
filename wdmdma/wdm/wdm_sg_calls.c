// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: scatter/gather lists: the calls.
 *
 * Four calls start a list; they differ in how they name the memory, who has the
 * memory for the list, and whether the driver can cancel or wants no waiting.
 * PutScatterGatherList ends them all. A list does not take the adapter's channel.
 * What a list is, is in wdm/wdm_sg_list.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/transfer.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"

/**
 * WdmGetScatterGatherList() - GetScatterGatherList: map memory into a list
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @mdl: resident pages, alone or chained; not needed after the call
 * @current_va: where the transfer begins, in terms of MmGetMdlVirtualAddress(@mdl):
 *	an index into the first MDL, which may be an address of another process
 * @length: bytes, from there along the chain
 * @execution_routine: called at DISPATCH_LEVEL with the list, before or after this
 *	returns; its second argument is NULL
 * @context: passed on to the routine
 * @write_to_device: TRUE if the device reads the memory
 *
 * Answers to wdm: PGET_SCATTER_GATHER_LIST. The memory is the device's until
 * PutScatterGatherList. Any number of lists may be there or wait; what cannot be
 * mapped now waits, and routines are called in the order of the calls. An adapter
 * without ScatterGather gets one element for all.
 *
 * Differs from Windows: map registers are counted for each transfer, not over all
 * that are under way. Not in hard interrupts, but below DISPATCH_LEVEL.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, and the routine is called once; any other, and it never is:
 * STATUS_INSUFFICIENT_RESOURCES for more pages than map registers granted, or no
 * memory; STATUS_BUFFER_TOO_SMALL if the chain has fewer bytes;
 * STATUS_INVALID_PARAMETER; STATUS_NOT_SUPPORTED for what cannot be mapped here;
 * STATUS_DELETE_PENDING after unbind; STATUS_INVALID_DEVICE_STATE at the wrong level.
 */
NTSTATUS WdmGetScatterGatherList(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object, PMDL mdl,
				 PVOID current_va, ULONG length,
				 PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				 BOOLEAN write_to_device)
{
	struct wdm_sg_list_args args = {
		.call = "GetScatterGatherList",
		.caller = _RET_IP_,
		.object = device_object,
		.mdl = mdl,
		.va = &current_va,
		.length = length,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
	};
	PSCATTER_GATHER_LIST list;

	if (!execution_routine) {
		pr_warn_ratelimited("%s: ExecutionRoutine is NULL\n", args.call);
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_sg_list_get(dma_adapter, &args, &list);
}

/**
 * WdmBuildScatterGatherList() - BuildScatterGatherList: into memory of the driver
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: as for GetScatterGatherList
 * @mdl: the same
 * @current_va: the same
 * @length: the same
 * @execution_routine: the same
 * @context: the same
 * @write_to_device: the same
 * @scatter_gather_buffer: memory for the list; the driver's, and the list's until
 *	PutScatterGatherList
 * @scatter_gather_length: its bytes: what CalculateScatterGatherList says
 *
 * Answers to wdm: PBUILD_SCATTER_GATHER_LIST. The list is nowhere but in the buffer,
 * and nothing else is.
 *
 * Differs from Windows: the call needs a little memory besides, and fails without.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as GetScatterGatherList; STATUS_BUFFER_TOO_SMALL also for the buffer.
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
		.object = device_object,
		.mdl = mdl,
		.va = &current_va,
		.length = length,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
		.buffer = scatter_gather_buffer,
		.buffer_length = scatter_gather_length,
	};
	PSCATTER_GATHER_LIST list;

	if (!execution_routine || !scatter_gather_buffer) {
		pr_warn_ratelimited("%s: %s is NULL\n", args.call, execution_routine ?
				    "ScatterGatherBuffer" : "ExecutionRoutine");
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_sg_list_get(dma_adapter, &args, &list);
}

/* What an Ex call must have; NULL if it has. */
static const char *wdm_sg_list_ex_fault(const struct wdm_sg_list_args *args, const void *list_out)
{
	if (!args->block)
		return "DmaTransferContext is NULL";
	if (!args->routine && !(args->flags & DMA_SYNCHRONOUS_CALLBACK))
		return "ExecutionRoutine is NULL without DMA_SYNCHRONOUS_CALLBACK";
	if (!args->routine && !list_out)
		return "ExecutionRoutine and ScatterGatherList are NULL";
	return NULL;
}

/**
 * WdmGetScatterGatherListEx() - GetScatterGatherListEx: with a context and flags
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @dma_transfer_context: initialized; CancelAdapterChannel takes it while the list waits
 * @mdl: resident pages, alone or chained; not needed after the call
 * @offset: where the transfer begins: bytes from the first byte of @mdl, along the chain
 * @length: bytes
 * @flags: DMA_SYNCHRONOUS_CALLBACK: now or not at all; DMA_FAIL_ON_BOUNCE: fail rather
 *	than copy; DMA_ZERO_BUFFERS: no stale data, which is so in any case
 * @execution_routine: as for GetScatterGatherList; may be NULL in a synchronous call
 * @context: passed on to the routine
 * @write_to_device: TRUE if the device reads the memory
 * @dma_completion_routine: not used: for DMA controllers
 * @completion_context: not used
 * @scatter_gather_list: receives the list, before the routine is called; NULL on
 *	failure, and if the list waits. Optional with a routine
 *
 * Answers to wdm: PGET_SCATTER_GATHER_LIST_EX.
 *
 * Differs from Windows: the page says that list and map registers go when the routine
 * returns; drivers call PutScatterGatherList, and here they have to.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as GetScatterGatherList, but STATUS_INVALID_PARAMETER if the chain has fewer
 * bytes; STATUS_INSUFFICIENT_RESOURCES also when a synchronous call would have to
 * wait, or when memory would have to be copied and must not; STATUS_CANCELLED if the
 * context is.
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
		.object = device_object,
		.block = dma_transfer_context,
		.mdl = mdl,
		.offset = offset,
		.length = length,
		.flags = flags,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
	};
	const char *fault = wdm_sg_list_ex_fault(&args, scatter_gather_list);
	PSCATTER_GATHER_LIST list;

	if (scatter_gather_list)
		*scatter_gather_list = NULL;
	if (fault) {
		pr_warn_ratelimited("%s: %s\n", args.call, fault);
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_sg_list_get(dma_adapter, &args, scatter_gather_list ?: &list);
}

/**
 * WdmBuildScatterGatherListEx() - BuildScatterGatherListEx: into memory of the driver
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: as for GetScatterGatherListEx
 * @dma_transfer_context: the same
 * @mdl: the same
 * @offset: the same
 * @length: the same
 * @flags: the same
 * @execution_routine: the same
 * @context: the same
 * @write_to_device: the same
 * @scatter_gather_buffer: as for BuildScatterGatherList
 * @scatter_gather_length: its bytes: what GetDmaTransferInfo says
 * @dma_completion_routine: not used: for DMA controllers
 * @completion_context: not used
 * @scatter_gather_list: a PSCATTER_GATHER_LIST pointer: receives
 *	@scatter_gather_buffer, or NULL on failure
 *
 * Answers to wdm: PBUILD_SCATTER_GATHER_LIST_EX. See GetScatterGatherListEx.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as GetScatterGatherListEx; STATUS_BUFFER_TOO_SMALL for the buffer.
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
		.object = device_object,
		.block = dma_transfer_context,
		.mdl = mdl,
		.offset = offset,
		.length = length,
		.flags = flags,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
		.buffer = scatter_gather_buffer,
		.buffer_length = scatter_gather_length,
	};
	const char *fault = wdm_sg_list_ex_fault(&args, scatter_gather_list);
	PSCATTER_GATHER_LIST *result = scatter_gather_list, list;
	NTSTATUS status;

	if (result)
		*result = NULL;
	if (!fault && !scatter_gather_buffer)
		fault = "ScatterGatherBuffer is NULL";
	if (fault) {
		pr_warn_ratelimited("%s: %s\n", args.call, fault);
		return STATUS_INVALID_PARAMETER;
	}
	status = wdm_sg_list_get(dma_adapter, &args, result ?: &list);
	if (NT_SUCCESS(status) && result)
		*result = scatter_gather_buffer;
	return status;
}

/**
 * WdmPutScatterGatherList() - PutScatterGatherList: end the transfer of a list
 * @dma_adapter: the adapter of the list
 * @scatter_gather: the list; its memory is free, or the driver's again, afterwards
 * @write_to_device: the direction that it was started with
 *
 * Answers to wdm: PPUT_SCATTER_GATHER_LIST. The device must be done with the memory.
 * Only now may the driver look at what it wrote. What is no live list of the adapter
 * is reported, and changes nothing. A wrong direction is reported, and not used.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdmPutScatterGatherList(PDMA_ADAPTER dma_adapter, PSCATTER_GATHER_LIST scatter_gather,
			     BOOLEAN write_to_device)
{
	static const char call[] = "PutScatterGatherList";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, DISPATCH_LEVEL);

	if (IS_ERR(adapter))
		return;
	wdmdma_sg_list_put(adapter, call, scatter_gather, wdm_direction(write_to_device));
	wdmdma_adapter_put(adapter);
}

/**
 * WdmBuildMdlFromScatterGatherList() - BuildMdlFromScatterGatherList
 * @dma_adapter: the adapter of the list
 * @scatter_gather: a live list
 * @original_mdl: the MDL that the list was made from
 * @target_mdl: receives an MDL of the memory that the device uses; NULL on failure
 *
 * Answers to wdm: PBUILD_MDL_FROM_SCATTER_GATHER_LIST. That is @original_mdl, unless
 * the memory is copied; then it is a chain, an MDL for each element, and not mapped.
 * It is gone with PutScatterGatherList.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_NONE_MAPPED in a second call for the list;
 * STATUS_INSUFFICIENT_RESOURCES; STATUS_INVALID_PARAMETER; STATUS_INVALID_DEVICE_STATE at
 * the wrong level.
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
