/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An address space records which logical addresses are taken, and finds a place for new ones.
 *
 * A space has all 64 bits of addresses. The taken addresses are ranges [first, last] that must
 * not overlap, in a tree that is sorted by address. Each range has a hole, which is the number
 * of free addresses above it, and knows the largest hole in its subtree. So the highest place
 * within given bounds is found without a walk over all ranges. Freeing addresses allocates
 * nothing and cannot fail.
 */
#ifndef WDMDMA_IOVA_SPACE_H
#define WDMDMA_IOVA_SPACE_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "lib/window.h"

/**
 * struct wdmdma_iova_range - addresses that are taken
 * @taken: the addresses
 * @hole: number of free addresses between this range and the next higher range
 * @largest: largest hole in the subtree of this range
 * @node: node in wdmdma_iova_space.ranges
 */
struct wdmdma_iova_range {
	struct wdmdma_window taken;
	u64 hole;
	u64 largest;
	struct rb_node node;
};

/**
 * struct wdmdma_iova_space - the taken ones of all 64-bit addresses
 * @ranges: tree sorted by address, whose lowest range begins at 0 and must stay
 * @lock: protects @ranges
 */
struct wdmdma_iova_space {
	struct rb_root ranges;
	spinlock_t lock;	/* protects ranges */
};

int wdmdma_iova_space_init(struct wdmdma_iova_space *space, u64 first);
void wdmdma_iova_space_destroy(struct wdmdma_iova_space *space);
int wdmdma_iova_space_reserve(struct wdmdma_iova_space *space, struct wdmdma_window window);
struct wdmdma_iova_range *wdmdma_iova_space_alloc(struct wdmdma_iova_space *space,
						  struct wdmdma_window window, u64 size, u64 align);
void wdmdma_iova_space_free(struct wdmdma_iova_space *space, struct wdmdma_iova_range *range);

#endif /* WDMDMA_IOVA_SPACE_H */
