// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code that the WDM calls share. It finds the adapter behind a driver's pointer, checks the level
 * of a call, makes a status of an error, and reads the arguments that several calls have in
 * common.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/core.h"
#include "core/verifier.h"
#include "lib/bug_check.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"
#include "wdm/wdm_common.h"

/* Report a driver's pointer that is no live adapter. */
void wdm_no_adapter(PDMA_ADAPTER dma_adapter, const char *call)
{
	wdmdma_report(call, "DmaAdapter %s", dma_adapter ?
		      "is no live adapter: not from IoGetDmaAdapter, or already put" : "is NULL");
	wdmdma_verifier_report(NULL, call,
			       dma_adapter ? WDMDMA_DMA_CODE(0x18) : WDMDMA_DMA_CODE(0x19));
}

/* Return the status for an error of the core. No other place translates errors. */
NTSTATUS __cold wdm_error_status(int error)
{
	switch (error) {
	case -EINVAL:
		return STATUS_INVALID_PARAMETER;
	case -ENOBUFS:
		return STATUS_BUFFER_TOO_SMALL;
	case -EBADF:
		return STATUS_INVALID_HANDLE;
	case -EBUSY:
		return STATUS_INVALID_DEVICE_STATE;
	case -EOPNOTSUPP:
		return STATUS_NOT_SUPPORTED;
	case -ESHUTDOWN:
		return STATUS_DELETE_PENDING;
	case -ECANCELED:
		return STATUS_CANCELLED;
	default:
		return STATUS_INSUFFICIENT_RESOURCES;
	}
}

/*
 * Tell the verifier of a call at a wrong level. The settings of the device count, if the pointer of
 * the call names one. Any context.
 */
void wdm_verify_level(PDMA_ADAPTER dma_adapter, const char *call, u32 bug)
{
	struct wdmdma_adapter *adapter;

	rcu_read_lock();
	adapter = wdmdma_adapter_peek(dma_adapter);
	wdmdma_verifier_report(adapter ? adapter->device : NULL, call, bug);
	rcu_read_unlock();
}

/*
 * Report a call that needs PASSIVE_LEVEL and is made above it. Return true if it is. @dma_adapter
 * is what the driver passed, or NULL.
 */
bool wdm_above_passive_on(PDMA_ADAPTER dma_adapter, const char *call)
{
	if (wdmdma_at_dispatch()) {
		wdmdma_report(call, "called at DISPATCH_LEVEL or above, needs PASSIVE_LEVEL");
		wdm_verify_level(dma_adapter, call, WDMDMA_DMA_CODE(0x14));
		return true;
	}
	might_sleep();
	return false;
}

/* Report a call that is made above DISPATCH_LEVEL, in an interrupt. Return true if it is. */
bool wdm_above_dispatch_on(PDMA_ADAPTER dma_adapter, const char *call)
{
	if (!in_hardirq() && !in_nmi())
		return false;
	wdmdma_report(call, "called above DISPATCH_LEVEL, in an interrupt");
	wdm_verify_level(dma_adapter, call, WDMDMA_DMA_CODE(0x13));
	return true;
}

/*
 * Begin a driver's call that may be made at PASSIVE_LEVEL only, up to DISPATCH_LEVEL, or at any
 * level if @highest is HIGH_LEVEL. Return the adapter, with a reference that the caller must drop
 * by wdmdma_adapter_put(). A call that may not go on is reported, and the result is an ERR_PTR
 * with an error that wdm_status() takes: -EBUSY at a level above @highest, or -EINVAL for a
 * pointer that is no live adapter.
 */
struct wdmdma_adapter *wdm_enter(PDMA_ADAPTER dma_adapter, const char *call, KIRQL highest)
{
	struct wdmdma_adapter *adapter;

	if ((highest == PASSIVE_LEVEL && wdm_above_passive_on(dma_adapter, call)) ||
	    (highest == DISPATCH_LEVEL && wdm_above_dispatch_on(dma_adapter, call)))
		return ERR_PTR(-EBUSY);
	adapter = wdmdma_adapter_find(dma_adapter);
	if (adapter)
		return adapter;
	wdm_no_adapter(dma_adapter, call);
	return ERR_PTR(-EINVAL);
}

/*
 * Set @node to the NUMA node of a PreferredNode. The argument is a preference, so an offline
 * node, or the only online node, becomes NUMA_NO_NODE. Return -EINVAL for a node that cannot
 * exist.
 */
int wdm_preferred_node(NODE_REQUIREMENT preferred_node, int *node)
{
	*node = NUMA_NO_NODE;
	if (preferred_node == MM_ANY_NODE_OK)
		return 0;
	if (preferred_node >= nr_node_ids || !node_possible(preferred_node))
		return -EINVAL;
	if (num_online_nodes() > 1 && node_online(preferred_node))
		*node = preferred_node;
	return 0;
}

/*
 * Set @cache to the type that an optional CacheType asks for. NULL means the platform's type.
 * Return -EINVAL for a type other than MmCached and MmNonCached.
 */
int wdm_cache_override(const MEMORY_CACHING_TYPE *cache_type, enum wdmdma_cache *cache)
{
	MEMORY_CACHING_TYPE wanted = cache_type ? READ_ONCE(*cache_type) : MmMaximumCacheType;

	*cache = WDMDMA_CACHE_PLATFORM;
	if (wanted == MmCached)
		*cache = WDMDMA_CACHE_CACHED;
	else if (wanted == MmNonCached)
		*cache = WDMDMA_CACHE_UNCACHED;
	else if (cache_type)
		return -EINVAL;
	return 0;
}

/*
 * Read the arguments that AllocateCommonBufferWithBounds and AllocateDomainCommonBuffer share
 * into @request. Return 0 or -EINVAL.
 */
int wdm_read_bounds(struct wdmdma_request *request, const PHYSICAL_ADDRESS *minimum,
		    const PHYSICAL_ADDRESS *maximum, ULONG flags,
		    const MEMORY_CACHING_TYPE *cache_type, NODE_REQUIREMENT node)
{
	request->window = WDMDMA_WINDOW_ALL;
	if (minimum)
		request->window.first = minimum->QuadPart;
	if (maximum)
		request->window.last = maximum->QuadPart;
	request->granule = flags & DOMAIN_COMMON_BUFFER_LARGE_PAGE ? SZ_2M : 0;
	if (request->window.first > request->window.last)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "MinimumAddress is above MaximumAddress");
	if (flags & ~DOMAIN_COMMON_BUFFER_LARGE_PAGE)
		return wdmdma_deny(&request->refusal, -EINVAL, "Flags has an unknown bit");
	if (wdm_cache_override(cache_type, &request->cache))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "CacheType is neither MmCached nor MmNonCached");
	if (wdm_preferred_node(node, &request->node))
		return wdmdma_deny(&request->refusal, -EINVAL, "PreferredNode does not exist");
	return 0;
}

/*
 * Set @cache to a cache type that a driver asks for. Return -EINVAL for an unknown type, and
 * -EOPNOTSUPP where the platform does not have the type.
 */
int wdm_cache_type(MEMORY_CACHING_TYPE cache_type, enum wdmdma_cache *cache)
{
	switch (cache_type) {
	case MmCached:
		*cache = WDMDMA_CACHE_PLATFORM;
		return 0;
	case MmNonCached:
		*cache = WDMDMA_CACHE_UNCACHED;
		break;
	case MmWriteCombined:
		*cache = WDMDMA_CACHE_WRITE_COMBINED;
		break;
	default:
		return -EINVAL;
	}
	return WDMDMA_CAN_UNCACHE ? 0 : -EOPNOTSUPP;
}
