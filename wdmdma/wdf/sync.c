// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spin locks and wait locks.
 *
 * Drivers take spin locks in any order and free them with objects. So lockdep is not told of an
 * order, by taking each with a trylock. Both locks know their owner, because a second acquire
 * would never end.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/slab.h>

#include <ddk/wdfsync.h>

#include "wdf/device.h"
#include "wdf/interrupt_lock.h"

/* From 1601, where Windows begins to count, to 1970, in units of 100 ns. */
#define WDF_EPOCH	116444736000000000LL

/**
 * struct wdf_spin_lock - a spin lock
 * @object: the first member
 * @lock: the lock
 * @owner: the task that has it, or NULL
 * @shared: the lock of the interrupts that were given this spin lock, which stands for it then
 * @enable: bottom halves are enabled by the release
 */
struct wdf_spin_lock {
	struct wdf_object object;
	spinlock_t lock;	/* see above */
	struct task_struct *owner;
	struct wdf_interrupt_lock *shared;
	bool enable;
};

/**
 * struct wdf_wait_lock - a wait lock
 * @object: the first member
 * @semaphore: 1 if the lock is free
 * @owner: the task that has it, or NULL
 */
struct wdf_wait_lock {
	struct wdf_object object;
	struct semaphore semaphore;
	struct task_struct *owner;
};

static void wdf_spin_lock_free(struct wdf_object *object)
{
	struct wdf_spin_lock *self = container_of(object, struct wdf_spin_lock, object);

	wdf_interrupt_lock_put(self->shared);
	kfree(self);
}

static void wdf_wait_lock_free(struct wdf_object *object)
{
	kfree(container_of(object, struct wdf_wait_lock, object));
}

static bool wdf_spin_lock_is_held(const struct wdf_object *object)
{
	return READ_ONCE(container_of(object, struct wdf_spin_lock, object)->owner);
}

static bool wdf_wait_lock_is_held(const struct wdf_object *object)
{
	return READ_ONCE(container_of(object, struct wdf_wait_lock, object)->owner);
}

static const struct wdf_class wdf_spin_lock_class = {
	.name = "WDFSPINLOCK",
	.free = wdf_spin_lock_free,
	.is_held = wdf_spin_lock_is_held,
};

static const struct wdf_class wdf_wait_lock_class = {
	.name = "WDFWAITLOCK",
	.free = wdf_wait_lock_free,
	.is_held = wdf_wait_lock_is_held,
};

/**
 * WdfSpinLockCreate() - make a spin lock
 * @spin_lock_attributes: callbacks, context and parent. Optional
 * @spin_lock: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfSpinLockCreate. Without a parent the lock is deleted with the driver object of
 * the calling module.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_WDF_PARENT_NOT_SPECIFIED without parent and driver object
 * * STATUS_INSUFFICIENT_RESOURCES, STATUS_DELETE_PENDING, STATUS_INVALID_HANDLE
 * * STATUS_INVALID_PARAMETER for NULL
 * * STATUS_INVALID_DEVICE_REQUEST, with a report, in an interrupt
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS WdfSpinLockCreate(PWDF_OBJECT_ATTRIBUTES spin_lock_attributes, WDFSPINLOCK *spin_lock)
{
	struct wdf_spin_lock *self;

	if (wdf_is_wrong(spin_lock, "SpinLock", __func__))
		return STATUS_INVALID_PARAMETER;
	self = kzalloc(sizeof(*self), wdf_gfp());
	if (self) {
		wdf_object_init(&self->object, &wdf_spin_lock_class);
		spin_lock_init(&self->lock);
	}
	return wdf_object_create(self ? &self->object : NULL, spin_lock_attributes, _RET_IP_,
				 __func__, spin_lock);
}
EXPORT_SYMBOL_GPL(WdfSpinLockCreate);

static struct wdf_spin_lock *wdf_spin_lock_get(WDFSPINLOCK handle, const char *call)
{
	struct wdf_object *object;

	if (wdf_above_dispatch(call))
		return NULL;
	object = wdf_get(handle, &wdf_spin_lock_class, call);
	return object ? container_of(object, struct wdf_spin_lock, object) : NULL;
}

/*
 * Return the lock of the interrupts that are given a spin lock, for one more user. After a failure
 * return NULL and a status.
 */
struct wdf_interrupt_lock *wdf_spin_lock_share(void *handle, const char *call, NTSTATUS *status)
{
	struct wdf_object *object = wdf_get(handle, &wdf_spin_lock_class, call);
	struct wdf_interrupt_lock *lock, *other;
	struct wdf_spin_lock *self;

	*status = STATUS_INVALID_HANDLE;
	if (!object)
		return NULL;
	self = container_of(object, struct wdf_spin_lock, object);
	*status = STATUS_SUCCESS;
	lock = READ_ONCE(self->shared);
	if (!lock) {
		lock = wdf_interrupt_lock_new();
		other = lock ? cmpxchg(&self->shared, NULL, lock) : NULL;
		if (other) {
			wdf_interrupt_lock_put(lock);
			lock = other;
		}
	}
	if (lock)
		refcount_inc(&lock->users);
	else
		*status = STATUS_INSUFFICIENT_RESOURCES;
	wdf_put(object);
	return lock;
}

/* Report a spin lock that was given to an interrupt. Return true if it was. */
static bool wdf_spin_lock_is_shared(const struct wdf_spin_lock *self, const char *call)
{
	if (likely(!READ_ONCE(self->shared)))
		return false;
	wdmdma_report(call, "the lock is that of an interrupt");
	return true;
}

/**
 * WdfSpinLockAcquire() - take a spin lock
 * @spin_lock: the lock
 *
 * Answers to wdf: WdfSpinLockAcquire. Raises to DISPATCH_LEVEL. A second acquire by the owner is
 * reported and does not wait. The lock keeps a reference to itself until the release. A lock that
 * was given to WdfInterruptCreate() is reported, and not taken.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfSpinLockAcquire(WDFSPINLOCK spin_lock)
{
	struct wdf_spin_lock *self = wdf_spin_lock_get(spin_lock, __func__);
	bool enable;

	if (!self)
		return;
	if (wdf_spin_lock_is_shared(self, __func__)) {
		wdf_put(&self->object);
		return;
	}
	enable = wdf_raise();
	if (READ_ONCE(self->owner) == current) {
		wdmdma_report(__func__,
			      "the caller holds the lock already (bug check 0x10D, code 0x0B)");
		wdf_lower(enable);
		wdf_put(&self->object);
		return;
	}
	while (!spin_trylock(&self->lock))
		cpu_relax();
	/* The caller keeps the lock, which sparse cannot follow. */
	__release(&self->lock);
	WRITE_ONCE(self->owner, current);
	self->enable = enable;
}
EXPORT_SYMBOL_GPL(WdfSpinLockAcquire);

/**
 * WdfSpinLockRelease() - release a spin lock
 * @spin_lock: the lock
 *
 * Answers to wdf: WdfSpinLockRelease. Lowers to the level of the acquire, which the lock knows. So
 * locks must be released in the reverse order of their acquires. A lock that the caller does not
 * hold is reported and left alone.
 *
 * Context: DISPATCH_LEVEL.
 */
void WdfSpinLockRelease(WDFSPINLOCK spin_lock)
{
	struct wdf_spin_lock *self = wdf_spin_lock_get(spin_lock, __func__);
	bool enable;

	if (!self)
		return;
	if (READ_ONCE(self->owner) != current) {
		if (!wdf_spin_lock_is_shared(self, __func__))
			wdmdma_report(__func__,
				      "the caller does not hold the lock (bug check 0x10D, code 0x0B)");
	} else {
		enable = self->enable;
		WRITE_ONCE(self->owner, NULL);
		/* WdfSpinLockAcquire() has taken the lock. */
		__acquire(&self->lock);
		spin_unlock(&self->lock);
		wdf_lower(enable);
		wdf_put(&self->object);
	}
	wdf_put(&self->object);
}
EXPORT_SYMBOL_GPL(WdfSpinLockRelease);

/**
 * WdfWaitLockCreate() - make a wait lock
 * @lock_attributes: as for WdfSpinLockCreate()
 * @lock: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfWaitLockCreate.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfSpinLockCreate().
 */
NTSTATUS WdfWaitLockCreate(PWDF_OBJECT_ATTRIBUTES lock_attributes, WDFWAITLOCK *lock)
{
	struct wdf_wait_lock *self;

	if (wdf_is_wrong(lock, "Lock", __func__))
		return STATUS_INVALID_PARAMETER;
	self = kzalloc(sizeof(*self), wdf_gfp());
	if (self) {
		wdf_object_init(&self->object, &wdf_wait_lock_class);
		sema_init(&self->semaphore, 1);
	}
	return wdf_object_create(self ? &self->object : NULL, lock_attributes, _RET_IP_,
				 __func__, lock);
}
EXPORT_SYMBOL_GPL(WdfWaitLockCreate);

/* Return the jiffies of a timeout, which is not 0. */
static long wdf_timeout(LONGLONG timeout)
{
	if (timeout > 0)
		timeout -= WDF_EPOCH + ktime_get_real_ns() / 100;
	else
		timeout = timeout == S64_MIN ? S64_MAX : -timeout;
	if (timeout <= 0)
		return 0;
	if (timeout > S64_MAX / 100)
		return MAX_SCHEDULE_TIMEOUT;
	return min_t(u64, nsecs_to_jiffies64(timeout * 100) + 1, MAX_SCHEDULE_TIMEOUT);
}

/* Take a lock. Return STATUS_TIMEOUT if it was not got in time. */
static NTSTATUS wdf_wait_lock_take(struct wdf_wait_lock *self, const LONGLONG *timeout,
				   const char *call)
{
	if (!down_trylock(&self->semaphore))
		return STATUS_SUCCESS;
	if (timeout && !*timeout)
		return STATUS_TIMEOUT;
	if (wdf_above_passive(call))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!timeout && READ_ONCE(self->owner) == current) {
		wdmdma_report(call,
			      "the caller holds the lock already (bug check 0x10D, code 0x0B)");
		return STATUS_INVALID_DEVICE_REQUEST;
	}
	if (!timeout)
		down(&self->semaphore);
	else if (down_timeout(&self->semaphore, wdf_timeout(*timeout)))
		return STATUS_TIMEOUT;
	return STATUS_SUCCESS;
}

/**
 * WdfWaitLockAcquire() - take a wait lock
 * @lock: the lock
 * @timeout: in units of 100 ns, relative if negative, else since 1601. 0 to try. NULL to wait for
 *	ever
 *
 * Answers to wdf: WdfWaitLockAcquire. The lock keeps a reference to itself until the release.
 *
 * Context: PASSIVE_LEVEL (sleeps). <= DISPATCH_LEVEL to try.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_TIMEOUT, which NT_SUCCESS() takes for a success, if the lock was not got
 * * STATUS_INVALID_DEVICE_REQUEST, with a report, for a second acquire without timeout by the
 *   owner, and at the wrong level. The lock was not got
 * * STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER if @timeout is no address
 */
NTSTATUS WdfWaitLockAcquire(WDFWAITLOCK lock, PLONGLONG timeout)
{
	struct wdf_object *object = wdf_get(lock, &wdf_wait_lock_class, __func__);
	struct wdf_wait_lock *self;
	NTSTATUS status;

	if (!object)
		return STATUS_INVALID_HANDLE;
	if (timeout && wdf_is_wrong(timeout, "Timeout", __func__)) {
		wdf_put(object);
		return STATUS_INVALID_PARAMETER;
	}
	self = container_of(object, struct wdf_wait_lock, object);
	status = wdf_wait_lock_take(self, timeout, __func__);
	if (status == STATUS_SUCCESS)
		WRITE_ONCE(self->owner, current);
	else
		wdf_put(object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfWaitLockAcquire);

/**
 * WdfWaitLockRelease() - release a wait lock
 * @lock: the lock
 *
 * Answers to wdf: WdfWaitLockRelease. A lock that the caller does not hold is reported and left
 * alone.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfWaitLockRelease(WDFWAITLOCK lock)
{
	struct wdf_object *object = wdf_get(lock, &wdf_wait_lock_class, __func__);
	struct wdf_wait_lock *self;

	if (!object)
		return;
	self = container_of(object, struct wdf_wait_lock, object);
	if (READ_ONCE(self->owner) == current) {
		WRITE_ONCE(self->owner, NULL);
		up(&self->semaphore);
		wdf_put(object);
	} else {
		wdmdma_report(__func__,
			      "the caller does not hold the lock (bug check 0x10D, code 0x0B)");
	}
	wdf_put(object);
}
EXPORT_SYMBOL_GPL(WdfWaitLockRelease);
