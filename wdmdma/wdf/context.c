// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes, and the contexts of objects. A context has the callbacks that came with it. A record
 * without a type is made for callbacks alone. A context is found by its address in a table, because
 * drivers ask for the object of a context.
 */
#include "wdf/object.h"

#include <linux/export.h>
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <wdmdma/pool.h>

/**
 * struct wdf_context - a context
 * @node: link in the table
 * @rcu: frees a context that was not added
 * @next: the context that was added next
 * @object: its object
 * @type: its type, or NULL
 * @cleanup: called when the object is deleted, at most once
 * @destroy: called when the last reference is gone
 * @data: the driver's
 */
struct wdf_context {
	struct hlist_node node;
	struct rcu_head rcu;
	struct wdf_context *next;
	struct wdf_object *object;
	PCWDF_OBJECT_CONTEXT_TYPE_INFO type;
	PFN_WDF_OBJECT_CONTEXT_CLEANUP cleanup;
	PFN_WDF_OBJECT_CONTEXT_DESTROY destroy;
	u8 data[] __aligned(16);
};

#define WDF_BUCKET_BITS	10

struct wdf_bucket {
	spinlock_t lock;	/* protects @contexts against changes */
	struct hlist_head contexts;
};

static struct wdf_bucket wdf_buckets[1 << WDF_BUCKET_BITS];

static struct wdf_bucket *wdf_bucket_of(const void *data)
{
	return &wdf_buckets[hash_ptr(data, WDF_BUCKET_BITS)];
}

void wdf_context_init(void)
{
	int n;

	for (n = 0; n < ARRAY_SIZE(wdf_buckets); n++)
		spin_lock_init(&wdf_buckets[n].lock);
}

/* Report attributes that are refused. Return @status. */
static NTSTATUS wdf_attributes_refuse(NTSTATUS status, const char *call, const char *fault)
{
	wdmdma_report(call, "%s", fault);
	return status;
}

/* Check the context type and the size in attributes. Return a status. */
static NTSTATUS wdf_attributes_check_type(const WDF_OBJECT_ATTRIBUTES *attributes,
					  const char *call)
{
	PCWDF_OBJECT_CONTEXT_TYPE_INFO type = attributes->ContextTypeInfo;

	if (type && wdf_is_wrong(type, "ContextTypeInfo", call))
		return STATUS_WDF_OBJECT_ATTRIBUTES_INVALID;
	if (type && wdf_size_is_wrong(type->Size, sizeof(*type), "ContextTypeInfo", call))
		return STATUS_INFO_LENGTH_MISMATCH;
	if (type && type->ContextSize && !type->ContextName)
		return wdf_attributes_refuse(STATUS_WDF_OBJECT_ATTRIBUTES_INVALID, call,
					     "ContextTypeInfo has a size and no ContextName");
	if (attributes->ContextSizeOverride &&
	    (!type || attributes->ContextSizeOverride < type->ContextSize))
		return wdf_attributes_refuse(STATUS_WDF_OBJECT_ATTRIBUTES_INVALID, call,
					     "ContextSizeOverride is less than the type has");
	return STATUS_SUCCESS;
}

static NTSTATUS wdf_attributes_check_level(const WDF_OBJECT_ATTRIBUTES *attributes,
					   const char *call)
{
	if (attributes->ExecutionLevel < WdfExecutionLevelInheritFromParent ||
	    attributes->ExecutionLevel > WdfExecutionLevelDispatch ||
	    attributes->SynchronizationScope < WdfSynchronizationScopeInheritFromParent ||
	    attributes->SynchronizationScope > WdfSynchronizationScopeNone)
		return wdf_attributes_refuse(STATUS_WDF_OBJECT_ATTRIBUTES_INVALID, call,
					     "ExecutionLevel or SynchronizationScope is unknown");
	if (attributes->SynchronizationScope == WdfSynchronizationScopeDevice ||
	    attributes->SynchronizationScope == WdfSynchronizationScopeQueue)
		return wdf_attributes_refuse(STATUS_WDF_SYNCHRONIZATION_SCOPE_INVALID, call,
					     "the object has no SynchronizationScope");
	if (attributes->ExecutionLevel != WdfExecutionLevelInheritFromParent)
		return wdf_attributes_refuse(STATUS_WDF_EXECUTION_LEVEL_INVALID, call,
					     "the object has no ExecutionLevel");
	return STATUS_SUCCESS;
}

/* Check the attributes of a create call, which may be NULL. Return a status, and report. */
NTSTATUS wdf_attributes_check(const WDF_OBJECT_ATTRIBUTES *attributes, bool parent_allowed,
			      const char *call)
{
	NTSTATUS status;

	if (!attributes)
		return STATUS_SUCCESS;
	if (wdf_is_wrong(attributes, "Attributes", call))
		return STATUS_INVALID_PARAMETER;
	if (wdf_size_is_wrong(attributes->Size, sizeof(*attributes), "Attributes", call))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = wdf_attributes_check_type(attributes, call);
	if (!NT_SUCCESS(status))
		return status;
	if (wdf_option_is_wrong(attributes->EvtCleanupCallback, "EvtCleanupCallback", call) ||
	    wdf_option_is_wrong(attributes->EvtDestroyCallback, "EvtDestroyCallback", call))
		return STATUS_WDF_OBJECT_ATTRIBUTES_INVALID;
	if (attributes->ParentObject && !parent_allowed)
		return wdf_attributes_refuse(STATUS_WDF_PARENT_ASSIGNMENT_NOT_ALLOWED, call,
					     "ParentObject must be NULL for this object");
	return wdf_attributes_check_level(attributes, call);
}

static struct wdf_context *wdf_context_new(struct wdf_object *object,
					   const WDF_OBJECT_ATTRIBUTES *attributes)
{
	PCWDF_OBJECT_CONTEXT_TYPE_INFO type = attributes->ContextTypeInfo;
	size_t bytes = type ? type->ContextSize : 0;
	struct wdf_context *context;

	if (attributes->ContextSizeOverride)
		bytes = attributes->ContextSizeOverride;
	if (bytes > KMALLOC_MAX_SIZE - sizeof(*context))
		return NULL;
	/* An address belongs to one context, so each has at least a byte. */
	context = kzalloc(sizeof(*context) + max_t(size_t, bytes, 1), wdf_gfp());
	if (!context)
		return NULL;
	context->object = object;
	context->type = type;
	context->cleanup = attributes->EvtCleanupCallback;
	context->destroy = attributes->EvtDestroyCallback;
	return context;
}

static void wdf_context_hash(struct wdf_context *context)
{
	struct wdf_bucket *bucket = wdf_bucket_of(context->data);
	unsigned long flags;

	spin_lock_irqsave(&bucket->lock, flags);
	hlist_add_head_rcu(&context->node, &bucket->contexts);
	spin_unlock_irqrestore(&bucket->lock, flags);
}

/* Add the first context of a new object, if its attributes ask for anything. Return a status. */
NTSTATUS wdf_context_add(struct wdf_object *object, const WDF_OBJECT_ATTRIBUTES *attributes)
{
	if (!attributes->ContextTypeInfo && !attributes->EvtCleanupCallback &&
	    !attributes->EvtDestroyCallback)
		return STATUS_SUCCESS;
	object->contexts = wdf_context_new(object, attributes);
	if (!object->contexts)
		return STATUS_INSUFFICIENT_RESOURCES;
	wdf_context_hash(object->contexts);
	return STATUS_SUCCESS;
}

static struct wdf_context *wdf_context_lookup(struct wdf_object *object,
					      PCWDF_OBJECT_CONTEXT_TYPE_INFO type)
{
	struct wdf_context *context;

	/* Pairs with the release in wdf_context_append(). */
	for (context = smp_load_acquire(&object->contexts); context;
	     context = smp_load_acquire(&context->next))	/* the same */
		if (context->type == type && type)
			return context;
	return NULL;
}

/* Return the driver's part of the context of this type, or NULL. */
void *wdf_context_find(struct wdf_object *object, PCWDF_OBJECT_CONTEXT_TYPE_INFO type)
{
	struct wdf_context *context = wdf_context_lookup(object, type);

	return context ? context->data : NULL;
}

/*
 * Add a context to an object, unless it has one of this type, which is returned then. Return NULL
 * if the object is being deleted.
 */
static struct wdf_context *wdf_context_append(struct wdf_object *object,
					      struct wdf_context *added)
{
	spinlock_t *lock = object->parent ? &object->parent->lock : &object->lock;
	struct wdf_context *found, **end;
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	found = wdf_context_lookup(object, added->type);
	if (!found && object->state == WDF_OBJECT_LIVE) {
		found = added;
		for (end = &object->contexts; *end; end = &(*end)->next)
			;
		/* Pairs with the acquires in wdf_context_lookup(). */
		smp_store_release(end, added);
	}
	spin_unlock_irqrestore(lock, flags);
	return found;
}

/* Call the cleanup callbacks, in order. No context is added any more. */
void wdf_context_cleanup(struct wdf_object *object)
{
	struct wdf_context *context;

	if (unlikely(READ_ONCE(object->silent)))
		return;
	for (context = object->contexts; context; context = context->next)
		if (context->cleanup)
			context->cleanup(wdf_handle(object));
}

/* Call the destroy callbacks, in order. */
void wdf_context_destroy(struct wdf_object *object)
{
	struct wdf_context *context;

	if (unlikely(READ_ONCE(object->silent)))
		return;
	for (context = object->contexts; context; context = context->next)
		if (context->destroy)
			context->destroy(wdf_handle(object));
}

static void wdf_context_unhash(struct wdf_context *context)
{
	struct wdf_bucket *bucket = wdf_bucket_of(context->data);
	unsigned long flags;

	spin_lock_irqsave(&bucket->lock, flags);
	hlist_del_rcu(&context->node);
	spin_unlock_irqrestore(&bucket->lock, flags);
}

/* Make the contexts unknown. Their memory stays for those that have just looked them up. */
void wdf_context_forget(struct wdf_object *object)
{
	struct wdf_context *context;

	for (context = object->contexts; context; context = context->next)
		wdf_context_unhash(context);
}

static void wdf_context_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct wdf_context, rcu));
}

/* Free a context that was not added. */
static void wdf_context_drop(struct wdf_context *context)
{
	wdf_context_unhash(context);
	call_rcu(&context->rcu, wdf_context_free_rcu);
}

void wdf_context_free(struct wdf_object *object)
{
	struct wdf_context *context, *next;

	for (context = object->contexts; context; context = next) {
		next = context->next;
		wdmdma_pool_going(context, ksize(context), "WdfObjectDelete");
		kfree(context);
	}
}

/*
 * Add a context with checked attributes, and store the driver's part of it to @data. Return a
 * status.
 */
NTSTATUS wdf_context_allocate(struct wdf_object *object, const WDF_OBJECT_ATTRIBUTES *attributes,
			      void **data)
{
	struct wdf_context *added = wdf_context_new(object, attributes), *found;

	if (!added)
		return STATUS_INSUFFICIENT_RESOURCES;
	/* The address must be known before the context is. */
	wdf_context_hash(added);
	found = wdf_context_append(object, added);
	*data = found ? found->data : NULL;
	if (found == added)
		return STATUS_SUCCESS;
	wdf_context_drop(added);
	return found ? STATUS_OBJECT_NAME_EXISTS : STATUS_DELETE_PENDING;
}

/**
 * WdfObjectContextGetObject() - the object of a context
 * @context: the start of a context
 *
 * Answers to wdf: WdfObjectContextGetObject. May be called in a destroy callback.
 *
 * Context: any.
 * Return: the handle, or NULL, with a report, if the pointer is no context.
 */
WDFOBJECT WdfObjectContextGetObject(PVOID context)
{
	struct wdf_bucket *bucket = wdf_bucket_of(context);
	struct wdf_context *found;
	void *handle = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(found, &bucket->contexts, node) {
		if (found->data == context) {
			handle = wdf_handle(found->object);
			break;
		}
	}
	rcu_read_unlock();
	if (!handle)
		wdmdma_report(__func__, "%p is no context (bug check 0x10D, code 5)", context);
	return handle;
}
EXPORT_SYMBOL_GPL(WdfObjectContextGetObject);
