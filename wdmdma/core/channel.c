// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: which request has the adapter's one channel, and which requests wait.
 *
 * A request gets the channel at once if the channel is free and no other request waits.
 * Otherwise a work item grants the channel in the order of the requests. The driver's
 * routine must be called with bottom halves off and no lock held, because the routine may
 * call anything that DISPATCH_LEVEL allows. The routine may even free the map registers
 * that it was just given.
 *
 * Map registers leave the adapter's list when the driver frees them. Their record must
 * stay until neither a call nor the routine uses it.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/events.h"
#include "core/map_registers.h"
#include "core/routine.h"
#include "core/transfer.h"
#include "core/verifier.h"
#include "core/work.h"
#include "lib/bug_check.h"
#include "lib/refusal.h"

/* Grant the channel to a request. */
static void channel_grant(struct wdmdma_registers *registers)
{
	struct wdmdma_adapter *adapter = registers->adapter;

	lockdep_assert_held(&adapter->transfers.lock);
	wdmdma_trace_grant_channel(registers);
	adapter->transfers.channel = registers;
	registers->in_call = true;
	list_add_tail(&registers->node, &adapter->transfers.registers);
	adapter->transfers.granted += registers->count;
	registers->named.key = registers;
	wdmdma_ptr_add(&adapter->transfers.bases, &registers->named);
}

/* Let a request wait for the channel. */
static void channel_enqueue(struct wdmdma_registers *registers)
{
	struct wdmdma_transfers *transfers = &registers->adapter->transfers;

	lockdep_assert_held(&transfers->lock);
	registers->queued = ktime_get_ns();
	wdmdma_trace_wait_channel(registers);
	list_add_tail(&registers->node, &transfers->waiting_channels);
}

/* Make a request known by its context, if it has one. */
static void channel_add_context(struct wdmdma_registers *registers)
{
	struct wdmdma_transfers *transfers = &registers->adapter->transfers;

	lockdep_assert_held(&transfers->lock);
	if (!registers->context)
		return;
	registers->by_context.key = registers->context;
	wdmdma_ptr_add(&transfers->contexts, &registers->by_context);
}

/*
 * Free what the driver's routine does not want to keep. Return true if the caller must
 * free the record.
 */
static bool channel_returned(struct wdmdma_registers *registers, enum wdmdma_keep keep)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	registers->in_call = false;
	if (!registers->freed && keep == WDMDMA_KEEP_NOTHING)
		wdmdma_registers_take(registers);
	else if (keep == WDMDMA_KEEP_REGISTERS && adapter->transfers.channel == registers)
		adapter->transfers.channel = NULL;
	over = wdmdma_registers_are_over(registers);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return over;
}

/* Call the driver's routine, and free what the routine does not want to keep. */
static void channel_call(struct wdmdma_registers *registers)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	enum wdmdma_keep keep = WDMDMA_KEEP_ALL;
	struct wdmdma_routine outer;
	bool enable;

	if (registers->control) {
		outer = wdmdma_routine_enter(&enable);
		keep = registers->control(&registers->callback);
		wdmdma_routine_leave(outer, enable);
	}
	/* The clean-up at unbind waits for this unmapping by synchronize_rcu(). */
	rcu_read_lock();
	if (channel_returned(registers, keep)) {
		wdmdma_registers_clear(registers, registers->call, false);
		wdmdma_registers_delete(registers);
	}
	rcu_read_unlock();
	wdmdma_channel_kick(adapter);
}

/* Refuse a request in this many routines, which cannot be granted and may not wait. */
static int channel_deny(const struct wdmdma_adapter *adapter, unsigned int depth,
			struct wdmdma_refusal *refusal)
{
	lockdep_assert_held(&adapter->transfers.lock);
	if (adapter->transfers.held)
		return wdmdma_deny(refusal, -EAGAIN, "the device is just changing its domain");
	if (depth >= WDMDMA_NESTED_MOST)
		return wdmdma_deny(refusal, -EAGAIN,
				   "called in the routine of a call in a routine, again and again");
	return wdmdma_deny(refusal, -EAGAIN, "the channel is in use");
}

/**
 * wdmdma_channel_start() - get the channel, now or later, and call the driver's routine
 * @registers: the request, with @adapter, @count and @control set, and other inputs as needed
 * @may_wait: wait rather than fail if the channel is not free
 * @base: receives the base of the map registers before the routine is called, or NULL if
 *        the request waits
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0 if the adapter has taken over @registers, until they are freed. -EAGAIN if the
 * request would have to wait, or -ESHUTDOWN after unbind. A failure has been logged, and the caller
 * must free @registers then.
 */
int wdmdma_channel_start(struct wdmdma_registers *registers, bool may_wait, void **base)
{
	unsigned int depth = registers->control ? wdmdma_routine_nested() : 0;
	struct wdmdma_adapter *adapter = registers->adapter;
	struct wdmdma_refusal refusal;
	bool granted = false;
	unsigned long flags;
	int ret = 0;

	registers->mapped = RB_ROOT;
	registers->last = NULL;
	registers->spare = NULL;
	registers->spare_pages = 0;
	registers->callback.list = registers;
	*base = NULL;
	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.closed) {
		ret = wdmdma_deny(&refusal, -ESHUTDOWN, "the driver is unbound from the device");
	} else if (!adapter->transfers.channel && !adapter->transfers.held &&
		   list_empty(&adapter->transfers.waiting_channels) &&
		   depth < (may_wait ? 1 : WDMDMA_NESTED_MOST)) {
		channel_grant(registers);
		granted = true;
	} else if (may_wait) {
		channel_enqueue(registers);
	} else {
		ret = channel_deny(adapter, depth, &refusal);
	}
	if (!ret)
		channel_add_context(registers);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);

	if (ret)
		wdmdma_refuse_for(adapter->device, registers->call, refusal.reason, "%s",
				  refusal.reason);
	else if (depth)
		wdmdma_channel_kick(adapter);
	if (granted) {
		*base = registers;
		channel_call(registers);
	}
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_channel_start);

/*
 * Grant the channel to the request that has waited longest, and return the request. Return
 * NULL if no request waits, or the channel cannot be granted.
 */
static struct wdmdma_registers *channel_grant_next(struct wdmdma_adapter *adapter)
{
	struct wdmdma_registers *registers = NULL;

	spin_lock_irq(&adapter->transfers.lock);
	if (!adapter->transfers.channel && !adapter->transfers.closed && !adapter->transfers.held)
		registers = list_first_entry_or_null(&adapter->transfers.waiting_channels,
						     struct wdmdma_registers, node);
	if (registers) {
		list_del(&registers->node);
		channel_grant(registers);
	}
	spin_unlock_irq(&adapter->transfers.lock);
	return registers;
}

/*
 * Grant the channel as long as each routine gives the channel back at once. Other work must
 * get the CPU after some requests, because a routine may make a new request each time.
 */
void wdmdma_channel_work(struct work_struct *work)
{
	struct wdmdma_adapter *adapter =
		container_of(work, struct wdmdma_adapter, transfers.channel_work);
	struct wdmdma_registers *registers;
	unsigned int left;

	for (left = WDMDMA_SERVED_AT_ONCE; left; left--) {
		registers = channel_grant_next(adapter);
		if (!registers)
			return;
		channel_call(registers);
	}
	wdmdma_channel_kick(adapter);
}

/* Return the waiting request with this context, or NULL. Requests with registers wait no more. */
static struct wdmdma_registers *channel_find_waiting(struct wdmdma_adapter *adapter,
						     const void *context)
{
	struct wdmdma_registers *registers;
	struct wdmdma_ptr_node *node;

	lockdep_assert_held(&adapter->transfers.lock);
	for (node = wdmdma_ptr_find(&adapter->transfers.contexts, context); node;
	     node = wdmdma_ptr_next(node)) {
		registers = container_of(node, struct wdmdma_registers, by_context);
		if (!wdmdma_ptr_is_in(&registers->named))
			return registers;
	}
	return NULL;
}

/* Return true if a request waits with this context. */
bool wdmdma_channel_waits(struct wdmdma_adapter *adapter, const void *context)
{
	return channel_find_waiting(adapter, context);
}

/*
 * Drop the waiting request with this context. Return false if there is none, or if it does
 * not wait any more.
 */
bool wdmdma_channel_cancel(struct wdmdma_adapter *adapter, const void *context)
{
	struct wdmdma_registers *registers;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	registers = channel_find_waiting(adapter, context);
	if (registers)
		wdmdma_registers_dequeue(registers);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (!registers)
		return false;
	kfree(registers);
	return true;
}

/*
 * Return true if the request that has the channel has no routine. FreeAdapterObject then
 * must give back the channel, and not a list.
 */
bool wdmdma_channel_is_bare(struct wdmdma_adapter *adapter)
{
	unsigned long flags;
	bool bare;

	if (!READ_ONCE(adapter->transfers.channel))
		return false;
	spin_lock_irqsave(&adapter->transfers.lock, flags);
	bare = adapter->transfers.channel && !adapter->transfers.channel->control;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return bare;
}

/**
 * wdmdma_channel_free() - give the channel back
 * @adapter: the adapter
 * @keep: whether the driver keeps the map registers that came with the channel, or nothing
 * @call: the Windows call, for messages
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0 on success. -EINVAL if no request has the channel. -EBUSY, which is logged,
 * while another call uses the map registers.
 */
int wdmdma_channel_free(struct wdmdma_adapter *adapter, enum wdmdma_keep keep, const char *call)
{
	struct wdmdma_registers *registers;
	unsigned long flags;
	int ret = 0;

	rcu_read_lock();
	spin_lock_irqsave(&adapter->transfers.lock, flags);
	registers = adapter->transfers.closed ? NULL : adapter->transfers.channel;
	if (!registers)
		ret = -EINVAL;
	else if (keep == WDMDMA_KEEP_REGISTERS)
		adapter->transfers.channel = NULL;
	else if (registers->busy)
		ret = -EBUSY;
	else
		registers->busy = true;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (!ret && keep == WDMDMA_KEEP_NOTHING) {
		wdmdma_registers_clear(registers, call, false);
		wdmdma_registers_drop(registers);
	}
	rcu_read_unlock();
	if (ret == -EBUSY)
		wdmdma_refuse(adapter->device, call, "another call uses the map registers");
	wdmdma_channel_kick(adapter);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_channel_free);

/* Claim map registers that the driver has for the caller alone. Return NULL if there are none. */
static struct wdmdma_registers *channel_claim_any(struct wdmdma_adapter *adapter)
{
	struct wdmdma_registers *registers;

	spin_lock_irq(&adapter->transfers.lock);
	registers = list_first_entry_or_null(&adapter->transfers.registers, struct wdmdma_registers,
					     node);
	if (registers)
		registers->busy = true;
	spin_unlock_irq(&adapter->transfers.lock);
	return registers;
}

/* Take a request out of the queue for the channel. Return NULL if none waits. */
static struct wdmdma_registers *channel_claim_waiting(struct wdmdma_adapter *adapter)
{
	struct wdmdma_registers *registers;

	spin_lock_irq(&adapter->transfers.lock);
	registers = list_first_entry_or_null(&adapter->transfers.waiting_channels,
					     struct wdmdma_registers, node);
	if (registers)
		wdmdma_registers_dequeue(registers);
	spin_unlock_irq(&adapter->transfers.lock);
	return registers;
}

static void channel_report(const struct wdmdma_registers *registers, const char *what,
			   const char *when)
{
	dev_warn(registers->adapter->device->dev, "%s: %s: %u map registers, %s at %s\n", when,
		 what, registers->count, registers->call, WDMDMA_FUNCTION(registers->caller));
}

/*
 * End all requests and map registers of an adapter that goes away, and report them. The
 * adapter's transfers must be closed, and all calls that saw them open must have ended.
 * CancelAdapterChannel and a routine may still run. Unmap all memory from the device now,
 * even if one of these two frees the record later.
 */
void wdmdma_channel_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks)
{
	struct wdmdma_registers *registers;
	const char *when = leaks->when;

	cancel_work_sync(&adapter->transfers.channel_work);
	while ((registers = channel_claim_waiting(adapter))) {
		if (wdmdma_leak_is_shown(&leaks->channels))
			channel_report(registers, "still waiting for the channel", when);
		wdmdma_verifier_report(adapter->device, when, WDMDMA_DMA_CODE(0x08));
		kfree(registers);
	}
	while ((registers = channel_claim_any(adapter))) {
		if (wdmdma_leak_is_shown(&leaks->channels))
			channel_report(registers, "map registers not freed", when);
		wdmdma_verifier_report(adapter->device, when,
				       READ_ONCE(adapter->transfers.channel) == registers ?
				       WDMDMA_DMA_CODE(0x08) : WDMDMA_DMA_CODE(0x09));
		wdmdma_registers_clear(registers, when, true);
		wdmdma_registers_drop(registers);
	}
}
