// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's one workqueue. It takes over what a call at DISPATCH_LEVEL may not do
 * itself, and what must not run on the caller's stack. Memory reclaim may wait for a
 * transfer, so the queue has a rescuer.
 */
#include "core/work.h"

struct workqueue_struct *wdmdma_workqueue;

int wdmdma_work_init(void)
{
	wdmdma_workqueue = alloc_workqueue("wdmdma", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return wdmdma_workqueue ? 0 : -ENOMEM;
}

/* Finish the work that is queued. Nothing may queue more. */
void wdmdma_work_exit(void)
{
	destroy_workqueue(wdmdma_workqueue);
}
