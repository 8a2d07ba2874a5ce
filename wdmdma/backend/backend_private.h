/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves a device into its private domain and back. See backend/backend_private.c. */
#ifndef WDMDMA_BACKEND_PRIVATE_H
#define WDMDMA_BACKEND_PRIVATE_H

struct device;
struct wdmdma_private;
struct wdmdma_refusal;

struct wdmdma_private *wdmdma_private_create(struct device *dev, struct wdmdma_refusal *refusal);
bool wdmdma_private_destroy(struct wdmdma_private *private);

#endif /* WDMDMA_BACKEND_PRIVATE_H */
