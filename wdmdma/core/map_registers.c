// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers, and the memory mapped under them. The caller of each function here has claimed the
 * registers, or the function does so. See core/map_registers_claim.c for that, and
 * core/transfers.c for the RCU read sections.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/map_registers.h"
#include "core/shortage.h"
#include "core/transfer.h"
#include "core/transfer_segments.h"
#include "core/transfer_source.h"
#include "core/verifier.h"
#include "lib/bug_check.h"
#include "lib/record_cache.h"
#include "lib/refusal.h"

/**
 * struct registers_mapping - a mapped part of the driver's memory
 * @transfer: the transfer
 * @node: entry in @wdmdma_registers.mapped
 * @next: next record in @wdmdma_registers.spare
 * @owner: the driver's pointer for the memory
 * @offset: first byte of the part in the memory of @owner
 * @end: first byte behind the part
 * @registers: number of map registers that the part takes
 * @pages: number of pieces that there is room for
 * @room: for the pieces of @transfer. The pieces of a longer part are in a table
 */
struct registers_mapping {
	struct wdmdma_transfer transfer;
	struct rb_node node;
	struct registers_mapping *next;
	const void *owner;
	u64 offset;
	u64 end;
	u32 registers;
	u32 pages;
	struct scatterlist room[];
};

static struct registers_mapping *registers_mapping_of(const struct rb_node *node)
{
	return rb_entry(node, struct registers_mapping, node);
}

/* Compare bytes of @owner with a mapping. Return 0 if the two have a byte in common. */
static int registers_compare(const void *owner, u64 offset, u64 end,
			     const struct registers_mapping *mapping)
{
	if (owner != mapping->owner)
		return owner < mapping->owner ? -1 : 1;
	if (end <= mapping->offset)
		return -1;
	return offset < mapping->end ? 0 : 1;
}

static int registers_compare_node(struct rb_node *node, const struct rb_node *other)
{
	const struct registers_mapping *mapping = registers_mapping_of(node);

	return registers_compare(mapping->owner, mapping->offset, mapping->end,
				 registers_mapping_of(other));
}

/*
 * Return the first byte behind a part. A driver may name bytes that do not exist. If it names no
 * byte, because the device has moved none, it means the mapping that begins there.
 */
static u64 registers_part_end(const struct wdmdma_part *part)
{
	const u64 len = max_t(u64, part->len, 1);

	return len <= U64_MAX - part->offset ? part->offset + len : U64_MAX;
}

static int registers_compare_part(const void *key, const struct rb_node *node)
{
	const struct wdmdma_part *part = key;

	return registers_compare(part->owner, part->offset, registers_part_end(part),
				 registers_mapping_of(node));
}

/* Free the record of map registers under which nothing is mapped. */
void wdmdma_registers_delete(struct wdmdma_registers *registers)
{
	struct registers_mapping *mapping;

	while ((mapping = registers->spare)) {
		registers->spare = mapping->next;
		kfree(mapping);
	}
	kfree(registers);
}

/* Take registers from the driver. The caller must have claimed and cleared the registers. */
void wdmdma_registers_drop(struct wdmdma_registers *registers)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	wdmdma_registers_take(registers);
	registers->busy = false;
	over = wdmdma_registers_are_over(registers);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (over)
		wdmdma_registers_delete(registers);
	wdmdma_channel_kick(adapter);
}

static void registers_unlock(struct wdmdma_registers *registers)
{
	if (!wdmdma_registers_put(registers))
		return;
	wdmdma_registers_clear(registers, registers->call, false);
	wdmdma_registers_delete(registers);
}

/*
 * Return a record for a part of at most @pages pieces, whose fields have old contents. Use a spare
 * record if there is one. A loop of MapTransfer would otherwise take a record from the slab
 * allocator for each piece, and give all of them back at the end. The allocator would give the
 * pages of most of them back too, and zero them before the next use.
 */
static struct registers_mapping *registers_take_record(struct wdmdma_registers *registers,
						       u32 pages)
{
	struct registers_mapping *mapping = registers->spare;

	if (mapping && mapping->pages >= pages) {
		registers->spare = mapping->next;
		registers->spare_pages -= mapping->pages;
		return mapping;
	}
	mapping = wdmdma_record_alloc(struct_size(mapping, room, pages), GFP_ATOMIC | __GFP_NOWARN);
	if (mapping)
		mapping->pages = pages;
	return mapping;
}

/* Keep a record for the next part, but not more than the map registers can be used for. */
static void registers_put_record(struct wdmdma_registers *registers,
				 struct registers_mapping *mapping)
{
	if (mapping->pages > registers->count - registers->spare_pages) {
		kfree(mapping);
		return;
	}
	mapping->next = registers->spare;
	registers->spare = mapping;
	registers->spare_pages += mapping->pages;
}

/* Remove a part from the tree. */
static void registers_erase(struct wdmdma_registers *registers, struct registers_mapping *mapping)
{
	if (registers->last == &mapping->node)
		registers->last = rb_prev(&mapping->node);
	rb_erase(&mapping->node, &registers->mapped);
}

/*
 * Unmap a part that is not in the tree any more. With @abandon the memory may be gone already, so
 * it must not be written.
 */
static void registers_end_mapping(struct wdmdma_registers *registers,
				  struct registers_mapping *mapping, bool abandon)
{
	registers->used -= mapping->registers;
	if (unlikely(registers->adapter->dma_channel))
		wdmdma_dma_channel_stop(registers->adapter->dma_channel);
	if (abandon)
		wdmdma_transfer_abandon(&mapping->transfer);
	else
		wdmdma_transfer_unmap(&mapping->transfer);
	wdmdma_transfer_fini(&mapping->transfer);
	registers_put_record(registers, mapping);
}

/* Report if the driver names another direction than that of a mapping. */
static void registers_check_direction(const struct wdmdma_registers *registers,
				      const struct registers_mapping *mapping,
				      const struct wdmdma_part *part)
{
	if (unlikely(mapping->transfer.direction != part->direction))
		wdmdma_refuse(registers->adapter->device, part->call,
			      "WriteToDevice is not what it was: ignored");
}

/*
 * Unmap all that is mapped. The driver names it as @part, or @part is NULL. Walk in postorder, so
 * that nodes can be freed without rebalancing the tree.
 */
static void registers_end_all(struct wdmdma_registers *registers, const struct wdmdma_part *part,
			      bool abandon)
{
	struct registers_mapping *mapping, *next;

	rbtree_postorder_for_each_entry_safe(mapping, next, &registers->mapped, node) {
		if (part)
			registers_check_direction(registers, mapping, part);
		registers_end_mapping(registers, mapping, abandon);
	}
	registers->mapped = RB_ROOT;
	registers->last = NULL;
}

/* Unmap and report all that is mapped under the registers. The caller must have claimed them. */
void wdmdma_registers_clear(struct wdmdma_registers *registers, const char *call, bool abandon)
{
	if (RB_EMPTY_ROOT(&registers->mapped))
		return;
	wdmdma_refuse_bug(registers->adapter->device, call, WDMDMA_DMA_CODE(0x10),
			  "the map registers are mapped: unmapped now");
	registers_end_all(registers, NULL, abandon);
}

/**
 * wdmdma_registers_free() - free map registers
 * @adapter: the adapter
 * @call: the Windows call, for messages
 * @base: the registers, as the driver names them
 * @count: number of registers, which must be the number asked for
 *
 * Context: <= DISPATCH_LEVEL, in an RCU read section.
 * Return: 0, -EINVAL if the driver does not have the registers or @count is wrong, or
 * -ESHUTDOWN after unbind. A failure has been reported and changes nothing.
 */
int wdmdma_registers_free(struct wdmdma_adapter *adapter, const char *call, const void *base,
			  u32 count)
{
	struct wdmdma_registers *registers =
		wdmdma_registers_claim(adapter, call, base, WDMDMA_DMA_CODE(0x05));

	if (IS_ERR(registers))
		return PTR_ERR(registers);
	if (registers->count != count) {
		wdmdma_refuse_bug(adapter->device, call, WDMDMA_DMA_CODE(0x05),
				  "%u map registers instead of %u: not freed",
				  count, registers->count);
		registers_unlock(registers);
		return -EINVAL;
	}
	wdmdma_registers_clear(registers, call, false);
	wdmdma_registers_drop(registers);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_free);

/*
 * Check whether the part may be mapped, and cut it to the available registers and segments.
 * Return 0, or a negative errno with the reason in @refusal.
 */
static int registers_check(const struct wdmdma_registers *registers, struct wdmdma_part *part,
			   struct wdmdma_refusal *refusal)
{
	size_t most = wdmdma_dma_channel_boundary(registers->adapter->dma_channel) ?: SIZE_MAX, len;

	if (READ_ONCE(registers->cancelled))
		return wdmdma_deny(refusal, -ECANCELED, "the request is cancelled");
	if (part->alone && !RB_EMPTY_ROOT(&registers->mapped))
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x0D),
				       "what was mapped before is not flushed");
	len = wdmdma_source_trim(registers->adapter, &part->source,
				 registers->count - registers->used, part->segments);
	if (len && (!part->whole || len >= part->len)) {
		part->source.left = len;
		return 0;
	}
	if (part->len > most)
		return wdmdma_deny(refusal, -ENOSPC,
				   "that is more than the DMA controller's channel moves");
	return wdmdma_deny_bug(refusal, -ENOSPC, WDMDMA_DMA_CODE(0x00),
			       "there are not as many map registers");
}

/* Make the record of a checked part. Return NULL if there is no memory. */
static struct registers_mapping *registers_new_mapping(struct wdmdma_registers *registers,
						       const struct wdmdma_part *part)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	u32 nr = wdmdma_source_pages(&part->source);
	struct registers_mapping *mapping;

	if (adapter->scatter_gather)
		nr = min(nr, part->segments);
	if (nr > WDMDMA_ROOM_MOST)
		nr = 0;
	mapping = registers_take_record(registers, nr);
	if (!mapping)
		return NULL;
	wdmdma_transfer_make(&mapping->transfer, adapter, part->direction,
			     nr ? mapping->room : NULL, nr);
	mapping->transfer.call = part->call;
	mapping->transfer.caller = registers->caller;
	mapping->transfer.partial = nr == part->segments;
	mapping->transfer.no_bounce = registers->no_bounce ||
				      wdmdma_dma_channel_is_cyclic(adapter->dma_channel);
	mapping->owner = part->owner;
	mapping->offset = part->offset;
	RB_CLEAR_NODE(&mapping->node);
	return mapping;
}

/*
 * Reserve the bytes of a part, by putting the part into the tree. Return false if some of them are
 * mapped already. Most drivers go on behind all that they have mapped, and then one comparison
 * tells that.
 */
static bool registers_reserve(struct wdmdma_registers *registers,
			      struct registers_mapping *mapping)
{
	struct rb_node *last = registers->last;

	mapping->end = mapping->offset + mapping->transfer.len;
	if (last && registers_compare_node(&mapping->node, last) <= 0)
		return !rb_find_add(&mapping->node, &registers->mapped, registers_compare_node);
	rb_link_node(&mapping->node, last, last ? &last->rb_right : &registers->mapped.rb_node);
	rb_insert_color(&mapping->node, &registers->mapped);
	registers->last = &mapping->node;
	return true;
}

static int registers_map_once(struct wdmdma_transfer *transfer)
{
	int ret = wdmdma_transfer_prepare(transfer, GFP_ATOMIC);

	return ret ?: wdmdma_transfer_map(transfer);
}

/* Map the part, or as much of it as its room is for. */
static int registers_map_whole(struct wdmdma_registers *registers,
			       struct registers_mapping *mapping, struct wdmdma_part *part)
{
	struct wdmdma_transfer *transfer = &mapping->transfer;
	int ret = wdmdma_transfer_init(transfer, &part->source);
	bool bounce = transfer->must_bounce;

	if (unlikely(ret))
		return ret;
	part->source.left = transfer->len;
	if (unlikely(wdmdma_transfer_most_segments(transfer) > part->segments))
		return wdmdma_deny(&transfer->refusal, -E2BIG,
				   "the MDL has changed during the call");
	if (unlikely(!registers_reserve(registers, mapping)))
		return wdmdma_deny_bug(&transfer->refusal, -EINVAL, WDMDMA_DMA_CODE(0x1D),
				       "that memory is mapped already");
	if (unlikely(bounce))
		return registers_map_once(transfer);
	ret = wdmdma_transfer_map(transfer);
	/* If mapping has shown that the memory must be copied, try once more. */
	if (unlikely(ret == -EAGAIN) && transfer->must_bounce)
		ret = registers_map_once(transfer);
	return ret;
}

/* Start the DMA controller of the adapter. On failure unmap the transfer. */
static int registers_start(struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg = NULL;
	dma_addr_t dma;
	u32 len;
	int ret;

	dma = wdmdma_transfer_segment(transfer, &sg, &len);
	ret = wdmdma_dma_channel_start(transfer->adapter->dma_channel, dma, len,
				       transfer->direction, &transfer->refusal);
	if (ret)
		wdmdma_transfer_unmap(transfer);
	return ret;
}

/* Map a checked part. A part to be copied may need more segments, and is then cut again. */
static int registers_map_part(struct wdmdma_registers *registers,
			      struct registers_mapping *mapping, struct wdmdma_part *part)
{
	struct wdmdma_transfer *transfer = &mapping->transfer;
	int ret = registers_map_whole(registers, mapping, part);

	if (unlikely(ret == -E2BIG)) {
		wdmdma_transfer_fini(transfer);
		part->source.left = wdmdma_source_trim_copied(transfer->adapter, &part->source,
							      part->segments);
		ret = registers_map_whole(registers, mapping, part);
	}
	if (!ret && unlikely(transfer->adapter->dma_channel))
		ret = registers_start(transfer);
	if (likely(!ret)) {
		/* Fewer bytes may have been mapped than were asked for. */
		part->len = transfer->len;
		mapping->registers = wdmdma_source_pages(&part->source);
		registers->used += mapping->registers;
		return 0;
	}
	wdmdma_transfer_fini(transfer);
	if (!RB_EMPTY_NODE(&mapping->node))
		registers_erase(registers, mapping);
	return ret;
}

static void __cold registers_refused(struct wdmdma_adapter *adapter,
				     const struct wdmdma_part *part,
				     const struct wdmdma_refusal *refusal)
{
	char text[WDMDMA_BOUNCE_TEXT];

	wdmdma_shortage_of_bounce(adapter->device->dev, refusal, text, sizeof(text));
	wdmdma_refuse_bug_for(adapter->device, part->call, refusal->bug, refusal->reason,
			      "%zu bytes: %s%s", part->len, refusal->reason, text);
}

/**
 * wdmdma_registers_map() - map a part of the driver's memory
 * @adapter: the adapter
 * @part: the part. On success @len is set to the mapped length, which may be less
 * @fill: called with the mapped transfer
 * @to: argument of @fill
 *
 * Context: <= DISPATCH_LEVEL, in an RCU read section.
 * Return: 0, -EINVAL for a part that must not be mapped, -ENOSPC if there are not enough map
 * registers, -ECANCELED if the request was cancelled, -ESHUTDOWN after unbind, or an errno of
 * core/transfer.c. A failure has been reported.
 */
int wdmdma_registers_map(struct wdmdma_adapter *adapter, struct wdmdma_part *part,
			 void (*fill)(const struct wdmdma_transfer *transfer, void *to), void *to)
{
	struct registers_mapping *mapping;
	struct wdmdma_registers *registers;
	struct wdmdma_refusal refusal;
	int ret;

	registers = wdmdma_registers_claim(adapter, part->call, part->base, 0);
	if (IS_ERR(registers))
		return PTR_ERR(registers);
	ret = registers_check(registers, part, &refusal);
	if (ret)
		goto unlock;
	mapping = registers_new_mapping(registers, part);
	if (unlikely(!mapping)) {
		ret = wdmdma_deny(&refusal, -ENOMEM, "no memory");
		goto unlock;
	}
	ret = registers_map_part(registers, mapping, part);
	if (likely(!ret)) {
		fill(&mapping->transfer, to);
	} else {
		refusal = mapping->transfer.refusal;
		registers_put_record(registers, mapping);
	}
unlock:
	registers_unlock(registers);
	if (ret)
		registers_refused(adapter, part, &refusal);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_map);

/*
 * Return the first mapping that has bytes of the part. Return ERR_PTR(-EINVAL), with the reason in
 * @refusal, if there is none, or if the part begins behind the start of a mapping.
 */
static struct rb_node *registers_first_of(const struct wdmdma_registers *registers,
					  const struct wdmdma_part *part,
					  struct wdmdma_refusal *refusal)
{
	struct rb_node *first = rb_find_first(part, &registers->mapped, registers_compare_part);
	int ret = 0;

	if (!first)
		ret = wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x20),
				      "nothing of that is mapped");
	else if (registers_mapping_of(first)->offset < part->offset)
		ret = wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x23),
				      "the mapping begins before that");
	return ret ? ERR_PTR(ret) : first;
}

/* Return true if something is mapped, and all of it lies in the part. */
static bool registers_all_in(const struct wdmdma_registers *registers,
			     const struct wdmdma_part *part)
{
	const struct registers_mapping *first, *last;

	if (!registers->last)
		return false;
	first = registers_mapping_of(rb_first(&registers->mapped));
	last = registers_mapping_of(registers->last);
	return first->owner == part->owner && last->owner == part->owner &&
	       first->offset >= part->offset && last->end <= registers_part_end(part);
}

/* Unmap all mappings in the part. Return 0, or -EINVAL with the reason in @refusal. */
static int registers_end_part(struct wdmdma_registers *registers, const struct wdmdma_part *part,
			      struct wdmdma_refusal *refusal)
{
	struct registers_mapping *mapping;
	struct rb_node *node, *next;

	if (likely(registers_all_in(registers, part))) {
		registers_end_all(registers, part, false);
		return 0;
	}
	node = registers_first_of(registers, part, refusal);
	if (IS_ERR(node))
		return PTR_ERR(node);
	for (; node; node = next) {
		next = rb_next_match(part, node, registers_compare_part);
		mapping = registers_mapping_of(node);
		registers_check_direction(registers, mapping, part);
		registers_erase(registers, mapping);
		registers_end_mapping(registers, mapping, false);
	}
	return 0;
}

/**
 * wdmdma_registers_unmap() - unmap a part of the driver's memory
 * @adapter: the adapter
 * @part: the part, which must begin where a mapping begins, or before that
 *
 * All mappings that have bytes of the part end, with all their bytes. So drivers may name only the
 * bytes that the device has moved. A wrong direction is reported and ignored. A length beyond the
 * map registers is a mistake that only the verifier reports.
 *
 * Context: <= DISPATCH_LEVEL, in an RCU read section.
 * Return: 0, -EINVAL if nothing is mapped in the part or a mapping begins before it, or
 * -ESHUTDOWN after unbind. A failure has been reported and changes nothing.
 */
int wdmdma_registers_unmap(struct wdmdma_adapter *adapter, const struct wdmdma_part *part)
{
	struct wdmdma_registers *registers;
	struct wdmdma_refusal refusal;
	bool beyond;
	int ret;

	registers = wdmdma_registers_claim(adapter, part->call, part->base, WDMDMA_DMA_CODE(0x16));
	if (IS_ERR(registers))
		return PTR_ERR(registers);
	beyond = part->len > (size_t)registers->count << PAGE_SHIFT;
	ret = registers_end_part(registers, part, &refusal);
	registers_unlock(registers);
	if (ret)
		registers_refused(adapter, part, &refusal);
	else if (beyond)
		wdmdma_verifier_report(adapter->device, part->call, WDMDMA_DMA_CODE(0x00));
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_unmap);
