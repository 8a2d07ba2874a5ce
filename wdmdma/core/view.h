/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the module's objects while drivers use them. See core/view.c. */
#ifndef WDMDMA_VIEW_H
#define WDMDMA_VIEW_H

#include <linux/types.h>

struct wdmdma_adapter;
struct wdmdma_buffer;
struct wdmdma_device;
struct wdmdma_domain;

/**
 * struct wdmdma_view - the adapters that were live when the view was opened
 * @section: for wdmdma_reader_leave()
 * @nr: number of adapters
 * @adapter: the adapters, in the order of their numbers. Each has a reference to its device, but
 *           none to itself, and may be put at any time
 */
struct wdmdma_view {
	int section;
	unsigned int nr;
	struct wdmdma_adapter *adapter[];
};

/* The most objects of a kind that one call of wdmdma_view_transfers() copies with the lock held. */
#define WDMDMA_VIEW_OLDEST	16

/**
 * struct wdmdma_viewed_transfer - a copy of what is known of a transfer
 * @what: "list", "waiting-list", "registers" or "waiting-channel"
 * @call: the Windows call
 * @caller: where the driver made the call
 * @amount: bytes of a list, or number of map registers
 * @used: map registers in use
 * @queued: when a waiting request began to wait, in ns, or 0
 * @copied: the module copies the memory of a list
 */
struct wdmdma_viewed_transfer {
	const char *what;
	const char *call;
	unsigned long caller;
	u64 amount;
	u32 used;
	u64 queued;
	bool copied;
};

struct wdmdma_view *wdmdma_view_open(void);
void wdmdma_view_close(struct wdmdma_view *view);
int wdmdma_view_buffers(struct wdmdma_adapter *adapter,
			void (*show)(const struct wdmdma_buffer *buffer, void *arg), void *arg);
int wdmdma_view_transfers(struct wdmdma_adapter *adapter,
			  void (*show)(const struct wdmdma_viewed_transfer *transfer, void *arg),
			  void *arg);
void wdmdma_view_devices(void (*show)(struct wdmdma_device *device, void *arg), void *arg);
void wdmdma_view_members(void (*show)(const struct wdmdma_domain *domain,
				      struct wdmdma_device *device, void *arg), void *arg);

#endif /* WDMDMA_VIEW_H */
