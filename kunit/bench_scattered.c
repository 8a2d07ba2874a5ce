// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on 2 MiB of scattered pages. They measure a common buffer on
 * the driver's own memory, and the number of entries in the IOMMU's page tables.
 *
 * The entries are counted where the IOMMU driver is told to make them. A kprobe on the
 * domain's map_pages() adds up the page counts.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "bench.h"

#define LENGTH		SZ_2M
/* Index of pgcount in map_pages(domain, iova, paddr, pgsize, pgcount, ...). */
#define PGCOUNT_ARGUMENT	4

void bench_scattered_release(struct bench_scattered *s)
{
	unsigned int i;

	if (s->mdl)
		IoFreeMdl(s->mdl);
	sg_free_table(&s->sgt);
	vunmap(s->va);
	for (i = 0; i < s->pages && s->page[i]; i++)
		__free_pages(s->page[i], 1);
}

/* Allocate pairs of pages and use only the first page of each, so that no two are adjacent. */
static int scattered_pages(struct bench_scattered *s)
{
	struct scatterlist *sg;
	unsigned int i;

	for (i = 0; i < s->pages; i++) {
		s->page[i] = alloc_pages(GFP_KERNEL, 1);
		if (!s->page[i])
			return -ENOMEM;
	}
	s->va = vmap(s->page, s->pages, VM_MAP, PAGE_KERNEL);
	if (!s->va || sg_alloc_table(&s->sgt, s->pages, GFP_KERNEL))
		return -ENOMEM;
	for_each_sgtable_sg(&s->sgt, sg, i)
		sg_set_page(sg, s->page[i], PAGE_SIZE, 0);
	return 0;
}

/*
 * Make scattered memory of @len bytes in a zeroed @s. The caller must release @s even
 * after a failure.
 */
int bench_scattered_make(struct bench_scattered *s, size_t len)
{
	int ret;

	s->pages = len >> PAGE_SHIFT;
	ret = scattered_pages(s);
	if (ret)
		return ret;
	s->mdl = IoAllocateMdl(s->va, len, FALSE, FALSE, NULL);
	if (!s->mdl)
		return -ENOMEM;
	MmBuildMdlForNonPagedPool(s->mdl);
	return 0;
}

void bench_scattered_cleanup(struct bench *b)
{
	bench_scattered_release(b->row);
	kfree(b->row);
}

int bench_scattered_setup(struct bench *b)
{
	struct bench_scattered *s = kzalloc(sizeof(*s), GFP_KERNEL);
	int ret;

	if (!s)
		return -ENOMEM;
	b->row = s;
	ret = bench_scattered_make(s, LENGTH);
	if (ret)
		bench_scattered_cleanup(b);
	return ret;
}

int bench_ours_from_mdl(struct bench *b, unsigned int n)
{
	struct bench_scattered *s = b->row;
	PHYSICAL_ADDRESS la;

	while (n--) {
		if (b->ops->CreateCommonBufferFromMdl(b->adapter, s->mdl, NULL, 0, &la))
			return -ENOMEM;
		b->ops->FreeCommonBuffer(b->adapter, LENGTH, la, s->va, TRUE);
	}
	return 0;
}

int bench_raw_map_sgtable(struct bench *b, unsigned int n)
{
	struct bench_scattered *s = b->row;

	while (n--) {
		if (dma_map_sgtable(b->dev, &s->sgt, DMA_BIDIRECTIONAL, 0))
			return -ENOMEM;
		dma_unmap_sgtable(b->dev, &s->sgt, DMA_BIDIRECTIONAL, 0);
	}
	return 0;
}

static atomic_long_t entries;

static int count_entries(struct kprobe *probe, struct pt_regs *regs)
{
	atomic_long_add(regs_get_kernel_argument(regs, PGCOUNT_ARGUMENT), &entries);
	return 0;
}

static int large_buffer(struct bench *b, unsigned long *count)
{
	PHYSICAL_ADDRESS la;
	void *va;

	atomic_long_set(&entries, 0);
	va = b->ops->AllocateCommonBufferWithBounds(b->adapter, NULL, NULL, LENGTH,
						    DOMAIN_COMMON_BUFFER_LARGE_PAGE, NULL,
						    MM_ANY_NODE_OK, &la);
	*count = atomic_long_read(&entries);
	if (!va)
		return -ENOMEM;
	b->ops->FreeCommonBuffer(b->adapter, LENGTH, la, va, TRUE);
	return 0;
}

/*
 * Count the entries for a buffer of large pages, and for the same amount of memory in
 * single pages.
 */
int bench_count_map_ops(struct bench *b, unsigned long *large, unsigned long *small)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(b->dev);
	struct kprobe probe = {
		.addr = (kprobe_opcode_t *)domain->ops->map_pages,
		.pre_handler = count_entries,
	};
	int ret = bench_scattered_setup(b);

	if (ret)
		return ret;
	ret = register_kprobe(&probe);
	if (ret)
		goto cleanup;
	ret = large_buffer(b, large);
	if (!ret) {
		atomic_long_set(&entries, 0);
		ret = bench_raw_map_sgtable(b, 1);
		*small = atomic_long_read(&entries);
	}
	unregister_kprobe(&probe);
cleanup:
	bench_scattered_cleanup(b);
	return ret;
}
