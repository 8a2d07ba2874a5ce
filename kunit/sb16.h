/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Sound Blaster 16 that plays memory in a loop, by DMA channel 1 as bytes or by channel 5
 * as words. The DMA channel must be programmed before the card is told to play.
 */
#ifndef WDMDMA_KUNIT_SB16_H
#define WDMDMA_KUNIT_SB16_H

#include <linux/types.h>

#define SB16_CHANNEL_BYTES	1
#define SB16_CHANNEL_WORDS	5
#define SB16_RATE		44100	/* samples per second */

int sb16_start(void);
int sb16_play(bool words, unsigned int samples);
void sb16_stop(void);

#endif /* WDMDMA_KUNIT_SB16_H */
