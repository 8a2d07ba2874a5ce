/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources in the manner of Windows drivers, and what the suites ask them. The sources include no
 * Linux header. Each function returns NULL, or the text of the first expectation that did not hold.
 */
#ifndef CORPUS_CORPUS_H
#define CORPUS_CORPUS_H

#include <wdmdma/dma.h>
#include <wdmdma/storport.h>

WDMDMA_HEADER_BEGIN

/* base.c */
const char *CorpusLists(void);
const char *CorpusSingleLists(void);
const char *CorpusInterlocked(void);
const char *CorpusInterlockedSmall(void);
const char *CorpusInterlockedBits(void);
const char *CorpusInterlockedPair(void);
const char *CorpusInterlockedLists(void);
const char *CorpusMacros(void);
const char *CorpusMemory(void);
const char *CorpusStrings(void);
const char *CorpusGuids(void);

/* safe.c */
const char *CorpusArithmetic(void);
const char *CorpusConversions(void);
const char *CorpusSafeStrings(void);
const char *CorpusFormats(void);
const char *CorpusBitmaps(void);
const char *CorpusSmallCalls(PUCHAR reg);

/* The list that several processors use at once. */
#define CORPUS_ENTRIES 64
VOID CorpusSharedListInit(void);
BOOLEAN CorpusSharedListTurn(void);
ULONG CorpusSharedListCount(void);

/* asserts.c, which has DBG=1. CorpusFailed counts reports of failed assertions. */
extern ULONG CorpusFailed;
const char *CorpusAssertsOfDebugBuilds(void);

/* thread.c */
const char *CorpusThread(void);

/* words.c */
const char *CorpusWords(void);
ULONG CorpusInlineOfAnotherFile(ULONG n);

/* table.c */
const char *CorpusWrappedTable(PDMA_ADAPTER adapter);
const char *CorpusSizes(PDEVICE_OBJECT device_object);

/* own_list.c */
const char *CorpusOwnList(PDMA_ADAPTER adapter, PVOID memory, ULONG length);

/* miniport.c */
ULONG CorpusMiniportEntry(PVOID driver_object, PVOID registry_path);
VOID CorpusStartRequest(PVOID device_extension, PSCSI_REQUEST_BLOCK srb);
const char *CorpusRequests(void);

/* adapter.cpp */
const char *CorpusAdapterClass(PDEVICE_OBJECT device_object);

WDMDMA_HEADER_END

#define CORPUS_EXPECT(e) \
	do { \
		if (!(e)) \
			return #e; \
	} while (0)

#endif /* CORPUS_CORPUS_H */
