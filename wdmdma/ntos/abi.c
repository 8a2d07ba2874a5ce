// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes and offsets of 64-bit Windows that drivers rely on when they embed a structure, checked
 * at build time. The members that a driver must not touch are this module's own.
 */
#include <linux/build_bug.h>
#include <linux/stddef.h>

#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/pool.h>
#include <ddk/wdm/spinlock.h>

#define LAYOUT(type, bytes, alignment) \
	static_assert(sizeof(type) == (bytes) && __alignof__(type) == (alignment))
#define OFFSET(type, member, bytes)	static_assert(offsetof(type, member) == (bytes))

LAYOUT(KSPIN_LOCK, 8, 8);
LAYOUT(KLOCK_QUEUE_HANDLE, 0x18, 8);
OFFSET(KLOCK_QUEUE_HANDLE, LockQueue.Lock, 0x08);
OFFSET(KLOCK_QUEUE_HANDLE, OldIrql, 0x10);
LAYOUT(DISPATCHER_HEADER, 0x18, 8);
OFFSET(DISPATCHER_HEADER, SignalState, 0x04);
LAYOUT(KEVENT, 0x18, 8);
LAYOUT(KMUTEX, 0x38, 8);
OFFSET(KMUTEX, OwnerThread, 0x28);
LAYOUT(KDPC, 0x40, 8);
OFFSET(KDPC, DeferredRoutine, 0x18);
OFFSET(KDPC, DeferredContext, 0x20);
OFFSET(KDPC, SystemArgument1, 0x28);
OFFSET(KDPC, SystemArgument2, 0x30);
OFFSET(KDPC, DpcData, 0x38);
LAYOUT(KTIMER, 0x40, 8);
OFFSET(KTIMER, DueTime, 0x18);
OFFSET(KTIMER, Dpc, 0x30);
OFFSET(KTIMER, Period, 0x3C);
LAYOUT(NPAGED_LOOKASIDE_LIST, 0x80, 64);
