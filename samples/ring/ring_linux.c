// SPDX-License-Identifier: GPL-2.0-only
/* The Linux half, which finds the device and connects its interrupt. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <wdmdma/linux.h>

#include "ring.h"
#include "ring_hardware.h"

static irqreturn_t ring_interrupt(int irq, void *data)
{
	struct ring_hardware *hardware = data;

	return RingInterrupt(hardware->extension) ? IRQ_HANDLED : IRQ_NONE;
}

static int ring_self_test(struct ring_hardware *hardware)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&hardware->pdev->dev);
	RING_RESULT result;
	NTSTATUS status;

	dev_info(&hardware->pdev->dev, "DMA of this device is %s\n",
		 domain && domain->type != IOMMU_DOMAIN_IDENTITY ? "translated by an IOMMU" :
								   "not translated");
	status = RingSelfTest(hardware->extension, &result);
	pr_info("RESULT checks=%u bytes=%llu mismatches=%u\n", result.Checks, result.BytesMoved,
		result.Mismatches);
	return NT_SUCCESS(status) ? 0 : -EIO;
}

/* Start the Windows half, connect the interrupt, and try both. */
static int ring_start(struct ring_hardware *hardware)
{
	struct pci_dev *pdev = hardware->pdev;
	PHYSICAL_ADDRESS registers = { .QuadPart = pci_resource_start(pdev, 0) };
	int ret;

	hardware->device_object = wdmdma_device_object_get(&pdev->dev);
	if (!hardware->device_object)
		return -ENOMEM;
	hardware->extension = RingAddDevice(hardware->device_object, registers,
					    pci_resource_len(pdev, 0), hardware);
	if (!hardware->extension) {
		ret = -ENODEV;
		goto put_device_object;
	}
	ret = request_irq(pci_irq_vector(pdev, 0), ring_interrupt, IRQF_SHARED, KBUILD_MODNAME,
			  hardware);
	if (ret)
		goto remove;
	ret = ring_self_test(hardware);
	if (!ret)
		return 0;
	free_irq(pci_irq_vector(pdev, 0), hardware);
remove:
	RingRemoveDevice(hardware->extension);
put_device_object:
	wdmdma_device_object_put(hardware->device_object);
	return ret;
}

static int ring_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ring_hardware *hardware;
	int ret;

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
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		goto release_regions;
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (ret < 0)
		goto release_regions;
	pci_set_master(pdev);
	ret = ring_start(hardware);
	if (!ret)
		return 0;

	pci_clear_master(pdev);
	pci_free_irq_vectors(pdev);
release_regions:
	pci_release_regions(pdev);
disable_device:
	pci_disable_device(pdev);
	return ret;
}

static void ring_remove(struct pci_dev *pdev)
{
	struct ring_hardware *hardware = pci_get_drvdata(pdev);

	free_irq(pci_irq_vector(pdev, 0), hardware);
	RingRemoveDevice(hardware->extension);
	wdmdma_device_object_put(hardware->device_object);
	pci_clear_master(pdev);
	pci_free_irq_vectors(pdev);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

static const struct pci_device_id ring_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, ring_ids);

static struct pci_driver ring_driver = {
	.name = KBUILD_MODNAME,
	.id_table = ring_ids,
	.probe = ring_probe,
	.remove = ring_remove,
};
module_pci_driver(ring_driver);

MODULE_DESCRIPTION("Ported driver that uses wdmdma_ntos, a sample of wdmdma");
MODULE_LICENSE("GPL");
