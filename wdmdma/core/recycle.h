/* SPDX-License-Identifier: GPL-2.0-only */
/* What an adapter keeps of freed buffers, for its next allocations. See core/recycle.c. */
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

#define WDMDMA_KEEP_ORDERS	10	/* up to 2 MiB where a page has 4 KiB */
#define WDMDMA_KEEP_CACHES	(WDMDMA_CACHE_WRITE_COMBINED + 1)

/**
 * struct wdmdma_kept - buffers that an adapter keeps
 * @lock: protects @mode, @stack and @pages; taken in any context
 * @mode: WDMDMA_KEPT_NONE while it is closed, and then nothing is in it
 * @stack: for each cache type and order: the one freed last
 * @pages: how many pages are kept
 * @node: in the list of open keeps
 */
struct wdmdma_kept {
	raw_spinlock_t lock;	/* protects mode, stack and pages */
	enum wdmdma_kept_mode mode;
	struct wdmdma_buffer *stack[WDMDMA_KEEP_CACHES][WDMDMA_KEEP_ORDERS];
	unsigned int pages;
	struct list_head node;
};

void wdmdma_keep_init(struct wdmdma_kept *keep);
void wdmdma_keep_open(struct wdmdma_adapter *adapter);
void wdmdma_keep_close(struct wdmdma_adapter *adapter);
bool wdmdma_keep_allows(const struct wdmdma_adapter *adapter,
			const struct wdmdma_request *request);
struct wdmdma_buffer *wdmdma_keep_take(struct wdmdma_adapter *adapter,
				       const struct wdmdma_request *request);
bool wdmdma_keep_put(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer);
void *wdmdma_keep_take_page(struct wdmdma_adapter *adapter, size_t len, unsigned long caller,
			    dma_addr_t *dma);
bool wdmdma_keep_put_page(struct wdmdma_adapter *adapter, void *cpu, dma_addr_t dma, size_t len);
unsigned long wdmdma_keep_drain(struct wdmdma_adapter *adapter, unsigned long pages);
#ifdef CONFIG_WDMDMA_KUNIT
unsigned int wdmdma_keep_set_limit(unsigned int pages);
int wdmdma_keep_write_limit(const char *value);
bool wdmdma_keep_set_mapped(bool mapped);
#endif
unsigned long wdmdma_keep_shrink(unsigned long pages);

/* For main.c */
int wdmdma_keep_register(void);
void wdmdma_keep_unregister(void);

#endif /* WDMDMA_RECYCLE_H */
