// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limit on map registers of an adapter. Nothing is reserved for map registers. But a
 * transfer should not wait for more than the machine has at all, so their number is limited.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/transfer.h"
#include "core/transfer_reach.h"
#include "core/verifier.h"
#include "lib/window.h"
#include "objects.h"

/* Return how many pages of memory lie at or below @last. */
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

/*
 * Return how many pages of the kernel's bounce buffers a transfer may use, or 0 if there are none.
 * A piece may fill just over half of a swiotlb slot set, so this is half of the pool.
 */
static u64 grant_half_of_pool(struct device *dev)
{
	phys_addr_t start, end;

	return wdmdma_bounce_pool(dev, &start, &end) ? PHYS_PFN(end - start) / 2 : 0;
}

/* Return how many pages a transfer may have if the kernel copies some or all of them. */
static u64 grant_pages_of_pool(const struct wdmdma_adapter *adapter, struct device *dev)
{
	u64 half = grant_half_of_pool(dev);

	/* The kernel also bounces the copy that the module makes, which is one piece. */
	if (half && !adapter->scatter_gather && is_swiotlb_force_bounce(dev))
		return dma_max_mapping_size(dev) >> PAGE_SHIFT;
	return half ?: U32_MAX;
}

/*
 * Return how many pages a transfer may have behind an IOMMU. The DMA API takes the highest
 * addresses that the device has below 4 GiB, where a narrower adapter cannot follow. Each page for
 * a device that gets whole pages only may have to be copied, by the kernel or else by the module.
 */
static u64 grant_pages_of_addresses(const struct wdmdma_transfer *transfer,
				    struct wdmdma_window reach)
{
	struct device *dev = transfer->device->dev;
	u64 most = (reach.last - reach.first) >> (PAGE_SHIFT + 2);

	if (reach.last < min(READ_ONCE(transfer->device->mask), DMA_BIT_MASK(32)) &&
	    (!dev->bus_dma_limit || reach.last < dev->bus_dma_limit))
		return 0;
	if (!wdmdma_transfer_gives_pages(transfer))
		return most;
	return min(most, grant_half_of_pool(dev) ?: grant_pages_below(PHYS_ADDR_MAX) / 2);
}

/*
 * Return how many pages a transfer may have without an IOMMU, or 0 if the kernel copies all memory
 * to where the adapter does not reach.
 */
static u64 grant_pages_of_memory(const struct wdmdma_transfer *transfer,
				 struct wdmdma_window reach)
{
	const struct wdmdma_device *device = transfer->device;
	const struct wdmdma_backend *backend = device->backend;
	phys_addr_t top = backend->phys(device, dma_get_required_mask(device->dev) & PAGE_MASK);

	switch (backend->access(device, reach, top, PAGE_SIZE)) {
	case WDMDMA_ACCESS_NONE:
		if (is_swiotlb_force_bounce(device->dev))
			return 0;
		return grant_pages_below(backend->phys(device, reach.last)) / 2;
	case WDMDMA_ACCESS_BOUNCED:
		return grant_pages_of_pool(transfer->adapter, device->dev);
	default:
		return U32_MAX;
	}
}

/**
 * wdmdma_transfer_most_pages() - return the limit on the pages of a transfer
 * @adapter: the adapter
 *
 * A transfer with more pages would wait forever for logical addresses, for bounce buffers of
 * the kernel, or for addressable memory to copy to. One transfer may use half of the bounce
 * buffers or half of the memory. Of the logical addresses it may use a quarter, because they
 * are allocated aligned to the length. An adapter for which no transfer at all can be mapped gets
 * the smallest number, because the driver may still want common buffers.
 *
 * Context: any.
 * Return: number of pages, at least 2.
 */
u32 wdmdma_transfer_most_pages(const struct wdmdma_adapter *adapter)
{
	const struct wdmdma_transfer transfer = {
		.adapter = (struct wdmdma_adapter *)adapter,
		.device = wdmdma_adapter_dma(adapter),
	};
	const struct wdmdma_backend *backend = transfer.device->backend;
	struct wdmdma_window reach = wdmdma_transfer_reach(&transfer);
	bool merges = backend->merges && !wdmdma_transfer_gives_pages(&transfer);
	u64 most = U32_MAX;

	if (!backend->access)
		most = grant_pages_of_addresses(&transfer, reach);
	else if (!adapter->dma_channel)
		most = grant_pages_of_memory(&transfer, reach);
	/* Scattered memory is copied to one range of the page allocator. */
	if (!adapter->scatter_gather && !adapter->dma_channel && !merges)
		most = min_t(u64, most, 1UL << MAX_PAGE_ORDER);
	if (wdmdma_verifier_checks(adapter->device, WDMDMA_STRESS_REGISTERS))
		most = min_t(u64, most, wdmdma_verifier_registers());
	/* Two pages must always be possible, for a few bytes across a page boundary. */
	return clamp_t(u64, most, 2, U32_MAX);
}
