// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on look-ups. One row gets an element of a vector, where a
 * Linux driver reads its own array. The other row finds the logical address of a byte in a
 * buffer, where a Linux driver that keeps no better record walks a list of its buffers.
 * Both have absolute targets, because nothing on Linux does the same.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/linux.h>

#include "bench.h"

struct vector_row {
	PDMA_COMMON_BUFFER_VECTOR vector;
	struct bench_buffer array[BENCH_LOOKUPS];
};

void bench_vector_cleanup(struct bench *b)
{
	struct vector_row *row = b->row;

	if (row->vector)
		b->ops->FreeCommonBufferVector(b->adapter, row->vector);
	kfree(row);
}

int bench_vector_setup(struct bench *b)
{
	struct vector_row *row = kzalloc(sizeof(*row), GFP_KERNEL);

	if (!row)
		return -ENOMEM;
	b->row = row;
	row->vector = bench_vector_new(b, BENCH_LOOKUPS);
	if (row->vector)
		return 0;
	bench_vector_cleanup(b);
	return -ENOMEM;
}

int bench_ours_vector_get(struct bench *b, unsigned int n)
{
	struct vector_row *row = b->row;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	for (i = 0; i < n; i++) {
		b->ops->GetCommonBufferFromVectorByIndex(b->adapter, row->vector, i, &va, &la);
		if (!va)
			return -EINVAL;
	}
	return 0;
}

int bench_raw_array(struct bench *b, unsigned int n)
{
	struct vector_row *row = b->row;
	unsigned int i;

	for (i = 0; i < n; i++) {
		READ_ONCE(row->array[i].cpu);
		READ_ONCE(row->array[i].dma);
	}
	return 0;
}

/* The record that a driver without a look-up keeps for each buffer. */
struct list_buffer {
	struct list_head node;
	void *cpu;
	dma_addr_t dma;
	size_t len;
};

struct va_row {
	struct list_head list;
	struct list_buffer *buffer;
	void *target[BENCH_LOOKUPS];
};

int bench_va_setup(struct bench *b)
{
	struct va_row *row = vzalloc(sizeof(*row));
	unsigned int i;

	if (!row)
		return -ENOMEM;
	row->buffer = vzalloc(array_size(b->ours.live, sizeof(*row->buffer)));
	if (!row->buffer) {
		vfree(row);
		return -ENOMEM;
	}
	INIT_LIST_HEAD(&row->list);
	for (i = 0; i < b->ours.live; i++) {
		row->buffer[i].cpu = b->ours.buffer[i].cpu;
		row->buffer[i].dma = b->ours.buffer[i].dma;
		row->buffer[i].len = PAGE_SIZE;
		list_add_tail(&row->buffer[i].node, &row->list);
	}
	for (i = 0; i < BENCH_LOOKUPS; i++)
		row->target[i] = b->ours.buffer[prandom_u32_state(&b->random) % b->ours.live].cpu +
				 PAGE_SIZE / 2 + i;
	b->row = row;
	return 0;
}

void bench_va_cleanup(struct bench *b)
{
	struct va_row *row = b->row;

	vfree(row->buffer);
	vfree(row);
}

int bench_ours_va(struct bench *b, unsigned int n)
{
	struct va_row *row = b->row;
	dma_addr_t la;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (wdmdma_virt_to_logical(b->adapter, row->target[i], &la, NULL))
			return -EINVAL;
	return 0;
}

static noinline bool list_find(const struct va_row *row, const void *va, dma_addr_t *la)
{
	struct list_buffer *buffer;

	list_for_each_entry(buffer, &row->list, node) {
		if (va >= buffer->cpu && va < buffer->cpu + buffer->len) {
			*la = buffer->dma + (va - buffer->cpu);
			return true;
		}
	}
	return false;
}

int bench_raw_va(struct bench *b, unsigned int n)
{
	struct va_row *row = b->row;
	dma_addr_t la;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!list_find(row, row->target[i], &la))
			return -EINVAL;
	return 0;
}
