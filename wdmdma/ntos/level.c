// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a routine of a driver: a DPC, a thread or a work item. What it has left raised, locked
 * or disabled would stop a thread that has nothing to do with the driver.
 */
#include "ntos/ntos.h"

#include <linux/bottom_half.h>

#include "ntos/level.h"

/* Note the state before the call of a routine. */
void nt_level_note(struct nt_level *level)
{
	*level = (struct nt_level) {
		.softirqs = softirq_count(),
		.preempt = preempt_count(),
		.irqs_disabled = irqs_disabled(),
		.locks = nt_spin_count(),
	};
}

static bool nt_level_repair(const struct nt_level *level)
{
	bool wrong = false;

	if (irqs_disabled() && !level->irqs_disabled) {
		local_irq_enable();
		wrong = true;
	}
	for (; softirq_count() > level->softirqs; wrong = true)
		local_bh_enable();
	for (; softirq_count() < level->softirqs; wrong = true)
		local_bh_disable();
	/* Without the option nothing counts preempt_disable(). */
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		return wrong;
	for (; preempt_count() > level->preempt; wrong = true)
		preempt_enable();
	return wrong;
}

/* Restore the state from before the call of a routine, and report what was wrong. */
void nt_level_restore(const struct nt_level *level, const char *call, const void *routine)
{
	nt_spin_abandon(level->locks, call, routine);
	if (unlikely(nt_level_repair(level)))
		wdmdma_report(call,
			      "%pS has returned at another level, which is repaired", routine);
}
