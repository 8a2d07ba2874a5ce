// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for records, and the question whether an object in some memory has one.
 *
 * Interrupt handlers queue DPCs, and a slab cannot be used in an interrupt of PREEMPT_RT, or under
 * a raw lock. So there is a reserve. A call that can use the slab leaves the reserve alone.
 */
#include "ntos/ntos.h"

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "ntos/record.h"

/* More than interrupt handlers queue before the DPCs run. */
#define NT_RESERVE	512
#define NT_PAGE_BITS	10
/* A search is cheaper than a look at more pages. */
#define NT_MOST_PAGES	64

static struct kmem_cache *nt_record_cache;
static DEFINE_RAW_SPINLOCK(nt_reserve_lock);	/* protects both */
static LIST_HEAD(nt_reserve);
static unsigned int nt_reserved;

/* Numbers of objects with a record: of all, and by the hash of their page. */
static atomic_t nt_marks;
static atomic_t nt_page_marks[1 << NT_PAGE_BITS];

static const struct module *nt_leaving;

static bool nt_may_use_slab(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? preemptible() : !in_hardirq() && !irqs_disabled();
}

static void *nt_reserve_take(void)
{
	struct list_head *node = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_reserve_lock, flags);
	if (nt_reserved) {
		node = nt_reserve.next;
		list_del(node);
		nt_reserved--;
	}
	raw_spin_unlock_irqrestore(&nt_reserve_lock, flags);
	return node;
}

static void nt_reserve_give(void *record)
{
	struct list_head *node = record;
	unsigned long flags;

	raw_spin_lock_irqsave(&nt_reserve_lock, flags);
	list_add(node, &nt_reserve);
	nt_reserved++;
	raw_spin_unlock_irqrestore(&nt_reserve_lock, flags);
}

/* Allocate a record, in any context. Failure is reported. */
void *nt_record_alloc(const char *call)
{
	const bool slab = nt_may_use_slab();
	void *record = NULL;

	if (!slab || READ_ONCE(nt_reserved) > NT_RESERVE)
		record = nt_reserve_take();
	if (!record && (slab || !IS_ENABLED(CONFIG_PREEMPT_RT)))
		record = kmem_cache_alloc(nt_record_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!record)
		record = nt_reserve_take();
	if (!record)
		wdmdma_report(call, "no memory for a record of the object");
	return record;
}

/* Free a record, in any context. NULL is ignored. */
void nt_record_free(void *record)
{
	if (!record)
		return;
	if (READ_ONCE(nt_reserved) < NT_RESERVE || !nt_may_use_slab())
		nt_reserve_give(record);
	else
		kmem_cache_free(nt_record_cache, record);
}

static atomic_t *nt_page_mark(unsigned long address)
{
	return &nt_page_marks[hash_long(address >> PAGE_SHIFT, NT_PAGE_BITS)];
}

/* Note that an object has a record. Every record of an object must do so. */
void nt_record_mark(const void *object)
{
	atomic_inc(&nt_marks);
	atomic_inc(nt_page_mark((unsigned long)object));
}

void nt_record_unmark(const void *object)
{
	atomic_dec(nt_page_mark((unsigned long)object));
	atomic_dec(&nt_marks);
}

/* Return false if no object in the place has a record. */
bool nt_record_may_be_in(const struct nt_place *place)
{
	const unsigned long last = place->start + place->size - 1;
	unsigned long address = place->start & PAGE_MASK;

	if (!atomic_read(&nt_marks))
		return false;
	if (place->module || place->size > NT_MOST_PAGES * PAGE_SIZE)
		return true;
	for (; place->size && address <= last; address += PAGE_SIZE)
		if (atomic_read(nt_page_mark(address)))
			return true;
	return false;
}

bool nt_record_may_be_at(const void *object, size_t size)
{
	const struct nt_place place = { .start = (unsigned long)object, .size = size };

	return nt_record_may_be_in(&place);
}

/* From now on, refuse routines of a module that is being unloaded. NULL ends that. */
void nt_leaving_set(const struct module *module)
{
	WRITE_ONCE(nt_leaving, module);
	/* Pairs with the RCU section in nt_is_leaving(). */
	synchronize_rcu();
}

/* Report a routine that must not be called any more. Return true if it is one. */
bool nt_is_leaving(const void *routine, const char *call)
{
	const struct module *module;
	bool leaving;

	rcu_read_lock();
	module = READ_ONCE(nt_leaving);
	leaving = unlikely(module) && within_module((unsigned long)routine, module);
	rcu_read_unlock();
	if (leaving)
		wdmdma_report(call, "the module of the routine is being unloaded");
	return leaving;
}

void nt_record_exit(void)
{
	void *record;

	while ((record = nt_reserve_take()))
		kmem_cache_free(nt_record_cache, record);
	kmem_cache_destroy(nt_record_cache);
}

int nt_record_init(void)
{
	void *record;
	int n;

	nt_record_cache = kmem_cache_create("wdmdma_ntos_record", NT_RECORD_BYTES, 0,
					    SLAB_HWCACHE_ALIGN, NULL);
	if (!nt_record_cache)
		return -ENOMEM;
	for (n = 0; n < NT_RESERVE; n++) {
		record = kmem_cache_alloc(nt_record_cache, WDMDMA_GFP);
		if (!record) {
			nt_record_exit();
			return -ENOMEM;
		}
		nt_reserve_give(record);
	}
	return 0;
}
