/* SPDX-License-Identifier: GPL-2.0-only */
/* What a routine of a driver must leave as it was, and spin locks for other files. */
#ifndef WDMDMA_NTOS_LEVEL_H
#define WDMDMA_NTOS_LEVEL_H

#include <linux/types.h>

#include <ddk/wdm/spinlock.h>

/**
 * struct nt_level - what was before the call of a routine
 * @softirqs: depth of disabled bottom halves
 * @preempt: depth of disabled preemption, with all else that counts there
 * @irqs_disabled: interrupts are disabled
 * @locks: number of spin locks that are held on this processor
 */
struct nt_level {
	unsigned long softirqs;
	int preempt;
	bool irqs_disabled;
	unsigned int locks;
};

void nt_level_note(struct nt_level *level);
void nt_level_restore(const struct nt_level *level, const char *call, const void *routine);

/**
 * struct nt_closed - what was before a lock was taken with interrupts off
 * @flags: the state of the interrupts
 * @raised: the bottom halves were on
 */
struct nt_closed {
	unsigned long flags;
	bool raised;
};

/* spin_lock.c */
bool nt_spin_close(PKSPIN_LOCK lock, struct nt_closed *closed, const char *call);
void nt_spin_open(PKSPIN_LOCK lock, const struct nt_closed *closed);
unsigned int nt_spin_count(void);
void nt_spin_abandon(unsigned int count, const char *call, const void *routine);

#endif /* WDMDMA_NTOS_LEVEL_H */
