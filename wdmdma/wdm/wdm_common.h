/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the files of the WDM layer share: the look-up of the driver's pointers, the
 * checks of the level, and the functions behind the slots of DMA_OPERATIONS.
 *
 * A function of this layer is short. It opens with wdm_enter(), or with wdm_peek() in a call for a
 * transfer, which check the level and find the adapter. It then translates the arguments, makes one
 * call to the core and translates the result. Windows types must not reach the core.
 *
 * A function that checks arguments returns 0 or a negative errno, and stores the reason of a
 * refusal as lib/refusal.h says. The function behind the slot reports the reason.
 */
#ifndef WDMDMA_WDM_COMMON_H
#define WDMDMA_WDM_COMMON_H

#include <linux/err.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include <wdmdma/dma.h>

#include "compat.h"
#include "core/adapter.h"
#include "lib/page_set.h"
#include "objects.h"
#include "report.h"

struct wdmdma_dma_channel;
struct wdmdma_device;
struct wdmdma_refusal;
struct wdmdma_request;

/* wdm/wdm_common.c */
struct wdmdma_adapter *wdm_enter(PDMA_ADAPTER dma_adapter, const char *call, KIRQL highest);
void __cold wdm_no_adapter(PDMA_ADAPTER dma_adapter, const char *call);
void wdm_verify_level(PDMA_ADAPTER dma_adapter, const char *call, u32 bug);
bool wdm_above_passive_on(PDMA_ADAPTER dma_adapter, const char *call);
bool wdm_above_dispatch_on(PDMA_ADAPTER dma_adapter, const char *call);
NTSTATUS __cold wdm_error_status(int error);
int wdm_cache_override(const MEMORY_CACHING_TYPE *cache_type, enum wdmdma_cache *cache);
int wdm_preferred_node(NODE_REQUIREMENT preferred_node, int *node);
int wdm_read_bounds(struct wdmdma_request *request, const PHYSICAL_ADDRESS *minimum,
		    const PHYSICAL_ADDRESS *maximum, ULONG flags,
		    const MEMORY_CACHING_TYPE *cache_type, NODE_REQUIREMENT node);
int wdm_cache_type(MEMORY_CACHING_TYPE cache_type, enum wdmdma_cache *cache);

/* wdm/wdm_device_object.c */
PDEVICE_OBJECT wdm_device_hold(struct device *dev, enum wdmdma_user user, const char *call);
void wdm_device_drop(PDEVICE_OBJECT device_object, enum wdmdma_user user);

/* wdm/wdm_operations.c */
PDMA_ADAPTER wdm_adapter_get(struct wdmdma_device *device, enum wdmdma_user user, const char *call,
			     const DEVICE_DESCRIPTION *description, ULONG *map_registers);

/* wdm/wdm_system_dma.c */
int wdm_system_get(const struct wdmdma_device *device, const DEVICE_DESCRIPTION *description,
		   size_t most, struct wdmdma_dma_channel **result, struct wdmdma_refusal *refusal);

/* Return the status for the result of a function of the core, which is 0 or a negative errno. */
static inline NTSTATUS wdm_status(int ret)
{
	return likely(!ret) ? STATUS_SUCCESS : wdm_error_status(ret);
}

/* The same for calls that name no adapter. */
static inline bool wdm_above_passive(const char *call)
{
	return wdm_above_passive_on(NULL, call);
}

static inline bool wdm_above_dispatch(const char *call)
{
	return wdm_above_dispatch_on(NULL, call);
}

/*
 * Begin a driver's call for a transfer, which may be made up to DISPATCH_LEVEL. Return the
 * adapter, or an ERR_PTR as wdm_enter() does. The caller gets no reference. It must hold the RCU
 * read lock for as long as it uses the adapter.
 */
static __always_inline struct wdmdma_adapter *wdm_peek(PDMA_ADAPTER dma_adapter, const char *call)
{
	struct wdmdma_adapter *adapter;

	if (unlikely(preempt_count() & (HARDIRQ_MASK | NMI_MASK)) &&
	    wdm_above_dispatch_on(dma_adapter, call))
		return ERR_PTR(-EBUSY);
	adapter = wdmdma_adapter_peek(dma_adapter);
	if (likely(adapter))
		return adapter;
	wdm_no_adapter(dma_adapter, call);
	return ERR_PTR(-EINVAL);
}

static inline void wdm_clear_address(PPHYSICAL_ADDRESS address)
{
	if (address)
		address->QuadPart = 0;
}

/* The functions behind the slots, with the types that the members of the table point to. */
extern typeof(*(PPUT_DMA_ADAPTER)NULL) WdmPutDmaAdapter;
extern typeof(*(PALLOCATE_COMMON_BUFFER)NULL) WdmAllocateCommonBuffer;
extern typeof(*(PFREE_COMMON_BUFFER)NULL) WdmFreeCommonBuffer;
extern typeof(*(PALLOCATE_ADAPTER_CHANNEL)NULL) WdmAllocateAdapterChannel;
extern typeof(*(PFLUSH_ADAPTER_BUFFERS)NULL) WdmFlushAdapterBuffers;
extern typeof(*(PFREE_ADAPTER_CHANNEL)NULL) WdmFreeAdapterChannel;
extern typeof(*(PFREE_MAP_REGISTERS)NULL) WdmFreeMapRegisters;
extern typeof(*(PMAP_TRANSFER)NULL) WdmMapTransfer;
extern typeof(*(PGET_DMA_ALIGNMENT)NULL) WdmGetDmaAlignment;
extern typeof(*(PREAD_DMA_COUNTER)NULL) WdmReadDmaCounter;
extern typeof(*(PGET_SCATTER_GATHER_LIST)NULL) WdmGetScatterGatherList;
extern typeof(*(PPUT_SCATTER_GATHER_LIST)NULL) WdmPutScatterGatherList;
extern typeof(*(PCALCULATE_SCATTER_GATHER_LIST_SIZE)NULL) WdmCalculateScatterGatherList;
extern typeof(*(PBUILD_SCATTER_GATHER_LIST)NULL) WdmBuildScatterGatherList;
extern typeof(*(PBUILD_MDL_FROM_SCATTER_GATHER_LIST)NULL) WdmBuildMdlFromScatterGatherList;
extern typeof(*(PGET_DMA_ADAPTER_INFO)NULL) WdmGetDmaAdapterInfo;
extern typeof(*(PGET_DMA_TRANSFER_INFO)NULL) WdmGetDmaTransferInfo;
extern typeof(*(PINITIALIZE_DMA_TRANSFER_CONTEXT)NULL) WdmInitializeDmaTransferContext;
extern typeof(*(PALLOCATE_COMMON_BUFFER_EX)NULL) WdmAllocateCommonBufferEx;
extern typeof(*(PALLOCATE_ADAPTER_CHANNEL_EX)NULL) WdmAllocateAdapterChannelEx;
extern typeof(*(PCONFIGURE_ADAPTER_CHANNEL)NULL) WdmConfigureAdapterChannel;
extern typeof(*(PCANCEL_ADAPTER_CHANNEL)NULL) WdmCancelAdapterChannel;
extern typeof(*(PMAP_TRANSFER_EX)NULL) WdmMapTransferEx;
extern typeof(*(PGET_SCATTER_GATHER_LIST_EX)NULL) WdmGetScatterGatherListEx;
extern typeof(*(PBUILD_SCATTER_GATHER_LIST_EX)NULL) WdmBuildScatterGatherListEx;
extern typeof(*(PFLUSH_ADAPTER_BUFFERS_EX)NULL) WdmFlushAdapterBuffersEx;
extern typeof(*(PFREE_ADAPTER_OBJECT)NULL) WdmFreeAdapterObject;
extern typeof(*(PCANCEL_MAPPED_TRANSFER)NULL) WdmCancelMappedTransfer;
extern typeof(*(PALLOCATE_DOMAIN_COMMON_BUFFER)NULL) WdmAllocateDomainCommonBuffer;
extern typeof(*(PFLUSH_DMA_BUFFER)NULL) WdmFlushDmaBuffer;
extern typeof(*(PJOIN_DMA_DOMAIN)NULL) WdmJoinDmaDomain;
extern typeof(*(PLEAVE_DMA_DOMAIN)NULL) WdmLeaveDmaDomain;
extern typeof(*(PGET_DMA_DOMAIN)NULL) WdmGetDmaDomain;
extern typeof(*(PALLOCATE_COMMON_BUFFER_WITH_BOUNDS)NULL) WdmAllocateCommonBufferWithBounds;
extern typeof(*(PALLOCATE_COMMON_BUFFER_VECTOR)NULL) WdmAllocateCommonBufferVector;
extern typeof(*(PGET_COMMON_BUFFER_FROM_VECTOR_BY_INDEX)NULL) WdmGetCommonBufferFromVectorByIndex;
extern typeof(*(PFREE_COMMON_BUFFER_FROM_VECTOR)NULL) WdmFreeCommonBufferFromVector;
extern typeof(*(PFREE_COMMON_BUFFER_VECTOR)NULL) WdmFreeCommonBufferVector;
extern typeof(*(PCREATE_COMMON_BUFFER_FROM_MDL)NULL) WdmCreateCommonBufferFromMdl;

#endif /* WDMDMA_WDM_COMMON_H */
