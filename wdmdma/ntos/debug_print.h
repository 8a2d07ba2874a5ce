/* SPDX-License-Identifier: GPL-2.0-only */
/* The texts of DbgPrint. */
#ifndef WDMDMA_NTOS_DEBUG_PRINT_H
#define WDMDMA_NTOS_DEBUG_PRINT_H

/* Windows cuts a text here too. */
#define NT_PRINT_MOST	512

char *nt_debug_format(char text[NT_PRINT_MOST], const char *format, ...);

#endif /* WDMDMA_NTOS_DEBUG_PRINT_H */
