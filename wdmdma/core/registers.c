// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers, and the memory mapped under them.
 *
 * Only one call at a time may map, unmap or free under the registers of one request. Windows
 * demands this order of a driver anyway. A call that breaks the order is refused. As for lists,
 * RCU read sections must span the work outside of the lock.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/core.h"
#include "core/dma_channel.h"
#include "core/transfer.h"

/* A mapped part of the driver's memory. */
struct registers_mapping {
	struct wdmdma_transfer transfer;
	const void *owner;
	u64 offset;
	u32 registers;
};

/*
 * Claim the registers that the driver names @base. No other call may use them until
 * registers_unlock() or wdmdma_registers_drop(). Return the registers, ERR_PTR(-EINVAL) if they
 * are unknown or in use, or ERR_PTR(-ESHUTDOWN) after unbind. A failure has been reported.
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

/* Take registers from the driver, and also the channel if they were granted with it. */
void wdmdma_registers_take(struct wdmdma_registers *registers)
{
	lockdep_assert_held(&registers->adapter->transfers.lock);
	registers->freed = true;
	list_del_init(&registers->node);
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
	if (registers->cancelled && !registers->busy && !list_empty(&registers->mapped))
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

/* Unmap and report all that is mapped under the registers. The caller must have claimed them. */
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
 * wdmdma_registers_free() - free map registers
 * @adapter: the adapter
 * @call: the Windows call, for messages
 * @base: the registers, as the driver names them
 * @count: number of registers, which must be the number asked for
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0, -EINVAL if the driver does not have the registers or @count is wrong, or
 * -ESHUTDOWN after unbind. A failure has been reported and changes nothing.
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

/* Cancel the requests with this context, granted or not. Nothing more is mapped for them. */
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

/*
 * Check whether the part may be mapped, and cut it to the available registers and segments.
 * Return 0, or a negative errno with the reason in *@why.
 */
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
				       transfer->direction, &transfer->why);
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
 * Context: <= DISPATCH_LEVEL.
 * Return: 0, -EINVAL for a part that must not be mapped, -ENOSPC if there are not enough map
 * registers, -ECANCELED if the request was cancelled, -ESHUTDOWN after unbind, or an errno of
 * core/transfer.c. A failure has been reported.
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
	/* The registers on the adapter's list now show that a transfer is under way. */
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

/* Return 1 for a mapping in the part, 0 for one outside, or -EINVAL for one across its border. */
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
 * wdmdma_registers_unmap() - unmap a part of the driver's memory
 * @adapter: the adapter
 * @part: the part. All mappings in it are ended, and none may cross its border
 *
 * A wrong direction is reported and ignored.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: 0, -EINVAL if nothing is mapped in the part or a mapping crosses its border, or
 * -ESHUTDOWN after unbind. A failure has been reported and changes nothing.
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
