/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocks and delays, for drivers that are linked with wdmdma_ntos.ko. The Linux half may include
 * this file too. A time is in units of 100 ns. The system time counts from 1601, and a time below 0
 * is relative to now.
 */
#ifndef DDK_WDM_TIME_H
#define DDK_WDM_TIME_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

VOID KeStallExecutionProcessor(ULONG microseconds);
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency);
VOID KeQuerySystemTime(PLARGE_INTEGER current_time);
ULONGLONG KeQueryInterruptTime(void);
VOID KeQueryTickCount(PLARGE_INTEGER tick_count);
ULONG KeQueryTimeIncrement(void);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE wait_mode, BOOLEAN alertable,
				PLARGE_INTEGER interval);

#define KeQuerySystemTimePrecise(current_time)	KeQuerySystemTime(current_time)

WDMDMA_HEADER_END

#endif /* DDK_WDM_TIME_H */
