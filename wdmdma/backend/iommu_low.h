/* SPDX-License-Identifier: GPL-2.0-only */
/* Accounts of low addresses for backend/backend_iommu.c. See backend/iommu_low.c. */
#ifndef WDMDMA_IOMMU_LOW_H
#define WDMDMA_IOMMU_LOW_H

#include "objects.h"

/* Frees a buffer that has no record in the core. Defined by backend/backend_iommu.c. */
typedef void (*wdmdma_low_free_t)(struct wdmdma_device *device, struct wdmdma_buffer *buffer);

void wdmdma_low_book(struct wdmdma_device *device, struct wdmdma_buffer *buffer);
bool wdmdma_low_release(struct wdmdma_device *device, struct wdmdma_buffer *buffer);
bool wdmdma_low_wants_block(struct wdmdma_device *device, const struct wdmdma_request *request,
			    const struct wdmdma_buffer *buffer);
int wdmdma_low_add_block(struct wdmdma_device *device, const struct wdmdma_buffer *memory,
			 const struct wdmdma_request *request, struct wdmdma_buffer *buffer);
bool wdmdma_low_take(struct wdmdma_device *device, const struct wdmdma_request *request,
		     struct wdmdma_buffer *buffer);
bool wdmdma_low_forget(struct wdmdma_device *device, wdmdma_low_free_t free);
bool wdmdma_low_make_room(struct wdmdma_device *device, u64 last, size_t size,
			  wdmdma_low_free_t free);

#endif /* WDMDMA_IOMMU_LOW_H */
