// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Linux half, a PCI driver for QEMU's "edu" device. It makes the objects of KMDF, hands over
 * interrupts, and stands for the queue of requests. It writes a pattern to each device, and reads
 * it back into other memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vmalloc.h>

#include <wdmdma/wdf.h>

#include "edu_wdf_hardware.h"

static WDFDRIVER edu_driver_object;

static irqreturn_t edu_irq(int irq, void *data)
{
	struct edu_hardware *hardware = data;

	return wdmdma_wdf_interrupt(hardware->interrupt, 0) ? IRQ_HANDLED : IRQ_NONE;
}

static VOID edu_completed(PVOID context, NTSTATUS status, ULONG_PTR information)
{
	struct edu_hardware *hardware = context;

	hardware->status = status;
	hardware->bytes = information;
	complete(&hardware->done);
}

/* Give the driver a request for this memory, and wait for its completion. */
static int edu_request(struct edu_hardware *hardware, void *memory, size_t length, bool write)
{
	PMDL mdl = IoAllocateMdl(memory, length, FALSE, FALSE, NULL);
	struct wdmdma_wdf_request_config config = {
		.type = write ? WdfRequestTypeWrite : WdfRequestTypeRead,
		.input_length = write ? length : 0,
		.output_length = write ? 0 : length,
		.mdl = mdl,
		.complete = edu_completed,
		.context = hardware,
	};
	WDFREQUEST request;
	int ret = -ENOMEM;

	if (!mdl)
		return ret;
	MmBuildMdlForNonPagedPool(mdl);
	reinit_completion(&hardware->done);
	if (NT_SUCCESS(wdmdma_wdf_request_create(hardware->device, &config, NULL, &request))) {
		if (write)
			EduEvtIoWrite(hardware->device, request);
		else
			EduEvtIoRead(hardware->device, request);
		wait_for_completion(&hardware->done);
		ret = NT_SUCCESS(hardware->status) && hardware->bytes == length ? 0 : -EIO;
	}
	IoFreeMdl(mdl);
	return ret;
}

/* Memory of vmalloc() is scattered, so lists have several elements. */
static int edu_test(struct edu_hardware *hardware)
{
	unsigned int n, wrong = 0, length = EDU_REQUEST_MEMORY;
	u8 *memory = vzalloc(4 * PAGE_SIZE);
	u8 *from = memory + 1000, *to = memory + 3 * PAGE_SIZE - 300;
	int ret = -ENOMEM;

	if (!memory)
		return ret;
	for (n = 0; n < length; n++)
		from[n] = n * 5 + (n >> 8);
	ret = edu_request(hardware, from, length, true);
	if (!ret)
		ret = edu_request(hardware, to, length, false);
	for (n = 0; !ret && n < length; n++)
		wrong += to[n] != (u8)(n * 5 + (n >> 8));
	pr_info("RESULT checks=%u bytes=%u mismatches=%u\n", ret ? 0 : 2,
		2 * (length + EDU_COMMON_LENGTH), wrong);
	vfree(memory);
	return ret ?: wrong ? -EIO : 0;
}

static int edu_run(struct edu_hardware *hardware)
{
	struct device *dev = &hardware->pdev->dev;
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	bool translated = domain && domain->type != IOMMU_DOMAIN_IDENTITY;
	NTSTATUS status;
	int ret;

	dev_info(dev, "DMA of this device is %s\n",
		 translated ? "translated by an IOMMU" : "not translated");
	status = wdmdma_wdf_device_create(edu_driver_object, dev, NULL, &hardware->device);
	if (NT_SUCCESS(status))
		status = EduPrepareHardware(hardware->device, hardware, &hardware->interrupt);
	if (!NT_SUCCESS(status))
		return -EIO;
	ret = pci_request_irq(hardware->pdev, 0, edu_irq, NULL, hardware, KBUILD_MODNAME);
	if (ret)
		return ret;
	hardware->has_irq = true;
	hardware->in_d0 = true;
	status = wdmdma_wdf_device_power_up(hardware->device);
	if (NT_SUCCESS(status))
		status = EduSelfTest(hardware->device);
	return NT_SUCCESS(status) ? edu_test(hardware) : -EIO;
}

/* The device is quiet first, then nothing is called any more, and the objects go last. */
static void edu_stop(struct edu_hardware *hardware)
{
	pci_clear_master(hardware->pdev);
	if (hardware->in_d0)
		wdmdma_wdf_device_power_down(hardware->device);
	if (hardware->has_irq)
		pci_free_irq(hardware->pdev, 0, hardware);
	wdmdma_wdf_device_delete(hardware->device);
	pci_free_irq_vectors(hardware->pdev);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_hardware *hardware;
	int ret;

	hardware = devm_kzalloc(&pdev->dev, sizeof(*hardware), GFP_KERNEL);
	if (!hardware)
		return -ENOMEM;
	hardware->pdev = pdev;
	init_completion(&hardware->done);
	pci_set_drvdata(pdev, hardware);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	hardware->regs = pcim_iomap(pdev, 0, 0);
	if (!hardware->regs)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (ret > 0)
		ret = edu_run(hardware);
	if (ret)
		edu_stop(hardware);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	edu_stop(pci_get_drvdata(pdev));
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

static int __init edu_init(void)
{
	int ret;

	if (!NT_SUCCESS(wdmdma_wdf_driver_create(THIS_MODULE, NULL, &edu_driver_object)))
		return -ENOMEM;
	ret = pci_register_driver(&edu_driver);
	if (ret)
		wdmdma_wdf_driver_delete(edu_driver_object);
	return ret;
}

static void __exit edu_exit(void)
{
	pci_unregister_driver(&edu_driver);
	wdmdma_wdf_driver_delete(edu_driver_object);
}

module_init(edu_init);
module_exit(edu_exit);

MODULE_DESCRIPTION("Ported KMDF driver for QEMU's edu device, a sample of wdmdma");
MODULE_LICENSE("GPL");
