/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of the compiler, base types and macros of Windows source. The scalar types stand in
 * wdmdma/types.h, because Linux glue needs them too.
 */
#ifndef DDK_NTDEF_H
#define DDK_NTDEF_H

#include "driverspecs.h"
#include "stddef.h"
#include "wdm/compiler.h"
#include <wdmdma/types.h>
#include "wdm/list_entry.h"
#include "wdm/processor.h"
#include "guiddef.h"

#if defined(__cplusplus) && defined(__CHAR_UNSIGNED__)
#error "A char of Windows is signed: compile the Windows half with -fsigned-char."
#endif

/* Files compare the version of the headers, and these are of the newest. */
#define NTDDI_WIN7		0x06010000
#define NTDDI_WIN8		0x06020000
#define NTDDI_WINBLUE		0x06030000
#define NTDDI_WIN10		0x0A000000
#define NTDDI_WIN10_RS1		0x0A000002
#define NTDDI_WIN10_RS4		0x0A000005
#define NTDDI_WIN10_RS5		0x0A000006
#define NTDDI_WIN10_19H1	0x0A000007
#define NTDDI_WIN10_VB		0x0A000008
#define NTDDI_WIN10_CO		0x0A00000B
#define NTDDI_WIN10_NI		0x0A00000C
#ifndef NTDDI_VERSION
#define NTDDI_VERSION		0x0A000010
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT		0x0A00
#endif

/* A build with DBG=1 checks its assertions. */
#ifndef DBG
#define DBG 0
#endif

WDMDMA_HEADER_BEGIN

typedef UCHAR BYTE, *PBYTE;
typedef USHORT WORD, *PWORD;
typedef ULONG DWORD, *PDWORD, LOGICAL, *PLOGICAL;
typedef int BOOL, *PBOOL;
typedef INT *PINT;
typedef UINT *PUINT;
typedef INT8 *PINT8;
typedef INT16 *PINT16;
typedef LONG LONG32, *PLONG32;
typedef INT32 *PINT32;
typedef INT64 *PINT64;
typedef LONG64 *PLONG64;
typedef UINT8 *PUINT8;
typedef UINT16 *PUINT16;
typedef UINT32 *PUINT32;
typedef ULONG32 *PULONG32;
typedef UINT64 *PUINT64;
typedef ULONGLONG DWORDLONG, DWORD64, *PDWORDLONG, *PDWORD64;
typedef ULONG_PTR DWORD_PTR, KAFFINITY, *PDWORD_PTR, *PKAFFINITY;
typedef LONG_PTR *PLONG_PTR;
typedef INT_PTR *PINT_PTR;
typedef UINT_PTR *PUINT_PTR;
typedef SSIZE_T *PSSIZE_T;
typedef CCHAR *PCCHAR;
typedef SCHAR *PSCHAR;
typedef CSHORT *PCSHORT;
typedef float FLOAT;
typedef double DOUBLE;
typedef VOID *LPVOID;
typedef const VOID *PCVOID, *LPCVOID;
typedef BYTE *LPBYTE;
typedef DWORD *LPDWORD;
typedef LONG KPRIORITY;
typedef ULONG ACCESS_MASK, *PACCESS_MASK, DEVICE_TYPE;
typedef LONG HRESULT;

typedef CHAR *PCH, *PSZ, *LPSTR;
typedef char *PSTR, *NPSTR;
typedef const CHAR *PCCH, *LPCCH;
typedef const char *PCSTR, *LPCSTR, *PCSZ;
typedef WCHAR *PWCH, *LPWCH, *PWSTR, *LPWSTR, *NWPSTR;
typedef const WCHAR *PCWCH, *LPCWCH, *PCWSTR, *LPCWSTR, *LCPWSTR;

/* Levels that only Windows source names. */
#define CMCI_LEVEL	5
#define DRS_LEVEL	14

#define UNICODE_NULL	((WCHAR)0)
#define ANSI_NULL	((CHAR)0)
#define ANYSIZE_ARRAY	1

/* An unsigned 64-bit number that can be taken apart, as LARGE_INTEGER can. */
typedef union _ULARGE_INTEGER {
	struct {
		ULONG LowPart;
		ULONG HighPart;
	};
	struct {
		ULONG LowPart;
		ULONG HighPart;
	} u;
	ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

/* A counted string. Both lengths are bytes, and a NUL at the end is not needed. */
typedef struct _STRING {
	USHORT Length;
	USHORT MaximumLength;
	PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING, UTF8_STRING,
	*PUTF8_STRING;

typedef struct _UNICODE_STRING {
	USHORT Length;
	USHORT MaximumLength;
	PWCH Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

typedef const STRING *PCSTRING, *PCANSI_STRING, *PCOEM_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _GROUP_AFFINITY {
	KAFFINITY Mask;
	USHORT Group;
	USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

typedef struct _OBJECT_ATTRIBUTES {
	ULONG Length;
	HANDLE RootDirectory;
	PUNICODE_STRING ObjectName;
	ULONG Attributes;
	PVOID SecurityDescriptor;
	PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

/*
 * Reports a failed assertion of a build with DBG=1, and of NT_FRE_ASSERT. It is in wdmdma_ntos.ko.
 * A driver that is not linked with that module must define it in its Linux half.
 */
VOID RtlAssert(PVOID failed_assertion, PVOID file_name, ULONG line_number, PCHAR message);

WDMDMA_HEADER_END

#ifndef NULL
#ifdef __cplusplus
#define NULL __null
#else
#define NULL ((void *)0)
#endif
#endif

#define IN
#define OUT
#define OPTIONAL
#define NOTHING
#define CRITICAL
#define CONST const

#define NT_INFORMATION(status)	((ULONG)(status) >> 30 == 1)
#define NT_WARNING(status)	((ULONG)(status) >> 30 == 2)
#define NT_ERROR(status)	((ULONG)(status) >> 30 == 3)

#define MINCHAR		0x80
#define MAXCHAR		0x7F
#define MAXUCHAR	0xFF
#define MINSHORT	0x8000
#define MAXSHORT	0x7FFF
#define MAXUSHORT	0xFFFF
#define MAXBYTE		0xFF
#define MAXWORD		0xFFFF
#define MAXDWORD	0xFFFFFFFFU
#define MINLONG		0x80000000U
#define MAXLONG		0x7FFFFFFF
#define MAXULONG	0xFFFFFFFFU
#define MAXULONG32	((ULONG32)~0U)
#define MAXLONG32	((LONG32)0x7FFFFFFF)
#define MINLONGLONG	((LONGLONG)0x8000000000000000ULL)
#define MAXLONGLONG	0x7FFFFFFFFFFFFFFFLL
#define MAXULONGLONG	0xFFFFFFFFFFFFFFFFULL
#define MAXULONG64	((ULONG64)~0ULL)
#define MAXLONG64	((LONG64)0x7FFFFFFFFFFFFFFFLL)
#define MAXUINT8	((UINT8)0xFF)
#define MAXUINT16	((UINT16)0xFFFF)
#define MAXUINT32	((UINT32)~0U)
#define MAXUINT64	((UINT64)~0ULL)
#define MAXINT		0x7FFFFFFF
#define MAXUINT		0xFFFFFFFFU
#define MAXULONG_PTR	((ULONG_PTR)~0ULL)
#define MAXLONG_PTR	((LONG_PTR)(MAXULONG_PTR >> 1))
#define MAXUINT_PTR	((UINT_PTR)~0ULL)
#define MAXSIZE_T	((SIZE_T)~0ULL)

#define FIELD_OFFSET(type, field)	((LONG)__builtin_offsetof(type, field))
#define UFIELD_OFFSET(type, field)	((ULONG)__builtin_offsetof(type, field))
#define TYPE_ALIGNMENT(type)		__alignof__(type)
#define CONTAINING_RECORD(address, type, field) \
	((type *)((PUCHAR)(address) - __builtin_offsetof(type, field)))

#define RTL_FIELD_TYPE(type, field)	(((type *)0)->field)
#define RTL_FIELD_SIZE(type, field)	(sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) \
	(__builtin_offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#define RTL_PADDING_BETWEEN_FIELDS(type, first, second) \
	(__builtin_offsetof(type, second) - RTL_SIZEOF_THROUGH_FIELD(type, first))
#define RTL_NUMBER_OF(array)		(sizeof(array) / sizeof((array)[0]))
#define RTL_NUMBER_OF_FIELD(type, field) (RTL_NUMBER_OF(RTL_FIELD_TYPE(type, field)))
#define RTL_BITS_OF(what)		(sizeof(what) * 8)
#define RTL_BITS_OF_FIELD(type, field)	(RTL_BITS_OF(RTL_FIELD_TYPE(type, field)))
#ifdef __cplusplus
#define RTL_CONST_CAST(type)		const_cast<type>
#else
#define RTL_CONST_CAST(type)		(type)
#endif
#define ARRAYSIZE(array)		RTL_NUMBER_OF(array)
#define _ARRAYSIZE(array)		RTL_NUMBER_OF(array)

/*
 * True if the end of the member lies within the first size bytes. This is how a driver asks which
 * slots a DMA_OPERATIONS has.
 */
#define RTL_CONTAINS_FIELD(structure, size, field) \
	((PCHAR)&(structure)->field + sizeof((structure)->field) <= (PCHAR)(structure) + (size))

#define RTL_CONSTANT_STRING(s) \
	{ sizeof(s) - sizeof((s)[0]), sizeof(s), RTL_STRING_BUFFER(s) }
/* A literal is const in C++, and the member that holds it is not. */
#ifdef __cplusplus
#define RTL_STRING_BUFFER(s)	WdmStringBuffer(s)
#else
#define RTL_STRING_BUFFER(s)	(s)
#endif

#define DECLARE_CONST_UNICODE_STRING(name, string) \
	static const WCHAR name ## _buffer[] = string; \
	const UNICODE_STRING name = { sizeof(string) - sizeof(WCHAR), sizeof(string), \
				      (PWCH)name ## _buffer }
/* Files that have the same one share it. */
#define DECLARE_GLOBAL_CONST_UNICODE_STRING(name, string) \
	static const WCHAR name ## _buffer[] = string; \
	extern const UNICODE_STRING name; \
	const UNICODE_STRING DECLSPEC_SELECTANY name = { sizeof(string) - sizeof(WCHAR), \
							 sizeof(string), (PWCH)name ## _buffer }
#define DECLARE_UNICODE_STRING_SIZE(name, size) \
	WCHAR name ## _buffer[size]; \
	UNICODE_STRING name = { 0, (size) * sizeof(WCHAR), name ## _buffer }

#define ARGUMENT_PRESENT(pointer)	((PVOID)(pointer) != NULL)

#define UNREFERENCED_PARAMETER(p)		((void)(p))
#define DBG_UNREFERENCED_PARAMETER(p)		((void)(p))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(v)	((void)(v))

/* The conversions truncate, or extend by the sign of what they convert. */
#define PtrToUlong(p)		((ULONG)(ULONG_PTR)(p))
#define PtrToLong(p)		((LONG)(LONG_PTR)(p))
#define PtrToUint(p)		((UINT)(UINT_PTR)(p))
#define PtrToInt(p)		((INT)(INT_PTR)(p))
#define PtrToUshort(p)		((USHORT)(ULONG_PTR)(p))
#define UlongToPtr(n)		((PVOID)(ULONG_PTR)(ULONG)(n))
#define LongToPtr(n)		((PVOID)(LONG_PTR)(LONG)(n))
#define UintToPtr(n)		((PVOID)(UINT_PTR)(UINT)(n))
#define IntToPtr(n)		((PVOID)(INT_PTR)(INT)(n))
#define ULongToPtr(n)		UlongToPtr(n)
#define PtrToULong(p)		PtrToUlong(p)
#define HandleToULong(h)	HandleToUlong(h)
#define ULongToHandle(n)	UlongToHandle(n)
#define HandleToUlong(h)	((ULONG)(ULONG_PTR)(h))
#define HandleToLong(h)		((LONG)(LONG_PTR)(h))
#define UlongToHandle(n)	((HANDLE)(ULONG_PTR)(ULONG)(n))
#define LongToHandle(n)		((HANDLE)(LONG_PTR)(LONG)(n))

#define Int32x32To64(a, b)	((LONGLONG)(LONG)(a) * (LONGLONG)(LONG)(b))
#define UInt32x32To64(a, b)	((ULONGLONG)(ULONG)(a) * (ULONGLONG)(ULONG)(b))
/* The shift is modulo 32. */
#define Int64ShllMod32(a, b)	((ULONGLONG)(a) << ((b) & 31))
#define Int64ShrlMod32(a, b)	((ULONGLONG)(a) >> ((b) & 31))
#define Int64ShraMod32(a, b)	((LONGLONG)(a) >> ((b) & 31))

#define RtlUshortByteSwap(n)	__builtin_bswap16(n)
#define RtlUlongByteSwap(n)	__builtin_bswap32(n)
#define RtlUlonglongByteSwap(n)	__builtin_bswap64(n)

/* The alignment must be a power of two. */
#define ALIGN_DOWN_BY(length, alignment) \
	((ULONG_PTR)(length) & ~((ULONG_PTR)(alignment) - 1))
#define ALIGN_UP_BY(length, alignment) \
	ALIGN_DOWN_BY((ULONG_PTR)(length) + (alignment) - 1, alignment)
#define ALIGN_DOWN(length, type)	ALIGN_DOWN_BY(length, sizeof(type))
#define ALIGN_UP(length, type)		ALIGN_UP_BY(length, sizeof(type))
#define ALIGN_DOWN_POINTER_BY(address, alignment) ((PVOID)ALIGN_DOWN_BY(address, alignment))
#define ALIGN_UP_POINTER_BY(address, alignment) ((PVOID)ALIGN_UP_BY(address, alignment))
#define ALIGN_DOWN_POINTER(address, type) ((PVOID)ALIGN_DOWN(address, type))
#define ALIGN_UP_POINTER(address, type)	((PVOID)ALIGN_UP(address, type))

/* A driver's own definitions count. */
#ifndef NOMINMAX
#ifndef min
#define min(a, b)	(((a) < (b)) ? (a) : (b))
#endif
#ifndef max
#define max(a, b)	(((a) > (b)) ? (a) : (b))
#endif
#endif

#ifdef __cplusplus
#define C_ASSERT(e)	static_assert(e, #e)
#else
#ifdef __CHECKER__
/* sparse does not obey #pragma pack. */
#define C_ASSERT(e)	_Static_assert(1, #e)
#else
#define C_ASSERT(e)	_Static_assert(e, #e)
#endif
#ifndef static_assert
#define static_assert	_Static_assert
#endif
#endif

/* A driver may leave the result of a function unused, but not that of an operator. */
FORCEINLINE BOOLEAN WdmIsTrue(BOOLEAN e)
{
	return e;
}

/* Returns whether the expression is true. If it is false, reports the failure first. */
#define WDM_ASSERT(e, text, message) \
	WdmIsTrue((e) ? TRUE : \
		  (RtlAssert((PVOID)(text), (PVOID)__FILE__, __LINE__, (PCHAR)(message)), FALSE))

/* In a build without DBG the expressions of the first group are not evaluated. */
#if DBG
#define ASSERT(e)			WDM_ASSERT(e, #e, NULL)
#define ASSERTMSG(message, e)		WDM_ASSERT(e, #e, message)
#define RTL_VERIFY(e)			WDM_ASSERT(e, #e, NULL)
#define RTL_VERIFYMSG(message, e)	WDM_ASSERT(e, #e, message)
#else
#define ASSERT(e)			((void)0)
#define ASSERTMSG(message, e)		((void)0)
#define RTL_VERIFY(e)			WdmIsTrue((e) ? TRUE : FALSE)
#define RTL_VERIFYMSG(message, e)	WdmIsTrue((e) ? TRUE : FALSE)
#endif
#define RTL_SOFT_ASSERT(e)		ASSERT(e)
#define RTL_SOFT_ASSERTMSG(message, e)	ASSERTMSG(message, e)
#define RTL_SOFT_VERIFY(e)		RTL_VERIFY(e)
#define RTL_SOFT_VERIFYMSG(message, e)	RTL_VERIFYMSG(message, e)
#define NT_ASSERT(e)			ASSERT(e)
#define NT_ASSERTMSG(message, e)	ASSERTMSG(message, e)
#define NT_ASSERTMSGW(message, e)	ASSERT(e)
#define NT_VERIFY(e)			RTL_VERIFY(e)
#define NT_VERIFYMSG(message, e)	RTL_VERIFYMSG(message, e)
#define NT_VERIFYMSGW(message, e)	RTL_VERIFY(e)
#define NT_FRE_ASSERT(e)		WDM_ASSERT(e, #e, NULL)
#define NT_FRE_ASSERTMSG(message, e)	WDM_ASSERT(e, #e, message)

/* Attributes of an object. Threads are the only objects, and their attributes have no effect. */
#define OBJ_INHERIT		0x00000002
#define OBJ_PERMANENT		0x00000010
#define OBJ_EXCLUSIVE		0x00000020
#define OBJ_CASE_INSENSITIVE	0x00000040
#define OBJ_OPENIF		0x00000080
#define OBJ_KERNEL_HANDLE	0x00000200

/* A block, as on Windows, and no expression. */
#define InitializeObjectAttributes(p, name, attributes, root, security) { \
	(p)->Length = sizeof(OBJECT_ATTRIBUTES); \
	(p)->RootDirectory = (root); \
	(p)->Attributes = (attributes); \
	(p)->ObjectName = (name); \
	(p)->SecurityDescriptor = (security); \
	(p)->SecurityQualityOfService = NULL; \
	}

/* The C++ form, which defines operators, is in wdm/cplusplus.h. */
#ifndef __cplusplus
#define DEFINE_ENUM_FLAG_OPERATORS(type)
#endif

#endif /* DDK_NTDEF_H */
