// SPDX-License-Identifier: GPL-2.0-only
/* See sb16.h. */
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/iopoll.h>

#include "sb16.h"

#define SB16_RESET		0x226
#define SB16_READ		0x22a
#define SB16_WRITE		0x22c	/* bit 7 is set while the card is busy */
#define SB16_READ_STATUS	0x22e	/* bit 7 is set if a byte can be read */
#define SB16_READY		0xaa

#define SB16_SET_RATE		0x41
#define SB16_PLAY_WORDS		0xb6	/* the card repeats the block */
#define SB16_PLAY_BYTES		0xc6
#define SB16_MONO_UNSIGNED	0x00
#define SB16_MONO_SIGNED	0x10

#define SB16_WAIT_US		(100 * USEC_PER_MSEC)

static int sb16_write(u8 byte)
{
	u8 busy;
	int ret = read_poll_timeout(inb, busy, !(busy & BIT(7)), 10, SB16_WAIT_US, false,
				    SB16_WRITE);

	if (!ret)
		outb(byte, SB16_WRITE);
	return ret;
}

/* Reset the card. Return -ENODEV if the machine has none. */
int sb16_start(void)
{
	u8 status;

	outb(1, SB16_RESET);
	usleep_range(10, 100);
	outb(0, SB16_RESET);
	if (read_poll_timeout(inb, status, status & BIT(7), 10, SB16_WAIT_US, false,
			      SB16_READ_STATUS))
		return -ENODEV;
	return inb(SB16_READ) == SB16_READY ? 0 : -ENODEV;
}

/*
 * Play in a loop. The card raises an interrupt after each @samples samples,
 * which no handler serves.
 */
int sb16_play(bool words, unsigned int samples)
{
	return sb16_write(SB16_SET_RATE) ?: sb16_write(SB16_RATE >> 8) ?:
	       sb16_write(SB16_RATE & 0xff) ?:
	       sb16_write(words ? SB16_PLAY_WORDS : SB16_PLAY_BYTES) ?:
	       sb16_write(words ? SB16_MONO_SIGNED : SB16_MONO_UNSIGNED) ?:
	       sb16_write((samples - 1) & 0xff) ?: sb16_write((samples - 1) >> 8);
}

void sb16_stop(void)
{
	outb(1, SB16_RESET);
	usleep_range(10, 100);
	outb(0, SB16_RESET);
}
