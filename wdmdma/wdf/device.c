// SPDX-License-Identifier: GPL-2.0-only
/* Device objects, which the Linux half makes of a struct device. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "compat.h"
#include "wdf/device.h"

#include <linux/export.h>
#include <linux/slab.h>

#include <wdmdma/linux.h>
#include <wdmdma/wdf.h>

static DEFINE_SPINLOCK(wdf_devices_lock);	/* protects the list */
static LIST_HEAD(wdf_devices);

/* Note a new device object. Return false if the device has one already. */
static bool wdf_device_add(struct wdf_device *device)
{
	struct wdf_device *other;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&wdf_devices_lock, flags);
	list_for_each_entry(other, &wdf_devices, node)
		found |= other->dev == device->dev;
	if (!found)
		list_add(&device->node, &wdf_devices);
	spin_unlock_irqrestore(&wdf_devices_lock, flags);
	return !found;
}

static void wdf_device_remove(struct wdf_device *device)
{
	unsigned long flags;

	spin_lock_irqsave(&wdf_devices_lock, flags);
	list_del_init(&device->node);
	spin_unlock_irqrestore(&wdf_devices_lock, flags);
}

static void wdf_device_dispose(struct wdf_object *object)
{
	struct wdf_device *device = wdf_device_of(object);

	if (atomic_read(&device->powered) && !READ_ONCE(object->silent))
		wdmdma_report("wdmdma_wdf_device_delete",
			      "the device is in D0, and no callback that leaves it was called");
	wdf_device_remove(device);
	wdmdma_device_object_drop(device->wdm);
	WRITE_ONCE(device->wdm, NULL);
}

static void wdf_device_free(struct wdf_object *object)
{
	kfree(wdf_device_of(object));
}

const struct wdf_class wdf_device_class = {
	.name = "WDFDEVICE",
	.owned = true,
	.passive = true,
	.dispose = wdf_device_dispose,
	.free = wdf_device_free,
};

static NTSTATUS wdf_device_start(struct wdf_device *device, struct wdf_object *driver,
				 PWDF_OBJECT_ATTRIBUTES attributes, WDFDEVICE *handle)
{
	NTSTATUS status = wdf_object_attach(&device->object, driver, attributes);

	if (!NT_SUCCESS(status))
		return status;
	if (!wdf_device_add(device)) {
		wdmdma_report("wdmdma_wdf_device_create", "the device has a device object already");
		return STATUS_INVALID_DEVICE_STATE;
	}
	status = STATUS_UNSUCCESSFUL;
	device->wdm = wdmdma_device_object_hold(device->dev, "wdmdma_wdf_device_create");
	if (!device->wdm)
		goto remove;
	status = wdf_object_publish(&device->object, handle);
	if (NT_SUCCESS(status))
		return status;
	wdmdma_device_object_drop(device->wdm);
remove:
	wdf_device_remove(device);
	return status;
}

/**
 * wdmdma_wdf_device_create() - make the device object of a device
 * @driver: the driver object, with which the device object is deleted
 * @dev: the device, in its probe function, with a DMA mask
 * @attributes: callbacks and context of the object. Its parent must be NULL. Optional
 * @device: receives the handle
 *
 * For the probe function of the Linux half. The object stands for Windows' FDO and PDO alike. The
 * device is not in D0 before wdmdma_wdf_device_power_up().
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_UNSUCCESSFUL, with the reason in the log, if the device cannot have a device object
 * * STATUS_INVALID_DEVICE_STATE if the device has a device object that is not deleted
 * * STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER, STATUS_INVALID_DEVICE_REQUEST
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_DELETE_PENDING if the driver object is being deleted
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS wdmdma_wdf_device_create(WDFDRIVER driver, struct device *dev,
				  PWDF_OBJECT_ATTRIBUTES attributes, WDFDEVICE *device)
{
	struct wdf_object *parent;
	struct wdf_device *self;
	NTSTATUS status;

	if (wdf_is_wrong(device, "Device", __func__) || wdf_is_wrong(dev, "Dev", __func__))
		return STATUS_INVALID_PARAMETER;
	*device = NULL;
	if (wdf_above_passive(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	parent = wdf_get(driver, &wdf_driver_class, __func__);
	if (!parent)
		return STATUS_INVALID_HANDLE;
	status = wdf_attributes_check(attributes, false, __func__);
	if (!NT_SUCCESS(status))
		goto put;
	status = STATUS_INSUFFICIENT_RESOURCES;
	self = kzalloc(sizeof(*self), WDMDMA_GFP);
	if (!self)
		goto put;
	wdf_object_init(&self->object, &wdf_device_class);
	self->dev = dev;
	INIT_LIST_HEAD(&self->node);
	spin_lock_init(&self->power_lock);
	spin_lock_init(&self->dpc_lock);
	INIT_LIST_HEAD(&self->enablers);
	INIT_LIST_HEAD(&self->interrupts);
	status = wdf_device_start(self, parent, attributes, device);
	if (!NT_SUCCESS(status))
		wdf_object_abandon(&self->object);
put:
	wdf_put(parent);
	return status;
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_device_create);

/**
 * wdmdma_wdf_device_delete() - delete a device object, and all objects below it
 * @device: the device object. NULL is ignored
 *
 * For the remove function of the Linux half. The device must not do DMA any more, and must have
 * left D0 by wdmdma_wdf_device_power_down(). A device in D0 is reported, and deleted without
 * EvtInterruptDisable and the callbacks of its enablers. Transactions that are in a transfer are
 * reported and ended. Requests that the driver has not completed are reported, and completed with
 * STATUS_CANCELLED. If another thread is deleting an object below, the call waits for it. So it
 * must not be called in a callback of such an object.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 */
void wdmdma_wdf_device_delete(WDFDEVICE device)
{
	struct wdf_object *object;

	if (!device || wdf_above_passive(__func__))
		return;
	object = wdf_get(device, &wdf_device_class, __func__);
	if (!object)
		return;
	wdf_object_delete_and_wait(object);
	wdf_put(object);
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_device_delete);

/**
 * WdfDeviceGetDriver() - the driver object of a device
 * @device: the device object
 *
 * Answers to wdf: WdfDeviceGetDriver.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the handle, or NULL, with a report, for a wrong handle.
 */
WDFDRIVER WdfDeviceGetDriver(WDFDEVICE device)
{
	struct wdf_object *object = wdf_get(device, &wdf_device_class, __func__);
	WDFDRIVER driver;

	if (!object)
		return NULL;
	driver = wdf_handle(object->parent);
	wdf_put(object);
	return driver;
}
EXPORT_SYMBOL_GPL(WdfDeviceGetDriver);

static PDEVICE_OBJECT wdf_device_wdm(WDFDEVICE device, const char *call)
{
	struct wdf_object *object = wdf_get(device, &wdf_device_class, call);
	PDEVICE_OBJECT wdm;

	if (!object)
		return NULL;
	wdm = READ_ONCE(wdf_device_of(object)->wdm);
	wdf_put(object);
	return wdm;
}

/**
 * WdfDeviceWdmGetDeviceObject() - the WDM device object
 * @device: the device object
 *
 * Answers to wdf: WdfDeviceWdmGetDeviceObject.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the device object, or NULL after the deletion and for a wrong handle.
 */
PDEVICE_OBJECT WdfDeviceWdmGetDeviceObject(WDFDEVICE device)
{
	return wdf_device_wdm(device, __func__);
}
EXPORT_SYMBOL_GPL(WdfDeviceWdmGetDeviceObject);

/**
 * WdfDeviceWdmGetPhysicalDevice() - the WDM device object for IoGetDmaAdapter
 * @device: the device object
 *
 * Answers to wdf: WdfDeviceWdmGetPhysicalDevice. It is the object of WdfDeviceWdmGetDeviceObject().
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfDeviceWdmGetDeviceObject().
 */
PDEVICE_OBJECT WdfDeviceWdmGetPhysicalDevice(WDFDEVICE device)
{
	return wdf_device_wdm(device, __func__);
}
EXPORT_SYMBOL_GPL(WdfDeviceWdmGetPhysicalDevice);

/**
 * WdfDeviceSetAlignmentRequirement() - set the alignment of the device's common buffers
 * @device: the device object
 * @alignment_requirement: the boundary less one
 *
 * Answers to wdf: WdfDeviceSetAlignmentRequirement. The value is stored as it is, and read when an
 * enabler is created.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfDeviceSetAlignmentRequirement(WDFDEVICE device, ULONG alignment_requirement)
{
	struct wdf_object *object = wdf_get(device, &wdf_device_class, __func__);

	if (!object)
		return;
	WRITE_ONCE(wdf_device_of(object)->alignment, alignment_requirement);
	wdf_put(object);
}
EXPORT_SYMBOL_GPL(WdfDeviceSetAlignmentRequirement);

/**
 * WdfDeviceGetAlignmentRequirement() - return what WdfDeviceSetAlignmentRequirement() was given
 * @device: the device object
 *
 * Answers to wdf: WdfDeviceGetAlignmentRequirement.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the value, or 0 if none was set and for a wrong handle.
 */
ULONG WdfDeviceGetAlignmentRequirement(WDFDEVICE device)
{
	struct wdf_object *object = wdf_get(device, &wdf_device_class, __func__);
	ULONG alignment;

	if (!object)
		return 0;
	alignment = READ_ONCE(wdf_device_of(object)->alignment);
	wdf_put(object);
	return alignment;
}
EXPORT_SYMBOL_GPL(WdfDeviceGetAlignmentRequirement);
