// SPDX-License-Identifier: GPL-2.0-only
/* Sizes, offsets and values of 64-bit Windows for KMDF, checked at build time. */
#include <linux/build_bug.h>
#include <linux/stddef.h>

#include <ddk/wdfbugcodes.h>
#include <ddk/wdfcommonbuffer.h>
#include <ddk/wdfdmaenabler.h>
#include <ddk/wdfinterrupt.h>
#include <ddk/wdfobject.h>

#define LAYOUT(type, bytes, alignment) \
	static_assert(sizeof(type) == (bytes) && __alignof__(type) == (alignment))
#define OFFSET(type, member, bytes)	static_assert(offsetof(type, member) == (bytes))

LAYOUT(WDF_OBJECT_ATTRIBUTES, 0x38, 8);
OFFSET(WDF_OBJECT_ATTRIBUTES, EvtCleanupCallback, 0x08);
OFFSET(WDF_OBJECT_ATTRIBUTES, EvtDestroyCallback, 0x10);
OFFSET(WDF_OBJECT_ATTRIBUTES, ExecutionLevel, 0x18);
OFFSET(WDF_OBJECT_ATTRIBUTES, SynchronizationScope, 0x1C);
OFFSET(WDF_OBJECT_ATTRIBUTES, ParentObject, 0x20);
OFFSET(WDF_OBJECT_ATTRIBUTES, ContextSizeOverride, 0x28);
OFFSET(WDF_OBJECT_ATTRIBUTES, ContextTypeInfo, 0x30);

LAYOUT(WDF_OBJECT_CONTEXT_TYPE_INFO, 0x28, 8);
OFFSET(WDF_OBJECT_CONTEXT_TYPE_INFO, ContextName, 0x08);
OFFSET(WDF_OBJECT_CONTEXT_TYPE_INFO, ContextSize, 0x10);
OFFSET(WDF_OBJECT_CONTEXT_TYPE_INFO, UniqueType, 0x18);
OFFSET(WDF_OBJECT_CONTEXT_TYPE_INFO, EvtDriverGetUniqueContextType, 0x20);

LAYOUT(WDF_DMA_ENABLER_CONFIG, 0x50, 8);
OFFSET(WDF_DMA_ENABLER_CONFIG, Profile, 0x04);
OFFSET(WDF_DMA_ENABLER_CONFIG, MaximumLength, 0x08);
OFFSET(WDF_DMA_ENABLER_CONFIG, EvtDmaEnablerFill, 0x10);
OFFSET(WDF_DMA_ENABLER_CONFIG, EvtDmaEnablerFlush, 0x18);
OFFSET(WDF_DMA_ENABLER_CONFIG, EvtDmaEnablerDisable, 0x20);
OFFSET(WDF_DMA_ENABLER_CONFIG, EvtDmaEnablerEnable, 0x28);
OFFSET(WDF_DMA_ENABLER_CONFIG, EvtDmaEnablerSelfManagedIoStart, 0x30);
OFFSET(WDF_DMA_ENABLER_CONFIG, EvtDmaEnablerSelfManagedIoStop, 0x38);
OFFSET(WDF_DMA_ENABLER_CONFIG, AddressWidthOverride, 0x40);
OFFSET(WDF_DMA_ENABLER_CONFIG, WdmDmaVersionOverride, 0x44);
OFFSET(WDF_DMA_ENABLER_CONFIG, Flags, 0x48);

LAYOUT(WDF_DMA_SYSTEM_PROFILE_CONFIG, 0x20, 8);
OFFSET(WDF_DMA_SYSTEM_PROFILE_CONFIG, DemandMode, 0x04);
OFFSET(WDF_DMA_SYSTEM_PROFILE_CONFIG, LoopedTransfer, 0x05);
OFFSET(WDF_DMA_SYSTEM_PROFILE_CONFIG, DmaWidth, 0x08);
OFFSET(WDF_DMA_SYSTEM_PROFILE_CONFIG, DeviceAddress, 0x10);
OFFSET(WDF_DMA_SYSTEM_PROFILE_CONFIG, DmaDescriptor, 0x18);

LAYOUT(WDF_COMMON_BUFFER_CONFIG, 0x08, 4);
OFFSET(WDF_COMMON_BUFFER_CONFIG, AlignmentRequirement, 0x04);

LAYOUT(WDF_INTERRUPT_CONFIG, 0x68, 8);
OFFSET(WDF_INTERRUPT_CONFIG, SpinLock, 0x08);
OFFSET(WDF_INTERRUPT_CONFIG, ShareVector, 0x10);
OFFSET(WDF_INTERRUPT_CONFIG, FloatingSave, 0x14);
OFFSET(WDF_INTERRUPT_CONFIG, AutomaticSerialization, 0x15);
OFFSET(WDF_INTERRUPT_CONFIG, EvtInterruptIsr, 0x18);
OFFSET(WDF_INTERRUPT_CONFIG, EvtInterruptDpc, 0x20);
OFFSET(WDF_INTERRUPT_CONFIG, EvtInterruptEnable, 0x28);
OFFSET(WDF_INTERRUPT_CONFIG, EvtInterruptDisable, 0x30);
OFFSET(WDF_INTERRUPT_CONFIG, EvtInterruptWorkItem, 0x38);
OFFSET(WDF_INTERRUPT_CONFIG, InterruptRaw, 0x40);
OFFSET(WDF_INTERRUPT_CONFIG, InterruptTranslated, 0x48);
OFFSET(WDF_INTERRUPT_CONFIG, WaitLock, 0x50);
OFFSET(WDF_INTERRUPT_CONFIG, PassiveHandling, 0x58);
OFFSET(WDF_INTERRUPT_CONFIG, ReportInactiveOnPowerDown, 0x5C);
OFFSET(WDF_INTERRUPT_CONFIG, CanWakeDevice, 0x60);

static_assert(WdfDmaProfileSystemDuplex == 8 && WdfDmaDirectionWriteToDevice == 1);
static_assert(WdfUseDefault == 2 && WdfSynchronizationScopeNone == 4);
static_assert(WdfExecutionLevelDispatch == 3 && FILE_512_BYTE_ALIGNMENT == 0x1FF);
static_assert(WDF_VIOLATION == 0x10D && WDF_INVALID_HANDLE == 5 && WDF_DMA_FATAL_ERROR == 8);
static_assert(WDF_INVALID_LOCK_OPERATION == 0xB && WDF_VERIFIER_IRQL_MISMATCH == 0xE);
