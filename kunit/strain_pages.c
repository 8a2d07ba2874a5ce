// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages are allocated by threads, and freed in threads, under locks, in hard
 * interrupts and in softirqs.
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "strain.h"

const char * const strain_from_names[FROM_NR] = {
	"a thread", "spin_lock()", "spin_lock_bh()", "spin_lock_irqsave()", "raw_spin_lock()",
	"a hard interrupt", "a softirq",
};

void *strain_alloc(PHYSICAL_ADDRESS *la)
{
	return strain_adapter->DmaOperations->AllocateCommonBuffer(strain_adapter, SZ_4K, la, TRUE);
}

void strain_free(struct page_slot *slot)
{
	strain_adapter->DmaOperations->FreeCommonBuffer(strain_adapter, SZ_4K, slot->la, slot->va,
							TRUE);
}

/* Return true if the thread has handed over a page that is not freed yet. */
static bool strain_is_handed(struct strainer *s)
{
	/* Pairs with the releases in strain_free_handed() and strain_hand_over(). */
	return smp_load_acquire(&s->handed.va);
}

static void strain_free_handed(struct strainer *s)
{
	if (!strain_is_handed(s))
		return;
	strain_free(&s->handed);
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

void strain_wait_handed(struct strainer *s)
{
	while (strain_is_handed(s))
		cond_resched();
}

/* Wait until the previous page is freed, then hand the page to the interrupt or softirq. */
static void strain_hand_over(struct strainer *s, const struct page_slot *slot)
{
	strain_wait_handed(s);
	s->handed.la = slot->la;
	/* Pairs with strain_is_handed(). */
	smp_store_release(&s->handed.va, slot->va);
	if (s->from == FROM_INTERRUPT) {
		irq_work_queue(&s->work);
		irq_work_sync(&s->work);
	}
}

void strain_end_page(struct strainer *s, struct page_slot *slot)
{
	unsigned long flags;

	switch (s->from) {
	case FROM_SPIN_LOCK:
		spin_lock(&s->lock);
		strain_free(slot);
		spin_unlock(&s->lock);
		break;
	case FROM_SPIN_LOCK_BH:
		spin_lock_bh(&s->lock);
		strain_free(slot);
		spin_unlock_bh(&s->lock);
		break;
	case FROM_SPIN_LOCK_IRQSAVE:
		spin_lock_irqsave(&s->lock, flags);
		strain_free(slot);
		spin_unlock_irqrestore(&s->lock, flags);
		break;
	case FROM_RAW_SPIN_LOCK:
		raw_spin_lock(&s->raw_lock);
		strain_free(slot);
		raw_spin_unlock(&s->raw_lock);
		break;
	case FROM_INTERRUPT:
	case FROM_SOFTIRQ:
		strain_hand_over(s, slot);
		break;
	default:
		strain_free(slot);
		break;
	}
}

void strainer_open(struct strainer *s, enum from from)
{
	s->from = from;
	s->stop = false;
	spin_lock_init(&s->lock);
	raw_spin_lock_init(&s->raw_lock);
	s->work = IRQ_WORK_INIT_HARD(strain_interrupt);
	tasklet_setup(&s->tasklet, strain_softirq);
	if (from == FROM_SOFTIRQ)
		tasklet_schedule(&s->tasklet);
}

void strainer_close(struct strainer *s)
{
	WRITE_ONCE(s->stop, true);
	if (s->from == FROM_SOFTIRQ)
		tasklet_kill(&s->tasklet);
}

/* A page must arrive zeroed, and no other thread may write to it. */
static int strainer_thread(void *data)
{
	struct strainer *s = data;
	struct page_slot slot;

	while (time_before(jiffies, s->until)) {
		slot.va = strain_alloc(&slot.la);
		if (slot.va) {
			s->wrong += !!memchr_inv(slot.va, 0, SZ_4K);
			memset(slot.va, 1 + s->from, SZ_4K);
			if (s->pages % 16 == 0)
				schedule();
			s->wrong += !!memchr_inv(slot.va, 1 + s->from, SZ_4K);
			strain_end_page(s, &slot);
			s->pages++;
		} else {
			s->refused++;
		}
		cond_resched();
	}
	strain_wait_handed(s);
	kthread_complete_and_exit(&s->done, 0);
}

static bool strainer_start(struct strainer *s, enum from kind, unsigned int how_long)
{
	struct task_struct *task;

	init_completion(&s->done);
	s->until = jiffies + how_long * HZ;
	strainer_open(s, kind);
	task = kthread_run(strainer_thread, s, "wdmdma-strain/%d", kind);
	if (!IS_ERR(task))
		return true;
	strainer_close(s);
	return false;
}

static void strainer_end(struct strainer *s)
{
	/* Wait in short steps, so that the hung task detector does not report a long run. */
	while (!wait_for_completion_timeout(&s->done, 10 * HZ))
		;
	strainer_close(s);
	strain_expect(s->pages, "freed from %s: no page", strain_from_names[s->from]);
	strain_expect(!s->refused, "freed from %s: %lu pages refused", strain_from_names[s->from],
		      s->refused);
	strain_expect(!s->wrong, "freed from %s: %lu pages with bytes of others",
		      strain_from_names[s->from], s->wrong);
}

/* Run one thread at once for each element of @from. */
static void strain_all(const enum from *from, unsigned int nr, unsigned int how_long)
{
	struct strainer *s = kcalloc(nr, sizeof(*s), GFP_KERNEL);
	unsigned int n, started;
	unsigned long pages = 0;

	strain_expect(s, "no memory");
	if (!s)
		return;
	for (started = 0; started < nr; started++)
		if (!strainer_start(&s[started], from[started], how_long))
			break;
	strain_expect(started == nr, "no thread");
	for (n = 0; n < started; n++) {
		strainer_end(&s[n]);
		pages += s[n].pages;
	}
	strain_say("    # %s: %lu pages", strain_name, pages);
	kfree(s);
}

/* Run two threads of one kind, and two plain threads that contend with them. */
static void strain_kind(enum from from)
{
	const enum from kinds[] = { from, from, FROM_THREAD, FROM_THREAD };

	strain_all(kinds, ARRAY_SIZE(kinds), strain_seconds);
}

void pages_are_freed_by_threads(void)
{
	strain_kind(FROM_THREAD);
}

void pages_are_freed_under_spin_lock(void)
{
	strain_kind(FROM_SPIN_LOCK);
}

void pages_are_freed_under_spin_lock_bh(void)
{
	strain_kind(FROM_SPIN_LOCK_BH);
}

void pages_are_freed_under_spin_lock_irqsave(void)
{
	strain_kind(FROM_SPIN_LOCK_IRQSAVE);
}

void pages_are_freed_under_raw_spin_lock(void)
{
	strain_kind(FROM_RAW_SPIN_LOCK);
}

void pages_are_freed_in_hard_interrupts(void)
{
	strain_kind(FROM_INTERRUPT);
}

void pages_are_freed_in_softirqs(void)
{
	strain_kind(FROM_SOFTIRQ);
}

void pages_are_freed_from_everywhere_at_once(void)
{
	static const enum from all[] = {
		FROM_THREAD, FROM_SPIN_LOCK, FROM_SPIN_LOCK_BH, FROM_SPIN_LOCK_IRQSAVE,
		FROM_RAW_SPIN_LOCK, FROM_INTERRUPT, FROM_SOFTIRQ,
	};

	strain_all(all, ARRAY_SIZE(all), 5 * strain_seconds);
}
