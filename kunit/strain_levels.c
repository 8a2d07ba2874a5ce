// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call that may sleep must be refused under each kind of lock. Behind a strict IOMMU a
 * freed page must not stay mapped.
 */
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/adapter.h"
#include "strain.h"

/* Calls that may sleep, under each kind of lock. */

static DEFINE_SPINLOCK(level_lock);
static DEFINE_RAW_SPINLOCK(level_raw_lock);
static DEFINE_RWLOCK(level_rwlock);

/* The results of calls that are allowed at PASSIVE_LEVEL only. */
struct level_answer {
	struct page_slot slot;
	PDMA_ADAPTER adapter;
};

static void level_call(struct level_answer *a)
{
	ULONG registers;

	a->slot.va = strain_alloc(&a->slot.la);
	a->adapter = IoGetDmaAdapter(strain_object, &strain_description, &registers);
}

static void level_spin_lock(struct level_answer *a)
{
	spin_lock(&level_lock);
	level_call(a);
	spin_unlock(&level_lock);
}

static void level_spin_lock_bh(struct level_answer *a)
{
	spin_lock_bh(&level_lock);
	level_call(a);
	spin_unlock_bh(&level_lock);
}

static void level_spin_lock_irqsave(struct level_answer *a)
{
	unsigned long flags;

	spin_lock_irqsave(&level_lock, flags);
	level_call(a);
	spin_unlock_irqrestore(&level_lock, flags);
}

static void level_raw_spin_lock(struct level_answer *a)
{
	raw_spin_lock(&level_raw_lock);
	level_call(a);
	raw_spin_unlock(&level_raw_lock);
}

static void level_read_lock(struct level_answer *a)
{
	read_lock(&level_rwlock);
	level_call(a);
	read_unlock(&level_rwlock);
}

static void level_bh_disable(struct level_answer *a)
{
	local_bh_disable();
	level_call(a);
	local_bh_enable();
}

static void level_rcu_read_lock(struct level_answer *a)
{
	rcu_read_lock();
	level_call(a);
	rcu_read_unlock();
}

/* Documentation/porting.rst says which kernel detects which lock. */
static const struct level_row {
	const char *name;
	void (*call)(struct level_answer *a);
	bool seen;
} level_rows[] = {
	{ "spin_lock()", level_spin_lock, IS_ENABLED(CONFIG_PREEMPT_COUNT) },
	{ "spin_lock_bh()", level_spin_lock_bh, true },
	{ "spin_lock_irqsave()", level_spin_lock_irqsave, true },
	{ "raw_spin_lock()", level_raw_spin_lock, IS_ENABLED(CONFIG_PREEMPT_COUNT) },
	{ "read_lock()", level_read_lock, IS_ENABLED(CONFIG_PREEMPT_COUNT) },
	{ "local_bh_disable()", level_bh_disable, true },
	{ "rcu_read_lock()", level_rcu_read_lock, IS_ENABLED(CONFIG_PREEMPT_RT) },
};

static void level_refuses(const struct level_row *row)
{
	struct level_answer a = { .slot.la.QuadPart = -1 };

	row->call(&a);
	strain_expect(!a.slot.va, "AllocateCommonBuffer is allowed under %s", row->name);
	strain_expect(!a.slot.la.QuadPart, "under %s LogicalAddress is not cleared", row->name);
	strain_expect(!a.adapter, "IoGetDmaAdapter is allowed under %s", row->name);
	if (a.slot.va)
		strain_free(&a.slot);
	if (a.adapter)
		a.adapter->DmaOperations->PutDmaAdapter(a.adapter);
}

/*
 * The first round runs without a recycled page and the second with one. The fast path for a
 * recycled page must refuse the calls, too.
 */
void what_may_sleep_is_refused_under_locks(void)
{
	struct page_slot slot;
	unsigned int n, i;

	for (n = 0; n < 2; n++) {
		for (i = 0; i < ARRAY_SIZE(level_rows); i++)
			if (level_rows[i].seen)
				level_refuses(&level_rows[i]);
		slot.va = strain_alloc(&slot.la);
		strain_expect(slot.va, "AllocateCommonBuffer is refused at PASSIVE_LEVEL");
		if (slot.va)
			strain_free(&slot);
	}
}

/* Freed pages behind a strict IOMMU. */

/*
 * A page that was freed at PASSIVE_LEVEL must be unmapped at once. A page that was freed in
 * another context must be unmapped soon.
 */
static void rest_after_free_from(struct iommu_domain *domain, enum from from)
{
	struct strainer *s = kzalloc(sizeof(*s), GFP_KERNEL);
	unsigned int ms = from == FROM_THREAD ? 0 : 5000;
	struct page_slot slot = {};
	dma_addr_t la;

	if (s)
		slot.va = strain_alloc(&slot.la);
	la = slot.la.QuadPart;
	strain_expect(slot.va, "no memory");
	if (slot.va) {
		strain_expect(!memchr_inv(slot.va, 0, SZ_4K), "the page has old bytes");
		memset(slot.va, 1 + from, SZ_4K);
		strain_expect(iommu_iova_to_phys(domain, la), "the page is not mapped");
		strainer_open(s, from);
		strain_end_page(s, &slot);
		strain_wait_handed(s);
		strainer_close(s);
		while (iommu_iova_to_phys(domain, la) && ms--)
			usleep_range(1000, 2000);
		strain_expect(!iommu_iova_to_phys(domain, la), "freed from %s: still mapped",
			      strain_from_names[from]);
	}
	kfree(s);
}

void freed_page_is_not_mapped_by_a_strict_iommu(void)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&strain_pdev->dev);
	unsigned int n, from;

	if (!wdmdma_adapter_is_translated(strain_adapter)) {
		strain_skipped = "no IOMMU translates for this device";
		return;
	}
	if (domain->type != IOMMU_DOMAIN_DMA) {
		strain_skipped = "the IOMMU is not strict";
		return;
	}
	for (n = 0; n < 50; n++)
		for (from = 0; from < FROM_NR; from++)
			rest_after_free_from(domain, from);
}
