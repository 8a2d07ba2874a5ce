/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read sections of readers that look at objects for longer than an RCU read section may last. An
 * object that such a reader finds must be freed only after wdmdma_reader_sync().
 */
#ifndef WDMDMA_READER_H
#define WDMDMA_READER_H

int wdmdma_reader_enter(void);
void wdmdma_reader_leave(int section);
void wdmdma_reader_sync(void);

#endif /* WDMDMA_READER_H */
