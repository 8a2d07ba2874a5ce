/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark. A row is one question, asked of two sides: "ours", the calls of
 * a ported driver, and "raw", what a Linux driver would call in their place.
 *
 * A batch is a number of operations of one side, timed as one. Batches of both
 * sides take turns. The row's result is its cheapest batch, for what comes on top
 * (timer ticks, somebody else's work) is not the row's.
 */
#ifndef WDMDMA_BENCH_H
#define WDMDMA_BENCH_H

#include <linux/device.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include <wdmdma/dma.h>

#define BENCH_HELD	1024	/* most buffers that one batch holds */
#define BENCH_LOOKUPS	256	/* look-ups in a batch */
#define BENCH_MANY	100000	/* live buffers in rows that ask what many cost */
#define BENCH_MOST	373959	/* the same, if there is so much memory */

struct bench_buffer {
	void *cpu;
	dma_addr_t dma;
};

/**
 * struct bench_population - buffers of one page that live while rows are measured
 * @buffer: room for BENCH_MOST
 * @live: how many there are
 */
struct bench_population {
	struct bench_buffer *buffer;
	unsigned int live;
};

/**
 * struct bench_scattered - memory of which no two pages are adjacent
 * @page: its pages
 * @pages: how many
 * @va: where they are in one piece for the CPU
 * @mdl: of all of it
 * @sgt: the same as a list
 */
struct bench_scattered {
	struct page *page[SZ_2M / PAGE_SIZE];
	unsigned int pages;
	void *va;
	PMDL mdl;
	struct sg_table sgt;
};

/**
 * struct bench - what the rows work with
 * @dev: the device, bound to this driver
 * @translated: an IOMMU stands between it and memory
 * @device_object: of @dev
 * @adapter: of @dev
 * @ops: the adapter's table
 * @random: the same numbers in every run
 * @len: bytes of each buffer of the row at hand
 * @held: buffers that a batch holds for a while
 * @ours: the population of our side
 * @raw: and of the other
 * @row: what the row's set-up made
 */
struct bench {
	struct device *dev;
	bool translated;
	PDEVICE_OBJECT device_object;
	PDMA_ADAPTER adapter;
	const DMA_OPERATIONS *ops;
	struct rnd_state random;
	size_t len;
	struct bench_buffer held[BENCH_HELD];
	struct bench_population ours;
	struct bench_population raw;
	void *row;
};

/**
 * struct bench_side - one side of a row
 * @prepare: optional: before each batch, not timed
 * @run: a batch of n operations; NULL if the row has no such side
 * @finish: optional: after each batch, not timed
 */
struct bench_side {
	int (*prepare)(struct bench *b, unsigned int n);
	int (*run)(struct bench *b, unsigned int n);
	int (*finish)(struct bench *b, unsigned int n);
};

/**
 * struct bench_row - one row
 * @name: short, and never to change: results are compared by it
 * @len: see struct bench
 * @live: size of the populations of the sides that the row has
 * @n: operations in a batch
 * @raw_n: the same of the raw side, where that is not @n
 * @singles: for the percentiles: how many operations are timed one by one; 0 for
 *           batches
 * @translated: only behind an IOMMU
 * @setup: optional: once, before all batches
 * @cleanup: optional: undoes @setup
 * @ours: our side
 * @raw: the other
 */
struct bench_row {
	const char *name;
	size_t len;
	unsigned int live;
	unsigned int n;
	unsigned int raw_n;
	unsigned int singles;
	bool translated;
	int (*setup)(struct bench *b);
	void (*cleanup)(struct bench *b);
	struct bench_side ours;
	struct bench_side raw;
};

/* bench_rows.c; the last one has no name */
extern const struct bench_row bench_rows[];

int bench_ours_alloc(struct bench *b, size_t len, struct bench_buffer *buffer);
void bench_ours_free(struct bench *b, size_t len, struct bench_buffer *buffer);
int bench_raw_alloc(struct bench *b, size_t len, struct bench_buffer *buffer);
void bench_raw_free(struct bench *b, size_t len, struct bench_buffer *buffer);

PDMA_COMMON_BUFFER_VECTOR bench_vector_new(struct bench *b, unsigned int n);

/* bench_lookup.c: rows on look-ups */
int bench_vector_setup(struct bench *b);
void bench_vector_cleanup(struct bench *b);
int bench_ours_vector_get(struct bench *b, unsigned int n);
int bench_raw_pool(struct bench *b, unsigned int n);
int bench_va_setup(struct bench *b);
void bench_va_cleanup(struct bench *b);
int bench_ours_va(struct bench *b, unsigned int n);
int bench_raw_va(struct bench *b, unsigned int n);

/* bench_cache.c, on x86: rows on memory that is not cached */
int bench_ours_uncached(struct bench *b, unsigned int n);
int bench_raw_uncached(struct bench *b, unsigned int n);
int bench_combined_setup(struct bench *b);
void bench_combined_cleanup(struct bench *b);
int bench_ours_combined(struct bench *b, unsigned int n);
int bench_raw_combined(struct bench *b, unsigned int n);

/* bench_transfer.c: rows on transfers */
void bench_transfer_cleanup(struct bench *b);
int bench_list_setup(struct bench *b);
int bench_ours_list(struct bench *b, unsigned int n);
int bench_raw_list(struct bench *b, unsigned int n);
int bench_map_setup(struct bench *b);
int bench_ours_map(struct bench *b, unsigned int n);

/* bench_scattered.c: rows on scattered pages */
int bench_scattered_make(struct bench_scattered *s, size_t len);
void bench_scattered_release(struct bench_scattered *s);
int bench_scattered_setup(struct bench *b);
void bench_scattered_cleanup(struct bench *b);
int bench_ours_from_mdl(struct bench *b, unsigned int n);
int bench_raw_map_sgtable(struct bench *b, unsigned int n);
int bench_count_map_ops(struct bench *b, unsigned long *large, unsigned long *small);

#endif /* WDMDMA_BENCH_H */
