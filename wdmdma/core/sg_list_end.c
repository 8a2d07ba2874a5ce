// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of lists that are not put. A driver may cancel a list that waits. FreeAdapterObject ends
 * the list of a synchronous call. All lists end when the adapter goes away or its driver is
 * unbound.
 */
#include <linux/rcupdate.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/sg_list.h"
#include "core/transfer.h"
#include "core/verifier.h"
#include "lib/bug_check.h"

static void sg_list_report(const struct wdmdma_transfer *transfer, const char *when)
{
	dev_warn(transfer->adapter->device->dev, "%s: %s list: %zu bytes, %s at %s\n", when,
		 transfer->mapped ? "not put:" : "still waiting:", transfer->len, transfer->call,
		 WDMDMA_FUNCTION(transfer->caller));
}

/* Report and count a list that an adapter still has when it goes away. */
static void sg_list_left(const struct wdmdma_transfer *transfer, struct wdmdma_leaks *leaks)
{
	if (wdmdma_leak_is_shown(&leaks->lists))
		sg_list_report(transfer, leaks->when);
	wdmdma_verifier_report(transfer->adapter->device, leaks->when, WDMDMA_DMA_CODE(0x0A));
}

/* Take any list out of the table. @bucket says where in the table lists may be left. */
static struct wdmdma_transfer *sg_list_claim_any(struct wdmdma_adapter *adapter,
						 unsigned int *bucket)
{
	struct wdmdma_ptr_node *named;

	spin_lock_irq(&adapter->transfers.lock);
	adapter->transfers.unended = NULL;
	named = wdmdma_ptr_table_next(&adapter->transfers.lists, bucket);
	if (named)
		wdmdma_ptr_del(&adapter->transfers.lists, named);
	spin_unlock_irq(&adapter->transfers.lock);
	return named ? container_of(named, struct wdmdma_transfer, named) : NULL;
}

static struct wdmdma_transfer *sg_list_claim_waiting(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfer *transfer;

	spin_lock_irq(&adapter->transfers.lock);
	transfer = list_first_entry_or_null(&adapter->transfers.waiting_lists,
					    struct wdmdma_transfer, node);
	if (transfer)
		wdmdma_sg_list_dequeue(transfer);
	spin_unlock_irq(&adapter->transfers.lock);
	return transfer;
}

/* Close the adapter for transfers. No list is started and no channel granted. Any context. */
void wdmdma_sg_list_close(struct wdmdma_adapter *adapter)
{
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	WRITE_ONCE(adapter->transfers.closed, true);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
}

/*
 * Drop the waiting lists without calling their routines. CancelAdapterChannel may drop some of
 * them at the same time.
 */
static void sg_list_drop_waiting(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks)
{
	struct wdmdma_transfer *transfer;

	cancel_delayed_work_sync(&adapter->transfers.list_work);
	while ((transfer = sg_list_claim_waiting(adapter))) {
		sg_list_left(transfer, leaks);
		wdmdma_sg_list_free(transfer);
	}
}

/*
 * End, report and count all lists of an adapter that goes away. The caller holds the device's sem
 * for writing. The memory of a list that was not put must not be written any more.
 *
 * If the last reference to the adapter is gone, no other call can be running. If the driver is
 * being unbound, other calls may still run. A call that saw the adapter open publishes its list
 * before the first synchronize_rcu() returns. A call that took a list out of the table has
 * unmapped it before the second synchronize_rcu() returns.
 */
void wdmdma_sg_list_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks)
{
	bool others = adapter->device->dead;
	struct wdmdma_transfer *transfer;
	unsigned int bucket = 0;

	lockdep_assert_held_write(&adapter->device->sem);

	wdmdma_sg_list_close(adapter);
	sg_list_drop_waiting(adapter, leaks);
	if (others)
		synchronize_rcu();
	while ((transfer = sg_list_claim_any(adapter, &bucket))) {
		sg_list_left(transfer, leaks);
		wdmdma_transfer_abandon(transfer);
		wdmdma_sg_list_free(transfer);
	}
	wdmdma_channel_free_all(adapter, leaks);
	if (others)
		synchronize_rcu();
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_sg_list_free_all);

/*
 * End all lists of an adapter before the caller frees the objects that their release needs. No
 * other call may use the adapter any more. The adapter stays until it is put. May sleep.
 */
void wdmdma_sg_list_end(struct wdmdma_adapter *adapter, const char *when)
{
	struct wdmdma_leaks leaks = { .when = when };

	down_write(&adapter->device->sem);
	wdmdma_sg_list_free_all(adapter, &leaks);
	up_write(&adapter->device->sem);
	wdmdma_leaks_report(adapter->device, &leaks);
}

/*
 * Count a synchronous call as ended, whichever it is, and return false if there is none to end.
 * If @end is set and the driver has only one list of such calls, take it out of the table for
 * good and set *@transfer to it. Otherwise set *@transfer to NULL.
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
	/* The list may be out of the table for the moment, and at unbind forever. */
	if (*transfer &&
	    (!end || adapter->transfers.closed || !wdmdma_ptr_is_in(&(*transfer)->named)))
		*transfer = NULL;
	if (*transfer)
		wdmdma_ptr_del(&adapter->transfers.lists, &(*transfer)->named);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return unended;
}

/**
 * wdmdma_sg_list_settle() - end a synchronous call for a list, at FreeAdapterObject
 * @adapter: the adapter
 * @end: end the list too, unless it was put already. If there are several such lists none is
 *       ended, because FreeAdapterObject does not name a list
 *
 * A synchronous call for a list without a routine must be ended in this way.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: true, or false if no such call is left to be ended.
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
		wdmdma_sg_list_finish(transfer);
	return unended;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_sg_list_settle);

/* Return the waiting list with this context, or NULL. */
static struct wdmdma_transfer *sg_list_find_waiting(struct wdmdma_adapter *adapter,
						    const void *context)
{
	struct wdmdma_ptr_node *node;

	lockdep_assert_held(&adapter->transfers.lock);
	node = wdmdma_ptr_find(&adapter->transfers.waiting_contexts, context);
	return node ? container_of(node, struct wdmdma_transfer, by_context) : NULL;
}

/* Return true if a list waits with this context. */
bool wdmdma_sg_list_waits(struct wdmdma_adapter *adapter, const void *context)
{
	return sg_list_find_waiting(adapter, context);
}

/*
 * Drop the waiting list with this context. A list that is being tried is freed by the work item,
 * and only the time in which it is mapped must be waited for. Any context that may take a spinlock.
 * Return false if there is no such list, because its routine was called or is about to be called.
 */
bool wdmdma_sg_list_cancel(struct wdmdma_adapter *adapter, const void *context)
{
	struct wdmdma_transfers *transfers = &adapter->transfers;
	struct wdmdma_transfer *transfer;
	unsigned long flags;
	bool busy = false;

	spin_lock_irqsave(&transfers->mapping, flags);
	spin_lock(&transfers->lock);
	transfer = sg_list_find_waiting(adapter, context);
	if (transfer) {
		busy = transfer->busy;
		transfer->cancelled = true;
		wdmdma_sg_list_dequeue(transfer);
	}
	spin_unlock(&transfers->lock);
	spin_unlock_irqrestore(&transfers->mapping, flags);
	if (!transfer)
		return false;
	if (!busy)
		wdmdma_sg_list_free(transfer);
	return true;
}
