// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which call has map registers for itself.
 *
 * Only one call at a time may map, unmap or free under the registers of one request. Windows
 * demands this order of a driver anyway. A call that breaks the order is refused. The caller of
 * that call claims the registers, and may then work on their mappings without the lock.
 */
#include <linux/rbtree.h>
#include <linux/rcupdate.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/map_registers.h"
#include "core/transfer.h"
#include "lib/refusal.h"

/*
 * Return the registers that the driver names @base and that no call uses, or an ERR_PTR. The
 * reason of unknown registers has the code @unknown.
 */
static struct wdmdma_registers *registers_find_idle(struct wdmdma_adapter *adapter,
						    const void *base, u32 unknown,
						    struct wdmdma_refusal *refusal)
{
	struct wdmdma_registers *registers;
	struct wdmdma_ptr_node *named;

	lockdep_assert_held(&adapter->transfers.lock);
	if (adapter->transfers.closed)
		return ERR_PTR(wdmdma_deny(refusal, -ESHUTDOWN, "is of an unbound driver"));
	named = wdmdma_ptr_find(&adapter->transfers.bases, base);
	if (!named)
		return ERR_PTR(wdmdma_deny_bug(refusal, -EINVAL, unknown,
				"is no base of map registers that this adapter granted"));
	registers = container_of(named, struct wdmdma_registers, named);
	if (registers->busy)
		return ERR_PTR(wdmdma_deny(refusal, -EINVAL, "is in use by another call"));
	return registers;
}

/*
 * Claim the registers that the driver names @base. No other call may use them until
 * wdmdma_registers_put() or wdmdma_registers_drop(). Return the registers, ERR_PTR(-EINVAL) if
 * they are unknown or in use, or ERR_PTR(-ESHUTDOWN) after unbind. A failure has been reported, for
 * unknown registers with the code @unknown.
 */
struct wdmdma_registers *wdmdma_registers_claim(struct wdmdma_adapter *adapter, const char *call,
						const void *base, u32 unknown)
{
	struct wdmdma_registers *registers;
	struct wdmdma_refusal refusal;
	unsigned long flags;

	lockdep_assert_in_rcu_read_lock();

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	registers = registers_find_idle(adapter, base, unknown, &refusal);
	if (!IS_ERR(registers))
		registers->busy = true;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (IS_ERR(registers))
		wdmdma_refuse_bug_for(adapter->device, call, refusal.bug, refusal.reason,
				      "MapRegisterBase %p %s", base, refusal.reason);
	return registers;
}

/* Remove a request from the adapter, where it waits or has map registers. */
void wdmdma_registers_dequeue(struct wdmdma_registers *registers)
{
	struct wdmdma_transfers *transfers = &registers->adapter->transfers;

	lockdep_assert_held(&transfers->lock);
	list_del_init(&registers->node);
	if (wdmdma_ptr_is_in(&registers->named))
		wdmdma_ptr_del(&transfers->bases, &registers->named);
	if (wdmdma_ptr_is_in(&registers->by_context))
		wdmdma_ptr_del(&transfers->contexts, &registers->by_context);
}

/* Take registers from the driver, and also the channel if they were granted with it. */
void wdmdma_registers_take(struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	registers->freed = true;
	registers->adapter->transfers.granted -= registers->count;
	wdmdma_registers_dequeue(registers);
	if (registers->adapter->transfers.channel == registers)
		registers->adapter->transfers.channel = NULL;
}

/*
 * Pause the DMA controller if the registers were cancelled, since it must not move bytes for
 * them any more. If another call uses the registers, that call pauses the controller at its end.
 */
static void registers_pause_cancelled(const struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	if (registers->cancelled && !registers->busy && !RB_EMPTY_ROOT(&registers->mapped))
		wdmdma_dma_channel_pause(registers->adapter->dma_channel);
}

/*
 * Return true if the registers are freed, and no call and no routine uses them any more. The
 * caller must then free the record.
 */
bool wdmdma_registers_are_over(const struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	return registers->freed && !registers->busy && !registers->in_call;
}

/* End the caller's use of the registers. Return true if the caller must free them. */
bool wdmdma_registers_put(struct wdmdma_registers *registers)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	registers->busy = false;
	over = wdmdma_registers_are_over(registers);
	registers_pause_cancelled(registers);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return over;
}

/* Cancel the requests with this context, granted or not. Nothing more is mapped for them. */
void wdmdma_registers_cancel(struct wdmdma_adapter *adapter, const void *context)
{
	struct wdmdma_registers *registers;
	struct wdmdma_ptr_node *node;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	for (node = wdmdma_ptr_find(&adapter->transfers.contexts, context); node;
	     node = wdmdma_ptr_next(node)) {
		registers = container_of(node, struct wdmdma_registers, by_context);
		registers->cancelled = true;
		registers_pause_cancelled(registers);
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
}
