// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of system threads, which are the only objects with handles and references. An object
 * lives until its thread has ended, its handle is closed and all references are dropped.
 *
 * A handle is a number, and the pointer to an object is one to its place in the table. So both
 * are recognized by their value, and one that is kept for too long touches no freed memory. The
 * places are used in turn, so it takes long until an old pointer names another thread.
 *
 * Another table has the threads that run, by their task.
 */
#include "ntos/ntos.h"

#include <linux/bitmap.h>
#include <linux/hashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <ddk/ntstatus.h>

#include "compat.h"
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

static DEFINE_RAW_SPINLOCK(nt_slots_lock);	/* protects the tables, and all counts */
static struct nt_slot nt_slots[NT_THREAD_MOST];
static DECLARE_BITMAP(nt_slots_used, NT_THREAD_MOST);
static unsigned int nt_next_slot;
/* A test makes it smaller, so that it need not make so many threads. */
unsigned int nt_thread_most = NT_THREAD_MOST;
EXPORT_SYMBOL_FOR_KUNIT(nt_thread_most);
static DEFINE_HASHTABLE(nt_tasks, 8);
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
	if (thread->references || thread->waits || thread->has_handle || thread->runs)
		return NULL;
	slot->thread = NULL;
	__clear_bit(thread->place, nt_slots_used);
	return thread;
}

static struct nt_slot *nt_slot_of(const struct nt_thread *thread)
{
	return &nt_slots[thread->place];
}

/* Return a free place, from the one behind the last place on, or NT_THREAD_MOST. */
static unsigned int nt_slot_find_free(void)
{
	unsigned int n;

	lockdep_assert_held(&nt_slots_lock);
	if (bitmap_weight(nt_slots_used, NT_THREAD_MOST) >= nt_thread_most)
		return NT_THREAD_MOST;
	n = find_next_zero_bit(nt_slots_used, NT_THREAD_MOST, nt_next_slot);
	return n < NT_THREAD_MOST ? n : find_first_zero_bit(nt_slots_used, NT_THREAD_MOST);
}

/* Add a thread that runs and has a handle. Return the handle, or NULL, with a report. */
HANDLE nt_thread_add(struct nt_thread *thread)
{
	unsigned long flags;
	unsigned int n;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	n = nt_slot_find_free();
	if (n < NT_THREAD_MOST) {
		__set_bit(n, nt_slots_used);
		nt_slots[n].thread = thread;
		nt_next_slot = n + 1;
		thread->place = n;
		thread->has_handle = true;
		thread->runs = true;
	}
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	if (n < NT_THREAD_MOST)
		return (HANDLE)(NT_HANDLE_BASE + n * NT_HANDLE_STEP);
	wdmdma_report("PsCreateSystemThread",
		      "%u threads run, or have an open handle or a reference, and there can be no more",
		      nt_thread_most);
	return NULL;
}

/* The calling thread begins. */
void nt_thread_started(struct nt_thread *thread)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	thread->task = current;
	hash_add(nt_tasks, &thread->node, (unsigned long)current);
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
}

/* The thread does not run in the driver any more. */
void nt_thread_ended(struct nt_thread *thread)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	thread->runs = false;
	hash_del(&thread->node);
	thread = nt_slot_release(nt_slot_of(thread));
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	kfree(thread);
}

/* Return the thread of an object, for a wait, or NULL if the object is gone. */
struct nt_thread *nt_thread_get(const void *object)
{
	struct nt_thread *thread = NULL;
	struct nt_slot *slot;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	slot = nt_slot_of_object(object);
	if (slot) {
		thread = slot->thread;
		thread->waits++;
	}
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return thread;
}

void nt_thread_put(struct nt_thread *thread)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	thread->waits--;
	thread = nt_slot_release(nt_slot_of(thread));
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	kfree(thread);
}

/* Return the calling thread, or NULL if it is no system thread. */
struct nt_thread *nt_thread_current(void)
{
	struct nt_thread *thread, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	hash_for_each_possible(nt_tasks, thread, node, (unsigned long)current)
		if (thread->task == current)
			found = thread;
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return found;
}

/**
 * KeGetCurrentThread() - tell which thread makes the call
 *
 * Answers to wdm: KeGetCurrentThread, PsGetCurrentThread. For a thread of PsCreateSystemThread() it
 * is the object that ObReferenceObjectByHandle() gives. For another thread it is a number that
 * names the thread while it lives, and every call that takes an object refuses it.
 *
 * Context: any.
 * Return: the object or the number, never NULL.
 */
PKTHREAD KeGetCurrentThread(void)
{
	const struct nt_thread *thread = nt_thread_current();

	if (thread)
		return (PKTHREAD)nt_slot_of(thread);
	/* An object is aligned. */
	return (PKTHREAD)((unsigned long)current | 1);
}
EXPORT_SYMBOL_GPL(KeGetCurrentThread);

/* Return true if a thread of a place runs, or has a handle or a reference. */
bool nt_thread_any(const struct nt_place *place)
{
	unsigned long flags;
	unsigned int n;
	bool any = false;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	for_each_set_bit(n, nt_slots_used, NT_THREAD_MOST)
		any |= nt_place_has(place, nt_slots[n].thread->routine);
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return any;
}

/* Return how many threads run routines of a place. */
unsigned int nt_thread_count(const struct nt_place *place)
{
	unsigned int n, count = 0;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	for_each_set_bit(n, nt_slots_used, NT_THREAD_MOST)
		count += nt_slots[n].thread->runs &&
			 nt_place_has(place, nt_slots[n].thread->routine);
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	return count;
}

/*
 * Close the handle of a thread that has ended and whose routine is in a place, and drop the
 * references of the driver. Return false if there is no such thread. A wait for the thread ends by
 * itself.
 */
static bool nt_thread_forget_one(const struct nt_place *place)
{
	struct nt_thread *thread, *ended = NULL;
	bool found = false;
	unsigned long flags;
	unsigned int n;

	raw_spin_lock_irqsave(&nt_slots_lock, flags);
	for_each_set_bit(n, nt_slots_used, NT_THREAD_MOST) {
		thread = nt_slots[n].thread;
		if (thread->runs || !(thread->has_handle || thread->references) ||
		    !nt_place_has(place, thread->routine))
			continue;
		thread->has_handle = false;
		thread->references = 0;
		ended = nt_slot_release(&nt_slots[n]);
		found = true;
		break;
	}
	raw_spin_unlock_irqrestore(&nt_slots_lock, flags);
	kfree(ended);
	return found;
}

/* Do so for all threads of a place. Return how many there were. */
unsigned int nt_thread_forget(const struct nt_place *place)
{
	unsigned int count = 0;

	while (nt_thread_forget_one(place))
		count++;
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

	if (nt_is_wrong(object, "Object", __func__))
		return STATUS_INVALID_PARAMETER;
	*object = NULL;
	if (object_type && object_type != nt_thread_type) {
		wdmdma_report(__func__, "ObjectType is not *PsThreadType");
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
	wdmdma_report(__func__, "there is no handle %p", handle);
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
		wdmdma_report(__func__, "there is no reference to %p", object);
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
	wdmdma_report(__func__, "there is no reference to %p", object);
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
	wdmdma_report(__func__, "there is no handle %p", handle);
	return STATUS_INVALID_HANDLE;
}
EXPORT_SYMBOL_GPL(ZwClose);

void nt_thread_table_init(void)
{
	int n;

	for (n = 0; n < NT_THREAD_MOST; n++)
		nt_slots[n].type = NT_THREAD;
}

/* Threads hold the module, so none runs. Free the objects that are left. */
void nt_thread_table_exit(void)
{
	const struct nt_place everywhere = { .size = SIZE_MAX };
	unsigned int left = nt_thread_forget(&everywhere);

	if (left)
		pr_warn("%u threads have ended with an open handle or a reference, which is dropped\n",
			left);
}
