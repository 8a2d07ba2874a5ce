/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For Windows-style source files: the name they already include. The types come from wdmdma/,
 * and this file adds what only such a file wants: annotations, page arithmetic, Rtl helpers.
 *
 * Files that include Linux headers take the wdmdma/ headers instead: Windows' PAGE_ALIGN rounds
 * down and Linux' rounds up, and a Windows page has 4096 bytes whatever the kernel's page size is.
 */
#ifndef DDK_WDM_H
#define DDK_WDM_H

#if defined(_LINUX_MM_H) || defined(PAGE_SIZE)
#error "Linux headers have another PAGE_ALIGN: move Windows-style code into a file of its own."
#endif

#include <wdmdma/types.h>
#include <wdmdma/status.h>
#include <wdmdma/mdl.h>
#include <wdmdma/dma.h>

#ifndef NULL
#define NULL ((void *)0)
#endif

/* Annotations say nothing to gcc. */
#define IN
#define OUT
#define OPTIONAL
#define NTAPI
#define CONST const
#define _In_
#define _In_opt_
#define _In_reads_(...)
#define _In_reads_bytes_(...)
#define _In_reads_opt_(...)
#define _In_reads_bytes_opt_(...)
#define _Out_
#define _Out_opt_
#define _Out_writes_(...)
#define _Out_writes_bytes_(...)
#define _Out_writes_opt_(...)
#define _Out_writes_bytes_opt_(...)
#define _Out_writes_bytes_to_(...)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(...)
#define _Inout_updates_bytes_(...)
#define _Reserved_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Success_(...)
#define _When_(...)
#define _At_(...)
#define _Field_size_(...)
#define _Field_size_bytes_(...)
#define _Check_return_
#define _Must_inspect_result_
#define _Use_decl_annotations_
#define _Function_class_(...)
#define _Analysis_assume_(...)
#define _IRQL_requires_(...)
#define _IRQL_requires_max_(...)
#define _IRQL_requires_min_(...)
#define _IRQL_requires_same_
#define _IRQL_raises_(...)
#define _IRQL_saves_
#define _IRQL_restores_

/* Windows source writes FORCEINLINE alone in headers, so the `static` must be in it. */
#define FORCEINLINE static __always_inline

#define UNREFERENCED_PARAMETER(p) ((void)(p))

#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))

#define FIELD_OFFSET(type, field) ((LONG)__builtin_offsetof(type, field))
#define CONTAINING_RECORD(address, type, field) \
	((type *)((PUCHAR)(address) - __builtin_offsetof(type, field)))

#define MAXUCHAR	0xFF
#define MAXUSHORT	0xFFFF
#define MAXLONG		0x7FFFFFFF
#define MAXULONG	0xFFFFFFFFU
#define MAXULONGLONG	0xFFFFFFFFFFFFFFFFULL

#define PAGE_SHIFT	12
#define PAGE_SIZE	0x1000

#define BYTE_OFFSET(va)		((ULONG)((ULONG_PTR)(va) & (PAGE_SIZE - 1)))
#define PAGE_ALIGN(va)		((PVOID)((ULONG_PTR)(va) & ~(ULONG_PTR)(PAGE_SIZE - 1)))
#define ROUND_TO_PAGES(size)	(((ULONG_PTR)(size) + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1))
/* Has the type of its argument; the sum is made in 64 bits so that MAXULONG does not wrap. */
#define BYTES_TO_PAGES(size) \
	((__typeof__(size))(((ULONG_PTR)(size) + PAGE_SIZE - 1) >> PAGE_SHIFT))
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(va, size) \
	((ULONG)((BYTE_OFFSET(va) + (SIZE_T)(size) + PAGE_SIZE - 1) >> PAGE_SHIFT))

#define RtlZeroMemory(destination, length)	__builtin_memset((destination), 0, (length))
#define RtlFillMemory(destination, length, fill) \
	__builtin_memset((destination), (fill), (length))
#define RtlCopyMemory(destination, source, length) \
	__builtin_memcpy((destination), (source), (length))
#define RtlMoveMemory(destination, source, length) \
	__builtin_memmove((destination), (source), (length))
#define RtlEqualMemory(destination, source, length) \
	(__builtin_memcmp((destination), (source), (length)) == 0)

/* How many bytes are equal before the first difference. */
static inline SIZE_T RtlCompareMemory(const VOID *source1, const VOID *source2, SIZE_T length)
{
	const UCHAR *a = source1, *b = source2;
	SIZE_T i;

	for (i = 0; i < length && a[i] == b[i]; i++)
		;
	return i;
}

#endif /* DDK_WDM_H */
