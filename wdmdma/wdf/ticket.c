// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the adapter. A list that cannot be mapped is overtaken by later ones, so answers come
 * in any order. Each request has a ticket, which says for what it was made.
 *
 * The call that makes the request frees the ticket if the adapter answers at once, or fails. A
 * ticket that waits is in the enabler's list, and has a reference to its transaction. Whoever takes
 * it out of the list frees it: the routine that the adapter calls, a cancel, or the end of the
 * adapter.
 *
 * The adapter gets the number of a ticket, and not its address. An adapter that has ended can still
 * be in use by another call, and answer until that call returns. The number finds no ticket then.
 *
 * A transaction has memory for one ticket. Only a request that is made while a former one is on its
 * way needs more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/slab.h>

/* Return the number of a new ticket, which is not 0. */
static u32 wdf_ticket_number(struct wdf_transaction *transaction)
{
	u32 number;

	do
		number = atomic_inc_return(&transaction->last_ticket);
	while (!number);
	return number;
}

/* Begin a request to the adapter. Return NULL if there is no memory. */
struct wdf_ticket *wdf_ticket_begin(struct wdf_transaction *transaction, u32 generation,
				    WDF_DMA_DIRECTION direction, size_t amount)
{
	struct wdf_ticket *ticket = &transaction->own_ticket;
	unsigned long flags;

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
	WRITE_ONCE(ticket->number, wdf_ticket_number(transaction));
	if (ticket != &transaction->own_ticket) {
		spin_lock_irqsave(&transaction->lock, flags);
		list_add(&ticket->more, &transaction->more_tickets);
		spin_unlock_irqrestore(&transaction->lock, flags);
	}
	return ticket;
}

/* Return what the adapter gives back with its answer. */
void *wdf_ticket_context(const struct wdf_ticket *ticket)
{
	return (void *)((unsigned long)ticket->transaction->object.id << 32 | ticket->number);
}

/* Free the memory of a ticket that is in no list. */
static void wdf_ticket_free_memory(struct wdf_ticket *ticket)
{
	struct wdf_transaction *transaction = ticket->transaction;
	unsigned long flags;

	if (ticket == &transaction->own_ticket) {
		WRITE_ONCE(ticket->number, 0);
		clear_bit_unlock(0, &transaction->own_ticket_used);
		return;
	}
	spin_lock_irqsave(&transaction->lock, flags);
	list_del(&ticket->more);
	spin_unlock_irqrestore(&transaction->lock, flags);
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

/* Return the ticket with a number, or NULL if it was freed. */
static struct wdf_ticket *wdf_ticket_find(struct wdf_transaction *transaction, u32 number)
{
	struct wdf_ticket *ticket;

	lockdep_assert_held(&transaction->lock);
	if (READ_ONCE(transaction->own_ticket.number) == number)
		return &transaction->own_ticket;
	list_for_each_entry(ticket, &transaction->more_tickets, more)
		if (ticket->number == number)
			return ticket;
	return NULL;
}

/* Take a ticket that waits from the enabler's list. Return false if it was taken already. */
static bool wdf_ticket_claim(struct wdf_ticket *ticket)
{
	struct wdf_enabler *enabler = ticket->transaction->enabler;
	unsigned long flags;
	bool claimed;

	spin_lock_irqsave(&enabler->tickets_lock, flags);
	claimed = !list_empty(&ticket->node);
	list_del_init(&ticket->node);
	spin_unlock_irqrestore(&enabler->tickets_lock, flags);
	return claimed;
}

/* Answer a request of a transaction, which RCU keeps. See wdf_ticket_answered(). */
static enum wdf_answer wdf_ticket_answer(struct wdf_transaction *transaction, u32 number,
					 void *given, struct wdf_ticket **result)
{
	enum wdf_answer answer = WDF_ANSWER_LATE;
	struct wdf_ticket *ticket;
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	ticket = wdf_ticket_find(transaction, number);
	if (ticket && ticket->calling) {
		ticket->given = given;
		answer = WDF_ANSWER_LEFT;
	} else if (ticket && wdf_ticket_claim(ticket)) {
		if (transaction->ticket == ticket)
			transaction->ticket = NULL;
		*result = ticket;
		answer = WDF_ANSWER_TAKEN;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return answer;
}

/*
 * The adapter has answered a request, and gives back what wdf_ticket_context() returned. With
 * WDF_ANSWER_TAKEN the caller gets the ticket and its reference, must go on, and free it.
 */
enum wdf_answer wdf_ticket_answered(const void *context, void *given, struct wdf_ticket **ticket)
{
	unsigned long value = (unsigned long)context;
	enum wdf_answer answer = WDF_ANSWER_LATE;
	struct wdf_object *object;

	rcu_read_lock();
	object = wdf_find((void *)(value >> 32 << 4));
	/* Only transactions ask. */
	if (object && object->class->asks)
		answer = wdf_ticket_answer(wdf_transaction_of(object), (u32)value, given, ticket);
	rcu_read_unlock();
	return answer;
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

/* The adapters of an enabler have ended. What they still answer is not wanted. */
void wdf_tickets_end(struct wdf_enabler *enabler)
{
	struct wdf_ticket *ticket;
	unsigned long flags;

	do {
		spin_lock_irqsave(&enabler->tickets_lock, flags);
		enabler->tickets_closed = true;
		ticket = list_first_entry_or_null(&enabler->tickets, struct wdf_ticket, node);
		if (ticket)
			list_del_init(&ticket->node);
		spin_unlock_irqrestore(&enabler->tickets_lock, flags);
		if (ticket)
			wdf_ticket_free(ticket);
	} while (ticket);
}
