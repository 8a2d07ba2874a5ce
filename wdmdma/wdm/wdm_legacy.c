// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: the names by which older drivers call slots. On Windows they are inline
 * functions over the table; each is documented with its slot.
 */
#include "wdm/wdm_common.h"

/**
 * HalAllocateCommonBuffer() - AllocateCommonBuffer
 * @adapter: see there, as for all others
 * @length: see there
 * @logical_address: see there
 * @cache_enabled: see there
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: see there.
 */
PVOID HalAllocateCommonBuffer(PDMA_ADAPTER adapter, ULONG length, PPHYSICAL_ADDRESS logical_address,
			      BOOLEAN cache_enabled)
{
	return WdmAllocateCommonBuffer(adapter, length, logical_address, cache_enabled);
}
EXPORT_SYMBOL_GPL(HalAllocateCommonBuffer);

/**
 * HalFreeCommonBuffer() - FreeCommonBuffer
 * @adapter: see there, as for all others
 * @length: see there
 * @logical_address: see there
 * @virtual_address: see there
 * @cache_enabled: see there
 *
 * Context: any.
 */
void HalFreeCommonBuffer(PDMA_ADAPTER adapter, ULONG length, PHYSICAL_ADDRESS logical_address,
			 PVOID virtual_address, BOOLEAN cache_enabled)
{
	WdmFreeCommonBuffer(adapter, length, logical_address, virtual_address, cache_enabled);
}
EXPORT_SYMBOL_GPL(HalFreeCommonBuffer);

/**
 * IoAllocateAdapterChannel() - AllocateAdapterChannel
 * @adapter: see there, as for all others
 * @device_object: see there
 * @number_of_map_registers: see there
 * @execution_routine: see there
 * @context: see there
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: see there.
 */
NTSTATUS IoAllocateAdapterChannel(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
				  ULONG number_of_map_registers, PDRIVER_CONTROL execution_routine,
				  PVOID context)
{
	return WdmAllocateAdapterChannel(adapter, device_object, number_of_map_registers,
					 execution_routine, context);
}
EXPORT_SYMBOL_GPL(IoAllocateAdapterChannel);

/**
 * IoFlushAdapterBuffers() - FlushAdapterBuffers
 * @adapter: see there, as for all others
 * @mdl: see there
 * @map_register_base: see there
 * @current_va: see there
 * @length: see there
 * @write_to_device: see there
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: see there.
 */
BOOLEAN IoFlushAdapterBuffers(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
			      PVOID current_va, ULONG length, BOOLEAN write_to_device)
{
	return WdmFlushAdapterBuffers(adapter, mdl, map_register_base, current_va, length,
				      write_to_device);
}
EXPORT_SYMBOL_GPL(IoFlushAdapterBuffers);

/**
 * IoFreeAdapterChannel() - FreeAdapterChannel
 * @adapter: see there
 *
 * Context: <= DISPATCH_LEVEL.
 */
void IoFreeAdapterChannel(PDMA_ADAPTER adapter)
{
	WdmFreeAdapterChannel(adapter);
}
EXPORT_SYMBOL_GPL(IoFreeAdapterChannel);

/**
 * IoFreeMapRegisters() - FreeMapRegisters
 * @adapter: see there, as for all others
 * @map_register_base: see there
 * @number_of_map_registers: see there
 *
 * Context: <= DISPATCH_LEVEL.
 */
void IoFreeMapRegisters(PDMA_ADAPTER adapter, PVOID map_register_base,
			ULONG number_of_map_registers)
{
	WdmFreeMapRegisters(adapter, map_register_base, number_of_map_registers);
}
EXPORT_SYMBOL_GPL(IoFreeMapRegisters);

/**
 * IoMapTransfer() - MapTransfer
 * @adapter: see there, as for all others
 * @mdl: see there
 * @map_register_base: see there
 * @current_va: see there
 * @length: see there
 * @write_to_device: see there
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: see there.
 */
PHYSICAL_ADDRESS IoMapTransfer(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
			       PVOID current_va, PULONG length, BOOLEAN write_to_device)
{
	return WdmMapTransfer(adapter, mdl, map_register_base, current_va, length, write_to_device);
}
EXPORT_SYMBOL_GPL(IoMapTransfer);

/**
 * HalGetDmaAlignment() - GetDmaAlignment
 * @adapter: see there
 *
 * Context: any.
 * Return: see there.
 */
ULONG HalGetDmaAlignment(PDMA_ADAPTER adapter)
{
	return WdmGetDmaAlignment(adapter);
}
EXPORT_SYMBOL_GPL(HalGetDmaAlignment);

/**
 * HalReadDmaCounter() - ReadDmaCounter
 * @adapter: see there
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: see there.
 */
ULONG HalReadDmaCounter(PDMA_ADAPTER adapter)
{
	return WdmReadDmaCounter(adapter);
}
EXPORT_SYMBOL_GPL(HalReadDmaCounter);

/**
 * KeFlushIoBuffers() - make caches and memory agree before or after a transfer
 * @mdl: one MDL, not its chain; not read
 * @read_operation: TRUE if the device writes the memory
 * @dma_operation: TRUE for DMA, FALSE for programmed I/O
 *
 * Answers to wdm: KeFlushIoBuffers. There is no work: the device is not known here, and
 * the calls that map memory for it and end that do what its caches need. Programmed I/O
 * is the CPU's own. For a common buffer there is nothing to do, either.
 *
 * Context: any.
 */
void KeFlushIoBuffers(PMDL mdl, BOOLEAN read_operation, BOOLEAN dma_operation)
{
	/* What the CPU wrote is to come before what tells the device. */
	mb();
}
EXPORT_SYMBOL_GPL(KeFlushIoBuffers);
