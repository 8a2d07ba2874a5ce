// SPDX-License-Identifier: GPL-2.0-only
/* See live.h. */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "edu.h"
#include "helpers.h"
#include "live.h"

struct edu *live_edu;

/* Leave an adapter with 32 address bits for the edu device in test->priv. */
int live_init(struct kunit *test)
{
	live_edu = edu_with_adapter(test, EDU_SLOT_32_BITS, 32);
	return 0;
}

void *live_buffer_alloc(struct kunit *test, ULONG length, PHYSICAL_ADDRESS *la)
{
	struct wdmdma_fixture *fixture = test->priv;
	void *va = wdmdma_test_alloc(fixture, length, la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

/* Allocate pages in random order and map them at a system address. */
void *live_scattered_memory(struct kunit *test, struct page **page)
{
	unsigned int i, j;

	for (i = 0; i < LIVE_PAGES; i++) {
		page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
		j = i * 7 % (i + 1);
		swap(page[i], page[j]);
	}
	return vmap(page, LIVE_PAGES, VM_MAP, PAGE_KERNEL);
}

void live_scattered_memory_free(void *va, struct page **page)
{
	unsigned int i;

	vunmap(va);
	for (i = 0; i < LIVE_PAGES; i++) {
		KUNIT_EXPECT_EQ(kunit_get_current_test(), page_count(page[i]), 1);
		__free_page(page[i]);
	}
}

NTSTATUS live_create_from_mdl(struct wdmdma_fixture *fixture, PMDL mdl,
			      DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION *config,
			      PHYSICAL_ADDRESS *la)
{
	return fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, config, !!config, la);
}
