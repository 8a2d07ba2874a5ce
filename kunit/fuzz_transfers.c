// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls on transfers: MDLs and scatter/gather lists. The driver plays the
 * device. It looks at each byte of a transfer through the page table of the IOMMU, or at the
 * physical address. It writes there, too, and the bytes must arrive in the memory of the MDL.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <wdmdma/mdl.h>

#include "fuzz.h"

static void make_mdl(void)
{
	u32 len = fuzz_length(), offset = fuzz_one_in(2) ? 0 : fuzz_below(PAGE_SIZE);
	struct fuzz_mdl *slot = fuzz_find(fuzz()->mdl, FUZZ_MDLS, !slot->mdl);
	bool pages = fuzz_one_in(3);

	if (!slot)
		return;
	*slot = (struct fuzz_mdl) {};
	if (pages) {
		slot->mdl = MmAllocatePagesForMdlEx(fuzz_address(0), fuzz_address(U64_MAX),
						    fuzz_address(0), len, MmCached,
						    MM_ALLOCATE_FULLY_REQUIRED);
		fuzz_expect(slot->mdl, "no pages for %u bytes", len);
		if (!slot->mdl)
			return;
		slot->va = MmGetSystemAddressForMdlSafe(slot->mdl, NormalPagePriority);
		fuzz_expect(slot->va, "no mapping of %u bytes", len);
	} else {
		slot->memory = kvmalloc(offset + len, GFP_KERNEL);
		if (!slot->memory)
			return;
		slot->va = slot->memory + offset;
		slot->mdl = IoAllocateMdl(slot->va, len, FALSE, FALSE, NULL);
		fuzz_expect(slot->mdl, "no MDL for %u bytes", len);
		if (!slot->mdl) {
			kvfree(slot->memory);
			return;
		}
		MmBuildMdlForNonPagedPool(slot->mdl);
	}
	if (slot->va)
		memset(slot->va, fuzz()->number, len);
	fuzz()->good++;
}

static void free_mdl(struct fuzz_mdl *slot)
{
	if (slot->memory) {
		IoFreeMdl(slot->mdl);
		kvfree(slot->memory);
	} else {
		MmFreePagesFromMdl(slot->mdl);
		ExFreePool(slot->mdl);
	}
	slot->mdl = NULL;
}

static void free_any_mdl(void)
{
	struct fuzz_mdl *slot = fuzz_find(fuzz()->mdl, FUZZ_MDLS, slot->mdl && !slot->users);

	if (!slot)
		return;
	free_mdl(slot);
	fuzz()->good++;
}

/* Take an MDL for a transfer. Return NULL if there is none, or a transfer that is in the way. */
struct fuzz_mdl *fuzz_mdl_take(bool write)
{
	struct fuzz_mdl *slot = fuzz_find(fuzz()->mdl, FUZZ_MDLS,
					  slot->mdl && slot->va && !slot->written &&
					  (write || !slot->users));

	if (!slot)
		return NULL;
	slot->users++;
	slot->written = !write;
	return slot;
}

void fuzz_mdl_put(struct fuzz_mdl *slot)
{
	slot->users--;
	slot->written = false;
}

/* Choose a part of an MDL, which is sometimes too long. Return true if it is not. */
bool fuzz_mdl_part(const struct fuzz_mdl *slot, u32 *offset, u32 *len)
{
	u32 bytes = MmGetMdlByteCount(slot->mdl);

	*offset = fuzz_below(bytes);
	*len = fuzz_one_in(2) ? bytes - *offset : fuzz_below(bytes - *offset) + 1;
	if (fuzz_one_in(16))
		*len = fuzz_one_in(2) ? 0 : bytes - *offset + 1 + fuzz_below(SZ_4K);
	return *len && *len <= bytes - *offset;
}

/* Return the pages that a part of an MDL touches. */
static u32 pages_of(const struct fuzz_mdl *slot, u32 offset, u32 len)
{
	return PFN_UP(offset_in_page(MmGetMdlByteOffset(slot->mdl) + offset) + len);
}

/* Compare the bytes at a logical address with @bytes, or write them there. */
static bool device_moves(const struct fuzz_adapter *adapter, u64 la, u8 *bytes, u32 len, bool write)
{
	void *there;
	u32 n;

	for (; len; len -= n, la += n, bytes += n) {
		n = min_t(u32, len, PAGE_SIZE - offset_in_page(la));
		there = fuzz_memory_at(adapter->device, la);
		if (!there)
			return false;
		if (write)
			memset(there, fuzz()->number ^ 0x5a, n);
		else if (memcmp(there, bytes, n))
			return false;
	}
	return true;
}

void fuzz_list_check(const struct fuzz_list *slot)
{
	u64 highest = DMA_BIT_MASK(min(slot->adapter->width, 32U)), la;
	u8 *bytes = slot->mdl->va + slot->offset;
	u32 done = 0, len, i;

	for (i = 0; i < slot->list->NumberOfElements; i++) {
		la = slot->list->Elements[i].Address.QuadPart;
		len = slot->list->Elements[i].Length;
		fuzz_expect(len && len <= slot->len - done, "element %u has %u bytes", i, len);
		if (fuzz()->failed)
			return;
		fuzz_expect(la + len - 1 <= highest, "element %u is at 0x%llx", i, la);
		fuzz_expect(device_moves(slot->adapter, la, bytes + done, len, false),
			    "element %u at 0x%llx has other bytes", i, la);
		done += len;
	}
	fuzz_expect(done == slot->len, "the list has %u bytes of %u", done, slot->len);
}

static VOID have_second(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct fuzz_answer *answer = context;
	const struct fuzz_adapter *adapter = answer->slot->adapter;

	adapter->ops->PutScatterGatherList(adapter->adapter, list, answer->slot->write);
	complete(&answer->second);
}

static VOID have_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct fuzz_answer *answer = context;
	const struct fuzz_list *slot = answer->slot;
	const struct fuzz_adapter *adapter = slot->adapter;
	PMDL mdl = slot->mdl->mdl;
	u8 *va = (u8 *)MmGetMdlVirtualAddress(mdl) + slot->offset;

	answer->list = list;
	answer->calls++;
	if (answer->inside)
		adapter->ops->PutScatterGatherList(adapter->adapter, list, slot->write);
	if (answer->again)
		answer->status = adapter->ops->GetScatterGatherList(adapter->adapter, object, mdl,
								    va, slot->len, have_second,
								    answer, slot->write);
	complete(&answer->arrived);
}

static struct fuzz_answer *prepare_answer(const struct fuzz_list *slot)
{
	struct fuzz_answer *answer = &fuzz()->answer;

	init_completion(&answer->arrived);
	init_completion(&answer->second);
	answer->slot = slot;
	answer->list = NULL;
	answer->calls = 0;
	answer->inside = fuzz_one_in(8);
	/* Memory that the device writes is not mapped twice. */
	answer->again = fuzz_one_in(8) && slot->write;
	answer->status = STATUS_SUCCESS;
	return answer;
}

/* Ask for a list in one of three ways. @room_bytes is 0 for a list of the module's. */
static NTSTATUS ask(struct fuzz_list *slot, struct fuzz_answer *answer, u8 *context, u32 room_bytes)
{
	const DMA_OPERATIONS *ops = slot->adapter->ops;
	PDMA_ADAPTER adapter = slot->adapter->adapter;
	PMDL mdl = slot->mdl->mdl;
	PVOID va = (u8 *)MmGetMdlVirtualAddress(mdl) + slot->offset;

	if (room_bytes)
		return ops->BuildScatterGatherList(adapter, slot->adapter->device->object, mdl, va,
						   slot->len, have_list, answer, slot->write,
						   slot->room, room_bytes);
	if (context)
		return ops->GetScatterGatherListEx(adapter, slot->adapter->device->object, context,
						   mdl, slot->offset, slot->len, 0, have_list,
						   answer, slot->write, NULL, NULL, NULL);
	return ops->GetScatterGatherList(adapter, slot->adapter->device->object, mdl, va, slot->len,
					 have_list, answer, slot->write);
}

/* Return the room to build a list in, which is sometimes too small. */
static u32 choose_room(struct fuzz_list *slot, bool *good)
{
	u32 pages = pages_of(slot->mdl, slot->offset, slot->len);
	PMDL mdl = slot->mdl->mdl;
	ULONG bytes = 0;
	NTSTATUS status;
	PVOID va;

	if (!*good || !fuzz_has(slot->adapter, BuildScatterGatherList) || !fuzz_one_in(3))
		return 0;
	va = (u8 *)MmGetMdlVirtualAddress(mdl) + slot->offset;
	status = slot->adapter->ops->CalculateScatterGatherList(slot->adapter->adapter, mdl, va,
								slot->len, &bytes, NULL);
	fuzz_expect(NT_SUCCESS(status), "no size for %u bytes: 0x%x", slot->len, status);
	fuzz_expect(bytes >= FUZZ_LIST_BYTES(1) && bytes <= FUZZ_LIST_BYTES(pages),
		    "a list of %u pages has %u bytes", pages, bytes);
	slot->room = kzalloc(FUZZ_ROOM_BYTES, GFP_KERNEL);
	if (!slot->room)
		return 0;
	if (!fuzz_one_in(8))
		return bytes;
	*good = false;
	return FUZZ_LIST_BYTES(1) - 1;
}

/* Wait for the list of a request that was accepted. */
static void await_list(struct fuzz_list *slot, struct fuzz_answer *answer)
{
	fuzz_demand(wait_for_completion_timeout(&answer->arrived, FUZZ_PATIENCE), "no list comes");
	fuzz_expect(answer->calls == 1, "the routine was called %u times", answer->calls);
	if (!answer->calls)
		return;
	fuzz_expect(NT_SUCCESS(answer->status), "a list in the routine: 0x%x", answer->status);
	if (answer->again && NT_SUCCESS(answer->status))
		fuzz_demand(wait_for_completion_timeout(&answer->second, FUZZ_PATIENCE),
			    "no second list comes");
	if (answer->inside) {
		fuzz_mdl_put(slot->mdl);
		kfree(slot->room);
		fuzz()->good++;
		return;
	}
	slot->list = answer->list;
	slot->adapter->users++;
	fuzz_list_check(slot);
	fuzz()->good++;
}

static void get_list(void)
{
	struct fuzz_list *slot = fuzz_find(fuzz()->list, FUZZ_LISTS, !slot->list);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1] __aligned(8);
	struct fuzz_adapter *adapter = fuzz_adapter_any();
	bool write = fuzz_one_in(2), ex = fuzz_one_in(2), good;
	struct fuzz_answer *answer;
	u32 room_bytes;
	NTSTATUS status;

	if (!slot || !adapter)
		return;
	*slot = (struct fuzz_list) { .adapter = adapter, .write = write };
	slot->mdl = fuzz_mdl_take(write);
	if (!slot->mdl)
		return;
	good = fuzz_mdl_part(slot->mdl, &slot->offset, &slot->len) &&
	       pages_of(slot->mdl, slot->offset, slot->len) <= adapter->registers;
	room_bytes = choose_room(slot, &good);
	ex = ex && fuzz_has(adapter, GetScatterGatherListEx);
	if (ex)
		adapter->ops->InitializeDmaTransferContext(adapter->adapter, context);
	answer = prepare_answer(slot);
	local_bh_disable();
	status = ask(slot, answer, ex ? context : NULL, room_bytes);
	local_bh_enable();
	fuzz_expect(NT_SUCCESS(status) == good, "%u bytes from %u of %u: 0x%x", slot->len,
		    slot->offset, MmGetMdlByteCount(slot->mdl->mdl), status);
	if (!NT_SUCCESS(status)) {
		fuzz_demand(!answer->calls, "a refused list was made");
		fuzz_mdl_put(slot->mdl);
		kfree(slot->room);
		fuzz()->refused++;
		return;
	}
	await_list(slot, answer);
}

/* Let the device write all bytes of a list, if the list is for that. */
void fuzz_list_write(const struct fuzz_list *slot)
{
	u32 i;

	for (i = 0; !slot->write && i < slot->list->NumberOfElements; i++)
		device_moves(slot->adapter, slot->list->Elements[i].Address.QuadPart, NULL,
			     slot->list->Elements[i].Length, true);
}

static void put_list(struct fuzz_list *slot)
{
	u8 *bytes = slot->mdl->va + slot->offset;

	fuzz_list_write(slot);
	local_bh_disable();
	slot->adapter->ops->PutScatterGatherList(slot->adapter->adapter, slot->list, slot->write);
	local_bh_enable();
	if (!slot->write)
		fuzz_expect(!memchr_inv(bytes, (u8)(fuzz()->number ^ 0x5a), slot->len),
			    "the bytes of the device have not arrived");
	fuzz()->stale_list = slot->list;
	slot->list = NULL;
	kfree(slot->room);
	fuzz_mdl_put(slot->mdl);
	slot->adapter->users--;
	fuzz()->good++;
}

static void put_any_list(void)
{
	struct fuzz_list *slot = fuzz_find(fuzz()->list, FUZZ_LISTS, slot->list);
	unsigned int i;

	if (!slot)
		return;
	/* Another thread may have a list there on a shared adapter. */
	if (!fuzz_one_in(8) || slot->adapter->shared) {
		put_list(slot);
		return;
	}
	/* A list that was put, unless its memory has a list again. */
	for (i = 0; i < FUZZ_LISTS; i++)
		if (fuzz()->list[i].list == fuzz()->stale_list)
			fuzz()->stale_list = NULL;
	slot->adapter->ops->PutScatterGatherList(slot->adapter->adapter, fuzz()->stale_list,
						 slot->write);
	fuzz_list_check(slot);
	fuzz()->refused++;
}

const struct fuzz_call fuzz_transfer_calls[] = {
	{ "an MDL", 8, make_mdl },
	{ "the end of an MDL", 3, free_any_mdl },
	{ "a scatter/gather list", 16, get_list },
	{ "PutScatterGatherList", 14, put_any_list },
	{}
};

/* Forget a list, which the module ends when the device goes. */
static void forget_list(struct fuzz_list *slot)
{
	slot->list = NULL;
	kfree(slot->room);
	fuzz_mdl_put(slot->mdl);
}

/* End all transfers of a device. Without @tidy only forget them, because the module ends them. */
void fuzz_transfers_end(const struct fuzz_device *device, bool tidy)
{
	struct fuzz_list *list;

	for (list = fuzz()->list; list < fuzz()->list + FUZZ_LISTS; list++) {
		if (!list->list || list->adapter->device != device)
			continue;
		if (tidy)
			put_list(list);
		else
			forget_list(list);
	}
	fuzz_registers_end(device, tidy);
}

/* Look at all lists. */
void fuzz_transfers_check(void)
{
	const struct fuzz_list *list;

	for (list = fuzz()->list; list < fuzz()->list + FUZZ_LISTS; list++)
		if (list->list)
			fuzz_list_check(list);
}

void fuzz_mdls_end(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_MDLS; i++)
		if (fuzz()->mdl[i].mdl)
			free_mdl(&fuzz()->mdl[i]);
}
