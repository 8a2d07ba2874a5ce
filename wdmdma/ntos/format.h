/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts with formats of Windows. */
#ifndef WDMDMA_NTOS_FORMAT_H
#define WDMDMA_NTOS_FORMAT_H

#include <linux/stdarg.h>
#include <linux/types.h>

/* Windows cuts a text of DbgPrint here too. */
#define NT_PRINT_MOST	512

/**
 * struct nt_text - a text that is being made
 * @buffer: the text
 * @most: characters that it has room for, with the NUL
 * @length: characters that are there
 * @wide: a character has 16 bits, in the format too
 * @cut: there was no room for all
 */
struct nt_text {
	void *buffer;
	size_t most;
	size_t length;
	bool wide;
	bool cut;
};

void nt_text_format(struct nt_text *text, const void *format, va_list *args);
char *nt_debug_format(char buffer[NT_PRINT_MOST], const char *format, ...);

#endif /* WDMDMA_NTOS_FORMAT_H */
