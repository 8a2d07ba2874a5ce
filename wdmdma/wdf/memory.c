// SPDX-License-Identifier: GPL-2.0-only
/* Memory objects. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <wdmdma/pool.h>

#include <ddk/wdfmemory.h>

#include "wdf/device.h"

/**
 * struct wdf_memory - memory
 * @object: the first member
 * @buffer: the memory
 * @size: bytes
 * @own: @buffer is freed with the object
 */
struct wdf_memory {
	struct wdf_object object;
	void *buffer;
	size_t size;
	bool own;
};

static void wdf_memory_free(struct wdf_object *object)
{
	struct wdf_memory *memory = container_of(object, struct wdf_memory, object);

	if (memory->own) {
		wdmdma_pool_going(memory->buffer, memory->size, "WdfObjectDelete");
		kfree(memory->buffer);
	}
	kfree(memory);
}

static const struct wdf_class wdf_memory_class = {
	.name = "WDFMEMORY",
	.free = wdf_memory_free,
};

/* The types of pool that Windows gives to drivers, and what may be added to them. */
#define WDF_POOL_TYPES		(BIT(NonPagedPool) | BIT(PagedPool) | \
				 BIT(NonPagedPoolCacheAligned) | BIT(PagedPoolCacheAligned))
#define WDF_POOL_TYPE_FLAGS	(NonPagedPoolSession | NonPagedPoolNx | \
				 POOL_QUOTA_FAIL_INSTEAD_OF_RAISE | \
				 POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_COLD_ALLOCATION | \
				 POOL_ZERO_ALLOCATION)

static bool wdf_pool_type_is_unknown(POOL_TYPE type, const char *call)
{
	const unsigned int base = type & ~WDF_POOL_TYPE_FLAGS;

	if (base < BITS_PER_LONG && WDF_POOL_TYPES & BIT(base))
		return false;
	wdmdma_report(call, "PoolType 0x%x is refused", type);
	return true;
}

/* Report a length of 0, and memory that wraps round. Return true if it is one. */
static bool wdf_memory_is_wrong(const void *buffer, size_t size, const char *call)
{
	if (size && (unsigned long)buffer + size >= size)
		return false;
	wdmdma_report(call, "BufferSize is %s", size ? "more than memory has from Buffer on" : "0");
	return true;
}

static struct wdf_memory *wdf_memory_new(void *buffer, size_t size, bool own)
{
	struct wdf_memory *memory = buffer ? kzalloc(sizeof(*memory), wdf_gfp()) : NULL;

	if (!memory) {
		if (own)
			kfree(buffer);
		return NULL;
	}
	wdf_object_init(&memory->object, &wdf_memory_class);
	memory->buffer = buffer;
	memory->size = size;
	memory->own = own;
	return memory;
}

/**
 * WdfMemoryCreate() - allocate memory that is freed with an object
 * @attributes: callbacks, context and parent. Optional
 * @pool_type: a type that ExAllocatePoolWithTag() takes. It has no effect, because nothing is
 *	paged out
 * @pool_tag: not used
 * @buffer_size: bytes
 * @memory: receives the handle, or NULL on failure
 * @buffer: receives the address. Optional
 *
 * Answers to wdf: WdfMemoryCreate. The memory is not initialized. It is aligned to 16 bytes, or to
 * a page from that size on. It stays until the last reference is gone.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER, with a report, for size 0, an unknown type, NULL and no address
 * * STATUS_INSUFFICIENT_RESOURCES, also for more than the page allocator has in one piece
 * * others as WdfSpinLockCreate()
 */
NTSTATUS WdfMemoryCreate(PWDF_OBJECT_ATTRIBUTES attributes, POOL_TYPE pool_type, ULONG pool_tag,
			 SIZE_T buffer_size, WDFMEMORY *memory, PVOID *buffer)
{
	size_t bytes = max_t(size_t, buffer_size, 16);
	struct wdf_memory *self = NULL;
	void *data = NULL;
	NTSTATUS status;

	if (wdf_is_wrong(memory, "Memory", __func__) ||
	    (buffer && wdf_is_wrong(buffer, "Buffer", __func__)))
		return STATUS_INVALID_PARAMETER;
	*memory = NULL;
	if (buffer)
		*buffer = NULL;
	if (wdf_memory_is_wrong(NULL, buffer_size, __func__) ||
	    wdf_pool_type_is_unknown(pool_type, __func__))
		return STATUS_INVALID_PARAMETER;
	/* A power of two is aligned to itself. */
	if (bytes < PAGE_SIZE)
		bytes = roundup_pow_of_two(bytes);
	if (bytes <= KMALLOC_MAX_SIZE)
		self = wdf_memory_new(kmalloc(bytes, wdf_gfp()), buffer_size, true);
	if (self)
		data = self->buffer;
	/* The driver may delete the object before the call has returned. */
	status = wdf_object_create(self ? &self->object : NULL, attributes, _RET_IP_, __func__,
				   memory);
	if (NT_SUCCESS(status) && buffer)
		*buffer = data;
	return status;
}
EXPORT_SYMBOL_GPL(WdfMemoryCreate);

/**
 * WdfMemoryCreatePreallocated() - make a memory object for memory of the driver's
 * @attributes: callbacks, context and parent. Optional
 * @buffer: the memory, which the object does not free
 * @buffer_size: bytes
 * @memory: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfMemoryCreatePreallocated.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfMemoryCreate(). STATUS_INVALID_PARAMETER too if the memory would wrap round.
 */
NTSTATUS WdfMemoryCreatePreallocated(PWDF_OBJECT_ATTRIBUTES attributes, PVOID buffer,
				     SIZE_T buffer_size, WDFMEMORY *memory)
{
	struct wdf_memory *self;

	if (wdf_is_wrong(memory, "Memory", __func__))
		return STATUS_INVALID_PARAMETER;
	*memory = NULL;
	if (wdf_is_wrong(buffer, "Buffer", __func__) ||
	    wdf_memory_is_wrong(buffer, buffer_size, __func__))
		return STATUS_INVALID_PARAMETER;
	self = wdf_memory_new(buffer, buffer_size, false);
	return wdf_object_create(self ? &self->object : NULL, attributes, _RET_IP_, __func__,
				 memory);
}
EXPORT_SYMBOL_GPL(WdfMemoryCreatePreallocated);

static struct wdf_memory *wdf_memory_get(WDFMEMORY handle, const char *call)
{
	struct wdf_object *object = wdf_get(handle, &wdf_memory_class, call);

	return object ? container_of(object, struct wdf_memory, object) : NULL;
}

/**
 * WdfMemoryGetBuffer() - return the memory of an object
 * @memory: the object
 * @buffer_size: receives the bytes. Optional
 *
 * Answers to wdf: WdfMemoryGetBuffer.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the address, or NULL for a wrong handle.
 */
PVOID WdfMemoryGetBuffer(WDFMEMORY memory, SIZE_T *buffer_size)
{
	struct wdf_memory *self = wdf_memory_get(memory, __func__);
	void *buffer;

	if (buffer_size && wdf_is_wrong(buffer_size, "BufferSize", __func__))
		buffer_size = NULL;
	if (buffer_size)
		*buffer_size = self ? self->size : 0;
	if (!self)
		return NULL;
	buffer = self->buffer;
	wdf_put(&self->object);
	return buffer;
}
EXPORT_SYMBOL_GPL(WdfMemoryGetBuffer);

/* Copy between an object and a buffer. Return a status. */
static NTSTATUS wdf_memory_copy(WDFMEMORY handle, size_t offset, void *buffer, size_t bytes,
				bool out, const char *call)
{
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct wdf_memory *self;

	if (wdf_is_wrong(buffer, "Buffer", call))
		return status;
	self = wdf_memory_get(handle, call);
	if (!self)
		return STATUS_INVALID_HANDLE;
	if (bytes && (offset > self->size || bytes > self->size - offset)) {
		status = out ? STATUS_BUFFER_TOO_SMALL : STATUS_INVALID_BUFFER_SIZE;
	} else if (bytes) {
		status = STATUS_SUCCESS;
		if (out)
			memcpy(buffer, self->buffer + offset, bytes);
		else
			memcpy(self->buffer + offset, buffer, bytes);
	}
	wdf_put(&self->object);
	return status;
}

/**
 * WdfMemoryCopyToBuffer() - copy out of a memory object
 * @source_memory: the object
 * @source_offset: first byte
 * @buffer: where to
 * @num_bytes_to_copy_to: bytes
 *
 * Answers to wdf: WdfMemoryCopyToBuffer.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_BUFFER_TOO_SMALL past the end of the object
 * * STATUS_INVALID_PARAMETER for 0 bytes, and NULL
 * * STATUS_INVALID_HANDLE
 */
NTSTATUS WdfMemoryCopyToBuffer(WDFMEMORY source_memory, SIZE_T source_offset, PVOID buffer,
			       SIZE_T num_bytes_to_copy_to)
{
	return wdf_memory_copy(source_memory, source_offset, buffer, num_bytes_to_copy_to, true,
			       __func__);
}
EXPORT_SYMBOL_GPL(WdfMemoryCopyToBuffer);

/**
 * WdfMemoryCopyFromBuffer() - copy into a memory object
 * @destination_memory: the object
 * @destination_offset: first byte
 * @buffer: where from
 * @num_bytes_to_copy_from: bytes
 *
 * Answers to wdf: WdfMemoryCopyFromBuffer.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfMemoryCopyToBuffer(), with STATUS_INVALID_BUFFER_SIZE past the end of the object.
 */
NTSTATUS WdfMemoryCopyFromBuffer(WDFMEMORY destination_memory, SIZE_T destination_offset,
				 PVOID buffer, SIZE_T num_bytes_to_copy_from)
{
	return wdf_memory_copy(destination_memory, destination_offset, buffer,
			       num_bytes_to_copy_from, false, __func__);
}
EXPORT_SYMBOL_GPL(WdfMemoryCopyFromBuffer);
