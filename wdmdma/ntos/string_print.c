// SPDX-License-Identifier: GPL-2.0-only
/* The functions of ntstrsafe.h that format. In a wide format %s takes a wide string. */
#include "ntos/ntos.h"

#include <linux/minmax.h>
#include <linux/stdarg.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/string_print.h>

#include "ntos/format.h"

#define NT_STRING_MOST	2147483647

/* A counted string, which stands in a header for Windows source alone. */
struct nt_unicode_string {
	USHORT Length;
	USHORT MaximumLength;
	WCHAR *Buffer;
};

/* Fill a buffer of @most characters. */
static NTSTATUS nt_string_print(const char *call, void *to, size_t most, bool wide,
				const void *format, va_list args)
{
	struct nt_text text = { .buffer = to, .most = most, .wide = wide };
	va_list copy;

	if (!format || !most || most > NT_STRING_MOST || nt_is_wrong(to, "Dest", call))
		return STATUS_INVALID_PARAMETER;
	va_copy(copy, args);
	nt_text_format(&text, format, &copy);
	va_end(copy);
	return text.cut ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/**
 * RtlStringCchVPrintfA() - format a string, with a list of arguments
 * @to: the string. It ends with a NUL, even if it is cut
 * @count: characters that it has room for, from 1 to 2147483647
 * @format: as for DbgPrint()
 * @arguments: arguments of the format
 *
 * Answers to ntstrsafe: RtlStringCchVPrintfA, RtlStringCbVPrintfA.
 *
 * Context: any.
 * Return: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW if the string is cut, STATUS_INVALID_PARAMETER.
 * NULL, or no address, in place of the memory for the string is reported.
 */
NTSTATUS RtlStringCchVPrintfA(char *to, SIZE_T count, const char *format, va_list arguments)
{
	return nt_string_print(__func__, to, count, false, format, arguments);
}
EXPORT_SYMBOL_GPL(RtlStringCchVPrintfA);

/**
 * RtlStringCchVPrintfW() - format a wide string, with a list of arguments
 * @to: as for RtlStringCchVPrintfA()
 * @count: as for RtlStringCchVPrintfA()
 * @format: a wide format. %s takes a wide string, and %S a narrow one
 * @arguments: arguments of the format
 *
 * Answers to ntstrsafe: RtlStringCchVPrintfW, RtlStringCbVPrintfW.
 *
 * Context: any.
 * Return: as for RtlStringCchVPrintfA().
 */
NTSTATUS RtlStringCchVPrintfW(WCHAR *to, SIZE_T count, const WCHAR *format, va_list arguments)
{
	return nt_string_print(__func__, to, count, true, format, arguments);
}
EXPORT_SYMBOL_GPL(RtlStringCchVPrintfW);

/**
 * RtlStringCchPrintfA() - format a string
 * @to: as for RtlStringCchVPrintfA()
 * @count: as for RtlStringCchVPrintfA()
 * @format: as for RtlStringCchVPrintfA()
 *
 * Answers to ntstrsafe: RtlStringCchPrintfA.
 *
 * Context: any.
 * Return: as for RtlStringCchVPrintfA().
 */
NTSTATUS RtlStringCchPrintfA(char *to, SIZE_T count, const char *format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, format);
	status = nt_string_print(__func__, to, count, false, format, args);
	va_end(args);
	return status;
}
EXPORT_SYMBOL_GPL(RtlStringCchPrintfA);

/**
 * RtlStringCbPrintfA() - format a string whose room is given in bytes
 * @to: as for RtlStringCchVPrintfA()
 * @size: bytes that it has room for
 * @format: as for RtlStringCchVPrintfA()
 *
 * Answers to ntstrsafe: RtlStringCbPrintfA.
 *
 * Context: any.
 * Return: as for RtlStringCchVPrintfA().
 */
NTSTATUS RtlStringCbPrintfA(char *to, SIZE_T size, const char *format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, format);
	status = nt_string_print(__func__, to, size, false, format, args);
	va_end(args);
	return status;
}
EXPORT_SYMBOL_GPL(RtlStringCbPrintfA);

/**
 * RtlStringCchPrintfW() - format a wide string
 * @to: as for RtlStringCchVPrintfA()
 * @count: as for RtlStringCchVPrintfA()
 * @format: as for RtlStringCchVPrintfW()
 *
 * Answers to ntstrsafe: RtlStringCchPrintfW.
 *
 * Context: any.
 * Return: as for RtlStringCchVPrintfA().
 */
NTSTATUS RtlStringCchPrintfW(WCHAR *to, SIZE_T count, const WCHAR *format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, format);
	status = nt_string_print(__func__, to, count, true, format, args);
	va_end(args);
	return status;
}
EXPORT_SYMBOL_GPL(RtlStringCchPrintfW);

/**
 * RtlStringCbPrintfW() - format a wide string whose room is given in bytes
 * @to: as for RtlStringCchVPrintfA()
 * @size: bytes that it has room for
 * @format: as for RtlStringCchVPrintfW()
 *
 * Answers to ntstrsafe: RtlStringCbPrintfW.
 *
 * Context: any.
 * Return: as for RtlStringCchVPrintfA().
 */
NTSTATUS RtlStringCbPrintfW(WCHAR *to, SIZE_T size, const WCHAR *format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, format);
	status = nt_string_print(__func__, to, size / sizeof(WCHAR), true, format, args);
	va_end(args);
	return status;
}
EXPORT_SYMBOL_GPL(RtlStringCbPrintfW);

/**
 * RtlUnicodeStringPrintf() - format a counted string
 * @to: the string. Its MaximumLength is the room, and Length is set. No NUL is added
 * @format: as for RtlStringCchVPrintfW()
 *
 * Answers to ntstrsafe: RtlUnicodeStringPrintf.
 *
 * Differs from Windows: the last character of the room is left unused.
 *
 * Context: any.
 * Return: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW if the string is cut, STATUS_INVALID_PARAMETER.
 * NULL, or no address, in place of the memory for the string is reported.
 */
NTSTATUS RtlUnicodeStringPrintf(struct _UNICODE_STRING *to, const WCHAR *format, ...)
{
	struct nt_unicode_string *string = (struct nt_unicode_string *)to;
	struct nt_text text = { .wide = true };
	va_list args;

	if (!format || nt_is_wrong(string, "DestinationString", __func__) ||
	    string->MaximumLength < sizeof(WCHAR) ||
	    nt_is_wrong(string->Buffer, "Buffer", __func__))
		return STATUS_INVALID_PARAMETER;
	text.buffer = string->Buffer;
	text.most = string->MaximumLength / sizeof(WCHAR);
	va_start(args, format);
	nt_text_format(&text, format, &args);
	va_end(args);
	string->Length = text.length * sizeof(WCHAR);
	return text.cut ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(RtlUnicodeStringPrintf);
