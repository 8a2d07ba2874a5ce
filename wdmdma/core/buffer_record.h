/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of buffers. See core/buffer_record.c. */
#ifndef WDMDMA_BUFFER_RECORD_H
#define WDMDMA_BUFFER_RECORD_H

#include "core/dma_channel.h"
#include "lib/page_set.h"
#include "objects.h"

struct wdmdma_adapter;

int wdmdma_record_check(const struct wdmdma_adapter *adapter, struct wdmdma_request *request);
int wdmdma_record_enter(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer);
int wdmdma_block_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer);
void wdmdma_record_stop_channels(struct wdmdma_adapter *adapter,
				 const struct wdmdma_buffer *buffer, const char *call);
void wdmdma_block_free(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer);
bool wdmdma_record_claim(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer,
			 const char *call);
void wdmdma_record_revive(struct wdmdma_buffer *buffer, size_t len, enum wdmdma_cache cache,
			  unsigned long caller);
void wdmdma_imported_release(struct wdmdma_imported *imported);
void wdmdma_record_free(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer);

/*
 * Stop the DMA controllers that use the memory, because it may soon have a new owner. @call is what
 * frees it. May sleep. Few machines have a driver that uses such a controller.
 */
static inline void wdmdma_record_stop_controllers(struct wdmdma_adapter *adapter,
						  const struct wdmdma_buffer *buffer,
						  const char *call)
{
	if (unlikely(wdmdma_dma_channels_exist()))
		wdmdma_record_stop_channels(adapter, buffer, call);
}

#endif /* WDMDMA_BUFFER_RECORD_H */
