// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls on memory: common buffers of all kinds, vectors, StorPort's memory, contiguous
 * memory. Each block gets a mark that no other block has, in each of its pages. If two blocks share
 * memory, or a block is freed under the driver, a mark is gone when the block is freed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <wdmdma/mdl.h>

#include "fuzz.h"

/* Write the mark, or check it, at both ends of each page. Return false if it is not there. */
bool fuzz_block_mark(const struct fuzz_block *block, bool write)
{
	size_t at, last;
	u32 *word;

	if (block->len < sizeof(u32))
		return true;
	last = round_down(block->len - sizeof(u32), sizeof(u32));
	for (at = 0; at <= last; at += at == last ? 4 : min(last - at, PAGE_SIZE / 2)) {
		word = block->va + at;
		if (write)
			*word = block->mark + at;
		else if (*word != block->mark + (u32)at)
			return false;
	}
	return true;
}

struct fuzz_block *fuzz_block_empty(void)
{
	return fuzz_find(fuzz()->block, FUZZ_BLOCKS, !slot->va);
}

/* Return true if the device would see one address for two blocks. */
static bool overlaps(const struct fuzz_block *new)
{
	const struct fuzz_block *old;

	if (new->kind == FUZZ_CONTIGUOUS)
		return false;
	for (old = fuzz()->block; old < fuzz()->block + FUZZ_BLOCKS; old++)
		if (old != new && old->va && old->kind != FUZZ_CONTIGUOUS &&
		    fuzz_same_domain(old->device, new->device) &&
		    (u64)new->la.QuadPart < (u64)old->la.QuadPart + old->len &&
		    (u64)old->la.QuadPart < (u64)new->la.QuadPart + new->len)
			return true;
	return false;
}

/* Return true if the device reaches the memory at its logical address. */
static bool is_seen(const struct fuzz_block *block)
{
	return !block->device || fuzz_shows(block->device, block->la.QuadPart, block->va,
					    block->len);
}

/* Look at all blocks. */
void fuzz_buffers_check(void)
{
	const struct fuzz_block *block;

	for (block = fuzz()->block; block < fuzz()->block + FUZZ_BLOCKS; block++) {
		if (!block->va)
			continue;
		fuzz_expect(is_seen(block), "0x%llx is not where the memory is any more",
			    (u64)block->la.QuadPart);
		fuzz_expect(fuzz_block_mark(block, false), "%zu bytes at 0x%llx were changed",
			    block->len, (u64)block->la.QuadPart);
	}
}

/* Check a new block, and write its mark. */
void fuzz_block_have(struct fuzz_block *block, struct fuzz_adapter *adapter, void *va, size_t len)
{
	block->va = va;
	block->len = len;
	block->adapter = adapter;
	if (block->kind == FUZZ_CONTIGUOUS)
		block->device = NULL;
	block->mark = fuzz()->number * 2654435761u;
	if (adapter) {
		block->device = adapter->device;
		adapter->users++;
	}
	fuzz_expect(!overlaps(block), "%zu bytes at 0x%llx: another buffer is there", len,
		    (u64)block->la.QuadPart);
	fuzz_block_mark(block, true);
	fuzz_expect(is_seen(block), "0x%llx is not where the memory is", (u64)block->la.QuadPart);
	fuzz()->good++;
}

static void alloc_buffer(void)
{
	static const MEMORY_CACHING_TYPE types[] = { MmNonCached, MmCached, MmWriteCombined, 77 };
	struct fuzz_adapter *adapter = fuzz_adapter_any();
	struct fuzz_block *block = fuzz_block_empty();
	PHYSICAL_ADDRESS highest = fuzz_address(U32_MAX >> fuzz_below(12));
	PHYSICAL_ADDRESS lowest = fuzz_address(0);
	MEMORY_CACHING_TYPE type = types[fuzz_below(ARRAY_SIZE(types))];
	u32 len = fuzz_one_in(16) ? 0 : fuzz_length();
	unsigned int kind = fuzz_below(4);
	PHYSICAL_ADDRESS la = {};
	bool must = len;
	void *va;

	if (!adapter || !block)
		return;
	switch (kind) {
	case 0:
		va = adapter->ops->AllocateCommonBuffer(adapter->adapter, len, &la, TRUE);
		fuzz_expect(!va || !memchr_inv(va, 0, len), "memory is not zeroed");
		break;
	case 1:
		if (!fuzz_has(adapter, AllocateCommonBufferEx))
			return;
		/* Memory below 1 GiB may be short, or not there. */
		must = false;
		va = adapter->ops->AllocateCommonBufferEx(adapter->adapter, &highest, len, &la,
							  fuzz_one_in(2), MM_ANY_NODE_OK);
		fuzz_expect(!va || la.QuadPart + len - 1 <= highest.QuadPart,
			    "0x%llx is above the limit", (u64)la.QuadPart);
		break;
	default:
		if (!fuzz_has(adapter, AllocateCommonBufferWithBounds))
			return;
		must = false;
		if (kind == 3)
			lowest = fuzz_address(fuzz_below(SZ_1G));
		va = adapter->ops->AllocateCommonBufferWithBounds(adapter->adapter, &lowest,
								  &highest, len, 0, &type,
								  MM_ANY_NODE_OK, &la);
		fuzz_expect(!va || (la.QuadPart + len - 1 <= highest.QuadPart &&
				    la.QuadPart >= lowest.QuadPart),
			    "0x%llx is outside of the bounds", (u64)la.QuadPart);
		fuzz_expect(!va || type != 77, "cache type 77");
	}
	fuzz_expect(va || !la.QuadPart, "an address without memory");
	fuzz_expect(!va || len, "memory of length 0");
	fuzz_expect(va || !must, "no memory for %u bytes", len);
	if (!va) {
		fuzz()->refused++;
		return;
	}
	block->kind = FUZZ_BUFFER;
	block->la = la;
	fuzz_block_have(block, adapter, va, len);
}

static void alloc_vector(void)
{
	struct fuzz_adapter *adapter = fuzz_find(fuzz()->adapter, FUZZ_ADAPTERS, slot->adapter &&
						 fuzz_has(slot, AllocateCommonBufferVector));
	struct fuzz_block *block = fuzz_block_empty();
	u32 nr = fuzz_below(FUZZ_ELEMENTS + 1), len = fuzz_length();
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	NTSTATUS status;
	void *va;

	if (!adapter || !block)
		return;
	status = adapter->ops->AllocateCommonBufferVector(adapter->adapter, fuzz_address(0),
							  fuzz_address(U64_MAX), MmCached,
							  0, 0, nr, len, &vector);
	fuzz_expect(NT_SUCCESS(status) == !!nr, "%u of %u bytes: 0x%x", nr, len, status);
	if (!NT_SUCCESS(status)) {
		fuzz_expect(!vector, "a vector with status 0x%x", status);
		fuzz()->refused++;
		return;
	}
	adapter->ops->GetCommonBufferFromVectorByIndex(adapter->adapter, vector, nr, &va, &la);
	fuzz_expect(!va && !la.QuadPart, "a buffer behind the last one");
	block->kind = FUZZ_VECTOR;
	block->vector = vector;
	block->nr = nr;
	while (nr--) {
		adapter->ops->GetCommonBufferFromVectorByIndex(adapter->adapter, vector, nr, &va,
							       &la);
		fuzz_expect(va && fuzz_shows(adapter->device, la.QuadPart, va, len),
			    "0x%llx is not where element %u is", (u64)la.QuadPart, nr);
		if (!va)
			return;
		block->element[nr] = va;
		if (len >= sizeof(u32))
			*block->element[nr] = fuzz()->number + nr;
	}
	block->la = la;
	fuzz_block_have(block, adapter, va, len);
}

static void alloc_stor_memory(void)
{
	struct fuzz_device *device = &fuzz_devices[fuzz_below(fuzz_nr_devices)];
	u32 len = fuzz_one_in(16) ? 0 : fuzz_length(), status;
	struct fuzz_block *block = fuzz_block_empty();
	void *va = (void *)1;

	if (!block)
		return;
	status = StorPortAllocateDmaMemory(device->extension, len, fuzz_address(0),
					   fuzz_address(U64_MAX), fuzz_address(0), MmCached,
					   MM_ANY_NODE_OK, &va, &block->la);
	fuzz_expect((status == STOR_STATUS_SUCCESS) == !!len, "%u bytes: 0x%x", len, status);
	fuzz_expect(!va == !!status, "memory %d with status 0x%x", !!va, status);
	if (status) {
		fuzz()->refused++;
		return;
	}
	block->kind = FUZZ_STOR_MEMORY;
	block->device = device;
	fuzz_block_have(block, NULL, va, len);
}

static void alloc_contiguous(void)
{
	struct fuzz_block *block = fuzz_block_empty();
	u32 len = fuzz_one_in(16) ? 0 : fuzz_length();
	void *va;

	if (!block)
		return;
	va = MmAllocateContiguousMemory(len, fuzz_address(U64_MAX));
	fuzz_expect(!!va == !!len, "%u bytes: %s", len, va ? "not refused" : "refused");
	if (!va) {
		fuzz()->refused++;
		return;
	}
	block->kind = FUZZ_CONTIGUOUS;
	fuzz_block_have(block, NULL, va, len);
}

/*
 * Free a buffer of a vector. The first one stays, because it has the mark. A buffer that was freed
 * before, or is behind the last one, must be refused.
 */
static void free_element(struct fuzz_block *block)
{
	struct fuzz_adapter *adapter = block->adapter;
	u32 nr = fuzz_below(block->nr) + 1;
	PHYSICAL_ADDRESS la;
	void *va;

	adapter->ops->FreeCommonBufferFromVector(adapter->adapter, block->vector, nr);
	adapter->ops->GetCommonBufferFromVectorByIndex(adapter->adapter, block->vector, nr, &va,
						       &la);
	fuzz_expect(!va && !la.QuadPart, "element %u is not freed", nr);
	if (nr < block->nr && block->element[nr]) {
		block->element[nr] = NULL;
		fuzz()->good++;
	} else {
		fuzz()->refused++;
	}
}

struct late_free {
	struct irq_work work;
	struct fuzz_block *block;
};

static void free_in_interrupt(struct irq_work *work)
{
	struct fuzz_block *block = container_of(work, struct late_free, work)->block;

	block->adapter->ops->FreeCommonBuffer(block->adapter->adapter, block->len, block->la,
					      block->va, TRUE);
}

/* Free a common buffer at a random level. */
static void free_buffer(struct fuzz_block *block)
{
	struct fuzz_adapter *adapter = block->adapter;
	struct late_free late = { .work = IRQ_WORK_INIT_HARD(free_in_interrupt), .block = block };
	u32 level = fuzz_below(8);

	if (!level) {
		irq_work_queue(&late.work);
		irq_work_sync(&late.work);
		return;
	}
	if (level == 1)
		local_bh_disable();
	adapter->ops->FreeCommonBuffer(adapter->adapter, block->len, block->la, block->va, TRUE);
	if (level == 1)
		local_bh_enable();
}

static void free_right(struct fuzz_block *block)
{
	struct fuzz_adapter *adapter = block->adapter;
	u32 status;

	fuzz_expect(fuzz_block_mark(block, false), "%zu bytes of call %u have lost their contents",
		    block->len, block->mark * 244002641u);
	switch (block->kind) {
	case FUZZ_BUFFER:
		free_buffer(block);
		break;
	case FUZZ_IMPORT:
		adapter->ops->FreeCommonBuffer(adapter->adapter, block->len, block->la, block->va,
					       TRUE);
		fuzz_mdl_put(block->mdl);
		break;
	case FUZZ_VECTOR:
		adapter->ops->FreeCommonBufferVector(adapter->adapter, block->vector);
		break;
	case FUZZ_STOR_MEMORY:
		status = StorPortFreeDmaMemory(block->device->extension, block->va, block->len,
					       MmCached, block->la);
		fuzz_expect(!status, "StorPort's memory is not freed: 0x%x", status);
		break;
	case FUZZ_CONTIGUOUS:
		MmFreeContiguousMemory(block->va);
		break;
	}
	if (adapter)
		adapter->users--;
	block->va = NULL;
	fuzz()->good++;
}

/* Free something else than a buffer, or with another adapter. Nothing may be freed. */
static void free_wrong(const struct fuzz_block *block)
{
	struct fuzz_adapter *adapter = block->adapter ?: fuzz_adapter_any();
	struct fuzz_adapter *other = fuzz_adapter_any();
	u32 here;

	if (!adapter || !other)
		return;
	switch (fuzz_below(7)) {
	case 4:
		if (other != block->adapter)
			other->ops->FreeCommonBuffer(other->adapter, block->len, block->la,
						     block->va, TRUE);
		break;
	case 5:
		adapter->ops->FreeCommonBuffer(adapter->adapter, block->len + 1, block->la,
					       block->va, TRUE);
		break;
	case 6:
		adapter->ops->FreeCommonBuffer(adapter->adapter, block->len,
					       fuzz_address(block->la.QuadPart ^ PAGE_SIZE),
					       block->va, TRUE);
		break;
	case 0:
		adapter->ops->FreeCommonBuffer(adapter->adapter, block->len, block->la, NULL, TRUE);
		break;
	case 1:
		adapter->ops->FreeCommonBuffer(adapter->adapter, sizeof(here), block->la, &here,
					       TRUE);
		break;
	case 2:
		if (block->len > PAGE_SIZE)
			adapter->ops->FreeCommonBuffer(adapter->adapter, block->len - PAGE_SIZE,
						       fuzz_address(block->la.QuadPart + PAGE_SIZE),
						       block->va + PAGE_SIZE, TRUE);
		break;
	default:
		MmFreeContiguousMemory(block->va + 8);
		StorPortFreeDmaMemory(adapter->device->extension, block->va + 8, block->len,
				      MmCached, block->la);
	}
	fuzz_expect(fuzz_block_mark(block, false), "a wrong free has changed the memory");
	fuzz()->refused++;
}

static void free_block(void)
{
	struct fuzz_block *block = fuzz_find(fuzz()->block, FUZZ_BLOCKS, slot->va);

	if (!block)
		return;
	if (fuzz_one_in(8))
		free_wrong(block);
	else if (block->kind == FUZZ_VECTOR && fuzz_one_in(2))
		free_element(block);
	else
		free_right(block);
}

static void alloc_at_dispatch(void)
{
	struct fuzz_adapter *adapter = fuzz_adapter_any();
	PHYSICAL_ADDRESS la = fuzz_address(1);
	void *va;

	if (!adapter)
		return;
	local_bh_disable();
	va = adapter->ops->AllocateCommonBuffer(adapter->adapter, SZ_4K, &la, TRUE);
	local_bh_enable();
	fuzz_expect(!va && !la.QuadPart, "memory at DISPATCH_LEVEL");
	fuzz()->refused++;
}

const struct fuzz_call fuzz_buffer_calls[] = {
	{ "a common buffer", 12, alloc_buffer },
	{ "AllocateCommonBufferVector", 4, alloc_vector },
	{ "StorPortAllocateDmaMemory", 4, alloc_stor_memory },
	{ "MmAllocateContiguousMemory", 3, alloc_contiguous },
	{ "a free", 20, free_block },
	{ "AllocateCommonBuffer at DISPATCH_LEVEL", 1, alloc_at_dispatch },
	{}
};

/*
 * Free all memory of a device, or with NULL the memory of no device. Without @tidy only forget it,
 * because the module frees it.
 */
void fuzz_buffers_end(const struct fuzz_device *device, bool tidy)
{
	struct fuzz_block *block;

	for (block = fuzz()->block; block < fuzz()->block + FUZZ_BLOCKS; block++) {
		if (!block->va || block->device != device)
			continue;
		if (tidy)
			free_right(block);
		else if (block->kind == FUZZ_IMPORT)
			fuzz_mdl_put(block->mdl);
		block->va = NULL;
	}
}
