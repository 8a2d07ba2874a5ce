// SPDX-License-Identifier: GPL-2.0-only
/* The functions and macros that are defined in the headers, with values of the documentation. */
#include <initguid.h>
#include <ntddk.h>

#include "corpus.h"

DEFINE_GUID(CORPUS_GUID, 0x12345678, 0x9ABC, 0xDEF0, 1, 2, 3, 4, 5, 6, 7, 8);
DEFINE_GUID(CORPUS_OTHER_GUID, 0x12345678, 0x9ABC, 0xDEF0, 1, 2, 3, 4, 5, 6, 7, 9);

/* sparse takes no constant of several characters. */
#ifdef __CHECKER__
#define TAG	0x54616731
#else
#define TAG	('Tag1')
#endif

typedef struct _ITEM {
	ULONG Number;
	LIST_ENTRY Link;
} ITEM, *PITEM;

/* The forms that take a spin lock. */
static const char *CorpusLockedLists(void)
{
	SINGLE_LIST_ENTRY single = { NULL }, a, b;
	KSPIN_LOCK lock = 0;
	LIST_ENTRY head;
	ITEM items[3];
	ULONG n;

	InitializeListHead(&head);
	CORPUS_EXPECT(!ExInterlockedRemoveHeadList(&head, &lock));
	CORPUS_EXPECT(!ExInterlockedInsertTailList(&head, &items[1].Link, &lock));
	CORPUS_EXPECT(ExInterlockedInsertTailList(&head, &items[2].Link, &lock) == &items[1].Link);
	CORPUS_EXPECT(ExInterlockedInsertHeadList(&head, &items[0].Link, &lock) == &items[1].Link);
	for (n = 0; n < 3; n++)
		CORPUS_EXPECT(ExInterlockedRemoveHeadList(&head, &lock) == &items[n].Link);
	CORPUS_EXPECT(!ExInterlockedInsertHeadList(&head, &items[0].Link, &lock));
	CORPUS_EXPECT(!ExInterlockedPopEntryList(&single, &lock));
	CORPUS_EXPECT(!ExInterlockedPushEntryList(&single, &a, &lock));
	CORPUS_EXPECT(ExInterlockedPushEntryList(&single, &b, &lock) == &a);
	CORPUS_EXPECT(ExInterlockedPopEntryList(&single, &lock) == &b && single.Next == &a);
	CORPUS_EXPECT(KeTestSpinLock(&lock) && KeGetCurrentIrql() == PASSIVE_LEVEL);
	return NULL;
}

const char *CorpusLists(void)
{
	LIST_ENTRY head, other;
	ITEM items[4];
	PLIST_ENTRY entry;
	ULONG n;

	InitializeListHead(&head);
	CORPUS_EXPECT(IsListEmpty(&head));
	CORPUS_EXPECT(RemoveHeadList(&head) == &head);
	CORPUS_EXPECT(RemoveTailList(&head) == &head);
	CORPUS_EXPECT(IsListEmpty(&head));
	for (n = 0; n < RTL_NUMBER_OF(items); n++)
		items[n].Number = n;
	InsertTailList(&head, &items[1].Link);
	InsertTailList(&head, &items[2].Link);
	InsertHeadList(&head, &items[0].Link);
	for (n = 0, entry = head.Flink; entry != &head; entry = entry->Flink, n++)
		CORPUS_EXPECT(CONTAINING_RECORD(entry, ITEM, Link)->Number == n);
	CORPUS_EXPECT(n == 3);
	CORPUS_EXPECT(!RemoveEntryList(&items[1].Link));
	CORPUS_EXPECT(items[1].Link.Flink == &items[2].Link);
	CORPUS_EXPECT(items[1].Link.Blink == &items[0].Link);
	CORPUS_EXPECT(RemoveTailList(&head) == &items[2].Link);
	CORPUS_EXPECT(RemoveEntryList(&items[0].Link));
	CORPUS_EXPECT(IsListEmpty(&head));

	InsertTailList(&head, &items[0].Link);
	InitializeListHead(&other);
	InsertTailList(&other, &items[1].Link);
	InsertTailList(&other, &items[2].Link);
	RemoveEntryList(&other);
	AppendTailList(&head, &items[1].Link);
	for (n = 0; n < 3; n++)
		CORPUS_EXPECT(RemoveHeadList(&head) == &items[n].Link);
	CORPUS_EXPECT(IsListEmpty(&head));
	return CorpusLockedLists();
}

const char *CorpusSingleLists(void)
{
	SINGLE_LIST_ENTRY head = { NULL }, a, b;

	CORPUS_EXPECT(!PopEntryList(&head));
	PushEntryList(&head, &a);
	PushEntryList(&head, &b);
	CORPUS_EXPECT(PopEntryList(&head) == &b);
	CORPUS_EXPECT(PopEntryList(&head) == &a);
	CORPUS_EXPECT(!PopEntryList(&head));
	return NULL;
}

const char *CorpusInterlocked(void)
{
	LONG n = 5;
	LONG64 wide = 0x7FFFFFFFFFFFFFFELL;
	PVOID pointer = &n;
	SIZE_T size = 0xFFFFFFFF;

	CORPUS_EXPECT(InterlockedIncrement(&n) == 6);
	CORPUS_EXPECT(InterlockedDecrement(&n) == 5);
	CORPUS_EXPECT(InterlockedAdd(&n, 10) == 15);
	CORPUS_EXPECT(InterlockedExchangeAdd(&n, -5) == 15 && n == 10);
	CORPUS_EXPECT(InterlockedExchange(&n, 0x0F) == 10 && n == 0x0F);
	CORPUS_EXPECT(InterlockedOr(&n, 0x30) == 0x0F && n == 0x3F);
	CORPUS_EXPECT(InterlockedAnd(&n, 0x33) == 0x3F && n == 0x33);
	CORPUS_EXPECT(InterlockedXor(&n, 0x03) == 0x33 && n == 0x30);
	/* The new value stands before the expected one. */
	CORPUS_EXPECT(InterlockedCompareExchange(&n, 7, 0x31) == 0x30 && n == 0x30);
	CORPUS_EXPECT(InterlockedCompareExchange(&n, 7, 0x30) == 0x30 && n == 7);
	n = MAXLONG;
	CORPUS_EXPECT(InterlockedIncrement(&n) == (LONG)MINLONG);
	CORPUS_EXPECT(InterlockedIncrementAcquire(&n) == (LONG)MINLONG + 1);

	CORPUS_EXPECT(InterlockedIncrement64(&wide) == MAXLONGLONG);
	CORPUS_EXPECT(InterlockedExchangeAdd64(&wide, -MAXLONGLONG) == MAXLONGLONG && !wide);
	CORPUS_EXPECT(InterlockedCompareExchange64(&wide, 1LL << 40, 0) == 0 && wide == 1LL << 40);
	CORPUS_EXPECT(InterlockedIncrementSizeT(&size) == 0x100000000ULL);

	CORPUS_EXPECT(InterlockedExchangePointer(&pointer, &wide) == &n && pointer == &wide);
	CORPUS_EXPECT(InterlockedCompareExchangePointer(&pointer, NULL, &n) == &wide);
	CORPUS_EXPECT(pointer == &wide);
	CORPUS_EXPECT(InterlockedCompareExchangePointer(&pointer, NULL, &wide) == &wide);
	CORPUS_EXPECT(!pointer);

	WriteRelease(&n, 3);
	CORPUS_EXPECT(ReadAcquire(&n) == 3 && ReadNoFence(&n) == 3);
	WriteULong64Release(&wide, 1ULL << 63);
	CORPUS_EXPECT(ReadULong64Acquire(&wide) == 1ULL << 63 && ReadULong64NoFence(&wide) >> 63);
	WritePointerRelease(&pointer, &n);
	CORPUS_EXPECT(ReadPointerAcquire(&pointer) == &n && ReadPointerNoFence(&pointer) == &n);
	KeMemoryBarrier();
	MemoryBarrier();
	YieldProcessor();
	return NULL;
}

const char *CorpusInterlockedSmall(void)
{
	struct {
		CHAR Before, Byte, After;
		SHORT Word;
	} s = { 0x11, 0x7F, 0x22, 0x7FFF };

	CORPUS_EXPECT(InterlockedIncrement8(&s.Byte) == (CHAR)0x80);
	CORPUS_EXPECT(InterlockedExchange8(&s.Byte, -1) == (CHAR)0x80);
	CORPUS_EXPECT(InterlockedAnd8(&s.Byte, 0x0F) == -1 && s.Byte == 0x0F);
	CORPUS_EXPECT(InterlockedCompareExchange8(&s.Byte, 1, 0x0F) == 0x0F && s.Byte == 1);
	CORPUS_EXPECT(InterlockedIncrement16(&s.Word) == (SHORT)0x8000);
	CORPUS_EXPECT(InterlockedExchangeAdd16(&s.Word, 1) == (SHORT)0x8000);
	CORPUS_EXPECT(s.Before == 0x11 && s.After == 0x22);
	return NULL;
}

const char *CorpusInterlockedBits(void)
{
	LONG words[3] = { 0, 0, 0 };
	LONG64 wide[2] = { 0, 0 };

	CORPUS_EXPECT(!InterlockedBitTestAndSet(words, 31) && words[0] == (LONG)MINLONG);
	CORPUS_EXPECT(InterlockedBitTestAndSet(words, 31) == 1);
	CORPUS_EXPECT(!InterlockedBitTestAndSet(words, 33) && words[1] == 2);
	CORPUS_EXPECT(!InterlockedBitTestAndSet(&words[2], -32) && words[1] == 3);
	CORPUS_EXPECT(!InterlockedBitTestAndSet(&words[2], -1) && words[1] == (LONG)0x80000003);
	CORPUS_EXPECT(InterlockedBitTestAndReset(words, 32) == 1 && words[1] == (LONG)0x80000002);
	CORPUS_EXPECT(!words[2]);
	CORPUS_EXPECT(!InterlockedBitTestAndSet64(wide, 127) && wide[1] == MINLONGLONG);
	CORPUS_EXPECT(InterlockedBitTestAndReset64(wide, 127) == 1 && !wide[1]);
	return NULL;
}

const char *CorpusInterlockedPair(void)
{
	DECLSPEC_ALIGN(16) LONG64 target[2] = { 1, 2 };
	LONG64 expected[2] = { 1, 3 };

	CORPUS_EXPECT(!InterlockedCompareExchange128(target, 20, 10, expected));
	CORPUS_EXPECT(expected[0] == 1 && expected[1] == 2);
	CORPUS_EXPECT(InterlockedCompareExchange128(target, 20, 10, expected) == 1);
	CORPUS_EXPECT(target[0] == 10 && target[1] == 20);
	CORPUS_EXPECT(expected[0] == 1 && expected[1] == 2);
	return NULL;
}

const char *CorpusInterlockedLists(void)
{
	SLIST_ENTRY entries[3];
	SLIST_HEADER head;

	InitializeSListHead(&head);
	CORPUS_EXPECT(!InterlockedPopEntrySList(&head));
	CORPUS_EXPECT(!InterlockedFlushSList(&head));
	CORPUS_EXPECT(!InterlockedPushEntrySList(&head, &entries[0]));
	CORPUS_EXPECT(InterlockedPushEntrySList(&head, &entries[1]) == &entries[0]);
	CORPUS_EXPECT(ExInterlockedPushEntrySList(&head, &entries[2], NULL) == &entries[1]);
	CORPUS_EXPECT(QueryDepthSList(&head) == 3);
	CORPUS_EXPECT(head.HeaderX64.NextEntry == (ULONG_PTR)&entries[2] >> 4);
	CORPUS_EXPECT(InterlockedPopEntrySList(&head) == &entries[2]);
	CORPUS_EXPECT(InterlockedFlushSList(&head) == &entries[1]);
	CORPUS_EXPECT(entries[1].Next == &entries[0] && !entries[0].Next);
	CORPUS_EXPECT(!QueryDepthSList(&head));
	return NULL;
}

static SLIST_HEADER SharedList;
static SLIST_ENTRY SharedEntries[CORPUS_ENTRIES];
static LONG SharedOwners[CORPUS_ENTRIES];

VOID CorpusSharedListInit(void)
{
	ULONG n;

	InitializeSListHead(&SharedList);
	for (n = 0; n < CORPUS_ENTRIES; n++)
		InterlockedPushEntrySList(&SharedList, &SharedEntries[n]);
}

/* Takes an entry and gives it back. FALSE if somebody else has it at the same time. */
BOOLEAN CorpusSharedListTurn(void)
{
	PSLIST_ENTRY entry = InterlockedPopEntrySList(&SharedList);
	BOOLEAN alone;

	if (!entry)
		return TRUE;
	alone = InterlockedIncrement(&SharedOwners[entry - SharedEntries]) == 1;
	YieldProcessor();
	InterlockedDecrement(&SharedOwners[entry - SharedEntries]);
	InterlockedPushEntrySList(&SharedList, entry);
	return alone;
}

ULONG CorpusSharedListCount(void)
{
	const USHORT depth = QueryDepthSList(&SharedList);
	PSLIST_ENTRY entry;
	ULONG n = 0;

	for (entry = InterlockedFlushSList(&SharedList); entry; entry = entry->Next)
		n++;
	return n == depth ? n : 0;
}

const char *CorpusMacros(void)
{
	static DMA_OPERATIONS operations, *table = &operations;
	ULONG flags = 0x0C;

	CORPUS_EXPECT(FIELD_OFFSET(ITEM, Link) == 8);
	CORPUS_EXPECT(RTL_FIELD_SIZE(ITEM, Number) == 4);
	CORPUS_EXPECT(RTL_SIZEOF_THROUGH_FIELD(DMA_OPERATIONS, PutScatterGatherList) == 0x68);
	CORPUS_EXPECT(RTL_PADDING_BETWEEN_FIELDS(ITEM, Number, Link) == 4);
	CORPUS_EXPECT(RTL_CONTAINS_FIELD(table, 0x68, PutScatterGatherList));
	CORPUS_EXPECT(!RTL_CONTAINS_FIELD(table, 0x67, PutScatterGatherList));
	CORPUS_EXPECT(ALIGN_UP_BY(4097, 4096) == 8192 && ALIGN_UP_BY(4096, 4096) == 4096);
	CORPUS_EXPECT(ALIGN_DOWN_BY(4097, 4096) == 4096 && ALIGN_UP(9, ULONG) == 12);
	CORPUS_EXPECT(ALIGN_UP_BY(0xFFFFFFFFU, 0x1000) == 0x100000000ULL);
	CORPUS_EXPECT(FlagOn(flags, 0x04) == 0x04 && BooleanFlagOn(flags, 0x08) == TRUE);
	SetFlag(flags, 0x01);
	ClearFlag(flags, 0x04);
	CORPUS_EXPECT(flags == 0x09);
	CORPUS_EXPECT(min(-1, 1) == -1 && max(-1, 1) == 1);
	CORPUS_EXPECT(ARRAYSIZE("abc") == 4 && RTL_NUMBER_OF_FIELD(GUID, Data4) == 8);
	CORPUS_EXPECT(NT_SUCCESS(STATUS_TIMEOUT) && NT_WARNING(STATUS_BUFFER_OVERFLOW));
	CORPUS_EXPECT(NT_INFORMATION(STATUS_OBJECT_NAME_EXISTS) && NT_ERROR(STATUS_NO_SUCH_DEVICE));
	CORPUS_EXPECT(RtlUlongByteSwap(0x01020304) == 0x04030201);
	CORPUS_EXPECT(LongToPtr(-1) == (PVOID)MAXULONG_PTR);
	CORPUS_EXPECT(UlongToPtr(0xFFFFFFFF) == (PVOID)0xFFFFFFFFULL);
	CORPUS_EXPECT(ULongToPtr(5) == (PVOID)5 && HandleToULong(ULongToHandle(6)) == 6);
	CORPUS_EXPECT(CMCI_LEVEL == 5 && DRS_LEVEL == 14);
	CORPUS_EXPECT(UInt32x32To64(0xFFFFFFFF, 2) == 0x1FFFFFFFEULL && Int32x32To64(-1, 2) == -2);
	CORPUS_EXPECT(TAG == 0x54616731);
	/* A build without DBG does not evaluate the expression of an assertion. */
	ASSERT(flags++ == 0);
	NT_ASSERT(flags++ == 0);
	CORPUS_EXPECT(flags == 0x09);
	CORPUS_EXPECT(NT_VERIFY(flags++ == 9) && flags == 10);
	PAGED_CODE();
	PAGED_CODE()
	return NULL;
}

const char *CorpusMemory(void)
{
	UCHAR a[16], b[16];

	RtlFillMemory(a, sizeof(a), 0xA5);
	CORPUS_EXPECT(a[0] == 0xA5 && a[15] == 0xA5);
	RtlCopyMemory(b, a, sizeof(b));
	CORPUS_EXPECT(RtlEqualMemory(a, b, sizeof(a)));
	b[9] = 0;
	CORPUS_EXPECT(RtlCompareMemory(a, b, sizeof(a)) == 9 && !RtlEqualMemory(a, b, sizeof(a)));
	RtlMoveMemory(b + 1, b, 9);
	CORPUS_EXPECT(b[9] == 0xA5);
	CORPUS_EXPECT(RtlSecureZeroMemory(a, sizeof(a)) == a && !a[0] && !a[15]);
	return NULL;
}

DECLARE_GLOBAL_CONST_UNICODE_STRING(Global, L"global");
static const UNICODE_STRING Constant = RTL_CONSTANT_STRING(L"ring");

const char *CorpusStrings(void)
{
	DECLARE_CONST_UNICODE_STRING(name, L"ringbuffer");
	DECLARE_UNICODE_STRING_SIZE(copy, 5);
	UNICODE_STRING string;
	ANSI_STRING ansi;
	CHAR text[3];

	CORPUS_EXPECT(sizeof(L"ab") == 6);
	CORPUS_EXPECT(Constant.Length == 8 && Constant.MaximumLength == 10);
	CORPUS_EXPECT(name.Length == 20 && name.MaximumLength == 22 && name.Buffer[9] == L'r');
	RtlInitUnicodeString(&string, L"ring");
	CORPUS_EXPECT(string.Length == 8 && string.MaximumLength == 10);
	CORPUS_EXPECT(RtlEqualMemory(string.Buffer, Constant.Buffer, 10));
	RtlInitUnicodeString(&string, NULL);
	CORPUS_EXPECT(!string.Length && !string.MaximumLength && !string.Buffer);
	RtlInitAnsiString(&ansi, "ring");
	CORPUS_EXPECT(ansi.Length == 4 && ansi.MaximumLength == 5);
	RtlInitString(&ansi, "string");
	CORPUS_EXPECT(ansi.Length == 6 && ansi.Buffer[5] == 'g');
	RtlInitEmptyAnsiString(&ansi, text, sizeof(text));
	CORPUS_EXPECT(!ansi.Length && ansi.MaximumLength == 3 && ansi.Buffer == text);
	CORPUS_EXPECT(Global.Length == 12 && Global.Buffer[5] == L'l');
	CORPUS_EXPECT(copy.MaximumLength == 10);
	RtlCopyUnicodeString(&copy, &name);
	CORPUS_EXPECT(copy.Length == 10 && copy.Buffer[4] == L'b');
	RtlCopyUnicodeString(&copy, &Constant);
	CORPUS_EXPECT(copy.Length == 8 && !copy.Buffer[4]);
	return NULL;
}

const char *CorpusGuids(void)
{
	CORPUS_EXPECT(sizeof(GUID) == 16 && CORPUS_GUID.Data1 == 0x12345678);
	CORPUS_EXPECT(IsEqualGUID(&CORPUS_GUID, &CORPUS_GUID));
	CORPUS_EXPECT(!IsEqualGUID(&CORPUS_GUID, &CORPUS_OTHER_GUID));
	return NULL;
}
