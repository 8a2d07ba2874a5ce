/* SPDX-License-Identifier: GPL-2.0-only */
/* Enablers. */
#ifndef WDMDMA_WDF_ENABLER_H
#define WDMDMA_WDF_ENABLER_H

#include <ddk/wdfdmaenabler.h>

#include "wdf/object.h"
#include "wdf/power.h"

/* The page size of Windows, whatever that of the kernel is. */
#define WDF_PAGE_SIZE	4096U

/**
 * struct wdf_channel - what an enabler has for one direction
 * @adapter: the adapter, or NULL before a system profile is configured and after the deletion
 * @ops: its table
 * @registers: map registers that were granted
 * @fragment: most bytes of a transfer
 * @configured: a call has begun to configure the system profile
 */
struct wdf_channel {
	PDMA_ADAPTER adapter;
	PDMA_OPERATIONS ops;
	ULONG registers;
	size_t fragment;
	atomic_t configured;
};

/**
 * struct wdf_enabler - an enabler
 * @object: the first member. Its parent is the device, or below it
 * @device: the device. Its memory stays, because the device is an ancestor
 * @config: as the driver gave it
 * @version: version of the adapters
 * @maximum: most bytes of a transfer, or 0 before a system profile is configured
 * @channel: by direction. Without duplex only the first is used
 * @lists: the profile is one with scatter/gather lists
 * @duplex: the profile is one with two adapters
 * @system: the profile is one for a DMA controller
 * @alignment: of common buffers, the boundary less one
 * @max_elements: most elements of a list
 * @link: link in the device's list
 * @tickets_lock: protects @tickets and @tickets_closed
 * @tickets: requests to the adapters that wait for an answer
 * @tickets_closed: the adapters have ended, and no answer is wanted any more
 * @fill_failed: of the last power-up
 * @enable_failed: of the last power-up
 */
struct wdf_enabler {
	struct wdf_object object;
	struct wdf_device *device;
	WDF_DMA_ENABLER_CONFIG config;
	u32 version;
	size_t maximum;
	struct wdf_channel channel[2];
	bool lists;
	bool duplex;
	bool system;
	u32 alignment;
	u32 max_elements;
	struct wdf_power_link link;
	spinlock_t tickets_lock;	/* see above */
	struct list_head tickets;
	bool tickets_closed;
	bool fill_failed;
	bool enable_failed;
};

static inline struct wdf_enabler *wdf_enabler_of(struct wdf_object *object)
{
	return container_of(object, struct wdf_enabler, object);
}

static inline struct wdf_channel *wdf_channel_of(struct wdf_enabler *enabler,
						 WDF_DMA_DIRECTION direction)
{
	return &enabler->channel[enabler->duplex ? direction : 0];
}

/* Return true if the device takes one transfer for a transaction. */
static inline bool wdf_enabler_is_single(const struct wdf_enabler *enabler)
{
	return enabler->config.Flags & WDF_DMA_ENABLER_CONFIG_REQUIRE_SINGLE_TRANSFER;
}

/* ticket.c */
void wdf_tickets_end(struct wdf_enabler *enabler);

#endif /* WDMDMA_WDF_ENABLER_H */
