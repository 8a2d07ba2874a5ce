/* SPDX-License-Identifier: GPL-2.0-only */
/* Recycling of an adapter's freed buffers for its next allocations. See core/recycle.c. */
#ifndef WDMDMA_RECYCLE_H
#define WDMDMA_RECYCLE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "lib/page_set.h"
#include "objects.h"

struct wdmdma_adapter;
struct wdmdma_buffer;
struct wdmdma_request;

#define WDMDMA_RECYCLE_ORDERS 10 /* up to 2 MiB where a page has 4 KiB */
#define WDMDMA_RECYCLE_CACHES (WDMDMA_CACHE_WRITE_COMBINED + 1)

/**
 * struct wdmdma_recycler - recycled buffers of an adapter
 * @lock: protects @mode, @stack, @pages and the counters, and may be taken in any context. A
 *        buffer of the adapter must be claimed for its free with @lock held
 * @mode: WDMDMA_RECYCLE_NONE while the recycler is closed, when no buffers may be in it
 * @pages: number of recycled pages
 * @hits: number of allocations that were given a recycled buffer
 * @misses: number of allocations that could have been given one, had there been one
 * @zero: zero recycled memory of the platform's cache type. Set before the recycler is opened
 * @uncached: recycle memory of other cache types. Set like @zero
 * @stack: the buffer that was freed last, for each cache type and order
 * @node: in the list of open recyclers
 */
struct wdmdma_recycler {
	raw_spinlock_t lock;	/* protects mode, stack, pages and the counters */
	enum wdmdma_recycle_mode mode;
	unsigned int pages;
	unsigned long hits;
	unsigned long misses;
	bool zero;
	bool uncached;
	struct wdmdma_buffer *stack[WDMDMA_RECYCLE_CACHES][WDMDMA_RECYCLE_ORDERS];
	struct list_head node;
};

/* core/recycle.c */
extern unsigned int wdmdma_recycle_limit;

/*
 * Return true if recycled memory of this cache type must be zeroed. Memory that the module has made
 * uncached or write-combined must never be zeroed, because that takes a bus cycle for each word.
 */
static inline bool wdmdma_recycle_zeroes(const struct wdmdma_recycler *recycler,
					 enum wdmdma_cache cache)
{
	return recycler->zero && cache == WDMDMA_CACHE_PLATFORM;
}

bool wdmdma_recycle_allows(const struct wdmdma_adapter *adapter,
			   const struct wdmdma_request *request);
struct wdmdma_buffer *wdmdma_recycle_take(struct wdmdma_adapter *adapter,
					  const struct wdmdma_request *request);
bool wdmdma_recycle_put(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer);
void *wdmdma_recycle_take_page(struct wdmdma_adapter *adapter, size_t len, unsigned long caller,
			       dma_addr_t *dma);
bool wdmdma_recycle_put_page(struct wdmdma_adapter *adapter, void *cpu, dma_addr_t dma, size_t len);
unsigned long wdmdma_recycle_drain(struct wdmdma_adapter *adapter, unsigned long pages);

/* core/recycle_limit.c */
void wdmdma_recycle_init(struct wdmdma_recycler *recycler);
void wdmdma_recycle_open(struct wdmdma_adapter *adapter);
void wdmdma_recycle_close(struct wdmdma_adapter *adapter);
#ifdef CONFIG_WDMDMA_KUNIT
unsigned int wdmdma_recycle_set_limit(unsigned int pages);
int wdmdma_recycle_write_limit(const char *value);
bool wdmdma_recycle_set_mapped(bool mapped);
int wdmdma_recycle_set_zero(const char *value);
unsigned long wdmdma_recycle_count(void);
#endif
unsigned long wdmdma_recycle_shrink(unsigned long pages);

/* For main.c */
int wdmdma_recycle_register(void);
void wdmdma_recycle_unregister(void);

#endif /* WDMDMA_RECYCLE_H */
