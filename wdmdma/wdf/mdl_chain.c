// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of MDLs, counted in pages of Windows. A chain that goes round is refused when a
 * transaction is initialized. The driver may still change the chain later. So MDLs without bytes
 * are skipped in a limited number only, and no walk takes more steps than bytes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "address.h"
#include "wdf/transaction.h"

#define WDF_MOST_EMPTY	4096

/* Return why an MDL of a driver cannot be used, or NULL. */
static const char *wdf_mdl_fault(PMDL mdl)
{
	size_t needed = MmSizeOfMdl(MmGetMdlVirtualAddress(mdl), mdl->ByteCount);
	u16 size = mdl->Size;

	if (!mdl->ByteCount || size == WDMDMA_MDL_SIZE_MOST || needed <= size)
		return NULL;
	return "an MDL has more bytes than its Size has page frames for";
}

/*
 * Look at the MDLs of these bytes, and note what is found. A walk that meets an MDL of an earlier
 * step goes round. That MDL is moved up after 1, 2, 4, 8 and so on steps, so each circle is found
 * after a few turns. One whose first turns have all the bytes ends there, and does no harm.
 */
void wdf_chain_look(PMDL mdl, size_t offset, size_t length, struct wdf_chain *chain)
{
	size_t left = offset + length, step = 0, most = 1;
	unsigned int empty = 0;
	PMDL earlier = NULL;

	*chain = (struct wdf_chain) {};
	for (; mdl && left && empty <= WDF_MOST_EMPTY; mdl = mdl->Next, chain->mdls++) {
		if (wdmdma_is_no_address(mdl))
			chain->fault = "Next of an MDL is no address of the kernel";
		else if (mdl == earlier)
			chain->fault = "the chain of MDLs goes round";
		else
			chain->fault = wdf_mdl_fault(mdl);
		if (chain->fault)
			return;
		if (++step == most) {
			earlier = mdl;
			most *= 2;
			step = 0;
		}
		left -= min_t(size_t, left, mdl->ByteCount);
		empty = mdl->ByteCount ? 0 : empty + 1;
	}
	chain->holds = !left;
}

/* Return the first MDL from @mdl on that has bytes, or NULL. */
static PMDL wdf_chain_skip(PMDL mdl)
{
	unsigned int empty;

	for (empty = 0; mdl && !mdl->ByteCount; mdl = mdl->Next)
		if (++empty > WDF_MOST_EMPTY)
			return NULL;
	return mdl;
}

/* Return the MDL with byte @offset of a chain, which has it, and make @offset one in that MDL. */
PMDL wdf_chain_at(PMDL mdl, size_t *offset)
{
	for (mdl = wdf_chain_skip(mdl); mdl && *offset >= mdl->ByteCount;
	     mdl = wdf_chain_skip(mdl->Next))
		*offset -= mdl->ByteCount;
	return mdl;
}

/* Return how many pages these bytes touch. A page that two MDLs share counts for both. */
size_t wdf_chain_pages(PMDL mdl, size_t offset, size_t length)
{
	size_t pages = 0, part;

	for (mdl = wdf_chain_at(mdl, &offset); mdl && length; mdl = wdf_chain_skip(mdl->Next)) {
		part = min(length, mdl->ByteCount - offset);
		pages += wdf_span(mdl->ByteOffset + offset, part);
		length -= part;
		offset = 0;
	}
	return pages;
}

/*
 * Return how many of these bytes make one transfer with this many map registers. A transfer that
 * needs more ends with an MDL. If already its first MDL needs more, nothing is cut.
 */
size_t wdf_chain_cut(PMDL mdl, size_t offset, size_t length, size_t pages)
{
	size_t left = length, part, span;

	for (mdl = wdf_chain_at(mdl, &offset); mdl && left; mdl = wdf_chain_skip(mdl->Next)) {
		part = min(left, mdl->ByteCount - offset);
		span = wdf_span(mdl->ByteOffset + offset, part);
		if (span > pages)
			break;
		pages -= span;
		left -= part;
		offset = 0;
	}
	return left < length ? length - left : length;
}

/*
 * Return true if a transfer of these bytes touches more than @most pages. The transfers have at
 * most @limit bytes and @registers map registers. In one MDL the places of the transfers in their
 * pages repeat, after as many transfers as a page has bytes at the latest. So no more of them are
 * tried.
 */
bool wdf_chain_is_fragmented(PMDL mdl, size_t offset, size_t length, size_t limit, u32 registers,
			     u32 most)
{
	size_t tried = 0, part, whole;
	PMDL last = NULL;

	while (length && (mdl = wdf_chain_at(mdl, &offset))) {
		part = wdf_chain_cut(mdl, offset, min(length, limit), registers);
		if (wdf_chain_pages(mdl, offset, part) > most)
			return true;
		tried = mdl == last ? tried + 1 : 0;
		last = mdl;
		whole = min(length, mdl->ByteCount - offset) / limit * limit;
		if (whole && (tried == WDF_PAGE_SIZE || wdf_span(WDF_PAGE_SIZE - 1, limit) <= most))
			part = whole;
		offset += part;
		length -= part;
	}
	return false;
}
