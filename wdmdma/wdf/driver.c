// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver objects. On Windows each driver has its own copy of the framework's globals, which name
 * its driver object. Here the module from which a call comes tells whose object is meant.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "compat.h"
#include "wdf/device.h"

#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <wdmdma/wdf.h>

static DEFINE_SPINLOCK(wdf_drivers_lock);	/* protects the list */
static LIST_HEAD(wdf_drivers);

static void wdf_driver_add(struct wdf_driver *driver)
{
	unsigned long flags;

	spin_lock_irqsave(&wdf_drivers_lock, flags);
	list_add_tail(&driver->node, &wdf_drivers);
	spin_unlock_irqrestore(&wdf_drivers_lock, flags);
}

static void wdf_driver_remove(struct wdf_driver *driver)
{
	unsigned long flags;

	spin_lock_irqsave(&wdf_drivers_lock, flags);
	list_del_init(&driver->node);
	spin_unlock_irqrestore(&wdf_drivers_lock, flags);
}

static void wdf_driver_dispose(struct wdf_object *object)
{
	wdf_driver_remove(container_of(object, struct wdf_driver, object));
}

static void wdf_driver_free(struct wdf_object *object)
{
	kfree(container_of(object, struct wdf_driver, object));
}

const struct wdf_class wdf_driver_class = {
	.name = "WDFDRIVER",
	.owned = true,
	.dispose = wdf_driver_dispose,
	.free = wdf_driver_free,
};

/* Return the driver object of the module from which a call comes, with a reference, or NULL. */
static struct wdf_object *wdf_driver_of(unsigned long caller)
{
	struct wdf_object *found = NULL;
	struct wdf_driver *driver;
	unsigned long flags;

	spin_lock_irqsave(&wdf_drivers_lock, flags);
	list_for_each_entry(driver, &wdf_drivers, node) {
		if (within_module(caller, driver->owner) &&
		    refcount_inc_not_zero(&driver->object.refs)) {
			found = &driver->object;
			break;
		}
	}
	spin_unlock_irqrestore(&wdf_drivers_lock, flags);
	return found;
}

/*
 * Return the parent that attributes name, or else the caller's driver object, with a reference.
 * Return NULL and store a status if there is none.
 */
struct wdf_object *wdf_parent_get(PWDF_OBJECT_ATTRIBUTES attributes, unsigned long caller,
				  const char *call, NTSTATUS *status)
{
	struct wdf_object *parent;

	*status = STATUS_SUCCESS;
	if (attributes && attributes->ParentObject) {
		parent = wdf_get_any(attributes->ParentObject, call);
		if (!parent)
			*status = STATUS_INVALID_HANDLE;
		return parent;
	}
	parent = wdf_driver_of(caller);
	if (!parent) {
		wdmdma_report(call,
			      "the calling module has no driver object, and ParentObject is NULL");
		*status = STATUS_WDF_PARENT_NOT_SPECIFIED;
	}
	return parent;
}

/*
 * Do a create call for an object whose parent is what its attributes say, or else the caller's
 * driver object. @object is a new one, or NULL if there was no memory. Return a status.
 */
NTSTATUS wdf_object_create(struct wdf_object *object, PWDF_OBJECT_ATTRIBUTES attributes,
			   unsigned long caller, const char *call, void *handle)
{
	NTSTATUS status = wdf_attributes_check(attributes, true, call);
	struct wdf_object *parent = NULL;

	*(void **)handle = NULL;
	if (NT_SUCCESS(status) && wdf_above_dispatch(call))
		status = STATUS_INVALID_DEVICE_REQUEST;
	if (NT_SUCCESS(status))
		parent = wdf_parent_get(attributes, caller, call, &status);
	if (NT_SUCCESS(status) && !object)
		status = STATUS_INSUFFICIENT_RESOURCES;
	if (NT_SUCCESS(status))
		status = wdf_object_attach(object, parent, attributes);
	if (NT_SUCCESS(status))
		status = wdf_object_publish(object, handle);
	if (!NT_SUCCESS(status) && object)
		wdf_object_abandon(object);
	if (parent)
		wdf_put(parent);
	return status;
}

/**
 * wdmdma_wdf_driver_create() - make the driver object of a module
 * @owner: THIS_MODULE
 * @attributes: callbacks and context of the object. Its parent must be NULL. Optional
 * @driver: receives the handle
 *
 * For the module_init function of the Linux half. A module needs one driver object. If it makes
 * several, the first one is the usual parent, and that of WdfGetDriver().
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER without @owner or @driver
 * * STATUS_INVALID_DEVICE_REQUEST at the wrong level
 * * STATUS_INSUFFICIENT_RESOURCES
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS wdmdma_wdf_driver_create(struct module *owner, PWDF_OBJECT_ATTRIBUTES attributes,
				  WDFDRIVER *driver)
{
	struct wdf_driver *self;
	NTSTATUS status;

	if (wdf_is_wrong(driver, "Driver", __func__) || wdf_is_wrong(owner, "Owner", __func__))
		return STATUS_INVALID_PARAMETER;
	*driver = NULL;
	if (wdf_above_passive(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	status = wdf_attributes_check(attributes, false, __func__);
	if (!NT_SUCCESS(status))
		return status;
	self = kzalloc(sizeof(*self), WDMDMA_GFP);
	if (!self)
		return STATUS_INSUFFICIENT_RESOURCES;
	wdf_object_init(&self->object, &wdf_driver_class);
	self->owner = owner;
	/* Once it is published, another thread may delete it. */
	wdf_driver_add(self);
	status = wdf_object_attach(&self->object, NULL, attributes);
	if (NT_SUCCESS(status))
		status = wdf_object_publish(&self->object, driver);
	if (!NT_SUCCESS(status)) {
		wdf_driver_remove(self);
		wdf_object_abandon(&self->object);
	}
	return status;
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_driver_create);

/**
 * wdmdma_wdf_driver_delete() - delete a driver object, and all objects below it
 * @driver: the driver object. NULL is ignored
 *
 * For the module_exit function of the Linux half. The devices should be deleted before. Waits as
 * wdmdma_wdf_device_delete() does.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 */
void wdmdma_wdf_driver_delete(WDFDRIVER driver)
{
	struct wdf_object *object;

	if (!driver || wdf_above_passive(__func__))
		return;
	object = wdf_get(driver, &wdf_driver_class, __func__);
	if (!object)
		return;
	wdf_object_delete_and_wait(object);
	wdf_put(object);
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_driver_delete);

/**
 * WdfGetDriver() - the driver object of the calling module
 *
 * Answers to wdf: WdfGetDriver.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the handle, or NULL if the Linux half has made no driver object.
 */
WDFDRIVER WdfGetDriver(void)
{
	struct wdf_object *object = wdf_driver_of(_RET_IP_);
	WDFDRIVER driver;

	if (!object)
		return NULL;
	driver = wdf_handle(object);
	wdf_put(object);
	return driver;
}
EXPORT_SYMBOL_GPL(WdfGetDriver);
