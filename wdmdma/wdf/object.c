// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles, references, and the tree of objects.
 *
 * A deletion has two passes. The first one disposes of each object of the tree, children before
 * their parent. The object's cleanup callbacks run, and what it holds is given back. The second
 * pass takes the children from their parents, and each object loses the reference of its parent.
 * With the last reference the destroy callbacks run.
 *
 * No lock is held while a callback runs. An object is disposed of by the thread that finds its last
 * child disposed of (wdf_object.undisposed). So if another thread is just deleting a child, that
 * thread goes on with the parent, or leaves it to a work item if it must not sleep and the parent
 * needs PASSIVE_LEVEL. The Linux half waits for the end when it deletes its objects.
 */
#include "wdf/object.h"

#include <linux/completion.h>
#include <linux/export.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "compat.h"

static DEFINE_XARRAY_ALLOC1(wdf_handles);
static u32 wdf_next_id;
static atomic_long_t wdf_live;
static struct workqueue_struct *wdf_workqueue;

#define WDF_HANDLE_MASK	0xFUL
#define WDF_LAST_ID	0x7FFFFFFFU

/* Return the object of a handle, which RCU keeps, or NULL. */
struct wdf_object *wdf_find(const void *handle)
{
	unsigned long value = (unsigned long)handle;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "a handle is looked up without RCU");
	if (value & WDF_HANDLE_MASK || value >> 4 > WDF_LAST_ID)
		return NULL;
	return xa_load(&wdf_handles, value >> 4);
}

/* Report a handle that is none, or of @object with another type. */
void wdf_no_object(const void *handle, const struct wdf_object *object,
		   const struct wdf_class *class, const char *call)
{
	if (object)
		wdmdma_report(call, "the handle is a %s, and no %s (bug check 0x10D, code 5)",
			      object->class->name, class->name);
	else
		wdmdma_report(call,
			      "the handle %p is no %s, or was deleted (bug check 0x10D, code 5)",
			      handle, class ? class->name : "object");
}

/*
 * Return the object of a handle, with a reference that the caller must drop by wdf_put(). Report a
 * handle that is none, or of another type, and return NULL. With @class NULL any type will do.
 */
struct wdf_object *wdf_get(const void *handle, const struct wdf_class *class, const char *call)
{
	struct wdf_object *object;

	rcu_read_lock();
	object = wdf_find(handle);
	if (unlikely(!object || (class && object->class != class) ||
		     !refcount_inc_not_zero(&object->refs))) {
		wdf_no_object(handle, class && object && object->class != class ? object : NULL,
			      class, call);
		object = NULL;
	}
	rcu_read_unlock();
	return object;
}

struct wdf_object *wdf_get_any(const void *handle, const char *call)
{
	return wdf_get(handle, NULL, call);
}
EXPORT_SYMBOL_FOR_KUNIT(wdf_get_any);

static void wdf_object_free_rcu(struct rcu_head *rcu)
{
	struct wdf_object *object = container_of(rcu, struct wdf_object, rcu);

	wdf_context_free(object);
	object->class->free(object);
	atomic_long_dec(&wdf_live);
}

/* Drop a reference to the memory. A child has one to its parent's. */
static void wdf_memory_put(struct wdf_object *object)
{
	struct wdf_object *parent;

	while (object && refcount_dec_and_test(&object->memory)) {
		parent = object->parent;
		call_rcu(&object->rcu, wdf_object_free_rcu);
		object = parent;
	}
}

/* The last reference is gone. The callbacks may still ask for contexts by the handle. */
static void wdf_object_end(struct wdf_object *object)
{
	unsigned long flags;

	wdf_context_destroy(object);
	wdf_context_forget(object);
	if (object->id) {
		xa_lock_irqsave(&wdf_handles, flags);
		__xa_erase(&wdf_handles, object->id);
		xa_unlock_irqrestore(&wdf_handles, flags);
	}
	wdf_memory_put(object);
}

void wdf_put(struct wdf_object *object)
{
	if (refcount_dec_and_test(&object->refs))
		wdf_object_end(object);
}
EXPORT_SYMBOL_FOR_KUNIT(wdf_put);

static void wdf_object_dispose_work(struct work_struct *work);

/* Initialize an object, which belongs to its create call then. */
void wdf_object_init(struct wdf_object *object, const struct wdf_class *class)
{
	object->class = class;
	object->id = 0;
	refcount_set(&object->refs, 1);
	refcount_set(&object->memory, 1);
	atomic_set(&object->driver_refs, 0);
	object->silent = false;
	spin_lock_init(&object->lock);
	object->state = WDF_OBJECT_NEW;
	object->root = false;
	object->done = NULL;
	INIT_WORK(&object->work, wdf_object_dispose_work);
	atomic_set(&object->undisposed, 1);
	object->parent = NULL;
	INIT_LIST_HEAD(&object->children);
	INIT_LIST_HEAD(&object->sibling);
	object->contexts = NULL;
	atomic_long_inc(&wdf_live);
}

/*
 * Give a new object its parent and its first context. From here on the parent is not disposed of
 * before the create call has ended. Return a status. After a failure the object must be abandoned.
 */
NTSTATUS wdf_object_attach(struct wdf_object *object, struct wdf_object *parent,
			   PWDF_OBJECT_ATTRIBUTES attributes)
{
	unsigned long flags;
	bool attached;

	if (parent) {
		spin_lock_irqsave(&parent->lock, flags);
		attached = parent->state == WDF_OBJECT_LIVE;
		if (attached) {
			atomic_inc(&parent->undisposed);
			list_add_tail(&object->sibling, &parent->children);
		}
		spin_unlock_irqrestore(&parent->lock, flags);
		if (!attached)
			return STATUS_DELETE_PENDING;
		refcount_inc(&parent->memory);
		object->parent = parent;
	}
	return attributes ? wdf_context_add(object, attributes) : STATUS_SUCCESS;
}

/* Take an object from its parent. */
static void wdf_object_unlink(struct wdf_object *object)
{
	unsigned long flags;

	if (!object->parent)
		return;
	spin_lock_irqsave(&object->parent->lock, flags);
	list_del_init(&object->sibling);
	spin_unlock_irqrestore(&object->parent->lock, flags);
}

static bool wdf_object_number(struct wdf_object *object)
{
	unsigned long flags;
	int ret;

	xa_lock_irqsave(&wdf_handles, flags);
	ret = __xa_alloc_cyclic(&wdf_handles, &object->id, object, XA_LIMIT(1, WDF_LAST_ID),
				&wdf_next_id, GFP_ATOMIC | __GFP_NOWARN);
	xa_unlock_irqrestore(&wdf_handles, flags);
	if (ret < 0)
		object->id = 0;
	return ret >= 0;
}

/*
 * End the create call of an object. Store its handle to @handle, which points at a pointer. Return
 * a status. After a failure the object must be abandoned.
 */
NTSTATUS wdf_object_publish(struct wdf_object *object, void *handle)
{
	struct wdf_object *parent = object->parent;
	unsigned long flags;
	bool live = true;

	if (!wdf_object_number(object))
		return STATUS_INSUFFICIENT_RESOURCES;
	/* The driver may delete the parent, and so the object, before this call returns. */
	*(void **)handle = wdf_handle(object);
	if (parent) {
		spin_lock_irqsave(&parent->lock, flags);
		live = parent->state == WDF_OBJECT_LIVE;
		if (live)
			object->state = WDF_OBJECT_LIVE;
		spin_unlock_irqrestore(&parent->lock, flags);
	} else {
		object->state = WDF_OBJECT_LIVE;
	}
	if (!live)
		*(void **)handle = NULL;
	return live ? STATUS_SUCCESS : STATUS_DELETE_PENDING;
}

/* Take the children of a tree from their parents, and drop the references of the parents. */
static void wdf_tree_destroy(struct wdf_object *root)
{
	struct wdf_object *object = root, *child, *parent;

	for (;;) {
		child = list_first_entry_or_null(&object->children, struct wdf_object, sibling);
		if (child) {
			object = child;
			continue;
		}
		parent = object->parent;
		wdf_object_unlink(object);
		wdf_put(object);
		if (object == root)
			return;
		object = parent;
	}
}

/* Dispose of an object. Return its parent. */
static struct wdf_object *wdf_object_dispose(struct wdf_object *object)
{
	struct completion *done = object->done;
	struct wdf_object *parent;

	wdf_context_cleanup(object);
	if (object->class->dispose)
		object->class->dispose(object);
	parent = object->parent;
	if (object->root)
		wdf_tree_destroy(object);
	if (done)
		complete(done);
	return parent;
}

/*
 * One child less is undisposed, or the object itself is being deleted. If nothing is left, dispose
 * of the object, and go on with its parent.
 */
static void wdf_object_disposed(struct wdf_object *object)
{
	while (object && atomic_dec_and_test(&object->undisposed)) {
		if (object->class->passive && wdf_is_atomic()) {
			queue_work(wdf_workqueue, &object->work);
			return;
		}
		object = wdf_object_dispose(object);
	}
}

static void wdf_object_dispose_work(struct work_struct *work)
{
	struct wdf_object *object = container_of(work, struct wdf_object, work);

	wdf_object_disposed(wdf_object_dispose(object));
}

/* Return the lock under which the state of an object changes from live. */
static spinlock_t *wdf_object_state_lock(struct wdf_object *object)
{
	return object->parent ? &object->parent->lock : &object->lock;
}

/*
 * Keep an object from being disposed of until wdf_object_let_go(). Return false if its deletion has
 * begun. The caller must have a reference.
 */
bool wdf_object_hold(struct wdf_object *object)
{
	spinlock_t *lock = wdf_object_state_lock(object);
	unsigned long flags;
	bool live;

	spin_lock_irqsave(lock, flags);
	live = object->state == WDF_OBJECT_LIVE;
	if (live)
		atomic_inc(&object->undisposed);
	spin_unlock_irqrestore(lock, flags);
	return live;
}

void wdf_object_let_go(struct wdf_object *object)
{
	wdf_object_disposed(object);
}

/* Begin the deletion of a child that is live. Return NULL if there is none. */
static struct wdf_object *wdf_object_claim_child(struct wdf_object *object)
{
	struct wdf_object *child, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&object->lock, flags);
	list_for_each_entry(child, &object->children, sibling) {
		/* A child's state changes from live under the lock of the parent. */
		if (child->state == WDF_OBJECT_LIVE) {
			child->state = WDF_OBJECT_DELETING;
			found = child;
			break;
		}
	}
	spin_unlock_irqrestore(&object->lock, flags);
	return found;
}

/* Dispose of a tree whose root is being deleted. The root must not go before the call returns. */
static void wdf_tree_dispose(struct wdf_object *root)
{
	struct wdf_object *object = root, *child, *parent;

	for (;;) {
		child = wdf_object_claim_child(object);
		if (child) {
			object = child;
			continue;
		}
		parent = object->parent;
		if (object == root)
			break;
		wdf_object_disposed(object);
		object = parent;
	}
	wdf_object_disposed(root);
}

/* Begin the deletion of an object. Return false if it has begun already. @done is optional. */
static bool wdf_object_claim(struct wdf_object *object, struct completion *done)
{
	spinlock_t *lock = wdf_object_state_lock(object);
	unsigned long flags;
	bool claimed;

	spin_lock_irqsave(lock, flags);
	claimed = object->state == WDF_OBJECT_LIVE;
	if (claimed) {
		object->state = WDF_OBJECT_DELETING;
		object->root = true;
		object->done = done;
	}
	spin_unlock_irqrestore(lock, flags);
	return claimed;
}

/*
 * Delete an object, to which the caller must have a reference. Return false if another call
 * deletes it, or its parent.
 */
bool wdf_object_delete(struct wdf_object *object)
{
	if (!wdf_object_claim(object, NULL))
		return false;
	wdf_tree_dispose(object);
	return true;
}

/*
 * Delete an object as wdf_object_delete() does, and wait until it and all objects below it are
 * disposed of. A second call does not wait. May sleep.
 */
void wdf_object_delete_and_wait(struct wdf_object *object)
{
	DECLARE_COMPLETION_ONSTACK(done);

	if (!wdf_object_claim(object, &done))
		return;
	wdf_tree_dispose(object);
	wait_for_completion(&done);
}

/*
 * Undo a create call that has failed. No callback is called. What the object holds must have been
 * given back. Another thread may have found the object already, and have a reference.
 */
void wdf_object_abandon(struct wdf_object *object)
{
	struct wdf_object *parent = object->parent;

	WRITE_ONCE(object->silent, true);
	wdf_object_unlink(object);
	if (parent)
		refcount_inc(&parent->memory);
	wdf_put(object);
	wdf_object_disposed(parent);
	wdf_memory_put(parent);
}

/* Return true if an object is below @ancestor, or is it. */
bool wdf_object_is_below(const struct wdf_object *object, const struct wdf_object *ancestor)
{
	while (object && object != ancestor)
		object = object->parent;
	return object;
}

/**
 * WdfObjectDelete() - delete an object and its children
 * @object: any object that the driver may delete
 *
 * Answers to wdf: WdfObjectDelete. The cleanup callbacks run, of children before their parents and
 * otherwise in the order of creation. What the objects hold is given back. Then each object loses
 * a reference, and the destroy callbacks of those without one run. A second call for an object
 * that has references, and a call that another thread's deletion of a parent has overtaken, do
 * nothing.
 *
 * Differs from Windows: the cleanup callbacks of an object run before it gives back what it holds,
 * so its adapter or memory can be used there. A call for an object that the framework owns is
 * reported and does nothing. An enabler or a common buffer that is deleted at DISPATCH_LEVEL is
 * left to a work item, so its cleanup callbacks may run after the call has returned.
 *
 * Context: <= DISPATCH_LEVEL. For an enabler and a common buffer PASSIVE_LEVEL, and DISPATCH_LEVEL
 * is reported. In an interrupt the call is reported, and does nothing.
 */
void WdfObjectDelete(WDFOBJECT object)
{
	struct wdf_object *self;

	if (wdf_above_dispatch(__func__))
		return;
	self = wdf_get_any(object, __func__);
	if (!self)
		return;
	if (self->class->owned) {
		wdmdma_report(__func__, "a %s is not deleted by the driver (STATUS_CANNOT_DELETE)",
			      self->class->name);
	} else {
		if (self->class->passive && wdf_is_atomic())
			wdmdma_report(__func__,
				      "a %s is deleted at DISPATCH_LEVEL, needs PASSIVE_LEVEL",
				      self->class->name);
		wdf_object_delete(self);
	}
	wdf_put(self);
}
EXPORT_SYMBOL_GPL(WdfObjectDelete);

/**
 * WdfObjectReferenceActual() - take a reference
 * @handle: any object
 * @tag: not used
 * @line: not used
 * @file: not used
 *
 * Answers to wdf: WdfObjectReference, WdfObjectReferenceWithTag. While there are references, the
 * handle and the contexts stay. What the object holds goes with the deletion.
 *
 * Context: any.
 */
void WdfObjectReferenceActual(WDFOBJECT handle, PVOID tag, LONG line, const char *file)
{
	struct wdf_object *object = wdf_get_any(handle, "WdfObjectReference");

	if (object)
		atomic_inc(&object->driver_refs);
}
EXPORT_SYMBOL_GPL(WdfObjectReferenceActual);

/**
 * WdfObjectDereferenceActual() - drop a reference
 * @handle: any object
 * @tag: not used
 * @line: not used
 * @file: not used
 *
 * Answers to wdf: WdfObjectDereference, WdfObjectDereferenceWithTag. Deletes nothing. A call
 * without a reference of the driver is reported.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void WdfObjectDereferenceActual(WDFOBJECT handle, PVOID tag, LONG line, const char *file)
{
	static const char call[] = "WdfObjectDereference";
	struct wdf_object *object = wdf_get_any(handle, call);

	if (!object)
		return;
	if (atomic_dec_if_positive(&object->driver_refs) >= 0)
		wdf_put(object);
	else
		wdmdma_report(call,
			      "the driver has no reference to this %s (bug check 0x10D, code 7)",
			      object->class->name);
	wdf_put(object);
}
EXPORT_SYMBOL_GPL(WdfObjectDereferenceActual);

/* Return the first object behind number @id, with a reference, and store its number. */
struct wdf_object *wdf_object_next(u32 *id)
{
	struct wdf_object *object;
	unsigned long index = *id;

	rcu_read_lock();
	do
		object = xa_find_after(&wdf_handles, &index, ULONG_MAX, XA_PRESENT);
	while (object && !refcount_inc_not_zero(&object->refs));
	rcu_read_unlock();
	*id = index;
	return object;
}

/* Return how many objects there are, with those whose memory is about to be freed. */
unsigned long wdf_object_count(void)
{
	return atomic_long_read(&wdf_live);
}
EXPORT_SYMBOL_FOR_KUNIT(wdf_object_count);

/* Wait for the objects that a work item disposes of. */
void wdf_object_flush(void)
{
	flush_workqueue(wdf_workqueue);
}

int wdf_objects_init(void)
{
	wdf_workqueue = alloc_workqueue("wdmdma_wdf", WQ_UNBOUND, 0);
	return wdf_workqueue ? 0 : -ENOMEM;
}

/* No driver is linked with the module any more, and wdf_forget_objects() has run. */
void wdf_objects_exit(void)
{
	destroy_workqueue(wdf_workqueue);
	rcu_barrier();
	if (wdf_object_count())
		pr_warn("%lu objects could not be given back\n", wdf_object_count());
	xa_destroy(&wdf_handles);
}
