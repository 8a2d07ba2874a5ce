/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two halves of the driver know of each other.
 *
 *   nvme_miniport.c  the Windows half: a StorPort miniport for NVMe controllers, as far
 *                    as DMA goes. Includes no Linux header.
 *   nvme_hardware.c  what the miniport needs of the controller and of Linux
 *   nvme_linux.c     the Linux half, in the place of the port driver: probe and remove, the
 *                    requests, and what to read and write. Above both
 *
 * Both include this file, so it includes only wdmdma/ headers, which fit both.
 */
#ifndef NVME_H
#define NVME_H

#include <wdmdma/status.h>
#include <wdmdma/storport.h>
#include <wdmdma/types.h>

/* The longest transfer of one request. */
#define NVME_LONGEST_TRANSFER	(128 * 1024)

/* The commands that the miniport understands, in Cdb[0]. */
#define SCSIOP_READ16			0x88
#define SCSIOP_WRITE16			0x8A
#define SCSIOP_SYNCHRONIZE_CACHE16	0x91

/* The Linux half of a controller. */
typedef struct nvme_hardware *PNVME_HARDWARE;

/* What the controller says of itself, and of its first namespace. */
typedef struct _NVME_IDENTITY {
	char Model[41];
	ULONGLONG Blocks;
	ULONG BlockSize;
} NVME_IDENTITY, *PNVME_IDENTITY;

/*
 * The miniport's entry points, and what it wants to have allocated for it: the part of
 * HW_INITIALIZATION_DATA that is of use here.
 */
typedef struct _NVME_MINIPORT {
	ULONG DeviceExtensionSize;
	ULONG SrbExtensionSize;
	/* PASSIVE_LEVEL, in this order; HwFreeAdapterResources undoes the other two. */
	BOOLEAN (*HwFindAdapter)(PVOID HwDeviceExtension, PNVME_HARDWARE Hardware,
				 PPORT_CONFIGURATION_INFORMATION ConfigInfo);
	BOOLEAN (*HwInitialize)(PVOID HwDeviceExtension, PNVME_IDENTITY Identity);
	VOID (*HwFreeAdapterResources)(PVOID HwDeviceExtension);
	/* DISPATCH_LEVEL, one at a time. */
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
