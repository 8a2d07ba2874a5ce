/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that a thread can wait for, and the DPCs and timers that signal them. */
#ifndef WDMDMA_NTOS_DISPATCHER_H
#define WDMDMA_NTOS_DISPATCHER_H

#include <linux/align.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#include <ddk/wdm/dispatcher.h>

#include "ntos/record.h"

/* The first byte of an object. A zeroed object is a notification event that is not set. */
#define NT_EVENT_NOTIFICATION		0
#define NT_EVENT_SYNCHRONIZATION	1
#define NT_MUTANT			2
#define NT_THREAD			6
#define NT_TIMER_NOTIFICATION		8
#define NT_TIMER_SYNCHRONIZATION	9
#define NT_DPC				19

/* What is no type of an object. */
#define NT_NO_TYPE			0xFF

/*
 * Return the first byte of an object. A pointer at which no object can be, such as a handle, or an
 * address without memory, has NT_NO_TYPE.
 */
static inline UCHAR nt_object_type(const void *object)
{
	UCHAR type;

	if (!IS_ALIGNED((unsigned long)object, sizeof(void *)) ||
	    copy_from_kernel_nofault(&type, object, sizeof(type)))
		return NT_NO_TYPE;
	return type;
}

/* Return true if no object can be at an address. */
static inline bool nt_is_no_address(const void *object)
{
	UCHAR first;

	return !IS_ALIGNED((unsigned long)object, sizeof(void *)) ||
	       copy_from_kernel_nofault(&first, object, sizeof(first));
}

/* wait.c */
void nt_object_init(DISPATCHER_HEADER *object, UCHAR type, LONG state);
LONG nt_object_set(DISPATCHER_HEADER *object, LONG state);
void nt_wait_forget(const struct nt_place *place, const char *call);
void nt_mutex_abandon(const char *call, const void *routine);
void nt_wait_init(void);

/* dpc.c */
struct nt_dpc;

bool nt_is_no_dpc(PRKDPC dpc, const char *call);
struct nt_dpc *nt_dpc_name(KDPC *dpc, const char *call);
void nt_dpc_unname(struct nt_dpc *record);
bool nt_dpc_lies_in(const struct nt_dpc *record, const struct nt_place *place);
void nt_dpc_expired(struct nt_dpc *record);
bool nt_dpc_idle(void);
unsigned int nt_dpc_forget(const struct nt_place *place, const char *call);
void nt_dpc_init(void);
void nt_dpc_exit(void);

/* timer.c */
unsigned int nt_timer_forget(const struct nt_place *place, const char *call);
void nt_timer_init(void);
void nt_timer_exit(void);

#endif /* WDMDMA_NTOS_DISPATCHER_H */
