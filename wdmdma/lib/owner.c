// SPDX-License-Identifier: GPL-2.0-only
/* Objects of a driver whose memory is in use by buffers. See lib/owner.h. */
#include <linux/rhashtable.h>

#include "compat.h"
#include "lib/owner.h"

static const struct rhashtable_params owner_params = {
	.key_len = sizeof_field(struct wdmdma_owner, key),
	.key_offset = offsetof(struct wdmdma_owner, key),
	.head_offset = offsetof(struct wdmdma_owner, node),
	.automatic_shrinking = true,
};

static struct rhltable owners;

/* Note that the memory of the object @key is in use. Return 0 or a negative errno. */
int wdmdma_owner_add(struct wdmdma_owner *owner, const void *key)
{
	owner->key = key;
	owner->gone = false;
	return rhltable_insert(&owners, &owner->node, owner_params);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_owner_add);

/*
 * End one use of the memory. @owner must be freed by RCU. The caller may not be in an interrupt or
 * hold a lock that interrupts take, because before 6.3 the table runs softirqs when it is unlocked.
 */
void wdmdma_owner_remove(struct wdmdma_owner *owner)
{
	rhltable_remove(&owners, &owner->node, owner_params);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_owner_remove);

/* Return true if the memory of the object @key is in use. Any context. */
bool wdmdma_owner_is_used(const void *key)
{
	struct rhlist_head *list, *node;
	struct wdmdma_owner *owner;
	bool used = false;

	rcu_read_lock();
	list = rhltable_lookup(&owners, &key, owner_params);
	rhl_for_each_entry_rcu(owner, node, list, node)
		used |= !READ_ONCE(owner->gone);
	rcu_read_unlock();
	return used;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_owner_is_used);

/* Mark all uses of the object @key, because the address gets another meaning. Any context. */
void wdmdma_owner_forget(const void *key)
{
	struct rhlist_head *list, *node;
	struct wdmdma_owner *owner;

	rcu_read_lock();
	list = rhltable_lookup(&owners, &key, owner_params);
	rhl_for_each_entry_rcu(owner, node, list, node)
		WRITE_ONCE(owner->gone, true);
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
