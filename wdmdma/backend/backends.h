/* SPDX-License-Identifier: GPL-2.0-only */
/* The three backends. */
#ifndef WDMDMA_BACKENDS_H
#define WDMDMA_BACKENDS_H

#include "objects.h"

extern const struct wdmdma_backend wdmdma_backend_direct;
extern const struct wdmdma_backend wdmdma_backend_iommu;
extern const struct wdmdma_backend wdmdma_backend_private;

#endif /* WDMDMA_BACKENDS_H */
