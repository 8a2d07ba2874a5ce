/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows scalar types, with Windows widths.
 *
 * On Windows (LLP64) `int` and `long` have 32 bits, and only `long long` and pointers have 64. The
 * kernel is LP64, so LONG and ULONG are built on `int` here, and types with the width of a pointer
 * on `long`. wdmdma/wdm/wdm_abi.c asserts every width.
 *
 * The headers in this folder include no Linux header and define no name that a Linux header
 * defines, so they can stand next to any of them. Names that mean something else in Linux
 * (PAGE_SIZE, PAGE_ALIGN and the like) exist only in ddk/wdm.h.
 *
 * All headers but linux.h can be included by C++.
 */
#ifndef WDMDMA_TYPES_H
#define WDMDMA_TYPES_H

#include <wdmdma/version.h>

/*
 * Every header stands between these two. Its names have C linkage, and -Wpedantic does not report
 * the structures without a name, which ISO C++ does not have.
 */
#ifdef __cplusplus
#define WDMDMA_HEADER_BEGIN \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpedantic\"") \
	extern "C" {
#define WDMDMA_HEADER_END	} _Pragma("GCC diagnostic pop")
#else
#define WDMDMA_HEADER_BEGIN
#define WDMDMA_HEADER_END
#endif

/*
 * A function that is defined in a header and leaves no symbol. It must not be static, because gcc
 * warns when an inline function that is not static calls one that is, and drivers have such inline
 * functions. Its address cannot be taken in C.
 */
#ifdef __cplusplus
#define WDMDMA_INLINE inline __attribute__((__always_inline__))
#else
#define WDMDMA_INLINE extern __inline__ __attribute__((__gnu_inline__, __always_inline__))
#endif

WDMDMA_HEADER_BEGIN

typedef void VOID, *PVOID, *HANDLE, **PHANDLE;

/*
 * Signed, as on Windows. Plain `char` is unsigned in the kernel, unless the file is compiled with
 * -fsigned-char. In C++ only plain `char` can point at a string literal.
 */
#if defined(__CHAR_UNSIGNED__) && !defined(__cplusplus)
typedef signed char CHAR, *PCHAR;
#else
typedef char CHAR, *PCHAR;
#endif
typedef signed char CCHAR;
/* The type of L"", which the kernel's -fshort-wchar makes 16 bits wide. */
#if defined(__cplusplus) && __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR, *PWCHAR;
#else
typedef unsigned short WCHAR, *PWCHAR;
#endif
typedef signed char SCHAR, INT8;
typedef unsigned char UCHAR, BOOLEAN, UINT8, *PUCHAR, *PBOOLEAN;
typedef short SHORT, CSHORT, INT16, *PSHORT;
typedef unsigned short USHORT, UINT16, *PUSHORT;
typedef int INT, LONG, INT32, *PLONG;
typedef unsigned int UINT, ULONG, ULONG32, UINT32, *PULONG;
typedef long long LONGLONG, LONG64, INT64, *PLONGLONG;
typedef unsigned long long ULONGLONG, ULONG64, UINT64, *PULONGLONG, *PULONG64;
typedef long LONG_PTR, INT_PTR, SSIZE_T;
typedef unsigned long ULONG_PTR, UINT_PTR, SIZE_T, *PULONG_PTR, *PSIZE_T;

typedef LONG NTSTATUS, *PNTSTATUS;
typedef UCHAR KIRQL, *PKIRQL;
/* Physical address >> 12, whatever the page size of the kernel. */
typedef ULONG_PTR PFN_NUMBER, *PPFN_NUMBER;
typedef SCHAR KPROCESSOR_MODE;

/* BOOLEAN is one byte. Code must compare it with 0, never with TRUE. */
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

/**
 * union _LARGE_INTEGER - a signed 64-bit number that can be taken apart
 * @LowPart: bits 0 to 31
 * @HighPart: bits 32 to 63
 * @u: the same two halves, by the name that compilers without anonymous structures needed
 * @QuadPart: the whole number
 *
 * As PHYSICAL_ADDRESS it holds physical and logical addresses alike. @QuadPart is signed and all
 * ones means "no limit", so addresses must be compared as unsigned 64-bit numbers.
 */
union _LARGE_INTEGER {
	struct {
		ULONG LowPart;
		LONG HighPart;
	};
	struct {
		ULONG LowPart;
		LONG HighPart;
	} u;
	LONGLONG QuadPart;
};

typedef union _LARGE_INTEGER LARGE_INTEGER, *PLARGE_INTEGER;
typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

/* dma.h says what is in it. */
typedef struct _DMA_ADAPTER DMA_ADAPTER, *PDMA_ADAPTER;

/* Opaque, also for the module. wdmdma_device_object_get() makes a PDEVICE_OBJECT. */
typedef struct _DEVICE_OBJECT DEVICE_OBJECT, *PDEVICE_OBJECT;
typedef struct _IRP IRP, *PIRP;
typedef struct _EPROCESS *PEPROCESS;

typedef enum _MODE {
	KernelMode = 0,
	UserMode = 1,
} MODE;

/*
 * How the CPU maps memory. The DMA routines take MmNonCached and MmCached only. One physical page
 * must not be mapped with two different types.
 */
typedef enum _MEMORY_CACHING_TYPE {
	MmNotMapped = -1,
	MmNonCached = 0,
	MmCached = 1,
	MmWriteCombined = 2,
	MmFrameBufferCached = MmWriteCombined,
	MmHardwareCoherentCached = 3,
	MmNonCachedUnordered = 4,
	MmUSWCCached = 5,
	MmMaximumCacheType = 6,
} MEMORY_CACHING_TYPE;

/* A NUMA node number from 0 to N-1 (0 on a machine without NUMA), or MM_ANY_NODE_OK. */
typedef ULONG NODE_REQUIREMENT;

#define MM_ANY_NODE_OK 0x80000000U

/*
 * Interrupt request levels (x64 values). Up to APC_LEVEL a caller may sleep. At DISPATCH_LEVEL the
 * caller holds a spinlock, or bottom halves are off. All other levels are hard interrupts.
 */
#define PASSIVE_LEVEL	0
#define LOW_LEVEL	0
#define APC_LEVEL	1
#define DISPATCH_LEVEL	2
#define CLOCK_LEVEL	13
#define IPI_LEVEL	14
#define POWER_LEVEL	14
#define PROFILE_LEVEL	15
#define HIGH_LEVEL	15

WDMDMA_HEADER_END

#endif /* WDMDMA_TYPES_H */
