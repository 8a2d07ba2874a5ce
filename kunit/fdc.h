/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PC's floppy disk controller with one drive, polled. It uses DMA channel 2, which
 * must be programmed before it is told to read or write.
 *
 * A sector of the disk that scripts/run-qemu makes holds its number as text, and
 * fdc_expect_sectors() knows them.
 */
#ifndef WDMDMA_KUNIT_FDC_H
#define WDMDMA_KUNIT_FDC_H

#include <kunit/test.h>

#define FDC_CHANNEL		2
#define FDC_SECTOR		512
#define FDC_SECTORS		18	/* of a track, of which a cylinder has two */
#define FDC_TRACK		(FDC_SECTORS * FDC_SECTOR)

int fdc_start(void);
void fdc_stop(void);
int fdc_move(unsigned int track, unsigned int sectors, bool write);
void fdc_expect_sectors(struct kunit *test, const u8 *data, unsigned int first, unsigned int nr);

#endif /* WDMDMA_KUNIT_FDC_H */
