// SPDX-License-Identifier: GPL-2.0-only
/* A system thread, started and stopped as drivers do it. */
#include <ntddk.h>

#include "corpus.h"

typedef struct _WORKER {
	KEVENT Stop;
	PVOID Thread;
	PKTHREAD Self;
	KPRIORITY OldPriority;
	BOOLEAN Same;
} WORKER, *PWORKER;

static KSTART_ROUTINE WorkerMain;

static VOID WorkerMain(_In_ PVOID StartContext)
{
	PWORKER Worker = (PWORKER)StartContext;

	KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
	Worker->OldPriority = KeSetPriorityThread(KeGetCurrentThread(), LOW_PRIORITY);
	KeWaitForSingleObject(&Worker->Stop, Executive, KernelMode, FALSE, NULL);
	Worker->Self = KeGetCurrentThread();
	Worker->Same = (BOOLEAN)((PKTHREAD)PsGetCurrentThread() == Worker->Self);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS WorkerStart(PWORKER Worker)
{
	OBJECT_ATTRIBUTES Attributes;
	NTSTATUS Status;
	HANDLE Handle;

	KeInitializeEvent(&Worker->Stop, NotificationEvent, FALSE);
	InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
	Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Attributes, NULL, NULL,
				      WorkerMain, Worker);
	if (!NT_SUCCESS(Status))
		return Status;
	Status = ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode,
					   &Worker->Thread, NULL);
	ZwClose(Handle);
	return Status;
}

const char *CorpusThread(void)
{
	const PKTHREAD Self = KeGetCurrentThread();
	LARGE_INTEGER Now = { .QuadPart = 0 };
	WORKER Worker;

	CORPUS_EXPECT(NT_SUCCESS(WorkerStart(&Worker)));
	KeSetEvent(&Worker.Stop, IO_NO_INCREMENT, FALSE);
	KeWaitForSingleObject(Worker.Thread, Executive, KernelMode, FALSE, NULL);
	ObDereferenceObject(Worker.Thread);
	CORPUS_EXPECT(Worker.Self == Worker.Thread && Worker.Same && Worker.OldPriority == 8);
	/* A thread that is not of PsCreateSystemThread has a name, and no object. */
	CORPUS_EXPECT(Self && Self == KeGetCurrentThread() && Self != Worker.Self);
	CORPUS_EXPECT(KeWaitForSingleObject(Self, Executive, KernelMode, FALSE, &Now) ==
		      STATUS_INVALID_PARAMETER);
	return NULL;
}
