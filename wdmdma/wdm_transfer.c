// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: transfers under map registers, and what is for DMA controllers only.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "channel.h"
#include "wdm_transfer.h"

/* Why these bytes cannot be mapped; NULL, and the rest of @part filled in, if they can. */
static const char *wdm_part_of(struct wdmdma_part *part, PMDL mdl, u64 offset, ULONG length,
			       BOOLEAN write_to_device)
{
	const char *fault;

	if (!length)
		return "Length is 0 (bug check 0xE6, code 0x21)";
	if (!wdm_chain_holds(mdl, offset, length))
		return "the MDL chain has no such bytes (bug check 0xE6, code 0x1B)";
	fault = wdm_chain_fault(mdl, offset, length, !write_to_device);
	if (fault)
		return fault;
	part->owner = mdl;
	part->offset = offset;
	part->len = length;
	part->direction = wdm_direction(write_to_device);
	part->source = wdm_chain_source(mdl, offset, length);
	return NULL;
}

static void wdm_store_address(const struct wdmdma_transfer *transfer, void *to)
{
	PPHYSICAL_ADDRESS address = to;
	struct scatterlist *sg = NULL;
	u32 len;

	address->QuadPart = wdmdma_transfer_segment(transfer, &sg, &len);
}

/**
 * WdmMapTransfer() - MapTransfer: map one contiguous piece
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: resident pages, alone or chained
 * @map_register_base: as the routine got it
 * @current_va: where the piece begins, in terms of MmGetMdlVirtualAddress(@mdl): an
 *	index into the first MDL
 * @length: bytes that are to be mapped; with ScatterGather it becomes those that follow
 *	each other for the device and have map registers; 0 on failure
 * @write_to_device: TRUE if the device reads the memory
 *
 * Answers to wdm: PMAP_TRANSFER. The memory is the device's until FlushAdapterBuffers.
 *
 * Differs from Windows: may fail, since no memory is reserved for map registers.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the logical address; 0, with the reason in the log.
 */
PHYSICAL_ADDRESS WdmMapTransfer(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
				PVOID current_va, PULONG length, BOOLEAN write_to_device)
{
	struct wdmdma_part part = {
		.call = "MapTransfer",
		.base = map_register_base,
		.segments = 1,
	};
	PHYSICAL_ADDRESS address = {};
	struct wdmdma_adapter *adapter;
	ULONG wanted = length ? *length : 0;
	const char *fault = "Mdl or Length is NULL, or CurrentVa is not of the MDL";

	if (length)
		*length = 0;
	if (wdm_above_dispatch(part.call))
		return address;
	adapter = wdm_adapter_find(dma_adapter, part.call);
	if (!adapter)
		return address;
	part.whole = !adapter->scatter_gather;
	if (mdl && length && wdm_va_offset(mdl, current_va) < mdl->ByteCount)
		fault = wdm_part_of(&part, mdl, wdm_va_offset(mdl, current_va), wanted,
				    write_to_device);
	if (fault)
		wdmdma_refuse(adapter->device, part.call, "%s", fault);
	else if (!wdmdma_registers_map(adapter, &part, wdm_store_address, &address))
		*length = part.len;
	wdmdma_adapter_put(adapter);
	return address;
}

static void wdm_store_list(const struct wdmdma_transfer *transfer, void *to)
{
	wdm_list_fill(transfer, to);
}

/**
 * WdmMapTransferEx() - MapTransferEx: map a part of a chain into a list
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: resident pages, alone or chained
 * @map_register_base: as the routine got it
 * @offset: where the part begins: bytes from the first byte of @mdl, along the chain
 * @device_offset: not used: for DMA controllers
 * @length: bytes that are to be mapped; receives those that were; 0 on failure
 * @write_to_device: TRUE if the device reads the memory
 * @scatter_gather_buffer: receives the list
 * @scatter_gather_buffer_length: its bytes
 * @dma_completion_routine: not used: for DMA controllers
 * @completion_context: not used
 *
 * Answers to wdm: PMAP_TRANSFER_EX. What the list has room for, and the map registers,
 * is mapped. The memory is the device's until FlushAdapterBuffersEx, which has to come
 * before the next MapTransferEx.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, possibly with fewer bytes; STATUS_INVALID_PARAMETER, also for
 * a buffer that has not room for one element; STATUS_INSUFFICIENT_RESOURCES;
 * STATUS_NOT_SUPPORTED for what cannot be mapped here; STATUS_CANCELLED if the context
 * of the registers is; STATUS_DELETE_PENDING after unbind; STATUS_INVALID_DEVICE_STATE
 * at the wrong level.
 */
NTSTATUS WdmMapTransferEx(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
			  ULONGLONG offset, ULONG device_offset, PULONG length,
			  BOOLEAN write_to_device, PSCATTER_GATHER_LIST scatter_gather_buffer,
			  ULONG scatter_gather_buffer_length,
			  PDMA_COMPLETION_ROUTINE dma_completion_routine, PVOID completion_context)
{
	struct wdmdma_part part = {
		.call = "MapTransferEx",
		.base = map_register_base,
		.alone = true,
	};
	const char *fault = "Mdl, Length or ScatterGatherBuffer is NULL";
	struct wdmdma_adapter *adapter;
	ULONG wanted = length ? *length : 0;
	int ret = -EINVAL;

	if (length)
		*length = 0;
	if (wdm_above_dispatch(part.call))
		return STATUS_INVALID_DEVICE_STATE;
	adapter = wdm_adapter_find(dma_adapter, part.call);
	if (!adapter)
		return STATUS_INVALID_PARAMETER;
	if (mdl && length && scatter_gather_buffer)
		fault = wdm_part_of(&part, mdl, offset, wanted, write_to_device);
	if (!fault && scatter_gather_buffer_length < wdm_list_bytes(1))
		fault = "ScatterGatherBuffer is too small for one element";
	if (fault) {
		wdmdma_refuse(adapter->device, part.call, "%s", fault);
	} else {
		part.segments = (scatter_gather_buffer_length - wdm_list_bytes(0)) /
				sizeof(SCATTER_GATHER_ELEMENT);
		ret = wdmdma_registers_map(adapter, &part, wdm_store_list, scatter_gather_buffer);
	}
	if (!ret)
		*length = part.len;
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}

/* What the two flushes share. The offset is one of @mdl, which need not have the bytes. */
static int wdm_flush(PDMA_ADAPTER dma_adapter, const char *call, PMDL mdl, PVOID map_register_base,
		     u64 offset, ULONG length, BOOLEAN write_to_device)
{
	struct wdmdma_part part = {
		.call = call,
		.base = map_register_base,
		.owner = mdl,
		.offset = offset,
		.len = length,
		.direction = wdm_direction(write_to_device),
	};
	struct wdmdma_adapter *adapter;
	int ret;

	if (wdm_above_dispatch(call))
		return -EBUSY;
	adapter = wdm_adapter_find(dma_adapter, call);
	if (!adapter)
		return -EINVAL;
	ret = wdmdma_registers_unmap(adapter, &part);
	wdmdma_adapter_put(adapter);
	return ret;
}

/**
 * WdmFlushAdapterBuffers() - FlushAdapterBuffers: end what MapTransfer mapped
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: as for MapTransfer
 * @map_register_base: the same
 * @current_va: where the first piece began
 * @length: bytes of all pieces; all that is mapped of the MDL from there on
 * @write_to_device: as for MapTransfer
 *
 * Answers to wdm: PFLUSH_ADAPTER_BUFFERS. The device must be done with the memory. Only
 * now may the driver look at what it wrote. A wrong direction is reported, and not
 * used.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: TRUE; FALSE, with the reason in the log, and nothing changes, if nothing of
 * that is mapped, or more than that.
 */
BOOLEAN WdmFlushAdapterBuffers(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
			       PVOID current_va, ULONG length, BOOLEAN write_to_device)
{
	static const char call[] = "FlushAdapterBuffers";

	if (!mdl) {
		pr_warn_ratelimited("%s: Mdl is NULL\n", call);
		return FALSE;
	}
	return !wdm_flush(dma_adapter, call, mdl, map_register_base,
			  wdm_va_offset(mdl, current_va), length, write_to_device);
}

/**
 * WdmFlushAdapterBuffersEx() - FlushAdapterBuffersEx: end what MapTransferEx mapped
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: as for MapTransferEx
 * @map_register_base: the same
 * @offset: the same
 * @length: bytes that were mapped, or more
 * @write_to_device: as for MapTransferEx
 *
 * Answers to wdm: PFLUSH_ADAPTER_BUFFERS_EX. See FlushAdapterBuffers.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER if nothing of that is mapped, or more
 * than that; STATUS_DELETE_PENDING after unbind; STATUS_INVALID_DEVICE_STATE at the wrong
 * level.
 */
NTSTATUS WdmFlushAdapterBuffersEx(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
				  ULONGLONG offset, ULONG length, BOOLEAN write_to_device)
{
	return wdm_status(wdm_flush(dma_adapter, "FlushAdapterBuffersEx", mdl, map_register_base,
				    offset, length, write_to_device));
}

/**
 * WdmReadDmaCounter() - ReadDmaCounter: bytes that a DMA controller has left to move
 * @dma_adapter: from IoGetDmaAdapter()
 *
 * Answers to wdm: PREAD_DMA_COUNTER. All adapters are bus masters', which have no such
 * counter.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0.
 */
ULONG WdmReadDmaCounter(PDMA_ADAPTER dma_adapter)
{
	static const char call[] = "ReadDmaCounter";
	struct wdmdma_adapter *adapter = wdm_adapter_find(dma_adapter, call);

	if (adapter) {
		wdmdma_refuse(adapter->device, call, "a bus master has no DMA controller");
		wdmdma_adapter_put(adapter);
	}
	return 0;
}

/**
 * WdmConfigureAdapterChannel() - ConfigureAdapterChannel: of a DMA controller
 * @dma_adapter: from IoGetDmaAdapter()
 * @function_number: function of the controller
 * @context: for that
 *
 * Answers to wdm: PCONFIGURE_ADAPTER_CHANNEL. All adapters are bus masters', which have
 * no controller, and so no function of one.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_NOT_IMPLEMENTED; STATUS_INVALID_PARAMETER for what is no adapter.
 */
NTSTATUS WdmConfigureAdapterChannel(PDMA_ADAPTER dma_adapter, ULONG function_number, PVOID context)
{
	static const char call[] = "ConfigureAdapterChannel";
	struct wdmdma_adapter *adapter = wdm_adapter_find(dma_adapter, call);

	if (!adapter)
		return STATUS_INVALID_PARAMETER;
	wdmdma_refuse(adapter->device, call, "a bus master has no DMA controller");
	wdmdma_adapter_put(adapter);
	return STATUS_NOT_IMPLEMENTED;
}
