// SPDX-License-Identifier: GPL-2.0-only
/* Growing tables of objects that are known by a pointer. See lib/ptr_table.h. */
#include <linux/slab.h>

#include "compat.h"
#include "lib/ptr_table.h"

#define PTR_TABLE_GFP		(GFP_ATOMIC | __GFP_NOWARN)
#define PTR_TABLE_MOST		(WDMDMA_PTR_TABLE_SEGMENT * WDMDMA_PTR_TABLE_SEGMENTS)

void wdmdma_ptr_table_init(struct wdmdma_ptr_table *table)
{
	unsigned int i;

	*table = (struct wdmdma_ptr_table){
		.buckets = WDMDMA_PTR_TABLE_FIRST,
		.mask = WDMDMA_PTR_TABLE_FIRST - 1,
	};
	for (i = 0; i < WDMDMA_PTR_TABLE_FIRST; i++)
		INIT_HLIST_HEAD(&table->first[i]);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_ptr_table_init);

/* Free the memory of a table. The objects in the table stay as they are. */
void wdmdma_ptr_table_destroy(struct wdmdma_ptr_table *table)
{
	unsigned int i;

	for (i = 0; table->segment && i < WDMDMA_PTR_TABLE_SEGMENTS; i++)
		kfree(table->segment[i]);
	kfree(table->segment);
	table->segment = NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_ptr_table_destroy);

/* Allocate the segment of the next bucket, unless it is there. Return false without memory. */
static bool ptr_table_has_room(struct wdmdma_ptr_table *table)
{
	struct hlist_head **segment;

	if (table->buckets == PTR_TABLE_MOST)
		return false;
	if (!table->segment)
		table->segment = kcalloc(WDMDMA_PTR_TABLE_SEGMENTS, sizeof(*table->segment),
					 PTR_TABLE_GFP);
	if (!table->segment)
		return false;
	segment = &table->segment[table->buckets / WDMDMA_PTR_TABLE_SEGMENT];
	if (!*segment)
		*segment = kcalloc(WDMDMA_PTR_TABLE_SEGMENT, sizeof(**segment), PTR_TABLE_GFP);
	return *segment;
}

/*
 * Add a bucket, and move its objects there from the only other bucket that can have them. Without
 * memory the table does not change, and its chains become longer.
 */
void wdmdma_ptr_table_grow(struct wdmdma_ptr_table *table)
{
	unsigned int from = table->buckets - table->mask - 1, to = table->buckets;
	struct wdmdma_ptr_node *object;
	struct hlist_node *next;

	if (!ptr_table_has_room(table))
		return;
	table->buckets++;
	hlist_for_each_entry_safe(object, next, wdmdma_ptr_bucket(table, from), node)
		if (wdmdma_ptr_hash(table, object->key) == to) {
			hlist_del(&object->node);
			hlist_add_head(&object->node, wdmdma_ptr_bucket(table, to));
		}
	if (table->buckets == (table->mask + 1) << 1)
		table->mask = table->buckets - 1;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_ptr_table_grow);

/*
 * Return an object in bucket *@bucket or a later one, and set *@bucket to its bucket. Return NULL
 * if there is none. To remove all objects, begin with *@bucket 0.
 */
struct wdmdma_ptr_node *wdmdma_ptr_table_next(const struct wdmdma_ptr_table *table,
					      unsigned int *bucket)
{
	struct hlist_head *head;

	for (; *bucket < table->buckets; ++*bucket) {
		head = wdmdma_ptr_bucket(table, *bucket);
		if (!hlist_empty(head))
			return hlist_entry(head->first, struct wdmdma_ptr_node, node);
	}
	return NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_ptr_table_next);
