/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA enablers: the adapters of a device. */
#ifndef DDK_WDFDMAENABLER_H
#define DDK_WDFDMAENABLER_H

#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

typedef enum _WDF_DMA_PROFILE {
	WdfDmaProfileInvalid = 0,
	WdfDmaProfilePacket = 1,
	WdfDmaProfileScatterGather = 2,
	WdfDmaProfilePacket64 = 3,
	WdfDmaProfileScatterGather64 = 4,
	WdfDmaProfileScatterGatherDuplex = 5,
	WdfDmaProfileScatterGather64Duplex = 6,
	WdfDmaProfileSystem = 7,
	WdfDmaProfileSystemDuplex = 8,
} WDF_DMA_PROFILE;

/* The values are those of WriteToDevice. */
typedef enum _WDF_DMA_DIRECTION {
	WdfDmaDirectionReadFromDevice = 0,
	WdfDmaDirectionWriteToDevice = 1,
} WDF_DMA_DIRECTION;

#define WDF_DMA_ENABLER_UNLIMITED_FRAGMENTS	((ULONG)-1)

typedef enum _WDF_DMA_ENABLER_CONFIG_FLAGS {
	WDF_DMA_ENABLER_CONFIG_NO_SGLIST_PREALLOCATION = 0x1,
	WDF_DMA_ENABLER_CONFIG_REQUIRE_SINGLE_TRANSFER = 0x2,
} WDF_DMA_ENABLER_CONFIG_FLAGS;

typedef NTSTATUS EVT_WDF_DMA_ENABLER_FILL(WDFDMAENABLER dma_enabler);
typedef EVT_WDF_DMA_ENABLER_FILL *PFN_WDF_DMA_ENABLER_FILL;
typedef NTSTATUS EVT_WDF_DMA_ENABLER_FLUSH(WDFDMAENABLER dma_enabler);
typedef EVT_WDF_DMA_ENABLER_FLUSH *PFN_WDF_DMA_ENABLER_FLUSH;
typedef NTSTATUS EVT_WDF_DMA_ENABLER_ENABLE(WDFDMAENABLER dma_enabler);
typedef EVT_WDF_DMA_ENABLER_ENABLE *PFN_WDF_DMA_ENABLER_ENABLE;
typedef NTSTATUS EVT_WDF_DMA_ENABLER_DISABLE(WDFDMAENABLER dma_enabler);
typedef EVT_WDF_DMA_ENABLER_DISABLE *PFN_WDF_DMA_ENABLER_DISABLE;
typedef NTSTATUS EVT_WDF_DMA_ENABLER_SELFMANAGED_IO_START(WDFDMAENABLER dma_enabler);
typedef EVT_WDF_DMA_ENABLER_SELFMANAGED_IO_START *PFN_WDF_DMA_ENABLER_SELFMANAGED_IO_START;
typedef NTSTATUS EVT_WDF_DMA_ENABLER_SELFMANAGED_IO_STOP(WDFDMAENABLER dma_enabler);
typedef EVT_WDF_DMA_ENABLER_SELFMANAGED_IO_STOP *PFN_WDF_DMA_ENABLER_SELFMANAGED_IO_STOP;

/**
 * struct _WDF_DMA_ENABLER_CONFIG - what an enabler is created with
 * @Size: bytes of this structure
 * @Profile: what the device can do
 * @MaximumLength: most bytes of a transfer
 * @EvtDmaEnablerFill: the six callbacks are called when the device enters or leaves D0
 * @EvtDmaEnablerFlush: see @EvtDmaEnablerFill
 * @EvtDmaEnablerDisable: see @EvtDmaEnablerFill
 * @EvtDmaEnablerEnable: see @EvtDmaEnablerFill
 * @EvtDmaEnablerSelfManagedIoStart: see @EvtDmaEnablerFill
 * @EvtDmaEnablerSelfManagedIoStop: see @EvtDmaEnablerFill
 * @AddressWidthOverride: address bits of the device, if the profile does not say them
 * @WdmDmaVersionOverride: DEVICE_DESCRIPTION_VERSION*, or 0
 * @Flags: WDF_DMA_ENABLER_CONFIG_*
 */
typedef struct _WDF_DMA_ENABLER_CONFIG {
	ULONG Size;
	WDF_DMA_PROFILE Profile;
	SIZE_T MaximumLength;
	PFN_WDF_DMA_ENABLER_FILL EvtDmaEnablerFill;
	PFN_WDF_DMA_ENABLER_FLUSH EvtDmaEnablerFlush;
	PFN_WDF_DMA_ENABLER_DISABLE EvtDmaEnablerDisable;
	PFN_WDF_DMA_ENABLER_ENABLE EvtDmaEnablerEnable;
	PFN_WDF_DMA_ENABLER_SELFMANAGED_IO_START EvtDmaEnablerSelfManagedIoStart;
	PFN_WDF_DMA_ENABLER_SELFMANAGED_IO_STOP EvtDmaEnablerSelfManagedIoStop;
	ULONG AddressWidthOverride;
	ULONG WdmDmaVersionOverride;
	ULONG Flags;
} WDF_DMA_ENABLER_CONFIG, *PWDF_DMA_ENABLER_CONFIG;

WDMDMA_INLINE VOID WDF_DMA_ENABLER_CONFIG_INIT(PWDF_DMA_ENABLER_CONFIG config,
					       WDF_DMA_PROFILE profile, SIZE_T maximum_length)
{
	__builtin_memset(config, 0, sizeof(*config));
	config->Size = sizeof(*config);
	config->Profile = profile;
	config->MaximumLength = maximum_length;
}

typedef struct _CM_PARTIAL_RESOURCE_DESCRIPTOR *PCM_PARTIAL_RESOURCE_DESCRIPTOR;

/**
 * struct _WDF_DMA_SYSTEM_PROFILE_CONFIG - the channel of a system profile
 * @Size: bytes of this structure
 * @DemandMode: see DEVICE_DESCRIPTION
 * @LoopedTransfer: the channel starts again at the end
 * @DmaWidth: width of one transfer
 * @DeviceAddress: address of the device's data register
 * @DmaDescriptor: the resource that names channel and request line
 */
typedef struct _WDF_DMA_SYSTEM_PROFILE_CONFIG {
	ULONG Size;
	BOOLEAN DemandMode;
	BOOLEAN LoopedTransfer;
	DMA_WIDTH DmaWidth;
	PHYSICAL_ADDRESS DeviceAddress;
	PCM_PARTIAL_RESOURCE_DESCRIPTOR DmaDescriptor;
} WDF_DMA_SYSTEM_PROFILE_CONFIG, *PWDF_DMA_SYSTEM_PROFILE_CONFIG;

WDMDMA_INLINE VOID WDF_DMA_SYSTEM_PROFILE_CONFIG_INIT(PWDF_DMA_SYSTEM_PROFILE_CONFIG config,
						      PHYSICAL_ADDRESS address, DMA_WIDTH dma_width,
						      PCM_PARTIAL_RESOURCE_DESCRIPTOR descriptor)
{
	__builtin_memset(config, 0, sizeof(*config));
	config->Size = sizeof(*config);
	config->DeviceAddress = address;
	config->DmaWidth = dma_width;
	config->DmaDescriptor = descriptor;
}

NTSTATUS WdfDmaEnablerCreate(WDFDEVICE device, PWDF_DMA_ENABLER_CONFIG config,
			     PWDF_OBJECT_ATTRIBUTES attributes, WDFDMAENABLER *dma_enabler_handle);
NTSTATUS WdfDmaEnablerConfigureSystemProfile(WDFDMAENABLER dma_enabler,
					     PWDF_DMA_SYSTEM_PROFILE_CONFIG profile_config,
					     WDF_DMA_DIRECTION config_direction);
SIZE_T WdfDmaEnablerGetMaximumLength(WDFDMAENABLER dma_enabler);
SIZE_T WdfDmaEnablerGetMaximumScatterGatherElements(WDFDMAENABLER dma_enabler);
VOID WdfDmaEnablerSetMaximumScatterGatherElements(WDFDMAENABLER dma_enabler,
						  SIZE_T maximum_fragments);
SIZE_T WdfDmaEnablerGetFragmentLength(WDFDMAENABLER dma_enabler, WDF_DMA_DIRECTION dma_direction);
PDMA_ADAPTER WdfDmaEnablerWdmGetDmaAdapter(WDFDMAENABLER dma_enabler,
					   WDF_DMA_DIRECTION dma_direction);

WDMDMA_HEADER_END

#endif /* DDK_WDFDMAENABLER_H */
