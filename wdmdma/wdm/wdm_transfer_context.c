// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: transfer contexts.
 *
 * A context is a block in the driver's memory, by which the driver can cancel a request. No call
 * gives a context back, so the block holds nothing but its state. A waiting request is found by
 * the address of the block.
 */
#include <linux/spinlock.h>
#include <linux/string.h>

#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/map_registers.h"
#include "core/sg_list.h"
#include "core/transfer.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_transfer_context.h"

#define WDM_CONTEXT_MAGIC	0x57444d4354583031ULL

enum wdm_context_state {
	WDM_CONTEXT_NEW,	/* initialized, and not used for a request yet */
	WDM_CONTEXT_USED,
	WDM_CONTEXT_CANCELLED,	/* a request under this context is refused */
};

/**
 * struct wdm_context - the contents of the driver's block
 * @magic: WDM_CONTEXT_MAGIC
 * @adapter: the adapter of the context. Compared, and never dereferenced
 * @state: enum wdm_context_state
 *
 * The block may have any alignment, so it must be copied in and out. wdmdma_transfers.lock
 * protects the blocks of an adapter, as it protects the requests that wait under them.
 */
struct wdm_context {
	u64 magic;
	const struct wdmdma_adapter *adapter;
	u32 state;
};

static_assert(sizeof(struct wdm_context) <= DMA_TRANSFER_CONTEXT_SIZE_V1);

/* Return true if a request waits under this context. */
static bool wdm_context_waits(struct wdmdma_adapter *adapter, PVOID transfer_context)
{
	lockdep_assert_held(&adapter->transfers.lock);
	return wdmdma_sg_list_waits(adapter, transfer_context) ||
	       wdmdma_channel_waits(adapter, transfer_context);
}

/*
 * Change the state of a context of this adapter to @to if it is @from, and store the old state in
 * @was. With @idle no request may wait under the context. Return false, and report, if a request
 * waits, or the block is no context of this adapter.
 */
static bool wdm_context_change(struct wdmdma_adapter *adapter, const char *call,
			       PVOID transfer_context, bool idle, u32 from, u32 to, u32 *was)
{
	const char *reason = "DmaTransferContext is not initialized for this adapter";
	struct wdm_context context = {};
	unsigned long flags;

	if (!transfer_context) {
		wdmdma_refuse(adapter->device, call, "DmaTransferContext is NULL");
		return false;
	}
	spin_lock_irqsave(&adapter->transfers.lock, flags);
	memcpy(&context, transfer_context, sizeof(context));
	if (idle && wdm_context_waits(adapter, transfer_context))
		reason = "a request waits under DmaTransferContext";
	else if (context.magic == WDM_CONTEXT_MAGIC && context.adapter == adapter)
		reason = NULL;
	*was = context.state;
	if (!reason && context.state == from) {
		context.state = to;
		memcpy(transfer_context, &context, sizeof(context));
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (reason)
		wdmdma_refuse_for(adapter->device, call, reason, "%s", reason);
	return !reason;
}

/**
 * WdmInitializeDmaTransferContext() - InitializeDmaTransferContext
 * @dma_adapter: from IoGetDmaAdapter()
 * @dma_transfer_context: DMA_TRANSFER_CONTEXT_SIZE_V1 bytes of the driver, aligned or
 *	not. The old contents do not matter
 *
 * Answers to wdm: PINITIALIZE_DMA_TRANSFER_CONTEXT. The block owns nothing. The driver may
 * initialize it again, or free it, while no request waits under it. A context that was not
 * cancelled may also be used again as it is.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER for NULL, or while a request waits under the block
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 */
NTSTATUS WdmInitializeDmaTransferContext(PDMA_ADAPTER dma_adapter, PVOID dma_transfer_context)
{
	static const char call[] = "InitializeDmaTransferContext";
	struct wdm_context context = { .magic = WDM_CONTEXT_MAGIC };
	struct wdmdma_adapter *adapter;
	const char *reason = NULL;
	unsigned long flags;
	int ret = -EINVAL;

	rcu_read_lock();
	adapter = wdm_peek(dma_adapter, call);
	if (IS_ERR(adapter)) {
		ret = PTR_ERR(adapter);
		goto unlock;
	}
	if (!dma_transfer_context) {
		wdmdma_refuse(adapter->device, call, "DmaTransferContext is NULL");
		goto unlock;
	}
	context.adapter = adapter;
	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (wdm_context_waits(adapter, dma_transfer_context))
		reason = "a request waits under DmaTransferContext";
	else
		memcpy(dma_transfer_context, &context, sizeof(context));
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (reason)
		wdmdma_refuse_for(adapter->device, call, reason, "%s", reason);
	else
		ret = 0;
unlock:
	rcu_read_unlock();
	return wdm_status(ret);
}

/*
 * Mark a context as used by a new request. Return an error if the request must not be made. @first
 * receives whether this is the context's first request.
 */
int wdm_context_use(struct wdmdma_adapter *adapter, const char *call, PVOID transfer_context,
		    bool *first)
{
	u32 was;

	*first = false;
	if (!wdm_context_change(adapter, call, transfer_context, true, WDM_CONTEXT_NEW,
				WDM_CONTEXT_USED, &was))
		return -EINVAL;
	*first = was == WDM_CONTEXT_NEW;
	return was == WDM_CONTEXT_CANCELLED ? -ECANCELED : 0;
}

/*
 * Undo wdm_context_use() for a first request that was not made. An early cancel must still cancel
 * the request that is made instead.
 */
void wdm_context_unuse(struct wdmdma_adapter *adapter, const char *call, PVOID transfer_context)
{
	u32 was;

	wdm_context_change(adapter, call, transfer_context, true, WDM_CONTEXT_USED, WDM_CONTEXT_NEW,
			   &was);
}

/**
 * WdmCancelAdapterChannel() - CancelAdapterChannel: cancel a request that waits
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: ignored
 * @dma_transfer_context: the context of the request
 *
 * Answers to wdm: PCANCEL_ADAPTER_CHANNEL. If the context has not been used for a request yet,
 * the next request under it returns STATUS_CANCELLED.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: TRUE if the routine of the request will not be called. FALSE if it was called, or is
 * about to be called, or if there is no such request.
 */
BOOLEAN WdmCancelAdapterChannel(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				PVOID dma_transfer_context)
{
	static const char call[] = "CancelAdapterChannel";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, DISPATCH_LEVEL);
	bool cancelled = false;
	u32 was;

	if (IS_ERR(adapter))
		return FALSE;
	if (wdm_context_change(adapter, call, dma_transfer_context, false, WDM_CONTEXT_NEW,
			       WDM_CONTEXT_CANCELLED, &was))
		cancelled = was == WDM_CONTEXT_NEW ||
			    wdmdma_sg_list_cancel(adapter, dma_transfer_context) ||
			    wdmdma_channel_cancel(adapter, dma_transfer_context);
	wdmdma_adapter_put(adapter);
	return cancelled;
}

/**
 * WdmCancelMappedTransfer() - CancelMappedTransfer: no further transfer
 * @dma_adapter: from IoGetDmaAdapter()
 * @dma_transfer_context: the context of the request
 *
 * Answers to wdm: PCANCEL_MAPPED_TRANSFER. From now on a request under this context returns
 * STATUS_CANCELLED, and so does MapTransferEx under its registers. A transfer that a bus master
 * was given goes on, because only its driver can stop the device.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER if the block is no initialized context
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 */
NTSTATUS WdmCancelMappedTransfer(PDMA_ADAPTER dma_adapter, PVOID dma_transfer_context)
{
	static const char call[] = "CancelMappedTransfer";
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, DISPATCH_LEVEL);
	u32 was;

	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	/* The state is either new or used, and a used context does not become new again. */
	if (wdm_context_change(adapter, call, dma_transfer_context, false, WDM_CONTEXT_NEW,
			       WDM_CONTEXT_CANCELLED, &was) &&
	    wdm_context_change(adapter, call, dma_transfer_context, false, WDM_CONTEXT_USED,
			       WDM_CONTEXT_CANCELLED, &was)) {
		wdmdma_registers_cancel(adapter, dma_transfer_context);
		status = STATUS_SUCCESS;
	}
	wdmdma_adapter_put(adapter);
	return status;
}
