/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the two halves of the driver share.
 *
 *   edu_wdm.c, edu_domain.c
 *                the Windows half, which shows how a driver for Windows uses DMA and
 *                includes no Linux header
 *   edu_hardware.c
 *                the functions of the device and of Linux that the Windows half needs, for
 *                registers, memory and the log
 *   edu_linux.c  probe, remove and the module, above both
 *
 * Both halves include this file, so it may only include wdmdma/ headers, which suit both, and
 * is C++ too, for samples/edu_cpp.
 */
#ifndef EDU_H
#define EDU_H

#include <wdmdma/dma.h>
#include <wdmdma/status.h>
#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

/* The longest DMA. The device has 4096 bytes, but a DMA that uses the last byte ends QEMU 7.2. */
#define EDU_LONGEST_TRANSFER 4095

/* The Linux half of a device. */
typedef struct edu_hardware *PEDU_HARDWARE;

/* A common buffer with both of its addresses. */
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
	EDU_BUFFER Shared;		/* first device only, for all in its domain */

	ULONG Checks;			/* number of checks made */
	ULONG Mismatches;		/* wrong bytes or addresses */
	ULONGLONG BytesMoved;		/* by the device, both directions */
} EDU_EXTENSION, *PEDU_EXTENSION;

/* edu_wdm.c. After a failed EduStart there is nothing to stop. */
NTSTATUS EduStart(PEDU_EXTENSION Extension, PDEVICE_OBJECT PhysicalDeviceObject,
		  PEDU_HARDWARE Hardware);
NTSTATUS EduSelfTest(PEDU_EXTENSION Extension);
VOID EduFreeBuffers(PEDU_EXTENSION Extension);
VOID EduStop(PEDU_EXTENSION Extension);

/* edu_domain.c, the tests of the second and of the third device. Leader is the first device. */
NTSTATUS EduShareDomain(PEDU_EXTENSION Extension, PEDU_EXTENSION Leader);
NTSTATUS EduStayOutside(PEDU_EXTENSION Extension, PEDU_EXTENSION Leader);

/*
 * edu_hardware.c. EduTransfer moves Length bytes between memory and the device's own
 * memory, and returns after the bytes have moved. EduScatteredMemory returns
 * EDU_SCATTERED_LENGTH bytes of memory that stand for memory of the driver's own. No two of
 * its pages are adjacent.
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
__attribute__((__format__(__printf__, 2, 3)))
VOID EduLog(PEDU_HARDWARE Hardware, const char *Format, ...);

WDMDMA_HEADER_END

#endif /* EDU_H */
