// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entering and leaving D0: interrupts and enablers, in the order of their creation both ways.
 *
 * A failed step of an enabler is remembered until the next power-up, because the way down leaves
 * out the steps that undo it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdf/power.h"

#include <linux/export.h>

#include <wdmdma/wdf.h>

#include "wdf/device.h"
#include "wdf/enabler.h"
#include "wdf/interrupt.h"

/* Call a callback that the driver may have left out. */
static NTSTATUS wdf_power_step(struct wdf_enabler *enabler, NTSTATUS (*step)(WDFDMAENABLER))
{
	return step ? step(wdf_handle(&enabler->object)) : STATUS_SUCCESS;
}

static NTSTATUS wdf_enabler_up(struct wdf_enabler *enabler)
{
	const WDF_DMA_ENABLER_CONFIG *config = &enabler->config;
	NTSTATUS status = wdf_power_step(enabler, config->EvtDmaEnablerFill);

	enabler->fill_failed = !NT_SUCCESS(status);
	if (!NT_SUCCESS(status))
		return status;
	status = wdf_power_step(enabler, config->EvtDmaEnablerEnable);
	enabler->enable_failed = !NT_SUCCESS(status);
	if (!NT_SUCCESS(status))
		return status;
	return wdf_power_step(enabler, config->EvtDmaEnablerSelfManagedIoStart);
}

/* Return the first failure. The other callbacks are called nevertheless. */
static NTSTATUS wdf_enabler_down(struct wdf_enabler *enabler)
{
	const WDF_DMA_ENABLER_CONFIG *config = &enabler->config;
	NTSTATUS first = wdf_power_step(enabler, config->EvtDmaEnablerSelfManagedIoStop);
	NTSTATUS status = STATUS_SUCCESS;

	if (!enabler->fill_failed)
		status = wdf_power_step(enabler, config->EvtDmaEnablerDisable);
	if (NT_SUCCESS(first))
		first = status;
	status = STATUS_SUCCESS;
	if (!enabler->fill_failed && !enabler->enable_failed)
		status = wdf_power_step(enabler, config->EvtDmaEnablerFlush);
	return NT_SUCCESS(first) ? status : first;
}

/* Forget what an earlier power-up has failed with. */
static void wdf_power_reset(struct wdf_device *device)
{
	struct wdf_object *object;
	u64 seq = 0;

	while ((object = wdf_power_next(device, &device->enablers, &seq))) {
		wdf_enabler_of(object)->fill_failed = false;
		wdf_enabler_of(object)->enable_failed = false;
		wdf_put(object);
	}
}

static NTSTATUS wdf_power_up_enablers(struct wdf_device *device)
{
	NTSTATUS status = STATUS_SUCCESS;
	struct wdf_object *object;
	u64 seq = 0;

	wdf_power_reset(device);
	while (NT_SUCCESS(status) &&
	       (object = wdf_power_next(device, &device->enablers, &seq))) {
		status = wdf_enabler_up(wdf_enabler_of(object));
		wdf_put(object);
	}
	return status;
}

static NTSTATUS wdf_power_down_enablers(struct wdf_device *device)
{
	NTSTATUS first = STATUS_SUCCESS, status;
	struct wdf_object *object;
	u64 seq = 0;

	while ((object = wdf_power_next(device, &device->enablers, &seq))) {
		status = wdf_enabler_down(wdf_enabler_of(object));
		if (NT_SUCCESS(first))
			first = status;
		wdf_put(object);
	}
	return first;
}

/* Connect or disconnect all interrupts. Connecting ends with the first failure. */
static NTSTATUS wdf_power_interrupts(struct wdf_device *device, bool connect)
{
	NTSTATUS first = STATUS_SUCCESS, status;
	struct wdf_object *object;
	u64 seq = 0;

	while ((!connect || NT_SUCCESS(first)) &&
	       (object = wdf_power_next(device, &device->interrupts, &seq))) {
		status = connect ? wdf_interrupt_connect(object) :
				   wdf_interrupt_disconnect(object);
		if (NT_SUCCESS(first))
			first = status;
		wdf_put(object);
	}
	return first;
}

/**
 * wdmdma_wdf_device_power_up() - the device enters D0
 * @device: the device object
 *
 * For the Linux half, when the device has power and its registers can be used. Interrupts are
 * enabled by EvtInterruptEnable. Then for each enabler EvtDmaEnablerFill, EvtDmaEnablerEnable and
 * EvtDmaEnablerSelfManagedIoStart are called. The first failure ends this, and then the Linux half
 * must call wdmdma_wdf_device_power_down().
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return: STATUS_SUCCESS, the status of the callback that failed, STATUS_INVALID_HANDLE,
 * STATUS_INVALID_DEVICE_STATE for a second call without wdmdma_wdf_device_power_down(), which calls
 * nothing, or STATUS_INVALID_DEVICE_REQUEST at the wrong level.
 */
NTSTATUS wdmdma_wdf_device_power_up(WDFDEVICE device)
{
	struct wdf_object *object;
	NTSTATUS status;

	if (wdf_above_passive(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	object = wdf_get(device, &wdf_device_class, __func__);
	if (!object)
		return STATUS_INVALID_HANDLE;
	status = STATUS_INVALID_DEVICE_STATE;
	if (atomic_xchg(&wdf_device_of(object)->powered, 1))
		wdmdma_report(__func__, "the device is in D0 already");
	else
		status = wdf_power_interrupts(wdf_device_of(object), true);
	if (NT_SUCCESS(status))
		status = wdf_power_up_enablers(wdf_device_of(object));
	wdf_put(object);
	return status;
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_device_power_up);

/**
 * wdmdma_wdf_device_power_down() - the device leaves D0
 * @device: the device object
 *
 * For the Linux half, before the device loses power. For each enabler
 * EvtDmaEnablerSelfManagedIoStop, EvtDmaEnablerDisable and EvtDmaEnablerFlush are called, whatever
 * the others return. EvtDmaEnablerDisable is left out if EvtDmaEnablerFill has failed in the last
 * power-up, and EvtDmaEnablerFlush if that or EvtDmaEnablerEnable has. Then interrupts are
 * disabled by EvtInterruptDisable, and DPCs that are queued run before the call returns.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 * Return: STATUS_SUCCESS, the first status of a callback that failed, STATUS_INVALID_HANDLE,
 * STATUS_INVALID_DEVICE_STATE without a wdmdma_wdf_device_power_up() before, which calls nothing,
 * or STATUS_INVALID_DEVICE_REQUEST at the wrong level. A power-up that has failed counts.
 */
NTSTATUS wdmdma_wdf_device_power_down(WDFDEVICE device)
{
	struct wdf_object *object;
	NTSTATUS first, status;

	if (wdf_above_passive(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	object = wdf_get(device, &wdf_device_class, __func__);
	if (!object)
		return STATUS_INVALID_HANDLE;
	status = STATUS_INVALID_DEVICE_STATE;
	if (!atomic_xchg(&wdf_device_of(object)->powered, 0)) {
		wdmdma_report(__func__, "the device is not in D0");
		goto put;
	}
	first = wdf_power_down_enablers(wdf_device_of(object));
	status = wdf_power_interrupts(wdf_device_of(object), false);
	if (!NT_SUCCESS(first))
		status = first;
put:
	wdf_put(object);
	return status;
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_device_power_down);
