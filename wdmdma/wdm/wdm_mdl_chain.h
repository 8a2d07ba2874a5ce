/* SPDX-License-Identifier: GPL-2.0-only */
/* Chains of MDLs as the memory of a transfer. See wdm/wdm_mdl_chain.c. */
#ifndef WDMDMA_WDM_MDL_CHAIN_H
#define WDMDMA_WDM_MDL_CHAIN_H

#include "core/transfer_source.h"
#include "lib/bug_check.h"
#include "lib/refusal.h"
#include "wdm/wdm_mdl_common.h"

/* A longer chain of MDLs is treated as a loop. */
#define WDM_CHAIN_LIMIT		65536

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

#endif /* WDMDMA_WDM_MDL_CHAIN_H */
