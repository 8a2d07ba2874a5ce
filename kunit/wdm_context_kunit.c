// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfer contexts (wdm/wdm_transfer_context.c). The cancel of a waiting request is in the
 * suite of that request.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "memory.h"

/* Get a list with the context and put it. Return the status of the get. */
static NTSTATUS get(struct kunit *test, PVOID context)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	PSCATTER_GATHER_LIST list;
	NTSTATUS status;

	status = f->ops->GetScatterGatherListEx(f->adapter, f->pdo, context, mdl, 0, SZ_4K,
						DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, TRUE, NULL,
						NULL, &list);
	if (NT_SUCCESS(status))
		f->ops->PutScatterGatherList(f->adapter, list, TRUE);
	return status;
}

static void context_must_be_initialized(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER other = wdmdma_test_adapter(test, 64, SZ_64K, TRUE);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];

	memset(context, 0xff, sizeof(context));
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, get(test, NULL), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_FALSE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	KUNIT_EXPECT_FALSE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, NULL));
	KUNIT_EXPECT_EQ(test, f->ops->CancelMappedTransfer(f->adapter, context),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->CancelMappedTransfer(f->adapter, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext((PDMA_ADAPTER)f, context),
			STATUS_INVALID_PARAMETER);

	KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(other, context),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, context),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
}

/*
 * A call must not touch memory past DMA_TRANSFER_CONTEXT_SIZE_V1 bytes. A context needs
 * no call that ends it.
 */
static void context_is_its_block_and_nothing_else(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *context = kunit_kzalloc(test, DMA_TRANSFER_CONTEXT_SIZE_V1 + 8, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, context);
	memset(context, 0x5a, DMA_TRANSFER_CONTEXT_SIZE_V1 + 8);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, context),
				STATUS_SUCCESS);
		/* Use the context again without a new initialization. */
		KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(context + DMA_TRANSFER_CONTEXT_SIZE_V1, 0x5a, 8));
}

/* The block belongs to the driver, so a context may be at any address and may have any contents. */
static void context_may_lie_anywhere_and_be_anything(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 memory[DMA_TRANSFER_CONTEXT_SIZE_V1 + 8], copy[DMA_TRANSFER_CONTEXT_SIZE_V1];
	unsigned int i, at;

	for (i = 0; i < 8; i++) {
		u8 *context = memory + i;

		KUNIT_EXPECT_EQ(test, f->ops->InitializeDmaTransferContext(f->adapter, context),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, f->ops->CancelMappedTransfer(f->adapter, context),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, get(test, context), STATUS_CANCELLED);
		f->ops->InitializeDmaTransferContext(f->adapter, context);
		KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
		/* The driver may move the context while no request waits under it. */
		memcpy(copy, context, sizeof(copy));
		KUNIT_EXPECT_EQ(test, get(test, copy), STATUS_CANCELLED);
	}
	/*
	 * If one of the bytes that are checked differs, the block must be refused as no
	 * context or for a bad state.
	 */
	for (at = 0; at < 16; at++) {
		f->ops->InitializeDmaTransferContext(f->adapter, copy);
		copy[at] ^= 0x80;
		KUNIT_EXPECT_EQ(test, get(test, copy), STATUS_INVALID_PARAMETER);
		KUNIT_EXPECT_EQ(test, f->ops->CancelMappedTransfer(f->adapter, copy),
				STATUS_INVALID_PARAMETER);
	}
}

static void early_cancel_cancels_what_comes(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_CANCELLED);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
}

/* A request that fails is none, so a cancel after it comes early, and cancels the next try. */
static void failed_request_does_not_use_the_context(struct kunit *test)
{
	u8 first[DMA_TRANSFER_CONTEXT_SIZE_V1], context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_fixture *f = test->priv;
	const ULONG sync = DMA_SYNCHRONOUS_CALLBACK;
	NTSTATUS status;
	PVOID base, none;

	f->ops->InitializeDmaTransferContext(f->adapter, first);
	f->ops->InitializeDmaTransferContext(f->adapter, context);
	status = f->ops->AllocateAdapterChannelEx(f->adapter, NULL, first, 1, sync, NULL, NULL,
						  &base);
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	/* The channel is in use. */
	status = f->ops->AllocateAdapterChannelEx(f->adapter, NULL, context, 1, sync, NULL, NULL,
						  &none);
	KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, NULL, context));
	f->ops->FreeAdapterObject(f->adapter, DeallocateObject);
	status = f->ops->AllocateAdapterChannelEx(f->adapter, NULL, context, 1, sync, NULL, NULL,
						  &none);
	KUNIT_EXPECT_EQ(test, status, STATUS_CANCELLED);

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	wdmdma_test_short(test, f->adapter);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_TRUE(test, f->ops->CancelAdapterChannel(f->adapter, NULL, context));
	wdmdma_test_plenty();
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_CANCELLED);
}

static void cancel_after_completion_is_too_late(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
	KUNIT_EXPECT_FALSE(test, f->ops->CancelAdapterChannel(f->adapter, f->pdo, context));
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
}

static void cancelled_context_does_no_further_transfer(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, f->ops->CancelMappedTransfer(f->adapter, context), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, get(test, context), STATUS_CANCELLED);
}

static struct kunit_case wdm_context_cases[] = {
	KUNIT_CASE(context_must_be_initialized),
	KUNIT_CASE(context_is_its_block_and_nothing_else),
	KUNIT_CASE(context_may_lie_anywhere_and_be_anything),
	KUNIT_CASE(early_cancel_cancels_what_comes),
	KUNIT_CASE(failed_request_does_not_use_the_context),
	KUNIT_CASE(cancel_after_completion_is_too_late),
	KUNIT_CASE(cancelled_context_does_no_further_transfer),
	{}
};

static struct kunit_suite wdm_context_suite = {
	.name = "wdmdma_wdm_context",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_context_cases,
};

kunit_test_suite(wdm_context_suite);
