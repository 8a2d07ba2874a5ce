/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the files of wdmdma_ntos.ko share. The module is optional. It gives the
 * Windows half of a driver kernel routines that have nothing to do with DMA. wdmdma.ko does not
 * need it, and it uses no internal function of wdmdma.ko.
 */
#ifndef WDMDMA_NTOS_H
#define WDMDMA_NTOS_H

#ifndef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#endif

#include <linux/export.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/types.h>

#include <wdmdma/status.h>
#include <wdmdma/types.h>

#include "report.h"

/* The level of every hard interrupt. Linux does not rank interrupts. */
#define NT_DIRQL	5

/*
 * Return the level by which spin locks decide. DISPATCH_LEVEL means that no bottom half can run
 * here. Disabled preemption alone does not keep bottom halves away, so it is PASSIVE_LEVEL.
 */
static inline KIRQL nt_irql(void)
{
	if (in_hardirq() || in_nmi())
		return NT_DIRQL;
	return softirq_count() || irqs_disabled() ? DISPATCH_LEVEL : PASSIVE_LEVEL;
}

/* Return true if the caller must not sleep. */
static inline bool nt_is_atomic(void)
{
	return preempt_count() || softirq_count() || irqs_disabled();
}

/* time.c */
ktime_t nt_deadline(s64 due);
bool nt_sleep(ktime_t deadline);

/* pointer.c */
bool nt_is_wrong(const void *pointer, const char *name, const char *call);

/* irql.c */
bool nt_above_passive(const char *call);
bool nt_above_dispatch(const char *call);
void nt_lower(const char *call);

#endif /* WDMDMA_NTOS_H */
