/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For a ported driver's Linux glue (module_init, probe, remove): the one header
 * with Linux types. Include it in the glue's file, and the ddk/ headers in the
 * Windows-style files.
 */
#ifndef WDMDMA_LINUX_H
#define WDMDMA_LINUX_H

#include <linux/device.h>

#include <wdmdma/types.h>

PDEVICE_OBJECT wdmdma_device_object_get(struct device *dev);
void wdmdma_device_object_put(PDEVICE_OBJECT device_object);

#endif /* WDMDMA_LINUX_H */
