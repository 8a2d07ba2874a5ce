// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark. Some rows have their code in files of their own.
 * Documentation/performance.rst says what a row means and what its result should be.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

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

static int ours_pairs(struct bench *b, unsigned int n)
{
	struct bench_buffer buffer;

	while (n--) {
		if (bench_ours_alloc(b, b->len, &buffer))
			return -ENOMEM;
		bench_ours_free(b, b->len, &buffer);
	}
	return 0;
}

static int raw_pairs(struct bench *b, unsigned int n)
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

static int ours_pairs_long(struct bench *b, unsigned int n)
{
	int ret = 0;

	for (; n && !ret; n -= min(n, 256U)) {
		ret = ours_pairs(b, min(n, 256U));
		cond_resched();
	}
	return ret;
}

static int raw_pairs_long(struct bench *b, unsigned int n)
{
	int ret = 0;

	for (; n && !ret; n -= min(n, 256U)) {
		ret = raw_pairs(b, min(n, 256U));
		cond_resched();
	}
	return ret;
}

/* Allocate n buffers, then free them. */

static int ours_alloc_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_ours_alloc(b, b->len, &b->held[i]))
			return -ENOMEM;
	return 0;
}

static int ours_free_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_ours_free(b, b->len, &b->held[i]);
	return 0;
}

static int raw_alloc_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_raw_alloc(b, b->len, &b->held[i]))
			return -ENOMEM;
	return 0;
}

static int raw_free_held(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_raw_free(b, b->len, &b->held[i]);
	return 0;
}

static int ours_hold(struct bench *b, unsigned int n)
{
	return ours_alloc_held(b, n) ?: ours_free_held(b, n);
}

static int raw_hold(struct bench *b, unsigned int n)
{
	return raw_alloc_held(b, n) ?: raw_free_held(b, n);
}

/* Allocate and free a vector of n elements. */

static int ours_vector(struct bench *b, unsigned int n)
{
	PDMA_COMMON_BUFFER_VECTOR vector = bench_vector_new(b, n);

	if (!vector)
		return -ENOMEM;
	b->ops->FreeCommonBufferVector(b->adapter, vector);
	return 0;
}

/* Free some of many live buffers in random order, and replace them afterwards. */

static void choose(struct bench *b, struct bench_population *p, unsigned int n)
{
	unsigned int i, other;

	for (i = 0; i < n; i++) {
		other = i + prandom_u32_state(&b->random) % (p->live - i);
		swap(p->buffer[i], p->buffer[other]);
	}
}

static int ours_choose(struct bench *b, unsigned int n)
{
	choose(b, &b->ours, n);
	return 0;
}

static int raw_choose(struct bench *b, unsigned int n)
{
	choose(b, &b->raw, n);
	return 0;
}

static int ours_free_chosen(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_ours_free(b, PAGE_SIZE, &b->ours.buffer[i]);
	return 0;
}

static int raw_free_chosen(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_raw_free(b, PAGE_SIZE, &b->raw.buffer[i]);
	return 0;
}

static int ours_refill(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_ours_alloc(b, PAGE_SIZE, &b->ours.buffer[i]))
			return -ENOMEM;
	return 0;
}

static int raw_refill(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_raw_alloc(b, PAGE_SIZE, &b->raw.buffer[i]))
			return -ENOMEM;
	return 0;
}

#define FREE_RANDOM(row_name, population, batch)					\
	{ .name = row_name, .live = population, .n = batch,				\
	  .ours = { .prepare = ours_choose, .run = ours_free_chosen, .finish = ours_refill }, \
	  .raw = { .prepare = raw_choose, .run = raw_free_chosen, .finish = raw_refill } }

#define PAIRS_AMONG(row_name, population)						\
	{ .name = row_name, .live = population, .len = SZ_4K, .n = 512,			\
	  .ours = { .run = ours_pairs }, .raw = { .run = raw_pairs } }

/* Walking a long list is slow, so the raw side may do fewer look-ups. */
#define VA_TO_LA(row_name, population, raw_batch)					\
	{ .name = row_name, .live = population, .n = BENCH_LOOKUPS, .raw_n = raw_batch,	\
	  .setup = bench_va_setup, .cleanup = bench_va_cleanup,				\
	  .ours = { .run = bench_ours_va }, .raw = { .run = bench_raw_va } }

#define PAIRS(row_name, length, batch, of_one)						\
	{ .name = row_name, .len = length, .n = batch, .singles = of_one,		\
	  .ours = { .run = ours_pairs }, .raw = { .run = raw_pairs } }

const struct bench_row bench_rows[] = {
	/*
	 * The rows with many live buffers come first, because bench_bookkeeping() has just
	 * allocated these buffers.
	 */
	FREE_RANDOM("free_random_100k", BENCH_MANY, 64),
	PAIRS_AMONG("alloc_free_among_100k", BENCH_MANY),
	VA_TO_LA("va_to_la_100k", BENCH_MANY, 16),
	FREE_RANDOM("free_random_1k", 1000, 64),
	PAIRS_AMONG("alloc_free_among_1k", 1000),
	VA_TO_LA("va_to_la_1k", 1000, BENCH_LOOKUPS),
	FREE_RANDOM("free_random_10", 10, 10),
	PAIRS_AMONG("alloc_free_among_10", 10),
	VA_TO_LA("va_to_la_10", 10, BENCH_LOOKUPS),

	PAIRS("alloc_free_4k", SZ_4K, 512, 2000),
	PAIRS("alloc_free_16k", SZ_16K, 512, 0),
	PAIRS("alloc_free_64k", SZ_64K, 512, 1000),
	PAIRS("alloc_free_256k", SZ_256K, 64, 0),
	PAIRS("alloc_free_1m", SZ_1M, 16, 0),
	PAIRS("alloc_free_2m", SZ_2M, 8, 0),
	{ .name = "alloc_free_4k_long", .len = SZ_4K, .n = 8192,
	  .ours = { .run = ours_pairs_long }, .raw = { .run = raw_pairs_long } },
	{ .name = "alloc_4k", .len = SZ_4K, .n = 512, .singles = 1000,
	  .ours = { .run = ours_alloc_held, .finish = ours_free_held },
	  .raw = { .run = raw_alloc_held, .finish = raw_free_held } },
	{ .name = "hold_1000x4k", .len = SZ_4K, .n = 1000,
	  .ours = { .run = ours_hold }, .raw = { .run = raw_hold } },
	{ .name = "vector_1024x4k", .len = SZ_4K, .n = 1024,
	  .ours = { .run = ours_vector }, .raw = { .run = raw_hold } },
	{ .name = "vector_lookup", .len = SZ_4K, .n = BENCH_LOOKUPS, .singles = 1000,
	  .setup = bench_vector_setup, .cleanup = bench_vector_cleanup,
	  .ours = { .run = bench_ours_vector_get }, .raw = { .run = bench_raw_pool } },
	{ .name = "from_mdl_512_pages", .len = SZ_2M, .n = 4, .translated = true,
	  .setup = bench_scattered_setup, .cleanup = bench_scattered_cleanup,
	  .ours = { .run = bench_ours_from_mdl }, .raw = { .run = bench_raw_map_sgtable } },
	{ .name = "list_64k", .len = SZ_64K, .n = 64,
	  .setup = bench_list_setup, .cleanup = bench_transfer_cleanup,
	  .ours = { .run = bench_ours_list }, .raw = { .run = bench_raw_list } },
	{ .name = "list_1m", .len = SZ_1M, .n = 8,
	  .setup = bench_list_setup, .cleanup = bench_transfer_cleanup,
	  .ours = { .run = bench_ours_list }, .raw = { .run = bench_raw_list } },
	{ .name = "map_ex_64k", .len = SZ_64K, .n = 64,
	  .setup = bench_map_setup, .cleanup = bench_transfer_cleanup,
	  .ours = { .run = bench_ours_map }, .raw = { .run = bench_raw_list } },
#ifdef CONFIG_X86
	{ .name = "uncached_64k", .len = SZ_64K, .n = 16,
	  .ours = { .run = bench_ours_uncached }, .raw = { .run = bench_raw_uncached } },
	{ .name = "write_combined_64k", .len = SZ_64K, .n = 16,
	  .setup = bench_combined_setup, .cleanup = bench_combined_cleanup,
	  .ours = { .run = bench_ours_combined }, .raw = { .run = bench_raw_combined } },
#endif
	{ .name = "free_random_374k", .live = BENCH_MOST, .n = 64,
	  .ours = { .prepare = ours_choose, .run = ours_free_chosen,
		    .finish = ours_refill } },
	{}
};
