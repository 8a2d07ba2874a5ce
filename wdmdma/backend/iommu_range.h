/* SPDX-License-Identifier: GPL-2.0-only */
/* Scattered pages as one range of logical addresses. See backend/iommu_range.c. */
#ifndef WDMDMA_IOMMU_RANGE_H
#define WDMDMA_IOMMU_RANGE_H

struct wdmdma_buffer;
struct wdmdma_device;
struct wdmdma_request;

int wdmdma_iommu_map_range(struct wdmdma_device *device, struct wdmdma_request *request,
			   struct wdmdma_buffer *buffer);
void wdmdma_iommu_unmap_range(struct wdmdma_device *device, struct wdmdma_buffer *buffer);

#endif /* WDMDMA_IOMMU_RANGE_H */
