/* SPDX-License-Identifier: GPL-2.0-only */
/* Cache flushing, for devices that do not snoop the CPU caches. See core/flush.c. */
#ifndef WDMDMA_FLUSH_H
#define WDMDMA_FLUSH_H

#include <linux/types.h>

struct wdmdma_adapter;

int wdmdma_flush(struct wdmdma_adapter *adapter, const char *call, const unsigned long *pfn,
		 size_t offset, size_t len, bool to_device);

#endif /* WDMDMA_FLUSH_H */
