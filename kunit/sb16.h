/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Sound Blaster 16 that plays memory round and round, by DMA channel 1 as bytes or
 * channel 5 as words. It must be programmed before it is told to play.
 */
#ifndef WDMDMA_KUNIT_SB16_H
#define WDMDMA_KUNIT_SB16_H

#include <linux/types.h>

#define SB16_CHANNEL_BYTES	1
#define SB16_CHANNEL_WORDS	5
#define SB16_RATE		44100	/* samples in a second */

int sb16_start(void);
int sb16_play(bool words, unsigned int samples);
void sb16_stop(void);

#endif /* WDMDMA_KUNIT_SB16_H */
