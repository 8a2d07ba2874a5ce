// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocator of logical addresses. lib/iova_space.h explains the terms.
 *
 * The module has a tree of its own because nothing in the kernel fits. The iova library has no
 * lower bound. A maple tree has both bounds, but may have to allocate when it erases. genalloc
 * wants a bitmap of all addresses. drm_mm does exactly this, but is a part of the graphics
 * stack.
 *
 * An allocation gets the highest free place, so that low addresses stay free for callers with a
 * limit. A search that began after the last allocation would use new addresses each time. Every
 * 2 MiB of addresses ever used can cost a page table of the IOMMU, so the search uses the same
 * addresses again.
 */
#include <linux/rbtree_augmented.h>
#include <linux/slab.h>

#include "compat.h"
#include "lib/iova_space.h"
#include "lib/window.h"

static struct wdmdma_iova_range *to_range(struct rb_node *node)
{
	return rb_entry(node, struct wdmdma_iova_range, node);
}

static u64 space_hole(struct wdmdma_iova_range *range)
{
	return range->hole;
}

RB_DECLARE_CALLBACKS_MAX(static, space_callbacks, struct wdmdma_iova_range, node, u64, largest,
			 space_hole)

static u64 space_largest(struct rb_node *node)
{
	return node ? to_range(node)->largest : 0;
}

static void space_set_hole(struct wdmdma_iova_range *range, u64 hole)
{
	range->hole = hole;
	space_callbacks.propagate(&range->node, NULL);
}

/* Return the highest range that begins at or below @address, or NULL. */
static struct wdmdma_iova_range *space_floor(const struct wdmdma_iova_space *space, u64 address)
{
	struct rb_node *node = space->ranges.rb_node;
	struct wdmdma_iova_range *floor = NULL;

	while (node) {
		struct wdmdma_iova_range *range = to_range(node);

		if (range->taken.first <= address) {
			floor = range;
			node = node->rb_right;
		} else {
			node = node->rb_left;
		}
	}
	return floor;
}

/*
 * Return the highest range in the subtree of @node with @size free addresses above the range. The
 * subtree must have such a range.
 */
static struct wdmdma_iova_range *space_highest(struct rb_node *node, u64 size)
{
	for (;;) {
		if (space_largest(node->rb_right) >= size) {
			node = node->rb_right;
			continue;
		}
		if (to_range(node)->hole >= size)
			return to_range(node);
		node = node->rb_left;
	}
}

/* Return the next lower range with @size free addresses above the range, or NULL. */
static struct wdmdma_iova_range *space_next_lower(struct wdmdma_iova_range *range, u64 size)
{
	struct rb_node *node = &range->node, *parent;

	for (;;) {
		if (space_largest(node->rb_left) >= size)
			return space_highest(node->rb_left, size);
		for (parent = rb_parent(node); parent && node == parent->rb_left;
		     parent = rb_parent(node))
			node = parent;
		if (!parent)
			return NULL;
		node = parent;
		if (to_range(node)->hole >= size)
			return to_range(node);
	}
}

/* Insert a range whose addresses are free. Only the lowest range has no range below it. */
static void space_insert(struct wdmdma_iova_space *space, struct wdmdma_iova_range *range)
{
	struct wdmdma_iova_range *below = space_floor(space, range->taken.first);
	struct rb_node **link = &space->ranges.rb_node, *parent = NULL;

	lockdep_assert_held(&space->lock);
	if (below) {
		range->hole = below->taken.last + below->hole - range->taken.last;
		space_set_hole(below, range->taken.first - 1 - below->taken.last);
	} else {
		range->hole = U64_MAX - range->taken.last;
	}
	range->largest = range->hole;

	while (*link) {
		parent = *link;
		link = range->taken.first < to_range(parent)->taken.first ? &parent->rb_left
									  : &parent->rb_right;
	}
	rb_link_node(&range->node, parent, link);
	if (parent)
		space_callbacks.propagate(parent, NULL);
	rb_insert_augmented(&range->node, &space->ranges, &space_callbacks);
}

/* Remove a range, so that its addresses are free. The range must not be the lowest. */
static void space_remove(struct wdmdma_iova_space *space, struct wdmdma_iova_range *range)
{
	struct wdmdma_iova_range *below = to_range(rb_prev(&range->node));

	lockdep_assert_held(&space->lock);
	rb_erase_augmented(&range->node, &space->ranges, &space_callbacks);
	space_set_hole(below, range->taken.last + range->hole - below->taken.last);
}

/**
 * wdmdma_iova_space_init() - initialize a space
 * @space: the space
 * @first: the first address that may ever be used, which must not be 0
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int wdmdma_iova_space_init(struct wdmdma_iova_space *space, u64 first)
{
	struct wdmdma_iova_range *lowest = kzalloc(sizeof(*lowest), WDMDMA_GFP);

	space->ranges = RB_ROOT;
	spin_lock_init(&space->lock);
	if (!lowest)
		return -ENOMEM;
	lowest->taken.last = first - 1;
	spin_lock(&space->lock);
	space_insert(space, lowest);
	spin_unlock(&space->lock);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iova_space_init);

/* Free all ranges of a space, including ranges that are in use. */
void wdmdma_iova_space_destroy(struct wdmdma_iova_space *space)
{
	struct wdmdma_iova_range *range, *next;

	rbtree_postorder_for_each_entry_safe(range, next, &space->ranges, node)
		kfree(range);
	space->ranges = RB_ROOT;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iova_space_destroy);

/**
 * wdmdma_iova_space_reserve() - exclude addresses from all later allocations
 * @space: the space, from which nothing must have been allocated yet
 * @window: the addresses, some of which may be reserved already
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int wdmdma_iova_space_reserve(struct wdmdma_iova_space *space, struct wdmdma_window window)
{
	struct wdmdma_iova_range *lowest = to_range(rb_first(&space->ranges)), *range, *old;

	if (window.last <= lowest->taken.last)
		return 0;
	range = kzalloc(sizeof(*range), WDMDMA_GFP);
	if (!range)
		return -ENOMEM;
	range->taken.first = max(window.first, lowest->taken.last + 1);
	range->taken.last = window.last;

	spin_lock(&space->lock);
	for (old = space_floor(space, range->taken.last);
	     old->taken.last >= range->taken.first;
	     old = space_floor(space, range->taken.last)) {
		range->taken.first = min(range->taken.first, old->taken.first);
		range->taken.last = max(range->taken.last, old->taken.last);
		space_remove(space, old);
		kfree(old);
	}
	space_insert(space, range);
	spin_unlock(&space->lock);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iova_space_reserve);

/**
 * wdmdma_iova_space_alloc() - allocate the highest free addresses
 * @space: the space
 * @window: where the addresses must lie
 * @size: number of addresses
 * @align: a power of two of which the first address must be a multiple
 *
 * Context: may sleep.
 * Return: the range, or NULL if no hole is large enough or no memory is left.
 */
struct wdmdma_iova_range *wdmdma_iova_space_alloc(struct wdmdma_iova_space *space,
						  struct wdmdma_window window, u64 size, u64 align)
{
	struct wdmdma_iova_range *range = kzalloc(sizeof(*range), WDMDMA_GFP), *below;
	struct wdmdma_window hole;
	u64 start;

	if (!range)
		return NULL;

	spin_lock(&space->lock);
	for (below = space_floor(space, window.last);
	     below && below->taken.last + below->hole >= window.first;
	     below = space_next_lower(below, size)) {
		if (below->hole < size)
			continue;
		hole.first = below->taken.last + 1;
		hole.last = below->taken.last + below->hole;
		if (!wdmdma_window_clip(&hole, window) ||
		    !wdmdma_window_candidate(hole, size, align, 0, 1, &start))
			continue;
		range->taken.first = start;
		range->taken.last = start + size - 1;
		space_insert(space, range);
		spin_unlock(&space->lock);
		return range;
	}
	spin_unlock(&space->lock);
	kfree(range);
	return NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iova_space_alloc);

/* Free a range of wdmdma_iova_space_alloc(). Any context but an interrupt. */
void wdmdma_iova_space_free(struct wdmdma_iova_space *space, struct wdmdma_iova_range *range)
{
	spin_lock(&space->lock);
	space_remove(space, range);
	spin_unlock(&space->lock);
	kfree(range);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_iova_space_free);
