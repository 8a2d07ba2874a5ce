// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/ptr_table.c. The objects' keys are numbers, because nothing may follow them. */
#include <kunit/test.h>
#include <linux/mm.h>

#include "lib/ptr_table.h"

#define MANY	20000

struct object {
	struct wdmdma_ptr_node node;
	bool seen;
};

struct many {
	struct wdmdma_ptr_table table;
	struct object *object;
};

static const void *key_of(unsigned int i)
{
	return (void *)(0x10000UL + i * 64UL);
}

static int ptr_table_init(struct kunit *test)
{
	struct many *many = kunit_kzalloc(test, sizeof(*many), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, many);
	many->object = kvcalloc(MANY, sizeof(*many->object), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many->object);
	wdmdma_ptr_table_init(&many->table);
	test->priv = many;
	return 0;
}

static void ptr_table_exit(struct kunit *test)
{
	struct many *many = test->priv;

	wdmdma_ptr_table_destroy(&many->table);
	kvfree(many->object);
}

static void add(struct many *many, unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i++) {
		many->object[i].node.key = key_of(i);
		wdmdma_ptr_add(&many->table, &many->object[i].node);
	}
}

static void every_object_is_found_while_the_table_grows(struct kunit *test)
{
	struct many *many = test->priv;
	unsigned int n, i;

	for (n = 1; n <= MANY; n *= 3) {
		add(many, many->table.nr, n);
		for (i = 0; i < n; i++)
			KUNIT_ASSERT_PTR_EQ(test, wdmdma_ptr_find(&many->table, key_of(i)),
					    &many->object[i].node);
		KUNIT_EXPECT_NULL(test, wdmdma_ptr_find(&many->table, key_of(n)));
		KUNIT_EXPECT_NULL(test, wdmdma_ptr_find(&many->table, NULL));
		KUNIT_EXPECT_EQ(test, many->table.nr, n);
	}
}

static void chains_stay_short(struct kunit *test)
{
	struct many *many = test->priv;
	unsigned int bucket, length, longest = 0;
	struct wdmdma_ptr_node *object;

	add(many, 0, MANY);
	KUNIT_EXPECT_EQ(test, many->table.buckets, (unsigned int)MANY);
	for (bucket = 0; bucket < many->table.buckets; bucket++) {
		length = 0;
		hlist_for_each_entry(object, wdmdma_ptr_bucket(&many->table, bucket), node)
			length++;
		longest = max(longest, length);
	}
	KUNIT_EXPECT_LE(test, longest, 16U);
}

static void objects_are_removed_one_by_one(struct kunit *test)
{
	struct many *many = test->priv;
	struct wdmdma_ptr_node *node;
	struct object *object;
	unsigned int i, bucket = 0;

	add(many, 0, MANY);
	for (i = 0; i < MANY; i += 2) {
		wdmdma_ptr_del(&many->table, &many->object[i].node);
		KUNIT_EXPECT_FALSE(test, wdmdma_ptr_is_in(&many->object[i].node));
		KUNIT_ASSERT_NULL(test, wdmdma_ptr_find(&many->table, key_of(i)));
	}
	for (i = 0; (node = wdmdma_ptr_table_next(&many->table, &bucket)); i++) {
		object = container_of(node, struct object, node);
		KUNIT_ASSERT_FALSE(test, object->seen);
		object->seen = true;
		wdmdma_ptr_del(&many->table, node);
	}
	KUNIT_EXPECT_EQ(test, i, MANY / 2U);
	KUNIT_EXPECT_EQ(test, many->table.nr, 0U);
}

static void objects_may_share_a_key(struct kunit *test)
{
	struct many *many = test->priv;
	struct wdmdma_ptr_node *node;
	unsigned int i, found = 0;

	add(many, 0, 100);
	for (i = 100; i < 103; i++) {
		many->object[i].node.key = key_of(7);
		wdmdma_ptr_add(&many->table, &many->object[i].node);
	}
	for (node = wdmdma_ptr_find(&many->table, key_of(7)); node; node = wdmdma_ptr_next(node)) {
		KUNIT_EXPECT_PTR_EQ(test, node->key, key_of(7));
		found++;
	}
	KUNIT_EXPECT_EQ(test, found, 4U);
}

/* Without memory for a segment the table does not grow, and works as before. */
static void table_without_memory_does_not_grow(struct kunit *test)
{
	struct many *many = test->priv;
	unsigned int i;

	many->table.buckets = WDMDMA_PTR_TABLE_SEGMENT * WDMDMA_PTR_TABLE_SEGMENTS;
	wdmdma_ptr_table_grow(&many->table);
	KUNIT_EXPECT_EQ(test, many->table.buckets,
			(unsigned int)(WDMDMA_PTR_TABLE_SEGMENT * WDMDMA_PTR_TABLE_SEGMENTS));
	many->table.buckets = WDMDMA_PTR_TABLE_FIRST;
	for (i = 0; i < 1000; i++) {
		many->object[i].node.key = key_of(i);
		hlist_add_head(&many->object[i].node.node,
			       wdmdma_ptr_bucket(&many->table,
						 wdmdma_ptr_hash(&many->table, key_of(i))));
		many->table.nr++;
	}
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_PTR_EQ(test, wdmdma_ptr_find(&many->table, key_of(i)),
				    &many->object[i].node);
}

static struct kunit_case ptr_table_cases[] = {
	KUNIT_CASE(every_object_is_found_while_the_table_grows),
	KUNIT_CASE(chains_stay_short),
	KUNIT_CASE(objects_are_removed_one_by_one),
	KUNIT_CASE(objects_may_share_a_key),
	KUNIT_CASE(table_without_memory_does_not_grow),
	{}
};

static struct kunit_suite ptr_table_suite = {
	.name = "wdmdma_ptr_table",
	.init = ptr_table_init,
	.exit = ptr_table_exit,
	.test_cases = ptr_table_cases,
};

kunit_test_suite(ptr_table_suite);
