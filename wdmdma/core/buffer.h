/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation, import and free of common buffers. See core/buffer.c. */
#ifndef WDMDMA_BUFFER_H
#define WDMDMA_BUFFER_H

#include "lib/handle.h"
#include "lib/page_set.h"
#include "objects.h"

struct wdmdma_adapter;
struct wdmdma_leaks;

/**
 * struct wdmdma_free_args - what a driver says about the buffer that it frees
 * @call: the Windows call, for messages
 * @cpu: virtual address
 * @len: length in bytes
 * @dma: logical address, valid if @has_dma
 * @cache: cache type of the allocation, valid if @has_cache. The free must not match a
 *         buffer from a call without a cache type (WDMDMA_CACHE_PLATFORM) then
 * @has_dma: the call passes a logical address
 * @has_cache: the call passes a cache type
 */
struct wdmdma_free_args {
	const char *call;
	void *cpu;
	size_t len;
	dma_addr_t dma;
	enum wdmdma_cache cache;
	bool has_dma;
	bool has_cache;
};

/**
 * struct wdmdma_import - memory of the driver's own to import as a common buffer
 * @owner: the driver's object that describes the memory
 * @owner_cpu: CPU address of all the memory that @owner describes
 * @owner_len: length of all the memory that @owner describes
 * @pfn: the pages. Their number follows from the request's length
 * @cpu: page-aligned CPU address of the pages
 * @direction: what the device may do, as in struct wdmdma_imported
 * @hold: take a reference to each page. The pages must allow references
 * @pinned: the pages belong to a process and are pinned (lib/pins.h)
 */
struct wdmdma_import {
	const void *owner;
	void *owner_cpu;
	size_t owner_len;
	const unsigned long *pfn;
	void *cpu;
	enum dma_data_direction direction;
	bool hold;
	bool pinned;
};

int wdmdma_buffer_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			void **cpu, dma_addr_t *dma);
int wdmdma_buffer_import(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			 const struct wdmdma_import *import, dma_addr_t *dma);
int wdmdma_buffer_free(struct wdmdma_adapter *adapter, const char *call, void *cpu,
		       dma_addr_t dma, size_t len);
int wdmdma_buffer_free_by_args(struct wdmdma_adapter *adapter, const struct wdmdma_free_args *args);
void wdmdma_buffer_free_deferred(struct wdmdma_adapter *adapter);
void wdmdma_buffer_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks);

#endif /* WDMDMA_BUFFER_H */
