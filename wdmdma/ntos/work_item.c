// SPDX-License-Identifier: GPL-2.0-only
/* Work items, on a workqueue of the module. An item is in the table of blocks. */
#include "ntos/ntos.h"

#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <wdmdma/linux.h>

#include "compat.h"
#include "ntos/block.h"
#include "ntos/dispatcher.h"
#include "ntos/level.h"
#include "ntos/thread.h"

/**
 * struct nt_work_call - the call of a routine, queued or running
 * @node: link in the list of calls
 * @routine: the driver's function
 */
struct nt_work_call {
	struct list_head node;
	const void *routine;
};

/**
 * struct _IO_WORKITEM - a work item
 * @work: of the kernel
 * @call: in the list of calls while @queued
 * @queued: the function has not been called
 * @device_object: first argument of the function
 * @routine: the driver's function, or NULL
 * @routine_ex: the driver's function of the other form
 * @context: second argument
 */
struct _IO_WORKITEM {
	struct work_struct work;
	struct nt_work_call call;
	bool queued;
	PDEVICE_OBJECT device_object;
	PIO_WORKITEM_ROUTINE routine;
	PIO_WORKITEM_ROUTINE_EX routine_ex;
	PVOID context;
};

static struct workqueue_struct *nt_workqueue;
static DEFINE_SPINLOCK(nt_work_lock);	/* protects the list and nt_work_item.queued */
static LIST_HEAD(nt_work_calls);
/* For those who wait until routines have returned. */
static DECLARE_WAIT_QUEUE_HEAD(nt_work_ends);

/* The function may queue the item again, or free it. So the item is not touched afterwards. */
static void nt_work_run(struct work_struct *work)
{
	struct _IO_WORKITEM *item = container_of(work, struct _IO_WORKITEM, work);
	const struct _IO_WORKITEM copy = *item;
	struct nt_work_call call = { .routine = copy.call.routine };
	struct nt_level level;

	spin_lock_irq(&nt_work_lock);
	list_replace(&item->call.node, &call.node);
	item->queued = false;
	spin_unlock_irq(&nt_work_lock);
	nt_level_note(&level);
	if (copy.routine)
		copy.routine(copy.device_object, copy.context);
	else
		copy.routine_ex(copy.device_object, copy.context, item);
	nt_level_restore(&level, "IoQueueWorkItem", call.routine);
	nt_mutex_abandon("IoQueueWorkItem", call.routine);
	spin_lock_irq(&nt_work_lock);
	list_del(&call.node);
	spin_unlock_irq(&nt_work_lock);
	wake_up_all(&nt_work_ends);
}

/**
 * IoAllocateWorkItem() - allocate a work item
 * @device_object: first argument of the function that it will call. NULL is reported and allowed.
 *	Another pointer that is no device object is reported and refused
 *
 * Answers to wdm: IoAllocateWorkItem.
 *
 * Differs from Windows: the item holds no reference to the device object.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the item, or NULL if there is no memory, or with the reason in the log.
 */
PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT device_object)
{
	const gfp_t gfp = nt_is_atomic() ? GFP_ATOMIC : WDMDMA_GFP;
	struct nt_block *block;
	PIO_WORKITEM item;

	if (nt_above_dispatch(__func__))
		return NULL;
	/* The function may not need it. */
	if (!device_object) {
		wdmdma_report(__func__, "DeviceObject is NULL");
	} else if (!wdmdma_device_object_is_live(device_object)) {
		wdmdma_report(__func__, "DeviceObject %p is no device object", device_object);
		return NULL;
	}
	block = nt_block_alloc(gfp);
	item = block ? kzalloc(sizeof(*item), gfp) : NULL;
	if (!item) {
		nt_block_drop(block);
		return NULL;
	}
	INIT_WORK(&item->work, nt_work_run);
	item->device_object = device_object;
	block->address = (unsigned long)item;
	block->kind = NT_BLOCK_WORK_ITEM;
	block->key = 0;
	block->size = sizeof(*item);
	nt_block_add(block);
	return item;
}
EXPORT_SYMBOL_GPL(IoAllocateWorkItem);

/* Queue an item. A wrong call is reported, and changes nothing. */
static void nt_work_queue(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine,
			  PIO_WORKITEM_ROUTINE_EX routine_ex, PVOID context, const char *call)
{
	const void *any = routine ? (const void *)routine : (const void *)routine_ex;
	unsigned long flags;
	bool queued;

	if (nt_above_dispatch(call))
		return;
	if (nt_is_wrong(any, "WorkerRoutine", call))
		return;
	if (!nt_block_exists(NT_BLOCK_WORK_ITEM, item)) {
		wdmdma_report(call, "IoWorkItem is no work item");
		return;
	}
	if (nt_is_leaving(any, call))
		return;
	spin_lock_irqsave(&nt_work_lock, flags);
	queued = item->queued;
	if (!queued) {
		item->queued = true;
		item->routine = routine;
		item->routine_ex = routine_ex;
		item->context = context;
		item->call.routine = any;
		list_add(&item->call.node, &nt_work_calls);
	}
	spin_unlock_irqrestore(&nt_work_lock, flags);
	if (queued)
		wdmdma_report(call, "the work item is queued already");
	else
		queue_work(nt_workqueue, &item->work);
}

/**
 * IoQueueWorkItem() - call a function at PASSIVE_LEVEL, in a thread of the kernel
 * @item: the item. One that is queued already is reported and stays as it is
 * @routine: the function, which may queue or free the item
 * @type: ignored
 * @context: second argument of the function
 *
 * Answers to wdm: IoQueueWorkItem. Functions of several items run in any order, or at once. The
 * driver must wait for its functions before it is unloaded. Otherwise the unload waits, and says
 * so. What a function has left raised or locked is reported and repaired.
 *
 * Context: <= DISPATCH_LEVEL. In an interrupt the call is reported and does nothing.
 */
void IoQueueWorkItem(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine, WORK_QUEUE_TYPE type,
		     PVOID context)
{
	nt_work_queue(item, routine, NULL, context, __func__);
}
EXPORT_SYMBOL_GPL(IoQueueWorkItem);

/**
 * IoQueueWorkItemEx() - call a function that gets its item too
 * @item: as for IoQueueWorkItem()
 * @routine: as for IoQueueWorkItem(). The item is its third argument
 * @type: ignored
 * @context: second argument of the function
 *
 * Answers to wdm: IoQueueWorkItemEx.
 *
 * Context: as for IoQueueWorkItem().
 */
void IoQueueWorkItemEx(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE_EX routine, WORK_QUEUE_TYPE type,
		       PVOID context)
{
	nt_work_queue(item, NULL, routine, context, __func__);
}
EXPORT_SYMBOL_GPL(IoQueueWorkItemEx);

static bool nt_work_is_queued(PIO_WORKITEM item)
{
	unsigned long flags;
	bool queued;

	spin_lock_irqsave(&nt_work_lock, flags);
	queued = item->queued;
	spin_unlock_irqrestore(&nt_work_lock, flags);
	return queued;
}

/**
 * IoFreeWorkItem() - free a work item
 * @item: the item. One that is queued is reported and stays. Its function may be running
 *
 * Answers to wdm: IoFreeWorkItem.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void IoFreeWorkItem(PIO_WORKITEM item)
{
	struct nt_block *block;
	u64 key;

	if (nt_above_dispatch(__func__))
		return;
	if (nt_block_exists(NT_BLOCK_WORK_ITEM, item) && nt_work_is_queued(item)) {
		wdmdma_report(__func__, "the work item is queued");
		return;
	}
	block = nt_block_take(NT_BLOCK_WORK_ITEM, item, 0, true, &key);
	if (block)
		nt_block_free(block);
	else
		wdmdma_report(__func__, "IoWorkItem is no work item");
}
EXPORT_SYMBOL_GPL(IoFreeWorkItem);

/* Return how many routines of a place are queued or run. */
unsigned int nt_work_count(const struct nt_place *place)
{
	struct nt_work_call *call;
	unsigned int count = 0;

	spin_lock_irq(&nt_work_lock);
	list_for_each_entry(call, &nt_work_calls, node)
		count += nt_place_has(place, call->routine);
	spin_unlock_irq(&nt_work_lock);
	return count;
}

/* Wait until no routine of a place is queued or runs. */
void nt_work_wait(const struct nt_place *place)
{
	wait_event_idle(nt_work_ends, !nt_work_count(place));
}

int nt_work_init(void)
{
	nt_workqueue = alloc_workqueue("wdmdma_ntos", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return nt_workqueue ? 0 : -ENOMEM;
}

void nt_work_exit(void)
{
	destroy_workqueue(nt_workqueue);
}
