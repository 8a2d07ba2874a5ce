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

/* Pages with a pattern in them that tells one byte from others near it. */
struct wdmdma_memory *wdmdma_test_memory(struct kunit *test, unsigned int pages)
{
	struct wdmdma_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	memory->page = kvcalloc(pages, sizeof(*memory->page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memory->page);
	/* The first of two: so no two of them follow each other. */
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

/* An MDL of way A. */
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
 * One more adapter of the fixture's device; put when the test ends. With few address bits it
 * is for what has to be copied, and there must be memory to copy to.
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
 * One for which memory is copied: by us, since it reaches 16 MiB; or, with swiotlb=force, by
 * the kernel, whose copy is beyond that.
 */
PDMA_ADAPTER wdmdma_test_copying_adapter(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	return wdmdma_test_adapter(test, wdmdma_test_copies_all(fixture->dev) ? 64 : 24, SZ_64K,
				   TRUE);
}

/*
 * Are the elements these bytes of the memory, in this order, where nothing translates? If
 * the kernel copies all it maps (swiotlb=force), they have the same bytes.
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
 * A device for which there is no memory to copy to, though all has to be copied; until
 * there is plenty.
 */
static atomic_t plenty;

/* Looks from a work item: how the memory that is looked at was allocated. */
atomic_t wdmdma_test_tries_noio, wdmdma_test_tries_io;

static enum wdmdma_access short_access(const struct wdmdma_device *device,
				       struct wdmdma_window window, phys_addr_t phys, size_t len)
{
	if (current->flags & PF_WQ_WORKER)
		atomic_inc(current->flags & PF_MEMALLOC_NOIO ? &wdmdma_test_tries_noio :
							       &wdmdma_test_tries_io);
	/* There could be some, so it is worth to wait: at the lowest address. */
	return atomic_read(&plenty) || phys == window.first ? WDMDMA_ACCESS_DIRECT :
							      WDMDMA_ACCESS_NONE;
}

static struct wdmdma_backend short_backend;

/* From here on the lists of the adapter's device have to wait. */
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

/* Lists that the driver has. */
unsigned int wdmdma_test_lists(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);
	struct hlist_node *node;
	unsigned int bucket, nr = 0;

	for (bucket = 0; bucket < HASH_SIZE(adapter->transfers.lists); bucket++)
		hlist_for_each(node, &adapter->transfers.lists[bucket])
			nr++;
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

/* A list of all of an MDL, now. */
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
