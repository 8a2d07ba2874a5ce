// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, mutexes and waits. An object has no destructor, and often lies on the stack of the
 * function that waits for it. So it has its state alone. The waiting threads, and the mutexes that
 * threads own, are in a table by the object's address. A change of the state and its look-up in the
 * table are made under one lock, and the object is not touched after a waiter can run.
 *
 * The locks are raw, because interrupt handlers set events.
 */
#include "ntos/ntos.h"

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include <ddk/ntstatus.h>

#include "ntos/dispatcher.h"
#include "ntos/thread.h"

#define NT_WAIT_BITS	8
/* Of DISPATCHER_HEADER.Reserved, set if the last owner of a mutex has ended. */
#define NT_ABANDONED	0

/**
 * struct nt_owned - record of a mutex that a thread owns
 * @node: link in the bucket
 * @mutex: the driver's object
 * @task: the thread
 */
struct nt_owned {
	struct list_head node;
	KMUTEX *mutex;
	struct task_struct *task;
};

/**
 * struct nt_waiter - a thread that waits, on the stack of that thread
 * @node: link in the bucket
 * @object: object that it waits for
 * @task: the thread
 * @owned: for a mutex, a record that is not used yet. May be NULL
 * @status: STATUS_TIMEOUT until the wait has another end. The waiter is out of the bucket then
 */
struct nt_waiter {
	struct list_head node;
	DISPATCHER_HEADER *object;
	struct task_struct *task;
	struct nt_owned *owned;
	NTSTATUS status;
};

struct nt_wait_bucket {
	raw_spinlock_t lock;	/* protects the lists, and the state of the objects */
	struct list_head waiters;
	struct list_head owned;
};

static struct nt_wait_bucket nt_wait_buckets[1 << NT_WAIT_BITS];

static struct nt_wait_bucket *nt_wait_bucket(const DISPATCHER_HEADER *object)
{
	return &nt_wait_buckets[hash_long((unsigned long)object, NT_WAIT_BITS)];
}

static KMUTEX *nt_mutex_of(DISPATCHER_HEADER *object)
{
	return container_of(object, KMUTEX, Header);
}

static struct nt_owned *nt_owned_find(struct nt_wait_bucket *bucket, const KMUTEX *mutex)
{
	struct nt_owned *owned;

	lockdep_assert_held(&bucket->lock);
	list_for_each_entry(owned, &bucket->owned, node)
		if (owned->mutex == mutex)
			return owned;
	return NULL;
}

/* Take the record of a mutex out, and free it. The mutex has no owner, or no memory, any more. */
static void nt_owned_drop(struct nt_owned *owned)
{
	if (!owned)
		return;
	list_del(&owned->node);
	nt_record_unmark(owned->mutex);
	nt_record_free(owned);
}

/* Take a mutex for a thread if it is free, or the thread's. */
static void nt_mutex_take(struct nt_wait_bucket *bucket, struct nt_waiter *waiter)
{
	KMUTEX *mutex = nt_mutex_of(waiter->object);

	lockdep_assert_held(&bucket->lock);
	if (mutex->Header.SignalState <= 0 && mutex->OwnerThread != waiter->task)
		return;
	if (mutex->Header.SignalState > 0 && waiter->owned) {
		*waiter->owned = (struct nt_owned) { .mutex = mutex, .task = waiter->task };
		list_add(&waiter->owned->node, &bucket->owned);
		nt_record_mark(mutex);
		waiter->owned = NULL;
	}
	mutex->Header.SignalState--;
	mutex->OwnerThread = waiter->task;
	WRITE_ONCE(waiter->status, mutex->Header.Reserved[NT_ABANDONED] ? STATUS_ABANDONED :
		   STATUS_SUCCESS);
	mutex->Header.Reserved[NT_ABANDONED] = false;
}

/* Take the object for a thread if it is signaled. Return true if it was. */
static bool nt_object_take(struct nt_wait_bucket *bucket, struct nt_waiter *waiter)
{
	DISPATCHER_HEADER *object = waiter->object;

	if (object->Type == NT_MUTANT) {
		nt_mutex_take(bucket, waiter);
	} else if (object->SignalState) {
		if (object->Type == NT_EVENT_SYNCHRONIZATION ||
		    object->Type == NT_TIMER_SYNCHRONIZATION)
			object->SignalState = 0;
		WRITE_ONCE(waiter->status, STATUS_SUCCESS);
	}
	return waiter->status != STATUS_TIMEOUT;
}

static void nt_waiter_add(struct nt_wait_bucket *bucket, struct nt_waiter *waiter)
{
	list_add_tail(&waiter->node, &bucket->waiters);
	nt_record_mark(waiter->object);
}

static void nt_waiter_remove(struct nt_waiter *waiter)
{
	list_del(&waiter->node);
	nt_record_unmark(waiter->object);
}

/* Wake the threads for which the object is signaled now, the first one first. */
static void nt_object_wake(struct nt_wait_bucket *bucket, DISPATCHER_HEADER *object)
{
	struct nt_waiter *waiter, *next;

	lockdep_assert_held(&bucket->lock);
	list_for_each_entry_safe(waiter, next, &bucket->waiters, node) {
		if (waiter->object != object)
			continue;
		if (!nt_object_take(bucket, waiter))
			return;
		nt_waiter_remove(waiter);
		/* The waiter takes the lock before it returns, so its stack is still there. */
		wake_up_process(waiter->task);
	}
}

/* Prepare an object. A mutex that was there has no owner any more. */
void nt_object_init(DISPATCHER_HEADER *object, UCHAR type, LONG state)
{
	struct nt_wait_bucket *bucket = nt_wait_bucket(object);
	unsigned long flags;

	if (nt_record_may_be_at(object, sizeof(*object))) {
		raw_spin_lock_irqsave(&bucket->lock, flags);
		nt_owned_drop(nt_owned_find(bucket, nt_mutex_of(object)));
		raw_spin_unlock_irqrestore(&bucket->lock, flags);
	}
	*object = (DISPATCHER_HEADER) { .Type = type, .SignalState = state };
}

/* Return true if a thread waits for what was an object at an address. */
static bool nt_object_is_waited_for(const DISPATCHER_HEADER *object)
{
	struct nt_wait_bucket *bucket = nt_wait_bucket(object);
	struct nt_waiter *waiter;
	unsigned long flags;
	bool found = false;

	if (!nt_record_may_be_at(object, sizeof(*object)))
		return false;
	raw_spin_lock_irqsave(&bucket->lock, flags);
	list_for_each_entry(waiter, &bucket->waiters, node)
		found |= waiter->object == object;
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return found;
}

/* Report memory that cannot become an object. Return true if it cannot. */
static bool nt_is_no_memory(const void *object, const char *name, const char *call)
{
	if (nt_is_no_address(object)) {
		wdmdma_report(call, "%s is %s", name, object ? "no address of an object" : "NULL");
		return true;
	}
	if (nt_object_is_waited_for(object))
		wdmdma_report(call, "a thread waits for the object");
	return false;
}

/* Set the state of an object and wake the threads that may go on. Return the former state. */
LONG nt_object_set(DISPATCHER_HEADER *object, LONG state)
{
	struct nt_wait_bucket *bucket = nt_wait_bucket(object);
	unsigned long flags;
	LONG old;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	old = object->SignalState;
	object->SignalState = state;
	nt_object_wake(bucket, object);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return old;
}

/* Report a pointer that is no event. Return true if it is none. */
static bool nt_is_no_event(PRKEVENT event, const char *call)
{
	if (likely(nt_object_type(event) <= NT_EVENT_SYNCHRONIZATION))
		return false;
	wdmdma_report(call, "Event is %s", event ? "no event" : "NULL");
	return true;
}

/**
 * KeInitializeEvent() - prepare an event
 * @event: the event. If a thread waits for it, that is reported, and the thread goes on waiting
 * @type: NotificationEvent wakes all waiters, and stays set. SynchronizationEvent wakes one
 * @state: TRUE if the event is set
 *
 * Answers to wdm: KeInitializeEvent. A zeroed event is a notification event that is not set.
 *
 * Context: any.
 */
void KeInitializeEvent(PRKEVENT event, EVENT_TYPE type, BOOLEAN state)
{
	if ((unsigned int)type > SynchronizationEvent)
		wdmdma_report(__func__, "Type is unknown");
	else if (!nt_is_no_memory(event, "Event", __func__))
		nt_object_init(&event->Header, type, !!state);
}
EXPORT_SYMBOL_GPL(KeInitializeEvent);

/**
 * KeSetEvent() - set an event and wake those who wait for it
 * @event: the event. The call does not touch it after a waiter can run
 * @increment: ignored
 * @wait: ignored
 *
 * Answers to wdm: KeSetEvent.
 *
 * Context: any.
 * Return: not 0 if the event was set before.
 */
LONG KeSetEvent(PRKEVENT event, LONG increment, BOOLEAN wait)
{
	return nt_is_no_event(event, __func__) ? 0 : nt_object_set(&event->Header, 1);
}
EXPORT_SYMBOL_GPL(KeSetEvent);

/**
 * KeResetEvent() - make an event not set
 * @event: the event
 *
 * Answers to wdm: KeResetEvent.
 *
 * Context: any.
 * Return: not 0 if the event was set before.
 */
LONG KeResetEvent(PRKEVENT event)
{
	return nt_is_no_event(event, __func__) ? 0 : nt_object_set(&event->Header, 0);
}
EXPORT_SYMBOL_GPL(KeResetEvent);

/**
 * KeClearEvent() - make an event not set
 * @event: the event
 *
 * Answers to wdm: KeClearEvent.
 *
 * Context: any.
 */
void KeClearEvent(PRKEVENT event)
{
	if (!nt_is_no_event(event, __func__))
		nt_object_set(&event->Header, 0);
}
EXPORT_SYMBOL_GPL(KeClearEvent);

/**
 * KeReadStateEvent() - tell whether an event is set
 * @event: the event
 *
 * Answers to wdm: KeReadStateEvent.
 *
 * Context: any.
 * Return: not 0 if the event is set.
 */
LONG KeReadStateEvent(PRKEVENT event)
{
	return nt_is_no_event(event, __func__) ? 0 : READ_ONCE(event->Header.SignalState);
}
EXPORT_SYMBOL_GPL(KeReadStateEvent);

/* Report a pointer that is no mutex. Return true if it is none. */
static bool nt_is_no_mutex(PRKMUTEX mutex, const char *call)
{
	if (likely(nt_object_type(mutex) == NT_MUTANT))
		return false;
	wdmdma_report(call, "Mutex is %s", mutex ? "not initialized" : "NULL");
	return true;
}

/**
 * KeInitializeMutex() - prepare a mutex, which is free
 * @mutex: the mutex
 * @level: ignored
 *
 * Answers to wdm: KeInitializeMutex.
 *
 * Context: any.
 */
void KeInitializeMutex(PRKMUTEX mutex, ULONG level)
{
	if (nt_is_no_memory(mutex, "Mutex", __func__))
		return;
	nt_object_init(&mutex->Header, NT_MUTANT, 1);
	mutex->OwnerThread = NULL;
}
EXPORT_SYMBOL_GPL(KeInitializeMutex);

/**
 * KeReleaseMutex() - undo one wait for a mutex
 * @mutex: the mutex. A thread that does not own it is reported, and changes nothing
 * @wait: ignored
 *
 * Answers to wdm: KeReleaseMutex.
 *
 * Differs from Windows: no exception is raised.
 *
 * Context: any, by the thread that has waited for the mutex.
 * Return: 0 if the mutex is free now, and for what is no mutex. Another number if the caller has to
 * release it again, or does not own it.
 */
LONG KeReleaseMutex(PRKMUTEX mutex, BOOLEAN wait)
{
	struct nt_wait_bucket *bucket;
	unsigned long flags;
	bool owner;
	LONG old;

	if (nt_is_no_mutex(mutex, __func__))
		return 0;
	bucket = nt_wait_bucket(&mutex->Header);
	raw_spin_lock_irqsave(&bucket->lock, flags);
	owner = mutex->OwnerThread == current;
	old = owner ? mutex->Header.SignalState : 1;
	if (owner && ++mutex->Header.SignalState > 0) {
		mutex->OwnerThread = NULL;
		nt_owned_drop(nt_owned_find(bucket, mutex));
		nt_object_wake(bucket, &mutex->Header);
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	if (!owner)
		wdmdma_report(__func__, "the calling thread does not own the mutex");
	return old;
}
EXPORT_SYMBOL_GPL(KeReleaseMutex);

/**
 * KeReadStateMutex() - tell whether a mutex is free
 * @mutex: the mutex
 *
 * Answers to wdm: KeReadStateMutex.
 *
 * Context: any.
 * Return: 1 if the mutex is free.
 */
LONG KeReadStateMutex(PRKMUTEX mutex)
{
	return nt_is_no_mutex(mutex, __func__) ? 0 : READ_ONCE(mutex->Header.SignalState);
}
EXPORT_SYMBOL_GPL(KeReadStateMutex);

/* Sleep until the wait has an end or the time comes. */
static void nt_wait(struct nt_wait_bucket *bucket, struct nt_waiter *waiter, ktime_t deadline)
{
	unsigned long flags;
	bool awake = true;

	while (awake) {
		set_current_state(TASK_IDLE);
		if (READ_ONCE(waiter->status) != STATUS_TIMEOUT)
			break;
		awake = nt_sleep(deadline);
	}
	__set_current_state(TASK_RUNNING);
	/* Who has ended the wait may still use the waiter, under the lock. */
	raw_spin_lock_irqsave(&bucket->lock, flags);
	if (waiter->status == STATUS_TIMEOUT)
		nt_waiter_remove(waiter);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
}

static NTSTATUS nt_wait_or_test(DISPATCHER_HEADER *object, const LARGE_INTEGER *timeout)
{
	struct nt_wait_bucket *bucket = nt_wait_bucket(object);
	struct nt_waiter waiter = { .object = object, .task = current, .status = STATUS_TIMEOUT };
	const bool test = timeout && !timeout->QuadPart;
	unsigned long flags;
	bool taken;

	/* Without a record, nobody notices if the thread ends while it owns the mutex. */
	if (object->Type == NT_MUTANT)
		waiter.owned = nt_record_alloc("KeWaitForSingleObject");
	raw_spin_lock_irqsave(&bucket->lock, flags);
	taken = nt_object_take(bucket, &waiter);
	if (!taken && !test)
		nt_waiter_add(bucket, &waiter);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	if (!taken && !test)
		nt_wait(bucket, &waiter, timeout ? nt_deadline(timeout->QuadPart) : KTIME_MAX);
	nt_record_free(waiter.owned);
	return waiter.status;
}

static NTSTATUS nt_wait_for_thread(struct nt_thread *thread, const LARGE_INTEGER *timeout)
{
	NTSTATUS status = nt_wait_or_test(nt_thread_header(thread), timeout);

	nt_thread_put(thread);
	return status;
}

/**
 * KeWaitForSingleObject() - wait until an object is signaled
 * @object: event, mutex, timer or thread
 * @wait_reason: ignored
 * @wait_mode: ignored
 * @alertable: ignored. No signal ends the wait
 * @timeout: NULL to wait for ever; 0 to test; below 0, the longest time to wait; else the system
 *	time at which the wait ends
 *
 * Answers to wdm: KeWaitForSingleObject. A wait above PASSIVE_LEVEL is refused, but a test is not.
 * A change of the system clock during the wait has no effect.
 *
 * Context: PASSIVE_LEVEL (sleeps); with a timeout of 0, any.
 * Return: STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_ABANDONED for a mutex whose owner has ended, with
 * which the caller owns it, STATUS_INVALID_PARAMETER for a pointer that is none of these objects,
 * for memory whose content cannot be that of an object, for a @timeout that is no address, or if
 * the memory is freed during the wait, STATUS_INVALID_DEVICE_STATE at a wrong level.
 */
NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON wait_reason, KPROCESSOR_MODE wait_mode,
			       BOOLEAN alertable, PLARGE_INTEGER timeout)
{
	struct nt_thread *thread;

	if (timeout && nt_is_wrong(timeout, "Timeout", __func__))
		return STATUS_INVALID_PARAMETER;
	if ((!timeout || timeout->QuadPart) && nt_above_passive(__func__))
		return STATUS_INVALID_DEVICE_STATE;
	switch (nt_object_type(object)) {
	case NT_EVENT_NOTIFICATION:
	case NT_EVENT_SYNCHRONIZATION:
	case NT_MUTANT:
	case NT_TIMER_NOTIFICATION:
	case NT_TIMER_SYNCHRONIZATION:
		return nt_wait_or_test(object, timeout);
	case NT_THREAD:
		thread = nt_thread_get(object);
		if (thread)
			return nt_wait_for_thread(thread, timeout);
		wdmdma_report(__func__, "the thread object is gone");
		return STATUS_INVALID_PARAMETER;
	default:
		wdmdma_report(__func__, "Object is %s", object ? "no object, or not initialized" :
			      "NULL");
		return STATUS_INVALID_PARAMETER;
	}
}
EXPORT_SYMBOL_GPL(KeWaitForSingleObject);

/* End the waits for objects in a bucket that lie in a place. Return true if there were some. */
static bool nt_bucket_forget(struct nt_wait_bucket *bucket, const struct nt_place *place,
			     bool *owned_too)
{
	struct nt_waiter *waiter, *next;
	struct nt_owned *owned, *other;
	bool waited = false;

	lockdep_assert_held(&bucket->lock);
	list_for_each_entry_safe(waiter, next, &bucket->waiters, node) {
		if (!nt_place_has(place, waiter->object))
			continue;
		nt_waiter_remove(waiter);
		WRITE_ONCE(waiter->status, STATUS_INVALID_PARAMETER);
		wake_up_process(waiter->task);
		waited = true;
	}
	list_for_each_entry_safe(owned, other, &bucket->owned, node) {
		if (!nt_place_has(place, owned->mutex))
			continue;
		nt_owned_drop(owned);
		*owned_too = true;
	}
	return waited;
}

/* End the waits for objects of a place, forget the owners of mutexes there, and report both. */
void nt_wait_forget(const struct nt_place *place, const char *call)
{
	bool waited = false, owned = false;
	struct nt_wait_bucket *bucket;
	unsigned long flags;
	int n;

	for (n = 0; n < ARRAY_SIZE(nt_wait_buckets); n++) {
		bucket = &nt_wait_buckets[n];
		if (list_empty(&bucket->waiters) && list_empty(&bucket->owned))
			continue;
		raw_spin_lock_irqsave(&bucket->lock, flags);
		waited |= nt_bucket_forget(bucket, place, &owned);
		raw_spin_unlock_irqrestore(&bucket->lock, flags);
	}
	if (waited)
		wdmdma_report(call,
			      "the memory has an object for which a thread waits. The wait ends");
	if (owned)
		wdmdma_report(call, "the memory has a mutex that a thread owns");
}

/* Give up a mutex of the calling thread. Return false if its memory has another content. */
static bool nt_owned_abandon(struct nt_wait_bucket *bucket, struct nt_owned *owned)
{
	KMUTEX *mutex = owned->mutex;
	const bool valid = nt_object_type(mutex) == NT_MUTANT && mutex->OwnerThread == current;

	lockdep_assert_held(&bucket->lock);
	nt_owned_drop(owned);
	if (!valid)
		return false;
	mutex->OwnerThread = NULL;
	mutex->Header.Reserved[NT_ABANDONED] = true;
	mutex->Header.SignalState = 1;
	nt_object_wake(bucket, &mutex->Header);
	return true;
}

/* Give up the mutexes of the calling thread, which leaves a routine of the driver. */
void nt_mutex_abandon(const char *call, const void *routine)
{
	struct nt_wait_bucket *bucket;
	struct nt_owned *owned, *next;
	unsigned long flags;
	int n, count = 0;

	for (n = 0; n < ARRAY_SIZE(nt_wait_buckets); n++) {
		bucket = &nt_wait_buckets[n];
		if (list_empty(&bucket->owned))
			continue;
		raw_spin_lock_irqsave(&bucket->lock, flags);
		list_for_each_entry_safe(owned, next, &bucket->owned, node)
			if (owned->task == current)
				count += nt_owned_abandon(bucket, owned);
		raw_spin_unlock_irqrestore(&bucket->lock, flags);
	}
	if (count)
		wdmdma_report(call, "%pS has left %d mutexes owned", routine, count);
}

void nt_wait_init(void)
{
	int n;

	for (n = 0; n < ARRAY_SIZE(nt_wait_buckets); n++) {
		raw_spin_lock_init(&nt_wait_buckets[n].lock);
		INIT_LIST_HEAD(&nt_wait_buckets[n].waiters);
		INIT_LIST_HEAD(&nt_wait_buckets[n].owned);
	}
}
