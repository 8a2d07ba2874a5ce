// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts of the low addresses that the module's buffers use behind an IOMMU. With these
 * accounts backend_iommu need not begin a search that could fail. backend/backend_iommu.c says
 * why a search must not fail.
 *
 * wdmdma_device.override protects all of this, and must be held for writing.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/log2.h>

#include "backend/iommu_low.h"
#include "backend/standin.h"
#include "backend/translation.h"
#include "lib/page_set.h"
#include "lib/window.h"
#include "objects.h"

#define LOW_HELD_BACK_MS	50	/* a lazy domain frees addresses sooner */
#define LOW_WAIT_MS		10
#define LOW_TRIES		10
/*
 * Length of the longest address range in the allocator's caches, from which any user may take
 * one.
 */
#define LOW_CACHED_SIZE		(32 * PAGE_SIZE)

/*
 * Return the number of addresses that the allocator takes for @size bytes, which it aligns to
 * their size.
 */
static size_t low_cost(size_t size)
{
	return roundup_pow_of_two(size);
}

static long *low_bytes(struct wdmdma_device *device, u64 last)
{
	lockdep_assert_held_write(&device->override);
	return &device->low.bytes[ilog2(last)];
}

/*
 * Return the number of addresses up to @last that are in use by buffers, held back for a flush,
 * or used by spare buffers.
 */
static u64 low_used(struct wdmdma_device *device, u64 last)
{
	unsigned int bit, n;
	u64 used = 0;

	lockdep_assert_held_write(&device->override);
	for (bit = 0; bit <= ilog2(last); bit++)
		used += device->low.bytes[bit] + device->low.freed[bit];
	for (n = 0; n < WDMDMA_LOW_SPARES; n++)
		if (device->low.spares[n].cpu && device->low.spares[n].dma <= last)
			used += low_cost(device->low.spares[n].size);
	return used;
}

/*
 * Return true if there is room for @size more bytes up to @last. Half of the addresses are
 * left, because some are reserved.
 */
static bool low_has_room(struct wdmdma_device *device, u64 last, size_t size)
{
	return low_used(device, last) + low_cost(size) <= last / 2;
}

/*
 * Return true if freed addresses may still be held back. After LOW_HELD_BACK_MS they no longer
 * count.
 */
static bool low_settle(struct wdmdma_device *device)
{
	long held = 0;
	unsigned int bit;
	bool past = time_after(jiffies, device->low.freed_at +
					msecs_to_jiffies(LOW_HELD_BACK_MS));

	lockdep_assert_held_write(&device->override);
	for (bit = 0; bit < ARRAY_SIZE(device->low.freed); bit++) {
		if (past)
			device->low.freed[bit] = 0;
		held |= device->low.freed[bit];
	}
	return held;
}

/* Account for a buffer that was placed with a low limit, until it is freed. */
void wdmdma_low_book(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	size_t cost = low_cost(wdmdma_buffer_size(buffer));

	buffer->low_order = ilog2(cost) + 1;
	*low_bytes(device, buffer->dma + wdmdma_buffer_size(buffer) - 1) += cost;
}

void wdmdma_low_unbook(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	size_t size = wdmdma_buffer_size(buffer);

	*low_bytes(device, buffer->dma + size - 1) -= low_cost(size);
	buffer->low_order = 0;
}

/* Count the addresses of a buffer that is about to be freed as used for a while. */
void wdmdma_low_hold_back(struct wdmdma_device *device, dma_addr_t dma, size_t size)
{
	lockdep_assert_held_write(&device->override);
	if (!wdmdma_iommu_is_lazy(device))
		return;
	low_settle(device);
	device->low.freed_at = jiffies;
	device->low.freed[ilog2(dma + size - 1)] += low_cost(size);
}

/*
 * Keep a freed buffer as a spare, with its addresses. A lazy domain gives addresses back late.
 * The addresses of short buffers would then go round among all users who map memory for the
 * device, and be used up. The device can still reach a spare buffer, which is no worse than a
 * lazy domain. Return true if the buffer is a spare now.
 */
bool wdmdma_low_put_spare(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	unsigned int n;

	lockdep_assert_held_write(&device->override);
	if (buffer->imported || buffer->sgt || wdmdma_buffer_size(buffer) > LOW_CACHED_SIZE ||
	    (buffer->pages && buffer->pages->cache != WDMDMA_CACHE_PLATFORM) ||
	    !wdmdma_iommu_is_lazy(device))
		return false;
	for (n = 0; n < WDMDMA_LOW_SPARES; n++) {
		if (device->low.spares[n].cpu)
			continue;
		device->low.spares[n] = (struct wdmdma_low_spare){
			.cpu = buffer->cpu,
			.dma = buffer->dma,
			.size = wdmdma_buffer_size(buffer),
			.pages = buffer->pages,
		};
		/* The record may be used for another placement. */
		buffer->pages = NULL;
		buffer->standin = false;
		return true;
	}
	return false;
}

/* Place a buffer on a spare buffer. Return true if there was a suitable one. */
bool wdmdma_low_reuse(struct wdmdma_device *device, const struct wdmdma_request *request,
		      struct wdmdma_buffer *buffer)
{
	struct wdmdma_low_spare *spare;
	unsigned int n;

	lockdep_assert_held_write(&device->override);
	if (buffer->imported || request->granule || request->node != NUMA_NO_NODE ||
	    request->cache != WDMDMA_CACHE_PLATFORM)
		return false;
	for (n = 0; n < WDMDMA_LOW_SPARES; n++) {
		spare = &device->low.spares[n];
		if (!spare->cpu || spare->size != wdmdma_buffer_size(buffer) ||
		    !wdmdma_window_holds(request->window, spare->dma, spare->size) ||
		    wdmdma_window_crosses(request->boundary, spare->dma, buffer->len))
			continue;
		buffer->cpu = spare->cpu;
		buffer->dma = spare->dma;
		buffer->pages = spare->pages;
		buffer->standin = true;
		spare->cpu = NULL;
		memset(buffer->cpu, 0, wdmdma_buffer_size(buffer));
		return true;
	}
	return false;
}

/* Free all spare buffers. Return true if there were any. */
bool wdmdma_low_forget(struct wdmdma_device *device, wdmdma_low_free_t free)
{
	struct wdmdma_low_spare *spare;
	bool any = false;
	unsigned int n;

	lockdep_assert_held_write(&device->override);
	for (n = 0; n < WDMDMA_LOW_SPARES; n++) {
		struct wdmdma_buffer buffer = { .standin = true };

		spare = &device->low.spares[n];
		if (!spare->cpu)
			continue;
		buffer.cpu = spare->cpu;
		buffer.dma = spare->dma;
		buffer.nr_pages = spare->size >> PAGE_SHIFT;
		buffer.pages = spare->pages;
		spare->cpu = NULL;
		wdmdma_low_hold_back(device, buffer.dma, spare->size);
		free(device, &buffer);
		any = true;
	}
	return any;
}

/*
 * Make room, so that a search cannot fail. Free the spare buffers, and wait for addresses that
 * are held back. Return false if there is still no room.
 */
bool wdmdma_low_make_room(struct wdmdma_device *device, u64 last, size_t size,
			  wdmdma_low_free_t free)
{
	unsigned int tries;

	for (tries = 0; !low_has_room(device, last, size); tries++) {
		if (wdmdma_low_forget(device, free))
			continue;
		if (tries >= LOW_TRIES || !low_settle(device))
			return low_has_room(device, last, size);
		msleep(LOW_WAIT_MS);
	}
	return true;
}
