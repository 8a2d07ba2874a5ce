/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that a thread can wait for, and the DPCs and timers that signal them. */
#ifndef WDMDMA_NTOS_DISPATCHER_H
#define WDMDMA_NTOS_DISPATCHER_H

#include <linux/align.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#include <ddk/wdm/dispatcher.h>

#include "address.h"
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

/* The first half of a DISPATCHER_HEADER. */
struct nt_head {
	UCHAR type;
	UCHAR reserved[3];
	LONG state;
};

/* Return true if a head of this type can be that of an object. Other memory seldom is like that. */
static inline bool nt_head_is_valid(const struct nt_head *head)
{
	switch (head->type) {
	case NT_DPC:
		return true;
	case NT_MUTANT:
		/* The first byte is set while nobody knows that the owner has ended. */
		return head->reserved[0] <= 1 && !head->reserved[1] && !head->reserved[2] &&
		       head->state <= 1;
	default:
		return !head->reserved[0] && !head->reserved[1] && !head->reserved[2] &&
		       (head->state == 0 || head->state == 1);
	}
}

/*
 * Return the first byte of an object. A pointer at which no object can be, such as a handle, an
 * address without memory, or memory with another content, has NT_NO_TYPE.
 */
static inline UCHAR nt_object_type(const void *object)
{
	struct nt_head head;

	if (!IS_ALIGNED((unsigned long)object, sizeof(void *)) ||
	    copy_from_kernel_nofault(&head, object, sizeof(head)) || !nt_head_is_valid(&head))
		return NT_NO_TYPE;
	return head.type;
}

/* Return true if no object can be at an address. */
static inline bool nt_is_no_address(const void *object)
{
	return !IS_ALIGNED((unsigned long)object, sizeof(void *)) || wdmdma_is_no_address(object);
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
const void *nt_dpc_routine(const struct nt_dpc *record);
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
