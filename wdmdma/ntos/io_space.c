// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of device memory. Each one is in the table of blocks, so that an unmap of another
 * address or length does no harm.
 */
#include "ntos/ntos.h"

#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/processor.h>

#include <ddk/wdm/io.h>

#include "compat.h"
#include "ntos/block.h"

/* Values of Windows. Linux uses the names PAGE_READONLY and the like for something else. */
#define NT_PAGE_READONLY	0x02
#define NT_PAGE_READWRITE	0x04
#define NT_PAGE_NOCACHE		0x200
#define NT_PAGE_WRITECOMBINE	0x400

static unsigned int nt_physical_bits(void)
{
#ifdef CONFIG_X86
	return boot_cpu_data.x86_phys_bits;
#else
	return MAX_PHYSMEM_BITS;
#endif
}

/* Return true if a range begins in a BAR of a device and ends behind it. */
static bool nt_leaves_bar(u64 first, u64 last)
{
	struct pci_dev *device = NULL;
	bool leaves = false;
	int bar;

	for_each_pci_dev(device)
		for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
			leaves |= pci_resource_flags(device, bar) & IORESOURCE_MEM &&
				  first >= pci_resource_start(device, bar) &&
				  first <= pci_resource_end(device, bar) &&
				  last > PAGE_ALIGN(pci_resource_end(device, bar)) - 1;
	return leaves;
}

/* Return the reason why a range is refused, or NULL. */
static const char *nt_io_space_check(u64 first, size_t length)
{
	const u64 last = first + length - 1;

	if (!length)
		return "NumberOfBytes is 0";
	if (last < first || last >> nt_physical_bits())
		return "the range ends above the last physical address";
	if (region_intersects(first, length, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return "the range has RAM, which is no device memory";
	if (nt_leaves_bar(first, last))
		return "the range ends behind the BAR in which it begins";
	return NULL;
}

static void __iomem *nt_io_remap(u64 first, size_t length, MEMORY_CACHING_TYPE cache_type)
{
	switch (cache_type) {
	case MmCached:
		return ioremap_cache(first, length);
	case MmWriteCombined:
		return ioremap_wc(first, length);
	default:
		return ioremap(first, length);
	}
}

static PVOID nt_io_space_map(u64 first, size_t length, MEMORY_CACHING_TYPE cache_type,
			     const char *call)
{
	const char *fault = nt_io_space_check(first, length);
	struct nt_block *block = NULL;
	void __iomem *mapped;

	if (!fault) {
		block = nt_block_alloc(WDMDMA_GFP);
		mapped = block ? nt_io_remap(first, length, cache_type) : NULL;
		if (mapped) {
			block->address = (unsigned long)mapped;
			block->kind = NT_BLOCK_IO_SPACE;
			block->key = length;
			block->size = length;
			nt_block_add(block);
			return (void __force *)mapped;
		}
		fault = "the kernel cannot map the range";
	}
	nt_block_drop(block);
	wdmdma_report(call, "%s", fault);
	return NULL;
}

/**
 * MmMapIoSpace() - map device memory for the CPU
 * @physical_address: first byte, with any alignment
 * @number_of_bytes: length, not 0
 * @cache_type: MmNonCached, MmCached or MmWriteCombined
 *
 * Answers to wdm: MmMapIoSpace.
 *
 * Differs from Windows: RAM is refused, with each cache type. Linux maps it already, and a page
 * that the driver has not allocated may get another owner. The call fails above PASSIVE_LEVEL. A
 * range that ends behind the BAR in which it begins is refused.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address of the first byte, or NULL with the reason in the log.
 */
PVOID MmMapIoSpace(PHYSICAL_ADDRESS physical_address, SIZE_T number_of_bytes,
		   MEMORY_CACHING_TYPE cache_type)
{
	if (nt_above_passive(__func__))
		return NULL;
	if (cache_type != MmNonCached && cache_type != MmCached && cache_type != MmWriteCombined) {
		wdmdma_report(__func__, "CacheType %d is unknown", cache_type);
		return NULL;
	}
	return nt_io_space_map(physical_address.QuadPart, number_of_bytes, cache_type, __func__);
}
EXPORT_SYMBOL_GPL(MmMapIoSpace);

/* Set @cache_type to what a page protection asks for. Return false if it is refused. */
static bool nt_read_protection(ULONG protect, MEMORY_CACHING_TYPE *cache_type)
{
	const ULONG cache = protect & (NT_PAGE_NOCACHE | NT_PAGE_WRITECOMBINE);
	const ULONG access = protect & ~cache;

	if (cache == NT_PAGE_NOCACHE)
		*cache_type = MmNonCached;
	else
		*cache_type = cache ? MmWriteCombined : MmCached;
	return (access == NT_PAGE_READONLY || access == NT_PAGE_READWRITE) &&
	       cache != (NT_PAGE_NOCACHE | NT_PAGE_WRITECOMBINE);
}

/**
 * MmMapIoSpaceEx() - map device memory for the CPU
 * @physical_address: first byte, with any alignment
 * @number_of_bytes: length, not 0
 * @protect: PAGE_READONLY or PAGE_READWRITE, and PAGE_NOCACHE or PAGE_WRITECOMBINE. Without the
 *	latter the memory is cached
 *
 * Answers to wdm: MmMapIoSpaceEx.
 *
 * Differs from Windows: as MmMapIoSpace() does. Code in device memory is refused. With
 * PAGE_READONLY the memory can be written too.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the address of the first byte, or NULL with the reason in the log.
 */
PVOID MmMapIoSpaceEx(PHYSICAL_ADDRESS physical_address, SIZE_T number_of_bytes, ULONG protect)
{
	MEMORY_CACHING_TYPE cache_type;

	if (nt_above_passive(__func__))
		return NULL;
	if (!nt_read_protection(protect, &cache_type)) {
		wdmdma_report(__func__, "Protect 0x%x is refused", protect);
		return NULL;
	}
	return nt_io_space_map(physical_address.QuadPart, number_of_bytes, cache_type, __func__);
}
EXPORT_SYMBOL_GPL(MmMapIoSpaceEx);

/**
 * MmUnmapIoSpace() - unmap device memory
 * @base_address: from MmMapIoSpace() or MmMapIoSpaceEx()
 * @number_of_bytes: as given there
 *
 * Answers to wdm: MmUnmapIoSpace. Another address or length is reported and changes nothing. At
 * DISPATCH_LEVEL the mapping ends a moment later.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void MmUnmapIoSpace(PVOID base_address, SIZE_T number_of_bytes)
{
	struct nt_block *block;
	u64 mapped;

	if (nt_above_dispatch(__func__))
		return;
	block = nt_block_take(NT_BLOCK_IO_SPACE, base_address, number_of_bytes, false, &mapped);
	if (IS_ERR(block))
		wdmdma_report(__func__, "NumberOfBytes is %zu, but %llu bytes are mapped",
			      number_of_bytes, mapped);
	else if (!block)
		wdmdma_report(__func__, "BaseAddress %p is no mapping", base_address);
	else if (nt_is_atomic())
		nt_block_defer(block);
	else
		nt_block_free(block);
}
EXPORT_SYMBOL_GPL(MmUnmapIoSpace);
