// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the adapter. A list that cannot be mapped is overtaken by later ones, so answers come
 * in any order. Each request has a ticket, which says for what it was made.
 *
 * The call that makes the request frees the ticket if the adapter answers at once, or fails. A
 * ticket that waits is in the enabler's list, and has a reference to its transaction. Whoever takes
 * it out of the list frees it: the routine that the adapter calls, a cancel, or the end of the
 * adapter, which calls no routine.
 *
 * A transaction has memory for one ticket. Only a request that is made while a former one is on its
 * way needs more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/slab.h>

/* Begin a request to the adapter. Return NULL if there is no memory. */
struct wdf_ticket *wdf_ticket_begin(struct wdf_transaction *transaction, u32 generation,
				    WDF_DMA_DIRECTION direction, size_t amount)
{
	struct wdf_ticket *ticket = &transaction->own_ticket;

	if (test_and_set_bit_lock(0, &transaction->own_ticket_used))
		ticket = kmalloc(sizeof(*ticket), GFP_ATOMIC | __GFP_NOWARN);
	if (!ticket)
		return NULL;
	*ticket = (struct wdf_ticket) {
		.transaction = transaction,
		.generation = generation,
		.direction = direction,
		.amount = amount,
		.calling = true,
		.node = LIST_HEAD_INIT(ticket->node),
	};
	return ticket;
}

/* Free the memory of a ticket that is in no list. */
static void wdf_ticket_free_memory(struct wdf_ticket *ticket)
{
	struct wdf_transaction *transaction = ticket->transaction;

	if (ticket == &transaction->own_ticket)
		clear_bit_unlock(0, &transaction->own_ticket_used);
	else
		kfree(ticket);
}

/* Free a ticket that was in the enabler's list, with its reference. */
void wdf_ticket_free(struct wdf_ticket *ticket)
{
	struct wdf_transaction *transaction = ticket->transaction;

	wdf_ticket_free_memory(ticket);
	wdf_put(&transaction->object);
}

/*
 * Put a ticket into the enabler's list, with a reference. Return false if no answer can come any
 * more.
 */
static bool wdf_ticket_link(struct wdf_ticket *ticket)
{
	struct wdf_enabler *enabler = ticket->transaction->enabler;
	unsigned long flags;
	bool open;

	spin_lock_irqsave(&enabler->tickets_lock, flags);
	open = !enabler->tickets_closed;
	if (open) {
		refcount_inc(&ticket->transaction->object.refs);
		list_add_tail(&ticket->node, &enabler->tickets);
	}
	spin_unlock_irqrestore(&enabler->tickets_lock, flags);
	return open;
}

/*
 * End the call that made a request. Return what the adapter gave, or NULL if it will answer later,
 * or if the call has failed. The caller must have a reference to the transaction.
 */
void *wdf_ticket_end(struct wdf_ticket *ticket, NTSTATUS status)
{
	struct wdf_transaction *transaction = ticket->transaction;
	unsigned long flags;
	void *given;
	bool waits;

	spin_lock_irqsave(&transaction->lock, flags);
	ticket->calling = false;
	given = ticket->given;
	waits = !given && NT_SUCCESS(status) && wdf_ticket_link(ticket);
	if (waits && transaction->generation == ticket->generation)
		transaction->ticket = ticket;
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (!waits)
		wdf_ticket_free_memory(ticket);
	return given;
}

/*
 * The adapter has answered a request. Return true if the caller must go on, and free the ticket.
 * Otherwise the call that made the request goes on.
 */
bool wdf_ticket_answered(struct wdf_ticket *ticket, void *given)
{
	struct wdf_transaction *transaction = ticket->transaction;
	struct wdf_enabler *enabler = transaction->enabler;
	unsigned long flags;
	bool calling;

	spin_lock_irqsave(&transaction->lock, flags);
	calling = ticket->calling;
	if (calling) {
		ticket->given = given;
	} else {
		spin_lock(&enabler->tickets_lock);
		list_del_init(&ticket->node);
		spin_unlock(&enabler->tickets_lock);
		if (transaction->ticket == ticket)
			transaction->ticket = NULL;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return !calling;
}

/* Take a ticket out of the enabler's list. Return false if it is not there, and may be freed. */
static bool wdf_ticket_unlink(struct wdf_enabler *enabler, const struct wdf_ticket *ticket)
{
	struct wdf_ticket *other;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&enabler->tickets_lock, flags);
	list_for_each_entry(other, &enabler->tickets, node) {
		found = other == ticket;
		if (found) {
			list_del_init(&other->node);
			break;
		}
	}
	spin_unlock_irqrestore(&enabler->tickets_lock, flags);
	return found;
}

/*
 * Take back a request with version 3, whose transfer context is @block. The ticket may be freed at
 * any time. Return false if the adapter has answered it, or is just doing so.
 */
bool wdf_ticket_cancel(struct wdf_enabler *enabler, struct wdf_channel *channel,
		       struct wdf_ticket *ticket, void *block)
{
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);

	if (!adapter || !channel->ops->CancelAdapterChannel(adapter, NULL, block))
		return false;
	if (wdf_ticket_unlink(enabler, ticket))
		wdf_ticket_free(ticket);
	return true;
}

/* The adapters of an enabler have ended, and answer nothing any more. */
void wdf_tickets_end(struct wdf_enabler *enabler)
{
	struct wdf_ticket *ticket, *next;
	unsigned long flags;
	LIST_HEAD(left);

	spin_lock_irqsave(&enabler->tickets_lock, flags);
	enabler->tickets_closed = true;
	list_splice_init(&enabler->tickets, &left);
	spin_unlock_irqrestore(&enabler->tickets_lock, flags);
	list_for_each_entry_safe(ticket, next, &left, node)
		wdf_ticket_free(ticket);
}
