/* SPDX-License-Identifier: GPL-2.0-only */
/* Driver and device objects. */
#ifndef WDMDMA_WDF_DEVICE_H
#define WDMDMA_WDF_DEVICE_H

#include <linux/device.h>

#include <ddk/wdfdevice.h>

#include "wdf/object.h"

/**
 * struct wdf_driver - a driver object
 * @object: the first member
 * @owner: module of the Windows half
 * @node: link in the list of all driver objects
 */
struct wdf_driver {
	struct wdf_object object;
	struct module *owner;
	struct list_head node;
};

/**
 * struct wdf_device - a device object
 * @object: the first member
 * @dev: the Linux device. Not touched after the deletion
 * @node: link in the list of all device objects that are not deleted
 * @wdm: its WDM device object, held, or NULL after the deletion
 * @alignment: the alignment requirement, as the driver gave it
 * @powered: not 0 from a power-up to the power-down
 * @dpc_lock: held in each DPC of an interrupt with automatic serialization
 * @packet_busy: bit 0 is set while a packet transaction of version 2 is under way
 * @power_lock: protects the members below
 * @enablers: in the order of their creation
 * @interrupts: in the order of their creation
 * @power_seq: counts what was ever in the two lists
 */
struct wdf_device {
	struct wdf_object object;
	struct device *dev;
	struct list_head node;
	PDEVICE_OBJECT wdm;
	u32 alignment;
	atomic_t powered;
	spinlock_t dpc_lock;	/* see above */
	unsigned long packet_busy;
	spinlock_t power_lock;	/* see above */
	struct list_head enablers;
	struct list_head interrupts;
	u64 power_seq;
};

struct wdf_object *wdf_parent_get(PWDF_OBJECT_ATTRIBUTES attributes, unsigned long caller,
				  const char *call, NTSTATUS *status);

NTSTATUS wdf_object_create(struct wdf_object *object, PWDF_OBJECT_ATTRIBUTES attributes,
			   unsigned long caller, const char *call, void *handle);

static inline struct wdf_device *wdf_device_of(struct wdf_object *object)
{
	return container_of(object, struct wdf_device, object);
}

#endif /* WDMDMA_WDF_DEVICE_H */
