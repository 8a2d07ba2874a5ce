// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MDLs of transactions that are initialized, or in a transfer. An MDL has no references, so a
 * driver can free one that a transaction still needs. wdmdma.ko tells of each MDL that a driver
 * frees. A table has the transactions by their first MDL, and a list has those with a chain.
 *
 * An MDL that a driver has in memory of its own can go unnoticed. So the chain of another
 * transaction is read as memory that may be gone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/transaction.h"

#include <linux/hash.h>
#include <linux/uaccess.h>

#include <wdmdma/pool.h>

#define WDF_WATCH_BITS	8

struct wdf_watch_bucket {
	spinlock_t lock;	/* protects @transactions, and watch and watch_most of each */
	struct hlist_head transactions;
};

static struct wdf_watch_bucket wdf_watch_buckets[1 << WDF_WATCH_BITS];
static DEFINE_SPINLOCK(wdf_chains_lock);	/* protects the list, and watch_chain of each */
static LIST_HEAD(wdf_chains);

static struct wdf_watch_bucket *wdf_watch_bucket(const MDL *mdl)
{
	return &wdf_watch_buckets[hash_ptr(mdl, WDF_WATCH_BITS)];
}

/* A transaction needs this many MDLs of its chain from now on. Its lock is held. */
void wdf_watch_begin(struct wdf_transaction *transaction, unsigned int mdls)
{
	struct wdf_watch_bucket *bucket = wdf_watch_bucket(transaction->mdl);
	unsigned long flags;

	lockdep_assert_held(&transaction->lock);
	transaction->mdl_gone = false;
	spin_lock_irqsave(&bucket->lock, flags);
	hlist_add_head(&transaction->watch, &bucket->transactions);
	spin_unlock_irqrestore(&bucket->lock, flags);
	if (mdls < 2)
		return;
	spin_lock_irqsave(&wdf_chains_lock, flags);
	transaction->watch_most = mdls;
	list_add(&transaction->watch_chain, &wdf_chains);
	spin_unlock_irqrestore(&wdf_chains_lock, flags);
}

/* A transaction does not need its MDLs any more. Its lock is held. */
void wdf_watch_end(struct wdf_transaction *transaction)
{
	struct wdf_watch_bucket *bucket = wdf_watch_bucket(transaction->mdl);
	unsigned long flags;

	lockdep_assert_held(&transaction->lock);
	if (hlist_unhashed(&transaction->watch))
		return;
	spin_lock_irqsave(&bucket->lock, flags);
	hlist_del_init(&transaction->watch);
	spin_unlock_irqrestore(&bucket->lock, flags);
	if (list_empty(&transaction->watch_chain))
		return;
	spin_lock_irqsave(&wdf_chains_lock, flags);
	list_del_init(&transaction->watch_chain);
	spin_unlock_irqrestore(&wdf_chains_lock, flags);
}

/* Mark the transactions that begin with an MDL. Return true if there are any. */
static bool wdf_watch_mark_first(const MDL *mdl)
{
	struct wdf_watch_bucket *bucket = wdf_watch_bucket(mdl);
	struct wdf_transaction *transaction;
	unsigned long flags;
	bool found = false;

	if (hlist_empty(&bucket->transactions))
		return false;
	spin_lock_irqsave(&bucket->lock, flags);
	hlist_for_each_entry(transaction, &bucket->transactions, watch) {
		if (transaction->mdl != mdl)
			continue;
		WRITE_ONCE(transaction->mdl_gone, true);
		found = true;
	}
	spin_unlock_irqrestore(&bucket->lock, flags);
	return found;
}

/* Return true if a chain has an MDL. */
static bool wdf_watch_chain_has(const struct wdf_transaction *transaction, const MDL *mdl)
{
	const MDL *link = transaction->mdl;
	unsigned int n;

	for (n = 1; n < transaction->watch_most; n++) {
		if (copy_from_kernel_nofault(&link, &link->Next, sizeof(link)))
			return false;
		if (link == mdl)
			return true;
	}
	return false;
}

/* Mark the transactions whose chain has an MDL behind the first. Return true if there are any. */
static bool wdf_watch_mark_chains(const MDL *mdl)
{
	struct wdf_transaction *transaction;
	unsigned long flags;
	bool found = false;

	if (list_empty(&wdf_chains))
		return false;
	spin_lock_irqsave(&wdf_chains_lock, flags);
	list_for_each_entry(transaction, &wdf_chains, watch_chain) {
		if (READ_ONCE(transaction->mdl_gone) || !wdf_watch_chain_has(transaction, mdl))
			continue;
		WRITE_ONCE(transaction->mdl_gone, true);
		found = true;
	}
	spin_unlock_irqrestore(&wdf_chains_lock, flags);
	return found;
}

/* A driver frees an MDL. */
static VOID wdf_watch_freed(const MDL *mdl, const char *call)
{
	bool first = wdf_watch_mark_first(mdl);

	if (wdf_watch_mark_chains(mdl) || first)
		wdmdma_report(call, "a transaction that has not ended uses the MDL");
}

void wdf_watch_init(void)
{
	int n;

	for (n = 0; n < ARRAY_SIZE(wdf_watch_buckets); n++)
		spin_lock_init(&wdf_watch_buckets[n].lock);
	wdmdma_mdl_listen(wdf_watch_freed);
}

void wdf_watch_exit(void)
{
	wdmdma_mdl_listen(NULL);
}
