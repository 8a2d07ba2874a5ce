/* SPDX-License-Identifier: GPL-2.0-only */
/* Vectors of many common buffers of one size. See core/vector.c. */
#ifndef WDMDMA_VECTOR_H
#define WDMDMA_VECTOR_H

#include "core/lookup.h"
#include "lib/handle.h"
#include "objects.h"

struct wdmdma_adapter;
struct wdmdma_leaks;

/**
 * struct wdmdma_vector_block - elements of a vector that were allocated together
 * @buffer: memory of the elements. The addresses stay readable after the memory was freed
 * @vector: the vector
 * @live: number of elements that are not freed yet, or 0 if the memory is freed
 */
struct wdmdma_vector_block {
	struct wdmdma_buffer buffer;
	struct wdmdma_vector *vector;
	atomic_t live;
};

/**
 * struct wdmdma_vector - many common buffers of one size
 * @handle: known to the driver by the address of this structure
 * @adapter: the adapter
 * @node: in @adapter->vectors
 * @caller: where the vector was allocated, for leak reports
 * @count: number of elements
 * @len: bytes that the driver asked for, for each element
 * @stride: bytes from one element to the next, in whole pages
 * @per_block: number of elements in each block but the last
 * @blocks: length of @block
 * @dead: a bit for each element, set if the driver has freed the element. It is behind @block
 * @rcu: frees the vector once no look-up of the handle or of a block can see it
 * @block: the blocks
 */
struct wdmdma_vector {
	struct wdmdma_handle handle;
	struct wdmdma_adapter *adapter;
	struct list_head node;
	unsigned long caller;
	u32 count;
	size_t len;
	size_t stride;
	u32 per_block;
	u32 blocks;
	unsigned long *dead;
	struct rcu_head rcu;
	struct wdmdma_vector_block block[];
};

int wdmdma_vector_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request, u32 count,
			struct wdmdma_vector **result);
struct wdmdma_addresses wdmdma_vector_peek(const void *dma_adapter, const void *key, u32 index);
struct wdmdma_addresses wdmdma_vector_get(struct wdmdma_adapter *adapter, const char *call,
					  const void *key, u32 index);
void wdmdma_vector_free_element(struct wdmdma_adapter *adapter, const char *call, const void *key,
				u32 index);
void wdmdma_vector_free(struct wdmdma_adapter *adapter, const char *call, const void *key);
void wdmdma_vector_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks);

#endif /* WDMDMA_VECTOR_H */
