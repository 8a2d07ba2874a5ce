/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device calls when it enters or leaves D0. */
#ifndef WDMDMA_WDF_POWER_H
#define WDMDMA_WDF_POWER_H

#include <linux/list.h>
#include <linux/types.h>

struct wdf_device;
struct wdf_object;

/**
 * struct wdf_power_link - an enabler or an interrupt in the list of its device
 * @node: link in the list
 * @object: the object
 * @seq: counts what was ever in a list of the device
 */
struct wdf_power_link {
	struct list_head node;
	struct wdf_object *object;
	u64 seq;
};

void wdf_power_add(struct wdf_device *device, struct list_head *list, struct wdf_object *object,
		   struct wdf_power_link *link);
void wdf_power_remove(struct wdf_device *device, struct wdf_power_link *link);
struct wdf_object *wdf_power_next(struct wdf_device *device, struct list_head *list, u64 *seq);

#endif /* WDMDMA_WDF_POWER_H */
