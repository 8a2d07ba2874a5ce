// SPDX-License-Identifier: GPL-2.0-only
/*
 * DbgPrint. The formats of Windows differ from those of printk(): long has 32 bits, %I64x has 64,
 * and %wZ takes a counted string. What follows %p is text and no extension. So the text is made
 * here, piece by piece, and printk() gets a finished string.
 */
#include "ntos/ntos.h"

#include <linux/ctype.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <ddk/wdm/thread.h>

#include "compat.h"
#include "ntos/debug_print.h"

/* The strings of Windows, which stand in a header for Windows source alone. */
struct nt_counted_string {
	USHORT length;
	USHORT maximum_length;
	const void *buffer;
};

/**
 * struct nt_print - a text that is being made
 * @text: the text, which is never longer than the buffer
 * @length: its length
 */
struct nt_print {
	char text[NT_PRINT_MOST];
	size_t length;
};

/**
 * struct nt_format - one conversion of a format
 * @flags: of '-', '+', ' ', '#' and '0', those that are there
 * @width: shortest length, or -1
 * @precision: or -1
 * @bits: bits of a number
 * @wide: the string is made of WCHAR
 * @narrow: the string is made of bytes, whatever the letter says
 */
struct nt_format {
	char flags[6];
	int width;
	int precision;
	int bits;
	bool wide;
	bool narrow;
};

static bool nt_is_flag(char c)
{
	return c == '-' || c == '+' || c == ' ' || c == '#' || c == '0';
}

static void nt_put(struct nt_print *print, char c)
{
	if (print->length < sizeof(print->text) - 1)
		print->text[print->length++] = c;
}

/* Append a string of @length characters. A character above 0x7F becomes a question mark. */
static void nt_put_string(struct nt_print *print, const struct nt_format *format,
			  const void *string, size_t length, bool wide)
{
	const bool left = strchr(format->flags, '-');
	const int blanks = format->width - (int)length;
	size_t n;
	int b;

	for (b = 0; !left && b < blanks && b < NT_PRINT_MOST; b++)
		nt_put(print, ' ');
	for (n = 0; n < length; n++) {
		const unsigned int c = wide ? ((const u16 *)string)[n] : ((const u8 *)string)[n];

		nt_put(print, wide && c > 0x7F ? '?' : c);
	}
	for (b = 0; left && b < blanks && b < NT_PRINT_MOST; b++)
		nt_put(print, ' ');
}

/* Append a string that ends with a NUL. */
static void nt_put_terminated(struct nt_print *print, const struct nt_format *format,
			      const void *string, bool wide)
{
	const size_t most = format->precision < 0 ? NT_PRINT_MOST :
			    min(format->precision, NT_PRINT_MOST);
	size_t length = 0;

	if (!string) {
		string = "(null)";
		wide = false;
	}
	while (length < most && (wide ? ((const u16 *)string)[length] :
				 ((const u8 *)string)[length]))
		length++;
	nt_put_string(print, format, string, length, wide);
}

/* Append a counted string. */
static void nt_put_counted(struct nt_print *print, const struct nt_format *format,
			   const struct nt_counted_string *string, bool wide)
{
	if (!string || !string->buffer)
		nt_put_terminated(print, format, NULL, false);
	else
		nt_put_string(print, format, string->buffer,
			      min(wide ? string->length / 2 : string->length, NT_PRINT_MOST), wide);
}

/* Append a number. The kernel's own function gets a format that it understands. */
static void nt_put_number(struct nt_print *print, const struct nt_format *format, char letter,
			  u64 value)
{
	const size_t left = sizeof(print->text) - print->length;
	char native[32];

	if (letter == 'd' || letter == 'i')
		value = format->bits == 64 ? value : format->bits == 32 ? (s64)(s32)value :
			format->bits == 16 ? (s64)(s16)value : (s64)(s8)value;
	else if (format->bits < 64)
		value &= (1ULL << format->bits) - 1;
	if (format->precision >= 0)
		scnprintf(native, sizeof(native), "%%%s%d.%dll%c", format->flags,
			  max(format->width, 0), format->precision, letter);
	else if (format->width >= 0)
		scnprintf(native, sizeof(native), "%%%s%dll%c", format->flags, format->width,
			  letter);
	else
		scnprintf(native, sizeof(native), "%%%sll%c", format->flags, letter);
	print->length += scnprintf(print->text + print->length, left, native, value);
}

/* Read a width or a precision. Return what follows. */
static const char *nt_read_count(const char *p, int *count, va_list *args)
{
	if (*p == '*') {
		*count = clamp(va_arg(*args, int), -1, NT_PRINT_MOST);
		return p + 1;
	}
	for (*count = 0; isdigit(*p); p++)
		*count = min(*count * 10 + (*p - '0'), NT_PRINT_MOST);
	return p;
}

/* Read flags, width and precision. Return what follows. */
static const char *nt_read_flags(const char *p, struct nt_format *format, va_list *args)
{
	size_t n = 0;

	*format = (struct nt_format) { .width = -1, .precision = -1, .bits = 32 };
	for (; nt_is_flag(*p); p++)
		if (!strchr(format->flags, *p) && n < sizeof(format->flags) - 1)
			format->flags[n++] = *p;
	if (*p == '*' || isdigit(*p))
		p = nt_read_count(p, &format->width, args);
	if (*p == '.')
		p = nt_read_count(p + 1, &format->precision, args);
	return p;
}

/* Read the size of the argument. Return what follows. */
static const char *nt_read_size(const char *p, struct nt_format *format)
{
	if (!strncmp(p, "I64", 3) || !strncmp(p, "I32", 3)) {
		format->bits = p[1] == '6' ? 64 : 32;
		return p + 3;
	}
	for (; *p && strchr("hlwIzjtL", *p); p++) {
		format->wide |= *p == 'l' || *p == 'w';
		format->narrow |= *p == 'h';
		if (*p == 'h')
			format->bits = format->bits == 16 ? 8 : 16;
		else if (strchr("Izjt", *p) || (*p == 'l' && p[1] == 'l'))
			format->bits = 64;
	}
	return p;
}

static void nt_put_conversion(struct nt_print *print, struct nt_format *format, char letter,
			      va_list *args)
{
	const bool upper_wide = format->wide || (isupper(letter) && !format->narrow);
	char c;

	switch (letter) {
	case 'd': case 'i': case 'u': case 'x': case 'X': case 'o':
		nt_put_number(print, format, letter, format->bits == 64 ?
			      va_arg(*args, u64) : va_arg(*args, u32));
		break;
	case 'p': case 'P':
		/* The kernel hashes pointers, as in all its messages. */
		print->length += scnprintf(print->text + print->length,
					   sizeof(print->text) - print->length, "%p",
					   va_arg(*args, void *));
		break;
	case 's': case 'S':
		nt_put_terminated(print, format, va_arg(*args, void *), upper_wide);
		break;
	case 'Z':
		nt_put_counted(print, format, va_arg(*args, void *), format->wide);
		break;
	case 'c': case 'C':
		c = va_arg(*args, int);
		nt_put_string(print, format, &c, 1, false);
		break;
	default:
		nt_put(print, letter);
	}
}

static void nt_format_text(struct nt_print *print, const char *p, va_list *args)
{
	struct nt_format format;

	while (*p) {
		if (*p != '%') {
			nt_put(print, *p++);
			continue;
		}
		p = nt_read_size(nt_read_flags(p + 1, &format, args), &format);
		if (*p)
			nt_put_conversion(print, &format, *p++, args);
	}
	print->text[print->length] = 0;
}

/* Make a text as DbgPrint() does. Return it. */
char *nt_debug_format(char text[NT_PRINT_MOST], const char *format, ...)
{
	struct nt_print print = { };
	va_list args;

	va_start(args, format);
	nt_format_text(&print, format, &args);
	va_end(args);
	return memcpy(text, print.text, sizeof(print.text));
}
EXPORT_SYMBOL_FOR_KUNIT(nt_debug_format);

/* Print a text line by line. */
static void nt_print_lines(char *text, ULONG level)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (!*line)
			continue;
		if (level == DPFLTR_ERROR_LEVEL)
			pr_err("%s\n", line);
		else if (level == DPFLTR_WARNING_LEVEL)
			pr_warn("%s\n", line);
		else
			pr_info("%s\n", line);
	}
}

static void nt_debug_print(ULONG level, const char *format, va_list *args)
{
	struct nt_print print = { };

	if (!format)
		return;
	nt_format_text(&print, format, args);
	nt_print_lines(print.text, level);
}

/**
 * DbgPrint() - write to the kernel's log
 * @format: format of Windows. A text is cut to 511 characters, and each call ends its line
 *
 * Answers to wdm: DbgPrint. %p is hashed. Characters of wide strings above 0x7F become question
 * marks. %f and the like are not supported.
 *
 * Context: any.
 * Return: STATUS_SUCCESS.
 */
ULONG DbgPrint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	nt_debug_print(DPFLTR_INFO_LEVEL, format, &args);
	va_end(args);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(DbgPrint);

/**
 * DbgPrintEx() - write to the kernel's log
 * @component: ignored. Nothing is filtered
 * @level: DPFLTR_ERROR_LEVEL and DPFLTR_WARNING_LEVEL become levels of the log. All others are
 *	information
 * @format: as for DbgPrint()
 *
 * Answers to wdm: DbgPrintEx.
 *
 * Context: any.
 * Return: STATUS_SUCCESS.
 */
ULONG DbgPrintEx(ULONG component, ULONG level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	nt_debug_print(level, format, &args);
	va_end(args);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(DbgPrintEx);

/**
 * vDbgPrintEx() - DbgPrintEx() with a list of arguments
 * @component: ignored
 * @level: as for DbgPrintEx()
 * @format: as for DbgPrint()
 * @arguments: arguments of the format
 *
 * Answers to wdm: vDbgPrintEx.
 *
 * Context: any.
 * Return: STATUS_SUCCESS.
 */
ULONG vDbgPrintEx(ULONG component, ULONG level, const char *format, va_list arguments)
{
	va_list copy;

	va_copy(copy, arguments);
	nt_debug_print(level, format, &copy);
	va_end(copy);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(vDbgPrintEx);

/**
 * DbgBreakPoint() - report that a driver has stopped itself
 *
 * Answers to wdm: DbgBreakPoint.
 *
 * Differs from Windows: there is no debugger. The log has the address of the call, and the driver
 * goes on.
 *
 * Context: any.
 */
void DbgBreakPoint(void)
{
	nt_report(__func__, "break point of the driver at %pS", (void *)_RET_IP_);
}
EXPORT_SYMBOL_GPL(DbgBreakPoint);

/**
 * RtlAssert() - report an assertion that has failed
 * @failed_assertion: text of the expression
 * @file_name: file of the driver
 * @line_number: line in it
 * @message: optional text of the driver
 *
 * Answers to ntddk: RtlAssert. The driver goes on.
 *
 * Context: any.
 */
void RtlAssert(PVOID failed_assertion, PVOID file_name, ULONG line_number, PCHAR message)
{
	pr_err("assertion failed: %s, in %s, line %u: %s\n", (char *)failed_assertion,
	       (char *)file_name, line_number, message ? (char *)message : "");
}
EXPORT_SYMBOL_GPL(RtlAssert);
