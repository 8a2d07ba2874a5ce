// SPDX-License-Identifier: GPL-2.0-only
/*
 * DPCs. Each processor has a queue, which a tasklet empties. So the DPCs of a queue run one after
 * the other, at DISPATCH_LEVEL, in the order in which they came.
 *
 * The queues have records, which a table has by the address of the KDPC. A record lives while its
 * DPC is queued, or a timer that is set names it. The module reads a KDPC in the calls of the
 * driver alone, so the KDPC may be gone when the time of a timer comes.
 */
#include "ntos/ntos.h"

#include <linux/completion.h>
#include <linux/hash.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "ntos/dispatcher.h"
#include "ntos/level.h"

/* DPCs that run before others of the kernel's bottom halves get their turn. */
#define NT_DPC_TURN	64
#define NT_DPC_BITS	8

/**
 * struct nt_dpc_queue - DPCs of one processor
 * @lock: protects the rest. Raw, because interrupt handlers queue DPCs. Taken last
 * @dpcs: nt_dpc.queued of the queued ones
 * @running: a DPC of this queue runs
 * @tasklet: runs the DPCs
 */
struct nt_dpc_queue {
	raw_spinlock_t lock;
	struct list_head dpcs;
	bool running;
	struct tasklet_struct tasklet;
};

/**
 * struct nt_dpc - record of a DPC
 * @node: link in the bucket. A record whose DPC is gone is in no bucket
 * @queued: link in the queue
 * @queue: the queue, until the routine is about to be called. Otherwise NULL
 * @dpc: the driver's object, which is a number here. NULL in the marker of a flush
 * @routine: the driver's function
 * @context: its second argument
 * @arguments: its third and fourth argument
 * @important: the DPC goes to the head of the queue
 * @users: timers that name the DPC, and the queue
 */
struct nt_dpc {
	struct hlist_node node;
	struct list_head queued;
	struct nt_dpc_queue *queue;
	KDPC *dpc;
	PKDEFERRED_ROUTINE routine;
	PVOID context;
	PVOID arguments[2];
	bool important;
	unsigned int users;
};

struct nt_dpc_bucket {
	raw_spinlock_t lock;	/* protects @records and all members of a record but @queued */
	struct hlist_head records;
};

static DEFINE_PER_CPU(struct nt_dpc_queue, nt_dpc_queues);
static struct nt_dpc_bucket nt_dpc_buckets[1 << NT_DPC_BITS];

static_assert(sizeof(struct nt_dpc) <= NT_RECORD_BYTES);

static struct nt_dpc_bucket *nt_dpc_bucket(const KDPC *dpc)
{
	return &nt_dpc_buckets[hash_long((unsigned long)dpc, NT_DPC_BITS)];
}

static struct nt_dpc *nt_dpc_find(struct nt_dpc_bucket *bucket, const KDPC *dpc)
{
	struct nt_dpc *record;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(record, &bucket->records, node)
		if (record->dpc == dpc)
			return record;
	return NULL;
}

/* Report a pointer that is no DPC. Return true if it is none. */
bool nt_is_no_dpc(PRKDPC dpc, const char *call)
{
	if (likely(nt_object_type(dpc) == NT_DPC))
		return false;
	if (dpc)
		wdmdma_report(call, "Dpc %p is not initialized", dpc);
	else
		wdmdma_report(call, "Dpc is NULL");
	return true;
}

/* Take a record out of its bucket. Its DPC has none any more. */
static void nt_dpc_detach(struct nt_dpc *record)
{
	hlist_del_init(&record->node);
	nt_record_unmark(record->dpc);
}

static void nt_dpc_put(struct nt_dpc_bucket *bucket, struct nt_dpc *record)
{
	lockdep_assert_held(&bucket->lock);
	if (--record->users)
		return;
	if (!hlist_unhashed(&record->node))
		nt_dpc_detach(record);
	nt_record_free(record);
}

/*
 * Return the record of a DPC for one more user, with what the KDPC says now. Return NULL if there
 * is no memory, or the routine must not be called any more. Both are reported.
 */
struct nt_dpc *nt_dpc_name(KDPC *dpc, const char *call)
{
	struct nt_dpc_bucket *bucket = nt_dpc_bucket(dpc);
	struct nt_dpc *added, *record;
	unsigned long flags;

	if (nt_is_leaving(dpc->DeferredRoutine, call))
		return NULL;
	added = nt_record_alloc(call);
	if (!added)
		return NULL;
	raw_spin_lock_irqsave(&bucket->lock, flags);
	record = nt_dpc_find(bucket, dpc);
	if (!record) {
		record = added;
		added = NULL;
		*record = (struct nt_dpc) { .dpc = dpc };
		INIT_LIST_HEAD(&record->queued);
		hlist_add_head(&record->node, &bucket->records);
		nt_record_mark(dpc);
	}
	record->users++;
	record->routine = dpc->DeferredRoutine;
	record->context = dpc->DeferredContext;
	record->important = dpc->Importance == HighImportance;
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	nt_record_free(added);
	return record;
}

/* Undo nt_dpc_name(), in any context. */
void nt_dpc_unname(struct nt_dpc *record)
{
	struct nt_dpc_bucket *bucket = nt_dpc_bucket(record->dpc);
	unsigned long flags;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	nt_dpc_put(bucket, record);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
}

/* Return the function of a DPC. The caller must be a user. */
const void *nt_dpc_routine(const struct nt_dpc *record)
{
	return READ_ONCE(record->routine);
}

/* Return true if the KDPC or its routine lies in a place. The caller must be a user. */
bool nt_dpc_lies_in(const struct nt_dpc *record, const struct nt_place *place)
{
	return nt_place_has(place, record->dpc) ||
	       (place->module && nt_place_has(place, READ_ONCE(record->routine)));
}

/* Take the first record of a queue, and copy it to @copy. Return false if there is none. */
static bool nt_dpc_first(struct nt_dpc_queue *queue, struct nt_dpc *copy)
{
	struct nt_dpc_bucket *bucket;
	struct nt_dpc *record;
	unsigned long flags;

	raw_spin_lock_irqsave(&queue->lock, flags);
	record = list_first_entry_or_null(&queue->dpcs, struct nt_dpc, queued);
	queue->running = record;
	if (record)
		list_del_init(&record->queued);
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	if (!record)
		return false;
	if (!record->dpc) {
		*copy = *record;
		return true;
	}
	bucket = nt_dpc_bucket(record->dpc);
	raw_spin_lock_irqsave(&bucket->lock, flags);
	*copy = *record;
	/* From here on the DPC can be queued again, also by its own routine. */
	record->queue = NULL;
	nt_dpc_put(bucket, record);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return true;
}

static void nt_dpc_run(struct tasklet_struct *tasklet)
{
	struct nt_dpc_queue *queue = container_of(tasklet, struct nt_dpc_queue, tasklet);
	struct nt_level level;
	struct nt_dpc copy;
	int n;

	nt_level_note(&level);
	for (n = 0; n < NT_DPC_TURN; n++) {
		if (!nt_dpc_first(queue, &copy))
			return;
		copy.routine(copy.dpc, copy.context, copy.arguments[0], copy.arguments[1]);
		nt_level_restore(&level, "KeInsertQueueDpc", copy.routine);
	}
	tasklet_schedule(tasklet);
}

/* Put a record into the queue of this processor. */
static void nt_dpc_append(struct nt_dpc_queue *queue, struct nt_dpc *record)
{
	lockdep_assert_irqs_disabled();
	raw_spin_lock(&queue->lock);
	if (record->important)
		list_add(&record->queued, &queue->dpcs);
	else
		list_add_tail(&record->queued, &queue->dpcs);
	raw_spin_unlock(&queue->lock);
	/* The tasklet is of the queue, and runs on the processor that schedules it. */
	tasklet_schedule(&queue->tasklet);
}

/* Queue a record on this processor. Return false if it is queued, or its DPC is gone. */
static bool nt_dpc_queue(struct nt_dpc *record, PVOID argument1, PVOID argument2)
{
	struct nt_dpc_bucket *bucket = nt_dpc_bucket(record->dpc);
	unsigned long flags;
	bool queued;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	queued = !record->queue && !hlist_unhashed(&record->node);
	if (queued) {
		record->queue = this_cpu_ptr(&nt_dpc_queues);
		record->arguments[0] = argument1;
		record->arguments[1] = argument2;
		record->users++;
		nt_dpc_append(record->queue, record);
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return queued;
}

/* Queue the DPC of a timer whose time has come. */
void nt_dpc_expired(struct nt_dpc *record)
{
	nt_dpc_queue(record, NULL, NULL);
}

/* Take a record out of its queue. Return false if it is in none, or about to run. */
static bool nt_dpc_unqueue(struct nt_dpc_bucket *bucket, struct nt_dpc *record)
{
	struct nt_dpc_queue *queue = record->queue;
	bool queued;

	lockdep_assert_held(&bucket->lock);
	if (!queue)
		return false;
	raw_spin_lock(&queue->lock);
	queued = !list_empty(&record->queued);
	list_del_init(&record->queued);
	raw_spin_unlock(&queue->lock);
	if (queued) {
		record->queue = NULL;
		nt_dpc_put(bucket, record);
	}
	return queued;
}

/* Give the record of a DPC that is initialized again its new routine. */
static void nt_dpc_initialized(KDPC *dpc, PKDEFERRED_ROUTINE routine, PVOID context,
			       const char *call)
{
	struct nt_dpc_bucket *bucket = nt_dpc_bucket(dpc);
	bool queued = false, named = false;
	struct nt_dpc *record;
	unsigned long flags;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	record = nt_dpc_find(bucket, dpc);
	if (record) {
		named = record->users > !!record->queue;
		if (named) {
			record->routine = routine;
			record->context = context;
		}
		queued = nt_dpc_unqueue(bucket, record);
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	if (queued)
		wdmdma_report(call, "the memory has a queued DPC, which is removed");
	if (named)
		wdmdma_report(call, "a timer that is set names the DPC, and takes the new routine");
}

/**
 * KeInitializeDpc() - prepare a DPC
 * @dpc: the DPC. One that is queued is reported, and removed from its queue. One that a timer
 *	names is reported, and stays the timer's DPC
 * @routine: function that it calls. No address is reported, and the DPC is left as it was
 * @context: second argument of the function
 *
 * Answers to wdm: KeInitializeDpc.
 *
 * Context: any.
 */
void KeInitializeDpc(PRKDPC dpc, PKDEFERRED_ROUTINE routine, PVOID context)
{
	if (nt_is_wrong(dpc, "Dpc", __func__) ||
	    nt_is_wrong(routine, "DeferredRoutine", __func__))
		return;
	if (nt_is_no_address(dpc)) {
		wdmdma_report(__func__, "Dpc is no address of an object");
		return;
	}
	if (nt_record_may_be_at(dpc, sizeof(*dpc)))
		nt_dpc_initialized(dpc, routine, context, __func__);
	*dpc = (KDPC) {
		.Type = NT_DPC,
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
 * Return: FALSE if the DPC is queued already, which keeps the arguments of the first call. FALSE,
 * with the reason in the log, if there is no memory or the driver's module is being unloaded.
 */
BOOLEAN KeInsertQueueDpc(PRKDPC dpc, PVOID system_argument1, PVOID system_argument2)
{
	struct nt_dpc *record;
	bool queued;

	if (nt_is_no_dpc(dpc, __func__))
		return FALSE;
	record = nt_dpc_name(dpc, __func__);
	if (!record)
		return FALSE;
	queued = nt_dpc_queue(record, system_argument1, system_argument2);
	nt_dpc_unname(record);
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
	struct nt_dpc_bucket *bucket = nt_dpc_bucket(dpc);
	struct nt_dpc *record;
	unsigned long flags;
	bool known, queued;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	record = nt_dpc_find(bucket, dpc);
	known = record;
	queued = known && nt_dpc_unqueue(bucket, record);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	/* The driver may have zeroed a DPC that is queued. */
	if (!known)
		nt_is_no_dpc(dpc, __func__);
	return queued;
}
EXPORT_SYMBOL_GPL(KeRemoveQueueDpc);

static void nt_dpc_complete(KDPC *dpc, PVOID done, PVOID argument1, PVOID argument2)
{
	complete(done);
}

/*
 * Wait until a queue has run all DPCs that are in it now, and the one that runs. The queue's own
 * processor serves them in any case. To schedule the tasklet here would move it to this processor.
 */
static void nt_dpc_flush(struct nt_dpc_queue *queue)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct nt_dpc marker = { .routine = nt_dpc_complete, .context = &done };
	unsigned long flags;
	bool idle;

	raw_spin_lock_irqsave(&queue->lock, flags);
	idle = list_empty(&queue->dpcs) && !queue->running;
	if (!idle)
		list_add_tail(&marker.queued, &queue->dpcs);
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	if (!idle)
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

/* Return true if no DPC is queued or runs. */
bool nt_dpc_idle(void)
{
	struct nt_dpc_queue *queue;
	unsigned long flags;
	bool idle = true;
	int cpu;

	for_each_possible_cpu(cpu) {
		queue = per_cpu_ptr(&nt_dpc_queues, cpu);
		raw_spin_lock_irqsave(&queue->lock, flags);
		idle &= list_empty(&queue->dpcs) && !queue->running;
		raw_spin_unlock_irqrestore(&queue->lock, flags);
	}
	return idle;
}

/*
 * Forget the DPCs of a place, and report them unless it is a module. Those that are queued do not
 * run, and timers expire without the others. Return how many DPCs were queued.
 */
unsigned int nt_dpc_forget(const struct nt_place *place, const char *call)
{
	unsigned int queued = 0, named = 0;
	struct nt_dpc_bucket *bucket;
	struct hlist_node *next;
	struct nt_dpc *record;
	unsigned long flags;

	for (bucket = nt_dpc_buckets; bucket < nt_dpc_buckets + ARRAY_SIZE(nt_dpc_buckets);
	     bucket++) {
		if (hlist_empty(&bucket->records))
			continue;
		raw_spin_lock_irqsave(&bucket->lock, flags);
		hlist_for_each_entry_safe(record, next, &bucket->records, node) {
			if (!nt_dpc_lies_in(record, place))
				continue;
			nt_dpc_detach(record);
			named += record->users > !!record->queue;
			queued += nt_dpc_unqueue(bucket, record);
		}
		raw_spin_unlock_irqrestore(&bucket->lock, flags);
	}
	if (queued && !place->module)
		wdmdma_report(call, "the memory has a queued DPC, which is removed");
	if (named && !place->module)
		wdmdma_report(call,
			      "the memory has the DPC of a timer, which will expire without it");
	return queued;
}

void nt_dpc_init(void)
{
	struct nt_dpc_queue *queue;
	int cpu, n;

	for (n = 0; n < ARRAY_SIZE(nt_dpc_buckets); n++)
		raw_spin_lock_init(&nt_dpc_buckets[n].lock);
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
