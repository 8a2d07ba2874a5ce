/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory descriptor list (MDL), which has the pages behind a range of virtual addresses.
 *
 * An MDL is filled in one of four ways.
 *   A  by MmBuildMdlForNonPagedPool(), for memory that is resident and mapped already
 *   B  by MmProbeAndLockPages(), for a buffer that must be pinned
 *   C  by MmAllocatePagesForMdlEx(), for pages that are allocated with it
 *   D  by IoBuildPartialMdl(), for a part of another MDL
 */
#ifndef WDMDMA_MDL_H
#define WDMDMA_MDL_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

/**
 * struct _MDL - header of a memory descriptor list, directly before the array of PFN_NUMBER
 * @Next: next MDL of a chain, NULL at the end
 * @Size: bytes of the header and the array, or WDMDMA_MDL_SIZE_MOST if there are more
 * @MdlFlags: MDL_* bits
 * @Process: owner of a user buffer
 * @MappedSystemVa: system address of the first byte, valid when mapped
 * @StartVa: address of the first page
 * @ByteCount: bytes described
 * @ByteOffset: offset of the first byte in the first page
 *
 * Drivers touch @Next and @MdlFlags only, and read the rest through the accessors below. They may
 * build an MDL in memory of their own, so there is no hidden part before or after it.
 */
struct _MDL {
	struct _MDL *Next;
	CSHORT Size;
	CSHORT MdlFlags;
	PEPROCESS Process;
	PVOID MappedSystemVa;
	PVOID StartVa;
	ULONG ByteCount;
	ULONG ByteOffset;
};

typedef struct _MDL MDL, *PMDL;

/* Differs from Windows: the Size of a long MDL is not cut, but says that the MDL is long. */
#define WDMDMA_MDL_SIZE_MOST		0xFFF8

#define MDL_MAPPED_TO_SYSTEM_VA		0x0001
#define MDL_PAGES_LOCKED		0x0002
#define MDL_SOURCE_IS_NONPAGED_POOL	0x0004
#define MDL_ALLOCATED_FIXED_SIZE	0x0008
#define MDL_PARTIAL			0x0010
#define MDL_PARTIAL_HAS_BEEN_MAPPED	0x0020
#define MDL_IO_PAGE_READ		0x0040
#define MDL_WRITE_OPERATION		0x0080
#define MDL_LOCKED_PAGE_TABLES		0x0100	/* one bit, two names */
#define MDL_PARENT_MAPPED_SYSTEM_VA	0x0100
#define MDL_FREE_EXTRA_PTES		0x0200
#define MDL_DESCRIBES_AWE		0x0400
#define MDL_IO_SPACE			0x0800
#define MDL_NETWORK_HEADER		0x1000
#define MDL_MAPPING_CAN_FAIL		0x2000
#define MDL_PAGE_CONTENTS_INVARIANT	0x4000	/* one bit, two names */
#define MDL_ALLOCATED_MUST_SUCCEED	0x4000
#define MDL_INTERNAL			0x8000

/* The access to a buffer that is locked. Write and modify both mean read and write. */
typedef enum _LOCK_OPERATION {
	IoReadAccess = 0,
	IoWriteAccess = 1,
	IoModifyAccess = 2,
} LOCK_OPERATION;

/* How hard to try to map. May be combined with the MdlMapping* bits. */
typedef enum _MM_PAGE_PRIORITY {
	LowPagePriority = 0,
	NormalPagePriority = 16,
	HighPagePriority = 32,
} MM_PAGE_PRIORITY;

#define MdlMappingNoWrite	0x80000000U
#define MdlMappingNoExecute	0x40000000U
#define MdlMappingWithGuardPtes	0x20000000U

/* Returns an index into the MDL, which need not be a valid address in the current process. */
WDMDMA_INLINE PVOID MmGetMdlVirtualAddress(const MDL *mdl)
{
	return (PUCHAR)mdl->StartVa + mdl->ByteOffset;
}

WDMDMA_INLINE ULONG MmGetMdlByteCount(const MDL *mdl)
{
	return mdl->ByteCount;
}

WDMDMA_INLINE ULONG MmGetMdlByteOffset(const MDL *mdl)
{
	return mdl->ByteOffset;
}

/* Returns the address of the first page, which is an index, too. */
WDMDMA_INLINE PVOID MmGetMdlBaseVa(const MDL *mdl)
{
	return mdl->StartVa;
}

/* Returns the page frame numbers, which a driver may read after the MDL is filled. */
WDMDMA_INLINE PPFN_NUMBER MmGetMdlPfnArray(MDL *mdl)
{
	return (PPFN_NUMBER)(mdl + 1);
}

/* Bytes of a header and of an array for all pages that (base, length) touches. */
SIZE_T MmSizeOfMdl(PVOID base, SIZE_T length);

/* Fills in a header in memory of the driver, which must have room for MmSizeOfMdl() bytes. */
WDMDMA_INLINE VOID MmInitializeMdl(PMDL mdl, PVOID base_va, SIZE_T length)
{
	SIZE_T size = MmSizeOfMdl(base_va, length);

	mdl->Next = (PMDL)0;
	mdl->Size = (CSHORT)(size < WDMDMA_MDL_SIZE_MOST ? size : WDMDMA_MDL_SIZE_MOST);
	mdl->MdlFlags = 0;
	mdl->StartVa = (PVOID)((ULONG_PTR)base_va & ~(ULONG_PTR)0xFFF);
	mdl->ByteOffset = (ULONG)((ULONG_PTR)base_va & 0xFFF);
	mdl->ByteCount = (ULONG)length;
}

PMDL IoAllocateMdl(PVOID virtual_address, ULONG length, BOOLEAN secondary_buffer,
		   BOOLEAN charge_quota, PIRP irp);
VOID IoFreeMdl(PMDL mdl);
VOID IoBuildPartialMdl(PMDL source_mdl, PMDL target_mdl, PVOID virtual_address, ULONG length);
VOID MmPrepareMdlForReuse(PMDL mdl);
NTSTATUS MmAdvanceMdl(PMDL mdl, ULONG number_of_bytes);

VOID KeFlushIoBuffers(PMDL mdl, BOOLEAN read_operation, BOOLEAN dma_operation);

VOID MmBuildMdlForNonPagedPool(PMDL mdl);

/* Differs from Windows: returns the status that Windows raises as an exception. */
NTSTATUS MmProbeAndLockPages(PMDL mdl, KPROCESSOR_MODE access_mode, LOCK_OPERATION operation);
VOID MmUnlockPages(PMDL mdl);

PVOID MmMapLockedPagesSpecifyCache(PMDL mdl, KPROCESSOR_MODE access_mode,
				   MEMORY_CACHING_TYPE cache_type, PVOID requested_address,
				   ULONG bug_check_on_failure, ULONG priority);
VOID MmUnmapLockedPages(PVOID base_address, PMDL mdl);
PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority);

/* Differs from Windows: returns NULL where the machine would stop. */
WDMDMA_INLINE PVOID MmGetSystemAddressForMdl(PMDL mdl)
{
	return MmGetSystemAddressForMdlSafe(mdl, HighPagePriority);
}

/* Differs from Windows: a mapping has another address than the one that is reserved. */
PVOID MmAllocateMappingAddress(SIZE_T number_of_bytes, ULONG pool_tag);
PVOID MmMapLockedPagesWithReservedMapping(PVOID mapping_address, ULONG pool_tag, PMDL mdl,
					  MEMORY_CACHING_TYPE cache_type);
VOID MmUnmapReservedMapping(PVOID base_address, ULONG pool_tag, PMDL mdl);
VOID MmFreeMappingAddress(PVOID base_address, ULONG pool_tag);

#define MM_DONT_ZERO_ALLOCATION			0x001
#define MM_ALLOCATE_FROM_LOCAL_NODE_ONLY	0x002
#define MM_ALLOCATE_FULLY_REQUIRED		0x004
#define MM_ALLOCATE_NO_WAIT			0x008
#define MM_ALLOCATE_PREFER_CONTIGUOUS		0x010
#define MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS	0x020
#define MM_ALLOCATE_FAST_LARGE_PAGES		0x040
#define MM_ALLOCATE_TRIM_IF_NECESSARY		0x080
#define MM_ALLOCATE_AND_HOT_REMOVE		0x100

PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS low_address, PHYSICAL_ADDRESS high_address,
			   PHYSICAL_ADDRESS skip_bytes, SIZE_T total_bytes);
PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS low_address, PHYSICAL_ADDRESS high_address,
			     PHYSICAL_ADDRESS skip_bytes, SIZE_T total_bytes,
			     MEMORY_CACHING_TYPE cache_type, ULONG flags);
PMDL MmAllocateNodePagesForMdlEx(PHYSICAL_ADDRESS low_address, PHYSICAL_ADDRESS high_address,
				 PHYSICAL_ADDRESS skip_bytes, SIZE_T total_bytes,
				 MEMORY_CACHING_TYPE cache_type, ULONG ideal_node, ULONG flags);
VOID MmFreePagesFromMdl(PMDL mdl);
VOID ExFreePool(PVOID pool);

PVOID MmAllocateContiguousMemory(SIZE_T number_of_bytes, PHYSICAL_ADDRESS highest_address);
PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T number_of_bytes,
					     PHYSICAL_ADDRESS lowest_address,
					     PHYSICAL_ADDRESS highest_address,
					     PHYSICAL_ADDRESS boundary_address_multiple,
					     MEMORY_CACHING_TYPE cache_type);
PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T number_of_bytes,
						 PHYSICAL_ADDRESS lowest_address,
						 PHYSICAL_ADDRESS highest_address,
						 PHYSICAL_ADDRESS boundary_address_multiple,
						 MEMORY_CACHING_TYPE cache_type,
						 NODE_REQUIREMENT preferred_node);
PVOID MmAllocateContiguousNodeMemory(SIZE_T number_of_bytes, PHYSICAL_ADDRESS lowest_address,
				     PHYSICAL_ADDRESS highest_address,
				     PHYSICAL_ADDRESS boundary_address_multiple, ULONG protect,
				     NODE_REQUIREMENT preferred_node);
VOID MmFreeContiguousMemory(PVOID base_address);
VOID MmFreeContiguousMemorySpecifyCache(PVOID base_address, SIZE_T number_of_bytes,
					MEMORY_CACHING_TYPE cache_type);
PVOID MmAllocateNonCachedMemory(SIZE_T number_of_bytes);
VOID MmFreeNonCachedMemory(PVOID base_address, SIZE_T number_of_bytes);
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID base_address);

WDMDMA_HEADER_END

#endif /* WDMDMA_MDL_H */
