// SPDX-License-Identifier: GPL-2.0-only
/* See edu.h. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>

#include "edu.h"
#include "helpers.h"

#define EDU_INTERRUPT_RAISE	0x60
#define EDU_INTERRUPT_CLEAR	0x64
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		BIT(0)

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};

static struct edu devices[EDU_DEVICES];

/* Return the device in this slot. Its pdev is NULL if no device is bound there. */
struct edu *edu_at(unsigned int slot)
{
	return &devices[slot - EDU_SLOT_32_BITS];
}

static unsigned int edu_address_lines(unsigned int slot)
{
	switch (slot) {
	case EDU_SLOT_40_BITS:
		return 40;
	case EDU_SLOT_28_BITS:
		return 28;
	default:
		return 32;
	}
}

/* Return the slot that edu_at() knows the device by. */
static unsigned int edu_slot(const struct pci_dev *pdev)
{
	return PCI_SLOT(pdev->devfn) + PCI_FUNC(pdev->devfn);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	unsigned int slot = edu_slot(pdev);
	struct edu *edu;
	int ret;

	if (slot < EDU_SLOT_32_BITS || slot >= EDU_SLOT_32_BITS + EDU_DEVICES)
		return -ENODEV;
	edu = edu_at(slot);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	edu->regs = pcim_iomap(pdev, 0, 0);
	if (!edu->regs)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(edu_address_lines(slot)));
	edu->is_useless = ret == -EIO;
	if (ret)
		return ret;
	pci_set_master(pdev);
	edu->node = dev_to_node(&pdev->dev);
	edu->pdev = pdev;
	ret = edu->probed ? edu->probed(pdev) : 0;
	if (ret)
		edu->pdev = NULL;
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	edu_at(edu_slot(pdev))->pdev = NULL;
}

static struct pci_driver edu_driver = {
	.name = "wdmdma_kunit",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

/* Unbinding a device takes half a second, so the devices stay bound for all suites. */
module_pci_driver(edu_driver);

/*
 * Return whether the machine has a device in this slot that reaches memory. If an earlier case has
 * left the device without its driver, bind the device again, because a case that is skipped for
 * this reason would not be missed.
 */
bool edu_is_there(struct kunit *test, unsigned int slot)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(edu_ids->vendor, edu_ids->device, pdev)) &&
	       edu_slot(pdev) != slot)
		;
	if (!pdev || edu_at(slot)->is_useless) {
		pci_dev_put(pdev);
		return false;
	}
	if (!edu_at(slot)->pdev)
		KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
	pci_dev_put(pdev);
	KUNIT_ASSERT_NOT_NULL(test, edu_at(slot)->pdev);
	return true;
}

/* Return the first device with 32 address lines, or a device without hardware if there is none. */
struct device *edu_or_fake_device(struct kunit *test)
{
	if (!edu_is_there(test, EDU_SLOT_32_BITS))
		return wdmdma_test_device(test);
	return &edu_at(EDU_SLOT_32_BITS)->pdev->dev;
}

/*
 * Return the device in this slot and leave an adapter for it in test->priv. Skip the
 * case if there is no device.
 */
struct edu *edu_with_adapter(struct kunit *test, unsigned int slot, ULONG width)
{
	if (edu_is_there(test, slot))
		test->priv = wdmdma_test_fixture_on(test, &edu_at(slot)->pdev->dev, width);
	else
		kunit_skip(test, "the machine has no such edu device");
	return edu_at(slot);
}

/* Make the device copy @count bytes, at most EDU_MOST. */
int edu_copy(const struct edu *edu, u64 from, u64 to, u32 count, u32 direction)
{
	u32 command;

	writeq(from, edu->regs + EDU_DMA_SOURCE);
	writeq(to, edu->regs + EDU_DMA_DESTINATION);
	writeq(count, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | direction, edu->regs + EDU_DMA_COMMAND);
	return readl_poll_timeout(edu->regs + EDU_DMA_COMMAND, command,
				  !(command & EDU_DMA_START), 1000, 5 * USEC_PER_SEC);
}

/* Expect that the device reads @count bytes at @offset of a buffer and writes them back at @to. */
void edu_expect_round_trip(struct kunit *test, const struct edu *edu, u8 *va, u64 la, u32 offset,
			   u32 to, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		WRITE_ONCE(va[offset + i], (u8)(i * 7 + offset + count));
		WRITE_ONCE(va[to + i], 0);
	}
	KUNIT_ASSERT_EQ(test, edu_copy(edu, la + offset, EDU_BUFFER, count, 0), 0);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, EDU_BUFFER, la + to, count, EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_EQ(test, memcmp(va + offset, va + to, count), 0);
}

/*
 * Mark the log for the host. IOMMU faults between the two lines are expected, and there
 * must be at least one fault. The IOMMU reports a fault with a delay.
 */
void edu_expect_iommu_faults(bool begin)
{
	if (!begin)
		msleep(300);
	pr_info("wdmdma: %s IOMMU faults expected\n", begin ? "begin of" : "end of");
}

static irqreturn_t edu_irq(int irq, void *came)
{
	complete(came);
	return IRQ_HANDLED;
}

/* Return 0 if the device's first MSI vector raises an interrupt, or a negative errno. */
int edu_interrupt(const struct edu *edu)
{
	int irq = pci_irq_vector(edu->pdev, 0), ret;
	DECLARE_COMPLETION_ONSTACK(came);

	ret = request_irq(irq, edu_irq, 0, "wdmdma_kunit", &came);
	if (ret)
		return ret;
	writel(1, edu->regs + EDU_INTERRUPT_RAISE);
	if (!wait_for_completion_timeout(&came, HZ))
		ret = -ETIMEDOUT;
	writel(1, edu->regs + EDU_INTERRUPT_CLEAR);
	free_irq(irq, &came);
	return ret;
}

/*
 * Allocate an MSI vector for the device and expect that it works. The caller must free
 * the vector.
 */
void edu_expect_vector(struct kunit *test, const struct edu *edu)
{
	KUNIT_ASSERT_EQ(test, pci_alloc_irq_vectors(edu->pdev, 1, 1, PCI_IRQ_MSI), 1);
	KUNIT_EXPECT_EQ(test, edu_interrupt(edu), 0);
}

/* Set the type of a group's default domain through sysfs. The device must have no driver. */
int edu_set_domain(struct device *dev, const char *type)
{
	struct file *file;
	ssize_t written;
	char path[96];
	loff_t at = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/type", dev_name(dev));
	file = filp_open(path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	written = kernel_write(file, type, strlen(type), &at);
	filp_close(file, NULL);
	return written < 0 ? written : 0;
}

/* A devres action, as if an administrator set the type right after the bus has let go. */
void edu_retype(void *data)
{
	struct edu_retype *retype = data;

	retype->ret = edu_set_domain(retype->dev, retype->type);
}
