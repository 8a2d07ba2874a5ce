// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: calls for the Linux half of a driver. They translate addresses, and read back the
 * attributes of a buffer.
 *
 * The translations are for fast paths. They take no reference, and read the adapter under the RCU
 * read lock alone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <wdmdma/linux.h>

#include "core/adapter.h"
#include "core/lookup.h"
#include "core/lookup_page.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "wdm/wdm_common.h"

/*
 * Do the work of wdmdma_virt_to_logical() where @va is not in a live buffer of one page, which is
 * the common case and is done inline.
 */
static noinline int wdm_any_to_logical(PDMA_ADAPTER adapter, const void *va, dma_addr_t *la,
				       size_t *left)
{
	struct wdmdma_adapter *owner;
	dma_addr_t dma = 0;
	size_t bytes = 0;

	wdmdma_peek_lock();
	owner = wdmdma_adapter_peek(adapter);
	if (owner)
		bytes = wdmdma_lookup_to_dma(&owner->buffers, va, &dma);
	wdmdma_peek_unlock();
	if (la)
		*la = bytes ? dma : 0;
	if (left)
		*left = la ? bytes : 0;
	if (!la)
		wdmdma_report("wdmdma_virt_to_logical", "la is NULL");
	else if (!owner)
		wdm_no_adapter(adapter, "wdmdma_virt_to_logical");
	else
		return bytes ? 0 : -ENXIO;
	return -EINVAL;
}

/**
 * wdmdma_virt_to_logical() - the logical address of a byte of a common buffer
 * @adapter: from IoGetDmaAdapter()
 * @va: the byte's address for the CPU, anywhere in a buffer of this adapter, of any kind, or
 *	in an element of a vector
 * @la: receives the address for the device, or 0 on failure
 * @left: optional, receives the bytes from there to the end of the buffer, by the
 *	length that was asked for, or 0 on failure
 *
 * The answer holds until the buffer is freed. The cost depends neither on the number of buffers
 * nor on their length.
 *
 * Context: any.
 * Return: 0, or -ENXIO if no live buffer of this adapter is there, which is not reported. -EINVAL
 * if @adapter is no live adapter or @la is NULL, which is reported.
 */
int wdmdma_virt_to_logical(PDMA_ADAPTER adapter, const void *va, dma_addr_t *la, size_t *left)
{
	struct wdmdma_adapter *owner;
	size_t bytes = 0;

	if (la) {
		wdmdma_peek_lock();
		owner = wdmdma_adapter_peek(adapter);
		if (owner)
			bytes = wdmdma_lookup_page_to_dma(&owner->buffers, va, la);
		wdmdma_peek_unlock();
	}
	if (!bytes)
		return wdm_any_to_logical(adapter, va, la, left);
	if (left)
		*left = bytes;
	return 0;
}
EXPORT_SYMBOL_GPL(wdmdma_virt_to_logical);

/**
 * wdmdma_logical_to_virt() - the byte of a common buffer at a logical address
 * @adapter: from IoGetDmaAdapter()
 * @la: an address for the device, anywhere in a buffer of this adapter, of any kind,
 *	or in an element of a vector
 * @left: optional, receives the bytes from there to the end of the buffer, by the
 *	length that was asked for, or 0 on failure
 *
 * This function is for addresses that the device writes into its rings. Otherwise it is like
 * wdmdma_virt_to_logical().
 *
 * Context: any.
 * Return: the address for the CPU, or NULL if no live buffer of this adapter is there. Also NULL
 * if @adapter is no live adapter, which is reported.
 */
void *wdmdma_logical_to_virt(PDMA_ADAPTER adapter, dma_addr_t la, size_t *left)
{
	struct wdmdma_adapter *owner;
	size_t bytes = 0;
	void *va = NULL;

	wdmdma_peek_lock();
	owner = wdmdma_adapter_peek(adapter);
	if (owner)
		bytes = wdmdma_lookup_to_cpu(&owner->buffers, la, &va);
	wdmdma_peek_unlock();
	if (left)
		*left = bytes;
	if (!owner)
		wdm_no_adapter(adapter, __func__);
	return bytes ? va : NULL;
}
EXPORT_SYMBOL_GPL(wdmdma_logical_to_virt);

/**
 * wdmdma_adapter_is_translated() - tell whether DMA remapping is active for an adapter
 * @adapter: from IoGetDmaAdapter()
 *
 * Context: any.
 * Return: true if an IOMMU translates the logical addresses of this adapter's buffers, false if
 * they are physical addresses. Also false if @adapter is no live adapter, which is reported.
 */
bool wdmdma_adapter_is_translated(PDMA_ADAPTER adapter)
{
	struct wdmdma_adapter *owner;
	bool translated;

	wdmdma_peek_lock();
	owner = wdmdma_adapter_peek(adapter);
	translated = owner && !owner->device->backend->physical;
	wdmdma_peek_unlock();
	if (!owner)
		wdm_no_adapter(adapter, __func__);
	return translated;
}
EXPORT_SYMBOL_GPL(wdmdma_adapter_is_translated);

static MEMORY_CACHING_TYPE wdm_cache_told(enum wdmdma_cache cache)
{
	switch (cache) {
	case WDMDMA_CACHE_UNCACHED:
		return MmNonCached;
	case WDMDMA_CACHE_WRITE_COMBINED:
		return MmWriteCombined;
	default:
		return MmCached;
	}
}

/**
 * wdmdma_buffer_info_get() - read back the attributes of a common buffer or an element
 * @adapter: from IoGetDmaAdapter()
 * @va: an address for the CPU inside the buffer
 * @info: receives the attributes, which are all 0 on failure
 *
 * The attributes are read from the pages, the page tables and the record, page by page, so this
 * function is not for fast paths. Allocations and frees for the same device wait meanwhile.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: 0, or -ENXIO if no live buffer of this adapter is there. -EINVAL if
 * @adapter is no live adapter, @info is NULL, or the level is too high, which is reported.
 */
int wdmdma_buffer_info_get(PDMA_ADAPTER adapter, const void *va, struct wdmdma_buffer_info *info)
{
	struct wdmdma_adapter *owner;
	struct wdmdma_info found;
	int ret;

	if (!info) {
		wdmdma_report(__func__, "info is NULL");
		return -EINVAL;
	}
	*info = (struct wdmdma_buffer_info){};
	owner = wdm_enter(adapter, __func__, PASSIVE_LEVEL);
	if (IS_ERR(owner))
		return -EINVAL;
	ret = wdmdma_info_get(owner, va, &found);
	wdmdma_adapter_put(owner);
	if (ret)
		return ret;
	*info = (struct wdmdma_buffer_info){
		.va = found.cpu,
		.la = found.dma,
		.length = found.len,
		.size = found.size,
		.node = found.node,
		.cache = wdm_cache_told(found.cache),
		.page_size = found.page_size,
		.contiguous = found.contiguous,
	};
	return 0;
}
EXPORT_SYMBOL_GPL(wdmdma_buffer_info_get);
