// SPDX-License-Identifier: GPL-2.0-only
/* See fdc.h. */
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/iopoll.h>

#include "fdc.h"

#define FDC_OUTPUT		0x3f2
#define FDC_OUTPUT_ENABLE	(BIT(2) | BIT(3))	/* out of reset, with DMA */
#define FDC_OUTPUT_MOTOR	BIT(4)
#define FDC_STATUS		0x3f4
#define FDC_STATUS_READY	BIT(7)
#define FDC_STATUS_TO_CPU	BIT(6)
#define FDC_DATA		0x3f5
#define FDC_RATE		0x3f7
#define FDC_RATE_500K		0

#define FDC_SPECIFY		0x03
#define FDC_WRITE		0x45	/* double density, as for FDC_READ */
#define FDC_READ		0x46
#define FDC_RECALIBRATE		0x07
#define FDC_SENSE		0x08
#define FDC_SEEK		0x0f

#define FDC_ST0_BAD		0xc0
#define FDC_ST0_SEEK_END	BIT(5)
#define FDC_ST0_NONE		0x80	/* result of FDC_SENSE if nothing happened */
#define FDC_SIZE_512		2
#define FDC_GAP			0x1b

#define FDC_WAIT_US		(2 * USEC_PER_SEC)

/* Wait until the controller is ready for a byte in this direction. */
static int fdc_wait(u8 direction)
{
	u8 status;

	return read_poll_timeout(inb, status,
				 (status & (FDC_STATUS_READY | FDC_STATUS_TO_CPU)) ==
				 (FDC_STATUS_READY | direction),
				 1000, FDC_WAIT_US, false, FDC_STATUS);
}

static int fdc_command(const u8 *bytes, unsigned int nr)
{
	int ret = 0;

	while (nr-- && !ret) {
		ret = fdc_wait(0);
		if (!ret)
			outb(*bytes++, FDC_DATA);
	}
	return ret;
}

static int fdc_result(u8 *bytes, unsigned int nr)
{
	int ret = 0;

	while (nr-- && !ret) {
		ret = fdc_wait(FDC_STATUS_TO_CPU);
		if (!ret)
			*bytes++ = inb(FDC_DATA);
	}
	return ret;
}

/* Read the interrupt status and acknowledge the interrupt, which has no handler. */
static int fdc_sense(u8 *st0)
{
	static const u8 command[] = { FDC_SENSE };
	int ret = fdc_command(command, sizeof(command));
	u8 cylinder;

	if (!ret)
		ret = fdc_result(st0, 1);
	if (!ret && *st0 != FDC_ST0_NONE)
		ret = fdc_result(&cylinder, 1);
	return ret;
}

/* Wait for the end of a command that moves the heads. */
static int fdc_settle(void)
{
	unsigned int tries = 1000;
	int ret;
	u8 st0;

	do {
		usleep_range(500, 1000);
		ret = fdc_sense(&st0);
	} while (!ret && !(st0 & FDC_ST0_SEEK_END) && --tries);
	return ret ?: st0 & FDC_ST0_SEEK_END ? 0 : -ETIMEDOUT;
}

/*
 * Reset the controller, specify its timing and recalibrate the drive. Return -ENODEV if
 * there is no controller.
 */
int fdc_start(void)
{
	static const u8 specify[] = { FDC_SPECIFY, 0xdf, 0x02 };
	static const u8 recalibrate[] = { FDC_RECALIBRATE, 0 };
	unsigned int drives = 4;
	u8 st0;

	if (inb(FDC_STATUS) == 0xff)
		return -ENODEV;
	outb(0, FDC_OUTPUT);
	usleep_range(20, 100);
	outb(FDC_OUTPUT_ENABLE | FDC_OUTPUT_MOTOR, FDC_OUTPUT);
	outb(FDC_RATE_500K, FDC_RATE);
	while (drives--)
		if (fdc_sense(&st0))
			return -ENODEV;
	return fdc_command(specify, sizeof(specify)) ?:
	       fdc_command(recalibrate, sizeof(recalibrate)) ?: fdc_settle();
}

/* Reset the controller, which ends any command. */
void fdc_stop(void)
{
	outb(0, FDC_OUTPUT);
}

/* Move the first sectors of a track by DMA. The transfer also ends with the mapped memory. */
int fdc_move(unsigned int track, unsigned int sectors, bool write)
{
	u8 cylinder = track / 2, head = track % 2, result[7];
	u8 seek[] = { FDC_SEEK, head << 2, cylinder };
	u8 move[] = {
		write ? FDC_WRITE : FDC_READ, head << 2, cylinder, head, 1, FDC_SIZE_512,
		sectors, FDC_GAP, 0xff,
	};
	int ret = fdc_command(seek, sizeof(seek)) ?: fdc_settle() ?:
		  fdc_command(move, sizeof(move)) ?: fdc_result(result, sizeof(result));

	return ret ?: result[0] & FDC_ST0_BAD ? -EIO : 0;
}

/* Expect the sectors that the disk was made with. */
void fdc_expect_sectors(struct kunit *test, const u8 *data, unsigned int first, unsigned int nr)
{
	char expected[FDC_SECTOR + 1];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(expected, sizeof(expected), "wdmdma floppy sector %-490u\n", first + i);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(data + i * FDC_SECTOR, expected, FDC_SECTOR), 0,
				    "sector %u", first + i);
	}
}
