// SPDX-License-Identifier: GPL-2.0-only
/* See recycle.h. */
#include <linux/mm.h>

#include "core/adapter.h"
#include "core/recycle.h"
#include "edu.h"
#include "helpers.h"
#include "objects.h"
#include "recycle.h"

#define LIMIT 1024
#define PATTERN 0xa5

unsigned int recycle_kept(struct kunit *test)
{
	return READ_ONCE(wdmdma_test_core_of(test->priv)->recycler.pages);
}

int recycle_init(struct kunit *test)
{
	wdmdma_recycle_set_limit(LIMIT);
	test->priv = wdmdma_test_fixture_on(test, edu_or_fake_device(test), 32);
	return 0;
}

void recycle_exit(struct kunit *test)
{
	wdmdma_recycle_set_limit(LIMIT);
	wdmdma_recycle_set_mapped(false);
	wdmdma_recycle_set_zero("cached");
}

/* Mark the case skipped and return false if the device may not recycle buffers. */
bool recycle_keeps(struct kunit *test)
{
	if (wdmdma_test_core_of(test->priv)->recycler.mode != WDMDMA_RECYCLE_NONE)
		return true;
	kunit_mark_skipped(test, "strict, and not cache coherent: nothing can be kept");
	return false;
}

static void *recycle_alloc_on(struct kunit *test, struct wdmdma_fixture *f, ULONG length,
			      PHYSICAL_ADDRESS *la)
{
	void *va = wdmdma_test_alloc(f, length, la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, PAGE_ALIGN(length)));
	memset(va, PATTERN, PAGE_ALIGN(length));
	return va;
}

void *recycle_alloc(struct kunit *test, ULONG length, PHYSICAL_ADDRESS *la)
{
	return recycle_alloc_on(test, test->priv, length, la);
}

void recycle_release(struct kunit *test, ULONG length, PHYSICAL_ADDRESS la, void *va)
{
	wdmdma_test_free(test->priv, length, la, va);
}

/*
 * Allocate a buffer and free it, so that the buffer is recycled if the device may do so.
 * Return the buffer's CPU address.
 */
void *recycle_alloc_and_free(struct kunit *test, struct wdmdma_fixture *f, ULONG length,
			     PHYSICAL_ADDRESS *la)
{
	void *va = recycle_alloc_on(test, f, length, la);

	wdmdma_test_free(f, length, *la, va);
	return va;
}
