// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: ExFreePool, which Windows has for pool and for MDLs. This module has no pool. A module
 * that has one registers here, and is asked first.
 */
#include <linux/rcupdate.h>

#include <wdmdma/pool.h>

#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

static const struct wdmdma_pool_ops __rcu *wdm_pool;

/**
 * wdmdma_pool_register() - let ExFreePool() free blocks of a pool
 * @ops: functions of the pool
 *
 * Context: any.
 * Return: TRUE, or FALSE if another pool is registered.
 */
BOOLEAN wdmdma_pool_register(const struct wdmdma_pool_ops *ops)
{
	return !cmpxchg(&wdm_pool, NULL, RCU_INITIALIZER(ops));
}
EXPORT_SYMBOL_GPL(wdmdma_pool_register);

/**
 * wdmdma_pool_unregister() - undo wdmdma_pool_register()
 * @ops: as given there
 *
 * Context: PASSIVE_LEVEL (sleeps). No function of the pool runs afterwards.
 */
void wdmdma_pool_unregister(const struct wdmdma_pool_ops *ops)
{
	if (rcu_access_pointer(wdm_pool) == ops)
		rcu_assign_pointer(wdm_pool, NULL);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(wdmdma_pool_unregister);

/* Tell the pool that an address is an MDL's now, which ExFreePool() will free. */
void wdm_pool_reused(PMDL mdl)
{
	const struct wdmdma_pool_ops *ops;

	rcu_read_lock();
	ops = rcu_dereference(wdm_pool);
	if (ops)
		ops->reused(mdl);
	rcu_read_unlock();
}

/**
 * ExFreePool() - free the MDL of MmAllocatePagesForMdlEx() and its relatives, or a block of pool
 * @pool: the MDL, whose pages must be freed before, or the block. NULL is ignored
 *
 * Answers to wdm: ExFreePool. Blocks of pool are freed while wdmdma_ntos.ko is loaded, which
 * allocates them.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void ExFreePool(PVOID pool)
{
	const struct wdmdma_pool_ops *ops;
	bool freed = false;

	rcu_read_lock();
	ops = pool ? rcu_dereference(wdm_pool) : NULL;
	if (ops)
		freed = ops->free(pool);
	rcu_read_unlock();
	if (!freed)
		wdm_mdl_delete(pool);
}
EXPORT_SYMBOL_GPL(ExFreePool);
