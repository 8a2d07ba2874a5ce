/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's edu devices, which copy bytes between memory and 4 KiB of their own. They are
 * told apart by their slots, which scripts/run-kunit sets. While the test module is loaded
 * they are bound, with the mask that each one has.
 *
 * Each copy takes the device 100 ms.
 */
#ifndef WDMDMA_KUNIT_EDU_H
#define WDMDMA_KUNIT_EDU_H

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/pci.h>

#include <wdmdma/types.h>

#define EDU_SLOT_32_BITS	0x10	/* this one and the two behind it: 32 address lines */
#define EDU_SLOT_40_BITS	0x13
#define EDU_SLOT_28_BITS	0x14	/* as QEMU has it by default */
#define EDU_SLOT_TWINS		0x15	/* two functions; the second counts as in the next slot */
#define EDU_DEVICES		7

#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_BUFFER		0x40000	/* in the device's own address space */
#define EDU_MOST		4095	/* QEMU 7.2 aborts when the last of its 4 KiB is used */

/**
 * struct edu - one device
 * @pdev: NULL while no driver is bound to it
 * @regs: its registers
 * @node: its node, when it was bound
 * @probed: of a test: called at the end of the probe function, and what that returns
 */
struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	int node;
	int (*probed)(struct pci_dev *pdev);
};

struct edu *edu_at(unsigned int slot);
struct edu *edu_with_adapter(struct kunit *test, unsigned int slot, ULONG width);
int edu_copy(const struct edu *edu, u64 from, u64 to, u32 count, u32 direction);
void edu_expect_round_trip(struct kunit *test, const struct edu *edu, u8 *va, u64 la, u32 offset,
			   u32 to, u32 count);
void edu_expect_iommu_faults(bool begin);
int edu_interrupt(const struct edu *edu);
void edu_expect_vector(struct kunit *test, const struct edu *edu);
int edu_set_domain(struct device *dev, const char *type);

#endif /* WDMDMA_KUNIT_EDU_H */
