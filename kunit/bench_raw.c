// SPDX-License-Identifier: GPL-2.0-only
/*
 * The raw sides of the rows of the benchmark on transfers, which are what a Linux driver
 * would write. Each maps the memory of the row for the device and unmaps it.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "bench.h"

/* The limit, which is a scatterlist that is filled already. */
int bench_raw_table(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;

	while (n--) {
		if (dma_map_sgtable(b->dev, &t->sgt, t->direction, 0))
			return -ENOMEM;
		dma_unmap_sgtable(b->dev, &t->sgt, t->direction, 0);
	}
	return 0;
}

/* Fill the driver's own array for each request, as virtio and most storage drivers do. */
int bench_raw_fill(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;

	while (n--) {
		size_t offset = t->offset, left = t->len, len;
		unsigned int i;

		sg_init_table(t->sgl, t->pages);
		for (i = 0; i < t->pages; i++) {
			len = min(left, PAGE_SIZE - offset);
			sg_set_page(&t->sgl[i], t->page[i], len, offset);
			left -= len;
			offset = 0;
		}
		if (!dma_map_sg(b->dev, t->sgl, t->pages, t->direction))
			return -ENOMEM;
		dma_unmap_sg(b->dev, t->sgl, t->pages, t->direction);
	}
	return 0;
}

#ifdef CONFIG_SG_POOL
static int map_chain(struct bench *b, struct sg_table *sgt)
{
	struct bench_transfer *t = b->row;
	size_t offset = t->offset, left = t->len, len;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(sgt, sg, i) {
		len = min(left, PAGE_SIZE - offset);
		sg_set_page(sg, t->page[i], len, offset);
		left -= len;
		offset = 0;
	}
	return dma_map_sgtable(b->dev, sgt, t->direction, 0);
}

/* Take a chained table from the pools for each request, as the SCSI midlayer does. */
int bench_raw_chain(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	struct sg_table sgt = {};
	int ret;

	while (n--) {
		if (sg_alloc_table_chained(&sgt, t->pages, NULL, 0))
			return -ENOMEM;
		ret = map_chain(b, &sgt);
		if (!ret)
			dma_unmap_sgtable(b->dev, &sgt, t->direction, 0);
		sg_free_table_chained(&sgt, 0);
		if (ret)
			return ret;
	}
	return 0;
}
#endif /* CONFIG_SG_POOL */

/* Make a table of an array of pages, as drivers of media, graphics and RDMA do. */
int bench_raw_pages(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	struct sg_table sgt;
	int ret;

	while (n--) {
		if (sg_alloc_table_from_pages(&sgt, t->page, t->pages, t->offset, t->len,
					      GFP_KERNEL))
			return -ENOMEM;
		ret = dma_map_sgtable(b->dev, &sgt, t->direction, 0);
		if (!ret)
			dma_unmap_sgtable(b->dev, &sgt, t->direction, 0);
		sg_free_table(&sgt);
		if (ret)
			return ret;
	}
	return 0;
}

/* Map page by page, as network drivers do. */
int bench_raw_each(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	size_t offset, left, len;
	unsigned int i;

	while (n--) {
		offset = t->offset;
		for (i = 0, left = t->len; left; left -= len, i++) {
			len = min(left, PAGE_SIZE - offset);
			t->dma[i] = dma_map_page(b->dev, t->page[i], offset, len, t->direction);
			if (dma_mapping_error(b->dev, t->dma[i]))
				return -ENOMEM;
			offset = 0;
		}
		offset = t->offset;
		for (i = 0, left = t->len; left; left -= len, i++) {
			len = min(left, PAGE_SIZE - offset);
			dma_unmap_page(b->dev, t->dma[i], len, t->direction);
			offset = 0;
		}
	}
	return 0;
}

/* Map one contiguous piece. */
int bench_raw_single(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	dma_addr_t dma;

	while (n--) {
		dma = dma_map_page(b->dev, t->page[0], t->offset, t->len, t->direction);
		if (dma_mapping_error(b->dev, dma))
			return -ENOMEM;
		dma_unmap_page(b->dev, dma, t->len, t->direction);
	}
	return 0;
}
