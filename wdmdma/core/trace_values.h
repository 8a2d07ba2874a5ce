/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that tracepoints and debugfs files show. */
#ifndef WDMDMA_TRACE_VALUES_H
#define WDMDMA_TRACE_VALUES_H

#include "core/transfer.h"
#include "objects.h"

/* The kinds of buffers. The numbers are fields of tracepoints and must not change. */
enum wdmdma_kind {
	WDMDMA_KIND_COMMON = 0,		/* for one device */
	WDMDMA_KIND_BLOCK = 1,		/* elements of a vector */
	WDMDMA_KIND_IMPORTED = 2,	/* on memory of the driver */
	WDMDMA_KIND_DOMAIN = 3,		/* for all devices of a domain */
};

/* Which copy of its memory a transfer uses. The numbers are fields of a tracepoint. */
enum wdmdma_copy {
	WDMDMA_COPY_NONE = 0,
	WDMDMA_COPY_KERNEL = 1,		/* in bounce buffers of the kernel (swiotlb) */
	WDMDMA_COPY_MODULE = 2,		/* in pages of this module */
};

/**
 * struct wdmdma_waiter - a request that waits or waited, for tracepoints
 * @adapter: the adapter
 * @what: "list" or "channel"
 * @call: the Windows call
 * @reason: what the request waits for
 * @request: identifies the request
 * @amount: bytes of a list, or map registers
 * @waited_us: microseconds that the request has waited, or 0
 * @caller: where the driver made the call
 */
struct wdmdma_waiter {
	const struct wdmdma_adapter *adapter;
	const char *what;
	const char *call;
	const char *reason;
	const void *request;
	u64 amount;
	u64 waited_us;
	unsigned long caller;
};

static inline enum wdmdma_kind wdmdma_buffer_kind(const struct wdmdma_buffer *buffer)
{
	return buffer->imported ? WDMDMA_KIND_IMPORTED :
	       buffer->block ? WDMDMA_KIND_BLOCK :
	       buffer->shared ? WDMDMA_KIND_DOMAIN : WDMDMA_KIND_COMMON;
}

/* @bounced is the result of wdmdma_transfer_is_bounced(). */
static inline enum wdmdma_copy wdmdma_transfer_copy(const struct wdmdma_transfer *transfer,
						    bool bounced)
{
	if (transfer->mapped == &transfer->bounce)
		return WDMDMA_COPY_MODULE;
	return bounced ? WDMDMA_COPY_KERNEL : WDMDMA_COPY_NONE;
}

#endif /* WDMDMA_TRACE_VALUES_H */
