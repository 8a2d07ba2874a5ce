/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the two halves of the driver share.
 *
 *   nvme_miniport.c  the Windows half, which is the DMA part of a StorPort miniport for NVMe
 *                    controllers and includes no Linux header
 *   nvme_hardware.c  the functions of the controller and of Linux that the miniport needs
 *   nvme_linux.c     the Linux half in the place of the port driver, with probe and remove,
 *                    the requests and their data, above both
 *
 * Both halves include this file, so it may only include wdmdma/ headers, which suit both.
 */
#ifndef NVME_H
#define NVME_H

#include <wdmdma/status.h>
#include <wdmdma/storport.h>
#include <wdmdma/types.h>

/* The longest transfer of one request. */
#define NVME_LONGEST_TRANSFER	(128 * 1024)

/* The commands in Cdb[0] that the miniport understands. */
#define SCSIOP_READ16			0x88
#define SCSIOP_WRITE16			0x8A
#define SCSIOP_SYNCHRONIZE_CACHE16	0x91

/* The Linux half of a controller. */
typedef struct nvme_hardware *PNVME_HARDWARE;

/* The identity of the controller and of its first namespace. */
typedef struct _NVME_IDENTITY {
	char Model[41];
	ULONGLONG Blocks;
	ULONG BlockSize;
} NVME_IDENTITY, *PNVME_IDENTITY;

/*
 * The miniport's entry points, and the sizes of the memory that must be allocated for the
 * miniport. This is the part of HW_INITIALIZATION_DATA that the sample needs.
 */
typedef struct _NVME_MINIPORT {
	ULONG DeviceExtensionSize;
	ULONG SrbExtensionSize;
	/* Called at PASSIVE_LEVEL, in this order. HwFreeAdapterResources undoes the other two. */
	BOOLEAN (*HwFindAdapter)(PVOID HwDeviceExtension, PNVME_HARDWARE Hardware,
				 PPORT_CONFIGURATION_INFORMATION ConfigInfo);
	BOOLEAN (*HwInitialize)(PVOID HwDeviceExtension, PNVME_IDENTITY Identity);
	VOID (*HwFreeAdapterResources)(PVOID HwDeviceExtension);
	/* Called at DISPATCH_LEVEL, one at a time. */
	BOOLEAN (*HwStartIo)(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb);
	BOOLEAN (*HwInterrupt)(PVOID HwDeviceExtension);
} NVME_MINIPORT;

extern const NVME_MINIPORT NvmeMiniport;

/* nvme_hardware.c */
ULONG NvmeReadRegister(PNVME_HARDWARE Hardware, ULONG Offset);
ULONGLONG NvmeReadRegister64(PNVME_HARDWARE Hardware, ULONG Offset);
VOID NvmeWriteRegister(PNVME_HARDWARE Hardware, ULONG Offset, ULONG Value);
VOID NvmeWriteRegister64(PNVME_HARDWARE Hardware, ULONG Offset, ULONGLONG Value);
ULONG NvmeNode(PNVME_HARDWARE Hardware);
VOID NvmeWait(ULONG Microseconds);
USHORT NvmeReadStatus(const USHORT *Status);
VOID NvmeRequestComplete(PNVME_HARDWARE Hardware, PSCSI_REQUEST_BLOCK Srb);
VOID __printf(2, 3) NvmeLog(PNVME_HARDWARE Hardware, const char *Format, ...);

#endif /* NVME_H */
