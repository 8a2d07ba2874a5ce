/* SPDX-License-Identifier: GPL-2.0-only */
/* MDLs and memory for MDLs. The case must free both, unless noted otherwise. */
#ifndef WDMDMA_KUNIT_MDL_H
#define WDMDMA_KUNIT_MDL_H

#include <kunit/test.h>
#include <linux/mman.h>

#include <wdmdma/mdl.h>

PMDL mdl_alloc(struct kunit *test, const void *va, ULONG length);
PMDL mdl_built(struct kunit *test, void *va, ULONG length);
void mdl_free_pages(PMDL mdl);
unsigned long mdl_user_map(struct kunit *test, unsigned long length, unsigned long prot);
void mdl_expect_pfns(struct kunit *test, PMDL mdl, const void *va);
PMDL mdl_alloc_pages(u64 low, u64 high, u64 skip, SIZE_T bytes, MEMORY_CACHING_TYPE cache,
		     ULONG flags);
bool mdl_any_uncached(PMDL mdl, unsigned long nr);
void mdl_expect_new(struct kunit *test, PMDL mdl);
void mdl_expect_shows(struct kunit *test, PMDL mdl, u8 *va);

#endif /* WDMDMA_KUNIT_MDL_H */
