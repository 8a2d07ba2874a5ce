/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For Windows-style source files, the name that they already include. The types of the DMA
 * interface come from wdmdma/. ntdef.h and the headers that it names have the words and macros of
 * Windows source, and this file adds constants, page arithmetic and the memory functions.
 *
 * Files that include Linux headers must include the wdmdma/ headers instead, because PAGE_ALIGN of
 * Windows rounds down and that of Linux up, and a Windows page always has 4096 bytes.
 */
#ifndef DDK_WDM_H
#define DDK_WDM_H

#if defined(_LINUX_MM_H) || defined(PAGE_SIZE)
#error "Linux headers have another PAGE_ALIGN: move Windows-style code into a file of its own."
#endif

#include "ntdef.h"
#include "ntstatus.h"
#include "string.h"
#include <wdmdma/mdl.h>
#include <wdmdma/dma.h>
#include "wdm/bitmap.h"
#include "wdm/dispatcher.h"
#include "wdm/interlocked.h"
#include "wdm/io.h"
#include "wdm/list.h"
#include "wdm/pool.h"
#include "wdm/processor.h"
#include "wdm/resource.h"
#include "wdm/spinlock.h"
#include "wdm/thread.h"
#include "wdm/time.h"

#define PAGE_SHIFT	12
#define PAGE_SIZE	0x1000

#define BYTE_OFFSET(va)		((ULONG)((ULONG_PTR)(va) & (PAGE_SIZE - 1)))
#define PAGE_ALIGN(va)		((PVOID)((ULONG_PTR)(va) & ~(ULONG_PTR)(PAGE_SIZE - 1)))
#define ROUND_TO_PAGES(size)	(((ULONG_PTR)(size) + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1))
/* Has the type of its argument. The sum has 64 bits, so that MAXULONG does not wrap. */
#define BYTES_TO_PAGES(size) \
	((__typeof__(size))(((ULONG_PTR)(size) + PAGE_SIZE - 1) >> PAGE_SHIFT))
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(va, size) \
	((ULONG)((BYTE_OFFSET(va) + (SIZE_T)(size) + PAGE_SIZE - 1) >> PAGE_SHIFT))

#define MEMORY_ALLOCATION_ALIGNMENT	16
#define MAXIMUM_PROC_PER_GROUP		64

/* Protections of pages. */
#define PAGE_NOACCESS		0x01
#define PAGE_READONLY		0x02
#define PAGE_READWRITE		0x04
#define PAGE_WRITECOPY		0x08
#define PAGE_EXECUTE		0x10
#define PAGE_EXECUTE_READ	0x20
#define PAGE_EXECUTE_READWRITE	0x40
#define PAGE_GUARD		0x100
#define PAGE_NOCACHE		0x200
#define PAGE_WRITECOMBINE	0x400

/* Rights to an object, which have no effect. */
#define DELETE				0x00010000
#define READ_CONTROL			0x00020000
#define SYNCHRONIZE			0x00100000
#define STANDARD_RIGHTS_REQUIRED	0x000F0000
#define STANDARD_RIGHTS_ALL		0x001F0000

/* Priorities of a thread, which have no effect. */
#define LOW_PRIORITY		0
#define LOW_REALTIME_PRIORITY	16
#define HIGH_PRIORITY		31

/* Drivers pass this as a priority of an allocation or a wait. */
#define IO_NO_INCREMENT		0

/* Nothing is paged out on Linux. The semicolon is in the macro, because some drivers write none. */
#define PAGED_CODE()		do { } while (0);
#define PAGED_CODE_LOCKED()	do { } while (0);

#define RtlZeroMemory(destination, length)	__builtin_memset((destination), 0, (length))
#define RtlFillMemory(destination, length, fill) \
	__builtin_memset((destination), (fill), (length))
#define RtlCopyMemory(destination, source, length) \
	__builtin_memcpy((destination), (source), (length))
#define RtlMoveMemory(destination, source, length) \
	__builtin_memmove((destination), (source), (length))
#define RtlEqualMemory(a, b, length)		(__builtin_memcmp((a), (b), (length)) == 0)
#define RtlCopyMemoryNonTemporal(destination, source, length) \
	RtlCopyMemory(destination, source, length)
#define RtlCopyDeviceMemory(destination, source, length) \
	RtlCopyMemory(destination, source, length)
#define ZeroMemory(destination, length)		RtlZeroMemory(destination, length)
#define FillMemory(destination, length, fill)	RtlFillMemory(destination, length, fill)
#define CopyMemory(destination, source, length)	RtlCopyMemory(destination, source, length)
#define MoveMemory(destination, source, length)	RtlMoveMemory(destination, source, length)

WDMDMA_HEADER_BEGIN

typedef struct _IO_STATUS_BLOCK {
	union {
		NTSTATUS Status;
		PVOID Pointer;
	};
	ULONG_PTR Information;
} IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;

typedef struct _MM_PHYSICAL_ADDRESS_LIST {
	PHYSICAL_ADDRESS PhysicalAddress;
	SIZE_T NumberOfBytes;
} MM_PHYSICAL_ADDRESS_LIST, *PMM_PHYSICAL_ADDRESS_LIST;

/* Returns how many bytes are equal before the first difference. */
FORCEINLINE SIZE_T RtlCompareMemory(const VOID *source1, const VOID *source2, SIZE_T length)
{
	const UCHAR *a = (const UCHAR *)source1, *b = (const UCHAR *)source2;
	SIZE_T i;

	for (i = 0; i < length && a[i] == b[i]; i++)
		;
	return i;
}

/* Clears memory that is not read afterwards, too. */
FORCEINLINE PVOID RtlSecureZeroMemory(PVOID destination, SIZE_T length)
{
	__builtin_memset(destination, 0, length);
	__asm__ __volatile__("" : : "r" (destination) : "memory");
	return destination;
}

/* A string of NULL, or an empty one, has no bytes. A longer one is cut to what a USHORT counts. */
FORCEINLINE VOID RtlInitUnicodeString(PUNICODE_STRING string, PCWSTR source)
{
	const SIZE_T length = source ? wcsnlen(source, 0x7FFE) * sizeof(WCHAR) : 0;

	string->Length = (USHORT)length;
	string->MaximumLength = source ? (USHORT)(length + sizeof(WCHAR)) : 0;
	string->Buffer = (PWCH)source;
}

FORCEINLINE VOID RtlInitAnsiString(PANSI_STRING string, PCSTR source)
{
	const SIZE_T length = source ? strnlen(source, 0xFFFE) : 0;

	string->Length = (USHORT)length;
	string->MaximumLength = source ? (USHORT)(length + 1) : 0;
	string->Buffer = (PCHAR)source;
}

#define RtlInitString(string, source)	RtlInitAnsiString(string, source)

FORCEINLINE VOID RtlInitEmptyAnsiString(PANSI_STRING string, PCHAR buffer, USHORT size)
{
	string->Length = 0;
	string->MaximumLength = size;
	string->Buffer = buffer;
}

FORCEINLINE VOID RtlInitEmptyUnicodeString(PUNICODE_STRING string, PWCHAR buffer, USHORT size)
{
	string->Length = 0;
	string->MaximumLength = size;
	string->Buffer = buffer;
}

/* Copies what there is room for. */
FORCEINLINE VOID RtlCopyUnicodeString(PUNICODE_STRING destination, PCUNICODE_STRING source)
{
	USHORT length = source ? source->Length : 0;

	if (length > destination->MaximumLength)
		length = destination->MaximumLength;
	if (length)
		__builtin_memmove(destination->Buffer, source->Buffer, length);
	destination->Length = length;
	if (length + sizeof(WCHAR) <= destination->MaximumLength)
		destination->Buffer[length / sizeof(WCHAR)] = 0;
}

WDMDMA_HEADER_END

#endif /* DDK_WDM_H */
