// SPDX-License-Identifier: GPL-2.0-only
/* The structures that a driver fills for the calls that create objects (wdf/object.c). */
#include <linux/sizes.h>
#include <linux/string.h>

#include <ddk/wdfcollection.h>
#include <ddk/wdfinterrupt.h>
#include <ddk/wdfmemory.h>
#include <ddk/wdfsync.h>

#include "wdf.h"

/* Each macro sets what Windows' sets, and zeroes the rest. */
static void init_macros_set_size_and_defaults(struct kunit *test)
{
	WDF_COMMON_BUFFER_CONFIG buffer, buffer_is = {};
	WDF_OBJECT_ATTRIBUTES attributes, attributes_are = {};
	WDF_DMA_ENABLER_CONFIG config, config_is = {};
	WDF_INTERRUPT_CONFIG interrupt, interrupt_is = {};

	memset(&attributes, 0xff, sizeof(attributes));
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes_are.Size = 0x38;
	attributes_are.ExecutionLevel = WdfExecutionLevelInheritFromParent;
	attributes_are.SynchronizationScope = WdfSynchronizationScopeInheritFromParent;
	KUNIT_EXPECT_MEMEQ(test, &attributes, &attributes_are, sizeof(attributes));
	memset(&config, 0xff, sizeof(config));
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfilePacket, 5);
	config_is.Size = 0x50;
	config_is.Profile = WdfDmaProfilePacket;
	config_is.MaximumLength = 5;
	KUNIT_EXPECT_MEMEQ(test, &config, &config_is, sizeof(config));
	memset(&buffer, 0xff, sizeof(buffer));
	WDF_COMMON_BUFFER_CONFIG_INIT(&buffer, 0x3f);
	buffer_is.Size = 8;
	buffer_is.AlignmentRequirement = 0x3f;
	KUNIT_EXPECT_MEMEQ(test, &buffer, &buffer_is, sizeof(buffer));
	memset(&interrupt, 0xff, sizeof(interrupt));
	WDF_INTERRUPT_CONFIG_INIT(&interrupt, NULL, NULL);
	interrupt_is.Size = 0x68;
	interrupt_is.ShareVector = WdfUseDefault;
	interrupt_is.ReportInactiveOnPowerDown = WdfUseDefault;
	KUNIT_EXPECT_MEMEQ(test, &interrupt, &interrupt_is, sizeof(interrupt));
}

static const WDF_OBJECT_CONTEXT_TYPE_INFO nameless = {
	.Size = sizeof(nameless),
	.ContextSize = 4,
};

static const WDF_OBJECT_CONTEXT_TYPE_INFO wrong_size = {
	.Size = 4,
	.ContextName = "wrong",
};

/* Changes to valid attributes, and what each create call returns for them. */
static const struct attribute_row {
	const char *name;
	ULONG size;
	int level, scope;
	PCWDF_OBJECT_CONTEXT_TYPE_INFO type;
	size_t override;
	NTSTATUS status;
} attribute_rows[] = {
	{ "good", 0x38, 1, 1, NULL, 0, STATUS_SUCCESS },
	{ "no scope", 0x38, 1, 4, NULL, 0, STATUS_SUCCESS },
	{ "wrong size", 0x30, 1, 1, NULL, 0, STATUS_INFO_LENGTH_MISMATCH },
	{ "type of a wrong size", 0x38, 1, 1, &wrong_size, 0, STATUS_INFO_LENGTH_MISMATCH },
	{ "type without a name", 0x38, 1, 1, &nameless, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "override without type", 0x38, 1, 1, NULL, 8, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "level 0", 0x38, 0, 1, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "level 4", 0x38, 4, 1, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "level passive", 0x38, 2, 1, NULL, 0, STATUS_WDF_EXECUTION_LEVEL_INVALID },
	{ "level dispatch", 0x38, 3, 1, NULL, 0, STATUS_WDF_EXECUTION_LEVEL_INVALID },
	{ "scope 0", 0x38, 1, 0, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "scope 5", 0x38, 1, 5, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "scope device", 0x38, 1, 2, NULL, 0, STATUS_WDF_SYNCHRONIZATION_SCOPE_INVALID },
	{ "scope queue", 0x38, 1, 3, NULL, 0, STATUS_WDF_SYNCHRONIZATION_SCOPE_INVALID },
};

KUNIT_ARRAY_PARAM_DESC(attribute, attribute_rows, name);

static BOOLEAN no_isr(WDFINTERRUPT interrupt, ULONG message)
{
	return TRUE;
}

static VOID no_completion(PVOID context, NTSTATUS status, ULONG_PTR information)
{
}

#define CREATES	12

/* Make an object of each type with the same attributes. Store what the calls return. */
static void create_all(struct wdf_fixture *f, WDFDMAENABLER enabler, WDF_OBJECT_ATTRIBUTES *a,
		       NTSTATUS *status, void **made)
{
	const struct wdmdma_wdf_request_config request = {
		.type = WdfRequestTypeRead,
		.complete = no_completion,
	};
	WDF_COMMON_BUFFER_CONFIG buffer;
	WDF_INTERRUPT_CONFIG interrupt;
	WDF_DMA_ENABLER_CONFIG config;
	static u8 memory[8];

	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfilePacket, SZ_4K);
	WDF_COMMON_BUFFER_CONFIG_INIT(&buffer, 0);
	WDF_INTERRUPT_CONFIG_INIT(&interrupt, no_isr, NULL);
	*status++ = WdfDmaEnablerCreate(f->device, &config, a, (WDFDMAENABLER *)made++);
	*status++ = WdfDmaTransactionCreate(enabler, a, (WDFDMATRANSACTION *)made++);
	*status++ = WdfCommonBufferCreate(enabler, 8, a, (WDFCOMMONBUFFER *)made++);
	*status++ = WdfCommonBufferCreateWithConfig(enabler, 8, &buffer, a,
						    (WDFCOMMONBUFFER *)made++);
	*status++ = WdfSpinLockCreate(a, (WDFSPINLOCK *)made++);
	*status++ = WdfWaitLockCreate(a, (WDFWAITLOCK *)made++);
	*status++ = WdfCollectionCreate(a, (WDFCOLLECTION *)made++);
	*status++ = WdfMemoryCreate(a, 0, 0, 8, (WDFMEMORY *)made++, NULL);
	*status++ = WdfMemoryCreatePreallocated(a, memory, 8, (WDFMEMORY *)made++);
	*status++ = WdfInterruptCreate(f->device, &interrupt, a, (WDFINTERRUPT *)made++);
	*status++ = wdmdma_wdf_request_create(f->device, &request, a, (WDFREQUEST *)made++);
	/* A device has one object, so this is last. The deletion completes the request. */
	wdmdma_wdf_device_delete(f->device);
	*status = wdmdma_wdf_device_create(f->driver, f->dev, a, (WDFDEVICE *)made);
	f->device = *made;
}

static void every_create_checks_attributes(struct kunit *test)
{
	const struct attribute_row *row = test->param_value;
	struct wdf_fixture *f = test->priv;
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDF_OBJECT_ATTRIBUTES attributes;
	NTSTATUS status[CREATES];
	void *made[CREATES];
	unsigned int i;

	memset(made, 0xff, sizeof(made));
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.Size = row->size;
	attributes.ExecutionLevel = row->level;
	attributes.SynchronizationScope = row->scope;
	attributes.ContextTypeInfo = row->type;
	attributes.ContextSizeOverride = row->override;
	create_all(f, enabler, &attributes, status, made);
	for (i = 0; i < CREATES; i++) {
		KUNIT_EXPECT_EQ_MSG(test, status[i], row->status, "create call %u", i);
		KUNIT_EXPECT_EQ_MSG(test, !made[i], !!row->status, "create call %u", i);
	}
}

static struct kunit_case wdf_attributes_cases[] = {
	KUNIT_CASE(init_macros_set_size_and_defaults),
	KUNIT_CASE_PARAM(every_create_checks_attributes, attribute_gen_params),
	{}
};

static struct kunit_suite wdf_attributes_suite = {
	.name = "wdmdma_wdf_attributes",
	.init = wdf_test_init,
	.test_cases = wdf_attributes_cases,
};

kunit_test_suite(wdf_attributes_suite);
