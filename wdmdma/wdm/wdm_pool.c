// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: ExFreePool, which Windows has for pool and for MDLs. This module has no pool. A module
 * that has one registers here, and is asked first. The MDLs are in a table, so that nothing else is
 * taken for one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include <wdmdma/pool.h>

#include "lib/freed_memory.h"
#include "lib/owner.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

static const struct wdmdma_pool_ops __rcu *wdm_pool;

/* The MDLs that ExFreePool() may free, by address. */
static DEFINE_XARRAY_FLAGS(wdm_pool_mdls, XA_FLAGS_LOCK_IRQ);

/**
 * wdmdma_pool_register() - let ExFreePool() free blocks of a pool
 * @ops: functions of the pool
 *
 * Context: any.
 * Return: TRUE, or FALSE if another pool is registered.
 */
BOOLEAN wdmdma_pool_register(const struct wdmdma_pool_ops *ops)
{
	if (cmpxchg(&wdm_pool, NULL, RCU_INITIALIZER(ops)))
		return FALSE;
	wdmdma_going_listen(ops->going);
	return TRUE;
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
	if (rcu_access_pointer(wdm_pool) == ops) {
		wdmdma_going_listen(NULL);
		rcu_assign_pointer(wdm_pool, NULL);
	}
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(wdmdma_pool_unregister);

/**
 * wdmdma_pool_going() - say that memory of a driver is about to be freed
 * @start: first byte
 * @size: bytes
 * @call: name of the driver's call
 *
 * The driver may have put a timer, a DPC or an event into the memory. The pool reports one that
 * is still in use, and forgets it. Without a pool the call does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void wdmdma_pool_going(const void *start, SIZE_T size, const char *call)
{
	wdmdma_going(start, size, call);
}
EXPORT_SYMBOL_GPL(wdmdma_pool_going);

/* Note an MDL that ExFreePool() will free. Return false if there is no memory. */
bool wdm_pool_add_mdl(PMDL mdl)
{
	const struct wdmdma_pool_ops *ops;
	unsigned long flags;
	int ret;

	xa_lock_irqsave(&wdm_pool_mdls, flags);
	ret = __xa_insert(&wdm_pool_mdls, (unsigned long)mdl, mdl, GFP_ATOMIC | __GFP_NOWARN);
	xa_unlock_irqrestore(&wdm_pool_mdls, flags);
	if (ret)
		return false;
	rcu_read_lock();
	ops = rcu_dereference(wdm_pool);
	if (ops)
		ops->reused(mdl);
	rcu_read_unlock();
	return true;
}

/* Forget an MDL that will be freed. Return true if it was noted. */
bool wdm_pool_forget_mdl(const void *mdl)
{
	unsigned long flags;
	void *noted;

	if (!xa_load(&wdm_pool_mdls, (unsigned long)mdl))
		return false;
	xa_lock_irqsave(&wdm_pool_mdls, flags);
	noted = __xa_erase(&wdm_pool_mdls, (unsigned long)mdl);
	xa_unlock_irqrestore(&wdm_pool_mdls, flags);
	return noted;
}

/* Forget any one MDL that is noted, and return it. Return NULL if there is none. */
PMDL wdm_pool_take_mdl(void)
{
	unsigned long index = 0;
	PMDL mdl;

	xa_lock_irq(&wdm_pool_mdls);
	mdl = xa_find(&wdm_pool_mdls, &index, ULONG_MAX, XA_PRESENT);
	if (mdl)
		__xa_erase(&wdm_pool_mdls, index);
	xa_unlock_irq(&wdm_pool_mdls);
	return mdl;
}

/* All MDLs are freed. An insertion that failed may have left inner nodes in the table. */
void wdm_pool_exit(void)
{
	xa_destroy(&wdm_pool_mdls);
}

/**
 * ExFreePool() - free the MDL of MmAllocatePagesForMdlEx() and its relatives, or a block of pool
 * @pool: the MDL, whose pages must be freed before, or the block. NULL is ignored, and all else is
 *	reported and left alone
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
	if (freed || !pool)
		return;
	if (wdm_pool_forget_mdl(pool)) {
		wdm_mdl_tell(pool, __func__);
		wdm_mdl_warn_if_used(pool, __func__);
		wdmdma_owner_forget(pool);
		wdm_kvfree(pool);
		return;
	}
	wdmdma_report(__func__, "%p is no block of pool, and no MDL of MmAllocatePagesForMdl",
		      pool);
}
EXPORT_SYMBOL_GPL(ExFreePool);
