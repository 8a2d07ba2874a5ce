// SPDX-License-Identifier: GPL-2.0-only
/* The table of things that drivers hold by their address, and their end. */
#include "ntos/ntos.h"

#include <linux/err.h>
#include <linux/hash.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "ntos/block.h"

#define NT_BUCKET_BITS	10

struct nt_bucket {
	spinlock_t lock;	/* protects @blocks */
	struct hlist_head blocks;
};

static struct nt_bucket nt_buckets[1 << NT_BUCKET_BITS];
static struct kmem_cache *nt_block_cache;
static LLIST_HEAD(nt_deferred);

struct nt_block *nt_block_alloc(gfp_t gfp)
{
	return kmem_cache_alloc(nt_block_cache, gfp);
}

/* Free the record of a block that stands for nothing. NULL is ignored. */
void nt_block_drop(struct nt_block *block)
{
	if (block)
		kmem_cache_free(nt_block_cache, block);
}

/* Give back what a block stands for, and the block. May sleep unless the block is small pool. */
void nt_block_free(struct nt_block *block)
{
	void *memory = (void *)block->address;

	if (block->kind == NT_BLOCK_IO_SPACE)
		iounmap((void __iomem __force *)memory);
	else if (is_vmalloc_addr(memory))
		vfree(memory);
	else if (block->size > PAGE_SIZE)
		free_pages_exact(memory, block->size);
	else
		kfree(memory);
	nt_block_drop(block);
}

static void nt_block_free_deferred(struct work_struct *work)
{
	struct llist_node *first = llist_del_all(&nt_deferred);
	struct nt_block *block, *next;

	llist_for_each_entry_safe(block, next, first, deferred)
		nt_block_free(block);
}

static DECLARE_WORK(nt_deferred_work, nt_block_free_deferred);

/* Free a block where the caller must not sleep. */
void nt_block_defer(struct nt_block *block)
{
	if (llist_add(&block->deferred, &nt_deferred))
		schedule_work(&nt_deferred_work);
}

static struct nt_bucket *nt_bucket_of(unsigned long address)
{
	return &nt_buckets[hash_long(address, NT_BUCKET_BITS)];
}

void nt_block_add(struct nt_block *block)
{
	struct nt_bucket *bucket = nt_bucket_of(block->address);
	unsigned long flags;

	spin_lock_irqsave(&bucket->lock, flags);
	hlist_add_head(&block->node, &bucket->blocks);
	spin_unlock_irqrestore(&bucket->lock, flags);
}

static struct nt_block *nt_block_find(struct nt_bucket *bucket, enum nt_block_kind kind,
				      unsigned long address)
{
	struct nt_block *block;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(block, &bucket->blocks, node)
		if (block->address == address && block->kind == kind)
			return block;
	return NULL;
}

/*
 * Take a block out of the table. Return NULL if there is none, or an ERR_PTR if its key is another
 * one, which is then stored to @found.
 */
struct nt_block *nt_block_take(enum nt_block_kind kind, const void *address, u64 key, bool any_key,
			       u64 *found)
{
	struct nt_bucket *bucket = nt_bucket_of((unsigned long)address);
	struct nt_block *block;
	unsigned long flags;

	spin_lock_irqsave(&bucket->lock, flags);
	block = nt_block_find(bucket, kind, (unsigned long)address);
	if (block && !any_key && block->key != key) {
		*found = block->key;
		block = ERR_PTR(-EINVAL);
	} else if (block) {
		hlist_del(&block->node);
	}
	spin_unlock_irqrestore(&bucket->lock, flags);
	return block;
}

/* Return true if the table has such a block. */
bool nt_block_exists(enum nt_block_kind kind, const void *address)
{
	struct nt_bucket *bucket = nt_bucket_of((unsigned long)address);
	unsigned long flags;
	bool exists;

	spin_lock_irqsave(&bucket->lock, flags);
	exists = nt_block_find(bucket, kind, (unsigned long)address);
	spin_unlock_irqrestore(&bucket->lock, flags);
	return exists;
}

int nt_block_init(void)
{
	int n;

	for (n = 0; n < ARRAY_SIZE(nt_buckets); n++)
		spin_lock_init(&nt_buckets[n].lock);
	nt_block_cache = KMEM_CACHE(nt_block, 0);
	return nt_block_cache ? 0 : -ENOMEM;
}

/* No driver is linked with the module any more. Free what they have forgotten, and say so. */
void nt_block_exit(void)
{
	unsigned long forgotten = 0;
	struct nt_block *block;
	struct hlist_node *next;
	int n;

	for (n = 0; n < ARRAY_SIZE(nt_buckets); n++) {
		hlist_for_each_entry_safe(block, next, &nt_buckets[n].blocks, node) {
			hlist_del(&block->node);
			nt_block_free(block);
			forgotten++;
		}
	}
	flush_work(&nt_deferred_work);
	kmem_cache_destroy(nt_block_cache);
	if (forgotten)
		pr_warn("%lu blocks of pool, mappings and work items were never freed\n",
			forgotten);
}
