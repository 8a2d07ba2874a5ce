// SPDX-License-Identifier: GPL-2.0-only
/* Work items, on a workqueue of the module. An item is in the table of blocks. */
#include "ntos/ntos.h"

#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <ddk/wdm/thread.h>

#include "ntos/block.h"
#include "ntos/thread.h"

#define NT_WORK_QUEUED	0

/**
 * struct _IO_WORKITEM - a work item
 * @work: of the kernel
 * @state: NT_WORK_QUEUED while the function has not been called
 * @device_object: first argument of the function
 * @routine: the driver's function
 * @context: second argument
 */
struct _IO_WORKITEM {
	struct work_struct work;
	unsigned long state;
	PDEVICE_OBJECT device_object;
	PIO_WORKITEM_ROUTINE routine;
	PVOID context;
};

static struct workqueue_struct *nt_workqueue;

/* The function may queue the item again, or free it. So the item is not touched afterwards. */
static void nt_work_run(struct work_struct *work)
{
	struct _IO_WORKITEM *item = container_of(work, struct _IO_WORKITEM, work);
	PIO_WORKITEM_ROUTINE routine = item->routine;
	PDEVICE_OBJECT device_object = item->device_object;
	PVOID context = item->context;

	clear_bit_unlock(NT_WORK_QUEUED, &item->state);
	routine(device_object, context);
}

/**
 * IoAllocateWorkItem() - allocate a work item
 * @device_object: first argument of the function that it will call
 *
 * Answers to wdm: IoAllocateWorkItem.
 *
 * Differs from Windows: the item holds no reference to the device object.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the item, or NULL.
 */
PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT device_object)
{
	const gfp_t gfp = nt_is_atomic() ? GFP_ATOMIC : GFP_KERNEL;
	struct nt_block *block;
	PIO_WORKITEM item;

	if (nt_above_dispatch(__func__))
		return NULL;
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

/**
 * IoQueueWorkItem() - call a function at PASSIVE_LEVEL, in a thread of the kernel
 * @item: the item. One that is queued already is reported and stays as it is
 * @routine: the function, which may queue or free the item
 * @type: ignored
 * @context: second argument of the function
 *
 * Answers to wdm: IoQueueWorkItem. Functions of several items run in any order, or at once. The
 * driver's module must stay until they have returned.
 *
 * Context: <= DISPATCH_LEVEL. In an interrupt the call is reported and does nothing.
 */
void IoQueueWorkItem(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine, WORK_QUEUE_TYPE type,
		     PVOID context)
{
	if (nt_above_dispatch(__func__))
		return;
	if (!nt_block_exists(NT_BLOCK_WORK_ITEM, item) || !routine) {
		nt_report(__func__, "%s", routine ? "IoWorkItem is no work item" :
			  "WorkerRoutine is NULL");
		return;
	}
	if (test_and_set_bit_lock(NT_WORK_QUEUED, &item->state)) {
		nt_report(__func__, "the work item is queued already");
		return;
	}
	item->routine = routine;
	item->context = context;
	queue_work(nt_workqueue, &item->work);
}
EXPORT_SYMBOL_GPL(IoQueueWorkItem);

/**
 * IoFreeWorkItem() - free a work item
 * @item: the item. One that is queued is reported and stays
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
	if (nt_block_exists(NT_BLOCK_WORK_ITEM, item) && test_bit(NT_WORK_QUEUED, &item->state)) {
		nt_report(__func__, "the work item is queued");
		return;
	}
	block = nt_block_take(NT_BLOCK_WORK_ITEM, item, 0, true, &key);
	if (block)
		nt_block_free(block);
	else
		nt_report(__func__, "IoWorkItem is no work item");
}
EXPORT_SYMBOL_GPL(IoFreeWorkItem);

int nt_work_init(void)
{
	nt_workqueue = alloc_workqueue("wdmdma_ntos", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return nt_workqueue ? 0 : -ENOMEM;
}

void nt_work_exit(void)
{
	destroy_workqueue(nt_workqueue);
}
