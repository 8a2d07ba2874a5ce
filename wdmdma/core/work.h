/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's one workqueue. */
#ifndef WDMDMA_WORK_H
#define WDMDMA_WORK_H

#include <linux/workqueue.h>

/* Requests that a work item serves before it lets others have their turn. */
#define WDMDMA_SERVED_AT_ONCE	64

extern struct workqueue_struct *wdmdma_workqueue;

int wdmdma_work_init(void);
void wdmdma_work_exit(void);

#endif /* WDMDMA_WORK_H */
