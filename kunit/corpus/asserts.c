// SPDX-License-Identifier: GPL-2.0-only
/* Assertions of a debug build. A driver that has them must define RtlAssert. */
#define DBG 1
#include <ntddk.h>

#include "corpus.h"

ULONG CorpusFailed;

VOID RtlAssert(PVOID failed_assertion, PVOID file_name, ULONG line_number, PCHAR message)
{
	if (failed_assertion && file_name && line_number && !message)
		CorpusFailed++;
}

const char *CorpusAssertsOfDebugBuilds(void)
{
	ULONG n = 1;

	CorpusFailed = 0;
	ASSERT(n == 1);
	NT_ASSERT(n == 1);
	CORPUS_EXPECT(CorpusFailed == 0);
	ASSERT(n == 2);
	NT_ASSERT(n == 2);
	CORPUS_EXPECT(CorpusFailed == 2);
	CORPUS_EXPECT(!NT_VERIFY(n == 2) && NT_VERIFY(n == 1) && CorpusFailed == 3);
	if (n == 1)
		NT_FRE_ASSERT(n == 2);
	else
		return "else";
	CORPUS_EXPECT(CorpusFailed == 4);
	return NULL;
}
