// SPDX-License-Identifier: GPL-2.0-only
/* Collections. Each entry has a reference to its object. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/slab.h>

#include <ddk/wdfcollection.h>

#include "wdf/device.h"

struct wdf_entry {
	struct list_head node;
	struct wdf_object *object;
};

/**
 * struct wdf_collection - a collection
 * @object: the first member
 * @lock: protects the rest
 * @entries: in the order in which they were added
 * @count: their number
 */
struct wdf_collection {
	struct wdf_object object;
	spinlock_t lock;	/* see above */
	struct list_head entries;
	u32 count;
};

static struct wdf_collection *wdf_collection_of(struct wdf_object *object)
{
	return container_of(object, struct wdf_collection, object);
}

static void wdf_entry_drop(struct wdf_entry *entry)
{
	wdf_put(entry->object);
	kfree(entry);
}

static void wdf_collection_dispose(struct wdf_object *object)
{
	struct wdf_collection *collection = wdf_collection_of(object);
	struct wdf_entry *entry, *next;
	unsigned long flags;
	LIST_HEAD(entries);

	spin_lock_irqsave(&collection->lock, flags);
	list_splice_init(&collection->entries, &entries);
	collection->count = 0;
	spin_unlock_irqrestore(&collection->lock, flags);
	list_for_each_entry_safe(entry, next, &entries, node)
		wdf_entry_drop(entry);
}

static void wdf_collection_free(struct wdf_object *object)
{
	kfree(wdf_collection_of(object));
}

static const struct wdf_class wdf_collection_class = {
	.name = "WDFCOLLECTION",
	.dispose = wdf_collection_dispose,
	.free = wdf_collection_free,
};

/**
 * WdfCollectionCreate() - make a collection
 * @collection_attributes: as for WdfSpinLockCreate()
 * @collection: receives the handle, or NULL on failure
 *
 * Answers to wdf: WdfCollectionCreate.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as WdfSpinLockCreate().
 */
NTSTATUS WdfCollectionCreate(PWDF_OBJECT_ATTRIBUTES collection_attributes,
			     WDFCOLLECTION *collection)
{
	struct wdf_collection *self;

	if (wdf_is_wrong(collection, "Collection", __func__))
		return STATUS_INVALID_PARAMETER;
	self = kzalloc(sizeof(*self), wdf_gfp());
	if (self) {
		wdf_object_init(&self->object, &wdf_collection_class);
		spin_lock_init(&self->lock);
		INIT_LIST_HEAD(&self->entries);
	}
	return wdf_object_create(self ? &self->object : NULL, collection_attributes, _RET_IP_,
				 __func__, collection);
}
EXPORT_SYMBOL_GPL(WdfCollectionCreate);

/* Append an entry, unless the collection is deleted. Return a status. */
static NTSTATUS wdf_collection_append(struct wdf_collection *collection, struct wdf_entry *entry)
{
	unsigned long flags;
	bool live;

	spin_lock_irqsave(&collection->lock, flags);
	live = READ_ONCE(collection->object.state) == WDF_OBJECT_LIVE;
	if (live) {
		list_add_tail(&entry->node, &collection->entries);
		collection->count++;
	}
	spin_unlock_irqrestore(&collection->lock, flags);
	return live ? STATUS_SUCCESS : STATUS_DELETE_PENDING;
}

/**
 * WdfCollectionAdd() - append an object to a collection
 * @collection: the collection
 * @object: any object, which gets a reference. It may be added more than once
 *
 * Answers to wdf: WdfCollectionAdd.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES, STATUS_DELETE_PENDING, or
 * STATUS_INVALID_HANDLE for either.
 */
NTSTATUS WdfCollectionAdd(WDFCOLLECTION collection, WDFOBJECT object)
{
	struct wdf_object *self = wdf_get(collection, &wdf_collection_class, __func__);
	NTSTATUS status = STATUS_INVALID_HANDLE;
	struct wdf_object *item;
	struct wdf_entry *entry;

	if (!self)
		return status;
	item = wdf_get_any(object, __func__);
	if (!item)
		goto put;
	status = STATUS_INSUFFICIENT_RESOURCES;
	entry = kmalloc(sizeof(*entry), wdf_gfp());
	if (entry) {
		entry->object = item;
		status = wdf_collection_append(wdf_collection_of(self), entry);
	}
	if (!NT_SUCCESS(status)) {
		kfree(entry);
		wdf_put(item);
	}
put:
	wdf_put(self);
	return status;
}
EXPORT_SYMBOL_GPL(WdfCollectionAdd);

/**
 * WdfCollectionGetCount() - return how many objects there are
 * @collection: the collection
 *
 * Answers to wdf: WdfCollectionGetCount.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: their number, or 0 for a wrong handle.
 */
ULONG WdfCollectionGetCount(WDFCOLLECTION collection)
{
	struct wdf_object *self = wdf_get(collection, &wdf_collection_class, __func__);
	u32 count;

	if (!self)
		return 0;
	count = READ_ONCE(wdf_collection_of(self)->count);
	wdf_put(self);
	return count;
}
EXPORT_SYMBOL_GPL(WdfCollectionGetCount);

/* Return the entry with this index, or NULL. Index U32_MAX is the last. */
static struct wdf_entry *wdf_collection_at(struct wdf_collection *collection, u32 index)
{
	struct wdf_entry *entry;

	lockdep_assert_held(&collection->lock);
	if (index == U32_MAX && collection->count)
		return list_last_entry(&collection->entries, struct wdf_entry, node);
	list_for_each_entry(entry, &collection->entries, node)
		if (!index--)
			return entry;
	return NULL;
}

static WDFOBJECT wdf_collection_item(WDFCOLLECTION handle, u32 index, const char *call)
{
	struct wdf_object *self = wdf_get(handle, &wdf_collection_class, call);
	struct wdf_collection *collection;
	struct wdf_entry *entry;
	WDFOBJECT item = NULL;
	unsigned long flags;

	if (!self)
		return NULL;
	collection = wdf_collection_of(self);
	spin_lock_irqsave(&collection->lock, flags);
	entry = wdf_collection_at(collection, index);
	if (entry)
		item = wdf_handle(entry->object);
	spin_unlock_irqrestore(&collection->lock, flags);
	wdf_put(self);
	return item;
}

/**
 * WdfCollectionGetItem() - return an object of a collection
 * @collection: the collection
 * @index: from 0, in the order in which they were added
 *
 * Answers to wdf: WdfCollectionGetItem. The object gets no reference.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the handle. NULL past the end, and for a wrong handle.
 */
WDFOBJECT WdfCollectionGetItem(WDFCOLLECTION collection, ULONG index)
{
	return index == U32_MAX ? NULL : wdf_collection_item(collection, index, __func__);
}
EXPORT_SYMBOL_GPL(WdfCollectionGetItem);

/**
 * WdfCollectionGetFirstItem() - return the object that was added first
 * @collection: the collection
 *
 * Answers to wdf: WdfCollectionGetFirstItem.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the handle. NULL if there is none, and for a wrong handle.
 */
WDFOBJECT WdfCollectionGetFirstItem(WDFCOLLECTION collection)
{
	return wdf_collection_item(collection, 0, __func__);
}
EXPORT_SYMBOL_GPL(WdfCollectionGetFirstItem);

/**
 * WdfCollectionGetLastItem() - return the object that was added last
 * @collection: the collection
 *
 * Answers to wdf: WdfCollectionGetLastItem.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the handle. NULL if there is none, and for a wrong handle.
 */
WDFOBJECT WdfCollectionGetLastItem(WDFCOLLECTION collection)
{
	return wdf_collection_item(collection, U32_MAX, __func__);
}
EXPORT_SYMBOL_GPL(WdfCollectionGetLastItem);

/* Return the first entry of an object, or NULL. */
static struct wdf_entry *wdf_collection_find(struct wdf_collection *collection, WDFOBJECT item)
{
	struct wdf_entry *entry;

	lockdep_assert_held(&collection->lock);
	list_for_each_entry(entry, &collection->entries, node)
		if (wdf_handle(entry->object) == item)
			return entry;
	return NULL;
}

/* Remove an object, or with @item NULL what has this index. */
static void wdf_collection_remove(WDFCOLLECTION handle, WDFOBJECT item, u32 index, const char *call)
{
	struct wdf_object *self = wdf_get(handle, &wdf_collection_class, call);
	struct wdf_collection *collection;
	struct wdf_entry *entry;
	unsigned long flags;

	if (!self)
		return;
	collection = wdf_collection_of(self);
	spin_lock_irqsave(&collection->lock, flags);
	entry = item ? wdf_collection_find(collection, item) : wdf_collection_at(collection, index);
	if (entry) {
		list_del(&entry->node);
		collection->count--;
	}
	spin_unlock_irqrestore(&collection->lock, flags);
	if (entry)
		wdf_entry_drop(entry);
	else
		wdmdma_report(call, "the collection has no such object");
	wdf_put(self);
}

/**
 * WdfCollectionRemove() - remove an object from a collection
 * @collection: the collection
 * @item: the object. If it was added more than once, its first entry goes
 *
 * Answers to wdf: WdfCollectionRemove. An object that is not in the collection is reported.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfCollectionRemove(WDFCOLLECTION collection, WDFOBJECT item)
{
	if (item)
		wdf_collection_remove(collection, item, 0, __func__);
	else
		wdmdma_report(__func__, "Item is NULL (bug check 0x10D, code 4)");
}
EXPORT_SYMBOL_GPL(WdfCollectionRemove);

/**
 * WdfCollectionRemoveItem() - remove an object by its index
 * @collection: the collection
 * @index: from 0. One past the end is reported
 *
 * Answers to wdf: WdfCollectionRemoveItem.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfCollectionRemoveItem(WDFCOLLECTION collection, ULONG index)
{
	wdf_collection_remove(collection, NULL, min(index, U32_MAX - 1), __func__);
}
EXPORT_SYMBOL_GPL(WdfCollectionRemoveItem);
