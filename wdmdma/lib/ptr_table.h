/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of objects that are known by a pointer, for the caller's lock to protect.
 *
 * A table grows by linear hashing. An insertion into a full table splits one bucket in two, so
 * no insertion takes long, whatever the number of objects. That matters because the callers'
 * locks switch interrupts off. A table does not shrink.
 *
 * An rhashtable would resize in a work item. But each insertion and removal there changes an
 * atomic counter and takes a bucket lock of its own, below the lock that the callers hold anyway.
 * For a transfer of one page that would be a tenth of all instructions.
 */
#ifndef WDMDMA_PTR_TABLE_H
#define WDMDMA_PTR_TABLE_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/types.h>

#define WDMDMA_PTR_TABLE_FIRST		32	/* buckets of an empty table */
#define WDMDMA_PTR_TABLE_SEGMENT	512	/* buckets that are allocated at once */
#define WDMDMA_PTR_TABLE_SEGMENTS	256

/**
 * struct wdmdma_ptr_node - embedded in each object of a table
 * @node: entry in a bucket
 * @key: pointer by which the object is known. It is compared, and never followed
 */
struct wdmdma_ptr_node {
	struct hlist_node node;
	const void *key;
};

/**
 * struct wdmdma_ptr_table - a table
 * @first: the first buckets
 * @segment: the other buckets, in segments, or NULL as long as there are none
 * @buckets: number of buckets
 * @mask: largest power of two that is not above @buckets, minus 1. The buckets below
 *        @buckets - @mask - 1 are split already
 * @nr: number of objects
 */
struct wdmdma_ptr_table {
	struct hlist_head first[WDMDMA_PTR_TABLE_FIRST];
	struct hlist_head **segment;
	unsigned int buckets;
	unsigned int mask;
	unsigned int nr;
};

void wdmdma_ptr_table_init(struct wdmdma_ptr_table *table);
void wdmdma_ptr_table_destroy(struct wdmdma_ptr_table *table);
void wdmdma_ptr_table_grow(struct wdmdma_ptr_table *table);
struct wdmdma_ptr_node *wdmdma_ptr_table_next(const struct wdmdma_ptr_table *table,
					      unsigned int *bucket);

static inline struct hlist_head *wdmdma_ptr_bucket(const struct wdmdma_ptr_table *table,
						   unsigned int bucket)
{
	if (bucket < WDMDMA_PTR_TABLE_FIRST)
		return (struct hlist_head *)&table->first[bucket];
	return &table->segment[bucket / WDMDMA_PTR_TABLE_SEGMENT]
			      [bucket % WDMDMA_PTR_TABLE_SEGMENT];
}

/* Return the number of the bucket for a key. */
static inline unsigned int wdmdma_ptr_hash(const struct wdmdma_ptr_table *table, const void *key)
{
	unsigned int hash = hash_ptr(key, 32);
	unsigned int bucket = hash & (table->mask << 1 | 1);

	return bucket < table->buckets ? bucket : bucket & table->mask;
}

/* Return the first object of a chain, from @node on, that is known under @key, or NULL. */
static inline struct wdmdma_ptr_node *wdmdma_ptr_of_chain(struct hlist_node *node, const void *key)
{
	struct wdmdma_ptr_node *object;

	for (; node; node = node->next) {
		object = hlist_entry(node, struct wdmdma_ptr_node, node);
		if (object->key == key)
			return object;
	}
	return NULL;
}

/* Return the object that is known under @key, or NULL. */
static inline struct wdmdma_ptr_node *wdmdma_ptr_find(const struct wdmdma_ptr_table *table,
						      const void *key)
{
	struct hlist_head *head = wdmdma_ptr_bucket(table, wdmdma_ptr_hash(table, key));

	return wdmdma_ptr_of_chain(head->first, key);
}

/* Return another object with the key of @object, or NULL after the last. */
static inline struct wdmdma_ptr_node *wdmdma_ptr_next(const struct wdmdma_ptr_node *object)
{
	return wdmdma_ptr_of_chain(object->node.next, object->key);
}

/* Make an object known under its key. Several objects may have one key. */
static inline void wdmdma_ptr_add(struct wdmdma_ptr_table *table, struct wdmdma_ptr_node *object)
{
	hlist_add_head(&object->node,
		       wdmdma_ptr_bucket(table, wdmdma_ptr_hash(table, object->key)));
	if (unlikely(++table->nr > table->buckets))
		wdmdma_ptr_table_grow(table);
}

/* Remove an object from its table. */
static inline void wdmdma_ptr_del(struct wdmdma_ptr_table *table, struct wdmdma_ptr_node *object)
{
	hlist_del_init(&object->node);
	table->nr--;
}

/* Return true if the object is in a table. */
static inline bool wdmdma_ptr_is_in(const struct wdmdma_ptr_node *object)
{
	return !hlist_unhashed(&object->node);
}

#endif /* WDMDMA_PTR_TABLE_H */
