// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: common buffers of memory that an MDL describes. */
#include <linux/instruction_pointer.h>

#include "core/adapter.h"
#include "core/buffer.h"
#include "core/core.h"
#include "lib/bug_check.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_mdl_common.h"

/* The arguments of CreateCommonBufferFromMdl, after its configurations are read. */
struct wdm_from_mdl {
	struct wdmdma_window window;
	enum dma_data_direction direction;
	bool subsection;
	ULONGLONG offset;
	ULONG length;
};

static int wdm_read_config(const DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION *config,
			   struct wdm_from_mdl *from, struct wdmdma_refusal *refusal)
{
	static const enum dma_data_direction directions[] = {
		[CommonBufferHardwareAccessReadOnly] = DMA_TO_DEVICE,
		[CommonBufferHardwareAccessWriteOnly] = DMA_FROM_DEVICE,
		[CommonBufferHardwareAccessReadWrite] = DMA_BIDIRECTIONAL,
	};

	switch (config->ConfigType) {
	case CommonBufferConfigTypeLogicalAddressLimits:
		from->window.first = config->LogicalAddressLimits.MinimumAddress.QuadPart;
		from->window.last = config->LogicalAddressLimits.MaximumAddress.QuadPart;
		if (from->window.first > from->window.last)
			return wdmdma_deny(refusal, -EINVAL,
					   "LogicalAddressLimits: MinimumAddress is above MaximumAddress");
		return 0;
	case CommonBufferConfigTypeSubSection:
		from->subsection = true;
		from->offset = config->SubSection.Offset;
		from->length = config->SubSection.Length;
		if (!PAGE_ALIGNED(from->offset))
			return wdmdma_deny(refusal, -EINVAL,
					   "SubSection: Offset is no multiple of the page size");
		return 0;
	case CommonBufferConfigTypeHardwareAccessPermissions:
		if ((unsigned int)config->HardwareAccessType >= ARRAY_SIZE(directions))
			return wdmdma_deny(refusal, -EINVAL, "HardwareAccessType is unknown");
		from->direction = directions[config->HardwareAccessType];
		return 0;
	default:
		return wdmdma_deny(refusal, -EINVAL, "a ConfigType is unknown");
	}
}

/* Read the configurations. Return 0 or -EINVAL. */
static int wdm_read_configs(const DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION *configs, ULONG count,
			    struct wdm_from_mdl *from, struct wdmdma_refusal *refusal)
{
	unsigned long seen = 0;
	ULONG i;
	int ret;

	if (count && !configs)
		return wdmdma_deny(refusal, -EINVAL,
				   "ExtendedConfigs is NULL, ExtendedConfigsCount is not 0");
	/* Few rounds are made, whatever the count, because each known type may come once. */
	for (i = 0; i < count; i++) {
		ret = wdm_read_config(&configs[i], from, refusal);
		if (ret)
			return ret;
		if (seen & BIT(configs[i].ConfigType))
			return wdmdma_deny(refusal, -EINVAL,
					   "two ExtendedConfigs have one ConfigType");
		seen |= BIT(configs[i].ConfigType);
	}
	return 0;
}

/* Find the MDL that holds the wanted part, and make offset and length relative to that MDL. */
static int wdm_find_part(PMDL *mdl, struct wdm_from_mdl *from, struct wdmdma_refusal *refusal)
{
	unsigned int steps = 0;

	if (!from->subsection) {
		if ((*mdl)->Next)
			return wdmdma_deny(refusal, -EINVAL,
					   "the MDL is chained, and no SubSection says which part is meant");
		from->offset = 0;
		from->length = (*mdl)->ByteCount;
		return 0;
	}
	while (*mdl && from->offset >= (*mdl)->ByteCount && steps++ < WDM_CHAIN_LIMIT) {
		from->offset -= (*mdl)->ByteCount;
		*mdl = (*mdl)->Next;
	}
	if (!*mdl || steps > WDM_CHAIN_LIMIT)
		return wdmdma_deny(refusal, -EINVAL, "SubSection begins past the end of the MDL");
	if (from->length > (*mdl)->ByteCount - from->offset)
		return wdmdma_deny(refusal, -EINVAL, "SubSection does not lie in one MDL");
	return 0;
}

/* Return 0 if this part of the MDL can be a common buffer, or -EINVAL. */
static int wdm_check_part(PMDL mdl, const struct wdm_from_mdl *from,
			  struct wdmdma_refusal *refusal)
{
	if (!(mdl->MdlFlags & WDM_MDL_RESIDENT))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x0E),
				       "the pages of the MDL are not locked");
	if (!wdm_mdl_is_mapped(mdl))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x22),
				       "the MDL is not mapped: call MmGetSystemAddressForMdlSafe first");
	if (!from->length || !PAGE_ALIGNED(mdl->ByteOffset + from->offset) ||
	    !PAGE_ALIGNED(from->length))
		return wdmdma_deny(refusal, -EINVAL,
				   "start and length are no multiples of the page size, or the length is 0");
	return wdm_mdl_check(mdl, from->offset, from->length, from->direction != DMA_TO_DEVICE,
			     refusal);
}

static int wdm_import(struct wdmdma_adapter *adapter, struct wdmdma_request *request, PMDL mdl,
		      const struct wdm_from_mdl *from, dma_addr_t *dma)
{
	struct wdmdma_import import = {
		.owner = mdl,
		.owner_cpu = mdl->MappedSystemVa,
		.owner_len = mdl->ByteCount,
		.pfn = MmGetMdlPfnArray(mdl) + ((mdl->ByteOffset + from->offset) >> PAGE_SHIFT),
		.cpu = mdl->MappedSystemVa + from->offset,
		.direction = from->direction,
		/* Slab memory has no references, so the driver must keep the memory. */
		.hold = wdm_mdl_has_way_c_pages(mdl) || wdm_mdl_has_user_pages(mdl),
		.pinned = wdm_mdl_has_user_pages(mdl),
	};

	return wdmdma_buffer_import(adapter, request, &import, dma);
}

/**
 * WdmCreateCommonBufferFromMdl() - CreateCommonBufferFromMdl: from the driver's memory
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: resident pages with a system address. The whole MDL, or a SubSection, becomes
 *	the buffer. It must be page aligned and have whole pages. A chain needs a SubSection,
 *	which must lie within one MDL of the chain
 * @extended_configs: optional, at most one of each kind: LogicalAddressLimits
 *	(both inclusive), SubSection (bytes), HardwareAccessPermissions
 * @extended_configs_count: number of configurations
 * @logical_address: receives the address for the device, or 0 on failure
 *
 * Answers to wdm: PCREATE_COMMON_BUFFER_FROM_MDL. With an IOMMU scattered pages become one range
 * of logical addresses. Without an IOMMU the pages must be contiguous and within reach, and the
 * logical address is the physical address. The driver removes the buffer with FreeCommonBuffer,
 * which accepts the length and the system address of the buffer or of the MDL. Pages and contents
 * are not touched, and still belong to the driver.
 *
 * Differs from Windows: a device that is not cache coherent is refused. Limits with an IOMMU are
 * met as for AllocateCommonBufferEx. The system can hold user pages and pages of
 * MmAllocatePagesForMdlEx. If the driver frees such pages before the buffer, the free is
 * reported, and the pages stay until the buffer is freed.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER for an MDL or a configuration that does not fit, or if a common
 *   buffer of this adapter has one of the pages
 * * STATUS_NOT_SUPPORTED for access limits without an IOMMU, for WriteOnly behind an IOMMU that
 *   cannot forbid reading, and for a device that is not cache coherent
 * * STATUS_INSUFFICIENT_RESOURCES
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 *
 * The reason of a failure is in the log.
 */
NTSTATUS WdmCreateCommonBufferFromMdl(PDMA_ADAPTER dma_adapter, PMDL mdl,
				      PDMA_COMMON_BUFFER_EXTENDED_CONFIGURATION extended_configs,
				      ULONG extended_configs_count,
				      PPHYSICAL_ADDRESS logical_address)
{
	struct wdmdma_request request = {
		.call = "CreateCommonBufferFromMdl",
		.caller = _RET_IP_,
		.node = NUMA_NO_NODE,
	};
	struct wdm_from_mdl from = {
		.window = WDMDMA_WINDOW_ALL,
		.direction = DMA_BIDIRECTIONAL,
	};
	struct wdmdma_adapter *adapter;
	dma_addr_t dma = 0;
	int ret = 0;

	wdm_clear_address(logical_address);
	adapter = wdm_enter(dma_adapter, request.call, PASSIVE_LEVEL);
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));

	if (!mdl || !logical_address)
		ret = wdmdma_deny(&request.refusal, -EINVAL,
				  mdl ? "LogicalAddress is NULL" : "Mdl is NULL");
	ret = ret ?: wdm_read_configs(extended_configs, extended_configs_count, &from,
				      &request.refusal);
	ret = ret ?: wdm_find_part(&mdl, &from, &request.refusal);
	ret = ret ?: wdm_check_part(mdl, &from, &request.refusal);
	if (ret) {
		wdmdma_refuse_bug_for(adapter->device, request.call, request.refusal.bug,
				      request.refusal.reason, "%s", request.refusal.reason);
	} else {
		request.len = from.length;
		request.window = from.window;
		ret = wdm_import(adapter, &request, mdl, &from, &dma);
	}
	if (!ret)
		logical_address->QuadPart = dma;
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}
