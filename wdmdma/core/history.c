// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stacks of allocations and frees of common buffers, while the verifier is on.
 *
 * A record for each live buffer is in a hash table, by the address for the CPU. The free moves the
 * record to the list of freed buffers, where it stays until HISTORY_FREED more buffers were freed.
 * A record that cannot be allocated is missing, and its buffer is not shown.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "core/history.h"
#include "lib/stack.h"

#define HISTORY_BITS	8
#define HISTORY_FREED	512

/**
 * struct history_record - a buffer that was allocated
 * @node: entry in the table, by @cpu, while the buffer is live
 * @freed: entry in the list of freed buffers, newest first
 * @rcu: for the free, once the record is in neither
 * @cpu: address for the CPU
 * @adapter: number of the adapter
 * @at_alloc: stack of the allocation
 * @at_free: stack of the free, with no entries while the buffer is live
 */
struct history_record {
	struct hlist_node node;
	union {
		struct list_head freed;
		struct rcu_head rcu;
	};
	const void *cpu;
	u32 adapter;
	struct wdmdma_stack at_alloc;
	struct wdmdma_stack at_free;
};

static DEFINE_HASHTABLE(history_live, HISTORY_BITS);
static LIST_HEAD(history_freed);
static unsigned int history_nr;
/* Protects all of the above. Taken in any context. */
static DEFINE_RAW_SPINLOCK(history_lock);

static bool history_names(const struct history_record *record,
			  const struct wdmdma_adapter *adapter, const void *cpu)
{
	return record->cpu == cpu && record->adapter == adapter->id;
}

void wdmdma_history_note_alloc(const struct wdmdma_adapter *adapter,
			       const struct wdmdma_buffer *buffer)
{
	struct history_record *record = kzalloc(sizeof(*record), WDMDMA_GFP);
	unsigned long flags;
	bool is_on;

	if (!record)
		return;
	record->cpu = buffer->cpu;
	record->adapter = adapter->id;
	wdmdma_stack_save(&record->at_alloc);
	raw_spin_lock_irqsave(&history_lock, flags);
	/* Frees are not noted once the verifier is off, and wdmdma_history_clear() may be over. */
	is_on = wdmdma_verifier_is_on();
	if (is_on)
		hash_add(history_live, &record->node, (unsigned long)record->cpu);
	raw_spin_unlock_irqrestore(&history_lock, flags);
	if (!is_on)
		kfree(record);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_history_note_alloc);

static struct history_record *history_find_live(const struct wdmdma_adapter *adapter,
						const void *cpu)
{
	struct history_record *record;

	lockdep_assert_held(&history_lock);
	hash_for_each_possible(history_live, record, node, (unsigned long)cpu)
		if (history_names(record, adapter, cpu))
			return record;
	return NULL;
}

/* Return the record that must go because there are too many, or NULL. */
static struct history_record *history_trim(void)
{
	struct history_record *oldest;

	lockdep_assert_held(&history_lock);
	if (history_nr <= HISTORY_FREED)
		return NULL;
	oldest = list_last_entry(&history_freed, struct history_record, freed);
	list_del(&oldest->freed);
	history_nr--;
	return oldest;
}

void wdmdma_history_note_free(const struct wdmdma_adapter *adapter,
			      const struct wdmdma_buffer *buffer)
{
	struct history_record *record, *oldest = NULL;
	struct wdmdma_stack stack;
	unsigned long flags;

	wdmdma_stack_save(&stack);
	raw_spin_lock_irqsave(&history_lock, flags);
	record = history_find_live(adapter, buffer->cpu);
	if (record) {
		hash_del(&record->node);
		record->at_free = stack;
		list_add(&record->freed, &history_freed);
		history_nr++;
		oldest = history_trim();
	}
	raw_spin_unlock_irqrestore(&history_lock, flags);
	/* kfree() takes locks that may sleep on PREEMPT_RT. */
	kfree_rcu(oldest, rcu);
}

/* Copy the record of the buffer that is live at the address, or was freed there last. */
static bool history_copy(const struct wdmdma_adapter *adapter, const void *cpu,
			 struct history_record *copy)
{
	struct history_record *record, *found;
	unsigned long flags;

	raw_spin_lock_irqsave(&history_lock, flags);
	found = history_find_live(adapter, cpu);
	if (!found)
		list_for_each_entry(record, &history_freed, freed)
			if (history_names(record, adapter, cpu)) {
				found = record;
				break;
			}
	if (found)
		*copy = *found;
	raw_spin_unlock_irqrestore(&history_lock, flags);
	return found;
}

void wdmdma_history_print(const struct wdmdma_adapter *adapter, const void *cpu)
{
	static DEFINE_RATELIMIT_STATE(rate, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	struct history_record record;

	if (!__ratelimit(&rate) || !history_copy(adapter, cpu, &record))
		return;
	pr_warn("verifier: VA %p was allocated here:\n", cpu);
	wdmdma_stack_print(&record.at_alloc);
	if (!record.at_free.nr)
		return;
	pr_warn("verifier: VA %p was freed here:\n", cpu);
	wdmdma_stack_print(&record.at_free);
}

/* Drop all records, after the verifier was switched off. */
void wdmdma_history_clear(void)
{
	struct history_record *record, *next;
	struct hlist_node *next_node;
	unsigned int bucket;
	unsigned long flags;
	LIST_HEAD(all);

	raw_spin_lock_irqsave(&history_lock, flags);
	hash_for_each_safe(history_live, bucket, next_node, record, node) {
		hash_del(&record->node);
		list_add(&record->freed, &all);
	}
	list_splice_init(&history_freed, &all);
	history_nr = 0;
	raw_spin_unlock_irqrestore(&history_lock, flags);
	list_for_each_entry_safe(record, next, &all, freed)
		kfree(record);
}
