// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: page frames and physical addresses of kernel memory. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_common.h"

/*
 * Return true if the memory is mapped page by page. Static memory of a module is, too, and is
 * nonpaged as on Windows.
 */
static bool wdm_is_mapped_by_page(const void *va)
{
#ifdef MODULES_VADDR
	if ((unsigned long)va >= MODULES_VADDR && (unsigned long)va < MODULES_END)
		return true;
#endif
	return is_vmalloc_addr(va);
}

/* Return true if the page is present and memory, so that vmalloc_to_page() may be called. */
static bool wdm_has_page(const void *va)
{
#if defined(CONFIG_X86) && !defined(CONFIG_SPARSEMEM_VMEMMAP)
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)va, &level);

	/* Device memory has no struct page, so not even the address of one can be computed. */
	if (!pte || !pte_present(*pte) || !pfn_valid(pte_pfn(*pte)))
		return false;
#endif
	return true;
}

/*
 * Set @pfn to the page frame behind an address of the kernel, whichever way the page is mapped.
 * Return false if there is no memory of the kernel. Any context.
 */
bool wdm_kernel_pfn(const void *va, PFN_NUMBER *pfn)
{
	struct page *page;

	if (wdm_is_mapped_by_page(va)) {
		page = wdm_has_page(va) ? vmalloc_to_page(va) : NULL;
		if (page)
			*pfn = page_to_pfn(page);
		return page && pfn_valid(*pfn);
	}
	if (!virt_addr_valid(va))
		return false;
	*pfn = PHYS_PFN(virt_to_phys((void *)va));
	return true;
}

/**
 * MmGetPhysicalAddress() - the CPU's physical address of kernel memory
 * @base_address: an address of kmalloc, vmalloc, contiguous or common-buffer memory
 *
 * Answers to wdm: MmGetPhysicalAddress. A device must not use this address, because with an IOMMU
 * the logical address of the buffer is another one.
 *
 * Context: any.
 * Return: the address, or 0 with a message if there is no memory of the kernel.
 */
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID base_address)
{
	PHYSICAL_ADDRESS address = {};
	PFN_NUMBER pfn;

	if (wdm_kernel_pfn(base_address, &pfn))
		address.QuadPart = PFN_PHYS(pfn) + offset_in_page(base_address);
	else
		wdmdma_report(__func__, "%p is no memory of the kernel", base_address);
	return address;
}
EXPORT_SYMBOL_GPL(MmGetPhysicalAddress);
