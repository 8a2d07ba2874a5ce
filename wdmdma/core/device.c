// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: the module's record of a struct device.
 *
 * A record lives until its last reference is dropped. The driver may use the record until
 * the driver core releases a devres entry of the device. The release comes after the
 * driver's remove() and the bus's dma_cleanup(), and before the driver core takes down the
 * device's DMA set-up. Only then are buffers that the driver forgot no longer in use, but
 * can still be unmapped. dma_cleanup() gives up the claim to the IOMMU's default domain, so
 * an administrator can replace the domain before the release. See device_check_domain().
 *
 * The record must pin the module until the release. After the release only an adapter that
 * was never put keeps the record. Such an adapter owns nothing, and a driver that could
 * still use the adapter has a module that depends on this one. Module exit frees the
 * records and adapters that are left.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "backend/backend_private.h"
#include "backend/backends.h"
#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/core.h"
#include "core/device.h"
#include "core/dma_channel.h"
#include "core/dma_parms.h"
#include "core/domain.h"
#include "core/lookup.h"
#include "core/recycle.h"
#include "core/transfer.h"
#include "core/vector.h"
#include "core/verifier.h"
#include "core/work.h"
#include "lib/handle.h"
#include "lib/reader.h"
#include "lib/refusal.h"
#include "objects.h"

#define WDMDMA_RETIRED_KEPT	8	/* adapters kept per device after their put */

/* Protects the list of records and their states; held while a record is made. */
static DEFINE_MUTEX(wdmdma_open_lock);
static LIST_HEAD(device_records);

static void device_free_adapter(struct work_struct *work)
{
	struct wdmdma_adapter *adapter = container_of(to_rcu_work(work), struct wdmdma_adapter,
						      forget);

	wdmdma_reader_sync();
	wdmdma_transfers_fini(adapter);
	wdmdma_lookup_destroy(&adapter->buffers);
	kfree(adapter);
}

/* Free an adapter that was torn down, when no look-up can be in it any more. */
static void device_forget_adapter(struct wdmdma_adapter *adapter)
{
	INIT_RCU_WORK(&adapter->forget, device_free_adapter);
	queue_rcu_work(wdmdma_workqueue, &adapter->forget);
}

static void device_free_record(struct work_struct *work)
{
	struct wdmdma_device *device = container_of(work, struct wdmdma_device, free);
	struct wdmdma_adapter *adapter, *next;

	might_sleep();
	mutex_lock(&wdmdma_open_lock);
	list_del(&device->record);
	mutex_unlock(&wdmdma_open_lock);
	list_for_each_entry_safe(adapter, next, &device->retired, node)
		device_forget_adapter(adapter);
	wdmdma_domain_put(device->home);
	put_device(device->dev);
	kfree_rcu(device, rcu);
}

static void device_release(struct kref *ref)
{
	struct wdmdma_device *device = container_of(ref, struct wdmdma_device, handle.ref);

	if (wdmdma_at_dispatch())
		queue_work(wdmdma_workqueue, &device->free);
	else
		device_free_record(&device->free);
}

/* Drop a reference. Any context. A work item frees the record if the caller must not sleep. */
void wdmdma_device_put(struct wdmdma_device *device)
{
	kref_put(&device->handle.ref, device_release);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_put);

/* Count a buffer as lost. Its pages, CPU mapping and logical addresses must be left alone. */
static void device_lose_buffer(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	atomic_long_add(wdmdma_buffer_size(buffer), &device->lost);
}

static int device_lost_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			     struct wdmdma_buffer *buffer)
{
	return wdmdma_deny(&request->refusal, -ESHUTDOWN,
			   "the IOMMU domain of the device was replaced");
}

/* Replaces the backend of a device whose mappings the backend cannot reach any more. */
static const struct wdmdma_backend device_lost_backend = {
	.name = "replaced domain",
	.alloc = device_lost_alloc,
	.import = device_lost_alloc,
	.free = device_lose_buffer,
};

/*
 * Replace the backend if the device is not in the IOMMU domain that its mappings were made
 * in. The mappings went with the old IOMMU domain, and the DMA API would look for them in
 * the new one. So the mappings must not be unmapped, and their memory must not be freed.
 * The caller must hold the sem of the device, or of a device that joined it, for writing.
 */
static void device_check_domain(struct wdmdma_device *device)
{
	if (!device->private && !wdmdma_domain_is_own(device))
		WRITE_ONCE(device->backend, &device_lost_backend);
}

/*
 * Move an adapter that is torn down to the retired list. Free the oldest adapter there if
 * the list gets too long. The caller must hold the device's sem for writing.
 */
void wdmdma_device_retire(struct wdmdma_adapter *adapter)
{
	struct wdmdma_device *device = adapter->device;

	lockdep_assert_held_write(&device->sem);
	list_move(&adapter->node, &device->retired);
	if (++device->nr_retired > WDMDMA_RETIRED_KEPT) {
		adapter = list_last_entry(&device->retired, struct wdmdma_adapter, node);
		list_del(&adapter->node);
		device->nr_retired--;
		device_forget_adapter(adapter);
	}
}

/*
 * Take back all that the device's adapters have. A driver must not use the device any more.
 * A second call does no harm. Return the number of adapters that the driver got itself.
 */
static unsigned int device_end(struct wdmdma_device *device, const char *when)
{
	struct wdmdma_leaks leaks = { .when = when };
	struct wdmdma_adapter *adapter;
	unsigned int adapters = 0;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	lockdep_assert_held_write(&device->sem);

	WRITE_ONCE(device->dead, true);
	device_check_domain(device->dma);
	/* Transfers must end first, as they may use a common buffer of another adapter. */
	list_for_each_entry(adapter, &device->adapters, node) {
		adapters += adapter->user == WDMDMA_USER_DRIVER;
		wdmdma_sg_list_free_all(adapter, &leaks);
		wdmdma_dma_channel_close(adapter->dma_channel);
	}
	list_for_each_entry(adapter, &device->adapters, node) {
		wdmdma_vector_free_all(adapter, &leaks);
		wdmdma_buffer_free_all(adapter, &leaks);
	}
	wdmdma_leaks_report(device, &leaks);
	if (device->private && !wdmdma_private_destroy(device->private))
		wdmdma_domain_stray(device);
	device->private = NULL;
	wdmdma_domain_go_home(device);
	return adapters;
}

/*
 * Take back all that the joiners have that do their DMA as this device. The driver core has
 * normally unbound a joiner's driver before, see backend/iommu_group.c. If a joiner's probe
 * function failed, the core drops the device link a moment before it releases the joiner's
 * devres. Then the joiner's buffers must be freed here.
 */
static void device_end_joiners(struct wdmdma_device *device)
{
	struct wdmdma_device *joiner, *next;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	list_for_each_entry_safe(joiner, next, &device->home->devices, member) {
		if (joiner == device || joiner->dma != device)
			continue;
		down_write(&joiner->sem);
		device_end(joiner, "leader of its domain unbound");
		up_write(&joiner->sem);
	}
}

/*
 * Log which uses the driver should have ended before it was unbound, and by which calls. The
 * adapters of a miniport and of KMDF go with the object that has them.
 */
static void device_report_users(struct wdmdma_device *device, unsigned int adapters)
{
	int objects = atomic_read(&device->users[WDMDMA_USER_DRIVER]);
	int extensions = atomic_read(&device->users[WDMDMA_USER_MINIPORT]);
	int devices = atomic_read(&device->users[WDMDMA_USER_WDF]);

	if (adapters && !devices)
		dev_warn(device->dev, "driver unbound with %u adapters: its remove function must call PutDmaAdapter\n",
			 adapters);
	if (objects)
		dev_warn(device->dev, "driver unbound with %d device object references: its remove function must call wdmdma_device_object_put\n",
			 objects);
	if (extensions)
		dev_warn(device->dev, "driver unbound with %d device extensions: its remove function must call wdmdma_hw_device_extension_destroy\n",
			 extensions);
	if (devices)
		dev_warn(device->dev, "driver unbound with a WDFDEVICE: its remove function must call wdmdma_wdf_device_delete\n");
}

/* Log what the driver should have done before it was unbound. */
static void device_report(struct wdmdma_device *device, unsigned int adapters,
			  unsigned int joiners)
{
	long lost = atomic_long_read(&device->lost);

	if (lost)
		dev_err(device->dev,
			"the IOMMU domain was replaced (sysfs: iommu_group/type) while the driver was being unbound: %ld bytes are lost\n",
			lost);
	device_report_users(device, adapters);
	if (joiners)
		dev_warn(device->dev, "driver unbound while %u devices are in its domain, and stay there: they should call LeaveDmaDomain before\n",
			 joiners);
}

/* Set the state. A struct device must not get a new record before the old one is unbound. */
static void device_set_state(struct wdmdma_device *device, enum wdmdma_device_state state)
{
	mutex_lock(&wdmdma_open_lock);
	device->state = state;
	mutex_unlock(&wdmdma_open_lock);
}

/*
 * Let nothing start any more. Lists are closed, or a routine that makes a new request each time
 * keeps the work going. Recyclers are closed, because they map and unmap without the backend, which
 * may be another one from here on.
 */
static void device_close(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	down_write(&wdmdma_domain_lock);
	down_write(&device->sem);
	WRITE_ONCE(device->dead, true);
	device_check_domain(device->dma);
	list_for_each_entry(adapter, &device->adapters, node) {
		wdmdma_sg_list_close(adapter);
		wdmdma_recycle_close(adapter);
	}
	up_write(&device->sem);
	up_write(&wdmdma_domain_lock);
}

/* The devres release. The driver's remove() has run, and must have stopped using the device. */
static void device_unbound(struct device *dev, void *res)
{
	struct wdmdma_device *device = *(struct wdmdma_device **)res;
	unsigned int adapters, joiners;

	device_set_state(device, WDMDMA_DEVICE_UNBINDING);
	wdmdma_handle_retire(&device->handle);
	device_close(device);
	/* Wait for the teardown of adapters that were put in atomic context. */
	flush_workqueue(wdmdma_workqueue);

	down_write(&wdmdma_domain_lock);
	device_end_joiners(device);
	down_write(&device->sem);
	adapters = device_end(device, "driver unbound");
	wdmdma_dma_parms_close(device);
	joiners = wdmdma_domain_leave_home(device);
	up_write(&device->sem);
	up_write(&wdmdma_domain_lock);

	device_report(device, adapters, joiners);
	device_set_state(device, WDMDMA_DEVICE_UNBOUND);
	wdmdma_device_put(device);
	module_put(THIS_MODULE);
}

/*
 * Return true if a devres entry added now is released when the driver is unbound. The driver
 * core changes the status before it empties the devres list, and clears dev->driver after
 * that. For the next driver it sets the status first, and sets dev->driver after it has found
 * the devres list empty.
 */
static bool device_has_driver(const struct device *dev)
{
	enum dl_dev_state status = READ_ONCE(dev->links.status);

	/* Pairs with the driver core's locks. The next driver's status is set without a lock. */
	smp_rmb();
	return (status == DL_DEV_PROBING || status == DL_DEV_DRIVER_BOUND) &&
	       READ_ONCE(dev->driver);
}

/*
 * Make a record with two references, one for its devres entry and one for the caller.
 * Return an ERR_PTR on failure.
 */
static struct wdmdma_device *device_new(struct device *dev)
{
	struct wdmdma_device *device = kzalloc(sizeof(*device), WDMDMA_GFP);
	int ret;

	if (!device)
		return ERR_PTR(-ENOMEM);
	device->dev = dev;
	device->backend = wdmdma_iommu_translates(dev) ? &wdmdma_backend_iommu
						       : &wdmdma_backend_direct;
	init_rwsem(&device->sem);
	init_rwsem(&device->override);
	INIT_LIST_HEAD(&device->low_blocks);
	raw_spin_lock_init(&device->refusals.lock);
	strscpy(device->driver, dev_driver_string(dev), sizeof(device->driver));
	INIT_LIST_HEAD(&device->adapters);
	INIT_LIST_HEAD(&device->retired);
	INIT_WORK(&device->free, device_free_record);
	ret = wdmdma_domain_enter_home(device);
	if (ret) {
		kfree(device);
		return ERR_PTR(ret);
	}
	wdmdma_dma_parms_open(device);
	get_device(dev);
	/* The caller's module depends on this module, which therefore cannot be on its way out. */
	__module_get(THIS_MODULE);
	wdmdma_handle_publish(&device->handle, WDMDMA_HANDLE_DEVICE, device);
	wdmdma_verifier_apply(device);
	kref_get(&device->handle.ref);
	list_add(&device->record, &device_records);
	return device;
}

/*
 * Make a record for a device whose driver is bound. The caller must check again that the
 * driver is bound after the devres entry was added. If the driver is not, then either the
 * driver core releases the entry or the caller must do so.
 */
static struct wdmdma_device *device_add_record(struct device *dev)
{
	struct wdmdma_device *device, **res;

	lockdep_assert_held(&wdmdma_open_lock);
	if (!device_has_driver(dev))
		return ERR_PTR(-ESHUTDOWN);
	if (!wdmdma_iommu_is_mapped_for(dev))
		return ERR_PTR(-EOPNOTSUPP);
	res = devres_alloc(device_unbound, sizeof(*res), WDMDMA_GFP);
	if (!res)
		return ERR_PTR(-ENOMEM);
	device = device_new(dev);
	if (IS_ERR(device)) {
		devres_free(res);
		return device;
	}
	*res = device;
	devres_add(dev, res);
	return device;
}

/* Return the record of a device whose driver is bound or is being unbound, or NULL. */
static struct wdmdma_device *device_find_record(const struct device *dev)
{
	struct wdmdma_device *device;

	lockdep_assert_held(&wdmdma_open_lock);
	list_for_each_entry(device, &device_records, record)
		if (device->dev == dev && device->state != WDMDMA_DEVICE_UNBOUND)
			return device;
	return NULL;
}

/**
 * wdmdma_device_open() - find or make the record of a device
 * @dev: a device whose driver is bound, or is being probed
 *
 * Context: may sleep.
 * Return: the record, with a reference. Otherwise an ERR_PTR with -ENOMEM, with -ESHUTDOWN
 * while the driver is being unbound, with -EBUSY while the device is in an IOMMU domain that
 * is not its own, or with -EOPNOTSUPP if the DMA API does not map for the IOMMU.
 */
struct wdmdma_device *wdmdma_device_open(struct device *dev)
{
	struct wdmdma_device *device;
	bool added = false;

	mutex_lock(&wdmdma_open_lock);
	device = device_find_record(dev);
	if (!device) {
		device = device_add_record(dev);
		added = !IS_ERR(device);
	} else if (device->state == WDMDMA_DEVICE_BOUND) {
		kref_get(&device->handle.ref);
	} else {
		device = ERR_PTR(-ESHUTDOWN);
	}
	mutex_unlock(&wdmdma_open_lock);

	if (added && !device_has_driver(dev)) {
		/* This has no effect if the driver core has taken the entry already. */
		devres_release(dev, device_unbound, NULL, NULL);
		wdmdma_device_put(device);
		device = ERR_PTR(-ESHUTDOWN);
	}
	return device;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_open);

/*
 * Take a record that is left off the list of records, with a reference. Return NULL if there
 * is none. For module exit, when no driver may be bound and no call can be made any more.
 */
struct wdmdma_device *wdmdma_device_take_left(void)
{
	struct wdmdma_device *device;

	device = list_first_entry_or_null(&device_records, struct wdmdma_device, record);
	if (device) {
		list_del_init(&device->record);
		kref_get(&device->handle.ref);
	}
	return device;
}

/* Find the live record with this handle and take a reference, or return NULL. Any context. */
struct wdmdma_device *wdmdma_device_find(const void *handle)
{
	struct wdmdma_handle *found = wdmdma_handle_find(WDMDMA_HANDLE_DEVICE, handle);

	return found ? container_of(found, struct wdmdma_device, handle) : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_find);

/**
 * wdmdma_device_use_private() - give the device a domain of its own until unbind
 * @device: the device
 * @refusal: receives the reason of a failure
 *
 * Context: may sleep.
 * Return: 0 on success. -EBUSY if it is too late, -EOPNOTSUPP, -ENOMEM or -ESHUTDOWN.
 */
int wdmdma_device_use_private(struct wdmdma_device *device, struct wdmdma_refusal *refusal)
{
	struct wdmdma_private *private;
	bool was_own;
	int ret;

	down_write(&wdmdma_domain_lock);
	down_write(&device->sem);
	if (device->dead) {
		ret = wdmdma_deny(refusal, -ESHUTDOWN, wdmdma_dead_reason(device));
	} else if (device->private) {
		ret = wdmdma_deny(refusal, -EBUSY, "the device has a domain of its own already");
	} else if (!list_empty(&device->adapters) || !list_empty(&device->retired)) {
		ret = wdmdma_deny(refusal, -EBUSY,
				  "too late: IoGetDmaAdapter has been called for the device");
	} else {
		was_own = wdmdma_domain_is_own(device);
		private = wdmdma_private_create(device->dev, refusal);
		ret = PTR_ERR_OR_ZERO(private);
		if (!ret) {
			device->private = private;
			device->backend = &wdmdma_backend_private;
		} else if (was_own && !wdmdma_domain_is_own(device)) {
			wdmdma_domain_stray(device);
		}
	}
	up_write(&device->sem);
	up_write(&wdmdma_domain_lock);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_device_use_private);

#ifdef CONFIG_WDMDMA_KUNIT
/* Return the number of references to this module. */
int wdmdma_module_refs(void)
{
	return module_refcount(THIS_MODULE);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_module_refs);
#endif
