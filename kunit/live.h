/* SPDX-License-Identifier: GPL-2.0-only */
/* The edu device with 32 address lines, and memory for its cases. */
#ifndef WDMDMA_KUNIT_LIVE_H
#define WDMDMA_KUNIT_LIVE_H

#include <wdmdma/mdl.h>

#include "edu.h"
#include "helpers.h"

#define LIVE_PAGES	96

extern struct edu *live_edu;

int live_init(struct kunit *test);
void *live_buffer_alloc(struct kunit *test, ULONG length, PHYSICAL_ADDRESS *la);
void *live_scattered_memory(struct kunit *test, struct page **page);
void live_scattered_memory_free(void *va, struct page **page);
NTSTATUS live_create_from_mdl(struct wdmdma_fixture *fixture, PMDL mdl,
			      DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION *config,
			      PHYSICAL_ADDRESS *la);

#endif /* WDMDMA_KUNIT_LIVE_H */
