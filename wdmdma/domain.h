/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains: who is in which, and the way from one to another. Included by core.h. */
#ifndef WDMDMA_DOMAIN_H
#define WDMDMA_DOMAIN_H

#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/rwsem.h>

#include "handle.h"

struct iommu_domain;
struct iommu_group;
struct wdmdma_adapter;
struct wdmdma_device;
struct wdmdma_request;

/**
 * struct wdmdma_domain - what one logical address means the same for
 * @handle: known to the driver by a number, which is never used again
 * @group: the IOMMU group whose devices have their home here, with a reference; NULL
 *         where nothing translates: then it is the home of one device
 * @own: what the IOMMU calls the domain, to be compared with where a device is; NULL
 *       without one; protected by wdmdma_domain_lock
 * @bound: devices with a bound driver that have their home here; protected by
 *         wdmdma_domain_lock
 * @astray: the group is known to be elsewhere, with a reference; protected by
 *          wdmdma_domain_lock
 * @node: in the list of homes, if there is a group
 * @devices: those in the domain; protected by wdmdma_domain_lock
 * @rcu: for the handle table
 *
 * The object lives as long as the records of the devices that have their home in it,
 * and as long as a device is in it. For a driver the domain lives while an adapter is in it.
 */
struct wdmdma_domain {
	struct wdmdma_handle handle;
	struct iommu_group *group;
	struct iommu_domain *own;
	unsigned int bound;
	bool astray;
	struct list_head node;
	struct list_head devices;
	struct rcu_head rcu;
};

/* domain.c */
extern struct rw_semaphore wdmdma_domain_lock;

int wdmdma_domain_enter_home(struct wdmdma_device *device);
unsigned int wdmdma_domain_leave_home(struct wdmdma_device *device);
void wdmdma_domain_go_home(struct wdmdma_device *device);
void wdmdma_domain_stray(struct wdmdma_device *device);
bool wdmdma_domain_is_own(struct wdmdma_device *device);
void wdmdma_domain_put(struct wdmdma_domain *domain);
const void *wdmdma_domain_of(struct wdmdma_adapter *adapter);
int wdmdma_domain_join(struct wdmdma_adapter *adapter, const char *call, const void *key);
int wdmdma_domain_leave(struct wdmdma_adapter *adapter, const char *call);
int wdmdma_domain_alloc(struct wdmdma_adapter *adapter, const void *key,
			struct wdmdma_request *request, void **cpu, dma_addr_t *dma);

/* domain_iommu.c */
struct iommu_group *wdmdma_group_get(struct wdmdma_device *device);
void wdmdma_group_put(struct iommu_group *group);
struct iommu_domain *wdmdma_group_domain(struct wdmdma_device *device);
int wdmdma_group_check_msi(struct wdmdma_device *device, const char **why);
int wdmdma_group_check_trust(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			     const char **why);
int wdmdma_group_check_join(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			    const char **why);
int wdmdma_group_attach(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			const char **why);
bool wdmdma_group_detach(struct wdmdma_device *device);

#endif /* WDMDMA_DOMAIN_H */
