// SPDX-License-Identifier: GPL-2.0-only
/* See system.h. */
#include <linux/sizes.h>

#ifdef CONFIG_ISA_DMA_API
#include <asm/dma.h>
#endif

#include "core/adapter.h"
#include "memory.h"
#include "system.h"

void wdmdma_test_needs_isa(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	if (!IS_ENABLED(CONFIG_ISA_DMA_API))
		kunit_skip(test, "the kernel has no ISA DMA");
	if (wdmdma_test_copies_all(fixture->dev))
		kunit_skip(test, "the kernel copies all memory to where no channel reaches");
}

/* Return true if no driver holds the channel. */
bool wdmdma_test_channel_is_free(ULONG channel)
{
#ifdef CONFIG_ISA_DMA_API
	if (request_dma(channel, "wdmdma_kunit"))
		return false;
	free_dma(channel);
#endif
	return true;
}

/* Return a valid description of a slave device that moves up to 64 KiB. */
DEVICE_DESCRIPTION wdmdma_test_slave_description(ULONG version, ULONG channel)
{
	DEVICE_DESCRIPTION description = {
		.Version = version,
		.InterfaceType = Isa,
		.DmaChannel = channel,
		.DmaWidth = channel < 4 ? Width8Bits : Width16Bits,
		.DmaSpeed = Compatible,
		.MaximumLength = SZ_64K,
		.DmaRequestLine = channel,
	};

	return description;
}

static void slave_put(void *data)
{
	struct wdmdma_slave *slave = data;

	if (slave->adapter)
		slave->ops->PutDmaAdapter(slave->adapter);
}

/* Get an adapter of the fixture's device. The adapter is put when the test ends. */
struct wdmdma_slave *wdmdma_test_slave_like(struct kunit *test, DEVICE_DESCRIPTION description)
{
	struct wdmdma_slave *slave = kunit_kzalloc(test, sizeof(*slave), GFP_KERNEL);
	struct wdmdma_fixture *fixture = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, slave);
	slave->adapter = IoGetDmaAdapter(fixture->pdo, &description, &slave->registers);
	KUNIT_ASSERT_NOT_NULL(test, slave->adapter);
	slave->ops = slave->adapter->DmaOperations;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, slave_put, slave), 0);
	return slave;
}

struct wdmdma_slave *wdmdma_test_slave(struct kunit *test, ULONG channel)
{
	return wdmdma_test_slave_like(test, wdmdma_test_slave_description(3, channel));
}

/*
 * Allocate the adapter's channel with all map registers. The caller provides
 * the transfer context.
 */
PVOID wdmdma_test_slave_base(struct kunit *test, struct wdmdma_slave *slave, PVOID context)
{
	PVOID base;

	slave->ops->InitializeDmaTransferContext(slave->adapter, context);
	KUNIT_ASSERT_EQ(test,
			slave->ops->AllocateAdapterChannelEx(slave->adapter, NULL, context,
							     slave->registers,
							     DMA_SYNCHRONOUS_CALLBACK, NULL, NULL,
							     &base),
			STATUS_SUCCESS);
	return base;
}

PHYSICAL_ADDRESS wdmdma_test_slave_map(struct wdmdma_slave *s, PMDL mdl, PVOID base, ULONG *length,
				       BOOLEAN write)
{
	return s->ops->MapTransfer(s->adapter, mdl, base, MmGetMdlVirtualAddress(mdl), length,
				   write);
}

BOOLEAN wdmdma_test_slave_flush(struct wdmdma_slave *s, PMDL mdl, PVOID base, ULONG length,
				BOOLEAN write)
{
	return s->ops->FlushAdapterBuffers(s->adapter, mdl, base, MmGetMdlVirtualAddress(mdl),
					   length, write);
}

/* Allocate memory below 16 MiB with the start and the alignment that a case needs. */
u8 *wdmdma_test_isa_memory(struct kunit *test, unsigned int order)
{
	u8 *va = (u8 *)kunit_kmalloc(test, PAGE_SIZE << order, GFP_KERNEL | GFP_DMA);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}
