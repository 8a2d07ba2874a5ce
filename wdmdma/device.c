// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: what the module keeps for one struct device.
 *
 * The record is a devres entry of the device. So it is found from the device
 * without a table, and goes after the driver's remove() and before the device's
 * DMA set-up: the one moment when buffers that the driver forgot can still be
 * unmapped, and no longer be in use.
 *
 * It pins the module: as long as a driver may call in, or an adapter lives that
 * points to our function tables, the module stays.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "backend_private.h"
#include "compat.h"
#include "controller.h"
#include "transfer.h"

/* Serialises finding and adding the devres entry. */
static DEFINE_MUTEX(wdmdma_open_lock);

static void device_free_record(struct kref *ref)
{
	struct wdmdma_device *device = container_of(ref, struct wdmdma_device, handle.ref);
	struct wdmdma_adapter *adapter, *next;

	list_for_each_entry_safe(adapter, next, &device->retired, node)
		wdmdma_adapter_forget(adapter);
	wdmdma_domain_put(device->home);
	put_device(device->dev);
	kfree_rcu(device, rcu);
	module_put(THIS_MODULE);
}

/* Drop a reference. May sleep. */
void wdmdma_device_put(struct wdmdma_device *device)
{
	kref_put(&device->handle.ref, device_free_record);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_put);

/*
 * No driver uses the device any more: take back all that its adapters have. Harmless
 * twice. Returns how many adapters there are. Under wdmdma_domain_lock and its sem, both
 * for writing.
 */
static unsigned int device_end(struct wdmdma_device *device, const char *when)
{
	struct wdmdma_adapter *adapter;
	unsigned int adapters = 0;

	WRITE_ONCE(device->dead, true);
	/* The memory of one adapter's transfers may be a common buffer of another one. */
	list_for_each_entry(adapter, &device->adapters, node) {
		adapters++;
		wdmdma_list_free_all(adapter, when);
		wdmdma_controller_close(adapter->controller);
	}
	list_for_each_entry(adapter, &device->adapters, node) {
		wdmdma_vector_free_all(adapter, when);
		wdmdma_buffer_free_all(adapter, when);
	}
	if (device->private)
		wdmdma_private_destroy(device->private);
	device->private = NULL;
	wdmdma_domain_go_home(device);
	return adapters;
}

/*
 * Who does its DMA as this device has been unbound before: see domain_iommu.c. Only where
 * its probe function failed is it let go of a moment before its turn: which is now. Under
 * wdmdma_domain_lock for writing.
 */
static void device_end_guests(struct wdmdma_device *device)
{
	struct wdmdma_device *guest, *next;

	list_for_each_entry_safe(guest, next, &device->home->devices, member) {
		if (guest == device || guest->dma != device)
			continue;
		down_write(&guest->sem);
		device_end(guest, "leader of its domain unbound");
		up_write(&guest->sem);
	}
}

/* The devres release: the driver's remove() has run, and nothing of it uses the device. */
static void device_unbound(struct device *dev, void *res)
{
	struct wdmdma_device *device = *(struct wdmdma_device **)res;
	struct wdmdma_adapter *adapter;
	int users = atomic_read(&device->users);
	unsigned int adapters, guests;

	wdmdma_handle_retire(&device->handle);
	/* A routine that asks for more each time would keep the work going. */
	down_read(&device->sem);
	list_for_each_entry(adapter, &device->adapters, node)
		wdmdma_list_close(adapter);
	up_read(&device->sem);
	/* Adapters put in atomic context are still on their way out. */
	flush_workqueue(wdmdma_workqueue);

	down_write(&wdmdma_domain_lock);
	device_end_guests(device);
	down_write(&device->sem);
	adapters = device_end(device, "driver unbound");
	list_del_init(&device->member);
	guests = wdmdma_domain_guests(device->home);
	up_write(&device->sem);
	up_write(&wdmdma_domain_lock);

	if (adapters)
		dev_warn(dev, "driver unbound with %u adapters: its remove function must call PutDmaAdapter\n",
			 adapters);
	if (users)
		dev_warn(dev, "driver unbound with %d device object references: its remove function must call wdmdma_device_object_put\n",
			 users);
	if (guests)
		dev_warn(dev, "driver unbound while %u devices are in its domain, and stay there: they should call LeaveDmaDomain before\n",
			 guests);
	wdmdma_device_put(device);
}

static struct wdmdma_device *device_add_record(struct device *dev)
{
	struct wdmdma_device *device, **res;

	res = devres_alloc(device_unbound, sizeof(*res), GFP_KERNEL);
	if (!res)
		return NULL;
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		goto free_res;
	device->dev = dev;
	device->backend = wdmdma_iommu_translates(dev) ? &wdmdma_backend_iommu
						       : &wdmdma_backend_direct;
	init_rwsem(&device->sem);
	init_rwsem(&device->override);
	INIT_LIST_HEAD(&device->adapters);
	INIT_LIST_HEAD(&device->retired);
	if (!wdmdma_domain_enter_home(device))
		goto free_device;
	get_device(dev);
	/* The caller's module depends on this one, so it is there to be pinned. */
	__module_get(THIS_MODULE);
	wdmdma_handle_publish(&device->handle, WDMDMA_HANDLE_DEVICE, device);

	*res = device;
	devres_add(dev, res);
	return device;

free_device:
	kfree(device);
free_res:
	devres_free(res);
	return NULL;
}

/**
 * wdmdma_device_open() - find or make the record of a device
 * @dev: a device whose driver is bound, or is being probed
 *
 * Context: may sleep.
 * Return: the record, with a reference; NULL when out of memory.
 */
struct wdmdma_device *wdmdma_device_open(struct device *dev)
{
	struct wdmdma_device *device, **res;

	mutex_lock(&wdmdma_open_lock);
	res = devres_find(dev, device_unbound, NULL, NULL);
	device = res ? *res : device_add_record(dev);
	if (device)
		kref_get(&device->handle.ref);
	mutex_unlock(&wdmdma_open_lock);
	return device;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_open);

/* The live record with this handle, with a reference; or NULL. Any context. */
struct wdmdma_device *wdmdma_device_find(const void *handle)
{
	struct wdmdma_handle *found = wdmdma_handle_find(WDMDMA_HANDLE_DEVICE, handle);

	return found ? container_of(found, struct wdmdma_device, handle) : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_find);

/**
 * wdmdma_device_use_private() - give the device a domain of its own until unbind
 * @device: the device
 * @why: set on failure: the reason
 *
 * Context: may sleep.
 * Return: 0; -EBUSY when it is too late, -EOPNOTSUPP, -ENOMEM or -ESHUTDOWN.
 */
int wdmdma_device_use_private(struct wdmdma_device *device, const char **why)
{
	struct wdmdma_private *private;
	int ret = -EBUSY;

	down_write(&device->sem);
	if (device->dead) {
		*why = "the driver is being unbound";
		ret = -ESHUTDOWN;
	} else if (device->private) {
		*why = "the device has a domain of its own already";
	} else if (!list_empty(&device->adapters) || !list_empty(&device->retired)) {
		*why = "too late: IoGetDmaAdapter has been called for the device";
	} else {
		private = wdmdma_private_create(device->dev, why);
		ret = PTR_ERR_OR_ZERO(private);
		if (!ret) {
			device->private = private;
			device->backend = &wdmdma_backend_private;
		}
	}
	up_write(&device->sem);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_use_private);

#ifdef CONFIG_WDMDMA_KUNIT
/* How often this module is pinned. */
int wdmdma_module_refs(void)
{
	return module_refcount(THIS_MODULE);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_module_refs);
#endif
