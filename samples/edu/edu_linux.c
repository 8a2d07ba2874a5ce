// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Linux half: a PCI driver for QEMU's "edu" device.
 *
 * The device has 4 KiB of memory of its own and a DMA engine that copies between it
 * and the bus. Three things to know: the engine does not report addresses that it
 * cannot reach, it drops the upper bits; a transfer that leaves the device's memory
 * ends QEMU; and each transfer takes 100 ms.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vmalloc.h>

#include <wdmdma/linux.h>

#include "edu.h"

#define EDU_ID			0x00
#define EDU_ID_MASK		0xffff
#define EDU_ID_VALUE		0x00ed
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_RUN		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)

/* Where the DMA engine sees the device's own memory. */
#define EDU_DEVICE_ADDRESS	0x40000

#define EDU_POLL_US		1000
#define EDU_TIMEOUT_US		(5 * USEC_PER_SEC)

#define EDU_SCATTERED_PAGES	(EDU_SCATTERED_LENGTH >> PAGE_SHIFT)

static unsigned int dma_bits = 28;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "address bits of the device: 28, or 32 with QEMU's -device edu,dma_mask=0xffffffff");

static bool private_domain;
module_param(private_domain, bool, 0444);
MODULE_PARM_DESC(private_domain, "ask for an IOMMU domain of the device's own");

/* The devices, as they came: the first copies, the second joins it, others stay outside. */
static struct edu_hardware *edu_first, *edu_second;

struct edu_hardware {
	struct pci_dev *pdev;
	void __iomem *regs;
	PDEVICE_OBJECT device_object;
	bool stuck;
	struct page *page[EDU_SCATTERED_PAGES];
	void *scattered;
	EDU_EXTENSION extension;
};

NTSTATUS EduTransfer(PEDU_HARDWARE hardware, PHYSICAL_ADDRESS logical_address, ULONG length,
		     BOOLEAN write_to_device)
{
	struct device *dev = &hardware->pdev->dev;
	u64 memory = logical_address.QuadPart;
	u64 command;

	if (hardware->stuck)
		return STATUS_DEVICE_NOT_READY;
	if (!length || length > EDU_LONGEST_TRANSFER || memory > dma_get_mask(dev) ||
	    length - 1 > dma_get_mask(dev) - memory)
		return STATUS_INVALID_PARAMETER;

	writeq(write_to_device ? memory : EDU_DEVICE_ADDRESS, hardware->regs + EDU_DMA_SOURCE);
	writeq(write_to_device ? EDU_DEVICE_ADDRESS : memory,
	       hardware->regs + EDU_DMA_DESTINATION);
	writeq(length, hardware->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_RUN | (write_to_device ? 0 : EDU_DMA_TO_MEMORY),
	       hardware->regs + EDU_DMA_COMMAND);

	if (readq_poll_timeout(hardware->regs + EDU_DMA_COMMAND, command,
			       !(command & EDU_DMA_RUN), EDU_POLL_US, EDU_TIMEOUT_US)) {
		/* It may still start. Keep it off the bus, for the buffers will be freed. */
		pci_clear_master(hardware->pdev);
		hardware->stuck = true;
		return STATUS_DEVICE_NOT_READY;
	}
	return STATUS_SUCCESS;
}

BOOLEAN EduIsTranslated(PEDU_HARDWARE hardware)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&hardware->pdev->dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

/* Only x86 has both types of memory for one device. */
BOOLEAN EduHasMemory(PEDU_HARDWARE hardware, BOOLEAN cached)
{
	return IS_ENABLED(CONFIG_X86) || dev_is_dma_coherent(&hardware->pdev->dev) == !!cached;
}

/* For those who read the log: what the IOMMU says between these two lines is as it should be. */
VOID EduExpectFaults(PEDU_HARDWARE hardware, BOOLEAN begin)
{
	if (!begin)
		msleep(300);
	dev_info(&hardware->pdev->dev, "%s IOMMU faults expected\n", begin ? "begin of" : "end of");
}

ULONGLONG EduPhysicalAddress(PVOID virtual_address)
{
	if (is_vmalloc_addr(virtual_address))
		return page_to_phys(vmalloc_to_page(virtual_address)) +
		       offset_in_page(virtual_address);
	return virt_to_phys(virtual_address);
}

VOID EduFreeScatteredMemory(PEDU_HARDWARE hardware)
{
	unsigned int i;

	vunmap(hardware->scattered);
	hardware->scattered = NULL;
	for (i = 0; i < EDU_SCATTERED_PAGES && hardware->page[i]; i++) {
		__free_pages(hardware->page[i], 1);
		hardware->page[i] = NULL;
	}
}

/* Two pages at a time, of which the first is used: so no two are adjacent. */
PVOID EduScatteredMemory(PEDU_HARDWARE hardware)
{
	unsigned int i;

	for (i = 0; i < EDU_SCATTERED_PAGES; i++) {
		hardware->page[i] = alloc_pages(GFP_KERNEL | GFP_DMA32, 1);
		if (!hardware->page[i])
			break;
	}
	if (i == EDU_SCATTERED_PAGES)
		hardware->scattered = vmap(hardware->page, EDU_SCATTERED_PAGES, VM_MAP,
					   PAGE_KERNEL);
	if (!hardware->scattered)
		EduFreeScatteredMemory(hardware);
	return hardware->scattered;
}

VOID EduLog(PEDU_HARDWARE hardware, const char *format, ...)
{
	struct va_format vaf = { .fmt = format };
	va_list args;

	va_start(args, format);
	vaf.va = &args;
	dev_info(&hardware->pdev->dev, "%pV\n", &vaf);
	va_end(args);
}

static int edu_errno(NTSTATUS status)
{
	if (NT_SUCCESS(status))
		return 0;
	return status == STATUS_INSUFFICIENT_RESOURCES ? -ENOMEM : -EIO;
}

static NTSTATUS edu_test(struct edu_hardware *hardware)
{
	EDU_EXTENSION *extension = &hardware->extension;

	if (!edu_first) {
		edu_first = hardware;
		return EduSelfTest(extension);
	}
	if (!edu_second) {
		edu_second = hardware;
		return EduShareDomain(extension, &edu_first->extension);
	}
	return EduStayOutside(extension, &edu_first->extension);
}

static void edu_forget(struct edu_hardware *hardware)
{
	if (edu_first == hardware)
		edu_first = NULL;
	if (edu_second == hardware)
		edu_second = NULL;
}

/* From here on it is the Windows half that works. */
static int edu_run(struct edu_hardware *hardware)
{
	EDU_EXTENSION *extension = &hardware->extension;
	NTSTATUS status;

	/* Without it the driver works too; the log has the reason. */
	if (private_domain && !wdmdma_device_use_private_domain(&hardware->pdev->dev))
		dev_info(&hardware->pdev->dev, "in an IOMMU domain of its own\n");

	hardware->device_object = wdmdma_device_object_get(&hardware->pdev->dev);
	if (!hardware->device_object)
		return -ENOMEM;

	status = EduStart(extension, hardware->device_object, hardware);
	if (!NT_SUCCESS(status))
		goto put_device_object;

	status = edu_test(hardware);
	pr_info("RESULT checks=%u bytes=%llu mismatches=%u\n",
		extension->Checks, extension->BytesMoved, extension->Mismatches);
	if (!NT_SUCCESS(status))
		goto stop;
	return 0;

stop:
	edu_forget(hardware);
	EduStop(extension);
put_device_object:
	wdmdma_device_object_put(hardware->device_object);
	return edu_errno(status);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_hardware *hardware;
	int ret;

	if (dma_bits < 24 || dma_bits > 64)
		return -EINVAL;
	hardware = devm_kzalloc(&pdev->dev, sizeof(*hardware), GFP_KERNEL);
	if (!hardware)
		return -ENOMEM;
	hardware->pdev = pdev;
	pci_set_drvdata(pdev, hardware);

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = pci_request_regions(pdev, KBUILD_MODNAME);
	if (ret)
		goto disable_device;
	hardware->regs = pci_iomap(pdev, 0, 0);
	if (!hardware->regs) {
		ret = -ENOMEM;
		goto release_regions;
	}
	if ((readl(hardware->regs + EDU_ID) & EDU_ID_MASK) != EDU_ID_VALUE) {
		ret = -ENODEV;
		goto iounmap;
	}
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(dma_bits));
	if (ret)
		goto iounmap;
	pci_set_master(pdev);

	ret = edu_run(hardware);
	if (ret)
		goto clear_master;
	return 0;

clear_master:
	pci_clear_master(pdev);
iounmap:
	pci_iounmap(pdev, hardware->regs);
release_regions:
	pci_release_regions(pdev);
disable_device:
	pci_disable_device(pdev);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu_hardware *hardware = pci_get_drvdata(pdev);

	edu_forget(hardware);
	EduStop(&hardware->extension);
	wdmdma_device_object_put(hardware->device_object);
	pci_clear_master(pdev);
	pci_iounmap(pdev, hardware->regs);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("Ported driver for QEMU's edu device, a sample of wdmdma");
MODULE_LICENSE("GPL");
