/* SPDX-License-Identifier: GPL-2.0-only */
/* Common buffers with the arguments of their allocation, for the suites of common buffer calls. */
#ifndef WDMDMA_KUNIT_BUFFERS_H
#define WDMDMA_KUNIT_BUFFERS_H

#include "helpers.h"

/* One buffer, with the values that the driver must pass to free the buffer. */
struct test_buffer {
	PVOID va;
	PHYSICAL_ADDRESS la;
	ULONG length;
};

struct test_buffer buffer_alloc(struct kunit *test, ULONG length);
struct test_buffer buffer_alloc_ex(struct kunit *test, const s64 *maximum, ULONG length,
				   BOOLEAN cached, NODE_REQUIREMENT node);
BOOLEAN buffer_uncached(struct kunit *test);
void buffer_release(struct kunit *test, struct test_buffer b);
void buffer_expect_good(struct kunit *test, struct test_buffer b, u64 last);
void buffer_expect_good_if_any(struct kunit *test, struct test_buffer b, u64 last);
void buffer_expect_refused(struct kunit *test, struct test_buffer b);
void buffer_release_at_dispatch(struct kunit *test, struct test_buffer b);

#endif /* WDMDMA_KUNIT_BUFFERS_H */
