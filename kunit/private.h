/* SPDX-License-Identifier: GPL-2.0-only */
/* The edu device with 40 address lines, and an adapter for it in a private domain. */
#ifndef WDMDMA_KUNIT_PRIVATE_H
#define WDMDMA_KUNIT_PRIVATE_H

#include "edu.h"
#include "helpers.h"

extern struct edu *private_edu;

void private_rebind(void *data);
int private_init(struct kunit *test);
int private_rebind_after(struct kunit *test);
struct device *private_dev(void);
bool private_has_iommu(void);
void private_needs(struct kunit *test);
struct wdmdma_fixture *private_fixture(struct kunit *test);
void *private_between(struct wdmdma_fixture *fixture, u64 first, u64 last, ULONG length,
		      PHYSICAL_ADDRESS *la);
u64 private_device_sees(u64 la);
void private_expect_same_memory(struct kunit *test, void *va, u64 la, size_t size);
void private_expect_no_buffers(struct kunit *test, struct wdmdma_fixture *fixture);

#endif /* WDMDMA_KUNIT_PRIVATE_H */
