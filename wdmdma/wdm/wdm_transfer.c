// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: transfers under map registers. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core/adapter.h"
#include "core/core.h"
#include "core/map_registers.h"
#include "core/transfer.h"
#include "core/transfer_segments.h"
#include "lib/bug_check.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_sg_list.h"
#include "wdm/wdm_transfer_context.h"

/* Fill in the rest of @part. Return 0, or a negative errno if these bytes cannot be mapped. */
static int wdm_part_of(struct wdmdma_part *part, PMDL mdl, u64 offset, ULONG length,
		       BOOLEAN write_to_device, struct wdmdma_refusal *refusal)
{
	int ret;

	if (!length)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x21), "Length is 0");
	if (!wdm_chain_holds(mdl, offset, length))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1B),
				       "the MDL chain has no such bytes");
	ret = wdm_chain_check(mdl, offset, length, !write_to_device, refusal);
	if (ret)
		return ret;
	part->owner = mdl;
	part->offset = offset;
	part->len = length;
	part->direction = wdm_direction(write_to_device);
	part->source = wdm_chain_source(mdl, offset, length);
	return 0;
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
 * @map_register_base: the base that the routine received
 * @current_va: start of the piece, in terms of MmGetMdlVirtualAddress(@mdl). The address is
 *	an index into the first MDL. Behind its end the index goes on in the next MDL
 * @length: bytes to map. With ScatterGather it receives the number of bytes that are
 *	contiguous for the device and have map registers. Receives 0 on failure
 * @write_to_device: TRUE if the device reads the memory
 *
 * Answers to wdm: PMAP_TRANSFER. The device owns the memory until FlushAdapterBuffers. With
 * system DMA the channel is programmed, and runs when the device asks. The bytes must not cross a
 * boundary of the channel, 64 or 128 KiB, so at most the bytes up to the boundary are mapped.
 *
 * Differs from Windows: the call may fail, since no memory is reserved for map registers. With
 * system DMA it fails only for lack of a little memory to record the mapping.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the logical address, or 0 with the reason in the log. With system DMA the address only
 * means success.
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
	struct wdmdma_refusal refusal;
	int ret;

	if (length)
		*length = 0;
	rcu_read_lock();
	adapter = wdm_peek(dma_adapter, part.call);
	if (IS_ERR(adapter))
		goto unlock;
	part.whole = !adapter->scatter_gather;
	part.alone = adapter->dma_channel;
	if (mdl && length && !wdm_va_is_outside(mdl, wdm_va_offset(mdl, current_va)))
		ret = wdm_part_of(&part, mdl, wdm_va_offset(mdl, current_va), wanted,
				  write_to_device, &refusal);
	else
		ret = wdmdma_deny_bug(&refusal, -EINVAL, mdl && length ? WDMDMA_DMA_CODE(0x1B) : 0,
				      "Mdl or Length is NULL, or CurrentVa is not of the MDL");
	if (ret)
		wdmdma_refuse_bug_for(adapter->device, part.call, refusal.bug, refusal.reason, "%s",
				      refusal.reason);
	else if (!wdmdma_registers_map(adapter, &part, wdm_store_address, &address))
		*length = part.len;
unlock:
	rcu_read_unlock();
	return address;
}

static void wdm_store_list(const struct wdmdma_transfer *transfer, void *to)
{
	if (to)
		wdm_sg_list_fill(transfer, to);
}

/**
 * WdmMapTransferEx() - MapTransferEx: map a part of a chain into a list
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: resident pages, alone or chained
 * @map_register_base: the base that the routine received
 * @offset: start of the part, in bytes from the first byte of @mdl, along the chain
 * @device_offset: must be 0 with system DMA, because ISA has no device addresses. Not used for
 *	bus masters
 * @length: bytes to map. Receives the bytes that were mapped, or 0 on failure
 * @write_to_device: TRUE if the device reads the memory
 * @scatter_gather_buffer: receives the list. Optional with system DMA, where the list has one
 *	element of no use
 * @scatter_gather_buffer_length: bytes of the buffer
 * @dma_completion_routine: must be NULL with system DMA, because ISA's controllers do not
 *	signal completion. Not used for bus masters
 * @completion_context: not used
 *
 * Answers to wdm: PMAP_TRANSFER_EX. As many bytes are mapped as the list and the map registers
 * have room for. The device owns the memory until FlushAdapterBuffersEx, which must be called
 * before the next MapTransferEx. With system DMA the channel is programmed, as by MapTransfer.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS, possibly with fewer bytes
 * * STATUS_INVALID_PARAMETER, also for a buffer without room for one element
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_NOT_SUPPORTED for memory that cannot be mapped here, or a request that no ISA
 *   controller can do
 * * STATUS_CANCELLED if the context of the registers is cancelled
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INVALID_DEVICE_STATE at the wrong level, or if the channel has a transfer under
 *   other registers
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
	ULONG wanted = length ? *length : 0;
	struct wdmdma_adapter *adapter;
	struct wdmdma_refusal refusal;
	bool listless;
	int ret;

	if (length)
		*length = 0;
	rcu_read_lock();
	adapter = wdm_peek(dma_adapter, part.call);
	if (IS_ERR(adapter)) {
		ret = PTR_ERR(adapter);
		goto unlock;
	}
	listless = adapter->dma_channel && !scatter_gather_buffer && !scatter_gather_buffer_length;
	if (mdl && length && (scatter_gather_buffer || listless))
		ret = wdm_part_of(&part, mdl, offset, wanted, write_to_device, &refusal);
	else
		ret = wdmdma_deny(&refusal, -EINVAL, "Mdl, Length or ScatterGatherBuffer is NULL");
	if (!ret && !listless && scatter_gather_buffer_length < wdm_sg_list_bytes(1))
		ret = wdmdma_deny_bug(&refusal, -EINVAL, WDMDMA_DMA_CODE(0x24),
				      "ScatterGatherBuffer is too small for one element");
	if (!ret && adapter->dma_channel && (device_offset || dma_completion_routine))
		ret = wdmdma_deny(&refusal, -EOPNOTSUPP,
				  "DeviceOffset and DmaCompletionRoutine: ISA's controllers have neither");
	if (ret) {
		wdmdma_refuse_bug_for(adapter->device, part.call, refusal.bug, refusal.reason, "%s",
				      refusal.reason);
	} else {
		part.segments = listless ? 1 :
					   (scatter_gather_buffer_length - wdm_sg_list_bytes(0)) /
						   sizeof(SCATTER_GATHER_ELEMENT);
		ret = wdmdma_registers_map(adapter, &part, wdm_store_list, scatter_gather_buffer);
	}
	if (!ret)
		*length = part.len;
unlock:
	rcu_read_unlock();
	return wdm_status(ret);
}

/* Flush for either call. @offset counts from the start of @mdl, and may lie outside of @mdl. */
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

	rcu_read_lock();
	adapter = wdm_peek(dma_adapter, call);
	ret = IS_ERR(adapter) ? PTR_ERR(adapter) : wdmdma_registers_unmap(adapter, &part);
	rcu_read_unlock();
	return ret;
}

/**
 * WdmFlushAdapterBuffers() - FlushAdapterBuffers: end a mapping of MapTransfer
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: as for MapTransfer
 * @map_register_base: as for MapTransfer
 * @current_va: start of the first piece
 * @length: bytes of all pieces, or only the bytes that the device has moved, also 0
 * @write_to_device: as for MapTransfer
 *
 * Answers to wdm: PFLUSH_ADAPTER_BUFFERS. The device must be done with the memory. A system DMA
 * channel is stopped, even if its transfer is not done. The driver must not look at data from the
 * device before this call. A wrong direction is reported and not used.
 *
 * Every piece that has a byte of the range ends, and ends whole. Bytes that the device has not
 * written keep their values.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: TRUE. FALSE, with the reason in the log and nothing changed, if the range is not mapped
 * or begins in the middle of a piece.
 */
BOOLEAN WdmFlushAdapterBuffers(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
			       PVOID current_va, ULONG length, BOOLEAN write_to_device)
{
	static const char call[] = "FlushAdapterBuffers";

	if (!mdl) {
		wdmdma_report(call, "Mdl is NULL");
		return FALSE;
	}
	return !wdm_flush(dma_adapter, call, mdl, map_register_base,
			  wdm_va_offset(mdl, current_va), length, write_to_device);
}

/**
 * WdmFlushAdapterBuffersEx() - FlushAdapterBuffersEx: end a mapping of MapTransferEx
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: as for MapTransferEx
 * @map_register_base: as for MapTransferEx
 * @offset: as for MapTransferEx
 * @length: as for FlushAdapterBuffers
 * @write_to_device: as for MapTransferEx
 *
 * Answers to wdm: PFLUSH_ADAPTER_BUFFERS_EX. See FlushAdapterBuffers.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER if the range is not mapped, or begins in the middle of what is mapped
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 */
NTSTATUS WdmFlushAdapterBuffersEx(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
				  ULONGLONG offset, ULONG length, BOOLEAN write_to_device)
{
	return wdm_status(wdm_flush(dma_adapter, "FlushAdapterBuffersEx", mdl, map_register_base,
				    offset, length, write_to_device));
}
