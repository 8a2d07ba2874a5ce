/* SPDX-License-Identifier: GPL-2.0-only */
/* Tolerant handling of frees that do not match their allocation. See core/free_mode.c. */
#ifndef WDMDMA_FREE_MODE_H
#define WDMDMA_FREE_MODE_H

#include <linux/types.h>

struct wdmdma_buffer;
struct wdmdma_free_args;
struct wdmdma_refusal;

bool wdmdma_free_mode_is_tolerant(void);
int wdmdma_free_mode_tolerate(struct wdmdma_buffer *buffer, const struct wdmdma_free_args *args,
			      bool *whole, struct wdmdma_refusal *refusal);
#ifdef CONFIG_WDMDMA_KUNIT
int wdmdma_free_mode_set(const char *value);
unsigned long wdmdma_tolerated_frees(void);
#endif

#endif /* WDMDMA_FREE_MODE_H */
