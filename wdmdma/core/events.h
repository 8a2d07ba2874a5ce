/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hooks for the tracepoints of core/trace.h.
 *
 * A hook tests the static key of its tracepoint, so it is one nop while the tracepoint is off. Its
 * arguments must be pointers and numbers that the caller has anyway. All that costs more must be
 * computed by the function behind the hook, in core/trace.c, which is called only while the
 * tracepoint is on. The hot functions stay short in this way, because they do not contain the code
 * of the tracepoint.
 */
#ifndef WDMDMA_EVENTS_H
#define WDMDMA_EVENTS_H

#include <linux/compiler.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>

struct va_format;
struct wdmdma_adapter;
struct wdmdma_buffer;
struct wdmdma_device;
struct wdmdma_pages;
struct wdmdma_registers;
struct wdmdma_request;
struct wdmdma_transfer;

#define WDMDMA_ARGS(args...)	args

/* Define the hook wdmdma_trace_@name() of the tracepoint wdmdma_@event. */
#define WDMDMA_HOOK(name, event, proto, args)				\
	DECLARE_TRACEPOINT(wdmdma_##event);				\
	void wdmdma_traced_##name(proto);				\
	static __always_inline void wdmdma_trace_##name(proto)		\
	{								\
		if (tracepoint_enabled(wdmdma_##event))			\
			wdmdma_traced_##name(args);			\
	}

/* A driver got an adapter, or has put it. */
WDMDMA_HOOK(adapter_get, adapter_get, const struct wdmdma_adapter *adapter, adapter)
WDMDMA_HOOK(adapter_put, adapter_put, const struct wdmdma_adapter *adapter, adapter)

/* A driver got a buffer, or has freed it. A block of a vector counts as one buffer. */
WDMDMA_HOOK(alloc, alloc,
	    WDMDMA_ARGS(const struct wdmdma_adapter *adapter, const struct wdmdma_buffer *buffer),
	    WDMDMA_ARGS(adapter, buffer))
WDMDMA_HOOK(free, free,
	    WDMDMA_ARGS(const struct wdmdma_adapter *adapter, const struct wdmdma_buffer *buffer),
	    WDMDMA_ARGS(adapter, buffer))

/*
 * A recycled buffer was allocated. The two tracepoints of that share one function. The
 * caller is an RCU reader.
 */
DECLARE_TRACEPOINT(wdmdma_recycle_hit);
void wdmdma_traced_recycle_hit(const struct wdmdma_adapter *adapter,
			       const struct wdmdma_buffer *buffer);
static __always_inline void wdmdma_trace_recycle_hit(const struct wdmdma_adapter *adapter,
						     const struct wdmdma_buffer *buffer)
{
	if (tracepoint_enabled(wdmdma_recycle_hit) || tracepoint_enabled(wdmdma_alloc))
		wdmdma_traced_recycle_hit(adapter, buffer);
}

/* There was no recycled buffer for a request that one could have met. */
WDMDMA_HOOK(recycle_miss, recycle_miss,
	    WDMDMA_ARGS(const struct wdmdma_adapter *adapter,
			const struct wdmdma_request *request),
	    WDMDMA_ARGS(adapter, request))

/* Memory that belongs to no adapter was allocated by @call, or freed. */
WDMDMA_HOOK(memory_alloc, memory_alloc,
	    WDMDMA_ARGS(const char *call, const struct wdmdma_pages *pages),
	    WDMDMA_ARGS(call, pages))
WDMDMA_HOOK(memory_free, memory_free,
	    WDMDMA_ARGS(const char *call, const struct wdmdma_pages *pages),
	    WDMDMA_ARGS(call, pages))

/*
 * Memory was mapped for a transfer, or is about to be unmapped. The hook of a mapping tests the key
 * alone, because core/transfer.c must compute an argument.
 */
DECLARE_TRACEPOINT(wdmdma_map);
void wdmdma_traced_map(const struct wdmdma_transfer *transfer, bool bounced);
#define wdmdma_map_is_traced()	tracepoint_enabled(wdmdma_map)
WDMDMA_HOOK(unmap, unmap, const struct wdmdma_transfer *transfer, transfer)

/* The module has copied the bytes of a transfer, to its copy or back. */
WDMDMA_HOOK(bounce, bounce,
	    WDMDMA_ARGS(const struct wdmdma_transfer *transfer, bool to_copy),
	    WDMDMA_ARGS(transfer, to_copy))

/* A list or a request for the channel begins to wait. */
WDMDMA_HOOK(wait_list, wait, const struct wdmdma_transfer *transfer, transfer)
WDMDMA_HOOK(wait_channel, wait, const struct wdmdma_registers *registers, registers)

/* A list that waited was mapped, or a request got the channel. */
WDMDMA_HOOK(grant_list, grant, const struct wdmdma_transfer *transfer, transfer)
WDMDMA_HOOK(grant_channel, grant, const struct wdmdma_registers *registers, registers)

/* A device has joined the domain of another, or is back in its own. */
WDMDMA_HOOK(join, join, const struct wdmdma_device *device, device)
WDMDMA_HOOK(leave, leave, const struct wdmdma_device *device, device)

/* A call was refused, or a mistake was reported. */
WDMDMA_HOOK(refusal, refusal,
	    WDMDMA_ARGS(const struct wdmdma_device *device, const char *call, const char *reason,
			struct va_format *message),
	    WDMDMA_ARGS(device, call, reason, message))

#endif /* WDMDMA_EVENTS_H */
