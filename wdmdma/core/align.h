/* SPDX-License-Identifier: GPL-2.0-only */
/* The alignment of bounce buffers. See core/align.c. */
#ifndef WDMDMA_ALIGN_H
#define WDMDMA_ALIGN_H

struct wdmdma_device;

void wdmdma_align_raise(struct wdmdma_device *device);
void wdmdma_align_restore(struct wdmdma_device *device);

#endif /* WDMDMA_ALIGN_H */
