/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of the driver's routines. core/routine.c has the reasons. */
#ifndef WDMDMA_ROUTINE_H
#define WDMDMA_ROUTINE_H

#include <linux/bottom_half.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include "core/core.h"
#include "core/sg_list.h"
#include "core/transfer.h"

/* The limit on nested routines of requests that must not wait. */
#define WDMDMA_NESTED_MOST	4

/**
 * struct wdmdma_routine - the routine that runs on a CPU
 * @task: the task that is in the routine
 * @depth: number of routines that the task is in
 */
struct wdmdma_routine {
	const struct task_struct *task;
	unsigned int depth;
};

DECLARE_PER_CPU(struct wdmdma_routine, wdmdma_routine);

#ifdef CONFIG_WDMDMA_KUNIT
struct wdmdma_routine wdmdma_routine_swap(struct wdmdma_routine state);
unsigned int wdmdma_routine_depth(void);
#endif

/* Return the number of nested routines that the caller is in. */
static inline unsigned int wdmdma_routine_nested(void)
{
	if (likely(this_cpu_read(wdmdma_routine.task) != current) || !wdmdma_at_dispatch())
		return 0;
	return this_cpu_read(wdmdma_routine.depth);
}

/*
 * Prepare the call of a routine, which must run at DISPATCH_LEVEL whatever the caller's level
 * is. Return the state that wdmdma_routine_leave() must restore, and in *@enable whether it must
 * enable bottom halves.
 */
static inline struct wdmdma_routine wdmdma_routine_enter(bool *enable)
{
	struct wdmdma_routine outer;
	unsigned int depth;

	*enable = !irqs_disabled();
	if (*enable)
		local_bh_disable();
	depth = wdmdma_routine_nested();
	/* On PREEMPT_RT this may be the state of another task, which must get it back as it was. */
	outer.depth = this_cpu_read(wdmdma_routine.depth);
	outer.task = this_cpu_read(wdmdma_routine.task);
	this_cpu_write(wdmdma_routine.depth, depth + 1);
	this_cpu_write(wdmdma_routine.task, current);
	return outer;
}

/* Restore the state after the routine has returned. */
static inline void wdmdma_routine_leave(struct wdmdma_routine outer, bool enable)
{
	this_cpu_write(wdmdma_routine.depth, outer.depth);
	this_cpu_write(wdmdma_routine.task, outer.task);
	if (enable)
		local_bh_enable();
}

/* Call the routine of a list at DISPATCH_LEVEL, whatever the caller's level is. */
static inline void wdmdma_sg_list_call(const struct wdmdma_sg_list_ops *ops,
				       const struct wdmdma_callback *callback)
{
	struct wdmdma_routine outer;
	bool enable;

	outer = wdmdma_routine_enter(&enable);
	ops->call(callback);
	wdmdma_routine_leave(outer, enable);
}

#endif /* WDMDMA_ROUTINE_H */
