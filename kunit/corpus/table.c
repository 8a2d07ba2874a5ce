// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that puts a table of its own in front of the operations of its adapter, as drivers do
 * that filter or trace them. Each of the 39 slots is wrapped with the prototype of the documents.
 */
#include <ntddk.h>

#include "corpus.h"

typedef struct _WRAPPED_TABLE {
	PDMA_OPERATIONS Original;
	ULONG Calls[sizeof(DMA_OPERATIONS) / sizeof(PVOID)];
} WRAPPED_TABLE;

static WRAPPED_TABLE Table;

#define CALLS(slot)	(Table.Calls[FIELD_OFFSET(DMA_OPERATIONS, slot) / sizeof(PVOID)])

static VOID WrappedPutDmaAdapter(PDMA_ADAPTER adapter)
{
	CALLS(PutDmaAdapter)++;
	Table.Original->PutDmaAdapter(adapter);
}

static PVOID WrappedAllocateCommonBuffer(PDMA_ADAPTER adapter, ULONG length,
					 PPHYSICAL_ADDRESS logical_address, BOOLEAN cache_enabled)
{
	CALLS(AllocateCommonBuffer)++;
	return Table.Original->AllocateCommonBuffer(adapter, length, logical_address,
						    cache_enabled);
}

static VOID WrappedFreeCommonBuffer(PDMA_ADAPTER adapter, ULONG length,
				    PHYSICAL_ADDRESS logical_address, PVOID virtual_address,
				    BOOLEAN cache_enabled)
{
	CALLS(FreeCommonBuffer)++;
	Table.Original->FreeCommonBuffer(adapter, length, logical_address, virtual_address,
					 cache_enabled);
}

static NTSTATUS WrappedAllocateAdapterChannel(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					      ULONG number_of_map_registers,
					      PDRIVER_CONTROL execution_routine, PVOID context)
{
	CALLS(AllocateAdapterChannel)++;
	return Table.Original->AllocateAdapterChannel(adapter, device_object,
						      number_of_map_registers, execution_routine,
						      context);
}

static BOOLEAN WrappedFlushAdapterBuffers(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
					  PVOID current_va, ULONG length, BOOLEAN write_to_device)
{
	CALLS(FlushAdapterBuffers)++;
	return Table.Original->FlushAdapterBuffers(adapter, mdl, map_register_base, current_va,
						   length, write_to_device);
}

static VOID WrappedFreeAdapterChannel(PDMA_ADAPTER adapter)
{
	CALLS(FreeAdapterChannel)++;
	Table.Original->FreeAdapterChannel(adapter);
}

static VOID WrappedFreeMapRegisters(PDMA_ADAPTER adapter, PVOID map_register_base,
				    ULONG number_of_map_registers)
{
	CALLS(FreeMapRegisters)++;
	Table.Original->FreeMapRegisters(adapter, map_register_base, number_of_map_registers);
}

static PHYSICAL_ADDRESS WrappedMapTransfer(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
					   PVOID current_va, PULONG length,
					   BOOLEAN write_to_device)
{
	CALLS(MapTransfer)++;
	return Table.Original->MapTransfer(adapter, mdl, map_register_base, current_va, length,
					   write_to_device);
}

static ULONG WrappedGetDmaAlignment(PDMA_ADAPTER adapter)
{
	CALLS(GetDmaAlignment)++;
	return Table.Original->GetDmaAlignment(adapter);
}

static ULONG WrappedReadDmaCounter(PDMA_ADAPTER adapter)
{
	CALLS(ReadDmaCounter)++;
	return Table.Original->ReadDmaCounter(adapter);
}

static NTSTATUS WrappedGetScatterGatherList(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					    PMDL mdl, PVOID current_va, ULONG length,
					    PDRIVER_LIST_CONTROL execution_routine, PVOID context,
					    BOOLEAN write_to_device)
{
	CALLS(GetScatterGatherList)++;
	return Table.Original->GetScatterGatherList(adapter, device_object, mdl, current_va,
						    length, execution_routine, context,
						    write_to_device);
}

static VOID WrappedPutScatterGatherList(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST scatter_gather,
					BOOLEAN write_to_device)
{
	CALLS(PutScatterGatherList)++;
	Table.Original->PutScatterGatherList(adapter, scatter_gather, write_to_device);
}

static NTSTATUS WrappedCalculateScatterGatherList(PDMA_ADAPTER adapter, PMDL mdl, PVOID current_va,
						  ULONG length, PULONG scatter_gather_list_size,
						  PULONG number_of_map_registers)
{
	CALLS(CalculateScatterGatherList)++;
	return Table.Original->CalculateScatterGatherList(adapter, mdl, current_va, length,
							  scatter_gather_list_size,
							  number_of_map_registers);
}

static NTSTATUS WrappedBuildScatterGatherList(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					      PMDL mdl, PVOID current_va, ULONG length,
					      PDRIVER_LIST_CONTROL execution_routine,
					      PVOID context, BOOLEAN write_to_device,
					      PVOID scatter_gather_buffer,
					      ULONG scatter_gather_length)
{
	CALLS(BuildScatterGatherList)++;
	return Table.Original->BuildScatterGatherList(adapter, device_object, mdl, current_va,
						      length, execution_routine, context,
						      write_to_device, scatter_gather_buffer,
						      scatter_gather_length);
}

static NTSTATUS WrappedBuildMdlFromScatterGatherList(PDMA_ADAPTER adapter,
						     PSCATTER_GATHER_LIST scatter_gather,
						     PMDL original_mdl, PMDL *target_mdl)
{
	CALLS(BuildMdlFromScatterGatherList)++;
	return Table.Original->BuildMdlFromScatterGatherList(adapter, scatter_gather, original_mdl,
							     target_mdl);
}

static NTSTATUS WrappedGetDmaAdapterInfo(PDMA_ADAPTER adapter, PDMA_ADAPTER_INFO adapter_info)
{
	CALLS(GetDmaAdapterInfo)++;
	return Table.Original->GetDmaAdapterInfo(adapter, adapter_info);
}

static NTSTATUS WrappedGetDmaTransferInfo(PDMA_ADAPTER adapter, PMDL mdl, ULONGLONG offset,
					  ULONG length, BOOLEAN write_only,
					  PDMA_TRANSFER_INFO transfer_info)
{
	CALLS(GetDmaTransferInfo)++;
	return Table.Original->GetDmaTransferInfo(adapter, mdl, offset, length, write_only,
						  transfer_info);
}

static NTSTATUS WrappedInitializeDmaTransferContext(PDMA_ADAPTER adapter,
						    PVOID dma_transfer_context)
{
	CALLS(InitializeDmaTransferContext)++;
	return Table.Original->InitializeDmaTransferContext(adapter, dma_transfer_context);
}

static PVOID WrappedAllocateCommonBufferEx(PDMA_ADAPTER adapter, PPHYSICAL_ADDRESS maximum_address,
					   ULONG length, PPHYSICAL_ADDRESS logical_address,
					   BOOLEAN cache_enabled, NODE_REQUIREMENT preferred_node)
{
	CALLS(AllocateCommonBufferEx)++;
	return Table.Original->AllocateCommonBufferEx(adapter, maximum_address, length,
						      logical_address, cache_enabled,
						      preferred_node);
}

static NTSTATUS WrappedAllocateAdapterChannelEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
						PVOID dma_transfer_context,
						ULONG number_of_map_registers, ULONG flags,
						PDRIVER_CONTROL execution_routine,
						PVOID execution_context, PVOID *map_register_base)
{
	CALLS(AllocateAdapterChannelEx)++;
	return Table.Original->AllocateAdapterChannelEx(adapter, device_object,
							dma_transfer_context,
							number_of_map_registers, flags,
							execution_routine, execution_context,
							map_register_base);
}

static NTSTATUS WrappedConfigureAdapterChannel(PDMA_ADAPTER adapter, ULONG function_number,
					       PVOID context)
{
	CALLS(ConfigureAdapterChannel)++;
	return Table.Original->ConfigureAdapterChannel(adapter, function_number, context);
}

static BOOLEAN WrappedCancelAdapterChannel(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					   PVOID dma_transfer_context)
{
	CALLS(CancelAdapterChannel)++;
	return Table.Original->CancelAdapterChannel(adapter, device_object, dma_transfer_context);
}

static NTSTATUS WrappedMapTransferEx(PDMA_ADAPTER adapter, PMDL mdl, PVOID map_register_base,
				     ULONGLONG offset, ULONG device_offset, PULONG length,
				     BOOLEAN write_to_device,
				     PSCATTER_GATHER_LIST scatter_gather_buffer,
				     ULONG scatter_gather_buffer_length,
				     PDMA_COMPLETION_ROUTINE dma_completion_routine,
				     PVOID completion_context)
{
	CALLS(MapTransferEx)++;
	return Table.Original->MapTransferEx(adapter, mdl, map_register_base, offset,
					     device_offset, length, write_to_device,
					     scatter_gather_buffer, scatter_gather_buffer_length,
					     dma_completion_routine, completion_context);
}

static NTSTATUS WrappedGetScatterGatherListEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
					      PVOID dma_transfer_context, PMDL mdl,
					      ULONGLONG offset, ULONG length, ULONG flags,
					      PDRIVER_LIST_CONTROL execution_routine,
					      PVOID context, BOOLEAN write_to_device,
					      PDMA_COMPLETION_ROUTINE dma_completion_routine,
					      PVOID completion_context,
					      PSCATTER_GATHER_LIST *scatter_gather_list)
{
	CALLS(GetScatterGatherListEx)++;
	return Table.Original->GetScatterGatherListEx(adapter, device_object, dma_transfer_context,
						      mdl, offset, length, flags,
						      execution_routine, context, write_to_device,
						      dma_completion_routine, completion_context,
						      scatter_gather_list);
}

static NTSTATUS WrappedBuildScatterGatherListEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
						PVOID dma_transfer_context, PMDL mdl,
						ULONGLONG offset, ULONG length, ULONG flags,
						PDRIVER_LIST_CONTROL execution_routine,
						PVOID context, BOOLEAN write_to_device,
						PVOID scatter_gather_buffer,
						ULONG scatter_gather_length,
						PDMA_COMPLETION_ROUTINE dma_completion_routine,
						PVOID completion_context,
						PVOID scatter_gather_list)
{
	CALLS(BuildScatterGatherListEx)++;
	return Table.Original->BuildScatterGatherListEx(adapter, device_object,
							dma_transfer_context, mdl, offset, length,
							flags, execution_routine, context,
							write_to_device, scatter_gather_buffer,
							scatter_gather_length,
							dma_completion_routine, completion_context,
							scatter_gather_list);
}

static NTSTATUS WrappedFlushAdapterBuffersEx(PDMA_ADAPTER adapter, PMDL mdl,
					     PVOID map_register_base, ULONGLONG offset,
					     ULONG length, BOOLEAN write_to_device)
{
	CALLS(FlushAdapterBuffersEx)++;
	return Table.Original->FlushAdapterBuffersEx(adapter, mdl, map_register_base, offset,
						     length, write_to_device);
}

static VOID WrappedFreeAdapterObject(PDMA_ADAPTER adapter, IO_ALLOCATION_ACTION allocation_action)
{
	CALLS(FreeAdapterObject)++;
	Table.Original->FreeAdapterObject(adapter, allocation_action);
}

static NTSTATUS WrappedCancelMappedTransfer(PDMA_ADAPTER adapter, PVOID dma_transfer_context)
{
	CALLS(CancelMappedTransfer)++;
	return Table.Original->CancelMappedTransfer(adapter, dma_transfer_context);
}

static NTSTATUS WrappedAllocateDomainCommonBuffer(PDMA_ADAPTER adapter, HANDLE domain_handle,
						  PPHYSICAL_ADDRESS maximum_address, ULONG length,
						  ULONG flags, MEMORY_CACHING_TYPE *cache_type,
						  NODE_REQUIREMENT preferred_node,
						  PPHYSICAL_ADDRESS logical_address,
						  PVOID *virtual_address)
{
	CALLS(AllocateDomainCommonBuffer)++;
	return Table.Original->AllocateDomainCommonBuffer(adapter, domain_handle, maximum_address,
							  length, flags, cache_type,
							  preferred_node, logical_address,
							  virtual_address);
}

static NTSTATUS WrappedFlushDmaBuffer(PDMA_ADAPTER adapter, PMDL mdl, BOOLEAN read_operation)
{
	CALLS(FlushDmaBuffer)++;
	return Table.Original->FlushDmaBuffer(adapter, mdl, read_operation);
}

static NTSTATUS WrappedJoinDmaDomain(PDMA_ADAPTER adapter, HANDLE domain_handle)
{
	CALLS(JoinDmaDomain)++;
	return Table.Original->JoinDmaDomain(adapter, domain_handle);
}

static NTSTATUS WrappedLeaveDmaDomain(PDMA_ADAPTER adapter)
{
	CALLS(LeaveDmaDomain)++;
	return Table.Original->LeaveDmaDomain(adapter);
}

static HANDLE WrappedGetDmaDomain(PDMA_ADAPTER adapter)
{
	CALLS(GetDmaDomain)++;
	return Table.Original->GetDmaDomain(adapter);
}

static PVOID WrappedAllocateCommonBufferWithBounds(PDMA_ADAPTER adapter,
						   PPHYSICAL_ADDRESS minimum_address,
						   PPHYSICAL_ADDRESS maximum_address, ULONG length,
						   ULONG flags, MEMORY_CACHING_TYPE *cache_type,
						   NODE_REQUIREMENT preferred_node,
						   PPHYSICAL_ADDRESS logical_address)
{
	CALLS(AllocateCommonBufferWithBounds)++;
	return Table.Original->AllocateCommonBufferWithBounds(adapter, minimum_address,
							      maximum_address, length, flags,
							      cache_type, preferred_node,
							      logical_address);
}

static NTSTATUS WrappedAllocateCommonBufferVector(PDMA_ADAPTER adapter,
						  PHYSICAL_ADDRESS low_address,
						  PHYSICAL_ADDRESS high_address,
						  MEMORY_CACHING_TYPE cache_type,
						  NODE_REQUIREMENT ideal_node, ULONG flags,
						  ULONG number_of_elements,
						  ULONGLONG size_of_elements,
						  PDMA_COMMON_BUFFER_VECTOR *vector_out)
{
	CALLS(AllocateCommonBufferVector)++;
	return Table.Original->AllocateCommonBufferVector(adapter, low_address, high_address,
							  cache_type, ideal_node, flags,
							  number_of_elements, size_of_elements,
							  vector_out);
}

static VOID WrappedGetCommonBufferFromVectorByIndex(PDMA_ADAPTER adapter,
						    PDMA_COMMON_BUFFER_VECTOR vector, ULONG index,
						    PVOID *virtual_address_out,
						    PPHYSICAL_ADDRESS logical_address_out)
{
	CALLS(GetCommonBufferFromVectorByIndex)++;
	Table.Original->GetCommonBufferFromVectorByIndex(adapter, vector, index,
							 virtual_address_out, logical_address_out);
}

static VOID WrappedFreeCommonBufferFromVector(PDMA_ADAPTER adapter,
					      PDMA_COMMON_BUFFER_VECTOR vector, ULONG index)
{
	CALLS(FreeCommonBufferFromVector)++;
	Table.Original->FreeCommonBufferFromVector(adapter, vector, index);
}

static VOID WrappedFreeCommonBufferVector(PDMA_ADAPTER adapter, PDMA_COMMON_BUFFER_VECTOR vector)
{
	CALLS(FreeCommonBufferVector)++;
	Table.Original->FreeCommonBufferVector(adapter, vector);
}

static NTSTATUS WrappedCreateCommonBufferFromMdl(PDMA_ADAPTER adapter, PMDL mdl,
						 PDMA_COMMON_BUFFER_EXTENDED_CONFIGURATION configs,
						 ULONG count, PPHYSICAL_ADDRESS logical_address)
{
	CALLS(CreateCommonBufferFromMdl)++;
	return Table.Original->CreateCommonBufferFromMdl(adapter, mdl, configs, count,
							 logical_address);
}

static DMA_OPERATIONS WrappedOperations = {
	.Size = sizeof(DMA_OPERATIONS),
	.PutDmaAdapter = WrappedPutDmaAdapter,
	.AllocateCommonBuffer = WrappedAllocateCommonBuffer,
	.FreeCommonBuffer = WrappedFreeCommonBuffer,
	.AllocateAdapterChannel = WrappedAllocateAdapterChannel,
	.FlushAdapterBuffers = WrappedFlushAdapterBuffers,
	.FreeAdapterChannel = WrappedFreeAdapterChannel,
	.FreeMapRegisters = WrappedFreeMapRegisters,
	.MapTransfer = WrappedMapTransfer,
	.GetDmaAlignment = WrappedGetDmaAlignment,
	.ReadDmaCounter = WrappedReadDmaCounter,
	.GetScatterGatherList = WrappedGetScatterGatherList,
	.PutScatterGatherList = WrappedPutScatterGatherList,
	.CalculateScatterGatherList = WrappedCalculateScatterGatherList,
	.BuildScatterGatherList = WrappedBuildScatterGatherList,
	.BuildMdlFromScatterGatherList = WrappedBuildMdlFromScatterGatherList,
	.GetDmaAdapterInfo = WrappedGetDmaAdapterInfo,
	.GetDmaTransferInfo = WrappedGetDmaTransferInfo,
	.InitializeDmaTransferContext = WrappedInitializeDmaTransferContext,
	.AllocateCommonBufferEx = WrappedAllocateCommonBufferEx,
	.AllocateAdapterChannelEx = WrappedAllocateAdapterChannelEx,
	.ConfigureAdapterChannel = WrappedConfigureAdapterChannel,
	.CancelAdapterChannel = WrappedCancelAdapterChannel,
	.MapTransferEx = WrappedMapTransferEx,
	.GetScatterGatherListEx = WrappedGetScatterGatherListEx,
	.BuildScatterGatherListEx = WrappedBuildScatterGatherListEx,
	.FlushAdapterBuffersEx = WrappedFlushAdapterBuffersEx,
	.FreeAdapterObject = WrappedFreeAdapterObject,
	.CancelMappedTransfer = WrappedCancelMappedTransfer,
	.AllocateDomainCommonBuffer = WrappedAllocateDomainCommonBuffer,
	.FlushDmaBuffer = WrappedFlushDmaBuffer,
	.JoinDmaDomain = WrappedJoinDmaDomain,
	.LeaveDmaDomain = WrappedLeaveDmaDomain,
	.GetDmaDomain = WrappedGetDmaDomain,
	.AllocateCommonBufferWithBounds = WrappedAllocateCommonBufferWithBounds,
	.AllocateCommonBufferVector = WrappedAllocateCommonBufferVector,
	.GetCommonBufferFromVectorByIndex = WrappedGetCommonBufferFromVectorByIndex,
	.FreeCommonBufferFromVector = WrappedFreeCommonBufferFromVector,
	.FreeCommonBufferVector = WrappedFreeCommonBufferVector,
	.CreateCommonBufferFromMdl = WrappedCreateCommonBufferFromMdl,
};

typedef struct _RING_ENTRY {
	ULONG64 Address;
	ULONG Length;
	ULONG Flags;
} RING_ENTRY, *PRING_ENTRY;

#define RING_BYTES	(256 * sizeof(RING_ENTRY))

/* Memory that the driver knows by the type of what lies in it, handed through PVOID *. */
static const char *TableVector(PDMA_ADAPTER adapter)
{
	PDMA_OPERATIONS operations = adapter->DmaOperations;
	PHYSICAL_ADDRESS low = { .QuadPart = 0 }, high = { .QuadPart = -1 }, logical;
	MEMORY_CACHING_TYPE cache = operations->GetDmaAlignment(adapter) == 1 ? MmCached :
									       MmNonCached;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PRING_ENTRY ring = NULL;

	CORPUS_EXPECT(NT_SUCCESS(operations->AllocateCommonBufferVector(adapter, low, high, cache,
									0, 0, 2, RING_BYTES,
									&vector)));
	operations->GetCommonBufferFromVectorByIndex(adapter, vector, 1, (PVOID *)&ring, &logical);
	if (ring)
		ring[255].Flags = 1;
	operations->FreeCommonBufferVector(adapter, vector);
	CORPUS_EXPECT(ring && logical.QuadPart);
	return NULL;
}

static const char *TableBuffers(PDMA_ADAPTER adapter)
{
	PDMA_OPERATIONS operations = adapter->DmaOperations;
	PDMA_ADAPTER_INFO info;
	DMA_ADAPTER_INFO storage;
	DMA_LOGICAL_ADDRESS logical;
	PRING_ENTRY ring;

	ring = (PRING_ENTRY)operations->AllocateCommonBuffer(adapter, RING_BYTES, &logical, TRUE);
	CORPUS_EXPECT(ring);
	ring[0].Address = logical.QuadPart;
	operations->FreeCommonBuffer(adapter, RING_BYTES, logical, ring, TRUE);
	CORPUS_EXPECT(CALLS(AllocateCommonBuffer) == 1 && CALLS(FreeCommonBuffer) == 1);

	info = &storage;
	info->Version = DMA_ADAPTER_INFO_VERSION1;
	CORPUS_EXPECT(NT_SUCCESS(operations->GetDmaAdapterInfo(adapter, info)));
	CORPUS_EXPECT(CALLS(GetDmaAdapterInfo) == 1 && info->V1.DmaAddressWidth);
	return NULL;
}

const char *CorpusWrappedTable(PDMA_ADAPTER adapter)
{
	const char *failed;

	RtlZeroMemory(&Table, sizeof(Table));
	Table.Original = adapter->DmaOperations;
	adapter->DmaOperations = &WrappedOperations;
	failed = TableBuffers(adapter);
	if (!failed)
		failed = TableVector(adapter);
	adapter->DmaOperations = Table.Original;
	if (failed)
		return failed;
	CORPUS_EXPECT(CALLS(AllocateCommonBufferVector) == 1 && CALLS(FreeCommonBufferVector) == 1);
	CORPUS_EXPECT(CALLS(GetDmaAlignment) == 1);
	return NULL;
}

/* A driver asks the size of the table which operations there are. */
static const char *SizeOf(PDEVICE_OBJECT device_object, ULONG version, ULONG expected)
{
	DEVICE_DESCRIPTION description;
	PDMA_OPERATIONS operations;
	ULONG registers, size;
	BOOLEAN ex, vectors;
	PADAPTER_OBJECT adapter;

	RtlZeroMemory(&description, sizeof(description));
	description.Version = version;
	description.Master = TRUE;
	description.ScatterGather = TRUE;
	description.Dma32BitAddresses = TRUE;
	description.Dma64BitAddresses = TRUE;
	description.DmaAddressWidth = 64;
	description.InterfaceType = PCIBus;
	description.MaximumLength = MAXULONG;
	adapter = IoGetDmaAdapter(device_object, &description, &registers);
	CORPUS_EXPECT(adapter);
	operations = adapter->DmaOperations;
	size = operations->Size;
	ex = RTL_CONTAINS_FIELD(operations, operations->Size, AllocateCommonBufferEx);
	vectors = RTL_CONTAINS_FIELD(operations, operations->Size, FreeCommonBufferVector);
	operations->PutDmaAdapter(adapter);
	CORPUS_EXPECT(size == expected);
	CORPUS_EXPECT(ex == (version == DEVICE_DESCRIPTION_VERSION3));
	CORPUS_EXPECT(vectors == (version == DEVICE_DESCRIPTION_VERSION3));
	return NULL;
}

const char *CorpusSizes(PDEVICE_OBJECT device_object)
{
	const char *failed = SizeOf(device_object, DEVICE_DESCRIPTION_VERSION1, 0x68);

	if (!failed)
		failed = SizeOf(device_object, DEVICE_DESCRIPTION_VERSION2, 0x80);
	if (!failed)
		failed = SizeOf(device_object, DEVICE_DESCRIPTION_VERSION3,
				RTL_SIZEOF_THROUGH_FIELD(DMA_OPERATIONS,
							 CreateCommonBufferFromMdl));
	return failed;
}
