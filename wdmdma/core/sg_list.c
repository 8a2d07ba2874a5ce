// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatter/gather lists. The driver starts a transfer with one call, gets the list in a call of
 * its routine, and ends the transfer with another call.
 *
 * A list that cannot be mapped now waits in the adapter's queue, first in, first out. While
 * lists wait, a new list must go behind them. A work item serves the queue when a list is put,
 * and every few milliseconds because another user may hold the resource that is short. The work
 * item runs in NOIO scope, because the I/O that reclaim waits for may itself be queued here.
 *
 * A list that can never be mapped is refused at the start, as far as the module can tell then.
 * If the reason shows only later, no call is left to return the error. The list then waits
 * until it is cancelled, and other lists overtake it.
 *
 * The driver's routine is called with bottom halves off and no lock held, and may make any call
 * that DISPATCH_LEVEL allows. A transfer may be gone before its routine is called, so the
 * arguments of the routine must be copied before the transfer is published.
 *
 * A caller that takes a list out of the table, or a waiting list out of the queue, must end it.
 * See core/transfers.c for the RCU read sections.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/core.h"
#include "core/events.h"
#include "core/routine.h"
#include "core/sg_list.h"
#include "core/shortage.h"
#include "core/transfer.h"
#include "core/work.h"
#include "lib/bug_check.h"
#include "lib/refusal.h"

#define LIST_RETRY_MS		10
#define LIST_TURN_MS		100	/* see sg_list_may_be_overtaken() */

static struct wdmdma_transfer *sg_list_of(struct wdmdma_ptr_node *named)
{
	return container_of(named, struct wdmdma_transfer, named);
}

/* Put a list at the end of the queue, and into the tables of those that wait. */
static void sg_list_enqueue(struct wdmdma_transfer *transfer)
{
	struct wdmdma_transfers *transfers = &transfer->adapter->transfers;

	lockdep_assert_held(&transfers->lock);
	transfer->queued = ktime_get_ns();
	wdmdma_trace_wait_list(transfer);
	list_add_tail(&transfer->node, &transfers->waiting_lists);
	transfers->waiting++;
	transfers->waited++;
	if (transfer->callback.list) {
		transfer->named.key = transfer->callback.list;
		wdmdma_ptr_add(&transfers->waiting_buffers, &transfer->named);
	}
	if (transfer->context) {
		transfer->by_context.key = transfer->context;
		wdmdma_ptr_add(&transfers->waiting_contexts, &transfer->by_context);
	}
}

/* Take a list out of the queue, and out of the tables of those that wait. */
void wdmdma_sg_list_dequeue(struct wdmdma_transfer *transfer)
{
	struct wdmdma_transfers *transfers = &transfer->adapter->transfers;

	lockdep_assert_held(&transfers->lock);
	list_del_init(&transfer->node);
	transfers->waiting--;
	if (wdmdma_ptr_is_in(&transfer->named))
		wdmdma_ptr_del(&transfers->waiting_buffers, &transfer->named);
	if (wdmdma_ptr_is_in(&transfer->by_context))
		wdmdma_ptr_del(&transfers->waiting_contexts, &transfer->by_context);
}

/* Hand a mapped transfer to the driver by putting its list into the table. */
static __always_inline void sg_list_publish(struct wdmdma_transfer *transfer)
{
	struct wdmdma_transfers *transfers = &transfer->adapter->transfers;
	unsigned long flags;

	spin_lock_irqsave(&transfers->lock, flags);
	if (!list_empty(&transfer->node)) {
		wdmdma_trace_grant_list(transfer);
		wdmdma_sg_list_dequeue(transfer);
	}
	/* Count the call only once, and not again when the list is returned. */
	if (transfer->unended)
		transfers->unended = transfers->unended_lists++ ? NULL : transfer;
	transfer->unended = false;
	transfer->named.key = transfer->callback.list;
	wdmdma_ptr_add(&transfers->lists, &transfer->named);
	if (unlikely(transfers->lists.nr > transfers->most_lists))
		transfers->most_lists = transfers->lists.nr;
	spin_unlock_irqrestore(&transfers->lock, flags);
}

/*
 * Take a list out of the table. Return the transfer, or NULL if the list is not there. With
 * @for_good the list does not come back, so FreeAdapterObject must not find it any more.
 */
static __always_inline struct wdmdma_transfer *
sg_list_claim(struct wdmdma_adapter *adapter, const void *list, bool for_good)
{
	struct wdmdma_transfer *transfer = NULL;
	struct wdmdma_ptr_node *named;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	named = wdmdma_ptr_find(&adapter->transfers.lists, list);
	if (named) {
		transfer = sg_list_of(named);
		wdmdma_ptr_del(&adapter->transfers.lists, named);
		if (for_good && adapter->transfers.unended == transfer)
			adapter->transfers.unended = NULL;
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return transfer;
}

/* Allocate the memory that a list needs. Return 0 or -EAGAIN. */
static int sg_list_prepare(struct wdmdma_transfer *transfer, gfp_t gfp)
{
	int ret = transfer->must_bounce ? wdmdma_transfer_prepare(transfer, gfp) : 0;

	if (ret || transfer->callback.list || !transfer->ops->prepare(transfer, gfp))
		return ret;
	return wdmdma_deny(&transfer->refusal, -EAGAIN, "no memory for the list");
}

/* Map and publish a prepared list. Set *@callback to the arguments of the driver's routine. */
static __always_inline int sg_list_map(struct wdmdma_transfer *transfer,
				       struct wdmdma_callback *callback)
{
	int ret = wdmdma_transfer_map(transfer);

	if (ret)
		return ret;
	transfer->ops->fill(transfer);
	*callback = transfer->callback;
	sg_list_publish(transfer);
	return 0;
}

/*
 * Return true if a list that could not be mapped should be tried once more, because mapping has
 * shown that the memory must be copied.
 */
static bool sg_list_try_again(const struct wdmdma_transfer *transfer, int ret, bool bounce)
{
	return ret == -EAGAIN && transfer->must_bounce && !bounce;
}

/* Prepare, map and publish a list of a call that has passed the gate. Must not sleep. */
static noinline int sg_list_try_prepared(struct wdmdma_transfer *transfer,
					 struct wdmdma_callback *callback)
{
	int ret = sg_list_prepare(transfer, GFP_ATOMIC);

	return ret ?: sg_list_map(transfer, callback);
}

/* The same, for any list. Most lists need no memory but their record. */
static __always_inline int sg_list_try(struct wdmdma_transfer *transfer,
				       struct wdmdma_callback *callback)
{
	bool bounce = transfer->must_bounce;
	int ret;

	if (unlikely(bounce || !transfer->callback.list))
		ret = sg_list_try_prepared(transfer, callback);
	else
		ret = sg_list_map(transfer, callback);
	if (unlikely(sg_list_try_again(transfer, ret, bounce)))
		ret = sg_list_try_prepared(transfer, callback);
	return ret;
}

/*
 * Pass the gate once more, and map and publish a list that waited. The list may be cancelled while
 * its memory is allocated, but not while it is mapped, because a driver may free the memory of a
 * cancelled list.
 */
static noinline int sg_list_map_waiting(struct wdmdma_transfer *transfer,
					struct wdmdma_callback *callback)
{
	struct wdmdma_transfers *transfers = &transfer->adapter->transfers;
	int ret = sg_list_prepare(transfer, WDMDMA_GFP);

	if (ret)
		return ret;
	rcu_read_lock();
	spin_lock_bh(&transfers->mapping);
	if (READ_ONCE(transfers->closed))
		ret = wdmdma_deny(&transfer->refusal, -ESHUTDOWN,
				  "the driver is unbound from the device");
	else if (transfer->cancelled)
		ret = -ECANCELED;
	else
		ret = sg_list_map(transfer, callback);
	spin_unlock_bh(&transfers->mapping);
	rcu_read_unlock();
	return ret;
}

/* Map and publish a list that waited, and call the driver's routine. May sleep. */
static int sg_list_try_waiting(struct wdmdma_transfer *transfer)
{
	const struct wdmdma_sg_list_ops *ops = transfer->ops;
	bool bounce = transfer->must_bounce;
	struct wdmdma_callback callback;
	int ret = sg_list_map_waiting(transfer, &callback);

	if (sg_list_try_again(transfer, ret, bounce))
		ret = sg_list_map_waiting(transfer, &callback);
	if (!ret)
		wdmdma_sg_list_call(ops, &callback);
	return ret;
}

/*
 * Queue a list. With @only_behind return -EAGAIN instead, unless other lists wait or the caller
 * is in a routine. Return 0 if the list waits, or -ESHUTDOWN after unbind.
 */
static int sg_list_wait(struct wdmdma_transfer *transfer, bool only_behind)
{
	struct wdmdma_adapter *adapter = transfer->adapter;
	bool nested = only_behind && wdmdma_routine_nested();
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.closed) {
		ret = wdmdma_deny(&transfer->refusal, -ESHUTDOWN,
				  "the driver is unbound from the device");
	} else if (only_behind && !nested && list_empty(&adapter->transfers.waiting_lists) &&
		   !adapter->transfers.lists_served) {
		ret = -EAGAIN;
	} else {
		if (only_behind)
			wdmdma_deny(&transfer->refusal, 0, "it must wait behind other lists");
		sg_list_enqueue(transfer);
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (!ret)
		queue_delayed_work(wdmdma_workqueue, &adapter->transfers.list_work,
				   nested ? 0 : msecs_to_jiffies(LIST_RETRY_MS));
	return ret;
}

/*
 * Return true if a new list may have to wait behind others. Reads without the lock. A list that was
 * queued before this call is seen. Concurrent calls have no order. A list that is started in a
 * routine always waits.
 */
static bool sg_list_should_queue(const struct wdmdma_adapter *adapter)
{
	return !list_empty_careful(&adapter->transfers.waiting_lists) ||
	       READ_ONCE(adapter->transfers.lists_served) || wdmdma_routine_nested();
}

/* Report a list that is not mapped. @waits tells if it waits, and begins with a space then. */
static void __cold sg_list_refused(struct wdmdma_transfer *transfer, const char *waits)
{
	struct wdmdma_device *device = transfer->adapter->device;
	char text[WDMDMA_BOUNCE_TEXT];

	wdmdma_shortage_of_bounce(device->dev, &transfer->refusal, text, sizeof(text));
	wdmdma_refuse_for(device, transfer->call, transfer->refusal.reason, "%zu bytes%s: %s%s",
			  transfer->len, waits, transfer->refusal.reason, text);
}

/**
 * wdmdma_sg_list_start() - map a list, now or later
 * @transfer: an initialized transfer, from wdmdma_sg_list_make(), with @callback
 * @may_wait: the list may wait if it cannot be mapped now, and must wait if other lists do
 * @callback: receives the arguments of the driver's routine, which the caller must pass to
 *            wdmdma_sg_list_call() after its RCU read section. Its list is NULL if the list
 *            waits, and then the routine must not be called
 *
 * The caller's RCU read section must have begun before wdmdma_transfer_init().
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0 if the adapter has the transfer until the list is put. After a failure, which has
 * been reported, a negative errno, and the transfer is still the caller's.
 */
int wdmdma_sg_list_start(struct wdmdma_transfer *transfer, bool may_wait,
			 struct wdmdma_callback *callback)
{
	int ret = -EAGAIN;

	lockdep_assert_in_rcu_read_lock();
	callback->list = NULL;
	if (may_wait) {
		if (unlikely(sg_list_should_queue(transfer->adapter)))
			ret = sg_list_wait(transfer, true);
		if (ret != -EAGAIN)
			goto out;
	} else if (transfer->callback.routine && wdmdma_routine_nested() >= WDMDMA_NESTED_MOST) {
		wdmdma_deny(&transfer->refusal, ret,
			    "called in the routine of a call in a routine, again and again");
		goto out;
	}
	ret = sg_list_try(transfer, callback);
	if (ret == -EAGAIN && may_wait)
		ret = sg_list_wait(transfer, false);
out:
	if (ret)
		sg_list_refused(transfer, "");
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_sg_list_start);

/*
 * Return true if other lists may overtake a list that was tried in vain. The list may need
 * resources that come back when other lists are put, or more than there are at all. The module
 * cannot tell the two cases apart. The list therefore holds up the others at first, and later
 * only in the turns 1, 2, 4, 8 and so on, which come ever less often.
 */
static bool sg_list_may_be_overtaken(const struct wdmdma_transfer *transfer)
{
	unsigned long turn = (jiffies - transfer->since) / msecs_to_jiffies(LIST_TURN_MS);

	return turn & (turn - 1);
}

/* Return the list that has waited longest and may be tried in this round, or NULL. */
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
		/* Only the oldest list may hold up others. Many lists would do so forever. */
		if (first && !sg_list_may_be_overtaken(transfer))
			return NULL;
		first = false;
	}
	return NULL;
}

/* Return the next list to try, marked so that nobody else frees it. At NULL the round ends. */
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
	WRITE_ONCE(adapter->transfers.lists_served, transfer);
	spin_unlock_irq(&adapter->transfers.lock);
	return transfer;
}

/*
 * Let a list wait on after it could not be mapped, or free it if it was cancelled meanwhile. Do not
 * fail the list, because its call has returned. Report the first failure, and report again if the
 * list can never be mapped.
 */
static void sg_list_stay_waiting(struct wdmdma_transfer *transfer, bool stuck)
{
	struct wdmdma_adapter *adapter = transfer->adapter;
	bool cancelled;

	if (!READ_ONCE(transfer->cancelled) && (stuck || !transfer->since))
		sg_list_refused(transfer, stuck ? " wait until they are cancelled" : " wait");
	spin_lock_irq(&adapter->transfers.lock);
	transfer->busy = false;
	transfer->stuck = stuck;
	transfer->since = transfer->since ?: (jiffies - 1) | 1;
	transfer->round = adapter->transfers.list_round;
	cancelled = transfer->cancelled;
	spin_unlock_irq(&adapter->transfers.lock);
	if (cancelled)
		wdmdma_sg_list_free(transfer);
}

/* Return true if a waiting list may be mapped later. */
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

/* Map the waiting lists as far as possible. Lists that start meanwhile wait behind them. */
static void sg_list_serve(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfer *transfer;
	unsigned long delay = 0;
	unsigned int left;
	int ret;

	for (left = WDMDMA_SERVED_AT_ONCE; left; left--) {
		transfer = sg_list_next_waiting(adapter);
		if (!transfer)
			break;
		ret = sg_list_try_waiting(transfer);
		if (ret)
			sg_list_stay_waiting(transfer, ret != -EAGAIN && ret != -ESHUTDOWN);
	}
	if (left) {
		if (!sg_list_is_any_waiting(adapter))
			return;
		delay = msecs_to_jiffies(LIST_RETRY_MS);
	}
	/* A routine may start a list each time, so other work items must get a turn. */
	spin_lock_irq(&adapter->transfers.lock);
	WRITE_ONCE(adapter->transfers.lists_served, false);
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

/* Free an unmapped list that the driver had, and retry lists that may wait for its resources. */
void wdmdma_sg_list_finish(struct wdmdma_transfer *transfer)
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
 * @list: address of the list, as the driver names it
 * @direction: direction of the transfer, as the driver names it
 *
 * A wrong direction is reported, and the transfer ends with the direction of its start.
 *
 * Context: <= DISPATCH_LEVEL, in an RCU read section.
 * Return: 0, or -EINVAL if there is no such list, which is reported.
 */
int wdmdma_sg_list_put(struct wdmdma_adapter *adapter, const char *call, const void *list,
		       enum dma_data_direction direction)
{
	struct wdmdma_transfer *transfer;

	lockdep_assert_in_rcu_read_lock();
	transfer = sg_list_claim(adapter, list, true);
	if (unlikely(!transfer)) {
		wdmdma_refuse_bug(adapter->device, call, WDMDMA_DMA_CODE(0x06),
				  "%p is no live list of this adapter", list);
		return -EINVAL;
	}
	if (unlikely(transfer->direction != direction))
		wdmdma_refuse(adapter->device, call,
			      "%p: WriteToDevice is not what it was: ignored", list);
	wdmdma_transfer_unmap(transfer);
	wdmdma_sg_list_finish(transfer);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_sg_list_put);

/*
 * Take a live list out of the table until wdmdma_sg_list_return(), so that no other caller can
 * find it. Return ERR_PTR(-EINVAL) if there is no such list, or at unbind, which must find all
 * lists in the table. So must a change of the domain, and then the result is ERR_PTR(-EAGAIN). The
 * caller is in an RCU read section.
 */
struct wdmdma_transfer *wdmdma_sg_list_borrow(struct wdmdma_adapter *adapter, const void *list)
{
	struct wdmdma_transfer *transfer;

	lockdep_assert_in_rcu_read_lock();
	if (READ_ONCE(adapter->transfers.held))
		return ERR_PTR(-EAGAIN);
	if (READ_ONCE(adapter->transfers.closed))
		return ERR_PTR(-EINVAL);
	transfer = sg_list_claim(adapter, list, false);
	return transfer ?: ERR_PTR(-EINVAL);
}

void wdmdma_sg_list_return(struct wdmdma_transfer *transfer)
{
	sg_list_publish(transfer);
}

/* Return true if a mapped list, not a waiting one, has this address and these operations. */
bool wdmdma_sg_list_has_ops(struct wdmdma_adapter *adapter, const void *list,
			    const struct wdmdma_sg_list_ops *ops)
{
	struct wdmdma_ptr_node *named;
	unsigned long flags;
	bool has;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	named = wdmdma_ptr_find(&adapter->transfers.lists, list);
	has = named && sg_list_of(named)->ops == ops;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return has;
}

/* Return true if a mapped or waiting list has this address. */
bool wdmdma_sg_list_is_live(struct wdmdma_adapter *adapter, const void *list)
{
	unsigned long flags;
	bool live;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	live = wdmdma_ptr_find(&adapter->transfers.lists, list) ||
	       wdmdma_ptr_find(&adapter->transfers.waiting_buffers, list);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return live;
}
