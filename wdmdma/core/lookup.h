/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of an adapter's live buffers (core/lookup.c), and the query of a buffer's
 * attributes (core/buffer_info.c).
 */
#ifndef WDMDMA_LOOKUP_H
#define WDMDMA_LOOKUP_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "lib/page_set.h"
#include "objects.h"

struct device;
struct wdmdma_adapter;
struct wdmdma_buffer;

/**
 * struct wdmdma_lookup - index of an adapter's buffers, by any address inside them
 * @physical: the device, if its logical addresses are physical addresses, or NULL. Set before the
 *            first insertion
 * @page_by_cpu: records of one page, by CPU address
 * @page_by_dma: records of one page, by logical address. Without the records that are found by
 *               the linear map
 * @by_cpu: longer records, by CPU page, counted from the start of the linear map
 * @by_dma: longer records, by logical page
 * @insert: serialises insertions, so that no two records overlap
 * @records: all records, with the records of one page before the longer records
 * @nr: number of records
 * @pages: number of pages of all records
 * @most_nr: highest value that @nr had
 * @most_pages: highest value that @pages had
 * @inserted: number of records that were ever inserted
 * @lock: protects @records and the counters, which debugfs reads without the lock
 */
struct wdmdma_lookup {
	struct device *physical;
	struct rhashtable page_by_cpu;
	struct rhashtable page_by_dma;
	struct xarray by_cpu;
	struct xarray by_dma;
	struct mutex insert;	/* serialises insertions */
	struct list_head records;
	unsigned long nr;
	unsigned long pages;
	unsigned long most_nr;
	unsigned long most_pages;
	unsigned long inserted;
	spinlock_t lock;	/* protects records and the counters */
};

/**
 * struct wdmdma_extent - a whole record, or the element of a vector that is a part of it
 * @start: offset in the record's memory
 * @len: bytes that the driver asked for, or 0 if no live buffer or element is there
 */
struct wdmdma_extent {
	size_t start;
	size_t len;
};

/**
 * struct wdmdma_info - attributes of an allocated buffer or element
 * @cpu: CPU address of the first byte
 * @dma: logical address of the first byte
 * @len: bytes that the driver asked for
 * @size: length in whole pages, in bytes
 * @node: NUMA node of all pages, or NUMA_NO_NODE if the pages are on several nodes
 * @cache: cache type of the CPU's mapping, never WDMDMA_CACHE_PLATFORM
 * @page_size: SZ_2M or PAGE_SIZE, for the memory and the IOMMU mapping alike
 * @contiguous: the pages are physically contiguous
 */
struct wdmdma_info {
	void *cpu;
	dma_addr_t dma;
	size_t len;
	size_t size;
	int node;
	enum wdmdma_cache cache;
	size_t page_size;
	bool contiguous;
};

int wdmdma_lookup_init(struct wdmdma_lookup *lookup);
void wdmdma_lookup_destroy(struct wdmdma_lookup *lookup);
int wdmdma_lookup_insert(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer);
u64 wdmdma_lookup_highest_shared(const struct wdmdma_lookup *lookup);
void wdmdma_lookup_erase(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer);
int wdmdma_lookup_show_dma(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer);
void wdmdma_lookup_hide_dma(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer);
struct wdmdma_buffer *wdmdma_lookup_by_cpu(struct wdmdma_lookup *lookup, const void *cpu);
struct wdmdma_buffer *wdmdma_lookup_by_dma(struct wdmdma_lookup *lookup, dma_addr_t dma);
struct wdmdma_extent wdmdma_lookup_extent(const struct wdmdma_buffer *buffer, size_t offset);
unsigned long wdmdma_lookup_last_page(const struct wdmdma_buffer *buffer);
size_t wdmdma_lookup_to_dma(struct wdmdma_lookup *lookup, const void *cpu, dma_addr_t *dma);
size_t wdmdma_lookup_to_cpu(struct wdmdma_lookup *lookup, dma_addr_t dma, void **cpu);

/* core/buffer_info.c */
int wdmdma_info_get(struct wdmdma_adapter *adapter, const void *cpu, struct wdmdma_info *info);

#endif /* WDMDMA_LOOKUP_H */
