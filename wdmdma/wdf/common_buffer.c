// SPDX-License-Identifier: GPL-2.0-only
/* Common buffers of an enabler. They are those of its first adapter. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/slab.h>

#include <ddk/wdfcommonbuffer.h>

#include "compat.h"
#include "wdf/buffer.h"
#include "wdf/enabler.h"

/**
 * struct wdf_buffer - a common buffer
 * @object: the first member. Its parent is the enabler
 * @length: bytes that the driver asked for
 * @raw_length: bytes that were allocated
 * @raw_va: what the adapter gave. NULL after the deletion
 * @raw_la: its logical address
 * @shift: distance from there to the aligned addresses
 */
struct wdf_buffer {
	struct wdf_object object;
	size_t length;
	u32 raw_length;
	void *raw_va;
	PHYSICAL_ADDRESS raw_la;
	size_t shift;
};

static struct kmem_cache *wdf_buffer_cache;

static struct wdf_buffer *wdf_buffer_of(struct wdf_object *object)
{
	return container_of(object, struct wdf_buffer, object);
}

static void wdf_buffer_give_back(struct wdf_object *object)
{
	struct wdf_channel *channel = &wdf_enabler_of(object->parent)->channel[0];
	struct wdf_buffer *buffer = wdf_buffer_of(object);
	void *va = buffer->raw_va;

	/* The calls that return addresses must not return those of memory that is being freed. */
	WRITE_ONCE(buffer->raw_va, NULL);
	if (va)
		channel->ops->FreeCommonBuffer(channel->adapter, buffer->raw_length,
					       buffer->raw_la, va, TRUE);
}

static void wdf_buffer_free(struct wdf_object *object)
{
	kmem_cache_free(wdf_buffer_cache, wdf_buffer_of(object));
}

const struct wdf_class wdf_buffer_class = {
	.name = "WDFCOMMONBUFFER",
	.passive = true,
	.dispose = wdf_buffer_give_back,
	.free = wdf_buffer_free,
};

/* Allocate the memory, aligned to @mask + 1 if that is more than a page. Return a status. */
static NTSTATUS wdf_buffer_alloc(struct wdf_buffer *buffer, struct wdf_enabler *enabler, u32 mask)
{
	struct wdf_channel *channel = &enabler->channel[0];
	PDMA_ADAPTER adapter = READ_ONCE(channel->adapter);
	size_t raw = buffer->length;
	u64 la;

	if (mask >= WDF_PAGE_SIZE && check_add_overflow(raw, (size_t)mask, &raw))
		return STATUS_INTEGER_OVERFLOW;
	if (raw > U32_MAX || !adapter)
		return STATUS_INSUFFICIENT_RESOURCES;
	buffer->raw_length = raw;
	buffer->raw_va = channel->ops->AllocateCommonBuffer(adapter, raw, &buffer->raw_la, TRUE);
	if (!buffer->raw_va)
		return STATUS_INSUFFICIENT_RESOURCES;
	la = buffer->raw_la.QuadPart;
	/* A page is aligned for all that a page can be. A mask need not be a boundary less one. */
	if (mask >= WDF_PAGE_SIZE)
		buffer->shift = ((la + mask) & ~(u64)mask) - la;
	return STATUS_SUCCESS;
}

static NTSTATUS wdf_buffer_start(struct wdf_buffer *buffer, struct wdf_object *enabler,
				 const WDF_COMMON_BUFFER_CONFIG *config,
				 PWDF_OBJECT_ATTRIBUTES attributes, WDFCOMMONBUFFER *handle)
{
	NTSTATUS status = wdf_object_attach(&buffer->object, enabler, attributes);
	u32 mask = config ? config->AlignmentRequirement : wdf_enabler_of(enabler)->alignment;

	if (NT_SUCCESS(status))
		status = wdf_buffer_alloc(buffer, wdf_enabler_of(enabler), mask);
	if (NT_SUCCESS(status))
		status = wdf_object_publish(&buffer->object, handle);
	if (NT_SUCCESS(status))
		return status;
	if (buffer->raw_va)
		wdf_buffer_give_back(&buffer->object);
	wdf_object_abandon(&buffer->object);
	return status;
}

/* Do either create call. Return a status. */
static NTSTATUS wdf_buffer_create(WDFDMAENABLER handle, size_t length,
				  const WDF_COMMON_BUFFER_CONFIG *config,
				  PWDF_OBJECT_ATTRIBUTES attributes, WDFCOMMONBUFFER *result,
				  const char *call)
{
	struct wdf_buffer *buffer;
	struct wdf_object *enabler;
	NTSTATUS status;

	*result = NULL;
	if (wdf_above_passive(call))
		return STATUS_INVALID_DEVICE_REQUEST;
	enabler = wdf_get(handle, &wdf_enabler_class, call);
	if (!enabler)
		return STATUS_INVALID_HANDLE;
	status = wdf_attributes_check(attributes, false, call);
	if (NT_SUCCESS(status) && !length) {
		wdmdma_report(call, "Length is 0");
		status = STATUS_INVALID_PARAMETER;
	}
	if (!NT_SUCCESS(status))
		goto put;
	status = STATUS_INSUFFICIENT_RESOURCES;
	buffer = kmem_cache_zalloc(wdf_buffer_cache, WDMDMA_GFP);
	if (!buffer)
		goto put;
	wdf_object_init(&buffer->object, &wdf_buffer_class);
	buffer->length = length;
	status = wdf_buffer_start(buffer, enabler, config, attributes, result);
put:
	wdf_put(enabler);
	return status;
}

/**
 * WdfCommonBufferCreate() - allocate a common buffer
 * @dma_enabler: the enabler, with which it is freed at the latest
 * @length: bytes
 * @attributes: callbacks and context. The parent must be NULL. Optional
 * @common_buffer: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfCommonBufferCreate. The logical address is aligned to the alignment
 * requirement that the device had when the enabler was created, and to a page at least. The memory
 * is zeroed.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER for length 0
 * * STATUS_INSUFFICIENT_RESOURCES also for more than 32 bits can tell, and for a system profile
 *   that is not configured
 * * STATUS_INTEGER_OVERFLOW if length and alignment exceed 64 bits
 * * STATUS_WDF_PARENT_ASSIGNMENT_NOT_ALLOWED, STATUS_DELETE_PENDING, STATUS_INVALID_HANDLE
 * * STATUS_INVALID_DEVICE_REQUEST at the wrong level
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS WdfCommonBufferCreate(WDFDMAENABLER dma_enabler, SIZE_T length,
			       PWDF_OBJECT_ATTRIBUTES attributes, WDFCOMMONBUFFER *common_buffer)
{
	if (wdf_is_wrong(common_buffer, "CommonBuffer", __func__))
		return STATUS_INVALID_PARAMETER;
	return wdf_buffer_create(dma_enabler, length, NULL, attributes, common_buffer, __func__);
}
EXPORT_SYMBOL_GPL(WdfCommonBufferCreate);

/**
 * WdfCommonBufferCreateWithConfig() - allocate a common buffer with an alignment of its own
 * @dma_enabler: as for WdfCommonBufferCreate()
 * @length: as for WdfCommonBufferCreate()
 * @config: the alignment, which replaces that of the enabler, also by a smaller one
 * @attributes: as for WdfCommonBufferCreate()
 * @common_buffer: as for WdfCommonBufferCreate()
 *
 * Answers to wdf: WdfCommonBufferCreateWithConfig. With an alignment above a page the logical
 * address is aligned, and the virtual address need not be. A value above a page that is no boundary
 * less one is reported, and gives an address without the bits of the value, as on Windows.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return: as WdfCommonBufferCreate(), and STATUS_INFO_LENGTH_MISMATCH for a wrong Size, which
 * leaves @common_buffer as it was.
 */
NTSTATUS WdfCommonBufferCreateWithConfig(WDFDMAENABLER dma_enabler, SIZE_T length,
					 PWDF_COMMON_BUFFER_CONFIG config,
					 PWDF_OBJECT_ATTRIBUTES attributes,
					 WDFCOMMONBUFFER *common_buffer)
{
	if (wdf_is_wrong(common_buffer, "CommonBuffer", __func__) ||
	    wdf_is_wrong(config, "Config", __func__))
		return STATUS_INVALID_PARAMETER;
	if (wdf_size_is_wrong(config->Size, sizeof(*config), "Config", __func__))
		return STATUS_INFO_LENGTH_MISMATCH;
	/* Windows does not check the value, and drivers give others that a page meets. */
	if (config->AlignmentRequirement >= WDF_PAGE_SIZE &&
	    config->AlignmentRequirement & (config->AlignmentRequirement + 1))
		wdmdma_report(__func__,
			      "AlignmentRequirement 0x%x is no boundary less one, so the address is not aligned to it",
			      config->AlignmentRequirement);
	return wdf_buffer_create(dma_enabler, length, config, attributes, common_buffer, __func__);
}
EXPORT_SYMBOL_GPL(WdfCommonBufferCreateWithConfig);

/**
 * WdfCommonBufferGetAlignedVirtualAddress() - the address for the CPU
 * @common_buffer: the buffer
 *
 * Answers to wdf: WdfCommonBufferGetAlignedVirtualAddress.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the address. NULL after the deletion, and for a wrong handle.
 */
PVOID WdfCommonBufferGetAlignedVirtualAddress(WDFCOMMONBUFFER common_buffer)
{
	struct wdf_object *object = wdf_get(common_buffer, &wdf_buffer_class, __func__);
	void *va;

	if (!object)
		return NULL;
	va = READ_ONCE(wdf_buffer_of(object)->raw_va);
	if (va)
		va += wdf_buffer_of(object)->shift;
	wdf_put(object);
	return va;
}
EXPORT_SYMBOL_GPL(WdfCommonBufferGetAlignedVirtualAddress);

/**
 * WdfCommonBufferGetAlignedLogicalAddress() - the address for the device
 * @common_buffer: the buffer
 *
 * Answers to wdf: WdfCommonBufferGetAlignedLogicalAddress.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the address. 0 after the deletion, and for a wrong handle.
 */
PHYSICAL_ADDRESS WdfCommonBufferGetAlignedLogicalAddress(WDFCOMMONBUFFER common_buffer)
{
	struct wdf_object *object = wdf_get(common_buffer, &wdf_buffer_class, __func__);
	PHYSICAL_ADDRESS la = {};

	if (!object)
		return la;
	if (READ_ONCE(wdf_buffer_of(object)->raw_va))
		la.QuadPart = wdf_buffer_of(object)->raw_la.QuadPart +
			      wdf_buffer_of(object)->shift;
	wdf_put(object);
	return la;
}
EXPORT_SYMBOL_GPL(WdfCommonBufferGetAlignedLogicalAddress);

/**
 * WdfCommonBufferGetLength() - the length that was asked for
 * @common_buffer: the buffer
 *
 * Answers to wdf: WdfCommonBufferGetLength.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: bytes, or 0 for a wrong handle.
 */
SIZE_T WdfCommonBufferGetLength(WDFCOMMONBUFFER common_buffer)
{
	struct wdf_object *object = wdf_get(common_buffer, &wdf_buffer_class, __func__);
	size_t length;

	if (!object)
		return 0;
	length = wdf_buffer_of(object)->length;
	wdf_put(object);
	return length;
}
EXPORT_SYMBOL_GPL(WdfCommonBufferGetLength);

int wdf_buffer_init(void)
{
	wdf_buffer_cache = KMEM_CACHE(wdf_buffer, 0);
	return wdf_buffer_cache ? 0 : -ENOMEM;
}

void wdf_buffer_exit(void)
{
	kmem_cache_destroy(wdf_buffer_cache);
}
