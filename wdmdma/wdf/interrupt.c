// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts. The handler of the Linux half hands each one over. The interrupt's lock is taken with
 * interrupts off, so it keeps the service routine away. The DPC is a tasklet. With automatic
 * serialization the DPCs of a device exclude each other.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/slab.h>

#include <wdmdma/wdf.h>

#include "wdf/device.h"
#include "wdf/interrupt.h"
#include "wdf/interrupt_lock.h"
#include "wdf/power.h"

/* Bytes of the configurations of KMDF 1.9 and 1.11. */
#define WDF_INTERRUPT_SIZE_1_9	0x38
#define WDF_INTERRUPT_SIZE_1_11	0x60

/**
 * struct wdf_interrupt - an interrupt
 * @object: the first member. Its parent is the device
 * @config: as the driver gave it. Members that its size does not have are 0
 * @link: link in the device's list
 * @lock: the interrupt's lock, which it may share with others. It protects @connected
 * @connected: the service routine may be called
 * @dpc_lock: protects @open, and @dpc against being queued unless @open is set
 * @open: the device is in D0, and DPCs are queued
 * @gone: the interrupt is deleted, and no DPC is called any more. Set before @open is cleared
 * @dpc: calls the driver's DPC
 * @queued: the DPC is queued
 */
struct wdf_interrupt {
	struct wdf_object object;
	WDF_INTERRUPT_CONFIG config;
	struct wdf_power_link link;
	struct wdf_interrupt_lock *lock;
	bool connected;
	raw_spinlock_t dpc_lock;	/* see above */
	bool open;
	bool gone;
	struct tasklet_struct dpc;
	atomic_t queued;
};

static struct wdf_interrupt *wdf_interrupt_of(struct wdf_object *object)
{
	return container_of(object, struct wdf_interrupt, object);
}

static void wdf_interrupt_call_dpc(struct wdf_interrupt *interrupt)
{
	interrupt->config.EvtInterruptDpc(wdf_handle(&interrupt->object),
					  wdf_handle(interrupt->object.parent));
}

/* Call the driver's DPC. With AutomaticSerialization no other DPC of the device runs meanwhile. */
static void wdf_interrupt_serialize_dpc(struct wdf_interrupt *interrupt)
{
	struct wdf_device *device = wdf_device_of(interrupt->object.parent);

	if (!interrupt->config.AutomaticSerialization) {
		wdf_interrupt_call_dpc(interrupt);
		return;
	}
	spin_lock(&device->dpc_lock);
	wdf_interrupt_call_dpc(interrupt);
	spin_unlock(&device->dpc_lock);
}

static void wdf_interrupt_run_dpc(struct tasklet_struct *tasklet)
{
	struct wdf_interrupt *interrupt = container_of(tasklet, struct wdf_interrupt, dpc);

	/* From here on the DPC can be queued again. */
	atomic_set(&interrupt->queued, 0);
	if (unlikely(READ_ONCE(interrupt->object.silent) || READ_ONCE(interrupt->gone)))
		return;
	wdf_interrupt_serialize_dpc(interrupt);
	if (unlikely(wdf_interrupt_lock_is_mine(interrupt->lock, &interrupt->object))) {
		wdmdma_report("EvtInterruptDpc", "returned with the lock, which is released");
		WdfInterruptReleaseLock(wdf_handle(&interrupt->object));
	}
}

/* Let DPCs be queued, unless the interrupt is deleted, or let no more be queued. */
static void wdf_interrupt_open(struct wdf_interrupt *interrupt, bool open)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&interrupt->dpc_lock, flags);
	interrupt->open = open && !READ_ONCE(interrupt->gone);
	raw_spin_unlock_irqrestore(&interrupt->dpc_lock, flags);
}

static void wdf_interrupt_dispose(struct wdf_object *object)
{
	struct wdf_interrupt *interrupt = wdf_interrupt_of(object);
	unsigned long flags;

	wdf_power_remove(wdf_device_of(object->parent), &interrupt->link);
	spin_lock_irqsave(&interrupt->lock->lock, flags);
	interrupt->connected = false;
	spin_unlock_irqrestore(&interrupt->lock->lock, flags);
	WRITE_ONCE(interrupt->gone, true);
	wdf_interrupt_open(interrupt, false);
	tasklet_kill(&interrupt->dpc);
}

static void wdf_interrupt_free(struct wdf_object *object)
{
	struct wdf_interrupt *interrupt = wdf_interrupt_of(object);

	wdf_interrupt_lock_put(interrupt->lock);
	kfree(interrupt);
}

static bool wdf_interrupt_is_held(const struct wdf_object *object)
{
	const struct wdf_interrupt *interrupt = container_of(object, struct wdf_interrupt, object);

	return READ_ONCE(interrupt->lock->holder) == object;
}

static const struct wdf_class wdf_interrupt_class = {
	.name = "WDFINTERRUPT",
	.owned = true,
	.passive = true,
	.dispose = wdf_interrupt_dispose,
	.free = wdf_interrupt_free,
	.is_held = wdf_interrupt_is_held,
};

/* Call the callback that enables or disables the interrupt, under its lock. */
static NTSTATUS wdf_interrupt_switch(struct wdf_interrupt *interrupt, bool connect,
				     NTSTATUS (*callback)(WDFINTERRUPT, WDFDEVICE))
{
	NTSTATUS status = STATUS_SUCCESS;
	unsigned long flags;

	if (!wdf_interrupt_lock_enter(interrupt->lock, NULL, &flags,
				      connect ? "EvtInterruptEnable" : "EvtInterruptDisable"))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (connect)
		interrupt->connected = true;
	if (callback)
		status = callback(wdf_handle(&interrupt->object),
				  wdf_handle(interrupt->object.parent));
	if (!connect)
		interrupt->connected = false;
	wdf_interrupt_lock_leave(interrupt->lock, flags);
	return status;
}

NTSTATUS wdf_interrupt_connect(struct wdf_object *object)
{
	struct wdf_interrupt *interrupt = wdf_interrupt_of(object);

	wdf_interrupt_open(interrupt, true);
	return wdf_interrupt_switch(interrupt, true, interrupt->config.EvtInterruptEnable);
}

/*
 * Disconnect an interrupt. EvtInterruptDisable is called if it was connected. A DPC that is queued
 * runs before the call returns, because the device may lose its power then.
 */
NTSTATUS wdf_interrupt_disconnect(struct wdf_object *object)
{
	struct wdf_interrupt *interrupt = wdf_interrupt_of(object);
	NTSTATUS status = STATUS_SUCCESS;

	if (READ_ONCE(interrupt->connected))
		status = wdf_interrupt_switch(interrupt, false,
					      interrupt->config.EvtInterruptDisable);
	wdf_interrupt_open(interrupt, false);
	tasklet_kill(&interrupt->dpc);
	return status;
}

/* Return the reason why a configuration is refused, or NULL. */
static const char *wdf_interrupt_fault(const WDF_INTERRUPT_CONFIG *config)
{
	if (config->EvtInterruptDpc && config->EvtInterruptWorkItem)
		return "there are both EvtInterruptDpc and EvtInterruptWorkItem";
	if (config->PassiveHandling || config->WaitLock || config->EvtInterruptWorkItem)
		return "passive interrupts are not there";
	return NULL;
}

/* Report a configuration that is refused. Return true if it is. */
static bool wdf_interrupt_is_refused(const WDF_INTERRUPT_CONFIG *config, const char *call)
{
	const char *fault = wdf_interrupt_fault(config);

	if (fault)
		wdmdma_report(call, "%s", fault);
	return fault || wdf_is_wrong(config->EvtInterruptIsr, "EvtInterruptIsr", call) ||
	       wdf_option_is_wrong(config->EvtInterruptDpc, "EvtInterruptDpc", call) ||
	       wdf_option_is_wrong(config->EvtInterruptEnable, "EvtInterruptEnable", call) ||
	       wdf_option_is_wrong(config->EvtInterruptDisable, "EvtInterruptDisable", call);
}

static struct wdf_interrupt *wdf_interrupt_new(const WDF_INTERRUPT_CONFIG *config)
{
	struct wdf_interrupt *interrupt = kzalloc(sizeof(*interrupt), wdf_gfp());

	if (!interrupt)
		return NULL;
	wdf_object_init(&interrupt->object, &wdf_interrupt_class);
	memcpy(&interrupt->config, config, config->Size);
	INIT_LIST_HEAD(&interrupt->link.node);
	raw_spin_lock_init(&interrupt->dpc_lock);
	tasklet_setup(&interrupt->dpc, wdf_interrupt_run_dpc);
	return interrupt;
}

/* Give an interrupt its lock. Return a status. */
static NTSTATUS wdf_interrupt_find_lock(struct wdf_interrupt *interrupt, const char *call)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (interrupt->config.SpinLock)
		interrupt->lock = wdf_spin_lock_share(interrupt->config.SpinLock, call, &status);
	else
		interrupt->lock = wdf_interrupt_lock_new();
	if (!interrupt->lock && NT_SUCCESS(status))
		status = STATUS_INSUFFICIENT_RESOURCES;
	return status;
}

/* Do the create call of an interrupt that has its memory. Return a status. */
static NTSTATUS wdf_interrupt_start(struct wdf_interrupt *interrupt, struct wdf_object *parent,
				    PWDF_OBJECT_ATTRIBUTES attributes, WDFINTERRUPT *handle)
{
	NTSTATUS status = wdf_object_attach(&interrupt->object, parent, attributes);
	struct wdf_device *device = wdf_device_of(parent);

	if (!NT_SUCCESS(status))
		return status;
	wdf_power_add(device, &device->interrupts, &interrupt->object, &interrupt->link);
	status = wdf_object_publish(&interrupt->object, handle);
	if (!NT_SUCCESS(status))
		wdf_power_remove(device, &interrupt->link);
	return status;
}

/**
 * WdfInterruptCreate() - make an interrupt object
 * @device: the device object
 * @configuration: the callbacks
 * @attributes: callbacks and context. The parent must be NULL. Optional
 * @interrupt: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfInterruptCreate. The Linux half requests the interrupt, and calls
 * wdmdma_wdf_interrupt() in its handler. The object is deleted with the device.
 *
 * The device must not be in D0, because interrupts are enabled by wdmdma_wdf_device_power_up().
 *
 * Interrupts with one SpinLock have one lock, which keeps the service routines of all away.
 * WdfSpinLockAcquire() and WdfSpinLockRelease() are refused for it from then on. With
 * AutomaticSerialization the DPC excludes the other such DPCs of the device, since there is no
 * other callback that a device's lock would keep away.
 *
 * Differs from Windows: interrupts at PASSIVE_LEVEL are refused.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INFO_LENGTH_MISMATCH for a wrong Size
 * * STATUS_INVALID_PARAMETER, with the reason in the log
 * * STATUS_INVALID_DEVICE_STATE, with a report, if the device is in D0
 * * STATUS_INSUFFICIENT_RESOURCES, STATUS_DELETE_PENDING, STATUS_INVALID_HANDLE
 * * one of :doc:`api-wdf` for wrong attributes
 */
NTSTATUS WdfInterruptCreate(WDFDEVICE device, PWDF_INTERRUPT_CONFIG configuration,
			    PWDF_OBJECT_ATTRIBUTES attributes, WDFINTERRUPT *interrupt)
{
	struct wdf_interrupt *self;
	struct wdf_object *parent;
	NTSTATUS status;

	if (wdf_is_wrong(interrupt, "Interrupt", __func__))
		return STATUS_INVALID_PARAMETER;
	*interrupt = NULL;
	if (wdf_is_wrong(configuration, "Configuration", __func__))
		return STATUS_INVALID_PARAMETER;
	parent = wdf_get(device, &wdf_device_class, __func__);
	if (!parent)
		return STATUS_INVALID_HANDLE;
	status = wdf_attributes_check(attributes, false, __func__);
	if (!NT_SUCCESS(status))
		goto put;
	status = STATUS_INFO_LENGTH_MISMATCH;
	if (configuration->Size != WDF_INTERRUPT_SIZE_1_9 &&
	    configuration->Size != WDF_INTERRUPT_SIZE_1_11 &&
	    wdf_size_is_wrong(configuration->Size, sizeof(*configuration), "Configuration",
			      __func__))
		goto put;
	status = STATUS_INVALID_DEVICE_STATE;
	if (atomic_read(&wdf_device_of(parent)->powered)) {
		wdmdma_report(__func__, "an interrupt is made before the device is in D0");
		goto put;
	}
	status = STATUS_INSUFFICIENT_RESOURCES;
	self = wdf_interrupt_new(configuration);
	if (!self)
		goto put;
	status = STATUS_INVALID_PARAMETER;
	if (!wdf_interrupt_is_refused(&self->config, __func__))
		status = wdf_interrupt_find_lock(self, __func__);
	if (NT_SUCCESS(status))
		status = wdf_interrupt_start(self, parent, attributes, interrupt);
	if (!NT_SUCCESS(status))
		wdf_object_abandon(&self->object);
put:
	wdf_put(parent);
	return status;
}
EXPORT_SYMBOL_GPL(WdfInterruptCreate);

/* Return the interrupt of a handle, with a reference, at any level. */
static struct wdf_interrupt *wdf_interrupt_get(WDFINTERRUPT handle, const char *call)
{
	struct wdf_object *object = wdf_get(handle, &wdf_interrupt_class, call);

	return object ? wdf_interrupt_of(object) : NULL;
}

/**
 * wdmdma_wdf_interrupt() - call the service routine
 * @interrupt: the interrupt
 * @message_id: number of the message, or 0
 *
 * For the interrupt handler of the Linux half. EvtInterruptIsr is called under the interrupt's
 * lock, unless the device is not in D0.
 *
 * Context: any.
 * Return: what EvtInterruptIsr returns, or FALSE if it was not called.
 */
BOOLEAN wdmdma_wdf_interrupt(WDFINTERRUPT interrupt, ULONG message_id)
{
	struct wdf_interrupt *self = wdf_interrupt_get(interrupt, __func__);
	BOOLEAN handled = FALSE;
	unsigned long flags;

	if (!self)
		return FALSE;
	if (wdf_interrupt_lock_enter(self->lock, NULL, &flags, __func__)) {
		if (self->connected)
			handled = self->config.EvtInterruptIsr(interrupt, message_id);
		wdf_interrupt_lock_leave(self->lock, flags);
	}
	wdf_put(&self->object);
	return handled;
}
EXPORT_SYMBOL_GPL(wdmdma_wdf_interrupt);

/* Queue the DPC. Return false if it is queued already, or the device is not in D0. */
static bool wdf_interrupt_queue_dpc(struct wdf_interrupt *interrupt, const char *call)
{
	bool open, queued = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&interrupt->dpc_lock, flags);
	open = interrupt->open;
	if (open)
		queued = !atomic_xchg(&interrupt->queued, 1);
	if (queued)
		tasklet_schedule(&interrupt->dpc);
	raw_spin_unlock_irqrestore(&interrupt->dpc_lock, flags);
	if (!open)
		wdmdma_report(call, "the device is not in D0");
	return queued;
}

/**
 * WdfInterruptQueueDpcForIsr() - queue the DPC of an interrupt
 * @interrupt: the interrupt
 *
 * Answers to wdf: WdfInterruptQueueDpcForIsr. EvtInterruptDpc is called at DISPATCH_LEVEL.
 *
 * Differs from Windows: a call while the device is not in D0 is reported, and does nothing. A DPC
 * that is queued when the device leaves D0 runs before wdmdma_wdf_device_power_down() returns.
 *
 * Context: any.
 * Return: FALSE if the DPC is queued already, if the interrupt has none or is deleted, if the
 * device is not in D0, and for a wrong handle.
 */
BOOLEAN WdfInterruptQueueDpcForIsr(WDFINTERRUPT interrupt)
{
	struct wdf_interrupt *self = wdf_interrupt_get(interrupt, __func__);
	bool queued = false;

	if (!self)
		return FALSE;
	if (!self->config.EvtInterruptDpc)
		wdmdma_report(__func__, "the interrupt has no EvtInterruptDpc");
	else
		queued = wdf_interrupt_queue_dpc(self, __func__);
	wdf_put(&self->object);
	return queued;
}
EXPORT_SYMBOL_GPL(WdfInterruptQueueDpcForIsr);

/**
 * WdfInterruptAcquireLock() - take the lock of an interrupt
 * @interrupt: the interrupt
 *
 * Answers to wdf: WdfInterruptAcquireLock. Keeps the service routine away. A second acquire by the
 * owner is reported and does not wait. So is one in a callback that has the lock: the service
 * routine, EvtInterruptEnable, EvtInterruptDisable, and the function of WdfInterruptSynchronize().
 *
 * Differs from Windows: the lock can be taken before the interrupt is connected.
 *
 * Context: any, but not in the service routine.
 */
void WdfInterruptAcquireLock(WDFINTERRUPT interrupt)
{
	struct wdf_interrupt *self = wdf_interrupt_get(interrupt, __func__);
	unsigned long flags;

	if (!self)
		return;
	if (wdf_interrupt_lock_enter(self->lock, &self->object, &flags, __func__))
		self->lock->flags = flags;
	else
		wdf_put(&self->object);
}
EXPORT_SYMBOL_GPL(WdfInterruptAcquireLock);

/**
 * WdfInterruptReleaseLock() - release the lock of an interrupt
 * @interrupt: the interrupt
 *
 * Answers to wdf: WdfInterruptReleaseLock. A lock that the caller does not hold is reported and
 * left alone.
 *
 * Context: as WdfInterruptAcquireLock() has left it.
 */
void WdfInterruptReleaseLock(WDFINTERRUPT interrupt)
{
	struct wdf_interrupt *self = wdf_interrupt_get(interrupt, __func__);

	if (!self)
		return;
	if (wdf_interrupt_lock_is_mine(self->lock, &self->object)) {
		wdf_interrupt_lock_leave(self->lock, self->lock->flags);
		wdf_put(&self->object);
	} else {
		wdmdma_report(__func__,
			      "the caller does not hold the lock (bug check 0x10D, code 0x0B)");
	}
	wdf_put(&self->object);
}
EXPORT_SYMBOL_GPL(WdfInterruptReleaseLock);

/**
 * WdfInterruptSynchronize() - call a function under the lock of an interrupt
 * @interrupt: the interrupt
 * @callback: the function
 * @context: its argument
 *
 * Answers to wdf: WdfInterruptSynchronize.
 *
 * Context: any, but not in the service routine.
 * Return: what the function returns, or FALSE for NULL, a wrong handle, and a caller that has the
 * lock already.
 */
BOOLEAN WdfInterruptSynchronize(WDFINTERRUPT interrupt, PFN_WDF_INTERRUPT_SYNCHRONIZE callback,
				WDFCONTEXT context)
{
	struct wdf_interrupt *self;
	unsigned long flags;
	BOOLEAN result = FALSE;

	if (wdf_is_wrong(callback, "Callback", __func__))
		return FALSE;
	self = wdf_interrupt_get(interrupt, __func__);
	if (!self)
		return FALSE;
	if (wdf_interrupt_lock_enter(self->lock, NULL, &flags, __func__)) {
		result = callback(interrupt, context);
		wdf_interrupt_lock_leave(self->lock, flags);
	}
	wdf_put(&self->object);
	return result;
}
EXPORT_SYMBOL_GPL(WdfInterruptSynchronize);

/**
 * WdfInterruptGetDevice() - return the device of an interrupt
 * @interrupt: the interrupt
 *
 * Answers to wdf: WdfInterruptGetDevice.
 *
 * Context: any.
 * Return: the handle, or NULL for a wrong handle.
 */
WDFDEVICE WdfInterruptGetDevice(WDFINTERRUPT interrupt)
{
	struct wdf_interrupt *self = wdf_interrupt_get(interrupt, __func__);
	WDFDEVICE device;

	if (!self)
		return NULL;
	device = wdf_handle(self->object.parent);
	wdf_put(&self->object);
	return device;
}
EXPORT_SYMBOL_GPL(WdfInterruptGetDevice);
