/* SPDX-License-Identifier: GPL-2.0-only */
/* The highest level at which a driver may make calls that take locks. */
#ifndef WDMDMA_KUNIT_LEVEL_H
#define WDMDMA_KUNIT_LEVEL_H

#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

/*
 * Disable interrupts, as in an interrupt handler. On PREEMPT_RT a handler is a thread
 * with bottom halves off, and a driver's lock leaves interrupts on. No lock may be taken
 * there with interrupts off.
 */
static inline unsigned long wdmdma_test_raise(void)
{
	unsigned long flags = 0;

	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		local_bh_disable();
		rcu_read_lock();
	} else {
		local_irq_save(flags);
	}
	return flags;
}

static inline void wdmdma_test_lower(unsigned long flags)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		rcu_read_unlock();
		local_bh_enable();
	} else {
		local_irq_restore(flags);
	}
}

/* Disable what a plain spin_lock() disables. */
static inline void wdmdma_test_preempt_disable(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		rcu_read_lock();
	else
		preempt_disable();
}

static inline void wdmdma_test_preempt_enable(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		rcu_read_unlock();
	else
		preempt_enable();
}

#endif /* WDMDMA_KUNIT_LEVEL_H */
