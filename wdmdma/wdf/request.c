// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests. The Linux half makes them, and learns of their completion. There are no queues. An MDL
 * over a system buffer is made once for each request, when it is asked for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/request.h"

#include <linux/export.h>
#include <linux/slab.h>

#include <wdmdma/wdf.h>

#include "address.h"
#include "wdf/device.h"

/* How a device control passes its memory: the low bits of its code. */
enum wdf_method {
	WDF_METHOD_BUFFERED = 0,
	WDF_METHOD_IN_DIRECT = 1,
	WDF_METHOD_OUT_DIRECT = 2,
	WDF_METHOD_NEITHER = 3,
};

/**
 * struct wdf_request - a request
 * @object: the first member. Its parent is the device
 * @config: as the Linux half gave it
 * @lock: protects the rest
 * @built: MDL over the buffer, or NULL
 * @completed: the driver has completed the request, or its device is deleted
 * @cancelled: its device is deleted. The Linux half is told when no transfer is under way
 * @under_way: transactions that are in a transfer
 * @information: for the completion
 */
struct wdf_request {
	struct wdf_object object;
	struct wdmdma_wdf_request_config config;
	spinlock_t lock;	/* see above */
	PMDL built;
	bool completed;
	bool cancelled;
	unsigned int under_way;
	ULONG_PTR information;
};

static struct wdf_request *wdf_request_of(struct wdf_object *object)
{
	return container_of(object, struct wdf_request, object);
}

static void wdf_request_free(struct wdf_object *object)
{
	struct wdf_request *request = wdf_request_of(object);

	if (request->built)
		IoFreeMdl(request->built);
	kfree(request);
}

/* Tell the Linux half that a request is completed. */
static void wdf_request_tell(const struct wdf_request *request, NTSTATUS status,
			     ULONG_PTR information)
{
	if (!READ_ONCE(request->object.silent))
		request->config.complete(request->config.context, status, information);
}

/* The device is deleted, or the request is completed. Somebody waits for a request in any case. */
static void wdf_request_dispose(struct wdf_object *object)
{
	struct wdf_request *request = wdf_request_of(object);
	unsigned long flags;
	bool owed, tell;

	spin_lock_irqsave(&request->lock, flags);
	owed = !request->completed;
	request->completed = true;
	request->cancelled = owed;
	tell = owed && !request->under_way;
	spin_unlock_irqrestore(&request->lock, flags);
	if (owed && !READ_ONCE(object->silent))
		wdmdma_report("wdmdma_wdf_device_delete",
			      "a request is outstanding, and is completed with STATUS_CANCELLED");
	if (tell)
		wdf_request_tell(request, STATUS_CANCELLED, 0);
}

const struct wdf_class wdf_request_class = {
	.name = "WDFREQUEST",
	.owned = true,
	.dispose = wdf_request_dispose,
	.free = wdf_request_free,
};

/* A transaction of the request begins its transfers. Return false if the request is completed. */
bool wdf_request_enter(struct wdf_object *object)
{
	struct wdf_request *request = wdf_request_of(object);
	unsigned long flags;
	bool open;

	spin_lock_irqsave(&request->lock, flags);
	open = !request->completed && READ_ONCE(object->state) == WDF_OBJECT_LIVE;
	if (open)
		request->under_way++;
	spin_unlock_irqrestore(&request->lock, flags);
	return open;
}

void wdf_request_leave(struct wdf_object *object)
{
	struct wdf_request *request = wdf_request_of(object);
	unsigned long flags;
	bool tell;

	spin_lock_irqsave(&request->lock, flags);
	tell = !--request->under_way && request->cancelled;
	spin_unlock_irqrestore(&request->lock, flags);
	if (tell)
		wdf_request_tell(request, STATUS_CANCELLED, 0);
}

/* Report a request that is completed, whose memory may be gone. Return true if it is. */
static bool wdf_request_is_closed(struct wdf_request *request, const char *call)
{
	if (likely(!READ_ONCE(request->completed)))
		return false;
	wdmdma_report(call, "the request is completed (bug check 0x10D, code 6)");
	return true;
}

static bool wdf_request_is_control(const struct wdf_request *request)
{
	return request->config.type == WdfRequestTypeDeviceControl ||
	       request->config.type == WdfRequestTypeDeviceControlInternal;
}

static bool wdf_request_is_read(const struct wdf_request *request)
{
	return request->config.type == WdfRequestTypeRead;
}

/* Return the method of a request. Reads and writes are direct if they have an MDL. */
static enum wdf_method wdf_request_method(const struct wdf_request *request)
{
	if (wdf_request_is_control(request))
		return request->config.ioctl & 3;
	if (!request->config.mdl)
		return WDF_METHOD_BUFFERED;
	return request->config.type == WdfRequestTypeWrite ? WDF_METHOD_IN_DIRECT :
							     WDF_METHOD_OUT_DIRECT;
}

/* Return how many bytes the buffer has. The output of a direct device control is in the MDL. */
static size_t wdf_request_buffered(const struct wdf_request *request)
{
	const struct wdmdma_wdf_request_config *config = &request->config;

	return wdf_request_method(request) == WDF_METHOD_BUFFERED ?
	       max(config->input_length, config->output_length) : config->input_length;
}

/* Return the MDL over the buffer, which is made if there is none. */
static NTSTATUS wdf_request_build(struct wdf_request *request, PMDL *mdl)
{
	size_t length = wdf_request_buffered(request);
	unsigned long flags;
	PMDL built;

	*mdl = READ_ONCE(request->built);
	if (*mdl)
		return STATUS_SUCCESS;
	if (!request->config.buffer || !length || length > U32_MAX)
		return STATUS_BUFFER_TOO_SMALL;
	built = IoAllocateMdl(request->config.buffer, length, FALSE, FALSE, NULL);
	if (!built)
		return STATUS_INSUFFICIENT_RESOURCES;
	MmBuildMdlForNonPagedPool(built);
	if (!(built->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL)) {
		IoFreeMdl(built);
		return STATUS_BUFFER_TOO_SMALL;
	}
	spin_lock_irqsave(&request->lock, flags);
	if (!request->built) {
		request->built = built;
		built = NULL;
	}
	*mdl = request->built;
	spin_unlock_irqrestore(&request->lock, flags);
	if (built)
		IoFreeMdl(built);
	return STATUS_SUCCESS;
}

/* Return the MDL of the input, or of the output. */
static NTSTATUS wdf_request_mdl(struct wdf_request *request, bool output, PMDL *mdl)
{
	size_t length = output ? request->config.output_length : request->config.input_length;
	enum wdf_method method = wdf_request_method(request);
	bool control = wdf_request_is_control(request);

	*mdl = NULL;
	if (method == WDF_METHOD_NEITHER ||
	    (!control && output != wdf_request_is_read(request)))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!length)
		return STATUS_BUFFER_TOO_SMALL;
	/* The input of a direct device control is buffered. */
	if (method == WDF_METHOD_BUFFERED || (control && !output))
		return wdf_request_build(request, mdl);
	*mdl = request->config.mdl;
	return *mdl ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
}

/* Return the memory that a transaction of this direction moves. */
NTSTATUS wdf_request_memory(struct wdf_object *object, WDF_DMA_DIRECTION direction, PMDL *mdl,
			    size_t *length, const char *call)
{
	struct wdf_request *request = wdf_request_of(object);
	const struct wdmdma_wdf_request_config *config = &request->config;
	bool write = direction == WdfDmaDirectionWriteToDevice;
	enum wdf_method method = wdf_request_method(request);
	bool output = !write;

	if (wdf_request_is_closed(request, call))
		return STATUS_INTERNAL_ERROR;
	if (wdf_request_is_control(request)) {
		if (method == WDF_METHOD_NEITHER || (method == WDF_METHOD_IN_DIRECT && !write) ||
		    (method == WDF_METHOD_OUT_DIRECT && write))
			return STATUS_INVALID_DEVICE_REQUEST;
		/* A direct device control moves its output in both directions. */
		output |= method != WDF_METHOD_BUFFERED;
	} else if (write != (config->type == WdfRequestTypeWrite)) {
		return STATUS_INVALID_DEVICE_REQUEST;
	}
	*length = output ? config->output_length : config->input_length;
	if (!*length)
		return STATUS_INVALID_DEVICE_REQUEST;
	return wdf_request_mdl(request, output, mdl);
}

/* Return the reason why the Linux half cannot make a request, or NULL. */
static const char *wdf_request_fault(const struct wdf_request *request)
{
	const struct wdmdma_wdf_request_config *config = &request->config;
	bool control = wdf_request_is_control(request);

	if (!control && config->type != WdfRequestTypeRead && config->type != WdfRequestTypeWrite)
		return "the type is no read, no write and no device control";
	if (wdmdma_is_no_address(config->complete))
		return "complete is NULL, or no function";
	if (config->mdl && wdmdma_is_no_address(config->mdl))
		return "mdl is no address of the kernel";
	switch (wdf_request_method(request)) {
	case WDF_METHOD_NEITHER:
		return NULL;
	case WDF_METHOD_BUFFERED:
		break;
	default:
		/* The input of a direct device control is buffered. */
		if (!control)
			return NULL;
		if (config->output_length && !config->mdl)
			return "a direct device control with output has no mdl";
	}
	return wdf_request_buffered(request) && wdmdma_is_no_address(config->buffer) ?
	       "there is a length, and neither mdl nor buffer for it" : NULL;
}

/**
 * wdmdma_wdf_request_create() - make a request
 * @device: the device object
 * @config: type, memory and what is called at the completion. It is copied
 * @attributes: callbacks and context. The parent must be NULL. Optional
 * @request: receives the handle
 *
 * For the Linux half, which passes the request to the driver. The memory must stay until the
 * completion. The request is deleted by its completion. If the device is deleted before, the
 * request is completed with STATUS_CANCELLED, once no transaction of it is in a transfer.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER, with a report, for NULL, no address, another type, no @complete, and
 *   for a length without the memory that the type needs
 * * STATUS_INSUFFICIENT_RESOURCES, STATUS_DELETE_PENDING, STATUS_INVALID_HANDLE
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS wdmdma_wdf_request_create(WDFDEVICE device,
				   const struct wdmdma_wdf_request_config *config,
				   PWDF_OBJECT_ATTRIBUTES attributes, WDFREQUEST *request)
{
	struct wdf_request *self;
	struct wdf_object *parent;
	const char *fault;
	NTSTATUS status;

	if (wdf_is_wrong(request, "Request", __func__) || wdf_is_wrong(config, "Config", __func__))
		return STATUS_INVALID_PARAMETER;
	*request = NULL;
	parent = wdf_get(device, &wdf_device_class, __func__);
	if (!parent)
		return STATUS_INVALID_HANDLE;
	status = wdf_attributes_check(attributes, false, __func__);
	if (!NT_SUCCESS(status))
		goto put;
	status = STATUS_INSUFFICIENT_RESOURCES;
	self = kzalloc(sizeof(*self), wdf_gfp());
	if (!self)
		goto put;
	wdf_object_init(&self->object, &wdf_request_class);
	spin_lock_init(&self->lock);
	self->config = *config;
	fault = wdf_request_fault(self);
	if (fault)
		wdmdma_report(__func__, "%s", fault);
	status = fault ? STATUS_INVALID_PARAMETER :
			 wdf_object_attach(&self->object, parent, attributes);
	if (NT_SUCCESS(status))
		status = wdf_object_publish(&self->object, request);
	if (!NT_SUCCESS(status))
		wdf_object_abandon(&self->object);
put:
	wdf_put(parent);
	return status;
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_request_create);

/* Mark a request as completed. Return the reason why it cannot be, or NULL. */
static const char *wdf_request_close(struct wdf_request *request)
{
	const char *fault = NULL;
	unsigned long flags;

	spin_lock_irqsave(&request->lock, flags);
	if (request->completed)
		fault = "the request is completed already (bug check 0x10D, code 6)";
	else if (request->under_way)
		fault = "a transaction of the request is in a transfer (bug check 0x10D, code 3)";
	else
		request->completed = true;
	spin_unlock_irqrestore(&request->lock, flags);
	return fault;
}

static void wdf_request_complete(WDFREQUEST handle, NTSTATUS status, const ULONG_PTR *information,
				 const char *call)
{
	struct wdf_object *object;
	struct wdf_request *request;
	const char *fault;

	if (wdf_above_dispatch(call))
		return;
	object = wdf_get(handle, &wdf_request_class, call);
	if (!object)
		return;
	request = wdf_request_of(object);
	fault = wdf_request_close(request);
	if (fault) {
		wdmdma_report(call, "%s", fault);
	} else {
		if (information)
			request->information = *information;
		wdf_object_delete(object);
		wdf_request_tell(request, status, request->information);
	}
	wdf_put(object);
}

/**
 * WdfRequestComplete() - complete a request
 * @request: the request
 * @status: its result
 *
 * Answers to wdf: WdfRequestComplete. The request is deleted, and then the Linux half is told. A
 * request with a transaction in a transfer is reported, and not completed.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfRequestComplete(WDFREQUEST request, NTSTATUS status)
{
	wdf_request_complete(request, status, NULL, __func__);
}
EXPORT_SYMBOL_GPL(WdfRequestComplete);

/**
 * WdfRequestCompleteWithInformation() - complete a request, and say how many bytes were moved
 * @request: the request
 * @status: its result
 * @information: bytes
 *
 * Answers to wdf: WdfRequestCompleteWithInformation. See WdfRequestComplete().
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfRequestCompleteWithInformation(WDFREQUEST request, NTSTATUS status, ULONG_PTR information)
{
	wdf_request_complete(request, status, &information, __func__);
}
EXPORT_SYMBOL_GPL(WdfRequestCompleteWithInformation);

/**
 * WdfRequestSetInformation() - set the bytes that WdfRequestComplete() tells
 * @request: the request
 * @information: bytes
 *
 * Answers to wdf: WdfRequestSetInformation.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfRequestSetInformation(WDFREQUEST request, ULONG_PTR information)
{
	struct wdf_object *object = wdf_get(request, &wdf_request_class, __func__);

	if (!object)
		return;
	wdf_request_of(object)->information = information;
	wdf_put(object);
}
EXPORT_SYMBOL_GPL(WdfRequestSetInformation);

/**
 * WdfRequestGetInformation() - return what WdfRequestSetInformation() was given
 * @request: the request
 *
 * Answers to wdf: WdfRequestGetInformation.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: bytes, or 0 for a wrong handle.
 */
ULONG_PTR WdfRequestGetInformation(WDFREQUEST request)
{
	struct wdf_object *object = wdf_get(request, &wdf_request_class, __func__);
	ULONG_PTR information;

	if (!object)
		return 0;
	information = wdf_request_of(object)->information;
	wdf_put(object);
	return information;
}
EXPORT_SYMBOL_GPL(WdfRequestGetInformation);

static NTSTATUS wdf_request_retrieve(WDFREQUEST handle, bool output, PMDL *mdl, const char *call)
{
	struct wdf_object *object;
	NTSTATUS status;

	if (wdf_is_wrong(mdl, "Mdl", call))
		return STATUS_INVALID_PARAMETER;
	*mdl = NULL;
	object = wdf_get(handle, &wdf_request_class, call);
	if (!object)
		return STATUS_INVALID_HANDLE;
	status = STATUS_INTERNAL_ERROR;
	if (!wdf_request_is_closed(wdf_request_of(object), call))
		status = wdf_request_mdl(wdf_request_of(object), output, mdl);
	wdf_put(object);
	return status;
}

/**
 * WdfRequestRetrieveInputWdmMdl() - return the MDL of the input
 * @request: a write, or a device control
 * @mdl: receives the MDL, which lives as long as the request, or NULL on failure
 *
 * Answers to wdf: WdfRequestRetrieveInputWdmMdl. For buffered memory an MDL is made, which all
 * calls for the request get.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_DEVICE_REQUEST for a read, and METHOD_NEITHER
 * * STATUS_BUFFER_TOO_SMALL if there is no memory of this kind, or the buffer is not resident as
 *   far as the lengths of the request say
 * * STATUS_INTERNAL_ERROR, with a report, for a request that is completed
 * * STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_INVALID_HANDLE
 */
NTSTATUS WdfRequestRetrieveInputWdmMdl(WDFREQUEST request, PMDL *mdl)
{
	return wdf_request_retrieve(request, false, mdl, __func__);
}
EXPORT_SYMBOL_GPL(WdfRequestRetrieveInputWdmMdl);

/**
 * WdfRequestRetrieveOutputWdmMdl() - return the MDL of the output
 * @request: a read, or a device control
 * @mdl: as for WdfRequestRetrieveInputWdmMdl()
 *
 * Answers to wdf: WdfRequestRetrieveOutputWdmMdl.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfRequestRetrieveInputWdmMdl(), with a write in place of a read.
 */
NTSTATUS WdfRequestRetrieveOutputWdmMdl(WDFREQUEST request, PMDL *mdl)
{
	return wdf_request_retrieve(request, true, mdl, __func__);
}
EXPORT_SYMBOL_GPL(WdfRequestRetrieveOutputWdmMdl);
