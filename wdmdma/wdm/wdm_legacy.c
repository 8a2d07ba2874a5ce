// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: the names by which older drivers call slots. On Windows they are inline functions
 * over the table. The slots have the documentation of the arguments.
 */
#include "wdm/wdm_common.h"

/**
 * HalAllocateCommonBuffer() - call AllocateCommonBuffer of the adapter
 * @adapter: as for AllocateCommonBuffer
 * @length: as for AllocateCommonBuffer
 * @logical_address: as for AllocateCommonBuffer
 * @cache_enabled: as for AllocateCommonBuffer
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: as for AllocateCommonBuffer.
 */
PVOID HalAllocateCommonBuffer(PDMA_ADAPTER adapter, ULONG length, PPHYSICAL_ADDRESS logical_address,
			      BOOLEAN cache_enabled)
{
	return WdmAllocateCommonBuffer(adapter, length, logical_address, cache_enabled);
}
EXPORT_SYMBOL_GPL(HalAllocateCommonBuffer);

/**
 * HalFreeCommonBuffer() - call FreeCommonBuffer of the adapter
 * @adapter: as for FreeCommonBuffer
 * @length: as for FreeCommonBuffer
 * @logical_address: as for FreeCommonBuffer
 * @virtual_address: as for FreeCommonBuffer
 * @cache_enabled: as for FreeCommonBuffer
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
 * IoAllocateAdapterChannel() - call AllocateAdapterChannel of the adapter
 * @adapter: as for AllocateAdapterChannel
 * @device_object: as for AllocateAdapterChannel
 * @number_of_map_registers: as for AllocateAdapterChannel
 * @execution_routine: as for AllocateAdapterChannel
 * @context: as for AllocateAdapterChannel
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as for AllocateAdapterChannel.
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
 * IoFlushAdapterBuffers() - call FlushAdapterBuffers of the adapter
 * @adapter: as for FlushAdapterBuffers
 * @mdl: as for FlushAdapterBuffers
 * @map_register_base: as for FlushAdapterBuffers
 * @current_va: as for FlushAdapterBuffers
 * @length: as for FlushAdapterBuffers
 * @write_to_device: as for FlushAdapterBuffers
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as for FlushAdapterBuffers.
 */
BOOLEAN IoFlushAdapterBuffers(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
			      PVOID current_va, ULONG length, BOOLEAN write_to_device)
{
	return WdmFlushAdapterBuffers(adapter, mdl, map_register_base, current_va, length,
				      write_to_device);
}
EXPORT_SYMBOL_GPL(IoFlushAdapterBuffers);

/**
 * IoFreeAdapterChannel() - call FreeAdapterChannel of the adapter
 * @adapter: as for FreeAdapterChannel
 *
 * Context: <= DISPATCH_LEVEL.
 */
void IoFreeAdapterChannel(PDMA_ADAPTER adapter)
{
	WdmFreeAdapterChannel(adapter);
}
EXPORT_SYMBOL_GPL(IoFreeAdapterChannel);

/**
 * IoFreeMapRegisters() - call FreeMapRegisters of the adapter
 * @adapter: as for FreeMapRegisters
 * @map_register_base: as for FreeMapRegisters
 * @number_of_map_registers: as for FreeMapRegisters
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
 * IoMapTransfer() - call MapTransfer of the adapter
 * @adapter: as for MapTransfer
 * @mdl: as for MapTransfer
 * @map_register_base: as for MapTransfer
 * @current_va: as for MapTransfer
 * @length: as for MapTransfer
 * @write_to_device: as for MapTransfer
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as for MapTransfer.
 */
PHYSICAL_ADDRESS IoMapTransfer(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
			       PVOID current_va, PULONG length, BOOLEAN write_to_device)
{
	return WdmMapTransfer(adapter, mdl, map_register_base, current_va, length, write_to_device);
}
EXPORT_SYMBOL_GPL(IoMapTransfer);

/**
 * HalGetDmaAlignment() - call GetDmaAlignment of the adapter
 * @adapter: as for GetDmaAlignment
 *
 * Context: any.
 * Return: as for GetDmaAlignment.
 */
ULONG HalGetDmaAlignment(PDMA_ADAPTER adapter)
{
	return WdmGetDmaAlignment(adapter);
}
EXPORT_SYMBOL_GPL(HalGetDmaAlignment);

/**
 * HalReadDmaCounter() - call ReadDmaCounter of the adapter
 * @adapter: as for ReadDmaCounter
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as for ReadDmaCounter.
 */
ULONG HalReadDmaCounter(PDMA_ADAPTER adapter)
{
	return WdmReadDmaCounter(adapter);
}
EXPORT_SYMBOL_GPL(HalReadDmaCounter);
