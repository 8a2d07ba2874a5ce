/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of drivers that is about to be freed. A module above this one wants to know of it, because
 * a driver may have put a timer into the memory that is still set.
 */
#ifndef WDMDMA_FREED_MEMORY_H
#define WDMDMA_FREED_MEMORY_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Called up to DISPATCH_LEVEL, under rcu_read_lock(). Must not sleep. */
typedef void (*wdmdma_going_fn)(const void *start, size_t size, const char *call);

extern wdmdma_going_fn wdmdma_going_listener;

void wdmdma_going_listen(wdmdma_going_fn listener);
void wdmdma_going_tell(const void *start, size_t size, const char *call);

/* Return true if it is worth while to find out what goes. */
static inline bool wdmdma_going_is_heard(void)
{
	return READ_ONCE(wdmdma_going_listener);
}

/*
 * Say that memory of a driver is about to be freed. The caller must have checked that the memory is
 * what the driver may free, because timers in it are cancelled.
 */
static inline void wdmdma_going(const void *start, size_t size, const char *call)
{
	if (unlikely(wdmdma_going_is_heard()))
		wdmdma_going_tell(start, size, call);
}

#endif /* WDMDMA_FREED_MEMORY_H */
