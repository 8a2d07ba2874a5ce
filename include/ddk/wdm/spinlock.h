/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Levels, spin locks and lists with a spin lock, for drivers that are linked with wdmdma_ntos.ko.
 * The Linux half may include this file too.
 */
#ifndef DDK_WDM_SPINLOCK_H
#define DDK_WDM_SPINLOCK_H

#include <wdmdma/types.h>
#include "list_entry.h"

WDMDMA_HEADER_BEGIN

/* 0 is a free lock. Otherwise the lock names its owner, see wdmdma/ntos/spin_lock.c. */
typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;

typedef struct _KSPIN_LOCK_QUEUE {
	struct _KSPIN_LOCK_QUEUE *volatile Next;
	KSPIN_LOCK *volatile Lock;
} KSPIN_LOCK_QUEUE, *PKSPIN_LOCK_QUEUE;

/* Lies on the stack of the function that takes the lock. */
typedef struct _KLOCK_QUEUE_HANDLE {
	KSPIN_LOCK_QUEUE LockQueue;
	KIRQL OldIrql;
} KLOCK_QUEUE_HANDLE, *PKLOCK_QUEUE_HANDLE;

KIRQL KeGetCurrentIrql(void);
KIRQL KfRaiseIrql(KIRQL new_irql);
KIRQL KeRaiseIrqlToDpcLevel(void);
VOID KeLowerIrql(KIRQL new_irql);

VOID KeInitializeSpinLock(PKSPIN_LOCK lock);
KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK lock);
VOID KeReleaseSpinLock(PKSPIN_LOCK lock, KIRQL new_irql);
VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK lock);
VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK lock);
BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK lock);
BOOLEAN KeTestSpinLock(PKSPIN_LOCK lock);
VOID KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle);
VOID KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE handle);
VOID KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle);
VOID KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE handle);

/* At any level, with a lock that only these calls take. NULL is an empty list, before the call. */
PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock);
PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock);
PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY head, PKSPIN_LOCK lock);
PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry,
					      PKSPIN_LOCK lock);
PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock);

#define KeRaiseIrql(new_irql, old_irql)		(*(old_irql) = KfRaiseIrql(new_irql))
#define KfLowerIrql(new_irql)			KeLowerIrql(new_irql)
/* The level is stored after the lock is held, because it may lie in what the lock protects. */
#define KeAcquireSpinLock(lock, old_irql)	(*(old_irql) = KeAcquireSpinLockRaiseToDpc(lock))
#define KfAcquireSpinLock(lock)			KeAcquireSpinLockRaiseToDpc(lock)
#define KfReleaseSpinLock(lock, new_irql)	KeReleaseSpinLock(lock, new_irql)

WDMDMA_HEADER_END

#endif /* DDK_WDM_SPINLOCK_H */
