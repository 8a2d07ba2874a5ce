/* SPDX-License-Identifier: GPL-2.0-only */
/* Start and end of threads and work items. */
#ifndef WDMDMA_NTOS_THREAD_H
#define WDMDMA_NTOS_THREAD_H

void nt_thread_exit_all(void);
int nt_work_init(void);
void nt_work_exit(void);

#endif /* WDMDMA_NTOS_THREAD_H */
