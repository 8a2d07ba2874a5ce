/* SPDX-License-Identifier: GPL-2.0-only */
/* Words in the lines of the debugfs files. See debug/debug_print.c. */
#ifndef WDMDMA_DEBUG_PRINT_H
#define WDMDMA_DEBUG_PRINT_H

struct seq_file;
struct wdmdma_device;

void wdmdma_debug_word(struct seq_file *m, const char *word);
void wdmdma_debug_device(struct seq_file *m, const struct wdmdma_device *device);
void wdmdma_debug_caller(struct seq_file *m, unsigned long caller);

#endif /* WDMDMA_DEBUG_PRINT_H */
