// SPDX-License-Identifier: GPL-2.0-only
/* Clocks and delays. */
#include "ntos/ntos.h"

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include <ddk/wdm/time.h>

#define NT_TICK			156250		/* 15.625 ms */
#define NT_FREQUENCY		10000000	/* of the performance counter */
#define NT_SLACK		(50 * NSEC_PER_USEC)
#define NT_FROM_1601_TO_1970	116444736000000000LL
/* The longest stall that does not upset the kernel's own watchdogs. */
#define NT_LONGEST_STALL	1000000

static s64 nt_system_time(void)
{
	return div_u64(ktime_get_real_ns(), 100) + NT_FROM_1601_TO_1970;
}

/*
 * Return the time of CLOCK_MONOTONIC at which @due is reached. A time of the system clock is
 * translated now, so a later change of that clock has no effect.
 */
ktime_t nt_deadline(s64 due)
{
	const u64 now = ktime_get_ns();
	u64 ticks;

	if (due < 0) {
		ticks = -(u64)due;
	} else {
		const s64 system_time = nt_system_time();

		ticks = due > system_time ? due - system_time : 0;
	}
	if (ticks > (KTIME_MAX - now) / 100)
		return KTIME_MAX;
	return now + ticks * 100;
}

/*
 * Sleep in the current task's state until it is woken or the time comes. Return false if the
 * time has come. KTIME_MAX never comes.
 */
bool nt_sleep(ktime_t deadline)
{
	if (deadline != KTIME_MAX)
		return schedule_hrtimeout_range(&deadline, NT_SLACK, HRTIMER_MODE_ABS) != 0;
	schedule();
	return true;
}

/**
 * KeStallExecutionProcessor() - wait without sleeping
 * @microseconds: at least so long. More than a second is reported and cut to a second
 *
 * Answers to wdm: KeStallExecutionProcessor.
 *
 * Context: any.
 */
void KeStallExecutionProcessor(ULONG microseconds)
{
	ULONG left;
	u64 end;

	if (microseconds > NT_LONGEST_STALL) {
		wdmdma_report(__func__, "%u microseconds are cut to %u", microseconds,
			      NT_LONGEST_STALL);
		microseconds = NT_LONGEST_STALL;
	}
	end = ktime_get_ns() + microseconds * (u64)NSEC_PER_USEC;
	for (left = microseconds; left > 1000; left -= 1000)
		mdelay(1);
	udelay(left);
	/* Virtual machines return too early. A clock that stands still must not hang the loop. */
	for (left = microseconds; left && ktime_get_ns() < end; left--)
		udelay(1);
}
EXPORT_SYMBOL_GPL(KeStallExecutionProcessor);

/**
 * KeQueryPerformanceCounter() - read a clock that never goes back
 * @frequency: optional; ticks for each second, always 10000000
 *
 * Answers to ntddk: KeQueryPerformanceCounter.
 *
 * Context: any.
 * Return: the ticks since the machine was started, without the time that it slept.
 */
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency)
{
	if (frequency && !nt_is_wrong(frequency, "PerformanceFrequency", __func__))
		frequency->QuadPart = NT_FREQUENCY;
	return (LARGE_INTEGER) { .QuadPart = div_u64(ktime_get_ns(), 100) };
}
EXPORT_SYMBOL_GPL(KeQueryPerformanceCounter);

/**
 * KeQuerySystemTime() - read the system clock
 * @current_time: set to the time, in units of 100 ns since 1601, in UTC
 *
 * Answers to wdm: KeQuerySystemTime, KeQuerySystemTimePrecise.
 *
 * Context: any.
 */
void KeQuerySystemTime(PLARGE_INTEGER current_time)
{
	if (!nt_is_wrong(current_time, "CurrentTime", __func__))
		current_time->QuadPart = nt_system_time();
}
EXPORT_SYMBOL_GPL(KeQuerySystemTime);

/**
 * KeQueryInterruptTime() - tell how long the machine has run
 *
 * Answers to wdm: KeQueryInterruptTime.
 *
 * Context: any.
 * Return: the time since the machine was started, in units of 100 ns, with the time that it slept.
 */
ULONGLONG KeQueryInterruptTime(void)
{
	return div_u64(ktime_get_boottime_ns(), 100);
}
EXPORT_SYMBOL_GPL(KeQueryInterruptTime);

/**
 * KeQueryTickCount() - tell how long the machine has run, in ticks
 * @tick_count: set to the number of ticks. KeQueryTimeIncrement() has the length of one
 *
 * Answers to wdm: KeQueryTickCount.
 *
 * Context: any.
 */
void KeQueryTickCount(PLARGE_INTEGER tick_count)
{
	if (!nt_is_wrong(tick_count, "TickCount", __func__))
		tick_count->QuadPart = div_u64(KeQueryInterruptTime(), NT_TICK);
}
EXPORT_SYMBOL_GPL(KeQueryTickCount);

/**
 * KeQueryTimeIncrement() - tell the length of a tick
 *
 * Answers to wdm: KeQueryTimeIncrement.
 *
 * Context: any.
 * Return: the length of a tick of KeQueryTickCount(), in units of 100 ns.
 */
ULONG KeQueryTimeIncrement(void)
{
	return NT_TICK;
}
EXPORT_SYMBOL_GPL(KeQueryTimeIncrement);

/**
 * KeDelayExecutionThread() - sleep
 * @wait_mode: ignored
 * @alertable: ignored. No signal ends the delay
 * @interval: below 0, the length of the delay; else the system time of its end
 *
 * Answers to wdm: KeDelayExecutionThread. The delay is at least as long as asked for. 0 yields the
 * processor. A change of the system clock during the delay has no effect.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER without @interval, STATUS_INVALID_DEVICE_STATE
 * at a wrong level.
 */
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE wait_mode, BOOLEAN alertable,
				PLARGE_INTEGER interval)
{
	ktime_t deadline;

	if (nt_above_passive(__func__))
		return STATUS_INVALID_DEVICE_STATE;
	if (nt_is_wrong(interval, "Interval", __func__))
		return STATUS_INVALID_PARAMETER;
	deadline = nt_deadline(interval->QuadPart);
	do {
		set_current_state(TASK_IDLE);
	} while (nt_sleep(deadline));
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(KeDelayExecutionThread);
