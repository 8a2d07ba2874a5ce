// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Linux half, a PCI driver for QEMU's "edu" device. It sets up the device and
 * calls the Windows half.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <wdmdma/linux.h>

#include "edu.h"
#include "edu_hardware.h"

#define EDU_ID			0x00
#define EDU_ID_MASK		0xffff
#define EDU_ID_VALUE		0x00ed

static unsigned int dma_bits = 28;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "address bits of the device: 28, or 32 with QEMU's -device edu,dma_mask=0xffffffff");

static bool private_domain;
module_param(private_domain, bool, 0444);
MODULE_PARM_DESC(private_domain, "ask for an IOMMU domain of the device's own");

/*
 * The devices in the order of their probe. The first one copies, the second one joins the
 * first, and all others stay outside.
 */
static struct edu_hardware *edu_first, *edu_second;

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

/* Run the Windows half. */
static int edu_run(struct edu_hardware *hardware)
{
	EDU_EXTENSION *extension = &hardware->extension;
	NTSTATUS status;

	/* The driver also works without a private domain. The log has the reason of a refusal. */
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
