// SPDX-License-Identifier: GPL-2.0-only
/*
 * System threads, which are the only objects with handles. A handle is a small number and no
 * pointer. An object lives until its thread has ended, its handle is closed and all references are
 * dropped.
 */
#include "ntos/ntos.h"

#include <linux/bottom_half.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <ddk/wdm/thread.h>

#include "ntos/dispatcher.h"
#include "ntos/thread.h"

#define NT_HANDLE_BASE	0x80000000UL
#define NT_HANDLE_STEP	4

/**
 * struct nt_thread - a system thread
 * @header: signaled once the thread has ended. A driver's pointer is to this
 * @node: link in the list of objects
 * @task: the thread, once it runs
 * @routine: the driver's function
 * @context: its argument
 * @references: references that the driver has
 * @has_handle: the handle is not closed
 * @runs: the thread has not ended
 */
struct nt_thread {
	DISPATCHER_HEADER header;
	struct list_head node;
	struct task_struct *task;
	PKSTART_ROUTINE routine;
	PVOID context;
	unsigned long references;
	bool has_handle;
	bool runs;
};

static DEFINE_SPINLOCK(nt_threads_lock);	/* protects both, and the last three members */
static LIST_HEAD(nt_threads);
static DEFINE_IDR(nt_handles);
static POBJECT_TYPE nt_thread_type;

/* Free an object that nobody has. */
static void nt_thread_put(struct nt_thread *thread)
{
	lockdep_assert_held(&nt_threads_lock);
	if (thread->references || thread->has_handle || thread->runs)
		return;
	list_del(&thread->node);
	kfree(thread);
}

static struct nt_thread *nt_thread_of_handle(HANDLE handle)
{
	const unsigned long number = (unsigned long)handle - NT_HANDLE_BASE;

	lockdep_assert_held(&nt_threads_lock);
	if (number % NT_HANDLE_STEP || number / NT_HANDLE_STEP > INT_MAX)
		return NULL;
	return idr_find(&nt_handles, number / NT_HANDLE_STEP);
}

/* End the calling thread. The module stays until its code has been left. */
static void __noreturn nt_thread_exit(struct nt_thread *thread)
{
	nt_object_set(&thread->header, 1);
	spin_lock_irq(&nt_threads_lock);
	thread->runs = false;
	nt_thread_put(thread);
	spin_unlock_irq(&nt_threads_lock);
	module_put_and_kthread_exit(0);
}

static int nt_thread_main(void *data)
{
	struct nt_thread *thread = data;

	WRITE_ONCE(thread->task, current);
	thread->routine(thread->context);
	if (softirq_count())
		nt_report("PsCreateSystemThread", "the thread has ended at DISPATCH_LEVEL");
	while (softirq_count())
		local_bh_enable();
	nt_thread_exit(thread);
}

/* Allocate an object with a handle. Return NULL if there is no memory. */
static struct nt_thread *nt_thread_alloc(PKSTART_ROUTINE routine, PVOID context, HANDLE *handle)
{
	struct nt_thread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);
	int id;

	if (!thread)
		return NULL;
	nt_object_init(&thread->header, NT_THREAD, 0);
	thread->routine = routine;
	thread->context = context;
	thread->has_handle = true;
	thread->runs = true;
	idr_preload(GFP_KERNEL);
	spin_lock_irq(&nt_threads_lock);
	id = idr_alloc(&nt_handles, thread, 1, 0, GFP_NOWAIT);
	if (id > 0)
		list_add(&thread->node, &nt_threads);
	spin_unlock_irq(&nt_threads_lock);
	idr_preload_end();
	if (id > 0) {
		*handle = (HANDLE)(NT_HANDLE_BASE + id * NT_HANDLE_STEP);
		return thread;
	}
	kfree(thread);
	return NULL;
}

/**
 * PsCreateSystemThread() - start a thread
 * @thread_handle: set to a handle, which ZwClose() must close
 * @desired_access: ignored
 * @object_attributes: ignored
 * @process_handle: ignored
 * @client_id: optional; set to 0
 * @start_routine: function that the thread runs. The thread ends when it returns
 * @start_context: its argument
 *
 * Answers to wdm: PsCreateSystemThread. The driver's module must stay until the thread has ended,
 * so the driver must wait for it.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES,
 * STATUS_INVALID_DEVICE_STATE at a wrong level.
 */
NTSTATUS PsCreateSystemThread(PHANDLE thread_handle, ULONG desired_access,
			      struct _OBJECT_ATTRIBUTES *object_attributes, HANDLE process_handle,
			      PCLIENT_ID client_id, PKSTART_ROUTINE start_routine,
			      PVOID start_context)
{
	struct nt_thread *thread;
	HANDLE handle;

	if (nt_above_passive(__func__))
		return STATUS_INVALID_DEVICE_STATE;
	if (!thread_handle || !start_routine) {
		nt_report(__func__, "%s is NULL", thread_handle ? "StartRoutine" : "ThreadHandle");
		return STATUS_INVALID_PARAMETER;
	}
	thread = nt_thread_alloc(start_routine, start_context, &handle);
	if (!thread)
		return STATUS_INSUFFICIENT_RESOURCES;
	__module_get(THIS_MODULE);
	if (IS_ERR(kthread_run(nt_thread_main, thread, "wdmdma_ntos"))) {
		module_put(THIS_MODULE);
		spin_lock_irq(&nt_threads_lock);
		thread->runs = false;
		spin_unlock_irq(&nt_threads_lock);
		ZwClose(handle);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	*thread_handle = handle;
	if (client_id)
		*client_id = (CLIENT_ID) { };
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(PsCreateSystemThread);

/**
 * PsTerminateSystemThread() - end the calling thread
 * @exit_status: ignored
 *
 * Answers to wdm: PsTerminateSystemThread. A thread that PsCreateSystemThread() has not started,
 * and a call above PASSIVE_LEVEL, are refused.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_INVALID_PARAMETER or STATUS_INVALID_DEVICE_STATE, or not at all.
 */
NTSTATUS PsTerminateSystemThread(NTSTATUS exit_status)
{
	struct nt_thread *thread, *found = NULL;

	if (nt_above_passive(__func__))
		return STATUS_INVALID_DEVICE_STATE;
	spin_lock_irq(&nt_threads_lock);
	list_for_each_entry(thread, &nt_threads, node)
		if (thread->runs && READ_ONCE(thread->task) == current)
			found = thread;
	spin_unlock_irq(&nt_threads_lock);
	if (found)
		nt_thread_exit(found);
	nt_report(__func__, "the calling thread is no system thread");
	return STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(PsTerminateSystemThread);

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
 * @object_type: ignored
 * @access_mode: ignored
 * @object: set to the object, which KeWaitForSingleObject() takes
 * @handle_information: ignored
 *
 * Answers to wdm: ObReferenceObjectByHandle, for threads alone.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER, or STATUS_INVALID_HANDLE for another handle.
 */
NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ULONG desired_access, POBJECT_TYPE object_type,
				   KPROCESSOR_MODE access_mode, PVOID *object,
				   PVOID handle_information)
{
	struct nt_thread *thread;
	unsigned long flags;

	if (!object) {
		nt_report(__func__, "Object is NULL");
		return STATUS_INVALID_PARAMETER;
	}
	spin_lock_irqsave(&nt_threads_lock, flags);
	thread = nt_thread_of_handle(handle);
	if (thread)
		thread->references++;
	spin_unlock_irqrestore(&nt_threads_lock, flags);
	*object = thread;
	if (thread)
		return STATUS_SUCCESS;
	nt_report(__func__, "there is no handle %p", handle);
	return STATUS_INVALID_HANDLE;
}
EXPORT_SYMBOL_GPL(ObReferenceObjectByHandle);

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
	struct nt_thread *thread;
	unsigned long flags;
	SSIZE_T left = -1;

	spin_lock_irqsave(&nt_threads_lock, flags);
	list_for_each_entry(thread, &nt_threads, node) {
		if (thread != object || !thread->references)
			continue;
		left = --thread->references;
		nt_thread_put(thread);
		break;
	}
	spin_unlock_irqrestore(&nt_threads_lock, flags);
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
	struct nt_thread *thread;
	unsigned long flags;

	spin_lock_irqsave(&nt_threads_lock, flags);
	thread = nt_thread_of_handle(handle);
	if (thread) {
		idr_remove(&nt_handles, ((unsigned long)handle - NT_HANDLE_BASE) / NT_HANDLE_STEP);
		thread->has_handle = false;
		nt_thread_put(thread);
	}
	spin_unlock_irqrestore(&nt_threads_lock, flags);
	if (thread)
		return STATUS_SUCCESS;
	nt_report(__func__, "there is no handle %p", handle);
	return STATUS_INVALID_HANDLE;
}
EXPORT_SYMBOL_GPL(ZwClose);

/* Threads hold the module, so none runs. Free the objects that drivers have forgotten. */
void nt_thread_exit_all(void)
{
	struct nt_thread *thread, *next;

	list_for_each_entry_safe(thread, next, &nt_threads, node) {
		pr_warn("a thread has an open handle or a reference\n");
		kfree(thread);
	}
	INIT_LIST_HEAD(&nt_threads);
	idr_destroy(&nt_handles);
}
