// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: the channel of an adapter and its map registers. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/fault.h"
#include "core/map_registers.h"
#include "core/sg_list.h"
#include "lib/bug_check.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_transfer_context.h"

/* Return the part of an allocation that @action keeps. */
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

/* Call the driver's routine. Its second argument is NULL because there are no IRPs. */
static enum wdmdma_keep wdm_channel_control(const struct wdmdma_callback *callback)
{
	PDRIVER_CONTROL routine = callback->routine;
	IO_ALLOCATION_ACTION action =
		routine(callback->device_object, NULL, callback->list, callback->context);

	if (action < KeepObject || action > DeallocateObjectKeepRegisters)
		wdmdma_report("AdapterControl", "%pS returned %u: all is kept", routine, action);
	return wdm_keep(action);
}

/* Arguments of AllocateAdapterChannel and AllocateAdapterChannelEx. */
struct wdm_channel_args {
	const char *call;
	unsigned long caller;
	PDEVICE_OBJECT device_object;
	PVOID transfer_context;
	ULONG registers;
	ULONG flags;
	PDRIVER_CONTROL routine;
	PVOID context;
};

static int wdm_channel_start(struct wdmdma_adapter *adapter,
			     const struct wdm_channel_args *args, PVOID *base)
{
	struct wdmdma_registers *registers;
	int ret;

	if (wdmdma_fault(adapter->device, WDMDMA_FAIL_CHANNEL)) {
		wdmdma_refuse(adapter->device, args->call, "the verifier makes this call fail");
		return -ENOMEM;
	}
	registers = kzalloc(sizeof(*registers), GFP_ATOMIC | __GFP_NOWARN);
	if (!registers) {
		wdmdma_refuse(adapter->device, args->call, "no memory");
		return -ENOMEM;
	}
	registers->adapter = adapter;
	registers->call = args->call;
	registers->caller = wdmdma_adapter_opener(adapter, args->caller);
	registers->count = args->registers;
	registers->context = args->transfer_context;
	registers->no_bounce = args->flags & DMA_FAIL_ON_BOUNCE;
	registers->control = args->routine ? wdm_channel_control : NULL;
	registers->callback.routine = args->routine;
	registers->callback.device_object = args->device_object;
	registers->callback.context = args->context;
	ret = wdmdma_channel_start(registers, !(args->flags & DMA_SYNCHRONOUS_CALLBACK), base);
	if (ret)
		kfree(registers);
	return ret;
}

/* Do the common part of AllocateAdapterChannel and AllocateAdapterChannelEx. */
static NTSTATUS wdm_channel_get(PDMA_ADAPTER dma_adapter, const struct wdm_channel_args *args,
				PVOID *base)
{
	struct wdmdma_adapter *adapter;
	bool first = false;
	int ret = 0;

	*base = NULL;
	adapter = wdm_enter(dma_adapter, args->call, DISPATCH_LEVEL);
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	if (args->registers > adapter->map_registers) {
		wdmdma_refuse_bug(adapter->device, args->call, WDMDMA_DMA_CODE(0x0C),
				  "%u map registers, %u granted",
				  args->registers, adapter->map_registers);
		ret = -ENOMEM;
	}
	if (!ret && args->transfer_context)
		ret = wdm_context_use(adapter, args->call, args->transfer_context, &first);
	if (!ret)
		ret = wdm_channel_start(adapter, args, base);
	if (ret && first)
		wdm_context_unuse(adapter, args->call, args->transfer_context);
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}

/**
 * WdmAllocateAdapterChannel() - AllocateAdapterChannel: wait for channel and registers
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @number_of_map_registers: pages that will be mapped under the registers at a time
 * @execution_routine: called at DISPATCH_LEVEL, before or after this function returns, with
 *	the base of the map registers. Its second argument is NULL. Its result says which
 *	part of the allocation the driver keeps
 * @context: passed on to the routine
 *
 * Answers to wdm: PALLOCATE_ADAPTER_CHANNEL. An adapter has one channel. Requests wait in their
 * order. A request that is made inside the routine has to wait, too.
 *
 * Differs from Windows: map registers are a number, and nothing is reserved for them. MapTransfer
 * fails if the memory cannot be mapped. The base is never NULL. More than one request may wait
 * for each device object.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS if the routine has been or will be called, once. With every other status
 *   the routine is never called
 * * STATUS_INSUFFICIENT_RESOURCES for more map registers than granted, or no memory
 * * STATUS_INVALID_PARAMETER
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 */
NTSTATUS WdmAllocateAdapterChannel(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				   ULONG number_of_map_registers, PDRIVER_CONTROL execution_routine,
				   PVOID context)
{
	struct wdm_channel_args args = {
		.call = "AllocateAdapterChannel",
		.caller = _RET_IP_,
		.device_object = device_object,
		.registers = number_of_map_registers,
		.routine = execution_routine,
		.context = context,
	};
	PVOID base;

	if (!execution_routine) {
		wdmdma_report(args.call, "ExecutionRoutine is NULL");
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_channel_get(dma_adapter, &args, &base);
}

/**
 * WdmAllocateAdapterChannelEx() - AllocateAdapterChannelEx: with a context and flags
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @dma_transfer_context: must be initialized. CancelAdapterChannel accepts the context while
 *	the request waits, and CancelMappedTransfer afterwards
 * @number_of_map_registers: as for AllocateAdapterChannel
 * @flags: DMA_SYNCHRONOUS_CALLBACK fails instead of waiting. DMA_FAIL_ON_BOUNCE makes a
 *	mapping fail that would need a copy. DMA_ZERO_BUFFERS changes nothing, because the
 *	device never sees stale data
 * @execution_routine: as for AllocateAdapterChannel. May be NULL in a synchronous call,
 *	which keeps channel and registers until FreeAdapterObject
 * @execution_context: passed on to the routine
 * @map_register_base: receives the base in a synchronous call, before the routine is
 *	called. Optional if there is a routine. Must be NULL in other calls
 *
 * Answers to wdm: PALLOCATE_ADAPTER_CHANNEL_EX. See AllocateAdapterChannel.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as AllocateAdapterChannel, and
 *
 * * STATUS_INSUFFICIENT_RESOURCES also if a synchronous call would have to wait
 * * STATUS_CANCELLED if the context is cancelled
 */
NTSTATUS WdmAllocateAdapterChannelEx(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				     PVOID dma_transfer_context, ULONG number_of_map_registers,
				     ULONG flags, PDRIVER_CONTROL execution_routine,
				     PVOID execution_context, PVOID *map_register_base)
{
	struct wdm_channel_args args = {
		.call = "AllocateAdapterChannelEx",
		.caller = _RET_IP_,
		.device_object = device_object,
		.transfer_context = dma_transfer_context,
		.registers = number_of_map_registers,
		.flags = flags,
		.routine = execution_routine,
		.context = execution_context,
	};
	bool synchronous = flags & DMA_SYNCHRONOUS_CALLBACK;
	const char *reason = NULL;
	PVOID base;

	if (map_register_base)
		*map_register_base = NULL;
	if (!dma_transfer_context)
		reason = "DmaTransferContext is NULL";
	else if (flags & ~WDM_TRANSFER_FLAGS)
		reason = "Flags has an unknown bit";
	else if (map_register_base && !synchronous)
		reason = "MapRegisterBase is not NULL without DMA_SYNCHRONOUS_CALLBACK";
	else if (!execution_routine && !map_register_base)
		reason = "ExecutionRoutine and MapRegisterBase are NULL";
	if (reason) {
		wdmdma_report(args.call, "%s", reason);
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_channel_get(dma_adapter, &args, map_register_base ?: &base);
}

/*
 * Free the channel, or settle a list of a synchronous call, because drivers use the same calls
 * for both.
 */
static void wdm_channel_free(struct wdmdma_adapter *adapter, enum wdmdma_keep keep,
			     const char *call)
{
	if (wdmdma_channel_free(adapter, keep, call) == -EINVAL &&
	    !wdmdma_sg_list_settle(adapter, keep == WDMDMA_KEEP_NOTHING))
		wdmdma_refuse_bug(adapter->device, call, WDMDMA_DMA_CODE(0x04),
				  "the channel is not allocated");
}

/**
 * WdmFreeAdapterChannel() - FreeAdapterChannel: give channel and registers back
 * @dma_adapter: from IoGetDmaAdapter()
 *
 * Answers to wdm: PFREE_ADAPTER_CHANNEL. Memory that is still mapped is reported and unmapped. A
 * call is also reported if the channel is not allocated.
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
 * WdmFreeAdapterObject() - FreeAdapterObject: free the allocation of a synchronous call
 * @dma_adapter: from IoGetDmaAdapter()
 * @allocation_action: DeallocateObject frees channel and map registers, or the list.
 *	DeallocateObjectKeepRegisters frees the channel. KeepObject frees nothing
 *
 * Answers to wdm: PFREE_ADAPTER_OBJECT. After a synchronous call for a list without a routine,
 * DeallocateObject ends the list in place of PutScatterGatherList. DeallocateObjectKeepRegisters
 * leaves the list to PutScatterGatherList. If the list was put already, either action only
 * settles the count of such calls.
 *
 * Differs from Windows: a list does not take the channel, so another request may get the channel
 * at the same time. While there are synchronous lists without a call of this function, a channel
 * that was granted through a routine stays with its owner. While there are two or more such
 * lists, DeallocateObject ends none of them, because the call does not say which list is meant.
 * The driver must use PutScatterGatherList then.
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
 * @map_register_base: the base that the routine received. NULL is ignored
 * @number_of_map_registers: the number that was allocated
 *
 * Answers to wdm: PFREE_MAP_REGISTERS. Memory that is still mapped is reported and unmapped. If
 * base and number do not name registers of the adapter, the call is reported, and nothing is
 * freed.
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
	rcu_read_lock();
	adapter = wdm_peek(dma_adapter, call);
	if (!IS_ERR(adapter))
		wdmdma_registers_free(adapter, call, map_register_base, number_of_map_registers);
	rcu_read_unlock();
}
