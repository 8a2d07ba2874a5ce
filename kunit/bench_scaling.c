// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scaling benchmark. One, two, four and eight CPUs make the calls of a row at the same
 * time, either all on one adapter or each on an adapter of its own. Time tells nothing in
 * a virtual machine with more CPUs than the host. So locks are counted for which a CPU had
 * to wait. Then each CPU makes one call step by step, and the cache lines are counted
 * to which more than one CPU wrote. A line that several CPUs write must move between them
 * on any machine.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>
#include <trace/events/lock.h>

#include "bench_step.h"

#define OPERATIONS	2000	/* of each CPU, while locks are counted */
#define BATCH		16
#define WARM		64	/* operations that fill the caches of the allocators */

static const char *const scaled[] = { "alloc_free_4k", "list_4k", "map_ex_64k", "srb_64k" };

enum adapters { ONE_ADAPTER, OWN_ADAPTER, NO_ADAPTER };
static const char *const adapters_name[] = { "one", "each", "raw" };

/**
 * struct worker - what one CPU does
 * @b: its state, with a transfer of its own
 * @side: the side of the row
 * @steps: instructions of one operation
 * @task: its thread
 * @done: its thread has made all calls
 * @ret: error of its thread
 */
struct worker {
	struct bench b;
	const struct bench_side *side;
	struct bench_steps steps;
	struct task_struct *task;
	struct completion done;
	int ret;
};

/**
 * struct scaling - a run
 * @worker: the workers
 * @cpus: number of workers
 * @adapters: which adapters they use
 * @ready: number of threads that have begun
 * @contended: number of locks for which one of the threads had to wait
 */
struct scaling {
	struct worker *worker[BENCH_CPUS];
	unsigned int cpus;
	enum adapters adapters;
	atomic_t ready;
	atomic_t contended;
};

static struct scaling scaling;

/* Called for each lock of the kernel for which a task must wait. */
static void contention(void *data, void *lock, unsigned int flags)
{
	unsigned int i;

	for (i = 0; i < scaling.cpus; i++)
		if (scaling.worker[i]->task == current)
			atomic_inc(&scaling.contended);
}

static int worker_thread_function(void *data)
{
	struct worker *w = data;
	unsigned int i;

	atomic_inc(&scaling.ready);
	while (atomic_read(&scaling.ready) < scaling.cpus)
		cond_resched();
	for (i = 0; i < OPERATIONS && !w->ret; i += BATCH) {
		w->ret = w->side->run(&w->b, BATCH);
		cond_resched();
	}
	complete(&w->done);
	return 0;
}

/* A thread that other tasks do not interrupt. */
static int step_thread_function(void *data)
{
	struct worker *w = data;

	sched_set_fifo(current);
	w->ret = w->side->run(&w->b, WARM) ?: bench_step(&w->b, w->side, &w->steps);
	complete(&w->done);
	return 0;
}

/* Start a thread of a worker. Its end, or a failure to start it, is told by @done. */
static void worker_start(unsigned int cpu, int (*function)(void *))
{
	struct worker *w = scaling.worker[cpu];

	w->ret = 0;
	init_completion(&w->done);
	w->task = kthread_create(function, w, "bench%u", cpu);
	if (IS_ERR(w->task)) {
		/* Threads that wait for all others must not wait for this one. */
		atomic_set(&scaling.ready, scaling.cpus);
		w->ret = PTR_ERR(w->task);
		complete(&w->done);
		return;
	}
	kthread_bind(w->task, cpu);
	wake_up_process(w->task);
}

static int worker_wait(unsigned int cpu)
{
	wait_for_completion(&scaling.worker[cpu]->done);
	scaling.worker[cpu]->task = NULL;
	return scaling.worker[cpu]->ret;
}

/* Let all workers make calls at the same time. */
static int run_threads(void)
{
	int ret = 0, error;
	unsigned int i;

	atomic_set(&scaling.ready, 0);
	atomic_set(&scaling.contended, 0);
	for (i = 0; i < scaling.cpus; i++)
		worker_start(i, worker_thread_function);
	for (i = 0; i < scaling.cpus; i++) {
		error = worker_wait(i);
		ret = ret ?: error;
	}
	return ret;
}

static int compare_writes(const void *a, const void *b)
{
	const struct bench_write *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Return true if the worker wrote to the cache line. Its writes are sorted. */
static bool worker_wrote(const struct worker *w, unsigned long line)
{
	unsigned int low = 0, high = w->steps.writes, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (w->steps.write[middle].address / L1_CACHE_BYTES < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low < w->steps.writes && w->steps.write[low].address / L1_CACHE_BYTES == line;
}

static bool is_shared(unsigned int worker, unsigned long line)
{
	unsigned int i;

	for (i = 0; i < scaling.cpus; i++)
		if (i != worker && worker_wrote(scaling.worker[i], line))
			return true;
	return false;
}

/**
 * struct shared - sums over all CPUs, of one operation each
 * @locked: locked read-modify-writes
 * @shared_locked: those to lines that several CPUs write
 * @shared_writes: all writes to such lines
 * @shared_lines: such lines, for each CPU that writes them
 * @lost: writes that are missing because there was no room for them
 */
struct shared {
	unsigned int locked;
	unsigned int shared_locked;
	unsigned int shared_writes;
	unsigned int shared_lines;
	unsigned int lost;
};

static void count_worker(unsigned int worker, struct shared *sum, bool is_logged)
{
	const struct bench_steps *steps = &scaling.worker[worker]->steps;
	unsigned long line, last = 0;
	unsigned int i;

	sum->locked += steps->locked;
	sum->lost += steps->lost;
	for (i = 0; i < steps->writes; i++) {
		line = steps->write[i].address / L1_CACHE_BYTES;
		if (!is_shared(worker, line))
			continue;
		sum->shared_writes++;
		sum->shared_locked += steps->write[i].is_locked;
		sum->shared_lines += line != last;
		last = line;
		if (is_logged)
			pr_info("SHARED line=%lx %s%pS\n", line,
				steps->write[i].is_locked ? "locked " : "",
				(void *)steps->write[i].ip);
	}
}

/* Let one worker after the other make one call step by step. */
static int count_shared(const char *name, struct shared *sum)
{
	bool is_logged = scaling.cpus == BENCH_CPUS;
	unsigned int i;
	int ret;

	*sum = (struct shared){};
	for (i = 0; i < scaling.cpus; i++) {
		worker_start(i, step_thread_function);
		ret = worker_wait(i);
		if (ret)
			return ret;
	}
	for (i = 0; i < scaling.cpus; i++)
		sort(scaling.worker[i]->steps.write, scaling.worker[i]->steps.writes,
		     sizeof(struct bench_write), compare_writes, NULL);
	if (is_logged)
		pr_info("SHARED writes of CPU 0, row=%s adapters=%s\n", name,
			adapters_name[scaling.adapters]);
	for (i = 0; i < scaling.cpus; i++)
		count_worker(i, sum, is_logged && !i);
	return 0;
}

static void worker_delete(struct worker *w)
{
	bench_row_end(&w->b);
	if (scaling.adapters == OWN_ADAPTER)
		bench_close_adapter(&w->b);
	vfree(w);
}

static struct worker *worker_new(const struct bench *b, const struct bench_row *row)
{
	struct worker *w = vzalloc(sizeof(*w));

	if (!w)
		return NULL;
	w->b.dev = b->dev;
	w->b.translated = b->translated;
	w->b.device_object = b->device_object;
	w->b.adapter = b->adapter;
	w->b.ops = b->ops;
	w->b.extension = b->extension;
	w->side = scaling.adapters == NO_ADAPTER ? &row->raw : &row->ours;
	if (scaling.adapters == OWN_ADAPTER && bench_open_adapter(&w->b))
		goto free;
	if (!bench_row_begin(&w->b, row))
		return w;
	if (scaling.adapters == OWN_ADAPTER)
		bench_close_adapter(&w->b);
free:
	vfree(w);
	return NULL;
}

static void workers_delete(unsigned int n)
{
	while (n--)
		worker_delete(scaling.worker[n]);
}

static int workers_new(const struct bench *b, const struct bench_row *row)
{
	unsigned int i;

	for (i = 0; i < scaling.cpus; i++) {
		scaling.worker[i] = worker_new(b, row);
		if (!scaling.worker[i]) {
			workers_delete(i);
			return -ENOMEM;
		}
	}
	return 0;
}

static int scaling_row(const struct bench *b, const struct bench_row *row)
{
	struct shared sum = {};
	int ret;

	if (scaling.adapters == NO_ADAPTER && !row->raw.run)
		return 0;
	ret = workers_new(b, row);
	if (ret)
		return ret;
	register_trace_contention_begin(contention, NULL);
	ret = run_threads();
	unregister_trace_contention_begin(contention, NULL);
	tracepoint_synchronize_unregister();
	if (!ret && IS_ENABLED(CONFIG_X86))
		ret = count_shared(row->name, &sum);
	workers_delete(scaling.cpus);
	if (ret)
		return ret;
	pr_info("SCALING row=%s adapters=%s cpus=%u operations=%u contended=%d locked=%u shared_locked=%u shared_writes=%u shared_lines=%u lost=%u\n",
		row->name, adapters_name[scaling.adapters], scaling.cpus,
		OPERATIONS * scaling.cpus, atomic_read(&scaling.contended), sum.locked,
		sum.shared_locked, sum.shared_writes, sum.shared_lines, sum.lost);
	return 0;
}

void bench_scaling(struct bench *b, unsigned int cpus)
{
	unsigned int i;
	int ret = bench_step_init();

	if (ret && IS_ENABLED(CONFIG_X86)) {
		pr_err("FAILED row=scaling: %d\n", ret);
		return;
	}
	cpus = min3(cpus, num_online_cpus(), (unsigned int)BENCH_CPUS);
	for (i = 0; i < ARRAY_SIZE(scaled); i++)
		for (scaling.adapters = ONE_ADAPTER; scaling.adapters <= NO_ADAPTER;
		     scaling.adapters++)
			for (scaling.cpus = 1; scaling.cpus <= cpus; scaling.cpus *= 2) {
				ret = scaling_row(b, bench_row_find(scaled[i]));
				if (ret)
					pr_err("FAILED row=scaling_%s: %d\n", scaled[i], ret);
			}
	bench_step_exit();
}
