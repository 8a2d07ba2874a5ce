/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that format strings, for drivers that are linked with wdmdma_ntos.ko. The Linux half
 * may include this file too. The formats are those of DbgPrint. In a wide format %s takes a wide
 * string, and %S a narrow one.
 */
#ifndef DDK_WDM_STRING_PRINT_H
#define DDK_WDM_STRING_PRINT_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

struct _UNICODE_STRING;

NTSTATUS RtlStringCchPrintfA(char *to, SIZE_T count, const char *format, ...);
NTSTATUS RtlStringCbPrintfA(char *to, SIZE_T size, const char *format, ...);
NTSTATUS RtlStringCchPrintfW(WCHAR *to, SIZE_T count, const WCHAR *format, ...);
NTSTATUS RtlStringCbPrintfW(WCHAR *to, SIZE_T size, const WCHAR *format, ...);
NTSTATUS RtlStringCchVPrintfA(char *to, SIZE_T count, const char *format,
			      __builtin_va_list arguments);
NTSTATUS RtlStringCchVPrintfW(WCHAR *to, SIZE_T count, const WCHAR *format,
			      __builtin_va_list arguments);
NTSTATUS RtlUnicodeStringPrintf(struct _UNICODE_STRING *to, const WCHAR *format, ...);

#define RtlStringCbVPrintfA(to, size, format, arguments) \
	RtlStringCchVPrintfA(to, size, format, arguments)
#define RtlStringCbVPrintfW(to, size, format, arguments) \
	RtlStringCchVPrintfW(to, (size) / sizeof(WCHAR), format, arguments)

WDMDMA_HEADER_END

#endif /* DDK_WDM_STRING_PRINT_H */
