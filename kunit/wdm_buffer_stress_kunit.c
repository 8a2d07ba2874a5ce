// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common buffers by the hundred, without memory, and by several threads
 * (wdm/wdm_common_buffer.c).
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "buffers.h"
#include "helpers.h"

#ifdef CONFIG_X86
/* Return the number of pages that are uncached in the kernel's linear map. */
static unsigned long uncached_ram(void)
{
	unsigned long pfn, end_pfn, count = 0;
	unsigned int level, node;
	pte_t *pte;

	for_each_online_node(node) {
		end_pfn = node_end_pfn(node);
		for (pfn = node_start_pfn(node); pfn < end_pfn; pfn++) {
			pte = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level);
			if (!pte || level != PG_LEVEL_4K)
				pfn |= PTRS_PER_PTE - 1;	/* a large page is cached */
			else if (pte_flags(*pte) & (_PAGE_PCD | _PAGE_PWT))
				count++;
		}
	}
	return count;
}
#endif

/* Endurance. */

static void alloc_and_free_leave_nothing_behind(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < 1000; n++) {
		struct test_buffer b = buffer_alloc(test, 1 + n * 37 % SZ_16K);

		KUNIT_ASSERT_NOT_NULL(test, b.va);
		if (n % 4 == 0)
			buffer_release_at_dispatch(test, b);
		else
			buffer_release(test, b);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* Failing allocations. */

static void expect_all_or_nothing(struct kunit *test, struct test_buffer b)
{
	if (b.va) {
		KUNIT_EXPECT_NE(test, b.la.QuadPart, 0LL);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(b.va, PAGE_ALIGN(b.length)));
		buffer_release(test, b);
	} else {
		KUNIT_EXPECT_EQ(test, b.la.QuadPart, 0LL);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void sweep_alloc(struct kunit *test)
{
	expect_all_or_nothing(test, buffer_alloc(test, SZ_16K));
}

static void sweep_alloc_ex_limited(struct kunit *test)
{
	static const s64 limit = 0xffffff;

	expect_all_or_nothing(test, buffer_alloc_ex(test, &limit, SZ_16K, TRUE, MM_ANY_NODE_OK));
}

static void sweep_alloc_ex_uncached(struct kunit *test)
{
	expect_all_or_nothing(test, buffer_alloc_ex(test, NULL, SZ_16K, buffer_uncached(test),
						    MM_ANY_NODE_OK));
}

#ifdef CONFIG_X86
/* Return true if large pages of the linear map hold the whole buffer. */
static bool in_large_pages(struct test_buffer b)
{
	unsigned int level;
	ULONG at;

	for (at = 0; at < b.length; at += PMD_SIZE)
		if (!lookup_address((unsigned long)b.va + at, &level) || level == PG_LEVEL_4K)
			return false;
	return true;
}

/* Free a block in large pages, so that the next allocation of that length gets the block. */
static void offer_large_pages(struct kunit *test, ULONG length)
{
	struct test_buffer b[16], large = {};
	unsigned int n, i;

	for (n = 0; n < ARRAY_SIZE(b) && !large.va; n++) {
		b[n] = buffer_alloc(test, length);
		if (!b[n].va)
			break;
		if (in_large_pages(b[n]))
			large = b[n--];
	}
	for (i = 0; i < n; i++)
		buffer_release(test, b[i]);
	if (large.va)
		buffer_release(test, large);
}

/*
 * The pages lie in several large pages of the linear map, each of which must be split. If the
 * second one cannot be split, the first is uncached already. It must not be left uncached,
 * because any other user may get its pages next.
 */
static void sweep_alloc_ex_long_uncached(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	unsigned int nth = current->fail_nth;
	unsigned long before;

	current->fail_nth = 0;
	offer_large_pages(test, SZ_4M);
	before = uncached_ram();
	current->fail_nth = nth;
	expect_all_or_nothing(test, buffer_alloc_ex(test, NULL, SZ_4M, FALSE, MM_ANY_NODE_OK));
	KUNIT_EXPECT_EQ(test, uncached_ram(), before);
#endif
}
#endif

static const struct sweep_row {
	const char *name;
	void (*call)(struct kunit *test);
} sweep_rows[] = {
	{ "AllocateCommonBuffer", sweep_alloc },
	{ "AllocateCommonBufferEx with a limit", sweep_alloc_ex_limited },
	{ "AllocateCommonBufferEx, uncached", sweep_alloc_ex_uncached },
#ifdef CONFIG_X86
	{ "AllocateCommonBufferEx, 4 MiB uncached", sweep_alloc_ex_long_uncached },
#endif
};

KUNIT_ARRAY_PARAM_DESC(sweep, sweep_rows, name);

static void alloc_fails_cleanly_without_memory(struct kunit *test)
{
	const struct sweep_row *row = test->param_value;

	wdmdma_test_sweep(test, row->call);
}

/* Several threads. */

#define WORKERS		3
#define ROUNDS		300

/* State of one thread. The test reads the counts after @done, and @rounds at any time. */
struct worker {
	struct wdmdma_fixture *f;
	PDMA_ADAPTER adapter;
	struct test_buffer *shared; /* freed by all threads, or NULL */
	struct completion done;
	unsigned int rounds;
	unsigned int failed;
	unsigned int dirty;
};

/* Allocate, use and free two buffers at a time. Every other free is put off. */
static int worker_churn(void *data)
{
	struct worker *w = data;
	PHYSICAL_ADDRESS la[2];
	PVOID va[2];
	int n;

	for (; w->rounds < ROUNDS; w->rounds++) {
		for (n = 0; n < 2; n++) {
			va[n] = w->f->ops->AllocateCommonBuffer(w->adapter, 6000, &la[n], TRUE);
			if (!va[n])
				w->failed++;
			else if (!wdmdma_test_is_zero(va[n], SZ_8K))
				w->dirty++;
			else
				memset(va[n], 0xff, SZ_8K);
		}
		w->f->ops->FreeCommonBuffer(w->adapter, 6000, la[1], va[1], TRUE);
		local_bh_disable();
		w->f->ops->FreeCommonBuffer(w->adapter, 6000, la[0], va[0], TRUE);
		local_bh_enable();
	}
	kthread_complete_and_exit(&w->done, 0);
}

/*
 * Allocate until the adapter is put. The memory may be freed at any time, so the
 * thread does not touch it.
 */
static int worker_until_put(void *data)
{
	struct worker *w = data;
	PHYSICAL_ADDRESS la;
	PVOID va;

	while (w->rounds < 100 * ROUNDS) {
		va = w->f->ops->AllocateCommonBuffer(w->adapter, 100, &la, TRUE);
		if (!va)
			break;
		if (w->rounds % 4)
			w->f->ops->FreeCommonBuffer(w->adapter, 100, la, va, TRUE);
		WRITE_ONCE(w->rounds, w->rounds + 1);
	}
	kthread_complete_and_exit(&w->done, 0);
}

static int worker_free_shared(void *data)
{
	struct worker *w = data;
	int n;

	for (n = 0; n < ROUNDS; n++)
		w->f->ops->FreeCommonBuffer(w->adapter, w->shared[n].length, w->shared[n].la,
					    w->shared[n].va, TRUE);
	kthread_complete_and_exit(&w->done, 0);
}

static struct worker *start_workers(struct kunit *test, int (*function)(void *data),
				    PDMA_ADAPTER adapter, struct test_buffer *shared)
{
	struct worker *workers = kunit_kcalloc(test, WORKERS, sizeof(*workers), GFP_KERNEL);
	struct task_struct *task;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, workers);
	for (n = 0; n < WORKERS; n++) {
		workers[n].f = test->priv;
		workers[n].adapter = adapter;
		workers[n].shared = shared;
		init_completion(&workers[n].done);
		task = kthread_run(function, &workers[n], "wdmdma-test/%d", n);
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread");
			complete(&workers[n].done);
		}
	}
	return workers;
}

static void wait_for_workers(struct worker *workers)
{
	int n;

	for (n = 0; n < WORKERS; n++)
		wait_for_completion(&workers[n].done);
}

static void threads_share_an_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct worker *workers = start_workers(test, worker_churn, f->adapter, NULL);
	int n;

	wait_for_workers(workers);
	for (n = 0; n < WORKERS; n++) {
		KUNIT_EXPECT_EQ(test, workers[n].failed, 0U);
		KUNIT_EXPECT_EQ(test, workers[n].dirty, 0U);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void threads_that_free_one_buffer_free_it_once(struct kunit *test)
{
	struct test_buffer *shared = kunit_kcalloc(test, ROUNDS, sizeof(*shared), GFP_KERNEL);
	struct wdmdma_fixture *f = test->priv;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, shared);
	for (n = 0; n < ROUNDS; n++) {
		shared[n] = buffer_alloc(test, 100);
		KUNIT_ASSERT_NOT_NULL(test, shared[n].va);
	}
	wait_for_workers(start_workers(test, worker_free_shared, f->adapter, shared));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/*
 * Calls that run when the adapter is put must end first. Buffers that they allocated must be
 * freed with the adapter.
 */
static void put_races_with_allocations(struct kunit *test)
{
	PDMA_ADAPTER dma_adapter = wdmdma_test_second_adapter(test, 64);
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);
	struct worker *workers = start_workers(test, worker_until_put, dma_adapter, NULL);
	struct wdmdma_fixture *f = test->priv;
	int n, wait;

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	wdmdma_adapter_put(adapter);
	for (n = 0; n < WORKERS; n++)
		for (wait = 0; READ_ONCE(workers[n].rounds) < 20 && wait < 1000; wait++)
			usleep_range(1000, 2000);
	f->ops->PutDmaAdapter(dma_adapter);
	wait_for_workers(workers);

	for (n = 0; n < WORKERS; n++)
		KUNIT_EXPECT_LT(test, workers[n].rounds, 100U * ROUNDS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(adapter), 0UL);
	KUNIT_EXPECT_NULL(test, wdmdma_adapter_find(dma_adapter));
}

static struct kunit_case wdm_buffer_stress_cases[] = {
	KUNIT_CASE(alloc_and_free_leave_nothing_behind),
	KUNIT_CASE_PARAM(alloc_fails_cleanly_without_memory, sweep_gen_params),
	KUNIT_CASE(threads_share_an_adapter),
	KUNIT_CASE(threads_that_free_one_buffer_free_it_once),
	KUNIT_CASE(put_races_with_allocations),
	{}
};

static struct kunit_suite wdm_buffer_stress_suite = {
	.name = "wdmdma_wdm_buffer_stress",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_buffer_stress_cases,
};

kunit_test_suite(wdm_buffer_stress_suite);
