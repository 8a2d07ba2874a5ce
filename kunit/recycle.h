/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers for cases about recycled buffers. They use a real device where the machine has one. */
#ifndef WDMDMA_KUNIT_RECYCLE_H
#define WDMDMA_KUNIT_RECYCLE_H

#include "helpers.h"

unsigned int recycle_kept(struct kunit *test);
int recycle_init(struct kunit *test);
void recycle_exit(struct kunit *test);
bool recycle_keeps(struct kunit *test);
void *recycle_alloc(struct kunit *test, ULONG length, PHYSICAL_ADDRESS *la);
void recycle_release(struct kunit *test, ULONG length, PHYSICAL_ADDRESS la, void *va);
void *recycle_alloc_and_free(struct kunit *test, struct wdmdma_fixture *f, ULONG length,
			     PHYSICAL_ADDRESS *la);

#endif /* WDMDMA_KUNIT_RECYCLE_H */
