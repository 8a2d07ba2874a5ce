/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two halves of the driver know of each other.
 *
 *   edu_wdm.c, edu_domain.c
 *                the Windows half: how a driver for Windows uses DMA. Includes no
 *                Linux header.
 *   edu_hardware.c
 *                what the Windows half needs of the device and of Linux: registers, memory, log
 *   edu_linux.c  probe, remove and the module, above both
 *
 * Both include this file, so it includes only wdmdma/ headers, which fit both.
 */
#ifndef EDU_H
#define EDU_H

#include <wdmdma/dma.h>
#include <wdmdma/status.h>
#include <wdmdma/types.h>

/*
 * The most bytes that one DMA may move. The device holds 4096, but a DMA that uses
 * the last of them ends QEMU 7.2.
 */
#define EDU_LONGEST_TRANSFER 4095

/* The Linux half of a device. */
typedef struct edu_hardware *PEDU_HARDWARE;

/* A common buffer, with both of its addresses. */
typedef struct _EDU_BUFFER {
	PVOID VirtualAddress;
	PHYSICAL_ADDRESS LogicalAddress;
	ULONG Length;
	BOOLEAN CacheEnabled;
} EDU_BUFFER, *PEDU_BUFFER;

/* The Windows half of a device. */
typedef struct _EDU_EXTENSION {
	PEDU_HARDWARE Hardware;
	PDMA_ADAPTER Adapter;
	EDU_BUFFER Source;
	EDU_BUFFER Destination;
	EDU_BUFFER Shared;		/* of the first device: for all in its domain */

	ULONG Checks;			/* questions asked */
	ULONG Mismatches;		/* bytes or addresses that were wrong */
	ULONGLONG BytesMoved;		/* by the device, both directions */
} EDU_EXTENSION, *PEDU_EXTENSION;

/* edu_wdm.c. After a failed EduStart nothing is left to stop. */
NTSTATUS EduStart(PEDU_EXTENSION Extension, PDEVICE_OBJECT PhysicalDeviceObject,
		  PEDU_HARDWARE Hardware);
NTSTATUS EduSelfTest(PEDU_EXTENSION Extension);
VOID EduFreeBuffers(PEDU_EXTENSION Extension);
VOID EduStop(PEDU_EXTENSION Extension);

/* edu_domain.c: the test of the second and of the third device; Leader is the first. */
NTSTATUS EduShareDomain(PEDU_EXTENSION Extension, PEDU_EXTENSION Leader);
NTSTATUS EduStayOutside(PEDU_EXTENSION Extension, PEDU_EXTENSION Leader);

/*
 * edu_hardware.c. EduTransfer moves Length bytes between memory and the device's own
 * memory, and returns when they have moved. EduScatteredMemory is memory that the
 * driver has already, EDU_SCATTERED_LENGTH bytes, no two pages of it adjacent.
 */
#define EDU_SCATTERED_LENGTH	(16 * 4096)

NTSTATUS EduTransfer(PEDU_HARDWARE Hardware, PHYSICAL_ADDRESS LogicalAddress, ULONG Length,
		     BOOLEAN WriteToDevice);
BOOLEAN EduIsTranslated(PEDU_HARDWARE Hardware);
BOOLEAN EduHasMemory(PEDU_HARDWARE Hardware, BOOLEAN Cached);
VOID EduExpectFaults(PEDU_HARDWARE Hardware, BOOLEAN Begin);
ULONGLONG EduPhysicalAddress(PVOID VirtualAddress);
PVOID EduScatteredMemory(PEDU_HARDWARE Hardware);
VOID EduFreeScatteredMemory(PEDU_HARDWARE Hardware);
VOID __printf(2, 3) EduLog(PEDU_HARDWARE Hardware, const char *Format, ...);

#endif /* EDU_H */
