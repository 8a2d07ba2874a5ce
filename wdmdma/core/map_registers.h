/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Map registers, and the memory mapped under them. See core/map_registers.c.
 *
 * Map registers are a number of pages. No memory is reserved for them.
 */
#ifndef WDMDMA_MAP_REGISTERS_H
#define WDMDMA_MAP_REGISTERS_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "core/transfer.h"
#include "core/transfer_source.h"
#include "lib/ptr_table.h"

struct wdmdma_adapter;
struct registers_mapping;

/* The part of a channel and its map registers that the driver keeps. */
enum wdmdma_keep {
	WDMDMA_KEEP_ALL,
	WDMDMA_KEEP_NOTHING,
	WDMDMA_KEEP_REGISTERS,
};

/**
 * struct wdmdma_registers - a request for map registers, and the map registers it got
 * @adapter: the adapter of the request
 * @call: the Windows call, for messages
 * @caller: where the driver made the call, for leak reports
 * @node: entry in the adapter's queue for the channel, or in its list of registers in use
 * @named: by the address of the record, in the adapter's table of registers in use
 * @by_context: by @context, in the adapter's table of requests with contexts
 * @count: number of map registers
 * @used: number of map registers that are mapped
 * @queued: when the request began to wait, in ns, or 0 if it did not. The caller sets it to 0
 * @context: identifies the request when the driver cancels it
 * @no_bounce: a mapping must fail rather than copy
 * @cancelled: nothing more may be mapped
 * @busy: a call maps, unmaps or frees under the registers
 * @in_call: the driver's routine is running
 * @freed: the driver has freed the registers. The call or routine that clears the
 *         last of @busy and @in_call must free the record
 * @mapped: mapped parts of memory, by owner and offset. They do not overlap
 * @last: the last of them in this order, or NULL
 * @spare: records of parts that were unmapped, for the next parts
 * @spare_pages: number of pages that @spare have room for, at most @count
 * @control: calls the driver's routine, and returns what the routine wants to keep. NULL
 *           without a routine, and then the driver keeps all
 * @callback: arguments of @control. @callback.list is the base that the driver gets
 */
struct wdmdma_registers {
	struct wdmdma_adapter *adapter;
	const char *call;
	unsigned long caller;
	struct list_head node;
	struct wdmdma_ptr_node named;
	struct wdmdma_ptr_node by_context;
	u32 count;
	u32 used;
	u64 queued;
	const void *context;
	bool no_bounce;
	bool cancelled;
	bool busy;
	bool in_call;
	bool freed;
	struct rb_root mapped;
	struct rb_node *last;
	struct registers_mapping *spare;
	u32 spare_pages;
	enum wdmdma_keep (*control)(const struct wdmdma_callback *callback);
	struct wdmdma_callback callback;
};

/**
 * struct wdmdma_part - a part of the driver's memory to map or unmap under map registers
 * @call: the Windows call, for messages
 * @base: base of the map registers, as the driver passes it
 * @owner: the driver's pointer for the memory, which is compared and must not be followed
 * @offset: start of the part in the memory of @owner
 * @len: length in bytes
 * @direction: direction of the transfer
 * @source: the memory. For mapping
 * @segments: the largest number of segments that the part may become. For mapping
 * @whole: map all of the part or nothing. For mapping
 * @alone: nothing else may be mapped under the map registers. For mapping
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

/* core/map_registers_claim.c */
struct wdmdma_registers *wdmdma_registers_claim(struct wdmdma_adapter *adapter, const char *call,
						const void *base, u32 unknown);
void wdmdma_registers_cancel(struct wdmdma_adapter *adapter, const void *context);
void wdmdma_registers_dequeue(struct wdmdma_registers *registers);
void wdmdma_registers_take(struct wdmdma_registers *registers);
bool wdmdma_registers_are_over(const struct wdmdma_registers *registers);
bool wdmdma_registers_put(struct wdmdma_registers *registers);

/* core/map_registers.c */
int wdmdma_registers_free(struct wdmdma_adapter *adapter, const char *call, const void *base,
			  u32 count);
int wdmdma_registers_map(struct wdmdma_adapter *adapter, struct wdmdma_part *part,
			 void (*fill)(const struct wdmdma_transfer *transfer, void *to), void *to);
int wdmdma_registers_unmap(struct wdmdma_adapter *adapter, const struct wdmdma_part *part);
void wdmdma_registers_clear(struct wdmdma_registers *registers, const char *call, bool abandon);
void wdmdma_registers_drop(struct wdmdma_registers *registers);
void wdmdma_registers_delete(struct wdmdma_registers *registers);

#endif /* WDMDMA_MAP_REGISTERS_H */
