// SPDX-License-Identifier: GPL-2.0-only
/* Arithmetic and string functions that notice what does not fit. */
#include <ntddk.h>
#include <ntintsafe.h>
#include <ntstrsafe.h>

#include "corpus.h"

#define OVERFLOW	STATUS_INTEGER_OVERFLOW
#define TAG		0x74736574	/* 'test' */

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

const char *CorpusFormats(void)
{
	WCHAR room[8];
	UNICODE_STRING string;
	CHAR text[8];

	CORPUS_EXPECT(RtlStringCbPrintfA(text, sizeof(text), "%lu-%c", 7UL, 'x') == STATUS_SUCCESS);
	CORPUS_EXPECT(strcmp(text, "7-x") == 0);
	RtlInitEmptyUnicodeString(&string, room, sizeof(room));
	CORPUS_EXPECT(RtlUnicodeStringPrintf(&string, L"%s%u", L"ab", 12) == STATUS_SUCCESS);
	CORPUS_EXPECT(string.Length == 8 && room[0] == 'a' && room[3] == '2');
	return NULL;
}

const char *CorpusBitmaps(void)
{
	ULONG words[3] = { 0, 0, 0x55555555 };
	RTL_BITMAP map;

	/* The third word is behind the end. */
	RtlInitializeBitMap(&map, words, 40);
	RtlSetAllBits(&map);
	CORPUS_EXPECT(words[0] == MAXULONG && words[1] == 0xFF && words[2] == 0x55555555);
	CORPUS_EXPECT(RtlNumberOfSetBits(&map) == 40 && RtlNumberOfClearBits(&map) == 0);
	CORPUS_EXPECT(RtlFindClearBits(&map, 1, 0) == MAXULONG);
	RtlClearBits(&map, 30, 5);
	CORPUS_EXPECT(RtlAreBitsClear(&map, 30, 5) && !RtlAreBitsClear(&map, 29, 5));
	CORPUS_EXPECT(!RtlAreBitsSet(&map, 38, 3) && RtlAreBitsSet(&map, 35, 5));
	CORPUS_EXPECT(RtlFindClearBits(&map, 5, 39) == 30);
	CORPUS_EXPECT(RtlFindClearBits(&map, 6, 0) == MAXULONG);
	CORPUS_EXPECT(RtlFindClearBitsAndSet(&map, 2, 0) == 30 && RtlTestBit(&map, 31));
	CORPUS_EXPECT(RtlFindSetBitsAndClear(&map, 3, 33) == 35 && !RtlCheckBit(&map, 36));
	RtlSetBit(&map, 36);
	RtlClearBit(&map, 0);
	CORPUS_EXPECT(words[0] == 0xFFFFFFFE && words[1] == 0xD0);
	RtlClearAllBits(&map);
	CORPUS_EXPECT(!words[0] && !words[1] && words[2] == 0x55555555);
	return NULL;
}

/* Statements whose value a driver does not use must compile without a warning. */
const char *CorpusSmallCalls(PUCHAR reg)
{
	ULONG64 counter = 0;
	PVOID block;

	NT_VERIFY(NT_SUCCESS(reg ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL));
	NT_FRE_ASSERT(reg != NULL);
	KeEnterCriticalRegion();
	WRITE_REGISTER_NOFENCE_UCHAR(reg, 5);
	CORPUS_EXPECT(READ_REGISTER_NOFENCE_UCHAR(reg) == 5);
	KeLeaveCriticalRegion();
	block = ExAllocatePoolWithQuotaTag((POOL_TYPE)(NonPagedPoolNx |
					   POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), 16, TAG);
	CORPUS_EXPECT(block);
	ExFreePool2(block, TAG, NULL, 0);
	block = ExAllocatePoolQuotaZero(NonPagedPoolNx, 16, TAG);
	CORPUS_EXPECT(block && !*(PULONG64)block);
	ExFreePoolWithTag(block, TAG);
	CORPUS_EXPECT(KeQueryInterruptTimePrecise(&counter) && counter);
	if (!reg)
		KeBugCheckEx(0xE2, 1, 2, 3, 4);
	return NULL;
}
