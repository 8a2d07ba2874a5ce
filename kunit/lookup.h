/* SPDX-License-Identifier: GPL-2.0-only */
/* Common buffers of every origin, for the suites that look buffers up. */
#ifndef WDMDMA_KUNIT_LOOKUP_H
#define WDMDMA_KUNIT_LOOKUP_H

#include <wdmdma/mdl.h>

#include "helpers.h"

/* One buffer, with the values that its driver knows. */
struct lookup_buffer {
	u8 *va;
	PHYSICAL_ADDRESS la;
	ULONG length;
	PMDL mdl;		/* the MDL of an imported buffer, or NULL */
};

struct lookup_buffer lookup_alloc(struct kunit *test, ULONG length);
struct lookup_buffer lookup_import(struct kunit *test, ULONG length, MEMORY_CACHING_TYPE cache);
void lookup_release(struct kunit *test, struct lookup_buffer b);
PDMA_COMMON_BUFFER_VECTOR lookup_vector_alloc(struct kunit *test, ULONG count, ULONGLONG size,
					      ULONG flags);
void lookup_vector_free(struct kunit *test, PDMA_COMMON_BUFFER_VECTOR vector);
struct lookup_buffer lookup_element(struct kunit *test, PDMA_COMMON_BUFFER_VECTOR vector,
				    ULONG index, ULONG length);

#endif /* WDMDMA_KUNIT_LOOKUP_H */
