/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the files for transfers share: MDL chains as the memory of a transfer, and
 * the contexts by which requests are cancelled.
 */
#ifndef WDMDMA_WDM_MDL_CHAIN_H
#define WDMDMA_WDM_MDL_CHAIN_H

#include "core/transfer.h"
#include "lib/refusal.h"
#include "wdm/wdm_mdl_common.h"

/* A longer chain of MDLs is treated as a loop. */
#define WDM_CHAIN_LIMIT		65536

/* All flags that a call for a transfer may have. */
#define WDM_TRANSFER_FLAGS	(DMA_SYNCHRONOUS_CALLBACK | DMA_ZERO_BUFFERS | DMA_FAIL_ON_BOUNCE)

static inline enum dma_data_direction wdm_direction(BOOLEAN write_to_device)
{
	return write_to_device ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

/* Return the bytes of a list with @elements elements. The module stores nothing behind them. */
static inline u64 wdm_sg_list_bytes(u64 elements)
{
	return sizeof(SCATTER_GATHER_LIST) + elements * sizeof(SCATTER_GATHER_ELEMENT);
}

/*
 * Return the offset of an address in the MDL's range. The address is only an index, so it need
 * not be valid.
 */
static inline u64 wdm_va_offset(const MDL *mdl, const void *current_va)
{
	return (ULONG_PTR)current_va - (ULONG_PTR)MmGetMdlVirtualAddress(mdl);
}

/* wdm/wdm_mdl_chain.c */
int wdm_mdl_check(PMDL mdl, u64 offset, u64 length, bool device_writes,
		  struct wdmdma_refusal *refusal);
int wdm_chain_check(PMDL mdl, u64 offset, u64 length, bool device_writes,
		    struct wdmdma_refusal *refusal);
bool wdm_chain_holds(const MDL *mdl, u64 offset, u64 length);
struct wdmdma_source wdm_chain_source(PMDL mdl, u64 offset, u64 length);

/* wdm/wdm_transfer_context.c */
NTSTATUS wdm_context_use(struct wdmdma_adapter *adapter, const char *call, PVOID context);

/*
 * Arguments of the four calls that start a list. @va is NULL in the calls that count from the
 * start of the chain. @source is set when the arguments are checked. @settled says that no
 * FreeAdapterObject follows, although there is no routine. @readers says that the list may also be
 * read under the RCU read lock alone, after wdmdma_sg_list_is_live().
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
	bool settled;
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
