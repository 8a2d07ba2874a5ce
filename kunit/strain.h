/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations that the files of the strain driver share. */
#ifndef WDMDMA_KUNIT_STRAIN_H
#define WDMDMA_KUNIT_STRAIN_H

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include <wdmdma/dma.h>
#include <wdmdma/linux.h>

struct page_slot {
	void *va;
	PHYSICAL_ADDRESS la;
};

enum from {
	FROM_THREAD,
	FROM_SPIN_LOCK,
	FROM_SPIN_LOCK_BH,
	FROM_SPIN_LOCK_IRQSAVE,
	FROM_RAW_SPIN_LOCK,
	FROM_INTERRUPT,
	FROM_SOFTIRQ,
	FROM_NR,
};

extern const char * const strain_from_names[FROM_NR];

/* A thread that allocates pages, and the context in which the pages are freed. */
struct strainer {
	enum from from;
	spinlock_t lock;	/* the driver's own, held for a free */
	raw_spinlock_t raw_lock;
	struct irq_work work;
	struct tasklet_struct tasklet;
	struct page_slot handed;
	bool stop;
	unsigned long until;
	unsigned long pages;
	unsigned long refused;
	unsigned long wrong;
	struct completion done;
};

/* The device and the adapter of all cases. */
extern unsigned int strain_seconds;
extern struct pci_dev *strain_pdev;
extern PDEVICE_OBJECT strain_object;
extern PDMA_ADAPTER strain_adapter;
extern DEVICE_DESCRIPTION strain_description;

/* Results. Only the thread that loads the module writes them. */
extern const char *strain_name;		/* name of the running case */
extern const char *strain_skipped;	/* reason, if the case was skipped */
extern unsigned int strain_failures;	/* number of failures in the case */

__printf(1, 2) void strain_say(const char *format, ...);

#define strain_expect(condition, format, ...)						\
do {											\
	if (!(condition)) {								\
		strain_failures++;							\
		strain_say("    # %s: FAILED: " format, strain_name, ##__VA_ARGS__);	\
	}										\
} while (0)

void *strain_alloc(PHYSICAL_ADDRESS *la);
void strain_free(struct page_slot *slot);
void strain_end_page(struct strainer *s, struct page_slot *slot);
void strain_wait_handed(struct strainer *s);
void strainer_open(struct strainer *s, enum from from);
void strainer_close(struct strainer *s);

/* Cases. */
void pages_are_freed_by_threads(void);
void pages_are_freed_under_spin_lock(void);
void pages_are_freed_under_spin_lock_bh(void);
void pages_are_freed_under_spin_lock_irqsave(void);
void pages_are_freed_under_raw_spin_lock(void);
void pages_are_freed_in_hard_interrupts(void);
void pages_are_freed_in_softirqs(void);
void pages_are_freed_from_everywhere_at_once(void);
void what_may_sleep_is_refused_under_locks(void);
void freed_page_is_not_mapped_by_a_strict_iommu(void);

#endif /* WDMDMA_KUNIT_STRAIN_H */
