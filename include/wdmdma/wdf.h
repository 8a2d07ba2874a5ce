/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KMDF for the Linux half of a ported driver. The Linux half makes the driver and the device
 * object, moves the device between the power states, and makes requests. It also hands over
 * interrupts. wdmdma_wdf.ko has these functions.
 */
#ifndef WDMDMA_WDF_H
#define WDMDMA_WDF_H

#include <ddk/wdfinterrupt.h>
#include <ddk/wdfobject.h>
#include <ddk/wdfrequest.h>

WDMDMA_HEADER_BEGIN

struct device;
struct module;

typedef VOID (*PFN_WDMDMA_WDF_REQUEST_COMPLETE)(PVOID context, NTSTATUS status,
						ULONG_PTR information);

/**
 * struct wdmdma_wdf_request_config - a request of the Linux half
 * @type: read, write or a device control
 * @ioctl: control code, which says how a device control passes its memory
 * @input_length: bytes of a write, or of the input of a device control
 * @output_length: bytes of a read, or of the output of a device control
 * @mdl: locked memory, for direct I/O and the output of a direct device control
 * @buffer: resident memory, for buffered I/O, with the longer of the two lengths. For the input of
 *	a direct device control it has @input_length bytes
 * @complete: called once, when the driver has completed the request, or the device is deleted. It
 *	must not be NULL
 * @context: first argument of @complete
 */
struct wdmdma_wdf_request_config {
	WDF_REQUEST_TYPE type;
	ULONG ioctl;
	SIZE_T input_length;
	SIZE_T output_length;
	PMDL mdl;
	PVOID buffer;
	PFN_WDMDMA_WDF_REQUEST_COMPLETE complete;
	PVOID context;
};

NTSTATUS wdmdma_wdf_driver_create(struct module *owner, PWDF_OBJECT_ATTRIBUTES attributes,
				  WDFDRIVER *driver);
VOID wdmdma_wdf_driver_delete(WDFDRIVER driver);
NTSTATUS wdmdma_wdf_device_create(WDFDRIVER driver, struct device *dev,
				  PWDF_OBJECT_ATTRIBUTES attributes, WDFDEVICE *device);
VOID wdmdma_wdf_device_delete(WDFDEVICE device);
NTSTATUS wdmdma_wdf_device_power_up(WDFDEVICE device);
NTSTATUS wdmdma_wdf_device_power_down(WDFDEVICE device);
BOOLEAN wdmdma_wdf_interrupt(WDFINTERRUPT interrupt, ULONG message_id);
NTSTATUS wdmdma_wdf_request_create(WDFDEVICE device,
				   const struct wdmdma_wdf_request_config *config,
				   PWDF_OBJECT_ATTRIBUTES attributes, WDFREQUEST *request);

WDMDMA_HEADER_END

#endif /* WDMDMA_WDF_H */
