/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of drivers that is about to be freed. A module above this one wants to know of it, because
 * a driver may have put a timer into the memory that is still set.
 */
#ifndef WDMDMA_GOING_H
#define WDMDMA_GOING_H

#include <linux/types.h>

/* Called up to DISPATCH_LEVEL, under rcu_read_lock(). Must not sleep. */
typedef void wdmdma_going_fn(const void *start, size_t size, const char *call);

void wdmdma_going_listen(wdmdma_going_fn *listener);
void wdmdma_going(const void *start, size_t size, const char *call);

#endif /* WDMDMA_GOING_H */
