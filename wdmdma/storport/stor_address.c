// SPDX-License-Identifier: GPL-2.0-only
/* StorPort calls that translate the addresses of a miniport's memory, in both directions. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>

#include "address.h"
#include "storport/stor.h"
#include "storport/stor_srb.h"

/**
 * StorPortGetPhysicalAddress() - get the address of memory for the device
 * @hw_device_extension: the miniport's device extension
 * @srb: SRB whose data buffer, sense buffer or SrbExtension contains @virtual_address, or NULL
 *	for other memory
 * @virtual_address: address for the CPU, anywhere in the uncached extension, in memory of
 *	StorPortAllocateDmaMemory() and its relatives, or in the memory of @srb
 * @length: receives the number of bytes from there on that follow each other for the device, or
 *	0 on failure
 *
 * Answers to storport: StorPortGetPhysicalAddress. The address is the logical address. @length
 * is right for all kinds of memory.
 *
 * Differs from Windows: with an SRB, the call also finds memory that does not belong to the
 * SRB.
 *
 * Context: any.
 * Return: the address, or 0, with a message, for memory that the device does not share.
 */
STOR_PHYSICAL_ADDRESS StorPortGetPhysicalAddress(PVOID hw_device_extension,
						 PVOID srb, PVOID virtual_address, ULONG *length)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	STOR_PHYSICAL_ADDRESS address = {};
	dma_addr_t la = 0;
	size_t left = 0;

	if (length)
		*length = 0;
	if (!stor)
		return address;
	if (!length)
		wdmdma_report(__func__, "Length is NULL");
	else if (srb && !wdm_stor_srb_record(stor, srb))
		wdmdma_report(__func__, "Srb %p is none of this miniport", srb);
	else if (!(srb && wdm_stor_srb_address(stor, srb, virtual_address, &la, &left)) &&
		 wdmdma_virt_to_logical(stor->dma_adapter, virtual_address, &la, &left))
		wdmdma_report(__func__, "VirtualAddress %p is in no memory of this miniport%s",
			      virtual_address, srb ? " or Srb" : ", and Srb is NULL");
	else
		*length = min_t(size_t, left, U32_MAX);
	address.QuadPart = la;
	wdm_stor_put(stor);
	return address;
}
EXPORT_SYMBOL_GPL(StorPortGetPhysicalAddress);

/**
 * StorPortGetVirtualAddress() - get the address of memory for the CPU
 * @hw_device_extension: the miniport's device extension
 * @physical_address: address for the device, anywhere in the uncached extension or in an SRB
 *	extension
 *
 * Answers to storport: StorPortGetVirtualAddress.
 *
 * Differs from Windows: the call also finds all memory of StorPortAllocateDmaMemory() and its
 * relatives, but not the data buffer of an SRB.
 *
 * Context: any.
 * Return: the address, or NULL, with a message, if there is no such memory.
 */
PVOID StorPortGetVirtualAddress(PVOID hw_device_extension, STOR_PHYSICAL_ADDRESS physical_address)
{
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	size_t left;
	void *va;

	if (!stor)
		return NULL;
	va = wdmdma_logical_to_virt(stor->dma_adapter, physical_address.QuadPart, &left);
	if (!va)
		wdmdma_report(__func__, "PhysicalAddress %s is in no memory of this miniport",
			      WDMDMA_SHOWN(physical_address.QuadPart));
	wdm_stor_put(stor);
	return va;
}
EXPORT_SYMBOL_GPL(StorPortGetVirtualAddress);
