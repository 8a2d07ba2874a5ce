// SPDX-License-Identifier: GPL-2.0-only
/* The calls for contexts of objects. */
#include "wdf/object.h"

#include <linux/export.h>

/**
 * WdfObjectGetTypedContextWorker() - the context of a type
 * @handle: any object
 * @type_info: the type
 *
 * Answers to wdf: WdfObjectGetTypedContext and the accessors that WDF_DECLARE_CONTEXT_TYPE makes.
 * May be called in a destroy callback.
 *
 * Context: any.
 * Return: the context, or NULL if the object has none of this type.
 */
void *WdfObjectGetTypedContextWorker(WDFOBJECT handle, PCWDF_OBJECT_CONTEXT_TYPE_INFO type_info)
{
	struct wdf_object *object;
	void *context = NULL;

	rcu_read_lock();
	object = wdf_find(handle);
	if (likely(object))
		context = wdf_context_find(object, type_info);
	else
		wdf_no_object(handle, NULL, NULL, "WdfObjectGetTypedContext");
	rcu_read_unlock();
	return context;
}
EXPORT_SYMBOL_GPL(WdfObjectGetTypedContextWorker);

/* Check the attributes of an added context. Return a status. */
static NTSTATUS wdf_context_check(const WDF_OBJECT_ATTRIBUTES *attributes, const char *call)
{
	NTSTATUS status;

	if (!attributes) {
		wdmdma_report(call, "Attributes is NULL");
		return STATUS_WDF_PARENT_NOT_SPECIFIED;
	}
	status = wdf_attributes_check(attributes, false, call);
	if (NT_SUCCESS(status) && !attributes->ContextTypeInfo) {
		wdmdma_report(call, "ContextTypeInfo is NULL");
		status = STATUS_OBJECT_NAME_INVALID;
	}
	return status;
}

/**
 * WdfObjectAllocateContext() - add a context to an object
 * @handle: any object that is not being deleted
 * @attributes: the type, and callbacks for this context. Its parent must be NULL
 * @context: receives the context. Optional
 *
 * Answers to wdf: WdfObjectAllocateContext. The context is zeroed, and lives as long as the object.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_OBJECT_NAME_EXISTS, a success, if the object has a context of this type. @context
 *   receives that one, unchanged. The callbacks are not added
 * * STATUS_OBJECT_NAME_INVALID without a type
 * * STATUS_DELETE_PENDING if the object is being deleted
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_INVALID_HANDLE
 * * STATUS_INVALID_PARAMETER if @context or @attributes is no address
 * * STATUS_INVALID_DEVICE_REQUEST in an interrupt
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS WdfObjectAllocateContext(WDFOBJECT handle, PWDF_OBJECT_ATTRIBUTES attributes,
				  PVOID *context)
{
	struct wdf_object *object;
	void *data = NULL;
	NTSTATUS status;

	if (context && wdf_is_wrong(context, "Context", __func__))
		return STATUS_INVALID_PARAMETER;
	if (context)
		*context = NULL;
	if (wdf_above_dispatch(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	object = wdf_get_any(handle, __func__);
	if (!object)
		return STATUS_INVALID_HANDLE;
	status = wdf_context_check(attributes, __func__);
	if (NT_SUCCESS(status))
		status = wdf_context_allocate(object, attributes, &data);
	if (context)
		*context = data;
	wdf_put(object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfObjectAllocateContext);
