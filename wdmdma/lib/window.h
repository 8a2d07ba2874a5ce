/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address windows are pure arithmetic, without state and without calls.
 *
 * A window is a closed interval [first, last], and both ends may be used. Windows documents its
 * limits in several ways. Each entry point must convert them once, so that there is no
 * exclusive end and no open bound inside the module. Because last is inclusive, a window may
 * reach up to the last byte of the 64-bit space, and no code may compute last + 1. There is no
 * empty window. The module must refuse a request that would make one.
 */
#ifndef WDMDMA_WINDOW_H
#define WDMDMA_WINDOW_H

#include <linux/types.h>

struct wdmdma_window {
	u64 first;
	u64 last;
};

#define WDMDMA_WINDOW_ALL	((struct wdmdma_window){ .first = 0, .last = U64_MAX })

/* Return true if a block of @size bytes could lie in @window at all. */
static inline bool wdmdma_window_fits(struct wdmdma_window window, u64 size)
{
	return size && window.first <= window.last && size - 1 <= window.last - window.first;
}

/*
 * Return true if the block of @size bytes at @start lies in @window, from its first byte to its
 * last.
 */
static inline bool wdmdma_window_holds(struct wdmdma_window window, u64 start, u64 size)
{
	return wdmdma_window_fits(window, size) &&
	       start >= window.first && start <= window.last - (size - 1);
}

struct wdmdma_window wdmdma_window_of_width(unsigned int bits);
bool wdmdma_window_clip(struct wdmdma_window *window, struct wdmdma_window by);
bool wdmdma_window_crosses(u64 boundary, u64 start, u64 size);
bool wdmdma_window_candidate(struct wdmdma_window window, u64 size, u64 align,
			     unsigned int n, unsigned int of, u64 *start);

#endif /* WDMDMA_WINDOW_H */
