// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists that a driver shares with its interrupt handlers. The calls take their spin lock with
 * interrupts off, so a handler on the same processor cannot come in between. The links are not
 * checked, as those of the lists in ddk/wdm/list.h.
 */
#include "ntos/ntos.h"

#include <ddk/wdm/spinlock.h>

#include "ntos/level.h"

/* Take the lock of a list. Return false, with a report, if the call must not touch the list. */
static bool nt_list_enter(const void *head, PKSPIN_LOCK lock, struct nt_closed *closed,
			  const char *call)
{
	return !nt_is_wrong(head, "ListHead", call) && nt_spin_close(lock, closed, call);
}

/* Insert an entry between two neighbours. */
static void nt_list_insert(PLIST_ENTRY entry, PLIST_ENTRY previous, PLIST_ENTRY next)
{
	entry->Flink = next;
	entry->Blink = previous;
	previous->Flink = entry;
	next->Blink = entry;
}

/**
 * ExInterlockedInsertHeadList() - insert an entry at the head of a list
 * @head: the list
 * @entry: the entry
 * @lock: the lock of the list, which only the calls for such lists take
 *
 * Answers to wdm: ExInterlockedInsertHeadList. If the caller, or the code that it has interrupted,
 * holds the lock, that is reported and nothing is inserted.
 *
 * Context: any.
 * Return: the former first entry, or NULL.
 */
PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock)
{
	struct nt_closed closed;
	PLIST_ENTRY first;

	if (nt_is_wrong(entry, "ListEntry", __func__) ||
	    !nt_list_enter(head, lock, &closed, __func__))
		return NULL;
	first = head->Flink;
	nt_list_insert(entry, head, first);
	nt_spin_open(lock, &closed);
	return first == head ? NULL : first;
}
EXPORT_SYMBOL_GPL(ExInterlockedInsertHeadList);

/**
 * ExInterlockedInsertTailList() - insert an entry at the tail of a list
 * @head: the list
 * @entry: the entry
 * @lock: the lock of the list
 *
 * Answers to wdm: ExInterlockedInsertTailList. Refuses as ExInterlockedInsertHeadList() does.
 *
 * Context: any.
 * Return: the former last entry, or NULL.
 */
PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock)
{
	struct nt_closed closed;
	PLIST_ENTRY last;

	if (nt_is_wrong(entry, "ListEntry", __func__) ||
	    !nt_list_enter(head, lock, &closed, __func__))
		return NULL;
	last = head->Blink;
	nt_list_insert(entry, last, head);
	nt_spin_open(lock, &closed);
	return last == head ? NULL : last;
}
EXPORT_SYMBOL_GPL(ExInterlockedInsertTailList);

/**
 * ExInterlockedRemoveHeadList() - take the first entry of a list
 * @head: the list
 * @lock: the lock of the list
 *
 * Answers to wdm: ExInterlockedRemoveHeadList. Refuses as ExInterlockedInsertHeadList() does.
 *
 * Context: any.
 * Return: the entry, or NULL if there is none.
 */
PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY head, PKSPIN_LOCK lock)
{
	struct nt_closed closed;
	PLIST_ENTRY first;

	if (!nt_list_enter(head, lock, &closed, __func__))
		return NULL;
	first = head->Flink;
	head->Flink = first->Flink;
	first->Flink->Blink = head;
	nt_spin_open(lock, &closed);
	return first == head ? NULL : first;
}
EXPORT_SYMBOL_GPL(ExInterlockedRemoveHeadList);

/**
 * ExInterlockedPushEntryList() - insert an entry at the head of a singly linked list
 * @head: the list
 * @entry: the entry
 * @lock: the lock of the list
 *
 * Answers to wdm: ExInterlockedPushEntryList. Refuses as ExInterlockedInsertHeadList() does.
 *
 * Context: any.
 * Return: the former first entry, or NULL.
 */
PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry,
					      PKSPIN_LOCK lock)
{
	struct nt_closed closed;
	PSINGLE_LIST_ENTRY first;

	if (nt_is_wrong(entry, "ListEntry", __func__) ||
	    !nt_list_enter(head, lock, &closed, __func__))
		return NULL;
	first = head->Next;
	entry->Next = first;
	head->Next = entry;
	nt_spin_open(lock, &closed);
	return first;
}
EXPORT_SYMBOL_GPL(ExInterlockedPushEntryList);

/**
 * ExInterlockedPopEntryList() - take the first entry of a singly linked list
 * @head: the list
 * @lock: the lock of the list
 *
 * Answers to wdm: ExInterlockedPopEntryList. Refuses as ExInterlockedInsertHeadList() does.
 *
 * Context: any.
 * Return: the entry, or NULL if there is none.
 */
PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock)
{
	struct nt_closed closed;
	PSINGLE_LIST_ENTRY first;

	if (!nt_list_enter(head, lock, &closed, __func__))
		return NULL;
	first = head->Next;
	if (first)
		head->Next = first->Next;
	nt_spin_open(lock, &closed);
	return first;
}
EXPORT_SYMBOL_GPL(ExInterlockedPopEntryList);
