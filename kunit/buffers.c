// SPDX-License-Identifier: GPL-2.0-only
/* See buffers.h. */
#include <linux/mm.h>

#include "buffers.h"
#include "helpers.h"

#define GARBAGE		((LONGLONG)0xdeadbeefcafef00d)

struct test_buffer buffer_alloc(struct kunit *test, ULONG length)
{
	struct wdmdma_fixture *f = test->priv;
	struct test_buffer b = { .la.QuadPart = GARBAGE, .length = length };

	b.va = f->ops->AllocateCommonBuffer(f->adapter, length, &b.la, TRUE);
	return b;
}

struct test_buffer buffer_alloc_ex(struct kunit *test, const s64 *maximum, ULONG length,
				   BOOLEAN cached, NODE_REQUIREMENT node)
{
	struct wdmdma_fixture *f = test->priv;
	struct test_buffer b = { .la.QuadPart = GARBAGE, .length = length };
	PHYSICAL_ADDRESS limit;

	if (maximum)
		limit.QuadPart = *maximum;
	b.va = f->ops->AllocateCommonBufferEx(f->adapter, maximum ? &limit : NULL, length, &b.la,
					      cached, node);
	if (maximum)
		KUNIT_EXPECT_EQ(test, limit.QuadPart, *maximum);
	return b;
}

/* Return CacheEnabled for uncached memory. Return TRUE if the device can have no such memory. */
BOOLEAN buffer_uncached(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	return !wdmdma_test_can_uncache(f->dev);
}

void buffer_release(struct kunit *test, struct test_buffer b)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->FreeCommonBuffer(f->adapter, b.length, b.la, b.va, TRUE);
}

/*
 * Expect a mapped, zeroed and writable buffer that is aligned to a page and ends at
 * @last or below.
 */
void buffer_expect_good(struct kunit *test, struct test_buffer b, u64 last)
{
	u64 size = PAGE_ALIGN((u64)b.length);

	KUNIT_ASSERT_NOT_NULL(test, b.va);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(b.va));
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(b.la.QuadPart));
	KUNIT_EXPECT_NE(test, b.la.QuadPart, 0LL);	/* XDP reads 0 as "none" */
	KUNIT_EXPECT_GE(test, last, size - 1);
	KUNIT_EXPECT_LE(test, (u64)b.la.QuadPart, last - (size - 1));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(b.va, size));
	memset(b.va, 0xa5, b.length);
	KUNIT_EXPECT_NULL(test, memchr_inv(b.va, 0xa5, b.length));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(b.va + b.length, size - b.length));
}

/* Expect a good buffer and free it. Expect a refusal if the machine has no memory up to @last. */
void buffer_expect_good_if_any(struct kunit *test, struct test_buffer b, u64 last)
{
	if (wdmdma_test_has_memory(0, last)) {
		buffer_expect_good(test, b, last);
		buffer_release(test, b);
	} else {
		KUNIT_EXPECT_NULL(test, b.va);
		KUNIT_EXPECT_EQ(test, b.la.QuadPart, 0LL);
	}
}

/* A call that fails must say so in both outputs. */
void buffer_expect_refused(struct kunit *test, struct test_buffer b)
{
	KUNIT_EXPECT_NULL(test, b.va);
	KUNIT_EXPECT_EQ(test, b.la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

void buffer_release_at_dispatch(struct kunit *test, struct test_buffer b)
{
	local_bh_disable();
	buffer_release(test, b);
	local_bh_enable();
}
