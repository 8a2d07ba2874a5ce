// SPDX-License-Identifier: GPL-2.0-only
/* See vector.h. */
#include "helpers.h"
#include "vector.h"

NTSTATUS vector_alloc_below(struct wdmdma_fixture *fixture, u64 maximum, ULONG flags, ULONG count,
			    ULONGLONG size, PDMA_COMMON_BUFFER_VECTOR *vector)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = maximum };

	return fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, MmCached, 0,
							flags, count, size, vector);
}

NTSTATUS vector_alloc(struct wdmdma_fixture *fixture, ULONG count, ULONGLONG size,
		      PDMA_COMMON_BUFFER_VECTOR *vector)
{
	return vector_alloc_below(fixture, U64_MAX, 0, count, size, vector);
}

bool vector_get(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector, ULONG index,
		PVOID *va, PHYSICAL_ADDRESS *la)
{
	*va = (void *)1;
	la->QuadPart = 1;
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, index, va, la);
	return *va;
}

void vector_free(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector)
{
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

void vector_element_free(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector, ULONG n)
{
	fixture->ops->FreeCommonBufferFromVector(fixture->adapter, vector, n);
}
