// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: scatter/gather lists. This file makes a list of the arguments of a call, and has the
 * parts of a list that belong to this layer: its memory, its elements, and the MDLs made from it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/instruction_pointer.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "core/core.h"
#include "core/routine.h"
#include "core/sg_list.h"
#include "core/transfer.h"
#include "core/transfer_segments.h"
#include "core/transfer_source.h"
#include "lib/bug_check.h"
#include "lib/page_set.h"
#include "lib/record_cache.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"
#include "wdm/wdm_mdl_common.h"
#include "wdm/wdm_sg_list.h"
#include "wdm/wdm_transfer_context.h"

/* A list that needs memory of its own. */
struct wdm_sg_list_memory {
	struct rcu_head rcu;
	SCATTER_GATHER_LIST list;
};

/**
 * struct wdm_sg_list - a list
 * @transfer: the first member, so that both are freed as one
 * @memory: the list's memory, or NULL if the list lies in the record or in memory of the driver
 * @mdl: chain of MDLs that BuildMdlFromScatterGatherList made
 * @has_mdl: BuildMdlFromScatterGatherList was called
 * @readers: the list may be read under the RCU read lock alone
 * @rcu: for the free of a record with readers
 * @room: for the pieces of a short transfer. If the list is the module's, it follows
 */
struct wdm_sg_list {
	struct wdmdma_transfer transfer;
	struct wdm_sg_list_memory *memory;
	PMDL mdl;
	bool has_mdl;
	bool readers;
	struct rcu_head rcu;
	struct scatterlist room[];
};

static struct wdm_sg_list *wdm_sg_list_of(struct wdmdma_transfer *transfer)
{
	return container_of(transfer, struct wdm_sg_list, transfer);
}

static __always_inline void wdm_sg_list_write_elements(const struct wdmdma_transfer *transfer,
						       PSCATTER_GATHER_LIST list, bool flat)
{
	ULONG left = wdmdma_transfer_segments(transfer);
	SCATTER_GATHER_ELEMENT *element = list->Elements;
	struct scatterlist *sg = transfer->mapped->sgl;

	list->NumberOfElements = left;
	list->Reserved = 0;
	for (; left; left--, element++, sg = flat ? sg + 1 : sg_next(sg)) {
		element->Address.QuadPart = sg_dma_address(sg);
		element->Length = sg_dma_len(sg);
		element->Reserved = 0;
	}
	/* The segments of such an adapter are one range. */
	if (unlikely(!transfer->adapter->scatter_gather))
		list->Elements[0].Length = transfer->len;
}

static __always_inline void wdm_sg_list_write(const struct wdmdma_transfer *transfer,
					      PSCATTER_GATHER_LIST list)
{
	if (likely(transfer->mapped->sgl == transfer->room))
		wdm_sg_list_write_elements(transfer, list, true);
	else
		wdm_sg_list_write_elements(transfer, list, false);
}

/* Write the segments of a mapped transfer into a list, which must have room for them. */
void wdm_sg_list_fill(const struct wdmdma_transfer *transfer, PSCATTER_GATHER_LIST list)
{
	wdm_sg_list_write(transfer, list);
}

/* Allocate memory of its own for a list. Return 0 or -ENOMEM. May be called again. */
int wdm_sg_list_prepare(struct wdmdma_transfer *transfer, gfp_t gfp)
{
	u64 bytes = wdm_sg_list_bytes(wdmdma_transfer_most_segments(transfer));
	struct wdm_sg_list *list = wdm_sg_list_of(transfer);

	list->memory = wdmdma_kvmalloc(sizeof(*list->memory) + bytes, gfp | __GFP_ZERO);
	if (!list->memory)
		return -ENOMEM;
	transfer->callback.list = &list->memory->list;
	return 0;
}

/*
 * Write the segments into the list of a transfer. In the record, the memory behind the last element
 * may show elements of an older list, which may be another driver's. So zero it.
 */
void wdm_sg_list_fill_own(struct wdmdma_transfer *transfer)
{
	PSCATTER_GATHER_LIST list = transfer->callback.list;
	ULONG left;

	wdm_sg_list_write(transfer, list);
	if ((void *)list != transfer->room + transfer->room_nr)
		return;
	left = transfer->room_nr - list->NumberOfElements;
	if (left)
		memset(list->Elements + list->NumberOfElements, 0, left * sizeof(*list->Elements));
}

/*
 * Call the driver's routine. Its second argument is NULL because there are no IRPs. A list without
 * a routine is made by a synchronous call, which never waits.
 */
static void wdm_sg_list_call(const struct wdmdma_callback *callback)
{
	PDRIVER_LIST_CONTROL routine = callback->routine;

	routine(callback->device_object, NULL, callback->list, callback->context);
}

/*
 * Free the MDLs of a list. At DISPATCH_LEVEL their mappings are removed a little later. The level
 * is raised here, because the caller may be an RCU reader, and the removal may sleep.
 */
static void wdm_sg_list_free_mdls(PMDL mdl)
{
	bool enable = !irqs_disabled();
	PMDL next;

	if (enable)
		local_bh_disable();

	for (; mdl; mdl = next) {
		next = mdl->Next;
		if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
			wdm_mdl_unmap(mdl, "PutScatterGatherList");
		wdm_kvfree(mdl);
	}
	if (enable)
		local_bh_enable();
}

static void wdm_sg_list_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct wdm_sg_list, rcu));
}

/*
 * Free a list, in any context. vfree() may not be called in all of them, so memory of vmalloc() is
 * freed after an RCU grace period. That delay costs more than the rest of the end of a short list,
 * so of the other lists only those with readers pay for it. A record is not freed by kfree_rcu(),
 * because rcu_barrier() would not wait for that before the records' caches go.
 */
void wdm_sg_list_release(struct wdmdma_transfer *transfer)
{
	struct wdm_sg_list *list = wdm_sg_list_of(transfer);

	if (unlikely(list->mdl))
		wdm_sg_list_free_mdls(list->mdl);
	if (unlikely(list->memory)) {
		if (list->readers || is_vmalloc_addr(list->memory))
			kvfree_rcu(list->memory, rcu);
		else
			kfree(list->memory);
	}
	if (list->readers)
		call_rcu(&list->rcu, wdm_sg_list_free_rcu);
	else
		kfree(list);
}

/* Operations of the lists of the WDM calls, whose routine is a PDRIVER_LIST_CONTROL. */
const struct wdmdma_sg_list_ops wdm_sg_list_ops = {
	.prepare = wdm_sg_list_prepare,
	.fill = wdm_sg_list_fill_own,
	.call = wdm_sg_list_call,
	.release = wdm_sg_list_release,
};

/* Return 0, with the memory in @source, if this list can be made, or a negative errno. */
static __always_inline int wdm_sg_list_check(struct wdmdma_adapter *adapter,
					     struct wdm_sg_list_args *args,
					     struct wdmdma_source *source,
					     struct wdmdma_refusal *refusal)
{
	int ret;

	if (adapter->dma_channel)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "lists are for bus masters: with system DMA, allocate the adapter's channel");
	if (!args->mdl)
		return wdmdma_deny(refusal, -EINVAL, "Mdl is NULL");
	if (args->flags & ~WDM_TRANSFER_FLAGS)
		return wdmdma_deny(refusal, -EINVAL, "Flags has an unknown bit");
	if (!args->length)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x21), "Length is 0");
	if (args->va)
		args->offset = wdm_va_offset(args->mdl, *args->va);
	if (args->va && wdm_va_is_outside(args->mdl, args->offset))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1B),
				       "CurrentVa is no address of the MDL");
	if (!wdm_chain_holds(args->mdl, args->offset, args->length))
		return wdmdma_deny_bug(refusal, args->va ? -ENOBUFS : -EINVAL,
				       WDMDMA_DMA_CODE(0x1B),
				       "the MDL chain has not that many bytes");
	ret = wdm_chain_check(args->mdl, args->offset, args->length, !args->write, refusal);
	if (ret)
		return ret;
	*source = wdm_chain_source(args->mdl, args->offset, args->length);
	if (wdmdma_source_pages(source) > adapter->map_registers)
		return wdmdma_deny_bug(refusal, -ENOMEM, WDMDMA_DMA_CODE(0x0C),
				       "more map registers than granted");
	return 0;
}

/*
 * Choose the list's memory. @callback.list stays NULL if prepare() must allocate it. Return 0, or a
 * negative errno if the driver's memory cannot be used.
 */
static __always_inline int wdm_sg_list_place(struct wdmdma_transfer *transfer,
					     const struct wdm_sg_list_args *args)
{
	unsigned int most = wdmdma_transfer_most_segments(transfer);

	if (!args->buffer) {
		/* Use the record's memory behind the pieces if all elements fit there. */
		if (likely(most <= transfer->room_nr))
			transfer->callback.list = transfer->room + transfer->room_nr;
		return 0;
	}
	if (args->buffer_length < wdm_sg_list_bytes(most))
		return wdmdma_deny_bug(&transfer->refusal, -ENOBUFS, WDMDMA_DMA_CODE(0x24),
				       "ScatterGatherBuffer is too small");
	if (wdmdma_sg_list_is_live(transfer->adapter, args->buffer))
		return wdmdma_deny(&transfer->refusal, -EINVAL,
				   "there is a list in ScatterGatherBuffer that was not put");
	transfer->callback.list = args->buffer;
	return 0;
}

/*
 * Allocate the record of a list, with room for @nr pieces and for the list. Without room, because
 * @nr is 0 or that allocation fails, pieces and list are allocated later. Only the room of the
 * transfer is set.
 */
static __always_inline struct wdm_sg_list *
wdm_sg_list_new(const struct wdm_sg_list_args *args, u32 nr)
{
	struct wdm_sg_list *list = NULL;
	size_t bytes;

	bytes = struct_size(list, room, nr) + (args->buffer ? 0 : wdm_sg_list_bytes(nr));
	list = nr ? wdmdma_record_alloc(bytes, GFP_ATOMIC | __GFP_NOWARN) : NULL;
	if (unlikely(!list))
		return kzalloc(sizeof(*list), GFP_ATOMIC | __GFP_NOWARN);
	list->transfer.room = list->room;
	list->transfer.room_nr = nr;
	return list;
}

/* Fill in the record of a list, of which only the room for pieces is known. */
static __always_inline void wdm_sg_list_init(struct wdm_sg_list *list,
					     struct wdmdma_adapter *adapter,
					     const struct wdm_sg_list_args *args)
{
	struct wdmdma_transfer *transfer = &list->transfer;

	wdmdma_transfer_make(transfer, adapter, wdm_direction(args->write), transfer->room,
			     transfer->room_nr);
	transfer->call = args->call;
	transfer->caller = wdmdma_adapter_opener(adapter, args->caller);
	transfer->no_bounce = args->flags & DMA_FAIL_ON_BOUNCE;
	/* Without a routine the driver has to call FreeAdapterObject. */
	transfer->unended = !args->routine && !args->settled;
	wdmdma_sg_list_make(transfer, args->ops, args->transfer_context);
	transfer->callback.routine = args->routine;
	transfer->callback.device_object = args->device_object;
	transfer->callback.context = args->context;
	list->memory = NULL;
	list->mdl = NULL;
	list->has_mdl = false;
	list->readers = args->readers;
}

/*
 * Make the record of a checked list, and start it. Return 0, or a negative errno, without a reason
 * if the core has reported the failure.
 */
static __always_inline int wdm_sg_list_start(struct wdmdma_adapter *adapter,
					     const struct wdm_sg_list_args *args,
					     const struct wdmdma_source *source,
					     struct wdmdma_callback *callback,
					     struct wdmdma_refusal *refusal)
{
	struct wdm_sg_list *list = wdm_sg_list_new(args, wdmdma_source_room(adapter, source));
	struct wdmdma_transfer *transfer;
	int ret;

	if (!list)
		return wdmdma_deny(refusal, -ENOMEM, "no memory");
	wdm_sg_list_init(list, adapter, args);
	transfer = &list->transfer;
	ret = wdmdma_transfer_init(transfer, source);
	if (!ret)
		ret = wdm_sg_list_place(transfer, args);
	if (ret)
		wdmdma_deny_bug(refusal, ret, transfer->refusal.bug, transfer->refusal.reason);
	else
		ret = wdmdma_sg_list_start(transfer, !(args->flags & DMA_SYNCHRONOUS_CALLBACK),
					   callback);
	if (likely(!ret))
		return 0;
	wdmdma_transfer_fini(transfer);
	wdm_sg_list_release(transfer);
	return ret;
}

static __always_inline int wdm_sg_list_run(PDMA_ADAPTER dma_adapter, struct wdm_sg_list_args *args,
					   PSCATTER_GATHER_LIST *result)
{
	struct wdmdma_callback callback = {};
	struct wdmdma_adapter *adapter;
	struct wdmdma_refusal refusal;
	struct wdmdma_source source;
	bool first = false;
	int ret;

	*result = NULL;
	refusal.reason = NULL;
	rcu_read_lock();
	adapter = wdm_peek(dma_adapter, args->call);
	if (IS_ERR(adapter)) {
		rcu_read_unlock();
		return PTR_ERR(adapter);
	}
	ret = wdm_sg_list_check(adapter, args, &source, &refusal);
	if (!ret && args->transfer_context)
		ret = wdm_context_use(adapter, args->call, args->transfer_context, &first);
	if (!ret)
		ret = wdm_sg_list_start(adapter, args, &source, &callback, &refusal);
	if (unlikely(ret) && first)
		wdm_context_unuse(adapter, args->call, args->transfer_context);
	if (unlikely(ret) && refusal.reason)
		wdmdma_refuse_bug_for(adapter->device, args->call, refusal.bug, refusal.reason,
				      "%s", refusal.reason);
	rcu_read_unlock();
	/* A list that waits may have been mapped and called by now, on another CPU. */
	if (callback.list)
		*result = callback.list;
	if (callback.list && callback.routine)
		wdmdma_sg_list_call(args->ops, &callback);
	return ret;
}

/*
 * Start a list for any of the calls. @result receives NULL, and then the list, unless it
 * waits. Nothing is stored there once a routine may run, because the routine may free the memory of
 * @result. The compiler makes a copy for GetScatterGatherList, without what that call cannot ask
 * for. Return 0, or a negative errno that was reported.
 */
int wdm_sg_list_get(PDMA_ADAPTER dma_adapter, struct wdm_sg_list_args *args,
		    PSCATTER_GATHER_LIST *result)
{
	return wdm_sg_list_run(dma_adapter, args, result);
}

/**
 * WdmGetScatterGatherList() - GetScatterGatherList: map memory into a list
 * @dma_adapter: from IoGetDmaAdapter()
 * @device_object: passed on to the routine
 * @mdl: resident pages, alone or chained. Not needed after the call
 * @current_va: start of the transfer, in terms of MmGetMdlVirtualAddress(@mdl). The address is
 *	an index into the first MDL, and may be an address of another process. Behind the end
 *	of that MDL, or if it is empty, the index goes on in the next MDL
 * @length: bytes, from there along the chain
 * @execution_routine: called at DISPATCH_LEVEL with the list, before or after this function
 *	returns. Its second argument is NULL
 * @context: passed on to the routine
 * @write_to_device: TRUE if the device reads the memory
 *
 * Answers to wdm: PGET_SCATTER_GATHER_LIST. The device owns the memory until
 * PutScatterGatherList. An adapter may have any number of lists, mapped or waiting. A request
 * that cannot be mapped now waits, and routines are called in the order of the calls. An adapter
 * without ScatterGather gets a list with one element.
 *
 * Differs from Windows: map registers are counted for each transfer, and not over all transfers
 * under way. The call may be made below DISPATCH_LEVEL, but not in hard interrupts.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS if the routine has been or will be called, once. With every other status
 *   the routine is never called
 * * STATUS_INSUFFICIENT_RESOURCES for more pages than map registers granted, or no memory
 * * STATUS_BUFFER_TOO_SMALL if the chain has fewer bytes
 * * STATUS_INVALID_PARAMETER
 * * STATUS_NOT_SUPPORTED for memory that cannot be mapped here
 * * STATUS_DELETE_PENDING after unbind
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 */
NTSTATUS WdmGetScatterGatherList(PDMA_ADAPTER dma_adapter, PDEVICE_OBJECT device_object, PMDL mdl,
				 PVOID current_va, ULONG length,
				 PDRIVER_LIST_CONTROL execution_routine, PVOID context,
				 BOOLEAN write_to_device)
{
	struct wdm_sg_list_args args = {
		.call = "GetScatterGatherList",
		.caller = _RET_IP_,
		.device_object = device_object,
		.mdl = mdl,
		.va = &current_va,
		.length = length,
		.ops = &wdm_sg_list_ops,
		.routine = execution_routine,
		.context = context,
		.write = write_to_device,
	};
	PSCATTER_GATHER_LIST list;

	if (!execution_routine) {
		wdmdma_report(args.call, "ExecutionRoutine is NULL");
		return STATUS_INVALID_PARAMETER;
	}
	return wdm_status(wdm_sg_list_run(dma_adapter, &args, &list));
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
	struct wdm_sg_list *list;
	const char *reason;

	rcu_read_lock();
	transfer = wdmdma_sg_list_borrow(adapter, address);
	if (IS_ERR(transfer)) {
		rcu_read_unlock();
		reason = PTR_ERR(transfer) == -EAGAIN ?
				"the device is just changing its domain" :
				"ScatterGather is no live list of this adapter";
		wdmdma_refuse_for(adapter->device, call, reason, "%s", reason);
		return wdm_status(PTR_ERR(transfer));
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
