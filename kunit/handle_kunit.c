// SPDX-License-Identifier: GPL-2.0-only
/* lib/handle.c. A handle must be found only while its object lives. */
#include <kunit/test.h>

#include "lib/handle.h"

static void no_release(struct kref *ref)
{
}

static void find_knows_only_published(struct kunit *test)
{
	struct wdmdma_handle *handle = kunit_kzalloc(test, sizeof(*handle), GFP_KERNEL);
	int key;

	KUNIT_ASSERT_NOT_NULL(test, handle);
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_ADAPTER, &key));

	wdmdma_handle_publish(handle, WDMDMA_HANDLE_ADAPTER, &key);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_handle_find(WDMDMA_HANDLE_ADAPTER, &key), handle);
	KUNIT_EXPECT_EQ(test, kref_read(&handle->ref), 2U);
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_DEVICE, &key));
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_ADAPTER, NULL));
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_ADAPTER, (char *)&key + 1));

	KUNIT_EXPECT_TRUE(test, wdmdma_handle_retire(handle));
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_ADAPTER, &key));
	synchronize_rcu();
}

static void retire_is_told_to_one_caller(struct kunit *test)
{
	struct wdmdma_handle *handle = kunit_kzalloc(test, sizeof(*handle), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, handle);
	wdmdma_handle_publish(handle, WDMDMA_HANDLE_DEVICE, handle);
	KUNIT_EXPECT_TRUE(test, wdmdma_handle_retire(handle));
	KUNIT_EXPECT_FALSE(test, wdmdma_handle_retire(handle));
	synchronize_rcu();
}

static void find_ignores_an_object_without_references(struct kunit *test)
{
	struct wdmdma_handle *handle = kunit_kzalloc(test, sizeof(*handle), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, handle);
	wdmdma_handle_publish(handle, WDMDMA_HANDLE_DEVICE, handle);
	kref_put(&handle->ref, no_release);
	KUNIT_EXPECT_NULL(test, wdmdma_handle_find(WDMDMA_HANDLE_DEVICE, handle));
	wdmdma_handle_retire(handle);
	synchronize_rcu();
}

static struct kunit_case handle_cases[] = {
	KUNIT_CASE(find_knows_only_published),
	KUNIT_CASE(retire_is_told_to_one_caller),
	KUNIT_CASE(find_ignores_an_object_without_references),
	{}
};

static struct kunit_suite handle_suite = {
	.name = "wdmdma_handle",
	.test_cases = handle_cases,
};

kunit_test_suite(handle_suite);
