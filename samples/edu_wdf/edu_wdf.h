/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the two halves of the driver share.
 *
 *   edu_kmdf.c       the Windows half, in the manner of a KMDF driver for a PCI device
 *   edu_wdf_hardware.c
 *                    the functions of the device and of the log that the Windows half needs
 *   edu_wdf_linux.c  probe, interrupts, requests and the module, above both
 *
 * Both halves include this file, so it may only include headers that suit both, and is C++ too.
 */
#ifndef EDU_WDF_H
#define EDU_WDF_H

#include <ddk/wdfcommonbuffer.h>
#include <ddk/wdfdevice.h>
#include <ddk/wdfdmatransaction.h>
#include <ddk/wdfinterrupt.h>
#include <ddk/wdfrequest.h>

WDMDMA_HEADER_BEGIN

/* The longest transfer. A request of more bytes is several. */
#define EDU_LONGEST_TRANSFER	2000
/* The device's memory that requests use, and the part behind it for the common buffers. */
#define EDU_REQUEST_MEMORY	3500
#define EDU_COMMON_LENGTH	512

#define EDU_INTERRUPT_STATUS		0x24
#define EDU_INTERRUPT_ACKNOWLEDGE	0x64
#define EDU_DMA_SOURCE			0x80
#define EDU_DMA_DESTINATION		0x88
#define EDU_DMA_COUNT			0x90
#define EDU_DMA_COMMAND			0x98

#define EDU_DMA_RUN			0x1
#define EDU_DMA_TO_MEMORY		0x2
#define EDU_DMA_INTERRUPT		0x4
#define EDU_INTERRUPT_OF_DMA		0x100

/* The address of the device's own memory for the DMA engine. */
#define EDU_DEVICE_ADDRESS		0x40000

/* The Linux half of a device. */
typedef struct edu_hardware *PEDU_HARDWARE;

/* edu_kmdf.c. A device is given requests one after the other. */
NTSTATUS EduPrepareHardware(WDFDEVICE Device, PEDU_HARDWARE Hardware, WDFINTERRUPT *Interrupt);
NTSTATUS EduSelfTest(WDFDEVICE Device);
VOID EduEvtIoRead(WDFDEVICE Device, WDFREQUEST Request);
VOID EduEvtIoWrite(WDFDEVICE Device, WDFREQUEST Request);

/* edu_wdf_hardware.c. On Windows these are READ_REGISTER_ULONG and the like, and DbgPrint. */
ULONGLONG EduReadRegister(PEDU_HARDWARE Hardware, ULONG Offset);
VOID EduWriteRegister(PEDU_HARDWARE Hardware, ULONG Offset, ULONGLONG Value);
VOID EduPause(void);
__attribute__((__format__(__printf__, 2, 3)))
VOID EduLog(PEDU_HARDWARE Hardware, const char *Format, ...);

WDMDMA_HEADER_END

#endif /* EDU_WDF_H */
