/* SPDX-License-Identifier: GPL-2.0-only */
/* A KMDF driver's objects on a fake device, and what its callbacks have seen. */
#ifndef WDMDMA_KUNIT_WDF_H
#define WDMDMA_KUNIT_WDF_H

#include <ddk/wdfcommonbuffer.h>
#include <ddk/wdfdevice.h>
#include <ddk/wdfdmaenabler.h>
#include <ddk/wdfdmatransaction.h>
#include <wdmdma/wdf.h>

#include "memory.h"

/**
 * struct wdf_fixture - a driver and a device object
 * @dev: a fake device. Must be the first member, as in struct wdmdma_fixture
 * @driver: driver object of the test module
 * @device: device object, or NULL after the case has deleted it
 */
struct wdf_fixture {
	struct device *dev;
	WDFDRIVER driver;
	WDFDEVICE device;
};

/* What EvtProgramDma does besides noting what it sees. */
enum wdf_act {
	WDF_ACT_NOTHING,
	WDF_ACT_COMPLETE,
	WDF_ACT_FINAL,
	WDF_ACT_DELETE,
	WDF_ACT_RELEASE,
};

#define WDF_SEEN_MOST	64

/**
 * struct wdf_seen - what EvtProgramDma has seen
 * @act: what it does
 * @calls: number of calls
 * @depth: calls that are on the stack, and the most of them
 * @deepest: see @depth
 * @at_dispatch: each call was at DISPATCH_LEVEL
 * @bytes: bytes transferred before each call
 * @length: bytes of each transfer
 * @elements: elements of each list
 * @list: list of the last call
 * @transaction: argument of the last call
 * @device: argument of the last call
 * @direction: argument of the last call
 * @done: result of the completion in the last call
 * @status: its status
 */
struct wdf_seen {
	enum wdf_act act;
	unsigned int calls;
	unsigned int depth;
	unsigned int deepest;
	bool at_dispatch;
	size_t bytes[WDF_SEEN_MOST];
	size_t length[WDF_SEEN_MOST];
	ULONG elements[WDF_SEEN_MOST];
	PSCATTER_GATHER_LIST list;
	WDFDMATRANSACTION transaction;
	WDFDEVICE device;
	WDF_DMA_DIRECTION direction;
	BOOLEAN done;
	NTSTATUS status;
};

int wdf_test_init(struct kunit *test);
struct wdf_fixture *wdf_test_on(struct kunit *test, struct device *dev);
WDFDMAENABLER wdf_test_enabler(struct kunit *test, WDF_DMA_PROFILE profile, size_t maximum,
			       ULONG version);
WDFDMATRANSACTION wdf_test_transaction(struct kunit *test, WDFDMAENABLER enabler);
NTSTATUS wdf_test_start(WDFDMATRANSACTION transaction, WDF_DMA_DIRECTION direction, PMDL mdl,
			size_t offset, size_t length, struct wdf_seen *seen);
unsigned int wdf_test_state(WDFOBJECT transaction);
BOOLEAN wdf_test_program(WDFDMATRANSACTION transaction, WDFDEVICE device, WDFCONTEXT context,
			 WDF_DMA_DIRECTION direction, PSCATTER_GATHER_LIST list);
struct wdf_seen *wdf_test_seen(struct kunit *test, enum wdf_act act);
void wdf_test_completes(struct kunit *test, WDFDMATRANSACTION transaction, NTSTATUS expected);

#endif /* WDMDMA_KUNIT_WDF_H */
