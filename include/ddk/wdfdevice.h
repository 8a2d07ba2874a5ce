/* SPDX-License-Identifier: GPL-2.0-only */
/* What a driver asks its driver and device objects, which its Linux half makes. */
#ifndef DDK_WDFDEVICE_H
#define DDK_WDFDEVICE_H

#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

WDFDRIVER WdfGetDriver(VOID);
WDFDRIVER WdfDeviceGetDriver(WDFDEVICE device);
PDEVICE_OBJECT WdfDeviceWdmGetDeviceObject(WDFDEVICE device);
PDEVICE_OBJECT WdfDeviceWdmGetPhysicalDevice(WDFDEVICE device);
VOID WdfDeviceSetAlignmentRequirement(WDFDEVICE device, ULONG alignment_requirement);
ULONG WdfDeviceGetAlignmentRequirement(WDFDEVICE device);

WDMDMA_HEADER_END

#endif /* DDK_WDFDEVICE_H */
