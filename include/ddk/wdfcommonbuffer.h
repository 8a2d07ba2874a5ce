/* SPDX-License-Identifier: GPL-2.0-only */
/* Common buffers of an enabler. */
#ifndef DDK_WDFCOMMONBUFFER_H
#define DDK_WDFCOMMONBUFFER_H

#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

/* AlignmentRequirement is the boundary less one. */
typedef struct _WDF_COMMON_BUFFER_CONFIG {
	ULONG Size;
	ULONG AlignmentRequirement;
} WDF_COMMON_BUFFER_CONFIG, *PWDF_COMMON_BUFFER_CONFIG;

WDMDMA_INLINE VOID WDF_COMMON_BUFFER_CONFIG_INIT(PWDF_COMMON_BUFFER_CONFIG config,
						 ULONG alignment_requirement)
{
	config->Size = sizeof(*config);
	config->AlignmentRequirement = alignment_requirement;
}

NTSTATUS WdfCommonBufferCreate(WDFDMAENABLER dma_enabler, SIZE_T length,
			       PWDF_OBJECT_ATTRIBUTES attributes, WDFCOMMONBUFFER *common_buffer);
NTSTATUS WdfCommonBufferCreateWithConfig(WDFDMAENABLER dma_enabler, SIZE_T length,
					 PWDF_COMMON_BUFFER_CONFIG config,
					 PWDF_OBJECT_ATTRIBUTES attributes,
					 WDFCOMMONBUFFER *common_buffer);
PVOID WdfCommonBufferGetAlignedVirtualAddress(WDFCOMMONBUFFER common_buffer);
PHYSICAL_ADDRESS WdfCommonBufferGetAlignedLogicalAddress(WDFCOMMONBUFFER common_buffer);
SIZE_T WdfCommonBufferGetLength(WDFCOMMONBUFFER common_buffer);

WDMDMA_HEADER_END

#endif /* DDK_WDFCOMMONBUFFER_H */
