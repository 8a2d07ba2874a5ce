/* SPDX-License-Identifier: GPL-2.0-only */
/* Common buffers: allocation, import of driver memory, free. See core/buffer.c. */
#ifndef WDMDMA_BUFFER_H
#define WDMDMA_BUFFER_H

#include "lib/handle.h"
#include "lib/page_set.h"
#include "objects.h"

struct wdmdma_adapter;

/**
 * struct wdmdma_free_args - what a driver says of the buffer that it frees
 * @call: the Windows call, for messages
 * @cpu: virtual address
 * @len: length
 * @dma: logical address, if @has_dma
 * @cache: the cache type it was allocated with, if @has_cache. A buffer that was
 *         allocated by a call without one (WDMDMA_CACHE_PLATFORM) is then not meant
 * @has_dma: the call says where the buffer is for the device
 * @has_cache: the call says how the buffer is cached
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
 * struct wdmdma_import - memory of the driver's own that is to become a buffer
 * @owner: as in struct wdmdma_imported, by pointer
 * @owner_type: what @owner is
 * @owner_cpu: as there
 * @owner_len: as there
 * @pfn: the pages; their number follows from the request's length
 * @cpu: their address for the CPU, page aligned
 * @direction: as there
 * @hold: take references to the pages, which must be such that allow it
 * @pinned: the pages are pinned ones of a process (lib/pins.h)
 */
struct wdmdma_import {
	const void *owner;
	enum wdmdma_handle_type owner_type;
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
void wdmdma_buffer_free_all(struct wdmdma_adapter *adapter, const char *when);

#endif /* WDMDMA_BUFFER_H */
