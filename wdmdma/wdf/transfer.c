// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stages a transfer, and ends it. See wdf/ticket.c for what the adapter gives later.
 *
 * transaction->lock is not held while the adapter or the driver is called. Whatever a thread has
 * got from the adapter belongs to it until it is stored under the lock. If the generation has
 * changed until then, the transaction was released, deleted or cancelled, and the thread gives
 * back what it has got.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/poison.h>
#include <linux/string.h>

#include "wdf/request.h"

/* Take what outlives a transfer. Whatever is under way for the transaction comes too late. */
static void wdf_transfer_take_rest(struct wdf_transaction *transaction, struct wdf_leftover *left)
{
	wdf_watch_end(transaction);
	transaction->generation++;
	transaction->restage = false;
	if (transaction->ticket) {
		/* The answer is not wanted any more. The request keeps its transfer context. */
		if (wdf_is_version3(transaction->enabler) && !transaction->cancelling)
			left->ticket = transaction->ticket;
		transaction->ticket = NULL;
		transaction->block = transaction->blocks[left->block == transaction->blocks[0]];
	}
	if (!transaction->base)
		transaction->reserved = false;
	if (transaction->base && !transaction->reserved) {
		left->free = !transaction->in_use;
		transaction->base = NULL;
		transaction->in_use = false;
	}
	if (transaction->busy_mark) {
		transaction->busy_mark = false;
		clear_bit_unlock(0, &transaction->enabler->device->packet_busy);
	}
	left->in_request = transaction->in_request;
	transaction->in_request = false;
	if (left->in_request) {
		left->request = transaction->request;
		refcount_inc(&left->request->refs);
	}
}

/* Take the transfer that is mapped, and with @all also what outlives a transfer. */
void wdf_transfer_take(struct wdf_transaction *transaction, struct wdf_leftover *left, bool all)
{
	lockdep_assert_held(&transaction->lock);
	*left = (struct wdf_leftover) {
		.offset = transaction->start + transaction->transferred,
		.length = transaction->current_length,
		.mdl = transaction->mdl,
		.mdl_gone = READ_ONCE(transaction->mdl_gone),
		.base = transaction->base,
		.registers = transaction->registers,
		.direction = transaction->direction,
		.channel = transaction->channel,
		.block = transaction->block,
	};
	if (transaction->mapped) {
		left->list = transaction->enabler->lists ? transaction->list : NULL;
		left->flush = !transaction->enabler->lists && transaction->list;
	}
	transaction->mapped = false;
	transaction->ready = false;
	transaction->list = NULL;
	transaction->current_length = 0;
	if (!all || transaction->reserved) {
		left->in_use = left->flush;
		transaction->in_use |= left->flush;
	}
	if (all)
		wdf_transfer_take_rest(transaction, left);
}

/*
 * Begin to use the base of the transaction. Return false if the transaction has dropped the base,
 * or a thread still uses it for the transfer before.
 */
static bool wdf_transfer_use_base(struct wdf_transaction *transaction,
				  const struct wdf_stage *stage)
{
	unsigned long flags;
	bool used;

	spin_lock_irqsave(&transaction->lock, flags);
	used = transaction->generation == stage->generation && transaction->base == stage->base &&
	       !transaction->in_use;
	if (used)
		transaction->in_use = true;
	spin_unlock_irqrestore(&transaction->lock, flags);
	return used;
}

/* End the use of a base. Return true if the transaction has dropped it, and the caller frees it. */
static bool wdf_transfer_let_go(struct wdf_transaction *transaction, const void *base)
{
	unsigned long flags;
	bool dropped;

	spin_lock_irqsave(&transaction->lock, flags);
	dropped = transaction->base != base;
	if (!dropped)
		transaction->in_use = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
	return dropped;
}

/* Give back what was taken. Return the status of the end of the transfer. */
NTSTATUS wdf_transfer_give_back(struct wdf_transaction *transaction, struct wdf_leftover *left)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (left->list || left->flush)
		status = wdf_slot_end(transaction, left);
	if (left->ticket)
		wdf_ticket_cancel(transaction->enabler, left->channel, left->ticket, left->block);
	if (left->in_use && wdf_transfer_let_go(transaction, left->base))
		left->free = true;
	if (left->free)
		wdf_slot_free(transaction, left);
	if (left->in_request) {
		wdf_request_leave(left->request);
		wdf_put(left->request);
	}
	return status;
}

/*
 * End the transaction, if it is still the one of @generation. Return false if it is not. What it
 * had is given back.
 */
bool wdf_transfer_finish(struct wdf_transaction *transaction, u32 generation,
			 enum wdf_transaction_state state)
{
	struct wdf_leftover left;
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	if (transaction->generation != generation) {
		spin_unlock_irqrestore(&transaction->lock, flags);
		return false;
	}
	wdf_transfer_take(transaction, &left, true);
	transaction->state = state;
	spin_unlock_irqrestore(&transaction->lock, flags);
	wdf_transfer_give_back(transaction, &left);
	return true;
}

/* Call EvtProgramDma for the transfer that is mapped, and for those that are mapped meanwhile. */
void wdf_transfer_program(struct wdf_transaction *transaction)
{
	struct wdf_enabler *enabler = transaction->enabler;
	PFN_WDF_PROGRAM_DMA program;
	WDF_DMA_DIRECTION direction;
	PSCATTER_GATHER_LIST list;
	WDFCONTEXT context;
	unsigned long flags;
	bool enable;

	spin_lock_irqsave(&transaction->lock, flags);
	if (transaction->programming)
		goto unlock;
	transaction->programming = true;
	while (transaction->ready) {
		transaction->ready = false;
		program = transaction->program;
		context = transaction->context;
		direction = transaction->direction;
		list = transaction->list;
		if (!enabler->lists) {
			transaction->shown = transaction->one;
			list = (PSCATTER_GATHER_LIST)&transaction->shown;
		}
		spin_unlock_irqrestore(&transaction->lock, flags);
		enable = wdf_raise();
		program(wdf_handle(&transaction->object), wdf_handle(&enabler->device->object),
			context, direction, list);
		wdf_lower(enable);
		spin_lock_irqsave(&transaction->lock, flags);
		/* The driver must not use the list after the callback, and would see it here. */
		if (!enabler->lists)
			memset(&transaction->shown, POISON_FREE, sizeof(transaction->shown));
	}
	transaction->programming = false;
unlock:
	spin_unlock_irqrestore(&transaction->lock, flags);
}

/*
 * Store a list that the adapter gave for @generation, or else @one. Return false if it is not
 * wanted.
 */
static bool wdf_transfer_store(struct wdf_transaction *transaction, u32 generation,
			       PSCATTER_GATHER_LIST list, const struct wdf_one *one, size_t length)
{
	unsigned long flags;
	bool wanted;

	spin_lock_irqsave(&transaction->lock, flags);
	wanted = transaction->generation == generation;
	if (wanted) {
		if (one)
			transaction->one = *one;
		transaction->list = list ?: (PSCATTER_GATHER_LIST)&transaction->one;
		transaction->current_length = length;
		transaction->in_use = false;
		transaction->mapped = true;
		transaction->ready = true;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return wanted;
}

static void wdf_transfer_put_list(struct wdf_transaction *transaction, WDF_DMA_DIRECTION direction,
				  PSCATTER_GATHER_LIST list)
{
	struct wdf_leftover left = {
		.list = list,
		.direction = direction,
		.channel = wdf_channel_of(transaction->enabler, direction),
	};

	wdf_slot_end(transaction, &left);
}

/* The adapter gives a list. */
static VOID wdf_transfer_list_arrived(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list,
				      PVOID context)
{
	struct wdf_transaction *transaction;
	struct wdf_ticket *ticket;

	if (wdf_ticket_answered(context, list, &ticket) != WDF_ANSWER_TAKEN)
		return;
	transaction = ticket->transaction;
	if (wdf_transfer_store(transaction, ticket->generation, list, NULL, ticket->amount))
		wdf_transfer_program(transaction);
	else
		wdf_transfer_put_list(transaction, ticket->direction, list);
	wdf_ticket_free(ticket);
}

/* Ask for the list of the next @length bytes. Return a status. */
static NTSTATUS wdf_transfer_map_list(struct wdf_transaction *transaction,
				      const struct wdf_stage *stage, size_t length)
{
	PSCATTER_GATHER_LIST list;
	struct wdf_ticket *ticket;
	NTSTATUS status;

	ticket = wdf_ticket_begin(transaction, stage->generation, stage->direction, length);
	if (!ticket)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = wdf_slot_list(stage, ticket, wdf_transfer_list_arrived);
	list = wdf_ticket_end(ticket, status);
	if (list && !wdf_transfer_store(transaction, stage->generation, list, NULL, length)) {
		wdf_transfer_put_list(transaction, stage->direction, list);
		status = STATUS_CANCELLED;
	}
	return status;
}

/*
 * Let the driver of a system profile configure the channel. Return false if the driver does not
 * want the transfer, and has completed it.
 */
static bool wdf_transfer_configure(struct wdf_transaction *transaction,
				   const struct wdf_stage *stage, size_t length)
{
	unsigned long flags;
	bool enable, wanted;

	if (!transaction->configure)
		return true;
	spin_lock_irqsave(&transaction->lock, flags);
	wanted = transaction->generation == stage->generation;
	if (wanted) {
		/* The driver may complete the transfer in the callback, as if it was mapped. */
		transaction->mapped = true;
		transaction->current_length = length;
		transaction->configuring = true;
		transaction->configured = stage->generation;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (!wanted)
		return false;
	enable = wdf_raise();
	wanted = transaction->configure(wdf_handle(&transaction->object),
					wdf_handle(&transaction->enabler->device->object),
					transaction->configure_context, stage->mdl, stage->offset,
					length);
	wdf_lower(enable);
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->configuring = false;
	if (transaction->generation != stage->generation || !transaction->mapped)
		wanted = false;
	if (wanted)
		transaction->mapped = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
	return wanted;
}

/* Leave the next transfer to the thread that configures the channel, if there is one. */
static bool wdf_transfer_leave(struct wdf_transaction *transaction, u32 generation)
{
	unsigned long flags;
	bool left;

	spin_lock_irqsave(&transaction->lock, flags);
	left = transaction->configuring && transaction->configured == generation &&
	       transaction->generation == generation;
	transaction->restage |= left;
	spin_unlock_irqrestore(&transaction->lock, flags);
	return left;
}

/* Return true, once, if a transfer was left to this thread. */
static bool wdf_transfer_was_left(struct wdf_transaction *transaction, u32 generation)
{
	unsigned long flags;
	bool left;

	spin_lock_irqsave(&transaction->lock, flags);
	left = transaction->restage && transaction->generation == generation;
	if (left)
		transaction->restage = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
	return left;
}

/* Map the next bytes under the map registers. Return a status. */
static NTSTATUS wdf_transfer_map_piece(struct wdf_transaction *transaction,
				       const struct wdf_stage *stage, size_t length)
{
	struct wdf_leftover left = {
		.offset = stage->offset,
		.mdl = stage->mdl,
		.base = stage->base,
		.registers = stage->registers,
		.direction = stage->direction,
		.channel = stage->channel,
	};
	struct wdf_one one;
	NTSTATUS status;

	if (!wdf_transfer_configure(transaction, stage, length))
		return STATUS_SUCCESS;
	if (!wdf_transfer_use_base(transaction, stage))
		return STATUS_CANCELLED;
	status = wdf_slot_map(stage, &length, &one);
	if (NT_SUCCESS(status)) {
		if (wdf_transfer_store(transaction, stage->generation, NULL, &one, length))
			return STATUS_SUCCESS;
		left.flush = true;
		left.length = length;
		wdf_slot_end(transaction, &left);
		status = STATUS_CANCELLED;
	}
	if (wdf_transfer_let_go(transaction, stage->base))
		wdf_slot_free(transaction, &left);
	return status;
}

/* Call EvtReserveDma. */
void wdf_transfer_reserved(struct wdf_transaction *transaction)
{
	bool enable = wdf_raise();

	transaction->reserve(wdf_handle(&transaction->object), transaction->reserve_context);
	wdf_lower(enable);
}

/* Store map registers that the adapter gave. Return false if they are not wanted. */
static bool wdf_transfer_store_base(struct wdf_transaction *transaction, u32 generation, void *base,
				    u32 registers)
{
	unsigned long flags;
	bool wanted;

	spin_lock_irqsave(&transaction->lock, flags);
	wanted = transaction->generation == generation;
	if (wanted) {
		transaction->base = base;
		transaction->registers = registers;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return wanted;
}

/* Tell the driver of a system profile how a transfer has ended. */
void wdf_transfer_tell(struct wdf_transaction *transaction, DMA_COMPLETION_STATUS status)
{
	PFN_WDF_DMA_TRANSACTION_DMA_TRANSFER_COMPLETE complete;
	WDF_DMA_DIRECTION direction;
	unsigned long flags;
	WDFCONTEXT context;
	bool enable;

	spin_lock_irqsave(&transaction->lock, flags);
	complete = transaction->complete;
	context = transaction->complete_context;
	direction = transaction->direction;
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (!complete)
		return;
	enable = wdf_raise();
	complete(wdf_handle(&transaction->object),
		 wdf_handle(&transaction->enabler->device->object), context, direction, status);
	wdf_lower(enable);
}

static NTSTATUS wdf_transfer_stage_left(struct wdf_transaction *transaction, u32 generation,
					NTSTATUS status);

/* Go on with a transaction that has got map registers later than in the call for them. */
static void wdf_transfer_resume(struct wdf_transaction *transaction,
				const struct wdf_ticket *ticket)
{
	u32 generation = ticket->generation;
	struct wdf_stage stage;
	NTSTATUS status;

	if (ticket->reserve) {
		wdf_transfer_reserved(transaction);
		return;
	}
	status = wdf_stage_take(transaction, generation, &stage);
	if (NT_SUCCESS(status))
		status = wdf_transfer_map_piece(transaction, &stage, wdf_stage_length(&stage));
	status = wdf_transfer_stage_left(transaction, generation, status);
	if (NT_SUCCESS(status)) {
		wdf_transfer_program(transaction);
		return;
	}
	if (!wdf_transfer_finish(transaction, generation, WDF_TRANSACTION_FAILED))
		return;
	wdmdma_report("WdfDmaTransactionExecute",
		      "a transaction that had to wait has failed with status 0x%08x", status);
	wdf_transfer_tell(transaction, status == STATUS_CANCELLED ? DmaCancelled : DmaError);
}

/* The adapter gives a base. Return @keep if it is wanted. */
static IO_ALLOCATION_ACTION wdf_transfer_base_arrived(PVOID base, PVOID context,
						      IO_ALLOCATION_ACTION keep)
{
	struct wdf_transaction *transaction;
	struct wdf_ticket *ticket;

	switch (wdf_ticket_answered(context, base, &ticket)) {
	case WDF_ANSWER_LEFT:
		return keep;
	case WDF_ANSWER_LATE:
		return DeallocateObject;
	case WDF_ANSWER_TAKEN:
		break;
	}
	transaction = ticket->transaction;
	if (wdf_transfer_store_base(transaction, ticket->generation, base, ticket->amount))
		wdf_transfer_resume(transaction, ticket);
	else
		keep = DeallocateObject;
	wdf_ticket_free(ticket);
	return keep;
}

static IO_ALLOCATION_ACTION wdf_transfer_registers_arrived(PDEVICE_OBJECT object, PIRP irp,
							   PVOID base, PVOID context)
{
	return wdf_transfer_base_arrived(base, context, DeallocateObjectKeepRegisters);
}

static IO_ALLOCATION_ACTION wdf_transfer_channel_arrived(PDEVICE_OBJECT object, PIRP irp,
							 PVOID base, PVOID context)
{
	return wdf_transfer_base_arrived(base, context, KeepObject);
}

/*
 * Ask for map registers, to @reserve them or for a transfer. Return a status. If they are there,
 * @base receives them. Otherwise it receives NULL, and the adapter gives them later.
 */
NTSTATUS wdf_transfer_get_base(struct wdf_transaction *transaction, u32 generation,
			       WDF_DMA_DIRECTION direction, u32 registers, bool reserve,
			       void **base)
{
	struct wdf_leftover left = {
		.registers = registers,
		.direction = direction,
		.channel = wdf_channel_of(transaction->enabler, direction),
	};
	struct wdf_ticket *ticket;
	NTSTATUS status;

	*base = NULL;
	ticket = wdf_ticket_begin(transaction, generation, direction, registers);
	if (!ticket)
		return STATUS_INSUFFICIENT_RESOURCES;
	ticket->reserve = reserve;
	status = wdf_slot_channel(ticket, transaction->enabler->system ?
				  wdf_transfer_channel_arrived : wdf_transfer_registers_arrived);
	left.base = wdf_ticket_end(ticket, status);
	if (!left.base)
		return status;
	if (wdf_transfer_store_base(transaction, generation, left.base, registers)) {
		*base = left.base;
	} else {
		wdf_slot_free(transaction, &left);
		status = STATUS_CANCELLED;
	}
	return status;
}

/* Map the next transfer, unless the adapter waits. Return a status. */
static NTSTATUS wdf_transfer_stage_one(struct wdf_transaction *transaction, u32 generation)
{
	struct wdf_stage stage;
	NTSTATUS status;
	size_t length;

	status = wdf_stage_take(transaction, generation, &stage);
	if (!NT_SUCCESS(status))
		return status;
	length = wdf_stage_length(&stage);
	if (stage.enabler->lists) {
		if (!stage.single && stage.max_elements != U32_MAX &&
		    wdf_chain_pages(stage.mdl, stage.offset, length) > stage.max_elements)
			return STATUS_WDF_TOO_FRAGMENTED;
		return wdf_transfer_map_list(transaction, &stage, length);
	}
	if (!stage.base) {
		stage.registers = wdf_stage_registers(&stage, length);
		status = wdf_transfer_get_base(transaction, generation, stage.direction,
					       stage.registers, false, &stage.base);
		if (!NT_SUCCESS(status) || !stage.base)
			return status;
	}
	return wdf_transfer_map_piece(transaction, &stage, wdf_stage_length(&stage));
}

/* Map what was left to this thread by completions in the callback that configures the channel. */
static NTSTATUS wdf_transfer_stage_left(struct wdf_transaction *transaction, u32 generation,
					NTSTATUS status)
{
	while (NT_SUCCESS(status) && wdf_transfer_was_left(transaction, generation))
		status = wdf_transfer_stage_one(transaction, generation);
	return status;
}

/* Map the next transfer, without EvtProgramDma. Return a status, also if the adapter waits. */
NTSTATUS wdf_transfer_stage(struct wdf_transaction *transaction, u32 generation)
{
	if (wdf_transfer_leave(transaction, generation))
		return STATUS_SUCCESS;
	return wdf_transfer_stage_left(transaction, generation,
				       wdf_transfer_stage_one(transaction, generation));
}
