// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of the adapter that transactions make. For lists these are GetScatterGatherList(Ex),
 * which need no memory of the caller's, for all enablers. Without lists these are a channel and
 * map registers, and one piece for each transfer.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

static PDEVICE_OBJECT wdf_slot_object(const struct wdf_enabler *enabler)
{
	return READ_ONCE(enabler->device->wdm);
}

static ULONG wdf_slot_flags(bool immediate)
{
	return immediate ? DMA_SYNCHRONOUS_CALLBACK : 0;
}

/* Ask for the list of the next bytes. Return a status. */
NTSTATUS wdf_slot_list(const struct wdf_stage *stage, struct wdf_ticket *ticket,
		       PDRIVER_LIST_CONTROL routine)
{
	PDEVICE_OBJECT object = wdf_slot_object(stage->enabler);
	struct wdf_channel *channel = stage->channel;
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);
	size_t offset = stage->offset;
	PMDL mdl;

	if (!adapter)
		return STATUS_DELETE_PENDING;
	if (wdf_is_version3(stage->enabler))
		return channel->ops->GetScatterGatherListEx(adapter, object, stage->block,
							    stage->mdl, offset, ticket->amount,
							    wdf_slot_flags(stage->immediate),
							    routine, wdf_ticket_context(ticket),
							    stage->direction, NULL, NULL, NULL);
	mdl = wdf_chain_at(stage->mdl, &offset);
	return channel->ops->GetScatterGatherList(adapter, object, mdl,
						  MmGetMdlVirtualAddress(mdl) + offset,
						  ticket->amount, routine,
						  wdf_ticket_context(ticket), stage->direction);
}

/* Ask for the channel with map registers. Return a status. */
NTSTATUS wdf_slot_channel(struct wdf_ticket *ticket, PDRIVER_CONTROL routine)
{
	struct wdf_transaction *transaction = ticket->transaction;
	struct wdf_channel *channel = wdf_channel_of(transaction->enabler, ticket->direction);
	PDEVICE_OBJECT object = wdf_slot_object(transaction->enabler);
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);
	ULONG flags = wdf_slot_flags(READ_ONCE(transaction->immediate));

	if (!adapter)
		return STATUS_DELETE_PENDING;
	if (wdf_is_version3(transaction->enabler))
		return channel->ops->AllocateAdapterChannelEx(adapter, object,
							      READ_ONCE(transaction->block),
							      ticket->amount, flags, routine,
							      wdf_ticket_context(ticket), NULL);
	return channel->ops->AllocateAdapterChannel(adapter, object, ticket->amount, routine,
						    wdf_ticket_context(ticket));
}

/* Map the next bytes under the map registers, into one element. @length becomes what is mapped. */
NTSTATUS wdf_slot_map(const struct wdf_stage *stage, size_t *length, struct wdf_one *one)
{
	struct wdf_channel *channel = stage->channel;
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);
	NTSTATUS status = STATUS_SUCCESS;
	PHYSICAL_ADDRESS address;
	ULONG mapped = *length;

	if (!adapter)
		return STATUS_DELETE_PENDING;
	if (wdf_is_version3(stage->enabler)) {
		status = channel->ops->MapTransferEx(adapter, stage->mdl, stage->base,
						     stage->offset, stage->device_offset, &mapped,
						     stage->direction, (PSCATTER_GATHER_LIST)one,
						     sizeof(*one), NULL, NULL);
	} else {
		address = channel->ops->MapTransfer(adapter, stage->mdl, stage->base,
						    MmGetMdlVirtualAddress(stage->mdl) +
						    stage->offset, &mapped, stage->direction);
		*one = (struct wdf_one) {
			.NumberOfElements = 1,
			.Element = { .Address = address, .Length = mapped },
		};
		/* The call tells a failure by the length alone. */
		if (!mapped)
			status = STATUS_INSUFFICIENT_RESOURCES;
	}
	*length = mapped;
	return status;
}

/*
 * End the transfer of a transaction. All that is mapped is flushed, also if the device has moved
 * fewer bytes, because the adapter keeps the other bytes of the memory as they are.
 */
NTSTATUS wdf_slot_end(struct wdf_transaction *transaction, const struct wdf_leftover *left)
{
	struct wdf_channel *channel = left->channel;
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);

	if (!adapter)
		return STATUS_DELETE_PENDING;
	if (left->list)
		channel->ops->PutScatterGatherList(adapter, left->list, left->direction);
	if (!left->flush)
		return STATUS_SUCCESS;
	if (wdf_is_version3(transaction->enabler))
		return channel->ops->FlushAdapterBuffersEx(adapter, left->mdl, left->base,
							   left->offset, left->length,
							   left->direction);
	/* FreeMapRegisters ends the mapping then. Version 2 keeps no registers. */
	if (left->mdl_gone)
		return STATUS_INVALID_DEVICE_REQUEST;
	return channel->ops->FlushAdapterBuffers(adapter, left->mdl, left->base,
						 MmGetMdlVirtualAddress(left->mdl) + left->offset,
						 left->length, left->direction) ?
	       STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

/* Give map registers back. */
void wdf_slot_free(struct wdf_transaction *transaction, const struct wdf_leftover *left)
{
	PDMA_ADAPTER adapter = READ_ONCE(left->channel->adapter);

	if (!adapter)
		return;
	if (transaction->enabler->system)
		left->channel->ops->FreeAdapterChannel(adapter);
	else
		left->channel->ops->FreeMapRegisters(adapter, left->base, left->registers);
}
