// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: the abilities of an adapter, and the needs of a transfer. */
#include <linux/bitops.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/transfer.h"
#include "core/transfer_source.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_sg_list.h"

/* Pages and elements of a transfer. Without an MDL the numbers are those of the worst case. */
struct wdm_needs {
	u64 pages;
	u64 elements;
};

static struct wdm_needs wdm_needs_of(const struct wdmdma_adapter *adapter, PMDL mdl, u64 offset,
				     ULONG length)
{
	struct wdmdma_source source = wdm_chain_source(mdl, offset, length);
	struct wdm_needs needs = {
		.pages = wdmdma_source_pages(&source),
		.elements = wdmdma_source_segments(adapter, &source),
	};

	return needs;
}

static struct wdm_needs wdm_needs_at_most(const struct wdmdma_adapter *adapter, const void *va,
					  ULONG length)
{
	u64 pages = PFN_UP((u64)offset_in_page(va) + length);
	struct wdm_needs needs = {
		.pages = pages,
		.elements = adapter->scatter_gather ? pages : 1,
	};

	return needs;
}

/**
 * WdmCalculateScatterGatherList() - CalculateScatterGatherList: how large a list is
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: optional, the memory, alone or chained. NULL means the worst case
 * @current_va: start of the transfer. Without an MDL only its offset in the page counts
 * @length: bytes
 * @scatter_gather_list_size: receives the bytes that BuildScatterGatherList needs, or 0 on
 *	failure
 * @number_of_map_registers: optional, receives the pages, or 0 on failure
 *
 * Answers to wdm: PCALCULATE_SCATTER_GATHER_LIST_SIZE. The size is that of a list with one
 * element for each physically contiguous piece, or for each page if there are more pages. The
 * real list may have fewer elements.
 *
 * Context: any.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INSUFFICIENT_RESOURCES for more pages than map registers granted
 * * STATUS_BUFFER_TOO_SMALL if the MDL has fewer bytes
 * * STATUS_INVALID_PARAMETER
 */
NTSTATUS WdmCalculateScatterGatherList(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID current_va,
				       ULONG length, PULONG scatter_gather_list_size,
				       PULONG number_of_map_registers)
{
	static const char call[] = "CalculateScatterGatherList";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	const char *reason = NULL;
	struct wdm_needs needs;
	u64 offset;

	if (scatter_gather_list_size)
		*scatter_gather_list_size = 0;
	if (number_of_map_registers)
		*number_of_map_registers = 0;
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));

	offset = mdl ? wdm_va_offset(mdl, current_va) : 0;
	if (!scatter_gather_list_size || !length || (mdl && wdm_va_is_outside(mdl, offset))) {
		reason = "ScatterGatherListSize is NULL, Length is 0, or CurrentVa not of the MDL";
	} else if (mdl && !wdm_chain_holds(mdl, offset, length)) {
		reason = "the MDL chain has not that many bytes";
		status = STATUS_BUFFER_TOO_SMALL;
	} else {
		needs = mdl ? wdm_needs_of(adapter, mdl, offset, length) :
			      wdm_needs_at_most(adapter, current_va, length);
		status = needs.pages > adapter->map_registers ? STATUS_INSUFFICIENT_RESOURCES :
								STATUS_SUCCESS;
	}
	if (NT_SUCCESS(status)) {
		*scatter_gather_list_size = wdm_sg_list_bytes(needs.elements);
		if (number_of_map_registers)
			*number_of_map_registers = needs.pages;
	}
	if (reason)
		wdmdma_refuse_for(adapter->device, call, reason, "%s", reason);
	wdmdma_adapter_put(adapter);
	return status;
}

/**
 * WdmGetDmaAdapterInfo() - GetDmaAdapterInfo: what the adapter can do
 * @dma_adapter: from IoGetDmaAdapter()
 * @adapter_info: Version must be DMA_ADAPTER_INFO_VERSION1. V1 receives the answer
 *
 * Answers to wdm: PGET_DMA_ADAPTER_INFO. DmaAddressWidth is the width of the adapter's reach.
 * ScatterGatherLimit is the number of map registers granted, or 1 without ScatterGather. No flag
 * is set, because a request may have to wait and memory may have to be mapped. With system DMA
 * the counter can be read, and MinimumTransferUnit is 2 if the channel has 16 bits.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, STATUS_NOT_SUPPORTED for another version, or STATUS_INVALID_PARAMETER.
 */
NTSTATUS WdmGetDmaAdapterInfo(PDMA_ADAPTER dma_adapter, PDMA_ADAPTER_INFO adapter_info)
{
	static const char call[] = "GetDmaAdapterInfo";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);
	NTSTATUS status = STATUS_SUCCESS;

	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	if (!adapter_info) {
		wdmdma_refuse(adapter->device, call, "AdapterInfo is NULL");
		status = STATUS_INVALID_PARAMETER;
	} else if (adapter_info->Version != DMA_ADAPTER_INFO_VERSION1) {
		wdmdma_refuse(adapter->device, call, "Version %u is unknown",
			      adapter_info->Version);
		status = STATUS_NOT_SUPPORTED;
	} else {
		adapter_info->V1 = (DMA_ADAPTER_INFO_V1) {
			.ReadDmaCounterAvailable = adapter->dma_channel ? TRUE : FALSE,
			.ScatterGatherLimit = adapter->scatter_gather ? adapter->map_registers : 1,
			.DmaAddressWidth = fls64(adapter->reach.last),
			.MinimumTransferUnit = wdmdma_dma_channel_unit(adapter->dma_channel),
		};
	}
	wdmdma_adapter_put(adapter);
	return status;
}

/**
 * WdmGetDmaTransferInfo() - GetDmaTransferInfo: what a transfer takes
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: the memory, alone or chained
 * @offset: start of the transfer, in bytes from the first byte of @mdl, along the chain
 * @length: bytes
 * @write_only: ignored, because the answer holds for both directions
 * @transfer_info: Version must be DMA_TRANSFER_INFO_VERSION1 or 2. V1 or V2 receives the
 *	answer
 *
 * Answers to wdm: PGET_DMA_TRANSFER_INFO. Elements and bytes are those of
 * CalculateScatterGatherList. A transfer that takes more map registers than granted is no error
 * here, but the driver must do it in parts.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, STATUS_NOT_SUPPORTED for another version, or STATUS_INVALID_PARAMETER,
 * also if the chain has fewer bytes.
 */
NTSTATUS WdmGetDmaTransferInfo(PDMA_ADAPTER dma_adapter, PMDL mdl, ULONGLONG offset, ULONG length,
			       BOOLEAN write_only, PDMA_TRANSFER_INFO transfer_info)
{
	static const char call[] = "GetDmaTransferInfo";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct wdm_needs needs;

	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	if (!mdl || !transfer_info || !length || !wdm_chain_holds(mdl, offset, length)) {
		wdmdma_refuse(adapter->device, call,
			      "Mdl or TransferInfo is NULL, or the MDL chain has no such bytes");
	} else if (transfer_info->Version != DMA_TRANSFER_INFO_VERSION1 &&
		   transfer_info->Version != DMA_TRANSFER_INFO_VERSION2) {
		wdmdma_refuse(adapter->device, call, "Version %u is unknown",
			      transfer_info->Version);
		status = STATUS_NOT_SUPPORTED;
	} else {
		needs = wdm_needs_of(adapter, mdl, offset, length);
		/* V2 begins with the members of V1. */
		transfer_info->V1.MapRegisterCount = needs.pages;
		transfer_info->V1.ScatterGatherElementCount = needs.elements;
		transfer_info->V1.ScatterGatherListSize = wdm_sg_list_bytes(needs.elements);
		if (transfer_info->Version == DMA_TRANSFER_INFO_VERSION2)
			transfer_info->V2.LogicalPageCount = needs.pages;
		status = STATUS_SUCCESS;
	}
	wdmdma_adapter_put(adapter);
	return status;
}
