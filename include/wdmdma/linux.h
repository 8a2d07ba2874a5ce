/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one header with Linux types, for the Linux half of a ported driver (module_init, probe,
 * remove). The files of the Windows half must include the ddk/ headers instead.
 */
#ifndef WDMDMA_LINUX_H
#define WDMDMA_LINUX_H

#include <linux/device.h>

#include <wdmdma/mdl.h>
#include <wdmdma/storport.h>
#include <wdmdma/types.h>

PDEVICE_OBJECT wdmdma_device_object_get(struct device *dev);
void wdmdma_device_object_put(PDEVICE_OBJECT device_object);
bool wdmdma_device_object_is_live(PDEVICE_OBJECT device_object);
PDEVICE_OBJECT wdmdma_device_object_hold(struct device *dev, const char *call);
void wdmdma_device_object_drop(PDEVICE_OBJECT device_object);
int wdmdma_device_use_private_domain(struct device *dev);

/**
 * struct wdmdma_buffer_info - the real attributes of a common buffer or an element of a vector
 * @va: address of the first byte for the CPU
 * @la: address of the first byte for the device
 * @length: bytes that were asked for
 * @size: bytes of the memory, in whole pages
 * @node: NUMA node of the memory, or NUMA_NO_NODE for several nodes
 * @cache: cache type for the CPU, which is MmCached, MmNonCached or MmWriteCombined
 * @page_size: PAGE_SIZE, or 2 MiB if all memory of the allocation consists of such pages, also for
 *	the IOMMU, if there is one
 * @contiguous: the pages follow each other in physical memory
 */
struct wdmdma_buffer_info {
	void *va;
	dma_addr_t la;
	size_t length;
	size_t size;
	int node;
	MEMORY_CACHING_TYPE cache;
	size_t page_size;
	bool contiguous;
};

int wdmdma_virt_to_logical(PDMA_ADAPTER adapter, const void *va, dma_addr_t *la, size_t *left);
void *wdmdma_logical_to_virt(PDMA_ADAPTER adapter, dma_addr_t la, size_t *left);
bool wdmdma_adapter_is_translated(PDMA_ADAPTER adapter);
int wdmdma_buffer_info_get(PDMA_ADAPTER adapter, const void *va, struct wdmdma_buffer_info *info);

/* Functions for the work of the port driver, with which StorPort serves a miniport. */

/**
 * wdmdma_port_configuration_init() - set a configuration to what StorPort tells a miniport
 * @config: the configuration, for HwFindAdapter
 *
 * Members for which StorPort has no default are 0. The Linux half may set others, like the access
 * ranges or the slot, before it calls HwFindAdapter, and reads afterwards what the miniport set.
 *
 * Context: Any.
 */
static inline void wdmdma_port_configuration_init(PPORT_CONFIGURATION_INFORMATION config)
{
	*config = (PORT_CONFIGURATION_INFORMATION) {
		.Length = sizeof(*config),
		.AdapterInterfaceType = PCIBus,
		.MaximumTransferLength = SP_UNINITIALIZED_VALUE,
		.NumberOfPhysicalBreaks = 0x11,
		.DmaChannel = SP_UNINITIALIZED_VALUE,
		.DmaPort = SP_UNINITIALIZED_VALUE,
		.InitiatorBusId[0] = (CCHAR)0xFF,
		.ScatterGather = TRUE,
		.Master = TRUE,
		.Dma32BitAddresses = TRUE,
		.NeedPhysicalAddresses = TRUE,
		.TaggedQueuing = TRUE,
		.AutoRequestSense = TRUE,
		.MultipleRequestPerLu = TRUE,
		.MaximumNumberOfTargets = SCSI_MAXIMUM_TARGETS_PER_BUS,
		.Dma64BitAddresses = SCSI_DMA64_SYSTEM_SUPPORTED,
		.MaximumNumberOfLogicalUnits = SCSI_MAXIMUM_LOGICAL_UNITS,
		.WmiDataProvider = TRUE,
		.MaxNumberOfIO = 1000,
		.MaxIOsPerLun = 255,
		.InitialLunQueueDepth = 20,
	};
}

PVOID wdmdma_hw_device_extension_create(struct device *dev, size_t size);
void wdmdma_hw_device_extension_destroy(PVOID hw_device_extension);
PSCSI_REQUEST_BLOCK wdmdma_srb_create(PVOID hw_device_extension, size_t srb_extension_size);
PSTORAGE_REQUEST_BLOCK wdmdma_srb_create_ex(PVOID hw_device_extension, size_t srb_extension_size);
NTSTATUS wdmdma_srb_map(PVOID hw_device_extension, PVOID srb, PMDL mdl, bool write_to_device);
void wdmdma_srb_unmap(PVOID hw_device_extension, PVOID srb);
void wdmdma_srb_destroy(PVOID hw_device_extension, PVOID srb);

#endif /* WDMDMA_LINUX_H */
