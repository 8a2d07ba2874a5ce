/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that a thread can wait for, and the DPCs and timers that signal them. */
#ifndef WDMDMA_NTOS_DISPATCHER_H
#define WDMDMA_NTOS_DISPATCHER_H

#include <linux/types.h>

#include <ddk/wdm/dispatcher.h>

/* The first byte of an object. A zeroed object is a notification event that is not set. */
#define NT_EVENT_NOTIFICATION		0
#define NT_EVENT_SYNCHRONIZATION	1
#define NT_MUTANT			2
#define NT_THREAD			6
#define NT_TIMER_NOTIFICATION		8
#define NT_TIMER_SYNCHRONIZATION	9

/* wait.c */
void nt_object_init(DISPATCHER_HEADER *object, UCHAR type, LONG state);
LONG nt_object_set(DISPATCHER_HEADER *object, LONG state);
void nt_wait_init(void);

/* dpc.c */
void nt_dpc_init(void);
void nt_dpc_exit(void);
void nt_dpc_forget(unsigned long start, size_t size, const char *call);

/* timer.c */
void nt_timer_init(void);
void nt_timer_exit(void);
void nt_timer_forget(unsigned long start, size_t size, const char *call);

#endif /* WDMDMA_NTOS_DISPATCHER_H */
