// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: who has the adapter's one channel, and who waits for it.
 *
 * It is granted at once if it is free and nobody waits, and otherwise in the order of
 * the requests, from a work item. The driver's routine is called with bottom halves
 * off and no lock held, and may call anything that DISPATCH_LEVEL allows: it may even
 * free what it was just given.
 *
 * Registers leave the adapter's list when they are freed, and end when nobody is in them
 * any more: neither a call nor the routine.
 */
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/transfer.h"
#include "core/work.h"

/* Give the channel to this request. */
static void channel_grant(struct wdmdma_registers *registers)
{
	struct wdmdma_adapter *adapter = registers->adapter;

	lockdep_assert_held(&adapter->transfers.lock);
	adapter->transfers.channel = registers;
	registers->in_call = true;
	list_add_tail(&registers->node, &adapter->transfers.registers);
}

/* The driver's routine has returned: do what it wants. True if the registers are over. */
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

/* Call the driver's routine, and do what it wants. */
static void channel_call(struct wdmdma_registers *registers)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	enum wdmdma_keep keep = WDMDMA_KEEP_ALL;
	struct wdmdma_routine outer;

	if (registers->control) {
		outer = wdmdma_routine_enter();
		keep = registers->control(&registers->callback);
		wdmdma_routine_leave(outer);
	}
	/* For the clean-up at unbind, which waits for what is unmapped here. */
	rcu_read_lock();
	if (channel_returned(registers, keep)) {
		wdmdma_registers_clear(registers, registers->call, false);
		kfree(registers);
	}
	rcu_read_unlock();
	wdmdma_channel_kick(adapter);
}

/**
 * wdmdma_channel_start() - get the channel, now or in its turn, and call the driver
 * @registers: with @adapter, @count, @control and what is wanted of the rest
 * @may_wait: if it is not free, wait rather than fail
 * @base: receives the base of the registers before the call; NULL if it waits
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0: the registers are the adapter's, until they are freed; or, reported, and
 * they are still the caller's: -EAGAIN when the channel is in use, -ESHUTDOWN.
 */
int wdmdma_channel_start(struct wdmdma_registers *registers, bool may_wait, void **base)
{
	unsigned int depth = registers->control ? wdmdma_routine_depth() : 0;
	struct wdmdma_adapter *adapter = registers->adapter;
	const char *why = "the channel is in use";
	bool granted = false;
	unsigned long flags;
	int ret = 0;

	INIT_LIST_HEAD(&registers->mapped);
	registers->callback.list = registers;
	*base = NULL;
	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.closed) {
		why = "the driver is unbound from the device";
		ret = -ESHUTDOWN;
	} else if (!adapter->transfers.channel && !adapter->transfers.held &&
		   list_empty(&adapter->transfers.waiting_channels) &&
		   depth < (may_wait ? 1 : WDMDMA_NESTED_MOST)) {
		channel_grant(registers);
		granted = true;
	} else if (may_wait) {
		list_add_tail(&registers->node, &adapter->transfers.waiting_channels);
	} else {
		ret = -EAGAIN;
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);

	if (ret)
		wdmdma_refuse(adapter->device, registers->call, "%s", why);
	else if (depth)
		wdmdma_channel_kick(adapter);
	if (granted) {
		*base = registers;
		channel_call(registers);
	}
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_channel_start);

/* The request that has waited longest, and has the channel now; NULL if none can have it. */
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
 * Grant the channel as long as it comes back at once; and then let others have the CPU,
 * since a routine may ask again each time.
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

/* The request that waits under this context; or NULL. */
static struct wdmdma_registers *channel_find_waiting(struct wdmdma_adapter *adapter,
						     const void *context)
{
	struct wdmdma_registers *registers;

	lockdep_assert_held(&adapter->transfers.lock);
	list_for_each_entry(registers, &adapter->transfers.waiting_channels, node)
		if (registers->context == context)
			return registers;
	return NULL;
}

bool wdmdma_channel_waits(struct wdmdma_adapter *adapter, const void *context)
{
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	waits = channel_find_waiting(adapter, context);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return waits;
}

/* Drop the request that waits under this context. False if there is none, or not any more. */
bool wdmdma_channel_cancel(struct wdmdma_adapter *adapter, const void *context)
{
	struct wdmdma_registers *registers;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	registers = channel_find_waiting(adapter, context);
	if (registers)
		list_del(&registers->node);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (!registers)
		return false;
	kfree(registers);
	return true;
}

/* Is the channel that of a request without a routine, which FreeAdapterObject is for? */
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
 * @keep: the registers that came with it, or nothing
 * @call: the Windows call, for messages
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0; -EINVAL when nobody has it; -EBUSY, reported, while another call uses its
 * registers.
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

/* Registers that the driver has, for the caller alone. */
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

/* A request that waits, and does so no more. */
static struct wdmdma_registers *channel_claim_waiting(struct wdmdma_adapter *adapter)
{
	struct wdmdma_registers *registers;

	spin_lock_irq(&adapter->transfers.lock);
	registers = list_first_entry_or_null(&adapter->transfers.waiting_channels,
					     struct wdmdma_registers, node);
	if (registers)
		list_del(&registers->node);
	spin_unlock_irq(&adapter->transfers.lock);
	return registers;
}

static void channel_report(const struct wdmdma_registers *registers, const char *what,
			   const char *when)
{
	dev_warn(registers->adapter->device->dev, "%s: %s: %u map registers, %s at %pS\n", when,
		 what, registers->count, registers->call, (void *)registers->caller);
}

/*
 * End all requests and registers of an adapter that goes, and report them. Transfers
 * are closed, and nobody is in a call that saw them open; but CancelAdapterChannel may
 * be, and a routine. What is mapped is taken from the device now, whoever ends the rest.
 */
void wdmdma_channel_free_all(struct wdmdma_adapter *adapter, const char *when)
{
	struct wdmdma_registers *registers;
	unsigned int left = 0;

	cancel_work_sync(&adapter->transfers.channel_work);
	while ((registers = channel_claim_waiting(adapter))) {
		if (left++ < WDMDMA_LEAKS_SHOWN)
			channel_report(registers, "still waiting for the channel", when);
		kfree(registers);
	}
	while ((registers = channel_claim_any(adapter))) {
		if (left++ < WDMDMA_LEAKS_SHOWN)
			channel_report(registers, "map registers not freed", when);
		wdmdma_registers_clear(registers, when, true);
		wdmdma_registers_drop(registers);
	}
	if (left)
		dev_warn(adapter->device->dev, "%s: %u channel requests were left: ended now\n",
			 when, left);
}
