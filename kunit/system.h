/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapters of slave devices, whose data a DMA controller moves. Only a kernel with ISA DMA
 * has such adapters. On other kernels the cases are skipped.
 */
#ifndef WDMDMA_KUNIT_SYSTEM_H
#define WDMDMA_KUNIT_SYSTEM_H

#include "memory.h"

/**
 * struct wdmdma_slave - an adapter with a DMA channel, for a case
 * @adapter: put when the test ends; NULL after the test has put it
 * @ops: the adapter's table of operations
 * @registers: number of map registers granted
 */
struct wdmdma_slave {
	PDMA_ADAPTER adapter;
	const DMA_OPERATIONS *ops;
	ULONG registers;
};

void wdmdma_test_needs_isa(struct kunit *test);
bool wdmdma_test_channel_is_free(ULONG channel);
DEVICE_DESCRIPTION wdmdma_test_slave_description(ULONG version, ULONG channel);
struct wdmdma_slave *wdmdma_test_slave_like(struct kunit *test, DEVICE_DESCRIPTION description);
struct wdmdma_slave *wdmdma_test_slave(struct kunit *test, ULONG channel);
PVOID wdmdma_test_slave_base(struct kunit *test, struct wdmdma_slave *slave, PVOID context);
PHYSICAL_ADDRESS wdmdma_test_slave_map(struct wdmdma_slave *s, PMDL mdl, PVOID base, ULONG *length,
				       BOOLEAN write);
BOOLEAN wdmdma_test_slave_flush(struct wdmdma_slave *s, PMDL mdl, PVOID base, ULONG length,
				BOOLEAN write);
u8 *wdmdma_test_isa_memory(struct kunit *test, unsigned int order);

#endif /* WDMDMA_KUNIT_SYSTEM_H */
