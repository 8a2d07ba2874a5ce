// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: scatter/gather lists. This file makes a list of the arguments of a call, and has the
 * parts of a list that belong to this layer: its memory, its elements, and the MDLs made from it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/transfer.h"
#include "lib/page_set.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_mdl_common.h"

/* A list in memory of the module. */
struct wdm_sg_list_memory {
	struct rcu_head rcu;
	SCATTER_GATHER_LIST list;
};

/**
 * struct wdm_list - a list
 * @transfer: the first member, so that both are freed as one
 * @memory: the list's memory, or NULL if the driver provided the memory
 * @mdl: chain of MDLs that BuildMdlFromScatterGatherList made
 * @has_mdl: BuildMdlFromScatterGatherList was called
 * @readers: @memory may be read under the RCU read lock alone
 */
struct wdm_list {
	struct wdmdma_transfer transfer;
	struct wdm_sg_list_memory *memory;
	PMDL mdl;
	bool has_mdl;
	bool readers;
};

static struct wdm_list *wdm_sg_list_of(struct wdmdma_transfer *transfer)
{
	return container_of(transfer, struct wdm_list, transfer);
}

/* Write the segments of a mapped transfer into a list, which must have room for them. */
void wdm_sg_list_fill(const struct wdmdma_transfer *transfer, PSCATTER_GATHER_LIST list)
{
	struct scatterlist *sg = NULL;
	ULONG i;

	list->NumberOfElements = wdmdma_transfer_segments(transfer);
	list->Reserved = 0;
	for (i = 0; i < list->NumberOfElements; i++) {
		SCATTER_GATHER_ELEMENT *element = &list->Elements[i];

		element->Address.QuadPart = wdmdma_transfer_segment(transfer, &sg,
								    &element->Length);
		element->Reserved = 0;
	}
}

static int wdm_sg_list_prepare(struct wdmdma_transfer *transfer, gfp_t gfp)
{
	u64 bytes = wdm_sg_list_bytes(wdmdma_transfer_most_segments(transfer));
	struct wdm_list *list = wdm_sg_list_of(transfer);

	if (transfer->callback.list)
		return 0;
	list->memory = wdmdma_kvmalloc(sizeof(*list->memory) + bytes, gfp);
	if (!list->memory)
		return -ENOMEM;
	transfer->callback.list = &list->memory->list;
	return 0;
}

static void wdm_sg_list_fill_own(struct wdmdma_transfer *transfer)
{
	wdm_sg_list_fill(transfer, transfer->callback.list);
}

/* Call the driver's routine. Its second argument is NULL because there are no IRPs. */
static void wdm_sg_list_call(const struct wdmdma_callback *callback)
{
	PDRIVER_LIST_CONTROL routine = callback->routine;

	if (routine)
		routine(callback->device_object, NULL, callback->list, callback->context);
}

static void wdm_sg_list_free_mdls(PMDL mdl)
{
	PMDL next;

	for (; mdl; mdl = next) {
		next = mdl->Next;
		if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
			wdm_mdl_unmap(mdl, "PutScatterGatherList");
		wdm_mdl_delete(mdl);
	}
}

/*
 * Free the memory of a list, in any context. vfree() may not be called in all of them, so memory
 * of vmalloc() is freed after an RCU grace period. That delay costs more than the rest of the end
 * of a short list, so of the other lists only those with readers pay for it.
 */
static void wdm_sg_list_free_memory(struct wdm_sg_list_memory *memory, bool readers)
{
	if (memory && (readers || is_vmalloc_addr(memory)))
		kvfree_rcu(memory, rcu);
	else
		kfree(memory);
}

static void wdm_sg_list_release(struct wdmdma_transfer *transfer)
{
	struct wdm_list *list = wdm_sg_list_of(transfer);

	wdm_sg_list_free_mdls(list->mdl);
	wdm_sg_list_free_memory(list->memory, list->readers);
	kfree(list);
}

static const struct wdmdma_sg_list_ops wdm_sg_list_ops = {
	.prepare = wdm_sg_list_prepare,
	.fill = wdm_sg_list_fill_own,
	.call = wdm_sg_list_call,
	.release = wdm_sg_list_release,
};

/*
 * Return the reason why this list cannot be made, and its status in @status. Return NULL and fill
 * in the rest of @args if the list can be made.
 */
static const char *wdm_sg_list_check(struct wdmdma_adapter *adapter, struct wdm_sg_list_args *args,
				     NTSTATUS *status)
{
	const char *fault;

	*status = STATUS_NOT_SUPPORTED;
	if (adapter->dma_channel)
		return "lists are for bus masters: with system DMA, allocate the adapter's channel";
	*status = STATUS_INVALID_PARAMETER;
	if (!args->mdl)
		return "Mdl is NULL";
	if (args->flags & ~WDM_TRANSFER_FLAGS)
		return "Flags has an unknown bit";
	if (!args->length)
		return "Length is 0 (bug check 0xE6, code 0x21)";
	if (args->va)
		args->offset = wdm_va_offset(args->mdl, *args->va);
	if (args->va && args->offset >= args->mdl->ByteCount)
		return "CurrentVa is no address of the MDL (bug check 0xE6, code 0x1B)";
	if (!wdm_chain_holds(args->mdl, args->offset, args->length)) {
		if (args->va)
			*status = STATUS_BUFFER_TOO_SMALL;
		return "the MDL chain has not that many bytes (bug check 0xE6, code 0x1B)";
	}
	fault = wdm_chain_fault(args->mdl, args->offset, args->length, !args->write);
	if (fault)
		return fault;
	*status = STATUS_INSUFFICIENT_RESOURCES;
	args->source = wdm_chain_source(args->mdl, args->offset, args->length);
	if (wdmdma_source_pages(&args->source) > adapter->map_registers)
		return "more map registers than granted (bug check 0xE6, code 0x0C)";
	*status = STATUS_SUCCESS;
	return NULL;
}

/*
 * Use the driver's memory for the list, if the driver gave some. Return the reason why the memory
 * cannot be used, or NULL.
 */
static const char *wdm_sg_list_take_buffer(struct wdmdma_transfer *transfer,
					   const struct wdm_sg_list_args *args, NTSTATUS *status)
{
	*status = STATUS_SUCCESS;
	if (!args->buffer)
		return NULL;
	*status = STATUS_BUFFER_TOO_SMALL;
	if (args->buffer_length < wdm_sg_list_bytes(wdmdma_transfer_most_segments(transfer)))
		return "ScatterGatherBuffer is too small (bug check 0xE6, code 0x24)";
	*status = STATUS_INVALID_PARAMETER;
	if (wdmdma_sg_list_is_live(transfer->adapter, args->buffer))
		return "there is a list in ScatterGatherBuffer that was not put";
	*status = STATUS_SUCCESS;
	transfer->callback.list = args->buffer;
	return NULL;
}

/*
 * Make the record of a checked list, and start it. Return the reason of a failure, unless the
 * core has reported it, and the status in @status.
 */
static const char *wdm_sg_list_start(struct wdmdma_adapter *adapter,
				     const struct wdm_sg_list_args *args,
				     PSCATTER_GATHER_LIST *result, NTSTATUS *status)
{
	struct wdm_list *list = kzalloc(sizeof(*list), GFP_ATOMIC | __GFP_NOWARN);
	struct wdmdma_transfer *transfer;
	const char *fault;
	const void *address;

	*status = STATUS_INSUFFICIENT_RESOURCES;
	if (!list)
		return "no memory";
	list->readers = args->readers;
	transfer = &list->transfer;
	transfer->adapter = adapter;
	transfer->call = args->call;
	transfer->caller = args->caller;
	transfer->direction = wdm_direction(args->write);
	transfer->no_bounce = args->flags & DMA_FAIL_ON_BOUNCE;
	transfer->context = args->block;
	/* Without a routine the driver has to call FreeAdapterObject. */
	transfer->unended = !args->routine;
	transfer->ops = &wdm_sg_list_ops;
	transfer->callback.routine = args->routine;
	transfer->callback.device_object = args->object;
	transfer->callback.context = args->context;

	*status = wdm_status(wdmdma_transfer_init(transfer, &args->source));
	fault = NT_SUCCESS(*status) ? wdm_sg_list_take_buffer(transfer, args, status) :
				      transfer->why;
	if (NT_SUCCESS(*status)) {
		*status = wdm_status(wdmdma_sg_list_start(transfer,
							  !(args->flags & DMA_SYNCHRONOUS_CALLBACK),
							  &address));
		*result = (PSCATTER_GATHER_LIST)address;
	}
	if (!NT_SUCCESS(*status)) {
		wdmdma_transfer_fini(transfer);
		wdm_sg_list_release(transfer);
	}
	return fault;
}

/* Start a list for any of the four calls. @result receives the list, or NULL while it waits. */
NTSTATUS wdm_sg_list_get(PDMA_ADAPTER dma_adapter, struct wdm_sg_list_args *args,
			 PSCATTER_GATHER_LIST *result)
{
	struct wdmdma_adapter *adapter;
	const char *fault;
	NTSTATUS status;

	*result = NULL;
	adapter = wdm_enter(dma_adapter, args->call, DISPATCH_LEVEL);
	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	fault = wdm_sg_list_check(adapter, args, &status);
	if (!fault && args->block)
		status = wdm_context_use(adapter, args->call, args->block);
	if (NT_SUCCESS(status))
		fault = wdm_sg_list_start(adapter, args, result, &status);
	if (fault)
		wdmdma_refuse(adapter->device, args->call, "%s", fault);
	wdmdma_adapter_put(adapter);
	return status;
}

/* Return an MDL of the memory behind one segment, or NULL when out of memory. */
static PMDL wdm_sg_list_segment_mdl(const struct wdmdma_transfer *transfer, dma_addr_t dma, u32 len)
{
	PMDL mdl = wdm_mdl_alloc_gfp((PVOID)offset_in_page(dma), len, GFP_ATOMIC);
	dma_addr_t page = dma & PAGE_MASK;
	unsigned long i;

	if (!mdl)
		return NULL;
	for (i = 0; i < wdm_mdl_pages(mdl); i++, page += PAGE_SIZE)
		MmGetMdlPfnArray(mdl)[i] = PHYS_PFN(wdmdma_transfer_phys(transfer, page));
	mdl->MdlFlags |= MDL_PAGES_LOCKED | MDL_WRITE_OPERATION;
	return mdl;
}

/* Return a chain of MDLs for the memory of a list, with an MDL for each element. */
static PMDL wdm_sg_list_build_mdls(const struct wdmdma_transfer *transfer)
{
	unsigned int nr = wdmdma_transfer_segments(transfer);
	PMDL first = NULL, *end = &first;
	struct scatterlist *sg = NULL;
	dma_addr_t dma;
	u32 len;

	while (nr--) {
		dma = wdmdma_transfer_segment(transfer, &sg, &len);
		*end = wdm_sg_list_segment_mdl(transfer, dma, len);
		if (!*end) {
			wdm_sg_list_free_mdls(first);
			return NULL;
		}
		end = &(*end)->Next;
	}
	return first;
}

/* Make the MDL of the memory that the device uses for a list. Fail in a second call for a list. */
NTSTATUS wdm_sg_list_mdl(struct wdmdma_adapter *adapter, const char *call, const void *address,
			 PMDL original, PMDL *target)
{
	NTSTATUS status = STATUS_SUCCESS;
	struct wdmdma_transfer *transfer;
	struct wdm_list *list;

	rcu_read_lock();
	transfer = wdmdma_sg_list_borrow(adapter, address);
	if (!transfer) {
		rcu_read_unlock();
		wdmdma_refuse(adapter->device, call,
			      "ScatterGather is no live list of this adapter");
		return STATUS_INVALID_PARAMETER;
	}
	list = wdm_sg_list_of(transfer);
	if (list->has_mdl)
		status = STATUS_NONE_MAPPED;
	else if (!wdmdma_transfer_is_bounced(transfer))
		*target = original;
	else
		*target = list->mdl = wdm_sg_list_build_mdls(transfer);
	if (NT_SUCCESS(status) && !*target)
		status = STATUS_INSUFFICIENT_RESOURCES;
	list->has_mdl |= NT_SUCCESS(status);
	wdmdma_sg_list_return(transfer);
	rcu_read_unlock();
	return status;
}
