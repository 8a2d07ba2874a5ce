// SPDX-License-Identifier: GPL-2.0-only
/* See going.h. */
#include <linux/compiler.h>
#include <linux/rcupdate.h>

#include "lib/going.h"

static wdmdma_going_fn *going_listener;

/* Call a function for all memory that goes. NULL ends that, once synchronize_rcu() has returned. */
void wdmdma_going_listen(wdmdma_going_fn *listener)
{
	WRITE_ONCE(going_listener, listener);
}

/* Say that memory of a driver is about to be freed. Costs one read if nobody listens. */
void wdmdma_going(const void *start, size_t size, const char *call)
{
	wdmdma_going_fn *listener;

	if (!READ_ONCE(going_listener))
		return;
	rcu_read_lock();
	listener = READ_ONCE(going_listener);
	if (listener)
		listener(start, size, call);
	rcu_read_unlock();
}
