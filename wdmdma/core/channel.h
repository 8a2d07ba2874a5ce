/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: the right to map memory, and the map registers that come with it.
 *
 * An adapter has one channel. Who gets it is called, and decides what to keep:
 * channel and map registers, the registers alone, or nothing. Registers are a number
 * of pages; nothing is reserved for them.
 */
#ifndef WDMDMA_CHANNEL_H
#define WDMDMA_CHANNEL_H

#include "core/adapter.h"
#include "core/transfer.h"
#include "core/work.h"

/* What is kept of a channel and its registers. */
enum wdmdma_keep {
	WDMDMA_KEEP_ALL,
	WDMDMA_KEEP_NOTHING,
	WDMDMA_KEEP_REGISTERS,
};

/**
 * struct wdmdma_registers - map registers that a driver asked for, and has
 * @adapter: whose
 * @call: the Windows call, for messages
 * @caller: where it was called from, for leak reports
 * @node: in the adapter's queue for the channel, or in its list of registers in use
 * @count: how many
 * @used: how many are mapped
 * @context: by which the driver may cancel it
 * @no_bounce: for what is mapped: fail rather than copy
 * @cancelled: nothing more is to be mapped
 * @busy: somebody maps, unmaps or frees them
 * @in_call: the driver's routine is being called
 * @freed: they are not the driver's any more; who clears the last of @busy and @in_call
 *         ends them
 * @mapped: parts of memory, in the order of their mapping
 * @control: calls the driver's routine, and says what that wants to keep; NULL if
 *           there is none, which keeps all
 * @callback: what that takes; @callback.list is the base, as the driver names it
 */
struct wdmdma_registers {
	struct wdmdma_adapter *adapter;
	const char *call;
	unsigned long caller;
	struct list_head node;
	u32 count;
	u32 used;
	const void *context;
	bool no_bounce;
	bool cancelled;
	bool busy;
	bool in_call;
	bool freed;
	struct list_head mapped;
	enum wdmdma_keep (*control)(const struct wdmdma_callback *callback);
	struct wdmdma_callback callback;
};

/**
 * struct wdmdma_part - memory that is to be mapped, or unmapped, under registers
 * @call: the Windows call, for messages
 * @base: the registers, as the driver names them
 * @owner: what the driver calls the memory: compared, and not followed
 * @offset: where in that the part begins
 * @len: bytes
 * @direction: of the bytes
 * @source: the memory, for mapping
 * @segments: most segments that it may become, for mapping
 * @whole: all or nothing, for mapping
 * @alone: nothing else may be mapped under the registers, for mapping
 */
struct wdmdma_part {
	const char *call;
	const void *base;
	const void *owner;
	u64 offset;
	size_t len;
	enum dma_data_direction direction;
	struct wdmdma_source source;
	u32 segments;
	bool whole;
	bool alone;
};

/* Let the next request have the channel, if it is free. */
static inline void wdmdma_channel_kick(struct wdmdma_adapter *adapter)
{
	if (!list_empty_careful(&adapter->transfers.waiting_channels))
		queue_work(wdmdma_workqueue, &adapter->transfers.channel_work);
}

/* core/channel.c */
void wdmdma_channel_work(struct work_struct *work);
void wdmdma_channel_free_all(struct wdmdma_adapter *adapter, const char *when);
int wdmdma_channel_start(struct wdmdma_registers *registers, bool may_wait, void **base);
bool wdmdma_channel_waits(struct wdmdma_adapter *adapter, const void *context);
bool wdmdma_channel_cancel(struct wdmdma_adapter *adapter, const void *context);
bool wdmdma_channel_is_bare(struct wdmdma_adapter *adapter);
int wdmdma_channel_free(struct wdmdma_adapter *adapter, enum wdmdma_keep keep, const char *call);

/* core/registers.c */
int wdmdma_registers_free(struct wdmdma_adapter *adapter, const char *call, const void *base,
			  u32 count);
void wdmdma_registers_pause_cancelled(const struct wdmdma_registers *registers);
void wdmdma_registers_cancel(struct wdmdma_adapter *adapter, const void *context);
int wdmdma_registers_map(struct wdmdma_adapter *adapter, struct wdmdma_part *part,
			 void (*fill)(const struct wdmdma_transfer *transfer, void *to), void *to);
int wdmdma_registers_unmap(struct wdmdma_adapter *adapter, const struct wdmdma_part *part);
void wdmdma_registers_clear(struct wdmdma_registers *registers, const char *call, bool abandon);
void wdmdma_registers_take(struct wdmdma_registers *registers);
bool wdmdma_registers_are_over(const struct wdmdma_registers *registers);
bool wdmdma_registers_let_go(struct wdmdma_registers *registers);
void wdmdma_registers_drop(struct wdmdma_registers *registers);

#endif /* WDMDMA_CHANNEL_H */
