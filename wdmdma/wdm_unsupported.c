// SPDX-License-Identifier: GPL-2.0-only
/*
 * Face: the slots that are not there yet.
 *
 * A slot is never NULL: what is missing clears its outputs, says once that it is
 * missing, and answers with the documented failure. A function moves from here to
 * the file of its family when it is written.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "wdm_private.h"

#define wdm_unsupported(call) \
	pr_warn_once("%s: not supported by this version of the module\n", call)

NTSTATUS WdmAllocateAdapterChannel(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				   ULONG number_of_map_registers, PDRIVER_CONTROL execution_routine,
				   PVOID context)
{
	wdm_unsupported("AllocateAdapterChannel");
	return STATUS_NOT_SUPPORTED;
}

BOOLEAN WdmFlushAdapterBuffers(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
			       PVOID current_va, ULONG length, BOOLEAN write_to_device)
{
	wdm_unsupported("FlushAdapterBuffers");
	return FALSE;
}

void WdmFreeAdapterChannel(PDMA_ADAPTER dma_adapter)
{
	wdm_unsupported("FreeAdapterChannel");
}

void WdmFreeMapRegisters(PDMA_ADAPTER dma_adapter, PVOID map_register_base,
			 ULONG number_of_map_registers)
{
	wdm_unsupported("FreeMapRegisters");
}

PHYSICAL_ADDRESS WdmMapTransfer(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
				PVOID current_va, PULONG length, BOOLEAN write_to_device)
{
	PHYSICAL_ADDRESS none = {};

	if (length)
		*length = 0;
	wdm_unsupported("MapTransfer");
	return none;
}

ULONG WdmReadDmaCounter(PDMA_ADAPTER dma_adapter)
{
	wdm_unsupported("ReadDmaCounter");
	return 0;
}

NTSTATUS WdmGetScatterGatherList(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object, PMDL mdl,
				 PVOID current_va, ULONG length,
				 PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				 BOOLEAN write_to_device)
{
	wdm_unsupported("GetScatterGatherList");
	return STATUS_NOT_SUPPORTED;
}

void WdmPutScatterGatherList(PDMA_ADAPTER dma_adapter, PSCATTER_GATHER_LIST scatter_gather,
			     BOOLEAN write_to_device)
{
	wdm_unsupported("PutScatterGatherList");
}

NTSTATUS WdmCalculateScatterGatherList(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID current_va,
				       ULONG length, PULONG scatter_gather_list_size,
				       PULONG number_of_map_registers)
{
	if (scatter_gather_list_size)
		*scatter_gather_list_size = 0;
	if (number_of_map_registers)
		*number_of_map_registers = 0;
	wdm_unsupported("CalculateScatterGatherList");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmBuildScatterGatherList(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object, PMDL mdl,
				   PVOID current_va, ULONG length,
				   PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				   BOOLEAN write_to_device, PVOID scatter_gather_buffer,
				   ULONG scatter_gather_length)
{
	wdm_unsupported("BuildScatterGatherList");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmBuildMdlFromScatterGatherList(PDMA_ADAPTER dma_adapter,
					  PSCATTER_GATHER_LIST scatter_gather, PMDL original_mdl,
					  PMDL *target_mdl)
{
	if (target_mdl)
		*target_mdl = NULL;
	wdm_unsupported("BuildMdlFromScatterGatherList");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmGetDmaAdapterInfo(PDMA_ADAPTER dma_adapter, PDMA_ADAPTER_INFO adapter_info)
{
	wdm_unsupported("GetDmaAdapterInfo");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmGetDmaTransferInfo(PDMA_ADAPTER dma_adapter, PMDL mdl, ULONGLONG offset, ULONG length,
			       BOOLEAN write_only, PDMA_TRANSFER_INFO transfer_info)
{
	wdm_unsupported("GetDmaTransferInfo");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmInitializeDmaTransferContext(PDMA_ADAPTER dma_adapter, PVOID dma_transfer_context)
{
	wdm_unsupported("InitializeDmaTransferContext");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmAllocateAdapterChannelEx(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				     PVOID dma_transfer_context, ULONG number_of_map_registers,
				     ULONG flags, PDRIVER_CONTROL execution_routine,
				     PVOID execution_context, PVOID *map_register_base)
{
	if (map_register_base)
		*map_register_base = NULL;
	wdm_unsupported("AllocateAdapterChannelEx");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmConfigureAdapterChannel(PDMA_ADAPTER dma_adapter, ULONG function_number, PVOID context)
{
	wdm_unsupported("ConfigureAdapterChannel");
	return STATUS_NOT_SUPPORTED;
}

BOOLEAN WdmCancelAdapterChannel(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				PVOID dma_transfer_context)
{
	wdm_unsupported("CancelAdapterChannel");
	return FALSE;
}

NTSTATUS WdmMapTransferEx(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
			  ULONGLONG offset, ULONG device_offset, PULONG length,
			  BOOLEAN write_to_device, PSCATTER_GATHER_LIST scatter_gather_buffer,
			  ULONG scatter_gather_buffer_length,
			  PDMA_COMPLETION_ROUTINE dma_completion_routine, PVOID completion_context)
{
	if (length)
		*length = 0;
	wdm_unsupported("MapTransferEx");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmGetScatterGatherListEx(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				   PVOID dma_transfer_context, PMDL mdl, ULONGLONG offset,
				   ULONG length, ULONG flags,
				   PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				   BOOLEAN write_to_device,
				   PDMA_COMPLETION_ROUTINE dma_completion_routine,
				   PVOID completion_context,
				   PSCATTER_GATHER_LIST *scatter_gather_list)
{
	if (scatter_gather_list)
		*scatter_gather_list = NULL;
	wdm_unsupported("GetScatterGatherListEx");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmBuildScatterGatherListEx(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object,
				     PVOID dma_transfer_context, PMDL mdl, ULONGLONG offset,
				     ULONG length, ULONG flags,
				     PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				     BOOLEAN write_to_device, PVOID scatter_gather_buffer,
				     ULONG scatter_gather_length,
				     PDMA_COMPLETION_ROUTINE dma_completion_routine,
				     PVOID completion_context, PVOID scatter_gather_list)
{
	if (scatter_gather_list)
		*(PSCATTER_GATHER_LIST *)scatter_gather_list = NULL;
	wdm_unsupported("BuildScatterGatherListEx");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmFlushAdapterBuffersEx(PDMA_ADAPTER dma_adapter, PMDL mdl, PVOID map_register_base,
				  ULONGLONG offset, ULONG length, BOOLEAN write_to_device)
{
	wdm_unsupported("FlushAdapterBuffersEx");
	return STATUS_NOT_SUPPORTED;
}

void WdmFreeAdapterObject(PDMA_ADAPTER dma_adapter, IO_ALLOCATION_ACTION allocation_action)
{
	wdm_unsupported("FreeAdapterObject");
}

NTSTATUS WdmCancelMappedTransfer(PDMA_ADAPTER dma_adapter, PVOID dma_transfer_context)
{
	wdm_unsupported("CancelMappedTransfer");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmAllocateDomainCommonBuffer(PDMA_ADAPTER dma_adapter, HANDLE domain_handle,
				       PPHYSICAL_ADDRESS maximum_address, ULONG length, ULONG flags,
				       MEMORY_CACHING_TYPE *cache_type,
				       NODE_REQUIREMENT preferred_node,
				       PPHYSICAL_ADDRESS logical_address, PVOID *virtual_address)
{
	wdm_clear_address(logical_address);
	if (virtual_address)
		*virtual_address = NULL;
	wdm_unsupported("AllocateDomainCommonBuffer");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmFlushDmaBuffer(PDMA_ADAPTER dma_adapter, PMDL mdl, BOOLEAN read_operation)
{
	wdm_unsupported("FlushDmaBuffer");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmJoinDmaDomain(PDMA_ADAPTER dma_adapter, HANDLE domain_handle)
{
	wdm_unsupported("JoinDmaDomain");
	return STATUS_NOT_SUPPORTED;
}

NTSTATUS WdmLeaveDmaDomain(PDMA_ADAPTER dma_adapter)
{
	wdm_unsupported("LeaveDmaDomain");
	return STATUS_NOT_SUPPORTED;
}

HANDLE WdmGetDmaDomain(PDMA_ADAPTER dma_adapter)
{
	wdm_unsupported("GetDmaDomain");
	return NULL;
}
