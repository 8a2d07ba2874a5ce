// SPDX-License-Identifier: GPL-2.0-only
/* See sgl.h. */
#include "memory.h"
#include "sgl.h"

#define SYNC	DMA_SYNCHRONOUS_CALLBACK

const DMA_OPERATIONS *sgl_ops(PDMA_ADAPTER adapter)
{
	return adapter->DmaOperations;
}

NTSTATUS sgl_get(PDMA_ADAPTER adapter, PMDL mdl, size_t offset, ULONG length, BOOLEAN write,
		 struct wdmdma_caught *caught)
{
	PVOID va = mdl ? MmGetMdlVirtualAddress(mdl) + offset : NULL;

	return sgl_ops(adapter)->GetScatterGatherList(adapter, (PDEVICE_OBJECT)caught, mdl, va,
						      length, wdmdma_test_catch_list, caught,
						      write);
}

void sgl_put(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, BOOLEAN write)
{
	sgl_ops(adapter)->PutScatterGatherList(adapter, list, write);
}

/* Get a list synchronously, without a routine, from the start of the MDL chain. */
PSCATTER_GATHER_LIST sgl_get_now(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl, ULONG length,
				 BOOLEAN write)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PSCATTER_GATHER_LIST list;

	KUNIT_ASSERT_EQ(test, sgl_ops(adapter)->InitializeDmaTransferContext(adapter, context),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test,
			sgl_ops(adapter)->GetScatterGatherListEx(adapter, NULL, context, mdl, 0,
								 length, SYNC, NULL, NULL, write,
								 NULL, NULL, &list),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, list);
	return list;
}
