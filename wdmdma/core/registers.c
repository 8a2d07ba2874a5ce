// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers: what is mapped under them.
 *
 * One call at a time maps, unmaps or frees under the registers of one request: that
 * is the order that a driver has to keep anyway, and one that breaks it is answered.
 * RCU read sections span what is done outside the lock, as for lists.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/transfer.h"

/* A part that is mapped. */
struct registers_mapping {
	struct wdmdma_transfer transfer;
	const void *owner;
	u64 offset;
	u32 registers;
};

/*
 * The registers that the driver calls @base, for this caller alone; or, reported, an
 * ERR_PTR: -EINVAL, or -ESHUTDOWN after unbind.
 */
static struct wdmdma_registers *registers_lock(struct wdmdma_adapter *adapter, const char *call,
					       const void *base)
{
	const char *why = "is no base of map registers that this adapter granted";
	struct wdmdma_registers *registers, *found = ERR_PTR(-EINVAL);
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	if (adapter->transfers.closed) {
		why = "is of an unbound driver";
		found = ERR_PTR(-ESHUTDOWN);
		goto unlock;
	}
	list_for_each_entry(registers, &adapter->transfers.registers, node) {
		if (registers != base)
			continue;
		why = "is in use by another call";
		if (registers->busy)
			break;
		registers->busy = true;
		found = registers;
		break;
	}
unlock:
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
	if (IS_ERR(found))
		wdmdma_refuse(adapter->device, call, "MapRegisterBase %p %s", base, why);
	return found;
}

/* Take registers from the driver, and the channel if it came with them. */
void wdmdma_registers_take(struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	registers->freed = true;
	list_del_init(&registers->node);
	if (registers->adapter->transfers.channel == registers)
		registers->adapter->transfers.channel = NULL;
}

/*
 * A DMA controller moves nothing for registers that were cancelled. While another call has
 * the registers, that does it at its end.
 */
void wdmdma_registers_pause_cancelled(const struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	if (registers->cancelled && !registers->busy && !list_empty(&registers->mapped))
		wdmdma_dma_channel_pause(registers->adapter->dma_channel);
}

/* Return true if nobody is in the registers any more, so that the caller must free them. */
bool wdmdma_registers_are_over(const struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	return registers->freed && !registers->busy && !registers->in_call;
}

/* End the caller's use of the registers. Return true if it must free them. */
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

/* Take registers that the caller has for itself, and holds cleared, from the driver. */
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

/* @abandon: the memory may be gone by now, and is not written. */
static void registers_end_mapping(struct wdmdma_registers *registers,
				  struct registers_mapping *mapping, bool abandon)
{
	list_del(&mapping->transfer.node);
	registers->used -= mapping->registers;
	wdmdma_dma_channel_stop(registers->adapter->dma_channel);
	if (abandon)
		wdmdma_transfer_abandon(&mapping->transfer);
	else
		wdmdma_transfer_unmap(&mapping->transfer);
	wdmdma_transfer_fini(&mapping->transfer);
	kfree(mapping);
}

/* Unmap, and report, what is still mapped under registers that the caller has for itself. */
void wdmdma_registers_clear(struct wdmdma_registers *registers, const char *call, bool abandon)
{
	struct registers_mapping *mapping, *next;

	if (!list_empty(&registers->mapped))
		wdmdma_refuse(registers->adapter->device, call,
			      "the map registers are mapped (bug check 0xE6, code 0x10): unmapped now");
	list_for_each_entry_safe(mapping, next, &registers->mapped, transfer.node)
		registers_end_mapping(registers, mapping, abandon);
}

/**
 * wdmdma_registers_free() - give map registers back
 * @adapter: the adapter
 * @call: the Windows call, for messages
 * @base: as the driver names them
 * @count: as many as were asked for
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0; -EINVAL if they are not the driver's, or not as many, -ESHUTDOWN after
 * unbind: reported, and nothing changes.
 */
int wdmdma_registers_free(struct wdmdma_adapter *adapter, const char *call, const void *base,
			  u32 count)
{
	struct wdmdma_registers *registers;
	int ret = -EINVAL;

	rcu_read_lock();
	registers = registers_lock(adapter, call, base);
	if (IS_ERR(registers)) {
		ret = PTR_ERR(registers);
	} else if (registers->count != count) {
		wdmdma_refuse(adapter->device, call,
			      "%u map registers instead of %u (bug check 0xE6, code 0x05): not freed",
			      count, registers->count);
		registers_unlock(registers);
	} else {
		wdmdma_registers_clear(registers, call, false);
		wdmdma_registers_drop(registers);
		ret = 0;
	}
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_free);

/* Nothing more is mapped under registers that were asked for with this context, granted or not. */
void wdmdma_registers_cancel(struct wdmdma_adapter *adapter, const void *context)
{
	struct wdmdma_registers *registers;
	unsigned long flags;

	spin_lock_irqsave(&adapter->transfers.lock, flags);
	list_for_each_entry(registers, &adapter->transfers.registers, node) {
		if (registers->context != context)
			continue;
		registers->cancelled = true;
		wdmdma_registers_pause_cancelled(registers);
	}
	list_for_each_entry(registers, &adapter->transfers.waiting_channels, node)
		if (registers->context == context)
			registers->cancelled = true;
	spin_unlock_irqrestore(&adapter->transfers.lock, flags);
}

/* May this part be mapped? Cuts it to what there are registers and segments for. */
static int registers_check(const struct wdmdma_registers *registers, struct wdmdma_part *part,
			   const char **why)
{
	size_t most = wdmdma_dma_channel_boundary(registers->adapter->dma_channel) ?: SIZE_MAX, len;
	const struct registers_mapping *mapping;

	*why = "the request is cancelled";
	if (READ_ONCE(registers->cancelled))
		return -ECANCELED;
	*why = "what was mapped before is not flushed (bug check 0xE6, code 0x0D)";
	if (part->alone && !list_empty(&registers->mapped))
		return -EINVAL;
	len = wdmdma_source_trim(registers->adapter, &part->source,
				 registers->count - registers->used, part->segments);
	*why = "there are not as many map registers (bug check 0xE6, code 0x00)";
	if (part->len > most)
		*why = "that is more than the DMA controller's channel moves";
	if (!len || (part->whole && len < part->len))
		return -ENOSPC;
	part->source.left = len;
	*why = "that memory is mapped already (bug check 0xE6, code 0x1D)";
	list_for_each_entry(mapping, &registers->mapped, transfer.node)
		if (mapping->owner == part->owner &&
		    part->offset < mapping->offset + mapping->transfer.len &&
		    mapping->offset < part->offset + len)
			return -EINVAL;
	return 0;
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
	/* Mapping may have shown that the memory has to be copied: then once more. */
	if (ret == -EAGAIN && transfer->must_bounce && !bounce)
		ret = registers_map_once(transfer);
	return ret;
}

/* Tell the DMA controller, if there is one, to move the bytes. */
static int registers_start(struct wdmdma_transfer *transfer)
{
	struct scatterlist *sg = NULL;
	dma_addr_t dma;
	u32 len;
	int ret;

	dma = wdmdma_transfer_segment(transfer, &sg, &len);
	ret = wdmdma_dma_channel_start(transfer->adapter->dma_channel, dma, len,
				       transfer->direction, &transfer->why);
	if (ret)
		wdmdma_transfer_unmap(transfer);
	return ret;
}

/* Map a checked part; one that has to be copied may need more segments, and is cut again. */
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
 * @part: what; its @len becomes what was mapped, if that is less
 * @fill: is told of the mapped transfer
 * @to: for that
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0, or a negative errno, reported: -EINVAL for what must not be mapped,
 * -ENOSPC without registers, -ECANCELED, -ESHUTDOWN, and what core/transfer.c says.
 */
int wdmdma_registers_map(struct wdmdma_adapter *adapter, struct wdmdma_part *part,
			 void (*fill)(const struct wdmdma_transfer *transfer, void *to), void *to)
{
	struct registers_mapping *mapping = kzalloc(sizeof(*mapping), GFP_ATOMIC | __GFP_NOWARN);
	struct wdmdma_registers *registers;
	const char *why = "no memory";
	int ret = -ENOMEM;

	rcu_read_lock();
	registers = registers_lock(adapter, part->call, part->base);
	if (IS_ERR(registers)) {
		ret = PTR_ERR(registers);
		goto free;
	}
	if (!mapping)
		goto unlock;
	ret = registers_check(registers, part, &why);
	if (ret)
		goto unlock;
	mapping->transfer.adapter = adapter;
	mapping->transfer.direction = part->direction;
	mapping->transfer.no_bounce = registers->no_bounce ||
				      wdmdma_dma_channel_is_cyclic(adapter->dma_channel);
	ret = registers_map_part(&mapping->transfer, part);
	why = mapping->transfer.why;
	if (ret)
		goto unlock;

	part->len = mapping->transfer.len;
	mapping->owner = part->owner;
	mapping->offset = part->offset;
	mapping->registers = wdmdma_source_pages(&part->source);
	registers->used += mapping->registers;
	list_add_tail(&mapping->transfer.node, &registers->mapped);
	/* The registers, which the adapter has, show that it is there. */
	wdmdma_transfer_leave(&mapping->transfer);
	fill(&mapping->transfer, to);
	mapping = NULL;
unlock:
	registers_unlock(registers);
	if (ret)
		wdmdma_refuse(adapter->device, part->call, "%zu bytes: %s", part->len, why);
free:
	rcu_read_unlock();
	kfree(mapping);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_map);

/* Does the mapping lie in the part? -EINVAL if it does so in part, or has another direction. */
static int registers_match(const struct registers_mapping *mapping, const struct wdmdma_part *part)
{
	u64 end = mapping->offset + mapping->transfer.len;

	if (mapping->owner != part->owner || end <= part->offset ||
	    mapping->offset >= part->offset + part->len)
		return 0;
	if (mapping->offset < part->offset || end > part->offset + part->len)
		return -EINVAL;
	return 1;
}

/**
 * wdmdma_registers_unmap() - end what is mapped of a part of memory
 * @adapter: the adapter
 * @part: what: all that is mapped of it, and nothing in part
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0; -EINVAL, reported, and nothing changes, if the part has nothing that is
 * mapped, or not all of it; -ESHUTDOWN likewise after unbind. A wrong direction is
 * reported, and not used.
 */
int wdmdma_registers_unmap(struct wdmdma_adapter *adapter, const struct wdmdma_part *part)
{
	const char *why = "nothing of that is mapped (bug check 0xE6, code 0x20)";
	struct registers_mapping *mapping, *next;
	struct wdmdma_registers *registers;
	int ret = -EINVAL, match;

	rcu_read_lock();
	registers = registers_lock(adapter, part->call, part->base);
	if (IS_ERR(registers)) {
		ret = PTR_ERR(registers);
		goto unlock_rcu;
	}
	list_for_each_entry(mapping, &registers->mapped, transfer.node) {
		match = registers_match(mapping, part);
		if (match < 0) {
			why = "more is mapped than that (bug check 0xE6, code 0x23)";
			ret = -EINVAL;
			break;
		}
		if (match)
			ret = 0;
	}
	list_for_each_entry_safe(mapping, next, &registers->mapped, transfer.node) {
		if (ret || !registers_match(mapping, part))
			continue;
		if (mapping->transfer.direction != part->direction)
			wdmdma_refuse(adapter->device, part->call,
				      "WriteToDevice is not what it was: ignored");
		registers_end_mapping(registers, mapping, false);
	}
	registers_unlock(registers);
	if (ret)
		wdmdma_refuse(adapter->device, part->call, "%zu bytes: %s", part->len, why);
unlock_rcu:
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_registers_unmap);
