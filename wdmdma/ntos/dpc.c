// SPDX-License-Identifier: GPL-2.0-only
/*
 * DPCs. Each processor has a queue, which a tasklet empties. So the DPCs of a queue run one after
 * the other, at DISPATCH_LEVEL, in the order in which they came. A KDPC is in a queue if DpcData
 * names the queue. DpcData is changed under the lock of that queue alone.
 */
#include "ntos/ntos.h"

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "ntos/dispatcher.h"

#define NT_DPC_TYPE	19
/* DPCs that run before others of the kernel's bottom halves get their turn. */
#define NT_DPC_TURN	64

/**
 * struct nt_dpc_queue - DPCs of one processor
 * @lock: protects the rest. Raw, because interrupt handlers queue DPCs
 * @dpcs: KDPC.Links of the queued ones
 * @running: a DPC of this queue runs
 * @tasklet: runs the DPCs
 */
struct nt_dpc_queue {
	raw_spinlock_t lock;
	struct list_head dpcs;
	bool running;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct nt_dpc_queue, nt_dpc_queues);

static_assert(sizeof_field(KDPC, Links) == sizeof(struct list_head));

static struct list_head *nt_dpc_node(KDPC *dpc)
{
	return (struct list_head *)dpc->Links;
}

static KDPC *nt_dpc_of(struct list_head *node)
{
	return container_of((PVOID *)node, KDPC, Links[0]);
}

/* Report a pointer that is no DPC. Return true if it is none. */
static bool nt_is_no_dpc(PRKDPC dpc, const char *call)
{
	if (likely(dpc && dpc->Type == NT_DPC_TYPE))
		return false;
	nt_report(call, "Dpc is %s", dpc ? "not initialized" : "NULL");
	return true;
}

/* Take the first DPC of a queue, and copy it to @copy. Return NULL if there is none. */
static KDPC *nt_dpc_first(struct nt_dpc_queue *queue, KDPC *copy)
{
	unsigned long flags;
	KDPC *dpc = NULL;

	raw_spin_lock_irqsave(&queue->lock, flags);
	queue->running = !list_empty(&queue->dpcs);
	if (queue->running) {
		dpc = nt_dpc_of(queue->dpcs.next);
		list_del(nt_dpc_node(dpc));
		*copy = *dpc;
		/* From here on the DPC can be queued again, also by its own routine. */
		smp_store_release(&dpc->DpcData, NULL);
	}
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	return dpc;
}

static void nt_dpc_run(struct tasklet_struct *tasklet)
{
	struct nt_dpc_queue *queue = container_of(tasklet, struct nt_dpc_queue, tasklet);
	KDPC *dpc, copy;
	int n;

	for (n = 0; n < NT_DPC_TURN; n++) {
		dpc = nt_dpc_first(queue, &copy);
		if (!dpc)
			return;
		copy.DeferredRoutine(dpc, copy.DeferredContext, copy.SystemArgument1,
				     copy.SystemArgument2);
	}
	tasklet_schedule(tasklet);
}

/* Queue a DPC. Return false if it is queued already. */
static bool nt_dpc_queue(struct nt_dpc_queue *queue, KDPC *dpc, PVOID argument1, PVOID argument2)
{
	lockdep_assert_irqs_disabled();
	raw_spin_lock(&queue->lock);
	if (cmpxchg(&dpc->DpcData, NULL, queue)) {
		raw_spin_unlock(&queue->lock);
		return false;
	}
	dpc->SystemArgument1 = argument1;
	dpc->SystemArgument2 = argument2;
	if (dpc->Importance == HighImportance)
		list_add(nt_dpc_node(dpc), &queue->dpcs);
	else
		list_add_tail(nt_dpc_node(dpc), &queue->dpcs);
	raw_spin_unlock(&queue->lock);
	/* The tasklet is of the queue, and runs on the processor that schedules it. */
	tasklet_schedule(&queue->tasklet);
	return true;
}

/**
 * KeInitializeDpc() - prepare a DPC
 * @dpc: the DPC. One that is queued is reported, and removed from its queue
 * @routine: function that it calls
 * @context: second argument of the function
 *
 * Answers to wdm: KeInitializeDpc.
 *
 * Context: any.
 */
void KeInitializeDpc(PRKDPC dpc, PKDEFERRED_ROUTINE routine, PVOID context)
{
	if (!dpc || !routine) {
		nt_report(__func__, "%s is NULL", dpc ? "DeferredRoutine" : "Dpc");
		return;
	}
	/* The memory may hold anything, so the queues are searched. */
	nt_dpc_forget((unsigned long)dpc, sizeof(*dpc), __func__);
	*dpc = (KDPC) {
		.Type = NT_DPC_TYPE,
		.Importance = MediumImportance,
		.DeferredRoutine = routine,
		.DeferredContext = context,
	};
}
EXPORT_SYMBOL_GPL(KeInitializeDpc);

/**
 * KeSetImportanceDpc() - say where a DPC is queued
 * @dpc: the DPC
 * @importance: HighImportance for the head of the queue, else its tail
 *
 * Answers to wdm: KeSetImportanceDpc.
 *
 * Context: any.
 */
void KeSetImportanceDpc(PRKDPC dpc, KDPC_IMPORTANCE importance)
{
	if (!nt_is_no_dpc(dpc, __func__))
		dpc->Importance = importance;
}
EXPORT_SYMBOL_GPL(KeSetImportanceDpc);

/**
 * KeInsertQueueDpc() - queue a DPC on this processor
 * @dpc: the DPC
 * @system_argument1: third argument of the function
 * @system_argument2: fourth argument of the function
 *
 * Answers to wdm: KeInsertQueueDpc. The DPC leaves the queue before its function is called.
 *
 * Context: any.
 * Return: FALSE if the DPC is queued already, which keeps the arguments of the first call.
 */
BOOLEAN KeInsertQueueDpc(PRKDPC dpc, PVOID system_argument1, PVOID system_argument2)
{
	unsigned long flags;
	bool queued;

	if (nt_is_no_dpc(dpc, __func__))
		return FALSE;
	local_irq_save(flags);
	queued = nt_dpc_queue(this_cpu_ptr(&nt_dpc_queues), dpc, system_argument1,
			      system_argument2);
	local_irq_restore(flags);
	return queued;
}
EXPORT_SYMBOL_GPL(KeInsertQueueDpc);

/**
 * KeRemoveQueueDpc() - take a DPC out of its queue
 * @dpc: the DPC
 *
 * Answers to wdm: KeRemoveQueueDpc. Does not wait for a function that runs.
 *
 * Context: any.
 * Return: TRUE if the DPC was queued.
 */
BOOLEAN KeRemoveQueueDpc(PRKDPC dpc)
{
	struct nt_dpc_queue *queue;
	unsigned long flags;
	bool queued;

	if (nt_is_no_dpc(dpc, __func__))
		return FALSE;
	/* Pairs with the release of the queue that has had the DPC. */
	queue = smp_load_acquire(&dpc->DpcData);
	if (!queue)
		return FALSE;
	raw_spin_lock_irqsave(&queue->lock, flags);
	queued = dpc->DpcData == queue;
	if (queued) {
		list_del(nt_dpc_node(dpc));
		/* The DPC can be queued again, by another processor. */
		smp_store_release(&dpc->DpcData, NULL);
	}
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	return queued;
}
EXPORT_SYMBOL_GPL(KeRemoveQueueDpc);

static void nt_dpc_complete(KDPC *dpc, PVOID done, PVOID argument1, PVOID argument2)
{
	complete(done);
}

/* Wait until a queue has run all DPCs that are in it now, and the one that runs. */
static void nt_dpc_flush(struct nt_dpc_queue *queue)
{
	DECLARE_COMPLETION_ONSTACK(done);
	unsigned long flags;
	KDPC marker;
	bool idle;

	raw_spin_lock_irqsave(&queue->lock, flags);
	idle = list_empty(&queue->dpcs) && !queue->running;
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	if (idle)
		return;
	KeInitializeDpc(&marker, nt_dpc_complete, &done);
	local_irq_save(flags);
	nt_dpc_queue(queue, &marker, NULL, NULL);
	local_irq_restore(flags);
	wait_for_completion(&done);
}

/**
 * KeFlushQueuedDpcs() - wait for the DPCs that are queued now
 *
 * Answers to wdm: KeFlushQueuedDpcs. A driver may free a KDPC afterwards, if nobody queues it
 * again. A call above PASSIVE_LEVEL is reported and does not wait.
 *
 * Context: PASSIVE_LEVEL (sleeps).
 */
void KeFlushQueuedDpcs(void)
{
	int cpu;

	if (nt_above_passive(__func__))
		return;
	for_each_possible_cpu(cpu)
		nt_dpc_flush(per_cpu_ptr(&nt_dpc_queues, cpu));
}
EXPORT_SYMBOL_GPL(KeFlushQueuedDpcs);

/* Take DPCs in memory that gets another use out of their queues, and report them. */
void nt_dpc_forget(unsigned long start, size_t size, const char *call)
{
	struct list_head *node, *next;
	struct nt_dpc_queue *queue;
	unsigned long flags;
	KDPC *dpc;
	int cpu;

	for_each_possible_cpu(cpu) {
		queue = per_cpu_ptr(&nt_dpc_queues, cpu);
		if (list_empty_careful(&queue->dpcs))
			continue;
		raw_spin_lock_irqsave(&queue->lock, flags);
		list_for_each_safe(node, next, &queue->dpcs) {
			dpc = nt_dpc_of(node);
			if ((unsigned long)dpc - start >= size)
				continue;
			list_del(node);
			dpc->DpcData = NULL;
			nt_report(call, "the memory has a queued DPC, which is removed");
		}
		raw_spin_unlock_irqrestore(&queue->lock, flags);
	}
}

void nt_dpc_init(void)
{
	struct nt_dpc_queue *queue;
	int cpu;

	for_each_possible_cpu(cpu) {
		queue = per_cpu_ptr(&nt_dpc_queues, cpu);
		raw_spin_lock_init(&queue->lock);
		INIT_LIST_HEAD(&queue->dpcs);
		tasklet_setup(&queue->tasklet, nt_dpc_run);
	}
}

void nt_dpc_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&nt_dpc_queues, cpu)->tasklet);
}
