/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that a driver has left. */
#ifndef WDMDMA_WDF_GOING_H
#define WDMDMA_WDF_GOING_H

#include <linux/module.h>

#include "wdf/object.h"

void wdf_forget_objects(const struct module *module, const char *name);
int wdf_going_init(void);
void wdf_going_exit(void);

#endif /* WDMDMA_WDF_GOING_H */
