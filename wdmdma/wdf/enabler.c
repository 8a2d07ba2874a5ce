// SPDX-License-Identifier: GPL-2.0-only
/* Enablers: the adapters of a device, for one profile. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/enabler.h"

#include <linux/export.h>
#include <linux/slab.h>

#include <ddk/wdm/resource.h>

#include "compat.h"
#include "wdf/device.h"

struct wdf_profile {
	bool lists, wide, duplex, system;
};

static const struct wdf_profile wdf_profiles[] = {
	[WdfDmaProfilePacket] = {},
	[WdfDmaProfileScatterGather] = { .lists = true },
	[WdfDmaProfilePacket64] = { .wide = true },
	[WdfDmaProfileScatterGather64] = { .lists = true, .wide = true },
	[WdfDmaProfileScatterGatherDuplex] = { .lists = true, .duplex = true },
	[WdfDmaProfileScatterGather64Duplex] = { .lists = true, .wide = true, .duplex = true },
	[WdfDmaProfileSystem] = { .system = true },
	[WdfDmaProfileSystemDuplex] = { .system = true, .duplex = true },
};

static void wdf_enabler_put_adapters(struct wdf_enabler *enabler)
{
	struct wdf_channel *channel;

	for (channel = enabler->channel; channel < enabler->channel + 2; channel++) {
		if (channel->adapter)
			channel->ops->PutDmaAdapter(channel->adapter);
		WRITE_ONCE(channel->adapter, NULL);
	}
}

static void wdf_enabler_dispose(struct wdf_object *object)
{
	struct wdf_enabler *enabler = wdf_enabler_of(object);

	wdf_enabler_put_adapters(enabler);
	wdf_tickets_end(enabler);
	wdf_power_remove(enabler->device, &enabler->link);
}

static void wdf_enabler_free(struct wdf_object *object)
{
	kfree(wdf_enabler_of(object));
}

const struct wdf_class wdf_enabler_class = {
	.name = "WDFDMAENABLER",
	.passive = true,
	.dispose = wdf_enabler_dispose,
	.free = wdf_enabler_free,
};

/* Return the version of the adapters if the driver says none. */
static u32 wdf_usual_version(const struct wdf_enabler *enabler)
{
	if (enabler->system || enabler->config.AddressWidthOverride || IS_ENABLED(CONFIG_ARM64))
		return DEVICE_DESCRIPTION_VERSION3;
	return DEVICE_DESCRIPTION_VERSION2;
}

/* Report a callback that is no address. Return true if there is one. */
static bool wdf_enabler_has_wrong_callback(const WDF_DMA_ENABLER_CONFIG *config, const char *call)
{
	return wdf_option_is_wrong(config->EvtDmaEnablerFill, "EvtDmaEnablerFill", call) ||
	       wdf_option_is_wrong(config->EvtDmaEnablerFlush, "EvtDmaEnablerFlush", call) ||
	       wdf_option_is_wrong(config->EvtDmaEnablerDisable, "EvtDmaEnablerDisable", call) ||
	       wdf_option_is_wrong(config->EvtDmaEnablerEnable, "EvtDmaEnablerEnable", call) ||
	       wdf_option_is_wrong(config->EvtDmaEnablerSelfManagedIoStart,
				   "EvtDmaEnablerSelfManagedIoStart", call) ||
	       wdf_option_is_wrong(config->EvtDmaEnablerSelfManagedIoStop,
				   "EvtDmaEnablerSelfManagedIoStop", call);
}

/* Return the reason why a configuration is refused, or NULL and fill in what follows from it. */
static const char *wdf_enabler_configure(struct wdf_enabler *enabler)
{
	const WDF_DMA_ENABLER_CONFIG *config = &enabler->config;
	const struct wdf_profile *profile;

	if (config->Profile < WdfDmaProfilePacket || config->Profile > WdfDmaProfileSystemDuplex)
		return "Profile is unknown";
	if (!config->MaximumLength)
		return "MaximumLength is 0";
	profile = &wdf_profiles[config->Profile];
	if (config->AddressWidthOverride && profile->system)
		return "AddressWidthOverride is not for a system profile";
	if (config->AddressWidthOverride > 32 && !profile->wide)
		return "AddressWidthOverride is above 32 with a 32-bit profile";
	enabler->lists = profile->lists;
	enabler->duplex = profile->duplex;
	enabler->system = profile->system;
	enabler->version = wdf_usual_version(enabler);
	/* On arm64 the usual version is more than is needed. */
	if (config->WdmDmaVersionOverride) {
		if (config->WdmDmaVersionOverride < DEVICE_DESCRIPTION_VERSION2 ||
		    ((enabler->system || config->AddressWidthOverride) &&
		     config->WdmDmaVersionOverride < DEVICE_DESCRIPTION_VERSION3))
			return "WdmDmaVersionOverride is below the version that is needed";
		enabler->version = config->WdmDmaVersionOverride;
	}
	if (config->Flags & WDF_DMA_ENABLER_CONFIG_REQUIRE_SINGLE_TRANSFER &&
	    enabler->version != DEVICE_DESCRIPTION_VERSION3)
		return "Flags asks for a single transfer, which needs version 3";
	return NULL;
}

/* Get the adapter of one direction. Return a status. */
static NTSTATUS wdf_enabler_get(struct wdf_enabler *enabler, struct wdf_channel *channel,
				DEVICE_DESCRIPTION *description)
{
	PDEVICE_OBJECT object = READ_ONCE(enabler->device->wdm);
	PDMA_ADAPTER adapter;

	description->MaximumLength = min_t(size_t, enabler->config.MaximumLength, U32_MAX);
	adapter = object ? IoGetDmaAdapter(object, description, &channel->registers) : NULL;
	if (!adapter)
		return STATUS_UNSUCCESSFUL;
	channel->ops = adapter->DmaOperations;
	channel->fragment = min_t(size_t, description->MaximumLength,
				  (size_t)(channel->registers - 1) * WDF_PAGE_SIZE);
	enabler->maximum = description->MaximumLength;
	/* The rest must be there when the adapter is. */
	smp_store_release(&channel->adapter, adapter);
	return STATUS_SUCCESS;
}

static NTSTATUS wdf_enabler_get_adapters(struct wdf_enabler *enabler)
{
	bool wide = wdf_profiles[enabler->config.Profile].wide;
	DEVICE_DESCRIPTION description = {
		.Version = enabler->version,
		.Master = TRUE,
		.ScatterGather = enabler->lists,
		.Dma32BitAddresses = TRUE,
		.Dma64BitAddresses = wide,
		.InterfaceType = PCIBus,
		.DmaAddressWidth = enabler->config.AddressWidthOverride ?: (wide ? 64 : 32),
	};
	NTSTATUS status = wdf_enabler_get(enabler, &enabler->channel[0], &description);
	ULONG alignment;

	if (NT_SUCCESS(status) && enabler->duplex)
		status = wdf_enabler_get(enabler, &enabler->channel[1], &description);
	if (!NT_SUCCESS(status))
		return status;
	alignment = enabler->channel[0].ops->GetDmaAlignment(enabler->channel[0].adapter);
	enabler->alignment = max(enabler->alignment, alignment - 1);
	return STATUS_SUCCESS;
}

/* Do the create call of an enabler that has its memory. Return a status. */
static NTSTATUS wdf_enabler_start(struct wdf_enabler *enabler, struct wdf_object *parent,
				  PWDF_OBJECT_ATTRIBUTES attributes, WDFDMAENABLER *handle)
{
	NTSTATUS status = wdf_object_attach(&enabler->object, parent, attributes);

	if (NT_SUCCESS(status) && !enabler->system)
		status = wdf_enabler_get_adapters(enabler);
	if (!NT_SUCCESS(status))
		goto put;
	wdf_power_add(enabler->device, &enabler->device->enablers, &enabler->object,
		      &enabler->link);
	status = wdf_object_publish(&enabler->object, handle);
	if (NT_SUCCESS(status))
		return status;
	wdf_power_remove(enabler->device, &enabler->link);
put:
	wdf_enabler_put_adapters(enabler);
	wdf_object_abandon(&enabler->object);
	return status;
}

/* Make an enabler below @parent. Return a status. */
static NTSTATUS wdf_enabler_create(struct wdf_device *device, struct wdf_object *parent,
				   const WDF_DMA_ENABLER_CONFIG *config,
				   PWDF_OBJECT_ATTRIBUTES attributes, WDFDMAENABLER *handle)
{
	struct wdf_enabler *enabler;
	const char *fault;

	if (wdf_size_is_wrong(config->Size, sizeof(*config), "Config", "WdfDmaEnablerCreate"))
		return STATUS_INFO_LENGTH_MISMATCH;
	if (wdf_enabler_has_wrong_callback(config, "WdfDmaEnablerCreate"))
		return STATUS_INVALID_PARAMETER;
	enabler = kzalloc(sizeof(*enabler), WDMDMA_GFP);
	if (!enabler)
		return STATUS_INSUFFICIENT_RESOURCES;
	enabler->config = *config;
	fault = wdf_enabler_configure(enabler);
	if (fault) {
		wdmdma_report("WdfDmaEnablerCreate", "%s", fault);
		kfree(enabler);
		return STATUS_INVALID_PARAMETER;
	}
	wdf_object_init(&enabler->object, &wdf_enabler_class);
	spin_lock_init(&enabler->tickets_lock);
	INIT_LIST_HEAD(&enabler->tickets);
	enabler->device = device;
	enabler->alignment = READ_ONCE(device->alignment);
	enabler->max_elements = WDF_DMA_ENABLER_UNLIMITED_FRAGMENTS;
	return wdf_enabler_start(enabler, parent, attributes, handle);
}

/* Return the parent of an enabler, with a reference. Return NULL and store a status if it fails. */
static struct wdf_object *wdf_enabler_parent(struct wdf_object *device,
					     PWDF_OBJECT_ATTRIBUTES attributes, NTSTATUS *status)
{
	struct wdf_object *parent = device;

	if (attributes && attributes->ParentObject) {
		parent = wdf_get_any(attributes->ParentObject, "WdfDmaEnablerCreate");
		*status = STATUS_INVALID_HANDLE;
		if (parent && !wdf_object_is_below(parent, device)) {
			wdmdma_report("WdfDmaEnablerCreate",
				      "ParentObject is not below the device");
			*status = STATUS_WDF_OBJECT_ATTRIBUTES_INVALID;
			wdf_put(parent);
			parent = NULL;
		}
		return parent;
	}
	refcount_inc(&parent->refs);
	return parent;
}

/**
 * WdfDmaEnablerCreate() - get the adapters of a device for a profile
 * @device: the device object
 * @config: profile, longest transfer, callbacks, overrides
 * @attributes: callbacks and context. The parent must be the device, or below it. Optional
 * @dma_enabler_handle: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfDmaEnablerCreate. The adapters are those of IoGetDmaAdapter, of version 2, or
 * of version 3 with an AddressWidthOverride, for a system profile, and on arm64. A system profile
 * has none before WdfDmaEnablerConfigureSystemProfile().
 *
 * Differs from Windows: nothing is preallocated for lists. A MaximumLength of 4 GiB or more is
 * taken as 4 GiB - 1, instead of being cut to 32 bits. The alignment requirement of the device
 * also holds with packet and system profiles.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INFO_LENGTH_MISMATCH for a wrong Size
 * * STATUS_INVALID_PARAMETER, with the reason in the log
 * * STATUS_WDF_OBJECT_ATTRIBUTES_INVALID for a parent that is not below the device
 * * STATUS_UNSUCCESSFUL if there is no adapter, with the reason in the log
 * * STATUS_INSUFFICIENT_RESOURCES, STATUS_DELETE_PENDING, STATUS_INVALID_HANDLE
 * * STATUS_INVALID_DEVICE_REQUEST at the wrong level
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS WdfDmaEnablerCreate(WDFDEVICE device, PWDF_DMA_ENABLER_CONFIG config,
			     PWDF_OBJECT_ATTRIBUTES attributes, WDFDMAENABLER *dma_enabler_handle)
{
	struct wdf_object *object, *parent;
	NTSTATUS status;

	if (wdf_is_wrong(dma_enabler_handle, "DmaEnablerHandle", __func__))
		return STATUS_INVALID_PARAMETER;
	*dma_enabler_handle = NULL;
	if (wdf_is_wrong(config, "Config", __func__))
		return STATUS_INVALID_PARAMETER;
	if (wdf_above_passive(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	object = wdf_get(device, &wdf_device_class, __func__);
	if (!object)
		return STATUS_INVALID_HANDLE;
	status = wdf_attributes_check(attributes, true, __func__);
	if (!NT_SUCCESS(status))
		goto put;
	parent = wdf_enabler_parent(object, attributes, &status);
	if (!parent)
		goto put;
	status = wdf_enabler_create(wdf_device_of(object), parent, config, attributes,
				    dma_enabler_handle);
	wdf_put(parent);
put:
	wdf_put(object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaEnablerCreate);

static NTSTATUS wdf_enabler_set_system(struct wdf_enabler *enabler, const char *call,
				       const WDF_DMA_SYSTEM_PROFILE_CONFIG *config,
				       WDF_DMA_DIRECTION direction)
{
	const CM_PARTIAL_RESOURCE_DESCRIPTOR *resource = config->DmaDescriptor;
	DEVICE_DESCRIPTION description = {
		.Version = DEVICE_DESCRIPTION_VERSION3,
		.DemandMode = config->DemandMode,
		.AutoInitialize = config->LoopedTransfer,
		.DmaWidth = config->DmaWidth,
		.DeviceAddress = config->DeviceAddress,
		.InterfaceType = Internal,
	};
	struct wdf_channel *channel = wdf_channel_of(enabler, direction);
	NTSTATUS status;

	description.DmaChannel = resource->u.Dma.Channel;
	description.DmaRequestLine = resource->u.Dma.Port;
	if (!enabler->system || atomic_xchg(&channel->configured, 1)) {
		wdmdma_report(call, "the direction has an adapter already");
		return STATUS_INVALID_PARAMETER;
	}
	/* The disposal puts the adapter. */
	status = STATUS_DELETE_PENDING;
	if (wdf_object_hold(&enabler->object)) {
		status = wdf_enabler_get(enabler, channel, &description);
		wdf_object_let_go(&enabler->object);
	}
	if (!NT_SUCCESS(status))
		atomic_set(&channel->configured, 0);
	return status;
}

/**
 * WdfDmaEnablerConfigureSystemProfile() - get the adapter of a system profile
 * @dma_enabler: an enabler with a system profile
 * @profile_config: channel, width and modes
 * @config_direction: the direction. Ignored without duplex
 *
 * Answers to wdf: WdfDmaEnablerConfigureSystemProfile. The adapter knows ISA's channels, see
 * IoGetDmaAdapter.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INFO_LENGTH_MISMATCH for a wrong Size
 * * STATUS_INVALID_PARAMETER for NULL, an unknown direction, an enabler of another profile, and a
 *   direction that is configured
 * * STATUS_UNSUCCESSFUL if there is no adapter, with the reason in the log
 * * STATUS_DELETE_PENDING if the enabler is being deleted, or was
 * * STATUS_INVALID_HANDLE
 * * STATUS_INVALID_DEVICE_REQUEST at the wrong level
 */
NTSTATUS WdfDmaEnablerConfigureSystemProfile(WDFDMAENABLER dma_enabler,
					     PWDF_DMA_SYSTEM_PROFILE_CONFIG profile_config,
					     WDF_DMA_DIRECTION config_direction)
{
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct wdf_object *object;

	if (wdf_above_passive(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	object = wdf_get(dma_enabler, &wdf_enabler_class, __func__);
	if (!object)
		return STATUS_INVALID_HANDLE;
	if (wdf_is_wrong(profile_config, "ProfileConfig", __func__))
		goto put;
	if (config_direction > WdfDmaDirectionWriteToDevice)
		wdmdma_report(__func__, "ConfigDirection %u is unknown", config_direction);
	else if (wdf_size_is_wrong(profile_config->Size, sizeof(*profile_config), "ProfileConfig",
				   __func__))
		status = STATUS_INFO_LENGTH_MISMATCH;
	else if (!wdf_is_wrong(profile_config->DmaDescriptor, "DmaDescriptor", __func__))
		status = wdf_enabler_set_system(wdf_enabler_of(object), __func__,
						profile_config, config_direction);
put:
	wdf_put(object);
	return status;
}
EXPORT_SYMBOL_GPL(WdfDmaEnablerConfigureSystemProfile);

/**
 * WdfDmaEnablerGetMaximumLength() - return the longest transfer
 * @dma_enabler: the enabler
 *
 * Answers to wdf: WdfDmaEnablerGetMaximumLength.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: MaximumLength of the configuration. 0 before a system profile is configured, and for a
 * wrong handle.
 */
SIZE_T WdfDmaEnablerGetMaximumLength(WDFDMAENABLER dma_enabler)
{
	struct wdf_object *object = wdf_get(dma_enabler, &wdf_enabler_class, __func__);
	size_t maximum;

	if (!object)
		return 0;
	maximum = READ_ONCE(wdf_enabler_of(object)->maximum);
	wdf_put(object);
	return maximum;
}
EXPORT_SYMBOL_GPL(WdfDmaEnablerGetMaximumLength);

/**
 * WdfDmaEnablerGetMaximumScatterGatherElements() - return the most elements of a list
 * @dma_enabler: the enabler
 *
 * Answers to wdf: WdfDmaEnablerGetMaximumScatterGatherElements.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the limit, WDF_DMA_ENABLER_UNLIMITED_FRAGMENTS if there is none, or 0 for a wrong handle.
 */
SIZE_T WdfDmaEnablerGetMaximumScatterGatherElements(WDFDMAENABLER dma_enabler)
{
	struct wdf_object *object = wdf_get(dma_enabler, &wdf_enabler_class, __func__);
	u32 elements;

	if (!object)
		return 0;
	elements = READ_ONCE(wdf_enabler_of(object)->max_elements);
	wdf_put(object);
	return elements;
}
EXPORT_SYMBOL_GPL(WdfDmaEnablerGetMaximumScatterGatherElements);

/**
 * WdfDmaEnablerSetMaximumScatterGatherElements() - limit the elements of a list
 * @dma_enabler: the enabler
 * @maximum_fragments: the limit. 0 is reported and ignored. What 32 bits do not hold is no limit
 *
 * Answers to wdf: WdfDmaEnablerSetMaximumScatterGatherElements. Holds for transactions that are
 * initialized later.
 *
 * Context: PASSIVE_LEVEL. Works up to DISPATCH_LEVEL.
 */
void WdfDmaEnablerSetMaximumScatterGatherElements(WDFDMAENABLER dma_enabler,
						  SIZE_T maximum_fragments)
{
	struct wdf_object *object = wdf_get(dma_enabler, &wdf_enabler_class, __func__);

	if (!object)
		return;
	if (maximum_fragments)
		WRITE_ONCE(wdf_enabler_of(object)->max_elements,
			   min_t(size_t, maximum_fragments, U32_MAX));
	else
		wdmdma_report(__func__, "MaximumFragments is 0");
	wdf_put(object);
}
EXPORT_SYMBOL_GPL(WdfDmaEnablerSetMaximumScatterGatherElements);

/* Return the part of an enabler for a direction, with a reference to the enabler, or NULL. */
static struct wdf_channel *wdf_channel_get(WDFDMAENABLER handle, WDF_DMA_DIRECTION direction,
					   struct wdf_object **object, const char *call)
{
	*object = wdf_get(handle, &wdf_enabler_class, call);
	if (!*object)
		return NULL;
	if (direction <= WdfDmaDirectionWriteToDevice)
		return wdf_channel_of(wdf_enabler_of(*object), direction);
	wdmdma_report(call, "DmaDirection %u is unknown", direction);
	wdf_put(*object);
	return NULL;
}

/**
 * WdfDmaEnablerGetFragmentLength() - return the longest transfer that the map registers allow
 * @dma_enabler: the enabler
 * @dma_direction: the direction. Without duplex both have the same value
 *
 * Answers to wdf: WdfDmaEnablerGetFragmentLength.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: bytes, at most MaximumLength. 0 for an unknown direction and a wrong handle.
 */
SIZE_T WdfDmaEnablerGetFragmentLength(WDFDMAENABLER dma_enabler, WDF_DMA_DIRECTION dma_direction)
{
	struct wdf_object *object;
	struct wdf_channel *channel;
	size_t fragment;

	channel = wdf_channel_get(dma_enabler, dma_direction, &object, __func__);
	if (!channel)
		return 0;
	fragment = READ_ONCE(channel->fragment);
	wdf_put(object);
	return fragment;
}
EXPORT_SYMBOL_GPL(WdfDmaEnablerGetFragmentLength);

/**
 * WdfDmaEnablerWdmGetDmaAdapter() - return the WDM adapter of a direction
 * @dma_enabler: the enabler
 * @dma_direction: the direction. Without duplex both have the same adapter
 *
 * Answers to wdf: WdfDmaEnablerWdmGetDmaAdapter. The adapter belongs to the enabler, so the driver
 * must not put it. It lives until the cleanup callbacks of the enabler have returned.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the adapter. NULL for an unknown direction, before a system profile is configured, after
 * the deletion, and for a wrong handle.
 */
PDMA_ADAPTER WdfDmaEnablerWdmGetDmaAdapter(WDFDMAENABLER dma_enabler,
					   WDF_DMA_DIRECTION dma_direction)
{
	struct wdf_object *object;
	struct wdf_channel *channel;
	PDMA_ADAPTER adapter;

	channel = wdf_channel_get(dma_enabler, dma_direction, &object, __func__);
	if (!channel)
		return NULL;
	adapter = READ_ONCE(channel->adapter);
	wdf_put(object);
	return adapter;
}
EXPORT_SYMBOL_GPL(WdfDmaEnablerWdmGetDmaAdapter);
