// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: MDLs, alone or chained, as memory for a device.
 *
 * An offset counts bytes from the first byte of the first MDL, across the chain. A page that two
 * MDLs of a chain share counts for each of them.
 */
#include <linux/mmzone.h>

#include "core/transfer.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_mdl_common.h"

/* Return 0 if a device can use this MDL, as far as its flags say that, or -EINVAL. */
static int wdm_mdl_check_flags(PMDL mdl, bool device_writes, struct wdmdma_refusal *refusal)
{
	if (!(mdl->MdlFlags & WDM_MDL_RESIDENT))
		return wdmdma_deny(refusal, -EINVAL, "the pages of the MDL are not locked");
	if (mdl->MdlFlags & MDL_IO_SPACE)
		return wdmdma_deny(refusal, -EINVAL, "the MDL describes device memory");
	if (device_writes && !(mdl->MdlFlags & MDL_WRITE_OPERATION) &&
	    (wdm_mdl_has_user_pages(mdl) ||
	     (mdl->MdlFlags & MDL_PAGES_LOCKED && !wdm_mdl_owns_pages(mdl))))
		return wdmdma_deny(refusal, -EINVAL,
				   "the pages are locked for reading only, and the device may write");
	return 0;
}

/*
 * Return 0 if a device can use this part of one MDL, or -EINVAL. The part must lie in the MDL.
 */
int wdm_mdl_check(PMDL mdl, u64 offset, u64 length, bool device_writes,
		  struct wdmdma_refusal *refusal)
{
	unsigned long i, first = (mdl->ByteOffset + offset) >> PAGE_SHIFT;
	PFN_NUMBER subsection = ULONG_MAX;
	int ret = wdm_mdl_check_flags(mdl, device_writes, refusal);

	if (ret)
		return ret;
	for (i = first; i < PFN_UP(mdl->ByteOffset + offset + length); i++) {
		PFN_NUMBER pfn = MmGetMdlPfnArray(mdl)[i];

		if (pfn / PAGES_PER_SUBSECTION == subsection)
			continue;
		if (!wdmdma_pfn_is_memory(pfn))
			return wdmdma_deny(refusal, -EINVAL, "the MDL describes device memory");
		subsection = pfn / PAGES_PER_SUBSECTION;
	}
	return 0;
}

/*
 * Return the MDL that holds the byte at @offset, and make @offset relative to that MDL. The chain
 * must hold the byte.
 */
static const MDL *wdm_chain_seek(const MDL *mdl, u64 *offset)
{
	while (*offset >= mdl->ByteCount) {
		*offset -= mdl->ByteCount;
		mdl = mdl->Next;
	}
	return mdl;
}

/*
 * Return true if an MDL comes twice among the first @steps MDLs. One pointer moves twice as fast
 * as the other. In a loop the fast pointer reaches the slow pointer from behind, before the slow
 * pointer has gone round once.
 */
static bool wdm_chain_is_loop(const MDL *mdl, unsigned int steps)
{
	const MDL *fast = mdl;

	while (steps--) {
		mdl = mdl->Next;
		fast = fast->Next ? fast->Next->Next : NULL;
		if (!fast)
			return false;
		if (fast == mdl)
			return true;
	}
	return false;
}

/* Return true if the chain has all these bytes, each of them once. */
bool wdm_chain_holds(const MDL *mdl, u64 offset, u64 length)
{
	u64 last = offset + length - 1;
	unsigned int steps = 0;
	const MDL *end;

	if (last < offset)
		return false;
	for (end = mdl; end && last >= end->ByteCount; end = end->Next) {
		last -= end->ByteCount;
		if (++steps == WDM_CHAIN_LIMIT)
			return false;
	}
	return end && !wdm_chain_is_loop(mdl, steps);
}

/*
 * Return 0 if a device can use this part of a chain, or -EINVAL. The chain must hold the part. The
 * core checks the pages when it cuts them into pieces.
 */
int wdm_chain_check(PMDL mdl, u64 offset, u64 length, bool device_writes,
		    struct wdmdma_refusal *refusal)
{
	u64 part;
	int ret;

	mdl = (PMDL)wdm_chain_seek(mdl, &offset);
	for (; length; length -= part) {
		part = min(length, mdl->ByteCount - offset);
		/* An empty MDL has no pages. */
		ret = part ? wdm_mdl_check_flags(mdl, device_writes, refusal) : 0;
		if (ret)
			return ret;
		offset = 0;
		mdl = mdl->Next;
	}
	return 0;
}

/* Move @source to a byte of an MDL. The MDL must hold the byte. */
static void wdm_chain_enter(struct wdmdma_source *source, const MDL *mdl, u64 offset)
{
	u64 start = mdl->ByteOffset + offset;

	source->mdl = (PMDL)mdl;
	source->pfn = MmGetMdlPfnArray((PMDL)mdl) + (start >> PAGE_SHIFT);
	source->offset = offset_in_page(start);
	source->here = mdl->ByteCount - offset;
}

static void wdm_chain_more(struct wdmdma_source *source)
{
	u64 offset = 0;
	const MDL *mdl = wdm_chain_seek(((PMDL)source->mdl)->Next, &offset);

	wdm_chain_enter(source, mdl, offset);
}

/* Return a part of a chain as the memory of a transfer. The chain must hold the part. */
struct wdmdma_source wdm_chain_source(PMDL mdl, u64 offset, u64 length)
{
	struct wdmdma_source source = {
		.left = length,
		.more = wdm_chain_more,
	};

	mdl = (PMDL)wdm_chain_seek(mdl, &offset);
	wdm_chain_enter(&source, mdl, offset);
	return source;
}
