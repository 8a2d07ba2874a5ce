// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: DMA domains. */
#include <linux/instruction_pointer.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/domain.h"
#include "lib/refusal.h"
#include "objects.h"
#include "wdm/wdm_common.h"

/**
 * WdmGetDmaDomain() - GetDmaDomain: the domain that an adapter is in
 * @dma_adapter: from IoGetDmaAdapter()
 *
 * Answers to wdm: PGET_DMA_DOMAIN. The domain belongs to the device. All adapters of a device
 * return the same handle, and so do devices of one IOMMU group. The handle is valid while an
 * adapter is in the domain, and is not released.
 *
 * Differs from Windows: the page gives no value for failure, so NULL is a choice of this module.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the handle, or NULL for an adapter that is not live, after unbind, and at the wrong
 * level.
 */
HANDLE WdmGetDmaDomain(PDMA_ADAPTER dma_adapter)
{
	static const char call[] = "GetDmaDomain";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, PASSIVE_LEVEL);
	const void *key;

	if (IS_ERR(adapter))
		return NULL;
	key = wdmdma_domain_of(adapter);
	if (!key)
		wdmdma_refuse_for(adapter->device, call, wdmdma_dead_reason(adapter->device), "%s",
				  wdmdma_dead_reason(adapter->device));
	wdmdma_adapter_put(adapter);
	return (HANDLE)key;
}

/**
 * WdmJoinDmaDomain() - JoinDmaDomain: move an adapter into the domain of another
 * @dma_adapter: the adapter that moves, and with it all adapters of its device
 * @domain_handle: from GetDmaDomain of another adapter
 *
 * Answers to wdm: PJOIN_DMA_DOMAIN. From now on every address that the adapter gets is an address
 * of that domain, and its device can reach the common buffers of the domain. To join the domain
 * that the adapter is in does nothing. The device must have no common buffer and must do no DMA.
 * Its driver must not use the Linux DMA API until the device has left. From the join until the
 * driver is unbound, the driver of the other device cannot be unbound before the driver of this
 * device.
 *
 * Differs from Windows: the page gives no status, so the values are a choice of this module.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_HANDLE
 * * STATUS_INVALID_DEVICE_STATE while the device has common buffers or transfers, has joined
 *   another domain, has joiners in its own domain, or has MSI vectors on arm64, and at the wrong
 *   level
 * * STATUS_NOT_SUPPORTED where the two devices cannot share memory, or if a buffer of the domain
 *   is beyond the adapter's reach
 * * STATUS_INVALID_PARAMETER for an adapter that is not live
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INSUFFICIENT_RESOURCES
 *
 * The reason of a failure is in the log.
 */
NTSTATUS WdmJoinDmaDomain(PDMA_ADAPTER dma_adapter, HANDLE domain_handle)
{
	static const char call[] = "JoinDmaDomain";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, PASSIVE_LEVEL);
	int ret;

	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	ret = wdmdma_domain_join(adapter, call, domain_handle);
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}

/**
 * WdmLeaveDmaDomain() - LeaveDmaDomain: move an adapter back into its own domain
 * @dma_adapter: the adapter that moves, and with it all adapters of its device
 *
 * Answers to wdm: PLEAVE_DMA_DOMAIN. PutDmaAdapter of the device's last adapter does the same,
 * and so does unbinding its driver.
 *
 * Differs from Windows: the page gives no status, so the values are a choice of this module.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_DEVICE_STATE for an adapter that has not joined, while its device has common
 *   buffers, transfers or, on arm64, MSI vectors, and at the wrong level
 * * STATUS_INVALID_PARAMETER for an adapter that is not live
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INSUFFICIENT_RESOURCES
 */
NTSTATUS WdmLeaveDmaDomain(PDMA_ADAPTER dma_adapter)
{
	static const char call[] = "LeaveDmaDomain";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, PASSIVE_LEVEL);
	int ret;

	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	ret = wdmdma_domain_leave(adapter, call);
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}

/**
 * WdmAllocateDomainCommonBuffer() - AllocateDomainCommonBuffer: for all of a domain
 * @dma_adapter: the adapter that the buffer will belong to
 * @domain_handle: from GetDmaDomain. The adapter must be in that domain
 * @maximum_address: optional, the highest logical address that the buffer, in whole
 *	pages, may use, inclusive. NULL means no limit
 * @length: bytes. Whole pages are allocated, or whole 2 MiB with large pages
 * @flags: 0, or DOMAIN_COMMON_BUFFER_LARGE_PAGE. With that flag memory and IOMMU use 2 MiB
 *	pages, or the call fails
 * @cache_type: optional, MmCached or MmNonCached, obeyed whatever the platform. NULL means
 *	the platform's choice
 * @preferred_node: NUMA node, 0 to N-1, or MM_ANY_NODE_OK. Other nodes are used when this
 *	node has no memory
 * @logical_address: receives the address for every device in the domain, or 0 on failure
 * @virtual_address: receives the address for the CPU, or NULL on failure
 *
 * Answers to wdm: PALLOCATE_DOMAIN_COMMON_BUFFER. The logical address is within reach of every
 * adapter in the domain. An adapter that does not reach the address cannot join later. The driver
 * must free the buffer with FreeCommonBuffer, on the adapter that the buffer was allocated with,
 * before that adapter leaves.
 *
 * Differs from Windows: if an adapter with fewer address lines is opened later for a device of
 * the domain, the adapter narrows only later allocations.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_HANDLE
 * * STATUS_INVALID_PARAMETER, also if the adapter is not in the domain
 * * STATUS_NOT_SUPPORTED for a cache type or page size that cannot be had
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 *
 * The reason of a failure is in the log.
 */
NTSTATUS WdmAllocateDomainCommonBuffer(PDMA_ADAPTER dma_adapter, HANDLE domain_handle,
				       PPHYSICAL_ADDRESS maximum_address, ULONG length, ULONG flags,
				       MEMORY_CACHING_TYPE *cache_type,
				       NODE_REQUIREMENT preferred_node,
				       PPHYSICAL_ADDRESS logical_address, PVOID *virtual_address)
{
	struct wdmdma_request request = {
		.call = "AllocateDomainCommonBuffer",
		.caller = _RET_IP_,
		.len = length,
	};
	int ret = wdm_read_bounds(&request, NULL, maximum_address, flags, cache_type,
				  preferred_node);
	struct wdmdma_adapter *adapter;
	dma_addr_t dma = 0;

	wdm_clear_address(logical_address);
	if (virtual_address)
		*virtual_address = NULL;
	adapter = wdm_enter(dma_adapter, request.call, PASSIVE_LEVEL);
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));

	if (!logical_address || !virtual_address)
		ret = wdmdma_deny(&request.refusal, -EINVAL,
				  "LogicalAddress or VirtualAddress is NULL");
	if (ret)
		wdmdma_refuse_for(adapter->device, request.call, request.refusal.reason, "%s",
				  request.refusal.reason);
	else
		ret = wdmdma_domain_alloc(adapter, domain_handle, &request, virtual_address, &dma);
	if (!ret)
		logical_address->QuadPart = dma;
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}
