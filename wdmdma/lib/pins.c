// SPDX-License-Identifier: GPL-2.0-only
/* Pins of pages of processes. See lib/pins.h. */
#include <linux/bits.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/xarray.h>

#include "compat.h"
#include "lib/pins.h"

/*
 * Pages that buffers use. The entry PINS_OF(pfn) has the number of buffers that use the page, and
 * the number of pins that were given up since. The entry PINS_COUNTED_FOR(pfn) has the memory of
 * the process that the page still counts for as pinned, with a reference, if there is one. Used in
 * any context.
 */
static DEFINE_XARRAY_FLAGS(pins_used, XA_FLAGS_LOCK_IRQ);

#define PINS_OF(pfn)	((pfn) * 2)
#define PINS_COUNTED_FOR(pfn)	((pfn) * 2 + 1)

#define PINS_USER	1UL
#define PINS_GIVEN_UP	BIT(32)
#define PINS_USERS(value)	((value) & (PINS_GIVEN_UP - 1))
#define PINS_LEFT(value)	((value) >> 32)

/* Return the entry of a page, or 0 if the page has none. */
static unsigned long pins_load(unsigned long pfn)
{
	void *entry = xa_load(&pins_used, PINS_OF(pfn));

	lockdep_assert_held(&pins_used.xa_lock);
	return entry ? xa_to_value(entry) : 0;
}

/*
 * Change the entry of a page. If the page has an entry, @gfp may be 0, and the function cannot
 * fail.
 */
static int pins_store(unsigned long pfn, unsigned long value, gfp_t gfp)
{
	lockdep_assert_held(&pins_used.xa_lock);
	return xa_err(__xa_store(&pins_used, PINS_OF(pfn), value ? xa_mk_value(value) : NULL, gfp));
}

/*
 * Go on counting a page as pinned by a process. Return false if the page counts for a process
 * already, because memory that is pinned counts once, or if there is no room for the entry.
 */
static bool pins_count(unsigned long pfn, struct mm_struct *mm)
{
	lockdep_assert_held(&pins_used.xa_lock);
	if (xa_load(&pins_used, PINS_COUNTED_FOR(pfn)) ||
	    xa_err(__xa_store(&pins_used, PINS_COUNTED_FOR(pfn), mm, GFP_ATOMIC | __GFP_NOWARN)))
		return false;
	mmgrab(mm);
	return true;
}

static void pins_uncount(struct mm_struct *mm)
{
	if (!mm)
		return;
	atomic64_dec(&mm->pinned_vm);
	mmdrop(mm);
}

static void pins_undo(unsigned long pfn, bool dirty)
{
	struct page *page = pfn_to_page(pfn);

	/*
	 * Marking a page dirty may sleep. A caller that gives up a pin in atomic context must
	 * have marked the page when it was pinned.
	 */
	if (dirty)
		unpin_user_pages_dirty_lock(&page, 1, true);
	else
		unpin_user_page(page);
}

/**
 * wdmdma_pins_use() - let a buffer use pages that the driver has pinned
 * @pfn: the pages
 * @nr: number of pages
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int wdmdma_pins_use(const unsigned long *pfn, unsigned long nr)
{
	unsigned long i, flags;
	int ret = 0;

	for (i = 0; i < nr; i++) {
		/* If the page has no entry yet, make room for one outside of the lock. */
		ret = xa_reserve_irq(&pins_used, PINS_OF(pfn[i]), WDMDMA_GFP);
		if (ret)
			break;
		xa_lock_irqsave(&pins_used, flags);
		ret = pins_store(pfn[i], pins_load(pfn[i]) + PINS_USER, GFP_ATOMIC | __GFP_NOWARN);
		xa_unlock_irqrestore(&pins_used, flags);
		if (ret)
			break;
		/* With this room a pin that is given up never fails to count on. */
		ret = xa_reserve_irq(&pins_used, PINS_COUNTED_FOR(pfn[i]), WDMDMA_GFP);
		if (ret) {
			i++;
			break;
		}
	}
	if (!ret)
		return 0;
	/*
	 * Nothing is reserved for pfn[i] now. A store that fails has found no room, so another user
	 * has removed the entry meanwhile.
	 */
	wdmdma_pins_unuse(pfn, i, false);
	return ret;
}

/**
 * wdmdma_pins_unuse() - undo wdmdma_pins_use()
 * @pfn: the pages
 * @nr: number of pages
 * @dirty: true if the device may have written the pages
 *
 * The last buffer that uses a page also undoes all pins of the page that were given up
 * meanwhile. After that the page does not count as pinned any more.
 *
 * Context: may sleep.
 */
void wdmdma_pins_unuse(const unsigned long *pfn, unsigned long nr, bool dirty)
{
	unsigned long i, flags, value;
	struct mm_struct *mm = NULL;

	for (i = 0; i < nr; i++) {
		xa_lock_irqsave(&pins_used, flags);
		value = pins_load(pfn[i]) - PINS_USER;
		pins_store(pfn[i], PINS_USERS(value) ? value : 0, 0);
		if (!PINS_USERS(value))
			mm = __xa_erase(&pins_used, PINS_COUNTED_FOR(pfn[i]));
		xa_unlock_irqrestore(&pins_used, flags);
		if (PINS_USERS(value))
			continue;
		for (value = PINS_LEFT(value); value; value--)
			pins_undo(pfn[i], dirty);
		pins_uncount(mm);
		cond_resched();
	}
}

/**
 * wdmdma_pins_give_up() - undo one pin of a page, or leave that to the buffers that use it
 * @pfn: the page
 * @mm: memory of the process that the page counts for as pinned
 * @dirty: true if the page may have been written, in which case the caller must be able to
 *	sleep
 *
 * Context: any, or may sleep if @dirty.
 * Return: true if the page goes on counting for @mm, until the last buffer that uses it is freed.
 * Otherwise the caller must count it as not pinned any more.
 */
bool wdmdma_pins_give_up(unsigned long pfn, struct mm_struct *mm, bool dirty)
{
	unsigned long flags, value = 0;
	bool counted = false;

	if (!xa_empty(&pins_used)) {
		xa_lock_irqsave(&pins_used, flags);
		value = pins_load(pfn);
		if (value) {
			pins_store(pfn, value + PINS_GIVEN_UP, 0);
			counted = pins_count(pfn, mm);
		}
		xa_unlock_irqrestore(&pins_used, flags);
	}
	if (!value)
		pins_undo(pfn, dirty);
	return counted;
}

/* Free the inner nodes that a failed insertion may have left. Called when the module goes. */
void wdmdma_pins_exit(void)
{
	xa_destroy(&pins_used);
}
