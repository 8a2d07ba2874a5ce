/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins of pages of processes. Whoever pinned a page gives the pin up here, and it is undone
 * at once; or, as long as a common buffer uses the page, when the last such buffer goes. A
 * plain reference would keep the page, but not keep fork and write-back away from it.
 */
#ifndef WDMDMA_PINS_H
#define WDMDMA_PINS_H

#include <linux/types.h>

int wdmdma_pins_use(const unsigned long *pfn, unsigned long nr);
void wdmdma_pins_unuse(const unsigned long *pfn, unsigned long nr, bool dirty);
void wdmdma_pins_give_up(unsigned long pfn, bool dirty);
void wdmdma_pins_exit(void);

#endif /* WDMDMA_PINS_H */
