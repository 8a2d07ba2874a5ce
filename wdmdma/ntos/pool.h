/* SPDX-License-Identifier: GPL-2.0-only */
/* Start and end of the pool. */
#ifndef WDMDMA_NTOS_POOL_H
#define WDMDMA_NTOS_POOL_H

int nt_pool_init(void);
void nt_pool_exit(void);

#endif /* WDMDMA_NTOS_POOL_H */
