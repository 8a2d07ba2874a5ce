/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's workqueue. See core/work.c. */
#ifndef WDMDMA_WORK_H
#define WDMDMA_WORK_H

#include <linux/workqueue.h>

/* Requests that a work item may serve before other work items must get a turn. */
#define WDMDMA_SERVED_AT_ONCE	64

extern struct workqueue_struct *wdmdma_workqueue;

int wdmdma_work_init(void);
void wdmdma_work_exit(void);

#endif /* WDMDMA_WORK_H */
