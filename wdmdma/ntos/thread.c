// SPDX-License-Identifier: GPL-2.0-only
/* The life of system threads. */
#include "ntos/ntos.h"

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <ddk/ntstatus.h>

#include "compat.h"
#include "ntos/dispatcher.h"
#include "ntos/level.h"
#include "ntos/thread.h"

/* For those who wait until threads have ended. */
static DECLARE_WAIT_QUEUE_HEAD(nt_thread_ends);

/*
 * End the calling thread. The driver's module may go once the thread is out of the table. This
 * module stays until its own code has been left.
 */
static void __noreturn nt_thread_exit(struct nt_thread *thread)
{
	const struct nt_level level = { };

	nt_level_restore(&level, "PsCreateSystemThread", thread->routine);
	nt_mutex_abandon("PsCreateSystemThread", thread->routine);
	nt_object_set(&thread->header, 1);
	nt_thread_ended(thread);
	wake_up_all(&nt_thread_ends);
	module_put_and_kthread_exit(0);
}

static int nt_thread_main(void *data)
{
	struct nt_thread *thread = data;

	nt_thread_started(thread);
	thread->routine(thread->context);
	nt_thread_exit(thread);
}

/* Add a thread to the table and start it. Return NULL, with the thread freed, if that fails. */
static HANDLE nt_thread_start(struct nt_thread *thread)
{
	HANDLE handle = nt_thread_add(thread);

	if (!handle) {
		kfree(thread);
		return NULL;
	}
	__module_get(THIS_MODULE);
	if (!IS_ERR(kthread_run(nt_thread_main, thread, "wdmdma_ntos")))
		return handle;
	module_put(THIS_MODULE);
	nt_thread_ended(thread);
	ZwClose(handle);
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
 * Answers to wdm: PsCreateSystemThread. The driver must wait for its threads before it is unloaded.
 * Otherwise the unload waits, and says so. The unload closes the handles that the driver has left
 * open, too. There are at most 2048 threads that run or have an open handle or a reference.
 *
 * Mutexes and spin locks that a thread has at its end are reported. The next one who waits for such
 * a mutex gets STATUS_ABANDONED.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES, with a report if
 * there are too many threads, STATUS_INVALID_DEVICE_STATE at a wrong level or while the driver's
 * module is being unloaded.
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
	if (nt_is_wrong(thread_handle, "ThreadHandle", __func__) ||
	    nt_is_wrong(start_routine, "StartRoutine", __func__) ||
	    (client_id && nt_is_wrong(client_id, "ClientId", __func__)))
		return STATUS_INVALID_PARAMETER;
	if (nt_is_leaving(start_routine, __func__))
		return STATUS_INVALID_DEVICE_STATE;
	thread = kzalloc(sizeof(*thread), WDMDMA_GFP);
	if (!thread)
		return STATUS_INSUFFICIENT_RESOURCES;
	nt_object_init(&thread->header, NT_THREAD, 0);
	thread->routine = start_routine;
	thread->context = start_context;
	handle = nt_thread_start(thread);
	if (!handle)
		return STATUS_INSUFFICIENT_RESOURCES;
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
	struct nt_thread *thread;

	if (nt_above_passive(__func__))
		return STATUS_INVALID_DEVICE_STATE;
	thread = nt_thread_current();
	if (thread)
		nt_thread_exit(thread);
	wdmdma_report(__func__, "the calling thread is no system thread");
	return STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(PsTerminateSystemThread);

/* Wait until no thread runs a routine of a place. */
void nt_thread_wait(const struct nt_place *place)
{
	wait_event_idle(nt_thread_ends, !nt_thread_count(place));
}
