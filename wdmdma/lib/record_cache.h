/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of transfers. A record has room for all parts of a transfer in one allocation.
 */
#ifndef WDMDMA_RECORD_CACHE_H
#define WDMDMA_RECORD_CACHE_H

#include <linux/gfp.h>

void *wdmdma_record_alloc(size_t size, gfp_t gfp);

/* For main.c */
int wdmdma_record_init(void);
void wdmdma_record_exit(void);

#endif /* WDMDMA_RECORD_CACHE_H */
