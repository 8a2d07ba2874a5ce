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

/* A date, as drivers keep it in structures of their own. */
typedef struct _TIME_FIELDS {
	CSHORT Year;
	CSHORT Month;
	CSHORT Day;
	CSHORT Hour;
	CSHORT Minute;
	CSHORT Second;
	CSHORT Milliseconds;
	CSHORT Weekday;
} TIME_FIELDS, *PTIME_FIELDS;

VOID KeStallExecutionProcessor(ULONG microseconds);
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency);
VOID KeQuerySystemTime(PLARGE_INTEGER current_time);
ULONGLONG KeQueryInterruptTime(void);
VOID KeQueryTickCount(PLARGE_INTEGER tick_count);
ULONG KeQueryTimeIncrement(void);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE wait_mode, BOOLEAN alertable,
				PLARGE_INTEGER interval);

/* Also tells the performance counter of that moment. */
WDMDMA_INLINE ULONGLONG KeQueryInterruptTimePrecise(PULONG64 performance_counter)
{
	*performance_counter = (ULONG64)KeQueryPerformanceCounter((PLARGE_INTEGER)0).QuadPart;
	return KeQueryInterruptTime();
}

#define KeQuerySystemTimePrecise(current_time)	KeQuerySystemTime(current_time)

WDMDMA_HEADER_END

#endif /* DDK_WDM_TIME_H */
