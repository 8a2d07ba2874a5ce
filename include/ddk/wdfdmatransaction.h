/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA transactions: one I/O operation each, which is one transfer or several. */
#ifndef DDK_WDFDMATRANSACTION_H
#define DDK_WDFDMATRANSACTION_H

#include "wdfdmaenabler.h"

WDMDMA_HEADER_BEGIN

typedef BOOLEAN EVT_WDF_PROGRAM_DMA(WDFDMATRANSACTION transaction, WDFDEVICE device,
				    WDFCONTEXT context, WDF_DMA_DIRECTION direction,
				    PSCATTER_GATHER_LIST sg_list);
typedef EVT_WDF_PROGRAM_DMA *PFN_WDF_PROGRAM_DMA;
typedef BOOLEAN EVT_WDF_DMA_TRANSACTION_CONFIGURE_DMA_CHANNEL(WDFDMATRANSACTION transaction,
							      WDFDEVICE device, PVOID context,
							      PMDL mdl, SIZE_T offset,
							      SIZE_T length);
typedef EVT_WDF_DMA_TRANSACTION_CONFIGURE_DMA_CHANNEL
	*PFN_WDF_DMA_TRANSACTION_CONFIGURE_DMA_CHANNEL;
typedef VOID EVT_WDF_DMA_TRANSACTION_DMA_TRANSFER_COMPLETE(WDFDMATRANSACTION transaction,
							   WDFDEVICE device, WDFCONTEXT context,
							   WDF_DMA_DIRECTION direction,
							   DMA_COMPLETION_STATUS status);
typedef EVT_WDF_DMA_TRANSACTION_DMA_TRANSFER_COMPLETE
	*PFN_WDF_DMA_TRANSACTION_DMA_TRANSFER_COMPLETE;
typedef VOID EVT_WDF_RESERVE_DMA(WDFDMATRANSACTION transaction, PVOID context);
typedef EVT_WDF_RESERVE_DMA *PFN_WDF_RESERVE_DMA;

NTSTATUS WdfDmaTransactionCreate(WDFDMAENABLER dma_enabler, PWDF_OBJECT_ATTRIBUTES attributes,
				 WDFDMATRANSACTION *dma_transaction);
NTSTATUS WdfDmaTransactionInitialize(WDFDMATRANSACTION dma_transaction,
				     PFN_WDF_PROGRAM_DMA evt_program_dma_function,
				     WDF_DMA_DIRECTION dma_direction, PMDL mdl,
				     PVOID virtual_address, SIZE_T length);
NTSTATUS WdfDmaTransactionInitializeUsingOffset(WDFDMATRANSACTION dma_transaction,
						PFN_WDF_PROGRAM_DMA evt_program_dma_function,
						WDF_DMA_DIRECTION dma_direction, PMDL mdl,
						SIZE_T offset, SIZE_T length);
NTSTATUS WdfDmaTransactionInitializeUsingRequest(WDFDMATRANSACTION dma_transaction,
						 WDFREQUEST request,
						 PFN_WDF_PROGRAM_DMA evt_program_dma_function,
						 WDF_DMA_DIRECTION dma_direction);
NTSTATUS WdfDmaTransactionExecute(WDFDMATRANSACTION dma_transaction, WDFCONTEXT context);
NTSTATUS WdfDmaTransactionRelease(WDFDMATRANSACTION dma_transaction);
BOOLEAN WdfDmaTransactionDmaCompleted(WDFDMATRANSACTION dma_transaction, NTSTATUS *status);
BOOLEAN WdfDmaTransactionDmaCompletedWithLength(WDFDMATRANSACTION dma_transaction,
						SIZE_T transferred_length, NTSTATUS *status);
BOOLEAN WdfDmaTransactionDmaCompletedFinal(WDFDMATRANSACTION dma_transaction,
					   SIZE_T final_transferred_length, NTSTATUS *status);
SIZE_T WdfDmaTransactionGetBytesTransferred(WDFDMATRANSACTION dma_transaction);
SIZE_T WdfDmaTransactionGetCurrentDmaTransferLength(WDFDMATRANSACTION dma_transaction);
WDFREQUEST WdfDmaTransactionGetRequest(WDFDMATRANSACTION dma_transaction);
WDFDEVICE WdfDmaTransactionGetDevice(WDFDMATRANSACTION dma_transaction);
VOID WdfDmaTransactionGetTransferInfo(WDFDMATRANSACTION dma_transaction, ULONG *map_register_count,
				      ULONG *scatter_gather_element_count);
VOID WdfDmaTransactionSetMaximumLength(WDFDMATRANSACTION dma_transaction, SIZE_T maximum_length);
VOID WdfDmaTransactionSetSingleTransferRequirement(WDFDMATRANSACTION dma_transaction,
						   BOOLEAN require_single_transfer);
VOID WdfDmaTransactionSetImmediateExecution(WDFDMATRANSACTION dma_transaction,
					    BOOLEAN use_immediate_execution);
BOOLEAN WdfDmaTransactionCancel(WDFDMATRANSACTION dma_transaction);
PVOID WdfDmaTransactionWdmGetTransferContext(WDFDMATRANSACTION dma_transaction);
NTSTATUS WdfDmaTransactionAllocateResources(WDFDMATRANSACTION dma_transaction,
					    WDF_DMA_DIRECTION dma_direction,
					    ULONG required_map_registers,
					    PFN_WDF_RESERVE_DMA evt_reserve_dma_function,
					    PVOID evt_reserve_dma_context);
VOID WdfDmaTransactionFreeResources(WDFDMATRANSACTION dma_transaction);
VOID
WdfDmaTransactionSetChannelConfigurationCallback(WDFDMATRANSACTION dma_transaction,
						 PFN_WDF_DMA_TRANSACTION_CONFIGURE_DMA_CHANNEL fn,
						 PVOID context);
VOID
WdfDmaTransactionSetTransferCompleteCallback(WDFDMATRANSACTION dma_transaction,
					     PFN_WDF_DMA_TRANSACTION_DMA_TRANSFER_COMPLETE fn,
					     PVOID context);
VOID WdfDmaTransactionSetDeviceAddressOffset(WDFDMATRANSACTION dma_transaction, ULONG offset);
VOID WdfDmaTransactionStopSystemTransfer(WDFDMATRANSACTION dma_transaction);

WDMDMA_HEADER_END

#endif /* DDK_WDFDMATRANSACTION_H */
