// SPDX-License-Identifier: GPL-2.0-only
/* Address windows. lib/window.h explains the terms. */
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "compat.h"
#include "lib/window.h"

/* Return the addresses that @bits address lines can drive. @bits must be 1 to 64. */
struct wdmdma_window wdmdma_window_of_width(unsigned int bits)
{
	return (struct wdmdma_window){ .first = 0, .last = U64_MAX >> (64 - bits) };
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_window_of_width);

/*
 * Narrow @window to the addresses that @by has too. Return false, with nothing changed, if
 * there are none.
 */
bool wdmdma_window_clip(struct wdmdma_window *window, struct wdmdma_window by)
{
	u64 first = max(window->first, by.first);
	u64 last = min(window->last, by.last);

	if (first > last)
		return false;
	window->first = first;
	window->last = last;
	return true;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_window_clip);

/*
 * Return true if the block of @size bytes at @start crosses a multiple of @boundary, which must
 * be a power of two or 0.
 */
bool wdmdma_window_crosses(u64 boundary, u64 start, u64 size)
{
	return boundary && start / boundary != (start + (size - 1)) / boundary;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_window_crosses);

/*
 * Find the @n-th of at most @of places for a block of @size bytes that is aligned to @align,
 * which must be a power of two. The places are spread evenly over @window, from its top down.
 * Return false if there is no such place.
 */
bool wdmdma_window_candidate(struct wdmdma_window window, u64 size, u64 align,
			     unsigned int n, unsigned int of, u64 *start)
{
	u64 top, bottom, places, step;

	if (!wdmdma_window_fits(window, size) || window.first > U64_MAX - (align - 1))
		return false;

	top = ALIGN_DOWN(window.last - (size - 1), align);
	bottom = ALIGN(window.first, align);
	if (bottom > top)
		return false;

	/* Count in steps of @align from 0, so that no count overflows. */
	places = (top - bottom) / align;
	step = max_t(u64, places / of, 1);
	if (n >= of || n > places / step)
		return false;
	*start = top - n * step * align;
	return true;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_window_candidate);
