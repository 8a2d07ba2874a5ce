/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark. A row measures one operation on several sides. "ours" makes the calls of
 * a ported driver, and "raw" makes the calls that a Linux driver would write instead. The
 * optional "limit" maps a scatterlist that exists since before the measurement. A driver
 * has no such list before the request, so the limit tells only what mapping alone costs.
 *
 * A batch is a number of operations of one side that are timed together. Batches of all
 * sides take turns. The result of a row is its cheapest batch, because any additional
 * time (timer ticks, work of other tasks) is not part of the row.
 */
#ifndef WDMDMA_BENCH_H
#define WDMDMA_BENCH_H

#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/dmapool.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include <wdmdma/dma.h>
#include <wdmdma/storport.h>

#define BENCH_HELD	1024	/* most buffers that one batch holds */
#define BENCH_LOOKUPS	256	/* look-ups in a batch */
#define BENCH_MANY	100000	/* live buffers in rows that measure many buffers */
#define BENCH_MORE	373959	/* the same, on machines with enough memory */
#define BENCH_MOST	1000000	/* the same, on machines with a lot of memory */
#define BENCH_PAGES	(SZ_2M / PAGE_SIZE)	/* most pages of a transfer */
#define BENCH_CPUS	8	/* most CPUs of the scaling benchmark */

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
 * struct bench - state that the rows share
 * @dev: the device, bound to this driver
 * @translated: an IOMMU translates for the device
 * @device_object: device object of @dev
 * @adapter: adapter of @dev
 * @ops: DmaOperations of @adapter
 * @extension: StorPort's device extension of @dev
 * @random: generator that gives the same numbers in every run
 * @len: length of each buffer of the current row, in bytes
 * @current_row: the row
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
	PVOID extension;
	struct rnd_state random;
	size_t len;
	const struct bench_row *current_row;
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
 * @instead: what a Linux driver would write instead, for the report, or NULL without @raw
 * @len: see struct bench
 * @offset: offset of the memory of a transfer in its first page
 * @contiguous: the memory of a transfer is contiguous, or else no two pages are adjacent
 * @live: size of the populations of the sides that the row has
 * @among: number of other objects (lists, buffers made from MDLs) that live meanwhile
 * @n: operations in a batch
 * @raw_n: operations in a batch of the raw side, or 0 if the same as @n
 * @singles: number of operations that are timed one by one for the percentiles, or 0 to
 *           take the percentiles from the batches
 * @translated: the row needs an IOMMU
 * @setup: optional function called once before all batches
 * @cleanup: optional function that undoes @setup
 * @ours: our side
 * @raw: the raw side
 * @limit: the least that any caller of the DMA API pays
 */
struct bench_row {
	const char *name;
	const char *instead;
	size_t len;
	size_t offset;
	bool contiguous;
	unsigned int live;
	unsigned int among;
	unsigned int n;
	unsigned int raw_n;
	unsigned int singles;
	bool translated;
	int (*setup)(struct bench *b);
	void (*cleanup)(struct bench *b);
	struct bench_side ours;
	struct bench_side raw;
	struct bench_side limit;
};

/**
 * struct bench_transfer - private data of the rows on transfers
 * @page: pages of the memory
 * @pages: number of pages
 * @order: order in which the pages were allocated
 * @offset: offset of the memory in the first page
 * @len: length of the memory
 * @direction: direction of the transfer
 * @va: contiguous CPU address of the pages
 * @mdl: MDL of the memory, for our side
 * @sgt: filled scatterlist of the memory, for the limit
 * @sgl: the driver's own array of scatterlist entries, for the raw side
 * @dma: the driver's own array of DMA addresses, for the raw side
 * @room: memory of the driver for a scatter/gather list
 * @room_bytes: length of @room
 * @context: transfer context of @registers
 * @registers: map registers, if the row has some
 * @nr_registers: number of map registers
 * @srb: SRB, if the row has one
 * @list: @among live lists
 * @lists: number of them
 * @oldest: index of the list that has lived longest
 */
struct bench_transfer {
	struct page *page[BENCH_PAGES];
	unsigned int pages;
	unsigned int order;
	size_t offset;
	size_t len;
	enum dma_data_direction direction;
	void *va;
	PMDL mdl;
	struct sg_table sgt;
	struct scatterlist *sgl;
	dma_addr_t *dma;
	void *room;
	size_t room_bytes;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1] __aligned(8);
	PVOID registers;
	unsigned int nr_registers;
	PSCSI_REQUEST_BLOCK srb;
	PSCATTER_GATHER_LIST *list;
	unsigned int lists;
	unsigned int oldest;
};

/* bench.c */
int bench_row_begin(struct bench *b, const struct bench_row *row);
void bench_row_end(struct bench *b);
int bench_open_adapter(struct bench *b);
void bench_close_adapter(struct bench *b);

/* bench_rows.c. The last row has no name. */
extern const struct bench_row bench_rows[];
const struct bench_row *bench_row_find(const char *name);

/* bench_buffer.c, rows on common buffers */
int bench_ours_alloc(struct bench *b, size_t len, struct bench_buffer *buffer);
void bench_ours_free(struct bench *b, size_t len, struct bench_buffer *buffer);
int bench_raw_alloc(struct bench *b, size_t len, struct bench_buffer *buffer);
void bench_raw_free(struct bench *b, size_t len, struct bench_buffer *buffer);
int bench_ours_pairs(struct bench *b, unsigned int n);
int bench_raw_pairs(struct bench *b, unsigned int n);
int bench_ours_pairs_long(struct bench *b, unsigned int n);
int bench_raw_pairs_long(struct bench *b, unsigned int n);
int bench_ours_alloc_held(struct bench *b, unsigned int n);
int bench_ours_free_held(struct bench *b, unsigned int n);
int bench_raw_alloc_held(struct bench *b, unsigned int n);
int bench_raw_free_held(struct bench *b, unsigned int n);
int bench_ours_hold(struct bench *b, unsigned int n);
int bench_raw_hold(struct bench *b, unsigned int n);
PDMA_COMMON_BUFFER_VECTOR bench_vector_new(struct bench *b, unsigned int n);
int bench_ours_vector(struct bench *b, unsigned int n);
int bench_pool_setup(struct bench *b);
void bench_pool_cleanup(struct bench *b);
int bench_raw_pool(struct bench *b, unsigned int n);
unsigned long bench_slab_bytes(void);

/* bench_growth.c, rows that measure among many live objects */
int bench_populate(struct bench *b, struct bench_population *p, unsigned int live);
int bench_ours_choose(struct bench *b, unsigned int n);
int bench_raw_choose(struct bench *b, unsigned int n);
int bench_ours_free_chosen(struct bench *b, unsigned int n);
int bench_raw_free_chosen(struct bench *b, unsigned int n);
int bench_ours_refill(struct bench *b, unsigned int n);
int bench_raw_refill(struct bench *b, unsigned int n);
int bench_among_lists_setup(struct bench *b);
void bench_among_lists_cleanup(struct bench *b);
int bench_ours_list_fifo(struct bench *b, unsigned int n);
int bench_among_mdls_setup(struct bench *b);
void bench_among_mdls_cleanup(struct bench *b);
int bench_ours_list_among_mdls(struct bench *b, unsigned int n);

/* bench_lookup.c, rows on look-ups */
int bench_vector_setup(struct bench *b);
void bench_vector_cleanup(struct bench *b);
int bench_ours_vector_get(struct bench *b, unsigned int n);
int bench_raw_array(struct bench *b, unsigned int n);
int bench_va_setup(struct bench *b);
void bench_va_cleanup(struct bench *b);
int bench_ours_va(struct bench *b, unsigned int n);
int bench_raw_va(struct bench *b, unsigned int n);

/* bench_cache.c, rows on memory that the CPU does not cache, on x86 only */
int bench_ours_uncached(struct bench *b, unsigned int n);
int bench_raw_uncached(struct bench *b, unsigned int n);
int bench_ours_combined(struct bench *b, unsigned int n);
int bench_raw_combined(struct bench *b, unsigned int n);

/* bench_memory.c, memory of the rows on transfers */
struct bench_transfer *bench_transfer_make(struct bench *b, enum dma_data_direction direction);
int bench_transfer_setup(struct bench *b, enum dma_data_direction direction);
void bench_transfer_cleanup(struct bench *b);
void bench_transfer_release(struct bench *b, struct bench_transfer *t);

/* bench_raw.c, raw sides of the rows on transfers */
int bench_raw_table(struct bench *b, unsigned int n);
int bench_raw_fill(struct bench *b, unsigned int n);
#ifdef CONFIG_SG_POOL
int bench_raw_chain(struct bench *b, unsigned int n);
#else
#define bench_raw_chain	NULL
#endif
int bench_raw_pages(struct bench *b, unsigned int n);
int bench_raw_each(struct bench *b, unsigned int n);
int bench_raw_single(struct bench *b, unsigned int n);

/* bench_list.c, rows on scatter/gather lists */
PSCATTER_GATHER_LIST bench_list_get(struct bench *b, struct bench_transfer *t);
int bench_list_setup(struct bench *b);
int bench_ours_list(struct bench *b, unsigned int n);
int bench_ours_build_list(struct bench *b, unsigned int n);
int bench_ours_calculate_list(struct bench *b, unsigned int n);
int bench_ours_stor_list(struct bench *b, unsigned int n);
int bench_srb_setup(struct bench *b);
int bench_ours_srb(struct bench *b, unsigned int n);

/* bench_wdf.c, rows on KMDF */
int bench_wdf_setup(struct bench *b);
void bench_wdf_cleanup(struct bench *b);
int bench_ours_wdf(struct bench *b, unsigned int n);
int bench_ours_wdf_create(struct bench *b, unsigned int n);

/* bench_map.c, rows on map registers */
int bench_map_setup(struct bench *b);
int bench_ours_map_ex(struct bench *b, unsigned int n);
int bench_ours_map_loop(struct bench *b, unsigned int n);
int bench_ours_packet(struct bench *b, unsigned int n);

/* bench_from_mdl.c, rows on common buffers in the driver's own memory */
int bench_from_mdl_setup(struct bench *b);
int bench_ours_from_mdl(struct bench *b, unsigned int n);
int bench_count_map_ops(struct bench *b, unsigned long *large, unsigned long *small);

#ifdef CONFIG_X86
/* bench_locked.c, rows that count locked instructions */
void bench_locked(struct bench *b);
#else
static inline void bench_locked(struct bench *b)
{
}
#endif

/* bench_scaling.c */
void bench_scaling(struct bench *b, unsigned int cpus);

#endif /* WDMDMA_BENCH_H */
