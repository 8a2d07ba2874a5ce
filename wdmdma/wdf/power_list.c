// SPDX-License-Identifier: GPL-2.0-only
/*
 * The enablers and interrupts of a device. The lists are walked while callbacks run, which may
 * delete what they run for. So a walk remembers how far it has come by a number.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/power.h"

#include "wdf/device.h"

void wdf_power_add(struct wdf_device *device, struct list_head *list, struct wdf_object *object,
		   struct wdf_power_link *link)
{
	unsigned long flags;

	spin_lock_irqsave(&device->power_lock, flags);
	link->object = object;
	link->seq = ++device->power_seq;
	list_add_tail(&link->node, list);
	spin_unlock_irqrestore(&device->power_lock, flags);
}

void wdf_power_remove(struct wdf_device *device, struct wdf_power_link *link)
{
	unsigned long flags;

	spin_lock_irqsave(&device->power_lock, flags);
	list_del_init(&link->node);
	spin_unlock_irqrestore(&device->power_lock, flags);
}

/* Return the next object after number @seq, with a reference, and store its number. */
struct wdf_object *wdf_power_next(struct wdf_device *device, struct list_head *list, u64 *seq)
{
	struct wdf_object *found = NULL;
	struct wdf_power_link *link;
	unsigned long flags;

	spin_lock_irqsave(&device->power_lock, flags);
	list_for_each_entry(link, list, node) {
		/* The create call of an object may still fail. */
		if (link->seq > *seq && READ_ONCE(link->object->state) != WDF_OBJECT_NEW &&
		    refcount_inc_not_zero(&link->object->refs)) {
			found = link->object;
			*seq = link->seq;
			break;
		}
	}
	spin_unlock_irqrestore(&device->power_lock, flags);
	return found;
}
