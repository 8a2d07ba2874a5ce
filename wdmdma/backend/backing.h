/* SPDX-License-Identifier: GPL-2.0-only */
/* Backing pages for the backends. See backend/backing.c. */
#ifndef WDMDMA_BACKING_H
#define WDMDMA_BACKING_H

#include "objects.h"

/* Return the struct device that the DMA API must be given for a buffer. */
static inline struct device *wdmdma_buffer_dev(struct wdmdma_device *device,
					       const struct wdmdma_buffer *buffer)
{
	return buffer->standin ? &device->standin.dev : device->dev;
}

int wdmdma_backing_map_cpu(struct wdmdma_request *request, struct wdmdma_buffer *buffer);
void wdmdma_backing_free_pages(struct wdmdma_buffer *buffer);
int wdmdma_backing_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			 struct wdmdma_window physical, struct wdmdma_buffer *buffer);
int wdmdma_backing_map_dma(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer);
void wdmdma_backing_unmap_dma(struct wdmdma_device *device, struct wdmdma_buffer *buffer,
			      dma_addr_t dma);
void wdmdma_backing_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer);

#endif /* WDMDMA_BACKING_H */
