// SPDX-License-Identifier: GPL-2.0-only
/* See verifier.h. */
#include "core/verifier.h"
#include "debug/verifier.h"
#include "verifier.h"

/* An action of KUnit, which undoes the setting. */
void verifier_off(void *setting)
{
	wdmdma_debug_verify(setting);
}

/* Make a setting for all devices, until the case ends. */
void verifier_on(struct kunit *test, const char *setting)
{
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify(setting), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, verifier_off, "none"), 0);
}

/* Return how often a code was reported since the module was loaded. */
unsigned long verifier_count(u32 bug)
{
	const struct wdmdma_verifier_code *code;
	unsigned long count;
	unsigned int i;

	for (i = 0; (code = wdmdma_verifier_code(i, &count)); i++)
		if (code->bug == bug)
			return count;
	return ULONG_MAX;
}

/* Return the number of all reports. */
unsigned long verifier_sum(void)
{
	unsigned long count, sum = 0;
	unsigned int i;

	for (i = 0; wdmdma_verifier_code(i, &count); i++)
		sum += count;
	return sum;
}

/* Allocate map registers without the channel. */
PVOID verifier_registers(struct kunit *test, PDMA_ADAPTER adapter, ULONG count)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	PVOID base;

	ops->InitializeDmaTransferContext(adapter, context);
	KUNIT_ASSERT_EQ(test,
			ops->AllocateAdapterChannelEx(adapter, NULL, context, count,
						      DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, &base),
			STATUS_SUCCESS);
	ops->FreeAdapterObject(adapter, DeallocateObjectKeepRegisters);
	return base;
}
