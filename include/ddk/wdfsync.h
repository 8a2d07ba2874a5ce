/* SPDX-License-Identifier: GPL-2.0-only */
/* Spin locks and wait locks. */
#ifndef DDK_WDFSYNC_H
#define DDK_WDFSYNC_H

#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

/* Timeouts in units of 100 ns. A negative one counts from now. */
#define WDF_REL_TIMEOUT_IN_US(us)	((LONGLONG)(us) * -10)
#define WDF_REL_TIMEOUT_IN_MS(ms)	((LONGLONG)(ms) * -10 * 1000)
#define WDF_REL_TIMEOUT_IN_SEC(s)	((LONGLONG)(s) * -10 * 1000 * 1000)
#define WDF_ABS_TIMEOUT_IN_US(us)	((LONGLONG)(us) * 10)
#define WDF_ABS_TIMEOUT_IN_MS(ms)	((LONGLONG)(ms) * 10 * 1000)
#define WDF_ABS_TIMEOUT_IN_SEC(s)	((LONGLONG)(s) * 10 * 1000 * 1000)

NTSTATUS WdfSpinLockCreate(PWDF_OBJECT_ATTRIBUTES spin_lock_attributes, WDFSPINLOCK *spin_lock);
VOID WdfSpinLockAcquire(WDFSPINLOCK spin_lock);
VOID WdfSpinLockRelease(WDFSPINLOCK spin_lock);

NTSTATUS WdfWaitLockCreate(PWDF_OBJECT_ATTRIBUTES lock_attributes, WDFWAITLOCK *lock);
NTSTATUS WdfWaitLockAcquire(WDFWAITLOCK lock, PLONGLONG timeout);
VOID WdfWaitLockRelease(WDFWAITLOCK lock);

WDMDMA_HEADER_END

#endif /* DDK_WDFSYNC_H */
