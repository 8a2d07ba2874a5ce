// SPDX-License-Identifier: GPL-2.0-only
/* See mdl.h. */
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "helpers.h"
#include "mdl.h"

/* Allocate an MDL without page frames. */
PMDL mdl_alloc(struct kunit *test, const void *va, ULONG length)
{
	PMDL mdl = IoAllocateMdl((PVOID)va, length, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	return mdl;
}

/* Build an MDL for kernel memory that is always resident. */
PMDL mdl_built(struct kunit *test, void *va, ULONG length)
{
	PMDL mdl = mdl_alloc(test, va, length);

	MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

/* Free an MDL of MmAllocatePagesForMdl(Ex) and its pages. */
void mdl_free_pages(PMDL mdl)
{
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
}

/* Map memory into the process of the case. The memory is unmapped when the test ends. */
unsigned long mdl_user_map(struct kunit *test, unsigned long length, unsigned long prot)
{
	unsigned long va = kunit_vm_mmap(test, NULL, 0, length, prot, MAP_ANONYMOUS | MAP_PRIVATE,
					 0);

	KUNIT_ASSERT_NE_MSG(test, va, 0, "no user memory");
	KUNIT_ASSERT_LT(test, va, TASK_SIZE);
	return va;
}

static PFN_NUMBER pfn_of(const void *va)
{
	return is_vmalloc_addr(va) ? vmalloc_to_pfn(va) : page_to_pfn(virt_to_page(va));
}

/* Expect that the MDL has the page frames of this kernel address, page by page. */
void mdl_expect_pfns(struct kunit *test, PMDL mdl, const void *va)
{
	unsigned long i, nr = PFN_UP(offset_in_page(va) + MmGetMdlByteCount(mdl));

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ_MSG(test, MmGetMdlPfnArray(mdl)[i],
				    pfn_of(PTR_ALIGN_DOWN(va, SZ_4K) + i * SZ_4K), "page %lu", i);
}

PMDL mdl_alloc_pages(u64 low, u64 high, u64 skip, SIZE_T bytes, MEMORY_CACHING_TYPE cache,
		     ULONG flags)
{
	return MmAllocatePagesForMdlEx(wdmdma_test_pa(low), wdmdma_test_pa(high),
				       wdmdma_test_pa(skip), bytes, cache, flags);
}

bool mdl_any_uncached(PMDL mdl, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (wdmdma_test_is_uncached(pfn_to_kaddr(MmGetMdlPfnArray(mdl)[i])))
			return true;
	return false;
}

/*
 * Expect the state of a new MDL of MmAllocatePagesForMdlEx(). The MDL must be locked and
 * not mapped, must begin at address NULL, and must hold one reference to each page.
 */
void mdl_expect_new(struct kunit *test, PMDL mdl)
{
	unsigned long i, nr = MmGetMdlByteCount(mdl) / SZ_4K;

	KUNIT_EXPECT_NULL(test, mdl->Next);
	KUNIT_EXPECT_NULL(test, MmGetMdlVirtualAddress(mdl));
	KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(mdl), 0U);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl) % SZ_4K, 0UL);
	KUNIT_EXPECT_EQ(test, mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA |
					       MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL),
			MDL_PAGES_LOCKED);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_TRUE(test, pfn_valid(MmGetMdlPfnArray(mdl)[i]));
		KUNIT_EXPECT_EQ(test, page_count(pfn_to_page(MmGetMdlPfnArray(mdl)[i])), 1);
	}
}

/* Expect that @va maps the MDL's pages in order, by writing there and reading in the linear map. */
void mdl_expect_shows(struct kunit *test, PMDL mdl, u8 *va)
{
	ULONG i, at, length = MmGetMdlByteCount(mdl);
	u8 *linear;

	for (i = 0; i < length; i += 61) {
		va[i] = i + 7;
		at = MmGetMdlByteOffset(mdl) + i;
		linear = pfn_to_kaddr(MmGetMdlPfnArray(mdl)[at / SZ_4K]);
		KUNIT_ASSERT_EQ_MSG(test, linear[at % SZ_4K], (u8)(i + 7), "byte %u", i);
	}
}
