/* SPDX-License-Identifier: GPL-2.0-only */
/* Scatter/gather lists of the WDM layer. See wdm/wdm_sg_list.c. */
#ifndef WDMDMA_WDM_SG_LIST_H
#define WDMDMA_WDM_SG_LIST_H

#include <linux/gfp.h>

#include <wdmdma/dma.h>

#include "core/sg_list.h"

struct wdmdma_adapter;

/* Return the bytes of a list with @elements elements. The module stores nothing behind them. */
static inline u64 wdm_sg_list_bytes(u64 elements)
{
	return sizeof(SCATTER_GATHER_LIST) + elements * sizeof(SCATTER_GATHER_ELEMENT);
}

/*
 * Arguments of the four calls that start a list. @va is NULL in the calls that count from the
 * start of the chain. @ops calls @routine, so the two must be for the same type of routine.
 * @settled says that no FreeAdapterObject follows, although there is no routine. @readers says that
 * the list may also be read under the RCU read lock alone, while wdmdma_sg_lists_stay().
 */
struct wdm_sg_list_args {
	const char *call;
	unsigned long caller;
	PDEVICE_OBJECT device_object;
	PVOID transfer_context;
	PMDL mdl;
	const PVOID *va;
	u64 offset;
	ULONG length;
	ULONG flags;
	const struct wdmdma_sg_list_ops *ops;
	void *routine;
	PVOID context;
	BOOLEAN write;
	PVOID buffer;
	ULONG buffer_length;
	bool settled;
	bool readers;
};

extern const struct wdmdma_sg_list_ops wdm_sg_list_ops;

int wdm_sg_list_prepare(struct wdmdma_transfer *transfer, gfp_t gfp);
void wdm_sg_list_fill_own(struct wdmdma_transfer *transfer);
void wdm_sg_list_release(struct wdmdma_transfer *transfer);
int wdm_sg_list_get(PDMA_ADAPTER dma_adapter, struct wdm_sg_list_args *args,
		    PSCATTER_GATHER_LIST *result);
NTSTATUS wdm_sg_list_mdl(struct wdmdma_adapter *adapter, const char *call, const void *address,
			 PMDL original, PMDL *target);
void wdm_sg_list_fill(const struct wdmdma_transfer *transfer, PSCATTER_GATHER_LIST list);

#endif /* WDMDMA_WDM_SG_LIST_H */
