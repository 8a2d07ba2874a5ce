// SPDX-License-Identifier: GPL-2.0-only
/* Transactions: creation, initialization, release, and deletion. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/export.h>
#include <linux/slab.h>

#include "address.h"
#include "wdf/request.h"

static struct kmem_cache *wdf_transaction_cache;

/* Return the transaction of a handle, with a reference, or report and return NULL. */
struct wdf_transaction *wdf_transaction_get(WDFDMATRANSACTION handle, const char *call)
{
	struct wdf_object *object;

	if (wdf_above_dispatch(call))
		return NULL;
	object = wdf_get(handle, &wdf_transaction_class, call);
	return object ? wdf_transaction_of(object) : NULL;
}

/* Return true if the state is one of these. Report it if it is not. */
bool wdf_transaction_is_in(const struct wdf_transaction *transaction, unsigned long states,
			   const char *call)
{
	lockdep_assert_held(&transaction->lock);
	if (likely(states & BIT(transaction->state)))
		return true;
	wdmdma_report(call, "the transaction is in state %u (bug check 0x10D, code 8)",
		      transaction->state);
	return false;
}

/*
 * Return true if a transfer is mapped, and with @given also EvtProgramDma was called for it. Report
 * it if not.
 */
bool wdf_transaction_has_transfer(const struct wdf_transaction *transaction, bool given,
				  const char *call)
{
	lockdep_assert_held(&transaction->lock);
	if (likely(transaction->mapped && !(given && transaction->ready)))
		return true;
	wdmdma_report(call, "the device was given no transfer (bug check 0x10D, code 8)");
	return false;
}

/* Report an MDL that was freed since the transaction was initialized. Return true if it was. */
bool wdf_transaction_lost_mdl(const struct wdf_transaction *transaction, const char *call)
{
	if (likely(!READ_ONCE(transaction->mdl_gone)))
		return false;
	wdmdma_report(call, "the MDL of the transaction was freed");
	return true;
}

/*
 * Forget what a transaction was initialized with, and what was set for it. Return its request,
 * which the caller must put without the lock, or NULL.
 */
static struct wdf_object *wdf_transaction_clear(struct wdf_transaction *transaction)
{
	struct wdf_object *request = transaction->request;

	lockdep_assert_held(&transaction->lock);
	wdf_watch_end(transaction);
	transaction->cancelled = false;
	transaction->transferred = 0;
	transaction->current_length = 0;
	transaction->program = NULL;
	transaction->mdl = NULL;
	transaction->immediate = false;
	transaction->single = wdf_enabler_is_single(transaction->enabler);
	transaction->request = NULL;
	return request;
}

/*
 * Give all back, and go to state @to, unless the transaction is deleted. Report a transfer that the
 * device may still do. The request is forgotten.
 */
static void wdf_transaction_reset(struct wdf_transaction *transaction,
				  enum wdf_transaction_state to, const char *call)
{
	struct wdf_object *request;
	struct wdf_leftover left;
	unsigned long flags;
	bool busy;

	spin_lock_irqsave(&transaction->lock, flags);
	if (transaction->state == WDF_TRANSACTION_DELETED) {
		spin_unlock_irqrestore(&transaction->lock, flags);
		return;
	}
	busy = transaction->state == WDF_TRANSACTION_TRANSFER;
	if (to == WDF_TRANSACTION_DELETED)
		transaction->reserved = false;
	wdf_transfer_take(transaction, &left, true);
	transaction->state = to;
	request = wdf_transaction_clear(transaction);
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (busy)
		wdmdma_report(call,
			      "the transaction is in a transfer, which is ended (bug check 0x10D, code 8)");
	wdf_transfer_give_back(transaction, &left);
	if (request)
		wdf_put(request);
}

static void wdf_transaction_dispose(struct wdf_object *object)
{
	wdf_transaction_reset(wdf_transaction_of(object), WDF_TRANSACTION_DELETED,
			      "WdfObjectDelete");
}

static void wdf_transaction_free(struct wdf_object *object)
{
	kmem_cache_free(wdf_transaction_cache, wdf_transaction_of(object));
}

const struct wdf_class wdf_transaction_class = {
	.name = "WDFDMATRANSACTION",
	.asks = true,
	.dispose = wdf_transaction_dispose,
	.free = wdf_transaction_free,
};

static struct wdf_transaction *wdf_transaction_new(struct wdf_enabler *enabler)
{
	struct wdf_transaction *transaction = kmem_cache_zalloc(wdf_transaction_cache, wdf_gfp());

	if (!transaction)
		return NULL;
	wdf_object_init(&transaction->object, &wdf_transaction_class);
	spin_lock_init(&transaction->lock);
	transaction->enabler = enabler;
	transaction->state = WDF_TRANSACTION_CREATED;
	transaction->block = transaction->blocks[0];
	transaction->channel = &enabler->channel[0];
	transaction->single = wdf_enabler_is_single(enabler);
	INIT_HLIST_NODE(&transaction->watch);
	INIT_LIST_HEAD(&transaction->watch_chain);
	INIT_LIST_HEAD(&transaction->more_tickets);
	return transaction;
}

/**
 * WdfDmaTransactionCreate() - make a transaction
 * @dma_enabler: the enabler, with which it is deleted at the latest
 * @attributes: callbacks and context. The parent must be NULL. Optional
 * @dma_transaction: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfDmaTransactionCreate.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_WDF_PARENT_ASSIGNMENT_NOT_ALLOWED, STATUS_DELETE_PENDING, STATUS_INVALID_HANDLE
 * * STATUS_INVALID_PARAMETER for NULL
 * * STATUS_INVALID_DEVICE_REQUEST in an interrupt
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS WdfDmaTransactionCreate(WDFDMAENABLER dma_enabler, PWDF_OBJECT_ATTRIBUTES attributes,
				 WDFDMATRANSACTION *dma_transaction)
{
	struct wdf_transaction *transaction;
	struct wdf_object *enabler;
	NTSTATUS status;

	if (wdf_is_wrong(dma_transaction, "DmaTransaction", __func__))
		return STATUS_INVALID_PARAMETER;
	*dma_transaction = NULL;
	if (wdf_above_dispatch(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	enabler = wdf_get(dma_enabler, &wdf_enabler_class, __func__);
	if (!enabler)
		return STATUS_INVALID_HANDLE;
	status = wdf_attributes_check(attributes, false, __func__);
	if (!NT_SUCCESS(status))
		goto put;
	status = STATUS_INSUFFICIENT_RESOURCES;
	transaction = wdf_transaction_new(wdf_enabler_of(enabler));
	if (!transaction)
		goto put;
	status = wdf_object_attach(&transaction->object, enabler, attributes);
	if (NT_SUCCESS(status))
		status = wdf_object_publish(&transaction->object, dma_transaction);
	if (!NT_SUCCESS(status))
		wdf_object_abandon(&transaction->object);
put:
	wdf_put(enabler);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionCreate);

/* What a transaction is initialized with. */
struct wdf_init {
	const char *call;
	PFN_WDF_PROGRAM_DMA program;
	WDF_DMA_DIRECTION direction;
	PMDL mdl;
	size_t offset;
	size_t length;
	struct wdf_object *request;
	struct wdf_chain chain;
	u32 max_elements;
	bool fragmented;
};

/* Return the status for arguments that are refused in any state. */
static NTSTATUS wdf_init_check(const struct wdf_transaction *transaction, struct wdf_init *init)
{
	const struct wdf_enabler *enabler = transaction->enabler;
	const char *fault = NULL;

	if (wdf_is_wrong(init->program, "EvtProgramDmaFunction", init->call) ||
	    wdf_is_wrong(init->mdl, "Mdl", init->call))
		return STATUS_INVALID_PARAMETER;
	if (!init->length || init->length > U32_MAX)
		fault = "Length is 0, or exceeds 32 bits";
	else if (init->direction > WdfDmaDirectionWriteToDevice)
		fault = "DmaDirection is unknown";
	else if (init->offset >= init->mdl->ByteCount)
		fault = "the start is not in the first MDL";
	else if (!enabler->lists && !wdf_is_version3(enabler) &&
		 init->length > init->mdl->ByteCount - init->offset)
		fault = "a packet profile with version 2 takes one MDL";
	else
		wdf_chain_look(init->mdl, init->offset, init->length, &init->chain);
	fault = fault ?: init->chain.fault;
	if (!fault)
		return STATUS_SUCCESS;
	wdmdma_report(init->call, "%s", fault);
	return STATUS_INVALID_PARAMETER;
}

/* Return the status of a transaction that must be one transfer. */
static NTSTATUS wdf_init_single(struct wdf_transaction *transaction, const struct wdf_init *init)
{
	struct wdf_channel *channel = transaction->channel;
	DMA_TRANSFER_INFO info = { .Version = DMA_TRANSFER_INFO_VERSION1 };
	u32 most = transaction->enabler->lists ? transaction->max_elements : 1;
	u32 registers = transaction->reserved ? transaction->registers : channel->registers;
	NTSTATUS status;

	transaction->limit = transaction->enabler->maximum;
	if (init->length > transaction->limit)
		return STATUS_WDF_TOO_MANY_TRANSFERS;
	status = channel->ops->GetDmaTransferInfo(channel->adapter, init->mdl, init->offset,
						  init->length, init->direction, &info);
	if (!NT_SUCCESS(status))
		return status;
	if (info.V1.MapRegisterCount > registers)
		return STATUS_WDF_NOT_ENOUGH_MAP_REGISTERS;
	return info.V1.ScatterGatherElementCount > most ? STATUS_WDF_TOO_FRAGMENTED :
							  STATUS_SUCCESS;
}

/* Compare the chain with the enabler's limit on elements. No lock is held, as it may be long. */
static void wdf_init_elements(const struct wdf_transaction *transaction, struct wdf_init *init)
{
	struct wdf_enabler *enabler = transaction->enabler;
	struct wdf_channel *channel = wdf_channel_of(enabler, init->direction);

	init->max_elements = READ_ONCE(enabler->max_elements);
	if (!enabler->lists || init->max_elements == U32_MAX || !init->chain.holds)
		return;
	init->fragmented = wdf_chain_is_fragmented(init->mdl, init->offset, init->length,
						   channel->fragment, channel->registers,
						   init->max_elements);
}

/* Check what depends on the adapter. Return a status. */
static NTSTATUS wdf_init_adapter(struct wdf_transaction *transaction, const struct wdf_init *init)
{
	struct wdf_channel *channel = wdf_channel_of(transaction->enabler, init->direction);
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);
	NTSTATUS status = STATUS_SUCCESS;

	if (!adapter) {
		wdmdma_report(init->call, "the enabler has no adapter for DmaDirection");
		return STATUS_INVALID_DEVICE_REQUEST;
	}
	if (transaction->reserved && channel != transaction->channel) {
		wdmdma_report(init->call, "DmaDirection is not that of the transaction");
		return STATUS_INVALID_PARAMETER;
	}
	transaction->channel = channel;
	transaction->limit = channel->fragment;
	transaction->max_elements = init->max_elements;
	if (wdf_is_version3(transaction->enabler) && !transaction->ticket)
		status = channel->ops->InitializeDmaTransferContext(adapter, transaction->block);
	if (!NT_SUCCESS(status))
		return status;
	if (!init->chain.holds) {
		wdmdma_report(init->call, "the chain has fewer bytes than Length");
		return STATUS_BUFFER_TOO_SMALL;
	}
	if (transaction->single)
		return wdf_init_single(transaction, init);
	return init->fragmented ? STATUS_WDF_TOO_FRAGMENTED : STATUS_SUCCESS;
}

/*
 * Do the part of Initialize that needs a state. Return a status. A reserved transaction may have
 * been initialized before. @old receives its request from then, which the caller must put without
 * the lock, or NULL.
 */
static NTSTATUS wdf_init_locked(struct wdf_transaction *transaction, const struct wdf_init *init,
				struct wdf_object **old)
{
	unsigned long good = WDF_IN(CREATED) | WDF_IN(RESERVED) | WDF_IN(RELEASED);
	NTSTATUS status;

	lockdep_assert_held(&transaction->lock);
	if (!wdf_transaction_is_in(transaction, good, init->call))
		return STATUS_INVALID_DEVICE_REQUEST;
	status = wdf_init_adapter(transaction, init);
	if (!NT_SUCCESS(status)) {
		transaction->state = WDF_TRANSACTION_RELEASED;
		*old = wdf_transaction_clear(transaction);
		return status;
	}
	transaction->state = WDF_TRANSACTION_INITIALIZED;
	transaction->program = init->program;
	transaction->direction = init->direction;
	wdf_watch_end(transaction);
	transaction->mdl = init->mdl;
	transaction->start = init->offset;
	transaction->length = init->length;
	transaction->transferred = 0;
	transaction->current_length = 0;
	*old = transaction->request;
	transaction->request = init->request;
	if (init->request)
		refcount_inc(&init->request->refs);
	wdf_watch_begin(transaction, init->chain.mdls);
	return status;
}

static NTSTATUS wdf_init_do(struct wdf_transaction *transaction, struct wdf_init *init)
{
	NTSTATUS status = wdf_init_check(transaction, init);
	struct wdf_object *old = NULL;
	unsigned long flags;

	if (!NT_SUCCESS(status))
		return status;
	wdf_init_elements(transaction, init);
	spin_lock_irqsave(&transaction->lock, flags);
	status = wdf_init_locked(transaction, init, &old);
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (old)
		wdf_put(old);
	return status;
}

/**
 * WdfDmaTransactionInitialize() - say what a transaction moves
 * @dma_transaction: the transaction
 * @evt_program_dma_function: called for each transfer
 * @dma_direction: the direction
 * @mdl: resident memory, alone or chained. It must stay until the transaction has ended. An MDL
 *	that is freed before is reported by IoFreeMdl(), and WdfDmaTransactionExecute() is refused
 * @virtual_address: start, in terms of MmGetMdlVirtualAddress(@mdl), in the first MDL
 * @length: bytes, from there along the chain
 *
 * Answers to wdf: WdfDmaTransactionInitialize. Nothing is mapped.
 *
 * Differs from Windows: a chain that is too short is always found here.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER, with a report, also for an MDL with fewer page frames than its bytes
 *   need, and for a chain that goes round. The state is kept
 * * STATUS_INVALID_DEVICE_REQUEST, with a report, in a state in which the transaction must be
 *   released first, which is kept
 * * STATUS_INVALID_HANDLE
 * * STATUS_BUFFER_TOO_SMALL if the chain is shorter
 * * STATUS_WDF_TOO_FRAGMENTED for more pages than the enabler allows elements
 * * STATUS_WDF_TOO_MANY_TRANSFERS, STATUS_WDF_NOT_ENOUGH_MAP_REGISTERS if it must be a single
 *   transfer, and others of the adapter for what one transfer needs
 * * STATUS_INVALID_DEVICE_REQUEST, with a report, before a system profile is configured
 * * STATUS_INVALID_PARAMETER, with a report, for another direction than that of the map registers
 *   which the transaction has. After this and the four above the transaction is released
 */
NTSTATUS WdfDmaTransactionInitialize(WDFDMATRANSACTION dma_transaction,
				     PFN_WDF_PROGRAM_DMA evt_program_dma_function,
				     WDF_DMA_DIRECTION dma_direction, PMDL mdl,
				     PVOID virtual_address, SIZE_T length)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	struct wdf_init init = {
		.call = __func__,
		.program = evt_program_dma_function,
		.direction = dma_direction,
		.mdl = mdl,
		.length = length,
	};
	NTSTATUS status;

	if (!transaction)
		return STATUS_INVALID_HANDLE;
	/* An address below the MDL wraps to an offset that no MDL has. */
	if (!wdmdma_is_no_address(mdl))
		init.offset = (u8 *)virtual_address - (u8 *)MmGetMdlVirtualAddress(mdl);
	status = wdf_init_do(transaction, &init);
	wdf_put(&transaction->object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionInitialize);

/**
 * WdfDmaTransactionInitializeUsingOffset() - say what a transaction moves, by an offset
 * @dma_transaction: as for WdfDmaTransactionInitialize()
 * @evt_program_dma_function: as for WdfDmaTransactionInitialize()
 * @dma_direction: as for WdfDmaTransactionInitialize()
 * @mdl: as for WdfDmaTransactionInitialize()
 * @offset: start, in bytes from the first byte of @mdl. It must lie in the first MDL
 * @length: as for WdfDmaTransactionInitialize()
 *
 * Answers to wdf: WdfDmaTransactionInitializeUsingOffset.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfDmaTransactionInitialize().
 */
NTSTATUS WdfDmaTransactionInitializeUsingOffset(WDFDMATRANSACTION dma_transaction,
						PFN_WDF_PROGRAM_DMA evt_program_dma_function,
						WDF_DMA_DIRECTION dma_direction, PMDL mdl,
						SIZE_T offset, SIZE_T length)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	struct wdf_init init = {
		.call = __func__,
		.program = evt_program_dma_function,
		.direction = dma_direction,
		.mdl = mdl,
		.offset = offset,
		.length = length,
	};
	NTSTATUS status;

	if (!transaction)
		return STATUS_INVALID_HANDLE;
	status = wdf_init_do(transaction, &init);
	wdf_put(&transaction->object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionInitializeUsingOffset);

/**
 * WdfDmaTransactionInitializeUsingRequest() - move the memory of a request
 * @dma_transaction: as for WdfDmaTransactionInitialize()
 * @request: a read, a write, or a device control with memory
 * @evt_program_dma_function: as for WdfDmaTransactionInitialize()
 * @dma_direction: must be that of the request
 *
 * Answers to wdf: WdfDmaTransactionInitializeUsingRequest. The request is kept until the
 * transaction is released, and must not be completed while the transaction is in a transfer.
 *
 * Differs from Windows: a buffered device control with more output than input is described as a
 * whole.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfDmaTransactionInitialize(), and
 *
 * * STATUS_INVALID_DEVICE_REQUEST for the wrong direction, length 0, and other requests
 * * STATUS_INTERNAL_ERROR, with a report, for a request that is completed
 * * STATUS_INSUFFICIENT_RESOURCES if there is no memory for an MDL
 */
NTSTATUS WdfDmaTransactionInitializeUsingRequest(WDFDMATRANSACTION dma_transaction,
						 WDFREQUEST request,
						 PFN_WDF_PROGRAM_DMA evt_program_dma_function,
						 WDF_DMA_DIRECTION dma_direction)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);
	struct wdf_init init = {
		.call = __func__,
		.program = evt_program_dma_function,
		.direction = dma_direction,
	};
	NTSTATUS status = STATUS_INVALID_HANDLE;

	if (!transaction)
		return status;
	init.request = wdf_get(request, &wdf_request_class, __func__);
	if (!init.request)
		goto put;
	status = STATUS_INVALID_PARAMETER;
	if (dma_direction <= WdfDmaDirectionWriteToDevice)
		status = wdf_request_memory(init.request, dma_direction, &init.mdl, &init.length,
					    __func__);
	if (NT_SUCCESS(status))
		status = wdf_init_do(transaction, &init);
	wdf_put(init.request);
put:
	wdf_put(&transaction->object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionInitializeUsingRequest);

/**
 * WdfDmaTransactionRelease() - make a transaction ready to be initialized again
 * @dma_transaction: the transaction
 *
 * Answers to wdf: WdfDmaTransactionRelease. A transfer that is under way is reported, and ended,
 * which the device does not know. Map registers of WdfDmaTransactionAllocateResources() and the
 * callbacks of a system profile stay. A second call does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, or STATUS_INVALID_HANDLE.
 */
NTSTATUS WdfDmaTransactionRelease(WDFDMATRANSACTION dma_transaction)
{
	struct wdf_transaction *transaction = wdf_transaction_get(dma_transaction, __func__);

	if (!transaction)
		return STATUS_INVALID_HANDLE;
	wdf_transaction_reset(transaction, WDF_TRANSACTION_RELEASED, __func__);
	wdf_put(&transaction->object);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(WdfDmaTransactionRelease);

int wdf_transaction_init(void)
{
	wdf_transaction_cache = KMEM_CACHE(wdf_transaction, 0);
	return wdf_transaction_cache ? 0 : -ENOMEM;
}

void wdf_transaction_exit(void)
{
	kmem_cache_destroy(wdf_transaction_cache);
}
