// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: IoGetDmaAdapter, and the three tables of operations. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/stddef.h>

#include "backend/dma_channel_ops.h"
#include "core/adapter.h"
#include "core/core.h"
#include "core/device.h"
#include "core/dma_channel.h"
#include "core/dma_parms.h"
#include "core/transfer.h"
#include "lib/bug_check.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"
#include "wdm/wdm_common.h"

/* The number of pages that the longest transfer has if the driver leaves MaximumLength 0. */
#define WDM_DEFAULT_PAGES	16
/* Windows pages have 4 KiB on every platform. */
#define WDM_PAGE_SHIFT		12

#define WDM_OPERATIONS(last_slot) {						\
	.Size = offsetofend(DMA_OPERATIONS, last_slot),				\
	.PutDmaAdapter = WdmPutDmaAdapter,					\
	.AllocateCommonBuffer = WdmAllocateCommonBuffer,			\
	.FreeCommonBuffer = WdmFreeCommonBuffer,				\
	.AllocateAdapterChannel = WdmAllocateAdapterChannel,			\
	.FlushAdapterBuffers = WdmFlushAdapterBuffers,				\
	.FreeAdapterChannel = WdmFreeAdapterChannel,				\
	.FreeMapRegisters = WdmFreeMapRegisters,				\
	.MapTransfer = WdmMapTransfer,						\
	.GetDmaAlignment = WdmGetDmaAlignment,					\
	.ReadDmaCounter = WdmReadDmaCounter,					\
	.GetScatterGatherList = WdmGetScatterGatherList,			\
	.PutScatterGatherList = WdmPutScatterGatherList,			\
	.CalculateScatterGatherList = WdmCalculateScatterGatherList,		\
	.BuildScatterGatherList = WdmBuildScatterGatherList,			\
	.BuildMdlFromScatterGatherList = WdmBuildMdlFromScatterGatherList,	\
	.GetDmaAdapterInfo = WdmGetDmaAdapterInfo,				\
	.GetDmaTransferInfo = WdmGetDmaTransferInfo,				\
	.InitializeDmaTransferContext = WdmInitializeDmaTransferContext,	\
	.AllocateCommonBufferEx = WdmAllocateCommonBufferEx,			\
	.AllocateAdapterChannelEx = WdmAllocateAdapterChannelEx,		\
	.ConfigureAdapterChannel = WdmConfigureAdapterChannel,			\
	.CancelAdapterChannel = WdmCancelAdapterChannel,			\
	.MapTransferEx = WdmMapTransferEx,					\
	.GetScatterGatherListEx = WdmGetScatterGatherListEx,			\
	.BuildScatterGatherListEx = WdmBuildScatterGatherListEx,		\
	.FlushAdapterBuffersEx = WdmFlushAdapterBuffersEx,			\
	.FreeAdapterObject = WdmFreeAdapterObject,				\
	.CancelMappedTransfer = WdmCancelMappedTransfer,			\
	.AllocateDomainCommonBuffer = WdmAllocateDomainCommonBuffer,		\
	.FlushDmaBuffer = WdmFlushDmaBuffer,					\
	.JoinDmaDomain = WdmJoinDmaDomain,					\
	.LeaveDmaDomain = WdmLeaveDmaDomain,					\
	.GetDmaDomain = WdmGetDmaDomain,					\
	.AllocateCommonBufferWithBounds = WdmAllocateCommonBufferWithBounds,	\
	.AllocateCommonBufferVector = WdmAllocateCommonBufferVector,		\
	.GetCommonBufferFromVectorByIndex = WdmGetCommonBufferFromVectorByIndex,\
	.FreeCommonBufferFromVector = WdmFreeCommonBufferFromVector,		\
	.FreeCommonBufferVector = WdmFreeCommonBufferVector,			\
	.CreateCommonBufferFromMdl = WdmCreateCommonBufferFromMdl,		\
}

/*
 * The tables differ only in Size. The slots past Size are filled in, too, because a driver that
 * calls one without checking Size then gets the call, and not an oops at NULL.
 */
static const DMA_OPERATIONS wdm_operations_v1 = WDM_OPERATIONS(PutScatterGatherList);
static const DMA_OPERATIONS wdm_operations_v2 = WDM_OPERATIONS(BuildMdlFromScatterGatherList);
static const DMA_OPERATIONS wdm_operations_v3 = WDM_OPERATIONS(CreateCommonBufferFromMdl);

/* Indexed by DEVICE_DESCRIPTION.Version. */
static const DMA_OPERATIONS *const wdm_operations[] = {
	[DEVICE_DESCRIPTION_VERSION] = &wdm_operations_v1,
	[DEVICE_DESCRIPTION_VERSION1] = &wdm_operations_v1,
	[DEVICE_DESCRIPTION_VERSION2] = &wdm_operations_v2,
	[DEVICE_DESCRIPTION_VERSION3] = &wdm_operations_v3,
};

/*
 * Return true if the description says that the device is on a PCI bus. If it says nothing, return
 * true if the device is on one.
 */
static bool wdm_is_pci(const struct device *dev, const DEVICE_DESCRIPTION *description)
{
	return description->InterfaceType == PCIBus ||
	       (description->InterfaceType == InterfaceTypeUndefined && dev_is_pci(dev));
}

/*
 * Return the number of address lines that the description gives the device, or its DMA
 * controller. Return 0 if the number is not valid.
 */
static unsigned int wdm_address_width(const struct device *dev,
				      const DEVICE_DESCRIPTION *description)
{
	if (!description->Master)
		return 24;
	/* Only version 3 has the field. An older description ends before it. */
	if (description->Version == DEVICE_DESCRIPTION_VERSION3)
		return description->DmaAddressWidth <= 64 ? description->DmaAddressWidth : 0;
	if (description->Dma64BitAddresses)
		return 64;
	if (description->Dma32BitAddresses ||
	    (description->ScatterGather && wdm_is_pci(dev, description)))
		return 32;
	return 24;
}

static size_t wdm_longest_transfer(const DEVICE_DESCRIPTION *description)
{
	return description->MaximumLength ?: WDM_DEFAULT_PAGES << WDM_PAGE_SHIFT;
}

/*
 * Return the pages of the longest transfer, plus one because a transfer may start inside a page.
 * A transfer must not cross a boundary of a controller, so it is never longer than that.
 */
static ULONG wdm_map_registers(const DEVICE_DESCRIPTION *description,
			       const struct wdmdma_dma_channel *dma_channel)
{
	u64 bytes = wdm_longest_transfer(description);

	if (dma_channel)
		bytes = min_t(u64, bytes, wdmdma_dma_channel_boundary(dma_channel));
	return ((bytes + (1 << WDM_PAGE_SHIFT) - 1) >> WDM_PAGE_SHIFT) + 1;
}

/* Return 0 if this description can be obeyed for a bus master, or -EINVAL. */
static int wdm_check_description(const struct device *dev, const DEVICE_DESCRIPTION *description,
				 struct wdmdma_refusal *refusal)
{
	if (description->Version >= ARRAY_SIZE(wdm_operations))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x25),
				       "DeviceDescription has an unknown Version");
	if (!wdm_address_width(dev, description))
		return wdmdma_deny(refusal, -EINVAL, "DmaAddressWidth is not in 1 to 64");
	return 0;
}

/* Make an adapter. On success the adapter owns @dma_channel, if there is one. */
static PDMA_ADAPTER wdm_adapter_create(struct wdmdma_device *device, enum wdmdma_user user,
				       const char *call, const DEVICE_DESCRIPTION *description,
				       struct wdmdma_dma_channel *dma_channel, ULONG *map_registers)
{
	unsigned int width = wdm_address_width(device->dev, description);
	struct wdmdma_adapter *adapter;
	PDMA_ADAPTER dma_adapter;
	const char *reason;

	adapter = wdmdma_adapter_create(device, wdmdma_window_of_width(width),
					sizeof(*dma_adapter));
	if (IS_ERR(adapter)) {
		reason = PTR_ERR(adapter) == -ENXIO ? "the Linux driver has set no DMA mask" :
			 PTR_ERR(adapter) == -ERANGE ? "fewer than one page needs" :
			 PTR_ERR(adapter) == -ESHUTDOWN ? wdmdma_dead_reason(device) :
			 "out of memory";
		wdmdma_refuse_for(device, call, reason, "%u address bits: %s", width,
				  reason);
		return NULL;
	}
	dma_adapter = (PDMA_ADAPTER)adapter->dma_adapter;
	dma_adapter->Version = HAL_DMA_ADAPTER_VERSION_1;
	dma_adapter->Size = sizeof(*dma_adapter);
	dma_adapter->DmaOperations = (PDMA_OPERATIONS)wdm_operations[description->Version];
	/* With a controller, lists would be for the controller and not for the device. */
	adapter->scatter_gather = description->ScatterGather && !dma_channel;
	adapter->dma_channel = dma_channel;
	adapter->version = description->Version;
	adapter->user = user;
	adapter->opened_by = wdmdma_stack_behind_layer();
	*map_registers = min(*map_registers, wdmdma_transfer_most_pages(adapter));
	adapter->map_registers = *map_registers;
	if (adapter->scatter_gather)
		wdmdma_dma_parms_allow(device, (u64)*map_registers << PAGE_SHIFT);
	wdmdma_adapter_publish(adapter);
	return dma_adapter;
}

/*
 * Get an adapter for @user, as IoGetDmaAdapter() says. *@map_registers is set only on success.
 * Return NULL after a failure, which is reported. May sleep.
 */
PDMA_ADAPTER wdm_adapter_get(struct wdmdma_device *device, enum wdmdma_user user, const char *call,
			     const DEVICE_DESCRIPTION *description, ULONG *map_registers)
{
	struct wdmdma_dma_channel *dma_channel = NULL;
	PDMA_ADAPTER dma_adapter = NULL;
	struct wdmdma_refusal refusal;
	ULONG registers;
	int ret = wdm_check_description(device->dev, description, &refusal);

	if (!ret && !description->Master)
		ret = wdm_system_get(device, description, wdm_longest_transfer(description),
				     &dma_channel, &refusal);
	registers = wdm_map_registers(description, dma_channel);
	if (ret)
		wdmdma_refuse_bug_for(device, call, refusal.bug, refusal.reason, "%s",
				      refusal.reason);
	else
		dma_adapter = wdm_adapter_create(device, user, call, description, dma_channel,
						 &registers);
	if (dma_adapter)
		*map_registers = registers;
	else
		wdmdma_dma_channel_free(dma_channel);
	return dma_adapter;
}

/**
 * IoGetDmaAdapter() - get an adapter for a device
 * @physical_device_object: from wdmdma_device_object_get()
 * @device_description: the abilities of the device. Only read during the call, and
 *	for versions 0 to 2 only up to DmaPort
 * @number_of_map_registers: receives the number of pages that one transfer may cover. That is
 *	the pages of MaximumLength and one more, at least 2. With system DMA it is not more than
 *	a channel moves at a time. It is less where a transfer of that many pages could never be
 *	mapped. If bounces are needed, the limit is half of the kernel's bounce buffers, or of the
 *	memory within the adapter's reach. Behind an IOMMU it is a quarter of the addresses. It is
 *	2 where no transfer can be mapped at all.
 *	Receives 0 on failure
 *
 * Answers to wdm: IoGetDmaAdapter. Each call returns an adapter of its own, which needs its own
 * PutDmaAdapter. The adapter reaches the addresses that both the description (24, 32, 64 or
 * DmaAddressWidth bits) and the device's Linux DMA mask allow. The mask is not changed. For an
 * adapter with ScatterGather the device's longest segment is raised to MaximumLength, unless the
 * Linux driver has set a limit.
 *
 * With system DMA (Master FALSE) the adapter owns the ISA channel DmaChannel until it is put.
 * DmaWidth must be the width of the channel. AutoInitialize and DemandMode are obeyed.
 * ScatterGather, IgnoreCount and DmaAddressWidth are ignored, because a channel reaches 16 MiB
 * and nothing here depends on its counter. DmaSpeed must be Compatible. In version 3
 * DmaRequestLine must be DmaChannel, and DeviceAddress must be 0. Memory is reserved to copy a
 * transfer of MaximumLength through, at most 64 KiB, or 128 KiB for a channel of words. With
 * AutoInitialize no memory is reserved.
 *
 * Differs from Windows: physical_device_object must not be NULL, on any platform. A channel is
 * not shared between adapters. A slot of the table past its Size is not NULL.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the adapter, with the table of the description's version, or NULL, with the reason in
 * the log, for a description that is not valid or not supported.
 */
PDMA_ADAPTER IoGetDmaAdapter(PDEVICE_OBJECT physical_device_object,
			     PDEVICE_DESCRIPTION device_description,
			     PULONG number_of_map_registers)
{
	struct wdmdma_device *device;
	PDMA_ADAPTER dma_adapter;

	if (number_of_map_registers)
		*number_of_map_registers = 0;
	if (wdm_above_passive(__func__))
		return NULL;
	if (!device_description || !number_of_map_registers) {
		wdmdma_report(__func__, "%s is NULL", device_description ?
			      "NumberOfMapRegisters" : "DeviceDescription");
		return NULL;
	}

	device = wdmdma_device_find(physical_device_object);
	if (!device) {
		wdmdma_report(__func__, "PhysicalDeviceObject %p is no live device object",
			      physical_device_object);
		return NULL;
	}
	dma_adapter = wdm_adapter_get(device, WDMDMA_USER_DRIVER, __func__, device_description,
				      number_of_map_registers);
	wdmdma_device_put(device);
	return dma_adapter;
}
EXPORT_SYMBOL_GPL(IoGetDmaAdapter);

/**
 * WdmPutDmaAdapter() - PutDmaAdapter: release an adapter
 * @dma_adapter: from IoGetDmaAdapter()
 *
 * Answers to wdm: PPUT_DMA_ADAPTER. Deferred frees are done before the adapter is gone. Common
 * buffers that the driver did not free are reported one by one and freed. The device loses them
 * first, then the CPU.
 *
 * Context: <= DISPATCH_LEVEL (any). At DISPATCH_LEVEL a work item does the work a little later.
 */
void WdmPutDmaAdapter(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, "PutDmaAdapter", HIGH_LEVEL);

	if (IS_ERR(adapter))
		return;
	wdmdma_adapter_close(adapter);
	wdmdma_adapter_put(adapter);
}

/**
 * WdmGetDmaAlignment() - GetDmaAlignment: how DMA buffers must be aligned
 * @dma_adapter: from IoGetDmaAdapter()
 *
 * Answers to wdm: PGET_DMA_ALIGNMENT. Start and length of a transfer must be multiples of the
 * result.
 *
 * Context: any.
 * Return: a power of two, in bytes. It is 1 on a cache-coherent device, 2 with a system DMA
 * channel of 16 bits, and otherwise the size of a cache line. It is 1 for an adapter that is not
 * live.
 */
ULONG WdmGetDmaAlignment(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, "GetDmaAlignment", HIGH_LEVEL);
	ULONG alignment = 1;

	if (IS_ERR(adapter))
		return alignment;
	if (!dev_is_dma_coherent(adapter->device->dev))
		alignment = dma_get_cache_alignment();
	alignment = max(alignment, wdmdma_dma_channel_unit(adapter->dma_channel));
	wdmdma_adapter_put(adapter);
	return alignment;
}
