/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of a device, and its lifetime. See core/device.c. */
#ifndef WDMDMA_DEVICE_H
#define WDMDMA_DEVICE_H

#include <linux/types.h>

struct device;
struct wdmdma_adapter;
struct wdmdma_device;
struct wdmdma_refusal;

struct wdmdma_device *wdmdma_device_open(struct device *dev);
struct wdmdma_device *wdmdma_device_find(const void *handle);
void wdmdma_device_put(struct wdmdma_device *device);
void wdmdma_device_retire(struct wdmdma_adapter *adapter);
int wdmdma_device_use_private(struct wdmdma_device *device, struct wdmdma_refusal *refusal);
struct wdmdma_device *wdmdma_device_take_left(void);
#ifdef CONFIG_WDMDMA_KUNIT
int wdmdma_module_refs(void);
#endif

#endif /* WDMDMA_DEVICE_H */
