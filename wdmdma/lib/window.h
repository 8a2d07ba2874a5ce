/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address windows: pure arithmetic, no state and no calls.
 *
 * A window is a closed interval [first, last]: both ends may be used. Windows
 * documents its limits in several ways; each entry point converts once, and
 * inside there is no "end" and no open bound. Because last is closed, a window
 * may reach up to the last byte of the 64-bit space, and last + 1 is never
 * computed. An empty window cannot be written down: what would make one is
 * refused instead.
 */
#ifndef WDMDMA_WINDOW_H
#define WDMDMA_WINDOW_H

#include <linux/types.h>

struct wdmdma_window {
	u64 first;
	u64 last;
};

#define WDMDMA_WINDOW_ALL	((struct wdmdma_window){ .first = 0, .last = U64_MAX })

/* Could a block of @size bytes lie in @window at all? */
static inline bool wdmdma_window_fits(struct wdmdma_window window, u64 size)
{
	return size && window.first <= window.last && size - 1 <= window.last - window.first;
}

/* Does the block of @size bytes at @start lie in @window, first byte to last byte? */
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
