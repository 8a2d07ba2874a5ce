/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads, work items and debug output, for drivers that are linked with wdmdma_ntos.ko. The Linux
 * half may include this file too.
 */
#ifndef DDK_WDM_THREAD_H
#define DDK_WDM_THREAD_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

typedef VOID KSTART_ROUTINE(PVOID start_context);
typedef KSTART_ROUTINE *PKSTART_ROUTINE;
typedef struct _CLIENT_ID {
	HANDLE UniqueProcess;
	HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;
typedef struct _OBJECT_TYPE *POBJECT_TYPE;

/* A thread object. Drivers take both names for one thing. */
typedef struct _KTHREAD *PKTHREAD, *PRKTHREAD;
typedef struct _ETHREAD *PETHREAD;

#define THREAD_ALL_ACCESS	0x1FFFFF
/* The one type of object that there is. */
#define PsThreadType		WdmThreadType()

struct _OBJECT_ATTRIBUTES;

NTSTATUS PsCreateSystemThread(PHANDLE thread_handle, ULONG desired_access,
			      struct _OBJECT_ATTRIBUTES *object_attributes, HANDLE process_handle,
			      PCLIENT_ID client_id, PKSTART_ROUTINE start_routine,
			      PVOID start_context);
NTSTATUS PsTerminateSystemThread(NTSTATUS exit_status);
POBJECT_TYPE *WdmThreadType(void);
NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ULONG desired_access, POBJECT_TYPE object_type,
				   KPROCESSOR_MODE access_mode, PVOID *object,
				   PVOID handle_information);
SSIZE_T ObReferenceObject(PVOID object);
SSIZE_T ObDereferenceObject(PVOID object);
NTSTATUS ZwClose(HANDLE handle);
PKTHREAD KeGetCurrentThread(void);

#define PsGetCurrentThread()	((PETHREAD)KeGetCurrentThread())

/* Scheduling belongs to the administrator. The priority stays the usual one of a thread. */
WDMDMA_INLINE LONG KeSetPriorityThread(PKTHREAD thread, LONG priority)
{
	(void)thread;
	(void)priority;
	return 8;
}

typedef struct _IO_WORKITEM *PIO_WORKITEM;
typedef VOID IO_WORKITEM_ROUTINE(PDEVICE_OBJECT device_object, PVOID context);
typedef IO_WORKITEM_ROUTINE *PIO_WORKITEM_ROUTINE;
typedef VOID IO_WORKITEM_ROUTINE_EX(PVOID io_object, PVOID context, PIO_WORKITEM item);
typedef IO_WORKITEM_ROUTINE_EX *PIO_WORKITEM_ROUTINE_EX;

typedef enum _WORK_QUEUE_TYPE {
	CriticalWorkQueue,
	DelayedWorkQueue,
	HyperCriticalWorkQueue,
} WORK_QUEUE_TYPE;

PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT device_object);
VOID IoQueueWorkItem(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine, WORK_QUEUE_TYPE type,
		     PVOID context);
VOID IoQueueWorkItemEx(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE_EX routine, WORK_QUEUE_TYPE type,
		       PVOID context);
VOID IoFreeWorkItem(PIO_WORKITEM item);

#define DPFLTR_IHVDRIVER_ID	0x4D
#define DPFLTR_IHVVIDEO_ID	0x4E
#define DPFLTR_IHVAUDIO_ID	0x4F
#define DPFLTR_IHVNETWORK_ID	0x50
#define DPFLTR_IHVSTREAMING_ID	0x51
#define DPFLTR_IHVBUS_ID	0x52
#define DPFLTR_STORPORT_ID	0x59
#define DPFLTR_DEFAULT_ID	0x65
#define DPFLTR_ERROR_LEVEL	0
#define DPFLTR_WARNING_LEVEL	1
#define DPFLTR_TRACE_LEVEL	2
#define DPFLTR_INFO_LEVEL	3
#define DPFLTR_MASK		0x80000000

ULONG DbgPrint(const char *format, ...);
ULONG DbgPrintEx(ULONG component, ULONG level, const char *format, ...);
ULONG vDbgPrintEx(ULONG component, ULONG level, const char *format, __builtin_va_list arguments);
ULONG vDbgPrintExWithPrefix(const char *prefix, ULONG component, ULONG level, const char *format,
			    __builtin_va_list arguments);
/* Differs from Windows: there is no debugger. The call is reported, and the driver goes on. */
VOID DbgBreakPoint(void);

/* Assertions call it, see ntdef.h. */
VOID RtlAssert(PVOID failed_assertion, PVOID file_name, ULONG line_number, PCHAR message);

/* Double parentheses, as on Windows. */
#if defined(DBG) && DBG
#define KdPrint(arguments)	DbgPrint arguments
#define KdPrintEx(arguments)	DbgPrintEx arguments
#define KdBreakPoint()		DbgBreakPoint()
#else
#define KdPrint(arguments)	((void)0)
#define KdPrintEx(arguments)	((void)0)
#define KdBreakPoint()		((void)0)
#endif

WDMDMA_HEADER_END

#endif /* DDK_WDM_THREAD_H */
