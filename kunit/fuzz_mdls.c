// SPDX-License-Identifier: GPL-2.0-only
/* Random calls on MDLs: parts, mappings, reserved addresses. Nothing outlives its call. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>

#include <wdmdma/mdl.h>

#include "fuzz.h"

#define TAG	0x7a7a7546

static void use_part(void)
{
	const struct fuzz_mdl *slot = fuzz_find(fuzz()->mdl, FUZZ_MDLS, slot->mdl && slot->va);
	u32 offset, len, first, i;
	PMDL target;
	u8 *va;

	if (!slot || !fuzz_mdl_part(slot, &offset, &len))
		return;
	va = (u8 *)MmGetMdlVirtualAddress(slot->mdl) + offset;
	target = IoAllocateMdl(va, len, FALSE, FALSE, NULL);
	fuzz_expect(target, "no MDL for %u bytes", len);
	if (!target)
		return;
	IoBuildPartialMdl(slot->mdl, target, va, len);
	fuzz_expect(MmGetMdlByteCount(target) == len, "%u bytes of %u", MmGetMdlByteCount(target),
		    len);
	first = (MmGetMdlByteOffset(slot->mdl) + offset) / PAGE_SIZE;
	for (i = 0; i < PFN_UP(MmGetMdlByteOffset(target) + len); i++)
		fuzz_expect(MmGetMdlPfnArray(target)[i] == MmGetMdlPfnArray(slot->mdl)[first + i],
			    "page %u of the part is another one", i);
	va = MmGetSystemAddressForMdlSafe(target, NormalPagePriority);
	fuzz_expect(va && !memcmp(va, slot->va + offset, len), "the part shows other bytes");
	if (fuzz_one_in(2))
		MmPrepareMdlForReuse(target);
	IoFreeMdl(target);
	fuzz()->good++;
}

static PMDL new_pages(u32 len)
{
	PMDL mdl = MmAllocatePagesForMdlEx(fuzz_address(0), fuzz_address(U64_MAX), fuzz_address(0),
					   len, MmCached, MM_ALLOCATE_FULLY_REQUIRED);

	fuzz_expect(mdl, "no pages for %u bytes", len);
	return mdl;
}

static void free_pages_of(PMDL mdl)
{
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
}

static void map_pages(void)
{
	u32 len = fuzz_length(), n;
	PMDL mdl = new_pages(len);
	u8 *va;

	if (!mdl)
		return;
	for (n = 0; n < 2; n++) {
		va = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE,
						  NormalPagePriority);
		fuzz_expect(va, "no mapping of %u bytes", len);
		if (!va)
			break;
		fuzz_expect(!memchr_inv(va, n, len), "the pages have lost their contents");
		memset(va, n + 1, len);
		MmUnmapLockedPages(va, mdl);
		fuzz_expect(!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA), "still mapped");
	}
	free_pages_of(mdl);
	fuzz()->good++;
}

/* Map an MDL at a reserved address, with a wrong tag now and then, or more than is reserved. */
static void map_reserved(void)
{
	u32 len = fuzz_length(), tag = fuzz_one_in(8) ? TAG + 1 : TAG;
	u32 room = fuzz_one_in(8) ? fuzz_length() : len;
	void *range = MmAllocateMappingAddress(room, TAG);
	bool good = tag == TAG && PFN_UP(room) >= PFN_UP(len);
	PMDL mdl = new_pages(len);
	u8 *va;

	fuzz_expect(range, "no range for %u bytes", room);
	if (!mdl || !range)
		goto free;
	va = MmMapLockedPagesWithReservedMapping(range, tag, mdl, MmCached);
	fuzz_expect(!!va == good, "%u bytes in %u: %s", len, room, va ? "not refused" : "refused");
	if (va) {
		memset(va, 1, len);
		/* A wrong tag must end nothing. */
		MmUnmapReservedMapping(va, TAG + 1, mdl);
		MmFreeMappingAddress(range, TAG);
		fuzz_expect(!memchr_inv(va, 1, len), "the mapping has gone");
		MmUnmapReservedMapping(va, TAG, mdl);
		fuzz()->good++;
	} else {
		fuzz()->refused++;
	}
free:
	if (range)
		MmFreeMappingAddress(range, TAG);
	if (mdl)
		free_pages_of(mdl);
}

const struct fuzz_call fuzz_mdl_calls[] = {
	{ "IoBuildPartialMdl", 3, use_part },
	{ "MmMapLockedPagesSpecifyCache", 2, map_pages },
	{ "MmMapLockedPagesWithReservedMapping", 2, map_reserved },
	{}
};
