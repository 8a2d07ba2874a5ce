/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WDMDMA_WDF_BUFFER_H
#define WDMDMA_WDF_BUFFER_H

int wdf_buffer_init(void);
void wdf_buffer_exit(void);

#endif /* WDMDMA_WDF_BUFFER_H */
