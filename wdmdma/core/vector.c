// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors of many common buffers of one size, which are allocated as few blocks.
 *
 * One block for all elements costs one mapping, one range of logical addresses and one flush.
 * If such a block cannot be allocated, the blocks get smaller, down to one element each. The
 * elements of a block are contiguous for CPU and device. The kernel cannot free a part of a
 * block, so the memory of a freed element stays until the last element of its block is freed.
 * A backend with @small_blocks gets a block for each element from the start.
 *
 * A look-up takes no lock. The table of elements must be written before the vector is
 * published, and must stay until the last look-up is done.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/buffer_record.h"
#include "core/core.h"
#include "core/fault.h"
#include "core/recycle.h"
#include "core/shortage.h"
#include "core/vector.h"
#include "core/verifier.h"
#include "lib/bug_check.h"
#include "lib/freed_memory.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "objects.h"

static struct wdmdma_vector *to_vector(struct wdmdma_handle *handle)
{
	return container_of(handle, struct wdmdma_vector, handle);
}

static void vector_free_record(struct kref *ref)
{
	struct wdmdma_vector *vector = to_vector(container_of(ref, struct wdmdma_handle, ref));

	kvfree_rcu(vector, rcu);
}

static struct wdmdma_vector *vector_new(struct wdmdma_adapter *adapter, u32 count, size_t len,
					u32 per_block)
{
	u32 blocks = DIV_ROUND_UP(count, per_block), i;
	struct wdmdma_vector *vector;

	vector = wdmdma_kvmalloc(size_add(struct_size(vector, block, blocks),
					  BITS_TO_LONGS(count) * sizeof(long)),
				 WDMDMA_GFP | __GFP_ZERO);
	if (!vector)
		return NULL;
	vector->dead = (unsigned long *)&vector->block[blocks];
	vector->adapter = adapter;
	vector->count = count;
	vector->len = len;
	vector->stride = PAGE_ALIGN(len);
	vector->per_block = per_block;
	vector->blocks = blocks;
	for (i = 0; i < blocks; i++) {
		vector->block[i].vector = vector;
		atomic_set(&vector->block[i].live, min(per_block, count - i * per_block));
	}
	return vector;
}

/* Free the first @blocks blocks, except for blocks whose memory is freed already. */
static void vector_free_blocks(struct wdmdma_vector *vector, u32 blocks)
{
	u32 i;

	lockdep_assert_held(&vector->adapter->device->sem);
	for (i = 0; i < blocks; i++)
		if (atomic_xchg(&vector->block[i].live, 0))
			wdmdma_block_free(vector->adapter, &vector->block[i].buffer);
}

/* Allocate the memory of all blocks. On failure free it again. */
static int vector_alloc_blocks(struct wdmdma_vector *vector, struct wdmdma_request *request)
{
	u32 i;
	int ret;

	lockdep_assert_held(&vector->adapter->device->sem);
	for (i = 0; i < vector->blocks; i++) {
		struct wdmdma_request part = *request;

		part.len = atomic_read(&vector->block[i].live) * vector->stride;
		ret = wdmdma_block_alloc(vector->adapter, &part, &vector->block[i].buffer);
		/* Recycled buffers may hold the memory or addresses that the block needs. */
		if (ret == -ENOMEM && wdmdma_recycle_drain(vector->adapter, ULONG_MAX))
			ret = wdmdma_block_alloc(vector->adapter, &part, &vector->block[i].buffer);
		if (ret) {
			request->refusal = part.refusal;
			vector_free_blocks(vector, i);
			return ret;
		}
	}
	return 0;
}

/* Return how many elements a block has at first. Large pages are always one block. */
static u32 vector_first_per_block(const struct wdmdma_adapter *adapter,
				  const struct wdmdma_request *request, u32 count)
{
	return adapter->device->backend->small_blocks && !request->granule ? 1 : count;
}

/* Give a vector to the adapter, and let the driver find it. */
static void vector_publish(struct wdmdma_vector *vector)
{
	struct wdmdma_adapter *adapter = vector->adapter;

	lockdep_assert_held(&adapter->device->sem);
	spin_lock(&adapter->vectors_lock);
	list_add(&vector->node, &adapter->vectors);
	spin_unlock(&adapter->vectors_lock);
	wdmdma_handle_publish(&vector->handle, WDMDMA_HANDLE_VECTOR, vector);
}

static void vector_refused(struct wdmdma_adapter *adapter, const struct wdmdma_request *request,
			   u32 count, bool shortage)
{
	char text[WDMDMA_SHORTAGE_TEXT] = "";

	if (shortage)
		wdmdma_shortage_explain(adapter, request, text, sizeof(text));
	wdmdma_refuse_for(adapter->device, request->call, request->refusal.reason,
			  "%u elements of %zu bytes: %s%s", count, request->len,
			  request->refusal.reason, text);
}

/* Return 0, or -ENOMEM if so many elements cannot be had, or the verifier makes the call fail. */
static int vector_check(const struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			u32 count)
{
	size_t stride = PAGE_ALIGN(request->len);

	if (count > INT_MAX || (u64)count * (stride >> PAGE_SHIFT) > totalram_pages())
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "more elements than memory has pages");
	if (wdmdma_fault(adapter->device, WDMDMA_FAIL_VECTOR))
		return wdmdma_deny(&request->refusal, -ENOMEM,
				   "the verifier makes this call fail");
	return 0;
}

/**
 * wdmdma_vector_alloc() - allocate a vector
 * @adapter: the adapter
 * @request: the length of one element, and the limits for all elements
 * @count: number of elements
 * @result: receives the vector
 *
 * Context: may sleep.
 * Return: 0, or a negative errno as from wdmdma_buffer_alloc(), reported. After a failure no
 * element is allocated.
 */
int wdmdma_vector_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request, u32 count,
			struct wdmdma_vector **result)
{
	struct wdmdma_device *device = adapter->device;
	u32 per_block = vector_first_per_block(adapter, request, count);
	struct wdmdma_vector *vector;
	int ret;

	ret = vector_check(adapter, request, count);
	if (ret)
		goto refuse;

	down_read(&device->sem);
	for (;;) {
		ret = -ENOMEM;
		request->refusal.reason = "out of memory";
		vector = vector_new(adapter, count, request->len, per_block);
		if (!vector)
			break;
		ret = vector_alloc_blocks(vector, request);
		if (!ret)
			break;
		kvfree_rcu(vector, rcu);	/* look-ups may have seen its blocks */
		/* Large pages must be one block. All other memory may come in smaller blocks. */
		if (per_block == 1 || request->granule || (ret != -ENOMEM && ret != -EINVAL))
			break;
		per_block = DIV_ROUND_UP(per_block, 2);
	}
	if (!ret) {
		vector->caller = request->caller;
		vector_publish(vector);
		*result = vector;
	}
	up_read(&device->sem);
	if (!ret)
		return 0;
refuse:
	vector_refused(adapter, request, count, ret == -ENOMEM);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_vector_alloc);

/* Return the adapter's live vector with this key and a reference, or NULL. Any context. */
static struct wdmdma_vector *vector_find(struct wdmdma_adapter *adapter, const void *key)
{
	struct wdmdma_handle *handle = wdmdma_handle_find(WDMDMA_HANDLE_VECTOR, key);

	if (handle && to_vector(handle)->adapter != adapter) {
		kref_put(&handle->ref, vector_free_record);
		handle = NULL;
	}
	return handle ? to_vector(handle) : NULL;
}

static void vector_put(struct wdmdma_vector *vector)
{
	kref_put(&vector->handle.ref, vector_free_record);
}

/* Report misuse, which has this code in Windows' bug check 0x1DC. */
static void vector_misuse(const struct wdmdma_adapter *adapter, const char *call, unsigned int code,
			  const char *what, u32 index)
{
	wdmdma_refuse_bug_for(adapter->device, call, WDMDMA_VECTOR_CODE(code), what,
			      "%s, index %u", what, index);
}

/* Return true if the element exists and is live. Otherwise report the misuse. */
static bool vector_index_ok(struct wdmdma_vector *vector, const char *call, u32 index)
{
	if (index >= vector->count)
		vector_misuse(vector->adapter, call, 3, "index out of bounds", index);
	else if (test_bit(index, vector->dead))
		vector_misuse(vector->adapter, call, 4, "the element is freed", index);
	else
		return true;
	return false;
}

static struct wdmdma_addresses vector_element(const struct wdmdma_vector *vector, u32 index)
{
	const struct wdmdma_vector_block *block = &vector->block[index / vector->per_block];
	size_t offset = index % vector->per_block * vector->stride;

	return (struct wdmdma_addresses){ block->buffer.cpu + offset, block->buffer.dma + offset };
}

/**
 * wdmdma_vector_peek() - get the addresses of a live element on the fast path
 * @dma_adapter: the adapter, as the driver names it
 * @key: the vector, as the driver names it
 * @index: the element
 *
 * The adapter is not looked up, because the vector points to its adapter and is freed first.
 *
 * Context: any.
 * Return: the addresses. The CPU address is NULL if an argument is wrong, and the caller should
 * then call wdmdma_vector_get(), which reports the mistake.
 */
struct wdmdma_addresses wdmdma_vector_peek(const void *dma_adapter, const void *key, u32 index)
{
	struct wdmdma_addresses at = {};
	struct wdmdma_handle *handle;
	struct wdmdma_vector *vector;

	wdmdma_peek_lock();
	handle = wdmdma_handle_peek(WDMDMA_HANDLE_VECTOR, key);
	if (handle) {
		vector = to_vector(handle);
		if (vector->adapter->dma_adapter == dma_adapter && index < vector->count &&
		    !test_bit(index, vector->dead))
			at = vector_element(vector, index);
	}
	wdmdma_peek_unlock();
	return at;
}

/**
 * wdmdma_vector_get() - get the addresses of an element
 * @adapter: the adapter
 * @call: the Windows call, for messages
 * @key: the vector, as the driver names it
 * @index: the element
 *
 * Context: any.
 * Return: the addresses. The CPU address is NULL if there is no such live element, which is
 * reported.
 */
struct wdmdma_addresses wdmdma_vector_get(struct wdmdma_adapter *adapter, const char *call,
					  const void *key, u32 index)
{
	struct wdmdma_vector *vector = vector_find(adapter, key);
	struct wdmdma_addresses at = {};

	if (!vector) {
		wdmdma_refuse(adapter->device, call, "%p is no live vector of this adapter", key);
		return at;
	}
	if (vector_index_ok(vector, call, index))
		at = vector_element(vector, index);
	vector_put(vector);
	return at;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_vector_get);

/* Free one element. The memory is freed with the last element of its block. May sleep. */
void wdmdma_vector_free_element(struct wdmdma_adapter *adapter, const char *call, const void *key,
				u32 index)
{
	struct wdmdma_vector_block *block;
	struct wdmdma_vector *vector;

	down_read(&adapter->device->sem);
	vector = vector_find(adapter, key);
	if (!vector) {
		wdmdma_refuse(adapter->device, call, "%p is no live vector of this adapter", key);
		goto unlock;
	}
	if (vector_index_ok(vector, call, index)) {
		if (!test_bit(index, vector->dead))
			wdmdma_going(vector_element(vector, index).cpu, vector->len, call);
		block = &vector->block[index / vector->per_block];
		if (test_and_set_bit(index, vector->dead))
			vector_misuse(adapter, call, 4, "the element is freed", index);
		else if (atomic_dec_if_positive(&block->live) == 0)
			wdmdma_block_free(adapter, &block->buffer);
	}
	vector_put(vector);
unlock:
	up_read(&adapter->device->sem);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_vector_free_element);

/* Free a vector that the caller has retired. */
static void vector_destroy(struct wdmdma_vector *vector)
{
	struct wdmdma_adapter *adapter = vector->adapter;

	lockdep_assert_held(&adapter->device->sem);
	spin_lock(&adapter->vectors_lock);
	list_del(&vector->node);
	spin_unlock(&adapter->vectors_lock);
	vector_free_blocks(vector, vector->blocks);
	vector_put(vector);
}

/* Free a vector and its remaining elements. May sleep. */
void wdmdma_vector_free(struct wdmdma_adapter *adapter, const char *call, const void *key)
{
	struct wdmdma_vector *vector;

	down_read(&adapter->device->sem);
	vector = vector_find(adapter, key);
	if (vector && wdmdma_handle_retire(&vector->handle))
		vector_destroy(vector);
	else
		wdmdma_refuse_bug(adapter->device, call, WDMDMA_DMA_CODE(0x03),
				  "%p is no live vector of this adapter", key);
	if (vector)
		vector_put(vector);
	up_read(&adapter->device->sem);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_vector_free);

/* Free and report the remaining vectors of an adapter that goes away. */
void wdmdma_vector_free_all(struct wdmdma_adapter *adapter, struct wdmdma_leaks *leaks)
{
	struct device *dev = adapter->device->dev;
	struct wdmdma_vector *vector, *next;
	const char *when = leaks->when;

	lockdep_assert_held_write(&adapter->device->sem);
	list_for_each_entry_safe(vector, next, &adapter->vectors, node) {
		if (wdmdma_leak_is_shown(&leaks->vectors))
			dev_warn(dev,
				 "%s: vector leaked (bug check 0x1DC, code 5): %u elements, allocated at %s\n",
				 when, vector->count, WDMDMA_FUNCTION(vector->caller));
		wdmdma_verifier_report(adapter->device, when, WDMDMA_VECTOR_CODE(5));
		wdmdma_handle_retire(&vector->handle);
		vector_destroy(vector);
	}
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_vector_free_all);
