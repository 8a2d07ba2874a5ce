// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts of the low addresses that the module's buffers use behind an IOMMU. With these
 * accounts backend_iommu need not begin a search that could fail. backend/backend_iommu.c says
 * why a search must not fail.
 *
 * The devices of an IOMMU group have the same addresses, so the accounts belong to their home. A
 * buffer is placed below a low limit with wdmdma_low.search held, so that no other placement uses
 * the room that was found. A free must not wait for that, because the shrinker frees buffers too,
 * for an allocation that may hold the lock. So the accounts have a second lock, and nothing is
 * allocated, mapped, unmapped or zeroed with that lock held.
 *
 * A lazy domain frees a short range of addresses late, and into the allocator's caches. From there
 * any user who maps memory for the device may take the range, and with time all low addresses
 * would be theirs. So short buffers lie in blocks, which are longer than the caches' ranges. The
 * device can still reach a freed buffer of a block, which is no worse than a lazy domain. A block
 * is freed when memory or addresses are needed, and with any adapter of the device, if no buffer
 * is in it. There is no place for a block below a limit of less than 1 MiB, and an imported buffer
 * has memory of its own. Their addresses do go round.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/pfn.h>
#include <linux/slab.h>
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
/* Length of the longest address range in the allocator's caches. */
#define LOW_CACHED_SIZE		(32 * PAGE_SIZE)
#define LOW_BLOCK_LIMIT		(SZ_1M - 1)	/* the lowest limit with room for blocks */
#define LOW_IN_BLOCK		U8_MAX		/* as wdmdma_buffer.low_order */

/*
 * Return the number of addresses that the allocator takes for @size bytes, which it aligns to
 * their size.
 */
static size_t low_cost(size_t size)
{
	return roundup_pow_of_two(size);
}

static long *low_bytes(struct wdmdma_low *low, u64 last)
{
	lockdep_assert_held(&low->lock);
	return &low->bytes[ilog2(last)];
}

/*
 * Return the number of addresses up to @last that are in use by buffers and blocks, or held back
 * for a flush.
 */
static u64 low_used(struct wdmdma_low *low, u64 last)
{
	unsigned int bit;
	u64 used = 0;

	lockdep_assert_held(&low->lock);
	for (bit = 0; bit <= ilog2(last); bit++)
		used += low->bytes[bit] + low->freed[bit];
	return used;
}

/*
 * Return true if there is room for @size more bytes up to @last. Half of the addresses are
 * left, because some are reserved.
 */
static bool low_has_room(struct wdmdma_low *low, u64 last, size_t size)
{
	bool room;

	spin_lock(&low->lock);
	room = low_used(low, last) + low_cost(size) <= last / 2;
	spin_unlock(&low->lock);
	return room;
}

/* After LOW_HELD_BACK_MS freed addresses are no longer held back, and no longer count. */
static void low_settle(struct wdmdma_low *low)
{
	lockdep_assert_held(&low->lock);
	if (time_after(jiffies, low->freed_at + msecs_to_jiffies(LOW_HELD_BACK_MS)))
		memset(low->freed, 0, sizeof(low->freed));
}

/* Return true if freed addresses may still be held back. */
static bool low_holds_back(struct wdmdma_low *low)
{
	bool held;

	spin_lock(&low->lock);
	low_settle(low);
	held = memchr_inv(low->freed, 0, sizeof(low->freed));
	spin_unlock(&low->lock);
	return held;
}

/* Account for a buffer that was placed with a low limit, until it is freed. */
void wdmdma_low_book(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	struct wdmdma_low *low = &device->home->low;
	size_t cost = low_cost(wdmdma_buffer_size(buffer));

	spin_lock(&low->lock);
	buffer->low_order = ilog2(cost) + 1;
	*low_bytes(low, buffer->dma + wdmdma_buffer_size(buffer) - 1) += cost;
	spin_unlock(&low->lock);
}

/* Count the addresses of a buffer that is about to be freed as used for a while. */
static void low_hold_back(struct wdmdma_low *low, dma_addr_t dma, size_t size)
{
	lockdep_assert_held(&low->lock);
	low_settle(low);
	low->freed_at = jiffies;
	low->freed[ilog2(dma + size - 1)] += low_cost(size);
}

/* Return true if the buffer has to lie in a block. */
bool wdmdma_low_wants_block(struct wdmdma_device *device, const struct wdmdma_request *request,
			    const struct wdmdma_buffer *buffer)
{
	return !buffer->imported && !request->granule && request->node == NUMA_NO_NODE &&
	       request->cache == WDMDMA_CACHE_PLATFORM &&
	       request->window.last >= LOW_BLOCK_LIMIT &&
	       wdmdma_buffer_size(buffer) <= LOW_CACHED_SIZE && wdmdma_iommu_is_lazy(device);
}

/* Place a buffer in a block, aligned to its length. Return false if there is no suitable place. */
static bool low_take_place(struct wdmdma_low_block *block, const struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer)
{
	size_t size = wdmdma_buffer_size(buffer), cost = low_cost(size), at;

	for (at = 0; at < WDMDMA_LOW_BLOCK; at += cost) {
		if (!wdmdma_window_holds(request->window, block->dma + at, size) ||
		    wdmdma_window_crosses(request->boundary, block->dma + at, buffer->len) ||
		    find_next_bit(block->used, PHYS_PFN(at + cost), PHYS_PFN(at)) <
			    PHYS_PFN(at + cost))
			continue;
		bitmap_set(block->used, PHYS_PFN(at), PHYS_PFN(cost));
		buffer->cpu = block->cpu + at;
		buffer->dma = block->dma + at;
		buffer->low_order = LOW_IN_BLOCK;
		return true;
	}
	return false;
}

/*
 * Add a block, and place the buffer in it. @memory names its memory, which is not in any table.
 * The place is taken before the block can be found, because empty blocks may be freed at any time.
 * Return -ENOMEM if there is no block, or -ERANGE if the block has no suitable place.
 */
int wdmdma_low_add_block(struct wdmdma_device *device, const struct wdmdma_buffer *memory,
			 const struct wdmdma_request *request, struct wdmdma_buffer *buffer)
{
	struct wdmdma_low *low = &device->home->low;
	struct wdmdma_low_block *block = kzalloc(sizeof(*block), WDMDMA_GFP);
	bool found;

	if (!block)
		return -ENOMEM;
	block->cpu = memory->cpu;
	block->dma = memory->dma;
	block->pages = memory->pages;
	found = low_take_place(block, request, buffer);
	spin_lock(&low->lock);
	*low_bytes(low, block->dma + WDMDMA_LOW_BLOCK - 1) += WDMDMA_LOW_BLOCK;
	list_add(&block->node, &device->low_blocks);
	spin_unlock(&low->lock);
	return found ? 0 : -ERANGE;
}

/* Place a buffer in one of the blocks. Return true if one had a suitable place. */
bool wdmdma_low_take(struct wdmdma_device *device, const struct wdmdma_request *request,
		     struct wdmdma_buffer *buffer)
{
	struct wdmdma_low_block *block;
	bool found = false;

	spin_lock(&device->home->low.lock);
	list_for_each_entry(block, &device->low_blocks, node) {
		found = low_take_place(block, request, buffer);
		if (found)
			break;
	}
	spin_unlock(&device->home->low.lock);
	if (found)
		memset(buffer->cpu, 0, wdmdma_buffer_size(buffer));
	return found;
}

/* Give back the place of a buffer in a block. */
static void low_give_place(struct wdmdma_device *device, const struct wdmdma_buffer *buffer)
{
	struct wdmdma_low_block *block;

	lockdep_assert_held(&device->home->low.lock);
	list_for_each_entry(block, &device->low_blocks, node)
		if (buffer->dma - block->dma < WDMDMA_LOW_BLOCK)
			bitmap_clear(block->used, PHYS_PFN(buffer->dma - block->dma),
				     PHYS_PFN(low_cost(wdmdma_buffer_size(buffer))));
}

/*
 * Take a buffer that is about to be freed off the accounts. Return true if the buffer lay in a
 * block, and the caller has nothing to free.
 */
bool wdmdma_low_release(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	struct wdmdma_low *low = &device->home->low;
	bool in_block = buffer->low_order == LOW_IN_BLOCK;
	size_t size = wdmdma_buffer_size(buffer);

	spin_lock(&low->lock);
	if (in_block) {
		low_give_place(device, buffer);
		/* The record may be used for another placement. */
		buffer->standin = false;
	} else {
		*low_bytes(low, buffer->dma + size - 1) -= low_cost(size);
		if (wdmdma_iommu_is_lazy(device))
			low_hold_back(low, buffer->dma, size);
	}
	buffer->low_order = 0;
	spin_unlock(&low->lock);
	return in_block;
}

/* Take an empty block off the accounts, and out of the list. Return NULL if there is none. */
static struct wdmdma_low_block *low_take_empty(struct wdmdma_device *device)
{
	struct wdmdma_low *low = &device->home->low;
	struct wdmdma_low_block *block, *empty = NULL;

	spin_lock(&low->lock);
	list_for_each_entry(block, &device->low_blocks, node)
		if (bitmap_empty(block->used, WDMDMA_LOW_BLOCK >> PAGE_SHIFT))
			empty = block;
	if (empty) {
		list_del(&empty->node);
		*low_bytes(low, empty->dma + WDMDMA_LOW_BLOCK - 1) -= WDMDMA_LOW_BLOCK;
		low_hold_back(low, empty->dma, WDMDMA_LOW_BLOCK);
	}
	spin_unlock(&low->lock);
	return empty;
}

/* Free all empty blocks. Return true if there were any. */
bool wdmdma_low_forget(struct wdmdma_device *device, wdmdma_low_free_t free)
{
	struct wdmdma_low_block *block;
	bool any = false;

	while ((block = low_take_empty(device))) {
		struct wdmdma_buffer memory = {
			.cpu = block->cpu,
			.dma = block->dma,
			.nr_pages = WDMDMA_LOW_BLOCK >> PAGE_SHIFT,
			.pages = block->pages,
			.standin = true,
		};

		free(device, &memory);
		kfree(block);
		any = true;
	}
	return any;
}

/*
 * Make room, so that a search cannot fail. Free the empty blocks, and wait for addresses that
 * are held back. Return false if there is still no room. The caller must hold wdmdma_low.search
 * until the buffer is accounted for.
 */
bool wdmdma_low_make_room(struct wdmdma_device *device, u64 last, size_t size,
			  wdmdma_low_free_t free)
{
	struct wdmdma_low *low = &device->home->low;
	unsigned int tries;

	lockdep_assert_held(&low->search);
	for (tries = 0; !low_has_room(low, last, size); tries++) {
		if (wdmdma_low_forget(device, free))
			continue;
		if (tries >= LOW_TRIES || !low_holds_back(low))
			return low_has_room(low, last, size);
		msleep(LOW_WAIT_MS);
	}
	return true;
}
