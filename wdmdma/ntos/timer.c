// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers. A KTIMER has no destructor and is smaller than an hrtimer needs. All active ones are in
 * one list, sorted by their time, and one hrtimer expires with the first. So an idle KTIMER can be
 * freed with the memory around it.
 */
#include "ntos/ntos.h"

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "ntos/dispatcher.h"

static DEFINE_RAW_SPINLOCK(nt_timer_lock);	/* protects the list, and the timers in it */
static LIST_HEAD(nt_timers);
static struct hrtimer nt_hrtimer;

static_assert(sizeof_field(KTIMER, Links) == sizeof(struct list_head));

static struct list_head *nt_timer_node(KTIMER *timer)
{
	return (struct list_head *)timer->Links;
}

static KTIMER *nt_timer_of(struct list_head *node)
{
	return container_of((PVOID *)node, KTIMER, Links[0]);
}

/* Report a pointer that is no timer. Return true if it is none. */
static bool nt_is_no_timer(PKTIMER timer, const char *call)
{
	if (likely(timer && (timer->Header.Type == NT_TIMER_NOTIFICATION ||
			     timer->Header.Type == NT_TIMER_SYNCHRONIZATION)))
		return false;
	nt_report(call, "Timer is %s", timer ? "not initialized" : "NULL");
	return true;
}

/* Let the hrtimer expire with the first timer. */
static void nt_timer_arm(void)
{
	lockdep_assert_held(&nt_timer_lock);
	if (!list_empty(&nt_timers))
		hrtimer_start(&nt_hrtimer, nt_timer_of(nt_timers.next)->DueTime,
			      HRTIMER_MODE_ABS_HARD);
}

static void nt_timer_insert(KTIMER *timer)
{
	struct list_head *node;

	lockdep_assert_held(&nt_timer_lock);
	/* Most timers come late in the list. */
	for (node = nt_timers.prev; node != &nt_timers; node = node->prev)
		if (nt_timer_of(node)->DueTime <= timer->DueTime)
			break;
	list_add(nt_timer_node(timer), node);
}

/* Take a timer out of the list. Return false if it is not in it, whatever its memory says. */
static bool nt_timer_remove(KTIMER *timer)
{
	struct list_head *node;

	lockdep_assert_held(&nt_timer_lock);
	list_for_each(node, &nt_timers) {
		if (nt_timer_of(node) == timer) {
			list_del(node);
			return true;
		}
	}
	return false;
}

/* Signal a timer whose time has come, and queue its DPC. */
static void nt_timer_fire(KTIMER *timer, ktime_t now)
{
	lockdep_assert_held(&nt_timer_lock);
	list_del(nt_timer_node(timer));
	if (timer->Period) {
		const s64 period = timer->Period * (s64)NSEC_PER_MSEC;

		/* Periods that were missed are not made up for. */
		timer->DueTime = max_t(s64, timer->DueTime + period, now + 1);
		nt_timer_insert(timer);
	}
	if (timer->Dpc)
		KeInsertQueueDpc(timer->Dpc, NULL, NULL);
	nt_object_set(&timer->Header, 1);
}

static enum hrtimer_restart nt_timer_expired(struct hrtimer *hrtimer)
{
	unsigned long flags;
	ktime_t now;

	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	now = ktime_get();
	while (!list_empty(&nt_timers) && nt_timer_of(nt_timers.next)->DueTime <= now)
		nt_timer_fire(nt_timer_of(nt_timers.next), now);
	nt_timer_arm();
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	return HRTIMER_NORESTART;
}

/**
 * KeInitializeTimerEx() - prepare a timer
 * @timer: the timer. One that is set is reported, and cancelled
 * @type: NotificationTimer wakes all waiters. SynchronizationTimer wakes one
 *
 * Answers to wdm: KeInitializeTimerEx.
 *
 * Context: any.
 */
void KeInitializeTimerEx(PKTIMER timer, TIMER_TYPE type)
{
	unsigned long flags;
	bool was_set;

	if (!timer || (unsigned int)type > SynchronizationTimer) {
		nt_report(__func__, "%s", timer ? "Type is unknown" : "Timer is NULL");
		return;
	}
	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	was_set = nt_timer_remove(timer);
	*timer = (KTIMER) { };
	nt_object_init(&timer->Header, NT_TIMER_NOTIFICATION + type, 0);
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	if (was_set)
		nt_report(__func__, "the timer is set");
}
EXPORT_SYMBOL_GPL(KeInitializeTimerEx);

/**
 * KeInitializeTimer() - prepare a notification timer
 * @timer: as for KeInitializeTimerEx()
 *
 * Answers to wdm: KeInitializeTimer.
 *
 * Context: any.
 */
void KeInitializeTimer(PKTIMER timer)
{
	KeInitializeTimerEx(timer, NotificationTimer);
}
EXPORT_SYMBOL_GPL(KeInitializeTimer);

/**
 * KeSetTimerEx() - set a timer
 * @timer: the timer. One that is set already is cancelled first
 * @due_time: below 0, the time from now; else the system time. A time that is over is now
 * @period: 0, or milliseconds after which the timer expires again and again
 * @dpc: optional DPC that is queued when the timer expires
 *
 * Answers to wdm: KeSetTimerEx. Clears the signal. A timer never expires early. Its DPC is queued
 * on the processor that has the kernel's timer, and gets no arguments.
 *
 * Differs from Windows: a change of the system clock has no effect on a timer that is set.
 *
 * Context: any.
 * Return: TRUE if the timer was set already.
 */
BOOLEAN KeSetTimerEx(PKTIMER timer, LARGE_INTEGER due_time, LONG period, PKDPC dpc)
{
	unsigned long flags;
	bool was_set;

	if (nt_is_no_timer(timer, __func__))
		return FALSE;
	if (period < 0) {
		nt_report(__func__, "Period %d is below 0", period);
		return FALSE;
	}
	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	was_set = nt_timer_remove(timer);
	timer->DueTime = nt_deadline(due_time.QuadPart);
	timer->Period = period;
	timer->Dpc = dpc;
	nt_object_set(&timer->Header, 0);
	nt_timer_insert(timer);
	nt_timer_arm();
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	return was_set;
}
EXPORT_SYMBOL_GPL(KeSetTimerEx);

/**
 * KeSetTimer() - set a timer that expires once
 * @timer: as for KeSetTimerEx()
 * @due_time: as for KeSetTimerEx()
 * @dpc: as for KeSetTimerEx()
 *
 * Answers to wdm: KeSetTimer.
 *
 * Context: any.
 * Return: as for KeSetTimerEx().
 */
BOOLEAN KeSetTimer(PKTIMER timer, LARGE_INTEGER due_time, PKDPC dpc)
{
	return KeSetTimerEx(timer, due_time, 0, dpc);
}
EXPORT_SYMBOL_GPL(KeSetTimer);

/**
 * KeCancelTimer() - cancel a timer
 * @timer: the timer
 *
 * Answers to wdm: KeCancelTimer. A DPC that is queued already stays so. Wait for it with
 * KeFlushQueuedDpcs() before the timer is freed.
 *
 * Context: any.
 * Return: TRUE if the timer was set.
 */
BOOLEAN KeCancelTimer(PKTIMER timer)
{
	unsigned long flags;
	bool was_set;

	if (nt_is_no_timer(timer, __func__))
		return FALSE;
	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	was_set = nt_timer_remove(timer);
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	return was_set;
}
EXPORT_SYMBOL_GPL(KeCancelTimer);

/**
 * KeReadStateTimer() - tell whether a timer has expired
 * @timer: the timer
 *
 * Answers to wdm: KeReadStateTimer.
 *
 * Context: any.
 * Return: TRUE if the timer is signaled.
 */
BOOLEAN KeReadStateTimer(PKTIMER timer)
{
	return !nt_is_no_timer(timer, __func__) && READ_ONCE(timer->Header.SignalState);
}
EXPORT_SYMBOL_GPL(KeReadStateTimer);

/* Cancel timers in memory that is being freed, and report them. */
void nt_timer_forget(unsigned long start, size_t size, const char *call)
{
	struct list_head *node, *next;
	unsigned long flags;

	if (list_empty_careful(&nt_timers))
		return;
	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	list_for_each_safe(node, next, &nt_timers) {
		if ((unsigned long)nt_timer_of(node) - start >= size)
			continue;
		list_del(node);
		nt_report(call, "the memory has a timer that is set, which is cancelled");
	}
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
}

void nt_timer_init(void)
{
	hrtimer_setup(&nt_hrtimer, nt_timer_expired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
}

/* No driver is left, so no timer can be either. */
void nt_timer_exit(void)
{
	hrtimer_cancel(&nt_hrtimer);
}
