/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PC's floppy disk controller with one drive, polled. The controller uses DMA channel
 * 2, which must be programmed before the controller gets a read or write command.
 *
 * scripts/run-qemu makes the disk. Each sector holds its own number as text, which
 * fdc_expect_sectors() checks.
 */
#ifndef WDMDMA_KUNIT_FDC_H
#define WDMDMA_KUNIT_FDC_H

#include <kunit/test.h>

#define FDC_CHANNEL		2
#define FDC_SECTOR		512
#define FDC_SECTORS		18	/* sectors per track, with two tracks per cylinder */
#define FDC_TRACK		(FDC_SECTORS * FDC_SECTOR)

int fdc_start(void);
void fdc_stop(void);
int fdc_move(unsigned int track, unsigned int sectors, bool write);
void fdc_expect_sectors(struct kunit *test, const u8 *data, unsigned int first, unsigned int nr);

#endif /* WDMDMA_KUNIT_FDC_H */
