/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests, which the Linux half makes. */
#ifndef DDK_WDFREQUEST_H
#define DDK_WDFREQUEST_H

#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

/* The other types of Windows have no MDL. */
typedef enum _WDF_REQUEST_TYPE {
	WdfRequestTypeRead = 0x3,
	WdfRequestTypeWrite = 0x4,
	WdfRequestTypeDeviceControl = 0xE,
	WdfRequestTypeDeviceControlInternal = 0xF,
} WDF_REQUEST_TYPE;

VOID WdfRequestComplete(WDFREQUEST request, NTSTATUS status);
VOID WdfRequestCompleteWithInformation(WDFREQUEST request, NTSTATUS status, ULONG_PTR information);
VOID WdfRequestSetInformation(WDFREQUEST request, ULONG_PTR information);
ULONG_PTR WdfRequestGetInformation(WDFREQUEST request);
NTSTATUS WdfRequestRetrieveInputWdmMdl(WDFREQUEST request, PMDL *mdl);
NTSTATUS WdfRequestRetrieveOutputWdmMdl(WDFREQUEST request, PMDL *mdl);

WDMDMA_HEADER_END

#endif /* DDK_WDFREQUEST_H */
