/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of the C library that the kernel exports, and those for wide characters, which are
 * inline here. A function that stops at no bound is left out.
 */
#ifndef DDK_STRING_H
#define DDK_STRING_H

#include "stddef.h"
#include "wdm/compiler.h"
#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

void *memcpy(void *destination, const void *source, size_t count);
void *memmove(void *destination, const void *source, size_t count);
void *memset(void *destination, int value, size_t count);
int memcmp(const void *a, const void *b, size_t count);
void *memchr(const void *s, int value, size_t count);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t count);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);
char *strchr(const char *s, int value);
char *strrchr(const char *s, int value);
char *strstr(const char *s, const char *what);

FORCEINLINE size_t wcslen(const WCHAR *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

FORCEINLINE size_t wcsnlen(const WCHAR *s, size_t count)
{
	size_t n = 0;

	while (n < count && s[n])
		n++;
	return n;
}

FORCEINLINE int wcscmp(const WCHAR *a, const WCHAR *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return (int)a[n] - (int)b[n];
}

WDMDMA_HEADER_END

#endif /* DDK_STRING_H */
