/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events, mutexes, waits, DPCs and timers, for drivers that are linked with wdmdma_ntos.ko. The
 * Linux half may include this file too. The structures have the sizes of Windows, and the members
 * are the module's own. None has a destructor.
 */
#ifndef DDK_WDM_DISPATCHER_H
#define DDK_WDM_DISPATCHER_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

typedef struct _DISPATCHER_HEADER {
	UCHAR Type;
	UCHAR Reserved[3];
	LONG SignalState;
	PVOID Links[2];
} DISPATCHER_HEADER, *PDISPATCHER_HEADER;

typedef struct _KEVENT {
	DISPATCHER_HEADER Header;
} KEVENT, *PKEVENT, *PRKEVENT;

typedef struct _KMUTANT {
	DISPATCHER_HEADER Header;
	PVOID Links[2];
	PVOID OwnerThread;
	ULONG64 Reserved;
} KMUTANT, *PKMUTANT, *PRKMUTANT, KMUTEX, *PKMUTEX, *PRKMUTEX;

struct _KDPC;
typedef VOID KDEFERRED_ROUTINE(struct _KDPC *dpc, PVOID deferred_context, PVOID system_argument1,
			       PVOID system_argument2);
typedef KDEFERRED_ROUTINE *PKDEFERRED_ROUTINE;

typedef struct _KDPC {
	UCHAR Type;
	UCHAR Importance;
	USHORT Number;
	ULONG Reserved;
	PVOID Links[2];
	PKDEFERRED_ROUTINE DeferredRoutine;
	PVOID DeferredContext;
	PVOID SystemArgument1;
	PVOID SystemArgument2;
	PVOID DpcData;
} KDPC, *PKDPC, *PRKDPC;

typedef struct _KTIMER {
	DISPATCHER_HEADER Header;
	LONGLONG DueTime;
	PVOID Links[2];
	PKDPC Dpc;
	ULONG Reserved;
	ULONG Period;
} KTIMER, *PKTIMER, *PRKTIMER;

typedef enum _EVENT_TYPE {
	NotificationEvent,
	SynchronizationEvent,
} EVENT_TYPE;

typedef enum _TIMER_TYPE {
	NotificationTimer,
	SynchronizationTimer,
} TIMER_TYPE;

typedef enum _KDPC_IMPORTANCE {
	LowImportance,
	MediumImportance,
	HighImportance,
	MediumHighImportance,
} KDPC_IMPORTANCE;

/* Drivers give a reason for a wait, and an increment for a set. Neither has an effect. */
typedef enum _KWAIT_REASON {
	Executive,
	FreePage,
	PageIn,
	PoolAllocation,
	DelayExecution,
	Suspended,
	UserRequest,
} KWAIT_REASON;

#define EVENT_INCREMENT		1
#define IO_DISK_INCREMENT	1
#define IO_NETWORK_INCREMENT	2
#define IO_SERIAL_INCREMENT	2

VOID KeInitializeEvent(PRKEVENT event, EVENT_TYPE type, BOOLEAN state);
LONG KeSetEvent(PRKEVENT event, LONG increment, BOOLEAN wait);
LONG KeResetEvent(PRKEVENT event);
VOID KeClearEvent(PRKEVENT event);
LONG KeReadStateEvent(PRKEVENT event);

VOID KeInitializeMutex(PRKMUTEX mutex, ULONG level);
LONG KeReleaseMutex(PRKMUTEX mutex, BOOLEAN wait);
LONG KeReadStateMutex(PRKMUTEX mutex);

NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON wait_reason, KPROCESSOR_MODE wait_mode,
			       BOOLEAN alertable, PLARGE_INTEGER timeout);
#define KeWaitForMutexObject(mutex, reason, mode, alertable, timeout) \
	KeWaitForSingleObject(mutex, reason, mode, alertable, timeout)

VOID KeInitializeDpc(PRKDPC dpc, PKDEFERRED_ROUTINE routine, PVOID context);
VOID KeSetImportanceDpc(PRKDPC dpc, KDPC_IMPORTANCE importance);
BOOLEAN KeInsertQueueDpc(PRKDPC dpc, PVOID system_argument1, PVOID system_argument2);
BOOLEAN KeRemoveQueueDpc(PRKDPC dpc);
VOID KeFlushQueuedDpcs(void);

VOID KeInitializeTimer(PKTIMER timer);
VOID KeInitializeTimerEx(PKTIMER timer, TIMER_TYPE type);
BOOLEAN KeSetTimer(PKTIMER timer, LARGE_INTEGER due_time, PKDPC dpc);
BOOLEAN KeSetTimerEx(PKTIMER timer, LARGE_INTEGER due_time, LONG period, PKDPC dpc);
BOOLEAN KeCancelTimer(PKTIMER timer);
BOOLEAN KeReadStateTimer(PKTIMER timer);

WDMDMA_HEADER_END

#endif /* DDK_WDM_DISPATCHER_H */
