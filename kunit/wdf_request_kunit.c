// SPDX-License-Identifier: GPL-2.0-only
/* Requests, transactions of requests, and Windows source that uses both (corpus/wdf.c). */
#include <linux/sizes.h>
#include <linux/string.h>

#include "corpus/wdf.h"
#include "log.h"
#include "wdf.h"

#define FROM_DEV	WdfDmaDirectionReadFromDevice
#define TO_DEV	WdfDmaDirectionWriteToDevice

/* What the Linux half was told at the completion. */
struct told {
	unsigned int calls;
	NTSTATUS status;
	ULONG_PTR information;
};

static VOID tell(PVOID context, NTSTATUS status, ULONG_PTR information)
{
	struct told *told = context;

	told->calls++;
	told->status = status;
	told->information = information;
}

static WDFREQUEST make_request(struct kunit *test, WDF_REQUEST_TYPE type, ULONG ioctl, PMDL mdl,
			       void *buffer, size_t in, size_t out, struct told *told)
{
	struct wdmdma_wdf_request_config config = {
		.type = type,
		.ioctl = ioctl,
		.input_length = in,
		.output_length = out,
		.mdl = mdl,
		.buffer = buffer,
		.complete = tell,
		.context = told,
	};
	struct wdf_fixture *f = test->priv;
	WDFREQUEST request;

	KUNIT_ASSERT_EQ(test, wdmdma_wdf_request_create(f->device, &config, NULL, &request),
			STATUS_SUCCESS);
	return request;
}

static void completion_is_told_once(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct wdmdma_wdf_request_config config = { .type = 0 };
	struct told told = {};
	WDFREQUEST request;

	request = make_request(test, WdfRequestTypeRead, 0, NULL, NULL, 0, 0, &told);
	WdfRequestSetInformation(request, 5);
	KUNIT_EXPECT_EQ(test, WdfRequestGetInformation(request), 5UL);
	WdfRequestComplete(request, STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, told.calls, 1U);
	KUNIT_EXPECT_EQ(test, told.status, STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, told.information, 5UL);
	WdfRequestComplete(request, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.calls, 1U);
	request = make_request(test, WdfRequestTypeRead, 0, NULL, NULL, 0, 0, &told);
	WdfObjectReference(request);
	WdfRequestCompleteWithInformation(request, STATUS_SUCCESS, 7);
	WdfRequestCompleteWithInformation(request, STATUS_SUCCESS, 8);
	KUNIT_EXPECT_EQ(test, told.calls, 2U);
	KUNIT_EXPECT_EQ(test, told.information, 7UL);
	WdfObjectDereference(request);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_request_create(f->device, &config, NULL, &request),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_request_create(NULL, &config, NULL, &request),
			STATUS_INVALID_HANDLE);
}

/* Which memory a request has, and what a transaction of either direction gets. */
static const struct memory_row {
	const char *name;
	WDF_REQUEST_TYPE type;
	ULONG ioctl;
	bool direct;
	NTSTATUS input, output, read, write;
} memory_rows[] = {
	{ "direct read", WdfRequestTypeRead, 0, true, STATUS_INVALID_DEVICE_REQUEST, 0, 0,
	  STATUS_INVALID_DEVICE_REQUEST },
	{ "buffered read", WdfRequestTypeRead, 0, false, STATUS_INVALID_DEVICE_REQUEST, 0, 0,
	  STATUS_INVALID_DEVICE_REQUEST },
	{ "direct write", WdfRequestTypeWrite, 0, true, 0, STATUS_INVALID_DEVICE_REQUEST,
	  STATUS_INVALID_DEVICE_REQUEST, 0 },
	{ "buffered write", WdfRequestTypeWrite, 0, false, 0, STATUS_INVALID_DEVICE_REQUEST,
	  STATUS_INVALID_DEVICE_REQUEST, 0 },
	{ "METHOD_BUFFERED", WdfRequestTypeDeviceControl, 0x220000, false, 0, 0, 0, 0 },
	{ "METHOD_IN_DIRECT", WdfRequestTypeDeviceControl, 0x220001, true, 0, 0,
	  STATUS_INVALID_DEVICE_REQUEST, 0 },
	{ "METHOD_OUT_DIRECT", WdfRequestTypeDeviceControlInternal, 0x220002, true, 0, 0, 0,
	  STATUS_INVALID_DEVICE_REQUEST },
	{ "METHOD_NEITHER", WdfRequestTypeDeviceControl, 0x220003, false,
	  STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_REQUEST,
	  STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_REQUEST },
};

KUNIT_ARRAY_PARAM_DESC(memory, memory_rows, name);

static void request_says_which_memory(struct kunit *test)
{
	const struct memory_row *row = test->param_value;
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 2000), input, output, again;
	void *buffer = kunit_kzalloc(test, 3000, GFP_KERNEL);
	struct told told = {};
	WDFREQUEST request;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	request = make_request(test, row->type, row->ioctl, row->direct ? mdl : NULL, buffer, 1000,
			       2000, &told);
	KUNIT_EXPECT_EQ(test, WdfRequestRetrieveInputWdmMdl(request, &input), row->input);
	KUNIT_EXPECT_EQ(test, !input, !!row->input);
	KUNIT_EXPECT_EQ(test, WdfRequestRetrieveOutputWdmMdl(request, &output), row->output);
	KUNIT_EXPECT_EQ(test, !output, !!row->output);
	if (input) {
		WdfRequestRetrieveInputWdmMdl(request, &again);
		KUNIT_EXPECT_PTR_EQ(test, input, again);
		/* The buffer of a direct device control has the input alone. */
		if (row->direct && row->ioctl)
			KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(input), 1000U);
	}
	if (output && row->direct)
		KUNIT_EXPECT_PTR_EQ(test, output, mdl);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request, wdf_test_program,
								      FROM_DEV), row->read);
	WdfDmaTransactionRelease(t);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request, wdf_test_program,
								      TO_DEV), row->write);
	WdfDmaTransactionRelease(t);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request, wdf_test_program,
								      2),
			STATUS_INVALID_PARAMETER);
	WdfRequestComplete(request, STATUS_SUCCESS);
	/* Without bytes there is nothing to move. */
	request = make_request(test, row->type, row->ioctl, row->direct ? mdl : NULL, buffer, 0, 0,
			       &told);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request, wdf_test_program,
								      FROM_DEV),
			STATUS_INVALID_DEVICE_REQUEST);
	WdfRequestComplete(request, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.calls, 2U);
}

static void request_is_known_until_the_release(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	struct told told = {};
	WDFREQUEST request;
	NTSTATUS status;

	request = make_request(test, WdfRequestTypeRead, 0, mdl, NULL, 0, SZ_8K, &told);
	KUNIT_EXPECT_NULL(test, WdfDmaTransactionGetRequest(t));
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request, wdf_test_program,
								      FROM_DEV), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, WdfDmaTransactionGetRequest(t), request);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionExecute(t, seen), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, WdfDmaTransactionGetRequest(t), request);
	KUNIT_EXPECT_EQ(test, seen->length[0], (size_t)SZ_8K);
	/* The device may still write into its memory. */
	WdfRequestComplete(request, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.calls, 0U);
	KUNIT_EXPECT_TRUE(test, WdfDmaTransactionDmaCompleted(t, &status));
	KUNIT_EXPECT_PTR_EQ(test, WdfDmaTransactionGetRequest(t), request);
	WdfRequestComplete(request, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.calls, 1U);
	KUNIT_EXPECT_PTR_EQ(test, WdfDmaTransactionGetRequest(t), request);
	WdfDmaTransactionRelease(t);
	KUNIT_EXPECT_NULL(test, WdfDmaTransactionGetRequest(t));
	KUNIT_EXPECT_EQ(test, WdfRequestGetInformation(request), 0UL);
}

/* A request that goes between Initialize and Execute leaves no stale pointer. */
static void request_may_go_before_execute(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	struct told told = {};
	WDFREQUEST request;

	request = make_request(test, WdfRequestTypeWrite, 0, mdl, NULL, SZ_8K, 0, &told);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request, wdf_test_program,
								      TO_DEV), STATUS_SUCCESS);
	WdfRequestComplete(request, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.calls, 1U);
	KUNIT_EXPECT_PTR_EQ(test, WdfDmaTransactionGetRequest(t), request);
	/* Its memory may be gone. */
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionExecute(t, seen), STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_EQ(test, seen->calls, 0U);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 3U);
	WdfObjectDelete(t);
}

/* Somebody waits for each request, also if the device goes. */
static void request_of_a_deleted_device_is_cancelled(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdf_seen *seen = wdf_test_seen(test, WDF_ACT_NOTHING);
	struct told told = {}, early = {}, done = {};
	WDFREQUEST request, first;
	WDFDMAENABLER enabler;
	WDFDMATRANSACTION t;

	/* This one is disposed of before the enabler with its transfer. */
	first = make_request(test, WdfRequestTypeWrite, 0, mdl, NULL, SZ_8K, 0, &early);
	enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	t = wdf_test_transaction(test, enabler);
	request = make_request(test, WdfRequestTypeRead, 0, mdl, NULL, 0, SZ_8K, &told);
	WdfRequestSetInformation(request, 5);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, first, wdf_test_program,
								      TO_DEV), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionExecute(t, seen), STATUS_SUCCESS);
	WdfRequestComplete(make_request(test, WdfRequestTypeRead, 0, mdl, NULL, 0, SZ_8K, &done),
			   STATUS_SUCCESS);
	wdmdma_wdf_device_delete(f->device);
	f->device = NULL;
	KUNIT_EXPECT_EQ(test, told.calls, 1U);
	KUNIT_EXPECT_EQ(test, told.status, STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, told.information, 0UL);
	KUNIT_EXPECT_EQ(test, early.calls, 1U);
	KUNIT_EXPECT_EQ(test, early.status, STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, done.calls, 1U);
	KUNIT_EXPECT_EQ(test, done.status, STATUS_SUCCESS);
	/* The handle is gone. */
	WdfRequestComplete(request, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, told.calls, 1U);
}

/* The memory of a completed request may be gone, whoever has a reference. */
static void completed_request_has_no_memory(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K), got = mdl;
	struct kmsg_dump_iter log;
	struct told told = {};
	WDFREQUEST request;

	request = make_request(test, WdfRequestTypeWrite, 0, mdl, NULL, SZ_8K, 0, &told);
	WdfObjectReference(request);
	WdfRequestComplete(request, STATUS_SUCCESS);
	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_EQ(test, WdfRequestRetrieveInputWdmMdl(request, &got), STATUS_INTERNAL_ERROR);
	KUNIT_EXPECT_NULL(test, got);
	KUNIT_EXPECT_EQ(test, WdfRequestRetrieveOutputWdmMdl(request, &got),
			STATUS_INTERNAL_ERROR);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingRequest(t, request, wdf_test_program,
								      TO_DEV),
			STATUS_INTERNAL_ERROR);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "the request is completed", ""), 3U);
	KUNIT_EXPECT_EQ(test, wdf_test_state(t), 1U);
	WdfObjectDereference(request);
}

/* Requests that lack what their type needs. */
static const struct lack_row {
	const char *name;
	struct wdmdma_wdf_request_config config;
	bool no_complete;
	NTSTATUS status;
} lack_rows[] = {
	{ "no function", { .type = WdfRequestTypeRead }, true, STATUS_INVALID_PARAMETER },
	{ "read", { .type = WdfRequestTypeRead, .output_length = 8 }, false,
	  STATUS_INVALID_PARAMETER },
	{ "write", { .type = WdfRequestTypeWrite, .input_length = 8 }, false,
	  STATUS_INVALID_PARAMETER },
	{ "METHOD_BUFFERED", { .type = WdfRequestTypeDeviceControl, .output_length = 8 }, false,
	  STATUS_INVALID_PARAMETER },
	{ "METHOD_IN_DIRECT", { .type = WdfRequestTypeDeviceControl, .ioctl = 1,
	  .output_length = 8 }, false, STATUS_INVALID_PARAMETER },
	{ "input of METHOD_OUT_DIRECT", { .type = WdfRequestTypeDeviceControl, .ioctl = 2,
	  .input_length = 8 }, false, STATUS_INVALID_PARAMETER },
	{ "METHOD_NEITHER", { .type = WdfRequestTypeDeviceControl, .ioctl = 3,
	  .input_length = 8 }, false, STATUS_SUCCESS },
	{ "no bytes", { .type = WdfRequestTypeWrite }, false, STATUS_SUCCESS },
	{ "wild mdl", { .type = WdfRequestTypeWrite, .mdl = (PMDL)0x1234, .input_length = 8 },
	  false, STATUS_INVALID_PARAMETER },
	{ "another type", { .type = 77 }, false, STATUS_INVALID_PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(lack, lack_rows, name);

static void request_without_its_memory_is_refused(struct kunit *test)
{
	const struct lack_row *row = test->param_value;
	struct wdmdma_wdf_request_config config = row->config;
	struct wdf_fixture *f = test->priv;
	struct kmsg_dump_iter log;
	struct told told = {};
	WDFREQUEST request;

	config.context = &told;
	if (!row->no_complete)
		config.complete = tell;
	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_request_create(f->device, &config, NULL, &request),
			row->status);
	KUNIT_EXPECT_EQ(test, !request, !NT_SUCCESS(row->status));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_wdf_request_create", ""),
			NT_SUCCESS(row->status) ? 0U : 1U);
	if (request)
		WdfRequestComplete(request, STATUS_SUCCESS);
}

/* A driver's source that reuses a transaction, with a device that stops in between. */
static void windows_source_reuses_a_transaction(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 6);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 20000);
	CORPUS_DEVICE hardware = {};
	struct told told = {};
	WDFDMAENABLER enabler;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, CorpusStart(f->device, &hardware, &enabler), STATUS_SUCCESS);
	for (n = 0; n < 3; n++) {
		WDFREQUEST request = make_request(test, WdfRequestTypeRead, 0, mdl, NULL, 0, 20000,
						  &told);

		hardware.Programmed = 0;
		KUNIT_ASSERT_EQ(test, CorpusRead(&hardware, request), STATUS_SUCCESS);
		CorpusDpc(&hardware, 192);
		KUNIT_EXPECT_EQ(test, hardware.LastOffset, 8000U);
		CorpusDpc(&hardware, 0);
		KUNIT_EXPECT_EQ(test, hardware.LastOffset, 16192U);
		KUNIT_EXPECT_EQ(test, hardware.Length, 3808U);
		KUNIT_EXPECT_EQ(test, told.calls, n);
		CorpusDpc(&hardware, 0);
		KUNIT_EXPECT_EQ(test, told.calls, n + 1);
		KUNIT_EXPECT_EQ(test, told.information, 20000UL);
		KUNIT_EXPECT_EQ(test, told.status, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, hardware.Programmed, 3U);
	}
}

static void windows_source_makes_a_transaction_per_request(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3000);
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64Duplex,
						 SZ_256M - 1, 0);
	CORPUS_DEVICE hardware = {};
	struct told told = {};
	unsigned int n;

	for (n = 0; n < 100; n++) {
		WDFREQUEST request = make_request(test, WdfRequestTypeWrite, 0, mdl, NULL, 3000, 0,
						  &told);

		KUNIT_ASSERT_EQ(test, CorpusSendOnce(enabler, &hardware, request),
				STATUS_SUCCESS);
		KUNIT_EXPECT_PTR_EQ(test, hardware.Request, request);
		CorpusSentOnce(hardware.Transaction, 3000);
		KUNIT_EXPECT_EQ(test, told.calls, n + 1);
	}
	KUNIT_EXPECT_EQ(test, told.information, 3000UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(WdfDmaEnablerWdmGetDmaAdapter(enabler, TO_DEV)),
			0U);
}

static struct kunit_case wdf_request_cases[] = {
	KUNIT_CASE(completion_is_told_once),
	KUNIT_CASE_PARAM(request_says_which_memory, memory_gen_params),
	KUNIT_CASE(request_is_known_until_the_release),
	KUNIT_CASE(request_may_go_before_execute),
	KUNIT_CASE(request_of_a_deleted_device_is_cancelled),
	KUNIT_CASE(completed_request_has_no_memory),
	KUNIT_CASE_PARAM(request_without_its_memory_is_refused, lack_gen_params),
	KUNIT_CASE(windows_source_reuses_a_transaction),
	KUNIT_CASE(windows_source_makes_a_transaction_per_request),
	{}
};

static struct kunit_suite wdf_request_suite = {
	.name = "wdmdma_wdf_request",
	.init = wdf_test_init,
	.test_cases = wdf_request_cases,
};

kunit_test_suite(wdf_request_suite);
