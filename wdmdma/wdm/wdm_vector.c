// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: common buffer vectors. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/vector.h"
#include "core/verifier.h"
#include "lib/bug_check.h"
#include "lib/refusal.h"
#include "objects.h"
#include "wdm/wdm_common.h"

/*
 * Check the arguments of a vector, and fill in the rest of @request from them. Return 0 or
 * -EINVAL.
 */
static int wdm_vector_check(struct wdmdma_request *request, MEMORY_CACHING_TYPE cache_type,
			    NODE_REQUIREMENT ideal_node, ULONG flags, ULONG number_of_elements,
			    ULONGLONG size_of_elements)
{
	if (!number_of_elements || !size_of_elements)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "NumberOfElements or SizeOfElements is 0");
	if (size_of_elements > U32_MAX)
		return wdmdma_deny(&request->refusal, -EINVAL, "SizeOfElements is 4 GiB or more");
	if (request->window.first > request->window.last)
		return wdmdma_deny(&request->refusal, -EINVAL, "LowAddress is above HighAddress");
	if (flags & ~DOMAIN_COMMON_BUFFER_LARGE_PAGE)
		return wdmdma_deny(&request->refusal, -EINVAL, "Flags has an unknown bit");
	if (wdm_cache_override(&cache_type, &request->cache))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "CacheType is neither MmCached nor MmNonCached");
	if (ideal_node == MM_ANY_NODE_OK || wdm_preferred_node(ideal_node, &request->node))
		return wdmdma_deny(&request->refusal, -EINVAL, "IdealNode does not exist");
	request->len = size_of_elements;
	request->granule = flags & DOMAIN_COMMON_BUFFER_LARGE_PAGE ? SZ_2M : 0;
	return 0;
}

/**
 * WdmAllocateCommonBufferVector() - AllocateCommonBufferVector: many buffers at once
 * @dma_adapter: from IoGetDmaAdapter()
 * @low_address: lowest logical address that the elements may use
 * @high_address: highest logical address, inclusive. All ones mean no limit
 * @cache_type: MmCached or MmNonCached
 * @ideal_node: NUMA node, 0 to N-1. Other nodes are used when this node has no memory
 * @flags: 0, or DOMAIN_COMMON_BUFFER_LARGE_PAGE. With that flag all elements are one piece of
 *	large pages, or the call fails
 * @number_of_elements: number of buffers
 * @size_of_elements: bytes of each buffer, below 4 GiB. Whole pages are allocated
 * @vector_out: receives the vector, or NULL on failure
 *
 * Answers to wdm: PALLOCATE_COMMON_BUFFER_VECTOR. Each element is a common buffer like those of
 * AllocateCommonBuffer, which is page aligned, zeroed, and in one piece for CPU and device.
 * Elements need not follow each other. All elements are allocated, or none. The driver must free
 * the vector with FreeCommonBufferVector, not with FreeCommonBuffer.
 *
 * Differs from Windows: the page gives no level and no status, so both are a choice of this
 * module.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER
 * * STATUS_NOT_SUPPORTED for a cache type or page size that cannot be had
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 */
NTSTATUS WdmAllocateCommonBufferVector(PDMA_ADAPTER dma_adapter, PHYSICAL_ADDRESS low_address,
				       PHYSICAL_ADDRESS high_address,
				       MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT ideal_node,
				       ULONG flags, ULONG number_of_elements,
				       ULONGLONG size_of_elements,
				       PDMA_COMMON_BUFFER_VECTOR *vector_out)
{
	struct wdmdma_request request = {
		.call = "AllocateCommonBufferVector",
		.caller = _RET_IP_,
		.window = { low_address.QuadPart, high_address.QuadPart },
	};
	struct wdmdma_vector *vector = NULL;
	struct wdmdma_adapter *adapter;
	int ret;

	if (vector_out)
		*vector_out = NULL;
	adapter = wdm_enter(dma_adapter, request.call, PASSIVE_LEVEL);
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));

	ret = vector_out ? wdm_vector_check(&request, cache_type, ideal_node, flags,
					    number_of_elements, size_of_elements) :
			   wdmdma_deny(&request.refusal, -EINVAL, "VectorOut is NULL");
	if (ret)
		wdmdma_refuse_for(adapter->device, request.call, request.refusal.reason, "%s",
				  request.refusal.reason);
	else
		ret = wdmdma_vector_alloc(adapter, &request, number_of_elements, &vector);
	if (!ret)
		*vector_out = (PDMA_COMMON_BUFFER_VECTOR)vector;
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}

/**
 * WdmGetCommonBufferFromVectorByIndex() - GetCommonBufferFromVectorByIndex
 * @dma_adapter: the adapter of the vector
 * @vector: from AllocateCommonBufferVector
 * @index: the element, from 0
 * @virtual_address_out: receives the element's address for the CPU, or NULL on failure
 * @logical_address_out: receives the element's address for the device, or 0 on failure
 *
 * Answers to wdm: PGET_COMMON_BUFFER_FROM_VECTOR_BY_INDEX. The look-up takes no lock. An index
 * that is out of bounds or freed is reported with the code that Windows has for the mistake in
 * bug check 0x1DC.
 *
 * Context: any.
 */
void WdmGetCommonBufferFromVectorByIndex(PDMA_ADAPTER dma_adapter, PDMA_COMMON_BUFFER_VECTOR vector,
					 ULONG index, PVOID *virtual_address_out,
					 PPHYSICAL_ADDRESS logical_address_out)
{
	static const char call[] = "GetCommonBufferFromVectorByIndex";
	struct wdmdma_addresses at = wdmdma_vector_peek(dma_adapter, vector, index);
	struct wdmdma_adapter *adapter;

	if (!at.cpu) {
		adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);
		if (!IS_ERR(adapter)) {
			at = wdmdma_vector_get(adapter, call, vector, index);
			wdmdma_adapter_put(adapter);
		}
	}
	if (virtual_address_out)
		*virtual_address_out = at.cpu;
	if (logical_address_out)
		logical_address_out->QuadPart = at.dma;
}

/* As wdm_enter(), but report a wrong level with the code that Windows has for vectors. */
static struct wdmdma_adapter *wdm_vector_enter(PDMA_ADAPTER dma_adapter, const char *call)
{
	if (wdmdma_at_dispatch()) {
		wdmdma_report(call, "wrong IRQL (bug check 0x1DC, code 1)");
		wdm_verify_level(dma_adapter, call, WDMDMA_VECTOR_CODE(1));
		return ERR_PTR(-EBUSY);
	}
	return wdm_enter(dma_adapter, call, PASSIVE_LEVEL);
}

/**
 * WdmFreeCommonBufferFromVector() - FreeCommonBufferFromVector: free one element
 * @dma_adapter: the adapter of the vector
 * @vector: from AllocateCommonBufferVector
 * @index: the element, from 0
 *
 * Answers to wdm: PFREE_COMMON_BUFFER_FROM_VECTOR. The other elements stay. Misuse is reported as
 * for GetCommonBufferFromVectorByIndex, and changes nothing.
 *
 * Differs from Windows: an element may have been allocated in one piece with others, or with the
 * whole vector. Its memory goes back to the system with the last element of the piece.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 */
void WdmFreeCommonBufferFromVector(PDMA_ADAPTER dma_adapter, PDMA_COMMON_BUFFER_VECTOR vector,
				   ULONG index)
{
	static const char call[] = "FreeCommonBufferFromVector";
	struct wdmdma_adapter *adapter = wdm_vector_enter(dma_adapter, call);

	if (IS_ERR(adapter))
		return;
	wdmdma_vector_free_element(adapter, call, vector, index);
	wdmdma_adapter_put(adapter);
}

/**
 * WdmFreeCommonBufferVector() - FreeCommonBufferVector: free a vector
 * @dma_adapter: the adapter of the vector
 * @vector: from AllocateCommonBufferVector
 *
 * Answers to wdm: PFREE_COMMON_BUFFER_VECTOR. Also frees the elements that are left.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 */
void WdmFreeCommonBufferVector(PDMA_ADAPTER dma_adapter, PDMA_COMMON_BUFFER_VECTOR vector)
{
	static const char call[] = "FreeCommonBufferVector";
	struct wdmdma_adapter *adapter = wdm_vector_enter(dma_adapter, call);

	if (IS_ERR(adapter))
		return;
	wdmdma_vector_free(adapter, call, vector);
	wdmdma_adapter_put(adapter);
}
