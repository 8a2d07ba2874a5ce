// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts of the low addresses that the module's buffers use behind an IOMMU. With these
 * accounts backend_iommu need not begin a search that could fail. backend/backend_iommu.c says
 * why a search must not fail.
 *
 * A buffer is placed below a low limit with wdmdma_device.override held for writing, so that no
 * other placement uses the room that was found. A free must not wait for that, because the
 * shrinker frees buffers too, for an allocation that may hold override. So the accounts have a
 * lock of their own, and nothing is allocated, mapped, unmapped or zeroed with that lock held.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/spinlock.h>

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
	lockdep_assert_held(&device->low.lock);
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

	lockdep_assert_held(&device->low.lock);
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
	bool room;

	spin_lock(&device->low.lock);
	room = low_used(device, last) + low_cost(size) <= last / 2;
	spin_unlock(&device->low.lock);
	return room;
}

/* After LOW_HELD_BACK_MS freed addresses are no longer held back, and no longer count. */
static void low_settle(struct wdmdma_device *device)
{
	lockdep_assert_held(&device->low.lock);
	if (time_after(jiffies, device->low.freed_at + msecs_to_jiffies(LOW_HELD_BACK_MS)))
		memset(device->low.freed, 0, sizeof(device->low.freed));
}

/* Return true if freed addresses may still be held back. */
static bool low_holds_back(struct wdmdma_device *device)
{
	bool held;

	spin_lock(&device->low.lock);
	low_settle(device);
	held = memchr_inv(device->low.freed, 0, sizeof(device->low.freed));
	spin_unlock(&device->low.lock);
	return held;
}

/* Account for a buffer that was placed with a low limit, until it is freed. */
void wdmdma_low_book(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	size_t cost = low_cost(wdmdma_buffer_size(buffer));

	spin_lock(&device->low.lock);
	buffer->low_order = ilog2(cost) + 1;
	*low_bytes(device, buffer->dma + wdmdma_buffer_size(buffer) - 1) += cost;
	spin_unlock(&device->low.lock);
}

/* Count the addresses of a buffer that is about to be freed as used for a while. */
static void low_hold_back(struct wdmdma_device *device, dma_addr_t dma, size_t size)
{
	lockdep_assert_held(&device->low.lock);
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
static bool low_put_spare(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	unsigned int n;

	lockdep_assert_held(&device->low.lock);
	if (buffer->imported || buffer->sgt || wdmdma_buffer_size(buffer) > LOW_CACHED_SIZE ||
	    (buffer->pages && buffer->pages->cache != WDMDMA_CACHE_PLATFORM))
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

/*
 * Take a buffer that is about to be freed off the accounts. Return true if the buffer has become
 * a spare buffer, which the caller must not free.
 */
bool wdmdma_low_release(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	size_t size = wdmdma_buffer_size(buffer);
	bool lazy = wdmdma_iommu_is_lazy(device), kept;

	spin_lock(&device->low.lock);
	*low_bytes(device, buffer->dma + size - 1) -= low_cost(size);
	buffer->low_order = 0;
	kept = lazy && low_put_spare(device, buffer);
	if (lazy && !kept)
		low_hold_back(device, buffer->dma, size);
	spin_unlock(&device->low.lock);
	return kept;
}

static bool low_suits(const struct wdmdma_low_spare *spare, const struct wdmdma_request *request,
		      const struct wdmdma_buffer *buffer)
{
	return spare->cpu && spare->size == wdmdma_buffer_size(buffer) &&
	       wdmdma_window_holds(request->window, spare->dma, spare->size) &&
	       !wdmdma_window_crosses(request->boundary, spare->dma, buffer->len);
}

/* Place a buffer on a spare buffer. Return true if there was a suitable one. */
bool wdmdma_low_reuse(struct wdmdma_device *device, const struct wdmdma_request *request,
		      struct wdmdma_buffer *buffer)
{
	struct wdmdma_low_spare *spare;
	bool found = false;
	unsigned int n;

	if (buffer->imported || request->granule || request->node != NUMA_NO_NODE ||
	    request->cache != WDMDMA_CACHE_PLATFORM)
		return false;
	spin_lock(&device->low.lock);
	for (n = 0; n < WDMDMA_LOW_SPARES && !found; n++) {
		spare = &device->low.spares[n];
		found = low_suits(spare, request, buffer);
		if (!found)
			continue;
		buffer->cpu = spare->cpu;
		buffer->dma = spare->dma;
		buffer->pages = spare->pages;
		buffer->standin = true;
		spare->cpu = NULL;
	}
	spin_unlock(&device->low.lock);
	if (found)
		memset(buffer->cpu, 0, wdmdma_buffer_size(buffer));
	return found;
}

/* Move a spare buffer to @buffer, to be freed. Return false if there is none at this place. */
static bool low_take_spare(struct wdmdma_device *device, struct wdmdma_low_spare *spare,
			   struct wdmdma_buffer *buffer)
{
	bool taken;

	spin_lock(&device->low.lock);
	taken = spare->cpu;
	if (taken) {
		*buffer = (struct wdmdma_buffer){
			.cpu = spare->cpu,
			.dma = spare->dma,
			.nr_pages = spare->size >> PAGE_SHIFT,
			.pages = spare->pages,
			.standin = true,
		};
		spare->cpu = NULL;
		low_hold_back(device, buffer->dma, wdmdma_buffer_size(buffer));
	}
	spin_unlock(&device->low.lock);
	return taken;
}

/* Free all spare buffers. Return true if there were any. */
bool wdmdma_low_forget(struct wdmdma_device *device, wdmdma_low_free_t free)
{
	struct wdmdma_buffer buffer;
	bool any = false;
	unsigned int n;

	for (n = 0; n < WDMDMA_LOW_SPARES; n++) {
		if (!low_take_spare(device, &device->low.spares[n], &buffer))
			continue;
		free(device, &buffer);
		any = true;
	}
	return any;
}

/*
 * Make room, so that a search cannot fail. Free the spare buffers, and wait for addresses that
 * are held back. Return false if there is still no room. The caller must hold override for writing
 * until the buffer is accounted for.
 */
bool wdmdma_low_make_room(struct wdmdma_device *device, u64 last, size_t size,
			  wdmdma_low_free_t free)
{
	unsigned int tries;

	lockdep_assert_held_write(&device->override);
	for (tries = 0; !low_has_room(device, last, size); tries++) {
		if (wdmdma_low_forget(device, free))
			continue;
		if (tries >= LOW_TRIES || !low_holds_back(device))
			return low_has_room(device, last, size);
		msleep(LOW_WAIT_MS);
	}
	return true;
}
