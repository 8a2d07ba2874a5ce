// SPDX-License-Identifier: GPL-2.0-only
/* What a driver asks a transaction, and sets in it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/export.h>

/* Return a transaction, with a reference and its lock, or report and return NULL. */
static struct wdf_transaction *wdf_values_begin(WDFDMATRANSACTION handle, const char *call,
						unsigned long *flags)
{
	struct wdf_transaction *transaction = wdf_transaction_get(handle, call);

	if (!transaction)
		return NULL;
	spin_lock_irqsave(&transaction->lock, *flags);
	/* wdf_values_end() releases the lock, which sparse cannot follow. */
	__release(&transaction->lock);
	return transaction;
}

static void wdf_values_end(struct wdf_transaction *transaction, unsigned long flags)
{
	__acquire(&transaction->lock);
	spin_unlock_irqrestore(&transaction->lock, flags);
	wdf_put(&transaction->object);
}

/* Report a call for an enabler with another version or profile. Return true if it may go on. */
static bool wdf_needs(const struct wdf_transaction *transaction, bool system, const char *call)
{
	if (system && !transaction->enabler->system)
		wdmdma_report(call, "needs a system profile");
	else if (!wdf_is_version3(transaction->enabler))
		wdmdma_report(call, "needs an enabler with version 3");
	else
		return true;
	return false;
}

/**
 * WdfDmaTransactionGetBytesTransferred() - return the bytes of the completed transfers
 * @dma_transaction: the transaction
 *
 * Answers to wdf: WdfDmaTransactionGetBytesTransferred. In EvtProgramDma it is where the transfer
 * begins.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: bytes. 0 after the release, and for a wrong handle.
 */
SIZE_T WdfDmaTransactionGetBytesTransferred(WDFDMATRANSACTION dma_transaction)
{
	struct wdf_transaction *transaction;
	unsigned long flags;
	size_t bytes;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return 0;
	bytes = transaction->transferred;
	wdf_values_end(transaction, flags);
	return bytes;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionGetBytesTransferred);

/**
 * WdfDmaTransactionGetCurrentDmaTransferLength() - return the bytes of the transfer
 * @dma_transaction: the transaction
 *
 * Answers to wdf: WdfDmaTransactionGetCurrentDmaTransferLength.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: bytes. 0 while there is no transfer, and for a wrong handle.
 */
SIZE_T WdfDmaTransactionGetCurrentDmaTransferLength(WDFDMATRANSACTION dma_transaction)
{
	struct wdf_transaction *transaction;
	unsigned long flags;
	size_t bytes;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return 0;
	bytes = transaction->current_length;
	wdf_values_end(transaction, flags);
	return bytes;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionGetCurrentDmaTransferLength);

/**
 * WdfDmaTransactionGetRequest() - return the request of a transaction
 * @dma_transaction: the transaction
 *
 * Answers to wdf: WdfDmaTransactionGetRequest.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the handle, until the release, also after the request was completed. NULL if the
 * transaction was not initialized by a request, and for a wrong handle.
 */
WDFREQUEST WdfDmaTransactionGetRequest(WDFDMATRANSACTION dma_transaction)
{
	struct wdf_transaction *transaction;
	WDFREQUEST request = NULL;
	unsigned long flags;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return NULL;
	if (transaction->request)
		request = wdf_handle(transaction->request);
	wdf_values_end(transaction, flags);
	return request;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionGetRequest);

/**
 * WdfDmaTransactionGetDevice() - return the device of a transaction
 * @dma_transaction: the transaction
 *
 * Answers to wdf: WdfDmaTransactionGetDevice.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the handle, or NULL for a wrong handle.
 */
WDFDEVICE WdfDmaTransactionGetDevice(WDFDMATRANSACTION dma_transaction)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	WDFDEVICE device;

	if (!transaction)
		return NULL;
	device = wdf_handle(&transaction->enabler->device->object);
	wdf_put(&transaction->object);
	return device;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionGetDevice);

/* Tell what an initialized transaction needs. With version 2 that is the pages that it touches. */
static void wdf_values_info(const struct wdf_transaction *transaction, ULONG *registers,
			    ULONG *elements)
{
	DMA_TRANSFER_INFO info = { .Version = DMA_TRANSFER_INFO_VERSION1 };
	struct wdf_channel *channel = transaction->channel;
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);

	*registers = wdf_chain_pages(transaction->mdl, transaction->start, transaction->length);
	*elements = *registers;
	if (!adapter || !wdf_is_version3(transaction->enabler) ||
	    !NT_SUCCESS(channel->ops->GetDmaTransferInfo(adapter, transaction->mdl,
							 transaction->start, transaction->length,
							 transaction->direction, &info)))
		return;
	*registers = info.V1.MapRegisterCount;
	*elements = info.V1.ScatterGatherElementCount;
}

/**
 * WdfDmaTransactionGetTransferInfo() - tell what an initialized transaction needs
 * @dma_transaction: an initialized transaction
 * @map_register_count: receives the map registers for one transfer of all bytes. Optional
 * @scatter_gather_element_count: receives the elements of its list. Optional
 *
 * Answers to wdf: WdfDmaTransactionGetTransferInfo. With version 2 both are the pages that the
 * bytes touch. In another state, and if the MDL was freed, the call is reported, and both are 0.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDmaTransactionGetTransferInfo(WDFDMATRANSACTION dma_transaction, ULONG *map_register_count,
				      ULONG *scatter_gather_element_count)
{
	struct wdf_transaction *transaction;
	ULONG registers = 0, elements = 0;
	unsigned long flags;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (transaction) {
		if (wdf_transaction_is_in(transaction, WDF_IN(INITIALIZED), __func__) &&
		    !wdf_transaction_lost_mdl(transaction, __func__))
			wdf_values_info(transaction, &registers, &elements);
		wdf_values_end(transaction, flags);
	}
	if (map_register_count && !wdf_is_wrong(map_register_count, "MapRegisterCount", __func__))
		*map_register_count = registers;
	if (scatter_gather_element_count &&
	    !wdf_is_wrong(scatter_gather_element_count, "ScatterGatherElementCount", __func__))
		*scatter_gather_element_count = elements;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionGetTransferInfo);

/**
 * WdfDmaTransactionSetMaximumLength() - limit the transfers of a transaction
 * @dma_transaction: an initialized transaction, or one in a transfer
 * @maximum_length: bytes. More than the map registers allow, and 0, change nothing
 *
 * Answers to wdf: WdfDmaTransactionSetMaximumLength. Holds for transfers that are not staged yet,
 * until the release. In another state the call is reported, and does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDmaTransactionSetMaximumLength(WDFDMATRANSACTION dma_transaction, SIZE_T maximum_length)
{
	struct wdf_transaction *transaction;
	unsigned long flags;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return;
	if (!maximum_length)
		wdmdma_report(__func__, "MaximumLength is 0");
	else if (wdf_transaction_is_in(transaction, WDF_IN(INITIALIZED) | WDF_IN(TRANSFER),
				       __func__) &&
		 maximum_length < transaction->channel->fragment)
		transaction->limit = maximum_length;
	wdf_values_end(transaction, flags);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionSetMaximumLength);

/**
 * WdfDmaTransactionSetSingleTransferRequirement() - say that all must be one transfer
 * @dma_transaction: a transaction of an enabler with version 3, before it is initialized
 * @require_single_transfer: TRUE for one transfer
 *
 * Answers to wdf: WdfDmaTransactionSetSingleTransferRequirement. The release sets it back to what
 * the enabler has. Once the transaction is initialized, the call does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDmaTransactionSetSingleTransferRequirement(WDFDMATRANSACTION dma_transaction,
						   BOOLEAN require_single_transfer)
{
	const unsigned long early = WDF_IN(CREATED) | WDF_IN(RESERVED) | WDF_IN(RELEASED);
	struct wdf_transaction *transaction;
	unsigned long flags;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return;
	if (wdf_needs(transaction, false, __func__) && early & BIT(transaction->state))
		transaction->single = require_single_transfer;
	wdf_values_end(transaction, flags);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionSetSingleTransferRequirement);

/**
 * WdfDmaTransactionSetImmediateExecution() - let Execute fail instead of waiting
 * @dma_transaction: a transaction of an enabler with version 3
 * @use_immediate_execution: TRUE to fail with STATUS_INSUFFICIENT_RESOURCES
 *
 * Answers to wdf: WdfDmaTransactionSetImmediateExecution. The release sets it back.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDmaTransactionSetImmediateExecution(WDFDMATRANSACTION dma_transaction,
					    BOOLEAN use_immediate_execution)
{
	struct wdf_transaction *transaction;
	unsigned long flags;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return;
	if (wdf_needs(transaction, false, __func__))
		transaction->immediate = use_immediate_execution;
	wdf_values_end(transaction, flags);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionSetImmediateExecution);

/**
 * WdfDmaTransactionWdmGetTransferContext() - return the transfer context of a transaction
 * @dma_transaction: a transaction of an enabler with version 3
 *
 * Answers to wdf: WdfDmaTransactionWdmGetTransferContext. The driver may pass it to slots of the
 * adapter that take a context.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the context. NULL before the transaction is initialized and after its release, with an
 * enabler of version 2, and for a wrong handle.
 */
PVOID WdfDmaTransactionWdmGetTransferContext(WDFDMATRANSACTION dma_transaction)
{
	const unsigned long none = WDF_IN(CREATED) | WDF_IN(RELEASED) | WDF_IN(DELETED);
	struct wdf_transaction *transaction;
	unsigned long flags;
	void *block = NULL;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return NULL;
	if (wdf_needs(transaction, false, __func__) && !(none & BIT(transaction->state)))
		block = transaction->block;
	wdf_values_end(transaction, flags);
	return block;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionWdmGetTransferContext);

/**
 * WdfDmaTransactionSetChannelConfigurationCallback() - set what configures the channel
 * @dma_transaction: a transaction of an enabler with a system profile
 * @fn: called before each transfer is mapped. NULL for none. No address is reported, and ignored
 * @context: its argument
 *
 * Answers to wdf: WdfDmaTransactionSetChannelConfigurationCallback. If the function returns FALSE,
 * the transfer is not mapped, and the function must have completed it. The release does not change
 * this.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void
WdfDmaTransactionSetChannelConfigurationCallback(WDFDMATRANSACTION dma_transaction,
						 PFN_WDF_DMA_TRANSACTION_CONFIGURE_DMA_CHANNEL fn,
						 PVOID context)
{
	struct wdf_transaction *transaction;
	unsigned long flags;

	if (wdf_option_is_wrong(fn, "ConfigureRoutine", __func__))
		return;
	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return;
	if (wdf_needs(transaction, true, __func__)) {
		transaction->configure = fn;
		transaction->configure_context = context;
	}
	wdf_values_end(transaction, flags);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionSetChannelConfigurationCallback);

/**
 * WdfDmaTransactionSetTransferCompleteCallback() - set what is called when a transfer is stopped
 * @dma_transaction: a transaction of an enabler with a system profile
 * @fn: called at DISPATCH_LEVEL. NULL for none. No address is reported, and ignored
 * @context: its argument
 *
 * Answers to wdf: WdfDmaTransactionSetTransferCompleteCallback. The release does not change this.
 *
 * Differs from Windows: ISA's controllers do not tell when they are done. So the function is called
 * by WdfDmaTransactionStopSystemTransfer(), and with DmaError or DmaCancelled after a transaction
 * that had to wait for the channel has failed.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void
WdfDmaTransactionSetTransferCompleteCallback(WDFDMATRANSACTION dma_transaction,
					     PFN_WDF_DMA_TRANSACTION_DMA_TRANSFER_COMPLETE fn,
					     PVOID context)
{
	struct wdf_transaction *transaction;
	unsigned long flags;

	if (wdf_option_is_wrong(fn, "DmaCompletionRoutine", __func__))
		return;
	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return;
	if (wdf_needs(transaction, true, __func__)) {
		transaction->complete = fn;
		transaction->complete_context = context;
	}
	wdf_values_end(transaction, flags);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionSetTransferCompleteCallback);

/**
 * WdfDmaTransactionSetDeviceAddressOffset() - set the offset from DeviceAddress
 * @dma_transaction: a transaction of an enabler with a system profile
 * @offset: bytes. ISA's controllers know 0 alone
 *
 * Answers to wdf: WdfDmaTransactionSetDeviceAddressOffset.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDmaTransactionSetDeviceAddressOffset(WDFDMATRANSACTION dma_transaction, ULONG offset)
{
	struct wdf_transaction *transaction;
	unsigned long flags;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return;
	if (wdf_needs(transaction, true, __func__))
		transaction->device_offset = offset;
	wdf_values_end(transaction, flags);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionSetDeviceAddressOffset);

/**
 * WdfDmaTransactionStopSystemTransfer() - stop the transfer of a system profile
 * @dma_transaction: a transaction that is in a transfer
 *
 * Answers to wdf: WdfDmaTransactionStopSystemTransfer. No further transfer is mapped. The function
 * of WdfDmaTransactionSetTransferCompleteCallback() is called with DmaCancelled, before this call
 * returns. The driver must then complete the transaction, which stops the channel.
 *
 * A transaction that waits for the channel has no transfer. It is reported, and nothing is done.
 * WdfDmaTransactionCancel() takes it back.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDmaTransactionStopSystemTransfer(WDFDMATRANSACTION dma_transaction)
{
	struct wdf_transaction *transaction;
	PDMA_ADAPTER adapter = NULL;
	struct wdf_channel *channel;
	unsigned long flags;
	NTSTATUS status;
	void *block;

	transaction = wdf_values_begin(dma_transaction, __func__, &flags);
	if (!transaction)
		return;
	channel = transaction->channel;
	block = transaction->block;
	if (wdf_needs(transaction, true, __func__) &&
	    wdf_transaction_is_in(transaction, WDF_IN(TRANSFER), __func__) &&
	    wdf_transaction_has_transfer(transaction, false, __func__))
		adapter = READ_ONCE(channel->adapter);
	refcount_inc(&transaction->object.refs);
	wdf_values_end(transaction, flags);
	/* A transfer that was completed meanwhile is not stopped. */
	status = adapter ? channel->ops->CancelMappedTransfer(adapter, block) :
			   STATUS_DELETE_PENDING;
	if (NT_SUCCESS(status))
		wdf_transfer_tell(transaction, DmaCancelled);
	wdf_put(&transaction->object);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionStopSystemTransfer);
