// SPDX-License-Identifier: GPL-2.0-only
/* Map registers that a transaction has before it is executed. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/export.h>

/* Return the status with which a reservation is refused, and go to RESERVED if it is not. */
static NTSTATUS wdf_resources_begin(struct wdf_transaction *transaction,
				    WDF_DMA_DIRECTION direction, ULONG *registers,
				    PFN_WDF_RESERVE_DMA reserve, void *context, const char *call)
{
	unsigned long good = WDF_IN(INITIALIZED);
	size_t pages;

	lockdep_assert_held(&transaction->lock);
	if (*registers)
		good |= WDF_IN(CREATED) | WDF_IN(RELEASED);
	if (!wdf_transaction_is_in(transaction, good, call))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (transaction->reserved) {
		wdmdma_report(call, "the transaction has map registers already");
		return STATUS_INVALID_DEVICE_REQUEST;
	}
	if (transaction->state == WDF_TRANSACTION_INITIALIZED) {
		if (wdf_transaction_lost_mdl(transaction, call))
			return STATUS_INVALID_DEVICE_REQUEST;
		if (transaction->direction != direction) {
			wdmdma_report(call, "DmaDirection is not that of the transaction");
			return STATUS_INVALID_PARAMETER;
		}
	}
	transaction->direction = direction;
	transaction->channel = wdf_channel_of(transaction->enabler, direction);
	if (transaction->enabler->system) {
		*registers = transaction->channel->registers;
	} else if (!*registers) {
		pages = wdf_chain_pages(transaction->mdl, transaction->start,
					min(transaction->length, transaction->limit));
		*registers = min_t(size_t, pages, transaction->channel->registers);
	}
	transaction->registers = *registers;
	transaction->reserved = true;
	transaction->reserve = reserve;
	transaction->reserve_context = context;
	transaction->state = WDF_TRANSACTION_RESERVED;
	return STATUS_SUCCESS;
}

/* Make the reservation. Return a status. After a failure the transaction has failed. */
static NTSTATUS wdf_resources_get(struct wdf_transaction *transaction, u32 generation,
				  WDF_DMA_DIRECTION direction, ULONG registers)
{
	struct wdf_channel *channel = transaction->channel;
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
	unsigned long flags;
	void *base;

	if (adapter)
		status = channel->ops->InitializeDmaTransferContext(adapter, transaction->block);
	if (NT_SUCCESS(status))
		status = wdf_transfer_get_base(transaction, generation, direction, registers, true,
					       &base);
	if (NT_SUCCESS(status)) {
		if (base)
			wdf_transfer_reserved(transaction);
		return status;
	}
	spin_lock_irqsave(&transaction->lock, flags);
	if (transaction->generation == generation) {
		wdf_watch_end(transaction);
		transaction->reserved = false;
		transaction->state = WDF_TRANSACTION_FAILED;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return status;
}

/**
 * WdfDmaTransactionAllocateResources() - get map registers before the transaction is executed
 * @dma_transaction: a transaction of an enabler with version 3 and a packet or system profile
 * @dma_direction: the direction
 * @required_map_registers: their number. 0 for what the initialized transaction needs. A system
 *	profile gets all
 * @evt_reserve_dma_function: called once at DISPATCH_LEVEL, when the registers are there, in this
 *	call or later
 * @evt_reserve_dma_context: its argument
 *
 * Answers to wdf: WdfDmaTransactionAllocateResources. The transaction keeps the registers until
 * WdfDmaTransactionFreeResources(), also when it is released.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS if the function was or will be called
 * * STATUS_INVALID_DEVICE_REQUEST, with a report, for another profile or version, in a wrong
 *   state, which is kept, if the registers are reserved already, and if the MDL was freed
 * * STATUS_INVALID_PARAMETER, with a report, for NULL, and for a direction that is unknown, or not
 *   the transaction's
 * * STATUS_INSUFFICIENT_RESOURCES and others of the adapter. The transaction has failed then
 * * STATUS_INVALID_HANDLE
 */
NTSTATUS WdfDmaTransactionAllocateResources(WDFDMATRANSACTION dma_transaction,
					    WDF_DMA_DIRECTION dma_direction,
					    ULONG required_map_registers,
					    PFN_WDF_RESERVE_DMA evt_reserve_dma_function,
					    PVOID evt_reserve_dma_context)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
	unsigned long flags;
	u32 generation;

	if (!transaction)
		return STATUS_INVALID_HANDLE;
	if (transaction->enabler->lists || !wdf_is_version3(transaction->enabler)) {
		wdmdma_report(__func__, "needs a packet or system profile with version 3");
		goto put;
	}
	status = STATUS_INVALID_PARAMETER;
	if (wdf_is_wrong(evt_reserve_dma_function, "EvtReserveDmaFunction", __func__))
		goto put;
	if (dma_direction > WdfDmaDirectionWriteToDevice) {
		wdmdma_report(__func__, "DmaDirection is unknown");
		goto put;
	}
	spin_lock_irqsave(&transaction->lock, flags);
	status = wdf_resources_begin(transaction, dma_direction, &required_map_registers,
				     evt_reserve_dma_function, evt_reserve_dma_context, __func__);
	generation = transaction->generation;
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (NT_SUCCESS(status))
		status = wdf_resources_get(transaction, generation, dma_direction,
					   required_map_registers);
put:
	wdf_put(&transaction->object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionAllocateResources);

/**
 * WdfDmaTransactionFreeResources() - give back what WdfDmaTransactionAllocateResources() got
 * @dma_transaction: a transaction that is in no transfer
 *
 * Answers to wdf: WdfDmaTransactionFreeResources. The transaction is released then. In a wrong
 * state, and for another profile, the call is reported and does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDmaTransactionFreeResources(WDFDMATRANSACTION dma_transaction)
{
	const unsigned long good = WDF_IN(RESERVED) | WDF_IN(INITIALIZED) | WDF_IN(COMPLETED) |
				   WDF_IN(FAILED) | WDF_IN(RELEASED);
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	unsigned long flags;
	bool release;

	if (!transaction)
		return;
	if (transaction->enabler->lists || !wdf_is_version3(transaction->enabler)) {
		wdmdma_report(__func__, "needs a packet or system profile with version 3");
		wdf_put(&transaction->object);
		return;
	}
	spin_lock_irqsave(&transaction->lock, flags);
	release = wdf_transaction_is_in(transaction, good, __func__);
	if (release)
		transaction->reserved = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (release)
		WdfDmaTransactionRelease(dma_transaction);
	wdf_put(&transaction->object);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionFreeResources);
