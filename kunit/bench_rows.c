// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark. Documentation/performance.rst says what a row means and what
 * its result should be.
 */
#include <linux/string.h>

#include "bench.h"

#define PAIRS(row_name, length, batch, of_one)						\
	{ .name = row_name, .instead = "dma_alloc_coherent", .len = length, .n = batch,	\
	  .singles = of_one,								\
	  .ours = { .run = bench_ours_pairs }, .raw = { .run = bench_raw_pairs } }

#define PAIRS_AMONG(row_name, population)						\
	{ .name = row_name, .instead = "dma_alloc_coherent", .live = population,	\
	  .len = SZ_4K, .n = 512,							\
	  .ours = { .run = bench_ours_pairs }, .raw = { .run = bench_raw_pairs } }

#define POOL(row_name, length)								\
	{ .name = row_name, .instead = "dma_pool", .len = length, .n = 512,		\
	  .setup = bench_pool_setup, .cleanup = bench_pool_cleanup,			\
	  .ours = { .run = bench_ours_pairs }, .raw = { .run = bench_raw_pool } }

#define FREE_RANDOM(row_name, population, batch)					\
	{ .name = row_name, .instead = "dma_free_coherent", .live = population, .n = batch, \
	  .ours = { .prepare = bench_ours_choose, .run = bench_ours_free_chosen,	\
		    .finish = bench_ours_refill },					\
	  .raw = { .prepare = bench_raw_choose, .run = bench_raw_free_chosen,		\
		   .finish = bench_raw_refill } }

#define FREE_RANDOM_OURS(row_name, population)						\
	{ .name = row_name, .live = population, .n = 64,				\
	  .ours = { .prepare = bench_ours_choose, .run = bench_ours_free_chosen,	\
		    .finish = bench_ours_refill } }

/* Walking a long list is slow, so the raw side may do fewer look-ups. */
#define VA_TO_LA(row_name, population, raw_batch)					\
	{ .name = row_name, .instead = "list walk", .live = population,			\
	  .n = BENCH_LOOKUPS, .raw_n = raw_batch,					\
	  .setup = bench_va_setup, .cleanup = bench_va_cleanup,				\
	  .ours = { .run = bench_ours_va }, .raw = { .run = bench_raw_va } }

#define TRANSFER(row_name, length, batch, kind, calls, against)			\
	.name = row_name, .instead = #against, .len = length, .n = batch,		\
	.setup = bench_##kind##_setup, .cleanup = bench_transfer_cleanup,		\
	.ours = { .run = bench_ours_##calls }, .raw = { .run = bench_raw_##against }

#define KMDF(row_name, length, batch, calls)						\
	{ .name = row_name, .instead = "our list", .len = length, .n = batch,		\
	  .setup = bench_wdf_setup, .cleanup = bench_wdf_cleanup,			\
	  .ours = { .run = bench_ours_##calls }, .raw = { .run = bench_ours_list } }

#define LIMIT .limit = { .run = bench_raw_table }

/* One page that begins at a page boundary is contiguous in any case. */
#define FROM_MDL(row_name, length, batch)						\
	{ TRANSFER(row_name, length, batch, from_mdl, from_mdl, pages), LIMIT,		\
	  .translated = true }

#define AMONG_MDLS(row_name, number, calls)						\
	{ .name = row_name, .len = SZ_4K, .among = number, .n = 64,			\
	  .setup = bench_among_mdls_setup, .cleanup = bench_among_mdls_cleanup,		\
	  .ours = { .run = bench_ours_##calls } }

#define AMONG_LISTS(row_name, number, calls)						\
	{ .name = row_name, .len = SZ_4K, .among = number, .n = 64,			\
	  .setup = bench_among_lists_setup, .cleanup = bench_among_lists_cleanup,	\
	  .ours = { .run = bench_ours_##calls } }

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

	/* Common buffers */
	PAIRS("alloc_free_4k", SZ_4K, 512, 2000),
	PAIRS("alloc_free_16k", SZ_16K, 512, 0),
	PAIRS("alloc_free_64k", SZ_64K, 512, 1000),
	PAIRS("alloc_free_256k", SZ_256K, 64, 0),
	PAIRS("alloc_free_1m", SZ_1M, 16, 0),
	PAIRS("alloc_free_2m", SZ_2M, 8, 0),
	{ .name = "alloc_free_4k_long", .instead = "dma_alloc_coherent", .len = SZ_4K, .n = 8192,
	  .ours = { .run = bench_ours_pairs_long }, .raw = { .run = bench_raw_pairs_long } },
	{ .name = "alloc_4k", .instead = "dma_alloc_coherent", .len = SZ_4K, .n = 512,
	  .singles = 1000,
	  .ours = { .run = bench_ours_alloc_held, .finish = bench_ours_free_held },
	  .raw = { .run = bench_raw_alloc_held, .finish = bench_raw_free_held } },
	{ .name = "hold_1000x4k", .instead = "dma_alloc_coherent", .len = SZ_4K, .n = 1000,
	  .ours = { .run = bench_ours_hold }, .raw = { .run = bench_raw_hold } },
	POOL("pool_4k", SZ_4K),
	POOL("pool_256", 256),
	{ .name = "vector_1024x4k", .instead = "dma_alloc_coherent", .len = SZ_4K, .n = 1024,
	  .ours = { .run = bench_ours_vector }, .raw = { .run = bench_raw_hold } },
	{ .name = "vector_lookup", .instead = "array", .len = SZ_4K, .n = BENCH_LOOKUPS,
	  .singles = 1000,
	  .setup = bench_vector_setup, .cleanup = bench_vector_cleanup,
	  .ours = { .run = bench_ours_vector_get }, .raw = { .run = bench_raw_array } },
#ifdef CONFIG_X86
	{ .name = "uncached_64k", .instead = "set_pages_array_uc", .len = SZ_64K, .n = 16,
	  .ours = { .run = bench_ours_uncached }, .raw = { .run = bench_raw_uncached } },
	{ .name = "write_combined_64k", .instead = "set_pages_array_wc", .len = SZ_64K, .n = 16,
	  .ours = { .run = bench_ours_combined }, .raw = { .run = bench_raw_combined } },
#endif
	FROM_MDL("from_mdl_1_page", SZ_4K, 64),
	FROM_MDL("from_mdl_16_pages", SZ_64K, 16),
	FROM_MDL("from_mdl_512_pages", SZ_2M, 4),

	/* Lists */
	{ TRANSFER("list_4k", SZ_4K, 128, list, list, single) },
	{ TRANSFER("list_64k", SZ_64K, 64, list, list, fill), LIMIT },
	{ TRANSFER("list_1m", SZ_1M, 8, list, list, fill), LIMIT },
	{ TRANSFER("list_64k_pages", SZ_64K, 64, list, list, pages), LIMIT },
	{ TRANSFER("list_1m_pages", SZ_1M, 8, list, list, pages), LIMIT },
	{ TRANSFER("list_1m_contiguous", SZ_1M, 64, list, list, single),
	  .contiguous = true },
	{ TRANSFER("list_1500_two_pages", 1500, 128, list, list, each), LIMIT, .offset = 3000 },
	{ TRANSFER("build_list_4k", SZ_4K, 128, list, build_list, single) },
	{ TRANSFER("stor_list_4k", SZ_4K, 128, list, stor_list, single) },
	{ TRANSFER("srb_64k", SZ_64K, 64, srb, srb, chain), LIMIT },
	{ .name = "calculate_list_64k", .len = SZ_64K, .n = 64,
	  .setup = bench_list_setup, .cleanup = bench_transfer_cleanup,
	  .ours = { .run = bench_ours_calculate_list } },

	/* Map registers */
	{ TRANSFER("map_ex_4k", SZ_4K, 128, map, map_ex, single) },
	{ TRANSFER("map_ex_64k", SZ_64K, 64, map, map_ex, fill), LIMIT },
	{ TRANSFER("map_loop_64k", SZ_64K, 32, map, map_loop, each), LIMIT },
	{ TRANSFER("map_loop_1m", SZ_1M, 2, map, map_loop, each), LIMIT },
	{ TRANSFER("packet_4k", SZ_4K, 128, list, packet, single) },

#ifdef BENCH_WDF
	/* KMDF */
	KMDF("wdf_4k", SZ_4K, 128, wdf),
	KMDF("wdf_64k", SZ_64K, 64, wdf),
	KMDF("wdf_create_64k", SZ_64K, 64, wdf_create),
#endif

	/* Growth */
	AMONG_MDLS("list_among_10_mdls", 10, list_among_mdls),
	AMONG_MDLS("list_among_50k_mdls", 50000, list_among_mdls),
	AMONG_MDLS("alloc_among_10_mdls", 10, pairs),
	AMONG_MDLS("alloc_among_50k_mdls", 50000, pairs),
	AMONG_LISTS("list_fifo_among_10", 10, list_fifo),
	AMONG_LISTS("list_fifo_among_100k", BENCH_MANY, list_fifo),
	AMONG_LISTS("list_lifo_among_10", 10, list),
	AMONG_LISTS("list_lifo_among_100k", BENCH_MANY, list),
	AMONG_LISTS("alloc_among_10_lists", 10, pairs),
	AMONG_LISTS("alloc_among_100k_lists", BENCH_MANY, pairs),
	FREE_RANDOM_OURS("free_random_374k", BENCH_MORE),
	FREE_RANDOM_OURS("free_random_1m", BENCH_MOST),
	{}
};

/* Return the row of that name, which must exist. */
const struct bench_row *bench_row_find(const char *name)
{
	const struct bench_row *row = bench_rows;

	while (strcmp(row->name, name))
		row++;
	return row;
}
