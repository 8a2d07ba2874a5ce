/* SPDX-License-Identifier: GPL-2.0-only */
/* The files in debugfs. See debug/debugfs.c. */
#ifndef WDMDMA_DEBUGFS_H
#define WDMDMA_DEBUGFS_H

struct seq_file;

void wdmdma_debugfs_init(void);
void wdmdma_debugfs_exit(void);
#ifdef CONFIG_WDMDMA_KUNIT
const char *wdmdma_debugfs_name(unsigned int number);
int wdmdma_debugfs_show(const char *name, struct seq_file *m);
#endif

#endif /* WDMDMA_DEBUGFS_H */
