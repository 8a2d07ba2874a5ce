// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routines: how the driver's are called, and who is in one.
 *
 * A routine may make the next request. Called from within it, that one's routine may do
 * the same, and so on until the stack is full. So a request that may wait waits if it is
 * made in a routine, of whichever adapter; its own routine is called from a work item. One
 * that may not wait calls its routine in the routine, a few times.
 *
 * A routine runs with bottom halves or interrupts off, on one CPU, and what else runs
 * there meanwhile is no caller of ours; only a preemptible kernel (PREEMPT_RT) may switch to
 * another task. So the CPU remembers the task that is in a routine. That is compared, and
 * not followed: were it out of date, a request would wait for no reason.
 */
#include <linux/bottom_half.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include "core/core.h"
#include "core/transfer.h"

static DEFINE_PER_CPU(const struct task_struct *, routine_task);
static DEFINE_PER_CPU(unsigned int, routine_depth);

/* How many routines the caller is in. */
unsigned int wdmdma_routine_depth(void)
{
	if (this_cpu_read(routine_task) != current || !wdmdma_at_dispatch())
		return 0;
	return this_cpu_read(routine_depth);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_routine_depth);

/* A routine is going to be called: at DISPATCH_LEVEL, whatever the level is. */
struct wdmdma_routine wdmdma_routine_enter(void)
{
	struct wdmdma_routine outer = { .enable = !irqs_disabled() };

	if (outer.enable)
		local_bh_disable();
	outer.depth = wdmdma_routine_depth();
	outer.task = this_cpu_read(routine_task);
	this_cpu_write(routine_depth, outer.depth + 1);
	this_cpu_write(routine_task, current);
	return outer;
}

/* It has returned. */
void wdmdma_routine_leave(struct wdmdma_routine outer)
{
	this_cpu_write(routine_depth, outer.depth);
	this_cpu_write(routine_task, outer.task);
	if (outer.enable)
		local_bh_enable();
}
