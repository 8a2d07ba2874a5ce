/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfer contexts, and the arguments of all calls for transfers. See
 * wdm/wdm_transfer_context.c.
 */
#ifndef WDMDMA_WDM_TRANSFER_CONTEXT_H
#define WDMDMA_WDM_TRANSFER_CONTEXT_H

#include <linux/dma-direction.h>

#include <wdmdma/dma.h>

struct wdmdma_adapter;

/* All flags that a call for a transfer may have. */
#define WDM_TRANSFER_FLAGS	(DMA_SYNCHRONOUS_CALLBACK | DMA_ZERO_BUFFERS | DMA_FAIL_ON_BOUNCE)

static inline enum dma_data_direction wdm_direction(BOOLEAN write_to_device)
{
	return write_to_device ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

int wdm_context_use(struct wdmdma_adapter *adapter, const char *call, PVOID transfer_context,
		    bool *first);
void wdm_context_unuse(struct wdmdma_adapter *adapter, const char *call, PVOID transfer_context);

#endif /* WDMDMA_WDM_TRANSFER_CONTEXT_H */
