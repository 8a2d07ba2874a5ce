// SPDX-License-Identifier: GPL-2.0-only
/*
 * Levels. DISPATCH_LEVEL is a section with bottom halves off. APC_LEVEL has no counterpart, and a
 * raise to it changes nothing. A driver cannot raise above DISPATCH_LEVEL, because its interrupt
 * handler is Linux code that has a lock of its own.
 */
#include "ntos/ntos.h"

#include <linux/bottom_half.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>

#include <ddk/wdm/spinlock.h>

/* Report a call that may sleep and is made above PASSIVE_LEVEL. Return true if it is. */
bool nt_above_passive(const char *call)
{
	if (nt_is_atomic()) {
		wdmdma_report(call, "called at DISPATCH_LEVEL or above, needs PASSIVE_LEVEL");
		return true;
	}
	might_sleep();
	return false;
}

/* Report a call that is made above DISPATCH_LEVEL, in an interrupt. Return true if it is. */
bool nt_above_dispatch(const char *call)
{
	if (nt_irql() <= DISPATCH_LEVEL)
		return false;
	wdmdma_report(call, "called above DISPATCH_LEVEL, in an interrupt");
	return true;
}

/* Enable bottom halves that the caller has disabled. A caller that has not is reported. */
void nt_lower(const char *call)
{
	if (nt_irql() > DISPATCH_LEVEL || in_serving_softirq() || !softirq_count()) {
		wdmdma_report(call, "the caller has not raised to DISPATCH_LEVEL");
		return;
	}
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) && irqs_disabled()) {
		wdmdma_report(call, "interrupts were disabled after the raise to DISPATCH_LEVEL");
#ifndef CONFIG_PREEMPT_RT
		_local_bh_enable();
#endif
		return;
	}
	local_bh_enable();
}

/**
 * KeGetCurrentIrql() - tell the level of the caller
 *
 * Answers to wdm: KeGetCurrentIrql. APC_LEVEL is never returned. A section in which preemption or
 * interrupts are disabled counts as DISPATCH_LEVEL, because the caller must not wait in it.
 *
 * Context: any.
 * Return: PASSIVE_LEVEL, DISPATCH_LEVEL, or in a hard interrupt 5.
 */
KIRQL KeGetCurrentIrql(void)
{
	const KIRQL irql = nt_irql();

	return irql == PASSIVE_LEVEL && nt_is_atomic() ? DISPATCH_LEVEL : irql;
}
EXPORT_SYMBOL_GPL(KeGetCurrentIrql);

/**
 * KfRaiseIrql() - raise the level of the caller
 * @new_irql: level, not below the current one
 *
 * Answers to wdm: KeRaiseIrql. Above DISPATCH_LEVEL the request is reported, and the level becomes
 * DISPATCH_LEVEL. A raise to a lower level is reported, and changes nothing.
 *
 * Context: any.
 * Return: the former level, for KeLowerIrql().
 */
KIRQL KfRaiseIrql(KIRQL new_irql)
{
	const KIRQL old = nt_irql();

	if (new_irql < old)
		wdmdma_report("KeRaiseIrql", "NewIrql %u is below the current level %u",
			      new_irql, old);
	else if (new_irql > DISPATCH_LEVEL && old <= DISPATCH_LEVEL)
		wdmdma_report("KeRaiseIrql",
			      "NewIrql %u is above DISPATCH_LEVEL, which is taken instead",
			      new_irql);
	if (old < DISPATCH_LEVEL && new_irql >= DISPATCH_LEVEL)
		local_bh_disable();
	return old;
}
EXPORT_SYMBOL_GPL(KfRaiseIrql);

/**
 * KeRaiseIrqlToDpcLevel() - raise the level of the caller to DISPATCH_LEVEL
 *
 * Answers to wdm: KeRaiseIrqlToDpcLevel.
 *
 * Context: any. Above DISPATCH_LEVEL the call is reported, and changes nothing.
 * Return: the former level, for KeLowerIrql().
 */
KIRQL KeRaiseIrqlToDpcLevel(void)
{
	return KfRaiseIrql(DISPATCH_LEVEL);
}
EXPORT_SYMBOL_GPL(KeRaiseIrqlToDpcLevel);

/**
 * KeLowerIrql() - undo the last raise
 * @new_irql: level that the raise has returned
 *
 * Answers to wdm: KeLowerIrql. A level above the current one, and a lowering without a raise, are
 * reported and change nothing.
 *
 * Context: any.
 */
void KeLowerIrql(KIRQL new_irql)
{
	const KIRQL old = nt_irql();

	if (new_irql > old && new_irql != APC_LEVEL)
		wdmdma_report(__func__, "NewIrql %u is above the current level %u", new_irql, old);
	else if (new_irql < DISPATCH_LEVEL && old >= DISPATCH_LEVEL)
		nt_lower(__func__);
}
EXPORT_SYMBOL_GPL(KeLowerIrql);
