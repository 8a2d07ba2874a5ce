// SPDX-License-Identifier: GPL-2.0-only
/* Table of live handles. lib/handle.h says why the module has one. */
#include <linux/spinlock.h>

#include "compat.h"
#include "lib/handle.h"

struct hlist_head wdmdma_handles[1 << WDMDMA_HANDLE_BITS];
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_handles);
/* Protects changes of wdmdma_handles. Look-ups take only the RCU read lock. Any context. */
static DEFINE_RAW_SPINLOCK(wdmdma_handles_lock);

/* Make @handle known under @key. Its reference count starts at 1, which is the caller's. */
void wdmdma_handle_publish(struct wdmdma_handle *handle, enum wdmdma_handle_type type,
			   const void *key)
{
	unsigned long flags;

	handle->key = key;
	handle->type = type;
	kref_init(&handle->ref);

	raw_spin_lock_irqsave(&wdmdma_handles_lock, flags);
	hash_add_rcu(wdmdma_handles, &handle->node, (unsigned long)key);
	raw_spin_unlock_irqrestore(&wdmdma_handles_lock, flags);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_handle_publish);

/* Take @handle out of the table. Of several callers, exactly one gets true. */
bool wdmdma_handle_retire(struct wdmdma_handle *handle)
{
	unsigned long flags;
	bool live;

	raw_spin_lock_irqsave(&wdmdma_handles_lock, flags);
	live = hash_hashed(&handle->node);
	hash_del_rcu(&handle->node);
	raw_spin_unlock_irqrestore(&wdmdma_handles_lock, flags);
	return live;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_handle_retire);

/*
 * Return the live handle of @type that is known under @key, with a reference, or NULL. Any
 * context.
 */
struct wdmdma_handle *wdmdma_handle_find(enum wdmdma_handle_type type, const void *key)
{
	struct wdmdma_handle *handle;

	rcu_read_lock();
	handle = wdmdma_handle_peek(type, key);
	if (handle && !kref_get_unless_zero(&handle->ref))
		handle = NULL;
	rcu_read_unlock();
	return handle;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_handle_find);
