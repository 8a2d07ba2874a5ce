// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of one adapter are allocated and freed at once in threads, under locks, in hard
 * interrupts and in softirqs. A call that may sleep must be refused under each kind of lock.
 * The cases use a real device where the machine has one.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "edu.h"
#include "helpers.h"

#define ROUNDS		600

struct page_slot {
	void *va;
	PHYSICAL_ADDRESS la;
};

enum from {
	FROM_THREAD,
	FROM_SPIN_LOCK,
	FROM_SPIN_LOCK_BH,
	FROM_SPIN_LOCK_IRQSAVE,
	FROM_INTERRUPT,
	FROM_SOFTIRQ,
	FROM_NR,
};

/* A thread that allocates pages, and the context in which the pages are freed. */
struct strainer {
	struct wdmdma_fixture *fixture;
	enum from from;
	spinlock_t lock;	/* the driver's own, held for a free */
	struct irq_work work;
	struct tasklet_struct tasklet;
	struct page_slot handed;
	bool stop;
	unsigned int failed;
	unsigned int wrong;
	struct completion done;
};

static int strain_init(struct kunit *test)
{
	test->priv = wdmdma_test_fixture_on(test, edu_or_fake_device(test), 32);
	return 0;
}

static void strain_free(struct strainer *s, struct page_slot *slot)
{
	wdmdma_test_free(s->fixture, SZ_4K, slot->la, slot->va);
}

/* Return true if the thread has handed over a page that is not freed yet. */
static bool strain_is_handed(struct strainer *s)
{
	/* Pairs with the releases in strain_free_handed() and strain_hand_over(). */
	return smp_load_acquire(&s->handed.va);
}

/* Free the page that the thread has handed over, if any. */
static void strain_free_handed(struct strainer *s)
{
	if (!strain_is_handed(s))
		return;
	strain_free(s, &s->handed);
	/* Pairs with strain_is_handed(). */
	smp_store_release(&s->handed.va, NULL);
}

static void strain_interrupt(struct irq_work *work)
{
	strain_free_handed(container_of(work, struct strainer, work));
}

/* The tasklet is always pending, so that a softirq runs wherever bottom halves are enabled. */
static void strain_softirq(struct tasklet_struct *tasklet)
{
	struct strainer *s = container_of(tasklet, struct strainer, tasklet);

	strain_free_handed(s);
	if (!READ_ONCE(s->stop))
		tasklet_schedule(tasklet);
}

/* Wait until the previous page is freed, then hand the page to the interrupt or softirq. */
static void strain_hand_over(struct strainer *s, const struct page_slot *slot)
{
	while (strain_is_handed(s))
		cond_resched();
	s->handed.la = slot->la;
	/* Pairs with strain_is_handed(). */
	smp_store_release(&s->handed.va, slot->va);
	if (s->from == FROM_INTERRUPT) {
		irq_work_queue(&s->work);
		irq_work_sync(&s->work);
	}
}

static void strain_end_page(struct strainer *s, struct page_slot *slot)
{
	unsigned long flags;

	switch (s->from) {
	case FROM_SPIN_LOCK:
		spin_lock(&s->lock);
		strain_free(s, slot);
		spin_unlock(&s->lock);
		break;
	case FROM_SPIN_LOCK_BH:
		spin_lock_bh(&s->lock);
		strain_free(s, slot);
		spin_unlock_bh(&s->lock);
		break;
	case FROM_SPIN_LOCK_IRQSAVE:
		spin_lock_irqsave(&s->lock, flags);
		strain_free(s, slot);
		spin_unlock_irqrestore(&s->lock, flags);
		break;
	case FROM_INTERRUPT:
	case FROM_SOFTIRQ:
		strain_hand_over(s, slot);
		break;
	default:
		strain_free(s, slot);
		break;
	}
}

static int strain_run(void *data)
{
	struct strainer *s = data;
	struct page_slot slot;
	unsigned int n;

	for (n = 0; n < ROUNDS; n++) {
		slot.va = wdmdma_test_alloc(s->fixture, SZ_4K, &slot.la);
		if (!slot.va) {
			s->failed++;
			continue;
		}
		s->wrong += !wdmdma_test_is_zero(slot.va, SZ_4K);
		memset(slot.va, 1 + s->from, SZ_4K);
		if (n % 16 == 0)
			cond_resched();
		s->wrong += !!memchr_inv(slot.va, 1 + s->from, SZ_4K);
		strain_end_page(s, &slot);
	}
	while (strain_is_handed(s))
		cond_resched();
	kthread_complete_and_exit(&s->done, 0);
}

static void strain_start(struct kunit *test, struct strainer *s, enum from from)
{
	struct task_struct *task;

	s->fixture = test->priv;
	s->from = from;
	spin_lock_init(&s->lock);
	s->work = IRQ_WORK_INIT_HARD(strain_interrupt);
	tasklet_setup(&s->tasklet, strain_softirq);
	init_completion(&s->done);
	if (from == FROM_SOFTIRQ)
		tasklet_schedule(&s->tasklet);
	task = kthread_run(strain_run, s, "wdmdma-strain/%d", from);
	if (IS_ERR(task)) {
		KUNIT_FAIL(test, "no thread");
		complete(&s->done);
	}
}

static void pages_are_freed_from_everywhere_at_once(struct kunit *test)
{
	struct strainer *s = kunit_kcalloc(test, FROM_NR, sizeof(*s), GFP_KERNEL);
	struct wdmdma_fixture *f = test->priv;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (n = 0; n < FROM_NR; n++)
		strain_start(test, &s[n], n);
	for (n = 0; n < FROM_NR; n++) {
		wait_for_completion(&s[n].done);
		KUNIT_EXPECT_EQ_MSG(test, s[n].failed, 0U, "freed from %u", n);
		KUNIT_EXPECT_EQ_MSG(test, s[n].wrong, 0U, "freed from %u", n);
	}
	s[FROM_SOFTIRQ].stop = true;
	tasklet_kill(&s[FROM_SOFTIRQ].tasklet);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
}

/* Calls that may sleep, under each kind of lock. */

static DEFINE_SPINLOCK(level_lock);
static DEFINE_RAW_SPINLOCK(level_raw_lock);
static DEFINE_RWLOCK(level_rwlock);

static void *alloc_under_spin_lock(struct wdmdma_fixture *f, PHYSICAL_ADDRESS *la)
{
	void *va;

	spin_lock(&level_lock);
	va = wdmdma_test_alloc(f, SZ_4K, la);
	spin_unlock(&level_lock);
	return va;
}

static void *alloc_under_spin_lock_bh(struct wdmdma_fixture *f, PHYSICAL_ADDRESS *la)
{
	void *va;

	spin_lock_bh(&level_lock);
	va = wdmdma_test_alloc(f, SZ_4K, la);
	spin_unlock_bh(&level_lock);
	return va;
}

static void *alloc_under_spin_lock_irqsave(struct wdmdma_fixture *f, PHYSICAL_ADDRESS *la)
{
	unsigned long flags;
	void *va;

	spin_lock_irqsave(&level_lock, flags);
	va = wdmdma_test_alloc(f, SZ_4K, la);
	spin_unlock_irqrestore(&level_lock, flags);
	return va;
}

static void *alloc_under_raw_spin_lock(struct wdmdma_fixture *f, PHYSICAL_ADDRESS *la)
{
	void *va;

	raw_spin_lock(&level_raw_lock);
	va = wdmdma_test_alloc(f, SZ_4K, la);
	raw_spin_unlock(&level_raw_lock);
	return va;
}

static void *alloc_under_read_lock(struct wdmdma_fixture *f, PHYSICAL_ADDRESS *la)
{
	void *va;

	read_lock(&level_rwlock);
	va = wdmdma_test_alloc(f, SZ_4K, la);
	read_unlock(&level_rwlock);
	return va;
}

static void *alloc_with_bh_disabled(struct wdmdma_fixture *f, PHYSICAL_ADDRESS *la)
{
	void *va;

	local_bh_disable();
	va = wdmdma_test_alloc(f, SZ_4K, la);
	local_bh_enable();
	return va;
}

static const struct level_row {
	const char *name;
	void *(*alloc)(struct wdmdma_fixture *f, PHYSICAL_ADDRESS *la);
	bool counted;	/* seen only by a kernel that counts preemption */
} level_rows[] = {
	{ "spin_lock", alloc_under_spin_lock, true },
	{ "spin_lock_bh", alloc_under_spin_lock_bh },
	{ "spin_lock_irqsave", alloc_under_spin_lock_irqsave },
	{ "raw_spin_lock", alloc_under_raw_spin_lock, true },
	{ "read_lock", alloc_under_read_lock, true },
	{ "local_bh_disable", alloc_with_bh_disabled },
};

KUNIT_ARRAY_PARAM_DESC(level, level_rows, name);

/*
 * The first round runs without a recycled page and the second with one. The fast path for a
 * recycled page must refuse the call, too.
 */
static void what_may_sleep_is_refused_under_each_lock(struct kunit *test)
{
	const struct level_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la, kept;
	unsigned int n;
	void *va;

	if (row->counted && !IS_ENABLED(CONFIG_PREEMPT_COUNT)) {
		kunit_skip(test, "the kernel does not count preemption");
		return;
	}
	for (n = 0; n < 2; n++) {
		la.QuadPart = -1;
		KUNIT_EXPECT_NULL(test, row->alloc(f, &la));
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		va = wdmdma_test_alloc(f, SZ_4K, &kept);
		KUNIT_ASSERT_NOT_NULL(test, va);
		wdmdma_test_free(f, SZ_4K, kept, va);
	}
}

static struct kunit_case strain_cases[] = {
	KUNIT_CASE(pages_are_freed_from_everywhere_at_once),
	KUNIT_CASE_PARAM(what_may_sleep_is_refused_under_each_lock, level_gen_params),
	{}
};

static struct kunit_suite strain_suite = {
	.name = "wdmdma_strain",
	.init = strain_init,
	.test_cases = strain_cases,
};

kunit_test_suite(strain_suite);
