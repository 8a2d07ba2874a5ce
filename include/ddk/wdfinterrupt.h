/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts: their lock, and their DPC. */
#ifndef DDK_WDFINTERRUPT_H
#define DDK_WDFINTERRUPT_H

#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

typedef BOOLEAN EVT_WDF_INTERRUPT_ISR(WDFINTERRUPT interrupt, ULONG message_id);
typedef EVT_WDF_INTERRUPT_ISR *PFN_WDF_INTERRUPT_ISR;
typedef VOID EVT_WDF_INTERRUPT_DPC(WDFINTERRUPT interrupt, WDFOBJECT associated_object);
typedef EVT_WDF_INTERRUPT_DPC *PFN_WDF_INTERRUPT_DPC;
typedef VOID EVT_WDF_INTERRUPT_WORKITEM(WDFINTERRUPT interrupt, WDFOBJECT associated_object);
typedef EVT_WDF_INTERRUPT_WORKITEM *PFN_WDF_INTERRUPT_WORKITEM;
typedef NTSTATUS EVT_WDF_INTERRUPT_ENABLE(WDFINTERRUPT interrupt, WDFDEVICE associated_device);
typedef EVT_WDF_INTERRUPT_ENABLE *PFN_WDF_INTERRUPT_ENABLE;
typedef NTSTATUS EVT_WDF_INTERRUPT_DISABLE(WDFINTERRUPT interrupt, WDFDEVICE associated_device);
typedef EVT_WDF_INTERRUPT_DISABLE *PFN_WDF_INTERRUPT_DISABLE;
typedef BOOLEAN EVT_WDF_INTERRUPT_SYNCHRONIZE(WDFINTERRUPT interrupt, WDFCONTEXT context);
typedef EVT_WDF_INTERRUPT_SYNCHRONIZE *PFN_WDF_INTERRUPT_SYNCHRONIZE;

typedef struct _CM_PARTIAL_RESOURCE_DESCRIPTOR *PCM_PARTIAL_RESOURCE_DESCRIPTOR;

/**
 * struct _WDF_INTERRUPT_CONFIG - what an interrupt is created with
 * @Size: bytes of this structure, or of the shorter ones of KMDF 1.9 and 1.11
 * @SpinLock: stands for the interrupt's lock, which all interrupts with it share. Optional
 * @ShareVector: the Linux half decides
 * @FloatingSave: not used
 * @AutomaticSerialization: TRUE if EvtInterruptDpc excludes other such DPCs of the device
 * @EvtInterruptIsr: called with the interrupt's lock held
 * @EvtInterruptDpc: called at DISPATCH_LEVEL
 * @EvtInterruptEnable: called with the lock held, when the device enters D0
 * @EvtInterruptDisable: called with the lock held, when the device leaves D0
 * @EvtInterruptWorkItem: must be NULL here
 * @InterruptRaw: not used
 * @InterruptTranslated: not used
 * @WaitLock: must be NULL here
 * @PassiveHandling: must be FALSE here
 * @ReportInactiveOnPowerDown: not used
 * @CanWakeDevice: not used
 */
typedef struct _WDF_INTERRUPT_CONFIG {
	ULONG Size;
	WDFSPINLOCK SpinLock;
	WDF_TRI_STATE ShareVector;
	BOOLEAN FloatingSave;
	BOOLEAN AutomaticSerialization;
	PFN_WDF_INTERRUPT_ISR EvtInterruptIsr;
	PFN_WDF_INTERRUPT_DPC EvtInterruptDpc;
	PFN_WDF_INTERRUPT_ENABLE EvtInterruptEnable;
	PFN_WDF_INTERRUPT_DISABLE EvtInterruptDisable;
	PFN_WDF_INTERRUPT_WORKITEM EvtInterruptWorkItem;
	PCM_PARTIAL_RESOURCE_DESCRIPTOR InterruptRaw;
	PCM_PARTIAL_RESOURCE_DESCRIPTOR InterruptTranslated;
	WDFWAITLOCK WaitLock;
	BOOLEAN PassiveHandling;
	WDF_TRI_STATE ReportInactiveOnPowerDown;
	BOOLEAN CanWakeDevice;
} WDF_INTERRUPT_CONFIG, *PWDF_INTERRUPT_CONFIG;

WDMDMA_INLINE VOID WDF_INTERRUPT_CONFIG_INIT(PWDF_INTERRUPT_CONFIG configuration,
					     PFN_WDF_INTERRUPT_ISR evt_interrupt_isr,
					     PFN_WDF_INTERRUPT_DPC evt_interrupt_dpc)
{
	__builtin_memset(configuration, 0, sizeof(*configuration));
	configuration->Size = sizeof(*configuration);
	configuration->ShareVector = WdfUseDefault;
	configuration->ReportInactiveOnPowerDown = WdfUseDefault;
	configuration->EvtInterruptIsr = evt_interrupt_isr;
	configuration->EvtInterruptDpc = evt_interrupt_dpc;
}

NTSTATUS WdfInterruptCreate(WDFDEVICE device, PWDF_INTERRUPT_CONFIG configuration,
			    PWDF_OBJECT_ATTRIBUTES attributes, WDFINTERRUPT *interrupt);
BOOLEAN WdfInterruptQueueDpcForIsr(WDFINTERRUPT interrupt);
VOID WdfInterruptAcquireLock(WDFINTERRUPT interrupt);
VOID WdfInterruptReleaseLock(WDFINTERRUPT interrupt);
BOOLEAN WdfInterruptSynchronize(WDFINTERRUPT interrupt, PFN_WDF_INTERRUPT_SYNCHRONIZE callback,
				WDFCONTEXT context);
WDFDEVICE WdfInterruptGetDevice(WDFINTERRUPT interrupt);

WDMDMA_HEADER_END

#endif /* DDK_WDFINTERRUPT_H */
