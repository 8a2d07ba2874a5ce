// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists: transfers that the driver starts with one call, is told of by a call of
 * its routine, and ends with another one.
 *
 * A list that cannot be mapped now waits in the adapter's queue, first in, first
 * out; one that comes while others wait goes behind them. The queue is served from
 * a work item: when a list is put, and every few milliseconds, since what is short
 * may be held by somebody else. That allocates as memory for I/O is allocated, for
 * the I/O that memory is to be freed by may wait here.
 *
 * What can never be mapped is refused when it starts, as far as it can be known. If it
 * shows later there is no call left that would say so: the list waits until it is
 * cancelled, and does not keep back those behind it.
 *
 * The driver's routine is called with bottom halves off and no lock held, and may
 * call anything that DISPATCH_LEVEL allows; so a transfer may be gone before its
 * routine is called, and what the call takes is copied before.
 *
 * Who takes a list out of the table, or a waiting one out of the queue, ends it.
 * RCU read sections span "is the adapter open" and the mapping, and "out of the
 * table" and the unmapping: so the clean-up can wait for both.
 */
#include <linux/bottom_half.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/core.h"
#include "core/transfer.h"
#include "core/work.h"

#define LIST_RETRY_MS		10
#define LIST_TURN_MS		100	/* see list_may_be_overtaken() */

/* The transfer is the driver's now, and waits no more. */
static void sg_list_publish(struct wdmdma_transfer *transfer)
{
	struct wdmdma_adapter *adapter = transfer->adapter;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	wdmdma_transfer_is_known(transfer);
	list_del_init(&transfer->node);
	/* Not a second time, when it is returned. */
	if (transfer->unended)
		adapter->transfers.unended = adapter->transfers.unended_lists++ ? NULL : transfer;
	transfer->unended = false;
	hash_add(adapter->transfers.lists, &transfer->hash, (unsigned long)transfer->callback.list);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
}

/* Take a list out of the table; NULL if it is not there. */
static struct wdmdma_transfer *sg_list_claim(struct wdmdma_adapter *adapter, const void *list)
{
	struct wdmdma_transfer *transfer;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	hash_for_each_possible(adapter->transfers.lists, transfer, hash, (unsigned long)list)
		if (transfer->callback.list == list) {
			hash_del(&transfer->hash);
			goto unlock;
		}
	transfer = NULL;
unlock:
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return transfer;
}

/* Call the driver at DISPATCH_LEVEL, whatever the level is. */
static void sg_list_call(const struct wdmdma_sg_list_ops *ops,
			 const struct wdmdma_callback *callback)
{
	struct wdmdma_routine outer = wdmdma_routine_enter();

	ops->call(callback);
	wdmdma_routine_leave(outer);
}

/* Get the memory, map, and publish. @callback is what the driver's routine is to be told. */
static int sg_list_map(struct wdmdma_transfer *transfer, gfp_t gfp,
		       struct wdmdma_callback *callback)
{
	int ret = wdmdma_transfer_prepare(transfer, gfp);

	if (ret)
		return ret;
	transfer->why = "no memory for the list";
	if (transfer->ops->prepare(transfer, gfp))
		return -EAGAIN;

	rcu_read_lock();
	transfer->why = "the driver is unbound from the device";
	ret = READ_ONCE(transfer->adapter->transfers.closed) ? -ESHUTDOWN :
							       wdmdma_transfer_map(transfer);
	if (!ret) {
		transfer->ops->fill(transfer);
		*callback = transfer->callback;
		sg_list_publish(transfer);
	}
	rcu_read_unlock();
	return ret;
}

/* The same, and call the driver. @list receives the address before that. */
static int sg_list_try(struct wdmdma_transfer *transfer, gfp_t gfp, const void **list)
{
	const struct wdmdma_sg_list_ops *ops = transfer->ops;
	bool bounce = transfer->must_bounce;
	struct wdmdma_callback callback;
	int ret = sg_list_map(transfer, gfp, &callback);

	/* Mapping may have shown that the memory has to be copied. */
	if (ret == -EAGAIN && transfer->must_bounce && !bounce)
		ret = sg_list_map(transfer, gfp, &callback);
	if (!ret) {
		*list = callback.list;
		sg_list_call(ops, &callback);
	}
	return ret;
}

/* Let a list wait; with @only_behind only behind others, or in a routine (else -EAGAIN). */
static int sg_list_wait(struct wdmdma_transfer *transfer, bool only_behind)
{
	struct wdmdma_adapter *adapter = transfer->adapter;
	bool nested = only_behind && wdmdma_routine_depth();
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.closed) {
		transfer->why = "the driver is unbound from the device";
		ret = -ESHUTDOWN;
	} else if (only_behind && !nested && list_empty(&adapter->transfers.waiting_lists) &&
		   !adapter->transfers.lists_served) {
		ret = -EAGAIN;
	} else {
		wdmdma_transfer_is_known(transfer);
		list_add_tail(&transfer->node, &adapter->transfers.waiting_lists);
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (!ret)
		queue_delayed_work(wdmdma_workqueue, &adapter->transfers.list_work,
				   nested ? 0 : msecs_to_jiffies(LIST_RETRY_MS));
	return ret;
}

/**
 * wdmdma_sg_list_start() - map a list and call the driver, now or when it is possible
 * @transfer: initialized, with @ops, @callback and @context
 * @may_wait: if it cannot be mapped now, wait rather than fail; and wait in any case
 *            while others do
 * @list: receives the address of the list, before the call; NULL if it waits
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0: the transfer is the adapter's now, until it is put; or a negative
 * errno, reported, and it is still the caller's.
 */
int wdmdma_sg_list_start(struct wdmdma_transfer *transfer, bool may_wait, const void **list)
{
	int ret = -EAGAIN;

	*list = NULL;
	INIT_LIST_HEAD(&transfer->node);
	if (may_wait) {
		ret = sg_list_wait(transfer, true);
		if (ret != -EAGAIN)
			goto out;
	} else if (transfer->callback.routine && wdmdma_routine_depth() >= WDMDMA_NESTED_MOST) {
		transfer->why = "called in the routine of a call in a routine, again and again";
		goto out;
	}
	ret = sg_list_try(transfer, GFP_ATOMIC, list);
	if (ret == -EAGAIN && may_wait)
		ret = sg_list_wait(transfer, false);
out:
	if (ret)
		wdmdma_refuse(transfer->adapter->device, transfer->call, "%zu bytes: %s",
			      transfer->len, transfer->why);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_sg_list_start);

/*
 * May others go before a list that was tried in vain? It may be short of what comes back
 * when they are put, or be larger than all there is, which does not show. So it holds up the
 * others at first, and then in turns that come ever less often: the 1st, 2nd, 4th, 8th ...
 */
static bool sg_list_may_be_overtaken(const struct wdmdma_transfer *transfer)
{
	unsigned long turn = (jiffies - transfer->since) / msecs_to_jiffies(LIST_TURN_MS);

	return turn & (turn - 1);
}

/* The list that has waited longest and may be tried in this round; NULL if there is none. */
static struct wdmdma_transfer *sg_list_first_waiting(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfer *transfer;
	bool first = true;

	lockdep_assert_held(&adapter->transfers.lock);
	list_for_each_entry(transfer, &adapter->transfers.waiting_lists, node) {
		if (transfer->stuck)
			continue;
		if (!transfer->since || transfer->round != adapter->transfers.list_round)
			return transfer;
		/* Only the oldest holds up others: many would do so for ever. */
		if (first && !sg_list_may_be_overtaken(transfer))
			return NULL;
		first = false;
	}
	return NULL;
}

/* That list, so marked that it is not cancelled; or NULL: the round is over. */
static struct wdmdma_transfer *sg_list_next_waiting(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfer *transfer = NULL;

	spin_lock_irq(&adapter->transfers.lock);
	if (!adapter->transfers.closed)
		transfer = sg_list_first_waiting(adapter);
	if (transfer)
		transfer->busy = true;
	else
		adapter->transfers.list_round++;
	adapter->transfers.lists_served = transfer;
	spin_unlock_irq(&adapter->transfers.lock);
	return transfer;
}

/*
 * A list could not be mapped: whatever the reason, there is no call that would say so. It is
 * said once, and once more if it can never be.
 */
static void sg_list_stay_waiting(struct wdmdma_transfer *transfer, bool stuck)
{
	struct wdmdma_adapter *adapter = transfer->adapter;

	if (stuck || !transfer->since)
		wdmdma_refuse(adapter->device, transfer->call, "%zu bytes wait%s: %s",
			      transfer->len, stuck ? " until they are cancelled" : "",
			      transfer->why);
	spin_lock_irq(&adapter->transfers.lock);
	transfer->busy = false;
	transfer->stuck = stuck;
	transfer->since = transfer->since ?: (jiffies - 1) | 1;
	transfer->round = adapter->transfers.list_round;
	spin_unlock_irq(&adapter->transfers.lock);
}

/* Is there a list that may be mapped later? */
static bool sg_list_is_any_waiting(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfer *transfer;
	bool waits = false;

	spin_lock_irq(&adapter->transfers.lock);
	list_for_each_entry(transfer, &adapter->transfers.waiting_lists, node)
		waits |= !transfer->stuck && !adapter->transfers.closed;
	spin_unlock_irq(&adapter->transfers.lock);
	return waits;
}

/* Map what waits, as far as it goes. Lists that come meanwhile wait behind it. */
static void sg_list_serve(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfer *transfer;
	unsigned long delay = 0;
	unsigned int left;
	const void *list;
	int ret;

	for (left = WDMDMA_SERVED_AT_ONCE; left; left--) {
		transfer = sg_list_next_waiting(adapter);
		if (!transfer)
			break;
		ret = sg_list_try(transfer, WDMDMA_GFP, &list);
		if (ret)
			sg_list_stay_waiting(transfer, ret != -EAGAIN && ret != -ESHUTDOWN);
	}
	if (left) {
		if (!sg_list_is_any_waiting(adapter))
			return;
		delay = msecs_to_jiffies(LIST_RETRY_MS);
	}
	/* A routine may ask again each time: others are to have their turn. */
	spin_lock_irq(&adapter->transfers.lock);
	adapter->transfers.lists_served = false;
	spin_unlock_irq(&adapter->transfers.lock);
	queue_delayed_work(wdmdma_workqueue, &adapter->transfers.list_work, delay);
}

void wdmdma_sg_list_work(struct work_struct *work)
{
	struct wdmdma_adapter *adapter =
		container_of(to_delayed_work(work), struct wdmdma_adapter, transfers.list_work);
	unsigned int flags = memalloc_noio_save();

	sg_list_serve(adapter);
	memalloc_noio_restore(flags);
}

/* A list that is out of the table does not come back: FreeAdapterObject does not end it. */
static void sg_list_forget(struct wdmdma_transfer *transfer)
{
	struct wdmdma_adapter *adapter = transfer->adapter;
	unsigned long flags;

	if (READ_ONCE(adapter->transfers.unended) != transfer)
		return;
	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.unended == transfer)
		adapter->transfers.unended = NULL;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
}

/* The same of one that the driver had: what it takes may be what others wait for. */
static void sg_list_end(struct wdmdma_transfer *transfer)
{
	struct wdmdma_adapter *adapter = transfer->adapter;

	wdmdma_sg_list_free(transfer);
	if (!list_empty_careful(&adapter->transfers.waiting_lists))
		mod_delayed_work(wdmdma_workqueue, &adapter->transfers.list_work, 0);
}

/* Free a list that is not mapped. */
void wdmdma_sg_list_free(struct wdmdma_transfer *transfer)
{
	wdmdma_transfer_fini(transfer);
	transfer->ops->release(transfer);
}

/**
 * wdmdma_sg_list_put() - end the transfer of a list
 * @adapter: the adapter
 * @call: the Windows call, for messages
 * @list: the list's address, as the driver names it
 * @direction: as the driver says it was
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0, or -EINVAL when there is no such list, reported. A wrong direction is
 * reported, and the transfer ends with the one that it was started with.
 */
int wdmdma_sg_list_put(struct wdmdma_adapter *adapter, const char *call, const void *list,
		       enum dma_data_direction direction)
{
	struct wdmdma_transfer *transfer;

	rcu_read_lock();
	transfer = sg_list_claim(adapter, list);
	if (transfer) {
		if (transfer->direction != direction)
			wdmdma_refuse(adapter->device, call,
				      "%p: WriteToDevice is not what it was: ignored", list);
		sg_list_forget(transfer);
		wdmdma_transfer_unmap(transfer);
	}
	rcu_read_unlock();
	if (!transfer) {
		wdmdma_refuse(adapter->device, call, "%p is no live list of this adapter", list);
		return -EINVAL;
	}
	sg_list_end(transfer);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_sg_list_put);

/*
 * A list of a synchronous call that the driver has, if it has one of those only: for good. It
 * counts as ended, whichever it is. False if there is no such call to be ended.
 */
static bool sg_list_claim_unended(struct wdmdma_adapter *adapter, bool end,
				  struct wdmdma_transfer **transfer)
{
	unsigned long flags;
	bool unended;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	unended = adapter->transfers.unended_lists;
	*transfer = adapter->transfers.unended;
	if (unended) {
		adapter->transfers.unended_lists--;
		adapter->transfers.unended = NULL;
	}
	/* It may be out of the table for the moment, at unbind for ever. */
	if (*transfer && (!end || adapter->transfers.closed || !hash_hashed(&(*transfer)->hash)))
		*transfer = NULL;
	if (*transfer)
		hash_del(&(*transfer)->hash);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return unended;
}

/**
 * wdmdma_sg_list_settle() - FreeAdapterObject, of a synchronous call for a list without a routine
 * @adapter: the adapter
 * @end: the list ends, too, unless it has been put; not if there is more than one such
 *       list, since the call does not say which
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: false if there is no such call that was not ended so.
 */
bool wdmdma_sg_list_settle(struct wdmdma_adapter *adapter, bool end)
{
	struct wdmdma_transfer *transfer;
	bool unended;

	rcu_read_lock();
	unended = sg_list_claim_unended(adapter, end, &transfer);
	if (transfer)
		wdmdma_transfer_unmap(transfer);
	rcu_read_unlock();
	if (transfer)
		sg_list_end(transfer);
	return unended;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_sg_list_settle);

/*
 * A list that the driver has, for the time up to wdmdma_sg_list_return(): meanwhile
 * nobody finds it. NULL if it is none, or at unbind, which looks for all there are. The
 * caller is in an RCU read section.
 */
struct wdmdma_transfer *wdmdma_sg_list_borrow(struct wdmdma_adapter *adapter, const void *list)
{
	return READ_ONCE(adapter->transfers.closed) ? NULL : sg_list_claim(adapter, list);
}

void wdmdma_sg_list_return(struct wdmdma_transfer *transfer)
{
	sg_list_publish(transfer);
}

/* Does the driver have a list at this address, and of this routine? Not while it waits. */
bool wdmdma_sg_list_has_routine(struct wdmdma_adapter *adapter, const void *list,
				const void *routine)
{
	struct wdmdma_transfer *transfer;
	unsigned long flags;
	bool has = false;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	hash_for_each_possible(adapter->transfers.lists, transfer, hash, (unsigned long)list)
		has |= transfer->callback.list == list && transfer->callback.routine == routine;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return has;
}

/* Does the driver have a list at this address? */
bool wdmdma_sg_list_is_live(struct wdmdma_adapter *adapter, const void *list)
{
	struct wdmdma_transfer *transfer;
	unsigned long flags;
	bool live = false;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	hash_for_each_possible(adapter->transfers.lists, transfer, hash, (unsigned long)list)
		live |= transfer->callback.list == list;
	list_for_each_entry(transfer, &adapter->transfers.waiting_lists, node)
		live |= transfer->callback.list == list;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return live;
}

/* The list that waits under this context; or NULL. */
static struct wdmdma_transfer *sg_list_find_waiting(struct wdmdma_adapter *adapter,
						    const void *context)
{
	struct wdmdma_transfer *transfer;

	lockdep_assert_held(&adapter->transfers.lock);
	list_for_each_entry(transfer, &adapter->transfers.waiting_lists, node)
		if (transfer->context == context)
			return transfer;
	return NULL;
}

bool wdmdma_sg_list_waits(struct wdmdma_adapter *adapter, const void *context)
{
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	waits = sg_list_find_waiting(adapter, context);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return waits;
}

/* Drop the list that waits under this context. False if there is none, or not any more. */
bool wdmdma_sg_list_cancel(struct wdmdma_adapter *adapter, const void *context)
{
	struct wdmdma_transfer *transfer;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	transfer = sg_list_find_waiting(adapter, context);
	if (transfer && transfer->busy)
		transfer = NULL;
	if (transfer)
		list_del(&transfer->node);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (!transfer)
		return false;
	wdmdma_sg_list_free(transfer);
	return true;
}
