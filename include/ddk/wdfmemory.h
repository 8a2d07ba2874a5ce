/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory objects. */
#ifndef DDK_WDFMEMORY_H
#define DDK_WDFMEMORY_H

#include "wdm/pool.h"
#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

typedef struct _WDFMEMORY_OFFSET {
	SIZE_T BufferOffset;
	SIZE_T BufferLength;
} WDFMEMORY_OFFSET, *PWDFMEMORY_OFFSET;

NTSTATUS WdfMemoryCreate(PWDF_OBJECT_ATTRIBUTES attributes, POOL_TYPE pool_type, ULONG pool_tag,
			 SIZE_T buffer_size, WDFMEMORY *memory, PVOID *buffer);
NTSTATUS WdfMemoryCreatePreallocated(PWDF_OBJECT_ATTRIBUTES attributes, PVOID buffer,
				     SIZE_T buffer_size, WDFMEMORY *memory);
PVOID WdfMemoryGetBuffer(WDFMEMORY memory, SIZE_T *buffer_size);
NTSTATUS WdfMemoryCopyToBuffer(WDFMEMORY source_memory, SIZE_T source_offset, PVOID buffer,
			       SIZE_T num_bytes_to_copy_to);
NTSTATUS WdfMemoryCopyFromBuffer(WDFMEMORY destination_memory, SIZE_T destination_offset,
				 PVOID buffer, SIZE_T num_bytes_to_copy_from);

WDMDMA_HEADER_END

#endif /* DDK_WDFMEMORY_H */
