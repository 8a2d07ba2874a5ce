// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers. A KTIMER has no destructor and is smaller than an hrtimer needs. A timer that is set has
 * a record, which a table has by the address of the KTIMER. The records are in one queue by their
 * time, and one hrtimer expires with the first. So an idle KTIMER can be freed with the memory
 * around it, and the memory of one that is set may hold anything.
 */
#include "ntos/ntos.h"

#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/timerqueue.h>

#include "compat.h"
#include "ntos/dispatcher.h"

/**
 * struct nt_timer - record of a timer that is set
 * @queued: link in the queue, with the time
 * @node: link in the table
 * @timer: the driver's object
 * @period: 0, or nanoseconds
 * @dpc: record of the DPC, or NULL
 */
struct nt_timer {
	struct timerqueue_node queued;
	struct hlist_node node;
	KTIMER *timer;
	s64 period;
	struct nt_dpc *dpc;
};

static DEFINE_RAW_SPINLOCK(nt_timer_lock);	/* protects the queue, the table and the records */
static struct timerqueue_head nt_timers;
static DEFINE_HASHTABLE(nt_timer_table, 8);
static struct hrtimer nt_hrtimer;

static_assert(sizeof(struct nt_timer) <= NT_RECORD_BYTES);

static bool nt_type_is_timer(UCHAR type)
{
	return type == NT_TIMER_NOTIFICATION || type == NT_TIMER_SYNCHRONIZATION;
}

/* Report a pointer that is no timer. Return true if it is none. */
static bool nt_is_no_timer(PKTIMER timer, const char *call)
{
	if (likely(nt_type_is_timer(nt_object_type(timer))))
		return false;
	if (timer)
		wdmdma_report(call, "Timer %p is not initialized", timer);
	else
		wdmdma_report(call, "Timer is NULL");
	return true;
}

/* Let the hrtimer expire with the first timer. */
static void nt_timer_arm(void)
{
	struct timerqueue_node *first = timerqueue_getnext(&nt_timers);

	lockdep_assert_held(&nt_timer_lock);
	if (first)
		hrtimer_start(&nt_hrtimer, first->expires, HRTIMER_MODE_ABS_HARD);
}

static void nt_timer_insert(struct nt_timer *record)
{
	lockdep_assert_held(&nt_timer_lock);
	hash_add(nt_timer_table, &record->node, (unsigned long)record->timer);
	nt_record_mark(record->timer);
	if (timerqueue_add(&nt_timers, &record->queued))
		nt_timer_arm();
}

static void nt_timer_detach(struct nt_timer *record)
{
	lockdep_assert_held(&nt_timer_lock);
	timerqueue_del(&nt_timers, &record->queued);
	hash_del(&record->node);
	nt_record_unmark(record->timer);
}

/* Take the record of a timer out. Return NULL if the timer is not set, whatever it says. */
static struct nt_timer *nt_timer_take(const KTIMER *timer)
{
	struct nt_timer *record;

	lockdep_assert_held(&nt_timer_lock);
	hash_for_each_possible(nt_timer_table, record, node, (unsigned long)timer) {
		if (record->timer == timer) {
			nt_timer_detach(record);
			return record;
		}
	}
	return NULL;
}

/* Report a timer that is set, or was. @routine is that of its DPC, or NULL. */
static void nt_timer_report(const char *call, const char *text, const void *timer,
			    const void *routine)
{
	if (routine)
		wdmdma_report(call,
			      "%s (timer %p, with the DPC routine %pS)", text, timer, routine);
	else
		wdmdma_report(call, "%s (timer %p, without a DPC)", text, timer);
}

static const void *nt_timer_routine(const struct nt_timer *record)
{
	return record->dpc ? nt_dpc_routine(record->dpc) : NULL;
}

/* Free a record that was taken out. Return false if there is none. */
static bool nt_timer_drop(struct nt_timer *record)
{
	if (!record)
		return false;
	if (record->dpc)
		nt_dpc_unname(record->dpc);
	nt_record_free(record);
	return true;
}

/* Signal a timer whose time has come, and queue its DPC. */
static void nt_timer_fire(struct nt_timer *record, ktime_t now)
{
	KTIMER *timer = record->timer;

	lockdep_assert_held(&nt_timer_lock);
	if (!nt_type_is_timer(nt_object_type(timer))) {
		nt_timer_detach(record);
		nt_timer_report("KeSetTimer",
				"a timer that is set was overwritten, and is cancelled", timer,
				nt_timer_routine(record));
		nt_timer_drop(record);
		return;
	}
	/* Once the record is gone, so may be the memory of the timer. */
	nt_object_set(&timer->Header, 1);
	if (record->dpc)
		nt_dpc_expired(record->dpc);
	if (record->period) {
		timerqueue_del(&nt_timers, &record->queued);
		/* Periods that were missed are not made up for. */
		record->queued.expires = max_t(s64, record->queued.expires + record->period,
					       now + 1);
		timerqueue_add(&nt_timers, &record->queued);
	} else {
		nt_timer_detach(record);
		nt_timer_drop(record);
	}
}

static enum hrtimer_restart nt_timer_expired(struct hrtimer *hrtimer)
{
	struct timerqueue_node *first;
	unsigned long flags;
	ktime_t now;

	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	now = ktime_get();
	while ((first = timerqueue_getnext(&nt_timers)) && first->expires <= now)
		nt_timer_fire(container_of(first, struct nt_timer, queued), now);
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
	const void *routine;
	struct nt_timer *record;
	unsigned long flags;

	if (!timer || (unsigned int)type > SynchronizationTimer) {
		wdmdma_report(__func__, "%s", timer ? "Type is unknown" : "Timer is NULL");
		return;
	}
	if (nt_is_no_address(timer)) {
		wdmdma_report(__func__, "Timer is no address of an object");
		return;
	}
	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	record = nt_timer_take(timer);
	*timer = (KTIMER) { };
	nt_object_init(&timer->Header, NT_TIMER_NOTIFICATION + type, 0);
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	routine = record ? nt_timer_routine(record) : NULL;
	if (nt_timer_drop(record))
		nt_timer_report(__func__, "the timer is set, and is cancelled", timer, routine);
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

/* Make a record. Return NULL, with the reason in the log, if that fails. */
static struct nt_timer *nt_timer_new(KTIMER *timer, LONG period, KDPC *dpc, const char *call)
{
	struct nt_timer *record;

	if (dpc && nt_is_no_dpc(dpc, call))
		return NULL;
	record = nt_record_alloc(call);
	if (!record)
		return NULL;
	*record = (struct nt_timer) {
		.timer = timer,
		.period = period * (s64)NSEC_PER_MSEC,
		.dpc = dpc ? nt_dpc_name(dpc, call) : NULL,
	};
	timerqueue_init(&record->queued);
	if (!dpc || record->dpc)
		return record;
	nt_record_free(record);
	return NULL;
}

/**
 * KeSetTimerEx() - set a timer
 * @timer: the timer. One that is set already is cancelled first
 * @due_time: below 0, the time from now; else the system time. A time that is over is now
 * @period: 0, or milliseconds after which the timer expires again and again
 * @dpc: optional DPC that is queued when the timer expires. One that is not initialized is
 *	reported, and the timer stays as it is
 *
 * Answers to wdm: KeSetTimerEx. Clears the signal. A timer never expires early. Its DPC is queued
 * on the processor that has the kernel's timer, and gets no arguments.
 *
 * Differs from Windows: a change of the system clock has no effect on a timer that is set.
 *
 * Context: any.
 * Return: TRUE if the timer was set already. FALSE, with the reason in the log, if there is no
 * memory or the driver's module is being unloaded.
 */
BOOLEAN KeSetTimerEx(PKTIMER timer, LARGE_INTEGER due_time, LONG period, PKDPC dpc)
{
	struct nt_timer *record, *old;
	unsigned long flags;

	if (nt_is_no_timer(timer, __func__))
		return FALSE;
	if (period < 0) {
		wdmdma_report(__func__, "Period %d of the timer %p is below 0", period, timer);
		return FALSE;
	}
	record = nt_timer_new(timer, period, dpc, __func__);
	if (!record)
		return FALSE;
	record->queued.expires = nt_deadline(due_time.QuadPart);
	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	old = nt_timer_take(timer);
	timer->DueTime = record->queued.expires;
	timer->Period = period;
	timer->Dpc = dpc;
	nt_object_set(&timer->Header, 0);
	nt_timer_insert(record);
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	return nt_timer_drop(old);
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
	struct nt_timer *record;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	record = nt_timer_take(timer);
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	/* The driver may have zeroed a timer that is set. */
	if (!record)
		nt_is_no_timer(timer, __func__);
	return nt_timer_drop(record);
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

/*
 * Cancel the timers of a place, and report them unless it is a module. A timer is of a module if
 * its memory, its DPC or the routine is. Return how many there were.
 */
unsigned int nt_timer_forget(const struct nt_place *place, const char *call)
{
	const void *timer = NULL, *routine = NULL;
	struct nt_timer *record;
	struct hlist_node *next;
	unsigned int count = 0;
	unsigned long flags;
	int bucket;

	/* A timer that is just firing is in no queue, so the lock must be taken to see it. */
	raw_spin_lock_irqsave(&nt_timer_lock, flags);
	hash_for_each_safe(nt_timer_table, bucket, next, record, node) {
		if (!nt_place_has(place, record->timer) &&
		    !(place->module && record->dpc && nt_dpc_lies_in(record->dpc, place)))
			continue;
		timer = record->timer;
		routine = nt_timer_routine(record);
		nt_timer_detach(record);
		nt_timer_drop(record);
		count++;
	}
	raw_spin_unlock_irqrestore(&nt_timer_lock, flags);
	if (count && !place->module)
		nt_timer_report(call, "the memory has a timer that is set, which is cancelled",
				timer, routine);
	return count;
}

void nt_timer_init(void)
{
	timerqueue_init_head(&nt_timers);
	hrtimer_setup(&nt_hrtimer, nt_timer_expired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
}

/* No driver is left. Drop the timers without a routine, in memory that was never freed. */
void nt_timer_exit(void)
{
	const struct nt_place everywhere = { .size = SIZE_MAX };

	hrtimer_cancel(&nt_hrtimer);
	nt_timer_forget(&everywhere, "wdmdma_ntos");
}
