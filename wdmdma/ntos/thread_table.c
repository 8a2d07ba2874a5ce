// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of system threads, which are the only objects with handles and references. An object
 * lives until its thread has ended, its handle is closed and all references are dropped.
 *
 * A handle is a number, and the pointer to an object is one to its place in the table. So both
 * are recognized by their value, and one that is kept for too long touches no freed memory. The
 * places are used in turn, so it takes long until an old pointer names another thread.
 */
#include "ntos/ntos.h"

#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <ddk/ntstatus.h>

#include "ntos/dispatcher.h"
#include "ntos/thread.h"

#define NT_HANDLE_BASE	0x80000000UL
#define NT_HANDLE_STEP	4
#define NT_THREAD_MOST	2048

/**
 * struct nt_slot - a place in the table, which drivers take for the object
 * @type: NT_THREAD, so that no call takes the place for another object
 * @thread: the thread, or NULL
 */
struct nt_slot {
	UCHAR type;
	struct nt_thread *thread;
};

static DEFINE_RAW_SPINLOCK(nt_slots_lock);	/* protects the table, and what a thread counts */
static struct nt_slot nt_slots[NT_THREAD_MOST];
static unsigned int nt_next_slot;
/* The type has no members. Its address tells it from others. */
static UCHAR nt_thread_type_place;
static POBJECT_TYPE nt_thread_type = (POBJECT_TYPE)&nt_thread_type_place;

static struct nt_slot *nt_slot_of_handle(HANDLE handle)
{
	const unsigned long number = (unsigned long)handle - NT_HANDLE_BASE;
	struct nt_slot *slot;

	lockdep_assert_held(&nt_slots_lock);
	if (number % NT_HANDLE_STEP || number / NT_HANDLE_STEP >= NT_THREAD_MOST)
		return NULL;
	slot = &nt_slots[number / NT_HANDLE_STEP];
	return slot->thread && slot->thread->has_handle ? slot : NULL;
}

static struct nt_slot *nt_slot_of_object(const void *object)
{
	const unsigned long offset = (unsigned long)object - (unsigned long)nt_slots;
	struct nt_slot *slot;

	lockdep_assert_held(&nt_slots_lock);
	if (offset >= sizeof(nt_slots) || offset % sizeof(*slot))
		return NULL;
	slot = &nt_slots[offset / sizeof(*slot)];
	return slot->thread ? slot : NULL;
}

/* Take out a thread that nobody has. Return it if the caller must free it, otherwise NULL. */
static struct nt_thread *nt_slot_release(struct nt_slot *slot)
{
	struct nt_thread *thread = slot->thread;

	lockdep_assert_held(&nt_slots_lock);
	if (thread->references || thread->has_handle || thread->runs)
		return NULL;
	slot->thread = NULL;
	return thread;
}

static struct nt_slot *nt_slot_of(const struct nt_thread *thread)
{
	struct nt_slot *slot = nt_slots;

	lockdep_assert_held(&nt_slots_lock);
	while (slot->thread != thread)
		slot++;
	return slot;
}

/* Add a thread that runs and has a handle. Return the handle, or NULL if the table is full. */
HANDLE nt_thread_add(struct nt_thread *thread)
{
	unsigned int n, tries;
	HANDLE handle = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	for (tries = 0; tries < NT_THREAD_MOST && !handle; tries++) {
		n = nt_next_slot++ % NT_THREAD_MOST;
		if (nt_slots[n].thread)
			continue;
		nt_slots[n].thread = thread;
		thread->has_handle = true;
		thread->runs = true;
		handle = (HANDLE)(NT_HANDLE_BASE + n * NT_HANDLE_STEP);
	}
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return handle;
}

/* The thread does not run in the driver any more. */
void nt_thread_ended(struct nt_thread *thread)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	thread->runs = false;
	thread = nt_slot_release(nt_slot_of(thread));
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	kfree(thread);
}

/* Return the thread of an object, with a reference, or NULL if the object is gone. */
struct nt_thread *nt_thread_get(const void *object)
{
	struct nt_thread *thread = NULL;
	struct nt_slot *slot;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	slot = nt_slot_of_object(object);
	if (slot) {
		thread = slot->thread;
		thread->references++;
	}
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return thread;
}

void nt_thread_put(struct nt_thread *thread)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	thread->references--;
	thread = nt_slot_release(nt_slot_of(thread));
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	kfree(thread);
}

/* Return the calling thread, or NULL if it is no system thread. */
struct nt_thread *nt_thread_current(void)
{
	struct nt_thread *found = NULL;
	unsigned long flags;
	int n;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	for (n = 0; n < NT_THREAD_MOST && !found; n++)
		if (nt_slots[n].thread && nt_slots[n].thread->runs &&
		    READ_ONCE(nt_slots[n].thread->task) == current)
			found = nt_slots[n].thread;
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return found;
}

/* Return how many threads run routines of a place. */
unsigned int nt_thread_count(const struct nt_place *place)
{
	unsigned int count = 0;
	unsigned long flags;
	int n;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	for (n = 0; n < NT_THREAD_MOST; n++)
		count += nt_slots[n].thread && nt_slots[n].thread->runs &&
			 nt_place_has(place, nt_slots[n].thread->routine);
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return count;
}

/**
 * WdmThreadType() - the value of PsThreadType for a driver
 *
 * Context: any.
 * Return: a pointer to the type of threads.
 */
POBJECT_TYPE *WdmThreadType(void)
{
	return &nt_thread_type;
}
EXPORT_SYMBOL_GPL(WdmThreadType);

/**
 * ObReferenceObjectByHandle() - get the object of a thread's handle
 * @handle: from PsCreateSystemThread()
 * @desired_access: ignored
 * @object_type: NULL, or the type of threads
 * @access_mode: ignored
 * @object: set to the object, which KeWaitForSingleObject() takes
 * @handle_information: ignored
 *
 * Answers to wdm: ObReferenceObjectByHandle, for threads alone.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER, STATUS_INVALID_HANDLE for another handle, or
 * STATUS_OBJECT_TYPE_MISMATCH for another type.
 */
NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ULONG desired_access, POBJECT_TYPE object_type,
				   KPROCESSOR_MODE access_mode, PVOID *object,
				   PVOID handle_information)
{
	struct nt_slot *slot;
	unsigned long flags;

	if (!object) {
		nt_report(__func__, "Object is NULL");
		return STATUS_INVALID_PARAMETER;
	}
	*object = NULL;
	if (object_type && object_type != nt_thread_type) {
		nt_report(__func__, "ObjectType is not *PsThreadType");
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	slot = nt_slot_of_handle(handle);
	if (slot)
		slot->thread->references++;
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	*object = slot;
	if (slot)
		return STATUS_SUCCESS;
	nt_report(__func__, "there is no handle %p", handle);
	return STATUS_INVALID_HANDLE;
}
EXPORT_SYMBOL_GPL(ObReferenceObjectByHandle);

/**
 * ObReferenceObject() - take one more reference
 * @object: from ObReferenceObjectByHandle(), and not dropped. Another pointer is reported
 *
 * Answers to wdm: ObReferenceObject, for threads alone.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the number of references, or 0 if there is no such object.
 */
SSIZE_T ObReferenceObject(PVOID object)
{
	struct nt_slot *slot;
	unsigned long flags;
	SSIZE_T now = 0;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	slot = nt_slot_of_object(object);
	if (slot)
		now = ++slot->thread->references;
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	if (!now)
		nt_report(__func__, "there is no reference to %p", object);
	return now;
}
EXPORT_SYMBOL_GPL(ObReferenceObject);

/**
 * ObDereferenceObject() - drop a reference
 * @object: from ObReferenceObjectByHandle(). Another pointer is reported
 *
 * Answers to wdm: ObDereferenceObject, for threads alone.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the number of references that are left.
 */
SSIZE_T ObDereferenceObject(PVOID object)
{
	struct nt_thread *ended = NULL;
	struct nt_slot *slot;
	unsigned long flags;
	SSIZE_T left = -1;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	slot = nt_slot_of_object(object);
	if (slot && slot->thread->references) {
		left = --slot->thread->references;
		ended = nt_slot_release(slot);
	}
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	kfree(ended);
	if (left >= 0)
		return left;
	nt_report(__func__, "there is no reference to %p", object);
	return 0;
}
EXPORT_SYMBOL_GPL(ObDereferenceObject);

/**
 * ZwClose() - close the handle of a thread
 * @handle: from PsCreateSystemThread()
 *
 * Answers to wdm: ZwClose, for threads alone. The thread goes on.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, or STATUS_INVALID_HANDLE for another handle.
 */
NTSTATUS ZwClose(HANDLE handle)
{
	struct nt_thread *ended = NULL;
	struct nt_slot *slot;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	slot = nt_slot_of_handle(handle);
	if (slot) {
		slot->thread->has_handle = false;
		ended = nt_slot_release(slot);
	}
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	kfree(ended);
	if (slot)
		return STATUS_SUCCESS;
	nt_report(__func__, "there is no handle %p", handle);
	return STATUS_INVALID_HANDLE;
}
EXPORT_SYMBOL_GPL(ZwClose);

void nt_thread_table_init(void)
{
	int n;

	for (n = 0; n < NT_THREAD_MOST; n++)
		nt_slots[n].type = NT_THREAD;
}

/* Threads hold the module, so none runs. Free the objects that drivers have forgotten. */
void nt_thread_table_exit(void)
{
	int n;

	for (n = 0; n < NT_THREAD_MOST; n++) {
		if (!nt_slots[n].thread)
			continue;
		pr_warn("a thread has an open handle or a reference\n");
		kfree(nt_slots[n].thread);
	}
}
