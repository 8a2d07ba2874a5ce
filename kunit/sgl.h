/* SPDX-License-Identifier: GPL-2.0-only */
/* Scatter/gather list calls with their usual arguments. */
#ifndef WDMDMA_KUNIT_SGL_H
#define WDMDMA_KUNIT_SGL_H

#include <wdmdma/mdl.h>

#include "memory.h"

const DMA_OPERATIONS *sgl_ops(PDMA_ADAPTER adapter);
NTSTATUS sgl_get(PDMA_ADAPTER adapter, PMDL mdl, size_t offset, ULONG length, BOOLEAN write,
		 struct wdmdma_caught *caught);
void sgl_put(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, BOOLEAN write);
PSCATTER_GATHER_LIST sgl_get_now(struct kunit *test, PDMA_ADAPTER adapter, PMDL mdl, ULONG length,
				 BOOLEAN write);

#endif /* WDMDMA_KUNIT_SGL_H */
