// SPDX-License-Identifier: GPL-2.0-only
/* See wdf.h. */
#include <linux/module.h>

#include "wdf.h"
#include "wdf/transaction.h"

static void wdf_fixture_delete(void *data)
{
	struct wdf_fixture *fixture = data;

	wdmdma_wdf_device_delete(fixture->device);
	wdmdma_wdf_driver_delete(fixture->driver);
}

/* Make the objects for a device, and delete them when the test ends. */
struct wdf_fixture *wdf_test_on(struct kunit *test, struct device *dev)
{
	struct wdf_fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->dev = dev;
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_driver_create(THIS_MODULE, NULL, &fixture->driver),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, wdf_fixture_delete, fixture), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_wdf_device_create(fixture->driver, dev, NULL,
						       &fixture->device), STATUS_SUCCESS);
	return fixture;
}

/* A kunit_suite.init that leaves a fixture in test->priv. */
int wdf_test_init(struct kunit *test)
{
	test->priv = wdf_test_on(test, wdmdma_test_device(test));
	return 0;
}

WDFDMAENABLER wdf_test_enabler(struct kunit *test, WDF_DMA_PROFILE profile, size_t maximum,
			       ULONG version)
{
	struct wdf_fixture *fixture = test->priv;
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, profile, maximum);
	config.WdmDmaVersionOverride = version;
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerCreate(fixture->device, &config, NULL, &enabler),
			STATUS_SUCCESS);
	return enabler;
}

WDFDMATRANSACTION wdf_test_transaction(struct kunit *test, WDFDMAENABLER enabler)
{
	WDFDMATRANSACTION transaction;

	KUNIT_ASSERT_EQ(test, WdfDmaTransactionCreate(enabler, NULL, &transaction),
			STATUS_SUCCESS);
	return transaction;
}

/* Initialize and execute. */
NTSTATUS wdf_test_start(WDFDMATRANSACTION transaction, WDF_DMA_DIRECTION direction, PMDL mdl,
			size_t offset, size_t length, struct wdf_seen *seen)
{
	NTSTATUS status = WdfDmaTransactionInitializeUsingOffset(transaction, wdf_test_program,
								 direction, mdl, offset, length);

	return NT_SUCCESS(status) ? WdfDmaTransactionExecute(transaction, seen) : status;
}

/* Return the state of a transaction, or 0 if there is none. */
unsigned int wdf_test_state(WDFOBJECT handle)
{
	struct wdf_object *object = wdf_get_any(handle, "wdf_test_state");
	unsigned int state;

	if (!object)
		return 0;
	state = wdf_transaction_of(object)->state;
	wdf_put(object);
	return state;
}

struct wdf_seen *wdf_test_seen(struct kunit *test, enum wdf_act act)
{
	struct wdf_seen *seen = kunit_kzalloc(test, sizeof(*seen), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, seen);
	seen->act = act;
	seen->at_dispatch = true;
	return seen;
}

/* EvtProgramDma of all cases. It returns FALSE, which means nothing. */
BOOLEAN wdf_test_program(WDFDMATRANSACTION transaction, WDFDEVICE device, WDFCONTEXT context,
			 WDF_DMA_DIRECTION direction, PSCATTER_GATHER_LIST list)
{
	struct wdf_seen *seen = context;
	unsigned int n = min(seen->calls, WDF_SEEN_MOST - 1);

	seen->calls++;
	seen->deepest = max(seen->deepest, ++seen->depth);
	seen->at_dispatch &= in_softirq() || irqs_disabled();
	seen->bytes[n] = WdfDmaTransactionGetBytesTransferred(transaction);
	seen->length[n] = WdfDmaTransactionGetCurrentDmaTransferLength(transaction);
	seen->elements[n] = list->NumberOfElements;
	seen->list = list;
	seen->transaction = transaction;
	seen->device = device;
	seen->direction = direction;
	switch (seen->act) {
	case WDF_ACT_COMPLETE:
		seen->done = WdfDmaTransactionDmaCompleted(transaction, &seen->status);
		break;
	case WDF_ACT_FINAL:
		seen->done = WdfDmaTransactionDmaCompletedFinal(transaction, 0, &seen->status);
		break;
	case WDF_ACT_DELETE:
		WdfObjectDelete(transaction);
		break;
	case WDF_ACT_RELEASE:
		WdfDmaTransactionRelease(transaction);
		break;
	case WDF_ACT_NOTHING:
		break;
	}
	seen->depth--;
	return FALSE;
}

/* Complete the transfer. Expect this status of WdfDmaTransactionDmaCompleted. */
void wdf_test_completes(struct kunit *test, WDFDMATRANSACTION transaction, NTSTATUS expected)
{
	NTSTATUS status = 1;

	KUNIT_EXPECT_EQ(test, !!WdfDmaTransactionDmaCompleted(transaction, &status),
			expected != STATUS_MORE_PROCESSING_REQUIRED);
	KUNIT_EXPECT_EQ(test, status, expected);
}
