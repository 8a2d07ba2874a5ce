// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/lookup.c with records whose addresses lead to no memory. The look-up never reads
 * the memory, so a case may choose any length and distance.
 */
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core/lookup.h"
#include "helpers.h"
#include "objects.h"

/* Page @n of the linear map and page @n of the device. They differ, as behind an IOMMU. */
#define CPU(n)		((void *)(PAGE_OFFSET + ((unsigned long)(n) << PAGE_SHIFT)))
#define DMA(n)		((dma_addr_t)((n) + 0x300) << PAGE_SHIFT)

static void lookup_destroy(void *lookup)
{
	wdmdma_lookup_destroy(lookup);
}

static struct wdmdma_lookup *lookup_new(struct kunit *test)
{
	struct wdmdma_lookup *lookup = kunit_kzalloc(test, sizeof(*lookup), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lookup);
	KUNIT_ASSERT_EQ(test, wdmdma_lookup_init(lookup), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, lookup_destroy, lookup), 0);
	return lookup;
}

static int lookup_init(struct kunit *test)
{
	test->priv = lookup_new(test);
	return 0;
}

static struct wdmdma_buffer record(unsigned long page, size_t len)
{
	return (struct wdmdma_buffer){
		.cpu = CPU(page),
		.dma = DMA(page),
		.len = len,
		.nr_pages = PFN_UP(len),
	};
}

static size_t to_dma(struct wdmdma_lookup *lookup, const void *cpu, dma_addr_t *dma)
{
	size_t left;

	rcu_read_lock();
	left = wdmdma_lookup_to_dma(lookup, cpu, dma);
	rcu_read_unlock();
	return left;
}

static size_t to_cpu(struct wdmdma_lookup *lookup, dma_addr_t dma, void **cpu)
{
	size_t left;

	rcu_read_lock();
	left = wdmdma_lookup_to_cpu(lookup, dma, cpu);
	rcu_read_unlock();
	return left;
}

/*
 * Expect that byte @at is found both ways, with @left bytes to the end of the record.
 * The byte must not be found if @left is 0.
 */
static void expect_byte(struct kunit *test, struct wdmdma_buffer *b, s64 at, size_t left)
{
	dma_addr_t dma = 0;
	void *cpu = NULL;

	KUNIT_EXPECT_EQ_MSG(test, to_dma(test->priv, b->cpu + at, &dma), left, "byte %lld", at);
	KUNIT_EXPECT_EQ_MSG(test, to_cpu(test->priv, b->dma + at, &cpu), left, "byte %lld", at);
	if (left) {
		KUNIT_EXPECT_EQ(test, dma, b->dma + at);
		KUNIT_EXPECT_PTR_EQ(test, cpu, b->cpu + at);
	}
}

static void expect_found(struct kunit *test, struct wdmdma_buffer *b)
{
	expect_byte(test, b, 0, b->len);
	expect_byte(test, b, b->len / 2, b->len - b->len / 2);
	expect_byte(test, b, b->len - 1, 1);
}

static void expect_gone(struct kunit *test, struct wdmdma_buffer *b)
{
	expect_byte(test, b, 0, 0);
	expect_byte(test, b, b->len / 2, 0);
	expect_byte(test, b, b->len - 1, 0);
}

static bool is_empty(struct wdmdma_lookup *lookup)
{
	unsigned long cpu = 0, dma = 0;

	return list_empty(&lookup->records) && !atomic_read(&lookup->page_by_cpu.nelems) &&
	       !atomic_read(&lookup->page_by_dma.nelems) &&
	       !xa_find(&lookup->by_cpu, &cpu, ULONG_MAX, XA_PRESENT) &&
	       !xa_find(&lookup->by_dma, &dma, ULONG_MAX, XA_PRESENT);
}

static const struct length_row {
	const char *name;
	unsigned long page;
	size_t len;
} length_rows[] = {
	{ "one byte", 5, 1 },
	{ "one page", 63, SZ_4K },
	{ "two pages less a byte", 64, SZ_8K - 1 },
	{ "five pages, over the border of a node", 62, 5 * SZ_4K },
	{ "64 KiB", 1, SZ_64K },
	{ "all of a node", 128, SZ_256K },
	{ "2 MiB", 512, SZ_2M },
	{ "2 MiB and nowhere aligned", 777, SZ_2M },
	{ "4 GiB less a page", 1UL << 20, SZ_4G - SZ_4K },
	{ "4 GiB and nowhere aligned", 0x12345, SZ_4G },
	{ "the first page of the linear map", 0, SZ_4K },
};

KUNIT_ARRAY_PARAM_DESC(length, length_rows, name);

static void every_byte_asked_for_is_found_and_no_other(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	struct wdmdma_buffer b = record(row->page, row->len);

	/* A million entries take minutes with the locks of PREEMPT_RT and their checks. */
	if (!IS_ENABLED(CONFIG_XARRAY_MULTI) && row->len > SZ_2M)
		kunit_skip(test, "this kernel stores a range page by page");
	KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &b), 0);
	expect_found(test, &b);
	expect_byte(test, &b, -1, 0);
	expect_byte(test, &b, row->len, 0);
	expect_byte(test, &b, PAGE_ALIGN(row->len), 0);
	wdmdma_lookup_erase(test->priv, &b);
	expect_gone(test, &b);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));
}

static const struct overlap_row {
	const char *name;
	unsigned long cpu, dma;		/* pages; the existing record has 100 to 131 */
	size_t pages;
	int ret;
} overlap_rows[] = {
	{ "the same", 100, 100, 32, -EBUSY },
	{ "inside", 110, 110, 1, -EBUSY },
	{ "around", 64, 64, 128, -EBUSY },
	{ "over the start", 99, 99, 2, -EBUSY },
	{ "over the end", 131, 131, 2, -EBUSY },
	{ "first page, CPU only", 100, 500, 1, -EBUSY },
	{ "last page, CPU only", 131, 500, 1, -EBUSY },
	{ "first page, device only", 500, 100, 1, -EBUSY },
	{ "last page, device only", 500, 131, 1, -EBUSY },
	{ "around, device only", 500, 64, 128, -EBUSY },
	{ "right before", 96, 96, 4, 0 },
	{ "right behind", 132, 132, 60, 0 },
};

KUNIT_ARRAY_PARAM_DESC(overlap, overlap_rows, name);

static void no_two_records_share_a_page(struct kunit *test)
{
	const struct overlap_row *row = test->param_value;
	struct wdmdma_buffer first = record(100, 32 * PAGE_SIZE);
	struct wdmdma_buffer second = record(row->cpu, row->pages * PAGE_SIZE);

	second.dma = DMA(row->dma);
	KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &first), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_lookup_insert(test->priv, &second), row->ret);
	expect_found(test, &first);
	if (!row->ret) {
		expect_found(test, &second);
		wdmdma_lookup_erase(test->priv, &second);
		expect_gone(test, &second);
	}
	expect_found(test, &first);
	wdmdma_lookup_erase(test->priv, &first);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));
}

/*
 * A record that was freed in atomic context must stay in the tables until the work item
 * runs, but must not be live.
 */
static void what_is_being_freed_is_not_found(struct kunit *test)
{
	struct wdmdma_buffer b = record(9, SZ_8K), *found;

	KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &b), 0);
	b.freeing = true;
	expect_gone(test, &b);
	rcu_read_lock();
	found = wdmdma_lookup_by_cpu(test->priv, b.cpu + SZ_4K);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_EQ(test, found, &b);
	wdmdma_lookup_erase(test->priv, &b);
}

/* Make a record of one page whose logical address is the physical address of @memory. */
static struct wdmdma_buffer physical_record(void *cpu, const void *memory)
{
	return (struct wdmdma_buffer){
		.cpu = cpu,
		.dma = virt_to_phys((void *)memory),
		.len = SZ_4K,
		.nr_pages = 1,
	};
}

/*
 * Where a logical address is a physical address, a page at its address of the linear map needs no
 * entry by logical address, and a page at another address does. Neither may hide the other.
 */
static void physical_address_is_found_by_the_linear_map(struct kunit *test)
{
	struct wdmdma_lookup *lookup = test->priv;
	u8 *memory = (u8 *)__get_free_pages(GFP_KERNEL, 1);
	struct wdmdma_buffer linear, mapped, twice;
	dma_addr_t dma;
	void *cpu;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	lookup->physical = wdmdma_test_device(test);
	linear = physical_record(memory, memory);
	mapped = physical_record(CPU(7), memory + SZ_4K);
	twice = physical_record(CPU(9), memory);
	KUNIT_EXPECT_EQ(test, wdmdma_lookup_insert(lookup, &linear), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&lookup->page_by_dma.nelems), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_lookup_insert(lookup, &mapped), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&lookup->page_by_dma.nelems), 1);
	/* The page has a record already, though at another CPU address. */
	KUNIT_EXPECT_EQ(test, wdmdma_lookup_insert(lookup, &twice), -EBUSY);
	expect_byte(test, &linear, 5, SZ_4K - 5);
	expect_byte(test, &mapped, 5, SZ_4K - 5);
	/* No record has these addresses, of which the last is no memory at all. */
	KUNIT_EXPECT_EQ(test, to_cpu(lookup, linear.dma - 1, &cpu), 0UL);
	KUNIT_EXPECT_EQ(test, to_cpu(lookup, mapped.dma + SZ_4K, &cpu), 0UL);
	KUNIT_EXPECT_EQ(test, to_cpu(lookup, U64_MAX - 1, &cpu), 0UL);
	KUNIT_EXPECT_EQ(test, to_dma(lookup, memory + SZ_4K, &dma), 0UL);
	wdmdma_lookup_erase(lookup, &linear);
	expect_gone(test, &linear);
	expect_byte(test, &mapped, 0, SZ_4K);
	wdmdma_lookup_erase(lookup, &mapped);
	KUNIT_EXPECT_TRUE(test, is_empty(lookup));
	free_pages((unsigned long)memory, 1);
}

static void other_look_ups_know_nothing_of_it(struct kunit *test)
{
	struct wdmdma_lookup *other = lookup_new(test);
	struct wdmdma_buffer b = record(9, SZ_8K), c = b;
	dma_addr_t dma;
	void *cpu;

	KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &b), 0);
	KUNIT_EXPECT_EQ(test, to_dma(other, b.cpu, &dma), 0UL);
	KUNIT_EXPECT_EQ(test, to_cpu(other, b.dma, &cpu), 0UL);
	/* Another look-up may have a record at the same addresses. */
	KUNIT_EXPECT_EQ(test, wdmdma_lookup_insert(other, &c), 0);
	wdmdma_lookup_erase(test->priv, &b);
	KUNIT_EXPECT_EQ(test, to_dma(other, c.cpu, &dma), (size_t)SZ_8K);
	wdmdma_lookup_erase(other, &c);
}

static const struct count_row {
	const char *name;
	unsigned int count;
} count_rows[] = {
	{ "10 buffers", 10 },
	{ "2000 buffers", 2000 },
};

KUNIT_ARRAY_PARAM_DESC(count, count_rows, name);

/* Adjacent records of 1 to 7 pages must be told apart, even after every other record is gone. */
static void buffers_of_any_number_are_told_apart(struct kunit *test)
{
	const struct count_row *row = test->param_value;
	struct wdmdma_buffer *b = kunit_kcalloc(test, row->count, sizeof(*b), GFP_KERNEL);
	unsigned long page = 1;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, b);
	for (i = 0; i < row->count; i++) {
		b[i] = record(page, (i % 7 + 1) * PAGE_SIZE);
		page += i % 7 + 1;
		KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &b[i]), 0);
	}
	for (i = 0; i < row->count; i++)
		expect_found(test, &b[i]);
	for (i = 0; i < row->count; i += 2)
		wdmdma_lookup_erase(test->priv, &b[i]);
	for (i = 0; i < row->count; i++) {
		if (i % 2)
			expect_found(test, &b[i]);
		else
			expect_gone(test, &b[i]);
	}
	for (i = 1; i < row->count; i += 2)
		wdmdma_lookup_erase(test->priv, &b[i]);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));
}

/*
 * With many records of one page, the pages of a long record are looked up part by part. A record on
 * any of them must be found, and one right behind must not.
 */
static void long_record_meets_one_page_among_many(struct kunit *test)
{
	const unsigned long many = 5000, nr = 2600, at[] = { 0, 1023, 1024, 2599, 2600 };
	struct wdmdma_buffer *b = kunit_kcalloc(test, many + 1, sizeof(*b), GFP_KERNEL);
	struct wdmdma_buffer range = record(2 * many, nr * PAGE_SIZE);
	struct wdmdma_lookup *lookup = test->priv;
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, b);
	for (i = 0; i < many; i++) {
		b[i] = record(i, PAGE_SIZE);
		KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(lookup, &b[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		b[many] = record(2 * many + at[i], PAGE_SIZE);
		KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(lookup, &b[many]), 0);
		KUNIT_EXPECT_EQ(test, wdmdma_lookup_insert(lookup, &range),
				at[i] < nr ? -EBUSY : 0);
		wdmdma_lookup_erase(lookup, &b[many]);
	}
	wdmdma_lookup_erase(lookup, &range);
	for (i = 0; i < many; i++)
		wdmdma_lookup_erase(lookup, &b[i]);
	KUNIT_EXPECT_TRUE(test, is_empty(lookup));
}

/*
 * The record spans several nodes at distant addresses, so an insertion makes as many
 * allocations as possible.
 */
static void insert_and_erase(struct kunit *test)
{
	struct wdmdma_buffer b = record(0x123456, 1000 * PAGE_SIZE);
	int ret;

	b.dma = DMA(0x7654321);
	ret = wdmdma_lookup_insert(test->priv, &b);
	if (ret) {
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		expect_gone(test, &b);
	} else {
		wdmdma_lookup_erase(test->priv, &b);
	}
}

static void insertion_that_fails_leaves_nothing(struct kunit *test)
{
	struct wdmdma_buffer neighbour = record(0x123456 + 1000, SZ_4K);

	wdmdma_test_sweep(test, insert_and_erase);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));

	neighbour.dma = DMA(0x7654321 - 1);
	KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &neighbour), 0);
	wdmdma_test_sweep(test, insert_and_erase);
	expect_found(test, &neighbour);
	wdmdma_lookup_erase(test->priv, &neighbour);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));
}

static void erasing_needs_no_memory(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	struct wdmdma_buffer b = record(0x123456, 1000 * PAGE_SIZE);
	unsigned int left;

	KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &b), 0);
	current->fail_nth = 1;
	wdmdma_lookup_erase(test->priv, &b);
	left = current->fail_nth;
	current->fail_nth = 0;
	KUNIT_EXPECT_EQ(test, left, 1U);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));
#else
	kunit_skip(test, "the kernel has no fault injection");
#endif
}

/* Cases with several threads. */

#define ROUNDS		4000

/* One thread. The test sets @stop, and reads the counts after @done. */
struct worker {
	struct wdmdma_lookup *lookup;
	struct wdmdma_buffer *buffer;
	struct completion done;
	unsigned int won;
	unsigned int wrong;
	bool stop;
};

static void worker_start(struct kunit *test, struct worker *w, int (*function)(void *data))
{
	struct task_struct *task;

	w->lookup = test->priv;
	init_completion(&w->done);
	task = kthread_run(function, w, "wdmdma-lookup");
	if (IS_ERR(task)) {
		KUNIT_FAIL(test, "no thread");
		complete(&w->done);
	}
}

/* Insert and erase the range. Two threads must never have the range at the same time. */
static int worker_takes(void *data)
{
	static atomic_t owners;
	struct worker *w = data;
	int n;

	for (n = 0; n < ROUNDS / 10; n++) {
		if (wdmdma_lookup_insert(w->lookup, w->buffer))
			continue;
		w->won++;
		w->wrong += atomic_inc_return(&owners) != 1;
		cond_resched();
		atomic_dec(&owners);
		wdmdma_lookup_erase(w->lookup, w->buffer);
	}
	kthread_complete_and_exit(&w->done, 0);
}

static void one_of_two_threads_gets_the_range(struct kunit *test)
{
	struct worker w[2] = {};
	struct wdmdma_buffer b[2] = { record(60, 8 * SZ_4K), record(67, 8 * SZ_4K) };
	int n;

	for (n = 0; n < 2; n++) {
		w[n].buffer = &b[n];
		worker_start(test, &w[n], worker_takes);
	}
	for (n = 0; n < 2; n++)
		wait_for_completion(&w[n].done);
	KUNIT_EXPECT_GT(test, w[0].won + w[1].won, 0U);
	KUNIT_EXPECT_EQ(test, w[0].wrong + w[1].wrong, 0U);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));
}

/*
 * Look up while ranges come and go. The permanent range must always be found, and any
 * other record that is found must hold the page.
 */
static int worker_looks(void *data)
{
	struct worker *w = data;
	struct wdmdma_buffer *stays = w->buffer, *b;
	unsigned long page;
	dma_addr_t dma;
	void *cpu;

	while (!READ_ONCE(w->stop)) {
		w->wrong += to_dma(w->lookup, stays->cpu + SZ_4K, &dma) != SZ_4K ||
			    dma != stays->dma + SZ_4K;
		w->wrong += to_cpu(w->lookup, stays->dma, &cpu) != SZ_8K || cpu != stays->cpu;
		for (page = 60; page < 200; page += 3) {
			rcu_read_lock();
			b = wdmdma_lookup_by_cpu(w->lookup, CPU(page));
			w->wrong += b && (b->cpu > CPU(page) ||
					  b->cpu + wdmdma_buffer_size(b) <= CPU(page));
			b = wdmdma_lookup_by_dma(w->lookup, DMA(page));
			w->wrong += b && (b->dma > DMA(page) ||
					  b->dma + wdmdma_buffer_size(b) <= DMA(page));
			rcu_read_unlock();
			w->won += !!b;
		}
		cond_resched();
	}
	kthread_complete_and_exit(&w->done, 0);
}

static void looking_up_needs_no_lock(struct kunit *test)
{
	struct wdmdma_buffer stays = record(200, SZ_8K), *b;
	struct worker w = { .buffer = &stays };
	unsigned int n, failed = 0;

	KUNIT_ASSERT_EQ(test, wdmdma_lookup_insert(test->priv, &stays), 0);
	worker_start(test, &w, worker_looks);
	/* The places and lengths vary, so that pages of one range become pages of another. */
	for (n = 0; n < ROUNDS; n++) {
		b = kmalloc(sizeof(*b), GFP_KERNEL);
		if (!b)
			break;
		*b = record(60 + n % 70, (n % 61 + 1) * PAGE_SIZE);
		failed += wdmdma_lookup_insert(test->priv, b) != 0;
		wdmdma_lookup_erase(test->priv, b);
		kfree_rcu(b, rcu);
		if (n % 64 == 0)
			cond_resched();
	}
	WRITE_ONCE(w.stop, true);
	wait_for_completion(&w.done);
	KUNIT_EXPECT_EQ(test, n, (unsigned int)ROUNDS);
	KUNIT_EXPECT_EQ(test, failed, 0U);
	KUNIT_EXPECT_EQ(test, w.wrong, 0U);
	wdmdma_lookup_erase(test->priv, &stays);
	KUNIT_EXPECT_TRUE(test, is_empty(test->priv));
}

static struct kunit_case lookup_cases[] = {
	KUNIT_CASE_PARAM(every_byte_asked_for_is_found_and_no_other, length_gen_params),
	KUNIT_CASE_PARAM(no_two_records_share_a_page, overlap_gen_params),
	KUNIT_CASE(what_is_being_freed_is_not_found),
	KUNIT_CASE(physical_address_is_found_by_the_linear_map),
	KUNIT_CASE(other_look_ups_know_nothing_of_it),
	KUNIT_CASE_PARAM(buffers_of_any_number_are_told_apart, count_gen_params),
	KUNIT_CASE(long_record_meets_one_page_among_many),
	KUNIT_CASE(insertion_that_fails_leaves_nothing),
	KUNIT_CASE(erasing_needs_no_memory),
	KUNIT_CASE(one_of_two_threads_gets_the_range),
	KUNIT_CASE(looking_up_needs_no_lock),
	{}
};

static struct kunit_suite lookup_suite = {
	.name = "wdmdma_lookup",
	.init = lookup_init,
	.test_cases = lookup_cases,
};

kunit_test_suite(lookup_suite);
