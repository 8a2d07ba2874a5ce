/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of the verifier, see debug/verifier.c. */
#ifndef WDMDMA_DEBUG_VERIFIER_H
#define WDMDMA_DEBUG_VERIFIER_H

struct seq_file;

int wdmdma_debug_verify(const char *line);
int wdmdma_debug_show_verifier(struct seq_file *m, void *unused);
int wdmdma_debug_show_codes(struct seq_file *m, void *unused);

#endif /* WDMDMA_DEBUG_VERIFIER_H */
