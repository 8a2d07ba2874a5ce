// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache flushing, for devices that do not snoop the CPU caches.
 *
 * The kernel exports no cache maintenance function on arm64. The pages are therefore mapped
 * for the duration of the call, and the mapping is synchronised. CPU caches work on physical
 * addresses, so the device of the mapping and its IOMMU domain do not matter. The mapping is
 * always made with the adapter's own device, which needs no lock.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/rcupdate.h>

#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/core.h"
#include "core/flush.h"
#include "lib/refusal.h"

/*
 * Map a whole page, because the kernel may bounce a shorter mapping for its length. Return 0, or
 * -EOPNOTSUPP with the reason in @refusal.
 */
static int flush_map(struct device *dev, unsigned long pfn, enum dma_data_direction dir,
		     dma_addr_t *dma, struct wdmdma_refusal *refusal)
{
	*dma = dma_map_page_attrs(dev, pfn_to_page(pfn), 0, PAGE_SIZE, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dev, *dma))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the device cannot be given the address of that memory");
	if (wdmdma_iommu_translates(dev) || *dma == phys_to_dma(dev, PFN_PHYS(pfn)))
		return 0;
	dma_unmap_page_attrs(dev, *dma, PAGE_SIZE, dir, DMA_ATTR_SKIP_CPU_SYNC);
	return wdmdma_deny(refusal, -EOPNOTSUPP,
			   "the device reaches that memory only through a bounce buffer");
}

static int flush_pages(struct wdmdma_adapter *adapter, const char *call,
		       const unsigned long *pfn, size_t offset, size_t len, bool to_device)
{
	enum dma_data_direction dir = to_device ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	struct device *dev = adapter->device->dev;
	struct wdmdma_refusal refusal;
	dma_addr_t dma;
	size_t part;

	for (; len; len -= part, offset = 0, pfn++) {
		part = min_t(size_t, len, PAGE_SIZE - offset);
		if (flush_map(dev, *pfn, dir, &dma, &refusal)) {
			wdmdma_refuse_for(adapter->device, call, refusal.reason, "%s",
					  refusal.reason);
			return -EOPNOTSUPP;
		}
		if (to_device)
			dma_sync_single_for_device(dev, dma + offset, part, dir);
		else
			dma_sync_single_for_cpu(dev, dma + offset, part, dir);
		dma_unmap_page_attrs(dev, dma, PAGE_SIZE, dir, DMA_ATTR_SKIP_CPU_SYNC);
	}
	return 0;
}

/**
 * wdmdma_flush() - make memory consistent between CPU and device
 * @adapter: the adapter
 * @call: the Windows call, for messages
 * @pfn: page frame numbers of the memory
 * @offset: offset of the memory in its first page
 * @len: length of the memory in bytes
 * @to_device: true before the device reads what the CPU wrote, false before the CPU reads
 *	what the device wrote
 *
 * Context: process context or bottom halves, with interrupts on or off.
 * Return: 0, -EOPNOTSUPP if the device does not reach the memory, or -ESHUTDOWN after unbind.
 * A failure has been reported.
 */
int wdmdma_flush(struct wdmdma_adapter *adapter, const char *call, const unsigned long *pfn,
		 size_t offset, size_t len, bool to_device)
{
	int ret = 0;

	/* The clean-up at unbind waits for all readers that saw the transfers open. */
	rcu_read_lock();
	if (READ_ONCE(adapter->transfers.closed)) {
		wdmdma_refuse(adapter->device, call, "the driver is unbound from the device");
		ret = -ESHUTDOWN;
	} else if (!dev_is_dma_coherent(adapter->device->dev)) {
		ret = flush_pages(adapter, call, pfn, offset, len, to_device);
	}
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_flush);
