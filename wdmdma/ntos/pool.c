// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pool. A block below a page has a power of two of bytes, so kmalloc() aligns it to that and no
 * block crosses a page. Longer blocks are whole pages. The tag and the length stand in the table
 * of blocks, not in the memory, so a wrong free is noticed before anything is touched. Paged pool
 * is the same memory, because the kernel pages nothing out.
 */
#include "ntos/ntos.h"

#include <linux/err.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>
#include <wdmdma/pool.h>

#include <ddk/wdm/pool.h>

#include "compat.h"
#include "ntos/block.h"
#include "ntos/going.h"
#include "ntos/pool.h"

#define NT_POOL_ALIGNMENT	16
#define NT_POOL_MOST_PAGES	(PAGE_SIZE << MAX_PAGE_ORDER)

#define NT_POOL_KINDS		(POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | \
				 POOL_FLAG_PAGED)
#define NT_POOL_REQUIRED	0xFFFFFFFFULL
#define NT_POOL_KNOWN		(NT_POOL_KINDS | POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED | \
				 POOL_FLAG_SESSION | POOL_FLAG_CACHE_ALIGNED | \
				 POOL_FLAG_RAISE_ON_FAILURE)
/* The bit that the cache-aligned types have in common. */
#define NT_POOL_TYPE_ALIGNED	NonPagedPoolCacheAligned

#define NT_POOL_TYPES		(BIT(NonPagedPool) | BIT(PagedPool) | \
				 BIT(NonPagedPoolCacheAligned) | BIT(PagedPoolCacheAligned))
#define NT_POOL_TYPE_FLAGS	(NonPagedPoolSession | NonPagedPoolNx | \
				 POOL_QUOTA_FAIL_INSTEAD_OF_RAISE | \
				 POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_COLD_ALLOCATION | \
				 POOL_ZERO_ALLOCATION)

/*
 * Addresses that were freed lately, by their hash. Wdmdma.ko's ExFreePool() asks whether an
 * address is a block, and takes it for an MDL otherwise. So a block that is freed twice must still
 * be known. An address that is allocated again, as a block or as an MDL, is taken out.
 */
#define NT_FREED_BITS		12
static unsigned long nt_freed[1 << NT_FREED_BITS];

static unsigned long *nt_freed_slot(const void *address)
{
	return &nt_freed[hash_long((unsigned long)address, NT_FREED_BITS)];
}

static bool nt_was_freed(const void *address)
{
	return READ_ONCE(*nt_freed_slot(address)) == (unsigned long)address;
}

static void nt_forget_freed(PVOID address)
{
	if (nt_was_freed(address))
		WRITE_ONCE(*nt_freed_slot(address), 0);
}

static void *nt_pool_memory(size_t size, gfp_t gfp)
{
	void *memory = NULL;

	if (size <= PAGE_SIZE)
		return kmalloc(size, gfp);
	if (size <= NT_POOL_MOST_PAGES)
		memory = alloc_pages_exact(size, gfp);
	/* Pool need not be contiguous, so fragmented memory will do. */
	return memory || nt_is_atomic() ? memory : __vmalloc(size, gfp);
}

/* Allocate a block. Return NULL if there is no memory, or in an interrupt. */
static void *nt_pool_alloc(size_t size, u32 tag, size_t align, bool zero, const char *call)
{
	gfp_t gfp = nt_is_atomic() ? GFP_ATOMIC : WDMDMA_GFP;
	struct nt_block *block;
	void *memory;

	if (nt_above_dispatch(call))
		return NULL;
	if (size <= PAGE_SIZE)
		size = roundup_pow_of_two(max(size, align));
	gfp |= __GFP_NOWARN | (zero ? __GFP_ZERO : 0);
	block = nt_block_alloc(gfp);
	memory = block ? nt_pool_memory(size, gfp) : NULL;
	if (!memory) {
		nt_block_drop(block);
		return NULL;
	}
	block->address = (unsigned long)memory;
	block->kind = NT_BLOCK_POOL;
	block->key = tag;
	block->size = size;
	nt_forget_freed(memory);
	nt_block_add(block);
	return memory;
}

/* Free a block. Return false if the address is unknown. A wrong free is reported. */
static bool nt_pool_free(void *address, u32 tag, const char *call)
{
	struct nt_block *block;
	u64 found;

	block = nt_block_take(NT_BLOCK_POOL, address, tag, !tag, &found);
	if (IS_ERR(block)) {
		wdmdma_report(call, "the tag is 0x%08x, but the block has 0x%08llx", tag, found);
		return true;
	}
	if (!block) {
		if (nt_was_freed(address))
			wdmdma_report(call, "the block %p is free already", address);
		return nt_was_freed(address);
	}
	nt_memory_going(address, block->size, call);
	WRITE_ONCE(*nt_freed_slot(address), (unsigned long)address);
	/* vfree() may sleep, and ExFreePool() calls this under rcu_read_lock(). */
	if (is_vmalloc_addr(address))
		nt_block_defer(block);
	else
		nt_block_free(block);
	return true;
}

static BOOLEAN nt_pool_free_any(PVOID address)
{
	return nt_above_dispatch("ExFreePool") || nt_pool_free(address, 0, "ExFreePool");
}

static const struct wdmdma_pool_ops nt_pool_ops = {
	.free = nt_pool_free_any,
	.reused = nt_forget_freed,
	.going = nt_memory_going,
};

/**
 * ExAllocatePool2() - allocate pool
 * @flags: POOL_FLAG_NON_PAGED or POOL_FLAG_PAGED, and others
 * @number_of_bytes: length, not 0
 * @tag: four characters, not 0. A free with ExFreePoolWithTag() must repeat them
 *
 * Answers to wdm: ExAllocatePool2. The memory is zeroed unless POOL_FLAG_UNINITIALIZED is set.
 *
 * Differs from Windows: POOL_FLAG_RAISE_ON_FAILURE raises nothing. Memory is never executable.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the block, or NULL.
 */
PVOID ExAllocatePool2(POOL_FLAGS flags, SIZE_T number_of_bytes, ULONG tag)
{
	const u64 kind = flags & NT_POOL_KINDS;

	if (!is_power_of_2(kind) || flags & NT_POOL_REQUIRED & ~NT_POOL_KNOWN) {
		wdmdma_report(__func__, "Flags 0x%llx are refused", flags);
		return NULL;
	}
	if (!number_of_bytes || !tag) {
		wdmdma_report(__func__, "%s is 0", tag ? "NumberOfBytes" : "Tag");
		return NULL;
	}
	return nt_pool_alloc(number_of_bytes, tag,
			     flags & POOL_FLAG_CACHE_ALIGNED ? 64 : NT_POOL_ALIGNMENT,
			     !(flags & POOL_FLAG_UNINITIALIZED), __func__);
}
EXPORT_SYMBOL_GPL(ExAllocatePool2);

/**
 * ExAllocatePoolWithTag() - allocate pool that is not initialized
 * @pool_type: type, of which the alignment and POOL_ZERO_ALLOCATION count. Types that Windows does
 *	not give to drivers are reported
 * @number_of_bytes: length. 0 is reported, and gets the shortest block
 * @tag: four characters. A free with ExFreePoolWithTag() must repeat them
 *
 * Answers to wdm: ExAllocatePoolWithTag, ExAllocatePoolUninitialized, ExAllocatePool,
 * ExAllocatePoolWithQuotaTag.
 *
 * Differs from Windows: as ExAllocatePool2() does.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the block, or NULL.
 */
PVOID ExAllocatePoolWithTag(POOL_TYPE pool_type, SIZE_T number_of_bytes, ULONG tag)
{
	const unsigned int base = pool_type & ~NT_POOL_TYPE_FLAGS;

	if (base >= BITS_PER_LONG || !(NT_POOL_TYPES & BIT(base))) {
		wdmdma_report(__func__, "PoolType 0x%x is refused", pool_type);
		return NULL;
	}
	if (!number_of_bytes)
		wdmdma_report(__func__, "NumberOfBytes is 0");
	return nt_pool_alloc(number_of_bytes, tag,
			     pool_type & NT_POOL_TYPE_ALIGNED ? 64 : NT_POOL_ALIGNMENT,
			     pool_type & POOL_ZERO_ALLOCATION, __func__);
}
EXPORT_SYMBOL_GPL(ExAllocatePoolWithTag);

/**
 * ExAllocatePoolZero() - allocate zeroed pool
 * @pool_type: as for ExAllocatePoolWithTag()
 * @number_of_bytes: as for ExAllocatePoolWithTag()
 * @tag: as for ExAllocatePoolWithTag()
 *
 * Answers to wdm: ExAllocatePoolZero.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: as for ExAllocatePoolWithTag().
 */
PVOID ExAllocatePoolZero(POOL_TYPE pool_type, SIZE_T number_of_bytes, ULONG tag)
{
	return ExAllocatePoolWithTag(pool_type | POOL_ZERO_ALLOCATION, number_of_bytes, tag);
}
EXPORT_SYMBOL_GPL(ExAllocatePoolZero);

/**
 * ExFreePoolWithTag() - free pool
 * @p: the block. NULL is reported
 * @tag: tag of the block, or 0 for any
 *
 * Answers to wdm: ExFreePoolWithTag. Another tag, a second free and another pointer are reported
 * and free nothing.
 *
 * Differs from Windows: the MDL of MmAllocatePagesForMdlEx() is freed by ExFreePool() alone.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void ExFreePoolWithTag(PVOID p, ULONG tag)
{
	if (nt_above_dispatch(__func__))
		return;
	if (!p)
		wdmdma_report(__func__, "P is NULL");
	else if (!nt_pool_free(p, tag, __func__))
		wdmdma_report(__func__, "%p is no block", p);
}
EXPORT_SYMBOL_GPL(ExFreePoolWithTag);

int nt_pool_init(void)
{
	return wdmdma_pool_register(&nt_pool_ops) ? 0 : -EBUSY;
}

void nt_pool_exit(void)
{
	wdmdma_pool_unregister(&nt_pool_ops);
}
