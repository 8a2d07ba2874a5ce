// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers, and the memory mapped under them.
 *
 * Only one call at a time may map, unmap or free under the registers of one request. Windows
 * demands this order of a driver anyway. A call that breaks the order is refused. The caller of
 * that call claims the registers, and may then work on their mappings without the lock. See
 * core/transfers.c for the RCU read sections.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/transfer.h"
#include "lib/record.h"

/* The pieces of a shorter part come with its record. */
#define REGISTERS_SHORT		257

/**
 * struct registers_mapping - a mapped part of the driver's memory
 * @transfer: the transfer
 * @node: entry in @wdmdma_registers.mapped
 * @owner: the driver's pointer for the memory
 * @offset: first byte of the part in the memory of @owner
 * @end: first byte behind the part
 * @registers: number of map registers that the part takes
 * @room: for the pieces of @transfer
 */
struct registers_mapping {
	struct wdmdma_transfer transfer;
	struct rb_node node;
	const void *owner;
	u64 offset;
	u64 end;
	u32 registers;
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

/* Return the first byte behind a part. A driver may name bytes that do not exist. */
static u64 registers_part_end(const struct wdmdma_part *part)
{
	return part->len <= U64_MAX - part->offset ? part->offset + part->len : U64_MAX;
}

static int registers_compare_part(const void *key, const struct rb_node *node)
{
	const struct wdmdma_part *part = key;

	return registers_compare(part->owner, part->offset, registers_part_end(part),
				 registers_mapping_of(node));
}

/*
 * Claim the registers that the driver names @base. No other call may use them until
 * registers_unlock() or wdmdma_registers_drop(). Return the registers, ERR_PTR(-EINVAL) if they
 * are unknown or in use, or ERR_PTR(-ESHUTDOWN) after unbind. A failure has been reported.
 */
static struct wdmdma_registers *registers_lock(struct wdmdma_adapter *adapter, const char *call,
					       const void *base)
{
	const char *why = "is no base of map registers that this adapter granted";
	struct wdmdma_registers *found = ERR_PTR(-EINVAL);
	struct wdmdma_ptr_node *named;
	unsigned long flags;

	lockdep_assert_in_rcu_read_lock();

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.closed) {
		why = "is of an unbound driver";
		found = ERR_PTR(-ESHUTDOWN);
		goto unlock;
	}
	named = wdmdma_ptr_find(&adapter->transfers.bases, base);
	if (!named)
		goto unlock;
	found = container_of(named, struct wdmdma_registers, named);
	if (found->busy) {
		why = "is in use by another call";
		found = ERR_PTR(-EINVAL);
		goto unlock;
	}
	found->busy = true;
unlock:
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (IS_ERR(found))
		wdmdma_refuse(adapter->device, call, "MapRegisterBase %p %s", base, why);
	return found;
}

/* Remove a request from the adapter, where it waits or has map registers. */
void wdmdma_registers_dequeue(struct wdmdma_registers *registers)
{
	struct wdmdma_transfers *transfers = &registers->adapter->transfers;

	lockdep_assert_held(&transfers->lock);
	list_del_init(&registers->node);
	if (wdmdma_ptr_is_in(&registers->named))
		wdmdma_ptr_del(&transfers->bases, &registers->named);
	if (wdmdma_ptr_is_in(&registers->by_context))
		wdmdma_ptr_del(&transfers->contexts, &registers->by_context);
}

/* Take registers from the driver, and also the channel if they were granted with it. */
void wdmdma_registers_take(struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	registers->freed = true;
	wdmdma_registers_dequeue(registers);
	if (registers->adapter->transfers.channel == registers)
		registers->adapter->transfers.channel = NULL;
}

/*
 * Pause the DMA controller if the registers were cancelled, since it must not move bytes for
 * them any more. If another call uses the registers, that call pauses the controller at its end.
 */
void wdmdma_registers_pause_cancelled(const struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	if (registers->cancelled && !registers->busy && !RB_EMPTY_ROOT(&registers->mapped))
		wdmdma_dma_channel_pause(registers->adapter->dma_channel);
}

/*
 * Return true if the registers are freed, and no call and no routine uses them any more. The
 * caller must then free the record.
 */
bool wdmdma_registers_are_over(const struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	return registers->freed && !registers->busy && !registers->in_call;
}

/* End the caller's use of the registers. Return true if the caller must free them. */
bool wdmdma_registers_let_go(struct wdmdma_registers *registers)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	registers->busy = false;
	over = wdmdma_registers_are_over(registers);
	wdmdma_registers_pause_cancelled(registers);
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	return over;
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
		kfree(registers);
	wdmdma_channel_kick(adapter);
}

static void registers_unlock(struct wdmdma_registers *registers)
{
	if (!wdmdma_registers_let_go(registers))
		return;
	wdmdma_registers_clear(registers, registers->call, false);
	kfree(registers);
}

/* Unmap a part. With @abandon the memory may be gone already, so it must not be written. */
static void registers_end_mapping(struct wdmdma_registers *registers,
				  struct registers_mapping *mapping, bool abandon)
{
	rb_erase(&mapping->node, &registers->mapped);
	registers->used -= mapping->registers;
	wdmdma_dma_channel_stop(registers->adapter->dma_channel);
	if (abandon)
		wdmdma_transfer_abandon(&mapping->transfer);
	else
		wdmdma_transfer_unmap(&mapping->transfer);
	wdmdma_transfer_fini(&mapping->transfer);
	kfree(mapping);
}

/* Unmap and report all that is mapped under the registers. The caller must have claimed them. */
void wdmdma_registers_clear(struct wdmdma_registers *registers, const char *call, bool abandon)
{
	struct rb_node *node;

	if (!RB_EMPTY_ROOT(&registers->mapped))
		wdmdma_refuse(registers->adapter->device, call,
			      "the map registers are mapped (bug check 0xE6, code 0x10): unmapped now");
	while ((node = rb_first(&registers->mapped)))
		registers_end_mapping(registers, registers_mapping_of(node), abandon);
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
	struct wdmdma_registers *registers = registers_lock(adapter, call, base);

	if (IS_ERR(registers))
		return PTR_ERR(registers);
	if (registers->count != count) {
		wdmdma_refuse(adapter->device, call,
			      "%u map registers instead of %u (bug check 0xE6, code 0x05): not freed",
			      count, registers->count);
		registers_unlock(registers);
		return -EINVAL;
	}
	wdmdma_registers_clear(registers, call, false);
	wdmdma_registers_drop(registers);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_free);

/* Cancel the requests with this context, granted or not. Nothing more is mapped for them. */
void wdmdma_registers_cancel(struct wdmdma_adapter *adapter, const void *context)
{
	struct wdmdma_registers *registers;
	struct wdmdma_ptr_node *node;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	for (node = wdmdma_ptr_find(&adapter->transfers.contexts, context); node;
	     node = wdmdma_ptr_next(node)) {
		registers = container_of(node, struct wdmdma_registers, by_context);
		registers->cancelled = true;
		wdmdma_registers_pause_cancelled(registers);
	}
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
}

/*
 * Check whether the part may be mapped, and cut it to the available registers and segments.
 * Return 0, or a negative errno with the reason in *@why.
 */
static int registers_check(const struct wdmdma_registers *registers, struct wdmdma_part *part,
			   const char **why)
{
	size_t most = wdmdma_dma_channel_boundary(registers->adapter->dma_channel) ?: SIZE_MAX, len;

	*why = "the request is cancelled";
	if (READ_ONCE(registers->cancelled))
		return -ECANCELED;
	*why = "what was mapped before is not flushed (bug check 0xE6, code 0x0D)";
	if (part->alone && !RB_EMPTY_ROOT(&registers->mapped))
		return -EINVAL;
	len = wdmdma_source_trim(registers->adapter, &part->source,
				 registers->count - registers->used, part->segments);
	*why = "there are not as many map registers (bug check 0xE6, code 0x00)";
	if (part->len > most)
		*why = "that is more than the DMA controller's channel moves";
	if (!len || (part->whole && len < part->len))
		return -ENOSPC;
	part->source.left = len;
	return 0;
}

/*
 * Make the record of a checked part, and reserve its bytes. Return ERR_PTR(-EINVAL) if some of
 * them are mapped already, or ERR_PTR(-ENOMEM).
 */
static struct registers_mapping *registers_new_mapping(struct wdmdma_registers *registers,
						       const struct wdmdma_part *part)
{
	struct wdmdma_adapter *adapter = registers->adapter;
	u32 pages = wdmdma_source_pages(&part->source), nr = pages;
	struct registers_mapping *mapping = NULL;

	if (adapter->scatter_gather)
		nr = min(nr, part->segments);
	if (nr > REGISTERS_SHORT)
		nr = 0;
	mapping = wdmdma_record_alloc(struct_size(mapping, room, nr), GFP_ATOMIC | __GFP_NOWARN);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	memset(mapping, 0, sizeof(*mapping));
	mapping->transfer.room = nr ? mapping->room : NULL;
	mapping->transfer.room_nr = nr;
	mapping->transfer.adapter = adapter;
	mapping->transfer.direction = part->direction;
	mapping->transfer.no_bounce = registers->no_bounce ||
				      wdmdma_dma_channel_is_cyclic(adapter->dma_channel);
	mapping->registers = pages;
	mapping->owner = part->owner;
	mapping->offset = part->offset;
	mapping->end = part->offset + part->source.left;
	if (!rb_find_add(&mapping->node, &registers->mapped, registers_compare_node))
		return mapping;
	kfree(mapping);
	return ERR_PTR(-EINVAL);
}

static int registers_map_once(struct wdmdma_transfer *transfer)
{
	int ret = wdmdma_transfer_prepare(transfer, GFP_ATOMIC);

	return ret ?: wdmdma_transfer_map(transfer);
}

static int registers_map_whole(struct wdmdma_transfer *transfer, const struct wdmdma_part *part)
{
	int ret = wdmdma_transfer_init(transfer, &part->source);
	bool bounce = transfer->must_bounce;

	if (ret)
		return ret;
	if (wdmdma_transfer_most_segments(transfer) > part->segments)
		return -E2BIG;
	ret = registers_map_once(transfer);
	/* If mapping has shown that the memory must be copied, try once more. */
	if (ret == -EAGAIN && transfer->must_bounce && !bounce)
		ret = registers_map_once(transfer);
	return ret;
}

/* Start the DMA controller, if the adapter has one. On failure unmap the transfer. */
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
static int registers_map_part(struct wdmdma_transfer *transfer, struct wdmdma_part *part)
{
	int ret = registers_map_whole(transfer, part);

	if (ret == -E2BIG) {
		wdmdma_transfer_fini(transfer);
		part->source.left = wdmdma_source_trim_copied(transfer->adapter, &part->source,
							      part->segments);
		ret = registers_map_whole(transfer, part);
	}
	if (!ret)
		ret = registers_start(transfer);
	if (ret)
		wdmdma_transfer_fini(transfer);
	return ret;
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
	const char *why;
	int ret;

	registers = registers_lock(adapter, part->call, part->base);
	if (IS_ERR(registers))
		return PTR_ERR(registers);
	ret = registers_check(registers, part, &why);
	if (ret)
		goto unlock;
	mapping = registers_new_mapping(registers, part);
	if (IS_ERR(mapping)) {
		ret = PTR_ERR(mapping);
		why = ret == -ENOMEM ? "no memory" :
				       "that memory is mapped already (bug check 0xE6, code 0x1D)";
		goto unlock;
	}
	ret = registers_map_part(&mapping->transfer, part);
	why = mapping->transfer.refusal.reason;
	if (ret) {
		rb_erase(&mapping->node, &registers->mapped);
		kfree(mapping);
		goto unlock;
	}
	/* Fewer bytes may have been mapped than were reserved. */
	part->len = mapping->transfer.len;
	mapping->end = part->offset + part->len;
	mapping->registers = wdmdma_source_pages(&part->source);
	registers->used += mapping->registers;
	fill(&mapping->transfer, to);
unlock:
	registers_unlock(registers);
	if (ret)
		wdmdma_refuse(adapter->device, part->call, "%zu bytes: %s", part->len, why);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_map);

/*
 * Return the first mapping in the part. Return ERR_PTR(-EINVAL), with the reason in *@why, if
 * there is none, or a mapping crosses the border of the part.
 */
static struct rb_node *registers_first_of(const struct wdmdma_registers *registers,
					  const struct wdmdma_part *part, const char **why)
{
	struct rb_node *first = rb_find_first(part, &registers->mapped, registers_compare_part);
	const struct registers_mapping *mapping;
	struct rb_node *node;

	*why = "nothing of that is mapped (bug check 0xE6, code 0x20)";
	if (!first)
		return ERR_PTR(-EINVAL);
	*why = "more is mapped than that (bug check 0xE6, code 0x23)";
	for (node = first; node; node = rb_next_match(part, node, registers_compare_part)) {
		mapping = registers_mapping_of(node);
		if (mapping->offset < part->offset || mapping->end > registers_part_end(part))
			return ERR_PTR(-EINVAL);
	}
	return first;
}

/**
 * wdmdma_registers_unmap() - unmap a part of the driver's memory
 * @adapter: the adapter
 * @part: the part. All mappings in it are ended, and none may cross its border
 *
 * A wrong direction is reported and ignored.
 *
 * Context: <= DISPATCH_LEVEL, in an RCU read section.
 * Return: 0, -EINVAL if nothing is mapped in the part or a mapping crosses its border, or
 * -ESHUTDOWN after unbind. A failure has been reported and changes nothing.
 */
int wdmdma_registers_unmap(struct wdmdma_adapter *adapter, const struct wdmdma_part *part)
{
	struct registers_mapping *mapping;
	struct wdmdma_registers *registers;
	struct rb_node *node, *next;
	const char *why;
	int ret = 0;

	registers = registers_lock(adapter, part->call, part->base);
	if (IS_ERR(registers))
		return PTR_ERR(registers);
	node = registers_first_of(registers, part, &why);
	if (IS_ERR(node)) {
		ret = PTR_ERR(node);
		node = NULL;
	}
	for (; node; node = next) {
		next = rb_next_match(part, node, registers_compare_part);
		mapping = registers_mapping_of(node);
		if (mapping->transfer.direction != part->direction)
			wdmdma_refuse(adapter->device, part->call,
				      "WriteToDevice is not what it was: ignored");
		registers_end_mapping(registers, mapping, false);
	}
	registers_unlock(registers);
	if (ret)
		wdmdma_refuse(adapter->device, part->call, "%zu bytes: %s", part->len, why);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_unmap);
