// SPDX-License-Identifier: GPL-2.0-only
/*
 * The locks of interrupts. They are taken with interrupts off. Interrupts to which the driver gives
 * one spin lock share one of these, for which the spin lock stands.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/interrupt_lock.h"

#include <linux/sched.h>
#include <linux/slab.h>

#include "wdf/object.h"

/* Return a lock with one user, or NULL if there is no memory. */
struct wdf_interrupt_lock *wdf_interrupt_lock_new(void)
{
	struct wdf_interrupt_lock *lock = kzalloc(sizeof(*lock), wdf_gfp());

	if (!lock)
		return NULL;
	refcount_set(&lock->users, 1);
	spin_lock_init(&lock->lock);
	return lock;
}

/* One user less. NULL is ignored. */
void wdf_interrupt_lock_put(struct wdf_interrupt_lock *lock)
{
	if (lock && refcount_dec_and_test(&lock->users))
		kfree(lock);
}

/*
 * Take the lock, for the driver by the interrupt @holder, or with NULL for a callback. Return
 * false, with a report, if the caller has the lock already. An interrupt cannot come while its own
 * CPU has the lock, so the task tells who has it.
 */
bool wdf_interrupt_lock_enter(struct wdf_interrupt_lock *lock, const struct wdf_object *holder,
			      unsigned long *flags, const char *call)
{
	if (READ_ONCE(lock->owner) == current) {
		wdmdma_report(call,
			      "the caller holds the lock already (bug check 0x10D, code 0x0B)");
		return false;
	}
	spin_lock_irqsave(&lock->lock, *flags);
	/* The caller keeps the lock, which sparse cannot follow. */
	__release(&lock->lock);
	WRITE_ONCE(lock->owner, current);
	WRITE_ONCE(lock->holder, holder);
	return true;
}

void wdf_interrupt_lock_leave(struct wdf_interrupt_lock *lock, unsigned long flags)
{
	WRITE_ONCE(lock->holder, NULL);
	WRITE_ONCE(lock->owner, NULL);
	/* wdf_interrupt_lock_enter() has taken the lock. */
	__acquire(&lock->lock);
	spin_unlock_irqrestore(&lock->lock, flags);
}

/* Return true if the caller has taken the lock for the driver, by this interrupt. */
bool wdf_interrupt_lock_is_mine(const struct wdf_interrupt_lock *lock,
				const struct wdf_object *holder)
{
	return READ_ONCE(lock->owner) == current && READ_ONCE(lock->holder) == holder;
}
