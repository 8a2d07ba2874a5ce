// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on memory that the CPU does not cache. Uncached memory comes
 * from the DMA_OPERATIONS table. Write-combined memory comes from StorPort, because no
 * other call provides it. The raw side allocates, maps and frees the pages each time and
 * recycles nothing.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include <asm/set_memory.h>

#include <wdmdma/linux.h>
#include <wdmdma/storport.h>

#include "bench.h"

#define ORDER		4	/* 64 KiB */

int bench_ours_uncached(struct bench *b, unsigned int n)
{
	PHYSICAL_ADDRESS la;
	void *va;

	while (n--) {
		va = b->ops->AllocateCommonBufferEx(b->adapter, NULL, b->len, &la, FALSE,
						    MM_ANY_NODE_OK);
		if (!va)
			return -ENOMEM;
		b->ops->FreeCommonBuffer(b->adapter, b->len, la, va, FALSE);
	}
	return 0;
}

int bench_ours_combined(struct bench *b, unsigned int n)
{
	PHYSICAL_ADDRESS none = {}, last = { .QuadPart = -1 }, la;
	PVOID va;

	while (n--) {
		if (StorPortAllocateDmaMemory(b->extension, b->len, none, last, none,
					      MmWriteCombined, MM_ANY_NODE_OK, &va, &la))
			return -ENOMEM;
		StorPortFreeDmaMemory(b->extension, va, b->len, MmWriteCombined, la);
	}
	return 0;
}

static int raw_once(struct bench *b, int (*set)(struct page **pages, int nr))
{
	struct page *page[1 << ORDER];
	int ret = -ENOMEM, i;
	dma_addr_t dma;

	page[0] = alloc_pages(GFP_KERNEL | __GFP_ZERO, ORDER);
	if (!page[0])
		return ret;
	for (i = 1; i < ARRAY_SIZE(page); i++)
		page[i] = page[0] + i;
	ret = set(page, ARRAY_SIZE(page));
	if (ret)
		goto free;
	dma = dma_map_page(b->dev, page[0], 0, b->len, DMA_BIDIRECTIONAL);
	ret = dma_mapping_error(b->dev, dma);
	if (!ret)
		dma_unmap_page(b->dev, dma, b->len, DMA_BIDIRECTIONAL);
	set_pages_array_wb(page, ARRAY_SIZE(page));
free:
	__free_pages(page[0], ORDER);
	return ret;
}

int bench_raw_uncached(struct bench *b, unsigned int n)
{
	int ret = 0;

	while (n-- && !ret)
		ret = raw_once(b, set_pages_array_uc);
	return ret;
}

int bench_raw_combined(struct bench *b, unsigned int n)
{
	int ret = 0;

	while (n-- && !ret)
		ret = raw_once(b, set_pages_array_wc);
	return ret;
}
