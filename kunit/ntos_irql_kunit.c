// SPDX-License-Identifier: GPL-2.0-only
/* Levels of wdmdma_ntos.ko. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>

#include <wdmdma/types.h>

#include <ddk/wdm/spinlock.h>

#include "level.h"

static void current_level_follows_what_linux_has_disabled(struct kunit *test)
{
	unsigned long flags;
	KIRQL level;

	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	local_bh_disable();
	level = KeGetCurrentIrql();
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
	preempt_disable();
	level = KeGetCurrentIrql();
	preempt_enable();
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
	local_irq_save(flags);
	level = KeGetCurrentIrql();
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
}

struct interrupt {
	struct irq_work work;
	KIRQL level;
	KIRQL raised;
};

static void note_levels(struct irq_work *work)
{
	struct interrupt *interrupt = container_of(work, struct interrupt, work);

	interrupt->level = KeGetCurrentIrql();
	interrupt->raised = KeRaiseIrqlToDpcLevel();
	KeLowerIrql(PASSIVE_LEVEL);
	KeLowerIrql(interrupt->raised);
}

/* A raise and a lowering there are mistakes, which must be reported. */
static void current_level_in_an_interrupt_is_above_dispatch(struct kunit *test)
{
	struct interrupt interrupt = { .work = IRQ_WORK_INIT_HARD(note_levels) };

	irq_work_queue(&interrupt.work);
	irq_work_sync(&interrupt.work);
	KUNIT_EXPECT_GT(test, interrupt.level, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, interrupt.raised, interrupt.level);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void raise_and_lower_are_pairs(struct kunit *test)
{
	KIRQL old, inner, level;

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	level = KeGetCurrentIrql();
	inner = KeRaiseIrqlToDpcLevel();
	KeLowerIrql(inner);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeLowerIrql(old);
	KUNIT_EXPECT_EQ(test, level, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, old, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, inner, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void raise_to_apc_level_changes_nothing(struct kunit *test)
{
	KIRQL old;

	KeRaiseIrql(APC_LEVEL, &old);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KeLowerIrql(old);
	KUNIT_EXPECT_EQ(test, old, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* A raise below must return what makes the pair lower to the level before. */
static void raise_under_a_linux_lock_keeps_bottom_halves_right(struct kunit *test)
{
	KIRQL old;

	wdmdma_test_preempt_disable();
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	KeLowerIrql(old);
	wdmdma_test_preempt_enable();
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void raise_above_dispatch_stops_there(struct kunit *test)
{
	KIRQL old;

	KeRaiseIrql(HIGH_LEVEL, &old);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeLowerIrql(old);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void wrong_levels_change_nothing(struct kunit *test)
{
	KIRQL old;

	KeLowerIrql(PASSIVE_LEVEL);
	KeLowerIrql(DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	local_bh_disable();
	old = KfRaiseIrql(PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, old, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* A driver that leaves interrupts disabled must not leave bottom halves disabled too. */
static void lowering_with_interrupts_off_enables_bottom_halves(struct kunit *test)
{
	unsigned long flags;
	KIRQL old;

	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
		return;
	}
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	local_irq_save(flags);
	KeLowerIrql(old);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static struct kunit_case ntos_irql_cases[] = {
	KUNIT_CASE(current_level_follows_what_linux_has_disabled),
	KUNIT_CASE(current_level_in_an_interrupt_is_above_dispatch),
	KUNIT_CASE(raise_and_lower_are_pairs),
	KUNIT_CASE(raise_to_apc_level_changes_nothing),
	KUNIT_CASE(raise_under_a_linux_lock_keeps_bottom_halves_right),
	KUNIT_CASE(raise_above_dispatch_stops_there),
	KUNIT_CASE(wrong_levels_change_nothing),
	KUNIT_CASE(lowering_with_interrupts_off_enables_bottom_halves),
	{}
};

static struct kunit_suite ntos_irql_suite = {
	.name = "wdmdma_ntos_irql",
	.test_cases = ntos_irql_cases,
};

kunit_test_suite(ntos_irql_suite);
