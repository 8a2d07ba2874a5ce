/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests, for transactions. */
#ifndef WDMDMA_WDF_REQUEST_H
#define WDMDMA_WDF_REQUEST_H

#include <ddk/wdfdmaenabler.h>
#include <ddk/wdfrequest.h>

#include "wdf/object.h"

extern const struct wdf_class wdf_request_class;

bool wdf_request_enter(struct wdf_object *object);
void wdf_request_leave(struct wdf_object *object);
NTSTATUS wdf_request_memory(struct wdf_object *object, WDF_DMA_DIRECTION direction, PMDL *mdl,
			    size_t *length, const char *call);

#endif /* WDMDMA_WDF_REQUEST_H */
