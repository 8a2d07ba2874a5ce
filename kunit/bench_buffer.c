// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on common buffers. A Linux driver allocates coherent memory
 * with dma_alloc_coherent(), and small coherent objects from a DMA pool.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "bench.h"

PDMA_COMMON_BUFFER_VECTOR bench_vector_new(struct bench *b, unsigned int n)
{
	PHYSICAL_ADDRESS first = { .QuadPart = 0 }, last = { .QuadPart = -1 };
	PDMA_COMMON_BUFFER_VECTOR vector = NULL;

	b->ops->AllocateCommonBufferVector(b->adapter, first, last, MmCached, 0, 0, n, b->len,
					   &vector);
	return vector;
}

int bench_ours_alloc(struct bench *b, size_t len, struct bench_buffer *buffer)
{
	PHYSICAL_ADDRESS la;

	buffer->cpu = b->ops->AllocateCommonBuffer(b->adapter, len, &la, TRUE);
	buffer->dma = la.QuadPart;
	return buffer->cpu ? 0 : -ENOMEM;
}

void bench_ours_free(struct bench *b, size_t len, struct bench_buffer *buffer)
{
	PHYSICAL_ADDRESS la = { .QuadPart = buffer->dma };

	b->ops->FreeCommonBuffer(b->adapter, len, la, buffer->cpu, TRUE);
}

int bench_raw_alloc(struct bench *b, size_t len, struct bench_buffer *buffer)
{
	buffer->cpu = dma_alloc_coherent(b->dev, len, &buffer->dma, GFP_KERNEL);
	return buffer->cpu ? 0 : -ENOMEM;
}

void bench_raw_free(struct bench *b, size_t len, struct bench_buffer *buffer)
{
	dma_free_coherent(b->dev, len, buffer->cpu, buffer->dma);
}

/* Allocate and free a buffer, n times. */

int bench_ours_pairs(struct bench *b, unsigned int n)
{
	struct bench_buffer buffer;

	while (n--) {
		if (bench_ours_alloc(b, b->len, &buffer))
			return -ENOMEM;
		bench_ours_free(b, b->len, &buffer);
	}
	return 0;
}

int bench_raw_pairs(struct bench *b, unsigned int n)
{
	struct bench_buffer buffer;

	while (n--) {
		if (bench_raw_alloc(b, b->len, &buffer))
			return -ENOMEM;
		bench_raw_free(b, b->len, &buffer);
	}
	return 0;
}

/* The same, but let other tasks run in between, so that deferred work runs within the batch. */

int bench_ours_pairs_long(struct bench *b, unsigned int n)
{
	int ret = 0;

	for (; n && !ret; n -= min(n, 256U)) {
		ret = bench_ours_pairs(b, min(n, 256U));
		cond_resched();
	}
	return ret;
}

int bench_raw_pairs_long(struct bench *b, unsigned int n)
{
	int ret = 0;

	for (; n && !ret; n -= min(n, 256U)) {
		ret = bench_raw_pairs(b, min(n, 256U));
		cond_resched();
	}
	return ret;
}

/* Allocate n buffers, then free them. */

int bench_ours_alloc_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_ours_alloc(b, b->len, &b->held[i]))
			return -ENOMEM;
	return 0;
}

int bench_ours_free_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_ours_free(b, b->len, &b->held[i]);
	return 0;
}

int bench_raw_alloc_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_raw_alloc(b, b->len, &b->held[i]))
			return -ENOMEM;
	return 0;
}

int bench_raw_free_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_raw_free(b, b->len, &b->held[i]);
	return 0;
}

int bench_ours_hold(struct bench *b, unsigned int n)
{
	return bench_ours_alloc_held(b, n) ?: bench_ours_free_held(b, n);
}

int bench_raw_hold(struct bench *b, unsigned int n)
{
	return bench_raw_alloc_held(b, n) ?: bench_raw_free_held(b, n);
}

/* Allocate and free a vector of n elements. */

int bench_ours_vector(struct bench *b, unsigned int n)
{
	PDMA_COMMON_BUFFER_VECTOR vector = bench_vector_new(b, n);

	if (!vector)
		return -ENOMEM;
	b->ops->FreeCommonBufferVector(b->adapter, vector);
	return 0;
}

/* A DMA pool that has a free block, as ours has a recycled buffer. */

int bench_pool_setup(struct bench *b)
{
	b->row = dma_pool_create("wdmdma_bench", b->dev, b->len, b->len, 0);
	return b->row ? 0 : -ENOMEM;
}

void bench_pool_cleanup(struct bench *b)
{
	dma_pool_destroy(b->row);
}

int bench_raw_pool(struct bench *b, unsigned int n)
{
	dma_addr_t dma;
	void *cpu;

	while (n--) {
		cpu = dma_pool_alloc(b->row, GFP_KERNEL, &dma);
		if (!cpu)
			return -ENOMEM;
		dma_pool_free(b->row, cpu, dma);
	}
	return 0;
}

/* Return the number of bytes that the slab allocator holds. */
unsigned long bench_slab_bytes(void)
{
	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)) << PAGE_SHIFT;
}
