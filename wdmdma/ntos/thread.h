/* SPDX-License-Identifier: GPL-2.0-only */
/* System threads and work items. */
#ifndef WDMDMA_NTOS_THREAD_H
#define WDMDMA_NTOS_THREAD_H

#include <linux/types.h>

#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/thread.h>

#include "ntos/record.h"

/**
 * struct nt_thread - a system thread
 * @header: signaled once the thread has ended
 * @node: link in the table of tasks, from the first to the last moment of the thread
 * @task: the thread, once it runs
 * @place: index of the place in the table
 * @routine: the driver's function
 * @context: its argument
 * @references: references that the driver has
 * @waits: references of waits for the thread
 * @has_handle: the handle is not closed
 * @runs: the thread has not ended
 */
struct nt_thread {
	DISPATCHER_HEADER header;
	struct hlist_node node;
	struct task_struct *task;
	unsigned int place;
	PKSTART_ROUTINE routine;
	PVOID context;
	unsigned long references;
	unsigned long waits;
	bool has_handle;
	bool runs;
};

/* thread_table.c */
extern unsigned int nt_thread_most;
HANDLE nt_thread_add(struct nt_thread *thread);
void nt_thread_started(struct nt_thread *thread);
void nt_thread_ended(struct nt_thread *thread);
struct nt_thread *nt_thread_get(const void *object);
void nt_thread_put(struct nt_thread *thread);
struct nt_thread *nt_thread_current(void);
unsigned int nt_thread_count(const struct nt_place *place);
bool nt_thread_any(const struct nt_place *place);
unsigned int nt_thread_forget(const struct nt_place *place);
void nt_thread_table_init(void);
void nt_thread_table_exit(void);

static inline DISPATCHER_HEADER *nt_thread_header(struct nt_thread *thread)
{
	return &thread->header;
}

/* thread.c */
void nt_thread_wait(const struct nt_place *place);

/* work_item.c */
unsigned int nt_work_count(const struct nt_place *place);
void nt_work_wait(const struct nt_place *place);
int nt_work_init(void);
void nt_work_exit(void);

#endif /* WDMDMA_NTOS_THREAD_H */
