/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory descriptor list: which pages lie behind a range of virtual addresses.
 *
 * Only types, constants and accessors stand here: this version has no routine that builds an MDL.
 */
#ifndef WDMDMA_MDL_H
#define WDMDMA_MDL_H

#include <wdmdma/types.h>

/**
 * struct _MDL - header of a memory descriptor list; the array of PFN_NUMBER follows it directly
 * @Next: next MDL of a chain, NULL at the end
 * @Size: bytes of the header and the array, cut to 16 bits and so not to be relied on
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

/* What will be done to a buffer that gets locked. Write and modify both mean read and write. */
typedef enum _LOCK_OPERATION {
	IoReadAccess = 0,
	IoWriteAccess = 1,
	IoModifyAccess = 2,
} LOCK_OPERATION;

/* How hard to try to map; may be ORed with the MdlMapping* bits. */
typedef enum _MM_PAGE_PRIORITY {
	LowPagePriority = 0,
	NormalPagePriority = 16,
	HighPagePriority = 32,
} MM_PAGE_PRIORITY;

#define MdlMappingNoWrite	0x80000000U
#define MdlMappingNoExecute	0x40000000U
#define MdlMappingWithGuardPtes	0x20000000U

/* An index into the MDL: it need not be an address that can be used here and now. */
static inline PVOID MmGetMdlVirtualAddress(const MDL *mdl)
{
	return (PUCHAR)mdl->StartVa + mdl->ByteOffset;
}

static inline ULONG MmGetMdlByteCount(const MDL *mdl)
{
	return mdl->ByteCount;
}

static inline ULONG MmGetMdlByteOffset(const MDL *mdl)
{
	return mdl->ByteOffset;
}

/* The page frame numbers; drivers may read them once the MDL is filled. */
static inline PPFN_NUMBER MmGetMdlPfnArray(MDL *mdl)
{
	return (PPFN_NUMBER)(mdl + 1);
}

#endif /* WDMDMA_MDL_H */
