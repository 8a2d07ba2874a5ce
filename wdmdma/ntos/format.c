// SPDX-License-Identifier: GPL-2.0-only
/*
 * Texts with formats of Windows, which differ from those of printk(): long has 32 bits, %I64x has
 * 64, and %wZ takes a counted string. What follows %p is text and no extension. So a text is made
 * here, piece by piece, and printk() gets a finished string.
 */
#include "ntos/ntos.h"

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "ntos/format.h"

/* The longest conversion, from the percent sign to the letter. */
#define NT_FORMAT_MOST	32
#define NT_BAD_STRING	"(bad address)"

/* The strings of Windows, which stand in a header for Windows source alone. */
struct nt_counted_string {
	USHORT length;
	USHORT maximum_length;
	const void *buffer;
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

static void nt_put(struct nt_text *text, u16 c)
{
	if (text->length + 1 >= text->most) {
		text->cut = true;
		return;
	}
	if (text->wide)
		((u16 *)text->buffer)[text->length++] = c;
	else
		((char *)text->buffer)[text->length++] = c > 0xFF ? '?' : c;
}

/* Read a character of a string that may lie anywhere. Return false if there is no memory. */
static bool nt_get(const void *string, size_t n, bool wide, u16 *c)
{
	u8 narrow;

	if (wide)
		return !copy_from_kernel_nofault(c, (const u16 *)string + n, sizeof(*c));
	if (copy_from_kernel_nofault(&narrow, (const u8 *)string + n, sizeof(narrow)))
		return false;
	*c = narrow;
	return true;
}

/* Append a string of @length characters. A narrow text has question marks for those above 0x7F. */
static void nt_put_string(struct nt_text *text, const struct nt_format *format, const void *string,
			  size_t length, bool wide)
{
	const bool left = strchr(format->flags, '-');
	const int blanks = format->width - (int)length;
	size_t n;
	u16 c;
	int b;

	for (b = 0; !left && b < blanks && b < NT_PRINT_MOST; b++)
		nt_put(text, ' ');
	for (n = 0; n < length && nt_get(string, n, wide, &c); n++)
		nt_put(text, wide && c > 0x7F && !text->wide ? '?' : c);
	for (b = 0; left && b < blanks && b < NT_PRINT_MOST; b++)
		nt_put(text, ' ');
}

/* Append a string that ends with a NUL. */
static void nt_put_terminated(struct nt_text *text, const struct nt_format *format,
			      const void *string, bool wide)
{
	const size_t most = format->precision < 0 ? text->most :
			    min_t(size_t, format->precision, text->most);
	size_t length = 0;
	u16 c = 0;

	if (!string || (most && !nt_get(string, 0, wide, &c))) {
		string = string ? NT_BAD_STRING : "(null)";
		wide = false;
	}
	while (length < most && nt_get(string, length, wide, &c) && c)
		length++;
	nt_put_string(text, format, string, length, wide);
}

/* Append a counted string. */
static void nt_put_counted(struct nt_text *text, const struct nt_format *format,
			   const void *address, bool wide)
{
	struct nt_counted_string string = { };
	u16 c;

	if (address && copy_from_kernel_nofault(&string, address, sizeof(string)))
		nt_put_terminated(text, format, NT_BAD_STRING, false);
	else if (!string.buffer)
		nt_put_terminated(text, format, NULL, false);
	else if (string.length && !nt_get(string.buffer, 0, wide, &c))
		nt_put_terminated(text, format, NT_BAD_STRING, false);
	else
		nt_put_string(text, format, string.buffer,
			      min_t(size_t, wide ? string.length / 2 : string.length, text->most),
			      wide);
}

/* Append a number. The kernel's own function gets a format that it understands. */
static void nt_put_number(struct nt_text *text, const struct nt_format *format, char letter,
			  u64 value)
{
	char native[32], digits[NT_PRINT_MOST], *p;

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
	scnprintf(digits, sizeof(digits), native, value);
	for (p = digits; *p; p++)
		nt_put(text, *p);
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

/* Append a pointer, which the kernel hashes as in all its messages. */
static void nt_put_pointer(struct nt_text *text, const void *pointer)
{
	char digits[20], *p;

	scnprintf(digits, sizeof(digits), "%p", pointer);
	for (p = digits; *p; p++)
		nt_put(text, *p);
}

static void nt_put_conversion(struct nt_text *text, struct nt_format *format, char letter,
			      va_list *args)
{
	/* A capital stands for the other width than that of the format. */
	const bool wide = format->wide || (!format->narrow && !!isupper(letter) != text->wide);
	u16 c;

	switch (letter) {
	case 'd': case 'i': case 'u': case 'x': case 'X': case 'o':
		nt_put_number(text, format, letter, format->bits == 64 ?
			      va_arg(*args, u64) : va_arg(*args, u32));
		break;
	case 'p': case 'P':
		nt_put_pointer(text, va_arg(*args, void *));
		break;
	case 's': case 'S':
		nt_put_terminated(text, format, va_arg(*args, void *), wide);
		break;
	case 'Z':
		nt_put_counted(text, format, va_arg(*args, void *), format->wide);
		break;
	case 'c': case 'C':
		c = va_arg(*args, int);
		nt_put_string(text, format, &c, 1, wide);
		break;
	default:
		nt_put(text, letter);
	}
}

/* Copy the start of a format that is not longer than a conversion. */
static void nt_copy_conversion(char to[NT_FORMAT_MOST], const void *format, bool wide)
{
	size_t n;
	u16 c;

	for (n = 0; n < NT_FORMAT_MOST - 1 && nt_get(format, n, wide, &c) && c; n++)
		to[n] = c > 0x7F ? '?' : c;
	to[n] = 0;
}

/* Make a text by a format, which is wide if the text is. */
void nt_text_format(struct nt_text *text, const void *p, va_list *args)
{
	const size_t size = text->wide ? 2 : 1;
	char copy[NT_FORMAT_MOST];
	struct nt_format format;
	const char *letter;
	u16 c;

	if (!text->most)
		return;
	while (nt_get(p, 0, text->wide, &c) && c) {
		p += size;
		if (c != '%') {
			nt_put(text, c);
			continue;
		}
		nt_copy_conversion(copy, p, text->wide);
		letter = nt_read_size(nt_read_flags(copy, &format, args), &format);
		p += (letter - copy) * size;
		if (!*letter)
			continue;
		nt_put_conversion(text, &format, *letter, args);
		p += size;
	}
	if (text->wide)
		((u16 *)text->buffer)[text->length] = 0;
	else
		((char *)text->buffer)[text->length] = 0;
}

/* Make a text as DbgPrint() does. Return it. */
char *nt_debug_format(char buffer[NT_PRINT_MOST], const char *format, ...)
{
	struct nt_text text = { .buffer = buffer, .most = NT_PRINT_MOST };
	va_list args;

	va_start(args, format);
	nt_text_format(&text, format, &args);
	va_end(args);
	return buffer;
}
EXPORT_SYMBOL_FOR_KUNIT(nt_debug_format);
