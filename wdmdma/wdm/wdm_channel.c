// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: the channel and its map registers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/transfer.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"

/* What the driver's routine wants to keep, or FreeAdapterObject to be kept. */
static enum wdmdma_keep wdm_keep(IO_ALLOCATION_ACTION action)
{
	switch (action) {
	case DeallocateObject:
		return WDMDMA_KEEP_NOTHING;
	case DeallocateObjectKeepRegisters:
		return WDMDMA_KEEP_REGISTERS;
	default:
		return WDMDMA_KEEP_ALL;
	}
}

/* There are no IRPs for the second argument. */
static enum wdmdma_keep wdm_channel_control(const struct wdmdma_callback *callback)
{
	PDRIVER_CONTROL routine = callback->routine;
	IO_ALLOCATION_ACTION action =
		routine(callback->device_object, NULL, callback->list, callback->context);

	if (action < KeepObject || action > DeallocateObjectKeepRegisters)
		pr_warn_ratelimited("AdapterControl %pS returned %u: all is kept\n", routine,
				    action);
	return wdm_keep(action);
}

/* The arguments of the two calls. */
struct wdm_channel_args {
	const char *call;
	unsigned long caller;
	PDEVICE_OBJECT object;
	PVOID block;
	ULONG registers;
	ULONG flags;
	PDRIVER_CONTROL routine;
	PVOID context;
};

static NTSTATUS wdm_channel_start(struct wdmdma_adapter *adapter,
				  const struct wdm_channel_args *args, PVOID *base)
{
	struct wdmdma_registers *registers = kzalloc(sizeof(*registers),
						     GFP_ATOMIC | __GFP_NOWARN);
	int ret;

	if (!registers) {
		wdmdma_refuse(adapter->device, args->call, "no memory");
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	registers->adapter = adapter;
	registers->call = args->call;
	registers->caller = args->caller;
	registers->count = args->registers;
	registers->context = args->block;
	registers->no_bounce = args->flags & DMA_FAIL_ON_BOUNCE;
	registers->control = args->routine ? wdm_channel_control : NULL;
	registers->callback.routine = args->routine;
	registers->callback.device_object = args->object;
	registers->callback.context = args->context;
	ret = wdmdma_channel_start(registers, !(args->flags & DMA_SYNCHRONOUS_CALLBACK), base);
	if (ret)
		kfree(registers);
	return wdm_status(ret);
}

/* What the two calls share. */
static NTSTATUS wdm_channel_get(PDMA_ADAPTER dma_adapter, const struct wdm_channel_args *args,
				PVOID *base)
{
	NTSTATUS status = STATUS_SUCCESS;
	struct wdmdma_adapter *adapter;

	*base = NULL;
	adapter = wdm_enter(dma_adapter, args->call, DISPATCH_LEVEL);
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	if (args->registers > adapter->map_registers) {
		wdmdma_refuse(adapter->device, args->call,
			      "%u map registers, %u granted (bug check 0xE6, code 0x0C)",
			      args->registers, adapter->map_registers);
		status = STATUS_INSUFFICIENT_RESOURCES;
	}
	if (NT_SUCCESS(status) && args->block)
		status = wdm_context_use(adapter, args->call, args->block);
	if (NT_SUCCESS(status))
		status = wdm_channel_start(adapter, args, base);
	wdmdma_adapter_put(adapter);
	return status;
}

/**
 * WdmAllocateAdapterChannel() - AllocateAdapterChannel: wait for channel and registers
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @number_of_map_registers: pages that will be mapped under them at a time
 * @execution_routine: called at DISPATCH_LEVEL, before or after this returns, with the
 *	base of the map registers; its second argument is NULL. What it returns tells
 *	what the driver keeps
 * @context: passed on to the routine
 *
 * Answers to wdm: PALLOCATE_ADAPTER_CHANNEL. An adapter has one channel; requests wait
 * in their order. A request may be made inside the routine: it waits.
 *
 * Differs from Windows: map registers are a number, and nothing is reserved for them:
 * that memory cannot be mapped shows in MapTransfer. The base is never NULL. More than
 * one request may wait for each device object.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, and the routine is called once; any other, and it never is:
 * STATUS_INSUFFICIENT_RESOURCES for more map registers than granted, or no memory;
 * STATUS_INVALID_PARAMETER; STATUS_DELETE_PENDING after unbind;
 * STATUS_INVALID_DEVICE_STATE at the wrong level.
 */
NTSTATUS WdmAllocateAdapterChannel(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				   ULONG number_of_map_registers, PDRIVER_CONTROL execution_routine,
				   PVOID context)
{
	struct wdm_channel_args args = {
		.call = "AllocateAdapterChannel",
		.caller = _RET_IP_,
		.object = device_object,
		.registers = number_of_map_registers,
		.routine = execution_routine,
		.context = context,
	};
	PVOID base;

	if (!execution_routine) {
		pr_warn_ratelimited("%s: ExecutionRoutine is NULL\n", args.call);
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_channel_get(dma_adapter, &args, &base);
}

/**
 * WdmAllocateAdapterChannelEx() - AllocateAdapterChannelEx: with a context and flags
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @dma_transfer_context: initialized; CancelAdapterChannel takes it while the request
 *	waits, CancelMappedTransfer afterwards
 * @number_of_map_registers: as for AllocateAdapterChannel
 * @flags: DMA_SYNCHRONOUS_CALLBACK: now or not at all; DMA_FAIL_ON_BOUNCE: what is
 *	mapped is not to be copied; DMA_ZERO_BUFFERS: no stale data, in any case
 * @execution_routine: as for AllocateAdapterChannel; may be NULL in a synchronous call,
 *	which keeps all until FreeAdapterObject
 * @execution_context: passed on to the routine
 * @map_register_base: in a synchronous call: receives the base, before the routine is
 *	called; optional with a routine. NULL in others
 *
 * Answers to wdm: PALLOCATE_ADAPTER_CHANNEL_EX. See AllocateAdapterChannel.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as AllocateAdapterChannel; STATUS_INSUFFICIENT_RESOURCES also when a
 * synchronous call would have to wait; STATUS_CANCELLED if the context is.
 */
NTSTATUS WdmAllocateAdapterChannelEx(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				     PVOID dma_transfer_context, ULONG number_of_map_registers,
				     ULONG flags, PDRIVER_CONTROL execution_routine,
				     PVOID execution_context, PVOID *map_register_base)
{
	struct wdm_channel_args args = {
		.call = "AllocateAdapterChannelEx",
		.caller = _RET_IP_,
		.object = device_object,
		.block = dma_transfer_context,
		.registers = number_of_map_registers,
		.flags = flags,
		.routine = execution_routine,
		.context = execution_context,
	};
	bool synchronous = flags & DMA_SYNCHRONOUS_CALLBACK;
	const char *fault = NULL;
	PVOID base;

	if (map_register_base)
		*map_register_base = NULL;
	if (!dma_transfer_context)
		fault = "DmaTransferContext is NULL";
	else if (flags & ~WDM_TRANSFER_FLAGS)
		fault = "Flags has an unknown bit";
	else if (map_register_base && !synchronous)
		fault = "MapRegisterBase is not NULL without DMA_SYNCHRONOUS_CALLBACK";
	else if (!execution_routine && !map_register_base)
		fault = "ExecutionRoutine and MapRegisterBase are NULL";
	if (fault) {
		pr_warn_ratelimited("%s: %s\n", args.call, fault);
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_channel_get(dma_adapter, &args, map_register_base ?: &base);
}

/* Free the channel, or be done with a list of a synchronous call: the driver calls it so. */
static void wdm_channel_free(struct wdmdma_adapter *adapter, enum wdmdma_keep keep,
			     const char *call)
{
	if (wdmdma_channel_free(adapter, keep, call) == -EINVAL &&
	    !wdmdma_sg_list_settle(adapter, keep == WDMDMA_KEEP_NOTHING))
		wdmdma_refuse(adapter->device, call,
			      "the channel is not allocated (bug check 0xE6, code 0x04)");
}

/**
 * WdmFreeAdapterChannel() - FreeAdapterChannel: give channel and registers back
 * @dma_adapter: from IoGetDmaAdapter()
 *
 * Answers to wdm: PFREE_ADAPTER_CHANNEL. What is still mapped is reported, and
 * unmapped. If nobody has the channel that is reported.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdmFreeAdapterChannel(PDMA_ADAPTER dma_adapter)
{
	static const char call[] = "FreeAdapterChannel";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, DISPATCH_LEVEL);

	if (IS_ERR(adapter))
		return;
	wdm_channel_free(adapter, WDMDMA_KEEP_NOTHING, call);
	wdmdma_adapter_put(adapter);
}

/**
 * WdmFreeAdapterObject() - FreeAdapterObject: free what a synchronous call left
 * @dma_adapter: from IoGetDmaAdapter()
 * @allocation_action: DeallocateObject: channel and map registers, or the list;
 *	DeallocateObjectKeepRegisters: the channel; KeepObject: nothing
 *
 * Answers to wdm: PFREE_ADAPTER_OBJECT. DeallocateObject after a synchronous call for a
 * list without a routine ends the list as PutScatterGatherList does, and that is not called;
 * DeallocateObjectKeepRegisters leaves it to that. A list that was put already, with either,
 * is only counted.
 *
 * Differs from Windows: a list does not take the channel, so others may have that at the
 * same time. It stays with them if they got it by a routine, as long as there are lists
 * of synchronous calls that this was not called for. While there are two or more such lists
 * DeallocateObject ends none, since it does not say which: PutScatterGatherList does.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdmFreeAdapterObject(PDMA_ADAPTER dma_adapter, IO_ALLOCATION_ACTION allocation_action)
{
	static const char call[] = "FreeAdapterObject";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, DISPATCH_LEVEL);

	if (IS_ERR(adapter))
		return;
	if (allocation_action < KeepObject || allocation_action > DeallocateObjectKeepRegisters)
		wdmdma_refuse(adapter->device, call, "AllocationAction %u is unknown",
			      allocation_action);
	else if (allocation_action != KeepObject &&
		 (wdmdma_channel_is_bare(adapter) ||
		  !wdmdma_sg_list_settle(adapter, allocation_action == DeallocateObject)))
		wdm_channel_free(adapter, wdm_keep(allocation_action), call);
	wdmdma_adapter_put(adapter);
}

/**
 * WdmFreeMapRegisters() - FreeMapRegisters: give map registers back
 * @dma_adapter: from IoGetDmaAdapter()
 * @map_register_base: as the routine got it; NULL is ignored
 * @number_of_map_registers: as many as were allocated
 *
 * Answers to wdm: PFREE_MAP_REGISTERS. What is still mapped is reported, and unmapped.
 * Arguments that are not those of registers of the adapter are reported, and nothing
 * is freed.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdmFreeMapRegisters(PDMA_ADAPTER dma_adapter, PVOID map_register_base,
			 ULONG number_of_map_registers)
{
	static const char call[] = "FreeMapRegisters";
	struct wdmdma_adapter *adapter;

	if (!map_register_base)
		return;
	adapter = wdm_enter(dma_adapter, call, DISPATCH_LEVEL);
	if (IS_ERR(adapter))
		return;
	wdmdma_registers_free(adapter, call, map_register_base, number_of_map_registers);
	wdmdma_adapter_put(adapter);
}
