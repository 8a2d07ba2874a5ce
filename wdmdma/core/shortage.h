/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory that is short when a request fails. See core/shortage.c. */
#ifndef WDMDMA_SHORTAGE_H
#define WDMDMA_SHORTAGE_H

#include <linux/types.h>

#include "lib/refusal.h"
#include "lib/window.h"

struct device;
struct wdmdma_adapter;
struct wdmdma_request;

#define WDMDMA_SHORTAGE_TEXT	320
#define WDMDMA_BOUNCE_TEXT	64

void wdmdma_shortage_of_pages(struct wdmdma_window window, int node, u64 pages, char *text,
			      size_t size);
void wdmdma_shortage_of_bounce(struct device *dev, const struct wdmdma_refusal *refusal,
			       char *text, size_t size);
void wdmdma_shortage_explain(const struct wdmdma_adapter *adapter,
			     const struct wdmdma_request *request, char *text, size_t size);

#endif /* WDMDMA_SHORTAGE_H */
