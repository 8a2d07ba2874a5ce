// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of MDLs, counted in pages of Windows. A chain of the driver's may go round. So MDLs
 * without bytes are skipped in a limited number only, and no walk takes more steps than bytes.
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

/* Return why a chain of a driver cannot be used for these bytes, or NULL. */
const char *wdf_chain_fault(PMDL mdl, size_t offset, size_t length)
{
	size_t left = offset + length;
	unsigned int empty = 0;
	const char *fault;

	for (; mdl && left && empty <= WDF_MOST_EMPTY; mdl = mdl->Next) {
		if (wdmdma_is_no_address(mdl))
			return "Next of an MDL is no address of the kernel";
		fault = wdf_mdl_fault(mdl);
		if (fault)
			return fault;
		left -= min_t(size_t, left, mdl->ByteCount);
		empty = mdl->ByteCount ? 0 : empty + 1;
	}
	return NULL;
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

bool wdf_chain_holds(PMDL mdl, size_t offset, size_t length)
{
	size_t end = offset + length;

	for (mdl = wdf_chain_skip(mdl); mdl; mdl = wdf_chain_skip(mdl->Next)) {
		if (end <= mdl->ByteCount)
			return true;
		end -= mdl->ByteCount;
	}
	return false;
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
