// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the driver's routines, and how deeply a caller is nested in them.
 *
 * A routine may make another request. If the module called the routine of that request at
 * once, this routine could make a request too, and so on until the stack overflows. A request
 * that may wait therefore waits if the caller is in a routine of any adapter, and a work item
 * calls its routine. A request that may not wait is nested, up to WDMDMA_NESTED_MOST routines.
 *
 * A routine runs on one CPU, with bottom halves or interrupts off. No other caller of the
 * module can run on that CPU meanwhile, unless a preemptible kernel (PREEMPT_RT) switches to
 * another task. Each CPU therefore remembers the task that is in a routine. The task pointer
 * is compared but must not be dereferenced. A stale pointer would make a request wait
 * needlessly, and do no other harm.
 */
#include <linux/bottom_half.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include "core/core.h"
#include "core/transfer.h"

static DEFINE_PER_CPU(const struct task_struct *, routine_task);
static DEFINE_PER_CPU(unsigned int, routine_depth);

/* Return the number of nested routines that the caller is in. */
unsigned int wdmdma_routine_depth(void)
{
	if (this_cpu_read(routine_task) != current || !wdmdma_at_dispatch())
		return 0;
	return this_cpu_read(routine_depth);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_routine_depth);

/*
 * Prepare the call of a routine, which must run at DISPATCH_LEVEL whatever the caller's level
 * is. Return the state that wdmdma_routine_leave() must restore.
 */
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

/* Restore the state after the routine has returned. */
void wdmdma_routine_leave(struct wdmdma_routine outer)
{
	this_cpu_write(routine_depth, outer.depth);
	this_cpu_write(routine_task, outer.task);
	if (outer.enable)
		local_bh_enable();
}
