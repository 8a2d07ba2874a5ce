// SPDX-License-Identifier: GPL-2.0-only
/* Arithmetic and string functions that notice what does not fit. */
#include <ntddk.h>
#include <ntintsafe.h>
#include <ntstrsafe.h>

#include "corpus.h"

#define OVERFLOW	STATUS_INTEGER_OVERFLOW

const char *CorpusArithmetic(void)
{
	ULONGLONG wide;
	USHORT word;
	SIZE_T size;
	ULONG n;
	LONG i;

	CORPUS_EXPECT(RtlULongAdd(MAXULONG - 1, 1, &n) == STATUS_SUCCESS && n == MAXULONG);
	n = 0;
	CORPUS_EXPECT(RtlULongAdd(MAXULONG, 1, &n) == OVERFLOW && n == MAXULONG);
	CORPUS_EXPECT(RtlULongSub(5, 5, &n) == STATUS_SUCCESS && n == 0);
	CORPUS_EXPECT(RtlULongSub(5, 6, &n) == OVERFLOW && n == MAXULONG);
	CORPUS_EXPECT(RtlULongMult(0x10000, 0xFFFF, &n) == STATUS_SUCCESS && n == 0xFFFF0000);
	CORPUS_EXPECT(RtlULongMult(0x10000, 0x10000, &n) == OVERFLOW && n == MAXULONG);
	CORPUS_EXPECT(RtlUShortAdd(0xFFFF, 1, &word) == OVERFLOW && word == 0xFFFF);
	CORPUS_EXPECT(RtlSizeTMult(1ULL << 32, 1ULL << 31, &size) == STATUS_SUCCESS);
	CORPUS_EXPECT(RtlSizeTMult(1ULL << 32, 1ULL << 32, &size) == OVERFLOW);
	CORPUS_EXPECT(size == MAXSIZE_T);
	CORPUS_EXPECT(RtlULongLongAdd(MAXULONGLONG, 1, &wide) == OVERFLOW);
	CORPUS_EXPECT(RtlLongAdd(MAXLONG, 1, &i) == OVERFLOW && i == -1);
	CORPUS_EXPECT(RtlLongSub(-1, MAXLONG, &i) == STATUS_SUCCESS && i == (LONG)MINLONG);
	return NULL;
}

const char *CorpusConversions(void)
{
	USHORT word;
	ULONG n;
	LONG i;

	CORPUS_EXPECT(RtlULongLongToULong(MAXULONG, &n) == STATUS_SUCCESS && n == MAXULONG);
	CORPUS_EXPECT(RtlULongLongToULong(1ULL << 32, &n) == OVERFLOW && n == MAXULONG);
	CORPUS_EXPECT(RtlSizeTToULong(1ULL << 40, &n) == OVERFLOW);
	CORPUS_EXPECT(RtlULongToUShort(0x10000, &word) == OVERFLOW && word == 0xFFFF);
	CORPUS_EXPECT(RtlLongToULong(-1, &n) == OVERFLOW);
	CORPUS_EXPECT(RtlULongToLong(0x80000000U, &i) == OVERFLOW && i == -1);
	CORPUS_EXPECT(RtlULongToLong(7, &i) == STATUS_SUCCESS && i == 7);
	return NULL;
}

const char *CorpusSafeStrings(void)
{
	WCHAR wide[4] = { 0 };
	char text[6] = "";
	size_t length;

	CORPUS_EXPECT(RtlStringCbCopyA(text, sizeof(text), "ring") == STATUS_SUCCESS);
	CORPUS_EXPECT(RtlStringCbCatA(text, sizeof(text), "s") == STATUS_SUCCESS);
	CORPUS_EXPECT(RtlEqualMemory(text, "rings", 6));
	CORPUS_EXPECT(RtlStringCbCatA(text, sizeof(text), "x") == STATUS_BUFFER_OVERFLOW);
	CORPUS_EXPECT(RtlEqualMemory(text, "rings", 6));
	CORPUS_EXPECT(RtlStringCbCopyA(text, 6, "longer text") == STATUS_BUFFER_OVERFLOW);
	CORPUS_EXPECT(RtlEqualMemory(text, "longe", 6));
	CORPUS_EXPECT(RtlStringCbCopyA(text, 0, "a") == STATUS_INVALID_PARAMETER);
	CORPUS_EXPECT(RtlStringCbLengthA(text, sizeof(text), &length) == STATUS_SUCCESS);
	CORPUS_EXPECT(length == 5);
	CORPUS_EXPECT(RtlStringCbLengthA(text, 5, &length) == STATUS_INVALID_PARAMETER);
	CORPUS_EXPECT(RtlStringCchCopyW(wide, 4, L"abcd") == STATUS_BUFFER_OVERFLOW);
	CORPUS_EXPECT(wide[2] == L'c' && !wide[3]);
	CORPUS_EXPECT(RtlStringCbLengthW(wide, sizeof(wide), &length) == STATUS_SUCCESS);
	CORPUS_EXPECT(length == 6);
	CORPUS_EXPECT(RtlStringCchCopyNW(wide, 4, L"xyz", 1) == STATUS_SUCCESS && !wide[1]);
	return NULL;
}
