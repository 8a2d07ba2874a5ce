/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pool and lookaside lists, for drivers that are linked with wdmdma_ntos.ko. The Linux half may
 * include this file too. ExFreePool() is wdmdma.ko's, because it frees MDLs as well.
 */
#ifndef DDK_WDM_POOL_H
#define DDK_WDM_POOL_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

typedef enum _POOL_TYPE {
	NonPagedPool = 0,
	NonPagedPoolExecute = NonPagedPool,
	PagedPool = 1,
	NonPagedPoolMustSucceed = 2,
	DontUseThisType = 3,
	NonPagedPoolCacheAligned = 4,
	PagedPoolCacheAligned = 5,
	NonPagedPoolCacheAlignedMustS = 6,
	MaxPoolType = 7,
	NonPagedPoolBase = 0,
	NonPagedPoolSession = 0x20,
	PagedPoolSession = 0x21,
	NonPagedPoolNx = 0x200,
	NonPagedPoolNxCacheAligned = 0x204,
} POOL_TYPE;

#define POOL_QUOTA_FAIL_INSTEAD_OF_RAISE	8
#define POOL_RAISE_IF_ALLOCATION_FAILURE	16
#define POOL_COLD_ALLOCATION			256
#define POOL_NX_ALLOCATION			512
#define POOL_ZERO_ALLOCATION			1024

/* A driver that asks for pool that is not executed gets what it asks for. */
#define ExInitializeDriverRuntime(flags)	((void)(flags))
#define DrvRtPoolNxOptIn			1

typedef ULONG64 POOL_FLAGS;

#define POOL_FLAG_REQUIRED_START	0x0000000000000001ULL
#define POOL_FLAG_USE_QUOTA		0x0000000000000001ULL
#define POOL_FLAG_UNINITIALIZED		0x0000000000000002ULL
#define POOL_FLAG_SESSION		0x0000000000000004ULL
#define POOL_FLAG_CACHE_ALIGNED		0x0000000000000008ULL
#define POOL_FLAG_RESERVED1		0x0000000000000010ULL
#define POOL_FLAG_RAISE_ON_FAILURE	0x0000000000000020ULL
#define POOL_FLAG_NON_PAGED		0x0000000000000040ULL
/* One flag, which the headers and the documents of Windows name differently. */
#define POOL_FLAG_NON_PAGED_EXECUTE	0x0000000000000080ULL
#define POOL_FLAG_NON_PAGED_EXECUTABLE	0x0000000000000080ULL
#define POOL_FLAG_PAGED			0x0000000000000100ULL
#define POOL_FLAG_RESERVED2		0x0000000000000200ULL
#define POOL_FLAG_RESERVED3		0x0000000000000400ULL
#define POOL_FLAG_REQUIRED_END		0x0000000080000000ULL
#define POOL_FLAG_OPTIONAL_START	0x0000000100000000ULL
#define POOL_FLAG_SPECIAL_POOL		0x0000000100000000ULL
#define POOL_FLAG_OPTIONAL_END		0x8000000000000000ULL

PVOID ExAllocatePool2(POOL_FLAGS flags, SIZE_T number_of_bytes, ULONG tag);
PVOID ExAllocatePoolWithTag(POOL_TYPE pool_type, SIZE_T number_of_bytes, ULONG tag);
PVOID ExAllocatePoolZero(POOL_TYPE pool_type, SIZE_T number_of_bytes, ULONG tag);
VOID ExFreePoolWithTag(PVOID p, ULONG tag);

#define ExAllocatePoolUninitialized(pool_type, number_of_bytes, tag) \
	ExAllocatePoolWithTag(pool_type, number_of_bytes, tag)
/* The tag is 'None'. */
#define ExAllocatePool(pool_type, number_of_bytes) \
	ExAllocatePoolWithTag(pool_type, number_of_bytes, 0x656E6F4E)

/* There are no parameters of a free that have an effect. */
#define ExFreePool2(p, tag, parameters, count) \
	((void)(parameters), (void)(count), ExFreePoolWithTag(p, tag))

/* There are no quotas, no priorities and no exceptions. A failure is NULL with either flag. */
#define ExAllocatePoolQuotaZero(pool_type, number_of_bytes, tag) \
	ExAllocatePoolZero(pool_type, number_of_bytes, tag)
#define ExAllocatePoolQuotaUninitialized(pool_type, number_of_bytes, tag) \
	ExAllocatePoolWithTag(pool_type, number_of_bytes, tag)
#define ExAllocatePoolPriorityZero(pool_type, number_of_bytes, tag, priority) \
	((void)(priority), ExAllocatePoolZero(pool_type, number_of_bytes, tag))
#define ExAllocatePoolPriorityUninitialized(pool_type, number_of_bytes, tag, priority) \
	((void)(priority), ExAllocatePoolWithTag(pool_type, number_of_bytes, tag))
#define ExAllocatePoolWithQuotaTag(pool_type, number_of_bytes, tag) \
	ExAllocatePoolWithTag(pool_type, number_of_bytes, tag)

#define LOOKASIDE_MINIMUM_BLOCK_SIZE	8

typedef PVOID ALLOCATE_FUNCTION(POOL_TYPE pool_type, SIZE_T number_of_bytes, ULONG tag);
typedef VOID FREE_FUNCTION(PVOID buffer);
typedef ALLOCATE_FUNCTION *PALLOCATE_FUNCTION;
typedef FREE_FUNCTION *PFREE_FUNCTION;

/* Has the size of Windows. The members are the module's own. */
typedef struct _NPAGED_LOOKASIDE_LIST {
	ULONG Magic;
	ULONG Tag;
	SIZE_T Size;
	POOL_TYPE Type;
	PALLOCATE_FUNCTION Allocate;
	PFREE_FUNCTION Free;
	ULONG64 Reserved[11];
} __attribute__((__aligned__(64))) NPAGED_LOOKASIDE_LIST, *PNPAGED_LOOKASIDE_LIST,
	PAGED_LOOKASIDE_LIST, *PPAGED_LOOKASIDE_LIST;

VOID ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate,
				     PFREE_FUNCTION free, ULONG flags, SIZE_T size, ULONG tag,
				     USHORT depth);
VOID ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate,
				    PFREE_FUNCTION free, ULONG flags, SIZE_T size, ULONG tag,
				    USHORT depth);
PVOID ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list);
VOID ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PVOID entry);
VOID ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list);

#define ExAllocateFromPagedLookasideList(list)	ExAllocateFromNPagedLookasideList(list)
#define ExFreeToPagedLookasideList(list, entry)	ExFreeToNPagedLookasideList(list, entry)
#define ExDeletePagedLookasideList(list)	ExDeleteNPagedLookasideList(list)

WDMDMA_HEADER_END

#endif /* DDK_WDM_POOL_H */
