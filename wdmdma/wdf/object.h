/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects of wdmdma_wdf.ko. The module is optional. It gives the Windows half of a driver the DMA
 * part of KMDF, and uses nothing of wdmdma.ko but what that exports to drivers.
 *
 * A handle is a number of a table, so a freed or foreign handle is found by its value, and never
 * dereferenced. Numbers come again only after two thousand million objects.
 */
#ifndef WDMDMA_WDF_OBJECT_H
#define WDMDMA_WDF_OBJECT_H

#ifndef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#endif

#include <linux/atomic.h>
#include <linux/bottom_half.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <ddk/wdfobject.h>

#include "compat.h"
#include "report.h"

struct wdf_object;
struct wdf_context;

/**
 * struct wdf_class - what the objects of a type have in common
 * @name: the type of the handle
 * @owned: the framework deletes the object, and not the driver
 * @asks: the objects make requests of the adapter, which have tickets (ticket.c)
 * @passive: the objects are disposed of at PASSIVE_LEVEL, if need be by a work item
 * @dispose: optional. Gives back what the object holds, after its cleanup callbacks
 * @free: frees the memory of the object
 * @is_held: optional. Return true if a thread holds the lock that the object is. The holder has a
 *	reference
 */
struct wdf_class {
	const char *name;
	bool owned;
	bool asks;
	bool passive;
	void (*dispose)(struct wdf_object *object);
	void (*free)(struct wdf_object *object);
	bool (*is_held)(const struct wdf_object *object);
};

enum wdf_object_state {
	WDF_OBJECT_NEW,		/* its create call has not returned */
	WDF_OBJECT_LIVE,
	WDF_OBJECT_DELETING,	/* its deletion, or that of a parent, has begun */
};

/**
 * struct wdf_object - the part that all objects have
 * @class: its type
 * @id: its number, 0 before it has a handle
 * @refs: references. At 0 the destroy callbacks run. The link to the parent is one of them
 * @memory: references to the memory. All of @refs are one of them, and so is each child
 * @driver_refs: references that the driver took, and that are among @refs
 * @silent: no function of the driver is called any more, because the driver's module goes, or the
 *	create call has failed
 * @lock: protects @state, @children, and the end of @contexts
 * @state: how far its life has come. It is read without the lock too
 * @root: the deletion began with this object, and not with its parent
 * @done: completed after the deletion that began with this object, or NULL
 * @work: disposes of the object
 * @undisposed: children that hold something yet, and calls of wdf_object_hold(), plus one until its
 *	own deletion
 * @parent: the object with which it is deleted. Its memory stays as long as this object's
 * @children: in the order of their creation
 * @sibling: link in @children of the parent
 * @contexts: the contexts, in the order in which they were added
 * @rcu: frees the memory after all that have looked up the handle
 */
struct wdf_object {
	const struct wdf_class *class;
	u32 id;
	refcount_t refs;
	refcount_t memory;
	atomic_t driver_refs;
	bool silent;
	spinlock_t lock;	/* see above */
	enum wdf_object_state state;
	bool root;
	struct completion *done;
	struct work_struct work;
	atomic_t undisposed;
	struct wdf_object *parent;
	struct list_head children;
	struct list_head sibling;
	struct wdf_context *contexts;
	struct rcu_head rcu;
};

extern const struct wdf_class wdf_driver_class, wdf_device_class, wdf_enabler_class;
extern const struct wdf_class wdf_buffer_class;

/* Return true if the caller must not sleep. */
static inline bool wdf_is_atomic(void)
{
	return in_interrupt() || irqs_disabled() || preempt_count() ||
	       (IS_ENABLED(CONFIG_PREEMPT_RT) && rcu_preempt_depth());
}

static inline gfp_t wdf_gfp(void)
{
	return wdf_is_atomic() ? GFP_ATOMIC | __GFP_NOWARN : WDMDMA_GFP;
}

/* Raise to DISPATCH_LEVEL. Return what wdf_lower() must be given. */
static inline bool wdf_raise(void)
{
	bool enable = !irqs_disabled();

	if (enable)
		local_bh_disable();
	return enable;
}

static inline void wdf_lower(bool enable)
{
	if (enable)
		local_bh_enable();
}

static inline void *wdf_handle(const struct wdf_object *object)
{
	return (void *)((unsigned long)object->id << 4);
}

/* object.c */
struct wdf_object *wdf_get(const void *handle, const struct wdf_class *class, const char *call);
struct wdf_object *wdf_find(const void *handle);
void wdf_no_object(const void *handle, const struct wdf_object *object,
		   const struct wdf_class *class, const char *call);
struct wdf_object *wdf_get_any(const void *handle, const char *call);
void wdf_put(struct wdf_object *object);
void wdf_object_init(struct wdf_object *object, const struct wdf_class *class);
NTSTATUS wdf_object_attach(struct wdf_object *object, struct wdf_object *parent,
			   PWDF_OBJECT_ATTRIBUTES attributes);
NTSTATUS wdf_object_publish(struct wdf_object *object, void *handle);
void wdf_object_abandon(struct wdf_object *object);
bool wdf_object_delete(struct wdf_object *object);
void wdf_object_delete_and_wait(struct wdf_object *object);
void wdf_object_flush(void);
bool wdf_object_hold(struct wdf_object *object);
void wdf_object_let_go(struct wdf_object *object);
bool wdf_object_is_below(const struct wdf_object *object, const struct wdf_object *ancestor);
int wdf_objects_init(void);
void wdf_objects_exit(void);
struct wdf_object *wdf_object_next(u32 *id);
unsigned long wdf_object_count(void);

/* arguments.c */
bool wdf_above_passive(const char *call);
bool wdf_above_dispatch(const char *call);
bool wdf_is_wrong(const void *pointer, const char *name, const char *call);
bool wdf_option_is_wrong(const void *function, const char *name, const char *call);
bool wdf_size_is_wrong(size_t size, size_t wanted, const char *name, const char *call);

/* context.c */
NTSTATUS wdf_attributes_check(const WDF_OBJECT_ATTRIBUTES *attributes, bool parent_allowed,
			      const char *call);
void *wdf_context_find(struct wdf_object *object, PCWDF_OBJECT_CONTEXT_TYPE_INFO type);
NTSTATUS wdf_context_add(struct wdf_object *object, const WDF_OBJECT_ATTRIBUTES *attributes);
NTSTATUS wdf_context_allocate(struct wdf_object *object, const WDF_OBJECT_ATTRIBUTES *attributes,
			      void **data);
void wdf_context_cleanup(struct wdf_object *object);
void wdf_context_destroy(struct wdf_object *object);
void wdf_context_forget(struct wdf_object *object);
void wdf_context_free(struct wdf_object *object);
void wdf_context_init(void);

#endif /* WDMDMA_WDF_OBJECT_H */
