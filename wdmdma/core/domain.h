/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains: devices that share their logical addresses. See core/domain.c. */
#ifndef WDMDMA_DOMAIN_H
#define WDMDMA_DOMAIN_H

#include <linux/rwsem.h>
#include <linux/types.h>

struct wdmdma_adapter;
struct wdmdma_device;
struct wdmdma_domain;
struct wdmdma_request;

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

#endif /* WDMDMA_DOMAIN_H */
