/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WDMDMA_WDF_INTERRUPT_H
#define WDMDMA_WDF_INTERRUPT_H

#include "wdf/object.h"

NTSTATUS wdf_interrupt_connect(struct wdf_object *object);
NTSTATUS wdf_interrupt_disconnect(struct wdf_object *object);

#endif /* WDMDMA_WDF_INTERRUPT_H */
