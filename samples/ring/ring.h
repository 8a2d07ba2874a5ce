/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the two halves of the driver share.
 *
 *   ring_wdm.c    the Windows half. It has the registers, the interrupt, the lock and the requests,
 *                 and calls wdmdma.ko for DMA and wdmdma_ntos.ko for the rest
 *   ring_hardware.c
 *                 what the Windows half needs of Linux
 *   ring_linux.c  probe, remove, and the interrupt's connection, above both
 */
#ifndef RING_H
#define RING_H

#include <wdmdma/dma.h>
#include <wdmdma/status.h>
#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

/* The Linux half of a device, and the Windows half. */
typedef struct ring_hardware *PRING_HARDWARE;
typedef struct _RING_EXTENSION *PRING_EXTENSION;

/* What RingSelfTest has found. */
typedef struct _RING_RESULT {
	ULONG Checks;
	ULONG Mismatches;
	ULONGLONG BytesMoved;		/* by the device, both directions */
} RING_RESULT, *PRING_RESULT;

/* ring_wdm.c. RingAddDevice returns NULL if the device cannot be started. */
PRING_EXTENSION RingAddDevice(PDEVICE_OBJECT PhysicalDeviceObject, PHYSICAL_ADDRESS Registers,
			      ULONG RegisterLength, PRING_HARDWARE Hardware);
BOOLEAN RingInterrupt(PRING_EXTENSION Extension);
NTSTATUS RingSelfTest(PRING_EXTENSION Extension, PRING_RESULT Result);
VOID RingRemoveDevice(PRING_EXTENSION Extension);

/* ring_hardware.c. Keep a device that does not answer off the bus. Called at DISPATCH_LEVEL. */
VOID RingDisableDma(PRING_HARDWARE Hardware);

WDMDMA_HEADER_END

#endif /* RING_H */
