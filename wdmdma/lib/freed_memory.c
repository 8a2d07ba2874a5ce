// SPDX-License-Identifier: GPL-2.0-only
/* See freed_memory.h. */
#include <linux/rcupdate.h>

#include "lib/freed_memory.h"

wdmdma_going_fn wdmdma_going_listener;

/* Call a function for all memory that goes. NULL ends that, once synchronize_rcu() has returned. */
void wdmdma_going_listen(wdmdma_going_fn listener)
{
	WRITE_ONCE(wdmdma_going_listener, listener);
}

void wdmdma_going_tell(const void *start, size_t size, const char *call)
{
	wdmdma_going_fn listener;

	rcu_read_lock();
	listener = READ_ONCE(wdmdma_going_listener);
	if (listener)
		listener(start, size, call);
	rcu_read_unlock();
}
