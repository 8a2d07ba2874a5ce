/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles: the pointers that a driver gets from the module and passes back.
 *
 * A driver may pass any value where a handle belongs: NULL, a pointer of its
 * own, or one whose object is gone. So no pointer is followed before it was
 * found here, by value, among the live ones. Finding takes a reference, and the
 * object's owner frees its memory by RCU after the last one; so what is only
 * looked at under the RCU read lock needs none.
 */
#ifndef WDMDMA_HANDLE_H
#define WDMDMA_HANDLE_H

#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

enum wdmdma_handle_type {
	WDMDMA_HANDLE_DEVICE,
	WDMDMA_HANDLE_ADAPTER,
	WDMDMA_HANDLE_VECTOR,
	WDMDMA_HANDLE_MINIPORT,	/* by the address of its device extension */
	WDMDMA_HANDLE_DOMAIN,	/* by a number, not by a pointer */
	WDMDMA_HANDLE_MDL,	/* the driver's own, while a buffer is made from it */
};

/**
 * struct wdmdma_handle - embedded in each object that a driver can name
 * @node: in the table of live handles, from publish to retire
 * @key: the pointer that the driver holds
 * @type: what the pointer may be used as
 * @ref: one for being published or owned, one for each call that found it
 */
struct wdmdma_handle {
	struct hlist_node node;
	const void *key;
	enum wdmdma_handle_type type;
	struct kref ref;
};

void wdmdma_handle_publish(struct wdmdma_handle *handle, enum wdmdma_handle_type type,
			   const void *key);
bool wdmdma_handle_retire(struct wdmdma_handle *handle);
void wdmdma_handle_forget(enum wdmdma_handle_type type, const void *key);
bool wdmdma_handle_is_live(enum wdmdma_handle_type type, const void *key);
struct wdmdma_handle *wdmdma_handle_find(enum wdmdma_handle_type type, const void *key);

#define WDMDMA_HANDLE_BITS	8
extern struct hlist_head wdmdma_handles[1 << WDMDMA_HANDLE_BITS];

/*
 * The read lock for what is only looked up: that of RCU, in the form that costs a reader
 * two instructions. It is not called rcu_read_lock_sched(), within which lockdep lets nobody
 * take a spinlock, on any kernel, and with PROVE_RCU it is rcu_read_lock() as well, for the
 * checks of rcu_dereference(). On PREEMPT_RT, where spinlocks sleep, it is that alone.
 */
static inline void wdmdma_peek_lock(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_lock();
}

static inline void wdmdma_peek_unlock(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_unlock();
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

/* The live handle of @type known under @key, or NULL. For the caller's read lock only. */
static __always_inline struct wdmdma_handle *wdmdma_handle_peek(enum wdmdma_handle_type type,
								const void *key)
{
	struct wdmdma_handle *handle;

	hash_for_each_possible_rcu(wdmdma_handles, handle, node, (unsigned long)key)
		if (handle->key == key && handle->type == type)
			return handle;
	return NULL;
}

#endif /* WDMDMA_HANDLE_H */
