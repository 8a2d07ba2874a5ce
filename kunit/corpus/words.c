// SPDX-License-Identifier: GPL-2.0-only
/* Words of Windows' compiler and its annotations, in the places where drivers write them. */
#include <ntifs.h>
#include <pshpack1.h>

typedef struct _WORDS_PACKED {
	UCHAR Kind;
	ULONG64 Address;
	_Field_size_bytes_(Kind) UCHAR Data[3];
} WORDS_PACKED, *PWORDS_PACKED;

#include <poppack.h>

#include "corpus.h"
#include "inline.h"

C_ASSERT(sizeof(WORDS_PACKED) == 12);

typedef struct DECLSPEC_ALIGN(64) _WORDS_LINE {
	volatile LONG Head;
} WORDS_LINE;

C_ASSERT(sizeof(WORDS_LINE) == 64 && __alignof(struct _WORDS_LINE) == 64);

typedef __declspec(align(32)) struct _WORDS_BLOCK {
	unsigned __int64 Bits;
	__int64 Signed;
	__int32 Number;
} WORDS_BLOCK;

C_ASSERT(__alignof(WORDS_BLOCK) == 32 && sizeof(((WORDS_BLOCK *)0)->Bits) == 8);

/* Words that may have an argument, and words whose argument names a section. */
__declspec(deprecated) static ULONG WordsOldForm(ULONG n);
__declspec(deprecated("use another")) __declspec(noinline) static ULONG WordsOldForm(ULONG n)
{
	return n;
}

__declspec(allocate("PAGE")) static ULONG WordsPaged = 7;
__declspec(selectany) extern const GUID WordsGuid;
__declspec(selectany) const GUID WordsGuid = { 1, 2, 3, { 4 } };

/* A number of Windows' `long` has 32 bits, so the source must say LONG, and not long. */
C_ASSERT(sizeof(LONG) == 4 && sizeof(ULONG_PTR) == 8 && sizeof(DWORD) == 4 && sizeof(BOOL) == 4);
C_ASSERT((CHAR)-1 < 0);

typedef
_Function_class_(WORDS_ROUTINE)
_IRQL_requires_max_(DISPATCH_LEVEL)
_IRQL_requires_same_
NTSTATUS NTAPI WORDS_ROUTINE(_In_ PVOID context, _Inout_updates_bytes_(length) PVOID buffer,
			     _In_range_(1, MAXULONG) ULONG length);
typedef WORDS_ROUTINE *PWORDS_ROUTINE;

typedef NTSTATUS (NTAPI *PWORDS_POINTER)(__in PVOID context, __out_bcount(length) PVOID buffer,
					 __in ULONG length);

_Must_inspect_result_
_When_(return >= 0, _At_(*value, _Post_satisfies_(*value > 0)))
_Success_(return >= 0)
static NTSTATUS WordsAnnotated(_In_reads_bytes_opt_(length) const VOID *source, ULONG length,
			       _Outptr_result_maybenull_ PVOID *result, _Out_ PULONG value)
{
	_Analysis_assume_(length > 0);
	if (!length)
		_Analysis_assume_lock_held_(result);
	*result = (PVOID)source;
	*value = length;
	return STATUS_SUCCESS;
}

__checkReturn
__drv_maxIRQL(DISPATCH_LEVEL)
__drv_when(length != 0, __drv_reportError("length"))
static NTSTATUS WordsOld(IN PVOID context, OUT PVOID buffer OPTIONAL, __in ULONG length)
{
	__analysis_assume(context != NULL);
	UNREFERENCED_PARAMETER(buffer);
	switch (length) {
	case 1:
		length++;
		__fallthrough;
	default:
		return length;
	}
}

static WORDS_ROUTINE WordsRoutine;

_Use_decl_annotations_
static NTSTATUS WordsRoutine(PVOID context, PVOID buffer, ULONG length)
{
	return WordsOld(context, buffer, length);
}

EXTERN_C DECLSPEC_NOINLINE ULONG CorpusInlineOfAnotherFile(ULONG n);

const char *CorpusWords(void)
{
	PWORDS_POINTER pointer = WordsRoutine;
	MDL mdl = { .ByteCount = 100, .ByteOffset = 20 };
	PVOID result;
	ULONG value;

	CORPUS_EXPECT(InlineAlone(1) == 2 && InlineStatic(1) == 3 && InlineStaticBehind(1) == 4);
	CORPUS_EXPECT(InlineForced(1) == 5 && InlinePlain(1) == 6 && InlineCaller(&mdl) == 120);
	CORPUS_EXPECT(InlineC(1) == InlineC(65) - InlineC(65) + InlineC(1));
	CORPUS_EXPECT(WordsOldForm(5) == 5 && WordsPaged == 7 && WordsGuid.Data1 == 1);
	CORPUS_EXPECT(CorpusInlineOfAnotherFile(1) == 2 + 3 + 4 + 5 + 6);
	CORPUS_EXPECT(NT_SUCCESS(WordsAnnotated(&mdl, 5, &result, &value)) && value == 5);
	CORPUS_EXPECT(pointer(&mdl, NULL, 1) == 2 && pointer(&mdl, NULL, 7) == 7);
	CORPUS_EXPECT(NTDDI_VERSION >= NTDDI_WIN10_RS5);
	return NULL;
}
