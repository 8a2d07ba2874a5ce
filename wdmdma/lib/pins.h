/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins of pages of processes. A caller that has pinned a page must give up the pin here. The
 * pin is undone at once, unless a common buffer uses the page. Then the pin is undone when the
 * last such buffer is freed. A plain reference would keep the page, but would not keep fork and
 * write-back away from the page. For as long the page counts as pinned by its process.
 */
#ifndef WDMDMA_PINS_H
#define WDMDMA_PINS_H

#include <linux/types.h>

struct mm_struct;

int wdmdma_pins_use(const unsigned long *pfn, unsigned long nr);
void wdmdma_pins_unuse(const unsigned long *pfn, unsigned long nr, bool dirty);
bool wdmdma_pins_give_up(unsigned long pfn, struct mm_struct *mm, bool dirty);
void wdmdma_pins_exit(void);

#endif /* WDMDMA_PINS_H */
