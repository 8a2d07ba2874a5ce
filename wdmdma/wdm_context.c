// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: transfer contexts.
 *
 * A context is a block in the driver's memory by which it can cancel a request.
 * There is no call that takes it back, so it holds nothing but its state. A request
 * that waits is found by the block's address.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "channel.h"
#include "wdm_transfer.h"

#define WDM_CONTEXT_MAGIC	0x57444d4354583031ULL

enum wdm_context_state {
	WDM_CONTEXT_NEW,	/* initialized; nothing was asked for with it */
	WDM_CONTEXT_USED,
	WDM_CONTEXT_CANCELLED,	/* what is asked for with it is not done */
};

/**
 * struct wdm_context - what we keep in the driver's block
 * @magic: WDM_CONTEXT_MAGIC
 * @adapter: whose
 * @state: enum wdm_context_state; changed by cmpxchg()
 */
struct wdm_context {
	u64 magic;
	struct wdmdma_adapter *adapter;
	u32 state;
};

static_assert(sizeof(struct wdm_context) <= DMA_TRANSFER_CONTEXT_SIZE_V1);

/* The context of this adapter in the driver's block; NULL, reported, if there is none. */
static struct wdm_context *wdm_context_of(struct wdmdma_adapter *adapter, const char *call,
					  PVOID block)
{
	struct wdm_context *context = block;

	if (!context)
		wdmdma_refuse(adapter->device, call, "DmaTransferContext is NULL");
	else if (context->magic != WDM_CONTEXT_MAGIC || context->adapter != adapter)
		wdmdma_refuse(adapter->device, call,
			      "DmaTransferContext is not initialized for this adapter");
	else
		return context;
	return NULL;
}

/* Does a request under this context wait? */
static bool wdm_context_waits(struct wdmdma_adapter *adapter, PVOID block)
{
	return wdmdma_list_waits(adapter, block) || wdmdma_channel_waits(adapter, block);
}

/**
 * WdmInitializeDmaTransferContext() - InitializeDmaTransferContext
 * @dma_adapter: from IoGetDmaAdapter()
 * @dma_transfer_context: DMA_TRANSFER_CONTEXT_SIZE_V1 bytes of the driver's; the
 *	contents do not matter
 *
 * Answers to wdm: PINITIALIZE_DMA_TRANSFER_CONTEXT. The block owns nothing: it may be
 * initialized again, or freed, when no request waits under it. A context that was
 * not cancelled may also be used again as it is.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER for NULL, or while a request waits
 * under the block.
 */
NTSTATUS WdmInitializeDmaTransferContext(PDMA_ADAPTER dma_adapter, PVOID dma_transfer_context)
{
	static const char call[] = "InitializeDmaTransferContext";
	struct wdmdma_adapter *adapter = wdm_adapter_find(dma_adapter, call);
	struct wdm_context *context = dma_transfer_context;
	NTSTATUS status = STATUS_INVALID_PARAMETER;

	if (!adapter)
		return status;
	if (!context) {
		wdmdma_refuse(adapter->device, call, "DmaTransferContext is NULL");
	} else if (wdm_context_waits(adapter, context)) {
		wdmdma_refuse(adapter->device, call, "a request waits under DmaTransferContext");
	} else {
		memset(context, 0, DMA_TRANSFER_CONTEXT_SIZE_V1);
		context->adapter = adapter;
		context->magic = WDM_CONTEXT_MAGIC;
		status = STATUS_SUCCESS;
	}
	wdmdma_adapter_put(adapter);
	return status;
}

/* A request is made under this context: may it be? */
NTSTATUS wdm_context_use(struct wdmdma_adapter *adapter, const char *call, PVOID block)
{
	struct wdm_context *context = wdm_context_of(adapter, call, block);

	if (!context)
		return STATUS_INVALID_PARAMETER;
	if (wdm_context_waits(adapter, block)) {
		wdmdma_refuse(adapter->device, call, "a request waits under DmaTransferContext");
		return STATUS_INVALID_PARAMETER;
	}
	if (cmpxchg(&context->state, WDM_CONTEXT_NEW, WDM_CONTEXT_USED) == WDM_CONTEXT_CANCELLED)
		return STATUS_CANCELLED;
	return STATUS_SUCCESS;
}

/**
 * WdmCancelAdapterChannel() - CancelAdapterChannel: cancel a request that waits
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: ignored
 * @dma_transfer_context: the context of the request
 *
 * Answers to wdm: PCANCEL_ADAPTER_CHANNEL. If nothing was asked for with the context
 * yet, the request that comes is not done: it returns STATUS_CANCELLED.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: TRUE if the request's routine will not be called; FALSE if it was, or is
 * about to be, or there is no such request.
 */
BOOLEAN WdmCancelAdapterChannel(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				PVOID dma_transfer_context)
{
	static const char call[] = "CancelAdapterChannel";
	struct wdmdma_adapter *adapter = wdm_adapter_find(dma_adapter, call);
	struct wdm_context *context;
	bool cancelled = false;

	if (!adapter)
		return FALSE;
	context = wdm_context_of(adapter, call, dma_transfer_context);
	if (context)
		cancelled = wdmdma_list_cancel(adapter, context) ||
			    wdmdma_channel_cancel(adapter, context) ||
			    cmpxchg(&context->state, WDM_CONTEXT_NEW, WDM_CONTEXT_CANCELLED) ==
			    WDM_CONTEXT_NEW;
	wdmdma_adapter_put(adapter);
	return cancelled;
}

/**
 * WdmCancelMappedTransfer() - CancelMappedTransfer: no further transfer
 * @dma_adapter: from IoGetDmaAdapter()
 * @dma_transfer_context: the context of the request
 *
 * Answers to wdm: PCANCEL_MAPPED_TRANSFER. What is asked for with the context from now
 * on returns STATUS_CANCELLED, and so does MapTransferEx under its registers. A transfer
 * that a bus master was given goes on: only its driver can stop it.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER for what is no initialized context.
 */
NTSTATUS WdmCancelMappedTransfer(PDMA_ADAPTER dma_adapter, PVOID dma_transfer_context)
{
	static const char call[] = "CancelMappedTransfer";
	struct wdmdma_adapter *adapter = wdm_adapter_find(dma_adapter, call);
	struct wdm_context *context;

	if (!adapter)
		return STATUS_INVALID_PARAMETER;
	context = wdm_context_of(adapter, call, dma_transfer_context);
	if (context) {
		WRITE_ONCE(context->state, WDM_CONTEXT_CANCELLED);
		wdmdma_registers_cancel(adapter, context);
	}
	wdmdma_adapter_put(adapter);
	return context ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}
