/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's edu devices, which copy bytes between memory and an internal buffer of 4 KiB. A
 * device is known by its slot, which scripts/run-kunit sets. While the test module is
 * loaded, each device is bound, with the DMA mask of its address lines.
 *
 * Each copy takes 100 ms.
 */
#ifndef WDMDMA_KUNIT_EDU_H
#define WDMDMA_KUNIT_EDU_H

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/pci.h>

#include <wdmdma/types.h>

#define EDU_SLOT_32_BITS	0x10	/* first of three devices with 32 address lines */
#define EDU_SLOT_40_BITS	0x13
#define EDU_SLOT_28_BITS	0x14	/* QEMU's default */
#define EDU_SLOT_TWINS		0x15	/* two functions; the second counts as the next slot */
#define EDU_DEVICES		7

#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_BUFFER		0x40000	/* in the device's own address space */
#define EDU_MOST		4095	/* QEMU 7.2 aborts when the last byte is used */

/**
 * struct edu - one edu device
 * @pdev: PCI device, or NULL while no driver is bound
 * @regs: mapped registers
 * @node: NUMA node of the device when it was bound
 * @is_useless: its address lines reach no memory of the machine
 * @probed: optional function of a test, called at the end of the probe function, which
 *          returns its result
 */
struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	int node;
	bool is_useless;
	int (*probed)(struct pci_dev *pdev);
};

/**
 * struct edu_retype - argument of edu_retype()
 * @dev: device whose domain gets another type
 * @type: the type, as in sysfs
 * @ret: receives the result
 */
struct edu_retype {
	struct device *dev;
	const char *type;
	int ret;
};

struct edu *edu_at(unsigned int slot);
bool edu_is_there(struct kunit *test, unsigned int slot);
struct device *edu_or_fake_device(struct kunit *test);
struct edu *edu_with_adapter(struct kunit *test, unsigned int slot, ULONG width);
int edu_copy(const struct edu *edu, u64 from, u64 to, u32 count, u32 direction);
void edu_expect_round_trip(struct kunit *test, const struct edu *edu, u8 *va, u64 la, u32 offset,
			   u32 to, u32 count);
void edu_expect_iommu_faults(bool begin);
int edu_interrupt(const struct edu *edu);
void edu_expect_vector(struct kunit *test, const struct edu *edu);
int edu_set_domain(struct device *dev, const char *type);
void edu_retype(void *data);

#endif /* WDMDMA_KUNIT_EDU_H */
