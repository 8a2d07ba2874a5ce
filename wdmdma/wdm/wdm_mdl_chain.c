// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: MDLs, alone or chained, as memory for a device.
 *
 * An offset counts bytes from the first byte of the first MDL, across the chain. A page that two
 * MDLs of a chain share counts for each of them.
 */
#include "core/transfer_source.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_mdl_common.h"

/*
 * Return 0 if a device can use this part of one MDL, or -EINVAL. The part must lie in the MDL.
 */
int wdm_mdl_check(PMDL mdl, u64 offset, u64 length, bool device_writes,
		  struct wdmdma_refusal *refusal)
{
	unsigned long i, first = (mdl->ByteOffset + offset) >> PAGE_SHIFT;
	int ret = wdm_mdl_check_flags(mdl, device_writes, refusal);
	struct wdmdma_known known = {};

	if (ret)
		return ret;
	for (i = first; i < PFN_UP(mdl->ByteOffset + offset + length); i++) {
		PFN_NUMBER pfn = MmGetMdlPfnArray(mdl)[i];

		if (!wdmdma_pfns_are_memory(pfn, pfn, &known))
			return wdmdma_deny(refusal, -EINVAL, "the MDL describes device memory");
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
bool wdm_chain_holds_beyond(const MDL *mdl, u64 offset, u64 length)
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

/* Return 0 if a device can use a part of several MDLs, or -EINVAL. */
int wdm_chain_check_beyond(PMDL mdl, u64 offset, u64 length, bool device_writes,
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

/* Move @source to the next MDL that has bytes. */
void wdm_chain_more(struct wdmdma_source *source)
{
	u64 offset = 0;
	const MDL *mdl = wdm_chain_seek(((PMDL)source->mdl)->Next, &offset);

	wdm_chain_enter(source, mdl, offset);
}

/* Return a part of a chain that does not begin in the first MDL as the memory of a transfer. */
struct wdmdma_source wdm_chain_source_beyond(PMDL mdl, u64 offset, u64 length)
{
	struct wdmdma_source source = {
		.left = length,
		.more = wdm_chain_more,
	};

	mdl = (PMDL)wdm_chain_seek(mdl, &offset);
	wdm_chain_enter(&source, mdl, offset);
	return source;
}
