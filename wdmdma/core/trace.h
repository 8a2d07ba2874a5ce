/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints of the module, in the system "wdmdma". Documentation/diagnosis.rst describes
 * their fields. Only core/trace.c and the tests include this header. Other files use the hooks of
 * core/events.h.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM wdmdma

#if !defined(WDMDMA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WDMDMA_TRACE_H

#include <linux/device.h>
#include <linux/scatterlist.h>
#include <linux/tracepoint.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/trace_values.h"
#include "core/transfer.h"
#include "lib/page_set.h"
#include "objects.h"

#define wdmdma_show_kind(kind)				\
	__print_symbolic(kind,				\
		{ WDMDMA_KIND_COMMON, "common" },	\
		{ WDMDMA_KIND_BLOCK, "block" },		\
		{ WDMDMA_KIND_IMPORTED, "imported" },	\
		{ WDMDMA_KIND_DOMAIN, "domain" })

#define wdmdma_show_copy(copy)				\
	__print_symbolic(copy,				\
		{ WDMDMA_COPY_NONE, "no" },		\
		{ WDMDMA_COPY_KERNEL, "kernel" },	\
		{ WDMDMA_COPY_MODULE, "module" })

#define wdmdma_show_direction(direction)		\
	__print_symbolic(direction,			\
		{ DMA_BIDIRECTIONAL, "both" },		\
		{ DMA_TO_DEVICE, "to_device" },		\
		{ DMA_FROM_DEVICE, "from_device" })

#define wdmdma_show_cache(cache)				\
	__print_symbolic(cache,					\
		{ WDMDMA_CACHE_PLATFORM, "platform" },		\
		{ WDMDMA_CACHE_CACHED, "cached" },		\
		{ WDMDMA_CACHE_UNCACHED, "uncached" },		\
		{ WDMDMA_CACHE_WRITE_COMBINED, "write-combined" })

TRACE_EVENT(wdmdma_adapter_get,
	TP_PROTO(const struct wdmdma_adapter *adapter),
	TP_ARGS(adapter),
	TP_STRUCT__entry(
		__string(device, dev_name(adapter->device->dev))
		__string(driver, adapter->device->driver)
		__string(backend, adapter->device->backend->name)
		__field(u32, adapter)
		__field(u32, map_registers)
		__field(u64, first)
		__field(u64, last)
		__field(bool, lists)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(adapter->device->dev));
		wdmdma_assign_str(driver, adapter->device->driver);
		wdmdma_assign_str(backend, adapter->device->backend->name);
		__entry->adapter = adapter->id;
		__entry->map_registers = adapter->map_registers;
		__entry->first = adapter->reach.first;
		__entry->last = adapter->reach.last;
		__entry->lists = adapter->scatter_gather;
	),
	TP_printk("device=%s driver=%s adapter=%u backend=%s first=%#llx last=%#llx map_registers=%u lists=%d",
		  __get_str(device), __get_str(driver), __entry->adapter, __get_str(backend),
		  __entry->first, __entry->last, __entry->map_registers, __entry->lists)
);

TRACE_EVENT(wdmdma_adapter_put,
	TP_PROTO(const struct wdmdma_adapter *adapter),
	TP_ARGS(adapter),
	TP_STRUCT__entry(
		__string(device, dev_name(adapter->device->dev))
		__field(u32, adapter)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(adapter->device->dev));
		__entry->adapter = adapter->id;
	),
	TP_printk("device=%s adapter=%u", __get_str(device), __entry->adapter)
);

TRACE_EVENT(wdmdma_alloc,
	TP_PROTO(const struct wdmdma_adapter *adapter, const struct wdmdma_buffer *buffer,
		 bool recycled),
	TP_ARGS(adapter, buffer, recycled),
	TP_STRUCT__entry(
		__string(device, dev_name(adapter->device->dev))
		__field(u32, adapter)
		__field(u32, pages)
		__field(u64, dma)
		__field(u64, bytes)
		__field(unsigned long, caller)
		__field(u8, kind)
		__field(u8, cache)
		__field(bool, recycled)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(adapter->device->dev));
		__entry->adapter = adapter->id;
		__entry->pages = buffer->nr_pages;
		__entry->dma = buffer->dma;
		__entry->bytes = buffer->len;
		__entry->caller = buffer->caller;
		__entry->kind = wdmdma_buffer_kind(buffer);
		__entry->cache = buffer->cache;
		__entry->recycled = recycled;
	),
	TP_printk("device=%s adapter=%u kind=%s dma=%#llx bytes=%llu pages=%u cache=%s recycled=%d caller=%ps",
		  __get_str(device), __entry->adapter, wdmdma_show_kind(__entry->kind),
		  __entry->dma, __entry->bytes, __entry->pages, wdmdma_show_cache(__entry->cache),
		  __entry->recycled, (void *)__entry->caller)
);

TRACE_EVENT(wdmdma_free,
	TP_PROTO(const struct wdmdma_adapter *adapter, const struct wdmdma_buffer *buffer),
	TP_ARGS(adapter, buffer),
	TP_STRUCT__entry(
		__string(device, dev_name(adapter->device->dev))
		__field(u32, adapter)
		__field(u32, pages)
		__field(u64, dma)
		__field(u64, bytes)
		__field(unsigned long, caller)
		__field(u8, kind)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(adapter->device->dev));
		__entry->adapter = adapter->id;
		__entry->pages = buffer->nr_pages;
		__entry->dma = buffer->dma;
		__entry->bytes = buffer->len;
		__entry->caller = buffer->caller;
		__entry->kind = wdmdma_buffer_kind(buffer);
	),
	TP_printk("device=%s adapter=%u kind=%s dma=%#llx bytes=%llu pages=%u caller=%ps",
		  __get_str(device), __entry->adapter, wdmdma_show_kind(__entry->kind),
		  __entry->dma, __entry->bytes, __entry->pages, (void *)__entry->caller)
);

TRACE_EVENT(wdmdma_recycle_hit,
	TP_PROTO(const struct wdmdma_adapter *adapter, const struct wdmdma_buffer *buffer),
	TP_ARGS(adapter, buffer),
	TP_STRUCT__entry(
		__string(device, dev_name(adapter->device->dev))
		__field(u32, adapter)
		__field(u32, pages)
		__field(u32, left)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(adapter->device->dev));
		__entry->adapter = adapter->id;
		__entry->pages = buffer->nr_pages;
		__entry->left = adapter->recycler.pages;
	),
	TP_printk("device=%s adapter=%u pages=%u left=%u", __get_str(device), __entry->adapter,
		  __entry->pages, __entry->left)
);

TRACE_EVENT(wdmdma_recycle_miss,
	TP_PROTO(const struct wdmdma_adapter *adapter, const struct wdmdma_request *request),
	TP_ARGS(adapter, request),
	TP_STRUCT__entry(
		__string(device, dev_name(adapter->device->dev))
		__field(u32, adapter)
		__field(u32, left)
		__field(u64, bytes)
		__field(unsigned long, caller)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(adapter->device->dev));
		__entry->adapter = adapter->id;
		__entry->left = adapter->recycler.pages;
		__entry->bytes = request->len;
		__entry->caller = request->caller;
	),
	TP_printk("device=%s adapter=%u bytes=%llu left=%u caller=%ps", __get_str(device),
		  __entry->adapter, __entry->bytes, __entry->left, (void *)__entry->caller)
);

DECLARE_EVENT_CLASS(wdmdma_memory,
	TP_PROTO(const char *call, const struct wdmdma_pages *pages),
	TP_ARGS(call, pages),
	TP_STRUCT__entry(
		__string(call, call)
		__field(u64, bytes)
		__field(u8, cache)
	),
	TP_fast_assign(
		wdmdma_assign_str(call, call);
		__entry->bytes = (u64)pages->nr << PAGE_SHIFT;
		__entry->cache = pages->cache;
	),
	TP_printk("call=%s bytes=%llu cache=%s", __get_str(call), __entry->bytes,
		  wdmdma_show_cache(__entry->cache))
);

DEFINE_EVENT(wdmdma_memory, wdmdma_memory_alloc,
	TP_PROTO(const char *call, const struct wdmdma_pages *pages),
	TP_ARGS(call, pages));

DEFINE_EVENT(wdmdma_memory, wdmdma_memory_free,
	TP_PROTO(const char *call, const struct wdmdma_pages *pages),
	TP_ARGS(call, pages));

TRACE_EVENT(wdmdma_map,
	TP_PROTO(const struct wdmdma_transfer *transfer, bool bounced),
	TP_ARGS(transfer, bounced),
	TP_STRUCT__entry(
		__string(device, dev_name(transfer->adapter->device->dev))
		__string(call, transfer->call)
		__field(u32, adapter)
		__field(u32, pieces)
		__field(u32, segments)
		__field(u64, dma)
		__field(u64, bytes)
		__field(unsigned long, caller)
		__field(u8, direction)
		__field(u8, copied)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(transfer->adapter->device->dev));
		wdmdma_assign_str(call, transfer->call);
		__entry->adapter = transfer->adapter->id;
		__entry->pieces = transfer->memory.orig_nents;
		__entry->segments = transfer->mapped->nents;
		__entry->dma = sg_dma_address(transfer->mapped->sgl);
		__entry->bytes = transfer->len;
		__entry->caller = transfer->caller;
		__entry->direction = transfer->direction;
		__entry->copied = wdmdma_transfer_copy(transfer, bounced);
	),
	TP_printk("device=%s adapter=%u call=%s direction=%s bytes=%llu pieces=%u segments=%u dma=%#llx copied=%s caller=%ps",
		  __get_str(device), __entry->adapter, __get_str(call),
		  wdmdma_show_direction(__entry->direction), __entry->bytes, __entry->pieces,
		  __entry->segments, __entry->dma, wdmdma_show_copy(__entry->copied),
		  (void *)__entry->caller)
);

TRACE_EVENT(wdmdma_unmap,
	TP_PROTO(const struct wdmdma_transfer *transfer),
	TP_ARGS(transfer),
	TP_STRUCT__entry(
		__string(device, dev_name(transfer->adapter->device->dev))
		__string(call, transfer->call)
		__field(u32, adapter)
		__field(u64, dma)
		__field(u64, bytes)
		__field(u8, direction)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(transfer->adapter->device->dev));
		wdmdma_assign_str(call, transfer->call);
		__entry->adapter = transfer->adapter->id;
		__entry->dma = sg_dma_address(transfer->mapped->sgl);
		__entry->bytes = transfer->len;
		__entry->direction = transfer->direction;
	),
	TP_printk("device=%s adapter=%u call=%s direction=%s bytes=%llu dma=%#llx",
		  __get_str(device), __entry->adapter, __get_str(call),
		  wdmdma_show_direction(__entry->direction), __entry->bytes, __entry->dma)
);

TRACE_EVENT(wdmdma_bounce,
	TP_PROTO(const struct wdmdma_transfer *transfer, bool to_copy, const char *reason),
	TP_ARGS(transfer, to_copy, reason),
	TP_STRUCT__entry(
		__string(device, dev_name(transfer->adapter->device->dev))
		__string(call, transfer->call)
		__string(reason, reason)
		__field(u32, adapter)
		__field(u64, bytes)
		__field(bool, to_copy)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(transfer->adapter->device->dev));
		wdmdma_assign_str(call, transfer->call);
		wdmdma_assign_str(reason, reason);
		__entry->adapter = transfer->adapter->id;
		__entry->bytes = transfer->len;
		__entry->to_copy = to_copy;
	),
	TP_printk("device=%s adapter=%u call=%s bytes=%llu to_copy=%d reason=%s",
		  __get_str(device), __entry->adapter, __get_str(call), __entry->bytes,
		  __entry->to_copy, __get_str(reason))
);

TRACE_EVENT(wdmdma_wait,
	TP_PROTO(const struct wdmdma_waiter *waiter),
	TP_ARGS(waiter),
	TP_STRUCT__entry(
		__string(device, dev_name(waiter->adapter->device->dev))
		__string(what, waiter->what)
		__string(call, waiter->call)
		__string(reason, waiter->reason)
		__field(const void *, request)
		__field(u32, adapter)
		__field(u64, amount)
		__field(unsigned long, caller)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(waiter->adapter->device->dev));
		wdmdma_assign_str(what, waiter->what);
		wdmdma_assign_str(call, waiter->call);
		wdmdma_assign_str(reason, waiter->reason);
		__entry->request = waiter->request;
		__entry->adapter = waiter->adapter->id;
		__entry->amount = waiter->amount;
		__entry->caller = waiter->caller;
	),
	TP_printk("device=%s adapter=%u what=%s request=%p call=%s amount=%llu caller=%ps reason=%s",
		  __get_str(device), __entry->adapter, __get_str(what), __entry->request,
		  __get_str(call), __entry->amount, (void *)__entry->caller, __get_str(reason))
);

TRACE_EVENT(wdmdma_grant,
	TP_PROTO(const struct wdmdma_waiter *waiter),
	TP_ARGS(waiter),
	TP_STRUCT__entry(
		__string(device, dev_name(waiter->adapter->device->dev))
		__string(what, waiter->what)
		__string(call, waiter->call)
		__field(const void *, request)
		__field(u32, adapter)
		__field(u64, amount)
		__field(u64, waited_us)
		__field(unsigned long, caller)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(waiter->adapter->device->dev));
		wdmdma_assign_str(what, waiter->what);
		wdmdma_assign_str(call, waiter->call);
		__entry->request = waiter->request;
		__entry->adapter = waiter->adapter->id;
		__entry->amount = waiter->amount;
		__entry->waited_us = waiter->waited_us;
		__entry->caller = waiter->caller;
	),
	TP_printk("device=%s adapter=%u what=%s request=%p call=%s amount=%llu waited_us=%llu caller=%ps",
		  __get_str(device), __entry->adapter, __get_str(what), __entry->request,
		  __get_str(call), __entry->amount, __entry->waited_us, (void *)__entry->caller)
);

DECLARE_EVENT_CLASS(wdmdma_domain,
	TP_PROTO(const struct wdmdma_device *device),
	TP_ARGS(device),
	TP_STRUCT__entry(
		__string(device, dev_name(device->dev))
		__string(leader, dev_name(device->dma->dev))
		__field(u64, domain)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(device->dev));
		wdmdma_assign_str(leader, dev_name(device->dma->dev));
		__entry->domain = (unsigned long)device->domain->handle.key;
	),
	TP_printk("device=%s leader=%s domain=%llu", __get_str(device), __get_str(leader),
		  __entry->domain)
);

DEFINE_EVENT(wdmdma_domain, wdmdma_join,
	TP_PROTO(const struct wdmdma_device *device),
	TP_ARGS(device));

DEFINE_EVENT(wdmdma_domain, wdmdma_leave,
	TP_PROTO(const struct wdmdma_device *device),
	TP_ARGS(device));

TRACE_EVENT(wdmdma_refusal,
	TP_PROTO(const struct wdmdma_device *device, const char *call, const char *reason,
		 struct va_format *message),
	TP_ARGS(device, call, reason, message),
	TP_STRUCT__entry(
		__string(device, dev_name(device->dev))
		__string(call, call)
		__string(reason, reason)
		__vstring(message, message->fmt, message->va)
	),
	TP_fast_assign(
		wdmdma_assign_str(device, dev_name(device->dev));
		wdmdma_assign_str(call, call);
		wdmdma_assign_str(reason, reason);
		__assign_vstr(message, message->fmt, message->va);
	),
	TP_printk("device=%s call=%s message=%s", __get_str(device), __get_str(call),
		  __get_str(message))
);

#endif /* WDMDMA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH core
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
