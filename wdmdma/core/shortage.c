// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is short when a request for memory fails, for the message in the log. The message should
 * let its reader tell apart a limit that is too low, memory that is used up, memory that is in
 * pieces, and a lack of logical addresses. All numbers are read without locks, and only after a
 * failure.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

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
 * @longest: number of pages of the longest free block
 */
struct shortage_memory {
	unsigned long pages;
	unsigned long free;
	unsigned long cma;
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
	for (order = MAX_PAGE_ORDER; order; order--)
		if (READ_ONCE(zone->free_area[order].nr_free))
			break;
	memory->longest = max(memory->longest, 1UL << order);
}

/* Sum up the zones that the request may use. A zone that reaches beyond the window counts, too. */
static struct shortage_memory shortage_memory_of(const struct wdmdma_request *request,
						 struct wdmdma_window window)
{
	struct shortage_memory memory = {};
	int node, i;

	for_each_online_node(node) {
		if (request->granule && request->node != NUMA_NO_NODE && node != request->node)
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
 * wdmdma_shortage_explain() - explain why there was no memory
 * @adapter: the adapter
 * @request: the request
 * @text: receives the text
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
	struct shortage_memory memory;
	int len;

	if (!physical)
		window = WDMDMA_WINDOW_ALL;
	else if (!wdmdma_window_clip(&window, adapter->reach))
		window = adapter->reach;
	memory = shortage_memory_of(request, window);
	len = scnprintf(text, size, "the %s sets the highest address; ",
			shortage_limit(adapter, request));
	scnprintf(text + len, size - len,
		  "%lu of %lu pages of memory %s are free, %lu of them for CMA, at most %lu in one block, %llu needed",
		  memory.free, memory.pages, physical ? "around there" : "anywhere", memory.cma,
		  memory.longest, wdmdma_request_size(request) >> PAGE_SHIFT);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_shortage_explain);
