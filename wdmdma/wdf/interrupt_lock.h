/* SPDX-License-Identifier: GPL-2.0-only */
/* The lock of an interrupt, or of all interrupts that have one spin lock of the driver's. */
#ifndef WDMDMA_WDF_INTERRUPT_LOCK_H
#define WDMDMA_WDF_INTERRUPT_LOCK_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <wdmdma/types.h>

struct task_struct;
struct wdf_object;

/**
 * struct wdf_interrupt_lock - a lock that keeps service routines away
 * @users: its interrupts, and the spin lock that stands for it
 * @lock: the lock
 * @owner: the task that has the lock, or on which an interrupt has it, or NULL
 * @holder: the interrupt whose WdfInterruptAcquireLock() took it. NULL for a callback
 * @flags: for its release
 */
struct wdf_interrupt_lock {
	refcount_t users;
	spinlock_t lock;	/* see above */
	struct task_struct *owner;
	const struct wdf_object *holder;
	unsigned long flags;
};

struct wdf_interrupt_lock *wdf_interrupt_lock_new(void);
void wdf_interrupt_lock_put(struct wdf_interrupt_lock *lock);
bool wdf_interrupt_lock_enter(struct wdf_interrupt_lock *lock, const struct wdf_object *holder,
			      unsigned long *flags, const char *call);
void wdf_interrupt_lock_leave(struct wdf_interrupt_lock *lock, unsigned long flags);
bool wdf_interrupt_lock_is_mine(const struct wdf_interrupt_lock *lock,
				const struct wdf_object *holder);

/* sync.c */
struct wdf_interrupt_lock *wdf_spin_lock_share(void *handle, const char *call, NTSTATUS *status);

#endif /* WDMDMA_WDF_INTERRUPT_LOCK_H */
