// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: system DMA. These are adapters of devices whose bytes a DMA controller moves, and
 * the calls that exist only for such adapters. wdm/wdm_transfer.c has their transfers.
 *
 * The controllers are those of ISA. A request of a description that ISA cannot meet must be
 * refused, because a channel that runs in another way than its device expects loses bytes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/pci.h>

#include "backend/dma_channel_ops.h"
#include "core/adapter.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "lib/refusal.h"
#include "objects.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

/*
 * Return 0 if an ISA channel fits this description, or -EINVAL. Only version 3 of the description
 * has the fields at the end.
 */
static int wdm_system_check(const struct wdmdma_device *device,
			    const DEVICE_DESCRIPTION *description, struct wdmdma_refusal *refusal)
{
	if (description->InterfaceType == PCIBus || dev_is_pci(device->dev))
		return wdmdma_deny(refusal, -EINVAL,
				   "Master is FALSE, and no DMA controller moves bytes for devices on PCI");
	if (description->Version == DEVICE_DESCRIPTION_VERSION3) {
		if (description->DeviceAddress.QuadPart)
			return wdmdma_deny(refusal, -EINVAL,
					   "DeviceAddress is not 0: ISA has none, and there are no others");
		if (description->DmaRequestLine != description->DmaChannel)
			return wdmdma_deny(refusal, -EINVAL,
					   "DmaRequestLine: ISA's lines have the numbers of their channels");
	} else if (description->DmaSpeed != Compatible) {
		return wdmdma_deny(refusal, -EINVAL,
				   "DmaSpeed: the controllers know Compatible only");
	}
	if (description->DmaWidth != Width8Bits && description->DmaWidth != Width16Bits)
		return wdmdma_deny(refusal, -EINVAL,
				   "DmaWidth is neither Width8Bits nor Width16Bits");
	if (!device->backend->physical)
		return wdmdma_deny(refusal, -EINVAL,
				   "the device is behind an IOMMU, and the DMA controller is not");
	return 0;
}

/*
 * Get the channel that the description of a slave device names, for transfers of up to @most
 * bytes. Return 0 or a negative errno.
 */
int wdm_system_get(const struct wdmdma_device *device, const DEVICE_DESCRIPTION *description,
		   size_t most, struct wdmdma_dma_channel **result, struct wdmdma_refusal *refusal)
{
	struct wdmdma_dma_channel_request request = {
		.channel = description->DmaChannel,
		.unit = description->DmaWidth == Width16Bits ? 2 : 1,
		.most = most,
		.cyclic = description->AutoInitialize,
		.demand = description->DemandMode,
	};
	struct wdmdma_dma_channel *dma_channel;
	int ret = wdm_system_check(device, description, refusal);

	if (ret)
		return ret;
	dma_channel = wdmdma_dma_channel_get(&request, dev_name(device->dev), refusal);
	if (IS_ERR(dma_channel))
		return PTR_ERR(dma_channel);
	*result = dma_channel;
	return 0;
}

void wdm_stop_channels(const PFN_NUMBER *pfn, unsigned long nr, const char *call)
{
	unsigned long i, run;
	bool used = false;

	for (i = 0; i < nr; i += run) {
		run = wdmdma_pfns_run(pfn + i, nr - i);
		used |= wdmdma_dma_channels_leave(PFN_PHYS(pfn[i]), PFN_PHYS(run));
		wdm_mdl_breathe(i);
	}
	if (used)
		wdmdma_report(call,
			      "the memory is mapped for the DMA controller: its channel is stopped");
}

/**
 * WdmReadDmaCounter() - ReadDmaCounter: bytes that a DMA controller has left to move
 * @dma_adapter: from IoGetDmaAdapter()
 *
 * Answers to wdm: PREAD_DMA_COUNTER. The result is in bytes, also where the channel counts words.
 * With AutoInitialize it is the number of bytes to the end of the buffer, which is never 0. After
 * FlushAdapterBuffers it is the number of bytes that were left at that call.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the bytes, or 0 without a transfer. Also 0, with the reason in the log, for a bus
 * master, which has no such counter.
 */
ULONG WdmReadDmaCounter(PDMA_ADAPTER dma_adapter)
{
	static const char call[] = "ReadDmaCounter";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);
	ULONG left = 0;

	if (IS_ERR(adapter))
		return left;
	if (adapter->dma_channel)
		left = wdmdma_dma_channel_residue(adapter->dma_channel);
	else
		wdmdma_refuse(adapter->device, call, "a bus master has no DMA controller");
	wdmdma_adapter_put(adapter);
	return left;
}

/**
 * WdmConfigureAdapterChannel() - ConfigureAdapterChannel: of a DMA controller
 * @dma_adapter: from IoGetDmaAdapter()
 * @function_number: function that is specific to the controller
 * @context: argument of the function
 *
 * Answers to wdm: PCONFIGURE_ADAPTER_CHANNEL. ISA's controllers have no functions of their own,
 * and bus masters have no controller.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_NOT_IMPLEMENTED, or STATUS_INVALID_PARAMETER if @dma_adapter is no adapter.
 */
NTSTATUS WdmConfigureAdapterChannel(PDMA_ADAPTER dma_adapter, ULONG function_number, PVOID context)
{
	static const char call[] = "ConfigureAdapterChannel";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);

	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	if (adapter->dma_channel)
		wdmdma_refuse(adapter->device, call, "ISA's DMA controllers have no function %u",
			      function_number);
	else
		wdmdma_refuse(adapter->device, call, "a bus master has no DMA controller");
	wdmdma_adapter_put(adapter);
	return STATUS_NOT_IMPLEMENTED;
}
