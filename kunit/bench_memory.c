// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of the rows of the benchmark on transfers. All sides of a row use the same
 * memory, with the same length, offset and direction. Our side gets an MDL of it. The raw
 * side gets its pages, and arrays of its own that exist since before the measurement, as a
 * driver has them for each request that it can have under way.
 */
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/linux.h>
#include <wdmdma/mdl.h>

#include "bench.h"

/* Release what a transfer has, even if it is not complete. */
void bench_transfer_release(struct bench *b, struct bench_transfer *t)
{
	unsigned int i, step = t->order > 1 ? t->pages : 1;

	if (t->srb)
		wdmdma_srb_destroy(b->extension, t->srb);
	if (t->registers) {
		/* Unbinding the device would free the map registers as well. */
		local_bh_disable();
		b->ops->FreeMapRegisters(b->adapter, t->registers, t->nr_registers);
		local_bh_enable();
	}
	if (t->mdl)
		IoFreeMdl(t->mdl);
	sg_free_table(&t->sgt);
	kvfree(t->sgl);
	kvfree(t->dma);
	kvfree(t->room);
	vunmap(t->va);
	for (i = 0; i < t->pages && t->page[i]; i += step)
		__free_pages(t->page[i], t->order);
	kfree(t);
}

/* Allocate pairs of pages and use only the first page of each, so that no two are adjacent. */
static int scattered_pages(struct bench_transfer *t)
{
	unsigned int i;

	t->order = 1;
	for (i = 0; i < t->pages; i++) {
		t->page[i] = alloc_pages(GFP_KERNEL, t->order);
		if (!t->page[i])
			return -ENOMEM;
	}
	return 0;
}

/* The order is above 1, which tells bench_transfer_release() that it is one allocation. */
static int contiguous_pages(struct bench_transfer *t)
{
	unsigned int i;

	t->order = max(2, get_order(t->pages << PAGE_SHIFT));
	t->page[0] = alloc_pages(GFP_KERNEL, t->order);
	if (!t->page[0])
		return -ENOMEM;
	for (i = 1; i < t->pages; i++)
		t->page[i] = t->page[0] + i;
	return 0;
}

static int transfer_arrays(struct bench_transfer *t)
{
	t->sgl = kvcalloc(t->pages, sizeof(*t->sgl), GFP_KERNEL);
	t->dma = kvcalloc(t->pages, sizeof(*t->dma), GFP_KERNEL);
	t->room_bytes = struct_size_t(SCATTER_GATHER_LIST, Elements, t->pages + 1);
	t->room = kvzalloc(t->room_bytes, GFP_KERNEL);
	if (!t->sgl || !t->dma || !t->room)
		return -ENOMEM;
	return sg_alloc_table_from_pages(&t->sgt, t->page, t->pages, t->offset, t->len, GFP_KERNEL);
}

static int transfer_fill(struct bench_transfer *t, bool contiguous)
{
	int ret = contiguous ? contiguous_pages(t) : scattered_pages(t);

	if (!ret)
		ret = transfer_arrays(t);
	if (ret)
		return ret;
	t->va = vmap(t->page, t->pages, VM_MAP, PAGE_KERNEL);
	if (!t->va)
		return -ENOMEM;
	t->mdl = IoAllocateMdl(t->va + t->offset, t->len, FALSE, FALSE, NULL);
	if (!t->mdl)
		return -ENOMEM;
	MmBuildMdlForNonPagedPool(t->mdl);
	return 0;
}

/* Make a transfer with the memory that the current row wants. Return NULL without memory. */
struct bench_transfer *bench_transfer_make(struct bench *b, enum dma_data_direction direction)
{
	struct bench_transfer *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->direction = direction;
	t->offset = b->current_row->offset;
	t->len = b->len;
	t->pages = PFN_UP(t->offset + t->len);
	if (!transfer_fill(t, b->current_row->contiguous))
		return t;
	bench_transfer_release(b, t);
	return NULL;
}

int bench_transfer_setup(struct bench *b, enum dma_data_direction direction)
{
	b->row = bench_transfer_make(b, direction);
	return b->row ? 0 : -ENOMEM;
}

void bench_transfer_cleanup(struct bench *b)
{
	bench_transfer_release(b, b->row);
}
