/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the transfer family share: MDL chains as the memory of a
 * transfer, and the contexts by which requests are cancelled.
 */
#ifndef WDMDMA_WDM_MDL_CHAIN_H
#define WDMDMA_WDM_MDL_CHAIN_H

#include "core/transfer.h"
#include "wdm/wdm_mdl_common.h"

/* A chain of MDLs longer than this is taken for a loop. */
#define WDM_CHAIN_LIMIT		65536

/* Flags of the calls that take some. */
#define WDM_TRANSFER_FLAGS	(DMA_SYNCHRONOUS_CALLBACK | DMA_ZERO_BUFFERS | DMA_FAIL_ON_BOUNCE)

static inline enum dma_data_direction wdm_direction(BOOLEAN write_to_device)
{
	return write_to_device ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

/* Bytes of a list with @elements elements. Nothing of ours stands behind them. */
static inline u64 wdm_sg_list_bytes(u64 elements)
{
	return sizeof(SCATTER_GATHER_LIST) + elements * sizeof(SCATTER_GATHER_ELEMENT);
}

/* Where in the MDL an address of its range is: no more than an index, so it need not be valid. */
static inline u64 wdm_va_offset(const MDL *mdl, const void *current_va)
{
	return (ULONG_PTR)current_va - (ULONG_PTR)MmGetMdlVirtualAddress(mdl);
}

/* wdm/wdm_mdl_chain.c */
const char *wdm_mdl_fault(PMDL mdl, u64 offset, u64 length, bool device_writes);
const char *wdm_chain_fault(PMDL mdl, u64 offset, u64 length, bool device_writes);
bool wdm_chain_holds(const MDL *mdl, u64 offset, u64 length);
struct wdmdma_source wdm_chain_source(PMDL mdl, u64 offset, u64 length);

/* wdm/wdm_transfer_context.c */
NTSTATUS wdm_context_use(struct wdmdma_adapter *adapter, const char *call, PVOID context);

/*
 * The arguments of the four calls; @va is NULL in those that count from the chain's start.
 * @source is what they say, once it is checked. @readers: the list is also looked at by
 * who holds nothing but RCU's read lock, after wdmdma_sg_list_is_live().
 */
struct wdm_sg_list_args {
	const char *call;
	unsigned long caller;
	PDEVICE_OBJECT object;
	PVOID block;
	PMDL mdl;
	const PVOID *va;
	u64 offset;
	ULONG length;
	ULONG flags;
	PDRIVER_LIST_CONTROL routine;
	PVOID context;
	BOOLEAN write;
	PVOID buffer;
	ULONG buffer_length;
	bool readers;
	struct wdmdma_source source;
};

/* wdm/wdm_sg_list.c */
NTSTATUS wdm_sg_list_get(PDMA_ADAPTER dma_adapter, struct wdm_sg_list_args *args,
			 PSCATTER_GATHER_LIST *result);
NTSTATUS wdm_sg_list_mdl(struct wdmdma_adapter *adapter, const char *call, const void *address,
			 PMDL original, PMDL *target);
void wdm_sg_list_fill(const struct wdmdma_transfer *transfer, PSCATTER_GATHER_LIST list);

#endif /* WDMDMA_WDM_MDL_CHAIN_H */
