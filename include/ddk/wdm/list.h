/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doubly and singly linked lists. They are not locked, and check no links. The interlocked forms
 * are in spinlock.h.
 */
#ifndef DDK_WDM_LIST_H
#define DDK_WDM_LIST_H

#include "../ntdef.h"
#include "spinlock.h"

WDMDMA_HEADER_BEGIN

FORCEINLINE VOID InitializeListHead(PLIST_ENTRY head)
{
	head->Flink = head;
	head->Blink = head;
}

FORCEINLINE BOOLEAN IsListEmpty(const LIST_ENTRY *head)
{
	return head->Flink == head;
}

/* TRUE if the list is empty afterwards. The links of the entry stay as they were. */
FORCEINLINE BOOLEAN RemoveEntryList(PLIST_ENTRY entry)
{
	PLIST_ENTRY next = entry->Flink;
	PLIST_ENTRY previous = entry->Blink;

	previous->Flink = next;
	next->Blink = previous;
	return next == previous;
}

/* The head itself if the list is empty. */
FORCEINLINE PLIST_ENTRY RemoveHeadList(PLIST_ENTRY head)
{
	PLIST_ENTRY entry = head->Flink;

	RemoveEntryList(entry);
	return entry;
}

/* The head itself if the list is empty. */
FORCEINLINE PLIST_ENTRY RemoveTailList(PLIST_ENTRY head)
{
	PLIST_ENTRY entry = head->Blink;

	RemoveEntryList(entry);
	return entry;
}

FORCEINLINE VOID InsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry)
{
	PLIST_ENTRY next = head->Flink;

	entry->Flink = next;
	entry->Blink = head;
	next->Blink = entry;
	head->Flink = entry;
}

FORCEINLINE VOID InsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry)
{
	PLIST_ENTRY previous = head->Blink;

	entry->Flink = head;
	entry->Blink = previous;
	previous->Flink = entry;
	head->Blink = entry;
}

/* Appends a ring of entries that has no head of its own. */
FORCEINLINE VOID AppendTailList(PLIST_ENTRY head, PLIST_ENTRY ring)
{
	PLIST_ENTRY last = head->Blink;

	head->Blink->Flink = ring;
	head->Blink = ring->Blink;
	ring->Blink->Flink = head;
	ring->Blink = last;
}

FORCEINLINE VOID PushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry)
{
	entry->Next = head->Next;
	head->Next = entry;
}

FORCEINLINE PSINGLE_LIST_ENTRY PopEntryList(PSINGLE_LIST_ENTRY head)
{
	PSINGLE_LIST_ENTRY entry = head->Next;

	if (entry)
		head->Next = entry->Next;
	return entry;
}

WDMDMA_HEADER_END

#endif /* DDK_WDM_LIST_H */
