// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that is short when a request fails, for the message in the log. The message should
 * let its reader tell apart a limit that is too low, memory that is used up, memory that is in
 * pieces, and a lack of logical addresses. All numbers are read without locks, and only after a
 * failure.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sizes.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/shortage.h"
#include "lib/window.h"
#include "objects.h"

/**
 * struct shortage_memory - the memory that a request could have been given
 * @pages: number of pages
 * @free: number of free pages
 * @cma: number of free pages that are for movable memory and for CMA
 * @movable: number of free pages in ZONE_MOVABLE, which no request gets
 * @longest: number of pages of the longest free block outside of ZONE_MOVABLE
 */
struct shortage_memory {
	unsigned long pages;
	unsigned long free;
	unsigned long cma;
	unsigned long movable;
	unsigned long longest;
};

/* Add the zone, unless all of its memory lies outside of the window. */
static void shortage_add_zone(struct shortage_memory *memory, struct zone *zone,
			      struct wdmdma_window window)
{
	unsigned int order;

	if (!populated_zone(zone) || PFN_PHYS(zone->zone_start_pfn) > window.last ||
	    PFN_PHYS(zone_end_pfn(zone)) <= window.first)
		return;
	memory->pages += zone_managed_pages(zone);
	memory->free += zone_page_state(zone, NR_FREE_PAGES);
	memory->cma += zone_page_state(zone, NR_FREE_CMA_PAGES);
	if (zone_idx(zone) == ZONE_MOVABLE) {
		memory->movable += zone_page_state(zone, NR_FREE_PAGES);
		return;
	}
	for (order = MAX_PAGE_ORDER; order; order--)
		if (READ_ONCE(zone->free_area[order].nr_free))
			break;
	memory->longest = max(memory->longest, 1UL << order);
}

/*
 * Sum up the zones of the node, or of all nodes. A zone that reaches beyond the window counts, too.
 */
static struct shortage_memory shortage_memory_of(struct wdmdma_window window, int only)
{
	struct shortage_memory memory = {};
	int node, i;

	for_each_online_node(node) {
		if (only != NUMA_NO_NODE && node != only)
			continue;
		for (i = 0; i < MAX_NR_ZONES; i++)
			shortage_add_zone(&memory, &NODE_DATA(node)->node_zones[i], window);
	}
	return memory;
}

/* Return which limit the highest address of the request comes from. */
static const char *shortage_limit(const struct wdmdma_adapter *adapter,
				  const struct wdmdma_request *request)
{
	if (request->window.last < adapter->reach.last)
		return "call";
	if (adapter->reach.last < wdmdma_device_reach(adapter->device))
		return "DEVICE_DESCRIPTION";
	return "DMA mask";
}

/**
 * wdmdma_shortage_of_pages() - write how much memory there is
 * @window: physical addresses that the memory may have
 * @node: the only NUMA node that it may be on, or NUMA_NO_NODE
 * @pages: number of pages needed
 * @text: receives the text, which begins with a semicolon
 * @size: bytes of @text
 *
 * Context: any.
 */
void wdmdma_shortage_of_pages(struct wdmdma_window window, int node, u64 pages, char *text,
			      size_t size)
{
	struct shortage_memory memory = shortage_memory_of(window, node);

	scnprintf(text, size,
		  "; %lu of %lu pages of memory %s are free, %lu of them for CMA, %lu in ZONE_MOVABLE (left alone), at most %lu in one block, %llu needed",
		  memory.free, memory.pages, window.last < U64_MAX ? "around there" : "anywhere",
		  memory.cma, memory.movable, memory.longest, pages);
}

/**
 * wdmdma_shortage_of_bounce() - write how much of the kernel's bounce buffers is in use
 * @dev: the device
 * @refusal: the refusal. Nothing is written if it is for another reason
 * @text: receives the text, which begins with a semicolon, or nothing
 * @size: bytes of @text, which WDMDMA_BOUNCE_TEXT is enough for
 *
 * Context: any.
 */
void wdmdma_shortage_of_bounce(struct device *dev, const struct wdmdma_refusal *refusal,
			       char *text, size_t size)
{
	s64 used = wdmdma_bounce_used(dev);
	phys_addr_t start, end;

	*text = '\0';
	if (!refusal->bounce || !wdmdma_bounce_pool(dev, &start, &end))
		return;
	if (used < 0)
		scnprintf(text, size, "; there are %llu KiB", (end - start) / SZ_1K);
	else
		scnprintf(text, size, "; %lld of %llu KiB are in use", used / SZ_1K,
			  (end - start) / SZ_1K);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_shortage_of_bounce);

/**
 * wdmdma_shortage_explain() - explain why there was no memory
 * @adapter: the adapter
 * @request: the request
 * @text: receives the text, which begins with a semicolon
 * @size: bytes of @text, which WDMDMA_SHORTAGE_TEXT is enough for
 *
 * Behind an IOMMU the memory may lie anywhere, and the window limits the logical addresses.
 *
 * Context: any.
 */
void wdmdma_shortage_explain(const struct wdmdma_adapter *adapter,
			     const struct wdmdma_request *request, char *text, size_t size)
{
	bool physical = adapter->device->backend->physical;
	struct wdmdma_window window = request->window;
	u64 pages = wdmdma_request_size(request) >> PAGE_SHIFT;
	int len;

	if (!physical)
		window = WDMDMA_WINDOW_ALL;
	else if (!wdmdma_window_clip(&window, adapter->reach))
		window = adapter->reach;
	len = scnprintf(text, size, "; the %s sets the highest address",
			shortage_limit(adapter, request));
	wdmdma_shortage_of_pages(window, request->granule ? request->node : NUMA_NO_NODE, pages,
				 text + len, size - len);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_shortage_explain);
