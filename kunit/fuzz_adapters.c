// SPDX-License-Identifier: GPL-2.0-only
/* Random calls on adapters, and unbinds of their devices. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>

#include "fuzz.h"

static DEVICE_DESCRIPTION random_description(bool *good)
{
	static const u32 widths[] = { 32, 40, 64 };
	DEVICE_DESCRIPTION description = {
		.Version = fuzz_below(4),
		.Master = TRUE,
		.ScatterGather = !fuzz_one_in(4),
		.InterfaceType = PCIBus,
		.MaximumLength = FUZZ_LONGEST,
	};

	if (description.Version == DEVICE_DESCRIPTION_VERSION3)
		description.DmaAddressWidth = widths[fuzz_below(ARRAY_SIZE(widths))];
	else
		description.Dma32BitAddresses = TRUE;
	*good = !fuzz_one_in(8);
	if (*good)
		return description;
	if (fuzz_one_in(2)) {
		description.Version = 4 + fuzz_below(1000);
	} else {
		description.Version = DEVICE_DESCRIPTION_VERSION3;
		description.DmaAddressWidth = 65 + fuzz_below(190);
	}
	return description;
}

void fuzz_adapter_get(void)
{
	struct fuzz_adapter *adapter = fuzz_find(fuzz()->adapter, FUZZ_ADAPTERS, !slot->adapter);
	struct fuzz_device *device = &fuzz_devices[fuzz_below(fuzz_nr_devices)];
	DEVICE_DESCRIPTION description;
	bool good;

	if (!adapter)
		return;
	description = random_description(&good);
	adapter->adapter = IoGetDmaAdapter(device->object, &description, &adapter->registers);
	fuzz_expect(good == !!adapter->adapter, "version %u, width %u, length %u: %s",
		    description.Version, description.DmaAddressWidth, description.MaximumLength,
		    good ? "refused" : "not refused");
	if (!adapter->adapter) {
		fuzz_expect(!adapter->registers, "registers of a refused adapter");
		fuzz()->refused++;
		return;
	}
	adapter->device = device;
	adapter->ops = adapter->adapter->DmaOperations;
	adapter->width = description.DmaAddressWidth ?: 32;
	adapter->shared = false;
	fuzz()->good++;
}

static void put_slot(struct fuzz_adapter *adapter)
{
	if (!adapter->shared)
		adapter->ops->PutDmaAdapter(adapter->adapter);
	fuzz()->stale = adapter->adapter;
	adapter->adapter = NULL;
	adapter->users = 0;
}

/* Put the adapters of a device. */
void fuzz_adapters_end(const struct fuzz_device *device)
{
	struct fuzz_adapter *adapter;

	for (adapter = fuzz()->adapter; adapter < fuzz()->adapter + FUZZ_ADAPTERS; adapter++)
		if (adapter->adapter && adapter->device == device)
			put_slot(adapter);
}

static void put_adapter(void)
{
	struct fuzz_adapter *adapter = fuzz_find(fuzz()->adapter, FUZZ_ADAPTERS,
						 slot->adapter && !slot->users && !slot->shared);

	if (!adapter)
		return;
	put_slot(adapter);
	fuzz()->good++;
}

/* Use an adapter that was put, or that never was one. Every call must be refused. */
static void use_wrong_adapter(void)
{
	struct fuzz_adapter *live = fuzz_adapter_any();
	PHYSICAL_ADDRESS la = fuzz_address(~0ULL);
	DMA_ADAPTER_INFO info = { .Version = DMA_ADAPTER_INFO_VERSION1 };
	PDMA_ADAPTER wrong;

	if (!live)
		return;
	switch (fuzz_below(4)) {
	case 0:
		wrong = NULL;
		break;
	case 1:
		wrong = fuzz()->stale;
		break;
	case 2:
		wrong = (PDMA_ADAPTER)(unsigned long)(fuzz_below(U32_MAX) << 3);
		break;
	default:
		wrong = (PDMA_ADAPTER)&info;
	}
	/* The memory of the stale adapter may be that of a new one. */
	for (int i = 0; i < FUZZ_ADAPTERS; i++)
		if (fuzz()->adapter[i].adapter == wrong)
			wrong = NULL;
	fuzz_expect(!live->ops->AllocateCommonBuffer(wrong, 100, &la, TRUE), "no adapter's memory");
	fuzz_expect(!la.QuadPart, "the address is not cleared");
	fuzz_expect(!live->ops->GetDmaAlignment(wrong) ||
		    live->ops->GetDmaAlignment(wrong) == 1, "alignment of no adapter");
	fuzz_expect(!NT_SUCCESS(live->ops->GetDmaAdapterInfo(wrong, &info)), "info of no adapter");
	live->ops->PutScatterGatherList(wrong, fuzz()->stale_list, TRUE);
	live->ops->FreeAdapterChannel(wrong);
	live->ops->PutDmaAdapter(wrong);
	fuzz()->refused++;
}

/* Forget what a device had that is not bound, and bind it again. */
static void bind(struct fuzz_device *device)
{
	/* The module has freed what the driver has not given back. */
	fuzz_transfers_end(device, false);
	fuzz_buffers_end(device, false);
	fuzz_adapters_end(device);
	device->home = NULL;
	device->joined = NULL;
	fuzz_expect(device_attach(device->dev) == 1, "the device is not bound again");
}

/*
 * Unbind a device and bind it again. Half of the time the driver gives back before what it has of
 * the device. Otherwise the module must free all of it, and the adapters are put after the unbind.
 * Behind an IOMMU the devices that have joined the domain of the device are unbound before it.
 */
static void unbind(void)
{
	struct fuzz_device *device = &fuzz_devices[fuzz_below(fuzz_nr_devices)];

	if (fuzz_one_in(2)) {
		fuzz_device_tidy(device);
		fuzz_adapters_end(device);
	}
	device_release_driver(device->dev);
	fuzz_expect(!device->object, "the device is still bound");
	for (device = fuzz_devices; device < fuzz_devices + fuzz_nr_devices; device++)
		if (!device->object)
			bind(device);
	fuzz()->good++;
}

const struct fuzz_call fuzz_adapter_calls[] = {
	{ "IoGetDmaAdapter", 8, fuzz_adapter_get },
	{ "PutDmaAdapter", 2, put_adapter },
	{ "a wrong adapter", 2, use_wrong_adapter, FUZZ_ALONE },
	{ "an unbind", 1, unbind, FUZZ_ALONE | FUZZ_FED },
	{}
};
