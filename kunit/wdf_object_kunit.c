// SPDX-License-Identifier: GPL-2.0-only
/* Objects: attributes, contexts, references, and the order of a deletion (wdf/object.c). */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/string.h>

#include <ddk/wdfmemory.h>
#include <ddk/wdfsync.h>

#include "corpus/wdf.h"
#include "wdf.h"

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(CORPUS_CONTEXT, get_corpus_context)

struct plain {
	u32 word;
};

typedef struct plain PLAIN;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(PLAIN, get_plain)

struct unused {
	u32 word;
};

typedef struct unused UNUSED;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(UNUSED, get_unused)

/* The callbacks append a letter for each object, which is in its context. */
struct letter {
	char cleanup, destroy;
	char *end;
	char **log;
};

typedef struct letter LETTER;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(LETTER, get_letter)

static char log_text[64];
static unsigned int log_at;

static void log_letter(char letter)
{
	if (log_at < sizeof(log_text) - 1)
		log_text[log_at++] = letter;
}

static VOID log_cleanup(WDFOBJECT object)
{
	struct letter *letter = get_letter(object);

	log_letter(letter ? letter->cleanup : '?');
}

static VOID log_destroy(WDFOBJECT object)
{
	struct letter *letter = get_letter(object);

	log_letter(letter ? letter->destroy : '?');
	if (WdfObjectContextGetObject(letter) != object)
		log_letter('!');
}

static void log_begin(void)
{
	memset(log_text, 0, sizeof(log_text));
	log_at = 0;
}

/* Make a memory object whose callbacks log @letter, in capitals for the destruction. */
static WDFMEMORY logged(struct kunit *test, WDFOBJECT parent, char letter)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFMEMORY memory;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, LETTER);
	attributes.EvtCleanupCallback = log_cleanup;
	attributes.EvtDestroyCallback = log_destroy;
	attributes.ParentObject = parent;
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(&attributes, 0, 0, 8, &memory, NULL),
			STATUS_SUCCESS);
	get_letter(memory)->cleanup = letter;
	get_letter(memory)->destroy = letter - 'a' + 'A';
	return memory;
}

static void context_is_zeroed_and_known_in_every_file(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFDMATRANSACTION transaction;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, CORPUS_CONTEXT);
	KUNIT_ASSERT_EQ(test, WdfDmaTransactionCreate(enabler, &attributes, &transaction),
			STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, get_corpus_context(transaction));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(get_corpus_context(transaction),
						    sizeof(CORPUS_CONTEXT)));
	KUNIT_EXPECT_PTR_EQ(test, CorpusContextOf(transaction), get_corpus_context(transaction));
	KUNIT_EXPECT_NULL(test, get_unused(transaction));
	KUNIT_EXPECT_NULL(test, get_unused(enabler));
}

static void context_size_can_be_more_than_the_type(struct kunit *test)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFMEMORY memory;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, PLAIN);
	attributes.ContextSizeOverride = sizeof(PLAIN) - 1;
	KUNIT_EXPECT_EQ(test, WdfMemoryCreate(&attributes, 0, 0, 8, &memory, NULL),
			STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
	attributes.ContextSizeOverride = 5000;
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(&attributes, 0, 0, 8, &memory, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(get_plain(memory), 5000));
	memset(get_plain(memory), 0xa5, 5000);
	WdfObjectDelete(memory);
}

static void second_context_of_a_type_is_the_first(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_OBJECT_ATTRIBUTES attributes;
	PVOID first, second;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, PLAIN);
	KUNIT_ASSERT_EQ(test, WdfObjectAllocateContext(f->device, &attributes, &first),
			STATUS_SUCCESS);
	((struct plain *)first)->word = 17;
	KUNIT_EXPECT_EQ(test, WdfObjectAllocateContext(f->device, &attributes, &second),
			STATUS_OBJECT_NAME_EXISTS);
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	KUNIT_EXPECT_EQ(test, get_plain(f->device)->word, 17U);
	KUNIT_EXPECT_EQ(test, WdfObjectAllocateContext(f->device, NULL, NULL),
			STATUS_WDF_PARENT_NOT_SPECIFIED);
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	KUNIT_EXPECT_EQ(test, WdfObjectAllocateContext(f->device, &attributes, NULL),
			STATUS_OBJECT_NAME_INVALID);
	attributes.ParentObject = f->driver;
	KUNIT_EXPECT_EQ(test, WdfObjectAllocateContext(f->device, &attributes, NULL),
			STATUS_WDF_PARENT_ASSIGNMENT_NOT_ALLOWED);
}

static void object_of_a_context_is_found(struct kunit *test)
{
	WDFMEMORY memory = logged(test, NULL, 'a');
	WDF_OBJECT_ATTRIBUTES attributes;
	PVOID added;
	int other;

	log_begin();
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, PLAIN);
	KUNIT_ASSERT_EQ(test, WdfObjectAllocateContext(memory, &attributes, &added),
			STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, WdfObjectContextGetObject(get_letter(memory)),
			    (WDFOBJECT)memory);
	KUNIT_EXPECT_PTR_EQ(test, WdfObjectContextGetObject(added), (WDFOBJECT)memory);
	KUNIT_EXPECT_NULL(test, WdfObjectContextGetObject(&other));
	KUNIT_EXPECT_NULL(test, WdfObjectContextGetObject(NULL));
	WdfObjectDelete(memory);
	KUNIT_EXPECT_NULL(test, WdfObjectContextGetObject(added));
	KUNIT_EXPECT_STREQ(test, log_text, "aA");
}

/* All are cleaned up before one is destroyed, and children before their parent. */
static void deletion_has_two_passes(struct kunit *test)
{
	WDFMEMORY a = logged(test, NULL, 'a'), b = logged(test, a, 'b');

	logged(test, b, 'c');
	logged(test, a, 'd');
	logged(test, b, 'e');
	log_begin();
	WdfObjectDelete(a);
	KUNIT_EXPECT_STREQ(test, log_text, "cebdaCEBDA");
}

static void reference_delays_the_destruction(struct kunit *test)
{
	WDFMEMORY a = logged(test, NULL, 'a'), b = logged(test, a, 'b');

	WdfObjectReference(b);
	WdfObjectReferenceWithTag(b, (PVOID)7);
	log_begin();
	WdfObjectDelete(a);
	KUNIT_EXPECT_STREQ(test, log_text, "baA");
	KUNIT_EXPECT_NOT_NULL(test, get_letter(b));
	/* A second deletion does nothing. */
	WdfObjectDelete(b);
	WdfObjectDereference(b);
	KUNIT_EXPECT_STREQ(test, log_text, "baA");
	WdfObjectDereferenceWithTag(b, (PVOID)7);
	KUNIT_EXPECT_STREQ(test, log_text, "baAB");
	KUNIT_EXPECT_NULL(test, get_letter(b));
	/* The handle is no more, and the call is reported. */
	WdfObjectDereference(b);
}

static void dereference_without_reference_is_refused(struct kunit *test)
{
	WDFMEMORY a = logged(test, NULL, 'a');

	log_begin();
	WdfObjectDereference(a);
	WdfObjectDereference(a);
	KUNIT_EXPECT_STREQ(test, log_text, "");
	KUNIT_EXPECT_NOT_NULL(test, get_letter(a));
	WdfObjectDelete(a);
	KUNIT_EXPECT_STREQ(test, log_text, "aA");
}

static void failed_create_calls_no_callback(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFCOMMONBUFFER buffer;

	log_begin();
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, LETTER);
	attributes.EvtCleanupCallback = log_cleanup;
	attributes.EvtDestroyCallback = log_destroy;
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreate(enabler, 1ULL << 33, &attributes, &buffer),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, buffer);
	KUNIT_EXPECT_STREQ(test, log_text, "");
}

static NTSTATUS late_status, late_context;

static VOID create_late(WDFOBJECT object)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFMEMORY memory;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.ParentObject = object;
	late_status = WdfMemoryCreate(&attributes, 0, 0, 8, &memory, NULL);
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, PLAIN);
	late_context = WdfObjectAllocateContext(object, &attributes, NULL);
}

static void nothing_is_made_below_a_deleted_parent(struct kunit *test)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFMEMORY memory;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtCleanupCallback = create_late;
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(&attributes, 0, 0, 8, &memory, NULL),
			STATUS_SUCCESS);
	late_status = 0;
	late_context = 0;
	WdfObjectDelete(memory);
	KUNIT_EXPECT_EQ(test, late_status, STATUS_DELETE_PENDING);
	KUNIT_EXPECT_EQ(test, late_context, STATUS_DELETE_PENDING);
}

static void parents_are_what_the_type_allows(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	struct wdf_fixture *f = test->priv;
	WDFMEMORY below, beside = logged(test, NULL, 'a');
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFDMATRANSACTION transaction;
	WDF_DMA_ENABLER_CONFIG config;
	WDFCOMMONBUFFER buffer;

	below = logged(test, f->device, 'b');
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.ParentObject = f->device;
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionCreate(enabler, &attributes, &transaction),
			STATUS_WDF_PARENT_ASSIGNMENT_NOT_ALLOWED);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreate(enabler, 8, &attributes, &buffer),
			STATUS_WDF_PARENT_ASSIGNMENT_NOT_ALLOWED);
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfilePacket, SZ_4K);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, &attributes, &enabler),
			STATUS_SUCCESS);
	attributes.ParentObject = below;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, &attributes, &enabler),
			STATUS_SUCCESS);
	WdfObjectDelete(below);
	KUNIT_EXPECT_NULL(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
	attributes.ParentObject = beside;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, &attributes, &enabler),
			STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
	attributes.ParentObject = f->driver;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, &attributes, &enabler),
			STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
	WdfObjectDelete(beside);
}

/* Pointers that are no handle of the type. None may be dereferenced. */
static void wrong_handles_are_refused(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION gone = wdf_test_transaction(test, enabler);
	void *handles[] = { NULL, (void *)5, (void *)0x10, &enabler, (void *)-16UL, f->device,
			    enabler, gone };
	NTSTATUS status;
	unsigned int i;

	WdfObjectDelete(gone);
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		WDFDMATRANSACTION t = handles[i];

		KUNIT_EXPECT_EQ(test, WdfDmaTransactionExecute(t, NULL), STATUS_INVALID_HANDLE);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionRelease(t), STATUS_INVALID_HANDLE);
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(t, wdf_test_program, 0, NULL,
								  NULL, 1), STATUS_INVALID_HANDLE);
		KUNIT_EXPECT_FALSE(test, WdfDmaTransactionDmaCompleted(t, &status));
		KUNIT_EXPECT_EQ(test, status, STATUS_INVALID_HANDLE);
		KUNIT_EXPECT_FALSE(test, WdfDmaTransactionCancel(t));
		KUNIT_EXPECT_EQ(test, WdfDmaTransactionGetBytesTransferred(t), 0UL);
		KUNIT_EXPECT_NULL(test, WdfDmaTransactionGetRequest(t));
		KUNIT_EXPECT_NULL(test, WdfDmaTransactionGetDevice(t));
		KUNIT_EXPECT_NULL(test, WdfDmaTransactionWdmGetTransferContext(t));
		KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumLength((void *)t),
				handles[i] == enabler ? SZ_64K : 0UL);
		KUNIT_EXPECT_NULL(test,
				  WdfCommonBufferGetAlignedVirtualAddress((void *)handles[i]));
		WdfDmaTransactionSetMaximumLength(t, 1);
		WdfDmaTransactionSetSingleTransferRequirement(t, TRUE);
		WdfDmaTransactionFreeResources(t);
		WdfDmaTransactionStopSystemTransfer(t);
	}
	WdfObjectDelete(NULL);
	WdfObjectDelete(gone);
	WdfObjectReference(gone);
	/* The framework owns the device. */
	WdfObjectDelete(f->device);
	KUNIT_EXPECT_NOT_NULL(test, WdfDeviceWdmGetDeviceObject(f->device));
}

static void required_pointers_are_checked(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION transaction = wdf_test_transaction(test, enabler);

	KUNIT_EXPECT_EQ(test, WdfDmaTransactionCreate(enabler, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreate(enabler, 8, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, NULL, NULL, &enabler),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitialize(transaction, NULL, 0, NULL, NULL, 1),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_FALSE(test, WdfDmaTransactionDmaCompleted(transaction, NULL));
	KUNIT_EXPECT_EQ(test, WdfSpinLockCreate(NULL, NULL), STATUS_INVALID_PARAMETER);
}

struct race {
	WDFMEMORY object;
	struct completion go;
};

static int delete_racing(void *data)
{
	struct race *race = data;

	wait_for_completion(&race->go);
	WdfObjectDelete(race->object);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/*
 * Two threads delete a child and its parent. Each callback is called once, and in order. The call
 * for the child may have a reference, which delays the destruction of the child.
 */
static void deletions_may_race(struct kunit *test)
{
	struct race race = { .go = COMPLETION_INITIALIZER_ONSTACK(race.go) };
	struct task_struct *task;
	WDFMEMORY parent;
	int n;

	for (n = 0; n < 50; n++) {
		parent = logged(test, NULL, 'a');
		race.object = logged(test, parent, 'b');
		log_begin();
		reinit_completion(&race.go);
		task = kthread_run(delete_racing, &race, "wdf_race");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		complete(&race.go);
		WdfObjectDelete(parent);
		kthread_stop(task);
		KUNIT_EXPECT_EQ(test, log_at, 4U);
		KUNIT_EXPECT_TRUE(test, strchr(log_text, 'b') < strchr(log_text, 'a'));
		KUNIT_EXPECT_TRUE(test, strchr(log_text, 'b') < strchr(log_text, 'B'));
		KUNIT_EXPECT_TRUE(test, strchr(log_text, 'a') < strchr(log_text, 'A'));
	}
}

static VOID delete_itself(WDFOBJECT object)
{
	WdfObjectDelete(object);
}

static void callback_may_delete_its_object(struct kunit *test)
{
	WDFMEMORY a = logged(test, NULL, 'a');
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFMEMORY b;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.ParentObject = a;
	attributes.EvtCleanupCallback = delete_itself;
	attributes.EvtDestroyCallback = delete_itself;
	KUNIT_ASSERT_EQ(test, WdfMemoryCreate(&attributes, 0, 0, 8, &b, NULL), STATUS_SUCCESS);
	log_begin();
	WdfObjectDelete(a);
	KUNIT_EXPECT_STREQ(test, log_text, "aA");
}

/* A chain of parents is deleted without recursion. */
static void deep_trees_are_deleted(struct kunit *test)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFMEMORY top = logged(test, NULL, 'a'), memory = top;
	int n;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	for (n = 0; n < 3000; n++) {
		attributes.ParentObject = memory;
		KUNIT_ASSERT_EQ(test, WdfMemoryCreate(&attributes, 0, 0, 8, &memory, NULL),
				STATUS_SUCCESS);
	}
	log_begin();
	WdfObjectDelete(top);
	KUNIT_EXPECT_STREQ(test, log_text, "aA");
	KUNIT_EXPECT_NULL(test, WdfMemoryGetBuffer(memory, NULL));
}

static void driver_object_is_the_usual_parent(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDFSPINLOCK lock;

	KUNIT_EXPECT_PTR_EQ(test, WdfGetDriver(), f->driver);
	KUNIT_EXPECT_PTR_EQ(test, WdfDeviceGetDriver(f->device), f->driver);
	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(NULL, &lock), STATUS_SUCCESS);
	logged(test, NULL, 'a');
	log_begin();
	wdmdma_wdf_device_delete(f->device);
	f->device = NULL;
	KUNIT_EXPECT_STREQ(test, log_text, "");
	wdmdma_wdf_driver_delete(f->driver);
	f->driver = NULL;
	KUNIT_EXPECT_STREQ(test, log_text, "aA");
	KUNIT_EXPECT_NULL(test, WdfGetDriver());
	KUNIT_EXPECT_EQ(test, WdfSpinLockCreate(NULL, &lock), STATUS_WDF_PARENT_NOT_SPECIFIED);
}

static void create_some(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFMEMORY memory = (void *)1;
	NTSTATUS status;
	PVOID context;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, LETTER);
	attributes.ParentObject = f->device;
	status = WdfMemoryCreate(&attributes, 0, 0, 8, &memory, NULL);
	if (status) {
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_NULL(test, memory);
		return;
	}
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, PLAIN);
	status = WdfObjectAllocateContext(memory, &attributes, &context);
	if (status)
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, !status, !!context);
	WdfObjectDelete(memory);
}

static void create_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, create_some);
	create_some(test);
}

static struct kunit_case wdf_object_cases[] = {
	KUNIT_CASE(context_is_zeroed_and_known_in_every_file),
	KUNIT_CASE(context_size_can_be_more_than_the_type),
	KUNIT_CASE(second_context_of_a_type_is_the_first),
	KUNIT_CASE(object_of_a_context_is_found),
	KUNIT_CASE(deletion_has_two_passes),
	KUNIT_CASE(reference_delays_the_destruction),
	KUNIT_CASE(dereference_without_reference_is_refused),
	KUNIT_CASE(failed_create_calls_no_callback),
	KUNIT_CASE(nothing_is_made_below_a_deleted_parent),
	KUNIT_CASE(parents_are_what_the_type_allows),
	KUNIT_CASE(wrong_handles_are_refused),
	KUNIT_CASE(required_pointers_are_checked),
	KUNIT_CASE(deletions_may_race),
	KUNIT_CASE(callback_may_delete_its_object),
	KUNIT_CASE(deep_trees_are_deleted),
	KUNIT_CASE(driver_object_is_the_usual_parent),
	KUNIT_CASE(create_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdf_object_suite = {
	.name = "wdmdma_wdf_object",
	.init = wdf_test_init,
	.test_cases = wdf_object_cases,
};

kunit_test_suite(wdf_object_suite);
