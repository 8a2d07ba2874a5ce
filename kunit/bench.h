/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark. A row measures one operation on two sides. "ours" makes the calls of a
 * ported driver, and "raw" makes the calls that a Linux driver would use instead.
 *
 * A batch is a number of operations of one side that are timed together. Batches of both
 * sides take turns. The result of a row is its cheapest batch, because any additional
 * time (timer ticks, work of other tasks) is not part of the row.
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
#define BENCH_MANY	100000	/* live buffers in rows that measure many buffers */
#define BENCH_MOST	373959	/* the same, on machines with enough memory */

struct bench_buffer {
	void *cpu;
	dma_addr_t dma;
};

/**
 * struct bench_population - buffers of one page that live while rows are measured
 * @buffer: array with room for BENCH_MOST buffers
 * @live: number of live buffers
 */
struct bench_population {
	struct bench_buffer *buffer;
	unsigned int live;
};

/**
 * struct bench_scattered - memory in which no two pages are adjacent
 * @page: its pages
 * @pages: number of pages
 * @va: contiguous CPU address of the pages
 * @mdl: MDL of all pages
 * @sgt: scatterlist of all pages
 */
struct bench_scattered {
	struct page *page[SZ_2M / PAGE_SIZE];
	unsigned int pages;
	void *va;
	PMDL mdl;
	struct sg_table sgt;
};

/**
 * struct bench - state that the rows share
 * @dev: the device, bound to this driver
 * @translated: an IOMMU translates for the device
 * @device_object: device object of @dev
 * @adapter: adapter of @dev
 * @ops: DmaOperations of @adapter
 * @random: generator that gives the same numbers in every run
 * @len: length of each buffer of the current row, in bytes
 * @held: buffers that a batch holds for a while
 * @ours: population of our side
 * @raw: population of the raw side
 * @row: private data of the row, made by its @setup
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
 * @prepare: optional function called before each batch, not timed
 * @run: function that runs a batch of n operations, or NULL if the row has no such side
 * @finish: optional function called after each batch, not timed
 */
struct bench_side {
	int (*prepare)(struct bench *b, unsigned int n);
	int (*run)(struct bench *b, unsigned int n);
	int (*finish)(struct bench *b, unsigned int n);
};

/**
 * struct bench_row - one row
 * @name: short name, which must never change because results are compared by name
 * @len: see struct bench
 * @live: size of the populations of the sides that the row has
 * @n: operations in a batch
 * @raw_n: operations in a batch of the raw side, or 0 if the same as @n
 * @singles: number of operations that are timed one by one for the percentiles, or 0 to
 *           take the percentiles from the batches
 * @translated: the row needs an IOMMU
 * @setup: optional function called once before all batches
 * @cleanup: optional function that undoes @setup
 * @ours: our side
 * @raw: the raw side
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

/* In bench_rows.c. The last row has no name. */
extern const struct bench_row bench_rows[];

int bench_ours_alloc(struct bench *b, size_t len, struct bench_buffer *buffer);
void bench_ours_free(struct bench *b, size_t len, struct bench_buffer *buffer);
int bench_raw_alloc(struct bench *b, size_t len, struct bench_buffer *buffer);
void bench_raw_free(struct bench *b, size_t len, struct bench_buffer *buffer);

PDMA_COMMON_BUFFER_VECTOR bench_vector_new(struct bench *b, unsigned int n);

/* bench_lookup.c, rows on look-ups */
int bench_vector_setup(struct bench *b);
void bench_vector_cleanup(struct bench *b);
int bench_ours_vector_get(struct bench *b, unsigned int n);
int bench_raw_pool(struct bench *b, unsigned int n);
int bench_va_setup(struct bench *b);
void bench_va_cleanup(struct bench *b);
int bench_ours_va(struct bench *b, unsigned int n);
int bench_raw_va(struct bench *b, unsigned int n);

/* bench_cache.c, rows on memory that the CPU does not cache, on x86 only */
int bench_ours_uncached(struct bench *b, unsigned int n);
int bench_raw_uncached(struct bench *b, unsigned int n);
int bench_combined_setup(struct bench *b);
void bench_combined_cleanup(struct bench *b);
int bench_ours_combined(struct bench *b, unsigned int n);
int bench_raw_combined(struct bench *b, unsigned int n);

/* bench_transfer.c, rows on transfers */
void bench_transfer_cleanup(struct bench *b);
int bench_list_setup(struct bench *b);
int bench_ours_list(struct bench *b, unsigned int n);
int bench_raw_list(struct bench *b, unsigned int n);
int bench_map_setup(struct bench *b);
int bench_ours_map(struct bench *b, unsigned int n);

/* bench_scattered.c, rows on scattered pages */
int bench_scattered_make(struct bench_scattered *s, size_t len);
void bench_scattered_release(struct bench_scattered *s);
int bench_scattered_setup(struct bench *b);
void bench_scattered_cleanup(struct bench *b);
int bench_ours_from_mdl(struct bench *b, unsigned int n);
int bench_raw_map_sgtable(struct bench *b, unsigned int n);
int bench_count_map_ops(struct bench *b, unsigned long *large, unsigned long *small);

#endif /* WDMDMA_BENCH_H */
