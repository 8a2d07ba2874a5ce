// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the device, of the kernel and of the log that the Windows half needs. A
 * driver on Windows would use READ_REGISTER_ULONG, MmGetPhysicalAddress and DbgPrint.
 *
 * The device has 4 KiB of memory of its own and a DMA engine that copies between this memory
 * and the bus. The engine does not report addresses beyond its mask but drops their upper
 * bits. A transfer that leaves the device's memory ends QEMU. Each transfer takes 100 ms.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "edu_hardware.h"

#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_RUN		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)

/* The address of the device's own memory for the DMA engine. */
#define EDU_DEVICE_ADDRESS	0x40000

#define EDU_POLL_US		1000
#define EDU_TIMEOUT_US		(5 * USEC_PER_SEC)

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
		/*
		 * The transfer may still start. Keep the device off the bus, because the
		 * buffers will be freed.
		 */
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

/* Mark IOMMU faults in the log as expected. Faults between the two messages are no error. */
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

/* Allocate two pages at a time and use the first, so that no two pages are adjacent. */
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
