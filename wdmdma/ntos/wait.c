// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, mutexes and waits. An object has no destructor, and often lies on the stack of the
 * function that waits for it. So it has its state alone. The waiting threads are in a table, by
 * the object's address. A change of the state and its look-up in the table are made under one
 * lock, and the object is not touched after a waiter can run.
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

#define NT_WAIT_BITS	8

/**
 * struct nt_waiter - a thread that waits, on the stack of that thread
 * @node: link in the bucket
 * @object: object that it waits for
 * @task: the thread
 * @granted: true once the object was signaled for this thread. The waiter is out of the bucket
 */
struct nt_waiter {
	struct list_head node;
	const DISPATCHER_HEADER *object;
	struct task_struct *task;
	bool granted;
};

struct nt_wait_bucket {
	raw_spinlock_t lock;	/* protects @waiters, and the state of the objects */
	struct list_head waiters;
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

/* Take the object for a thread if it is signaled. Return true if it was. */
static bool nt_object_take(DISPATCHER_HEADER *object, struct task_struct *task)
{
	switch (object->Type) {
	case NT_MUTANT:
		if (object->SignalState <= 0 && nt_mutex_of(object)->OwnerThread != task)
			return false;
		object->SignalState--;
		nt_mutex_of(object)->OwnerThread = task;
		return true;
	case NT_EVENT_SYNCHRONIZATION:
	case NT_TIMER_SYNCHRONIZATION:
		if (!object->SignalState)
			return false;
		object->SignalState = 0;
		return true;
	default:
		return object->SignalState;
	}
}

/* Wake the threads for which the object is signaled now, the first one first. */
static void nt_object_wake(struct nt_wait_bucket *bucket, DISPATCHER_HEADER *object)
{
	struct nt_waiter *waiter, *next;

	lockdep_assert_held(&bucket->lock);
	list_for_each_entry_safe(waiter, next, &bucket->waiters, node) {
		if (waiter->object != object)
			continue;
		if (!nt_object_take(object, waiter->task))
			return;
		list_del(&waiter->node);
		WRITE_ONCE(waiter->granted, true);
		/* The waiter takes the lock before it returns, so its stack is still there. */
		wake_up_process(waiter->task);
	}
}

void nt_object_init(DISPATCHER_HEADER *object, UCHAR type, LONG state)
{
	*object = (DISPATCHER_HEADER) { .Type = type, .SignalState = state };
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
	if (likely(event && event->Header.Type <= NT_EVENT_SYNCHRONIZATION))
		return false;
	nt_report(call, "Event is %s", event ? "no event" : "NULL");
	return true;
}

/**
 * KeInitializeEvent() - prepare an event
 * @event: the event, for which nobody may wait
 * @type: NotificationEvent wakes all waiters, and stays set. SynchronizationEvent wakes one
 * @state: TRUE if the event is set
 *
 * Answers to wdm: KeInitializeEvent. A zeroed event is a notification event that is not set.
 *
 * Context: any.
 */
void KeInitializeEvent(PRKEVENT event, EVENT_TYPE type, BOOLEAN state)
{
	if (!event || (unsigned int)type > SynchronizationEvent)
		nt_report(__func__, "%s", event ? "Type is unknown" : "Event is NULL");
	else
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
	if (likely(mutex && mutex->Header.Type == NT_MUTANT))
		return false;
	nt_report(call, "Mutex is %s", mutex ? "not initialized" : "NULL");
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
	if (!mutex) {
		nt_report(__func__, "Mutex is NULL");
		return;
	}
	*mutex = (KMUTEX) { };
	nt_object_init(&mutex->Header, NT_MUTANT, 1);
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
 * Return: 0 if the mutex is free now.
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
	old = mutex->Header.SignalState;
	if (owner && ++mutex->Header.SignalState > 0) {
		mutex->OwnerThread = NULL;
		nt_object_wake(bucket, &mutex->Header);
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	if (!owner)
		nt_report(__func__, "the calling thread does not own the mutex");
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

/* Sleep until the object is granted or the time comes. Return true if it was granted. */
static bool nt_wait(struct nt_wait_bucket *bucket, struct nt_waiter *waiter, ktime_t deadline)
{
	unsigned long flags;
	bool awake = true;

	while (awake) {
		set_current_state(TASK_IDLE);
		if (READ_ONCE(waiter->granted))
			break;
		awake = nt_sleep(deadline);
	}
	__set_current_state(TASK_RUNNING);
	/* Who granted the object may still use the waiter, under the lock. */
	raw_spin_lock_irqsave(&bucket->lock, flags);
	if (!waiter->granted)
		list_del(&waiter->node);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return waiter->granted;
}

static NTSTATUS nt_wait_or_test(DISPATCHER_HEADER *object, const LARGE_INTEGER *timeout)
{
	struct nt_wait_bucket *bucket = nt_wait_bucket(object);
	struct nt_waiter waiter = { .object = object, .task = current };
	const bool test = timeout && !timeout->QuadPart;
	unsigned long flags;
	bool taken;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	taken = nt_object_take(object, current);
	if (!taken && !test)
		list_add_tail(&waiter.node, &bucket->waiters);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	if (!taken && !test)
		taken = nt_wait(bucket, &waiter,
				timeout ? nt_deadline(timeout->QuadPart) : KTIME_MAX);
	return taken ? STATUS_SUCCESS : STATUS_TIMEOUT;
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
 * Return: STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_INVALID_PARAMETER for a pointer that is none of
 * these objects, STATUS_INVALID_DEVICE_STATE at a wrong level.
 */
NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON wait_reason, KPROCESSOR_MODE wait_mode,
			       BOOLEAN alertable, PLARGE_INTEGER timeout)
{
	DISPATCHER_HEADER *header = object;

	if ((!timeout || timeout->QuadPart) && nt_above_passive(__func__))
		return STATUS_INVALID_DEVICE_STATE;
	switch (header ? header->Type : 0xFF) {
	case NT_EVENT_NOTIFICATION:
	case NT_EVENT_SYNCHRONIZATION:
	case NT_MUTANT:
	case NT_THREAD:
	case NT_TIMER_NOTIFICATION:
	case NT_TIMER_SYNCHRONIZATION:
		return nt_wait_or_test(header, timeout);
	default:
		nt_report(__func__, "Object is %s", header ? "not initialized" : "NULL");
		return STATUS_INVALID_PARAMETER;
	}
}
EXPORT_SYMBOL_GPL(KeWaitForSingleObject);

void nt_wait_init(void)
{
	int n;

	for (n = 0; n < ARRAY_SIZE(nt_wait_buckets); n++) {
		raw_spin_lock_init(&nt_wait_buckets[n].lock);
		INIT_LIST_HEAD(&nt_wait_buckets[n].waiters);
	}
}
