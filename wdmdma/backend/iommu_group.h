/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of a domain change that needs the IOMMU API. See backend/iommu_group.c. */
#ifndef WDMDMA_IOMMU_GROUP_H
#define WDMDMA_IOMMU_GROUP_H

#include <linux/types.h>

struct iommu_domain;
struct iommu_group;
struct wdmdma_device;
struct wdmdma_refusal;

struct iommu_group *wdmdma_group_get(struct wdmdma_device *device);
void wdmdma_group_put(struct iommu_group *group);
struct iommu_domain *wdmdma_group_domain(struct wdmdma_device *device);
int wdmdma_group_check_msi(struct wdmdma_device *device, struct wdmdma_refusal *refusal);
int wdmdma_group_check_trust(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			     struct wdmdma_refusal *refusal);
int wdmdma_group_check_join(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			    struct wdmdma_refusal *refusal);
int wdmdma_group_attach(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			struct wdmdma_refusal *refusal);
bool wdmdma_group_detach(struct wdmdma_device *device);
bool wdmdma_group_has_moved(struct wdmdma_device *device, const struct iommu_domain *left);

#endif /* WDMDMA_IOMMU_GROUP_H */
