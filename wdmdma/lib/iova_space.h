/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces: which addresses are taken, and a place for those to come.
 *
 * A space has all 64 bits. What is taken is kept as ranges [first, last] that do
 * not overlap, in a tree by address. Each range knows the free addresses above
 * it, and the largest such hole below it in the tree: so the highest place within
 * given bounds is found without a walk over what is taken. Giving addresses back
 * allocates nothing and cannot fail.
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
 * @hole: how many are free above them, up to the next range
 * @largest: the largest hole of this range and of those below it in the tree
 * @node: in wdmdma_iova_space.ranges
 */
struct wdmdma_iova_range {
	struct wdmdma_window taken;
	u64 hole;
	u64 largest;
	struct rb_node node;
};

/**
 * struct wdmdma_iova_space - what is taken of 64 bits of addresses
 * @ranges: by address; the lowest begins at 0 and stays
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
