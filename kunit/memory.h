/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for transfers. No two of the pages are adjacent, but they have contiguous CPU
 * addresses. MDLs describe parts of them. The memory and the MDLs are freed when the
 * test ends.
 */
#ifndef WDMDMA_KUNIT_MEMORY_H
#define WDMDMA_KUNIT_MEMORY_H

#include <linux/io.h>

#include "backend/translation.h"
#include "helpers.h"

/**
 * struct wdmdma_memory - scattered pages
 * @pages: number of pages
 * @page: the pages, each of which is followed by an unused page
 * @va: contiguous CPU address of the pages
 */
struct wdmdma_memory {
	unsigned int pages;
	struct page **page;
	u8 *va;
};

/**
 * struct wdmdma_caught - arguments of a driver's callback
 * @calls: number of calls
 * @at_dispatch: bottom halves were off in each call
 * @order: the value of *@clock in the last call
 * @clock: incremented by each call, if not NULL
 * @list: argument of the last call
 * @object: argument of the last call
 * @irp: argument of the last call
 * @done: completed by each call
 */
struct wdmdma_caught {
	unsigned int calls;
	bool at_dispatch;
	unsigned int order;
	unsigned int *clock;
	PSCATTER_GATHER_LIST list;
	PDEVICE_OBJECT object;
	PIRP irp;
	struct completion done;
};

struct wdmdma_memory *wdmdma_test_memory(struct kunit *test, unsigned int pages);
PMDL wdmdma_test_mdl(struct kunit *test, void *va, ULONG length);
PDMA_ADAPTER wdmdma_test_adapter(struct kunit *test, ULONG width, ULONG maximum, BOOLEAN lists);
PDMA_ADAPTER wdmdma_test_copying_adapter(struct kunit *test);
void wdmdma_test_expect_list(struct kunit *test, const SCATTER_GATHER_LIST *list,
			     const struct wdmdma_memory *memory, size_t offset, size_t length);
void wdmdma_test_short(struct kunit *test, PDMA_ADAPTER adapter);
void wdmdma_test_plenty(void);
extern atomic_t wdmdma_test_tries_noio, wdmdma_test_tries_io;
unsigned int wdmdma_test_lists(PDMA_ADAPTER adapter);
PSCATTER_GATHER_LIST wdmdma_test_list(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl,
				      BOOLEAN write);
ULONG wdmdma_test_granted(struct kunit *test, ULONG width, ULONG maximum, BOOLEAN lists,
			  PDMA_ADAPTER *adapter);
IO_ALLOCATION_ACTION wdmdma_test_keep_registers(PDEVICE_OBJECT object, PIRP irp, PVOID base,
						PVOID context);
PVOID wdmdma_test_registers(struct kunit *test, PDMA_ADAPTER adapter, ULONG count);

void wdmdma_test_catch_init(struct wdmdma_caught *caught);
VOID wdmdma_test_catch_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list,
			    PVOID context);

/* Return true if the kernel copies all memory that it maps for this device (swiotlb=force). */
static inline bool wdmdma_test_copies_all(struct device *dev)
{
	return is_swiotlb_force_bounce(dev) && !wdmdma_iommu_translates(dev);
}

/* Return the memory at a logical address of a fake device. */
static inline u8 *wdmdma_test_at(u64 address)
{
	return phys_to_virt(address);
}

#endif /* WDMDMA_KUNIT_MEMORY_H */
