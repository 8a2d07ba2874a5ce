// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors whose elements have several pages, with a real (emulated) device, with an
 * IOMMU or without one. Each byte of an element must be at its logical address.
 */
#include <linux/sizes.h>

#include "edu.h"
#include "helpers.h"

#define ELEMENTS	5
#define LENGTH		(3 * SZ_4K + 100)	/* four pages, of which the last is not full */

static int live_vector_init(struct kunit *test)
{
	edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	return 0;
}

static PDMA_COMMON_BUFFER_VECTOR vector_of(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = U64_MAX };
	PDMA_COMMON_BUFFER_VECTOR vector;

	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateCommonBufferVector(f->adapter, low, high,
							   wdmdma_test_cache(f->dev), 0, 0,
							   ELEMENTS, LENGTH, &vector),
			STATUS_SUCCESS);
	return vector;
}

static u8 *element_of(struct kunit *test, PDMA_COMMON_BUFFER_VECTOR vector, ULONG i, u64 *la)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS address;
	PVOID va;

	f->ops->GetCommonBufferFromVectorByIndex(f->adapter, vector, i, &va, &address);
	KUNIT_ASSERT_NOT_NULL(test, va);
	*la = address.QuadPart;
	return va;
}

/* Copy within the pages of an element, and across a border of two pages. */
static void device_moves_bytes_of_elements_of_several_pages(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = vector_of(test);
	unsigned int i;
	u64 la;
	u8 *va;

	for (i = 0; i < ELEMENTS; i += ELEMENTS - 1) {
		va = element_of(test, vector, i, &la);
		edu_expect_round_trip(test, edu, va, la, 0, 3 * SZ_4K, 100);
		edu_expect_round_trip(test, edu, va, la, SZ_4K - 50, 2 * SZ_4K - 50, 100);
	}
	f->ops->FreeCommonBufferVector(f->adapter, vector);
}

/* Look-ups must translate every address in an element, in both directions. */
static void pages_of_an_element_follow_each_other(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = vector_of(test);
	u64 la, before = 0;
	unsigned int i, at;
	dma_addr_t dma;
	size_t left;
	u8 *va;

	for (i = 0; i < ELEMENTS; i++) {
		va = element_of(test, vector, i, &la);
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(la));
		/* No two elements may share a page. */
		KUNIT_EXPECT_TRUE(test, !before || la >= before + 4 * SZ_4K ||
				  la + 4 * SZ_4K <= before);
		for (at = 0; at < LENGTH; at += SZ_4K - 1) {
			KUNIT_ASSERT_EQ(test, wdmdma_virt_to_logical(f->adapter, va + at, &dma,
								     &left), 0);
			KUNIT_EXPECT_EQ(test, (u64)dma, la + at);
			KUNIT_EXPECT_EQ(test, left, (size_t)LENGTH - at);
			KUNIT_EXPECT_PTR_EQ(test, wdmdma_logical_to_virt(f->adapter, dma, NULL),
					    (void *)(va + at));
		}
		before = la;
	}
	f->ops->FreeCommonBufferVector(f->adapter, vector);
}

/*
 * Elements may be freed one by one in any order, and the remaining elements must keep
 * their contents.
 */
static void elements_of_several_pages_are_freed_one_by_one(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector = vector_of(test);
	PHYSICAL_ADDRESS address;
	unsigned int i;
	PVOID gone;
	u64 la;
	u8 *va;

	for (i = 0; i < ELEMENTS; i++)
		memset(element_of(test, vector, i, &la), i + 1, LENGTH);
	f->ops->FreeCommonBufferFromVector(f->adapter, vector, 3);
	f->ops->FreeCommonBufferFromVector(f->adapter, vector, 0);
	for (i = 0; i < ELEMENTS; i++) {
		if (i == 3 || i == 0) {
			f->ops->GetCommonBufferFromVectorByIndex(f->adapter, vector, i, &gone,
								 &address);
			KUNIT_EXPECT_NULL(test, gone);
			continue;
		}
		va = element_of(test, vector, i, &la);
		KUNIT_EXPECT_NULL(test, memchr_inv(va, i + 1, LENGTH));
	}
	f->ops->FreeCommonBufferVector(f->adapter, vector);
}

static struct kunit_case live_vector_cases[] = {
	KUNIT_CASE_SLOW(device_moves_bytes_of_elements_of_several_pages),
	KUNIT_CASE(pages_of_an_element_follow_each_other),
	KUNIT_CASE(elements_of_several_pages_are_freed_one_by_one),
	{}
};

static struct kunit_suite live_vector_suite = {
	.name = "wdmdma_live_vector",
	.init = live_vector_init,
	.test_cases = live_vector_cases,
};

kunit_test_suite(live_vector_suite);
