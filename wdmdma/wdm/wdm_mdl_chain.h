/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the files for transfers share: MDL chains as the memory of a transfer, and
 * the contexts by which requests are cancelled.
 */
#ifndef WDMDMA_WDM_MDL_CHAIN_H
#define WDMDMA_WDM_MDL_CHAIN_H

#include "core/transfer.h"
#include "lib/bug_check.h"
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

/*
 * Return true if an address with this offset is none of the MDL. In a chain the bytes of the next
 * MDLs follow those of the first, which may be empty.
 */
static inline bool wdm_va_is_outside(const MDL *mdl, u64 offset)
{
	return offset >= mdl->ByteCount && !mdl->Next;
}

/* wdm/wdm_mdl_chain.c */
int wdm_mdl_check(PMDL mdl, u64 offset, u64 length, bool device_writes,
		  struct wdmdma_refusal *refusal);
int wdm_chain_check_beyond(PMDL mdl, u64 offset, u64 length, bool device_writes,
			   struct wdmdma_refusal *refusal);
bool wdm_chain_holds_beyond(const MDL *mdl, u64 offset, u64 length);
struct wdmdma_source wdm_chain_source_beyond(PMDL mdl, u64 offset, u64 length);
void wdm_chain_more(struct wdmdma_source *source);

/* Return 0 if a device can use this MDL, as far as its flags say that, or -EINVAL. */
static inline int wdm_mdl_check_flags(PMDL mdl, bool device_writes, struct wdmdma_refusal *refusal)
{
	if (!(mdl->MdlFlags & WDM_MDL_RESIDENT))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x0E),
				       "the pages of the MDL are not locked");
	if (mdl->MdlFlags & MDL_IO_SPACE)
		return wdmdma_deny(refusal, -EINVAL, "the MDL describes device memory");
	/* Pages of ways A and C are for all uses. A part inherits what tells the ways apart. */
	if (device_writes &&
	    !(mdl->MdlFlags & (MDL_WRITE_OPERATION | MDL_SOURCE_IS_NONPAGED_POOL)) &&
	    !wdm_mdl_has_way_c_pages(mdl))
		return wdmdma_deny(refusal, -EINVAL,
				   "the pages are locked for reading only, and the device may write");
	return 0;
}

/* Return true if the MDL has all these bytes itself. Most transfers are of one MDL. */
static inline bool wdm_mdl_holds(const MDL *mdl, u64 offset, u64 length)
{
	return offset <= mdl->ByteCount && length <= mdl->ByteCount - offset;
}

/* Return true if the chain has all these bytes, each of them once. There must be a byte. */
static inline bool wdm_chain_holds(const MDL *mdl, u64 offset, u64 length)
{
	return likely(wdm_mdl_holds(mdl, offset, length)) ||
	       wdm_chain_holds_beyond(mdl, offset, length);
}

/*
 * Return 0 if a device can use this part of a chain, or -EINVAL. The chain must hold the part. The
 * core checks the pages when it cuts them into pieces.
 */
static inline int wdm_chain_check(PMDL mdl, u64 offset, u64 length, bool device_writes,
				  struct wdmdma_refusal *refusal)
{
	if (likely(wdm_mdl_holds(mdl, offset, length)))
		return wdm_mdl_check_flags(mdl, device_writes, refusal);
	return wdm_chain_check_beyond(mdl, offset, length, device_writes, refusal);
}

/* Move @source to a byte of an MDL. The MDL must hold the byte. */
static inline void wdm_chain_enter(struct wdmdma_source *source, const MDL *mdl, u64 offset)
{
	u64 start = mdl->ByteOffset + offset;

	source->mdl = (PMDL)mdl;
	source->pfn = MmGetMdlPfnArray((PMDL)mdl) + (start >> PAGE_SHIFT);
	source->offset = offset_in_page(start);
	source->here = mdl->ByteCount - offset;
}

/* Return a part of a chain as the memory of a transfer. The chain must hold the part. */
static inline struct wdmdma_source wdm_chain_source(PMDL mdl, u64 offset, u64 length)
{
	struct wdmdma_source source = {
		.left = length,
		.more = wdm_chain_more,
	};

	if (unlikely(offset >= mdl->ByteCount))
		return wdm_chain_source_beyond(mdl, offset, length);
	wdm_chain_enter(&source, mdl, offset);
	return source;
}

/* wdm/wdm_transfer_context.c */
int wdm_context_use(struct wdmdma_adapter *adapter, const char *call, PVOID transfer_context,
		    bool *first);
void wdm_context_unuse(struct wdmdma_adapter *adapter, const char *call, PVOID transfer_context);

/*
 * Arguments of the four calls that start a list. @va is NULL in the calls that count from the
 * start of the chain. @ops calls @routine, so the two must be for the same type of routine. @settled
 * says that no FreeAdapterObject follows, although there is no routine. @readers says that the list
 * may also be read under the RCU read lock alone, while wdmdma_sg_lists_stay().
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

/* wdm/wdm_sg_list.c */
extern const struct wdmdma_sg_list_ops wdm_sg_list_ops;

int wdm_sg_list_prepare(struct wdmdma_transfer *transfer, gfp_t gfp);
void wdm_sg_list_fill_own(struct wdmdma_transfer *transfer);
void wdm_sg_list_release(struct wdmdma_transfer *transfer);
int wdm_sg_list_get(PDMA_ADAPTER dma_adapter, struct wdm_sg_list_args *args,
		    PSCATTER_GATHER_LIST *result);
NTSTATUS wdm_sg_list_mdl(struct wdmdma_adapter *adapter, const char *call, const void *address,
			 PMDL original, PMDL *target);
void wdm_sg_list_fill(const struct wdmdma_transfer *transfer, PSCATTER_GATHER_LIST list);

#endif /* WDMDMA_WDM_MDL_CHAIN_H */
