// SPDX-License-Identifier: GPL-2.0-only
/* Execute, the completion calls, and Cancel. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/export.h>

#include "wdf/request.h"

/*
 * Take the mark of the device that a packet transaction of version 2 is under way. Return false if
 * another transaction has it.
 */
static bool wdf_transfer_mark(struct wdf_transaction *transaction)
{
	struct wdf_enabler *enabler = transaction->enabler;

	lockdep_assert_held(&transaction->lock);
	if (enabler->lists || wdf_is_version3(enabler))
		return true;
	transaction->busy_mark = !test_and_set_bit_lock(0, &enabler->device->packet_busy);
	return transaction->busy_mark;
}

/*
 * Begin a transaction. Return false if the state is wrong. @busy tells whether the device is busy
 * with another one.
 */
static bool wdf_transfer_begin(struct wdf_transaction *transaction, WDFCONTEXT context,
			       const char *call, u32 *generation, bool *busy)
{
	unsigned long flags;
	bool begun;

	spin_lock_irqsave(&transaction->lock, flags);
	begun = wdf_transaction_is_in(transaction, WDF_IN(INITIALIZED), call);
	if (begun && transaction->reserved && !transaction->base) {
		wdmdma_report(call, "the map registers of the transaction are not there yet");
		begun = false;
	}
	if (begun && wdf_transaction_lost_mdl(transaction, call))
		begun = false;
	if (begun && transaction->request && !wdf_request_enter(transaction->request)) {
		wdmdma_report(call, "the request is completed (bug check 0x10D, code 6)");
		begun = false;
	}
	if (begun) {
		transaction->state = WDF_TRANSACTION_TRANSFER;
		transaction->context = context;
		transaction->in_request = transaction->request;
		*generation = transaction->generation;
		*busy = !wdf_transfer_mark(transaction);
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return begun;
}

/**
 * WdfDmaTransactionExecute() - begin an initialized transaction
 * @dma_transaction: the transaction
 * @context: argument of EvtProgramDma. Optional
 *
 * Answers to wdf: WdfDmaTransactionExecute. EvtProgramDma is called at DISPATCH_LEVEL for each
 * transfer, in this call, in a completion call, or later if the adapter has to wait for resources.
 * It may complete, release and delete the transaction, and its result is ignored.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS if the transaction was begun. It may be completed, or even deleted, already
 * * STATUS_WDF_BUSY if a packet profile of version 2 has a transaction of the device under way
 * * STATUS_WDF_TOO_FRAGMENTED
 * * STATUS_INSUFFICIENT_RESOURCES and others of the adapter's calls
 * * STATUS_INVALID_DEVICE_REQUEST, with a report, in another state, which is kept, and if the
 *   request is completed, the MDL was freed, or reserved map registers are not there yet
 * * STATUS_INVALID_HANDLE
 *
 * After another failure the transaction has failed, and EvtProgramDma is not called.
 */
NTSTATUS WdfDmaTransactionExecute(WDFDMATRANSACTION dma_transaction, WDFCONTEXT context)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
	u32 generation;
	bool busy;

	if (!transaction)
		return STATUS_INVALID_HANDLE;
	if (!wdf_transfer_begin(transaction, context, __func__, &generation, &busy))
		goto put;
	status = STATUS_WDF_BUSY;
	if (!busy)
		status = wdf_transfer_stage(transaction, generation);
	if (NT_SUCCESS(status))
		wdf_transfer_program(transaction);
	else
		wdf_transfer_finish(transaction, generation, WDF_TRANSACTION_FAILED);
put:
	wdf_put(&transaction->object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionExecute);

enum wdf_completion {
	WDF_COMPLETED_ALL,
	WDF_COMPLETED_LENGTH,
	WDF_COMPLETED_FINAL,
};

/*
 * Take the transfer that the device is done with. Return false and a status if there is none. Store
 * to @error what is wrong with the length.
 */
static bool wdf_completion_take(struct wdf_transaction *transaction, enum wdf_completion kind,
				size_t length, const char *call, struct wdf_leftover *left,
				NTSTATUS *error, u32 *generation)
{
	unsigned long flags;
	bool taken = false;

	*error = STATUS_SUCCESS;
	spin_lock_irqsave(&transaction->lock, flags);
	if (!wdf_transaction_is_in(transaction, WDF_IN(TRANSFER), call))
		goto unlock;
	if (!wdf_transaction_has_transfer(transaction, kind != WDF_COMPLETED_FINAL, call))
		goto unlock;
	taken = true;
	*generation = transaction->generation;
	wdf_transfer_take(transaction, left, false);
	if (kind == WDF_COMPLETED_ALL)
		length = left->length;
	if (length > left->length)
		*error = STATUS_INVALID_PARAMETER;
	else
		transaction->transferred += length;
unlock:
	spin_unlock_irqrestore(&transaction->lock, flags);
	return taken;
}

/* Go on after a transfer has ended. Return STATUS_MORE_PROCESSING_REQUIRED if more is to come. */
static NTSTATUS wdf_completion_go_on(struct wdf_transaction *transaction, u32 generation,
				     enum wdf_completion kind, NTSTATUS error)
{
	bool done = transaction->transferred >= transaction->length;
	NTSTATUS status = error;

	if (NT_SUCCESS(status) && !done && transaction->single)
		status = STATUS_WDF_TOO_MANY_TRANSFERS;
	done |= kind == WDF_COMPLETED_FINAL;
	if (NT_SUCCESS(status) && !done) {
		status = wdf_transfer_stage(transaction, generation);
		if (NT_SUCCESS(status)) {
			wdf_transfer_program(transaction);
			return STATUS_MORE_PROCESSING_REQUIRED;
		}
	}
	wdf_transfer_finish(transaction, generation, NT_SUCCESS(status) ?
			    WDF_TRANSACTION_COMPLETED : WDF_TRANSACTION_FAILED);
	return status;
}

/* Return what a completion call returns for a transaction that is in no transfer. */
static bool wdf_completion_refused(const struct wdf_transaction *transaction, NTSTATUS *status)
{
	/* A driver may complete what it has cancelled, and goes on after TRUE. */
	if (READ_ONCE(transaction->state) == WDF_TRANSACTION_FAILED && transaction->cancelled) {
		*status = STATUS_CANCELLED;
		return true;
	}
	*status = STATUS_INVALID_DEVICE_REQUEST;
	return false;
}

static bool wdf_complete(WDFDMATRANSACTION handle, enum wdf_completion kind, size_t length,
			 NTSTATUS *status, const char *call)
{
	struct wdf_transaction *transaction;
	struct wdf_leftover left;
	NTSTATUS error, ended;
	bool result = true;
	u32 generation;

	if (wdf_is_wrong(status, "Status", call))
		return false;
	*status = STATUS_INVALID_HANDLE;
	transaction = wdf_transaction_get(handle, call);
	if (!transaction)
		return false;
	if (!wdf_completion_take(transaction, kind, length, call, &left, &error, &generation)) {
		result = wdf_completion_refused(transaction, status);
		goto put;
	}
	ended = wdf_transfer_give_back(transaction, &left);
	if (NT_SUCCESS(error))
		error = ended;
	*status = wdf_completion_go_on(transaction, generation, kind, error);
	result = *status != STATUS_MORE_PROCESSING_REQUIRED;
put:
	wdf_put(&transaction->object);
	return result;
}

/**
 * WdfDmaTransactionDmaCompleted() - the device has moved all bytes of the transfer
 * @dma_transaction: the transaction
 * @status: receives STATUS_MORE_PROCESSING_REQUIRED with FALSE, else the end of the transaction
 *
 * Answers to wdf: WdfDmaTransactionDmaCompleted. Ends the transfer, so that the CPU may look at its
 * bytes, and stages the next one. EvtProgramDma may run in the call. If it is called in
 * EvtProgramDma, the next EvtProgramDma runs after the one that calls.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: FALSE if there is another transfer. TRUE if the transaction has ended, with @status. In a
 * wrong state FALSE, with STATUS_INVALID_DEVICE_REQUEST and a report, and for a wrong handle with
 * STATUS_INVALID_HANDLE. After a cancel TRUE, with STATUS_CANCELLED and a report.
 */
BOOLEAN WdfDmaTransactionDmaCompleted(WDFDMATRANSACTION dma_transaction, NTSTATUS *status)
{
	return wdf_complete(dma_transaction, WDF_COMPLETED_ALL, 0, status, __func__);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionDmaCompleted);

/**
 * WdfDmaTransactionDmaCompletedWithLength() - the device has moved some bytes of the transfer
 * @dma_transaction: the transaction
 * @transferred_length: the bytes. The next transfer begins behind them
 * @status: as for WdfDmaTransactionDmaCompleted()
 *
 * Answers to wdf: WdfDmaTransactionDmaCompletedWithLength. With length 0 the transfer is repeated.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfDmaTransactionDmaCompleted(). For more bytes than the transfer has TRUE, with
 * STATUS_INVALID_PARAMETER. The transaction has failed then.
 */
BOOLEAN WdfDmaTransactionDmaCompletedWithLength(WDFDMATRANSACTION dma_transaction,
						SIZE_T transferred_length, NTSTATUS *status)
{
	return wdf_complete(dma_transaction, WDF_COMPLETED_LENGTH, transferred_length, status,
			    __func__);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionDmaCompletedWithLength);

/**
 * WdfDmaTransactionDmaCompletedFinal() - end the transaction with this transfer
 * @dma_transaction: the transaction
 * @final_transferred_length: bytes of the transfer that the device has moved
 * @status: as for WdfDmaTransactionDmaCompleted()
 *
 * Answers to wdf: WdfDmaTransactionDmaCompletedFinal. With a single transfer required, fewer bytes
 * than all give STATUS_WDF_TOO_MANY_TRANSFERS.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfDmaTransactionDmaCompletedWithLength(), but there is never another transfer.
 */
BOOLEAN WdfDmaTransactionDmaCompletedFinal(WDFDMATRANSACTION dma_transaction,
					   SIZE_T final_transferred_length, NTSTATUS *status)
{
	return wdf_complete(dma_transaction, WDF_COMPLETED_FINAL, final_transferred_length, status,
			    __func__);
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionDmaCompletedFinal);

/* Cancel the request to the adapter. Return false if it is too late. */
static bool wdf_cancel(struct wdf_transaction *transaction, u32 generation,
		       struct wdf_ticket *ticket, void *block)
{
	struct wdf_leftover left = {};
	unsigned long flags;
	bool cancelled;

	cancelled = wdf_ticket_cancel(transaction->enabler, transaction->channel, ticket, block);
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->cancelling = false;
	/* The transaction may have been released meanwhile, and dropped the request. */
	if (cancelled && transaction->generation == generation) {
		transaction->ticket = NULL;
		wdf_transfer_take(transaction, &left, true);
		transaction->state = WDF_TRANSACTION_FAILED;
		transaction->cancelled = true;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	wdf_transfer_give_back(transaction, &left);
	return cancelled;
}

/**
 * WdfDmaTransactionCancel() - take back a transaction that waits for the adapter
 * @dma_transaction: a transaction of an enabler with version 3
 *
 * Answers to wdf: WdfDmaTransactionCancel. After TRUE the driver must release or delete the
 * transaction.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: TRUE if EvtProgramDma will not be called. FALSE if it is too late, if there is nothing to
 * cancel, with an enabler of version 2, and for a wrong handle. A transaction that was never
 * initialized, or is released, is reported.
 */
BOOLEAN WdfDmaTransactionCancel(WDFDMATRANSACTION dma_transaction)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	unsigned long flags, good = WDF_IN(RESERVED) | WDF_IN(INITIALIZED) | WDF_IN(TRANSFER) |
				    WDF_IN(COMPLETED) | WDF_IN(FAILED);
	struct wdf_ticket *ticket = NULL;
	bool cancelled;
	u32 generation;
	void *block;

	if (!transaction)
		return FALSE;
	spin_lock_irqsave(&transaction->lock, flags);
	if (!wdf_is_version3(transaction->enabler))
		wdmdma_report(__func__, "needs an enabler with version 3");
	else if (wdf_transaction_is_in(transaction, good, __func__) && !transaction->cancelling)
		ticket = transaction->ticket;
	transaction->cancelling |= !!ticket;
	generation = transaction->generation;
	block = transaction->block;
	spin_unlock_irqrestore(&transaction->lock, flags);
	cancelled = ticket && wdf_cancel(transaction, generation, ticket, block);
	wdf_put(&transaction->object);
	return cancelled;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionCancel);
