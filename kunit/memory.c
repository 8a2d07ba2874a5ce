// SPDX-License-Identifier: GPL-2.0-only
/* See memory.h. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "backend/backends.h"
#include "core/adapter.h"
#include "lib/window.h"
#include "memory.h"
#include "objects.h"

static void memory_free(void *data)
{
	struct wdmdma_memory *memory = data;
	unsigned int i;

	vunmap(memory->va);
	for (i = 0; i < memory->pages; i++)
		__free_pages(memory->page[i], 1);
	kvfree(memory->page);
	kfree(memory);
}

/* Allocate pages with a pattern that makes nearby bytes differ. */
struct wdmdma_memory *wdmdma_test_memory(struct kunit *test, unsigned int pages)
{
	struct wdmdma_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	memory->page = kvcalloc(pages, sizeof(*memory->page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memory->page);
	/* Use the first page of each pair, so that no two pages are adjacent. */
	while (memory->pages < pages) {
		struct page *page = alloc_pages(GFP_KERNEL, 1);

		KUNIT_ASSERT_NOT_NULL(test, page);
		memory->page[memory->pages++] = page;
	}
	memory->va = vmap(memory->page, pages, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memory->va);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, memory_free, memory), 0);
	for (i = 0; i < pages * PAGE_SIZE; i++)
		memory->va[i] = i * 7 + (i >> PAGE_SHIFT);
	return memory;
}

static void mdl_free(void *mdl)
{
	IoFreeMdl(mdl);
}

/*
 * Build an MDL for kernel memory with MmBuildMdlForNonPagedPool(). The MDL is freed when
 * the test ends.
 */
PMDL wdmdma_test_mdl(struct kunit *test, void *va, ULONG length)
{
	PMDL mdl = IoAllocateMdl(va, length, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, mdl_free, mdl), 0);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_ASSERT_TRUE(test, mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL);
	return mdl;
}

static void adapter_put(void *data)
{
	PDMA_ADAPTER adapter = data;

	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/*
 * Get another adapter for the fixture's device, and put it when the test ends. With few
 * address bits memory must be copied for the adapter, so there must be memory within
 * reach.
 */
PDMA_ADAPTER wdmdma_test_adapter(struct kunit *test, ULONG width, ULONG maximum, BOOLEAN lists)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, width);
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	wdmdma_test_needs_memory_within(test, width);
	description.MaximumLength = maximum;
	description.ScatterGather = lists;
	adapter = IoGetDmaAdapter(fixture->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, adapter_put, adapter), 0);
	return adapter;
}

/*
 * Get an adapter for which memory is copied. The module copies because the adapter
 * reaches only 16 MiB. With swiotlb=force the kernel copies, and the adapter has 64
 * address bits because the copy is above 16 MiB.
 */
PDMA_ADAPTER wdmdma_test_copying_adapter(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	return wdmdma_test_adapter(test, wdmdma_test_copies_all(fixture->dev) ? 64 : 24, SZ_64K,
				   TRUE);
}

/*
 * Expect that the elements are these bytes of the memory in order, without an IOMMU. If
 * the kernel copies all memory (swiotlb=force), expect the same bytes in the copy.
 */
void wdmdma_test_expect_list(struct kunit *test, const SCATTER_GATHER_LIST *list,
			     const struct wdmdma_memory *memory, size_t offset, size_t length)
{
	const struct wdmdma_fixture *fixture = test->priv;
	bool copied = wdmdma_test_copies_all(fixture->dev);
	size_t done = 0, in_element = 0;
	ULONG i = 0;

	while (done < length) {
		size_t at = offset + done;
		u64 address = page_to_phys(memory->page[at >> PAGE_SHIFT]) + offset_in_page(at);
		const SCATTER_GATHER_ELEMENT *element = &list->Elements[i];
		size_t part;

		KUNIT_ASSERT_LT(test, i, list->NumberOfElements);
		part = min3(length - done, (size_t)(PAGE_SIZE - offset_in_page(at)),
			    element->Length - in_element);
		KUNIT_ASSERT_NE(test, part, 0UL);
		if (copied)
			KUNIT_ASSERT_EQ(test, memcmp(wdmdma_test_at(element->Address.QuadPart) +
						     in_element, memory->va + at, part), 0);
		else
			KUNIT_ASSERT_EQ(test, (u64)element->Address.QuadPart + in_element,
					address);
		done += part;
		in_element += part;
		if (in_element == element->Length) {
			in_element = 0;
			i++;
		}
	}
	KUNIT_EXPECT_EQ(test, i, list->NumberOfElements);
	KUNIT_EXPECT_EQ(test, in_element, 0UL);
}

/*
 * A device for which all memory must be copied, but which reaches no memory for the
 * copies until plenty is set.
 */
static atomic_t plenty;

/* Number of looks at memory by work items, in NOIO scope and outside of it. */
atomic_t wdmdma_test_tries_noio, wdmdma_test_tries_io;

static enum wdmdma_access short_access(const struct wdmdma_device *device,
				       struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	if (current->flags & PF_WQ_WORKER)
		atomic_inc(current->flags & PF_MEMALLOC_NOIO ? &wdmdma_test_tries_noio :
							       &wdmdma_test_tries_io);
	/* The lowest address is within reach, so that waiting for memory may help. */
	return atomic_read(&plenty) || phys == window.first ? WDMDMA_ACCESS_DIRECT :
							      WDMDMA_ACCESS_NONE;
}

static struct wdmdma_backend short_backend;

/* Make lists of the adapter's device wait from here on. */
void wdmdma_test_short(struct kunit *test, PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	atomic_set(&plenty, 0);
	atomic_set(&wdmdma_test_tries_noio, 0);
	atomic_set(&wdmdma_test_tries_io, 0);
	short_backend = wdmdma_backend_direct;
	short_backend.access = short_access;
	adapter->device->backend = &short_backend;
	wdmdma_adapter_put(adapter);
}

void wdmdma_test_plenty(void)
{
	atomic_set(&plenty, 1);
}

/* Return the number of lists that the driver has not put. */
unsigned int wdmdma_test_lists(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);
	unsigned int nr = adapter->transfers.lists.nr;

	wdmdma_adapter_put(adapter);
	return nr;
}

void wdmdma_test_catch_init(struct wdmdma_caught *caught)
{
	memset(caught, 0, sizeof(*caught));
	caught->at_dispatch = true;
	init_completion(&caught->done);
}

VOID wdmdma_test_catch_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list,
			    PVOID context)
{
	struct wdmdma_caught *caught = context;

	caught->calls++;
	caught->at_dispatch &= in_softirq() || irqs_disabled();
	if (caught->clock)
		caught->order = ++*caught->clock;
	caught->list = list;
	caught->object = object;
	caught->irp = irp;
	complete(&caught->done);
}

/* Get a list for a whole MDL at once. */
PSCATTER_GATHER_LIST wdmdma_test_list(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl,
				      BOOLEAN write)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;

	ops->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test,
			ops->GetScatterGatherListEx(adapter, NULL, context, mdl, 0,
						    MmGetMdlByteCount(mdl),
						    DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, write,
						    NULL, NULL, &list),
			STATUS_SUCCESS);
	return list;
}

/* Get an adapter for the fixture's device, and return the map registers that it is granted. */
ULONG wdmdma_test_granted(struct kunit *test, ULONG width, ULONG maximum, BOOLEAN lists,
			  PDMA_ADAPTER *adapter)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, width);
	struct wdmdma_fixture *f = test->priv;
	ULONG registers;

	description.MaximumLength = maximum;
	description.ScatterGather = lists;
	*adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, *adapter);
	return registers;
}

/* The routine of a channel request that keeps the map registers. @context points to their base. */
IO_ALLOCATION_ACTION wdmdma_test_keep_registers(PDEVICE_OBJECT object, PIRP irp, PVOID base,
						PVOID context)
{
	*(PVOID *)context = base;
	return DeallocateObjectKeepRegisters;
}

/* Get map registers at once, and return their base. */
PVOID wdmdma_test_registers(struct kunit *test, PDMA_ADAPTER adapter, ULONG count)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	PVOID base = NULL;

	KUNIT_ASSERT_EQ(test, ops->AllocateAdapterChannel(adapter, NULL, count,
							  wdmdma_test_keep_registers, &base),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, base);
	return base;
}
