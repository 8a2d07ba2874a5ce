// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's workqueue. It runs work that a call at DISPATCH_LEVEL may not do, and work that
 * must not run on the caller's stack. Memory reclaim may wait for a transfer, so the queue must
 * have a rescuer.
 */
#include "core/work.h"

struct workqueue_struct *wdmdma_workqueue;

int wdmdma_work_init(void)
{
	wdmdma_workqueue = alloc_workqueue("wdmdma", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return wdmdma_workqueue ? 0 : -ENOMEM;
}

/* Finish the queued work and destroy the queue. No more work may be queued. */
void wdmdma_work_exit(void)
{
	destroy_workqueue(wdmdma_workqueue);
}
