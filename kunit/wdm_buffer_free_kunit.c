// SPDX-License-Identifier: GPL-2.0-only
/* FreeCommonBuffer at any level, and the frees that it must refuse (wdm/wdm_common_buffer.c). */
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "buffers.h"
#include "helpers.h"

/* Values that are added to the right arguments, for a buffer of 9000 bytes. */
static const struct wrong_row {
	const char *name;
	s64 va, la, length;
} wrong_rows[] = {
	{ "Length + 1", 0, 0, 1 },
	{ "Length - 1", 0, 0, -1 },
	{ "Length in whole pages", 0, 0, 12288 - 9000 },	/* some drivers pass that */
	{ "Length of the first page", 0, 0, 4096 - 9000 },
	{ "Length 0", 0, 0, -9000 },
	{ "LogicalAddress + 1", 0, 1, 0 },
	{ "LogicalAddress + PAGE_SIZE", 0, SZ_4K, 0 },
	{ "LogicalAddress above 4 GiB", 0, SZ_4G, 0 },
	{ "VirtualAddress + 1", 1, 0, 0 },
	{ "VirtualAddress + PAGE_SIZE", SZ_4K, 0, 0 },
	{ "the second page, as a buffer", SZ_4K, SZ_4K, 4096 - 9000 },
	{ "the rest, as a buffer", SZ_4K, SZ_4K, -4096 },
	{ "VirtualAddress - PAGE_SIZE", -(s64)SZ_4K, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrong_rows, name);

/* A wrong free must free neither this buffer nor another one. */
static void free_refuses(struct kunit *test)
{
	const struct wrong_row *row = test->param_value;
	struct test_buffer b[3], wrong;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(b); n++) {
		b[n] = n == 1 ? buffer_alloc_ex(test, NULL, 9000, buffer_uncached(test), 0) :
				buffer_alloc(test, 9000);
		KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		memset(b[n].va, 0x30 + n, 9000);
	}
	for (n = 0; n < ARRAY_SIZE(b); n++) {
		wrong = b[n];
		wrong.va += row->va;
		wrong.la.QuadPart += row->la;
		wrong.length += row->length;
		buffer_release(test, wrong);
		local_bh_disable();
		buffer_release(test, wrong);
		local_bh_enable();
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 3UL);
	for (n = 0; n < ARRAY_SIZE(b); n++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(b[n].va, 0x30 + n, 9000));
		buffer_release(test, b[n]);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void free_refuses_memory_that_is_no_buffer(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct test_buffer b = buffer_alloc(test, 4096), other = buffer_alloc(test, 4096),
			   mixed = b;
	void *page = (void *)get_zeroed_page(GFP_KERNEL);
	PVOID foreign[] = { NULL, page, &b, f->adapter, (PVOID)-1L, (PVOID)(1UL << 62), f->dev };
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (n = 0; n < ARRAY_SIZE(foreign); n++) {
		mixed.va = foreign[n];
		buffer_release(test, mixed);
		mixed.la.QuadPart = 0;
		mixed.length = 0;
		buffer_release(test, mixed);
		mixed = b;
	}
	mixed.va = other.va;	/* addresses of two different buffers */
	buffer_release(test, mixed);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 2UL);
	buffer_release(test, b);
	buffer_release(test, other);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	free_page((unsigned long)page);
}

static void free_refuses_buffer_of_another_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER own = f->adapter, sibling = wdmdma_test_second_adapter(test, 64),
		     put = wdmdma_test_second_adapter(test, 64);
	DMA_ADAPTER foreign = *own;
	struct device *dev = wdmdma_test_register(test, "wdmdma-other");
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct test_buffer b = buffer_alloc(test, 4096);
	PDMA_ADAPTER wrong[] = { sibling, put, NULL, &foreign, NULL };
	PDEVICE_OBJECT pdo;
	ULONG registers;
	unsigned int n;

	pdo = wdmdma_device_object_get(dev);
	wrong[4] = IoGetDmaAdapter(pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, wrong[4]);
	f->ops->PutDmaAdapter(put);

	for (n = 0; n < ARRAY_SIZE(wrong); n++) {
		f->adapter = wrong[n];
		buffer_release(test, b);
		f->adapter = own;
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	}
	memset(b.va, 1, 4096);
	buffer_release(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	f->ops->PutDmaAdapter(sibling);
	f->ops->PutDmaAdapter(wrong[4]);
	wdmdma_device_object_put(pdo);
}

static void free_twice_frees_once(struct kunit *test)
{
	struct test_buffer b = buffer_alloc(test, 4096), other = buffer_alloc(test, 4096);
	struct test_buffer second = buffer_alloc_ex(test, NULL, 4096, buffer_uncached(test), 0);

	KUNIT_ASSERT_NOT_NULL(test, second.va);
	buffer_release(test, b);
	buffer_release(test, b);
	local_bh_disable();
	buffer_release(test, second);
	buffer_release(test, second);
	local_bh_enable();
	buffer_release(test, second);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	buffer_release(test, second);
	buffer_release(test, other);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void free_ignores_cache_enabled(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct test_buffer b;
	int n;

	for (n = 0; n < 4; n++) {
		b = buffer_alloc_ex(test, NULL, 300, n & 1 ? TRUE : buffer_uncached(test),
				    MM_ANY_NODE_OK);
		KUNIT_ASSERT_NOT_NULL(test, b.va);
		f->ops->FreeCommonBuffer(f->adapter, 300, b.la, b.va, n & 2);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
}

/* The level at which buffer_release() is called. */

static DEFINE_SPINLOCK(level_lock);

struct irq_free {
	struct irq_work work;
	struct kunit *test;
	struct test_buffer b;
};

static void irq_free(struct irq_work *work)
{
	struct irq_free *irq = container_of(work, struct irq_free, work);

	buffer_release(irq->test, irq->b);
}

static void free_in_hard_irq(struct kunit *test, struct test_buffer b)
{
	struct irq_free irq = { .work = IRQ_WORK_INIT_HARD(irq_free), .test = test, .b = b };

	irq_work_queue(&irq.work);
	irq_work_sync(&irq.work);
}

static void free_under_spin_lock_bh(struct kunit *test, struct test_buffer b)
{
	spin_lock_bh(&level_lock);
	buffer_release(test, b);
	spin_unlock_bh(&level_lock);
}

static void free_under_spin_lock_irqsave(struct kunit *test, struct test_buffer b)
{
	unsigned long flags;

	spin_lock_irqsave(&level_lock, flags);
	buffer_release(test, b);
	spin_unlock_irqrestore(&level_lock, flags);
}

static void free_with_interrupts_off(struct kunit *test, struct test_buffer b)
{
	unsigned long flags;

	local_irq_save(flags);
	buffer_release(test, b);
	local_irq_restore(flags);
}

static const struct level_row {
	const char *name;
	void (*free)(struct kunit *test, struct test_buffer b);
} level_rows[] = {
	{ "at PASSIVE_LEVEL", buffer_release },
	{ "bottom halves off", buffer_release_at_dispatch },
	{ "under spin_lock_bh", free_under_spin_lock_bh },
	{ "under spin_lock_irqsave", free_under_spin_lock_irqsave },
	{ "interrupts off", free_with_interrupts_off },
	{ "in a hard interrupt", free_in_hard_irq },
};

KUNIT_ARRAY_PARAM_DESC(level, level_rows, name);

static void free_works_at_any_level(struct kunit *test)
{
	const struct level_row *row = test->param_value;
	struct test_buffer b[9];
	unsigned int n, round;

	for (round = 0; round < 20; round++) {
		for (n = 0; n < ARRAY_SIZE(b); n++) {
			b[n] = n % 3 ? buffer_alloc(test, 5000) :
				       buffer_alloc_ex(test, NULL, 5000, buffer_uncached(test), 0);
			KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		}
		for (n = 0; n < ARRAY_SIZE(b); n++)
			row->free(test, b[n]);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	}
}

/* Endurance. */

static void free_works_in_any_order(struct kunit *test)
{
	enum { COUNT = 500 };
	struct test_buffer *b = kunit_kcalloc(test, COUNT, sizeof(*b), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int n, other;

	KUNIT_ASSERT_NOT_NULL(test, b);
	prandom_seed_state(&rnd, 8);
	for (n = 0; n < COUNT; n++) {
		b[n] = buffer_alloc(test, 1 + prandom_u32_state(&rnd) % SZ_8K);
		KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		*(u32 *)b[n].va = n;
		other = prandom_u32_state(&rnd) % (n + 1);
		swap(b[n], b[other]);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), (unsigned long)COUNT);
	for (n = 0; n < COUNT; n++)
		buffer_release(test, b[n]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* Failing allocations. */

/*
 * A free must not fail for want of memory. kfree_rcu() tries to allocate memory now and then,
 * but does without it.
 */
static void free_succeeds_without_memory(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	const struct level_row *row = test->param_value;
	static const s64 limit = 0x7fffffff;
	struct test_buffer b[] = {
		buffer_alloc(test, SZ_16K),
		buffer_alloc_ex(test, &limit, SZ_16K, TRUE, 0),
		buffer_alloc_ex(test, NULL, SZ_16K, buffer_uncached(test), 0),
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(b); n++) {
		KUNIT_ASSERT_NOT_NULL(test, b[n].va);
		current->fail_nth = 1;
		row->free(test, b[n]);
		current->fail_nth = 0;
		KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), ARRAY_SIZE(b) - 1 - n);
	}
#else
	kunit_skip(test, "the kernel has no fault injection");
#endif
}

static struct kunit_case wdm_buffer_free_cases[] = {
	KUNIT_CASE_PARAM(free_refuses, wrong_gen_params),
	KUNIT_CASE(free_refuses_memory_that_is_no_buffer),
	KUNIT_CASE(free_refuses_buffer_of_another_adapter),
	KUNIT_CASE(free_twice_frees_once),
	KUNIT_CASE(free_ignores_cache_enabled),
	KUNIT_CASE_PARAM(free_works_at_any_level, level_gen_params),
	KUNIT_CASE(free_works_in_any_order),
	KUNIT_CASE_PARAM(free_succeeds_without_memory, level_gen_params),
	{}
};

static struct kunit_suite wdm_buffer_free_suite = {
	.name = "wdmdma_wdm_buffer_free",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_buffer_free_cases,
};

kunit_test_suite(wdm_buffer_free_suite);
