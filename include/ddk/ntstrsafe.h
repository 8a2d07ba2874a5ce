/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * String functions that know the size of the destination. The functions that format are in
 * wdmdma_ntos.ko.
 */
#ifndef DDK_NTSTRSAFE_H
#define DDK_NTSTRSAFE_H

#include "ntdef.h"
#include "ntstatus.h"
#include "wdm/string_print.h"

#define NTSTRSAFE_MAX_CCH	2147483647

WDMDMA_HEADER_BEGIN

/*
 * The Cch form of each function counts characters, the Cb form bytes. A string that is cut ends
 * with a NUL, and the status is STATUS_BUFFER_OVERFLOW.
 */
#define WDM_STRING_FUNCTIONS(suffix, type, in, out) \
FORCEINLINE NTSTATUS RtlStringCchLength ## suffix(in string, size_t max, size_t *length) \
{ \
	size_t n = 0; \
\
	if (length) \
		*length = 0; \
	if (!string || max > NTSTRSAFE_MAX_CCH) \
		return STATUS_INVALID_PARAMETER; \
	while (n < max && string[n]) \
		n++; \
	if (n == max) \
		return STATUS_INVALID_PARAMETER; \
	if (length) \
		*length = n; \
	return STATUS_SUCCESS; \
} \
FORCEINLINE NTSTATUS WdmCopyString ## suffix(out to, size_t size, in from, size_t count) \
{ \
	size_t n = 0; \
\
	for (; n < count && from[n]; n++) { \
		if (n == size - 1) { \
			to[n] = 0; \
			return STATUS_BUFFER_OVERFLOW; \
		} \
		to[n] = from[n]; \
	} \
	to[n] = 0; \
	return STATUS_SUCCESS; \
} \
FORCEINLINE NTSTATUS RtlStringCchCopyN ## suffix(out to, size_t size, in from, size_t count) \
{ \
	if (!size || size > NTSTRSAFE_MAX_CCH) \
		return STATUS_INVALID_PARAMETER; \
	if (count > NTSTRSAFE_MAX_CCH) { \
		*to = 0; \
		return STATUS_INVALID_PARAMETER; \
	} \
	return WdmCopyString ## suffix(to, size, from, count); \
} \
FORCEINLINE NTSTATUS RtlStringCchCopy ## suffix(out to, size_t size, in from) \
{ \
	return RtlStringCchCopyN ## suffix(to, size, from, NTSTRSAFE_MAX_CCH); \
} \
FORCEINLINE NTSTATUS RtlStringCchCatN ## suffix(out to, size_t size, in from, size_t count) \
{ \
	NTSTATUS status; \
	size_t n; \
\
	status = RtlStringCchLength ## suffix(to, size, &n); \
	if (!NT_SUCCESS(status)) \
		return status; \
	if (count > NTSTRSAFE_MAX_CCH) \
		return STATUS_INVALID_PARAMETER; \
	return WdmCopyString ## suffix(to + n, size - n, from, count); \
} \
FORCEINLINE NTSTATUS RtlStringCchCat ## suffix(out to, size_t size, in from) \
{ \
	return RtlStringCchCatN ## suffix(to, size, from, NTSTRSAFE_MAX_CCH); \
} \
FORCEINLINE NTSTATUS RtlStringCbLength ## suffix(in string, size_t max, size_t *length) \
{ \
	const NTSTATUS status = RtlStringCchLength ## suffix(string, max / sizeof(type), length); \
\
	if (length) \
		*length *= sizeof(type); \
	return status; \
} \
FORCEINLINE NTSTATUS RtlStringCbCopyN ## suffix(out to, size_t size, in from, size_t count) \
{ \
	return RtlStringCchCopyN ## suffix(to, size / sizeof(type), from, count / sizeof(type)); \
} \
FORCEINLINE NTSTATUS RtlStringCbCopy ## suffix(out to, size_t size, in from) \
{ \
	return RtlStringCchCopy ## suffix(to, size / sizeof(type), from); \
} \
FORCEINLINE NTSTATUS RtlStringCbCatN ## suffix(out to, size_t size, in from, size_t count) \
{ \
	return RtlStringCchCatN ## suffix(to, size / sizeof(type), from, count / sizeof(type)); \
} \
FORCEINLINE NTSTATUS RtlStringCbCat ## suffix(out to, size_t size, in from) \
{ \
	return RtlStringCchCat ## suffix(to, size / sizeof(type), from); \
}

WDM_STRING_FUNCTIONS(A, char, PCSTR, PSTR)
WDM_STRING_FUNCTIONS(W, WCHAR, PCWSTR, PWSTR)

WDMDMA_HEADER_END

#endif /* DDK_NTSTRSAFE_H */
