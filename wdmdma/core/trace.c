// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints, and the functions behind the hooks of core/events.h. They run only while a
 * tracepoint is on, so they may compute what a tracepoint shows.
 */
#include <linux/ktime.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/events.h"
#include "core/trace_values.h"
#include "core/transfer.h"
#include "core/transfer_reach.h"
#include "objects.h"

/* A tracepoint with a message makes functions that the compiler takes for relatives of printf(). */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wsuggest-attribute=format"
#endif

#define CREATE_TRACE_POINTS
#include "core/trace.h"

void wdmdma_traced_adapter_get(const struct wdmdma_adapter *adapter)
{
	trace_wdmdma_adapter_get(adapter);
}

void wdmdma_traced_adapter_put(const struct wdmdma_adapter *adapter)
{
	trace_wdmdma_adapter_put(adapter);
}

void wdmdma_traced_alloc(const struct wdmdma_adapter *adapter, const struct wdmdma_buffer *buffer)
{
	trace_wdmdma_alloc(adapter, buffer, false);
}

void wdmdma_traced_free(const struct wdmdma_adapter *adapter, const struct wdmdma_buffer *buffer)
{
	trace_wdmdma_free(adapter, buffer);
}

void wdmdma_traced_recycle_hit(const struct wdmdma_adapter *adapter,
			       const struct wdmdma_buffer *buffer)
{
	trace_wdmdma_recycle_hit(adapter, buffer);
	trace_wdmdma_alloc(adapter, buffer, true);
}

void wdmdma_traced_recycle_miss(const struct wdmdma_adapter *adapter,
				const struct wdmdma_request *request)
{
	trace_wdmdma_recycle_miss(adapter, request);
}

void wdmdma_traced_memory_alloc(const char *call, const struct wdmdma_pages *pages)
{
	trace_wdmdma_memory_alloc(call, pages);
}

void wdmdma_traced_memory_free(const char *call, const struct wdmdma_pages *pages)
{
	trace_wdmdma_memory_free(call, pages);
}

void wdmdma_traced_map(const struct wdmdma_transfer *transfer, bool bounced)
{
	trace_wdmdma_map(transfer, bounced);
}

void wdmdma_traced_unmap(const struct wdmdma_transfer *transfer)
{
	trace_wdmdma_unmap(transfer);
}

void wdmdma_traced_bounce(const struct wdmdma_transfer *transfer, bool to_copy)
{
	const char *reason = "the device does not reach the memory";

	if (!transfer->adapter->scatter_gather && transfer->memory.orig_nents > 1)
		reason = "the device needs one range";
	else if (wdmdma_transfer_gives_pages(transfer))
		reason = "the device may see whole pages only";
	trace_wdmdma_bounce(transfer, to_copy, reason);
}

/* Return the microseconds since @queued, which is 0 for a request that did not wait. */
static u64 traced_waited_us(u64 queued)
{
	return queued ? div_u64(ktime_get_ns() - queued, NSEC_PER_USEC) : 0;
}

static struct wdmdma_waiter traced_list(const struct wdmdma_transfer *transfer)
{
	return (struct wdmdma_waiter){
		.adapter = transfer->adapter,
		.what = "list",
		.call = transfer->call,
		.reason = transfer->refusal.reason,
		.request = transfer,
		.amount = transfer->len,
		.waited_us = traced_waited_us(transfer->queued),
		.caller = transfer->caller,
	};
}

static struct wdmdma_waiter traced_channel(const struct wdmdma_registers *registers)
{
	return (struct wdmdma_waiter){
		.adapter = registers->adapter,
		.what = "channel",
		.call = registers->call,
		.reason = "the channel is in use",
		.request = registers,
		.amount = registers->count,
		.waited_us = traced_waited_us(registers->queued),
		.caller = registers->caller,
	};
}

void wdmdma_traced_wait_list(const struct wdmdma_transfer *transfer)
{
	const struct wdmdma_waiter waiter = traced_list(transfer);

	trace_wdmdma_wait(&waiter);
}

void wdmdma_traced_wait_channel(const struct wdmdma_registers *registers)
{
	const struct wdmdma_waiter waiter = traced_channel(registers);

	trace_wdmdma_wait(&waiter);
}

void wdmdma_traced_grant_list(const struct wdmdma_transfer *transfer)
{
	const struct wdmdma_waiter waiter = traced_list(transfer);

	trace_wdmdma_grant(&waiter);
}

void wdmdma_traced_grant_channel(const struct wdmdma_registers *registers)
{
	const struct wdmdma_waiter waiter = traced_channel(registers);

	trace_wdmdma_grant(&waiter);
}

void wdmdma_traced_join(const struct wdmdma_device *device)
{
	trace_wdmdma_join(device);
}

void wdmdma_traced_leave(const struct wdmdma_device *device)
{
	trace_wdmdma_leave(device);
}

void wdmdma_traced_refusal(const struct wdmdma_device *device, const char *call,
			   const char *reason, struct va_format *message)
{
	trace_wdmdma_refusal(device, call, reason, message);
}

#if defined(CONFIG_WDMDMA_KUNIT) && defined(CONFIG_TRACEPOINTS)
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_adapter_get);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_adapter_put);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_alloc);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_free);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_recycle_hit);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_recycle_miss);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_memory_alloc);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_memory_free);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_map);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_unmap);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_bounce);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_wait);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_grant);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_join);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_leave);
EXPORT_TRACEPOINT_SYMBOL_GPL(wdmdma_refusal);
#endif
