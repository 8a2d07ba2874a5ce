/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles are the pointers that a driver gets from the module and passes back.
 *
 * A driver may pass any value in place of a handle, such as NULL, a pointer of its own, or a
 * pointer to an object that is gone. So the module must find the value in the table of live
 * handles before it follows the pointer. wdmdma_handle_find() takes a reference. The owner must
 * free the object by RCU after the last reference, so a caller needs no reference while it holds
 * the RCU read lock.
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
	WDMDMA_HANDLE_MINIPORT,	/* key is the address of the device extension */
	WDMDMA_HANDLE_DOMAIN,	/* key is a number, not a pointer */
};

/**
 * struct wdmdma_handle - embedded in each object that a driver can name
 * @node: entry in the table of live handles, from publish to retire
 * @key: pointer that the driver holds
 * @type: what the pointer may be used as
 * @ref: one reference for the publisher or owner, and one for each call that found the handle
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
struct wdmdma_handle *wdmdma_handle_find(enum wdmdma_handle_type type, const void *key);

#define WDMDMA_HANDLE_BITS	8
extern struct hlist_head wdmdma_handles[1 << WDMDMA_HANDLE_BITS];

/*
 * Enter an RCU read section with preempt_disable(), which is two instructions where
 * rcu_read_lock() may be a call of a function. rcu_read_lock_sched() is no substitute, because
 * lockdep then rejects spinlocks in the section. With PROVE_RCU rcu_read_lock() is called as well,
 * for the checks of rcu_dereference(). On PREEMPT_RT, where spinlocks sleep, only rcu_read_lock()
 * is called.
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

/*
 * Return the live handle of @type that is known under @key, or NULL. The caller must hold the
 * RCU read lock, and may use the result only until it drops the lock.
 */
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
