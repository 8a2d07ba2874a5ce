// SPDX-License-Identifier: GPL-2.0-only
/* Objects of a driver whose memory is in use by buffers. See lib/owner.h. */
#include <linux/rhashtable.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "lib/owner.h"

static const struct rhashtable_params owner_params = {
	.key_len = sizeof_field(struct wdmdma_owner, key),
	.key_offset = offsetof(struct wdmdma_owner, key),
	.head_offset = offsetof(struct wdmdma_owner, node),
	.automatic_shrinking = true,
};

static struct rhltable owners;
/* Protects the entries against being removed twice. Look-ups take the RCU read lock alone. */
static DEFINE_RAW_SPINLOCK(owners_lock);

/* Note that the memory of the object @key is in use. Return 0 or a negative errno. */
int wdmdma_owner_add(struct wdmdma_owner *owner, const void *key)
{
	owner->key = key;
	owner->gone = false;
	return rhltable_insert(&owners, &owner->node, owner_params);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_owner_add);

static void owner_remove(struct wdmdma_owner *owner)
{
	lockdep_assert_held(&owners_lock);
	if (!owner->gone)
		rhltable_remove(&owners, &owner->node, owner_params);
	owner->gone = true;
}

/* End one use of the memory. @owner must be freed by RCU. */
void wdmdma_owner_remove(struct wdmdma_owner *owner)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&owners_lock, flags);
	owner_remove(owner);
	raw_spin_unlock_irqrestore(&owners_lock, flags);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_owner_remove);

/* Return true if the memory of the object @key is in use. Any context. */
bool wdmdma_owner_is_used(const void *key)
{
	bool used;

	rcu_read_lock();
	used = rhltable_lookup(&owners, &key, owner_params);
	rcu_read_unlock();
	return used;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_owner_is_used);

/* Remove all entries of the object @key, because the address gets another meaning. */
void wdmdma_owner_forget(const void *key)
{
	struct rhlist_head *list, *node;
	struct wdmdma_owner *owner;
	unsigned long flags;

	rcu_read_lock();
	list = rhltable_lookup(&owners, &key, owner_params);
	if (list) {
		raw_spin_lock_irqsave(&owners_lock, flags);
		rhl_for_each_entry_rcu(owner, node, list, node)
			owner_remove(owner);
		raw_spin_unlock_irqrestore(&owners_lock, flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_owner_forget);

int wdmdma_owner_init(void)
{
	return rhltable_init(&owners, &owner_params);
}

void wdmdma_owner_exit(void)
{
	rhltable_destroy(&owners);
}
