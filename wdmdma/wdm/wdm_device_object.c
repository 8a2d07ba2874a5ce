// SPDX-License-Identifier: GPL-2.0-only
/* Device objects and private domains, which the Linux half of a driver asks for. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>

#include <wdmdma/linux.h>

#include "core/core.h"
#include "core/device.h"
#include "lib/bug_check.h"
#include "lib/refusal.h"
#include "objects.h"
#include "wdm/wdm_common.h"

static const char *wdm_open_reason(long error)
{
	switch (error) {
	case -ESHUTDOWN:
		return "the driver is being unbound";
	case -EBUSY:
		return "the device's IOMMU group is in a domain that is not its own";
	case -EOPNOTSUPP:
		return "Linux maps past the device's IOMMU: remove the device and rescan its bus";
	default:
		return "out of memory";
	}
}

/* Return the record of the glue's device, with a reference, or an ERR_PTR that is reported. */
static struct wdmdma_device *wdm_device_open(struct device *dev, const char *call)
{
	struct wdmdma_device *device;

	if (wdm_above_passive(call))
		return ERR_PTR(-EINVAL);
	if (!dev || !dev->driver) {
		wdmdma_report(call, "%s", dev ? "the device has no driver" : "dev is NULL");
		return ERR_PTR(-EINVAL);
	}
	device = wdmdma_device_open(dev);
	if (IS_ERR(device))
		dev_warn_ratelimited(dev, "%s: %s\n", call, wdm_open_reason(PTR_ERR(device)));
	return device;
}

/*
 * Use a device until wdm_device_drop(). Return its device object, or NULL, which is reported. May
 * sleep.
 */
PDEVICE_OBJECT wdm_device_hold(struct device *dev, enum wdmdma_user user, const char *call)
{
	struct wdmdma_device *device = wdm_device_open(dev, call);

	if (IS_ERR(device))
		return NULL;
	atomic_inc(&device->users[user]);
	return (PDEVICE_OBJECT)device;
}

/* End such a use, before or after the unbind. Any context. */
void wdm_device_drop(PDEVICE_OBJECT device_object, enum wdmdma_user user)
{
	struct wdmdma_device *device = (struct wdmdma_device *)device_object;

	atomic_dec(&device->users[user]);
	wdmdma_device_put(device);
}

/**
 * wdmdma_device_object_hold() - the device object of a device that has a WDFDEVICE
 * @dev: the device
 * @call: the driver's call, for messages
 *
 * For wdmdma_wdf.ko, which must call wdmdma_device_object_drop().
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: as wdmdma_device_object_get().
 */
PDEVICE_OBJECT wdmdma_device_object_hold(struct device *dev, const char *call)
{
	return wdm_device_hold(dev, WDMDMA_USER_WDF, call);
}
EXPORT_SYMBOL_GPL(wdmdma_device_object_hold);

/**
 * wdmdma_device_object_drop() - undo wdmdma_device_object_hold()
 * @device_object: the result of that call, not NULL
 *
 * The driver may be unbound already.
 *
 * Context: any.
 */
void wdmdma_device_object_drop(PDEVICE_OBJECT device_object)
{
	wdm_device_drop(device_object, WDMDMA_USER_WDF);
}
EXPORT_SYMBOL_GPL(wdmdma_device_object_drop);

/**
 * wdmdma_device_object_get() - the device object that stands for a Linux device
 * @dev: the device, with its driver bound or in its probe function
 *
 * The glue of a ported driver calls this function after it has set the DMA mask, and passes the
 * result to the Windows-style code, as the PhysicalDeviceObject of IoGetDmaAdapter(). A device
 * has one device object, so every call returns the same pointer. Every call needs one
 * wdmdma_device_object_put(). After the driver is unbound the pointer is dead.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the device object, or NULL when @dev is NULL or has no driver, when its driver is being
 * unbound (from the remove function on), when the IOMMU has the device in a domain that is not
 * its own, when the DMA API does not map for the device's IOMMU, or when there is no memory.
 */
PDEVICE_OBJECT wdmdma_device_object_get(struct device *dev)
{
	struct wdmdma_device *device = wdm_device_open(dev, __func__);

	if (IS_ERR(device))
		return NULL;
	atomic_inc(&device->users[WDMDMA_USER_DRIVER]);
	wdmdma_device_put(device);
	return (PDEVICE_OBJECT)device;
}
EXPORT_SYMBOL_GPL(wdmdma_device_object_get);

/**
 * wdmdma_device_object_put() - undo one wdmdma_device_object_get()
 * @device_object: the result of that call. NULL is ignored
 *
 * The glue must call this function after PutDmaAdapter, from the driver's remove function or the
 * error path of its probe function. When the driver is unbound, adapters and buffers that are
 * left are reported and freed.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void wdmdma_device_object_put(PDEVICE_OBJECT device_object)
{
	struct wdmdma_device *device;

	if (!device_object)
		return;
	device = wdmdma_device_find(device_object);
	if (!device) {
		wdmdma_report(__func__, "%p is no live device object", device_object);
		return;
	}
	if (atomic_dec_if_positive(&device->users[WDMDMA_USER_DRIVER]) < 0)
		wdmdma_refuse_bug(device, __func__, WDMDMA_DMA_CODE(0x11),
				  "put more often than got");
	wdmdma_device_put(device);
}
EXPORT_SYMBOL_GPL(wdmdma_device_object_put);

/**
 * wdmdma_device_object_is_live() - tell whether a pointer is a device object
 * @device_object: any value
 *
 * For wdmdma_ntos.ko, which takes device objects and knows no devices.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: true if it is the result of wdmdma_device_object_get(), for a device whose driver is not
 * unbound.
 */
bool wdmdma_device_object_is_live(PDEVICE_OBJECT device_object)
{
	struct wdmdma_device *device = wdmdma_device_find(device_object);

	if (!device)
		return false;
	wdmdma_device_put(device);
	return true;
}
EXPORT_SYMBOL_GPL(wdmdma_device_object_is_live);

/**
 * wdmdma_device_use_private_domain() - give a device an IOMMU domain of its own
 * @dev: the device, in its driver's probe function, its DMA masks set
 *
 * Linux chooses the addresses in the domain that Linux gives a device. In a private domain the
 * module chooses them, and so can meet limits that it must otherwise refuse or leave to luck. It
 * can meet a minimum logical address, also of 4 GiB and above, an exact range, and a maximum
 * however low, until the last page below the maximum is used. Each element of a vector is freed
 * at once.
 *
 * The glue must call this function before the first IoGetDmaAdapter() for the device. Where
 * interrupts pass the IOMMU (arm64), it must also call before it allocates the interrupt vectors.
 * The domain holds for all adapters of the device until its driver is unbound. Then the device is
 * in its default domain again.
 *
 * Until then nothing may use the Linux DMA API with the device (dma_alloc_coherent(),
 * dma_map_single() and the rest, also by helpers of a subsystem). Such calls would still succeed,
 * with addresses that mean nothing to the device, or other memory. Transfers that this module
 * makes with that API are refused. Each free has to wait until the IOMMU has forgotten the
 * addresses.
 *
 * Windows has no such function.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: 0, or an error. An error is reported with its reason, and the device can be used
 * without a private domain.
 *
 * * -EOPNOTSUPP when no IOMMU translates for the device, when the device is not cache coherent,
 *   sees memory at an offset, is in an IOMMU group with others, or needs memory that the
 *   firmware names
 * * -EBUSY when the call is too late or done already, or the IOMMU has the device
 *   in a domain that is not its own
 * * -EINVAL for a bad @dev or level
 * * -ENOMEM
 * * -ESHUTDOWN while the driver is being unbound
 */
int wdmdma_device_use_private_domain(struct device *dev)
{
	struct wdmdma_device *device = wdm_device_open(dev, __func__);
	struct wdmdma_refusal refusal;
	int ret;

	if (IS_ERR(device))
		return PTR_ERR(device);
	ret = wdmdma_device_use_private(device, &refusal);
	if (ret)
		wdmdma_refuse_for(device, __func__, refusal.reason, "%s", refusal.reason);
	wdmdma_device_put(device);
	return ret;
}
EXPORT_SYMBOL_GPL(wdmdma_device_use_private_domain);
