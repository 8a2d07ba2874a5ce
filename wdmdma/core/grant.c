// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants: how many map registers an adapter can have. Nothing is reserved for them; but what
 * there is not at all no transfer should wait for.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/transfer.h"
#include "lib/window.h"
#include "objects.h"

/* Pages of memory below an address. */
static u64 grant_pages_below(phys_addr_t last)
{
	unsigned long end = PHYS_PFN(last) + 1;
	u64 pages = 0;
	int node, i;

	for_each_online_node(node)
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(node)->node_zones[i];

			if (zone->zone_start_pfn < end)
				pages += min(zone_managed_pages(zone), end - zone->zone_start_pfn);
		}
	return pages;
}

/* Pages of one transfer of which the kernel copies all, or some. */
static u64 grant_pages_of_pool(const struct wdmdma_adapter *adapter, struct device *dev)
{
	phys_addr_t start, end;

	if (!wdmdma_bounce_pool(dev, &start, &end))
		return U32_MAX;
	/* It copies what we copied to, too. */
	if (!adapter->scatter_gather && is_swiotlb_force_bounce(dev))
		return dma_max_mapping_size(dev) >> PAGE_SHIFT;
	/* A piece may fill just more than half of a slot set. */
	return PHYS_PFN(end - start) / 2;
}

/**
 * wdmdma_transfer_most_pages() - what a transfer can have at most
 * @adapter: the adapter
 *
 * With more it would wait for ever for what there is not: logical addresses, bounce buffers
 * of the kernel's, or memory within reach to copy to. No more than half of these, and of
 * addresses, which are given out aligned to the length, a quarter, are for one transfer.
 *
 * Context: any.
 * Return: pages
 */
u32 wdmdma_transfer_most_pages(const struct wdmdma_adapter *adapter)
{
	const struct wdmdma_transfer transfer = {
		.adapter = (struct wdmdma_adapter *)adapter,
		.device = wdmdma_adapter_dma(adapter),
	};
	const struct wdmdma_backend *backend = transfer.device->backend;
	struct wdmdma_window reach = wdmdma_transfer_reach(&transfer);
	struct device *dev = transfer.device->dev;
	u64 most = U32_MAX;
	phys_addr_t top;

	if (!backend->access) {
		most = (reach.last - reach.first) >> (PAGE_SHIFT + 2);
	} else if (!adapter->dma_channel) {
		top = backend->phys(transfer.device, dma_get_required_mask(dev) & PAGE_MASK);
		switch (backend->access(transfer.device, reach, top, PAGE_SIZE)) {
		case WDMDMA_ACCESS_NONE:
			most = grant_pages_below(backend->phys(transfer.device, reach.last)) / 2;
			break;
		case WDMDMA_ACCESS_BOUNCED:
			most = grant_pages_of_pool(adapter, dev);
			break;
		case WDMDMA_ACCESS_DIRECT:
			break;
		}
	}
	/* Two are enough for bytes across the border of two pages. */
	return clamp_t(u64, most, 2, U32_MAX);
}
