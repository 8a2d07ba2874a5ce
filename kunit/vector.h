/* SPDX-License-Identifier: GPL-2.0-only */
/* Common buffer vector calls with their usual arguments. */
#ifndef WDMDMA_KUNIT_VECTOR_H
#define WDMDMA_KUNIT_VECTOR_H

#include "helpers.h"

NTSTATUS vector_alloc_below(struct wdmdma_fixture *fixture, u64 maximum, ULONG flags, ULONG count,
			    ULONGLONG size, PDMA_COMMON_BUFFER_VECTOR *vector);
NTSTATUS vector_alloc(struct wdmdma_fixture *fixture, ULONG count, ULONGLONG size,
		      PDMA_COMMON_BUFFER_VECTOR *vector);
bool vector_get(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector, ULONG index,
		PVOID *va, PHYSICAL_ADDRESS *la);
void vector_free(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector);
void vector_element_free(struct wdmdma_fixture *fixture, PDMA_COMMON_BUFFER_VECTOR vector, ULONG n);

#endif /* WDMDMA_KUNIT_VECTOR_H */
