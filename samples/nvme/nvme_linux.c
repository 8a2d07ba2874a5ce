// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Linux half, a PCI driver for QEMU's NVMe controller in the place of the port driver.
 * The driver lets the miniport write a pattern to the disk and read the pattern back.
 *
 * The driver registers no block device, because the sample shows DMA and is no disk driver.
 * The driver overwrites the second MiB of the disk, so it must not bind to a real disk.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <wdmdma/linux.h>
#include <wdmdma/mdl.h>

#include "nvme.h"
#include "nvme_hardware.h"

#define NVME_AREA_FIRST		SZ_1M
#define NVME_AREA_LENGTH	SZ_1M

/* The offset of the data in its first page, so that the controller gets a short first piece. */
#define NVME_DATA_OFFSET	512

#define NVME_POLL_US		100
#define NVME_TIMEOUT_US		(30 * USEC_PER_SEC)

/* Let the miniport do a request. Poll for the end in the place of an interrupt. */
static int nvme_run(struct nvme_hardware *hardware, PSCSI_REQUEST_BLOCK srb)
{
	unsigned long waited;
	bool done = false;

	srb->OriginalRequest = &done;
	/* A port driver calls these two functions at DISPATCH_LEVEL. */
	local_bh_disable();
	NvmeMiniport.HwStartIo(hardware->extension, srb);
	local_bh_enable();
	for (waited = 0; !done && waited < NVME_TIMEOUT_US; waited += NVME_POLL_US) {
		NvmeWait(NVME_POLL_US);
		local_bh_disable();
		NvmeMiniport.HwInterrupt(hardware->extension);
		local_bh_enable();
	}
	if (!done) {
		/*
		 * The request may still complete. Keep the controller off the bus, because
		 * the memory will be freed.
		 */
		pci_clear_master(hardware->pdev);
		return -ETIMEDOUT;
	}
	return srb->SrbStatus == SRB_STATUS_SUCCESS ? 0 : -EIO;
}

/* Do a request for the disk from @first on. The MDL describes the memory. A flush has no MDL. */
static int nvme_request(struct nvme_hardware *hardware, u8 opcode, u64 first, PMDL mdl)
{
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(hardware->extension,
						    NvmeMiniport.SrbExtensionSize);
	u32 length = mdl ? mdl->ByteCount : 0;
	__be64 block;
	__be32 blocks;
	int ret = -EIO;

	if (!srb)
		return -ENOMEM;
	srb->Cdb[0] = opcode;
	block = cpu_to_be64(first / hardware->identity.BlockSize);
	memcpy(&srb->Cdb[2], &block, sizeof(block));
	blocks = cpu_to_be32(length / hardware->identity.BlockSize);
	memcpy(&srb->Cdb[10], &blocks, sizeof(blocks));
	if (mdl && !NT_SUCCESS(wdmdma_srb_map(hardware->extension, srb, mdl,
					      opcode == SCSIOP_WRITE16)))
		goto destroy;
	ret = nvme_run(hardware, srb);
	hardware->bytes += ret ? 0 : length;
	if (mdl)
		wdmdma_srb_unmap(hardware->extension, srb);
destroy:
	wdmdma_srb_destroy(hardware->extension, srb);
	return ret;
}

/* Read or write the whole area in requests of the greatest length. */
static int nvme_move(struct nvme_hardware *hardware, u8 opcode, void *data)
{
	u32 done, step;
	PMDL mdl;
	int ret;

	for (done = 0; done < NVME_AREA_LENGTH; done += step) {
		step = min_t(u32, NVME_AREA_LENGTH - done, NVME_LONGEST_TRANSFER);
		mdl = IoAllocateMdl(data + done, step, FALSE, FALSE, NULL);
		if (!mdl)
			return -ENOMEM;
		MmBuildMdlForNonPagedPool(mdl);
		ret = nvme_request(hardware, opcode, NVME_AREA_FIRST + done, mdl);
		IoFreeMdl(mdl);
		if (ret)
			return ret;
	}
	return 0;
}

/* Return the word at @index of the pattern. The host compares the disk with the same pattern. */
static __le32 nvme_pattern(u32 index)
{
	return cpu_to_le32((index + 1) * 0x9e3779b1);
}

static int nvme_write_and_read(struct nvme_hardware *hardware, __le32 *data)
{
	u32 i;
	int ret;

	for (i = 0; i < NVME_AREA_LENGTH / 4; i++)
		data[i] = nvme_pattern(i);
	ret = nvme_move(hardware, SCSIOP_WRITE16, data);
	if (!ret)
		ret = nvme_request(hardware, SCSIOP_SYNCHRONIZE_CACHE16, 0, NULL);
	memset(data, 0, NVME_AREA_LENGTH);
	if (!ret)
		ret = nvme_move(hardware, SCSIOP_READ16, data);
	if (ret)
		return ret;
	for (i = 0; i < NVME_AREA_LENGTH / 4; i++)
		if (data[i] != nvme_pattern(i))
			hardware->mismatches++;
	hardware->checks++;
	NvmeLog(hardware, "wrote %u KiB, flushed, read back in pieces of %u KiB: %llu words wrong",
		NVME_AREA_LENGTH / SZ_1K, NVME_LONGEST_TRANSFER / SZ_1K, hardware->mismatches);
	return hardware->mismatches ? -EIO : 0;
}

static int nvme_self_test(struct nvme_hardware *hardware)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&hardware->pdev->dev);
	NVME_IDENTITY *identity = &hardware->identity;
	void *memory;
	int ret;

	NvmeLog(hardware, "DMA of this device is %s", domain && iommu_is_dma_domain(domain) ?
		"translated by an IOMMU" : "not translated");
	NvmeLog(hardware, "model \"%s\", %llu blocks of %u bytes, %llu MiB", strim(identity->Model),
		identity->Blocks, identity->BlockSize,
		identity->Blocks * identity->BlockSize / SZ_1M);
	if (identity->Blocks * identity->BlockSize < NVME_AREA_FIRST + NVME_AREA_LENGTH)
		return -ENOSPC;

	/* The pages of this memory are not contiguous. */
	memory = vmalloc(NVME_DATA_OFFSET + NVME_AREA_LENGTH);
	if (!memory)
		return -ENOMEM;
	ret = nvme_write_and_read(hardware, memory + NVME_DATA_OFFSET);
	vfree(memory);
	return ret;
}

static int nvme_start(struct nvme_hardware *hardware)
{
	PORT_CONFIGURATION_INFORMATION config;
	int ret;

	wdmdma_port_configuration_init(&config);
	hardware->extension = wdmdma_hw_device_extension_create(&hardware->pdev->dev,
								NvmeMiniport.DeviceExtensionSize);
	if (!hardware->extension)
		return -ENOMEM;
	ret = -EIO;
	if (!NvmeMiniport.HwFindAdapter(hardware->extension, hardware, &config))
		goto destroy;
	if (!NvmeMiniport.HwInitialize(hardware->extension, &hardware->identity))
		goto free_resources;
	ret = nvme_self_test(hardware);
	pr_info("RESULT checks=%u bytes=%llu mismatches=%llu\n",
		hardware->checks, hardware->bytes, hardware->mismatches);
	if (!ret)
		return 0;

free_resources:
	NvmeMiniport.HwFreeAdapterResources(hardware->extension);
destroy:
	wdmdma_hw_device_extension_destroy(hardware->extension);
	return ret;
}

static int nvme_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nvme_hardware *hardware;
	int ret;

	hardware = devm_kzalloc(&pdev->dev, sizeof(*hardware), GFP_KERNEL);
	if (!hardware)
		return -ENOMEM;
	hardware->pdev = pdev;
	pci_set_drvdata(pdev, hardware);

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	hardware->regs = pcim_iomap(pdev, 0, 0);
	if (!hardware->regs)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	pci_set_master(pdev);

	ret = nvme_start(hardware);
	if (ret)
		pci_clear_master(pdev);
	return ret;
}

static void nvme_remove(struct pci_dev *pdev)
{
	struct nvme_hardware *hardware = pci_get_drvdata(pdev);

	NvmeMiniport.HwFreeAdapterResources(hardware->extension);
	wdmdma_hw_device_extension_destroy(hardware->extension);
	pci_clear_master(pdev);
}

static const struct pci_device_id nvme_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, 0x0010) },
	{}
};

static struct pci_driver nvme_driver = {
	.name = KBUILD_MODNAME,
	.id_table = nvme_ids,
	.probe = nvme_probe,
	.remove = nvme_remove,
};
module_pci_driver(nvme_driver);

MODULE_DESCRIPTION("Ported StorPort miniport for NVMe, a sample of wdmdma");
MODULE_LICENSE("GPL");
