// SPDX-License-Identifier: GPL-2.0-only
/* See lookup.h. */
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "lookup.h"

struct lookup_buffer lookup_alloc(struct kunit *test, ULONG length)
{
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = { .length = length };

	b.va = f->ops->AllocateCommonBuffer(f->adapter, length, &b.la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, b.va);
	return b;
}

/* Make a common buffer on contiguous memory of the driver. */
struct lookup_buffer lookup_import(struct kunit *test, ULONG length, MEMORY_CACHING_TYPE cache)
{
	PHYSICAL_ADDRESS low = { .QuadPart = SZ_16M }, high = { .QuadPart = -1 }, none = {};
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = { .length = length };

	b.va = MmAllocateContiguousMemorySpecifyCache(length, low, high, none, cache);
	KUNIT_ASSERT_NOT_NULL(test, b.va);
	b.mdl = IoAllocateMdl(b.va, length, FALSE, FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, b.mdl);
	MmBuildMdlForNonPagedPool(b.mdl);
	KUNIT_ASSERT_EQ(test, f->ops->CreateCommonBufferFromMdl(f->adapter, b.mdl, NULL, 0, &b.la),
			STATUS_SUCCESS);
	return b;
}

void lookup_release(struct kunit *test, struct lookup_buffer b)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->FreeCommonBuffer(f->adapter, b.length, b.la, b.va, TRUE);
	if (b.mdl) {
		IoFreeMdl(b.mdl);
		MmFreeContiguousMemory(b.va);
	}
}

PDMA_COMMON_BUFFER_VECTOR lookup_vector_alloc(struct kunit *test, ULONG count, ULONGLONG size,
					      ULONG flags)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = -1 };
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;

	KUNIT_ASSERT_EQ(test, f->ops->AllocateCommonBufferVector(f->adapter, low, high, MmCached, 0,
								 flags, count, size, &vector),
			STATUS_SUCCESS);
	return vector;
}

void lookup_vector_free(struct kunit *test, PDMA_COMMON_BUFFER_VECTOR vector)
{
	struct wdmdma_fixture *f = test->priv;

	f->ops->FreeCommonBufferVector(f->adapter, vector);
}

struct lookup_buffer lookup_element(struct kunit *test, PDMA_COMMON_BUFFER_VECTOR vector,
				    ULONG index, ULONG length)
{
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = { .length = length };
	PVOID va;

	f->ops->GetCommonBufferFromVectorByIndex(f->adapter, vector, index, &va, &b.la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	b.va = va;
	return b;
}
