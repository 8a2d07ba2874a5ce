// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookaside lists. A list keeps no entries, because the kernel's allocator keeps free ones for
 * each processor already. So a driver that forgets to delete a list loses nothing.
 */
#include "ntos/ntos.h"

#include <ddk/wdm/pool.h>

#define NT_LOOKASIDE_MAGIC	0x4B4F4F4C

static void nt_lookaside_init(PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate,
			      PFREE_FUNCTION free, size_t size, ULONG tag, POOL_TYPE type,
			      const char *call)
{
	if (nt_is_wrong(list, "Lookaside", call) ||
	    (allocate && nt_is_wrong(allocate, "Allocate", call)) ||
	    (free && nt_is_wrong(free, "Free", call)))
		return;
	*list = (NPAGED_LOOKASIDE_LIST) {
		.Magic = NT_LOOKASIDE_MAGIC,
		.Tag = tag,
		.Size = size < LOOKASIDE_MINIMUM_BLOCK_SIZE ? LOOKASIDE_MINIMUM_BLOCK_SIZE : size,
		.Type = type,
		.Allocate = allocate,
		.Free = free,
	};
}

/* Report a list that is not initialized, or deleted. Return true if it is. */
static bool nt_lookaside_is_wrong(PNPAGED_LOOKASIDE_LIST list, const char *call)
{
	if (nt_is_wrong(list, "Lookaside", call))
		return true;
	if (list->Magic == NT_LOOKASIDE_MAGIC)
		return false;
	wdmdma_report(call, "Lookaside is not initialized, or was deleted");
	return true;
}

/**
 * ExInitializeNPagedLookasideList() - prepare a list
 * @list: the list
 * @allocate: optional function that allocates an entry
 * @free: optional function that frees an entry
 * @flags: ignored
 * @size: bytes of an entry. Less than 8 count as 8
 * @tag: tag of the entries
 * @depth: ignored
 *
 * Answers to wdm: ExInitializeNPagedLookasideList.
 *
 * Context: any.
 */
void ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate,
				     PFREE_FUNCTION free, ULONG flags, SIZE_T size, ULONG tag,
				     USHORT depth)
{
	nt_lookaside_init(list, allocate, free, size, tag, NonPagedPoolNx, __func__);
}
EXPORT_SYMBOL_GPL(ExInitializeNPagedLookasideList);

/**
 * ExInitializePagedLookasideList() - prepare a list for paged pool
 * @list: as for ExInitializeNPagedLookasideList()
 * @allocate: as for ExInitializeNPagedLookasideList()
 * @free: as for ExInitializeNPagedLookasideList()
 * @flags: as for ExInitializeNPagedLookasideList()
 * @size: as for ExInitializeNPagedLookasideList()
 * @tag: as for ExInitializeNPagedLookasideList()
 * @depth: as for ExInitializeNPagedLookasideList()
 *
 * Answers to wdm: ExInitializePagedLookasideList.
 *
 * Context: any.
 */
void ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate,
				    PFREE_FUNCTION free, ULONG flags, SIZE_T size, ULONG tag,
				    USHORT depth)
{
	nt_lookaside_init(list, allocate, free, size, tag, PagedPool, __func__);
}
EXPORT_SYMBOL_GPL(ExInitializePagedLookasideList);

/**
 * ExAllocateFromNPagedLookasideList() - allocate an entry
 * @list: the list
 *
 * Answers to wdm: ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: an entry, which is not initialized, or NULL.
 */
PVOID ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list)
{
	if (nt_lookaside_is_wrong(list, __func__))
		return NULL;
	return (list->Allocate ?: ExAllocatePoolWithTag)(list->Type, list->Size, list->Tag);
}
EXPORT_SYMBOL_GPL(ExAllocateFromNPagedLookasideList);

/**
 * ExFreeToNPagedLookasideList() - free an entry
 * @list: the list
 * @entry: the entry
 *
 * Answers to wdm: ExFreeToNPagedLookasideList, ExFreeToPagedLookasideList.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PVOID entry)
{
	if (nt_lookaside_is_wrong(list, __func__))
		return;
	if (list->Free)
		list->Free(entry);
	else
		ExFreePoolWithTag(entry, list->Tag);
}
EXPORT_SYMBOL_GPL(ExFreeToNPagedLookasideList);

/**
 * ExDeleteNPagedLookasideList() - end a list
 * @list: the list. Entries that the driver has stay valid, but can no longer be freed to it
 *
 * Answers to wdm: ExDeleteNPagedLookasideList, ExDeletePagedLookasideList.
 *
 * Context: any.
 */
void ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list)
{
	if (!nt_lookaside_is_wrong(list, __func__))
		list->Magic = 0;
}
EXPORT_SYMBOL_GPL(ExDeleteNPagedLookasideList);
