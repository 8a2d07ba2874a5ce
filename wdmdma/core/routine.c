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
 * another task. Each CPU therefore remembers the task that is in a routine. A task that enters a
 * routine there must leave the state of the other task as it was. The task pointer
 * is compared but must not be dereferenced. A stale pointer would make a request wait
 * needlessly, and do no other harm.
 */
#include <linux/percpu.h>

#include "compat.h"
#include "core/routine.h"

DEFINE_PER_CPU(struct wdmdma_routine, wdmdma_routine);

#ifdef CONFIG_WDMDMA_KUNIT
/* Replace the state of this CPU. Return what it was. Preemption must be off. */
struct wdmdma_routine wdmdma_routine_swap(struct wdmdma_routine state)
{
	struct wdmdma_routine was = *this_cpu_ptr(&wdmdma_routine);

	*this_cpu_ptr(&wdmdma_routine) = state;
	return was;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_routine_swap);

/* Return the number of nested routines that the caller is in. */
unsigned int wdmdma_routine_depth(void)
{
	return wdmdma_routine_nested();
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_routine_depth);
#endif
