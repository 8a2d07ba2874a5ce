/* SPDX-License-Identifier: GPL-2.0-only */
/* The links of lists. The Linux half may include this file too. */
#ifndef DDK_WDM_LIST_ENTRY_H
#define DDK_WDM_LIST_ENTRY_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

typedef struct _LIST_ENTRY {
	struct _LIST_ENTRY *Flink;
	struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
	struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

WDMDMA_HEADER_END

#endif /* DDK_WDM_LIST_ENTRY_H */
